//! Projects: a whole video written down, for long renders from one command.
//!
//! A project is a TOML file, `video.toml`, in a folder with everything that it names; nothing outside that folder
//! can be named. [`Project::parse`] reads nothing itself: who calls it hands out the files. It returns something that
//! can be played or says which line of which file is wrong.
//!
//! ```toml
//! include = ["looks.toml"]     # files of the same form; what stands in this one wins over what stands in those
//! track = "song.flac"          # needed; all paths are relative to the project's folder and stay inside it
//! output = "song.mkv"          # default: the names of track, this file and tier
//! profile = "h264"             # h265, av1, vp9, prores, ffv1, gif, png
//! # audio = "flac"             # copy, alac, flac, aac; default: unchanged where the file holds it, else without loss
//! # flash_guard = "off"        # more than three flashes in a second come through
//! # lyrics = "song.lrc"        # LRC or SRT, shown by layers of kind lyrics; where there is none, by one of its own
//! # font = "fonts/mine.ttf"    # of all text that names none; default: DejaVu Sans, which comes with the program
//! preset = "pulse"             # what holds where no part says otherwise: a name, or a file; default: director
//! model = "models/mine"        # a folder in diffusers' layout; default: spark, which comes with the program
//! # motion = "lightning.safetensors"   # a motion module to use instead of the folder's own
//! # vae = "vae.safetensors"  # an autoencoder to use instead of the model's own
//! # upscale = "realesr-animevideov3"     # a network that enlarges the generated pictures: a file, or a name
//! # interpolator = "rife46"    # a network that puts frames between generated ones (RIFE): a file, or a name; default: the program's own
//! # clip_skip = 2            # the layer of the text encoder that is listened to, counted from the last; default: 1
//! # lut = "warm.cube"          # a look-up table that the finished pictures' colours go through
//! tier = "develop"             # draft, final
//! # steps = 4                  # default: by the tier
//! size = "1280x720"
//! # generate = "512x288"       # size at which pictures are generated; default: fits the model
//! # overlap = 4                # frames that a window shares with the one before
//! fps = 12                     # or text: "30000/1001"; default: what the model was made for
//! seed = 1
//! blend = "slerp"              # how the prompts below are blended; or lerp
//! init = "draw:synthwave"      # what frames start from where presets and parts name nothing
//!
//! [variables]                  # ${mood} in any text of the project stands for this
//! mood = "golden"
//!
//! [hearing]                    # what is known better than what is heard; as the options of `analyze`
//! bpm = 128                    # or beats_file = "beats.txt"
//! first_beat = 0.35
//! # octave = "halve"           # or double, triple
//! # shift_beats = -0.01
//! # sections_file = "form.txt"
//! # audio_stream = 2           # of several in the file, counted from 1; default: the one that players choose
//! # meter = 3                  # beats in a bar, counted from the first bar on
//! # beats = [0.35, 0.82, 1.29] # every beat in seconds; instead of bpm and beats_file
//! # bars = [0.35]              # those of them that begin a bar; default: every fourth
//!
//! [[hearing.section]]          # a section in place of those that are heard; it lasts until the next one
//! from = 0                     # seconds
//! name = "intro"
//! # color = "#3f7a49"          # in the studio
//!
//! [set]                        # parameters held at a value, whatever the presets do with them
//! glow = 0.2
//!
//! [cuts]                       # when takes start; default: as the presets say
//! on = "section"               # never, bars:8
//! min = 2                      # a take lasts at least so long
//! at = ["1:00", "64 bars"]     # and in any case here
//!
//! [[layer]]                    # what is drawn over all looks; keys as in a preset
//! kind = "title"
//!
//! [[lora]]                     # changes the model in all looks; keys as in a preset
//! file = "loras/neon.safetensors"
//!
//! [[control]]                  # pictures that are followed in all looks; keys as in a preset
//! net = "control_v11p_sd15_canny"
//! source = "clips/dancer.mp4,prepare=canny"
//!
//! [[part]]                     # another look for a stretch of the track; the last part that applies wins
//! section = "B"                # every section of this label; or:
//! # from = "8 bars"            # seconds, "1:30", beats or bars
//! # to = "16 bars"             # default: the end
//! preset = "tide"              # default: what is shown there without this part
//! prompt = "${mood} waves"     # default: the preset's prompts
//! negative = "text"
//! init = "none"                # what frames start from; default: the preset's, then the project's
//! ease = "2 bars"              # how long the way from the look before takes; default: none
//! cut = true                   # a take starts here; default: false
//! set = { zoom = 1.05 }        # parameters held in this part
//!
//! [[prompt]]                   # prompts over those of all presets; keys as in a preset
//! text = "{light} city"
//! from = "1:00"
//! to = "1:30"
//! ease = "1 bars"
//!
//! [words.light]                # what {light} stands for in them; keys as in a preset
//! every = "4 bars"
//! list = ["neon", "gold"]
//! ```

mod check;
mod document;
mod hand;
mod known;
mod load;
mod raw;
mod rewrite;

pub use document::{PartText, ProjectDocument};
pub use known::{ByHand, Choices, HandBeat, HandSection, Known};
pub use load::Read;
pub use rewrite::{toml_text, with_values};

use super::clock::Length;
use super::preset::Preset;
use super::shipped;
use super::show::{Look, Part, Show};
use super::slot::Slots;
use crate::error::{Error, Result};
use crate::units::{FrameRate, Size};
use check::{Fragment, RoughPart};
use load::Loader;
use std::collections::BTreeMap;

