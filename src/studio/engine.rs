//! The one thread that owns the model: it renders ahead of the playhead, from the newest timeline.
//!
//! A final is made by the same thread, so live pictures rest meanwhile. It brings a model of its own, with other steps; the
//! live one is let go before and loaded anew for the next picture, so that there is never more than one.

mod thread;

use super::clips::{Clip, Clips};
use super::finals::Finals;
use super::locked::locked;
use super::order::{Expectation, RenderOrder};
use super::pictures::{Pictures, Run};
use super::player::{Played, Player};
use super::task::{Task, Track};
use crate::error::{Context, Error, Result};
use crate::render::{Easel, Live, Settings};
use crate::units::{FrameIndex, ShownFrame};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::Builder;
use tokio::sync::watch;

/// Frames that are rendered ahead of the playhead.
const AHEAD: FrameIndex = 240;
/// The most frames that pass, as far as planning goes, while a window is made.
const LATEST: FrameIndex = AHEAD / 2;

/// What is to be expected of the final that somebody asked about under this number, or why there can be none.
pub type Expected = Option<(u64, Result<Expectation, Arc<Error>>)>;

/// What the engine has to say.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// The pictures that there are.
    pub runs: Vec<Run>,
    /// Why it can't go on, until something changes.
    pub trouble: Option<String>,
}

struct Shared {
    task: Mutex<Task>,
    changed: Condvar,
    /// Set when what is being rendered is no longer wanted.
    stale: AtomicBool,
    /// Set while nothing was wanted that can't wait.
    idling: AtomicBool,
    settings: Settings,
    clips: Arc<Clips>,
    pictures: Mutex<Pictures>,
    news: watch::Sender<News>,
    expected: watch::Sender<Expected>,
    finals: Finals,
    track: Track,
}

/// The way to the engine's thread.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    easel: Easel,
}

impl Engine {
    /// Starts the thread for a preset that is played, and its version; it loads the model when the first picture is wanted. It
    /// ends with the process.
    ///
    /// # Errors
    /// Internal: no thread can be started.
    pub fn start(
        player: Arc<Player>,
        settings: Settings,
        track: Track,
        (version, played): (u64, Played),
    ) -> Result<Self> {
        let easel = Easel::default();
        let live = Arc::new(Live::new(&settings, played.timeline, played.layers, &easel));
        let (playhead, playing, asked) = (ShownFrame(0), false, None);
        let shared = Arc::new(Shared {
            task: Mutex::new(Task { version, live, playhead, playing, asked }),
            changed: Condvar::new(),
            stale: AtomicBool::new(false),
            idling: AtomicBool::new(false),
            settings,
            clips: Arc::default(),
            pictures: Mutex::default(),
            news: watch::Sender::default(),
            expected: watch::Sender::default(),
            finals: Finals::default(),
            track,
        });
        let work = shared.clone();
        let thread = Builder::new().name("engine".to_owned());
        thread
            .spawn(move || work.run(&player))
            .context(|| Error::internal("the engine's thread can't be started"))?;
        Ok(Engine { shared, easel })
    }

    /// From the next window on, `played` is rendered; a window that is under way is dropped.
    pub fn play(&self, version: u64, played: Played) {
        let live = Arc::new(Live::new(&self.shared.settings, played.timeline, played.layers, &self.easel));
        let mut task = locked(&self.shared.task);
        if task.fps() != live.timeline().fps {
            // Frames of another rate lie elsewhere.
            *locked(&self.shared.pictures) = Pictures::default();
            self.shared.news.send_replace(News::default());
        }
        (task.version, task.live) = (version, live);
        task.playhead = task.playhead.min(task.end().before(1));
        self.shared.stale.store(true, Ordering::Relaxed);
        self.shared.changed.notify_all();
    }

    /// The page is at `frame`.
    pub fn at(&self, frame: ShownFrame, playing: bool) {
        let mut task = locked(&self.shared.task);
        task.playhead = frame.min(task.end().before(1));
        task.playing = playing;
        if playing || self.shared.missing(&task, 0).is_some() {
            self.shared.interrupt();
        }
        self.shared.changed.notify_all();
    }

    /// From now on `sides` are compared: what is under way makes room for them.
    pub fn compare(&self, sides: Vec<Clip>) {
        let task = locked(&self.shared.task);
        self.shared.clips.compare(sides);
        if self.shared.clips.urgent().is_some() {
            self.shared.stale.store(true, Ordering::Relaxed);
        }
        self.shared.changed.notify_all();
        drop(task);
    }

    /// There may be something to do.
    pub fn nudge(&self) {
        let task = locked(&self.shared.task);
        self.shared.changed.notify_all();
        drop(task);
    }

    /// What the pictures are made of now.
    pub fn live(&self) -> Arc<Live> {
        locked(&self.shared.task).live.clone()
    }

    /// How pictures are made.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The clips that are wanted and those that are there.
    pub fn clips(&self) -> &Arc<Clips> {
        &self.shared.clips
    }

    /// Changes the queue of finals; one that waits is made once the step under way is finished.
    ///
    /// # Errors
    /// What `how` says.
    pub fn with_finals(&self, how: impl FnOnce(&Finals) -> Result<()>) -> Result<()> {
        // Held, so that the engine doesn't begin to wait in between.
        let task = locked(&self.shared.task);
        how(&self.shared.finals)?;
        if self.shared.finals.is_waited_for() {
            self.shared.stale.store(true, Ordering::Relaxed);
        }
        self.shared.changed.notify_all();
        drop(task);
        Ok(())
    }

    /// Asks under `number` what is to be expected of a final; the answer is told once the window under way is finished.
    pub fn expect(&self, number: u64, order: RenderOrder) {
        let mut task = locked(&self.shared.task);
        task.asked = Some((number, order));
        self.shared.interrupt();
        self.shared.changed.notify_all();
    }

    /// What was answered last, and what will be.
    pub fn expected(&self) -> watch::Receiver<Expected> {
        self.shared.expected.subscribe()
    }

    /// The finals that were ordered.
    pub fn finals(&self) -> &Finals {
        &self.shared.finals
    }

    /// A picture, if it is there.
    pub fn picture(&self, frame: ShownFrame, version: u64) -> Option<Arc<[u8]>> {
        locked(&self.shared.pictures).get(frame, version)
    }

    /// The newest news, and those to come.
    pub fn news(&self) -> watch::Receiver<News> {
        self.shared.news.subscribe()
    }
}
