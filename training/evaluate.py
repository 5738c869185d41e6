"""Figures of spark on clips and captions that training has not seen, as a table for the model card.

    python training/evaluate.py [--prompts 32] [--modules 0 8 4 2]

One row per motion module: the standard one (0) in many steps with guidance, and those for few steps as far as there are any.

Scene accuracy is what a small classifier says, which this program trains on the drawn clips themselves (its accuracy on those kept
out is printed beside it). Palette accuracy is the nearest named palette of the decoded frames. Detail is the share of luma energy
above a quarter of Nyquist, flicker the mean second difference of luma in time over the mean first one, both relative to drawn
clips. The Fréchet distance is taken in the classifier's last features, between clips and drawn ones.
"""
import argparse
import pathlib
import random

import torch
import torch.nn.functional as F

import captions
import clips
import data
import export
import looks
import nets
import sample
from looks.core import tones
from vae import detail

SMALL = (72, 128)
SCENES = clips.SCENES


class Classifier(torch.nn.Module):
    """Which scene a frame [n,3,72,128] in [0,1] is of; `features` are [n,192]."""

    def __init__(self):
        super().__init__()
        widths, layers = (3, 24, 48, 72, 96), []
        for a, b in zip(widths, widths[1:]):
            layers += [torch.nn.Conv2d(a, b, 3, 2, 1), torch.nn.BatchNorm2d(b), torch.nn.SiLU()]
        self.body = torch.nn.Sequential(*layers)
        self.head = torch.nn.Linear(96 * 2, len(SCENES))

    def features(self, x):
        y = self.body(x * 2 - 1)
        return torch.cat([y.mean((2, 3)), y.amax((2, 3))], 1)

    def forward(self, x):
        return self.head(self.features(x))


def real(path, every=1):
    """A drawn clip [frames,3,72,128] in [0,1], its scene's number, its palette and its curve."""
    what, frames = clips.read(path)
    return F.interpolate(frames[::every] / 255, SMALL, mode="area"), SCENES.index(what["scene"]), what["palette"], what["curve"]


def drawn(folder, held):
    """The files of clips that training has seen, or of those that were kept out."""
    return [f for f in sorted(folder.glob("*.zip")) if (int(f.stem) % data.HELD_OUT == 0) == held]


def train_classifier(folder, path, steps=1500):
    """The classifier, from `path` if it is there; blur and noise keep it from judging by texture."""
    net = Classifier()
    if path.exists():
        net.load_state_dict(torch.load(path, weights_only=True))
        return net.eval()
    torch.manual_seed(5)
    rows = [real(f, 5) for f in drawn(folder, False)]
    x, y = torch.cat([r[0] for r in rows]), torch.cat([torch.full((len(r[0]),), r[1]) for r in rows])
    opt = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-2)
    rate = torch.optim.lr_scheduler.OneCycleLR(opt, 3e-3, steps)
    for _ in range(steps):
        at = torch.randint(0, len(x), (64,))
        some = x[at]
        if torch.rand(()) < 0.5:
            some = F.interpolate(F.avg_pool2d(some, 2), SMALL)
        if torch.rand(()) < 0.5:
            some = some.flip(-1)
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
    ramp = lambda name: tones(name)[1].T[::16] ** (1 / 2.2)
    far = {name: torch.cdist(pixels, ramp(name)).min(1).values.mean() for name in looks.PALETTES}
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
    """Held-out asks: (scene, palette, caption), every scene as often as any other."""
    rng, pals = random.Random(77), list(looks.PALETTES)
    for i in range(count):
        what = {**clips.describe(1_000_000 + i), "scene": SCENES[i % len(SCENES)], "palette": pals[(7 * i + i // len(SCENES) * 3 + 1) % len(pals)]}
        what["parts"] = {n: rng.choice(list(v)) for n, v in PARTS} if what["scene"] in clips.SOLIDS else {}
        yield what["scene"], what["palette"], captions.caption(what, rng)


PARTS = (("subject", captions.SUBJECTS), ("background", captions.BACKGROUNDS), ("light", captions.LIGHTS))


@torch.no_grad()
def judge(few, net, asks):
    """One row of the table: the motion module for `few` steps, or the standard one."""
    spark, steps, guidance = sample.Spark(few=few), few or 4 * nets.STEPS, 1.0 if few else export.GUIDANCE
    right_palette = right_scene = 0
    seen, features, fine = [], [], []
    for i, (scene, palette, text) in enumerate(asks):
        clip = spark.clips([text], torch.ones(nets.FRAMES), 1000 + i, guidance, steps=steps)[0]
        small = F.interpolate(clip, SMALL, mode="area")
        right_palette += nearest_palette(small) == palette
        right_scene += int(net(small).softmax(1).mean(0).argmax()) == SCENES.index(scene)
        fine.append(detail(F.interpolate(clip[::5], (nets.HEIGHT, nets.WIDTH), mode="area")).mean())
        seen.append(small)
        features.append(net.features(small))
    return {"palette": 100 * right_palette / len(asks), "scene": 100 * right_scene / len(asks), "detail": float(torch.stack(fine).mean()),
            "flicker": flicker(torch.stack(seen)), "features": torch.cat(features)}


@torch.no_grad()
def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--clips", type=pathlib.Path, default=nets.STATE / "clips", help="the folder of drawn clips")
    a.add_argument("--prompts", type=int, default=84)
    a.add_argument("--modules", type=int, nargs="+", default=[0, 8, 4, 2])
    a.add_argument("--classifier", type=pathlib.Path, default=nets.STATE / "classifier.pt", help="where it is kept between runs")
    o = a.parse_args()
    with torch.enable_grad():
        net = train_classifier(o.clips, o.classifier)
    held = [real(f) for f in drawn(o.clips, True)]
    judged = [int(net(x).softmax(1).mean(0).argmax()) == k for x, k, _, _ in held]
    named = [nearest_palette(x) == p for x, _, p, _ in held]
    fine = torch.cat([detail(clips.read(f)[1][::5] / 127.5 - 1) for f in drawn(o.clips, True)]).mean()
    truth = {"flicker": flicker(torch.stack([x for x, *_ in held])), "features": torch.cat([net.features(x) for x, *_ in held])}
    percent = lambda right: 100 * sum(right) / len(right)
    print(f"of {len(held)} drawn clips kept out the classifier knows {percent(judged):.1f} %, the palette is the nearest of {percent(named):.1f} %")
    asks = list(wordings(o.prompts))
    print("| module | palette % | scene % | detail / real | flicker / real | Fréchet |\n| --- | --- | --- | --- | --- | --- |")
    for few in o.modules:
        if few and not nets.weights(nets.adapter(few)).exists():
            continue
        row = judge(few, net, asks)
        print(f"| {f'{few} steps' if few else 'standard'} | {row['palette']:.1f} | {row['scene']:.1f} | {row['detail'] / fine:.2f} "
              f"| {row['flicker'] / truth['flicker']:.2f} | {frechet(row['features'], truth['features']):.2f} |", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
