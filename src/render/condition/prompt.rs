//! Prompts → embeddings: the weights of words, and the way from one prompt to the next.
//!
//! A word of weight w moves each of its token's vectors z to e + w · (z − e), e being the vector that the empty prompt
//! has in that place: 1 changes nothing, 0 takes the word out. (As in ComfyUI, and in compel above 1. The other
//! custom, w · z scaled back to the mean of before, goes wrong where that mean is near 0, as in small encoders.)
//! What is longer than the text encoder can take comes in chunks, which are encoded one by one and stand behind each other; a
//! shorter prompt beside a longer one is filled up with what the empty prompt is, as A1111 does it. Between two prompts every token's vector goes its own way.

use crate::diffusion::Model;
use crate::error::{Context, Error, Result};
use crate::score::{Blend, Emphasis, PromptSpan};
use crate::units::GeneratedFrame;
use candle_core::{Device, Result as TensorResult, Tensor};
use std::collections::HashMap;
use std::ops::Range;

/// Embedded prompts are kept for reuse; a song rarely has more.
const KEPT: usize = 64;

/// Above this cosine an arc is as good as straight, and dividing by its sine is not.
const STRAIGHT: f32 = 0.9995;

/// Which of a span's two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What is asked for.
    Wanted,
    /// What is to be avoided.
    Avoided,
}

/// Turns prompts into embeddings, each text once.
pub struct Embedder<'a> {
    model: &'a Model,
    kept: HashMap<String, Tensor>,
}

impl<'a> Embedder<'a> {
    /// For the text encoder of `model`.
    pub fn new(model: &'a Model) -> Self {
        Embedder { model, kept: HashMap::new() }
    }

    /// The embedding \[1, L, d] of a prompt with weights.
    pub fn embed(&mut self, prompt: &str) -> Result<Tensor> {
        if let Some(known) = self.kept.get(prompt) {
            return Ok(known.clone());
        }
        if self.kept.len() >= KEPT {
            self.kept.clear();
        }
        let emphasis = Emphasis::parse(prompt)?;
        let mut chunks = Vec::new();
        for chunk in self.model.tokenize_chunks(&emphasis.text, &emphasis.breaks)? {
            let mut embedding = self.model.encode_ids(&chunk.ids)?;
            if !emphasis.weights.is_empty() {
                let weight =
                    |place: &Range<usize>| if place.is_empty() { 1.0 } else { emphasis.weight(place) };
                let (empty, _) = self.model.encode_prompt("")?;
                let weights = chunk.places.iter().map(weight).collect();
                embedding = weigh(&embedding, &empty, weights).context(failed)?;
            }
            chunks.push(embedding);
        }
        let embedding = Tensor::cat(&chunks, 1).context(failed)?;
        self.kept.insert(prompt.to_owned(), embedding.clone());
        Ok(embedding)
    }

    /// Whether so many prompts are kept at once, beside the empty one.
    pub fn keeps(&self, prompts: usize) -> bool {
        prompts < KEPT
    }

    /// The embedding of what holds in `frame` of `span`.
    pub fn at(&mut self, span: &PromptSpan, frame: GeneratedFrame, side: Side) -> Result<Tensor> {
        let to = match side {
            Side::Wanted => &span.prompt,
            Side::Avoided => &span.negative,
        };
        let Some((travel, mix)) = span.travel_at(frame) else {
            return self.embed(to);
        };
        let from = match side {
            Side::Wanted => &travel.prompt,
            Side::Avoided => &travel.negative,
        };
        if from == to {
            return self.embed(to);
        }
        let both = vec![self.embed(from)?, self.embed(to)?];
        let both = self.alike(both)?;
        blend(&both[0], &both[1], mix, travel.blend).context(failed)
    }

    /// The same embeddings \[n, L, d], the shorter ones filled up to the longest with what the empty prompt is.
    pub fn alike(&mut self, rows: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let lengths = rows.iter().map(|row| row.dim(1)).collect::<TensorResult<Vec<_>>>().context(failed)?;
        let most = lengths.iter().copied().max().unwrap_or(0);
        if lengths.iter().all(|length| *length == most) {
            return Ok(rows);
        }
        let empty = self.embed("")?;
        rows.iter().map(|row| filled(row, &empty, most).context(failed)).collect()
    }
}

fn failed() -> Error {
    Error::device("prompts can't be blended")
}

/// `row` \[n, L, d] with `empty` \[1, l, d] behind it over and over, until it is `most` long.
fn filled(row: &Tensor, empty: &Tensor, most: usize) -> TensorResult<Tensor> {
    let (rows, length, width) = row.dims3()?;
    let one = empty.dim(1)?;
    let more = (most - length) / one;
    let empty = empty.broadcast_as((rows, one, width))?.contiguous()?;
    Tensor::cat(&[&[row.clone()][..], &vec![empty; more]].concat(), 1)
}

