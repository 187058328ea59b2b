"""Several schemes in one store: the selection, what it becomes, and nothing evaluated twice."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from pathlib import Path
from typing import Any

import attrs
import hypothesis
import hypothesis.strategies as st
import pytest

import evalflow
from evalflow import cli
from evalflow.decision.guards import resolved
from evalflow.engine import schemes
from evalflow.lifecycle.check.checks import check
from evalflow.lifecycle.fields import VOTES
from evalflow.lifecycle.sources import earlier_presets, presets
from evalflow.plugins import vocabulary
from evalflow.testing import load_scenario, run_scenario, scenario_tests

SEOUL = dt.timezone(dt.timedelta(hours=9))
EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDER = EXAMPLES / "seodaemun-2016"
SELECTION = "seodaemun-2016-selection"


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Return the folder of a store in which the selection of 2016 was played, to be copied."""
    folder = tmp_path_factory.mktemp("selection")
    play("selection", folder / "office.db")
    return folder / "office.db"


@pytest.fixture
def store(played, tmp_path):
    path = tmp_path / "office.db"
    path.write_bytes(played.read_bytes())
    return path


def play(name: str, store: Path) -> None:
    """Play one of the demo's scenarios in the store, and see that all comes out as it says."""
    scenario = load_scenario(FOLDER / "demo" / f"{name}.scenario.yaml", plugins=[])
    assert run_scenario(scenario, url=f"sqlite:///{store}", plugins=[]) == ()


def opened(path: Path, day: dt.date = dt.date(2016, 2, 1)) -> evalflow.Engine:
    start = dt.datetime.combine(day, dt.time(9), SEOUL)
    seconds = itertools.count(1)
    return evalflow.open(
        f"sqlite:///{path}",
        plugins=[],
        clock=lambda: start + dt.timedelta(seconds=next(seconds)),
    )


# --------------------------------------------------------------------------- the presets


@pytest.mark.parametrize("name", presets())
def test_nothing_is_wrong_with_a_preset(name):
    assert check(evalflow.load_lifecycle(name, plugins=[]), vocabulary=vocabulary([])) == ()


PLANS = [
    path
    for path in sorted(EXAMPLES.glob("*/*.yaml"))
    if "evalflow: plan/1" in path.read_text("utf-8")
]


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_every_step_of_an_example_can_be_done_by_somebody(path):
    plan = evalflow.load_plan(path, plugins=[])
    units = plan.units_in_charge()
    found = check(plan.lifecycle, vocabulary=vocabulary([]), head=plan.head, units=units)
    assert [finding.text("en") for finding in found if finding.severity == "error"] == []


test_the_scenarios_of_the_schemes = scenario_tests(FOLDER / "schemes", plugins=[])


test_the_scenarios_of_other_offices = scenario_tests(EXAMPLES / "other-offices", plugins=[])
test_the_scenarios_of_procedures = scenario_tests(EXAMPLES / "procedures", plugins=[])


# --------------------------------------------------------------------------- the selection


def test_what_is_selected_is_the_plan_as_the_source_prints_it(store):
    """R22, R26-R28, R3, R23."""
    with opened(store, dt.date(2016, 3, 2)) as engine:
        plan = schemes.select_plan(engine, SELECTION, FOLDER / "plan.yaml")
    printed = evalflow.load_plan(FOLDER / "plan.yaml", plugins=[])
    assert {n: p.tree for n, p in plan.projects.items()} == {
        n: p.tree for n, p in printed.projects.items()
    }
    counted = schemes.tally(plan)
    fields = {plan.head.fields[name].ko: n for name, n in counted.fields.items()}
    assert counted.projects == 43
    assert fields == {"복지": 12, "경제": 5, "문화교육": 4, "환경": 17, "참여": 5}
    assert (counted.core, str(counted.core_share)) == (26, "60.5")
    assert (counted.departments, list(counted.kinds.values())) == (31, [3, 26, 1, 1])
    left_out = plan.head.exclusions[len(printed.head.exclusions) :]
    assert len(left_out) == 6
    assert all(each.reason and each.evaluated_in for each in left_out)


def test_the_approval_was_signed_a_day_late(store):
    """R20: by the 24th; 결재일자 2016. 2. 25."""
    with opened(store) as engine:
        late = {e.event: e.late for e in engine.history(f"{SELECTION}/6") if e.late is not None}
    assert late == {"agree": 0, "submit": 0, "approve": 1, "notify": 0}


