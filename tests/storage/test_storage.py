"""Both built-in storages keep the contract: the public kit, run on ourselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest

from evalflow.storage.memory import MemoryStorage
from evalflow.storage.sqlite import open_sqlite
from evalflow.testing import StorageConformance
from evalflow.testing.children import Opener
from evalflow.testing.lives import live_and_compare


class TestMemory(StorageConformance):
    reopens = shared = False
    examples = 5  # it is compared with itself
    points: ClassVar = {"commit:begun": False}

    @pytest.fixture
    def new_store(self) -> Callable[[], Opener]:
        return lambda: MemoryStorage


class TestSQLite(StorageConformance):
    examples = 10  # and many more in the slow lane

    @pytest.fixture
    def new_store(self, tmp_path: Path) -> Callable[[], Opener]:
        numbers = count()
        return lambda: partial(open_sqlite, tmp_path / f"{next(numbers)}.db")


@pytest.mark.counting
@pytest.mark.slow
def test_hundreds_of_lives_are_the_same_as_in_memory(tmp_path: Path) -> None:
    numbers = count()
    live_and_compare(
        lambda: partial(open_sqlite, tmp_path / f"{next(numbers)}.db"), reopens=True, examples=300
    )
