"""Ways to do the same work, measured against one another in one run.

Each way runs in a process of its own, so that none pays for another's memory; they take turns,
round by round, in an order that changes, so that what else the machine does falls on all. Of each
way are told the clock's time and the processor's time of its process (a server's is not in it), the
ratio to the way that is the measure being the median of the rounds' ratios.

A verdict on a goal is given only where the machine was quiet: its load is printed, and beyond half
of its cores no goal is called held or missed. `--json FILE` keeps all figures. `--beside
NAME=FOLDER` measures the ways of evalflow a second time with the source in another folder (a
worktree of another commit), in the same run: `make bench-compare` does that.

A script calls `run(Benchmark(…))`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Work = Callable[[], object]
Make = Callable[[Path, int], Work | None]
"""What makes a way in a folder of its own, for so many calls; None where a library is lacking."""

QUIET = 0.5  # of the machine's cores: the load up to which a goal is judged
WARM = 20  # calls before the first round


@dataclass(frozen=True)
class Benchmark:
    """`ways` by name; those in `own` are evalflow's, and measured again `--beside`. `base` is the
    measure; `goals` are (way, measure, times the measure's time at most), `memory_goals` those with
    the stores in memory (`--place /dev/shm`)."""

    script: str
    about: str
    ways: Mapping[str, Make]
    own: tuple[str, ...]
    base: str
    goals: tuple[tuple[str, str, float], ...] = ()
    memory_goals: tuple[tuple[str, str, float], ...] = ()
    calls: int = 60
    rounds: int = 11


@dataclass
class _Worker:
    """One way's process: it is told how often to do its work, and answers what it took."""

    name: str
    running: subprocess.Popen[str]

    @classmethod
    def start(
        cls, bench: Benchmark, way: str, name: str, place: Path, total: int, source: str | None
    ) -> _Worker | None:
        environment = dict(os.environ)
        if source is not None:
            plugins = sorted(str(each) for each in Path(source, "plugins").glob("*/src"))
            environment["PYTHONPATH"] = os.pathsep.join([str(Path(source, "src")), *plugins])
        place.mkdir()
        asked = [sys.executable, bench.script, "--worker", way, str(place), str(total)]
        running = subprocess.Popen(
            asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        worker = cls(name, running)
        answer = worker._answer()
        if answer["ready"]:
            return worker
        print(f"{name}: {answer['why']}; left out")
        return None

    def _answer(self) -> dict[str, Any]:
        assert self.running.stdout is not None
        line = self.running.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} broke off (status {self.running.wait()})")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def turn(self, calls: int) -> dict[str, Any]:
        assert self.running.stdin is not None
        self.running.stdin.write(f"{calls}\n")
        self.running.stdin.flush()
        return self._answer()

    def end(self) -> None:
        assert self.running.stdin is not None
        self.running.stdin.close()
        self.running.wait()


def _serve(bench: Benchmark, way: str, place: Path, total: int) -> None:
    try:
        work = bench.ways[way](place, total)
        why = "a library is not installed"
    except ImportError as error:
        work, why = None, str(error)
    print(json.dumps({"ready": work is not None, "why": why}), flush=True)
    if work is None:
        return
    clock, processor = time.perf_counter_ns, time.process_time_ns
    for line in sys.stdin:
        wall: list[int] = []
        begun = processor()
        for _ in range(int(line)):
            start = clock()
            work()
            wall.append(clock() - start)
        print(json.dumps({"wall": wall, "processor": processor() - begun}), flush=True)


def load() -> float:
    """Return how many processes wanted the processor of late (the system's load of a minute)."""
    return os.getloadavg()[0]


def machine() -> dict[str, Any]:
    """Return what a reader of figures must know of the machine."""
    return {"cores": os.cpu_count(), "python": sys.version.split()[0], "load": round(load(), 2)}


def asking(about: str | None) -> argparse.ArgumentParser:
    """Return a reader of the command line that takes `--json FILE`, as every benchmark does."""
    reader = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    reader.add_argument("--json", metavar="FILE", help="keep the figures")
    return reader


def keep(file: str | None, about: Mapping[str, Any], figures: Mapping[str, float]) -> None:
    """Write figures, by names that say their units, where `--json` asks for it: what
    `make bench-compare` reads. `about` is the machine as it was before (`machine`)."""
    if file is not None:
        kept = {"machine": {**about, "load after": round(load(), 2)}, "figures": figures}
        Path(file).write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")


def run(bench: Benchmark) -> None:
    """Measure as the command line says, print the table, and keep it where that is asked for."""
    if sys.argv[1:2] == ["--worker"]:
        way, place, total = sys.argv[2:]
        _serve(bench, way, Path(place), int(total))
        return
    reader = asking(bench.about)
    reader.add_argument("calls", nargs="?", type=int, default=bench.calls, help="calls a round")
    reader.add_argument("rounds", nargs="?", type=int, default=bench.rounds)
    reader.add_argument("--place", help="a folder for the stores, e.g. /dev/shm for one in memory")
    reader.add_argument("--only", action="append", help="a way to measure, beside the measure")
    reader.add_argument("--beside", action="append", default=[], metavar="NAME=FOLDER")
    said = reader.parse_args()
    total = WARM + said.calls * said.rounds
    before = machine()
    with tempfile.TemporaryDirectory(dir=said.place) as folder:
        workers: list[_Worker] = []

        def start(way: str, name: str, source: str | None) -> None:
            place = Path(tempfile.mkdtemp(dir=folder)) / "store"  # also where a way is left out
            worker = _Worker.start(bench, way, name, place, total, source)
            if worker is not None:
                workers.append(worker)

        for way in bench.ways:
            if said.only and way not in said.only and way != bench.base:
                continue
            start(way, way, None)
            for beside in said.beside if way in bench.own else ():
                name, _, source = beside.partition("=")
                start(way, f"{way} ({name})", source)
        try:
            turns = _turns(workers, said.calls, said.rounds)
        finally:
            for worker in workers:
                worker.end()
    found = _figures(bench, turns)
    kept = {
        "benchmark": Path(bench.script).stem,
        "machine": before | {"load after": round(load(), 2)},
        "calls": said.calls,
        "rounds": said.rounds,
        "place": said.place,
        "ways": found,
    }
    _show(bench, kept)
    if said.json:
        Path(said.json).write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")


def _turns(workers: list[_Worker], calls: int, rounds: int) -> dict[str, list[dict[str, Any]]]:
    turns: dict[str, list[dict[str, Any]]] = {worker.name: [] for worker in workers}
    for worker in workers:
        worker.turn(WARM)
    for number in range(rounds):
        first = number % len(workers)
        order = [*workers[first:], *workers[:first]]
        for worker in order if number % 2 else reversed(order):
            turns[worker.name].append(worker.turn(calls))
    return turns


def _figures(bench: Benchmark, turns: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    def middles(name: str) -> tuple[list[float], list[float]]:
        walls = [statistics.median(each["wall"]) / 1e3 for each in turns[name]]
        return walls, [each["processor"] / len(each["wall"]) / 1e3 for each in turns[name]]

    base_walls, base_processors = middles(bench.base)
    found: dict[str, Any] = {}
    for name, rounds in turns.items():
        walls, processors = middles(name)
        everything = [one / 1e3 for each in rounds for one in each["wall"]]
        tenths = statistics.quantiles(everything, n=10)
        found[name] = {
            "wall": statistics.median(everything),
            "low": tenths[0],
            "high": tenths[-1],
            "processor": statistics.median(processors),
            "ratio": statistics.median(_ratios(walls, base_walls)),
            "processor ratio": statistics.median(_ratios(processors, base_processors)),
            "rounds": walls,
        }
    return found


def _ratios(ones: list[float], others: list[float]) -> list[float]:
    return [one / other for one, other in zip(ones, others, strict=True)]


def _show(bench: Benchmark, kept: dict[str, Any]) -> None:
    found, about = kept["ways"], kept["machine"]
    print(
        f"{kept['rounds']} rounds of {kept['calls']} calls, {about['cores']} cores, Python "
        f"{about['python']}, load {about['load']} before and {about['load after']} after"
    )
    print(
        f"{'µs a call':<30}{'clock':>8}{'middle 80 %':>16}{'processor':>11}{'x ' + bench.base:>9}"
    )
    for name, one in found.items():
        spread = f"{one['low']:.0f}-{one['high']:.0f}"
        print(
            f"{name:<30}{one['wall']:8.0f}{spread:>16}{one['processor']:11.0f}{one['ratio']:9.2f}"
            f"  (processor {one['processor ratio']:.2f})"
        )
        for other in found:
            if other.startswith(f"{name} ("):
                ratio = statistics.median(_ratios(one["rounds"], found[other]["rounds"]))
                print(f"  to {other}: {ratio:.2f} x its time")
    quiet = about["load"] <= QUIET * (about["cores"] or 1)
    in_memory = (kept["place"] or "").startswith("/dev/shm")
    for name, measure, most in bench.memory_goals if in_memory else bench.goals:
        if name not in found or measure not in found:
            continue
        ratio = statistics.median(_ratios(found[name]["rounds"], found[measure]["rounds"]))
        verdict = ("held" if ratio <= most else "missed") if quiet else "no verdict: a busy machine"
        print(f"goal: {name} at most {most} x {measure}: {ratio:.2f} x, {verdict}")
