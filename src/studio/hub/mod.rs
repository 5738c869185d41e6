//! The hub that all connections share: the session, its engine, and what every page is told.

pub mod messages;
mod save;

use super::ask::{Ask, Film};
use super::clips::stretch;
use super::edit::Edit;
use super::engine::Engine;
use super::gallery;
use super::keeper::Keeper;
use super::locked::locked;
use super::order::RenderOrder;
use super::outside::{OscHeard, OscPorts, Playhead, Shown};
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
use messages::{stated, text};
pub use save::keep;
use serde_json::json;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::time::Instant;

/// WebSockets at a time: tabs, and some that the browser hasn't closed yet.
pub const SOCKETS: usize = 16;

/// Messages of OSC that a page may be behind; then it misses the oldest.
const OSC_BEHIND: usize = 64;

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
    playhead: watch::Sender<Playhead>,
    osc: broadcast::Sender<Utf8Bytes>,
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
        osc: OscPorts,
    ) -> Result<Self> {
        let played = player.play(&session.preset)?;
        let state = watch::Sender::new(stated(&player, &session, &played)?);
        let engine = engine(session.version, played)?;
        let mut facts = player.facts()?;
        facts["name"] = json!(shelf.name);
        facts["wave"] = json!(track.scale());
        facts["command"] = json!(command);
        facts["osc"] = json!({ "hear": osc.hear, "tell": osc.tell });
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
            playhead: watch::Sender::new(Playhead {
                time: Seconds(0.0),
                playing: false,
                seen: Instant::now(),
            }),
            osc: broadcast::Sender::new(OSC_BEHIND),
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

    /// Where the playhead is, and where it will be.
    pub fn playhead(&self) -> watch::Receiver<Playhead> {
        self.playhead.subscribe()
    }

    /// What comes by OSC for pages to learn.
    pub fn osc(&self) -> broadcast::Receiver<Utf8Bytes> {
        self.osc.subscribe()
    }

    /// Tells pages what came by OSC.
    pub fn tell_osc(&self, heard: &OscHeard) {
        // Where there is no page, nobody learns.
        drop(self.osc.send(messages::heard(heard)));
    }

    /// What is shown now.
    ///
    /// # Errors
    /// What is edited isn't a preset, or its beats can't be meant.
    pub fn shown(&self) -> Result<Shown> {
        let preset = self.session().preset;
        let base = preset
            .bases(&self.player.model.usual)?
            .into_iter()
            .map(|(param, value)| (param.name.to_string(), value));
        let analysis = self.player.heard.corrected(&preset.beats)?;
        Ok(Shown { live: self.engine.live(), analysis, base: base.collect() })
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
            Ask::At { frame, time, playing } => {
                self.engine.at(*frame, *playing);
                let (time, playing, seen) = (*time, *playing, Instant::now());
                self.playhead.send_replace(Playhead { time, playing, seen });
            }
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
                let order =
                    self.order(film, |profile| locked(&self.shelf).video(&film.name, profile, film.replace))?;
                self.player.opened.check(&order)?;
                self.engine.with_finals(|finals| finals.order(order))?;
            }
            Ask::Expect { number, film } => {
                let order =
                    self.order(film, |profile| locked(&self.shelf).film(&film.name, profile, film.replace))?;
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
        let state = stated(&self.player, &next, &played)?;
        self.engine.play(next.version, played);
        *session = next;
        self.state.send_replace(state);
        Ok(())
    }
}