def test_what_was_left_out_or_selected_owes_nothing_more(store):
    """A candidate that was excluded could be reconsidered, and is not waited for."""
    with opened(store, dt.date(2016, 3, 2)) as engine:
        assert engine.due(plan=SELECTION, waiting=True) == ()
        by = engine.actor(SELECTION, "policy-1")
        engine.fire(f"{SELECTION}/44", "reconsider", by=by, data={"reason": "다시 봄"})
        owed = {d.event for d in engine.due(plan=SELECTION, waiting=True)}
        assert owed == {"agree", "submit", "approve", "notify"}


def test_it_becomes_the_plan_by_one_command_and_is_adopted(store, tmp_path, capsys):
    words = ["--store", str(store), "--lang", "en", "plan", "select", SELECTION]
    draft = ["--draft", str(FOLDER / "plan.yaml"), "-o", str(tmp_path / "made.yaml")]
    assert cli.run([*words, *draft, "--as", "policy-1"]) == 0
    out = capsys.readouterr().out
    assert "43 projects" in out
    assert "Welfare 12, Economy 5, Culture and education 4, Environment 17" in out
    assert "26 (60.5 %)" in out
    assert "31 (3 담당관, 26 과, 1 지소, 1 박물관)" in out
    made = evalflow.load_plan(tmp_path / "made.yaml", plugins=[])
    with opened(store) as engine:
        assert engine.plans.ids() == ("seodaemun-2016", SELECTION)
        assert len(list(engine.projects(plan="seodaemun-2016"))) == len(made.projects) == 43


def test_a_draft_is_held_to_what_was_selected_with_every_difference_told(store, tmp_path):
    text = (FOLDER / "plan.yaml").read_text(encoding="utf-8")
    one = "    ko: 주민참여예산제 운영\n"
    assert one in text
    text = text.replace(one, "    ko: 다른 사업\n")
    text = text.replace('  "43":\n', '  "143":\n')
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    with opened(store) as engine, pytest.raises(evalflow.InvalidInput) as caught:
        schemes.select_plan(engine, SELECTION, tmp_path / "plan.yaml")
    problems = caught.value.problems
    assert [p.code for p in problems] == ["other_than_selected", "not_drafted"]
    assert text.splitlines()[(problems[0].line or 0) - 1].strip() == "ko: 다른 사업"


def test_mistakes_in_a_draft_are_told_where_they_stand(store, tmp_path):
    text = (FOLDER / "plan.yaml").read_text(encoding="utf-8")
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if "direction: down" in line)
    lines[at] = lines[at].replace("down", "dwn")
    criterion = next(n for n, line in enumerate(lines) if line.startswith("  external: "))
    lines[criterion] = lines[criterion].replace("external", "outside")
    (tmp_path / "plan.yaml").write_text("\n".join(lines), encoding="utf-8")
    with opened(store) as engine, pytest.raises(evalflow.InvalidInput) as caught:
        schemes.select_plan(engine, SELECTION, tmp_path / "plan.yaml")
    problems = caught.value.problems
    assert {"wrong_value", "unknown_criterion"} <= {problem.code for problem in problems}
    assert at + 1 in {problem.line for problem in problems if problem.code == "wrong_value"}


def test_an_undecided_candidate_stops_the_plan(store):
    with opened(store, dt.date(2016, 3, 2)) as engine:
        by = engine.actor(SELECTION, "policy-1")
        engine.fire(f"{SELECTION}/44", "reconsider", by=by, data={"reason": "다시 봄"})
        with pytest.raises(evalflow.InvalidInput) as caught:
            schemes.select_plan(engine, SELECTION, FOLDER / "plan.yaml")
    assert [p.code for p in caught.value.problems] == ["undecided_candidate"]
    assert "/44 " in caught.value.text("en")


# --------------------------------------------------------------------------- nothing twice


def adopt(engine: evalflow.Engine, path: Path) -> evalflow.Plan:
    plan = engine.load_plan(path)
    roles = plan.lifecycle.adopted_by
    adopter = next(name for name, held in plan.head.directory.items() if held[0].role in roles)
    engine.adopt(plan, by=plan.actor(adopter))
    return plan


