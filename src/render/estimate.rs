//! Estimates: how long a render will take and how much memory it needs, before any weight is read: what the networks cost is counted from their
//! shapes, and this machine is tried on layers of that size and on a few frames' finish and encoding.

use super::camera::Pose;
use super::control::{Control, strengths};
use super::finish::finish_at;
use super::job::Job;
use super::networks::NetworkFiles;
use super::pictures::to_pictures;
use super::plan::Window;
use super::rate;
use super::source::{Sources, is_as_drawn, is_drawn};
use super::stages::QUEUE;
use crate::diffusion::ModelInfo;
use crate::diffusion::model::Products;
use crate::error::{Context, Error, Result};
use crate::interpolate::{Interpolator, InterpolatorFile};
use crate::nn::cpu::threads;
use crate::nn::trial::{Rates, rates};
use crate::score::ParamId;
use crate::system;
use crate::timing::Stopwatch;
use crate::units::{Seconds, Size};
use crate::upscale::UpscalerFile;
use crate::video::{Frame, Profile, Quality, VideoSpec, Writer, apply};
use crate::weights::Placement;
use candle_core::Device;
use tempfile::TempDir;

/// Multiply-adds of a trial layer, about.
const TRIAL_PRODUCTS: f64 = 1e9;
/// Frames whose finish and encoding are tried.
const TRIAL_FRAMES: usize = 4;
/// Numbers that are held at once for every latent and channel of the UNet's finest stage, and for every pixel and channel of a
/// piece that is decoded; found by measuring.
const HELD: f64 = 12.0;

/// What a render will need.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// From the first window to the finished file; loading the model and listening come before.
    pub time: Seconds,
    /// Bytes of main memory at its peak; none where the system doesn't tell, or where the networks lie on a device of their own.
    pub memory: Option<u64>,
    /// Of that, what the networks do in every take.
    pub takes: Vec<Seconds>,
    /// And what is left to do once all takes are there: drawn scenes, finish and encoding.
    pub finish: Seconds,
}

/// Layers that are tried: what they are called on this placement, and the trial. Answers what it measures, or did before.
pub type Tried<'a> = dyn Fn(&str, &dyn Fn() -> Result<Rates>) -> Result<Rates> + 'a;

/// What an estimate is told beside the job.
#[derive(Clone, Copy)]
pub struct Beside<'a> {
    /// How the video is written.
    pub profile: Profile,
    /// What a pass of a window takes beside UNet and ControlNets.
    pub products: &'a dyn Fn(&Window) -> Products,
    /// Runs the trials of layers.
    pub tried: &'a Tried<'a>,
}

/// What `job` will need with these networks at `placement`.
///
/// # Errors
/// Device, Output: a trial fails, as it would in the render.
pub fn estimate(
    job: &Job,
    files: NetworkFiles<'_>,
    placement: &Placement,
    beside: Beside<'_>,
) -> Result<Estimate> {
    let Beside { profile, products, tried } = beside;
    let NetworkFiles { info, upscaler, interpolator } = files;
    let length = job.settings.windows.length;
    let size = job.settings.generate;
    let area = size.pixels() / (info.downscale() * info.downscale());
    let show = trial_file(job, profile)? / TRIAL_FRAMES as f64;

    // What is shown as it was drawn is no network's work.
    let (drawn, windows): (Vec<Window>, Vec<Window>) =
        job.windows().into_iter().partition(|w| is_drawn(&job.timeline, w));
    // Where all is drawn no network needs to be tried.
    let networks = match windows.is_empty() {
        true => Speeds::IDLE,
        false => Speeds::tried(info, size, placement, tried)?,
    };
    let step = networks.seconds(info.pass_products(length, area));
    let control = networks.seconds(info.control_products(length, area));
    let upscale = match upscaler {
        Some(file) if !windows.is_empty() => upscaling(file, size, placement, tried)?,
        _ => 0.0,
    };
    let decode = networks.seconds(info.decode_products(area)) + upscale;
    let large = if upscaler.is_some() { job.settings.picture } else { size };
    let interpolated = windows.iter().any(|window| window.every > 1);
    let (look, between) = if interpolated { trial_between(interpolator, large)? } else { (0.0, 0.0) };
    let of = |window: &Window| {
        let more = networks.seconds(products(window)) + control * acting(job, window);
        let (brings, shows) = (window.brings() as f64, window.shows() as f64);
        let interpolate =
            if window.every > 1 { brings * look + (shows - brings).max(0.0) * between } else { 0.0 };
        passes(job, window) * job.settings.steps as f64 * (step + more) + brings * decode + interpolate
    };
    let is_made = |window: &&Window| !is_drawn(&job.timeline, window);
    let takes = job.takes().iter().map(|take| Seconds(take.iter().filter(is_made).map(of).sum())).collect();
    let drawn = drawn.iter().map(|w| w.brings() as f64).sum::<f64>() * trial_drawing(job)?;
    let generate: f64 = windows.iter().map(of).sum();
    let finish = job.settings.frames as f64 * show + drawn;
    // On a CPU the stages share the cores; elsewhere one goes on beside the other.
    let time = if placement.device.is_cpu() { generate + finish } else { generate.max(finish) };
    let memory = needed_memory(job, files, placement);
    Ok(Estimate { time: Seconds(time), memory, takes, finish: Seconds(finish) })
}

