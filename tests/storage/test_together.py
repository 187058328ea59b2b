"""Threads of one program that commit at one moment share a transaction, and nothing else."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from evalflow.errors import Conflict, StorageError
from evalflow.model import Commit, Project
from evalflow.storage import sqlite_connection
from evalflow.storage.faults import fault_point
from evalflow.storage.sqlite import SQLiteStorage, open_sqlite
from evalflow.testing import faults
from evalflow.testing.children import Child, children
from evalflow.testing.given import entry_after, given_project

PATIENCE = 20.0


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What SQLite is told, by all connections."""
    told: list[str] = []
    connect = sqlite_connection._connect

    def connected(*given: Any) -> sqlite3.Connection:
        connection = connect(*given)
        connection.set_trace_callback(told.append)
        return connection

    monkeypatch.setattr(sqlite_connection, "_connect", connected)
    return told


@pytest.fixture
def storage(tmp_path: Path, said: list[str]) -> Iterator[SQLiteStorage]:
    opened = open_sqlite(tmp_path / "a.db")
    yield opened
    opened.close()


@pytest.fixture
def projects(storage: SQLiteStorage) -> list[Project]:
    return [given_project(storage, f"seodaemun-2016/{n}") for n in range(1, 5)]


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.001)


class Threads:
    """Commits by threads, each with what came of it: None where it was written."""

    def __init__(self, storage: SQLiteStorage) -> None:
        self.storage = storage
        self.ended: dict[int, BaseException | None] = {}
        self._running: list[threading.Thread] = []

    def commits(self, commit: Commit) -> None:
        """Start one, and wait until it stands in line."""
        number = len(self._running)
        thread = threading.Thread(target=self._try, args=(number, commit), daemon=True)
        self._running.append(thread)
        thread.start()
        until(lambda: self._standing() == number + 1 or number in self.ended)

    def _try(self, number: int, commit: Commit) -> None:
        try:
            self.storage.commit(commit)
        except BaseException as error:
            self.ended[number] = error
        else:
            self.ended[number] = None

    def _standing(self) -> int:
        return len(self.storage._queue._threads._waiting) + len(self.storage._together._waiting)

    def all(self) -> list[BaseException | None]:
        """Wait for all; return how they ended, in the order in which they came."""
        for each in self._running:
            each.join(PATIENCE)
        assert not any(each.is_alive() for each in self._running), "a thread hangs"
        return [self.ended[number] for number in range(len(self._running))]


@contextmanager
def reached(name: str, listener: Callable[[int], None]) -> Iterator[None]:
    """Within the block call the listener whenever the point is reached, with how often it was."""
    count = 0

    def listening(point: str) -> None:
        nonlocal count
        if point == name:
            count += 1
            listener(count)

    fault_point.listener = listening
    try:
        yield
    finally:
        fault_point.listener = None


def at_once(storage: SQLiteStorage, projects: list[Project], fault: str) -> None:
    """Commit for each project in a thread of its own, all in one transaction."""
    threads = Threads(storage)
    with storage._writing():
        for project in projects:
            threads.commits(entry_after(project))
        faults.install(fault)
    threads.all()


def versions(storage: SQLiteStorage, projects: list[Project]) -> list[int]:
    found = []
    for each in projects:
        snapshot = storage.snapshot(each.id)
        assert snapshot is not None
        found.append(snapshot.project.version)
    return found


def test_those_who_wait_are_written_in_one_transaction_in_the_order_of_their_coming(
    storage: SQLiteStorage, projects: list[Project], said: list[str]
) -> None:
    threads = Threads(storage)
    with storage._writing():
        for project in reversed(projects):
            threads.commits(entry_after(project))
        said.clear()
    assert threads.all() == [None] * 4
    assert said.count("COMMIT") == 2  # the one they waited for, and theirs
    written = [entry.project for _, entry in storage.entries() if entry.number == 2]
    assert written == [project.id for project in reversed(projects)]


def test_who_is_alone_writes_as_ever(
    storage: SQLiteStorage, projects: list[Project], said: list[str]
) -> None:
    said.clear()
    storage.commit(entry_after(projects[0]))
    assert not [each for each in said if "SAVEPOINT" in each]


def test_one_that_is_refused_takes_nothing_of_the_others_with_it(
    storage: SQLiteStorage, projects: list[Project]
) -> None:
    threads = Threads(storage)
    with storage._writing():
        threads.commits(entry_after(projects[0]))
        threads.commits(entry_after(projects[1]))
        threads.commits(entry_after(projects[0]))  # somebody was first
        threads.commits(entry_after(projects[2]))
    ended = threads.all()
    assert [type(each) for each in ended] == [type(None), type(None), Conflict, type(None)]
    assert versions(storage, projects) == [2, 2, 2, 1]


def test_one_that_breaks_off_takes_back_what_it_had_written_and_no_more(
    storage: SQLiteStorage, projects: list[Project]
) -> None:
    threads = Threads(storage)

    def breaks(count: int) -> None:
        if count == 2:
            raise RuntimeError("broken off")

    with reached("commit:written", breaks):
        with storage._writing():
            for project in projects:
                threads.commits(entry_after(project))
        ended = threads.all()
    assert [str(each) for each in ended] == ["None", "broken off", "None", "None"]
    assert versions(storage, projects) == [2, 1, 2, 2]


