//! Weights of 16 bits in single precision, for as long as they are multiplied by: from memory, and from files that are mapped.

use super::{PIECE, each_piece, tensor};
use crate::weights::mapped::Mapped;
use candle_core::{CpuStorage, DType, Result, Storage, Tensor, bail};
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

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

/// Values of a file that are turned at once, on the stack.
const TURN: usize = 256;

/// As [`widen`], of a tensor in its file.
pub fn widen_mapped(x: &Mapped) -> Result<Tensor> {
    let (bytes, size) = (x.bytes(), (x.bytes().len() / 2, PIECE));
    let part = |i: usize, out: &[f32]| &bytes[2 * i * PIECE..][..2 * out.len()];
    let values = match x.dtype() {
        DType::F16 => each_piece(size, |i, out| turn(part(i, out), f16::from_le_bytes, out)),
        DType::BF16 => each_piece(size, |i, out| turn(part(i, out), bf16::from_le_bytes, out)),
        _ => bail!("a tensor to be widened is not of 16 bits"),
    };
    tensor(values, x.dims())
}

/// The bytes of a file needn't lie where a processor wants numbers of two bytes.
fn turn<T: Copy + Default>(bytes: &[u8], read: impl Fn([u8; 2]) -> T, out: &mut [f32])
where
    [T]: HalfFloatSliceExt,
{
    let mut values = [T::default(); TURN];
    for (bytes, out) in bytes.chunks(2 * TURN).zip(out.chunks_mut(TURN)) {
        let values = &mut values[..out.len()];
        let pairs = bytes.as_chunks::<2>().0;
        values.iter_mut().zip(pairs).for_each(|(value, pair)| *value = read(*pair));
        values.convert_to_f32_slice(out);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::nn::cpu::noise;
    use crate::weights::{Placement, Weight, Weights, whole};
    use candle_core::Device;

    /// The dense `x` of 16 bits in a file, behind a header with `space` at its end.
    pub fn in_a_file(x: &Tensor, space: &str) -> Mapped {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let (name, words): (_, Vec<u16>) = match x.dtype() {
            DType::F16 => ("F16", flat::<f16>(x).into_iter().map(f16::to_bits).collect()),
            _ => ("BF16", flat::<bf16>(x).into_iter().map(bf16::to_bits).collect()),
        };
        let (shape, end) = (x.dims(), 2 * words.len());
        let header =
            format!(r#"{{"weight":{{"dtype":"{name}","shape":{shape:?},"data_offsets":[0,{end}]}}}}{space}"#);
        let bytes: Vec<u8> = words.into_iter().flat_map(u16::to_le_bytes).collect();
        let file = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &bytes].concat();
        std::fs::write(&path, file).unwrap();
        let placement = Placement { dtype: DType::F32, device: Device::Cpu };
        let weights = Weights::open(&path, &placement, |key| whole(key.to_owned())).unwrap();
        match weights.scope("").weight(shape, true).unwrap() {
            (Weight::Mapped(mapped), None) => mapped,
            _ => panic!("it is not left in its file"),
        }
    }

    fn flat<T: candle_core::WithDType>(x: &Tensor) -> Vec<T> {
        x.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_tensor_in_its_file_is_what_it_is_in_memory_wherever_it_begins() {
        let x = noise(1, &[3, 2 * TURN + 5]);
        for dtype in [DType::F16, DType::BF16] {
            let narrow = x.to_dtype(dtype).unwrap();
            for space in ["", " "] {
                let mapped = in_a_file(&narrow, space);
                let [ours, held] = [widen_mapped(&mapped), widen(&narrow)].map(Result::unwrap);
                assert_eq!(flat::<f32>(&ours), flat::<f32>(&held));
            }
        }
    }

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
