//! Kept pictures: what the frames of a window look like before their finish, without loss, so that a take that is made in one
//! place is joined in another to the same bytes.
//!
//! ```text
//! "beatbolt frames1"   16 bytes, then little-endian:
//! first, count         u64: the first frame; how many there are
//! width, height        u32 each, for every frame; 0 where it is drawn anew
//! pose                 f64 [4]: what the camera's flight moves it by
//! pixels               u8 [height, width, 3]
//! SHA-256              64 hexadecimal digits, of all before
//! ```

use crate::digest::Digest;
use crate::render::camera::Pose;
use crate::units::{ShownFrame, Size};
use crate::video::Frame;

const MARK: &[u8; 16] = b"beatbolt frames1";
const HEAD: usize = 32;
/// Size and pose of a frame.
const BESIDE: usize = 40;
const DIGEST: usize = 64;

/// The pictures of one window.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptPictures {
    /// The first picture's frame.
    pub first: ShownFrame,
    /// As they were decoded, or put between; none where a frame is its source, which is drawn anew.
    pub frames: Vec<Option<Frame>>,
    /// What the camera's flight moves each by.
    pub shown: Vec<Pose>,
}

impl KeptPictures {
    /// As they lie in the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let pixels = |frame: &Option<Frame>| frame.as_ref().map_or(0, |frame| frame.rgb().len());
        let most = self.frames.iter().map(|frame| BESIDE + pixels(frame)).sum::<usize>();
        let mut bytes = Vec::with_capacity(HEAD + most + DIGEST);
        bytes.extend(MARK);
        bytes.extend(self.first.0.to_le_bytes());
        bytes.extend((self.frames.len() as u64).to_le_bytes());
        for (frame, pose) in self.frames.iter().zip(&self.shown) {
            let size = frame.as_ref().map_or(Size { width: 0, height: 0 }, Frame::size);
            bytes.extend(size.width.to_le_bytes());
            bytes.extend(size.height.to_le_bytes());
            pose.values().iter().for_each(|value| bytes.extend(value.to_le_bytes()));
            bytes.extend(frame.as_ref().map_or(&[][..], Frame::rgb));
        }
        let mut digest = Digest::default();
        digest.update(&bytes);
        bytes.extend(digest.finish().as_bytes());
        bytes
    }

    /// What [`Self::to_bytes`] wrote; none where it is damaged. No more memory is taken than `bytes` has.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (content, told) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST)?)?;
        let mut digest = Digest::default();
        digest.update(content);
        if digest.finish().as_bytes() != told {
            return None;
        }
        let mut rest = content.strip_prefix(MARK)?;
        let first = u64::from_le_bytes(*taken(&mut rest)?);
        let count = u64::from_le_bytes(*taken(&mut rest)?);
        let (mut frames, mut shown) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let width = u32::from_le_bytes(*taken(&mut rest)?);
            let height = u32::from_le_bytes(*taken(&mut rest)?);
            let mut values = [0.0; 4];
            for value in &mut values {
                *value = f64::from_le_bytes(*taken(&mut rest)?);
            }
            shown.push(Pose::of_values(values)?);
            let (pixels, behind) = rest.split_at_checked(bytes_of(width, height)?)?;
            rest = behind;
            let size = Size { width, height };
            frames.push((width > 0).then(|| Frame::new(size, pixels.to_vec())));
        }
        rest.is_empty().then_some(KeptPictures { first: ShownFrame(first), frames, shown })
    }

    /// Most bytes that the pictures of a window have.
    pub fn most_bytes(frames: usize, size: Size) -> u64 {
        (HEAD + DIGEST) as u64 + frames as u64 * (BESIDE as u64 + 3 * size.pixels() as u64)
    }
}

/// The bytes of a picture; none where one of the two sides alone is nothing, or a side is longer than any picture's.
fn bytes_of(width: u32, height: u32) -> Option<usize> {
    let sides = 0..=Size::MAX_SIDE;
    let fits = sides.contains(&width) && sides.contains(&height) && (width == 0) == (height == 0);
    fits.then(|| 3 * width as usize * height as usize)
}

fn taken<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (head, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 16, height: 8 };

    fn kept() -> KeptPictures {
        let frame = |k: usize| Frame::new(SIZE, (0..3 * SIZE.pixels()).map(|i| (i * k) as u8).collect());
        let pose = Pose::of_values([1.1, 0.1 + 0.2, -1.0 / 3.0, f64::MIN_POSITIVE]).unwrap();
        KeptPictures {
            first: ShownFrame(132),
            frames: vec![Some(frame(7)), None, Some(frame(11))],
            shown: vec![pose, Pose::REST, Pose::REST],
        }
    }

    #[test]
    fn pictures_come_back_bit_by_bit() {
        let bytes = kept().to_bytes();
        assert!(bytes.len() as u64 <= KeptPictures::most_bytes(3, SIZE));
        assert_eq!(KeptPictures::from_bytes(&bytes), Some(kept()));
    }

    #[test]
    fn damage_is_seen_wherever_it_is() {
        let bytes = kept().to_bytes();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(KeptPictures::from_bytes(&damaged), None, "byte {at}");
        }
        for length in [0, 10, 63, 64, 96, bytes.len() - 1] {
            assert_eq!(KeptPictures::from_bytes(&bytes[..length]), None, "{length} bytes");
        }
    }

    /// What was made to look whole: sizes that promise more than there is.
    #[test]
    fn sizes_that_lie_are_refused() {
        let with = |at: usize, value: &[u8]| {
            let mut bytes = kept().to_bytes();
            bytes.truncate(bytes.len() - DIGEST);
            bytes[at..at + value.len()].copy_from_slice(value);
            let mut digest = Digest::default();
            digest.update(&bytes);
            bytes.extend(digest.finish().as_bytes());
            KeptPictures::from_bytes(&bytes)
        };
        assert_eq!(with(16, &132u64.to_le_bytes()), Some(kept()));
        assert_eq!(with(24, &u64::MAX.to_le_bytes()), None);
        assert_eq!(with(24, &2u64.to_le_bytes()), None);
        for side in [0, 1, 8193, u32::MAX] {
            assert_eq!(with(32, &side.to_le_bytes()), None, "{side}");
        }
        assert_eq!(with(40, &f64::NAN.to_le_bytes()), None);
    }
}
