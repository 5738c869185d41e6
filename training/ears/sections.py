"""Fits the weights of `src/audio/section.rs`: `python sections.py FOLDER ANALYSES [FOLDER ANALYSES]`, FOLDER as `forms.py others` writes it,
ANALYSES as `beatbolt analyze FOLDER/audio --json ANALYSES` does; the second pair is only judged.

A logistic regression: whether a section begins with a bar, from how much higher the novelty is than at the bars around, and from where
repetitions begin and end.
"""
import json
import pathlib
import sys

import mir_eval
import numpy as np
from scipy.optimize import minimize

from bars import PITCHES, part

BANDS = ('sub', 'bass', 'low_mid', 'mid', 'high')
GROUPS = (  # what is compared, and the distance that is nothing
    (('loudness', *(f'{band}.level' for band in BANDS)), 0.02),
    (('brightness', 'harmonic', 'percussive'), 0.02),
    (('onset', 'kick', 'snare', 'hat'), 0.02),
    (tuple(f'chroma.{pitch}' for pitch in PITCHES), 0.05),
)
BAR, SHORTEST = 2, 2  # seconds where bars are unknown; bars
REACHES, REPEATED = (2, 4), 2  # bars
FAINT, BLUR, ALIKE = 0.1, 0.2, 0.15
LIKELY, RIDGE, FOLDS = 0.12, 10, 8
SIGNS = tuple(f'peak in {reach}' for reach in REACHES) + ('a repetition ends', 'repetitions begin')


def bars(heard):
    """Starts of the bars; a pick-up of at least two beats is one, what is left at the end only if it is at least half of one."""
    beats, downbeats = heard['beats'], heard['downbeats']
    if not downbeats:
        return list(np.arange(0, heard['duration'], BAR))
    starts = list(downbeats)
    before, after = sum(b < starts[0] - 1e-9 for b in beats), sum(b > starts[-1] - 1e-9 for b in beats)
    starts = ([beats[0]] if before else []) + starts[before == 1:]
    return starts[:-1] if len(starts) > 1 and (after < 2 or heard['duration'] - starts[-1] < (starts[-1] - starts[-2]) / 2) else starts


def distances(heard, starts):
    """[bars, bars]: the sum over groups of the distance of means, as a share of the mean distance."""
    def mean(name, start, end):
        values = part(heard['envelopes'][name], start, end)
        return sum(values) / max(len(values), 1)
    spans, total = list(zip(starts, [*starts[1:], heard['duration']])), 0
    for names, nothing in GROUPS:
        x = np.array([[mean(name, *span) for name in names] for span in spans])
        apart = np.sqrt(np.maximum(((x[:, None] - x[None]) ** 2).sum(-1), 0))
        total = total + apart / (apart.mean() + nothing)
    return total


def shifted(matrix, by):
    """Element (i, j) is (i + by, j + by) of the matrix; 0 outside."""
    out, n = np.zeros_like(matrix), len(matrix)
    here = slice(max(-by, 0), n - max(by, 0))
    there = slice(max(by, 0), n - max(-by, 0))
    out[here, here] = matrix[there, there]
    return out


def novelty(apart, i, reach):
    """The energy distance of the bars before and behind the beginning of bar i."""
    a, b = slice(max(i - reach, 0), i), slice(i, i + reach)
    return max(apart[a, b].mean() - (apart[a, a].mean() + apart[b, b].mean()) / 2, 0) if i else 0


def signs(apart):
    """[bars, 4]: what speaks for a section that begins with each bar."""
    n, columns = len(apart), []
    for reach in REACHES:
        new = np.array([novelty(apart, i, reach) for i in range(n)])
        around = [new[max(i - reach, 0):i + reach + 1].max() for i in range(n)]
        columns.append(new / (np.array(around) + FAINT))
    middle = np.median(apart[apart > 0]) if (apart > 0).any() else 0
    alike = np.exp(-(apart / (middle / 2 + BLUR)) ** 2)
    ahead = sum(shifted(alike, k) for k in range(REPEATED)) / REPEATED
    behind = sum(shifted(alike, -k - 1) for k in range(REPEATED)) / REPEATED
    far = np.abs(np.subtract.outer(range(n), range(n))) >= REPEATED
    columns.append(np.sqrt((np.maximum(behind - ahead, 0) * far).max(1)))
    columns.append((np.maximum(ahead - behind, 0) * far).mean(1))
    return np.stack(columns, 1)


