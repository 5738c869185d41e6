"""The networks of spark, their file layout, and the two things about motion modules that diffusers does differently.

Everything is a plain diffusers/transformers model. What differs from the stock pipeline:

* the motion module's input GroupNorm takes its statistics frame by frame (`per_frame_norm`);
* the queries of frame f in both temporal attentions are multiplied by the motion scale s[f] (`SpeedAttention`).
"""
import copy
import json
import pathlib

import torch
from diffusers import AutoencoderTiny, MotionAdapter, UNet2DConditionModel, UNetMotionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

STATE = pathlib.Path(__file__).resolve().parent / "state"  # what a training is made of: data, checkpoints, weights so far
MODEL = STATE / "spark"
CHANNELS = (96, 128, 192)
TEXT = 128
TOKENS = 32
FRAMES = 16
WIDTH, HEIGHT, FPS, STEPS = 512, 288, 12, 4
FOLDED, UNFOLDED = 2, 8  # sides of the patches that the encoder reads and the decoder writes
PIN = 0.15  # noise (sigma) under which a render shows the settled frames that a window begins with
LATENT = (16, HEIGHT // 16, WIDTH // 16)


class Patched(AutoencoderTiny):
    """An `AutoencoderTiny` over pictures whose patches are folded into channels, so that the last doublings cost nothing:
    [n,3,H,W] in [-1,1] to [n,16,H/16,W/16], and back to [n,3,2H,2W]."""

    def encode(self, x):
        return super().encode(torch.nn.functional.pixel_unshuffle(x, FOLDED))

    def decode(self, z):
        out = super().decode(z)
        out.sample = torch.nn.functional.pixel_shuffle(out.sample, UNFOLDED)
        return out


def bfloat16():
    """Whether bfloat16 is fast on the device in use; on a processor without it, it would be ten times slower than float32."""
    return torch.get_default_device().type != "cpu" or torch.cpu._is_avx512_bf16_supported()


def mixed():
    """Mixed precision where the device has bfloat16 of its own."""
    return torch.autocast(torch.get_default_device().type, dtype=torch.bfloat16, enabled=bfloat16())


def build_vae():
    """The autoencoder, thin at its top level."""
    return Patched(in_channels=3 * FOLDED ** 2, out_channels=3 * UNFOLDED ** 2, latent_channels=LATENT[0],
                   encoder_block_out_channels=(64,) * 4, decoder_block_out_channels=(64,) * 3,
                   num_encoder_blocks=(0, 1, 2, 3), num_decoder_blocks=(5, 3, 1))


def build_text(vocabulary):
    """A two-layer CLIP text model: ids [n,32] -> [n,32,128]. The end token is the highest id, and the padding."""
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=vocabulary, hidden_size=TEXT, intermediate_size=4 * TEXT, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=TOKENS, hidden_act="quick_gelu", bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1,
        pad_token_id=vocabulary - 1, projection_dim=TEXT))


def build_unet():
    """The image UNet. `attention_head_dim` is diffusers' name for the number of heads."""
    return UNet2DConditionModel(
        sample_size=LATENT[1:], in_channels=LATENT[0], out_channels=LATENT[0], layers_per_block=1, block_out_channels=CHANNELS,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=TEXT, attention_head_dim=4, norm_num_groups=8)


def build_motion():
    """A v2-shaped motion adapter whose modules start as the identity.

    Keys start as queries, only weaker: each frame then looks at itself and its neighbours, so that the sharpness of its
    attention, which is what the motion scale moves, carries something from the first step on.
    """
    motion = MotionAdapter(
        block_out_channels=CHANNELS, motion_layers_per_block=1, motion_mid_block_layers_per_block=1,
        motion_num_attention_heads=4, motion_norm_num_groups=8, motion_max_seq_length=32, use_motion_mid_block=True)
    for module in motion.modules():
        if type(module).__name__ == "AnimateDiffTransformer3D":
            module.proj_out.weight.data.zero_()
            module.proj_out.bias.data.zero_()
            for block in module.transformer_blocks:
                for attention in (block.attn1, block.attn2):
                    attention.to_k.weight.data.copy_(attention.to_q.weight.data)
                    attention.to_q.weight.data.mul_(2.5)
    return motion


class PerFrame(torch.nn.Module):
    """A GroupNorm over each frame by itself: [b,c,f,h,w] in and out."""

    def __init__(self, norm):
        super().__init__()
        self.norm = norm

    def forward(self, x):
        b, c, f, h, w = x.shape
        y = self.norm(x.permute(0, 2, 1, 3, 4).reshape(b * f, c, h, w))
        return y.reshape(b, f, c, h, w).permute(0, 2, 1, 3, 4)


