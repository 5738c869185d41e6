//! `beatbolt takes`: what several machines can share, what each piece costs, and how far more machines would help.

use super::args::TakesArgs;
use super::plan::{counted, roughly};
use super::retyped;
use super::shell;
use super::terminal;
use super::terminal::say;
use crate::error::{Error, Result};
use crate::job::{Crew, Destination, JobOptions, OutputOptions, Request, Scene, crew};
use crate::render::{Estimate, Job, Window};
use crate::timing::Timings;
use crate::units::Seconds;
use serde_json::{Value, json};
use std::time::Instant;

/// Options of this subcommand alone.
pub const OWN: (&[&str], &[&str]) = (&["--simulate"], &["--commands", "--json"]);

/// Prints the takes.
pub fn run(args: TakesArgs) -> Result<()> {
    let (options, out) = (JobOptions::from(args.job), OutputOptions::from(args.out));
    let progress = terminal::progress(args.json);
    let began = Instant::now();
    let request = Request::read(&options)?;
    let destination = Destination::of(&request, &out, &*progress)?;
    let scene = Scene::open(request, &*progress, &Timings::off())?;
    let (job, placement) = scene.job_to_render(&destination, &*progress)?;
    let takes = job.takes();
    if args.commands {
        drop(progress);
        let words = retyped::words(OWN.0, OWN.1)?;
        return takes.iter().enumerate().try_for_each(|(number, _)| {
            command(&words, number).map(say).ok_or_else(|| {
                Error::usage("a word of the command can't be shown").hint("it holds control characters")
            })
        });
    }
    progress.stage("trying", 0);
    let needs = scene.estimate(&job, &placement, destination.profile)?;
    let mut crews = Vec::new();
    if !args.simulate.is_empty() {
        // What every worker does before its first window, done once.
        let model = scene.load(&placement, &*progress, &Timings::off())?;
        let start = Seconds(began.elapsed().as_secs_f64());
        drop(model);
        crews = args.simulate.iter().map(|workers| crew(&needs, start, *workers)).collect();
    }
    drop(progress);
    if args.json {
        say(as_json(&job, &takes, &needs, &crews));
    } else {
        table(&job, &takes, &needs);
        simulated(&crews);
    }
    Ok(())
}

/// The command of a worker that makes the take of this number, of what was typed.
fn command(words: &[String], take: usize) -> Option<String> {
    let number = take.to_string();
    let own = ["beatbolt", "render", "--takes", &number];
    shell::command(own.into_iter().chain(words.iter().map(String::as_str)))
}

fn table(job: &Job, takes: &[Vec<Window>], needs: &Estimate) {
    say("take        from          to   frames  windows  about");
    for (take, time) in takes.iter().zip(&needs.takes) {
        let Some(row) = Row::of(job, take) else { continue };
        say(format_args!(
            "{:4}  {:>10}  {:>10}  {:7}  {:7}  {}",
            row.number,
            row.start.to_string(),
            row.end.to_string(),
            row.frames,
            take.len(),
            if time.0 > 0.0 { roughly(*time) } else { "drawn when it is joined".to_owned() }
        ));
    }
    let all: f64 = needs.takes.iter().map(|time| time.0).sum();
    let memory =
        needs.memory.map_or(String::new(), |bytes| format!(", {} MB of memory a worker", bytes >> 20));
    say(format_args!(
        "\n{}: about {} of work for one worker on this machine{memory}, and {} to join them",
        counted(takes.len(), "take"),
        roughly(Seconds(all)),
        roughly(needs.finish),
    ));
}

/// What is said of a take.
struct Row {
    number: usize,
    start: Seconds,
    end: Seconds,
    frames: u64,
}

impl Row {
    fn of(job: &Job, take: &[Window]) -> Option<Self> {
        let first = take.first()?;
        let (start, end) = (first.take_start, first.take_end.min(job.part().end));
        let fps = job.timeline.fps;
        Some(Row {
            number: first.take,
            start: fps.start_of(start),
            end: fps.start_of(end),
            frames: end - start,
        })
    }
}

fn simulated(crews: &[Crew]) {
    if crews.is_empty() {
        return;
    }
    say("\nworkers  rendered after  joined after  idle  times as fast");
    for crew in crews {
        say(format_args!(
            "{:7}  {:>14}  {:>12}  {:3.0} %  {:.1}",
            crew.workers,
            roughly(crew.rendered),
            roughly(crew.joined),
            100.0 * crew.idle,
            crew.faster
        ));
    }
}

fn as_json(job: &Job, takes: &[Vec<Window>], needs: &Estimate, crews: &[Crew]) -> Value {
    let of = |(take, time): (&Vec<Window>, &Seconds)| {
        let row = Row::of(job, take)?;
        Some(json!({ "take": row.number, "start": row.start, "end": row.end, "frames": row.frames,
                     "windows": take.len(), "expected_seconds": time }))
    };
    let takes: Vec<Value> = takes.iter().zip(&needs.takes).filter_map(of).collect();
    json!({ "output": job.output, "fps": job.timeline.fps.to_string(), "frames": job.settings.frames, "takes": takes,
            "expected_join_seconds": needs.finish, "expected_memory": needs.memory, "simulated": crews })
}
