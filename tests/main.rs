//! The one integration binary: candle and FFmpeg are linked once.

mod cli; // the program as it is used
mod layers; // who may import whom
