//! Models by name: files in the folders in which people have them, beatbolt's own, ComfyUI's and A1111's.

use super::comfy_paths::{self, KindFolder};
use crate::bounded_read;
use crate::error::{Error, Result, nearest};
use crate::progress::Progress;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A checkpoint in one file, or a folder in diffusers' layout.
    Model,
    /// A motion module in a file of its own.
    Motion,
    /// An autoencoder in a file of its own.
    Vae,
    /// A LoRA or one of its kin, of motion modules as well.
    Lora,
    /// A ControlNet, a file or a folder in diffusers' layout.
    Control,
    /// A network that makes pictures larger.
    Upscaler,
    /// A network that puts pictures between pictures.
    Interpolator,
    /// A word for the text encoder: textual inversion.
    Embedding,
}

/// Something that was found by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub path: PathBuf,
    /// Which of several was taken.
    pub note: Option<String>,
}

/// Where is looked.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Folders of programs, of their models, or of files.
    roots: Vec<PathBuf>,
    /// Folders that are named for one kind of files each.
    kinds: Vec<KindFolder>,
    /// What could not be understood on the way.
    pub notes: Vec<String>,
}

/// Endings of files of weights.
const ENDINGS: [&str; 5] = ["safetensors", "ckpt", "pt", "pth", "bin"];
/// Programs' folders in somebody's home.
const PROGRAMS: [&str; 4] =
    ["ComfyUI", "Documents/ComfyUI", "stable-diffusion-webui", "stable-diffusion-webui-forge"];
/// Where ComfyUI's desktop program names folders, in somebody's home, by system.
const DESKTOP: [&str; 3] = [
    ".config/ComfyUI/extra_models_config.yaml",
    "Library/Application Support/ComfyUI/extra_models_config.yaml",
    "AppData/Roaming/ComfyUI/extra_models_config.yaml",
];
/// Folders inside each other in which is looked, at most.
const DEPTH: usize = 3;
/// Entries of folders that are looked at, at most.
const ENTRIES: usize = 20_000;

impl Places {
    /// Where models may lie: `own` folders first, in the order in which they are given, then those of programs in the `home` of
    /// whoever runs this, then `last`.
    pub fn of(own: Vec<PathBuf>, home: Option<&Path>, last: Vec<PathBuf>) -> Self {
        let programs = home.into_iter().flat_map(|home| PROGRAMS.map(|program| home.join(program)));
        let all: Vec<PathBuf> = own.into_iter().chain(programs).chain(last).collect();
        let desktop = home.into_iter().flat_map(|home| DESKTOP.map(|file| home.join(file)));
        let named = all.iter().map(|place| match place.is_dir() {
            true => place.join("extra_model_paths.yaml"),
            false => place.clone(),
        });
        let (mut kinds, mut notes) = (Vec::new(), Vec::new());
        for file in named.chain(desktop).filter(|file| file.is_file()) {
            match comfy_paths::read(&file, home) {
                Ok(folders) => kinds.extend(folders),
                Err(why) => notes.push(why),
            }
        }
        let roots = all.into_iter().filter(|place| place.is_dir()).collect();
        Places { roots, kinds, notes }
    }

    /// Every file or folder that could be meant by a name, in the order of the places and by name.
    pub(super) fn all(&self, wanted: Wanted) -> Vec<PathBuf> {
        let mut walk = Walk { wanted, left: ENTRIES, found: Vec::new() };
        for root in &self.roots {
            // What lies directly in a root, and what lies anywhere in the places for it.
            walk.folder(root, 1);
            wanted.places().iter().for_each(|place| walk.folder(&root.join(place), DEPTH));
        }
        let named = self.kinds.iter().filter(|(kind, _)| wanted.kinds().contains(&kind.as_str()));
        named.for_each(|(_, folder)| walk.folder(folder, DEPTH));
        let (mut found, mut seen) = (walk.found, BTreeSet::new());
        // The same file may be reached by two names where a file system doesn't tell cases apart, or by a link.
        found.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
        found
    }
}

