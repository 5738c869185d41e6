//! Lyrics in whole renders: words are where the file says, to the frame, and nothing else is.

use crate::cli::Stage;
use crate::projects::pictures;

const JOB: &str = "render track.wav --size 96x64 --steps 2 --profile ffv1 --preset pulse";

#[test]
fn a_lyric_video_is_one_command_and_its_words_are_in_time() {
    let stage = Stage::new(3.0);
    let song = "1\n00:00:00,500 --> 00:00:01,000\nfirst\n\n2\n00:00:02,000 --> 00:00:02,750\nsecond\n";
    std::fs::write(stage.path("song.srt"), song).unwrap();
    stage.run(&format!("{JOB} -o plain.mkv")).succeeds();
    // Windows are those of the video without words.
    stage.run(&format!("{JOB} --lyrics song.srt -o words.mkv")).succeeds();
    let (plain, words) = (pictures(&stage, "plain.mkv"), pictures(&stage, "words.mkv"));
    assert_eq!((plain.len(), words.len()), (36, 36));
    let differs: Vec<usize> = (0..36).filter(|i| plain[*i] != words[*i]).collect();
    // Twelve frames a second: 0.5 s is frame 6, 1 s frame 12, 2 s frame 24, 2.75 s frame 33.
    assert_eq!(differs, (6..12).chain(24..33).collect::<Vec<_>>());
    // Hidden by a parameter, and made again from what the video says of itself.
    stage.run(&format!("{JOB} --lyrics song.srt --set layer.lyrics.opacity=0 -o hidden.mkv")).succeeds();
    assert_eq!(pictures(&stage, "hidden.mkv"), plain);
    stage.run("extract words.mkv --to again").succeeds();
    std::fs::copy(stage.path("track.wav"), stage.path("again/track.wav")).unwrap();
    stage.run("render again/video.toml --profile ffv1 -o again.mkv").succeeds();
    assert_eq!(pictures(&stage, "again.mkv"), words);
}

#[test]
fn what_is_no_lyrics_and_no_font_is_refused_before_the_work() {
    let stage = Stage::new(1.0);
    for name in ["none.lrc", "track.wav"] {
        stage.run(&format!("plan track.wav --lyrics {name}")).fails(3, &["can't use the lyrics"]);
    }
    std::fs::write(stage.path("song.lrc"), "[00:00.10]日本\n").unwrap();
    stage.run("plan track.wav --lyrics song.lrc --font track.wav").fails(3, &["can't use the font"]);
}
