//! Memory that nobody uses any more goes back to the system.

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
