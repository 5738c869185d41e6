//! Numbers of generated frames become numbers of shown ones in one place, and back.

use super::house;
use std::path::Path;

/// The place.
const RATE: &str = "render/rate.rs";

/// The arguments of every call of `name` in a line.
fn arguments<'a>(line: &'a str, name: &str) -> Vec<&'a str> {
    let closes = |text: &str| {
        let mut open = 1;
        text.find(|c| {
            open += i32::from(c == '(') - i32::from(c == ')');
            open == 0
        })
    };
    let calls = line.match_indices(name).filter_map(|(at, _)| line[at + name.len()..].strip_prefix('('));
    calls.map(|rest| &rest[..closes(rest).unwrap_or(rest.len())]).collect()
}

/// Whether a frame is made of another frame's number.
fn converts(line: &str) -> bool {
    let made = ["GeneratedFrame", "ShownFrame"].into_iter().flat_map(|name| arguments(line, name));
    let of_another = |of: &str| of.ends_with(".0") || of.ends_with(".into()") || of.starts_with("u64::from");
    made.into_iter().any(of_another)
}

#[test]
fn one_place_turns_generated_frames_into_shown_ones() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let converting: Vec<String> = (house().files.iter())
        .filter(|file| {
            let text = std::fs::read_to_string(root.join(&file.path)).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            code.lines().any(converts)
        })
        .map(|file| file.path.display().to_string())
        .collect();
    assert_eq!(converting, [RATE]);
}

#[test]
fn a_frame_of_another_frames_number_is_seen() {
    assert!(converts("let x = ShownFrame(job.part().start.0);"));
    assert!(converts("f(GeneratedFrame(u64::from(y)), 1)"));
    assert!(!converts("GeneratedFrame(fps.frame_at(Seconds(at - start.0))) + ShownFrame(0).0"));
}
