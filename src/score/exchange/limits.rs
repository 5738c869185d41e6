//! Limits: how much of other programs' files is taken over.

use crate::error::{Error, Result};

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 32 << 20;
/// Most values of an import, all curves together.
pub const MAX_VALUES: u64 = 8_000_000;
/// Most curves of an import: what a preset can hold.
pub const MAX_CURVES: usize = 200;

/// Refuses more values than can be held.
pub fn bounded(name: &str, curves: usize, frames: u64) -> Result<()> {
    if curves > MAX_CURVES || curves as u64 * frames > MAX_VALUES {
        let message = format!("{name}: {curves} curves of {frames} frames are too many");
        return Err(
            Error::input(message).hint(format!("at most {MAX_CURVES} curves and {MAX_VALUES} values in all"))
        );
    }
    Ok(())
}
