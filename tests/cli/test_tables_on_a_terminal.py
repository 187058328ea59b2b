"""A table put together by itself is the one that rich lays out, to the letter."""

from __future__ import annotations

import contextlib
import io

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from evalflow.cli.session import Session
from evalflow.cli.tables import _NARROW, _width, plain_table

SIGNS = "".join(sorted(_NARROW))
TEXTS = st.text(st.sampled_from("ab 가나.×○·─é\u0301[:]👍…-12\t\u200b"), max_size=9) | st.text(
    max_size=6
)


@st.composite
def tables(
    draw: st.DrawFn,
) -> tuple[list[str], list[list[str]], list[int], str | None]:
    count = draw(st.integers(1, 4))
    heads = draw(st.lists(TEXTS, min_size=count, max_size=count))
    rows = draw(st.lists(st.lists(TEXTS, min_size=count, max_size=count), max_size=4))
    right = draw(st.lists(st.integers(0, count - 1), max_size=2))
    return heads, rows, right, draw(st.none() | TEXTS)


@settings(max_examples=400)
@given(tables())
def test_it_is_the_table_that_rich_lays_out(
    given_: tuple[list[str], list[list[str]], list[int], str | None],
) -> None:
    heads, rows, right, title = given_
    plain = plain_table(heads, rows, right, title, 160)
    if plain is None:
        return
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        Session(store=None, lang="en")._rich_table(heads, rows, right, title)
    assert plain == out.getvalue()


def test_what_is_usual_is_put_together_and_what_must_be_folded_is_not() -> None:
    heads = ["관리번호", "Name"]
    assert plain_table(heads, [["gu/1", "가나다"]], (0,), None, 160) is not None
    assert plain_table(heads, [["gu/1", "가" * 80]], (0,), None, 160) is None


@given(st.text(st.sampled_from(SIGNS + "가힣a 1") | st.characters()))
def test_a_text_is_as_wide_as_rich_says(text: str) -> None:
    if text.isprintable():
        assert _width(text) == cell_len(text)


def test_every_sign_that_is_taken_for_narrow_is_narrow() -> None:
    assert {sign for sign in _NARROW if cell_len(sign) != 1} == set()
