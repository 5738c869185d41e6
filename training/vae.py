"""Stage one: the autoencoder, on crops of drawn pictures.

The encoder reads pictures of 512x288, the decoder writes them at 1024x576: it is where crispness comes from, and costs little beside
the UNet. The loss is L1 + L2 + L1 of picture gradients; noise on the latents makes the decoder forgiving of what the diffusion
model gets wrong, a shrunk copy of the latents has to give the shrunk picture (which makes latents smooth and so easier to
generate), and a small penalty keeps them near zero mean, unit spread. In the second half a discriminator of patches joins (hinge
loss; its features are compared as well): what can't be told from so few numbers is then drawn as detail of the right kind instead
of as their mean, which is blur.
"""
import json
import pathlib
import random

import torch
import torch.nn.functional as F

import clips
from common import Run
from muon import optimiser
from nets import STATE, Average, build_vae, load_part, mixed, save_part

HELD_OUT = 40  # every so many pictures one is kept for judging
MOST = 2500  # pictures held in memory, 1.8 MB each
JOIN = 0.45  # part of the run after which the discriminator joins


class Pool:
    """The pictures drawn so far, uint8 [3,576,1024] each."""

    def __init__(self, folder):
        self.folder, self.seen, self.train, self.held = pathlib.Path(folder), set(), [], []

    def refresh(self, most=1 << 30):
        for path in sorted(self.folder.glob("*.zip")):
            if path.name in self.seen or len(self.train) >= MOST or most <= 0:
                continue
            most -= 1
            self.seen.add(path.name)
            what, frames = clips.read(path)
            if int(path.stem) % HELD_OUT == 0:
                self.held.append((what["scene"], frames[0]))
            else:
                self.train.append(frames[0])

    def crops(self, n, size, rng):
        """A batch of random crops [n,3,size,size] in [-1,1], half of them mirrored, at the decoder's size."""
        out = torch.empty(n, 3, size, size)
        for i in range(n):
            x = rng.choice(self.train)
            top, left = 2 * rng.randrange((x.shape[1] - size) // 2 + 1), 2 * rng.randrange((x.shape[2] - size) // 2 + 1)
            c = x[:, top:top + size, left:left + size]
            out[i] = c.flip(-1) if i % 2 else c
        return out / 127.5 - 1


class Discriminator(torch.nn.Module):
    """Judges patches of 70 pixels or so: [n,3,h,w] to a score for each place, with the features on the way."""

    def __init__(self, width=32):
        super().__init__()
        conv = lambda a, b, k, s: torch.nn.utils.parametrizations.spectral_norm(torch.nn.Conv2d(a, b, k, s, k // 2 - (s == 2)))
        self.layers = torch.nn.ModuleList([
            conv(3, width, 4, 2), conv(width, 2 * width, 4, 2), conv(2 * width, 4 * width, 4, 2), conv(4 * width, 4 * width, 3, 1),
            conv(4 * width, 1, 3, 1)])

    def forward(self, x):
        features = []
        for layer in self.layers[:-1]:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        return self.layers[-1](x), features


def detail(x):
    """The share of luma energy above a quarter of Nyquist, as `looks.md` measures it: [n,3,h,w] to [n]."""
    y = (x * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1)
    y = (y - y.mean((-1, -2), keepdim=True)) * (torch.hann_window(y.shape[-2])[:, None] * torch.hann_window(y.shape[-1]))
    e = torch.fft.fft2(y).abs() ** 2
    fy, fx = torch.fft.fftfreq(y.shape[-2])[:, None].abs(), torch.fft.fftfreq(y.shape[-1]).abs()
    return (e * (torch.hypot(fy, fx) > 0.125)).sum((-1, -2)) / e.sum((-1, -2))


def quality(vae, held):
    """Of pictures kept out: PSNR in dB and detail against the truth by scene, and the latents' mean and spread by channel."""
    out, z = {}, []
    with torch.no_grad():
        for scene, frame in held:
            x = frame[None] / 127.5 - 1
            e = vae.encode(F.avg_pool2d(x, 2)).latents
            y = vae.decode(e).sample.clamp(-1, 1)
            z.append(e)
            small = [F.avg_pool2d(v, 2) for v in (x, y)]
            db = -10 * torch.log10(((small[0] - small[1]) ** 2).mean() / 4)
            out.setdefault(scene, []).append((float(db), float(detail(small[1]) / detail(small[0])), float(detail(y) / detail(x))))
    z = torch.cat(z).transpose(0, 1).flatten(1)
    rows = {k: [round(sum(c) / len(c), 2) for c in zip(*v)] for k, v in sorted(out.items())}
    return rows, z.mean(1).tolist(), z.std(1).tolist()


def distances(y, x):
    """Of pictures in [-1,1]: the errors that a mean is best at."""
    d = y - x
    slope = (d[..., 1:] - d[..., :-1]).abs().mean() + (d[..., 1:, :] - d[..., :-1, :]).abs().mean()
    return d.abs().mean() + 2 * (d ** 2).mean() + slope, (d ** 2).mean()


def train(minutes, folder, rate=1e-3, alone=False):
    """Train the autoencoder, or with `alone` its decoder only: what the other stages have learned of latents then stays true."""
    run = Run("vae", minutes, rate)
    torch.manual_seed(run.seed)
    rng = random.Random(run.seed)
    vae = load_part("vae", build_vae()).to(memory_format=torch.channels_last)
    vae.encoder.requires_grad_(not alone)
    judge = Discriminator().to(memory_format=torch.channels_last)
    kept = STATE / "discriminator.pt"
    if kept.exists():
        judge.load_state_dict(torch.load(kept))
    pool = Pool(folder)
    pool.refresh()
    live = [p for p in vae.parameters() if p.requires_grad]
    opt = optimiser([(k, p) for k, p in vae.named_parameters() if p.requires_grad], rate)
    hunt = torch.optim.AdamW(judge.parameters(), lr=3e-4, betas=(0.5, 0.99), weight_decay=1e-4)
    average, mark, weight, last = Average(live, 0.998), 5 * 60, 0.0, vae.decoder.layers[-1].weight
    while run.going():
        run.tick(opt)
        x = pool.crops(8, 256, rng).contiguous(memory_format=torch.channels_last)
        adversarial = alone or run.part() > JOIN
        with mixed():
            z = vae.encode(F.avg_pool2d(x, 2)).latents
            noisy = z + 0.15 * torch.rand(len(x), 1, 1, 1) * torch.randn_like(z)
            y = vae.decode(noisy).sample
            small = vae.decode(F.avg_pool2d(z[:2], 2)).sample
        y, z = y.float(), z.float()
        pixel, mse = distances(y, x)
        m, s = z.mean((0, 2, 3)), z.std((0, 2, 3))
        even = (small.float() - F.avg_pool2d(x[:2], 2)).abs().mean()
        loss, fooled = pixel + 0.25 * even + 0.02 * (m ** 2 + (s - 1) ** 2).sum(), torch.zeros(())
        if adversarial:
            judge.requires_grad_(False)
            with mixed():
                score, features = judge(y)
                with torch.no_grad():
                    _, wanted = judge(x)
            fooled = -score.float().mean()
            alike = sum((a.float() - b.float()).abs().mean() for a, b in zip(features, wanted))
            if run.step % 10 == 0 or not weight:  # as strong at the last layer as the pictures' own error (Esser et al. 2021)
                own, other = (torch.autograd.grad(v, last, retain_graph=True)[0].norm() for v in (pixel, fooled))
                weight = float((own / (other + 1e-4)).clamp(max=2)) * 0.5
            loss = loss + weight * fooled + 0.5 * alike
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(live, 1.0)
        opt.step()
        average.update()
        if run.part() > JOIN - 0.05 or alone:
            judge.requires_grad_(True)
            with mixed():
                real, fake = judge(x)[0], judge(y.detach().clamp(-1.05, 1.05))[0]
            hinge = F.relu(1 - real.float()).mean() + F.relu(1 + fake.float()).mean()
            hunt.zero_grad()
            hinge.backward()
            hunt.step()
        if run.step % 50 == 0:
            pool.refresh(100)
            run.log(loss=loss.item(), mse_db=-10 * torch.log10(mse / 4).item(), fooled=fooled.item(), weight=weight, pictures=len(pool.train))
        if run.part() * run.length > mark:
            mark += 5 * 60
            finish(run, vae, average, pool, judge, kept)
    finish(run, vae, average, pool, judge, kept)


def finish(run, vae, average, pool, judge, kept):
    """Measure, set the scaling factor so that scaled latents have unit spread, and write the part."""
    average.swap()
    rows, mean, std = quality(vae, pool.held)
    spread = (sum(s * s for s in std) / len(std)) ** 0.5
    vae.register_to_config(scaling_factor=round(1 / spread, 4))
    total = [round(sum(c) / len(rows), 3) for c in zip(*rows.values())]
    run.log(db_detail_fine=total, rows=json.dumps(rows), latent_mean=[round(m, 3) for m in mean], latent_std=[round(s, 3) for s in std])
    save_part("vae", vae)
    average.swap()
    torch.save(judge.state_dict(), kept)
    run.save(psnr=rows)
