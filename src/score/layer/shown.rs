//! When a show's layers are seen.

use super::spec::Layer;
use crate::audio::Analysis;
use crate::score::clock::Clock;
use crate::score::place::Place;
use crate::score::show::{Laid, Show};
use std::ops::Range;

/// A layer and when it is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownLayer {
    /// The layer.
    pub layer: Layer,
    /// From when to when, in seconds of the track; ascending, apart from each other.
    pub when: Vec<Range<f64>>,
}

impl Show {
    /// All layers that are seen somewhere, in the order in which they are drawn: those of the looks, then the show's own.
    pub fn layers_on(&self, analysis: &Analysis) -> Vec<ShownLayer> {
        let end = analysis.duration.0.max(1.0) * 2.0;
        let Laid { show, stretches, .. } = self.laid(analysis);
        let mut shown: Vec<ShownLayer> = Vec::new();
        for (i, stretch) in stretches.iter().enumerate() {
            let next = stretches.get(i + 1);
            for layer in &show.looks[stretch.look].preset.layers {
                if self.layers.iter().any(|own| own.name == layer.name) {
                    continue;
                }
                // While the next look comes, what it lacks goes.
                let stays = |look: usize| show.looks[look].preset.layers.iter().any(|l| l.name == layer.name);
                let until = next.map_or(end, |n| n.start + if stays(n.look) { 0.0 } else { n.ease });
                add(&mut shown, layer, stretch.start..until);
            }
        }
        self.layers.iter().for_each(|layer| add(&mut shown, layer, 0.0..end));
        for ShownLayer { layer, when } in &mut shown {
            let places = layer.place.ranges(analysis, end);
            *when = when
                .iter()
                .flat_map(|a| places.iter().map(|b| a.start.max(b.start)..a.end.min(b.end)))
                .collect();
            when.retain(|range| range.start < range.end);
        }
        shown.retain(|layer| !layer.when.is_empty());
        shown
    }
}

/// One more stretch in which a layer is seen.
fn add(shown: &mut Vec<ShownLayer>, layer: &Layer, range: Range<f64>) {
    match shown.iter_mut().find(|known| known.layer == *layer) {
        Some(known) => match known.when.last_mut().filter(|last| last.end >= range.start) {
            Some(last) => last.end = last.end.max(range.end),
            None => known.when.push(range),
        },
        None => shown.push(ShownLayer { layer: layer.clone(), when: vec![range] }),
    }
}

impl Place {
    /// From when to when it holds, up to `end`.
    fn ranges(&self, analysis: &Analysis, end: f64) -> Vec<Range<f64>> {
        let clock = Clock::new(analysis);
        let sections = analysis.sections.iter().map(|s| s.start.0);
        let mut edges: Vec<f64> = self.edges(&clock).chain(sections).chain([0.0, end]).collect();
        edges.retain(|t| (0.0..=end).contains(t));
        edges.sort_by(f64::total_cmp);
        let mut ranges: Vec<Range<f64>> = Vec::new();
        for pair in edges.windows(2).filter(|pair| pair[0] < pair[1]) {
            let label = analysis.section_at(pair[0]).map(|s| s.label.as_str());
            if !self.holds(&clock, label, pair[0]) {
                continue;
            }
            match ranges.last_mut().filter(|last| last.end == pair[0]) {
                Some(last) => last.end = pair[1],
                None => ranges.push(pair[0]..pair[1]),
            }
        }
        ranges
    }
}
