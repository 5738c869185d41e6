//! Loudspeakers as bits, in the order of WAV files (WAVEFORMATEXTENSIBLE), which FFmpeg continues.

/// Bits of the loudspeakers on the left and on the right, of those behind and beside the listener, and of those for low
/// effects.
const LEFT: u64 = 1 << 0 | 1 << 4 | 1 << 6 | 1 << 9 | 1 << 12 | 1 << 15 | 1 << 31 | 1 << 33;
const RIGHT: u64 = 1 << 1 | 1 << 5 | 1 << 7 | 1 << 10 | 1 << 14 | 1 << 17 | 1 << 32 | 1 << 34;
const SURROUND: u64 =
    1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 15 | 1 << 16 | 1 << 17 | 1 << 33 | 1 << 34;
const LOW: u64 = 1 << 3 | 1 << 35;

/// Where a loudspeaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// On the left.
    Left,
    /// On the right.
    Right,
    /// In between.
    Middle,
    /// For low effects: nowhere.
    Low,
}

/// The loudspeakers of `speakers`, one a channel; where less is known, those of the first channels only.
fn each(speakers: u64) -> impl Iterator<Item = u64> {
    (0..64).map(|bit| 1 << bit).filter(move |one| speakers & one != 0)
}

/// Where each channel's loudspeaker stands.
pub fn sides(speakers: u64) -> impl Iterator<Item = Side> {
    each(speakers).map(|one| match one {
        one if one & LOW != 0 => Side::Low,
        one if one & LEFT != 0 => Side::Left,
        one if one & RIGHT != 0 => Side::Right,
        _ => Side::Middle,
    })
}

/// What the power of each channel counts for in a loudness by ITU-R BS.1770: surround channels 1.5 dB more, low effects
/// nothing. As FFmpeg's meter has it, all that stand beside or behind the listener are surround channels; annex 3 of
/// BS.1770-4 would count the rear pair of 7.1 as front ones.
pub(crate) fn weights(speakers: u64, channels: usize) -> Vec<f32> {
    let known = each(speakers).map(|one| match one {
        one if one & LOW != 0 => 0.0,
        one if one & SURROUND != 0 => 1.41,
        _ => 1.0,
    });
    known.chain(std::iter::repeat(1.0)).take(channels).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surround_counts_more_and_low_effects_nothing() {
        // 5.1 with its surround channels behind, and beside.
        assert_eq!(weights(0x3f, 6), [1.0, 1.0, 1.0, 0.0, 1.41, 1.41]);
        assert_eq!(weights(0x60f, 6), [1.0, 1.0, 1.0, 0.0, 1.41, 1.41]);
        assert_eq!((weights(0, 2), weights(4, 1)), (vec![1.0; 2], vec![1.0]));
        let places: Vec<Side> = sides(0x60f).collect();
        use Side::{Left, Low, Middle, Right};
        assert_eq!(places, [Left, Right, Middle, Low, Left, Right]);
    }
}
