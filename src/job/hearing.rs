//! Hearing: from what is said about it to what the listener understands; the files that were named are read here.

use super::analysis_cache;
use super::project_folder::path_value;
use crate::audio::marks::GivenBeats;
use crate::audio::timed::Entry;
use crate::audio::{Analysis, Corrections, Octave, Options, Tracker, analyze_with, marks};
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::progress::Progress;
use crate::score::{ByHand, HandBeat, HandSection, Known, toml_text};
use crate::units::Seconds;
use std::path::{Path, PathBuf};

/// Largest file of beats or sections that is read, in bytes: a DJ's whole collection.
const LARGEST: u64 = 256 << 20;

/// How to listen, and what is known better; by default the program's own way, and nothing.
#[derive(Clone, Debug, Default)]
pub struct Hearing {
    /// How to listen.
    pub options: Options,
    /// Beats a minute.
    pub bpm: Option<f64>,
    /// Where the first beat is.
    pub first_beat: Option<Seconds>,
    /// A file with the times of the beats.
    pub beats_file: Option<PathBuf>,
    /// Half, twice or three times as many beats.
    pub octave: Option<Octave>,
    /// How much later the beats are, in seconds.
    pub shift: Option<f64>,
    /// A file with the starts and names of the sections.
    pub sections_file: Option<PathBuf>,
    /// Beats, bars and sections that were set one by one.
    pub hand: ByHand,
}

impl Hearing {
    /// What [`Self::typed`] can say.
    pub const TYPED: [&'static str; 11] = [
        "--beats",
        "--ears",
        "--bpm",
        "--first-beat",
        "--beats-file",
        "--halve",
        "--double",
        "--triple",
        "--shift-beats",
        "--sections-file",
        "--audio-stream",
    ];

    /// This, and where it says nothing, what a project says; `inside` finds the project's files.
    ///
    /// # Errors
    /// What `inside` refuses.
    pub fn over(self, known: &Known, inside: impl Fn(&str) -> Result<PathBuf>) -> Result<Self> {
        let file = |typed: Option<PathBuf>, known: &Option<String>| match (typed, known) {
            (None, Some(path)) => inside(path).map(Some),
            (typed, _) => Ok(typed),
        };
        // A tempo and a list of beats exclude each other, wherever they come from.
        let beats = if self.bpm.is_some() { &None } else { &known.beats_file };
        let bpm = if self.beats_file.is_some() { None } else { known.bpm };
        let typed_beats = self.bpm.is_some() || self.beats_file.is_some();
        let hand = ByHand {
            meter: self.hand.meter.or(known.hand.meter),
            beats: self.hand.beats.or_else(|| known.hand.beats.clone().filter(|_| !typed_beats)),
            sections: self
                .hand
                .sections
                .or_else(|| known.hand.sections.clone().filter(|_| self.sections_file.is_none())),
        };
        Ok(Hearing {
            options: Options { stream: self.options.stream.or(known.audio_stream), ..self.options },
            bpm: self.bpm.or(bpm),
            first_beat: self.first_beat.or(known.first_beat),
            beats_file: file(self.beats_file, beats)?,
            octave: self.octave.or(known.octave),
            shift: self.shift.or(known.shift_beats),
            sections_file: file(self.sections_file, &known.sections_file)?,
            hand,
        })
    }

    /// Whether anything is known better than what is heard.
    pub fn corrects(&self) -> bool {
        let Hearing { options: _, bpm, first_beat, beats_file, octave, shift, sections_file, hand } = self;
        let beats = bpm.is_some() || first_beat.is_some() || beats_file.is_some() || octave.is_some();
        beats || shift.is_some() || sections_file.is_some() || *hand != ByHand::default()
    }

