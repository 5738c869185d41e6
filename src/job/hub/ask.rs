//! Asking a hub for a file: redirects are followed, the secret stays with the hub, and what the hub states of the file is kept.

use super::address::Address;
use super::http::{Answer, Http, Method, Silence};
use crate::error::Error;
use std::time::Duration;

/// Redirects that are followed, at most.
const REDIRECTS: usize = 10;
/// Longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// A file on a hub, and who asks for it.
#[derive(Debug)]
pub(super) struct Remote<'a> {
    pub http: &'a Http,
    pub address: Address,
    /// The secret that opens the hub's closed doors.
    pub token: Option<&'a str>,
}

/// What is stated of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stated {
    /// A mark that changes when the file does.
    pub etag: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
}

/// Why it didn't work, and whether it is worth another try.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is no use.
    Final(Error),
    /// It may go well later: after so long a wait, where the server says so.
    Passing(Error, Option<Duration>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Final(error)
    }
}

impl Stated {
    /// The file's SHA-256, where the mark is one: that of large files is.
    pub fn sha256(&self) -> Option<&str> {
        let hex = |mark: &&str| mark.len() == 64 && mark.bytes().all(|b| b.is_ascii_hexdigit());
        self.etag.as_deref().filter(hex)
    }

    /// What an answer states; what the hub said of a file that lies elsewhere holds.
    fn add(&mut self, answer: &Answer) {
        let number = |name| answer.header(name).and_then(|text| text.trim().parse().ok());
        let mark = |name| answer.header(name).map(unquoted).filter(|mark| !mark.is_empty());
        let last = (200..300).contains(&answer.status);
        self.etag = self.etag.take().or_else(|| mark("x-linked-etag"));
        self.etag = self.etag.take().or_else(|| mark("etag").filter(|_| last));
        self.size = self.size.or_else(|| number("x-linked-size"));
        let whole = if answer.status == 200 { number("content-length") } else { None };
        self.size = self.size.or(whole);
    }
}

/// An ETag without its quotes, in small letters.
fn unquoted(mark: &str) -> String {
    mark.trim().trim_start_matches("W/").trim_matches('"').to_ascii_lowercase()
}

impl Remote<'_> {
    /// What is stated of the file, without reading it.
    pub fn stated(&self) -> Result<Stated, Failure> {
        self.follow(Method::Head, 0).map(|(_, stated)| stated)
    }

    /// The file from byte `from` on.
    pub fn open(&self, from: u64) -> Result<(Answer, Stated), Failure> {
        self.follow(Method::Get, from)
    }

    fn follow(&self, method: Method, from: u64) -> Result<(Answer, Stated), Failure> {
        let (mut address, mut stated) = (self.address.clone(), Stated::default());
        for _ in 0..REDIRECTS {
            let mut headers = vec![("accept-encoding", "identity".to_owned())];
            // Who the hub sends us to isn't to know who we are.
            let token = self.token.filter(|_| address.origin == self.address.origin);
            headers.extend(token.map(|token| ("authorization", format!("Bearer {token}"))));
            headers.extend((from > 0).then(|| ("range", format!("bytes={from}-"))));
            let answer = self.http.ask(method, &address, &headers).map_err(|s| self.silent(s))?;
            stated.add(&answer);
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                return self.judged(answer).map(|answer| (answer, stated));
            }
            let location = answer.header("location").unwrap_or_default().to_owned();
            let Some(there) = address.join(&location) else {
                return Err(self.error(format!("it is sent to '{}'", shown(&location))).into());
            };
            // Where large files lie, HEAD is often refused; all that is asked for has been said.
            let elsewhere = there.origin != self.address.origin;
            if method == Method::Head && elsewhere && stated.size.is_some() && stated.etag.is_some() {
                return Ok((answer, stated));
            }
            address = there;
        }
        Err(self.error(format!("it is sent on more than {REDIRECTS} times")).into())
    }

    /// An answer that is one, or what is wrong with it.
    fn judged(&self, answer: Answer) -> Result<Answer, Failure> {
        let code = answer.header("x-error-code").unwrap_or_default();
        let error = self.error(match answer.header("x-error-message") {
            Some(message) => format!("{}: {}", status(answer.status), shown(message)),
            None => status(answer.status),
        });
        Err(match answer.status {
            200 | 206 | 416 => return Ok(answer),
            401 | 403 if code == "GatedRepo" => Failure::Final(error.hint(
                "its owner asks you to accept terms: accept them on its page, and set HF_TOKEN to a token of yours",
            )),
            401 | 403 => Failure::Final(error.hint(match self.token {
                None => "either there is no such repository, or it is private: set HF_TOKEN to a token of yours",
                Some(_) => "the token in HF_TOKEN isn't let in, or there is no such repository",
            })),
            404 => Failure::Final(error.hint("check the spelling: REPO:FILE, as on the hub's page of the file")),
            408 | 425 | 429 | 500..=599 => {
                let seconds = answer.header("retry-after").and_then(|text| text.trim().parse().ok());
                let wait = seconds.map(Duration::from_secs);
                match wait.filter(|wait| *wait > LONGEST_WAIT) {
                    Some(wait) => {
                        let minutes = wait.as_secs().div_ceil(60);
                        Failure::Final(error.hint(format!("the server asks to try again in {minutes} minutes")))
                    }
                    None => Failure::Passing(error, wait),
                }
            }
            _ => Failure::Final(error),
        })
    }

    fn silent(&self, silence: Silence) -> Failure {
        let error = self.error(silence.cause).hint("is this computer online? HF_ENDPOINT names another hub");
        if silence.passing { Failure::Passing(error, None) } else { Failure::Final(error) }
    }

    /// An error about this file.
    pub fn error(&self, cause: String) -> Error {
        Error::model(format!("can't get {}", self.address)).because(cause)
    }
}

fn status(status: u16) -> String {
    let meaning = match status {
        401 => "not without a token",
        403 => "not allowed",
        404 => "not found",
        429 => "too many requests",
        500..=599 => "the server has a fault",
        _ => return format!("the server answers {status}"),
    };
    format!("{meaning} ({status})")
}

/// A stranger's words, as far as they fit on a line.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