class SpeedAttention:
    """Temporal self-attention whose queries are multiplied by `scale` [b,f]; hidden states are [b*h*w, f, c]."""

    def __init__(self):
        self.scale = None

    def __call__(self, attn, x, encoder_hidden_states=None, attention_mask=None, **_):
        n, f, c = x.shape
        heads = lambda y: y.view(n, f, attn.heads, -1).transpose(1, 2)
        q = attn.to_q(x)
        if self.scale is not None:
            s = self.scale
            q = (q.view(s.shape[0], -1, f, c) * s[:, None, :, None]).view(n, f, c)
        q, k, v = heads(q), heads(attn.to_k(x)), heads(attn.to_v(x))
        w = (q * (c // attn.heads) ** -0.5) @ k.transpose(-1, -2)
        y = (w.softmax(-1) @ v).transpose(1, 2).reshape(n, f, c)
        return attn.to_out[1](attn.to_out[0](y))


def moving(forward):
    """A motion module's `forward` that lets single frames pass, as a render does."""
    return lambda x, *rest, num_frames=1, **named: x if num_frames == 1 else forward(x, *rest, num_frames=num_frames, **named)


class Video(torch.nn.Module):
    """UNet with motion modules. `forward(x [b,f,16,h,w], t [b], text [b,l,d], scale [b,f])` predicts v, [b,f,16,h,w]."""

    def __init__(self, unet, motion):
        super().__init__()
        self.net = UNetMotionModel.from_unet2d(unet, motion)
        self.speed = SpeedAttention()
        for m in self.net.modules():
            if type(m).__name__ == "AnimateDiffTransformer3D":
                m.norm = PerFrame(m.norm)
                m.forward = moving(m.forward)
                for block in m.transformer_blocks:
                    block.attn1.set_processor(self.speed)
                    block.attn2.set_processor(self.speed)

    def forward(self, x, t, text, scale):
        self.speed.scale = scale
        f = x.shape[1]
        y = self.net(x.transpose(1, 2), t, encoder_hidden_states=text.repeat_interleave(f, 0)).sample
        return y.transpose(1, 2)

    def split(self):
        """The state dicts of the image UNet and of the motion adapter."""
        unet, motion = {}, {}
        for k, v in self.net.state_dict().items():
            if "motion_modules" in k:
                motion[k.replace(".norm.norm.", ".norm.")] = v
            else:
                unet[k] = v
        return unet, motion


def count(net):
    """Number of parameters."""
    return sum(p.numel() for p in net.parameters())


class Average:
    """Exponential moving average of a list of parameters; a warm-up keeps early values from lingering."""

    def __init__(self, parameters, decay=0.999):
        self.live, self.decay, self.n = list(parameters), decay, 0
        self.mean = [p.detach().clone() for p in self.live]

    def update(self):
        self.n += 1
        d = min(self.decay, (1 + self.n) / (10 + self.n))
        torch._foreach_mul_(self.mean, d)
        torch._foreach_add_(self.mean, [p.detach() for p in self.live], alpha=1 - d)

    def swap(self):
        """Exchange the live values and the average (call twice to undo)."""
        for p, m in zip(self.live, self.mean):
            keep = p.data.clone()
            p.data.copy_(m)
            m.copy_(keep)


def adapter(few=0):
    """The folder of the motion module distilled for `few` steps, or of the standard one."""
    return f"motion_adapter_{few}step" if few else "motion_adapter"


def weights(name):
    """The file of a part's weights."""
    return MODEL / name / f"{'model' if name == 'text_encoder' else 'diffusion_pytorch_model'}.safetensors"


def save_part(name, net, state=None):
    """Write one part of the pipeline to models/spark as f16 weights and its config.json."""
    folder = MODEL / name
    folder.mkdir(parents=True, exist_ok=True)
    state = net.state_dict() if state is None else state
    if name == "text_encoder":  # the names that files on hubs have
        state = {f"text_model.{k}": v for k, v in state.items()}
    save_file({k: v.detach().half().contiguous() for k, v in state.items() if v.is_floating_point()},
              weights(name), metadata={"format": "pt"})
    weights(name).chmod(0o644)
    if name == "text_encoder":
        config = copy.deepcopy(net.config)
        config.architectures = ["CLIPTextModel"]
        text = config.to_json_string()
        text = json.dumps({**json.loads(text), "torch_dtype": "float16"}, indent=2)
    else:
        config = {k: v for k, v in json.loads(net.to_json_string()).items() if not k.startswith("_name")}
        if name == "vae":  # diffusers leaves this one out
            config.update(encoder_block_out_channels=[64] * 4, _class_name="AutoencoderTiny")
        if name.startswith("motion_adapter"):
            config["motion_norm"] = "frame"
        text = json.dumps(config, indent=2)
    (folder / "config.json").write_text(text + "\n")


def load_part(name, net):
    """Load f16 weights written by `save_part` into a freshly built net; a missing file leaves it as it is."""
    path = weights(name)
    if path.exists():
        state = {k.removeprefix("text_model."): v.float() for k, v in load_file(path).items()}
        missing, extra = net.load_state_dict(state, strict=False)
        missing = [k for k in missing if "position_ids" not in k and not k.endswith(".pe")]
        if missing or extra:
            raise SystemExit(f"{path}: missing {missing[:3]}, not used {extra[:3]}")
    return net
