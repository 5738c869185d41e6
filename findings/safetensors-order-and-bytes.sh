#!/usr/bin/env bash
# The same tensors saved twice by safetensors 0.8.0.
# Expected: the file lists the tensors in the order of the dictionary, and the same content gives the same bytes.
# Seen: tensors are written by element size (8 bytes, 4, 2), then by name; keys() gives the alphabet and offset_keys() the file's
# order. With three entries of metadata, 24 savings gave several different files (the entries come in random order): equal
# content, other hash.
# Why it matters: a program that resumes a render, or caches by the model's hash, meets "another model" after a mere save; and
# whoever streams layers in the model's order doesn't read the file from front to back.
# beatbolt hashes files, not tensors (src/digest.rs), so a model that was saved anew begins a render anew.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile safetensors==0.8.0 numpy==2.4.6
cd "$tmp"
venv/bin/python - <<'PY'
import hashlib
import json
import sys

import numpy as np
import safetensors
from safetensors import safe_open
from safetensors.numpy import save_file

tensors = {
    "z": np.zeros(3, "float32"),
    "a": np.zeros(5, "float16"),
    "m": np.zeros(2, "int64"),
    "b": np.zeros(1, "float32"),
}
save_file(tensors, "plain.safetensors")
with open("plain.safetensors", "rb") as file:
    header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
with safe_open("plain.safetensors", "np") as file:
    keys, by_place = list(file.keys()), file.offset_keys()
print("safetensors", safetensors.__version__)
print("dictionary", list(tensors), "file", list(header), "keys()", keys, "offset_keys()", by_place)

hashes = set()
for _ in range(24):
    save_file(tensors, "tagged.safetensors", metadata={"format": "pt", "title": "x", "rank": "4"})
    with open("tagged.safetensors", "rb") as file:
        hashes.add(hashlib.sha256(file.read()).hexdigest())
print("24 savings with metadata:", len(hashes), "different files")

same = list(header) == by_place == ["m", "b", "z", "a"] and keys == ["a", "b", "m", "z"] and len(hashes) > 1
sys.exit(0 if same else "the behaviour has changed")
PY
