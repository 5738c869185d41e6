//! The one thread that owns the model: it renders ahead of the playhead, from the newest timeline.
//!
//! A final is made by the same thread, so live pictures rest meanwhile. It brings a model of its own, with other steps; the
//! live one is let go before and loaded anew for the next picture, so that there is never more than one.

use super::locked::locked;
use super::opened::Opened;
use super::pictures::{Pictures, Run, farthest};
use super::production::{Production, RenderOrder};
use crate::diffusion::Model;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::render::{Live, LiveState, Settings, Shown, rate};
use crate::score::Timeline;
use crate::units::{FrameIndex, GeneratedFrame, Seconds, ShownFrame};
use crate::video::Frame;
use jpeg_encoder::{ColorType, Encoder};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Instant;
use tokio::sync::watch;

/// Frames that are rendered ahead of the playhead.
const AHEAD: FrameIndex = 240;
/// The most frames that pass, as far as planning goes, while a window is made.
const LATEST: FrameIndex = AHEAD / 2;
/// Ends of windows that are remembered to go on from.
const REMEMBERED: usize = 64;
/// Of JPEG, in percent: what a draft shows comes through.
const QUALITY: u8 = 82;

/// What is wanted.
#[derive(Clone)]
struct Task {
    version: u64,
    live: Arc<Live>,
    playhead: ShownFrame,
    playing: bool,
    wanted: Option<RenderOrder>,
}

impl Task {
    /// The frame behind the last that there can be a picture of.
    fn end(&self) -> ShownFrame {
        rate::shown(self.live.timeline().end())
    }
}

/// What is to be done next.
enum Work {
    Window(Task, ShownFrame),
    Final(RenderOrder),
}

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
    pictures: Mutex<Pictures>,
    news: watch::Sender<News>,
    production: Production,
}

/// The way to the engine's thread.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    settings: Settings,
}

impl Engine {
    /// Starts the thread for a timeline and its version; it loads the model when the first picture is wanted. It ends with the process.
    ///
    /// # Errors
    /// Internal: no thread can be started.
    pub fn start(
        opened: Arc<Opened>,
        settings: Settings,
        (version, timeline): (u64, Timeline),
    ) -> Result<Self> {
        let live = Arc::new(Live::new(&settings, timeline));
        let shared = Arc::new(Shared {
            task: Mutex::new(Task { version, live, playhead: ShownFrame(0), playing: false, wanted: None }),
            changed: Condvar::new(),
            stale: AtomicBool::new(false),
            pictures: Mutex::default(),
            news: watch::Sender::default(),
            production: Production::default(),
        });
        let work = shared.clone();
        let thread = Builder::new().name("engine".to_owned());
        thread
            .spawn(move || work.run(&opened))
            .context(|| Error::internal("the engine's thread can't be started"))?;
        Ok(Engine { shared, settings })
    }

    /// From the next window on, `timeline` is rendered; a window that is under way is dropped.
    pub fn play(&self, version: u64, timeline: Timeline) {
        let live = Arc::new(Live::new(&self.settings, timeline));
        let mut task = locked(&self.shared.task);
        (task.version, task.live) = (version, live);
        self.shared.stale.store(true, Ordering::Relaxed);
        self.shared.changed.notify_all();
    }

    /// The page is at `frame`.
    pub fn at(&self, frame: ShownFrame, playing: bool) {
        let mut task = locked(&self.shared.task);
        task.playhead = frame.min(task.end().before(1));
        task.playing = playing;
        self.shared.changed.notify_all();
    }

