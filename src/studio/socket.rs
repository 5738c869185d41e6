//! One page's WebSocket: asks come in, states and news go out.
//!
//! Nothing is queued for a page: it gets the newest state when it has taken the one before.

use super::hub::{Ask, Hub, refused, stood, told};
use crate::error::Error;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;

/// Longest ask in bytes: a prompt and what is around it.
const LONGEST: usize = 16 << 10;
/// Who doesn't take a message for so long is gone.
const PATIENCE: Duration = Duration::from_secs(20);

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
    let mut stands = hub.engine.production().stands();
    states.mark_changed();
    news.mark_changed();
    stands.mark_changed();
    loop {
        let message = tokio::select! {
            changed = states.changed() => match changed {
                Ok(()) => Some(states.borrow_and_update().clone()),
                Err(_) => return,
            },
            changed = news.changed() => match changed {
                Ok(()) => Some(told(&news.borrow_and_update())),
                Err(_) => return,
            },
            changed = stands.changed() => match changed {
                Ok(()) => Some(stood(&stands.borrow_and_update())),
                Err(_) => return,
            },
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => answer(hub, &text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => None,
                _ => return,
            },
        };
        let Some(message) = message else { continue };
        let sent = tokio::time::timeout(PATIENCE, socket.send(Message::Text(message))).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}

fn answer(hub: &Hub, text: &str) -> Option<Utf8Bytes> {
    let ask = serde_json::from_str::<Ask>(text)
        .map_err(|e| Error::usage("this message means nothing here").because(e).hint("reload the page"));
    ask.and_then(|ask| hub.answer(&ask)).unwrap_or_else(|error| Some(refused(&error)))
}
