//! Fetching from a server that does all that servers do.

use super::server::{Ask, Reply, Server};
use super::*;
use crate::digest::Digest;
use crate::error::ErrorKind;
use crate::progress::Silent;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const FILE: &str = "somebody/something:sub/a b.safetensors";
const PLACE: &str = "/somebody/something/resolve/main/sub/a%20b.safetensors";

/// A file of a length that is no multiple of anything.
fn whole() -> Vec<u8> {
    (0..300_007u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn sha256(bytes: &[u8]) -> String {
    let mut digest = Digest::default();
    digest.update(bytes);
    digest.finish()
}

/// What a hub says of a large file before it sends on to where it lies.
fn linked(whole: &[u8]) -> Reply {
    Reply::of(302)
        .with("x-linked-etag", format!("\"{}\"", sha256(whole)))
        .with("x-linked-size", whole.len().to_string())
}

fn hub(endpoint: &str) -> Hub {
    Hub {
        endpoint: Address::parse(endpoint).unwrap(),
        token: None,
        offline: false,
        cache: None,
        pause: Duration::ZERO,
    }
}

/// Pulls [`FILE`] into `folder`.
fn pull(hub: &Hub, folder: &Path) -> Result<Pulled> {
    hub.pull(&HubFile::find(FILE).unwrap(), folder, &Silent)
}

/// The names of all that is in `folder`.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

/// Pulled from `server`, in a folder of its own, which then holds the file and its digest's note, or what is left of it.
fn pulled(
    answer: impl Fn(&Ask) -> Reply + Send + Sync + 'static,
) -> (Server, tempfile::TempDir, Result<Pulled>) {
    let (server, folder) = (Server::start(answer), tempfile::tempdir().unwrap());
    let result = pull(&hub(&server.origin), folder.path());
    (server, folder, result)
}

fn assert_whole(folder: &Path, whole: &[u8]) {
    assert!(fs::read(folder.join("a b.safetensors")).unwrap() == whole, "the bytes are others");
    assert_eq!(names(folder), ["a b.safetensors", "a b.safetensors.sha256"], "nothing is left beside it");
}

#[test]
fn a_file_comes_from_where_the_hub_sends_and_only_the_hub_hears_the_token() {
    let store = Server::start(|ask| Reply::range(ask, &whole()));
    let lies = format!("{}/blob?signed", store.origin);
    let server = Server::start(move |ask| match ask.path.as_str() {
        PLACE => Reply::of(307).with("location", "/moved"),
        _ => linked(&whole()).with("location", lies.clone()),
    });
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub { token: Some("secret".into()), ..hub(&server.origin) };
    let found = pull(&hub, folder.path()).unwrap();
    assert!(found.fetched && found.checked && found.sha256 == Some(sha256(&whole())));
    assert_whole(folder.path(), &whole());
    let tokens = |server: &Server| {
        let asked = server.asked.lock().unwrap();
        asked.iter().map(|ask| ask.header("authorization").map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(tokens(&store), [None], "asked once, by a stranger");
    assert_eq!(tokens(&server), vec![Some("Bearer secret".to_owned()); 4]);
    assert_eq!(
        fs::read_to_string(folder.path().join("a b.safetensors.sha256")).unwrap(),
        format!("{}  a b.safetensors\n", sha256(&whole()))
    );
    let again = pull(&hub, folder.path()).unwrap();
    assert!(!again.fetched && tokens(&store).len() == 1, "what is there isn't fetched again");
}

#[test]
fn a_line_that_goes_dead_at_every_tenth_costs_nothing_twice() {
    let tenth = whole().len() / 10;
    let (server, folder, result) = pulled(move |ask| Reply {
        cut: Some(tenth),
        ..Reply::range(ask, &whole()).with("etag", format!("\"{}\"", sha256(&whole())))
    });
    assert!(result.unwrap().checked);
    assert_whole(folder.path(), &whole());
    let starts: Vec<usize> =
        server.told(PLACE).into_iter().filter(|(m, _)| m == "GET").map(|(_, n)| n).collect();
    assert_eq!(starts, (0..=10).map(|i| i * tenth).collect::<Vec<_>>());
}

#[test]
fn whoever_ends_it_at_any_byte_goes_on_from_there() {
    let sound = |ask: &Ask| Reply::range(ask, &whole()).with("etag", "\"one\"");
    for end in [0, 1, whole().len() / 3, whole().len() - 1] {
        let folder = tempfile::tempdir().unwrap();
        let dead = Server::start(move |ask| match ask.from() {
            0 => Reply { cut: Some(end), ..sound(ask) },
            _ => Reply { cut: Some(0), ..sound(ask) },
        });
        let error = pull(&hub(&dead.origin), folder.path()).unwrap_err();
        assert!(error.hints().iter().any(|hint| hint.contains("same command resumes")), "{error:?}");
        assert!(!folder.path().join("a b.safetensors").exists(), "no half file has the name");
        let server = Server::start(sound);
        assert!(
            !pull(&hub(&server.origin), folder.path()).unwrap().checked,
            "an ETag that is no hash checks nothing"
        );
        assert_whole(folder.path(), &whole());
        assert_eq!(server.told(PLACE), [("HEAD".into(), 0), ("GET".into(), end)]);
    }
}

#[test]
fn a_file_that_changes_between_two_parts_is_fetched_anew() {
    let turns = AtomicUsize::new(0);
    let other: Vec<u8> = whole().iter().map(|b| b ^ 0xff).collect();
    let now = other.clone();
    let (server, folder, result) = pulled(move |ask| {
        let first = turns.fetch_add(1, Ordering::Relaxed) < 2;
        let file = if first { whole() } else { now.clone() };
        let cut = first.then_some(100_000);
        Reply { cut, ..Reply::range(ask, &file).with("etag", format!("\"{}\"", sha256(&file))) }
    });
    assert_eq!(result.unwrap().sha256, Some(sha256(&other)));
    assert_whole(folder.path(), &other);
    assert_eq!(server.told(PLACE)[3], ("GET".into(), 0), "none of the old one is kept");
}

#[test]
fn a_server_without_ranges_begins_again_and_one_that_refuses_a_range_is_asked_for_all() {
    for refuses in [false, true] {
        let turns = AtomicUsize::new(0);
        let (_server, folder, result) = pulled(move |ask| {
            let turn = turns.fetch_add(1, Ordering::Relaxed);
            let all = Reply { body: whole(), ..Reply::of(200).with("etag", "\"one\"") };
            match turn {
                1 => Reply { cut: Some(100_000), ..all },
                3 if refuses => Reply::of(416).with("etag", "\"one\""),
                _ => {
                    assert!(turn < 6);
                    let _ = ask;
                    all
                }
            }
        });
        result.unwrap();
        assert_whole(folder.path(), &whole());
    }
}

#[test]
fn wrong_bytes_never_get_the_name() {
    let (_server, folder, result) = pulled(|ask| {
        let mut wrong = whole();
        wrong[200_000] ^= 1;
        Reply::range(ask, &wrong).with("etag", format!("\"{}\"", sha256(&whole())))
    });
    let error = result.unwrap_err();
    assert!(error.to_string().contains("thrown away") && error.kind() == ErrorKind::Model, "{error}");
    assert_eq!(names(folder.path()), [""; 0]);
    let (_server, folder, result) = pulled(|ask| {
        let long = Reply::range(ask, &[whole(), whole()].concat());
        if ask.method == "HEAD" { Reply::range(ask, &whole()) } else { long }
    });
    assert!(result.unwrap_err().to_string().contains("more than the stated"));
    assert!(!folder.path().join("a b.safetensors").exists());
}

#[test]
fn what_a_hub_refuses_is_told_with_what_to_do() {
    for (reply, message, hint) in [
        (Reply::of(401), "not without a token (401)", "set HF_TOKEN"),
        (Reply::of(403).with("x-error-code", "GatedRepo"), "not allowed (403)", "accept terms"),
        (
            Reply::of(404).with("x-error-message", "Entry not\tfound"),
            "not found (404): Entry notfound",
            "spelling",
        ),
        (Reply::of(429).with("retry-after", "3600"), "too many requests (429)", "in 60 minutes"),
        (Reply::of(302).with("location", "ftp://else"), "it is sent to 'ftp://else'", ""),
        (Reply::of(302).with("location", "/round"), "more than 10 times", ""),
        (Reply::of(418), "the server answers 418", ""),
    ] {
        let (_server, folder, result) = pulled(move |_| reply.clone());
        let error = result.unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hints().iter().any(|h| h.contains(hint)) || hint.is_empty(), "{error:?}");
        assert_eq!(names(folder.path()), [""; 0], "{message}");
    }
}

#[test]
fn a_busy_server_is_asked_again_and_a_broken_one_not_for_ever() {
    let turns = AtomicUsize::new(0);
    let (_server, folder, result) = pulled(move |ask| match turns.fetch_add(1, Ordering::Relaxed) {
        0 | 2 => Reply::of(429).with("retry-after", "0"),
        4 => Reply::of(503),
        _ => Reply::range(ask, &whole()).with("etag", "\"one\""),
    });
    result.unwrap();
    assert_whole(folder.path(), &whole());
    let (server, _folder, result) = pulled(|_| Reply::of(500));
    assert!(result.unwrap_err().to_string().contains("the server has a fault (500)"));
    assert_eq!(server.told(PLACE).len(), 5);
}

#[test]
fn what_does_not_fit_on_the_disk_is_refused_before_a_byte_comes() {
    let (server, folder, result) =
        pulled(|_| Reply::of(200).with("content-length", (1u64 << 60).to_string()).with("etag", "\"one\""));
    let error = result.unwrap_err();
    assert!(error.kind() == ErrorKind::Output && error.to_string().contains("GB are needed"), "{error}");
    assert_eq!(server.told(PLACE), [("HEAD".into(), 0)]);
    assert!(!folder.path().join("a b.safetensors").exists());
}

/// `/dev/full` says what a disk says that fills up while something is written.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_on_the_way_is_told_and_the_next_try_goes_on() {
    let sound = |ask: &Ask| Reply::range(ask, &whole()).with("etag", "\"one\"");
    let dead =
        Server::start(move |ask| Reply { cut: Some(100_000 * usize::from(ask.from() == 0)), ..sound(ask) });
    let folder = tempfile::tempdir().unwrap();
    pull(&hub(&dead.origin), folder.path()).unwrap_err();
    let part = folder.path().join(&names(folder.path())[0]);
    let (kept, full) = (folder.path().join("kept"), folder.path().join("a b.safetensors"));
    fs::rename(&part, &kept).unwrap();
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let server = Server::start(sound);
    let error = pull(&hub(&server.origin), folder.path()).unwrap_err();
    assert!(error.kind() == ErrorKind::Output && error.to_string().contains("No space left"), "{error}");
    assert!(error.hints()[0].contains("the same command resumes") && !full.exists());
    fs::rename(&kept, &part).unwrap();
    pull(&hub(&server.origin), folder.path()).unwrap();
    assert_whole(folder.path(), &whole());
    assert_eq!(server.told(PLACE)[3], ("GET".into(), 100_000));
}

#[test]
fn a_person_who_stops_it_keeps_what_has_come() {
    struct Impatient(Mutex<u32>);
    impl Progress for Impatient {
        fn stage(&self, _: &str, _: u64) {}
        fn advance(&self, _: u64) -> crate::progress::Flow {
            let mut left = self.0.lock().unwrap();
            *left = left.saturating_sub(1);
            if *left == 0 { crate::progress::Flow::Stop } else { crate::progress::Flow::Continue }
        }
        fn note(&self, _: &str) {}
    }
    let server = Server::start(|ask| Reply::range(ask, &whole()).with("etag", "\"one\""));
    let folder = tempfile::tempdir().unwrap();
    let file = HubFile::find(FILE).unwrap();
    let stopped = hub(&server.origin).pull(&file, folder.path(), &Impatient(Mutex::new(2)));
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Stopped);
    pull(&hub(&server.origin), folder.path()).unwrap();
    assert_whole(folder.path(), &whole());
    assert!(server.told(PLACE)[3].1 > 0);
}

#[test]
fn the_environment_says_what_it_says_to_other_tools() {
    let home = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("token", "kept\n");
    write("hub/models--somebody--something/refs/main", "abc123");
    write("hub/models--somebody--something/snapshots/abc123/sub/a b.safetensors", "x");
    let with = |pairs: &[(&str, &str)]| {
        let pairs = [&[("HF_HOME", home.path().to_str().unwrap())], pairs].concat();
        Hub::of(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value)))
    };
    let hub = with(&[]).unwrap();
    assert_eq!((hub.endpoint.origin.as_str(), hub.token.as_deref()), (ENDPOINT, Some("kept")));
    assert_eq!(hub.cached(), [home.path().join("hub/models--somebody--something/snapshots/abc123")]);
    let hub = with(&[("HF_TOKEN", "said"), ("HF_ENDPOINT", "http://mirror.example/hf/")]).unwrap();
    assert_eq!(
        (hub.endpoint.to_string().as_str(), hub.token.as_deref()),
        ("http://mirror.example/hf", Some("said"))
    );
    assert!(with(&[("HF_ENDPOINT", "mirror.example")]).is_err());
    let offline = with(&[("HF_HUB_OFFLINE", "1"), ("HF_ENDPOINT", "http://127.0.0.1:1")]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let found = pull(&offline, folder.path()).unwrap();
    assert!(!found.fetched && found.path.ends_with("abc123/sub/a b.safetensors"));
    let error = offline.pull(&HubFile::find("taesd").unwrap(), folder.path(), &Silent).unwrap_err();
    assert!(error.hints()[0].contains("HF_HUB_OFFLINE"), "{error:?}");
}

#[test]
fn a_file_that_is_known_must_be_that_one() {
    let server =
        Server::start(|ask| Reply::range(ask, &whole()).with("etag", format!("\"{}\"", sha256(&whole()))));
    let folder = tempfile::tempdir().unwrap();
    let file = HubFile::find("animatediff_lightning_4step").unwrap();
    let error = hub(&server.origin).pull(&file, folder.path(), &Silent).unwrap_err();
    assert!(error.to_string().contains("the hub states SHA-256") && error.hints()[0].contains("REPO:FILE"));
    fs::write(folder.path().join(file.name()), "not that").unwrap();
    let error = hub(&server.origin).pull(&file, folder.path(), &Silent).unwrap_err();
    assert!(error.to_string().contains("is there, but its SHA-256"), "{error}");
}
