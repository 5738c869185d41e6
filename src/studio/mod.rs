//! The studio: a page on which presets are made while the track plays.
//!
//! ```text
//! page ─ asks ─► socket ─► hub: session (state) ─► stage ─► timeline ─► engine: model ─► pictures
//!   ◄── states, curves, runs of pictures ──────────────────────┘                          │
//!   ◄── JPEG by version and frame, sound by ranges ◄── server ◄── guard ──────────────────┘
//! ```
//!
//! A change makes a new `state::Session`, which is played to a timeline as the command line would play its file; the
//! engine takes the new timeline from the next window on. The page computes nothing that was computed here.
//! A final is the command line's own render, ordered from the page.

mod assets;
mod engine;
mod guard;
mod hub;
mod listener;
mod media;
mod patient;
mod pictures;
mod production;
mod save;
mod server;
mod socket;
mod sound;
mod stage;
mod state;
#[cfg(test)]
mod tests;
mod workshop;

pub use production::Order;
pub use stage::{Stage, Tier};
pub use state::Look;
pub use workshop::Workshop;

use crate::diffusion::Model;
use crate::error::{Context, Error, Result};
use crate::render::Settings;
use engine::Engine;
use guard::Guard;
use hub::Hub;
use save::Shelf;
use sound::Sound;
use state::Session;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// What a studio is opened with.
pub struct Opening {
    /// The networks.
    pub model: Model,
    /// How pictures are made.
    pub settings: Settings,
    /// The track that was heard.
    pub stage: Stage,
    /// The preset to begin with.
    pub look: Look,
    /// The track's file, and which of its audio streams is heard, from 1; none: the one that players choose.
    pub track: PathBuf,
    /// See [`Self::track`].
    pub stream: Option<usize>,
    /// Where presets are saved.
    pub folder: PathBuf,
    /// The files of the folder that it is opened with: they may be written over.
    pub opened: Vec<String>,
    /// Where to listen; 0: wherever there is room.
    pub port: u16,
    /// Whom nothing is heard of or taken by for so long is let go.
    pub patience: Duration,
}

/// Serves the page until the process ends; `ready` is told its address.
///
/// # Errors
/// Whatever of it can't be opened; Output: nobody can listen on the port.
pub fn run(opening: Opening, ready: impl FnOnce(&str)) -> Result<()> {
    let (port, patience) = (opening.port, opening.patience);
    let hub = Arc::new(open(opening)?);
    let failed = || Error::internal("the server can't be started");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context(failed)?;
    runtime.block_on(async {
        let taken = || {
            Error::output(format!("can't listen on port {port}"))
                .hint("leave --port out to get one that is free")
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context(taken)?;
        let guard = Arc::new(Guard::new(listener.local_addr().context(failed)?.port())?);
        ready(&guard.address());
        listener::serve(listener, server::router(hub, guard), patience).await;
        Ok(())
    })
}

fn open(opening: Opening) -> Result<Hub> {
    let Opening { model, settings, stage, look, track, stream, folder, opened, patience, .. } = opening;
    let sound = Sound::open(&track, stream, stage.analysis.samples)?;
    let files = (sound, Shelf::new(&folder, &opened));
    let workshop = stage.workshop.clone();
    let engine = |version, timeline| Engine::start(model, workshop, settings, (version, timeline));
    Hub::new(stage, Session::new(look), engine, files, patience)
}

/// What is behind a lock is whole after every statement, so a thread that failed leaves nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
