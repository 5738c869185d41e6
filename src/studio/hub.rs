//! The hub that all connections share: the session, its engine, and what every page is told.

use super::ask::{Ask, Film, Form};
use super::clips::{Told as ToldClip, stretch};
use super::edit::Edit;
use super::engine::{Engine, Expected, News};
use super::finals::Told;
use super::gallery;
use super::heard::BeatCorrection;
use super::keeper::Keeper;
use super::locked::locked;
use super::order::RenderOrder;
use super::place::without_place;
use super::player::{Played, Player};
use super::save::Shelf;
use super::session::Session;
use super::snapshots::Snapshots;
use super::sound::Sound;
use super::state::EditedPreset;
use crate::error::{Error, Result};
use crate::job::Stretch;
use crate::units::Seconds;
use crate::video::Profile;
use axum::extract::ws::Utf8Bytes;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// WebSockets at a time: tabs, and some that the browser hasn't closed yet.
pub const SOCKETS: usize = 16;

/// How long a change may be lost.
const KEPT_AFTER: Duration = Duration::from_secs(1);

/// Everything behind the server.
pub struct Hub {
    player: Arc<Player>,
    /// The track as the page plays it.
    pub track: Sound,
    /// The pictures.
    pub engine: Engine,
    /// Room for further WebSockets.
    pub sockets: Arc<Semaphore>,
    /// Between two questions whether a page is still there.
    pub patience: Duration,
    /// What never changes, as JSON.
    pub facts: String,
    session: Mutex<Session>,
    shelf: Mutex<Shelf>,
    snapshots: watch::Sender<Snapshots>,
    keeper: Option<Keeper>,
    /// What was saved last, or opened.
    saved: watch::Sender<Arc<EditedPreset>>,
    state: watch::Sender<Utf8Bytes>,
}

impl Hub {
    /// A hub for `session`; `engine` starts what is to make the pictures of its version and timeline.
    ///
    /// # Errors
    /// The session can't be played; what `engine` says.
    pub fn new(
        player: Arc<Player>,
        session: Session,
        engine: impl FnOnce(u64, Played) -> Result<Engine>,
        ((track, shelf), keeper): ((Sound, Shelf), Option<Keeper>),
        (patience, command): (Duration, String),
    ) -> Result<Self> {
        let played = player.play(&session.preset)?;
        let state = watch::Sender::new(told_state(&player, &session, &played)?);
        let engine = engine(session.version, played)?;
        let mut facts = player.facts()?;
        facts["name"] = json!(shelf.name);
        facts["wave"] = json!(track.scale());
        facts["command"] = json!(command);
        let left = keeper.as_ref().map(Keeper::left).unwrap_or_default();
        facts["unsaved"] = json!(left.unsaved);
        for order in left.finals {
            // One that goes to the same place as another isn't waited for.
            drop(engine.finals().restore(order));
        }
        let facts = facts.to_string();
        let (session, shelf) = (Mutex::new(session), Mutex::new(shelf));
        let (sockets, snapshots) = (Arc::new(Semaphore::new(SOCKETS)), watch::Sender::new(left.snapshots));
        let saved = watch::Sender::new(locked(&session).preset.clone());
        Ok(Hub {
            player,
            track,
            engine,
            sockets,
            patience,
            facts,
            session,
            shelf,
            snapshots,
            keeper,
            saved,
            state,
        })
    }

    /// The newest state, and those to come: who reads slowly misses some and gets the last.
    pub fn states(&self) -> watch::Receiver<Utf8Bytes> {
        self.state.subscribe()
    }

    /// The newest snapshots, and those to come.
    pub fn snapshots(&self) -> watch::Receiver<Snapshots> {
        self.snapshots.subscribe()
    }

