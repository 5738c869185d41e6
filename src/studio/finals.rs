//! The queue of finals: what is ordered, how far each is, and the finished files.
//!
//! The engine's thread makes one at a time, in the order in which they came; what is paused waits until it is resumed, and its finished
//! windows are kept. Everything that pages are told is the newest list.

use super::locked::locked;
use super::media::Media;
use super::order::RenderOrder;
use super::production::{RenderStatus, produced};
use crate::error::{Error, Result};
use crate::render::Watch;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// Finals that are not finished, at most.
const MOST: usize = 32;
/// Finals that have ended and are still listed.
const ENDED: usize = 16;

/// A final as a page sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Final {
    /// Under which number it was ordered, from 1.
    pub number: u64,
    /// Its file's name.
    pub name: String,
    /// Tier and size.
    pub about: String,
    /// How far it is.
    pub status: RenderStatus,
}

/// What pages are told.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Told {
    /// The final that is being made, or whose stand changed last.
    #[serde(rename = "final")]
    pub newest: RenderStatus,
    /// All of them, in the order in which they are made.
    pub finals: Vec<Final>,
}

#[derive(Debug)]
struct Entry {
    shown: Final,
    order: RenderOrder,
    /// What becomes of it once it has stopped.
    then: Option<RenderStatus>,
    file: Option<Arc<Media>>,
}

impl Entry {
    /// Whether it is still to be made.
    fn is_open(&self) -> bool {
        use RenderStatus::{Paused, Running, Waiting};
        matches!(self.shown.status, Waiting | Running { .. } | Paused)
    }
}

#[derive(Debug, Default)]
struct List {
    ordered: u64,
    newest: u64,
    entries: Vec<Entry>,
}

impl List {
    fn entry(&mut self, number: u64) -> Result<&mut Entry> {
        self.newest = number;
        let found = self.entries.iter_mut().find(|entry| entry.shown.number == number);
        found.ok_or_else(|| Error::usage("there is no such final any more"))
    }

    fn told(&self) -> Told {
        let status = |entry: &Entry| entry.shown.status.clone();
        let running = self.entries.iter().find(|e| matches!(e.shown.status, RenderStatus::Running { .. }));
        let newest = running.or_else(|| self.entries.iter().find(|e| e.shown.number == self.newest));
        let finals = self.entries.iter().map(|entry| entry.shown.clone()).collect();
        Told { newest: newest.map_or(RenderStatus::Idle, status), finals }
    }
}

/// The finals of a session.
#[derive(Debug, Default)]
pub struct Finals {
    list: Mutex<List>,
    told: watch::Sender<Told>,
    stop: AtomicBool,
}

impl Finals {
    /// The newest list, and those to come.
    pub fn told(&self) -> watch::Receiver<Told> {
        self.told.subscribe()
    }

    /// Puts `order` behind all others.
    ///
    /// # Errors
    /// Usage: there are too many, or one goes to the same place.
    pub fn order(&self, order: RenderOrder) -> Result<()> {
        self.add(order, RenderStatus::Waiting)
    }

    fn add(&self, order: RenderOrder, status: RenderStatus) -> Result<()> {
        self.change(|list| {
            let there = |entry: &Entry| entry.order.output == order.output;
            if list.entries.iter().any(|entry| entry.is_open() && there(entry)) {
                return Err(Error::usage(format!("{} is being rendered", name_of(&order)))
                    .hint("wait for it, cancel it, or choose another name"));
            }
            if list.entries.iter().filter(|entry| entry.is_open()).count() >= MOST {
                return Err(
                    Error::usage(format!("{MOST} finals are waiting")).hint("wait for the first ones")
                );
            }
            list.entries.retain(|entry| entry.is_open() || !there(entry));
            list.ordered += 1;
            list.newest = list.ordered;
            let (name, about) = (name_of(&order), format!("{} {}", order.tier, order.size));
            let shown = Final { number: list.ordered, name, about, status };
            list.entries.push(Entry { shown, order, then: None, file: None });
            Ok(())
        })
    }

