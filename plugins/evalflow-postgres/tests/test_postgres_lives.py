"""Random lives in memory, in an SQLite file and in PostgreSQL at once: all agree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from evalflow_postgres.testing import fresh

from evalflow.testing.engines import live_and_agree

LIVES = int(os.environ.get("EVALFLOW_LIVES", "10"))


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize("preset", [False, True], ids=["random lifecycles", "major-works"])
def test_any_life_is_the_same_on_three_storages(
    database: str, tmp_path: Path, preset: bool
) -> None:
    count = iter(range(1 << 30))
    live_and_agree(
        lambda: [f"sqlite:///{tmp_path / str(next(count))}.db", fresh(database)],
        preset=preset,
        examples=LIVES,
        steps=25,
    )
