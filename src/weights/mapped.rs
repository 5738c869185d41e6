//! Mapped weights: large tensors of 16 bits that stay in their file, of which the system keeps one copy for all programs that read them.
//!
//! Pages come as they are touched and may go when memory is short, for the file has them. A file must not change while it is in use: what
//! was mapped would change with it, and where it became shorter the system ends the program.

use super::element::Element;
use candle_core::{DType, Result, Tensor};
use memmap2::Mmap;
#[cfg(unix)]
use memmap2::UncheckedAdvice;
use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// What a layer multiplies by.
#[derive(Debug)]
pub enum Weight {
    /// A tensor in memory.
    Held(Tensor),
    /// One in its file.
    Mapped(Mapped),
}

impl Weight {
    /// Number of values.
    pub fn elem_count(&self) -> usize {
        match self {
            Weight::Held(tensor) => tensor.elem_count(),
            Weight::Mapped(mapped) => mapped.shape.iter().product(),
        }
    }

    /// The same values in another shape of as many.
    pub(super) fn reshaped(self, shape: &[usize]) -> Result<Self> {
        Ok(match self {
            Weight::Held(tensor) => Weight::Held(tensor.reshape(shape)?),
            Weight::Mapped(mapped) => Weight::Mapped(Mapped { shape: shape.to_vec(), ..mapped }),
        })
    }
}

/// A tensor of half precision or brain floats in a mapped file.
#[derive(Clone, Debug)]
pub struct Mapped {
    file: Arc<Mmap>,
    place: Range<usize>,
    shape: Vec<usize>,
    dtype: DType,
}

impl Mapped {
    /// The values as the file has them, in little-endian order.
    pub fn bytes(&self) -> &[u8] {
        &self.file[self.place.clone()]
    }

    /// Lets the system take its pages from this program, which doesn't need them soon; they come again when they are read.
    pub fn let_go(&self) {
        #[cfg(unix)]
        {
            let (from, count) = (self.place.start, self.place.len());
            #[allow(unsafe_code, reason = "of memory that isn't a file's, it would lose what is in there")]
            // SAFETY: the pages are a file's that is only read, and hold the same again when they are read again.
            let advised = unsafe { self.file.unchecked_advise_range(UncheckedAdvice::DontNeed, from, count) };
            // It is a hint.
            drop(advised);
        }
    }

    /// Its shape.
    pub fn dims(&self) -> &[usize] {
        &self.shape
    }

    /// F16 or BF16.
    pub fn dtype(&self) -> DType {
        self.dtype
    }
}

/// A file that is mapped when the first tensor of it is wanted so.
#[derive(Debug, Default)]
pub(super) struct Mapping(OnceLock<Option<Arc<Mmap>>>);

impl Mapping {
    /// The tensor of `shape` that lies at `place` in `file`; none where it doesn't have 16 bits, or the system maps no files.
    pub fn tensor(
        &self,
        file: &File,
        place: Range<usize>,
        (element, shape): (Element, &[usize]),
    ) -> Option<Mapped> {
        let dtype = match element {
            Element::F16 => DType::F16,
            Element::Bf16 => DType::BF16,
            _ => return None,
        };
        let file = self.0.get_or_init(|| map(file)).clone()?;
        let fits =
            shape.iter().product::<usize>().checked_mul(2) == Some(place.len()) && place.end <= file.len();
        fits.then(|| Mapped { file, place, shape: shape.to_vec(), dtype })
    }
}

fn map(file: &File) -> Option<Arc<Mmap>> {
    #[allow(
        unsafe_code,
        reason = "no lock keeps others from changing a file; models aren't changed in place"
    )]
    // SAFETY: it is read as bytes, of which every value is one; what becomes of a file that changes stands above.
    let map = unsafe { Mmap::map(file) };
    map.ok().map(Arc::new)
}
