//! Formulas of Deforum's schedules: what numexpr computes, as far as a schedule of one number a frame can need it.
//!
//! Operators bind as in Python: comparisons, `|`, `^`, `&`, `+ -`, `* / // %`, signs, `**`; what they do goes by what they join
//! (`numexpr.rs`). A remainder has the sign of the divisor, as in Python and in numexpr 2.14. Cost is bounded by the number of
//! parts.

use super::numexpr::{FUNCTIONS, Node, Part, WHOLE_POWER, WHOLE_QUOTIENT, WHOLE_REST};
use crate::error::{Error, Result, nearest};
use crate::score::expr::truth;

/// Longest formula, in bytes.
const MAX_BYTES: usize = 1000;
/// Deepest nesting.
const MAX_DEPTH: usize = 32;

/// A checked formula.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    pub(super) root: Node,
}

/// What a formula's names stand for.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// The frame.
    pub t: f64,
    /// The last frame.
    pub max_f: f64,
    /// The seed.
    pub s: f64,
}

/// What is wrong, and at which byte.
#[derive(Debug)]
pub struct Wrong {
    /// The byte.
    pub at: usize,
    /// Why.
    pub error: Error,
}

const NAMES: [&str; 3] = ["t", "max_f", "s"];

/// Operators between two parts, the longest first, and how strongly they bind.
const PAIRS: [(&str, u8); 16] = [
    ("**", 9),
    ("//", 7),
    ("<=", 1),
    (">=", 1),
    ("==", 1),
    ("!=", 1),
    ("<", 1),
    (">", 1),
    ("|", 2),
    ("^", 3),
    ("&", 4),
    ("+", 6),
    ("-", 6),
    ("*", 7),
    ("/", 7),
    ("%", 7),
];
const SIGN: u8 = 8;

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    /// What is wrong and where: an unknown function or name, something missing, too long or too deep.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        if text.len() > MAX_BYTES {
            let error =
                Error::input("this formula is too long").hint(format!("at most {MAX_BYTES} characters"));
            return Err(Wrong { at: 0, error });
        }
        let mut parser = Parser { text, at: 0 };
        let root = parser.part(0, 0)?;
        parser.blank();
        match parser.rest().chars().next() {
            None => Ok(Formula { root: root.node }),
            Some(c) => Err(parser.wrong(format!("'{c}' can't stand here"))),
        }
    }

    /// The value; not finite where there is none.
    pub fn value(&self, names: Names) -> f64 {
        self.root.value(&[names.t, names.max_f, names.s])
    }
}

impl Node {
    /// The value of a part that holds no names.
    pub fn constant_value(&self) -> f64 {
        self.value(&[f64::NAN; 3])
    }

    fn value(&self, names: &[f64; 3]) -> f64 {
        match self {
            Node::Number(x) => *x,
            Node::Name(i) => names[*i],
            Node::Sign(inner) => -inner.value(names),
            Node::Not(inner) => truth(inner.value(names) == 0.0),
            Node::Pair(sign, a, b) => pair(sign, a, b, names),
            Node::Call(row, args) => {
                let mut values = [0.0; 3];
                for (slot, arg) in values.iter_mut().zip(args) {
                    *slot = arg.value(names);
                }
                FUNCTIONS[*row].2(&values)
            }
        }
    }
}

fn pair(sign: &str, left: &Node, right: &Node, names: &[f64; 3]) -> f64 {
    let (a, b) = (left.value(names), right.value(names));
    let bits = |of: fn(i64, i64) -> i64| of(a as i64, b as i64) as f64;
    match sign {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        WHOLE_REST | WHOLE_QUOTIENT if b == 0.0 => 0.0,
        "//" | WHOLE_QUOTIENT => (a / b).floor(),
        "%" | WHOLE_REST => match a % b {
            rest if rest != 0.0 && (rest < 0.0) != (b < 0.0) => rest + b,
            rest => rest,
        },
        "**" => a.powf(b),
        WHOLE_POWER => whole_power(a, b),
        "<" => truth(a < b),
        "<=" => truth(a <= b),
        ">" => truth(a > b),
        ">=" => truth(a >= b),
        "==" => truth(a == b),
        "!=" => truth(a != b),
        "|" => bits(|a, b| a | b),
        "&" => bits(|a, b| a & b),
        _ => bits(|a, b| a ^ b),
    }
}

