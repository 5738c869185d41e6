//! A folder of tracks: one JSON file each, on all cores.

use super::json;
use super::options::AnalyzeOptions;
use crate::cli::output::Output;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::progress::{Flow, Progress, Silent};
use rayon::prelude::*;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What became of a track.
enum Outcome {
    /// Beats a minute and number of beats.
    Heard(Option<f64>, usize),
    /// Why there is no analysis.
    PassedOver(String),
}

/// Listens to every file in the folder, writes `NAME.json` for each into the folder `json`, and gives a summary.
///
/// A file in which there is no music is passed over and told; the files in folders below are not looked at.
///
/// # Errors
/// Nothing could be analyzed, or an analysis can't be written.
pub(super) fn run(options: &AnalyzeOptions, progress: &dyn Progress) -> Result<String> {
    let Some(target) = options.json.as_deref().filter(|path| *path != Path::new("-")) else {
        return Err(Error::usage(format!("'{}' is a folder", options.track.display()))
            .hint("say with --json in which folder the analyses go, one file per track"));
    };
    if options.plot.is_some() || options.clicks.is_some() {
        return Err(Error::usage("--plot and --clicks take one track, not a folder"));
    }
    std::fs::create_dir_all(target)
        .context(|| Error::output(format!("can't make the folder '{}'", target.display())))?;
    let (tracks, folders) = files(&options.track)?;
    if folders > 0 {
        progress.note(&format!("folders inside are skipped: {folders}"));
    }
    progress.stage("Listening to the tracks", tracks.len() as u64);
    let done = AtomicU64::new(0);
    let outcomes: Vec<Outcome> = tracks
        .par_iter()
        .map(|track| {
            let outcome = one(track, target, options)?;
            match progress.advance(done.fetch_add(1, Ordering::Relaxed) + 1) {
                Flow::Continue => Ok(outcome),
                Flow::Stop => Err(Error::new(ErrorKind::Stopped, "stopped while listening to the tracks")),
            }
        })
        .collect::<Result<_>>()?;
    if !outcomes.iter().any(|o| matches!(o, Outcome::Heard(..))) {
        return Err(Error::input(format!("no track in '{}' could be analyzed", options.track.display()))
            .hint("name one of the files to see what is wrong with it"));
    }
    Ok(summary(&tracks, &outcomes))
}

/// The files of a folder by name, and how many folders it has; without hidden ones.
fn files(folder: &Path) -> Result<(Vec<PathBuf>, usize)> {
    let failed = || Error::input(format!("can't read the folder '{}'", folder.display()));
    let (mut all, mut folders) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder).context(failed)? {
        let entry = entry.context(failed)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        folders += usize::from(!hidden && entry.path().is_dir());
        if !hidden && entry.path().is_file() {
            all.push(entry.path());
        }
    }
    all.sort();
    Ok((all, folders))
}

fn one(track: &Path, target: &Path, options: &AnalyzeOptions) -> Result<Outcome> {
    let name = track.file_name().unwrap_or_default().to_string_lossy();
    let analysis = match options.hearing.hear(track, &Silent) {
        Ok(analysis) => analysis,
        Err(error) => return Ok(Outcome::PassedOver(error.to_string())),
    };
    let output = Output::document(&target.join(format!("{name}.json")), track, options.overwrite)?;
    output.fill(|file| json::write(&analysis, file))?;
    Ok(Outcome::Heard(analysis.tempo_bpm, analysis.beats.len()))
}

fn summary(tracks: &[PathBuf], outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for (track, outcome) in tracks.iter().zip(outcomes) {
        let name = super::summary::title(track);
        let told = match outcome {
            Outcome::Heard(Some(bpm), beats) => format!("{bpm:.1} beats a minute, {beats} beats"),
            Outcome::Heard(None, _) => "no beat found".to_owned(),
            Outcome::PassedOver(why) => format!("skipped: {why}"),
        };
        // Writing to a string can't fail.
        let _ = writeln!(text, "{name}: {told}");
    }
    text
}
