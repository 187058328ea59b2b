"""A batch on PostgreSQL: planned, applied, against the bare database, and by two programs at once.

The same work as in `batch.py`, on a server of its own with `fsync` on. Both bare ways write history
row, project and outbox row into the same tables, without triggers and foreign keys, in chunks of
5,000:

- `bare`: one statement for each chunk of ids, the hash worked out by the server;
- `bare, COPY`: entries and hashes worked out here, copied into a temporary table; `INSERT … SELECT`
  and `UPDATE … FROM` within the chunk's range of ids.

    python benchmarks/batch_postgres.py [PROJECTS[+HISTORY]]... [--json FILE]
"""

from __future__ import annotations

import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from _measure import asking, keep, machine

import evalflow

shared = import_module("batch")
CHUNK = 5_000
ROUNDS = 3
MANY = 500_000  # entries of a store that is worked on once

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


COPIED = (
    "CREATE TEMP TABLE own (place integer, id text, number bigint, previous text, seal text)",
    """INSERT INTO entry (project, number, event, actor, role, at, before, after, period,
    period_after, unit, revision, lifecycle, data, evaluation, key, previous, hash)
  SELECT p.id, o.number, 'report', 'policy-1', 'policy_office', %(at)s, p.states,
    '["reported"]', p.period, p.period, p.unit, 1, p.lifecycle, '{}', '', 'batch:' || %(at)s,
    o.previous, o.seal
  FROM own AS o JOIN project AS p ON p.id = o.id
  WHERE p.id BETWEEN %(least)s AND %(most)s ORDER BY o.place""",
    """UPDATE project AS p SET states = '["reported"]', version = o.number, head = o.seal,
    visits = '[' || o.number || ']' FROM own AS o
  WHERE p.id = o.id AND p.id BETWEEN %(least)s AND %(most)s""",
    """INSERT INTO notice (id, project, number, name, recipient, role, notifier, subject_ko,
    subject_en, at, data, next_at)
  SELECT p.id || ':' || p.version || ':report:reported:policy-1', p.id, p.version, 'reported',
    'policy-1', 'policy_office', 'jsonl', '[보고됨] ' || p.id || ' ' || p.label_ko,
    '[Reported] ' || p.id || ' ' || p.label_en, %(at)s, %(body)s, %(at)s
  FROM own AS o JOIN project AS p ON p.id = o.id
  WHERE p.id BETWEEN %(least)s AND %(most)s ORDER BY o.place""",
)


