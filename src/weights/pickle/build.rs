//! Builders: what the known names make of their arguments: storages and tensors, checked.

use super::fault::{Checked, Fault, told};
use super::value::{Global, Id, Storage, StoredTensor, Value, Values};
use crate::weights::element::Element;

/// Most dimensions of a tensor.
const MAX_DIMS: usize = 8;

/// The storage that a persistent id names: ("storage", type, key, device, length), and in old files a view, which must be none.
pub(super) fn storage<'a>(values: &Values<'a>, id: Id) -> Checked<Storage<'a>> {
    let unclear = || Fault::damaged("a storage isn't described as torch does it");
    let members = values.members(id).ok_or_else(unclear)?;
    let (&[word, kind, key, _, length], rest) = members.split_first_chunk::<5>().ok_or_else(unclear)?;
    let Value::Global(Global::StorageType(element)) = values.get(kind) else { return Err(unclear()) };
    if values.text(word) != Some("storage") {
        return Err(unclear());
    }
    if rest.iter().any(|id| *id != Values::PLAIN) {
        return Err(Fault::refused("a storage is a view of another one"));
    }
    let key = values.text(key).ok_or_else(unclear)?;
    Ok(Storage { element: *element, key, length: values.count(length).ok_or_else(unclear)? })
}

/// The tensor that (storage, offset, shape, strides, ...) describes; `typed`: its format stands in the seventh place.
pub(super) fn tensor<'a>(values: &Values<'a>, args: Id, typed: bool) -> Checked<StoredTensor<'a>> {
    let unclear = || Fault::damaged("a tensor isn't described as torch does it");
    let args = values.members(args).ok_or_else(unclear)?;
    let &[storage, offset, shape, strides] = args.first_chunk::<4>().ok_or_else(unclear)?;
    let Value::Storage(storage) = values.get(storage) else { return Err(unclear()) };
    let own = args.get(6).filter(|_| typed).map(|id| values.get(*id));
    let element = match (own, storage.element) {
        (Some(Value::Global(Global::Type(element))), None) => *element,
        (None, Some(element)) if !typed => element,
        _ => return Err(unclear()),
    };
    let shape = values.counts(shape).ok_or_else(unclear)?;
    let tensor = StoredTensor {
        storage: *storage,
        element,
        offset: values.count(offset).ok_or_else(unclear)?,
        shape: shape.iter().map(|n| usize::try_from(*n)).collect::<Result<_, _>>().map_err(|_| unclear())?,
        strides: values.counts(strides).ok_or_else(unclear)?,
    };
    tensor.check()?;
    Ok(tensor)
}

impl StoredTensor<'_> {
    /// Values of its storage, in its own format.
    fn room(&self) -> u64 {
        let width = if self.storage.element.is_some() { 1 } else { self.element.width() as u64 };
        self.storage.length / width
    }

    /// Values from its first to its last, as they lie in the storage; none where that can't be counted.
    pub fn span(&self) -> Option<u64> {
        if self.shape.contains(&0) {
            return Some(0);
        }
        let steps = self.shape.iter().zip(&self.strides);
        let last =
            steps.map(|(n, s)| (*n as u64 - 1).checked_mul(*s)).try_fold(0, |a: u64, b| a.checked_add(b?));
        last?.checked_add(1)
    }

    /// How many values it has; none where that can't be counted.
    pub fn count(&self) -> Option<u64> {
        self.shape.iter().try_fold(1, |all: u64, n| all.checked_mul(*n as u64))
    }

    /// It must lie inside its storage, and not repeat it: a few bytes could stand for any number of values.
    fn check(&self) -> Checked<()> {
        let about = |what: &str| format!("a tensor of storage '{}' {what}", told(self.storage.key));
        if self.shape.len() > MAX_DIMS || self.shape.len() != self.strides.len() {
            return Err(Fault::damaged(about("has no sensible shape")));
        }
        let end = self.span().and_then(|span| span.checked_add(self.offset));
        if end.is_none_or(|end| end > self.room()) {
            return Err(Fault::damaged(about("reaches beyond its end")));
        }
        if self.count().is_none_or(|count| count > self.room()) {
            return Err(Fault::refused(about("has more values than the storage: they repeat")));
        }
        Ok(())
    }

    /// True if neighbours in the tensor are neighbours in the storage.
    pub fn contiguous(&self) -> bool {
        let mut expected = 1;
        self.shape.iter().zip(&self.strides).rev().all(|(n, stride)| {
            let fits = *n <= 1 || *stride == expected;
            expected = expected.saturating_mul(*n as u64);
            fits
        })
    }
}

/// What a storage takes in bytes; none where that can't be counted.
pub(super) fn bytes(storage: &Storage<'_>) -> Option<u64> {
    storage.length.checked_mul(storage.element.map_or(1, Element::width) as u64)
}
