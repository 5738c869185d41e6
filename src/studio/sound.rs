//! The track as the page plays it: a WAV, by ranges, of what our own decoder hears.
//!
//! Browsers don't play every format, and seek in some by guessing; and the page's clock has to be that of the curves. So
//! the track is decoded to a file without a name, from its start to its end, as fast as that goes, and who asks for what
//! isn't there yet waits.

use super::locked::locked;
use super::media::range;
use super::mixer::Mixer;
use super::wave::{SAMPLES, Scale, TILE, Wave};
use crate::audio::decode::pull::{Pulled, pull};
use crate::error::{Context, Error, Result};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use tokio::sync::watch;

/// Bytes before the samples.
const HEAD: u64 = 44;
/// Bytes of a sample: 16 bits are what a monitor needs.
const BYTES: u64 = 2;

/// How far decoding is.
#[derive(Clone, Copy, Debug, Default)]
struct Stand {
    /// Bytes of samples that can be read.
    written: u64,
    ended: bool,
}

/// The sound of a track.
#[derive(Debug)]
pub struct Sound {
    head: [u8; HEAD as usize],
    /// Length of the WAV in bytes.
    length: u64,
    channels: u64,
    file: File,
    stand: watch::Receiver<Stand>,
    wave: Arc<Mutex<Wave>>,
}

impl Sound {
    /// Begins to decode `samples` samples a channel of the track at `path`: of the audio stream of number `stream`, or the
    /// usual one.
    ///
    /// # Errors
    /// Input: the track can't be decoded, or is longer than a WAV can be; Output: there is no room for files.
    pub fn open(path: &Path, stream: Option<usize>, samples: u64) -> Result<Self> {
        let track = pull(path.to_owned(), stream)?;
        let all =
            |channels: u64| samples.checked_mul(BYTES * channels).filter(|n| *n < u64::from(u32::MAX) - HEAD);
        let stereo = all(2).filter(|_| track.channels > 1).map(|bytes| (2, bytes));
        let (channels, bytes) = stereo.or_else(|| all(1).map(|bytes| (1, bytes))).ok_or_else(|| {
            Error::input(format!("{} is too long for the studio at {} Hz", path.display(), track.rate.0))
                .hint("bring it to 44.1 kHz, or cut it into parts")
        })?;
        let (file, out) = nameless()?;
        let (told, stand) = watch::channel(Stand::default());
        let head = head(track.rate.0, channels, bytes as u32);
        let wave = Arc::new(Mutex::new(Wave::new(Scale::new(track.rate.0, samples))));
        let seen = wave.clone();
        let failed = || Error::internal("the decoding thread can't be started");
        thread::Builder::new()
            .name("track".into())
            .spawn(move || {
                // What could not be decoded or kept is missing for the page, which says so.
                let _ = spool(track, channels, bytes, out, (&told, &seen));
                told.send_modify(|stand| stand.ended = true);
            })
            .context(failed)?;
        Ok(Sound { head, length: HEAD + bytes, channels: channels.into(), file, stand, wave })
    }

    /// How the waveform's levels are cut.
    pub fn scale(&self) -> Scale {
        locked(&self.wave).scale()
    }

    /// A tile of a level of the waveform, see [`super::wave`], once so much was decoded; of level 0 the samples, 16 bits each, the
    /// mean of the channels. None where there is none.
    pub async fn tile(&self, level: u32, tile: usize) -> Option<Vec<u8>> {
        let scale = self.scale();
        let size = match level {
            0 => SAMPLES as u64,
            _ if level <= scale.levels => TILE as u64 * scale.column_of(level),
            _ => return None,
        };
        let from = (tile as u64).checked_mul(size).filter(|from| *from < scale.samples)?;
        let to = (from + size).min(scale.samples);
        let frame = BYTES * self.channels;
        let mut stand = self.stand.clone();
        // A level's last column is open until the end.
        let last = to == scale.samples && level > 0;
        let enough = |stand: &Stand| stand.ended || !last && stand.written >= to * frame;
        let there = stand.wait_for(enough).await.map_or(0, |stand| stand.written);
        if level > 0 {
            return locked(&self.wave).tile(level, tile);
        }
        let bytes = self.read(HEAD + from * frame, HEAD + (to * frame).min(there))?;
        let mean = |set: &[u8]| {
            let sum: i32 = set.chunks_exact(2).map(|b| i32::from(i16::from_le_bytes([b[0], b[1]]))).sum();
            ((sum / self.channels as i32) as i16).to_le_bytes()
        };
        Some(bytes.chunks_exact(frame as usize).flat_map(mean).collect())
    }

