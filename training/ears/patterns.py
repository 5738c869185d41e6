"""Tracks for `level.py` whose drums make the level of the beat hard to tell: `python patterns.py OUT [--each N]`.

Everything is synthesized here, in timbres, tempi, levels and variations that are drawn anew for every track: OUT/audio/ID.wav and
OUT/truth/ID.json, as `corpus.py` has them. A pattern is a bar of drums on the beats 0 to the metre, with what goes with it.
"""
import argparse
import json
import os
import zlib

import numpy as np
import soundfile

RATE, SECONDS = 44100, 45
EIGHTHS, SIXTEENTHS = [0, .5], [0, .25, .5, .75]
SWUNG, TRIPLETS = [0, 2 / 3], [0, 1 / 3, 2 / 3]


def drums(kick, snare, hats, tempi, metre=4, **more):
    """A pattern: kicks and snares at beats of the bar, hats at parts of each beat, from one tempo to another."""
    return dict(kick=kick, snare=snare, hats=hats, tempi=tempi, metre=metre, **more)


PATTERNS = {
    'two step': drums([0, 2.5], [1, 3], [], (158, 182)),
    'two step with hats': drums([0, 2.5], [1, 3], EIGHTHS, (158, 182), bass=.5),
    'break': drums([0, .5, 2.5], [1, 1.75, 2.25, 3], EIGHTHS, (155, 182), bass=.7),
    'rock': drums([0, 2], [1, 3], EIGHTHS, (80, 165), bass=.7, chords=.7),
    'rock with more kicks': drums([0, 1.5, 2, 2.5], [1, 3], EIGHTHS, (75, 140), bass=.7, chords=.5),
    'four on the floor': drums([0, 1, 2, 3], [1, 3], [.5], (112, 150), bass=.6, chords=.5),
    'offbeat bass': drums([0, 1, 2, 3], [], [.5], (118, 142), offbeat=1.5, chords=.3),
    'louder offbeat bass': drums([0, 1, 2, 3], [], [.5], (112, 142), offbeat=4, soft_kick=.6, chords=.3),
    'shuffle': drums([0, 2], [1, 3], SWUNG, (62, 135), bass=.5, chords=.3),
    'twelve eighths': drums([0, 2], [1, 3], TRIPLETS, (48, 80), bass=.5, chords=.6, quavers=3),
    'ballad': drums([0, 2], [1, 3], [], (50, 68), soft=.6, chords=1, quavers=2),
    'ballad with hats': drums([0, 2.5], [1, 3], EIGHTHS, (54, 76), soft=.7, chords=1, bass=.6),
    'boom bap': drums([0, 1.5, 2.5], [1, 3], EIGHTHS, (78, 100), bass=.7, chords=.3),
    'slow sixteenths': drums([0, 1.75, 2.5], [1, 3], SIXTEENTHS, (66, 108), bass=.7, chords=.3),
    'fast': drums([0, .5, 2, 2.5], [1, 3], [0], (165, 205), bass=.8, chords=.4),
    'polka': drums([0, 1, 2, 3], [.5, 1.5, 2.5, 3.5], [], (100, 140), chords=.5),
    'swing': drums([0, 2], [1, 3], [], (110, 200), ride=[0, 1, 1 + 2 / 3, 2, 3, 3 + 2 / 3], soft=.5, bass=1, chords=.7),
    'half time': drums([0, 1.5, 3.5], [2], EIGHTHS, (126, 156), bass=.7, chords=.5),
    'dense half time': drums([0, .5, .75, 1.5, 2.5, 3, 3.5], [2], [0], (124, 158), bass=.9, chords=.7, quavers=4),
    'straight with quiet snares': drums([0, 1, 2, 2.5], [], EIGHTHS, (120, 160), bass=.8, chords=.8, quavers=2),
    'waltz': drums([0], [1, 2], [0], (84, 180), 3, bass=.6, chords=.8),
    'waltz without drums': drums([], [], [], (84, 170), 3, bass=1, chords=1, quavers=2),
    'chords': drums([], [], [], (60, 140), bass=.5, chords=1, quavers=2),
    'tones': drums([], [], [], (48, 110), melody=True),
    'seven eighths': drums([0], [2, 4], [0], (190, 231), 7, bass=.3),
    # Nothing here is a drum, and nobody says where the beats are.
    'plucked bass': drums([], [], [], (80, 150), bass=1, plucked=4, free=True),
    'plucked bass and chords': drums([], [], [], (80, 150), bass=1, plucked=3, chords=1, free=True),
}


