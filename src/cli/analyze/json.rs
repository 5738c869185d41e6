//! The analysis as JSON: the fields of [`Analysis`], rounded, with the version of the format.

use crate::audio::Analysis;
use crate::error::{Context, Error, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// Changes when a field changes its meaning or goes away; new fields do not change it.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Export<'a> {
    schema: u32,
    duration: f64,
    sample_rate: u32,
    samples: u64,
    tempo_bpm: Option<f64>,
    beats: Vec<f64>,
    downbeats: Vec<f64>,
    onsets: Vec<f64>,
    sections: Vec<ExportSection<'a>>,
    envelopes: BTreeMap<&'a str, ExportEnvelope>,
}

#[derive(Serialize)]
struct ExportSection<'a> {
    start: f64,
    end: f64,
    label: &'a str,
}

#[derive(Serialize)]
struct ExportEnvelope {
    hop_seconds: f64,
    values: Vec<f64>,
}

/// The whole analysis on one line; times in seconds.
pub(super) fn text(analysis: &Analysis) -> Result<String> {
    let times = |list: &[crate::units::Seconds]| list.iter().map(|t| round(t.0, 5)).collect();
    let sections = analysis.sections.iter().map(|s| ExportSection {
        start: round(s.start.0, 5),
        end: round(s.end.0, 5),
        label: &s.label,
    });
    let envelopes = analysis.envelopes.iter().map(|(name, envelope)| {
        let values = envelope.values.iter().map(|v| round(f64::from(*v), 4)).collect();
        (name.as_str(), ExportEnvelope { hop_seconds: envelope.hop_seconds, values })
    });
    let export = Export {
        schema: SCHEMA,
        duration: analysis.duration.0,
        sample_rate: analysis.sample_rate.0,
        samples: analysis.samples,
        tempo_bpm: analysis.tempo_bpm.map(|bpm| round(bpm, 3)),
        beats: times(&analysis.beats),
        downbeats: times(&analysis.downbeats),
        onsets: times(&analysis.onsets),
        sections: sections.collect(),
        envelopes: envelopes.collect(),
    };
    let mut text = serde_json::to_string(&export)
        .context(|| Error::internal("the analysis can't be written as JSON"))?;
    text.push('\n');
    Ok(text)
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}
