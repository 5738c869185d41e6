//! Fetching: a file comes in pieces, and gets its name when it is whole and is what was stated.
//!
//! Until then it grows under a hidden name beside its place, which holds the file's mark: what an interrupted fetch left is gone
//! on with where the mark is the same, and thrown away where it isn't. So a fetch may end at any byte.

use super::ask::{Failure, Remote, Stated};
use super::http::Answer;
use crate::atomic_file;
use crate::digest::{self, Digest};
use crate::error::{Context, Error, Result};
use crate::progress::{Flow, Progress};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Tries that bring nothing, at most, one after the other.
const TRIES: u32 = 5;
/// A piece of a file.
const BLOCK: usize = 1 << 17;
/// What progress is counted in, in bytes.
const MEGABYTE: u64 = 1_000_000;

/// Where a file goes, and what it must be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub path: &'a Path,
    /// Its SHA-256; none: what the hub states.
    pub sha256: Option<&'a str>,
    /// First wait before another try; each is twice as long as the one before.
    pub pause: Duration,
}

/// A file that was fetched.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fetched {
    /// Its SHA-256.
    pub sha256: String,
    /// Whether anybody had stated that.
    pub checked: bool,
}

/// How far a try came.
enum Came {
    /// The file is there.
    Through(Fetched),
    /// Something came, then it broke off.
    On(Failure),
}

/// Fetches `remote` to `target`.
///
/// # Errors
/// Model: the hub refuses, falls silent, or sends something else than it states. Output: it can't be written. Stopped.
pub(super) fn fetch(remote: &Remote<'_>, target: &Target<'_>, progress: &dyn Progress) -> Result<Fetched> {
    let mut idle = 0;
    loop {
        let failure = match attempt(remote, target, progress) {
            Ok(Came::Through(fetched)) => return Ok(fetched),
            Ok(Came::On(failure)) => {
                idle = 0;
                failure
            }
            Err(failure) => failure,
        };
        let (error, wait) = match failure {
            Failure::Final(error) => return Err(error),
            Failure::Passing(error, wait) => (error, wait),
        };
        idle += 1;
        if idle == TRIES {
            return Err(error.hint("what was downloaded is kept: the same command resumes"));
        }
        pause(wait.unwrap_or(target.pause * 2u32.pow(idle - 1)), progress)?;
    }
}

fn attempt(remote: &Remote<'_>, target: &Target<'_>, progress: &dyn Progress) -> Result<Came, Failure> {
    let stated = remote.stated()?;
    let Some(size) = stated.size else {
        return Err(remote.error("the server doesn't say how long it is".into()).into());
    };
    agreed(remote, target, &stated)?;
    let part = part_of(target.path, &stated);
    tidy(target.path, &part);
    let failed = || Error::output(format!("can't write {}", part.display())).hint("is the disk full?");
    let mut file = OpenOptions::new().create(true).append(true).open(&part).context(failed)?;
    let mut have = file.metadata().context(failed)?.len();
    if have > size {
        file.set_len(0).context(failed)?;
        have = 0;
    }
    if have < size {
        room(target.path, size - have)?;
        progress.stage("fetch, MB", size.div_ceil(MEGABYTE));
        let (answer, now) = remote.open(have)?;
        if now.etag.is_some() && now.etag != stated.etag {
            let error = remote.error("it changed while it was fetched".into());
            return Err(Failure::Passing(error, None));
        }
        if let Some(from) = begins(&answer, size) {
            if from != have {
                file.set_len(0).context(failed)?;
                have = 0;
            }
            if from > have {
                return Err(Failure::Passing(
                    remote.error("another part was sent than asked for".into()),
                    None,
                ));
            }
        } else {
            file.set_len(0).context(failed)?;
            return Err(Failure::Passing(remote.error("the asked part isn't there".into()), None));
        }
        let came = copy(answer.body, &mut file, (have, size), progress)?;
        if let Some(broke) = came.broke {
            let failure = Failure::Passing(remote.error(broke), None);
            return if came.bytes > 0 { Ok(Came::On(failure)) } else { Err(failure) };
        }
    }
    drop(file);
    finish(remote, target, (&part, &stated), progress).map(Came::Through).map_err(Failure::Final)
}

/// What the hub states and what is known of the file by its name must agree.
fn agreed(remote: &Remote<'_>, target: &Target<'_>, stated: &Stated) -> Result<()> {
    match (target.sha256, stated.sha256()) {
        (Some(known), Some(theirs)) if known != theirs => Err(remote
            .error(format!("the hub states SHA-256 {theirs}, and the file that is meant has {known}"))
            .hint("to take it as it is now, name it as REPO:FILE")),
        _ => Ok(()),
    }
}

/// Where the bytes of an answer begin in a file of `size` bytes; none where they are of another file.
fn begins(answer: &Answer, size: u64) -> Option<u64> {
    if answer.status == 200 {
        return Some(0);
    }
    let range = answer.header("content-range").filter(|_| answer.status == 206)?;
    let (from, rest) = range.trim().strip_prefix("bytes ")?.split_once('-')?;
    let whole = rest.split_once('/')?.1;
    (whole == "*" || whole.parse() == Ok(size)).then_some(())?;
    from.parse().ok()
}

