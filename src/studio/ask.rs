//! Asks: what a page may ask the hub for, as its messages say it.

use super::by_hand::Hand;
use super::curves::CurveEdit;
use super::edit::Edit;
use super::parts::PartEdit;
use super::snapshots::SnapshotEdit;
use crate::units::{Seconds, ShownFrame};
use crate::video::Profile;
use serde::Deserialize;

/// What a page may ask for.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Change the preset.
    Edit {
        /// How.
        change: Edit,
        /// The knob's movement that it belongs to.
        gesture: Option<u64>,
    },
    /// Take the last change back.
    Undo,
    /// Make it again.
    Redo,
    /// Say where the playhead is.
    At {
        /// The frame that is shown.
        frame: ShownFrame,
        /// When in the track that is, exactly.
        time: Seconds,
        /// Whether it plays.
        playing: bool,
    },
    /// Write the preset down.
    Save {
        /// Its name.
        name: String,
        /// As what.
        form: Form,
    },
    /// A bar begins here: the beats move there, if they don't lie there.
    Bar {
        /// When, in the track.
        at: Seconds,
    },
    /// Change beats or sections by hand.
    Hand {
        /// How.
        change: Hand,
        /// The drag that it belongs to.
        gesture: Option<u64>,
    },
    /// Play the project's file as it is written here.
    Film {
        /// Its text.
        text: String,
    },
    /// Put the parts that the director chooses beneath those that there are.
    Direct,
    /// Change the parts.
    Part {
        /// How.
        change: PartEdit,
        /// The drag that it belongs to.
        gesture: Option<u64>,
    },
    /// Change the curves that are drawn by hand.
    Curve {
        /// How.
        change: CurveEdit,
        /// The drag that it belongs to.
        gesture: Option<u64>,
    },
    /// Change the snapshots.
    Snapshot {
        /// How.
        change: SnapshotEdit,
    },
    /// Go back to a snapshot.
    Back {
        /// Which one.
        number: u64,
    },
    /// Show two states side by side.
    Compare {
        /// Which snapshots; none: what holds now. None at all: no more.
        sides: Option<[Option<u64>; 2]>,
        /// From where in the track on, in seconds.
        at: f64,
    },
    /// Show all looks that can be chosen.
    Gallery,
    /// Render the preset as it is now.
    Render(Film),
    /// Say how long that would take, and what of it will not come out well.
    Expect {
        /// Under which number the answer is told.
        number: u64,
        /// The video.
        film: Film,
    },
    /// Stop rendering a final, for good.
    Cancel {
        /// Which one; none: the one that is being made.
        number: Option<u64>,
    },
    /// Stop rendering a final for now.
    Pause {
        /// Which one.
        number: u64,
    },
    /// Go on with a final.
    Resume {
        /// Which one.
        number: u64,
    },
    /// Take a final off the list.
    Forget {
        /// Which one.
        number: u64,
    },
}

/// A final as a page orders it.
#[derive(Debug, Deserialize)]
pub struct Film {
    /// Its name.
    pub name: String,
    /// How much work goes into every picture.
    pub tier: String,
    /// Its size.
    pub size: String,
    /// Frames a second; none: as the live pictures.
    #[serde(default)]
    pub fps: Option<String>,
    /// What it is written as.
    #[serde(default = "usual_profile")]
    pub profile: String,
    /// Only the section of this number, from 1.
    #[serde(default)]
    pub section: Option<usize>,
    /// Not before this time in the track.
    #[serde(default)]
    pub start: Option<String>,
    /// Not behind this time in the track.
    #[serde(default)]
    pub end: Option<String>,
    /// Whether a video of this name that the program made before is replaced.
    #[serde(default)]
    pub replace: bool,
}

fn usual_profile() -> String {
    Profile::default().name().to_owned()
}

/// What is written down.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A preset, for any track.
    Preset,
    /// A preset and a project that names it and the track.
    Project,
}
