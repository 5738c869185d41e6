//! The guard of who may speak to the server: pages that it served itself, under an address that nobody guesses.

use crate::error::{Context, Error, Result};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::fmt::Write;
use std::sync::Arc;

/// Bytes of chance in an address.
const TOKEN_BYTES: usize = 16;

/// What a page may load: what comes from here, and no script in its text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The server's address and the secret in it.
#[derive(Debug)]
pub struct Guard {
    token: String,
    hosts: [String; 2],
}

impl Guard {
    /// A guard of `port` with a new secret.
    ///
    /// # Errors
    /// Internal: the system has no chance to give.
    pub fn new(port: u16) -> Result<Self> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes).context(|| Error::internal("the system gives no random bytes"))?;
        let mut token = String::new();
        for byte in bytes {
            let _ = write!(token, "{byte:02x}");
        }
        Ok(Guard { token, hosts: ["127.0.0.1", "localhost"].map(|host| format!("{host}:{port}")) })
    }

    /// What to open.
    pub fn address(&self) -> String {
        format!("http://{}/{}/", self.hosts[0], self.token)
    }

    /// Why a request is refused; none if it isn't.
    ///
    /// Host is checked against names that an attacker points at this machine, Origin against pages from elsewhere.
    fn refusal(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<StatusCode> {
        let one = |name| {
            let mut all = headers.get_all(name).iter();
            all.next().filter(|_| all.next().is_none()).and_then(|v: &HeaderValue| v.to_str().ok())
        };
        if !one(header::HOST).is_some_and(|host| self.hosts.iter().any(|h| h == host)) {
            return Some(StatusCode::MISDIRECTED_REQUEST);
        }
        let own =
            |origin: &str| origin.strip_prefix("http://").is_some_and(|o| self.hosts.iter().any(|h| h == o));
        if headers.contains_key(header::ORIGIN) && !one(header::ORIGIN).is_some_and(own) {
            return Some(StatusCode::FORBIDDEN);
        }
        let token = path.strip_prefix('/').and_then(|p| p.split('/').next()).unwrap_or("");
        if !same(token.as_bytes(), self.token.as_bytes()) {
            return Some(StatusCode::FORBIDDEN);
        }
        (method != Method::GET).then_some(StatusCode::METHOD_NOT_ALLOWED)
    }
}

/// Lets through what the guard has nothing against, and tells browsers to be as strict.
pub async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let refusal = guard.refusal(request.method(), request.uri().path(), request.headers());
    let mut response = match refusal {
        Some(status) => (status, "refused").into_response(),
        None => next.run(request).await,
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Compares in a time that doesn't tell how much is right.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && std::hint::black_box(a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pairs: &[(&str, &str)], path: &str) -> Option<u16> {
        let guard = Guard { token: "secret".into(), hosts: ["127.0.0.1:80".into(), "localhost:80".into()] };
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = header::HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, value.parse().unwrap());
        }
        guard.refusal(&Method::GET, path, &headers).map(|s| s.as_u16())
    }

    #[test]
    fn only_ones_own_pages_come_in() {
        let (host, own) = (("host", "127.0.0.1:80"), ("origin", "http://localhost:80"));
        for (pairs, path, expected) in [
            (&[host][..], "/secret/", None),
            (&[host, own], "/secret/session", None),
            (&[("host", "localhost:80")], "/secret/", None),
            (&[], "/secret/", Some(421)),
            (&[("host", "evil.example:80")], "/secret/", Some(421)),
            (&[("host", "127.0.0.1")], "/secret/", Some(421)),
            (&[host, host], "/secret/", Some(421)),
            (&[host, ("origin", "http://evil.example")], "/secret/", Some(403)),
            (&[host, ("origin", "https://127.0.0.1:80")], "/secret/", Some(403)),
            (&[host, ("origin", "null")], "/secret/", Some(403)),
            (&[host, own, own], "/secret/", Some(403)),
            (&[host], "/", Some(403)),
            (&[host], "/secre", Some(403)),
            (&[host], "/secreT/", Some(403)),
            (&[host], "/secret1/", Some(403)),
            (&[host], "//secret/", Some(403)),
        ] {
            assert_eq!(refusal(pairs, path), expected, "{pairs:?} {path}");
        }
    }

    #[test]
    fn every_address_has_its_own_secret() {
        let (a, b) = (Guard::new(1).unwrap(), Guard::new(1).unwrap());
        assert_eq!(a.token.len(), 2 * TOKEN_BYTES);
        assert_ne!(a.token, b.token);
    }
}
