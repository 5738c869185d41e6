//! Fast joins: takes are encoded where they are made, and what was encoded is copied into one file. The film is not that of one run
//! to the byte, but to its frames and their times; and nothing may cross its cuts.

use super::destination::Destination;
use super::render::with_spec;
use crate::digest::Digest;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::progress::Flow;
use crate::render;
use crate::render::{Job, Summary, Watch, Window, WorkFolder};
use crate::score::ParamId;
use crate::units::FrameIndex;
use crate::video::{EncodedTake, Profile, Quality, VideoSpec, Writer, coding_key, splice};
use std::path::Path;

/// Digits of a key in a file's name.
const DIGITS: usize = 16;

/// Refuses films that can't be joined so.
///
/// # Errors
/// Usage: its profile makes no video that can be copied, or a transition crosses a cut.
pub fn check(job: &Job, profile: Profile) -> Result<()> {
    let refused =
        |why: String| Error::usage(why).hint("join without --fast-join: it encodes the film as a whole");
    if matches!(profile, Profile::Gif | Profile::Png) {
        return Err(refused(format!(
            "what is written as {} can't be put together from takes",
            profile.name()
        )));
    }
    let value = |id, frame| job.timeline.value(id, frame) > 0.0;
    let starts =
        job.takes().into_iter().skip(1).filter_map(|take| take.first().map(|first| first.take_start));
    let crossed = starts
        .into_iter()
        .find(|cut| [ParamId::CutDissolve, ParamId::CutWipe].iter().any(|id| value(*id, *cut)));
    match crossed {
        None => Ok(()),
        Some(cut) => Err(refused(format!(
            "at {} a dissolve or wipe shows the take before, which a take that is encoded alone doesn't have",
            job.timeline.fps.start_of(cut)
        ))),
    }
}

/// Encodes those of `takes` whose pictures are all there, as far as nobody else does.
///
/// # Errors
/// As [`check`]; Output.
pub fn encode(
    job: &Job,
    store: &WorkFolder,
    profile: Profile,
    takes: &[Vec<Window>],
    watch: Watch,
) -> Result<()> {
    check(job, profile)?;
    let is_there = |take: &&Vec<Window>| take.iter().all(|window| store.has_pictures(window));
    for take in takes.iter().filter(is_there) {
        let Some(first) = take.first() else { continue };
        let path = store.encoded(first.take_start, &key(job, profile)?);
        if path.is_file() {
            continue;
        }
        let render::Claim::Ours(_held) = store.claim(first.take_start, None)? else { continue };
        watch.progress.stage("encoding", 0);
        let mut writer = Writer::create(&spec(job, profile, &path))?;
        render::encode_take(job, take, store, &mut writer)?;
        writer.finish()?;
    }
    Ok(())
}

/// Puts the encoded takes of `job` together.
///
/// # Errors
/// As [`check`]; Input: takes are not encoded, or damaged; whatever writing says.
pub fn join(
    job: &Job,
    store: &WorkFolder,
    (destination, stream): (&Destination, Option<usize>),
    watch: Watch,
) -> Result<Summary> {
    let profile = destination.profile;
    check(job, profile)?;
    let (key, end) = (key(job, profile)?, job.part().end);
    let mut takes = Vec::new();
    for take in job.takes() {
        let Some(first) = take.first() else { continue };
        let path = store.encoded(first.take_start, &key);
        if !path.is_file() {
            let error = Error::input(format!("take {} is not encoded for this video", first.take));
            return Err(error
                .hint(format!(
                    "render it with --takes {} --encode and the same options, then join",
                    first.take
                ))
                .hint("or join without --fast-join"));
        }
        takes.push(EncodedTake { path, frames: first.take_end.min(end) - first.take_start });
    }
    watch.progress.stage("joining", job.settings.frames);
    let mut told = |frames: FrameIndex| match watch.progress.advance(frames) {
        Flow::Stop => Err(Error::new(ErrorKind::Stopped, "stopped; the takes are kept")),
        Flow::Continue => Ok(()),
    };
    let guard = job.settings.flash_guard;
    with_spec(job, destination, stream, |spec| splice(spec, &takes, guard, &mut told))?;
    let windows = job.windows().len();
    Ok(Summary { frames: job.settings.frames, windows, restored: windows })
}

fn spec<'a>(job: &Job, profile: Profile, path: &'a Path) -> VideoSpec<'a> {
    let (size, fps, quality) = (job.settings.picture, job.timeline.fps, Quality::default());
    VideoSpec { path, size, fps, profile, quality, sound: None, job: "{}" }
}

/// What the bytes of an encoded take depend on.
fn key(job: &Job, profile: Profile) -> Result<String> {
    let settings = serde_json::to_vec(&job.settings)
        .context(|| Error::internal("the settings can't be written down"))?;
    let mut digest = Digest::default();
    digest.update(settings);
    digest.update(coding_key(&spec(job, profile, Path::new("take.mkv")))?);
    let mut key = digest.finish();
    key.truncate(DIGITS);
    Ok(key)
}
