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


class TestMemory(StorageConformance):
    reopens = shared = False
    points: ClassVar = {"commit:begun": False}

    @pytest.fixture
    def new_store(self) -> Callable[[], Opener]:
        return lambda: MemoryStorage


class TestSQLite(StorageConformance):
    @pytest.fixture
    def new_store(self, tmp_path: Path) -> Callable[[], Opener]:
        numbers = count()
        return lambda: partial(open_sqlite, tmp_path / f"{next(numbers)}.db")
