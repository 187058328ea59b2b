"""After adoption, what a project is measured against changes only through the change procedure
(R43): no revision of the plan, no table, no correction and no migration walks around it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import attrs
import pytest

import evalflow
from evalflow.plan.differences import differences
from offices import PLAN

WALKED_AROUND = [
    pytest.param("2016-Q2: 20,", "2016-Q2: 1,", "indicators.schools.targets.2016-Q2", id="target"),
    pytest.param(
        "{not_due: 방학}", "100", "indicators.lessons.targets.2016-Q4", id="due after all"
    ),
    pytest.param("{시비: 50000000}", "{시비: 1}", "budget.sources.시비", id="budget"),
    pytest.param("{시비: 50000000}", "{국비: 1}", "budget.sources.시비", id="source taken out"),
    pytest.param(", {ko: 나, en: B}]", "]", "cards", id="card"),
    pytest.param("{ko: 나, en: B}", "{ko: 다, en: B}", "cards", id="another card"),
    pytest.param("end: 2016-12-31", "end: 2016-11-30", "end", id="term"),
    pytest.param("direction: down", "direction: down\n        cap: 100", "cap", id="cap"),
    pytest.param("unit: 개교", "unit: 개교\n        weight: 9", "schools.weight", id="weight"),
    pytest.param("unit: 개소", "unit: 개", "indicators.centres.unit", id="unit of measure"),
    pytest.param("direction: down", "direction: up", "indicators.complaints.direction", id="way"),
    pytest.param("      complaints:\n", "      c2:\n", "indicators.complaints", id="indicator"),
]


def revised(tmp_path: Path, *changes: tuple[str, str]) -> evalflow.Plan:
    text = PLAN
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (tmp_path / "revised.yaml").write_text(text, encoding="utf-8")
    return evalflow.load_plan(tmp_path / "revised.yaml")


@pytest.mark.parametrize(("before", "after", "path"), WALKED_AROUND)
def test_no_revision_walks_around_the_change_procedure(before, after, path, office, tmp_path):
    plan = revised(tmp_path, (before, after))
    with pytest.raises(evalflow.Refused) as refused:
        office.engine.adopt(plan, by="policy-1", reason="지침")

    assert {each.code for each in refused.value.reasons} == {"needs_change_procedure"}
    assert path in refused.value.text("en")
    assert "(request_change)" in refused.value.text("en")
    assert "'변경보고'(request_change)" in refused.value.text("ko")
    assert [p.version for p in office.engine.projects()] == [1, 1, 1]
    assert office.engine.plans.head("gu").revision == 1


def test_all_of_it_is_told_at_once_with_the_lacking_reason(office, tmp_path):
    changes = ("2016-Q2: 20,", "2016-Q2: 1,"), ("{시비: 50000000}", "{시비: 1}")
    with pytest.raises(evalflow.Refused) as refused:
        office.engine.adopt(revised(tmp_path, *changes), by="policy-1", reason=None)

    assert [(each.code, each.about) for each in refused.value.reasons] == [
        ("data_missing", "reason"),
        ("needs_change_procedure", "indicators.schools.targets.2016-Q2"),
        ("needs_change_procedure", "budget.sources.시비"),
    ]
    assert "number 1, indicators.schools.targets.2016-Q2: 20 -> 1" in refused.value.text("en")
    assert "관리번호 2, budget.sources.시비: 50000000 → 1" in refused.value.text("ko")


def test_how_the_plan_is_scored_stands_until_the_next_plan(office, tmp_path):
    plan = revised(tmp_path, ("scoring: {}", "scoring: {basis: period}"))
    with pytest.raises(evalflow.Refused, match=r"scoring\.basis.*set it in the next plan"):
        office.engine.adopt(plan, by="policy-1", reason="지침")


def test_what_is_not_of_these_goes_by_a_revision(office, tmp_path):
    plan = revised(
        tmp_path,
        ("  road-1:", "  road-2: [{role: department, unit: road}]\n  road-1:"),
        ("ko: 민원\n", "ko: 민원 건수\n"),
        ("unit: elderly\n", "unit: education\n"),
        ("2016-Q2: 20,", "2016-Q2: 20.0,"),  # the same, written otherwise
        ("{not_due: 방학}", "{not_due: 겨울방학}"),
        ("en: B}", "en: Card B}"),
    )
    found = office.engine.plans.compare(plan, by="policy-1")
    assert {each.kind for each in found} == {"organisation", "text"}
    assert {each.door for each in found} == {"adopt"}
    assert office.engine.adopt(plan, by="policy-1", reason="인사이동").revision == 2


def test_a_comparison_shows_which_door_each_difference_needs(office, tmp_path):
    start = PLAN.index('  "3":')
    changes = [
        (PLAN[start:], PLAN[start:] + PLAN[start:].replace('"3":', '"4":')),
        ("2016-Q2: 20,", "2016-Q2: 1,"),
        ("scoring: {}", "scoring: {basis: period}"),
        ("ko: 참여 학교", "ko: 참여한 학교"),
    ]
    found = office.engine.plans.compare(revised(tmp_path, *changes), by="policy-1")

    assert [(each.number, each.kind, each.door) for each in found] == [
        (None, "scoring", "next_plan"),
        ("1", "text", "adopt"),
        ("1", "targets", "request_change"),
        ("4", "project", "adopt"),
    ]


def test_a_target_that_was_open_is_set_for_the_first_time(office, tmp_path):
    """No plan is adopted without its targets; one of an older store may lack some."""
    plan = office.plan
    was = plan.projects["1"]
    lacking = dict(was.tree["indicators"]["schools"]["targets"])
    del lacking["2016-Q4"]
    schools = {**was.tree["indicators"]["schools"], "targets": lacking}
    tree = {**was.tree, "indicators": {**was.tree["indicators"], "schools": schools}}
    old = {**plan.projects, "1": attrs.evolve(was, tree=tree)}
    found = differences(plan, plan.head, old, {"1": "request_change"})
    assert [(each.path, each.kind, each.door) for each in found] == [
        ("indicators.schools.targets.2016-Q4", "open_target", "adopt")
    ]

    annual = ("unit: 개교\n", "unit: 개교\n        annual: 40\n")
    assert office.engine.adopt(revised(tmp_path, annual), by="policy-1", reason="연간 목표 적음")
    assert office.engine.plans.definition("gu/1").indicator("schools").annual == Decimal(40)


def plain() -> str:
    """The preset without its change procedure."""
    works = evalflow.load_lifecycle("major-works", plugins=[])
    evaluate = works.events["self_evaluate"]
    guards = [use.name for use in evaluate.guards if use.name != "changes_declared"]
    gone = {each.name for each in works.events.values() if each.leads == "change"}
    lines = (
        "evalflow: lifecycle/1",
        "extends: major-works/3",
        "name: plain",
        "version: 1",
        "ko: 변경절차 없음",
        "en: No change procedure",
        "regions: {change: null}",
        "events:",
        "  self_evaluate:",
        "    transitions: [{from: planned, to: self_evaluated}]",
        f"    guards: [{', '.join(guards)}]",
        "    actions: [self_rating]",
        *(f"  {name}: null" for name in sorted(gone)),
    )
    return "\n".join(lines) + "\n"


def test_a_lifecycle_without_a_change_procedure_stays_as_it_was(tmp_path, clock):
    (tmp_path / "plain.yaml").write_text(plain(), encoding="utf-8")
    change = ("lifecycle: major-works", "lifecycle: plain.yaml")
    with evalflow.open("memory:", plugins=[], clock=clock) as engine:
        engine.adopt(revised(tmp_path, change), by=revised(tmp_path, change).actor("policy-1"))
        later = revised(tmp_path, change, ("2016-Q2: 20,", "2016-Q2: 1,"))
        assert [each.door for each in engine.plans.compare(later, by="policy-1")] == ["adopt"]
        assert engine.adopt(later, by="policy-1", reason="지침").revision == 2


def test_a_migration_does_not_take_the_change_procedure_away(office, tmp_path):
    (tmp_path / "plain.yaml").write_text(plain(), encoding="utf-8")
    new = evalflow.load_lifecycle(tmp_path / "plain.yaml", plugins=[])
    batch = office.engine.plans.migrate("gu", new, by="policy-1", reason="단순화", mode="each")
    assert {tuple(each.code for each in line.reasons) for line in batch} == {
        ("no_change_procedure",)
    }
    assert {each.outcome for each in batch.apply()} == {"refused"}


def test_another_lifecycle_named_in_the_plan_file_frees_nobody(office, tmp_path):
    """A revision leaves the plan's lifecycle as it is; going over to another is a migration."""
    (tmp_path / "plain.yaml").write_text(plain(), encoding="utf-8")
    changes = ("lifecycle: major-works", "lifecycle: plain.yaml"), ("2016-Q2: 20,", "2016-Q2: 1,")
    with pytest.raises(evalflow.InvalidInput, match="a revision does not change it") as error:
        office.engine.adopt(revised(tmp_path, *changes), by="policy-1", reason="지침")
    assert [each.code for each in error.value.problems] == ["other_lifecycle"]


