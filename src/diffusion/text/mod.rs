//! Text: CLIP's tokenizer and text encoder.

pub mod encoder;
pub mod tokenizer;