def pledges_with(tmp_path: Path, extra: str) -> Path:
    """Return a file of pledges of which the first is number 6 of the key projects."""
    text = (FOLDER / "pledges.yaml").read_text(encoding="utf-8")
    changed = text.replace(
        "    ko: 아동급식 지원 확대\n", f"    ko: 서울형 혁신교육지구운영\n{extra}"
    )
    assert changed != text
    (tmp_path / "pledges.yaml").write_text(changed, encoding="utf-8")
    return tmp_path / "pledges.yaml"


def test_a_project_in_two_schemes_is_reported_and_cannot_be_selected(store, tmp_path, capsys):
    with opened(store) as engine:
        adopt(engine, pledges_with(tmp_path, ""))
        with pytest.raises(evalflow.InvalidInput) as caught:
            schemes.select_plan(engine, SELECTION, FOLDER / "plan.yaml")
        assert [p.code for p in caught.value.problems] == ["evaluated_twice"]
        adopt(engine, FOLDER / "plan.yaml")
        (found,) = evalflow.overlaps(engine)
    assert {found.first, found.second} == {"seodaemun-2016/6", "seodaemun-2016-pledges/1"}
    assert found.reason is None
    words = ["--store", str(store), "--lang", "en", "plan", "overlaps"]
    assert cli.run(words) == 1
    assert "seodaemun-2016-pledges/1" in capsys.readouterr().out


def test_a_special_reason_makes_a_double_evaluation_a_matter_of_record(store, tmp_path, capsys):
    """업무 등의 평가에 관한 규칙 제4조③."""
    with opened(store) as engine:
        adopt(engine, pledges_with(tmp_path, "    also_in: {seodaemun-2016: 구청장 지시}\n"))
        plan = schemes.select_plan(engine, SELECTION, FOLDER / "plan.yaml")
        engine.adopt(plan, by=plan.actor("policy-1"))
        (found,) = evalflow.overlaps(engine)
        assert found.reason == "구청장 지시"
        kept = engine.plans.definition("seodaemun-2016-pledges/1")
        assert kept.also_in == {"seodaemun-2016": "구청장 지시"}
        (entry,) = engine.history("seodaemun-2016-pledges/1")
        assert entry.data["definition"]["also_in"]  # in the history, hashed with it
    unplaced = ["--store", str(store), "plan", "overlaps", "--json"]
    assert cli.run(unplaced) == 1  # number 44 was left out for a pledge that is another one here
    assert f"{SELECTION}/44" in capsys.readouterr().out


def test_the_schemes_of_the_example_evaluate_nothing_twice(store, capsys):
    with opened(store) as engine:
        for name in ("plan", "pledges", "regeneration"):
            adopt(engine, FOLDER / f"{name}.yaml")
        assert evalflow.overlaps(engine) == ()
        assert schemes.unplaced(engine) == ()
    assert cli.run(["--store", str(store), "--lang", "en", "plan", "overlaps"]) == 0
    assert "nothing is evaluated twice" in capsys.readouterr().out


def test_other_offices_may_have_projects_of_the_same_name(store, tmp_path):
    text = pledges_with(tmp_path, "").read_text(encoding="utf-8")
    (tmp_path / "pledges.yaml").write_text(text.replace("ko: 서대문구", "ko: 마포구", 1))
    with opened(store) as engine:
        adopt(engine, tmp_path / "pledges.yaml")
        adopt(engine, FOLDER / "plan.yaml")
        office = {engine.plans.head(p).unit("seodaemun").label.ko for p in engine.plans.ids()}
        assert ("마포구" in office) == (evalflow.overlaps(engine) == ())


# --------------------------------------------------------------------------- side by side


def test_plans_with_their_own_lifecycles_live_in_one_store(store):
    """Each moves by its own rules; the store tells one story."""
    with opened(store) as engine:
        for name in ("plan", "pledges", "regeneration"):
            adopt(engine, FOLDER / f"{name}.yaml")
    with opened(store, dt.date(2016, 4, 4)) as engine:
        by = engine.actor("seodaemun-2016-regeneration", "housing-1")
        data = {"actuals": {"houses": 1}}
        engine.fire("seodaemun-2016-regeneration/2", "report", by=by, data=data)
        where = {
            plan: {engine.plans.lifecycle(p.lifecycle).name for p in engine.projects(plan=plan)}
            for plan in engine.plans.ids()
        }
        assert where == {
            "seodaemun-2016": {"major-works"},
            "seodaemun-2016-pledges": {"pledges"},
            "seodaemun-2016-regeneration": {"urban-regeneration"},
            SELECTION: {"selection"},
        }
        reported = [p.id for p in engine.projects(state="reported")]
        assert reported == ["seodaemun-2016-regeneration/2"]
        assert list(engine.audit.verify()) == []


