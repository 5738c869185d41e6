//! The whole server with the model behind it, spoken to as a stranger would: bytes over TCP.

use super::stage::tests::stage;
use super::{Look, Opening, Order, Workshop, listener, run};
use crate::diffusion::Model;
use crate::error::{Error, ErrorKind, Result};
use crate::progress::Flow;
use crate::render::fixture::{draft_model, small_settings};
use crate::render::{self, Job, Settings, Watch};
use crate::score::{Show, shipped};
use crate::video::{Profile, Quality, VideoSpec, Writer};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

/// What the command line does, on a small scale.
pub struct Bench;

impl Workshop for Bench {
    fn show(&self, look: &Look) -> Result<Show> {
        look.preset().map(Show::of)
    }

    fn project(&self, preset: &str) -> Result<String> {
        Ok(format!("track = \"track.wav\"\npreset = \"{preset}\"\n"))
    }

    fn load(&self) -> Result<Model> {
        Ok(draft_model())
    }

    fn render(&self, order: &Order, watch: Watch) -> Result<PathBuf> {
        short(order, watch)
    }
}

/// A silent final of one window; of a section one that lasts until it is stopped.
fn short(order: &Order, watch: Watch) -> Result<PathBuf> {
    if order.section.is_some() {
        watch.progress.stage("rendering", 100);
        while watch.progress.advance(1) == Flow::Continue {}
        return Err(Error::new(ErrorKind::Stopped, "stopped"));
    }
    let (model, timeline) = (draft_model(), stage().play(&Look::read(&order.name, &order.preset)?)?);
    let settings = Settings { picture: order.size.parse()?, frames: 16, ..small_settings(model.steps()) };
    let (size, fps, path) = (settings.picture, timeline.fps, order.output.as_path());
    let (profile, quality, sound) = (Profile::default(), Quality::default(), None);
    let writer = Writer::create(&VideoSpec { path, size, fps, profile, quality, sound, job: "{}" })?;
    let (track, output) = (PathBuf::new(), path.to_owned());
    let job = Job { settings, timeline, track, output, description: Value::Null };
    render::run(&job, &model, None, writer, watch)?;
    Ok(job.output)
}

struct Served {
    port: u16,
    /// The address's path: the secret between slashes.
    base: String,
    folder: TempDir,
}

