//! The integration tests, one program.

mod video;
