"""A batch whose event looks at each project's own figures: decided for each, twice.

A quarter of a made up office: everybody evaluates, the bureaus submit, all are reviewed and
approved, by batches on SQLite. The clock's time, and the processor's beside it.

    python benchmarks/batch_each.py [PROJECTS] [--json FILE]
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _measure import asking, keep, load, machine

import evalflow
from evalflow.testing import office

ROUNDS = 3


def quarter(store: str, projects: int, runs: dict[str, list[float]]) -> None:
    plan = office.the_plan(each=projects // 6)
    with evalflow.open(store, plugins=[], clock=office.Ticking()) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        everybody = list(engine.projects())

        def batch(event: str, by: str, **how: Any) -> None:
            began = time.perf_counter(), time.process_time()
            planned = engine.batch(event, by=by, **how)
            between = time.perf_counter(), time.process_time()
            done = sum(receipt.outcome == "done" for receipt in planned.apply())
            ended = time.perf_counter(), time.process_time()
            assert done == len(planned), dict(planned.reasons)
            for part, start, end in (("plan", began, between), ("apply", between, ended)):
                for place, what in enumerate(("clock", "processor")):
                    taken = (end[place] - start[place]) / done * 1e6
                    runs.setdefault(f"{event}: {part}, {what}", []).append(taken)

        figures: Mapping[str, Any] = {"actuals": {"done": 10}, "progress": "추진"}
        for unit in sorted({project.unit for project in everybody}):
            mine = {project.id: figures for project in everybody if project.unit == unit}
            batch("self_evaluate", f"{unit}-1", where={"unit": unit}, each=mine)
        for bureau in office.BUREAUS:
            first = next(each for each in everybody if each.unit.startswith(bureau))
            data = office.data_for(first, "submit", 1)
            by = engine.actor(first.plan, office.actor_for(first, "submit"))
            engine.fire(first.id, "submit", by=by, data=data)
        batch("review", "policy-1", data={"ratings": "confirmed"})
        batch("approve", "policy-2")


def main(projects: int, kept: str | None) -> None:
    runs: dict[str, list[float]] = {}
    about = machine()
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            quarter(f"sqlite:///{Path(folder) / 'office.db'}", projects, runs)
    print(
        f"{projects:,} projects, medians of {ROUNDS} rounds, {about['cores']} cores, "
        f"load {about['load']} before and {load():.2f} after"
    )
    for name, found in runs.items():
        middle = statistics.median(found)
        print(f"  {name:<34} {middle:5.0f} µs each ({min(found):.0f} to {max(found):.0f})")
    keep(kept, about, {f"{name}, µs": statistics.median(found) for name, found in runs.items()})


if __name__ == "__main__":
    reader = asking(__doc__)
    reader.add_argument("projects", nargs="?", type=int, default=1200)
    said = reader.parse_args()
    main(said.projects, said.json)
