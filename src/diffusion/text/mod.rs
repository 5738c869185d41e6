//! Text: CLIP's tokenizer and text encoder.

pub mod encoder;
mod entities;
pub mod tokenizer;
mod typography;
mod vocabulary;
