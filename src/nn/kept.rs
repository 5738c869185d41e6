//! What layers multiply by: a weight as it was stored, or rounded and packed, and what adapters make of it.

use super::cpu::bf16::{Factors, Packing, Stored};
use super::cpu::is_fast;
use super::cpu::widen::{widen, widen_mapped};
use crate::error::Result;
use crate::weights::adapter::{Now, Overlay};
use crate::weights::{Scope, Weight};
use candle_core::{DType, Result as TensorResult, Tensor, TensorId};
use std::sync::{Arc, Mutex, PoisonError};

/// What a layer multiplies by.
#[derive(Debug)]
pub(super) enum Kept {
    /// The weight, as it is or as it was stored.
    Weight(Weight),
    /// The weight in bf16, packed.
    Rounded(Factors),
    /// A large weight in its file, packed in bf16 when it is needed.
    Stored(Box<Stored>),
    /// What was packed of a weight that adapters turn, until they turn it again.
    Turned(Mutex<Option<(TensorId, Factors)>>),
}

impl Kept {
    /// Packed factors, where products round them; `overlay` is what turns the weight.
    pub fn factors(&self, overlay: Option<&Now>) -> TensorResult<Option<Factors>> {
        match (self, overlay) {
            (Kept::Weight(_), _) | (Kept::Turned(_), None) => Ok(None),
            (Kept::Rounded(factors), _) => Ok(Some(factors.clone())),
            (Kept::Stored(stored), _) => stored.factors().map(Some),
            (Kept::Turned(packed), Some(now)) => {
                let held = || packed.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((id, factors)) = &*held()
                    && *id == now.weight.id()
                {
                    return Ok(Some(factors.clone()));
                }
                // Nobody waits meanwhile: a thread that packs may be lent out to whoever waits.
                let factors = Factors::new(&now.weight, Packing::Plain)?;
                *held() = Some((now.weight.id(), factors.clone()));
                Ok(Some(factors))
            }
        }
    }

    /// As [`Self::factors`], where `overlay` leaves the weight the same in all frames.
    pub fn still_factors(&self, overlay: Option<&Overlay>) -> TensorResult<Option<Factors>> {
        let now = overlay.map(Overlay::now);
        if now.as_ref().is_some_and(|now| !now.moving.is_empty()) {
            return Ok(None);
        }
        self.factors(now.as_deref())
    }

    /// The weight itself, where products don't round.
    pub fn weight(&self) -> Option<&Weight> {
        match self {
            Kept::Weight(weight) => Some(weight),
            Kept::Rounded(_) | Kept::Stored(_) | Kept::Turned(_) => None,
        }
    }

    /// The same, rounded and packed.
    pub fn rounded(self) -> TensorResult<Self> {
        match self {
            Kept::Weight(weight) => Factors::new(&widened(&weight)?, Packing::Plain).map(Kept::Rounded),
            rounded => Ok(rounded),
        }
    }
}

/// Weights from this size on are better packed once by all threads than by each for its rows, and worth being kept in 16 bits.
pub(super) const LARGE_WEIGHT: usize = 1 << 19;

/// What a layer of `shape` multiplies by, and what lies over it. On a CPU a large one that nothing lies over may be kept in 16 bits or
/// in its file, and is widened, or packed, when it is needed. Matrices and 1x1 convolutions stand for each other.
pub(super) fn weight_of(scope: &Scope<'_>, shape: &[usize]) -> Result<(Kept, Option<Arc<Overlay>>)> {
    packed_weight_of(scope, shape, Packing::Plain)
}

/// As [`weight_of`]; where products round their factors, they are packed so, but for those that adapters turn.
pub(super) fn packed_weight_of(
    scope: &Scope<'_>,
    shape: &[usize],
    packing: Packing,
) -> Result<(Kept, Option<Arc<Overlay>>)> {
    let rounds = scope.placement().rounds();
    let large = shape.iter().product::<usize>() >= LARGE_WEIGHT;
    let (weight, overlay) = scope.weight(shape, rounds || large)?;
    let kept = match weight {
        weight if !rounds => Kept::Weight(weight),
        _ if overlay.is_some() => Kept::Turned(Mutex::default()),
        Weight::Mapped(weight) if large => {
            Kept::Stored(Box::new(Stored::new(weight, packing, scope.keeps())))
        }
        weight => {
            let factors = widened(&weight).and_then(|weight| Factors::new(&weight, packing));
            Kept::Rounded(factors.map_err(|e| scope.error(e))?)
        }
    };
    Ok((kept, overlay))
}

/// A weight in single precision.
fn widened(weight: &Weight) -> TensorResult<Tensor> {
    match weight {
        Weight::Held(weight) if weight.dtype() == DType::F32 => Ok(weight.clone()),
        Weight::Held(weight) => widen(weight),
        Weight::Mapped(weight) => widen_mapped(weight),
    }
}

/// A weight as it is multiplied by `x`.
pub(super) fn beside(weight: &Weight, x: &Tensor) -> TensorResult<Tensor> {
    match weight {
        Weight::Held(weight) if is_fast(x) && weight.dtype() != x.dtype() => widen(weight),
        Weight::Held(weight) => Ok(weight.clone()),
        Weight::Mapped(weight) => widen_mapped(weight),
    }
}
