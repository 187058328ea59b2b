"""A history that is whole, hashes and all, is still held against the rules: who forges an entry,
and seals it and all that comes after it anew, is found where the rules would not have had it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import attrs
import pytest

import evalflow
from evalflow.audit.ground import Ground
from evalflow.audit.histories import History
from evalflow.decision import decide
from evalflow.lifecycle.fields import normal
from evalflow.model.calendar import Calendar
from evalflow.storage.integrity import ValueTables
from evalflow.storage.rows import ENTRY_COLUMNS, entry_row

Forge = Callable[[evalflow.Entry], evalflow.Entry]


def forged(
    office: Any, project: str, number: int, change: Forge
) -> Iterator[tuple[str, int | None, str]]:
    """Yield (code, number, column) of what is found where one entry was changed and all after it
    were sealed anew."""
    tables = ValueTables(office.engine.storage)
    previous, entries = "", []
    for entry in office.engine.history(project):
        made = change(entry) if entry.number == number else entry
        entries.append(attrs.evolve(made, previous=previous, hash="").sealed())
        previous = entries[-1].hash

    def rows(table: str) -> list[Any]:
        if table == "entry":
            return [dict(zip(ENTRY_COLUMNS, entry_row(each), strict=True)) for each in entries]
        return list(tables.rows(table, project))

    history = History(
        project=project, rows=rows, kept=tables.kept, ground=Ground(tables), told=lambda each: None
    )
    for finding in history.judge():
        if finding.code != "state_edited":  # the project stands at the hash of the true entry
            yield finding.code, finding.number, finding.column or ""


def evolve(**changes: Any) -> Forge:
    return lambda entry: attrs.evolve(entry, **changes)


def data(**changes: Any) -> Forge:
    return lambda entry: attrs.evolve(entry, data={**entry.data, **changes})


@pytest.fixture
def reviewed(office):
    """The small office, with project 3 reviewed: adopt, self_evaluate, compile, sign, submit,
    review."""
    office.to_submitted()
    office.review("gu/3")
    assert list(forged(office, "gu/3", 0, evolve())) == []
    return office


@pytest.mark.parametrize(
    ("number", "change", "code"),
    [
        (6, evolve(actor="road-1"), "not_allowed"),  # a department reviews itself
        (6, evolve(actor="both-1", role="department"), "not_allowed"),  # no reviewer's role
        (2, evolve(actor="education-1"), "not_allowed"),  # another department
        (6, evolve(role="mayor"), "not_allowed"),
        (6, evolve(on_behalf_of="policy-2"), "not_allowed"),  # nobody appointed them
        (1, evolve(actor="mayor-1"), "plan_unknown"),  # the plan's history says who adopted it
        (1, evolve(role="mayor"), "plan_unknown"),
        (6, evolve(plan_head="0" * 64), "plan_unknown"),  # there is no such entry of the plan
        (6, evolve(plan_head=""), "plan_unknown"),
        (6, evolve(event="abolish"), "unknown_event"),
        (1, evolve(event="revise"), "impossible_move"),
        (2, evolve(event="adopt"), "impossible_move"),
        (6, evolve(after=("approved", "unchanged")), "impossible_move"),
        (2, evolve(rating=None), "not_allowed"),
        (2, evolve(data={}), "not_allowed"),  # what is required is not there
        (5, data(document=""), "not_allowed"),
        (4, evolve(actor="city-lead", role="lead_section"), "not_allowed"),  # signs for the head
        (4, evolve(role="vice_mayor"), "not_allowed"),  # who is not next in the line
        (6, evolve(evaluation="0" * 64), "entry_differs"),
        (6, evolve(unit="education"), "entry_differs"),
        (6, evolve(reason="새 사유"), "entry_differs"),
        (5, evolve(revision=2), "plan_unknown"),  # no such revision
        (1, data(plan="0" * 64), "plan_edited"),
        (6, lambda e: attrs.evolve(e, at=e.at - dt.timedelta(days=2)), "time_order"),
    ],
)
def test_what_the_rules_would_not_have_had_is_found(reviewed, number, change, code):
    found = list(forged(reviewed, "gu/3", number, change))
    assert (code, number) in {(each, place) for each, place, _ in found}


def test_what_only_this_version_refuses_is_not_checked_and_said_so(office, monkeypatch):
    """An earlier version may have taken what a later one refuses; `deep` tells it as a finding."""
    office.clock.go("2016-04-04")
    office.evaluate("gu/3")
    taken = normal

    def stricter(event: Any, given: Any, **more: Any) -> Any:
        tree, problems = taken(event, given, **more)
        told = evalflow.Problem(code="stricter", ko="더 엄격", en="stricter")
        return tree, (*problems, told) if event.name == "self_evaluate" else problems

    monkeypatch.setattr(decide, "normal", stricter)
    unchecked: list[Any] = []
    assert list(office.engine.audit.verify(unchecked=unchecked.append)) == []
    assert [(each.number, each.code) for each in unchecked] == [(2, "refused_by_now")]
    assert codes(office, deep=True) == [("not_allowed", 2)]


def test_whoever_evaluated_does_not_review_separation_of_duties(office):
    office.clock.go("2016-04-04")
    office.fire("gu/1", "self_evaluate", "both-1", actuals={"schools": 10, "lessons": 100})
    office.evaluate("gu/2")
    office.submit("gu/1")
    office.review("gu/1")
    found = list(forged(office, "gu/1", 4, evolve(actor="both-1")))
    assert [(code, number) for code, number, _ in found] == [("not_allowed", 4)]


def test_a_right_that_was_lent_counts_on_its_days_alone(office):
    office.clock.go("2016-04-04")
    office.evaluate("gu/3")
    office.submit("gu/3")
    change = evolve(actor="elderly-head", role="bureau_head", on_behalf_of="welfare-head")
    assert ("not_allowed", 3) in {(c, n) for c, n, _ in forged(office, "gu/3", 3, change)}


def test_an_actor_whom_a_host_handed_over_is_no_finding_but_is_not_checked(office):
    office.clock.go("2016-04-04")
    host = evalflow.Actor("sso-4711", (evalflow.Grant(role="department", unit="road"),))
    actuals = {"metres": 400, "complaints": 50}
    office.engine.fire("gu/3", "self_evaluate", by=host, data={"actuals": actuals})
    unchecked: list[Any] = []
    assert list(office.engine.audit.verify(unchecked=unchecked.append)) == []
    assert [(each.project, each.number, each.code) for each in unchecked] == [
        ("gu/3", 2, "actor_not_in_directory")
    ]
    assert "sso-4711" in unchecked[0].text("ko")


# --------------------------------------------------------------------------- deep


def codes(office: Any, *, deep: bool) -> list[tuple[str, int | None]]:
    return [(each.code, each.number) for each in office.engine.audit.verify(deep=deep)]


def test_deep_finds_nothing_where_all_is_well(reviewed):
    assert codes(reviewed, deep=True) == []


def test_deep_works_out_by_how_many_days_something_was_late(office, monkeypatch):
    office.clock.go("2016-04-04")
    with monkeypatch.context() as patch:
        patch.setattr(Calendar, "days_late", lambda *_: 7)
        office.evaluate("gu/3")
    assert codes(office, deep=False) == []
    assert codes(office, deep=True) == [("late_differs", 2)]


def test_deep_rates_again(office, monkeypatch):
    """Somebody who can write entries, hashes and all, gives a better rate than the figures."""
    office.clock.go("2016-04-04")
    rating_of = decide._rating_of

    def better(situation: Any) -> Any:
        rate = rating_of(situation)
        return lambda *figures: attrs.evolve(rate(*figures), rate=Decimal("120.0"))

    with monkeypatch.context() as patch:
        patch.setattr(decide, "_rating_of", better)
        office.evaluate("gu/3")
    assert codes(office, deep=False) == []
    assert codes(office, deep=True) == [("rating_differs", 2)]


def test_deep_asks_the_guards_again(office, monkeypatch):
    office.clock.go("2016-04-04")
    with monkeypatch.context() as patch:
        patch.setattr(decide, "_answer", lambda *_: ())
        office.evaluate("gu/3", actuals={"metres": 400})  # the complaints are not reported
    assert codes(office, deep=False) == []
    assert codes(office, deep=True) == [("not_allowed", 2)]
