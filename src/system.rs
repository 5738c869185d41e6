//! The operating system and the environment, and what is asked of them: when freed memory goes back, and which threads do what and
//! give way to others.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// From now on freed memory stays with the program, for whoever asks next, until [`give_back`].
///
/// The tensors of a step come and go by the hundred, megabytes each. Left alone the C library returns much of it every time,
/// and each page that is asked for again costs a fault and comes back to be zeroed.
pub fn keep() {
    KEEPS.store(true, Ordering::Relaxed);
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "the C library has no other door")]
    // SAFETY: these take plain numbers, are called before there is a second thread, and a refusal changes nothing.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        // The highest that it takes: larger pieces are mapped one by one.
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
    }
}

/// From now on all threads take memory from one heap: less lies idle, and in a process of few threads none waits for another.
pub fn share_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "the C library has no other door")]
    // SAFETY: it takes plain numbers, and a refusal changes nothing.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// From now on candle's passes over tensors run on the thread that asks for them.
///
/// It shares them among threads of its own, which the asking thread waits for by spinning. Beside a pool that keeps all cores
/// busy that takes more time than it saves: 3 % of a render on two cores.
pub fn share_nothing() {
    const THREADS: &str = "CANDLE_NUM_THREADS";
    if std::env::var_os(THREADS).is_none() {
        #[allow(unsafe_code, reason = "candle has no other door")]
        // SAFETY: this is called before there is a second thread that could read the environment.
        unsafe {
            std::env::set_var(THREADS, "1");
        }
    }
}

/// Gives back what was freed but is still held for whoever asks next.
///
/// Listening takes a lot of small lists, more for a long track, which the C library would keep; a render asks for large
/// pieces and would come on top of them.
pub fn give_back() {
    let mut freed = freed();
    while freed.count > 0 {
        let (piece, size) = freed.remove(0);
        release(piece, size);
    }
    drop(freed);
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "the C library has no other door")]
    // SAFETY: it takes no pointer, touches only free memory, and may be called from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Asks for large pages behind a large piece of memory that is about to be filled, where the system has some.
///
/// Pieces too large for the C library to keep are new memory every time. Filled page by page each costs a fault for every 4 KB, which on
/// virtual machines can take longer than what it is filled with.
pub fn in_large_pages<T>(memory: &mut [std::mem::MaybeUninit<T>]) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let range = memory.as_mut_ptr_range();
        let (begin, end) = (range.start.addr().next_multiple_of(PAGE), range.end.addr() / PAGE * PAGE);
        if end.saturating_sub(begin) < LARGE - 2 * PAGE {
            return;
        }
        #[allow(unsafe_code, reason = "the C library has no other door")]
        // SAFETY: these pages lie inside of the memory, and a hint changes nothing of what is in them.
        unsafe {
            libc::madvise(range.start.with_addr(begin).cast(), end - begin, libc::MADV_HUGEPAGE);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

/// The memory that this program holds, in bytes; none where the system doesn't tell.
pub fn resident_memory() -> Option<u64> {
    kilobytes("/proc/self/status", "VmRSS:")
}

/// The most memory that this program has held at once, in bytes; none where the system doesn't tell.
pub fn peak_memory() -> Option<u64> {
    kilobytes("/proc/self/status", "VmHWM:")
}

/// Memory of this computer that is free or can be freed, in bytes; none where the system doesn't tell.
pub fn available_memory() -> Option<u64> {
    kilobytes("/proc/meminfo", "MemAvailable:")
}

/// The number behind `name` in a file of the system, which is of kilobytes, in bytes.
fn kilobytes(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok()?.checked_mul(1024)
}

/// What all threads of this program have worked until now, in seconds; none where the system doesn't tell.
pub fn processor_time() -> Option<f64> {
    #[cfg(unix)]
    #[allow(unsafe_code, reason = "the C library has no other door")]
    {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: it fills the structure that it is given, and says if it didn't.
        let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
        (failed == 0).then_some(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
    }
    #[cfg(not(unix))]
    None
}

/// Whether the system lets this program use the matrix registers of its processor (AMX), for which programs have to ask.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub fn lets_use_tiles() -> bool {
    // ARCH_REQ_XCOMP_PERM, and the number of the registers' data.
    const ASK: libc::c_ulong = 0x1023;
    const DATA: libc::c_ulong = 18;
    #[allow(unsafe_code, reason = "the C library has no door of its own for it")]
    // SAFETY: it takes plain numbers, and a refusal changes nothing.
    let answer = unsafe { libc::syscall(libc::SYS_arch_prctl, ASK, DATA) };
    answer == 0
}

/// What this computer is called; none where the system doesn't tell.
pub fn host() -> Option<String> {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let told = told.or_else(|| ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|name| std::env::var(name).ok()));
    told.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// From now on the calling thread, and those that it starts, give way to the others.
///
/// A pass of a denoising step is over when the slowest thread is through with its part. Where all threads count the same, every
/// picture that is decoded or encoded beside it stops one of them for milliseconds while the others wait.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    #[allow(unsafe_code, reason = "the C library has no other door")]
    // SAFETY: it takes plain numbers. On Linux it is the thread that is meant, and whoever is refused goes on as before.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, 10);
    }
}

