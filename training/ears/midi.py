"""What a MIDI file says is struck when: beats and bars by its tempo map and time signatures, notes, and kicks, snares and hats of
channel 10 by General MIDI's key map.
"""
import bisect
import math

import mido

DRUMS = {'kick': (35, 36), 'snare': (37, 38, 39, 40), 'hat': (42, 44, 46)}
QUIET = 10 ** (-36 / 20)  # against the loudest note; what is quieter is not heard
APART = 0.03              # seconds; closer ones are one


def apart(times):
    """Times in order, without those that follow another one too closely."""
    kept = []
    for time in sorted(times):
        if not kept or time - kept[-1] > APART:
            kept.append(time)
    return kept


def messages(file):
    """All messages of all tracks with their ticks, meta messages first."""
    found = []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            found.append((tick, message))
    return sorted(found, key=lambda m: (m[0], not m[1].is_meta))


def track(events):
    """A track of (tick, message)."""
    found, last = mido.MidiTrack(), 0
    for tick, message in sorted(events, key=lambda e: e[0]):
        found.append(message.copy(time=tick - last))
        last = tick
    return found


def changes(file, kind, first):
    """{tick: message} of a kind of meta message; `first` holds at the start, the last of several at one tick counts."""
    return {0: first} | {tick: message for tick, message in messages(file) if message.type == kind}


def seconds(file):
    """A function from ticks to seconds."""
    tempos = changes(file, 'set_tempo', mido.MetaMessage('set_tempo'))
    ticks, times = list(tempos), [0.0]
    for a, b in zip(ticks, ticks[1:]):
        times.append(times[-1] + mido.tick2second(b - a, file.ticks_per_beat, tempos[a].tempo))

    def at(tick):
        i = bisect.bisect_right(ticks, tick) - 1
        return times[i] + mido.tick2second(tick - ticks[i], file.ticks_per_beat, tempos[ticks[i]].tempo)
    return at


def notes(file):
    """(tick, channel, key) of every note that can be heard beside the loudest."""
    volume, expression, struck = [100] * 16, [127] * 16, []
    for tick, message in messages(file):
        if message.type == 'control_change' and message.control == 7:
            volume[message.channel] = message.value
        elif message.type == 'control_change' and message.control == 11:
            expression[message.channel] = message.value
        elif message.type == 'note_on' and message.velocity > 0:
            c = message.channel
            struck.append((tick, c, message.note, (message.velocity * volume[c] * expression[c] / 127 ** 3) ** 2))
    loudest = max((level for *_, level in struck), default=0)
    return [(tick, c, key) for tick, c, key, level in struck if level > loudest * QUIET]


def beat_length(signature, quarter):
    """Ticks of a beat: a quarter; three eighths where eighths come in threes; an eighth where their number is odd."""
    unit = quarter * 4 / signature.denominator
    if signature.denominator == 8 and signature.numerator > 3 and signature.numerator % 3 == 0:
        return 3 * unit
    if signature.denominator == 8 and signature.numerator % 2 or signature.denominator == 4:
        return unit
    return quarter


def beats(file, end):
    """Ticks of all beats and of all downbeats up to tick `end`."""
    signatures = changes(file, 'time_signature', mido.MetaMessage('time_signature'))
    starts, found, down = sorted(signatures), [], []
    for start, stop in zip(starts, starts[1:] + [end]):
        s = signatures[start]
        step, bar = beat_length(s, file.ticks_per_beat), file.ticks_per_beat * 4 * s.numerator / s.denominator
        for i in range(math.ceil((stop - 1 - start) / step)):
            found.append(start + i * step)
            if min(i * step % bar, -i * step % bar) < 1:
                down.append(start + i * step)
    return found, down


def truth(path):
    """Lists of seconds: beats, downbeats, onsets, kick, snare, hat; None without a note."""
    file = mido.MidiFile(path)
    struck, at = notes(file), seconds(file)
    if not struck:
        return None
    found, down = beats(file, max(n[0] for n in struck) + 2 * 4 * file.ticks_per_beat)
    lists = {'beats': [at(t) for t in found], 'downbeats': [at(t) for t in down], 'onsets': apart(at(n[0]) for n in struck)}
    for name, keys in DRUMS.items():
        lists[name] = apart(at(tick) for tick, c, key in struck if c == 9 and key in keys)
    return lists
