//! Job records: what a finished video says of the job that it was made by, as JSON inside the file.
//!
//! A form of its own, apart from the types that a render works with: videos outlast programs. Fields that an older program
//! did not write have a default, those of a newer one are left aside; names never change.

use super::interpolate::Interpolate;
use crate::diffusion::model::SamplingRecord;
use crate::error::{Context, Error, Result};
use crate::render::Settings;
use crate::units::{FrameIndex, FrameRate, Seconds, Size};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a video was made by: with the same track and model, all that it takes to make it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// What decided the pictures.
    pub settings: SettingsRecord,
    /// How windows were sampled, and who said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<SamplingRecord>,
    /// What it was written as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// How the sound went in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<String>,
    /// What was asked of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<String>,
    /// The track's file name.
    #[serde(default)]
    pub track: Option<String>,
    /// The model's folder as it was named, or `spark` for the one that comes with the program.
    #[serde(default)]
    pub model: Option<String>,
    /// The file of the motion module that was used instead of the folder's own.
    #[serde(default)]
    pub motion: Option<String>,
    /// The autoencoder that was used instead of the model's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vae: Option<String>,
    /// The network that enlarged the pictures, as it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upscale: Option<String>,
    /// The network that put frames between generated ones, as it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpolator: Option<String>,
    /// The layer of the text encoder that was listened to, counted from the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_skip: Option<usize>,
    /// The LoRAs that were typed, each as `NAME:STRENGTH`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lora: Vec<String>,
    /// The controls that were typed, each as `NET=SOURCE:STRENGTH`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub control: Vec<String>,
    /// Frames a second.
    pub fps: FrameRate,
    /// Which of them were generated, as it was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpolate: Option<String>,
    /// How long a take was at most, where longer ones were cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Seconds>,
    /// Where in the track the video starts.
    #[serde(default)]
    pub start: Seconds,
    /// How many frames the video has.
    pub frames: FrameIndex,
    /// How many frames the whole track has.
    #[serde(default)]
    pub whole_frames: Option<FrameIndex>,
    /// The file of the look-up table that colours went through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lut: Option<String>,
    /// The prompt that was typed.
    #[serde(default)]
    pub prompt: Option<String>,
    /// The negative prompt that was typed.
    #[serde(default)]
    pub negative: Option<String>,
    /// The source that was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<String>,
    /// The parameters that were held at a value, each as `PARAM=VALUE`.
    #[serde(default)]
    pub set: Vec<String>,
    /// What was typed about hearing: options with their values, which are empty for those that take none.
    #[serde(default)]
    pub hearing: Vec<(String, String)>,
    /// Whether a number of steps was taken that the motion module was not made for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force_steps: bool,
    /// The lyrics that were shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lyrics: Option<LyricsRecord>,
    /// The font's file that text was shown in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub font: Option<String>,
    /// What the looks came from.
    #[serde(flatten)]
    pub origin: Origin,
}

/// What the looks of a video came from: in the record, the field `preset` or the field `project`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// One preset for the whole track.
    Preset(PresetRecord),
    /// A project with all its files.
    Project(ProjectRecord),
}

/// A preset as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PresetRecord {
    /// What it is called.
    pub name: String,
    /// Its file.
    pub toml: String,
}

/// A project as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectRecord {
    /// The name of its own file among `files`.
    pub name: Option<String>,
    /// The text of every file that it was read from, by path from its folder.
    pub files: BTreeMap<String, String>,
}

/// Lyrics as they were read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LyricsRecord {
    /// Their file in a project.
    pub name: String,
    /// Whether they were typed, and the project doesn't name them.
    pub typed: bool,
    /// The file.
    pub text: String,
}

/// What decided the pictures of a video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingsRecord {
    /// Name and version of the program.
    #[serde(default)]
    pub program: String,
    /// SHA-256 of the track's file.
    #[serde(default)]
    pub track: String,
    /// SHA-256 over the hashes of all parts of the model.
    #[serde(default)]
    pub weights: Option<String>,
    /// Where it was computed, and in which type of number.
    #[serde(default)]
    pub device: String,
    /// What all noise depended on.
    pub seed: u64,
    /// Denoising steps a window.
    pub steps: usize,
    /// Window and overlap.
    pub windows: WindowsRecord,
    /// Size of the generated pictures.
    pub generate: Size,
    /// Size of the video.
    pub picture: Size,
    /// One of how many frames was generated; none: by a program that generated all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<FrameIndex>,
    /// Index of the video's first frame, counted from the start of the track.
    pub first_frame: FrameIndex,
    /// How many frames the video has.
    #[serde(default)]
    pub frames: FrameIndex,
    /// SHA-256 of the value of every parameter in every frame, the prompts and the cuts.
    #[serde(default)]
    pub timeline: String,
    /// SHA-256 of the look-up table's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lut: Option<String>,
    /// Whether flashes were held to three a second: on or off; none: by a program that had no guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flash_guard: Option<String>,
    /// SHA-256 of what was drawn over the pictures; none if nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<String>,
    /// SHA-256 of the pictures and clips that frames started from, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inits: BTreeMap<String, String>,
    /// What ControlNets followed, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
}

/// How takes were cut into windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowsRecord {
    /// Frames that were denoised together.
    pub length: usize,
    /// Frames at the start of a window that the window before had already settled.
    pub overlap: usize,
}

impl JobRecord {
    /// Whether a job of the `other` record gives the same file: pictures, rate, encoding and sound.
    pub fn is_of_the_same_video(&self, other: &JobRecord) -> bool {
        let of = |r: &JobRecord| (r.settings.clone(), r.fps, r.profile.clone(), r.sound.clone());
        of(self) == of(other)
    }

