#!/usr/bin/env bash
# A kohya LoRA whose layers have alphas of their own, loaded by diffusers 0.42.1 with peft 0.21.2. Needs torch.
# Expected: each layer is scaled by its own alpha / its own rank; a layer without alpha by 1.
# Seen: in the attention layers of a UNet for SD 1.5 all four alphas 1, 2, 4, 8 (rank 4) become 2, without a word: scales 0.5,
# 0.5, 0.5, 0.5 for 0.25, 0.5, 1, 2. Layers without an alpha beside layers with alpha 2 get 0.5 for 1. Different ranks with one
# alpha are right.
# Why it matters: merged, extracted and block-weighted files have such alphas; a style comes out up to four times too weak or too
# strong layer by layer, and a loader that is checked against diffusers inherits it.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# TORCH_PYTHON may name an interpreter that has these versions already; torch alone is a download of gigabytes.
python=${TORCH_PYTHON:-}
if [ -z "$python" ]; then
    python3 -m venv --without-pip "$tmp/venv"
    python=$tmp/venv/bin/python
    python3 -m pip --python "$python" install -q --no-compile torch==2.9.1 diffusers==0.42.1 transformers==5.23.0 peft==0.21.2 accelerate==1.15.0 numpy==2.4.6
fi
cd "$tmp"
"$python" - 2>warnings.txt <<'PY'
import sys

import diffusers
import peft
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import save_file

print("diffusers", diffusers.__version__, "peft", peft.__version__, "torch", torch.__version__)


def small_unet():
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=8,
    )


ATTENTION = "down_blocks.0.attentions.0.transformer_blocks.0.attn1."
LAYERS = [ATTENTION + name for name in ("to_q", "to_k", "to_v", "to_out.0")]


def scales(ranks, alphas):
    """The scales that diffusers gives to four layers of a file with these ranks and alphas."""
    tensors = {}
    for layer, rank, alpha in zip(LAYERS, ranks, alphas):
        name = "lora_unet_" + layer.replace(".", "_")
        tensors[name + ".lora_down.weight"] = torch.randn(rank, 32)
        tensors[name + ".lora_up.weight"] = torch.randn(32, rank)
        if alpha is not None:
            tensors[name + ".alpha"] = torch.tensor(float(alpha))
    save_file(tensors, "lora.safetensors")
    pipeline = StableDiffusionPipeline(
        vae=None, text_encoder=None, tokenizer=None, unet=small_unet(), scheduler=DDIMScheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )
    pipeline.load_lora_weights("lora.safetensors", adapter_name="own")
    return [pipeline.unet.get_submodule(layer).scaling["own"] for layer in LAYERS]


cases = [
    ([4, 8, 4, 8], [4, 4, 4, 4], [1, 0.5, 1, 0.5]),
    ([4, 4, 4, 4], [1, 2, 4, 8], [0.5] * 4),
    ([4, 4, 4, 4], [None, 2, None, 2], [0.5] * 4),
]
changed = False
for ranks, alphas, before in cases:
    got = scales(ranks, alphas)
    due = [1 if alpha is None else alpha / rank for rank, alpha in zip(ranks, alphas)]
    print(f"ranks {ranks}, alphas {alphas}: due {due}, diffusers {got}")
    changed |= got != before
sys.exit("the behaviour has changed" if changed else 0)
PY