def test_the_schemes_of_the_demo_are_played_beside_the_selection(store):
    play("regeneration", store)
    play("pledges", store)
    with opened(store) as engine:
        assert list(engine.audit.verify()) == []
        states = {p.id: p.states for p in itertools.chain(
            engine.projects(plan="seodaemun-2016-pledges", numbers=("3",)),
            engine.projects(plan="seodaemun-2016-regeneration", numbers=("1",)),
        )}  # fmt: skip
    assert states == {
        "seodaemun-2016-pledges/3": ("closed", "completed"),
        "seodaemun-2016-regeneration/1": ("troubled", "instructed"),
    }


# --------------------------------------------------------------------------- orders and referrals

REFERRALS = """\
evalflow: plan/1
id: referrals
year: 2016
ko: 감사의뢰
lifecycle: audit-referral
calendar: {periods: year, first: 2016, last: 2016}
units:
  gu: {kind: office, ko: 시험구}
  road: {kind: department, ko: 도로과, parent: gu}
directory:
  policy-1: [{role: policy_office, unit: gu}]
  audit-1: [{role: audit_office, unit: gu}]
  road-1: [{role: department, unit: road}]
fields: {works: {ko: 주요업무}}
projects:
  "1": {ko: 감사의뢰 1, unit: road, field: works, about: gu/3}
"""
ORDERS = (
    REFERRALS.replace("id: referrals", "id: orders")
    .replace("lifecycle: audit-referral", "lifecycle: corrective-order")
    .replace("  audit-1: [{role: audit_office, unit: gu}]\n", "")
)


@pytest.fixture
def adopted(office, plan_file):
    """Adopt a plan beside the small office's own, and return the id of its project."""

    def adopt(text: str) -> str:
        path = plan_file.parent / "beside.yaml"
        path.write_text(text, encoding="utf-8")
        other = evalflow.load_plan(path, plugins=[])
        office.engine.adopt(other, by=other.actor("policy-1"))
        return f"{other.id}/1"

    return adopt


@pytest.fixture
def fire(office):
    """Fire an event on a project of either plan."""

    def fire_one(project: str, event: str, by: str, **data: Any) -> Any:
        actor = office.engine.actor(project.rpartition("/")[0], by)
        return office.engine.fire(project, event, by=actor, data=data)

    return fire_one


def test_an_order_waits_until_its_project_lags_and_holds_nothing_up(office, adopted, fire):
    engine = office.engine
    order = adopted(ORDERS)
    told = {"document": "정책-1", "order": "실적 보완", "reason": "부진"}
    with pytest.raises(evalflow.Refused) as caught:
        fire(order, "issue", "policy-1", **told)
    assert [r.code for r in caught.value.reasons] == ["about_another_state"]
    office.to_lagging("gu/3", metres="100")
    before = engine.project("gu/3")
    fire(order, "issue", "policy-1", **told)
    assert engine.project("gu/3") == before  # looked at, not touched
    fire("gu/3", "open_period", "clock")  # and not held up
    assert engine.project("gu/3").period == "2016-Q2"
    office.clock.go("2016-05-16")
    by = engine.actor("orders", "policy-1")
    assert not engine.explain(order, "verify", by=by).allowed
    assert [(d.event, d.due) for d in engine.due(plan="orders")] == [
        ("report", dt.date(2016, 5, 16))
    ]
    fire(order, "report", "road-1", document="도로과-1", remedy="보완함")
    fire(order, "not_remedied", "policy-1", reason="증빙 없음")
    office.clock.go("2016-05-18")
    entry = fire(order, "report", "road-1", document="도로과-2", remedy="보완함", evidence=["사진"])
    assert entry.late == 0  # thirty days from the day on which the first one was found wanting
    fire(order, "verify", "policy-1")
    assert engine.project(order).states == ("verified",)
    assert [p.id for p in schemes.about(engine, "gu/3")] == [order]
    assert list(engine.audit.verify()) == []


