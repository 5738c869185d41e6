//! The files that a show names: LoRAs and ControlNets, fonts, the pictures and clips that frames start from. What can be refused is refused
//! here, before the long work.

use super::options::{ControlChoice, LoraFile};
use crate::error::Result;
use crate::render::{Followed, Init};
use crate::score::{Control, Lora, Overrides, Show, control_param, lora_param};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The files of the fonts that the layers of `show` name, as `find` finds them.
pub(super) fn fonts(
    show: &Show,
    find: impl Fn(&str) -> Result<PathBuf>,
) -> Result<BTreeMap<String, PathBuf>> {
    let of_looks = show.looks.iter().flat_map(|look| &look.preset.layers);
    let named = of_looks.chain(&show.layers).filter_map(|layer| layer.font.clone());
    named.map(|path| find(&path).map(|file| (path, file))).collect()
}

/// The ControlNets that `show` names; `near` finds those beside the preset or the project. What they follow is read here, so that what
/// can be refused is refused before the long work.
pub(super) fn control_files(
    show: &Show,
    near: impl Fn(&str) -> Option<PathBuf>,
) -> Result<Vec<ControlChoice>> {
    let all = show.controls()?.into_iter();
    all.map(|Control { name, net, source, start, end, .. }| {
        source.parse::<Followed>()?;
        Ok(ControlChoice {
            param: control_param(&name),
            net: near(&net).unwrap_or_else(|| PathBuf::from(net)),
            source,
            span: (start, end),
        })
    })
    .collect()
}

/// The files of the LoRAs that `show` names; `near` finds those beside the preset or the project.
pub(super) fn lora_files(
    show: &Show,
    overrides: &Overrides,
    near: impl Fn(&str) -> Option<PathBuf>,
) -> Result<Vec<LoraFile>> {
    let all = show.loras(overrides)?.into_iter();
    Ok(all
        .map(|Lora { name, file, strength, text }| LoraFile {
            param: lora_param(&name),
            file: near(&file).unwrap_or_else(|| PathBuf::from(file)),
            strength,
            text,
        })
        .collect())
}

/// The files of the pictures and clips that `show` starts frames from and that its controls follow, as `find` finds them; what was typed is
/// found from here. What can be refused is refused before the long work.
pub(super) fn inits(
    show: &Show,
    overrides: &Overrides,
    (find, typed_controls): (impl Fn(&str) -> Result<PathBuf>, &[Control]),
) -> Result<BTreeMap<String, PathBuf>> {
    let mut files = BTreeMap::new();
    for control in show.controls()? {
        let followed: Followed = control.source.parse()?;
        let Some(name) = followed.init() else { continue };
        if let Init::File(path, _) = name.parse()? {
            let typed = typed_controls.iter().any(|own| own.source == control.source);
            files.insert(name.to_owned(), if typed { PathBuf::from(path) } else { find(&path)? });
        }
    }
    for name in show.sources(overrides) {
        let typed = overrides.init.is_some();
        if let Init::File(path, _) = name.parse()? {
            let path = if typed { PathBuf::from(path) } else { find(&path)? };
            files.insert(name.to_owned(), path);
        }
    }
    Ok(files)
}
