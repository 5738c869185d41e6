//! From what clap reads to what the library understands.

use super::{HearingArgs, JobArgs, ModelArgs, OutputArgs, StudioArgs};
use crate::audio::{Octave, Options, Tracker};
use crate::diffusion::{Precision, Tier};
use crate::job::{Hearing, JobOptions, OutputOptions, Stretch};
use clap::ValueEnum;
use clap::builder::PossibleValue;

impl From<JobArgs> for JobOptions {
    fn from(args: JobArgs) -> Self {
        let JobArgs { target, preset, prompt, negative, set, seed, tier, size, fps, .. } = args;
        let stretch = args.section.map_or(Stretch::Times(args.start, args.end), Stretch::Section);
        JobOptions {
            input: target,
            preset,
            prompt,
            negative,
            set,
            seed,
            size,
            fps,
            stretch,
            tier,
            hearing: args.hearing.into(),
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
            steps: args.steps,
            force_steps: args.force_steps,
            generate: args.generate,
            overlap: args.overlap,
            device: Some(args.device),
            precision: args.precision,
            ..JobOptions::default()
        }
    }
}

impl From<OutputArgs> for OutputOptions {
    fn from(args: OutputArgs) -> Self {
        OutputOptions { output: args.output, profile: args.profile }
    }
}

impl From<HearingArgs> for Hearing {
    fn from(args: HearingArgs) -> Self {
        let octave = match (args.halve, args.double) {
            (true, _) => Some(Octave::Halve),
            (_, true) => Some(Octave::Double),
            _ => None,
        };
        Hearing {
            options: Options { tracker: args.beats, weights: args.ears },
            bpm: args.bpm,
            first_beat: args.first_beat,
            beats_file: args.beats_file,
            octave,
            shift: args.shift_beats,
            sections_file: args.sections_file,
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
