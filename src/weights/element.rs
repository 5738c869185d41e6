//! Number formats of stored tensors, and the tensor that is made of their bytes.

use candle_core::{DType, Device, Result, Tensor};

/// The format of a stored tensor's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Double precision.
    F64,
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// Brain floats.
    Bf16,
    /// 8 bits: sign, 4 of exponent, 3 of fraction; finite, with two NaNs (`float8_e4m3fn`).
    E4m3,
    /// 8 bits: the upper half of half precision (`float8_e5m2`).
    E5m2,
    /// Something that no weight is made of: its name, and its size in bytes.
    Other(&'static str, usize),
}

impl Element {
    /// Bytes a value.
    pub fn width(self) -> usize {
        match self {
            Element::F64 => 8,
            Element::F32 => 4,
            Element::F16 | Element::Bf16 => 2,
            Element::E4m3 | Element::E5m2 => 1,
            Element::Other(_, width) => width,
        }
    }

    /// What it is called, like `f16`.
    pub fn name(self) -> &'static str {
        match self {
            Element::F64 => "f64",
            Element::F32 => "f32",
            Element::F16 => "f16",
            Element::Bf16 => "bf16",
            Element::E4m3 => "fp8 (E4M3)",
            Element::E5m2 => "fp8 (E5M2)",
            Element::Other(name, _) => name,
        }
    }

    /// The tensor of `shape` on the CPU whose values are `bytes`, little-endian; formats of 8 bits are widened to half precision,
    /// which holds all their values. None where weights aren't made of it.
    pub fn tensor(self, bytes: Vec<u8>, shape: &[usize]) -> Option<Result<Tensor>> {
        let (bytes, dtype) = match self {
            Element::F64 => (bytes, DType::F64),
            Element::F32 => (bytes, DType::F32),
            Element::F16 => (bytes, DType::F16),
            Element::Bf16 => (bytes, DType::BF16),
            Element::E4m3 => (widened(&bytes, from_e4m3), DType::F16),
            Element::E5m2 => (widened(&bytes, |byte| u16::from(byte) << 8), DType::F16),
            Element::Other(..) => return None,
        };
        Some(Tensor::from_raw_buffer(&bytes, dtype, shape, &Device::Cpu))
    }

    /// The number that `bytes`, little-endian, are; of whole numbers and truth values as well. None where they aren't one.
    pub fn number(self, bytes: Vec<u8>) -> Option<f64> {
        let Element::Other(name, _) = self else {
            let wide =
                self.tensor(bytes, &[1])?.and_then(|t| t.to_dtype(DType::F64)?.to_vec1::<f64>()).ok()?;
            return wide.first().copied();
        };
        Some(match name {
            "i64" => i64::from_le_bytes(bytes.try_into().ok()?) as f64,
            "i32" => i32::from_le_bytes(bytes.try_into().ok()?).into(),
            "i16" => i16::from_le_bytes(bytes.try_into().ok()?).into(),
            "i8" => i8::from_le_bytes(bytes.try_into().ok()?).into(),
            "u8" | "bool" => u8::from_le_bytes(bytes.try_into().ok()?).into(),
            _ => return None,
        })
    }
}

fn widened(bytes: &[u8], half: impl Fn(u8) -> u16) -> Vec<u8> {
    bytes.iter().flat_map(|byte| half(*byte).to_le_bytes()).collect()
}

/// The bits of the half-precision number that equals an E4M3 number.
fn from_e4m3(byte: u8) -> u16 {
    let sign = u16::from(byte & 0x80) << 8;
    let (exponent, fraction) = (u16::from(byte >> 3 & 15), u16::from(byte & 7));
    let magnitude = match (exponent, fraction) {
        (15, 7) => 0x7e00,
        (0, 0) => 0,
        // fraction · 2⁻⁹: its highest bit becomes the implied one. The bias of half precision is 15.
        (0, _) => {
            let high = fraction.ilog2() as u16;
            (15 - 9 + high) << 10 | (fraction << (10 - high) & 0x3ff)
        }
        _ => (exponent + 15 - 7) << 10 | fraction << 7,
    };
    sign | magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(element: Element, bytes: Vec<u8>) -> Vec<f32> {
        let shape = [bytes.len() / element.width()];
        let tensor = element.tensor(bytes, &shape).unwrap().unwrap();
        tensor.to_dtype(DType::F32).unwrap().to_vec1().unwrap()
    }

    /// The formula of the format: (-1)^s · 2^(e - bias) · (1 + f), and without the implied one at e = 0.
    fn formula(byte: u8, exponent_bits: i32) -> f32 {
        let fraction_bits = 7 - exponent_bits;
        let exponent = i32::from(byte & 0x7f) >> fraction_bits;
        let fraction = f32::from(byte & ((1 << fraction_bits) - 1)) / 2f32.powi(fraction_bits);
        let bias = (1 << (exponent_bits - 1)) - 1;
        let size = match exponent {
            0 => fraction * 2f32.powi(1 - bias),
            _ => (1.0 + fraction) * 2f32.powi(exponent - bias),
        };
        if byte & 0x80 == 0 { size } else { -size }
    }

    #[test]
    fn every_number_of_8_bits_has_its_value() {
        let all: Vec<u8> = (0..=255).collect();
        for (byte, value) in all.iter().zip(values(Element::E4m3, all.clone())) {
            match byte & 0x7f {
                0x7f => assert!(value.is_nan()),
                _ => assert_eq!(value, formula(*byte, 4), "{byte:#x}"),
            }
        }
        for (byte, value) in all.iter().zip(values(Element::E5m2, all.clone())) {
            match byte & 0x7f {
                0x7d..=0x7f => assert!(value.is_nan()),
                0x7c => assert!(value.is_infinite()),
                _ => assert_eq!(value, formula(*byte, 5), "{byte:#x}"),
            }
        }
    }

    #[test]
    fn integers_are_no_weights() {
        assert!(Element::Other("i64", 8).tensor(vec![0; 8], &[1]).is_none());
        assert_eq!(Element::Other("i64", 8).number((-3i64).to_le_bytes().to_vec()), Some(-3.0));
        assert_eq!(Element::Other("bool", 1).number(vec![1]), Some(1.0));
        assert_eq!(Element::F16.number(vec![0, 0x3c]), Some(1.0));
        assert_eq!(Element::F32.number(vec![0, 0x3c]), None);
    }
}
