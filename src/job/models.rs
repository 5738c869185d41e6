//! Models: where they are found, and how one is opened as it was asked for.

use super::adapters::{self, OpenLora};
use super::controls::{self, OpenControl};
use super::hub::{self, Hub};
use super::model_search::{self, Places, Wanted};
use super::options::ModelOptions;
use super::shipped_model;
use super::user_config::{self, UserConfig};
use crate::bounded_read;
use crate::diffusion::model::Adapted;
use crate::diffusion::text::embedding::{self, Embedding};
use crate::diffusion::{
    Inspection, Model, ModelFingerprint, ModelInfo, ModelSpec, Precision, Tier, open_device,
};
use crate::error::{Error, Result};
use crate::interpolate::InterpolatorFile;
use crate::progress::Progress;
use crate::upscale::UpscalerFile;
use crate::weights::{self, Placement};
use std::path::{Path, PathBuf};

/// What is found by its name; models come first.
const WANTED: [Wanted; 8] = [
    Wanted::Model,
    Wanted::Motion,
    Wanted::Vae,
    Wanted::Lora,
    Wanted::Control,
    Wanted::Upscaler,
    Wanted::Interpolator,
    Wanted::Embedding,
];

/// What `--vae` calls the model's own autoencoder.
const OWN_VAE: &str = "own";
/// The small autoencoder for models like Stable Diffusion 1.5, whole or by either half.
const TAESD: [&str; 3] = ["taesd", "taesd_decoder", "taesd_encoder"];

/// The model that comes with the program.
pub const SHIPPED: &str = "spark";

/// Folders in which models may lie, first found first: the variable `BEATBOLT_MODELS`, beside the program, above
/// the build folder, where packages put them, and the folder that the program was built from.
pub fn folders() -> Vec<PathBuf> {
    let named = std::env::var_os("BEATBOLT_MODELS").map(PathBuf::from);
    let exe = std::env::current_exe().ok();
    let beside = exe.as_deref().and_then(Path::parent);
    let around = beside
        .into_iter()
        .flat_map(|p| ["models", "../../models", "../share/beatbolt/models"].map(|m| p.join(m)));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    named.into_iter().chain(around).chain([source]).filter(|p| p.is_dir()).collect()
}

/// The folder of the model that comes with the program: one of that name in [`folders`], or its own, which is unpacked.
///
/// # Errors
/// Model: it can't be unpacked.
pub fn shipped() -> Result<PathBuf> {
    let found = folders().into_iter().map(|f| f.join(SHIPPED)).find(|f| f.is_dir());
    found.map_or_else(shipped_model::unpacked, Ok)
}

/// Where the user's own models lie: what is fetched goes there.
///
/// # Errors
/// Usage: the environment tells no folder for them.
pub fn store() -> Result<PathBuf> {
    let named = std::env::var_os("BEATBOLT_MODELS").map(PathBuf::from);
    let own = || user_config::store(|name| std::env::var_os(name), std::env::home_dir().as_deref());
    named.or_else(own).ok_or_else(|| {
        Error::usage("there is no folder for your own models")
            .hint("name one with --to, or in BEATBOLT_MODELS")
    })
}

/// All places in which models are looked for: what the user names, the program's own, those of other programs.
///
/// # Errors
/// Usage: the user's settings can't be understood.
pub fn places(progress: &dyn Progress) -> Result<Places> {
    let home = std::env::home_dir();
    let config = match user_config::path(|name| std::env::var_os(name), home.as_deref()) {
        Some(path) => UserConfig::read(&path, home.as_deref())?,
        None => UserConfig::default(),
    };
    let own = folders().into_iter().chain(store()).chain(config.models.search).collect();
    let cached = match Hub::of_environment() {
        Ok(hub) => hub.cached(),
        Err(error) => {
            progress.note(&error.to_string());
            Vec::new()
        }
    };
    let places = Places::of(own, home.as_deref(), cached);
    places.notes.iter().for_each(|note| progress.note(note));
    Ok(places)
}

