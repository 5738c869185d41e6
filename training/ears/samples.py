"""Drums out of recorded strokes: LMMS's samples, in a kit that is drawn anew for every track."""
import glob

import numpy as np
import soundfile

RATE = 44100
FOLDER = '/usr/share/lmms/samples/drums'
NAMES = {  # General MIDI's keys, and the names of samples for them
    (35, 36): ('bassdrum', 'kick'), (37,): ('sidestick', 'snare_rim', 'rim'), (38, 40): ('snare',), (39,): ('clap',),
    (42, 44): ('hihat_closed', 'hihat_foot'), (46,): ('hihat_opened',), (49, 57): ('crash',), (51, 59): ('ride',),
    (41, 43, 45, 47, 48, 50): ('tom',), (69, 70, 54): ('shaker',), (56, 75, 76): ('wood', 'clav'),
}
BROKEN = 'kick04.ogg'  # a header that libsndfile refuses


def sample(rng, names):
    """[samples] of a stroke: higher or lower, shorter or as long as it is."""
    paths = sorted(p for name in names for p in glob.glob(f'{FOLDER}/{name}*.ogg') if not p.endswith(BROKEN))
    sound, rate = soundfile.read(paths[int(rng.integers(len(paths)))], always_2d=True, dtype='float32')
    at = np.arange(0, len(sound) - 1, rate / RATE * rng.uniform(0.85, 1.2))[:RATE]
    sound = np.interp(at, np.arange(len(sound)), sound.mean(1)).astype(np.float32)
    sound = sound / max(np.abs(sound).max(), 1e-6)
    first = np.flatnonzero(np.abs(sound) > 0.02)[0]
    sound = sound[max(0, first - 20):]
    return sound * np.exp(-np.arange(len(sound)) / RATE * rng.choice([0, 0, 3, 8])).astype(np.float32)


def play(rng, part, seconds):
    """[frames, 2] of a part of (seconds, key, velocity); a key without a sample is silent."""
    kit, out = {}, np.zeros((seconds + 1) * RATE, np.float32)
    drawn = {keys: (sample(rng, names), rng.uniform(0.5, 1)) for keys, names in NAMES.items()}
    for keys, (sound, level) in drawn.items():
        kit |= dict.fromkeys(keys, sound * level * (0.5 if keys[0] >= 42 else 1))
    for time, key, velocity in part:
        at = int(time * RATE)
        if key in kit and at < seconds * RATE:
            end = min(len(out), at + len(kit[key]))
            out[at:end] += kit[key][:end - at] * (velocity / 127) ** 1.5
    return np.repeat(out[:seconds * RATE, None], 2, 1)
