//! Autoencoding in pieces, so that it takes no more memory than there is: some pictures at a time, and, where one alone would be too
//! much, a picture in tiles.
//!
//! The full-size autoencoder's norms and its attention look at all that they see, so tiles of one picture differ a little in light
//! and contrast. They overlap and are faded into each other, as diffusers and ComfyUI do it.

use crate::nn::cpu::tensor;
use crate::nn::tiles::{FADE, Side, lay, tiling};
use candle_core::{DType, Device, Result as TensorResult, Tensor};

/// Latents of a tile at most: a picture of 768x512 is one.
const TILE: usize = 6144;

/// What is worked on at a time.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Pixels at most, beyond a first picture.
    pub pixels: usize,
    /// Latents of a tile at most; none: no picture is cut.
    pub tile: Option<usize>,
}

impl Bounds {
    /// Where there is memory.
    pub const USUAL: Bounds = Bounds { pixels: 1 << 18, tile: None };
    /// The same for the full-size autoencoder, whose layers have as many values of a picture as small ones' of several.
    pub const LARGE: Bounds = Bounds { pixels: 1 << 16, tile: None };
    /// Where it is scarce.
    pub const SCARCE: Bounds = Bounds { pixels: 1 << 14, tile: None };
    /// Where it is scarce, for the full-size autoencoder.
    pub const TILES: Bounds = Bounds { tile: Some(TILE), ..Bounds::SCARCE };

    /// Whether a picture of so many latents (height, width) is cut into tiles.
    pub fn cut(self, latents: (usize, usize)) -> bool {
        self.tiles(latents).is_some()
    }

    /// The rows and columns of tiles into which it is cut; none: it is not.
    fn tiles(self, latents: (usize, usize)) -> Option<[Side; 2]> {
        let sides = tiling(latents, self.tile?, BESIDE);
        sides.iter().any(|side| side.count() > 1).then_some(sides)
    }
}

/// A tile goes on for the width of a fade, and begins anywhere.
const BESIDE: (usize, usize) = (FADE, 1);

/// Runs `f` over images `x` \[n, c, h, w] in pieces. A latent is `from` values along a side of what goes in, and `to` of what comes
/// out.
pub fn in_pieces(
    x: &Tensor,
    (from, to): (usize, usize),
    bounds: Bounds,
    f: impl Fn(&Tensor) -> TensorResult<Tensor>,
) -> TensorResult<Tensor> {
    let (n, _, h, w) = x.dims4()?;
    let latents = (h / from, w / from);
    let pixels = latents.0 * latents.1 * (from * to).pow(2);
    let size = (bounds.pixels / pixels.max(1)).max(1);
    let pieces: TensorResult<Vec<Tensor>> = match &bounds.tiles(latents) {
        Some(sides) => (0..n).map(|i| tiled(&x.narrow(0, i, 1)?, sides, (from, to), &f)).collect(),
        None => (0..n).step_by(size).map(|i| f(&x.narrow(0, i, size.min(n - i))?)).collect(),
    };
    Tensor::cat(&pieces?, 0)
}