impl Wanted {
    /// What it is called.
    fn name(self) -> &'static str {
        match self {
            Wanted::Model => "model",
            Wanted::Motion => "motion module",
            Wanted::Vae => "autoencoder",
            Wanted::Lora => "LoRA",
            Wanted::Control => "ControlNet",
            Wanted::Upscaler => "upscaler",
            Wanted::Interpolator => "interpolator",
            Wanted::Embedding => "textual inversion",
        }
    }

    fn option(self) -> &'static str {
        match self {
            Wanted::Model => "--model",
            Wanted::Motion => "--motion",
            Wanted::Vae => "--vae",
            Wanted::Lora => "--lora",
            Wanted::Control => "--control",
            Wanted::Upscaler => "--upscale",
            Wanted::Interpolator => "--interpolator",
            Wanted::Embedding => "the prompt's word",
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
            Wanted::Vae => &[
                "models/vae",
                "models/VAE",
                "vae",
                "VAE",
                "models/vae_approx",
                "models/VAE-approx",
                "vae_approx",
            ],
            Wanted::Lora => &[
                "models/loras",
                "models/Lora",
                "models/LyCORIS",
                "loras",
                "Lora",
                "LyCORIS",
                "models/animatediff_motion_lora",
                "animatediff_motion_lora",
                "custom_nodes/ComfyUI-AnimateDiff-Evolved/motion_lora",
                "custom_nodes/comfyui-animatediff-evolved/motion_lora",
            ],
            Wanted::Control => &[
                "models/controlnet",
                "models/ControlNet",
                "controlnet",
                "ControlNet",
                "extensions/sd-webui-controlnet/models",
            ],
            Wanted::Upscaler => &[
                "models/upscale_models",
                "models/ESRGAN",
                "models/RealESRGAN",
                "upscale_models",
                "ESRGAN",
                "RealESRGAN",
            ],
            Wanted::Interpolator => &[
                "models/frame_interpolation",
                "frame_interpolation",
                "custom_nodes/ComfyUI-Frame-Interpolation/ckpts/rife",
                "custom_nodes/comfyui-frame-interpolation/ckpts/rife",
                "models/Deforum",
            ],
            Wanted::Embedding => &["models/embeddings", "embeddings"],
        }
    }

    /// What ComfyUI calls the kinds of files that it may be.
    fn kinds(self) -> &'static [&'static str] {
        match self {
            Wanted::Model => &["checkpoints", "diffusers"],
            Wanted::Motion => &["animatediff_models"],
            Wanted::Vae => &["vae", "vae_approx"],
            Wanted::Lora => &["loras", "animatediff_motion_lora"],
            Wanted::Control => &["controlnet"],
            Wanted::Upscaler => &["upscale_models"],
            Wanted::Interpolator => &["frame_interpolation"],
            Wanted::Embedding => &["embeddings"],
        }
    }
}

/// The path of what `asked` means, as [`find`] finds it; what is to be said of it is said.
///
/// # Errors
/// As [`find`].
pub(super) fn named(
    asked: &Path,
    wanted: Wanted,
    places: &Places,
    progress: &dyn Progress,
) -> Result<PathBuf> {
    let found = find(asked, wanted, places)?;
    found.note.iter().for_each(|note| progress.note(note));
    Ok(found.path)
}

/// What `asked` means: itself where it is there, or else a name that is looked for in `places`, first found first. As in ComfyUI a
/// name may have folders in front.
///
/// # Errors
/// Model: it isn't anywhere, with the nearest name that is.
pub(super) fn find(asked: &Path, wanted: Wanted, places: &Places) -> Result<Found> {
    let name = asked.to_string_lossy();
    let below = asked.components().all(|part| matches!(part, Component::Normal(_)));
    if asked.exists() || !below || name.is_empty() {
        return Ok(Found { path: asked.to_owned(), note: None });
    }
    let candidates = places.all(wanted);
    let mut hits = candidates.iter().filter(|path| is_meant(path, asked));
    let Some(first) = hits.next() else {
        return match (misplaced(asked, wanted, places), asked.components().count()) {
            (Some((Wanted::Model, path)), _) => {
                let (kind, home) = (wanted.name(), wanted.places()[0]);
                let note = format!(
                    "{name}: {} lies among the checkpoints; a {kind}'s place is {home}",
                    path.display()
                );
                Ok(Found { path, note: Some(note) })
            }
            (Some((other, _)), 1) => {
                let hint = format!("there is a {} of that name: {} '{name}'", other.name(), other.option());
                Err(missing(&name, wanted, &candidates).hint(hint))
            }
            (_, 1) => Err(missing(&name, wanted, &candidates)),
            _ => Ok(Found { path: asked.to_owned(), note: None }),
        };
    };
    let others: Vec<String> = hits.map(|path| path.display().to_string()).collect();
    let note = (!others.is_empty())
        .then(|| format!("{name}: {} was taken, {} was not", first.display(), others.join(", ")));
    Ok(Found { path: first.clone(), note })
}

/// Whether the file or folder at `path` is called so, with its ending or without.
fn is_meant(path: &Path, asked: &Path) -> bool {
    path.ends_with(asked) || path.is_file() && path.with_extension("").ends_with(asked)
}

