use super::*;

fn file(division: u16, tracks: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"MThd\0\0\0\x06\0\x01".to_vec();
    bytes.extend((tracks.len() as u16).to_be_bytes());
    bytes.extend(division.to_be_bytes());
    for track in tracks {
        bytes.extend(b"MTrk");
        bytes.extend((track.len() as u32).to_be_bytes());
        bytes.extend_from_slice(track);
    }
    bytes
}

#[test]
fn notes_controllers_and_tempo_changes_have_their_times() {
    // 3/4 at 120 BPM; from the fourth quarter on at 60. 96 ticks a quarter.
    let conductor: &[u8] = &[
        0, 0xff, 0x58, 4, 3, 2, 24, 8, 0, 0xff, 0x51, 3, 0x07, 0xa1, 0x20, 0x82, 0x20, 0xff, 0x51, 3, 0x0f,
        0x42, 0x40, 0, 0xff, 0x2f, 0,
    ];
    // A note of a quarter, a pedal, a note by running status that is let go by velocity 0.
    let piano: &[u8] = &[
        0, 0x90, 60, 100, 96, 0x80, 60, 64, 0, 0xb0, 64, 127, 0, 0x99, 36, 90, 0x82, 0x20, 36, 0, 0, 0xff,
        0x2f, 0,
    ];
    let midi = parse(&file(96, &[conductor, piano])).unwrap();
    let notes: Vec<_> = midi.notes.iter().map(|n| (n.start.0, n.end.0, n.channel, n.key)).collect();
    assert_eq!(notes, [(0.0, 0.5, 0, 60), (0.5, 2.5, 9, 36)]);
    assert_eq!(midi.controls[0].time, Seconds(0.5));
    let beats: Vec<f64> = midi.beats.iter().map(|t| t.0).collect();
    assert_eq!(beats, [0.0, 0.5, 1.0, 1.5]);
    assert_eq!(midi.downbeats, [Seconds(0.0), Seconds(1.5)]);
}

#[test]
fn six_eight_is_counted_in_two() {
    let track: &[u8] =
        &[0, 0xff, 0x58, 4, 6, 3, 36, 8, 0, 0x90, 60, 100, 0x84, 0x40, 0x80, 60, 0, 0, 0xff, 0x2f, 0];
    let midi = parse(&file(96, &[track])).unwrap();
    assert_eq!((midi.beats.len(), midi.downbeats.len()), (4, 2));
}

/// Starts of the notes of a file with this division and one track.
fn starts(bytes: &[u8]) -> Vec<f64> {
    parse(bytes).unwrap().notes.iter().map(|n| n.start.0).collect()
}

/// Two quarters, at 0.5 and 1.5 s; 96 ticks a quarter.
const TWO: &[u8] =
    &[96, 0x90, 60, 100, 96, 0x80, 60, 64, 96, 0x90, 62, 100, 96, 0x80, 62, 64, 0, 0xff, 0x2f, 0];

#[test]
fn what_follows_the_last_track_is_skipped() {
    let good = file(96, &[TWO]);
    for behind in [&b"\0"[..], b"TAG and more than eight bytes", b"\x1a\x1a\x1a", &[0xff; 64]] {
        assert_eq!(starts(&[&good, behind].concat()), [0.5, 1.5], "{behind:?}");
    }
    // Behind the end inside a track, too; and a track more than the header says.
    assert_eq!(starts(&file(96, &[&[TWO, &[0; 5]].concat()])), [0.5, 1.5]);
    let mut more = file(96, &[TWO, TWO]);
    more[11] = 1;
    assert_eq!(starts(&more).len(), 4);
}

#[test]
fn a_file_inside_a_riff_is_read() {
    let inside = file(96, &[TWO]);
    let chunk = |kind: &[u8], body: &[u8]| {
        let pad = vec![0; body.len() % 2];
        [kind, &(body.len() as u32).to_le_bytes(), body, &pad].concat()
    };
    for before in [Vec::new(), chunk(b"DISP", b"\x01\0\0\0odd")] {
        let body = [b"RMID".to_vec(), before, chunk(b"data", &inside)].concat();
        assert_eq!(starts(&chunk(b"RIFF", &body)), [0.5, 1.5]);
    }
    assert!(parse(b"RIFF\x0c\0\0\0RMIDLIST\0\0\0\0").is_err());
}

#[test]
fn a_running_status_outlives_texts_and_exclusive_messages() {
    for between in [&[0, 0xff, 1, 3, b'a', b'b', b'c'][..], &[0, 0xf0, 2, 1, 0xf7]] {
        let track =
            [&[96, 0x90, 60, 100, 96, 60, 0][..], between, &[96, 62, 100, 96, 62, 0, 0, 0xff, 0x2f, 0]]
                .concat();
        assert_eq!(starts(&file(96, &[&track])), [0.5, 1.5]);
    }
    assert!(parse(&file(96, &[&[0, 60, 100, 0, 0xff, 0x2f, 0]])).is_err(), "no status to go on with");
}

#[test]
fn ticks_of_a_films_frames_are_time() {
    // 500 ticks of 40 a frame at 25: half a second, whatever a tempo says.
    let track: &[u8] = &[
        0, 0xff, 0x51, 3, 0x0f, 0x42, 0x40, 0x83, 0x74, 0x90, 60, 100, 0x83, 0x74, 0x80, 60, 0, 0, 0xff,
        0x2f, 0,
    ];
    let midi = parse(&file(u16::from_be_bytes([(-25i8) as u8, 40]), &[track])).unwrap();
    assert_eq!((midi.notes[0].start.0, midi.notes[0].end.0), (0.5, 1.0));
    assert!(midi.beats.is_empty());
    let dropped = parse(&file(u16::from_be_bytes([(-29i8) as u8, 100]), &[track])).unwrap();
    assert!((dropped.notes[0].start.0 - 5.0 * 1001.0 / 30_000.0).abs() < 1e-12);
}

#[test]
fn what_is_no_midi_file_is_an_error_and_never_a_panic() {
    let good = file(96, &[&[0, 0x90, 60, 100, 96, 0x80, 60, 64, 0, 0xff, 0x2f, 0]]);
    assert!(parse(&good).is_ok());
    for bad in [
        &b""[..],
        b"MThd",
        b"RIFF....",
        b"MThd\0\0\0\x06\0\x02\0\x01\0\x60",
        b"MThd\0\0\0\x06\0\0\0\x01\xe6\x28",
        b"MThd\0\0\0\x06\0\0\0\x01\xe7\0",
        b"MThd\0\0\0\x06\0\0\0\x01\0\0",
        b"MThd\0\0\0\x06\0\0\0\x01\0\x60",
    ] {
        assert!(!parse(bad).unwrap_err().hints().is_empty());
    }
    for i in 0..good.len() {
        let _ = parse(&good[..i]);
        let mut damaged = good.clone();
        damaged[i] ^= 0xff;
        let _ = parse(&damaged);
    }
}
