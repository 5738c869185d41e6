//! `beatbolt extract`: the job that a video was made by.

use super::terminal::say;
use crate::error::{Context, Error, Result};
use crate::video::read_job;
use serde_json::Value;
use std::path::Path;

/// Prints the job stored in `video` as JSON.
pub fn run(video: &Path) -> Result<()> {
    let stored = read_job(video)?;
    let job: Value = serde_json::from_str(&stored)
        .context(|| Error::input(format!("the job stored in {} is damaged", video.display())))?;
    let text = serde_json::to_string_pretty(&job).context(|| Error::internal("the job can't be printed"))?;
    say(text);
    Ok(())
}
