"""The service on the evening of the 5th: 500 people, 2,000 reads and 200 saves a minute.

A real server (uvicorn) on a SQLite store with the 43 projects of the example, on a port of this
machine; the people are threads of this process that ask at made up moments, so that what they
cost is counted, too. A save is two requests: a project is read, and evaluated as of what was read.
Printed are the times in which answers came, what they cost in processor, and how many came with
which status: 409 is an honest conflict, somebody had evaluated the project before.

    python benchmarks/web.py [SECONDS [SPEED [postgres]]] [--json FILE]

SPEED 1: as above; 4: four times as many.

With `postgres` the store is in a PostgreSQL server of its own with `fsync`.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import socket
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from _measure import asking, keep, machine

import evalflow

PLAN = "seodaemun-2016"
PERIOD = "2016-Q1"
READS, SAVES = 2000, 200
CROWD = 64
"""Connections that are open at a time: 500 people do not ask in the same moment."""

SEOUL = dt.timezone(dt.timedelta(hours=9))
PATHS = (
    "/projects?limit=50",
    "/projects/{number}",
    "/projects/{number}/events",
    "/projects/{number}/evaluations/2016-Q1",
    "/due?mine=true",
    "/events?number={number}",
)


def main() -> None:
    reader, about = asking(__doc__), machine()
    reader.add_argument("seconds", nargs="?", type=float, default=30.0)
    reader.add_argument("speed", nargs="?", type=float, default=1.0)
    reader.add_argument("on", nargs="?", choices=["sqlite", "postgres"], default="sqlite")
    said = reader.parse_args()
    seconds, speed = said.seconds, said.speed
    try:
        import evalflow_web
        import httpx2
        import uvicorn
    except ImportError as lacking:
        print(f"left out: {lacking}")
        return
    moment = dt.datetime(2016, 2, 25, 9, tzinfo=SEOUL)
    print(f"load {os.getloadavg()[0]:.1f}")
    with (
        tempfile.TemporaryDirectory() as folder,
        store(folder, said.on) as (url, plugins),
        evalflow.open(url, plugins=plugins, clock=lambda: moment.astimezone(dt.UTC)) as engine,
    ):
        plan = evalflow.load_plan(evalflow.example(PLAN), plugins=[])
        engine.adopt(plan, by="policy-1")
        moment = dt.datetime(2016, 4, 5, 17, tzinfo=SEOUL)
        service = evalflow_web.app(
            engine,
            actor_of=lambda request: request.headers.get("x-actor"),
            settings=evalflow_web.Settings(secure=False),
        )
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(service, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        base = f"http://127.0.0.1:{listening.getsockname()[1]}/api/plans/{PLAN}"
        people = list(plan.head.directory)
        forms = dict(evaluations(engine))
        numbers = list(forms)
        rng = random.Random(5)  # the same evening at every run
        acts: list[tuple[float, bool, str, str]] = []
        for count, saves in ((READS, False), (SAVES, True)):
            for _ in range(int(count * speed * seconds / 60)):
                when = rng.uniform(0, seconds)
                acts.append((when, saves, rng.choice(numbers), rng.choice(people)))
        acts.sort()
        waits: dict[bool, list[float]] = {False: [], True: []}
        answers: Counter[tuple[bool, int]] = Counter()
        lock = threading.Lock()
        queue = iter(enumerate(acts))
        cpu = time.process_time()

        def person() -> None:
            while True:
                with lock:
                    place, act = next(queue, (0, None))
                if act is None:
                    return
                when, saves, number, who = act
                time.sleep(max(0.0, began + when - time.monotonic()))
                by, data = forms[number]
                headers = {"x-actor": by if saves else who, "authorization": "Bearer x"}
                status = one(client, base, number, headers, data if saves else None, place)
                with lock:
                    waits[saves].append(time.monotonic() - began - when)
                    answers[saves, status] += 1

        most = httpx2.Limits(max_connections=CROWD, max_keepalive_connections=CROWD)
        client = httpx2.Client(timeout=60, limits=most)
        began = time.monotonic()
        crowd = [threading.Thread(target=person) for _ in range(CROWD)]
        for each in crowd:
            each.start()
        for each in crowd:
            each.join()
        spent = time.process_time() - cpu
        server.should_exit = True
        thread.join()
        listening.close()
    keep(said.json, about, told(waits, answers, spent, seconds, speed))


@contextmanager
def store(folder: str, on: str) -> Iterator[tuple[str, list[str]]]:
    """Give the store's URL, and the plugins that it needs."""
    if on != "postgres":
        yield f"sqlite:///{Path(folder) / 'office.db'}", []
        return
    from evalflow_postgres.testing import server

    with server(fsync=True) as url:
        yield url, ["evalflow-postgres"]


def evaluations(engine: evalflow.Engine) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    """Yield, by number, who may evaluate the project now, and with which data."""
    for due in engine.due(plan=PLAN):
        for project in due.projects if due.event == "self_evaluate" and due.actors else ():
            definition = engine.plans.definition(project)
            targets = {each.id: each.targets.get(PERIOD) for each in definition.indicators}
            actuals = {name: str(t) for name, t in targets.items() if isinstance(t, Decimal)}
            data = {"actuals": actuals}
            if engine.explain(project, "self_evaluate", by=due.actors[0], data=data).allowed:
                yield definition.number, (due.actors[0], data)


def one(
    client: Any,
    base: str,
    number: str,
    headers: dict[str, str],
    data: dict[str, Any] | None,
    count: int,
) -> int:
    """Ask once, as a person would: a save is made on what was read."""
    if data is None:
        path = PATHS[count % len(PATHS)].format(number=number)
        return int(client.get(base + path, headers=headers).status_code)
    seen = client.get(f"{base}/projects/{number}", headers=headers)
    headers = {**headers, "if-match": seen.headers["etag"]}
    body = {"event": "self_evaluate", "data": data}
    path = f"{base}/projects/{number}/entries"
    return int(client.post(path, json=body, headers=headers).status_code)


def told(
    waits: dict[bool, list[float]],
    answers: Counter[tuple[bool, int]],
    spent: float,
    seconds: float,
    speed: float,
) -> dict[str, float]:
    """Print what was measured; return it."""
    figures: dict[str, float] = {}
    print(f"{seconds:g} s, {speed:g} x {READS} reads and {SAVES} saves a minute")
    for saves, name in ((False, "reads"), (True, "saves")):
        times = sorted(waits[saves])
        if len(times) > 1:
            cuts = statistics.quantiles(times, n=100)
            figures |= {f"{name}, median, ms": cuts[49] * 1e3, f"{name}, p95, ms": cuts[94] * 1e3}
            print(
                f"  {name}: {len(times)}, median {cuts[49] * 1000:.0f} ms, "
                f"p95 {cuts[94] * 1000:.0f} ms, longest {times[-1] * 1000:.0f} ms"
            )
    asked = sum(answers.values())
    print(f"  processor: {spent / asked * 1000:.1f} ms a request, {spent / seconds:.0%} of a core")
    said = {(saves, status): n for (saves, status), n in answers.items()}
    print("  answers:", ", ".join(f"{status}: {n}" for (_, status), n in sorted(said.items())))
    broken = {status: n for (_, status), n in said.items() if status >= 500}
    print("  broken:", broken or "none")
    return figures | {"processor a request, ms": spent / asked * 1e3}


if __name__ == "__main__":
    main()
