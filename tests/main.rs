//! All integration tests in one program: one file per thing that is promised.

mod audio;
