//! The watcher: plays every control of a job in the frames of a window, and lets the model look at what is seen.

use super::followed::{Control, Pictures};
use crate::diffusion::Model;
use crate::diffusion::conditioning;
use crate::error::{Context, Error, Result};
use crate::render::job::Job;
use crate::render::layer::Moment;
use crate::render::plan::Window;
use crate::render::rate;
use crate::render::source::Sources;
use crate::units::GeneratedFrame;
use crate::video::Frame;
use candle_core::{DType, Device, Tensor};

/// Plays the controls of a job.
pub struct Watcher<'a> {
    job: &'a Job,
    /// Of each control, what plays its pictures.
    sources: Vec<Sources<'a>>,
}

impl<'a> Watcher<'a> {
    /// For the controls of `job`.
    pub fn new(job: &'a Job) -> Self {
        let (timeline, settings) = (&job.timeline, &job.settings);
        let sources = |_: &Control| Sources::beside(timeline, settings, settings.generate);
        Watcher { job, sources: settings.controls.iter().map(sources).collect() }
    }

    /// What the model's ControlNets see in the frames of `window`, those that count there alone.
    ///
    /// # Errors
    /// Input: a clip can't be decoded. Device: it doesn't fit there.
    pub fn window(&mut self, model: &Model, window: &Window) -> Result<Vec<conditioning::Control>> {
        let job = self.job;
        let mut seen = Vec::new();
        for (net, control) in job.settings.controls.iter().enumerate() {
            let strengths = strengths(job, control, window);
            if strengths.iter().all(|strength| *strength == 0.0) {
                continue;
            }
            let pictures = self.pictures(net, window)?;
            let features = model.features(net, &tensor(&pictures)?)?;
            let span = (f64::from(control.span.0), f64::from(control.span.1));
            seen.push(conditioning::Control { net, features, strengths, span });
        }
        Ok(seen)
    }

    /// What control `net` shows in every frame of `window`.
    fn pictures(&mut self, net: usize, window: &Window) -> Result<Vec<Frame>> {
        let mut pictures: Vec<Frame> = Vec::with_capacity(window.length);
        let mut last = None;
        for frame in window.frames() {
            // A window past its take's end holds the last frame.
            let picture = match pictures.last().filter(|_| last == Some(frame)) {
                Some(same) => same.clone(),
                None => self.frame(net, frame)?,
            };
            pictures.push(picture);
            last = Some(frame);
        }
        Ok(pictures)
    }

    /// What control `net` shows in `frame`, prepared.
    pub fn frame(&mut self, net: usize, frame: GeneratedFrame) -> Result<Frame> {
        let Job { settings, timeline, layers, .. } = self.job;
        let followed = &settings.controls[net].followed;
        let picture = match &followed.pictures {
            Pictures::Named(name) => self.sources[net].named(name, frame, GeneratedFrame(0))?,
            Pictures::Music(music) => {
                let period = timeline.fps.period().0;
                let time = timeline.start.0 + timeline.fps.start_of(frame).0 + period / 2.0;
                let index = rate::shown(frame).0;
                let moment =
                    Moment { frame: index, time, period, size: settings.generate, seed: settings.seed };
                music.frame(&layers.material, moment)
            }
        };
        Ok(followed.prepare.iter().fold(picture, |picture, prepare| prepare.apply(&picture)))
    }
}

/// How closely `control` is followed in every frame of `window`.
pub fn strengths(job: &Job, control: &Control, window: &Window) -> Vec<f32> {
    let own = job.timeline.curves.iter().find(|(param, _)| param.name == control.param);
    let value = |frame| own.as_ref().map_or(0.0, |(param, _)| job.timeline.value(param, frame));
    window.frames().map(value).collect()
}

