//! The player: the track that a preset is played on, and everything about it that the page shows.

use super::opened::Opened;
use super::state::{EditedPreset, Session};
use crate::audio::Analysis;
use crate::diffusion::Tier;
use crate::error::Result;
use crate::score::{Form, Key, Overrides, ParamId, Preset, SIGNALS, Span, Timeline, route_numbers, shipped};
use crate::units::{FrameIndex, FrameRate, Seconds, Size};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Values of the waveform's overview.
const OVERVIEW: usize = 4000;

/// A track and how it is played on.
pub struct Player {
    /// The track's name.
    pub title: String,
    /// What was heard.
    pub analysis: Analysis,
    /// Frames a second.
    pub fps: FrameRate,
    /// Frames of the whole track.
    pub frames: FrameIndex,
    /// The model's own guidance, where a preset has none.
    pub guidance: f32,
    /// How much work can go into a final, each with the usual size of its video.
    pub tiers: Vec<(Tier, Size)>,
    /// What the studio was opened with.
    pub opened: Arc<Opened>,
}

impl Player {
    /// `preset` played on the track: what the command line makes of its file.
    ///
    /// # Errors
    /// As [`crate::score::Show::play`].
    pub fn play(&self, preset: &EditedPreset) -> Result<Timeline> {
        let mut show = self.opened.show(preset)?;
        for look in &mut show.looks {
            look.preset.base.entry(ParamId::Guidance.into()).or_insert(self.guidance);
        }
        let span = Span { start: Seconds(0.0), frames: self.frames };
        show.play(&self.analysis, &Overrides::default(), self.fps, span)
    }

    /// What never changes: the track, the tables, the presets.
    ///
    /// # Errors
    /// A shipped preset can't be read.
    pub fn facts(&self) -> Result<Value> {
        let Analysis { duration, beats, downbeats, sections, tempo_bpm, .. } = &self.analysis;
        let about = |(name, text): &(&str, &str)| {
            let Preset { about, prompts, .. } = Preset::parse(name, text)?;
            let prompts: Vec<String> = prompts.into_iter().map(|p| p.text).collect();
            Ok(json!({ "name": name, "about": about, "prompts": prompts }))
        };
        let tier =
            |(tier, size): &(Tier, Size)| json!({ "name": tier.name(), "about": tier.about(), "size": size });
        Ok(json!({
            "title": self.title,
            "duration": duration,
            "fps": self.fps.per_second(),
            "frames": self.frames,
            "tempo": tempo_bpm,
            "beats": beats,
            "downbeats": downbeats,
            "sections": sections,
            "waveform": self.overview(),
            "presets": shipped().iter().map(about).collect::<Result<Vec<_>>>()?,
            "signals": SIGNALS.iter().map(|s| json!({ "name": s.name, "about": s.about })).collect::<Vec<_>>(),
            "route_keys": route_numbers().map(route_key).collect::<Vec<_>>(),
            "tiers": self.tiers.iter().map(tier).collect::<Vec<_>>(),
        }))
    }

    /// How loud it is, in so many steps that a wide screen has no more.
    fn overview(&self) -> Vec<f32> {
        let step = self.analysis.duration.0 / OVERVIEW as f64;
        let Some(loudness) = self.analysis.envelopes.get("loudness") else { return Vec::new() };
        (0..OVERVIEW)
            .map(|i| loudness.peak(Seconds(i as f64 * step), Seconds((i + 1) as f64 * step)))
            .collect()
    }

