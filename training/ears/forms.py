"""Tracks of a known form, and how well their sections are found.

    python forms.py make FOLDER            # FOLDER/audio/ID.wav and FOLDER/truth/ID.json
    python forms.py others FOLDER          # the same of all other pieces, to fit to
    python forms.py score FOLDER ANALYSES  # ANALYSES/ID.wav.json as `beatbolt analyze FOLDER/audio --json ANALYSES` writes them

A track is a piece's own bars in a new order: three stretches of eight bars, as unlike in notes and instruments as the piece has
them, played one after another as one of FORMS says. What is known is where another letter begins; two equal letters in a row are one
section. Pieces are MIDI files of one time signature with enough bars (openttd-openmsx, planetblupi-music-midi, freedoom, freedm):
the twelve whose stretches are least alike to judge by; the others, in more forms and with stretches of other lengths, twice.
"""
import collections
import itertools
import json
import os
import pathlib
import sys
import tempfile

import mido
import numpy as np
import soundfile

import midi
import render

FORMS = 'ABABCB', 'AABACA', 'ABCABC', 'ABACABA'
OTHER_FORMS = *FORMS, 'ABCBA', 'AABBCC', 'ABCB', 'ABABAB', 'A', 'AB'
BARS, OTHER_BARS = 8, (8, 4, 12, 16)
TRACKS = 12
TAIL = 2  # seconds in which the last notes fade


def bar_ticks(file):
    """Ticks of a bar; None where the bars of a piece are not all alike."""
    kept = {(m.numerator, m.denominator) for m in midi.changes(file, 'time_signature', mido.MetaMessage('time_signature')).values()}
    (numerator, denominator), *more = kept
    return None if more else file.ticks_per_beat * 4 * numerator // denominator


def sketch(struck, start, end, least):
    """What a stretch sounds like: shares of its notes by channel and pitch class, drums by key; None of few."""
    counts = collections.Counter((c, key if c == 9 else key % 12) for tick, c, key in struck if start <= tick < end)
    total = sum(counts.values())
    return {k: n / total for k, n in counts.items()} if total >= least else None


def unlikeness(a, b):
    """Share of notes that two sketches do not have in common."""
    return 1 - sum(min(a.get(k, 0), b.get(k, 0)) for k in a.keys() | b.keys())


def stretches(file, bar, bars=BARS):
    """Starts of the three stretches that are least alike, and how unlike the nearest two are; None if there are too few."""
    struck = midi.notes(file)
    starts = range(0, max((n[0] for n in struck), default=0) - bars * bar + 1, bars * bar)
    known = {s: k for s in starts if (k := sketch(struck, s, s + bars * bar, 4 * bars))}
    nearest = lambda three: min(unlikeness(known[a], known[b]) for a, b in itertools.combinations(three, 2))
    best = max(itertools.combinations(known, 3), key=nearest, default=None)
    return best and (best, nearest(best))


def stretch(file, start, end):
    """(tick from its start, message) of a stretch: the state of all channels first, then what happens, all notes ended."""
    state, sounding, out = {}, set(), []
    for tick, m in midi.messages(file):
        if tick >= end or m.is_meta and m.type != 'set_tempo':
            continue
        if m.type not in ('note_on', 'note_off') and tick < start:
            state[(m.type, getattr(m, 'channel', None), getattr(m, 'control', None))] = m
        elif tick >= start:
            out.append((tick - start, m))
            if m.type in ('note_on', 'note_off'):
                (sounding.add if m.type == 'note_on' and m.velocity else sounding.discard)((m.channel, m.note))
    ends = [(end - start - 1, mido.Message('note_off', channel=c, note=n)) for c, n in sorted(sounding)]
    return [(0, m) for m in state.values()] + out + ends


def arranged(file, length, starts, form):
    """A MIDI file that plays stretches in the order of a form."""
    track, now = mido.MidiTrack(), 0
    for i, letter in enumerate(form):
        start = starts['ABC'.index(letter)]
        for tick, message in stretch(file, start, start + length):
            at = i * length + tick
            track.append(message.copy(time=at - now))
            now = at
    out = mido.MidiFile(type=0, ticks_per_beat=file.ticks_per_beat)
    out.tracks.append(track)
    return out


