"""One server for all tests of a session, and stores of their own in it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from evalflow_postgres import PostgresStorage, open_postgres
from evalflow_postgres.testing import NoServer, Server, fresh, server


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """The URL of a database on a real server."""
    try:
        with server() as url:
            yield url
    except NoServer as why:
        pytest.skip(f"not on this machine: PostgreSQL (apt-get install postgresql): {why}")


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that the test may stop and start."""
    try:
        running = Server()
    except NoServer as why:
        pytest.skip(f"not on this machine: PostgreSQL (apt-get install postgresql): {why}")
    try:
        running.start()
        yield running
    finally:
        running.remove()


@pytest.fixture
def url(database: str) -> str:
    """The URL of a new, empty store."""
    return fresh(database)


@pytest.fixture
def storage(url: str) -> Iterator[PostgresStorage]:
    """A new, empty store, open."""
    opened = open_postgres(url)
    yield opened
    opened.close()


@pytest.fixture
def host(database: str, storage: PostgresStorage) -> Iterator[psycopg.Connection]:
    """A connection of another program; the store's schema comes first in its search path."""
    with psycopg.connect(database) as connection:
        connection.execute(f"SET search_path = {storage.schema}")
        connection.commit()
        yield connection
        connection.rollback()
