"""What every part of the storage kit needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from evalflow.storage import Storage
from evalflow.testing.children import Opener
from evalflow.testing.storage_common import Open


class StorageKit:
    """What every part of the kit needs: what a storage declares, and a store to test."""

    reopens: ClassVar[bool] = True
    shared: ClassVar[bool] = True
    points: ClassVar[dict[str, bool]] = {
        "commit:begun": False,
        "commit:written": False,
        "commit:done": True,
    }
    examples: ClassVar[int] = 40
    shrinks: ClassVar[bool] = True

    @pytest.fixture
    def new_store(self) -> Callable[[], Opener]:
        """Return a function that makes a new, empty store and returns what opens it."""
        raise NotImplementedError("give a fixture `new_store`; see evalflow.testing.storage")

    @pytest.fixture
    def open_store(self, new_store: Callable[[], Opener]) -> Iterator[Open]:
        """One store; every call opens it once more, and all are closed afterwards."""
        opener = new_store()
        opened: list[Storage] = []

        def open_it() -> Storage:
            opened.append(opener())
            return opened[-1]

        open_it.opener = opener  # type: ignore[attr-defined]
        yield open_it
        for storage in opened:
            storage.close()

    @pytest.fixture
    def storage(self, open_store: Open) -> Storage:
        """An open, empty store."""
        return open_store()

    @pytest.fixture
    def opener(self, open_store: Open) -> Opener:
        """What opens the same store in another process."""
        if not self.shared:
            pytest.skip(f"{type(self).__name__} declares shared = False: one process only")
        return open_store.opener  # type: ignore[attr-defined,no-any-return]

    def _needs_reopening(self) -> None:
        if not self.reopens:
            pytest.skip(f"{type(self).__name__} declares reopens = False: it keeps nothing")

    def _needs_points(self) -> None:
        if not self.points:
            pytest.skip(f"{type(self).__name__} declares no fault points to be crashed at")
