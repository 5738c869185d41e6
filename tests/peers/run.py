"""Speed and memory beside diffusers, in one run, by turns. Outside CI: `make bench-peers`. 15 GB of disk, 12 of memory, an hour.

    python tests/peers/run.py FOLDER [--sizes 256,384] [--kinds bf16,f32] [--rounds 3] [--before BINARY]

FOLDER is filled once, by `tests/full_size/run.py`: networks of Stable Diffusion 1.5's sizes with a v2-type motion module, of random weights. Ours are
read from files of 16 bits, theirs from those of 32. With `--before` another build of the program is measured beside this one. Run it on a machine
that does nothing else; what is shown is the median of the rounds.
"""
import argparse, json, os, pathlib, re, statistics, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/full_size"))
import run as full_size  # noqa: E402

OURS = ROOT / "target/release/beatbolt"
TRACK = ROOT / "examples/first-light.m4a"
STEPS = 4
SPAN = re.compile(r"^(load model|denoise|decode|memory at most) +([\d.]+) (?:s|MB)", re.MULTILINE)


def ours(binary, folder, kind, pixels):
    environment = dict(os.environ, HOME=str(folder), BEATBOLT_MODELS=str(folder / "ComfyUI/models"))
    with tempfile.TemporaryDirectory() as scratch:
        command = [binary, "render", TRACK, "--model", "folder_f16", "--motion", "animatediff_lightning_4step_diffusers", "--steps", STEPS,
                   "--size", f"{pixels}x{pixels}", "--generate", f"{pixels}x{pixels}", "--fps", 12, "--start", 10, "--end", 11.33,
                   "--preset", "tide", "--set", "denoise=1", "--set", "guidance=1", "--precision", kind, "--timings", "-o", f"{scratch}/a.mp4"]
        done = subprocess.run(list(map(str, command)), env=environment, text=True, capture_output=True)
    if done.returncode:
        sys.exit(done.stderr)
    spans = {name: float(value) for name, value in SPAN.findall(done.stdout + done.stderr)}
    return {"load": spans["load model"], "pass": spans["denoise"] / STEPS, "decode": spans["decode"], "memory": spans["memory at most"]}


def theirs(folder, kind, pixels):
    command = [sys.executable, ROOT / "tests/peers/diffusers_times.py", folder / "model", kind, pixels]
    return json.loads(subprocess.run(list(map(str, command)), text=True, capture_output=True, check=True).stdout)


def spark(binary, tier):
    """Seconds of video made in a second by the model that comes with the program."""
    seconds = 8
    with tempfile.TemporaryDirectory() as scratch:
        command = [binary, "render", TRACK, "--preset", "tide", "--set", "denoise=1", "--tier", tier, "--start", 10, "--end", 10 + seconds,
                   "-o", f"{scratch}/a.mp4"]
        begun = time.time()
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
        return seconds / (time.time() - begun)


def small(binary, *words):
    begun = time.time()
    subprocess.run([str(binary), *map(str, words)], check=True, capture_output=True)
    return time.time() - begun


def median(results):
    return {key: statistics.median(result[key] for result in results) for key in results[0]}


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("folder", type=pathlib.Path)
    a.add_argument("--sizes", default="256,384")
    a.add_argument("--kinds", default="bf16,f32")
    a.add_argument("--rounds", type=int, default=3)
    a.add_argument("--before", type=pathlib.Path)
    a.add_argument("--tools", type=pathlib.Path, default=ROOT.parent / "shared/parity")
    o = a.parse_args()
    folder = o.folder.resolve()
    full_size.fill(folder, o.tools.resolve())
    binaries = {"beatbolt": OURS} | ({"before": o.before.resolve()} if o.before else {})
    name = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{time.strftime('%Y-%m-%d')}, {name}, {os.cpu_count()} threads; medians of {o.rounds}; s, MB\n")
    print(f"{'':22}{'pass':>8}{'decode':>8}{'load':>8}{'memory':>8}")
    for pixels in map(int, o.sizes.split(",")):
        for kind in o.kinds.split(","):
            ways = {name: lambda binary=binary: ours(binary, folder, kind, pixels) for name, binary in binaries.items()
                    if name == "beatbolt" or kind == "f32"}
            ways["diffusers"] = lambda: theirs(folder, kind, pixels)
            results = {name: [] for name in ways}
            for _ in range(o.rounds):
                for name, way in ways.items():
                    results[name].append(way())
            for name, result in results.items():
                result = median(result)
                load = f"{result['load']:8.1f}" if "load" in result else f"{'':8}"
                print(f"{pixels} {kind:5}{name:13}{result['pass']:8.2f}{result['decode']:8.1f}{load}{result['memory']:8.0f}", flush=True)
    print(f"\n{'':22}{'draft':>8}{'develop':>8}   seconds of video a second, spark\n{'':22}{'help':>8}{'plan':>8}{'heard':>8}   s: --help, plan, analyze of a track that was heard before")
    for name, binary in binaries.items():
        tiers = [statistics.median(spark(binary, tier) for _ in range(o.rounds)) for tier in ("draft", "develop")]
        print(f"{name:22}" + "".join(f"{value:8.2f}" for value in tiers))
        small(binary, "analyze", TRACK), small(binary, "plan", TRACK)
        words = [("--help",), ("plan", TRACK), ("analyze", TRACK)]
        print(f"{name:22}" + "".join(f"{statistics.median(small(binary, *w) for _ in range(5)):8.3f}" for w in words), flush=True)


main()
