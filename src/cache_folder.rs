//! The user's cache folder: what can be made again at any time, and may be deleted at any time.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::SystemTime;

/// Where the program keeps such things; none where the environment names no place.
pub fn cache_folder() -> Option<PathBuf> {
    folder_by(|name| std::env::var_os(name))
}

/// As [`cache_folder`], where this is the environment.
fn folder_by(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let below = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let caches = path("XDG_CACHE_HOME").or_else(|| Some(path("HOME")?.join(below)))?;
    Some(caches.join("beatbolt"))
}

/// What tells this build of the program from others: another one may hear and compute otherwise.
pub fn this_build() -> String {
    let program = std::env::current_exe().and_then(|path| path.metadata()).ok();
    let built = program.as_ref().and_then(|p| p.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok());
    format!("{} {:?} {built:?}", env!("CARGO_PKG_VERSION"), program.map(|p| p.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_users_cache() {
        let with = |pairs: &'static [(&str, &str)]| {
            folder_by(|name| pairs.iter().find(|p| p.0 == name).map(|p| OsString::from(p.1)))
        };
        assert_eq!(with(&[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")]), Some("/x/beatbolt".into()));
        assert!(with(&[("XDG_CACHE_HOME", ""), ("HOME", "/h")]).unwrap().starts_with("/h"));
        assert_eq!(with(&[]), None);
    }
}
