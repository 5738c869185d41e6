//! Marks: beats and sections as a hand sets them, and as a project says them.

use crate::audio::Analysis;
use crate::score::{ByHand, HandBeat, HandSection, toml_text};
use crate::units::Seconds;

/// Sections and beats keep such a distance in seconds.
pub const APART: f64 = 0.02;

/// Finer than anybody hears, and short in a file.
pub fn round(t: f64) -> f64 {
    (t * 1e4).round() / 1e4
}

/// The beats that are heard, as marks.
pub fn beats(analysis: &Analysis) -> Vec<HandBeat> {
    let bar = |t: &Seconds| analysis.downbeats.binary_search_by(|b| b.0.total_cmp(&t.0)).is_ok();
    analysis.beats.iter().map(|t| HandBeat { time: Seconds(round(t.0)), bar: bar(t) }).collect()
}

/// The keys of a project that say `hand`, each with its TOML; none takes a key out.
pub fn keys(hand: &ByHand) -> Vec<(&'static str, Option<String>)> {
    let times = |bars: bool| {
        hand.beats.as_ref().map(|beats| {
            let own = beats.iter().filter(|beat| beat.bar || !bars);
            format!("[{}]", own.map(|beat| beat.time.0.to_string()).collect::<Vec<_>>().join(", "))
        })
    };
    let section = |s: &HandSection| {
        let color = s.color.as_ref().map_or(String::new(), |color| format!(", color = {}", toml_text(color)));
        format!("    {{ from = {}, name = {}{color} }},\n", s.from.0, toml_text(&s.name))
    };
    let sections = hand.sections.as_ref();
    vec![
        ("hearing.meter", hand.meter.map(|n| n.to_string())),
        ("hearing.beats", times(false)),
        ("hearing.bars", times(true)),
        (
            "hearing.section",
            sections.map(|all| format!("[\n{}]", all.iter().map(section).collect::<String>())),
        ),
    ]
}