def test_a_referral_is_followed_to_its_end_while_the_evaluation_goes_on(office, adopted, fire):
    engine = office.engine
    referral = adopted(REFERRALS)
    office.to_lagging("gu/3", metres="100")
    fire("gu/3", "refer_to_audit", "policy-1", reason="현저히 부진")
    fire(referral, "refer", "policy-1", reason="현저히 부진", document="정책-2")
    fire(referral, "accept", "audit-1")
    fire("gu/3", "open_period", "clock")
    office.clock.go("2016-05-10")
    fire(
        referral, "demand", "audit-1", findings="설계 변경 지연", document="감사-1", kind="caution"
    )
    fire(referral, "answer", "road-1", remedy="절차 개선")
    fire(referral, "close", "audit-1", result="주의 조치 완료")
    assert engine.project(referral).states == ("closed",)
    assert engine.project("gu/3").states[0] == "planned"
    assert list(engine.audit.verify()) == []


def test_one_more_order_is_opened_about_a_project(office, adopted, fire):
    engine = office.engine
    adopted(ORDERS)
    office.to_lagging("gu/3", metres="100")
    opened = schemes.open_about(engine, "orders", "gu/3", by=engine.actor("orders", "policy-1"))
    assert opened == "orders/2"
    assert engine.plans.definition(opened).about == "gu/3"
    assert engine.plans.definition(opened).unit_on(dt.date(2016, 5, 1)) == "road"
    fire(opened, "issue", "policy-1", document="정책-3", order="민원 대책", reason="부진")
    assert [p.id for p in schemes.about(engine, "gu/3")] == ["orders/1", "orders/2"]
    with pytest.raises(evalflow.Refused):
        schemes.open_about(engine, "orders", "gu/3", by=engine.actor("orders", "road-1"))
    with pytest.raises(evalflow.NotFound):
        schemes.open_about(engine, "orders", "gu/33", by=engine.actor("orders", "policy-1"))


def test_an_order_takes_along_the_unit_of_its_project_and_its_people(office, adopted, fire):
    engine = office.engine
    adopted(ORDERS)
    office.to_lagging("gu/3", metres="100")
    by = engine.actor("orders", "policy-1")
    opened = schemes.open_about(engine, "orders", "gu/1", by=by)
    head = engine.plans.head("orders")
    assert head.line_up("education") == ("education", "welfare", "gu")
    assert [grant.role for grant in engine.actor("orders", "education-1").grants] == ["department"]
    assert "education-head" not in head.directory  # their role is none of the orders'
    schemes.open_about(engine, "orders", "gu/1", by=by)
    assert len(engine.actor("orders", "education-1").grants) == 1
    assert engine.project(opened).states == ("drafted",)
    assert list(engine.audit.verify()) == []


def test_a_unit_of_another_office_is_told(office, adopted):
    engine = office.engine
    adopted(ORDERS.replace("시험구", "다른구"))
    with pytest.raises(evalflow.InvalidInput) as caught:
        schemes.open_about(engine, "orders", "gu/1", by=engine.actor("orders", "policy-1"))
    assert [problem.code for problem in caught.value.problems] == ["another_office"]
    assert "시험구" in caught.value.text("ko")


def test_an_order_is_given_on_any_day_for_what_lagged_last(office, adopted, fire):
    order = adopted(ORDERS)
    told = {"document": "정책-1", "order": "실적 보완", "reason": "부진"}
    office.to_lagging("gu/3", metres="100")
    fire("gu/3", "open_period", "clock")
    office.clock.go("2016-06-01")
    before = office.engine.project("gu/3")
    fire(order, "issue", "policy-1", **told)
    assert office.engine.project("gu/3") == before


def test_a_referral_is_taken_up_once(office, adopted, fire):
    engine = office.engine
    text = REFERRALS + '  "2": {ko: 감사의뢰 2, unit: road, field: works, about: gu/3}\n'
    first, second = adopted(text), "referrals/2"
    sent = {"reason": "현저히 부진", "document": "정책-2"}

    def codes(project: str) -> list[str]:
        with pytest.raises(evalflow.Refused) as caught:
            fire(project, "refer", "policy-1", **sent)
        return [reason.code for reason in caught.value.reasons]

    office.to_lagging("gu/3", metres="272")  # 84.0 %: lagging, and nobody referred it
    assert codes(first) == ["nothing_to_follow"]
    fire("gu/3", "spot_check", "policy-1", checked_actuals={"metres": 100}, reason="현장 확인")
    fire("gu/3", "refer_to_audit", "policy-1", reason="현저히 부진")
    fire(first, "refer", "policy-1", **sent)
    assert codes(second) == ["taken_up_already"]
    fire("gu/3", "receive_audit", "policy-1", result="주의", document="감사-1")
    assert codes(second) == ["taken_up_already"]
    office.clock.go("2016-06-01")
    fire("gu/3", "refer_to_audit", "policy-1", reason="여전히 부진")
    fire(second, "refer", "policy-1", **sent)
    assert list(engine.audit.verify()) == []


