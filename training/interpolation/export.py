"""Writes the weights for the program, in half precision: `python export.py NET.pt ../../models/interpolation/net.safetensors`."""
import pathlib
import sys

import torch
from safetensors.torch import save_file

if __name__ == "__main__":
    saved = torch.load(sys.argv[1])
    weights = {name: value.half().contiguous() for name, value in saved["weights"].items()}
    pathlib.Path(sys.argv[2]).parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, sys.argv[2], metadata={"trained": f"{saved['steps']} steps on {saved['clips']} clips"})
