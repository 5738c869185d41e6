//! `beatbolt plan`: windows, takes, cuts, values, expected time and memory, warnings; nothing is rendered.

use super::args::PlanArgs;
use super::output::Output;
use super::plot;
use super::terminal;
use super::terminal::say;
use crate::diffusion::ModelFingerprint;
use crate::diffusion::model::{Origin, SamplingRecord};
use crate::error::Result;
use crate::job::{
    Destination, JobOptions, OutputOptions, Request, Scene, Space, Warning, in_the_way, memory_warnings,
    models, start_of, warnings,
};
use crate::render::{Estimate, Job, Window, paints, rate};
use crate::score::ParamId;
use crate::timing::Timings;
use crate::units::{GeneratedFrame, Seconds};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Seconds after a cut in which the music has arrived where the cut leads.
const SETTLED: f64 = 0.25;
/// Most characters of a prompt in a table.
const WIDEST: usize = 80;
/// Most rows of the table of windows.
const MOST_ROWS: usize = 24;

/// Prints and draws the plan that was asked for.
pub fn run(args: PlanArgs) -> Result<()> {
    show(&args.job.into(), &args.out.into(), args.json, args.plot.as_deref())
}

/// Prints the plan of what `options` ask for, as one JSON object if `as_json`, and draws it to `picture`.
pub fn show(options: &JobOptions, out: &OutputOptions, as_json: bool, picture: Option<&Path>) -> Result<()> {
    let progress = terminal::progress(as_json);
    let request = Request::read(options)?;
    let picture = picture.map(|path| Output::new(plot::checked(path)?, &request.track)).transpose()?;
    let destination = Destination::of(&request, out, &*progress)?;
    let scene = Scene::open(request, &*progress, &Timings::off())?;
    let placement = models::place(&scene.request.model, &*progress)?;
    // Weights are read only where it matters: to tell whether what lies there is this very video.
    let model = match destination.path.is_file() {
        true => scene.fingerprint().unwrap_or_default(),
        false => ModelFingerprint::default(),
    };
    let job = scene.job(&destination, &placement, model)?;
    if let (false, Some(other)) = (destination.overwrite, in_the_way(&job)) {
        progress.note(&format!("{other}; to render, add --overwrite or choose another name"));
    }
    let space = Space::of(&job, &scene.info, destination.profile);
    let mut warnings = warnings(&scene, &job)?;
    warnings.extend(memory_warnings(&scene, &job, &placement));
    warnings.extend(space.warning(&job));
    progress.stage("trying", 0);
    let needs = scene.estimate(&job, &placement, destination.profile)?;
    drop(progress);
    if let Some(picture) = picture {
        let title = options.input.file_name().unwrap_or(options.input.as_os_str()).to_string_lossy();
        plot::planned::draw(&scene, &title, picture.path())?;
        picture.commit()?;
    }
    let sampling = scene.sampling()?;
    let plan = Plan { scene: &scene, job: &job, windows: job.windows(), sampling, needs, space, warnings };
    if as_json {
        say(plan.json())
    } else {
        plan.table()
    }
    Ok(())
}

/// A number of things: `1 take`, `3 takes`.
pub(super) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// An estimate as a person would give it: two figures, in the unit that suits it.
pub(super) fn roughly(time: Seconds) -> String {
    let (value, unit) = match time.0 {
        s if s < 90.0 => (s, "second"),
        s if s < 90.0 * 60.0 => (s / 60.0, "minute"),
        s => (s / 3600.0, "hour"),
    };
    let step = if value >= 20.0 { 5.0 } else { 1.0 };
    match (value / step).round() * step {
        rounded if rounded < 10.0 && unit == "hour" => format!("{value:.1} hours"),
        rounded => counted((rounded as usize).max(1), unit),
    }
}

/// A line on how windows are sampled.
fn sampled(sampling: &SamplingRecord) -> String {
    let list = |values: &[f64], digits: usize| {
        let values: Vec<String> = values.iter().map(|v| format!("{v:.digits$}")).collect();
        match &values[..] {
            [first, second, .., last] if values.len() > 9 => format!("{first}, {second} ... {last}"),
            all => all.join(", "),
        }
    };
    let SamplingRecord { family, sampler, timesteps, sigmas, guidance, from, .. } = sampling;
    format!(
        "sampled as {family}: {sampler} at timesteps {} (sigmas {}), guidance {guidance}\n\
         schedule by {}, steps by {}, guidance by {}\n",
        list(timesteps, 0),
        list(sigmas, 3),
        by(from.scheduler),
        by(from.steps),
        by(from.guidance),
    )
}

