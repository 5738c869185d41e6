#!/usr/bin/env bash
# NaN in candle-core 0.11.1's max, min, relu and clamp on the CPU.
# Expected: as in torch: whatever meets a NaN becomes NaN, so one look at the largest value tells whether a tensor is sound.
# Seen: max passes over NaN unless it comes first, and so does min: [2, NaN, 1] has 2 and 1, [NaN, 2, 1] has NaN twice; relu turns
# NaN into 0; clamp keeps it.
# Why it matters: a half-precision decoder that overflows gives NaN in parts of a picture. A guard that asks for the maximum
# passes it, or not, by whether the upper left corner is hit; relu layers (the tiny autoencoder's) turn it into 0. mean or sum do
# show it. Needs cargo.
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
    println!("candle-core 0.11.1");
    let mut seen = Vec::new();
    for row in [[2.0f32, f32::NAN, 1.0], [f32::NAN, 2.0, 1.0]] {
        let tensor = Tensor::new(&row, &Device::Cpu)?;
        let number = |x: Tensor| x.to_scalar::<f32>();
        let found = [number(tensor.max(0)?)?, number(tensor.min(0)?)?, number(tensor.max_all()?)?];
        let (relu, clamp) = (tensor.relu()?.to_vec1::<f32>()?, tensor.clamp(0f32, 1f32)?.to_vec1::<f32>()?);
        let sum = number(tensor.sum_all()?)?;
        println!("{row:?}: max {}, min {}, max_all {}, sum {sum}, relu {relu:?}, clamp {clamp:?}", found[0], found[1], found[2]);
        seen.push(format!("{found:?} {relu:?} {}", sum.is_nan()));
    }
    let due = ["[2.0, 1.0, 2.0] [2.0, 0.0, 1.0] true", "[NaN, NaN, NaN] [0.0, 2.0, 1.0] true"];
    if seen != due {
        eprintln!("the behaviour has changed: {seen:?}");
        std::process::exit(1);
    }
    Ok(())
}
RS
cargo run -q
