//! Text: CLIP's tokenizer and text encoder.

pub mod embedding;
pub mod encoder;
mod html;
pub mod tokenizer;
mod typography;
mod vocabulary;
