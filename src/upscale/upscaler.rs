//! Upscalers: pictures in, larger pictures out, exactly of the size that is wanted.

use super::network::Network;
use super::reflect::{EDGE, reflected};
use super::resize::resized;
use crate::error::{Context, Error, Result};
use crate::nn::cpu::{abreast, tensor, threads};
use crate::nn::tiles::{FADE, Side, lay, tiling};
use crate::units::Size;
use crate::weights::keys::upscaler::UpscalerNet;
use crate::weights::{Placement, Scope};
use candle_core::{DType, Device, Result as TensorResult, Tensor};

/// Pixels of a tile: a picture of 512x512 with its edges is one.
const MOST: usize = 300_000;
/// What a network that sees further than is affordable sees beside what is shown of a tile.
const FAR: usize = 24;
/// Bytes that tiles which are worked on at the same time may take.
const ROOM: usize = 2 << 30;

/// Bytes of a tile's pixels in all layers that stand at once, and how many tiles are worked on at the same time.
fn costs(net: UpscalerNet) -> (usize, usize) {
    let channels = match net {
        UpscalerNet::Compact { width, .. } => 3 * width,
        UpscalerNet::Rrdb { width, growth, .. } => 4 * width + 8 * growth,
    };
    (4 * channels, threads().min(ROOM / (4 * channels * MOST)).max(1))
}

/// Bytes that enlarging pictures of so many pixels takes on a CPU, about.
pub(super) fn room(net: UpscalerNet, pixels: usize) -> f64 {
    let (bytes, abreast) = costs(net);
    let large = 3 * 4 * 3 * net.scale() * net.scale();
    (abreast * (bytes * pixels.min(MOST) + large * pixels)) as f64
}

/// A loaded network that makes pictures larger.
#[derive(Debug)]
pub struct Upscaler {
    net: Network,
    scale: usize,
    /// Overlap of tiles, and what their sides are multiples of.
    beside: (usize, usize),
    /// Pixels of a tile.
    most: usize,
    /// Tiles that are worked on at the same time.
    abreast: usize,
    placement: Placement,
}

impl Upscaler {
    pub(super) fn new(scope: &Scope<'_>, net: UpscalerNet, placement: Placement) -> Result<Self> {
        let (reach, unit) = match net {
            UpscalerNet::Compact { layers, .. } => (layers + 1, 1),
            UpscalerNet::Rrdb { fold, .. } => (FAR, fold),
        };
        Ok(Upscaler {
            net: Network::new(scope, net)?,
            scale: net.scale(),
            beside: ((reach + FADE).next_multiple_of(unit), unit),
            most: MOST,
            abreast: if placement.device.is_cpu() { costs(net).1 } else { 1 },
            placement,
        })
    }

    /// The same with tiles of so many pixels; what it makes of pictures may differ, of RRDB in more than the last digit.
    pub fn in_tiles_of(self, most: usize) -> Self {
        Upscaler { most, ..self }
    }

    /// The same with no more than two pictures worked on at a time, whatever the number of threads.
    pub fn saving_memory(self) -> Self {
        Upscaler { abreast: self.abreast.min(2), ..self }
    }

    /// Width and height of the network's results, in those of the pictures.
    pub fn scale(&self) -> usize {
        self.scale
    }

    /// How many pictures are best given at a time: as many as are worked on together.
    pub fn together(&self) -> usize {
        self.abreast
    }

    /// `pictures` \[n, 3, h, w] in −1..=1, f32 on the CPU, at exactly the size `out`: enlarged by the network, then brought to the
    /// size, filled and cropped where its shape is another. Values may be a little outside.
    ///
    /// # Errors
    /// Device: the network doesn't fit there.
    pub fn enlarge(&self, pictures: &Tensor, out: Size) -> Result<Tensor> {
        let failed = || {
            Error::device("upscaling failed")
                .hint("a smaller --generate needs less memory, and so does a smaller network")
        };
        self.enlarged(pictures, Some(out)).context(failed)
    }

    /// As [`Self::enlarge`], at the size that the network gives.
    ///
    /// # Errors
    /// As [`Self::enlarge`].
    pub fn enlarge_by_itself(&self, pictures: &Tensor) -> Result<Tensor> {
        self.enlarged(pictures, None).context(|| Error::device("upscaling failed"))
    }

    fn enlarged(&self, pictures: &Tensor, out: Option<Size>) -> TensorResult<Tensor> {
        let (n, _, h, w) = pictures.dims4()?;
        let (_, unit) = self.beside;
        let framed = [h, w].map(|side| (side + 2 * EDGE).next_multiple_of(unit));
        let [rows, columns] = &tiling((framed[0], framed[1]), self.most, self.beside);
        let tiles = rows.count() * columns.count();
        let values = pictures.flatten_all()?.to_vec1::<f32>()?;
        let planes: Vec<&[f32]> = values.chunks_exact(h * w).collect();
        let made = abreast(n * tiles, self.abreast, |job| {
            let (picture, tile) = (job / tiles, job % tiles);
            let (row, column) = (tile / columns.count(), tile % columns.count());
            let seen = (rows.seen(row), columns.seen(column));
            let mut part = Vec::with_capacity(3 * seen.0.len() * seen.1.len());
            for plane in &planes[3 * picture..][..3] {
                for y in seen.0.clone() {
                    let line = &plane[reflected(y as i64 - EDGE as i64, h) * w..][..w];
                    let value = |x: usize| line[reflected(x as i64 - EDGE as i64, w)] / 2.0 + 0.5;
                    part.extend(seen.1.clone().map(value));
                }
            }
            self.tile(tensor(part, (1, 3, seen.0.len(), seen.1.len()))?)
        })?;
        let size = out.unwrap_or(Size { width: (self.scale * w) as u32, height: (self.scale * h) as u32 });
        let whole = abreast(n, self.abreast, |picture| {
            let made = &made[picture * tiles..][..tiles];
            let planes = self.together_again(made, (rows, columns), (h, w));
            let mut planes = resized(planes, (self.scale * h, self.scale * w), size);
            planes.iter_mut().for_each(|value| *value = 2.0 * *value - 1.0);
            Ok(planes)
        })?;
        drop(made);
        tensor(whole.concat(), (n, 3, size.height as usize, size.width as usize))
    }

    /// What the network makes of a tile.
    fn tile(&self, x: Tensor) -> TensorResult<Vec<f32>> {
        let Placement { device, .. } = &self.placement;
        let made = self.net.forward(&x.to_device(device)?.to_dtype(self.placement.tensors())?)?;
        made.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()
    }

    /// A picture without its edges, of what was made of its tiles.
    fn together_again(
        &self,
        made: &[Vec<f32>],
        (rows, columns): (&Side, &Side),
        (h, w): (usize, usize),
    ) -> Vec<f32> {
        let (height, width) = (self.scale * h, self.scale * w);
        let mut whole = vec![0.0f32; 3 * height * width];
        for (tile, made) in made.iter().enumerate() {
            let place = [(rows, tile / columns.count()), (columns, tile % columns.count())];
            lay(&mut whole, (height, width), (made, place), (self.scale, EDGE));
        }
        whole
    }
}
