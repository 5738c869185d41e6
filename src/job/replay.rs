//! Replays: from the record in a finished video to a request for the same show, of the whole track or at another tier, and what of
//! its pictures can't be expected to stay.

use super::options::JobOptions;
use super::record::{JobRecord, SettingsRecord};
use super::{Hearing, models};
use crate::error::{Error, Result};
use crate::render::{Job, paints};
use crate::units::GeneratedFrame;
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
            interpolate: record.interpolated()?,
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

/// What of the pictures of `clip` can't be expected to stay in those of `job`, in sentences.
///
/// # Errors
/// Input: `job` is of another track, or has no record.
pub(super) fn changes(clip: &JobRecord, job: &Job) -> Result<Vec<String>> {
    let own = JobRecord::parse(&job.description)?;
    let (was, is) = (&clip.settings, &own.settings);
    if was.track != is.track {
        return Err(Error::input("the track is not the one that the clip was made of, or has changed since")
            .hint("put the same file back, or make the variants anew"));
    }
    let painted = paints(job);
    let mut notes = Vec::new();
    if was.program != is.program && was.timeline != is.timeline {
        let (was, is) = (&was.program, &is.program);
        notes.push(format!("the clip is by {was}, this is {is}: some values or cuts are others now"));
    } else if was.timeline != is.timeline && painted {
        notes.push(
            "some values are others than in the clip: another tier or module has its own guidance".to_owned(),
        );
    }
    if was.inits != is.inits || clip.lyrics != own.lyrics {
        notes.push(
            "files that the clip was made of have changed since: pictures or words will differ".to_owned(),
        );
    }
    if painted {
        notes.extend(repainted(was, is, job));
    }
    Ok(notes)
}

/// The same for pictures that a model paints.
fn repainted(was: &SettingsRecord, is: &SettingsRecord, job: &Job) -> Vec<String> {
    let mut notes = Vec::new();
    if was.generate != is.generate {
        let (was, is) = (was.generate, is.generate);
        notes.push(format!(
            "painted at {is} instead of {was}, so from other noise: what is where will differ from the clip"
        ));
    }
    let (steps, before) = (is.steps, was.steps);
    if was.weights != is.weights {
        notes.push(format!(
            "other networks than in the clip, for {steps} steps instead of its {before} (each tier may have its own): seed, prompts and \
             movement stay, and what is where as far as they are alike"
        ));
    } else if steps != before {
        notes.push(format!("{steps} steps instead of {before}: what is where stays as far as the model allows, details differ"));
    }
    let first = GeneratedFrame(was.first_frame);
    if !job.takes().iter().flatten().any(|window| !window.continues() && window.take_start == first) {
        notes.push(
            "the clip begins inside a take: in the whole video its pictures grow out of those before, and differ"
                .to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Octave, Options, Tracker};
    use crate::score::ByHand;
    use crate::units::Seconds;

    #[test]
    fn what_was_typed_about_hearing_comes_back() {
        let hearing = Hearing {
            options: Options { tracker: Tracker::Aubio, weights: Some("e".into()), stream: Some(2) },
            bpm: Some(127.5),
            first_beat: Some(Seconds(0.25)),
            beats_file: Some("b.txt".into()),
            octave: Some(Octave::Double),
            shift: Some(-0.02),
            sections_file: Some("s.txt".into()),
            hand: ByHand::default(),
        };
        let again = Hearing::of_typed(&hearing.typed()).unwrap();
        assert_eq!(format!("{again:?}"), format!("{hearing:?}"));
        for (option, value) in [("--bpm", "fast"), ("--model", "x"), ("--beats", "other")] {
            assert!(Hearing::of_typed(&[(option.into(), value.into())]).is_err(), "{option}");
        }
    }
}
