//! Terms: expressions of a preset while they are put together, with the values that they have in every frame. What is
//! constant is computed.

use super::points::short;

/// What stands for a frame's number in formulas, until the frame rate is known.
pub const FRAME: &str = "@";

/// A number that is the same in all frames, or an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// An expression that can stand in any other; none for a number.
    pub text: Option<String>,
    /// The value of every frame; one for a number.
    pub values: Vec<f64>,
}

impl Term {
    /// A number.
    pub fn number(x: f64) -> Self {
        Term { text: None, values: vec![x] }
    }

    /// An expression with these values; a number where they are all the same.
    pub fn new(text: String, values: Vec<f64>) -> Self {
        match values[..] {
            [first, ref others @ ..] if others.iter().all(|v| *v == first) => Term::number(first),
            _ => Term { text: Some(text), values },
        }
    }

    /// The number that it is.
    pub fn constant(&self) -> Option<f64> {
        self.values.first().copied().filter(|_| self.text.is_none())
    }

    /// As it stands in a file.
    pub fn written(&self) -> String {
        match (&self.text, self.values.first()) {
            (Some(text), _) => text.clone(),
            (None, Some(x)) if *x < 0.0 => format!("({})", short(*x)),
            (None, x) => short(x.copied().unwrap_or(0.0)).to_string(),
        }
    }

    fn pair(&self, sign: &str, other: &Term, of: impl Fn(f64, f64) -> f64) -> Term {
        let count = self.values.len().max(other.values.len());
        let at = |term: &Term, i: usize| term.values.get(i).or(term.values.first()).copied().unwrap_or(0.0);
        let values: Vec<f64> = (0..count).map(|i| of(at(self, i), at(other, i))).collect();
        match (&self.text, &other.text) {
            (None, None) => Term { text: None, values },
            _ => Term::new(format!("({} {sign} {})", self.written(), other.written()), values),
        }
    }

    /// This and `other`.
    pub fn plus(&self, other: &Term) -> Term {
        match (self.constant(), other.constant()) {
            (Some(0.0), _) => other.clone(),
            (_, Some(0.0)) => self.clone(),
            _ => self.pair("+", other, |a, b| a + b),
        }
    }

    /// This without `other`.
    pub fn minus(&self, other: &Term) -> Term {
        match other.constant() {
            Some(0.0) => self.clone(),
            _ => self.pair("-", other, |a, b| a - b),
        }
    }

    /// This `other` times.
    pub fn times(&self, other: &Term) -> Term {
        match (self.constant(), other.constant()) {
            (Some(1.0), _) => other.clone(),
            (_, Some(1.0)) => self.clone(),
            _ => self.pair("*", other, |a, b| a * b),
        }
    }

    /// This to the power of a number.
    pub fn power(&self, exponent: f64) -> Term {
        self.pair("^", &Term::number(exponent), f64::powf)
    }

    /// Sine and cosine of this many degrees.
    pub fn turn(&self) -> [Term; 2] {
        let radians = self.times(&Term::number(1f64.to_radians()));
        let of = |name: &str, of: fn(f64) -> f64| {
            let values = radians.values.iter().map(|v| of(*v)).collect();
            Term::new(format!("{name}({})", radians.written()), values)
        };
        [of("sin", f64::sin), of("cos", f64::cos)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_constant_is_computed_and_the_rest_is_written() {
        let x = Term::new("x".into(), vec![1.0, 2.0]);
        let half = Term::number(0.5);
        assert_eq!(x.times(&half).plus(&Term::number(0.0)).written(), "(x * 0.5)");
        assert_eq!(x.times(&half).values, [0.5, 1.0]);
        assert_eq!(half.power(2.0).constant(), Some(0.25));
        assert_eq!(x.times(&Term::number(0.0)).constant(), Some(0.0));
        assert_eq!(Term::number(90.0).turn()[0].constant(), Some(1.0));
        assert_eq!(x.minus(&Term::number(-1.0)).written(), "(x - (-1))");
        assert_eq!(Term::new("y".into(), vec![3.0; 4]).constant(), Some(3.0));
    }
}
