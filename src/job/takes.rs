//! Takes one by one: made by workers that share a work folder, and joined to a video once all are there.

use super::destination::{Destination, Earlier};
use super::fast_join;
use super::models;
use super::options::ModelOptions;
use super::render::{in_the_way, resumable, writer};
use super::request::Request;
use super::scene::Scene;
use super::space::Space;
use super::warning::{memory_warnings, warnings};
use crate::error::{Error, Result};
use crate::render;
use crate::render::{Film, Job, Networks, Summary, Watch, Window, WorkFolder, Worked};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Which takes are meant: `3`, `3..5` (three of them), `0,4..6`, or `all`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(Vec<RangeInclusive<usize>>);

impl FromStr for Selection {
    type Err = Error;

    /// # Errors
    /// Usage: it can't be meant.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::usage(format!("'{text}' names no takes"))
                .hint("write 3, or 3..5 for takes 3, 4 and 5, or 0,4..6, or all")
        };
        if text == "all" {
            return Ok(Selection(vec![0..=usize::MAX]));
        }
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
        let range = |part: &str| match part.split_once("..") {
            Some((from, to)) => {
                let (from, to) = (number(from)?, number(to)?);
                if from <= to { Ok(from..=to) } else { Err(wrong()) }
            }
            None => number(part).map(|number| number..=number),
        };
        text.split(',').map(range).collect::<Result<_>>().map(Selection)
    }
}

impl Selection {
    /// Those of `takes`, the longest first, so that nobody begins with a long one when the others are through.
    ///
    /// # Errors
    /// Usage: there is no take of a number.
    fn of(&self, takes: Vec<Vec<Window>>) -> Result<Vec<Vec<Window>>> {
        let count = takes.len();
        if let Some(range) = self.0.iter().find(|range| *range.end() >= count && *range.end() < usize::MAX) {
            return Err(Error::usage(format!("there is no take {}", range.end())).hint(format!(
                "takes go from 0 to {}; `beatbolt takes` lists them",
                count.saturating_sub(1)
            )));
        }
        let wanted: BTreeSet<usize> = self
            .0
            .iter()
            .flat_map(|range| *range.start()..=(*range.end()).min(count.saturating_sub(1)))
            .collect();
        let mut chosen: Vec<Vec<Window>> = takes
            .into_iter()
            .enumerate()
            .filter(|(number, _)| wanted.contains(number))
            .map(|(_, take)| take)
            .collect();
        chosen.sort_by_key(|take| std::cmp::Reverse(take.len()));
        Ok(chosen)
    }
}

/// What a worker is to do.
#[derive(Clone, Debug)]
pub struct TakeWork {
    /// Which takes.
    pub takes: Selection,
    /// The work folder; none: the one beside the video.
    pub folder: Option<PathBuf>,
    /// Whether takes are encoded as well, for a fast join.
    pub encode: bool,
    /// What the manifest is to say of where networks compute; none: what is so.
    pub device: Option<String>,
}

/// Makes takes of the video that `request` asks for, as far as nobody else does.
///
/// # Errors
/// Usage: the folder belongs to a job of other pictures; whatever of the request can't be; Stopped.
pub fn make_takes(
    request: Request,
    destination: &Destination,
    work: &TakeWork,
    watch: Watch,
) -> Result<Worked> {
    let scene = Scene::open(request, watch.progress, watch.timings)?;
    scene.info.tokenizer()?;
    let (mut job, placement) = scene.job_to_render(destination, watch.progress)?;
    if let Some(device) = &work.device {
        job.settings.device.clone_from(device);
    }
    if work.encode {
        fast_join::check(&job, destination.profile)?;
    }
    let all = job.takes();
    let takes = work.takes.of(all.clone())?;
    let chosen = takes.clone();
    let folder = work.folder.clone().unwrap_or_else(|| WorkFolder::beside(&job.output));
    if destination.earlier == Earlier::Discarded {
        WorkFolder::discard(&folder)?;
    }
    let space =
        Space::of(&job, &scene.info, destination.profile).with_pictures(&job, scene.upscaler.is_some());
    // Before a frame is made: what lies there is of the same settings and weights.
    let store = WorkFolder::open(&folder, &job.settings)?;
    Film::of(&job).note(&folder)?;
    let is_there = |take: &Vec<Window>| take.iter().all(|window| store.has_pictures(window));
    let (there, missing): (Vec<_>, Vec<_>) = takes.into_iter().partition(is_there);
    if !there.is_empty() {
        watch.progress.note(&format!("{} finished before", numbers(&there)));
    }
    let encode = || match work.encode {
        true => fast_join::encode(&job, &store, destination.profile, &chosen, watch),
        false => Ok(()),
    };
    if missing.is_empty() {
        return encode().map(|()| Worked::default());
    }
    let memory = memory_warnings(&scene, &job, &placement);
    let warnings = warnings(&scene, &job)?.into_iter().chain(memory).chain(space.warning(&job));
    warnings.for_each(|warning| watch.progress.note(&warning.to_string()));
    let (upscaler, interpolator) = (scene.load_upscaler(&placement)?, scene.load_interpolator()?);
    let model = scene.load(&placement, watch.progress, watch.timings)?;
    let windows: Vec<Window> = missing.iter().flatten().copied().collect();
    let finished = || windows.iter().filter(|window| store.has_pictures(window)).count();
    let networks =
        Networks { model: &model, upscaler: upscaler.as_ref(), interpolator: interpolator.as_ref() };
    let mut worked = render::keep_takes(&job, networks, &store, &missing, watch)
        .map_err(|error| resumable(error, finished(), windows.len()))?;
    // Those that others have finished meanwhile are nobody's business.
    worked.left.retain(|(take, _)| all.get(*take).is_some_and(|take| !is_there(take)));
    for (take, holder) in &worked.left {
        let who = holder.as_ref().map_or_else(|| "another worker here".to_owned(), ToString::to_string);
        watch.progress.note(&format!("take {take} is being made by {who}, and is left to it"));
    }
    encode()?;
    Ok(worked)
}

