//! The engine's thread: what it does next, and what becomes of it.

use super::{AHEAD, LATEST, News, Shared};
use crate::error::{Error, ErrorKind, Result};
use crate::render::{Easel, Live, LiveState};
use crate::studio::clips::Clip;
use crate::studio::jpeg::jpeg;
use crate::studio::locked::locked;
use crate::studio::player::{Played, Player};
use crate::studio::strip::Strip;
use crate::studio::task::{Kept, Task, Work};
use crate::units::{FrameIndex, Seconds, ShownFrame};
use crate::video::Frame;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

impl Shared {
    /// Makes what is wanted, one thing after another, until the process ends.
    pub(super) fn run(&self, player: &Player) {
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
    pub(super) fn interrupt(&self) {
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
    pub(super) fn missing(&self, task: &Task, lead: FrameIndex) -> Option<ShownFrame> {
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
