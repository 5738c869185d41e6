//! The hub that all connections share: the session, its engine, and what every page is told.

use super::engine::{Engine, News};
use super::locked::locked;
use super::player::Player;
use super::production::{RenderOrder, RenderStatus};
use super::save::{PRESET, Shelf};
use super::sound::Sound;
use super::state::{Edit, Session};
use crate::error::Result;
use crate::score::Timeline;
use crate::units::ShownFrame;
use axum::extract::ws::Utf8Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// WebSockets at a time: tabs, and some that the browser hasn't closed yet.
pub const SOCKETS: usize = 16;

/// What a page may ask for.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Change the preset.
    Edit {
        /// How.
        change: Edit,
        /// The knob's movement that it belongs to.
        gesture: Option<u64>,
    },
    /// Take the last change back.
    Undo,
    /// Make it again.
    Redo,
    /// Say where the playhead is.
    At {
        /// The frame that is shown.
        frame: ShownFrame,
        /// Whether it plays.
        playing: bool,
    },
    /// Write the preset down.
    Save {
        /// Its name.
        name: String,
        /// As what.
        form: Form,
    },
    /// Render the preset as it is now.
    Render {
        /// The video's name.
        name: String,
        /// How much work goes into every picture.
        tier: String,
        /// The video's size.
        size: String,
        /// Only the section of this number, from 1.
        section: Option<usize>,
    },
    /// Stop rendering it.
    Cancel,
}

/// What is written down.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A preset, for any track.
    Preset,
    /// A preset and a project that names it and the track.
    Project,
}

/// Everything behind the server.
pub struct Hub {
    player: Player,
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
    state: watch::Sender<Utf8Bytes>,
}

impl Hub {
    /// A hub for `session`; `engine` starts what is to make the pictures of its version and timeline.
    ///
    /// # Errors
    /// The session can't be played; what `engine` says.
    pub fn new(
        player: Player,
        session: Session,
        engine: impl FnOnce(u64, Timeline) -> Result<Engine>,
        (track, shelf): (Sound, Shelf),
        patience: Duration,
    ) -> Result<Self> {
        let timeline = player.play(&session.preset)?;
        let state = watch::Sender::new(text(&player.state(&session, &timeline)?));
        let engine = engine(session.version, timeline)?;
        let mut facts = player.facts()?;
        facts["name"] = json!(shelf.name);
        let facts = facts.to_string();
        let (session, shelf) = (Mutex::new(session), Mutex::new(shelf));
        let sockets = Arc::new(Semaphore::new(SOCKETS));
        Ok(Hub { player, track, engine, sockets, patience, facts, session, shelf, state })
    }

    /// The newest state, and those to come: who reads slowly misses some and gets the last.
    pub fn states(&self) -> watch::Receiver<Utf8Bytes> {
        self.state.subscribe()
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
            Ask::Render { name, tier, size, section } => {
                let edited = self.session().preset;
                let output = locked(&self.shelf).video(name)?;
                let (name, preset) = (edited.name.clone(), edited.text());
                let (tier, size, section) = (tier.clone(), size.clone(), *section);
                self.engine.render(RenderOrder { name, preset, tier, size, section, output })?;
            }
            Ask::Cancel => self.engine.production().cancel(),
        }
        Ok(None)
    }

    fn save(&self, name: &str, form: Form) -> Result<Utf8Bytes> {
        let Session { version, preset, .. } = self.session();
        let path = match form {
            Form::Preset => locked(&self.shelf).save(name, &preset.text())?,
            Form::Project => {
                let project = self.player.opened.project(&format!("{name}.{PRESET}"))?;
                locked(&self.shelf).save_project(name, &preset.text(), &project)?
            }
        };
        Ok(text(&json!({ "type": "saved", "version": version, "path": path.display().to_string() })))
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
        let timeline = self.player.play(&next.preset)?;
        let state = text(&self.player.state(&next, &timeline)?);
        self.engine.play(next.version, timeline);
        *session = next;
        self.state.send_replace(state);
        Ok(())
    }
}

/// News of the engine as a message.
pub fn told(news: &News) -> Utf8Bytes {
    text(&json!({ "type": "pictures", "runs": news.runs, "trouble": news.trouble }))
}

/// How far the final is, as a message.
pub fn stood(stand: &RenderStatus) -> Utf8Bytes {
    text(&json!({ "type": "final", "final": stand }))
}

/// A refusal as a message.
pub fn refused(error: &crate::error::Error) -> Utf8Bytes {
    text(&json!({ "type": "refused", "message": error.to_string(), "hints": error.hints() }))
}

fn text(value: &Value) -> Utf8Bytes {
    value.to_string().into()
}
