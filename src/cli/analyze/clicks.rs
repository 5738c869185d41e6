//! The track with a click on every beat, higher on the first of a bar: the ear judges best.

use crate::audio::Analysis;
use crate::audio::decode::{Block, decode};
use crate::error::{Context, Error, Result};
use crate::units::SampleRate;
use std::path::Path;

/// Length of a click in seconds.
const LENGTH: f64 = 0.04;
/// Pitch of a click on a beat and on a downbeat, in hertz.
const PITCH: (f64, f64) = (1000.0, 1500.0);
/// The music goes down a little to leave room.
const MUSIC: f32 = 0.6;

/// Decodes the stream of `track` again and writes it with clicks to `path`, as 16-bit WAV.
pub(super) fn write((track, stream): (&Path, Option<usize>), analysis: &Analysis, path: &Path) -> Result<()> {
    let failed = || Error::output("can't write the clicks").hint("is the disk full?");
    let mut writer = None;
    let mut clicks = Clicks::new(analysis);
    decode(track, stream, &mut |block: Block<'_>| {
        let writer = match &mut writer {
            Some(writer) => writer,
            none => none.insert(open(path, block, analysis.samples)?),
        };
        for set in block.samples.chunks_exact(block.channels) {
            let click = clicks.next();
            for value in set {
                let sum = (value * MUSIC + click).clamp(-1.0, 1.0);
                writer.write_sample((sum * 32_767.0).round() as i16).context(failed)?;
            }
        }
        Ok(())
    })?;
    match writer {
        Some(writer) => writer.finalize().context(failed),
        None => Ok(()),
    }
}

fn open(
    path: &Path,
    block: Block<'_>,
    samples: u64,
) -> Result<hound::WavWriter<std::io::BufWriter<std::fs::File>>> {
    if samples * block.channels as u64 * 2 > u64::from(u32::MAX) - 1024 {
        return Err(Error::output("the track with clicks would be larger than a WAV file can be")
            .hint("write clicks for a part of the track, or for a stereo version of it"));
    }
    let spec = hound::WavSpec {
        channels: block.channels as u16,
        sample_rate: block.rate.0,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    hound::WavWriter::create(path, spec).context(|| Error::output("can't write the clicks"))
}

/// The sound of the clicks, sample by sample.
struct Clicks {
    rate: SampleRate,
    /// First samples of the clicks and their pitch, ascending.
    starts: Vec<(u64, f64)>,
    current: usize,
    index: u64,
}

impl Clicks {
    fn new(analysis: &Analysis) -> Self {
        let rate = analysis.sample_rate;
        let starts = analysis.beats.iter().map(|beat| {
            let first = analysis.downbeats.contains(beat);
            ((beat.0 * f64::from(rate.0)).round() as u64, if first { PITCH.1 } else { PITCH.0 })
        });
        Clicks { rate, starts: starts.collect(), current: 0, index: 0 }
    }

    fn next(&mut self) -> f32 {
        let index = self.index;
        self.index += 1;
        while self.starts.get(self.current + 1).is_some_and(|(start, _)| *start <= index) {
            self.current += 1;
        }
        let Some((start, pitch)) = self.starts.get(self.current).filter(|(start, _)| *start <= index) else {
            return 0.0;
        };
        let time = self.rate.time_of(index - start).0;
        if time > LENGTH {
            return 0.0;
        }
        // A cosine starts at its peak: the edge is where the beat is.
        (0.6 * (std::f64::consts::TAU * pitch * time).cos() * (1.0 - time / LENGTH).powi(2)) as f32
    }
}
