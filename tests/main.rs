//! All integration tests in one program: one file per thing that is promised.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic, in its helpers too")]

mod audio;
