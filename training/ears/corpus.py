"""Labeled tracks for the net: band magnitudes at several tempos, and what to hear in them.

A corpus is a folder with `audio/ID.wav` and `truth/ID.json`: {"kind", "beats", "downbeats", "onsets", "kick", "snare", "hat"},
times in seconds; a list that is missing or null is unknown and teaches nothing. `python corpus.py CORPUS` computes the
magnitudes, at three distances of the hops: the same sound at three tempos.
"""
import glob
import json
import os
import sys
import numpy as np
import bands as B

HEADS = ('beat', 'downbeat', 'onset', 'kick', 'snare', 'hat')
LISTS = ('beats', 'downbeats', 'onsets', 'kick', 'snare', 'hat')
STRETCHES = (0.84, 1.0, 1.19)


def extract(corpus):
    """Writes `bands/ID.STRETCH.npy`, levelled magnitudes in float16, for every track that has none yet."""
    import soundfile
    os.makedirs(f'{corpus}/bands', exist_ok=True)
    for stretch in sorted(STRETCHES, key=lambda s: s != 1.0):
        for path in sorted(glob.glob(f'{corpus}/truth/*.json')):
            name = os.path.basename(path)[:-5]
            out = f'{corpus}/bands/{name}.{stretch}.npy'
            if os.path.exists(out):
                continue
            sound, rate = soundfile.read(f'{corpus}/audio/{name}.wav', dtype='float32', always_2d=True)
            levelled = B.magnitudes(sound, rate, stretch) * B.gain(sound, rate)
            np.save(out + '.part.npy', levelled.astype(np.float16))
            os.rename(out + '.part.npy', out)


class Track:
    """One track at all its tempos."""

    def __init__(self, corpus, name, stretches=STRETCHES):
        self.name = name
        self.truth = json.load(open(f'{corpus}/truth/{name}.json'))
        self.kind = self.truth['kind']
        self.bands = {s: np.load(f'{corpus}/bands/{name}.{s}.npy').T for s in stretches}

    def labels(self, stretch, hops):
        """Target and weight of every head, [heads, hops]: 1 at an event, less beside it; weight 0 where nothing is known."""
        target, weight = np.zeros((len(HEADS), hops), np.float32), np.zeros((len(HEADS), hops), np.float32)
        rate = 44100 / round(441 * stretch)
        beats = np.array(self.truth['beats'])
        for h, key in enumerate(LISTS):
            times = self.truth.get(key)
            if times is None or (h < 2 and (len(beats) < 8 or self.truth.get('free'))):
                continue
            # Before the first beat and after the last, nobody says that there is none.
            inside = (beats[0] - 0.1, beats[-1] + 0.1) if h < 2 else (0, hops / rate)
            weight[h, max(0, int(inside[0] * rate)):int(inside[1] * rate)] = 1
            at = np.round(np.array(times) * rate).astype(int)
            for offset, value in ((-2, 0.25), (2, 0.25), (-1, 0.6), (1, 0.6), (0, 1.0)) if h < 2 else ((-1, 0.5), (1, 0.5), (0, 1.0)):
                i = at + offset
                i = i[(i >= 0) & (i < hops)]
                target[h, i] = np.maximum(target[h, i], value)
        return target, weight


def tracks(corpus, stretches=STRETCHES):
    """All tracks of a corpus whose magnitudes are there."""
    names = sorted(os.path.basename(p)[:-5] for p in glob.glob(f'{corpus}/truth/*.json'))
    whole = [n for n in names if all(os.path.exists(f'{corpus}/bands/{n}.{s}.npy') for s in stretches)]
    return [Track(corpus, n, stretches) for n in whole]


if __name__ == '__main__':
    extract(sys.argv[1])
