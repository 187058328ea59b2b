"""The charts say what they were given, in the same picture on every machine."""

from __future__ import annotations

import random
import re
from decimal import Decimal

from evalflow_report import charts

COLOURS = {"done": "#123456", "late": "#654321"}


def chart(*names: str) -> str:
    return charts.shares([(name, {"done": 2, "late": 1}) for name in names], COLOURS)


def width(drawn: str) -> float:
    found = re.search(r'viewBox="0 0 ([\d.]+) ', drawn)
    assert found
    return float(found[1])


def test_a_long_korean_name_is_shown_whole() -> None:
    """Measured in a font without Hangul it is taken for twice as wide, and cut."""
    name = "도시환경국 주민참여예산사업 추진단"
    assert f">{name}<" in chart("복지국", name)


def test_a_name_takes_the_room_that_its_letters_take() -> None:
    """A Hangul letter of NanumGothic is 0.94 em wide: 11.28 at the size of 12."""
    grown = width(chart("가" * 10)) - width(chart("가" * 5))
    assert abs(grown - 5 * 11.28) <= 1


def test_text_is_shown_in_the_pages_own_font() -> None:
    drawn = chart("복지국")
    assert set(re.findall(r'font-family="([^"]*)"', drawn)) == {"inherit"}
    assert "Nanum" not in drawn


def test_bars_put_together_are_those_that_vega_draws() -> None:
    rng = random.Random(5)
    makes = (
        lambda: None,
        lambda: Decimal(rng.randrange(1301)) / 10,
        lambda: Decimal(rng.randrange(-2000, 80001)) / 100,
        lambda: Decimal(rng.randrange(10**9)) / 10**9,
        lambda: rng.choice([Decimal(0), Decimal(100), Decimal("1E-9"), Decimal(125)]),
    )
    for count in [*range(14), *range(1, 14)] * 3:
        given = [
            (f"2016-{place:02}", rng.choice(makes)(), rng.choice(["var(--ok)", "#fff"]))
            for place in range(count)
        ]
        assert charts.rates_over_periods(given) == charts.drawn_rates(given), given
