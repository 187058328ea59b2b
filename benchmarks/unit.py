"""A unit of many projects submitted together: processor time a project, which should not grow.

python benchmarks/unit.py [PROJECTS]...
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import evalflow
from evalflow.testing.office import PLAN_ID, Ticking, fire, the_plan


def submitted(projects: int) -> tuple[float, float]:
    """Return the microseconds of processor that a project takes where its bureau submits so many
    together: in memory, and in SQLite."""
    spent = []
    with tempfile.TemporaryDirectory() as folder:
        for url in ("memory:", f"sqlite:///{Path(folder) / 'office.db'}"):
            with evalflow.open(url, plugins=[], clock=Ticking()) as engine:
                plan = the_plan(each=projects // 2, bureaus=["welfare"])
                engine.adopt(plan, by=plan.actor("policy-1"))
                for project in list(engine.projects()):
                    fire(engine, project, "self_evaluate", 1)
                first = engine.project(f"{PLAN_ID}/1")
                began = time.process_time()
                fire(engine, first, "submit", 1)
                spent.append((time.process_time() - began) / projects * 1e6)
    return spent[0], spent[1]


def main() -> None:
    sizes = [int(each) for each in sys.argv[1:]] or [200, 800, 1600]
    print(f"{'projects':>9} {'memory':>12} {'SQLite':>12}  us of processor a project")
    base: tuple[float, float] | None = None
    for size in sizes:
        found = submitted(size)
        base = base or found
        grown = [f"{one:6.0f} {one / first:4.2f} x" for one, first in zip(found, base, strict=True)]
        print(f"{size:>9} {grown[0]} {grown[1]}", flush=True)


if __name__ == "__main__":
    main()
