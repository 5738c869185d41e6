//! Analysis + preset → [`Timeline`]. Everything here is a pure function: no files, no clock, no chance.

mod timeline;

pub use timeline::{PromptSpan, Timeline};
