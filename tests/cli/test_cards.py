"""The screen of management cards (관리카드, R39)."""

from __future__ import annotations

import json

import pytest

from evalflow import cli
from offices import CARD, GOOD, Office


@pytest.fixture
def run(store_url, office, monkeypatch, capsys):
    if store_url == "memory:":
        pytest.skip("the command needs a store in a file")
    monkeypatch.setenv("EVALFLOW_STORE", store_url)
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")

    def command(*words: str, lang: str = "en") -> tuple[int, str]:
        code = cli.run(["--lang", lang, *words])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return code, captured.out + captured.err

    return command


def sent(office: Office) -> None:
    office.clock.go("2016-04-04")
    behind = {
        **CARD, "state": "lagging", "target": 12, "actual": 7, "unit": "회", "cause": "휴관",
        "countermeasure": "5월 보강",
    }  # fmt: skip
    office.evaluate("gu/2", actuals=GOOD["gu/2"], cards={"1": CARD, "2": behind})


def test_the_policy_office_reads_all_cards_before_the_bureau_submits(office, run):
    code, out = run("cards", "gu/2", "--as", "policy-1")
    assert (code, "No cards were sent yet." in out) == (0, True)
    sent(office)
    assert office.state("gu/2") == "self_evaluated"
    code, out = run("cards", "gu/2", "--as", "policy-1", lang="ko")
    assert code == 0
    for told in ("정상 추진", "7회", "58.3%", "휴관 / 5월 보강", "2개 가운데 완료·정상 1개"):
        assert told in out
    code, out = run("history", "gu/2", lang="ko")
    assert "관리카드: 2" in out
    code, out = run("cards", "2", "--json")
    first, second = json.loads(out)["cards"]
    assert (first["state"], first["papers"], first["lacks"]) == ("on_track", ["추진실적"], [])
    assert (second["rate"], second["cause"]) == ("58.3", "휴관")


def test_what_the_vice_mayor_asked_for_stands_in_the_history_and_beside_the_rating(office, run):
    """R2: an instruction is read where what happened is read."""
    office.to_lagging()
    office.fire("gu/3", "instruct", "vice-1", instruction="감사의뢰를 검토할 것")
    for screen in ("history", "score"):
        code, out = run(screen, "gu/3", lang="ko")
        assert (code, "지시 내용: 감사의뢰를 검토할 것" in out) == (0, True)


def test_a_project_without_cards_has_none(office, run):
    code, out = run("cards", "gu/1")
    assert (code, "gu/1" in out) == (4, True)
