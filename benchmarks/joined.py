"""A firing inside of a host's transaction: on an engine joined for this transaction, against one
made anew for it, and against the ordinary firing, which commits by itself.

The plan is the 2016 example. Each way fires the same self-evaluations; the host's transactions are
rolled back (the ordinary ones come last). Medians of the clock's time, on one connection.

    python benchmarks/joined.py [--json FILE]
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from _measure import asking, keep, load, machine

import evalflow

PLAN = "seodaemun-2016"


def main(kept: str | None) -> None:
    about = machine()
    print(f"{about['cores']} cores, load {about['load']} before")
    figures: dict[str, float] = {}
    for name, stores in (("SQLite", on_sqlite), ("PostgreSQL", on_postgres)):
        with stores() as (office, host, anew):
            work = list(firings(office))
            joined = [timed(lambda: office.joined(host), each, host.rollback) for each in work]
            made = [timed(anew, each, host.rollback) for each in work[:15]] if anew else []
            own = [timed(lambda: office, each, lambda: None) for each in work]
        for way, times in (("joined", joined[1:]), ("made anew", made), ("ordinary", own)):
            if times:
                figures[f"{name} {way}"] = statistics.median(times)
                print(f"{name:10} {way:10} {figures[f'{name} {way}'] * 1000:7.2f} ms")
    print(f"load {load():.2f} after")
    keep(kept, about, {f"{way}, s": taken for way, taken in figures.items()})


def timed(engine: Callable[[], Any], work: Callable[[Any], Any], end: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work(engine())
    taken = time.perf_counter() - start
    end()
    return taken


def clock() -> dt.datetime:
    return dt.datetime(2016, 4, 4, tzinfo=dt.UTC)


def adopted(url: str) -> evalflow.Engine:
    office = evalflow.open(url, clock=clock)
    plan = evalflow.load_plan(evalflow.example(PLAN))
    office.adopt(plan, by=plan.actor("policy-1"))
    return office


def firings(office: evalflow.Engine) -> Iterator[Callable[[Any], Any]]:
    """Yield the self-evaluations for which targets are data enough."""
    for project in office.projects():
        by = office.actor(PLAN, f"{project.unit}-1")
        definition = office.plans.definition(project.id)
        data = {"actuals": {each.id: each.targets["2016-Q1"] for each in definition.indicators}}
        if office.explain(project.id, "self_evaluate", by=by, data=data).allowed:
            yield partial(fire, project.id, by, data)


def fire(project: str, by: Any, data: Any, engine: evalflow.Engine) -> None:
    engine.fire(project, "self_evaluate", by=by, data=data)


@contextmanager
def on_sqlite() -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "office.db"
        with adopted(f"sqlite:///{path}") as office:
            host = sqlite3.connect(path)
            yield office, host, None
            host.close()


@contextmanager
def on_postgres() -> Iterator[Any]:
    import psycopg
    from evalflow_postgres import PostgresStorage
    from evalflow_postgres.testing import fresh, server

    with server(fsync=True) as url, adopted(fresh(url)) as office, psycopg.connect(url) as host:

        def anew() -> evalflow.Engine:
            storage = PostgresStorage.on_connection(host, schema=office.storage.schema)  # type: ignore[attr-defined]
            return evalflow.Engine(storage, plugins=office.plugins, clock=clock)

        yield office, host, anew


if __name__ == "__main__":
    main(asking(__doc__).parse_args().json)
