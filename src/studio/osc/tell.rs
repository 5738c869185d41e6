//! What goes out: beats, bars, sections and drums when they sound, and every value of the look when it changes.

use crate::audio::Analysis;
use crate::studio::hub::Hub;
use crate::studio::outside::{OWN, Shown};
use crate::units::{GeneratedFrame, Seconds};
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType, encoder};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often is looked where the playhead is, while it moves.
const LOOK: Duration = Duration::from_millis(10);
/// Who goes so far at once has jumped, in seconds: what lies between doesn't sound.
const JUMP: f64 = 0.5;
/// Messages that go out in one datagram.
const TOGETHER: usize = 32;
/// At once, as a bundle says it.
const NOW: OscTime = OscTime { seconds: 0, fractional: 1 };

/// Something that sounds at a time of the track, in seconds.
#[derive(Debug, PartialEq)]
struct Event {
    at: f64,
    name: &'static str,
    value: OscType,
    /// It holds until the next one.
    lasts: bool,
}

fn events(analysis: &Analysis) -> Vec<Event> {
    let drums =
        [("kick", &analysis.drums.kick), ("snare", &analysis.drums.snare), ("hat", &analysis.drums.hat)];
    let bars = || analysis.downbeats.iter().map(|bar| bar.0);
    let in_bar = |(index, beat): (usize, f64)| {
        let first = bars().rev().find(|bar| *bar <= beat).unwrap_or(f64::NEG_INFINITY);
        let before = analysis.beats[..index].iter().rev().take_while(|other| other.0 >= first).count();
        (beat, OscType::Int(before as i32 + 1))
    };
    let event = |name, lasts| move |(at, value)| Event { at, name, value, lasts };
    let mut events: Vec<Event> =
        analysis.beats.iter().map(|beat| beat.0).enumerate().map(in_bar).map(event("beat", false)).collect();
    events.extend((1..).zip(bars()).map(|(number, at)| (at, OscType::Int(number))).map(event("bar", true)));
    let sections =
        analysis.sections.iter().map(|section| (section.start.0, OscType::String(section.label.clone())));
    events.extend(sections.map(event("section", true)));
    for (name, hits) in drums {
        events.extend(
            hits.iter().map(|hit| (hit.time.0, OscType::Float(hit.strength))).map(event(name, false)),
        );
    }
    events.sort_by(|a, b| a.at.total_cmp(&b.at));
    events
}

/// What was told last.
#[derive(Default)]
struct Told {
    events: Vec<Event>,
    playing: Option<bool>,
    time: Option<f64>,
    frame: Option<GeneratedFrame>,
    values: BTreeMap<String, f32>,
}

impl Told {
    /// From now on it is about another state.
    fn renew(&mut self, analysis: &Analysis) {
        (self.events, self.frame) = (events(analysis), None);
    }

    /// What is to be told at `time`.
    fn news(&mut self, shown: &Shown, playing: bool, time: f64) -> Vec<OscMessage> {
        let mut news = Vec::new();
        let mut say = |name: &str, value: OscType| {
            news.push(OscMessage { addr: format!("{OWN}{name}"), args: vec![value] })
        };
        if self.playing.replace(playing) != Some(playing) {
            say("play", OscType::Int(playing.into()));
        }
        let last = self.time.replace(time).filter(|last| (*last..last + JUMP).contains(&time));
        let behind = |event: &&Event| event.at <= time;
        match last {
            Some(last) => {
                let sounding = self.events.iter().skip_while(|event| event.at <= last).take_while(behind);
                sounding.for_each(|event| say(event.name, event.value.clone()));
            }
            // What holds where somebody jumped to.
            None => {
                let holding: BTreeMap<_, _> = self
                    .events
                    .iter()
                    .take_while(behind)
                    .filter(|event| event.lasts)
                    .map(|event| (event.name, event))
                    .collect();
                holding.into_iter().for_each(|(name, event)| say(name, event.value.clone()));
            }
        }
        let timeline = shown.live.timeline();
        let frame = GeneratedFrame(timeline.fps.frame_at(Seconds(time))).min(timeline.end().before(1));
        if self.frame.replace(frame) == Some(frame) {
            return news;
        }
        say("time", OscType::Float(time as f32));
        let now = timeline
            .curves
            .iter()
            .map(|(param, _)| (format!("now/{}", param.name), timeline.value(&param, frame)));
        let base = shown.base.iter().map(|(name, value)| (format!("base/{name}"), *value as f32));
        for (name, value) in now.chain(base) {
            if self.values.get(&name) != Some(&value) {
                say(&name, OscType::Float(value));
                self.values.insert(name, value);
            }
        }
        news
    }
}

