//! How long a render will take and how much memory it needs: its stages, tried on this machine as it is now.

use super::camera::Pose;
use super::finish::finish_at;
use super::job::Job;
use super::pictures::to_frames;
use super::plan::Window;
use super::stages::QUEUE;
use crate::diffusion::Model;
use crate::diffusion::unet::motion_module::Movement;
use crate::error::{Context, Error, Result};
use crate::noise::{Stream, gaussian};
use crate::units::Seconds;
use crate::video::{Frame, Profile, Quality, VideoSpec, Writer, apply};
use candle_core::{Device, Tensor};
use std::path::PathBuf;
use std::time::Instant;

/// A stage is tried until it has taken so long, in seconds, but no more than [`MOST_TRIALS`] times.
const TRIAL: f64 = 2.0;
const MOST_TRIALS: usize = 7;

/// What a render will need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// From the first window to the finished file; loading the model and listening come before.
    pub time: Seconds,
    /// Bytes of main memory at its peak; none where the system doesn't tell.
    pub memory: Option<u64>,
}

/// What `job`, written as `profile`, will need. Every stage is run once to warm up and then a few times: a denoising
/// step of a window, the decoding of a window, and the finish and encoding of its frames into a file that is thrown away.
///
/// # Errors
/// Device, Output: a stage fails, as it would in the render.
pub fn estimate(job: &Job, model: &Model, profile: Profile) -> Result<Estimate> {
    let length = job.settings.windows.length;
    let latents = latents(job, model)?;
    let (text, _) = model.encode_prompt("")?;
    let motion = vec![Movement::PLAIN; length];
    let step = measure(|| wait(&model.predict(&latents, 500.0, &text, &motion)?))?;
    let mut frames = Vec::new();
    let decode = measure(|| {
        frames = to_frames(&model.decode(&latents)?)?;
        Ok(())
    })? / length as f64;
    let show = measure(|| trial_file(job, profile, &frames))? / frames.len().max(1) as f64;

    let windows = job.windows();
    let passes: f64 = windows.iter().map(|w| passes(job, w)).sum();
    let brought: u64 = windows.iter().map(|w| w.new_frames().end - w.new_frames().start).sum();
    let generate = passes * job.settings.steps as f64 * step + brought as f64 * decode;
    let finish = job.settings.frames as f64 * show;
    // On a CPU the stages share the cores; elsewhere one goes on beside the other.
    let time = if model.device().is_cpu() { generate + finish } else { generate.max(finish) };
    let waiting = (2 * QUEUE + 1) * length * 3 * job.settings.generate.pixels();
    Ok(Estimate { time: Seconds(time), memory: peak_memory().map(|peak| peak + waiting as u64) })
}

/// How often a step of this window runs the network.
fn passes(job: &Job, window: &Window) -> f64 {
    if job.timeline.value("guidance", window.new_frames().start) == 1.0 { 1.0 } else { 2.0 }
}

/// A window of noise.
fn latents(job: &Job, model: &Model) -> Result<Tensor> {
    let size = job.settings.generate;
    let (h, w) = (size.height as usize / model.downscale(), size.width as usize / model.downscale());
    let shape = (job.settings.windows.length, model.latent_channels(), h, w);
    let mut values = vec![0.0; shape.0 * shape.1 * h * w];
    gaussian(0, Stream::Latents, 0, &mut values);
    Tensor::from_vec(values, shape, &Device::Cpu).and_then(|t| t.to_device(model.device())).context(failed)
}

/// Writes the frames as a render would, beside all that is temporary.
fn trial_file(job: &Job, profile: Profile, frames: &[Frame]) -> Result<()> {
    let folder = Trial::new()?;
    let name = profile.ending().map_or("trial".to_owned(), |ending| format!("trial.{ending}"));
    let path = folder.0.join(name);
    let (size, fps, quality) = (job.settings.picture, job.timeline.fps, Quality::default());
    let mut writer =
        Writer::create(&VideoSpec { path: &path, size, fps, profile, quality, sound: None, job: "{}" })?;
    let part = job.part();
    for (i, frame) in frames.iter().enumerate() {
        // Frames from all over the part: effects cost more where they do more.
        let index = part.start + i as u64 * (part.end - part.start) / frames.len() as u64;
        writer.write(&apply(frame, size, &finish_at(job, index, Pose::REST)))?;
    }
    writer.finish()
}

/// A folder that is removed when it is no longer needed.
struct Trial(PathBuf);

impl Trial {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("beatbolt-trial-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .context(|| Error::output("can't write to the folder for temporary files").hint("set TMPDIR"))?;
        Ok(Trial(path))
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        // What can't be removed from a folder for temporary files is no one's loss.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The median time of `work` in seconds, after one run to warm up.
fn measure(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let began = Instant::now();
    work()?;
    let mut times = Vec::new();
    while times.is_empty() || times.len() < MOST_TRIALS && began.elapsed().as_secs_f64() < TRIAL {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// Reading one number back waits for devices that compute in the background.
fn wait(out: &Tensor) -> Result<()> {
    let one = out.flatten_all().and_then(|t| t.narrow(0, 0, 1)?.to_device(&Device::Cpu));
    one.map(drop).context(failed)
}

fn failed() -> Error {
    Error::device("the trial step failed").hint("a smaller --size needs less memory")
}

/// The most memory that this process has held, in bytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
