//! Puts frames and the track's packets together into one file.

use super::carriage::{Carriage, container_for};
use super::container::Container;
use super::encode::{Encoder, tick};
use super::encoded::Encoded;
use super::frame::Frame;
use super::label::Label;
use super::partial::Partial;
use super::profile::Profile;
use super::sound::{Sound, first_sample};
use super::spec::{SoundSpan, VideoSpec, cannot_write, check_spec};
use super::{ffmpeg, job};
use crate::demux;
use crate::error::{Context as _, Error, Result};
use crate::units::Seconds;
use ffmpeg_next::format::context::Output;
use ffmpeg_next::format::{self, Flags};
use ffmpeg_next::{Codec, Dictionary, Packet, Rational, codec};
use std::path::PathBuf;

/// Where a stream stands in the file.
struct Lane {
    index: usize,
    /// Unit of the timestamps that go in, and of those in the file.
    from: Rational,
    to: Rational,
    last: Option<i64>,
}

/// Where encoded frames come from.
enum Picture {
    Coded(Encoder),
    /// They are encoded already.
    Ready(codec::Parameters),
}

impl Picture {
    fn encoder(self) -> Option<Encoder> {
        match self {
            Picture::Coded(encoder) => Some(encoder),
            Picture::Ready(_) => None,
        }
    }
}

/// The sound beside the pictures.
enum Heard {
    Copied(Box<Sound>),
    Encoded(Box<Encoded>),
}

/// Writes a video file. It appears under its name only when [`Movie::finish`] returns; dropped
/// before, it leaves nothing. Memory does not grow with the length of the video.
pub(super) struct Movie {
    // Closed before the partial file is renamed or removed: fields are dropped in this order.
    output: Output,
    /// None where frames come encoded.
    encoder: Option<Encoder>,
    sound: Option<Heard>,
    picture_lane: Lane,
    sound_lane: Lane,
    path: PathBuf,
    /// What goes behind the finished file.
    job: Option<String>,
    partial: Partial,
}

impl Movie {
    /// Opens everything that the video needs, so that what can't work fails before the first frame.
    ///
    /// # Errors
    /// If the place can't be written, the track can't be read or doesn't fit the container, the
    /// size is odd, or there is no encoder.
    pub(super) fn create(spec: &VideoSpec<'_>) -> Result<Self> {
        Self::with(spec, None)
    }

    /// The same for frames that come encoded, as `ready` describes them, to be given to [`Movie::write_packet`].
    ///
    /// # Errors
    /// As [`Movie::create`].
    pub(super) fn of_packets(spec: &VideoSpec<'_>, ready: codec::Parameters) -> Result<Self> {
        Self::with(spec, Some(ready))
    }

    fn with(spec: &VideoSpec<'_>, ready: Option<codec::Parameters>) -> Result<Self> {
        demux::ready();
        let container = container_for(spec.path, spec.profile)?;
        check(spec, container)?;
        let heard = spec.sound.filter(|_| !container.is_silent());
        let sound = heard.map(|span| Heard::open(&span)).transpose()?;
        let label = heard.map_or_else(|| Ok(Label::default()), |span| label(&span))?;
        let partial = Partial::create(spec.path)?;
        let failed = || cannot_write(spec.path);
        let mut output =
            format::output_as(&ffmpeg::url(partial.path())?, container.muxer()).context(failed)?;
        let flags = output.format().flags();
        let picture = match ready {
            Some(ready) => Picture::Ready(ready),
            None => Picture::Coded(Encoder::open(spec.profile, spec.size, spec.fps, spec.quality, flags)?),
        };
        let unit = tick(spec.fps);
        add_streams(&mut output, (&picture, unit), sound.as_ref(), (container, spec.profile))
            .context(failed)?;
        // MP4's tags are a closed list, so the job has a place of its own there.
        let job = container.is_mp4().then(|| spec.job.to_owned());
        let own = [(job::KEY, spec.job)];
        label.describe(&mut output, container, if job.is_some() { &[] } else { &own })?;
        let mut options: Dictionary = [("fflags", "+bitexact")].iter().collect();
        if container.is_mp4() {
            options.set("movflags", "+faststart");
            // FLAC in MP4 was an experiment of FFmpeg until version 6.
            options.set("strict", "experimental");
        }
        // The returned dictionary borrows the output; what it holds, unused options, there is none of.
        output.write_header_with(options).map(drop).context(failed)?;
        label.write_cover(&mut output, container).context(failed)?;
        let lane = |index, from| Lane {
            index,
            from,
            to: output.stream(index).map_or(from, |s| s.time_base()),
            last: None,
        };
        let picture_lane = lane(0, unit);
        let sound_lane = lane(1, sound.as_ref().map_or(unit, Heard::time_base));
        let encoder = picture.encoder();
        let path = spec.path.to_owned();
        Ok(Movie { output, encoder, sound, picture_lane, sound_lane, path, job, partial })
    }

    /// What the person should know, such as a stand-in for a missing encoder.
    pub(super) fn note(&self) -> Option<&str> {
        self.encoder.as_ref().and_then(Encoder::note)
    }

    /// How many frames were written.
    pub(super) fn frames(&self) -> u64 {
        self.encoder.as_ref().map_or(0, Encoder::frames)
    }

    /// Adds the next frame.
    ///
    /// # Errors
    /// If its size is not that of the video, the encoder fails, or the disk is full.
    pub(super) fn write(&mut self, frame: &Frame) -> Result<()> {
        self.encoder.as_mut().map_or(Ok(()), |encoder| encoder.send(frame))?;
        self.drain()
    }

