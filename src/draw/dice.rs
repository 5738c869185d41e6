//! Dice: numpy's default generator, so that a scene's seed means here what it means in the trial that the scenes come from.
//!
//! `numpy.random.default_rng(seed)` of numpy 1.17 and later: SeedSequence (O'Neill's seed_seq) fills PCG64 (O'Neill 2014, "PCG: a
//! family of simple fast space-efficient statistically good algorithms", XSL-RR 128/64). Whole numbers by Lemire's method on
//! halves of 64 bits, normal ones by Marsaglia and Tsang's ziggurat of 256 layers, gamma by theirs of 2000.

const MULTIPLIER: u128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645;
/// Where the ziggurat's base layer ends, and the area of a layer.
const ZIGGURAT_R: f64 = 3.654_152_885_361_009;
const ZIGGURAT_AREA: f64 = 0.004_928_673_233_974_655;

/// A sequence of random numbers.
pub(super) struct Dice {
    state: u128,
    increment: u128,
    /// The upper half of the last 64 bits, where only the lower one was used.
    half: Option<u32>,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        let words = seed_sequence(seed);
        let wide = |i: usize| u128::from(words[i]) << 64 | u128::from(words[i + 1]);
        let mut dice = Dice { state: 0, increment: wide(2) << 1 | 1, half: None };
        dice.step();
        dice.state = dice.state.wrapping_add(wide(0));
        dice.step();
        dice
    }

    fn step(&mut self) {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }

    fn bits(&mut self) -> u64 {
        self.step();
        ((self.state >> 64) as u64 ^ self.state as u64).rotate_right((self.state >> 122) as u32)
    }

    fn half(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let bits = self.bits();
        self.half = Some((bits >> 32) as u32);
        bits as u32
    }

    /// In [0, 1).
    pub fn random(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random()
    }

    /// `count` numbers in [low, high).
    pub fn uniforms(&mut self, low: f64, high: f64, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.uniform(low, high) as f32).collect()
    }

    /// A whole number in [0, end).
    pub fn below(&mut self, end: u32) -> u32 {
        if end < 2 {
            return 0;
        }
        let threshold = end.wrapping_neg() % end;
        loop {
            let wide = u64::from(self.half()) * u64::from(end);
            if wide as u32 >= threshold {
                return (wide >> 32) as u32;
            }
        }
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }

    /// Of mean 0 and unit spread.
    pub fn normal(&mut self, ziggurat: &Ziggurat) -> f64 {
        loop {
            let bits = self.bits();
            let (layer, sign, rest) = ((bits & 255) as usize, bits >> 8 & 1, bits >> 9 & ((1 << 52) - 1));
            let x = rest as f64 * ziggurat.width[layer];
            let x = if sign == 1 { -x } else { x };
            if rest < ziggurat.inside[layer] {
                return x;
            }
            if layer > 0 {
                let [above, below] = [ziggurat.height[layer - 1], ziggurat.height[layer]];
                if (above - below) * self.random() + below < (-0.5 * x * x).exp() {
                    return x;
                }
                continue;
            }
            loop {
                let a = -(-self.random()).ln_1p() / ZIGGURAT_R;
                let b = -(-self.random()).ln_1p();
                if b + b > a * a {
                    let far = ZIGGURAT_R + a;
                    return if rest >> 8 & 1 == 1 { -far } else { far };
                }
            }
        }
    }

    /// Gamma of `shape` above 1.
    pub fn gamma(&mut self, ziggurat: &Ziggurat, shape: f64, scale: f64) -> f64 {
        let b = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * b).sqrt();
        loop {
            let x = self.normal(ziggurat);
            let v = 1.0 + c * x;
            if v <= 0.0 {
                continue;
            }
            let (v, u) = (v * v * v, self.random());
            if u < 1.0 - 0.0331 * x.powi(4) || u.ln() < 0.5 * x * x + b * (1.0 - v + v.ln()) {
                return scale * b * v;
            }
        }
    }

    /// Poisson of a mean below 10.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let (end, mut product, mut count) = ((-mean).exp(), 1.0, 0);
        loop {
            product *= self.random();
            if product <= end {
                return count;
            }
            count += 1;
        }
    }
}

/// The layers of a normal distribution.
pub(super) struct Ziggurat {
    inside: [u64; 256],
    width: [f64; 256],
    height: [f64; 256],
}

