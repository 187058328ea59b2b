# mypy: disable-error-code="comparison-overlap,index"
"""Loading plans: the values, and every mistake told once, at its place."""

from __future__ import annotations

import copy
import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evalflow
from evalflow.errors import InvalidInput, NotFound, Problem
from evalflow.files import yaml
from evalflow.files.yaml_writer import yaml_text
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import Cooperation, Label, NotDue, Signature
from evalflow.model.canonical import canonical, parse
from evalflow.plan.definition import Plan
from evalflow.plan.head import head_from_tree
from evalflow.plan.load import load_plan
from evalflow.plan.project import definition_from_tree
from evalflow.plan.stored import stored_definition, stored_head
from plan_strategies import BASE, damaged

ROOT = Path(__file__).parents[2]


@cache
def lifecycle(name: str) -> Lifecycle:
    return evalflow.load_lifecycle(name)


def load(text: str) -> Plan:
    return load_plan(text.encode(), lifecycle=lifecycle, name="plan.yaml")


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as caught:
        load(text)
    return caught.value.problems


def edited(old: str, new: str) -> str:
    assert BASE.count(old) == 1, old
    return BASE.replace(old, new)


# --------------------------------------------------------------------------- what is read


def test_a_plan_says_what_its_file_says() -> None:
    plan = load(BASE)
    head = plan.head
    assert (plan.id, plan.year, plan.label.ko, plan.file) == (
        "gu-2016",
        2016,
        "2016년 계획",
        "plan.yaml",
    )
    assert plan.lifecycle is lifecycle("major-works")
    assert (head.lifecycle, head.revision, head.effective) == ("major-works", 1, "2016-Q1")
    assert head.illustrative == Label("수치는 예시임", "수치는 예시임")
    assert head.document.number == "정책기획담당관-2872"
    assert head.document.registered_on == dt.date(2016, 2, 24)
    assert head.document.signed_by[1] == Signature(
        title="구청장", actor="policy-1", signed_on=dt.date(2016, 2, 25), acting="부구청장"
    )
    assert head.document.cooperation == (Cooperation(partner="예산팀", matter="예산 확인"),)
    assert head.document.bases == ("규칙 제12조",)
    assert head.office == "gu"
    assert list(head.units) == ["gu", "welfare", "youth", "education"]
    assert head.units["youth"].since == dt.date(2016, 7, 1)
    assert head.units["youth"].label_on(dt.date(2016, 11, 1)).ko == "미래과"
    assert head.fields["economy"] == Label("경제", "경제")
    assert [day.day for day, _ in head.milestones] == [5, 25]
    assert head.goals["g3"].parent == "g2"
    assert head.exclusions[0].evaluated_in == "반기별 정기평가"


def test_calendar_scoring_and_delivery_are_read() -> None:
    head = load(BASE).head
    assert head.calendar.extra == {dt.date(2016, 5, 6): "임시공휴일"}
    assert head.calendar.removed == (dt.date(2016, 5, 5),)
    assert head.calendar.due["self_evaluate"].n == 7
    assert head.calendar.due["file_change"].events == ("approve_change",)
    assert (head.calendar.move, head.calendar.frequency) == ("previous", "quarter")
    rules = head.scoring
    assert [(b.name, b.at_least) for b in rules.bands] == [
        ("good", Decimal(95)),
        ("fair", Decimal("80.5")),
        ("bad", None),
    ]
    assert (rules.basis, rules.places) == ("period", 2)
    assert (rules.cap, rules.floor) == (Decimal(120), Decimal(20))
    assert rules.options == {"tie": "keep"}
    assert head.delivery.notifiers == ("console", "mail")
    assert head.delivery.options["mail"] == {"from": "a@example.org"}
    assert head.delivery.backoff == (60, 300)
    assert head.patience == dt.timedelta(seconds=5)