    /// The answer to a request with these headers, as soon as there is something of what it asks for.
    pub async fn answer(&self, headers: &HeaderMap) -> Response {
        let asked = headers.get(header::RANGE).map_or(Some("bytes=0-"), |v| v.to_str().ok());
        let Some((from, to)) = asked.and_then(|text| range(text, self.length)) else {
            let all = format!("bytes */{}", self.length);
            return (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, all)]).into_response();
        };
        let mut stand = self.stand.clone();
        let enough = |stand: &Stand| stand.ended || HEAD + stand.written > from;
        let there = stand.wait_for(enough).await.map_or(0, |stand| HEAD + stand.written);
        match self.read(from, to.min(there)) {
            Some(bytes) => {
                let range = format!("bytes {from}-{}/{}", from + bytes.len() as u64 - 1, self.length);
                let wav = HeaderValue::from_static("audio/wav");
                let ranges = HeaderValue::from_static("bytes");
                let types = [(header::CONTENT_TYPE, wav), (header::ACCEPT_RANGES, ranges)];
                (StatusCode::PARTIAL_CONTENT, types, [(header::CONTENT_RANGE, range)], bytes).into_response()
            }
            None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }

    /// The bytes from the one place to the other; none if there is nothing.
    fn read(&self, from: u64, to: u64) -> Option<Vec<u8>> {
        if from >= to {
            return None;
        }
        let of_head = &self.head[from.min(HEAD) as usize..to.min(HEAD) as usize];
        let mut bytes = vec![0; (to - from) as usize];
        let (first, rest) = bytes.split_at_mut(of_head.len());
        first.copy_from_slice(of_head);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(from.max(HEAD) - HEAD)).ok()?;
        file.read_exact(rest).ok()?;
        Some(bytes)
    }
}

/// The first bytes of a WAV.
fn head(rate: u32, channels: u16, bytes: u32) -> [u8; HEAD as usize] {
    let frame = channels * BYTES as u16;
    let parts: [&[u8]; 13] = [
        b"RIFF",
        &(bytes + HEAD as u32 - 8).to_le_bytes(),
        b"WAVEfmt ",
        &16u32.to_le_bytes(),
        &1u16.to_le_bytes(),
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &(rate * u32::from(frame)).to_le_bytes(),
        &frame.to_le_bytes(),
        &(8 * BYTES as u16).to_le_bytes(),
        b"data",
        &bytes.to_le_bytes(),
        b"",
    ];
    let mut head = [0; HEAD as usize];
    head.iter_mut().zip(parts.concat()).for_each(|(slot, byte)| *slot = byte);
    head
}

/// A file that nobody else finds and that goes with us: to read from and to write to.
fn nameless() -> Result<(File, File)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let failed = || Error::output("no temporary file can be made").hint("make room in TMPDIR");
    let name = format!(".beatbolt-{}-{}.wav", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let out = options.open(&path).context(failed)?;
    let file = File::open(&path).context(failed);
    std::fs::remove_file(&path).context(failed)?;
    Ok((file?, out))
}

