//! What the engine is to do next, and what it keeps from window to window.

use super::clips::Clip;
use super::opened::Opened;
use super::order::RenderOrder;
use super::pictures::farthest;
use crate::audio::Scope;
use crate::diffusion::Model;
use crate::error::Result;
use crate::job::layers::{scope as scope_of, with_scope};
use crate::render::{Layers, Live, LiveState, rate};
use crate::units::{FrameRate, GeneratedFrame, ShownFrame};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Ends of windows that are remembered to go on from.
const REMEMBERED: usize = 64;

/// What is wanted.
#[derive(Clone)]
pub struct Task {
    /// The session's version.
    pub version: u64,
    /// What its windows are made of.
    pub live: Arc<Live>,
    /// The frame that is shown.
    pub playhead: ShownFrame,
    /// Whether it plays.
    pub playing: bool,
    /// A final that somebody asks about, and under which number.
    pub asked: Option<(u64, RenderOrder)>,
}

impl Task {
    /// The frame behind the last that there can be a picture of.
    pub fn end(&self) -> ShownFrame {
        rate::shown(self.live.timeline().end())
    }

    /// Frames a second.
    pub fn fps(&self) -> FrameRate {
        self.live.timeline().fps
    }
}

/// What is to be done next.
pub enum Work {
    /// The window that brings a frame.
    Window(Task, ShownFrame),
    /// A clip.
    Clip(Clip),
    /// To say under a number what is to be expected of a final.
    Expect(u64, RenderOrder),
    /// The final of a number.
    Final(u64, RenderOrder),
}

/// The track's file, and which of its audio streams is heard.
pub type Track = (PathBuf, Option<usize>);

/// What the engine keeps from window to window.
#[derive(Default)]
pub struct Kept {
    /// The networks of the live pictures, once the first one was wanted.
    pub model: Option<Model>,
    /// What windows left, by the frame that comes next.
    ends: BTreeMap<GeneratedFrame, LiveState>,
    fps: Option<FrameRate>,
    /// Waveform and spectrum, once a layer showed them.
    scope: Option<Arc<Scope>>,
}

impl Kept {
    /// Lets go of all that lies on the device, to make room for a final.
    pub fn make_room(&mut self) {
        (self.model, self.ends) = (None, BTreeMap::new());
    }

    /// The networks, loaded if they aren't there.
    ///
    /// # Errors
    /// As [`Opened::load`].
    pub fn model(&mut self, opened: &Opened) -> Result<&Model> {
        let model = match self.model.take() {
            Some(model) => model,
            None => opened.load()?,
        };
        Ok(self.model.insert(model))
    }

    /// The task's view, with waveform and spectrum where its layers show them. What was kept for another rate goes.
    ///
    /// # Errors
    /// The track can't be decoded.
    pub fn view(&mut self, task: &Task, track: &Track) -> Result<Arc<Live>> {
        if self.fps.replace(task.fps()) != Some(task.fps()) {
            (self.ends, self.scope) = (BTreeMap::new(), None);
        }
        let layers = task.live.layers();
        if !layers.want_a_scope() {
            return Ok(task.live.clone());
        }
        let scope = match self.scope.take() {
            Some(scope) => scope,
            None => scope_of(&track.0, track.1, task.live.timeline())?,
        };
        self.scope = Some(scope.clone());
        Ok(Arc::new(task.live.under(Arc::new(with_scope(Layers::clone(layers), scope)))))
    }

    /// As [`Self::view`], of what isn't the task: nothing that is kept goes for it.
    ///
    /// # Errors
    /// The track can't be decoded.
    pub fn aside(&self, live: Live, track: &Track) -> Result<Live> {
        if !live.layers().want_a_scope() {
            return Ok(live);
        }
        let own = self.scope.clone().filter(|_| self.fps == Some(live.timeline().fps));
        let scope = own.map_or_else(|| scope_of(&track.0, track.1, live.timeline()), Ok)?;
        Ok(live.under(Arc::new(with_scope(Layers::clone(live.layers()), scope))))
    }

    /// Where to begin for `frame`: at the end of a window that reaches to it, or with a new take.
    pub fn begin(&self, task: &Task, frame: ShownFrame) -> (GeneratedFrame, Option<&LiveState>) {
        let frame = rate::generated(frame);
        let stride = task.live.stride();
        let before = self.ends.range(..=frame).next_back().filter(|(next, _)| frame - **next < stride);
        before.map_or((frame, None), |(next, state)| (*next, Some(state)))
    }

    /// Keeps what a window left, and of all the ends those nearest to the playhead.
    pub fn remember(&mut self, state: LiveState, playhead: ShownFrame) {
        self.ends.insert(state.next(), state);
        let playhead = rate::generated(playhead);
        while self.ends.len() > REMEMBERED {
            farthest(&self.ends, |end| end.apart(playhead)).and_then(|f| self.ends.remove(&f));
        }
    }
}
