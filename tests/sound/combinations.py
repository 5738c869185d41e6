"""Two hundred files made by chance, held against FFmpeg: is what is heard what is played, and what is copied?

    BEATBOLT=target/release/beatbolt python3 tests/sound/combinations.py [COUNT] [FIRST]

needs numpy, ffmpeg and ffprobe. File number n is always the same; a number alone (`1 17`) makes that file again. Codecs,
containers, rates, channels, encoders' delays, joins, damage and cuts are combined. Of every file are compared, with what
FFmpeg decodes, each frame where its timestamp says: the length that is heard, the first and the last strike, and the same
of a video's sound beside its first picture. They have to agree to 12 ms, or a note has to say what differs.

Not part of the tests that every change runs: it takes some ten minutes.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import wave
from collections import Counter
from pathlib import Path

import numpy as np

BEATBOLT = os.environ.get("BEATBOLT", "beatbolt")
NEAR = 0.012
# Containers and what goes into them: ending, encoder and its options, whether parts can be joined byte by byte.
KINDS = [
    ("mp3", ["-c:a", "libmp3lame", "-b:a", "128k"], True),
    ("mp3", ["-c:a", "libmp3lame", "-q:a", "3"], True),
    ("mp3", ["-c:a", "libmp3lame", "-q:a", "5", "-write_xing", "0"], True),
    ("mp3", ["-c:a", "libmp3lame", "-b:a", "96k", "-reservoir", "0", "-id3v2_version", "3"], True),
    ("mp2", ["-c:a", "mp2", "-b:a", "192k"], True),
    ("ogg", ["-c:a", "libvorbis", "-q:a", "3"], True),
    ("ogg", ["-c:a", "libvorbis", "-q:a", "6", "-page_duration", "100000"], True),
    ("opus", ["-c:a", "libopus", "-b:a", "96k"], True),
    ("opus", ["-c:a", "libopus", "-b:a", "64k", "-frame_duration", "60"], True),
    ("oga", ["-c:a", "flac"], True),
    ("flac", ["-c:a", "flac"], False),
    ("wav", ["-c:a", "pcm_s16le"], False),
    ("wav", ["-c:a", "pcm_s24le"], False),
    ("wav", ["-c:a", "adpcm_ima_wav"], False),
    ("aiff", ["-c:a", "pcm_s16be"], False),
    ("caf", ["-c:a", "pcm_s16be"], False),
    ("au", ["-c:a", "pcm_s16be"], False),
    ("m4a", ["-c:a", "aac", "-b:a", "128k"], False),
    ("m4a", ["-c:a", "aac", "-movflags", "+faststart"], False),
    ("m4a", ["-c:a", "alac"], False),
    ("mp4", ["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "500000"], False),
    ("mp4", ["-c:a", "libmp3lame"], False),
    ("mp4", ["-c:a", "libopus"], False),
    ("mov", ["-c:a", "pcm_s16le"], False),
    ("aac", ["-c:a", "aac", "-b:a", "128k"], True),
    ("ac3", ["-c:a", "ac3", "-b:a", "192k"], True),
    ("eac3", ["-c:a", "eac3", "-b:a", "192k"], True),
    ("mkv", ["-c:a", "aac"], False),
    ("mkv", ["-c:a", "libmp3lame"], False),
    ("mkv", ["-c:a", "flac"], False),
    ("mka", ["-c:a", "libvorbis"], False),
    ("webm", ["-c:a", "libopus"], False),
    ("webm", ["-c:a", "libvorbis"], False),
    ("ts", ["-c:a", "aac", "-f", "mpegts"], True),
    ("ts", ["-c:a", "mp2", "-f", "mpegts"], True),
    ("wma", ["-c:a", "wmav2", "-b:a", "128k"], False),
    ("wv", ["-c:a", "wavpack"], False),
    ("tta", ["-c:a", "tta"], False),
    ("avi", ["-c:a", "libmp3lame"], False),
    ("avi", ["-c:a", "pcm_s16le"], False),
    ("flv", ["-c:a", "aac"], False),
]
RATES = {"libopus": [48000], "adpcm_ima_wav": [44100], "ac3": [44100, 48000], "eac3": [48000], "wmav2": [44100], "libmp3lame": [44100, 48000, 32000, 22050]}
DAMAGES = ["none"] * 8 + ["ones", "zeros", "noise", "cut out", "cut off", "cut off", "doubled", "junk before", "junk behind", "counts wrongly"]


def ffmpeg(*args):
    done = subprocess.run(["ffmpeg", "-v", "error", "-y", "-nostdin", *map(str, args)], capture_output=True, timeout=120)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace").strip()[-200:])


def strike(rate):
    t = np.arange(int(0.08 * rate)) / rate
    return 0.8 * np.sin(2 * np.pi * 1500 * t) * np.exp(-40 * t)


def track(rng, rate, seconds):
    """A soft chord with strikes, one a second or so, none near the ends."""
    t = np.arange(int(seconds * rate)) / rate
    sound = sum(0.02 * np.sin(2 * np.pi * hz * t) for hz in rng.choice([220, 277, 330, 392, 440, 523], 3, replace=False))
    at = 0.4 + 0.2 * rng.random()
    while at < seconds - 0.5:
        place = int(at * rate)
        sound[place:place + len(strike(rate))] += strike(rate)
        at += 0.8 + 0.4 * rng.random()
    return sound


def write_wav(path, samples, rate, channels):
    gains = np.linspace(1.0, 0.6, channels)
    data = np.clip(samples[:, None] * gains, -1, 1)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((data * 32767).astype("<i2").tobytes())


def damaged(rng, kind, data):
    data, size = bytearray(data), len(data)
    # The head stays: without it most formats are nothing at all.
    spots = sorted(int(size * s) for s in rng.uniform(0.25, 0.85, rng.integers(1, 5)))
    length = int(rng.integers(50, 3000))
    if kind in ("ones", "zeros", "noise"):
        for at in spots:
            n = len(data[at:at + length])
            data[at:at + length] = {"ones": b"\xff" * n, "zeros": bytes(n), "noise": rng.bytes(n)}[kind]
    elif kind == "cut out":
        for at in reversed(spots):
            del data[at:at + length]
    elif kind == "doubled":
        at = spots[0]
        data[at:at] = data[at:at + length]
    elif kind == "cut off":
        del data[int(size * rng.uniform(0.4, 0.95)):]
    elif kind == "junk before":
        data[0:0] = b"ID3\x04\0\0\0\0\x07\x76" + bytes(7 * 128 + 0x76)
    elif kind == "junk behind":
        data += b"TAG" + rng.bytes(125)
    elif kind == "counts wrongly":
        at = max(data.find(b"Xing"), data.find(b"Info"))
        if at >= 0:
            data[at + 8:at + 12] = int(rng.integers(0, 2000)).to_bytes(4, "big")
    return bytes(data)


def make(folder, number):
    """A file, and in words what it is."""
    rng = np.random.default_rng(number)
    ending, codec, joinable = KINDS[rng.integers(len(KINDS))]
    name = codec[1]
    rate = int(rng.choice(RATES.get(name, [44100, 48000, 32000])))
    channels = int(rng.choice([1, 2]))
    parts = int(rng.choice([1, 1, 2, 3])) if joinable else 1
    damage = str(rng.choice(DAMAGES))
    varied = parts > 1 and rng.random() < 0.25
    said = []
    for i in range(parts):
        if varied and i:
            channels = 3 - channels
        wav, path = folder / "part.wav", folder / f"part{i}.{ending}"
        write_wav(wav, track(rng, rate, float(rng.uniform(3, 7)) / parts + 1.5), rate, channels)
        ffmpeg("-i", wav, *codec, path)
        said.append(path.read_bytes())
    path = folder / f"track.{ending}"
    path.write_bytes(damaged(rng, damage, b"".join(said)))
    words = f"{ending} {name} {rate} {'mono' if channels == 1 else 'stereo'}"
    return path, words + (f" x{parts}" if parts > 1 else "") + (", varied" if varied else ""), damage


def frames_of(path, stream="a:0"):
    """(time, samples, rate) of every frame that FFmpeg decodes; time may be None."""
    args = ["-select_streams", stream, "-show_entries", "frame=pts_time,nb_samples,sample_rate,channels", "-of", "json"]
    out = subprocess.run(["ffprobe", "-v", "quiet", *args, str(path)], capture_output=True, timeout=120).stdout
    frames = json.loads(out or b"{}").get("frames", [])
    return [(float(f["pts_time"]) if f.get("pts_time", "N/A") != "N/A" else None, int(f["nb_samples"])) for f in frames]


def form_of(path):
    """Sample rate, and the length that MP4 and its like state: what is decoded beyond is an encoder's padding."""
    args = ["-select_streams", "a:0", "-show_entries", "stream=sample_rate,duration:format=format_name", "-of", "json"]
    told = json.loads(subprocess.run(["ffprobe", "-v", "quiet", *args, str(path)], capture_output=True, timeout=60).stdout or b"{}")
    stream = told.get("streams", [])[0]
    exact = "mp4" in told["format"]["format_name"] and float(stream.get("duration", 0))
    return int(stream["sample_rate"]), exact or None


