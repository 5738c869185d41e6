//! Labels: what a track says of itself, for the video: title and such, chapters, the cover.

use super::container::Container;
use super::ffmpeg;
use crate::demux;
use crate::error::{Context as _, Error, Result};
use crate::units::Seconds;
use ffmpeg_next::codec::Id;
use ffmpeg_next::format::context::{Input, Output};
use ffmpeg_next::{Codec, Dictionary, DictionaryRef, Packet, Rational, codec};
use std::path::Path;

/// What is taken over, by FFmpeg's names, which it finds for the names of each format.
const KEYS: [&str; 12] = [
    "title",
    "artist",
    "album_artist",
    "album",
    "date",
    "genre",
    "track",
    "disc",
    "composer",
    "performer",
    "copyright",
    "publisher",
];
/// Longest value, and largest cover, in bytes; most chapters.
const LONGEST: usize = 10_000;
const LARGEST_COVER: usize = 32 << 20;
const MOST_CHAPTERS: usize = 1000;
/// Packets among which the cover is looked for: demuxers hand it out first.
const SEARCHED_PACKETS: usize = 64;
/// Chapters are told in milliseconds.
const MILLISECONDS: f64 = 1000.0;

/// A track's words and pictures.
#[derive(Default)]
pub(super) struct Label {
    tags: Vec<(&'static str, String)>,
    chapters: Vec<Chapter>,
    cover: Option<Cover>,
}

/// A named stretch of the video, in seconds.
struct Chapter {
    start: f64,
    end: f64,
    title: String,
}

struct Cover {
    parameters: codec::Parameters,
    packet: Packet,
}

impl Label {
    /// Reads what the track at `path` says. Its first sample lies at `origin` seconds of its file's clock; the video shows
    /// it from `start` to `end`.
    pub(super) fn read(
        path: &Path,
        origin: f64,
        start: Option<Seconds>,
        end: Option<Seconds>,
    ) -> Result<Self> {
        let mut input = demux::open(path)?;
        let (start, end) = (start.map_or(0.0, |t| t.0), end.map_or(f64::INFINITY, |t| t.0));
        let tags = tags(&input);
        let chapters = chapters(&input, origin + start, end - start);
        Ok(Label { tags, chapters, cover: cover(&mut input) })
    }

    /// Puts all of it that the container takes into the head of a file, beside its own tags `own`; then comes the cover,
    /// with [`Self::write_cover`].
    pub(super) fn describe(
        &self,
        output: &mut Output,
        container: Container,
        own: &[(&str, &str)],
    ) -> Result<()> {
        let failed = || Error::internal("no chapter could be added");
        let tags = self.tags.iter().map(|(key, value)| (*key, value.as_str()));
        output.set_metadata(own.iter().copied().chain(tags).collect::<Dictionary<'_>>());
        for (id, chapter) in self.chapters.iter().enumerate() {
            let at = |seconds: f64| (seconds * MILLISECONDS).round() as i64;
            let tick = Rational::new(1, MILLISECONDS as i32);
            output
                .add_chapter(id as i64 + 1, tick, at(chapter.start), at(chapter.end), &chapter.title)
                .map(drop)
                .context(failed)?;
        }
        self.add_cover(output, container).context(|| Error::internal("no cover could be added"))
    }

    /// Adds the stream of the cover.
    fn add_cover(&self, output: &mut Output, container: Container) -> Result<(), ffmpeg_next::Error> {
        let Some(cover) = &self.cover else { return Ok(()) };
        let (codec, bytes) = (cover.parameters.id(), cover.packet.data().unwrap_or_default());
        match container {
            Container::Mp4 => {
                let mut stream = output.add_stream(None::<Codec>)?;
                stream.set_parameters(cover.parameters.clone());
                ffmpeg::set_tag(&mut stream, [0; 4]);
                ffmpeg::set_cover(&mut stream);
            }
            Container::Mkv => {
                let Some((name, mime)) = file_of(codec) else { return Ok(()) };
                let mut stream = output.add_stream(None::<Codec>)?;
                if !ffmpeg::attach(&mut stream, codec, bytes) {
                    return Err(ffmpeg_next::Error::InvalidData);
                }
                stream.set_metadata([("filename", name), ("mimetype", mime)].iter().collect());
            }
            Container::Mov | Container::Webm | Container::Gif | Container::Folder => {}
        }
        Ok(())
    }

    /// Writes the cover, where it is a stream behind the head of the file.
    pub(super) fn write_cover(
        &self,
        output: &mut Output,
        container: Container,
    ) -> Result<(), ffmpeg_next::Error> {
        let Some(cover) = self.cover.as_ref().filter(|_| container == Container::Mp4) else { return Ok(()) };
        let mut packet = cover.packet.clone();
        packet.set_stream(output.nb_streams() as usize - 1);
        packet.set_position(-1);
        packet.set_pts(Some(0));
        packet.set_dts(Some(0));
        packet.set_duration(0);
        packet.write_interleaved(output)
    }
}

/// What a cover of this kind is called as a file.
fn file_of(codec: Id) -> Option<(&'static str, &'static str)> {
    match codec {
        Id::MJPEG => Some(("cover.jpg", "image/jpeg")),
        Id::PNG => Some(("cover.png", "image/png")),
        _ => None,
    }
}

/// Title, artist and such of the track at `path`, by FFmpeg's names.
///
/// # Errors
/// Input: it can't be opened.
pub fn tags_of(path: &Path) -> Result<Vec<(&'static str, String)>> {
    demux::open(path).map(|input| tags(&input))
}

/// The file's tags, and where it has none the sound's: Ogg has them there.
fn tags(input: &Input) -> Vec<(&'static str, String)> {
    let found = |key: &'static str| {
        let streams = input.streams().filter(|s| s.parameters().medium() == ffmpeg_next::media::Type::Audio);
        let everywhere = std::iter::once(value(&input.metadata(), key));
        let value = everywhere.chain(streams.map(|s| value(&s.metadata(), key))).flatten().next()?;
        Some((key, value))
    };
    KEYS.into_iter().filter_map(found).collect()
}

/// A tag's text on one line. The wrapper hands out the file's bytes unchecked.
fn value(tags: &DictionaryRef<'_>, key: &str) -> Option<String> {
    let text = String::from_utf8_lossy(tags.get(key)?.as_bytes()).into_owned();
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    (!clean.is_empty() && clean.len() <= LONGEST).then(|| clean.to_owned())
}

/// The chapters of a stretch of `length` seconds that begins at `zero` on the file's clock.
fn chapters(input: &Input, zero: f64, length: f64) -> Vec<Chapter> {
    let all = input.chapters().take(MOST_CHAPTERS).map(|chapter| {
        let at = |ticks: i64| ticks as f64 * f64::from(chapter.time_base()) - zero;
        let title = value(&chapter.metadata(), "title").unwrap_or_default();
        Chapter { start: at(chapter.start()).max(0.0), end: at(chapter.end()).min(length), title }
    });
    all.filter(|chapter| chapter.start < chapter.end).collect()
}

fn cover(input: &mut Input) -> Option<Cover> {
    let stream = ffmpeg::cover(input)?;
    let (index, parameters) = (stream.index(), stream.parameters().clone());
    if !matches!(parameters.id(), Id::MJPEG | Id::PNG) {
        return None;
    }
    for _ in 0..SEARCHED_PACKETS {
        let mut packet = Packet::empty();
        packet.read(input).ok()?;
        if packet.stream() == index {
            return (1..=LARGEST_COVER).contains(&packet.size()).then_some(Cover { parameters, packet });
        }
    }
    None
}
