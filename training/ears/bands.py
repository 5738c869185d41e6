"""Sound in, band magnitudes out; `src/audio/band.rs` and `src/audio/low.rs` do the same.

Bands: 80 triangles, centered on 16 multiples of 21.5 Hz and then a semitone apart up to 13.9 kHz, at any sample rate; then 37 more for
the low end, on 24 multiples of 10 Hz and a semitone apart up to 509 Hz, from tapers of 200 ms instead of 46.
Magnitudes are means over the channels, a full-scale sine being 1, so channels that cancel each other are heard in full.
"""
import numpy as np
import scipy.fft

STEP_HZ, LOW_STEP_HZ = 44100 / 2048, 10


def scale(step, linear, count):
    """Centers of bands: so many at equal distances, the others a semitone apart; one more than `count`."""
    return np.array([step * min(i + 1, linear) * 2 ** (max(0, i + 1 - linear) / 12) for i in range(count + 1)])


BANDS, LOW_BANDS = 80, 37
EDGES, LOW_EDGES = scale(STEP_HZ, 16, BANDS), scale(LOW_STEP_HZ, 24, LOW_BANDS)
CENTERS, LOW_CENTERS = EDGES[:-1], LOW_EDGES[:-1]
LOW_FACTOR = 21     # samples at 44.1 kHz that become one for the low end: 2.1 kHz
LOW_TAPER = 420
TARGET = 0.2        # root mean square to which the loud parts are brought
COMPRESSION = 2000  # magnitude, over 1, from which a rise counts by its ratio
LAG = 2             # hops between the spectra of a flux
LOW_LAG = 8         # the same in the low end
GROUPS = 20         # bands are given to the net in groups of four
REACHES = (12, 25, 50)           # steps of two hops that are compared before and after, for harmonic change
HARMONIC = slice(3, 50)          # bands in which harmony is looked for: 86 Hz to 2.4 kHz
INPUTS = 3 * GROUPS + len(REACHES)


def bank(rate, taper, edges):
    """[bins, bands]: triangles from neighbor to neighbor, never narrower than a bin, of sum 1."""
    hz = np.arange(taper // 2 + 1) * rate / taper
    edges = np.concatenate([[0.0], edges])
    weights = np.zeros((len(hz), len(edges) - 2))
    for i in range(weights.shape[1]):
        low, center, high = edges[i:i + 3]
        if center >= rate / 2:
            continue
        below, above = max(center - low, rate / taper), max(high - center, rate / taper)
        w = np.where(hz <= center, 1 - (center - hz) / below, 1 - (hz - center) / above).clip(0)
        weights[:, i] = w / w.sum()
    return weights.astype(np.float32)


def spectra(sound, taper, places, weights):
    """[samples, channels] -> [hops, bands], tapers centered on `places`."""
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(taper) / taper)).astype(np.float32) * np.float32(4 / taper)
    out = np.zeros((len(places), weights.shape[1]), np.float32)
    for channel in sound.T:
        view = np.lib.stride_tricks.sliding_window_view(np.pad(channel.astype(np.float32), (taper // 2, taper)), taper)
        for i in range(0, len(places), 1000):
            out[i:i + 1000] += np.abs(scipy.fft.rfft(view[places[i:i + 1000]] * window, axis=1)) @ weights
    return out / sound.shape[1]


def decimated(sound):
    """A sample of every LOW_FACTOR, low-passed by a cubic B-spline."""
    kernel = np.ones(1)
    for _ in range(4):
        kernel = np.convolve(kernel, np.ones(LOW_FACTOR) / LOW_FACTOR)
    half = len(kernel) // 2
    padded = np.pad(sound.astype(np.float32), ((half, half + LOW_FACTOR), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis=0)[::LOW_FACTOR]
    return view @ kernel.astype(np.float32)


def magnitudes(sound, stretch=1.0):
    """[samples, channels] at 44.1 kHz -> [hops, BANDS + LOW_BANDS], hops of 10 ms, or `stretch` times as far apart."""
    hop = round(441 * stretch)
    places = np.arange(0, len(sound), hop)
    whole = spectra(sound, 2048, places, bank(44100, 2048, EDGES))
    low = spectra(decimated(sound), LOW_TAPER, np.round(places / LOW_FACTOR).astype(int), bank(44100 / LOW_FACTOR, LOW_TAPER, LOW_EDGES))
    return np.concatenate([whole, low], 1)


def gain(sound, rate=44100):
    """What brings the 95th percentile of the hops' level to TARGET, leaving out hops 80 dB below the loudest."""
    hop = -(-rate // 100)
    power = (sound.astype(np.float64) ** 2).mean(1)
    power = np.add.reduceat(power, np.arange(0, len(power), hop)) / hop
    power = np.sort(power[power > power.max() * 1e-8])
    return TARGET / np.sqrt(power[(len(power) - 1) * 95 // 100])