/// What came of an answer.
struct Copied {
    bytes: u64,
    /// Why it isn't all.
    broke: Option<String>,
}

fn copy(
    mut body: Box<dyn Read>,
    file: &mut File,
    (have, size): (u64, u64),
    progress: &dyn Progress,
) -> Result<Copied> {
    let mut block = vec![0; BLOCK];
    let mut bytes = 0;
    loop {
        let broke = match body.read(&mut block) {
            Ok(0) if have + bytes == size => None,
            Ok(0) => Some(format!("it broke off after {} of {size} bytes", have + bytes)),
            Ok(n) if (n as u64) > size - have - bytes => {
                return Err(Error::model(format!("more than the stated {size} bytes are sent")));
            }
            Ok(n) => {
                file.write_all(&block[..n]).context(|| {
                    Error::output("can't write what is fetched")
                        .hint("is the disk full? What was downloaded is kept: the same command resumes")
                })?;
                bytes += n as u64;
                flow(progress.advance((have + bytes) / MEGABYTE))?;
                continue;
            }
            Err(e) => Some(e.to_string()),
        };
        return Ok(Copied { bytes, broke });
    }
}

/// Checks the whole file and gives it its name.
fn finish(
    remote: &Remote<'_>,
    target: &Target<'_>,
    (part, stated): (&Path, &Stated),
    progress: &dyn Progress,
) -> Result<Fetched> {
    let sha256 = digest_of(part, progress)?;
    let wanted = target.sha256.or(stated.sha256());
    if let Some(wanted) = wanted.filter(|wanted| **wanted != sha256) {
        fs::remove_file(part).context(|| Error::output(format!("can't remove {}", part.display())))?;
        return Err(remote
            .error(format!("its SHA-256 is {sha256}, and {wanted} was stated: what came was thrown away"))
            .hint("try again; if it stays so, the file on the hub isn't what it says"));
    }
    let failed = || Error::output(format!("can't write {}", target.path.display()));
    atomic_file::publish(part, target.path).context(failed)?;
    Ok(Fetched { sha256, checked: wanted.is_some() })
}

/// SHA-256 of the file at `path`.
///
/// # Errors
/// Input: it can't be read. Stopped.
pub fn digest_of(path: &Path, progress: &dyn Progress) -> Result<String> {
    let failed = || Error::input(format!("can't read {}", path.display()));
    let mut file = File::open(path).context(failed)?;
    let size = file.metadata().context(failed)?.len();
    progress.stage("check, MB", size.div_ceil(MEGABYTE));
    let (mut digest, mut block, mut done) = (Digest::default(), vec![0; BLOCK], 0);
    loop {
        match file.read(&mut block).context(failed)? {
            0 => return Ok(digest.finish()),
            n => digest.update(&block[..n]),
        }
        done += BLOCK as u64;
        flow(progress.advance(done.min(size) / MEGABYTE))?;
    }
}

/// The hidden name under which a file with this mark grows.
fn part_of(target: &Path, stated: &Stated) -> PathBuf {
    let mut digest = digest::Digest::default();
    digest.update(format!("{:?} {:?}", stated.etag, stated.size));
    let mut name = std::ffi::OsString::from(parts_of(target));
    name.push(&digest.finish()[..16]);
    target.with_file_name(name)
}

/// What the hidden names of all parts of `target` begin with.
fn parts_of(target: &Path) -> String {
    format!(".{}.fetch-", target.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes what was left of the file as it was before it changed.
fn tidy(target: &Path, part: &Path) {
    let folder = target.parent().map(fs::read_dir);
    for entry in folder.into_iter().flatten().flatten().flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(&parts_of(target)) && path != part {
            // It is only in the way of space.
            let _ = fs::remove_file(path);
        }
    }
}

/// There must be room for `bytes` more beside `target`.
fn room(target: &Path, bytes: u64) -> Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    // Where the system doesn't tell, writing will.
    let Ok(free) = fs4::available_space(folder) else { return Ok(()) };
    if free >= bytes {
        return Ok(());
    }
    let size = |n: u64| match n {
        0..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.2} GB", n as f64 / 1e9),
    };
    Err(Error::output(format!("{} are needed in {}, {} are free", size(bytes), folder.display(), size(free)))
        .hint("make room, or name another folder with --to"))
}

fn flow(flow: Flow) -> Result<()> {
    match flow {
        Flow::Continue => Ok(()),
        Flow::Stop => Err(Error::new(crate::error::ErrorKind::Stopped, "stopped")
            .hint("what was downloaded is kept: the same command resumes")),
    }
}

/// Waits, and hears in between whether it is to stop.
fn pause(wait: Duration, progress: &dyn Progress) -> Result<()> {
    let begun = Instant::now();
    while let Some(left) = wait.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
        std::thread::sleep(left.min(Duration::from_millis(100)));
        flow(progress.advance(0))?;
    }
    Ok(())
}