/// As C computes it in whole numbers; nothing where they have no room for it.
fn whole_power(a: f64, b: f64) -> f64 {
    match if b < 0.0 { (1.0 / a).trunc() } else { a.powf(b) } {
        power if power.abs() < i64::MAX as f64 => power,
        _ => f64::NAN,
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn wrong(&self, message: String) -> Wrong {
        Wrong { at: self.at, error: Error::input(message) }
    }

    fn takes(&mut self, mark: &str) -> bool {
        self.blank();
        let there = self.rest().starts_with(mark);
        if there {
            self.at += mark.len();
        }
        there
    }

    /// Everything from here on that binds at least as strongly as `least` (Pratt 1973).
    fn part(&mut self, least: u8, depth: usize) -> Result<Part, Wrong> {
        if depth > MAX_DEPTH {
            return Err(self.wrong("this formula is nested too deeply".into()));
        }
        let mut left = self.prefix(depth)?;
        let mut compared = false;
        loop {
            self.blank();
            let rest = self.rest();
            let Some((sign, power)) = PAIRS.iter().copied().find(|(sign, _)| rest.starts_with(sign)) else {
                return Ok(left);
            };
            if power < least {
                return Ok(left);
            }
            if power == 1 && std::mem::replace(&mut compared, true) {
                return Err(self.wrong("comparisons go one at a time".into()));
            }
            self.at += sign.len();
            // A power takes from the right first, and a sign behind it.
            let right = match sign {
                "**" => self.part(SIGN, depth + 1)?,
                _ => self.part(power + 1, depth + 1)?,
            };
            left = left.joined(sign, right).map_err(|error| Wrong { at: self.at, error })?;
        }
    }

    fn prefix(&mut self, depth: usize) -> Result<Part, Wrong> {
        if self.takes("(") {
            let inner = self.part(0, depth + 1)?;
            return match self.takes(")") {
                true => Ok(inner),
                false => Err(self.wrong("a ')' is missing here".into())),
            };
        }
        if self.takes("-") {
            let part = self.part(SIGN, depth + 1)?;
            return part.negative().map_err(|error| Wrong { at: self.at, error });
        }
        if self.takes("+") {
            return self.part(SIGN, depth + 1);
        }
        if self.takes("~") {
            let part = self.part(SIGN, depth + 1)?;
            return part.inverted().map_err(|error| Wrong { at: self.at, error });
        }
        match self.rest().chars().next() {
            Some('0'..='9' | '.') => self.number(),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.name(depth),
            Some(c) => Err(self.wrong(format!("'{c}' can't stand here"))),
            None => Err(self.wrong("something is missing here".into())),
        }
    }

    fn number(&mut self) -> Result<Part, Wrong> {
        let rest = self.rest();
        let digits = |t: &str| t.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(t.len());
        let mut length = digits(rest);
        if let Some(behind) = rest[length..].strip_prefix(['e', 'E']) {
            let sign = usize::from(behind.starts_with(['+', '-']));
            let more = behind[sign..].find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len() - sign);
            length += if more > 0 { 1 + sign + more } else { 0 };
        }
        let parsed = rest[..length].parse();
        let value = parsed.map_err(|_| self.wrong(format!("'{}' is not a number", &rest[..length])))?;
        let part = Part::number(&rest[..length], value);
        self.at += length;
        Ok(part)
    }

    fn name(&mut self, depth: usize) -> Result<Part, Wrong> {
        let (start, rest) = (self.at, self.rest());
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = rest[..length].to_owned();
        self.at += length;
        if self.takes("(") {
            return self.call(start, &name, depth);
        }
        NAMES.iter().position(|n| *n == name).map(Part::name).ok_or_else(|| {
            let error = Error::input(format!("there is no '{name}'"));
            let hint = match name.as_str() {
                "pi" => "write 3.14159265".to_owned(),
                _ => format!("names are {}", NAMES.join(", ")),
            };
            Wrong { at: start, error: error.hint(hint) }
        })
    }

    fn call(&mut self, start: usize, name: &str, depth: usize) -> Result<Part, Wrong> {
        let Some(row) = FUNCTIONS.iter().position(|f| f.0 == name) else {
            let names = || FUNCTIONS.iter().map(|f| f.0);
            let error = Error::input(format!("there is no function '{name}'"));
            let error = match nearest(name, names()) {
                _ if ["max", "min"].contains(&name) => error.hint(format!("write {name}imum(a, b)")),
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint(format!("functions are {}", names().collect::<Vec<_>>().join(", "))),
            };
            return Err(Wrong { at: start, error });
        };
        let mut args = vec![self.part(0, depth + 1)?];
        while args.len() < 4 && self.takes(",") {
            args.push(self.part(0, depth + 1)?);
        }
        if !self.takes(")") {
            return Err(self.wrong("a ')' is missing here".into()));
        }
        if args.len() != FUNCTIONS[row].1 {
            let error = Error::input(format!("{name} takes {}, not {}", FUNCTIONS[row].1, args.len()));
            return Err(Wrong { at: start, error });
        }
        Part::call(row, args).map_err(|error| Wrong { at: start, error })
    }
}