def test_a_project_is_read_with_everything_in_it() -> None:
    project = load(BASE).projects["6"]
    assert project.id == "gu-2016/6"
    assert project.unit_on(dt.date(2016, 6, 30)) == "education"
    assert project.unit_on(dt.date(2016, 7, 1)) == "youth"
    assert project.budget.sources == {"시비": 1000, "구비": 500}
    assert project.budget.total == 1500
    assert project.schedule["2016-12"] == "결과 보고"
    assert project.cards == (Label("카드", "Card"), Label("둘째", "둘째"))
    assert (project.kind, project.core_project, project.goals) == ("continued", "together", ("g3",))
    visits, faults, area, opening = project.indicators
    assert visits.weight == Fraction(1, 3)
    assert visits.targets == {
        "2016-Q1": Decimal("5.5"),
        "2016-Q2": Decimal(1000),
        "2016-Q3": NotDue("하반기"),
        "2016-Q4": Decimal(20),
    }
    assert (visits.formula, faults.formula) == ("up", "down_linear")
    assert faults.label == Label("고장", "고장")
    assert faults.targets["2016-Q3"] == NotDue("")
    assert (faults.zero_target, faults.cap) == ("full", Decimal(110))
    assert area.baseline == 3
    assert [(step.id, step.weight) for step in opening.steps] == [
        ("works", Fraction(2)),
        ("opened", Fraction(1)),
    ]


def test_an_actor_has_their_roles_and_whom_they_act_for() -> None:
    plan = load(BASE)
    regular, acting = plan.actor("policy-2").grants
    assert regular.until == dt.date(2016, 12, 31)
    assert (acting.on_behalf_of, acting.reason) == ("policy-1", "출장")
    with pytest.raises(NotFound) as caught:
        plan.actor("polic-2")
    assert caught.value.nearest == "policy-2"


def test_what_a_plan_leaves_out_is_evalflows_default() -> None:
    kept = ("evalflow", "id", "year", "ko", "lifecycle", "units", "directory", "fields", "projects")
    tree = yaml.read(BASE.encode(), name="f").tree
    head = load(yaml_text({key: tree[key] for key in kept} | {"projects": SMALL})).head
    assert (head.calendar.first, head.calendar.last) == ("2016-Q1", "2016-Q4")
    assert (head.calendar.move, head.calendar.zone) == ("next", "Asia/Seoul")
    assert [b.name for b in head.scoring.bands] == [
        "done",
        "on_track",
        "lagging",
        "seriously_lagging",
    ]
    assert head.label == Label("2016년 계획", "2016년 계획")
    assert head.delivery.notifiers == ()
    assert head.illustrative is None


SMALL: dict[str, Any] = {
    "1": {
        "ko": "사업",
        "unit": "education",
        "field": "welfare",
        "indicators": {
            "a": {
                "ko": "지표",
                "unit": "건",
                "direction": "up",
                "accumulation": "sum",
                "targets": {f"2016-Q{n}": str(n) for n in range(1, 5)},
            }
        },
    }
}


@pytest.mark.parametrize(
    ("periods", "first", "last", "targets"),
    [
        ("month", "2016-01", "2016-12", [f"2016-{n:02}" for n in range(1, 13)]),
        ("half", "2016-H1", "2017-H2", ["2016-H1", "2016-H2", "2017-H1", "2017-H2"]),
        ("year", "2016", "2018", ["2016", "2017", "2018"]),
    ],
)
def test_a_plan_may_have_periods_of_any_length(
    periods: str, first: str, last: str, targets: list[str]
) -> None:
    tree = yaml.read(BASE.encode(), name="f").tree
    project = copy.deepcopy(SMALL)
    project["1"]["indicators"]["a"]["targets"] = dict.fromkeys(targets, "1")
    tree["calendar"] = {"periods": periods, "first": first, "last": last}
    tree["projects"] = project
    plan = load(yaml_text(tree))
    assert list(plan.projects["1"].indicators[0].targets) == targets


def test_a_lifecycle_beside_the_plan_is_loaded_by_its_path(tmp_path: Path) -> None:
    asked = []

    def resolve(name: str) -> Lifecycle:
        asked.append(name)
        return lifecycle("major-works")

    plan = tmp_path / "plan.yaml"
    plan.write_text(edited("lifecycle: major-works", "lifecycle: ./own.yaml"), encoding="utf-8")
    load_plan(plan, lifecycle=resolve)
    assert asked == [str(tmp_path / "own.yaml")]