/// e + w · (z − e) for every token of `z` and `empty` \[1, L, d].
fn weigh(z: &Tensor, empty: &Tensor, weights: Vec<f32>) -> TensorResult<Tensor> {
    let count = weights.len();
    let weights = Tensor::from_vec(weights, (1, count, 1), &Device::Cpu)?.to_device(z.device())?;
    empty + (z - empty)?.broadcast_mul(&weights)?
}

/// From `a` to `b` \[1, L, d], `mix` of the way.
fn blend(a: &Tensor, b: &Tensor, mix: f32, how: Blend) -> TensorResult<Tensor> {
    let (_, tokens, width) = a.dims3()?;
    let (from, to) = (a.flatten_all()?.to_vec1::<f32>()?, b.flatten_all()?.to_vec1::<f32>()?);
    let mut out = Vec::with_capacity(from.len());
    for (from, to) in from.chunks_exact(width).zip(to.chunks_exact(width)) {
        let (p, q) = match how {
            Blend::Lerp => (1.0 - mix, mix),
            Blend::Slerp => arc(from, to, mix),
        };
        out.extend(from.iter().zip(to).map(|(x, y)| p * x + q * y));
    }
    Tensor::from_vec(out, (1, tokens, width), &Device::Cpu)?.to_device(a.device())
}

/// How much of each vector: sin((1 − t)ω)/sin ω and sin(tω)/sin ω, ω being the angle between them.
fn arc(a: &[f32], b: &[f32], t: f32) -> (f32, f32) {
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    let cosine = if norms > 0.0 { dot(a, b) / norms } else { 1.0 };
    if cosine.abs() > STRAIGHT {
        return (1.0 - t, t);
    }
    let angle = cosine.acos();
    (((1.0 - t) * angle).sin() / angle.sin(), (t * angle).sin() / angle.sin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[f32]) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap().reshape((1, values.len() / 2, 2)).unwrap()
    }

    fn near(x: &Tensor, expected: &[f32]) {
        let x: Vec<f32> = x.flatten_all().unwrap().to_vec1().unwrap();
        assert!(x.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{x:?} {expected:?}");
    }

    #[test]
    fn an_arc_keeps_the_length_and_a_line_does_not() {
        // The first token turns by a right angle, the second stays as it is.
        let (a, b) = (row(&[2.0, 0.0, 1.0, 1.0]), row(&[0.0, 2.0, 1.0, 1.0]));
        let half = std::f32::consts::SQRT_2;
        near(&blend(&a, &b, 0.5, Blend::Slerp).unwrap(), &[half, half, 1.0, 1.0]);
        near(&blend(&a, &b, 0.5, Blend::Lerp).unwrap(), &[1.0, 1.0, 1.0, 1.0]);
        let third = blend(&a, &b, 1.0 / 3.0, Blend::Slerp).unwrap();
        near(&third, &[3.0f32.sqrt(), 1.0, 1.0, 1.0]);
        for how in [Blend::Slerp, Blend::Lerp] {
            near(&blend(&a, &b, 0.0, how).unwrap(), &[2.0, 0.0, 1.0, 1.0]);
            near(&blend(&a, &b, 1.0, how).unwrap(), &[0.0, 2.0, 1.0, 1.0]);
        }
    }

    #[test]
    fn a_short_prompt_is_filled_up_with_the_empty_one() {
        let (row, empty) = (row(&[1.0, 2.0, 3.0, 4.0]), row(&[7.0, 8.0, 9.0, 9.0]));
        let full = filled(&row, &empty, 6).unwrap();
        assert_eq!(full.dims(), [1, 6, 2]);
        near(&full, &[1.0, 2.0, 3.0, 4.0, 7.0, 8.0, 9.0, 9.0, 7.0, 8.0, 9.0, 9.0]);
        let two = Tensor::cat(&[&row, &row], 0).unwrap();
        near(&filled(&two, &empty, 4).unwrap().get(1).unwrap(), &[1.0, 2.0, 3.0, 4.0, 7.0, 8.0, 9.0, 9.0]);
    }

    #[test]
    fn opposite_and_empty_vectors_have_a_way_too() {
        near(&blend(&row(&[1.0, 0.0]), &row(&[-1.0, 0.0]), 0.25, Blend::Slerp).unwrap(), &[0.5, 0.0]);
        near(&blend(&row(&[0.0, 0.0]), &row(&[1.0, 0.0]), 0.25, Blend::Slerp).unwrap(), &[0.25, 0.0]);
    }

    #[test]
    fn a_weight_of_1_changes_nothing_and_0_takes_the_word_out() {
        let (z, empty) = (row(&[3.0, 1.0, 5.0, 2.0, 1.0, 1.0]), row(&[1.0, 1.0, 1.0, 0.0, 7.0, 7.0]));
        near(&weigh(&z, &empty, vec![1.0, 1.5, 0.0]).unwrap(), &[3.0, 1.0, 7.0, 3.0, 7.0, 7.0]);
    }
}
