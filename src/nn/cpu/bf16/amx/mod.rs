//! Products by AMX, the matrix unit of Intel's server processors since 2023.

mod attention;
mod conv;
mod gather;
mod linear;
mod pack;
mod pictures;
mod product;
mod room;
mod target;
mod tiles;
mod vector;

pub use attention::attend;
pub use conv::convolve;
pub use linear::{feed, linear};
pub use pack::pack;
pub use pictures::pictures;
pub use tiles::is_there;
