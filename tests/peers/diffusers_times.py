"""Seconds that diffusers takes for a pass of UNet and motion module and for decoding, as JSON.

    python diffusers_times.py MODEL f32|bf16 PIXELS

MODEL is a folder in diffusers' layout with a motion module in `motion_adapter`. A pass is timed after another one that warms up, the median of
three; frames are decoded four at a time. Nothing is guided: a pass makes each frame once.
"""
import json, resource, statistics, sys, time, warnings

warnings.filterwarnings("ignore")
import torch  # noqa: E402
from diffusers import AutoencoderKL, MotionAdapter, UNet2DConditionModel, UNetMotionModel  # noqa: E402
from diffusers.utils import logging  # noqa: E402

logging.set_verbosity_error()
folder, kind, pixels = sys.argv[1], sys.argv[2], int(sys.argv[3])
frames = 16
dtype, side = {"f32": torch.float32, "bf16": torch.bfloat16}[kind], pixels // 8
torch.set_grad_enabled(False)


def timed(work):
    begun = time.time()
    work()
    return time.time() - begun


vae = AutoencoderKL.from_pretrained(folder + "/vae", torch_dtype=dtype)
latents = torch.randn(frames, 4, side, side, dtype=dtype)
decode = timed(lambda: [vae.decode(part) for part in latents.split(4)])
del vae
unet = UNet2DConditionModel.from_pretrained(folder + "/unet", torch_dtype=dtype)
motion = MotionAdapter.from_pretrained(folder + "/motion_adapter", torch_dtype=dtype)
unet = UNetMotionModel.from_unet2d(unet, motion).to(dtype)
x, text = torch.randn(1, 4, frames, side, side, dtype=dtype), torch.randn(frames, 77, 768, dtype=dtype)
passes = [timed(lambda: unet(x, 500, encoder_hidden_states=text)) for _ in range(4)][1:]
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps({"pass": statistics.median(passes), "decode": decode, "memory": memory}))
