//! Overlays: weights that adapters change while the model is in use.
//!
//! The weight itself stays as it was loaded. What the layer computes with is set anew for every window, in the cheapest way that is right: where an
//! adapter's strength is the same in all frames it is merged into a copy, W + s · D; where it differs from frame to frame, the layer's
//! result gets s_f · D x for the rows x of frame f, by the two small factors of D where it has some. All strengths 0: the weight as it was.

use candle_core::{DType, Result, Tensor};
use std::sync::{Arc, PoisonError, RwLock};

/// A weight and what moving adapters add to it.
#[derive(Debug)]
pub struct Overlay {
    base: Tensor,
    /// By the number of the adapter.
    differences: Vec<(usize, Difference)>,
    now: RwLock<Arc<Now>>,
}

/// A difference of a weight at strength 1, f32 on the weight's device.
#[derive(Clone, Debug)]
pub enum Difference {
    /// \[rank, inputs · kernel] and \[outputs, rank].
    Product(Tensor, Tensor),
    /// As the weight.
    Whole(Tensor),
}

/// What a layer computes with until its strengths change.
#[derive(Debug)]
pub struct Now {
    /// The weight with all that is the same in every frame.
    pub weight: Tensor,
    /// What differs from frame to frame.
    pub moving: Vec<Moving>,
    /// The strengths that are merged, by the numbers of their adapters.
    merged: Vec<(usize, f32)>,
}

/// A difference whose strength differs from frame to frame, of the weight's type.
#[derive(Clone, Debug)]
pub struct Moving {
    /// The difference \[outputs, ..], or its first factor \[rank, ..].
    pub first: Tensor,
    /// Its second factor \[outputs, rank].
    pub second: Option<Tensor>,
    /// The strength in every frame.
    pub strengths: Arc<[f32]>,
}

impl Overlay {
    /// Over `base`; `differences` by the numbers of their adapters.
    pub fn new(base: Tensor, differences: Vec<(usize, Difference)>) -> Self {
        let now = Now { weight: base.clone(), moving: Vec::new(), merged: Vec::new() };
        Overlay { base, differences, now: RwLock::new(Arc::new(now)) }
    }

    /// What the layer computes with.
    pub fn now(&self) -> Arc<Now> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The weight as it was loaded.
    pub fn base(&self) -> &Tensor {
        &self.base
    }

    /// Sets the strengths, by adapter and frame; an adapter without any counts for nothing.
    ///
    /// # Errors
    /// The device has no room for a copy of the weight.
    pub fn turn(&self, strengths: &[Arc<[f32]>]) -> Result<()> {
        let (mut merged, mut moving) = (Vec::new(), Vec::new());
        for (number, difference) in &self.differences {
            let Some(own) = strengths.get(*number).filter(|own| own.iter().any(|s| *s != 0.0)) else {
                continue;
            };
            match own.iter().all(|s| *s == own[0]) {
                true => merged.push((*number, own[0])),
                false => moving.push(self.moving(difference, own)?),
            }
        }
        let before = self.now();
        if moving.is_empty() && before.moving.is_empty() && before.merged == merged {
            return Ok(());
        }
        let weight = if before.merged == merged { before.weight.clone() } else { self.with(&merged)? };
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Now { weight, moving, merged });
        Ok(())
    }

    fn moving(&self, difference: &Difference, strengths: &Arc<[f32]>) -> Result<Moving> {
        let (shape, dtype) = (self.base.dims(), self.base.dtype());
        let (first, second) = match difference {
            Difference::Whole(whole) => (whole.to_dtype(dtype)?, None),
            Difference::Product(first, second) => {
                let rank = second.dim(1)?;
                let inner: Vec<usize> = [rank].into_iter().chain(shape[1..].iter().copied()).collect();
                (first.reshape(inner)?.to_dtype(dtype)?, Some(second.to_dtype(dtype)?))
            }
        };
        Ok(Moving { first, second, strengths: strengths.clone() })
    }

    /// The weight with these strengths merged.
    fn with(&self, merged: &[(usize, f32)]) -> Result<Tensor> {
        if merged.is_empty() {
            return Ok(self.base.clone());
        }
        let mut sum = self.base.to_dtype(DType::F32)?;
        for (number, strength) in merged {
            for (_, difference) in self.differences.iter().filter(|(own, _)| own == number) {
                let whole = match difference {
                    Difference::Whole(whole) => whole.clone(),
                    Difference::Product(first, second) => second.matmul(first)?.reshape(self.base.dims())?,
                };
                sum = (sum + (whole * f64::from(*strength))?)?;
            }
        }
        sum.to_dtype(self.base.dtype())
    }
}