    /// What was said, as options of the command line with their values, which are empty for those that take none.
    pub fn typed(&self) -> Vec<(String, String)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
        let mut all = Vec::new();
        let mut say =
            |option: &str, value: Option<String>| all.extend(value.map(|value| (option.to_owned(), value)));
        let [beats, ears, bpm, first_beat, beats_file, halve, double, triple, shift, sections_file, stream] =
            Self::TYPED;
        say(beats, (self.options.tracker == Tracker::Aubio).then(|| "aubio".into()));
        say(ears, path(&self.options.weights));
        say(bpm, self.bpm.map(|bpm| bpm.to_string()));
        say(first_beat, self.first_beat.map(|t| t.0.to_string()));
        say(beats_file, path(&self.beats_file));
        say(halve, (self.octave == Some(Octave::Halve)).then(String::new));
        say(double, (self.octave == Some(Octave::Double)).then(String::new));
        say(triple, (self.octave == Some(Octave::Triple)).then(String::new));
        say(shift, self.shift.map(|s| s.to_string()));
        say(sections_file, path(&self.sections_file));
        say(stream, self.options.stream.map(|n| n.to_string()));
        all
    }

    /// The hearing that said `pairs`, see [`Self::typed`].
    ///
    /// # Errors
    /// Input: it says what nobody can have said.
    pub fn of_typed(pairs: &[(String, String)]) -> Result<Self> {
        let [beats, ears, bpm, first_beat, beats_file, halve, double, triple, shift, sections_file, stream] =
            Self::TYPED;
        let mut hearing = Hearing::default();
        for (option, value) in pairs {
            let wrong =
                || Error::input(format!("the record says '{option} {value}', which nobody can have typed"));
            let number = || value.parse::<f64>().context(wrong);
            match option.as_str() {
                o if o == beats && value == "aubio" => hearing.options.tracker = Tracker::Aubio,
                o if o == ears => hearing.options.weights = Some(value.into()),
                o if o == bpm => hearing.bpm = Some(number()?),
                o if o == first_beat => hearing.first_beat = Some(Seconds(number()?)),
                o if o == beats_file => hearing.beats_file = Some(value.into()),
                o if o == halve => hearing.octave = Some(Octave::Halve),
                o if o == double => hearing.octave = Some(Octave::Double),
                o if o == triple => hearing.octave = Some(Octave::Triple),
                o if o == shift => hearing.shift = Some(number()?),
                o if o == sections_file => hearing.sections_file = Some(value.into()),
                o if o == stream => hearing.options.stream = Some(value.parse().context(wrong)?),
                _ => return Err(wrong().hint("only what beatbolt wrote can be used")),
            }
        }
        Ok(hearing)
    }

    /// What was said as keys of a project that is to lie at `target`, each with its TOML; none takes a key out.
    ///
    /// # Errors
    /// Usage: a project can't say it: another tracker, or a file outside its folder.
    pub fn keys(&self, target: &Path) -> Result<Vec<(&'static str, Option<String>)>> {
        let Hearing { options, bpm, first_beat, beats_file, octave, shift, sections_file, hand: _ } = self;
        if options.tracker != Tracker::Net || options.weights.is_some() {
            return Err(Error::usage("a project can't hold --beats or --ears")
                .hint("leave them out; --beats-file can hold the beats that they find"));
        }
        let mut keys = Vec::new();
        let mut say = |key, value: Option<String>| keys.extend(value.map(|value| (key, Some(value))));
        let path = |path: &Option<PathBuf>| path_value(target, path.as_deref());
        let octave = octave.map(|octave| match octave {
            Octave::Halve => "halve",
            Octave::Double => "double",
            Octave::Triple => "triple",
        });
        say("hearing.bpm", bpm.map(|bpm| bpm.to_string()));
        say("hearing.first_beat", first_beat.map(|t| t.0.to_string()));
        say("hearing.beats_file", path(beats_file)?);
        say("hearing.octave", octave.map(toml_text));
        say("hearing.shift_beats", shift.map(|s| s.to_string()));
        say("hearing.sections_file", path(sections_file)?);
        say("hearing.audio_stream", options.stream.map(|n| n.to_string()));
        // A tempo and a list of beats exclude each other.
        if bpm.is_some() {
            keys.push(("hearing.beats_file", None));
        }
        if beats_file.is_some() {
            keys.push(("hearing.bpm", None));
        }
        Ok(keys)
    }

    /// Listens to a track and corrects what is known better.
    ///
    /// # Errors
    /// A list can't be read, the track can't be decoded, or a correction can't be meant.
    pub fn hear(&self, track: &Path, progress: &dyn Progress) -> Result<Analysis> {
        // The lists come first: what can be refused is refused before the work.
        let corrections = self.corrections(track, progress)?;
        let mut analysis = self.listen(track, progress)?;
        corrections.apply(&mut analysis)?.iter().for_each(|note| progress.note(note));
        Ok(analysis)
    }

    /// Listens to a track and corrects nothing.
    ///
    /// # Errors
    /// The track can't be decoded.
    pub fn listen(&self, track: &Path, progress: &dyn Progress) -> Result<Analysis> {
        let listen = |progress: &dyn Progress| analyze_with(track, &self.options, progress);
        analysis_cache::through(track, &self.options, progress, listen)
    }

    /// Corrects what [`Self::listen`] heard.
    ///
    /// # Errors
    /// A list can't be read, or a correction can't be meant.
    pub fn correct(&self, analysis: &mut Analysis, track: &Path, progress: &dyn Progress) -> Result<()> {
        let notes = self.corrections(track, progress)?.apply(analysis)?;
        notes.iter().for_each(|note| progress.note(note));
        Ok(())
    }

    fn corrections(&self, track: &Path, progress: &dyn Progress) -> Result<Corrections> {
        let beats = |path: &Path| known(path, progress, |bytes| marks::beats(bytes, track));
        let sections = |path: &Path| known(path, progress, |bytes| marks::sections(bytes, track));
        Ok(Corrections {
            bpm: self.bpm,
            first_beat: self.first_beat,
            beats: match &self.hand.beats {
                Some(own) => Some(GivenBeats::List(own.iter().map(beat).collect())),
                None => self.beats_file.as_deref().map(beats).transpose()?,
            },
            meter: self.hand.meter,
            octave: self.octave,
            shift: self.shift.unwrap_or(0.0),
            sections: match &self.hand.sections {
                Some(own) => Some(own.iter().map(section).collect()),
                None => self.sections_file.as_deref().map(sections).transpose()?,
            },
        })
    }
}

fn beat(own: &HandBeat) -> Entry {
    Entry { time: own.time, label: if own.bar { "1".to_owned() } else { String::new() } }
}

fn section(own: &HandSection) -> Entry {
    Entry { time: own.from, label: own.name.clone() }
}

/// What `read` makes of the file at `path`; its notes are told.
fn known<T>(
    path: &Path,
    progress: &dyn Progress,
    read: impl Fn(&[u8]) -> Result<(T, Vec<String>)>,
) -> Result<T> {
    let shown = path.display();
    let failed = || Error::input(format!("can't use '{shown}'"));
    let bytes = bounded_read::bytes(path, LARGEST)
        .context(|| failed().hint("check the path, and that you have permission to read it"))?;
    let (found, notes) = read(&bytes).map_err(|cause| {
        // What to do is known where it failed.
        cause.hints().to_vec().into_iter().fold(failed().because(cause), Error::hint)
    })?;
    notes.iter().for_each(|note| progress.note(&format!("{shown}: {note}")));
    Ok(found)
}