/// A video whose takes are made by others, in a work folder that all of them see.
pub struct Shared {
    job: Job,
    store: WorkFolder,
    destination: Destination,
    stream: Option<usize>,
    /// What workers are to say of where they compute, where not all compute alike.
    pub mixed: Option<String>,
}

impl Shared {
    /// The video that `request` asks for, whose takes lie in `folder`, or beside it.
    ///
    /// # Errors
    /// Usage: there is no such folder, or it belongs to a job of other pictures; Output: another video is there already; whatever
    /// of the request can't be.
    pub fn find(
        request: Request,
        destination: &Destination,
        folder: Option<&Path>,
        watch: Watch,
    ) -> Result<Self> {
        let folder = folder.map_or_else(|| WorkFolder::beside(&destination.path), Path::to_owned);
        let device = WorkFolder::device_of(&folder)?;
        let (job, stream) = Self::job((request, destination), device, watch)?;
        let store = WorkFolder::find_work(&folder, &job.settings)?;
        Ok(Shared { job, store, destination: destination.clone(), stream, mixed: None })
    }

    /// The same, where the takes are to be made on `devices`, and the folder may be new.
    ///
    /// # Errors
    /// As [`Self::find`]; Device: one can't be opened.
    pub fn open(
        request: Request,
        destination: &Destination,
        folder: Option<&Path>,
        devices: &[String],
        watch: Watch,
    ) -> Result<Self> {
        let folder = folder.map_or_else(|| WorkFolder::beside(&destination.path), Path::to_owned);
        let kinds: BTreeSet<&str> =
            devices.iter().map(|name| name.split(':').next().unwrap_or(name)).collect();
        let place = |kind: &&str| {
            let model = ModelOptions { device: (*kind).to_owned(), ..request.model.clone() };
            models::place(&model, watch.progress).map(|placement| placement.to_string())
        };
        let named: Vec<String> = kinds.iter().map(place).collect::<Result<_>>()?;
        let device = named.join(" + ");
        let (job, stream) = Self::job((request, destination), device.clone(), watch)?;
        if destination.earlier == Earlier::Discarded {
            WorkFolder::discard(&folder)?;
        }
        let store = WorkFolder::open(&folder, &job.settings)?;
        Film::of(&job).note(&folder)?;
        let mixed = (named.len() > 1).then_some(device);
        Ok(Shared { job, store, destination: destination.clone(), stream, mixed })
    }

    fn job(
        (request, destination): (Request, &Destination),
        device: String,
        watch: Watch,
    ) -> Result<(Job, Option<usize>)> {
        let scene = Scene::open(request, watch.progress, watch.timings)?;
        let job = scene.job_to_join(destination, device, watch.progress)?;
        match in_the_way(&job) {
            Some(other) if !destination.overwrite => Err(other),
            _ => Ok((job, scene.request.hearing.options.stream)),
        }
    }

    /// Where the takes lie.
    pub fn folder(&self) -> &Path {
        self.store.path()
    }

