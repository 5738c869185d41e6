//! Denoise → decode → finish and encode: the stages of a render.

mod decode;
mod encode;
mod run;
mod watch;

pub use run::{QUEUE, run};
pub use watch::{Summary, Watch};
