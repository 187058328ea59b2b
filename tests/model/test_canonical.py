"""Canonical text is the same to the byte, whoever writes it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalflow.model import canonical as module
from evalflow.model.canonical import canonical, parse, plainly

orjson = pytest.importorskip("orjson", reason="not on this machine: orjson (pip install orjson)")

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_WHOLE = st.integers(-(2**70), 2**70)
_TREES = st.recursive(
    st.none() | st.booleans() | _WHOLE | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner) | st.tuples(inner, inner),
    max_leaves=25,
)


@settings(max_examples=500, deadline=None)
@given(_TREES)
def test_any_tree_has_the_text_of_the_standard_library(tree: Any) -> None:
    assert canonical(tree) == plainly(tree)
    assert plainly(parse(canonical(tree))) == plainly(tree)
    assert module._dumps is not None, "orjson is installed, and was not asked"


@pytest.mark.slow
def test_every_character_has_the_text_of_the_standard_library() -> None:
    for first in range(0, 0x110000, 0x800):
        if not 0xD800 <= first <= 0xDFFF:
            text = "".join(map(chr, range(first, first + 0x800)))
            assert canonical({text: text}) == plainly({text: text})


@pytest.mark.parametrize("odd", [2**64, -(2**63) - 1, {1: "a"}, {True: 1}, "\ud800", [()]])
def test_what_orjson_does_not_take_is_written_as_ever(odd: Any) -> None:
    assert canonical(odd) == plainly(odd)


@pytest.mark.parametrize("odd", [Decimal("1.5"), {1, 2}, b"bytes", object()])
def test_what_is_no_tree_is_not_written(odd: Any) -> None:
    with pytest.raises(TypeError):
        canonical({"a": [odd]})
