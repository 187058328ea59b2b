"""Readers of the service while a batch is applied: 100 offices of 1,000 projects in one PostgreSQL.

A server of PostgreSQL with `fsync`, the service (uvicorn, one process), the readers and the batch
are programs of their own on this machine. Readers ask at made up moments, whether the answers
before have come or not: 200 a second, one in four of them for a page of fifty projects, the others
for one project, its events or its history. First alone, then while 10,000 projects of ten offices
get another deadline. Printed are the times in which answers came and how many came a second, what
the batch took alone and with readers, and the machine's load.

    python benchmarks/web_readers.py [--offices 100] [--each 1000] [--rate 200] [--seconds 20]
        [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from _measure import asking, keep, machine

PATHS = (
    "/projects?limit=50",
    "/projects/{number}",
    "/projects/{number}/events",
    "/projects/{number}/entries",
)
OFFICE = "office-{:03}"
CROWD = 64
"""Connections that are open at a time."""


def main() -> None:
    reading = asking(__doc__)
    for name, usual in (("offices", 100), ("each", 1000), ("rate", 200), ("seconds", 20)):
        reading.add_argument(f"--{name}", type=int, default=usual)
    reading.add_argument("--do", choices=["serve", "batch"], help=argparse.SUPPRESS)
    reading.add_argument("--url", help=argparse.SUPPRESS)
    reading.add_argument("--port", type=int, help=argparse.SUPPRESS)
    reading.add_argument("--turn", type=int, help=argparse.SUPPRESS)
    asked = reading.parse_args()
    if asked.do == "serve":
        serve(asked.url, asked.port)
    elif asked.do == "batch":
        batch(asked.url, asked.offices, asked.turn)
    else:
        measure(asked)


def measure(asked: argparse.Namespace) -> None:
    from evalflow_postgres.testing import NoServer, server

    about = machine()
    try:
        with server(fsync=True) as url, tempfile.TemporaryDirectory():
            began = time.perf_counter()
            given(url, asked.offices, asked.each)
            total = asked.offices * asked.each
            print(f"{total:,} projects made in {time.perf_counter() - began:.0f} s", flush=True)
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            service = program(asked, "serve", url, port)
            try:
                up(port)
                figures = told("alone", asked, port, None)
                batches = max(1, asked.offices // 10)
                busy = program(asked, "batch", url, port, offices=batches, turn=1)
                figures |= told("while the batch is applied", asked, port, busy)
                print(busy.communicate()[0].strip(), "with readers")
                alone = program(asked, "batch", url, port, offices=batches, turn=2)
                print(alone.communicate()[0].strip(), "without")
                keep(asked.json, about, figures)
            finally:
                service.send_signal(signal.SIGTERM)
                service.wait()
    except NoServer as why:
        print(f"left out: {why}")


def given(url: str, offices: int, each: int) -> None:
    """Adopt a plan of so many projects for each office."""
    import evalflow
    from evalflow.testing.office import Ticking, the_plan
    from evalflow.testing.simulation import renamed

    bureaus = [f"bureau{number}" for number in range(-(-each // 40))]
    plan = the_plan(each=20, bureaus=bureaus)
    with evalflow.open(url, plugins=["evalflow-postgres"], clock=Ticking()) as engine:
        for number in range(offices):
            engine.adopt(renamed(plan, OFFICE.format(number)), by="policy-1")


def program(
    asked: argparse.Namespace, do: str, url: str, port: int, offices: int = 0, turn: int = 0
) -> subprocess.Popen[str]:
    words = [sys.executable, str(Path(__file__)), "--do", do, "--url", url, "--port", str(port)]
    words += ["--offices", str(offices or asked.offices), "--turn", str(turn)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def serve(url: str, port: int) -> None:
    import evalflow_web
    import uvicorn

    import evalflow
    from evalflow.testing.office import Ticking

    with evalflow.open(url, plugins=["evalflow-postgres"], clock=Ticking()) as engine:
        service = evalflow_web.app(
            engine,
            actor_of=lambda request: request.headers.get("x-actor"),
            settings=evalflow_web.Settings(secure=False),
        )
        uvicorn.run(service, host="127.0.0.1", port=port, log_level="error", lifespan="off")


def batch(url: str, offices: int, turn: int) -> None:
    """Put a deadline off for all projects of so many offices, at each turn later."""
    import evalflow
    from evalflow.testing.office import Ticking

    began, moved = time.perf_counter(), 0
    data = {"deadline": "submit", "until": f"2016-{4 + turn:02}-20", "reason": "연장"}
    clock = Ticking()
    clock.moment += dt.timedelta(hours=turn)
    with evalflow.open(url, plugins=["evalflow-postgres"], clock=clock) as engine:
        for number in range(offices):
            where = {"plan": OFFICE.format(number)}
            planned = engine.batch("extend_deadline", by="policy-1", where=where, data=data)
            moved += sum(each.outcome == "done" for each in engine.batches.apply(planned))
    spent = time.perf_counter() - began
    print(f"a batch of {moved:,}: {spent:.1f} s, {spent / max(moved, 1) * 1e6:.0f} us a project")


def up(port: int) -> None:
    for _ in range(600):
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the service did not come up")


def told(
    name: str, asked: argparse.Namespace, port: int, busy: subprocess.Popen[str] | None
) -> dict[str, float]:
    """Let the readers ask, for so many seconds and at least as long as the batch runs."""
    waits: list[float] = []
    answers: Counter[int | str] = Counter()
    began = time.monotonic()
    asyncio.run(read(asked, port, busy, waits, answers))
    spent = time.monotonic() - began
    cuts = statistics.quantiles(waits, n=100)
    print(
        f"{name}: {len(waits)} reads in {spent:.1f} s, {len(waits) / spent:.0f} a second; median "
        f"{cuts[49] * 1000:.0f} ms, p95 {cuts[94] * 1000:.0f} ms, longest "
        f"{max(waits) * 1000:.0f} ms; answers {dict(answers)}; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return {
        f"{name}, reads a second": len(waits) / spent,
        f"{name}, median, ms": cuts[49] * 1e3,
        f"{name}, p95, ms": cuts[94] * 1e3,
    }


async def read(
    asked: argparse.Namespace,
    port: int,
    busy: subprocess.Popen[str] | None,
    waits: list[float],
    answers: Counter[int | str],
) -> None:
    import httpx2

    rng = random.Random(5)  # the same readers at every run
    most = httpx2.Limits(max_connections=CROWD, max_keepalive_connections=CROWD)
    headers = {"x-actor": "policy-1", "authorization": "Bearer x"}
    asking: set[asyncio.Task[None]] = set()
    async with httpx2.AsyncClient(timeout=120, limits=most, headers=headers) as client:

        async def one(path: str, when: float) -> None:
            try:
                found = await client.get(path)
            except httpx2.TransportError as lacking:  # too slow: told as such
                answers[type(lacking).__name__] += 1
                return
            waits.append(time.monotonic() - when)
            answers[found.status_code] += 1

        began = time.monotonic()
        count = 0
        while time.monotonic() - began < asked.seconds:
            when = began + count / asked.rate + rng.uniform(0, 1 / asked.rate)
            await asyncio.sleep(max(0.0, when - time.monotonic()))
            office = OFFICE.format(rng.randrange(asked.offices))
            path = PATHS[count % len(PATHS)].format(number=rng.randrange(1, asked.each + 1))
            url = f"http://127.0.0.1:{port}/api/plans/{office}{path}"
            task = asyncio.create_task(one(url, when))
            asking.add(task)
            task.add_done_callback(asking.discard)
            count += 1
        await asyncio.gather(*asking)


if __name__ == "__main__":
    main()
