//! Splicing: takes that were encoded one by one become one file by copying what was encoded. Every frame's time is computed from its
//! number, so nothing adds up; the track's sound goes in as a whole.

use super::encode::tick;
use super::fit::Fit;
use super::flash_guard::{FlashGuard, Guard};
use super::footage::Footage;
use super::frame::Frame;
use super::movie::Movie;
use super::reel::Reel;
use super::spec::VideoSpec;
use crate::demux;
use crate::error::{Error, Result};
use crate::units::{FrameRate, Seconds, Size};
use ffmpeg_next::{Packet, codec, media};
use std::path::{Path, PathBuf};

/// Seconds around a cut in which flashes of both sides may come together; the guard counts a second and an eighth.
const AROUND: f64 = 1.25;

/// A take that was encoded.
#[derive(Clone, Debug)]
pub struct EncodedTake {
    /// Its file, without sound.
    pub path: PathBuf,
    /// How many frames it has.
    pub frames: u64,
}

/// Copies `takes`, one behind the other, into the video of `spec`. `told` hears how many frames are written.
///
/// # Errors
/// Input: a take is damaged, has another number of frames, or flashes come together over a cut, where `guard` is on;
/// Output; whatever `told` says.
pub fn splice(
    spec: &VideoSpec<'_>,
    takes: &[EncodedTake],
    guard: Guard,
    told: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<()> {
    let Some(first) = takes.first() else { return Err(Error::internal("there are no takes to join")) };
    let ready = Coded::read(first, spec.fps)?.parameters;
    let mut lead = 0;
    for take in takes {
        lead = lead.max(Coded::read(take, spec.fps)?.lead());
    }
    if guard == Guard::On {
        takes.windows(2).try_for_each(|pair| check_cut(&pair[0], &pair[1], spec.fps))?;
    }
    let mut movie = Movie::of_packets(spec, ready)?;
    let mut start = 0;
    for take in takes {
        for (place, (frame, mut packet)) in (start..).zip(Coded::read(take, spec.fps)?.packets) {
            packet.set_pts(Some(start + frame));
            packet.set_dts(Some(place - lead));
            packet.set_duration(1);
            movie.write_packet(packet)?;
        }
        start += take.frames as i64;
        told(start.unsigned_abs())?;
    }
    movie.finish()
}

/// The encoded frames of a take, in the order in which they are decoded, each with its number.
struct Coded {
    parameters: codec::Parameters,
    packets: Vec<(i64, Packet)>,
}

impl Coded {
    fn read(take: &EncodedTake, fps: FrameRate) -> Result<Self> {
        let broken = || damaged(&take.path);
        let mut input = demux::open(&take.path)?;
        let stream = input.streams().best(media::Type::Video).ok_or_else(broken)?;
        let (index, unit, parameters) = (stream.index(), f64::from(stream.time_base()), stream.parameters());
        let frame = f64::from(tick(fps));
        let (mut packets, mut packet) = (Vec::new(), Packet::empty());
        while packet.read(&mut input).is_ok() {
            if packet.stream() == index {
                let at = packet.pts().ok_or_else(broken)?;
                packets.push((
                    (at as f64 * unit / frame).round() as i64,
                    std::mem::replace(&mut packet, Packet::empty()),
                ));
            }
        }
        let first = packets.iter().map(|(at, _)| *at).min().unwrap_or(0);
        packets.iter_mut().for_each(|(at, _)| *at -= first);
        let mut numbers: Vec<i64> = packets.iter().map(|(at, _)| *at).collect();
        numbers.sort_unstable();
        // Every frame once, and the last one at its time.
        if !numbers.iter().copied().eq(0..take.frames as i64) {
            return Err(broken().because(format!(
                "it has {} frames in place of {}",
                numbers.len(),
                take.frames
            )));
        }
        Ok(Coded { parameters, packets })
    }

    /// By how many frames decoding is ahead of showing.
    fn lead(&self) -> i64 {
        (0..).zip(&self.packets).map(|(place, (frame, _))| place - frame).max().unwrap_or(0)
    }
}

/// Refuses two takes whose flashes, none of them too many by themselves, come together over the cut between them.
fn check_cut(before: &EncodedTake, behind: &EncodedTake, fps: FrameRate) -> Result<()> {
    let around = (AROUND * fps.per_second()).ceil() as u64;
    let last = frames(before, before.frames.saturating_sub(around)..before.frames, fps)?;
    let next = frames(behind, 0..around.min(behind.frames), fps)?;
    let damped = |frames: &[&[Frame]]| {
        let mut guard = FlashGuard::new(fps);
        frames.iter().copied().flatten().for_each(|frame| drop(guard.pass(frame.clone())));
        guard.damped()
    };
    if damped(&[&last, &next]) <= damped(&[&last]) + damped(&[&next]) {
        return Ok(());
    }
    let path = behind.path.display();
    Err(Error::input(format!(
        "more than three flashes in a second come together over the cut at which {path} begins"
    ))
    .hint("join without --fast-join, so that the flash guard sees the whole film"))
}

/// Frames of a take, decoded.
fn frames(take: &EncodedTake, which: std::ops::Range<u64>, fps: FrameRate) -> Result<Vec<Frame>> {
    let footage = Footage::open(&take.path)?;
    let size: Size = footage.size();
    let mut reel = Reel::open(footage)?;
    // In the middle of a frame's time no rounding matters.
    let time = |frame: u64| Seconds(fps.start_of(frame).0 + 0.5 * fps.period().0);
    which.map(|frame| reel.frame(time(frame), size, Fit::default())).collect()
}

fn damaged(path: &Path) -> Error {
    Error::input(format!("the encoded take {} is damaged", path.display()))
        .hint("remove it, and render its take with --encode again; or join without --fast-join")
}

/// What the bytes of an encoded take depend on beside its pictures: two of the same can be spliced.
///
/// # Errors
/// Output: there is no such encoder.
pub fn coding_key(spec: &VideoSpec<'_>) -> Result<String> {
    let encoder = spec.profile.encoders()?.first().map(|codec| codec.name().to_owned()).unwrap_or_default();
    Ok(format!(
        "{} {encoder} {} {:?}",
        spec.profile.name(),
        super::ffmpeg::probe_report().version,
        spec.quality
    ))
}