def placed(path):
    """What FFmpeg decodes as one channel at the stream's rate, every frame where its timestamp says; and when it begins.

    Where timestamps start again (files that were joined) the next part follows. Frames of another rate than the stream's
    have no timestamps to go by; FFmpeg's own program then decides."""
    rate, length = form_of(path)
    args = ["-v", "quiet", "-nostdin", "-i", str(path), "-map", "0:a:0", "-ac", "1", "-ar", str(rate), "-f", "f32le", "-"]
    plain = np.frombuffer(subprocess.run(["ffmpeg", *args], capture_output=True, timeout=120).stdout, "<f4")
    frames = frames_of(path)
    if abs(sum(n for _, n in frames) - len(plain)) > 0.002 * rate * (1 + len(frames) / 50) or not frames:
        return plain, rate, frames[0][0] or 0.0 if frames else 0.0
    begin = frames[0][0] or 0.0
    out, at, shift, due = np.zeros(len(plain) + 12 * rate, "f4"), 0, 0.0, 0.0
    pieces = []
    for time, count in frames:
        place = due if time is None else time - begin + shift
        if place < due - 0.1 or place > due + 10:
            shift += due - place
            place = due
        pieces.append((place, plain[at:at + count]))
        at, due = at + count, place + count / rate
    # Single timestamps that are off (Vorbis where blocks change) are no gaps: two in a row have to agree.
    end = 0
    for i, (place, sound) in enumerate(pieces):
        off = place * rate - end
        last = i + 1 == len(pieces)
        following = off if last else pieces[i + 1][0] * rate - (end + len(sound))
        agree = off * following > 0 and min(abs(off), abs(following)) > 0.004 * rate
        if agree and (not last or abs(off) > 0.05 * rate):
            off = off if abs(off) < abs(following) else following
            if off < 0:
                sound = sound[int(min(-off, len(sound))):]
            else:
                end += int(round(off))
        if end + len(sound) > len(out):
            break
        out[end:end + len(sound)] = sound
        end += len(sound)
    if length and 0 < end - length * rate < 4096:
        end = int(round(length * rate))
    return out[:end], rate, begin


