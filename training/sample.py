"""Look at spark as the program will run it: Euler, trailing grid, v-prediction, zero terminal SNR, hand-off of 4 frames.

    python training/sample.py images OUT.png [--guidance G]            every scene in four palettes, single pictures
    python training/sample.py clip OUT.png "neon tunnel" [--windows 3] [--curve pulse] [--denoise S]   every second frame
    python training/sample.py speed [--prompts N]                      motion at constant scales, and how curves are obeyed

Motion energy is the mean absolute difference of luma (0..255) between a frame and the one before it.
"""
import argparse
import json

import torch

import captions
import export
import looks
import motion_scale
import nets
import tokens

OVERLAP = 4
REACH = 3  # new frames after which the correction of a join has fallen to 1/e


def grid(s, steps=nets.STEPS):
    """Times and sigmas of denoise strength s, with the final 0."""
    t = torch.tensor([round(1000 * s * (1 - k / steps)) - 1 for k in range(steps)])
    bar = export.alphas()[t]
    return t, torch.cat([((1 - bar) / bar).sqrt(), torch.zeros(1)])


def shown(x, noise, sigma, held):
    """x = clean + sigma noise [b,f,16,h,w] with the settled frames in their places, and what the network gets to see of it."""
    root = (sigma ** 2 + 1).sqrt()
    if held is None:
        return x, x / root
    x = torch.cat([held + sigma * noise[:, :OVERLAP], x[:, OVERLAP:]], 1)
    pins = (held + nets.PIN * noise[:, :OVERLAP]) / (nets.PIN ** 2 + 1) ** 0.5
    return x, torch.cat([pins[:, :-1], x[:, OVERLAP - 1:] / root], 1)  # the last one shows what the model gets wrong