    /// Writes what is left of picture and sound and gives the file its name.
    ///
    /// # Errors
    /// If no frame was written, the encoder fails, or the disk is full.
    pub(super) fn finish(mut self) -> Result<()> {
        self.encoder.as_mut().map_or(Ok(()), Encoder::close)?;
        self.drain()?;
        self.pour_sound(Seconds(f64::INFINITY))?;
        self.output.write_trailer().context(|| cannot_write(&self.path))?;
        let Movie { output, partial, job, path, .. } = self;
        drop(output);
        if let Some(job) = job {
            job::append(partial.path(), &job).context(|| cannot_write(&path))?;
        }
        partial.finish()
    }

    /// Writes the packets that the encoder has ready, each after the sound that goes before it.
    fn drain(&mut self) -> Result<()> {
        loop {
            let packet = self.encoder.as_mut().map_or(Ok(None), Encoder::receive)?;
            let Some(packet) = packet else { return Ok(()) };
            self.write_packet(packet)?;
        }
    }

    /// Writes an encoded frame whose timestamps are frames, after the sound that goes before it.
    ///
    /// # Errors
    /// If the disk is full, or the sound can't be read.
    pub(super) fn write_packet(&mut self, packet: Packet) -> Result<()> {
        let ticks = packet.dts().unwrap_or(0) as f64;
        self.pour_sound(Seconds(ticks * f64::from(self.picture_lane.from)))?;
        self.picture_lane.write(packet, &mut self.output).context(|| cannot_write(&self.path))
    }

    /// Writes the sound up to `limit` on the video's clock.
    fn pour_sound(&mut self, limit: Seconds) -> Result<()> {
        let Some(sound) = &mut self.sound else { return Ok(()) };
        while let Some(packet) = sound.next_until(limit)? {
            self.sound_lane.write(packet, &mut self.output).context(|| cannot_write(&self.path))?;
        }
        Ok(())
    }
}

impl Heard {
    fn open(span: &SoundSpan<'_>) -> Result<Self> {
        Ok(match span.carriage {
            Carriage::Encoded(coding) => Heard::Encoded(Box::new(Encoded::open(span, coding)?)),
            _ => Heard::Copied(Box::new(Sound::open((span.track, span.stream), span.start, span.end)?)),
        })
    }

    fn time_base(&self) -> Rational {
        match self {
            Heard::Copied(sound) => sound.time_base(),
            Heard::Encoded(sound) => sound.time_base(),
        }
    }

    fn next_until(&mut self, limit: Seconds) -> Result<Option<Packet>> {
        match self {
            Heard::Copied(sound) => sound.next_until(limit),
            Heard::Encoded(sound) => sound.next_until(limit),
        }
    }
}

/// What the track says of itself, on the clock of its sound.
fn label(span: &SoundSpan<'_>) -> Result<Label> {
    let tick = demux::Packets::open(span.track, span.stream)?.time_base();
    let origin = first_sample(span.track, span.stream)? as f64 * f64::from(tick);
    Label::read(span.track, origin, span.start, span.end)
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
fn check(spec: &VideoSpec<'_>, container: Container) -> Result<()> {
    check_spec(spec)?;
    let Some(sound) = spec.sound.filter(|_| !container.is_silent()) else { return Ok(()) };
    if sound.carriage != Carriage::Copied {
        return Ok(());
    }
    let codec = demux::Packets::open(sound.track, sound.stream)?.parameters().id();
    if container.plays(codec) || ffmpeg::can_hold(container.muxer(), codec) {
        return Ok(());
    }
    let message = format!("{} can't hold {} sound unchanged", container.title(), codec.name());
    Err(Error::output(message).hint("write to a file that ends in .mkv, or re-encode the sound with --audio"))
}

/// Stream 0 is the picture, stream 1 the sound.
fn add_streams(
    output: &mut Output,
    (picture, unit): (&Picture, Rational),
    sound: Option<&Heard>,
    (container, profile): (Container, Profile),
) -> Result<()> {
    let none = || Error::internal("no stream");
    let mut picture = match picture {
        Picture::Coded(encoder) => output.add_stream_with(encoder.context()).context(none)?,
        Picture::Ready(parameters) => {
            let mut stream = output.add_stream(None::<Codec>).context(none)?;
            stream.set_parameters(parameters.clone());
            ffmpeg::set_tag(&mut stream, [0; 4]);
            stream
        }
    };
    picture.set_time_base(unit);
    picture.set_avg_frame_rate(unit.invert());
    if container.is_mp4() && profile == Profile::H265 {
        // Apple's players know H.265 by this tag only.
        ffmpeg::set_tag(&mut picture, *b"hvc1");
    }
    let Some(sound) = sound else { return Ok(()) };
    let mut stream = match sound {
        Heard::Copied(sound) => {
            let mut stream = output.add_stream(None::<Codec>).context(|| Error::internal("no stream"))?;
            stream.set_parameters(sound.parameters());
            ffmpeg::set_tag(&mut stream, [0; 4]);
            stream
        }
        Heard::Encoded(sound) => {
            output.add_stream_with(sound.context()).context(|| Error::internal("no stream"))?
        }
    };
    stream.set_time_base(sound.time_base());
    if matches!(container, Container::Mkv | Container::Webm) {
        ffmpeg::forget_delay(&mut stream);
    }
    Ok(())
}
