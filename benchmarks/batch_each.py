"""A batch whose event looks at each project's own figures: decided for each, twice.

A quarter of a made up office: everybody evaluates, the bureaus submit, all are reviewed and
approved, by batches on SQLite.

    python benchmarks/batch_each.py [PROJECTS]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import evalflow
from evalflow.testing import office

ROUNDS = 3


def quarter(store: str, projects: int, runs: dict[str, list[float]]) -> None:
    plan = office.the_plan(each=projects // 6)
    with evalflow.open(store, plugins=[], clock=office.Ticking()) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        everybody = list(engine.projects())

        def batch(event: str, by: str, **how: Any) -> None:
            began = time.perf_counter()
            planned = engine.batch(event, by=by, **how)
            between = time.perf_counter()
            done = sum(receipt.outcome == "done" for receipt in planned.apply())
            ended = time.perf_counter()
            assert done == len(planned), dict(planned.reasons)
            runs.setdefault(f"{event}: plan", []).append((between - began) / done * 1e6)
            runs.setdefault(f"{event}: apply", []).append((ended - between) / done * 1e6)

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


def main(projects: int) -> None:
    runs: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            quarter(f"sqlite:///{Path(folder) / 'office.db'}", projects, runs)
    print(f"{projects:,} projects, medians of {ROUNDS} rounds")
    for name, found in runs.items():
        middle = statistics.median(found)
        print(f"  {name:<22} {middle:5.0f} µs each ({min(found):.0f} to {max(found):.0f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1200)
