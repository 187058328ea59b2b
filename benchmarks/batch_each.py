"""A batch whose event looks at each project's own figures: decided for each, twice.

A quarter of a made up office: everybody evaluates, all get another deadline, the bureaus submit,
all are reviewed and approved, by batches on SQLite. The clock's time, and the processor's of this
program beside it (a server's is not in it).

    python benchmarks/batch_each.py [PROJECTS [postgres]] [--json FILE]

With `postgres` the store is in a PostgreSQL server of its own with `fsync`; the round trips of each
project are counted, too.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _measure import asking, keep, load, machine

import evalflow
from evalflow.testing import office

ROUNDS = 3
MEASURES = ("clock", "processor")
TRIPS = "round trips"


def quarter(
    store: str,
    plugins: list[str],
    projects: int,
    runs: dict[str, list[float]],
    trips: Callable[[], int] | None,
) -> None:
    plan = office.the_plan(each=projects // 6)
    with evalflow.open(store, plugins=plugins, clock=office.Ticking()) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        everybody = list(engine.projects())

        def now() -> tuple[float, float, float]:
            asked = trips() if trips is not None else 0
            return time.perf_counter() * 1e6, time.process_time() * 1e6, asked

        def batch(event: str, by: str, **how: Any) -> None:
            began = now()
            planned = engine.batch(event, by=by, **how)
            between = now()
            done = sum(receipt.outcome == "done" for receipt in planned.apply())
            ended = now()
            assert done == len(planned), dict(planned.reasons)
            for part, start, end in (("plan", began, between), ("apply", between, ended)):
                for what, one, other in zip((*MEASURES, TRIPS), start, end, strict=True):
                    if (what == TRIPS) == (trips is not None):
                        runs.setdefault(f"{event}: {part}, {what}", []).append((other - one) / done)

        figures: Mapping[str, Any] = {"actuals": {"done": 10}, "progress": "추진"}
        for unit in sorted({project.unit for project in everybody}):
            mine = {project.id: figures for project in everybody if project.unit == unit}
            batch("self_evaluate", f"{unit}-1", where={"unit": unit}, each=mine)
        put_off = {"deadline": "submit", "until": "2016-04-29", "reason": "연장"}
        batch("extend_deadline", "policy-1", data=put_off)
        for bureau in office.BUREAUS:
            first = next(each for each in everybody if each.unit.startswith(bureau))
            data = office.data_for(first, "submit", 1)
            by = engine.actor(first.plan, office.actor_for(first, "submit"))
            engine.fire(first.id, "submit", by=by, data=data)
        batch("review", "policy-1", data={"ratings": "confirmed"})
        batch("approve", "policy-2")


def main(projects: int, on: str, kept: str | None) -> None:
    runs: dict[str, list[float]] = {}
    about = machine()
    for turn in range(ROUNDS + (on == "postgres")):
        counted = turn == ROUNDS  # by a relay, which takes time
        with store(on, counted) as (url, plugins, trips):
            quarter(url, plugins, projects, runs, trips)
    print(
        f"{projects:,} projects on {on}, medians of {ROUNDS} rounds, {about['cores']} cores, "
        f"load {about['load']} before and {load():.2f} after"
    )
    for name, found in runs.items():
        if name.endswith(TRIPS):
            print(f"  {name:<38} {statistics.mean(found):6.3f} each")
            continue
        middle = statistics.median(found)
        print(f"  {name:<38} {middle:6.0f} µs each ({min(found):.0f} to {max(found):.0f})")
    keep(
        kept,
        about,
        {
            name if name.endswith(TRIPS) else f"{name}, µs": statistics.median(found)
            for name, found in runs.items()
        },
    )


@contextmanager
def store(on: str, counted: bool) -> Iterator[tuple[str, list[str], Callable[[], int] | None]]:
    """Give the URL of a new store, the plugins that it needs, and what counts its round trips."""
    if on == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'office.db'}", [], None
        return
    from evalflow_postgres.testing import server
    from evalflow_postgres.trips import trips

    with server(fsync=True) as url:
        if not counted:
            yield url, ["evalflow-postgres"], None
            return
        with trips(url) as way:
            yield way.url, ["evalflow-postgres"], lambda: way.count


if __name__ == "__main__":
    reader = asking(__doc__)
    reader.add_argument("projects", nargs="?", type=int, default=1200)
    reader.add_argument("on", nargs="?", choices=["sqlite", "postgres"], default="sqlite")
    said = reader.parse_args()
    main(said.projects, said.on, said.json)
