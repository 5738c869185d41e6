//! Models by name: files in the folders in which people have them, beatbolt's own, ComfyUI's and A1111's.

use crate::error::{Error, Result, nearest};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A checkpoint in one file, or a folder in diffusers' layout.
    Model,
    /// A motion module in a file of its own.
    Motion,
}

/// Something that was found by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub path: PathBuf,
    /// Which of several was taken.
    pub note: Option<String>,
}

/// Endings of files of weights.
const ENDINGS: [&str; 5] = ["safetensors", "ckpt", "pt", "pth", "bin"];
/// Programs' folders in somebody's home.
const PROGRAMS: [&str; 4] =
    ["ComfyUI", "Documents/ComfyUI", "stable-diffusion-webui", "stable-diffusion-webui-forge"];
/// Folders inside each other in which is looked, at most.
const DEPTH: usize = 3;
/// Entries of folders that are looked at, at most.
const ENTRIES: usize = 20_000;

impl Wanted {
    /// What it is called.
    fn name(self) -> &'static str {
        match self {
            Wanted::Model => "model",
            Wanted::Motion => "motion module",
        }
    }

    fn option(self) -> &'static str {
        match self {
            Wanted::Model => "--model",
            Wanted::Motion => "--motion",
        }
    }

    /// Where such files are inside a program's folder, or the folder of its models.
    fn places(self) -> &'static [&'static str] {
        match self {
            Wanted::Model => &[
                "models/checkpoints",
                "models/diffusers",
                "models/Stable-diffusion",
                "checkpoints",
                "diffusers",
                "Stable-diffusion",
            ],
            Wanted::Motion => &[
                "models/animatediff_models",
                "custom_nodes/ComfyUI-AnimateDiff-Evolved/models",
                "custom_nodes/comfyui-animatediff-evolved/models",
                "extensions/sd-webui-animatediff/model",
                "animatediff_models",
            ],
        }
    }
}

/// Folders that may have models in them: `own`, first, and those of programs in the `home` of whoever runs this.
pub(super) fn roots(own: Vec<PathBuf>, home: Option<&Path>) -> Vec<PathBuf> {
    let programs = home.into_iter().flat_map(|home| PROGRAMS.map(|program| home.join(program)));
    own.into_iter().chain(programs).filter(|folder| folder.is_dir()).collect()
}

/// What `asked` means: itself where it is there, or else a name that is looked for in `roots`, first found first.
///
/// # Errors
/// Model: it isn't anywhere, with the nearest name that is.
pub(super) fn find(asked: &Path, wanted: Wanted, roots: &[PathBuf]) -> Result<Found> {
    let mut parts = asked.components();
    let alone = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
    if asked.exists() || !alone {
        return Ok(Found { path: asked.to_owned(), note: None });
    }
    let candidates = candidates(wanted, roots);
    let name = asked.to_string_lossy();
    let mut hits = candidates.iter().filter(|path| names(path).iter().any(|n| *n == name));
    let Some(first) = hits.next() else {
        return Err(missing(&name, wanted, &candidates));
    };
    let others: Vec<String> = hits.map(|path| path.display().to_string()).collect();
    let note = (!others.is_empty())
        .then(|| format!("{name}: {} was taken, {} was not", first.display(), others.join(", ")));
    Ok(Found { path: first.clone(), note })
}

fn missing(name: &str, wanted: Wanted, candidates: &[PathBuf]) -> Error {
    let (kind, option) = (wanted.name(), wanted.option());
    let error = Error::model(format!("there is no {kind} '{name}'"));
    let known: Vec<String> = candidates.iter().filter_map(|path| names(path).pop()).collect();
    let error = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {option} '{near}'?")),
        None => error,
    };
    error.hint(format!(
        "{option} takes a path, or a name that is looked for in BEATBOLT_MODELS and in the folders of ComfyUI and A1111"
    ))
}

/// Names that stand for the file or folder at `path`, the shortest last.
fn names(path: &Path) -> Vec<String> {
    let text = |name: Option<&std::ffi::OsStr>| name.map(|n| n.to_string_lossy().into_owned());
    let stem = if path.is_dir() { None } else { text(path.file_stem()) };
    [text(path.file_name()), stem].into_iter().flatten().collect()
}

