#!/usr/bin/env bash
# noise_type="repeat_context" of FreeNoise in diffusers 0.42.1 (AnimateDiff). Needs torch.
# Expected: as the name says, the noise of the first window (16 frames) is repeated for all further frames.
# Seen: all 48 frames have noise of their own, bit for bit the same as noise_type="random"; nothing is said. "shuffle_context"
# does what it should: only 16 different frames of noise, in other orders.
# Why it matters: repeated noise is what holds a long clip's look together, and what makes a loop that closes on the bar; a
# comparison of the three kinds measures two.
# beatbolt's noise is a function of seed and frame (src/noise.rs).
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
from diffusers.pipelines.free_noise_utils import AnimateDiffFreeNoiseMixin

print("diffusers", diffusers.__version__, "torch", torch.__version__)


class Pipeline(AnimateDiffFreeNoiseMixin):
    """What the mixin needs of a pipeline to make latents."""

    vae_scale_factor = 8
    _free_noise_context_length = 16
    _free_noise_context_stride = 4


def noise(kind):
    pipeline = Pipeline()
    pipeline._free_noise_noise_type = kind
    generator = torch.Generator().manual_seed(0)
    return pipeline._prepare_latents_free_noise(1, 4, 48, 64, 64, torch.float32, "cpu", generator)


made = {kind: noise(kind) for kind in ("repeat_context", "shuffle_context", "random")}
distinct = {kind: len({frame.numpy().tobytes() for frame in latents[0].transpose(0, 1)}) for kind, latents in made.items()}
equal = torch.equal(made["repeat_context"], made["random"])
print("different frames of noise among 48:", distinct, "| repeat_context equals random:", equal)
same = distinct == {"repeat_context": 48, "shuffle_context": 16, "random": 48} and equal
sys.exit(0 if same else "the behaviour has changed")
PY
