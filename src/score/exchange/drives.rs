//! What an imported curve drives: the other program's words in beatbolt's.
//!
//! Deforum's `zoom` z, `angle` a and `translation` t are what happens from one frame to the next, p ↦ z R(−a)(p + t - c) + c,
//! c being the centre: the camera flies z^fps times a second, turns −a · fps degrees, and goes by z R(−a)(t - c) + c. Parseq's
//! fields say where the camera stands, and are what beatbolt's `zoom`, `roll` and `pan` say, unless they go further than
//! those: then the camera flies there. `strength` is how much of a picture stays, so 1 less it is `denoise`.

use super::imported::{Imported, Meaning};
use super::motion::{DELTAS, MOTION};
use super::points::short;
use super::term::{FRAME, Term};
use crate::score::check::AMOUNT;
use crate::score::expr::Expr;
use crate::score::param::{Param, Rate};
use crate::score::param_table::{ParamId, TABLE};
use crate::units::{FrameRate, Size};
use std::collections::BTreeSet;

/// Where Deforum turns and enlarges a picture, as a share of its sides.
const CENTRE: [&str; 2] = ["transform_center_x", "transform_center_y"];

/// Values beyond this are none to an expression.
const LARGEST: f64 = 1e30;

/// A parameter that is driven.
#[derive(Debug)]
pub struct Drive {
    /// The parameter.
    pub param: &'static Param,
    /// By what.
    pub value: Term,
    /// Names of the curves that it is made of.
    pub from: Vec<&'static str>,
}

/// Everything that is driven, and what else is to be said of it.
#[derive(Debug, Default)]
pub struct Drives {
    /// One for a parameter.
    pub list: Vec<Drive>,
    /// What is not quite as it was.
    pub notes: Vec<String>,
    /// The names of all curves that say something here.
    pub used: BTreeSet<String>,
    /// Those of them that need not be written: an expression, or another curve, says the same.
    pub unwritten: BTreeSet<String>,
}

/// Makes [`Drives`]: formulas are written into the expressions if `inline`, else they are curves of points.
struct Maker<'a> {
    imported: &'a Imported,
    fps: f64,
    inline: bool,
    made: Drives,
}

/// What the curves of `imported` drive at its frame rate.
pub fn drives(imported: &Imported, fps: Option<FrameRate>, inline: bool) -> Drives {
    let fps = fps.map_or(1.0, FrameRate::per_second);
    let mut maker = Maker { imported, fps, inline, made: Drives::default() };
    match imported.meaning {
        Meaning::Plain => {}
        Meaning::Speeds(size) => maker.speeds(MOTION, size),
        Meaning::Places(size) => maker.places(size),
    }
    maker.levels();
    maker.own_names();
    maker.made
}