def truth(file, length, form):
    """Sections of an arranged file, [{"start", "end", "label"}] in seconds."""
    at, sections = midi.seconds(file), []
    for i, letter in enumerate(form):
        start, end = at(i * length), at((i + 1) * length)
        if sections and sections[-1]['label'] == letter:
            sections[-1]['end'] = end
        else:
            sections.append({'start': start, 'end': end, 'label': letter})
    return sections


def pieces(scratch):
    """(how unlike its stretches are, name, file, ticks of a bar) of all pieces, the most unlike first."""
    found = []
    for name, kind, path in render.sources(scratch):
        if kind in ('midi', 'doom') and not render.judging(name):
            file = mido.MidiFile(path)
            bar = bar_ticks(file)
            three = bar and stretches(file, bar)
            if three:
                found.append((three[1], name, file, bar))
    return sorted(found, key=lambda p: (-p[0], p[1]))


def play(folder, scratch, name, file, length, starts, form):
    played = arranged(file, length, starts, form)
    played.save(f'{scratch}/played.mid')
    render.fluidsynth(f'{scratch}/played.mid', f'{scratch}/played.wav')
    sections = truth(played, length, form)
    sound = soundfile.read(f'{scratch}/played.wav', always_2d=True)[0]
    sound = sound[:int((sections[-1]['end'] + TAIL) * render.RATE)]
    soundfile.write(f'{folder}/audio/{name}.wav', sound * (render.PEAK / np.abs(sound).max()), render.RATE, subtype='PCM_16')
    pathlib.Path(f'{folder}/truth/{name}.json').write_text(json.dumps(sections))
    print(f'{name}: {form}, {sections[-1]["end"]:.0f} s', flush=True)


def make(folder, others=False):
    for part in ('audio', 'truth'):
        os.makedirs(f'{folder}/{part}', exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        known = pieces(scratch)
        for i, (_, name, file, bar) in enumerate([] if others else known[:TRACKS]):
            play(folder, scratch, name, file, BARS * bar, stretches(file, bar)[0], FORMS[i % len(FORMS)])
        for i, (_, name, file, bar) in enumerate(2 * known[TRACKS:] if others else []):
            bars = OTHER_BARS[i % len(OTHER_BARS)]
            three = stretches(file, bar, bars)
            if three:
                play(folder, scratch, f'{name}.{bars}', file, bars * bar, three[0], OTHER_FORMS[i % len(OTHER_FORMS)])


def score(folder, analyses):
    """F of boundaries within 3 s, the first and last left out, and pairwise F of labels (mir_eval's definitions)."""
    import mir_eval
    figures = []
    for path in sorted(pathlib.Path(folder, 'truth').glob('*.json')):
        whole = [json.loads(path.read_text()), json.loads(pathlib.Path(analyses, f'{path.stem}.wav.json').read_text())['sections']]
        end = whole[0][-1]['end']
        sides = []
        for sections in whole:
            spans = np.array([[s['start'], min(s['end'], end)] for s in sections if s['start'] < end - 0.1])
            spans[-1, 1] = end
            sides.append((spans, [s['label'] for s in sections][:len(spans)]))
        (a, la), (b, lb) = sides
        found = mir_eval.segment.detection(a, b, window=3, trim=True)[2] if len(b) > 1 else 0.0
        figures.append((found, mir_eval.segment.pairwise(a, la, b, lb)[2]))
        print(f'{path.stem:32} boundaries {found:.2f}, labels {figures[-1][1]:.2f}   {"".join(la)} {"".join(lb)}')
    print(f'mean of {len(figures)}: boundaries {np.mean([f[0] for f in figures]):.3f}, labels {np.mean([f[1] for f in figures]):.3f}')


if __name__ == '__main__':
    {'make': make, 'others': lambda folder: make(folder, others=True), 'score': score}[sys.argv[1]](*sys.argv[2:])