def test_mistakes_in_plan_and_lifecycle_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("evalflow: lifecycle/1\n", encoding="utf-8")
    plan = tmp_path / "plan.yaml"
    text = edited("lifecycle: major-works", "lifecycle: ./own.yaml").replace(
        "year: 2016", "yaer: 1"
    )
    plan.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        evalflow.load_plan(plan)
    files = [Path(problem.file or "").name for problem in caught.value.problems]
    assert files[0] == "plan.yaml"
    assert "own.yaml" in files


def test_the_plan_in_the_reference_loads() -> None:
    page = (ROOT / "docs" / "reference" / "plan.md").read_text(encoding="utf-8")
    example = yaml.read(ROOT / "examples" / "seodaemun-2016" / "plan.yaml").tree
    for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL):
        example |= yaml.read(block.encode(), name="plan.md").tree
    assert list(load(yaml_text(example)).projects) == ["6"]


# --------------------------------------------------------------------------- what is refused

FIVE = (
    BASE.replace("unit: education, until: 2016-06-30", "unit: edukation, until: 2016-06-30")
    .replace("    field: welfare", "    field: walfare")
    .replace("accumulation: average", "accumulation: median")
    .replace("weight: 1/3", "weight: -1/3")
    .replace("2016-Q3: 6, ", "")
)


def test_five_mistakes_are_five_problems_each_with_its_line() -> None:
    told = problems(FIVE)
    lines = FIVE.split("\n")
    assert [(p.code, p.file) for p in told] == [
        (code, "plan.yaml")
        for code in (
            "unknown_unit",
            "unknown_field",
            "wrong_value",
            "wrong_value",
            "missing_target",
        )
    ]
    for problem, words in zip(
        told, ("edukation", "walfare", "-1/3", "median", "2016-Q2: 5"), strict=True
    ):
        assert problem.line is not None
        assert words in lines[problem.line - 1]
    assert "'education'" in told[0].ko
    assert "did you mean 'welfare'" in told[1].en
    assert "2016-Q3" in told[4].ko


