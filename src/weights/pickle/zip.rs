//! Zip archives as `torch.save` writes them: a directory at the end, and entries that are stored as they are.

use super::fault::{Checked, Fault, told};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Longest directory that is read; one of a model has about 100 bytes a tensor.
const MAX_DIRECTORY: u64 = 16 << 20;
/// The end of the directory, its own comment included, lies in so many last bytes.
const MAX_END: u64 = 22 + 0xffff;

/// Where an entry's bytes lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub at: u64,
    pub length: u64,
}

/// Where storages lie, by their keys.
pub(super) type Storages = BTreeMap<String, Entry>;

/// An archive whose directory was read.
#[derive(Debug)]
pub(super) struct Archive {
    entries: BTreeMap<String, Listed>,
    /// Where the directory begins: entries end before it.
    end: u64,
}

#[derive(Clone, Copy, Debug)]
struct Listed {
    method: u64,
    encrypted: bool,
    length: u64,
    header: u64,
}

/// Little-endian numbers in a slice that may be too short.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn number(&self, at: usize, width: usize) -> Checked<u64> {
        let bytes = at.checked_add(width).and_then(|end| self.0.get(at..end));
        let bytes = bytes.ok_or_else(|| Fault::damaged("the archive's directory is cut short"))?;
        Ok(bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
    }
}

/// `length` bytes at `at`.
pub(super) fn bytes(mut file: &File, at: u64, length: u64) -> Checked<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| Fault::damaged("it is too large"))?];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

impl Archive {
    /// Reads the directory of the archive in `file`, which has `length` bytes.
    pub fn open(file: &File, length: u64) -> Checked<Self> {
        let (at, size, count) = directory(file, length)?;
        if size > MAX_DIRECTORY || at.checked_add(size).is_none_or(|end| end > length) {
            return Err(Fault::damaged("the archive's directory lies outside the file"));
        }
        let directory = bytes(file, at, size)?;
        let (mut entries, mut from) = (BTreeMap::new(), 0);
        for _ in 0..count {
            let rest = directory.get(from..).unwrap_or_default();
            let (name, listed, used) = listed(rest)?;
            if entries.insert(name.clone(), listed).is_some() {
                return Err(Fault::damaged(format!("the archive has two entries '{}'", told(&name))));
            }
            from += used;
        }
        Ok(Archive { entries, end: at })
    }

    /// The names of all entries, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Where the bytes of the entry `name` lie, inside the file.
    pub fn find(&self, file: &File, name: &str) -> Checked<Entry> {
        let about = |what: &str| format!("the archive's entry '{}' {what}", told(name));
        let listed = self.entries.get(name).ok_or_else(|| Fault::damaged(about("is missing")))?;
        if listed.encrypted || listed.method != 0 {
            let how = match (listed.encrypted, listed.method) {
                (true, _) => "is encrypted".to_owned(),
                (_, 8) => "is compressed (deflate); torch stores tensors as they are".to_owned(),
                (_, other) => format!("is compressed (method {other})"),
            };
            return Err(Fault::refused(about(&how)));
        }
        let outside = || Fault::damaged(about("lies outside the file"));
        if listed.header.checked_add(30).is_none_or(|end| end > self.end) {
            return Err(outside());
        }
        let header = bytes(file, listed.header, 30)?;
        let header = Fields(&header);
        if header.number(0, 4)? != 0x0403_4b50 {
            return Err(Fault::damaged(about("has no header")));
        }
        let at = listed.header + 30 + header.number(26, 2)? + header.number(28, 2)?;
        if at.checked_add(listed.length).is_none_or(|end| end > self.end) {
            return Err(outside());
        }
        Ok(Entry { at, length: listed.length })
    }
}

/// Where the directory lies, how long it is, and how many entries it lists.
fn directory(file: &File, length: u64) -> Checked<(u64, u64, u64)> {
    let tail = length.min(MAX_END);
    let end = bytes(file, length - tail, tail)?;
    let missing = || Fault::damaged("the archive's directory is missing");
    let place = end.windows(4).rposition(|w| w == b"PK\x05\x06").ok_or_else(missing)?;
    let fields = Fields(&end[place..]);
    if 22 + fields.number(20, 2)? != (end.len() - place) as u64 {
        return Err(Fault::damaged("the archive's directory is cut short"));
    }
    let plain = (fields.number(16, 4)?, fields.number(12, 4)?, fields.number(10, 2)?);
    // Large archives have the same in wider numbers; a pointer to them stands right before.
    let Some(pointer) = (length - tail + place as u64).checked_sub(20) else { return Ok(plain) };
    let locator = bytes(file, pointer, 20)?;
    let locator = Fields(&locator);
    if locator.number(0, 4)? != 0x0706_4b50 {
        return Ok(plain);
    }
    let at = locator.number(8, 8)?;
    if at.checked_add(56).is_none_or(|end| end > length) {
        return Err(Fault::damaged("the archive's directory lies outside the file"));
    }
    let wide = bytes(file, at, 56)?;
    let wide = Fields(&wide);
    if wide.number(0, 4)? != 0x0606_4b50 {
        return Err(missing());
    }
    Ok((wide.number(48, 8)?, wide.number(40, 8)?, wide.number(32, 8)?))
}

/// An entry of the directory: its name, what is said of it, and how many bytes that took.
fn listed(bytes: &[u8]) -> Checked<(String, Listed, usize)> {
    let fields = Fields(bytes);
    if fields.number(0, 4)? != 0x0201_4b50 {
        return Err(Fault::damaged("the archive's directory is damaged"));
    }
    let lengths = [fields.number(28, 2)?, fields.number(30, 2)?, fields.number(32, 2)?];
    let [name, extra, comment] = lengths.map(|n| n as usize);
    let text = bytes.get(46..46 + name).ok_or_else(|| Fault::damaged("an entry's name is cut short"))?;
    let text = String::from_utf8_lossy(text).into_owned();
    let extra_bytes = bytes.get(46 + name..46 + name + extra).unwrap_or_default();
    let (stored, length) = (fields.number(20, 4)?, fields.number(24, 4)?);
    let wide = wide(extra_bytes, [length, stored, fields.number(42, 4)?])?;
    let [length, stored, header] = wide;
    let method = fields.number(10, 2)?;
    if method == 0 && stored != length {
        return Err(Fault::damaged(format!("the archive's entry '{}' has two sizes", told(&text))));
    }
    let encrypted = fields.number(8, 2)? & 1 != 0;
    Ok((text, Listed { method, encrypted, length, header }, 46 + name + extra + comment))
}

/// The numbers of an entry, of which those that didn't fit stand in its extra field, in this order.
fn wide(extra: &[u8], mut numbers: [u64; 3]) -> Checked<[u64; 3]> {
    let full = u64::from(u32::MAX);
    if !numbers.contains(&full) {
        return Ok(numbers);
    }
    let fields = Fields(extra);
    let mut at = 0;
    while fields.number(at, 2)? != 1 {
        at += 4 + fields.number(at + 2, 2)? as usize;
    }
    let mut next = at + 4;
    for number in numbers.iter_mut().filter(|n| **n == full) {
        *number = fields.number(next, 8)?;
        next += 8;
    }
    Ok(numbers)
}
