"""What a revision may change of what all projects share, and what needs another way (R43, R58, D4).

After adoption a revision of the plan carries people, units, wording and days off. How projects are
measured, who decides on a change, which separations of duties hold and by when things are owed stay
until the next plan: else the change procedure, 전결 and the bounds of extensions would be walked
around by writing the plan anew. A deadline may be moved to an earlier day; to a later one it goes
project by project, by an extension with its reason and bounds. Days off are no choice of the
office (임시공휴일), so they may be added, and what that moves stays within the same bounds, counted
from the plan as it was adopted: many small revisions come no further than one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import attrs

from evalflow.lifecycle.definition import Event, Lifecycle, Line
from evalflow.model import CalendarRules, DueRule, PlanHead
from evalflow.model.calendar import Calendar, Holidays
from evalflow.model.values import frozen

ADOPT, NEXT_PLAN = "adopt", "next_plan"
"""Doors beside the change procedure: a revision of the plan, and the plan of the next year."""

_FIXED = frozenset({"zone", "periods", "first", "last", "extension"})


@frozen(kw_only=True)
class Adopted:
    """The plan in force and the revision that is offered: `first` is the plan as it was adopted.
    `holidays` stands in for the table that the plans name."""

    before: PlanHead
    after: PlanHead
    first: PlanHead
    lifecycle: Lifecycle
    holidays: Holidays | None = None

    def door(self, path: tuple[str, ...], kind: str) -> str:
        """Return the door of a difference at `path`, of the kind that it is about."""
        closed = (
            kind == "scoring"
            or path[0] == "year"
            or (path[0] == "lines" and any(self._loses_signers(each) for each in self._lines(path)))
            or (path[0] == "duties" and bool({*self.before.duties} - {*self.after.duties}))
            or (path[0] == "calendar" and self._lengthens(path[1:]))
        )
        return NEXT_PLAN if closed else ADOPT

    # ------------------------------------------------------------------ signatures

    def _lines(self, path: tuple[str, ...]) -> Iterator[Line]:
        """Yield the lines of changes that the difference is about."""
        for line in self.lifecycle.lines.values():
            if line.of == "change" and path[1:2] in ((), (line.name,)):
                yield line

    def _loses_signers(self, line: Line) -> bool:
        before, after = self.before.lines, self.after.lines
        kinds = {"", *before.get(line.name, {}), *after.get(line.name, {})}
        return any(
            set(line.signers(before, kind)) - set(line.signers(after, kind)) for kind in kinds
        )

    # ------------------------------------------------------------------ deadlines

    def _lengthens(self, path: tuple[str, ...]) -> bool:
        """Say whether what differs of the calendar gives anybody more time than D4 allows."""
        if not path or path[0] in _FIXED:
            return True
        if path[0] == "due":
            events = self.lifecycle.events.values()
            return any(self._later_rule(each) for each in events if path[1:2] in ((), (each.name,)))
        if path[0] == "move":
            return any(self._later_days(self.before, within=0))
        return any(self._later_days(self.first, within=self._at_most()))

    def _later_rule(self, event: Event) -> bool:
        was, now = (_rule(head, event) for head in (self.before, self.after))
        if was is None or was == now:
            return False
        if now is None or (now.again is not None and now.again != was.again):
            return True
        if was.events or now.events:
            return attrs.evolve(was, n=now.n) != now or _later(was, now)
        calendar = self._calendar(self.before.calendar)
        return any(
            calendar.deadline(now, period).due > calendar.deadline(was, period).due
            for period in calendar.periods()
        )

    def _later_days(self, than: PlanHead, *, within: int | None) -> Iterator[bool]:
        """Yield, for each event and period, whether its day is later than by the plan `than`, by
        more days than may be; the rules of `due` are compared apart."""
        if within is None:
            return
        was, now = self._calendar(than.calendar), self._calendar(self.after.calendar)
        for event in self.lifecycle.events.values():
            rule = _rule(self.before, event)
            if rule is None or rule.events:
                continue
            for period in was.periods():
                latest = was.deadline(rule, period).due + dt.timedelta(days=within)
                yield now.deadline(rule, period).due > latest

    def _at_most(self) -> int | None:
        """Return by how many days a day may be extended, None where nobody says."""
        own = self.first.calendar.extension
        rules = [own, *(each.extension for each in self.lifecycle.events.values())]
        if any(rule is not None and (rule.same_again or rule.at_most_months) for rule in rules):
            return 0  # how long that is hangs on each event's own rule, or day
        if own is not None and own.at_most is not None:
            return own.at_most
        rules = [each.extension for each in self.lifecycle.events.values()]
        bounds = [rule.at_most for rule in rules if rule is not None and rule.at_most is not None]
        return min(bounds, default=None)

    def _calendar(self, rules: CalendarRules) -> Calendar:
        return Calendar(rules, self.holidays)


def _rule(head: PlanHead, event: Event) -> DueRule | None:
    return head.calendar.due.get(event.name, event.due)


def _later(was: DueRule, now: DueRule) -> bool:
    """Say whether a rule that counts from events falls later; before a day, fewer days are."""
    return now.n < was.n if was.kind.endswith("before") else now.n > was.n