def test_a_correction_leaves_what_was_promised(office):
    office.clock.go("2016-04-01")
    office.to_lagging()
    office.fire("gu/3", "open_period", "policy-1")
    before = office.engine.plans.definition("gu/3")
    office.fire(
        "gu/3", "correct", "policy-1",
        period="2016-Q1", corrected={"metres": 300}, reason="집계 착오",
    )  # fmt: skip
    assert office.engine.plans.definition("gu/3") == before
    with pytest.raises(evalflow.InvalidInput, match="takes no field 'change'"):
        office.fire(
            "gu/3", "correct", "policy-1", period="2016-Q1", corrected={"metres": 300},
            reason="집계 착오", change={"indicators": {"metres": {"targets": {"2016-Q1": 1}}}},
        )  # fmt: skip


# --------------------------------------------------------------------------- the plan's own rules

LEAVE = ", ".join(f"2016-04-{day:02}: 휴무" for day in range(4, 26))
AGAIN = "again: {days_after: [send_back, reopen], days: 5}"
TIME = "calendar: {periods: quarter, first: 2016-Q1, last: 2016-Q4"


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        pytest.param(
            ("scoring: {}", "scoring: {}\nlines: {change: [vice_mayor]}"),
            "lines",
            "who signs a change",
            id="the change ends below the mayor",
        ),
        pytest.param(
            (TIME, TIME + ", due: {self_evaluate: {day: 15}}"),
            "calendar.due",
            "extend a project's deadline",
            id="later",
        ),
        pytest.param(
            (TIME, TIME + ", due: {file_change: {days_after: approve_change, days: 60}}"),
            "calendar.due",
            "no deadline to a later day",
            id="more days to file a change",
        ),
        pytest.param(
            (TIME, TIME + ", extension: {times: 9}"),
            "calendar.extension",
            "within its bounds",
            id="bounds of extensions",
        ),
        pytest.param(
            (TIME, TIME.replace("Q4", "Q3")), "calendar.last", "moves no period", id="a period less"
        ),
        pytest.param((TIME, TIME + ", zone: Asia/Tokyo"), "calendar.zone", "moves no", id="zone"),
        pytest.param(
            (TIME, TIME + f", extra: {{{LEAVE}}}"),
            "calendar.extra",
            "moves no period, and no deadline to a later day",
            id="days off without end",
        ),
    ],
)  # fmt: skip
def test_what_all_projects_share_stands_until_the_next_plan(change, path, says, office, tmp_path):
    text = PLAN.replace(*change)
    if path == "calendar.last":  # without its last period the plan has no targets there
        text = "\n".join(
            line.replace(", 2016-Q4: 40", "").replace(", 2016-Q4: {not_due: 방학}", "")
            .replace(", 2016-Q4: 400", "").replace(", 2016-Q4: 5", "")
            for line in text.splitlines()
        )  # fmt: skip
    (tmp_path / "revised.yaml").write_text(text, encoding="utf-8")
    plan = evalflow.load_plan(tmp_path / "revised.yaml")
    with pytest.raises(evalflow.Refused) as refused:
        office.engine.adopt(plan, by="policy-1", reason="지침")
    told = [each for each in refused.value.reasons if each.about == path]
    assert [each.code for each in told] == ["needs_next_plan"]
    assert says in told[0].text("en")
    with pytest.raises(evalflow.Refused):
        office.engine.plans.propose(plan, by="policy-1", reason="지침")
    assert office.engine.plans.head("gu").revision == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param((TIME, TIME + f", due: {{self_evaluate: {{day: 3, {AGAIN}}}}}"), id="earlier"),
        pytest.param((TIME, TIME + ", extra: {2016-04-05: 임시공휴일}"), id="a day off"),
        pytest.param(
            ("scoring: {}", "scoring: {}\nlines: {change: [vice_mayor, mayor]}"),
            id="one more signs",
        ),
        pytest.param(
            ("scoring: {}", "scoring: {}\nduties: [approver_did_not_review]"), id="one more duty"
        ),
    ],
)  # fmt: skip
def test_what_asks_for_more_may_come_by_a_revision(change, office, tmp_path):
    plan = revised(tmp_path, change)
    assert office.engine.adopt(plan, by="policy-1", reason="지침").revision == 2


