//! Lanes: some pixels side by side, in the widest vectors that the processor has.
//!
//! Everything is `#[inline(always)]`, since only what is inlined into the dispatched function is compiled for its vectors. For the
//! same reason scenes have methods where closures would be shorter.

pub(super) use pulp::Simd;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// The most lanes that any processor has.
pub(super) const MOST: usize = 16;

/// As many numbers as fit a vector.
#[derive(Clone, Copy)]
pub(super) struct Lanes<S: Simd>(S, S::f32s);

/// A truth value for each lane.
#[derive(Clone, Copy)]
pub(super) struct Mask<S: Simd>(S, S::m32s);

/// Whole numbers of 32 bits.
#[derive(Clone, Copy)]
pub(super) struct Whole<S: Simd>(S, S::u32s);

/// Runs `work` with the processor's widest vectors.
pub(super) fn dispatch<W: pulp::WithSimd>(work: W) -> W::Output {
    pulp::Arch::new().dispatch(work)
}

/// 1.5 · 2^23: what is added to it loses its fraction, and its lower bits are the whole number.
const SHIFT: f32 = 12_582_912.0;

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    pub fn splat(simd: S, value: f32) -> Self {
        Lanes(simd, simd.splat_f32s(value))
    }

    /// The same number in every lane.
    #[inline(always)]
    pub fn all(self, value: f32) -> Self {
        Lanes::splat(self.0, value)
    }

    /// `first`, `first` + 1, and so on.
    #[inline(always)]
    pub fn count_from(simd: S, first: f32) -> Self {
        const STEPS: [f32; MOST] = {
            let (mut steps, mut i) = ([0.0; MOST], 0);
            while i < MOST {
                steps[i] = i as f32;
                i += 1;
            }
            steps
        };
        Lanes::load(simd, &STEPS) + first
    }

    /// The first numbers of `from`, which may be fewer than there are lanes.
    #[inline(always)]
    pub fn load(simd: S, from: &[f32]) -> Self {
        match S::as_simd_f32s(from).0.first() {
            Some(lanes) => Lanes(simd, *lanes),
            None => Lanes(simd, simd.partial_load_f32s(from)),
        }
    }

    /// [`Self::load`] with the same vectors.
    #[inline(always)]
    pub fn loaded(self, from: &[f32]) -> Self {
        Lanes::load(self.0, from)
    }

    /// As many lanes as `to` takes.
    #[inline(always)]
    pub fn store(self, to: &mut [f32]) {
        match S::as_mut_simd_f32s(to).0.first_mut() {
            Some(lanes) => *lanes = self.1,
            None => self.0.partial_store_f32s(to, self.1),
        }
    }

    #[inline(always)]
    pub fn lanes(self) -> [f32; MOST] {
        let mut array = [0.0; MOST];
        self.store(&mut array);
        array
    }

    /// self · factor + more.
    #[inline(always)]
    pub fn mul_add(self, factor: f32, more: Self) -> Self {
        self.mul_add_lanes(self.all(factor), more)
    }

    /// self · factor + more.
    #[inline(always)]
    pub fn mul_add_lanes(self, factor: Self, more: Self) -> Self {
        Lanes(self.0, self.0.mul_add_e_f32s(self.1, factor.1, more.1))
    }

    #[inline(always)]
    pub fn bits(self) -> Whole<S> {
        Whole(self.0, self.0.transmute_u32s_f32s(self.1))
    }

    #[inline(always)]
    pub fn abs(self) -> Self {
        (self.bits() & 0x7fff_ffff).as_float()
    }

    #[inline(always)]
    pub fn min(self, other: f32) -> Self {
        self.lower(self.all(other))
    }

    #[inline(always)]
    pub fn max(self, other: f32) -> Self {
        self.upper(self.all(other))
    }

    #[inline(always)]
    pub fn lower(self, other: Self) -> Self {
        Lanes(self.0, self.0.min_f32s(self.1, other.1))
    }

    #[inline(always)]
    pub fn upper(self, other: Self) -> Self {
        Lanes(self.0, self.0.max_f32s(self.1, other.1))
    }

    #[inline(always)]
    pub fn clamp(self, low: f32, high: f32) -> Self {
        self.max(low).min(high)
    }

    /// Between 0 and 1.
    #[inline(always)]
    pub fn unit(self) -> Self {
        self.clamp(0.0, 1.0)
    }

    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Lanes(self.0, self.0.sqrt_f32s(self.1))
    }

    /// One over its root.
    #[inline(always)]
    pub fn rsqrt(self) -> Self {
        self.all(1.0) / self.sqrt()
    }

    #[inline(always)]
    pub fn sq(self) -> Self {
        self * self
    }

    /// The nearest whole number, of two the even one; below 2^22.
    #[inline(always)]
    pub fn round(self) -> Self {
        (self + SHIFT) - SHIFT
    }

    /// The whole number at or below it; below 2^22.
    #[inline(always)]
    pub fn floor(self) -> Self {
        let near = self.round();
        near.gt(self).select(near - 1.0, near)
    }

    /// How far it lies above the whole number at or below it.
    #[inline(always)]
    pub fn fract(self) -> Self {
        self - self.floor()
    }

    /// Distance to the nearest whole number.
    #[inline(always)]
    pub fn tri(self) -> Self {
        (self - self.round()).abs()
    }

    /// What remains above the multiple of `length` at or below it.
    #[inline(always)]
    pub fn remainder(self, length: f32) -> Self {
        self - (self * (1.0 / length)).floor() * length
    }

    /// A whole number between −2^22 and 2^22, in two's complement.
    #[inline(always)]
    pub fn whole(self) -> Whole<S> {
        (self + SHIFT).bits() + 0x4B40_0000u32.wrapping_neg()
    }

    #[inline(always)]
    pub fn lt(self, other: Self) -> Mask<S> {
        Mask(self.0, self.0.less_than_f32s(self.1, other.1))
    }

    #[inline(always)]
    pub fn gt(self, other: Self) -> Mask<S> {
        Mask(self.0, self.0.greater_than_f32s(self.1, other.1))
    }

    #[inline(always)]
    pub fn below(self, value: f32) -> Mask<S> {
        self.lt(self.all(value))
    }

    #[inline(always)]
    pub fn above(self, value: f32) -> Mask<S> {
        self.gt(self.all(value))
    }

    /// −1, 0 or 1.
    #[inline(always)]
    pub fn sign(self) -> Self {
        self.above(0.0).one() - self.below(0.0).one()
    }
}

