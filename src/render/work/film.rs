//! The film of a work folder, `takes.json`: which takes and windows make the whole, so that anybody who sees the folder knows how
//! far it is, without track, project or model.

use super::lease::holder_of;
use super::take::{has_pictures, lease_of, unwritable};
use crate::atomic_file;
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::render::job::Job;
use crate::render::plan::Window;
use crate::units::{FrameIndex, FrameRate, GeneratedFrame, Seconds};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const NAME: &str = "takes.json";
/// A window is some ten bytes, and an hour has ten thousand.
const MOST_BYTES: u64 = 16 << 20;

/// What a film is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Film {
    /// Where the finished file goes, as whoever began it named it.
    pub output: PathBuf,
    /// Frames a second.
    pub fps: FrameRate,
    /// How many frames it has.
    pub frames: FrameIndex,
    /// Its takes, in their order.
    pub takes: Vec<FilmTake>,
}

/// A take of a film.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilmTake {
    /// Its first frame, counted from the start of the track.
    pub start: GeneratedFrame,
    /// The frame behind its last.
    pub end: GeneratedFrame,
    /// The first frame of every window, and how many frames of the video it completes.
    pub windows: Vec<(GeneratedFrame, u64)>,
}

impl Film {
    /// That of `job`.
    pub fn of(job: &Job) -> Self {
        let end = job.part().end;
        let takes = job.takes().into_iter().filter_map(|windows| {
            let first = windows.first()?;
            let of = |w: &Window| (w.start, w.shows());
            let windows: Vec<_> = windows.iter().map(of).collect();
            Some(FilmTake { start: first.take_start, end: first.take_end.min(end), windows })
        });
        let takes = takes.collect();
        Film { output: job.output.clone(), fps: job.timeline.fps, frames: job.settings.frames, takes }
    }

    /// Notes it in the work folder at `folder`.
    ///
    /// # Errors
    /// Output.
    pub fn note(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_vec(self).context(|| Error::internal("the takes can't be written down"))?;
        let path = folder.join(NAME);
        // Many workers say the same.
        if bounded_read::bytes(&path, MOST_BYTES).is_ok_and(|there| there == text) {
            return Ok(());
        }
        atomic_file::put(&path, &text).context(|| unwritable(folder))
    }

    /// That of the work folder at `folder`.
    ///
    /// # Errors
    /// Input: it is no work folder, or nobody has rendered takes into it.
    pub fn read(folder: &Path) -> Result<Self> {
        let none = || {
            Error::input(format!("no takes were rendered into {}", folder.display()))
                .hint("name the folder that workers were given with --work; by default it is OUTPUT.work")
        };
        let text = bounded_read::bytes(&folder.join(NAME), MOST_BYTES).context(none)?;
        serde_json::from_slice(&text).context(none)
    }
}

/// How far a take is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TakeStatus {
    /// Its number, from 0.
    pub take: usize,
    /// Where in the track it begins.
    pub start: Seconds,
    /// Where it ends.
    pub end: Seconds,
    /// How many windows it has.
    pub windows: usize,
    /// How many of them are kept.
    pub kept: usize,
    /// How many frames these bring, of [`Self::frames`].
    pub kept_frames: u64,
    /// How many frames all of them bring; some may lie behind the film's end.
    pub frames: u64,
    /// Who has it.
    pub holder: Option<String>,
    /// How many seconds ago the holder last gave a sign.
    pub sign: Option<f64>,
}

impl TakeStatus {
    /// Whether nothing of it is missing.
    pub fn is_done(&self) -> bool {
        self.kept == self.windows
    }
}

/// How far the takes of `film` are in the work folder at `folder`.
pub fn status(film: &Film, folder: &Path) -> Vec<TakeStatus> {
    let of = |(number, take): (usize, &FilmTake)| {
        let kept = |(window, _): &&(GeneratedFrame, u64)| has_pictures(folder, take.start, *window);
        let there: Vec<_> = take.windows.iter().filter(kept).collect();
        let holder = holder_of(&lease_of(folder, take.start));
        TakeStatus {
            take: number,
            start: film.fps.start_of(take.start),
            end: film.fps.start_of(take.end),
            windows: take.windows.len(),
            kept: there.len(),
            kept_frames: there.iter().map(|(_, frames)| frames).sum(),
            frames: take.windows.iter().map(|(_, frames)| frames).sum(),
            sign: holder.as_ref().map(|(_, ago)| ago.as_secs_f64()),
            holder: holder.map(|(holder, _)| holder.to_string()),
        }
    };
    film.takes.iter().enumerate().map(of).collect()
}
