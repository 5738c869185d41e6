//! Tokens → a checked tree: operators by binding power (Pratt 1973, "Top down operator precedence").
//!
//! Types are checked on the way: numbers, text (only compared with `section`), and lengths (only as the first
//! argument of what swings or draws lots).

use super::function;
use super::function::Function;
use super::lex::{Token, tokens};
use super::tree::{Leaf, MAX_CHARS, MAX_DEPTH, MAX_NODES, Node, Wrong};
use crate::error::{Error, Result, nearest};
use crate::score::clock::Length;
use crate::score::keyframe::Keyframes;
use crate::score::signal;
use crate::score::signal::Signal;

/// Words that are neither signals nor functions.
pub(super) const WORDS: [&str; 6] = ["section", "time", "pi", "and", "or", "not"];

/// A part of an expression with its type.
enum Part<'a> {
    Number(Node),
    Text(&'a str),
    Section,
    Length(Length),
}

/// A part and the byte at which it starts.
struct Placed<'a> {
    at: usize,
    part: Part<'a>,
}

pub(super) struct Parser<'a> {
    tokens: Vec<(usize, Token<'a>)>,
    next: usize,
    curves: &'a [Keyframes],
    leaves: Vec<Leaf>,
    nodes: usize,
}

/// How strongly an operator between two parts binds, from 1; and whether it takes from the right first.
fn binding(operator: &str) -> Option<(usize, bool)> {
    Some(match operator {
        "or" => (1, false),
        "and" => (2, false),
        "==" | "!=" | "<" | "<=" | ">" | ">=" => (COMPARISON, false),
        "+" | "-" => (4, false),
        "*" | "/" | "%" => (5, false),
        "^" => (7, true),
        _ => return None,
    })
}

const COMPARISON: usize = 3;
const SIGN: usize = 6;

impl<'a> Parser<'a> {
    pub fn new(text: &'a str, curves: &'a [Keyframes]) -> Result<Self, Wrong> {
        if text.chars().count() > MAX_CHARS {
            let error = Error::usage("this expression is too long");
            return Err(Wrong { at: 0, error: error.hint(format!("at most {MAX_CHARS} characters")) });
        }
        if text.trim().is_empty() {
            let error = Error::usage("nothing is written here").hint("like: value = \"0.5 + 0.5 * kick\"");
            return Err(Wrong { at: 0, error });
        }
        Ok(Parser { tokens: tokens(text)?, next: 0, curves, leaves: Vec::new(), nodes: 0 })
    }

    /// The leaves and the root of the expression, if nothing stands behind it.
    pub fn whole(mut self) -> Result<(Vec<Leaf>, Node), Wrong> {
        let root = self.part(0, 0).and_then(number)?;
        match self.peek() {
            (_, Token::End) => Ok((self.leaves, root)),
            (at, token) => Err(misplaced(at, &token)),
        }
    }

    fn peek(&self) -> (usize, Token<'a>) {
        self.tokens[self.next.min(self.tokens.len() - 1)].clone()
    }

    fn take(&mut self) -> (usize, Token<'a>) {
        let token = self.peek();
        self.next += 1;
        token
    }