impl<S: Simd> Mask<S> {
    #[inline(always)]
    pub fn select(self, yes: Lanes<S>, no: Lanes<S>) -> Lanes<S> {
        Lanes(self.0, self.0.select_f32s(self.1, yes.1, no.1))
    }

    /// 1 where it holds, 0 elsewhere.
    #[inline(always)]
    pub fn one(self) -> Lanes<S> {
        self.select(Lanes::splat(self.0, 1.0), Lanes::splat(self.0, 0.0))
    }

    /// Whether it holds in every lane.
    #[inline(always)]
    pub fn everywhere(self) -> bool {
        self.0.reduce_min_f32s(self.one().1) > 0.0
    }

    /// Whether it holds in any lane.
    #[inline(always)]
    pub fn anywhere(self) -> bool {
        self.0.reduce_max_f32s(self.one().1) > 0.0
    }
}

impl<S: Simd> Whole<S> {
    #[inline(always)]
    pub fn as_float(self) -> Lanes<S> {
        Lanes(self.0, self.0.transmute_f32s_u32s(self.1))
    }

    /// The numbers themselves; below 2^22.
    #[inline(always)]
    pub fn to_float(self) -> Lanes<S> {
        (self + 0x4B40_0000).as_float() - SHIFT
    }

    #[inline(always)]
    pub fn shl(self, bits: u32) -> Self {
        Whole(self.0, self.0.wrapping_dyn_shl_u32s(self.1, self.0.splat_u32s(bits)))
    }

    #[inline(always)]
    pub fn shr(self, bits: u32) -> Self {
        Whole(self.0, self.0.wrapping_dyn_shr_u32s(self.1, self.0.splat_u32s(bits)))
    }

    #[inline(always)]
    pub fn plus(self, other: Self) -> Self {
        Whole(self.0, self.0.add_u32s(self.1, other.1))
    }

    #[inline(always)]
    pub fn xor(self, other: Self) -> Self {
        Whole(self.0, self.0.xor_u32s(self.1, other.1))
    }

    #[inline(always)]
    pub fn lanes(self) -> [u32; MOST] {
        let mut array = [0; MOST];
        if let Some(lanes) = S::as_mut_simd_u32s(&mut array).0.first_mut() {
            *lanes = self.1;
        }
        array
    }
}

macro_rules! arithmetic {
    ($($op:ident $method:ident $call:ident)*) => { $(
        impl<S: Simd> $op for Lanes<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Lanes(self.0, self.0.$call(self.1, other.1))
            }
        }

        impl<S: Simd> $op<f32> for Lanes<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: f32) -> Self {
                Lanes(self.0, self.0.$call(self.1, self.0.splat_f32s(other)))
            }
        }

        impl<S: Simd> $op<Lanes<S>> for f32 {
            type Output = Lanes<S>;

            #[inline(always)]
            fn $method(self, other: Lanes<S>) -> Lanes<S> {
                Lanes(other.0, other.0.$call(other.0.splat_f32s(self), other.1))
            }
        }
    )* };
}

arithmetic!(Add add add_f32s Sub sub sub_f32s Mul mul mul_f32s Div div div_f32s);

impl<S: Simd> Neg for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        0.0 - self
    }
}

impl<S: Simd> Add<u32> for Whole<S> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: u32) -> Self {
        Whole(self.0, self.0.add_u32s(self.1, self.0.splat_u32s(other)))
    }
}

impl<S: Simd> Mul<u32> for Whole<S> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: u32) -> Self {
        Whole(self.0, self.0.mul_u32s(self.1, self.0.splat_u32s(other)))
    }
}

impl<S: Simd> BitAnd<u32> for Whole<S> {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: u32) -> Self {
        Whole(self.0, self.0.and_u32s(self.1, self.0.splat_u32s(other)))
    }
}

impl<S: Simd> BitAnd for Mask<S> {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Mask(self.0, self.0.and_m32s(self.1, other.1))
    }
}

impl<S: Simd> BitOr for Mask<S> {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Mask(self.0, self.0.or_m32s(self.1, other.1))
    }
}

impl<S: Simd> Not for Mask<S> {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        Mask(self.0, self.0.not_m32s(self.1))
    }
}