    /// The windows whose pictures are not there yet.
    pub fn missing(&self) -> Vec<Window> {
        self.job.windows().into_iter().filter(|window| !self.store.has_pictures(window)).collect()
    }

    /// Writes the video; no network runs.
    ///
    /// # Errors
    /// Input: takes are missing or damaged; whatever writing says.
    pub fn join(&self, watch: Watch) -> Result<Summary> {
        self.complete()?;
        let writer = writer(&self.job, &self.destination, self.stream, watch.progress)?;
        render::join(&self.job, &self.store, writer, watch)
    }

    /// The same by copying takes that were encoded where they were made: not the bytes of one run, but its frames at their times.
    ///
    /// # Errors
    /// Usage: something crosses its cuts; Input: takes are not there, or not encoded; whatever writing says.
    pub fn fast_join(&self, watch: Watch) -> Result<Summary> {
        self.complete()?;
        fast_join::join(&self.job, &self.store, (&self.destination, self.stream), watch)
    }

    /// Throws the takes away. Where somebody else works too, they are left to them.
    ///
    /// # Errors
    /// Output.
    pub fn clear(self) -> Result<()> {
        self.store.remove()
    }

    /// Refuses to join what isn't all there.
    fn complete(&self) -> Result<()> {
        let windows = self.missing();
        if windows.is_empty() {
            return Ok(());
        }
        let missing: Vec<Vec<Window>> =
            windows.chunk_by(|a, b| a.take == b.take).map(<[Window]>::to_vec).collect();
        let (count, all, folder) = (missing.len(), self.job.takes().len(), self.folder().display());
        let error = format!(
            "{count} of {all} takes in {folder} are not finished: {} windows are missing",
            windows.len()
        );
        Err(Error::input(error)
            .hint(format!("render the rest with --takes {}, and then join", list(&missing)))
            .hint(format!("`beatbolt status {folder}` says who works on them")))
    }
}

/// The numbers of takes, as people say them: `takes 3 to 5 and 9`.
fn numbers(takes: &[Vec<Window>]) -> String {
    let list = list(takes);
    let word = if list.contains(['.', ',']) { "takes" } else { "take" };
    format!("{word} {list}")
}

/// The numbers of takes, as they are typed: `3..5,9`.
fn list(takes: &[Vec<Window>]) -> String {
    let numbers: BTreeSet<usize> = takes.iter().flatten().map(|window| window.take).collect();
    let numbers: Vec<usize> = numbers.into_iter().collect();
    let said = |run: &[usize]| match run {
        [first, .., last] => format!("{first}..{last}"),
        [one] => one.to_string(),
        [] => String::new(),
    };
    numbers.chunk_by(|a, b| a + 1 == *b).map(said).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{WindowShape, plan};
    use crate::units::GeneratedFrame;

    fn takes() -> Vec<Vec<Window>> {
        let cuts = [10, 60, 70, 80].map(GeneratedFrame);
        let windows = plan(GeneratedFrame(0)..GeneratedFrame(130), 130, &cuts, WindowShape::DEFAULT);
        windows.chunk_by(|a, b| a.take == b.take).map(<[Window]>::to_vec).collect()
    }

    fn chosen(text: &str) -> Vec<usize> {
        let chosen = text.parse::<Selection>().unwrap().of(takes()).unwrap();
        chosen.iter().map(|take| take[0].take).collect()
    }

    #[test]
    fn takes_are_named_by_numbers_and_ranges_and_come_longest_first() {
        assert_eq!(chosen("all"), [1, 4, 0, 2, 3]);
        assert_eq!((chosen("2..4"), chosen("3"), chosen("0, 1..1,0")), (vec![4, 2, 3], vec![3], vec![1, 0]));
        for wrong in ["", "x", "5..3", "1..", "-1", "1...2"] {
            assert!(wrong.parse::<Selection>().is_err(), "{wrong}");
        }
        let error = "2..5".parse::<Selection>().unwrap().of(takes()).unwrap_err();
        assert!(error.to_string().contains("no take 5") && error.hints()[0].contains("0 to 4"), "{error:?}");
    }

    #[test]
    fn lists_are_said_as_they_are_typed() {
        let takes = takes();
        assert_eq!(list(&takes), "0..4");
        assert_eq!(list(&[takes[3].clone(), takes[0].clone(), takes[1].clone()]), "0..1,3");
        assert_eq!((numbers(&takes[2..3]), numbers(&takes[2..])), ("take 2".into(), "takes 2..4".into()));
    }
}
