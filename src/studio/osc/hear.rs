//! What comes in: values of the look, which are set here, and everything else, which pages learn.
//!
//! However fast somebody sends, it is passed on thirty times a second: the newest value of every address, and of what pages get also the first one,
//! so that a button that was pressed and let go is seen.

use crate::error::Error;
use crate::studio::ask::Ask;
use crate::studio::edit::Edit;
use crate::studio::hub::Hub;
use crate::studio::outside::{OWN, OscHeard};
use rosc::{OscMessage, OscPacket, OscType, decoder};
use std::collections::BTreeMap;
use std::mem::take;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

/// Longest datagram in bytes; a longer one is dropped, since bundles in bundles are read as deep as they go.
const LONGEST: usize = 4096;
/// Longest address.
const LONGEST_ADDRESS: usize = 120;
/// Between two times that values are passed on.
const PAUSE: Duration = Duration::from_millis(33);
/// Datagrams that are read in one pause, and addresses that are told apart; what is more is dropped.
const MOST: (usize, usize) = (512, 64);
/// A movement that rests so long is a step of its own to undo.
const REST: Duration = Duration::from_millis(800);
/// Pages number their own movements below.
const FIRST_GESTURE: u64 = 1 << 50;

/// What came since it was passed on.
#[derive(Debug, Default, PartialEq)]
struct Batch {
    /// Base values, by their parameters.
    base: BTreeMap<String, f32>,
    steps: Vec<Step>,
    others: Vec<(String, f32)>,
}

#[derive(Debug, PartialEq)]
enum Step {
    Undo,
    Redo,
}

impl Batch {
    fn is_empty(&self) -> bool {
        *self == Batch::default()
    }

    /// Takes what a datagram holds; one that isn't OSC holds nothing.
    fn take(&mut self, datagram: &[u8]) {
        let Ok((_, packet)) = decoder::decode_udp(datagram) else { return };
        let mut packets = vec![packet];
        while let Some(packet) = packets.pop() {
            match packet {
                OscPacket::Message(message) => self.message(&message),
                // Their time is now: nothing is scheduled.
                OscPacket::Bundle(bundle) => packets.extend(bundle.content.into_iter().rev()),
            }
        }
    }

    fn message(&mut self, message: &OscMessage) {
        let address = message.addr.as_str();
        let Some(value) = value(&message.args).filter(|_| address.len() <= LONGEST_ADDRESS) else { return };
        match address.strip_prefix(OWN) {
            Some("undo") if value > 0.0 && self.steps.len() < MOST.1 => self.steps.push(Step::Undo),
            Some("redo") if value > 0.0 && self.steps.len() < MOST.1 => self.steps.push(Step::Redo),
            Some("undo" | "redo") => {}
            Some(own) => match own.strip_prefix("base/") {
                Some(param) if self.base.len() < MOST.1 || self.base.contains_key(param) => {
                    self.base.insert(param.to_owned(), value);
                }
                Some(_) => {}
                None => self.other(address, value),
            },
            None => self.other(address, value),
        }
    }

    fn other(&mut self, address: &str, value: f32) {
        let same = |(_, other): &(usize, &(String, f32))| other.0 == address;
        let last = self.others.iter().enumerate().filter(same).nth(1).map(|(index, _)| index);
        match last {
            Some(last) => self.others[last].1 = value,
            None if self.others.len() < 2 * MOST.1 => self.others.push((address.to_owned(), value)),
            None => {}
        }
    }
}

/// The first argument as a number; a message without one is a press.
fn value(args: &[OscType]) -> Option<f32> {
    let value = match args.first() {
        None => 1.0,
        Some(OscType::Float(value)) => *value,
        Some(OscType::Double(value)) => *value as f32,
        Some(OscType::Int(value)) => *value as f32,
        Some(OscType::Long(value)) => *value as f32,
        Some(OscType::Bool(value)) => f32::from(*value),
        Some(_) => return None,
    };
    value.is_finite().then_some(value)
}

/// The movements of values: which edits are undone together.
#[derive(Debug, Default)]
struct Gestures {
    /// Number and last movement, by parameter.
    moving: BTreeMap<String, (u64, Instant)>,
    count: u64,
}

impl Gestures {
    fn number(&mut self, param: &str, now: Instant) -> u64 {
        self.moving.retain(|_, (_, last)| now - *last <= REST);
        let fresh = FIRST_GESTURE + self.count;
        let (number, last) = self.moving.entry(param.to_owned()).or_insert((fresh, now));
        self.count += u64::from(*number == fresh);
        *last = now;
        *number
    }
}

