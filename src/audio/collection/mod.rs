//! Collections of DJ programs in XML: rekordbox's export, Traktor's `collection.nml`, VirtualDJ's `database.xml`. The
//! beat grid and the cue points of one track come out, found by the name of its file.
//!
//! The file is read as a stream, one track at a time. Entities beyond XML's own five are not expanded.

mod rekordbox;
mod song;
mod traktor;
mod virtualdj;

pub(super) use song::Song;

use crate::error::{Context, Error, Result, nearest};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use song::Element;
use std::path::Path;

/// Most attributes of an element that are looked at.
const MOST_ATTRIBUTES: usize = 200;
/// Most tracks of one name that are compared.
const MOST_ALIKE: usize = 100;

/// A program's way of writing a track down.
struct Dialect {
    /// The program.
    program: &'static str,
    /// The document's outermost element.
    root: &'static str,
    /// The element of a track.
    track: &'static str,
    /// Takes over what an element says of the track that it stands in.
    take: fn(&Element, &mut Song),
}

const DIALECTS: [Dialect; 3] = [
    Dialect { program: "rekordbox", root: "DJ_PLAYLISTS", track: "TRACK", take: rekordbox::take },
    Dialect { program: "Traktor", root: "NML", track: "ENTRY", take: traktor::take },
    Dialect { program: "VirtualDJ", root: "VirtualDJ_Database", track: "Song", take: virtualdj::take },
];

/// Whether a text is XML.
pub(super) fn is_one(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// The track at `track` as the collection in `text` knows it, and a note where it was not found by its file's name.
///
/// # Errors
/// Input: it is damaged, of an unknown program, doesn't hold the track, or holds several of that name that differ.
pub(super) fn find(text: &str, track: &Path) -> Result<(Song, Option<String>)> {
    let mut reader = Reader::from_str(text);
    let mut search = Search::new(track);
    let mut dialect: Option<&Dialect> = None;
    let mut song: Option<Song> = None;
    loop {
        let place = reader.buffer_position();
        let event = reader.read_event().context(|| damaged(place))?;
        let closed = matches!(event, Event::Empty(_));
        match event {
            Event::Start(start) | Event::Empty(start) => {
                let name = start.name().as_ref().to_owned();
                let Some(dialect) = dialect else {
                    let known = DIALECTS.iter().find(|d| d.root == name);
                    dialect = Some(known.ok_or_else(unknown)?);
                    continue;
                };
                if name == dialect.track {
                    song = Some(Song::default());
                }
                if let Some(song) = &mut song {
                    (dialect.take)(&element(name.clone(), &start).context(|| damaged(place))?, song);
                }
                if closed && name == dialect.track {
                    search.look_at(song.take());
                }
            }
            Event::End(end) if dialect.is_some_and(|d| end.name().as_ref() == d.track) => {
                search.look_at(song.take());
            }
            Event::DocType(_) => return Err(unknown()),
            Event::Eof => break,
            _ => {}
        }
    }
    search.found(dialect.ok_or_else(unknown)?.program)
}

fn element(name: String, start: &BytesStart<'_>) -> Result<Element, quick_xml::Error> {
    let mut attributes = Vec::new();
    for attribute in start.attributes().with_checks(false).take(MOST_ATTRIBUTES) {
        let attribute = attribute?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0)?.into_owned();
        attributes.push((attribute.key.as_ref().to_owned(), value));
    }
    Ok(Element { name, attributes })
}

fn damaged(place: u64) -> Error {
    Error::input(format!("the XML is damaged at byte {place}")).hint("export it again")
}

fn unknown() -> Error {
    Error::input("this kind of XML is unknown")
        .hint("a rekordbox export, Traktor's collection.nml or VirtualDJ's database.xml can be read")
}

/// The tracks of a collection that may be the one that is looked for.
struct Search {
    /// The track's place, its folders and name in lower case, the innermost last.
    path: Vec<String>,
    stem: String,
    /// The best so far, all alike: how well they fit, and what they are.
    best: Option<Fit>,
    songs: Vec<Song>,
    count: usize,
    near: Option<String>,
}

/// How well a track of a collection fits: by its title; by its file's name without the ending; by the whole name, and by
/// how many folders above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Title,
    Stem,
    Name(usize),
}

impl Search {
    fn new(track: &Path) -> Self {
        let whole = std::path::absolute(track).unwrap_or_else(|_| track.to_owned());
        let path: Vec<String> =
            whole.components().map(|c| c.as_os_str().to_string_lossy().to_lowercase()).collect();
        let stem = path.last().map_or("", |name| stem(name)).to_owned();
        Search { path, stem, best: None, songs: Vec::new(), count: 0, near: None }
    }

    fn look_at(&mut self, song: Option<Song>) {
        // Playlists name tracks by their numbers.
        let Some(song) = song.filter(|s| !s.path.is_empty()) else { return };
        self.count += 1;
        let fit = self.fit(&song);
        if fit.is_none() {
            let name = song.path.last().filter(|name| name.len() < 256).map_or("", |name| stem(name));
            self.near = nearest(&self.stem, [name]).map(str::to_owned).or(self.near.take());
        }
        if fit > self.best {
            (self.best, self.songs) = (fit, vec![song]);
        } else if fit.is_some() && fit == self.best && self.songs.len() < MOST_ALIKE {
            self.songs.push(song);
        }
    }

