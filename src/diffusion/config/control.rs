//! `config.json` of a ControlNet in diffusers' layout: what its weights don't tell.

use super::{ConfigFile, read_json};
use crate::error::Result;
use serde::Deserialize;
use std::path::Path;

/// What the weights of a ControlNet don't tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ControlKind {
    /// What it adds is the same all over the picture: its mean.
    pub pooled: bool,
    /// It was trained on pictures with red and blue exchanged.
    pub bgr: bool,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "_class_name")]
    class: Option<String>,
    global_pool_conditions: Option<bool>,
    controlnet_conditioning_channel_order: Option<String>,
}

impl ControlKind {
    /// Reads the settings at `path`.
    ///
    /// # Errors
    /// Model: they are damaged, or of another network.
    pub fn read(path: &Path) -> Result<Self> {
        let raw: Raw = read_json(path)?;
        let file = ConfigFile(path);
        match raw.class.as_deref() {
            None | Some("ControlNetModel") => {}
            Some("ControlNetUnionModel") => {
                let hint = "take a ControlNet for Stable Diffusion 1.5 for each kind of picture";
                return Err(file.error("this is a union ControlNet").hint(hint));
            }
            Some(other) => return Err(file.error(format!("a {other} is no ControlNet"))),
        }
        let orders = [("rgb", false), ("bgr", true)];
        let order = raw.controlnet_conditioning_channel_order.as_deref().unwrap_or("rgb");
        Ok(ControlKind {
            pooled: raw.global_pool_conditions.unwrap_or(false),
            bgr: file.choice("controlnet_conditioning_channel_order", order, &orders)?,
        })
    }

    /// What the name of a file says, that has no settings: those that copy colours add the same all over the picture.
    pub fn of_name(name: &str) -> Self {
        ControlKind { pooled: name.to_lowercase().contains("shuffle"), bgr: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_say_what_weights_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            ControlKind::read(&path)
        };
        let known = r#"{"_class_name": "ControlNetModel", "global_pool_conditions": true, "controlnet_conditioning_channel_order": "bgr"}"#;
        assert_eq!(read(known).unwrap(), ControlKind { pooled: true, bgr: true });
        assert_eq!(read("{}").unwrap(), ControlKind::default());
        for (wrong, says) in [
            (r#"{"_class_name": "ControlNetUnionModel"}"#, "union"),
            (r#"{"_class_name": "UNet2DConditionModel"}"#, "no ControlNet"),
            (r#"{"controlnet_conditioning_channel_order": "hsv"}"#, "hsv"),
        ] {
            assert!(read(wrong).unwrap_err().to_string().contains(says), "{wrong}");
        }
        assert!(ControlKind::of_name("control_v11e_sd15_shuffle.pth").pooled);
    }
}
