//! The one thread that owns the model: it renders ahead of the playhead, from the newest timeline.
//!
//! A final is made by the same thread, so live pictures rest meanwhile. It brings a model of its own, with other steps; the
//! live one is let go before and loaded anew for the next picture, so that there is never more than one.

use super::clips::{Clip, Clips};
use super::finals::Finals;
use super::jpeg::jpeg;
use super::locked::locked;
use super::order::{Expectation, RenderOrder};
use super::pictures::{Pictures, Run};
use super::player::{Played, Player};
use super::strip::Strip;
use super::task::{Kept, Task, Track, Work};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::render::{Easel, Live, LiveState, Settings};
use crate::units::{FrameIndex, Seconds, ShownFrame};
use crate::video::Frame;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Instant;
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

impl Shared {
    fn run(&self, player: &Player) {
        let opened = &player.opened;
        let mut kept = Kept::default();
        // While it plays, frames that are nearer than a window takes would come too late.
        let mut lead = 0;
        loop {
            let (task, frame) = match self.wanted(lead) {
                Work::Window(task, frame) => (task, frame),
                Work::Clip(clip) => {
                    self.clips.finish(&clip, self.clip(&mut kept, player, &clip));
                    continue;
                }
                Work::Expect(number, order) => {
                    let expected = opened.expect(&order).map_err(Arc::new);
                    self.expected.send_replace(Some((number, expected)));
                    continue;
                }
                Work::Final(number, wanted) => {
                    // What windows leave to each other lies on the device as well.
                    kept.make_room();
                    self.finals.make(number, |watch| opened.render(&wanted, watch));
                    continue;
                }
            };
            let began = Instant::now();
            match self.window(&mut kept, player, (&task, frame)) {
                Ok(state) => {
                    kept.remember(state, task.playhead);
                    lead = (task.fps().frame_at(Seconds(began.elapsed().as_secs_f64())) + 1).min(LATEST);
                }
                // What was under way is stale: the next round takes up what is wanted now.
                Err(error) if error.kind() == ErrorKind::Stopped => {}
                Err(error) => self.pause(&task, &error),
            }
        }
    }

    fn window(
        &self,
        kept: &mut Kept,
        player: &Player,
        (task, frame): (&Task, ShownFrame),
    ) -> Result<LiveState> {
        let live = kept.view(task, &self.track)?;
        kept.model(&player.opened)?;
        let (first, before) = kept.begin(task, frame);
        let Some(model) = &kept.model else { return Err(Error::internal("there is no model")) };
        live.window(model, first, before, &self.stale, &mut |first, frames| self.keep(task, first, &frames))
    }

    fn clip(&self, kept: &mut Kept, player: &Player, clip: &Clip) -> Result<Strip> {
        let Played { timeline, layers, .. } = clip.played(player)?;
        // Scenes that the live pictures go on with stay where they are.
        let live = Live::new(&self.settings, timeline, layers, &Easel::default());
        let live = kept.aside(live, &self.track)?;
        let (fps, end) = (live.timeline().fps, live.timeline().end());
        let frames = clip.frames(&self.settings, player, fps, end);
        clip.rendered((&live, kept.model(&player.opened)?), frames, &self.stale)
    }

    /// What can wait makes room. Under the task's lock.
    fn interrupt(&self) {
        if self.idling.load(Ordering::Relaxed) {
            self.stale.store(true, Ordering::Relaxed);
        }
    }

    /// Waits until a final or a picture is wanted.
    fn wanted(&self, lead: FrameIndex) -> Work {
        let mut task = locked(&self.task);
        self.idling.store(false, Ordering::Relaxed);
        loop {
            if let Some((number, wanted)) = self.finals.next() {
                return Work::Final(number, wanted);
            }
            if let Some((number, order)) = task.asked.take() {
                return Work::Expect(number, order);
            }
            // What is set from here on is about what begins now.
            self.stale.store(false, Ordering::Relaxed);
            if let Some(clip) = self.clips.urgent() {
                return Work::Clip(clip);
            }
            if let Some(frame) = self.missing(&task, lead) {
                return Work::Window(task.clone(), frame);
            }
            if let Some(clip) = self.clips.idle().filter(|_| !task.playing) {
                self.idling.store(true, Ordering::Relaxed);
                return Work::Clip(clip);
            }
            task = self.changed.wait(task).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The first frame ahead of the playhead that has no picture of the task's version.
    fn missing(&self, task: &Task, lead: FrameIndex) -> Option<ShownFrame> {
        let from = task.playhead + if task.playing { lead } else { 0 };
        let frame = locked(&self.pictures).first_old(from, task.version);
        (frame < task.end().min(task.playhead + AHEAD)).then_some(frame)
    }

    fn keep(&self, task: &Task, first: ShownFrame, frames: &[Frame]) -> Result<()> {
        let jpegs = frames.iter().map(jpeg).collect::<Result<Vec<_>>>()?;
        let now = locked(&self.task).clone();
        let playhead = now.playhead;
        if now.fps() != task.fps() {
            return Ok(());
        }
        let mut pictures = locked(&self.pictures);
        for (frame, jpeg) in first.onwards().zip(jpegs) {
            pictures.put(frame, task.version, jpeg, playhead);
        }
        let runs = pictures.runs();
        drop(pictures);
        self.news.send_replace(News { runs, trouble: None });
        Ok(())
    }

    /// Tells of `error` and waits for a change, since the same would fail again.
    fn pause(&self, failed: &Task, error: &Error) {
        self.news.send_modify(|news| news.trouble = Some(error.to_string()));
        let mut task = locked(&self.task);
        let same = |task: &Task| task.version == failed.version && task.playhead == failed.playhead;
        let asked = |task: &Task| task.asked.is_some() || self.clips.urgent().is_some();
        while same(&task) && !self.finals.is_waited_for() && !asked(&task) {
            task = self.changed.wait(task).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
