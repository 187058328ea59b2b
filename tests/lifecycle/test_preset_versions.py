"""Versions of a preset stand side by side: the newest by its name, an earlier one by its number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

import evalflow
from evalflow.errors import InvalidInput
from evalflow.lifecycle.sources import earlier_presets, presets
from offices import PLAN, Clock, Office

NEWEST = evalflow.load_lifecycle("major-works")
SECOND = evalflow.load_lifecycle("major-works/2")

FINGERPRINTS = {
    "audit-referral/1": "f8d95e22436d",
    "audit-referral/2": "976c78502006",
    "audit-referral/3": "5e59bb5db388",
    "corrective-order/1": "e1fc66a481e0",
    "corrective-order/2": "dea40a50c0e5",
    "corrective-order/3": "70bda543df35",
    "information-request/1": "faf3c9c38d1e",
    "information-request/2": "7eaee7b36620",
    "information-request/3": "e91ecfa8231c",
    "major-works/2": "e9313be062f1",
    "major-works/3": "7a9c7fb172dd",
    "major-works/4": "90bddf716d0e",
    "mapo/1": "5ed347c259c1",
    "mapo/2": "28bae108a137",
    "petition/1": "0511003126f2",
    "petition/2": "945debae0b07",
    "petition/3": "bdcb07580dab",
    "pledges/1": "00f9b09f3815",
    "pledges/2": "1ef6c2f95b60",
    "selection/1": "3c84cce69283",
    "selection/2": "777a8505965e",
    "selection/3": "4bac5c3468b5",
    "seongnam/1": "995a2b2cd49a",
    "seongnam/2": "05f048fcb9ee",
    "seoul/1": "065bd3a466d4",
    "seoul/2": "4c534fc30dc8",
    "subsidy/1": "ef2b2e2a1ec0",
    "subsidy/2": "d79c92f0348d",
    "urban-regeneration/1": "931463fd0ba2",
    "urban-regeneration/2": "f4534117a416",
    "yearly-calendar/1": "c8f772c27130",
    "yearly-calendar/2": "97e17b21afb1",
}
"""Of each version that came with evalflow: none changes once it was there, for plans name them."""


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_no_version_of_a_preset_ever_changes(name: str) -> None:
    made = evalflow.load_lifecycle(name, plugins=[]).fingerprint
    assert made == f"{name}@{FINGERPRINTS[name]}", "bring what changes as a new version"


@pytest.fixture
def second(store_url: str, tmp_path: Path, clock: Clock) -> Iterator[Office]:
    """The small office as version 2 left it, when its name meant that version."""
    path = tmp_path / "second.yaml"
    path.write_text(PLAN, encoding="utf-8")
    with evalflow.open(store_url, plugins=[], clock=clock) as engine:
        plan = attrs.evolve(evalflow.load_plan(path), lifecycle=SECOND)
        engine.adopt(plan, by=plan.actor("policy-1"))
        yield Office(engine, plan, clock)


def test_a_name_means_the_newest_and_a_number_that_version() -> None:
    assert {name for name in FINGERPRINTS if name not in earlier_presets()} == {
        f"{name}/{evalflow.load_lifecycle(name).version}" for name in presets()
    }
    assert (NEWEST.version, SECOND.version) == (4, 2)
    assert evalflow.load_lifecycle("major-works/4").fingerprint == NEWEST.fingerprint
    for name in (*presets(), *earlier_presets()):
        assert not [
            each
            for each in evalflow.check_lifecycle(evalflow.load_lifecycle(name))
            if each.severity == "error"
        ]


@pytest.mark.parametrize("name", ["major-works/1", "major-works/5", "mayor-works/2"])
def test_a_version_that_does_not_come_with_evalflow_is_told(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        evalflow.load_lifecycle(name)

    (problem,) = caught.value.problems
    assert (problem.code, problem.value) == ("unknown_preset", name)
    assert "major-works, " in problem.en
    assert "major-works/2" in problem.en


def test_version_4_says_other_names_than_version_3_and_nothing_else() -> None:
    """What moves, who moves it and what it asks for stay; a migration strands nobody."""
    third = evalflow.load_lifecycle("major-works/3")

    def bare(tree: Any) -> Any:
        if isinstance(tree, Mapping):
            return {k: bare(v) for k, v in tree.items() if k not in ("ko", "en", "ask")}
        return [bare(each) for each in tree] if isinstance(tree, list | tuple) else tree

    assert {k: v for k, v in bare(third.tree).items() if k not in ("version", "replaces")} == {
        k: v for k, v in bare(NEWEST.tree).items() if k not in ("version", "replaces")
    }
    assert NEWEST.replaces["major-works/3"] == {}


def test_what_version_2_left_migrates_is_whole_and_goes_on(second: Office) -> None:
    """Every state of version 2 is carried as the preset says, without a mapping of the office's."""
    office, engine = second, second.engine
    assert {each.lifecycle for each in engine.projects()} == {SECOND.fingerprint}
    office.clock.go("2016-04-04")
    explained = {"metres": {"cause": "동절기", "countermeasure": "인력 추가"}}
    office.evaluate("gu/3", actuals={"metres": 300, "complaints": 50}, explanations=explained)
    signed = [{"role": "bureau_head", "actor": "city-head"}]
    office.fire("gu/3", "submit", "city-lead", document="주무과-1", sign_off=signed)
    office.clock.go("2016-04-15")
    office.review("gu/3")
    office.fire("gu/3", "flag_lagging", "policy-1")
    office.fire(
        "gu/3",
        "request_change",
        "road-head",
        kind="target",
        change={"indicators": {"metres": {"targets": {"2016-Q4": "390"}}}},
        reason="예산 감액",
        detail="연장 축소",
        reported_on="2016-04-15",
    )
    office.evaluate("gu/1")

    receipts = engine.plans.migrate("gu", NEWEST, by="policy-1", reason="새 규칙").apply()

    assert {each.outcome for each in receipts} == {"done"}
    assert {each.lifecycle for each in engine.projects()} == {NEWEST.fingerprint}
    assert list(engine.audit.verify()) == []
    office.evaluate("gu/2")
    office.submit("gu/1")
    office.fire("gu/3", "open_period", "policy-1")
    office.fire("gu/3", "withdraw_change", "road-head", reason="보고 취소")
    assert list(engine.audit.verify()) == []


