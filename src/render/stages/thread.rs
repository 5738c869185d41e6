//! Threads of the stages, and the queues between them.

use crate::error::{Context, Error, Result};
use crate::system::give_way;
use std::thread::{Builder, ScopedJoinHandle};

/// Finished windows that may wait for the next stage: enough to keep it busy, few enough to stay small.
pub const QUEUE: usize = 2;

/// Begins the thread of a stage, which gives way to denoising.
pub(super) fn spawn<'scope, T: Send + 'scope>(
    name: &str,
    scope: &'scope std::thread::Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>> {
    let spawned = Builder::new().name(name.to_owned()).spawn_scoped(scope, || {
        give_way();
        work()
    });
    spawned.context(|| Error::internal(format!("the {name} thread can't be started")))
}
