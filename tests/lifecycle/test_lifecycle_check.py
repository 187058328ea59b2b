"""What `check` proves about a lifecycle, alone and with a plan's people."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from itertools import pairwise

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalflow.files.yaml import read
from evalflow.lifecycle.check import checks as checking
from evalflow.lifecycle.check import paths as path_finding
from evalflow.lifecycle.check.checks import check
from evalflow.lifecycle.check.finding import Finding
from evalflow.lifecycle.check.paths import paths
from evalflow.lifecycle.check.people import stretches
from evalflow.lifecycle.definition import Lifecycle
from evalflow.lifecycle.load import lifecycle_from_tree, load_lifecycle
from evalflow.lifecycle.machine import Stuck, step
from evalflow.model import CalendarRules, DueRule, Grant, Label, PlanHead, ScoringRules, Unit
from evalflow.model.calendar import Calendar
from lifecycle_strategies import ORDER, VOCABULARY, lifecycles

MAJOR_WORKS = load_lifecycle("major-works/2", vocabulary=VOCABULARY)


def order(*changes: tuple[str, str]) -> Lifecycle:
    """Return the corrective order with pieces of its text replaced."""
    text = ORDER
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return lifecycle_from_tree(read(text.encode()).tree, VOCABULARY)


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


def found(lifecycle: Lifecycle, head: PlanHead | None = None) -> list[str]:
    return codes(check(lifecycle, vocabulary=VOCABULARY, head=head))


def only(lifecycle: Lifecycle, head: PlanHead | None = None) -> Finding:
    (finding,) = check(lifecycle, vocabulary=VOCABULARY, head=head)
    return finding


UNITS = """
gu         office
welfare    bureau     gu
city       bureau     gu
education  department welfare
road       department city
"""

PEOPLE = """
education-1    department@education
education-head department_head@education
road-1         department@road
road-head      department_head@road
welfare-lead   lead_section@welfare
welfare-head   bureau_head@welfare
city-lead      lead_section@city
city-head      bureau_head@city
policy-1       policy_office@gu
budget-1       budget_team@gu
audit-1        audit_office@gu
mayor-1        mayor@gu
clock          clock@gu
"""


def plan(
    people: str = PEOPLE, *, units: str = UNITS, due: Mapping[str, DueRule] | None = None
) -> PlanHead:
    """Return a plan's head: units as `id kind parent`, people as `id role@unit,since,until,for`."""
    known = {}
    for line in units.strip().splitlines():
        name, kind, *parent = line.split()
        known[name] = Unit(
            id=name, kind=kind, label=Label(name, name), parent=parent[0] if parent else None
        )
    directory = {}
    for line in people.strip().splitlines():
        name, *grants = line.split() or [""]
        directory[name] = tuple([_grant(grant) for grant in grants])
    directory.pop("", None)
    return PlanHead(
        id="gu-2016",
        revision=1,
        effective="2016-Q1",
        year=2016,
        label=Label("계획", "Plan"),
        lifecycle="major-works/2",
        units=known,
        office="gu",
        directory=directory,
        calendar=CalendarRules(first="2016-Q1", last="2016-Q4", due=due or {}),
        scoring=ScoringRules(bands=()),
    )


def _grant(text: str) -> Grant:
    role, _, rest = text.partition("@")
    unit, since, until, principal, *_ = [*rest.split(","), "", "", ""]
    return Grant(
        role=role,
        unit=unit,
        since=dt.date.fromisoformat(since) if since else None,
        until=dt.date.fromisoformat(until) if until else None,
        on_behalf_of=principal or None,
        reason="출장" if principal else None,
    )


# --------------------------------------------------------------------------- what is sound


def test_the_default_lifecycle_is_sound() -> None:
    assert check(MAJOR_WORKS, vocabulary=VOCABULARY) == ()


def test_a_full_office_can_do_all_of_it() -> None:
    assert check(MAJOR_WORKS, vocabulary=VOCABULARY, head=plan()) == ()


