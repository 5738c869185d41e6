//! Warnings: settings that fight the model: what, why, and what would mend it.

use super::flashes;
use super::scene::Scene;
use crate::diffusion::model::Sampling;
use crate::error::Result;
use crate::render::Job;
use crate::score::ParamId;
use crate::units::Size;
use serde::Serialize;

/// Something that will not come out well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// What is set.
    pub text: String,
    /// Why it does harm.
    pub why: String,
    /// What to do about it.
    pub mend: String,
}

/// Longest edge ratio and area ratio between generated pictures and the model's own that does no harm.
const FAR: f64 = 1.5;
/// Guidance from which on a module is one that was not distilled.
const STANDARD_GUIDANCE: f32 = 7.0;
/// Words of a prompt above which the first ones hardly count any more.
const LONG: usize = 40;

/// All that can be said about a job before it is rendered.
///
/// # Errors
/// Model: it has no tokenizer.
pub fn warnings(scene: &Scene, job: &Job) -> Result<Vec<Warning>> {
    let mut all = Vec::new();
    all.extend(steps(scene));
    all.extend(guidance(scene, job));
    all.extend(window(job));
    all.extend(denoise(scene, job));
    all.extend(size(scene, job));
    all.extend(speed(scene, job));
    all.extend(flashing(job));
    prompts(scene, &mut all)?;
    Ok(all)
}

fn warning(text: String, why: &str, mend: impl Into<String>) -> Option<Warning> {
    Some(Warning { text, why: why.to_owned(), mend: mend.into() })
}

/// Steps that were forced on a module that was made for others.
fn steps(scene: &Scene) -> Option<Warning> {
    let Sampling { family, steps, made_for, .. } = scene.info.sampling();
    let own = made_for.first()?;
    if made_for.contains(steps) {
        return None;
    }
    warning(
        format!("{steps} steps with a motion module for {own} ({family})"),
        "a distilled module has learnt the noise levels of its own number of steps and no others",
        format!("--steps {own}, or the module for {steps} steps, if there is one: there are 1, 2, 4 and 8"),
    )
}

fn guidance(scene: &Scene, job: &Job) -> Option<Warning> {
    let Sampling { family, most_guidance, .. } = scene.info.sampling();
    let most = job.timeline.values(ParamId::Guidance, &job.part()).iter().copied().fold(1.0, f32::max);
    if most <= *most_guidance {
        return None;
    }
    let distilled = *most_guidance < STANDARD_GUIDANCE;
    warning(
        format!("guidance goes up to {most} ({family})"),
        match distilled {
            true => "distilled models have guidance built in; above 2 colours burn and pictures flicker",
            false => "so far from what it was trained on, colours burn and pictures flicker",
        },
        match distilled {
            true => "guidance from 1 to 1.5, or the standard module with --tier final".to_owned(),
            false => format!("guidance of {most_guidance} and below; 7.5 is usual"),
        },
    )
}

fn window(job: &Job) -> Option<Warning> {
    let length = job.settings.windows.length;
    // Those beyond the positional encoding are refused before.
    if length == 16 {
        return None;
    }
    warning(
        format!("windows of {length} frames"),
        "motion modules are trained on 16 frames; with others motion gets jittery or freezes",
        "\"frames\": 16 in the model's hints",
    )
}

fn denoise(scene: &Scene, job: &Job) -> Option<Warning> {
    let least = job.timeline.values(ParamId::Denoise, &job.part()).iter().copied().fold(1.0, f32::min);
    let step = 1.0 / scene.info.sampling().steps as f32;
    if least >= step {
        return None;
    }
    warning(
        format!("denoise goes down to {least:.2} with {} steps", scene.info.sampling().steps),
        "that is less than one step's worth of noise: these frames hardly change",
        format!("a floor of {step:.2}, or more steps"),
    )
}

fn size(scene: &Scene, job: &Job) -> Option<Warning> {
    let native = scene.info.hints();
    let (own, size) =
        (Size { width: native.width as u32, height: native.height as u32 }, job.settings.generate);
    let ratio = |a: f64, b: f64| (a / b).max(b / a);
    let aspect = |s: Size| f64::from(s.width) / f64::from(s.height);
    if ratio(aspect(own), aspect(size)) > FAR {
        return warning(
            format!("pictures of {size}, the model's own are {own}"),
            "in a shape it was not trained on, a model repeats or cuts off what it shows",
            format!("a --size nearer to the shape of {own}"),
        );
    }
    if ratio((own.pixels() as f64).sqrt(), (size.pixels() as f64).sqrt()) > FAR {
        return warning(
            format!("pictures are generated at {size}, the model's own size is {own}"),
            "far from its own size a model loses detail or doubles what it shows",
            format!("--generate {own}; --size alone decides how large the video is"),
        );
    }
    None
}

fn speed(scene: &Scene, job: &Job) -> Option<Warning> {
    let (own, fps) = (f64::from(scene.info.hints().fps), job.timeline.fps.per_second());
    if fps <= 2.0 * own && fps >= own / 2.0 {
        return None;
    }
    warning(
        format!("{} frames a second, the model was made for {own}", job.timeline.fps),
        "pictures are generated at the video's rate, so everything moves that much faster or slower",
        format!("--fps {own}, or motion_scale to make up for it"),
    )
}

fn flashing(job: &Job) -> Option<Warning> {
    let (timeline, part) = (&job.timeline, job.part());
    let light = |frame| {
        flashes::light(timeline.value(ParamId::Exposure, frame), timeline.value(ParamId::Flash, frame))
    };
    let lights: Vec<f32> = part.start.until(part.end).map(light).collect();
    let (count, at) = flashes::most(&lights, |i| timeline.fps.start_of(part.start + i as u64));
    if count <= flashes::MOST {
        return None;
    }
    warning(
        format!("the whole picture flashes {count} times in a second, from {at} on"),
        "more than three flashes in a second can bring on seizures (WCAG 2.3.1); some sites refuse such videos",
        "flash and exposure less, on whole beats, or let go more slowly: a smaller amount, a longer release",
    )
}

/// Words that say that something moves, or how.
const MOTION: [&str; 24] = [
    "mov", "flow", "fly", "danc", "spin", "turn", "rotat", "swirl", "wav", "puls", "drift", "rush", "run",
    "fall", "ris", "zoom", "travel", "burst", "explo", "smoke", "fire", "flame", "rain", "morph",
];

fn prompts(scene: &Scene, all: &mut Vec<Warning>) -> Result<()> {
    scene.info.tokenizer()?;
    for prompt in scene.prompts() {
        if prompt.split_whitespace().count() > LONG {
            all.extend(warning(
                format!("a prompt of more than {LONG} words: \"{}\"", start_of(prompt)),
                "every further word makes the others count for less",
                "a subject, what it does, a style: some ten words",
            ));
        }
    }
    // The model that comes with the program knows scenes that move by themselves; others go by words.
    let knows_scenes = scene.request.model.folder.is_none();
    let mut still = scene.prompts().into_iter().filter(|p| {
        let lower = p.to_lowercase();
        !MOTION.iter().any(|stem| lower.contains(stem))
    });
    if let (false, Some(prompt)) = (knows_scenes, still.next()) {
        all.extend(warning(
            format!("a prompt says nothing of motion: \"{}\"", start_of(prompt)),
            "motion modules move what the words let them: a still life stays still",
            "a word of motion: flowing, rushing, swirling, waves",
        ));
    }
    Ok(())
}

fn start_of(text: &str) -> String {
    let start: String = text.chars().take(50).collect();
    if start.len() < text.len() { format!("{start}...") } else { start }
}
