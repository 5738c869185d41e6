//! The layout of torch before 1.6: pickles one after the other, and the storages' bytes behind them.

use super::build;
use super::fault::{Checked, Fault};
use super::machine::{self, Pickle};
use super::value::{Storage, Value};
use super::zip::{self, Entry, Storages};
use std::collections::BTreeMap;
use std::fs::File;

/// torch's sign: 0x1950a86a20f9469cfc6c.
const SIGN: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// The pickle of the tensors that `head`, the file's beginning, holds, and where storages lie in `file` of `length` bytes.
pub(super) fn read<'a>(head: &'a [u8], file: &File, length: u64) -> Checked<(Pickle<'a>, Storages)> {
    let mut at = 0;
    let mut next = || -> Checked<Pickle<'a>> {
        let pickle = machine::run(head.get(at..).unwrap_or_default())?;
        at += pickle.length;
        Ok(pickle)
    };
    let sign = next()?;
    if !matches!(sign.values.get(sign.root), Value::Bytes(bytes) if *bytes == SIGN) {
        return Err(Fault::damaged("it is a pickle, but none that torch wrote"));
    }
    let (_version, system, tensors, keys) = (next()?, next()?, next()?, next()?);
    check_order(&system)?;
    let known: BTreeMap<&str, Storage<'_>> = tensors
        .values
        .iter()
        .filter_map(
            |value| if let Value::Storage(storage) = value { Some((storage.key, *storage)) } else { None },
        )
        .collect();
    let (mut storages, mut from) = (Storages::new(), at as u64);
    let unclear = || Fault::damaged("its list of storages is damaged");
    for key in keys.values.members(keys.root).ok_or_else(unclear)? {
        let key = keys.values.text(*key).ok_or_else(unclear)?;
        let size = known.get(key).and_then(build::bytes).ok_or_else(unclear)?;
        let begin = from + 8;
        let end = begin.checked_add(size).filter(|end| *end <= length);
        let end = end.ok_or_else(|| Fault::damaged("its storages are cut short"))?;
        let count = zip::bytes(file, from, 8)?.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte));
        if known.get(key).is_none_or(|storage| storage.length != count) {
            return Err(Fault::damaged("a storage has another size than its pickle says"));
        }
        storages.insert(key.to_owned(), Entry { at: begin, length: size });
        from = end;
    }
    Ok((tensors, storages))
}

/// Values must be little-endian; the file says which they are.
fn check_order(system: &Pickle<'_>) -> Checked<()> {
    let Value::Dict(pairs) = system.values.get(system.root) else {
        return Err(Fault::damaged("it doesn't say of which system it is"));
    };
    let big = pairs.iter().any(|(key, value)| {
        system.values.text(*key) == Some("little_endian")
            && matches!(system.values.get(*value), Value::Bool(false))
    });
    if big { Err(Fault::refused("its numbers are big-endian")) } else { Ok(()) }
}