def test_the_corrective_order_is_sound() -> None:
    people = "a department@education department@road\nb policy_office@gu"
    assert found(order(), plan(people)) == []


# --------------------------------------------------------------------------- states


def test_a_state_without_a_way_to_it_is_found() -> None:
    lost = order(("verified: {ko", "lost: {ko: 분실, en: Lost, final: true}\n      verified: {ko"))
    finding = only(lost)
    assert (finding.code, finding.severity, finding.about) == (
        "unreachable_state",
        "error",
        "states.lost",
    )
    assert "'분실'" in finding.ko
    assert "'Lost'" in finding.en


def test_a_state_whose_edge_follows_a_region_that_is_never_there_is_found() -> None:
    """An edge leads to `settled`, but the event is led by the order, which never gets to where
    it starts: `reported` can only be reached from itself."""
    lifecycle = order(
        ("none_made: {ko", "settled: {ko: 종결, en: Settled, final: true}\n      none_made: {ko"),
        (
            "{from: ordered, to: reported}",
            "{from: reported}\n      - {from: none_made, to: settled}",
        ),
    )
    lost = [f.about for f in check(lifecycle, vocabulary=VOCABULARY) if f.code == UNREACHABLE]
    assert lost == ["states.reported", "states.verified", "states.settled"]


UNREACHABLE = "unreachable_state"


def test_a_state_that_cannot_be_left_is_found_unless_it_is_the_end() -> None:
    finding = only(order((", final: true", "")))
    assert (finding.code, finding.about) == ("dead_end", "states.verified")
    assert "final: true" in finding.en
    assert "final: true" in finding.ko


def test_an_end_that_can_be_left_is_found() -> None:
    finding = only(
        order(("reported: {ko: 보고, en: Reported", "reported: {ko: 보고, en: R, final: true"))
    )
    assert (finding.code, finding.severity) == ("final_can_be_left", "warning")


def test_a_combination_in_which_a_region_is_stuck_is_found() -> None:
    """A complaint is settled when a report is verified; once it is filed, none is any more."""
    filing = """
  file:
    ko: 편철
    en: File
    by: [policy_office]
    transitions:
      - {from: verified, to: filed}
  unfile:
    ko: 재편철
    en: File again
    by: [policy_office]
    transitions:
      - {from: filed, to: verified}
  remind:
"""
    lifecycle = order(
        (", final: true", ""),
        ("      verified:", "      filed: {ko: 편철, en: Filed}\n      verified:"),
        ("  remind:\n", filing.lstrip("\n")),
    )
    finding = only(lifecycle)
    assert (finding.code, finding.severity) == ("stuck_together", "warning")
    assert finding.about == "states.complained"
    assert "'Filed' (filed)" in finding.en or "'Verified' (verified)" in finding.en


TRAP = (
    (
        "      reported: {ko: 보고, en: Reported}\n",
        "      reported: {ko: 보고, en: Reported}\n      lost: {ko: 분실, en: Lost}\n"
        "      sought: {ko: 수색, en: Sought}\n",
    ),
    (
        "      - {from: reported, to: ordered, guards: [{rated: {as: lagging}}]}\n",
        "      - {from: reported, to: lost, guards: [{rated: {as: lagging}}]}\n"
        "      - {from: lost, to: sought}\n      - {from: sought, to: lost}\n",
    ),
)


def test_states_that_lead_in_a_circle_and_to_no_end_are_found() -> None:
    findings = check(order(*TRAP), vocabulary=VOCABULARY)
    trapped = {each.about for each in findings if each.code == "never_ends"}
    assert trapped == {"states.lost", "states.sought"}
    way_out = ("      - {from: sought, to: lost}\n", "      - {from: sought, to: [reported]}\n")
    back = ("to: [reported]}", "to: reported}")
    assert "never_ends" not in found(order(*TRAP, way_out, back))


