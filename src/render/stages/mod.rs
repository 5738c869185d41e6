//! Denoise → decode → finish and encode: the stages of a render.

mod decode;
mod encode;
mod join;
mod keep;
mod run;
mod watch;

pub use join::{encode_take, join};
pub use keep::{Worked, keep_takes};
pub use run::{QUEUE, run};
pub use watch::{Summary, Watch};

use crate::error::{Error, ErrorKind};

/// What a render says that was asked to stop.
pub(super) fn stopped() -> Error {
    Error::new(ErrorKind::Stopped, "stopped; the finished windows are kept")
        .hint("run the same command again to resume")
}
