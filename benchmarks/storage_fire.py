"""The storage by itself: what a commit costs, and how writers take turns.

1. One durable commit of one move (project, entry, evaluation, notice; `synchronous=FULL`)
   against the very same rows and one SHA-256 written by bare `sqlite3` statements into the same
   tables without triggers. Medians of one run, the two taking turns.
2. Eight processes, each moving its own project as fast as it can: how long the slowest commit
   took, with the queue and with nothing but SQLite's own waiting.

    python benchmarks/storage_fire.py [COMMITS] [--json FILE]
"""

from __future__ import annotations

import hashlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from _measure import asking, keep, machine

from evalflow import Project
from evalflow.storage import Commit, Move, Storage, sqlite_schema, sqlite_statements
from evalflow.storage.rows import PROJECT_COLUMNS, entry_row, notice_row, project_row
from evalflow.storage.sqlite import SQLiteStorage, open_sqlite
from evalflow.testing.children import Child, together
from evalflow.testing.given import given_plan, given_project, move_after, rating

PROCESSES = 8


def next_move(project: Project, number: int) -> Move:
    move = move_after(
        project,
        "amend",
        data={"actuals": {"schools": str(number)}, "evidence": ["현장 확인"]},
        rated=rating(project.id, project.period),
        told=("policy-1",),
    )
    assert move.evaluation is not None
    move.evaluation.text()  # the engine has made it for the entry's digest
    return move


# ------------------------------------------------------------------ against bare statements


def bare(path: Path) -> Callable[[Move], Callable[[], None]]:
    """Return what prepares the bare statements of a move: its rows, already encoded."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(sqlite_schema.schema())
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    for (name,) in connection.execute(triggers).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    update = (
        "UPDATE project SET states = ?, visits = ?, period = ?, version = ?, revision = ?, "
        "band = ?, head = ? WHERE id = ? AND version = ?"
    )
    evaluate = (
        "INSERT INTO evaluation (project, period, number, rate, band, tree) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (project, period) DO UPDATE SET "
        "number = excluded.number, rate = excluded.rate, band = excluded.band, "
        "tree = excluded.tree"
    )
    adopted = False

    def prepare(move: Move) -> Callable[[], None]:
        nonlocal adopted
        project, evaluation = project_row(move.project), move.evaluation
        if not adopted:
            marks = ", ".join("?" * len(project))
            columns = ", ".join(f'"{name}"' for name in PROJECT_COLUMNS)
            before = [*project]
            before[10] = move.expected
            connection.execute(f"INSERT INTO project ({columns}) VALUES ({marks})", before)
            adopted = True
        entry, body = entry_row(move.entry), move.entry.body()
        (notice,) = (notice_row(each) for each in move.notices)
        assert evaluation is not None
        text = evaluation.text()

        def write() -> None:
            digest = hashlib.sha256(body.encode()).hexdigest()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                update, (*project[7:11], *project[12:14], digest, project[0], move.expected)
            )
            connection.execute(sqlite_statements.APPEND, (*entry[:-1], digest))
            connection.execute(
                evaluate, (project[0], project[9], project[10], "85.0", "lagging", text)
            )
            connection.execute(sqlite_statements.NOTIFY, (*notice, notice[9]))
            connection.execute("COMMIT")

        return write

    return prepare


def against_bare(folder: Path, commits: int) -> dict[str, float]:
    storage = open_sqlite(folder / "evalflow.db")
    project = given_project(storage)
    prepare = bare(folder / "bare.db")
    taken: dict[str, list[float]] = {"bare": [], "commit": [], "snapshot": []}

    def measure(name: str, work: Callable[[], object]) -> None:
        start = time.perf_counter()
        work()
        taken[name].append(time.perf_counter() - start)

    for number in range(commits):
        move = next_move(project, number)
        write, commit = prepare(move), Commit(moves=(move,))
        turns: list[tuple[str, Callable[[], object]]] = [
            ("bare", write),
            ("commit", partial(storage.commit, commit)),
        ]
        for name, work in turns if number % 2 else reversed(turns):
            measure(name, work)
        measure("snapshot", partial(storage.snapshot, project.id))
        project = move.project
    storage.close()
    middle = {name: statistics.median(times) for name, times in taken.items()}
    for name, value in middle.items():
        print(f"{name:<10}{value * 1e6:8.0f} µs  {value / middle['bare']:5.2f} x bare")
    return {f"{name}, µs": value * 1e6 for name, value in middle.items()}


# ------------------------------------------------------------------ eight processes


def move_often(storage: Storage, project_id: str, commits: int, fair: bool) -> list[float]:
    assert isinstance(storage, SQLiteStorage)
    storage._queue._alone = not fair
    snapshot = storage.snapshot(project_id)
    assert snapshot is not None
    project, taken = snapshot.project, []
    for number in range(commits):
        move = next_move(project, number)
        start = time.perf_counter()
        storage.commit(Commit(moves=(move,)))
        taken.append(time.perf_counter() - start)
        project = move.project
    return taken


def taking_turns(path: Path, processes: int, commits: int, *, fair: bool) -> dict[str, float]:
    opener = partial(open_sqlite, path, timeout=30)
    storage = opener()
    given_plan(storage)
    ids = [given_project(storage, f"seodaemun-2016/{n}").id for n in range(1, processes + 1)]
    storage.close()
    start = time.perf_counter()
    errand = import_module(Path(__file__).stem).move_often  # children cannot import `__main__`
    answers = together(*(Child(opener, errand, project, commits, fair) for project in ids))
    over = time.perf_counter() - start
    taken = sorted(time for times in answers for time in times)
    middle = statistics.median(taken) * 1e3
    print(
        f"{processes} processes, {'in turn' if fair else 'as SQLite lets them':<19} "
        f"median {middle:6.2f} ms   "
        f"slowest {taken[-1] * 1e3:7.1f} ms   (all in {over:.1f} s, no errors)"
    )
    way = f"{processes} processes, {'in turn' if fair else 'in a rush'}"
    return {f"{way}, median, ms": middle, f"{way}, slowest, ms": taken[-1] * 1e3}


def main(commits: int, kept: str | None) -> None:
    about = machine()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        figures = against_bare(place, commits)
        figures |= taking_turns(place / "one.db", 1, commits // 2, fair=True)
        figures |= taking_turns(place / "turns.db", PROCESSES, commits // 4, fair=True)
        figures |= taking_turns(place / "rush.db", PROCESSES, commits // 4, fair=False)
    keep(kept, about, figures)


if __name__ == "__main__":
    reader = asking(__doc__)
    reader.add_argument("commits", nargs="?", type=int, default=2000)
    said = reader.parse_args()
    main(said.commits, said.json)
