"""A batch on SQLite: planned, applied, against the bare database.

One work for everybody: every project of a store is moved once, with history row, hash and outbox
row, durable. Beside evalflow, on the same rows in a file of their own:

- `bare`: set-based SQL, the hash a registered function, no triggers, no checks, no roles (chunks
  of 2,000, `synchronous=FULL`): the least that the same rows in the same tables cost;
- `executemany`: the same rows worked out in Python, one pass.

What people write by hand, and other libraries, are in `batch_peers.py`.

    python benchmarks/batch.py [PROJECTS[+HISTORY]]... [--json FILE]
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from _measure import asking, keep, machine

import evalflow
from evalflow.storage import sqlite_statements

LIFECYCLE = """\
evalflow: lifecycle/1
name: order
version: 1
ko: 시정명령
en: Corrective order
roles:
  policy_office: {ko: 정책기획담당관, en: Policy office, at: office}
adopted_by: [policy_office]
regions:
  order:
    ko: 시정
    en: Order
    initial: ordered
    states: {ordered: {ko: 명령, en: Ordered}, reported: {ko: 보고, en: Reported}}
events:
  report:
    ko: 보고
    en: Report
    by: [policy_office]
    transitions: [{from: ordered, to: reported}]
    notices: [{name: reported, ko: 보고됨, en: Reported, to: [policy_office], entering: reported}]
  order:
    ko: 명령
    en: Order
    by: [policy_office]
    transitions: [{from: reported, to: ordered}]
"""
PLAN = """\
evalflow: plan/1
id: gu
year: 2016
ko: 계획
en: Plan
lifecycle: ./order.yaml
calendar: {periods: quarter, first: 2016-Q1, last: 2016-Q1}
scoring: {}
notices: {notifiers: [jsonl]}
units:
  gu: {kind: office, ko: 구, en: Gu}
  dept: {kind: department, ko: 과, en: Department, parent: gu}
directory: {policy-1: [{role: policy_office, unit: gu}]}
fields: {welfare: {ko: 복지, en: Welfare}}
projects:
  "1":
    ko: 사업
    en: Project
    unit: dept
    field: welfare
    kind: new
    start: 2016-01-01
    end: 2016-12-31
    indicators:
      n: {ko: 수, en: Number, unit: 건, direction: up, accumulation: sum, targets: {2016-Q1: 1}}
"""
ENTRY = (
    "project, number, event, actor, role, on_behalf_of, at, before, after, period, period_after, "
    "unit, revision, lifecycle, reason, data, rating, evaluation, late, key, previous, hash"
)
"""What the bare ways write of an entry: columns that every commit's tables have."""
CHUNK = 5_000
ROUNDS = 3
MANY = 3_000_000  # entries of a store that is worked on once


def clock() -> dt.datetime:
    return dt.datetime(2016, 4, 4, tzinfo=dt.UTC)


def given(folder: Path, projects: int, history: int) -> None:
    """Make a store of so many projects with so many entries behind each.

    One is adopted; the others are copies of its rows, so their old hashes are not theirs.
    """
    (folder / "order.yaml").write_text(LIFECYCLE, "utf-8")
    (folder / "plan.yaml").write_text(PLAN, "utf-8")
    with opened(folder) as engine:
        plan = evalflow.load_plan(folder / "plan.yaml", plugins=[])
        engine.adopt(plan, by=plan.actor("policy-1"))
    connection = sqlite3.connect(folder / "office.db")
    triggers = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    numbers = "WITH n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < :most) "
    for table, own in (
        ("project", {"id": "'gu/' || n", "number": "cast(n AS TEXT)"}),
        ("definition", {"project": "'gu/' || n"}),
        ("assignment", {"project": "'gu/' || n"}),
        ("entry", {"project": "'gu/' || n", "position": "n"}),
    ):
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        listed = ", ".join(f'"{name}"' for name in names)
        values = ", ".join(own.get(name, f't."{name}"') for name in names)
        connection.execute(
            f"INSERT INTO {table} ({listed}) {numbers} SELECT {values} FROM n, {table} AS t",
            {"most": projects},
        )
    if history:
        names = [row[1] for row in connection.execute("PRAGMA table_info(entry)")]
        listed = ", ".join(f'"{name}"' for name in names[1:])
        values = ", ".join("n" if name == "number" else f't."{name}"' for name in names[1:])
        connection.execute(
            f"INSERT INTO entry ({listed}) {numbers} SELECT {values} FROM n, entry AS t",
            {"most": history + 1},
        )
        connection.execute("UPDATE project SET version = ?", (history + 1,))
    for _, text in triggers:
        connection.execute(text)
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def opened(folder: Path) -> evalflow.Engine:
    return evalflow.open(f"sqlite:///{folder / 'office.db'}", plugins=[], clock=clock)


