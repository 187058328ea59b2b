"""Random lives of an office, compared with the memory storage."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Callable

from evalflow.testing.children import Opener
from evalflow.testing.storage_base import StorageKit


class LifeTests(StorageKit):
    """Whatever happens, the storage answers as the one in memory does."""

    def test_any_life_is_the_same_as_in_memory(self, new_store: Callable[[], Opener]) -> None:
        from evalflow.testing.lives import live_and_compare  # Hypothesis, imported when used

        live_and_compare(
            new_store, reopens=self.reopens, examples=self.examples, shrinks=self.shrinks
        )
