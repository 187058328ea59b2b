"""One durable `fire` on SQLite against the same rows written by bare statements.

The work: an amended self-evaluation of three indicators, all gates checked, rated, hash chained,
one notice written, `synchronous=FULL`.

- evalflow: `Engine.fire`; and `first of a project`, the self-evaluation before it, which has to
  read the project's definition out of the store;
- bare: the very rows that evalflow wrote, written again by plain `sqlite3` statements in one
  transaction, the entry's canonical text and hash and the evaluation's text made again;
- python-statemachine with hand-written SQL, where that library is installed.

Ratios of medians of one run, the ways taking turns; the machine's noise is the spread.

    python benchmarks/fire.py [FIRINGS]
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import evalflow

PROJECT = """\
  "{number}":
    ko: 사업 {number}
    en: Project {number}
    unit: d
    field: f
    kind: new
    start: 2016-01-01
    end: 2016-12-31
    indicators:
      a: {{ko: 가, en: A, unit: 건, direction: up, accumulation: sum, targets: {{2016: 100}}}}
      b: {{ko: 나, en: B, unit: 건, direction: down, accumulation: last, targets: {{2016: 50}}}}
      c: {{ko: 다, en: C, unit: 명, direction: up, accumulation: last, targets: {{2016: 30}}}}
"""

HEAD = """\
evalflow: plan/1
id: bench
year: 2016
ko: 측정
en: Benchmark
lifecycle: ./lifecycle.yaml
calendar: {periods: year, first: 2016, last: 2016}
scoring: {}
notices: {notifiers: [jsonl]}
units:
  o: {kind: office, ko: 구, en: Office}
  b: {kind: bureau, ko: 국, en: Bureau, parent: o}
  d: {kind: department, ko: 과, en: Department, parent: b}
directory:
  department-1: [{role: department, unit: d}]
  head-1: [{role: department_head, unit: d}]
  lead-1: [{role: lead_section, unit: b}]
  bureau-1: [{role: bureau_head, unit: b}]
  policy-1: [{role: policy_office, unit: o}]
  audit-1: [{role: audit_office, unit: o}]
  mayor-1: [{role: mayor, unit: o}]