    /// Puts an order of an earlier session behind all others, to be resumed.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub fn restore(&self, order: RenderOrder) -> Result<()> {
        self.add(order, RenderStatus::Paused)
    }

    /// What isn't finished.
    pub fn open(&self) -> Vec<RenderOrder> {
        let list = locked(&self.list);
        list.entries.iter().filter(|entry| entry.is_open()).map(|entry| entry.order.clone()).collect()
    }

    /// The first final that waits; it is being made from now on.
    pub fn next(&self) -> Option<(u64, RenderOrder)> {
        self.stop.store(false, Ordering::Relaxed);
        let first = |list: &mut List| {
            let entry = list.entries.iter_mut().find(|e| e.shown.status == RenderStatus::Waiting);
            let entry = entry.ok_or_else(|| Error::internal("nothing waits"))?;
            entry.shown.status = RenderStatus::starting();
            Ok((entry.shown.number, entry.order.clone()))
        };
        self.is_waited_for().then(|| self.change(first).ok()).flatten()
    }

    /// Whether a final is to be made.
    pub fn is_waited_for(&self) -> bool {
        locked(&self.list).entries.iter().any(|entry| entry.shown.status == RenderStatus::Waiting)
    }

    /// Lets `render` make the final of this number.
    pub fn make(&self, number: u64, render: impl FnOnce(Watch) -> Result<PathBuf>) {
        let tell = |how: &mut dyn FnMut(&mut RenderStatus)| {
            // One that was taken off the list meanwhile has nobody to be told.
            drop(self.change(|list| list.entry(number).map(|entry| how(&mut entry.shown.status))));
        };
        let (status, file) = produced(number, &self.stop, &tell, render);
        drop(self.change(|list| {
            let entry = list.entry(number)?;
            let stopped = matches!(status, RenderStatus::Cancelled);
            let then = entry.then.take().filter(|_| stopped);
            (entry.shown.status, entry.file) = (then.unwrap_or(status), file);
            let ended = list.entries.iter().filter(|entry| !entry.is_open()).count();
            let mut many = ended.saturating_sub(ENDED);
            list.entries.retain(|entry| {
                let old = many > 0 && !entry.is_open();
                many -= usize::from(old);
                !old
            });
            Ok(())
        }));
    }

    /// Stops the final of this number with its next step, to be resumed.
    ///
    /// # Errors
    /// Usage: there is none.
    pub fn pause(&self, number: u64) -> Result<()> {
        self.stopped(number, RenderStatus::Paused)
    }

    /// Ends the final of this number with its next step; without a number the one that is being made.
    ///
    /// # Errors
    /// Usage: there is none.
    pub fn cancel(&self, number: Option<u64>) -> Result<()> {
        let running = |list: &List| {
            let found = list.entries.iter().find(|e| matches!(e.shown.status, RenderStatus::Running { .. }));
            found.map(|entry| entry.shown.number)
        };
        let number = number.or_else(|| running(&locked(&self.list)));
        number.map_or(Ok(()), |number| self.stopped(number, RenderStatus::Cancelled))
    }

    /// Goes on with what was paused, cancelled or failed.
    ///
    /// # Errors
    /// Usage: there is none.
    pub fn resume(&self, number: u64) -> Result<()> {
        use RenderStatus::{Cancelled, Failed, Paused};
        self.change(|list| {
            let entry = list.entry(number)?;
            if matches!(entry.shown.status, Paused | Cancelled | Failed { .. }) {
                entry.shown.status = RenderStatus::Waiting;
            }
            Ok(())
        })
    }

    /// Takes a final that isn't being made off the list; its file stays where it is.
    ///
    /// # Errors
    /// Usage: there is none, or it is being made.
    pub fn forget(&self, number: u64) -> Result<()> {
        self.change(|list| {
            if matches!(list.entry(number)?.shown.status, RenderStatus::Running { .. }) {
                return Err(Error::usage("it is being rendered").hint("cancel it first"));
            }
            list.entries.retain(|entry| entry.shown.number != number);
            Ok(())
        })
    }

    /// The finished file of this number.
    pub fn file(&self, number: u64) -> Option<Arc<Media>> {
        let list = locked(&self.list);
        list.entries.iter().find(|entry| entry.shown.number == number)?.file.clone()
    }

    fn stopped(&self, number: u64, then: RenderStatus) -> Result<()> {
        self.change(|list| {
            let entry = list.entry(number)?;
            match entry.shown.status {
                RenderStatus::Running { .. } => {
                    entry.then = Some(then);
                    self.stop.store(true, Ordering::Relaxed);
                }
                RenderStatus::Waiting | RenderStatus::Paused => entry.shown.status = then,
                _ => {}
            }
            Ok(())
        })
    }

    /// Changes the list, and tells of it unless that failed.
    fn change<T>(&self, how: impl FnOnce(&mut List) -> Result<T>) -> Result<T> {
        let mut list = locked(&self.list);
        let done = how(&mut list)?;
        self.told.send_replace(list.told());
        Ok(done)
    }
}

fn name_of(order: &RenderOrder) -> String {
    order.output.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
