//! Costs of a model before it is loaded: multiply-adds and weights, counted from its shape.

use super::info::ModelInfo;
use crate::diffusion::config::{MotionConfig, StageConfig, TextConfig, UnetConfig, VaeConfig, colours};

/// Multiply-adds, by what they are spent on: the two run at different rates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Products {
    /// In convolutions of 3x3.
    pub conv: f64,
    /// In linear layers, 1x1 convolutions and attention.
    pub linear: f64,
}

/// Counts of a network as it is walked through.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    products: Products,
    weights: f64,
}

impl Count {
    /// A 3x3 convolution over `area` pixels.
    fn conv(&mut self, inputs: usize, outputs: usize, area: f64) {
        let weights = 9.0 * inputs as f64 * outputs as f64;
        self.weights += weights + outputs as f64;
        self.products.conv += weights * area;
    }

    /// A linear layer over `rows` tokens.
    fn linear(&mut self, inputs: usize, outputs: usize, rows: f64) {
        let weights = inputs as f64 * outputs as f64;
        self.weights += weights + outputs as f64;
        self.products.linear += weights * rows;
    }

    /// Attention of `rows` tokens of `width` to `keys` others, each with tokens `context` wide to make keys and values of.
    fn attention(&mut self, width: usize, rows: f64, (keys, context, key_rows): (f64, usize, f64)) {
        for _ in 0..2 {
            self.linear(width, width, rows);
            self.linear(context, width, key_rows);
        }
        self.products.linear += 2.0 * rows * keys * width as f64;
    }

    fn resnet(&mut self, inputs: usize, outputs: usize, area: f64) {
        self.conv(inputs, outputs, area);
        self.conv(outputs, outputs, area);
        if inputs != outputs {
            self.linear(inputs, outputs, area);
        }
    }

    /// Gated feed-forward, four times as wide inside.
    fn feed(&mut self, width: usize, rows: f64) {
        self.linear(width, 8 * width, rows);
        self.linear(4 * width, width, rows);
    }
}

/// A UNet over `frames` of `area` latents each.
struct Walk<'a> {
    unet: &'a UnetConfig,
    /// None: frames are by themselves.
    motion: Option<&'a MotionConfig>,
    tokens: f64,
    frames: f64,
    count: Count,
}

