"""Ids and keys that a host brings: one form each, nobody in disguise, the same on every storage."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow.model import ids
from offices import GOOD

POLICY = (evalflow.Grant(role="policy_office", unit="gu"),)
LATER = {"deadline": "self_evaluate", "until": "2016-04-20", "reason": "명절"}

NO_ID = ["", "\x1b[2Jevil", "a\nFORGED #99", "a\u202eb", "policy-9 ", "policy-9\u200b",
         "a\x00b", "\ud800", "x" * 201, "a\u00a0b", "\u3164", "a\x7f"]  # fmt: skip
ALIKE = ["Policy-1", "p\u043elicy-1", "policy\u20101", "\uff50olicy-1", "POLICY-1", "polic\u0443-1",
         "policy-1\u0301", "p\u00f3licy-1", "policy-\u0661", "policy\u22121",
         "p\u0585licy-1"]  # fmt: skip


def test_an_actor_in_disguise_is_nobody(office):
    office.clock.go("2016-04-04")
    before = list(office.engine.storage.entries())
    for name in (*NO_ID, *ALIKE):
        actor = evalflow.Actor(name, POLICY)
        engine = office.engine
        calls: list[Callable[[], object]] = [
            partial(engine.fire, "gu/3", "extend_deadline", by=actor, data=LATER),
            partial(engine.explain, "gu/3", "extend_deadline", by=actor, data=LATER),
            partial(engine.adopt, office.plan, by=actor, reason="다시"),
        ]
        for call in calls:
            with pytest.raises(evalflow.InvalidInput) as caught:
                call()
            (problem,) = caught.value.problems
            assert problem.code == ("look_alike" if name in ALIKE else "bad_id")
            assert caught.value.text("ko").isprintable()
        if name in ALIKE:
            lines = list(office.engine.batch("extend_deadline", by=actor, data=LATER))
            assert {reason.code for line in lines for reason in line.reasons} == {"bad_data"}
        else:
            with pytest.raises(evalflow.InvalidInput):
                office.engine.batch("extend_deadline", by=actor, data=LATER)
    assert list(office.engine.storage.entries()) == before


def test_who_acted_cannot_come_back_as_somebody_who_looks_alike(office):
    """The host's own users, whom the directory does not know."""
    office.clock.go("2016-04-04")
    both = (*POLICY, evalflow.Grant(role="department", unit="education"))
    office.engine.fire(
        "gu/1", "self_evaluate", by=evalflow.Actor("host:7", both), data={"actuals": GOOD["gu/1"]}
    )
    office.evaluate("gu/2")
    office.submit("gu/1")
    office.clock.go("2016-04-15")
    review = {"ratings": "confirmed"}
    for name in ("Host:7", "h\u043est:7", "host\uff1a7"):
        with pytest.raises(evalflow.InvalidInput):
            office.engine.fire("gu/1", "review", by=evalflow.Actor(name, both), data=review)
    with pytest.raises(evalflow.Refused):
        office.engine.fire("gu/1", "review", by=evalflow.Actor("host:7", both), data=review)
    office.engine.fire("gu/1", "review", by=evalflow.Actor("host:8", both), data=review)


def test_one_id_however_it_was_typed(office):
    office.clock.go("2016-04-04")
    name = "정책-1"
    apart = unicodedata.normalize("NFD", name)
    assert apart != name
    by = evalflow.Actor(apart, POLICY)
    entry = office.engine.fire("gu/3", "extend_deadline", by=by, data=LATER, key=apart)
    assert (entry.actor, entry.key) == (name, name)
    by = evalflow.Actor(name, POLICY)
    assert office.engine.fire("gu/3", "extend_deadline", by=by, data=LATER, key=name) == entry


def test_a_key_has_a_form_too(office):
    office.clock.go("2016-04-04")
    for key in NO_ID:
        with pytest.raises(evalflow.InvalidInput) as caught:
            office.engine.fire("gu/3", "extend_deadline", by="policy-1", data=LATER, key=key)
        assert caught.value.problems[0].path == "key"
    assert office.engine.project("gu/3").version == 1


@pytest.mark.parametrize("odd", ["a\x00b", "\ud800", "gu\x00", "\udfff/1"])
def test_what_no_database_can_keep_is_not_found_and_no_condition(office, odd):
    engine = office.engine
    told: list[tuple[Callable[[], object], type[Exception]]] = [
        (lambda: engine.project(odd), evalflow.NotFound),
        (lambda: list(engine.history(odd)), evalflow.NotFound),
        (lambda: engine.evaluation(odd), evalflow.NotFound),
        (lambda: engine.evaluation("gu/1", odd), evalflow.NotFound),
        (lambda: engine.plans.head(odd), evalflow.NotFound),
        (lambda: engine.actor("gu", odd), evalflow.NotFound),
        (lambda: engine.fire(odd, "submit", by="policy-1"), evalflow.NotFound),
        (lambda: engine.fire("gu/1", odd, by="policy-1"), evalflow.NotFound),
        (lambda: list(engine.projects(plan=odd)), evalflow.NotFound),
        (lambda: list(engine.projects(unit=odd)), evalflow.NotFound),
        *(
            (lambda how=how: list(engine.projects(**how)), evalflow.InvalidInput)
            for how in (
                {"ids": [odd]},
                {"numbers": [odd]},
                {"state": odd},
                {"field": [odd]},
                {"band": odd},
                {"period": odd},
            )
        ),
    ]
    for call, error in told:
        with pytest.raises(error) as caught:
            call()
        assert isinstance(caught.value, evalflow.EvalflowError)
    assert list(engine.ratings.evaluations("gu", odd)) == []


@pytest.mark.parametrize("odd", ["한\ud800", "a\x00b"])
def test_half_a_sign_in_the_data_is_told_as_bad_data(office, odd):
    office.clock.go("2016-04-04")
    engine = office.engine
    for event, by, data in (
        ("extend_deadline", "policy-1", {**LATER, "reason": odd}),
        ("self_evaluate", "road-1", {"actuals": GOOD["gu/3"], "progress": odd}),
        ("self_evaluate", "road-1", {"actuals": {odd: 1}}),
        ("self_evaluate", "road-1", {odd: 1, "actuals": GOOD["gu/3"]}),
    ):
        with pytest.raises(evalflow.InvalidInput) as caught:
            engine.fire("gu/3", event, by=by, data=data)
        assert caught.value.text("ko").isprintable()
        try:
            lines = list(engine.batch(event, by=by, data=data, where={"numbers": ["3"]}))
        except evalflow.InvalidInput:
            continue
        assert "bad_data" in {reason.code for line in lines for reason in line.reasons}
    assert engine.project("gu/3").version == 1


@given(st.text(max_size=8), st.text(max_size=8))
def test_looks_is_the_same_for_what_is_the_same(one, other):
    assert ids.looks(ids.normal(one)) == ids.looks(one)
    if ids.normal(one) == ids.normal(other):
        assert ids.looks(one) == ids.looks(other)
    if ids.fault(one, "by") is None:
        assert ids.storable(one)
        assert one == one.strip()
