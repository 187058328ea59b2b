"""Wrong times put right: a clock that had jumped ahead dated entries to come. Pure.

Such an entry stays as it was written. A later one, with a reason, by those who may revise the plan,
says when it was really made; from then on deadlines, clocks and days late go by that, and what
comes next need not wait for the wrong day. Only what lies ahead can be put right: nobody makes late
work early.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TypeVar

import attrs

from evalflow.decision.decide import DRIFT
from evalflow.decision.entries import following, moved
from evalflow.errors import InvalidInput, Reason, invalid
from evalflow.files.words import IN_WORDS
from evalflow.model import REDATE, Entry, Grant, Move, PlanEntry, Project, dated
from evalflow.model.calendar import Calendar
from evalflow.model.canonical import Tree
from evalflow.model.directory import Said
from evalflow.model.host_word import with_host
from evalflow.model.values import frozen

_Line = TypeVar("_Line", Entry, PlanEntry)


@frozen(kw_only=True)
class Redating:
    """Somebody says when entries were really made.

    Attributes:
        actor, grant: who, and by which right.
        at: the present moment, aware and UTC.
        to: when the entries were made, as near as is known.
        reason: why that is known, in words.
        heard: what the host's directory said of who may.
    """

    actor: str
    grant: Grant
    at: dt.datetime
    to: dt.datetime
    reason: str
    heard: Said = attrs.field(factory=dict)

    def move(
        self,
        project: Project,
        history: Sequence[Entry],
        *,
        calendar: Calendar,
        unit: str,
        revision: int,
        plan_head: str,
    ) -> Move | None:
        """Return what is written for the project, None where none of its entries lies ahead.

        Raises:
            InvalidInput: `to` lies before an entry that is right.
        """
        wrong = ahead(history, self.at)
        if not wrong:
            return None
        right = dated(history)[: -len(wrong)]
        self.check(project.id, right[-1].at if right else None)
        entry = following(
            project,
            event=REDATE,
            actor=self.actor,
            role=self.grant.role,
            on_behalf_of=self.grant.on_behalf_of,
            at=self.at,
            after=project.states,
            unit=unit,
            revision=revision,
            plan_head=plan_head,
            reason=self.reason,
            data=with_host(
                {
                    "entries": [each.number for each in wrong],
                    "late": _days_late(wrong, calendar, self.to),
                    "to": self.to.isoformat(timespec="microseconds"),
                },
                self.heard,
            ),
        )
        return Move(project=moved(project, entry), expected=project.version, entry=entry)

    def plan_data(self, plan: str, history: Sequence[PlanEntry]) -> Tree | None:
        """Return what the plan's own entry says, None where none of its entries lies ahead.

        Raises:
            InvalidInput: `to` lies before an entry that is right.
        """
        wrong = ahead(history, self.at)
        if not wrong:
            return None
        right = history[: -len(wrong)]
        self.check(plan, right[-1].at if right else None)
        said = {
            "entries": [each.number for each in wrong],
            "to": self.to.isoformat(timespec="microseconds"),
        }
        return with_host(said, self.heard)

    def check(self, whose: str, after: dt.datetime | None) -> None:
        """See that the right time lies not before an entry of `after` that is right.

        Raises:
            InvalidInput: it does.
        """
        if after is None or self.to >= after - DRIFT:
            return
        to, last = (each.isoformat(sep=" ", timespec="seconds") for each in (self.to, after))
        raise invalid(
            "redated_too_early",
            path="to",
            value=to,
            ko=f"{whose}: 바로잡을 시각 {to}이(가) 그 앞 이력의 시각({last})보다 이릅니다",
            en=f"{whose}: {to} lies before the entry that comes before ({last}), which is right",
        )


def ahead(history: Sequence[_Line], at: dt.datetime) -> tuple[_Line, ...]:
    """Return the last entries of a project or plan that lie ahead of `at`, by more than clocks may
    differ."""
    found: list[_Line] = []
    for entry in reversed(history):
        if entry.at <= at + DRIFT:
            break
        found.append(entry)
    return tuple(reversed(found))


def check_moment(to: dt.datetime, at: dt.datetime) -> None:
    """Raise where what is said to be the right time is itself still to come.

    Raises:
        InvalidInput: it lies after `at`.
    """
    if to <= at + DRIFT:
        return
    shown, now = (each.isoformat(sep=" ", timespec="seconds") for each in (to, at))
    raise invalid(
        "redated_ahead",
        path="to",
        value=shown,
        ko=f"바로잡을 시각 {shown}이(가) 아직 오지 않았습니다(지금 {now})",
        en=f"{shown} is still to come (it is {now}): say when the entries were really made",
    )


def unsaid(reason: str) -> Reason:
    """Return what is told where the reason says nothing."""
    if reason.strip():
        ko, en = (said.format(reason) for said in IN_WORDS)
        return Reason(code="bad_data", ko=ko, en=en, about="reason")
    return Reason(
        code="data_missing",
        ko="이력의 시각을 바로잡으려면 사유를 적어야 합니다.",
        en="putting the times of entries right needs a written reason.",
        about="reason",
    )


def nothing_ahead(plan: str, at: dt.datetime) -> InvalidInput:
    """Return what is told where no entry lies ahead."""
    now = at.isoformat(sep=" ", timespec="seconds")
    return invalid(
        "nothing_ahead",
        value=plan,
        ko=f"{plan}에는 지금({now})보다 뒤의 시각으로 적힌 마지막 이력이 없어 바로잡을 것이 "
        "없습니다",
        en=f"no last entry of {plan} is dated later than now ({now}): there is nothing to put "
        "right",
    )


def _days_late(entries: Sequence[Entry], calendar: Calendar, to: dt.datetime) -> dict[str, int]:
    """Return the days late that change, by number: each was counted from a due day that the entry
    still tells, for a late one lies so many days behind it."""
    found = {}
    for entry in entries:
        if entry.late:
            due = calendar.today(entry.at) - dt.timedelta(days=entry.late)
            found[str(entry.number)] = calendar.days_late(due, to)
    return found
