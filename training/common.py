"""What the stages share: the run's clock, learning rate, log and record of steps."""
import json
import math
import signal
import time

from nets import MODEL


class Mean:
    """A running mean of a loss, over about fifty steps."""

    def __init__(self):
        self.value = None

    def add(self, loss):
        self.value = loss.item() if self.value is None else 0.98 * self.value + 0.02 * loss.item()


class Run:
    """One stage's run. Its length is wall-clock minutes: the learning rate warms up and then falls to the deadline.

    A SIGTERM ends it early, with everything saved.
    """

    def __init__(self, stage, minutes, rate, warm=100, floor=0.03):
        self.stage, self.rate, self.floor = stage, rate, floor
        self.start, self.length = time.time(), minutes * 60
        self.step = 0
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "length", 1e-9))
        self.path = MODEL / "training.json"
        old = self.record().get(stage, {})
        self.past = (old.get("steps", 0), old.get("seconds", 0))
        self.warm = 20 if self.past[0] else warm

    def record(self):
        """What training.json says of all stages."""
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    @property
    def seed(self):
        """A seed that a resumed run does not share with the runs before it."""
        return 1000 * len(self.stage) + self.past[0]

    def part(self):
        return (time.time() - self.start) / self.length

    def going(self):
        return self.part() < 1

    def tick(self, optimiser):
        """Set the learning rate for this step and count it."""
        self.step += 1
        half = 0.5 + 0.5 * math.cos(math.pi * min(1, self.part()))
        rate = self.rate * min(1, self.step / self.warm) * (self.floor + (1 - self.floor) * half)
        for g in optimiser.param_groups:
            g["lr"] = rate * g.get("factor", 1.0)

    def log(self, **values):
        words = " ".join(f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items())
        print(f"{self.stage} {self.past[0] + self.step} {time.time() - self.start:.0f}s {words}", flush=True)

    def save(self, **values):
        """Write the stage's step count, seconds and figures to training.json."""
        record = self.record()  # read again: other stages may have written meanwhile
        record[self.stage] = {"steps": self.past[0] + self.step,
                                   "seconds": round(self.past[1] + time.time() - self.start), **values}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(record, indent=2) + "\n")