    /// A final is made once the step under way is finished.
    ///
    /// # Errors
    /// Usage: another one is being made.
    pub fn render(&self, wanted: RenderOrder) -> Result<()> {
        self.shared.production.reserve()?;
        locked(&self.shared.task).wanted = Some(wanted);
        self.shared.stale.store(true, Ordering::Relaxed);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// The final that is being made, or was made last.
    pub fn production(&self) -> &Production {
        &self.shared.production
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
    fn run(&self, opened: &Opened) {
        let mut model = None;
        let mut ends: BTreeMap<GeneratedFrame, LiveState> = BTreeMap::new();
        // While it plays, frames that are nearer than a window takes would come too late.
        let mut lead = 0;
        loop {
            let (task, frame) = match self.wanted(lead) {
                Work::Window(task, frame) => (task, frame),
                Work::Final(wanted) => {
                    // What windows leave to each other lies on the device as well.
                    (model, ends) = (None, BTreeMap::new());
                    self.production.make(|watch| opened.render(&wanted, watch));
                    continue;
                }
            };
            let began = Instant::now();
            match self.window(&mut model, opened, (&task, frame), &ends) {
                Ok(state) => {
                    ends.insert(state.next(), state);
                    forget(&mut ends, task.playhead);
                    lead = (task.live.timeline().fps.frame_at(Seconds(began.elapsed().as_secs_f64())) + 1)
                        .min(LATEST);
                }
                // What was under way is stale: the next round takes up what is wanted now.
                Err(error) if error.kind() == ErrorKind::Stopped => {}
                Err(error) => self.pause(&task, &error),
            }
        }
    }

    fn window(
        &self,
        model: &mut Option<Model>,
        opened: &Opened,
        (task, frame): (&Task, ShownFrame),
        ends: &BTreeMap<GeneratedFrame, LiveState>,
    ) -> Result<LiveState> {
        let model = match model {
            Some(model) => model,
            None => model.insert(opened.load()?),
        };
        let (first, before) = begin(ends, task, frame);
        self.keep(task, task.live.window(model, first, before, &self.stale)?)
    }

    /// Waits until a final or a picture is wanted.
    fn wanted(&self, lead: FrameIndex) -> Work {
        let mut task = locked(&self.task);
        loop {
            if let Some(wanted) = task.wanted.take() {
                return Work::Final(wanted);
            }
            if let Some(frame) = self.missing(&task, lead) {
                self.stale.store(false, Ordering::Relaxed);
                return Work::Window(task.clone(), frame);
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

    fn keep(&self, task: &Task, shown: Shown) -> Result<LiveState> {
        let jpegs = shown.frames.iter().map(jpeg).collect::<Result<Vec<_>>>()?;
        let playhead = locked(&self.task).playhead;
        let mut pictures = locked(&self.pictures);
        for (frame, jpeg) in shown.first.onwards().zip(jpegs) {
            pictures.put(frame, task.version, jpeg, playhead);
        }
        let runs = pictures.runs();
        drop(pictures);
        self.news.send_replace(News { runs, trouble: None });
        Ok(shown.state)
    }

    /// Tells of `error` and waits for a change, since the same would fail again.
    fn pause(&self, failed: &Task, error: &Error) {
        self.news.send_modify(|news| news.trouble = Some(error.to_string()));
        let mut task = locked(&self.task);
        while task.version == failed.version && task.playhead == failed.playhead && task.wanted.is_none() {
            task = self.changed.wait(task).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Where to begin for `frame`: at the end of a window that reaches to it, or with a new take.
fn begin<'a>(
    ends: &'a BTreeMap<GeneratedFrame, LiveState>,
    task: &Task,
    frame: ShownFrame,
) -> (GeneratedFrame, Option<&'a LiveState>) {
    let frame = rate::generated(frame);
    let stride = task.live.stride();
    let before = ends.range(..=frame).next_back().filter(|(next, _)| frame - **next < stride);
    before.map_or((frame, None), |(next, state)| (*next, Some(state)))
}

/// Keeps the ends nearest to the playhead.
fn forget(ends: &mut BTreeMap<GeneratedFrame, LiveState>, playhead: ShownFrame) {
    let playhead = rate::generated(playhead);
    while ends.len() > REMEMBERED {
        farthest(ends, |end| end.apart(playhead)).and_then(|f| ends.remove(&f));
    }
}

fn jpeg(frame: &Frame) -> Result<Arc<[u8]>> {
    let mut bytes = Vec::new();
    let (width, height) = (frame.size().width as u16, frame.size().height as u16);
    Encoder::new(&mut bytes, QUALITY)
        .encode(frame.rgb(), width, height, ColorType::Rgb)
        .context(|| Error::internal("a picture can't be written as JPEG"))?;
    Ok(bytes.into())
}
