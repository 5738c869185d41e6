//! Conversion from what clap reads to what the library understands.

use super::{HearingArgs, JobArgs, ModelArgs, OutputArgs, StudioArgs};
use crate::audio::{Octave, Options, Tracker};
use crate::diffusion::{Precision, Tier};
use crate::job::{Hearing, JobOptions, OutputOptions, Stretch};
use clap::ValueEnum;
use clap::builder::PossibleValue;

impl From<JobArgs> for JobOptions {
    fn from(args: JobArgs) -> Self {
        let JobArgs {
            target, preset, prompt, negative, init, refine, set, lut, seed, tier, size, fps, ..
        } = args;
        let stretch = Stretch { section: args.section, start: args.start, end: args.end };
        JobOptions {
            input: target,
            preset,
            prompt,
            negative,
            init,
            refine,
            set,
            lut,
            seed,
            size,
            fps,
            interpolate: args.interpolate,
            split: args.split,
            stretch,
            tier,
            hearing: args.hearing.into(),
            lyrics: args.lyrics,
            font: args.font,
            flash_guard: args.flash_guard,
            ..args.model.into()
        }
    }
}

impl From<StudioArgs> for JobOptions {
    fn from(args: StudioArgs) -> Self {
        JobOptions {
            input: args.target,
            preset: args.preset,
            seed: args.seed,
            size: args.size,
            fps: args.fps,
            hearing: args.hearing.into(),
            ..args.model.into()
        }
    }
}

impl From<ModelArgs> for JobOptions {
    /// Which networks are asked for, and nothing else.
    fn from(args: ModelArgs) -> Self {
        JobOptions {
            model: args.model,
            motion: args.motion,
            vae: args.vae,
            upscale: args.upscale,
            interpolator: args.interpolator,
            lora: args.lora,
            control: args.control,
            clip_skip: args.clip_skip,
            steps: args.steps,
            force_steps: args.force_steps,
            generate: args.generate,
            overlap: args.overlap,
            device: Some(args.device),
            precision: args.precision,
            low_memory: args.low_memory,
            ..JobOptions::default()
        }
    }
}

impl From<OutputArgs> for OutputOptions {
    fn from(args: OutputArgs) -> Self {
        OutputOptions {
            output: args.output,
            folder: None,
            stem: None,
            profile: args.profile,
            audio: args.audio,
            overwrite: args.overwrite,
        }
    }
}

impl From<HearingArgs> for Hearing {
    fn from(args: HearingArgs) -> Self {
        let octave = match (args.halve, args.double, args.triple) {
            (true, ..) => Some(Octave::Halve),
            (_, true, _) => Some(Octave::Double),
            (.., true) => Some(Octave::Triple),
            _ => None,
        };
        Hearing {
            options: Options { tracker: args.beats, weights: args.ears, stream: args.audio_stream },
            bpm: args.bpm,
            first_beat: args.first_beat,
            beats_file: args.beats_file,
            octave,
            shift: args.shift_beats,
            sections_file: args.sections_file,
            ..Hearing::default()
        }
    }
}

impl ValueEnum for Tier {
    fn value_variants<'a>() -> &'a [Self] {
        &Tier::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.about()))
    }
}

impl ValueEnum for Precision {
    fn value_variants<'a>() -> &'a [Self] {
        &[Precision::F32, Precision::F16, Precision::Bf16]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Precision::F32 => ("f32", "32 bits"),
            Precision::F16 => ("f16", "16 bits"),
            Precision::Bf16 => ("bf16", "16 bits with the range of f32"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl ValueEnum for Tracker {
    fn value_variants<'a>() -> &'a [Self] {
        &[Tracker::Net, Tracker::Aubio]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Tracker::Net => ("net", "A small net and the bar-pointer model"),
            Tracker::Aubio => ("aubio", "aubio, as a second opinion"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Cli, Command};
    use crate::units::Seconds;
    use crate::video::{Audio, Guard, Profile};
    use clap::Parser;
    use std::path::PathBuf;

    fn render(options: &str) -> (JobOptions, OutputOptions) {
        let line = ["beatbolt", "render", "song.flac"];
        let cli = Cli::try_parse_from(line.into_iter().chain(options.split_whitespace())).unwrap();
        let Command::Render(args) = cli.command else { panic!("{:?}", cli.command) };
        (args.job.into(), args.out.into())
    }

    #[test]
    fn every_option_arrives() {
        let (job, out) = render(
            "--preset tide --prompt sea --negative fog --init draw:ocean --refine 0.25 --set glow=1 --set hue=2 --lut l.cube --seed 7 --tier final \
             --size 64x36 --vae v --upscale u --interpolator i --lora neon:0.5 --lora glow --control canny=a.mp4:0.5 --clip-skip 2 \
             --fps 29.97 --interpolate 8 --split 30 --start 1 --end 1:02 --model m --motion n --steps 3 --force-steps --generate 32x32 --overlap 2 \
             --device cpu --precision bf16 --low-memory --beats aubio --ears e --first-beat 0.5 --beats-file b --double \
             --shift-beats -0.25 --sections-file s --audio-stream 2 --lyrics l.lrc --font f --flash-guard off -o a.mkv --profile ffv1 --audio flac --overwrite",
        );
        let path = |name: &str| Some(PathBuf::from(name));
        let text = |text: &str| Some(text.to_owned());
        let hearing = Hearing {
            options: Options { tracker: Tracker::Aubio, weights: path("e"), stream: Some(2) },
            bpm: None,
            first_beat: Some(Seconds(0.5)),
            beats_file: path("b"),
            octave: Some(Octave::Double),
            shift: Some(-0.25),
            sections_file: path("s"),
            ..Hearing::default()
        };
        let expected = JobOptions {
            input: "song.flac".into(),
            preset: text("tide"),
            prompt: text("sea"),
            negative: text("fog"),
            init: text("draw:ocean"),
            refine: Some(0.25),
            set: vec!["glow=1".into(), "hue=2".into()],
            lut: path("l.cube"),
            seed: Some(7),
            size: "64x36".parse().ok(),
            fps: "30000/1001".parse().ok(),
            interpolate: "8".parse().ok(),
            split: Some(Seconds(30.0)),
            stretch: Stretch { section: None, start: Some(Seconds(1.0)), end: Some(Seconds(62.0)) },
            tier: Some(Tier::Final),
            model: path("m"),
            motion: path("n"),
            vae: path("v"),
            upscale: path("u"),
            interpolator: path("i"),
            lora: vec!["neon:0.5".into(), "glow".into()],
            control: vec!["canny=a.mp4:0.5".into()],
            clip_skip: Some(2),
            steps: Some(3),
            force_steps: true,
            generate: "32x32".parse().ok(),
            overlap: Some(2),
            device: text("cpu"),
            precision: Some(Precision::Bf16),
            low_memory: true,
            shared_weights: false,
            hearing,
            lyrics: path("l.lrc"),
            font: path("f"),
            flash_guard: Some(Guard::Off),
        };
        assert_eq!(format!("{job:?}"), format!("{expected:?}"));
        assert_eq!((out.output, out.profile), (path("a.mkv"), Some(Profile::Ffv1)));
        assert_eq!((out.audio, out.overwrite), (Some(Audio::Flac), true));
        let (job, out) = render("--section 3 --bpm 97 --halve");
        assert_eq!((job.stretch.section, job.hearing.bpm), (Some(3), Some(97.0)));
        assert_eq!((job.hearing.octave, job.tier, job.overlap), (Some(Octave::Halve), None, None));
        assert_eq!((out.output, out.profile), (None, None));
    }
}
