"""How well kicks, snares and hats are found: `python strokes.py CORPUS ANALYSES [--tracks tracks.json] [--per-track]`.

ANALYSES holds what `beatbolt analyze CORPUS/audio --json ANALYSES` wrote. F, precision and recall at +-50 ms (mir_eval), means over the
tracks whose truth has at least 20 strokes of a kind.
"""
import argparse
import glob
import json
import os

import mir_eval
import numpy as np

KINDS, FEWEST, WINDOW = ('kick', 'snare', 'hat'), 20, 0.05


def scores(truth, heard):
    """{kind: (F, precision, recall)} of a track."""
    out = {}
    for kind in KINDS:
        struck = truth.get(kind) or []
        if len(struck) >= FEWEST:
            found = [hit['time'] for hit in heard['drums'][kind]]
            out[kind] = mir_eval.onset.f_measure(np.array(struck), np.array(found), window=WINDOW)
    return out


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('corpus')
    a.add_argument('analyses')
    a.add_argument('--tracks', help='only the tracks in this list of {"id"}')
    a.add_argument('--per-track', action='store_true')
    o = a.parse_args()
    wanted = o.tracks and {track['id'] for track in json.load(open(o.tracks))}
    rows = {}
    for path in sorted(glob.glob(f'{o.corpus}/truth/*.json')):
        name = os.path.basename(path)
        if (wanted is None or name[:-5] in wanted) and os.path.exists(f'{o.analyses}/{name[:-5]}.wav.json'):
            truth = json.load(open(path))
            rows[truth['kind'], name[:-5]] = scores(truth, json.load(open(f'{o.analyses}/{name[:-5]}.wav.json')))
    line = lambda label, found: print(f'{label:32}' + ''.join(
        f'{kind:>7} ' + (' '.join(f'{100 * x:5.1f}' for x in np.mean(v, 0)) if (v := [s[kind] for s in found if kind in s]) else '    -' * 3)
        + f' ({len(v)})' for kind in KINDS))
    if o.per_track:
        for (_, name), row in rows.items():
            line(name, [row])
    for kind in sorted({kind for kind, _ in rows}):
        line(kind, [row for (k, _), row in rows.items() if k == kind])
    line('all', list(rows.values()))


if __name__ == '__main__':
    main()
