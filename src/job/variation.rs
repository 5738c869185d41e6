//! Variations: other versions of what was asked for, to choose from.
//!
//! Variation i is a pure function of (seed, i), whatever their number. The first one changes nothing.

use super::options::JobOptions;
use super::presets;
use crate::error::{Error, Result, nearest};
use crate::noise::{Stream, uniform};
use crate::score::{DEFAULT, Kind, PARAMS, Param, shipped};
use std::str::FromStr;

/// What is left out of presets: the director's looks, which are parts of a film.
const PARTS: [&str; 5] = ["calm", "rise", "drive", "peak", "dusk"];
/// How far parameters are turned down and up: from 1/2.5 to 2.5 times what the preset makes of them.
const MOST_TURNED: f64 = 2.5;
/// Steps of this share of a circle never meet again, and what lies between any number of them is as even as can be.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// What can be varied.
#[derive(Clone, Debug)]
pub enum Vary {
    /// What all noise depends on.
    Seed,
    /// The preset, instead of the director or another one.
    Preset,
    /// What the model paints.
    Prompt,
    /// A parameter is multiplied.
    Param(&'static Param),
}

impl FromStr for Vary {
    type Err = Error;

    /// # Errors
    /// Usage: there is nothing of that name to vary.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "seed" => return Ok(Vary::Seed),
            "preset" => return Ok(Vary::Preset),
            "prompt" => return Ok(Vary::Prompt),
            _ => {}
        }
        let turned = || PARAMS.iter().filter(|param| param.kind == Kind::Number);
        if let Some(param) = turned().find(|param| param.name == text) {
            return Ok(Vary::Param(param));
        }
        let names = ["seed", "preset", "prompt"].into_iter().chain(turned().map(|param| &*param.name));
        let hint = match nearest(text, names) {
            Some(near) => format!("did you mean '{near}'?"),
            None => "vary seed, preset, prompt, or parameters like motion_scale (`beatbolt presets --params` lists them)".into(),
        };
        Err(Error::usage(format!("'{text}' can't be varied")).hint(hint))
    }
}

/// What variations are made of.
#[derive(Clone, Debug)]
pub struct Variations {
    base: JobOptions,
    vary: Vec<Vary>,
    presets: Vec<&'static str>,
    prompts: Vec<String>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Variation {
    /// What is to be asked for.
    pub options: JobOptions,
    /// What is varied, as it is typed: options with their values.
    pub typed: Vec<(String, String)>,
}

impl Variations {
    /// Those of `base` in what `vary` names; prompts are some of `prompts`, and where there are none, the shipped presets' own.
    ///
    /// # Errors
    /// Usage: it can't be varied.
    pub fn new(base: JobOptions, vary: Vec<Vary>, prompts: Vec<String>) -> Result<Self> {
        let is_varied = |of: fn(&Vary) -> bool| vary.iter().any(of);
        if is_varied(|v| matches!(v, Vary::Preset)) && super::is_project(&base.input) {
            return Err(Error::usage("a project names its own presets, and they can't be varied")
                .hint("vary seed, prompt or parameters; or give the track instead of the project"));
        }
        let names = shipped().iter().map(|(name, _)| *name);
        let own = base.preset.as_deref();
        let presets = names.filter(|name| !PARTS.contains(name) && Some(*name) != own).collect();
        let prompts = if prompts.is_empty() { usual_prompts()? } else { prompts };
        Ok(Variations { base, vary, presets, prompts })
    }

