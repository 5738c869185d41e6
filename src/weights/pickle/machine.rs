//! The pickle machine: opcodes go in, values come out. It runs nothing: a name outside the list of known ones ends it.
//!
//! Of protocols 2 to 4 it takes the opcodes that data needs. Every length is held against the bytes that are there, values are
//! counted, and nothing calls itself, so that no pickle can take more than its share of memory or stack.

use super::build;
use super::fault::{Checked, Fault};
use super::value::{Global, Id, Value, Values};
use std::collections::BTreeMap;

/// A pickle that was gone through.
#[derive(Debug)]
pub(super) struct Pickle<'a> {
    pub values: Values<'a>,
    /// What it stands for.
    pub root: Id,
    /// How many bytes it took.
    pub length: usize,
}

/// Opcodes that are known and not taken, by the name that pickle's documentation has for them.
const REFUSED: &[(u8, &str)] = &[
    (b'i', "INST"),
    (b'o', "OBJ"),
    (b'P', "PERSID"),
    (0x92, "NEWOBJ_EX"),
    (0x82, "EXT1"),
    (0x83, "EXT2"),
    (0x84, "EXT4"),
    (0x96, "BYTEARRAY8"),
    (0x97, "NEXT_BUFFER"),
    (0x98, "READONLY_BUFFER"),
    (b'2', "DUP"),
    (b'I', "INT"),
    (b'L', "LONG"),
    (b'F', "FLOAT"),
    (b'S', "STRING"),
    (b'V', "UNICODE"),
    (b'g', "GET"),
    (b'p', "PUT"),
    (b'd', "DICT"),
    (b'l', "LIST"),
];

/// Goes through the pickle that `bytes` begin with.
pub(super) fn run(bytes: &[u8]) -> Checked<Pickle<'_>> {
    let (stack, marks, memo) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut machine = Machine { bytes, at: 0, stack, marks, memo, values: Values::new() };
    while machine.step()? {}
    let root = machine.pop()?;
    Ok(Pickle { values: machine.values, root, length: machine.at })
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Id>,
    /// Heights of the stack at which groups begin.
    marks: Vec<usize>,
    memo: BTreeMap<u32, Id>,
    values: Values<'a>,
}