def test_an_order_about_nothing_cannot_be_issued(adopted, fire):
    order = adopted(ORDERS.replace("about: gu/3", "about: gu/99"))
    with pytest.raises(evalflow.Refused) as caught:
        fire(order, "issue", "policy-1", document="정책-1", order="보완", reason="부진")
    assert [r.code for r in caught.value.reasons] == ["about_nothing"]


def test_what_an_order_is_about_is_written_as_a_project(plan_file):
    path = plan_file.parent / "orders.yaml"
    path.write_text(ORDERS.replace("about: gu/3", "about: three"), encoding="utf-8")
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.load_plan(path, plugins=[])
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("wrong_value", 15)


def test_indicators_are_missed_only_where_something_is_measured(plan_file):
    text = plan_file.read_text(encoding="utf-8")
    path = plan_file.parent / "bare.yaml"
    path.write_text(ORDERS, encoding="utf-8")
    assert evalflow.load_plan(path, plugins=[]).projects["1"].indicators == ()
    start = text.index("    indicators:", text.index("projects:"))
    end = text.index('  "', start)
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.load_plan(path, plugins=[])
    assert [p.code for p in caught.value.problems] == ["missing_key"]


# --------------------------------------------------------------------------- committees


SEONGNAM = evalflow.load_lifecycle("seongnam", plugins=[])


class _Committee:
    """What the guard looks at in a firing: votes, and who may vote."""

    def __init__(self, members: int, votes: dict[str, str] | None) -> None:
        self.members = tuple(f"member-{n}" for n in range(members))
        self.votes = votes
        self.today = dt.date(2026, 7, 1)
        self.lifecycle = SEONGNAM
        self.event = SEONGNAM.events["uphold"]
        self.latest = self.directory = self

    def given(self, field_type: str) -> dict[str, str] | None:
        return self.votes if field_type == "votes" else None

    def unit_on(self, day: dt.date) -> str:
        return "seongnam"

    def holders(self, roles: tuple[str, ...], unit: str, day: dt.date) -> tuple[str, ...]:
        return self.members if roles == ("committee_member",) else ()


@hypothesis.given(members=st.integers(1, 10), data=st.data())
def test_a_committee_resolves_by_a_majority_of_a_quorum(members, data):
    """R56: 재적 과반수 출석, 출석 과반수 찬성; two thirds of either where the rules ask for it."""
    names = [f"member-{n}" for n in range(members)]
    present = data.draw(st.lists(st.sampled_from(names), unique=True))
    votes = {name: data.draw(st.sampled_from(list(VOTES))) for name in present}
    firing: Any = _Committee(members, votes)
    draft: Any = None
    in_favour = sum(vote == "for" for vote in votes.values())
    for quorum, there in (
        ("majority", len(present) * 2 > members),
        ("two_thirds", len(present) * 3 >= members * 2 and bool(present)),
    ):
        for carried, enough in (
            ("majority", in_favour * 2 > len(present)),
            ("two_thirds", in_favour * 3 >= len(present) * 2),
        ):
            against = resolved(firing, draft, by="committee_member", quorum=quorum, carried=carried)
            assert (not against) == (there and enough)


def test_who_is_no_member_does_not_count():
    firing: Any = _Committee(3, {"member-0": "for", "stranger": "for"})
    draft: Any = None
    reasons = resolved(firing, draft, by="committee_member")
    assert isinstance(reasons, list)
    assert [reason.code for reason in reasons] == ["voter_without_role", "no_quorum"]
    nothing: Any = _Committee(3, None)
    assert resolved(nothing, draft, by="committee_member") is None  # told as missing input


def test_without_votes_nothing_is_resolved():
    """What takes no votes, or need not be given any, is not carried by nobody's word."""
    nothing: Any = _Committee(3, None)
    draft: Any = None
    (votes,) = [field for field in nothing.event.data if field.type == "votes"]
    for data in ((), (attrs.evolve(votes, required=False),)):
        nothing.event = attrs.evolve(nothing.event, data=data)
        reasons = resolved(nothing, draft, by="committee_member")
        assert isinstance(reasons, list)
        assert [reason.code for reason in reasons] == ["no_quorum"]


