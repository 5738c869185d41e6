//! Upscaling of decoded pictures: from the size at which the model makes them to the video's, before anything is done to them.

use super::pictures::{to_frames, to_pictures};
use crate::error::Result;
use crate::units::Size;
use crate::upscale::Upscaler;
use crate::video::Frame;
use candle_core::Device;

/// `pictures` of one size at the size `to`, enlarged by the network; those that aren't there stay so.
pub(super) fn enlarged(
    pictures: Vec<Option<Frame>>,
    upscaler: &Upscaler,
    to: Size,
) -> Result<Vec<Option<Frame>>> {
    let there: Vec<bool> = pictures.iter().map(Option::is_some).collect();
    let small: Vec<Frame> = pictures.into_iter().flatten().collect();
    let mut large = Vec::with_capacity(small.len());
    for few in small.chunks(upscaler.together()) {
        large.extend(to_frames(&upscaler.enlarge(&to_pictures(few, &Device::Cpu)?, to)?)?);
    }
    let mut large = large.into_iter();
    Ok(there.into_iter().map(|there| if there { large.next() } else { None }).collect())
}
