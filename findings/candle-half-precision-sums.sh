#!/usr/bin/env bash
# Sums, means and softmax of f16 and bf16 in candle 0.11.1 on the CPU.
# Expected: half precision is a storage format; sums over many values are kept in f32, as torch does it.
# Seen: they are kept in the format itself, and a sum stops growing where the next value is below half a unit: a sum of ones ends
# at 2048 (f16) and 256 (bf16), the mean of 5000 ones is 0.41 and 0.051. candle_nn's softmax over 4096 equal logits in f16 adds up
# to 2 instead of 1, in bf16 to 16; softmax_last_dim, too.
# Why it matters: 4096 keys are what self-attention has at 512 x 512; its output comes out twice too large, in every such layer,
# and group norms over a picture lose their means. f32 and small test sizes show nothing.
# beatbolt turns logits and norms into f32 on the CPU (src/nn/attention.rs, src/nn/layers.rs). Needs cargo.
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
candle-nn = "=0.11.1"
[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RS'
use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops::{softmax, softmax_last_dim};

fn number(tensor: Tensor) -> Result<f32> {
    tensor.to_dtype(DType::F32)?.to_scalar()
}

fn main() -> Result<()> {
    println!("candle 0.11.1");
    let mut seen = Vec::new();
    for dtype in [DType::F32, DType::F16, DType::BF16] {
        let ones = Tensor::ones(5000, dtype, &Device::Cpu)?;
        let (sum, mean) = (number(ones.sum_all()?)?, number(ones.mean_all()?)?);
        // One row of attention weights: the logits of 4096 equal keys. They are added up in f32.
        let logits = Tensor::zeros((1, 4096), dtype, &Device::Cpu)?;
        let total = |weights: Tensor| number(weights.to_dtype(DType::F32)?.sum_all()?);
        let (a, b) = (total(softmax(&logits, 1)?)?, total(softmax_last_dim(&logits)?)?);
        println!("{dtype:?}: 5000 ones: sum {sum}, mean {mean}; softmax of 4096 keys adds up to {a}, softmax_last_dim {b}");
        seen.push((sum, a, b));
    }
    if seen != [(5000.0, 1.0, 1.0), (2048.0, 2.0, 2.0), (256.0, 16.0, 16.0)] {
        eprintln!("the behaviour has changed");
        std::process::exit(1);
    }
    Ok(())
}
RS
cargo run -q
