//! The analysis in a few lines of text.

use crate::audio::{Analysis, Envelope};
use std::fmt::Write;
use std::path::Path;

/// Characters across a small curve.
const WIDTH: usize = 60;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The track's name for people.
pub(super) fn title(track: &Path) -> String {
    track.file_name().unwrap_or(track.as_os_str()).to_string_lossy().into_owned()
}

/// What was heard.
pub(super) fn text(track: &Path, analysis: &Analysis) -> String {
    let mut out = String::new();
    let mut line = |name: &str, text: String| {
        // Writing to a string can't fail.
        let _ = writeln!(out, "  {name:<11}{text}");
    };
    line(
        "length",
        format!("{}, {} samples at {} Hz", analysis.duration, analysis.samples, analysis.sample_rate.0),
    );
    line("tempo", tempo(analysis));
    let rate = analysis.onsets.len() as f64 / analysis.duration.0.max(1e-9);
    line("onsets", format!("{}, {rate:.1} a second", analysis.onsets.len()));
    let loudness = &analysis.envelopes["loudness"];
    let widest = analysis.sections.iter().map(|s| s.label.chars().count()).max().unwrap_or(0).max(2);
    let digits = analysis.sections.len().to_string().len();
    for (i, section) in analysis.sections.iter().enumerate() {
        let name = if i == 0 { "sections" } else { "" };
        let mean = mean(loudness, section.start.0, section.end.0);
        let span = format!("{} to {}", section.start, section.end);
        // The number is what --section takes.
        line(name, format!("{:>digits$} {:<widest$} {span}   loudness {mean:.2}", i + 1, section.label));
    }
    for name in ["loudness", "sub.level", "bass.level", "low_mid.level", "mid.level", "high.level"] {
        if let Some(envelope) = analysis.envelopes.get(name) {
            line(name.trim_end_matches(".level"), curve(envelope));
        }
    }
    format!("{}\n{out}", title(track))
}

fn tempo(analysis: &Analysis) -> String {
    match analysis.tempo_bpm {
        Some(bpm) => {
            let (beats, bars) = (analysis.beats.len(), analysis.downbeats.len());
            let other = analysis.alternative_bpm.map(|bpm| format!("; could also be counted at {bpm:.0}"));
            format!("{bpm:.1} beats a minute: {beats} beats, {bars} bars{}", other.unwrap_or_default())
        }
        None => "no beat found".into(),
    }
}

fn mean(envelope: &Envelope, from: f64, to: f64) -> f32 {
    let index = |t: f64| ((t / envelope.hop_seconds) as usize).min(envelope.values.len());
    let values = &envelope.values[index(from)..index(to)];
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

fn curve(envelope: &Envelope) -> String {
    let n = envelope.values.len();
    let width = WIDTH.min(n);
    (0..width)
        .map(|i| {
            let values = &envelope.values[i * n / width..(i + 1) * n / width];
            let mean = values.iter().sum::<f32>() / values.len().max(1) as f32;
            BARS[((mean * 8.0) as usize).min(7)]
        })
        .collect()
}