/// What `work` gives, on a thread of its own that gives way to the others, as do the threads that it starts.
pub fn in_the_background<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            give_way();
            work()
        });
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The C library's memory, of which large pieces are kept for whoever asks next for as much, once somebody calls [`keep`].
///
/// Pieces of more than the C library keeps ([`keep`]) are new memory every time, for which a fault is taken page by page; in pictures of
/// 256x256 that are decoded that is a tenth of the time. A program that wants them kept makes this its allocator.
#[derive(Debug)]
pub struct KeptMemory;

/// Whether freed memory stays with the program.
static KEEPS: AtomicBool = AtomicBool::new(false);

/// What was freed last, oldest first.
static FREED: Mutex<Freed> = Mutex::new(Freed { pieces: [(0, 0); SLOTS], count: 0 });

/// Pieces that are kept at most, and bytes of all of them.
const SLOTS: usize = 16;
const MOST_KEPT: usize = 192 << 20;
/// Large pieces are of whole numbers of these, so that one fits the next.
const UNIT: usize = 4 << 20;
/// Where large pieces begin: at a cache line.
const ALIGNED: usize = 64;
/// Bytes from which on a piece is large.
const LARGE: usize = 32 << 20;

struct Freed {
    /// Addresses and sizes.
    pieces: [(usize, usize); SLOTS],
    count: usize,
}

impl Freed {
    /// A piece of exactly this size, the one that was freed last.
    fn take(&mut self, size: usize) -> Option<usize> {
        let at = self.pieces[..self.count].iter().rposition(|(_, own)| *own == size)?;
        Some(self.remove(at).0)
    }

    fn remove(&mut self, at: usize) -> (usize, usize) {
        let piece = self.pieces[at];
        self.pieces.copy_within(at + 1..self.count, at);
        self.count -= 1;
        piece
    }

    /// The oldest, if there is no room beside it for a piece of this size.
    fn oldest(&mut self, size: usize) -> Option<(usize, usize)> {
        let all: usize = self.pieces[..self.count].iter().map(|(_, own)| own).sum();
        let full = self.count == SLOTS || all + size > MOST_KEPT;
        (full && self.count > 0).then(|| self.remove(0))
    }
}

/// A large piece as it is asked for, in whole units.
fn in_units(layout: Layout) -> Option<Layout> {
    let large = layout.size() >= LARGE && layout.align() <= ALIGNED;
    let size = layout.size().checked_next_multiple_of(UNIT).filter(|_| large)?;
    Layout::from_size_align(size, ALIGNED).ok()
}

/// Gives a freed piece back to the C library.
fn release(piece: usize, size: usize) {
    #[allow(unsafe_code, reason = "an allocator is unsafe by its trait")]
    // SAFETY: it was asked for with this layout, and who takes it from the freed is the only one who has it.
    unsafe {
        let layout = Layout::from_size_align_unchecked(size, ALIGNED);
        System.dealloc(std::ptr::with_exposed_provenance_mut(piece), layout);
    }
}

