//! Parseq's formulas, which say how a field goes from keyframe to keyframe: `C + 0.02 * pulse(1b)`.
//!
//! `L` goes straight, `S` in steps, `C` along the natural cubic spline, `P` along the polynomial through all keyframes; numbers
//! may count frames (`f`), seconds or beats. **All operators of one rank bind from the right**: `a - b - c` is a - (b - c) to
//! Parseq, and so here. Random functions, which it seeds by the clock, and those that look at labels are named as unknown.

use super::parseq_function::{At, CURVES, FUNCTIONS, Function};
use crate::error::{Error, Result, nearest};
use crate::score::expr::truth;

/// Longest formula, in bytes.
const MAX_BYTES: usize = 1000;
/// Deepest nesting, operators included.
const MAX_DEPTH: usize = 60;

/// A checked formula.
#[derive(Clone, Debug, PartialEq)]
pub struct ParseqFormula {
    root: Node,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Number(f64),
    /// A number of frames, seconds or beats.
    Length(f64, char),
    Name(Name),
    Sign(Box<Node>),
    Pair(&'static str, Box<Node>, Box<Node>),
    If(Box<[Node; 3]>),
    Call(&'static Function, Vec<Option<Node>>),
    /// A named Bézier curve: its control points.
    Curve([f64; 4]),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Straight,
    Steps,
    Cubic,
    Polynomial,
    Frame,
    Beat,
    Second,
    Since,
    Active,
    Next,
    NextValue,
    Before,
}

const NAMES: [(&str, Name); 15] = [
    ("L", Name::Straight),
    ("S", Name::Steps),
    ("C", Name::Cubic),
    ("P", Name::Polynomial),
    ("f", Name::Frame),
    ("b", Name::Beat),
    ("s", Name::Second),
    ("k", Name::Since),
    ("active_keyframe", Name::Active),
    ("prev_keyframe", Name::Active),
    ("next_keyframe", Name::Next),
    ("active_keyframe_value", Name::Steps),
    ("prev_keyframe_value", Name::Steps),
    ("next_keyframe_value", Name::NextValue),
    ("prev_computed_value", Name::Before),
];

impl ParseqFormula {
    /// Reads a formula.
    ///
    /// # Errors
    /// What is wrong, by its first character: a name or function that is not known, something missing, too long or too deep.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(
                Error::input("this formula is too long").hint(format!("at most {MAX_BYTES} characters"))
            );
        }
        let mut parser = Parser { text, at: 0 };
        let root = parser.expression(0)?;
        match parser.next() {
            None => Ok(ParseqFormula { root }),
            Some(c) => Err(parser.wrong(format!("'{c}' can't stand here"))),
        }
    }

    /// The value; not finite where there is none.
    pub fn value(&self, at: &At) -> f64 {
        self.root.value(at)
    }

    /// Whether it goes straight from keyframe to keyframe.
    pub fn is_straight(&self) -> bool {
        self.root == Node::Name(Name::Straight)
    }
}

impl Node {
    fn value(&self, at: &At) -> f64 {
        match self {
            Node::Number(x) => *x,
            Node::Length(x, 's') => x * at.fps,
            Node::Length(x, 'b') => x * at.fps * 60.0 / at.bpm,
            Node::Length(x, _) => *x,
            Node::Name(name) => name.value(at),
            Node::Sign(inner) => -inner.value(at),
            Node::Pair(sign, a, b) => pair(sign, a.value(at), b.value(at)),
            Node::If(parts) => {
                let [condition, yes, no] = &**parts;
                if condition.value(at) > 0.0 { yes.value(at) } else { no.value(at) }
            }
            Node::Call(function, args) => {
                let values: Vec<Option<f64>> = args.iter().map(|a| a.as_ref().map(|a| a.value(at))).collect();
                (function.apply)(&values, at)
            }
            Node::Curve(..) => f64::NAN,
        }
    }
}