def bare_store(folder: Path, name: str) -> sqlite3.Connection:
    """Copy the store and take its triggers away: what is left are tables and indices."""
    with sqlite3.connect(folder / "office.db") as source:
        connection = sqlite3.connect(folder / name, isolation_level=None)
        source.backup(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    for (trigger,) in connection.execute(triggers).fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    return connection


def by_hand(
    connection: sqlite3.Connection, decide: Callable[[str], str] = lambda state: "reported"
) -> None:
    """Move every project, its rows worked out here, a chunk at a time."""
    rows = (
        connection.cursor()
        .execute("SELECT id, version, head, states, period, unit, lifecycle FROM project")
        .fetchall()
    )
    at = clock().isoformat(timespec="microseconds")
    append = f"INSERT INTO entry ({ENTRY}) VALUES ({','.join('?' * 22)})"
    for chunk in _chunks(iter(rows)):
        entries, standing, notices = [], [], []
        for project, version, head, states, period, unit, lifecycle in chunk:
            number, after = version + 1, f'["{decide(states[2:-2])}"]'
            body = json.dumps([project, number, "report", "policy-1", at, states, after, head])
            seal = hashlib.sha256(body.encode()).hexdigest()
            entries.append(
                (project, number, "report", "policy-1", "policy_office", None, at, states, after,
                 period, period, unit, 1, lifecycle, None, "{}", None, "", None, None, head, seal)
            )  # fmt: skip
            standing.append((number, after, f"[{number}]", seal, project, version))
            notices.append(
                (f"{project}:{number}:report:reported:policy-1", project, number, "reported",
                 "policy-1", "policy_office", "jsonl", f"[보고됨] {project} 사업",
                 f"[Reported] {project} Project", at, body, at)
            )  # fmt: skip
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(append, entries)
        connection.executemany(
            "UPDATE project SET version = ?, states = ?, visits = ?, head = ? "
            "WHERE id = ? AND version = ?",
            standing,
        )
        connection.executemany(sqlite_statements.NOTIFY, notices)
        connection.execute("COMMIT")


def set_based(connection: sqlite3.Connection) -> None:
    """Move every project by statements over chunks of ids."""
    at = clock().isoformat(timespec="microseconds")
    after = '["reported"]'
    body = json.dumps(["report", "policy-1", "policy_office", at, after] * 3)

    def seal(project: str, number: int, previous: str) -> str:
        text = f'["{project}",{number},{body},"{previous}"]'
        return hashlib.sha256(text.encode()).hexdigest()

    connection.create_function("seal", 3, seal)
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("CREATE TEMP TABLE own (id TEXT)")
    ids = connection.cursor().execute("SELECT id FROM project ORDER BY plan, place, number")
    while chunk := ids.fetchmany(CHUNK):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM own")
        connection.executemany("INSERT INTO own VALUES (?)", chunk)
        connection.execute(
            f"INSERT INTO entry ({ENTRY}) SELECT p.id, p.version + 1, 'report', "
            "'policy-1', 'policy_office', NULL, :at, p.states, :after, p.period, p.period, "
            "p.unit, 1, p.lifecycle, NULL, '{}', NULL, '', NULL, 'batch:' || :at, p.head, "
            "seal(p.id, p.version + 1, p.head) FROM own CROSS JOIN project AS p "
            "WHERE p.id = own.id AND p.states = '[\"ordered\"]'",
            {"at": at, "after": after},
        )
        connection.execute(
            "UPDATE project SET version = e.number, states = e.after, head = e.hash, "
            "visits = '[' || e.number || ']' FROM own CROSS JOIN entry AS e "
            "WHERE project.id = own.id AND e.project = own.id AND e.number = project.version + 1"
        )
        connection.execute(
            "INSERT INTO notice (id, project, number, name, recipient, role, notifier, "
            "subject_ko, subject_en, at, data, next_at) "
            "SELECT p.id || ':' || p.version || ':report:reported:policy-1', p.id, p.version, "
            "'reported', 'policy-1', 'policy_office', 'jsonl', '[보고됨] ' || p.id || ' 사업', "
            "'[Reported] ' || p.id || ' Project', :at, :body, :at "
            "FROM own CROSS JOIN project AS p WHERE p.id = own.id",
            {"at": at, "body": body},
        )
        connection.execute("COMMIT")


def _chunks(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def batch(folder: Path, projects: int) -> dict[str, float]:
    """Plan and apply; return seconds by the wall's clock and the processor's, of both and of the
    decisions in them, and the peak of memory in MB."""
    figures = {"decisions": 0.0}
    with opened(folder) as engine:
        decide = engine._commands.decide

        def timed(*given: Any, **more: Any) -> Any:
            began = time.perf_counter()
            answer = decide(*given, **more)
            figures["decisions"] += time.perf_counter() - began
            return answer

        engine._commands.decide = timed  # type: ignore[method-assign]
        began, worked = time.perf_counter(), time.process_time()
        plan = engine.batch("report", by="policy-1")
        planned, thought = time.perf_counter(), time.process_time()
        done = sum(receipt.outcome == "done" for receipt in plan.apply())
        applied, written = time.perf_counter(), time.process_time()
    assert done == projects, (done, plan.counts)
    return figures | {
        "plan": planned - began,
        "apply": applied - planned,
        "both": applied - began,
        "plan, processor": thought - worked,
        "apply, processor": written - thought,
        "both, processor": written - worked,
        "peak": peak(),
    }


def peak() -> int:
    """Return this program's peak of memory in MB (`ru_maxrss` would be the parent's, too)."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(kilobytes) // 1024


WORKS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "bare": set_based,
    "executemany": by_hand,
}


def once(folder: Path, projects: int) -> dict[str, float]:
    """Do the work in every way, each on a copy of the store in the folder."""
    figures: dict[str, float] = {}
    for what, work in WORKS.items():
        store = bare_store(folder, "bare.db")
        began, worked = time.perf_counter(), time.process_time()
        work(store)
        figures[what] = time.perf_counter() - began
        figures[f"{what}, processor"] = time.process_time() - worked
        store.close()
        for file in folder.glob("bare.db*"):
            file.unlink()
    with tempfile.TemporaryDirectory(dir=folder) as own:
        shutil.copy(folder / "office.db", own)
        os.sync()  # else the first commit would wait for the copy
        # In a program of its own, so that its memory is its own.
        told = subprocess.run(
            [sys.executable, __file__, "--batch", own, str(projects)],
            check=True, stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip
    return figures | dict(json.loads(told))


def measure(projects: int, history: int) -> dict[str, float]:
    """Print what the work took, in microseconds a project; return it."""
    rounds = ROUNDS if projects * (history + 1) <= MANY else 1
    with tempfile.TemporaryDirectory() as name:
        given(Path(name), projects, history)
        runs = [once(Path(name), projects) for _ in range(rounds)]

    def each(what: str) -> list[float]:
        return sorted(run[what] / projects * 1e6 for run in runs)

    def middle(what: str) -> float:
        return statistics.median(each(what))

    print(
        f"{projects:,} projects, {history} entries behind each; {rounds} round(s); "
        f"peak {max(run['peak'] for run in runs):.0f} MB; "
        f"decisions {middle('decisions'):.3f} µs each"
    )
    for what in [*WORKS, "plan", "apply", "both"]:
        wall, used = each(what), f"{what}, processor"
        print(
            f"  {what:<12} {middle(what):5.1f} µs each ({wall[0]:.1f} to {wall[-1]:.1f}), "
            f"{middle(what) / middle('bare'):4.2f}x; of the processor {middle(used):5.1f} µs, "
            f"{middle(used) / middle('bare, processor'):4.2f}x",
            flush=True,
        )
    size, ways = f"{projects}+{history}", [*WORKS, "plan", "apply", "both"]
    told = {
        f"{size}: {one}, µs": middle(one) for each in ways for one in (each, f"{each}, processor")
    }
    return told | {f"{size}: peak, MB": max(run["peak"] for run in runs)}


def measured(sizes: list[str], work: Callable[[int, int], dict[str, float]]) -> dict[str, float]:
    """Return the figures of the work for all sizes (`10000`, or `10000+20`)."""
    figures: dict[str, float] = {}
    for size in sizes:
        number, _, behind = size.partition("+")
        figures |= work(int(number), int(behind or 0))
    return figures


if __name__ == "__main__":
    if sys.argv[1:2] == ["--batch"]:
        print(json.dumps(batch(Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        reader, about = asking(__doc__), machine()
        reader.add_argument("sizes", nargs="*", default=["10000"], metavar="PROJECTS+HISTORY")
        said = reader.parse_args()
        keep(said.json, about, measured(said.sizes, measure))
