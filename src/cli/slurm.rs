//! `beatbolt slurm`: a script for clusters: an array job with a take a task, and a job behind it that joins them.

use super::args::SlurmArgs;
use super::interrupt::stop_on_interrupt;
use super::retyped;
use super::shell;
use super::status;
use super::terminal;
use super::terminal::say;
use crate::atomic_file;
use crate::error::{Context, Error, Result};
use crate::job::{Destination, JobOptions, OutputOptions, Request, Scene};
use crate::render::{Estimate, Film, WorkFolder};
use crate::timing::Timings;
use crate::units::Seconds;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Options of this subcommand alone.
const OWN: (&[&str], &[&str]) =
    (&["--partition", "--time-per-take", "--gres", "--sbatch", "--array-size", "--work"], &["--submit"]);
/// Tasks in an array job where nobody says: as many as Slurm takes if nobody has changed that.
const USUAL: u32 = 1001;
/// How many times as long as is expected here a take may last, and a minimum: loading a model over a slow drive.
const ROOM: f64 = 3.0;
const LEAST: f64 = 600.0;
/// Looks between two questions to Slurm.
const LOOKS: usize = 5;

/// What the script is made of.
struct Script<'a> {
    name: &'a str,
    takes: usize,
    array_size: u32,
    /// Where it was written, which names in the command are looked up from.
    home: &'a Path,
    folder: &'a Path,
    program: &'a Path,
    /// What was typed of the job.
    words: &'a [String],
    /// Options of all jobs, of the takes' and of the joining one.
    both: Vec<String>,
    take: Vec<String>,
    join: Vec<String>,
    /// Seconds that a take is expected to last, on the machine that wrote it.
    expected: f64,
}

/// Prints the script, or submits it.
pub fn run(args: SlurmArgs) -> Result<()> {
    let (options, out) = (JobOptions::from(args.job), OutputOptions::from(args.out));
    let (progress, open) = (terminal::progress(false), options.precision.is_none());
    let request = Request::read(&options)?;
    let destination = Destination::of(&request, &out, &*progress)?;
    let scene = Scene::open(request, &*progress, &Timings::off())?;
    let (job, placement) = scene.job_to_render(&destination, &*progress)?;
    progress.stage("trying", 0);
    let needs = scene.estimate(&job, &placement, destination.profile)?;
    let home = std::env::current_dir().context(|| Error::input("this folder can't be found"))?;
    let program = std::env::current_exe().context(|| Error::internal("this program can't be found"))?;
    let folder = home.join(args.work.work.unwrap_or_else(|| WorkFolder::beside(&job.output)));
    let longest = needs.takes.iter().map(|time| time.0).fold(0.0, f64::max);
    let mut both: Vec<String> = args.partition.iter().map(|name| format!("--partition={name}")).collect();
    both.extend(args.sbatch);
    let auto = |seconds: f64| limit(Seconds((ROOM * seconds).max(LEAST)));
    let time = if args.time_per_take == "auto" { auto(longest) } else { args.time_per_take };
    let mut take = vec![format!("--time={time}")];
    take.extend(args.gres.iter().map(|gres| format!("--gres={gres}")));
    take.extend(memory(&needs));
    let name = destination.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut words = retyped::words(OWN.0, OWN.1)?;
    if open && placement.device.is_cpu() {
        // Not every node may have what suits this computer best.
        words.splice(0..0, ["--precision".to_owned(), placement.dtype.as_str().to_owned()]);
    }
    let script = Script {
        name: &name,
        takes: job.takes().len(),
        array_size: args.array_size.or_else(most_tasks).unwrap_or(USUAL),
        home: &home,
        folder: &folder,
        program: &program,
        words: &words,
        both,
        take,
        join: vec![format!("--time={}", auto(needs.finish.0))],
        expected: longest,
    };
    let text = script.text().ok_or_else(|| {
        Error::usage("a word of the command can't be written down").hint("it holds control characters")
    })?;
    drop(progress);
    match args.submit {
        true => submit(&text, &folder, &Film::of(&job), &destination.path),
        false => {
            say(text.trim_end());
            Ok(())
        }
    }
}

/// Megabytes for a task, half as much again as is expected; nothing where nobody knows.
fn memory(needs: &Estimate) -> Option<String> {
    needs.memory.map(|bytes| format!("--mem={}M", (bytes >> 20) * 3 / 2 + 256))
}

/// A time limit of whole minutes, as Slurm writes them.
fn limit(time: Seconds) -> String {
    let minutes = (time.0 / 60.0).ceil() as u64;
    format!("{}:{:02}:00", minutes / 60, minutes % 60)
}