def given(url: str, schema: str, projects: int, folder: Path, history: int = 0) -> str:
    """Make a store with so many projects, one adopted, the others copies, with so many entries
    behind each; return its URL."""
    import psycopg

    store = f"{url}?schema={schema}"
    (folder / "order.yaml").write_text(shared.LIFECYCLE, "utf-8")
    (folder / "plan.yaml").write_text(shared.PLAN, "utf-8")
    with evalflow.open(store, plugins=["evalflow-postgres"], clock=shared.clock) as engine:
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
        if history:
            values = ", ".join("n" if name == "number" else f't."{name}"' for name in names)
            connection.execute(
                f"INSERT INTO {schema}.entry ({listed}) SELECT {values} "  # type: ignore[arg-type,unused-ignore]
                f"FROM generate_series(2, {history + 1}) AS n, {schema}.entry AS t"
            )
            connection.execute(
                f"UPDATE {schema}.project SET version = {history + 1}"  # type: ignore[arg-type,unused-ignore]
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


def copied(url: str, schema: str) -> None:
    import psycopg

    at = shared.clock().isoformat(timespec="microseconds")
    body = '"report","policy-1","policy_office"' * 6
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET search_path = {schema}")  # type: ignore[arg-type,unused-ignore]
        connection.execute("SET session_replication_role = replica")  # no triggers, no keys
        connection.execute(COPIED[0])
        found = connection.execute(
            "SELECT id, version + 1, head FROM project ORDER BY plan, place, number"
        ).fetchall()
        for start in range(0, len(found), CHUNK):
            chunk = found[start : start + CHUNK]
            ids = [row[0] for row in chunk]
            values = {"at": at, "body": body, "least": min(ids), "most": max(ids)}
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute("TRUNCATE own")
                with cursor.copy("COPY own FROM STDIN") as copy:
                    for place, (own, number, head) in enumerate(chunk):
                        text = f'["{own}",{number},{body},"{head}"]'
                        seal = hashlib.sha256(text.encode()).hexdigest()
                        copy.write_row((place, own, number, head, seal))
                for statement in COPIED[1:]:
                    cursor.execute(statement, values)


def _warm(seconds: float) -> None:
    import_module("evalflow.engine.spread")
    import_module("evalflow_postgres")
    time.sleep(seconds)  # so that each of the others gets one, too


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(url: str, projects: int, history: int, turn: int, runs: dict[str, list[float]]) -> None:
    from evalflow.engine.spread import own_workers

    schema = ""

    def one(name: str) -> str:
        nonlocal schema
        if schema:  # one at a time: a million with history takes many gigabytes
            drop(url, schema)
        schema = f"{name}{turn}"
        with tempfile.TemporaryDirectory() as folder:
            return given(url, schema, projects, Path(folder), history)

    def done(receipts: Any) -> None:
        assert sum(receipt.outcome == "done" for receipt in receipts) == projects

    one("bare")
    runs.setdefault("bare", []).append(timed(lambda: bare(url, schema)))
    one("copied")
    runs.setdefault("bare, COPY", []).append(timed(lambda: copied(url, schema)))
    # In a program of its own, so that its memory is its own.
    told = subprocess.run(
        [sys.executable, __file__, "--batch", one("alone"), str(projects)],
        check=True, stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip
    for name, figure in json.loads(told).items():
        runs.setdefault(name, []).append(figure)
    for workers in (1, 2):
        store = one(f"spread{workers}x")
        with evalflow.open(store, plugins=["evalflow-postgres"], clock=shared.clock) as engine:
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
    drop(url, schema)


def batch(store: str, projects: int) -> dict[str, float]:
    """Plan and apply; return the seconds that each took, and the peak of memory in MB."""
    with evalflow.open(store, plugins=["evalflow-postgres"], clock=shared.clock) as engine:
        began = time.perf_counter()
        plan = engine.batch("report", by="policy-1")
        planned = time.perf_counter()
        done = sum(receipt.outcome == "done" for receipt in plan.apply())
        applied = time.perf_counter()
    assert done == projects, (done, plan.counts)
    took = {"plan": planned - began, "apply": applied - planned, "both": applied - began}
    return {**took, "peak": shared.peak()}


def drop(url: str, schema: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")  # type: ignore[arg-type,unused-ignore]


def main(projects: int, history: int) -> dict[str, float]:
    """Print what the work took, in microseconds a project; return it (nothing without a server)."""
    try:
        from evalflow_postgres.testing import NoServer, server
    except ImportError:
        print("evalflow-postgres is not installed; left out")
        return {}
    runs: dict[str, list[float]] = {}
    rounds = ROUNDS if projects * (history + 1) <= MANY else 1
    try:
        with server(fsync=True) as url:
            for turn in range(rounds):
                measure(url, projects, history, turn, runs)
    except NoServer as why:
        print(f"no PostgreSQL: {why}")
        return {}
    peak = max(runs.pop("peak"))
    print(
        f"{projects:,} projects, {history} entries behind each; {rounds} round(s); "
        f"peak of the program {peak:.0f} MB"
    )
    base = statistics.median(runs["bare"])
    for name, found in runs.items():
        each = sorted(seconds / projects * 1e6 for seconds in found)
        middle = statistics.median(found)
        print(
            f"  {name:<24} {middle / projects * 1e6:6.1f} µs each "
            f"({each[0]:.1f} to {each[-1]:.1f}), {middle / base:5.2f}x",
            flush=True,
        )
    size = f"{projects}+{history}"
    told = {f"{size}: {way}, µs": statistics.median(s) / projects * 1e6 for way, s in runs.items()}
    return told | {f"{size}: peak, MB": peak}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--batch"]:
        print(json.dumps(batch(sys.argv[2], int(sys.argv[3]))))
    else:
        reader, about = asking(__doc__), machine()
        reader.add_argument("sizes", nargs="*", default=["10000"], metavar="PROJECTS+HISTORY")
        said = reader.parse_args()
        keep(said.json, about, shared.measured(said.sizes, main))
