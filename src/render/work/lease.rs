//! Leases: who makes a take, also where the drive knows no locks: a file that one alone makes, and writes anew every few
//! seconds for as long as it works.
//!
//! Whether somebody is still there is told by what the file holds, by the watcher's own clock: machines' clocks differ. A
//! lease of this machine whose lock is free belongs to a process that has ended, and is taken at once.
//!
//! That two believe to have a take may still happen, after a drive has stood still for longer than [`Pace::patience`]. It costs
//! work, not pictures: both write the same bytes, each file as a whole, and who sees the other's lease lets the take be.

use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::system;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A lease is some hundred bytes.
const MOST_BYTES: u64 = 4096;
/// How often a file is tried that comes and goes.
const TRIES: usize = 100;
/// Distinguishes leases of one process.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Who has a take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its computer; empty where that has no name.
    pub host: String,
    /// Its process there.
    pub process: u32,
    /// When it began, so that a process that comes by the same number is another.
    began: u128,
    number: u64,
    /// How often it has given a sign.
    beat: u64,
}

impl Holder {
    fn new() -> Self {
        let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let (host, process) = (system::host().unwrap_or_default(), std::process::id());
        Holder { host, process, began, number: COUNT.fetch_add(1, Ordering::Relaxed), beat: 0 }
    }

    /// Whether both are the same, at whatever moment.
    fn is(&self, other: &Holder) -> bool {
        Holder { beat: 0, ..self.clone() } == Holder { beat: 0, ..other.clone() }
    }

    fn is_here(&self) -> bool {
        !self.host.is_empty() && system::host().is_some_and(|host| host == self.host)
    }
}

impl std::fmt::Display for Holder {
    /// Like `node7 (process 4711)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = if self.host.is_empty() { "a computer without a name" } else { &self.host };
        write!(f, "{host} (process {})", self.process)
    }
}

/// How often signs are given, and how long one is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two signs.
    pub beat: Duration,
    /// After so long without one a holder counts as gone.
    pub patience: Duration,
}

impl Default for Pace {
    /// Six signs may be lost on the way.
    fn default() -> Self {
        Pace { beat: Duration::from_secs(5), patience: Duration::from_secs(30) }
    }
}

/// A take that is held until this is dropped.
#[derive(Debug)]
pub struct Lease {
    path: PathBuf,
    holder: Holder,
    lost: Arc<AtomicBool>,
    heart: Option<(Sender<()>, JoinHandle<()>)>,
}

/// What became of asking for a lease.
#[derive(Debug)]
pub enum Asked {
    /// It is ours.
    Got(Lease),
    /// Somebody works there.
    Held(Holder),
    /// Somebody has it who may be gone: only who waits can tell.
    Unsure(Holder),
}

impl Lease {
    /// Asks for the lease at `path`. `locked`: the caller holds a lock that keeps out everybody of this machine. `wait`
    /// waits so long, or ends the asking; without it nobody is waited for.
    ///
    /// # Errors
    /// Output: the file can't be made; whatever `wait` says.
    pub fn ask(
        path: &Path,
        locked: bool,
        pace: Pace,
        wait: Option<&dyn Fn(Duration) -> Result<()>>,
    ) -> Result<Asked> {
        let failed = || {
            Error::output(format!("can't write {}", path.display()))
                .hint("choose a folder with free space and permission to write")
        };
        for _ in 0..TRIES {
            if let Some(lease) = Self::make(path, pace).context(failed)? {
                return Ok(Asked::Got(lease));
            }
            let Some(seen) = look(path).context(failed)? else { continue };
            let holder = seen.holder.clone();
            if !(locked && holder.as_ref().is_some_and(Holder::is_here)) {
                // Whoever has just made the file has not said yet who it is.
                let unknown = || Holder { host: String::new(), process: 0, began: 0, number: 0, beat: 0 };
                let Some(wait) = wait else { return Ok(Asked::Unsure(holder.unwrap_or_else(unknown))) };
                match watched(path, &seen, pace, wait)? {
                    Watched::Silent => {}
                    Watched::Moved(Some(holder)) => return Ok(Asked::Held(holder)),
                    Watched::Moved(None) | Watched::Gone => continue,
                }
            }
            take_away(path, &seen).context(failed)?;
        }
        Err(failed().because("others make and remove it all the time"))
    }