impl<'a> Machine<'a> {
    /// One opcode; false behind the last.
    fn step(&mut self) -> Checked<bool> {
        let code = self.number::<1>()? as u8;
        match code {
            b'.' => return Ok(false),
            // A protocol's number, and a frame's length: neither tells anything.
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'N' => self.stack.push(Values::PLAIN),
            0x88 | 0x89 => self.stack.push(Values::BOOL[usize::from(code == 0x88)]),
            b'G' => {
                self.take(8)?;
                self.stack.push(Values::PLAIN);
            }
            b'K' | b'M' | b'J' | 0x8a | 0x8b => self.integer(code)?,
            b'X' | 0x8c | 0x8d | b'U' | b'T' | b'C' | b'B' | 0x8e => self.string(code)?,
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.group()?),
            b')' | 0x85 | 0x86 | 0x87 | b't' => self.tuple(code)?,
            b']' => self.push(Value::List(Vec::new()))?,
            b'}' => self.push(Value::Dict(Vec::new()))?,
            0x8f => self.stack.push(Values::PLAIN),
            b'a' | b'e' | 0x90 | 0x91 | b's' | b'u' => self.fill(code)?,
            b'h' | b'j' | b'q' | b'r' | 0x94 => self.remember(code)?,
            b'c' | 0x93 => self.global(code)?,
            b'R' | 0x81 => self.reduce()?,
            b'b' => self.state()?,
            b'Q' => {
                let id = self.pop()?;
                let storage = build::storage(&self.values, id)?;
                self.push(Value::Storage(storage))?;
            }
            other => return Err(unknown(other)),
        }
        Ok(true)
    }

    fn take(&mut self, length: u64) -> Checked<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = usize::try_from(length).ok().and_then(|n| rest.get(..n));
        let taken = taken.ok_or_else(|| Fault::damaged("its pickle is cut short"))?;
        self.at += taken.len();
        Ok(taken)
    }

    /// A little-endian number of N bytes, up to 8.
    fn number<const N: usize>(&mut self) -> Checked<u64> {
        let bytes = self.take(N as u64)?;
        Ok(bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
    }

    fn push(&mut self, value: Value<'a>) -> Checked<()> {
        let id = self.values.add(value)?;
        self.stack.push(id);
        Ok(())
    }

    /// The top of the stack, which must be inside the group that is open.
    fn pop(&mut self) -> Checked<Id> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.pop() {
            Some(id) if self.stack.len() >= floor => Ok(id),
            _ => Err(Fault::damaged("its pickle takes what isn't there")),
        }
    }

    /// Everything since the last mark.
    fn group(&mut self) -> Checked<Vec<Id>> {
        let from = self.marks.pop().filter(|from| *from <= self.stack.len());
        let from = from.ok_or_else(|| Fault::damaged("its pickle closes a group that isn't open"))?;
        Ok(self.stack.split_off(from))
    }

    fn integer(&mut self, code: u8) -> Checked<()> {
        let value = match code {
            b'K' => Value::Int(self.number::<1>()? as i64),
            b'M' => Value::Int(self.number::<2>()? as i64),
            b'J' => Value::Int(i64::from(self.number::<4>()? as u32 as i32)),
            _ => {
                let length = if code == 0x8a { self.number::<1>()? } else { self.number::<4>()? };
                let bytes = self.take(length)?;
                match bytes {
                    [] => Value::Int(0),
                    [.., last] if bytes.len() <= 8 => {
                        // Two's complement: the last byte's highest bit goes on to the left.
                        let mut wide = [if last & 0x80 == 0 { 0 } else { 0xff }; 8];
                        wide[..bytes.len()].copy_from_slice(bytes);
                        Value::Int(i64::from_le_bytes(wide))
                    }
                    _ => Value::Bytes(bytes),
                }
            }
        };
        self.push(value)
    }

    fn string(&mut self, code: u8) -> Checked<()> {
        let length = match code {
            0x8c | b'U' | b'C' => self.number::<1>()?,
            b'X' | b'T' | b'B' => self.number::<4>()?,
            _ => self.number::<8>()?,
        };
        let bytes = self.take(length)?;
        // Old strings may be texts or bytes.
        let value = match (code, std::str::from_utf8(bytes)) {
            (b'C' | b'B' | 0x8e, _) => Value::Bytes(bytes),
            (_, Ok(text)) => Value::Text(text),
            (b'U' | b'T', Err(_)) => Value::Bytes(bytes),
            _ => return Err(Fault::damaged("a text in its pickle is none")),
        };
        self.push(value)
    }

    fn tuple(&mut self, code: u8) -> Checked<()> {
        let members = match code {
            b't' => self.group()?,
            b')' => Vec::new(),
            _ => {
                let mut members = (0..=code - 0x85).map(|_| self.pop()).collect::<Checked<Vec<_>>>()?;
                members.reverse();
                members
            }
        };
        self.push(Value::Tuple(members))
    }

    /// Members for the list, set or dictionary below them.
    fn fill(&mut self, code: u8) -> Checked<()> {
        let members = match code {
            b'a' => vec![self.pop()?],
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.group()?,
        };
        if code == 0x91 {
            self.stack.push(Values::PLAIN);
            return Ok(());
        }
        let below = self.pop()?;
        self.stack.push(below);
        match (code, self.values.get_mut(below)) {
            // Things that are of no concern are filled, too.
            (_, Some(Value::Plain)) => Ok(()),
            (b'a' | b'e', Some(Value::List(list))) => {
                list.extend(members);
                Ok(())
            }
            (b's' | b'u', Some(Value::Dict(pairs))) if members.len().is_multiple_of(2) => {
                pairs.extend(members.chunks_exact(2).map(|pair| (pair[0], pair[1])));
                Ok(())
            }
            _ => Err(Fault::damaged("its pickle fills what is no collection")),
        }
    }

    /// Puts the top of the stack into the memo, or fetches something from there.
    fn remember(&mut self, code: u8) -> Checked<()> {
        let index = match code {
            b'h' | b'q' => self.number::<1>()? as u32,
            b'j' | b'r' => self.number::<4>()? as u32,
            _ => self.memo.len() as u32,
        };
        if matches!(code, b'h' | b'j') {
            let found = self.memo.get(&index).copied();
            self.stack.push(found.ok_or_else(|| Fault::damaged("its pickle refers to what isn't there"))?);
            return Ok(());
        }
        let top = self.pop()?;
        self.stack.push(top);
        self.memo.insert(index, top);
        Ok(())
    }

    fn global(&mut self, code: u8) -> Checked<()> {
        let unclear = || Fault::damaged("a name in its pickle is none");
        let (module, name) = match code {
            b'c' => (self.line()?, self.line()?),
            _ => {
                let (name, module) = (self.pop()?, self.pop()?);
                let text = |id| self.values.text(id).ok_or_else(unclear);
                (text(module)?, text(name)?)
            }
        };
        self.push(Value::Global(Global::find(module, name)?))
    }

    fn line(&mut self) -> Checked<&'a str> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b'\n');
        let line = end.and_then(|end| std::str::from_utf8(&rest[..end]).ok());
        let line = line.ok_or_else(|| Fault::damaged("a name in its pickle is none"))?;
        self.at += line.len() + 1;
        Ok(line)
    }

    /// What a known name makes of its arguments.
    fn reduce(&mut self) -> Checked<()> {
        let (args, called) = (self.pop()?, self.pop()?);
        let unclear = || Fault::damaged("its pickle calls what can't be called");
        let Value::Global(called) = self.values.get(called) else { return Err(unclear()) };
        let first = self.values.members(args).and_then(|members| members.first().copied());
        match called {
            Global::OrderedDict => {
                let pairs = self.pairs(first)?;
                self.push(Value::Dict(pairs))
            }
            Global::RebuildTensor | Global::RebuildTypedTensor => {
                let typed = *called == Global::RebuildTypedTensor;
                let tensor = build::tensor(&self.values, args, typed)?;
                self.push(Value::Tensor(Box::new(tensor)))
            }
            // Both are what they are made of.
            Global::RebuildParameter | Global::Size => {
                self.stack.push(first.ok_or_else(unclear)?);
                Ok(())
            }
            Global::Bystander => {
                self.stack.push(Values::PLAIN);
                Ok(())
            }
            Global::StorageType(_) | Global::Type(_) => Err(unclear()),
        }
    }

    /// The pairs that old pickles give an ordered dictionary at its birth.
    fn pairs(&self, list: Option<Id>) -> Checked<Vec<(Id, Id)>> {
        let Some(list) = list else { return Ok(Vec::new()) };
        let pair = |id: &Id| match self.values.members(*id) {
            Some(&[key, value]) => Ok((key, value)),
            _ => Err(Fault::damaged("a dictionary in its pickle is none")),
        };
        self.values.members(list).unwrap_or_default().iter().map(pair).collect()
    }

    /// Attributes: dictionaries of weights have a version there, dictionaries of parameters their members, and nothing else may have any.
    fn state(&mut self) -> Checked<()> {
        let state = self.pop()?;
        let top = self.pop()?;
        self.stack.push(top);
        let members = self.parameters(state);
        match self.values.get_mut(top) {
            Some(Value::Dict(pairs)) => {
                pairs.extend(members);
                Ok(())
            }
            Some(Value::Plain) => Ok(()),
            _ => Err(Fault::refused("its pickle gives attributes to what has none (BUILD)")),
        }
    }
}

impl Machine<'_> {
    /// The parameters among the attributes of one of torch's modules.
    fn parameters(&self, state: Id) -> Vec<(Id, Id)> {
        let Value::Dict(attributes) = self.values.get(state) else { return Vec::new() };
        let own = attributes.iter().find(|(key, _)| self.values.text(*key) == Some("_parameters"));
        match own.map(|(_, value)| self.values.get(*value)) {
            Some(Value::Dict(pairs)) => pairs.clone(),
            _ => Vec::new(),
        }
    }
}

fn unknown(code: u8) -> Fault {
    match REFUSED.iter().find(|(known, _)| *known == code) {
        Some((_, name)) => Fault::refused(format!("its pickle uses {name}, which no tensor needs")),
        None => Fault::damaged(format!("its pickle has an unknown opcode, {code:#04x}")),
    }
}