impl Maker<'_> {
    /// A curve's values as a term, or a number where there is none.
    fn term(&mut self, name: &str, otherwise: f64) -> Term {
        let Some(curve) = self.imported.curves.get(name) else {
            let Some(drawn) = self.imported.drawn.get(name) else { return Term::number(otherwise) };
            self.made.used.insert(name.to_owned());
            let values = drawn.points.iter().map(|(_, value)| *value).collect();
            return Term { text: Some(curve_name(name)), values };
        };
        self.made.used.insert(name.to_owned());
        let formula = curve.formula.as_ref().filter(|_| self.inline && self.imported.moves(name));
        let text = match formula {
            Some(formula) => {
                self.made.unwritten.insert(name.to_owned());
                formula.replace(FRAME, &format!("floor({} * time)", short(self.fps)))
            }
            None => curve_name(name),
        };
        Term::new(text, curve.values.clone())
    }

    fn has(&self, names: &[&str]) -> bool {
        let Imported { curves, drawn, .. } = self.imported;
        names.iter().any(|name| curves.contains_key(*name) || drawn.contains_key(*name))
    }

    /// Drives a parameter, and says where that goes beyond its range.
    fn drive(&mut self, param: &'static Param, value: Term, from: &[&'static str]) {
        if value.constant() == Some(param.default) {
            return;
        }
        if value.values.iter().any(|v| v.is_nan() || v.abs() > LARGEST) {
            self.made.notes.push(format!(
                "left out: {}: {} would have no value",
                from.join(", "),
                param.name
            ));
            return;
        }
        let beyond = |v: &&f64| param.unit != "degrees" && !(param.min..=param.max).contains(*v);
        let count = value.values.iter().filter(beyond).count();
        if let Some(far) = value.values.iter().filter(beyond).max_by(|a, b| a.abs().total_cmp(&b.abs())) {
            let frames = if value.values.len() == 1 { "all frames".into() } else { plural(count, "frame") };
            self.made.notes.push(format!(
                "{}: {} in {frames} would be {}{}; cut to {} to {}",
                from.join(", "),
                param.name,
                short((far * 1e4).round() / 1e4),
                if param.unit.is_empty() { String::new() } else { format!(" {}", param.unit) },
                param.min,
                param.max
            ));
        }
        self.made.list.push(Drive { param, value, from: from.to_vec() });
    }

    /// The camera that flies, by curves of these names.
    fn speeds(&mut self, names: [&'static str; 4], size: Size) {
        if !self.has(&names) {
            return;
        }
        let [zoom, angle, x, y] = names;
        let (z, a) = (self.term(zoom, 1.0), self.term(angle, 0.0));
        let (x_from, y_from) = ([x, y, zoom, angle], [y, x, zoom, angle]);
        if z.values.iter().any(|v| *v <= 0.0) {
            self.made.notes.push(format!("{zoom}: pictures can't be enlarged 0 times or less"));
        }
        let sides = [size.width, size.height].map(f64::from);
        let [sin, cos] = a.turn();
        let mut shift = |name: &str, centre: &str, side: f64| {
            let centre = self.term(centre, 0.5).minus(&Term::number(0.5)).times(&Term::number(side));
            (self.term(name, 0.0).minus(&centre), centre)
        };
        let ((x, x_centre), (y, y_centre)) = (shift(x, CENTRE[0], sides[0]), shift(y, CENTRE[1], sides[1]));
        let to_x = z.times(&cos.times(&x).plus(&sin.times(&y))).plus(&x_centre);
        let to_y = z.times(&cos.times(&y).minus(&sin.times(&x))).plus(&y_centre);
        let speed = |to: &Term, side: f64| Term::number(self.fps / side).times(to);
        let (to_x, to_y) = (speed(&to_x, sides[0]), speed(&to_y, sides[1]));
        let (flies, turns) = (z.power(self.fps), Term::number(-self.fps).times(&a));
        self.drive(ParamId::FlyZoom.param(), flies, &[zoom]);
        self.drive(ParamId::FlyRoll.param(), turns, &[angle]);
        self.drive(ParamId::FlyX.param(), to_x, &x_from);
        self.drive(ParamId::FlyY.param(), to_y, &y_from);
    }

    /// The camera that stands where Parseq's fields say; that flies where it would have to stand too far away.
    fn places(&mut self, size: Size) {
        if !self.has(&MOTION) {
            return;
        }
        let [zoom, angle, x, y] = MOTION;
        let by = |side: u32| Term::number(1.0 / f64::from(side));
        let stands = [
            (ParamId::Zoom, zoom, self.term(zoom, 1.0)),
            (ParamId::Roll, angle, Term::number(-1.0).times(&self.term(angle, 0.0))),
            (ParamId::PanX, x, by(size.width).times(&self.term(x, 0.0))),
            (ParamId::PanY, y, by(size.height).times(&self.term(y, 0.0))),
        ];
        let inside = |(id, _, value): &(ParamId, &str, Term)| {
            let param = id.param();
            let range = if param.unit == "degrees" { AMOUNT } else { param.min..=param.max };
            value.values.iter().all(|v| range.contains(v))
        };
        let written = |name: &str| {
            self.imported.curves.get(name).is_none_or(|c| c.values.iter().all(|v| AMOUNT.contains(v)))
        };
        match stands.iter().find(|s| !inside(s) || !written(s.1)) {
            None => stands.into_iter().for_each(|(id, from, value)| self.drive(id.param(), value, &[from])),
            Some((id, from, _)) => {
                let range = id.param();
                self.made.notes.push(format!(
                    "{from} goes further than {} can stand ({} to {}): the camera flies there, as Deforum plays it",
                    range.name, range.min, range.max
                ));
                self.speeds(DELTAS, size);
                self.made.unwritten.extend(MOTION.map(str::to_owned));
            }
        }
        let flies = self.made.list.iter().any(|drive| DELTAS.contains(&drive.from[0]));
        if !flies {
            self.made.unwritten.extend(DELTAS.map(str::to_owned));
        }
        self.made.used.extend(DELTAS.map(str::to_owned));
    }

    /// What is neither Deforum's motion nor called as a parameter is.
    fn levels(&mut self) {
        let first = |maker: &Self, names: [&'static str; 2]| names.into_iter().find(|n| maker.has(&[n]));
        if let Some(name) = first(self, ["strength_schedule", "strength"]) {
            let value = Term::number(1.0).minus(&self.term(name, 0.0));
            self.drive(ParamId::Denoise.param(), value, &[name]);
        }
        if let Some(name) = first(self, ["cfg_scale_schedule", "scale"]) {
            let value = self.term(name, 0.0);
            self.drive(ParamId::Guidance.param(), value, &[name]);
        }
    }

    /// Curves that have a parameter's own name, and are not of the other program's.
    fn own_names(&mut self) {
        for param in TABLE.iter().filter(|p| p.rate != Rate::Job) {
            let name: &'static str = &param.name;
            let theirs = self.imported.meaning != Meaning::Plain && MOTION.contains(&name);
            let driven = self.made.list.iter().any(|drive| drive.param.name == param.name);
            let value = match self.imported.own.curves.get(name) {
                Some(values) => Term::new(curve_name(name), values.clone()),
                None if self.has(&[name]) && !theirs && !driven => self.term(name, param.default),
                None => continue,
            };
            self.drive(param, value, &[name]);
        }
    }
}

/// A name that a preset's curve can have: the file's own as far as it goes.
pub fn curve_name(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(150).collect();
    match plain.starts_with(|c: char| c.is_ascii_alphabetic()) && !Expr::is_taken(&plain) {
        true => plain,
        false => format!("c_{plain}"),
    }
}

/// So many of something.
pub fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
