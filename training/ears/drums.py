"""A corpus for drums: the MIDI music of the corpus with other drums, whose strokes are known exactly.

    python drums.py CORPUS [--count N] [--seed N]

Every track is a minute of a piece of MIDI music at another tempo and pitch; its own drum part or one of `grooves.py`, played by a
random kit of a random sound font or by recorded samples; and the two mixed at random levels. Writes what `render.py` writes; the kind of
a track is that of the piece it is made of.
"""
import argparse
import json
import os
import pathlib
import tempfile

import mido
import numpy as np
import soundfile

import grooves
import midi
import render
import samples

FONTS = ['FluidR3_GM.sf2', 'TimGM6mb.sf2', 'OPL-3_FM_128M.sf2']
KITS = ['FluidR3_GM.sf2'] * 3 + ['TimGM6mb.sf2', 'Black_Pearl_4_LV2.sf2', 'Red_Zeppelin_4_LV2.sf2']
PROGRAMS = 0, 0, 8, 16, 24, 25, 32, 40  # General MIDI's kits: standard, room, power, electronic, TR-808, jazz, brushes
SECONDS = 60
DRUMS = 9  # the channel


def font(rng, names):
    return f'/usr/share/sounds/sf2/{rng.choice(names)}'


def events(file):
    """(seconds, message) of a file, none of them about time."""
    at = midi.seconds(file)
    return [(at(tick), message) for tick, message in midi.messages(file) if not message.is_meta]


def written(events, path):
    """A file of events at a constant tempo, a tick a millisecond; after a minute there is silence."""
    silence = [(SECONDS, mido.Message('control_change', channel=c, control=120)) for c in range(16)]
    ticks = [(max(0, round(time * 1000)), message) for time, message in sorted([*events, *silence], key=lambda e: e[0])]
    file = mido.MidiFile(ticks_per_beat=1000)
    file.tracks.append(midi.track([(0, mido.MetaMessage('set_tempo', tempo=1_000_000)), *ticks]))
    file.save(path)


def excerpt(events, start, stretch):
    """A minute from `start` seconds on, `stretch` times as long; what is set before it is set at its beginning."""
    found = []
    for time, message in events:
        note = message.type in ('note_on', 'note_off')
        if start <= time < start + SECONDS / stretch or (not note and time < start):
            found.append((max(0.0, (time - start) * stretch), message))
    return found


def transposed(events, semitones):
    keys = lambda m: {'note': m.note + semitones} if m.type in ('note_on', 'note_off') else {}
    fits = lambda m: m.type not in ('note_on', 'note_off') or 0 <= m.note + semitones < 128
    return [(t, m.copy(**keys(m))) for t, m in events if fits(m)]


def strokes(rng, own, beats, downbeats):
    """The drum part: the piece's own if it has one, or another."""
    part = [(t, m.note, m.velocity) for t, m in own if m.type == 'note_on' and m.velocity > 0]
    if len(part) > 30 and rng.random() < 0.5:
        return part
    return grooves.part(rng, beats, downbeats)


def struck(rng, part, raw, scratch):
    """The sound of a drum part."""
    if rng.random() < 0.4:
        return samples.play(rng, part, SECONDS)
    program = mido.Message('program_change', channel=DRUMS, program=int(rng.choice(PROGRAMS)))
    notes = [(t + d, mido.Message('note_on', channel=DRUMS, note=k, velocity=v if d == 0 else 0)) for t, k, v in part for d in (0, 0.1)]
    written([(0, program), *notes], scratch)
    return played(scratch, raw, font(rng, KITS))


def played(path, raw, sounds):
    render.fluidsynth(path, raw, sounds)
    sound = soundfile.read(raw, frames=SECONDS * render.RATE, always_2d=True, dtype='float32')[0]
    return np.pad(sound, ((0, SECONDS * render.RATE - len(sound)), (0, 0)))


def loudness(sound):
    """Level of the louder half of the blocks."""
    blocks = (sound[:len(sound) // 4410 * 4410].reshape(-1, 4410, 2) ** 2).mean((1, 2))
    return np.sqrt(np.sort(blocks)[len(blocks) // 2:].mean())


def made(rng, path, folder):
    """Sound and lists of one track; None if the excerpt is nearly empty."""
    file, scratch, raw = mido.MidiFile(path), f'{folder}/scratch.mid', f'{folder}/scratch.wav'
    everything, at, stretch = events(file), midi.seconds(file), rng.uniform(0.8, 1.25)
    start = rng.uniform(0, max(0.1, everything[-1][0] - SECONDS / stretch)) if rng.random() < 0.7 else 0
    ticks = midi.beats(file, max(tick for tick, _ in midi.messages(file)) + 8 * file.ticks_per_beat)
    beats, downbeats = ([(at(t) - start) * stretch for t in list if 0 <= at(t) - start < SECONDS / stretch] for list in ticks)
    notes = excerpt(everything, start, stretch)
    music = [(t, m) for t, m in notes if getattr(m, 'channel', 0) != DRUMS]
    part = strokes(rng, [(t, m) for t, m in notes if getattr(m, 'channel', 0) == DRUMS], beats, downbeats)
    if sum(m.type == 'note_on' for _, m in music) < 40 or len(part) < 20:
        return None
    written(transposed(music, int(rng.integers(-5, 6))), scratch)
    sound = played(scratch, raw, font(rng, FONTS))
    drums = struck(rng, part, raw, scratch)
    if min(loudness(sound), loudness(drums)) < 1e-4:
        return None  # an instrument that the font lacks
    ratio = 10 ** (rng.normal(-1, 5) / 20) * loudness(sound) / loudness(drums)
    loudest = max(v for _, _, v in part)
    heard = [(t, k) for t, k, v in part if (v / loudest) ** 2 > midi.QUIET and t < SECONDS - 0.1]
    lists = {name: midi.apart(t for t, k in heard if k in keys) for name, keys in midi.DRUMS.items()}
    tones = [t for t, m in music if m.type == 'note_on' and m.velocity > 0]
    return sound + ratio * drums, {'beats': beats, 'downbeats': downbeats, 'onsets': midi.apart(tones + [t for t, _ in heard]), **lists}


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('corpus')
    a.add_argument('--count', type=int, default=300)
    a.add_argument('--seed', type=int, default=1)
    o = a.parse_args()
    for part in ('audio', 'truth'):
        os.makedirs(f'{o.corpus}/{part}', exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        pieces = [s for s in render.sources(folder) if s[1] in ('midi', 'doom', 'mma') and not render.judging(s[0])]
        for i in range(o.count):
            rng = np.random.default_rng([o.seed, i])
            name, kind, path = pieces[int(rng.integers(len(pieces)))]
            name = f'drums_{i:04}_{name}'
            if os.path.exists(f'{o.corpus}/truth/{name}.json') or not (found := made(rng, path, folder)):
                continue
            sound, lists = found
            lists = {key: [round(float(t), 4) for t in times] for key, times in lists.items()}
            soundfile.write(f'{o.corpus}/audio/{name}.wav', sound * (render.PEAK / np.abs(sound).max()), render.RATE, subtype='PCM_16')
            truth = {'id': name, 'kind': kind, 'duration': SECONDS, 'free': render.free(lists)} | lists
            pathlib.Path(f'{o.corpus}/truth/{name}.json').write_text(json.dumps(truth))
            print(name, {key: len(times) for key, times in lists.items()}, flush=True)


if __name__ == '__main__':
    main()