impl Ziggurat {
    pub fn new() -> Self {
        let unit = (1u64 << 52) as f64;
        let density = |x: f64| (-0.5 * x * x).exp();
        let base = ZIGGURAT_AREA / density(ZIGGURAT_R);
        let (mut inside, mut width, mut height) = ([0; 256], [0.0; 256], [1.0; 256]);
        inside[0] = (ZIGGURAT_R / base * unit) as u64;
        width[0] = base / unit;
        let mut x = ZIGGURAT_R;
        (width[255], height[255]) = (x / unit, density(x));
        for i in (1..255).rev() {
            let next = (-2.0 * (ZIGGURAT_AREA / x + density(x)).ln()).sqrt();
            inside[i + 1] = (next / x * unit) as u64;
            (width[i], height[i]) = (next / unit, density(next));
            x = next;
        }
        Ziggurat { inside, width, height }
    }
}

/// The four words that numpy's SeedSequence makes of a seed for PCG64.
fn seed_sequence(seed: u64) -> [u64; 4] {
    let (mut constant, entropy) = (0x43b0_d7e5u32, [seed as u32, (seed >> 32) as u32, 0, 0]);
    let mut hash = |value: u32| {
        let value = value ^ constant;
        constant = constant.wrapping_mul(0x931e_8875);
        let value = value.wrapping_mul(constant);
        value ^ value >> 16
    };
    let mut pool = entropy.map(&mut hash);
    for from in 0..4 {
        for to in 0..4 {
            if from != to {
                let mixed = pool[to]
                    .wrapping_mul(0xca01_f9dd)
                    .wrapping_sub(hash(pool[from]).wrapping_mul(0x4973_f715));
                pool[to] = mixed ^ mixed >> 16;
            }
        }
    }
    let mut constant = 0x8b51_f9ddu32;
    let mut word = |i: usize| {
        let value = pool[i % 4] ^ constant;
        constant = constant.wrapping_mul(0x58f3_8ded);
        let value = value.wrapping_mul(constant);
        u64::from(value ^ value >> 16)
    };
    [0, 2, 4, 6].map(|i| word(i) | word(i + 1) << 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What numpy 2.4 gives: `rng = numpy.random.default_rng(seed)`, then the calls named beside the numbers.
    #[test]
    fn numbers_are_those_of_numpy() {
        let mut dice = Dice::new(3);
        assert_eq!([dice.random(), dice.random()], NUMPY_RANDOM_3);
        let mut dice = Dice::new(0x1_2345_6789);
        assert_eq!([dice.random(), dice.random()], NUMPY_RANDOM_LONG);
        let mut dice = Dice::new(7);
        // Halves are kept over doubles in between.
        let mixed =
            (dice.below(5), dice.random(), dice.below(40), dice.below(3), dice.below(1), dice.below(7));
        assert_eq!(mixed, NUMPY_MIXED_7);
    }

    #[test]
    fn distributions_are_those_of_numpy() {
        let (ziggurat, mut dice) = (Ziggurat::new(), Dice::new(11));
        let normals: Vec<f64> = (0..20_000).map(|_| dice.normal(&ziggurat)).collect();
        for (at, expected) in NUMPY_NORMAL_11 {
            assert!((normals[at] - expected).abs() < 1e-14, "{at}: {} {expected}", normals[at]);
        }
        let gamma: Vec<f64> = (0..1000).map(|_| dice.gamma(&ziggurat, 2.1, 0.26)).collect();
        let poisson: Vec<u32> = (0..8).map(|_| dice.poisson(3.2)).collect();
        assert!((gamma[999] - NUMPY_GAMMA_11).abs() < 1e-14, "{}", gamma[999]);
        assert_eq!(poisson, NUMPY_POISSON_11);
    }

    const NUMPY_RANDOM_3: [f64; 2] = [0.08564916714362436, 0.2368105065960997];
    const NUMPY_RANDOM_LONG: [f64; 2] = [0.0012461091175891559, 0.08148257125269087];
    const NUMPY_MIXED_7: (u32, f64, u32, u32, u32, u32) = (4, 0.8972138009695755, 25, 1, 0, 5);
    const NUMPY_NORMAL_11: [(usize, f64); 5] = [
        (8639, 3.833389066444189),
        (18909, -3.707887820637163),
        (0, 0.03419276725318417),
        (1, 1.3597475403099617),
        (19999, 1.9155920218745177),
    ];
    const NUMPY_GAMMA_11: f64 = 0.27836803018352746;
    const NUMPY_POISSON_11: [u32; 8] = [2, 3, 1, 6, 3, 4, 2, 3];
}
