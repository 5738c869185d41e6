//! Warnings: settings that fight the model: what, why, and what would fix it.

use super::flashes;
use super::scene::Scene;
use crate::diffusion::Tier;
use crate::diffusion::model::{ModelWords, Sampling};
use crate::error::Result;
use crate::nn::device::free_memory;
use crate::render;
use crate::render::Job;
use crate::score::{ParamId, Unused};
use crate::system;
use crate::units::Size;
use crate::video::Guard;
use crate::weights::Placement;
use serde::Serialize;
use std::fmt;

/// Something that will not come out well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// What is set.
    pub text: String,
    /// Why it does harm.
    pub why: String,
    /// What to do about it.
    pub fix: String,
}

/// Longest edge ratio and area ratio between generated pictures and the model's own that does no harm.
const FAR: f64 = 1.5;
/// Guidance from which on a module is one that was not distilled.
const STANDARD_GUIDANCE: f32 = 7.0;
/// Stretches that are named where there are many.
const SHOWN: usize = 8;
/// Words of a prompt above which the first ones hardly count any more.
const LONG: usize = 40;
/// How many times the model's own frame rate a video may have.
const FAST: f64 = 3.0;
/// How far, as a logarithm, the rate of generated frames may be from the model's own where the others are interpolated: it can't be met by
/// a whole number of frames.
const NEAR: f64 = 0.35;
/// A speed that is short by rounding alone.
const NEARLY: f32 = 0.999;
/// Characters of a prompt that are quoted.
const QUOTED: usize = 50;
/// Phrases that are named to somebody who asked for what a model doesn't know.
const SUGGESTED: usize = 8;

/// All that can be said about a job before it is rendered.
///
/// # Errors
/// Model: it has no tokenizer.
pub fn warnings(scene: &Scene, job: &Job) -> Result<Vec<Warning>> {
    let mut all = Vec::new();
    if render::paints(job) {
        all.extend(steps(scene));
        all.extend(guidance(scene, job));
        all.extend(negative(scene, job));
        all.extend(window(job));
        all.extend(denoise(scene, job));
        all.extend(size(scene, job));
        all.extend(speed(scene, job));
        all.extend(between(scene, job));
    } else {
        all.extend(unpainted(scene));
    }
    // A prompt that was typed is looked at even where nothing of it will be seen.
    if render::paints(job) || scene.request.overrides.prompt.is_some() {
        prompts(scene, render::paints(job), &mut all)?;
    }
    all.extend(flashing(job));
    all.extend(unused(scene));
    Ok(all)
}

/// A render that needs more memory than this computer or its card has to spare, known before a weight is read.
pub fn memory_warnings(scene: &Scene, job: &Job, placement: &Placement) -> Vec<Warning> {
    let saved = scene.request.model.low_memory;
    let needed = render::needed_memory(job, scene.networks(), placement);
    // What the program holds by now is part of what it will need.
    let spare = system::available_memory().zip(system::resident_memory()).map(|(free, held)| free + held);
    let card = render::needed_card_memory(job, &scene.info, placement).zip(free_memory(&placement.device));
    let main = needed.zip(spare).and_then(|(needed, spare)| memory("memory", (needed, spare), saved));
    main.into_iter().chain(card.and_then(|card| memory("the card's memory", card, saved))).collect()
}

fn memory(which: &str, (needed, spare): (u64, u64), saved: bool) -> Option<Warning> {
    let megabytes = |bytes: u64| bytes >> 20;
    if needed <= spare {
        return None;
    }
    warning(
        format!("about {} MB of {which} are needed, {} MB are there", megabytes(needed), megabytes(spare)),
        "the system may slow down to a crawl, or end the program",
        match saved {
            true => "close other programs, or try a smaller --generate",
            false => "try --low-memory or a smaller --generate, or close other programs",
        },
    )
}

fn warning(text: String, why: &str, fix: impl Into<String>) -> Option<Warning> {
    Some(Warning { text, why: why.to_owned(), fix: fix.into() })
}

/// What was typed for a model that has no part in the pictures.
fn unpainted(scene: &Scene) -> Option<Warning> {
    let (said, model) = (&scene.request.overrides, &scene.request.model);
    let typed = [
        ("--prompt", said.prompt.is_some()),
        ("--negative", said.negative.is_some()),
        ("--model", model.folder.is_some()),
        ("--motion", model.motion.is_some()),
        ("--lora", !scene.request.lora_typed.is_empty()),
        ("--interpolator", model.interpolator.is_some()),
        ("--tier final", model.tier == Tier::Final),
        ("--steps", model.steps.is_some()),
    ];
    let typed: Vec<&str> = typed.into_iter().filter(|(_, typed)| *typed).map(|(name, _)| name).collect();
    if typed.is_empty() {
        return None;
    }
    let preset = if scene.request.directed { ", or choose a look with --preset NAME" } else { "" };
    warning(
        format!("{} {} nothing", typed.join(", "), if typed.len() > 1 { "change" } else { "changes" }),
        "all frames are shown as they are drawn or filmed (denoise is 0), and no model runs",
        format!(
            "use --set denoise=0.35 to let the model paint over them, --init none to leave everything to it{preset}"
        ),
    )
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
        format!(
            "use --steps {own}, or the module for {steps} steps, if there is one: there are 1, 2, 4 and 8"
        ),
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
            true => "use guidance from 1 to 1.5, or the standard module with --tier final".to_owned(),
            false => format!("use guidance of {most_guidance} or less; 7.5 is usual"),
        },
    )
}

