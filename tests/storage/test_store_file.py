"""The file of a store: made for the office alone, and noticed when it is taken away under us."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import attrs
import pytest

import evalflow
from evalflow import StorageError
from evalflow.storage import Copies, fault_point
from evalflow.storage.contract import SoleRunner
from evalflow.storage.sqlite import SQLiteStorage
from evalflow.testing.office import PLAN_ID, Ticking, the_plan
from offices import Clock, Office

DAYS = [6]


def later() -> dict[str, str]:
    """Extend by one day more than before."""
    DAYS[0] += 1
    return {"deadline": "self_evaluate", "until": f"2016-04-{DAYS[0]:02}", "reason": "명절"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "office.db"


@pytest.fixture
def opened(store: Path, plan_file: Path, clock: Clock) -> Iterator[Office]:
    with evalflow.open(f"sqlite:///{store}", plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(plan_file)
        engine.adopt(plan, by=plan.actor("policy-1"))
        clock.go("2016-04-04")
        DAYS[0] = 6
        yield Office(engine, plan, clock)


def fire(office: Office, project: str = "gu/3") -> evalflow.Entry:
    return office.engine.fire(project, "extend_deadline", by="policy-1", data=later())


def copied(office: Office, path: Path) -> None:
    storage = office.engine.storage
    assert isinstance(storage, SQLiteStorage)
    storage.copy_to(path)


def beside(store: Path) -> list[Path]:
    return [Path(f"{store}{ending}") for ending in ("", "-wal", "-shm")]


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be taken away there")
@pytest.mark.parametrize(
    "taken", [(0, 1, 2), (0,), (1,), (1, 2)], ids=["all", "file", "wal", "wal and shm"]
)
def test_nothing_is_acknowledged_into_a_file_that_is_gone(
    opened: Office, store: Path, taken: tuple[int, ...]
) -> None:
    fire(opened)
    for place in taken:
        beside(store)[place].unlink()
    for _ in range(2):
        with pytest.raises(evalflow.StorageError) as caught:
            fire(opened)
        assert caught.value.code == "missing"
        assert str(store) in caught.value.text("ko")
    assert store.exists() == (0 not in taken)  # nor is an empty one made in its place


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be replaced there")
def test_an_older_copy_put_in_its_place_is_noticed(opened: Office, store: Path) -> None:
    copy = store.with_name("copy.db")
    copied(opened, copy)
    fire(opened)
    os.replace(copy, store)
    with pytest.raises(evalflow.StorageError):
        fire(opened)
    with pytest.raises(evalflow.StorageError):
        opened.engine.deliver()


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be taken away there")
def test_it_is_noticed_when_it_goes_while_something_is_written(
    opened: Office, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(name: str) -> None:
        fault_point(name)
        if name == "commit:written":
            store.unlink()

    monkeypatch.setattr("evalflow.storage.sqlite.fault_point", fault)
    with pytest.raises(evalflow.StorageError):
        fire(opened)


def restored(store: Path, copy: Path) -> None:
    """Write a copy over the open store, page by page, as `.restore` of the sqlite3 shell does: the
    file stays the same one."""
    with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(store)) as target:
        source.backup(target)


def test_an_older_state_written_into_the_same_file_is_noticed(opened: Office, store: Path) -> None:
    """On the code before it went on as if nothing were gone."""
    copy = store.with_name("copy.db")
    copied(opened, copy)
    fire(opened)
    restored(store, copy)
    for _ in range(2):
        with pytest.raises(evalflow.StorageError) as caught:
            fire(opened)
        assert caught.value.code == "missing"
    with evalflow.open(f"sqlite:///{store}", plugins=[], clock=opened.clock) as again:
        assert fire(Office(again, opened.plan, opened.clock)).number == 2


def test_an_older_state_of_a_plan_alone_is_noticed(opened: Office, store: Path) -> None:
    copy = store.with_name("copy.db")
    copied(opened, copy)
    plan = opened.engine.plans.with_tables("gu", [])
    tree = {**plan.head.tree, "en": "Renamed"}
    head = attrs.evolve(plan.head, label=evalflow.Label("이름", "Renamed"), tree=tree)
    opened.engine.adopt(attrs.evolve(plan, head=head), by="policy-1", reason="이름")
    restored(store, copy)
    with pytest.raises(evalflow.StorageError):
        fire(opened)


def test_another_store_written_into_the_same_file_is_noticed(
    opened: Office, store: Path, plan_file: Path, clock: Clock
) -> None:
    """It has as many entries as the one that was opened, and all of them fit."""
    other = store.with_name("other.db")
    clock.go("2016-04-03")
    with evalflow.open(f"sqlite:///{other}", plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(plan_file)
        engine.adopt(plan, by=plan.actor("policy-1"))
    clock.go("2016-04-04")
    restored(store, other)
    with pytest.raises(evalflow.StorageError):
        fire(opened)


def test_what_others_do_with_the_store_is_no_replacement(
    opened: Office, store: Path, plan_file: Path, clock: Clock
) -> None:
    """Other engines come and go, and a copy is taken of it."""
    for project in ("gu/1", "gu/2", "gu/3"):
        with evalflow.open(f"sqlite:///{store}", plugins=[], clock=clock) as other:
            other.fire(project, "extend_deadline", by="policy-1", data=later())
        shutil.copy(store, store.with_name("backup.db"))
        fire(opened, project)
    assert list(opened.engine.audit.verify()) == []


@pytest.mark.skipif(os.name == "nt", reason="rights are kept otherwise there")
def test_a_store_is_not_made_for_everybody_to_read(opened: Office, store: Path) -> None:
    fire(opened)
    found = [path for path in store.parent.iterdir() if path.name.startswith("office.db")]
    assert len(found) >= 3
    for path in found:
        assert stat.S_IMODE(path.stat().st_mode) & 0o137 == 0, path
    copy = store.with_name("copy.db")
    copied(opened, copy)
    assert stat.S_IMODE(copy.stat().st_mode) & 0o137 == 0


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_the_queue_beside_a_store_does_not_follow_a_planted_link(
    store: Path, plan_file: Path, clock: Clock
) -> None:
    precious = store.with_name("precious")
    precious.write_text("precious")
    Path(f"{store}-queue").symlink_to(precious)
    try:
        with evalflow.open(f"sqlite:///{store}", plugins=[], clock=clock) as engine:
            plan = evalflow.load_plan(plan_file)
            engine.adopt(plan, by=plan.actor("policy-1"))
    except (evalflow.StorageError, OSError):
        pass
    assert precious.read_text() == "precious"


# --------------------------------------------------------------------------- names beside a store

ENDINGS = ("-wal", "-shm", "-journal", "-queue", "-run")


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_store_and_no_copy_is_made_where_another_store_s_files_come_and_go(
    tmp_path: Path, ending: str
) -> None:
    """SQLite overwrites such a file when the other store is opened; its runner deletes its lock."""
    path = tmp_path / f"office.db{ending}"
    with pytest.raises(StorageError) as told:
        evalflow.open(f"sqlite:///{path}", plugins=[])
    assert told.value.code == "exists"
    assert "come and go beside another store" in told.value.text("en")
    with evalflow.open(f"sqlite:///{tmp_path / 'other.db'}", plugins=[]) as engine:
        assert isinstance(engine.storage, Copies)
        with pytest.raises(StorageError):
            engine.storage.copy_to(path)
    assert not path.exists()


@pytest.mark.parametrize("ending", ["-queue", "-run"])
def test_a_store_that_has_such_a_name_is_not_written_into_and_not_deleted(
    tmp_path: Path, ending: str
) -> None:
    """It may be there since before such names were refused, or by another program."""
    path, other = tmp_path / "office.db", tmp_path / "other.db"
    with evalflow.open(f"sqlite:///{other}", plugins=[], clock=Ticking()) as engine:
        plan = the_plan(each=1)
        engine.adopt(plan, by=plan.actor("policy-1"))
    there = other.rename(f"{path}{ending}").read_bytes()
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=Ticking()) as engine:
        assert isinstance(engine.storage, SoleRunner)
        try:
            held = engine.storage.hold()
        except StorageError:
            held = None
        assert (held is None) == (ending == "-run")
        plan = the_plan(each=1)
        with ThreadPoolExecutor(4) as threads:  # who waits draws a number
            engine.adopt(plan, by=plan.actor("policy-1"))
            list(threads.map(lambda n: extend(engine, n), range(1, 7)))
        if held is not None:
            held.release()
    assert Path(f"{path}{ending}").read_bytes() == there


def extend(engine: evalflow.Engine, number: int) -> None:
    said = {"deadline": "submit", "until": "2016-04-20", "reason": "연장"}
    engine.fire(f"{PLAN_ID}/{number}", "extend_deadline", by="policy-1", data=said)
