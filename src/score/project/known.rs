//! Knowledge from elsewhere: by a person about a track, and by others about words of a project.

use crate::audio::Octave;
use crate::units::Seconds;
use std::sync::Arc;

/// What a person knows better about a track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// A constant tempo in beats a minute.
    pub bpm: Option<f64>,
    /// Where the first downbeat is.
    pub first_beat: Option<Seconds>,
    /// A file with the times of the beats.
    pub beats_file: Option<String>,
    /// Half, twice or three times as many beats.
    pub octave: Option<Octave>,
    /// How much later all beats are, in seconds.
    pub shift_beats: Option<f64>,
    /// A file with the starts and names of the sections.
    pub sections_file: Option<String>,
    /// Which of several audio streams is heard, from 1.
    pub audio_stream: Option<usize>,
    /// Beats, bars and sections that stand in the project itself.
    pub hand: ByHand,
}

/// Beats, bars and sections that a person set one by one; by default none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ByHand {
    /// Beats in a bar.
    pub meter: Option<u32>,
    /// Every beat, ascending.
    pub beats: Option<Arc<[HandBeat]>>,
    /// Every section, ascending.
    pub sections: Option<Arc<[HandSection]>>,
}

/// A beat that a person set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HandBeat {
    /// When.
    pub time: Seconds,
    /// Whether it begins a bar.
    pub bar: bool,
}

/// A section that a person set; it ends where the next one begins.
#[derive(Clone, Debug, PartialEq)]
pub struct HandSection {
    /// When it begins; what comes before the first belongs to it.
    pub from: Seconds,
    /// What it is called: sections of one name are alike.
    pub name: String,
    /// Its colour in the studio, like `#3f7a49`.
    pub color: Option<String>,
}

/// Words that only others know the meaning of.
#[derive(Clone, Copy, Debug)]
pub struct Choices<'a> {
    /// What a video can be written as.
    pub profiles: &'a [&'a str],
    /// How sound can go into a video.
    pub audio: &'a [&'a str],
    /// How much work can go into a picture.
    pub tiers: &'a [&'a str],
}
