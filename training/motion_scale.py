"""Motion scale: what the numbers of a curve mean, and random curves to train on."""
import torch

FRAMES = 16
STILL = 0.45  # the motion scale at which nothing moves


def speed(s):
    """Motion scale to clock frames per frame: 0.5 is nearly still, 1 is 1, 1.5 is almost twice as fast."""
    return torch.clamp((s - STILL) / (1 - STILL), min=0)


def curve(rng, frames=FRAMES):
    """A random motion-scale curve [frames] in [0.5,1.5]: constants, smooth curves, jumps, decaying pulses."""
    pick, f = rng.random(), torch.arange(frames, dtype=torch.float32)
    if pick < 0.12:
        return torch.ones(frames)
    if pick < 0.4:
        return torch.full((frames,), rng.uniform(0.5, 1.5))
    if pick < 0.6:
        s = 1 + 0.5 * torch.sin(f * rng.uniform(0.15, 0.8) + rng.uniform(0, 6.283)) * rng.uniform(0.5, 1)
        return (s + rng.uniform(-0.2, 0.2)).clamp(0.5, 1.5)
    if pick < 0.8:
        s, v = [], rng.uniform(0.5, 1.5)
        for _ in range(frames):
            v = rng.uniform(0.5, 1.5) if rng.random() < 0.25 else v
            s.append(v)
        return torch.tensor(s)
    low, high, every, decay = rng.uniform(0.5, 0.8), rng.uniform(1.1, 1.5), rng.randint(4, 10), rng.uniform(0.15, 0.8)
    return low + (high - low) * torch.exp(-decay * ((f + rng.randrange(every)) % every))
