"""Fits the weights of `src/audio/bar.rs`: `python bars.py CORPUS ANALYSES`, ANALYSES as `beatbolt analyze CORPUS/audio --json ANALYSES` writes them.

A conditional logit: the beats of a track can be the first of a bar of four at four places, and each place has the mean of what is heard
at its beats. Music of the corpus begins with its first bar more often than other music does, so that in a share of the examples the first
sound is moved to any place. The program takes the net's chances for kicks and snares where this takes the strokes of the analysis; it gives
the weight of the first sound also to a count that goes on behind a cut; and it listens to the nets' downbeats besides, with a weight by hand:
nets have heard the corpus. For tracks whose beats are right this prints how often the place is, with every kind left out of the
fit; and for every meter by how much it is likelier than four.
"""
import argparse
import json
import pathlib

import numpy as np
from scipy.optimize import minimize

SIGNS = ('harmony', 'kick', 'snare', 'first sound')
PITCHES = ('c', 'db', 'd', 'eb', 'e', 'f', 'gb', 'g', 'ab', 'a', 'bb', 'b')
METERS = (3, 5, 7)
MOVED, ROUNDS, RIDGE = 0.3, 8, 0.05
AT_ONCE, NEAR = 0.15, 0.07  # seconds


def part(envelope, start, end):
    """The values between two times, one at least."""
    hop = envelope['hop_seconds']
    return envelope['values'][int(start / hop):max(int(end / hop), int(start / hop) + 1)]


def standardized(values):
    return (values - values.mean()) / (values.std() or 1)


def changes(chroma):
    """How much the harmony differs before and after each beat: `harmonic_change`."""
    def over(reach, i):
        before, after = chroma[max(i - reach, 0):i].sum(0), chroma[i:i + reach].sum(0)
        norms = (before @ before) * (after @ after)
        return 1 - before @ after / norms ** 0.5 if reach <= i <= len(chroma) - reach and norms > 1e-9 else 0
    return np.array([(over(1, i) + over(2, i)) / 2 for i in range(len(chroma))])


def signs(heard):
    """[beats, 3]: harmony, kick and snare of every beat."""
    beats, envelopes = np.array(heard['beats']), heard['envelopes']
    ends = np.append(beats[1:], heard['duration'])
    chroma = np.array([[np.mean(part(envelopes[f'chroma.{p}'], *span)) for p in PITCHES] for span in zip(beats, ends)])
    chroma /= np.maximum(np.linalg.norm(chroma, axis=1, keepdims=True), 1e-6)
    struck = lambda name: np.array([max(part(envelopes[name], max(t - 0.04, 0), t + 0.08), default=0) for t in beats])
    return np.stack([standardized(v) for v in (changes(chroma), struck('kick'), struck('snare'))], 1)


def places(heard, truth):
    """For every found beat its place in the bar; -1 where no beat is."""
    beats, first = np.array(truth['beats']), np.array(truth['downbeats'])
    nearest = [int(np.abs(beats - t).argmin()) for t in heard['beats']]
    begun = np.searchsorted(first, beats + 0.01) - 1
    at = np.searchsorted(beats, first - 0.01)
    return np.array([i - at[begun[i]] if abs(beats[i] - t) < NEAR and begun[i] >= 0 else -1 for i, t in zip(nearest, heard['beats'])])


def track(corpus, analyses, path):
    """(kind, signs, the meter, the place of bars' first beats, whether the first beat is at once) of a track whose beats are right, or None."""
    truth, heard = json.loads(path.read_text()), json.loads((pathlib.Path(analyses) / f'{path.stem}.wav.json').read_text())
    if truth.get('free') or len(truth.get('downbeats') or []) < 4 or len(heard['beats']) < 16:
        return None
    gaps = np.diff(np.searchsorted(truth['beats'], np.array(truth['downbeats']) - 0.01))
    meter, place = int(np.median(gaps)), places(heard, truth)
    if (gaps != meter).mean() > 0.1 or meter < 2:
        return None
    votes = np.bincount([(i - p) % meter for i, p in enumerate(place) if p >= 0], minlength=meter)
    if votes.max() < 0.9 * len(place):
        return None
    sounds = next(i for i, v in enumerate(heard['envelopes']['loudness']['values']) if v > 0) * heard['envelopes']['loudness']['hop_seconds']
    return truth['kind'], signs(heard), meter, int(votes.argmax()), heard['beats'][0] - sounds < AT_ONCE


def means(values, meter):
    return np.array([values[i::meter].mean(0) for i in range(meter)])


def gain(voices, meter):
    """By how much voices are likelier with bars: `gain`."""
    best = max(means(voices, meter).max(), 0)
    return -0.5 * len(voices) * np.log(max(1 - best ** 2 / (meter - 1) / max((voices ** 2).mean(), 1e-9), 0.01))


def fit(examples, rng):
    """The weights that make the true places likeliest; every example several times, some with the first sound elsewhere."""
    inputs, truth = [], []
    for _ in range(ROUNDS):
        for x, place in examples:
            moved = x.copy()
            if rng.random() < MOVED:
                moved[:, 3] = np.roll(x[:, 3], rng.integers(4))
            inputs.append(moved)
            truth.append(place)
    inputs, truth = np.array(inputs), np.array(truth)
    at = np.arange(len(truth))

    def loss(weights):
        odds = inputs @ weights
        chances = np.exp(odds - odds.max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
        slope = np.einsum('np,npf->f', chances, inputs) - inputs[at, truth].sum(0)
        return -np.log(chances[at, truth] + 1e-12).sum() + RIDGE * ROUNDS * weights @ weights, slope + 2 * RIDGE * ROUNDS * weights
    return minimize(loss, np.zeros(len(SIGNS)), jac=True, method='L-BFGS-B').x


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('corpus')
    a.add_argument('analyses')
    o = a.parse_args()
    found = [track(o.corpus, o.analyses, path) for path in sorted(pathlib.Path(o.corpus, 'truth').glob('*.json'))]
    found = [t for t in found if t]
    rng = np.random.default_rng(0)
    four = [(kind, np.column_stack([means(x, 4), np.eye(4)[0] * at_once]), place) for kind, x, meter, place, at_once in found if meter == 4]
    for kind in sorted({kind for kind, _, _ in four}):
        weights = fit([(x, place) for k, x, place in four if k != kind], rng)
        right = [(x @ weights).argmax() == place for k, x, place in four if k == kind]
        print(f'{kind} left out: {sum(right)} of {len(right)} places right')
    weights = fit([(x, place) for _, x, place in four], rng)
    print(', '.join(f'{name} {w:.2f}' for name, w in zip(SIGNS, weights)))
    for meter in sorted({meter for _, _, meter, _, _ in found}):
        over = {m: sorted(gain(x @ weights[:3], m) - gain(x @ weights[:3], 4) for _, x, q, _, _ in found if q == meter) for m in METERS}
        print(f'{meter} beats, {len(over[3])} tracks: ' + ', '.join(f'{m}: {v[0]:.1f}, {v[len(v) // 2]:.1f}, {v[-1]:.1f}' for m, v in over.items()))


if __name__ == '__main__':
    main()
