"""Stages two and three: text encoder and UNet on single frames, then motion modules on clips.

Both predict v on scaled-linear betas rescaled to zero terminal SNR, x_t = a x0 + b n, v = a n - b x0, at uniform times.
"""
import random

import torch

import captions
import export
import nets
import tokens
from common import Mean, Run
from data import Table
from muon import optimiser


def levels():
    """a and b of x_t = a x0 + b n for t = 0..999, as the Euler scheduler has them."""
    bar = export.alphas()
    return bar.sqrt(), (1 - bar).sqrt()


def times(n, low=0):
    """Random times [n], one in ten the very last, where a render begins."""
    t = torch.randint(low, 1000, (n,))
    return torch.where(torch.rand(n) < 0.1, torch.full((n,), 999), t)


def words(takes, tok, rng):
    """Token ids [n,32] of freshly worded captions of takes, one in ten empty."""
    rows = ["" if rng.random() < 0.1 else captions.caption(t, rng) for t in takes]
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


def image(minutes, folder, rate=1e-3, batch=16):
    """Text encoder and UNet on single frames of the table."""
    run = Run("image", minutes, rate)
    rng, table, tok, text, unet, a, b = start(run, folder, 2)
    parameters = [*text.parameters(), *unet.parameters()]
    opt = optimiser([*text.named_parameters(), *unet.named_parameters()], rate)
    average = nets.Average(parameters, 0.995)
    mean, mark = Mean(), 240
    while run.going():
        run.tick(opt)
        picks = [table.pick(rng) for _ in range(batch)]
        x = torch.stack([table.frame(p, rng) for p in picks])
        t = times(batch)
        at, bt = a[t].view(-1, 1, 1, 1), b[t].view(-1, 1, 1, 1)
        n = torch.randn_like(x)
        with nets.mixed():
            hidden = text(words([table.takes[p] for p in picks], tok, rng)).last_hidden_state
            v = unet(at * x + bt * n, t, encoder_hidden_states=hidden, return_dict=False)[0]
        loss = ((v.float() - (at * n - bt * x)) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        opt.step()
        average.update()
        mean.add(loss)
        if run.step % 50 == 0:
            table.refresh()
            run.log(loss=mean.value, shards=len(table.seen))
        if run.part() * run.length > mark:
            mark += 240
            save_image(run, average, text, unet, loss=round(mean.value, 4))
    save_image(run, average, text, unet, loss=round(mean.value, 4))


HELD = 4
FADE = 8.0  # new frames after which the settled frames' error has fallen to 1/e


def error(shape):
    """What a settled frame [16,h,w] may be wrong by: grainy, blotchy or broad, up to three tenths of the latents' own spread."""
    rough = torch.randn(shape)
    kind, size = torch.rand(()), 0.3 * torch.rand(())
    if kind < 0.3:
        return size * rough
    if kind < 0.7:
        return size * 3 * torch.nn.functional.avg_pool2d(rough, 3, 1, 1)
    broad = torch.nn.functional.interpolate(torch.randn(1, shape[0], 3, 4), shape[1:], mode="bilinear", align_corners=True)
    return size * broad[0]


def noised(x, a, b):
    """Noise clips x [n,16,16,h,w] for training: returns input, time [n], target v, b, and the weight of each frame in the loss.

    Six in ten clips carry on: their first HELD frames are settled ones. All of them but the last are shown nearly clean whatever
    the time is, so that from the first step on there is a picture to grow out of; the last is noised like the new ones. They are
    somewhat wrong, as rendered frames are, and the clip to learn keeps that error and lets it fade over the new frames: an error
    that vanished at once would be a join that everybody sees.
    Half of these set out at a denoise s below 1: frames past the held ones begin as the last settled one at the noise level of s,
    and what is left of that beginning at step k of the shortened grid is in the input, while the target is the clip.
    """
    n, frames = x.shape[:2]
    t, x = times(n), x.clone()
    noise = torch.randn_like(x)
    bias, pins, weight = torch.zeros_like(x), [], torch.ones(n, frames, 1, 1, 1)
    fade = torch.cat([torch.ones(HELD), torch.exp(-torch.arange(1.0, frames - HELD + 1) / FADE)]).view(-1, 1, 1, 1)
    for i in range(n):
        pins.append(None)
        if torch.rand(()) < 0.4:
            continue
        weight[i, :HELD - 1] = 0
        x[i] += fade * error(x.shape[2:])
        sigma = 2 * nets.PIN * torch.rand(())
        pins[i] = ((x[i] + sigma * noise[i]) / (sigma ** 2 + 1).sqrt())[:HELD - 1]
        if torch.rand(()) < 0.5:
            s, k = 0.3 + 0.6 * torch.rand(()).item(), int(torch.randint(0, 4, ()))
            grid = [round(1000 * s * (1 - j / 4)) - 1 for j in range(4)]
            t[i] = grid[k]
            bias[i, HELD:] = a[grid[0]] / b[grid[0]] * (x[i, HELD - 1] - x[i, HELD:])
    at, bt = a[t].view(-1, 1, 1, 1, 1), b[t].view(-1, 1, 1, 1, 1)
    y = at * x + bt * (noise + bias)
    target = (at * y - x) / bt
    for i, pin in enumerate(pins):
        if pin is not None:
            y[i, :HELD - 1] = pin
    return y, t, target, bt, weight


STILLS = 8  # single frames beside each clip
JUMPS = 1.5


def unsteady(miss, weight):
    """Loss of a miss [n,16,16,h,w], with weights [n,16,1,1,1]: squares, and squares of its changes from frame to frame.

    A viewer forgives what is wrong in the same way in all frames much sooner than what jumps.
    """
    jump, both = miss[:, 1:] - miss[:, :-1], weight[:, 1:] * weight[:, :-1]
    return (miss ** 2 * weight).mean() / weight.mean() + JUMPS * (jump ** 2 * both).mean() / both.mean()


def stills(table, rng, tok, a, b):
    """A batch of single frames: input [n,1,16,h,w], time, token ids, target v."""
    picks = [table.pick(rng) for _ in range(STILLS)]
    x = torch.stack([table.frame(p, rng) for p in picks])[:, None]
    t = times(STILLS)
    at, bt = a[t].view(-1, 1, 1, 1, 1), b[t].view(-1, 1, 1, 1, 1)
    n = torch.randn_like(x)
    return at * x + bt * n, t, words([table.takes[p] for p in picks], tok, rng), at * n - bt * x


def motion(minutes, folder, rate=1e-3, alone=False, batch=1):
    """Motion modules on clips, `batch` a step; text encoder and UNet are carried along at less of the rate, on single frames as well.

    With `alone` these two stay as they are. A step then takes half the time, and the few-step modules, which lean on the same
    UNet, stay good.
    """
    run = Run("motion", minutes, rate)
    rng, table, tok, text, unet, a, b = start(run, folder, 2)
    net = nets.Video(unet, nets.load_part("motion_adapter", nets.build_motion()))
    new = [(k, p) for k, p in net.named_parameters() if "motion_modules" in k]
    old = [(k, p) for k, p in net.named_parameters() if "motion_modules" not in k] + [*text.named_parameters()]
    if alone:
        text.requires_grad_(False)
        net.requires_grad_(False)
        old = []
    opt = optimiser(new, rate, old, 0.5)
    new, old = [p.requires_grad_() for _, p in new], [p for _, p in old]
    average = nets.Average([*new, *old], 0.995)
    mean, still, mark = Mean(), Mean(), 240
    while run.going():
        run.tick(opt)
        picks = [table.pick(rng) for _ in range(batch)]
        x, s = table.clips(picks, rng)
        y, t, target, bt, weight = noised(x, a, b)
        with nets.mixed():
            v = net(y, t, text(words([table.takes[p] for p in picks], tok, rng)).last_hidden_state, s)
        loss = unsteady((v.float() - target) * bt.clamp(0.5, 1).sqrt(), weight)
        opt.zero_grad()
        loss.backward()
        if not alone:
            frame, when, ids, wanted = stills(table, rng, tok, a, b)
            with nets.mixed():
                w = net(frame, when, text(ids).last_hidden_state, None)
            lone = ((w.float() - wanted) ** 2).mean()
            lone.backward()
            still.add(lone)
        torch.nn.utils.clip_grad_norm_(new, 1.0)
        torch.nn.utils.clip_grad_norm_(old, 1.0)
        opt.step()
        average.update()
        mean.add(loss)
        if run.step % 25 == 0:
            table.refresh()
            run.log(loss=mean.value, **({} if alone else {"still": still.value}), shards=len(table.seen))
        if run.part() * run.length > mark:
            mark += 240
            save_motion(run, average, text, net, loss=round(mean.value, 4))
    save_motion(run, average, text, net, loss=round(mean.value, 4))


def save_motion(run, average, text, net, **figures):
    average.swap()
    unet, motion = net.split()
    nets.save_part("text_encoder", text)
    nets.save_part("unet", nets.build_unet(), unet)
    nets.save_part("motion_adapter", nets.build_motion(), motion)
    average.swap()
    run.save(**figures)
