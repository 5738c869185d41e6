//! State dictionaries, what the tensors of a pickle are called: the keys of the dictionaries that they lie in.

use super::fault::{Checked, Fault, told};
use super::machine::Pickle;
use super::value::{Id, StoredTensor, Value};
use std::collections::BTreeMap;

/// Most dictionaries inside each other in which tensors are looked for.
const MAX_DEPTH: usize = 4;
/// Longest name.
const MAX_NAME: usize = 512;

/// Most entries that are looked at: dictionaries may contain each other over and over.
const MAX_ENTRIES: usize = 1 << 20;

/// Tensors by their names.
type Named<'p, 'a> = BTreeMap<String, &'p StoredTensor<'a>>;

/// The tensors of `pickle` by their names. Where there is a `state_dict`, those in it: training programs keep other things beside
/// it. Otherwise names of dictionaries inside the outermost one are joined with points.
pub(super) fn of<'p, 'a>(pickle: &'p Pickle<'a>) -> Checked<Named<'p, 'a>> {
    let Value::Dict(pairs) = pickle.values.get(pickle.root) else {
        return Err(Fault::refused("it holds no dictionary of tensors"));
    };
    let state = pairs.iter().rev().find(|(key, value)| {
        pickle.values.text(*key) == Some("state_dict") && matches!(pickle.values.get(*value), Value::Dict(_))
    });
    let mut search = Search { pickle, named: BTreeMap::new(), left: MAX_ENTRIES };
    search.collect(state.map_or(pickle.root, |(_, id)| *id), "", 1)?;
    Ok(search.named)
}

struct Search<'p, 'a> {
    pickle: &'p Pickle<'a>,
    named: Named<'p, 'a>,
    /// How many more entries may be looked at.
    left: usize,
}

impl Search<'_, '_> {
    fn collect(&mut self, dict: Id, prefix: &str, depth: usize) -> Checked<()> {
        let Value::Dict(pairs) = self.pickle.values.get(dict) else { return Ok(()) };
        for (key, value) in pairs {
            let left = self.left.checked_sub(1);
            self.left =
                left.ok_or_else(|| Fault::refused("its dictionaries contain each other over and over"))?;
            let Some(key) = self.pickle.values.text(*key) else { continue };
            if prefix.len() + key.len() > MAX_NAME {
                return Err(Fault::damaged(format!("the name '{}...' is too long", told(key))));
            }
            match self.pickle.values.get(*value) {
                // As in a dictionary: what is set last counts.
                Value::Tensor(tensor) => drop(self.named.insert(format!("{prefix}{key}"), tensor)),
                Value::Dict(_) if depth < MAX_DEPTH => {
                    self.collect(*value, &format!("{prefix}{key}."), depth + 1)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}
