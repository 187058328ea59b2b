"""The values of a scenario: what its steps do and expect, and what came out otherwise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

import attrs

from evalflow.errors import particles
from evalflow.files.yaml import Document
from evalflow.model import Label
from evalflow.model.calendar import Calendar
from evalflow.model.canonical import Tree
from evalflow.model.values import frozen
from evalflow.plan.definition import Plan
from evalflow.testing.scenario_data import Fill


@frozen
class Holder:
    """An actor named by what he is: the `nth` who holds the role for the project, or the last
    where there are fewer."""

    role: str
    nth: int = 1


@frozen(kw_only=True)
class Adoption:
    """A plan that is put into force: as its file says, or (`selected_from`) with what a selection
    in the same store selected out of it."""

    plan: Plan
    path: str
    selected_from: str | None = None


@frozen(kw_only=True)
class Step:
    """One step: when, what is fired by whom on which projects, and what is expected then.

    `do` is empty for a step that only looks, adopts or revises a plan, or keeps a copy of the
    store; `revises` is a merge patch (RFC 7396) over the plan in force, with its `reason`. Of
    several events the first one that is allowed is fired. `until` spreads the firings evenly over
    the office's hours from `on` to then. `data` is for all projects, `each` for one, `fill` is
    worked out when the step comes. `label` says in words what happens. `line` is its place in the
    file. What is not expected in words (None) is not looked at; a firing without `refused` or
    `invalid` is expected to pass.
    """

    place: int
    line: int
    on: dt.datetime
    plan: str
    until: dt.datetime | None = None
    label: Label | None = None
    adopts: Adoption | None = None
    revises: Mapping[str, Tree] | None = None
    reason: str | None = None
    keep: str | None = None
    by: str | Holder | None = None
    do: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    data: Mapping[str, Tree] = attrs.field(factory=dict)
    each: Mapping[str, Mapping[str, Tree]] = attrs.field(factory=dict)
    fill: Mapping[str, Fill] = attrs.field(factory=dict)
    refused: tuple[str, ...] | None = None
    invalid: tuple[str, ...] | None = None
    state: tuple[str, ...] | None = None
    period: str | None = None
    rate: str | None = None
    band: str | None = None
    late: int | None = None
    tells: tuple[str, ...] | None = None
    overdue: tuple[str, ...] | None = None
    role: str | None = None
    acted_for: str | None = None

    @property
    def stops(self) -> tuple[str, ...] | None:
        """The codes that are expected instead of a firing, or None where it should pass."""
        return self.invalid if self.refused is None else self.refused

    @property
    def looks(self) -> bool:
        """Whether something is expected of the projects themselves."""
        seen: tuple[object, ...] = (self.state, self.period, self.rate, self.band, self.late)
        seen += (self.tells, self.role, self.acted_for)
        return any(each is not None for each in seen)

    def moments(self, calendar: Calendar) -> Iterator[dt.datetime]:
        """Yield when each of the step's projects is fired at, to the second: spread evenly over
        the hours in which the office works, from `on` to `until`; over all hours where it works
        in none of them."""
        if self.until is None:
            yield from [self.on] * len(self.numbers)
            return
        spans = list(_working(self.on, self.until, calendar)) or [(self.on, self.until)]
        whole = sum([end - start for start, end in spans], dt.timedelta())
        pause = whole // max(1, len(self.numbers) - 1)
        for nth in range(len(self.numbers)):
            gone = pause * nth
            for start, end in spans:
                if gone <= end - start:
                    break
                gone -= end - start
            yield start + gone


_OPENS, _CLOSES = dt.time(9), dt.time(18)


def _working(
    on: dt.datetime, until: dt.datetime, calendar: Calendar
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Yield the stretches of office hours between two moments."""
    zone = calendar.zone
    day, last = calendar.today(on), calendar.today(until)
    while day <= last:
        if calendar.is_business_day(day):
            opens = max(on, dt.datetime.combine(day, _OPENS, zone))
            closes = min(until, dt.datetime.combine(day, _CLOSES, zone))
            if opens < closes:
                yield opens, closes
        day += dt.timedelta(days=1)


@frozen(kw_only=True)
class Scenario:
    """A plan to begin with and the steps from there. `plans` holds all that are adopted, by id."""

    label: Label
    file: str
    given: Adoption
    adopted_by: str
    adopted_on: dt.datetime
    steps: tuple[Step, ...]
    plans: Mapping[str, Plan]
    document: Document = attrs.field(eq=False, repr=False)

    @property
    def plan(self) -> Plan:
        """The plan to begin with."""
        return self.given.plan


@frozen(kw_only=True)
class Failure:
    """Something that came out otherwise than the scenario expects."""

    file: str
    line: int
    ko: str = attrs.field(converter=particles)
    en: str

    def text(self, lang: str = "ko") -> str:
        """Return place and sentence as one line."""
        return f"{self.file}:{self.line}: {self.ko if lang == 'ko' else self.en}"