impl Name {
    fn value(self, at: &At) -> f64 {
        let (start, value) = at.keys.active(at.frame);
        match self {
            Name::Straight => at.keys.straight(at.frame),
            Name::Steps => value,
            Name::Cubic => at.keys.cubic(at.frame),
            Name::Polynomial => at.keys.polynomial(at.frame),
            Name::Frame => at.frame,
            Name::Beat => at.frame * at.bpm / 60.0 / at.fps,
            Name::Second => at.frame / at.fps,
            Name::Since => at.frame - start,
            Name::Active => start,
            Name::Next => at.keys.next(at.frame).0,
            Name::NextValue => at.keys.next(at.frame).1,
            Name::Before => at.before,
        }
    }
}

fn pair(sign: &str, a: f64, b: f64) -> f64 {
    match sign {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "%" => a % b,
        "^" => a.powf(b),
        "<" => truth(a < b),
        "<=" => truth(a <= b),
        ">" => truth(a > b),
        ">=" => truth(a >= b),
        "==" => truth(a == b),
        "!=" => truth(a != b),
        "and" | "&&" => truth(a > 0.0 && b > 0.0),
        _ => truth(a > 0.0 || b > 0.0),
    }
}

/// Operators by rank, the weakest first; the longer of two that begin alike first.
const RANKS: [&[&str]; 4] =
    [&["and", "or"], &[">=", "<=", "==", "!=", "&&", "||", ">", "<"], &["+", "-"], &["*", "/", "%", "^"]];

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        &self.text[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        self.rest().chars().next()
    }

    fn wrong(&self, what: String) -> Error {
        let place = self.text[..self.at].chars().count() + 1;
        Error::input(format!("character {place}: {what}"))
    }

    fn takes(&mut self, mark: &str) -> bool {
        let rest = self.rest();
        let word = mark.ends_with(|c: char| c.is_ascii_alphabetic());
        let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let there = rest.strip_prefix(mark).is_some_and(|behind| !(word && behind.starts_with(goes_on)));
        if there {
            self.at += mark.len();
        }
        there
    }

    fn expression(&mut self, depth: usize) -> Result<Node> {
        self.ranked(0, depth)
    }

    /// An operand of this rank, and behind an operator everything of the same rank.
    fn ranked(&mut self, rank: usize, depth: usize) -> Result<Node> {
        if depth > MAX_DEPTH {
            return Err(self.wrong("this formula is nested too deeply".into()));
        }
        let Some(signs) = RANKS.get(rank) else { return self.signed(depth) };
        let left = self.ranked(rank + 1, depth + 1)?;
        match signs.iter().copied().find(|sign| self.takes(sign)) {
            None => Ok(left),
            Some(sign) => Ok(Node::Pair(sign, Box::new(left), Box::new(self.ranked(rank, depth + 1)?))),
        }
    }

    fn signed(&mut self, depth: usize) -> Result<Node> {
        match self.takes("-") {
            true => Ok(Node::Sign(Box::new(self.operand(depth + 1)?))),
            false => self.operand(depth),
        }
    }

    fn operand(&mut self, depth: usize) -> Result<Node> {
        if self.takes("(") {
            let inner = self.expression(depth + 1)?;
            return if self.takes(")") { Ok(inner) } else { Err(self.wrong("a ')' is missing here".into())) };
        }
        if self.takes("if") {
            let (condition, yes) = (self.expression(depth + 1)?, self.expression(depth + 1)?);
            let no = if self.takes("else") { self.expression(depth + 1)? } else { Node::Number(0.0) };
            return Ok(Node::If(Box::new([condition, yes, no])));
        }
        match self.next() {
            Some('0'..='9' | '.') => self.number(),
            Some('"') => self.named_curve(),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.name(depth),
            Some(c) => Err(self.wrong(format!("'{c}' can't stand here"))),
            None => Err(self.wrong("something is missing here".into())),
        }
    }

    fn number(&mut self) -> Result<Node> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number = rest[..length].parse();
        let number: f64 = number.map_err(|_| self.wrong(format!("'{}' is not a number", &rest[..length])))?;
        self.at += length;
        let mut behind = rest[length..].chars();
        let unit = behind.next().filter(|c| matches!(c, 'f' | 's' | 'b'));
        match (unit, behind.next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')) {
            (Some(unit), false) => {
                self.at += 1;
                Ok(Node::Length(number, unit))
            }
            _ => Ok(Node::Number(number)),
        }
    }

    /// A text: the name of a Bézier curve.
    fn named_curve(&mut self) -> Result<Node> {
        let rest = self.rest();
        let name = rest[1..].split('"').next().unwrap_or_default();
        let Some((_, points)) = CURVES.iter().find(|c| c.0.contains(&name)) else {
            return Err(self.wrong(format!("the text \"{name}\" is not known")));
        };
        self.at += name.len() + 2;
        Ok(Node::Curve(*points))
    }

    fn name(&mut self, depth: usize) -> Result<Node> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, start) = (&rest[..length], self.at);
        let unknown = |parser: &Self, known: &mut dyn Iterator<Item = &'static str>| {
            let error = Parser { text: parser.text, at: start }.wrong(format!("'{name}' is not known here"));
            let near = nearest(name, known).map(|near| format!("did you mean '{near}'?"));
            error.hint(
                near.unwrap_or("render the document in Parseq: rendered frames are taken as they are".into()),
            )
        };
        self.at += length;
        if self.takes("(") {
            let Some(function) = FUNCTIONS.iter().find(|f| f.name == name) else {
                return Err(unknown(self, &mut FUNCTIONS.iter().map(|f| f.name)));
            };
            return self.call(function, depth);
        }
        match (name, NAMES.iter().find(|n| n.0 == name)) {
            ("true" | "false", _) => Ok(Node::Number(truth(name == "true"))),
            (_, Some((_, name))) => Ok(Node::Name(*name)),
            _ => Err(unknown(self, &mut NAMES.iter().map(|n| n.0))),
        }
    }

    fn call(&mut self, function: &'static Function, depth: usize) -> Result<Node> {
        let mut args: Vec<Option<Node>> = vec![None; function.args.len()];
        let mut place = 0;
        while !self.takes(")") {
            if place > 0 && !self.takes(",") {
                return Err(self.wrong("a ')' is missing here".into()));
            }
            let slot = match self.argument(function)? {
                Some(slot) => slot,
                None => place,
            };
            let value = self.expression(depth + 1)?;
            match args.get_mut(slot) {
                Some(arg) => *arg = Some(value),
                None => {
                    return Err(self.wrong(format!(
                        "{} takes at most {}",
                        function.name,
                        function.args.len()
                    )));
                }
            }
            place += 1;
        }
        if let Some(missing) = (0..function.needed).find(|i| args[*i].is_none()) {
            return Err(self.wrong(format!("{} needs {}", function.name, function.args[missing][0])));
        }
        if let Some(Node::Curve(points)) = args.get(8).and_then(Option::clone) {
            args[8] = None;
            args.iter_mut().zip(points).for_each(|(arg, point)| *arg = Some(Node::Number(point)));
        }
        Ok(Node::Call(function, args))
    }

    /// The place of the argument that is named here, if one is.
    fn argument(&mut self, function: &Function) -> Result<Option<usize>> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let behind = rest[length..].trim_start();
        if length == 0 || !behind.starts_with('=') || behind.starts_with("==") {
            return Ok(None);
        }
        let name = &rest[..length];
        let Some(slot) = function.args.iter().position(|names| names.contains(&name)) else {
            return Err(self.wrong(format!("{} has no argument '{name}'", function.name)));
        };
        self.at += rest.len() - behind.len() + 1;
        Ok(Some(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::super::spline::Spline;
    use super::*;

    fn played(text: &str) -> Vec<f64> {
        let keys = Spline::new(vec![(0, 5.0), (5, 0.0), (10, 10.0)]).unwrap();
        let formula = ParseqFormula::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let value =
            |i| formula.value(&At { frame: f64::from(i), keys: &keys, before: 0.0, fps: 30.0, bpm: 140.0 });
        (0..=10).map(value).collect()
    }

    /// Values that Parseq's own tests expect: keyframes 5, 0, 10 in the frames 0, 5 and 10, 30 frames a second, 140 bpm.
    #[test]
    fn formulas_give_what_parseqs_own_tests_expect() {
        let cases: [(&str, [f64; 11]); 16] = [
            (
                "round(tri(p=5, ps=1, a=2, c=10, li=0.5),2)",
                [11.6, 10.8, 9.2, 0.0, 0.0, 11.6, 10.8, 9.2, 0.0, 0.0, 11.6],
            ),
            ("round(saw(p=10),2)", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.0]),
            (
                "round(saw(p=10, ps=1, a=2, c=10),2)",
                [10.2, 10.4, 10.6, 10.8, 11.0, 11.2, 11.4, 11.6, 11.8, 10.0, 10.2],
            ),
            ("round(pulse(p=10),2)", [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
            (
                "round(pulse(p=10, ps=1, a=2, c=10),2)",
                [12.0, 12.0, 12.0, 12.0, 10.0, 10.0, 10.0, 10.0, 10.0, 12.0, 12.0],
            ),
            (
                "round(pulse(p=5, ps=0, a=2, c=10, li=0.5, pw=1),2)",
                [12.0, 10.0, 10.0, 0.0, 0.0, 12.0, 10.0, 10.0, 0.0, 0.0, 12.0],
            ),
            ("if (0) 2 else if (1) 3 else 4", [3.0; 11]),
            ("if (0 or 1 ) 2", [2.0; 11]),
            ("1+1*5", [6.0; 11]),
            ("floor(1.555,2)", [1.55; 11]),
            ("5^4", [625.0; 11]),
            ("round(bez(), 2)", [5.0, 4.68, 3.46, 1.54, 0.32, 0.0, 0.64, 3.09, 6.91, 9.36, 10.0]),
            ("round(bez(0.1,0.9,0.9), 2)", [5.0, 2.21, 1.16, 0.54, 0.17, 0.0, 5.59, 7.68, 8.92, 9.66, 10.0]),
            (
                "round(bez(from=-10, to=10, span=3), 2)",
                [-10.0, -5.93, 5.93, 10.0, 10.0, -10.0, -5.93, 5.93, 10.0, 10.0, -10.0],
            ),
            ("slide()", [5.0, 4.0, 3.0, 2.0, 1.0, 0.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
            (
                "round(slide(to=-10, span=3),2)",
                [5.0, 0.0, -5.0, -10.0, -10.0, 0.0, -3.33, -6.67, -10.0, -10.0, 10.0],
            ),
        ];
        for (text, expected) in cases {
            let seen = played(text);
            let far = seen.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            // Its own rounding of halves aside.
            assert!(far < 0.0101, "{text}: {seen:?}");
        }
    }

    #[test]
    fn what_stands_behind_an_operator_is_taken_first() {
        assert_eq!(played("10 - 2 - 3")[0], 11.0);
        assert_eq!(played("8 / 4 / 2")[0], 4.0);
        assert_eq!(played("-2 + 1b")[0], -2.0 + 30.0 * 60.0 / 140.0);
        assert_eq!(played("L + 0.5*pulse(p=2s, pw=1f)")[..2], [5.5, 4.0]);
        assert_eq!(played("bez(c=\"linear\")")[3].round(), 2.0);
        assert_eq!((played("S")[7], played("k")[7], played("next_keyframe_value")[2]), (0.0, 2.0, 0.0));
    }

    #[test]
    fn what_is_unknown_or_missing_is_named_with_its_place() {
        for (text, message) in [
            ("C + rand()", "character 5: 'rand' is not known"),
            ("sinn(p=1b)", "character 1: 'sinn'"),
            ("sin()", "sin needs period"),
            ("sin(q=1)", "sin has no argument 'q'"),
            ("(L", "')' is missing"),
            ("L +", "something is missing"),
            ("L $", "'$' can't stand"),
            ("min(1,2,3)", "at most 2"),
        ] {
            let error = ParseqFormula::parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
        assert!(
            ParseqFormula::parse(&"(".repeat(200)).is_err()
                && ParseqFormula::parse(&"1+".repeat(400)).is_err()
        );
    }
}
