//! Refinements: the pictures of a finished video once more through a model, a part of the way from noise, by the show that the video's
//! record holds.

use super::options::{JobOptions, Stretch};
use super::record::JobRecord;
use crate::atomic_file::folder_of;
use crate::diffusion::Tier;
use crate::error::{Error, Result};
use crate::units::{GeneratedFrame, Seconds};
use crate::video::read_job;
use std::path::PathBuf;

/// What is asked for of a finished video.
pub(super) struct Refinement {
    /// The options: those of the video's record, where it has one and no preset was typed; whatever was typed counts more. Its effects are in
    /// the pictures already, so they aren't made again.
    pub options: JobOptions,
    /// That record.
    pub record: Option<JobRecord>,
    /// The video.
    pub video: PathBuf,
}

/// What `typed` asks for of the video that it names, whose pictures keep all but `strength`, from above 0 to 1.
///
/// # Errors
/// Usage: the strength is out of range, or a source was typed; Input: the video shows a part of its track.
pub(super) fn refined(typed: &JobOptions, strength: f32) -> Result<Refinement> {
    let video = typed.input.clone();
    if !(strength > 0.0 && strength <= 1.0) {
        return Err(Error::usage(format!("--refine {strength} is out of range"))
            .hint("above 0, where nothing changes, to 1, where nothing stays; 0.2 to 0.3 is usual"));
    }
    if typed.init.is_some() {
        return Err(Error::usage("--refine starts from the finished video, and --init from something else")
            .hint("leave one of them out"));
    }
    let stored = || read_job(&video).ok().and_then(|text| JobRecord::parse(&text).ok());
    let record = if typed.preset.is_none() { stored() } else { None };
    let plain = || JobOptions { input: video.clone(), ..JobOptions::default() };
    let again = record.as_ref().map_or_else(|| Ok(plain()), |record| of_record(record, typed))?;
    let ours = ["finish=off".to_owned(), format!("denoise={strength}")];
    let options = JobOptions {
        input: again.input.clone(),
        init: Some(video.display().to_string()),
        set: again.set.iter().chain(&ours).chain(&typed.set).cloned().collect(),
        refine: None,
        tier: typed.tier.or(Some(Tier::Final)),
        ..over(typed, again)
    };
    Ok(Refinement { options, record, video })
}

/// What was asked for when the video was made, of its track beside it.
fn of_record(record: &JobRecord, typed: &JobOptions) -> Result<JobOptions> {
    if record.start != Seconds(0.0) {
        let start = record.start;
        return Err(Error::input(format!("{} begins {start} into its track", typed.input.display()))
            .hint("only a video that begins with its track can be refined: render it from the start"));
    }
    let beside = |name: &String| folder_of(&typed.input).join(name);
    let track = record.track.as_ref().map(beside).filter(|path| path.exists());
    let again = JobOptions::of_record(record, track.as_deref().unwrap_or(&typed.input))?;
    let end = (record.whole_frames != Some(record.frames))
        .then(|| record.fps.start_of(GeneratedFrame(record.frames)));
    Ok(JobOptions {
        size: Some(record.settings.picture),
        generate: None,
        stretch: Stretch { end, ..Stretch::default() },
        ..again
    })
}

/// `typed`, and where nothing was typed what `again` says.
fn over(typed: &JobOptions, again: JobOptions) -> JobOptions {
    let typed = typed.clone();
    let several = |typed: Vec<String>, again: Vec<String>| if typed.is_empty() { again } else { typed };
    let stretch = if typed.stretch == Stretch::default() { again.stretch } else { typed.stretch };
    JobOptions {
        prompt: typed.prompt.or(again.prompt),
        negative: typed.negative.or(again.negative),
        seed: typed.seed.or(again.seed),
        size: typed.size.or(again.size),
        fps: typed.fps.or(again.fps),
        interpolate: typed.interpolate.or(again.interpolate),
        split: typed.split.or(again.split),
        stretch,
        model: typed.model.or(again.model),
        motion: typed.motion.or(again.motion),
        vae: typed.vae.or(again.vae),
        clip_skip: typed.clip_skip.or(again.clip_skip),
        lora: several(typed.lora, again.lora),
        control: several(typed.control, again.control),
        font: typed.font.or(again.font),
        flash_guard: typed.flash_guard.or(again.flash_guard),
        hearing: if typed.hearing.typed().is_empty() { again.hearing } else { typed.hearing },
        ..typed
    }
}
