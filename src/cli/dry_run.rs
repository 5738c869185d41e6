//! `beatbolt render --dry-run`: windows, takes, values and expected time, without rendering.

use super::terminal::say;
use crate::diffusion::Model;
use crate::error::Result;
use crate::render::{Job, Window, expected_time};
use crate::units::Seconds;
use serde_json::{Map, Value, json};

/// Prints the plan of `job`; as one JSON object if `as_json`.
pub fn print(job: &Job, model: &Model, as_json: bool) -> Result<()> {
    let windows = job.windows();
    let expected = expected_time(job, model)?;
    if as_json {
        say(plan(job, &windows, expected));
    } else {
        table(job, &windows, expected);
    }
    Ok(())
}

fn table(job: &Job, windows: &[Window], expected: Seconds) {
    let (settings, timeline) = (&job.settings, &job.timeline);
    let takes = windows.last().map_or(0, |w| w.take + 1);
    say(format_args!(
        "{}: {} frames at {} a second, generated at {}, shown at {}",
        job.output.display(),
        timeline.frames,
        timeline.fps,
        settings.generate,
        settings.picture
    ));
    say(format_args!(
        "{} windows of {} steps in {takes} takes, about {expected} of denoising and decoding here\n",
        windows.len(),
        settings.steps
    ));
    say(format_args!("window  take   new frames         from  motion_scale  denoise  prompt"));
    for window in windows {
        let new = window.new_frames();
        let time = Seconds(timeline.start.0 + timeline.fps.start_of(new.start).0);
        let frames = format!("{}..{}", new.start, new.end);
        say(format_args!(
            "{:6}  {:4}  {frames:>11}  {:>11}  {:12.2}  {:7.2}  {}",
            window.index,
            window.take,
            time.to_string(),
            mean(job, window, "motion_scale"),
            mean(job, window, "denoise"),
            timeline.prompt_at(new.start).prompt
        ));
    }
}

/// The plan as JSON: `first_new_frames` is what seam measurements want, `values` has every frame's.
fn plan(job: &Job, windows: &[Window], expected: Seconds) -> Value {
    let timeline = &job.timeline;
    let described: Vec<Value> = windows
        .iter()
        .map(|w| {
            let new = w.new_frames();
            json!({ "index": w.index, "take": w.take, "start": w.start, "first_new_frame": new.start, "end": new.end,
                    "prompt": timeline.prompt_at(new.start).prompt })
        })
        .collect();
    let values: Map<String, Value> =
        timeline.curves.iter().map(|(name, curve)| ((*name).to_owned(), json!(curve))).collect();
    json!({
        "output": job.output, "settings": job.settings, "fps": timeline.fps.to_string(), "frames": timeline.frames,
        "start": timeline.start, "takes": windows.last().map_or(0, |w| w.take + 1), "cuts": timeline.cuts,
        "first_new_frames": windows.iter().map(|w| w.new_frames().start).collect::<Vec<_>>(),
        "windows": described, "values": values, "expected_seconds": expected,
    })
}

/// Mean of a parameter over the frames that a window brings.
fn mean(job: &Job, window: &Window, name: &str) -> f32 {
    let new = window.new_frames();
    let count = (new.end - new.start) as f32;
    new.map(|frame| job.timeline.value(name, frame)).sum::<f32>() / count
}