def test_large_lifecycles_are_looked_at_region_by_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_finding, "MOST_COMBINATIONS", 1)
    assert check(MAJOR_WORKS, vocabulary=VOCABULARY) == ()
    assert [graph.regions for graph in paths(MAJOR_WORKS, {})] == [
        (region,) for region in MAJOR_WORKS.regions
    ]
    assert codes(check(order((", final: true", "")), vocabulary=VOCABULARY)) == ["dead_end"]


def test_with_many_guards_on_one_state_as_much_is_reached_as_by_trying_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tried,) = paths(MAJOR_WORKS, VOCABULARY.guards)
    monkeypatch.setattr(path_finding, "MOST_GUARDS", 1)
    (graph,) = paths(MAJOR_WORKS, VOCABULARY.guards)
    assert set(graph.reached()) == set(tried.reached())
    assert check(MAJOR_WORKS, vocabulary=VOCABULARY) == ()


@settings(max_examples=50)
@given(lifecycles())
def test_any_edge_reaches_all_that_the_verdicts_of_guards_do(lifecycle: Lifecycle) -> None:
    (tried,) = paths(lifecycle, VOCABULARY.guards)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(path_finding, "MOST_GUARDS", 0)
        (graph,) = paths(lifecycle, VOCABULARY.guards)
    for node, arcs in tried.arcs.items():
        assert set(arcs) <= set(graph.arcs[node])


@settings(max_examples=50)
@given(st.data())
def test_a_part_of_the_regions_reaches_all_that_the_whole_does(data: st.DataObject) -> None:
    lifecycle = data.draw(lifecycles())
    kept = data.draw(st.sets(st.sampled_from(sorted(lifecycle.regions)), min_size=1))
    (whole,) = paths(lifecycle, VOCABULARY.guards)
    part = path_finding.among_regions(lifecycle, kept, VOCABULARY.guards)
    assert part is not None
    places = [place for place, region in enumerate(lifecycle.regions) if region in kept]
    for node, arcs in whole.arcs.items():
        here = tuple(node[place] for place in places)
        for event, after in arcs:
            then = tuple(after[place] for place in places)
            assert then == here or (event, then) in part.arcs[here]


@settings(max_examples=50)
@given(st.data())
def test_what_is_called_unreachable_is_never_reached(data: st.DataObject) -> None:
    lifecycle = data.draw(lifecycles())
    findings = check(lifecycle, vocabulary=VOCABULARY)
    lost = {f.about.removeprefix("states.") for f in findings if f.code == "unreachable_state"}
    states = lifecycle.initial()
    for _ in range(30):
        assert not set(states) & lost
        event = data.draw(st.sampled_from(sorted(lifecycle.events)))
        holds = data.draw(st.frozensets(st.sampled_from(["g0", "g1", "g2", "g3"])))
        after = step(lifecycle, states, event, holds)
        states = states if isinstance(after, Stuck) else after


@settings(max_examples=50)
@given(lifecycles())
def test_every_state_is_reached_or_called_unreachable(lifecycle: Lifecycle) -> None:
    findings = check(lifecycle, vocabulary=VOCABULARY)
    lost = {f.about.removeprefix("states.") for f in findings if f.code == "unreachable_state"}
    verdicts = [
        frozenset(name for place, name in enumerate(("g0", "g1", "g2", "g3")) if bits >> place & 1)
        for bits in range(16)
    ]
    seen, frontier = {lifecycle.initial()}, [lifecycle.initial()]
    while frontier:
        states = frontier.pop()
        for event in lifecycle.events:
            for holds in verdicts:
                after = step(lifecycle, states, event, holds)
                if not isinstance(after, Stuck) and after not in seen:
                    seen.add(after)
                    frontier.append(after)
    assert set(lifecycle.states) - {state for states in seen for state in states} == lost


# --------------------------------------------------------------------------- guards


def test_guards_that_may_hold_together_are_a_warning() -> None:
    lifecycle = order(("[{rated: {as: lagging}}]", "[cards_complete]"))
    finding = only(lifecycle)
    assert (finding.code, finding.severity) == ("overlapping_guards", "warning")
    assert "choose: first" in finding.en


def test_guards_that_exclude_each_other_do_not_overlap() -> None:
    assert found(order()) == []