@pytest.mark.parametrize(
    ("old", "new", "code", "at"),
    [
        # the head
        ("evalflow: plan/1", "evalflow: plan/2", "wrong_value", "plan/2"),
        ("id: gu-2016", "id: gu/2016", "bad_name", "gu/2016"),
        ("year: 2016\n", "year: 16\n", "wrong_value", "year: 16"),
        ("ko: 2016년 계획\n", "", "missing_key", "evalflow"),
        ("lifecycle: major-works", "lifecycle: mayor-works", "unknown_preset", "mayor-works"),
        ("milestones:", "milestone:", "unknown_key", "milestone:"),
        # the calendar
        ("zone: Asia/Seoul", "zone: Asia/Soul", "unknown_zone", "Asia/Soul"),
        ("move: previous", "move: nearest", "wrong_value", "nearest"),
        ("first: 2016-Q1", "first: 2016-Q9", "bad_period", "2016-Q9"),
        ("holidays: KR", "holidays: Korea", "unknown_country", "Korea"),
        ("{2016-05-06:", "{2016-05-36:", "bad_date", "2016-05-36"),
        ("{day: 7}", "{day: 77}", "wrong_value", "77"),
        ("{self_evaluate: {day: 7}", "{self_eval: {day: 7}", "unknown_event", "self_eval:"),
        ("days_after: approve_change", "days_after: aprove", "unknown_event", "aprove,"),
        # scoring and notices
        ("basis: period", "basis: total", "wrong_value", "total"),
        ("floor: 20", "floor: 200", "floor_above_cap", "floor: 200"),
        ("at_least: 80.5", "at_least: 95", "bands_not_descending", "fair:"),
        ("bad: {ko: 미흡,", "bad: {at_least: 1, ko: 미흡,", "lowest_band_bounded", "bad:"),
        (
            "fair: {ko: 보통, en: Fair, verdict: lagging,",
            "fair: {ko: 보통, en: Fair, verdict: slow,",
            "wrong_value",
            "slow",
        ),
        ("fair: {ko: 보통, ", "fair: {", "missing_key", "fair:"),
        ("backoff: [60, 300]", "backoff: [60, soon]", "wrong_value", "soon"),
        ("{within: 5s}", "{within: 5}", "wrong_value", "5}"),
        ("{within: 5s}", "{within: 0s}", "wrong_value", "0s"),
        ("{within: 5s}", "{within: 601s}", "wrong_value", "601s"),
        ("{within: 5s}", "{withn: 5s}", "unknown_key", "withn"),
        # units
        ("gu: {kind: office,", "gu: {kind: offise,", "wrong_value", "offise"),
        (
            "ko: 교육과, en: Education, parent: welfare",
            "ko: 교육과",
            "missing_parent",
            "education:",
        ),
        (
            "en: Education, parent: welfare",
            "en: Education, parent: walfare",
            "unknown_unit",
            "walfare",
        ),
        ("en: Office}", "en: Office, parent: welfare}", "wrong_value", "Office, parent"),
        ("en: Welfare, parent: gu", "en: Welfare, parent: youth", "unit_cycle", "parent: youth"),
        ("    since: 2016-07-01\n", "    since: 2016-07-01\n    until: 2016-06-01\n", "", ""),
        # people
        ("  education-1: [", "  홍길동: [", "personal_name", "홍길동"),
        ("  education-1: [", "  edu 1: [", "bad_name", "edu 1"),
        ("role: department, unit: education", "role: clerk, unit: education", "unknown_role", ""),
        (
            "role: department, unit: education",
            "role: department, unit: welfare",
            "role_at_wrong_kind",
            "unit: welfare}]",
        ),
        (
            "education-1: [{role: department, unit: education}]",
            "education-1: department",
            "wrong_value",
            "education-1",
        ),
        ("    reason: 출장\n", "", "missing_key", "actor: policy-2"),
        ("until: 2016-07-20", "until: 2016-07-01", "ends_before_begin", "2016-07-01"),
        ("    until: 2016-07-20\n", "", "missing_key", "actor: policy-2"),
        ("for: policy-1", "for: policy-2", "acts_for_self", "for:"),
        ("for: policy-1", "for: education-1", "nothing_to_act_for", "for:"),
        ("- actor: policy-2", "- actor: policy-3", "unknown_actor", "policy-3"),
        # the paper (R49)
        ("number: 정책기획담당관-2872", "number: 추후 부여", "document_number", "추후"),
        ("number: 정책기획담당관-2872", "number: 2872", "document_number", "2872"),
        ("registered_on: 2016. 2. 24.", "registered_on: 2016. 2. 30.", "wrong_value", "2. 30."),
        ("registered_on: 2016", "registred_on: 2016", "unknown_key", "registred_on"),
        ("actor: policy-1, signed_on: 2016-02-25", "actor: polcy-1", "unknown_actor", "polcy-1"),
        ("acting: 부구청장}", "for: 부구청장}", "unknown_key", "for: 부구청장"),
        (", matter: 예산 확인", "", "missing_key", "partner"),
        # goals, exclusions
        ("kind: policy, ko: 정책, en: Policy, parent: g1", "kind: policy, ko: 정책", "", ""),
        ("en: Project, parent: g2", "en: Project, parent: g1", "goal_chain", "g1}"),
        ("en: Project, parent: g2", "en: Project, parent: g9", "unknown_goal", "g9"),
        (", evaluated_in: 반기별 정기평가", "", "missing_key", "공약사업"),
        ("  2016-02-05:", "  2016-02-31:", "bad_date", "2016-02-31"),
        # projects
        ("  6:\n", "  6/7:\n", "bad_name", "6/7"),
        ("    ko: 교육지구 운영\n", "", "missing_key", "6:"),
        ("core_project: together", "core_project: alone", "unknown_core_project", "alone"),
        ("    goals: [g3]", "    goals: [g4]", "unknown_goal", "g4"),
        ("selection: [core]", "selection: [score]", "unknown_criterion", "score"),
        ("cooperating: [youth]", "cooperating: yoth", "unknown_unit", "yoth"),
        ("kind: continued", "kind: old", "wrong_value", "old"),
        ("end: 2017-12-31", "end: 2015-12-31", "ends_before_begin", "2015"),
        ("until: 2016-06-30}", "until: 2016-05-31}", "assignments_gap", "unit: youth"),
        ("until: 2016-06-30}", "until: 2016-08-31}", "assignments_overlap", "unit: youth"),
        ("{unit: youth, since: 2016-07-01}", "{unit: education, since: 2016-08-01}", "", ""),
        ("    since: 2016-07-01\n", "    since: 2016-08-01\n", "unit_not_there", "unit: youth"),
        ("periods: {2016-Q1: 10}", "periods: {2017-Q1: 10}", "period_outside", "2017-Q1"),
        ("2016-12: 결과 보고", "2017-12: 결과 보고", "period_outside", "2017-12"),
        ("구비: 500", "구비: 0.5", "wrong_value", "0.5"),
        ("구비: 500", "구비: -5", "wrong_value", "-5"),
        ("    cards: [{ko: 카드, en: Card}, 둘째]", "    cards: 22", "wrong_value", "cards: 22"),
        # indicators (G5)
        ("        direction: down\n", "", "missing_key", "faults:"),
        ("        accumulation: average\n", "", "missing_key", "faults:"),
        ("direction: down", "direction: downwards", "wrong_value", "downwards"),
        ("direction: down", "direction: maintain", "missing_key", "faults:"),
        ("formula: baseline", "formula: down_linear", "formula_against_direction", "down_linear"),
        ("formula: baseline", "formula: base", "wrong_value", "base"),
        ("        baseline: 3\n", "", "missing_key", "area:"),
        ("        formula: baseline\n", "", "wrong_value", "baseline: 3"),
        ("        unit: 건\n", "", "missing_key", "faults:"),
        ("weight: 1/3", "weight: 1/0", "wrong_value", "1/0"),
        ("cap: 110", "cap: 0", "wrong_value", "cap: 0"),
        ("2016-Q1: 5.5", "2016-Q1: 5.5e3", "wrong_value", "5.5e3"),
        ("2016-Q1: 5.5", "2016-Q1: NaN", "wrong_value", "NaN"),
        ("2016-Q1: 5.5", "2016-Q1: ~", "missing_target", "2016-Q1: ~"),
        ("2016-Q1: 5.5", "2016-Q1: {later: why}", "", ""),
        ("2016-Q4: 20}", "2016-Q4: 20, 2017-Q1: 5}", "period_outside", "2017-Q1"),
        ("2016-Q4: 20}", "2016-4Q: 20}", "missing_target", "2016-4Q"),
        ("2016-Q4: 3}", "2016-Q4: 4}", "target_beyond_steps", "2016-Q4: 4"),
        ("        formula: milestone\n", "", "wrong_value", "works:"),
        ("weight: 2}", "weight: 0}", "negative_weight", "weight: 0"),
    ],
)
def test_a_mistake_is_told_at_its_place(old: str, new: str, code: str, at: str) -> None:
    text = edited(old, new)
    told = problems(text)
    lines = text.split("\n")
    assert all(p.ko and p.en and p.line and p.file == "plan.yaml" for p in told)
    if code:
        (found, *_) = [p for p in told if p.code == code]
        assert at in lines[(found.line or 0) - 1]