def rises(samples, rate):
    samples = np.clip(samples, -1, 1)  # what a damaged packet decodes to may be 25 times as loud as anything else
    level = np.flatnonzero(np.abs(samples) > 0.25 * max(np.max(np.abs(samples), initial=0), 1e-9)) / rate
    times = []
    for t in level:
        if not times or t - times[-1] > 0.3:
            times.append(float(t))
    return times


def beatbolt(folder, *args):
    around = dict(os.environ, XDG_CACHE_HOME=str(folder / "cache"))
    done = subprocess.run([BEATBOLT, *map(str, args)], capture_output=True, cwd=folder, timeout=300, env=around)
    return done.returncode, done.stderr.decode(errors="replace")


def heard(folder, path):
    """The samples that the analysis was made of, as one channel, and the notes. Clicks are kept to the very start."""
    beats = folder / "beats.txt"
    beats.write_text("0.0\n0.01\n0.02\n0.03\n0.04\n")
    out = folder / "heard.wav"
    status, said = beatbolt(folder, "analyze", path, "--clicks", out, "--beats-file", beats)
    notes = [l for l in said.splitlines() if l.startswith("note:")]
    if status:
        return None, 0, [l for l in said.splitlines() if l.startswith("error")] or [said[-200:]]
    with wave.open(str(out), "rb") as sound:
        rate, channels = sound.getframerate(), sound.getnchannels()
        data = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").reshape(-1, channels)
    samples = data.mean(1) / 32767 / 0.6
    samples[:int(0.1 * rate)] = 0
    return samples, rate, notes


