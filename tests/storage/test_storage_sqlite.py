"""What is true of the SQLite file alone: its guards, its errors, its queue, its upgrades."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from evalflow.errors import Conflict, StorageError
from evalflow.model import Commit, Project, Selection
from evalflow.storage import sqlite_connection, sqlite_schema, write_queue
from evalflow.storage.sqlite import SQLiteStorage, open_sqlite
from evalflow.testing import faults
from evalflow.testing.children import Child, children
from evalflow.testing.foreign_sql import plan_entry
from evalflow.testing.foreign_sql import refused as refused_sql
from evalflow.testing.given import (
    BEGINNING,
    adoption,
    attempt,
    entry_after,
    given_plan,
    given_project,
    move_after,
    rating,
)

SIX = "seodaemun-2016/6"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "office.db"


@pytest.fixture
def storage(path: Path) -> Iterator[SQLiteStorage]:
    opened = open_sqlite(path, timeout=10)
    yield opened
    opened.close()


def version(storage: SQLiteStorage, project: str = SIX) -> int:
    snapshot = storage.snapshot(project)
    return 0 if snapshot is None else snapshot.project.version


def contents(path: Path) -> dict[str, list[object]]:
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        found = {name: list(connection.execute(f"SELECT * FROM {name}")) for (name,) in tables}
    connection.close()
    return found


LATER = sqlite_schema.VERSION + 1

# ------------------------------------------------------------------ another program's SQL

COPY = "INSERT INTO entry SELECT {} FROM entry WHERE number = 2"
ENTRY = (
    "NULL, project, {number}, event, actor, role, on_behalf_of, at, {before}, after, {period}, "
    "period_after, unit, revision, lifecycle, reason, data, rating, evaluation, late, {key}, "
    "{previous}, hash, plan_head"
)
RIGHT = {
    "number": "3",
    "before": "after",
    "period": "period_after",
    "key": "NULL",
    "previous": "hash",
}


def entry(**wrong: str) -> str:
    return COPY.format(ENTRY.format(**{**RIGHT, **wrong}))


REPLACING = {
    "by the key": entry(key="'used'"),
    "by the position": entry().replace("NULL, project", "1, project"),
    "a project": (
        "INSERT INTO project SELECT id, plan, number, label_ko, label_en, unit, field, '[]', "
        "visits, period, 0, lifecycle, revision, band, '', change FROM project"
    ),
    "a revision": (
        "INSERT INTO plan_revision SELECT plan, revision, effective, '{}' FROM plan_revision"
    ),
    "a plan's entry": plan_entry(number="1", previous="''", head_before="''"),
    "a definition": (
        "INSERT INTO definition SELECT project, revision, 'x', 'x', field, '{}' FROM definition"
    ),
}
"""SQLite's own ways around a key."""


@pytest.mark.parametrize(
    "sql",
    [
        *(pytest.param(sql, id=name) for name, sql in refused_sql(entry).items()),
        *(
            pytest.param(sql.replace("INSERT", "INSERT OR REPLACE"), id=f"replacing {name}")
            for name, sql in REPLACING.items()
        ),
        pytest.param("UPDATE OR REPLACE entry SET number = 1", id="renumbering entries"),
    ],
)
def test_another_program_cannot_break_the_history(
    storage: SQLiteStorage, path: Path, sql: str
) -> None:
    project = given_project(storage)
    storage.commit(entry_after(project, key="used", state="submitted"))
    before = contents(path)

    with sqlite3.connect(path) as stranger, pytest.raises(sqlite3.IntegrityError, match="evalflow"):
        stranger.execute(sql)
    stranger.close()

    assert contents(path) == before


def test_a_right_entry_of_a_plan_by_another_program_is_taken(
    storage: SQLiteStorage, path: Path
) -> None:
    """So the wrong ones above are refused for what is wrong with them."""
    given_project(storage)
    with sqlite3.connect(path) as stranger:
        stranger.execute(plan_entry())
    stranger.close()
    assert [each.number for each in storage.plan_history("seodaemun-2016")] == [1, 2]


def test_a_right_entry_of_another_program_moves_the_project(
    storage: SQLiteStorage, path: Path
) -> None:
    """The refusals above are for what is wrong in each statement, not for the rest of it."""
    storage.commit(entry_after(given_project(storage), state="submitted"))
    stranger = sqlite3.connect(path)
    with stranger:
        stranger.execute(entry())
    stranger.close()

    assert version(storage) == 3


