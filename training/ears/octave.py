"""Fits the rule in `src/audio/tactus.rs`: `python octave.py CORPUS ANALYSES [--test ID ...]`.

A course of beats is often right but for counting twice as fast. ANALYSES are what the program says of CORPUS/audio without the
rule (EVENTS = 0 in `tactus.rs`, and no other weights; `beatbolt analyze CORPUS/audio --json ANALYSES`). Tracks whose tempo is right or doubled teach a
logistic regression of "doubled" on the logarithms of the tempo and of onsets, kicks and snares a beat; it is printed as the
curve of even chances, and how often it is right on what it was fitted to and on what was left out. The rule in the
program was fitted to the kicks and snares of the net for beats, which analyses don't list any more; whoever trains that net
anew fits it to `Chances::strikes`.
"""
import argparse
import glob
import json
import os
import numpy as np

NEAR = 0.06  # octaves


def examples(corpus, analyses):
    """(id, kind, tempo, events a beat, doubled or not) of every track that teaches."""
    for path in sorted(glob.glob(f'{corpus}/truth/*.json')):
        name = os.path.basename(path)[:-5]
        truth, heard = json.load(open(path)), json.load(open(f'{analyses}/{name}.wav.json'))
        if not truth.get('tempo') or not heard['tempo_bpm']:
            continue
        octaves = np.log2(heard['tempo_bpm'] / truth['tempo'])
        if min(abs(octaves), abs(octaves - 1)) < NEAR:
            events = len(heard['onsets']) + len(heard['drums']['kick']) + len(heard['drums']['snare'])
            yield name, truth['kind'], heard['tempo_bpm'], events / len(heard['beats']), octaves > 0.5


def inputs(rows):
    return np.array([[1, np.log2(r[2] / 150), np.log2(max(r[3], 0.2) / 4)] for r in rows])


def fit(rows, ridge=0.3):
    """Newton's method; a small ridge on all but the constant."""
    x, y, w = inputs(rows), np.array([r[4] for r in rows], float), np.zeros(3)
    still = ridge * np.array([0, 1, 1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-x @ w))
        w -= np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + np.diag(still + 1e-6), x.T @ (p - y) + still * w)
    return w


def report(name, w, rows):
    found, truth = inputs(rows) @ w > 0, np.array([r[4] for r in rows])
    print(f'{name}: {(found & truth).sum()} of {truth.sum()} doubled tracks found, {(found & ~truth).sum()} of {(~truth).sum()} others')


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('corpus')
    parser.add_argument('analyses')
    parser.add_argument('--test', nargs='*', default=[], help='tracks that are not fitted to')
    args = parser.parse_args()
    rows = list(examples(args.corpus, args.analyses))
    taught = [r for r in rows if r[0] not in args.test]
    w = fit(taught)
    print(f'EVENTS = {4 * 2 ** (-w[0] / w[2]):.2f} at 150, POWER = {w[1] / -w[2]:.2f}')
    report('fitted', w, taught)
    report('tested', w, [r for r in rows if r[0] in args.test])
    for kind in sorted({r[1] for r in rows}):
        report(f'{kind} left out', fit([r for r in rows if r[1] != kind]), [r for r in rows if r[1] == kind])
