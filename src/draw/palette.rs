//! Palettes: five tones each, from what is dark to what burns out.

use super::lanes::{Lanes, Simd};

/// A palette's colours as linear light.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tones {
    /// What is far or unlit.
    pub dark: [f32; 3],
    /// Shadows and haze.
    pub deep: [f32; 3],
    /// The light that says the palette's name.
    pub main: [f32; 3],
    /// The second light, a contrast where the palette has one.
    pub accent: [f32; 3],
    /// What burns out.
    pub hot: [f32; 3],
}

/// Names and tones: dark, deep, main, accent, hot.
#[rustfmt::skip]
pub(super) const PALETTES: [(&str, [u32; 5]); 20] = [
    ("neon", [0x07021a, 0x3b0f6b, 0xff1f9e, 0x16e0ff, 0xfff2ff]),
    ("fire", [0x0a0202, 0x5c0d04, 0xff4a0a, 0xffb020, 0xfff3c8]),
    ("ocean", [0x010a1a, 0x063d63, 0x0a9fc4, 0x4ff0d0, 0xeffffa]),
    ("forest", [0x020a05, 0x0e3d1c, 0x3fa32f, 0xc9e04a, 0xfbffe0]),
    ("gold", [0x0a0602, 0x4a2c08, 0xd99420, 0xffdb75, 0xfff8e2]),
    ("violet", [0x06020f, 0x2c0f5e, 0x8b3dff, 0xe07bff, 0xfff0ff]),
    ("ice", [0x040a16, 0x23466e, 0x7fc0ee, 0xd2f3ff, 0xffffff]),
    ("mono", [0x030303, 0x2e2e2e, 0x9c9c9c, 0xdadada, 0xffffff]),
    ("sunset", [0x100421, 0x5c1150, 0xff4f5e, 0xffa33b, 0xfff0bd]),
    ("acid", [0x040600, 0x1e4a06, 0xa6ff0d, 0xff3de0, 0xfaffdc]),
    ("rose", [0x12020a, 0x6b0f36, 0xff4f81, 0xffb3b8, 0xfff4f0]),
    ("candy", [0x160f38, 0x7a4fc0, 0xff86c8, 0x7fe6f2, 0xfffbe0]),
    ("midnight", [0x01020a, 0x0b1a52, 0x2f5cf0, 0x86b4ff, 0xeef3ff]),
    ("autumn", [0x0c0502, 0x4d1f0a, 0xc4571a, 0xe8b15a, 0xfff1d6]),
    ("mint", [0x021210, 0x0a5a4c, 0x2fd6a4, 0xb8ffd9, 0xf6fff9]),
    ("matrix", [0x000301, 0x04330f, 0x12c944, 0xa4ff9a, 0xeffff0]),
    ("teal and orange", [0x020a0e, 0x0a3a47, 0xff7a1c, 0x1fb8c9, 0xfff3de]),
    ("blood moon", [0x080203, 0x3d0509, 0xd4131f, 0xe8dcd0, 0xfffaf2]),
    ("hologram", [0x050614, 0x2b2f73, 0x6ef3ff, 0xff8df0, 0xffffff]),
    ("cobalt and gold", [0x02040f, 0x0c1f66, 0x2a55e0, 0xffc445, 0xfff7dd]),
];

impl Tones {
    pub fn of(tones: [u32; 5]) -> Self {
        let [dark, deep, main, accent, hot] =
            tones.map(|hex| [16, 8, 0].map(|shift| linear(hex >> shift & 255)));
        Tones { dark, deep, main, accent, hot }
    }
}

/// sRGB's curve (IEC 61966-2-1) undone.
fn linear(value: u32) -> f32 {
    let c = f64::from(value) / 255.0;
    (if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }) as f32
}

/// Linear light of some pixels, by channel.
#[derive(Clone, Copy)]
pub(super) struct Light<S: Simd>(pub [Lanes<S>; 3]);

impl<S: Simd> Light<S> {
    #[inline(always)]
    pub fn of(tone: [f32; 3], amount: Lanes<S>) -> Self {
        Light([amount * tone[0], amount * tone[1], amount * tone[2]])
    }

    /// With a tone times an amount added.
    #[inline(always)]
    pub fn add(self, tone: [f32; 3], amount: Lanes<S>) -> Self {
        let Light([r, g, b]) = self;
        Light([amount.mul_add(tone[0], r), amount.mul_add(tone[1], g), amount.mul_add(tone[2], b)])
    }

    /// With an even amount of a tone added.
    #[inline(always)]
    pub fn plus(self, tone: [f32; 3], amount: f32) -> Self {
        let Light([r, g, b]) = self;
        Light([r + tone[0] * amount, g + tone[1] * amount, b + tone[2] * amount])
    }

    #[inline(always)]
    pub fn with(self, other: Light<S>) -> Self {
        let (Light([r, g, b]), Light([x, y, z])) = (self, other);
        Light([r + x, g + y, b + z])
    }

    #[inline(always)]
    pub fn times(self, amount: Lanes<S>) -> Self {
        let Light([r, g, b]) = self;
        Light([r * amount, g * amount, b * amount])
    }

    /// This where `share` is 0, `other` where it is 1.
    #[inline(always)]
    pub fn mix(self, other: Light<S>, share: Lanes<S>) -> Self {
        let (Light([r, g, b]), Light([x, y, z])) = (self, other);
        Light([share.mul_add_lanes(x - r, r), share.mul_add_lanes(y - g, g), share.mul_add_lanes(z - b, b)])
    }
}
