"""A storage of a few lines keeps the whole contract: what `StorageBase` gives its author."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

import evalflow
from evalflow import StorageError
from evalflow.plugins import hookimpl
from evalflow.storage import Shelf, StorageBase, WritableShelf
from evalflow.testing import StorageConformance
from evalflow.testing.children import Opener
from evalflow.testing.given import given_project
from evalflow.testing.lives import live_and_compare


class Texts:
    """Texts in a dictionary; one that was given to somebody is never changed again."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts, self.keys = texts, sorted(texts)

    def get(self, key: str) -> str | None:
        return self.texts.get(key)

    def scan(self, start: str, end: str) -> Iterator[tuple[str, str]]:
        for key in self.keys[bisect_left(self.keys, start) : bisect_left(self.keys, end)]:
            yield key, self.texts[key]

    def put(self, key: str, text: str) -> None:
        if key not in self.texts:
            self.keys.insert(bisect_left(self.keys, key), key)
        self.texts[key] = text

    def remove(self, key: str) -> None:
        del self.texts[key]
        del self.keys[bisect_left(self.keys, key)]


class InADict(StorageBase):
    """The shortest storage there is."""

    def __init__(self) -> None:
        self.texts, self.turn = Texts({}), threading.Lock()

    @contextmanager
    def shelf(self) -> Iterator[Shelf]:
        yield self.texts

    @contextmanager
    def changing(self) -> Iterator[WritableShelf]:
        with self.turn:
            texts = Texts(dict(self.texts.texts))
            yield texts
            self.texts = texts


class TestInADict(StorageConformance):
    reopens = shared = False
    examples = 10
    points: ClassVar = {"commit:begun": False, "commit:written": False}

    @pytest.fixture
    def new_store(self) -> Callable[[], Opener]:
        return lambda: InADict


@pytest.mark.counting
@pytest.mark.slow
def test_hundreds_of_lives_are_the_same_as_in_memory() -> None:
    live_and_compare(lambda: InADict, reopens=False, examples=200)


class Dicts:
    @hookimpl
    def evalflow_storages(self):
        return {"dict": lambda url: InADict()}


def test_an_office_works_on_it_and_its_history_is_whole() -> None:
    office = evalflow.open("dict:", plugins=[Dicts()])
    plan = evalflow.load_plan(evalflow.example("seodaemun-2016"))
    office.adopt(plan, by=plan.actor("policy-1"))
    office.fire(
        "seodaemun-2016/2",
        "self_evaluate",
        by=office.actor("seodaemun-2016", "audit-office-1"),
        data={"actuals": {"patrols": 27, "settled": 96}},
    )
    assert list(office.audit.verify()) == []
    assert isinstance(office.storage, evalflow.storage.Copies)


def test_what_a_later_version_wrote_is_left_alone(tmp_path: Path) -> None:
    storage = InADict()
    given_project(storage)
    storage.copy_to(tmp_path / "copy")
    storage.texts.put("evalflow", "2")
    for act in (storage.plans, lambda: storage.settle([])):
        with pytest.raises(StorageError) as caught:
            act()
        assert caught.value.code == "newer"
    copy = (tmp_path / "copy").read_text("utf-8")
    (tmp_path / "later").write_text(copy.replace('"evalflow-base","1"', '"evalflow-base","2"'))
    with pytest.raises(StorageError) as caught:
        InADict().restore_from(tmp_path / "later")
    assert caught.value.code == "newer"