def copied(folder, path, ending):
    """The sound of a video, as `placed` has it, beside its first picture."""
    video = folder / f"video.{ending}"
    status, said = beatbolt(folder, "render", path, "--tier", "draft", "--size", "96x64", "--fps", "1", "--steps", "1", "-o", video, "--overwrite", "--fresh")
    if status:
        return None, said.strip().splitlines()[0][:150]
    samples, rate, begin = placed(video)
    out = subprocess.run(["ffprobe", "-v", "quiet", "-select_streams", "v:0", "-show_entries", "frame=pts_time", "-read_intervals", "%+#3", "-of", "csv=p=0", str(video)], capture_output=True).stdout.decode()
    zero = float(re.findall(r"[\d.]+", out)[0])
    return (samples, rate, begin - zero), [l for l in said.splitlines() if l.startswith("note:")]


def far(a, b):
    """Largest distance of first and last strike; infinite if one has none and the other some."""
    if not a or not b:
        return 0.0 if not a and not b else float("inf")
    return max(abs(a[0] - b[0]), abs(a[-1] - b[-1]))


def one(number, folder):
    """(what the file is, damage, verdicts by name, notes)"""
    path, words, damage = make(folder, number)
    try:
        there, rate, _ = placed(path)
    except IndexError:
        there, rate = np.zeros(0), 44100
    samples, own_rate, notes = heard(folder, path)
    if samples is None:
        # FFmpeg's program has nothing either, or we have missed something.
        return words, damage, {"heard": "nothing to hear" if len(there) < 0.2 * rate else "MISSED"}, notes
    theirs = there.copy()
    theirs[:int(0.1 * rate)] = 0
    ours, reference = rises(samples, own_rate), rises(theirs, rate)
    verdicts = {
        "length": abs(len(samples) / own_rate - len(there) / rate),
        "strikes": far(ours, reference),
    }
    rng = np.random.default_rng(number + 10_000)
    ending = str(rng.choice(["mp4", "mkv", "mov"]))
    video, more = copied(folder, path, ending)
    if video is None:
        return words, damage, {**verdicts, "copy": f"REFUSED {more}"}, notes
    sound, video_rate, begin = video
    sound = np.concatenate([sound])
    skip = int(max(0.1 - begin, 0) * video_rate)
    sound[:skip] = 0
    strikes = [t + begin for t in rises(sound, video_rate)]
    verdicts[f"strikes in {ending}"] = far(strikes, ours)
    verdicts[f"length in {ending}"] = abs(begin + len(sound) / video_rate - len(samples) / own_rate)
    return words, damage, verdicts, notes + more


def main():
    count, first = (int(sys.argv[1]) if len(sys.argv) > 1 else 200), (int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    tally, worst, bad = Counter(), Counter(), 0
    for number in range(first, first + count):
        folder = Path(tempfile.mkdtemp(prefix="beatbolt-combination-"))
        try:
            words, damage, verdicts, notes = one(number, folder)
        except Exception as why:
            print(f"{number}: could not be made: {type(why).__name__}: {why}")
            tally["could not be made"] += 1
            continue
        finally:
            if not os.environ.get("KEEP"):
                shutil.rmtree(folder, ignore_errors=True)
        wrong = {k: v for k, v in verdicts.items() if isinstance(v, str) and v != "nothing to hear" or not isinstance(v, str) and v > NEAR}
        told = any("length" not in k and "copy" not in k for k in wrong)
        state = "agrees" if not wrong else "told" if notes and not told else "WRONG"
        tally["nothing to hear" if "heard" in verdicts and not wrong else state] += 1
        for key, value in verdicts.items():
            if not isinstance(value, str) and value <= 1e9:
                key = key.split(" in ")[0] + (" in the video" if " in " in key else "")
                worst[key] = max(worst[key], value) if not wrong else worst[key]
        if wrong or os.environ.get("ALL"):
            bad += state == "WRONG"
            shown = {k: v if isinstance(v, str) else f"{1000 * v:.1f} ms" for k, v in (wrong or verdicts).items()}
            print(f"{number}: {words}; {damage}: {state}: {shown} {notes}", flush=True)
    print(dict(tally))
    print("largest differences of those that agree:", {k: f"{1000 * v:.1f} ms" for k, v in worst.items()})
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
