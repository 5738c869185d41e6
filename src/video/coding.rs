//! Codings of sound that is encoded anew.

/// What sound is encoded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Apple's lossless codec, with samples of so many bits: 16 or 24.
    Alac(u8),
    /// The free lossless codec, with samples of so many bits: 16 or 24.
    Flac(u8),
    /// Near to transparent, with losses.
    Aac,
    /// The same, for WebM.
    Vorbis,
}

impl Coding {
    /// FFmpeg's name of the encoder.
    pub(super) fn encoder(self) -> &'static str {
        match self {
            Coding::Alac(_) => "alac",
            Coding::Flac(_) => "flac",
            Coding::Aac => "aac",
            Coding::Vorbis => "libvorbis",
        }
    }

    pub(super) fn told(self) -> String {
        match self {
            Coding::Alac(bits) => format!("ALAC of {bits} bits"),
            Coding::Flac(bits) => format!("FLAC of {bits} bits"),
            Coding::Aac => "AAC, with losses".into(),
            Coding::Vorbis => "Vorbis, with losses".into(),
        }
    }
}
