use super::markers::{MarkerFormat, Markers};
use crate::audio::{Analysis, Corrections, marks};
use crate::score::fixture;
use crate::units::{FrameRate, Seconds};
use serde_json::Value;

fn written(analysis: &Analysis, fps: &str, format: MarkerFormat) -> String {
    let fps: FrameRate = fps.parse().unwrap();
    let stretch = [Seconds(0.0), analysis.duration];
    let markers = Markers { analysis, stretch, fps, name: "Fire & \"Ice\"", path: "/music/Fire & Ä.mp3" };
    markers.write(format).unwrap()
}

/// Beats every half second, bars every two, sections A and B of 4 s.
#[test]
fn labels_and_tables_have_every_section_and_beat_in_seconds() {
    let analysis = fixture(16.0);
    let labels = written(&analysis, "25", MarkerFormat::Audacity);
    let lines: Vec<&str> = labels.lines().collect();
    assert_eq!((lines.len(), lines[1]), (4 + 32, "4.000000\t8.000000\tB"));
    assert_eq!((lines[4], lines[4 + 9]), ("0.000000\t0.000000\t1.1", "4.500000\t4.500000\t3.2"));
    let table = written(&analysis, "25", MarkerFormat::Csv);
    assert_eq!(table.lines().count(), 1 + 4 + 8 + 32);
    assert!(
        table.contains("4.000000,8.000000,100,section,\"B\"\n6.")
            || table.contains("4.000000,8.000000,100,section,\"B\"\n")
    );
    assert!(table.contains("\n6.000000,6.000000,150,bar,\"bar 4\"\n"), "{table}");
}

/// What is read back of a file with beats and sections.
fn read_back(analysis: &Analysis, text: &str) -> Analysis {
    let path = std::path::Path::new("/music/Fire & Ä.mp3");
    let corrections = Corrections {
        beats: Some(marks::beats(text.as_bytes(), path).unwrap().0),
        sections: Some(marks::sections(text.as_bytes(), path).unwrap().0),
        ..Corrections::default()
    };
    let mut again = analysis.clone();
    assert_eq!(corrections.apply(&mut again).unwrap(), [""; 0], "{text}");
    again
}

/// Beats whose tempo is another one after every few of them, or which come a little early or late.
fn wandering(kind: u64) -> Analysis {
    let mut analysis = fixture(64.0);
    let mut state = kind;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1u64 << 24) as f64
    };
    let (mut time, mut period, jitter) = (0.3, 0.5, [0.0, 0.0005, 0.003, 0.01][kind as usize % 4]);
    for (i, beat) in analysis.beats.iter_mut().enumerate() {
        if (i as u64).is_multiple_of(1 + kind % 7) {
            period = 0.35 + 0.12 * random();
        }
        time += period;
        beat.0 = time + jitter * (random() - 0.5);
    }
    analysis.downbeats = analysis.beats.iter().step_by(4).copied().collect();
    analysis
}

/// Beats and sections that are written and read come back, and from the second time on every byte does.
#[test]
fn markers_that_are_read_back_are_written_the_same() {
    let mut uneven = fixture(16.0);
    for (i, beat) in uneven.beats.iter_mut().enumerate() {
        beat.0 += 0.013 + 0.02 * (i as f64).sin();
    }
    uneven.downbeats = uneven.beats.iter().skip(1).step_by(3).copied().collect();
    let all = [(fixture(16.0), true), (uneven, false)]
        .into_iter()
        .chain((1..40).map(|kind| (wandering(kind), false)));
    for (analysis, steady) in all {
        for format in [MarkerFormat::Audacity, MarkerFormat::Csv, MarkerFormat::Rekordbox] {
            let first = written(&analysis, "25", format);
            let again = read_back(&analysis, &first);
            let second = written(&again, "25", format);
            let third = written(&read_back(&again, &second), "25", format);
            let other = second.lines().zip(third.lines()).find(|(a, b)| a != b);
            assert!(second == third, "{format:?}: {other:?}");
            // A grid goes on at its last tempo up to the end.
            let more = again.beats.len() - analysis.beats.len();
            assert!(more == 0 || format == MarkerFormat::Rekordbox && !steady, "{format:?}");
            // A grid's tempos say in which metre they count; these bars are shorter than the metre of the track.
            if steady || format != MarkerFormat::Rekordbox {
                assert_eq!(again.downbeats.len(), analysis.downbeats.len(), "{format:?}");
            }
            let labels = |a: &Analysis| a.sections.iter().map(|s| s.label.clone()).collect::<Vec<_>>();
            assert_eq!(labels(&again), labels(&analysis), "{format:?}");
        }
    }
}