/// What `f` makes of one image in tiles.
fn tiled(
    x: &Tensor,
    [rows, columns]: &[Side; 2],
    (from, to): (usize, usize),
    f: impl Fn(&Tensor) -> TensorResult<Tensor>,
) -> TensorResult<Tensor> {
    let (_, _, h, w) = x.dims4()?;
    let (height, width) = (h / from * to, w / from * to);
    let (mut whole, mut channels) = (Vec::new(), 0);
    for (row, column) in (0..rows.count()).flat_map(|row| (0..columns.count()).map(move |c| (row, c))) {
        let (down, across) = (rows.seen(row), columns.seen(column));
        let part = x.narrow(2, from * down.start, from * down.len())?;
        let part = part.narrow(3, from * across.start, from * across.len())?.contiguous()?;
        let made = f(&part)?.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
        channels = made.dim(1)?;
        whole.resize(channels * height * width, 0.0);
        let made = made.flatten_all()?.to_vec1::<f32>()?;
        lay(&mut whole, (height, width), (&made, [(rows, row), (columns, column)]), (to, 0));
    }
    tensor(whole, (1, channels, height, width))?.to_device(x.device())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::config::VaeConfig;
    use crate::diffusion::vae::Vae;
    use crate::nn::cpu::apart;
    use crate::weights::{Placement, Weights, find, keys};
    use std::path::Path;

    const SMALL: Bounds = Bounds { pixels: 1, tile: Some(1600) };

    fn wave(shape: (usize, usize, usize, usize)) -> Tensor {
        let count = shape.0 * shape.1 * shape.2 * shape.3;
        tensor((0..count).map(|i| ((i * i) as f32 * 0.0137).sin()).collect(), shape).unwrap()
    }

    /// Enlarged and averaged, a value depends on itself or its own square alone: tiles give what the whole gives.
    #[test]
    fn what_sees_nothing_beside_itself_doesnt_know_of_tiles() {
        let enlarge = |x: &Tensor| {
            let (_, _, h, w) = x.dims4()?;
            x.upsample_nearest2d(4 * h, 4 * w)
        };
        let x = wave((2, 3, 60, 110));
        assert!(SMALL.cut((60, 110)));
        let far = apart(&in_pieces(&x, (1, 4), SMALL, enlarge).unwrap(), &enlarge(&x).unwrap());
        assert!(far < 1e-6, "{far}");
        let x = wave((2, 3, 240, 440));
        let shrink = |x: &Tensor| x.avg_pool2d(4);
        let far = apart(&in_pieces(&x, (4, 1), SMALL, shrink).unwrap(), &shrink(&x).unwrap());
        assert!(far < 1e-6, "{far}");
    }

    #[test]
    fn only_what_is_large_is_cut_and_pictures_come_in_order() {
        assert!(
            !Bounds::TILES.cut((64, 96)) && Bounds::TILES.cut((72, 128)) && !Bounds::SCARCE.cut((200, 200))
        );
        let x = wave((5, 1, 4, 4));
        for pixels in [1, 40, 1 << 20] {
            let same = in_pieces(&x, (1, 1), Bounds { pixels, tile: None }, |x| Ok(x.clone())).unwrap();
            assert_eq!(apart(&same, &x), 0.0);
        }
    }

    /// The step from pixel to pixel across the borders of tiles isn't larger than elsewhere, in pictures of a network with norms and
    /// attention.
    #[test]
    fn no_seam_is_seen_where_tiles_meet() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kl-mid/vae");
        let config = VaeConfig::read(&folder.join("config.json")).unwrap();
        let placement = Placement { dtype: DType::F32, device: Device::Cpu };
        let file = Weights::open(&find(&folder).unwrap(), &placement, keys::vae).unwrap();
        let vae = Vae::new(&file, &config).unwrap();
        let factor = config.downscale();
        let (h, w) = (40, 100);
        let smooth =
            (0..4 * h * w).map(|i| ((i % w) as f32 * 0.11).sin() + ((i / w % h) as f32 * 0.17).cos());
        let x = tensor(smooth.collect(), (1, 4, h, w)).unwrap();
        let tiles = Bounds { pixels: 1, tile: Some(2600) };
        let [_, columns] = tiling((h, w), 2600, BESIDE);
        assert_eq!(columns.count(), 2);
        let made = in_pieces(&x, (1, factor), tiles, |x| vae.decode(x)).unwrap();
        let whole = vae.decode(&x).unwrap();
        let steps = |made: &Tensor| {
            let w = w * factor;
            let values = made.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let step = |x: usize| -> f32 {
                values.chunks_exact(w).map(|line| (line[x + 1] - line[x]).abs()).fold(0.0, f32::max)
            };
            (0..w - 1).map(step).collect::<Vec<_>>()
        };
        let (tiled, plain) = (steps(&made), steps(&whole));
        let most = |steps: &[f32]| steps.iter().copied().fold(0.0, f32::max);
        let fade = (w / 2 - FADE) * factor..(w / 2 + FADE) * factor;
        assert!(most(&tiled[fade.clone()]) <= 1.05 * most(&plain), "{} {}", most(&tiled[fade]), most(&plain));
    }
}