impl Walk<'_> {
    /// A layer of stage `i`, `area` latents a frame.
    fn layer(&mut self, i: usize, inputs: usize, area: f64, attends: bool) {
        let stage = &self.unet.stages[i];
        let rows = area * self.frames;
        self.count.resnet(inputs, stage.channels, rows);
        self.count.linear(4 * self.unet.time_width(), stage.channels, 1.0);
        if attends {
            self.spatial(stage, stage.transformer_layers, area);
        }
        if let Some(motion) = self.motion {
            self.temporal(stage.channels, motion.transformer_layers[i], area);
        }
    }

    fn spatial(&mut self, stage: &StageConfig, layers: usize, area: f64) {
        let (c, rows) = (stage.channels, area * self.frames);
        self.count.linear(c, c, 2.0 * rows);
        self.count.weights += (c * c) as f64;
        for _ in 0..layers {
            self.count.attention(c, rows, (area, c, rows));
            self.count.attention(c, rows, (self.tokens, stage.context, self.tokens));
            self.count.feed(c, rows);
        }
    }

    fn temporal(&mut self, c: usize, layers: usize, area: f64) {
        let rows = area * self.frames;
        self.count.linear(c, c, 2.0 * rows);
        self.count.weights += (c * c) as f64;
        for _ in 0..layers {
            (0..2).for_each(|_| self.count.attention(c, rows, (self.frames, c, rows)));
            self.count.feed(c, rows);
        }
    }

    /// The way down and the middle; gives the channels that leave it.
    fn encoder(&mut self, area: f64) -> usize {
        let (stages, last) = (&self.unet.stages, self.unet.stages.len() - 1);
        let at = |i: usize| area / f64::powi(4.0, i as i32);
        self.count.conv(self.unet.in_channels, stages[0].channels, area * self.frames);
        let mut inputs = stages[0].channels;
        for (i, stage) in stages.iter().enumerate() {
            for _ in 0..stage.layers {
                self.layer(i, inputs, at(i), stage.down_attention);
                inputs = stage.channels;
            }
            if i < last {
                self.count.conv(stage.channels, stage.channels, at(i + 1) * self.frames);
            }
        }
        let deepest = &stages[last];
        (0..2).for_each(|_| self.count.resnet(deepest.channels, deepest.channels, at(last) * self.frames));
        self.spatial(deepest, self.unet.mid_transformer_layers, at(last));
        if let Some(layers) = self.motion.and_then(|motion| motion.mid_transformer_layers) {
            self.temporal(deepest.channels, layers, at(last));
        }
        inputs
    }

    /// A ControlNet, without what it makes once a window of its pictures: the way down, the middle, and a layer that leads each out.
    fn control(mut self, area: f64) -> Count {
        self.encoder(area);
        let (mut rows, mut area) = (Vec::new(), area);
        rows.push((self.unet.time_width(), area));
        for (i, stage) in self.unet.stages.iter().enumerate() {
            rows.extend(vec![(stage.channels, area); stage.layers]);
            if i + 1 < self.unet.stages.len() {
                area /= 4.0;
                rows.push((stage.channels, area));
            }
        }
        rows.push((self.unet.deepest().channels, area));
        rows.into_iter().for_each(|(c, area)| self.count.linear(c, c, area * self.frames));
        self.count
    }

    fn whole(mut self, area: f64) -> Count {
        let mut inputs = self.encoder(area);
        let stages = &self.unet.stages;
        let at = |i: usize| area / f64::powi(4.0, i as i32);
        for (i, stage) in stages.iter().enumerate().rev() {
            let finer = stages[i.saturating_sub(1)].channels;
            for j in 0..=stage.layers {
                let skip = if j == stage.layers { finer } else { stage.channels };
                self.layer(i, inputs + skip, at(i), stage.up_attention);
                inputs = stage.channels;
            }
            if i > 0 {
                self.count.conv(stage.channels, stage.channels, at(i - 1) * self.frames);
            }
        }
        self.count.conv(stages[0].channels, self.unet.out_channels, area * self.frames);
        self.count
    }
}

/// The decoder of one picture out of `area` latents.
fn decoder(vae: &VaeConfig, area: f64) -> Count {
    let mut count = Count::default();
    match vae {
        VaeConfig::AutoencoderKl(config) => {
            let deepest = *config.channels.last().unwrap_or(&1);
            count.conv(config.latent_channels, deepest, area);
            (0..2).for_each(|_| count.resnet(deepest, deepest, area));
            if config.mid_attention {
                count.attention(deepest, area, (area, deepest, area));
            }
            let (mut inputs, mut area) = (deepest, area);
            for (i, &channels) in config.channels.iter().enumerate().rev() {
                for _ in 0..=config.layers {
                    count.resnet(inputs, channels, area);
                    inputs = channels;
                }
                if i > 0 {
                    area *= 4.0;
                    count.conv(channels, channels, area);
                }
            }
            count.conv(inputs, 3, area);
        }
        VaeConfig::AutoencoderTiny(config) => {
            let mut area = area;
            let first = config.decoder.first().map_or(1, |(channels, _)| *channels);
            count.conv(config.latent_channels, first, area);
            for (i, &(channels, blocks)) in config.decoder.iter().enumerate() {
                (0..3 * blocks).for_each(|_| count.conv(channels, channels, area));
                if i + 1 < config.decoder.len() {
                    area *= 4.0;
                    count.conv(channels, config.decoder[i + 1].0, area);
                }
            }
            count.conv(config.decoder.last().map_or(1, |(c, _)| *c), colours(config.unfolded), area);
        }
    }
    count
}

fn text_weights(text: &TextConfig) -> f64 {
    let (width, inner) = (text.width as f64, text.inner as f64);
    let embeddings = (text.vocabulary + text.positions) as f64 * width;
    embeddings + text.layers as f64 * (4.0 * width * width + 2.0 * width * inner)
}

