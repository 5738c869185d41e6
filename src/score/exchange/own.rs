//! beatbolt's own values beside what another program plays of them.
//!
//! A Deforum settings file or a Parseq document of ours has an object `beatbolt`, which these programs pass over: a schedule
//! for every parameter. What they play themselves is computed from it, so whoever reads the file can tell whether it is as it
//! was written; then the parameters come back as they went out.

use super::curves::Curves;
use super::motion::{MOVES, Warp, warps};
use super::points::{Points, exact, few, short};
use super::schedule::{Schedule, written};
use crate::score::param_table::ParamId;
use crate::units::{FrameRate, Size};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The name of the object.
pub const KEY: &str = "beatbolt";
/// How far what is played may lie from what was written, as a share of 1 or of the value.
const SAME: f64 = 1e-4;

/// Values of parameters by name, one a frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Own {
    /// By name; a parameter that isn't there has its default.
    pub curves: BTreeMap<String, Vec<f64>>,
    /// The points that they are drawn through.
    pub points: BTreeMap<String, Points>,
    /// How many frames there are.
    pub frames: usize,
}

impl Own {
    /// The parameters of `curves`.
    pub fn of(curves: &Curves) -> Self {
        let mut own = Own { frames: curves.frames(), ..Own::default() };
        for param in &curves.params {
            let values = curves.values(param);
            own.points.insert(param.name.to_string(), exact(values));
            own.curves.insert(param.name.to_string(), values.iter().map(|v| f64::from(*v)).collect());
        }
        own
    }

    /// The object of a file with so many frames, if there is one that can be read.
    pub fn read(map: &Map<String, Value>, frames: u64) -> Option<Self> {
        let schedules = map.get(KEY)?.get("curves")?.as_object()?;
        let mut own = Own { frames: frames as usize, ..Own::default() };
        for (name, text) in schedules {
            let schedule = Schedule::parse(text.as_str()?, Some(frames), 0.0).ok()?;
            own.curves.insert(name.clone(), schedule.play(frames, 0.0).ok()?);
            own.points.insert(name.clone(), schedule.points()?);
        }
        Some(own)
    }

    /// A parameter's value in a frame.
    pub fn value(&self, id: ParamId, frame: usize) -> f64 {
        let curve = self.curves.get(&*id.param().name);
        curve.and_then(|c| c.get(frame)).copied().unwrap_or(id.param().default)
    }

    /// A parameter's values.
    pub fn values(&self, id: ParamId) -> Vec<f64> {
        (0..self.frames).map(|i| self.value(id, i)).collect()
    }

    /// What Deforum plays of where the camera stands and flies.
    pub fn warps(&self, fps: FrameRate, size: Size) -> Vec<Warp> {
        warps(|id, i| self.value(id, i), self.frames, fps, size)
    }

    /// Forgets what moves the picture.
    pub fn forget_motion(&mut self) {
        MOVES.iter().for_each(|id| drop(self.curves.remove(&*id.param().name)));
    }

    /// Forgets a parameter.
    pub fn forget(&mut self, id: ParamId) {
        self.curves.remove(&*id.param().name);
    }
}

/// The object, as it is written; `size` is that of the picture whose pixels the other program's fields count.
pub fn object(own: &Own, size: Size) -> Value {
    let schedules = own.points.iter().map(|(name, points)| (name.clone(), Value::from(written(points))));
    let (width, height) = (size.width, size.height);
    json!({ "version": env!("CARGO_PKG_VERSION"), "W": width, "H": height, "curves": schedules.collect::<Map<_, _>>() })
}

/// What another program plays, computed from our values, as points that are no further away than these have noise.
pub fn noiseless(values: &[f64], noise: f64) -> Points {
    let mut points = few(values, noise);
    points.iter_mut().for_each(|p| p.1 = short(p.1));
    points
}

/// The size that an object was written with.
pub fn size_of(map: &Map<String, Value>) -> Option<Size> {
    let side = |key| map.get(KEY)?.get(key)?.as_u64().filter(|n| (1..=100_000).contains(n));
    Some(Size { width: side("W")? as u32, height: side("H")? as u32 })
}

/// A number, also where it stands in a text.
pub fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|x: &f64| x.is_finite())
}

/// Whether two curves are the same for whoever watches.
pub fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= SAME * a.abs().max(1.0))
}
