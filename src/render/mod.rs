//! The only place where score, diffusion and video meet.
//!
//! A [`Job`] says what is to be made, and `plan.rs` cuts it into takes and windows. One step makes a window out of what
//! the window before has left, its [`TakeState`]; [`Render`] iterates over it, [`Live`] takes single ones. [`run`] puts
//! the stages behind it (latents → pictures → finish → file) on threads.
//!
//! **Invariant:** a window depends on its job, its take and nothing else: not on the clock, on the order of
//! work, or on whether it was rendered before the process was killed or after. Nor on which part of the track is
//! rendered, if that part begins with the take: the timeline is always that of the whole track.

mod bars;
mod batch;
mod between;
mod camera;
mod condition;
mod control;
mod drift;
mod easel;
mod estimate;
mod finish;
#[cfg(test)]
pub(crate) mod fixture;
mod generate;
mod init;
mod job;
mod layer;
mod live;
mod networks;
mod pictures;
mod plan;
pub mod rate;
mod screen;
mod source;
mod stages;
mod take;
mod upscale;
mod work;

pub use batch::Render;
pub use control::{Control, Followed};
pub use easel::Easel;
pub use estimate::{Beside, Estimate, Tried, estimate, needed_card_memory, needed_memory};
pub use generate::{Generator, Rendered};
pub use init::{Init, Inits, drawn};
pub use job::{Job, Settings, generated_size, hash_file, hash_timeline};
pub use layer::{Layers, Painter};
pub use live::{Live, LiveState};
pub use networks::{NetworkFiles, Networks};
pub use plan::{Window, WindowShape, plan};
pub use source::paints;
pub use stages::{Summary, Watch, Worked, encode_take, join, keep_takes, run};
pub use take::{LatentShape, TakeState};
pub use work::{Claim, Film, FilmTake, Holder, TakeStatus, WorkFolder, status};
