//! Attacks: what strangers try, and what a page may not.

use super::*;
use crate::studio::hub::SOCKETS;
use crate::studio::listener::MOST;
use std::time::Instant;

#[test]
fn strangers_are_refused_everywhere() {
    let served = Served::new();
    let (host, base) = (served.host(), served.base.clone());
    for path in [
        "",
        "main.js",
        "facts",
        "track",
        "final/1",
        "picture/1/0",
        "wave/1/0",
        "strip/s1-0",
        "socket",
        "nothing",
    ] {
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
        "wave/1/18446744073709551615",
        "wave/0/99999999999",
        "wave/4294967295/0",
        "wave/-1/0",
        "strip/s1-0",
        "strip/..%2f..%2fsecret.txt",
        "strip/secret.txt",
        "track?path=/etc/passwd/..",
    ] {
        let (status, _, body) = served.get(&format!("{}{path}", served.base));
        let track = path.starts_with("track?");
        assert!(track || matches!(status, 400 | 404), "{path}: {status}");
        assert!(!body.windows(6).any(|w| w == b"secret" || w == b"root:x"), "{path}");
    }
    // As long as the analysis, whatever the file holds: 44 bytes and 16 seconds of both channels.
    let length = 44 + 4 * player().heard.raw().samples;
    let ranged = format!("{}Range: bytes={}-\r\n", served.host(), length - 6);
    let (status, head, body) = served.raw(&format!("GET {}track", served.base), &ranged);
    assert_eq!((status, body.len()), (206, 6));
    let range = format!("content-range: bytes {}-{}/{length}", length - 6, length - 1);
    assert!(head.contains(&range) && head.contains("content-type: audio/wav"), "{head}");
    let behind = format!("{}Range: bytes={length}-\r\n", served.host());
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
        r#"{"do":"at","frame":-1,"time":0,"playing":true}"#,
        r#"{"do":"edit","change":{"edit":"preset","name":"/etc/passwd"},"gesture":null}"#,
        r#"{"do":"edit","change":{"edit":"base","param":"exposure","value":1e300},"gesture":null}"#,
        r#"{"do":"edit","change":{"edit":"text","text":"include = ['/etc/passwd']"},"gesture":null}"#,
        r#"{"do":"film","text":"track = '/etc/passwd'"}"#,
        r#"{"do":"film","text":"track = 'track.wav'\ninclude = ['../film.toml']"}"#,
        r#"{"do":"film"}"#,
        r#"{"do":"edit","change":{"edit":"words","index":0,"key":"value","text":"((((kick"},"gesture":null}"#,
        r#"{"do":"hand","change":{"how":"nudge","by":1e300},"gesture":null}"#,
        r#"{"do":"hand","change":{"how":"beat","index":18446744073709551615,"to":1},"gesture":null}"#,
        r#"{"do":"hand","change":{"how":"merge","index":18446744073709551615},"gesture":null}"#,
        r#"{"do":"hand","change":{"how":"taps","times":[1,1e308,-1e308,0],"steady":true},"gesture":null}"#,
        r#"{"do":"part","change":{"how":"add","section":null,"from":0,"to":null,"preset":"../../etc/passwd"},"gesture":null}"#,
        r#"{"do":"part","change":{"how":"set","index":0,"key":"preset","value":"/etc/passwd"},"gesture":null}"#,
        r#"{"do":"part","change":{"how":"own","index":18446744073709551615},"gesture":null}"#,
        r#"{"do":"curve","change":{"how":"add_point","index":18446744073709551615,"at":0,"value":0},"gesture":null}"#,
        r#"{"do":"curve","change":{"how":"add","param":"../glow"},"gesture":null}"#,
        r#"{"do":"edit","change":{"edit":"look","name":"../../etc/passwd"},"gesture":null}"#,
        r#"{"do":"back","number":18446744073709551615}"#,
        r#"{"do":"snapshot","change":{"how":"remove","number":1}}"#,
        r#"{"do":"compare","sides":[1,null],"at":0}"#,
        r#"{"do":"compare","sides":[null,null],"at":-1}"#,
        r#"{"do":"compare","sides":[null,null,null],"at":0}"#,
    ] {
        page.say(message);
        let refused = page.wait("refused", |_| true);
        assert!(!refused["message"].as_str().unwrap().is_empty(), "{message}");
    }
    assert!(!served.folder.path().parent().unwrap().join("a.toml").exists());
    page.say(r#"{"do":"at","frame":18446744073709551615,"time":0,"playing":true}"#);
    page.say(&exposure(0.25));
    page.wait("state", |m| m["version"] == 2);
    page.say(&"x".repeat(1 << 20));
    while page.hear().is_some() {}
    served.socket().wait("state", |m| m["version"] == 2);
}

