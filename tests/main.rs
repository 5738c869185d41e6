//! The integration tests, in one binary.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic, in its helpers too")]

mod reference;