# --------------------------------------------------------------------------- commands, tables


def test_orders_are_opened_and_told_from_the_shell(store, capsys):
    with opened(store) as engine:
        adopt(engine, FOLDER / "plan.yaml")
        adopt(engine, FOLDER / "orders.yaml")
    words = ["--store", str(store), "--lang", "en"]
    orders = ["plan", "open", "seodaemun-2016-orders", "--about", "seodaemun-2016/27"]
    assert cli.run([*words, *orders, "--as", "policy-1", "--title", "주민 설명회 재개최"]) == 0
    assert capsys.readouterr().out == "seodaemun-2016-orders/2\n"
    assert cli.run([*words, "history", "seodaemun-2016/27"]) == 0
    assert "→ seodaemun-2016-orders/2 Corrective order: Drafted" in capsys.readouterr().out
    assert cli.run([*words, "history", "seodaemun-2016/27", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["opened"] == [
        "seodaemun-2016-orders/1",
        "seodaemun-2016-orders/2",
    ]
    assert cli.run([*words, *orders, "--as", "nobody-1"]) == 4
    other = ["plan", "open", "seodaemun-2016-orders", "--about", "seodaemun-2016/6"]
    assert cli.run([*words, *other, "--as", "policy-1"]) == 0  # any department comes along
    assert capsys.readouterr().out == "seodaemun-2016-orders/3\n"


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_printed_as_a_file_that_loads_to_the_same(name, capsys, tmp_path):
    assert cli.run(["lifecycle", "show", name]) == 0
    path = tmp_path / "copy.yaml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    again = evalflow.load_lifecycle(path, plugins=[])
    assert again.fingerprint == evalflow.load_lifecycle(name, plugins=[]).fingerprint


def test_presets_are_listed_with_their_titles(capsys):
    assert cli.run(["--lang", "ko", "lifecycle", "show"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()] == [*presets(), *earlier_presets()]
    assert "공약사업" in out
    assert cli.run(["lifecycle", "show", "pledgs"]) == 2
    assert "'pledges'" in capsys.readouterr().err


def test_candidates_come_from_a_table_without_indicators(tmp_path):
    table = tmp_path / "candidates.csv"
    table.write_text(
        "관리번호,사업명,담당부서,분야,핵심 프로젝트,신규/계속\n"
        "50,마을 도서관 확충,교육지원과,문화교육,교육공동체도시 서대문,신규\n",
        encoding="utf-8",
    )
    plan = evalflow.load_plan(FOLDER / "selection.yaml", plugins=[], tables=[table])
    assert len(plan.projects) == 50
    assert plan.projects["50"].core_project == "education"
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.load_plan(FOLDER / "pledges.yaml", plugins=[], tables=[table])
    assert caught.value.problems


def test_criteria_of_many_candidates_come_from_a_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("criteria.csv").write_text(
        '관리번호,criteria\n1,core\n2,5대 핵심프로젝트\n3,"core, 구청장 지시사항 강조사업"\n',
        encoding="utf-8",
    )
    words = ["--store", "office.db", "--lang", "en"]
    assert (
        cli.run([*words, "plan", "import", str(FOLDER / "selection.yaml"), "--as", "policy-1"]) == 0
    )
    planned = ["batch", "plan", "propose", "--as", "policy-1", "--each", "criteria.csv"]
    where = ["--where", "number=1", "--where", "number=2", "--where", "number=3"]
    assert cli.run([*words, *planned, *where, "-o", "propose.yaml"]) == 0
    assert cli.run([*words, "batch", "apply", "propose.yaml"]) == 0
    with opened(Path("office.db")) as engine:
        found = [engine.evaluation(f"{SELECTION}/{n}").facts["criteria"] for n in (1, 2, 3)]
    assert found == [["core"], ["core"], ["core", "instruction"]]
    Path("criteria.csv").write_text("관리번호,criteria\n4,fashion\n", encoding="utf-8")
    capsys.readouterr()
    cli.run([*words, *planned, "--where", "number=4", "-o", "wrong.yaml"])
    told = capsys.readouterr()
    assert "expected one of core, instruction, new, joint, external" in told.out + told.err
