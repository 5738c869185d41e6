//! The page of a folder of variants: the playing clips, what was varied, and the command that picks one. One file beside the clips, with
//! relative links and nothing from elsewhere.

use super::index::{Entry, Index};
use crate::cli::output::Output;
use crate::cli::shell;
use crate::error::Result;
use crate::units::Size;
use std::path::Path;

/// Its file in the folder.
pub const FILE: &str = "index.html";

const PAGE: &str = include_str!("page.html");

/// What may be expected of the whole video.
const STAYS: &str = "Drawn scenes look the same in the whole video. What a model paints has the same seed, prompts and movement; it looks \
    the same where the clip begins with a take (at a cut), else it grows out of what comes before. More steps change details.";

/// What is shown where nothing is varied.
const PLAIN: &str = "as you asked for it";

/// Writes the page of `index`, whose clips have this size, into `folder`.
///
/// # Errors
/// Output.
pub fn write(index: &Index, folder: &Path, size: Size) -> Result<()> {
    let output = Output::new(&folder.join(FILE), &index.input)?;
    let text = page(index, folder, size);
    output.fill(|file| file.write_all(text.as_bytes()))
}

fn page(index: &Index, folder: &Path, size: Size) -> String {
    let track = index.input.file_name().unwrap_or_default().to_string_lossy();
    let finished = index.variants.iter().filter(|entry| entry.clip.is_some()).count();
    let all = index.variants.len();
    let waiting = if finished < all { format!(" {finished} of {all} are finished.") } else { String::new() };
    let about = format!(
        "{} to {} of the track.{waiting} A command below renders the whole track with that one's seed and settings; without \
         --tier final it is quicker.",
        index.start, index.end
    );
    let cards: Vec<String> =
        index.variants.iter().enumerate().map(|(i, entry)| card(i + 1, entry, folder)).collect();
    let fields = [
        ("title", escaped(&format!("{all} variants of {track}"))),
        ("about", escaped(&about)),
        ("stays", escaped(STAYS)),
        ("aspect", format!("{} / {}", size.width, size.height)),
        ("cards", cards.join("\n")),
    ];
    filled(PAGE, &fields)
}

/// The template with its fields; what is put in is not looked through again.
fn filled(template: &str, fields: &[(&str, String)]) -> String {
    let mut pieces = template.split("{{");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or((piece, ""));
        text.extend(fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str()));
        text.push_str(rest);
    }
    text
}

fn card(number: usize, entry: &Entry, folder: &Path) -> String {
    let row = |(option, value): &(String, String)| {
        format!("<dt>{}</dt><dd>{}</dd>", escaped(option.trim_start_matches('-')), escaped(value))
    };
    let varied = match entry.varied.is_empty() {
        true => format!("<dt>{PLAIN}</dt><dd></dd>"),
        false => entry.varied.iter().map(row).collect(),
    };
    let clip = match &entry.clip {
        Some(clip) => format!(
            "<video src=\"{}\" controls loop muted playsinline preload=\"auto\" aria-label=\"Variant {number}\"></video>",
            escaped(clip)
        ),
        None => "<div class=\"about\">not finished</div>".to_owned(),
    };
    let command = command(number, folder).map_or(String::new(), |command| {
        format!("<code tabindex=\"0\" aria-label=\"Command to pick it\">{}</code>", escaped(&command))
    });
    format!("<li>{clip}<div class=\"about\"><h2>{number}</h2><dl>{varied}</dl>{command}</div></li>")
}

/// The command that renders variant `number` of the whole track.
pub fn command(number: usize, folder: &Path) -> Option<String> {
    let (number, folder) = (number.to_string(), folder.display().to_string());
    shell::command(["beatbolt", "pick", &number, "--tier", "final", "--from", &folder])
}

/// `text` as it is written in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Seconds;

    #[test]
    fn what_others_wrote_is_text_and_nothing_else() {
        let varied = vec![("--prompt".to_owned(), "<script>alert(1)</script> {{cards}} \"'&".to_owned())];
        let clip = Some("a\"b.mp4".to_owned());
        let index = Index {
            input: "/<b>.mp3".into(),
            here: "/".into(),
            lyrics: None,
            made: String::new(),
            start: Seconds(0.0),
            end: Seconds(2.0),
            variants: vec![Entry { varied: Vec::new(), clip: None }, Entry { varied, clip }],
        };
        let text = page(&index, Path::new("x y"), Size { width: 64, height: 36 });
        assert!(!text.contains("<script>alert") && !text.contains("a\"b") && !text.contains("<b>"), "{text}");
        assert_eq!(text.matches("<li>").count(), 2);
        assert!(text.contains("{{cards}}") && text.contains("1 of 2 are finished"), "{text}");
        assert!(text.contains("pick 2 --tier final --from &#39;x y&#39;"), "{text}");
        assert!(text.contains("src=\"a&quot;b.mp4\"") && !text.contains("http"), "{text}");
    }
}
