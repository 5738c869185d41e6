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
