"""Renders the corpus: music whose beats are known exactly, since it is made from notes or comes with a tempo chart.

    python render.py CORPUS [--only PREFIX]

Writes CORPUS/audio/ID.wav (44.1 kHz, 16 bit, stereo, the first two minutes, peak at -1 dBFS) and CORPUS/truth/ID.json. All of it
is in Debian 12; README.md names the packages. What is there already is left alone. Tracks in held_out.txt, which lists hashes of
names, are kept for judging and never made.
"""
import argparse
import glob
import hashlib
import json
import os
import pathlib
import re
import struct
import subprocess
import tempfile

import numpy as np
import soundfile

import accompany
import lmms
import midi
import tracker

RATE, SECONDS, PEAK = 44100, 120, 10 ** (-1 / 20)
FONT = '/usr/share/sounds/sf2/FluidR3_GM.sf2'
GAMES = '/usr/share/games'
MODULES = ('games/heroes/mod/*.xm', 'games/tecnoballz/musics/*.mod', 'games/pingus/data/music/*.it', 'games/pingus/data/music/*.s3m',
           'games/circuslinux/data/music/*.mod', 'games/madbomber/music/*', 'games/rafkill/music/*.xm', 'games/criticalmass/*.xm',
           'open-invaders/*.mod', 'games/vectoroids/music/*', 'games/frozen-bubble/snd/*.xm')
LATE = {'fof_metal_madness': 0.034, 'fof_war_of_freedom': 0.035}  # seconds by which a recording lags behind its chart, measured
ON_GRID, FREE = 0.025, 0.6  # seconds; with fewer notes than that share near sixteenths or triplets the beats teach nothing


def plain(path):
    """A file's name as part of a track's."""
    return re.sub(r'[^a-z0-9]+', '_', os.path.basename(path).lower().rsplit('.', 1)[0])


def lumps(wad, folder):
    """Files of the MIDI music in a Doom archive."""
    data = open(wad, 'rb').read()
    count, directory = struct.unpack('<ii', data[4:12])
    for i in range(count):
        start, size, name = struct.unpack('<ii8s', data[directory + 16 * i:directory + 16 * i + 16])
        music = data[start:start + size]
        if name.startswith(b'D_') and music.startswith(b'MThd'):
            path = f'{folder}/{pathlib.Path(wad).stem}_{name.rstrip(bytes(1)).decode()[2:].lower()}.mid'
            pathlib.Path(path).write_bytes(music)
            yield path, hashlib.sha1(music).digest()


def sources(folder):
    """(name, kind, path) of every track that the installed packages hold; each piece of music once."""
    seen = set()
    for prefix, pattern in (('msx', f'{GAMES}/openttd/baseset/openmsx/*.mid'), ('blupi', '/usr/share/planetblupi/music/*.mid')):
        for path in sorted(glob.glob(pattern)):
            yield f'{prefix}_{pathlib.Path(path).stem}', 'midi', path
    for wad in ('freedoom1', 'freedoom2', 'freedm'):
        for path, digest in lumps(f'{GAMES}/doom/{wad}.wad', folder):
            if digest not in seen:
                seen.add(digest)
                yield pathlib.Path(path).stem, 'doom', path
    for name, path in accompany.pieces(folder):
        yield name, 'mma', path
    for pattern in MODULES:
        for path in sorted(glob.glob(f'/usr/share/{pattern}')):
            package = path.removeprefix('/usr/share/').removeprefix('games/').split('/')[0]
            yield f'mod_{package}_{plain(path)}', 'mod', path
    for pattern in ('demos/**/*.mmp*', 'shorties/*.mmp*'):
        for path in sorted(glob.glob(f'/usr/share/lmms/projects/{pattern}', recursive=True)):
            yield f'lmms_{plain(path).strip("_")}', 'lmms', path
    for path in sorted(glob.glob(f'{GAMES}/fretsonfire/data/songs/*/*/notes.mid')):
        yield f'fof_{plain(os.path.dirname(path))}', 'fof', path


def judging(name):
    """Whether a track is kept for judging."""
    held = (pathlib.Path(__file__).parent / 'held_out.txt').read_text().split()
    return hashlib.sha256(f'beats:{name}'.encode()).hexdigest()[:16] in held


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=os.environ | {'QT_QPA_PLATFORM': 'offscreen'})


