//! The packets of a stream, in order and on one clock.

use super::choice::{Choice, choose_of};
use super::clock::Clock;
use super::open::open;
use crate::error::Result;
use crate::units::Seconds;
use ffmpeg_next::codec::packet::side_data::Type;
use ffmpeg_next::codec::packet::{Mut as _, Ref as _};
use ffmpeg_next::format::context::Input;
use ffmpeg_next::{Packet, Rational, Rescale, codec, ffi};
use std::path::Path;

/// Damaged spots in a row that are stepped over before the file is given up.
const DAMAGED_IN_A_ROW: u32 = 1000;
/// Formats whose headers say how long a stream is; of others FFmpeg guesses it from the bit rate.
const STATING: [&str; 12] =
    ["mov", "matroska", "wav", "w64", "aiff", "caf", "flac", "asf", "ape", "wv", "tta", "avi"];

/// Codecs whose packets hold the same number of samples to the last one, however short the container says that is.
const EVEN: [codec::Id; 5] =
    [codec::Id::AAC, codec::Id::MP3, codec::Id::MP2, codec::Id::AC3, codec::Id::EAC3];

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
    /// Where the stream ends, if the container knows to the sample; what the last packet holds beyond is padding.
    end: Option<i64>,
    /// What a packet holds at least, as a duration.
    held: i64,
    /// Whether it is Ogg, in which a stream may begin again under its own number, headers and all.
    ogg: bool,
    /// The packet after the next, where that is needed to know the last one.
    ahead: Option<Packet>,
    /// Where the last packet of any stream ends, in seconds.
    reach: f64,
    /// Why reading ended before the end.
    trouble: Option<ffmpeg_next::Error>,
}

impl Packets {
    /// Opens the file at `path` and chooses the stream as [`super::choose`] does.
    ///
    /// # Errors
    /// As [`super::choose`].
    pub fn open(path: &Path, asked: Option<usize>) -> Result<Self> {
        let mut input = open(path)?;
        let choice = choose_of(&input, path, asked)?;
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
        let length = stated.map(|s| if own > 0 { own } else { (s / tick).ceil() as i64 });
        let limit = length.map(|length| start.saturating_add(length));
        let clock = Clock::new(tick, limit);
        let end = limit.filter(|_| is(&["mp4"]));
        let rate = rate_of(stream.parameters()).filter(|_| !is(&["ogg"]));
        let held = rate.map_or(0, |rate| frame_size(&stream.parameters()).rescale(rate, time_base));
        let ogg = is(&["ogg"]);
        let (ahead, reach, trouble) = (None, 0.0, None);
        Ok(Packets { input, choice, time_base, clock, stated, rate, end, held, ogg, ahead, reach, trouble })
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

    /// Marks what the last packet holds behind the end as padding.
    fn cut(&self, packet: &mut Packet, end: i64) {
        let held = packet.duration().max(self.held);
        let beyond = packet.pts().map_or(0, |at| at.saturating_add(held).saturating_sub(end));
        if let Some(rate) = self.rate.filter(|_| (1..held).contains(&beyond)) {
            let samples = beyond.rescale(self.time_base, rate);
            if leave_out(packet, u32::try_from(samples).unwrap_or(0)) {
                packet.set_duration(held - beyond);
            }
        }
    }

    /// The next packet that holds something, as the demuxer has it but for its place.
    fn read(&mut self) -> Option<Packet> {
        let mut damaged = 0;
        while self.trouble.is_none() {
            let mut packet = Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) => {
                    damaged = 0;
                    self.reached(&packet);
                    // Empty packets carry no sound; decoders take them for the end, and muxers refuse them.
                    if packet.stream() != self.choice.index || packet.size() == 0 || self.is_header(&packet) {
                        continue;
                    }
                    self.shorten(&mut packet);
                    // Audio is decoded in the order in which it is heard.
                    let stamp = packet.pts().or(packet.dts());
                    let place = match is_unheard(&packet) {
                        true => self.clock.aside(stamp, packet.duration()),
                        false => self.clock.place(stamp, packet.duration()),
                    };
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

    /// Whether `packet` describes what follows and holds no sound: FFmpeg hands on the headers of a file that was joined to itself.
    /// Vorbis's are for its decoder.
    fn is_header(&self, packet: &Packet) -> bool {
        let starts =
            |with: &[&[u8]]| with.iter().any(|with| packet.data().is_some_and(|d| d.starts_with(with)));
        self.ogg
            && match self.parameters().id() {
                codec::Id::OPUS => starts(&[b"OpusHead", b"OpusTags"]),
                // A frame begins with its sync code (RFC 9639, 9.1), nothing else does.
                codec::Id::FLAC => !starts(&[b"\xff\xf8", b"\xff\xf9"]),
                codec::Id::SPEEX => starts(&[b"Speex   "]),
                _ => false,
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
        let mut packet = self.ahead.take().or_else(|| self.read())?;
        if let Some(end) = self.end {
            self.ahead = self.read();
            if self.ahead.is_none() {
                self.cut(&mut packet, end);
            }
        }
        Some(packet)
    }
}

/// Has players leave out so many samples at the end of what `packet` holds; false if there is no room to say so.
#[allow(unsafe_code)]
fn leave_out(packet: &mut Packet, samples: u32) -> bool {
    let kind = ffi::AVPacketSideDataType::AV_PKT_DATA_SKIP_SAMPLES;
    let has_some = packet.side_data().any(|side| side.kind() == Type::SkipSamples && side.data().len() >= 10);
    // SAFETY: the packet is alive and ours alone; both calls give memory of the packet's own, of ten bytes or more, or null.
    unsafe {
        let data = match has_some {
            true => ffi::av_packet_get_side_data(packet.as_ptr(), kind, std::ptr::null_mut()),
            false => ffi::av_packet_new_side_data(packet.as_mut_ptr(), kind, 10),
        };
        if data.is_null() {
            return false;
        }
        if !has_some {
            data.write_bytes(0, 10);
        }
        data.add(4).copy_from_nonoverlapping(samples.to_le_bytes().as_ptr(), 4);
    }
    true
}

/// Samples that a player leaves out at the start and at the end of what `packet` holds.
pub fn skipped(packet: &Packet) -> (u32, u32) {
    let data = packet.side_data().find(|side| side.kind() == Type::SkipSamples);
    let bytes = data.as_ref().and_then(|side| side.data().first_chunk::<8>().copied());
    bytes.map_or((0, 0), |b| {
        (u32::from_le_bytes([b[0], b[1], b[2], b[3]]), u32::from_le_bytes([b[4], b[5], b[6], b[7]]))
    })
}

/// Whether a packet is decoded for the sake of the next one only, as behind a cut in an edit list.
#[allow(unsafe_code)]
pub(super) fn is_unheard(packet: &Packet) -> bool {
    // SAFETY: the packet is alive; the field is a plain number.
    unsafe { (*packet.as_ptr()).flags & ffi::AV_PKT_FLAG_DISCARD != 0 }
}

/// Samples in every packet of a codec that has always as many; 0 where they vary.
#[allow(unsafe_code)]
fn frame_size(parameters: &codec::Parameters) -> i64 {
    // SAFETY: the parameters are alive; the field is a plain number.
    let size = unsafe { (*parameters.as_ptr()).frame_size };
    if EVEN.contains(&parameters.id()) { i64::from(size.max(0)) } else { 0 }
}

/// The length of a sample of a stream in seconds.
pub(super) fn rate_of(parameters: codec::Parameters) -> Option<Rational> {
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
