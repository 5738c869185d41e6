//! The interpolator: pictures in, the pictures between them out.

use super::own::{self, Own};
use super::rife::{self, Rife};
use crate::error::{Context, Error, Result};
use candle_core::Tensor;

/// A loaded network that makes pictures between pictures. It computes on the CPU.
#[derive(Debug)]
pub struct Interpolator(Net);

#[derive(Debug)]
enum Net {
    Own(Box<Own>),
    Rife(Box<Rife>),
}

/// A picture, and what the network sees of it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its height and width.
    size: (usize, usize),
    look: Look,
}

#[derive(Clone, Debug)]
enum Look {
    Own(own::Look),
    Rife(rife::Look),
}

impl Interpolator {
    /// The network that comes with the program.
    ///
    /// # Errors
    /// Model: the program is damaged. Device: there is no room.
    pub fn shipped() -> Result<Self> {
        Own::shipped().map(|own| Interpolator(Net::Own(Box::new(own))))
    }

    pub(super) fn of(rife: Rife) -> Self {
        Interpolator(Net::Rife(Box::new(rife)))
    }

    /// The same that sees pictures of more pixels at a fraction of their size.
    #[cfg(test)]
    pub(super) fn seeing(self, most: usize) -> Self {
        Interpolator(match self.0 {
            Net::Own(own) => Net::Own(Box::new(own.seeing(most))),
            Net::Rife(rife) => Net::Rife(Box::new(rife.seeing(most))),
        })
    }

    /// Looks at `picture` \[1, 3, h, w], f32 in −1..=1 on the CPU.
    ///
    /// # Errors
    /// Device: there is no room.
    pub fn look(&self, picture: &Tensor) -> Result<Seen> {
        let look = || {
            let (_, _, h, w) = picture.dims4()?;
            let look = match &self.0 {
                Net::Own(own) => Look::Own(own.look(picture)?),
                Net::Rife(rife) => Look::Rife(rife.look(picture)?),
            };
            candle_core::Result::Ok(Seen { size: (h, w), look })
        };
        look().context(failed)
    }

    /// The picture \[1, 3, h, w] at `time` between two of one size, above 0 and below 1. Values may be a little outside of −1..=1.
    ///
    /// # Errors
    /// Device: there is no room. Internal: the pictures have different sizes, or another network looked at them.
    pub fn between(&self, first: &Seen, second: &Seen, time: f32) -> Result<Tensor> {
        if first.size != second.size {
            return Err(Error::internal("pictures of two sizes have nothing between them"));
        }
        match (&self.0, &first.look, &second.look) {
            (Net::Own(own), Look::Own(a), Look::Own(b)) => own.between(a, b, time).context(failed),
            (Net::Rife(rife), Look::Rife(a), Look::Rife(b)) => {
                rife.between([a, b], time, first.size).context(failed)
            }
            _ => Err(Error::internal("another network looked at the pictures")),
        }
    }
}

fn failed() -> Error {
    Error::device("interpolation failed").hint("a smaller --generate or --size needs less memory")
}
