//! The user's cache folder: what can be made again at any time, and may be deleted at any time.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where the program keeps such things, by the environment; none where it names no place.
pub(super) fn cache_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let below = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let caches = path("XDG_CACHE_HOME").or_else(|| Some(path("HOME")?.join(below)))?;
    Some(caches.join("beatbolt"))
}
