//! Counter-based noise: a pure function of (seed, stream, index).
//!
//! A frame's noise does not depend on windows, order, resume or thread count, because nothing is
//! drawn from a sequence: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers:
//! as easy as 1, 2, 3") encrypts the counter, Box-Muller turns the bits into unit Gaussians.

/// Which use of randomness a number belongs to; streams never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// The initial noise of a frame's latents.
    Latents = 0,
    /// Reactive effects: shake, grain.
    Finish = 1,
    /// Seeded signals in presets.
    Score = 2,
    /// What a sampler adds to a frame's latents after a step.
    Sampler = 3,
    /// Layers over the pictures: particles.
    Layers = 16,
    /// Which variants there are of a video.
    Variants = 32,
}

/// Fills `out` with unit Gaussians that depend on nothing but the arguments and the position in `out`.
pub fn gaussian(seed: u64, stream: Stream, index: u64, out: &mut [f32]) {
    for (block, chunk) in out.chunks_mut(4).enumerate() {
        let bits = philox([block as u32, stream as u32, index as u32, (index >> 32) as u32], seed);
        let (a, b) = box_muller(bits[0], bits[1]);
        let (c, d) = box_muller(bits[2], bits[3]);
        chunk.copy_from_slice(&[a, b, c, d][..chunk.len()]);
    }
}

/// A number in [0, 1) that depends on nothing but the arguments.
pub fn uniform(seed: u64, stream: Stream, index: u64) -> f32 {
    let bits = philox([u32::MAX, stream as u32, index as u32, (index >> 32) as u32], seed);
    (bits[0] >> 8) as f32 / (1 << 24) as f32
}

/// Blocks of random bits that are made together: with a fixed number the compiler makes vector instructions.
const LANES: usize = 32;

/// Fills `out` with numbers of mean 0 and spread 1, within ±3.5, that depend on nothing but the arguments and the position in `out`:
/// sums of four even ones, which are nearly Gaussian and a tenth of the work. Fast where it is compiled for wide vectors.
#[inline(always)]
pub fn bell(seed: u64, stream: Stream, index: u64, out: &mut [f32]) {
    // Four whole numbers from 0 to 255, and the variance of their sum.
    const MIDDLE: f32 = 4.0 * 127.5;
    const VARIANCE: f32 = 4.0 * (256.0 * 256.0 - 1.0) / 12.0;
    let scale = 1.0 / VARIANCE.sqrt();
    for (first, chunk) in (0u32..).step_by(LANES).zip(out.chunks_mut(4 * LANES)) {
        let mut blocks =
            [[0; LANES], [stream as u32; LANES], [index as u32; LANES], [(index >> 32) as u32; LANES]];
        blocks[0].iter_mut().zip(first..).for_each(|(block, i)| *block = i);
        philox_all(&mut blocks, seed);
        for (i, values) in chunk.chunks_mut(4).enumerate() {
            for (value, bits) in values.iter_mut().zip(&blocks) {
                let bits = bits[i];
                let sum = (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24);
                *value = (sum as i32 as f32 - MIDDLE) * scale;
            }
        }
    }
}

/// [`philox`] of many counters.
#[inline(always)]
fn philox_all([a, b, c, d]: &mut [[u32; LANES]; 4], seed: u64) {
    for round in 0..10u32 {
        let key = [
            (seed as u32).wrapping_add(round.wrapping_mul(0x9E37_79B9)),
            ((seed >> 32) as u32).wrapping_add(round.wrapping_mul(0xBB67_AE85)),
        ];
        for i in 0..LANES {
            [a[i], b[i], c[i], d[i]] = philox_round([a[i], b[i], c[i], d[i]], key);
        }
    }
}

/// Two unit Gaussians from 64 random bits.
fn box_muller(a: u32, b: u32) -> (f32, f32) {
    let u = (f64::from(a) + 0.5) / 4_294_967_296.0;
    let angle = f64::from(b) / 4_294_967_296.0 * std::f64::consts::TAU;
    let radius = (-2.0 * u.ln()).sqrt();
    ((radius * angle.cos()) as f32, (radius * angle.sin()) as f32)
}

/// Philox 4x32-10.
fn philox(mut counter: [u32; 4], seed: u64) -> [u32; 4] {
    let mut key = [seed as u32, (seed >> 32) as u32];
    for _ in 0..10 {
        counter = philox_round(counter, key);
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

#[inline(always)]
fn philox_round(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let p0 = u64::from(counter[0]) * 0xD251_1F53;
    let p1 = u64::from(counter[2]) * 0xCD9E_8D57;
    [(p1 >> 32) as u32 ^ counter[1] ^ key[0], p1 as u32, (p0 >> 32) as u32 ^ counter[3] ^ key[1], p0 as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that the authors publish with Random123 (kat_vectors, philox4x32 10).
    #[test]
    fn philox_gives_the_published_answers() {
        assert_eq!(philox([0; 4], 0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], u64::MAX), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], 0x299f_31d0_a409_3822),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn gaussians_have_mean_zero_and_unit_spread() {
        let mut x = vec![0.0; 100_000];
        gaussian(7, Stream::Latents, 3, &mut x);
        let mean = x.iter().map(|v| f64::from(*v)).sum::<f64>() / x.len() as f64;
        let var = x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / x.len() as f64;
        assert!(mean.abs() < 0.01 && (var - 1.0).abs() < 0.015, "{mean} {var}");
    }

    #[test]
    fn every_argument_matters_and_length_does_not() {
        let draw = |seed, stream, index, n| {
            let mut x = vec![0.0; n];
            gaussian(seed, stream, index, &mut x);
            x
        };
        let base = draw(1, Stream::Latents, 5, 10);
        assert_eq!(base[..], draw(1, Stream::Latents, 5, 33)[..10]);
        assert_ne!(base, draw(2, Stream::Latents, 5, 10));
        assert_ne!(base, draw(1, Stream::Finish, 5, 10));
        assert_ne!(base, draw(1, Stream::Latents, 6, 10));
    }

    /// The moments of a sum of four even numbers: its kurtosis is 1.8 of a Gaussian's 3 for one, and 2.7 for four.
    #[test]
    fn bells_are_sums_of_the_same_bits() {
        let mut x = vec![0.0; 100_003];
        bell(7, Stream::Finish, 3 << 40, &mut x);
        for i in [0usize, 1, 126, 4_000, 100_002] {
            let bits = philox([i as u32 / 4, Stream::Finish as u32, 0, 3 << 8], 7)[i % 4];
            let sum: u32 = bits.to_le_bytes().into_iter().map(u32::from).sum();
            assert!((x[i] - (sum as f32 - 510.0) / 147.8).abs() < 1e-3, "{i}");
        }
        let moment = |n: i32| x.iter().map(|v| f64::from(*v).powi(n)).sum::<f64>() / x.len() as f64;
        assert!(moment(1).abs() < 0.01 && (moment(2) - 1.0).abs() < 0.01 && (moment(4) - 2.7).abs() < 0.05);
    }
}