/// A video as it was written down: checked, and complete but for what has a default elsewhere.
#[derive(Clone, Debug)]
pub struct Project {
    /// The track's path, from the project's folder; so are all paths here.
    pub track: String,
    /// Where the video goes.
    pub output: Option<String>,
    /// What it is written as: one of the [`Choices`].
    pub profile: Option<String>,
    /// How its sound goes in: one of the [`Choices`].
    pub audio: Option<String>,
    /// Whether flashes are held to three a second: on or off.
    pub flash_guard: Option<String>,
    /// A file of lyrics.
    pub lyrics: Option<String>,
    /// A font's file.
    pub font: Option<String>,
    /// How much work goes into every picture: one of the [`Choices`].
    pub tier: Option<String>,
    /// A model's folder.
    pub model: Option<String>,
    /// A motion module's file.
    pub motion: Option<String>,
    /// An autoencoder's file or folder.
    pub vae: Option<String>,
    /// The file or the name of a network that enlarges the generated pictures.
    pub upscale: Option<String>,
    /// The file or the name of a network that puts frames between generated ones.
    pub interpolator: Option<String>,
    /// The layer of the text encoder that is listened to, counted from the last.
    pub clip_skip: Option<usize>,
    /// A look-up table's file.
    pub lut: Option<String>,
    /// Denoising steps a window.
    pub steps: Option<usize>,
    /// Size of the video.
    pub size: Option<Size>,
    /// Size at which pictures are generated.
    pub generate: Option<Size>,
    /// Frames that a window shares with the one before.
    pub overlap: Option<usize>,
    /// Frames a second.
    pub fps: Option<FrameRate>,
    /// What all noise depends on.
    pub seed: Option<u64>,
    /// What is known better than what is heard.
    pub hearing: Known,
    /// What is shown.
    pub show: Show,
    /// Whether the director chooses what is shown where no part says otherwise.
    pub directed: bool,
    /// Every file that it was read from, by path.
    pub files: BTreeMap<String, String>,
}

impl Project {
    /// The project that `text` describes, called `name` in errors, for a job without slots.
    ///
    /// # Errors
    /// As [`Project::parse_for`].
    pub fn parse(name: &str, text: &str, choices: &Choices, read: &mut Read) -> Result<Self> {
        Project::parse_for(name, text, choices, &Slots::default(), read)
    }

    /// The project that `text` describes, called `name` in errors, for a job with these slots; `read` gives the text of
    /// the file at a path relative to the project's folder.
    ///
    /// # Errors
    /// Usage, with file, line and column, for whatever is wrong first; and what `read` refuses.
    pub fn parse_for(
        name: &str,
        text: &str,
        choices: &Choices,
        slots: &Slots,
        read: &mut Read,
    ) -> Result<Self> {
        let mut loader = Loader::new(read);
        loader.gather(name, text.to_owned())?;
        let merged = check::merge(&mut loader, choices, slots)?;
        let files = loader.files();
        let directed = merged.preset.is_none();
        let preset = merged.preset.clone().map_or_else(|| shipped::find_for(shipped::PLAIN, slots), Ok)?;
        let track = merged.track.clone().ok_or_else(|| {
            Error::usage(format!("{name}: there is no track")).hint("add a line like: track = \"song.flac\"")
        })?;
        Ok(Project {
            track,
            output: merged.output.clone(),
            profile: merged.profile.clone(),
            audio: merged.audio.clone(),
            flash_guard: merged.flash_guard.clone(),
            lyrics: merged.lyrics.clone(),
            font: merged.font.clone(),
            tier: merged.tier.clone(),
            model: merged.model.clone(),
            motion: merged.motion.clone(),
            vae: merged.vae.clone(),
            upscale: merged.upscale.clone(),
            interpolator: merged.interpolator.clone(),
            clip_skip: merged.clip_skip,
            lut: merged.lut.clone(),
            steps: merged.steps,
            size: merged.size,
            generate: merged.generate,
            overlap: merged.overlap,
            fps: merged.fps,
            seed: merged.seed,
            hearing: merged.hearing.clone(),
            show: show(merged, preset),
            directed,
            files,
        })
    }
}

/// The looks of a project: that of the project itself, then those of its parts, alike ones once.
fn show(merged: Fragment, preset: Preset) -> Show {
    let first = Look { preset, set: Vec::new(), prompt: None, negative: None, init: None };
    let mut looks = vec![first];
    let mut parts = Vec::new();
    for RoughPart { place, preset, prompt, negative, init, ease, cut, set } in merged.parts {
        let follows = preset.is_none();
        let preset = preset.unwrap_or_else(|| looks[0].preset.clone());
        let look = Look { preset, set, prompt, negative, init };
        let known = looks.iter().position(|l| *l == look);
        let look = known.unwrap_or_else(|| {
            looks.push(look);
            looks.len() - 1
        });
        parts.push(Part { place, look, ease: ease.unwrap_or(Length::Seconds(0.0)), cut, follows });
    }
    Show {
        looks,
        parts,
        directed: 0,
        prompts: merged.prompts,
        words: merged.words,
        blend: merged.blend.unwrap_or_default(),
        cuts: merged.cuts,
        cut_at: merged.cut_at,
        set: merged.set,
        init: merged.init,
        layers: merged.layers,
        loras: merged.loras,
        controls: merged.controls,
    }
}

#[cfg(test)]
mod tests;