def test_where_the_first_wins_guards_may_overlap() -> None:
    lifecycle = order(
        ("[{rated: {as: lagging}}]", "[cards_complete]"),
        ("    en: Verify\n", "    en: Verify\n    choose: first\n"),
    )
    assert found(lifecycle) == []


def test_what_only_contradicting_guards_lead_to_is_unreachable() -> None:
    lifecycle = order(
        (
            "guards: [{rated: {as: on_track}}]",
            "guards: [{rated: {as: on_track}}, {rated: {as: lagging}}]",
        )
    )
    assert found(lifecycle) == ["unreachable_state", "contradictory_guards"]


def test_guards_that_can_never_hold_together_are_found() -> None:
    lifecycle = order(
        ("    notices:\n", "    guards: [{rated: {as: seriously_lagging}}]\n    notices:\n")
    )
    findings = check(lifecycle, vocabulary=VOCABULARY)
    (finding,) = [f for f in findings if f.code == "contradictory_guards"]
    assert finding.about == "events.verify.transitions[0]"
    assert "rated(as=on_track)" in finding.ko


# --------------------------------------------------------------------------- dates


LOOKING_BACK = ("    actions: [facts]\n", "    actions: [facts]\n    guards: [period_ended]\n")


@pytest.mark.parametrize(
    ("due", "code"),
    [
        ("{date: 02-19}", "due_before_period_end"),
        ("{days_after: complain, days: 3}", "due_may_precede_period"),
    ],
)
def test_a_due_date_before_its_period_ends_is_found(due: str, code: str) -> None:
    lifecycle = order(("{days_after_period: 30}", due), LOOKING_BACK)
    assert code in found(lifecycle)
    sound = order(("{days_after_period: 30}", due))
    assert code not in found(sound)


@pytest.mark.parametrize(
    ("day", "expected"), [("2016-12-31", ["due_before_period_end"]), ("2017-01-05", [])]
)
def test_a_day_in_full_is_compared_with_the_plans_last_period(
    day: str, expected: list[str]
) -> None:
    lifecycle = order(("{days_after_period: 30}", f"{{date: {day}}}"), LOOKING_BACK)
    people = "a department@education department@road\nb policy_office@gu"
    assert found(lifecycle, plan(people)) == expected


@pytest.mark.parametrize(("move", "expected"), [("next", []), ("previous", ["2017-09-29"])])
def test_with_a_calendar_every_due_date_of_the_plan_is_worked_out(
    move: str, expected: list[str]
) -> None:
    """The 5th of October 2017 lies in ten days of holidays; the day before them is September."""
    rules = CalendarRules(first="2017-Q1", last="2017-Q4", move=move)
    findings = check(MAJOR_WORKS, vocabulary=VOCABULARY, calendar=Calendar(rules))
    assert codes(findings) == ["due_before_period_end"] * len(expected)
    assert [f for f, day in zip(findings, expected, strict=True) if day not in f.en] == []
    assert {finding.about for finding in findings} <= {"events.self_evaluate.due"}


def test_an_event_due_before_the_one_that_must_come_first_is_found() -> None:
    early = plan(due={"review": DueRule(kind="day", n=3)})
    findings = check(MAJOR_WORKS, vocabulary=VOCABULARY, head=early)
    assert codes(findings) == ["due_out_of_order", "due_out_of_order"]
    assert "'종합평가'(review)의 기한이 먼저 하여야 하는 '자체평가'" in findings[0].ko


def test_a_due_date_for_an_unknown_event_is_found_with_the_nearest() -> None:
    typo = plan(
        due={
            "revew": DueRule(kind="day", n=3),
            "submit": DueRule(kind="days_after", events=("x",), n=1),
        }
    )
    findings = check(MAJOR_WORKS, vocabulary=VOCABULARY, head=typo)
    assert codes(findings) == ["unknown_event", "unknown_event"]
    assert "did you mean 'review'?" in findings[0].en
    assert findings[0].about == "calendar.due.revew"