fields: {f: {ko: 분야, en: Field}}
projects:
"""

FIGURES = {"a": 97, "b": 51, "c": 30}


class Clock:
    """A clock that stands in January, a little later at every look."""

    moment = dt.datetime(2017, 1, 4, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        self.moment += dt.timedelta(microseconds=1)
        return self.moment


def main(firings: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        plan_file = place / "plan.yaml"
        plan_file.write_text(
            HEAD + "".join(PROJECT.format(number=n) for n in range(1, firings + 1)),
            encoding="utf-8",
        )
        preset = resources.files("evalflow.lifecycle") / "presets" / "major-works.yaml"
        noticed = preset.read_text(encoding="utf-8").replace(
            "  amend:\n",
            "  amend:\n    notices: [{name: n, ko: 수정, en: Amended, to: [policy_office]}]\n",
        )
        (place / "lifecycle.yaml").write_text(noticed, encoding="utf-8")
        store = place / "evalflow.db"
        engine = evalflow.open(f"sqlite:///{store}", plugins=[], clock=Clock())
        plan = evalflow.load_plan(plan_file)
        by = plan.actor("policy-1")
        department = plan.actor("department-1")
        engine.adopt(plan, by=by)

        def fire(number: int) -> None:
            engine.fire(f"bench/{number}", "amend", by=department, data={"actuals": FIGURES})

        def first_fire(number: int) -> None:
            engine.fire(
                f"bench/{number}", "self_evaluate", by=department, data={"actuals": FIGURES}
            )

        # The rows to write again are those of a first round, kept aside.
        rounds: dict[str, Callable[[int], None]] = {"evalflow": fire}
        first_fire(1)
        fire(1)
        rows = _rows(store)
        bare = _bare(place / "bare.db", store, rows)
        rounds["bare"] = bare
        machine = _statemachine(place / "machine.db")
        if machine is not None:
            rounds["python-statemachine"] = machine

        rounds["first of a project"] = first_fire  # its definition is read from the store
        order = ["first of a project", *[name for name in rounds if name[0] != "f"]]
        times: dict[str, list[float]] = {name: [] for name in order}
        for number in range(2, firings + 1):
            for name in order:
                work = rounds[name]
                start = time.perf_counter()
                work(number)
                times[name].append(time.perf_counter() - start)
        base = statistics.median(times["bare"])
        for name, taken in times.items():
            middle = statistics.median(taken)
            low, high = statistics.quantiles(taken, n=10)[0], statistics.quantiles(taken, n=10)[-1]
            print(
                f"{name:<22}{middle * 1e6:8.0f} µs  ({low * 1e6:.0f}-{high * 1e6:.0f} in the "
                f"middle 80 %)  {middle / base:5.2f} x bare"
            )


def _rows(store: Path) -> dict[str, dict[str, Any]]:
    """Return the rows that the first firing wrote: the last entry, its project, …"""
    connection = sqlite3.connect(store)
    connection.row_factory = sqlite3.Row
    found = {
        "entry": "SELECT * FROM entry ORDER BY position DESC LIMIT 1",
        "project": "SELECT * FROM project WHERE id = 'bench/1'",
        "evaluation": "SELECT * FROM evaluation WHERE project = 'bench/1'",
        "notice": "SELECT * FROM notice ORDER BY position DESC LIMIT 1",
    }
    rows = {}
    for table, query in found.items():
        row = connection.execute(query).fetchone()
        rows[table] = dict(row) if row else {}
    connection.close()
    return rows


def _bare(path: Path, store: Path, rows: dict[str, dict[str, Any]]) -> Callable[[int], None]:
    """Return a function that writes the same rows for a project by plain statements.

    The tables are those of evalflow's own schema without its triggers.
    """
    source = sqlite3.connect(store)
    tables = source.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'index')"
        " AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    source.close()
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    for (sql,) in tables:
        connection.execute(sql)
    entry, project = rows["entry"], rows["project"]
    evaluation, notice = rows["evaluation"], rows["notice"]
    tree = json.loads(evaluation["tree"])
    data, rating = json.loads(entry["data"]), json.loads(entry["rating"])
    columns = [c for c in entry if c != "position"]
    insert_entry = _insert("entry", columns)
    insert_evaluation = _insert("evaluation", list(evaluation))
    insert_notice = _insert("notice", [c for c in notice if c != "position"]) if notice else None
    project_columns = [c for c in project if c != "place"]
    made_again = {"project", "hash", "data", "rating", "evaluation"}
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
    update = (
        "UPDATE project SET states = ?, visits = ?, version = ?, band = ?, head = ?"
        " WHERE id = ? AND version = ?"
    )

    def work(number: int) -> None:
        name = f"bench/{number}"
        tree["project"] = name
        text = encode(tree)
        body = encode(
            [
                name,
                *[entry[c] for c in columns if c not in made_again],
                data,
                rating,
                hashlib.sha256(text.encode()).hexdigest(),
            ]
        )
        digest = hashlib.sha256(body.encode()).hexdigest()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            update,
            (project["states"], project["visits"], 2, project["band"], digest, name, 1),
        )
        values = {
            **entry,
            "project": name,
            "hash": digest,
            "data": encode(data),
            "rating": encode(rating),
        }
        connection.execute(insert_entry, [values[c] for c in columns])
        connection.execute(
            insert_evaluation, [*{**evaluation, "project": name, "tree": text}.values()]
        )
        if insert_notice is not None:
            kept = {**notice, "project": name, "id": f"{name}:2"}
            connection.execute(insert_notice, [kept[c] for c in notice if c != "position"])
        connection.execute("COMMIT")

    # The projects are there beforehand, as they are for evalflow.
    connection.execute("BEGIN")
    insert_project = _insert("project", project_columns)
    for number in range(1, 20_001):
        row = {**project, "id": f"bench/{number}", "number": str(number), "version": 1}
        connection.execute(insert_project, [row[c] for c in project_columns])
    connection.execute("COMMIT")
    return work


def _insert(table: str, columns: list[str]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


def _statemachine(path: Path) -> Callable[[int], None] | None:
    """Return the same move as people write it with python-statemachine and SQL by hand: no
    roles, no rating, no notice; a state, a history row with its hash, durable."""
    try:
        from statemachine import State, StateMachine
    except ImportError:
        print("python-statemachine is not installed; left out")
        return None

    class Evaluation(StateMachine):  # type: ignore[misc]
        planned = State(initial=True)
        self_evaluated = State()
        submitted = State()
        reviewed = State()
        approved = State()
        lagging = State()
        self_evaluate = planned.to(self_evaluated)
        submit = self_evaluated.to(submitted)
        review = submitted.to(reviewed)
        approve = reviewed.to(approved)
        flag_lagging = reviewed.to(lagging)
        open_period = approved.to(planned) | lagging.to(planned)

    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE project (id TEXT PRIMARY KEY, state TEXT, version INTEGER)")
    connection.execute(
        "CREATE TABLE history (project TEXT, number INTEGER, event TEXT, actor TEXT, at TEXT,"
        " before TEXT, after TEXT, data TEXT, hash TEXT, PRIMARY KEY (project, number))"
    )
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO project VALUES (?, 'planned', 1)",
        [(f"bench/{n}",) for n in range(1, 20_001)],
    )
    connection.execute("COMMIT")

    def work(number: int) -> None:
        name = f"bench/{number}"
        state, version = connection.execute(
            "SELECT state, version FROM project WHERE id = ?", (name,)
        ).fetchone()
        machine = Evaluation(start_value=state)
        machine.send("self_evaluate")
        after = next(iter(machine.configuration)).value
        data = json.dumps(FIGURES)
        row = [name, version + 1, "self_evaluate", "department-1", "2017-01-04", state, after, data]
        digest = hashlib.sha256(json.dumps(row).encode()).hexdigest()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "UPDATE project SET state = ?, version = ? WHERE id = ? AND version = ?",
            (after, version + 1, name, version),
        )
        connection.execute("INSERT INTO history VALUES (?,?,?,?,?,?,?,?,?)", [*row, digest])
        connection.execute("COMMIT")

    return work


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
