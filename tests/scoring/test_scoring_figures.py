"""Real figures: New York City's verdicts, and the published totals of Korean offices."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from evalflow.scoring.formulas import FORMULAS
from evalflow.scoring.kernel import half_up, mean_half_up, published
from evalflow.scoring.rollup import shares
from scoring_given import indicator, rate

HERE = Path(__file__).parents[1]
NYC = HERE.parent / ".." / "shared" / "data" / "nyc-mmr" / "indicator_periods.csv"
NOT_HERE = (
    "not on this machine: the New York City set (as ../shared/data/nyc-mmr, beside the repository)"
)
KOREA = HERE / "data" / "kr-published-aggregates" / "aggregates.csv"

Row = Mapping[str, str]


def rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


# --------------------------------------------------------------------------- New York City


def verdict(row: Row, formula: str, **rest: str) -> tuple[str, Decimal | None]:
    """Return status and rate of a row, with the direction that the city declares."""
    direction = row["desired_direction"].lower()
    asked = indicator(row["target"], direction=direction, formula=formula, **rest)
    line = rate(asked, [row["value"]], at=1).lines[0]
    return line.status, line.rate


A_FEW = """\
desired_direction,value,target,met
Down,4.5,12,Met_Goal
Down,12.14,10,Did_Not_Meet
Up,135207.187982471,140000,Did_Not_Meet
Up,100,100,Met_Goal
Down,0,0,Met_Goal
"""


@pytest.mark.parametrize("row", list(csv.DictReader(A_FEW.splitlines())), ids=lambda r: r["met"])
def test_a_verdict_of_new_york_city_is_reproduced(row: Any) -> None:
    met = Decimal("100.0" if row["met"] == "Met_Goal" else "0.0")

    assert verdict(row, "met_or_not") == ("rated", met)


def test_all_351_verdicts_of_new_york_city_are_reproduced() -> None:
    """By `met_or_not`, and by whether the unrounded rate of the formula reaches 100."""
    if not NYC.exists():
        pytest.skip(NOT_HERE)
    judged = [row for row in rows(NYC) if row["met"]]

    differing = []
    for row in judged:
        met = row["met"] == "Met_Goal"
        full = Decimal("100.0" if met else "0.0")
        by_rate = reaches_hundred(row)
        if verdict(row, "met_or_not") != ("rated", full) or by_rate != met:
            differing.append(row["indicator_id"])

    assert len(judged) == 351
    assert sum(row["met"] == "Met_Goal" for row in judged) == 183
    assert sum(Decimal(row["target"]) == 0 for row in judged) == 2
    assert differing == []


def reaches_hundred(row: Row) -> bool:
    """Ask the linear formulas, unrounded: 99.96 is published as 100.0 and not met."""
    target, value = Fraction(row["target"]), Fraction(row["value"])
    scale = target.denominator * value.denominator
    formula = FORMULAS["up" if row["desired_direction"] == "Up" else "down_linear"]
    ratio = formula.percent(int(value * scale), int(target * scale), zero_target="met_or_not")
    assert ratio is not None
    return Fraction(*ratio) >= 100


def test_an_indicator_of_new_york_city_without_a_value_or_a_target_gets_no_rate() -> None:
    if not NYC.exists():
        pytest.skip(NOT_HERE)
    statuses = set()
    for row in rows(NYC):
        if row["fiscal_year"] == "2023" and not row["met"]:
            asked = indicator(row["target"] or "-", direction=row["desired_direction"].lower())
            statuses.add(rate(asked, [row["value"] or None], at=1).lines[0].status)

    assert statuses <= {"missing", "not_due"}
    assert "not_due" in statuses


# --------------------------------------------------------------------------- Korean offices


def printed(row: Row) -> list[Decimal]:
    """Return what the row's parts give, published with as many decimals as the row has."""
    places = len(row["published"].partition(".")[2])
    if "/" in row["parts"]:
        found = re.findall(r"(\d+)/(\d+)", row["parts"])
        return [published(half_up(100 * int(n) * 10**places, int(of)), places) for n, of in found]
    return [Decimal(sum(map(int, row["parts"].split("+"))))]


def by_verdict(*verdicts: str) -> list[Row]:
    wanted = [row for row in rows(KOREA) if row["holds"].split(" ")[0] in verdicts]
    return [row for row in wanted if row["parts"] != "65 projects"]  # see below


@pytest.mark.parametrize("row", by_verdict("yes"), ids=lambda row: f"{row['body']} {row['item']}")
def test_a_published_figure_that_holds_is_reproduced(row: Any) -> None:
    assert printed(row) == [Decimal(row["published"])]


@pytest.mark.parametrize("row", by_verdict("no"), ids=lambda row: f"{row['body']} {row['item']}")
def test_a_published_figure_that_does_not_hold_is_not_reproduced(row: Any) -> None:
    assert printed(row) != [Decimal(row["published"])]


@pytest.mark.parametrize(
    "row",
    [row for row in by_verdict("not") if row["parts"]],
    ids=lambda row: f"{row['body']} {row['item']}",
)
def test_a_rate_that_is_no_ratio_of_counts_is_reproduced_by_none(row: Any) -> None:
    """ "이행률" names several things: none of the ratios at hand gives the printed one."""
    assert Decimal(row["published"]) not in printed(row)


def test_every_published_figure_of_the_set_is_judged() -> None:
    judged = [by_verdict(verdict) for verdict in ("yes", "no", "not")]

    assert [len(each) for each in judged] == [11, 4, 4]
    assert sum(map(len, judged)) + 1 == len(list(rows(KOREA))) == 20


def test_the_mean_of_65_projects_is_published_as_the_city_printed_it() -> None:
    """보령시 2021: 77.662 over projects is printed 77.7; section means would give 77.5."""
    (row,) = [row for row in rows(KOREA) if row["parts"] == "65 projects"]
    over_projects = Fraction(row["recomputed"])
    over_sections = Fraction("77.512")

    def shown(mean: Fraction) -> Decimal:
        return published(mean_half_up([mean.as_integer_ratio()], 1, 1), 1)

    assert row["holds"].startswith("yes")
    assert shown(over_projects) == Decimal(row["published"])
    assert shown(over_sections) == Decimal("77.5")


def test_forced_shares_are_the_city_s_own_and_no_method_s() -> None:
    """보령시 2016: of 70 pledges 36, 25, 2 and 7 others. The city printed 35.8 and 2.8 so
    that all add up to 100.0; half-up gives 35.7 and 2.9, largest remainder too."""
    counts = {"이행": 36, "계속추진": 25, "일부추진": 2, "그 밖": 7}

    for method in ("half_up", "largest_remainder"):
        found = shares(counts, method=method)
        assert (found["계속추진"], found["일부추진"]) == (Decimal("35.7"), Decimal("2.9"))
    assert sum(shares(counts, method="largest_remainder").values()) == 100
