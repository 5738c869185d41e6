//! Parts that a UNet is loaded from: the image network's weights, those of the motion modules, and both shapes.

use super::layer::Layer;
use super::motion_module::{MotionModule, MotionShape};
use super::transformer::{SpatialTransformer, TransformerShape};
use crate::diffusion::config::{MotionConfig, NormSpan, StageConfig, UnetConfig};
use crate::error::Result;
use crate::nn::blocks::{Downsample, Resnet, ResnetShape, Upsample};
use crate::nn::cpu::norm::GroupNormSpec;
use crate::weights::Scope;

/// What a UNet, or its encoder half, is loaded from.
#[derive(Clone, Debug)]
pub struct UnetParts<'a> {
    /// The image network's weights.
    pub unet: Scope<'a>,
    /// Its shape.
    pub config: &'a UnetConfig,
    /// The motion modules' weights, named as in diffusers' motion adapter, and their shape; none for single pictures.
    pub motion: Option<(Scope<'a>, &'a MotionConfig)>,
}

impl UnetParts<'_> {
    pub(super) fn down(&self) -> Result<Vec<(Vec<Layer>, Option<Downsample>)>> {
        let stages = &self.config.stages;
        let mut inputs = stages[0].channels;
        let mut down = Vec::new();
        for (i, stage) in stages.iter().enumerate() {
            let place = format!("down_blocks.{i}");
            let mut layers = Vec::new();
            for j in 0..stage.layers {
                layers.push(self.layer((&place, j), (inputs, stage.down_attention), i)?);
                inputs = stage.channels;
            }
            let last = i + 1 == stages.len();
            let half = (!last).then(|| Downsample::centered(&self.unet.at(&place), stage.channels));
            down.push((layers, half.transpose()?));
        }
        Ok(down)
    }

    pub(super) fn middle(&self) -> Result<(Layer, Resnet)> {
        let stage = self.config.deepest();
        let scope = self.unet.at("mid_block");
        let resnet = |i| Resnet::new(&scope.at(format!("resnets.{i}")), self.resnet(stage.channels, stage));
        let shape = self.transformer(stage, self.config.mid_transformer_layers);
        let motion = self.motion.as_ref().and_then(|(weights, config)| {
            let layers = config.mid_transformer_layers?;
            let heads = *config.heads.last().expect("there are heads for every stage");
            let shape = MotionShape { channels: stage.channels, heads, layers };
            Some(MotionModule::new(&weights.at("mid_block.motion_modules.0"), shape, config))
        });
        let transformer = Some(SpatialTransformer::new(&scope.at("attentions.0"), shape)?);
        Ok((Layer { resnet: resnet(0)?, transformer, motion: motion.transpose()? }, resnet(1)?))
    }

    pub(super) fn up(&self) -> Result<Vec<(Vec<Layer>, Option<Upsample>)>> {
        let stages = &self.config.stages;
        let mut inputs = self.config.deepest().channels;
        let mut up = Vec::new();
        for (i, stage) in stages.iter().enumerate().rev() {
            let place = format!("up_blocks.{}", stages.len() - 1 - i);
            let finer = stages[i.saturating_sub(1)].channels;
            let mut layers = Vec::new();
            for j in 0..=stage.layers {
                // The last skip of a stage came in from the finer one.
                let skip = if j == stage.layers { finer } else { stage.channels };
                layers.push(self.layer((&place, j), (inputs + skip, stage.up_attention), i)?);
                inputs = stage.channels;
            }
            let twice = (i > 0).then(|| Upsample::new(&self.unet.at(&place), stage.channels));
            up.push((layers, twice.transpose()?));
        }
        Ok(up)
    }

    /// Layer `j` of the block at `place`, which belongs to stage `i`.
    fn layer(&self, (place, j): (&str, usize), (inputs, attends): (usize, bool), i: usize) -> Result<Layer> {
        let stage = &self.config.stages[i];
        let scope = self.unet.at(place);
        let shape = self.transformer(stage, stage.transformer_layers);
        let transformer =
            attends.then(|| SpatialTransformer::new(&scope.at(format!("attentions.{j}")), shape));
        let motion = self.motion.as_ref().map(|(weights, config)| {
            let (heads, layers) = (config.heads[i], config.transformer_layers[i]);
            let shape = MotionShape { channels: stage.channels, heads, layers };
            MotionModule::new(&weights.at(format!("{place}.motion_modules.{j}")), shape, config)
        });
        Ok(Layer {
            resnet: Resnet::new(&scope.at(format!("resnets.{j}")), self.resnet(inputs, stage))?,
            transformer: transformer.transpose()?,
            motion: motion.transpose()?,
        })
    }

    /// The group norms of resnets and of the way out, with the SiLU that follows them.
    pub(super) fn norm(&self) -> GroupNormSpec {
        let UnetConfig { groups, eps, norm, .. } = *self.config;
        GroupNormSpec { groups, eps, together: norm == NormSpan::Window, silu: true }
    }

    fn resnet(&self, inputs: usize, stage: &StageConfig) -> ResnetShape {
        let time = Some(4 * self.config.time_width());
        ResnetShape { inputs, outputs: stage.channels, time, norm: self.norm() }
    }

    fn transformer(&self, stage: &StageConfig, layers: usize) -> TransformerShape {
        let StageConfig { channels, context, heads, .. } = *stage;
        let together = self.config.norm == NormSpan::Window;
        TransformerShape { channels, context, heads, layers, groups: self.config.groups, together }
    }
}