@pytest.mark.parametrize(
    ("period", "last"),
    [
        ("2016-Q1", "2016-03-31"),
        ("2016-H1", "2016-06-30"),
        ("2016-02", "2016-02-29"),
        ("2016-Q4", "2016-12-31"),
        ("2016-12", "2016-12-31"),
        ("2016", "2016-12-31"),
    ],
)
def test_periods_end_on_their_last_day(period: str, last: str) -> None:
    assert checking._end_of(period) == dt.date.fromisoformat(last)


# --------------------------------------------------------------------------- roles and people


def test_a_role_that_nothing_uses_is_found() -> None:
    lifecycle = order(
        (
            "  policy_office: {ko",
            "  mayor: {ko: 구청장, en: Mayor, at: office}\n  policy_office: {ko",
        )
    )
    finding = only(lifecycle)
    assert (finding.code, finding.severity, finding.about) == (
        "unused_role",
        "warning",
        "roles.mayor",
    )


def without(*actors: str) -> str:
    return "\n".join(line for line in PEOPLE.strip().splitlines() if line.split()[0] not in actors)


def test_an_event_that_nobody_can_fire_is_found() -> None:
    findings = check(MAJOR_WORKS, vocabulary=VOCABULARY, head=plan(without("mayor-1")))
    assert codes(findings) == ["nobody_can_fire", "nobody_can_fire"]
    assert {finding.about for finding in findings} == {
        "events.approve_change",
        "events.reject_change",
    }
    assert "구청장" in findings[0].ko


def test_a_state_that_only_absent_people_could_leave_is_found() -> None:
    findings = check(
        MAJOR_WORKS, vocabulary=VOCABULARY, head=plan(without("welfare-lead", "city-lead"))
    )
    assert codes(findings) == ["nobody_can_fire", "nobody_leaves", "nobody_told"]
    assert findings[1].about == "states.self_evaluated"


def test_a_unit_without_its_people_is_found() -> None:
    head = plan(without("city-lead"))
    finding = only(MAJOR_WORKS, head)
    assert (finding.code, finding.severity) == ("unit_without_people", "warning")
    assert "road" in finding.en
    assert check(MAJOR_WORKS, vocabulary=VOCABULARY, head=head, units=["education"]) == ()


def test_a_time_without_people_is_found() -> None:
    """The year's last quarter is evaluated in January: grants that end with the year are not
    enough (R34)."""
    people = PEOPLE.replace("policy_office@gu", "policy_office@gu,2016-01-01,2016-12-31")
    findings = check(MAJOR_WORKS, vocabulary=VOCABULARY, head=plan(people))
    assert "nobody_at_times" in codes(findings)
    assert "from 2017-01-01 to 2017-01-31" in findings[0].en


def test_people_who_come_before_the_first_period_ends_are_early_enough() -> None:
    people = PEOPLE.replace("policy_office@gu", "policy_office@gu,2016-02-25")
    assert found(MAJOR_WORKS, plan(people)) == []


def test_a_role_given_at_the_wrong_kind_of_unit_is_found() -> None:
    head = plan(PEOPLE + "\npolicy-2 policy_office@education")
    finding = only(MAJOR_WORKS, head)
    assert (finding.code, finding.about) == ("role_at_wrong_kind", "directory.policy-2")
    assert "'office'" in finding.en


def test_a_role_that_does_not_exist_is_found_with_the_nearest() -> None:
    finding = only(MAJOR_WORKS, plan(PEOPLE + "\npolicy-2 policy_ofice@gu"))
    assert (finding.code, finding.severity) == ("unknown_role", "error")
    assert "did you mean 'policy_office'?" in finding.en


def test_a_notice_that_nobody_gets_is_found() -> None:
    finding = only(MAJOR_WORKS, plan(without("audit-1")))
    assert (finding.code, finding.about) == ("nobody_told", "events.refer_to_audit.notices[0]")


def test_a_plan_that_nobody_can_adopt_is_found() -> None:
    head = plan("a department@education department@road\nb policy_office@education")
    assert "nobody_can_adopt" in found(order(), head)