/// How many tasks an array job may have here.
fn most_tasks() -> Option<u32> {
    let out = Command::new("scontrol").args(["show", "config"]).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    let line = text.lines().find(|line| line.trim_start().starts_with("MaxArraySize"))?;
    line.split('=').nth(1)?.trim().parse().ok().filter(|most| *most > 0)
}

impl Script<'_> {
    /// The script; none where a word can't be written down.
    fn text(&self) -> Option<String> {
        let quoted = |path: &Path| shell::quoted(path.to_str()?);
        let list = |words: &[String]| shell::command(words.iter().map(String::as_str));
        let Script { takes, array_size, expected, .. } = self;
        Some(format!(
            r##"#!/bin/sh
# {takes} takes, one a task, and a job that joins them. `sh` this script, or sbatch it: it submits itself.
# The longest take was expected to last {expected:.0} s on the machine that wrote this.
set -eu

name={name}
takes={takes}
array_size={array_size}
work={folder}
home={home}
script=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")

beatbolt() {{
    subcommand=$1
    shift
    exec {program} "$subcommand" --work "$work" "$@" {words}
}}

# Every task has a number from 0 on; an array job has so many of them, the next one those behind.
submit() {{
    mkdir -p "$work/logs"
    jobs='' first=0
    while [ "$first" -lt "$takes" ]; do
        last=$((first + array_size - 1))
        [ "$last" -lt "$takes" ] || last=$((takes - 1))
        job=$(sbatch --parsable --job-name="$name-takes" --array="0-$((last - first))" --requeue --open-mode=append \
            --signal=B:USR1@60 --output="$work/logs/slurm-%A.log" {take} {both} "$script" take "$first")
        jobs=$jobs:${{job%%;*}}
        first=$((last + 1))
    done
    # It looks for itself whether all takes are there: Slurm forgets jobs, and counts what it has forgotten as done.
    join=$(sbatch --parsable --job-name="$name-join" --dependency="afterany$jobs" --requeue --open-mode=append \
        --output="$work/logs/join.log" {join} {both} "$script" join)
    echo "${{jobs#:}}:${{join%%;*}}"
}}

take() {{
    take=$(($1 + SLURM_ARRAY_TASK_ID))
    exec >>"$work/logs/take-$take.log" 2>&1
    echo "$(date -u +%Y-%m-%dT%H:%M:%SZ): take $take on $(uname -n), begun again ${{SLURM_RESTART_COUNT:-0}} times"
    beatbolt render --takes "$take" &
    worker=$! again=''
    # A minute before the time is up; the worker ends after the step at hand, and what is finished is kept.
    trap 'again=yes; kill -TERM "$worker"' USR1
    trap 'kill -TERM "$worker"' TERM
    while :; do
        code=0
        wait "$worker" || code=$?
        # A signal ends the waiting, not the worker.
        if [ "$code" -le 128 ] || ! kill -0 "$worker" 2>/dev/null; then break; fi
    done
    if [ -n "$again" ] && [ "$code" -ne 0 ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt 20 ]; then
        # By both numbers: the last task's own job number is the whole array's.
        scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
    fi
    exit "$code"
}}

cd "$home"
if [ -n "${{SLURM_JOB_ID:-}}" ]; then
    export RAYON_NUM_THREADS="${{RAYON_NUM_THREADS:-${{SLURM_CPUS_ON_NODE:-0}}}}"
fi
case ${{1:-}} in
    take) take "$2" ;;
    join) beatbolt join ;;
    *) submit ;;
esac
"##,
            name = shell::quoted(self.name)?,
            folder = quoted(self.folder)?,
            home = quoted(self.home)?,
            program = quoted(self.program)?,
            words = list(self.words)?,
            both = list(&self.both)?,
            take = list(&self.take)?,
            join = list(&self.join)?,
        ))
    }
}

