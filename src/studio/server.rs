//! The server, and what can be fetched of it: the page, the facts, the track, the pictures, the final, and the WebSocket.

use super::guard::{Guard, check};
use super::hub::Hub;
use super::{assets, socket};
use crate::units::ShownFrame;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

/// The server of `hub` behind `guard`. Every address begins with the secret, so the page's own are relative.
pub fn router(hub: Arc<Hub>, guard: Arc<Guard>) -> Router {
    Router::new()
        .route("/{token}/", get(async || asset("")))
        .route("/{token}/{name}", get(async |Path((_, name)): Path<(String, String)>| asset(&name)))
        .route("/{token}/facts", get(facts))
        .route("/{token}/track", get(track))
        .route("/{token}/final/{number}", get(film))
        .route("/{token}/picture/{version}/{frame}", get(picture))
        .route("/{token}/strip/{key}", get(strip))
        .route("/{token}/wave/{level}/{tile}", get(wave))
        .route("/{token}/socket", get(socket::open))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(from_fn_with_state(guard, check))
        .with_state(hub)
}

fn asset(name: &str) -> Response {
    match assets::find(name) {
        Some((mime, text)) => {
            ([(header::CONTENT_TYPE, mime), (header::CACHE_CONTROL, "no-cache")], text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn facts(State(hub): State<Arc<Hub>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], hub.facts.clone()).into_response()
}

async fn track(State(hub): State<Arc<Hub>>, headers: HeaderMap) -> Response {
    hub.track.answer(&headers).await
}

async fn film(
    State(hub): State<Arc<Hub>>,
    Path((_, number)): Path<(String, u64)>,
    headers: HeaderMap,
) -> Response {
    let file = hub.engine.finals().file(number);
    file.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |file| file.answer(&headers))
}

async fn picture(
    State(hub): State<Arc<Hub>>,
    Path((_, version, frame)): Path<(String, u64, ShownFrame)>,
) -> Response {
    match hub.engine.picture(frame, version) {
        Some(jpeg) => {
            // The page keeps what it shows; the browser needn't keep it again.
            let types = [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "no-store")];
            (types, jpeg.to_vec()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn strip(State(hub): State<Arc<Hub>>, Path((_, key)): Path<(String, String)>) -> Response {
    match hub.engine.clips().strip(&key) {
        Some(strip) => {
            let types =
                [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-store")];
            (types, strip.to_vec()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn wave(State(hub): State<Arc<Hub>>, Path((_, level, tile)): Path<(String, u32, usize)>) -> Response {
    match hub.track.tile(level, tile).await {
        Some(bytes) => ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
