"""Random lives on every storage at once: all agree with each other and with a plain model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evalflow.testing.engines import live_and_agree

# More by the environment: `make trust` does.
LIVES = int(os.environ.get("EVALFLOW_LIVES", "15"))


@pytest.mark.counting
@pytest.mark.slow
@pytest.mark.parametrize("preset", [False, True], ids=["random lifecycles", "major-works"])
def test_any_life_is_the_same_everywhere(tmp_path: Path, preset: bool) -> None:
    count = iter(range(1 << 30))
    live_and_agree(
        lambda: [f"sqlite:///{tmp_path / str(next(count))}.db"], preset=preset, examples=LIVES
    )