/// A model that is found by its name.
#[derive(Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What it is, or why it can't be read.
    pub found: Result<Inspection>,
}

/// All models that are found by their names, in the order in which names are looked up.
///
/// # Errors
/// Usage: the user's settings can't be understood.
pub fn list(progress: &dyn Progress) -> Result<Vec<Listed>> {
    let places = places(progress)?;
    let mut paths = Vec::new();
    for path in WANTED.iter().flat_map(|wanted| places.all(*wanted)) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let listed =
        |path: PathBuf| Listed { name: model_search::name_of(&path), found: Inspection::of(&path), path };
    Ok(paths.into_iter().map(listed).collect())
}

/// Where a model lies that is named by its path or its name, whatever its kind.
///
/// # Errors
/// Model: there is nothing of that name. Usage: the user's settings can't be understood.
pub fn find(asked: &Path, progress: &dyn Progress) -> Result<PathBuf> {
    if asked.exists() {
        return Ok(asked.to_owned());
    }
    let places = places(progress)?;
    let as_model = model_search::find(asked, Wanted::Model, &places);
    let others = WANTED[1..].iter().map(|wanted| model_search::find(asked, *wanted, &places));
    let there = |found: &Result<model_search::Found>| found.as_ref().is_ok_and(|found| found.path.exists());
    let found =
        std::iter::once(as_model).chain(others).reduce(|a, b| if there(&a) || !there(&b) { a } else { b });
    let found = found.ok_or_else(|| Error::internal("nothing was looked for"))??;
    found.note.iter().for_each(|note| progress.note(note));
    Ok(found.path)
}

/// A file that was read from end to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its SHA-256.
    pub sha256: String,
    /// What that was when it was fetched, where it was.
    pub noted: Option<String>,
}

/// Reads the file at `path` from end to end.
///
/// # Errors
/// Model: it is damaged, or no file of weights. Input: it can't be read. Stopped.
pub fn verify(path: &Path, progress: &dyn Progress) -> Result<Checked> {
    weights::open(path)?;
    let sha256 = hub::digest_of(path, progress)?;
    let note = bounded_read::text(&hub::note_of(path), 4096).ok();
    let noted = note.and_then(|note| note.split_whitespace().next().map(str::to_lowercase));
    Ok(Checked { sha256, noted })
}

/// Files of the user's own models that were fetched.
///
/// # Errors
/// Usage: the environment tells no folder for them.
pub fn fetched() -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(store()?).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.is_file() && hub::note_of(path).is_file()).collect();
    files.sort();
    Ok(files)
}

/// Looks at the model that was asked for, in `places`; its weights are not read.
///
/// # Errors
/// As [`ModelInfo::open`]; Model: there is nothing of that name.
pub fn look(options: &ModelOptions, places: &Places, progress: &dyn Progress) -> Result<ModelInfo> {
    let named = |asked: &Path, wanted| model_search::named(asked, wanted, places, progress);
    let folder = match &options.folder {
        Some(folder) => named(folder, Wanted::Model)?,
        None => shipped()?,
    };
    let motion = options.motion.as_deref().map(|motion| named(motion, Wanted::Motion)).transpose()?;
    let asked = options.vae.as_deref().filter(|vae| *vae != Path::new(OWN_VAE));
    let vae = asked.map(|vae| named(vae, Wanted::Vae)).transpose()?;
    let ModelOptions { tier, steps, force_steps, clip_skip, low_memory, shared_weights, .. } =
        options.clone();
    let skipped_layers = clip_skip.map_or(0, |layer| layer.saturating_sub(1));
    let spec = ModelSpec {
        folder,
        motion,
        vae,
        skipped_layers,
        tier,
        steps,
        force_steps,
        low_memory,
        shared_weights,
    };
    let mut info = ModelInfo::open(&spec)?;
    if tier == Tier::Draft && options.vae.is_none() && info.has_large_autoencoder() {
        info = with_taesd(info, spec, places, progress);
    }
    info.notes().iter().for_each(|note| progress.note(note));
    Ok(info)
}