    /// Everything from here on that binds at least as strongly as `least`.
    fn part(&mut self, least: usize, depth: usize) -> Result<Placed<'a>, Wrong> {
        let mut left = self.prefix(depth)?;
        let mut compared = false;
        loop {
            let (at, token) = self.peek();
            let (Token::Mark(operator) | Token::Name(operator)) = token else { break };
            let Some((power, from_right)) = binding(operator).filter(|(power, _)| *power >= least) else {
                break;
            };
            if power == COMPARISON && compared {
                let error = Error::usage("comparisons go one at a time");
                return Err(Wrong { at, error: error.hint("write a < b and b < c") });
            }
            compared |= power == COMPARISON;
            self.next += 1;
            let right = self.part(if from_right { power } else { power + 1 }, depth + 1)?;
            left = self.join(operator, left, right)?;
        }
        Ok(left)
    }

    /// What can stand at the start of a part.
    fn prefix(&mut self, depth: usize) -> Result<Placed<'a>, Wrong> {
        let (at, token) = self.take();
        if depth > MAX_DEPTH {
            let error = Error::usage("this expression is nested too deeply");
            return Err(Wrong { at, error: error.hint(format!("at most {MAX_DEPTH} levels")) });
        }
        let part = match token {
            Token::Number(x) => Part::Number(Node::Number(x)),
            Token::Length(length) => Part::Length(length),
            Token::Text(text) => Part::Text(text),
            Token::Mark("(") => {
                let inner = self.part(0, depth + 1)?;
                self.close()?;
                inner.part
            }
            Token::Mark("-") => match self.part(SIGN, depth + 1).and_then(number)? {
                Node::Number(x) => Part::Number(Node::Number(-x)),
                node => Part::Number(self.call(at, operator("negative")?, vec![node])?),
            },
            Token::Name("not") => {
                let node = self.part(COMPARISON, depth + 1).and_then(number)?;
                Part::Number(self.call(at, operator("not")?, vec![node])?)
            }
            Token::Name(name) if self.peek().1 == Token::Mark("(") => {
                Part::Number(self.function(at, name, depth)?)
            }
            Token::Name(name) => self.named(at, name)?,
            Token::End => return Err(Wrong { at, error: Error::usage("something is missing here") }),
            Token::Mark(")" | ",") => {
                return Err(Wrong { at, error: Error::usage("something is missing here") });
            }
            token => return Err(misplaced(at, &token)),
        };
        Ok(Placed { at, part })
    }

    fn close(&mut self) -> Result<(), Wrong> {
        match self.take() {
            (_, Token::Mark(")")) => Ok(()),
            (at, Token::End) => Err(Wrong { at, error: Error::usage("a ')' is missing here") }),
            (at, token) => Err(misplaced(at, &token)),
        }
    }

    /// Two parts and what stands between them.
    fn join(&mut self, sign: &str, left: Placed<'a>, right: Placed<'a>) -> Result<Placed<'a>, Wrong> {
        let at = left.at;
        let label = match (&left.part, &right.part) {
            (Part::Section, Part::Text(label)) | (Part::Text(label), Part::Section) => Some(*label),
            _ => None,
        };
        let node = match (label, sign) {
            (Some(label), "==") => self.leaf(Leaf::Section(label.to_owned())),
            (Some(label), "!=") => {
                let inside = self.leaf(Leaf::Section(label.to_owned()));
                self.call(at, operator("not")?, vec![inside])?
            }
            _ => {
                let both = vec![number(left)?, number(right)?];
                self.call(at, operator(sign)?, both)?
            }
        };
        Ok(Placed { at, part: Part::Number(node) })
    }

    /// `name(...)`, the name being read.
    fn function(&mut self, at: usize, name: &str, depth: usize) -> Result<Node, Wrong> {
        let Some(function) = function::TABLE.iter().find(|f| f.name == name) else {
            let error = Error::usage(format!("there is no function '{name}'"));
            let names = || function::TABLE.iter().map(|f| f.name);
            let error = match nearest(name, names()) {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint(format!("functions are {}", names().collect::<Vec<_>>().join(", "))),
            };
            return Err(Wrong { at, error });
        };
        self.next += 1;
        let mut parts = vec![self.part(0, depth + 1)?];
        while self.peek().1 == Token::Mark(",") {
            self.next += 1;
            parts.push(self.part(0, depth + 1)?);
        }
        self.close()?;
        let least = function.args - function.defaults.len();
        if !(least..=function.args).contains(&parts.len()) {
            let (given, most) = (parts.len(), function.args);
            let wanted = if least == most { most.to_string() } else { format!("{least} to {most}") };
            let error = Error::usage(format!("{name} takes {wanted}, not {given}"));
            return Err(Wrong { at, error: error.hint(format!("write {}", function.usage)) });
        }
        let given = parts.len() - least;
        let mut args = Vec::with_capacity(function.args);
        for (i, part) in parts.into_iter().enumerate() {
            args.push(match i {
                0 if function.is_cyclic() => self.turns(function, part)?,
                _ => number(part)?,
            });
        }
        args.extend(function.defaults[given..].iter().map(|x| Node::Number(*x)));
        self.call(at, function, args)
    }

    /// The length that `function` repeats in.
    fn turns(&mut self, function: &Function, part: Placed<'a>) -> Result<Node, Wrong> {
        let at = part.at;
        let Part::Length(length) = part.part else {
            let error = Error::usage(format!("{} wants a length first", function.name));
            return Err(Wrong { at, error: error.hint("like 1 beats, 2 bars, 0.5 s or 250 ms") });
        };
        if length.amount() < 0.01 {
            let error = Error::usage("this length is too short").hint("at least 0.01 of its unit");
            return Err(Wrong { at, error });
        }
        Ok(self.leaf(Leaf::Turns(length)))
    }

    /// A name that stands alone.
    fn named(&mut self, at: usize, name: &'a str) -> Result<Part<'a>, Wrong> {
        let leaf = match name {
            "section" => return Ok(Part::Section),
            "pi" => return Ok(Part::Number(Node::Number(std::f64::consts::PI))),
            "time" => Leaf::Time,
            _ => match self.curves.iter().find(|c| c.name == name) {
                Some(curve) => Leaf::Curve(curve.clone()),
                None => match Signal::find(name) {
                    Ok(signal) => Leaf::Signal(signal, 1),
                    Err(_) => return Err(self.unknown(at, name)),
                },
            },
        };
        Ok(Part::Number(self.leaf(leaf)))
    }

    fn unknown(&self, at: usize, name: &str) -> Wrong {
        let signals = signal::TABLE.iter().map(|s| s.name);
        let functions = function::TABLE.iter().map(|f| f.name);
        let curves = self.curves.iter().map(|c| c.name.as_str());
        let error = Error::usage(format!("there is no '{name}'"));
        let error = match nearest(name, signals.chain(curves).chain(WORDS).chain(functions)) {
            Some(near) => error.hint(format!("did you mean '{near}'?")),
            None => error.hint("`beatbolt presets --params` lists signals and functions"),
        };
        Wrong { at, error }
    }

    /// `leaf` among the others, once.
    fn leaf(&mut self, leaf: Leaf) -> Node {
        let known = self.leaves.iter().position(|l| *l == leaf);
        Node::Leaf(known.unwrap_or_else(|| {
            self.leaves.push(leaf);
            self.leaves.len() - 1
        }))
    }

    fn call(&mut self, at: usize, function: &'static Function, args: Vec<Node>) -> Result<Node, Wrong> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let error = Error::usage("this expression has too many parts");
            return Err(Wrong { at, error: error.hint(format!("at most {MAX_NODES}")) });
        }
        Ok(Node::Call(function, args))
    }
}

