//! What an adapter costs whose strength differs from frame to frame, before anything is loaded: counted from its ranks and the shapes of the
//! layers that it changes.

use super::cost::Products;
use super::info::{ModelInfo, Part};
use crate::error::Result;
use crate::weights::Placement;
use crate::weights::adapter::{Adapter, Section};
use candle_core::{DType, Device};

/// A layer's weight \[outputs, inputs, k, k], and how many rows or pixels it is multiplied by in a window.
struct Layer {
    outputs: f64,
    inputs: f64,
    kernel: f64,
    rows: f64,
}

impl ModelInfo {
    /// Multiply-adds that `adapter` adds to one pass of the UNet over a window of `frames` of `area` latents each, where its strength differs
    /// from frame to frame.
    ///
    /// # Errors
    /// Model: the model's weights are missing.
    pub fn moving_products(&self, adapter: &Adapter, frames: usize, area: usize) -> Result<Products> {
        let headers = Placement { dtype: DType::F32, device: Device::Cpu };
        let mut sum = Products::default();
        for (section, part) in [(Section::Unet, Part::Unet), (Section::Motion, Part::Motion)] {
            let weights = self.open_weights(part, &headers)?;
            for (key, shape) in weights.keys() {
                let Some(name) = key.strip_suffix(".weight") else { continue };
                let (Some(&outputs), Some(&inputs)) = (shape.first(), shape.get(1)) else { continue };
                if !adapter.changes_key(section, key) {
                    continue;
                }
                // Prompts are the same in all frames, until what is made of them is not.
                let words = section == Section::Unet
                    && (name.ends_with("attn2.to_k") || name.ends_with("attn2.to_v"));
                let tokens = self.text.positions as f64;
                let rows = match name.contains("time_emb") {
                    true => frames as f64,
                    false if words => frames as f64 * tokens,
                    false => frames as f64 * area as f64 / 4f64.powi(self.stage_of(name) as i32),
                };
                let kernel = shape.get(2..).map_or(1, |sides| sides.iter().product()) as f64;
                let (outputs, inputs) = (outputs as f64, inputs as f64);
                let layer = Layer { outputs, inputs, kernel, rows };
                let own = layer.products(adapter.rank(section, name));
                let again = if words { (frames as f64 - 1.0) * tokens * outputs * inputs } else { 0.0 };
                sum = Products { conv: sum.conv + own.conv, linear: sum.linear + own.linear + again };
            }
        }
        Ok(sum)
    }

    /// The resolution at which a layer works, 0 the finest.
    fn stage_of(&self, layer: &str) -> usize {
        let last = self.unet.stages.len() - 1;
        let number = |rest: &str| rest.split('.').next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
        if let Some(rest) = layer.strip_prefix("down_blocks.") {
            return number(rest).min(last);
        }
        match layer.strip_prefix("up_blocks.") {
            Some(rest) => last.saturating_sub(number(rest)),
            None if layer.starts_with("mid_block.") => last,
            None => 0,
        }
    }
}

impl Layer {
    /// By two factors of this rank, or by the whole difference.
    fn products(&self, rank: Option<usize>) -> Products {
        let Layer { outputs, inputs, kernel, rows } = *self;
        let (wide, narrow) = match rank {
            Some(rank) => (rank as f64 * inputs * kernel * rows, rank as f64 * outputs * rows),
            None => (outputs * inputs * kernel * rows, 0.0),
        };
        match kernel > 1.0 {
            true => Products { conv: wide, linear: narrow },
            false => Products { conv: 0.0, linear: wide + narrow },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::ModelSpec;
    use std::path::Path;

    /// `kohya.safetensors` of the fixtures: ranks 2, 3, 2 and 1 on a query, a key of words, a convolution and a projection, all of the
    /// finest resolution of 8 channels, words 16 wide and 12 long.
    #[test]
    fn what_moves_is_counted_by_its_ranks() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let info =
            ModelInfo::open(&ModelSpec { folder: fixtures.join("kl-mid"), ..ModelSpec::default() }).unwrap();
        let adapter = info.adapter(&fixtures.join("adapters/kohya.safetensors")).unwrap();
        let found = info.moving_products(&adapter, 3, 100).unwrap();
        let rows = 300.0;
        let linear =
            rows * 2.0 * 16.0 + 36.0 * 3.0 * 24.0 + 2.0 * 12.0 * 128.0 + rows * 2.0 * 8.0 + rows * 16.0;
        assert_eq!(found, Products { conv: rows * 2.0 * 72.0, linear });
    }
}
