//! Configs: what the `config.json` files of a diffusers folder say, checked, as plain data.
//!
//! A folder goes in; sizes and settings come out. Every number is held to a range before anything is built
//! from it, because the files come from strangers. Nothing here touches weights or tensors.

mod control;
mod motion;
mod norm;
mod scheduler;
mod single;
mod text;
mod unet;
mod vae;

pub use control::ControlKind;
pub use motion::{FoundMotion, MotionConfig};
pub use norm::NormSpan;
pub use scheduler::{BetaSchedule, CheckpointScheduler, Prediction, SchedulerConfig, Spacing};
pub use single::PartShapes;
pub use text::{Activation, TextConfig};
pub use unet::{StageConfig, UnetConfig};
pub use vae::{KlConfig, TinyConfig, VaeConfig, colours};

use crate::bounded_read;
use crate::error::{Context, Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;

/// No settings file comes near this size.
const MAX_JSON_BYTES: u64 = 1 << 20;

/// A setting that is written as one number for all stages or as a list with one number a stage.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(usize),
    Many(Vec<usize>),
}

/// The file whose settings are being checked; errors name it.
struct ConfigFile<'a>(&'a Path);

impl ConfigFile<'_> {
    /// `value` if it lies in `range`.
    fn within<T: PartialOrd + Display + Copy>(
        &self,
        name: &str,
        value: T,
        range: RangeInclusive<T>,
    ) -> Result<T> {
        if range.contains(&value) {
            return Ok(value);
        }
        Err(self.error(format!("{name} = {value} is not between {} and {}", range.start(), range.end())))
    }

    /// One number for each of `stages`, all of them in `range`.
    fn per_stage(
        &self,
        name: &str,
        value: &OneOrMany,
        (stages, range): (usize, RangeInclusive<usize>),
    ) -> Result<Vec<usize>> {
        let list = match value {
            OneOrMany::One(n) => vec![*n; stages],
            OneOrMany::Many(list) if list.len() == stages => list.clone(),
            OneOrMany::Many(list) => {
                return Err(self.error(format!("{name} lists {} values for {stages} stages", list.len())));
            }
        };
        list.iter().try_for_each(|n| self.within(name, *n, range.clone()).map(drop))?;
        Ok(list)
    }

    /// A group norm over `channels` needs a count of groups that divides them.
    fn groups(&self, groups: usize, channels: &[usize]) -> Result<()> {
        match channels.iter().find(|c| groups == 0 || *c % groups != 0) {
            None => Ok(()),
            Some(c) => Err(self.error(format!("{groups} norm groups don't divide {c} channels"))),
        }
    }

    /// `heads` attention heads need channels that they divide.
    fn heads(&self, heads: usize, channels: usize) -> Result<()> {
        if heads != 0 && channels.is_multiple_of(heads) {
            return Ok(());
        }
        Err(self.error(format!("{heads} attention heads don't divide {channels} channels")))
    }

    /// One of `known` by its name in the file.
    fn choice<T: Copy>(&self, name: &str, value: &str, known: &[(&str, T)]) -> Result<T> {
        known.iter().find(|(n, _)| *n == value).map(|(_, v)| *v).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(n, _)| *n).collect();
            self.error(format!("{name} '{value}' is not known")).hint(format!("known: {}", names.join(", ")))
        })
    }

    /// Refuses a setting that would change the network in a way that is not built here.
    fn refuse(&self, name: &str, set: bool, why: &str) -> Result<()> {
        if set { Err(self.error(format!("{name} is not supported")).hint(why)) } else { Ok(()) }
    }

    /// An error about this file.
    fn error(&self, message: impl Display) -> Error {
        Error::model(format!("{}: {message}", self.0.display()))
            .hint("the file may be damaged, or the model be of a kind that beatbolt can't run")
    }
}

/// Reads one settings file.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let missing = || {
        let folder = path.ancestors().skip(1).take(2).find(|folder| folder.is_dir());
        let error = match (folder, path.ancestors().nth(2)) {
            (None, Some(folder)) => Error::model(format!("there is no file or folder {}", folder.display())),
            _ => Error::model(format!("can't read {}", path.display())),
        };
        error.hint("a model is a folder in diffusers' layout: unet, vae, text_encoder, tokenizer, scheduler")
    };
    let text = bounded_read::text(path, MAX_JSON_BYTES).context(missing)?;
    serde_json::from_str(&text).context(|| {
        Error::model(format!("{} can't be understood", path.display()))
            .hint("the file is damaged; download it again")
    })
}
