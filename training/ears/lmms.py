"""What an LMMS project plays when: its tempo, and the notes of its instruments and of its beat/bassline blocks.

Positions are in ticks: 192 to a 4/4 bar, 48 to a quarter. Drums are told by the names of instruments and of their samples.
"""
import re
import xml.etree.ElementTree
import zlib

from midi import apart

QUARTER, BAR = 48, 192
QUIET = 5  # note volume in per cent, up to which nothing is heard
INSTRUMENT, BLOCK = '0', '1'  # types of tracks
DRUMS = {
    'kick': r'kick(?!er)|bass ?drum|kik|(?<![a-z])bd(?![a-z])', 'snare': r'snare|snr|clap|sidestick',
    'hat': r'hi-?h?hat|(?<![a-z])hats?(?![a-z])|(?<![a-z])hh(?![a-z])',
}
LOOPS = r'loop|beats/|break'  # recordings of several drums


def project(path):
    data = open(path, 'rb').read()
    return xml.etree.ElementTree.fromstring(zlib.decompress(data[4:]) if path.endswith('mmpz') else data)


def setting(head, name, default):
    """A number of the project's head, an attribute or, where it is automated, an element."""
    element = head.find(name)
    return float(head.get(name) or (element.get('value') if element is not None else default))


def sounding(elements):
    return [e for e in elements if e.get('muted') != '1']


def positions(pattern):
    return [int(note.get('pos')) for note in pattern.findall('note') if int(note.get('vol', 100)) > QUIET]


def called(track, pattern):
    """Whether an instrument's name or its sample's fits."""
    player = track.find('.//audiofileprocessor')
    names = track.get('name', ''), player.get('src') or '' if player is not None else ''
    return any(re.search(pattern, name, re.IGNORECASE) for name in names)


def block(instruments, number, wanted):
    """Ticks struck in a beat/bassline block, and the block's length: that of its longest pattern, in whole bars."""
    struck, length = set(), BAR
    for instrument in instruments:
        patterns = instrument.findall('pattern')
        if number < len(patterns) and patterns[number].get('muted') != '1' and patterns[number].findall('note'):
            pattern, at = patterns[number], positions(patterns[number])
            steps = int(pattern.get('steps', 16)) * BAR // 16
            length = max([length, steps, *(p + 1 for p in at)])
            if called(instrument, wanted):
                struck.update(at)
    return struck, -(-length // BAR) * BAR


def ticks(root, wanted=''):
    """All ticks at which an instrument with a name like that is struck."""
    struck = set()
    for container in root.find('song').findall('trackcontainer'):
        tracks = container.findall('track')
        for track in sounding(t for t in tracks if t.get('type') == INSTRUMENT):
            for pattern in sounding(track.findall('pattern')) if called(track, wanted) else ():
                struck.update(int(pattern.get('pos')) + p for p in positions(pattern))
        blocks = [t for t in tracks if t.get('type') == BLOCK]
        inner = next((c for t in blocks if (c := t.find('bbtrack/trackcontainer')) is not None), None)  # the first holds all of them
        for number, track in enumerate(blocks):
            if inner is None or track.get('muted') == '1':
                continue
            notes, length = block(sounding(inner.findall('track')), number, wanted)
            for clip in sounding(track.findall('bbtco')):
                start, end = int(clip.get('pos')), int(clip.get('len'))
                struck.update(start + round_ + n for round_ in range(0, end, length) for n in notes if round_ + n < end)
    return struck


def truth(path, end):
    """Lists of seconds up to `end`: beats, downbeats, onsets, and kicks, snares and hats where there are no recorded loops."""
    root = project(path)
    beat = 60 / setting(root.find('head'), 'bpm', 140)
    bar = int(setting(root.find('head'), 'timesig_numerator', 4))
    beats = [i * beat for i in range(int(end / beat) + 1)]
    times = lambda wanted: apart(t * beat / QUARTER for t in ticks(root, wanted))
    lists = {'beats': beats, 'downbeats': beats[::bar], 'onsets': times('')}
    return lists if ticks(root, LOOPS) else lists | {kind: times(pattern) for kind, pattern in DRUMS.items()}
