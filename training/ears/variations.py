"""The same tracks, worse: how much of the beats is lost to coding, clipping, filters, cuts and a tempo that slides.

    python variations.py make CORPUS OUT [--tracks tracks.json]   # OUT/VARIATION/audio/ID and OUT/VARIATION/truth/ID.json
    python variations.py score OUT ANALYSES                       # ANALYSES/VARIATION as `beatbolt analyze --json` writes folders

A ramp goes from 15 % slower to 15 % faster over the whole of a piece of MIDI music, or the other way around; `straight` is the same
piece without it.
"""
import argparse
import json
import os
import pathlib
import tempfile

import mido
import numpy as np
import soundfile

import drums
import midi
import render

RATE, CUT = render.RATE, (45, 75)  # seconds that are cut out
RAMP, RAMPS = 0.15, 10
FILES = {  # of ffmpeg, by ending
    'mp3': ('mp3', ['-b:a', '64k']), '22k': ('wav', ['-ar', '22050']), '96k': ('wav', ['-ar', '96000']),
    'lowpass': ('wav', ['-af', 'lowpass=f=4000:p=2,lowpass=f=4000:p=2']),
}


def write(folder, name, sound, truth):
    for part in ('audio', 'truth'):
        os.makedirs(f'{folder}/{part}', exist_ok=True)
    soundfile.write(f'{folder}/audio/{name}.wav', sound, RATE, subtype='PCM_16')
    pathlib.Path(f'{folder}/truth/{name}.json').write_text(json.dumps(truth))


def cut(times):
    """Times of what is left when the cut is made; a beat beside the cut belongs to nobody."""
    return [t if t < CUT[0] else t - CUT[1] + CUT[0] for t in times if not CUT[0] - 0.1 <= t < CUT[1] + 0.1]


def vary(corpus, out, name):
    sound = soundfile.read(f'{corpus}/audio/{name}.wav', always_2d=True, dtype='float32')[0]
    truth = json.loads(pathlib.Path(f'{corpus}/truth/{name}.json').read_text())
    beats = {'beats': truth['beats']}
    write(f'{out}/plain', name, sound, beats)
    write(f'{out}/clipped', name, (sound * 10 ** (12 / 20)).clip(-1, 1), beats)
    write(f'{out}/polarity', name, sound * np.array([1, -1], np.float32), beats)
    if len(sound) > (CUT[1] + 15) * RATE:
        write(f'{out}/cut', name, np.delete(sound, np.arange(CUT[0] * RATE, CUT[1] * RATE), 0), {'beats': cut(truth['beats'])})
    for variation, (ending, options) in FILES.items():
        write(f'{out}/{variation}', name, sound, beats)
        wav = f'{out}/{variation}/audio/{name}.wav'
        made = f'{out}/{variation}/audio/made-{name}.{ending}'
        render.run('ffmpeg', '-nostdin', '-y', '-i', wav, *options, made)
        os.remove(wav)
        os.rename(made, f'{out}/{variation}/audio/{name}.{ending}')


def slide(out, name, path, sign):
    """A piece at its own tempo and with a ramp, a minute of it."""
    file = mido.MidiFile(path)
    notes = [(t, m) for t, m in drums.events(file) if t < drums.SECONDS]
    at = midi.seconds(file)
    beats = [t for t in map(at, midi.beats(file, max(tick for tick, _ in midi.messages(file)))[0]) if t < drums.SECONDS - 1]
    # The tempo goes linearly through the piece; its inverse is summed up.
    grid = np.linspace(0, drums.SECONDS, 6001)
    tempo = 1 + sign * RAMP * np.linspace(-1, 1, len(grid))
    warped = np.concatenate([[0], np.cumsum(np.diff(grid) * (1 / tempo[1:] + 1 / tempo[:-1]) / 2)])
    warped *= drums.SECONDS / warped[-1]
    with tempfile.TemporaryDirectory() as folder:
        for variation, warp in (('straight', lambda t: t), ('ramp', lambda t: float(np.interp(t, grid, warped)))):
            drums.written([(warp(t), m) for t, m in notes], f'{folder}/a.mid')
            sound = drums.played(f'{folder}/a.mid', f'{folder}/a.wav', render.FONT)
            write(f'{out}/{variation}', name, sound * (render.PEAK / np.abs(sound).max()), {'beats': [warp(t) for t in beats]})


def make(corpus, out, tracks):
    names = [t['id'] for t in json.load(open(tracks))] if tracks else [p.stem for p in pathlib.Path(corpus, 'truth').glob('*.json')]
    for name in sorted(names):
        vary(corpus, out, name)
    with tempfile.TemporaryDirectory() as folder:
        pieces = [s for s in render.sources(folder) if s[0] in names and s[1] == 'midi']
        for i, (name, _, path) in enumerate(pieces[:RAMPS]):
            slide(out, name, path, 1 if i % 2 else -1)


def score(out, analyses, per_track):
    import mir_eval
    for folder in sorted(pathlib.Path(out).iterdir()):
        figures = {}
        for path in sorted((folder / 'truth').glob('*.json')):
            heard = next(pathlib.Path(analyses, folder.name).glob(f'{path.stem}.*.json'))
            true, found = (np.array(json.loads(p.read_text())['beats']) for p in (path, heard))
            trim = lambda beats: beats[(beats >= 5) & (beats <= true[-1] + 0.07)]
            figures[path.stem] = mir_eval.beat.f_measure(trim(true), trim(found))
        bad = {name: round(100 * f) for name, f in figures.items() if f < 0.9} if per_track else ''
        print(f'{folder.name:10} {100 * np.mean(list(figures.values())):5.1f} ({len(figures)}) {bad}')


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('what', choices=('make', 'score'))
    a.add_argument('first')
    a.add_argument('second')
    a.add_argument('--tracks')
    a.add_argument('--per-track', action='store_true')
    o = a.parse_args()
    make(o.first, o.second, o.tracks) if o.what == 'make' else score(o.first, o.second, o.per_track)


if __name__ == '__main__':
    main()
