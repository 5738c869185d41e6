//! Deforum's formulas in beatbolt's own expressions, where these have the same words for it.

use super::formula::{Formula, Names};
use super::numexpr::{FUNCTIONS, Node};
use super::numexpr::{WHOLE_POWER, WHOLE_QUOTIENT, WHOLE_REST};
use super::points::short;

/// The formula as an expression over `frame`, the expression of a frame's number; none where beatbolt has no word for a part
/// of it.
pub fn expression(formula: &Formula, frame: &str, names: Names) -> Option<String> {
    Words { frame, names }.of(&formula.root)
}

struct Words<'a> {
    frame: &'a str,
    names: Names,
}

impl Words<'_> {
    fn of(&self, node: &Node) -> Option<String> {
        Some(match node {
            Node::Number(x) => number(*x),
            Node::Name(0) => self.frame.to_owned(),
            Node::Name(1) => number(self.names.max_f),
            Node::Name(_) => number(self.names.s),
            Node::Sign(inner) => format!("(-{})", self.of(inner)?),
            Node::Not(inner) if is_truth(inner) => format!("(not {})", self.of(inner)?),
            Node::Not(_) => return None,
            Node::Pair(sign, a, b) => self.pair(sign, a, b)?,
            Node::Call(row, args) => self.call(FUNCTIONS[*row].0, args)?,
        })
    }

    fn pair(&self, sign: &str, a: &Node, b: &Node) -> Option<String> {
        let sign = match sign {
            "**" => "^",
            // Of two truths only; a remainder by what is below 0 has another sign here.
            "&" if is_truth(a) && is_truth(b) => "and",
            "|" if is_truth(a) && is_truth(b) => "or",
            "%" | WHOLE_REST if matches!(b, Node::Number(x) if *x > 0.0) => "%",
            "//" | WHOLE_QUOTIENT if matches!(b, Node::Number(x) if *x != 0.0) => {
                return Some(format!("floor({} / {})", self.of(a)?, self.of(b)?));
            }
            WHOLE_POWER => return self.whole_power(a, b),
            "&" | "|" | "^" | "%" | WHOLE_REST | "//" | WHOLE_QUOTIENT => return None,
            same => same,
        };
        Some(format!("({} {sign} {})", self.of(a)?, self.of(b)?))
    }

    /// Of what is neither 1 nor -1 nothing is left below 0.
    fn whole_power(&self, a: &Node, b: &Node) -> Option<String> {
        let large = |x: f64| x.abs() > 1.0;
        let power = format!("({} ^ {})", self.of(a)?, self.of(b)?);
        match (a, b) {
            (_, Node::Number(_)) => Some(power),
            (Node::Number(x), _) if large(*x) => Some(format!("if({} < 0, 0, {power})", self.of(b)?)),
            _ => None,
        }
    }

    fn call(&self, name: &str, args: &[Node]) -> Option<String> {
        let args: Vec<String> = args.iter().map(|a| self.of(a)).collect::<Option<_>>()?;
        let name = match name {
            "where" => "if",
            "maximum" => "max",
            "minimum" => "min",
            "sin" | "cos" | "sqrt" | "abs" | "floor" | "exp" => name,
            "ceil" => return Some(format!("(-floor(-{}))", args[0])),
            "tan" => return Some(format!("(sin({0}) / cos({0}))", args[0])),
            _ => return None,
        };
        Some(format!("{name}({})", args.join(", ")))
    }
}

fn is_truth(node: &Node) -> bool {
    match node {
        Node::Not(_) => true,
        Node::Pair(sign, a, b) => match *sign {
            "<" | "<=" | ">" | ">=" | "==" | "!=" => true,
            "&" | "|" => is_truth(a) && is_truth(b),
            _ => false,
        },
        _ => false,
    }
}

fn number(x: f64) -> String {
    let x = short(x);
    if x < 0.0 { format!("({x})") } else { x.to_string() }
}
