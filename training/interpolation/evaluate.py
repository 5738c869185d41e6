"""How near the pictures between come to the true ones, beside plain blending and FFmpeg's minterpolate.

    python evaluate.py draw TRUTH             scenes that the net hasn't seen, drawn at 120 frames a second: TRUTH/SCENE-SEED.npy
    python evaluate.py judge TRUTH NET.pt     or the shipped net.safetensors: PSNR in dB, 12 to 24 and 12 to 60 frames a second
    python evaluate.py quick TRUTH NET.pt     one clip of each scene

PSNR is that of all frames between of a clip taken together (of the mean squared error), the mean over clips below.
"""
import pathlib
import subprocess
import sys
import time

import numpy as np
import torch

from data import HELD_OUT, looks
from net import Between

STEP, TWELFTHS = 10, 4  # 120 frames a second to 12; intervals of a clip
SEEDS = ((11, "neon", 1.0), (12, "teal and orange", 1.6))
RATES = {24: (5,), 60: (2, 4, 6, 8)}


def draw(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for scene in HELD_OUT:
        for seed, palette, speed in SEEDS:
            path = folder / f"{scene}-{seed}.npy"
            if not path.exists():
                np.save(path, looks.clip(scene, palette, seed, [0.1 * speed] * (STEP * TWELFTHS + 1)))
                print(path.name, flush=True)


def load(path):
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file
        weights = {k: v.float() for k, v in load_file(path).items()}
    else:
        weights = torch.load(path)["weights"]
    net = Between()
    net.load_state_dict(weights)
    return net.eval().to(memory_format=torch.channels_last)


def rounded(x):
    return ((x.clamp(-1, 1) + 1) * 127.5).round()


@torch.no_grad()
def by_net(net, a, b, times):
    a, b = ((torch.from_numpy(x).permute(2, 0, 1)[None] / 127.5 - 1).contiguous(memory_format=torch.channels_last) for x in (a, b))
    return [rounded(net(a, b, torch.tensor([t])))[0].permute(1, 2, 0).numpy() for t in times]


def by_blending(a, b, times):
    return [np.round((1 - t) * a.astype(np.float32) + t * b.astype(np.float32)) for t in times]


def by_ffmpeg(frames, rate):
    """All frames of 12 a second at `rate`; the first and last few are repeated, since minterpolate loses some at the end."""
    padded = np.concatenate([frames[:1]] * 3 + [frames] + [frames[-1:]] * 4)
    h, w = frames.shape[1:3]
    command = ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{w}x{h}", "-r", "12", "-i", "-", "-vf",
               f"format=yuv444p,minterpolate=fps={rate}:mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    out = subprocess.run(command, input=padded.tobytes(), capture_output=True, check=True).stdout
    out = np.frombuffer(out, np.uint8).reshape(-1, h, w, 3)
    return out[3 * (rate // 12):]


def psnr(errors):
    return -10 * np.log10(np.mean(errors) / 255 ** 2 + 1e-12)


def error(x, y):
    return float(np.mean((x.astype(np.float32) - y) ** 2))


def judge(folder, net, ways, seeds=SEEDS):
    table = {}
    for scene in HELD_OUT:
        for seed, *_ in seeds:
            truth = np.load(folder / f"{scene}-{seed}.npy")
            own = truth[::STEP]
            for rate, offsets in RATES.items():
                fluid = by_ffmpeg(own, rate) if "minterpolate" in ways else None
                errors = {way: [] for way in ways}
                for i in range(TWELFTHS):
                    a, b, times = own[i], own[i + 1], [o / STEP for o in offsets]
                    made = {}
                    if "net" in ways:
                        made["net"] = by_net(net, a, b, times)
                    if "blend" in ways:
                        made["blend"] = by_blending(a, b, times)
                    if fluid is not None:
                        k = rate // 12
                        made["minterpolate"] = [fluid[i * k + 1 + n] for n in range(len(offsets))]
                    for way in ways:
                        errors[way] += [error(x, truth[STEP * i + o]) for x, o in zip(made[way], offsets)]
                for way in ways:
                    table[scene, seed, rate, way] = psnr(errors[way])
    return table


def show(table, ways, seeds):
    print(f"{'':12}" + "".join(f"{f'{way} {rate}':>18}" for rate in RATES for way in ways))
    for scene in HELD_OUT:
        print(f"{scene:12}" + "".join(f"{np.mean([table[scene, s, rate, way] for s, *_ in seeds]):18.2f}" for rate in RATES for way in ways))
    print(f"{'mean':12}" + "".join(f"{np.mean([v for (_, _, r, w), v in table.items() if (r, w) == (rate, way)]):18.2f}" for rate in RATES for way in ways))


def speed(net):
    a, b = torch.rand(2, 1, 3, 288, 512).mul(2).sub(1).unbind(0)
    a, b = a.contiguous(memory_format=torch.channels_last), b.contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        for _ in range(2):
            begun = time.time()
            net(a, b, torch.tensor([0.5]))
    return time.time() - begun


def main():
    torch.set_num_threads(1)
    folder = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "draw":
        return draw(folder)
    net = load(pathlib.Path(sys.argv[3]))
    quick = sys.argv[1] == "quick"
    ways, seeds = ["net", "blend", "minterpolate"], SEEDS[:1] if quick else SEEDS
    show(judge(folder, net, ways, seeds), ways, seeds)
    if not quick:
        print(f"torch, a thread, 512x288: {speed(net):.3f} s a picture; {sum(p.numel() for p in net.parameters())} weights")


if __name__ == "__main__":
    main()
