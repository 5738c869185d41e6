"""Figures of spark on clips and captions that training has not seen, as a table for the model card.

    python training/evaluate.py [--prompts 32] [--modules 0 8 4 2]

One row per motion module: the standard one (0) in many steps with guidance, and those for few steps as far as there are any.

Scene accuracy is what a small classifier says, which this program trains on the procedural clips themselves (its accuracy on
held-out real ones is printed beside it). Palette accuracy is the nearest named palette of the decoded frames. Flicker is the mean
second difference of luma in time over the mean first one, here relative to real clips at the same speed. The Fréchet distance is
taken in the classifier's last features, between clips and real ones.
"""
import argparse
import json
import pathlib
import random

import torch
import torch.nn.functional as F

import captions
import export
import nets
import sample
import scenes

SMALL = (72, 128)
NOVEL = 20_000  # clock places from here on are in no training clip: the camera's slow drift never comes back to them


class Classifier(torch.nn.Module):
    """Which family a frame [n,3,72,128] in [0,1] is of; `features` are [n,96]."""

    def __init__(self):
        super().__init__()
        widths, layers = (3, 24, 48, 72, 96), []
        for a, b in zip(widths, widths[1:]):
            layers += [torch.nn.Conv2d(a, b, 3, 2, 1), torch.nn.BatchNorm2d(b), torch.nn.SiLU()]
        self.body = torch.nn.Sequential(*layers)
        self.head = torch.nn.Linear(96 * 2, len(scenes.KINDS))

    def features(self, x):
        y = self.body(x * 2 - 1)
        return torch.cat([y.mean((2, 3)), y.amax((2, 3))], 1)

    def forward(self, x):
        return self.head(self.features(x))


def real(rng, frames, kind=None, clock=None):
    """A real clip [frames,3,72,128] in [0,1] and its family's number."""
    kind = kind or rng.choice(scenes.KINDS)
    start = clock if clock is not None else rng.uniform(0, 9600)
    x = scenes.clip(kind, rng.choice(list(scenes.PALETTES)), rng.randrange(scenes.FORMS[kind]), rng.choice(scenes.MOODS),
                    start + torch.arange(float(frames)), (rng.uniform(0, 6.283), rng.uniform(0, 6.283)), 144, 256)
    return F.avg_pool2d((x + 1) / 2, 2).clamp(0, 1), scenes.KINDS.index(kind)


def train_classifier(path, steps=700):
    """The classifier, from `path` if it is there. A pool of frames is drawn first; blur and noise keep it from judging by texture."""
    net = Classifier()
    if path.exists():
        net.load_state_dict(torch.load(path, weights_only=True))
        return net.eval()
    rng = random.Random(5)
    torch.manual_seed(5)
    clips = [real(rng, 2, scenes.KINDS[i % 16]) for i in range(1600)]
    x, y = torch.cat([c for c, _ in clips]), torch.tensor([k for _, k in clips]).repeat_interleave(2)
    opt = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-2)
    rate = torch.optim.lr_scheduler.OneCycleLR(opt, 3e-3, steps)
    for _ in range(steps):
        at = torch.randint(0, len(x), (64,))
        some = x[at]
        if torch.rand(()) < 0.5:
            some = F.interpolate(F.avg_pool2d(some, 2), SMALL)
        some = some + 0.04 * torch.rand(()) * torch.randn_like(some)
        loss = F.cross_entropy(net(some), y[at], label_smoothing=0.05)
        opt.zero_grad()
        loss.backward()
        opt.step()
        rate.step()
    torch.save(net.state_dict(), path)
    return net.eval()


def nearest_palette(frames):
    """The name of the palette whose colours the pixels of frames [n,3,h,w] in [0,1] are nearest to, on average."""
    pixels = F.avg_pool2d(frames, 4).permute(0, 2, 3, 1).reshape(-1, 3)
    ramp = torch.linspace(0, 1, 64)
    far = {name: torch.cdist(pixels, scenes.colour(ramp, name)).min(1).values.mean() for name in scenes.PALETTES}
    return min(far, key=far.get)


