"""Who holds what until when, and who acts for whom (대결); both are changed as a revision of the
plan, shown as a difference in words first, and by a second person where the plan or the change asks
for one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
from starlette.responses import RedirectResponse, Response

from evalflow import Difference, Plan, PlanEntry, Refused
from evalflow.plugins import changes, in_words
from evalflow_web.board.desk import Desk
from evalflow_web.board.received import Received, received
from evalflow_web.problems import Problem

Change = tuple[str, str, str, str]
"""A difference in words: 관리번호 or "", what, before, after."""

MOST = 200
"""Differences that a page shows; the command line tells them all."""


def people(desk: Desk) -> Response:
    """Show who holds what, who acts for whom, and the revision that waits for a second person."""
    role = desk.visit.request.query_params.get("role", "")
    roles = {name: each.label.text(desk.lang) for name, each in desk.lifecycle.roles.items()}
    waiting = desk.visit.engine.plans.proposed(desk.plan) if _confirms(desk) else None
    return desk.page(
        "people.html",
        here="people",
        rows=[each for each in _held(desk) if not role or each.tree["role"] == role],
        hosted=[each for each in _hosted(desk) if not role or each.tree["role"] == role],
        acting=[each for each in _acting(desk) if not role or each.tree["role"] == role],
        roles=roles,
        role=role,
        units=[unit for unit in desk.head.units if desk.head.units[unit].until is None],
        waiting=waiting,
        changes=[] if waiting is None else _changes(desk, waiting[1]),
        base=_base(desk),
        done=desk.visit.request.query_params.get("done", ""),
    )


@attrs.frozen(kw_only=True)
class Row:
    """One role of one person, or one acting appointment, as the plan says it: `at` is its place."""

    actor: str
    at: int
    tree: Mapping[str, str]

    def day(self, name: str) -> dt.date | None:
        """Return a day that it says, or None."""
        return dt.date.fromisoformat(self.tree[name]) if name in self.tree else None


def _held(desk: Desk) -> Iterator[Row]:
    for actor in desk.head.directory:
        for at, tree in enumerate(desk.head.tree["directory"].get(actor, ())):
            yield Row(actor=actor, at=at, tree=tree)


def _hosted(desk: Desk) -> Iterator[Row]:
    """Yield what the host's own directory says; nothing of it is changed here."""
    for actor, grants in desk.people.by_the_host().items():
        for at, grant in enumerate(grants):
            days = {"since": grant.since, "until": grant.until}
            tree = {name: day.isoformat() for name, day in days.items() if day is not None}
            yield Row(actor=actor, at=at, tree={"role": grant.role, "unit": grant.unit, **tree})


def _acting(desk: Desk) -> Iterator[Row]:
    """Yield the acting appointments, their reasons where the reader may know them."""
    for at, tree in enumerate(desk.view.plan(desk.plan).get("appointments") or ()):
        yield Row(actor=tree["actor"], at=at, tree=tree)


def _confirms(desk: Desk) -> bool:
    """Say whether the reader holds a role that revises the plan, or confirms revisions."""
    return desk.keeps_plan or desk.holds(desk.head.revising.confirmed_by)


def _base(desk: Desk) -> int:
    """Return the number of the plan's last entry: what a change was made on."""
    return max((each.number for each in desk.visit.engine.plans.history(desk.plan)), default=0)


# --------------------------------------------------------------------------- changing


def change(desk: Desk) -> Response:
    """Show what a change of people comes to, in words; once confirmed, put it into force, or let
    it wait for a second person."""
    given = received(desk.visit)
    if not desk.keeps_plan:
        raise Problem(
            403,
            "not_keeping",
            ko="계획을 개정할 수 있는 사람만 사람과 대결을 바꿉니다.",
            en="People are changed by those who may revise the plan.",
        )
    if given.get("base") != str(_base(desk)):
        raise Problem(
            412,
            "overtaken",
            ko="저장하지 않았습니다. 화면을 연 뒤 계획이 먼저 개정되었습니다. 새로 여십시오.",
            en="Nothing was saved: the plan was revised after you opened the page; open it again.",
        )
    plan, reason = _changed(desk, given), given.get("reason").strip()
    act, plans = given.get("act"), desk.visit.engine.plans
    found = _changes(desk, plan)
    asks: list[str] = []
    if not found:
        raise Problem(422, "nothing_differs", ko="달라지는 것이 없습니다.", en="Nothing differs.")
    if act == "propose":
        plans.propose(plan, by=desk.visit.actor, reason=reason)
        return RedirectResponse(f"{desk.to('board_people')}?done=proposed", 303)
    if act == "sure":
        try:
            desk.visit.engine.adopt(plan, by=desk.visit.actor, reason=reason or None)
        except Refused as error:
            if {each.code for each in error.reasons} != {"needs_confirmation"}:
                raise
            asks = [each.text(desk.lang) for each in error.reasons]
        else:
            return RedirectResponse(f"{desk.to('board_people')}?done=revised", 303)
    return desk.page(
        "people_change.html",
        here="people",
        status=409 if asks else 200,
        changes=found,
        reason=reason,
        asks=asks,
        fields={k: v for k, v in given.fields.items() if k not in ("csrf", "act")},
    )