/// Sends to whom `socket` is connected with, for ever.
pub async fn tell(hub: Arc<Hub>, socket: UdpSocket) {
    let (mut states, mut playhead) = (hub.states(), hub.playhead());
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut told = Told::default();
    let mut shown: Option<Shown> = None;
    states.mark_changed();
    loop {
        let playing = playhead.borrow().playing;
        tokio::select! {
            changed = states.changed() => {
                if changed.is_err() {
                    return;
                }
                // What can't be played isn't shown: what was before goes on.
                if let Ok(new) = hub.shown() {
                    told.renew(&new.analysis);
                    shown = Some(new);
                }
            }
            changed = playhead.changed() => if changed.is_err() {
                return;
            },
            _ = look.tick(), if playing => {}
        }
        let Some(shown) = &shown else { continue };
        let seen = *playhead.borrow_and_update();
        for messages in told.news(shown, seen.playing, seen.at(Instant::now())).chunks(TOGETHER) {
            let content = messages.iter().cloned().map(OscPacket::Message).collect();
            let bundle = OscPacket::Bundle(OscBundle { timetag: NOW, content });
            if let Ok(bytes) = encoder::encode(&bundle) {
                // Where nobody listens, nothing is lost.
                drop(socket.send(&bytes).await);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::small_settings;
    use crate::render::{Easel, Live};
    use crate::score::fixture;
    use crate::studio::player::tests::{player, session};

    fn shown() -> Shown {
        let played = player().play(&session().preset).unwrap();
        let live = Arc::new(Live::new(&small_settings(2), played.timeline, played.layers, &Easel::default()));
        Shown { live, analysis: Arc::new(fixture(16.0)), base: vec![("glow".into(), 0.5)] }
    }

    /// What is told but for values and times.
    fn said(news: Vec<OscMessage>) -> Vec<String> {
        let said = |m: OscMessage| {
            format!(
                "{} {}",
                m.addr.trim_start_matches(OWN),
                m.args[0].clone().int().map_or_else(|| "-".into(), |n| n.to_string())
            )
        };
        news.into_iter()
            .filter(|m| !m.addr.contains("now/") && !m.addr.contains("base/") && !m.addr.ends_with("time"))
            .map(said)
            .collect()
    }

    #[test]
    fn beats_are_told_when_they_sound_and_not_when_somebody_jumps_over_them() {
        let shown = shown();
        let mut told = Told::default();
        told.renew(&shown.analysis);
        // The fixture's beats lie half a second apart from the first sample on, four to a bar.
        assert_eq!(said(told.news(&shown, false, 0.0)), ["play 0", "bar 1", "section -"]);
        assert_eq!(said(told.news(&shown, true, 0.49)), ["play 1"]);
        let only = |said: Vec<String>, names: &[&str]| -> Vec<String> {
            said.into_iter().filter(|s| names.iter().any(|name| s.starts_with(name))).collect()
        };
        assert_eq!(only(said(told.news(&shown, true, 0.51)), &["beat", "bar"]), ["beat 2"]);
        assert!(only(said(told.news(&shown, true, 0.52)), &["beat", "bar"]).is_empty());
        assert_eq!(only(said(told.news(&shown, true, 5.9)), &["beat", "bar"]), ["bar 3"]);
        assert_eq!(only(said(told.news(&shown, true, 6.1)), &["beat", "bar"]), ["beat 1", "bar 4"]);
        assert_eq!(only(said(told.news(&shown, true, 1.0)), &["beat", "bar"]), ["bar 1"]);
    }

    #[test]
    fn values_are_the_timelines_and_told_once() {
        let shown = shown();
        let mut told = Told::default();
        told.renew(&shown.analysis);
        let first = told.news(&shown, true, 0.0);
        let timeline = shown.live.timeline();
        let zoom = first.iter().find(|m| m.addr == "/beatbolt/now/zoom").unwrap();
        assert_eq!(zoom.args, [OscType::Float(timeline.curves.get(crate::score::ParamId::Zoom)[0])]);
        assert!(first.iter().any(|m| m.addr == "/beatbolt/base/glow" && m.args == [OscType::Float(0.5)]));
        // The same frame has nothing new, nor has one behind the end.
        assert!(told.news(&shown, true, 0.01).iter().all(|m| m.addr.ends_with("beat")));
        told.news(&shown, true, 100.0);
        assert!(told.news(&shown, true, 100.1).iter().all(|m| !m.addr.contains("now/")));
    }
}
