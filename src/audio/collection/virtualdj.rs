//! VirtualDJ's `database.xml`: positions in seconds; a tempo, though called `Bpm`, is the seconds from beat to beat. The
//! grid begins at a `Poi` of the type `beatgrid`, or, in the versions that have it, at the `Phase` of the scan.

use super::song::{Element, Song};
use crate::audio::beat_grid::Anchor;
use crate::units::Seconds;

/// Seconds from beat to beat that are none: 10 beats a minute. What is larger was written as beats a minute.
const LONGEST: f64 = 6.0;

/// Takes over what an element says of a track.
pub(super) fn take(element: &Element, song: &mut Song) {
    match element.name.as_str() {
        "Song" => song.path = element.path("FilePath"),
        "Tags" => {
            element.text("Title").clone_into(&mut song.title);
            element.text("Author").clone_into(&mut song.artist);
        }
        "Scan" => {
            song.bpm = tempo(element);
            if let (Some(phase), true) = (element.number("Phase"), song.grid.is_empty()) {
                song.anchor(Anchor { time: Seconds(phase), bpm: 0.0, beat: 1, meter: 4 });
            }
        }
        "Poi" => match (element.text("Type"), element.number("Pos")) {
            ("beatgrid", Some(time)) => {
                let bpm = tempo(element).unwrap_or_default();
                // One without a tempo is where the grid begins, which the scan may have said.
                if bpm > 0.0 || song.grid.is_empty() {
                    song.anchor(Anchor { time: Seconds(time), bpm, beat: 1, meter: 4 });
                }
            }
            // Cue points had no type once.
            ("cue" | "", time) => song.cue(time, element.text("Name")),
            _ => {}
        },
        _ => {}
    }
}

/// Beats a minute.
fn tempo(element: &Element) -> Option<f64> {
    let value = element.number("Bpm").filter(|v| *v > 0.0)?;
    Some(if value > LONGEST { value } else { 60.0 / value })
}

#[cfg(test)]
mod tests {
    use crate::audio::collection::find;
    use std::path::Path;

    #[test]
    fn grid_and_cues_are_virtual_djs() {
        let text = "<VirtualDJ_Database Version=\"2025\">\r\n<Song FilePath=\"D:\\Music\\Dawn.mp3\" FileSize=\"1\">\r\n\
            <Tags Author=\"X\" Title=\"Dawn\" Bpm=\"0.46875\"/><Infos SongLength=\"212.5\"/><Scan Version=\"801\" Bpm=\"0.46875\" Key=\"Am\"/>\
            <Poi Pos=\"0.512\" Type=\"beatgrid\"/><Poi Pos=\"60.5\" Type=\"beatgrid\" Bpm=\"0.5\"/><Poi Name=\"Intro\" Pos=\"0.512\" Num=\"1\"/>\
            <Poi Name=\"Drop\" Pos=\"32.5\" Num=\"2\" Type=\"cue\"/><Poi Pos=\"3.7\" Type=\"automix\" Point=\"fadeStart\"/>\
            <Poi Name=\"l\" Pos=\"40\" Type=\"loop\" Size=\"8.0\"/></Song></VirtualDJ_Database>\r\n";
        let (song, _) = find(text, Path::new("dawn.mp3")).unwrap();
        let grid: Vec<_> = song.grid.iter().map(|a| (a.time.0, a.bpm)).collect();
        assert_eq!(grid, [(0.512, 128.0), (60.5, 120.0)]);
        let cues: Vec<_> = song.cues.iter().map(|c| (c.time.0, c.label.as_str())).collect();
        assert_eq!(cues, [(0.512, "Intro"), (32.5, "Drop")]);
        assert_eq!(song.path, ["D:", "Music", "Dawn.mp3"]);
    }

    #[test]
    fn a_phase_of_the_scan_is_a_grid() {
        let text = "<VirtualDJ_Database><Song FilePath=\"/a.wav\"><Scan Bpm=\"0.5\" Phase=\"0.1\"/><Poi Pos=\"0.1\" Type=\"beatgrid\"/></Song>\
            <Song FilePath=\"/b.wav\"><Scan Bpm=\"0.5\" Phase=\"0.2\"/></Song></VirtualDJ_Database>";
        for (name, time) in [("a.wav", 0.1), ("b.wav", 0.2)] {
            let (song, _) = find(text, Path::new(name)).unwrap();
            assert_eq!(song.grid.iter().map(|a| (a.time.0, a.bpm)).collect::<Vec<_>>(), [(time, 120.0)]);
        }
    }
}
