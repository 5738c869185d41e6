"""Fits `src/audio/tactus_weights.rs`: `python level.py WAYS CORPUS... [--out ../../src/audio/tactus_weights.rs]`.

WAYS are the lines that the ignored test `ways_to_count_the_tracks_of_a_folder` prints of every CORPUS/audio (`render.py` and
`patterns.py` make corpora): for each track all ways to count it, with the signs of each. Where one way has the true beats, the track
teaches a conditional logit (McFadden 1974) which of them people take; music teaches more than a synthesized pattern does. How
often the way is right is printed as fitted, with the kind left out of the fit, and as the rule of `octave.py` alone has it.
"""
import argparse
import json
import os

import numpy as np
from scipy.optimize import minimize

LEVELS = 9
NEAR, SKIPPED = .07, 5  # seconds
RIGHT, AS_GOOD = .8, .03  # F-measures
RIDGE, REAL = 3, 10
# By how much another level than the rule's has to be likelier, as a natural logarithm: the least with which no music is counted worse than
# by the rule alone if its kind is left out of the fit.
MARGIN = .9
MUSIC = 'midi', 'doom', 'mod', 'lmms', 'fof'
TEMPI = 40, 232


def f_measure(truth, found):
    """Of beats within 70 ms, one for one, but for the first seconds."""
    end = truth[-1] + NEAR
    truth, found = truth[truth >= SKIPPED], found[(found >= SKIPPED) & (found <= end)]
    if not len(truth) or not len(found):
        return 0.0
    hits = len({int(np.abs(truth - t).argmin()) for t in found if np.abs(truth - t).min() <= NEAR})
    return 2 * hits / (len(truth) + len(found))


def track(line, corpora):
    """(id, kind, inputs [ways, signs + levels + 1], F-measures, the rule's way), or None where nothing teaches."""
    heard = json.loads(line)
    path = next((p for p in (f"{c}/truth/{heard['id']}.json" for c in corpora) if os.path.exists(p)), None)
    truth = json.load(open(path)) if path else {}
    if truth.get('free') or len(truth.get('beats') or []) < 16:
        return None
    tempo = lambda way: 60 / np.median(np.diff(way['beats']))
    ways = [w for w in heard['ways'] if len(w['beats']) > 8 and (w['level'] == 0 or TEMPI[0] <= tempo(w) <= TEMPI[1])]
    if not ways:
        return None
    inputs = np.array([w['signs'] + list(np.eye(LEVELS)[w['level']]) + [float(w['usual'])] for w in ways])
    good = np.array([f_measure(np.array(truth['beats']), np.array(w['beats'])) for w in ways])
    on = heard['names'].index('beat on')
    usual = max((i for i, w in enumerate(ways) if w['usual']), key=lambda i: ways[i]['signs'][on], default=0)
    return heard['id'], truth['kind'], inputs, good, usual


def fit(tracks, scale):
    """The weights, of inputs as they come."""
    taught = [(inputs / scale, good >= max(RIGHT, good.max() - AS_GOOD), REAL if kind in MUSIC else 1)
              for _, kind, inputs, good, _ in tracks if good.max() >= RIGHT]

    def loss(weights):
        value, slope = RIDGE * weights @ weights, 2 * RIDGE * weights
        for x, right, times in taught:
            odds = x @ weights
            chances = np.exp(odds - odds.max())
            chances /= chances.sum()
            share = chances[right].sum() + 1e-12
            value -= times * np.log(share)
            slope = slope - times * (x.T @ (chances * right / share - chances))
        return value, slope
    weights = minimize(loss, np.zeros(len(scale)), jac=True, method='L-BFGS-B').x / scale
    weights[-1] += MARGIN
    return weights


def chosen(row, weights):
    return int((row[2] @ weights).argmax())


def report(name, rows, weights, left_out):
    right = lambda pick: sum(good[pick(row)] >= max(RIGHT, good.max() - AS_GOOD) for row in rows for good in [row[3]])
    print(f'{name}: of {len(rows)} right {right(lambda r: chosen(r, weights))}, left out {right(lambda r: chosen(r, left_out))},'
          f' by the rule {right(lambda r: r[4])}, any {sum(r[3].max() >= RIGHT for r in rows)}')
    if name in MUSIC:
        for r in rows:
            for how, w in ('fitted', weights), ('left out', left_out):
                if r[3][chosen(r, w)] < r[3][r[4]] - AS_GOOD:
                    print(f'  {r[0]} is worse than by the rule, {how}')


def rust(weights, names):
    """The file of weights."""
    listed = lambda values: ''.join(f'    {v:.4f}, // {n}\n' for v, n in zip(values, names))
    levels = 'as heard', 'between', 'every other', 'twice as many', 'every third', 'two of three', 'three of two', 'three times as many', 'every fourth'
    signs = len(weights) - LEVELS - 1
    return f'''//! The weights of [`super::tactus`], as `training/ears/level.py` writes them.

use super::evidence::SIGNS;

/// What each sign weighs, in the order of [`super::evidence::NAMES`].
#[rustfmt::skip]
pub(super) const WEIGHTS: [f64; SIGNS] = [
{listed(weights[:signs])}];

/// How likely each of [`super::tactus::LEVELS`] is besides.
#[rustfmt::skip]
pub(super) const LEVEL_WEIGHTS: [f64; {LEVELS}] = [
{''.join(f'    {v:.4f}, // {n}' + chr(10) for v, n in zip(weights[signs:], levels))}];

/// What the level weighs at which fast beats are counted by how little sounds between them.
pub(super) const USUAL: f64 = {weights[-1]:.4f};
'''


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('ways')
    a.add_argument('corpora', nargs='+')
    a.add_argument('--out', help='write the weights there')
    o = a.parse_args()
    lines = open(o.ways).read().splitlines()
    rows = [row for row in (track(line, o.corpora) for line in lines) if row]
    scale = np.concatenate([inputs - inputs.mean(0) for _, _, inputs, _, _ in rows]).std(0) + 1e-6
    scale[-LEVELS - 1:] = 1
    weights = fit(rows, scale)
    for kind in sorted({row[1] for row in rows}):
        left_out = fit([row for row in rows if row[1] != kind], scale)
        report(kind, [row for row in rows if row[1] == kind], weights, left_out)
    if o.out:
        with open(o.out, 'w') as file:
            file.write(rust(weights, json.loads(lines[0])['names']))


if __name__ == '__main__':
    main()