def picked(odds):
    """Bars that begin a section: the likeliest first, none too near to another."""
    edges = []
    for i in np.argsort(-odds, kind='stable'):
        if odds[i] >= np.log(LIKELY / (1 - LIKELY)) and SHORTEST <= i <= len(odds) - SHORTEST and all(abs(i - e) >= SHORTEST for e in edges):
            edges.append(int(i))
    return sorted(edges)


def share(apart, a, b):
    """The share of the distance of two stretches that is due to their being different; a bar and itself are no pair."""
    within = lambda s: apart[s, s].sum() / max(len(apart[s]) * (len(apart[s]) - 1), 1)
    between = apart[a, b].mean()
    return (between - (within(a) + within(b)) / 2) / max(between, 1e-6)


def letters(apart, edges):
    spans, found = [slice(*pair) for pair in zip([0, *edges], [*edges, len(apart)])], []
    for i, span in enumerate(spans):
        shares = [share(apart, other, span) for other in spans[:i]]
        found.append(found[int(np.argmin(shares))] if shares and min(shares) < ALIKE else max(found, default=-1) + 1)
    return found


def logistic(x, y, ridge):
    """Weights, the constant first."""
    x = np.column_stack([np.ones(len(x)), x])

    def loss(w):
        odds = x @ w
        return (np.logaddexp(0, odds) - y * odds).sum() + ridge * w[1:] @ w[1:], x.T @ (1 / (1 + np.exp(-odds)) - y) + 2 * ridge * np.r_[0, w[1:]]
    return minimize(loss, np.zeros(x.shape[1]), jac=True, method='L-BFGS-B').x


def tracks(folder, analyses):
    for path in sorted(pathlib.Path(folder, 'truth').glob('*.json')):
        truth, heard = json.loads(path.read_text()), json.loads(pathlib.Path(analyses, f'{path.stem}.wav.json').read_text())
        starts = bars(heard)
        apart = distances(heard, starts)
        begun = [int(np.abs(np.array(starts) - section['start']).argmin()) for section in truth]
        yield {'truth': truth, 'starts': starts, 'apart': apart, 'signs': signs(apart), 'begun': begun}


def figures(track, weights):
    """F of boundaries within 3 s and pairwise F of letters, as in `forms.py`; 1 where there is one section and one is found."""
    edges = picked(weights[0] + track['signs'] @ weights[1:])
    end = track['truth'][-1]['end']
    times = [0, *(track['starts'][e] for e in edges if track['starts'][e] < end - 0.1), end]
    found, true = np.array(list(zip(times, times[1:]))), np.array([[s['start'], s['end']] for s in track['truth']])
    names = [str(letter) for letter in letters(track['apart'], edges)][:len(found)]
    single = len(found) == 1 or len(true) == 1
    near = float(len(found) == len(true)) if single else mir_eval.segment.detection(true, found, window=3, trim=True)[2]
    return near, mir_eval.segment.pairwise(true, [s['label'] for s in track['truth']], found, names)[2]


def fit(known):
    x, y = np.concatenate([t['signs'][1:] for t in known]), np.concatenate([np.isin(range(1, len(t['starts'])), t['begun']) for t in known])
    spread = x.std(0)
    weights = logistic(x / spread, y, RIDGE)
    return np.r_[weights[0], weights[1:] / spread]


def main(folder, analyses, *judged):
    known = list(tracks(folder, analyses))
    found = []
    for fold in range(FOLDS):
        made = fit([t for i, t in enumerate(known) if i % FOLDS != fold])
        found += [figures(t, made) for i, t in enumerate(known) if i % FOLDS == fold]
    print('%d tracks, left out in turns: boundaries %.3f, letters %.3f' % (len(known), *np.mean(found, 0)))
    weights = fit(known)
    print(', '.join(f'{name} {w:.2f}' for name, w in zip(('constant', *SIGNS), weights)))
    if judged:
        others = [figures(t, weights) for t in tracks(*judged)]
        print('%d others: boundaries %.3f, letters %.3f' % (len(others), *np.mean(others, 0)))


if __name__ == '__main__':
    main(*sys.argv[1:])