    fn fit(&self, song: &Song) -> Option<Fit> {
        let own = song.path.iter().rev().map(|p| p.to_lowercase());
        let alike = own.zip(self.path.iter().rev()).take_while(|(a, b)| a == *b).count();
        if alike > 0 {
            return Some(Fit::Name(alike));
        }
        if song.path.last().is_some_and(|name| stem(&name.to_lowercase()) == self.stem) {
            return Some(Fit::Stem);
        }
        let (title, artist) = (song.title.to_lowercase(), song.artist.to_lowercase());
        let named = !title.is_empty() && (title == self.stem || format!("{artist} - {title}") == self.stem);
        named.then_some(Fit::Title)
    }

    fn found(self, program: &str) -> Result<(Song, Option<String>)> {
        let mut songs = self.songs.into_iter();
        let Some((fit, first)) = self.best.zip(songs.next()) else {
            let error =
                Error::input(format!("'{}' is not among the {} tracks of {program}", self.stem, self.count));
            let hint = self.near.map(|near| format!("'{near}' is; a track is found by its file's name"));
            return Err(error.hint(hint.unwrap_or_else(|| "a track is found by its file's name".to_owned())));
        };
        let first = first.settled();
        if songs.any(|other| other.settled().says_otherwise(&first)) {
            return Err(Error::input(format!("{program} has several tracks called '{}'", self.stem))
                .hint("export one of them alone, or name a track by the path that it has there"));
        }
        let note = match fit {
            Fit::Name(_) => None,
            Fit::Stem => Some(
                "found by the name of another file of this track: times may lie apart by some hundredths",
            ),
            Fit::Title => Some("found by the track's title"),
        };
        Ok((first, note.map(str::to_owned)))
    }
}

/// A file's name without its ending.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DJ_PLAYLISTS Version=\"1.0.0\">\n<COLLECTION Entries=\"2\">\n\
        <TRACK TrackID=\"1\" Name=\"Dawn\" Artist=\"X\" Location=\"file://localhost/Users/x/a/Dawn%20Song.mp3\">\n\
        <TEMPO Inizio=\"0.025\" Bpm=\"120.00\" Metro=\"4/4\" Battito=\"1\"/></TRACK>\n\
        <TRACK TrackID=\"2\" Name=\"Noon\" Location=\"file://localhost/C:/b/dawn%20song.mp3\">\n\
        <TEMPO Inizio=\"0.5\" Bpm=\"90.00\" Metro=\"3/4\" Battito=\"2\"/></TRACK>\n\
        <TRACK TrackID=\"3\" Name=\"Night\" Artist=\"Lantern\" Location=\"file://localhost/C:/b/c.wav\"/>\n</COLLECTION>\n\
        <PLAYLISTS><NODE Type=\"1\"><TRACK Key=\"1\"/></NODE></PLAYLISTS></DJ_PLAYLISTS>\n";

    #[test]
    fn a_track_is_found_by_its_name_and_its_folders() {
        let bpm = |track: &str| find(TWO, Path::new(track)).map(|(song, note)| (song.grid[0].bpm, note));
        assert_eq!(bpm("/music/a/dawn song.mp3").unwrap(), (120.0, None));
        assert_eq!(bpm("/music/b/Dawn Song.mp3").unwrap(), (90.0, None));
        let error = bpm("/music/Dawn Song.mp3").unwrap_err();
        assert!(error.to_string().contains("several tracks"), "{error}");
        let (song, note) = find(TWO, Path::new("/music/lantern - night.flac")).unwrap();
        assert!(song.title == "Night" && note.unwrap().contains("title"));
        assert!(find(TWO, Path::new("C.mp3")).unwrap().1.unwrap().contains("another file"));
    }

    #[test]
    fn a_track_that_is_not_there_is_named_with_its_nearest() {
        let error = find(TWO, Path::new("down song.mp3")).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("among the 3 tracks of rekordbox"), "{error}");
        assert!(error.hints()[0].contains("'dawn song'"), "{:?}", error.hints());
    }

    #[test]
    fn hostile_and_foreign_xml_is_refused() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><DJ_PLAYLISTS><COLLECTION>\
                    <TRACK Name=\"&b;\" Location=\"a.wav\"/></COLLECTION></DJ_PLAYLISTS>";
        let entity =
            "<DJ_PLAYLISTS><COLLECTION><TRACK Name=\"&b;\" Location=\"a.wav\"/></COLLECTION></DJ_PLAYLISTS>";
        for text in [
            bomb,
            entity,
            "<html></html>",
            "<DJ_PLAYLISTS><COLLECTION>",
            "<",
            "<DJ_PLAYLISTS><TRACK a=></DJ_PLAYLISTS>",
            "<!-- -->",
        ] {
            let refused = find(text, Path::new("a.wav")).map(|_| ());
            assert!(refused.as_ref().is_err_and(|e| !e.hints().is_empty()), "{text}: {refused:?}");
        }
    }
}
