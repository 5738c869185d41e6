//! Curves drawn by hand, as they are changed in the look that is worked on and told to the page.

use super::snapping::GridWord;
use super::state::EditedPreset;
use crate::audio::Analysis;
use crate::error::{Error, Result};
use crate::score::{Clock, CurveText, Grid, Length};
use crate::units::Seconds;
use serde::Deserialize;
use serde_json::{Value, json};

/// Most curves of a look, and most points of all of them, that are made here: a session remembers hundreds of looks.
const MOST: (usize, usize) = (32, 2000);
/// Values that a point may have, either way.
const FARTHEST: f64 = 1000.0;
/// Values of a curve that the page draws.
const SAMPLES: usize = 800;

/// A change of the drawn curves, which are counted from 0 as in the file; so are their points. Times are seconds of the track.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "how", rename_all = "snake_case", deny_unknown_fields)]
pub enum CurveEdit {
    /// Another curve, from 0 to 1 over the track, and a route from it.
    Add {
        /// Into which parameter.
        param: String,
    },
    /// Another curve: what was played on a parameter by hand, added to the value that it had before.
    Record {
        /// Of which parameter.
        param: String,
        /// Its value before; none: its default.
        base: Option<f64>,
        /// When it had which value.
        points: Vec<(f64, f64)>,
        /// What the places snap to.
        #[serde(default)]
        grid: GridWord,
    },
    /// It goes, and the routes that listen to it alone.
    Remove {
        /// Which curve.
        index: usize,
    },
    /// Another name.
    Name {
        /// Which curve.
        index: usize,
        /// What routes call it.
        name: String,
    },
    /// Another way from value to value.
    Ease {
        /// Which curve.
        index: usize,
        /// The way; none: straight.
        ease: Option<String>,
    },
    /// Another point.
    AddPoint {
        /// Of which curve.
        index: usize,
        /// Where.
        at: f64,
        /// Its value.
        value: f64,
        /// What the place snaps to.
        #[serde(default)]
        grid: GridWord,
    },
    /// A point lies elsewhere.
    Point {
        /// Of which curve.
        index: usize,
        /// Which point.
        point: usize,
        /// Where; none: where it lies.
        at: Option<f64>,
        /// Its value; none: as it is.
        value: Option<f64>,
        /// What the place snaps to.
        #[serde(default)]
        grid: GridWord,
    },
    /// A point's place, typed.
    Place {
        /// Of which curve.
        index: usize,
        /// Which point.
        point: usize,
        /// Where, like `8 bars`.
        place: String,
    },
    /// A point goes.
    RemovePoint {
        /// Of which curve.
        index: usize,
        /// Which point.
        point: usize,
    },
}

