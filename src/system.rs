//! The operating system and the environment, and what is asked of them: when freed memory goes back, and which threads do what and
//! give way to others.

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
        if end.saturating_sub(begin) < LARGE_PIECE {
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

/// Bytes from which on memory is new every time: what [`keep`] asks the C library to keep at most.
#[cfg(target_os = "linux")]
const LARGE_PIECE: usize = 32 << 20;

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
