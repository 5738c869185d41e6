//! The one pass over a track: blocks go in, everything that is kept of the sound comes out.
//!
//! Another thread decodes, this one makes spectra and what is taken from them; between them lies a short queue. What
//! is kept is kept by this thread, so that its memory is at hand for whatever comes next.
//! What is kept is a few hundred bytes a hop, all of it as it comes: the level is known only at the end.

use super::band::{Bands, LEAD, LOW_BANDS, WHOLE};
use super::decode::{Block, Decoded, decode, weights};
use super::features::Extractor;
use super::level::{Meter, Mix};
use super::low::Low;
use super::spectrum::{Grid, Spectra, Spectrum};
use super::transient::Energy;
use crate::error::{Error, ErrorKind, Result};
use crate::progress::{Flow, Progress};
use crate::units::SampleRate;
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Values that travel between the threads at once, and how many such parcels wait at most.
const PARCEL: usize = 1 << 16;
const WAITING: usize = 4;

/// What is kept of a track.
pub(super) struct Kept {
    pub(super) decoded: Decoded,
    pub(super) grid: Grid,
    pub(super) bands: Bands,
    pub(super) low: Bands<LOW_BANDS>,
    pub(super) extractor: Extractor,
    pub(super) energy: Energy,
    /// Factor that brings the track to level; none for a silent track.
    pub(super) gain: Option<f32>,
    /// The hops from the first that sounds to the last, by their own samples.
    pub(super) loud: Range<usize>,
    /// How the channels are mixed for a one-channel listener.
    pub(super) mix: Mix,
}

/// Some interleaved samples.
struct Parcel {
    rate: SampleRate,
    channels: usize,
    speakers: u64,
    samples: Vec<f32>,
}

/// Decodes an audio stream of the track at `path` (see [`decode`]) and keeps what is needed of it.
pub(super) fn keep(path: &Path, stream: Option<usize>, progress: &dyn Progress) -> Result<Kept> {
    progress.stage("listening", 0);
    let (sender, receiver) = sync_channel::<Parcel>(WAITING);
    std::thread::scope(|scope| {
        let source = scope.spawn(move || send(path, stream, &sender, progress));
        let mut ear = None;
        for parcel in receiver {
            ear.get_or_insert_with(|| Ear::new(parcel.rate, parcel.channels, parcel.speakers)).push(&parcel);
        }
        let decoded = source.join().map_err(|_| Error::internal("the decoding thread failed"))??;
        decoded.notes.iter().for_each(|note| progress.note(note));
        let ear = ear.unwrap_or_else(|| Ear::new(decoded.rate, decoded.channels, decoded.speakers));
        Ok(ear.finish(decoded))
    })
}

/// Decodes the track at `path` and sends it on.
fn send(
    path: &Path,
    stream: Option<usize>,
    sender: &SyncSender<Parcel>,
    progress: &dyn Progress,
) -> Result<Decoded> {
    let mut done = 0u64;
    let mut open: Option<Parcel> = None;
    let decoded = decode(path, stream, &mut |block| {
        let parcel = open.get_or_insert_with(|| Parcel::of(block));
        parcel.samples.extend_from_slice(block.samples);
        if parcel.samples.len() >= PARCEL {
            // The other end hangs up only if it panics.
            let _ = sender.send(open.take().unwrap_or_else(|| Parcel::of(block)));
        }
        done += (block.samples.len() / block.channels) as u64;
        go_on(progress, done)
    });
    if let Some(parcel) = open.take() {
        let _ = sender.send(parcel);
    }
    decoded
}

/// Tells how far the work is; an error if the person asked to stop.
pub(super) fn go_on(progress: &dyn Progress, done: u64) -> Result<()> {
    match progress.advance(done) {
        Flow::Continue => Ok(()),
        Flow::Stop => Err(Error::new(ErrorKind::Stopped, "stopped while listening to the track")),
    }
}

impl Parcel {
    fn of(block: Block<'_>) -> Self {
        let Block { rate, channels, speakers, .. } = block;
        Parcel { rate, channels, speakers, samples: Vec::with_capacity(PARCEL * 2) }
    }
}

/// The listening half.
struct Ear {
    grid: Grid,
    spectra: Spectra,
    bands: Bands,
    low: Low,
    extractor: Extractor,
    energy: Energy,
    meter: Meter,
}

impl Ear {
    fn new(rate: SampleRate, channels: usize, speakers: u64) -> Self {
        let grid = Grid::new(rate);
        Ear {
            grid,
            spectra: Spectra::new(grid, channels, LEAD).weighted(&weights(speakers, channels)),
            bands: Bands::new(grid, WHOLE),
            low: Low::new(grid, channels),
            extractor: Extractor::new(grid),
            energy: Energy::new(),
            meter: Meter::new(grid.hop),
        }
    }

    fn push(&mut self, parcel: &Parcel) {
        let Parcel { rate, channels, speakers, samples } = parcel;
        let block = Block { rate: *rate, channels: *channels, speakers: *speakers, samples };
        let Ear { spectra, bands, low, extractor, energy, meter, .. } = self;
        spectra.push(block, &mut |spectrum| take(bands, extractor, spectrum));
        low.push(block);
        energy.push(block);
        meter.push(block);
    }

    fn finish(self, decoded: Decoded) -> Kept {
        let Ear { grid, spectra, mut bands, low, mut extractor, energy, meter } = self;
        spectra.finish(&mut |spectrum| take(&mut bands, &mut extractor, spectrum));
        let (low, mix) = (low.finish(), meter.mix());
        let (gain, loud) = meter.finish(decoded.channels);
        Kept { decoded, grid, bands, low, extractor, energy, gain, loud, mix }
    }
}

/// Keeps the spectrum of the next hop; only the bands keep those before the first sample.
fn take(bands: &mut Bands, extractor: &mut Extractor, spectrum: Spectrum<'_>) {
    bands.push(spectrum.magnitudes);
    if bands.count() > LEAD {
        extractor.push(spectrum);
    }
}