def longest(ways, jump=3.0):
    """How long a way may be that is no jump."""
    return jump * float(ways.sort().values[len(ways) // 2])


def places(ways, speeds, reach=2.0, breath=0.05):
    """Where on a path with these `ways` [n] between frames each frame [n+1] belongs for its `speeds` [n]: see diffusion/pace.rs."""
    most = longest(ways)
    jumps, ways = ways > most, ways.clamp(max=most)
    gone = torch.cat([torch.zeros(1), torch.cumsum(speeds + breath, 0)])
    gone, behind = gone / gone[-1] * ways.sum(), torch.cat([torch.zeros(1), torch.cumsum(ways, 0)])
    at = (torch.searchsorted(behind[1:].contiguous(), gone, right=True)).clamp(max=len(ways) - 1)
    own = torch.arange(len(gone)).float()
    part = ((gone - behind[at]) / ways[at].clamp(min=1e-9)).clamp(0, 1)
    place = torch.where(ways[at] > 0, at + torch.where(jumps[at], part.round(), part), own)
    return (own + (place - own).clamp(-reach, reach)).clamp(0, len(ways))


def spline(part, first, fourth):
    """The weights [4,n] of four neighbours at `part` [n] of the way from the second to the third, where a first and a fourth are."""
    a, d = part ** 2 - (part + part ** 3) / 2, (part ** 3 - part ** 2) / 2
    b, c = 1 - 2.5 * part ** 2 + 1.5 * part ** 3, part / 2 + 2 * part ** 2 - 1.5 * part ** 3
    a, b, c = a * first, b + 2 * a * ~first, c - a * ~first
    return torch.stack([a, b - d * ~fourth, c + 2 * d * ~fourth, d * fourth])


def paced(clean, scale, luma, held=None):
    """What to add to predicted clean latents [b,f,16,h,w] for them to move as their motion scale [b,f] says, as the program does.

    `luma` [16] is what each channel adds to the luma of a picture.
    """
    change, first = torch.zeros_like(clean), 0 if held is None else OVERLAP - 1
    for row, s, z, pinned in zip(change, scale, clean, [None] * len(clean) if held is None else held):
        path = z if pinned is None else torch.cat([pinned[-1:], z[OVERLAP:]])
        ways = torch.einsum("fchw,c->fhw", path[1:] - path[:-1], luma).abs().mean((1, 2))
        n, most, place = len(ways), longest(ways), places(ways, motion_scale.speed(s[first + 1:]))
        at = place.floor().long().clamp(max=n - 1)
        goes = lambda way: (way >= 0) & (way < n) & (ways[way.clamp(0, n - 1)] <= most)
        weights = spline(place - at, goes(at - 1), goes(at + 1))
        row[first:] = sum(w.view(-1, 1, 1, 1) * path[(at + k).clamp(0, n)] for k, w in zip((-1, 0, 1, 2), weights)) - path
    return change


def stride(predict, x, noise, t, sigma, after, hidden, scale, empty=None, guidance=1.0, held=None, luma=None):
    """One Euler step of x = clean + sigma noise [b,f,16,h,w] from sigma to `after`, as the program takes it; paced by `luma`."""
    x, y = shown(x, noise, sigma, held)
    v = predict(y, t, hidden, scale)
    if guidance != 1:
        w = predict(y, t, empty, scale)
        v = w + guidance * (v - w)
    clean = x / (sigma ** 2 + 1) - v * sigma / (sigma ** 2 + 1).sqrt()
    if held is not None:  # the error of the last settled one is taken off the new ones
        missed = held[:, -1:] - clean[:, OVERLAP - 1:OVERLAP]
        fade = torch.exp(-torch.arange(x.shape[1] - OVERLAP) / REACH)
        clean[:, OVERLAP:] += missed * fade.view(-1, 1, 1, 1)
    return clean + (x - clean) * (after / sigma) + (0 if luma is None else paced(clean, scale, luma, held))


class Spark:
    """The model as it stands in models/spark, with the standard motion module or the one for so many steps."""

    def __init__(self, moving=True, few=0):
        self.tok = tokens.Tokens()
        self.text = nets.load_part("text_encoder", nets.build_text(self.tok.size)).eval()
        self.unet = nets.load_part("unet", nets.build_unet()).eval()
        self.vae = nets.load_part("vae", nets.build_vae()).eval()
        self.factor = json.loads((nets.MODEL / "vae" / "config.json").read_text())["scaling_factor"]
        self.net = nets.Video(self.unet, nets.load_part(nets.adapter(few), nets.build_motion())).eval() if moving else None
        with torch.no_grad():
            more = torch.eye(nets.LATENT[0])[:, :, None, None].expand(-1, -1, 8, 8) / 2
            change = self.vae.decode(more / self.factor).sample - self.vae.decode(-more / self.factor).sample
            self.luma = brightness(change).mean((1, 2))

    def embed(self, prompts):
        return self.text(torch.tensor([self.tok(p) for p in prompts])).last_hidden_state

    def predict(self, x, t, hidden, scale):
        """v of x [b,f,16,h,w] (single frames bypass the motion modules)."""
        t = torch.full((x.shape[0],), int(t))
        if x.shape[1] == 1:
            return self.unet(x[:, 0], t, encoder_hidden_states=hidden).sample[:, None]
        return self.net(x, t, hidden, scale)

    def window(self, hidden, scale, noise, empty=None, guidance=1.0, held=None, denoise=1.0, steps=nets.STEPS):
        """Latents of one window [b,f,16,h,w] from unit noise; `held` [b,4,16,h,w] are the settled frames it begins with."""
        t, sigma = grid(denoise, steps)
        x = noise * (sigma[0] ** 2 + 1).sqrt() if denoise == 1 else noise * sigma[0]
        if held is not None and denoise < 1:
            x = x + held[:, -1:]
        for k in range(len(t)):
            x = stride(self.predict, x, noise, t[k], sigma[k], sigma[k + 1], hidden, scale, empty, guidance, held,
                       self.luma if k > 0 and x.shape[1] > 1 else None)
        if held is not None:
            x[:, :OVERLAP] = held
        return x

    def decode(self, z):
        """Latents [n,16,h,w] to pictures [n,3,H,W] in [0,1]."""
        return ((self.vae.decode(z / self.factor).sample + 1) / 2).clamp(0, 1)

    @torch.no_grad()
    def images(self, prompts, seed=0, guidance=1.0, steps=nets.STEPS):
        g = torch.Generator().manual_seed(seed)
        noise = torch.randn(len(prompts), 1, *nets.LATENT, generator=g)
        empty = self.embed([""] * len(prompts))
        return self.decode(self.window(self.embed(prompts), None, noise, empty, guidance, steps=steps)[:, 0])

    @torch.no_grad()
    def clips(self, prompts, curve, seed=0, guidance=1.0, denoise=1.0, shared=0.0, steps=nets.STEPS):
        """Pictures [b,n,3,H,W] of prompts along a curve [n] or [b,n], window by window.

        `shared` is the part of the noise's variance that all frames of the take have in common.
        """
        g = torch.Generator().manual_seed(seed)
        b, f = len(prompts), nets.FRAMES
        curve = curve.expand(b, -1)
        common = torch.randn(b, 1, *nets.LATENT, generator=g)
        hidden, empty, out, held, at = self.embed(prompts), self.embed([""] * b), None, None, 0
        while out is None or out.shape[1] < curve.shape[1]:
            noise = shared ** 0.5 * common + (1 - shared) ** 0.5 * torch.randn(b, f, *nets.LATENT, generator=g)
            if held is not None:  # a frame's noise is its own, in whichever window
                noise[:, :OVERLAP] = last
            last = noise[:, -OVERLAP:].clone()
            z = self.window(hidden, curve[:, at:at + f], noise, empty, guidance, held, 1.0 if held is None else denoise, steps)
            out = z if out is None else torch.cat([out, z[:, OVERLAP:]], 1)
            held, at = z[:, -OVERLAP:].clone(), at + f - OVERLAP
        return torch.stack([self.decode(row) for row in out])


def brightness(pictures):
    """Luma [...,H,W] of pictures [...,3,H,W], both in [0,1]."""
    return (pictures * torch.tensor([0.2126, 0.7152, 0.0722]).view(3, 1, 1)).sum(-3)


def energy(pictures):
    """Motion energy [..., n-1] of pictures [...,n,3,H,W] in [0,1]."""
    luma = 255 * brightness(pictures)
    return (luma[..., 1:, :, :] - luma[..., :-1, :, :]).abs().mean((-1, -2))


def spearman(x, y):
    """Rank correlation of two vectors; equal values share their rank."""
    def rank(v):
        return torch.stack([(v < u).sum() + 0.5 * ((v == u).sum() - 1) for u in v]).float()
    a, b = rank(x) - (len(x) - 1) / 2, rank(y) - (len(y) - 1) / 2
    return float((a * b).sum() / (a.norm() * b.norm() + 1e-9))


def shape(name, n):
    """A motion-scale curve [n] by name: a number, or pulse, wave, step."""
    f = torch.arange(n, dtype=torch.float32)
    if name == "pulse":
        return 0.55 + 0.9 * torch.exp(-0.35 * (f % 6))
    if name == "wave":
        return 1 + 0.45 * torch.sin(f * 0.45)
    if name == "step":
        return torch.where(f % 12 < 6, 0.55, 1.4)
    return torch.full((n,), float(name))


def draw(rows, path, shrink=4):
    """Write rows of pictures, each [n,3,H,W] in [0,1], as one sheet."""
    from PIL import Image
    im = torch.cat([torch.cat(list(torch.nn.functional.avg_pool2d(r, shrink)), 2) for r in rows], 1)
    Image.fromarray((im * 255).round().byte().permute(1, 2, 0).numpy()).save(path)


def plain():
    """The plainest wording of every scene; a solid's is of a sphere."""
    return [words[0].format(s="sphere") for words in captions.SCENES.values()]


def speeds(spark, count, guidance, seed=0, shared=0.0, steps=nets.STEPS):
    """Print motion energies at constant scales by scene, then the rank correlation of curves and energies."""
    pal = list(looks.PALETTES)
    prompts = [f"{pal[(3 * i + 1) % len(pal)]} {w[0]}" for i, w in enumerate(plain())][:count]
    table = {s: energy(spark.clips(prompts, shape(s, 16), seed, guidance, shared=shared, steps=steps)).mean(1) for s in (0.5, 0.8, 1.0, 1.2, 1.5)}
    for i, p in enumerate(prompts):
        print(f"{p:22}", *(f"{s}: {e[i]:6.2f}" for s, e in table.items()))
    print(f"{'mean':22}", *(f"{s}: {e.mean():6.2f}" for s, e in table.items()))
    for name, denoise in (("step", 1.0), ("pulse", 1.0), ("wave", 0.6)):
        c = shape(name, 28)
        e = energy(spark.clips(prompts, c, seed + 1, guidance, denoise, shared, steps))
        r = [spearman(c[1:], row) for row in e]
        print(f"curve {name}, denoise {denoise}: rank correlation mean {sum(r) / len(r):.3f}, lowest {min(r):.3f}; "
              f"energy {e.mean():.2f}, at the join {e[:, 15].mean():.2f}")


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("what", choices=("images", "clip", "speed"))
    a.add_argument("out", nargs="?")
    a.add_argument("prompt", nargs="*")
    a.add_argument("--guidance", type=float, default=1.0)
    a.add_argument("--windows", type=int, default=2)
    a.add_argument("--curve", default="1")
    a.add_argument("--denoise", type=float, default=1.0)
    a.add_argument("--shared", type=float, default=0.0, help="part of the noise that frames have in common")
    a.add_argument("--seed", type=int, default=0)
    a.add_argument("--steps", type=int, help="[default: those of --few, or 4]")
    a.add_argument("--few", type=int, default=0, help="take the motion module for so many steps")
    a.add_argument("--prompts", type=int, default=16)
    o = a.parse_args()
    torch.set_num_threads(1)
    o.steps = o.steps or o.few or nets.STEPS
    spark = Spark(moving=o.what != "images", few=o.few)
    if o.what == "images":
        pals = list(looks.PALETTES)
        prompts = o.prompt or [f"{pals[(3 * i + 7 * j) % len(pals)]} {w}" for i, w in enumerate(plain()) for j in range(4)]
        rows = [spark.images(prompts[i:i + 8], o.seed + i, o.guidance, o.steps) for i in range(0, len(prompts), 8)]
        draw(rows, o.out, 4)
    elif o.what == "clip":
        c = shape(o.curve, 16 + 12 * (o.windows - 1))
        x = spark.clips(o.prompt, c, o.seed, o.guidance, o.denoise, o.shared, o.steps)
        print("curve ", *(f"{v:5.2f}" for v in c[1:]))
        for row in energy(x):
            print("energy", *(f"{v:5.1f}" for v in row))
        draw([row[::2] for row in x], o.out)
    else:
        speeds(spark, o.prompts, o.guidance, o.seed, o.shared, o.steps)


if __name__ == "__main__":
    main()