/// Rates of layers as wide as a model's finest and deepest stages.
struct Speeds([Rates; 2]);

impl Speeds {
    /// None that would have to be waited for.
    const IDLE: Speeds = Speeds([Rates { conv: f64::INFINITY, linear: f64::INFINITY }; 2]);

    fn tried(info: &ModelInfo, size: Size, placement: &Placement, tried: &Tried<'_>) -> Result<Self> {
        let factor = info.downscale() * 8;
        let (finest, deepest) = info.widths();
        let (h, w) = (size.height as usize / info.downscale(), size.width as usize / info.downscale());
        let coarse = ((size.height as usize / factor).max(1), (size.width as usize / factor).max(1));
        let images = |channels: usize, (h, w): (usize, usize)| {
            (TRIAL_PRODUCTS / (9 * channels * channels * h * w) as f64).ceil().clamp(1.0, 16.0) as usize
        };
        let at = |channels, size| layer_rates(placement, channels, (images(channels, size), size), tried);
        Ok(Speeds([at(finest, (h, w))?, at(deepest, coarse)?]))
    }

    fn seconds(&self, products: Products) -> f64 {
        let half = |rates: &Rates| (products.conv / rates.conv + products.linear / rates.linear) / 2.0;
        self.0.iter().map(half).sum()
    }
}

/// Bytes of main memory at the peak of rendering `job` with these networks at `placement`: weights, what the layers hold, and the
/// pictures that wait between the stages; none where the system doesn't tell what is held already.
pub fn needed_memory(job: &Job, files: NetworkFiles<'_>, placement: &Placement) -> Option<u64> {
    let length = job.settings.windows.length;
    let pixels = job.settings.generate.pixels();
    let waiting = ((2 * QUEUE + 1) * length * 3 * pixels) as f64;
    let NetworkFiles { info, upscaler, interpolator } = files;
    let enlarging = upscaler.map_or(0.0, |file| file.needed(size_of(job), placement));
    let shown = if upscaler.is_some() { job.settings.picture.pixels() } else { pixels };
    let between = interpolator.map_or(0.0, |file| file.needed(shown));
    // Pictures that were enlarged wait in small numbers.
    let now = system::resident_memory()? as f64 + enlarging.max(between);
    if !placement.device.is_cpu() {
        return Some((now + waiting) as u64);
    }
    let bytes = if placement.rounds() { 2.0 } else { info.bytes_a_weight() };
    Some((now + networks_memory(job, info, bytes, placement) + waiting) as u64)
}

/// Bytes of the card's memory at the peak of rendering `job` with the model of `info` at `placement`; none on a CPU.
pub fn needed_card_memory(job: &Job, info: &ModelInfo, placement: &Placement) -> Option<u64> {
    if placement.device.is_cpu() {
        return None;
    }
    // The autoencoder's weights are of single precision there, and counted as if they were like the others.
    let bytes = placement.dtype.size_in_bytes() as f64;
    Some(networks_memory(job, info, bytes, placement) as u64)
}

/// Bytes of the networks' weights, `bytes` each, and of what their layers hold.
fn networks_memory(job: &Job, info: &ModelInfo, bytes: f64, placement: &Placement) -> f64 {
    let (net, vae) = info.weights();
    let net = net + job.settings.controls.len() as f64 * info.control_weights();
    let latents = job.settings.windows.length * job.settings.generate.pixels();
    let latents = (latents / (info.downscale() * info.downscale())) as f64;
    let pass = HELD * latents * info.widths().0 as f64 * placement.tensors().size_in_bytes() as f64;
    (net + vae) * bytes + pass
}

fn size_of(job: &Job) -> (usize, usize) {
    let Size { width, height } = job.settings.generate;
    (height as usize, width as usize)
}

/// Seconds in which the network of `file` enlarges a picture of `size`.
fn upscaling(file: &UpscalerFile, size: Size, placement: &Placement, tried: &Tried<'_>) -> Result<f64> {
    // As many pictures as are worked on together.
    let images = if placement.device.is_cpu() { threads().min(8) } else { 1 };
    let trial = (size.height.min(128) as usize, size.width.min(128) as usize);
    let rate = layer_rates(placement, file.width(), (images, trial), tried)?.conv;
    Ok(file.products() * size.pixels() as f64 / rate)
}

