"""The training of the net: `python train.py CLIPS --out NET.pt --minutes N [--start NET.pt]`.

The loss is how far the picture is off (Charbonnier's), and at a quarter and a half of the size how far what both pictures show along the
motion so far is off, so that the motion is learned from the coarse to the fine. The rate falls to the deadline; a mean of the weights of
late is what is kept. SIGTERM ends it early, with the mean saved.
"""
import argparse
import copy
import math
import pathlib
import random
import signal
import sys
import time

import torch
import torch.nn.functional as F

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from data import Pool  # noqa: E402
from muon import optimiser  # noqa: E402
from net import Between, fetched, larger  # noqa: E402

SIZE = (96, 128)


def off(x, y):
    return torch.sqrt((x - y) ** 2 + 1e-5).mean()


def along(a, b, v, t, times):
    """What both pictures, `times` times as small, show along v, half and half."""
    a, b = (F.avg_pool2d(x, times) for x in (a, b))
    return (1 - t) * fetched(a, -t * v) + t * fetched(b, (1 - t) * v)


def loss_of(net, a, b, y, t):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out, (v8, v4, v2) = net(a, b, t, levels=True)
    t = t.view(-1, 1, 1, 1)
    last = off(out, y)
    quarter, half = F.avg_pool2d(y, 4), F.avg_pool2d(y, 2)
    coarse = off(along(a, b, 2 * larger(v8), t, 4), quarter)
    middle, fine = off(along(a, b, v4, t, 4), quarter), off(along(a, b, v2, t, 2), half)
    return last + 0.15 * coarse + 0.15 * middle + 0.2 * fine, F.mse_loss(out.detach(), y)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("clips", type=pathlib.Path)
    a.add_argument("--out", type=pathlib.Path, required=True)
    a.add_argument("--start", type=pathlib.Path)
    a.add_argument("--minutes", type=float, required=True)
    a.add_argument("--rate", type=float, default=2e-3)
    a.add_argument("--batch", type=int, default=4)
    a.add_argument("--layered", type=float, default=0.35)
    a.add_argument("--seed", type=int, default=1)
    o = a.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(o.seed)
    rng = random.Random(o.seed)
    rng.torch = torch.Generator().manual_seed(o.seed)
    pool = Pool(o.clips)
    while pool.refresh() < 20:
        time.sleep(5)
    net = Between()
    if o.start:
        net.load_state_dict(torch.load(o.start)["weights"])
    net = net.to(memory_format=torch.channels_last)
    mean = copy.deepcopy(net)
    opt = optimiser(list(net.named_parameters()), o.rate)
    begun, step, length, shown, sums = time.time(), 0, 60 * o.minutes, 0, [0.0, 0.0, 0]
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))

    def save():
        part = o.out.with_suffix(".part")
        torch.save({"weights": mean.state_dict(), "steps": step, "clips": len(pool.clips)}, part)
        part.rename(o.out)

    while not stop and time.time() - begun < length:
        if step % 100 == 0:
            pool.refresh()
        part = (time.time() - begun) / length
        rate = o.rate * min(1, (step + 1) / 50) * (0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * min(1, part))))
        for g in opt.param_groups:
            g["lr"] = rate * g.get("factor", 1.0)
        x = [q.contiguous(memory_format=torch.channels_last) if q.ndim == 4 else q for q in pool.batch(o.batch, SIZE, rng, o.layered)]
        loss, mse = loss_of(net, *x)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        step += 1
        with torch.no_grad():
            keep = min(0.998, (step + 1) / (step + 20))
            for m, p in zip(mean.parameters(), net.parameters()):
                m.lerp_(p, 1 - keep)
            sums = [sums[0] + float(loss), sums[1] - 10 * math.log10(float(mse) / 4 + 1e-12), sums[2] + 1]
        if time.time() - shown > 30:
            shown = time.time()
            print(f"{step} {time.time() - begun:.0f}s clips {len(pool.clips)} loss {sums[0] / sums[2]:.4f} psnr {sums[1] / sums[2]:.2f} rate {rate:.5f}", flush=True)
            sums = [0.0, 0.0, 0]
            save()
    save()


if __name__ == "__main__":
    main()
