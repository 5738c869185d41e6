//! The user's settings: `config.toml` in `beatbolt` under their configuration folder.
//!
//! ```toml
//! [models]
//! search = ["/data/ComfyUI", "~/models"]  # where models are looked for, beside the usual places
//! ```

use crate::bounded_read;
use crate::error::{Context, Error, Result};
use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// No such file comes near this size.
const MAX_BYTES: u64 = 1 << 18;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct UserConfig {
    pub models: ModelsConfig,
}

/// Where models are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ModelsConfig {
    /// Folders of ComfyUI, A1111 or Forge, or of models.
    pub search: Vec<PathBuf>,
}

impl UserConfig {
    /// The settings at `path`; none if there is no file. `~` is `home`.
    ///
    /// # Errors
    /// Usage: it can't be read or understood.
    pub fn read(path: &Path, home: Option<&Path>) -> Result<Self> {
        let unclear = || Error::usage(format!("{} can't be understood", path.display()));
        let text = match bounded_read::text(path, MAX_BYTES) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.context(unclear)?,
        };
        let mut config: UserConfig = toml::from_str(&text)
            .map_err(|e| unclear().because(e).hint("like:\n[models]\nsearch = [\"/data/ComfyUI\"]"))?;
        for folder in &mut config.models.search {
            if let (Ok(rest), Some(home)) = (folder.strip_prefix("~"), home) {
                *folder = home.join(rest);
            }
        }
        Ok(config)
    }
}

/// Where the user's settings lie; none where the environment tells no folder for them.
pub(super) fn path(variable: impl Fn(&str) -> Option<OsString>, home: Option<&Path>) -> Option<PathBuf> {
    user_folder(variable, home, ("XDG_CONFIG_HOME", ".config", "APPDATA")).map(|f| f.join("config.toml"))
}

/// Where the user's own models lie; none where the environment tells no folder for them.
pub(super) fn store(variable: impl Fn(&str) -> Option<OsString>, home: Option<&Path>) -> Option<PathBuf> {
    user_folder(variable, home, ("XDG_DATA_HOME", ".local/share", "LOCALAPPDATA")).map(|f| f.join("models"))
}

/// The program's folder in the one that the variable `unix` names, or `windows` there, or in `below` at home.
fn user_folder(
    variable: impl Fn(&str) -> Option<OsString>,
    home: Option<&Path>,
    (unix, below, windows): (&str, &str, &str),
) -> Option<PathBuf> {
    let name = if cfg!(windows) { windows } else { unix };
    let named = variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| Some(home?.join(below))).map(|folder| folder.join("beatbolt"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_and_mistakes_are_named() {
        let home = tempfile::tempdir().unwrap();
        let path = path(|_| None, Some(home.path())).unwrap();
        assert!(path.ends_with("beatbolt/config.toml"));
        assert_eq!(UserConfig::read(&path, None).unwrap(), UserConfig::default());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            UserConfig::read(&path, Some(home.path()))
        };
        let config = read("[models]\nsearch = ['/data/ComfyUI', '~/sd']").unwrap();
        assert_eq!(config.models.search, [PathBuf::from("/data/ComfyUI"), home.path().join("sd")]);
        assert_eq!(read("").unwrap(), UserConfig::default());
        for text in ["[models]\nserach = []", "[model]", "models = 3", "[models"] {
            let error = read(text).unwrap_err();
            assert!(error.to_string().contains("config.toml"), "{error}");
        }
    }
}