def flicker(clips):
    """Second difference of luma over the first, both mean absolute, of clips [n,f,3,h,w]."""
    luma = sample.brightness(clips)
    first = luma[:, 1:] - luma[:, :-1]
    return float((first[:, 1:] - first[:, :-1]).abs().mean() / first.abs().mean())


def frechet(a, b):
    """Fréchet distance between Gaussians fitted to features a, b [n,d] (Heusel et al. 2017, equation 6)."""
    ca, cb = torch.cov(a.T.double()), torch.cov(b.T.double())
    root = torch.linalg.eigvals(ca @ cb).real.clamp(min=0).sqrt().sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + ca.trace() + cb.trace() - 2 * root)


def wordings(count):
    """Held-out asks: (family, palette, caption), every family as often as any other."""
    rng, pals = random.Random(77), list(scenes.PALETTES)
    for i in range(count):
        kind = scenes.KINDS[i % 16]
        palette = pals[(5 * i + i // 16 * 3 + 1) % 16]
        form = rng.randrange(scenes.FORMS[kind])
        yield kind, palette, form, captions.caption(kind, form, palette, "", rng)


@torch.no_grad()
def judge(few, net, asks):
    """One row of the table: the motion module for `few` steps, or the standard one."""
    spark, steps, guidance = sample.Spark(few=few), few or 4 * nets.STEPS, 1.0 if few else export.GUIDANCE
    right_palette = right_scene = 0
    clips, features = [], []
    for i, (kind, palette, _, text) in enumerate(asks):
        clip = spark.clips([text], torch.ones(nets.FRAMES), 1000 + i, guidance, steps=steps)[0]
        small = F.interpolate(clip, SMALL, mode="area")
        right_palette += nearest_palette(clip) == palette
        right_scene += int(net(small).softmax(1).mean(0).argmax()) == scenes.KINDS.index(kind)
        clips.append(small)
        features.append(net.features(small))
    return {"palette": 100 * right_palette / len(asks), "scene": 100 * right_scene / len(asks),
            "flicker": flicker(torch.stack(clips)), "features": torch.cat(features)}


@torch.no_grad()
def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--prompts", type=int, default=64)
    a.add_argument("--modules", type=int, nargs="+", default=[0, 8, 4, 2])
    a.add_argument("--classifier", default="spark-classifier.pt", help="where it is kept between runs")
    o = a.parse_args()
    with torch.enable_grad():
        net = train_classifier(pathlib.Path(o.classifier))
    rng = random.Random(99)
    held = [real(rng, 16, scenes.KINDS[i % 16], NOVEL + rng.uniform(0, 9600)) for i in range(160)]
    judged = [int(net(c).softmax(1).mean(0).argmax()) == k for c, k in held]
    truth = {"flicker": flicker(torch.stack([c for c, _ in held])), "features": torch.cat([net.features(c) for c, _ in held])}
    print(f"classifier on held-out real clips: {100 * sum(judged) / len(judged):.1f} %")
    db = json.loads((nets.MODEL / "training.json").read_text())["vae"]["psnr"]
    print(f"autoencoder PSNR: mean {sum(db.values()) / len(db):.1f} dB, worst {min(db, key=db.get)} {min(db.values()):.1f} dB")
    asks = list(wordings(o.prompts))
    print("| module | palette % | scene % | flicker / real | Fréchet |\n| --- | --- | --- | --- | --- |")
    for few in o.modules:
        if few and not nets.weights(nets.adapter(few)).exists():
            continue
        row = judge(few, net, asks)
        print(f"| {f'{few} steps' if few else 'standard'} | {row['palette']:.1f} | {row['scene']:.1f} "
              f"| {row['flicker'] / truth['flicker']:.2f} | {frechet(row['features'], truth['features']):.2f} |", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