/// The rates of layers of `channels` over `images` pictures of a size (height, width) at a time.
fn layer_rates(
    placement: &Placement,
    channels: usize,
    (images, size): (usize, (usize, usize)),
    tried: &Tried<'_>,
) -> Result<Rates> {
    let (device, dtype) = (placement.device.location(), placement.dtype);
    let name = format!("{device:?} {dtype:?} {images}x{channels}x{}x{}", size.0, size.1);
    let failed = || Error::device("the speed trial failed").hint("a smaller --size needs less memory");
    tried(&name, &|| rates(placement, channels, (images, size)).context(failed))
}

/// How often a step of this window runs the network.
fn passes(job: &Job, window: &Window) -> f64 {
    if job.timeline.value(ParamId::Guidance, window.new_frames().start) == 1.0 { 1.0 } else { 2.0 }
}

/// How many ControlNets act in a window, each as the share of the steps in which it does.
fn acting(job: &Job, window: &Window) -> f64 {
    let acts = |control: &&Control| strengths(job, control, window).iter().any(|strength| *strength != 0.0);
    job.settings.controls.iter().filter(acts).map(|c| f64::from(c.span.1 - c.span.0)).sum()
}

/// Seconds of drawing a frame of the first source, as large as the video; 0 where nothing is drawn.
fn trial_drawing(job: &Job) -> Result<f64> {
    let part = job.part();
    let Some(frame) = part.start.until(part.end).find(|frame| is_as_drawn(&job.timeline, *frame)) else {
        return Ok(0.0);
    };
    let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
    sources.frame(frame)?;
    let start = Stopwatch::start();
    sources.frame(frame)?;
    Ok(start.seconds())
}

/// Seconds in which a picture of `size` is looked at, and in which one is put between two.
fn trial_between(file: Option<&InterpolatorFile>, size: Size) -> Result<(f64, f64)> {
    let net = file.map_or_else(Interpolator::shipped, InterpolatorFile::load)?;
    let [first, second] = [0, 1].map(|i| to_pictures(&[waves(size, i)], &Device::Cpu));
    let first = net.look(&first?)?;
    let start = Stopwatch::start();
    let second = net.look(&second?)?;
    let looked = start.seconds();
    net.between(&first, &second, 0.5)?;
    Ok((looked, start.seconds() - looked))
}

/// Seconds of finishing and writing a few frames as a render would, beside all that is temporary.
fn trial_file(job: &Job, profile: Profile) -> Result<f64> {
    let folder = trial_folder()?;
    let name = profile.ending().map_or("trial".to_owned(), |ending| format!("trial.{ending}"));
    let path = folder.path().join(name);
    let (size, fps, quality) = (job.settings.picture, job.timeline.fps, Quality::default());
    let mut writer =
        Writer::create(&VideoSpec { path: &path, size, fps, profile, quality, sound: None, job: "{}" })?;
    let (part, made) = (job.part(), job.settings.generate);
    // Encoders' threads may give way to everything else (x265's do, by themselves): on a busy computer the clock would count that.
    let began = Stopwatch::start();
    for i in 0..TRIAL_FRAMES {
        // Frames from all over the part: effects cost more where they do more.
        let index = rate::shown(part.start + i as u64 * (part.end - part.start) / TRIAL_FRAMES as u64);
        writer.write(&apply(&waves(made, i), size, &finish_at(job, index, Pose::REST)))?;
    }
    writer.finish()?;
    Ok(began.seconds())
}

/// A picture that moves, of waves in all colors.
fn waves(size: Size, frame: usize) -> Frame {
    let value = |i: usize| {
        let (pixel, color) = (i / 3, i % 3);
        let (x, y) = (pixel % size.width as usize, pixel / size.width as usize);
        let bent = (0.04 * y as f32).sin() * 2.0;
        127.0 + 127.0 * (0.05 * x as f32 + bent + 0.3 * frame as f32 + 2.0 * color as f32).sin()
    };
    Frame::new(size, (0..3 * size.pixels()).map(|i| value(i) as u8).collect())
}

/// A new folder among all that is temporary, under a name that nobody can foresee, for nobody else to enter; removed when
/// dropped.
fn trial_folder() -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("beatbolt-trial-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder
        .tempdir()
        .context(|| Error::output("can't write to the folder for temporary files").hint("set TMPDIR"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_trial_is_written_into_a_new_folder_that_nobody_else_may_enter() {
        use std::os::unix::fs::MetadataExt;
        // The name that another person on this machine can foresee.
        let foreseen = std::env::temp_dir().join(format!("beatbolt-trial-{}", std::process::id()));
        let [first, second] = [(); 2].map(|()| trial_folder().unwrap());
        assert!(
            first.path() != second.path() && ![first.path(), second.path()].contains(&foreseen.as_path())
        );
        assert_eq!(std::fs::metadata(first.path()).unwrap().mode() & 0o777, 0o700);
        let path = first.path().to_owned();
        drop(first);
        assert!(!path.exists());
    }
}