def test_a_kind_of_unit_that_the_plan_lacks_is_found() -> None:
    flat = "gu office\neducation department gu\nroad department gu"
    people = "\n".join(
        line for line in PEOPLE.strip().splitlines() if "welfare" not in line and "city" not in line
    )
    findings = check(MAJOR_WORKS, vocabulary=VOCABULARY, head=plan(people, units=flat))
    assert "unknown_kind" in codes(findings)


def test_a_guard_that_looks_at_a_kind_of_unit_that_the_plan_lacks_is_found() -> None:
    old = "guards: [{rated: {as: on_track}}]"
    for kind, right in (("departmnt", ["unknown_kind"]), ("department", [])):
        asked = f"guards: [{{unit_complete: {{kind: {kind}, states: [reported]}}}}]"
        findings = check(
            order(
                (old, asked),
                ("    by: [policy_office]\n", "    by: [policy_office]\n    choose: first\n"),
            ),
            vocabulary=VOCABULARY,
            head=plan("a department@education department@road\nb policy_office@gu"),
        )
        assert [each for each in codes(findings) if each == "unknown_kind"] == right


def test_without_a_directory_nobody_is_missed() -> None:
    assert found(MAJOR_WORKS, plan("")) == []


# --------------------------------------------------------------------------- duties


def test_a_duty_that_one_person_cannot_keep_is_found() -> None:
    """The only reviewer is the only one who can evaluate, too."""
    people = without("education-1", "policy-1") + "\nboth-1 department@education policy_office@gu"
    findings = check(MAJOR_WORKS, vocabulary=VOCABULARY, head=plan(people))
    assert set(codes(findings)) == {"duty_unsatisfiable"}
    assert findings[0].about == "duties.reviewer_is_independent"
    assert "education" in findings[0].en
    assert "road" not in findings[0].en


def test_a_second_person_is_enough() -> None:
    people = without("education-1") + "\nboth-1 department@education policy_office@gu"
    assert found(MAJOR_WORKS, plan(people)) == []
    people = without("policy-1") + "\nboth-1 department@education policy_office@gu"
    assert found(MAJOR_WORKS, plan(people)) == []


def test_two_people_who_hold_both_roles_can_share_them() -> None:
    both = "department@education department@road policy_office@gu"
    people = without("education-1", "road-1", "policy-1") + f"\nx {both}\ny {both}"
    assert found(MAJOR_WORKS, plan(people)) == []


def test_whoever_signs_counts_as_well() -> None:
    """The bureau head signs the submission, and is the only reviewer."""
    people = without("welfare-head", "policy-1") + "\nboth-1 bureau_head@welfare policy_office@gu"
    findings = check(MAJOR_WORKS, vocabulary=VOCABULARY, head=plan(people))
    assert set(codes(findings)) == {"duty_unsatisfiable"}
    people = without("education-1", "policy-1") + "\nboth-1 policy_office@gu lead_section@welfare"
    assert "duty_unsatisfiable" not in found(MAJOR_WORKS, plan(people + "\ne department@education"))


def test_a_duty_that_only_acting_can_keep_is_a_warning() -> None:
    people = (
        without("education-1", "policy-1")
        + "\nboth-1 department@education policy_office@gu"
        + "\ndeputy policy_office@gu,,,both-1"
    )
    findings = check(MAJOR_WORKS, vocabulary=VOCABULARY, head=plan(people))
    assert set(codes(findings)) == {"duty_needs_acting"}
    assert {finding.severity for finding in findings} == {"warning"}


def test_a_duty_that_acting_does_not_lift_is_not_kept_by_acting() -> None:
    strict = attrs.evolve(
        MAJOR_WORKS, duties=(attrs.evolve(MAJOR_WORKS.duties[0], unless_acting=False),)
    )
    people = without("education-1", "policy-1") + (
        "\nboth-1 department@education policy_office@gu\nboth-2 policy_office@gu,,,both-1"
        " department@education,,,both-1"
    )
    assert set(found(strict, plan(people))) == {"duty_unsatisfiable"}
    assert set(found(MAJOR_WORKS, plan(people))) == {"duty_needs_acting"}


