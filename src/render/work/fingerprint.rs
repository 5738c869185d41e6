//! The resume key: the settings that decide how pictures come out. Windows of other pictures are of no use.

use crate::error::{Context, Error, Result};
use crate::render::control::Control;
use crate::render::job::Settings;
use serde_json::{Map, Value, json};

/// What decides the pictures of a job, by name. Not here: which part of the track is rendered, since a window depends on
/// its take alone; the track itself, which speaks through the timeline (but where controls are drawn from its sound); what finished pictures go through, a look-up table, and
/// what is drawn over them; and what the video is written as.
pub fn of(settings: &Settings) -> Result<Map<String, Value>> {
    // Whoever adds a setting has to say on which side it is.
    let Settings {
        program,
        track,
        model,
        device,
        seed,
        steps,
        windows,
        generate,
        picture,
        every,
        first_frame: _,
        frames: _,
        timeline,
        lut: _,
        flash_guard,
        layers: _,
        inits,
        controls,
    } = settings;
    let mut key = json!({
        "program": program,
        "model": serde_json::to_value(model).context(unwritable)?,
        "device": device,
        "seed": seed,
        "steps": steps,
        "windows": windows,
        "generate": generate,
        "picture": picture,
        "timeline": timeline,
        "flash_guard": flash_guard,
    });
    if *every > 1 {
        key["every"] = json!(every);
    }
    if !inits.is_empty() {
        key["inits"] = serde_json::to_value(inits).context(unwritable)?;
    }
    if !controls.is_empty() {
        key["controls"] = serde_json::to_value(controls).context(unwritable)?;
    }
    // What is drawn from waveform or spectrum is seen by the networks.
    if controls.iter().any(Control::wants_a_scope) {
        key["track"] = json!(track);
    }
    match key {
        Value::Object(key) => Ok(key),
        _ => Err(unwritable()),
    }
}

/// The names of what differs, those of parts after a dot.
pub fn differences(now: &Map<String, Value>, then: &Map<String, Value>) -> Vec<String> {
    let mut names: Vec<&String> = now.keys().chain(then.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut found = Vec::new();
    for name in names {
        match (now.get(name), then.get(name)) {
            (a, b) if a == b => {}
            (Some(Value::Object(now)), Some(Value::Object(then))) => {
                found.extend(differences(now, then).iter().map(|part| format!("{name}.{part}")));
            }
            _ => found.push(name.clone()),
        }
    }
    found
}

/// A setting that differs, as a person would call it.
pub fn said(name: &str) -> String {
    if let Some(part) = name.strip_prefix("model.") {
        return format!("the model's {part}");
    }
    if name.starts_with("inits") {
        return "a picture or clip that frames start from or a control follows".to_owned();
    }
    match name {
        "program" => "the version of beatbolt",
        "model" => "the model",
        "device" => "the device or its precision",
        "seed" => "the seed",
        "steps" => "the number of steps",
        "windows" => "the windows' overlap",
        "generate" => "the size of generated pictures",
        "picture" => "the size of the video",
        "every" => "how many frames are interpolated (--interpolate)",
        "timeline" => "the preset, its values or prompts, the frame rate, or what was heard in the track",
        other => other,
    }
    .to_owned()
}

fn unwritable() -> Error {
    Error::internal("the settings can't be written down")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::small_settings;
    use crate::units::{GeneratedFrame, Size};
    use crate::video::Guard;

    fn differ(change: impl Fn(&mut Settings)) -> Vec<String> {
        let (before, mut after) = (small_settings(4), small_settings(4));
        change(&mut after);
        differences(&of(&after).unwrap(), &of(&before).unwrap())
    }

    #[test]
    fn what_decides_pictures_is_named_and_the_rest_does_not_matter() {
        let size = Size { width: 32, height: 32 };
        assert_eq!(differ(|s| s.seed = 2), ["seed"]);
        assert_eq!(differ(|s| (s.generate, s.picture) = (size, size)), ["generate", "picture"]);
        assert_eq!(differ(|s| s.windows.overlap = 2), ["windows.overlap"]);
        assert_eq!(differ(|s| (s.steps, s.device) = (3, "cuda f16".into())), ["device", "steps"]);
        assert_eq!(differ(|s| s.every = 2), ["every"]);
        assert_eq!(differ(|s| s.timeline = "other".into()), ["timeline"]);
        assert_eq!(differ(|s| s.program = "other".into()), ["program"]);
        assert_eq!(differ(|s| s.flash_guard = Guard::Off), ["flash_guard"]);
        assert!(
            differ(|s| (s.first_frame, s.frames, s.track) = (GeneratedFrame(5), 9, "other".into()))
                .is_empty()
        );
    }

    #[test]
    fn what_only_one_of_them_has_differs() {
        let map = |value: Value| value.as_object().unwrap().clone();
        let now = map(json!({ "model": { "hints": "a", "unet": "b" }, "seed": 1 }));
        let then = map(json!({ "model": { "unet": "b", "vae": "c" }, "lora": {} }));
        assert_eq!(differences(&now, &then), ["lora", "model.hints", "model.vae", "seed"]);
        assert_eq!(differences(&now, &now), [""; 0]);
    }
}
