//! Files on a hub: by the names that people know them by, or by repository and path.

use crate::error::{Error, Result, nearest};
use std::path::{Component, Path};

/// A file that people ask for by its name.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// What it is asked for by, and what it is called here, with the ending of its path.
    pub name: &'static str,
    /// The repository.
    pub repo: &'static str,
    /// Its path in there.
    pub path: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its SHA-256, where somebody else than the hub states it.
    pub sha256: Option<&'static str>,
}

const LIGHTNING: &str = "ByteDance/AnimateDiff-Lightning";
const ANIMATEDIFF: &str = "guoyww/animatediff";

const fn known(name: &'static str, repo: &'static str, path: &'static str, about: &'static str) -> Known {
    Known { name, repo, path, about, sha256: None }
}

/// Files that go well with each other.
pub const KNOWN: [Known; 10] = [
    known(
        "v1-5-pruned-emaonly",
        "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "v1-5-pruned-emaonly.safetensors",
        "Stable Diffusion 1.5",
    ),
    known(
        "animatediff_lightning_1step",
        LIGHTNING,
        "animatediff_lightning_1step_comfyui.safetensors",
        "motion module, 1 step (for research)",
    ),
    known(
        "animatediff_lightning_2step",
        LIGHTNING,
        "animatediff_lightning_2step_comfyui.safetensors",
        "motion module, 2 or 3 steps",
    ),
    Known {
        sha256: Some("aeb66ae8ff4a868d31379c3bde3e5e7e510a4d4b565a06ee4f1297e93a561dc5"),
        ..known(
            "animatediff_lightning_4step",
            LIGHTNING,
            "animatediff_lightning_4step_comfyui.safetensors",
            "motion module, 4 steps: begin with this one",
        )
    },
    known(
        "animatediff_lightning_8step",
        LIGHTNING,
        "animatediff_lightning_8step_comfyui.safetensors",
        "motion module, 8 steps",
    ),
    known("mm_sd_v15_v2", ANIMATEDIFF, "mm_sd_v15_v2.ckpt", "motion module, AnimateDiff v2"),
    known("v3_sd15_mm", ANIMATEDIFF, "v3_sd15_mm.ckpt", "motion module, AnimateDiff v3"),
    known(
        "AnimateLCM_sd15_t2v",
        "wangfuyun/AnimateLCM",
        "AnimateLCM_sd15_t2v.ckpt",
        "motion module, AnimateLCM, 4 to 8 steps",
    ),
    known(
        "vae-ft-mse-840000-ema-pruned",
        "stabilityai/sd-vae-ft-mse-original",
        "vae-ft-mse-840000-ema-pruned.safetensors",
        "autoencoder, for checkpoints with a dull one",
    ),
    known(
        "taesd",
        "madebyollin/taesd",
        "diffusion_pytorch_model.safetensors",
        "small autoencoder (TAESD), for drafts",
    ),
];

/// A file on a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubFile {
    repo: String,
    revision: String,
    path: String,
    name: String,
    sha256: Option<&'static str>,
}

impl HubFile {
    /// The file that `text` names: one of [`KNOWN`], or `REPO:FILE`, or `REPO@REVISION:FILE`.
    ///
    /// # Errors
    /// Usage: it is neither, with the nearest name.
    pub fn find(text: &str) -> Result<Self> {
        let Some((place, path)) = text.split_once(':') else {
            let row = KNOWN.iter().find(|row| row.name == text || row.path == text);
            return row.map(Self::of).ok_or_else(|| unknown(text));
        };
        let (repo, revision) = place.split_once('@').unwrap_or((place, "main"));
        let word = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
                && part.bytes().any(|b| b != b'.')
        };
        let owned = repo.split('/').count() == 2 && repo.split('/').all(word);
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        let name = path.rsplit('/').next().unwrap_or_default();
        let sound =
            name.trim_start_matches('.') == name && !path.contains('\\') && !path.contains(char::is_control);
        if !(owned && revision.split('/').all(word) && inside && sound && !name.is_empty()) {
            return Err(Error::usage(format!("'{text}' names no file on a hub"))
                .hint("REPO:FILE, like guoyww/animatediff:mm_sd_v15_v2.ckpt"));
        }
        let [repo, revision, path, name] = [repo, revision, path, name].map(str::to_owned);
        Ok(HubFile { repo, revision, path, name, sha256: None })
    }

    fn of(row: &Known) -> Self {
        // A file that is called as its place in a repository calls it says nothing by itself.
        let own = row.path.starts_with(row.name);
        let ending = row.path.rsplit('.').next().unwrap_or_default();
        HubFile {
            repo: row.repo.to_owned(),
            revision: "main".to_owned(),
            path: row.path.to_owned(),
            name: if own { row.path.to_owned() } else { format!("{}.{ending}", row.name) },
            sha256: row.sha256,
        }
    }

    /// The repository, like `guoyww/animatediff`.
    pub fn repo(&self) -> &str {
        &self.repo
    }

    /// The branch, tag or commit.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The path in the repository.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it is called here.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its SHA-256, where that is known.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256
    }
}

fn unknown(text: &str) -> Error {
    let error = Error::usage(format!("there is no known file '{text}'"));
    let error = match nearest(text, KNOWN.iter().map(|row| row.name)) {
        Some(near) => error.hint(format!("did you mean '{near}'?")),
        None => error,
    };
    error.hint("`beatbolt models pull` lists the known ones; any other is named as REPO:FILE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_what_people_call_them_or_by_their_place() {
        let lightning = HubFile::find("animatediff_lightning_4step").unwrap();
        assert_eq!(lightning, HubFile::find("animatediff_lightning_4step_comfyui.safetensors").unwrap());
        assert_eq!(lightning.name(), "animatediff_lightning_4step_comfyui.safetensors");
        assert!(lightning.sha256().is_some_and(|hex| hex.len() == 64));
        assert_eq!(HubFile::find("taesd").unwrap().name(), "taesd.safetensors");
        let other = HubFile::find("a/b@v1:sub/c.ckpt").unwrap();
        assert_eq!(
            (other.repo(), other.revision(), other.path(), other.name()),
            ("a/b", "v1", "sub/c.ckpt", "c.ckpt")
        );
        let error = HubFile::find("animatedif_lightning_4step").unwrap_err();
        assert!(error.hints()[0].contains("'animatediff_lightning_4step'"), "{error:?}");
    }

    #[test]
    fn nothing_is_named_that_leads_out_of_its_place() {
        for text in [
            "a/b:../c",
            "a/b:/etc/passwd",
            "a/b:",
            "a/b:c/",
            "a/b:.hidden",
            "a/b:c\\..\\d",
            "../b:c",
            "a:c",
            "a/b/c:d",
            "a/b@../..:c",
            "a/b?x:c",
            "a/b:c\n",
        ] {
            assert!(HubFile::find(text).is_err(), "{text:?}");
        }
    }
}
