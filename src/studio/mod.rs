//! The studio: a page on which presets are made while the track plays.
//!
//! ```text
//! page ─ asks ─► socket ─► hub: session (state) ─► player ─► timeline ─► engine: model ─► pictures
//!   ◄── states, curves, runs of pictures ───────────────────────┘                          │
//!   ◄── JPEG by version and frame, track by ranges ◄── server ◄── guard ───────────────────┘
//! ```
//!
//! A change makes a new `state::Session`, which is played to a timeline as the command line would play its file; the
//! engine takes the new timeline from the next window on. The page computes nothing that was computed here.
//! A final is a job like the command line's, ordered from the page.

mod ask;
mod assets;
mod by_hand;
mod clips;
mod config;
mod curves;
mod edit;
mod engine;
mod film_text;
mod finals;
mod gallery;
mod guard;
mod heard;
mod hub;
mod jpeg;
mod keeper;
mod listener;
mod locked;
mod marks;
mod media;
mod mixer;
mod open_project;
mod opened;
mod order;
mod osc;
mod outside;
mod parts;
mod pictures;
mod place;
mod player;
mod production;
mod prompts;
mod save;
mod server;
mod session;
mod snapping;
mod snapshots;
mod socket;
mod sound;
mod state;
mod strip;
mod task;
#[cfg(test)]
mod tests;
mod typed;
mod wave;
mod write_timeout;

pub use config::StudioConfig;
pub use heard::Heard;
pub use opened::Opened;
pub use outside::OscPorts;
pub use player::{ModelFacts, Player};
pub use state::EditedPreset;

use crate::error::{Context, Error, Result};
use engine::Engine;
use guard::Guard;
use hub::Hub;
use keeper::Keeper;
use save::Shelf;
use session::Session;
use sound::Sound;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves the page until the process ends; `ready` is told its address.
///
/// # Errors
/// Whatever of it can't be opened; Output: nobody can listen on the port.
pub fn run(config: StudioConfig, ready: impl FnOnce(&str)) -> Result<()> {
    let (port, patience, ports) = (config.port, config.patience, config.osc);
    let hub = Arc::new(open(config)?);
    let failed = || Error::internal("the server can't be started");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context(failed)?;
    runtime.block_on(async {
        let taken = || {
            Error::output(format!("can't listen on port {port}"))
                .hint("leave --port out to get one that is free")
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context(taken)?;
        let guard = Arc::new(Guard::new(listener.local_addr().context(failed)?.port())?);
        let osc = osc::Sockets::open(ports).await?;
        ready(&guard.address());
        osc.serve(&hub);
        tokio::spawn(hub::keep(hub.clone()));
        listener::serve(listener, server::router(hub, guard), patience).await;
        Ok(())
    })
}

fn open(config: StudioConfig) -> Result<Hub> {
    let StudioConfig {
        settings,
        player,
        preset,
        track,
        stream,
        folder,
        cache,
        keep,
        own_files,
        patience,
        command,
        osc,
        ..
    } = config;
    let sound = Sound::open(&track, stream, player.heard.raw().samples)?;
    let project = Some(player.opened.file_name()).filter(|name| own_files.iter().any(|own| own == name));
    let files = (sound, Shelf::new(&folder, &own_files, project));
    let (player, own) = (Arc::new(player), settings.clone());
    let played = player.clone();
    let start = move |version, state| Engine::start(played, settings, (track, stream), (version, state));
    let keeper = keep.and_then(|(folder, input)| Keeper::new(&folder, &input, player.opened.clone()));
    let session = Session::new(preset);
    let hub = Hub::new(player.clone(), session, start, (files, keeper), (patience, command), osc)?;
    gallery::start(cache, player, own, hub.engine.clone())?;
    Ok(hub)
}
