//! The project's file as text: what Save project writes, but for the look that holds where no part says otherwise, which has a file of its own.

use super::heard::BeatCorrection;
use super::open_project::said;
use super::opened::Opened;
use super::state::EditedPreset;
use crate::error::{Error, Result};
use crate::job::{Hearing, project_folder};
use crate::score::{DEFAULT, Known, Project, ProjectDocument, find, toml_text, with_values};

impl Opened {
    /// Name and text of the project's file as `edited` has it.
    ///
    /// # Errors
    /// Usage: a project can't say it.
    pub fn film_text(&self, edited: &EditedPreset) -> Result<(String, String)> {
        let project = self.film()?;
        let mut values = vec![("preset", Some(toml_text(&edited.name)))];
        values.extend(project.track.iter().map(|track| ("track", Some(toml_text(said(track))))));
        values.extend(edited.beats.keys());
        let text = with_values(&project.name, edited.film.text(), &values)?;
        Ok((project.name.clone(), text))
    }

    /// `edited` with the project's file `text`: its parts, its prompts and whatever else it says.
    ///
    /// # Errors
    /// Usage, with the line that is wrong: it isn't a project, or says something that needs the studio opened anew.
    pub fn with_film(&self, edited: &EditedPreset, text: &str) -> Result<EditedPreset> {
        let project = self.film()?;
        let mut read = |path: &str| project.file(edited, path);
        let parsed = Project::parse(&project.name, text, &project_folder::CHOICES, &mut read)?;
        let opened = Project::parse(&project.name, project.entry(), &project_folder::CHOICES, &mut read)?;
        if let Some(what) = anew(&opened, &parsed) {
            return Err(Error::usage(format!("{what} can't be changed while the studio is open"))
                .hint("change it in the project's file, and open the studio anew"));
        }
        let said = ProjectDocument::read(text)?;
        let base = match said.preset().filter(|name| *name != edited.name) {
            None => EditedPreset::read(&edited.name, &edited.text())?,
            Some(name) if name == DEFAULT => {
                return Err(Error::usage("the director's choice is made of parts here")
                    .hint("Parts by the director, or open the studio anew"));
            }
            Some(name) => EditedPreset::shipped(&find(&name)?.name)?,
        };
        // What a track's own file says beside these.
        let own = [("track", None), ("preset", None)];
        let film = match &project.track {
            Some(_) => ProjectDocument::read(&with_values(&project.name, text, &own)?)?,
            None => said,
        };
        let hearing = Hearing::default().over(&parsed.hearing, |path| project.folder.inside(path))?;
        let looks = edited.looks.clone();
        let beats = BeatCorrection::of(&hearing);
        Ok(EditedPreset { beats, film, looks, focus: edited.focus.clone(), ..base }.settled())
    }
}

/// What a project says otherwise that live pictures and what is heard don't follow.
fn anew(opened: &Project, now: &Project) -> Option<&'static str> {
    let model =
        |p: &Project| (p.model.clone(), p.motion.clone(), p.vae.clone(), p.clip_skip, p.upscale.clone());
    let adapters = |p: &Project| (p.show.loras.clone(), p.show.controls.clone());
    let heard = |p: &Project| {
        let Known { beats_file, sections_file, audio_stream, .. } = p.hearing.clone();
        (beats_file, sections_file, audio_stream)
    };
    let changed = [
        ("the track", opened.track != now.track),
        ("the model", model(opened) != model(now)),
        ("a LoRA or a control", adapters(opened) != adapters(now)),
        // Beats and sections by hand take their files' places.
        ("what is listened to", heard(now) != heard(opened) && heard(now) != (None, None, heard(opened).2)),
    ];
    changed.into_iter().find(|(_, changed)| *changed).map(|(what, _)| what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studio::player::tests::player;
    use serde_json::json;

    fn preset() -> EditedPreset {
        EditedPreset::shipped("pulse").unwrap()
    }

    #[test]
    fn what_is_told_can_be_put_back_and_changes_what_is_played() {
        let player = player();
        let (name, text) = player.opened.film_text(&preset()).unwrap();
        assert_eq!((name.as_str(), text.lines().count()), ("video.toml", 2), "{text}");
        assert!(text.contains("preset = \"pulse\"") && text.contains("track = "), "{text}");
        let put = |text: &str| player.opened.with_film(&preset(), text);
        let played = |edited: &EditedPreset| player.play(edited).unwrap().timeline;
        assert_eq!(played(&put(&text).unwrap()).curves, played(&preset()).curves);

        let longer = format!("{text}[hearing]\nbpm = 90\n\n[[part]]\nfrom = 4\npreset = \"tide\"\n# mine\n");
        let edited = put(&longer).unwrap();
        assert_eq!((edited.beats.bpm, edited.film.parts().len()), (Some(90.0), 1));
        assert_eq!(player.opened.film_text(&edited).unwrap().1, longer);
        assert_ne!(played(&edited).curves, played(&preset()).curves);
        let other = put(&text.replace("pulse", "tide")).unwrap();
        assert_eq!((other.name.as_str(), other.is_shipped()), ("tide", true));
        // What is turned then is the look's file, which this text only names.
        let change =
            serde_json::from_value(json!({ "edit": "base", "param": "glow", "value": 0.1 })).unwrap();
        let turned = preset().with(&change).unwrap();
        assert_eq!(player.opened.with_film(&turned, &text).unwrap().text(), turned.text());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let player = player();
        let (_, text) = player.opened.film_text(&preset()).unwrap();
        for (more, told) in [
            ("[[part]]\nfrom = 4\npreset = \"tiiide\"\n", "video.toml:5:10"),
            ("[[part]]\nfrom = 4\npreset = \"other.toml\"\n", "video.toml:5:10"),
            ("[[part]]\npreset = \"tide\"\n", "video.toml:3:1"),
            ("seed = \n", "video.toml:3"),
        ] {
            let error = player.opened.with_film(&preset(), &format!("{text}{more}")).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
        for (from, to) in [
            ("track = \"", "track = \"other"),
            ("pulse", "director"),
            ("pulse", "mine.toml"),
            ("preset", "model = \"models/other\"\npreset"),
            ("preset", "hearing.beats_file = \"taps.txt\"\npreset"),
        ] {
            assert!(player.opened.with_film(&preset(), &text.replace(from, to)).is_err(), "{to}");
        }
    }
}