/// Takes what arrives at `socket`, for ever.
pub async fn hear(hub: Arc<Hub>, socket: UdpSocket) {
    // A byte more than is taken shows that there was more.
    let mut datagram = vec![0; LONGEST + 1];
    let (mut batch, mut gestures) = (Batch::default(), Gestures::default());
    let (mut read, mut due) = (0, Instant::now());
    loop {
        tokio::select! {
            // What comes after a pause goes on at once.
            () = sleep_until(due), if read > 0 => {
                if !batch.is_empty() {
                    pass_on(&hub, take(&mut batch), &mut gestures);
                }
                (read, due) = (0, Instant::now() + PAUSE);
            }
            // An error is about somebody else: that nobody listens where nothing is sent to.
            received = socket.recv(&mut datagram), if read < MOST.0 => {
                read += 1;
                if let Ok(length) = received && length <= LONGEST {
                    batch.take(&datagram[..length]);
                }
            }
        }
    }
}

fn pass_on(hub: &Hub, batch: Batch, gestures: &mut Gestures) {
    let now = Instant::now();
    let mut fault: Option<Error> = None;
    let mut ask = |ask: Ask| fault = hub.answer(&ask).err().or(fault.take());
    for (param, value) in batch.base {
        let gesture = Some(gestures.number(&param, now));
        let change = Edit::Base { param, value: Some(f64::from(value)) };
        ask(Ask::Edit { change, gesture });
    }
    for step in batch.steps {
        ask(match step {
            Step::Undo => Ask::Undo,
            Step::Redo => Ask::Redo,
        });
    }
    let fault = fault.map(|error| {
        std::iter::once(error.to_string())
            .chain(error.hints().iter().map(ToString::to_string))
            .collect::<Vec<_>>()
            .join("; ")
    });
    let heard = OscHeard { values: batch.others, fault };
    if heard != OscHeard::default() {
        hub.tell_osc(&heard);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rosc::{OscBundle, OscTime, encoder};

    fn message(addr: &str, args: Vec<OscType>) -> OscPacket {
        OscPacket::Message(OscMessage { addr: addr.to_owned(), args })
    }

    fn after(packets: &[OscPacket]) -> Batch {
        let mut batch = Batch::default();
        packets.iter().for_each(|packet| batch.take(&encoder::encode(packet).unwrap()));
        batch
    }

    #[test]
    fn the_newest_value_counts_and_a_press_is_seen() {
        let float = |addr: &str, value: f32| message(addr, vec![OscType::Float(value)]);
        let content = vec![
            float("/beatbolt/base/glow", 0.5),
            float("/1/push", 1.0),
            float("/1/push", 0.5),
            float("/1/push", 0.0),
        ];
        let bundle = OscPacket::Bundle(OscBundle { timetag: OscTime { seconds: 0, fractional: 1 }, content });
        let batch = after(&[
            float("/beatbolt/base/glow", 0.25),
            bundle,
            message("/beatbolt/base/lora.smoke", vec![OscType::Int(1)]),
            message("/beatbolt/undo", vec![]),
            float("/beatbolt/undo", 0.0),
            message("/beatbolt/redo", vec![OscType::Bool(true)]),
            message("/beatbolt/play", vec![OscType::Double(1.0)]),
        ]);
        assert_eq!(batch.base, BTreeMap::from([("glow".to_owned(), 0.5), ("lora.smoke".to_owned(), 1.0)]));
        assert_eq!(batch.steps, [Step::Undo, Step::Redo]);
        let others: Vec<_> = batch.others.iter().map(|(address, value)| (address.as_str(), *value)).collect();
        assert_eq!(others, [("/1/push", 1.0), ("/1/push", 0.0), ("/beatbolt/play", 1.0)]);
    }

    #[test]
    fn what_means_nothing_is_dropped_and_a_flood_is_bounded() {
        let mut batch = after(&[
            message("/fader", vec![OscType::Float(f32::NAN)]),
            message("/fader", vec![OscType::String("loud".into())]),
            message(&format!("/{}", "a".repeat(LONGEST_ADDRESS)), vec![]),
        ]);
        for datagram in [&b""[..], b"/fader", b"#bundle\0", b"\xff\xff\xff\xff", b"/a\0\0,f\0\0\0\0"] {
            batch.take(datagram);
        }
        assert!(batch.is_empty());
        let many: Vec<_> = (0..1000)
            .flat_map(|i| {
                [
                    message(&format!("/beatbolt/base/{i}"), vec![]),
                    message(&format!("/{i}"), vec![]),
                    message("/beatbolt/undo", vec![]),
                ]
            })
            .collect();
        let batch = after(&many);
        assert_eq!((batch.base.len(), batch.steps.len(), batch.others.len()), (MOST.1, MOST.1, 2 * MOST.1));
    }

    #[test]
    fn a_movement_is_one_step_until_it_rests() {
        let mut gestures = Gestures::default();
        let began = Instant::now();
        let mut at =
            |param: &str, ms: u64| gestures.number(param, began + Duration::from_millis(ms)) - FIRST_GESTURE;
        assert_eq!([at("glow", 0), at("hue", 10), at("glow", 700), at("glow", 1400)], [0, 1, 0, 0]);
        assert_eq!([at("glow", 2300), at("hue", 2300)], [2, 3]);
    }
}
