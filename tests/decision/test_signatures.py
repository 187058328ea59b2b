"""Who signs what, in which order, for whom; and that a name that somebody wrote down is nothing.

The scenarios `r05`, `r06`, `r16`, `r54` and `r58` of the example play it as the office does.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

import evalflow
from evalflow import cli
from evalflow.decision.signing import SIGN_LINE
from offices import PLAN, Clock, Office

SIGNERS = {"bureau_head": "welfare-head", "vice_mayor": "vice-1", "mayor": "mayor-1"}
LINES = [
    line for count in (1, 2, 3) for line in itertools.combinations(SIGNERS, count)
]  # from the lowest up, as the lifecycle names them
Opened = Callable[[str], AbstractContextManager[Office]]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """Open the small office with some lines in its plan's head."""

    @contextmanager
    def of(head: str) -> Iterator[Office]:
        path = tmp_path / "plan.yaml"
        path.write_text(PLAN.replace("scoring: {}\n", f"scoring: {{}}\n{head}"), "utf-8")
        clock = Clock()
        with evalflow.open("memory:", plugins=[], clock=clock) as engine:
            plan = evalflow.load_plan(path)
            engine.adopt(plan, by=plan.actor("policy-1"))
            yield Office(engine, plan, clock)

    return of


def drafted(office: Office, day: str = "2016-04-04") -> None:
    office.clock.go(day)
    office.evaluate("gu/1")
    office.evaluate("gu/2")
    office.compile("gu/1")


def line(office: Office, project: str = "gu/1") -> list[dict[str, object]]:
    return list(office.engine.evaluation(project).facts.get(SIGN_LINE, ()))


@pytest.mark.parametrize("roles", LINES, ids="-".join)
def test_whatever_the_plan_s_line_only_its_order_signs(opened: Opened, roles: tuple[str, ...]):
    with opened(f"lines: {{evaluation: [{', '.join(roles)}]}}\n") as office:
        drafted(office)
        for place, role in enumerate(roles):
            for other, actor in SIGNERS.items():
                if other != role:
                    assert "not_next_in_line" in office.codes("gu/1", "sign", actor)
            assert office.state("gu/1") == "compiled"
            entry = office.fire("gu/1", "sign", SIGNERS[role])
            assert (entry.role, entry.on_behalf_of) == (role, None)
            done = [each["role"] for each in line(office) if each["step"] == "sign"]
            assert done == list(roles[: place + 1])
        assert {office.state("gu/1"), office.state("gu/2")} == {"signed"}
        last = line(office)[-1]
        assert last["final"] is True
        assert ("delegated" in last) == (roles[-1] != "mayor")
        assert line(office, "gu/2")[-1]["actor"] == last["actor"]
        assert list(office.engine.audit.verify(deep=True)) == []


def test_who_holds_two_roles_signs_in_the_one_whose_turn_it_is(opened: Opened):
    with opened("") as office:
        drafted(office)
        two = evalflow.Actor(
            "two",
            (
                evalflow.Grant(role="vice_mayor", unit="gu"),
                evalflow.Grant(role="bureau_head", unit="welfare"),
            ),
        )
        assert office.engine.fire("gu/1", "sign", by=two).role == "bureau_head"


def test_a_stand_in_signs_while_appointed_and_for_whom_the_appointment_says(opened: Opened):
    with opened("") as office:
        drafted(office, "2016-07-04")
        office.clock.go("2016-07-06")
        assert set(office.codes("gu/1", "sign", "elderly-head")) == {"grant_not_in_force"}
    with opened("") as office:
        drafted(office, "2016-07-05")
        entry = office.fire("gu/1", "sign", "elderly-head")
        assert entry.on_behalf_of == "welfare-head"
        assert line(office)[-1] == {
            "step": "sign", "role": "bureau_head", "actor": "elderly-head", "for": "welfare-head",
            "on": "2016-07-05", "final": True, "delegated": True, "entry": 4,
        }  # fmt: skip


def test_a_paper_signature_says_so_and_who_entered_it(opened: Opened):
    with opened("") as office:
        drafted(office, "2016-07-04")
        office.clock.go("2016-07-07")
        signed = [{"role": "bureau_head", "actor": "elderly-head", "on": "2016-07-05"}]
        office.fire(
            "gu/1", "enter_paper_signature", "welfare-lead", sign_off=signed, paper=["결재본"]
        )
        assert line(office)[-1] == {
            "step": "sign", "role": "bureau_head", "actor": "elderly-head", "for": "welfare-head",
            "on": "2016-07-05", "final": True, "delegated": True, "paper": True, "entry": 4,
            "entered_by": "welfare-lead", "entered_on": "2016-07-07",
        }  # fmt: skip
        assert list(office.engine.audit.verify(deep=True)) == []


