//! What numexpr makes of the parts of a formula: every part is a truth, a whole number or a real one, and its operators go by that.
//!
//! A frame's number is whole. `+` of two truths is "or", `*` is "and"; a whole number to the power of another that falls below 0 in
//! some frame is divided as whole numbers are, which leaves 0; division gives real numbers. What holds constants alone is computed
//! by Python before, for which truths are 0 and 1 and `2**-1` is a half. Checked against numexpr 2.14.2
//! (`tests/fixtures/numexpr_formulas.py`).

use crate::error::{Error, Result};

/// A part of a formula.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Number(f64),
    Name(usize),
    Sign(Box<Node>),
    Not(Box<Node>),
    Pair(&'static str, Box<Node>, Box<Node>),
    Call(usize, Vec<Node>),
}

/// A function: its name, how many arguments it takes, and what it gives.
pub(super) type Row = (&'static str, usize, fn(&[f64]) -> f64);

/// Every function there is.
pub(super) const FUNCTIONS: [Row; 32] = [
    ("where", 3, |a| if a[0] != 0.0 { a[1] } else { a[2] }),
    ("sin", 1, |a| a[0].sin()),
    ("cos", 1, |a| a[0].cos()),
    ("tan", 1, |a| a[0].tan()),
    ("arcsin", 1, |a| a[0].asin()),
    ("arccos", 1, |a| a[0].acos()),
    ("arctan", 1, |a| a[0].atan()),
    ("arctan2", 2, |a| a[0].atan2(a[1])),
    ("sinh", 1, |a| a[0].sinh()),
    ("cosh", 1, |a| a[0].cosh()),
    ("tanh", 1, |a| a[0].tanh()),
    ("arcsinh", 1, |a| a[0].asinh()),
    ("arccosh", 1, |a| a[0].acosh()),
    ("arctanh", 1, |a| a[0].atanh()),
    ("log", 1, |a| a[0].ln()),
    ("log10", 1, |a| a[0].log10()),
    ("log2", 1, |a| a[0].log2()),
    ("log1p", 1, |a| a[0].ln_1p()),
    ("exp", 1, |a| a[0].exp()),
    ("expm1", 1, |a| a[0].exp_m1()),
    ("sqrt", 1, |a| a[0].sqrt()),
    ("abs", 1, |a| a[0].abs()),
    ("floor", 1, |a| a[0].floor()),
    ("ceil", 1, |a| a[0].ceil()),
    ("maximum", 2, |a| a[0].max(a[1])),
    ("minimum", 2, |a| a[0].min(a[1])),
    ("fmod", 2, |a| a[0] % a[1]),
    ("trunc", 1, |a| a[0].trunc()),
    ("round", 1, |a| a[0].round_ties_even()),
    ("hypot", 2, |a| a[0].hypot(a[1])),
    ("copysign", 2, |a| a[0].copysign(a[1])),
    ("sign", 1, |a| if a[0] == 0.0 { 0.0 } else { a[0].signum() }),
];

/// What a part is; of two, what they are together is the larger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Truth,
    Whole,
    Real,
}

/// A part, and what it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub node: Node,
    pub kind: Kind,
}

impl Part {
    fn new(node: Node, kind: Kind) -> Self {
        Part { node, kind }
    }

    /// The number that is written as `text`.
    pub fn number(text: &str, value: f64) -> Self {
        let whole = text.bytes().all(|b| b.is_ascii_digit());
        Part::new(Node::Number(value), if whole { Kind::Whole } else { Kind::Real })
    }

    /// The name in this place of the list: all of them stand for whole numbers.
    pub fn name(index: usize) -> Self {
        Part::new(Node::Name(index), Kind::Whole)
    }

    fn constant(&self) -> Option<f64> {
        match self.node {
            Node::Number(x) => Some(x),
            _ => None,
        }
    }

    /// `-part`.
    pub fn negative(self) -> Result<Self> {
        match (self.constant(), self.kind) {
            (Some(x), kind) => Ok(Part::new(Node::Number(-x), kind.max(Kind::Whole))),
            (None, Kind::Truth) => Err(of_truths("-")),
            (None, kind) => Ok(Part::new(Node::Sign(Box::new(self.node)), kind)),
        }
    }