def _changed(desk: Desk, given: Received) -> Plan:
    """Return the plan with what the form asks for.

    Raises:
        InvalidInput: it is wrong: all of it.
        Problem: the form names no such thing to do, or no such person.
    """
    directory = {
        actor: [dict(each) for each in held] for actor, held in desk.head.tree["directory"].items()
    }
    appointments = [dict(each) for each in desk.head.tree.get("appointments") or ()]
    match given.get("what"):
        case "appoint":
            actor, at = _place(given, "held", directory)
            held = directory[actor][at]
            said = {
                "actor": given.get("actor").strip(),
                "for": actor,
                "role": held["role"],
                "unit": held["unit"],
                "since": given.get("since"),
                "until": given.get("until"),
                "reason": given.get("why").strip(),
            }
            appointments.append({key: value for key, value in said.items() if value})
        case "end":
            appointments[_at(given.get("appointment"), appointments)]["until"] = given.get("until")
        case "join":
            said = {key: given.get(key) for key in ("role", "unit", "since")}
            held_by = directory.setdefault(given.get("actor").strip(), [])
            held_by.append({key: value for key, value in said.items() if value})
        case "leave":
            actor, at = _place(given, "held", directory)
            directory[actor][at]["until"] = given.get("until")
        case other:
            raise _unknown(other)
    return desk.visit.engine.plans.with_people(
        desk.plan, directory=directory, appointments=appointments
    )


def _place(given: Received, name: str, directory: Mapping[str, list[Any]]) -> tuple[str, int]:
    actor, _, at = given.get(name).rpartition("|")
    if actor not in directory:
        raise _unknown(given.get(name))
    return actor, _at(at, directory[actor])


def _at(text: str, of: Sequence[Any]) -> int:
    """Return a place in a list, as a form says it."""
    if not text.isdecimal() or len(text) > 9 or int(text) >= len(of):
        raise _unknown(text)
    return int(text)


def _unknown(text: str) -> Problem:
    return Problem(
        422,
        "unknown_change",
        ko=f"무엇을 바꾸는지 알 수 없습니다: '{text[:60]}'. 화면을 새로 여십시오.",
        en=f"It is not clear what is to change: '{text[:60]}'. Open the page again.",
    )


def confirm(desk: Desk) -> Response:
    """Put the revision that waits into force, as a second person."""
    text = received(desk.visit).get("number")
    if not text.isdecimal() or len(text) > 9:
        raise _unknown(text)
    desk.visit.engine.plans.confirm(desk.plan, int(text), by=desk.visit.actor)
    return RedirectResponse(f"{desk.to('board_people')}?done=confirmed", 303)


# --------------------------------------------------------------------------- differences in words


def _changes(desk: Desk, plan: Plan) -> list[Change]:
    """Return what a plan says otherwise than the one in force, in words."""
    was = desk.visit.engine.plans.plan(desk.plan)
    return words(desk, plan, was, changes(plan, was))


def words(desk: Desk, plan: Plan, was: Plan, found: Sequence[Difference]) -> list[Change]:
    """Return what one revision says otherwise than another, in words."""
    return [
        (each.number or "", what, before, after)
        for each, (what, before, after) in in_words(desk, plan, was, found[:MOST])
    ]


@attrs.frozen(kw_only=True)
class Revision:
    """One entry of the plan's own history, with what the revision that it brought says otherwise;
    None: it brought none."""

    entry: PlanEntry
    number: int | None
    changes: list[Change] | None


def revisions(desk: Desk) -> Response:
    """Show the plan's own history: who revised it when and why, and, to those who may read all of
    the plan, what it says otherwise."""
    plans = desk.visit.engine.plans
    shown: list[Revision] = []
    before = 0
    for entry in desk.view.plan_history(desk.plan):
        made = entry.revision if entry.revision != before else None
        told = None
        if made is not None and before and desk.view.reads_plan(desk.plan):
            told = words(
                desk,
                plans.plan(desk.plan, revision=made),
                plans.plan(desk.plan, revision=before),
                desk.view.differences(desk.plan, made, since=before),
            )
        before = entry.revision
        shown.append(Revision(entry=entry, number=made, changes=told))
    return desk.page("revisions.html", here="people", shown=shown[::-1])