    /// Whether somebody else has taken it, because this one gave no sign for too long.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// The lease, if nobody has it.
    fn make(path: &Path, pace: Pace) -> io::Result<Option<Self>> {
        let made = File::options().write(true).create_new(true).open(path);
        let mut file = match made {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok(None),
            Err(e) => return Err(e),
        };
        let holder = Holder::new();
        if let Err(e) = write(&mut file, &holder) {
            // Left empty it would keep everybody waiting.
            let _ = fs::remove_file(path);
            return Err(e);
        }
        let lost = Arc::new(AtomicBool::new(false));
        let (end, ended) = channel::<()>();
        let heart = std::thread::Builder::new().name("lease".to_owned()).spawn({
            let (path, mut holder, lost) = (path.to_owned(), holder.clone(), Arc::clone(&lost));
            move || {
                while ended.recv_timeout(pace.beat) == Err(RecvTimeoutError::Timeout) {
                    match beat(&path, &mut file, &mut holder) {
                        Ok(true) => {}
                        Ok(false) => return lost.store(true, Ordering::Relaxed),
                        // A full disk or a drive that is away: the next sign may come through.
                        Err(_) => {}
                    }
                }
            }
        })?;
        Ok(Some(Lease { path: path.to_owned(), holder, lost, heart: Some((end, heart)) }))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some((end, heart)) = self.heart.take() {
            drop(end);
            let _ = heart.join();
        }
        let own = |seen: Seen| seen.holder.is_some_and(|holder| holder.is(&self.holder));
        if look(&self.path).ok().flatten().is_some_and(own) {
            // Nobody is left to be told; what stays behind counts as gone after a while.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes another sign into our file, wherever that is by now; false: what lies at `path` is another's.
fn beat(path: &Path, file: &mut File, holder: &mut Holder) -> io::Result<bool> {
    if !look(path)?.and_then(|seen| seen.holder).is_some_and(|there| there.is(holder)) {
        return Ok(false);
    }
    holder.beat += 1;
    write(file, holder)?;
    Ok(true)
}

/// Writes over what is in `file`, which only gets longer, so that whoever reads it sees something.
fn write(file: &mut File, holder: &Holder) -> io::Result<()> {
    let mut text = serde_json::to_vec(holder)?;
    text.push(b'\n');
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&text)?;
    file.sync_data()
}

/// A lease's file as it was seen.
#[derive(Debug, PartialEq)]
struct Seen {
    bytes: Vec<u8>,
    /// None where it can't be understood.
    holder: Option<Holder>,
}

/// The lease at `path`; none if there is none.
fn look(path: &Path) -> io::Result<Option<Seen>> {
    match bounded_read::bytes(path, MOST_BYTES) {
        Ok(bytes) => {
            let holder = serde_json::from_slice(&bytes).ok();
            Ok(Some(Seen { bytes, holder }))
        }
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Who has the lease at `path`, and how long ago they last gave a sign, by the drive's clock and this machine's.
pub fn holder_of(path: &Path) -> Option<(Holder, Duration)> {
    let holder = look(path).ok()??.holder?;
    let written = fs::metadata(path).and_then(|found| found.modified()).ok()?;
    Some((holder, SystemTime::now().duration_since(written).unwrap_or_default()))
}

enum Watched {
    /// Nothing has changed.
    Silent,
    /// It has.
    Moved(Option<Holder>),
    /// It is there no more.
    Gone,
}

/// Watches a lease for as long as a sign may take.
fn watched(path: &Path, seen: &Seen, pace: Pace, wait: &dyn Fn(Duration) -> Result<()>) -> Result<Watched> {
    let step = pace.beat / 5;
    let mut waited = Duration::ZERO;
    while waited < pace.patience {
        wait(step)?;
        waited += step;
        let now = look(path).context(|| Error::output(format!("can't read {}", path.display())))?;
        match now {
            None => return Ok(Watched::Gone),
            Some(now) if now != *seen => return Ok(Watched::Moved(now.holder)),
            Some(_) => {}
        }
    }
    Ok(Watched::Silent)
}

/// Takes away the lease at `path` if it is still what was `seen`. Of several who do so one comes first; the others then have
/// a new lease in their hands, and put it back.
fn take_away(path: &Path, seen: &Seen) -> io::Result<()> {
    let mine =
        path.with_extension(format!("gone-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    match fs::rename(path, &mine) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        renamed => renamed?,
    }
    let wrong = look(&mine)?.is_some_and(|now| now != *seen);
    if wrong {
        // A link does not replace what has come there since; its holder sees that and lets the take be.
        let _ = fs::hard_link(&mine, path);
    }
    fs::remove_file(&mine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Nobody gives a sign while a test runs.
    const NEVER: Pace = Pace { beat: Duration::from_secs(3600), patience: Duration::from_secs(7200) };

    fn got(asked: Result<Asked>) -> Lease {
        match asked.unwrap() {
            Asked::Got(lease) => lease,
            other => panic!("{other:?}"),
        }
    }

    /// A lease of another machine.
    fn foreign(beat: u64) -> Vec<u8> {
        let holder = Holder { host: "node7".into(), process: 1, began: 1, number: 0, beat };
        serde_json::to_vec(&holder).unwrap()
    }

    #[test]
    fn one_has_it_and_it_goes_with_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease");
        let lease = got(Lease::ask(&path, false, NEVER, None));
        let (holder, _) = holder_of(&path).unwrap();
        assert_eq!((holder.process, holder.is_here()), (std::process::id(), true));
        assert!(
            matches!(Lease::ask(&path, false, NEVER, None).unwrap(), Asked::Unsure(other) if other.is(&holder))
        );
        drop(lease);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn one_of_this_machine_without_its_lock_is_taken_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease");
        let dead = got(Lease::ask(&path, true, NEVER, None));
        let alive = got(Lease::ask(&path, true, NEVER, None));
        // Whoever comes back finds another's lease, and leaves it alone.
        let mut file = File::options().write(true).open(&path).unwrap();
        assert!(!beat(&path, &mut file, &mut dead.holder.clone()).unwrap());
        drop(dead);
        assert!(holder_of(&path).unwrap().0.is(&alive.holder));
    }

    #[test]
    fn who_gives_a_sign_is_let_be_and_who_gives_none_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease");
        let pace = Pace { beat: Duration::from_secs(5), patience: Duration::from_secs(30) };
        fs::write(&path, foreign(3)).unwrap();
        let waited = Cell::new(Duration::ZERO);
        let wait = |time: Duration| {
            waited.set(waited.get() + time);
            if waited.get() > Duration::from_secs(4) {
                fs::write(&path, foreign(4)).unwrap();
            }
            Ok(())
        };
        assert!(
            matches!(Lease::ask(&path, true, pace, Some(&wait)).unwrap(), Asked::Held(h) if h.host == "node7")
        );
        assert_eq!(waited.get(), Duration::from_secs(5));
        let silence = Cell::new(Duration::ZERO);
        let wait = |time: Duration| {
            silence.set(silence.get() + time);
            Ok(())
        };
        drop(got(Lease::ask(&path, true, pace, Some(&wait))));
        assert_eq!(silence.get(), pace.patience);
        // What nobody can read is somebody's who has just come, or nobody's.
        fs::write(&path, "").unwrap();
        assert!(matches!(Lease::ask(&path, true, pace, None).unwrap(), Asked::Unsure(_)));
        drop(got(Lease::ask(&path, true, pace, Some(&wait))));
    }

    #[test]
    fn who_comes_late_puts_a_new_lease_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease");
        fs::write(&path, foreign(3)).unwrap();
        let seen = look(&path).unwrap().unwrap();
        take_away(&path, &seen).unwrap();
        let lease = got(Lease::ask(&path, true, NEVER, None));
        take_away(&path, &seen).unwrap();
        assert!(holder_of(&path).unwrap().0.is(&lease.holder));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
