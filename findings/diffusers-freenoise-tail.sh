#!/usr/bin/env bash
# Windows of FreeNoise in diffusers 0.42.1 (AnimateDiff, context 16), where the stride doesn't fit the clip. Needs torch.
# Expected: the frames of overlapping windows are averaged; weights add up to 1 in every frame, whatever the clip's length.
# Seen: what is missing at the end is taken from one last window, and its sum is divided by a number that isn't its weights'. A
# block that changes nothing (all weights zero) gives 0.5 in the last of 26 frames, 0.67 and 0.33 in the last of 27 (pyramid,
# stride 4); with stride 12, the ends of 20, 26, 27 and 32 frames are off, by 0.14 to 1.33. 16 and 28 are exact, "flat" always.
# Why it matters: every temporal block scales the end of the clip by this, just where it is to be joined to the next; lengths
# follow the music and fit the stride by chance only.
# beatbolt hands frames from window to window and averages none (src/diffusion/sampling/handoff.rs).
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# TORCH_PYTHON may name an interpreter that has these versions already; torch alone is a download of gigabytes.
python=${TORCH_PYTHON:-}
if [ -z "$python" ]; then
    python3 -m venv --without-pip "$tmp/venv"
    python=$tmp/venv/bin/python
    python3 -m pip --python "$python" install -q --no-compile torch==2.9.1 diffusers==0.42.1 transformers==5.23.0 numpy==2.4.6
fi
cd "$tmp"
"$python" - 2>warnings.txt <<'PY'
import sys

import diffusers
import torch
from diffusers.models.attention import FreeNoiseTransformerBlock

print("diffusers", diffusers.__version__, "torch", torch.__version__)


def gains(scheme, stride, frames):
    """What a block without effect makes of a constant 1, where that isn't 1, by frame."""
    block = FreeNoiseTransformerBlock(dim=8, num_attention_heads=1, attention_head_dim=8, double_self_attention=True,
                                      context_length=16, context_stride=stride, weighting_scheme=scheme)
    for weight in block.parameters():
        torch.nn.init.zeros_(weight)
    with torch.no_grad():
        out = block(torch.ones(1, frames, 8))[0, :, 0]
    return {frame: round(gain, 3) for frame, gain in enumerate(out.tolist()) if abs(gain - 1) > 1e-3}


seen = {}
for scheme, stride in (("pyramid", 4), ("pyramid", 12), ("flat", 4), ("flat", 12)):
    for frames in (16, 20, 26, 27, 28, 32):
        seen[scheme, stride, frames] = off = gains(scheme, stride, frames)
        if off or scheme == "flat" and frames == 27:
            print(f"{scheme}, stride {stride}, {frames} frames: gain other than 1 at {off or 'none'}")
same = (
    seen["pyramid", 4, 26] == {25: 0.5}
    and seen["pyramid", 4, 27] == {25: 0.667, 26: 0.333}
    and seen["pyramid", 12, 20] == {17: 0.75, 18: 0.5, 19: 0.25}
    and not any(off for (scheme, _, frames), off in seen.items() if scheme == "flat" or frames in (16, 28))
)
sys.exit(0 if same else "the behaviour has changed")
PY
