"""The values of a scenario: what its steps do and expect, and what came out otherwise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import attrs

from evalflow.files.yaml import Document
from evalflow.model import Label
from evalflow.model.canonical import Tree
from evalflow.plan.definition import Plan
from evalflow.testing.scenario_data import Fill


@attrs.frozen
class Holder:
    """An actor named by what he is: the `nth` who holds the role for the project, or the last
    where there are fewer."""

    role: str
    nth: int = 1


@attrs.frozen(kw_only=True)
class Adoption:
    """A plan that is put into force: as its file says, or (`selected_from`) with what a selection
    in the same store selected out of it."""

    plan: Plan
    path: str
    selected_from: str | None = None


@attrs.frozen(kw_only=True)
class Step:
    """One step: when, what is fired by whom on which projects, and what is expected then.

    `do` is empty for a step that only looks, adopts a plan or keeps a copy of the store; of
    several events the first one that is allowed is fired. `until` spreads the firings evenly from
    `on` to then. `data` is for all projects, `each` for one, `fill` is worked out when the step
    comes. `label` says in words what happens. `line` is its place in the file. What is not
    expected in words (None) is not looked at; a firing without `refused` or `invalid` is
    expected to pass.
    """

    place: int
    line: int
    on: dt.datetime
    plan: str
    until: dt.datetime | None = None
    label: Label | None = None
    adopts: Adoption | None = None
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

    @property
    def stops(self) -> tuple[str, ...] | None:
        """The codes that are expected instead of a firing, or None where it should pass."""
        return self.invalid if self.refused is None else self.refused

    @property
    def looks(self) -> bool:
        """Whether something is expected of the projects themselves."""
        seen = (self.state, self.period, self.rate, self.band, self.late, self.tells)
        return any(each is not None for each in seen)

    def moment(self, nth: int) -> dt.datetime:
        """Return when the step's `nth` project (from 0) is fired at, to the second."""
        if self.until is None or len(self.numbers) < 2:
            return self.on
        return self.on + (self.until - self.on) // (len(self.numbers) - 1) * nth


@attrs.frozen(kw_only=True)
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


@attrs.frozen(kw_only=True)
class Failure:
    """Something that came out otherwise than the scenario expects."""

    file: str
    line: int
    ko: str
    en: str

    def text(self, lang: str = "ko") -> str:
        """Return place and sentence as one line."""
        return f"{self.file}:{self.line}: {self.ko if lang == 'ko' else self.en}"
