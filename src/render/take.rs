//! Take states: everything that a window leaves to the next one of its take.
//!
//! A state can be written down, so that a render goes on after it was cut off, or on another machine. The work folder
//! keeps one a window.

use super::camera::Pose;
use super::drift::{DriftReference, LatentStats, PromptMark};
use crate::error::{Context, Error, Result};
use crate::units::GeneratedFrame;
use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The key of [`Numbers`] in a file's metadata.
const NUMBERS: &str = "take";
/// More than everything but the latents takes in a file: a header of some hundred bytes, and a few numbers a channel.
const MOST_BESIDE: u64 = 64 << 10;

/// What a window leaves to the next one of its take.
#[derive(Clone, Debug)]
pub struct TakeState {
    /// The take's first frame.
    pub(super) take_start: GeneratedFrame,
    /// The first frame that is not settled yet.
    pub(super) next: GeneratedFrame,
    /// Settled latents of the frames that the window brought, \[n, c, h, w]; the next one grows out of the last of them.
    pub(super) latents: Tensor,
    /// What the camera's flight moved the last of them by.
    pub(super) pose: Pose,
    /// What the drift guard leads back to.
    pub(super) reference: DriftReference,
}

/// Latents of one frame: channels, rows, columns.
pub type LatentShape = (usize, usize, usize);

/// What a state says in whole numbers and words.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    take_start: GeneratedFrame,
    next: GeneratedFrame,
    prompt_since: GeneratedFrame,
    prompt: String,
}

impl TakeState {
    /// The first frame that is not settled yet: where the next window's new frames begin.
    pub fn next(&self) -> GeneratedFrame {
        self.next
    }

    /// How many settled frames it has.
    pub fn frames(&self) -> usize {
        self.latents.dims()[0]
    }

    /// The latents of the last `count` settled frames, \[count, c, h, w].
    ///
    /// # Errors
    /// Internal: there are fewer.
    pub fn last(&self, count: usize) -> Result<Tensor> {
        let last = || self.latents.narrow(0, self.frames().saturating_sub(count), count);
        last().context(|| Error::internal(format!("{} settled frames are not {count}", self.frames())))
    }

    /// The state as safetensors: `latents` f32 \[n, c, h, w], `pose` f64 \[4], `stats` f32 \[2, c]; numbers and the
    /// prompt's hash in the metadata.
    ///
    /// # Errors
    /// Device: the latents can't be read back.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let failed = || Error::device("a take's state can't be written down");
        let PromptMark { since, text } = &self.reference.of;
        let numbers = Numbers {
            take_start: self.take_start,
            next: self.next,
            prompt_since: *since,
            prompt: text.clone(),
        };
        let numbers = serde_json::to_string(&numbers).context(failed)?;
        let pose = Tensor::new(&self.pose.values(), &Device::Cpu).context(failed)?;
        let latents = self.latents.to_device(&Device::Cpu).context(failed)?;
        let tensors = [("latents", latents), ("pose", pose), ("stats", self.reference.stats.to_tensor()?)];
        safetensors::serialize(tensors, Some(HashMap::from([(NUMBERS.to_owned(), numbers)]))).context(failed)
    }

    /// Most bytes that a state of `frames` frames has.
    pub fn most_bytes(frames: usize, (c, h, w): LatentShape) -> u64 {
        [frames, c, h, w]
            .iter()
            .fold(size_of::<f32>() as u64, |all, n| all.saturating_mul(*n as u64))
            .saturating_add(MOST_BESIDE)
    }

    /// The state that [`Self::to_bytes`] wrote, with latents of this shape on the CPU. No more memory is taken than
    /// `bytes` has.
    ///
    /// # Errors
    /// Input: it is damaged, or of a render of another size.
    pub fn from_bytes(bytes: &[u8], shape: LatentShape) -> Result<Self> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).context(damaged)?;
        let numbers = metadata.metadata().as_ref().and_then(|m| m.get(NUMBERS)).ok_or_else(damaged)?;
        let Numbers { take_start, next, prompt_since, prompt } =
            serde_json::from_str(numbers).context(damaged)?;
        let tensors = SafeTensors::deserialize(bytes).context(damaged)?;
        let tensor = |name: &str, dtype: DType, shape: &[usize]| {
            let view = tensors.tensor(name).context(damaged)?;
            let same = DType::try_from(view.dtype()).is_ok_and(|found| found == dtype);
            if !same || view.shape() != shape {
                return Err(damaged().because(format!("'{name}' is {:?} {:?}", view.dtype(), view.shape())));
            }
            Tensor::from_raw_buffer(view.data(), dtype, shape, &Device::Cpu).context(damaged)
        };
        let (c, h, w) = shape;
        let frames = tensors.tensor("latents").context(damaged)?.shape().first().copied().unwrap_or(0);
        let settled = next.since(take_start).ok_or_else(damaged)?;
        if frames == 0 || frames as u64 > settled {
            return Err(damaged().because(format!("{frames} of {settled} frames")));
        }
        let latents = tensor("latents", DType::F32, &[frames, c, h, w])?;
        let pose = tensor("pose", DType::F64, &[4])?.to_vec1::<f64>().context(damaged)?;
        let pose = pose.try_into().ok().and_then(Pose::of_values).ok_or_else(damaged)?;
        let stats = LatentStats::from_tensor(&tensor("stats", DType::F32, &[2, c])?)?;
        let reference = DriftReference { of: PromptMark { since: prompt_since, text: prompt }, stats };
        Ok(TakeState { take_start, next, latents, pose, reference })
    }
}

