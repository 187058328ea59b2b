"""A unit of many projects submitted together: processor time a project, which should not grow.

python benchmarks/unit.py [PROJECTS]... [--json FILE]
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from _measure import asking, keep, machine

import evalflow
from evalflow.testing.office import Ticking, fire, the_plan


def submitted(projects: int) -> tuple[float, float]:
    """Return the microseconds of processor that a project takes where its bureau submits so many
    together: in memory, and in SQLite."""
    spent = []
    with tempfile.TemporaryDirectory() as folder:
        for url in ("memory:", f"sqlite:///{Path(folder) / 'office.db'}"):
            with evalflow.open(url, plugins=[], clock=Ticking()) as engine:
                plan = the_plan(each=projects // 2)  # of three bureaus, of which one submits
                engine.adopt(plan, by=plan.actor("policy-1"))
                bureau = [each for each in engine.projects() if each.unit.startswith("welfare")]
                for project in bureau:
                    fire(engine, project, "self_evaluate", 1)
                first = engine.project(bureau[0].id)
                began = time.process_time()
                fire(engine, first, "submit", 1)
                spent.append((time.process_time() - began) / projects * 1e6)
    return spent[0], spent[1]


def main(sizes: list[int], kept: str | None) -> None:
    about, figures = machine(), dict[str, float]()
    print(f"{'projects':>9} {'memory':>12} {'SQLite':>12}  us of processor a project")
    base: tuple[float, float] | None = None
    for size in sizes:
        found = submitted(size)
        base = base or found
        grown = [f"{one:6.0f} {one / first:4.2f} x" for one, first in zip(found, base, strict=True)]
        print(f"{size:>9} {grown[0]} {grown[1]}", flush=True)
        figures |= {f"{size}, memory, µs": found[0], f"{size}, SQLite, µs": found[1]}
    keep(kept, about, figures)


if __name__ == "__main__":
    reader = asking(__doc__)
    reader.add_argument("sizes", nargs="*", type=int, default=[200, 800, 1600], metavar="PROJECTS")
    said = reader.parse_args()
    main(said.sizes, said.json)
