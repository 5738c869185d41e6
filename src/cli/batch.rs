//! `beatbolt render` with several tracks: each gets a video of its own.

use super::args::RenderArgs;
use super::interrupt::stop_on_interrupt;
use super::plan;
use super::queue::{Item, Queue};
use super::render::say_timings;
use crate::error::{Context, Error, Result};
use crate::job::{Earlier, JobOptions, OutputOptions};
use crate::timing::Timings;
use crate::units::Seconds;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Endings of files that somebody may have meant by `--output`.
const FILES: [&str; 6] = ["mp4", "mkv", "mov", "webm", "gif", "png"];

/// Renders one track after the other, or says what would be rendered.
pub fn run(args: RenderArgs) -> Result<()> {
    let first = args.job.target.clone();
    if let Some(word) = args.more.iter().find(|word| is_a_word(word)) {
        return Err(Error::usage(format!("there is no track '{}'", word.display())).hint(
            "put words that belong to an option in quotes, as in --prompt \"slow violet waves\"; --set takes one value and is repeated",
        ));
    }
    let out = in_folder(args.out.into(), args.dry_run)?;
    let options = JobOptions::from(args.job);
    let item = |input: &PathBuf| Item {
        name: input.display().to_string(),
        options: JobOptions { input: input.clone(), ..options.clone() },
        out: out.clone(),
    };
    let items: Vec<Item> = std::iter::once(&first).chain(&args.more).map(item).collect();
    if args.dry_run {
        return items.iter().try_for_each(|item| plan::show(&item.options, &item.out, args.json, None));
    }
    let timings = if args.timings.is_some() { Timings::on() } else { Timings::off() };
    let (began, stop) = (Instant::now(), stop_on_interrupt());
    let queue = Queue {
        words: ("track", "tracks"),
        json: args.json,
        earlier: if args.fresh { Earlier::Discarded } else { Earlier::default() },
        tell_files: true,
        timings: &timings,
        stop: &stop,
    };
    let result = queue.run(&items, |_, _| Ok(()));
    if let Some(file) = &args.timings {
        file.iter().try_for_each(|path| timings.write(path))?;
        say_timings(&timings, Seconds(began.elapsed().as_secs_f64()), args.json);
    }
    result
}

/// What can't be meant as a file: the rest of a prompt without quotes is taken for tracks.
fn is_a_word(input: &Path) -> bool {
    let is_setting = || input.to_str().is_some_and(|word| word.contains('='));
    !input.exists() && (input.extension().is_none() || is_setting())
}

/// What was asked of one file, asked of files in a folder, which is made where there is none.
fn in_folder(out: OutputOptions, dry_run: bool) -> Result<OutputOptions> {
    let Some(folder) = &out.output else { return Ok(out) };
    let ending = folder.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    let looks_like_file = ending.is_some_and(|ending| FILES.contains(&ending.as_str()));
    if folder.is_file() || looks_like_file && !folder.is_dir() {
        let shown = folder.display();
        return Err(Error::usage(format!(
            "with several tracks --output names a folder, and {shown} is a file"
        ))
        .hint("name a folder; each video gets its track's name in it"));
    }
    if !dry_run {
        make(folder)?;
    }
    Ok(OutputOptions { folder: out.output.clone(), output: None, ..out })
}

fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).context(|| {
        Error::output(format!("can't make the folder {}", folder.display()))
            .hint("is there a file of that name, and may you write there?")
    })
}
