"""Wrong calls of an engine, on the built-in storages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from types import FunctionType
from typing import Any

import pytest

import evalflow
from evalflow import InvalidInput
from evalflow.testing.calls import WrongCalls


class TestCalls(WrongCalls):
    @pytest.fixture
    def url(self, store_url: str) -> str:
        return store_url


def test_the_annotations_of_every_public_function_are_understood() -> None:
    """They are read when it is called first: one that is not understood is found here."""
    for name in dir(evalflow):
        value = getattr(evalflow, name)
        functions = vars(value).values() if isinstance(value, type) else [value]
        for each in functions:
            if isinstance(each, FunctionType) and hasattr(each, "__wrapped__"):
                with suppress(InvalidInput, TypeError):
                    each(**{"self": None, "there is no such argument": 1})


ANYHOW: Any = evalflow
"""The same names, of which type checkers know nothing."""


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: ANYHOW.open(6), "url: expected text, got 6 (int)"),
        (lambda: ANYHOW.open("memory:", clock=6), "clock: expected a function, got 6 (int)"),
        (lambda: ANYHOW.load_plan(6), "source: expected text or a path, got 6 (int)"),
        (lambda: ANYHOW.load_batch(None), "path: expected text or a path, got None"),
        (lambda: ANYHOW.overlaps("memory:"), "engine: expected an Engine (evalflow.open(url)),"),
        (lambda: ANYHOW.View("memory:", "kim"), "engine: expected an Engine"),
        (lambda: ANYHOW.Facade(None), "engine: expected an Engine"),
        (lambda: ANYHOW.select_plan(6, 7, 8), "selection: expected text, got 7 (int)"),
    ],
)
def test_functions_beside_the_engine_look_at_what_they_are_given(
    call: Callable[[], object], told: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        call()
    assert any(line.startswith(told) for line in caught.value.text("en").splitlines())


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"text": "x", 6: "y"}, "data: expected text, got 6 (int)"),
        ({"on": dt.datetime(2016, 4, 5)}, "data.on: "),
    ],
)
def test_what_is_wrong_with_the_data_of_an_event_is_told_before_anything_is_read(
    data: Any, told: str
) -> None:
    with evalflow.open("memory:") as engine, pytest.raises(InvalidInput) as caught:
        engine.fire("no/1", "submit", by="nobody-1", data=data)
    assert caught.value.text("en").startswith(told)