@pytest.mark.parametrize("key", ["units", "fields", "projects", "lifecycle", "id", "year"])
def test_what_every_plan_needs_is_asked_for(key: Any) -> None:
    tree = yaml.read(BASE.encode(), name="f").tree
    del tree[key]
    asked = [p for p in problems(yaml_text(tree)) if p.code == "missing_key"]
    assert any(f"'{key}'" in p.ko for p in asked)


def test_a_list_of_units_or_projects_is_refused() -> None:
    tree = yaml.read(BASE.encode(), name="f").tree
    for key in ("units", "projects", "fields", "directory", "goals"):
        assert problems(yaml_text({**tree, key: [{"ko": "가"}]}))


def test_indicators_that_all_weigh_nothing_are_refused() -> None:
    text = BASE.replace("weight: 1/3", "weight: 0").replace("zero_target: full", "weight: 0")
    text = text.replace("baseline: 3", "baseline: 3\n        weight: 0")
    text = text.replace("        steps:", "        weight: 0\n        steps:")
    assert [p.code for p in problems(text)] == ["weightless"]


def test_an_overlong_text_and_a_hidden_character_are_refused() -> None:
    (problem,) = problems(edited("ko: 교육지구 운영", f"ko: {'가' * 10_001}"))
    assert problem.code == "text_too_long"
    (problem,) = problems(edited("ko: 교육지구 운영", "ko: 교육\u202e지구"))
    assert problem.code == "unprintable"