/// What is called so where something else is looked for.
fn misplaced(asked: &Path, wanted: Wanted, places: &Places) -> Option<(Wanted, PathBuf)> {
    let others = [Wanted::Model, Wanted::Motion, Wanted::Vae].into_iter().filter(|other| *other != wanted);
    others
        .filter_map(|other| Some((other, places.all(other).into_iter().find(|path| is_meant(path, asked))?)))
        .next()
}

fn missing(name: &str, wanted: Wanted, candidates: &[PathBuf]) -> Error {
    let (kind, option) = (wanted.name(), wanted.option());
    let error = Error::model(format!("there is no {kind} '{name}'"));
    let known: Vec<String> = candidates.iter().map(|path| name_of(path)).collect();
    let error = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {option} '{near}'?")),
        None => error,
    };
    error.hint(format!(
        "{option} takes a path, or a name that `beatbolt models list` shows; to search another folder, set BEATBOLT_MODELS to it, or list it under [models] search in beatbolt's config.toml"
    ))
}

/// The name by which the file or folder at `path` is asked for.
pub(super) fn name_of(path: &Path) -> String {
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// A walk through folders.
struct Walk {
    wanted: Wanted,
    /// How many more entries are looked at.
    left: usize,
    found: Vec<PathBuf>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, depth: usize) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        let mut paths: Vec<PathBuf> = entries.flatten().take(self.left).map(|entry| entry.path()).collect();
        self.left -= paths.len();
        paths.sort();
        for path in paths {
            let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
            if path.is_dir() {
                let whole = match self.wanted {
                    Wanted::Model => path.join("unet/config.json").is_file(),
                    Wanted::Control => is_control(&path),
                    _ => false,
                };
                if whole {
                    self.found.push(path);
                } else if depth > 1 {
                    self.folder(&path, depth - 1);
                }
            } else if ending.is_some_and(|ending| self.is_wanted(&path, &ending)) {
                self.found.push(path);
            }
        }
    }
}

impl Walk {
    /// Whether a file with this ending may be what is looked for. Of the two files of a network of ncnn the text stands for both.
    fn is_wanted(&self, path: &Path, ending: &str) -> bool {
        match ending {
            "param" => self.wanted == Wanted::Upscaler,
            // What RIFE is published as.
            "pkl" => self.wanted == Wanted::Interpolator,
            "bin" if path.with_extension("param").is_file() => false,
            ending => ENDINGS.contains(&ending),
        }
    }
}

