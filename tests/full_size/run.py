"""Full-size models as people have them on disk, compared with each other and with diffusers. Outside CI: 15 GB of disk, 12 of memory, half an hour.

    python tests/full_size/run.py FOLDER [PARITY_TOOLS]

FOLDER is filled once: a pipeline of Stable Diffusion 1.5's sizes with a v2-type motion module, of random weights, what diffusers computes with
it (16 frames at 256x256, 4 steps, guidance 1), and the same weights in every form below in a made-up ComfyUI folder. PARITY_TOOLS is where
`make_reference.py` and `to_single_file.py` are. `cargo build --release --example parity` comes first.
"""
import json, os, pathlib, re, subprocess, sys
import torch
from safetensors.torch import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
HALF_BOUND = 2e-3  # |pictures of 16-bit files - diffusers' at 32 bits| / |diffusers'|
FULL_BOUND = 1e-4

FORMS = [  # name of the model, name of the motion module, bits of the files
    ("folder_f16", "animatediff_lightning_4step_diffusers", 16),
    ("single_f16", "animatediff_lightning_4step_comfyui", 16),
    ("pickled_f16", "animatediff_lightning_4step_comfyui", 16),
    ("single_f32", "animatediff_lightning_4step_f32_comfyui", 32),
]


# A checkpoint in one file doesn't say how many heads its text encoder has: everybody takes CLIP's 12. So has the reference.
REFERENCE = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import make_reference as reference
plain = reference.CLIPTextConfig
reference.CLIPTextConfig = lambda **sizes: plain(**{**sizes, "num_attention_heads": sizes["hidden_size"] // 64})
reference.main()
"""


def halves(tensors):
    return {name: tensor.half().contiguous() for name, tensor in tensors.items()}


def fill(folder, tools):
    model, models = folder / "model", folder / "ComfyUI/models"
    if not (folder / "case.safetensors").exists():
        settings = "--size sd15 --mid --frames 16 --height 256 --width 256".split()
        subprocess.run([sys.executable, "-c", REFERENCE, tools, folder, *settings], check=True)
    checkpoints, motion = models / "checkpoints", models / "animatediff_models"
    checkpoints.mkdir(parents=True, exist_ok=True), motion.mkdir(exist_ok=True)
    full = checkpoints / "single_f32.safetensors", motion / "animatediff_lightning_4step_f32_comfyui.safetensors"
    if not full[1].exists():
        sys.path.insert(0, str(tools))
        import to_single_file as layouts
        save_file({name: tensor.contiguous() for name, tensor in layouts.single_file(model).items()}, full[0])
        # Both attentions of a block have one table of positions there: cloned, as files hold no tensor twice.
        save_file({name: tensor.clone() for name, tensor in layouts.motion(model, 32).items()}, full[1])
    if not (motion / "animatediff_lightning_4step_diffusers.safetensors").exists():
        single = halves(load_file(full[0]))
        torch.save({"state_dict": single, "global_step": 1}, checkpoints / "pickled_f16.ckpt")
        save_file(single, checkpoints / "single_f16.safetensors")
        save_file(halves(load_file(full[1])), motion / "animatediff_lightning_4step_comfyui.safetensors")
        adapter = load_file(model / "motion_adapter/diffusion_pytorch_model.safetensors")
        save_file(halves(adapter), motion / "animatediff_lightning_4step_diffusers.safetensors")
    for part in ("unet", "vae", "text_encoder", "scheduler"):
        target = models / "diffusers/folder_f16" / part
        target.mkdir(parents=True, exist_ok=True)
        for file in (model / part).iterdir():
            if file.suffix != ".safetensors":
                (target / file.name).write_bytes(file.read_bytes())
            elif not (target / file.name).exists():
                save_file(halves(load_file(file)), target / file.name)
    index = json.loads((model / "model_index.json").read_text())
    (models / "diffusers/folder_f16/model_index.json").write_text(json.dumps(index))


def run(folder, model, motion):
    environment = dict(os.environ, HOME=str(folder), BEATBOLT_MODELS=str(folder / "ComfyUI/models"))
    command = [ROOT / "target/release/examples/parity", folder, "--json", f"--model={model}", f"--motion={motion}"]
    done = subprocess.run(command, env=environment, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"{model} with {motion}: {done.stderr}")
    said = {name: re.search(pattern, done.stderr).group(1) for name, pattern in
            (("loaded", r"loaded in ([\d.]+) s"), ("pictures", r"frames (\w+)"), ("memory", r"at most (\d+) MB"))}
    return json.loads(done.stdout), said


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    fill(folder, pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT.parent / "shared/parity").resolve())
    wrong, pictures = [], {16: set(), 32: set()}
    for model, motion, bits in FORMS:
        errors, said = run(folder, model, motion)
        pictures[bits].add(said["pictures"])
        bound = HALF_BOUND if bits == 16 else FULL_BOUND
        worst = max(errors, key=errors.get)
        print(f"{model:12} {motion:42} loaded {said['loaded']:>4} s, at most {said['memory']} MB; latents {errors['latents.3']:.1e}, "
              f"pictures {errors['frames']:.1e}, worst {worst} {errors[worst]:.1e}; {said['pictures'][:12]}", flush=True)
        wrong += [f"{model}: {name} {error:.1e}" for name, error in errors.items() if error > bound]
    if len(pictures[16]) > 1:
        wrong.append("files of the same type make other pictures")
    sys.exit("wrong: " + "; ".join(wrong) if wrong else 0)


if __name__ == "__main__":
    main()