/// Submits the script, and shows how far the work folder is until Slurm has nothing left to do.
fn submit(text: &str, folder: &Path, film: &Film, output: &Path) -> Result<()> {
    let failed = || Error::output(format!("can't write to {}", folder.display()));
    fs::create_dir_all(folder).context(failed)?;
    let script: PathBuf = folder.join("job.sh");
    atomic_file::put(&script, text.as_bytes()).context(failed)?;
    let out = Command::new("sh").arg(&script).output();
    let out = out.context(|| Error::input("the script can't be run"))?;
    let said = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    if !out.status.success() {
        let why = String::from_utf8_lossy(&out.stderr).trim().to_owned();
        return Err(Error::input("Slurm doesn't take the jobs")
            .because(why)
            .hint("sbatch must be found here, and the partition must be one of the cluster's"));
    }
    let jobs: Vec<&str> = said.split(':').collect();
    say(format_args!("jobs {}; logs in {}", jobs.join(", "), folder.join("logs").display()));
    let (progress, stop) = (terminal::progress(false), stop_on_interrupt());
    let mut looks = 0;
    let mut goes_on = || {
        looks += 1;
        Ok(looks % LOOKS != 1 || are_known(&jobs))
    };
    status::follow(film, folder, &*progress, &stop, &mut goes_on)?;
    progress.stage("joining", 0);
    while are_known(&jobs) && !stop.load(std::sync::atomic::Ordering::Relaxed) {
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    drop(progress);
    match output.exists() {
        true => say(format_args!("{} is written", output.display())),
        false => {
            return Err(Error::output(format!("the jobs ended, and {} isn't there", output.display()))
                .hint(format!("`beatbolt status {}` says which takes are missing", folder.display()))
                .hint(format!("why is said in {}", folder.join("logs").display())));
        }
    }
    Ok(())
}

/// Whether Slurm has any of these jobs to run, or runs it.
fn are_known(jobs: &[&str]) -> bool {
    let out =
        Command::new("squeue").args(["--noheader", "--jobs", &jobs.join(",")]).stderr(Stdio::null()).output();
    out.is_ok_and(|out| !out.stdout.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_whole_minutes() {
        let limits = [600.0, 601.0, 3600.0, 100_000.0].map(|s| limit(Seconds(s)));
        assert_eq!(limits, ["0:10:00", "0:11:00", "1:00:00", "27:47:00"]);
    }

    /// Slurm's programs, as they answer here, say what they were asked.
    #[cfg(unix)]
    #[test]
    fn the_script_submits_arrays_that_slurm_takes_and_a_join_behind_them() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let answer = "#!/bin/sh\necho \"$*\" >> \"$LOG\"\nn=$(wc -l < \"$LOG\")\necho \"$((100 + n));box\"\n";
        let (tools, log) = (home.path().join("bin"), home.path().join("log"));
        fs::create_dir(&tools).unwrap();
        fs::write(tools.join("sbatch"), answer).unwrap();
        fs::set_permissions(tools.join("sbatch"), fs::Permissions::from_mode(0o755)).unwrap();
        let words = ["my video.toml".to_owned(), "--seed=3".to_owned()];
        let folder = home.path().join("it's work");
        let script = Script {
            name: "film",
            takes: 5,
            array_size: 2,
            home: home.path(),
            folder: &folder,
            program: Path::new("/bin/echo"),
            words: &words,
            both: vec!["--partition=gpu".into()],
            take: vec!["--time=0:10:00".into()],
            join: vec!["--time=0:11:00".into()],
            expected: 1.0,
        };
        let path = home.path().join("job.sh");
        fs::write(&path, script.text().unwrap()).unwrap();
        let sh = |args: &[&str], task: Option<&str>| {
            let mut command = Command::new("sh");
            let tools = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
            command.arg(&path).args(args).env("PATH", tools).env("LOG", &log).env_remove("SLURM_JOB_ID");
            let _ = task.map(|task| command.env("SLURM_ARRAY_TASK_ID", task));
            let out = command.output().unwrap();
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            String::from_utf8(out.stdout).unwrap()
        };
        assert_eq!(sh(&[], None), "101:102:103:104\n");
        let asked = fs::read_to_string(&log).unwrap();
        let asked: Vec<&str> = asked.lines().collect();
        let starts = [("0-1", "take 0"), ("0-1", "take 2"), ("0-0", "take 4")];
        for (line, (array, take)) in asked.iter().zip(starts) {
            assert!(line.contains(&format!("--array={array} --requeue")) && line.ends_with(take), "{line}");
            assert!(line.contains("--time=0:10:00 --partition=gpu"), "{line}");
        }
        assert!(asked[3].contains("--dependency=afterany:101:102:103 ") && asked[3].ends_with("job.sh join"));
        // What the tasks do.
        assert_eq!(sh(&["take", "2"], Some("1")), "");
        let did = fs::read_to_string(folder.join("logs/take-3.log")).unwrap();
        let line = format!("render --work {} --takes 3 my video.toml --seed=3\n", folder.display());
        assert!(did.ends_with(&line), "{did}");
        assert!(sh(&["join"], None).starts_with("join --work"));
    }
}