/// A negative prompt that was typed where guidance is 1 throughout: nothing is led away from it.
fn negative(scene: &Scene, job: &Job) -> Option<Warning> {
    scene.request.overrides.negative.as_ref()?;
    let guided = job.timeline.values(ParamId::Guidance, &job.part()).iter().any(|scale| *scale != 1.0);
    if guided {
        return None;
    }
    warning(
        "--negative changes nothing".to_owned(),
        "guidance is 1 throughout, and only more than that leads away from a negative prompt",
        "use --set guidance=1.5; every step takes twice as long then",
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
    let (part, timeline) = (job.part(), &job.timeline);
    // Where frames have a source, to hardly change is what little denoise is for.
    let bare = part.start.until(part.end).filter(|frame| timeline.init_at(*frame).is_none());
    let least = bare.map(|frame| timeline.value(ParamId::Denoise, frame)).fold(1.0, f32::min);
    let step = 1.0 / scene.info.sampling().steps as f32;
    if least >= step {
        return None;
    }
    warning(
        format!("denoise goes down to {least:.2} with {} steps", scene.info.sampling().steps),
        "that is less than one step's worth of noise: these frames hardly change",
        format!("use a floor of {step:.2}, or more steps"),
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
            format!("try a size nearer to the shape of {own}"),
        );
    }
    if ratio((own.pixels() as f64).sqrt(), (size.pixels() as f64).sqrt()) > FAR {
        return warning(
            format!("pictures are generated at {size}, the model's own size is {own}"),
            "far from its own size a model loses detail or doubles what it shows",
            format!("try --generate {own}; the video keeps its --size"),
        );
    }
    None
}

/// A rate that is not the model's own, where frames have nothing to start from: what is drawn keeps its pace by itself.
fn speed(scene: &Scene, job: &Job) -> Option<Warning> {
    let (hints, timeline, every) = (scene.info.hints(), &job.timeline, job.settings.every);
    // That of the frames that are generated.
    let rate = timeline.fps.divided(every);
    let (own, fps, part) = (f64::from(hints.fps), rate.per_second(), job.part());
    let mut generated =
        part.start.until(part.end).filter(|frame| timeline.init_at(*frame).is_none()).peekable();
    if fps == own || every > 1 && (fps / own).ln().abs() < NEAR || generated.peek().is_none() {
        return None;
    }
    let text = format!("{rate} frames a second are generated, the model was made for {own}");
    if fps > FAST * own {
        let times = fps / own;
        return warning(
            text,
            "every frame is generated: movement is scaled down to keep its pace, so far that a model hardly moves at all",
            format!("let frames be interpolated; it also renders {times:.0} times as fast"),
        );
    }
    let most = generated.map(|frame| timeline.value(ParamId::MotionScale, frame)).fold(0.0, f32::max);
    if fps < own && hints.speed(hints.scale_at(most, rate)) < hints.speed(most) * (own / fps) as f32 * NEARLY
    {
        return warning(
            text,
            "movement is scaled up to keep its pace, but where it is fastest that is more than the model can do",
            format!("use --fps {own}, or less motion_scale"),
        );
    }
    let why = match fps > own {
        true => "movement is scaled down from frame to frame, so that it keeps its pace",
        false => "movement is scaled up from frame to frame, so that it keeps its pace",
    };
    warning(text, why, format!("use --fps {own} for the model's own movement"))
}

/// A network that has nothing to do.
fn between(scene: &Scene, job: &Job) -> Option<Warning> {
    if scene.request.model.interpolator.is_none() || job.settings.every > 1 {
        return None;
    }
    let own = scene.info.hints().fps;
    warning(
        "--interpolator changes nothing".to_owned(),
        "every frame is generated, and none is put between two",
        format!("use --fps {} or more, without --interpolate off", 2 * own),
    )
}

fn flashing(job: &Job) -> Option<Warning> {
    let (timeline, part) = (&job.timeline, job.part());
    let light = |frame| {
        flashes::light(timeline.value(ParamId::Exposure, frame), timeline.value(ParamId::Flash, frame))
    };
    let lights: Vec<f32> = part.start.until(part.end).map(light).collect();
    let time = |i| timeline.fps.start_of(part.start + i as u64);
    let (count, _) = flashes::most(&lights, time);
    if count <= flashes::MOST {
        return None;
    }
    let stretches = flashes::stretches(&lights, time);
    let named: Vec<String> =
        stretches.iter().take(SHOWN).map(|(from, to)| format!("{from} to {to}")).collect();
    let more = match stretches.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let fix = "use less flash and exposure, on whole beats only, or a slower decay: a smaller amount, a longer release";
    warning(
        format!("the whole picture flashes {count} times in a second: {}{more}", named.join(", ")),
        "more than three flashes a second can trigger seizures (WCAG 2.3.1); some sites refuse such videos",
        match job.settings.flash_guard {
            Guard::On => format!("{fix}; the flash guard dampens the rest"),
            Guard::Off => format!("{fix}; or leave out --flash-guard off"),
        },
    )
}

