//! Studio configs, what a studio is opened with: the track heard, the networks loaded, and the preset to begin with.

use super::heard::{BeatCorrection, Heard};
use super::open_project::{OpenProject, saved};
use super::opened::Opened;
use super::outside::OscPorts;
use super::player::{ModelFacts, Player};
use super::state::EditedPreset;
use crate::atomic_file::folder_of;
use crate::cache_folder::{cache_folder, state_folder};
use crate::diffusion::{ModelFingerprint, Tier};
use crate::error::Result;
use crate::job::{Destination, JobOptions, Request, Scene, Usual, is_project, models, presets, video_size};
use crate::progress::Progress;
use crate::render::{Job, Settings, generated_size};
use crate::score::PLAIN;
use crate::timing::Timings;
use crate::units::Size;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a page may be silent: longer than the sleepiest tab.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a studio is opened with.
pub struct StudioConfig {
    /// How pictures are made.
    pub settings: Settings,
    /// The track that was heard.
    pub player: Player,
    /// The preset to begin with.
    pub preset: EditedPreset,
    /// The track's file.
    pub track: PathBuf,
    /// Which of its audio streams is heard, from 1; none: the one that players choose.
    pub stream: Option<usize>,
    /// Where presets are saved.
    pub folder: PathBuf,
    /// Where thumbnails are kept for the next session; none: nowhere.
    pub cache: Option<PathBuf>,
    /// Where is kept what nobody saved, and for which input; none: nowhere.
    pub keep: Option<(PathBuf, PathBuf)>,
    /// The files of the folder that it is opened with: they may be written over.
    pub own_files: Vec<String>,
    /// Where to listen; 0: wherever there is room.
    pub port: u16,
    /// Where Open Sound Control is heard and told.
    pub osc: OscPorts,
    /// Whom nothing is heard of or taken by for so long is let go.
    pub patience: Duration,
    /// The command that starts it again, for who finds it gone.
    pub command: String,
}

impl StudioConfig {
    /// Listens to the track of `options`, or of the project that they name, and looks at the networks for live pictures, which are
    /// loaded when the first picture is wanted: those of a draft, unless `options` say otherwise. Presets, projects and videos go to `folder`; none: this folder, or the
    /// project's.
    ///
    /// # Errors
    /// Whatever of it can't be meant or heard.
    pub fn open(mut options: JobOptions, folder: Option<PathBuf>, progress: &dyn Progress) -> Result<Self> {
        options.tier.get_or_insert(Tier::Draft);
        let project = is_project(&options.input);
        if !project {
            // One preset is worked on.
            options.preset.get_or_insert_with(|| PLAIN.to_owned());
        }
        let project = project.then(|| OpenProject::read(&options.input)).transpose()?;
        let video = project.as_ref().and_then(|project| project.size);
        options.size.get_or_insert_with(|| live_size(video));
        let request = Request::read(&options)?;
        let (name, text) = match &project {
            Some(project) => project.base()?,
            None => {
                let (preset, text) = presets::load(options.preset.as_deref().unwrap_or(PLAIN))?;
                (preset.name, text)
            }
        };
        let preset = EditedPreset::read(&name, &text)?;
        let usual = project.as_ref().map_or(Path::new("."), |_| folder_of(&options.input));
        let folder = folder.unwrap_or_else(|| usual.to_owned());
        let scene = Scene::open(request, progress, &Timings::off())?;
        let placement = models::place(&scene.request.model, progress)?;
        let Job { settings, track, .. } =
            scene.job(&Destination::nowhere(), &placement, ModelFingerprint::default())?;
        let own_files = match &project {
            Some(project) => project.saved(&folder),
            None => {
                let named = options.preset.as_deref().and_then(|preset| saved(Path::new(preset), &folder));
                named.into_iter().collect()
            }
        };
        let input = options.input.clone();
        let stream = scene.request.hearing.options.stream;
        let Scene { request, info, analysis, .. } = scene;
        let raw = match request.hearing.corrects() {
            true => request.hearing.listen(&track, progress)?,
            false => analysis,
        };
        let preset = EditedPreset { beats: BeatCorrection::of(&request.hearing), ..preset };
        let preset = match &project {
            Some(project) => project.edited(preset)?,
            None => preset,
        };
        let directed = project.as_ref().is_some_and(|project| project.directed);
        let player = Player {
            title: track.file_name().unwrap_or(track.as_os_str()).to_string_lossy().into_owned(),
            model: ModelFacts {
                usual: Usual::of(&info),
                fps: info.hints().fps,
                words: info.words().cloned(),
            },
            tiers: tiers(settings.picture, video),
            heard: Heard::new(raw, request.hearing, track.clone()),
            opened: Arc::new(Opened::new(options, project, request.model, folder.clone())),
        };
        let preset = if directed { player.directed(&preset)? } else { preset };
        if directed {
            progress.note("what the director chose is among the parts here, to be changed");
        }
        let (port, osc, patience, command) = (0, OscPorts::default(), PATIENCE, String::new());
        Ok(StudioConfig {
            settings,
            player,
            preset,
            track,
            stream,
            folder,
            cache: cache_folder().map(|folder| folder.join("thumbnails")),
            keep: state_folder().map(|folder| (folder.join("studio"), input)),
            own_files,
            port,
            osc,
            patience,
            command,
        })
    }
}

/// The usual size of live pictures, in the shape of the project's video.
fn live_size(video: Option<Size>) -> Size {
    let draft = video_size(Tier::Draft);
    video.map_or(draft, |video| generated_size(video, draft, 2))
}

/// What finals can be rendered as: of the project's size, or in the shape of the live pictures.
fn tiers(live: Size, video: Option<Size>) -> Vec<(Tier, Size)> {
    let draft = video_size(Tier::Draft);
    let even =
        |side: u32, usual: u32, draft: u32| ((side * usual).div_ceil(2 * draft) * 2).min(Size::MAX_SIDE);
    let tier = |tier: Tier| {
        let usual = video_size(tier);
        let width = even(live.width, usual.width, draft.width);
        let size = Size { width, height: even(live.height, usual.height, draft.height) };
        (tier, video.filter(|_| tier != Tier::Draft).unwrap_or(size))
    };
    Tier::ALL.map(tier).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finals_have_the_shape_of_the_live_pictures() {
        let shown = |tiers: Vec<(Tier, Size)>| -> Vec<String> {
            tiers.into_iter().map(|(_, size)| size.to_string()).collect()
        };
        let sizes = |text: &str| shown(tiers(text.parse().unwrap(), None));
        assert_eq!(sizes("384x216"), ["384x216", "1280x720", "1280x720"]);
        assert_eq!(sizes("216x216"), ["216x216", "720x720", "720x720"]);
        assert_eq!(sizes("214x384"), ["214x384", "714x1280", "714x1280"]);
        let square: Size = "800x800".parse().unwrap();
        let of_project = tiers(live_size(Some(square)), Some(square));
        assert_eq!(shown(of_project.clone()), ["288x288", "800x800", "800x800"]);
        assert!(of_project[0].0.about().contains("steps"));
    }
}