/// The model of `info` with TAESD in its autoencoder's place, where that lies among the user's models: at a draft, decoding would take
/// longer than all else.
fn with_taesd(info: ModelInfo, spec: ModelSpec, places: &Places, progress: &dyn Progress) -> ModelInfo {
    let is_it = |path: &PathBuf| TAESD.contains(&model_search::name_of(path).as_str());
    let Some(path) = places.all(Wanted::Vae).into_iter().find(is_it) else { return info };
    let shown = path.display().to_string();
    match ModelInfo::open(&ModelSpec { vae: Some(path), ..spec }) {
        Ok(small) if small.downscale() == info.downscale() => {
            progress.note(&format!(
                "drafts are decoded by TAESD ({shown}), quickly and a little softer; --vae {OWN_VAE} takes the model's own"
            ));
            small
        }
        // The models' latents are others.
        Ok(_) => info,
        Err(error) => {
            progress
                .note(&format!("TAESD can't decode this draft, the model's own autoencoder does: {error}"));
            info
        }
    }
}

/// The network that is to enlarge the pictures, if one was asked for.
///
/// # Errors
/// Model: there is none of its name, or it is none that is read.
pub fn upscaler(
    options: &ModelOptions,
    places: &Places,
    progress: &dyn Progress,
) -> Result<Option<UpscalerFile>> {
    let Some(asked) = &options.upscale else { return Ok(None) };
    UpscalerFile::open(&model_search::named(asked, Wanted::Upscaler, places, progress)?).map(Some)
}

/// The network that is to put frames between generated ones, if one was asked for.
///
/// # Errors
/// Model: there is none of its name, or it is none that is read.
pub fn interpolator(
    options: &ModelOptions,
    places: &Places,
    progress: &dyn Progress,
) -> Result<Option<InterpolatorFile>> {
    let Some(asked) = &options.interpolator else { return Ok(None) };
    InterpolatorFile::open(&model_search::named(asked, Wanted::Interpolator, places, progress)?).map(Some)
}

/// Opens the device that was asked for, with what is computed in there.
///
/// # Errors
/// Device: it can't be opened; Usage: it can't compute in what was asked for.
pub fn place(options: &ModelOptions, progress: &dyn Progress) -> Result<Placement> {
    let opened = open_device(&options.device)?;
    opened
        .why
        .iter()
        .filter(|_| cfg!(any(feature = "cuda", feature = "metal")))
        .for_each(|why| progress.note(why));
    options.precision.unwrap_or_else(|| Precision::usual(&opened.device)).on(&opened.device)
}

/// Gives the model of `info` the words of files that `texts` name, all that fit it where no texts are known.
///
/// # Errors
/// Model: a word's file doesn't fit the model.
pub fn add_embeddings(
    info: &mut ModelInfo,
    texts: Option<&[&str]>,
    places: &Places,
    progress: &dyn Progress,
) -> Result<()> {
    let paths = places.all(Wanted::Embedding);
    let mut words: Vec<(String, PathBuf)> = Vec::new();
    for path in paths {
        let word = model_search::name_of(&path);
        // First found first.
        if words.iter().all(|(known, _)| !known.eq_ignore_ascii_case(&word)) {
            words.push((word, path));
        }
    }
    let width = info.text_width();
    let Some(texts) = texts else {
        let open = |(word, path): &(String, PathBuf)| Embedding::open(word, path, width).ok();
        info.add_embeddings(words.iter().filter_map(open).collect());
        return Ok(());
    };
    let named =
        |(word, _): &&(String, PathBuf)| texts.iter().any(|text| !embedding::find(text, &[word]).is_empty());
    let mut opened = Vec::new();
    for (word, path) in words.iter().filter(named) {
        let embedding = Embedding::open(word, path, width)?;
        progress.note(&format!("'{word}' in prompts is the textual inversion {}", path.display()));
        opened.push(embedding);
    }
    let mut missing: Vec<&str> = texts.iter().flat_map(|text| embedding::asked(text)).collect();
    missing.retain(|asked| words.iter().all(|(word, _)| !word.eq_ignore_ascii_case(asked)));
    missing.sort_unstable();
    missing.dedup();
    for word in missing {
        progress.note(&format!(
            "there is no textual inversion '{word}': embedding:{word} is read as plain words"
        ));
    }
    info.add_embeddings(opened);
    Ok(())
}

