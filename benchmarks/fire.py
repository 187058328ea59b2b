"""One durable `fire` on SQLite against the same reads and the same rows by bare statements.

The work: an amended self-evaluation of three indicators, all gates checked, rated, hash chained,
one notice written, `synchronous=FULL`.

- `fire`: `Engine.fire`; `fire, memory:` the same on the storage in memory;
- `bare`: plain `sqlite3`: the project's row, its evaluation and the plan's revision are read in one
  statement and decoded, and the very rows that evalflow wrote are written for this project in one
  transaction: the evaluation's text with its digest, the entry's canonical text with its hash, the
  notice. On a copy of evalflow's own file, with its indexes, but without triggers and foreign keys;
- `guarded`: the same with evalflow's triggers and foreign keys: what these cost by themselves;
- `python-statemachine`: `bare`, with a machine of that library that decides the state.

    python benchmarks/fire.py [CALLS A ROUND] [ROUNDS] [--place /dev/shm] [--json FILE]
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from _measure import Benchmark, Work, run
from _office import DATA, opened

READ = (
    "SELECT p.*, e.tree, "
    "(SELECT max(r.revision) FROM plan_revision AS r WHERE r.plan = p.plan) "
    "FROM project AS p LEFT JOIN evaluation AS e ON e.project = p.id AND e.period = p.period "
    "WHERE p.id = ?"
)
UPDATE = (
    "UPDATE project SET states = ?, visits = ?, period = ?, version = ?, band = ?, head = ?"
    " WHERE id = ? AND version = ?"
)


def durable(place: Path, projects: int) -> Work:
    return _firing(f"sqlite:///{place / 'evalflow.db'}", place, projects)


def in_memory(place: Path, projects: int) -> Work:
    return _firing("memory:", place, projects)


def _firing(url: str, place: Path, projects: int) -> Work:
    engine = opened(url, projects, place)
    by, numbers = engine.actor("bench", "department-1"), count(1)
    return lambda: engine.fire(f"bench/{next(numbers)}", "amend", by=by, data=DATA)


def bare(place: Path, projects: int) -> Work:
    return _bare(place, projects, guarded=False)


def guarded(place: Path, projects: int) -> Work:
    return _bare(place, projects, guarded=True)


def statemachine(place: Path, projects: int) -> Work:
    return _bare(place, projects, guarded=False, decide=_machine())


def _machine() -> Callable[[str], str]:
    """Return what decides the state after amending, as people write it with the library."""
    from statemachine import State, StateMachine

    class Evaluation(StateMachine):  # type: ignore[misc,unused-ignore]
        planned = State(initial=True)
        self_evaluated = State()
        submitted = State()
        reviewed = State()
        approved = State()
        lagging = State()
        self_evaluate = planned.to(self_evaluated)
        amend = self_evaluated.to(self_evaluated)
        submit = self_evaluated.to(submitted)
        review = submitted.to(reviewed)
        approve = reviewed.to(approved)
        flag_lagging = reviewed.to(lagging)
        open_period = approved.to(planned) | lagging.to(planned)

    def decide(state: str) -> str:
        machine = Evaluation(start_value=state)
        machine.send("amend")
        return str(next(iter(machine.configuration)).value)

    return decide


def _bare(
    place: Path, projects: int, *, guarded: bool, decide: Callable[[str], str] | None = None
) -> Work:
    """Return a function that does to one project after the other what evalflow did to the first."""
    made, kept = place / "evalflow.db", place / "bare.db"
    engine = opened(f"sqlite:///{made}", projects + 1, place)
    last = f"bench/{projects + 1}"
    engine.fire(last, "amend", by=engine.actor("bench", "department-1"), data=DATA)
    engine.close()
    shutil.move(made, kept)
    connection = sqlite3.connect(kept, isolation_level=None, cached_statements=256)
    connection.execute("PRAGMA synchronous = FULL")
    rows = _rows(connection, last)
    if guarded:
        connection.execute("PRAGMA foreign_keys = ON")
    else:
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in connection.execute(triggers).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
    entry, notice, evaluation = rows["entry"], rows["notice"], rows["evaluation"]
    columns = [name for name in entry if name != "position"]
    said = [name for name in notice if name != "position"]
    append, tell = _insert("entry", columns), _insert("notice", said)
    evaluate = _insert("evaluation", list(evaluation)) + (
        " ON CONFLICT (project, period) DO UPDATE SET number = excluded.number, "
        "rate = excluded.rate, band = excluded.band, tree = excluded.tree"
    )
    # The canonical text under the hash: see `Entry.body`.
    body_columns = [name for name in columns if name not in ("hash", "plan_head", "previous")]
    after = [entry["plan_head"]] if entry.get("plan_head") else []
    data, rating = json.loads(entry["data"]), json.loads(entry["rating"])
    states = {name: json.loads(entry[name]) for name in ("before", "after")}
    tree = json.loads(evaluation["tree"])
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
    numbers = count(1)

    def work() -> None:
        name = f"bench/{next(numbers)}"
        row = connection.execute(READ, (name,)).fetchone()
        kept = dict(zip(project_columns, row, strict=False))
        before, version = json.loads(row[-2]), kept["version"]
        if decide is not None:
            assert decide(json.loads(kept["states"])[0]) == states["after"][0]
        new = {
            **tree,
            "project": name,
            "number": version + 1,
            "acts": [*before["acts"], tree["acts"][-1]],
            "self_rating": {**rating, "project": name},
        }
        text = encode(new)
        trees = {**states, "data": data, "rating": new["self_rating"]}
        values = {**entry, "project": name, "number": version + 1, "previous": kept["head"]}
        values |= {"data": encode(data), "rating": encode(new["self_rating"])}
        values["evaluation"] = hashlib.sha256(text.encode()).hexdigest()
        body = [trees.get(each, values[each]) for each in body_columns]
        values["hash"] = hashlib.sha256(
            encode([*body, *after, values["previous"]]).encode()
        ).hexdigest()
        connection.execute("BEGIN IMMEDIATE")
        if guarded:  # a trigger moves the project by its entry
            connection.execute(append, [values[each] for each in columns])
            connection.execute(
                "UPDATE project SET visits = ?, band = ? WHERE id = ?",
                (kept["visits"], kept["band"], name),
            )
        else:
            connection.execute(
                UPDATE,
                (
                    *(kept["states"], kept["visits"], kept["period"], version + 1),
                    *(kept["band"], values["hash"], name, version),
                ),
            )
            connection.execute(append, [values[each] for each in columns])
        written = {**evaluation, "project": name, "number": version + 1, "tree": text}
        connection.execute(evaluate, list(written.values()))
        told = {**notice, "project": name, "number": version + 1}
        told["id"] = f"{name}{notice['id'].removeprefix(last)}"
        connection.execute(tell, [told[each] for each in said])
        connection.execute("COMMIT")

    cursor = connection.execute(READ, (last,))
    project_columns = [each[0] for each in cursor.description]
    cursor.close()
    return work


def _rows(connection: sqlite3.Connection, project: str) -> dict[str, dict[str, Any]]:
    """Return the rows that the last firing wrote of this project."""
    connection.row_factory = sqlite3.Row
    found = {
        "entry": "SELECT * FROM entry WHERE project = ? ORDER BY number DESC",
        "evaluation": "SELECT * FROM evaluation WHERE project = ?",
        "notice": "SELECT * FROM notice WHERE project = ? ORDER BY number DESC",
    }
    rows = {
        table: dict(connection.execute(query, (project,)).fetchone())
        for table, query in found.items()
    }
    connection.row_factory = None
    return rows


def _insert(table: str, columns: list[str]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


BENCHMARK = Benchmark(
    script=__file__,
    about=__doc__ or "",
    ways={
        "fire": durable,
        "bare": bare,
        "guarded": guarded,
        "python-statemachine": statemachine,
        "fire, memory:": in_memory,
    },
    own=("fire", "fire, memory:"),
    base="bare",
    goals=(("fire", "bare", 1.6), ("fire", "python-statemachine", 0.7)),
    memory_goals=(("fire", "bare", 2.0), ("fire", "python-statemachine", 0.5)),
)

if __name__ == "__main__":
    run(BENCHMARK)
