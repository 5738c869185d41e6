//! Connections: no more at a time than agreed, and none that is kept without asking for anything or without taking what it
//! asked for.

use super::write_timeout::Patient;
use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections at a time, those of WebSockets aside; further ones are closed at once: a crowd that waited would keep
/// everybody else waiting.
pub const MOST: usize = 64;
/// Who doesn't ask for anything for so long has to connect again.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest head of a request, in bytes.
const LONGEST: usize = 32 << 10;

/// Answers the connections of `listener` with `router`, until the process ends; who takes nothing of an answer for so long
/// as `patience` is let go.
pub async fn serve(mut listener: TcpListener, router: Router, patience: Duration) {
    let room = Arc::new(Semaphore::new(MOST));
    loop {
        let (stream, _) = Listener::accept(&mut listener).await;
        let Ok(place) = room.clone().try_acquire_owned() else { continue };
        let router = router.clone();
        tokio::spawn(async move {
            answer(stream, router, patience).await;
            drop(place);
        });
    }
}

async fn answer(stream: TcpStream, router: Router, patience: Duration) {
    // Small messages are late otherwise; a connection where this fails is none.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(LONGEST)
        .serve_connection(TokioIo::new(Patient::new(stream, patience)), TowerToHyperService::new(router))
        .with_upgrades();
    // How a connection ends is the other side's matter.
    let _ = connection.await;
}