    /// Whether only the part of the track differs.
    pub fn is_another_part_of(&self, other: &JobRecord) -> bool {
        let SettingsRecord { first_frame, frames, .. } = self.settings;
        let moved = JobRecord {
            settings: SettingsRecord { first_frame, frames, ..other.settings.clone() },
            ..other.clone()
        };
        self.is_of_the_same_video(&moved)
    }

    /// Which frames are to be generated for the same video; none: what nobody has to say.
    ///
    /// # Errors
    /// Usage: the record says what nobody can have typed.
    pub fn interpolated(&self) -> Result<Option<Interpolate>> {
        match (self.settings.every, &self.interpolate) {
            (None, _) => Ok(Some(Interpolate::Off)),
            (Some(_), said) => said.as_deref().map(str::parse).transpose(),
        }
    }

    /// The record that `text` holds, as it is stored in a video.
    ///
    /// # Errors
    /// Input: it isn't a record.
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).context(|| Error::input("this is not a beatbolt job record"))
    }

    /// The text that is stored in a video: one JSON object, its fields by name.
    ///
    /// # Errors
    /// Internal.
    pub fn text(&self) -> Result<String> {
        let value =
            serde_json::to_value(self).context(|| Error::internal("the job can't be written down"))?;
        Ok(value.to_string())
    }
}

impl From<&Settings> for SettingsRecord {
    fn from(settings: &Settings) -> Self {
        let Settings { program, track, model, device, timeline, lut, .. } = settings.clone();
        let windows = WindowsRecord { length: settings.windows.length, overlap: settings.windows.overlap };
        SettingsRecord {
            program,
            track,
            weights: Some(model.whole()),
            device,
            seed: settings.seed,
            steps: settings.steps,
            windows,
            generate: settings.generate,
            picture: settings.picture,
            every: Some(settings.every),
            first_frame: settings.first_frame.0,
            frames: settings.frames,
            timeline,
            lut: lut.map(|lut| lut.hash().to_owned()),
            flash_guard: Some(settings.flash_guard.name().to_owned()),
            layers: Some(settings.layers.clone()).filter(|hash| !hash.is_empty()),
            inits: settings.inits.hashes(),
            controls: settings.controls.iter().map(ToString::to_string).collect(),
        }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// What the program stored in its videos before records had a type of their own.
    fn stored() -> Value {
        json!({
            "fps": "30000/1001", "frames": 12, "hearing": [["--bpm", "128"], ["--halve", ""]], "model": "spark",
            "motion": null, "negative": null, "preset": { "name": "pulse", "toml": "about = \"a\"\n" },
            "prompt": "a \u{1f40b} \"whale\"", "set": ["glow=0.5"],
            "settings": {
                "device": "cpu f32", "first_frame": 24, "frames": 12, "generate": "256x144", "picture": "1280x720",
                "program": "beatbolt 0.1.0", "seed": u64::MAX, "steps": 4, "timeline": "12ab", "track": "34cd",
                "weights": "56ef", "windows": { "length": 16, "overlap": 4 },
            },
            "start": 0.8008, "track": "song.flac", "whole_frames": 800,
        })
    }

    fn without(path: &[&str]) -> String {
        let mut value = stored();
        let (last, way) = path.split_last().unwrap();
        let object = way.iter().fold(&mut value, |value, key| &mut value[key]);
        object.as_object_mut().unwrap().remove(*last).unwrap();
        value.to_string()
    }

    #[test]
    fn what_was_stored_before_comes_back_to_the_byte() {
        let text = stored().to_string();
        let record = JobRecord::parse(&text).unwrap();
        assert_eq!(record.text().unwrap(), text);
        let files = BTreeMap::from([("video.toml".to_owned(), "track = \"song.flac\"".to_owned())]);
        let project = ProjectRecord { name: Some("video.toml".into()), files };
        let record = JobRecord { origin: Origin::Project(project), ..record };
        let written: Value = serde_json::from_str(&record.text().unwrap()).unwrap();
        assert_eq!(written["project"]["files"]["video.toml"], "track = \"song.flac\"");
        assert_eq!(JobRecord::parse(&written.to_string()).unwrap(), record);
    }

    #[test]
    fn older_and_newer_records_are_read() {
        for path in [&["hearing"][..], &["whole_frames"], &["start"], &["settings", "frames"], &["motion"]] {
            JobRecord::parse(&without(path)).unwrap();
        }
        let mut newer = stored();
        newer["sampler"] = json!({ "name": "euler" });
        newer["settings"]["sigmas"] = json!([1.0, 0.5]);
        assert_eq!(
            JobRecord::parse(&newer.to_string()).unwrap(),
            JobRecord::parse(&stored().to_string()).unwrap()
        );
    }

    #[test]
    fn damaged_records_are_refused() {
        for path in [&["preset"][..], &["preset", "toml"], &["settings"], &["settings", "seed"], &["fps"]] {
            assert!(JobRecord::parse(&without(path)).is_err(), "{path:?}");
        }
        for (path, value) in
            [("fps", json!("0")), ("frames", json!(-1)), ("set", json!({})), ("hearing", json!([["--bpm"]]))]
        {
            let mut wrong = stored();
            wrong[path] = value;
            assert!(JobRecord::parse(&wrong.to_string()).is_err(), "{path}");
        }
        for text in ["", "null", "[]", "{", "\u{0}"] {
            assert!(JobRecord::parse(text).is_err(), "{text:?}");
        }
    }
}
