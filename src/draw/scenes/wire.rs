//! Nested polyhedra of light: fine edges, bright corners, dust around.

use crate::draw::lanes::Simd;
use crate::draw::math::exp;
use crate::draw::palette::{Light, Tones};
use crate::draw::planes::{Planes, Samples, Shader};
use crate::draw::scene::Scene;
use crate::draw::stage::Stage;

const DUST: usize = 900;
const GOLDEN: f64 = 1.618_033_988_749_895;

/// Corners, in three dimensions or four, and the pairs of them that are edges.
#[derive(Clone)]
struct Solid {
    corners: Vec<[f64; 4]>,
    edges: Vec<(usize, usize)>,
    /// Whether it turns through the fourth dimension.
    four: bool,
    radius: f64,
}

#[derive(Clone, Copy)]
enum Shape {
    Geodesic(usize),
    Icosahedron,
    Dodecahedron,
    Octahedron,
    Tesseract,
}

use Shape::*;

const SHELLS: [&[(Shape, f64)]; 4] = [
    &[(Geodesic(2), 1.25), (Icosahedron, 0.7), (Octahedron, 0.36)],
    &[(Dodecahedron, 1.25), (Geodesic(1), 0.85), (Icosahedron, 0.42)],
    &[(Tesseract, 1.25), (Geodesic(1), 0.55)],
    &[(Geodesic(2), 1.25), (Tesseract, 0.75)],
];

struct Wire {
    size: (usize, usize),
    scale: f32,
    tones: Tones,
    solids: Vec<Solid>,
    dust: Vec<([f64; 3], f32)>,
}

pub(super) fn set(stage: &mut Stage) -> Box<dyn Scene> {
    let shells = SHELLS[stage.dice.below(4) as usize];
    let solids = shells.iter().map(|(shape, radius)| Solid { radius: *radius, ..solid(*shape) }).collect();
    let places: Vec<[f64; 3]> =
        (0..DUST).map(|_| [2.2, 1.2, 1.8].map(|spread| stage.normal() * spread)).collect();
    let lights = stage.dice.uniforms(0.1, 0.8, DUST);
    let dust = places.into_iter().zip(lights).collect();
    Box::new(Wire { size: stage.size(), scale: stage.scale(), tones: stage.tones, solids, dust })
}

fn solid(shape: Shape) -> Solid {
    let [plus, minus] = [1.0, -1.0];
    let signs = [plus, minus];
    let turned = |[a, b, c]: [f64; 3]| [[a, b, c, 0.0], [b, c, a, 0.0], [c, a, b, 0.0]];
    let mut corners: Vec<[f64; 4]> = Vec::new();
    match shape {
        Geodesic(level) => return (0..level).fold(solid(Icosahedron), |solid, _| refined(&solid)),
        Icosahedron => {
            for a in signs {
                signs.iter().for_each(|b| corners.extend(turned([0.0, a, b * GOLDEN])));
            }
        }
        Dodecahedron => {
            for a in signs {
                for b in signs {
                    corners.extend(signs.map(|c| [a, b, c, 0.0]));
                    corners.extend(turned([0.0, a / GOLDEN, b * GOLDEN]));
                }
            }
        }
        Octahedron => signs.iter().for_each(|a| corners.extend(turned([*a, 0.0, 0.0]))),
        Tesseract => {
            let corner = |i: u32| [0, 1, 2, 3].map(|k| if i >> k & 1 == 1 { 1.0 } else { -1.0 });
            corners.extend((0..16).map(corner));
        }
    }
    let corners: Vec<[f64; 4]> = corners.into_iter().map(unit).collect();
    let edges = shortest(&corners, |_, _, least| least * 1.05);
    Solid { corners, edges, four: matches!(shape, Tesseract), radius: 1.0 }
}

/// With every edge halved, its middle put onto the sphere.
fn refined(solid: &Solid) -> Solid {
    let middle = |&(a, b): &(usize, usize)| {
        unit([0, 1, 2, 3].map(|i| (solid.corners[a][i] + solid.corners[b][i]) / 2.0))
    };
    let corners: Vec<[f64; 4]> =
        solid.corners.iter().copied().chain(solid.edges.iter().map(middle)).collect();
    // The fifth neighbour is an edge away at every corner.
    let fifth: Vec<f64> = corners
        .iter()
        .map(|a| {
            let mut all: Vec<f64> = corners.iter().map(|b| apart(a, b)).collect();
            all.sort_by(f64::total_cmp);
            all[5] * 1.12
        })
        .collect();
    let edges = shortest(&corners, |a, b, _| fifth[a].min(fifth[b]));
    Solid { corners, edges, four: false, radius: 1.0 }
}

