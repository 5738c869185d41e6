"""Trains a net: `python train.py beats|drums CORPUS... --out OUT.pt [--leave KIND,KIND] [--steps N] [--seed N] [--start PT]`.

Crops of 30 s from all tracks, each kind of each corpus as often as the square root of its size, with another level, equalizer, pitch
and tempo each time. `--leave` trains without some kinds, for an honest test on them; `--start` goes on from weights that were trained before. The weights kept are a running mean of the last steps.
"""
import argparse
import numpy as np
import torch
import torch.nn.functional as F
import bands as B
import corpus as C
import net as N

CROP, BATCH = 3000, 8
WEIGHTS = {'beats': (1.0, 1.0, 0.6, 0.4, 0.4), 'drums': (1.5, 1.0, 1.0)}  # of the heads in the loss
RARE = {'beats': 5, 'drums': 2}        # how much more an event counts than a hop without one
TILT = {'beats': 5, 'drums': 1.5}      # decibels by which the equalizer bends: drums are told by their color
SEMITONES = {'beats': 4, 'drums': 1}   # by which the pitch moves
LOW_PASS = {'beats': 0.2, 'drums': 0.1}  # how often there are no highs


HZ = np.concatenate([B.CENTERS, B.LOW_CENTERS])
PLACES = np.interp(np.log(HZ), np.log(B.CENTERS), np.arange(B.BANDS))  # of all bands among the first


def equalizer(rng, shape):
    """[all bands] factors: a random curve, at times a low-pass or a high-pass."""
    db = np.interp(PLACES, np.linspace(0, B.BANDS, 7), rng.normal(0, TILT[shape], 7)) + rng.normal(0, 3)
    if rng.random() < LOW_PASS[shape]:
        db -= np.maximum(0, 12 * np.log2(HZ / rng.uniform(2500, 10000))) * rng.uniform(1, 5)
    if rng.random() < 0.1:
        db -= np.maximum(0, 12 * np.log2(rng.uniform(60, 200) / HZ)) * rng.uniform(1, 3)
    return (10 ** (db / 20)).astype(np.float32)


def shifted(m, semitones):
    """Magnitudes as if the music were so much higher."""
    if semitones == 0:
        return m
    moved = []
    for part, centers in ((m[:B.BANDS], B.CENTERS), (m[B.BANDS:], B.LOW_CENTERS)):
        at = np.interp(np.log(centers) - semitones * np.log(2) / 12, np.log(centers), np.arange(len(centers)))
        low = at.astype(int)
        share = (at - low).astype(np.float32)[:, None]
        moved.append(part[low] * (1 - share) + part[np.minimum(low + 1, len(centers) - 1)] * share)
    return np.concatenate(moved)


def cropped(a, start):
    """[rows, CROP] of an array from a hop on, zero outside of it."""
    inside = a[:, max(0, start):max(0, start + CROP)].astype(np.float32)
    return np.pad(inside, ((0, 0), (max(0, -start), CROP - max(0, -start) - inside.shape[1])))


class Crops:
    """An endless stream of random crops."""

    def __init__(self, tracks, model, seed):
        self.tracks, self.shape, self.heads, self.rng = tracks, model.shape, model.heads, np.random.default_rng(seed)
        kinds = [(t.corpus, t.kind) for t in tracks]
        chance = np.array([kinds.count(k) ** -0.5 for k in kinds])
        self.chance = chance / chance.sum()
        self.cache = {}

    def labels(self, track, stretch):
        key = (track.name, stretch)
        if key not in self.cache:
            self.cache[key] = [a.astype(np.float16) for a in track.labels(self.heads, stretch, track.bands[stretch].shape[1])]
        return self.cache[key]

    def batch(self):
        """Magnitudes [batch, bands, hops], targets and weights [batch, heads, hops]."""
        rng, out = self.rng, []
        for i in rng.choice(len(self.tracks), BATCH, p=self.chance):
            track = self.tracks[i]
            stretch = list(track.bands)[rng.integers(len(track.bands))]
            m, (target, weight) = track.bands[stretch], self.labels(track, stretch)
            start = rng.integers(-CROP // 4, max(1, m.shape[1] - CROP * 3 // 4))
            crop = lambda a: cropped(a, start)
            most = SEMITONES[self.shape]
            pitch = rng.integers(-most, most + 1) if rng.random() < 0.6 else 0
            sound = shifted(crop(m), pitch) * equalizer(rng, self.shape)[:, None] + rng.uniform(0, 1) ** 4 * 3e-3
            out.append((sound, crop(target), crop(weight)))
        return [torch.from_numpy(np.stack(x)) for x in zip(*out)]


def loss_of(model, batch):
    m, target, weight = batch
    logits = model(m)
    weight = weight * torch.tensor(WEIGHTS[model.shape])[:, None]
    weight = weight * (1 + (RARE[model.shape] - 1) * (target > 0.9))
    return (F.binary_cross_entropy_with_logits(logits, target, reduction='none') * weight).sum() / weight.sum()


def train(shape, tracks, steps, seed, log, start=None):
    torch.manual_seed(seed)
    model = N.Ears(shape)
    if start:
        model.load_state_dict(start['weights'])
    crops = Crops(tracks, model, seed)
    mean = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.99))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.02)
    total = []
    for step in range(steps):
        done = step / steps
        rate = 3e-3 * min(1, (step + 1) / 30) * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * done)))
        for group in optimizer.param_groups:
            group['lr'] = rate
        loss = loss_of(model, crops.batch())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        mean.update_parameters(model)
        total.append(loss.item())
        if step % 50 == 49:
            print(f'{log} step {step + 1} loss {np.mean(total[-50:]):.4f}', flush=True)
    return mean.module.eval()


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('shape', choices=N.SHAPES)
    parser.add_argument('corpus', nargs='+')
    parser.add_argument('--out', required=True)
    parser.add_argument('--leave', default='')
    parser.add_argument('--steps', type=int, default=2000)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--start')
    args = parser.parse_args()
    torch.set_num_threads(1)
    heads = N.SHAPES[args.shape][2]
    tracks = [t for c in args.corpus for t in C.tracks(c) if t.kind not in args.leave.split(',') and t.teaches(heads)]
    print(len(tracks), 'tracks', flush=True)
    start = torch.load(args.start) if args.start else None
    model = train(args.shape, tracks, args.steps, args.seed, args.leave or 'all', start)
    steps = args.steps + (start['steps'] if start else 0)
    torch.save({'shape': args.shape, 'weights': model.state_dict(), 'steps': steps, 'left': args.leave}, args.out)