/// Writes `bytes` bytes of the track, silence where it ends before, and shows them to the waveform.
fn spool(
    mut track: Pulled,
    channels: u16,
    bytes: u64,
    out: File,
    (told, wave): (&watch::Sender<Stand>, &Mutex<Wave>),
) -> Result<()> {
    let failed = || Error::output("the track can't be kept for the page").hint("make room in TMPDIR");
    let mixer = Mixer::new(&track, channels);
    let mut out = BufWriter::new(out);
    let mut written = 0;
    while let Some(block) = track.next().transpose()? {
        let mixed = mixer.mix(&block);
        let part = &mixed[..mixed.len().min((bytes - written) as usize)];
        out.write_all(part).and_then(|()| out.flush()).context(failed)?;
        see(&mut locked(wave), part, channels);
        written += part.len() as u64;
        told.send_modify(|stand| stand.written = written);
        if written == bytes {
            locked(wave).end();
            return Ok(());
        }
    }
    out.into_inner().context(failed)?.set_len(bytes).context(failed)?;
    let silence = vec![0; usize::from(channels) * BYTES as usize];
    let mut wave = locked(wave);
    (written..bytes).step_by(silence.len()).for_each(|_| see(&mut wave, &silence, channels));
    wave.end();
    drop(wave);
    told.send_modify(|stand| stand.written = bytes);
    Ok(())
}

/// Shows samples of 16 bits to the waveform.
fn see(wave: &mut Wave, bytes: &[u8], channels: u16) {
    for set in bytes.chunks_exact(usize::from(channels) * BYTES as usize) {
        let values = set.chunks_exact(BYTES as usize);
        wave.hear(values.map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A WAV of 16 bits that says 3000 Hz.
    pub fn wav(channels: u16, samples: &[i16]) -> Vec<u8> {
        let bytes: Vec<u8> = samples.iter().flat_map(|v| v.to_le_bytes()).collect();
        [&head(3000, channels, bytes.len() as u32)[..], &bytes].concat()
    }

    /// What the page gets of a track, asked for `range`.
    fn served(track: &[u8], samples: u64, range: &str) -> (u16, Vec<u8>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), track).unwrap();
        let sound = Sound::open(file.path(), None, samples).unwrap();
        let headers = [(header::RANGE, HeaderValue::from_str(range).unwrap())].into_iter().collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut stand = sound.stand.clone();
            let _ = stand.wait_for(|stand| stand.ended).await;
            let answer = sound.answer(&headers).await;
            let status = answer.status().as_u16();
            (status, axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec())
        })
    }

    #[test]
    fn a_track_of_16_bits_comes_back_to_the_byte() {
        let samples: Vec<i16> = (0..4000).map(|i| (i * 31 % 4001 - 2000) as i16).collect();
        let track = wav(2, &samples);
        assert_eq!(served(&track, 2000, "bytes=0-"), (206, track.clone()));
        assert_eq!(served(&track, 2000, "bytes=40-51"), (206, track[40..52].to_vec()));
        assert_eq!(served(&track, 2000, "bytes=-6"), (206, track[track.len() - 6..].to_vec()));
        assert_eq!(served(&track, 2000, "bytes=8044-").0, 416);
        // The curves say how long it is.
        let longer = served(&track, 2003, "bytes=0-").1;
        assert_eq!((longer.len(), &longer[longer.len() - 12..]), (8056, &[0; 12][..]));
        assert_eq!(served(&track, 1000, "bytes=0-").1[44..], track[44..4044]);
    }

    #[test]
    fn surround_is_mixed_without_clipping() {
        // Left, right, middle, low effects, left and right surround (WAV's usual six).
        let one = |channel: usize| {
            let mut set = [0i16; 6];
            set[channel] = 20_000;
            let bytes = served(&wav(6, &set.repeat(50)), 50, "bytes=0-").1;
            [0, 2].map(|i| i16::from_le_bytes([bytes[44 + i], bytes[45 + i]]))
        };
        let sides: Vec<[i16; 2]> = (0..6).map(one).collect();
        assert!(sides[0][0] > 5000 && sides[0][1] == 0 && sides[0] == sides[4], "{sides:?}");
        assert!(sides[2][0] > 3000 && sides[2][0] == sides[2][1] && sides[3] == [0, 0], "{sides:?}");
        let full = served(&wav(6, &[32_767; 600]), 100, "bytes=0-").1;
        assert!(full[44..].chunks_exact(2).all(|b| i16::from_le_bytes([b[0], b[1]]) > 32_000));
    }
}
