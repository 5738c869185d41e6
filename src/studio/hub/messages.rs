//! Messages: what every page is told, as JSON.

use crate::error::Result;
use crate::studio::clips::Told as ToldClip;
use crate::studio::engine::{Expected, News};
use crate::studio::finals::Told;
use crate::studio::outside::OscHeard;
use crate::studio::player::{Played, Player};
use crate::studio::session::Session;
use crate::studio::snapshots::Snapshots;
use axum::extract::ws::Utf8Bytes;
use serde_json::{Value, json};

/// The session and its parts, as a message.
pub fn stated(player: &Player, session: &Session, played: &Played) -> Result<Utf8Bytes> {
    let mut state = player.state(session, &played.timeline)?;
    state["parts"] = played.parts.clone();
    let (name, film) = player.opened.film_text(&session.preset)?;
    state["film"] = json!({ "name": name, "text": film });
    Ok(text(&state))
}

/// News of the engine as a message.
pub fn told(news: &News) -> Utf8Bytes {
    text(&json!({ "type": "pictures", "runs": news.runs, "trouble": news.trouble }))
}

/// The clips that came to an end, as a message.
pub fn ended(clips: &[ToldClip]) -> Utf8Bytes {
    text(&json!({ "type": "strips", "made": clips }))
}

/// The snapshots, as a message.
pub fn kept(snapshots: &Snapshots) -> Utf8Bytes {
    text(&json!({ "type": "snapshots", "list": snapshots.told() }))
}

/// The finals, as a message.
pub fn stood(told: &Told) -> Utf8Bytes {
    text(&json!({ "type": "final", "final": told.newest, "finals": told.finals }))
}

/// What is to be expected of a final, as a message.
pub fn expected(answer: &Expected) -> Option<Utf8Bytes> {
    let (number, answer) = answer.as_ref()?;
    let answer = match answer {
        Ok(expectation) => json!({ "type": "expected", "number": number, "film": expectation }),
        Err(error) => {
            json!({ "type": "expected", "number": number, "message": error.to_string(), "hints": error.hints() })
        }
    };
    Some(text(&answer))
}

/// What came by OSC, as a message.
pub fn heard(heard: &OscHeard) -> Utf8Bytes {
    text(&json!({ "type": "osc", "values": heard.values, "fault": heard.fault }))
}

/// `value` as it is sent.
pub fn text(value: &Value) -> Utf8Bytes {
    value.to_string().into()
}