    /// Variation `number`, counted from 1.
    pub fn get(&self, number: u64) -> Variation {
        let mut options = self.base.clone();
        let seed = options.seed.unwrap_or(1);
        let mut typed = Vec::new();
        let Some(turn) = number.checked_sub(2) else { return Variation { options, typed } };
        let mut say = |option: &str, value: &str| typed.push((option.to_owned(), value.to_owned()));
        for (row, vary) in self.vary.iter().enumerate() {
            match vary {
                Vary::Seed => {
                    let other = seed.wrapping_add(number - 1);
                    options.seed = Some(other);
                    say("--seed", &other.to_string());
                }
                Vary::Preset => {
                    let name = dealt(&self.presets, seed, row as u64, turn);
                    options.preset = Some((*name).to_owned());
                    say("--preset", name);
                }
                Vary::Prompt => {
                    let prompt = dealt(&self.prompts, seed, row as u64, turn);
                    options.prompt = Some(prompt.clone());
                    say("--prompt", prompt);
                }
                Vary::Param(param) => {
                    let setting = format!("{}=x{}", param.name, factor(seed, row as u64, turn));
                    options.set.push(setting.clone());
                    say("--set", &setting);
                }
            }
        }
        let directed = options.preset.as_deref().is_none_or(|preset| preset == DEFAULT);
        let painted = self.vary.iter().any(|vary| matches!(vary, Vary::Prompt));
        if painted && directed && options.init.is_none() && !super::is_project(&options.input) {
            // The director shows drawn scenes, which hear no prompt: the model is to paint them.
            options.init = Some("none".into());
            say("--init", "none");
        }
        Variation { options, typed }
    }
}

/// Prompts that the shipped model knows, and every other: the first of each preset.
fn usual_prompts() -> Result<Vec<String>> {
    let plain = |text: &String| text.chars().all(|c| c.is_ascii_alphabetic() || c == ' ');
    let names = shipped().iter().map(|(name, _)| *name).filter(|name| !PARTS.contains(name));
    let texts = names.map(|name| Ok(presets::load(name)?.0.prompts.into_iter().map(|prompt| prompt.text)));
    let texts: Vec<String> = texts.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    Ok(texts.into_iter().filter(plain).collect())
}

/// Card `turn` of all `cards`, shuffled by seed and row, each once before one comes again.
fn dealt<T>(cards: &[T], seed: u64, row: u64, turn: u64) -> &T {
    let mut order: Vec<usize> = (0..cards.len()).collect();
    for i in (1..order.len()).rev() {
        let chance = uniform(seed, Stream::Variants, row << 32 | i as u64);
        order.swap(i, (f64::from(chance) * (i + 1) as f64) as usize);
    }
    &cards[order[(turn % cards.len() as u64) as usize]]
}

/// By how much a parameter is multiplied, to two digits.
fn factor(seed: u64, row: u64, turn: u64) -> f64 {
    let start = f64::from(uniform(seed, Stream::Variants, row << 32 | u64::from(u32::MAX)));
    let share = (start + turn as f64 * GOLDEN).fract();
    let factor = MOST_TURNED.powf(2.0 * share - 1.0);
    (factor * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn of(text: &str, seed: u64) -> Variations {
        let vary = text.split(',').map(|word| word.parse().unwrap()).collect();
        let base = JobOptions { input: "song.mp3".into(), seed: Some(seed), ..JobOptions::default() };
        Variations::new(base, vary, Vec::new()).unwrap()
    }

    #[test]
    fn the_first_changes_nothing_and_the_others_are_always_the_same() {
        let all = of("seed,preset,prompt,motion_scale", 7);
        assert!(all.get(1).typed.is_empty());
        assert_eq!(format!("{:?}", all.get(1).options), format!("{:?}", all.base));
        let again = of("seed,preset,prompt,motion_scale", 7);
        for number in 2..40 {
            let (one, two) = (all.get(number), again.get(number));
            assert_eq!(one.typed, two.typed);
            assert_eq!(one.options.seed, Some(6 + number));
        }
        assert_ne!(all.get(2).typed, of("seed,preset,prompt,motion_scale", 8).get(2).typed);
    }

    #[test]
    fn presets_come_each_once_and_factors_are_spread_and_in_range() {
        let all = of("preset,motion_scale", 1);
        let presets: BTreeSet<_> = (2..18).map(|n| all.get(n).options.preset.unwrap()).collect();
        assert_eq!(presets.len(), 16);
        let factor =
            |n| all.get(n).options.set[0].strip_prefix("motion_scale=x").unwrap().parse::<f64>().unwrap();
        let factors: Vec<f64> = (2..14).map(factor).collect();
        assert!(factors.iter().all(|f| (0.4..=2.5).contains(f)), "{factors:?}");
        // Twelve of them leave no gap as wide as a quarter of the whole.
        let mut logs: Vec<f64> = factors.iter().map(|f| f.ln()).collect();
        logs.sort_by(f64::total_cmp);
        let whole = 2.0 * MOST_TURNED.ln();
        assert!(logs.windows(2).all(|two| two[1] - two[0] < 0.25 * whole), "{factors:?}");
    }

    #[test]
    fn a_prompt_of_a_directed_track_is_painted() {
        assert_eq!(of("prompt", 1).get(3).options.init.as_deref(), Some("none"));
        assert_eq!(of("prompt,preset", 1).get(3).options.init, None);
        assert_eq!(of("seed", 1).get(3).options.init, None);
    }

    #[test]
    fn what_cant_be_varied_is_said() {
        let error = "motionscale".parse::<Vary>().unwrap_err();
        assert!(error.hints()[0].contains("motion_scale"), "{error:?}");
        assert!("finish".parse::<Vary>().is_err());
        let base = JobOptions { input: "video.toml".into(), ..JobOptions::default() };
        assert!(Variations::new(base, vec![Vary::Preset], Vec::new()).is_err());
    }
}
