//! Rooms: memory that a thread works in and keeps from task to task, and how work is cut into tasks.

use super::super::panels::Line;
use super::tiles::{Sums, Tiles};
use std::cell::RefCell;

/// Memory that a thread works in and keeps from task to task.
#[derive(Default)]
pub struct Room {
    /// Lines.
    pub left: Vec<Line>,
    /// Lines.
    pub hidden: Vec<Line>,
    /// Lines.
    pub keys: Vec<Line>,
    /// Lines.
    pub values: Vec<Line>,
    /// Sums.
    pub logits: Vec<Sums>,
}

/// Runs a task with its thread's tiles and room. A task starts no others.
pub fn in_room(task: impl FnOnce(&Tiles, &mut Room)) {
    thread_local! {
        static ROOM: RefCell<Room> = RefCell::default();
    }
    let tiles = Tiles::of_this_thread().expect("panels are made where tiles are");
    ROOM.with_borrow_mut(|room| task(&tiles, room));
}

/// How many of `count` a task takes, no more than `most` and a multiple of `unit`: as many for each thread, unless this is a thread's own
/// part already.
pub fn tasks(count: usize, most: usize, unit: usize) -> usize {
    let threads = if rayon::current_thread_index().is_some() { 1 } else { rayon::current_num_threads() };
    let tasks = count.div_ceil(most).next_multiple_of(threads);
    count.div_ceil(tasks).next_multiple_of(unit).min(most).max(1)
}

/// `lines` of at least so many, whatever they hold.
pub fn room(lines: &mut Vec<Line>, count: usize) -> &mut [Line] {
    if lines.len() < count {
        lines.resize(count, Line::ZERO);
    }
    &mut lines[..count]
}
