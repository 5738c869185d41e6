//! What FFmpeg's demuxer says of a media file: its audio streams, the one that is taken, and its packets on one clock.
//!
//! Whoever decodes a track and whoever copies it read it here, so that what is heard is what is copied: the same stream,
//! the same packets, in the same places.

mod choice;
mod clock;
mod survey;

pub use choice::{Choice, choose};
pub use survey::{Survey, survey};

use crate::error::{Context as _, Error, Result};
use crate::units::Seconds;
use clock::Clock;
use ffmpeg_next::codec::packet::side_data::Type;
use ffmpeg_next::format::context::{Input, StreamIo};
use ffmpeg_next::{Dictionary, Packet, Rational, Rescale, codec, ffi, format, log};
use std::fs::File;
use std::path::Path;
use std::sync::Once;

/// Damaged spots in a row that are stepped over before the file is given up.
const DAMAGED_IN_A_ROW: u32 = 1000;
/// Formats whose headers say how long a stream is; of others FFmpeg guesses it from the bit rate.
const STATING: [&str; 12] =
    ["mov", "matroska", "wav", "w64", "aiff", "caf", "flac", "asf", "ape", "wv", "tta", "avi"];

/// Prepares FFmpeg: its error texts, and silence on the terminal (failures come back as errors).
pub fn ready() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Registers the texts of error codes; documented as infallible since FFmpeg 4.
        ffmpeg_next::init().expect("nothing in it can fail");
        log::set_level(log::Level::Fatal);
    });
}

/// Opens a media file for reading. Its content says what it is, never its name, and it can't lead to other files.
///
/// # Errors
/// Input: it can't be read, is empty, or is nothing that FFmpeg knows.
pub fn open(path: &Path) -> Result<Input> {
    ready();
    let mut options = Dictionary::new();
    // A playlist must not make us open other files or addresses.
    options.set("protocol_whitelist", "none");
    StreamIo::from_read_seek(open_file(path)?)
        .and_then(|io| format::input_from_stream(io, None, Some(options)))
        .context(|| {
            Error::input(format!("'{}' can't be read as sound or video", path.display()))
                .hint("MP3, FLAC, WAV, AIFF, Ogg, Opus, M4A, MP4, MKV and WMA are understood; if it is one, it is damaged")
        })
}

/// Opens a file that has something in it.
///
/// # Errors
/// Input: it can't be read, is a folder or is empty.
pub fn open_file(path: &Path) -> Result<File> {
    let unreadable = || {
        Error::input(format!("can't read '{}'", path.display()))
            .hint("check the path and that you may read the file")
    };
    let file = File::open(path).context(unreadable)?;
    let meta = file.metadata().context(unreadable)?;
    if meta.is_dir() {
        return Err(Error::input(format!("'{}' is a folder", path.display())).hint("name one audio file"));
    }
    if meta.is_file() && meta.len() == 0 {
        return Err(Error::input(format!("'{}' is empty", path.display()))
            .hint("the download or copy may have failed; get the file again"));
    }
    Ok(file)
}

/// The packets of one audio stream in order, on one clock.
pub struct Packets {
    input: Input,
    /// Which stream of how many.
    choice: Choice,
    time_base: Rational,
    clock: Clock,
    /// Length in seconds, as the container states it.
    stated: Option<f64>,
    /// Samples a second that durations are counted in; none where the container has taken off what is left out.
    rate: Option<Rational>,
    /// Where the last packet of any stream ends, in seconds.
    reach: f64,
    /// Why reading ended before the end.
    trouble: Option<ffmpeg_next::Error>,
}

impl Packets {
    /// Opens the file at `path` and chooses the stream as [`choose`] does.
    ///
    /// # Errors
    /// As [`choose`].
    pub fn open(path: &Path, asked: Option<usize>) -> Result<Self> {
        let mut input = open(path)?;
        let choice = choice::choose_of(&input, path, asked)?;
        let names = input.format().name().to_owned();
        let is = |list: &[&str]| list.iter().any(|name| names.split(',').any(|part| part == *name));
        // Matroska states one length for all streams, so all are looked at.
        let shared = is(&["matroska"]);
        if !shared {
            only(&mut input, choice.index);
        }
        let stream = input.stream(choice.index).expect("the index was found in this input");
        let (time_base, own, start) = (stream.time_base(), stream.duration(), stream.start_time().max(0));
        let tick = f64::from(time_base);
        let stated = match is(&STATING) {
            true if own > 0 => Some(own as f64 * tick),
            true if shared && input.duration() > 0 => {
                Some(input.duration() as f64 / f64::from(ffi::AV_TIME_BASE))
            }
            _ => None,
        };
        let limit = stated.map(|s| start.saturating_add((s / tick).ceil() as i64));
        let clock = Clock::new(tick, limit);
        let rate = rate_of(stream.parameters()).filter(|_| !is(&["ogg"]));
        Ok(Packets { input, choice, time_base, clock, stated, rate, reach: 0.0, trouble: None })
    }

