"""Stages two and three: text encoder and UNet on single frames, then motion modules on clips.

Both predict v on linear betas rescaled to zero terminal SNR, x_t = a x0 + b n, v = a n - b x0. Half of the times are those
of the 4-step trailing grid, where the model is used; the rest are uniform, since denoise strength moves the grid.
"""
import random

import torch

import captions
import export
import nets
import tokens
from common import Run
from data import KINDS, PALETTES, Table, pick

GRID = (999, 749, 499, 249)


def levels():
    """a and b of x_t = a x0 + b n for t = 0..999, as the Euler scheduler has them."""
    bar = export.scheduler().alphas_cumprod
    return bar.sqrt(), (1 - bar).sqrt()


def times(n, weights=(1.0, 1.0, 1.0, 1.0), low=20, high=1000):
    """Random times [n], half of them on the 4-step grid (with these weights), half between low and high."""
    t = torch.randint(low, high, (n,))
    grid = torch.tensor(GRID)[torch.multinomial(torch.tensor(weights), n, replacement=True)]
    return torch.where(torch.rand(n) < 0.5, grid, t)


def words(picks, tok, rng):
    """Token ids [n,32] of freshly worded captions of (kind, palette) pairs, one in ten empty."""
    rows = ["" if rng.random() < 0.1 else captions.caption(KINDS[k], PALETTES[p], rng) for k, p in picks]
    return torch.tensor([tok(text) for text in rows])


def start(run, folder, shards):
    """What both stages begin with: seeded generators, data, tokenizer, text encoder, UNet, levels."""
    torch.manual_seed(run.seed)
    rng = random.Random(run.seed)
    table = Table(folder)
    table.wait(shards)
    tok = tokens.Tokens()
    text = nets.load_part("text_encoder", nets.build_text(tok.size))
    unet = nets.load_part("unet", nets.build_unet())
    a, b = levels()
    return rng, table, tok, text, unet, a, b


def save_image(run, average, text, unet, **figures):
    average.swap()
    nets.save_part("text_encoder", text)
    nets.save_part("unet", unet)
    average.swap()
    run.save(**figures)


def image(minutes, folder, rate=8e-4, batch=16):
    """Text encoder and UNet on single frames of the table."""
    run = Run("image", minutes, rate)
    rng, table, tok, text, unet, a, b = start(run, folder, 1)
    parameters = [*text.parameters(), *unet.parameters()]
    opt = torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.99), weight_decay=1e-3)
    average = nets.Average(parameters, 0.995)
    mean, mark = None, 240
    while run.going():
        run.tick(opt)
        picks = [pick(rng) for _ in range(batch)]
        x = torch.stack([table.frame(*p, rng) for p in picks])
        t = times(batch)
        at, bt = a[t].view(-1, 1, 1, 1), b[t].view(-1, 1, 1, 1)
        n = torch.randn_like(x)
        hidden = text(words(picks, tok, rng)).last_hidden_state
        v = unet(at * x + bt * n, t, encoder_hidden_states=hidden, return_dict=False)[0]
        loss = ((v - (at * n - bt * x)) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        opt.step()
        average.update()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if run.step % 50 == 0:
            table.refresh()
            run.log(loss=mean, shards=len(table.seen))
        if run.part() * run.length > mark:
            mark += 240
            save_image(run, average, text, unet, loss=round(mean, 4))
    save_image(run, average, text, unet, loss=round(mean, 4))


def noised(x, a, b):
    """Noise clips x [n,16,4,h,w] for training: returns input, time [n], target v.

    A third of them are set in a hand-off at denoise s: frames past the fourth begin as the settled frame 3 at the noise level
    of s, and what is left of that beginning at step k of the shortened grid is in the input, while the target is the clip.
    """
    n = x.shape[0]
    t = times(n, (0.3, 1.4, 1.2, 0.8), 100, 900)  # at 999 all is noise: there is little to learn about motion
    noise = torch.randn_like(x)
    bias = torch.zeros_like(x)
    for i in range(n):
        if torch.rand(()) < 0.33:
            s, k = 0.4 + 0.45 * torch.rand(()).item(), int(torch.randint(0, 4, ()))
            grid = [round(1000 * s * (1 - j / 4)) - 1 for j in range(4)]
            t[i] = grid[k]
            bias[i, 4:] = a[grid[0]] / b[grid[0]] * (x[i, 3] - x[i, 4:])
    at, bt = a[t].view(-1, 1, 1, 1, 1), b[t].view(-1, 1, 1, 1, 1)
    y = at * x + bt * (noise + bias)
    return y, t, (at * y - x) / bt, bt


def motion(minutes, folder, rate=1.5e-3, batch=1):
    """Motion modules on clips; text encoder fixed, UNet carried along at less of the rate."""
    run = Run("motion", minutes, rate)
    rng, table, tok, text, unet, a, b = start(run, folder, 8)
    text.requires_grad_(False)
    net = nets.Video(unet, nets.load_part("motion_adapter", nets.build_motion()))
    new = [p for k, p in net.named_parameters() if "motion_modules" in k]
    old = [p for k, p in net.named_parameters() if "motion_modules" not in k]
    opt = torch.optim.AdamW([{"params": new, "factor": 1.0}, {"params": old, "factor": 0.8}], lr=rate, betas=(0.9, 0.99), weight_decay=1e-3)
    average = nets.Average([*new, *old], 0.995)
    mean, mark = None, 240
    while run.going():
        run.tick(opt)
        picks = [pick(rng) for _ in range(batch)]
        x, s = (torch.stack(c) for c in zip(*(table.clip(*p, rng) for p in picks)))
        y, t, target, bt = noised(x, a, b)
        with torch.no_grad():
            hidden = text(words(picks, tok, rng)).last_hidden_state
        v = net(y, t, hidden, s)
        loss = ((v - target) ** 2 * bt.clamp(0.5, 1)).mean()
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(new, 1.0)
        torch.nn.utils.clip_grad_norm_(old, 1.0)
        opt.step()
        average.update()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if run.step % 25 == 0:
            table.refresh()
            run.log(loss=mean, shards=len(table.seen))
        if run.part() * run.length > mark:
            mark += 240
            save_motion(run, average, net, loss=round(mean, 4))
    save_motion(run, average, net, loss=round(mean, 4))


def save_motion(run, average, net, **figures):
    average.swap()
    unet, motion = net.split()
    nets.save_part("unet", nets.build_unet(), unet)
    nets.save_part("motion_adapter", nets.build_motion(), motion)
    average.swap()
    run.save(**figures)
