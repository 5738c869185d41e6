"""Stage four: motion modules that reach in N steps where a teacher gets in 2N (progressive distillation, Salimans & Ho 2022).

The teacher is the standard module, with guidance, or a few-step one, which has the guidance in it. Text encoder and image UNet
stay as they are. Teacher and student walk as the program does, growing out of settled frames; the join's correction is in what
the student learns.
"""
import torch

import export
import nets
import sample
from common import Mean, Run
from diffusion import HELD, error, start, unsteady, words
from muon import optimiser


def goal(predict, x, noise, held, few, k, strength, hidden, scale, empty, guidance):
    """What a student of `few` steps is to do in its step k: its latents, time and sigma, and the clean clip [n,16,8,h,w].

    Two steps of the teacher, `predict`, set out from clip x with noise; one step towards that clean clip ends in the same place.
    """
    t, sigma = sample.grid(strength, 2 * few)
    set_out = 0 if strength == 1 else (held[:, -1:] - x) / sigma[0]
    begin = end = x + sigma[2 * k] * (noise + set_out)
    for j in (2 * k, 2 * k + 1):
        end = sample.stride(predict, end, noise, t[j], sigma[j], sigma[j + 1], hidden, scale, empty, guidance, held)
    ratio = sigma[2 * k + 2] / sigma[2 * k]
    clean = (end - ratio * begin) / (1 - ratio)
    if held is not None:
        clean[:, :HELD] = held
    return begin, t[2 * k], sigma[2 * k], clean


def distil(few, minutes, folder, teacher=0, rate=3e-4, batch=1):
    """The module for `few` steps, from the one for `teacher` steps or, 0, the standard one; `batch` clips a step."""
    run = Run(f"few{few}", minutes, rate)
    rng, table, tok, text, unet, _, _ = start(run, folder, 1)
    guidance = 1.0 if teacher else export.GUIDANCE
    above = nets.Video(unet, nets.load_part(nets.adapter(teacher), nets.build_motion())).requires_grad_(False)
    begun = few if nets.weights(nets.adapter(few)).exists() else teacher
    net = nets.Video(unet, nets.load_part(nets.adapter(begun), nets.build_motion())).requires_grad_(False)
    new = [(k, p.requires_grad_()) for k, p in net.named_parameters() if "motion_modules" in k]
    opt = optimiser(new, rate)
    new = [p for _, p in new]
    average = nets.Average(new, 0.99)
    with torch.no_grad():
        empty = text(torch.tensor([tok("")])).last_hidden_state
    mean, mark = Mean(), 240
    while run.going():
        run.tick(opt)
        picks, k = [table.pick(rng) for _ in range(batch)], rng.randrange(few)
        x, scale = table.clips(picks, rng)
        noise, held, strength = torch.randn_like(x), None, 1.0
        if rng.random() < 0.6:
            held = x[:, :HELD] + torch.stack([error(x.shape[2:]) for _ in picks])[:, None]
            strength = rng.uniform(0.3, 0.9) if rng.random() < 0.4 else 1.0
        with torch.no_grad(), nets.mixed():
            hidden = text(words([table.takes[p] for p in picks], tok, rng)).last_hidden_state
            teach = lambda y, t, h, s: above(y, t[None], h.expand(batch, -1, -1), s).float()
            begin, t, sigma, clean = goal(teach, x, noise, held, few, k, strength, hidden, scale, empty, guidance)
        begin, y = sample.shown(begin, noise, sigma, held)
        root = (sigma ** 2 + 1).sqrt()
        wanted = (begin / root ** 2 - clean) * root / sigma
        weight = torch.ones(1, nets.FRAMES, 1, 1, 1)
        weight[:, :0 if held is None else HELD - 1] = 0
        with nets.mixed():
            v = net(y, t[None], hidden, scale)
        loss = unsteady(v.float() - wanted, weight)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(new, 1.0)
        opt.step()
        average.update()
        mean.add(loss)
        if run.step % 25 == 0:
            table.refresh()
            run.log(loss=mean.value)
        if run.part() * run.length > mark:
            mark += 240
            save(run, average, net, few, loss=round(mean.value, 4))
    save(run, average, net, few, loss=round(mean.value, 4))


def save(run, average, net, few, **figures):
    average.swap()
    nets.save_part(nets.adapter(few), nets.build_motion(), net.split()[1])
    average.swap()
    run.save(**figures)