    /// The stream that was chosen.
    pub fn choice(&self) -> &Choice {
        &self.choice
    }

    /// FFmpeg's names of the container.
    pub fn container(&self) -> String {
        self.input.format().name().to_owned()
    }

    /// The stream's description.
    pub fn parameters(&self) -> codec::Parameters {
        self.stream().parameters()
    }

    /// The unit of the packets' timestamps.
    pub fn time_base(&self) -> Rational {
        self.time_base
    }

    /// Where the container says that the stream begins, in its time base.
    pub fn start(&self) -> Option<i64> {
        Some(self.stream().start_time()).filter(|t| *t != ffi::AV_NOPTS_VALUE)
    }

    /// How long the stream is, by the container's own word.
    pub fn stated(&self) -> Option<Seconds> {
        self.stated.map(Seconds)
    }

    /// What the container promised of the file and didn't keep, once all packets were read.
    pub fn missing(&self) -> Option<Seconds> {
        self.stated.filter(|stated| self.reach < *stated).map(Seconds)
    }

    /// Why reading ended before the end, once it has.
    pub fn trouble(&self) -> Option<ffmpeg_next::Error> {
        self.trouble
    }

    /// All that the file says of itself.
    pub fn input(&self) -> &Input {
        &self.input
    }

    fn stream(&self) -> ffmpeg_next::Stream<'_> {
        self.input.stream(self.choice.index).expect("the index was found in this input")
    }

    /// Takes off the duration what is left out at the end.
    fn shorten(&self, packet: &mut Packet) {
        let (_, last) = skipped(packet);
        if let Some(rate) = self.rate.filter(|_| last > 0) {
            let ticks = i64::from(last).rescale(rate, self.time_base);
            packet.set_duration((packet.duration() - ticks).max(0));
        }
    }

    fn reached(&mut self, packet: &Packet) {
        let tick = self.input.stream(packet.stream()).map_or(0.0, |s| f64::from(s.time_base()));
        if let Some(pts) = packet.pts().or(packet.dts()) {
            self.reach = self.reach.max((pts + packet.duration().max(0)) as f64 * tick);
        }
    }
}

impl Iterator for Packets {
    type Item = Packet;

    /// The next packet that holds something. Its timestamps are its place on the clock, none where nothing is known; its
    /// duration is without what players leave out at its end.
    fn next(&mut self) -> Option<Packet> {
        let mut damaged = 0;
        while self.trouble.is_none() {
            let mut packet = Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) => {
                    damaged = 0;
                    self.reached(&packet);
                    // Empty packets carry no sound; decoders take them for the end, and muxers refuse them.
                    if packet.stream() != self.choice.index || packet.size() == 0 {
                        continue;
                    }
                    self.shorten(&mut packet);
                    // Audio is decoded in the order in which it is heard.
                    let place = self.clock.place(packet.pts().or(packet.dts()), packet.duration());
                    packet.set_pts(place);
                    packet.set_dts(place);
                    return Some(packet);
                }
                Err(ffmpeg_next::Error::Eof) => return None,
                Err(ffmpeg_next::Error::InvalidData) if damaged < DAMAGED_IN_A_ROW => damaged += 1,
                Err(e) => self.trouble = Some(e),
            }
        }
        None
    }
}

/// Samples that a player leaves out at the start and at the end of what `packet` holds.
pub fn skipped(packet: &Packet) -> (u32, u32) {
    let data = packet.side_data().find(|side| side.kind() == Type::SkipSamples);
    let bytes = data.as_ref().and_then(|side| side.data().first_chunk::<8>().copied());
    bytes.map_or((0, 0), |b| {
        (u32::from_le_bytes([b[0], b[1], b[2], b[3]]), u32::from_le_bytes([b[4], b[5], b[6], b[7]]))
    })
}

/// The length of a sample of a stream in seconds.
fn rate_of(parameters: codec::Parameters) -> Option<Rational> {
    let decoder =
        codec::Context::from_parameters(parameters).and_then(|context| context.decoder().audio()).ok()?;
    let rate = i32::try_from(decoder.rate()).ok().filter(|rate| *rate > 0)?;
    Some(Rational::new(1, rate))
}

/// Has the demuxer pass over all streams but one.
#[allow(unsafe_code)]
fn only(input: &mut Input, index: usize) {
    for mut stream in input.streams_mut() {
        if stream.index() != index {
            // SAFETY: the stream is alive and ours alone; the field is meant to be set by callers.
            unsafe { (*stream.as_mut_ptr()).discard = ffi::AVDiscard::AVDISCARD_ALL }
        }
    }
}
