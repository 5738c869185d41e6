"""Band magnitudes in, chances of events out: the net that hears beats, bars and onsets, and the one that hears drums.

Both are a temporal convolution net (Bai et al. 2018) on steps of two hops (20 ms): a stem, residual blocks whose reach doubles from
one to the next, and a head with two chances per step, one for each hop. `src/audio/net.rs` computes the same. They differ in what
they are shown and in how far they reach: a bar is heard over 10 s to either side, a drum in the detail of its spectrum.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F
import bands as B

KERNEL = 5


def spectra(m):
    """[batch, bands, hops] magnitudes -> log magnitudes and their rises over LAG hops (SuperFlux, Boeck and Widmer 2013)."""
    logs = torch.log10(1 + B.COMPRESSION * m)
    before = F.pad(logs[..., :-B.LAG], (B.LAG, 0))
    top = torch.maximum(before, F.pad(before[:, :-1], (0, 0, 1, 0)))
    top = torch.maximum(top, F.pad(before[:, 1:], (0, 0, 0, 1)))
    return logs, (logs - top).clamp(min=0)


def drum_cues(m):
    """[batch, all bands, hops] magnitudes -> [batch, inputs, hops / 2]: each band's rise for both hops of a step and its mean level;
    in the low end its mean level, and its rises over LOW_LAG hops added up.
    """
    logs, rise = spectra(m[:, :B.BANDS])
    low = torch.log10(1 + B.COMPRESSION * m[:, B.BANDS:])
    low_rise = (low - F.pad(low[..., :-B.LOW_LAG], (B.LOW_LAG, 0))).clamp(min=0)
    both = lambda x: x[..., 0::2] + x[..., 1::2]
    return torch.cat([rise[..., 0::2] * 2, rise[..., 1::2] * 2, both(logs) / 2, both(low) / 2, both(low_rise)], 1)


def cues(m):
    """[batch, all bands, hops] magnitudes -> [batch, inputs, hops / 2].

    Per step: the rise of the log magnitudes in each group of bands for both hops, their mean level, and how much the spectrum after differs from the one before (1 - cosine) at three reaches.
    """
    logs, rise = spectra(m[:, :B.BANDS])
    group = lambda x: x.unflatten(1, (B.GROUPS, -1)).mean(2)
    rise, steps = group(rise), (logs[..., 0::2] + logs[..., 1::2]) / 2
    parts = [rise[..., 0::2] * 4, rise[..., 1::2] * 4, group(steps)]
    parts.append(torch.stack([change(steps[:, B.HARMONIC], reach) for reach in B.REACHES], 1) * 2)
    return torch.cat(parts, 1)


def change(logs, reach):
    """1 - cosine of the mean log spectra over `reach` steps after and before, each less its own mean: 0 to 2."""
    n = logs.shape[-1]
    logs = logs - logs.mean(1, keepdim=True)
    sums = F.pad(logs, (reach + 1, reach)).cumsum(-1)
    now = sums[..., reach:reach + n]
    after, past = (sums[..., 2 * reach:2 * reach + n] - now) / reach, (now - sums[..., :n]) / reach
    norm = ((after ** 2).sum(1) * (past ** 2).sum(1)).sqrt()
    return 1 - (after * past).sum(1) / (norm + 0.02)


class Ears(nn.Module):
    """A net of one of the `SHAPES`."""

    def __init__(self, shape, dropout=0.1):
        super().__init__()
        self.shape = shape
        self.cues, inputs, self.heads, width, blocks = SHAPES[shape]
        self.stem = nn.Conv1d(inputs, width, 3, padding=1)
        self.reach = nn.ModuleList(
            nn.Conv1d(width, width, KERNEL, dilation=2 ** i, padding=2 ** i * (KERNEL // 2)) for i in range(blocks))
        self.mix = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(blocks))
        self.head = nn.Conv1d(width, 2 * len(self.heads), 1)
        self.drop = nn.Dropout1d(dropout)
        for mix in self.mix:
            nn.init.normal_(mix.weight, std=0.3 / width ** 0.5)
            nn.init.zeros_(mix.bias)
        nn.init.constant_(self.head.bias, -3.0)

    def forward(self, m):
        """[batch, all bands, hops] magnitudes -> logits [batch, heads, hops]; the number of hops is even."""
        x = F.relu(self.stem(self.cues(m)))
        for reach, mix in zip(self.reach, self.mix):
            x = x + mix(self.drop(F.relu(reach(x))))
        y = self.head(F.relu(x))
        return y.unflatten(1, (2, len(self.heads))).permute(0, 2, 3, 1).flatten(2)


# What a net is shown, how many values that is, what it tells apart, its width and its number of residual blocks.
SHAPES = {
    'beats': (cues, B.INPUTS, ('beat', 'downbeat', 'onset', 'kick', 'snare'), 24, 8),
    'drums': (drum_cues, 3 * B.BANDS + 2 * B.LOW_BANDS, ('kick', 'snare', 'hat'), 96, 6),
}
