"""A batch on PostgreSQL: planned, applied, against the bare database, and by two programs at once.

The same work as in `batch.py`, on a server of its own with `fsync` on. `bare` is one statement
for each chunk of 2,000 ids: history row with a hash worked out by the server, update, outbox row,
in the same tables, without triggers and foreign keys.

    python benchmarks/batch_postgres.py [PROJECTS]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import evalflow

shared = import_module("batch")
CHUNK = 2_000
ROUNDS = 3

BARE = """
WITH own AS (
  SELECT id, version + 1 AS number, states, period, unit, lifecycle, head, label_ko, label_en,
    encode(sha256(convert_to('["' || id || '",' || (version + 1) || ',' || %(body)s || ',"' || head
      || '"]', 'UTF8')), 'hex') AS seal
  FROM project WHERE id = ANY(%(ids)s)),
moved AS (
  UPDATE project AS p SET states = '["reported"]', version = own.number, head = own.seal,
    visits = '[' || own.number || ']' FROM own WHERE p.id = own.id),
appended AS (
  INSERT INTO entry (project, number, event, actor, role, at, before, after, period, period_after,
    unit, revision, lifecycle, data, evaluation, key, previous, hash)
  SELECT id, number, 'report', 'policy-1', 'policy_office', %(at)s, states, '["reported"]', period,
    period, unit, 1, lifecycle, '{}', '', 'batch:' || %(at)s, head, seal FROM own),
noted AS (
  INSERT INTO notice (id, project, number, name, recipient, role, notifier, subject_ko, subject_en,
    at, data, next_at)
  SELECT id || ':' || number || ':report:reported:policy-1', id, number, 'reported', 'policy-1',
    'policy_office', 'jsonl', '[보고됨] ' || id || ' ' || label_ko,
    '[Reported] ' || id || ' ' || label_en, %(at)s, %(body)s, %(at)s FROM own)
SELECT count(*) FROM own
"""


def given(url: str, schema: str, projects: int, folder: Path) -> str:
    """Make a store with so many projects, one adopted, the others copies; return its URL."""
    import psycopg

    store = f"{url}?schema={schema}"
    (folder / "order.yaml").write_text(shared.LIFECYCLE, "utf-8")
    (folder / "plan.yaml").write_text(shared.PLAN, "utf-8")
    with evalflow.open(store, clock=shared.clock) as engine:
        plan = evalflow.load_plan(folder / "plan.yaml", plugins=[])
        engine.adopt(plan, by=plan.actor("policy-1"))
    own = {"id": "'gu/' || n", "number": "n::text", "project": "'gu/' || n"}
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in ("project", "definition", "assignment", "entry"):
            names = [
                name
                for (name,) in connection.execute(
                    "SELECT column_name::text FROM information_schema.columns "
                    "WHERE table_schema = %s AND table_name = %s AND is_generated = 'NEVER' "
                    "AND is_identity = 'NO'",
                    (schema, table),
                )
            ]
            mine = {**own, "number": "t.number"} if table == "entry" else own
            listed = ", ".join(f'"{name}"' for name in names)
            values = ", ".join(mine.get(name, f't."{name}"') for name in names)
            connection.execute(
                f"INSERT INTO {schema}.{table} ({listed}) "  # type: ignore[arg-type,unused-ignore]
                f"SELECT {values} FROM generate_series(2, {projects}) AS n, {schema}.{table} AS t"
            )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    return store


def bare(url: str, schema: str) -> None:
    import psycopg

    at = shared.clock().isoformat(timespec="microseconds")
    body = '"report","policy-1","policy_office"' * 6
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET search_path = {schema}")  # type: ignore[arg-type,unused-ignore]
        connection.execute("SET session_replication_role = replica")  # no triggers, no keys
        found = connection.execute("SELECT id FROM project ORDER BY plan, place, number")
        ids = [row[0] for row in found]
        for start in range(0, len(ids), CHUNK):
            values = {"ids": ids[start : start + CHUNK], "at": at, "body": body}
            connection.execute(BARE, values)


def _warm(seconds: float) -> None:
    import_module("evalflow.spreading")
    import_module("evalflow_postgres")
    time.sleep(seconds)  # so that each of the others gets one, too


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(url: str, projects: int, turn: int, runs: dict[str, list[float]]) -> None:
    from evalflow.spreading import own_workers

    def one(name: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            return given(url, f"{name}{turn}", projects, Path(folder))

    def done(receipts: Any) -> None:
        assert sum(receipt.outcome == "done" for receipt in receipts) == projects

    one("bare")
    runs.setdefault("bare", []).append(timed(lambda: bare(url, f"bare{turn}")))
    with evalflow.open(one("alone"), clock=shared.clock) as engine:
        began = time.perf_counter()
        plan = engine.batch("report", by="policy-1")
        runs.setdefault("plan", []).append(time.perf_counter() - began)
        runs.setdefault("apply", []).append(timed(lambda: done(plan.apply())))
    for workers in (1, 2):
        store = one(f"spread{workers}x")
        with evalflow.open(store, clock=shared.clock) as engine:
            plan = engine.batch("report", by="policy-1")
        with own_workers(workers) as executor:
            list(executor.map(_warm, [0.2] * workers))  # all are there, and have imported
            runs.setdefault(f"apply, {workers} more program(s)", []).append(
                timed(
                    lambda plan=plan, store=store, executor=executor, workers=workers: done(  # type: ignore[misc]
                        evalflow.spread(plan, store, executor, workers=workers, at=shared.clock())
                    )
                )
            )


def main(projects: int) -> None:
    try:
        from evalflow_postgres.testing import NoServer, server
    except ImportError:
        print("evalflow-postgres is not installed; left out")
        return
    runs: dict[str, list[float]] = {}
    rounds = ROUNDS if projects <= 100_000 else 1
    try:
        with server(fsync=True) as url:
            for turn in range(rounds):
                measure(url, projects, turn, runs)
    except NoServer as why:
        print(f"no PostgreSQL: {why}")
        return
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{projects:,} projects, medians of {rounds}; peak of the program {peak} MB")
    base = sorted(runs["bare"])[rounds // 2]
    for name, found in runs.items():
        each = sorted(seconds / projects * 1e6 for seconds in found)
        middle = each[rounds // 2]
        print(
            f"  {name:<24} {middle:6.1f} µs each ({each[0]:.1f} to {each[-1]:.1f}), "
            f"{middle * projects / 1e6 / base:5.2f}x"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