def envelope(n, attack, decay):
    t = np.arange(n) / RATE
    return np.minimum(1, t / attack) * np.exp(-decay * t)


class Band:
    """Instruments with timbres of their own."""

    def __init__(self, rng):
        self.rng = rng
        self.kick_sound = self.kick(rng.uniform(42, 60), rng.uniform(60, 220), rng.uniform(20, 45), rng.uniform(8, 18))
        self.noise, self.body, self.ring = rng.uniform(.2, .6), rng.uniform(160, 240), rng.uniform(14, 30)
        self.bright, self.tick = rng.uniform(40, 110), rng.uniform(.15, .4)
        self.parts = 1 / np.arange(1, 12) ** rng.uniform(.8, 2.5)
        self.fade = rng.uniform(.6, 5)

    def kick(self, low, sweep, fast, decay):
        t = np.arange(int(.3 * RATE)) / RATE
        click = np.exp(-400 * t) * self.rng.standard_normal(len(t)) * self.rng.uniform(0, .2)
        return np.sin(2 * np.pi * (low * t + sweep / fast * (1 - np.exp(-fast * t)))) * envelope(len(t), .001, decay) + click

    def snare(self):
        n = int(.2 * RATE)
        t = np.arange(n) / RATE
        return (self.noise * self.rng.standard_normal(n) + .5 * np.sin(2 * np.pi * self.body * t)) * envelope(n, .001, self.ring)

    def hat(self):
        n = int(.08 * RATE)
        return self.tick * np.diff(self.rng.standard_normal(n), prepend=0) * envelope(n, .0005, self.bright)

    def tone(self, hz, seconds, attack=.005, fade=None):
        n = int(seconds * RATE)
        t = np.arange(n) / RATE
        wave = sum(p * np.sin(2 * np.pi * hz * (k + 1) * t) for k, p in enumerate(self.parts) if hz * (k + 1) < 9000)
        return wave * envelope(n, attack, fade or self.fade) * np.minimum(1, (n - np.arange(n)) / (.02 * RATE))

    def bass(self, hz, beat, plucked):
        if not plucked:
            return self.tone(hz, beat * .5, fade=3)
        t = np.arange(int(beat * RATE)) / RATE
        hz *= self.rng.choice([.75, 1])
        parts = (p * np.sin(2 * np.pi * hz * (k + 1) * t) * np.exp(-(3 + self.fade * k) * t) for k, p in enumerate(self.parts))
        return sum(parts) * np.minimum(1, t / .004)