/// Pairs of corners nearer than `most` says, given the least distance of all.
fn shortest(corners: &[[f64; 4]], most: impl Fn(usize, usize, f64) -> f64) -> Vec<(usize, usize)> {
    let pairs = || (0..corners.len()).flat_map(|a| (a + 1..corners.len()).map(move |b| (a, b)));
    let least = pairs().map(|(a, b)| apart(&corners[a], &corners[b])).fold(f64::MAX, f64::min);
    pairs().filter(|&(a, b)| apart(&corners[a], &corners[b]) < most(a, b, least)).collect()
}

fn apart(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn unit(v: [f64; 4]) -> [f64; 4] {
    let length = v.iter().map(|v| v * v).sum::<f64>().sqrt();
    v.map(|v| v / length)
}

impl Scene for Wire {
    fn draw(&mut self, p: f64) -> Planes {
        let mut light = Planes::black(self.size.0, self.size.1);
        for (number, solid) in self.solids.iter().enumerate() {
            self.solid((number, solid), p, &mut light);
        }
        for (place, bright) in &self.dust {
            let (place, z) = self.seen(turned(*place, 0.012 * p, 0.2));
            if z > 0.5 {
                let w = bright * (-(z.max(0.4) - 2.0) * 0.6).exp();
                light.dot(1, place, w, (0.9 * self.scale, 2));
            }
        }
        Planes::paint(self.size.0, self.size.1, &Frame { tones: &self.tones, light })
    }

    fn glow(&self) -> f32 {
        1.0
    }
}

impl Wire {
    fn solid(&self, (number, solid): (usize, &Solid), p: f64, light: &mut Planes) {
        let (n, k) = (number as f64, self.scale);
        let spin = if number.is_multiple_of(2) { 0.035 } else { -0.05 };
        let (a, b) = (spin * p + n, 0.35 + 0.022 * p * (n + 1.0) / 2.0);
        let (sin, cos) = (0.04 * p).sin_cos();
        let corner = |&[x, y, z, w]: &[f64; 4]| {
            let place = if solid.four {
                let (x, w) = (cos * x - sin * w, sin * x + cos * w);
                [x, y, z].map(|v| v * 1.25 / (1.25 - 0.62 * w))
            } else {
                [x, y, z]
            };
            self.seen(turned(place.map(|v| v * solid.radius), a, b))
        };
        let corners: Vec<((f32, f32), f32)> = solid.corners.iter().map(corner).collect();
        let front: Vec<f32> = corners.iter().map(|(_, z)| (-(z - 2.3) * 1.1).exp()).collect();
        let strong = if solid.edges.len() > 200 { 0.55 } else { 0.95 };
        for &(i, j) in &solid.edges {
            let w = (front[i] + front[j]) * strong * k;
            let (from, to) = (corners[i].0, corners[j].0);
            light.stroke(number % 3, from, to, (w, 1.5));
            if solid.edges.len() < 60 {
                // A second line beside the first makes the inner solids heavier.
                let beside = |(x, y): (f32, f32)| (x + 0.7, y + 0.4);
                light.stroke(number % 3, beside(from), beside(to), (w * 0.8, 1.5));
            }
        }
        corners
            .iter()
            .zip(&front)
            .for_each(|((place, _), front)| light.dot(2, *place, 1.6 * front, (1.5 * k, 3)));
    }

    /// Where a place is seen, and how far away it is.
    fn seen(&self, [x, y, z]: [f64; 3]) -> ((f32, f32), f32) {
        let (width, height) = (self.size.0 as f64, self.size.1 as f64);
        let z = 3.3 + z;
        let s = height * 0.86 / z;
        (((width / 2.0 + x * s) as f32, (height / 2.0 - y * s) as f32), z as f32)
    }
}

/// About the upright axis by `a`, then about the level one by `b`.
fn turned([x, y, z]: [f64; 3], a: f64, b: f64) -> [f64; 3] {
    let ((sa, ca), (sb, cb)) = (a.sin_cos(), b.sin_cos());
    let (x, z) = (x * ca - z * sa, x * sa + z * ca);
    [x, y * cb + z * sb, -y * sb + z * cb]
}

struct Frame<'a> {
    tones: &'a Tones,
    light: Planes,
}

impl Shader for Frame<'_> {
    #[inline(always)]
    fn shade<S: Simd>(&self, at: Samples<S>) -> Light<S> {
        let tones = self.tones;
        let back = exp((at.x * at.x + at.y * at.y) * -0.9);
        Light::of(tones.dark, back.all(1.0))
            .add(tones.deep, back * 0.75)
            .add(tones.main, self.light.load(0, at) * 1.15)
            .add(tones.accent, self.light.load(1, at) * 1.3)
            .add(tones.hot, self.light.load(2, at) * 1.3)
    }
}
