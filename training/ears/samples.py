"""Drums out of recorded strokes: a drum kit of Hydrogen's, or LMMS's samples in a kit that is drawn anew for every track."""
import functools
import glob
import os
import re
import xml.etree.ElementTree as xml

import numpy as np
import soundfile

RATE = 44100
LMMS = '/usr/share/lmms/samples/drums'
HYDROGEN = '/usr/share/hydrogen/data/drumkits'
FOREIGN = 'circAfrique', 'Gimme A Hand'  # no drum kits
BROKEN = 'kick04.ogg'  # a header that libsndfile refuses
NAMES = {  # what a sample is a stroke of, by its name: the first that fits
    'kick': 'kick|bass ?drum', 'rim': 'stick|rim', 'snare': 'snare', 'clap': 'clap', 'open': '(hat|hh).*op|op.*(hat|hh)|ohh', 'hat': 'hat|hh',
    'crash': 'crash|cymbal|splash', 'ride': 'ride', 'tom': 'tom', 'shaker': 'shaker|maraca|tambourine', 'wood': 'cowbell|clav|wood',
}
KEYS = {  # General MIDI's
    'kick': (35, 36), 'rim': (37,), 'snare': (38, 40), 'clap': (39,), 'hat': (42, 44), 'open': (46,), 'crash': (49, 57), 'ride': (51, 59),
    'tom': (41, 43, 45, 47, 48, 50), 'shaker': (69, 70, 54), 'wood': (56, 75, 76),
}


def named(strokes):
    """{what it is a stroke of: paths} of (name, path)."""
    found = {}
    for name, path in strokes:
        kind = next((kind for kind, pattern in NAMES.items() if re.search(pattern, name.lower())), None)
        if os.path.exists(path) and not path.endswith(BROKEN):
            found.setdefault(kind, []).append(path)
    return found


def instruments(kit):
    """(name, path) of the louder layers of a kit of Hydrogen's."""
    text = re.sub(r'\sxmlns="[^"]*"', '', open(f'{kit}/drumkit.xml', encoding='utf-8', errors='replace').read())
    for instrument in xml.fromstring(text).iter('instrument'):
        for layer in instrument.iter('layer'):
            if float(layer.findtext('max', '1')) > 0.5:
                yield instrument.findtext('name', ''), f'{kit}/{layer.findtext("filename", "")}'


@functools.cache
def kits():
    """{what it is a stroke of: paths} of every kit, LMMS's samples first."""
    folders = [f for f in sorted(glob.glob(f'{HYDROGEN}/*')) if not os.path.basename(f).startswith(FOREIGN)]
    everything = named((os.path.basename(p), p) for p in sorted(glob.glob(f'{LMMS}/*.ogg')))
    return [everything] + [kit for kit in (named(instruments(f)) for f in folders) if {'kick', 'snare', 'hat'} <= set(kit)]


def sample(rng, paths):
    """[samples] of a stroke: higher or lower, shorter or as long as it is."""
    sound, rate = soundfile.read(paths[int(rng.integers(len(paths)))], always_2d=True, dtype='float32')
    at = np.arange(0, len(sound) - 1, rate / RATE * rng.uniform(0.85, 1.2))[:RATE]
    sound = np.interp(at, np.arange(len(sound)), sound.mean(1)).astype(np.float32)
    sound = sound / max(np.abs(sound).max(), 1e-6)
    first = np.flatnonzero(np.abs(sound) > 0.02)[0]
    sound = sound[max(0, first - 20):]
    return sound * np.exp(-np.arange(len(sound)) / RATE * rng.choice([0, 0, 3, 8])).astype(np.float32)


def play(rng, part, seconds):
    """[frames, 2] of a part of (seconds, key, velocity); a key of no sample is silent."""
    everything, *whole = kits()
    own = whole[int(rng.integers(len(whole)))] if rng.random() < 0.7 else everything
    kit, out = {}, np.zeros((seconds + 1) * RATE, np.float32)
    for kind, keys in KEYS.items():
        sound = sample(rng, own.get(kind) or everything[kind]) * rng.uniform(0.5, 1) * (0.5 if keys[0] >= 42 else 1)
        kit |= dict.fromkeys(keys, sound)
    for time, key, velocity in part:
        at = int(time * RATE)
        if key in kit and at < seconds * RATE:
            end = min(len(out), at + len(kit[key]))
            out[at:end] += kit[key][:end - at] * (velocity / 127) ** 1.5
    return np.repeat(out[:seconds * RATE, None], 2, 1)
