"""Stage one: the autoencoder, on crops of rendered frames.

A second process keeps a pool of frames fresh. The loss is L1 + L2 + L1 of picture gradients; noise on the latents makes
the decoder forgiving of what the diffusion model gets wrong, a shrunk copy of the latents has to give the shrunk picture
(which makes latents smooth and so easier to generate), and a small penalty keeps them near zero mean, unit spread.
"""
import random
import time

import torch
import torch.nn.functional as F
import torch.multiprocessing as mp

import scenes
from common import Run
from nets import HEIGHT, WIDTH, build_vae, load_part, mixed, save_part

POOL = 1500


def some(rng, frames, height=HEIGHT, width=WIDTH):
    """Frames [frames,3,H,W] of one random scene."""
    kind = rng.choice(scenes.KINDS)
    t = torch.tensor([rng.uniform(0, 960) for _ in range(frames)])
    drift = (rng.uniform(0, 6.283), rng.uniform(0, 6.283))
    return scenes.clip(kind, rng.choice(list(scenes.PALETTES)), rng.randrange(scenes.FORMS[kind]), rng.choice(scenes.MOODS), t, drift, height, width)


def fill(pool, filled, seed):
    """Render frames into the shared pool [n,3,H,W] u8 for as long as the process lives, in half of the time."""
    torch.set_num_threads(1)
    rng, at = random.Random(seed), 0
    while True:
        start = time.time()
        for f in some(rng, 2):
            pool[at % POOL] = ((f.clamp(-1, 1) + 1) * 127.5).round().byte()
            at += 1
        filled.value = min(POOL, at)
        if at > 200:
            time.sleep(6 * (time.time() - start))


def crops(pool, n, size, g):
    """A batch of random crops [n,3,size,size] in [-1,1], half of them mirrored."""
    out = torch.empty(n, 3, size, size)
    for i in range(n):
        k, y, x = (int(torch.randint(0, m, (1,), generator=g)) for m in (len(pool), HEIGHT - size + 1, WIDTH - size + 1))
        c = pool[k, :, y:y + size, x:x + size]
        out[i] = c.flip(-1) if i % 2 else c
    return out / 127.5 - 1


def quality(vae, seed=99, per=6):
    """PSNR in dB by scene family on held-out frames, and the latents' mean and spread by channel."""
    rng, out, z = random.Random(seed), {}, []
    with torch.no_grad():
        for kind in scenes.KINDS:
            db = []
            for k in range(per):
                t, drift = torch.tensor([rng.uniform(0, 960)]), (rng.uniform(0, 6.283), rng.uniform(0, 6.283))
                x = scenes.clip(kind, rng.choice(list(scenes.PALETTES)), k % scenes.FORMS[kind], rng.choice(scenes.MOODS), t, drift)
                e = vae.encode(x).latents
                y = vae.decode(e).sample.clamp(-1, 1)
                z.append(e)
                db += (-10 * torch.log10(((x - y) ** 2).mean((1, 2, 3)) / 4)).tolist()
            out[kind] = round(sum(db) / len(db), 2)
    z = torch.cat(z).transpose(0, 1).flatten(1)
    return out, z.mean(1).tolist(), z.std(1).tolist()


def train(minutes, rate=1.5e-3, alone=False):
    """Train the autoencoder, or with `alone` its decoder only: what the other stages have learned of latents then stays true."""
    run = Run("vae", minutes, rate)
    torch.manual_seed(run.seed)
    g = torch.Generator().manual_seed(run.seed)
    vae = load_part("vae", build_vae()).to(memory_format=torch.channels_last)
    vae.encoder.requires_grad_(not alone)
    pool = torch.zeros(POOL, 3, HEIGHT, WIDTH, dtype=torch.uint8).share_memory_()
    filled = mp.Value("i", 0)
    worker = mp.Process(target=fill, args=(pool, filled, run.seed), daemon=True)
    worker.start()
    while filled.value < 64:
        pass
    opt = torch.optim.AdamW([p for p in vae.parameters() if p.requires_grad], lr=rate, betas=(0.9, 0.99), weight_decay=1e-4)
    mark = 5 * 60
    while run.going():
        run.tick(opt)
        size, n = (192, 12) if run.part() < 0.7 else (256, 8)
        x = crops(pool[:filled.value], n, size, g)
        with mixed():
            z = vae.encode(x.contiguous(memory_format=torch.channels_last)).latents
            noisy = z + 0.15 * torch.rand(n, 1, 1, 1) * torch.randn_like(z)
            y = vae.decode(noisy).sample
            small = vae.decode(F.avg_pool2d(z[:n // 2], 2)).sample
        d, z = y.float() - x, z.float()
        slope = (d[..., 1:] - d[..., :-1]).abs().mean() + (d[..., 1:, :] - d[..., :-1, :]).abs().mean()
        m, s = z.mean((0, 2, 3)), z.std((0, 2, 3))
        even = (small.float() - F.avg_pool2d(x[:n // 2], 2)).abs().mean()
        loss = d.abs().mean() + 2 * (d ** 2).mean() + slope + 0.25 * even + 0.02 * (m ** 2 + (s - 1) ** 2).sum()
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        opt.step()
        if run.step % 50 == 0:
            run.log(loss=loss.item(), mse_db=-10 * torch.log10((d ** 2).mean() / 4).item(), frames=filled.value)
        if run.part() * run.length > mark:
            mark += 5 * 60
            finish(run, vae)
    finish(run, vae)
    worker.terminate()


def finish(run, vae):
    """Measure, set the scaling factor so that scaled latents have unit spread, and write the part."""
    db, mean, std = quality(vae)
    spread = (sum(s * s for s in std) / len(std)) ** 0.5
    vae.register_to_config(scaling_factor=round(1 / spread, 4))
    run.log(psnr=db, mean_db=sum(db.values()) / len(db), latent_mean=[round(m, 3) for m in mean], latent_std=[round(s, 3) for s in std])
    save_part("vae", vae)
    run.save(psnr=db)