fn freed() -> MutexGuard<'static, Freed> {
    FREED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[allow(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: small pieces are the C library's; a large one is asked for and given back with the same layout, which its own decides, and is
// either in use or among the freed.
unsafe impl GlobalAlloc for KeptMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(wide) = in_units(layout) else { return unsafe { System.alloc(layout) } };
        let kept = freed().take(wide.size());
        kept.map_or_else(|| unsafe { System.alloc(wide) }, std::ptr::with_exposed_provenance_mut)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some(wide) = in_units(layout) else { return unsafe { System.alloc_zeroed(layout) } };
        let Some(kept) = freed().take(wide.size()) else { return unsafe { System.alloc_zeroed(wide) } };
        let kept = std::ptr::with_exposed_provenance_mut::<u8>(kept);
        unsafe { kept.write_bytes(0, layout.size()) };
        kept
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        let Some(wide) = in_units(layout) else { return unsafe { System.dealloc(piece, layout) } };
        if wide.size() > MOST_KEPT || !KEEPS.load(Ordering::Relaxed) {
            return unsafe { System.dealloc(piece, wide) };
        }
        let mut freed = freed();
        while let Some(oldest) = freed.oldest(wide.size()) {
            release(oldest.0, oldest.1);
        }
        let count = freed.count;
        freed.pieces[count] = (piece.expose_provenance(), wide.size());
        freed.count += 1;
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Ok(new) = Layout::from_size_align(size, layout.align()) else { return std::ptr::null_mut() };
        match (in_units(layout), in_units(new)) {
            (None, None) => unsafe { System.realloc(piece, layout, size) },
            (Some(old), Some(new)) => unsafe { System.realloc(piece, old, new.size()) },
            _ => {
                let made = unsafe { self.alloc(new) };
                if !made.is_null() {
                    unsafe { made.copy_from_nonoverlapping(piece, layout.size().min(size)) };
                    unsafe { self.dealloc(piece, layout) };
                }
                made
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of two pieces that nothing else here asks for.
    const SIZES: [usize; 2] = [LARGE + 5 * UNIT + 99, LARGE + 6 * UNIT + 99];

    #[test]
    #[allow(unsafe_code)]
    fn a_large_piece_comes_again_for_who_asks_for_as_much() {
        keep();
        let layout = |size: usize| Layout::from_size_align(size, 4).unwrap();
        // SAFETY: pieces are written and given back as they were asked for.
        unsafe {
            let first = KeptMemory.alloc(layout(SIZES[0]));
            first.write_bytes(7, SIZES[0]);
            KeptMemory.dealloc(first, layout(SIZES[0]));
            let other = KeptMemory.alloc(layout(SIZES[1]));
            let again = KeptMemory.alloc_zeroed(layout(SIZES[0] - 9));
            assert_eq!(again, first);
            assert!((0..SIZES[0] - 9).step_by(4093).all(|i| *again.add(i) == 0));
            again.write_bytes(9, 100);
            let small = KeptMemory.realloc(again, layout(SIZES[0] - 9), 100);
            assert!((0..100).all(|i| *small.add(i) == 9));
            let large = KeptMemory.realloc(small, layout(100), SIZES[0]);
            assert_eq!((large, *large.add(99)), (first, 9));
            KeptMemory.dealloc(large, layout(SIZES[0]));
            KeptMemory.dealloc(other, layout(SIZES[1]));
        }
        assert!(freed().count >= 1);
        give_back();
        assert!(freed().take(SIZES[0].next_multiple_of(UNIT)).is_none());
    }

    #[test]
    fn no_more_is_kept_than_is_said() {
        let mut freed = Freed { pieces: [(0, 0); SLOTS], count: 0 };
        for i in 0..100 {
            while freed.oldest(LARGE).is_some() {}
            freed.pieces[freed.count] = (i, LARGE);
            freed.count += 1;
            assert!(freed.count * LARGE <= MOST_KEPT && freed.count <= SLOTS);
        }
        assert_eq!((freed.take(LARGE), freed.take(UNIT)), (Some(99), None));
    }
}
