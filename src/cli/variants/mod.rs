//! `beatbolt variants`: short drafts of one stretch of a track, to choose from.

pub mod index;
mod page;

use self::index::{Entry, Index, usual_folder};
use super::args::VariantsArgs;
use super::interrupt::stop_on_interrupt;
use super::plot::sheet::{Row, draw, palette};
use super::queue::{Item, Queue};
use super::terminal::{self, say};
use crate::cli::output::Output;
use crate::diffusion::Tier;
use crate::error::{Context, Error, Result};
use crate::job::{
    Earlier, JobOptions, OutputOptions, Request, Scene, Stretch, Variations, loudest, video_size,
};
use crate::progress::Progress;
use crate::timing::Timings;
use crate::units::{Seconds, Size};
use crate::video::{Audio, Profile, Stills};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Pictures of a clip on the contact sheet, and their width in pixels.
const COLUMNS: usize = 6;
const WIDTH: u32 = 240;
/// The contact sheet's file in the folder.
const SHEET: &str = "sheet.png";
/// Of a list of prompts.
const MAX_BYTES: u64 = 1 << 20;

/// Renders the clips that aren't there, and writes sheet and page.
pub fn run(args: VariantsArgs) -> Result<()> {
    let progress = terminal::progress(args.json);
    let (plan, mut index) = plan(&args, &*progress)?;
    drop(progress);
    let folder = args.output.clone().unwrap_or_else(|| usual_folder(&args.job.target));
    begin(&mut index, &folder, args.overwrite)?;
    let items: Vec<Item> = plan
        .clips
        .iter()
        .enumerate()
        .map(|(i, options)| Item {
            name: name(i, &index.variants[i]),
            options: options.clone(),
            out: OutputOptions {
                folder: Some(folder.clone()),
                stem: Some(format!("variant-{:03}", i + 1)),
                profile: Some(Profile::H264),
                // Every browser plays it.
                audio: Some(Audio::Aac),
                overwrite: args.overwrite,
                ..OutputOptions::default()
            },
        })
        .collect();
    let (timings, stop) = (Timings::off(), stop_on_interrupt());
    let words = ("variant", "variants");
    // Of a clip of other settings that was begun nothing is wanted any more.
    let earlier = if args.overwrite { Earlier::Replaced } else { Earlier::default() };
    let queue = Queue { words, json: args.json, earlier, tell_files: false, timings: &timings, stop: &stop };
    let show = |index: &Index| page::write(index, &folder, plan.size);
    show(&index)?;
    let result = queue.run(&items, |i, clip| {
        index.variants[i].clip = clip.file_name().map(|name| name.to_string_lossy().into_owned());
        index.write(&folder)?;
        show(&index)
    });
    sheet(&index, &folder, plan.size)?;
    tell(&index, &folder, args.json);
    result
}

/// What is to be rendered.
struct Plan {
    clips: Vec<JobOptions>,
    size: Size,
}

/// Listens to the track, and plans the clips.
fn plan(args: &VariantsArgs, progress: &dyn Progress) -> Result<(Plan, Index)> {
    let mut base = JobOptions::from(args.job.clone());
    base.tier = base.tier.or(Some(Tier::Draft));
    base.size = base.size.or(Some(video_size(Tier::Draft)));
    let prompts = args.prompts.as_deref().map(prompts).transpose()?.unwrap_or_default();
    let made = format!("{} {base:?} {:?} {prompts:?}", env!("CARGO_PKG_VERSION"), args.vary);
    let timings = Timings::off();
    let scene = Scene::open(Request::read(&base)?, progress, &timings)?;
    let part = match base.stretch {
        Stretch { section: None, start: None, end: None } => loudest(&scene.analysis, args.bars as usize),
        _ => scene.timeline.fps.start_of(scene.part.start)..scene.timeline.fps.start_of(scene.part.end),
    };
    let (start, end) = (part.start, part.end);
    base.stretch = Stretch { section: None, start: Some(start), end: Some(end) };
    base.generate = base.generate.or_else(|| Some(scene.full_generated()));
    let size = scene.request.size;
    let from_here = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (input, lyrics) = (from_here(&base.input), base.lyrics.as_deref().map(from_here));
    let all = Variations::new(base, args.vary.clone(), prompts)?;
    let variations: Vec<_> = (1..=u64::from(args.count)).map(|number| all.get(number)).collect();
    let variants = variations.iter().map(|v| Entry { varied: v.typed.clone(), clip: None }).collect();
    let here = from_here(Path::new("."));
    let made = format!("{made} {start} {end}");
    let clips = variations.into_iter().map(|variation| variation.options).collect();
    Ok((Plan { clips, size }, Index { input, here, lyrics, made, start, end, variants }))
}