    /// Does what is asked, and the answer for who asked, if there is one.
    ///
    /// # Errors
    /// It can't be done; nothing has changed.
    pub fn answer(&self, ask: &Ask) -> Result<Option<Utf8Bytes>> {
        match ask {
            Ask::Edit { change, gesture } => self.change(|s| s.edited(change, *gesture))?,
            Ask::Undo => self.change(|s| Ok(s.undone()))?,
            Ask::Redo => self.change(|s| Ok(s.redone()))?,
            Ask::At { frame, playing } => self.engine.at(*frame, *playing),
            Ask::Save { name, form } => return self.save(name, *form).map(Some),
            Ask::Bar { at } => {
                let first = self.player.heard.first_beat(&self.session().preset.beats, *at)?;
                self.change(|s| s.edited(&Edit::FirstBeat { at: Some(first) }, None))?;
            }
            Ask::Hand { change, gesture } => self.change(|s| {
                let heard = self.player.heard.corrected(&s.preset.beats)?;
                Ok(s.changed(s.preset.by_hand(change, &heard)?, *gesture))
            })?,
            Ask::Film { text } => {
                self.change(|s| Ok(s.changed(self.player.opened.with_film(&s.preset, text)?, None)))?;
            }
            Ask::Direct => self.change(|s| Ok(s.changed(self.player.directed(&s.preset)?, None)))?,
            Ask::Part { change, gesture } => self.change(|s| {
                let heard = self.player.heard.corrected(&s.preset.beats)?;
                Ok(s.changed(change.of(&s.preset, &heard)?, *gesture))
            })?,
            Ask::Curve { change, gesture } => self.change(|s| {
                let heard = self.player.heard.corrected(&s.preset.beats)?;
                Ok(s.changed(change.of(&s.preset, &heard)?, *gesture))
            })?,
            Ask::Snapshot { change } => {
                let session = self.session();
                let next = self.snapshots.borrow().with(change, &session)?;
                self.snapshots.send_replace(next);
            }
            Ask::Back { number } => {
                let kept = self.snapshots.borrow().get(*number)?.edited.clone();
                self.change(|s| Ok(s.changed(EditedPreset::clone(&kept), None)))?;
            }
            Ask::Compare { sides: None, .. } => self.engine.compare(Vec::new()),
            Ask::Compare { sides: Some(sides), at } => {
                let (clips, mut told) = self.snapshots.borrow().compared(sides, *at, &self.session())?;
                told["length"] = json!(stretch(self.engine.settings(), &self.player));
                self.engine.compare(clips);
                return Ok(Some(text(&told)));
            }
            Ask::Gallery => {
                let (entries, clips) = gallery::looks(&self.player, &self.session().preset)?;
                self.engine.clips().gather(clips);
                return Ok(Some(text(&json!({ "type": "gallery", "entries": entries }))));
            }
            Ask::Render(film) => {
                let order = self.order(film, |profile| locked(&self.shelf).video(&film.name, profile))?;
                self.player.opened.check(&order)?;
                self.engine.with_finals(|finals| finals.order(order))?;
            }
            Ask::Expect { number, film } => {
                let order = self.order(film, |profile| locked(&self.shelf).film(&film.name, profile))?;
                self.engine.expect(*number, order);
            }
            Ask::Cancel { number } => self.engine.with_finals(|finals| finals.cancel(*number))?,
            Ask::Pause { number } => self.engine.with_finals(|finals| finals.pause(*number))?,
            Ask::Resume { number } => self.engine.with_finals(|finals| finals.resume(*number))?,
            Ask::Forget { number } => self.engine.with_finals(|finals| finals.forget(*number))?,
        }
        Ok(None)
    }

    fn order(&self, film: &Film, place: impl FnOnce(Profile) -> Result<PathBuf>) -> Result<RenderOrder> {
        let profile = Profile::find(&film.profile)?;
        let time = |text: &Option<String>| text.as_deref().map(str::parse::<Seconds>).transpose();
        let stretch = Stretch { section: film.section, start: time(&film.start)?, end: time(&film.end)? };
        let Film { tier, size, fps, replace, .. } = film;
        Ok(RenderOrder {
            edited: self.session().preset,
            tier: tier.clone(),
            size: size.clone(),
            fps: fps.clone(),
            profile,
            stretch,
            output: place(profile)?,
            replace: *replace,
        })
    }

    fn save(&self, name: &str, form: Form) -> Result<Utf8Bytes> {
        let Session { version, preset, .. } = self.session();
        let corrected = preset.beats != BeatCorrection::default();
        let has_parts = !preset.film.parts().is_empty();
        let lost = matches!(form, Form::Preset);
        let path = match form {
            Form::Preset => locked(&self.shelf).save(name, &preset.worked_on().1.text())?,
            Form::Project => {
                let mut shelf = locked(&self.shelf);
                let named = preset.with_looks_named(|look| shelf.look(name, look))?;
                // What comes with the program is named as it is.
                let base = (!preset.is_shipped()).then(|| shelf.base(name, &preset.name));
                let project = self.player.opened.project(base.as_ref().unwrap_or(&preset.name), &named)?;
                let looks = named.looks.iter().map(|(look, document)| (look.clone(), document.text()));
                let presets: Vec<_> =
                    base.map(|base| (base, preset.text())).into_iter().chain(looks).collect();
                shelf.save_project(name, &presets, &project)?
            }
        };
        let note = match (corrected, has_parts) {
            _ if !lost => None,
            (true, _) => Some("the corrected beats belong to this track: Save project keeps them"),
            (_, true) => Some("the parts belong to this track: Save project keeps them"),
            _ => None,
        };
        if !lost || (note.is_none() && preset.film == self.saved.borrow().film) {
            self.saved.send_replace(preset);
        }
        let path = path.display().to_string();
        Ok(text(&json!({ "type": "saved", "version": version, "path": path, "note": note })))
    }

