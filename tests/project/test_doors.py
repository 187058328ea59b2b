"""The same text is the same figure through every door, or is refused at each of them: in a plan, a
table of any program, a department's workbook, on the command line, in a file of data."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import ways_in
from evalflow.files import table
from evalflow.files.cells import is_none
from evalflow.files.figures import Figure, why_not_due
from evalflow.files.figures import read_figure as read

MANY = 20
_INPUTS = int(os.environ.get("EVALFLOW_INPUTS", "0"))
often = settings(
    max_examples=_INPUTS // 20 or 4,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)

AS_OFFICES_WRITE = (
    "12", "1,234", "84.5%", "84.5 ％", "△12", "▲ 1,200.5", "−3", "－３", "１２．５", " 12 ",
    "12\n", "\u00a012", "\u200912", "1\u2009234", "12\u200b", "12\u00ad", "\u200e12",
    "\ufeff12", "12\u3164", "①", "12①", "12²", "Ⅳ", "四", "一二三", "壹", "1.5백만", "1천 5백",
    "1억 2,000만", "3천만원", "약 30", "30여 개소", "30~40", "30/40", "100%↑", "↑12",
    "해당없음", "N/A", "〃", "동일", '"', "계", "(12)", "(△12)", "12(잠정)", "잠정 12", "=1+1",
    '=HYPERLINK("a","1")', "'12", "+12", "1e3", "0x10", "1_000", "TRUE", "nan", "Infinity",
    "12.", ".5", "1.234,5", "1,5", "0,084", "12명", "12%p", "-12%", "- 12", "ー12", "ㅡ12",
    "~12", "±12", "≥12", "12 이상", "1:2", "2016-3", "26.3.5", "3/4", "12;", "12,", "12원",
    "12*", "※12", "12주)", "#12", "No.12", "12호", "1\t2", "1２", "00012", "-0", "0.0",
    "9" * 18, "9" * 19, "0." + "1" * 18, "0." + "1" * 19, "1️⃣", "\u115f12", "12\u0301", "1천",
    "1,000원", "일금 1,000원", "₩1,000", "1조 2억", "1억 2천", "0", "1.5",
)  # fmt: skip

_PIECES = st.sampled_from(
    "0123456789,.-+()%/~△▲▼−–①²Ⅳ*억만천백원명이상약여eE:₩_５，．（）％\u00a0\u2009\u200b\u00ad\n"
)
_plain = st.decimals(-(10**6), 10**6, places=3).map(lambda figure: f"{figure:,f}")
_framed = st.tuples(
    st.sampled_from(["", "△", "▲", "-", "+", "약 ", "(", "\u200e", "①", " "]),
    _plain | st.integers(0, 10**9).map(str),
    st.sampled_from(
        ["", "%", " ％", "명", ")", "이상", "여", "~", "²", "\u200b", "(잠정)", "천", "백만", "원"]
    ),
).map("".join)
_texts = st.sampled_from(AS_OFFICES_WRITE) | st.text(_PIECES, min_size=1, max_size=8) | _framed


def asks_for_a_figure(text: str) -> bool:
    """Leave out what a door knows by itself: nothing, `-` and 시기미도래, and the `'` that is
    written before a cell of CSV."""
    bare = text.strip()
    is_known = not bare or is_none(bare) or why_not_due(bare) is not None
    return not is_known and not bare.startswith("'")


_many = st.lists(_texts.filter(asks_for_a_figure), min_size=MANY, max_size=MANY)


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ways_in.Offices]:
    every = pytest.MonkeyPatch()  # each wrong row is named, however many are alike
    every.setattr(table, "MOST_ALIKE", 10 * MANY)
    yield ways_in.Offices(tmp_path_factory.mktemp("doors"), MANY)
    every.undo()


def filled_up(texts: Sequence[str]) -> Iterator[list[str]]:
    for at in range(0, len(texts), MANY):
        yield [*texts[at : at + MANY], *["1"] * MANY][:MANY]


def figures_agree(offices: ways_in.Offices, texts: list[str]) -> None:
    said = [read(text, unit=ways_in.UNIT) for text in texts]
    for name, door in ways_in.FIGURES.items():
        final = name == "plan file" or name.startswith("targets")
        right = [
            each.value if isinstance(each, Figure) and not (final and each.provisional) else None
            for each in said
        ]
        told(name, texts, door(offices, texts), right)


def amounts_agree(offices: ways_in.Offices, texts: list[str]) -> None:
    said = [read(text, money=True) for text in texts]
    right = [
        each.value
        if isinstance(each, Figure)
        and not each.provisional
        and each.value >= 0
        and each.value == int(each.value)
        else None
        for each in said
    ]
    for name, door in ways_in.WON.items():
        told(name, texts, door(offices, texts), right)


def told(
    name: str, texts: list[str], taken: list[Decimal | None], right: list[Decimal | None]
) -> None:
    other = [
        (text, got, wanted)
        for text, got, wanted in zip(texts, taken, right, strict=True)
        if got != wanted
    ]
    assert not other, f"{name}: {other}"


@pytest.mark.slow
@pytest.mark.parametrize("agree", [figures_agree, amounts_agree])
def test_what_offices_write_is_the_same_through_every_door(
    offices: ways_in.Offices, agree: Any
) -> None:
    for texts in filled_up([each for each in AS_OFFICES_WRITE if asks_for_a_figure(each)]):
        agree(offices, texts)


@pytest.mark.slow
@pytest.mark.parametrize("agree", [figures_agree, amounts_agree])
def test_no_text_is_another_figure_through_another_door(
    offices: ways_in.Offices, agree: Any
) -> None:
    @often
    @given(_many)
    def tried(texts: list[str]) -> None:
        agree(offices, texts)

    tried()


def test_a_few_of_them_are_the_same_through_every_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MOST_ALIKE", 10 * MANY)
    few = ways_in.Offices(tmp_path, 4)
    figures_agree(few, ["△1,234.5%", "12~13", "１２", "1,5"])
