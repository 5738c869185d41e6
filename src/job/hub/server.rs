//! A server for tests, on this computer: what it answers, a test says.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub method: String,
    pub path: String,
    /// In small letters, as far as names go.
    pub headers: Vec<(String, String)>,
}

/// What is answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Bytes of the body after which the line goes dead.
    pub cut: Option<usize>,
}

/// A server that runs until it is dropped.
pub(super) struct Server {
    pub origin: String,
    /// All that was asked.
    pub asked: Arc<Mutex<Vec<Ask>>>,
}

impl Ask {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The first byte of the range that is asked for.
    pub fn from(&self) -> usize {
        let range = self.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
        range.map_or(0, |from| from.parse().unwrap())
    }
}

impl Reply {
    pub fn of(status: u16) -> Self {
        Reply { status, ..Reply::default() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// `whole` from where `ask` wants it, as servers do it that know ranges.
    pub fn range(ask: &Ask, whole: &[u8]) -> Self {
        let (from, size) = (ask.from(), whole.len());
        match ask.header("range") {
            None => Reply { body: whole.to_vec(), ..Reply::of(200) },
            Some(_) if from >= size => Reply::of(416).with("content-range", format!("bytes */{size}")),
            Some(_) => Reply { body: whole[from..].to_vec(), ..Reply::of(206) }
                .with("content-range", format!("bytes {from}-{}/{size}", size - 1)),
        }
    }
}

impl Server {
    pub fn start(answer: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Ask>>> = Arc::default();
        let log = asked.clone();
        // One after the other: so is what the client asks. The thread ends with the test program.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(ask) = read(&stream) else { continue };
                log.lock().unwrap().push(ask.clone());
                write(stream, &ask, &answer(&ask));
            }
        });
        Server { origin, asked }
    }

    /// Methods and first bytes of what was asked under paths that contain `place`.
    pub fn told(&self, place: &str) -> Vec<(String, usize)> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|a| a.path.contains(place)).map(|a| (a.method.clone(), a.from())).collect()
    }
}

fn read(stream: &TcpStream) -> Option<Ask> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    let headers = headers.collect();
    Some(Ask { method, path, headers })
}

fn write(mut stream: TcpStream, ask: &Ask, reply: &Reply) {
    let Reply { status, headers, body, cut } = reply;
    let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    if !headers.iter().any(|(name, _)| *name == "content-length") {
        head += &format!("content-length: {}\r\n", body.len());
    }
    let body =
        if ask.method == "HEAD" { &[][..] } else { &body[..cut.unwrap_or(body.len()).min(body.len())] };
    // Whoever asks may have hung up.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(b"\r\n"));
    let _ = stream.write_all(body).and_then(|()| stream.flush());
    let _ = stream.shutdown(Shutdown::Both);
}
