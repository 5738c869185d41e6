//! ComfyUI's `extra_model_paths.yaml`: folders of models beside its own, each for one kind.
//!
//! A file has sections; a section has a `base_path`, and for every kind a folder, or several on a line each.

use crate::bounded_read;
use granit_parser::{Event, Parser};
use std::path::{Path, PathBuf};

/// No such file comes near this size.
const MAX_BYTES: u64 = 1 << 18;

/// A folder, and what ComfyUI calls the kind of files in it, like `checkpoints`.
pub type KindFolder = (String, PathBuf);

/// The folders that the file at `path` names; `home` is what `~` stands for.
///
/// # Errors
/// A sentence: it can't be read, or is no YAML.
pub fn read(path: &Path, home: Option<&Path>) -> Result<Vec<KindFolder>, String> {
    let unclear = |why: String| format!("{} can't be understood: {why}", path.display());
    let text = bounded_read::text(path, MAX_BYTES).map_err(|e| unclear(e.to_string()))?;
    let sections = sections(&text).map_err(unclear)?;
    let beside = path.parent().unwrap_or(Path::new("."));
    let at = |base: &Path, text: &str| match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => base.join(text),
    };
    let mut folders = Vec::new();
    for section in sections {
        let own = section.iter().rev().find(|(key, _)| key == "base_path");
        let base = own.map_or_else(|| beside.to_owned(), |(_, text)| at(beside, text));
        for (kind, lines) in
            section.iter().filter(|(key, _)| !["base_path", "is_default"].contains(&key.as_str()))
        {
            // Behind a `|` nothing is a comment to YAML, but ComfyUI's own example has some there.
            let names = lines.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
            let named = names.filter(|name| !name.is_empty());
            folders.extend(named.map(|name| (kind.clone(), at(&base, name))));
        }
    }
    Ok(folders)
}

/// The keys of each section that have a text.
fn sections(text: &str) -> Result<Vec<Vec<(String, String)>>, String> {
    let mut parser = Parser::new_from_str(text);
    let mut sections: Vec<Vec<(String, String)>> = Vec::new();
    // What is open around the next event: true for a mapping.
    let (mut open, mut key) = (Vec::new(), None);
    loop {
        let Some(event) = parser.next_event() else { return Ok(sections) };
        match event.map_err(|e| e.to_string())?.0 {
            // A few of them could stand for any number of values.
            Event::Alias(_) => return Err("it has aliases (*name)".to_owned()),
            Event::MappingStart(..) => {
                open.push(true);
                key = None;
                if open == [true, true] {
                    sections.push(Vec::new());
                }
            }
            Event::SequenceStart(..) => {
                open.push(false);
                key = None;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
                key = None;
            }
            Event::Scalar(text, ..) if open == [true, true] => match key.take() {
                None => key = Some(text.into_owned()),
                Some(key) => {
                    let section = sections.iter_mut().next_back();
                    section
                        .into_iter()
                        .for_each(|section| section.push((key.clone(), text.clone().into_owned())));
                }
            },
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example that comes with ComfyUI, its comments taken away, and what else is met.
    const FILE: &str = r#"
comfyui:
    base_path: path/to/comfyui/
    is_default: true
    checkpoints: models/checkpoints/
    text_encoders: |
         models/text_encoders/
         models/clip/  # legacy location still supported
    animatediff_models: "more models"
a111:
    base_path: ~/stable-diffusion-webui/
    checkpoints: models/Stable-diffusion
    vae: models/VAE
empty:
other:
    checkpoints: /data/checkpoints
    loras: [a, b]
    vae: vae
"#;

    fn folders(text: &str) -> Result<Vec<(String, String)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("extra_model_paths.yaml");
        std::fs::write(&path, text).unwrap();
        let found = read(&path, Some(Path::new("/home/me")))?;
        let shown =
            |path: PathBuf| path.display().to_string().replace(&folder.path().display().to_string(), "HERE");
        Ok(found.into_iter().map(|(kind, path)| (kind, shown(path))).collect())
    }

    #[test]
    fn folders_are_where_comfyui_finds_them() {
        let expected = [
            ("checkpoints", "HERE/path/to/comfyui/models/checkpoints/"),
            ("text_encoders", "HERE/path/to/comfyui/models/text_encoders/"),
            ("text_encoders", "HERE/path/to/comfyui/models/clip/"),
            ("animatediff_models", "HERE/path/to/comfyui/more models"),
            ("checkpoints", "/home/me/stable-diffusion-webui/models/Stable-diffusion"),
            ("vae", "/home/me/stable-diffusion-webui/models/VAE"),
            ("checkpoints", "/data/checkpoints"),
            ("vae", "HERE/vae"),
        ];
        let expected = expected.map(|(kind, path)| (kind.to_owned(), path.to_owned()));
        assert_eq!(folders(FILE).unwrap(), expected);
    }

    #[test]
    fn hostile_files_are_refused_and_cost_nothing() {
        let laughs = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
        assert!(folders(laughs).unwrap_err().contains("aliases"));
        for text in ["a: [", "a: 'b", "{", "%"] {
            assert!(folders(text).is_err(), "{text:?}");
        }
        for text in ["", "\t", "[]", "a", "a: b", "- a: {b: c}", &"[".repeat(100_000), &"a: {".repeat(10_000)]
        {
            assert!(
                folders(text).map_or(true, |found| found.is_empty()),
                "{:?}",
                &text[..text.len().min(20)]
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "[ab:{}\\[\\]|>&*!%#'\"\n \\-\t,?]{0,80}") {
            let _ = sections(&text);
        }
    }
}
