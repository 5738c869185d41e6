//! The user's cache folder: what can be made again at any time, and may be deleted at any time.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::SystemTime;

/// Where the program keeps such things, by the environment; none where it names no place.
pub(super) fn cache_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let below = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let caches = path("XDG_CACHE_HOME").or_else(|| Some(path("HOME")?.join(below)))?;
    Some(caches.join("beatbolt"))
}

/// What tells this build of the program from others: another one may hear and compute otherwise.
pub(super) fn this_build() -> String {
    let program = std::env::current_exe().and_then(|path| path.metadata()).ok();
    let built = program.as_ref().and_then(|p| p.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok());
    format!("{} {:?} {built:?}", env!("CARGO_PKG_VERSION"), program.map(|p| p.len()))
}
