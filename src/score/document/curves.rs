//! Curves drawn by hand, as a preset's file has them.

use super::{Document, plain};
use crate::error::{Error, Result};
use crate::score::edit::put;
use crate::score::keyframe::Keyframes;
use crate::score::raw::Source;
use serde::Serialize;
use toml_edit::{Array, Item, Table, Value};

/// A drawn curve as it is written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurveText {
    /// What routes call it.
    pub name: String,
    /// How a value becomes the next; empty: linear.
    pub ease: String,
    /// Places and values.
    pub points: Vec<(String, f64)>,
    /// Whether its places are frames of another program: such a curve isn't drawn here.
    pub frames: bool,
}

impl Document {
    /// Every drawn curve.
    pub fn curves(&self) -> Vec<CurveText> {
        let of = |curve: &Table| CurveText {
            name: curve.get("name").map(plain).unwrap_or_default(),
            ease: curve.get("ease").map(plain).unwrap_or_default(),
            points: curve
                .get("points")
                .and_then(Item::as_array)
                .into_iter()
                .flatten()
                .filter_map(point)
                .collect(),
            frames: curve.contains_key("fps"),
        };
        self.tables("curve").map(of).collect()
    }

    /// The same, as they are played.
    ///
    /// # Errors
    /// Usage: one of them can't be meant.
    pub fn keyframes(&self) -> Result<Vec<Keyframes>> {
        let text = self.text();
        let source = Source { name: "curves", text: &text };
        source.read()?.curve.iter().map(|curve| source.drawn(curve)).collect()
    }

    /// Adds a curve through these places and values.
    pub fn add_curve(&mut self, name: &str, points: &[(String, f64)]) {
        let mut made = Table::new();
        put(&mut made, "name", name);
        put(&mut made, "points", list(points));
        self.push("curve", made);
    }

    /// Lets a curve go through these places and values.
    ///
    /// # Errors
    /// Usage: no such curve, or it is one of another program's frames.
    pub fn set_points(&mut self, index: usize, points: &[(String, f64)]) -> Result<()> {
        let curve = self.table("curve", index)?;
        if curve.contains_key("fps") {
            return Err(Error::usage("the places of this curve are frames of another program")
                .hint("change it there, and import it again"));
        }
        put(curve, "points", list(points));
        Ok(())
    }

    /// Another way from value to value; none: straight.
    ///
    /// # Errors
    /// Usage: no such curve.
    pub fn set_ease(&mut self, index: usize, ease: Option<&str>) -> Result<()> {
        let curve = self.table("curve", index)?;
        match ease {
            Some(ease) => put(curve, "ease", ease),
            None => drop(curve.remove("ease")),
        }
        Ok(())
    }

    /// Another name of a curve; routes that listen to it alone follow.
    ///
    /// # Errors
    /// Usage: no such curve.
    pub fn rename_curve(&mut self, index: usize, name: &str) -> Result<()> {
        let curve = self.table("curve", index)?;
        let old = curve.get("name").map(plain).unwrap_or_default();
        put(curve, "name", name);
        for route in self.listeners(&old) {
            put(self.table("route", route)?, "signal", name);
        }
        Ok(())
    }

    /// Takes a curve away, and the routes that listen to it alone.
    ///
    /// # Errors
    /// Usage: no such curve.
    pub fn remove_curve(&mut self, index: usize) -> Result<()> {
        let name = self.table("curve", index)?.get("name").map(plain).unwrap_or_default();
        for route in self.listeners(&name).into_iter().rev() {
            self.remove("route", route)?;
        }
        self.remove("curve", index)
    }

    fn listeners(&self, name: &str) -> Vec<usize> {
        let hears = |route: &Table| route.get("signal").and_then(Item::as_str) == Some(name);
        self.tables("route").enumerate().filter(|(_, route)| hears(route)).map(|(i, _)| i).collect()
    }
}

fn point(value: &Value) -> Option<(String, f64)> {
    let pair = value.as_array()?;
    let number = |v: &Value| v.as_float().or_else(|| v.as_integer().map(|i| i as f64));
    Some((plain(&Item::Value(pair.get(0)?.clone())), number(pair.get(1)?)?))
}

fn list(points: &[(String, f64)]) -> Value {
    // Whole numbers are written as such, as people do.
    let number = |n: f64| match n.fract() == 0.0 && n.abs() < 1e9 {
        true => Value::from(n as i64),
        false => Value::from(n),
    };
    let pair = |(place, value): &(String, f64)| {
        let place = place.parse::<f64>().map_or_else(|_| Value::from(place.as_str()), number);
        Value::Array(Array::from_iter([place, number(*value)]))
    };
    Value::Array(points.iter().map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: &str = "[[curve]]\nname = \"rise\" # slow\npoints = [[\"0 bars\", 0], [2.5, 1]]\n\n[[route]]\nsignal = \"rise\"\nto = \"glow\"\n\n\
        [[route]]\nsignal = \"kick\"\nto = \"zoom\"\namount = 0.1\n\n[[prompt]]\ntext = \"waves\"\n";

    #[test]
    fn points_are_read_and_written_as_people_write_them() {
        let mut look = Document::read("mine", LOOK).unwrap();
        let points = look.curves()[0].points.clone();
        assert_eq!(points, [("0 bars".to_owned(), 0.0), ("2.5".to_owned(), 1.0)]);
        look.set_points(0, &points).unwrap();
        assert_eq!(look.text(), LOOK);
        assert_eq!(look.keyframes().unwrap()[0].points.len(), 2);
        look.set_ease(0, Some("smooth")).unwrap();
        assert_eq!(look.curves()[0].ease, "smooth");
        look.set_ease(0, None).unwrap();
        look.add_curve("fall", &[("0 bars".to_owned(), 1.0), ("4 bars".to_owned(), 0.25)]);
        let again = Document::read("mine", &look.text()).unwrap();
        assert_eq!(again.curves()[1].points[1], ("4 bars".to_owned(), 0.25));
    }

    #[test]
    fn routes_follow_the_curve_they_listen_to() {
        let mut look = Document::read("mine", LOOK).unwrap();
        look.rename_curve(0, "lift").unwrap();
        assert_eq!(look.routes()[0].input, "lift");
        assert!(Document::read("mine", &look.text()).is_ok());
        look.remove_curve(0).unwrap();
        assert_eq!((look.routes().len(), look.curves().len()), (1, 0));
        assert!(look.remove_curve(0).is_err() && look.set_points(0, &[]).is_err());
    }
}
