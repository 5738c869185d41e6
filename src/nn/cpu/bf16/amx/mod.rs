//! Products by AMX, the matrix unit of Intel's server processors since 2023.

mod attention;
mod conv;
mod gather;
mod linear;
mod pictures;
mod product;
mod target;
mod tiles;
mod vector;

pub use attention::attend;
pub use conv::convolve;
pub use linear::{feed, linear};
pub use pictures::pictures;
pub use tiles::are_there;

use super::panels::Line;
use std::cell::RefCell;
use tiles::{Sums, Tiles};

/// Memory that a thread works in and keeps from task to task.
#[derive(Default)]
struct Room {
    left: Vec<Line>,
    hidden: Vec<Line>,
    keys: Vec<Line>,
    values: Vec<Line>,
    logits: Vec<Sums>,
}

/// Runs a task with its thread's tiles and room. A task starts no others.
fn in_room(task: impl FnOnce(&Tiles, &mut Room)) {
    thread_local! {
        static ROOM: RefCell<Room> = RefCell::default();
    }
    let tiles = Tiles::of_this_thread().expect("panels are made where tiles are");
    ROOM.with_borrow_mut(|room| task(&tiles, room));
}

/// How many of `count` a task takes, no more than `most` and a multiple of `unit`: as many for each thread, unless this is a thread's own
/// part already.
fn tasks(count: usize, most: usize, unit: usize) -> usize {
    let threads = if rayon::current_thread_index().is_some() { 1 } else { rayon::current_num_threads() };
    let tasks = count.div_ceil(most).next_multiple_of(threads);
    count.div_ceil(tasks).next_multiple_of(unit).min(most).max(1)
}
