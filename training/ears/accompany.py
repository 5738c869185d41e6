"""Music from styles: MMA's accompaniments of chord progressions, with a melody, as MIDI files. One piece for each of MMA's files of
styles that keep a beat; the same each time, but for how loosely MMA plays them.
"""
import glob
import os
import pathlib
import re
import subprocess

import mido
import numpy as np

import midi

LIBRARY = '/usr/share/mma/lib'
UNUSABLE = 'metronome', 'none', 'rubato'
PARTIAL = 'intro', 'end', 'fill', 'pickup', 'stop', 'break'  # grooves of a few bars
SCALES = {'major': (0, 2, 4, 5, 7, 9, 11), 'minor': (0, 2, 3, 5, 7, 8, 10)}
TONES = 'C', 'Db', 'D', 'Eb', 'E', 'F', 'Gb', 'G', 'Ab', 'A', 'Bb', 'B'
# Semitones over the key, and what the chord is.
PROGRESSIONS = {
    'major': ('0 9m 5 7', '0 5 7 5', '2m7 7,7 0M7 0M7', '0 7 9m 5', '0 10 5 0', '0M7 9m7 2m7 7,7', '0 4m 5 7', '0,7 5,7 0,7 7,7',
              '0,7 0,7 0,7 0,7 5,7 5,7 0,7 0,7 7,7 5,7 0,7 7,7', '4m7 9,7 2m7 7,7', '0 0 5 5 7 7 0 0', '0 2 5 7'),
    'minor': ('0m 10 8 7,7', '0m 5m 7m 0m', '0m 8 3 10', '0m 0m 5m 7,7', '0m7 5m7 10,7 3M7', '0m 10 0m 10', '2m7b5 7,7 0m6 0m6', '0m 3 8 7'),
}
SOUNDS = 0, 4, 11, 12, 16, 21, 22, 24, 26, 27, 29, 30, 40, 48, 52, 56, 61, 64, 65, 66, 68, 71, 73, 79, 80, 81, 82, 87  # of melodies
BARS = 96
QUICK, SLOW = ('fast', 'quick', 'jungle', 'techno', 'metal', 'polka', 'bebop'), ('slow', 'ballad', 'lullaby', 'hymn')


def grooves(path):
    """Names of the styles in a file, those of its own bars only."""
    names = re.findall(r'^\s*DefGroove\s+(\S+)', open(path, encoding='latin-1').read(), re.M | re.I)
    return [name for name in names if not any(word in name.lower() for word in PARTIAL)]


def song(rng, names, slow, quick):
    """MMA's text of a piece, and the notes of its key."""
    mode = 'minor' if rng.random() < 0.45 else 'major'
    key, tempo = int(rng.integers(12)), rng.uniform(55, 95) if slow else rng.uniform(130, 200) if quick else rng.uniform(80, 150)
    parts = [(str(rng.choice(names)), str(rng.choice(PROGRESSIONS[mode]))) for _ in range(3)]
    lines, bar = [f'Tempo {tempo:.1f}'], 0
    while bar < BARS:
        groove, progression = parts[int(rng.integers(len(parts)))]
        lines.append(f'Groove {groove}')
        chords = progression.split()
        for i in range(int(rng.choice([8, 12, 16]))):
            tone, kind = re.match(r'(\d+),?(.*)', chords[i % len(chords)]).groups()
            lines.append(f'{bar + 1} {TONES[(key + int(tone)) % 12]}{kind}')
            bar += 1
    return '\n'.join(lines) + '\n', [key + step for step in SCALES[mode]]


def melody(rng, file, scale):
    """A track of notes along the beats, in phrases with pauses between them."""
    used = {m.channel for _, m in midi.messages(file) if m.type == 'note_on'} | {9}
    free = [c for c in range(16) if c not in used]
    if not free:
        return None
    beats = midi.beats(file, max(tick for tick, _ in midi.messages(file)))[0]
    step, dense = int(rng.integers(33, 38)), rng.uniform(0.2, 0.8)
    events = [(0, mido.Message('program_change', channel=free[0], program=int(rng.choice(SOUNDS))))]
    for i, (start, stop) in enumerate(zip(beats, beats[1:])):
        if (i // 16) % 3 == 2:
            continue
        for share, chance in ((0, dense), (0.5, dense / 2)):
            if rng.random() < chance:
                step = int(np.clip(step + rng.integers(-2, 3), 28, 49))
                key = 12 * (step // 7) + scale[step % 7]
                at, length = int(start + share * (stop - start)), int((stop - start) * 0.45)
                note = mido.Message('note_on', channel=free[0], note=key, velocity=int(rng.integers(60, 110)))
                events += [(at, note), (at + length, note.copy(velocity=0))]
    return midi.track(events)


def pieces(folder):
    """(name, path) of all pieces, written into a folder."""
    for number, path in enumerate(sorted(glob.glob(f'{LIBRARY}/*/*.mma'))):
        rng, stem = np.random.default_rng([7, number]), pathlib.Path(path).stem
        names = grooves(path)
        if not names or any(word in stem for word in UNUSABLE):
            continue
        name = f'mma_{os.path.basename(os.path.dirname(path))}_{re.sub("[^a-z0-9]+", "_", stem.lower())}'
        has = lambda words: any(word in stem.lower() for word in words)
        text, scale = song(rng, names, has(SLOW), has(QUICK))
        pathlib.Path(f'{folder}/{name}.mma').write_text(text)
        done = subprocess.run(['mma', '-f', f'{folder}/{name}.mid', f'{folder}/{name}.mma'], stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0 or not os.path.exists(f'{folder}/{name}.mid'):
            continue  # a style that plays nothing by itself
        file = mido.MidiFile(f'{folder}/{name}.mid')
        if track := melody(rng, file, scale):
            file.tracks.append(track)
            file.save(f'{folder}/{name}.mid')
        yield name, f'{folder}/{name}.mid'
