"""A tracker module by libopenmpt: its sound, and when its rows are played.

A beat is four rows, or twice or half as many where that lies nearer to a tempo that one would tap; a bar is four beats.
"""
import ctypes

import numpy as np

from midi import apart

RATE = 44100
BLOCK = 64  # frames read at once: how exactly a row's time is known
NOTE, VOLUME_COMMAND, EFFECT, VOLUME = 0, 2, 3, 4  # libopenmpt's parts of a cell
SOUNDING = range(1, 121)                           # notes; what is above stops or fades one
SET_VOLUME, VOLUME_GLIDES = 1, 11                  # volume commands
GLIDES = 4, 6                                      # effects that bend a sounding note instead of striking one
SLOWEST, FASTEST = 66, 180                         # beats a minute


def library():
    lib = ctypes.CDLL('libopenmpt.so.0')
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    lib.openmpt_module_create_from_memory2.restype = pointer
    lib.openmpt_module_create_from_memory2.argtypes = [pointer, size] + [pointer] * 7
    lib.openmpt_module_read_interleaved_float_stereo.restype = size
    lib.openmpt_module_read_interleaved_float_stereo.argtypes = [pointer, ctypes.c_int32, size, pointer]
    lib.openmpt_module_get_pattern_row_channel_command.restype = ctypes.c_uint8
    lib.openmpt_module_get_pattern_row_channel_command.argtypes = [pointer] + [ctypes.c_int32] * 3 + [ctypes.c_int]
    for what in ('current_order', 'current_pattern', 'current_row', 'num_channels'):
        getattr(lib, f'openmpt_module_get_{what}').argtypes = [pointer]
    lib.openmpt_module_destroy.argtypes = [pointer]
    return lib


def strikes(lib, module, pattern, row, channels):
    """Whether a note that can be heard is struck in a row."""
    for channel in range(channels):
        cell = lambda part: lib.openmpt_module_get_pattern_row_channel_command(module, pattern, row, channel, part)
        glides = cell(EFFECT) in GLIDES or cell(VOLUME_COMMAND) == VOLUME_GLIDES
        silent = cell(VOLUME_COMMAND) == SET_VOLUME and cell(VOLUME) < 8
        if cell(NOTE) in SOUNDING and not glides and not silent:
            return True
    return False


def play(path, limit):
    """Sound [frames,2] and rows [(seconds, row number, struck)] of a module's first `limit` seconds; None if it can't be read."""
    lib, data = library(), open(path, 'rb').read()
    module = lib.openmpt_module_create_from_memory2(data, len(data), *[None] * 7)
    if not module:
        return None
    get = lambda what: getattr(lib, f'openmpt_module_get_{what}')(module)
    channels, block = get('num_channels'), (ctypes.c_float * (2 * BLOCK))()
    sound, rows, frames, last = [], [], 0, None
    while frames < limit * RATE:
        n = lib.openmpt_module_read_interleaved_float_stereo(module, RATE, BLOCK, block)
        if n == 0:
            break
        here = get('current_order'), get('current_pattern'), get('current_row')
        if here != last:
            rows.append((frames / RATE, here[2], strikes(lib, module, here[1], here[2], channels)))
            last = here
        sound.append(np.frombuffer(block, np.float32, 2 * n).copy())
        frames += n
    lib.openmpt_module_destroy(module)
    return np.concatenate(sound).reshape(-1, 2), rows


def truth(rows):
    """Lists of seconds: beats, downbeats, onsets."""
    length, beat = np.median(np.diff([r[0] for r in rows])), 4
    while 60 / (length * beat) > FASTEST:
        beat *= 2
    while 60 / (length * beat) < SLOWEST and beat > 1:
        beat //= 2
    every = lambda n: [time for time, row, _ in rows if row % n == 0]
    return {'beats': every(beat), 'downbeats': every(4 * beat), 'onsets': apart(time for time, _, struck in rows if struck)}