/// Every file or folder that could be meant, in the order of the folders and by name.
fn candidates(wanted: Wanted, roots: &[PathBuf]) -> Vec<PathBuf> {
    let (mut found, mut left) = (Vec::new(), ENTRIES);
    for root in roots {
        // What lies directly in a root, and what lies anywhere in the places for it.
        walk(root, (wanted, 1), &mut left, &mut found);
        wanted
            .places()
            .iter()
            .for_each(|place| walk(&root.join(place), (wanted, DEPTH), &mut left, &mut found));
    }
    let mut seen = std::collections::BTreeSet::new();
    // The same file may be reached by two names where a file system doesn't tell cases apart, or by a link.
    found.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    found
}

fn walk(folder: &Path, (wanted, depth): (Wanted, usize), left: &mut usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().take(*left).map(|entry| entry.path()).collect();
    *left -= paths.len();
    paths.sort();
    for path in paths {
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        if path.is_dir() {
            if wanted == Wanted::Model && path.join("unet/config.json").is_file() {
                found.push(path);
            } else if depth > 1 {
                walk(&path, (wanted, depth - 1), left, found);
            }
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            found.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A home with ComfyUI and A1111 in it.
    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for path in [
            "ComfyUI/models/checkpoints/dreamshaper_8.safetensors",
            "ComfyUI/models/checkpoints/anime/toon.ckpt",
            "ComfyUI/models/checkpoints/notes.txt",
            "ComfyUI/models/animatediff_models/mm_sd_v15_v2.ckpt",
            "ComfyUI/custom_nodes/ComfyUI-AnimateDiff-Evolved/models/animatediff_lightning_4step.safetensors",
            "ComfyUI/models/diffusers/sd15/unet/config.json",
            "stable-diffusion-webui/models/Stable-diffusion/dreamshaper_8.safetensors",
        ] {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        home
    }

    fn look(home: &Path, name: &str, wanted: Wanted) -> Result<Found> {
        find(Path::new(name), wanted, &roots(Vec::new(), Some(home)))
    }

    #[test]
    fn names_are_found_where_comfyui_and_a1111_have_files() {
        let home = home();
        for (name, wanted, path) in [
            ("toon", Wanted::Model, "ComfyUI/models/checkpoints/anime/toon.ckpt"),
            ("toon.ckpt", Wanted::Model, "ComfyUI/models/checkpoints/anime/toon.ckpt"),
            ("sd15", Wanted::Model, "ComfyUI/models/diffusers/sd15"),
            ("mm_sd_v15_v2", Wanted::Motion, "ComfyUI/models/animatediff_models/mm_sd_v15_v2.ckpt"),
            (
                "animatediff_lightning_4step",
                Wanted::Motion,
                "ComfyUI/custom_nodes/ComfyUI-AnimateDiff-Evolved/models/animatediff_lightning_4step.safetensors",
            ),
        ] {
            let found = look(home.path(), name, wanted).unwrap();
            assert_eq!(found, Found { path: home.path().join(path), note: None }, "{name}");
        }
        let own = vec![home.path().join("ComfyUI/models")];
        let found = find(Path::new("toon"), Wanted::Model, &roots(own, None)).unwrap();
        assert!(found.path.ends_with("anime/toon.ckpt"), "the folder of models will do as well");
    }

    #[test]
    fn of_two_with_one_name_it_is_said_which_was_taken() {
        let home = home();
        let found = look(home.path(), "dreamshaper_8", Wanted::Model).unwrap();
        assert!(found.path.starts_with(home.path().join("ComfyUI")));
        let note = found.note.unwrap();
        assert!(note.contains("Stable-diffusion/dreamshaper_8.safetensors was not"), "{note}");
    }

    #[test]
    fn near_misses_are_suggested_and_paths_are_left_alone() {
        let home = home();
        let error = look(home.path(), "dreamshaper8", Wanted::Model).unwrap_err();
        assert!(error.hints()[0].contains("'dreamshaper_8'"), "{error:?}");
        let other = look(home.path(), "mm_sd_v15_v2", Wanted::Model).unwrap_err();
        assert!(other.to_string().contains("no model 'mm_sd_v15_v2'"), "a module is no model: {other}");
        for path in ["./toon", "models/toon", "../toon"] {
            let found = look(home.path(), path, Wanted::Model).unwrap();
            assert_eq!(found.path, Path::new(path), "opening it tells what is wrong with it");
        }
    }
}
