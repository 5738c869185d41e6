#!/usr/bin/env bash
# DDIM with few steps and timestep_spacing="linspace" in diffusers 0.42.1. Needs torch.
# Expected: a step at the scheduler's first timestep brings the latents to the noise of the next timestep in its own list.
# Seen: it always goes down by 1000 // N. "linspace" lists 999, 666, 333, 0 for 4 steps, but the first step ends at the noise of
# 749, where the network is told 666; the second at 416 (told 333), the third at 83 (told 0). With trailing and 6 steps it misses
# by one (833 for 832); leading, and trailing with 4 or 8, are exact.
# Why it matters: with few steps every picture keeps noise that the network isn't told of; with 50 steps the two are one apart.
# beatbolt does the same for DDIM's own grid, on purpose, so that a pipeline's settings mean the same (Schedule::aim in
# src/diffusion/sampling/schedule.rs).
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
from diffusers import DDIMScheduler

print("diffusers", diffusers.__version__, "torch", torch.__version__)


def landings(spacing, steps):
    """The timesteps whose noise the latents have after each step but the last, and those that the network is told then."""
    scheduler = DDIMScheduler(beta_schedule="linear", beta_start=0.00085, beta_end=0.012, timestep_spacing=spacing, clip_sample=False)
    scheduler.set_timesteps(steps)
    found = []
    for now in scheduler.timesteps[:-1]:
        # Without noise a step multiplies by sqrt(alpha there / alpha here).
        one = torch.ones(1, dtype=torch.float64)
        gain = scheduler.step(torch.zeros_like(one), now, one).prev_sample.item()
        there = gain**2 * scheduler.alphas_cumprod[now].item()
        found.append(int((scheduler.alphas_cumprod.double() - there).abs().argmin()))
    return found, scheduler.timesteps[1:].tolist()


seen = {}
for spacing, steps in (("linspace", 4), ("trailing", 6), ("trailing", 4), ("trailing", 8), ("leading", 4)):
    seen[spacing, steps] = landings(spacing, steps)
    found, listed = seen[spacing, steps]
    print(f"{spacing}, {steps} steps: lands on {found}, the list says {listed}")
found, listed = landings("linspace", 50)
apart = max(abs(a - b) for a, b in zip(found, listed))
print("linspace, 50 steps: at most", apart, "apart")
exact = all(seen[key][0] == seen[key][1] for key in (("trailing", 4), ("trailing", 8), ("leading", 4)))
same = seen["linspace", 4] == ([749, 416, 83], [666, 333, 0]) and seen["trailing", 6][0][0] == 833 and exact and apart == 1
sys.exit(0 if same else "the behaviour has changed")
PY
