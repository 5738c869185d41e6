//! A direction as the text of a project.

use super::{BASE, Direction, Shot};
use crate::score::clock::Length;
use crate::score::project::toml_text;
use std::fmt::Write;

impl Direction {
    /// The lines of a project that show it, from `preset` on; the track goes before them.
    pub fn project(&self) -> String {
        let mut text = format!(
            "preset = \"{BASE}\"             # what holds where no part below says otherwise\n\n\
             # The film: {}, {}.\n",
            self.film.name, self.film.about
        );
        for (letter, role) in &self.roles {
            let _ = writeln!(text, "#   {letter:3} is shown with {}", role.preset());
        }
        self.shots.iter().for_each(|shot| self.part(&mut text, shot));
        text
    }

    fn part(&self, text: &mut String, shot: &Shot) {
        if let Some(section) = shot.section {
            let _ = write!(text, "\n# Section {}", section + 1);
        }
        let from = match shot.from {
            Length::Bars(bars) => format!("\"{bars} bars\""),
            Length::Beats(beats) => format!("\"{beats} beats\""),
            Length::Seconds(seconds) => format!("{seconds:?}"),
        };
        let _ = write!(
            text,
            "\n[[part]]\nfrom = {from}\npreset = \"{}\"\nprompt = {}\n",
            shot.preset,
            toml_text(&shot.view.prompt)
        );
        if self.drawn {
            let _ = writeln!(text, "init = {}", toml_text(&shot.view.init));
        }
        if shot.cut {
            text.push_str("cut = true\n");
        }
        if shot.ease > 0.0 {
            let _ = writeln!(text, "ease = \"{} bars\"", shot.ease);
        }
        if self.drawn {
            text.push_str(
                "set.denoise = 0             # 0: the scene as it is drawn; more: the model paints\n",
            );
        }
    }
}
