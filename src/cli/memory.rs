//! When freed memory goes back to the system.

/// From now on freed memory stays with the program, for whoever asks next, until [`give_back`].
///
/// The tensors of a step come and go by the hundred, megabytes each. Left alone the C library returns much of it every time,
/// and each page that is asked for again costs a fault and comes back to be zeroed.
pub fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "the C library has no other door")]
    // SAFETY: these take plain numbers, are called before there is a second thread, and a refusal changes nothing.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        // The highest that it takes: larger pieces are mapped one by one.
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
    }
}

/// Gives back what was freed but is still held for whoever asks next.
///
/// Listening takes a lot of small lists, more for a long track, which the C library would keep; a render asks for large
/// pieces and would come on top of them.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "the C library has no other door")]
    // SAFETY: it takes no pointer, touches only free memory, and may be called from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
