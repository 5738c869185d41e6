#!/usr/bin/env bash
# timestep_spacing="trailing" in diffusers 0.42.1, for 1 to 200 steps. Needs torch.
# Expected: N steps give N timesteps.
# Seen: 61, 103, 121 and 122 steps give one more, and the last is -1: the list is made by counting down in fractions, and rounding
# leaves one over. Eight schedulers share it (DDIM, DDPM, Euler, Euler a, DPM++, UniPC, LMS, DEIS). DDIM takes -1 as Python does,
# as the last, noisiest entry of its table: a finished latent of 1.0 leaves the step at -1 as 14.6.
# Why it matters: a sweep over steps, or 61 as a "little over 60", ends with a step that multiplies a finished picture, and a
# progress bar that was made for N ends at N + 1.
# beatbolt counts steps by whole numbers (trailing_times in src/diffusion/sampling/schedule.rs).
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

print("diffusers", diffusers.__version__, "torch", torch.__version__)
names = ["DDIM", "DDPM", "EulerDiscrete", "EulerAncestralDiscrete", "DPMSolverMultistep", "UniPCMultistep", "LMSDiscrete", "DEISMultistep"]
changed = False
for name in names:
    wrong = []
    for steps in range(1, 201):
        scheduler = getattr(diffusers, name + "Scheduler")(timestep_spacing="trailing")
        scheduler.set_timesteps(steps)
        if len(scheduler.timesteps) != steps:
            wrong.append((steps, len(scheduler.timesteps), int(scheduler.timesteps[-1])))
    print(f"{name}: (steps, timesteps, the last) {wrong}")
    changed |= wrong != [(61, 62, -1), (103, 104, -1), (121, 122, -1), (122, 123, -1)]

scheduler = diffusers.DDIMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, timestep_spacing="trailing", clip_sample=False)
scheduler.set_timesteps(61)
finished = torch.ones(1)
burnt = scheduler.step(torch.zeros(1), scheduler.timesteps[-1], finished).prev_sample.item()
print(f"DDIM, the step at {int(scheduler.timesteps[-1])}: a finished 1.0 becomes {burnt:.2f}")
sys.exit("the behaviour has changed" if changed or not 14 < burnt < 15 else 0)
PY
