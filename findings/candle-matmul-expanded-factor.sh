#!/usr/bin/env bash
# candle-core 0.11.1 on the CPU: a transposed batch of matrices times one matrix that was expanded over the batch.
# Expected: matmul honours strides, or refuses them ("matmul is only supported for contiguous tensors" exists).
# Seen: a.transpose(1, 2) x b.broadcast_as((batch, k, n)) gives wrong numbers for every batch but the first (off by up to 216
# where values reach 550), without an error. Each of the two alone is right: transposed x contiguous, contiguous x expanded; so is
# broadcast_matmul.
# Why it matters: keys are transposed and weights or masks expanded all over attention; the first frame of a window is right and
# the others are wrong, and a test with a batch of one passes.
# beatbolt makes transposed factors contiguous before it multiplies (src/nn/attention.rs). Needs cargo.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$tmp/target}"
mkdir "$tmp/src"
cd "$tmp"
cat > Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
candle-core = "=0.11.1"
[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RS'
use candle_core::{Device, Result, Tensor};

fn main() -> Result<()> {
    let (batch, m, k, n) = (2, 4, 3, 5);
    let numbers = |count: usize| Tensor::arange(0f32, count as f32, &Device::Cpu);
    let a = numbers(batch * m * k)?.reshape((batch, k, m))?.transpose(1, 2)?;
    let b = numbers(k * n)?.reshape((k, n))?;
    let expanded = b.broadcast_as((batch, k, n))?;
    let due = a.contiguous()?.matmul(&expanded.contiguous()?)?;
    let off = |name: &str, product: Tensor| -> Result<Vec<f32>> {
        let off = (product - &due)?.abs()?.flatten_from(1)?.max(1)?.to_vec1::<f32>()?;
        println!("{name}: off by {off:?} in the {batch} of the batch");
        Ok(off)
    };
    println!("candle-core 0.11.1, the largest number is {}", due.max_all()?.to_scalar::<f32>()?);
    let right = vec![0.0; batch];
    let same = off("transposed x contiguous", a.matmul(&expanded.contiguous()?)?)? == right
        && off("contiguous x expanded", a.contiguous()?.matmul(&expanded)?)? == right
        && off("broadcast_matmul", a.broadcast_matmul(&b)?)? == right
        && off("transposed x expanded", a.matmul(&expanded)?)? == [0.0, 216.0];
    if !same {
        eprintln!("the behaviour has changed");
        std::process::exit(1);
    }
    Ok(())
}
RS
cargo run -q