def test_each_state_of_version_2_has_its_place_in_the_newest() -> None:
    said = NEWEST.replaces["major-works/2"]

    assert set(said) <= set(SECOND.states)
    for state in SECOND.states.values():
        assert NEWEST.states[said.get(state.name, state.name)].region == state.region


def test_who_joins_a_plan_runs_on_the_version_of_the_plan_s_projects(
    second: Office, tmp_path: Path
) -> None:
    """The plan's file says `major-works`, which meant version 2 when it was adopted."""
    path = tmp_path / "revised.yaml"
    third = PLAN[PLAN.index('  "3":') :].replace('"3"', '"4"').replace("보도 정비", "새 사업")
    path.write_text(PLAN + third, encoding="utf-8")

    second.engine.adopt(evalflow.load_plan(path), by="policy-1", reason="사업 추가")

    assert second.engine.project("gu/4").lifecycle == SECOND.fingerprint
    assert list(second.engine.audit.verify()) == []


def test_a_mapping_names_states_that_there_are(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(
        "evalflow: lifecycle/1\nextends: major-works/3\nname: ours\nversion: 1\nreplaces:\n"
        "  major-works: {planned: planned}\n  ours/1: {begun: planed}\n",
        encoding="utf-8",
    )

    with pytest.raises(InvalidInput) as caught:
        evalflow.load_lifecycle(path)

    assert [(each.line, each.code, each.value) for each in caught.value.problems] == [
        (6, "wrong_value", "major-works"),
        (7, "unknown_state", "planed"),
    ]


def test_under_version_2_a_submission_names_the_head_who_signed(second):
    second.clock.go("2016-04-04")
    second.evaluate("gu/3")

    def codes(sign_off):
        return second.codes("gu/3", "submit", "city-lead", document="주무과-1", sign_off=sign_off)

    assert codes([{"role": "lead_section", "actor": "city-lead"}]) == ["not_signed"]
    assert codes([{"role": "bureau_head", "actor": "welfare-head"}]) == ["signer_without_role"]
    assert codes([]) == ["data_missing"]
    assert codes([{"role": "bureau_head", "actor": "city-head"}]) == []


def test_under_version_2_an_acting_head_is_named_only_while_appointed(second):
    second.clock.go("2016-07-04")
    second.evaluate("gu/1")
    second.evaluate("gu/2")
    acting = [{"role": "bureau_head", "actor": "elderly-head"}]

    second.clock.go("2016-07-06")
    assert second.codes("gu/1", "submit", "welfare-lead", document="주무과-1", sign_off=acting) == [
        "signer_without_role"
    ]
    second.clock.go("2016-07-05")
    second.fire("gu/1", "submit", "welfare-lead", document="주무과-1", sign_off=acting)
    assert second.state("gu/1") == "submitted"


REVIEWS = "{role: policy_office, unit: gu}"


def test_a_name_that_somebody_else_wrote_down_bars_nobody(second, tmp_path):
    """A submission of version 2 that names the reviewers as signers beside the head (attack h7)."""
    second.clock.go("2016-04-04")
    second.evaluate("gu/3")
    named = [
        {"role": "bureau_head", "actor": "city-head"},
        *({"role": "policy_office", "actor": each} for each in ("policy-1", "policy-2")),
    ]
    second.fire("gu/3", "submit", "city-lead", document="주무과-1", sign_off=named)
    second.clock.go("2016-04-15")
    assert second.codes("gu/3", "review", "policy-1", ratings="confirmed") == []
    path = tmp_path / "two-hats.yaml"
    path.write_text(
        re.sub(r"((?:city|welfare)-head: \[)", rf"\1{REVIEWS}, ", PLAN), encoding="utf-8"
    )
    plan = evalflow.load_plan(path)
    head = attrs.evolve(plan.head, revision=second.engine.plans.head("gu").revision)
    plan = attrs.evolve(plan, head=head, lifecycle=SECOND)
    second.engine.adopt(plan, by=second.actor("policy-2"), reason="겸임")
    for who, barred in (("city-head", ["duty_separated"]), ("welfare-head", [])):
        assert second.codes("gu/3", "review", who, ratings="confirmed") == barred
    assert list(second.engine.audit.verify()) == []