def track(pattern, rng):
    """Sound, and lists of seconds of what is in it."""
    metre, band = pattern['metre'], Band(rng)
    beat = 60 / rng.uniform(*pattern['tempi'])
    sound, first = np.zeros(SECONDS * RATE), rng.choice([0, rng.uniform(0, 1)])
    loose, soft = rng.choice([0, .003, .007]), pattern.get('soft', 1)
    levels = {name: rng.uniform(*span) for name, span in
              dict(kick=(.5, 1), snare=(.35, .9), hat=(.2, 1), bass=(.1, .35), chord=(.02, .09), lead=(.03, .12)).items()}
    roots = rng.choice([0, 3, 5, 7, 8, 10], 4)
    plays = {what: rng.random() < pattern.get(what, 0) for what in ('bass', 'chords')}
    upbeat = rng.random() < .5
    bars = int((SECONDS - first) / beat / metre) + 1
    without = set(rng.choice(bars, int(bars * rng.choice([0, .1])), replace=False))

    struck = {'onsets': [], 'kick': [], 'snare': [], 'hat': []}

    def put(at, wave, level, drum='onsets'):
        at = int((first + at * beat + rng.normal() * loose) * RATE)
        if 0 <= at < len(sound):
            for what in {'onsets', drum}:
                struck[what].append(at / RATE)
            wave = wave[:len(sound) - at]
            sound[at:at + len(wave)] += level * rng.uniform(.85, 1.1) * wave

    for bar in range(bars):
        now, root = bar * metre, 55 * 2 ** (roots[bar % 4] / 12)
        if bar not in without:
            for at in pattern['kick']:
                put(now + at, band.kick_sound, soft * pattern.get('soft_kick', 1) * levels['kick'], 'kick')
            for at in pattern['snare']:
                put(now + at, band.snare(), soft * levels['snare'], 'snare')
            if rng.random() < .15:
                put(now + rng.integers(metre) + .5, band.snare(), .3 * soft * levels['snare'], 'snare')
            for at in pattern.get('ride') or [i + at for i in range(metre) for at in pattern['hats']]:
                put(now + at, band.hat(), soft * levels['hat'], 'hat')
        if plays['bass']:
            steps = np.arange(0, metre, .5 if upbeat and not pattern.get('quavers') == 3 else 1)
            for at in steps:
                put(now + at, band.bass(root, beat, pattern.get('plucked')), pattern.get('plucked', 1) * levels['bass'])
        if pattern.get('offbeat'):
            for i in range(metre):
                put(now + i + .5, band.tone(root, beat * .45, fade=3), pattern['offbeat'] * levels['bass'])
        if plays['chords']:
            for at in range(0, metre, rng.choice([1, metre]) if pattern['kick'] else 1):
                for step in (24, 27 if roots[0] % 2 else 28, 31):
                    put(now + at, band.tone(root * 2 ** (step / 12), beat * 1.1), levels['chord'] * soft)
        for i in range(metre * pattern.get('quavers', 0)):
            step = rng.choice([36, 40, 43, 48])
            put(now + i / pattern['quavers'], band.tone(root * 2 ** (step / 12), beat / 2), levels['lead'])
        if pattern.get('melody'):
            for i in range(metre):
                put(now + i, band.tone(220 * 2 ** (rng.choice([0, 3, 5, 7, 10, 12]) / 12), beat * .8, fade=4), .3)
    beats = [first + i * beat for i in range(bars * metre) if first + i * beat < SECONDS]
    sound += rng.standard_normal(len(sound)) * rng.choice([0, 1e-4, 1e-3])
    lists = {what: sorted(times) for what, times in struck.items()}
    return sound / max(1, np.abs(sound).max()), {'beats': beats, 'downbeats': beats[::metre], 'free': pattern.get('free', False)} | lists


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('out')
    a.add_argument('--each', type=int, default=10, help='tracks of each pattern')
    o = a.parse_args()
    for part in ('audio', 'truth'):
        os.makedirs(f'{o.out}/{part}', exist_ok=True)
    for kind, pattern in PATTERNS.items():
        for i in range(o.each):
            name = f'{kind} {i}'.replace(' ', '_')
            sound, lists = track(pattern, np.random.default_rng(zlib.crc32(name.encode())))
            soundfile.write(f'{o.out}/audio/{name}.wav', sound, RATE, subtype='PCM_16')
            with open(f'{o.out}/truth/{name}.json', 'w') as file:
                json.dump({'kind': kind, 'tempo': 60 / np.median(np.diff(lists['beats']))} | lists, file)


if __name__ == '__main__':
    main()
