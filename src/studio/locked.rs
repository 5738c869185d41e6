//! Locks of threads that share something.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is behind a lock is whole after every statement, so a thread that failed leaves nothing half done.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
