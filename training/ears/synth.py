"""Drums out of sines and noise, as drum machines make them."""
import numpy as np
import scipy.signal

RATE = 44100
KICKS, SNARES, CLOSED, OPEN = (35, 36), (37, 38, 39, 40), (42, 44), (46,)


def kit(rng):
    """What is drawn once for a track."""
    u = rng.uniform
    return {'deep': u(38, 65), 'sweep': u(60, 300), 'fall': u(0.01, 0.05), 'kick': u(0.08, 0.45), 'click': u(0, 0.5),
            'tone': u(150, 260), 'snare': u(0.06, 0.22), 'rattle': u(0.4, 1.2), 'bright': u(800, 3000),
            'hat': u(0.02, 0.07), 'open': u(0.15, 0.4), 'high': u(5000, 9000), 'drive': u(0.5, 4)}


def noise(rng, length, above):
    sos = scipy.signal.butter(2, above, 'highpass', fs=RATE, output='sos')
    return scipy.signal.sosfilt(sos, rng.normal(0, 1, length))


def stroke(rng, kit, key):
    """[samples] of one stroke."""
    t = np.arange(int(0.6 * RATE)) / RATE
    if key in KICKS:
        phase = 2 * np.pi * (kit['deep'] * t + kit['sweep'] * kit['fall'] * (1 - np.exp(-t / kit['fall'])))
        body = np.sin(phase) * np.exp(-t / kit['kick']) + kit['click'] * noise(rng, len(t), 1000) * np.exp(-t / 0.004)
        return np.tanh(kit['drive'] * body) / np.tanh(kit['drive'])
    if key in SNARES:
        rattle = noise(rng, len(t), kit['bright']) * np.exp(-t / kit['snare']) * kit['rattle'] * 0.5
        if key == 39:  # a clap is several
            return sum(np.roll(rattle, n) * (np.arange(len(t)) >= n) for n in (0, 480, 960)) * 0.6
        return rattle + 0.6 * np.sin(2 * np.pi * kit['tone'] * t) * np.exp(-t / 0.05)
    if key in CLOSED + OPEN:
        return 0.4 * noise(rng, len(t), kit['high']) * np.exp(-t / (kit['open'] if key in OPEN else kit['hat']))
    if key in (49, 51, 57, 59):
        return 0.3 * noise(rng, len(t), 3000) * np.exp(-t / 0.25)
    return np.sin(2 * np.pi * (80 + 5 * (key - 35)) * t * (1 + 0.2 * np.exp(-t / 0.03))) * np.exp(-t / 0.15)


def play(rng, part, seconds):
    """[frames, 2] of a part of (seconds, key, velocity)."""
    drawn, sounds, out = kit(rng), {}, np.zeros((seconds + 1) * RATE, np.float32)
    for time, key, velocity in part:
        if key not in sounds:
            sounds[key] = stroke(rng, drawn, key).astype(np.float32)
        at = int(time * RATE)
        if at < seconds * RATE:
            out[at:at + len(sounds[key])] += sounds[key] * (velocity / 127) ** 1.5
    return np.repeat(out[:seconds * RATE, None], 2, 1)
