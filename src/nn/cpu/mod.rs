//! Fast paths for f32 tensors on the CPU, as plain functions from slices to new tensors.
//!
//! The first render of everybody runs on a CPU, and there most of the time goes into small passes over memory
//! that can be fused. Every function here has a counterpart in candle's own operations, which the layers take
//! on other devices and for other types.
//!
//! **Invariant:** work is cut into pieces by size alone and no sum crosses a piece, so results do not depend on
//! the number of threads.

pub mod attention;
pub mod bf16;
pub mod chain;
pub mod conv;
pub mod conv_config;
pub mod double;
pub mod flow;
pub mod gemm;
pub mod layout;
pub mod linear;
pub mod math;
pub mod norm;
pub mod pointwise;
pub mod widen;
mod winograd;

use crate::system::in_large_pages;
use candle_core::{CpuStorage, Layout};
use candle_core::{DType, Device, InplaceOp2, Result, Shape, Storage, Tensor, bail};
use rayon::prelude::*;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Values that one parallel piece of an elementwise pass handles: small enough to stay in a core's cache.
const PIECE: usize = 1 << 14;

/// True where the fast paths apply.
pub fn is_fast(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}

/// Lets `f` read the values of tensors for which [`is_fast`] holds, in row-major order.
pub fn read<const N: usize, R>(tensors: [&Tensor; N], f: impl FnOnce([&[f32]; N]) -> Result<R>) -> Result<R> {
    let dense: Vec<Tensor> = tensors.iter().map(|t| t.contiguous()).collect::<Result<_>>()?;
    let locked: Vec<_> = dense.iter().map(|t| t.storage_and_layout()).collect();
    let mut slices: [&[f32]; N] = [&[]; N];
    for (slice, (storage, layout)) in slices.iter_mut().zip(&locked) {
        *slice = values(storage, layout)?;
    }
    f(slices)
}

fn values<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(all)), Some((from, to))) => Ok(&all[from..to]),
        _ => bail!("a CPU fast path was given a tensor that is not f32 on the CPU"),
    }
}

/// `count` values, made `size` at a time in parallel: `fill` gets room to work in, which a thread keeps from piece to piece, the
/// number of a piece, and the piece, all zeros.
///
/// A piece is cleared by the thread that fills it, right before. To clear all of them first would take one thread through
/// memory while the others wait: a twentieth of a render on two cores.
pub fn pieces<T>(
    (count, size): (usize, usize),
    room: impl Fn() -> T + Sync + Send,
    fill: impl Fn(&mut T, usize, &mut [f32]) + Sync + Send,
) -> Vec<f32> {
    let mut values: Vec<f32> = Vec::with_capacity(count);
    in_large_pages(values.spare_capacity_mut());
    let parts = values.spare_capacity_mut()[..count].par_chunks_mut(size.max(1)).enumerate();
    parts.for_each_init(room, |room, (i, part)| {
        part.fill(MaybeUninit::new(0.0));
        #[allow(unsafe_code)]
        // SAFETY: all of it was just written.
        fill(room, i, unsafe { part.assume_init_mut() });
    });
    #[allow(unsafe_code)]
    // SAFETY: the parts were all of the first `count` values.
    unsafe {
        values.set_len(count);
    }
    values
}

/// [`pieces`] that need no room.
pub fn each_piece(sizes: (usize, usize), fill: impl Fn(usize, &mut [f32]) + Sync + Send) -> Vec<f32> {
    pieces(sizes, || (), |(), i, part| fill(i, part))
}

/// What `f` makes of `x` \[n, ..], at most `most` (1 or more) of its n entries at a time, as one tensor of the shape of `x`. `f`
/// is given the first entry's number and the entries; what it makes of one must not depend on the others.
///
/// Parts are worked on in parallel. A chain of layers that goes over a part small enough stays in a core's cache from end to
/// end, while over the whole tensor every layer would go through memory.
pub fn in_parts(
    x: &Tensor,
    most: usize,
    f: impl Fn(usize, Tensor) -> Result<Tensor> + Sync + Send,
) -> Result<Tensor> {
    let n = x.dim(0)?;
    if n <= most {
        return f(0, x.clone());
    }
    // An even number of parts, for processors have an even number of cores.
    let entries = n.div_ceil(n.div_ceil(most).next_multiple_of(2));
    let size = x.elem_count() / n;
    let failure = OnceLock::new();
    let out = each_piece((x.elem_count(), entries * size), |i, out| {
        let made = x.narrow(0, i * entries, out.len() / size).and_then(|part| f(i * entries, part));
        let copied = made.and_then(|made| {
            read([&made], |[made]| {
                out.copy_from_slice(made);
                Ok(())
            })
        });
        if let Err(error) = copied {
            // The first to fail is told of; the others failed for the same reason.
            let _ = failure.set(error);
        }
    });
    failure.into_inner().map_or_else(|| tensor(out, x.dims()), Err)
}

