"""Backups, and who runs a store (`evalflow.storage.Copies`, `SoleRunner`): what a storage may have
besides."""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalflow import StorageError
from evalflow.storage import Copies, SoleRunner, Storage
from evalflow.testing.children import Opener
from evalflow.testing.given import entry_after, given_project
from evalflow.testing.storage_base import StorageKit
from evalflow.testing.storage_common import (
    PLAN,
    SIX,
    Open,
    assert_sound,
    everything,
    populate,
)


class CopyTests(StorageKit):
    """A copy holds everything of one moment, and comes back as it was."""

    def test_what_is_restored_is_what_was_copied(
        self, new_store: Callable[[], Opener], tmp_path: Path
    ) -> None:
        of, into = new_store()(), new_store()()
        try:
            if not isinstance(of, Copies) or not isinstance(into, Copies):
                pytest.skip(f"{type(of).__name__} makes no copies")
            populate(of)
            told = given_project(of, f"{PLAN}/9")
            of.commit(entry_after(told, told=("policy-1",)))
            of.copy_to(tmp_path / "copy")
            before = everything(of)
            assert before["outbox"]
            six = of.snapshot(SIX)
            assert six is not None
            of.commit(entry_after(six.project))  # later than the copy

            into.restore_from(tmp_path / "copy")
            assert everything(into) == before
            again = into.snapshot(SIX)
            assert again is not None
            into.commit(entry_after(again.project))  # it goes on from there
            assert_sound(into)
            assert everything(into) == everything(of)
        finally:
            of.close()
            into.close()

    def test_a_copy_overwrites_nothing(self, storage: Storage, tmp_path: Path) -> None:
        if not isinstance(storage, Copies):
            pytest.skip(f"{type(storage).__name__} makes no copies")
        populate(storage)
        storage.copy_to(tmp_path / "copy")
        kept, before = (tmp_path / "copy").read_bytes(), everything(storage)
        for act, path, code in (
            (storage.copy_to, tmp_path / "copy", "exists"),
            (storage.copy_to, tmp_path / "no" / "copy", "missing"),
            (storage.restore_from, tmp_path / "copy", "exists"),
            (storage.restore_from, tmp_path / "none", "missing"),
        ):
            with pytest.raises(StorageError) as caught:
                act(path)
            assert caught.value.code == code
        assert (tmp_path / "copy").read_bytes() == kept
        assert everything(storage) == before

    def test_what_is_no_whole_copy_is_refused_and_nothing_is_written(
        self, new_store: Callable[[], Opener], tmp_path: Path
    ) -> None:
        of, into = new_store()(), new_store()()
        try:
            if not isinstance(of, Copies) or not isinstance(into, Copies):
                pytest.skip(f"{type(of).__name__} makes no copies")
            populate(of)
            of.copy_to(tmp_path / "whole")
            content = (tmp_path / "whole").read_bytes()
            spoilt = bytearray(content)
            for place in range(len(content) // 3, 2 * len(content) // 3):
                spoilt[place] ^= 0x5A
            for name, wrong in (
                ("other", b"something else"),
                ("cut", content[: len(content) // 2]),
                ("spoilt", bytes(spoilt)),
            ):
                (tmp_path / name).write_bytes(wrong)
                with pytest.raises(StorageError) as caught:
                    into.restore_from(tmp_path / name)
                assert caught.value.code in ("foreign", "corrupt"), name
            assert into.plans() == ()
            into.restore_from(tmp_path / "whole")
            assert everything(into) == everything(of)
        finally:
            of.close()
            into.close()

    def test_one_alone_runs_a_store(self, open_store: Open) -> None:
        one, two = open_store(), open_store()
        if not isinstance(one, SoleRunner) or not isinstance(two, SoleRunner):
            pytest.skip(f"{type(one).__name__} does not know who runs it")
        held = one.hold()
        assert held is not None
        assert held.still()
        assert two.hold() is None
        given_project(two)  # it is about running alone: everybody writes
        held.release()
        again = two.hold()
        assert again is not None
        assert one.hold() is None
        again.release()
