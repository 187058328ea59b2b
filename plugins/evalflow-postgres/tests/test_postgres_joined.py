"""An engine on a host's open transaction: on PostgreSQL, by psycopg and by SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from evalflow_postgres.testing import fresh

import evalflow
from evalflow.testing.joining import PROJECT, Desk, Joining

pytestmark = pytest.mark.servers


class TestOnPostgres(Joining):
    @pytest.fixture
    def new_url(self, url: str) -> str:
        return url

    @pytest.fixture(params=[psycopg.Cursor, psycopg.ClientCursor])
    def connect(self, database: str, request: pytest.FixtureRequest) -> Callable[[], Any]:
        def connected() -> psycopg.Connection[Any]:
            return psycopg.connect(database, cursor_factory=request.param)

        return connected

    def test_another_database_is_told(self, desk: Desk, database: str) -> None:
        with psycopg.connect(database, autocommit=True) as admin:
            admin.execute("CREATE DATABASE another")
        with psycopg.connect(database, dbname="another") as elsewhere:
            for _ in range(2):
                with pytest.raises(evalflow.InvalidInput) as told:
                    desk.engine.joined(elsewhere)
                assert [each.code for each in told.value.problems] == ["another_store"]
        with psycopg.connect(database, autocommit=True) as admin:
            admin.execute("DROP DATABASE another")

    def test_an_async_connection_is_told(self, desk: Desk, database: str) -> None:
        connection = psycopg.AsyncConnection.__new__(psycopg.AsyncConnection)
        with pytest.raises(evalflow.InvalidInput) as told:
            desk.engine.joined(connection)
        assert "psycopg" in told.value.text("en")

    def test_a_host_without_rights_of_its_own_may_be_asked(
        self, desk: Desk, database: str, host: Any
    ) -> None:
        schema = desk.engine.storage.schema  # type: ignore[attr-defined]
        host.execute("CREATE ROLE clerk_of_host")
        host.execute(f"GRANT USAGE ON SCHEMA {schema} TO clerk_of_host")
        host.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO clerk_of_host")
        host.execute("SET ROLE clerk_of_host")
        assert desk.engine.joined(host).project(PROJECT).version == 1
        host.rollback()


def test_with_a_pool_of_one_a_host_joins_while_it_reads(url: str, tmp_path: Path) -> None:
    desk = Desk(f"{url}&connections=1", tmp_path)
    with psycopg.connect(url.partition("?")[0]) as host:
        for _ in desk.engine.projects():
            desk.engine.joined(host).permitted(PROJECT, by="north-1")
    desk.engine.close()


def test_a_session_and_a_connection_of_sqlalchemy_are_joined(database: str, tmp_path: Path) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    orm = pytest.importorskip("sqlalchemy.orm")
    desk = Desk(fresh(database), tmp_path)
    url = sqlalchemy.make_url(database).set(drivername="postgresql+psycopg")
    host = sqlalchemy.create_engine(url)
    with host.begin() as connection:
        assert desk.fire(desk.engine.joined(connection)) == 2
    for ends, version in ((orm.Session.rollback, 2), (orm.Session.commit, 3)):
        with orm.Session(host) as session:
            assert desk.fire(desk.engine.joined(session)) == 3
            ends(session)
        assert desk.engine.project(PROJECT).version == version
    host.dispose()
    desk.engine.close()
