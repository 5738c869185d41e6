//! Replays: from the record in a finished video to a request for the same show, of the whole track or at another tier, and what of
//! its pictures can't be expected to stay.

use super::options::JobOptions;
use super::project_folder;
use super::record::{JobRecord, Origin};
use super::request::{Request, typed_slots};
use super::{Hearing, models};
use crate::error::{Error, Result};
use crate::score::Preset;
use crate::video::Guard;
use std::path::{Path, PathBuf};

impl JobOptions {
    /// What was asked for when the video of `record` was made of `input`, a track or a project: all of it but the part of the track, the
    /// tier with its steps, the size of the video, where it was computed, and typed lyrics, of which only the text is kept.
    ///
    /// # Errors
    /// Input: the record says what nobody can have typed.
    pub fn of_record(record: &JobRecord, input: &Path) -> Result<Self> {
        let path = |text: &Option<String>| text.as_ref().map(PathBuf::from);
        let settings = &record.settings;
        Ok(JobOptions {
            input: input.to_owned(),
            prompt: record.prompt.clone(),
            negative: record.negative.clone(),
            init: record.init.clone(),
            set: record.set.clone(),
            lut: path(&record.lut),
            seed: Some(settings.seed),
            fps: Some(record.fps),
            split: record.split,
            model: path(&record.model).filter(|model| model != Path::new(models::SHIPPED)),
            motion: path(&record.motion),
            vae: path(&record.vae),
            clip_skip: record.clip_skip,
            lora: record.lora.clone(),
            control: record.control.clone(),
            force_steps: record.force_steps,
            generate: Some(settings.generate),
            overlap: Some(settings.windows.overlap),
            hearing: Hearing::of_typed(&record.hearing)?,
            font: path(&record.font),
            flash_guard: settings.flash_guard.as_deref().map(Guard::find).transpose()?,
            ..JobOptions::default()
        })
    }
}

impl Request {
    /// What `options` ask for, with the looks that `record` holds: the files that they were read from are not read again.
    ///
    /// # Errors
    /// As [`Request::read`]; Input: the record's looks are damaged.
    pub fn again(record: &JobRecord, options: &JobOptions) -> Result<Self> {
        let slots = typed_slots(options)?;
        match &record.origin {
            Origin::Preset(kept) => {
                let preset = Preset::parse_for(&kept.name, &kept.toml, &slots)?;
                Request::of_preset(options, (preset, kept.toml.clone()))
            }
            Origin::Project(kept) => {
                // What the director chose is a project beside the track.
                let name = kept.name.as_deref().unwrap_or("video.toml");
                let read = project_folder::parse(&options.input, name, &kept.files, &slots)?;
                Request::of_project(options, read)
            }
        }
    }
}

/// What of the pictures of `clip` can't be expected to stay in those of `own`, in sentences.
///
/// # Errors
/// Input: `own` is of another track.
pub fn changes(clip: &JobRecord, own: &JobRecord) -> Result<Vec<String>> {
    let (was, is) = (&clip.settings, &own.settings);
    if was.track != is.track {
        return Err(Error::input("the track is not the one that the clip was made of, or has changed since")
            .hint("put the same file back, or make the variants anew"));
    }
    let mut notes = Vec::new();
    let shown = |what: &str, why: String| format!("{what} than in the clip ({why})");
    if was.timeline != is.timeline {
        let why = match was.program == is.program {
            true => "the model has settings of its own".to_owned(),
            false => format!("the clip is by {}, this is {}", was.program, is.program),
        };
        notes.push(shown("some values or prompts are others", why));
    }
    if was.generate != is.generate {
        let why = format!("{} instead of {}", is.generate, was.generate);
        notes.push(shown(
            "pictures are generated at another size: their noise, and so what is where, is another",
            why,
        ));
    }
    let painted = !only_drawn(own);
    if painted && was.weights != is.weights {
        notes.push(shown(
            "the networks are others: noise, movement and prompts stay, what the pictures show may not",
            "another model, motion module or number of steps that has a module of its own".to_owned(),
        ));
    } else if painted && was.steps != is.steps {
        let why = format!("{} steps instead of {}", is.steps, was.steps);
        notes.push(shown("more or fewer steps: layout and movement stay, details are others", why));
    }
    if was.inits != is.inits {
        notes.push(shown("the pictures that frames start from are others", "files changed".to_owned()));
    }
    if was.layers != is.layers && was.frames == is.frames {
        notes.push(shown("lyrics, titles or other layers are others", "files changed".to_owned()));
    }
    Ok(notes)
}

/// Whether the record's frames are shown as they are drawn, whatever the model.
fn only_drawn(record: &JobRecord) -> bool {
    let set = |name: &str| record.set.iter().filter_map(|s| s.split_once('=')).rfind(|(n, _)| *n == name);
    set("denoise").is_some_and(|(_, value)| value.parse() == Ok(0.0)) && !record.settings.inits.is_empty()
}