def test_the_file_says_whose_it_is_and_refers_to_what_is_there(
    storage: SQLiteStorage, path: Path
) -> None:
    storage.commit(entry_after(given_project(storage), rated=rating(SIX, "2016-Q1"), told=("a",)))
    look = sqlite3.connect(path)
    pragmas = ("application_id", "user_version", "journal_mode")
    found = [look.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in pragmas]

    assert found == [int.from_bytes(b"evlf"), sqlite_schema.VERSION, "wal"]
    assert look.execute("PRAGMA foreign_key_check").fetchall() == []
    assert look.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    look.close()


# ------------------------------------------------------------------ errors


def said(error: StorageError) -> str:
    """Both sentences are there, and in their languages."""
    assert error.text("en").isascii() or "/" in error.text("en")
    assert any("가" <= letter <= "힣" for letter in error.text("ko"))
    return error.code


def refused(path: Path) -> str:
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StorageError) as refusal:
        open_sqlite(path, timeout=0.2)
    assert (path.read_bytes() if path.is_file() else None) == before, "the file was changed"
    assert str(path.name) in refusal.value.text("ko") or refusal.value.code == "missing"
    return said(refusal.value)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nowhere") as refusal:
        open_sqlite(tmp_path / "nowhere" / "office.db")
    assert said(refusal.value) == "missing"
    assert not (tmp_path / "nowhere").exists()


def test_a_store_in_memory_has_another_name() -> None:
    with pytest.raises(StorageError, match="memory:") as refusal:
        open_sqlite(":memory:")
    assert said(refusal.value) == "missing"
    assert not Path(":memory:").exists()


def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("주요업무 " * 100, "utf-8")
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE project (id)")
    connection.close()

    assert [refused(text), refused(other), refused(tmp_path)] == ["foreign"] * 3