def test_who_signed_may_not_review_however_it_was_entered(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
):
    own = "welfare-head: [{role: bureau_head, unit: welfare}"
    assert own in PLAN
    both = PLAN.replace(own, f"{own}, {{role: policy_office, unit: gu}}")
    monkeypatch.setattr(sys.modules[__name__], "PLAN", both)
    with opened("") as office:
        drafted(office)
        signed = [{"role": "bureau_head", "actor": "welfare-head", "on": "2016-04-04"}]
        office.fire(
            "gu/1", "enter_paper_signature", "welfare-lead", sign_off=signed, paper=["결재본"]
        )
        office.fire("gu/1", "submit", "welfare-lead", document="주무과-1")
        office.clock.go("2016-04-15")
        told = office.explain("gu/1", "review", "welfare-head", ratings="confirmed")
        assert [reason.code for reason in told.reasons] == ["duty_separated"]


def test_a_draft_that_is_returned_loses_its_signatures_and_other_figures_do_so_too(opened: Opened):
    with opened("") as office:
        drafted(office)
        office.sign("gu/1")
        office.fire("gu/1", "return_draft", "welfare-lead", reason="오기")
        assert line(office) == []
        office.compile("gu/1")
        office.sign("gu/1")
        office.fire("gu/1", "submit", "welfare-lead", document="주무과-1")
        office.fire("gu/1", "send_back", "policy-1", reason="증빙 부족")
        assert len(line(office)) == 2
        office.evaluate("gu/1", actuals={"schools": 11, "lessons": 100})
        assert line(office) == []


def test_the_reviewer_may_approve_where_the_plan_does_not_part_them(opened: Opened):
    for head, codes in (
        ("", []),
        ("duties: [approver_did_not_review]\n", ["duty_separated"]),
    ):
        with opened(head) as office:
            office.to_submitted()
            office.clock.go("2016-04-15")
            office.review("gu/1")
            assert office.codes("gu/1", "approve", "policy-1") == codes
            assert office.codes("gu/1", "approve", "policy-2") == []


@pytest.mark.parametrize(
    ("head", "code", "value"),
    [
        ("lines: {evaluatoin: [bureau_head]}", "unknown_line", "evaluatoin"),
        ("lines: {evaluation: [bureau_hed]}", "unknown_role", "bureau_hed"),
        ("lines: {evaluation: [mayor, bureau_head]}", "line_order", None),
        ("lines: {evaluation: {target: [mayor]}}", "unknown_kind", "target"),
        ("lines: {change: {tagret: [mayor]}}", "unknown_kind", "tagret"),
        ("lines: {change: [bureau_head]}", "unknown_role", "bureau_head"),
        ("duties: [reviewer_is_independent]", "unknown_duty", "reviewer_is_independent"),
    ],
)
def test_a_line_that_the_lifecycle_does_not_have_is_told(
    tmp_path: Path, head: str, code: str, value: str | None
):
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN.replace("scoring: {}\n", f"scoring: {{}}\n{head}\n"), "utf-8")
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.load_plan(path)
    assert [each.code for each in caught.value.problems] == [code]
    if value is not None:
        assert caught.value.problems[0].value == value
    assert caught.value.problems[0].line == 9


def test_a_line_without_its_people_is_found_and_one_that_needs_nobody_is_not(tmp_path: Path):
    without = PLAN.replace("  vice-1: [{role: vice_mayor, unit: gu}]\n", "")
    assert without != PLAN
    for head, found in (("", False), ("lines: {change: [vice_mayor, mayor]}\n", True)):
        path = tmp_path / "plan.yaml"
        path.write_text(without.replace("scoring: {}\n", f"scoring: {{}}\n{head}"), "utf-8")
        plan = evalflow.load_plan(path)
        codes = {
            (each.code, each.about) for each in evalflow.check_lifecycle(plan.lifecycle, plan=plan)
        }
        assert (("nobody_can_fire", "events.endorse_change") in codes) == found


def test_screens_mark_the_one_who_acted(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("EVALFLOW_STORE", str(tmp_path / "office.db"))
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN, "utf-8")
    clock = Clock()
    with evalflow.open(f"sqlite:///{tmp_path / 'office.db'}", plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(path)
        engine.adopt(plan, by=plan.actor("policy-1"))
        office = Office(engine, plan, clock)
        office.clock.go("2016-07-05")
        office.evaluate("gu/1", evidence=["출석부"])
        office.evaluate("gu/2")
        office.compile("gu/1")
        office.fire("gu/1", "sign", "elderly-head", bureau_opinion="확인함")
        office.fire("gu/1", "submit", "welfare-lead", document="주무과-1")
        office.clock.go("2016-07-15")
        office.fire(
            "gu/1", "review", "policy-1", ratings="confirmed", opinion="증빙과 일치",
            evidence_checked=["출석부"], site_visit={"on": "2016-07-14", "unannounced": "민원"},
        )  # fmt: skip

    def shown(*words: str) -> str:
        assert cli.run(["--lang", "ko", *words]) == 0
        return "".join(capsys.readouterr().out.split())

    history, score = shown("history", "gu/1"), shown("score", "gu/1")
    assert "代elderly-head" in history
    assert "代welfare-head" not in history
    assert "국·소장代elderly-head(welfare-head대결)2016.7.5.[전결]" in score
    for said in ("종합의견:증빙과일치", "증빙자료검토:출석부", "현장확인:2016.7.14.(미통지:민원)"):
        assert said in score
    assert "증빙2·현장2016.7.14.·의견" in shown("status", "--number", "1", "--review")