/// Whether the folder at `path` is a ControlNet in diffusers' layout.
fn is_control(path: &Path) -> bool {
    let settings = bounded_read::text(&path.join("config.json"), 1 << 16).unwrap_or_default();
    settings.contains("\"ControlNet")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A home with ComfyUI and A1111 in it.
    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let yaml = home.path().join("ComfyUI/extra_model_paths.yaml");
        for path in [
            "ComfyUI/models/checkpoints/dreamshaper_8.safetensors",
            "ComfyUI/models/checkpoints/anime/toon.ckpt",
            "ComfyUI/models/checkpoints/notes.txt",
            "ComfyUI/models/animatediff_models/mm_sd_v15_v2.ckpt",
            "ComfyUI/custom_nodes/ComfyUI-AnimateDiff-Evolved/models/animatediff_lightning_4step.safetensors",
            "ComfyUI/models/diffusers/sd15/unet/config.json",
            "ComfyUI/models/vae/soft.pt",
            "ComfyUI/models/loras/style/neon.safetensors",
            "ComfyUI/models/animatediff_motion_lora/v2_lora_ZoomIn.ckpt",
            "ComfyUI/models/embeddings/easynegative.pt",
            "stable-diffusion-webui/embeddings/bad.bin",
            "ComfyUI/models/upscale_models/4x_foolhardy.pth",
            "ComfyUI/models/frame_interpolation/rife_v4.26.safetensors",
            "ComfyUI/custom_nodes/ComfyUI-Frame-Interpolation/ckpts/rife/rife46.pth",
            "stable-diffusion-webui/models/Deforum/RIFE43.pkl",
            "stable-diffusion-webui/models/RealESRGAN/realesr-animevideov3-x4.param",
            "stable-diffusion-webui/models/RealESRGAN/realesr-animevideov3-x4.bin",
            "stable-diffusion-webui/models/Lora/glow.safetensors",
            "disk/checkpoints/far.safetensors",
            "disk/motion/sub/far_motion.ckpt",
            "stable-diffusion-webui/models/Stable-diffusion/dreamshaper_8.safetensors",
        ] {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        fs::write(
            yaml,
            "disk:\n  base_path: ../disk\n  checkpoints: checkpoints\n  animatediff_models: motion\n",
        )
        .unwrap();
        home
    }

    fn look(home: &Path, name: &str, wanted: Wanted) -> Result<Found> {
        find(Path::new(name), wanted, &Places::of(Vec::new(), Some(home), Vec::new()))
    }

    #[test]
    fn names_are_found_where_comfyui_and_a1111_have_files() {
        let home = home();
        for (name, wanted, path) in [
            ("toon", Wanted::Model, "ComfyUI/models/checkpoints/anime/toon.ckpt"),
            ("toon.ckpt", Wanted::Model, "ComfyUI/models/checkpoints/anime/toon.ckpt"),
            ("sd15", Wanted::Model, "ComfyUI/models/diffusers/sd15"),
            ("anime/toon.ckpt", Wanted::Model, "ComfyUI/models/checkpoints/anime/toon.ckpt"),
            ("soft", Wanted::Vae, "ComfyUI/models/vae/soft.pt"),
            ("neon", Wanted::Lora, "ComfyUI/models/loras/style/neon.safetensors"),
            ("glow", Wanted::Lora, "stable-diffusion-webui/models/Lora/glow.safetensors"),
            ("v2_lora_ZoomIn", Wanted::Lora, "ComfyUI/models/animatediff_motion_lora/v2_lora_ZoomIn.ckpt"),
            ("easynegative", Wanted::Embedding, "ComfyUI/models/embeddings/easynegative.pt"),
            ("bad", Wanted::Embedding, "stable-diffusion-webui/embeddings/bad.bin"),
            ("4x_foolhardy", Wanted::Upscaler, "ComfyUI/models/upscale_models/4x_foolhardy.pth"),
            (
                "realesr-animevideov3-x4",
                Wanted::Upscaler,
                "stable-diffusion-webui/models/RealESRGAN/realesr-animevideov3-x4.param",
            ),
            ("rife_v4.26", Wanted::Interpolator, "ComfyUI/models/frame_interpolation/rife_v4.26.safetensors"),
            (
                "rife46",
                Wanted::Interpolator,
                "ComfyUI/custom_nodes/ComfyUI-Frame-Interpolation/ckpts/rife/rife46.pth",
            ),
            ("RIFE43", Wanted::Interpolator, "stable-diffusion-webui/models/Deforum/RIFE43.pkl"),
            ("far", Wanted::Model, "ComfyUI/../disk/checkpoints/far.safetensors"),
            ("far_motion", Wanted::Motion, "ComfyUI/../disk/motion/sub/far_motion.ckpt"),
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
        let found = find(Path::new("toon"), Wanted::Model, &Places::of(own, None, Vec::new())).unwrap();
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
    fn a_file_of_folders_that_is_broken_is_told_and_the_rest_is_found() {
        let home = home();
        fs::write(home.path().join("ComfyUI/extra_model_paths.yaml"), "a: [").unwrap();
        let places = Places::of(Vec::new(), Some(home.path()), Vec::new());
        assert!(places.notes[0].contains("extra_model_paths.yaml can't be understood"), "{:?}", places.notes);
        assert!(find(Path::new("toon"), Wanted::Model, &places).is_ok());
    }

    #[test]
    fn near_misses_are_suggested_and_paths_are_left_alone() {
        let home = home();
        let error = look(home.path(), "dreamshaper8", Wanted::Model).unwrap_err();
        assert!(error.hints()[0].contains("'dreamshaper_8'"), "{error:?}");
        let other = look(home.path(), "far_motion", Wanted::Model).unwrap_err();
        assert!(other.to_string().contains("no model 'far_motion'"), "each kind has its own folder: {other}");
        let other = look(home.path(), "mm_sd_v15_v2", Wanted::Model).unwrap_err();
        assert!(other.to_string().contains("no model 'mm_sd_v15_v2'"), "a module is no model: {other}");
        assert!(other.hints().iter().any(|hint| hint.contains("--motion 'mm_sd_v15_v2'")), "{other:?}");
        let module = "ComfyUI/models/checkpoints/mm_misplaced.ckpt";
        fs::write(home.path().join(module), "").unwrap();
        let found = look(home.path(), "mm_misplaced", Wanted::Motion).unwrap();
        assert_eq!(found.path, home.path().join(module));
        assert!(found.note.unwrap().contains("place is models/animatediff_models"));
        for path in ["./toon", "models/toon", "../toon"] {
            let found = look(home.path(), path, Wanted::Model).unwrap();
            assert_eq!(found.path, Path::new(path), "opening it tells what is wrong with it");
        }
    }
}