@pytest.mark.parametrize(
    "written_out",
    [
        "scoring: {basis: cumulative, places: 1}",
        "scoring: {}\nlines: {}\nduties: []",
    ],
)
def test_what_is_only_written_out_differs_in_nothing(written_out, office, tmp_path):
    """As a workbook of the office says it: what stood by default is the same when it is said."""
    found = office.engine.plans.compare(
        revised(tmp_path, ("scoring: {}", written_out)), by="policy-1"
    )
    assert {(each.kind, each.door) for each in found} <= {("text", "adopt")}


def test_days_off_come_no_further_by_many_revisions_than_by_one(office, tmp_path):
    """Fifteen days of extension are the bounds of the lifecycle, counted from the adopted plan."""

    def off(first: int, last: int) -> tuple[str, str]:
        days = ", ".join(f"2016-04-{day:02}: 휴무" for day in range(first, last + 1))
        return TIME, f"{TIME}, extra: {{{days}}}"

    assert office.engine.adopt(revised(tmp_path, off(4, 15)), by="policy-1", reason="휴무")
    text = revised(tmp_path, off(4, 24))
    later = attrs.evolve(text, head=attrs.evolve(text.head, revision=2))
    with pytest.raises(evalflow.Refused, match=r"calendar\.extra"):
        office.engine.adopt(later, by="policy-1", reason="휴무")


