//! Profiles, what a video can be written as: one row per profile says which encoders make it and which files hold it.

use super::container::Container;
use crate::demux;
use crate::error::{Error, Result, nearest};
use ffmpeg_next::format::Pixel;
use ffmpeg_next::{Codec, encoder};
use std::path::Path;

/// What a video is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Plays everywhere.
    #[default]
    H264,
    /// Half the size, plays on most devices.
    H265,
    /// Smaller still, takes long to encode.
    Av1,
    /// For the web, in WebM.
    Vp9,
    /// For editing.
    ProRes,
    /// Every pixel as it was made, for archives.
    Ffv1,
    /// A silent loop of 256 colours.
    Gif,
    /// A folder of pictures, every pixel as it was made.
    Png,
}

/// A row of the table.
pub(super) struct Row {
    pub profile: Profile,
    /// What it is called in projects and in `--profile`.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Encoders that make it, best first.
    pub encoders: &'static [&'static str],
    /// What these are fed with.
    pub pixel: Pixel,
    /// What can hold it, the usual one first.
    pub containers: &'static [Container],
    /// Bytes a pixel of a frame, about: on the high side of what lively pictures took.
    pub density: f64,
}

const PLAYED: &[Container] = &[Container::Mp4, Container::Mkv, Container::Mov];

const TABLE: [Row; 8] = [
    Row {
        profile: Profile::H264,
        name: "h264",
        title: "H.264",
        encoders: &["libx264", "h264_videotoolbox", "h264_nvenc", "libopenh264"],
        pixel: Pixel::YUV420P,
        containers: PLAYED,
        density: 0.04,
    },
    Row {
        profile: Profile::H265,
        name: "h265",
        title: "H.265",
        encoders: &["libx265", "hevc_videotoolbox", "hevc_nvenc"],
        pixel: Pixel::YUV420P,
        containers: PLAYED,
        density: 0.03,
    },
    Row {
        profile: Profile::Av1,
        name: "av1",
        title: "AV1",
        encoders: &["libaom-av1", "libsvtav1"],
        pixel: Pixel::YUV420P,
        containers: &[Container::Mp4, Container::Mkv, Container::Webm],
        density: 0.03,
    },
    Row {
        profile: Profile::Vp9,
        name: "vp9",
        title: "VP9",
        encoders: &["libvpx-vp9"],
        pixel: Pixel::YUV420P,
        containers: &[Container::Webm, Container::Mkv, Container::Mp4],
        density: 0.03,
    },
    Row {
        profile: Profile::ProRes,
        name: "prores",
        title: "ProRes",
        encoders: &["prores_ks"],
        pixel: Pixel::YUV422P10LE,
        containers: &[Container::Mov, Container::Mkv],
        density: 0.7,
    },
    Row {
        profile: Profile::Ffv1,
        name: "ffv1",
        title: "FFV1",
        encoders: &["ffv1"],
        pixel: Pixel::BGRZ,
        containers: &[Container::Mkv],
        density: 1.0,
    },
    Row {
        profile: Profile::Gif,
        name: "gif",
        title: "GIF",
        encoders: &["gif"],
        pixel: Pixel::RGB8,
        containers: &[Container::Gif],
        density: 0.3,
    },
    Row {
        profile: Profile::Png,
        name: "png",
        title: "PNG pictures",
        encoders: &["png"],
        pixel: Pixel::RGB24,
        containers: &[Container::Folder],
        density: 1.2,
    },
];

impl Profile {
    /// All of them, the usual one first.
    pub const ALL: [Self; 8] = [
        Profile::H264,
        Profile::H265,
        Profile::Av1,
        Profile::Vp9,
        Profile::ProRes,
        Profile::Ffv1,
        Profile::Gif,
        Profile::Png,
    ];

    /// The names of all profiles.
    pub const NAMES: [&'static str; 8] = ["h264", "h265", "av1", "vp9", "prores", "ffv1", "gif", "png"];

    /// The profile called `name`.
    ///
    /// # Errors
    /// Usage, with the nearest name or all of them as a hint.
    pub fn find(name: &str) -> Result<Self> {
        TABLE.iter().find(|r| r.name == name).map(|r| r.profile).ok_or_else(|| {
            let error = Error::usage(format!("there is no profile '{name}'"));
            match nearest(name, Self::NAMES) {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint(format!("profiles are {}", Self::NAMES.join(", "))),
            }
        })
    }

    /// What the name of a file that nobody said more about stands for.
    pub fn of(path: &Path) -> Self {
        match Container::of(path) {
            Ok(Container::Webm) => Profile::Vp9,
            Ok(Container::Gif) => Profile::Gif,
            _ => Profile::H264,
        }
    }

    /// What it is called in projects and in `--profile`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What it is for, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Profile::H264 => "H.264, plays everywhere",
            Profile::H265 => "H.265, half the size, plays on most devices",
            Profile::Av1 => "AV1, smallest, takes long to write",
            Profile::Vp9 => "VP9 in WebM, for the web",
            Profile::ProRes => "ProRes, for editing",
            Profile::Ffv1 => "FFV1, every pixel as it was made",
            Profile::Gif => "GIF, a silent loop of 256 colours",
            Profile::Png => "PNG, a folder of pictures",
        }
    }

    /// What the name of a video ends in where nobody says otherwise; none for a folder.
    pub fn ending(self) -> Option<&'static str> {
        self.row().containers[0].ending()
    }

    /// Bytes that a pixel of a frame takes in the file, about, on the high side.
    pub fn bytes_per_pixel(self) -> f64 {
        self.row().density
    }

    pub(super) fn row(self) -> &'static Row {
        TABLE.iter().find(|r| r.profile == self).unwrap_or(&TABLE[0])
    }

    /// The encoders for it that this FFmpeg has, best first.
    ///
    /// # Errors
    /// Output, if there is none.
    pub(super) fn encoders(self) -> Result<Vec<Codec>> {
        demux::ready();
        let row = self.row();
        let found: Vec<Codec> = row.encoders.iter().filter_map(|name| encoder::find_by_name(name)).collect();
        if found.is_empty() {
            return Err(Error::output(format!("this FFmpeg has no {} encoder", row.title))
                .hint(format!("install an FFmpeg with {}", row.encoders[0]))
                .hint("or choose another profile; `beatbolt doctor` lists what is there"));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_has_its_row_and_name() {
        for ((row, name), profile) in TABLE.iter().zip(Profile::NAMES).zip(Profile::ALL) {
            assert_eq!(row.profile, profile);
            assert_eq!(
                (row.name, Profile::find(name).unwrap(), row.profile.name()),
                (name, row.profile, name)
            );
        }
        let error = Profile::find("h256").unwrap_err();
        assert!(error.hints()[0].contains("h26"), "{error:?}");
    }

    #[test]
    fn names_of_files_tell_the_profile() {
        let of = |name: &str| Profile::of(Path::new(name));
        assert_eq!(
            (of("a.webm"), of("a.gif"), of("a.mkv"), of("a")),
            (Profile::Vp9, Profile::Gif, Profile::H264, Profile::H264)
        );
    }
}
