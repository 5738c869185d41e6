//! One sampler a file, and the table of them.

mod ddim;
mod euler;
mod lcm;

pub use ddim::Ddim;
pub use euler::Euler;
pub use lcm::Lcm;

use super::sampler::Sampler;

/// All samplers.
pub static SAMPLERS: [&dyn Sampler; 3] = [&Euler, &Ddim, &Lcm];

/// The sampler for diffusers' class `name`.
pub fn of_class(name: &str) -> Option<&'static dyn Sampler> {
    SAMPLERS.into_iter().find(|sampler| sampler.class() == name)
}
