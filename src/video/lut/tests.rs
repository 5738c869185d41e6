//! Tables against closed forms.

use super::Lut;
use super::cube;

fn lut(text: &str) -> Lut {
    cube::parse("test", text).unwrap()
}

/// A cube of `side` entries on a side that holds `f` of every colour.
fn sampled(side: usize, f: impl Fn([f32; 3]) -> [f32; 3]) -> Lut {
    let unit = |i: usize| i as f32 / (side - 1) as f32;
    let mut text = format!("LUT_3D_SIZE {side}\n");
    for (b, g, r) in (0..side).flat_map(|b| (0..side).flat_map(move |g| (0..side).map(move |r| (b, g, r)))) {
        let [x, y, z] = f([unit(r), unit(g), unit(b)]);
        text += &format!("{x} {y} {z}\n");
    }
    lut(&text)
}

fn colours() -> impl Iterator<Item = [f32; 3]> {
    (0..500u32).map(|i| [i * 37 % 256, i * 101 % 256, i * 59 % 256].map(|v| v as f32))
}

fn applied(lut: &Lut, mut colour: [f32; 3], amount: f32) -> [f32; 3] {
    lut.apply(&mut colour, amount);
    colour
}

/// Tetrahedra reproduce what is straight, exactly.
#[test]
fn a_straight_map_is_exact_at_any_size_and_mixes_by_the_amount() {
    let straight = |[r, g, b]: [f32; 3]| [0.5 * r + 0.3 * b, 1.0 - g, 0.1 + 0.2 * r + 0.3 * g + 0.4 * b];
    for side in [2, 5, 17] {
        let lut = sampled(side, straight);
        for colour in colours() {
            let expected = straight(colour.map(|v| v / 255.0)).map(|v| 255.0 * v);
            let (whole, half) = (applied(&lut, colour, 1.0), applied(&lut, colour, 0.5));
            for c in 0..3 {
                assert!((whole[c] - expected[c]).abs() < 0.01, "{side} {colour:?}: {whole:?} {expected:?}");
                assert!((half[c] - 0.5 * (expected[c] + colour[c])).abs() < 0.01);
            }
        }
    }
}

/// The corner at white alone gives the smallest of the three in tetrahedra, their product in a cube.
#[test]
fn it_is_tetrahedra_that_are_read() {
    let corner = sampled(2, |rgb| [if rgb == [1.0; 3] { 1.0 } else { 0.0 }; 3]);
    for colour in colours() {
        let least = colour.iter().copied().fold(255.0, f32::min);
        assert!(applied(&corner, colour, 1.0).iter().all(|v| (v - least).abs() < 0.01), "{colour:?}");
    }
}

#[test]
fn curves_are_read_along_straight_lines_within_their_domain() {
    let lut = lut("LUT_1D_SIZE 3\nDOMAIN_MIN 0 0 0.2\nDOMAIN_MAX 1 0.5 1\n0 0 0\n0.25 0.5 1\n1 1 0\n");
    let close = |a: [f32; 3], b: [f32; 3]| (0..3).all(|c| (a[c] - 255.0 * b[c]).abs() < 0.01);
    let at = |r: f32, g: f32, b: f32| applied(&lut, [255.0 * r, 255.0 * g, 255.0 * b], 1.0);
    assert!(close(at(0.25, 0.125, 0.4), [0.125, 0.25, 0.5]));
    assert!(close(at(0.75, 0.9, 0.1), [0.625, 1.0, 0.0]), "{:?}", at(0.75, 0.9, 0.1));
}
