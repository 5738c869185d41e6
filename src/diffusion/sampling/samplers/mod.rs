//! One sampler a file.

mod ddim;
mod euler;
mod lcm;

pub use ddim::Ddim;
pub use euler::Euler;
pub use lcm::Lcm;
