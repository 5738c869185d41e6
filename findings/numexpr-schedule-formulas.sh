#!/usr/bin/env bash
# Formulas of schedules as Deforum evaluates them: numexpr 2.14.2 with t, the frame, as a whole number.
# Expected: what Python's numbers would give.
# Seen: `2**-t` is 0 in every frame after the first (whole powers), `2.0**-t` decays; `(t>10)+(t>20)` never exceeds 1, as + of two
# comparisons is "or"; `t**-1` and `max(t,0)` raise (max takes an axis, not a second number), `maximum(t,0)` clamps; `10<t<20` and
# `pi` raise; but `1/2*t` is a division of reals and `-7%3` is 2, as in Python.
# Why it matters: a decay on the beat written as 2**-t switches a zoom or a strength off without an error.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv --without-pip "$tmp/venv"
python3 -m pip --python "$tmp/venv/bin/python" install -q --no-compile numexpr==2.14.2 numpy==2.4.6
cd "$tmp"
venv/bin/python - <<'PY'
import sys

import numexpr

expected = {
    "2**-t": 0,
    "2.0**-t": 2.0**-25,
    "(t>10)+(t>20)": 1,
    "(t>10)*1+(t>20)*1": 2,
    "where(t>10,1,0)+where(t>20,1,0)": 2,
    "1/2*t": 12.5,
    "-7%3": 2,
    "maximum(t,30)": 30,
    "max(t,0)": "ValueError",
    "t**-1": "ValueError",
    "10<t<20": "TypeError",
    "pi*t": "KeyError",
}
print("numexpr", numexpr.__version__, "t = 25")
changed = []
for formula, value in expected.items():
    try:
        got = float(numexpr.evaluate(formula, {"t": 25}))
    except Exception as error:
        got = type(error).__name__
    print(f"{formula:34} {got}")
    if got != value:
        changed.append(formula)
sys.exit(f"the behaviour has changed: {changed}" if changed else 0)
PY
