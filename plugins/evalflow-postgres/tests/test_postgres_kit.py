"""The storage keeps the contract: the public kit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from evalflow_postgres import open_postgres
from evalflow_postgres.testing import fresh

from evalflow.testing import StorageConformance
from evalflow.testing.children import Opener


@pytest.mark.servers
@pytest.mark.slow
class TestPostgres(StorageConformance):
    examples = 10

    @pytest.fixture
    def new_store(self, database: str) -> Callable[[], Opener]:
        return lambda: partial(open_postgres, fresh(database))
