//! The matrix unit: AMX under Linux, none elsewhere.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub use super::absent::{attend, convolve, feed, is_there, linear, pack, pictures};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use super::amx::{attend, convolve, feed, is_there, linear, pack, pictures};
