//! Serato's beat grid and cue points, which lie in the tags of the track itself. Mixxx keeps its cue points there as well, where
//! it is told to.
//!
//! Written from what others have found out (Jan Holthuis, "Reversing Serato's GEOB tags", 2019). A grid's markers have a place in
//! seconds; all but the last one say how many beats it is to the next, the last its tempo; the first begins a bar, of four beats.
//! Numbers are big-endian.

mod tags;

use super::beat_grid::Anchor;
use super::timed::Entry;
use crate::units::Seconds;

/// Beats of Serato's bars.
const METER: u32 = 4;
/// Most markers that are taken.
const MOST: usize = 100_000;

/// What Serato says of a track.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Serato {
    pub grid: Vec<Anchor>,
    pub cues: Vec<Entry>,
    /// What the person should know about its times.
    pub note: Option<String>,
}

/// What the tags of the audio file with these `bytes` say; none where it is no audio file with tags.
pub(super) fn read(bytes: &[u8]) -> Option<Serato> {
    let tags = tags::of(bytes)?;
    let found = |name: &str| tags.iter().find(|(n, _)| n == name).map_or(&[][..], |(_, data)| data);
    let (grid, cues) = (grid(found("Serato BeatGrid")), cues(found("Serato Markers2")));
    let off = bytes.starts_with(b"ID3") && !(grid.is_empty() && cues.is_empty());
    let note =
        "Serato's times in an MP3 without LAME's header may be off by 26 ms; --shift-beats moves the beats";
    Some(Serato { grid, cues, note: off.then(|| note.to_owned()) })
}

/// Two bytes of version, the count, eight bytes a marker.
fn grid(data: &[u8]) -> Vec<Anchor> {
    let number = |at: usize| Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?));
    let count = number(2).map_or(0, |n| n as usize).min(MOST);
    let marker = |i: usize| Some((f64::from(f32::from_bits(number(6 + 8 * i)?)), number(10 + 8 * i)?));
    let markers: Vec<(f64, u32)> = (0..count).map_while(marker).collect();
    let (mut beats, mut anchors) = (0_u64, Vec::new());
    for (i, (time, value)) in markers.iter().enumerate() {
        let beat = (beats % u64::from(METER)) as u32 + 1;
        let bpm = match markers.get(i + 1) {
            Some((next, _)) => f64::from(*value) * 60.0 / (next - time),
            None => f64::from(f32::from_bits(*value)),
        };
        beats += u64::from(*value);
        anchors.push(Anchor { time: Seconds(*time), bpm, beat, meter: METER });
    }
    anchors.retain(Anchor::is_sound);
    anchors
}

/// Two bytes of version, then Base64, in which entries stand by their names: `CUE` has a number, a place in milliseconds, a color
/// and a name.
fn cues(data: &[u8]) -> Vec<Entry> {
    let decoded = tags::base64(data.get(2..).unwrap_or_default());
    let mut rest = decoded.get(2..).unwrap_or_default();
    let mut cues = Vec::new();
    while let Some((name, behind)) = tags::until_zero(rest)
        && let (false, Some((length, body))) = (name.is_empty(), behind.split_first_chunk::<4>())
        && let Some(entry) = body.get(..u32::from_be_bytes(*length) as usize)
        && cues.len() < MOST
    {
        if let (b"CUE", Some(place), Some(label)) = (name, entry.get(2..6), entry.get(12..)) {
            let millis = place.iter().fold(0, |all, byte| all << 8 | u32::from(*byte));
            let label = tags::until_zero(label).map_or(label, |(label, _)| label);
            let label = String::from_utf8_lossy(label).trim().to_owned();
            cues.push(Entry { time: Seconds(f64::from(millis) / 1000.0), label });
        }
        rest = &body[entry.len()..];
    }
    cues.sort_by(|a, b| a.time.0.total_cmp(&b.time.0).then(a.label.is_empty().cmp(&b.label.is_empty())));
    cues.dedup_by(|b, a| b.time == a.time);
    cues
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that Serato's format is explained by.
    const GRID: &[u8] = b"\x01\0\0\0\0\x03\x3d\x3c\x3e\x82\0\0\0\x40\x41\xb0\xe1\x48\0\0\0\x14\x42\x04\x8f\x39\x43\x2e\x06\xc8\0";

    #[test]
    fn markers_of_a_grid_have_the_tempo_to_the_next() {
        let told: Vec<(f64, f64, u32)> = grid(GRID).iter().map(|a| (a.time.0, a.bpm, a.beat)).collect();
        let right = [(0.045_958, 174.039, 1), (22.11, 108.796, 1), (33.139_9, 174.026, 1)];
        assert_eq!(told.len(), 3);
        for (found, right) in told.iter().zip(right) {
            assert!(
                (found.0 - right.0).abs() < 1e-4 && (found.1 - right.1).abs() < 1e-2 && found.2 == right.2,
                "{told:?}"
            );
        }
        // Of a damaged one what is whole is taken.
        assert!(grid(&GRID[..9]).is_empty() && grid(b"\x01\0\xff\xff\xff\xff").is_empty());
    }

    /// Markers2 with cue points at 41 ms and 8317 ms and a loop between them.
    fn markers2() -> Vec<u8> {
        let cue = |ms: u32, name: &str| {
            let body = [b"\0\0", &ms.to_be_bytes()[..], b"\0\xcc\0\0\0\0", name.as_bytes(), b"\0"].concat();
            [b"CUE\0", &(body.len() as u32).to_be_bytes()[..], &body].concat()
        };
        let plain = [
            b"\x01\x01COLOR\0\0\0\0\x04\0\xff\xff\xff",
            &cue(8317, "drop")[..],
            b"LOOP\0\0\0\0\x02\0\0",
            &cue(41, "é"),
            b"\0",
        ]
        .concat();
        [b"\x01\x01", &tags::tests::in_base64(&plain)[..], &[0; 100]].concat()
    }

    #[test]
    fn cue_points_are_found_among_other_entries() {
        let told: Vec<(f64, String)> = cues(&markers2()).into_iter().map(|e| (e.time.0, e.label)).collect();
        assert_eq!(told, [(0.041, "é".to_owned()), (8.317, "drop".to_owned())]);
        assert!(cues(b"").is_empty() && cues(b"\x01\x01!!!").is_empty());
    }

    #[test]
    fn every_kind_of_file_tells_the_same() {
        let fields = [("Serato BeatGrid", GRID.to_vec()), ("Serato Markers2", markers2())];
        let mut told = Vec::new();
        for file in tags::tests::files(&fields) {
            let found = read(&file).unwrap();
            told.push((found.grid, found.cues));
        }
        assert!(told.len() == 6 && told[0].0.len() == 3 && told[0].1.len() == 2);
        assert!(told.iter().all(|each| *each == told[0]), "{told:?}");
        assert_eq!(read(b"0.5\n1.0\n"), None);
    }
}
