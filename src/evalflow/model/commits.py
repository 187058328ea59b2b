"""What storages are asked and told: snapshots, moves, commits and selections."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import attrs

from evalflow.model.history import Entry, Evaluation, Notice
from evalflow.model.plans import PlanHead
from evalflow.model.projects import Project, ProjectDefinition


@attrs.frozen(kw_only=True)
class Snapshot:
    """A project and its evaluation in the current period, read together in one moment.

    `latest` is the plan's latest revision at that moment: a decision is made by the
    directory and the calendar then in force, also when another process changed them.
    """

    project: Project
    evaluation: Evaluation
    latest: int


@attrs.frozen(kw_only=True)
class Move:
    """What one firing writes for one project, if its version is still `expected`.

    `expected` is 0 for a project that is adopted. `definition` is set where the firing makes
    a new definition of the project (adoption, an approved change).
    """

    project: Project
    expected: int
    entry: Entry
    evaluation: Evaluation | None = None
    definition: ProjectDefinition | None = None
    notices: tuple[Notice, ...] = ()


@attrs.frozen(kw_only=True)
class Commit:
    """All that one transaction writes: every move or none.

    `unchanged` holds (project id, version) of projects that the decision looked at and that
    must not have moved either. `head` is a new plan revision; `lifecycle` is a definition's
    (fingerprint, canonical text), kept once.
    """

    moves: tuple[Move, ...] = ()
    unchanged: tuple[tuple[str, int], ...] = ()
    head: PlanHead | None = None
    lifecycle: tuple[str, str] | None = None


@attrs.frozen(kw_only=True)
class Selection:
    """Which projects: data, not code. Every condition that is given must hold.

    `units` are unit ids already widened to everything below them; a project counts to the
    unit that answers for it on the day `on`. `states` holds for a project that is in any
    of them, in any region. `ids` are project ids. Results come in the order of plan and
    number (numbers that are digits in numeric order).
    """

    plan: str | None = None
    ids: tuple[str, ...] | None = None
    units: frozenset[str] | None = None
    on: dt.date | None = None
    fields: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None
    periods: tuple[str, ...] | None = None
    bands: tuple[str, ...] | None = None
    limit: int | None = None

    def test(self) -> Callable[[Project], bool]:
        """Return what says of a project, as it stands in the value given, whether every condition
        holds. `on` and `limit` are no conditions: whoever asks has found the unit already."""
        asked: list[tuple[frozenset[str], Callable[[Project], Iterable[str | None]]]] = [
            (frozenset(words), told)
            for words, told in (
                (None if self.plan is None else (self.plan,), lambda project: (project.plan,)),
                (self.ids, lambda project: (project.id,)),
                (self.units, lambda project: (project.unit,)),
                (self.fields, lambda project: (project.field,)),
                (self.states, lambda project: project.states),
                (self.periods, lambda project: (project.period,)),
                (self.bands, lambda project: (project.band,)),
            )
            if words is not None
        ]
        return lambda project: all(not words.isdisjoint(told(project)) for words, told in asked)