impl CurveEdit {
    /// What it makes of `edited` while `analysis` is heard.
    ///
    /// # Errors
    /// Usage: there is nothing of the kind, or it can't be meant.
    pub fn of(&self, edited: &EditedPreset, analysis: &Analysis) -> Result<EditedPreset> {
        let params = edited.preset()?.slots;
        let mut edited = edited.clone();
        let clock = Clock::new(analysis);
        let written = |t: f64, grid: GridWord| match t.is_finite() {
            true => Ok(clock.meant(Seconds(t.clamp(0.0, analysis.duration.0)), grid.0).written()),
            false => {
                Err(Error::usage("this is no time of the track").hint("drag it between the track's ends"))
            }
        };
        let fine = |value: f64| match value.is_finite() && value.abs() <= FARTHEST {
            true => Ok((value * 1e4).round() / 1e4),
            false => {
                Err(Error::usage("this value is too far").hint(format!("from -{FARTHEST} to {FARTHEST}")))
            }
        };
        let document = edited.worked_on_mut();
        let curves = document.curves();
        let points = |index: usize, point: usize| {
            let missing = || {
                Error::usage(format!("there is no point {point} of curve {index}")).hint("reload the page")
            };
            let points = curves.get(index).map(|curve| curve.points.clone()).ok_or_else(missing)?;
            if point < points.len() { Ok(points) } else { Err(missing()) }
        };
        match self {
            CurveEdit::Add { param } => {
                let name = room(&curves, "curve", 2)?;
                let last = written(analysis.duration.0, GridWord::default())?;
                let first = written(0.0, GridWord::default())?;
                document.add_curve(&name, &[(first, 0.0), (last, 1.0)]);
                document.add_route(&name, &*params.find(param)?);
                // What is drawn falls where it is drawn to fall.
                document.set_number(document.routes().len() - 1, "release", None)?;
            }
            CurveEdit::Record { param, base, points, grid } => {
                let param = params.find(param)?;
                let name = room(&curves, "played", points.len())?;
                let before = base.unwrap_or(param.default);
                let mut kept: Vec<(String, f64)> = Vec::new();
                for (at, value) in points {
                    let point = (written(*at, *grid)?, fine(value - before)?);
                    // Of what falls on one place, the last holds.
                    kept.retain(|(place, _)| *place != point.0);
                    kept.push(point);
                }
                if kept.is_empty() {
                    return Err(Error::usage("nothing was played").hint("turn a knob while the track plays"));
                }
                document.add_curve(&name, &ordered(kept, &clock)?);
                if grid.0 != Grid::Free {
                    // What is brought to the beat changes there, and not on the way from the one before.
                    document.set_ease(curves.len(), Some("step"))?;
                }
                document.add_route(&name, &param);
                let route = document.routes().len() - 1;
                document.set_number(route, "release", None)?;
                document.set_number(route, "amount", None)?;
                match base {
                    Some(base) => document.set_base(&param.name, *base),
                    None => document.reset_base(&param.name),
                }
            }
            CurveEdit::Remove { index } => document.remove_curve(*index)?,
            CurveEdit::Name { index, name } => document.rename_curve(*index, name.trim())?,
            CurveEdit::Ease { index, ease } => document.set_ease(*index, ease.as_deref())?,
            CurveEdit::AddPoint { index, at, value, grid } => {
                let mut points = points(*index, 0)?;
                has_room(&curves, 1)?;
                points.push((written(*at, *grid)?, fine(*value)?));
                document.set_points(*index, &ordered(points, &clock)?)?;
            }
            CurveEdit::Point { index, point, at, value, grid } => {
                let mut points = points(*index, *point)?;
                if let Some(at) = at {
                    points[*point].0 = written(*at, *grid)?;
                }
                if let Some(value) = value {
                    points[*point].1 = fine(*value)?;
                }
                document.set_points(*index, &ordered(points, &clock)?)?;
            }
            CurveEdit::Place { index, point, place } => {
                let mut points = points(*index, *point)?;
                points[*point].0 = length(place)?.written();
                document.set_points(*index, &ordered(points, &clock)?)?;
            }
            CurveEdit::RemovePoint { index, point } => {
                let mut points = points(*index, *point)?;
                points.remove(*point);
                if points.is_empty() {
                    return Err(Error::usage("a curve has a point").hint("remove the curve instead"));
                }
                document.set_points(*index, &points)?;
            }
        }
        edited.preset()?;
        Ok(edited)
    }
}

/// The drawn curves of the look that is worked on, for the page: their points, and what they are at times that divide the track.
///
/// # Errors
/// Usage: one of them can't be meant.
pub fn told(edited: &EditedPreset, analysis: &Analysis) -> Result<Vec<Value>> {
    let clock = Clock::new(analysis);
    let (_, document) = edited.worked_on();
    let played = document.keyframes()?;
    let told = document.curves().into_iter().zip(played).map(|(text, played)| {
        let times = played.points.iter().map(|(place, _)| clock.place(*place).0);
        let points = text
            .points
            .iter()
            .zip(times)
            .map(|((place, value), at)| json!({ "place": place, "at": at, "value": value }));
        json!({
            "name": text.name,
            "ease": text.ease,
            "frames": text.frames,
            // What another program drew has a point a frame.
            "points": points.take(MOST.1).collect::<Vec<_>>(),
            "line": played.sampled(&clock, analysis.duration, SAMPLES),
        })
    });
    Ok(told.collect())
}

/// A name for another curve of so many points, if there is room for it.
fn room(curves: &[CurveText], like: &str, points: usize) -> Result<String> {
    if curves.len() >= MOST.0 {
        return Err(Error::usage("there are too many curves").hint(format!("at most {}", MOST.0)));
    }
    has_room(curves, points)?;
    let mut names = std::iter::once(like.to_owned()).chain((2..).map(|i| format!("{like}{i}")));
    Ok(names.find(|name| curves.iter().all(|curve| curve.name != *name)).unwrap_or_default())
}

fn has_room(curves: &[CurveText], points: usize) -> Result<()> {
    let there: usize = curves.iter().map(|curve| curve.points.len()).sum();
    match there + points <= MOST.1 {
        true => Ok(()),
        false => Err(Error::usage("there are too many points").hint(format!("at most {}", MOST.1))),
    }
}

fn length(text: &str) -> Result<Length> {
    match text.trim().parse::<f64>() {
        Ok(seconds) => Length::seconds(seconds),
        Err(_) => text.parse(),
    }
}

/// In the order of their places on this track.
fn ordered(points: Vec<(String, f64)>, clock: &Clock) -> Result<Vec<(String, f64)>> {
    let mut timed: Vec<(f64, (String, f64))> = points
        .into_iter()
        .map(|point| Ok((clock.place(length(&point.0)?).0, point)))
        .collect::<Result<_>>()?;
    timed.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(timed.into_iter().map(|(_, point)| point).collect())
}

#[cfg(test)]
mod tests;
