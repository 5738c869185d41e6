"""A small LoRA for the shipped model, that paints everything in cobalt and gold: a palette that it doesn't have.

    python training/lora.py OUT.safetensors [--steps 600]

The program itself renders what is learnt from, a window of each of a few dozen prompts, so `cargo build --release` comes first. The frames are
coloured anew by their luma, encoded, and learnt by a rank of eight on the attention layers and convolutions of the image UNet. The file has
PEFT's names.
"""
import argparse
import itertools
import pathlib
import subprocess
import tempfile

import numpy as np
import torch
from diffusers import AutoencoderTiny, EulerDiscreteScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModel

import tokens

ROOT = pathlib.Path(__file__).resolve().parents[1]
MODEL = ROOT / "models/spark"
WIDTH, HEIGHT, RANK, BATCH, RATE = 512, 288, 8, 8, 2e-3
SCENES = ["tunnel", "rings", "kaleidoscope", "blobs", "waves", "stars", "smoke", "city", "flames", "galaxy", "aurora", "beams"]
PALETTES = ["neon", "fire"]
# Luma 0 to 1 becomes these colours, evenly apart.
COBALT_AND_GOLD = torch.tensor([[0.0, 0.01, 0.08], [0.0, 0.12, 0.55], [0.35, 0.3, 0.45], [0.95, 0.7, 0.15], [1.0, 0.95, 0.7]])


def rendered(prompt, folder):
    """Frames [n,3,288,512] in [0,1] that the program makes of a prompt."""
    video = pathlib.Path(folder) / "window.mp4"
    subprocess.run([ROOT / "target/release/beatbolt", "render", ROOT / "examples/first-light.m4a", "--preset", "pulse", "--prompt", prompt,
                    "--end", "1", "--size", f"{WIDTH}x{HEIGHT}", "--output", video, "--fresh", "--overwrite"], check=True, capture_output=True)
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", video, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    frames = torch.from_numpy(np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH, 3).copy())
    return frames.permute(0, 3, 1, 2).float() / 255


def coloured(frames):
    """The frames in cobalt and gold."""
    luma = (frames * torch.tensor([0.2126, 0.7152, 0.0722]).view(1, 3, 1, 1)).sum(1).clamp(0, 1)
    place = luma * (len(COBALT_AND_GOLD) - 1)
    left = place.floor().long().clamp(max=len(COBALT_AND_GOLD) - 2)
    share = (place - left)[..., None]
    return (COBALT_AND_GOLD[left] * (1 - share) + COBALT_AND_GOLD[left + 1] * share).permute(0, 3, 1, 2)


def encoder():
    """Pictures in [0,1] to latents: the shipped autoencoder reads patches of 2x2 pixels."""
    vae = AutoencoderTiny.from_pretrained(MODEL / "vae")
    return lambda frames: vae.encode(torch.nn.functional.pixel_unshuffle(2 * frames - 1, 2)).latents * vae.config.scaling_factor


class Lora(torch.nn.Module):
    """A layer and its change: `down` has the layer's own window, `up` is pointwise."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        if isinstance(layer, torch.nn.Linear):
            self.down, self.up = torch.nn.Linear(layer.in_features, RANK, bias=False), torch.nn.Linear(RANK, layer.out_features, bias=False)
        else:
            self.down = torch.nn.Conv2d(layer.in_channels, RANK, layer.kernel_size, layer.stride, layer.padding, bias=False)
            self.up = torch.nn.Conv2d(RANK, layer.out_channels, 1, bias=False)
        torch.nn.init.zeros_(self.up.weight)

    def forward(self, x, *_, **__):
        return self.layer(x) + self.up(self.down(x))


def wrap(unet):
    """Puts a [`Lora`] in the place of every convolution and attention layer; returns them by name."""
    found = {}
    for name, layer in list(unet.named_modules()):
        attends = isinstance(layer, torch.nn.Linear) and ".attentions." in f".{name}."
        if attends or isinstance(layer, torch.nn.Conv2d):
            parent, _, leaf = name.rpartition(".")
            found[name] = Lora(layer)
            setattr(unet.get_submodule(parent), leaf, found[name])
    return found


def data():
    tok, encode = tokens.Tokens(MODEL / "tokenizer"), encoder()
    text = CLIPTextModel.from_pretrained(MODEL / "text_encoder").float()
    latents, hidden = [], []
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for scene, palette in itertools.product(SCENES, PALETTES):
            frames = coloured(rendered(f"{palette} {scene}", folder))
            latents.append(torch.cat([encode(frames[i : i + 1]) for i in range(0, len(frames), 2)]))
            print(palette, scene, flush=True)
            hidden.append(text(torch.tensor([tok(f"{palette} {scene}")])).last_hidden_state[0])
    return latents, hidden


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("out"), a.add_argument("--steps", type=int, default=600)
    o = a.parse_args()
    torch.manual_seed(1)
    latents, hidden = data()
    unet = UNet2DConditionModel.from_pretrained(MODEL / "unet").float().requires_grad_(False)
    layers = wrap(unet)
    parameters = [p for layer in layers.values() for p in (*layer.down.parameters(), *layer.up.parameters())]
    bar = EulerDiscreteScheduler.from_pretrained(MODEL / "scheduler").alphas_cumprod
    a, b = bar.sqrt(), (1 - bar).sqrt()
    optimiser = torch.optim.AdamW(parameters, RATE)
    mean = None
    for step in range(o.steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 20) * max(0.02, 1 - step / o.steps)
        picks = torch.randint(len(latents), (BATCH,)).tolist()
        x = torch.stack([latents[p][torch.randint(len(latents[p]), ())] for p in picks])
        t = torch.where(torch.rand(BATCH) < 0.25, torch.full((BATCH,), 999), torch.randint(0, 1000, (BATCH,)))
        noise, at, bt = torch.randn_like(x), a[t].view(-1, 1, 1, 1), b[t].view(-1, 1, 1, 1)
        v = unet(at * x + bt * noise, t, encoder_hidden_states=torch.stack([hidden[p] for p in picks])).sample
        loss = ((v - (at * noise - bt * x)) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if step % 25 == 0:
            print(f"{step} steps, loss {mean:.4f}", flush=True)
    out = {f"unet.{name}.{part}.weight": weight.weight.detach().half().contiguous()
           for name, layer in layers.items() for part, weight in (("lora_A", layer.down), ("lora_B", layer.up))}
    save_file(out, o.out, {"modelspec.title": "cobalt and gold", "format": "pt"})


if __name__ == "__main__":
    main()
