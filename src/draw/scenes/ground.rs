//! Grounds: where rays meet a height above every place.

use crate::draw::camera::{Camera, Vector};
use crate::draw::lanes::{Lanes, Mask, Simd};

/// A height for every place.
pub(super) trait Ground {
    /// `#[inline(always)]`, as everything that it calls.
    fn height<S: Simd>(&self, x: Lanes<S>, z: Lanes<S>) -> Lanes<S>;

    /// Nothing of it is higher.
    fn highest(&self) -> f32;
}

/// How far it is to the ground, and whether it is met: steps that grow with distance from `near` to `far`, then bisection.
#[inline(always)]
pub(super) fn meet<S: Simd>(
    ground: &impl Ground,
    camera: &Camera,
    d: Vector<S>,
    (near, far, steps): (f32, f32, u32),
) -> (Lanes<S>, Mask<S>) {
    let [x, y, z] = camera.position;
    let top = ground.highest();
    let grow = (far / near).powf(1.0 / steps as f32);
    let (mut low, mut high) = (d[0].all(near), d[0].all(far));
    let mut done = d[0].above(f32::MAX);
    let mut before = near;
    for i in 1..=steps {
        let t = near * grow.powi(i as i32);
        let reached = d[1] * t + y;
        let under = reached.lt(ground.height(d[0] * t + x, d[2] * t + z));
        let new = under & !done;
        high = new.select(high.all(t), high);
        low = new.select(low.all(before), low);
        done = done | under;
        let gone = reached.above(top) & d[1].above(0.0);
        if (done | gone).everywhere() {
            break;
        }
        before = t;
    }
    if !done.anywhere() {
        return (high, done);
    }
    for _ in 0..6 {
        let t = (low + high) * 0.5;
        let under = (d[1] * t + y).lt(ground.height(d[0] * t + x, d[2] * t + z));
        high = under.select(t, high);
        low = under.select(low, t);
    }
    ((low + high) * 0.5, done)
}
