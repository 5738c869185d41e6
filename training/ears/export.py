"""Writes the weights for the program, and a fixture that holds the program's nets against these.

`python export.py BEATS.pt DRUMS.pt MODEL.safetensors [FIXTURE.safetensors]`
"""
import json
import struct
import sys
import numpy as np
import torch
import bands as B
import net as N


def write(path, tensors, note):
    """safetensors: the length of the header, the header, the tensors."""
    header, at = {'__metadata__': note}, 0
    arrays = {name: np.ascontiguousarray(a, dtype=a.dtype.newbyteorder('<')) for name, a in tensors.items()}
    for name, a in arrays.items():
        header[name] = {'dtype': f'F{8 * a.itemsize}', 'shape': list(a.shape), 'data_offsets': [at, at + a.nbytes]}
        at += a.nbytes
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text)
        for a in arrays.values():
            file.write(a.tobytes())


def trained(path):
    """The net that `train.py` saved, as precise as it is shipped."""
    saved = torch.load(path)
    model = N.Ears(saved['shape'])
    model.load_state_dict({name: value.half().float() for name, value in saved['weights'].items()})
    return model.eval(), f'{saved["steps"]} steps, left out: {saved["left"] or "nothing"}'


@torch.no_grad()
def chances(model, magnitudes):
    """[all bands, hops] -> [heads, hops], with silence before and after."""
    margin = 1200
    x = torch.from_numpy(np.pad(magnitudes, ((0, 0), (margin, margin + magnitudes.shape[1] % 2))))[None]
    return torch.sigmoid(model(x))[0, :, margin:margin + magnitudes.shape[1]].numpy()


if __name__ == '__main__':
    nets, weights, notes = [], {}, {}
    for path in sys.argv[1:3]:
        model, note = trained(path)
        nets.append(model)
        notes[model.shape] = note
        weights |= {f'{model.shape}.{name}': value.half().numpy() for name, value in model.state_dict().items()}
    write(sys.argv[3], weights, notes)
    if len(sys.argv) > 4:
        # Bursts over noise, so that every cue and every layer matters; 16 bits a value, as the program keeps them.
        rng = np.random.default_rng(5)
        hops = 301
        count = B.BANDS + B.LOW_BANDS
        m = rng.uniform(0, 0.003, (count, hops)) * np.linspace(2, 0.3, count)[:, None]
        m[:, 20::47] += rng.uniform(0, 0.1, (count, len(range(20, hops, 47))))
        m[10:30, 100:200] += 0.02
        bits = (m.astype(np.float32).view(np.uint32) + 0x8000) & 0xffff0000
        m = bits.view(np.float32)
        whole, low = m[:B.BANDS].T, m[B.BANDS:].T
        write(sys.argv[4], {'magnitudes': whole, 'low': low, 'chances': np.concatenate([chances(net, m) for net in nets])}, {})
