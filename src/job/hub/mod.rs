//! Hubs: files of models fetched from where they are published, as Hugging Face's hub and its mirrors do it.
//!
//! ```text
//! NAME or REPO:FILE ─► HubFile ─► ask: what is stated ─► fetch: piece by piece, checked ─► its place
//! ```
//!
//! The environment says what it says to Hugging Face's own tools: `HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME`, `HF_HUB_CACHE`,
//! `HF_HUB_OFFLINE`.

mod address;
mod ask;
mod fetch;
mod file;
mod http;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;

pub use file::{HubFile, KNOWN, Known};

pub(super) use fetch::digest_of;

use self::address::{Address, escaped};
use self::ask::Remote;
use self::fetch::Target;
use self::http::Http;
use crate::atomic_file;
use crate::error::{Context, Error, Result};
use crate::file_lock::FileLock;
use crate::progress::Progress;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where files are asked for, unless the environment says otherwise.
const ENDPOINT: &str = "https://huggingface.co";

/// A hub, and how it is to be asked.
#[derive(Debug)]
pub struct Hub {
    endpoint: Address,
    token: Option<String>,
    /// Whether nothing may be asked for.
    offline: bool,
    /// Where Hugging Face's own tools keep what they fetched.
    cache: Option<PathBuf>,
    /// First wait before another try.
    pause: Duration,
}

/// A file that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// Where.
    pub path: PathBuf,
    /// Whether it had to be fetched.
    pub fetched: bool,
    /// Its SHA-256, where it was fetched.
    pub sha256: Option<String>,
    /// Whether that was stated by the hub, or known, and is the same.
    pub checked: bool,
}

impl Hub {
    /// The hub that the environment names.
    ///
    /// # Errors
    /// Usage: `HF_ENDPOINT` is no address.
    pub fn of_environment() -> Result<Self> {
        Self::of(|name| std::env::var_os(name))
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let text = |name: &str| {
            let value = variable(name)?.to_string_lossy().trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        let endpoint = text("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        let endpoint = Address::parse(endpoint.trim_end_matches('/')).ok_or_else(|| {
            Error::usage(format!("HF_ENDPOINT is '{endpoint}', which is no address"))
                .hint(format!("like {ENDPOINT}"))
        })?;
        let home = text("HF_HOME").map(PathBuf::from).or_else(|| {
            let caches = text("XDG_CACHE_HOME").map(PathBuf::from);
            Some(caches.or_else(|| Some(std::env::home_dir()?.join(".cache")))?.join("huggingface"))
        });
        let kept = |home: &PathBuf| {
            let token = crate::bounded_read::text(&home.join("token"), 4096).ok()?;
            Some(token.trim().to_owned()).filter(|token| !token.is_empty())
        };
        let yes = |value: String| ["1", "ON", "YES", "TRUE"].contains(&value.to_uppercase().as_str());
        Ok(Hub {
            endpoint,
            token: text("HF_TOKEN").or_else(|| home.as_ref().and_then(kept)),
            offline: text("HF_HUB_OFFLINE").is_some_and(yes),
            cache: text("HF_HUB_CACHE").map(PathBuf::from).or_else(|| Some(home?.join("hub"))),
            pause: Duration::from_secs(1),
        })
    }

    /// Folders in which files lie that Hugging Face's own tools fetched, the newest of each repository.
    pub(super) fn cached(&self) -> Vec<PathBuf> {
        let entries = self.cache.as_deref().map(fs::read_dir).into_iter().flatten().flatten();
        let mut repositories: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        repositories.sort();
        repositories.into_iter().filter_map(|folder| snapshot(&folder, "main")).collect()
    }

    /// The file, as Hugging Face's own tools fetched it.
    fn in_cache(&self, file: &HubFile) -> Option<PathBuf> {
        let folder = format!("models--{}", file.repo().replace('/', "--"));
        let snapshot = snapshot(&self.cache.as_ref()?.join(folder), file.revision())?;
        Some(snapshot.join(file.path())).filter(|path| path.is_file())
    }

    /// Fetches `file` into `folder`, unless it is there or in the cache of Hugging Face's own tools.
    ///
    /// # Errors
    /// Model: the hub refuses, falls silent, or sends something else than it states; or nothing may be asked for. Output: it
    /// can't be written, or another file has its name. Stopped.
    pub fn pull(&self, file: &HubFile, folder: &Path, progress: &dyn Progress) -> Result<Pulled> {
        let target = folder.join(file.name());
        let there = |path| Pulled { path, fetched: false, sha256: None, checked: false };
        if target.is_file() {
            return same(file, &target, progress).map(|()| there(target));
        }
        if let Some(path) = self.in_cache(file) {
            return Ok(there(path));
        }
        if self.offline {
            return Err(Error::model(format!("{} isn't on this computer", file.name()))
                .hint("HF_HUB_OFFLINE is set: unset it to download the file"));
        }
        let failed = || Error::output(format!("can't write into {}", folder.display()));
        fs::create_dir_all(folder).context(failed)?;
        let lock = FileLock::exclusive(&atomic_file::lock_of(&target)).context(failed)?;
        let Some(_lock) = lock.map(FileLock::fleeting) else {
            return Err(Error::output(format!("{} is being fetched already", target.display()))
                .hint("wait for the other one"));
        };
        let (base, path) = (&self.endpoint.path, escaped(file.path()));
        let path = format!(
            "{}/{}/resolve/{}/{path}",
            base.trim_end_matches('/'),
            file.repo(),
            escaped(file.revision())
        );
        let remote = Remote {
            http: &Http::new(),
            address: Address { origin: self.endpoint.origin.clone(), path },
            token: self.token.as_deref(),
        };
        let sha256 = file.sha256();
        let fetched = fetch::fetch(&remote, &Target { path: &target, sha256, pause: self.pause }, progress)?;
        note_digest(&target, &fetched.sha256).context(failed)?;
        let (sha256, checked) = (Some(fetched.sha256), fetched.checked);
        Ok(Pulled { path: target, fetched: true, sha256, checked })
    }
}

/// The folder that a repository's revision lies in, in the cache of Hugging Face's own tools.
fn snapshot(repository: &Path, revision: &str) -> Option<PathBuf> {
    let commit = crate::bounded_read::text(&repository.join("refs").join(revision), 256).ok();
    let commit = commit.map_or_else(|| revision.to_owned(), |commit| commit.trim().to_owned());
    let plain = !commit.is_empty() && commit.bytes().all(|b| b.is_ascii_alphanumeric());
    let folder = repository.join("snapshots").join(commit);
    (plain && folder.is_dir()).then_some(folder)
}

/// A file that is there must be the one that is meant, as far as that is known.
fn same(file: &HubFile, target: &Path, progress: &dyn Progress) -> Result<()> {
    let Some(known) = file.sha256() else { return Ok(()) };
    let found = digest_of(target, progress)?;
    if found == known {
        return Ok(());
    }
    Err(Error::output(format!("{} is there, but its SHA-256 is {found}, not {known}", target.display()))
        .hint("remove it and fetch it again, or name another folder with --to"))
}

/// Where the SHA-256 of the file at `path` is noted, as `sha256sum --check` reads it.
pub(super) fn note_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".sha256");
    path.with_file_name(name)
}

fn note_digest(path: &Path, sha256: &str) -> std::io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    atomic_file::put(&note_of(path), format!("{sha256}  {name}\n").as_bytes())
}
