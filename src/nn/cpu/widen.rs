//! Weights of 16 bits in single precision, for as long as they are multiplied by.

use super::{PIECE, each_piece, tensor};
use candle_core::{CpuStorage, Result, Storage, Tensor, bail};
use half::slice::HalfFloatSliceExt;

/// A dense tensor of half precision or brain floats on the CPU in single precision: every value is the same number.
pub fn widen(x: &Tensor) -> Result<Tensor> {
    let (storage, layout) = x.storage_and_layout();
    let (Storage::Cpu(storage), Some((from, to))) = (&*storage, layout.contiguous_offsets()) else {
        bail!("a tensor to be widened is not dense on the CPU");
    };
    let size = (to - from, PIECE);
    let values = match storage {
        CpuStorage::F16(all) => each_piece(size, |i, out| {
            all[from + i * PIECE..][..out.len()].convert_to_f32_slice(out);
        }),
        CpuStorage::BF16(all) => each_piece(size, |i, out| {
            all[from + i * PIECE..][..out.len()].convert_to_f32_slice(out);
        }),
        _ => bail!("a tensor to be widened is not of 16 bits"),
    };
    tensor(values, x.dims())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::noise;
    use candle_core::DType;

    #[test]
    fn it_is_candles_conversion() {
        let x = noise(1, &[3, PIECE / 2 + 5]);
        for dtype in [DType::F16, DType::BF16] {
            let narrow = x.to_dtype(dtype).unwrap();
            let part = narrow.narrow(0, 1, 2).unwrap();
            for narrow in [narrow, part] {
                let (ours, theirs) = (widen(&narrow).unwrap(), narrow.to_dtype(DType::F32).unwrap());
                assert_eq!(ours.dims(), theirs.dims());
                assert!(
                    ours.flatten_all().unwrap().to_vec1::<f32>().unwrap()
                        == theirs.flatten_all().unwrap().to_vec1::<f32>().unwrap()
                );
            }
        }
        assert!(widen(&x).is_err() && widen(&x.to_dtype(DType::F16).unwrap().t().unwrap()).is_err());
    }
}
