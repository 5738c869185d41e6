//! Space on the disk: what a render takes up beside its video and with it, and what is free there.

use super::warning::Warning;
use crate::atomic_file::folder_of;
use crate::diffusion::ModelInfo;
use crate::error::{Error, Result};
use crate::render::{Job, WorkFolder};
use crate::video::Profile;
use std::path::Path;

/// Bytes that a window has in the work folder beside its latents.
const BESIDE: u64 = 4096;

/// What a render needs of the disk that its video goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// The bytes of the windows that are kept until the video is finished.
    pub windows: u64,
    /// Bytes of the video, about; its profile decides.
    pub video: u64,
    /// Bytes that are free; none where the system doesn't tell.
    pub free: Option<u64>,
}

impl Space {
    /// What `job`, written as `profile` with the model of `info`, needs.
    pub fn of(job: &Job, info: &ModelInfo, profile: Profile) -> Self {
        let settings = &job.settings;
        let factor = info.downscale() * info.downscale();
        let frame = (info.latent_channels() * settings.generate.pixels() / factor) as u64 * 4;
        let windows = job.windows().iter().map(|w| w.brings() as u64 * frame + BESIDE).sum();
        let pixels = settings.picture.pixels() as f64 * settings.frames as f64;
        let sound = std::fs::metadata(&job.track).map_or(0, |track| track.len());
        Space {
            windows,
            video: (pixels * profile.bytes_per_pixel()) as u64 + sound,
            free: fs4::available_space(folder_of(&job.output)).ok(),
        }
    }

    /// The same with the pictures of `job` beside its windows, as they are kept to be joined: three bytes for every pixel that a
    /// network makes; `upscaled` ones are as large as the video.
    pub fn with_pictures(self, job: &Job, upscaled: bool) -> Self {
        let size = if upscaled { job.settings.picture } else { job.settings.generate };
        let pictures = job.settings.frames * 3 * size.pixels() as u64;
        Space { windows: self.windows + pictures, ..self }
    }

    /// All that is needed, in bytes.
    pub fn needed(&self) -> u64 {
        self.windows + self.video
    }

    /// What is to be said where it may not be enough.
    pub fn warning(&self, job: &Job) -> Option<Warning> {
        let free = self.free.filter(|free| *free < self.needed())?;
        Some(Warning {
            text: format!(
                "about {} needed in {}, and {} free",
                said(self.needed()),
                shown(&job.output),
                said(free)
            ),
            why: "the render stops where the disk is full; what is finished by then is kept".to_owned(),
            fix: "free some space, or name a file on another disk with --output".to_owned(),
        })
    }

    /// Refuses what can't fit: not even the windows, of which none is there yet.
    ///
    /// # Errors
    /// Output.
    pub fn check(&self, job: &Job) -> Result<()> {
        let begun = WorkFolder::beside(&job.output).is_dir();
        match self.free.filter(|free| *free < self.windows && !begun) {
            None => Ok(()),
            Some(free) => Err(Error::output(format!(
                "the disk is too full: {} needed in {} for the windows alone, and {} free",
                said(self.windows),
                shown(&job.output),
                said(free)
            ))
            .hint("free some space, or name a file on another disk with --output")),
        }
    }
}

fn shown(output: &Path) -> String {
    match folder_of(output) {
        here if here == Path::new(".") => "this folder".to_owned(),
        there => there.display().to_string(),
    }
}

/// Bytes as a person would say them: `340 MB are`.
fn said(bytes: u64) -> String {
    match bytes as f64 / 1e6 {
        mb if mb < 0.95 => format!("{:.0} kB are", mb * 1e3),
        mb if mb < 1.5 => "1 MB is".to_owned(),
        mb if mb < 1000.0 => format!("{mb:.0} MB are"),
        mb => format!("{:.1} GB are", mb / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_as_a_person_would() {
        let said = [84_000, 1_400_000, 340_400_000, 2_340_000_000].map(said);
        assert_eq!(said, ["84 kB are", "1 MB is", "340 MB are", "2.3 GB are"]);
        assert_eq!(shown(Path::new("a.mp4")), "this folder");
        assert_eq!(shown(Path::new("b/a.mp4")), "b");
    }
}
