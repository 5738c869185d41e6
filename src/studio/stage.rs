//! The track that is played on, and everything about it that the page shows.

use super::state::{Look, Session};
use super::workshop::Workshop;
use crate::audio::Analysis;
use crate::error::Result;
use crate::score::{Form, Key, Overrides, PARAMS, Preset, SIGNALS, Span, Timeline, route_numbers, shipped};
use crate::units::{FrameIndex, FrameRate, Seconds};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Values of the waveform's overview.
const OVERVIEW: usize = 4000;

/// A track and how it is played on.
pub struct Stage {
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
    /// How much work can go into a final.
    pub tiers: Vec<Tier>,
    /// What looks are shown on.
    pub workshop: Arc<dyn Workshop>,
}

/// How much work goes into a final's pictures.
#[derive(Clone, Debug, Serialize)]
pub struct Tier {
    /// Its name.
    pub name: &'static str,
    /// What it means, in a few words.
    pub about: String,
    /// The usual size, as `WxH`.
    pub size: String,
}

impl Stage {
    /// `look` played on the track: what the command line makes of its file.
    ///
    /// # Errors
    /// As [`crate::score::Show::play`].
    pub fn play(&self, look: &Look) -> Result<Timeline> {
        let mut show = self.workshop.show(look)?;
        for look in &mut show.looks {
            look.preset.base.entry("guidance").or_insert(self.guidance);
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
            "tiers": self.tiers,
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
    /// The look isn't a preset.
    pub fn state(&self, session: &Session, timeline: &Timeline) -> Result<Value> {
        let look = &session.look;
        let routes = look.document.routes();
        let moved: Map<String, Value> = PARAMS
            .iter()
            .filter(|p| routes.iter().any(|r| r.to == p.name))
            .map(|p| (p.name.to_owned(), json!(timeline.curves[p.name])))
            .collect();
        let base = look.bases(self.guidance)?.into_iter().map(|(p, value)| {
            json!({ "name": p.name, "value": value, "min": p.min, "max": p.max, "default": p.default,
                    "unit": p.unit, "effect": p.effect })
        });
        let (undo, redo) = session.can();
        Ok(json!({
            "type": "state",
            "version": session.version,
            "preset": look.name,
            "routes": routes,
            "base": base.collect::<Vec<_>>(),
            "prompts": look.document.prompts(),
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
    use crate::score::{Show, fixture};
    use crate::studio::state::Edit;
    use crate::studio::tests::Bench;

    /// Sixteen seconds at 12 frames a second.
    pub fn stage() -> Stage {
        let fps = FrameRate::new(12, 1).unwrap();
        let tiers = vec![Tier { name: "draft", about: String::new(), size: "64x48".into() }];
        let (title, analysis, workshop) = ("test".into(), fixture(16.0), Arc::new(Bench));
        Stage { title, analysis, fps, frames: 192, guidance: 1.5, tiers, workshop }
    }

    pub fn session() -> Session {
        let (name, text) = shipped()[0];
        Session::new(Look::read(name, text).unwrap())
    }

    #[test]
    fn a_saved_preset_plays_the_same_curves_to_the_bit() {
        let stage = stage();
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
        let shown = stage.play(&session.look).unwrap();
        let saved = Preset::parse("saved", &session.look.text()).unwrap();
        let mut saved = Show::of(saved);
        saved.looks[0].preset.base.insert("guidance", stage.guidance);
        let span = Span { start: Seconds(0.0), frames: stage.frames };
        let played = saved.play(&stage.analysis, &Overrides::default(), stage.fps, span).unwrap();
        let bits = |t: &Timeline| -> Vec<u32> { t.curves.values().flatten().map(|v| v.to_bits()).collect() };
        assert_eq!(bits(&shown), bits(&played));
        assert_eq!(shown, played);
        assert_ne!(shown.curves, stage.play(&super::tests::session().look).unwrap().curves);
    }

    #[test]
    fn the_page_gets_the_timelines_own_curves() {
        let (stage, session) = (stage(), session());
        let timeline = stage.play(&session.look).unwrap();
        let state = stage.state(&session, &timeline).unwrap();
        let text = state["curves"]["zoom"].to_string();
        let curve: Vec<f32> = serde_json::from_str(&text).unwrap();
        assert_eq!(curve, timeline.curves["zoom"]);
        assert_eq!(stage.facts().unwrap()["beats"].as_array().unwrap().len(), 32);
    }
}