/// The LoRAs that were asked for, for the model of `info`.
///
/// # Errors
/// Model: there is none of a name, or one is not for this model.
pub fn loras(
    options: &ModelOptions,
    info: &ModelInfo,
    places: &Places,
    progress: &dyn Progress,
) -> Result<Vec<OpenLora>> {
    adapters::open(&options.loras, info, places, progress)
}

/// The model that was asked for, with its weights; the strengths of all its LoRAs move.
///
/// # Errors
/// As [`places`], [`look`], [`loras`], [`place`] and [`Model::load_adapted`].
pub fn open(options: &ModelOptions, progress: &dyn Progress) -> Result<Model> {
    let (info, loras, controls) = all(options, progress)?;
    let adapted: Vec<Adapted> = loras.iter().map(OpenLora::moving).collect();
    let model = Model::load_adapted(info, &place(options, progress)?, &adapted)?;
    let model = model.with_controls(controls.iter().map(|control| &control.file))?;
    model.notes().iter().for_each(|note| progress.note(note));
    Ok(model)
}

/// The hash of every part of what [`open`] gives, before any weight is read for it.
///
/// # Errors
/// As [`open`]; Input: a file can't be read.
pub fn fingerprint(options: &ModelOptions, progress: &dyn Progress) -> Result<ModelFingerprint> {
    let (info, loras, controls) = all(options, progress)?;
    let own = adapters::fingerprint(info.fingerprint()?, loras.iter().map(OpenLora::moving))?;
    controls::fingerprint(own, &controls)
}

fn all(
    options: &ModelOptions,
    progress: &dyn Progress,
) -> Result<(ModelInfo, Vec<OpenLora>, Vec<OpenControl>)> {
    let places = places(progress)?;
    let mut info = look(options, &places, progress)?;
    add_embeddings(&mut info, None, &places, progress)?;
    let loras = loras(options, &info, &places, progress)?;
    let controls = controls::open(&options.controls, &info, &places, progress)?;
    Ok((info, loras, controls))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;

    #[test]
    fn drafts_take_taesd_where_it_is_found_and_nothing_else_does() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let home = tempfile::tempdir().unwrap();
        let approx = home.path().join("ComfyUI/models/vae_approx");
        std::fs::create_dir_all(&approx).unwrap();
        let places = |home| Places::of(Vec::new(), Some(home), Vec::new());
        let vae = |tier, vae: Option<&str>| {
            let (folder, vae) = (Some(fixtures.join("kl-mid")), vae.map(PathBuf::from));
            let options = ModelOptions { folder, vae, tier, steps: Some(4), ..ModelOptions::default() };
            look(&options, &places(home.path()), &Silent).unwrap().has_large_autoencoder()
        };
        assert!(vae(Tier::Draft, None), "there is none");
        let small = fixtures.join("tiny/vae/diffusion_pytorch_model.safetensors");
        std::fs::copy(small, approx.join("taesd.safetensors")).unwrap();
        assert!(!vae(Tier::Draft, None) && !vae(Tier::Develop, Some("taesd")));
        assert!(vae(Tier::Draft, Some("own")) && vae(Tier::Develop, None));
        std::fs::write(approx.join("taesd.safetensors"), "damaged").unwrap();
        assert!(vae(Tier::Draft, None), "a draft doesn't end for it");
    }
}
