//! The processor's tiles: whether they are there, what they hold, and the one kernel that multiplies them.

use super::super::panels::{BLOCK, Line, ROWS};
use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count};
use std::marker::PhantomData;
use std::sync::OnceLock;

/// Sums of 16 rows and 16 outputs.
pub type Square = [[f32; ROWS]; ROWS];

/// The sums of 32 rows and 32 outputs: upper left, upper right, lower left, lower right.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
pub struct Sums(pub [Square; 4]);

impl Sums {
    /// All zeros.
    pub const ZERO: Sums = Sums([[[0.0; ROWS]; ROWS]; 4]);
}

/// What is multiplied: lines in memory, of which a tile is sixteen.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a> {
    /// All of them.
    pub lines: &'a [Line],
    /// How many lines lie from row to row of a tile.
    pub stride: usize,
    /// Where the steps of a product lie, in lines from a tile's first.
    pub offsets: &'a [u32],
    /// The largest of the offsets.
    pub reach: usize,
}

/// This thread's tiles, set up. Whoever has this may use AMX and the AVX-512 of the processors that have it.
#[derive(Debug)]
pub struct Tiles(PhantomData<*const ()>);

/// Whether this computer multiplies in bf16: the processor has AMX, and the system lets this program use it.
pub fn is_there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        let vectors = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bf16")
            && is_x86_feature_detected!("fma");
        vectors && has_amx() && crate::system::lets_use_tiles()
    })
}

/// What cpuid and the system's register of what it saves say. (`is_x86_feature_detected!("amx-bf16")` is not stable.)
fn has_amx() -> bool {
    // AMX-BF16 and AMX-TILE in leaf 7; configuration and data of tiles in the register.
    const FEATURES: u32 = 1 << 22 | 1 << 24;
    const SAVED: u32 = 3 << 17;
    let saves = __cpuid(1).ecx & 1 << 27 != 0;
    if __cpuid(0).eax < 7 || !saves || __cpuid_count(7, 0).edx & FEATURES != FEATURES {
        return false;
    }
    let enabled: u32;
    #[allow(unsafe_code, reason = "there is no other way to read this register on stable Rust")]
    // SAFETY: cpuid says that programs may read it.
    unsafe {
        asm!("xgetbv", in("ecx") 0, out("eax") enabled, out("edx") _, options(nomem, nostack));
    }
    enabled & SAVED == SAVED
}

impl Tiles {
    /// Sets up this thread's tiles, all of 16 rows of 64 bytes; none where there are none. It takes 50 ns: every task begins with it.
    pub fn of_this_thread() -> Option<Tiles> {
        is_there().then(|| {
            let mut config = [0u8; 64];
            config[0] = 1;
            config[16..32].copy_from_slice(&[64, 0].repeat(8));
            config[48..56].fill(16);
            #[allow(unsafe_code, reason = "the compiler knows no AMX")]
            // SAFETY: AMX is there, and this is a valid configuration.
            unsafe {
                asm!("ldtilecfg [{}]", in(reg) config.as_ptr(), options(readonly, nostack));
            }
            Tiles(PhantomData)
        })
    }

    /// Adds to the sums, or to zeros where they are `fresh`, what the rows of two tiles, which begin with the lines `at`, make of the weights
    /// `right`, 32 lines a step: those of 16 outputs and of 16 more.
    ///
    /// # Panics
    /// If a tile does not lie in the lines, or there are not as many weights as steps.
    pub fn multiply(&self, left: Left<'_>, at: [usize; 2], right: &[Line], (sums, fresh): (&mut Sums, bool)) {
        let last = at[0].max(at[1]) + left.reach + (ROWS - 1) * left.stride;
        assert!(last < left.lines.len(), "a tile is cut short");
        assert!(
            !left.offsets.is_empty() && right.len() == BLOCK * left.offsets.len(),
            "steps without weights"
        );
        let (upper, lower) = (&left.lines[at[0]], &left.lines[at[1]]);
        #[allow(unsafe_code, reason = "the compiler knows no AMX")]
        // SAFETY: this thread's tiles are set up. It reads lines and weights, as was just checked (offsets are at most `reach`), and writes
        // the sums. It is one block, so that no tile has to outlive it. Tiles 0 to 3 are the sums, 4 and 5 left, 6 and 7 right.
        unsafe {
            asm!(
                "test {fresh:e}, {fresh:e}", "jz 3f",
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3", "jmp 2f",
                "3:",
                "tileloadd tmm0, [{sums} + {line}]", "tileloadd tmm1, [{sums} + {line} + 1024]",
                "tileloadd tmm2, [{sums} + {line} + 2048]", "tileloadd tmm3, [{sums} + {line} + 3072]",
                "2:",
                "mov {to:e}, dword ptr [{offsets}]", "shl {to}, 6", "add {offsets}, 4",
                "lea {from}, [{upper} + {to}]", "add {to}, {lower}",
                "tileloadd tmm6, [{right} + {line}]",
                "tileloadd tmm4, [{from} + {stride}]", "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{right} + {line} + 1024]", "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{to} + {stride}]",
                "tdpbf16ps tmm2, tmm5, tmm6", "tdpbf16ps tmm3, tmm5, tmm7",
                "add {right}, 2048", "cmp {offsets}, {end}", "jne 2b",
                "tilestored [{sums} + {line}], tmm0", "tilestored [{sums} + {line} + 1024], tmm1",
                "tilestored [{sums} + {line} + 2048], tmm2", "tilestored [{sums} + {line} + 3072], tmm3",
                fresh = in(reg) u32::from(fresh), to = out(reg) _, from = out(reg) _,
                upper = in(reg) upper, lower = in(reg) lower,
                right = inout(reg) right.as_ptr() => _, sums = in(reg) sums,
                offsets = inout(reg) left.offsets.as_ptr() => _, end = in(reg) left.offsets.as_ptr_range().end,
                line = in(reg) 64usize, stride = in(reg) 64 * left.stride,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack)
            );
        }
    }
}
