//! Factors: what products in bf16 multiply by, packed, and weights in their files that are packed for as long as they are needed.

use super::operands::{Packing, Values};
use super::panels::Panels;
use super::unit::{is_there, pack};
use crate::nn::cpu::read;
use crate::weights::mapped::Mapped;
use candle_core::{DType, Result, Tensor, bail};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

/// A layer's weights for products in bf16. There are some only where [`is_there`] says so.
#[derive(Clone, Debug)]
pub struct Factors(Arc<Panels>);

impl Factors {
    /// Of a dense f32 `weight` \[o, i] or \[o, i, k, k].
    ///
    /// # Errors
    /// There is no AMX, or it has no such shape.
    pub fn new(weight: &Tensor, packing: Packing) -> Result<Self> {
        read([weight], |[values]| Self::packed(Values::Single(values), weight.dims(), (packing, true)))
    }

    fn packed(values: Values<'_>, shape: &[usize], packing: (Packing, bool)) -> Result<Self> {
        if !is_there() {
            bail!("this computer has no AMX");
        }
        let sizes = match *shape {
            [outputs, inputs] => [outputs, inputs, 1],
            [outputs, inputs, h, w] if h == w => [outputs, inputs, h * w],
            _ => bail!("no layer has weights of {shape:?}"),
        };
        match pack(values, sizes, packing) {
            Some(panels) => Ok(Factors(Arc::new(panels))),
            None => bail!("weights of {shape:?} can't be packed"),
        }
    }

    pub(super) fn panels(&self) -> &Panels {
        &self.0
    }

    /// Number of weights.
    pub fn count(&self) -> usize {
        self.0.outputs() * self.0.inputs() * self.0.taps()
    }
}

/// A weight of 16 bits in its file, which is packed when it is needed for the first time, or whenever it is needed.
#[derive(Debug)]
pub struct Stored {
    weight: Mapped,
    packing: Packing,
    /// Whether its factors are kept, and not only for as long as somebody holds them.
    keeps: bool,
    kept: OnceLock<Factors>,
    packed: Mutex<Weak<Panels>>,
}

impl Stored {
    /// Of `weight` \[o, i] or \[o, i, k, k], whose factors are kept or not.
    pub fn new(weight: Mapped, packing: Packing, keeps: bool) -> Self {
        Stored { weight, packing, keeps, kept: OnceLock::new(), packed: Mutex::default() }
    }

    /// Its factors. Threads that ask for them at the same time may each pack their own: nobody waits for a thread that packs, since that
    /// one may be lent out to whoever waits.
    ///
    /// # Errors
    /// As those of [`Factors::new`].
    pub fn factors(&self) -> Result<Factors> {
        if let Some(factors) = self.kept.get() {
            return Ok(factors.clone());
        }
        let held = || self.packed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(panels) = held().upgrade() {
            return Ok(Factors(panels));
        }
        let values = match self.weight.dtype() {
            DType::F16 => Values::Half(self.weight.bytes()),
            DType::BF16 => Values::Brain(self.weight.bytes()),
            other => bail!("a mapped weight of {other:?} can't be packed"),
        };
        let factors = Factors::packed(values, self.weight.dims(), (self.packing, self.keeps))?;
        if self.keeps {
            self.weight.let_go();
            return Ok(self.kept.get_or_init(|| factors).clone());
        }
        *held() = Arc::downgrade(&factors.0);
        Ok(factors)
    }
}