def fluidsynth(path, raw, font=FONT):
    run('fluidsynth', '-niq', '-F', raw, '-r', str(RATE), '-g', '0.4', '-O', 's16', '-T', 'wav', font, path)


def mixed(path, raw):
    """The stems beside a Frets on Fire chart, added up."""
    stems = [f'{os.path.dirname(path)}/{name}.ogg' for name in ('song', 'guitar', 'rhythm')]
    stems = [stem for stem in stems if os.path.exists(stem)]
    inputs = [word for stem in stems for word in ('-i', stem)]
    run('ffmpeg', '-y', *inputs, '-filter_complex', f'amix=inputs={len(stems)}:normalize=0', '-ar', str(RATE), '-ac', '2',
        '-c:a', 'pcm_f32le', raw)


def played(kind, path, raw):
    """Sound [frames,2] at RATE, and lists of seconds of what is struck in it; None if there is nothing."""
    if kind == 'mod':
        found = tracker.play(path, SECONDS)
        return found and (found[0], tracker.truth(found[1]))
    lists = None if kind == 'lmms' else midi.truth(path)
    if kind == 'lmms':
        run('lmms', '--allowroot', 'render', path, '-o', raw, '-s', str(RATE))
    elif lists is None:
        return None
    elif kind == 'fof':
        mixed(path, raw)
    else:
        fluidsynth(path, raw)
    sound = soundfile.read(raw, frames=SECONDS * RATE, always_2d=True, dtype='float32')[0]
    return sound, lists or lmms.truth(path, len(sound) / RATE)


def charted(lists, end):
    """Beats of a recording by its chart, to its end; what the chart asks a player to strike is not what sounds."""
    beats = lists['beats']
    beat = beats[-1] - beats[-2]
    beats = [*beats, *np.arange(beats[-1] + beat, end, beat)]
    return {'beats': beats, 'downbeats': beats[::4], 'onsets': None}


def free(lists):
    """Whether the notes don't follow the notated beat."""
    beats, onsets = np.array(lists['beats']), np.array(lists['onsets'])
    onsets = onsets[(onsets >= beats[0]) & (onsets < beats[-1])]
    i = np.searchsorted(beats, onsets, 'right') - 1
    length = beats[i + 1] - beats[i]
    off = [np.abs((p := (onsets - beats[i]) / length * n) - p.round()) / n * length for n in (4, 3)]
    return bool(np.mean(np.minimum(*off) < ON_GRID) < FREE) if len(onsets) else True


def label(name, kind, lists, end):
    """The truth of a track: beats from its first note to its last, all lists within the sound."""
    first, last = lists['onsets'][0], lists['onsets'][-1]
    if kind == 'fof':
        lists, last = charted(lists, end), end
    for key in ('beats', 'downbeats'):
        lists[key] = [t + LATE.get(name, 0) for t in lists[key] if first - 0.05 <= t <= last + 0.05]
    follows = kind == 'fof' or len(lists['beats']) < 2 or not free(lists)
    inside = {key: times and [round(float(t), 4) for t in times if 0 <= t < end - 0.02] for key, times in lists.items()}
    return {'id': name, 'kind': kind, 'duration': round(end, 3), 'free': not follows} | inside


def make(name, kind, path, out, folder):
    found = played(kind, path, f'{folder}/{name}.wav')
    if not found or not found[1]['onsets']:
        return print(f'{name}: no music in it')
    sound, lists = found[0][:SECONDS * RATE], found[1]
    sound = np.repeat(sound, 2, 1) if sound.shape[1] == 1 else sound
    sound = sound * (PEAK / max(np.abs(sound).max(), 1e-9))
    truth = label(name, kind, lists, len(sound) / RATE)
    soundfile.write(f'{out}/audio/{name}.wav', sound, RATE, subtype='PCM_16')
    pathlib.Path(f'{out}/truth/{name}.json').write_text(json.dumps(truth))
    print(f'{name}: {truth["duration"]:.0f} s, {len(truth["beats"])} beats{", free" if truth["free"] else ""}', flush=True)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('corpus')
    a.add_argument('--only', default='', help='names that begin with this')
    o = a.parse_args()
    for part in ('audio', 'truth'):
        os.makedirs(f'{o.corpus}/{part}', exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, kind, path in sources(folder):
            if name.startswith(o.only) and not judging(name) and not os.path.exists(f'{o.corpus}/truth/{name}.json'):
                make(name, kind, path, o.corpus, folder)


if __name__ == '__main__':
    main()