def test_the_order_of_a_stored_tree_may_not_be_written_in_a_file() -> None:
    assert [p.code for p in problems(BASE + "order: {units: [gu]}\n")] == ["unknown_key"]


def test_a_list_of_no_assignments_is_told_once() -> None:
    two = """
      - {unit: education, until: 2016-06-30}
      - {unit: youth, since: 2016-07-01}"""
    (problem,) = problems(edited(two, " []"))
    assert (problem.code, problem.path) == ("missing_key", "projects.6.assignments")
    assert problem.en == "at least one unit in charge is needed"


def test_an_organisation_has_so_many_levels_and_no_more() -> None:
    def levels(count: int) -> str:
        deeper = "".join(
            f"  u{n}: {{kind: bureau, ko: 부서, en: Unit, parent: {f'u{n - 1}' if n else 'gu'}}}\n"
            for n in range(count - 1)
        )
        return BASE.replace("units:\n", f"units:\n{deeper}", 1)

    assert len(load(levels(50)).head.units) > 50
    assert [p.code for p in problems(levels(51))] == ["too_deep"]
    assert [p.code for p in problems(levels(5_000))] == ["too_deep"]


def test_a_unit_cycle_is_told_once() -> None:
    text = edited("en: Welfare, parent: gu", "en: Welfare, parent: education")
    assert [p.code for p in problems(text)] == ["unit_cycle"]


# --------------------------------------------------------------------------- stored trees


def test_a_stored_tree_gives_the_same_values_in_the_same_order() -> None:
    plan = load(BASE)
    head = stored_head(canonical(plan.head.tree))
    assert head == plan.head
    assert head.tree == plan.head.tree
    for name in ("units", "directory", "fields", "goals"):
        assert list(getattr(head, name)) == list(getattr(plan.head, name))
    for number, project in plan.projects.items():
        again = stored_definition(head.id, number, canonical(project.tree))
        assert again == project
        assert again.tree == project.tree
        assert list(again.budget.sources) == list(project.budget.sources)


def test_an_older_definition_stays_readable_when_its_unit_is_gone() -> None:
    plan = load(BASE)
    tree = {k: v for k, v in plan.head.tree["units"].items() if k != "youth"}
    head = head_from_tree({**plan.head.tree, "units": tree})
    project = plan.projects["6"]
    assert stored_definition(head.id, "6", project.tree) == project
    with pytest.raises(InvalidInput) as caught:
        definition_from_tree(head, "6", project.tree)
    assert {p.path for p in caught.value.problems} == {
        "projects.6.assignments[1].unit",
        "projects.6.cooperating[0]",
    }


# --------------------------------------------------------------------------- properties


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(damaged())
def test_a_damaged_plan_is_refused_politely_or_round_trips(tree: Any) -> None:
    try:
        plan = load(yaml_text(tree))
    except InvalidInput as error:
        assert all(p.ko and p.en for p in error.problems)
        assert all(p.line is not None for p in error.problems if p.code != "empty_file")
        return
    head = stored_head(canonical(plan.head.tree))
    assert head == plan.head == head_from_tree(parse(canonical(plan.head.tree)))
    for number, project in plan.projects.items():
        text = canonical(project.tree)
        assert stored_definition(head.id, number, text) == project
        assert definition_from_tree(head, number, parse(text)) == project


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(damaged())
def test_a_damaged_tree_is_refused_politely(tree: Any) -> None:
    head = load(BASE).head
    for build in (
        lambda: head_from_tree(tree),
        lambda: definition_from_tree(head, "6", tree["projects"]["6"]),
    ):
        try:
            build()
        except (InvalidInput, KeyError, TypeError) as error:
            if not isinstance(error, InvalidInput):
                assert not isinstance(tree.get("projects"), dict) or "6" not in tree["projects"]


@given(st.text(alphabet=st.sampled_from("evalflow: plan/1\nid{}[],&*!\"'#가0-?|>"), max_size=80))
def test_any_text_is_a_plan_or_invalid_input(text: str) -> None:
    with pytest.raises(InvalidInput):
        load(text)