fn by(origin: Origin) -> &'static str {
    match origin {
        Origin::User => "you",
        Origin::Preset => "the preset",
        Origin::MotionModule => "the motion module's recipe",
        Origin::Model => "the model's own settings",
        Origin::Checkpoint => "the checkpoint",
    }
}

/// Everything that is told.
struct Plan<'a> {
    scene: &'a Scene,
    job: &'a Job,
    windows: Vec<Window>,
    sampling: SamplingRecord,
    needs: Estimate,
    space: Space,
    warnings: Vec<Warning>,
}

impl Plan<'_> {
    fn table(&self) {
        let (settings, timeline) = (&self.job.settings, &self.job.timeline);
        say(format_args!(
            "{}: {} frames at {} a second, {}",
            self.job.output.display(),
            settings.frames,
            timeline.fps,
            match paints(self.job) {
                true => format!("generated at {}, shown at {}", settings.generate, settings.picture),
                false => format!("drawn at {}", settings.picture),
            }
        ));
        let memory =
            self.needs.memory.map_or(String::new(), |bytes| format!(", {} MB of memory", bytes >> 20));
        if let (every, true) = (settings.every, paints(self.job))
            && every > 1
        {
            let rate = timeline.fps.divided(every);
            say(format_args!(
                "the model makes {rate} a second, {} between two of them are interpolated",
                every - 1
            ));
        }
        let (windows, takes) = (counted(self.windows.len(), "window"), counted(self.takes(), "take"));
        let work = match paints(self.job) {
            true => format!("{windows} of {} in {takes}", counted(settings.steps, "step")),
            false => format!("{takes}, in which no model runs"),
        };
        say(format_args!(
            "{work}; on this machine about {}{memory}, and about {} MB on the disk\n",
            roughly(self.needs.time),
            (self.space.needed() / 1_000_000).max(1),
        ));
        if paints(self.job) {
            say(sampled(&self.sampling));
        }
        self.scene.loras.iter().for_each(|lora| say(lora.said(&self.job.timeline, &self.windows)));
        self.scene.controls.iter().for_each(|control| say(control.said()));
        self.scene.upscaler.iter().for_each(|file| {
            say(format_args!("pictures are enlarged by {} ({})", file.path().display(), file.said()));
        });
        self.scene.interpolator().filter(|_| paints(self.job)).iter().for_each(|file| {
            say(format_args!("frames are interpolated by {} ({})", file.path().display(), file.said()));
        });
        self.takes_table();
        self.values_table();
        self.windows_table();
        for Warning { text, why, fix } in &self.warnings {
            say(format_args!("\nwarning: {text}\n    why: {why}\n    fix: {fix}"));
        }
    }

    fn takes(&self) -> usize {
        self.windows.last().map_or(0, |w| w.take + 1)
    }

    /// The time in the track at which a frame begins.
    fn time(&self, frame: GeneratedFrame) -> Seconds {
        self.job.timeline.fps.start_of(frame)
    }

    fn takes_table(&self) {
        let labels = self.scene.analysis.sections.iter().map(|s| s.label.chars().count());
        let widest = labels.max().unwrap_or(0).max("section".len());
        say(format_args!("take        from          to  {:widest$}  preset", "section"));
        let part = self.job.part();
        let pieces = self.scene.request.show.pieces(&self.scene.analysis);
        let shown = |t: f64| pieces.iter().rev().find(|p| p.start.0 <= t).map_or("", |p| &p.preset);
        for take in self.windows.iter().filter(|w| !w.continues()) {
            let (start, end) = (take.take_start, take.take_end.min(part.end));
            // A cut lies in the frame nearest to a border: what a take belongs to is what sounds a little later.
            let [from, to] = [start, end].map(|frame| self.time(frame).0);
            let inside = from + SETTLED.min((to - from) / 2.0);
            let section = self.scene.analysis.section_at(inside).map_or("-", |s| &s.label);
            let source =
                self.job.timeline.init_at(start).map_or(String::new(), |init| format!(", from {init}"));
            say(format_args!(
                "{:4}  {:>10}  {:>10}  {section:widest$}  {}{source}",
                take.take,
                self.time(start).to_string(),
                self.time(end).to_string(),
                shown(inside),
            ));
        }
        say("");
    }

    /// Parameters that move, with their range in this part, and those that are held somewhere else than by default.
    fn values_table(&self) {
        say(format_args!("parameter            least    mean    most  changes per"));
        let (timeline, part) = (&self.job.timeline, self.job.part());
        for (param, _) in timeline.curves.iter() {
            let curve = timeline.values(&param, &part);
            if curve.iter().all(|v| *v == param.default as f32) {
                continue;
            }
            let (least, most) = plot::extent(curve);
            let mean = curve.iter().sum::<f32>() / curve.len() as f32;
            let rate = format!("{:?}", param.rate).to_lowercase();
            // Without the sign of a zero that was rounded from below.
            let [least, mean, most] = [least, mean, most].map(|v| (v * 1000.0).round() / 1000.0 + 0.0);
            say(format_args!("{:18} {least:7.3} {mean:7.3} {most:7.3}  {rate}", param.name));
        }
        say("");
    }

    /// The windows that a model paints in, the first ones of many.
    fn windows_table(&self) {
        let timeline = &self.job.timeline;
        let drawn = |w: &&Window| {
            (w.new_frames().start.0..w.new_frames().end.0).all(|f| timeline.shows_source(GeneratedFrame(f)))
        };
        let (drawn, painted): (Vec<&Window>, Vec<&Window>) = self.windows.iter().partition(drawn);
        if painted.is_empty() {
            return;
        }
        say(format_args!("window  take   new frames         from  motion_scale  denoise  prompt"));
        for window in painted.iter().take(MOST_ROWS) {
            let new = window.new_frames();
            let frames = format!("{}..{}", new.start, new.end);
            say(format_args!(
                "{:6}  {:4}  {frames:>11}  {:>11}  {:12.2}  {:7.2}  {}",
                window.index,
                window.take,
                self.time(new.start).to_string(),
                self.mean(window, ParamId::MotionScale),
                self.mean(window, ParamId::Denoise),
                start_of(&timeline.prompt_at(new.start).prompt, WIDEST)
            ));
        }
        match painted.len().saturating_sub(MOST_ROWS) {
            0 => {}
            more => say(format_args!("... and {}, all of which --json tells", counted(more, "more window"))),
        }
        if !drawn.is_empty() {
            say(format_args!("{} drawn, without a model", counted(drawn.len(), "more window")));
        }
    }

    /// The plan as JSON. Frames are counted from the start of the video: `first_new_frames` is what seam measurements
    /// want, `values` has every frame's.
    fn json(&self) -> Value {
        let (timeline, part) = (&self.job.timeline, self.job.part());
        let frame = |f: GeneratedFrame| f - part.start;
        let described: Vec<Value> = self
            .windows
            .iter()
            .map(|w| {
                let new = w.new_frames();
                json!({ "index": w.index, "take": w.take, "start": frame(w.start), "first_new_frame": frame(new.start),
                        "end": frame(new.end.min(part.end)), "prompt": timeline.prompt_at(new.start).prompt,
                        "init": timeline.init_at(new.start) })
            })
            .collect();
        let values: Map<String, Value> = timeline
            .curves
            .iter()
            .map(|(param, _)| (param.name.to_string(), json!(timeline.values(&param, &part))))
            .collect();
        let cuts = timeline.cuts.iter().filter(|c| part.start < **c && **c < part.end).map(|c| frame(*c));
        json!({
            "output": self.job.output, "settings": self.job.settings, "fps": timeline.fps.to_string(),
            "frames": part.end - part.start, "start": self.time(part.start), "takes": self.takes(),
            "cuts": cuts.collect::<Vec<_>>(), "sampling": self.sampling,
            "first_new_frames": self.windows.iter().map(|w| frame(w.new_frames().start)).collect::<Vec<_>>(),
            "windows": described, "values": values, "expected_seconds": self.needs.time,
            "loras": self.scene.loras.iter().map(|l| l.said(timeline, &self.windows)).collect::<Vec<_>>(),
            "controls": self.scene.controls.iter().map(|control| control.said()).collect::<Vec<_>>(),
            "upscaler": self.scene.upscaler.as_ref().map(|file| file.said()),
            "interpolator": self.scene.interpolator().map(|file| file.said()),
            "expected_memory": self.needs.memory, "expected_disk": self.space.needed(), "warnings": self.warnings,
        })
    }

    /// Mean of a parameter over the frames that a window brings.
    fn mean(&self, window: &Window, id: ParamId) -> f32 {
        let shown = window.shown();
        let shown = rate::generated(shown.start)..rate::generated(shown.end);
        let values = self.job.timeline.values(id, &shown);
        values.iter().sum::<f32>() / values.len() as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_said_as_a_person_would() {
        let said = [0.2, 1.0, 12.4, 47.0, 119.0, 1300.0, 7000.0, 90_000.0].map(|s| roughly(Seconds(s)));
        let right = [
            "1 second",
            "1 second",
            "12 seconds",
            "45 seconds",
            "2 minutes",
            "20 minutes",
            "1.9 hours",
            "25 hours",
        ];
        assert_eq!(said, right);
        assert_eq!((counted(1, "take"), counted(0, "take")), ("1 take".to_owned(), "0 takes".to_owned()));
    }
}
