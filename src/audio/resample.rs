//! One channel at any rate goes in, the same at 44.1 kHz comes out, without a delay.
//!
//! A windowed sinc, tabulated at 512 places between two samples; when the rate goes down the kernel
//! is stretched so that nothing folds back.

/// Zero crossings of the kernel on either side.
const LOBES: usize = 16;
/// Places between two input samples at which the kernel is known.
const PHASES: usize = 512;

/// Changes the sample rate of a stream.
pub(super) struct Resampler {
    /// Input samples per output sample.
    ratio: f64,
    /// Kernel from its center to its edge, `PHASES` values per input sample.
    kernel: Vec<f32>,
    /// Input samples on either side of an output sample that matter.
    reach: usize,
    pending: Vec<f32>,
    /// Index in the input of `pending[reach]`.
    origin: u64,
    produced: u64,
}

impl Resampler {
    /// From `from` to `to` samples a second.
    pub(super) fn new(from: u32, to: u32) -> Self {
        let ratio = f64::from(from) / f64::from(to);
        let stretch = ratio.max(1.0);
        let reach = (LOBES as f64 * stretch).ceil() as usize;
        let kernel = (0..=reach * PHASES + PHASES).map(|i| {
            let x = i as f64 / PHASES as f64 / stretch;
            let sinc =
                if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) };
            let edge = (x / LOBES as f64).min(1.0);
            (sinc * (0.5 + 0.5 * (std::f64::consts::PI * edge).cos()) / stretch) as f32
        });
        Resampler {
            ratio,
            kernel: kernel.collect(),
            reach,
            pending: vec![0.0; reach],
            origin: 0,
            produced: 0,
        }
    }

    /// Takes samples and appends what can be computed from them to `out`.
    pub(super) fn push(&mut self, input: &[f32], out: &mut Vec<f32>) {
        self.pending.extend_from_slice(input);
        loop {
            let position = self.produced as f64 * self.ratio;
            let whole = position as u64;
            let center = (whole - self.origin) as usize + self.reach;
            if center + self.reach + 1 >= self.pending.len() {
                break;
            }
            out.push(self.value(center, position - whole as f64));
            self.produced += 1;
        }
        let next = (self.produced as f64 * self.ratio) as u64;
        let used = ((next - self.origin) as usize).min(self.pending.len().saturating_sub(self.reach));
        self.pending.drain(..used);
        self.origin += used as u64;
    }

    /// Appends the last values, as if silence followed.
    pub(super) fn finish(mut self, out: &mut Vec<f32>) {
        self.push(&vec![0.0; self.reach + 1], out);
    }

    fn value(&self, center: usize, fraction: f64) -> f32 {
        let offset = fraction * PHASES as f64;
        let mut sum = 0.0;
        for i in 0..=self.reach {
            let at = i as f64 * PHASES as f64;
            sum +=
                self.pending[center - i] * self.kernel[((at + offset) as usize).min(self.kernel.len() - 1)];
            if i > 0 {
                sum += self.pending[center + i] * self.kernel[(at - offset) as usize];
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_stays_the_same_sine() {
        for from in [8000u32, 22_050, 48_000, 192_000] {
            let wave = |rate: u32, i: usize| {
                (std::f64::consts::TAU * 1000.0 * i as f64 / f64::from(rate)).sin() as f32
            };
            let input: Vec<f32> = (0..from as usize).map(|i| wave(from, i)).collect();
            let (mut resampler, mut out) = (Resampler::new(from, 44_100), Vec::new());
            for part in input.chunks(777) {
                resampler.push(part, &mut out);
            }
            resampler.finish(&mut out);
            assert!(out.len().abs_diff(44_100) <= 2, "{from}: {}", out.len());
            for (i, value) in out.iter().enumerate().take(40_000).skip(2000) {
                assert!((value - wave(44_100, i)).abs() < 0.02, "{from} at {i}: {value}");
            }
        }
    }
}