@pytest.mark.parametrize("writer", ["reader of this program", "another program"])
def test_nobody_is_told_and_nothing_is_seen_before_all_of_it_is_durable(
    storage: SQLiteStorage, projects: list[Project], writer: str
) -> None:
    looking = storage if writer == "reader of this program" else open_sqlite(storage.path)
    threads, seen = Threads(storage), []

    def look(_: int) -> None:
        seen.append((versions(looking, projects), dict(threads.ended)))

    with reached("commit:written", look):
        with storage._writing():
            for project in projects:
                threads.commits(entry_after(project))
        assert threads.all() == [None] * 4
    assert seen == [([1, 1, 1, 1], {})] * 4
    assert versions(looking, projects) == [2, 2, 2, 2]
    if looking is not storage:
        looking.close()


def test_where_the_transaction_fails_all_are_told_and_nothing_is_written(
    storage: SQLiteStorage, projects: list[Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = Threads(storage)

    def gone(file: object, *, writing: bool = False) -> None:
        raise StorageError("missing", ko="없음", en="gone")

    def last(count: int) -> None:
        if count == 4:
            monkeypatch.setattr(storage, "_check_file", partial(gone, storage))

    with reached("commit:written", last):
        with storage._writing():
            threads.commits(entry_after(projects[0]))
            threads.commits(entry_after(projects[1]))
            threads.commits(entry_after(projects[0]))  # refused, had the others been written
            threads.commits(entry_after(projects[2]))
            threads.commits(entry_after(projects[3]))
        ended = threads.all()
    monkeypatch.undo()
    assert [type(each) for each in ended] == [StorageError] * 5
    assert versions(storage, projects) == [1, 1, 1, 1]
    storage.commit(entry_after(projects[0]))


def test_an_interrupt_of_the_one_who_writes_is_not_the_others(
    storage: SQLiteStorage, projects: list[Project]
) -> None:
    threads = Threads(storage)

    def interrupt(count: int) -> None:
        if count == 2:
            raise KeyboardInterrupt

    with reached("commit:written", interrupt):
        with storage._writing():
            for project in projects:
                threads.commits(entry_after(project))
        ended = threads.all()
    assert [type(each) for each in ended] == [KeyboardInterrupt, *[type(None)] * 3]
    assert versions(storage, projects) == [1, 2, 2, 2]


@pytest.mark.parametrize(
    ("fault", "left"), [("commit:written:kill:3", [1, 1, 1, 1]), ("commit:done:kill:1", [2] * 4)]
)
def test_who_is_killed_leaves_all_of_the_transaction_or_nothing(
    storage: SQLiteStorage, projects: list[Project], fault: str, left: list[int]
) -> None:
    child = Child(partial(open_sqlite, storage.path), at_once, projects, fault)
    with children(child):
        child.go()
        assert child.died()
    assert versions(storage, projects) == left
    for project in projects:  # who comes next finds no trace of it
        snapshot = storage.snapshot(project.id)
        assert snapshot is not None
        storage.commit(entry_after(snapshot.project))


def test_who_waits_too_long_behind_others_is_told_and_nothing_of_it_is_written(
    tmp_path: Path,
) -> None:
    storage = open_sqlite(tmp_path / "a.db", timeout=0.3)
    projects = [given_project(storage, f"seodaemun-2016/{n}") for n in (1, 2, 3)]
    threads = Threads(storage)
    with storage._writing():
        for project in projects:
            threads.commits(entry_after(project))
        ended = threads.all()
    assert [error.code for error in ended if isinstance(error, StorageError)] == ["locked"] * 3
    assert versions(storage, projects) == [1, 1, 1]
    storage.commit(entry_after(projects[2]))
    storage.close()


@pytest.mark.parametrize("taken", [True, False])
def test_whose_time_runs_out_while_another_writes_is_told_what_became_of_it(
    tmp_path: Path, taken: bool
) -> None:
    storage = open_sqlite(tmp_path / "a.db", timeout=0.5)
    projects = [given_project(storage, f"seodaemun-2016/{n}") for n in (1, 2)]
    threads, goes_on = Threads(storage), threading.Event()
    written = threading.Event()

    def waits(count: int) -> None:
        if count == (2 if taken else 1):
            written.set()
            goes_on.wait(PATIENCE)

    with reached("commit:written", waits):
        with storage._writing():
            threads.commits(entry_after(projects[0]))
            if taken:
                threads.commits(entry_after(projects[1]))
        assert written.wait(PATIENCE)
        if not taken:  # whoever writes has gathered already
            late = Threads(storage)
            late.commits(entry_after(projects[1]))
            (error,) = late.all()
            assert isinstance(error, StorageError)
            assert error.code == "locked"
        else:
            time.sleep(0.7)  # its time has run out, and it cannot be taken back any more
            assert not threads.ended
        goes_on.set()
        assert set(threads.all()) == {None}
    assert versions(storage, projects) == ([2, 2] if taken else [2, 1])
    for project in projects[len(threads.ended) :]:
        storage.commit(entry_after(project))
    storage.close()


def test_many_threads_that_never_rest_all_get_through(
    storage: SQLiteStorage, projects: list[Project], said: list[str]
) -> None:
    said.clear()

    def walk(project: Project) -> None:
        for _ in range(25):
            snapshot = storage.snapshot(project.id)
            assert snapshot is not None
            storage.commit(entry_after(snapshot.project))

    walking = [threading.Thread(target=walk, args=(project,)) for project in projects]
    for each in walking:
        each.start()
    for each in walking:
        each.join(PATIENCE)
    assert versions(storage, projects) == [26] * 4
    assert said.count("COMMIT") <= 100