    /// What the session is now: knobs, prompts and the curves that `timeline` holds for them.
    ///
    /// # Errors
    /// What is edited isn't a preset.
    pub fn state(&self, session: &Session, timeline: &Timeline) -> Result<Value> {
        let preset = &session.preset;
        let routes = preset.document.routes();
        let moved: Map<String, Value> = (timeline.curves.iter())
            .filter(|(p, _)| routes.iter().any(|r| r.to == p.name))
            .map(|(p, curve)| (p.name.to_string(), json!(curve)))
            .collect();
        let base = preset.bases(self.guidance)?.into_iter().map(|(p, value)| {
            json!({ "name": p.name, "value": value, "min": p.min, "max": p.max, "default": p.default,
                    "unit": p.unit, "effect": p.effect })
        });
        let (undo, redo) = session.can();
        Ok(json!({
            "type": "state",
            "version": session.version,
            "preset": preset.name,
            "routes": routes,
            "base": base.collect::<Vec<_>>(),
            "prompts": preset.document.prompts(),
            "spans": timeline.prompts.iter().map(|s| json!([s.start, s.prompt])).collect::<Vec<_>>(),
            "cuts": timeline.cuts,
            "curves": moved,
            "undo": undo,
            "redo": redo,
        }))
    }
}

/// A number of a route; lengths have no limits of their own here.
fn route_key((key, default): (&Key, Option<f64>)) -> Value {
    let limits = match key.form {
        Form::Number(least, most) => Some([least, most]),
        _ => None,
    };
    json!({ "name": key.name, "about": key.about, "default": default, "limits": limits })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::job::{JobOptions, ModelOptions};
    use crate::score::{Show, fixture};
    use crate::studio::state::Edit;
    use std::path::PathBuf;

    /// Sixteen seconds at 12 frames a second.
    pub fn player() -> Player {
        let fps = FrameRate::new(12, 1).unwrap();
        let tiers = vec![(Tier::Draft, Size { width: 64, height: 48 })];
        let opened = Opened::new(JobOptions::default(), None, ModelOptions::default(), PathBuf::new());
        let (title, analysis, opened) = ("test".into(), fixture(16.0), Arc::new(opened));
        Player { title, analysis, fps, frames: 192, guidance: 1.5, tiers, opened }
    }

    pub fn session() -> Session {
        let (name, text) = shipped()[0];
        Session::new(EditedPreset::read(name, text).unwrap())
    }

    #[test]
    fn a_saved_preset_plays_the_same_curves_to_the_bit() {
        let player = player();
        let mut session = session();
        let edits = [
            Edit::Preset { name: "prism".into() },
            Edit::Base { param: "glow".into(), value: Some(0.1234567890123) },
            Edit::Route { index: 5, key: "release".into(), value: Some(0.3) },
            Edit::Route { index: 0, key: "amount".into(), value: Some(-0.1) },
            Edit::Bypass { index: 2, on: true },
            Edit::Prompt { index: 1, text: "\"gold\" \\ rings \u{1f40b}".into() },
            Edit::AddPrompt { section: "E".into() },
        ];
        for edit in &edits {
            session = session.edited(edit, None).unwrap();
        }
        let shown = player.play(&session.preset).unwrap();
        let saved = Preset::parse("saved", &session.preset.text()).unwrap();
        let mut saved = Show::of(saved);
        saved.looks[0].preset.base.insert(ParamId::Guidance.into(), player.guidance);
        let span = Span { start: Seconds(0.0), frames: player.frames };
        let played = saved.play(&player.analysis, &Overrides::default(), player.fps, span).unwrap();
        let bits = |t: &Timeline| -> Vec<u32> {
            t.curves.iter().flat_map(|(_, curve)| curve).map(|v| v.to_bits()).collect()
        };
        assert_eq!(bits(&shown), bits(&played));
        assert_eq!(shown, played);
        assert_ne!(shown.curves, player.play(&super::tests::session().preset).unwrap().curves);
    }

    #[test]
    fn the_page_gets_the_timelines_own_curves() {
        let (player, session) = (player(), session());
        let timeline = player.play(&session.preset).unwrap();
        let state = player.state(&session, &timeline).unwrap();
        let text = state["curves"]["zoom"].to_string();
        let curve: Vec<f32> = serde_json::from_str(&text).unwrap();
        assert_eq!(curve, timeline.curves.get(ParamId::Zoom));
        assert_eq!(player.facts().unwrap()["beats"].as_array().unwrap().len(), 32);
    }
}
