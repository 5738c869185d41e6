//! Ctrl-C: the first one ends a render after the step at hand, and says so at once; the second one ends the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is set once somebody asks to stop.
///
/// Where the system lets nobody listen for it, Ctrl-C ends the program as ever: finished windows are kept all the same.
pub fn stop_on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    listen(Arc::clone(&stop));
    stop
}

/// Sets `stop` once standard input ends: whoever began this process is gone, or wants it to end.
pub fn stop_with_parent(stop: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        // What comes in is nobody's.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        stop.store(true, Ordering::Relaxed);
    });
}

#[cfg(unix)]
fn listen(stop: Arc<AtomicBool>) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if stop.swap(true, Ordering::Relaxed) {
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
            eprintln!(
                "\nstopping after this step; the same command resumes. Press Ctrl-C again to quit at once."
            );
        }
    });
}
