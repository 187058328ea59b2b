"""Roles in units, acting appointments (대결) and separation of duties (D8, D9), on a small
Seodaemun: 서대문구 > 복지문화국 > 교육지원과, 문화체육과; 도시관리국 > 건축과."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.errors import NotFound
from evalflow.lifecycle.definition import Duty
from evalflow.model import (
    Act,
    Actor,
    CalendarRules,
    Grant,
    Label,
    PlanHead,
    Renaming,
    ScoringRules,
    Unit,
)
from evalflow.model.directory import Directory, barred

UNITS = {
    "seodaemun": ("office", "서대문구", None),
    "welfare": ("bureau", "복지문화국", "seodaemun"),
    "education": ("department", "교육지원과", "welfare"),
    "culture": ("department", "문화체육과", "welfare"),
    "city": ("bureau", "도시관리국", "seodaemun"),
    "building": ("department", "건축과", "city"),
}
LABELS = {
    "department": Label("사업부서", "Department"),
    "lead_section": Label("국·소 주무과", "Bureau lead section"),
    "policy_office": Label("정책기획담당관", "Policy office"),
    "mayor": Label("구청장", "Mayor"),
}
REVIEWER = Duty(
    name="reviewer_is_independent",
    label=Label("평가·결재한 사람은 평가할 수 없음", "Whoever evaluated or signed may not review"),
    whoever=("self_evaluate", "amend", "submit"),
    may_not=("review", "approve"),
)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


TODAY = day("2016-07-15")


def a_grant(role: str, unit: str, since: str = "", until: str = "", **more: str) -> Grant:
    return Grant(
        role=role,
        unit=unit,
        since=day(since) if since else None,
        until=day(until) if until else None,
        **more,
    )


def acting(principal: str, role: str, unit: str, since: str = "", until: str = "") -> Grant:
    return a_grant(role, unit, since, until, on_behalf_of=principal, reason="출장")


def a_head(directory: Mapping[str, Sequence[Grant]]) -> PlanHead:
    units = {
        name: Unit(id=name, kind=kind, label=Label(ko, name), parent=parent)
        for name, (kind, ko, parent) in UNITS.items()
    }
    return PlanHead(
        id="seodaemun-2016",
        revision=1,
        effective="2016-Q1",
        year=2016,
        label=Label("2016년 주요업무시행 및 평가계획", "2016"),
        lifecycle="major-works",
        units=units,
        office="seodaemun",
        directory={name: tuple(grants) for name, grants in directory.items()},
        calendar=CalendarRules(first="2016-Q1", last="2016-Q4"),
        scoring=ScoringRules(bands=()),
    )


@pytest.fixture
def office() -> Directory:
    return Directory(
        a_head(
            {
                "education-1": [a_grant("department", "education")],
                "building-1": [a_grant("department", "building")],
                "welfare-1": [a_grant("lead_section", "welfare")],
                "policy-2": [
                    acting("policy-1", "policy_office", "seodaemun", "2016-07-10", "2016-07-20")
                ],
                "policy-1": [a_grant("policy_office", "seodaemun", "2016-01-01", "2016-12-31")],
                "policy-3": [a_grant("policy_office", "seodaemun", "2016-08-01")],
            }
        )
    )


# --------------------------------------------------------------------------- who there is


def test_the_directory_gives_an_actor_with_acting_appointments_too(office: Directory) -> None:
    found = office.actor("policy-2")

    assert found.id == "policy-2"
    assert [(g.on_behalf_of, g.reason) for g in found.grants] == [("policy-1", "출장")]
    assert [actor.id for actor in office.actors()][:2] == ["education-1", "building-1"]


def test_an_unknown_actor_is_not_found_and_the_nearest_one_is_named(office: Directory) -> None:
    with pytest.raises(NotFound) as raised:
        office.actor("polcy-1")

    assert raised.value.nearest == "policy-1"


def test_an_unknown_unit_is_not_found(office: Directory) -> None:
    actor = office.actor("education-1")

    with pytest.raises(NotFound, match="did you mean 'education'"):
        office.grants_for(actor, ("department",), "educaton", TODAY)
    with pytest.raises(NotFound):
        office.holders(("department",), "educaton", TODAY)
    with pytest.raises(NotFound):
        office.members("educaton", TODAY)


# --------------------------------------------------------------------------- who may act


@pytest.mark.parametrize(
    ("actor", "role", "reached"),
    [
        ("education-1", "department", {"education"}),
        ("welfare-1", "lead_section", {"welfare", "education", "culture"}),
        ("policy-1", "policy_office", set(UNITS)),
    ],
)
def test_a_department_acts_for_itself_a_lead_section_for_its_bureau_the_policy_office_for_all(
    office: Directory, actor: str, role: str, reached: set[str]
) -> None:
    who = office.actor(actor)

    assert {u for u in UNITS if office.grants_for(who, (role,), u, TODAY)} == reached


def test_a_role_counts_only_for_events_that_name_it(office: Directory) -> None:
    who = office.actor("education-1")

    assert office.grants_for(who, ("lead_section", "mayor"), "education", TODAY) == ()
    assert len(office.grants_for(who, ("mayor", "department"), "education", TODAY)) == 1


def test_an_acting_appointment_counts_on_its_days_both_ends_included(office: Directory) -> None:
    who = office.actor("policy-2")
    days = [day(f"2016-07-{n:02}") for n in (9, 10, 20, 21)]

    found = [bool(office.grants_for(who, ("policy_office",), "education", at)) for at in days]

    assert found == [False, True, True, False]


def test_who_could_act_in_their_own_right_is_not_recorded_as_acting() -> None:
    own = a_grant("policy_office", "seodaemun")
    lent = acting("policy-1", "policy_office", "seodaemun")
    office = Directory(a_head({"policy-1": [own], "policy-2": [lent, own]}))

    found = office.grants_for(office.actor("policy-2"), ("policy_office",), "city", TODAY)

    assert found == (own, lent)
    assert office.holders(("policy_office",), "city", TODAY) == ("policy-1", "policy-2")


_DAYS = st.one_of(st.just(""), st.integers(10, 28).map(lambda number: f"2016-07-{number}"))


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(sorted(UNITS)), _DAYS, _DAYS), max_size=5),
    st.sampled_from(sorted(UNITS)),
)
def test_the_first_day_on_which_somebody_holds_a_role_is_found_as_by_asking_each_day(
    held: list[tuple[bool, str, str, str]], unit: str
) -> None:
    own = [a_grant("department", *each) for lent, *each in held if not lent]
    lent = [acting("edu-1", "department", *each) for lent, *each in held if lent]
    office = Directory(a_head({"edu-1": own, "edu-2": lent}))
    later = (TODAY + dt.timedelta(days=count) for count in range(1, 30))

    found = office.first_held(("department",), unit, TODAY)

    if not office.holders(("department",), unit, TODAY):
        assert found == next((d for d in later if office.holders(("department",), unit, d)), None)


def test_nobody_escapes_a_duty_by_an_appointment_for_themselves() -> None:
    own = a_grant("policy_office", "seodaemun")
    office = Directory(
        a_head({"policy-1": [acting("policy-1", "policy_office", "seodaemun"), own]})
    )

    found = office.grants_for(office.actor("policy-1"), ("policy_office",), "city", TODAY)

    assert found == (own,)


def test_an_appointment_gives_nothing_once_the_principals_own_grant_has_ended() -> None:
    office = Directory(
        a_head(
            {
                "policy-1": [a_grant("policy_office", "seodaemun", until="2016-07-14")],
                "policy-2": [acting("policy-1", "policy_office", "seodaemun")],
            }
        )
    )
    who = office.actor("policy-2")

    assert office.grants_for(who, ("policy_office",), "city", day("2016-07-14"))
    assert office.grants_for(who, ("policy_office",), "city", TODAY) == ()
    assert office.holders(("policy_office",), "city", TODAY) == ()
    assert office.members("seodaemun", TODAY) == ()


def test_an_appointment_over_the_office_lends_no_more_than_the_principals_bureau() -> None:
    office = Directory(
        a_head(
            {
                "welfare-1": [a_grant("lead_section", "welfare")],
                "welfare-2": [acting("welfare-1", "lead_section", "seodaemun")],
            }
        )
    )
    who = office.actor("welfare-2")

    reached = {u for u in UNITS if office.grants_for(who, ("lead_section",), u, TODAY)}

    assert reached == {"welfare", "education", "culture"}


def test_an_appointment_for_one_department_does_not_lend_the_whole_bureau() -> None:
    office = Directory(
        a_head(
            {
                "welfare-1": [a_grant("lead_section", "welfare")],
                "welfare-2": [acting("welfare-1", "lead_section", "education")],
            }
        )
    )
    who = office.actor("welfare-2")

    reached = {u for u in UNITS if office.grants_for(who, ("lead_section",), u, TODAY)}

    assert reached == {"education"}


def test_a_borrowed_role_is_not_lent_on() -> None:
    office = Directory(
        a_head(
            {
                "policy-1": [a_grant("policy_office", "seodaemun")],
                "policy-2": [acting("policy-1", "policy_office", "seodaemun")],
                "policy-3": [acting("policy-2", "policy_office", "seodaemun")],
            }
        )
    )

    assert office.grants_for(office.actor("policy-3"), ("policy_office",), "city", TODAY) == ()
    assert office.holders(("policy_office",), "city", TODAY) == ("policy-1", "policy-2")


@pytest.mark.parametrize(
    "void",
    [
        acting("policy-1", "policy_office", "seodaemun"),
        acting("mayor-1", "policy_office", "seodaemun"),
        acting("nobody", "policy_office", "seodaemun"),
        attrs.evolve(acting("policy-9", "policy_office", "seodaemun"), reason=None),
        attrs.evolve(acting("policy-9", "policy_office", "seodaemun"), reason=""),
    ],
    ids=["for oneself", "for another role", "for a stranger", "no reason", "empty reason"],
)
def test_an_appointment_that_lends_nothing_is_told_as_such(void: Grant) -> None:
    office = Directory(
        a_head(
            {
                "policy-1": [a_grant("policy_office", "seodaemun", until="2016-06-30"), void],
                "policy-9": [a_grant("policy_office", "seodaemun")],
                "mayor-1": [a_grant("mayor", "seodaemun")],
            }
        )
    )
    who = office.actor("policy-1")

    assert office.grants_for(who, ("policy_office",), "city", TODAY) == ()
    assert office.holders(("policy_office",), "city", TODAY) == ("policy-9",)
    reason = office.why_not(who, ("policy_office",), "city", TODAY, LABELS)
    assert (reason.code, reason.who) == ("acting_void", ("policy-9",))


def test_an_actor_of_an_embedding_system_brings_grants_of_its_own(office: Directory) -> None:
    stranger = Actor("sso:4711", (a_grant("department", "culture"),))
    borrowing = Actor("sso:4712", (acting("sso:4711", "department", "culture"),))
    lent = Actor("sso:4713", (acting("education-1", "department", "education"),))

    assert office.grants_for(stranger, ("department",), "culture", TODAY) == stranger.grants
    assert office.grants_for(borrowing, ("department",), "culture", TODAY) == ()
    assert office.grants_for(lent, ("department",), "education", TODAY) == lent.grants


def test_holders_are_named_once_the_regular_ones_first_in_the_directorys_order(
    office: Directory,
) -> None:
    roles = ("policy_office", "lead_section", "department")

    assert office.holders(roles, "education", TODAY) == (
        *("education-1", "welfare-1", "policy-1"),
        "policy-2",
    )
    assert office.holders(tuple(reversed(roles)), "education", TODAY) == office.holders(
        roles, "education", TODAY
    )
    assert office.holders(("mayor",), "education", TODAY) == ()


def test_what_is_asked_again_is_answered_of_the_day_the_unit_and_the_grants_that_are_asked() -> (
    None
):
    asked = Directory(a_head({"clerk": [a_grant("department", "education", "2016-03-01")]}))
    brought = [
        Actor("clerk", (a_grant("department", unit, since),))
        for unit in ("education", "culture")
        for since in ("2016-03-01", "2016-08-01")
    ]
    questions = [
        (actor, unit, day(on))
        for actor in (asked.actor("clerk"), *brought)
        for unit in ("education", "culture")
        for on in ("2016-02-28", "2016-03-01", "2016-09-01")
    ]
    for actor, unit, on in questions * 2:
        alone = Directory(a_head({"clerk": [a_grant("department", "education", "2016-03-01")]}))
        roles = {"department": None}
        assert asked.grants_for(actor, roles, unit, on) == alone.grants_for(actor, roles, unit, on)
        assert asked.holders(roles, unit, on) == alone.holders(roles, unit, on)


def test_members_hold_a_role_in_the_very_unit(office: Directory) -> None:
    assert office.members("education", TODAY) == ("education-1",)
    assert office.members("welfare", TODAY) == ("welfare-1",)
    assert office.members("culture", TODAY) == ()
    assert office.members("seodaemun", TODAY) == ("policy-2", "policy-1")
    assert office.members("seodaemun", day("2016-08-01")) == ("policy-1", "policy-3")


# --------------------------------------------------------------------------- why not


def test_without_the_role_the_sentence_names_who_could_act(office: Directory) -> None:
    reason = office.why_not(
        office.actor("education-1"), ("policy_office",), "education", TODAY, LABELS
    )

    assert reason.code == "no_role"
    assert reason.who == ("policy-1", "policy-2")
    assert reason.ko == (
        "'education-1'에게는 '정책기획담당관' 역할이 없습니다. "
        "할 수 있는 사람: 정책기획담당관(policy-1, policy-2)."
    )
    assert reason.en == (
        "'education-1' does not hold the role 'Policy office'. "
        "Who could: Policy office (policy-1, policy-2)."
    )


def test_a_role_held_elsewhere_is_told_with_both_units(office: Directory) -> None:
    reason = office.why_not(office.actor("building-1"), ("department",), "education", TODAY, LABELS)

    assert (reason.code, reason.who, reason.about) == ("wrong_unit", ("education-1",), "education")
    assert "'building-1'의 '사업부서' 역할은 건축과 소관" in reason.ko
    assert "'교육지원과'에 대한 권한이 없습니다" in reason.ko
    assert "in building, which does not reach 'education'" in reason.en


def test_a_unit_is_named_as_it_was_called_on_that_day() -> None:
    head = a_head({"building-1": [a_grant("department", "building")]})
    renamed = Renaming(on=day("2016-07-01"), label=Label("평생교육과", "Lifelong learning"))
    education = attrs.evolve(head.units["education"], renamed=(renamed,))
    office = Directory(attrs.evolve(head, units={**head.units, "education": education}))
    who = office.actor("building-1")

    before = office.why_not(who, ("department",), "education", day("2016-06-30"))
    after = office.why_not(who, ("department",), "education", day("2016-07-01"))

    assert "교육지원과" in before.ko
    assert "평생교육과" in after.ko


def test_a_role_that_begins_later_says_from_when(office: Directory) -> None:
    reason = office.why_not(
        office.actor("policy-3"), ("policy_office",), "education", TODAY, LABELS
    )

    assert (reason.code, reason.since) == ("grant_not_in_force", day("2016-08-01"))
    assert "2016. 8. 1.부터" in reason.ko
    assert "only from 2016-08-01" in reason.en


def test_of_several_grants_the_next_to_come_is_told_and_else_the_last_to_end() -> None:
    days = [("2016-09-01", ""), ("2016-08-01", ""), ("", "2016-03-31"), ("", "2016-06-30")]
    grants = [a_grant("mayor", "seodaemun", since, until) for since, until in days]
    office = Directory(a_head({"a": grants, "b": grants[2:]}))

    coming = office.why_not(office.actor("a"), ("mayor",), "city", TODAY)
    ended = office.why_not(office.actor("b"), ("mayor",), "city", TODAY)

    assert coming.since == day("2016-08-01")
    assert (ended.since, "2016. 6. 30.에 끝났습니다" in ended.ko) == (None, True)


def test_an_appointment_that_is_over_says_until_when(office: Directory) -> None:
    reason = office.why_not(
        office.actor("policy-2"), ("policy_office",), "education", day("2016-07-21"), LABELS
    )

    assert (reason.code, reason.since) == ("grant_not_in_force", None)
    assert "2016. 7. 20.에 끝났습니다" in reason.ko
    assert reason.who == ("policy-1",)


def test_a_role_that_ended_elsewhere_is_no_role() -> None:
    office = Directory(
        a_head({"building-1": [a_grant("department", "building", until="2016-06-30")]})
    )

    reason = office.why_not(office.actor("building-1"), ("department",), "education", TODAY)

    assert reason.code == "no_role"


def test_where_nobody_holds_the_role_the_role_itself_is_named(office: Directory) -> None:
    reason = office.why_not(office.actor("policy-1"), ("mayor",), "education", TODAY, LABELS)

    assert reason.who == ("mayor",)
    assert reason.ko.endswith("해당 일자에 '구청장' 권한을 가진 담당자가 없습니다.")
    assert reason.en.endswith("Nobody holds the role 'Mayor' here on that day.")


def test_a_sentence_names_five_people_and_counts_the_rest() -> None:
    names = [f"policy-{n}" for n in range(1, 9)]
    everybody = {name: [a_grant("policy_office", "seodaemun")] for name in names}
    office = Directory(a_head({**everybody, "x": []}))

    reason = office.why_not(office.actor("x"), ("policy_office",), "city", TODAY, LABELS)

    assert "(policy-1, policy-2, policy-3, policy-4, policy-5 외 3명)" in reason.ko
    assert "policy-5 and 3 more" in reason.en
    assert reason.who == tuple(names)


# --------------------------------------------------------------------------- duties

OWN = a_grant("policy_office", "seodaemun")
ACTING = acting("policy-1", "policy_office", "seodaemun")


@pytest.mark.parametrize(
    ("act", "part"),
    [
        (Act(event="self_evaluate", actor="a"), "처리자"),
        (Act(event="amend", actor="b", on_behalf_of="a"), "원결재권자(피대결자)"),
        (Act(event="submit", actor="b", signers=("c", "a")), "결재자"),
    ],
)
def test_whoever_evaluated_signed_or_was_acted_for_may_not_review(act: Act, part: str) -> None:
    reason = barred(REVIEWER, [act], "a", OWN, holders=("a", "b", "c", "d"))

    assert reason is not None
    assert (reason.code, reason.about) == ("duty_separated", "reviewer_is_independent")
    assert reason.ko.endswith(f"'a'는 이 기간의 '{act.event}' {part}입니다.")
    assert reason.who[-1] == "d"
    assert "a" not in reason.who


def test_who_could_review_instead_are_the_holders_who_did_nothing_of_it() -> None:
    acts = [
        Act(event="self_evaluate", actor="a"),
        Act(event="submit", actor="b", on_behalf_of="c", signers=("d",)),
        Act(event="review", actor="e"),
    ]

    reason = barred(REVIEWER, acts, "a", OWN, holders=("a", "b", "c", "d", "e", "f"))

    assert reason is not None
    assert reason.who == ("e", "f")


def test_who_did_something_else_or_nothing_may_review() -> None:
    acts = [
        Act(event="review", actor="a"),
        Act(event="self_evaluate", actor="b", signers=("c",)),
    ]

    assert barred(REVIEWER, acts, "a", OWN) is None
    assert barred(REVIEWER, [], "a", OWN) is None


def test_a_recorded_acting_appointment_lifts_the_duty_and_only_where_the_rule_says_so() -> None:
    acts = [Act(event="self_evaluate", actor="a")]
    strict = attrs.evolve(REVIEWER, unless_acting=False)

    assert barred(REVIEWER, acts, "a", OWN) is not None
    assert barred(REVIEWER, acts, "a", ACTING) is None
    assert barred(strict, acts, "a", ACTING) is not None


def test_under_a_strict_duty_nobody_acts_for_someone_who_is_barred() -> None:
    acts = [Act(event="submit", actor="b", signers=("policy-1",))]
    strict = attrs.evolve(REVIEWER, unless_acting=False)

    reason = barred(strict, acts, "policy-2", ACTING)

    assert reason is not None
    assert "'policy-1'" in reason.ko
    assert barred(strict, acts, "policy-2", OWN) is None


def test_the_event_is_called_by_its_name_for_people() -> None:
    acts = [Act(event="self_evaluate", actor="a")]

    reason = barred(
        REVIEWER, acts, "a", OWN, labels={"self_evaluate": Label("자체평가", "Self-evaluate")}
    )

    assert reason is not None
    assert "'자체평가'" in reason.ko
    assert "'Self-evaluate'" in reason.en


# --------------------------------------------------------------------------- properties

ROLES = ("department", "lead_section", "policy_office")
ACTORS = ("a", "b", "c", "d")
DATES = st.none() | st.dates(day("2016-07-10"), day("2016-07-20"))
REGULAR = st.builds(
    Grant, role=st.sampled_from(ROLES), unit=st.sampled_from(list(UNITS)), since=DATES, until=DATES
)
LENT = st.builds(
    Grant,
    role=st.sampled_from(ROLES),
    unit=st.sampled_from(list(UNITS)),
    since=DATES,
    until=DATES,
    on_behalf_of=st.sampled_from(ACTORS),
    reason=st.sampled_from([None, "출장", "휴가"]),
)
DIRECTORIES = st.fixed_dictionaries({name: st.lists(REGULAR | LENT, max_size=4) for name in ACTORS})
DAYS = st.dates(day("2016-07-09"), day("2016-07-21"))


def line_up(unit: str) -> list[str]:
    parent = UNITS[unit][2]
    return [unit] if parent is None else [unit, *line_up(parent)]


@given(REGULAR, DAYS)
def test_a_grant_reaches_exactly_its_unit_and_what_is_below_and_only_on_its_days(
    grant: Grant, at: dt.date
) -> None:
    office = Directory(a_head({"a": [grant]}))
    who = office.actor("a")

    for unit in UNITS:
        in_time = (grant.since or at) <= at <= (grant.until or at)
        expected = in_time and grant.unit in line_up(unit)
        assert bool(office.grants_for(who, (grant.role,), unit, at)) == expected
        for other in ROLES:
            if other != grant.role:
                assert not office.grants_for(who, (other,), unit, at)


@given(DIRECTORIES, st.sampled_from(ROLES), st.sampled_from(list(UNITS)), DAYS)
def test_nobody_gets_more_by_an_acting_appointment_than_the_principal_has(
    directory: dict[str, list[Grant]], role: str, unit: str, at: dt.date
) -> None:
    office = Directory(a_head(directory))

    for name in ACTORS:
        found = office.grants_for(office.actor(name), (role,), unit, at)
        for grant in found:
            assert grant.holds_on(at)
            if grant.on_behalf_of is None:
                continue
            assert grant.reason
            assert grant.on_behalf_of != name
            lenders = office.grants_for(office.actor(grant.on_behalf_of), (role,), unit, at)
            assert any(g.on_behalf_of is None for g in lenders)
        acting_first = [g.on_behalf_of is not None for g in found]
        assert acting_first == sorted(acting_first)


@given(
    DIRECTORIES,
    st.lists(st.sampled_from(ROLES), min_size=1, unique=True),
    st.sampled_from(list(UNITS)),
    DAYS,
)
def test_holders_are_exactly_those_who_have_a_grant_and_everybody_else_is_told_why_not(
    directory: dict[str, list[Grant]], roles: list[str], unit: str, at: dt.date
) -> None:
    office = Directory(a_head(directory))

    holders = office.holders(roles, unit, at)

    granted = {n for n in ACTORS if office.grants_for(office.actor(n), roles, unit, at)}
    assert set(holders) == granted
    assert len(holders) == len(granted)
    for name in set(ACTORS) - granted:
        reason = office.why_not(office.actor(name), roles, unit, at)
        assert reason.code in {"acting_void", "grant_not_in_force", "wrong_unit", "no_role"}
        assert reason.who == (holders or tuple(roles))
        assert reason.since is None or reason.since > at
