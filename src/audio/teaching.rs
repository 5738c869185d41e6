//! What `training/ears/level.py` learns from: the signs of all ways to count each track of a corpus.

use super::chroma::CLASSES;
use super::count::count;
use super::course::stretches;
use super::evidence::{Evidence, NAMES};
use super::listen::tests::heard;
use super::tactus::{LEVELS, usual};
use super::weights::Weights;
use serde_json::{Value, json};
use std::path::Path;

/// A line of JSON: the names of the signs, and for each way to count the track its level, its beats in seconds and its signs, as these
/// nets hear it.
pub(super) fn ways(path: &Path, weights: &Weights) -> Value {
    let (track, envelopes, events) = heard(path, weights);
    let chroma = CLASSES.map(|class| &envelopes[&format!("chroma.{class}")].values[..]);
    let evidence = Evidence::new(&track.chances, track.span.start, &chroma, events, track.hop);
    let course = count(&track.chances);
    let beats: Vec<f64> = course.beats.iter().map(|hop| *hop as f64).collect();
    let rule = usual(&beats, &evidence);
    let mut ways = Vec::new();
    for (index, level) in LEVELS.iter().enumerate() {
        for from in level.starts() {
            let long = stretches(&course.cuts, beats.len()).filter(|stretch| stretch.len() > 1);
            let laid: Vec<f64> = long.flat_map(|stretch| level.lay(&beats[stretch], from)).collect();
            let seconds: Vec<f64> =
                laid.iter().map(|hop| (hop + track.span.start as f64) * track.hop).collect();
            let prior = level.is_as_fast_as(rule);
            ways.extend(evidence.signs(&laid).map(
                |signs| json!({"level": index, "usual": prior, "beats": seconds, "signs": signs.to_vec()}),
            ));
        }
    }
    json!({"id": path.file_stem().map(|stem| stem.to_string_lossy()), "names": NAMES.to_vec(), "ways": ways})
}

#[test]
#[ignore = "prints what level.py learns from: TRACKS=FOLDER [EARS=NETS] cargo test --release --lib ways_to_count -- --ignored --nocapture"]
fn ways_to_count_the_tracks_of_a_folder() {
    let folder = std::env::var_os("TRACKS").expect("TRACKS names a folder of sound");
    let weights = std::env::var_os("EARS")
        .map_or_else(Weights::shipped, |file| Weights::parse(&std::fs::read(file).unwrap()))
        .unwrap();
    let mut tracks: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    tracks.sort();
    assert!(!tracks.is_empty());
    tracks.iter().for_each(|track| println!("{}", ways(track, &weights)));
}
