"""What is read in many statements is of one moment, also beside a host's own work."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import psycopg
import pytest
from evalflow_postgres import PostgresStorage
from on_postgres import (
    PLAN,
    SIX,
    version,
)

import evalflow
from evalflow import Conflict, Project, StorageError
from evalflow.storage import Selection
from evalflow.testing.given import (
    entry_after,
    given_project,
)

pytestmark = pytest.mark.servers


def test_a_bundle_beside_a_hosts_open_transaction_bears_itself_out(
    storage: PostgresStorage, url: str, host: psycopg.Connection, tmp_path: Path
) -> None:
    times = iter(range(10**6))

    def clock() -> dt.datetime:
        return dt.datetime(2016, 4, 4, tzinfo=dt.UTC) + dt.timedelta(seconds=next(times))

    with evalflow.open(url, clock=clock) as engine:
        plan = engine.load_plan(evalflow.example("seodaemun-2016"))
        engine.adopt(plan, by=plan.actor("policy-1"))
        hosted = evalflow.Engine(
            PostgresStorage.on_connection(host, schema=storage.schema),
            plugins=engine.plugins,
            clock=clock,
        )
        extension = {"deadline": "self_evaluate", "until": "2016-04-11", "reason": "출장"}
        for one, of in (("1", hosted), ("2", engine)):  # the first with the lower position
            of.fire(f"{PLAN}/{one}", "extend_deadline", by="policy-1", data=extension)
        bundle = tmp_path / "bundle.zip"

        told = engine.audit.export(bundle)
        entries = sum(1 for _ in engine.storage.histories(PLAN))
        assert told.entries == entries == 43 + 1
        assert told.checkpoint.entries == 43  # what has its place for good
        _, found = evalflow.verify_bundle(bundle)
        assert found == ()
        assert len(list(engine.storage.entries())) == 43
        host.commit()
        later = tmp_path / "later.zip"
        assert engine.audit.export(later).checkpoint.entries == 43 + 2
        _, found = evalflow.verify_bundle(later, noted=told.checkpoint)
        assert found == ()


@pytest.mark.parametrize("autocommit", [True, False])
def test_on_a_hosts_connection_what_was_read_of_two_moments_is_told(
    storage: PostgresStorage, host: psycopg.Connection, autocommit: bool
) -> None:
    project = given_project(storage)
    host.autocommit = autocommit
    hosted = PostgresStorage.on_connection(host, schema=storage.schema)
    with hosted.reading() as then:
        assert then.snapshot(SIX) == storage.snapshot(SIX)
    host.execute("SELECT 1")

    def read() -> list[int]:
        seen = []
        with hosted.reading() as then:
            for _ in range(2):
                seen += [each.number for each in then.history(SIX)]
                storage.commit(entry_after(_standing(storage)))
        return seen

    if autocommit:
        assert read() == [1, 1]
    else:
        with pytest.raises(Conflict):
            read()
    assert hosted.snapshot(SIX) == storage.snapshot(SIX)
    assert version(storage) == project.version + 2


def test_a_reading_leaves_the_hosts_own_work_as_it_is(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    given_project(storage)
    hosted = PostgresStorage.on_connection(host, schema=storage.schema)
    hosted.commit(entry_after(_standing(hosted)))

    class Odd(Exception):
        pass

    def fails_in_it() -> None:
        with hosted.reading() as then:
            next(then.select(Selection()))
            raise Odd

    with pytest.raises(Odd):
        fails_in_it()
    with pytest.raises(StorageError), hosted.reading() as then:
        list(then._rows("SELECT nonsense", ()))
    assert version(hosted) == 2
    host.commit()
    assert version(storage) == 2


def _standing(storage: PostgresStorage) -> Project:
    found = storage.snapshot(SIX)
    assert found is not None
    return found.project
