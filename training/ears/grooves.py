"""Drum parts for music that has none, or others than its own: patterns of a style, drawn at random, varied from bar to bar.

A part is a list of (seconds, key, velocity), keys by General MIDI.
"""
KICK, STICK, SNARE, CLAP, HAT, PEDAL, OPEN, RIDE, CRASH, SHAKER = 36, 37, 38, 39, 42, 44, 46, 51, 49, 70
TOMS = 41, 43, 45, 47, 48, 50
DISTRACTIONS = 54, 56, 60, 61, 62, 63, 64, 67, 69, 75, 76  # tambourine, bells, bongos, congas, woods

# For each style and sound, how likely it is struck at each sixteenth of a bar of four beats: 0 never, 9 always.
STYLES = {
    'house': {KICK: '9000900090009001', CLAP: '0000900000009000', OPEN: '0090009000900090', HAT: '5515551555155515'},
    'rock': {KICK: '9010003090300020', SNARE: '0000900000009001', HAT: '9090909090909090'},
    'ballad': {KICK: '9000001090000010', STICK: '0000900000009000', HAT: '9090909090909090'},
    'metal': {KICK: '9797979797979797', SNARE: '0000900000009000', CRASH: '3000300030003000'},
    'punk': {KICK: '9010901090109010', SNARE: '0090009000900090', HAT: '9090909090909090'},
    'breaks': {KICK: '9040003003900020', SNARE: '0000900402009030', HAT: '9191919191919191'},
    'jungle': {KICK: '9030000003900000', SNARE: '0000910402009041', RIDE: '9090909090909090', HAT: '2020202020202020'},
    'funk': {KICK: '9013002003900301', SNARE: '0002910202039102', HAT: '9797979797979797', OPEN: '0000000000000040'},
    'halftime': {KICK: '9003001003000300', SNARE: '0000000090000000', HAT: '9595959595959595'},
    'trap': {KICK: '9000003100300100', CLAP: '0000000090000000', HAT: '9793979397939799', OPEN: '0000001000000030'},
    'dub': {KICK: '0000000090000000', STICK: '0000000090000003', HAT: '3090309030903090'},
    'jazz': {RIDE: '9000900590009005', PEDAL: '0000900000009000', SNARE: '0002000200120002', KICK: '2000002020000010'},
    'latin': {KICK: '9000003090000030', STICK: '9002009000902000', SHAKER: '9797979797979797'},
    'samba': {KICK: '9003900390039003', SNARE: '5333533353335333', PEDAL: '0090009000900090'},
    'electro': {KICK: '9000003000900100', CLAP: '0000900000009000', HAT: '9393939393939393', 56: '0020020020020020'},
}


def pattern(rng, style, beats):
    """{(sixteenth, key)} of a bar of so many beats."""
    struck = set()
    for key, chances in STYLES[style].items():
        bar = (chances * 2)[:4 * beats]
        struck |= {(i, key) for i, c in enumerate(bar) if rng.random() < int(c) / 9}
    return struck


def fill(rng, beats):
    """{(sixteenth, key)} of a last beat that leads on."""
    key = lambda: int(rng.choice([SNARE, *TOMS]))
    return {(4 * beats - 1 - i, key()) for i in range(int(rng.integers(2, 5))) if rng.random() < 0.8}


def part(rng, beats, downbeats):
    """A drum part along beats, whose bars begin at `downbeats`, both in seconds."""
    style, swing = str(rng.choice(list(STYLES))), rng.choice([0, 0, 0, 0.17]) * rng.uniform(0.5, 1.2)
    accent, loose = rng.uniform(0.4, 1), rng.uniform(0, 0.006)
    first = [b for b in range(len(beats)) if min((abs(beats[b] - d) for d in downbeats), default=1) < 0.01]
    extra = int(rng.choice(DISTRACTIONS)) if rng.random() < 0.4 else None
    struck, out = set(), []
    for n, (start, end) in enumerate(zip(first, first[1:])):
        length = min(end - start, 8)
        if n % 8 == 0 or not struck:
            struck = pattern(rng, style, length)
        now = {s for s in struck if s[0] < 4 * length and rng.random() > 0.04}
        if n % 4 == 3 and rng.random() < 0.5:
            now = {s for s in now if s[0] < 4 * length - 4} | fill(rng, length)
        if n % 8 == 0 and rng.random() < 0.5:
            now.add((0, CRASH))
        if extra:
            now |= {(int(i), extra) for i in rng.integers(0, 4 * length, 2)}
        if n % 16 == 15 and rng.random() < 0.3:
            now = set()  # a break
        for sixteenth, key in now:
            beat, place = start + sixteenth // 4, sixteenth % 4
            share = place / 4 + (swing / 2 if place % 2 else 0)
            time = beats[beat] + share * (beats[beat + 1] - beats[beat]) + rng.normal(0, loose)
            loud = 1 if place == 0 else accent if place == 2 else accent * rng.uniform(0.5, 1)
            out.append((max(0.0, time), key, int(max(20, min(127, 118 * loud * rng.uniform(0.85, 1.1))))))
    return sorted(out)
