"""Many who fire at once into one SQLite store: programs, and threads of one program.

Each fires on projects of its own, durably, as fast as it can, for some seconds. Told are the
firings a second of all together, and the slowest one: eight programs should do no less than two,
four threads no less than one. One ratio each of medians of the rounds, which take turns.

    python benchmarks/writers.py [SECONDS] [ROUNDS] [--place FOLDER] [--json FILE]
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import threading
import time
from itertools import cycle
from pathlib import Path
from typing import Any

from _measure import asking, keep, load, machine
from _office import DATA, Clock, opened

import evalflow

EACH = 40  # projects of one writer, so that no evaluation grows long
PROGRAMS, THREADS = (1, 2, 8), (1, 4)


def fires(engine: evalflow.Engine, number: int, until: float) -> list[float]:
    """Fire until a moment of the monotonic clock; return what each firing took."""
    by = engine.actor("bench", "department-1")
    projects = cycle(range(number * EACH + 1, (number + 1) * EACH + 1))
    taken = []
    while (start := time.monotonic()) < until:
        engine.fire(f"bench/{next(projects)}", "amend", by=by, data=DATA)
        taken.append(time.monotonic() - start)
    return taken


def program(url: str, number: int, seconds: float, ready: Any, answers: Any) -> None:
    clock = Clock()
    clock.moment = clock.moment.replace(hour=1)
    with evalflow.open(url, plugins=[], clock=clock) as engine:
        fires(engine, number, time.monotonic() + 0.2)  # definitions are read
        ready.wait()
        begun = time.process_time()
        taken = fires(engine, number, time.monotonic() + seconds)
        answers.put((taken, time.process_time() - begun))


def programs(url: str, count: int, seconds: float) -> tuple[float, float, float]:
    """Return firings a second, the slowest in ms, and the processor's µs a firing."""
    context = multiprocessing.get_context("spawn")
    ready, answers = context.Barrier(count), context.Queue()
    running = [
        context.Process(target=program, args=(url, number, seconds, ready, answers))
        for number in range(count)
    ]
    for each in running:
        each.start()
    told = [answers.get(timeout=600) for _ in running]
    for each in running:
        each.join()
    return _figures([taken for taken, _ in told], seconds, sum(busy for _, busy in told))


def threads(url: str, count: int, seconds: float) -> tuple[float, float, float]:
    """Return the same of threads of this program, which share an engine."""
    told: list[list[float]] = []
    clock = Clock()
    clock.moment = clock.moment.replace(hour=1)
    with evalflow.open(url, plugins=[], clock=clock) as engine:
        for number in range(count):
            fires(engine, number, time.monotonic() + 0.1)
        begun, until = time.process_time(), time.monotonic() + seconds
        running = [
            threading.Thread(target=lambda number=number: told.append(fires(engine, number, until)))
            for number in range(count)
        ]
        for each in running:
            each.start()
        for each in running:
            each.join()
        busy = time.process_time() - begun
    return _figures(told, seconds, busy)


def _figures(told: list[list[float]], seconds: float, busy: float) -> tuple[float, float, float]:
    everything = [one for taken in told for one in taken]
    count = len(everything)
    return count / seconds, max(everything) * 1e3, busy / count * 1e6


def main() -> None:
    reader = asking(__doc__)
    reader.add_argument("seconds", nargs="?", type=float, default=3.0)
    reader.add_argument("rounds", nargs="?", type=int, default=5)
    reader.add_argument("--place")
    said = reader.parse_args()
    about = machine()
    found: dict[str, list[tuple[float, float, float]]] = {}
    with tempfile.TemporaryDirectory(dir=said.place) as name:
        url = f"sqlite:///{Path(name) / 'evalflow.db'}"
        opened(url, EACH * max(PROGRAMS), Path(name)).close()
        for _ in range(said.rounds):
            for count in PROGRAMS:
                told = programs(url, count, said.seconds)
                found.setdefault(f"{count} programs", []).append(told)
            for count in THREADS:
                told = threads(url, count, said.seconds)
                found.setdefault(f"{count} threads", []).append(told)
    print(f"{about['cores']} cores, load {about['load']} before and {load():.2f} after")
    figures: dict[str, float] = {}
    for way, rounds in found.items():
        rates, slowest, busy = (statistics.median(each) for each in zip(*rounds, strict=True))
        print(f"{way:<12}{rates:8.0f} /s   slowest {slowest:7.1f} ms   processor {busy:6.0f} µs")
        figures |= {f"{way}, /s": rates, f"{way}, slowest, ms": slowest, f"{way}, µs": busy}
    for many, few in (("8 programs", "2 programs"), ("4 threads", "1 threads")):
        ratios = [one[0] / other[0] for one, other in zip(found[many], found[few], strict=True)]
        figures[f"{many} to {few}"] = statistics.median(ratios)
        print(f"{many} do {figures[f'{many} to {few}']:.2f} x the work of {few}")
    keep(said.json, about, figures)


if __name__ == "__main__":
    main()
