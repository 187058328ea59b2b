"""Stores are made, brought up to date and restored; what is none of ours is left alone."""

from __future__ import annotations

import json
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from evalflow_postgres import PostgresStorage, open_postgres, upgrades
from evalflow_postgres.copies import write_copy
from evalflow_postgres.testing import fresh
from on_postgres import (
    PLAN,
    SIX,
    said,
    version,
)

from evalflow import StorageError
from evalflow.storage import Commit
from evalflow.testing import faults
from evalflow.testing.given import (
    entry_after,
    given_project,
    head,
    revised,
)

pytestmark = pytest.mark.servers

SECOND = "ALTER TABLE {schema}.project ADD COLUMN remark text NOT NULL DEFAULT '';"


def bring_up(host: psycopg.Connection, schema: str, *further: str) -> None:
    upgrades.bring_up(host, schema, "postgresql://db", (*upgrades.steps(), *further))
    host.commit()


def test_an_older_store_is_brought_up_to_date_with_all_that_it_holds(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    storage.commit(entry_after(given_project(storage), told=("a",)))
    before = list(storage.history(SIX)), list(storage.outbox())

    bring_up(host, storage.schema, SECOND)

    assert host.execute("SELECT version FROM store").fetchall() == [(len(upgrades.NAMES) + 1,)]
    assert host.execute("SELECT remark FROM project").fetchall() == [("",)]
    assert (list(storage.history(SIX)), list(storage.outbox())) == before


def test_a_store_from_before_plans_had_a_history_gets_opening_balances(
    storage: PostgresStorage, host: psycopg.Connection, database: str
) -> None:
    project = given_project(storage)
    storage.commit(entry_after(project, told=("a",)))
    storage.commit(Commit(plans=(revised(storage, head(revision=2)),)))
    older = _older(storage, host, database)

    bring_up(host, older)

    with closing(PostgresStorage.on_connection(host, schema=older)) as upgraded:
        assert upgraded.schema_faults == ()
        (opening,) = upgraded.plan_history(PLAN)
        last = list(upgraded.history(project.id))[-1]
        assert (opening.event, opening.actor, opening.revision) == ("opening", "", 2)
        assert opening.data["projects"] == {project.number: [2, last.hash]}
        assert [(each, eff) for each, eff, _ in opening.revisions()] == [*storage.revisions(PLAN)]
        assert opening.at == last.at
        snapshot = upgraded.snapshot(project.id)
        assert snapshot is not None
        assert (snapshot.plan_head, last.plan_head) == (opening.hash, "")
        upgraded.commit(Commit(plans=(revised(upgraded, head(revision=3)),)))
        assert upgraded.revisions(PLAN)[-1][0] == 3


def _older(storage: PostgresStorage, host: psycopg.Connection, database: str) -> str:
    """Return the schema of a store of version 2, filled with what `storage` holds by plain SQL."""
    older = fresh(database).rpartition("=")[2]
    upgrades.bring_up(host, older, "postgresql://db", upgrades.steps()[:2])
    host.execute("SET session_replication_role = replica")
    for table in ("plan_revision", "lifecycle", "project", "definition", "assignment"):
        rows = _columns(host, older, table)
        host.execute(f"INSERT INTO {older}.{table} ({rows}) SELECT {rows} FROM {table}")
    rows = _columns(host, older, "entry")
    host.execute(f"INSERT INTO {older}.entry ({rows}) SELECT {rows} FROM entry")
    host.execute("SET session_replication_role = origin")
    host.commit()
    return older


def test_a_backup_of_an_older_store_is_restored_and_brought_up_to_date(
    storage: PostgresStorage, host: psycopg.Connection, database: str, tmp_path: Path
) -> None:
    storage.commit(entry_after(given_project(storage)))
    older = _older(storage, host, database)
    write_copy(host, older, str(tmp_path / "older"))
    host.commit()

    with closing(open_postgres(fresh(database))) as restored:
        restored.restore_from(tmp_path / "older")
        assert restored.schema_faults == ()
        assert list(restored.history(SIX)) != []
        (opening,) = restored.plan_history(PLAN)
        assert opening.event == "opening"
        snapshot = restored.snapshot(SIX)
        assert snapshot is not None
        restored.commit(entry_after(snapshot.project))
        assert [each.number for _, each in restored.entries()] == [1, 2, 3]


def test_who_loses_the_connection_loses_the_right_to_run_the_store(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    held = storage.hold()
    assert held is not None
    assert storage.hold() is None
    asked = (
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
        "AND classid = 'store'::regclass::oid AND granted"
    )
    assert host.execute(asked).fetchall() == [(True,)]
    host.commit()
    until = time.monotonic() + 30
    while held.still() and time.monotonic() < until:
        time.sleep(0.05)
    assert not held.still()
    again = storage.hold()
    assert again is not None
    again.release()
    held.release()


def test_what_a_later_version_backed_up_is_refused(url: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "later", "w") as archive:
        told = {"format": "evalflow-postgres/1", "version": upgrades.VERSION + 1, "tables": {}}
        archive.writestr("manifest.json", json.dumps(told))
    with closing(open_postgres(url)) as store, pytest.raises(StorageError) as caught:
        store.restore_from(tmp_path / "later")
    assert caught.value.code == "newer"


@pytest.mark.parametrize(
    "tables", [[], {"entry": []}, {"entry": {}}, {"entry": {"columns": 1, "rows": 1}}, {"moon": {}}]
)
def test_a_backup_that_says_odd_things_of_itself_is_refused(
    url: str, tmp_path: Path, tables: Any
) -> None:
    with zipfile.ZipFile(tmp_path / "odd", "w") as archive:
        told = {"format": "evalflow-postgres/1", "version": upgrades.VERSION, "tables": tables}
        archive.writestr("manifest.json", json.dumps(told))
    with closing(open_postgres(url)) as store, pytest.raises(StorageError) as caught:
        store.restore_from(tmp_path / "odd")
    assert caught.value.code == "foreign"


def _columns(host: psycopg.Connection, schema: str, table: str) -> str:
    asked = (
        "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s AND is_generated = 'NEVER' "
        "AND is_identity = 'NO'"
    )
    row = host.execute(asked, (schema, table)).fetchone()
    assert row is not None
    return str(row[0])


def test_an_interrupted_upgrade_has_not_happened(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    given_project(storage)
    with faults.at("upgrade:written"), pytest.raises(faults.Fault):
        bring_up(host, storage.schema, SECOND)
    host.rollback()
    with pytest.raises(psycopg.Error):
        bring_up(host, storage.schema, SECOND, "SELECT nothing")
    host.rollback()

    assert host.execute("SELECT version FROM store").fetchall() == [(len(upgrades.NAMES),)]
    bring_up(host, storage.schema, SECOND)
    assert host.execute("SELECT version FROM store").fetchall() == [(len(upgrades.NAMES) + 1,)]


def test_several_who_upgrade_at_once_do_it_once(
    storage: PostgresStorage, host: psycopg.Connection, database: str
) -> None:
    given_project(storage)
    barrier = threading.Barrier(4)

    def upgrade(_: int) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            barrier.wait()
            bring_up(connection, storage.schema, SECOND)  # a second time it would fail

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(upgrade, range(4)))
    assert host.execute("SELECT version FROM store").fetchall() == [(len(upgrades.NAMES) + 1,)]


def test_several_who_make_the_store_at_once_make_one(database: str) -> None:
    url = fresh(database)
    barrier = threading.Barrier(4)

    def make(_: int) -> PostgresStorage:
        barrier.wait()
        return open_postgres(url)

    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(make, range(4)))
    given_project(stores[0])
    assert [version(each) for each in stores] == [1] * 4
    for each in stores:
        each.close()


def test_a_store_of_a_later_evalflow_is_left_alone(
    storage: PostgresStorage, url: str, host: psycopg.Connection
) -> None:
    host.execute("UPDATE store SET version = 99")
    host.commit()
    with pytest.raises(StorageError) as error:
        open_postgres(url)
    assert said(error.value) == "newer"


def test_a_schema_of_something_else_is_left_alone(url: str, host: psycopg.Connection) -> None:
    host.execute("CREATE SCHEMA other; CREATE TABLE other.store (name text)")
    host.commit()
    with pytest.raises(StorageError) as error:
        open_postgres(url.partition("?")[0] + "?schema=other")
    assert said(error.value) == "foreign"
    tables = host.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'other'").fetchone()
    assert tables == (1,)
    host.execute("DROP SCHEMA other CASCADE")
    host.commit()


def test_an_empty_schema_made_beforehand_is_used(database: str) -> None:
    """So a role that may not make schemas can still have a store."""
    url = fresh(database)
    schema = url.rpartition("=")[2]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    storage = open_postgres(url)
    given_project(storage)
    storage.close()
