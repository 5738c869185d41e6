//! The instruments: each gives one note as samples.

use std::f32::consts::TAU;

/// Samples a second.
pub const RATE: f32 = 44_100.0;

/// White noise that is the same on every machine.
pub struct Noise(u32);

impl Noise {
    /// Noise from a seed that is not 0.
    pub fn new(seed: u32) -> Self {
        Noise(seed)
    }

    fn next(&mut self) -> f32 {
        // Marsaglia 2003, "Xorshift RNGs".
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / u32::MAX as f32 * 2.0 - 1.0
    }
}

/// A low pass of 12 dB an octave.
#[derive(Default)]
struct LowPass {
    first: f32,
    second: f32,
}

impl LowPass {
    fn next(&mut self, input: f32, hz: f32) -> f32 {
        let k = 1.0 - (-TAU * hz / RATE).exp();
        self.first += k * (input - self.first);
        self.second += k * (self.first - self.second);
        self.second
    }
}

/// A note of `seconds`: `wave` gives the sample at a time.
fn render(seconds: f32, mut wave: impl FnMut(f32) -> f32) -> Vec<f32> {
    let count = (seconds * RATE) as usize;
    let fade = (0.004 * RATE) as usize;
    (0..count)
        .map(|i| {
            let end = ((count - i) as f32 / fade as f32).min(1.0);
            wave(i as f32 / RATE) * end
        })
        .collect()
}

/// A sine that falls from a knock to a thump.
pub fn kick() -> Vec<f32> {
    let mut phase = 0.0;
    render(0.32, |t| {
        phase += TAU * (46.0 + 130.0 * (-t / 0.028).exp()) / RATE;
        let knock = (-t / 0.004).exp() * 0.25;
        phase.sin() * (-t / 0.11).exp() + knock * (phase * 7.0).sin()
    })
}

/// A short tone under noise.
pub fn snare(noise: &mut Noise) -> Vec<f32> {
    let mut low = LowPass::default();
    render(0.24, |t| {
        let hiss = noise.next();
        let rattle = (hiss - low.next(hiss, 1400.0)) * (-t / 0.065).exp();
        let body = (TAU * (185.0 + 60.0 * (-t / 0.02).exp()) * t).sin() * (-t / 0.06).exp();
        0.55 * rattle + 0.6 * body
    })
}

/// The top of a noise; `decay` in seconds: 0.02 closed, 0.12 open.
pub fn hat(noise: &mut Noise, decay: f32) -> Vec<f32> {
    let mut low = LowPass::default();
    render(decay * 5.0, |t| {
        let hiss = noise.next();
        (hiss - low.next(hiss, 8500.0)) * (-t / decay).exp()
    })
}

/// A soft bright wash.
pub fn crash(noise: &mut Noise) -> Vec<f32> {
    let mut low = LowPass::default();
    render(1.8, |t| {
        let hiss = noise.next();
        (hiss - low.next(hiss, 4000.0)) * (-t / 0.5).exp()
    })
}

/// Noise that rises in level and height for so many `seconds`.
pub fn riser(noise: &mut Noise, seconds: f32) -> Vec<f32> {
    let (mut low, mut floor) = (LowPass::default(), LowPass::default());
    render(seconds, |t| {
        let risen = t / seconds;
        let hiss = low.next(noise.next(), 400.0 + 7000.0 * risen * risen);
        (hiss - floor.next(hiss, 200.0 + 1500.0 * risen)) * risen * risen
    })
}

/// A sawtooth without its highest partials.
fn saw(phase: f32) -> f32 {
    (1..=9).map(|n| (phase * n as f32).sin() / n as f32).sum::<f32>() * 0.6
}

/// A round bass that opens with every note.
pub fn bass(hz: f32, seconds: f32) -> Vec<f32> {
    let mut low = LowPass::default();
    render(seconds, |t| {
        let attack = (t / 0.004).min(1.0);
        let tone = saw(TAU * hz * t) * 0.6 + (TAU * hz * t).sin() * 0.6;
        low.next(tone, 220.0 + 900.0 * (-t / 0.07).exp()) * attack * (-t / 0.5).exp()
    })
}

/// A plucked string; `bright` in hertz.
pub fn pluck(hz: f32, bright: f32) -> Vec<f32> {
    let mut low = LowPass::default();
    render(0.9, |t| {
        let tone = saw(TAU * hz * t) + 0.4 * (TAU * hz * 2.003 * t).sin();
        low.next(tone, bright * (0.25 + 0.75 * (-t / 0.09).exp())) * (t / 0.002).min(1.0) * (-t / 0.22).exp()
    })
}

/// A lead that glides in and trembles a little.
pub fn lead(hz: f32, seconds: f32) -> Vec<f32> {
    let (mut low, mut phase) = (LowPass::default(), 0.0);
    render(seconds, |t| {
        let tremble = 1.0 + 0.004 * (TAU * 5.5 * t).sin() * (t / 0.3).min(1.0);
        phase += TAU * hz * tremble * (1.0 - 0.03 * (-t / 0.012).exp()) / RATE;
        let shape = (t / 0.012).min(1.0) * ((seconds - t) / 0.08).min(1.0);
        low.next(saw(phase) + 0.5 * (phase * 0.5).sin(), 2600.0) * shape
    })
}

/// A slow chord tone, a little out of tune with itself; `side` is -1 or 1.
pub fn pad(hz: f32, seconds: f32, bright: f32, side: f32) -> Vec<f32> {
    let mut low = LowPass::default();
    render(seconds, |t| {
        let shape = (t / 0.35).min(1.0) * ((seconds - t) / 0.35).clamp(0.0, 1.0);
        let pair =
            saw(TAU * hz * (1.0 + 0.0031 * side) * t) + saw(TAU * hz * (1.0 - 0.0017 * side) * t + side);
        low.next(pair, bright * (1.0 + 0.25 * (TAU * 0.13 * t + side).sin())) * shape
    })
}
