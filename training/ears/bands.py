"""Sound in, band magnitudes out, and from them what the net hears; `src/audio/band.rs` and `src/audio/cue.rs` do the same.

Bands: 80 triangles, centered on 16 multiples of 21.5 Hz and then a semitone apart up to 13.9 kHz, at any sample rate.
Magnitudes are means over the channels, a full-scale sine being 1, so channels that cancel each other are heard in full.
"""
import numpy as np
import scipy.fft

STEP_HZ = 44100 / 2048
LINEAR, BANDS = 16, 80
CENTERS = np.array([STEP_HZ * (i + 1) for i in range(LINEAR)]
                   + [STEP_HZ * LINEAR * 2 ** ((i + 1) / 12) for i in range(BANDS - LINEAR)])
TARGET = 0.2        # root mean square to which the loud parts are brought
COMPRESSION = 2000  # magnitude, over 1, from which a rise counts by its ratio
LAG = 2             # hops between the spectra of a flux
GROUPS = 20         # bands are given to the net in groups of four
REACHES = (12, 25, 50)           # steps of two hops that are compared before and after, for harmonic change
HARMONIC = slice(3, 50)          # bands in which harmony is looked for: 86 Hz to 2.4 kHz
INPUTS = 3 * GROUPS + len(REACHES)


def bank(rate, taper):
    """[bins, bands]: triangles from neighbor to neighbor, never narrower than a bin, of sum 1."""
    hz = np.arange(taper // 2 + 1) * rate / taper
    edges = np.concatenate([[0.0], CENTERS, [CENTERS[-1] * 2 ** (1 / 12)]])
    weights = np.zeros((len(hz), BANDS))
    for i in range(BANDS):
        low, center, high = edges[i:i + 3]
        if center >= rate / 2:
            continue
        below, above = max(center - low, rate / taper), max(high - center, rate / taper)
        w = np.where(hz <= center, 1 - (center - hz) / below, 1 - (hz - center) / above).clip(0)
        weights[:, i] = w / w.sum()
    return weights.astype(np.float32)


def magnitudes(sound, rate=44100, stretch=1.0):
    """[samples, channels] -> [hops, bands], tapers centered on hops of about 10 ms, `stretch` times as far apart."""
    taper = 1 << int(np.round(np.log2(rate * 0.0464)))
    hop = int(round(-(-rate // 100) * stretch))
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(taper) / taper)).astype(np.float32) * np.float32(4 / taper)
    weights = bank(rate, taper)
    hops = -(-len(sound) // hop)
    out = np.zeros((hops, BANDS), np.float32)
    for channel in sound.T:
        padded = np.pad(channel.astype(np.float32), (taper // 2, taper))
        view = np.lib.stride_tricks.as_strided(padded, (hops, taper), (4 * hop, 4), writeable=False)
        for i in range(0, hops, 1000):
            out[i:i + 1000] += np.abs(scipy.fft.rfft(view[i:i + 1000] * window, axis=1)) @ weights
    return out / sound.shape[1]


def gain(sound, rate=44100):
    """What brings the 95th percentile of the hops' level to TARGET, leaving out hops 80 dB below the loudest."""
    hop = -(-rate // 100)
    power = (sound.astype(np.float64) ** 2).mean(1)
    power = np.add.reduceat(power, np.arange(0, len(power), hop)) / hop
    power = np.sort(power[power > power.max() * 1e-8])
    return TARGET / np.sqrt(power[(len(power) - 1) * 95 // 100])
