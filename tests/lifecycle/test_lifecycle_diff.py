"""What changed from one lifecycle to another is told whole, and in words."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given

import evalflow
from evalflow import cli
from evalflow.lifecycle.diff import diff
from evalflow.lifecycle.load import lifecycle_from_tree
from evalflow.lifecycle.sources import presets
from evalflow.storage import canonical, parse
from lifecycle_strategies import lifecycles


def changed(change):
    """`major-works`, and `major-works` with one change to its tree."""
    one = evalflow.load_lifecycle("major-works")
    tree = copy.deepcopy(parse(canonical(one.tree)))
    change(tree)
    return one, lifecycle_from_tree(tree)


def event(tree, name):
    return next(each for each in tree["events"] if each["name"] == name)


CHANGES = {
    "who may": (lambda t: event(t, "review").update(by=["policy_office", "audit_office"]),
                "event 'Review', who may: Policy office → Policy office, Audit office"),
    "due": (lambda t: event(t, "submit").update(due={"day": "7"}), "event 'Submit', due: "),
    "guard": (lambda t: event(t, "review").update(guards=[]),
              "event 'Review', guards: rates_judged, visit_in_order → -"),
    "moves": (lambda t: event(t, "send_back").update(
                  transitions=[{"from": "submitted", "to": "planned"}]),
              "event 'Send back', moves: submitted→planned; reviewed→planned → submitted→planned"),
    "data": (lambda t: event(t, "correct").update(
                 data=[d for d in event(t, "correct")["data"] if d["name"] != "document"]),
             "reason: reason!, document: document → period: period!, corrected: figures!, reason"),
    "notices": (lambda t: event(t, "approve").update(notices=[]),
                "event 'Confirm as on track', notices: approved → department → -"),
    "event gone": (lambda t: t.update(
                       events=[e for e in t["events"] if e["name"] != "withdraw_change"]),
                   "event 'Withdraw the change' (withdraw_change) is gone"),
    "duty": (lambda t: t["duties"][0].update(unless_acting=False), "lifted when acting: o → -"),
    "adopting": (lambda t: t.update(adopted_by=["mayor"]), "who adopts plans: "),
    "label": (lambda t: event(t, "review").update(en="Assess"),
              "event 'Assess', name: 종합평가 / Review → 종합평가 / Assess"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_each_change_is_told_alone(what):
    change, sentence = CHANGES[what]
    (found,) = diff(*changed(change))
    assert sentence in found.en
    assert any("가" <= letter <= "힣" for letter in found.ko)


@pytest.mark.parametrize("name", presets())
def test_a_lifecycle_is_no_different_from_itself(name):
    lifecycle = evalflow.load_lifecycle(name)
    assert diff(lifecycle, lifecycle) == ()


@given(one=lifecycles(), other=lifecycles())
def test_what_is_added_one_way_is_gone_the_other_way(one, other):
    there = {(d.about, d.name) for d in diff(one, other) if d.change == "added"}
    back = {(d.about, d.name) for d in diff(other, one) if d.change == "removed"}
    assert there == back


def test_the_command_tells_it_in_both_languages(tmp_path, capsys):
    change, _ = CHANGES["who may"]
    _, other = changed(change)
    (tmp_path / "other.yaml").write_text(canonical(other.tree), encoding="utf-8")
    words = ["lifecycle", "diff", "major-works", str(tmp_path / "other.yaml")]
    assert cli.run(["--lang", "ko", *words]) == 1
    assert (
        "처리 '종합평가'의 할 수 있는 역할: 정책기획담당관 → 정책기획담당관, 감사담당관"
        in capsys.readouterr().out
    )
    assert cli.run([*words, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["differences"][0]["name"] == "review"
    assert cli.run(["--lang", "en", "lifecycle", "diff", "major-works", "major-works"]) == 0
    assert "no differences." in capsys.readouterr().out


def test_rules_in_rules_are_told_in_short_and_never_as_python_has_them():
    old, new = map(evalflow.load_lifecycle, ("major-works/2", "major-works"))
    said = [each.text(lang) for each in diff(old, new) for lang in ("ko", "en")]
    assert not [text for text in said if "DueRule(" in text or "('" in text or "=None" in text]
    assert any("again (kind days_after, n 5, events send_back, reopen)" in text for text in said)
