//! Puts frames and the track's packets together into one file.

use super::container::{Container, check_container};
use super::encode::{Encoder, Quality};
use super::frame::Frame;
use super::partial::Partial;
use super::sound::Sound;
use super::{ffmpeg, job};
use crate::error::{Context as _, Error, Result};
use crate::units::{FrameRate, Seconds, Size};
use ffmpeg_next::format::context::Output;
use ffmpeg_next::format::{self, Flags};
use ffmpeg_next::{Codec, Dictionary, Packet, Rational};
use std::path::{Path, PathBuf};

/// The part of a track that is heard.
#[derive(Clone, Copy, Debug)]
pub struct SoundSpan<'a> {
    /// The file whose first audio stream is copied.
    pub track: &'a Path,
    /// The moment of the track that the first frame shows; none: its beginning.
    pub start: Option<Seconds>,
    /// The moment of the track after which nothing is copied; none: its end.
    pub end: Option<Seconds>,
}

/// What to write.
#[derive(Clone, Copy, Debug)]
pub struct VideoSpec<'a> {
    /// The finished file; its ending names the format (see [`check_container`]).
    pub path: &'a Path,
    /// Size of every frame; even sides.
    pub size: Size,
    /// Frames a second.
    pub fps: FrameRate,
    /// Picture quality.
    pub quality: Quality,
    /// What is heard; none: a silent video.
    pub sound: Option<SoundSpan<'a>>,
    /// Text to keep in the file for [`super::read_job`].
    pub job: &'a str,
}

/// Where a stream stands in the file.
struct Lane {
    index: usize,
    /// Unit of the timestamps that go in, and of those in the file.
    from: Rational,
    to: Rational,
    last: Option<i64>,
}

/// Writes a video file. It appears under its name only when [`Writer::finish`] returns; dropped
/// before, it leaves nothing. Memory does not grow with the length of the video.
pub struct Writer {
    // Closed before the partial file is renamed or removed: fields are dropped in this order.
    output: Output,
    encoder: Encoder,
    sound: Option<Sound>,
    picture_lane: Lane,
    sound_lane: Lane,
    size: Size,
    path: PathBuf,
    partial: Partial,
}

impl Writer {
    /// Opens everything that the video needs, so that what can't work fails before the first frame.
    ///
    /// # Errors
    /// If the place can't be written, the track can't be read or doesn't fit the container, the
    /// size is odd, or there is no encoder.
    pub fn create(spec: &VideoSpec<'_>) -> Result<Self> {
        ffmpeg::ready();
        let container = Container::of(spec.path)?;
        check(spec)?;
        let sound = spec.sound.map(|s| Sound::open(s.track, s.start, s.end)).transpose()?;
        let partial = Partial::create(spec.path)?;
        let failed = || cannot_write(spec.path);
        let mut output =
            format::output_as(&ffmpeg::url(partial.path())?, container.muxer()).context(failed)?;
        let encoder = Encoder::open(spec.size, spec.fps, spec.quality, output.format().flags())?;
        add_streams(&mut output, &encoder, sound.as_ref(), container).context(failed)?;
        output.set_metadata([(job::KEY, spec.job)].iter().collect());
        let mut options: Dictionary = [("fflags", "+bitexact")].iter().collect();
        if container != Container::Mkv {
            options.set("movflags", "+faststart+use_metadata_tags");
        }
        // The returned dictionary borrows the output; what it holds, unused options, there is none of.
        output.write_header_with(options).map(drop).context(failed)?;
        let lane = |index, from| Lane {
            index,
            from,
            to: output.stream(index).map_or(from, |s| s.time_base()),
            last: None,
        };
        let picture_lane = lane(0, encoder.time_base());
        let sound_lane = lane(1, sound.as_ref().map_or(encoder.time_base(), Sound::time_base));
        let (size, path) = (spec.size, spec.path.to_owned());
        Ok(Writer { output, encoder, sound, picture_lane, sound_lane, size, path, partial })
    }

    /// What the person should know, such as a stand-in for a missing encoder.
    pub fn note(&self) -> Option<&str> {
        self.encoder.note()
    }

    /// How many frames were written.
    pub fn frames(&self) -> u64 {
        self.encoder.frames()
    }

