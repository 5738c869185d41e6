//! rekordbox's XML export (version 1.0.0 of its format): times in seconds, unrounded.

use super::song::{Element, Song};
use crate::audio::beat_grid::Anchor;
use crate::units::Seconds;
use percent_encoding::percent_decode_str;

/// Takes over what an element says of a track.
pub(super) fn take(element: &Element, song: &mut Song) {
    match element.name.as_str() {
        "TRACK" => {
            element.text("Name").clone_into(&mut song.title);
            element.text("Artist").clone_into(&mut song.artist);
            let decoded = |part: String| percent_decode_str(&part).decode_utf8_lossy().into_owned();
            song.path = element.path("Location").into_iter().map(decoded).collect();
        }
        "TEMPO" => {
            let (Some(time), Some(bpm)) = (element.number("Inizio"), element.number("Bpm")) else { return };
            let place = |text: &str| text.trim().parse().ok().filter(|n: &u32| *n > 0);
            let meter = element.text("Metro").split('/').next().and_then(place);
            let beat = place(element.text("Battito"));
            song.anchor(Anchor {
                time: Seconds(time),
                bpm,
                beat: beat.unwrap_or(1),
                meter: meter.unwrap_or(4),
            });
        }
        // The other types fade, load and loop.
        "POSITION_MARK" if element.text("Type") == "0" => {
            song.cue(element.number("Start"), element.text("Name"));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::audio::collection::find;
    use std::path::Path;

    #[test]
    fn grid_and_cues_are_rekordboxs() {
        let text = "<DJ_PLAYLISTS><COLLECTION><TRACK Name=\"&amp;\" Location=\"file://localhost/V/caf%C3%A9%20%26%20co.flac\">\
            <TEMPO Inizio=\"0.281\" Bpm=\"128.00\" Metro=\"4/4\" Battito=\"3\"/><TEMPO Inizio=\"60.5\" Bpm=\"64.5\" Metro=\"3/4\" Battito=\"1\"/>\
            <POSITION_MARK Name=\"\" Type=\"0\" Start=\"15.280\" Num=\"-1\"/><POSITION_MARK Name=\"drop\" Type=\"0\" Start=\"15.280\" Num=\"0\"/>\
            <POSITION_MARK Name=\"lp\" Type=\"4\" Start=\"30.000\" End=\"33.750\" Num=\"-1\"/>\
            <POSITION_MARK Name=\"in\" Type=\"0\" Start=\"0.281\" Num=\"1\"/></TRACK></COLLECTION></DJ_PLAYLISTS>";
        let (song, note) = find(text, Path::new("/x/Café & Co.flac")).unwrap();
        let grid: Vec<_> = song.grid.iter().map(|a| (a.time.0, a.bpm, a.beat, a.meter)).collect();
        assert_eq!(grid, [(0.281, 128.0, 3, 4), (60.5, 64.5, 1, 3)]);
        let cues: Vec<_> = song.cues.iter().map(|c| (c.time.0, c.label.as_str())).collect();
        assert_eq!((cues, note), (vec![(0.281, "in"), (15.28, "drop")], None));
    }
}
