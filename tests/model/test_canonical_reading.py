"""What is read where much is read is what the standard library reads, and is refused as it does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.model import canonical
from evalflow.model.canonical import plainly

READ = canonical._decoder()
ODD = [
    *("1", "-0", "-0.0", "1.50", "1e5", "1E+5", "1e400", "NaN", "Infinity", "-", "01", "1.", ".5"),
    *(str(2**63), str(2**64), str(-(2**70)), "1" * 5_000),
    *(
        '"\\ud800"',
        '"\ud800"',
        '"a\x01b"',
        '"\t"',
        '"\\u0000"',
        '"\x7f"',
        '"\\x"',
        '"\\/"',
        "\ufeff1",
    ),
    *('{"a":1,"a":2}', '{"a":1.0,"b":[2.5,{"c":-1e-3}]}', " [ 1 ] ", "[1,]", "{1:2}", "nul", ""),
    *("[" * 900 + "]" * 900, "[" * 100_000, '{"a":' * 100_000, '"😀\u2028"', "'a'", "1 2", "\x00"),
]
leaves = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def answer(read: Any, text: str) -> tuple[str, str]:
    """Return what comes of a text: its tree, in the order of its keys, or that it is none."""
    try:
        return "tree", repr(read(text))
    except (ValueError, RecursionError):
        return "none", ""


def as_ever(text: str) -> tuple[str, str]:
    return answer(json.JSONDecoder(parse_float=str).decode, text)


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text)[:20])
def test_odd_texts_are_read_as_ever(text: str) -> None:
    assert answer(READ, text) == as_ever(text)


@given(trees)
def test_any_tree_is_read_as_ever(tree: Any) -> None:
    for text in (json.dumps(tree), json.dumps(tree, ensure_ascii=False, indent=1)):
        assert answer(READ, text) == as_ever(text)


@given(trees, st.data())
def test_any_spoiled_text_is_read_or_refused_as_ever(tree: Any, data: st.DataObject) -> None:
    text = json.dumps(tree)
    place = data.draw(st.integers(0, len(text)))
    junk = data.draw(st.sampled_from([*'"\\{}[],:.-+eE019 \t\x00\x1fn', "\ud800", "é", ""]))
    spoiled = text[:place] + junk + text[place + 1 :]
    assert answer(READ, spoiled) == as_ever(spoiled)


def test_whoever_reads_much_reads_by_msgspec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "_decode", canonical._few)
    monkeypatch.setattr(canonical, "_read", 0)
    for _ in range(canonical._MUCH + 1):
        assert canonical._decode is canonical._few
        assert canonical.parse('{"rate":99.5}') == {"rate": "99.5"}
    assert canonical._decode is not canonical._few
    assert plainly(canonical.parse('{"rate":99.5}')) == '{"rate":"99.5"}'
