"""Writes the weights for the program, and a fixture that holds the program's nets against these.

`python export.py MODEL.safetensors FIXTURE.safetensors DRUMS.pt BEATS.pt [BEATS.pt ...]`: what several nets for beats say is averaged.
"""
import json
import struct
import sys
import numpy as np
import torch
import bands as B
import net as N


DTYPES = {'f': 'F32', 'e': 'F16', 'b': 'I8'}


def write(path, tensors, note):
    """safetensors: the length of the header, the header, the tensors."""
    header, at = {'__metadata__': note}, 0
    arrays = {name: np.ascontiguousarray(a, dtype=a.dtype.newbyteorder('<')) for name, a in tensors.items()}
    for name, a in arrays.items():
        header[name] = {'dtype': DTYPES[a.dtype.char], 'shape': list(a.shape), 'data_offsets': [at, at + a.nbytes]}
        at += a.nbytes
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text)
        for a in arrays.values():
            file.write(a.tobytes())


def rounded(weights):
    """{name: array} as it is shipped, and the tensors that this stands for: 8 bits and a scale a row, 16 bits for the rest."""
    shipped, meant = {}, {}
    for name, value in weights.items():
        if value.ndim == 3:
            scale = (value.abs().amax((1, 2)).clamp(min=1e-6) / 127).half()
            steps = (value / scale.float()[:, None, None]).round().clamp(-127, 127)
            shipped |= {name: steps.numpy().astype(np.int8), f'{name}.scale': scale.numpy()}
            meant[name] = steps * scale.float()[:, None, None]
        else:
            shipped[name], meant[name] = value.half().numpy(), value.half().float()
    return shipped, meant


def trained(path):
    """The net that `train.py` saved, as precise as it is shipped; that; and how it was trained."""
    saved = torch.load(path)
    kept, meant = rounded(saved['weights'])
    return loaded(saved['shape'], meant), kept, f'{saved["steps"]} steps, left out: {saved["left"] or "nothing"}'


@torch.no_grad()
def chances(nets, magnitudes):
    """[all bands, hops] -> [heads, hops], with silence before and after."""
    margin = 1200
    x = torch.from_numpy(np.pad(magnitudes, ((0, 0), (margin, margin + magnitudes.shape[1] % 2))))[None]
    odds = torch.stack([net(x) for net in nets]).mean(0)
    return torch.sigmoid(odds)[0, :, margin:margin + magnitudes.shape[1]].numpy()


def shipped(path):
    """The nets of a file that `export.py` wrote: those for beats, and the one for drums."""
    with open(path, 'rb') as file:
        size, = struct.unpack('<Q', file.read(8))
        header, data = json.loads(file.read(size)), file.read()
    kinds = {name: np.dtype(code).newbyteorder('<') for code, name in DTYPES.items()}
    tensors = {}
    for name, entry in header.items():
        if name != '__metadata__':
            begin, end = entry['data_offsets']
            array = np.frombuffer(data[begin:end], kinds[entry['dtype']]).reshape(entry['shape'])
            tensors[name] = torch.from_numpy(array.astype(np.float32))
    nets = {}
    for name, value in tensors.items():
        net = 'drums' if name.startswith('drums.') else '.'.join(name.split('.')[:2])
        if not name.endswith('.scale'):
            scale = tensors.get(f'{name}.scale')
            meant = value if scale is None else value * scale[:, None, None]
            nets.setdefault(net, {})[name[len(net) + 1:]] = meant
    beats = [loaded('beats', nets[name]) for name in sorted(nets) if name != 'drums']
    return beats, loaded('drums', nets['drums'])


def loaded(shape, weights):
    model = N.Ears(shape)
    model.load_state_dict(weights)
    return model.eval()


def write_fixture(path, beats, drums):
    """Bursts over noise, so that every cue and every layer matters, 16 bits a value, as the program keeps them; and what the nets say."""
    rng = np.random.default_rng(5)
    count, hops = B.BANDS + B.LOW_BANDS, 301
    m = rng.uniform(0, 0.003, (count, hops)) * np.linspace(2, 0.3, count)[:, None]
    m[:, 20::47] += rng.uniform(0, 0.1, (count, len(range(20, hops, 47))))
    m[10:30, 100:200] += 0.02
    bits = (m.astype(np.float32).view(np.uint32) + 0x8000) & 0xffff0000
    m = bits.view(np.float32)
    heard = np.concatenate([chances(nets, m) for nets in (beats, [drums])])
    write(path, {'magnitudes': m[:B.BANDS].T, 'low': m[B.BANDS:].T, 'chances': heard}, {})


if __name__ == '__main__':
    drums, *beats = [trained(path) for path in sys.argv[3:]]
    weights, notes = {}, {}
    for name, (_, kept, note) in [*((f'beats.{i}', net) for i, net in enumerate(beats)), ('drums', drums)]:
        notes[name] = note
        weights |= {f'{name}.{part}': value for part, value in kept.items()}
    write(sys.argv[1], weights, notes)
    write_fixture(sys.argv[2], [net for net, *_ in beats], drums[0])