impl ModelInfo {
    fn walk<'a>(&'a self, motion: Option<&'a MotionConfig>, frames: usize) -> Walk<'a> {
        let (tokens, count) = (self.text.positions as f64, Count::default());
        Walk { unet: &self.unet, motion, tokens, frames: frames as f64, count }
    }

    fn unet_count(&self, frames: usize, area: f64) -> Count {
        self.walk(Some(&self.motion), frames).whole(area)
    }

    /// Multiply-adds of one pass of a ControlNet over a window of `frames` of `area` latents each.
    pub fn control_products(&self, frames: usize, area: usize) -> Products {
        self.walk(None, frames).control(area as f64).products
    }

    /// Weights of a ControlNet.
    pub fn control_weights(&self) -> f64 {
        self.walk(None, 1).control(1.0).weights
    }

    /// Multiply-adds of one pass of the UNet over a window of `frames` of `area` latents each.
    pub fn pass_products(&self, frames: usize, area: usize) -> Products {
        self.unet_count(frames, area as f64).products
    }

    /// Multiply-adds of decoding one picture out of `area` latents.
    pub fn decode_products(&self, area: usize) -> Products {
        decoder(&self.vae, area as f64).products
    }

    /// Channels of the UNet's finest and deepest stages.
    pub fn widths(&self) -> (usize, usize) {
        (self.unet.time_width(), self.unet.deepest().channels)
    }

    /// Weights of text encoder and UNet with its motion modules, and of the autoencoder.
    pub fn weights(&self) -> (f64, f64) {
        // An autoencoder's two halves are about of one size.
        (self.unet_count(1, 1.0).weights + text_weights(&self.text), 2.0 * decoder(&self.vae, 1.0).weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::model::ModelSpec;
    use crate::weights::{self, find};
    use std::path::Path;

    /// Counted in the files themselves: all but norms, position codes and what few biases the count leaves out.
    #[test]
    fn the_weights_that_are_counted_are_those_of_the_files() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
        let spec = ModelSpec { folder, ..ModelSpec::default() };
        let info = ModelInfo::open(&spec).unwrap();
        let stored = |part: &str| -> f64 {
            let file = weights::open(&find(&spec.folder.join(part)).unwrap()).unwrap();
            file.shapes().values().map(|shape| shape.iter().product::<usize>() as f64).sum()
        };
        let (net, vae) = info.weights();
        let near = |counted: f64, stored: f64| (counted / stored - 1.0).abs() < 0.05;
        let all = stored("unet") + stored("motion_adapter_4step") + stored("text_encoder");
        assert!(near(net, all), "{net} of {all}");
        assert!((0.6..1.7).contains(&(vae / stored("vae"))), "{vae} of {}", stored("vae"));
    }

    /// A ControlNet of Stable Diffusion 1.5 has 361 million weights, of which 1.1 million see the picture and aren't counted.
    #[test]
    fn a_control_net_of_full_size_has_as_many_weights_as_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"{"block_out_channels": [320, 640, 1280, 1280], "cross_attention_dim": 768, "attention_head_dim": 8,
            "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"], "layers_per_block": 2}"#;
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        let unet = UnetConfig::read(&path).unwrap();
        let walk = Walk { unet: &unet, motion: None, tokens: 77.0, frames: 1.0, count: Count::default() };
        let counted = walk.control(1.0).weights;
        assert!((counted / 360.2e6 - 1.0).abs() < 0.03, "{counted}");
    }

    /// A 3x3 convolution of a to b channels takes 9ab multiply-adds a pixel, and twice the pixels take twice as many.
    #[test]
    fn products_grow_with_frames_and_pixels() {
        let mut count = Count::default();
        count.conv(3, 5, 10.0);
        assert_eq!(count.products, Products { conv: 9.0 * 15.0 * 10.0, linear: 0.0 });
        count.attention(4, 2.0, (3.0, 6, 3.0));
        // q and out: 2 · 2 · 4², k and v: 2 · 3 · 6 · 4, logits and values: 2 · 2 · 3 · 4.
        assert_eq!(count.products.linear, 64.0 + 144.0 + 48.0);
    }
}