fn damaged() -> Error {
    Error::input("a take's state is damaged, or of a render of another size")
        .hint("run with --fresh to start over")
}

/// States that no network has made.
#[cfg(test)]
pub(super) mod fixture {
    use super::*;
    use crate::render::plan::Window;

    pub(in crate::render) const SHAPE: LatentShape = (3, 2, 4);

    /// What a window of [`SHAPE`] might leave.
    pub(in crate::render) fn state(window: &Window) -> TakeState {
        let (take_start, new) = (window.take_start, window.new_frames());
        let frames = (new.end - new.start) as usize;
        let values: Vec<f32> =
            (0..frames * 24).map(|i| (i as f32 * 0.37 + window.start.0 as f32).sin() / 3.0).collect();
        let latents = Tensor::from_vec(values, (frames, 3, 2, 4), &Device::Cpu).unwrap();
        let of = PromptMark { since: take_start + 5, text: "0a".into() };
        let reference = DriftReference { of, stats: LatentStats::of(&latents).unwrap() };
        let pose = Pose::of_values([1.1, 0.1 + 0.2, -1.0 / 3.0, f64::MIN_POSITIVE]).unwrap();
        TakeState { take_start, next: new.end, latents, pose, reference }
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::SHAPE;
    use super::*;
    use crate::error::ErrorKind;
    use crate::render::plan::Window;
    use proptest::prelude::*;

    fn state(frames: usize) -> TakeState {
        let length = frames;
        let [take_start, start, take_end] = [120, 120, 200].map(GeneratedFrame);
        let (index, take, pinned) = (0, 0, 0);
        fixture::state(&Window { index, take, take_start, take_end, start, pinned, length, every: 1 })
    }

    fn values(t: &Tensor) -> Vec<f32> {
        t.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_state_comes_back_bit_by_bit() {
        let state = state(16);
        let bytes = state.to_bytes().unwrap();
        assert!(bytes.len() as u64 <= TakeState::most_bytes(16, SHAPE));
        let back = TakeState::from_bytes(&bytes, SHAPE).unwrap();
        assert_eq!(values(&back.latents), values(&state.latents));
        assert_eq!((back.take_start, back.next, back.pose), (state.take_start, state.next, state.pose));
        assert_eq!(back.reference, state.reference);
        assert_eq!(back.to_bytes().unwrap(), bytes, "the same state has the same bytes");
    }

    #[test]
    fn the_last_frames_are_those_that_the_next_window_grows_out_of() {
        let state = state(6);
        let last = state.last(4).unwrap();
        assert_eq!((last.dims(), values(&last)), (&[4, 3, 2, 4][..], values(&state.latents)[48..].to_vec()));
        assert_eq!(state.last(7).unwrap_err().kind(), ErrorKind::Internal);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let good = state(4);
        let refused = |state: TakeState, shape| {
            let error = TakeState::from_bytes(&state.to_bytes().unwrap(), shape).unwrap_err();
            assert_eq!((error.kind(), error.hints().len()), (ErrorKind::Input, 1), "{error}");
        };
        refused(good.clone(), (3, 4, 2));
        refused(good.clone(), (2, 2, 4));
        refused(TakeState { next: GeneratedFrame(119), ..good.clone() }, SHAPE);
        refused(TakeState { next: GeneratedFrame(123), ..good.clone() }, SHAPE);
        let other = good.latents.narrow(1, 0, 2).unwrap();
        let stats = LatentStats::of(&other).unwrap();
        refused(
            TakeState { reference: DriftReference { stats, ..good.reference.clone() }, ..good.clone() },
            SHAPE,
        );
        let halves = good.latents.to_dtype(DType::F16).unwrap();
        refused(TakeState { latents: halves, ..good.clone() }, SHAPE);
        // A header that promises more than there is.
        let mut bytes = good.to_bytes().unwrap();
        bytes.truncate(bytes.len() - 1);
        assert!(TakeState::from_bytes(&bytes, SHAPE).is_err());
        assert!(TakeState::from_bytes(&u64::MAX.to_le_bytes(), SHAPE).is_err());
    }

    #[test]
    fn a_pose_that_is_none_is_refused() {
        for pose in
            [[0.0, 0.0, 0.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [1.0, f64::NAN, 0.0, 0.0], [f64::INFINITY; 4]]
        {
            assert_eq!(Pose::of_values(pose), None);
        }
    }

    proptest! {
        /// Whatever the bytes: a state or an error.
        #[test]
        fn damaged_bytes_never_panic(at in 0usize..700, value in any::<u8>(), cut in 0usize..700) {
            let mut bytes = state(4).to_bytes().unwrap();
            let end = bytes.len();
            bytes[at % end] = value;
            let _ = TakeState::from_bytes(&bytes, SHAPE);
            bytes.truncate(cut.min(end));
            let _ = TakeState::from_bytes(&bytes, SHAPE);
        }
    }
}
