"""A provisional actual (잠정치): marked, listed, and made final by a later figure."""

from __future__ import annotations

from typing import Any

import pytest

import evalflow
from evalflow import cli
from evalflow.model.canonical import parse

_WHY = {"metres": {"cause": "준공 지연", "countermeasure": "추가 시공"}}


def report(office: Any, metres: Any, event: str = "self_evaluate") -> None:
    data = {"actuals": {"metres": metres, "complaints": 50}, "explanations": _WHY}
    office.fire("gu/3", event, "road-1", **data)


def approve(office: Any) -> None:
    office.submit("gu/3")
    office.clock.go("2016-04-15")
    office.review("gu/3")
    office.fire("gu/3", "approve", "policy-1")


@pytest.fixture
def reported(office: Any) -> Any:
    """Project 3 has reported a provisional 400 metres for the first quarter."""
    office.clock.go("2016-04-04")
    report(office, {"provisional": "400"})
    return office


def test_it_is_rated_like_any_other_and_the_entry_says_it(reported: Any) -> None:
    evaluation = reported.engine.evaluation("gu/3")
    assert str(evaluation.rating.line("metres").rate) == "100.0"
    assert evaluation.provisional() == {"2016-Q1": {"metres": "400"}}
    entry = list(reported.engine.history("gu/3"))[-1]
    assert entry.data["actuals"] == {"metres": {"provisional": "400"}, "complaints": "50"}
    again = evalflow.Evaluation.from_tree(parse(evaluation.text()))
    assert again.provisional() == evaluation.provisional()


def test_reporting_again_makes_it_final(reported: Any) -> None:
    report(reported, 400, event="amend")
    assert reported.engine.evaluation("gu/3").provisional() == {}


def test_it_stays_open_over_the_periods_until_it_is_corrected(reported: Any) -> None:
    approve(reported)
    reported.fire("gu/3", "open_period", "clock")
    second = reported.engine.evaluation("gu/3")
    assert second.prior["2016-Q1"] == {"metres": {"provisional": "400"}, "complaints": "50"}
    assert second.provisional() == {"2016-Q1": {"metres": "400"}}

    reported.fire(
        "gu/3", "correct", "policy-1",
        period="2016-Q1", corrected={"metres": "390"}, reason="확정치",
    )  # fmt: skip
    assert reported.engine.evaluation("gu/3").provisional() == {}
    assert reported.engine.evaluation("gu/3", "2016-Q1").provisional()  # as it was approved
    assert list(reported.engine.audit.verify()) == []


def test_it_is_counted_with_the_later_periods(reported: Any) -> None:
    approve(reported)
    reported.fire("gu/3", "open_period", "clock")
    reported.clock.go("2016-07-04")
    report(reported, 300)
    rated = reported.engine.evaluation("gu/3").rating.line("metres")
    assert (rated.actual, rated.target) == (700, 800)
    assert reported.engine.evaluation("gu/3").provisional() == {"2016-Q1": {"metres": "400"}}


def test_a_correction_may_be_provisional_itself(reported: Any) -> None:
    approve(reported)
    reported.fire("gu/3", "open_period", "clock")
    reported.fire(
        "gu/3", "correct", "policy-1",
        period="2016-Q1", corrected={"metres": "395(잠정)"}, reason="재집계",
    )  # fmt: skip
    assert reported.engine.evaluation("gu/3").provisional() == {"2016-Q1": {"metres": "395"}}


def test_an_evaluation_without_one_is_stored_as_before(office: Any) -> None:
    office.clock.go("2016-04-04")
    office.evaluate("gu/3")
    approve(office)
    office.fire("gu/3", "open_period", "clock")
    assert office.engine.evaluation("gu/3").prior == {
        "2016-Q1": {"metres": "400", "complaints": "50"}
    }


def test_screens_show_it_and_list_it(
    reported: Any,
    store_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if store_url == "memory:":
        pytest.skip("the command needs a store in a file")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")

    def out(lang: str, *args: str) -> str:
        capsys.readouterr()
        assert cli.run(["--store", store_url, "--lang", lang, *args]) == 0
        return capsys.readouterr().out

    assert "정비 연장 (잠정)" in out("ko", "score", "gu/3")
    assert "잠정치: 2016-Q1 정비 연장 400" in out("ko", "score", "gu/3")
    assert "[잠정치: metres 400]" in out("ko", "history", "gu/3")
    assert "[provisional: metres 400]" in out("en", "history", "gu/3")
    listed = out("ko", "status", "--provisional")
    assert "정비 연장" in listed
    assert "400" in listed
    assert '"figure": "400"' in out("ko", "status", "--provisional", "--json")
    report(reported, 400, event="amend")
    assert "No actual is provisional." in out("en", "status", "--provisional")
    capsys.readouterr()
    assert cli.run(["--store", store_url, "status", "--provisional", "--by", "unit"]) == 2
