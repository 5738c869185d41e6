//! Decoding on a thread of its own, for whoever takes the sound at another pace.

use super::{Block, decode};
use crate::error::{Error, ErrorKind, Result};
use crate::units::SampleRate;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Values that travel at once, and how many such parcels wait at most.
const PARCEL: usize = 1 << 15;
const WAITING: usize = 4;

/// The sound of a track, parcel by parcel: interleaved values, full scale ±1.
#[derive(Debug)]
pub struct Pulled {
    /// Samples a second.
    pub rate: SampleRate,
    /// Number of channels.
    pub channels: usize,
    /// Which loudspeaker each channel is for, as in [`Block`].
    pub speakers: u64,
    first: Option<Vec<f32>>,
    rest: Receiver<Result<Parcel>>,
}

#[derive(Debug)]
struct Parcel {
    rate: SampleRate,
    channels: usize,
    speakers: u64,
    samples: Vec<f32>,
}

/// Begins to decode as [`decode`] does; the thread ends with what it gives, or when that is dropped.
///
/// # Errors
/// What [`decode`] says before the first sample; later errors come in their place.
pub fn pull(path: PathBuf, stream: Option<usize>) -> Result<Pulled> {
    let (sender, rest) = sync_channel(WAITING);
    let failed = || Error::internal("the decoding thread can't be started");
    thread::Builder::new()
        .name("decode".into())
        .spawn(move || send(path, stream, &sender))
        .map_err(|e| failed().because(e))?;
    let Parcel { rate, channels, speakers, samples } = rest.recv().map_err(|e| failed().because(e))??;
    Ok(Pulled { rate, channels, speakers, first: Some(samples), rest })
}

impl Iterator for Pulled {
    type Item = Result<Vec<f32>>;

    fn next(&mut self) -> Option<Result<Vec<f32>>> {
        self.first.take().map(Ok).or_else(|| Some(self.rest.recv().ok()?.map(|parcel| parcel.samples)))
    }
}

fn send(path: PathBuf, stream: Option<usize>, sender: &SyncSender<Result<Parcel>>) {
    let mut open: Option<Parcel> = None;
    let gone = || Error::new(ErrorKind::Stopped, "nobody takes the sound any more");
    let decoded = decode(&path, stream, &mut |block: Block<'_>| {
        let Block { rate, channels, speakers, samples } = block;
        let parcel = open.get_or_insert_with(|| Parcel {
            rate,
            channels,
            speakers,
            samples: Vec::with_capacity(2 * PARCEL),
        });
        parcel.samples.extend_from_slice(samples);
        match open.take_if(|parcel| parcel.samples.len() >= PARCEL) {
            Some(full) => sender.send(Ok(full)).map_err(|_| gone()),
            None => Ok(()),
        }
    });
    // Whoever has gone needs no end.
    let _ = match (open, decoded) {
        (_, Err(error)) => sender.send(Err(error)),
        (Some(last), Ok(_)) => sender.send(Ok(last)),
        (None, Ok(_)) => Ok(()),
    };
}
