//! How long a render will take: one denoising step and one decoded frame, measured.

use super::Job;
use crate::diffusion::Model;
use crate::error::{Context, Error, Result};
use crate::units::Seconds;
use candle_core::{DType, Device, Tensor};
use std::time::Instant;

/// The expected time of the denoising and decoding of `job` on this machine as it is now. Runs one step of one
/// window and decodes one frame, each once to warm up and once to measure.
pub fn expected_time(job: &Job, model: &Model) -> Result<Seconds> {
    let failed = || Error::device("the trial step failed").hint("a smaller --size needs less memory");
    let size = job.settings.generate;
    let (h, w) = (size.height as usize / model.downscale(), size.width as usize / model.downscale());
    let length = job.settings.windows.length;
    let latents =
        Tensor::zeros((length, model.latent_channels(), h, w), DType::F32, model.device()).context(failed)?;
    let (text, _) = model.encode_prompt("")?;
    let motion = vec![1.0; length];
    let one = latents.narrow(0, 0, 1).context(failed)?;
    let step = measure(|| model.predict(&latents, 500.0, &text, &motion))?;
    let frame = measure(|| model.decode(&one))?;
    let windows = job.windows();
    let passes: f64 = windows
        .iter()
        .map(|w| if job.timeline.value("guidance", w.new_frames().start) == 1.0 { 1.0 } else { 2.0 })
        .sum();
    Ok(Seconds(passes * job.settings.steps as f64 * step + job.timeline.frames as f64 * frame))
}

fn measure(work: impl Fn() -> Result<Tensor>) -> Result<f64> {
    work()?;
    let start = Instant::now();
    // Reading one number back waits for devices that compute in the background.
    let out = work()?;
    out.flatten_all()
        .and_then(|t| t.narrow(0, 0, 1)?.to_device(&Device::Cpu))
        .context(|| Error::device("the trial step failed"))?;
    Ok(start.elapsed().as_secs_f64())
}
