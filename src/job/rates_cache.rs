//! The rates cache: how fast this computer was at a layer is measured once, not in every plan.
//!
//! One small file per layer, device and build of the program lies in the user's cache folder. What is missing or can't be read is
//! measured; where nothing can be kept, the next plan measures again.

use crate::atomic_file::Part;
use crate::bounded_read;
use crate::cache_folder::{cache_folder, this_build};
use crate::digest::Digest;
use crate::error::Result;
use crate::nn::trial::Rates;
use crate::system;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Bytes of a file, at most.
const LARGEST: u64 = 1024;

/// The rates of the layer called `name` that were measured before, or those that `measure` says, which are kept.
///
/// # Errors
/// What `measure` says.
pub(super) fn through(name: &str, measure: &dyn Fn() -> Result<Rates>) -> Result<Rates> {
    through_folder(cache_folder(), name, measure)
}

fn through_folder(folder: Option<PathBuf>, name: &str, measure: &dyn Fn() -> Result<Rates>) -> Result<Rates> {
    let path = folder.map(|folder| folder.join("rates").join(key(name)));
    if let Some(rates) = path.as_deref().and_then(load) {
        return Ok(rates);
    }
    let rates = measure()?;
    path.as_deref().and_then(|path| store(path, rates));
    Ok(rates)
}

/// Homes may be shared by computers of different speed.
fn key(name: &str) -> String {
    let mut digest = Digest::default();
    let cores = std::thread::available_parallelism().ok();
    digest.update(format!("{} {:?} {cores:?} ", this_build(), system::host()));
    digest.update(name);
    digest.finish()
}

fn load(path: &Path) -> Option<Rates> {
    let rates: Rates = serde_json::from_slice(&bounded_read::bytes(path, LARGEST).ok()?).ok()?;
    [rates.conv, rates.linear].iter().all(|rate| rate.is_normal() && *rate > 0.0).then_some(rates)
}

fn store(path: &Path, rates: Rates) -> Option<()> {
    std::fs::create_dir_all(path.parent()?).ok()?;
    let mut part = Part::create(path).ok()?;
    part.write_all(&serde_json::to_vec(&rates).ok()?).ok()?;
    part.publish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_layer_is_measured_once_and_again_where_its_file_is_damaged() {
        let home = tempfile::tempdir().unwrap();
        let runs = Cell::new(0.0);
        let ask = |name: &str| {
            let measure = || {
                runs.set(runs.get() + 1.0);
                Ok(Rates { conv: runs.get(), linear: 0.1 })
            };
            through_folder(Some(home.path().to_owned()), name, &measure).unwrap().conv
        };
        assert_eq!([ask("a"), ask("b"), ask("a"), ask("b")], [1.0, 2.0, 1.0, 2.0]);
        let file = home.path().join("rates").join(key("a"));
        for damaged in
            ["", "{\"conv\": -1.0, \"linear\": 1.0}", "{\"conv\": 0.0, \"linear\": 1.0}", &"x".repeat(4096)]
        {
            std::fs::write(&file, damaged).unwrap();
            assert_eq!(ask("a"), runs.get(), "{damaged}");
        }
        assert_eq!([ask("a"), ask("b")], [6.0, 2.0]);
    }

    #[test]
    fn without_a_folder_every_plan_measures() {
        let runs = Cell::new(0);
        let measure = || {
            runs.set(runs.get() + 1);
            Ok(Rates { conv: 1.0, linear: 1.0 })
        };
        for _ in 0..2 {
            through_folder(None, "a", &measure).unwrap();
        }
        assert_eq!(runs.get(), 2);
    }
}
