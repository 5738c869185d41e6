//! `beatbolt analyze`: what is heard in a track, as text, JSON, a picture or clicks over the music.
//!
//! Every output can be written before the work starts, and appears only when it is complete.

mod batch;
mod clicks;
mod json;
mod options;
mod summary;

pub use options::AnalyzeOptions;

use super::output::Output;
use super::plot;
use crate::error::{Context, Error, Result};
use crate::progress::Progress;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Listens to a track and writes what was asked for; prints a summary to `out`, the standard output.
///
/// # Errors
/// The track can't be decoded, or an output can't be written.
pub fn run(options: &AnalyzeOptions, progress: &dyn Progress, out: &mut dyn Write) -> Result<()> {
    if options.track.is_dir() {
        return printed(out, batch::run(options, progress)?.as_bytes());
    }
    let document = |path| Output::document(path, &options.track, options.overwrite);
    let to_stdout = options.json.as_deref().is_some_and(|path| path == Path::new("-"));
    let json = options.json.as_deref().filter(|_| !to_stdout).map(document);
    let plot = options.plot.as_deref().map(|p| Output::new(plot::checked(p)?, &options.track));
    let clicks = options.clicks.as_deref().map(document);
    let (json, plot, clicks) = (json.transpose()?, plot.transpose()?, clicks.transpose()?);

    let analysis = options.hearing.hear(&options.track, progress)?;
    if let Some(output) = json {
        output.fill(|file| json::write(&analysis, file))?;
    }
    if let Some(output) = plot {
        plot::heard::draw(&analysis, &summary::title(&options.track), output.path())?;
        output.commit()?;
    }
    if let Some(output) = clicks {
        clicks::write((&options.track, options.hearing.options.stream), &analysis, output.path())?;
        output.commit()?;
    }
    if to_stdout {
        return read_enough(json::write(&analysis, out));
    }
    printed(out, summary::text(&options.track, &analysis).as_bytes())
}

fn printed(out: &mut dyn Write, text: &[u8]) -> Result<()> {
    read_enough(out.write_all(text).and_then(|()| out.flush()))
}

/// Whoever closes the pipe has read enough.
fn read_enough(written: std::io::Result<()>) -> Result<()> {
    match written {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.context(|| Error::output("can't write to the standard output")),
    }
}
