//! `beatbolt models`: which there are, what a file is, and how one is got.

use super::args::{ModelsArgs, ModelsCommand};
use super::terminal::{self, say};
use crate::diffusion::Inspection;
use crate::error::{Context, Error, Result};
use crate::job::hub::{Hub, HubFile, KNOWN};
use crate::job::models::{self, Checked, Listed};
use crate::progress::Progress;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Does what is asked.
pub fn run(args: &ModelsArgs) -> Result<()> {
    let progress = terminal::progress(args.json);
    match &args.command {
        ModelsCommand::List => list(args.json, &*progress),
        ModelsCommand::Inspect { models } => {
            models.iter().try_for_each(|model| inspect(model, args.json, &*progress))
        }
        ModelsCommand::Path { model } => {
            let path = match model {
                // It needs no file: it comes with the program.
                Some(model) if model == models::SHIPPED => models::shipped()?,
                Some(model) => models::find(model, &*progress)?,
                None => models::store()?,
            };
            match args.json {
                true => say(json!({ "path": path })),
                false => say(path.display()),
            }
            Ok(())
        }
        ModelsCommand::Verify { models } => verify(models, args.json, progress),
        ModelsCommand::Pull { file: None, .. } => {
            known(args.json);
            Ok(())
        }
        ModelsCommand::Pull { file: Some(file), to } => pull(file, to.as_deref(), args.json, progress),
    }
}

fn list(as_json: bool, progress: &dyn Progress) -> Result<()> {
    let all = models::list(progress)?;
    for Listed { name, path, found } in &all {
        if as_json {
            let value = json!({ "name": name, "path": path, "is": value(found.as_ref().ok())? });
            say(value);
            continue;
        }
        let (kind, size) = match found {
            Ok(found) => (summary(found), gigabytes(found.bytes)),
            Err(error) => (format!("not readable: {error}"), String::new()),
        };
        say(format_args!("{name}\n    {kind} {size}\n    {}", path.display()));
    }
    if all.is_empty() && !as_json {
        say("no models are found; `beatbolt models pull` lists some that can be fetched");
    }
    Ok(())
}

fn value(found: Option<&Inspection>) -> Result<Value> {
    serde_json::to_value(found).context(|| Error::internal("it can't be printed"))
}

/// A line about a model: what it is, in which numbers, and what takes it.
fn summary(found: &Inspection) -> String {
    let family = found.family.as_ref().map(|family| format!(" ({family})")).unwrap_or_default();
    let format = found.formats.first().map(|(name, _)| format!(", {name}")).unwrap_or_default();
    let option = found.option.unwrap_or("not taken");
    format!("{}{family}{format}; {option}", found.kind)
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.2} GB", bytes as f64 / 1e9)
}

fn inspect(model: &Path, as_json: bool, progress: &dyn Progress) -> Result<()> {
    let path = models::find(model, progress)?;
    let found = Inspection::of(&path)?;
    if as_json {
        say(json!({ "path": path, "is": value(Some(&found))? }));
        return Ok(());
    }
    say(path.display());
    let line = |what: &str, text: &str| say(format_args!("  {what:10} {text}"));
    line("kind", &found.kind);
    found.family.iter().for_each(|family| line("family", family));
    line("size", &gigabytes(found.bytes));
    let counted = |(name, count): &(String, usize)| format!("{name} {count}");
    line("tensors", &found.parts.iter().map(counted).collect::<Vec<_>>().join(", "));
    let format = |(name, values): &(String, u64)| format!("{name}: {:.1} million", *values as f64 / 1e6);
    line("values", &found.formats.iter().map(format).collect::<Vec<_>>().join(", "));
    found.recipe.iter().for_each(|recipe| line("made for", recipe));
    line("taken by", found.option.unwrap_or("nothing"));
    found.notes.iter().for_each(|note| line("note", note));
    for (key, text) in &found.metadata {
        line("says", &format!("{}: {}", plain(key, 60), plain(text, 300)));
    }
    Ok(())
}

/// A stranger's words on one line, as long as they may be.
fn plain(text: &str, most: usize) -> String {
    let spaced = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let short: String = spaced.take(most).collect();
    if text.chars().count() > most { format!("{short} ...") } else { short }
}

fn verify(names: &[PathBuf], as_json: bool, progress: Box<dyn Progress>) -> Result<()> {
    let files = match names.is_empty() {
        true => models::fetched()?,
        false => names.iter().map(|name| models::find(name, &*progress)).collect::<Result<_>>()?,
    };
    if files.is_empty() && !as_json {
        say("nothing was fetched yet; name a file to read it from end to end");
    }
    let mut wrong = 0;
    for path in files {
        let checked = models::verify(&path, &*progress);
        let (well, text) = match &checked {
            Ok(Checked { sha256, noted: Some(noted) }) if noted != sha256 => {
                (false, format!("damaged or replaced: SHA-256 is {sha256}, {noted} was fetched"))
            }
            Ok(Checked { sha256, noted: Some(_) }) => (true, format!("as it was fetched: SHA-256 {sha256}")),
            Ok(Checked { sha256, noted: None }) => {
                (true, format!("whole: SHA-256 {sha256}, nothing to compare with"))
            }
            Err(error) => (false, error.to_string()),
        };
        wrong += usize::from(!well);
        match as_json {
            true => say(json!({ "path": path, "ok": well, "text": text })),
            false => say(format_args!("{} {}: {text}", if well { "ok " } else { "BAD" }, path.display())),
        }
    }
    match wrong {
        0 => Ok(()),
        _ => Err(Error::model(format!("{wrong} files are not as they should be"))
            .hint("remove them and fetch them again")),
    }
}

fn known(as_json: bool) {
    for row in &KNOWN {
        match as_json {
            true => say(json!({ "name": row.name, "repo": row.repo, "file": row.path, "about": row.about })),
            false => say(format_args!("{:30} {}\n{:30} {}:{}", row.name, row.about, "", row.repo, row.path)),
        }
    }
}

fn pull(file: &str, to: Option<&Path>, as_json: bool, progress: Box<dyn Progress>) -> Result<()> {
    let file = HubFile::find(file)?;
    let folder = match to {
        Some(folder) => folder.to_owned(),
        None => models::store()?,
    };
    let pulled = Hub::of_environment()?.pull(&file, &folder, &*progress)?;
    drop(progress);
    let text = match (pulled.fetched, pulled.checked) {
        (false, _) => "it already exists",
        (true, true) => "fetched, its SHA-256 is the one that is stated",
        (true, false) => "fetched; nobody states its SHA-256, so its size alone was checked",
    };
    match as_json {
        true => say(
            json!({ "event": "done", "path": pulled.path, "fetched": pulled.fetched, "checked": pulled.checked,
            "sha256": pulled.sha256 }),
        ),
        false => say(format_args!("{}: {text}", pulled.path.display())),
    }
    Ok(())
}
