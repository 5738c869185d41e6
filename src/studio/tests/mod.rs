//! The whole server with the model behind it, spoken to as a stranger would: bytes over TCP.

mod attack;
mod work;

use super::player::tests::player;
use super::{EditedPreset, Opened, OscPorts, Player, StudioConfig, run};
use crate::diffusion::Tier;
use crate::job::{JobOptions, Request};
use crate::render::fixture::small_settings;
use crate::score::shipped;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tempfile::TempDir;

struct Served {
    port: u16,
    /// The address's path: the secret between slashes.
    base: String,
    folder: TempDir,
}

impl Served {
    fn new() -> Self {
        // Longer than any test.
        Served::with(Duration::from_secs(3600))
    }

    fn with(patience: Duration) -> Self {
        Served::keeping(patience, None)
    }

    /// With thumbnails kept in `cache`.
    fn keeping(patience: Duration, cache: Option<PathBuf>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let track = folder.path().join("track.m4a");
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/first-light.m4a"), &track)
            .unwrap();
        let (name, text) = shipped()[0];
        let settings = small_settings(2);
        let preset = EditedPreset::read(name, text).unwrap();
        let (tier, device) = (Some(Tier::Draft), Some("cpu".to_owned()));
        let options = JobOptions { input: track.clone(), tier, device, ..JobOptions::default() };
        let asked = Request::read(&options).unwrap().model;
        let opened = Arc::new(Opened::new(options, None, asked, folder.path().to_owned()));
        let config = StudioConfig {
            settings,
            player: Player { opened, ..player() },
            preset,
            track,
            stream: None,
            folder: folder.path().to_owned(),
            cache,
            keep: None,
            own_files: vec![],
            port: 0,
            osc: OscPorts::default(),
            patience,
            command: "beatbolt studio track.m4a".to_owned(),
        };
        let (send, receive) = mpsc::channel();
        // It serves until the tests' process ends.
        std::thread::spawn(move || run(config, |address| send.send(address.to_owned()).unwrap()));
        let address = receive.recv().unwrap();
        let (host, base) = address.strip_prefix("http://127.0.0.1:").unwrap().split_once('/').unwrap();
        Served { port: host.parse().unwrap(), base: format!("/{base}"), folder }
    }

    /// Status, head and body of the answer to a request with these lines behind the first.
    fn raw(&self, first: &str, lines: &str) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(format!("{first} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
        (head[9..12].parse().unwrap(), head, answer[end..].to_vec())
    }

    fn host(&self) -> String {
        format!("Host: 127.0.0.1:{}\r\n", self.port)
    }

    fn get(&self, path: &str) -> (u16, String, Vec<u8>) {
        self.raw(&format!("GET {path}"), &self.host())
    }

    /// Whether a connection is kept long enough to be answered.
    fn has_room(&self) -> bool {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!("GET {} HTTP/1.1\r\n{}Connection: close\r\n\r\n", self.base, self.host());
        let mut answer = [0];
        stream.write_all(request.as_bytes()).is_ok() && stream.read_exact(&mut answer).is_ok()
    }

    fn status(&self, path: &str) -> u16 {
        self.get(path).0
    }

    fn socket(&self) -> Socket {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        // Only so that a failure ends: nothing that works takes so long.
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        let request = format!("GET {}socket HTTP/1.1\r\n{}{upgrade}", self.base, self.host());
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let status = String::from_utf8(head[9..12].to_vec()).unwrap().parse().unwrap();
        Socket { stream, status }
    }
}

/// A WebSocket's client with a mask of zeros.
struct Socket {
    stream: TcpStream,
    status: u16,
}

impl Socket {
    fn say(&mut self, text: &str) {
        self.send(0x81, text.as_bytes());
    }

    /// Sends a frame that begins with this byte.
    fn send(&mut self, first: u8, bytes: &[u8]) {
        let mut frame = vec![first];
        match bytes.len() {
            n @ ..126 => frame.push(0x80 | n as u8),
            n @ ..65536 => frame.extend([0xfe, (n >> 8) as u8, n as u8]),
            n => {
                frame.push(0xff);
                frame.extend((n as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(bytes);
        // Whether it is taken shows in what comes back.
        let _ = self.stream.write_all(&frame);
    }

    /// The next message; none once the server has closed. Questions whether it is there are answered.
    fn hear(&mut self) -> Option<Value> {
        let mut start = [0; 2];
        self.stream.read_exact(&mut start).ok()?;
        while start == [0x89, 0] {
            self.send(0x8a, b"");
            self.stream.read_exact(&mut start).ok()?;
        }
        let wide = match start[1] {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mut bytes = [0; 8];
        self.stream.read_exact(&mut bytes[8 - wide..]).ok()?;
        let length = if wide == 0 { u64::from(start[1]) } else { u64::from_be_bytes(bytes) };
        let mut text = vec![0; length as usize];
        self.stream.read_exact(&mut text).ok()?;
        (start[0] == 0x81).then(|| serde_json::from_slice(&text).unwrap())
    }

    /// The first message of this type for which `fits` holds.
    fn wait(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.hear().expect("the server closed the connection");
            if message["type"] == kind && fits(&message) {
                return message;
            }
        }
    }
}

fn exposure(value: f64) -> String {
    json!({ "do": "edit", "change": { "edit": "base", "param": "exposure", "value": value }, "gesture": null })
        .to_string()
}

fn ordered(name: &str, size: &str, section: Option<usize>) -> String {
    json!({ "do": "render", "name": name, "tier": "draft", "size": size, "section": section }).to_string()
}

/// Whether frame 0 has a picture of `version`.
fn begins_with(message: &Value, version: u64) -> bool {
    message["runs"][0]["from"] == 0 && message["runs"][0]["version"] == version
}
