"""Plugins are told of what happened on PostgreSQL: once it is committed, as it was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import evalflow_postgres
import psycopg
import pytest

import evalflow
from evalflow import Entry
from evalflow.plugins import hookimpl
from evalflow.testing.engines import PROJECTS, Scheme, plan_of
from evalflow.testing.office import PLAN_ID, Ticking

pytestmark = pytest.mark.servers

SCHEME = Scheme(
    regions={"r0": ("s0", "s1")}, moves={"e0": {"r0": {"s0": "s1"}}}, by={"e0": "chief"}, bars=()
)
FIRST = f"{PLAN_ID}/1"


class Ear:
    """Keeps what it was told, and whether a reader beside the engine saw it by then."""

    def __init__(self, url: str) -> None:
        self.heard: list[Entry] = []
        self.seen: list[bool] = []
        self._beside = evalflow_postgres.open_postgres(url)

    @hookimpl
    def evalflow_fired(self, entry: Entry) -> None:
        self.heard.append(entry)
        there = list(self._beside.history(entry.project, after=entry.number - 1))
        self.seen.append(there[:1] == [entry])

    def close(self) -> None:
        self._beside.close()


@pytest.fixture
def ear(url: str) -> Iterator[Ear]:
    made = Ear(url)
    yield made
    made.close()


@pytest.fixture
def engine(url: str, ear: Ear, tmp_path: Path) -> Iterator[evalflow.Engine]:
    with evalflow.open(url, plugins=[evalflow_postgres, ear], clock=Ticking()) as opened:
        plan = plan_of(tmp_path, SCHEME, dict.fromkeys(PROJECTS, "north"), 1)
        opened.adopt(plan, by=plan.actor("keeper-1"))
        yield opened


def told(engine: evalflow.Engine, ear: Ear) -> list[Entry]:
    """Return what was told until now, which everybody saw when it was."""
    assert engine.plugins.finish_fired(30)
    assert all(ear.seen)
    return ear.heard


def test_each_entry_is_told_once_it_is_committed(engine: evalflow.Engine, ear: Ear) -> None:
    engine.fire(FIRST, "e0", by="chief-1")
    with pytest.raises(evalflow.Refused):
        engine.fire(FIRST, "e0", by="chief-1")
    assert told(engine, ear) == [entry for _, entry in engine.entries()]
    assert len(ear.heard) == 4


def test_what_a_bulk_move_wrote_is_told_without_reading_it_back(
    engine: evalflow.Engine, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = engine.batch("e0", by="chief-1")
    told(engine, ear)
    storage: Any = engine.storage
    moved, bulk = storage.bulk_move, []

    def bulk_move(like: Any, heads: Any, **how: Any) -> None:
        bulk.append(len(heads))
        moved(like, heads, **how)

    with monkeypatch.context() as looked:
        looked.setattr(storage, "bulk_move", bulk_move)
        read: list[Any] = []
        looked.setattr(storage, "_few", _counted(read, storage._few))
        assert {each.outcome for each in engine.batches.apply(batch)} == {"done"}
    assert bulk == [len(PROJECTS)]
    histories = [sql for sql in read if "WHERE project = %(project)s AND number >" in sql]
    assert histories == []  # neither the last times one by one, nor the new entries again
    assert read
    assert told(engine, ear) == [entry for _, entry in engine.entries()]
    assert len(ear.heard) == 6


def _counted(read: list[Any], rows: Callable[..., Any]) -> Callable[..., Any]:
    def counted(sql: str, values: Any = ()) -> Any:
        read.append(sql)
        return rows(sql, values)

    return counted


def test_what_a_host_rolls_back_is_told_to_nobody(
    engine: evalflow.Engine, ear: Ear, database: str
) -> None:
    before = len(told(engine, ear))
    with psycopg.connect(database) as host:
        for ends, more in ((host.rollback, 0), (host.commit, 1)):
            later: list[Callable[[], None]] = []
            engine.joined(host, on_commit=later.append).fire(FIRST, "e0", by="chief-1")
            assert len(told(engine, ear)) == before
            ends()
            for each in later if more else ():
                each()
    assert [each.event for each in told(engine, ear)[before:]] == ["e0"]
    assert ear.heard == [entry for _, entry in engine.entries()]
