//! Which file holds a video of a profile with a track's sound: decided before any work is done.

use super::container::Container;
use super::profile::Profile;
use super::sound::Sound;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// The container for a video of this profile at `path`.
///
/// # Errors
/// Usage, where the name's ending is unknown or can't hold it.
pub(super) fn container_for(path: &Path, profile: Profile) -> Result<Container> {
    let row = profile.row();
    if row.containers == [Container::Folder] {
        return Ok(Container::Folder);
    }
    let container = Container::of(path)?;
    if row.containers.contains(&container) {
        return Ok(container);
    }
    let endings: Vec<String> =
        row.containers.iter().filter_map(|c| c.ending()).map(|e| format!(".{e}")).collect();
    let message = format!("{} does not go into the file {}", row.title, path.display());
    Err(Error::usage(message).hint(format!("end its name in {}", endings.join(" or "))))
}

/// Where the video will be written, so that the track's sound fits in unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPlan {
    /// The file to write: the one asked for, or the same name ending in `.mkv`.
    pub path: PathBuf,
    /// Why the name was changed; to be told to the person.
    pub note: Option<String>,
}

/// Checks that the file named `path` can hold a video of this profile and the sound of `track` packet for packet, and
/// names Matroska, which holds nearly everything, where it can't.
///
/// # Errors
/// If the ending of `path` is unknown or doesn't suit the profile, FFmpeg has no encoder for it, `track` can't be read,
/// or not even Matroska holds its sound.
pub fn check_container(path: &Path, track: &Path, profile: Profile) -> Result<ContainerPlan> {
    let container = container_for(path, profile)?;
    profile.encoders()?;
    let codec = Sound::codec(track)?;
    if container.is_silent() {
        let note = format!("{} hold no sound", profile.row().title);
        return Ok(ContainerPlan { path: path.to_owned(), note: Some(note) });
    }
    if container.plays(codec) {
        return Ok(ContainerPlan { path: path.to_owned(), note: None });
    }
    if !Container::Mkv.plays(codec) {
        return Err(Error::input(format!("no video format can hold {} sound unchanged", codec.name()))
            .hint("convert the track to FLAC first: ffmpeg -i TRACK track.flac"));
    }
    let changed = path.with_extension("mkv");
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_uppercase();
    let note = format!(
        "{ending} files with {} sound don't play everywhere; writing {} instead, with the sound unchanged",
        codec.name(),
        changed.display()
    );
    Ok(ContainerPlan { path: changed, note: Some(note) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_suit_its_profile_is_answered_with_those_that_do() {
        for (name, hint) in [("b.webm", ".mkv"), ("b", ".mp4"), ("b.avi", ".mov"), ("", ".mp4")] {
            let error = container_for(Path::new(name), Profile::H264).unwrap_err();
            assert!(error.hints().iter().any(|h| h.contains(hint)), "{name}: {error:?}");
        }
    }
}
