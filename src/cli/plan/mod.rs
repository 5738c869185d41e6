//! `beatbolt plan`: windows, takes, cuts, values, expected time and memory, warnings; nothing is rendered.

mod flashes;
mod warnings;

use super::args::{JobArgs, OutputArgs};
use super::output::Output;
use super::plot;
use super::prepare::Scene;
use super::render;
use super::request::Request;
use super::terminal::{self, say};
use crate::error::Result;
use crate::render::{Estimate, Job, Window, estimate};
use crate::score::PARAMS;
use crate::timing::Timings;
use crate::units::Seconds;
use serde_json::{Map, Value, json};
use std::path::Path;
use warnings::Warning;

/// Prints the plan of what `args` ask for, as one JSON object if `as_json`, and draws it to `picture`.
pub fn show(args: &JobArgs, out: &OutputArgs, as_json: bool, picture: Option<&Path>) -> Result<()> {
    let progress = terminal::progress(as_json);
    let request = Request::read(args)?;
    let picture = picture.map(|path| Output::new(plot::checked(path)?, &request.track)).transpose()?;
    let place = request.place(out, &*progress)?;
    let scene = Scene::open(request, &*progress, &Timings::off())?;
    let job = render::job(&scene, &place)?;
    if let (false, Some(other)) = (place.overwrite, render::in_the_way(&job)) {
        progress.note(&format!("{other}: a render would need --overwrite, or another name"));
    }
    let warnings = warnings::of(&scene, &job)?;
    progress.stage("trying", 0);
    let needs = estimate(&job, &scene.model, place.profile)?;
    drop(progress);
    if let Some(picture) = picture {
        let title = args.target.file_name().unwrap_or(args.target.as_os_str()).to_string_lossy();
        plot::planned::draw(&scene, &title, picture.path())?;
        picture.commit()?;
    }
    let plan = Plan { scene: &scene, job: &job, windows: job.windows(), needs, warnings };
    if as_json {
        say(plan.json())
    } else {
        plan.table()
    }
    Ok(())
}

/// Everything that is told.
struct Plan<'a> {
    scene: &'a Scene,
    job: &'a Job,
    windows: Vec<Window>,
    needs: Estimate,
    warnings: Vec<Warning>,
}

impl Plan<'_> {
    fn table(&self) {
        let (settings, timeline) = (&self.job.settings, &self.job.timeline);
        say(format_args!(
            "{}: {} frames at {} a second, generated at {}, shown at {}",
            self.job.output.display(),
            settings.frames,
            timeline.fps,
            settings.generate,
            settings.picture
        ));
        let memory =
            self.needs.memory.map_or(String::new(), |bytes| format!(", {} MB of memory", bytes >> 20));
        say(format_args!(
            "{} windows of {} steps in {} takes, about {}{memory} from the first window to the finished file here\n",
            self.windows.len(),
            settings.steps,
            self.takes(),
            self.needs.time
        ));
        self.takes_table();
        self.values_table();
        self.windows_table();
        for Warning { text, why, mend } in &self.warnings {
            say(format_args!("\nwarning: {text}\n    why: {why}\n   mend: {mend}"));
        }
    }

    fn takes(&self) -> usize {
        self.windows.last().map_or(0, |w| w.take + 1)
    }

    /// The time in the track at which a frame begins.
    fn time(&self, frame: u64) -> Seconds {
        self.job.timeline.fps.start_of(frame)
    }

    fn takes_table(&self) {
        say(format_args!("take        from          to  section  preset"));
        let part = self.job.part();
        for take in self.windows.iter().filter(|w| !w.continues()) {
            let (start, end) = (take.take_start, take.take_end.min(part.end));
            // A frame shows what sounds in its middle.
            let middle = self.time(start).0 + self.job.timeline.fps.period().0 / 2.0;
            let section = self.scene.analysis.section_at(middle).map_or("-", |s| &s.label);
            say(format_args!(
                "{:4}  {:>10}  {:>10}  {section:7}  {}",
                take.take,
                self.time(start).to_string(),
                self.time(end).to_string(),
                self.scene.request.show.look_at(&self.scene.analysis, Seconds(middle)).preset.name,
            ));
        }
        say("");
    }

    /// Parameters that move, with their range in this part, and those that are held somewhere else than by default.
    fn values_table(&self) {
        say(format_args!("parameter            least    mean    most  changes per"));
        for param in PARAMS.iter().filter(|p| p.needs.is_empty()) {
            let part = self.job.part();
            let curve = &self.job.timeline.curves[param.name][part.start as usize..part.end as usize];
            if curve.iter().all(|v| *v == param.default as f32) {
                continue;
            }
            let (least, most) = plot::extent(curve);
            let mean = curve.iter().sum::<f32>() / curve.len() as f32;
            let rate = format!("{:?}", param.rate).to_lowercase();
            say(format_args!("{:18} {least:7.3} {mean:7.3} {most:7.3}  {rate}", param.name));
        }
        say("");
    }

    fn windows_table(&self) {
        say(format_args!("window  take   new frames         from  motion_scale  denoise  prompt"));
        for window in &self.windows {
            let new = window.new_frames();
            let frames = format!("{}..{}", new.start, new.end);
            say(format_args!(
                "{:6}  {:4}  {frames:>11}  {:>11}  {:12.2}  {:7.2}  {}",
                window.index,
                window.take,
                self.time(new.start).to_string(),
                self.mean(window, "motion_scale"),
                self.mean(window, "denoise"),
                self.job.timeline.prompt_at(new.start).prompt
            ));
        }
    }

    /// The plan as JSON. Frames are counted from the start of the video: `first_new_frames` is what seam measurements
    /// want, `values` has every frame's.
    fn json(&self) -> Value {
        let (timeline, part) = (&self.job.timeline, self.job.part());
        let frame = |f: u64| f.saturating_sub(part.start);
        let described: Vec<Value> = self
            .windows
            .iter()
            .map(|w| {
                let new = w.new_frames();
                json!({ "index": w.index, "take": w.take, "start": frame(w.start), "first_new_frame": frame(new.start),
                        "end": frame(new.end.min(part.end)), "prompt": timeline.prompt_at(new.start).prompt })
            })
            .collect();
        let values: Map<String, Value> = timeline
            .curves
            .iter()
            .map(|(name, curve)| ((*name).to_owned(), json!(curve[part.start as usize..part.end as usize])))
            .collect();
        let cuts = timeline.cuts.iter().filter(|c| part.start < **c && **c < part.end).map(|c| frame(*c));
        let warnings = self.warnings.iter().map(|w| json!({ "text": w.text, "why": w.why, "mend": w.mend }));
        json!({
            "output": self.job.output, "settings": self.job.settings, "fps": timeline.fps.to_string(),
            "frames": part.end - part.start, "start": self.time(part.start), "takes": self.takes(),
            "cuts": cuts.collect::<Vec<_>>(),
            "first_new_frames": self.windows.iter().map(|w| frame(w.new_frames().start)).collect::<Vec<_>>(),
            "windows": described, "values": values, "expected_seconds": self.needs.time,
            "expected_memory": self.needs.memory, "warnings": warnings.collect::<Vec<_>>(),
        })
    }

    /// Mean of a parameter over the frames that a window brings.
    fn mean(&self, window: &Window, name: &str) -> f32 {
        let new = window.new_frames();
        let count = (new.end - new.start) as f32;
        new.map(|frame| self.job.timeline.value(name, frame)).sum::<f32>() / count
    }
}
