//! Traktor's `collection.nml`: times in milliseconds. A grid marker (type 4) is the first beat of a bar; in newer
//! versions it has a tempo of its own inside, otherwise the track's holds.

use super::song::{Element, Song};
use crate::audio::beat_grid::Anchor;
use crate::units::Seconds;

/// What Traktor calls cue points without a name.
const UNNAMED: [&str; 2] = ["n.n.", "AutoGrid"];

/// Takes over what an element says of a track.
pub(super) fn take(element: &Element, song: &mut Song) {
    match element.name.as_str() {
        "ENTRY" => {
            element.text("TITLE").clone_into(&mut song.title);
            element.text("ARTIST").clone_into(&mut song.artist);
        }
        "LOCATION" => {
            // Folders are parted by "/:".
            let folders = element.text("DIR").split("/:").filter(|p| !p.is_empty()).map(str::to_owned);
            song.path = folders.chain([element.text("FILE").to_owned()]).filter(|p| !p.is_empty()).collect();
        }
        "TEMPO" => song.bpm = element.number("BPM"),
        "CUE_V2" => {
            let time = element.number("START").map(|ms| ms / 1000.0);
            let name = Some(element.text("NAME")).filter(|name| !UNNAMED.contains(name)).unwrap_or_default();
            match (element.text("TYPE"), time) {
                ("4", Some(time)) => {
                    song.anchor(Anchor { time: Seconds(time), bpm: 0.0, beat: 1, meter: 4 });
                }
                // The other types fade, load and loop.
                ("0", time) => song.cue(time, name),
                _ => {}
            }
        }
        "GRID" => {
            if let (Some(anchor), Some(bpm)) = (song.grid.last_mut(), element.number("BPM")) {
                anchor.bpm = bpm;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::audio::collection::find;
    use std::path::Path;

    #[test]
    fn grid_and_cues_are_traktors() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\" ?><NML VERSION=\"19\"><HEAD/><COLLECTION ENTRIES=\"1\">\
            <ENTRY TITLE=\"Dawn\" ARTIST=\"X\"><LOCATION DIR=\"/:Music/:a/:\" FILE=\"dawn.mp3\" VOLUME=\"C:\"></LOCATION>\
            <CUE_V2 NAME=\"AutoGrid\" TYPE=\"4\" START=\"52.315876\" LEN=\"0.0\" REPEATS=\"-1\" HOTCUE=\"0\"></CUE_V2>\
            <CUE_V2 NAME=\"Beat Marker\" TYPE=\"4\" START=\"30055.0\"><GRID BPM=\"127.5\"></GRID></CUE_V2>\
            <CUE_V2 NAME=\"n.n.\" TYPE=\"0\" START=\"1500\"/><CUE_V2 NAME=\"drop\" TYPE=\"0\" START=\"9000.5\"/>\
            <CUE_V2 NAME=\"loop\" TYPE=\"5\" START=\"9500\" LEN=\"4000.0\"/><TEMPO BPM=\"139.999924\"></TEMPO></ENTRY></COLLECTION>\
            <PLAYLISTS><ENTRY><PRIMARYKEY TYPE=\"TRACK\" KEY=\"C:/:Music/:dawn.mp3\"/></ENTRY></PLAYLISTS></NML>";
        let (song, _) = find(text, Path::new("dawn.mp3")).unwrap();
        let grid: Vec<_> =
            song.grid.iter().map(|a| ((a.time.0 * 1e9).round() / 1e9, a.bpm, a.beat)).collect();
        assert_eq!(grid, [(0.052_315_876, 139.999_924, 1), (30.055, 127.5, 1)]);
        let cues: Vec<_> = song.cues.iter().map(|c| (c.time.0, c.label.as_str())).collect();
        assert_eq!(cues, [(1.5, ""), (9.0005, "drop")]);
        assert_eq!(song.path, ["Music", "a", "dawn.mp3"]);
    }
}
