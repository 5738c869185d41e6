//! Knowledge from elsewhere: by a person about a track, and by others about words of a project.

use crate::audio::Octave;
use crate::units::Seconds;

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
