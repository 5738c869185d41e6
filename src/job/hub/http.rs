//! One request over HTTP and what is answered, redirects included: who may be told a secret is decided elsewhere.

use super::address::Address;
use std::io::Read;
use std::time::Duration;
use ureq::config::Config;
use ureq::http::{HeaderMap, Request};

/// Longest wait for a connection, for an answer to begin, and for the next bytes of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// The headers alone.
    Head,
    /// The file.
    Get,
}

/// A client; connections are kept between requests.
#[derive(Debug)]
pub(super) struct Http(ureq::Agent);

/// An answer, its body not read yet.
pub(super) struct Answer {
    pub status: u16,
    headers: HeaderMap,
    pub body: Box<dyn Read>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Silence {
    /// What went wrong.
    pub cause: String,
    /// Whether it may go well another time.
    pub passing: bool,
}

impl Http {
    /// A client that goes through the proxy which the environment names.
    pub fn new() -> Self {
        let config = Config::builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .user_agent(concat!("beatbolt/", env!("CARGO_PKG_VERSION")))
            .build();
        Http(config.into())
    }

    /// Asks for `address`, telling `headers`.
    pub fn ask(
        &self,
        method: Method,
        address: &Address,
        headers: &[(&str, String)],
    ) -> Result<Answer, Silence> {
        let name = if method == Method::Head { "HEAD" } else { "GET" };
        let mut request = Request::builder().method(name).uri(address.to_string());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(()).map_err(|e| Silence { cause: e.to_string(), passing: false })?;
        let (parts, body) = self.0.run(request).map_err(Silence::of)?.into_parts();
        let body = Box::new(body.into_reader());
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

impl Silence {
    fn of(error: ureq::Error) -> Self {
        let passing = matches!(
            error,
            ureq::Error::Io(_)
                | ureq::Error::Timeout(_)
                | ureq::Error::ConnectionFailed
                | ureq::Error::Protocol(_)
        );
        Silence { cause: error.to_string(), passing }
    }
}

impl Answer {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
