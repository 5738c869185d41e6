"""Labeled tracks for the net: band magnitudes at several tempos, and what to hear in them.

A corpus is a folder with `audio/ID.wav` and `truth/ID.json`: {"kind", "beats", "downbeats", "onsets", "kick", "snare", "hat"},
times in seconds; a list that is missing or null is unknown and teaches nothing. `python corpus.py CORPUS` computes the
magnitudes, at three distances of the hops: the same sound at three tempos; with `--once` at one.
"""
import glob
import json
import os
import sys
import numpy as np
import bands as B

LISTS = {'beat': 'beats', 'downbeat': 'downbeats', 'onset': 'onsets', 'kick': 'kick', 'snare': 'snare', 'hat': 'hat'}
STRETCHES = (0.84, 1.0, 1.19)


def extract(corpus, stretches=STRETCHES):
    """Writes `bands/ID.STRETCH.npy`, levelled magnitudes in float16, for every track that has none yet."""
    import soundfile
    os.makedirs(f'{corpus}/bands', exist_ok=True)
    for stretch in sorted(stretches, key=lambda s: s != 1.0):
        for path in sorted(glob.glob(f'{corpus}/truth/*.json')):
            name = os.path.basename(path)[:-5]
            out = f'{corpus}/bands/{name}.{stretch}.npy'
            if os.path.exists(out):
                continue
            sound, rate = soundfile.read(f'{corpus}/audio/{name}.wav', dtype='float32', always_2d=True)
            assert rate == 44100, name
            levelled = B.magnitudes(sound, stretch) * B.gain(sound)
            np.save(out + '.part.npy', levelled.astype(np.float16))
            os.rename(out + '.part.npy', out)


class Track:
    """One track at all its tempos."""

    def __init__(self, corpus, name):
        self.name = name
        self.truth = json.load(open(f'{corpus}/truth/{name}.json'))
        self.kind, self.corpus = self.truth['kind'], corpus
        paths = {s: f'{corpus}/bands/{name}.{s}.npy' for s in STRETCHES}
        self.bands = {s: np.load(path).T for s, path in paths.items() if os.path.exists(path)}

    def teaches(self, heads):
        """Whether anything is known of what a net is to tell apart."""
        return any(self.truth.get(LISTS[head]) is not None for head in heads)

    def labels(self, heads, stretch, hops):
        """Target and weight of every head, [heads, hops]: 1 at an event, less beside it; weight 0 where nothing is known."""
        target, weight = np.zeros((len(heads), hops), np.float32), np.zeros((len(heads), hops), np.float32)
        rate = 44100 / round(441 * stretch)
        beats = np.array(self.truth['beats'])
        for h, head in enumerate(heads):
            times, pulse = self.truth.get(LISTS[head]), head in ('beat', 'downbeat')
            if times is None or (pulse and (len(beats) < 8 or self.truth.get('free'))):
                continue
            # Before the first beat and after the last, nobody says that there is none.
            inside = (beats[0] - 0.1, beats[-1] + 0.1) if pulse else (0, hops / rate)
            weight[h, max(0, int(inside[0] * rate)):int(inside[1] * rate)] = 1
            at = np.round(np.array(times) * rate).astype(int)
            for offset, value in ((-2, 0.25), (2, 0.25), (-1, 0.6), (1, 0.6), (0, 1.0)) if pulse else ((-1, 0.5), (1, 0.5), (0, 1.0)):
                i = at + offset
                i = i[(i >= 0) & (i < hops)]
                target[h, i] = np.maximum(target[h, i], value)
        return target, weight


def tracks(corpus):
    """All tracks of a corpus whose magnitudes are there."""
    names = sorted(os.path.basename(p)[:-5] for p in glob.glob(f'{corpus}/truth/*.json'))
    return [track for track in (Track(corpus, name) for name in names) if track.bands]


if __name__ == '__main__':
    extract(sys.argv[1], (1.0,) if '--once' in sys.argv else STRETCHES)