    /// Why what was `asked` under this number is refused, for the page that asked; of a prompt, which part of it is wrong.
    pub fn refused(&self, asked: Option<&Ask>, number: Option<u64>, error: &Error) -> Utf8Bytes {
        let fault = match asked {
            Some(Ask::Edit { change: Edit::Prompt { change }, .. }) => {
                change.said().and_then(|text| self.player.prompt_fault(&self.session().preset, text))
            }
            Some(Ask::Edit { change: Edit::Words { key, text: Some(text), .. }, .. }) if key == "value" => {
                self.player.expression_fault(&self.session().preset, text.trim())
            }
            _ => None,
        };
        let message = error.to_string();
        let message = match asked {
            // Whoever types the file sees its lines.
            Some(Ask::Edit { change: Edit::Text { .. }, .. }) => &message,
            Some(Ask::Edit { .. }) => without_place(self.session().preset.worked_on().0, &message),
            Some(Ask::Part { .. }) => without_place(self.player.opened.file_name(), &message),
            _ => &message,
        };
        let mut refused = fault.unwrap_or_else(|| json!({ "message": message, "hints": error.hints() }));
        refused["type"] = json!("refused");
        refused["ask"] = json!(number);
        text(&refused)
    }

    /// Keeps what would be lost with this studio.
    fn keep(&self) {
        let Some(keeper) = &self.keeper else { return };
        let (preset, snapshots) = (self.session().preset, self.snapshots.borrow().clone());
        let unsaved = Some(&*preset).filter(|preset| !preset.is_like(&self.saved.borrow()));
        // Where nothing can be kept, work goes on.
        drop(keeper.keep(unsaved, &snapshots, &self.engine.finals().open()));
    }

    fn session(&self) -> Session {
        locked(&self.session).clone()
    }

    fn change(&self, how: impl FnOnce(&Session) -> Result<Session>) -> Result<()> {
        let mut session = locked(&self.session);
        let next = how(&session)?;
        if next.version == session.version {
            return Ok(());
        }
        let played = self.player.play(&next.preset)?;
        let state = told_state(&self.player, &next, &played)?;
        self.engine.play(next.version, played);
        *session = next;
        self.state.send_replace(state);
        Ok(())
    }
}

/// Keeps what would be lost, shortly after every change.
pub async fn keep(hub: Arc<Hub>) {
    let (mut states, mut snapshots) = (hub.states(), hub.snapshots());
    let (mut finals, mut saved) = (hub.engine.finals().told(), hub.saved.subscribe());
    loop {
        let changed = tokio::select! {
            changed = states.changed() => changed,
            changed = snapshots.changed() => changed,
            changed = finals.changed() => changed,
            changed = saved.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
        tokio::time::sleep(KEPT_AFTER).await;
        let own = hub.clone();
        drop(tokio::task::spawn_blocking(move || own.keep()).await);
    }
}

/// The session and its parts, as a message.
fn told_state(player: &Player, session: &Session, played: &Played) -> Result<Utf8Bytes> {
    let mut state = player.state(session, &played.timeline)?;
    state["parts"] = played.parts.clone();
    let (name, film) = player.opened.film_text(&session.preset)?;
    state["film"] = json!({ "name": name, "text": film });
    Ok(text(&state))
}

/// News of the engine as a message.
pub fn told(news: &News) -> Utf8Bytes {
    text(&json!({ "type": "pictures", "runs": news.runs, "trouble": news.trouble }))
}

/// The clips that came to an end, as a message.
pub fn ended(clips: &[ToldClip]) -> Utf8Bytes {
    text(&json!({ "type": "strips", "made": clips }))
}

/// The snapshots, as a message.
pub fn kept(snapshots: &Snapshots) -> Utf8Bytes {
    text(&json!({ "type": "snapshots", "list": snapshots.told() }))
}

/// The finals, as a message.
pub fn stood(told: &Told) -> Utf8Bytes {
    text(&json!({ "type": "final", "final": told.newest, "finals": told.finals }))
}

/// What is to be expected of a final, as a message.
pub fn expected(answer: &Expected) -> Option<Utf8Bytes> {
    let (number, answer) = answer.as_ref()?;
    let answer = match answer {
        Ok(expectation) => json!({ "type": "expected", "number": number, "film": expectation }),
        Err(error) => {
            json!({ "type": "expected", "number": number, "message": error.to_string(), "hints": error.hints() })
        }
    };
    Some(text(&answer))
}

fn text(value: &Value) -> Utf8Bytes {
    value.to_string().into()
}
