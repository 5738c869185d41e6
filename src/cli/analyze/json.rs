//! The analysis as JSON: the fields of [`Analysis`], rounded, with the version of the format.
//!
//! It is written value by value: an hour of envelopes as one tree of numbers would take half a gigabyte.

use crate::audio::{Analysis, Envelope, Hit};
use crate::units::Seconds;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::io::Write;

/// Changes when a field changes its meaning or goes away; new fields do not change it.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Export<'a> {
    schema: u32,
    duration: f64,
    sample_rate: u32,
    samples: u64,
    tempo_bpm: Option<f64>,
    alternative_bpm: Option<f64>,
    meter: Option<u32>,
    confidence: f64,
    loudness_lufs: Option<f64>,
    beats: Times<'a>,
    downbeats: Times<'a>,
    tempo_curve: Vec<f64>,
    onsets: Times<'a>,
    onset_strengths: Values<'a>,
    drums: BTreeMap<&'static str, Vec<ExportHit>>,
    sections: Vec<ExportSection<'a>>,
    envelopes: BTreeMap<&'a str, ExportEnvelope<'a>>,
}

#[derive(Serialize)]
struct ExportSection<'a> {
    start: f64,
    end: f64,
    label: &'a str,
}

#[derive(Serialize)]
struct ExportHit {
    time: f64,
    strength: f64,
}

#[derive(Serialize)]
struct ExportEnvelope<'a> {
    hop_seconds: f64,
    values: Values<'a>,
}

/// Times, rounded to hundredths of a millisecond.
struct Times<'a>(&'a [Seconds]);

impl Serialize for Times<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        self.0.iter().try_for_each(|t| seq.serialize_element(&round(t.0, 5)))?;
        seq.end()
    }
}

/// Values between 0 and 1, or integrals, rounded to four digits.
struct Values<'a>(&'a [f32]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        self.0.iter().try_for_each(|v| seq.serialize_element(&round(f64::from(*v), 4)))?;
        seq.end()
    }
}

/// Writes the whole analysis on one line; times in seconds.
pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> std::io::Result<()> {
    let sections = analysis.sections.iter().map(|s| ExportSection {
        start: round(s.start.0, 5),
        end: round(s.end.0, 5),
        label: &s.label,
    });
    let envelopes = analysis.envelopes.iter().map(|(name, envelope)| (name.as_str(), export(envelope)));
    let hits = |list: &[Hit]| {
        let hit = |h: &Hit| ExportHit { time: round(h.time.0, 5), strength: round(f64::from(h.strength), 4) };
        list.iter().map(hit).collect()
    };
    let drums = &analysis.drums;
    let export = Export {
        schema: SCHEMA,
        duration: analysis.duration.0,
        sample_rate: analysis.sample_rate.0,
        samples: analysis.samples,
        tempo_bpm: analysis.tempo_bpm.map(|bpm| round(bpm, 3)),
        alternative_bpm: analysis.alternative_bpm.map(|bpm| round(bpm, 3)),
        meter: analysis.meter,
        confidence: round(f64::from(analysis.confidence), 4),
        loudness_lufs: analysis.loudness_lufs.map(|v| round(v, 2)),
        beats: Times(&analysis.beats),
        downbeats: Times(&analysis.downbeats),
        tempo_curve: analysis.tempo_curve().iter().map(|bpm| round(*bpm, 3)).collect(),
        onsets: Times(&analysis.onsets),
        onset_strengths: Values(&analysis.onset_strengths),
        drums: [("kick", &drums.kick), ("snare", &drums.snare), ("hat", &drums.hat)]
            .map(|(name, list)| (name, hits(list)))
            .into(),
        sections: sections.collect(),
        envelopes: envelopes.collect(),
    };
    let mut out = std::io::BufWriter::new(out);
    serde_json::to_writer(&mut out, &export)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn export(envelope: &Envelope) -> ExportEnvelope<'_> {
    ExportEnvelope { hop_seconds: envelope.hop_seconds, values: Values(&envelope.values) }
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}