def test_whoever_is_acted_for_has_done_it_as_well() -> None:
    """The deputy evaluates for the only reviewer, who is then barred all the same."""
    people = without("education-1", "policy-1") + (
        "\nboth-1 department@education policy_office@gu\ndeputy department@education,,,both-1"
    )
    assert set(found(MAJOR_WORKS, plan(people))) == {"duty_unsatisfiable"}


@pytest.mark.parametrize(
    "deputy", ["deputy policy_office@gu,,,stranger", "both-1 policy_office@gu,,,both-1"]
)
def test_an_appointment_that_lends_nothing_helps_nobody(deputy: str) -> None:
    people = without("education-1", "policy-1") + (
        f"\nboth-1 department@education policy_office@gu\n{deputy}"
    )
    people = people.replace("\nboth-1 policy", " policy")
    assert set(found(MAJOR_WORKS, plan(people))) == {"duty_unsatisfiable"}


def test_an_appointment_without_a_reason_helps_nobody() -> None:
    people = without("education-1", "policy-1") + (
        "\nboth-1 department@education policy_office@gu\ndeputy policy_office@gu,,,both-1"
    )
    head = plan(people)
    (lent,) = head.directory["deputy"]
    unsaid = {**head.directory, "deputy": (attrs.evolve(lent, reason=None),)}
    assert set(found(MAJOR_WORKS, attrs.evolve(head, directory=unsaid))) == {"duty_unsatisfiable"}


def test_a_duty_bars_whoever_fires_and_not_whoever_only_signs() -> None:
    """The clerk who evaluated may not submit; that the same person signs is no breach of it."""
    duty = attrs.evolve(MAJOR_WORKS.duties[0], whoever=("self_evaluate",), may_not=("submit",))
    lifecycle = attrs.evolve(MAJOR_WORKS, duties=(duty,))
    people = without("education-1", "welfare-head") + "\nx department@education bureau_head@welfare"
    assert found(lifecycle, plan(people)) == []
    people = (
        without("education-1", "welfare-lead") + "\nx department@education lead_section@welfare"
    )
    assert found(lifecycle, plan(people)) == ["duty_unsatisfiable"]


def test_only_the_duty_that_cannot_be_kept_is_named() -> None:
    """Nobody has to complain before anything is verified."""
    lifecycle = order(
        (
            "duties:\n",
            "duties:\n  - {name: no_complaint, ko: 가, en: A, whoever: [complain],"
            " may_not: [verify]}\n",
        )
    )
    head = plan("x department@education department@road policy_office@gu")
    findings = check(lifecycle, vocabulary=VOCABULARY, head=head)
    assert [finding.about for finding in findings] == ["duties.other_eyes"]


def test_a_time_in_which_a_duty_cannot_be_kept_is_found() -> None:
    """The department's own clerk leaves in summer; from then on the reviewer is alone."""
    people = without("education-1", "policy-1") + (
        "\nclerk department@education,,2016-06-30\nboth-1 department@education policy_office@gu"
    )
    findings = check(MAJOR_WORKS, vocabulary=VOCABULARY, head=plan(people))
    assert set(codes(findings)) == {"duty_unsatisfiable"}