/// The lines of a list of prompts.
fn prompts(path: &Path) -> Result<Vec<String>> {
    let failed = || Error::input(format!("can't use the prompts in {}", path.display()));
    let text = crate::bounded_read::text(path, MAX_BYTES)
        .context(|| failed().hint("name a text file with a prompt a line"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    match lines.is_empty() {
        true => Err(failed().hint("it has no line; write a prompt a line")),
        false => Ok(lines),
    }
}

/// Makes the folder, or goes on in it: clips of the same command stay.
fn begin(index: &mut Index, folder: &Path, overwrite: bool) -> Result<()> {
    let failed = || Error::output(format!("can't make the folder {}", folder.display()));
    fs::create_dir_all(folder).context(|| failed().hint("is there a file of that name?"))?;
    match Index::read(folder) {
        Ok(Some(there)) if there.made == index.made && there.input == index.input => {
            for (own, there) in index.variants.iter_mut().zip(&there.variants) {
                own.clip = there.clip.clone().filter(|clip| folder.join(clip).is_file());
            }
        }
        Ok(None) => {}
        _ if overwrite => {}
        Ok(Some(_)) => {
            let shown = folder.display();
            return Err(Error::output(format!("{shown} holds variants that were made with other settings"))
                .hint("name another folder with --output, or replace them with --overwrite"));
        }
        Err(error) => return Err(error.hint("replace it with --overwrite")),
    }
    index.write(folder)
}

/// What a variant is called in what is told: its number, and what is varied.
fn name(place: usize, entry: &Entry) -> String {
    let word = |(option, value): &(String, String)| match option.as_str() {
        "--seed" | "--init" => format!("{} {value}", option.trim_start_matches('-')),
        _ => value.clone(),
    };
    let words: Vec<String> = entry.varied.iter().map(word).collect();
    match words.is_empty() {
        true => format!("{}: as asked for", place + 1),
        false => format!("{}: {}", place + 1, words.join(", ")),
    }
}

/// Draws the contact sheet: a row for every finished clip, its pictures evenly spaced.
fn sheet(index: &Index, folder: &Path, size: Size) -> Result<()> {
    let high = (u64::from(WIDTH) * u64::from(size.height) / u64::from(size.width)).clamp(16, 960) as u32;
    let mut rows = Vec::new();
    for (place, entry) in index.variants.iter().enumerate() {
        let Some(clip) = &entry.clip else { continue };
        let stills = Stills::open(&folder.join(clip))?;
        let length = stills.length().0;
        let times: Vec<Seconds> =
            (0..COLUMNS).map(|i| Seconds(length * (i as f64 + 0.5) / COLUMNS as f64)).collect();
        let pictures = stills.take(&times, Size { width: WIDTH, height: high })?;
        let in_track = times.iter().map(|t| Seconds(index.start.0 + t.0)).collect();
        rows.push(Row { name: name(place, entry), palette: palette(&pictures), pictures, times: in_track });
    }
    if rows.is_empty() {
        return Ok(());
    }
    let title = index.input.file_name().unwrap_or_default().to_string_lossy();
    let output = Output::new(&folder.join(SHEET), &index.input)?;
    draw(&rows, COLUMNS, &format!("{title}, {} to {}", index.start, index.end), output.path())?;
    output.commit()
}

/// Says where everything is, and what comes next, once there is something.
fn tell(index: &Index, folder: &Path, json: bool) {
    let Some(first) = index.variants.iter().position(|entry| entry.clip.is_some()) else { return };
    let (page, sheet): (PathBuf, PathBuf) = (folder.join(page::FILE), folder.join(SHEET));
    if json {
        return say(
            json!({ "event": "variants", "page": page, "sheet": sheet, "start": index.start, "end": index.end,
                           "variants": index.variants }),
        );
    }
    say(format_args!("{}: the clips, to be opened in a browser", page.display()));
    say(format_args!("{}: a picture of all of them", sheet.display()));
    if let Some(command) = page::command(first + 1, folder) {
        say(format_args!("the whole track like number {}: {command}", first + 1));
    }
}