#[test]
fn editors_get_the_frame_that_shows_a_time_at_every_rate() {
    let analysis = fixture(16.0);
    for (fps, base, ntsc, frame) in [
        ("25", 25, "FALSE", 100),
        ("29.97", 30, "TRUE", 119),
        ("23.976", 24, "TRUE", 95),
        ("60", 60, "FALSE", 240),
    ] {
        let text = written(&analysis, fps, MarkerFormat::FinalCut);
        assert!(text.contains(&format!("<timebase>{base}</timebase><ntsc>{ntsc}</ntsc>")), "{text}");
        assert!(text.contains(&format!("<name>B</name><comment/><in>{frame}</in>")), "{fps}: {text}");
        assert!(text.contains("<name>Fire &amp; &quot;Ice&quot;</name>"), "{text}");
        // Four sections and the four bars that begin none.
        assert_eq!(text.matches("<marker>").count(), 8);
        let otio: Value = serde_json::from_str(&written(&analysis, fps, MarkerFormat::Otio)).unwrap();
        let marker = &otio["tracks"]["markers"][2];
        let start = &marker["marked_range"]["start_time"];
        assert_eq!((marker["name"].as_str(), start["value"].as_f64()), (Some("B"), Some(f64::from(frame))));
        let rate: FrameRate = fps.parse().unwrap();
        assert_eq!(start["rate"].as_f64(), Some(rate.per_second()));
    }
    let edl = written(&analysis, "25", MarkerFormat::Edl);
    assert!(
        edl.contains("003  AX       V     C        01:00:04:00 01:00:04:01 01:00:04:00 01:00:04:01\n"),
        "{edl}"
    );
    assert!(edl.contains("* LOC: 01:00:04:00 GREEN B\n |C:ResolveColorGreen |M:B |D:100\n"), "{edl}");
    let odd = Markers {
        analysis: &analysis,
        stretch: [Seconds(0.0), Seconds(9.0)],
        fps: "12.5".parse().unwrap(),
        name: "x",
        path: "/x",
    };
    assert!(odd.write(MarkerFormat::Edl).is_err() && odd.write(MarkerFormat::Otio).is_ok());
}

#[test]
fn djs_get_a_grid_for_every_tempo() {
    let mut analysis = fixture(16.0);
    let text = written(&analysis, "25", MarkerFormat::Rekordbox);
    assert_eq!(text.matches("<TEMPO").count(), 1);
    assert!(text.contains("<TEMPO Inizio=\"0\" Bpm=\"120\" Metro=\"4/4\" Battito=\"1\"/>"), "{text}");
    assert!(text.contains("Location=\"file://localhost/music/Fire%20%26%20%C3%84.mp3\""), "{text}");
    assert!(text.contains("<POSITION_MARK Name=\"B\" Type=\"0\" Start=\"4\" Num=\"-1\"/>"), "{text}");
    // From the tenth beat on at 150.
    for (i, beat) in analysis.beats.iter_mut().enumerate().skip(10) {
        beat.0 = 4.5 + 0.4 * (i as f64 - 9.0);
    }
    let text = written(&analysis, "25", MarkerFormat::Rekordbox);
    assert!(text.contains("<TEMPO Inizio=\"4.5\" Bpm=\"150\" Metro=\"4/4\" Battito=\"2\"/>"), "{text}");
    assert_eq!(text.matches("<TEMPO").count(), 2);
}

#[test]
fn a_stretch_counts_from_its_start() {
    let analysis = fixture(16.0);
    let markers = Markers {
        analysis: &analysis,
        stretch: [Seconds(5.0), Seconds(9.0)],
        fps: "25".parse().unwrap(),
        name: "x",
        path: "/x",
    };
    let labels = markers.write(MarkerFormat::Audacity).unwrap();
    assert!(
        labels.starts_with("0.000000\t3.000000\tB\n3.000000\t4.000000\tA\n0.000000\t0.000000\t3.3\n"),
        "{labels}"
    );
}
