//! The user's folders: the cache, of what can be made again at any time and may be deleted at any time, and the state.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where the program keeps what can be made again; none where the environment names no place.
pub fn cache_folder() -> Option<PathBuf> {
    let below = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    folder_by(|name| std::env::var_os(name), "XDG_CACHE_HOME", below)
}

/// Where the program keeps what a person made and hasn't saved; none where the environment names no place.
pub fn state_folder() -> Option<PathBuf> {
    let below = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" };
    folder_by(|name| std::env::var_os(name), "XDG_STATE_HOME", below)
}

/// The program's folder in that which the variable `named` names, or else in that `below` the user's home, where this is the environment.
fn folder_by(variable: impl Fn(&str) -> Option<OsString>, named: &str, below: &str) -> Option<PathBuf> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = path(named).or_else(|| Some(path("HOME")?.join(below)))?;
    Some(folder.join("beatbolt"))
}

/// What tells this build of the program from others: another one may hear and compute otherwise.
pub fn this_build() -> String {
    let program = std::env::current_exe().and_then(|path| path.metadata()).ok();
    let built = program.as_ref().and_then(|p| p.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok());
    format!("{} {:?} {built:?}", env!("CARGO_PKG_VERSION"), program.map(|p| p.len()))
}

/// Removes the oldest files of `folder` until the rest has no more bytes than `most`. What can't be removed stays: a cache is
/// never in the way.
pub fn prune(folder: &Path, most: u64) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let file = |entry: fs::DirEntry| {
        let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some((metadata.modified().ok()?, metadata.len(), entry.path()))
    };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries.flatten().filter_map(file).collect();
    files.sort();
    let mut sum: u64 = files.iter().map(|f| f.1).sum();
    for (_, size, path) in files {
        if sum <= most {
            break;
        }
        sum -= size;
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_users_cache() {
        let with = |pairs: &'static [(&str, &str)]| {
            folder_by(
                |name| pairs.iter().find(|p| p.0 == name).map(|p| OsString::from(p.1)),
                "XDG_CACHE_HOME",
                ".cache",
            )
        };
        assert_eq!(with(&[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")]), Some("/x/beatbolt".into()));
        assert!(with(&[("XDG_CACHE_HOME", ""), ("HOME", "/h")]).unwrap().starts_with("/h"));
        assert_eq!(with(&[]), None);
    }

    #[test]
    fn the_oldest_go_first() {
        let home = tempfile::tempdir().unwrap();
        for (i, name) in ["old", "new"].into_iter().enumerate() {
            let file = fs::File::create(home.path().join(name)).unwrap();
            file.set_len(999).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(i as u64 + 1)).unwrap();
        }
        fs::create_dir(home.path().join("folder")).unwrap();
        prune(home.path(), 1000);
        assert!(!home.path().join("old").exists() && home.path().join("new").exists());
        assert!(home.path().join("folder").is_dir());
    }
}
