"""Two engines on PostgreSQL, each in the middle of what the other does, beside a plain model."""

from __future__ import annotations

import os

import pytest
from evalflow_postgres.testing import fresh

from evalflow.testing.interleaved import interleave

LIVES = int(os.environ.get("EVALFLOW_LIVES", "5"))


@pytest.mark.servers
@pytest.mark.slow
def test_two_engines_make_one_life_on_postgresql(database: str) -> None:
    found = interleave(lambda: fresh(database), examples=LIVES)
    assert found["in the middle of another"] > LIVES
