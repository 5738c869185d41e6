//! The painter: draws a job's layers over its pictures.

use super::list::Layers;
use super::now::now;
use super::playing;
use super::words::Words;
use crate::score::{LayerKind, Timeline};
use crate::units::ShownFrame;
use crate::video::{Frame, vivid};

/// Draws layers, frame by frame.
pub struct Painter<'a> {
    layers: &'a Layers,
    timeline: &'a Timeline,
    seed: u64,
    words: Vec<Words>,
}

impl<'a> Painter<'a> {
    /// For these layers, which `timeline` moves; all chance depends on `seed`.
    pub fn new(layers: &'a Layers, timeline: &'a Timeline, seed: u64) -> Self {
        Painter { layers, timeline, seed, words: layers.list.iter().map(|_| Words::default()).collect() }
    }

    /// Draws what is seen in `index` over its picture.
    pub fn draw(&mut self, frame: &mut Frame, index: ShownFrame) {
        let Layers { list, material, .. } = self.layers;
        if list.is_empty() || frame.size().pixels() == 0 {
            return;
        }
        let own = vivid(frame);
        for ((shown, fonts), words) in list.iter().zip(&mut self.words) {
            let Some(now) = now(self.timeline, shown, (index, self.seed), frame.size(), own) else {
                continue;
            };
            match (shown.layer.kind, fonts) {
                (LayerKind::Lyrics(show), Some(fonts)) => {
                    words.sing(frame, (&shown.layer, show), &material.lines, fonts, now);
                }
                (LayerKind::Title, Some(fonts)) => {
                    let text = shown.layer.text.as_ref().unwrap_or(&material.title);
                    words.title(frame, text, fonts, now);
                }
                (kind, _) => playing::draw(frame, kind, material, now),
            }
        }
    }
}

#[cfg(test)]
mod tests;
