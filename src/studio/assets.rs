//! The page's files, as they lie in `page/`.

/// Name, type and text of every file of the page.
const FILES: &[(&str, &str, &str)] = &[
    ("", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("style.css", "text/css; charset=utf-8", include_str!("page/style.css")),
    ("panel.css", "text/css; charset=utf-8", include_str!("page/panel.css")),
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("main.js", SCRIPT, include_str!("page/main.js")),
    ("beats.js", SCRIPT, include_str!("page/beats.js")),
    ("clicks.js", SCRIPT, include_str!("page/clicks.js")),
    ("compare.js", SCRIPT, include_str!("page/compare.js")),
    ("curves.js", SCRIPT, include_str!("page/curves.js")),
    ("drag.js", SCRIPT, include_str!("page/drag.js")),
    ("expression.js", SCRIPT, include_str!("page/expression.js")),
    ("final.js", SCRIPT, include_str!("page/final.js")),
    ("glide.js", SCRIPT, include_str!("page/glide.js")),
    ("gone.js", SCRIPT, include_str!("page/gone.js")),
    ("hand.js", SCRIPT, include_str!("page/hand.js")),
    ("held.js", SCRIPT, include_str!("page/held.js")),
    ("here.js", SCRIPT, include_str!("page/here.js")),
    ("keys.js", SCRIPT, include_str!("page/keys.js")),
    ("knob.js", SCRIPT, include_str!("page/knob.js")),
    ("lanes.js", SCRIPT, include_str!("page/lanes.js")),
    ("link.js", SCRIPT, include_str!("page/link.js")),
    ("looks.js", SCRIPT, include_str!("page/looks.js")),
    ("map.js", SCRIPT, include_str!("page/map.js")),
    ("midi.js", SCRIPT, include_str!("page/midi.js")),
    ("output.js", SCRIPT, include_str!("page/output.js")),
    ("panel.js", SCRIPT, include_str!("page/panel.js")),
    ("parts.js", SCRIPT, include_str!("page/parts.js")),
    ("picture.js", SCRIPT, include_str!("page/picture.js")),
    ("prompts.js", SCRIPT, include_str!("page/prompts.js")),
    ("queue.js", SCRIPT, include_str!("page/queue.js")),
    ("settings.js", SCRIPT, include_str!("page/settings.js")),
    ("random.js", SCRIPT, include_str!("page/random.js")),
    ("record.js", SCRIPT, include_str!("page/record.js")),
    ("rename.js", SCRIPT, include_str!("page/rename.js")),
    ("routes.js", SCRIPT, include_str!("page/routes.js")),
    ("saved.js", SCRIPT, include_str!("page/saved.js")),
    ("sections.js", SCRIPT, include_str!("page/sections.js")),
    ("snapshots.js", SCRIPT, include_str!("page/snapshots.js")),
    ("strips.js", SCRIPT, include_str!("page/strips.js")),
    ("text.js", SCRIPT, include_str!("page/text.js")),
    ("time.js", SCRIPT, include_str!("page/time.js")),
    ("timeline.js", SCRIPT, include_str!("page/timeline.js")),
    ("typed.js", SCRIPT, include_str!("page/typed.js")),
    ("wave.js", SCRIPT, include_str!("page/wave.js")),
    ("words.js", SCRIPT, include_str!("page/words.js")),
];

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The type and text of the page's file of this name.
pub fn find(name: &str) -> Option<(&'static str, &'static str)> {
    FILES.iter().find(|(n, ..)| *n == name).map(|(_, mime, text)| (*mime, *text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_no_script_or_style_in_its_text_and_nothing_from_elsewhere() {
        let (_, page) = find("").unwrap();
        for (start, _) in page.match_indices("<script") {
            assert!(page[start..].starts_with("<script type=\"module\" src=\"main.js\"></script>"));
        }
        assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick"));
        // The one address in an SVG is its name space.
        for (name, _, text) in FILES.iter().filter(|(name, ..)| *name != "icon.svg") {
            assert!(!text.contains("http://") && !text.contains("https://"), "{name}");
        }
    }

    #[test]
    fn every_module_that_is_imported_is_there() {
        for (name, _, text) in FILES {
            for (at, _) in text.match_indices("from './") {
                let rest = &text[at + 8..];
                let module = &rest[..rest.find('\'').unwrap()];
                assert!(find(module).is_some(), "{name} wants {module}");
            }
        }
    }
}
