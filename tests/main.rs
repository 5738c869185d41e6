//! All integration tests in one binary: candle and ffmpeg are linked once.

mod presets;