    /// `~part`: not, and of a whole number every bit turned over.
    pub fn inverted(self) -> Result<Self> {
        match (self.constant(), self.kind) {
            (_, Kind::Real) => Err(of_reals("~")),
            (None, Kind::Truth) => Ok(Part::new(Node::Not(Box::new(self.node)), Kind::Truth)),
            _ => Part::number("1", 1.0).joined("+", self)?.negative(),
        }
    }

    /// `self sign other`.
    pub fn joined(self, sign: &'static str, other: Part) -> Result<Self> {
        let together = self.kind.max(other.kind);
        let node = |sign, a: Part, b: Part| Node::Pair(sign, Box::new(a.node), Box::new(b.node));
        if let (Some(a), Some(b)) = (self.constant(), other.constant()) {
            let (kind, sign) = folded(sign, together, b)?;
            let whole = |x: f64| Part::new(Node::Number(x), kind);
            return Ok(whole(node(sign, whole(a), whole(b)).constant_value()));
        }
        let (sign, kind) = match (sign, together) {
            ("<" | "<=" | ">" | ">=" | "==" | "!=", _) => (sign, Kind::Truth),
            ("+", Kind::Truth) => ("|", Kind::Truth),
            ("*", Kind::Truth) => ("&", Kind::Truth),
            ("&" | "|" | "^", Kind::Real) => return Err(of_reals(sign)),
            ("&" | "|" | "^", kind) => (sign, kind),
            ("/", _) => (sign, Kind::Real),
            (_, Kind::Truth) => return Err(of_truths(sign)),
            ("%", Kind::Whole) => (WHOLE_REST, Kind::Whole),
            ("//", Kind::Whole) => (WHOLE_QUOTIENT, Kind::Whole),
            ("**", Kind::Whole) if other.constant().is_some_and(|b| b < 0.0) => {
                return Err(Error::input("a whole number has no power below 0 in numexpr")
                    .hint("write a point into the exponent, like t**-1.0"));
            }
            ("**", Kind::Whole) => (WHOLE_POWER, Kind::Whole),
            (sign, kind) => (sign, kind),
        };
        Ok(Part::new(node(sign, self, other), kind))
    }

    /// The function in this row, of `args`, as many as it takes.
    pub fn call(row: usize, mut args: Vec<Part>) -> Result<Self> {
        let name = FUNCTIONS[row].0;
        if name == "where" {
            match (args[0].constant(), args[0].kind) {
                (Some(x), _) => return Ok(args.swap_remove(if x != 0.0 { 1 } else { 2 })),
                (None, Kind::Truth) => {}
                (None, _) => {
                    let error = Error::input("where() asks for a comparison");
                    return Err(error.hint("write where(t%2!=0, 1, 0) for where(t%2, 1, 0)"));
                }
            }
        }
        let kind = match name {
            "where" => args[1].kind.max(args[2].kind),
            "round" | "sign" if args[0].kind == Kind::Whole => Kind::Whole,
            _ => Kind::Real,
        };
        let constant = args.iter().all(|arg| arg.constant().is_some());
        let call = Node::Call(row, args.into_iter().map(|arg| arg.node).collect());
        let node = if constant { Node::Number(call.constant_value()) } else { call };
        Ok(Part::new(node, kind))
    }
}

/// The quotient of whole numbers, which is 0 where there is nothing to divide by.
pub(super) const WHOLE_QUOTIENT: &str = "whole //";
/// The remainder of whole numbers, as well.
pub(super) const WHOLE_REST: &str = "whole %";
/// The power of whole numbers: below 0 what is left of 1 / a.
pub(super) const WHOLE_POWER: &str = "whole **";

/// What Python makes of two constants, and by which sign they are joined.
fn folded(sign: &'static str, together: Kind, right: f64) -> Result<(Kind, &'static str)> {
    Ok(match sign {
        "<" | "<=" | ">" | ">=" | "==" | "!=" => (Kind::Truth, sign),
        "&" | "|" | "^" if together == Kind::Real => return Err(of_reals(sign)),
        "&" | "|" | "^" => (together, sign),
        "/" => (Kind::Real, sign),
        "**" if right < 0.0 => (Kind::Real, sign),
        _ => (together.max(Kind::Whole), sign),
    })
}

fn of_truths(sign: &str) -> Error {
    Error::input(format!("numexpr has no '{sign}' of comparisons")).hint("write (t>10)*1 for (t>10)")
}

fn of_reals(sign: &str) -> Error {
    Error::input(format!("numexpr has '{sign}' of comparisons and whole numbers only"))
        .hint("put brackets around comparisons, like (t>10)&(t<20)")
}
