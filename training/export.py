"""What stands in models/spark beside the weights: pipeline index, scheduler, size hints; and the untrained start."""
import functools
import json

import torch
from diffusers import EulerDiscreteScheduler

import captions
import motion_scale
import nets
import tokens
from nets import MODEL

GUIDANCE = 1.6  # of the standard module; the few-step ones have it in them


def scheduler():
    """The sampler's settings: v-prediction on scaled-linear betas rescaled to zero terminal SNR, trailing spacing."""
    return EulerDiscreteScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.006, num_train_timesteps=1000,
                                  prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing")


@functools.cache
def alphas():
    """The cumulated alphas of that scheduler [1000]."""
    with torch.device("cpu"):
        bar = scheduler().alphas_cumprod
    return bar.to(torch.get_default_device())


def words():
    """The phrases that the model is taught, the plainest first: the program names them to who asks for something else."""
    plain = [[p.replace("{s}", "sphere") for p in phrases] for phrases in captions.SCENES.values()]
    parts = [p for table in (captions.SUBJECTS, captions.BACKGROUNDS, captions.LIGHTS) for v in table.values() for p in captions.split(v) if p]
    firsts, rest = [p[0] for p in plain], [w for p in plain for w in p[1:]]
    return list(dict.fromkeys([*firsts, *rest, *parts, *(w for v in captions.PALETTES.values() for w in v)]))


def frame():
    """Write everything that is not a weight."""
    import diffusers
    MODEL.mkdir(parents=True, exist_ok=True)
    scheduler().save_pretrained(MODEL / "scheduler")
    (MODEL / "model_index.json").write_text(json.dumps({
        "_class_name": "AnimateDiffPipeline", "_diffusers_version": diffusers.__version__,
        "unet": ["diffusers", "UNet2DConditionModel"], "motion_adapter": ["diffusers", "MotionAdapter"],
        "vae": ["diffusers", "AutoencoderTiny"], "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
        "feature_extractor": [None, None], "image_encoder": [None, None]}, indent=2) + "\n")
    (MODEL / "words.txt").write_text("\n".join(words()) + "\n")
    (MODEL / "spark.json").write_text(json.dumps(
        {"width": nets.WIDTH, "height": nets.HEIGHT, "fps": nets.FPS, "steps": nets.STEPS, "frames": nets.FRAMES,
         "final_steps": 4 * nets.STEPS, "guidance": GUIDANCE, "pin_noise": nets.PIN, "still": motion_scale.STILL}) + "\n")


def init():
    """Untrained weights of the final shapes. A part that has weights already is left alone."""
    torch.manual_seed(0)
    frame()
    if not (tokens.FOLDER / "vocab.json").exists():
        tokens.make(captions.corpus())
    size = tokens.Tokens().size
    for name, build in (("unet", nets.build_unet), ("motion_adapter", nets.build_motion), ("vae", nets.build_vae),
                        ("text_encoder", lambda: nets.build_text(size))):
        if not (MODEL / name / "config.json").exists():
            net = build()
            nets.save_part(name, net)
            print(f"{name}: {nets.count(net):,} parameters")
