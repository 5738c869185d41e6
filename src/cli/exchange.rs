//! `beatbolt export` and `beatbolt import`: curves and markers for other programs, and curves from them.

use super::args::{ExportArgs, FormatArg, ImportArgs};
use super::output::Output;
use super::terminal::Terminal;
use crate::bounded_read;
use crate::error::{Context, Error, Result};
use crate::job::{JobOptions, Request, Scene};
use crate::score::Preset;
use crate::score::exchange::{Curves, Format, Imported, MAX_BYTES, MarkerFormat, Markers};
use crate::timing::Timings;
use crate::units::{GeneratedFrame, Seconds};
use std::io::Write;
use std::path::Path;

/// What is written.
enum Target {
    Curves(Format),
    Markers(MarkerFormat),
}

impl From<FormatArg> for Target {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Csv => Target::Curves(Format::Csv),
            FormatArg::Deforum => Target::Curves(Format::Deforum),
            FormatArg::Parseq => Target::Curves(Format::Parseq),
            FormatArg::Animatediff => Target::Curves(Format::AnimateDiff),
            FormatArg::Markers => Target::Markers(MarkerFormat::Csv),
            FormatArg::Audacity => Target::Markers(MarkerFormat::Audacity),
            FormatArg::Rekordbox => Target::Markers(MarkerFormat::Rekordbox),
            FormatArg::Fcp7 => Target::Markers(MarkerFormat::FinalCut),
            FormatArg::Edl => Target::Markers(MarkerFormat::Edl),
            FormatArg::Otio => Target::Markers(MarkerFormat::Otio),
        }
    }
}

/// Writes the curves or the markers of what `args` ask for.
pub fn export(args: ExportArgs) -> Result<()> {
    let options = JobOptions::from(args.job);
    let request = Request::read(&options)?;
    let output = target(&args.output, &options.input, args.overwrite)?;
    let progress = Terminal::default();
    let scene = Scene::open(request, &progress, &Timings::off())?;
    drop(progress);
    match Target::from(args.format) {
        Target::Curves(format) => {
            let params: Vec<String> = args.params.iter().map(|name| name.trim().to_owned()).collect();
            let curves = Curves::new(&scene.timeline, scene.part.clone(), &params)?;
            let curves = curves.of(scene.request.size, scene.analysis.tempo_bpm);
            if scene.part.start > GeneratedFrame(0) && format != Format::Csv {
                eprintln!(
                    "note: frames are counted from the beginning of the part; `beatbolt import` plays them from the beginning of a track"
                );
            }
            let starts = scene.timeline.inits.iter().any(|span| span.init.is_some());
            if starts && format != Format::Csv {
                eprintln!(
                    "note: what frames start from (drawn scenes, clips) is left out, which has no counterpart; after the import, name it with --init"
                );
            }
            curves.unsaid(format).iter().for_each(|what| eprintln!("note: {what}"));
            put(output, &curves.write(format))
        }
        Target::Markers(format) => put(output, &markers(&scene, format)?),
    }
}

fn markers(scene: &Scene, format: MarkerFormat) -> Result<String> {
    let (fps, track) = (scene.timeline.fps, &scene.request.track);
    let in_frames =
        matches!(format, MarkerFormat::FinalCut | MarkerFormat::Edl | MarkerFormat::Otio | MarkerFormat::Csv);
    if in_frames && scene.request.fps.is_none() {
        eprintln!(
            "note: frames are those of a timeline of {fps} a second; name the editor's rate with --fps"
        );
    }
    let end = Seconds(fps.start_of(scene.part.end).0.min(scene.analysis.duration.0));
    let path = std::path::absolute(track).unwrap_or_else(|_| track.clone());
    let markers = Markers {
        analysis: &scene.analysis,
        stretch: [fps.start_of(scene.part.start), end],
        fps,
        name: &track.file_stem().unwrap_or_default().to_string_lossy(),
        path: &path.to_string_lossy(),
    };
    markers.write(format)
}

/// Makes a preset of another program's curves.
pub fn import(args: &ImportArgs) -> Result<()> {
    let output = target(&args.output, &args.file, args.overwrite)?;
    let name = args.file.file_name().unwrap_or_default().to_string_lossy();
    let bytes = bounded_read::bytes(&args.file, MAX_BYTES as u64).context(|| {
        let error = Error::input(format!("can't read {}", args.file.display()));
        error.hint("name a Deforum, Parseq, MIDI, lyrics or CSV file")
    })?;
    let imported = Imported::read(&name, &bytes, args.frames)?;
    if let Some((own, asked)) = imported.fps.zip(args.fps).filter(|(own, asked)| own != asked) {
        eprintln!(
            "note: {name} says {own} frames a second and is read as {asked}: everything plays at another pace"
        );
    }
    let (preset, notes) = imported.preset(&name, args.fps)?;
    // What was written must be readable; a curve too long for a preset is told here.
    Preset::parse(&name, &preset)?;
    notes.iter().for_each(|what| eprintln!("note: {name}: {what}"));
    put(output, &preset)
}

/// Where to write; none for the standard output.
fn target(path: &Path, source: &Path, overwrite: bool) -> Result<Option<Output>> {
    (path != Path::new("-")).then(|| Output::document(path, source, overwrite)).transpose()
}

fn put(output: Option<Output>, text: &str) -> Result<()> {
    match output {
        Some(output) => output.fill(|file| file.write_all(text.as_bytes())),
        None => match std::io::stdout().lock().write_all(text.as_bytes()) {
            // Whoever closes the pipe has read enough.
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            done => done.context(|| Error::output("can't write to the standard output")),
        },
    }
}
