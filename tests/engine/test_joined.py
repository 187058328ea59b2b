"""An engine on a host's open transaction: on SQLite, by the driver and by SQLAlchemy."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow.testing.joining import PROJECT, Desk, Joining


class _Django(sqlite3.Connection):
    """A host that begins its transactions itself, on a connection in autocommit, as Django does."""

    def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:
        if sql.startswith("INSERT INTO host_paper") and not self.in_transaction:
            super().execute("BEGIN")
        return super().execute(sql, *given)


class TestOnSQLite(Joining):
    @pytest.fixture
    def new_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'office.db'}"

    @pytest.fixture(params=["the driver begins", "the host begins"])
    def connect(self, new_url: str, request: pytest.FixtureRequest) -> Callable[[], Any]:
        path = new_url.removeprefix("sqlite:///")

        def connected() -> sqlite3.Connection:
            if request.param == "the host begins":
                return sqlite3.connect(path, isolation_level=None, factory=_Django)
            connection = sqlite3.connect(path)
            connection.row_factory = lambda _, row: {"title": row[0]}
            return connection

        return connected

    def test_another_file_is_told(self, desk: Desk, tmp_path: Path) -> None:
        for place in (":memory:", str(tmp_path / "other.db")):
            with (
                closing(sqlite3.connect(place)) as other,
                pytest.raises(evalflow.InvalidInput) as told,
            ):
                desk.engine.joined(other)
            assert [each.code for each in told.value.problems] == ["another_store"]

    def test_who_read_before_somebody_wrote_begins_anew(self, desk: Desk, host: Any) -> None:
        host.execute("BEGIN")
        joined = desk.engine.joined(host)
        assert joined.project(PROJECT).version == 1
        desk.fire(desk.engine)
        with pytest.raises(evalflow.Conflict):
            desk.fire(joined)
        host.rollback()
        assert desk.fire(joined) == 3
        host.commit()

    def test_a_connection_of_another_thread_is_told(
        self, desk: Desk, connect: Callable[[], Any]
    ) -> None:
        with ThreadPoolExecutor() as elsewhere:
            connection = elsewhere.submit(connect).result()
            with pytest.raises(evalflow.InvalidInput) as told:
                desk.engine.joined(connection)
            elsewhere.submit(connection.close).result()
        assert "on the thread that made it" in told.value.text("en")

    def test_who_waits_too_long_for_a_writer_is_told_and_goes_on(
        self, desk: Desk, host: Any
    ) -> None:
        other = sqlite3.connect(desk.engine.storage.path, isolation_level=None)  # type: ignore[attr-defined]
        other.execute("BEGIN IMMEDIATE")
        host.execute("PRAGMA busy_timeout = 20")
        with pytest.raises(evalflow.StorageError) as told:
            desk.fire(desk.engine.joined(host))
        assert told.value.code == "locked"
        other.close()
        assert desk.fire(desk.engine.joined(host)) == 2
        host.commit()


def test_a_host_in_autocommit_commits_each_firing(tmp_path: Path) -> None:
    desk = Desk(f"sqlite:///{tmp_path / 'office.db'}", tmp_path)
    host = sqlite3.connect(tmp_path / "office.db", isolation_level=None)
    joined = desk.engine.joined(host)
    assert desk.fire(joined) == 2
    assert desk.engine.project(PROJECT).version == 2
    with joined.reading() as then:
        assert desk.fire(desk.engine) == 3
        assert then.project(PROJECT).version == 2
    assert not host.in_transaction
    host.execute("BEGIN")
    assert desk.fire(joined) == 4
    host.execute("ROLLBACK")
    assert desk.engine.project(PROJECT).version == 3
    with pytest.raises(ValueError, match="host's transaction"):
        joined.storage.copy_to(tmp_path / "copy.db")  # type: ignore[attr-defined]
    host.close()
    desk.engine.close()


def test_memory_joins_nothing(tmp_path: Path) -> None:
    desk = Desk("memory:", tmp_path)
    with (
        closing(sqlite3.connect(":memory:")) as host,
        pytest.raises(evalflow.InvalidInput) as told,
    ):
        desk.engine.joined(host)
    assert "MemoryStorage" in told.value.text("en")
    desk.engine.close()


def test_a_session_and_a_connection_of_sqlalchemy_are_joined(tmp_path: Path) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    orm = pytest.importorskip("sqlalchemy.orm")
    desk = Desk(f"sqlite:///{tmp_path / 'office.db'}", tmp_path)
    database = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'office.db'}")
    with database.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE host_paper (title text)"))
        assert desk.fire(desk.engine.joined(connection)) == 2
    for ends, version in ((orm.Session.rollback, 2), (orm.Session.commit, 3)):
        with orm.Session(database) as session:
            session.execute(sqlalchemy.text("INSERT INTO host_paper VALUES ('a')"))
            assert desk.fire(desk.engine.joined(session)) == 3
            ends(session)
        assert desk.engine.project(PROJECT).version == version
    scoped = orm.scoped_session(orm.sessionmaker(database))
    assert desk.engine.joined(scoped).project(PROJECT).version == 3
    scoped.remove()
    database.dispose()
    desk.engine.close()
