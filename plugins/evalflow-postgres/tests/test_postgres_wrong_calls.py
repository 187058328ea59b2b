"""Wrong calls on PostgreSQL, and connections of a host that a storage cannot join."""

from __future__ import annotations

import asyncio
import datetime as dt

import psycopg
import pytest
from evalflow_postgres import PostgresStorage

from evalflow import InvalidInput, StorageError
from evalflow.storage import Selection
from evalflow.testing.calls import WrongCalls

pytestmark = pytest.mark.servers


class TestCalls(WrongCalls):
    @pytest.fixture
    def url(self, url: str) -> str:
        return url


class Pool:
    """What a host may take for a connection: it has some."""

    def getconn(self) -> None: ...


@pytest.mark.parametrize("wrong", [None, 6, "postgresql:///office", Pool()])
def test_what_is_no_connection_is_told(wrong: object) -> None:
    with pytest.raises(InvalidInput, match="takes a connection of psycopg") as caught:
        PostgresStorage.on_connection(wrong)  # type: ignore[arg-type]
    assert caught.value.problems[0].code == "not_joinable"


def test_a_connection_for_asyncio_is_told(database: str) -> None:
    async def asked() -> None:
        connection = await psycopg.AsyncConnection.connect(database)
        try:
            with pytest.raises(InvalidInput, match=r"not psycopg\..*AsyncConnection"):
                PostgresStorage.on_connection(connection)  # type: ignore[arg-type]
        finally:
            await connection.close()

    asyncio.run(asked())


def test_a_closed_connection_is_told_when_it_is_handed_over_and_later(
    database: str, storage: PostgresStorage
) -> None:
    host = psycopg.connect(database)
    joined = PostgresStorage.on_connection(host, schema=storage.schema)
    host.close()
    with pytest.raises(InvalidInput, match="takes an open connection"):
        PostgresStorage.on_connection(host, schema=storage.schema)
    for ask in (
        joined.plans,
        joined.trusted_now,
        lambda: list(joined.select(Selection())),
        lambda: list(joined.entries()),
        lambda: joined.reading().__enter__(),
        lambda: joined.resend([("a", "b")], at=dt.datetime(2016, 4, 4, tzinfo=dt.UTC)),
    ):
        with pytest.raises(StorageError):
            ask()


def test_a_storage_on_a_hosts_connection_answers_nothing_once_it_is_closed(
    host: psycopg.Connection, storage: PostgresStorage
) -> None:
    joined = PostgresStorage.on_connection(host, schema=storage.schema)
    joined.close()
    with pytest.raises(StorageError, match="closed"):
        joined.plans()
    assert host.execute("SELECT 1").fetchone() == (1,)
