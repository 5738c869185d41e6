//! One page's WebSocket: asks come in, states and news go out.
//!
//! Nothing is queued for a page: it gets the newest state when it has taken the one before. Every page is asked from time
//! to time whether it is there: one that never reads, answers nothing, and its room is somebody else's.

use super::ask::Ask;
use super::hub::Hub;
use super::hub::messages::{ended, expected, kept, stood, told};
use crate::error::Error;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};

/// Longest ask in bytes: a look's file, typed as a whole.
const LONGEST: usize = 64 << 10;

/// Opens a WebSocket, if there is room for one.
pub async fn open(State(hub): State<Arc<Hub>>, upgrade: WebSocketUpgrade) -> Response {
    let Ok(room) = hub.sockets.clone().try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages").into_response();
    };
    let upgrade = upgrade.max_message_size(LONGEST).max_frame_size(LONGEST).write_buffer_size(0);
    upgrade.on_upgrade(async move |socket| {
        serve(&hub, socket).await;
        drop(room);
    })
}

/// Serves a page until it is gone.
async fn serve(hub: &Hub, mut socket: WebSocket) {
    let (mut states, mut news) = (hub.states(), hub.engine.news());
    let mut stands = hub.engine.finals().told();
    let mut answers = hub.engine.expected();
    let (mut clips, mut snapshots) = (hub.engine.clips().told(), hub.snapshots());
    let mut osc = hub.osc();
    states.mark_changed();
    news.mark_changed();
    stands.mark_changed();
    clips.mark_changed();
    snapshots.mark_changed();
    let mut pulse = interval(hub.patience);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Nothing was heard since the last question.
    let mut silent = false;
    loop {
        let message = tokio::select! {
            changed = states.changed() => match changed {
                Ok(()) => Some(Message::Text(states.borrow_and_update().clone())),
                Err(_) => return,
            },
            changed = news.changed() => match changed {
                Ok(()) => Some(Message::Text(told(&news.borrow_and_update()))),
                Err(_) => return,
            },
            changed = stands.changed() => match changed {
                Ok(()) => Some(Message::Text(stood(&stands.borrow_and_update()))),
                Err(_) => return,
            },
            changed = answers.changed() => match changed {
                Ok(()) => expected(&answers.borrow_and_update()).map(Message::Text),
                Err(_) => return,
            },
            changed = clips.changed() => match changed {
                Ok(()) => Some(Message::Text(ended(&clips.borrow_and_update()))),
                Err(_) => return,
            },
            changed = snapshots.changed() => match changed {
                Ok(()) => Some(Message::Text(kept(&snapshots.borrow_and_update()))),
                Err(_) => return,
            },
            heard = osc.recv() => match heard {
                Ok(heard) => Some(Message::Text(heard)),
                // Who reads slowly misses some.
                Err(RecvError::Lagged(_)) => None,
                Err(RecvError::Closed) => return,
            },
            received = socket.recv() => {
                silent = false;
                match received {
                    Some(Ok(Message::Text(text))) => answer(hub, &text).map(Message::Text),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => None,
                    _ => return,
                }
            }
            _ = pulse.tick() => {
                if silent {
                    return;
                }
                silent = true;
                Some(Message::Ping(Bytes::new()))
            }
        };
        let Some(message) = message else { continue };
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// What is said to who asked this. An ask may have a number, which its refusal repeats.
fn answer(hub: &Hub, text: &str) -> Option<Utf8Bytes> {
    let nothing = |e| Error::usage("this message means nothing here").because(e).hint("reload the page");
    let read = serde_json::from_str::<Value>(text).map(|mut message| {
        let number = message.as_object_mut().and_then(|fields| fields.remove("ask")).and_then(|n| n.as_u64());
        (number, serde_json::from_value::<Ask>(message))
    });
    match read {
        Ok((number, Ok(ask))) => {
            hub.answer(&ask).unwrap_or_else(|error| Some(hub.refused(Some(&ask), number, &error)))
        }
        Ok((number, Err(error))) => Some(hub.refused(None, number, &nothing(error))),
        Err(error) => Some(hub.refused(None, None, &nothing(error))),
    }
}