impl Served {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let track = folder.path().join("track.wav");
        std::fs::write(&track, (0..=255).collect::<Vec<u8>>()).unwrap();
        let (name, text) = shipped()[0];
        let model = draft_model();
        let settings = small_settings(model.steps());
        let look = Look::read(name, text).unwrap();
        let path = folder.path().to_owned();
        let opening = Opening { model, settings, stage: stage(), look, track, folder: path, port: 0 };
        let (send, receive) = mpsc::channel();
        // It serves until the tests' process ends.
        std::thread::spawn(move || run(opening, |address| send.send(address.to_owned()).unwrap()));
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
        let mut frame = vec![0x81];
        match text.len() {
            n @ ..126 => frame.push(0x80 | n as u8),
            n @ ..65536 => frame.extend([0xfe, (n >> 8) as u8, n as u8]),
            n => {
                frame.push(0xff);
                frame.extend((n as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        // Whether it is taken shows in what comes back.
        let _ = self.stream.write_all(&frame);
    }

    /// The next message; none once the server has closed.
    fn hear(&mut self) -> Option<Value> {
        let mut start = [0; 2];
        self.stream.read_exact(&mut start).ok()?;
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

/// Whether frame 0 has a picture of `version`.
fn begins_with(message: &Value, version: u64) -> bool {
    message["runs"][0]["from"] == 0 && message["runs"][0]["version"] == version
}

#[test]
fn a_change_is_seen_in_the_curve_and_in_the_next_picture_and_can_be_saved() {
    let served = Served::new();
    let mut page = served.socket();
    let before = page.wait("state", |_| true);
    page.wait("pictures", |m| begins_with(m, 1));
    let (status, head, old) = served.get(&format!("{}picture/1/0", served.base));
    assert!(status == 200 && head.contains("image/jpeg") && old.starts_with(&[0xff, 0xd8]));
    page.say(&exposure(1.0));
    let after = page.wait("state", |m| m["version"] == 2);
    assert_ne!(before["curves"]["exposure"], after["curves"]["exposure"]);
    page.wait("pictures", |m| begins_with(m, 2));
    assert_ne!(served.get(&format!("{}picture/2/0", served.base)).2, old);
    assert_eq!(served.status(&format!("{}picture/1/0", served.base)), 404);
    page.say(r#"{"do":"save","name":"mine","form":"project"}"#);
    page.wait("saved", |m| m["version"] == 2);
    let saved = std::fs::read_to_string(served.folder.path().join("mine.toml")).unwrap();
    let project = std::fs::read_to_string(served.folder.path().join("mine.video.toml")).unwrap();
    assert!(project.contains("preset = \"mine.toml\""), "{project}");
    let played = stage().play(&Look::read("mine", &saved).unwrap()).unwrap();
    let shown: Vec<f32> = serde_json::from_value(after["curves"]["exposure"].clone()).unwrap();
    assert_eq!(shown, played.curves["exposure"]);
    page.say(r#"{"do":"undo"}"#);
    let undone = page.wait("state", |m| m["version"] == 3);
    assert_eq!((&undone["curves"], &undone["redo"]), (&before["curves"], &json!(true)));
    // A page that is opened later finds everything as it is.
    assert_eq!(served.socket().wait("state", |_| true), undone);
}

fn ordered(name: &str, size: &str, section: Option<usize>) -> String {
    json!({ "do": "render", "name": name, "tier": "draft", "size": size, "section": section }).to_string()
}

#[test]
fn a_final_is_rendered_while_live_pictures_rest_and_its_file_is_served() {
    let served = Served::new();
    let file = |number: u64| format!("{}final/{number}", served.base);
    let mut page = served.socket();
    page.wait("final", |m| m["final"]["stand"] == "idle");
    assert_eq!(served.status(&file(1)), 404);
    page.say(&ordered("mine", "64x48", None));
    page.wait("final", |m| m["final"]["stage"] == "rendering");
    let done = page.wait("final", |m| m["final"]["stand"] == "done");
    assert_eq!(done["final"]["number"], 1);
    let written = std::fs::read(served.folder.path().join("mine.mp4")).unwrap();
    let ranged = format!("{}Range: bytes=4-\r\n", served.host());
    let (status, head, body) = served.raw(&format!("GET {}", file(1)), &ranged);
    assert!(status == 206 && head.contains("content-type: video/mp4"), "{head}");
    assert!(body == written[4..] && body.starts_with(b"ftyp"));
    assert_eq!((served.status(&file(0)), served.status(&file(2))), (404, 404));
    // The live pictures go on with a model of their own.
    page.say(&exposure(0.5));
    page.wait("pictures", |m| begins_with(m, 2));
    // A page that is opened later finds the file.
    served.socket().wait("final", |m| m["final"] == done["final"]);
}

#[test]
fn a_final_can_be_cancelled_and_what_goes_wrong_with_it_is_told() {
    let served = Served::new();
    let mut page = served.socket();
    page.say(&ordered("mine", "64x48", Some(1)));
    page.wait("final", |m| m["final"]["stage"] == "rendering");
    page.say(&ordered("other", "64x48", None));
    page.wait("refused", |m| m["message"].as_str().unwrap().contains("is being rendered"));
    page.say(r#"{"do":"cancel"}"#);
    page.wait("final", |m| m["final"]["stand"] == "cancelled");
    page.say(&ordered("mine", "0x0", None));
    let failed = page.wait("final", |m| m["final"]["stand"] == "failed");
    assert!(failed["final"]["hints"][0].as_str().unwrap().contains("WIDTHxHEIGHT"), "{failed}");
    for name in ["../mine", "track.wav", ""] {
        page.say(&ordered(name, "64x48", None));
        page.wait("refused", |m| m["message"].as_str().unwrap().contains("can't be a name"));
    }
    std::fs::write(served.folder.path().join("theirs.mp4"), "precious").unwrap();
    page.say(&ordered("theirs", "64x48", None));
    page.wait("refused", |m| m["message"].as_str().unwrap().contains("already"));
    assert!(!served.folder.path().join("mine.mp4").exists());
}

#[test]
fn strangers_are_refused_everywhere() {
    let served = Served::new();
    let (host, base) = (served.host(), served.base.clone());
    for path in ["", "main.js", "facts", "track", "final/1", "picture/1/0", "socket", "nothing"] {
        let first = format!("GET {base}{path}");
        assert_eq!(served.raw(&first, "Host: evil.example\r\n").0, 421, "{path}");
        assert_eq!(served.raw(&first, "").0, 421, "{path}");
        assert_eq!(served.raw(&first, &format!("{host}Origin: http://evil.example\r\n")).0, 403, "{path}");
        assert_eq!(served.raw(&format!("GET /{path}"), &host).0, 403, "{path}");
        let wrong = format!("/{}/", "0".repeat(base.len() - 2));
        assert_eq!(served.raw(&format!("GET {wrong}{path}"), &host).0, 403, "{path}");
        assert_eq!(served.raw(&format!("POST {base}{path}"), &format!("{host}Content-Length: 0\r\n")).0, 405);
    }
    let (status, head, page) = served.get(&base);
    assert!(status == 200 && page.starts_with(b"<!doctype html>"));
    assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self';"));
    assert!(
        head.contains("x-content-type-options: nosniff") && head.contains("referrer-policy: no-referrer")
    );
}

#[test]
fn nothing_but_the_track_and_the_page_is_read_from_the_disk() {
    let served = Served::new();
    std::fs::write(served.folder.path().join("secret.txt"), "secret").unwrap();
    for path in [
        "secret.txt",
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "track/../secret.txt",
        "track/secret.txt",
        "page/main.js",
        "/etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "main.js%00",
        "picture/1/../../secret.txt",
        "picture/..%2f/0",
        "picture/-1/0",
        "final/-1",
        "final/mine.mp4",
        "final/..%2f1",
        "picture/1/99999999999999999999",
        "facts/",
        "track?path=/etc/passwd/..",
    ] {
        let (status, _, body) = served.get(&format!("{}{path}", served.base));
        let track = path.starts_with("track?");
        assert!(track || matches!(status, 400 | 404), "{path}: {status}");
        assert!(!body.windows(6).any(|w| w == b"secret" || w == b"root:x"), "{path}");
    }
    let ranged = format!("{}Range: bytes=250-\r\n", served.host());
    let (status, head, body) = served.raw(&format!("GET {}track", served.base), &ranged);
    assert_eq!((status, body), (206, (250..=255).collect()));
    assert!(head.contains("content-range: bytes 250-255/256") && head.contains("content-type: audio/wav"));
    let behind = format!("{}Range: bytes=256-\r\n", served.host());
    assert_eq!(served.raw(&format!("GET {}track", served.base), &behind).0, 416);
}

#[test]
fn messages_that_mean_nothing_are_refused_and_big_ones_end_the_connection() {
    let served = Served::new();
    let mut page = served.socket();
    for message in [
        "",
        "{",
        "[]",
        "null",
        r#"{"do":"explode"}"#,
        r#"{"do":"save","name":"../a","form":"preset"}"#,
        r#"{"do":"save","name":"a"}"#,
        r#"{"do":"save","name":"../a","form":"project"}"#,
        r#"{"do":"at","frame":-1,"playing":true}"#,
        r#"{"do":"edit","change":{"edit":"preset","name":"/etc/passwd"},"gesture":null}"#,
        r#"{"do":"edit","change":{"edit":"base","param":"exposure","value":1e300},"gesture":null}"#,
    ] {
        page.say(message);
        let refused = page.wait("refused", |_| true);
        assert!(!refused["message"].as_str().unwrap().is_empty(), "{message}");
    }
    assert!(!served.folder.path().parent().unwrap().join("a.toml").exists());
    page.say(r#"{"do":"at","frame":18446744073709551615,"playing":true}"#);
    page.say(&exposure(0.25));
    page.wait("state", |m| m["version"] == 2);
    page.say(&"x".repeat(1 << 20));
    while page.hear().is_some() {}
    served.socket().wait("state", |m| m["version"] == 2);
}

#[test]
fn who_asks_for_nothing_is_let_go() {
    let served = Served::new();
    let idle: Vec<_> =
        (0..listener::MOST).map(|_| TcpStream::connect(("127.0.0.1", served.port)).unwrap()).collect();
    // The server closes them, or this waits for ever.
    for mut stream in idle {
        assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
    }
    assert_eq!(served.status(&served.base), 200);
}

#[test]
fn a_crowd_and_a_page_that_never_reads_leave_the_others_alone() {
    let served = Served::new();
    let mut page = served.socket();
    let mut deaf = served.socket();
    let crowd: Vec<_> = (0..200).map(|_| TcpStream::connect(("127.0.0.1", served.port)).unwrap()).collect();
    assert!(crowd.len() > listener::MOST);
    deaf.say(&exposure(0.99));
    page.wait("state", |m| m["version"] == 2);
    for i in 1..=300 {
        page.say(&exposure(f64::from(i) / 400.0));
    }
    page.wait("state", |m| m["version"] == 302);
    page.say(r#"{"do":"at","frame":0,"playing":false}"#);
    page.wait("pictures", |m| begins_with(m, 302));
    drop(crowd);
    // The server hears of each that left at its own time.
    while !served.has_room() {
        std::thread::yield_now();
    }
    assert_eq!(served.status(&served.base), 200);
    let mut more = Vec::new();
    let full = (0..100).any(|_| {
        more.push(served.socket());
        more.last().unwrap().status == 503
    });
    assert!(full);
    assert_eq!(served.status(&served.base), 200);
}
