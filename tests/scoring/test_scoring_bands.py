"""What a rate is called: one function decides, and every screen, refusal and form shows it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from evalflow.model import Band, Label, Line, Rating
from evalflow.scoring.bands import (
    DEFAULT_BANDS,
    band_label,
    band_of,
    legend,
    seriously_lagging,
    verdict_label,
    verdict_of,
)
from offices import GOOD


@pytest.mark.parametrize(
    ("rate", "band"),
    [("100.0", "on_track"), ("90.0", "on_track"), ("89.9", "lagging"), ("73.9", "lagging")]
    + [("70.0", "lagging"), ("69.9", "seriously_lagging"), ("60.0", "seriously_lagging")],
)
def test_a_rate_is_in_one_band_whoever_asks(rate: str, band: str) -> None:
    found = band_of(DEFAULT_BANDS, Decimal(rate), Decimal("-Infinity"))
    assert found is not None
    assert found.name == band


def test_the_legend_has_every_band_and_no_gap() -> None:
    assert legend(DEFAULT_BANDS) == (
        "완료 전체 목표의 100% 이상, 정상 90% 이상, 부진 70% 이상 90% 미만, 현저히 부진 70% 미만"
    )
    assert legend(DEFAULT_BANDS, "en") == (
        "Done at least 100% of the whole target, On track from 90%, Lagging from 70% below 90%, "
        "Seriously lagging below 70%"
    )


def test_words_are_the_plan_s_own() -> None:
    own = (
        Band(name="a", label=Label("우수", "Good"), verdict="on_track", at_least=Decimal(80)),
        Band(name="b", label=Label("미흡", "Weak"), verdict="lagging"),
    )
    assert band_label(own, "b").ko == "미흡"
    assert band_label(own, "gone").ko == "-"
    assert verdict_label(own, "on_track").ko == "우수"
    assert verdict_label(own, "seriously_lagging").ko == "현저히 부진"


def rating(project: str | None, *lines: str | None) -> Rating:
    return Rating(
        project="gu/1", period="2016-Q1", status="rated", rate=Decimal(1), score=None, band=None,
        verdict=project, formula="up", basis="cumulative", scorer="rates", version="1", revision=1,
        lines=tuple(
            Line(indicator=str(at), formula="up", status="rated", verdict=verdict)
            for at, verdict in enumerate(lines)
        ),
    )  # fmt: skip


def test_a_seriously_lagging_indicator_counts_as_the_project_s_own() -> None:
    assert verdict_of(rating("on_track", "on_track", "seriously_lagging")) == "seriously_lagging"
    assert verdict_of(rating("lagging", "lagging")) == "lagging"
    assert verdict_of(rating(None, None)) is None
    found = seriously_lagging(rating("lagging", "lagging", "seriously_lagging"))
    assert [line.indicator for line in found] == ["1"]


def test_a_refusal_calls_the_project_what_score_calls_it(office: Any) -> None:
    """A project at 80 % with an indicator at 60 % is 부진; the indicator is 현저히 부진."""
    office.clock.go("2016-04-04")
    why = {"cause": "준공 지연", "countermeasure": "추가 시공"}
    office.evaluate(
        "gu/3", actuals={"metres": "240", "complaints": 50}, explanations={"metres": why}
    )
    office.submit("gu/3")
    office.clock.go("2016-04-15")
    office.review("gu/3")
    rated = office.engine.evaluation("gu/3").rating
    explained = office.engine.explain(
        "gu/3", "approve", by=office.engine.actor("gu", "policy-1")
    ).reasons
    (reason,) = [each for each in explained if each.code == "not_on_track"]
    bands = office.engine.plans.head("gu").scoring.bands
    project = band_label(bands, rated.band).ko
    line = rated.line("metres")
    assert (line.rate, line.band) == (Decimal("60.0"), "seriously_lagging")
    assert f"사업 이행률 {rated.rate}%, {project};" in reason.ko
    assert "60.0%, 현저히 부진" in reason.ko
    assert project != "현저히 부진"


def test_an_unexplained_line_is_called_by_its_own_band(office: Any) -> None:
    office.clock.go("2016-04-04")
    data = {"actuals": {**GOOD["gu/3"], "metres": "240"}}
    explained = office.engine.explain(
        "gu/3", "self_evaluate", by=office.engine.actor("gu", "road-1"), data=data
    ).reasons
    (reason,) = [each for each in explained if each.code == "lagging_unexplained"]
    assert "이행률이 60.0%로 '현저히 부진'입니다" in reason.ko
    assert "is 'Seriously lagging' at 60.0%" in reason.en