/// What the person wrote and will never see.
fn unused(scene: &Scene) -> Vec<Warning> {
    let all = scene.request.show.unused(&scene.analysis).into_iter();
    all.filter_map(|Unused { what, why }| {
        warning(
            format!("{what} never applies"),
            &why,
            "correct it, or remove it; `beatbolt analyze` lists the track's sections and times",
        )
    })
    .collect()
}

/// Words that say that something moves, or how.
const MOTION: [&str; 24] = [
    "mov", "flow", "fly", "danc", "spin", "turn", "rotat", "swirl", "wav", "puls", "drift", "rush", "run",
    "fall", "ris", "zoom", "travel", "burst", "explo", "smoke", "fire", "flame", "rain", "morph",
];

fn prompts(scene: &Scene, paints: bool, all: &mut Vec<Warning>) -> Result<()> {
    scene.info.tokenizer()?;
    for prompt in scene.prompts() {
        let words = prompt.split_whitespace().count();
        if words > LONG {
            all.extend(warning(
                format!("a prompt is too long, {words} words: \"{}\"", start_of(prompt, QUOTED)),
                "every further word makes the others count for less",
                "use about ten words: a subject, what it does, a style",
            ));
        }
    }
    all.extend(scene.prompts().iter().find_map(|prompt| unclosed(prompt)));
    match scene.info.words() {
        Some(known) => all.extend(scene.prompts().iter().find_map(|prompt| unknown(prompt, known, paints))),
        None => all.extend(scene.prompts().iter().find_map(|prompt| still(prompt))),
    }
    Ok(())
}

/// A prompt in which a word in braces was begun and not ended.
fn unclosed(prompt: &str) -> Option<Warning> {
    let begun = |(at, _): (usize, &str)| {
        let rest = &prompt[at + 1..];
        rest.starts_with(|c: char| c.is_alphabetic()) && !rest.contains('}')
    };
    if !prompt.match_indices('{').any(begun) {
        return None;
    }
    warning(
        format!("a brace isn't closed in the prompt \"{}\"", start_of(prompt, QUOTED)),
        "a word in braces stands for others, {section} for the section's label; this goes to the model as it is",
        "close it, or leave it out",
    )
}

/// A prompt of which a model that was taught a list of words knows none.
fn unknown(prompt: &str, known: &ModelWords, paints: bool) -> Option<Warning> {
    if known.know(prompt) {
        return None;
    }
    let text = match prompt.trim() {
        "" => "a prompt is empty".to_owned(),
        _ => format!("the model knows no word of the prompt \"{}\"", start_of(prompt, QUOTED)),
    };
    let near = known.nearest(prompt, SUGGESTED).join(", ");
    warning(
        text,
        match paints {
            true => "where a prompt holds nothing that it knows, what it shows is left to chance",
            false => "so it would not help a model that paints, either",
        },
        format!(
            "name a scene and colours; it knows {near} ...; all of them are in words.txt, in the folder that `beatbolt models path spark` prints"
        ),
    )
}

/// A prompt for a model that knows all words, and none of them of motion.
fn still(prompt: &str) -> Option<Warning> {
    let lower = prompt.to_lowercase();
    if MOTION.iter().any(|stem| lower.contains(stem)) {
        return None;
    }
    warning(
        format!("a prompt says nothing of motion: \"{}\"", start_of(prompt, QUOTED)),
        "motion modules move what the words let them: a still life stays still",
        "add a word of motion: flowing, rushing, swirling, waves",
    )
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.text, self.why, self.fix)
    }
}

/// A text, or of a longer one its first `most` characters and dots.
pub fn start_of(text: &str, most: usize) -> String {
    let start: String = text.chars().take(most).collect();
    if start.len() < text.len() { format!("{start}...") } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brace_that_is_begun_is_ended() {
        let told = |prompt: &str| unclosed(prompt).is_some();
        assert!(told("{colour tunnel") && told("{a} sea {b"));
        assert!(!told("{a} sea") && !told("a { b") && !told(":{ sea") && !told("{\"a\": 1"));
    }

    #[test]
    fn what_does_not_fit_into_memory_is_said_before() {
        assert_eq!(memory("memory", (6 << 30, 6 << 30), false), None);
        let warned = |saved| memory("memory", ((6 << 30) + 1, 4 << 30), saved).unwrap().to_string();
        let text = warned(false);
        assert!(text.contains("about 6144 MB") && text.contains("4096 MB are there"), "{text}");
        assert!(text.contains("--low-memory") && !warned(true).contains("--low-memory"), "{text}");
    }
}
