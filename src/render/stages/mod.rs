//! Denoise → decode → finish → encode: the stages of a render.

mod decode;
mod encode;
mod join;
mod keep;
mod run;
mod thread;
mod watch;

pub use join::{encode_take, join};
pub use keep::{Worked, keep_takes};
pub use run::run;
pub use thread::QUEUE;
pub use watch::{Summary, Watch};
