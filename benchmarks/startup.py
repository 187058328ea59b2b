"""What the commands that look take on a small store, over bare Python.

Every command is a program of its own, as a person starts it, with all plugins that are installed;
they take turns with a Python that does nothing. Told are the medians by the clock and of the
processor, and how much that is over bare Python.

    python benchmarks/startup.py [RUNS] [--json FILE]

Beside other work `chrt -f 5` in front of it keeps the programs from waiting for their turn.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _measure import asking, keep, machine
from growth import EACH, given

from evalflow.testing.office import PLAN_ID

PROJECT = f"{PLAN_ID}/1"
GOALS = {"status": 150, "due": 200, "explain": 200, "--help": 100}
"""Milliseconds over bare Python by the clock, on idle cores."""


def main(runs: int, kept: str | None) -> None:
    about = machine()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "office.db"
        given(store, 2 * EACH)
        evalflow = [sys.executable, "-m", "evalflow.cli", "--store", str(store)]
        ways = {
            "bare": [sys.executable, "-c", "pass"],
            "--help": [sys.executable, "-m", "evalflow.cli", "--help"],
            "status": [*evalflow, "status"],
            "due": [*evalflow, "due"],
            "explain": [*evalflow, "explain", PROJECT, "submit", "--as", "bureau0-lead"],
            "permitted": [*evalflow, "permitted", PROJECT, "--as", "bureau0-lead"],
        }
        clock: dict[str, list[float]] = {name: [] for name in ways}
        processor: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(runs + 1):  # the first one fills caches, and does not count
            for name, words in ways.items():
                took = _took(words)
                if turn:
                    clock[name].append(took[0])
                    processor[name].append(took[1])
    figures = {f"{name}, ms": statistics.median(each) for name, each in clock.items()}
    figures |= {f"{name}, processor ms": statistics.median(e) for name, e in processor.items()}
    print(f"medians of {runs} runs each, in turn; load {about['load']}")
    for name in ways:
        wall, busy = figures[f"{name}, ms"], figures[f"{name}, processor ms"]
        over = (
            f"+{wall - figures['bare, ms']:4.0f}",
            f"+{busy - figures['bare, processor ms']:4.0f}",
        )
        goal = f"  goal +{GOALS[name]}" if name in GOALS else ""
        print(f"{name:<10}{wall:7.0f} ms  {over[0]}  processor {over[1]}{goal}")
    keep(kept, about, figures)


def _took(words: list[str]) -> tuple[float, float]:
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled once
    nowhere = subprocess.DEVNULL
    before, began = _busy(), time.perf_counter()
    subprocess.run(words, stdout=nowhere, stderr=nowhere, env=environment, check=False)
    ended = time.perf_counter()
    return (ended - began) * 1000, (_busy() - before) * 1000


def _busy() -> float:
    """Seconds of processor that the programs which have ended took, to the microsecond."""
    taken = resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken.ru_utime + taken.ru_stime


if __name__ == "__main__":
    reading = asking(__doc__)
    reading.add_argument("runs", nargs="?", type=int, default=15)
    given_ = reading.parse_args()
    main(given_.runs, given_.json)