#[test]
fn parts_curves_and_beats_by_hand_stay_bounded_and_the_page_is_answered_on() {
    let served = Served::new();
    let mut page = served.socket();
    let say = |page: &mut Socket, ask: Value| page.say(&ask.to_string());
    for _ in 0..220 {
        say(
            &mut page,
            json!({ "do": "part", "change": { "how": "add", "section": null, "from": 1, "to": 2 }, "gesture": 1 }),
        );
    }
    let refused = page.wait("refused", |_| true);
    assert!(refused["message"].as_str().unwrap().contains("too many parts"), "{refused}");
    for _ in 0..40 {
        say(&mut page, json!({ "do": "curve", "change": { "how": "add", "param": "glow" }, "gesture": 2 }));
    }
    page.wait("refused", |m| m["message"].as_str().unwrap().contains("too many curves"));
    let many = vec![[1.0, 0.5]; 1500];
    let played = json!({ "how": "record", "param": "glow", "base": null, "points": many });
    for _ in 0..2 {
        say(&mut page, json!({ "do": "curve", "change": played, "gesture": 2 }));
    }
    page.wait("refused", |m| m["message"].as_str().unwrap().contains("too many curves"));
    let words = vec!["word"; 900].join(",");
    for i in 0..80 {
        let name = format!("w{i}");
        for change in [
            json!({ "how": "add_words", "name": name }),
            json!({ "how": "set_words", "name": name, "key": "list", "text": words }),
        ] {
            let edit = json!({ "edit": "prompt", "change": change });
            say(&mut page, json!({ "do": "edit", "change": edit, "gesture": 2 }));
        }
    }
    page.wait("refused", |m| m["message"].as_str().unwrap().contains("too long"));
    say(
        &mut page,
        json!({ "do": "hand", "change": { "how": "nudge", "by": 0.01 }, "gesture": null, "ask": 7 }),
    );
    page.wait("state", |m| m["heard"]["correction"]["shift"] == 0.01);
    // Each gesture is one step, and more steps than are kept end at the oldest.
    for _ in 0..300 {
        page.say(r#"{"do":"undo"}"#);
    }
    let back = page.wait("state", |m| m["undo"] == false);
    assert_eq!(back["parts"]["list"], json!([]));
}

#[test]
fn who_asks_for_nothing_is_let_go() {
    let served = Served::new();
    let idle: Vec<_> = (0..MOST).map(|_| TcpStream::connect(("127.0.0.1", served.port)).unwrap()).collect();
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
    assert!(crowd.len() > MOST);
    deaf.say(&exposure(0.99));
    page.wait("state", |m| m["version"] == 2);
    for i in 1..=300 {
        page.say(&exposure(f64::from(i) / 400.0));
    }
    page.wait("state", |m| m["version"] == 302);
    page.say(r#"{"do":"at","frame":0,"time":0,"playing":false}"#);
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

#[test]
fn frames_that_are_none_end_their_connection_only() {
    let served = Served::new();
    let mut page = served.socket();
    page.wait("state", |_| true);
    let question = [&[0x89, 0xfe, 0, 200, 0, 0, 0, 0][..], &[b'x'; 200]].concat();
    let cases: [(&str, &[u8]); 6] = [
        ("text that is none", &[0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]),
        ("bytes instead of text", &[0x82, 0x81, 0, 0, 0, 0, 1]),
        ("no mask", &[0x81, 0x01, b'{']),
        ("a reserved bit", &[0xc1, 0x81, 0, 0, 0, 0, b'{']),
        ("a question of 200 bytes", &question),
        ("a length of 2^63", &[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    for (what, bytes) in cases {
        let mut bad = served.socket();
        assert_eq!(bad.status, 101);
        bad.stream.write_all(bytes).unwrap();
        while bad.hear().is_some() {}
        // A word of farewell may stand before the end.
        let ended = std::io::copy(&mut bad.stream, &mut std::io::sink());
        assert!(ended.is_ok_and(|rest| rest < 200), "{what}");
    }
    // A message in pieces is as long as all of them.
    let mut long = served.socket();
    long.send(0x01, &[b'x'; 10 << 10]);
    long.send(0x80, &[b'x'; 10 << 10]);
    while long.hear().is_some() {}
    page.say(&exposure(0.5));
    page.wait("state", |m| m["version"] == 2);
}

#[test]
fn requests_that_are_too_long_are_refused() {
    let served = Served::new();
    let long = "x".repeat(1 << 20);
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    // Whether all of it is taken shows in what comes back.
    let head = format!("GET {}facts HTTP/1.1\r\n{}X: {long}\r\n\r\n", served.base, served.host());
    let _ = stream.write_all(head.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"));
    assert_eq!(served.status(&served.base), 200);
}

#[test]
fn no_text_of_a_message_leads_to_a_file() {
    let served = Served::new();
    let outside = served.folder.path().parent().unwrap().join("outside.toml");
    let mut page = served.socket();
    page.wait("state", |_| true);
    let edit = |change: Value| json!({ "do": "edit", "change": change, "gesture": null });
    for path in ["../outside", "/etc/passwd", "..\\outside", "%2e%2e%2foutside", "track.wav", "outside\0"] {
        for message in [
            json!({ "do": "save", "name": path, "form": "preset" }),
            json!({ "do": "save", "name": path, "form": "project" }),
            json!({ "do": "save", "name": "mine", "form": path }),
            json!({ "do": "render", "name": path, "tier": "draft", "size": "64x48", "section": null }),
            json!({ "do": "render", "name": "mine", "tier": "draft", "size": "64x48", "section": path }),
            edit(json!({ "edit": "preset", "name": path })),
            edit(json!({ "edit": "base", "param": path, "value": 1.0 })),
            edit(json!({ "edit": "route", "index": 0, "key": path, "value": 1.0 })),
            edit(json!({ "edit": "signal", "index": 0, "name": path })),
            edit(json!({ "edit": "target", "index": 0, "param": path })),
            edit(json!({ "edit": "mode", "index": 0, "mode": path })),
            edit(json!({ "edit": "add_route", "signal": path, "param": "glow" })),
            edit(json!({ "edit": "add_route", "signal": "kick", "param": path })),
        ] {
            page.say(&message.to_string());
            page.wait("refused", |_| true);
        }
    }
    page.say(&ordered("mine", "../outside", None));
    page.wait("refused", |_| true);
    assert!(!outside.exists());
    assert_eq!(std::fs::read_dir(served.folder.path()).unwrap().count(), 1);
}

#[test]
fn clients_that_never_read_are_let_go_while_others_are_served() {
    let served = Served::with(Duration::from_secs(5));
    let mut page = served.socket();
    let deaf: Vec<_> = (1..SOCKETS).map(|_| served.socket()).collect();
    assert!(deaf.iter().all(|socket| socket.status == 101));
    assert_eq!(served.socket().status, 503);
    // More than what the system takes for a client that doesn't.
    let facts = format!("GET {}facts HTTP/1.1\r\n{}\r\n", served.base, served.host()).repeat(300);
    let stuck: Vec<_> = (0..MOST)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
            stream.write_all(facts.as_bytes()).unwrap();
            stream
        })
        .collect();
    assert!(!served.has_room());
    let began = Instant::now();
    for version in 2.. {
        page.say(&exposure(f64::from(version % 100) / 100.0));
        page.wait("state", |m| m["version"] == version);
        if served.has_room() && served.socket().status == 101 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "they are still there");
    }
    drop((deaf, stuck));
}

#[test]
fn snapshots_are_bounded_and_floods_of_comparisons_leave_the_engine_running() {
    let served = Served::new();
    let mut page = served.socket();
    for _ in 0..60 {
        page.say(r#"{"do":"snapshot","change":{"how":"keep","name":null}}"#);
    }
    page.wait("refused", |m| m["message"].as_str().unwrap().contains("snapshots"));
    for i in 0..300 {
        page.say(
            &json!({ "do": "compare", "sides": [1 + i % 40, null], "at": f64::from(i) * 1e300 }).to_string(),
        );
        if i % 10 == 0 {
            page.say(r#"{"do":"gallery"}"#);
        }
    }
    page.say(r#"{"do":"compare","sides":[2,null],"at":1e308}"#);
    let keys = page.wait("compare", |m| m["at"] == 1e308)["keys"].clone();
    let ended = |m: &Value| m["made"].as_array().unwrap().iter().any(|made| made["key"] == keys[0]);
    let made = page.wait("strips", ended);
    assert!(made["made"].as_array().unwrap().len() < 200);
    page.say(r#"{"do":"compare","sides":null,"at":0}"#);
    page.say(&exposure(0.25));
    page.wait("pictures", |m| begins_with(m, 2));
}
