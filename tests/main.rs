//! The one integration binary: candle and FFmpeg are linked once.

mod layers; // who may import whom
