"""One server for all tests of a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from evalflow_postgres.testing import NoServer, server


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """The URL of a database on a real server."""
    try:
        with server() as url:
            yield url
    except NoServer as why:
        pytest.skip(f"no PostgreSQL: {why}")
