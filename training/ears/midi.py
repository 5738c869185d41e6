"""What is struck when in a MIDI file: kicks, snares and hats of channel 10, by General MIDI's key map.

`python midi.py FILE.mid TRUTH.json` adds the lists "kick", "snare" and "hat" to a track's truth.
"""
import bisect
import json
import sys
import mido

CLASSES = {'kick': (35, 36), 'snare': (37, 38, 39, 40), 'hat': (42, 44, 46)}
QUIET = 10 ** (-36 / 20)  # against the loudest note; what is quieter is not heard
APART = 0.03              # seconds; closer ones are one


def seconds(file):
    """A function from ticks to seconds."""
    ticks, tempos = [0], [500000]
    for tick, message in messages(file):
        if message.type == 'set_tempo':
            if tick == ticks[-1]:
                tempos[-1] = message.tempo
            else:
                ticks.append(tick)
                tempos.append(message.tempo)
    times = [0.0]
    for i in range(1, len(ticks)):
        times.append(times[-1] + mido.tick2second(ticks[i] - ticks[i - 1], file.ticks_per_beat, tempos[i - 1]))

    def at(tick):
        i = bisect.bisect_right(ticks, tick) - 1
        return times[i] + mido.tick2second(tick - ticks[i], file.ticks_per_beat, tempos[i])
    return at


def messages(file):
    """All messages of all tracks with their ticks, meta messages first."""
    found = []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            found.append((tick, message))
    return sorted(found, key=lambda m: (m[0], not m[1].is_meta))


def drums(path, end):
    """{"kick": [s], "snare": [s], "hat": [s]} up to `end`."""
    file = mido.MidiFile(path)
    at = seconds(file)
    volume, expression = [100] * 16, [127] * 16
    struck = []
    for tick, message in messages(file):
        if message.type == 'control_change' and message.control == 7:
            volume[message.channel] = message.value
        elif message.type == 'control_change' and message.control == 11:
            expression[message.channel] = message.value
        elif message.type == 'note_on' and message.velocity > 0:
            c = message.channel
            level = (message.velocity * volume[c] * expression[c] / 127 ** 3) ** 2
            struck.append((at(tick), c, message.note, level))
    loudest = max((s[3] for s in struck), default=0)
    out = {}
    for name, keys in CLASSES.items():
        times = sorted(t for t, c, key, level in struck if c == 9 and key in keys and level > loudest * QUIET and t < end)
        out[name] = []
        for t in times:
            if not out[name] or t - out[name][-1] > APART:
                out[name].append(t)
    return out


if __name__ == '__main__':
    truth = json.load(open(sys.argv[2]))
    truth.update(drums(sys.argv[1], truth['duration']))
    json.dump(truth, open(sys.argv[2], 'w'))