DESCRIPTORS = Path("/proc/self/fd")


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="descriptors are counted in /proc (Linux)")
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.write_text("주요업무 " * 100, "utf-8"), id="foreign"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:512]), id="cut off"),
        pytest.param(lambda path: _say(path, f"PRAGMA user_version = {LATER}"), id="newer"),
        pytest.param(lambda path: _say(path, "PRAGMA application_id = 7"), id="another's"),
    ],
)
def test_what_cannot_be_opened_is_closed(
    tmp_path: Path, spoil: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that lies about would be closed when it is collected: so nothing may be."""
    path = tmp_path / "office.db"
    open_sqlite(path).close()
    spoil(path)
    kept: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def keep(*given: Any, **named: Any) -> sqlite3.Connection:
        kept.append(connect(*given, **named))
        return kept[-1]

    monkeypatch.setattr(sqlite3, "connect", keep)

    def held() -> list[str]:
        links = (os.readlink(each) for each in _listed(DESCRIPTORS))
        return sorted(link for link in links if str(tmp_path) in link)

    for _ in range(3):
        with pytest.raises(StorageError):
            open_sqlite(path)

    assert len(kept) == 3
    assert held() == []
    kept.append(connect(tmp_path / "other.db"))  # one that is open is seen
    assert held() == [str(tmp_path / "other.db")]
    kept.pop().close()


def _say(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def _listed(folder: Path) -> Iterator[Path]:
    """Yield what is in the folder and still there: the listing itself is a descriptor."""
    for each in list(folder.iterdir()):
        if each.is_symlink():
            yield each


def test_an_interrupt_while_it_opens_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    class Interrupted(sqlite3.Connection):
        def execute(self, *_: object) -> sqlite3.Cursor:
            raise KeyboardInterrupt

        def close(self) -> None:
            closed.append("closed")
            super().close()

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Interrupted))
    with pytest.raises(KeyboardInterrupt):
        open_sqlite(tmp_path / "office.db")
    assert closed == ["closed"]


def test_a_store_of_a_later_evalflow_is_left_alone(storage: SQLiteStorage, path: Path) -> None:
    storage.close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {LATER}")
    connection.close()

    assert refused(path) == "newer"


def test_a_damaged_file_is_told(storage: SQLiteStorage, path: Path) -> None:
    given_project(storage)
    storage.close()
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\x5a" * (len(raw) - 4096)
    path.write_bytes(raw)

    def look() -> None:
        with closing(open_sqlite(path)) as damaged:
            list(damaged.select(Selection()))

    with pytest.raises(StorageError) as refusal:
        look()
    assert said(refusal.value) == "corrupt"


def test_a_store_without_one_of_its_tables_is_damaged(storage: SQLiteStorage, path: Path) -> None:
    stranger = sqlite3.connect(path)
    stranger.execute("DROP TABLE notice")
    stranger.close()

    with pytest.raises(StorageError, match="notice") as refusal:
        list(storage.outbox())
    assert said(refusal.value) == "corrupt"


def test_a_full_disk_changes_nothing(storage: SQLiteStorage, path: Path) -> None:
    project = given_project(storage)
    before = contents(path)
    with storage._reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StorageError) as refusal:
        storage.commit(entry_after(project, data={"papers": "가" * 100_000}))
    assert said(refusal.value) == "full"
    assert contents(path) == before

    storage.commit(entry_after(project))
    assert version(storage) == 2


def test_a_store_locked_by_another_program_is_told_after_the_time_out(path: Path) -> None:
    storage = open_sqlite(path, timeout=0.2)
    project = given_project(storage)
    stranger = sqlite3.connect(path, isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")

    for write in (
        lambda: storage.commit(entry_after(project)),
        lambda: storage.resend([("x", "console")], at=BEGINNING),
    ):
        with pytest.raises(StorageError) as refusal:
            write()
        assert said(refusal.value) == "locked"
    assert version(storage) == 1, "reading does not wait"

    stranger.execute("ROLLBACK")
    stranger.close()
    storage.commit(entry_after(project))
    assert version(storage) == 2
    storage.close()


READ_ONLY = """
import os, sys
from evalflow.errors import StorageError
from evalflow.model import canonical
from evalflow.storage.sqlite import open_sqlite
from evalflow.testing.given import adoption, entry_after
entry_after(adoption("seodaemun-2016/6").project)
canonical._look()
open_sqlite(sys.argv[2]).close()  # all is imported: the repository may be closed to others
if os.getuid() == 0:  # root may write everywhere
    os.setuid(65534)
try:
    storage = open_sqlite(sys.argv[1], timeout=0.5)
    print(storage.snapshot("seodaemun-2016/6").project.version)
    storage.commit(entry_after(adoption("seodaemun-2016/6").project))
except StorageError as error:
    print(error.code)
"""


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "told"),
    [(0o444, 0o777, "1 read_only"), (0o444, 0o555, "1 read_only"), (0o666, 0o555, "1 read_only")],
    ids=["the file", "both", "the folder"],
)
@pytest.mark.skipif(not hasattr(os, "setuid"), reason="only where users have numbers")
def test_a_store_that_may_not_be_written_is_read_and_says_so(
    file_mode: int, folder_mode: int, told: str, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "office.db")
        with closing(open_sqlite(path)) as storage:
            given_project(storage)
        for each in Path(folder).iterdir():
            each.chmod(file_mode)
        Path(folder).chmod(folder_mode)
        answer = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(path), str(tmp_path / "first.db")],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        Path(folder).chmod(0o777)

    assert answer.stdout.split() == told.split(), answer.stderr


def test_what_is_written_while_a_shut_store_is_read_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be made beside the file nobody knows of the reader: it looks itself."""
    with closing(open_sqlite(path)) as writer:
        project = given_project(writer)
    monkeypatch.setattr(sqlite_connection, "_is_shut", lambda path: True)
    with closing(open_sqlite(path)) as reader:
        assert reader.snapshot(SIX) is not None
        then = reader.reading()
        assert then.__enter__().snapshot(SIX) is not None
        monkeypatch.setattr(sqlite_connection, "_is_shut", lambda path: False)
        with closing(open_sqlite(path)) as writer:
            writer.commit(entry_after(project))
        with pytest.raises(StorageError) as told:
            then.__exit__(None, None, None)
    assert (told.value.code, "while it was read" in told.value.text("en")) == ("locked", True)


def test_a_closed_store_says_so(storage: SQLiteStorage) -> None:
    project = given_project(storage)
    reading = storage.select(Selection())
    storage.close()
    storage.close()
    for use in (
        lambda: storage.snapshot(SIX),
        lambda: storage.commit(entry_after(project)),
        lambda: next(reading),
    ):
        with pytest.raises(StorageError, match="closed"):
            use()


def test_a_closed_store_is_a_single_file(storage: SQLiteStorage, path: Path) -> None:
    given_project(storage)
    storage.close()

    left = {each.name for each in path.parent.iterdir()}
    assert left <= {"office.db", "office.db-queue"}


def test_a_store_made_by_several_threads_at_once_is_one_store(path: Path) -> None:
    opened: list[SQLiteStorage] = []
    barrier = threading.Barrier(6)

    def make() -> None:
        barrier.wait()
        opened.append(open_sqlite(path))

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 6
    for storage in opened:
        assert storage.plans() == ()
        storage.close()


def test_only_known_ways_of_synchronising_are_taken(path: Path) -> None:
    with pytest.raises(ValueError, match="FULL"):
        open_sqlite(path, synchronous="OFF")
    for way, number in (("FULL", 2), ("normal", 1)):
        storage = open_sqlite(path, synchronous=way)
        with storage._reading() as connection:
            assert connection.execute("PRAGMA synchronous").fetchone() == (number,)
        storage.close()


def test_a_copy_is_of_one_moment(storage: SQLiteStorage, tmp_path: Path) -> None:
    project = given_project(storage)
    storage.copy_to(tmp_path / "copy.db")
    storage.commit(entry_after(project))

    copy = open_sqlite(tmp_path / "copy.db")
    assert (version(copy), version(storage)) == (1, 2)
    copy.commit(entry_after(project))
    copy.close()


# ------------------------------------------------------------------ schema versions

ADDED = "CREATE TABLE remark (project TEXT NOT NULL REFERENCES project (id)) STRICT;\n"


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Pretend that a later version of the schema came out; the upgrade step is made up."""
    present, upgrades = sqlite_schema.schema(), dict(sqlite_schema.UPGRADES)

    def add(connection: sqlite3.Connection) -> None:
        connection.execute(ADDED)

    upgrades[LATER - 1] = add

    def release() -> None:
        monkeypatch.setattr(sqlite_schema, "VERSION", LATER)
        monkeypatch.setattr(sqlite_schema, "UPGRADES", upgrades)
        monkeypatch.setattr(sqlite_schema, "schema", lambda: present + ADDED)

    return release


def shape(path: Path) -> list[object]:
    look = sqlite3.connect(path)
    found = look.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
    rows = [*found.fetchall(), look.execute("PRAGMA user_version").fetchone()]
    look.close()
    return rows


def test_an_upgraded_file_equals_a_fresh_one(
    storage: SQLiteStorage, path: Path, tmp_path: Path, next_version: Callable[[], None]
) -> None:
    project = given_project(storage)
    storage.close()
    old = shape(path)
    next_version()

    upgraded = open_sqlite(path)
    open_sqlite(tmp_path / "fresh.db").close()

    assert shape(path) == shape(tmp_path / "fresh.db") != old
    upgraded.commit(entry_after(project))
    assert version(upgraded) == 2
    upgraded.close()


def test_an_interrupted_upgrade_has_not_happened(
    storage: SQLiteStorage, path: Path, next_version: Callable[[], None]
) -> None:
    given_project(storage)
    storage.close()
    old = shape(path)
    next_version()

    with faults.at("upgrade:written"), pytest.raises(faults.Fault):
        open_sqlite(path)

    assert shape(path) == old
    again = open_sqlite(path)
    assert shape(path) != old
    assert version(again) == 1
    again.close()


def test_making_a_store_that_is_interrupted_leaves_an_empty_file(path: Path) -> None:
    with faults.at("upgrade:written"), pytest.raises(faults.Fault):
        open_sqlite(path)

    storage = open_sqlite(path)
    given_project(storage)
    storage.close()


def test_every_older_version_has_its_upgrade() -> None:
    assert set(sqlite_schema.UPGRADES) == set(range(1, sqlite_schema.VERSION))


# ------------------------------------------------------------------ taking turns


def drawn(storage: SQLiteStorage) -> int:
    """How many numbers were drawn at the queue so far. (Whoever opens the queue's file and
    closes it again drops the locks of this process: so it is in POSIX.)"""
    queue = storage._queue
    return 0 if queue._file < 0 else queue._read()[0]


def until(reached: Callable[[], bool]) -> None:
    """Wait for what another process or thread does; ends in an error, not in luck."""
    for _ in range(20_000):
        if reached():
            return
        time.sleep(0.001)
    raise AssertionError("it did not come")


def commit_in_turn(storage: SQLiteStorage, project: Project) -> str:
    storage.commit(entry_after(project))
    return project.id


@pytest.fixture
def projects(storage: SQLiteStorage) -> list[Project]:
    return [given_project(storage, f"seodaemun-2016/{n}") for n in range(1, 5)]


def opened_in_order(path: str) -> SQLiteStorage:
    """Open the store in a program that never lets who came last go before those who wait longer
    (`test_queue_bell.py` does)."""
    write_queue._WARM = 0
    return open_sqlite(path, timeout=30)


def waiting_children(storage: SQLiteStorage, projects: list[Project]) -> list[Child]:
    """Children that queue up for writing, in the order of the projects."""
    started = []
    opener = partial(opened_in_order, storage.path)
    for project in projects:
        child = Child(opener, attempt, entry_after(project))
        child.ready()
        before = drawn(storage)
        child.go()
        until(lambda before=before: drawn(storage) > before)  # type: ignore[misc]
        started.append(child)
    return started


def written(storage: SQLiteStorage) -> list[str]:
    return [entry.project for _, entry in storage.entries() if entry.number == 2]


def test_processes_are_served_in_the_order_of_their_arrival(
    storage: SQLiteStorage, projects: list[Project]
) -> None:
    order = [projects[2], projects[0], projects[3], projects[1]]
    with storage._writing():
        queue = waiting_children(storage, order)
    for child in queue:
        child.result()

    assert written(storage) == [project.id for project in order]


def test_who_dies_in_the_queue_holds_up_nobody(
    storage: SQLiteStorage, projects: list[Project]
) -> None:
    with storage._writing():
        queue = waiting_children(storage, projects)
        for dead in (queue[0], queue[2]):
            dead.kill()
    for child in (queue[1], queue[3]):
        child.result()

    assert written(storage) == [projects[1].id, projects[3].id]


def test_threads_are_served_in_the_order_of_their_arrival(
    storage: SQLiteStorage, projects: list[Project]
) -> None:
    line, together = storage._queue._threads, storage._together
    threads = []
    with storage._writing():
        for project in reversed(projects):
            thread = threading.Thread(target=commit_in_turn, args=(storage, project))
            thread.start()
            threads.append(thread)
            until(lambda: len(line._waiting) + len(together._waiting) == len(threads))
    for thread in threads:
        thread.join()

    assert written(storage) == [project.id for project in reversed(projects)]


def test_who_waits_too_long_for_a_turn_is_told(path: Path) -> None:
    storage = open_sqlite(path, timeout=0.1)
    project = given_project(storage)
    elsewhere = open_sqlite(path, timeout=0.1)
    told: list[str] = []

    def try_it(handle: SQLiteStorage) -> None:
        try:
            handle.commit(entry_after(project))
        except StorageError as error:
            told.append(said(error))

    with storage._writing():
        for handle in (storage, elsewhere):
            thread = threading.Thread(target=try_it, args=(handle,))
            thread.start()
            thread.join()
    assert told == ["locked", "locked"]
    try_it(elsewhere)
    assert version(storage) == 2
    storage.close()
    elsewhere.close()


def test_a_process_that_waits_too_long_for_a_turn_is_told(
    storage: SQLiteStorage, path: Path
) -> None:
    project = given_project(storage)
    child = Child(partial(open_sqlite, path, timeout=0.2), attempt, entry_after(project))
    with children(child), storage._writing():
        child.go()
        with pytest.raises(StorageError) as refusal:
            child.result()
    assert said(refusal.value) == "locked"


@pytest.mark.parametrize("broken", ["no locks", "no file", "reset"])
def test_writing_goes_on_where_the_queue_cannot_be_had(
    path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    queue = Path(f"{path}-queue")
    if broken == "no locks":
        monkeypatch.setattr(write_queue, "_fcntl", None)
    if broken == "no file":
        queue.mkdir()
    storage = open_sqlite(path)
    project = given_project(storage)
    if broken == "reset":
        queue.write_bytes(b"\xff" * 16)
    for _ in range(3):
        move = move_after(project)
        storage.commit(Commit(moves=(move,)))
        project = move.project
    assert version(storage) == 4
    storage.close()


def test_an_interrupt_in_the_queue_leaves_it(storage: SQLiteStorage) -> None:
    project = given_project(storage)
    with pytest.raises(faults.Fault), faults.at("commit:begun"):
        storage.commit(entry_after(project))
    storage.commit(entry_after(project))
    assert version(storage) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
@pytest.mark.filterwarnings("ignore:This process.*fork:DeprecationWarning")
def test_a_forked_child_uses_connections_of_its_own(storage: SQLiteStorage) -> None:
    one, two = (given_project(storage, f"seodaemun-2016/{n}") for n in (1, 2))
    child = os.fork()
    if child == 0:
        worked = False
        try:
            storage.commit(entry_after(one))
            storage.close()
            worked = True
        finally:
            os._exit(0 if worked else 1)
    storage.commit(entry_after(two))
    _, code = os.waitpid(child, 0)

    assert code == 0
    assert (version(storage, one.id), version(storage, two.id)) == (2, 2)
    with pytest.raises(Conflict):
        storage.commit(entry_after(one))


def test_connections_are_few_however_many_threads_come(storage: SQLiteStorage) -> None:
    given_project(storage)
    reading = [storage.select(Selection()) for _ in range(20)]
    for each in reading:
        next(each)
    for each in reading:
        assert list(each) == []
    assert len(storage._pool) == 8


# ------------------------------------------------------------------ size


def fill(storage: SQLiteStorage, count: int) -> None:
    given_plan(storage)
    for start in range(1, count + 1, 5000):
        numbers = range(start, min(start + 5000, count + 1))
        adopted = [
            adoption(
                f"seodaemun-2016/{n}",
                states=("lagging" if n % 10 == 0 else "planned", "unchanged"),
            )
            for n in numbers
        ]
        storage.commit(Commit(moves=tuple(adopted)))


@pytest.mark.counting
@pytest.mark.slow
def test_a_hundred_thousand_projects_are_listed_in_little_memory(
    storage: SQLiteStorage, path: Path
) -> None:
    fill(storage, 100_000)
    storage.close()
    listed = {}
    tracemalloc.start()
    again = open_sqlite(path)
    for name, selection in (
        ("lagging", Selection(states=("lagging",))),
        ("all", Selection()),
        ("snapshots", Selection(plan="seodaemun-2016", states=("planned",))),
    ):
        read = again.snapshots if name == "snapshots" else again.select
        listed[name] = sum(1 for _ in read(selection))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    again.close()

    assert listed == {"lagging": 10_000, "all": 100_000, "snapshots": 90_000}
    assert peak < 4_000_000, f"{peak:,} bytes at the most"


@pytest.mark.parametrize("more", [{}, {"plan": "gu"}, {"states": ("planned",)}, {"limit": 3}])
@pytest.mark.parametrize("what", ["project", "snapshot", "position"])
def test_projects_asked_for_by_id_are_found_by_their_key_and_not_by_reading_the_plan(
    tmp_path, more, what
):
    from evalflow.storage.sql import selecting
    from evalflow.storage.sqlite_statements import DIALECT

    open_sqlite(tmp_path / "office.db").close()
    sql, values = selecting(DIALECT, Selection(ids=("gu/1",), **more), what)
    with closing(sqlite3.connect(tmp_path / "office.db")) as connection:
        steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    (found,) = [step for step in steps if step.split()[1:2] == ["p"]]
    assert found == "SEARCH p USING INDEX sqlite_autoindex_project_1 (id=?)"


@pytest.mark.parametrize("breaks", [False, True])
def test_a_bulk_move_leaves_the_triggers_as_they_were(tmp_path, breaks):
    def schema() -> set[tuple[str, str]]:
        with closing(sqlite3.connect(tmp_path / "office.db")) as connection:
            return set(connection.execute("SELECT name, sql FROM sqlite_master"))

    storage = open_sqlite(tmp_path / "office.db")
    project = given_project(storage)
    before = schema()
    like = move_after(project, state="submitted")
    last = (project.id, project.version, project.head)
    if breaks:
        with faults.at("commit:written"), pytest.raises(faults.Fault):
            storage.bulk_move(like, [last], on=None)
    else:
        storage.bulk_move(like, [last], on=None)
    snapshot = storage.snapshot(project.id)
    assert snapshot is not None
    assert snapshot.project.version == 2 - breaks
    assert schema() == before
    storage.close()


# ------------------------------------------------------------------ files beside, and copies


def test_a_copy_is_a_new_file_and_never_over_another(tmp_path):
    storage = open_sqlite(tmp_path / "a.db")
    given_project(storage, "gu/1")
    other = open_sqlite(tmp_path / "b.db")
    given_project(other, "na/1")
    (tmp_path / "notes.txt").touch()
    for name in ("b.db", "a.db", "notes.txt"):
        with pytest.raises(StorageError) as error:
            storage.copy_to(tmp_path / name)
        assert error.value.code == "exists"
    with pytest.raises(StorageError) as error:
        storage.copy_to(tmp_path / "no" / "c.db")
    assert error.value.code == "missing"
    assert (storage.plans(), other.plans()) == (("gu",), ("na",))
    assert (tmp_path / "notes.txt").stat().st_size == 0
    storage.copy_to(tmp_path / "c.db")
    with closing(open_sqlite(tmp_path / "c.db")) as copy:
        assert copy.plans() == ("gu",)
    storage.close()
    other.close()


def test_a_store_that_was_copied_out_of_wal_mode_is_put_back_into_it(tmp_path):
    storage = open_sqlite(tmp_path / "a.db")
    projects = [given_project(storage, f"gu/{n}") for n in range(1, 300)]
    storage.close()
    with closing(sqlite3.connect(tmp_path / "a.db")) as raw:
        raw.execute(f"VACUUM INTO '{tmp_path / 'b.db'}'")
    with closing(open_sqlite(tmp_path / "b.db", timeout=0.5)) as copy:
        reading = copy.select(Selection())
        next(reading)
        copy.commit(entry_after(projects[0]))  # no reader keeps it out
        assert sum(1 for _ in reading) == len(projects) - 1


WAITING = """
import sys
from evalflow.storage.sqlite import open_sqlite
from evalflow.testing.given import given_project
store, what = sys.argv[1:]
storage = open_sqlite(store, timeout=60)
if what == "hold":
    with storage._writing():
        print("holding", flush=True)
        sys.stdin.readline()
    print("let go", flush=True)
else:
    print("waiting", flush=True)
    given_project(storage, "gu/9")
    print("done", flush=True)
"""


@pytest.mark.skipif(
    not hasattr(signal, "SIGSTOP"), reason="only where programs can be stopped and go on"
)
def test_a_process_stopped_in_the_queue_is_passed_over(tmp_path):
    def child(what: str) -> Any:
        return subprocess.Popen(
            [sys.executable, "-c", WAITING, str(tmp_path / "a.db"), what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    storage = open_sqlite(tmp_path / "a.db", timeout=30)
    given_project(storage, "gu/1")
    holder = child("hold")
    assert holder.stdout.readline() == "holding\n"
    waiter = child("wait")
    assert waiter.stdout.readline() == "waiting\n"
    number = 0
    while number < 1:  # it stands in the queue
        number = int.from_bytes((tmp_path / "a.db-queue").read_bytes()[:8], "little")
        time.sleep(0.05)
    os.kill(waiter.pid, signal.SIGSTOP)
    try:
        holder.stdin.write("\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "let go\n"
        for n in (2, 3):
            given_project(storage, f"gu/{n}")
    finally:
        os.kill(waiter.pid, signal.SIGCONT)
    assert waiter.stdout.readline() == "done\n"
    for each in (holder, waiter):
        each.communicate()
        assert each.returncode == 0
    assert len(list(storage.select(Selection()))) == 4
    storage.close()


SHORTENED = """
import sys
from evalflow.storage.sqlite import open_sqlite
from evalflow.testing.given import given_project
storage = open_sqlite(sys.argv[1])
given_project(storage, "gu/1")
open(sys.argv[1] + "-queue", "w").close()
given_project(storage, "gu/2")
print(len(storage.plans()))
"""


def test_a_queue_file_cut_short_kills_nobody(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", SHORTENED, str(tmp_path / "a.db")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, "1\n", "")


def test_who_has_a_store_open_stops_writing_when_a_later_evalflow_raised_its_schema(tmp_path):
    with closing(open_sqlite(tmp_path / "a.db")) as storage:
        project = given_project(storage, "gu/1")
        with closing(sqlite3.connect(tmp_path / "a.db")) as later:
            later.execute(f"PRAGMA user_version = {sqlite_schema.VERSION + 1}")
        with pytest.raises(StorageError) as error:
            storage.commit(entry_after(project))
        assert error.value.code == "newer"
        assert [each.version for each in storage.select(Selection())] == [1]
        with closing(sqlite3.connect(tmp_path / "a.db")) as back:
            back.execute(f"PRAGMA user_version = {sqlite_schema.VERSION}")
        storage.commit(entry_after(project))