/// Pictures as ControlNets have them, \[f, 3, h, w] in 0..=1.
fn tensor(pictures: &[Frame]) -> Result<Tensor> {
    let Some(first) = pictures.first() else { return Err(Error::internal("a window without frames")) };
    let (w, h) = (first.size().width as usize, first.size().height as usize);
    let bytes = pictures.iter().flat_map(Frame::rgb).copied().collect();
    Tensor::from_vec(bytes, (pictures.len(), h, w, 3), &Device::Cpu)
        .and_then(|t: Tensor| t.permute((0, 3, 1, 2))?.to_dtype(DType::F32)? / 255.0)
        .context(|| Error::device("control pictures don't fit into memory"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::model::ControlFile;
    use crate::render::batch::Render;
    use crate::render::fixture::{draft_model, flying_job};
    use crate::render::init::Inits;
    use crate::score::{Material, Overrides, ParamId, Show, SlotKind, Slots, Span, Timeline, find, fixture};
    use crate::timing::Timings;
    use crate::units::{FrameRate, Seconds, Size};
    use crate::video::{Profile, Quality, VideoSpec, Writer};
    use std::collections::{BTreeMap, HashMap};
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    const SIZE: Size = Size { width: 64, height: 48 };
    /// Binary digits of a frame's number, each a column so many pixels wide.
    const DIGITS: usize = 14;
    const COLUMN: usize = 4;

    fn numbered(number: usize) -> Frame {
        let lit = |i: usize| {
            let digit = i / 3 % SIZE.width as usize / COLUMN;
            digit < DIGITS && number >> digit & 1 == 1
        };
        Frame::new(SIZE, (0..3 * SIZE.pixels()).map(|i| if lit(i) { 255 } else { 0 }).collect())
    }

    fn number(frame: &Frame) -> usize {
        let middle = |digit: usize| 3 * (24 * SIZE.width as usize + digit * COLUMN + COLUMN / 2);
        (0..DIGITS).filter(|digit| frame.rgb()[middle(*digit)] > 127).map(|digit| 1 << digit).sum()
    }

    fn clip(path: &Path, fps: FrameRate, frames: usize) {
        let (profile, quality) = (Profile::Ffv1, Quality::default());
        let spec = VideoSpec { path, size: SIZE, fps, profile, quality, sound: None, job: "{}" };
        let mut writer = Writer::create(&spec).unwrap();
        (0..frames).for_each(|n| writer.write(&numbered(n)).unwrap());
        writer.finish().unwrap();
    }

    /// A job of so many seconds at 12 frames a second that follows the file at `path`.
    fn following(path: &Path, seconds: f64) -> Job {
        let (fps, frames) = (FrameRate::new(12, 1).unwrap(), (12.0 * seconds) as u64);
        let span = Span { start: Seconds(0.0), frames };
        let show = Show::of(find("pulse").unwrap());
        let timeline: Timeline = show.play(&fixture(seconds), &Overrides::default(), fps, span).unwrap();
        let name = path.to_str().unwrap().to_owned();
        let inits = Inits::open([name.as_str()].into_iter(), (Path::new(""), &[]), &BTreeMap::new()).unwrap();
        let control = Control::new("control.shape".into(), name, (0.0, 1.0), &Material::default()).unwrap();
        let mut job = flying_job(1, 0, frames);
        job.settings.inits = inits;
        job.settings.controls = vec![control];
        Job { timeline, ..job }
    }

    /// Three minutes of 24000/1001 frames a second in a video of 12: the picture whose time the frame's own lies in, which is half of its frame
    /// away from that picture's middle at most.
    #[test]
    fn a_clip_of_another_rate_stays_in_step_to_half_a_frame() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("clip.mkv");
        let rate = FrameRate::new(24_000, 1001).unwrap();
        clip(&path, rate, 4_320);
        let job = following(&path, 180.0);
        let mut watcher = Watcher::new(&job);
        for frame in (0..2_160).map(GeneratedFrame) {
            let time = frame.0 as f64 / 12.0;
            let middle = (number(&watcher.frame(0, frame).unwrap()) as f64 + 0.5) * 1001.0 / 24_000.0;
            // Containers keep times in milliseconds.
            assert!((middle - time).abs() <= 0.5 * 1001.0 / 24_000.0 + 2e-3, "{frame}: {middle} at {time}");
        }
    }

    /// A ControlNet for spark: its own encoder, and layers of waves that see and lead out.
    fn net(model: &Model, home: &Path) -> ControlFile {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark/unet");
        let unet = candle_core::safetensors::load(crate::weights::find(&own).unwrap(), &Device::Cpu).unwrap();
        let encoder = ["conv_in.", "time_embedding.", "down_blocks.", "mid_block."];
        let mut all: HashMap<String, Tensor> =
            unet.into_iter().filter(|(key, _)| encoder.iter().any(|part| key.starts_with(part))).collect();
        let mut add = |name: String, shape: &[usize]| {
            let count: usize = shape.iter().product();
            let wave: Vec<f32> = (0..count).map(|i| 0.1 * (i as f32 * 0.9).sin()).collect();
            all.insert(format!("{name}.weight"), Tensor::from_vec(wave, shape, &Device::Cpu).unwrap());
            all.insert(format!("{name}.bias"), Tensor::zeros(shape[0], DType::F32, &Device::Cpu).unwrap());
        };
        let sight = |layer: &str| format!("controlnet_cond_embedding.{layer}");
        add(sight("conv_in"), &[4, 3, 3, 3]);
        for i in 0..2 * model.info().downscale().ilog2() {
            add(sight(&format!("blocks.{i}")), &[4, 4, 3, 3]);
        }
        add(sight("conv_out"), &[64, 4, 3, 3]);
        for (i, c) in [64, 64, 64, 96, 96, 128].into_iter().enumerate() {
            add(format!("controlnet_down_blocks.{i}"), &[c, c, 1, 1]);
        }
        add("controlnet_mid_block".into(), &[128, 128, 1, 1]);
        let path = home.join("net.safetensors");
        candle_core::safetensors::save(&all, &path).unwrap();
        model.info().control(&path).unwrap()
    }

    fn latents(job: &Job, model: &Model) -> Vec<Vec<f32>> {
        let (stop, off) = (AtomicBool::new(false), Timings::off());
        let windows = Render::new(job, model, None, &stop, &off).unwrap();
        windows.map(|w| w.unwrap().latents.flatten_all().unwrap().to_vec1().unwrap()).collect()
    }

    /// Where the strength is 0 the video is the one without control, to the bit; elsewhere it isn't; and a part that begins with a take has the
    /// frames of the whole.
    #[test]
    fn a_control_acts_where_its_curve_says() {
        let home = tempfile::tempdir().unwrap();
        let model = draft_model();
        let file = net(&model, home.path());
        // On the ground: a flight decodes and encodes at every hand-off.
        let still = |first, frames| {
            let mut job = flying_job(1, first, frames);
            job.timeline.curves.insert(ParamId::FlyZoom, vec![1.0; 48]);
            job
        };
        let plain = latents(&still(0, 48), &model);
        let model = model.with_controls([&file]).unwrap();
        let source = "music:tunnel,prepare=blur@1+canny@40-80".to_owned();
        let material =
            Material { beats: vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5], ..Material::default() };
        let param = Slots::new([(SlotKind::Control, "shape")]).unwrap().find("control.shape").unwrap();
        let job = |first: u64, frames: u64, strength: &dyn Fn(u64) -> f32| {
            let mut job = still(first, frames);
            let control =
                Control::new("control.shape".into(), source.clone(), (0.0, 1.0), &material).unwrap();
            job.settings.controls = vec![control];
            job.timeline.curves.insert(param.clone(), (0..48).map(strength).collect());
            job.layers = std::sync::Arc::new(crate::render::Layers {
                material: material.clone(),
                ..Default::default()
            });
            job
        };
        assert!(latents(&job(0, 48, &|_| 0.0), &model) == plain);
        // From the cut on.
        let late = latents(&job(0, 48, &|frame| if frame < 30 { 0.0 } else { 1.0 }), &model);
        assert!(late[..3] == plain[..3] && late[3] != plain[3]);
        assert!(latents(&job(30, 18, &|frame| if frame < 30 { 0.0 } else { 1.0 }), &model)[..] == late[3..]);
    }
}