def test_a_separation_of_duties_is_not_taken_out(store_url, clock, tmp_path):
    duties = "scoring: {}", "scoring: {}\nduties: [approver_did_not_review]"
    with evalflow.open(store_url, plugins=[], clock=clock) as engine:
        plan = revised(tmp_path, duties)
        engine.adopt(plan, by=plan.actor("policy-1"))
        with pytest.raises(evalflow.Refused, match="a separation of duties stays"):
            engine.adopt(revised(tmp_path), by="policy-1", reason="간소화")


# --------------------------------------------------------------------------- migrations, changes


@pytest.mark.parametrize(
    ("weaker", "says"),
    [
        (
            "  approve_change: {by: [policy_office], line: null, "
            "guards: [dissent_settled], actions: [plan_revision]}\n",
            "Policy office",
        ),
        ("  approve_change: {guards: [line_signed]}\n", "consulted, dissent_settled"),
    ],
)
def test_a_migration_does_not_weaken_the_change_procedure(weaker, says, office, tmp_path):
    head = (
        "evalflow: lifecycle/1\nextends: major-works/3\nname: easy\nversion: 1\nko: 가\nen: Easy\n"
    )
    (tmp_path / "easy.yaml").write_text(f"{head}events:\n{weaker}", encoding="utf-8")
    new = evalflow.load_lifecycle(tmp_path / "easy.yaml", plugins=[])
    batch = office.engine.plans.migrate("gu", new, by="policy-1", reason="간소화", mode="each")
    reasons = {reason for line in batch for reason in line.reasons}
    assert "weaker_change_procedure" in {each.code for each in reasons}
    assert any(says in each.text("en") for each in reasons)
    assert {each.outcome for each in batch.apply()} == {"refused"}


def test_a_change_asks_for_what_the_plan_was_asked_for(store_url, clock, tmp_path):
    """Quarterly budgets that do not come to the sources are asked about in a change too (R31)."""
    sums = (
        "{시비: 50000000}}",
        (
            "{시비: 50000000}, periods: {2016-Q1: 20000000, 2016-Q2: 10000000, 2016-Q3: 10000000, "
            "2016-Q4: 10000000}}"
        ),
    )
    lenient = "   periods: 시험용 계획, schedule", "   schedule"
    text = PLAN.replace(*sums).replace(*lenient)
    for number, won in (("1", 100000000), ("3", 20000000)):
        each = f"{{구비: {won}}}}}"
        assert each in text, number
        text = text.replace(
            each, each[:-1] + f", periods: {{2016-Q1: {won}, 2016-Q2: 0, 2016-Q3: 0, 2016-Q4: 0}}}}"
        )
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    with evalflow.open(store_url, plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(tmp_path / "plan.yaml")
        engine.adopt(plan, by=plan.actor("policy-1"))
        data = {
            "kind": "other",
            "change": {"budget": {"sources": {"시비": 60000000}}},
            "reason": "추경",
            "detail": "시비 증액",
            "reported_on": "2016-02-25",
        }
        told = engine.explain(
            "gu/2", "request_change", by=engine.actor("gu", "elderly-head"), data=data
        )
        assert [each.code for each in told.reasons] == ["content_lacking"]
        assert "the periods need 50,000,000 won, the sources give 60,000,000" in told.reasons[0].en
        data["change"] = {
            "budget": {"sources": {"시비": 60000000}, "periods": {"2016-Q4": 20000000}}
        }
        entry = engine.fire("gu/2", "request_change", by="elderly-head", data=data)
        assert entry.after[1] == "change_requested"