    /// Adds the next frame.
    ///
    /// # Errors
    /// If its size is not that of the video, the encoder fails, or the disk is full.
    pub fn write(&mut self, frame: &Frame) -> Result<()> {
        if frame.size() != self.size {
            let message = format!("a frame of {} for a video of {}", frame.size(), self.size);
            return Err(Error::internal(message));
        }
        self.encoder.send(frame)?;
        self.drain()
    }

    /// Writes what is left of picture and sound and gives the file its name.
    ///
    /// # Errors
    /// If no frame was written, the encoder fails, or the disk is full.
    pub fn finish(mut self) -> Result<()> {
        if self.frames() == 0 {
            return Err(Error::usage("a video of no frames").hint("check --start and --end"));
        }
        self.encoder.close()?;
        self.drain()?;
        self.pour_sound(Seconds(f64::INFINITY))?;
        self.output.write_trailer().context(|| cannot_write(&self.path))?;
        let Writer { output, partial, .. } = self;
        drop(output);
        partial.finish()
    }

    /// Writes the packets that the encoder has ready, each after the sound that goes before it.
    fn drain(&mut self) -> Result<()> {
        while let Some(packet) = self.encoder.receive()? {
            let ticks = packet.dts().unwrap_or(0) as f64;
            self.pour_sound(Seconds(ticks * f64::from(self.picture_lane.from)))?;
            self.picture_lane.write(packet, &mut self.output).context(|| cannot_write(&self.path))?;
        }
        Ok(())
    }

    /// Copies the sound up to `limit` on the video's clock.
    fn pour_sound(&mut self, limit: Seconds) -> Result<()> {
        let Some(sound) = &mut self.sound else { return Ok(()) };
        while let Some(packet) = sound.next_until(limit)? {
            self.sound_lane.write(packet, &mut self.output).context(|| cannot_write(&self.path))?;
        }
        Ok(())
    }
}

impl Lane {
    /// Hands a packet to the muxer in the file's units.
    fn write(&mut self, mut packet: Packet, output: &mut Output) -> Result<(), ffmpeg_next::Error> {
        packet.set_stream(self.index);
        packet.rescale_ts(self.from, self.to);
        packet.set_position(-1);
        // Damaged tracks may step back in time, which muxers refuse.
        let step = i64::from(!output.format().flags().contains(Flags::TS_NONSTRICT));
        if let (Some(last), Some(dts)) = (self.last, packet.dts()) {
            let dts = dts.max(last.saturating_add(step));
            packet.set_dts(Some(dts));
            packet.set_pts(packet.pts().map(|pts| pts.max(dts)));
        }
        self.last = packet.dts();
        packet.write_interleaved(output)
    }
}

/// Refuses what no encoder or container takes.
fn check(spec: &VideoSpec<'_>) -> Result<()> {
    let Size { width, height } = spec.size;
    let sides = [width, height];
    if sides.iter().any(|side| side % 2 != 0 || !(16..=Size::MAX_SIDE).contains(side)) {
        return Err(Error::usage(format!("a video can't have the size {}", spec.size))
            .hint("use even numbers from 16 to 8192, like 1280x720"));
    }
    if spec.job.contains('\0') {
        return Err(Error::internal("the job's text holds a zero byte"));
    }
    let Some(sound) = spec.sound else { return Ok(()) };
    let plan = check_container(spec.path, sound.track)?;
    match plan.note {
        Some(note) => Err(Error::output(note).hint(format!("write to {}", plan.path.display()))),
        None => Ok(()),
    }
}

/// Stream 0 is the picture, stream 1 the sound.
fn add_streams(
    output: &mut Output,
    encoder: &Encoder,
    sound: Option<&Sound>,
    container: Container,
) -> Result<()> {
    let mut picture = output.add_stream_with(encoder.context()).context(|| Error::internal("no stream"))?;
    picture.set_time_base(encoder.time_base());
    picture.set_avg_frame_rate(encoder.time_base().invert());
    if let Some(sound) = sound {
        let mut stream = output.add_stream(None::<Codec>).context(|| Error::internal("no stream"))?;
        stream.set_parameters(sound.parameters()?);
        stream.set_time_base(sound.time_base());
        ffmpeg::forget_tag(&mut stream);
        if container == Container::Mkv {
            ffmpeg::forget_delay(&mut stream);
        }
    }
    Ok(())
}

fn cannot_write(path: &Path) -> Error {
    Error::output(format!("can't write {}", path.display()))
        .hint("check that the disk has space left, then run it again")
}
