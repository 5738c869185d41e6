//! Pictures as the networks have them, \[f, 3, h, w] in −1..=1, and as frames of 8 bits: the one place where the two meet.

use crate::error::{Context, Error, Result};
use crate::nn::cpu::layout::to_bytes;
use crate::units::Size;
use crate::video::Frame;
use candle_core::{DType, Device, Tensor};

/// Pictures \[f, 3, h, w] in −1..=1 as frames of 8 bits.
pub fn to_frames(pictures: &Tensor) -> Result<Vec<Frame>> {
    let failed = || Error::device("decoded pictures can't be read back");
    let (_, _, h, w) = pictures.dims4().context(failed)?;
    let bytes =
        pictures.to_device(&Device::Cpu).and_then(|p| to_bytes(&p.to_dtype(DType::F32)?)).context(failed)?;
    let size = Size { width: w as u32, height: h as u32 };
    Ok(bytes.into_iter().map(|rgb| Frame::new(size, rgb)).collect())
}

/// Frames of one size as pictures \[f, 3, h, w] in −1..=1.
pub fn to_pictures(frames: &[Frame], device: &Device) -> Result<Tensor> {
    let Some(first) = frames.first() else { return Err(Error::internal("there are no frames to encode")) };
    let (w, h) = (first.size().width as usize, first.size().height as usize);
    let bytes = frames.iter().flat_map(Frame::rgb).copied().collect();
    Tensor::from_vec(bytes, (frames.len(), h, w, 3), device)
        .and_then(|t: Tensor| (t.permute((0, 3, 1, 2))?.to_dtype(DType::F32)? / 127.5)? - 1.0)
        .context(|| Error::device("the settled pictures can't be moved with the camera"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_8_bits_comes_back() {
        let size = Size { width: 16, height: 16 };
        let frames: Vec<Frame> = (0..3u8)
            .map(|shift| {
                Frame::new(size, (0..=255u8).flat_map(|v| [v, 255 - v, v.wrapping_add(shift)]).collect())
            })
            .collect();
        let pictures = to_pictures(&frames, &Device::Cpu).unwrap();
        assert_eq!(pictures.dims(), [3, 3, 16, 16]);
        assert!(to_frames(&pictures).unwrap() == frames);
    }
}