/// How many threads work on tensors.
pub fn threads() -> usize {
    rayon::current_num_threads()
}

/// What `f` makes of each number below `count`, `most` at a time.
///
/// Each is made on a thread of its own. Of the threads that layers share one that waits for others would begin with another number, so
/// that more and more would be under way.
///
/// # Errors
/// The first of `f`'s, by number.
pub fn abreast<T: Send>(count: usize, most: usize, f: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    if count <= 1 || most <= 1 {
        return (0..count).map(f).collect();
    }
    let (next, made) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(count)));
    std::thread::scope(|scope| {
        for _ in 0..most.min(count) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let one = f(number);
                    made.lock().unwrap_or_else(PoisonError::into_inner).push((number, one));
                }
            });
        }
    });
    let mut made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    made.sort_by_key(|(number, _)| *number);
    made.into_iter().map(|(_, one)| one).collect()
}

/// A tensor around `values`.
pub fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(values, shape.into(), &Device::Cpu)
}

/// Lets `f` change the values of `x` in place while it reads those of `other`. Both must be dense and fast, and
/// `x` must be a fresh result that nobody else holds.
pub fn update(x: &Tensor, other: &Tensor, f: impl Fn(&mut [f32], &[f32])) -> Result<()> {
    x.inplace_op2(other, &Update(f))
}

struct Update<F>(F);

impl<F: Fn(&mut [f32], &[f32])> InplaceOp2 for Update<F> {
    fn name(&self) -> &'static str {
        "update"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, at: &Layout, other: &CpuStorage, other_at: &Layout) -> Result<()> {
        match (x, at.contiguous_offsets(), other, other_at.contiguous_offsets()) {
            (CpuStorage::F32(x), Some((a, b)), CpuStorage::F32(o), Some((c, d))) => {
                (self.0)(&mut x[a..b], &o[c..d]);
                Ok(())
            }
            _ => bail!("a CPU fast path was given a tensor that is not dense f32"),
        }
    }
}

/// Unit Gaussians in any shape, for the tests of the fast paths.
#[cfg(test)]
pub(crate) fn noise(seed: u64, shape: &[usize]) -> Tensor {
    let mut values = vec![0.0; shape.iter().product()];
    crate::noise::gaussian(seed, crate::noise::Stream::Latents, 0, &mut values);
    Tensor::from_vec(values, shape, &Device::Cpu).expect("the values fit the shape")
}

/// How far apart two tensors of one shape are where they are farthest, for tests.
#[cfg(test)]
pub(crate) fn apart(ours: &Tensor, theirs: &Tensor) -> f32 {
    assert_eq!(ours.dims(), theirs.dims());
    let all = (ours - theirs).and_then(|d| d.abs()?.flatten_all()?.max(0)?.to_scalar());
    all.expect("tensors of one shape can be compared")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_together_in_order() {
        let x = noise(1, &[11, 3, 2]);
        let firsts = |most| {
            let marked = in_parts(&x, most, |first, part| (part * 0.0)? + first as f64).unwrap();
            marked.to_vec3::<f32>().unwrap().iter().map(|entry| entry[0][0]).collect::<Vec<_>>()
        };
        assert_eq!(firsts(11), [0.0; 11]);
        assert_eq!(firsts(6), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 6.0, 6.0, 6.0, 6.0, 6.0]);
        assert_eq!(firsts(4), [0.0, 0.0, 0.0, 3.0, 3.0, 3.0, 6.0, 6.0, 6.0, 9.0, 9.0]);
        assert_eq!(apart(&in_parts(&x, 4, |_, part| part * 2.0).unwrap(), &(&x * 2.0).unwrap()), 0.0);
    }

    #[test]
    fn what_is_made_abreast_comes_in_order_and_no_more_is_under_way() {
        let (now, highest) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let one = |number: usize| {
            highest.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let sum = in_parts(&noise(number as u64, &[64, 9]), 4, |_, part| part * 2.0)?;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok((number, apart(&sum, &(noise(number as u64, &[64, 9]) * 2.0)?)))
        };
        let made = abreast(20, 3, one).unwrap();
        assert_eq!(made, (0..20).map(|i| (i, 0.0)).collect::<Vec<_>>());
        assert!(highest.into_inner() <= 3);
        let failing = |number| if number > 4 { bail!("{number}") } else { Ok(number) };
        assert_eq!(abreast(9, 2, failing).unwrap_err().to_string().lines().next(), Some("5"));
        assert!(abreast(0, 2, failing).unwrap().is_empty());
    }

    #[test]
    fn a_part_that_fails_is_told_of() {
        let failing = |first, part| if first > 5 { bail!("no more") } else { Ok(part) };
        assert!(in_parts(&noise(1, &[11, 3]), 4, failing).unwrap_err().to_string().contains("no more"));
    }
}
