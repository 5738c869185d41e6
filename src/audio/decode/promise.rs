//! The frame count in the first frame of an MP3 (Xing, Info or VBRI), as a promise of the file's length.
//!
//! It can be relied on only if something is missing: the same header counts bytes. A count of frames beside the right
//! count of bytes is a mistake, and a file that is longer was joined.

use crate::units::{SampleRate, Seconds};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Bytes that may be missing without a cut: a tag that was taken away, the longest frame.
const SLACK: u64 = 2048;
/// Bytes in which the first frame's header is looked for, and of which its tables can be.
const HEAD: usize = 4096;

/// The length of a whole MP3 of which the end is missing in `file`, whose frames begin at `start`. None if nothing is
/// missing, or nothing is known.
pub(super) fn of_mp3(file: &mut File, start: u64) -> Option<Seconds> {
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(start)).ok()?;
    let mut head = Vec::with_capacity(HEAD);
    file.take(HEAD as u64).read_to_end(&mut head).ok()?;
    let at = head.windows(2).position(|pair| pair[0] == 0xff && pair[1] & 0xe6 == 0xe2)?;
    let (frames, bytes, frame) = count(&head[at..])?;
    let there = length.saturating_sub(start + at as u64);
    let is_cut = u64::from(bytes) > there.saturating_add(SLACK);
    is_cut.then(|| SampleRate(frame.rate).time_of(u64::from(frames) * frame.samples))
}

/// What the header of a frame says.
struct Frame {
    rate: u32,
    samples: u64,
    /// Bytes of side information.
    side: usize,
}

/// Frames and bytes that a first frame counts.
fn count(frame: &[u8]) -> Option<(u32, u32, Frame)> {
    let said = frame_of(frame)?;
    let number = |at: usize| Some(u32::from_be_bytes(*frame.get(at..)?.first_chunk()?));
    let at = 4 + said.side;
    if matches!(frame.get(at..at + 4)?, b"Xing" | b"Info") {
        // Both counts have to be there.
        return (number(at + 4)? & 3 == 3).then_some(()).and(Some((number(at + 8)?, number(at + 12)?, said)));
    }
    (frame.get(36..40)? == b"VBRI").then_some(()).and(Some((number(50)?, number(46)?, said)))
}

fn frame_of(frame: &[u8]) -> Option<Frame> {
    let head = frame.first_chunk::<4>()?;
    let (version, mono) = (head[1] >> 3 & 3, head[3] >> 6 == 3);
    let rate = [44_100, 48_000, 32_000].get(usize::from(head[2] >> 2 & 3))?;
    let (halvings, samples, side) = match (version, mono) {
        (3, false) => (0, 1152, 32),
        (3, true) => (0, 1152, 17),
        (2, false) => (1, 576, 17),
        (2, true) => (1, 576, 9),
        (0, false) => (2, 576, 17),
        (0, true) => (2, 576, 9),
        _ => return None,
    };
    Some(Frame { rate: rate >> halvings, samples, side })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// What is promised of a file of `length` bytes whose first frame says so.
    fn promised(frame: &[u8], length: usize) -> Option<f64> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[&[0; 7], frame, &vec![0; length - frame.len()]].concat()).unwrap();
        of_mp3(&mut file, 3).map(|t| t.0)
    }

    #[test]
    fn a_count_of_frames_holds_where_bytes_are_missing() {
        let numbers = |frames: u32, bytes: u32| [frames.to_be_bytes(), bytes.to_be_bytes()].concat();
        let xing = |frames, bytes| {
            [&b"\xff\xfb\x90\xc4"[..], &[0; 17], b"Info\0\0\0\x0f", &numbers(frames, bytes)].concat()
        };
        assert_eq!(promised(&xing(1000, 400_000), 200_000), Some(1000.0 * 1152.0 / 44_100.0));
        assert_eq!(promised(&xing(2000, 200_000), 200_000), None);
        assert_eq!(promised(&xing(1000, 400_000), 800_000), None);
        // MPEG 2 at 22.05 kHz; VBRI counts bytes first.
        let vbri =
            [&b"\xff\xf3\x90\x64"[..], &[0; 32], b"VBRI", &[0; 6], &numbers(90_000, 441), &[0; 9]].concat();
        assert_eq!(promised(&vbri, 20_000), Some(441.0 * 576.0 / 22_050.0));
        assert_eq!(promised(b"\xff\xfb\x90\xc4 and nothing that counts, in some forty bytes", 200), None);
        assert_eq!(promised(b"\xff\xfb", 2), None);
    }
}