fn operator(sign: &str) -> Result<&'static Function, Wrong> {
    let missing = || Wrong { at: 0, error: Error::internal(format!("the operator {sign} has no row")) };
    function::OPERATORS.iter().find(|f| f.name == sign).ok_or_else(missing)
}

/// A part that must be a number.
fn number(part: Placed) -> Result<Node, Wrong> {
    let error = match part.part {
        Part::Number(node) => return Ok(node),
        Part::Text(text) => {
            Error::usage(format!("'{text}' is text")).hint("text can be compared: section == 'B'")
        }
        Part::Section => Error::usage("section is text").hint("it can be compared: section == 'B'"),
        Part::Length(_) => Error::usage("a length of time can't stand here")
            .hint("it belongs into sine(2 bars), saw, triangle, pulse, noise or random"),
    };
    Err(Wrong { at: part.at, error })
}

fn misplaced(at: usize, token: &Token) -> Wrong {
    let what = match token {
        Token::Number(x) => x.to_string(),
        Token::Name(text) | Token::Text(text) => (*text).to_owned(),
        Token::Mark(mark) => (*mark).to_owned(),
        Token::Length(_) => "a length".to_owned(),
        Token::End => "the end".to_owned(),
    };
    let error = Error::usage(format!("'{what}' can't stand here"));
    let near = match token {
        Token::Name(word) => nearest(word, ["and", "or", "beats", "bars", "ms"]),
        _ => None,
    };
    let error = match near {
        Some(near) => error.hint(format!("did you mean '{near}'?")),
        None => error.hint("an operator, a ',' or a ')' comes here"),
    };
    Wrong { at, error }
}
