"""Stages two and three: text encoder and UNet on single frames, then motion modules on clips.

Both predict v on linear betas rescaled to zero terminal SNR, x_t = a x0 + b n, v = a n - b x0. Half of the times are those
of the 4-step trailing grid, where the model is used; the rest are uniform, since denoise strength moves the grid.
"""
import random

import torch

import captions
import export
import nets
import scenes
import tokens
from common import Run
from data import Clips

GRID = (999, 749, 499, 249)


def levels():
    """a and b of x_t = a x0 + b n for t = 0..999, as the Euler scheduler has them."""
    bar = export.scheduler().alphas_cumprod
    return bar.sqrt(), (1 - bar).sqrt()


def times(n):
    """Random times [n], half of them on the 4-step grid."""
    t = torch.randint(20, 1000, (n,))
    grid = torch.tensor(GRID)[torch.randint(0, 4, (n,))]
    return torch.where(torch.rand(n) < 0.5, grid, t)


def words(clips, picks, tok, rng):
    """Token ids [n,32] of freshly worded captions, one in ten empty."""
    rows = []
    for i in picks:
        text = captions.caption(scenes.KINDS[clips.kind[i]], list(scenes.PALETTES)[clips.palette[i]], rng)
        rows.append(tok("" if rng.random() < 0.1 else text))
    return torch.tensor(rows)


def start(run, folder):
    """What both stages begin with: seeded generators, clips, tokenizer, text encoder, UNet, levels."""
    torch.manual_seed(run.seed)
    rng = random.Random(run.seed)
    clips = Clips(folder)
    clips.wait(80)
    tok = tokens.Tokens()
    text = nets.load_part("text_encoder", nets.build_text(tok.size))
    unet = nets.load_part("unet", nets.build_unet())
    a, b = levels()
    return rng, clips, tok, text, unet, a, b


def save_image(run, average, text, unet, **figures):
    average.swap()
    nets.save_part("text_encoder", text)
    nets.save_part("unet", unet)
    average.swap()
    run.save(**figures)


def image(minutes, folder, rate=8e-4, batch=16):
    """Text encoder and UNet on single frames of the clips."""
    run = Run("image", minutes, rate)
    rng, clips, tok, text, unet, a, b = start(run, folder)
    parameters = [*text.parameters(), *unet.parameters()]
    opt = torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.99), weight_decay=1e-3)
    average = nets.Average(parameters, 0.995)
    mean, mark = None, 300
    while run.going():
        run.tick(opt)
        picks = [rng.randrange(len(clips.latents)) for _ in range(batch)]
        x = torch.stack([clips.latents[i][rng.randrange(nets.FRAMES)] for i in picks]).float()
        t = times(batch)
        at, bt = a[t].view(-1, 1, 1, 1), b[t].view(-1, 1, 1, 1)
        n = torch.randn_like(x)
        hidden = text(words(clips, picks, tok, rng)).last_hidden_state
        v = unet(at * x + bt * n, t, encoder_hidden_states=hidden, return_dict=False)[0]
        loss = ((v - (at * n - bt * x)) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        opt.step()
        average.update()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if run.step % 50 == 0:
            clips.refresh()
            run.log(loss=mean, clips=len(clips.latents))
        if run.part() * run.length > mark:
            mark += 300
            save_image(run, average, text, unet, loss=round(mean, 4))
    save_image(run, average, text, unet, loss=round(mean, 4))


def noised(x, a, b):
    """Noise clips x [n,16,4,h,w] for training: returns input, time [n], target v.

    A third of them are set in a hand-off at denoise s: frames past the fourth begin as the settled frame 3 at the noise level
    of s, and what is left of that beginning at step k of the shortened grid is in the input, while the target is the clip.
    """
    n = x.shape[0]
    t = times(n)
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


def motion(minutes, folder, rate=1e-3, batch=2):
    """Motion modules on clips; text encoder fixed, UNet carried along at a tenth of the rate."""
    run = Run("motion", minutes, rate)
    rng, clips, tok, text, unet, a, b = start(run, folder)
    text.requires_grad_(False)
    net = nets.Video(unet, nets.load_part("motion_adapter", nets.build_motion()))
    new = [p for k, p in net.named_parameters() if "motion_modules" in k]
    old = [p for k, p in net.named_parameters() if "motion_modules" not in k]
    opt = torch.optim.AdamW([{"params": new, "factor": 1.0}, {"params": old, "factor": 0.2}], lr=rate, betas=(0.9, 0.99), weight_decay=1e-3)
    average = nets.Average([*new, *old], 0.995)
    mean, mark = None, 300
    while run.going():
        run.tick(opt)
        picks = [rng.randrange(len(clips.latents)) for _ in range(batch)]
        x = torch.stack([clips.latents[i] for i in picks]).float()
        s = torch.stack([clips.curve[i] for i in picks])
        y, t, target, bt = noised(x, a, b)
        with torch.no_grad():
            hidden = text(words(clips, picks, tok, rng)).last_hidden_state
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
            clips.refresh()
            run.log(loss=mean, clips=len(clips.latents))
        if run.part() * run.length > mark:
            mark += 300
            save_motion(run, average, net, loss=round(mean, 4))
    save_motion(run, average, net, loss=round(mean, 4))


def save_motion(run, average, net, **figures):
    average.swap()
    unet, motion = net.split()
    nets.save_part("unet", nets.build_unet(), unet)
    nets.save_part("motion_adapter", nets.build_motion(), motion)
    average.swap()
    run.save(**figures)