@pytest.mark.parametrize("size", [2, 3, 4])
def test_duties_are_shared_out_as_brute_force_would(size: int) -> None:
    """`n` events, each kept apart from all others, need `n` people."""
    events = "".join(
        f"  e{n}: {{ko: 일, en: E, by: [clerk], transitions: [{{from: s{n}, to: s{n + 1}}}]}}\n"
        for n in range(size)
    )
    states = "".join(
        f"      s{n}: {{ko: 상태, en: S{', final: true' if n == size else ''}}}\n"
        for n in range(size + 1)
    )
    names = ", ".join(f"e{n}" for n in range(size))
    text = (
        "evalflow: lifecycle/1\nname: line\nversion: 1\nko: 줄\nen: Line\n"
        "roles: {clerk: {ko: 담당, en: Clerk, at: department}}\nadopted_by: [clerk]\n"
        f"regions:\n  line:\n    ko: 줄\n    en: Line\n    initial: s0\n    states:\n{states}"
        f"events:\n{events}"
        "duties:\n  - name: apart\n    ko: 분리\n    en: Apart\n"
        f"    whoever: [{names}]\n    may_not: [{names}]\n"
    )
    lifecycle = lifecycle_from_tree(read(text.encode()).tree, VOCABULARY)
    for people in (size - 1, size):
        staff = "\n".join(f"p{n} clerk@road" for n in range(people))
        head = plan(staff)
        findings = check(lifecycle, vocabulary=VOCABULARY, head=head, units=["road"])
        assert ("duty_unsatisfiable" in codes(findings)) == (people < size)


def test_a_unit_is_looked_at_while_it_exists() -> None:
    head = plan("a clerk@road,2016-03-01")
    late = attrs.evolve(head.units["road"], since=dt.date(2016, 6, 1), until=dt.date(2016, 9, 30))
    (stretch,) = stretches(attrs.evolve(head, units={**head.units, "road": late}), "road")
    assert (str(stretch.first), str(stretch.last)) == ("2016-06-01", "2016-09-30")
    gone = attrs.evolve(late, since=None, until=dt.date(2015, 12, 31))
    assert stretches(attrs.evolve(head, units={**head.units, "road": gone}), "road") == ()


def test_stretches_cover_the_plans_time_without_gaps() -> None:
    people = (
        "a clerk@road,2016-03-01,2016-05-31\nb clerk@city,2016-05-01\nc clerk@education,2016-07-01"
    )
    found_stretches = stretches(plan(people), "road")
    assert [str(s.first) for s in found_stretches] == [
        "2016-01-01",
        "2016-03-01",
        "2016-05-01",
        "2016-06-01",
    ]
    assert [sorted(s.holders(["clerk"])) for s in found_stretches] == [[], ["a"], ["a", "b"], ["b"]]
    for one, other in pairwise(found_stretches):
        assert other.first - one.last == dt.timedelta(days=1)
    assert str(found_stretches[-1].last) == "2017-01-31"


# --------------------------------------------------------------------------- all of it


def test_findings_know_their_place_where_the_file_is_known() -> None:
    works = load_lifecycle("major-works/2", vocabulary=VOCABULARY)
    findings = check(works, vocabulary=VOCABULARY, head=plan(without("mayor-1")))
    assert findings[0].place is not None
    assert findings[0].place.startswith("major-works-2.yaml:")
    assert findings[0].text("en").startswith("major-works-2.yaml:")
    assert findings[0].text("ko").endswith(".")


def test_errors_come_before_warnings() -> None:
    findings = check(MAJOR_WORKS, vocabulary=VOCABULARY, head=plan(without("mayor-1", "audit-1")))
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities)


def test_an_office_of_three_hundred_departments_is_checked_quickly() -> None:
    units = ["gu office"] + [f"b{n} bureau gu" for n in range(30)]
    units += [f"d{n} department b{n % 30}" for n in range(300)]
    people = ["policy-1 policy_office@gu", "policy-2 policy_office@gu,2016-06-01"]
    people += ["budget-1 budget_team@gu", "audit-1 audit_office@gu", "mayor-1 mayor@gu"]
    for n in range(30):
        people += [f"l{n} lead_section@b{n}", f"h{n} bureau_head@b{n}"]
    for n in range(300):
        people += [f"c{n}-{k} department@d{n}" for k in range(5)] + [f"m{n} department_head@d{n}"]
    head = plan("\n".join(people), units="\n".join(units))
    begun = time.perf_counter()
    findings = check(MAJOR_WORKS, vocabulary=VOCABULARY, head=head)
    assert findings == ()
    assert time.perf_counter() - begun < 30  # some 0.3 s; the bound only catches an explosion
