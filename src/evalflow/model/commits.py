"""What storages are asked and told: snapshots, moves, commits and selections."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import attrs

from evalflow.model.changed import often_made
from evalflow.model.history import Entry, Evaluation, Notice
from evalflow.model.ids import folded, place
from evalflow.model.plan_history import PlanMove
from evalflow.model.projects import Project, ProjectDefinition
from evalflow.model.values import frozen


@often_made
@frozen(kw_only=True)
class Snapshot:
    """A project and its evaluation in the current period, read together in one moment.

    `latest` is the plan's latest revision at that moment: a decision is made by the
    directory and the calendar then in force, also when another process changed them. `plan_head`
    is the hash of the last entry of the plan's own history, "" where it has none. `last` is when
    the project's last entry was written; None where the storage does not tell.
    """

    project: Project
    evaluation: Evaluation
    latest: int
    plan_head: str = ""
    last: dt.datetime | None = attrs.field(default=None, eq=False)


@often_made
@frozen(kw_only=True)
class Move:
    """What one firing writes for one project, if its version is still `expected`.

    `expected` is 0 for a project that is adopted. `definition` is set where the firing makes
    a new definition of the project (adoption, an approved change). `last` is when the entry before
    it was written, as the decision saw it; None where nobody looked.
    """

    project: Project
    expected: int
    entry: Entry
    evaluation: Evaluation | None = None
    definition: ProjectDefinition | None = None
    notices: tuple[Notice, ...] = ()
    last: dt.datetime | None = attrs.field(default=None, eq=False)


@frozen(kw_only=True)
class Roster:
    """Which projects units are responsible for on a day, as found by a decision.

    `units` are unit ids already widened to everything below them; `ids` are the ids of all
    projects of the plan that count to one of them on the day `on`, in any order.
    """

    plan: str
    units: frozenset[str]
    on: dt.date
    ids: frozenset[str]

    @property
    def selection(self) -> Selection:
        """Return what selects those projects."""
        return Selection(plan=self.plan, units=self.units, on=self.on)


@often_made
@frozen(kw_only=True)
class Basis:
    """What a decision rests on beside the projects that it moves, and what must still be so when
    it is written.

    Attributes:
        unchanged: (project id, version) of the other projects that were looked at.
        revisions: (plan id, revision): the latest one, under which it was decided.
        rosters: which projects the units had that were looked at.
    """

    unchanged: tuple[tuple[str, int], ...] = ()
    revisions: tuple[tuple[str, int], ...] = ()
    rosters: tuple[Roster, ...] = ()

    @classmethod
    def of(cls, parts: Iterable[Basis], moving: Iterable[str] = ()) -> Basis:
        """Return what several decisions rest on together; `moving` are the projects that they
        move, each at the version that its move expects."""
        parts, own = tuple(parts), frozenset(moving)
        if len(parts) == 1 and not parts[0].unchanged:
            return parts[0]
        seen = dict.fromkeys(pair for part in parts for pair in part.unchanged)
        return cls(
            unchanged=tuple([pair for pair in seen if pair[0] not in own]),
            revisions=tuple(dict.fromkeys(pair for part in parts for pair in part.revisions)),
            rosters=tuple(dict.fromkeys(roster for part in parts for roster in part.rosters)),
        )


@often_made
@frozen(kw_only=True)
class Commit:
    """All that one transaction writes: every move or none.

    `unchanged`, `revisions` and `rosters` are what the decision rests on and must still be so
    (see `Basis`). `reminders` are notices that no move causes: each stands with the last entry of
    one of the projects that it is about, and one of an id that is there is left out. `plans` are
    entries of plans' own histories, with the revisions that they put
    into force; `lifecycle` is a definition's (fingerprint, canonical text), kept once.
    """

    moves: tuple[Move, ...] = ()
    unchanged: tuple[tuple[str, int], ...] = ()
    plans: tuple[PlanMove, ...] = ()
    lifecycle: tuple[str, str] | None = None
    revisions: tuple[tuple[str, int], ...] = ()
    rosters: tuple[Roster, ...] = ()
    reminders: tuple[Notice, ...] = ()


@frozen(kw_only=True)
class Selection:
    """Which projects: data, not code. Every condition that is given must hold.

    `units` are unit ids already widened to everything below them; a project counts to the
    unit that answers for it on the day `on`. `states` holds for a project that is in any
    of them, in any region. `ids` are project ids. Results come in the order of plan and
    number (numbers that are digits in numeric order). `words` (as `ids.folded` makes them) must all
    stand somewhere in number and names; `after` is the id of a project, there or not, behind which
    the results begin.
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
    words: tuple[str, ...] = ()
    after: str | None = None

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
        behind = None if self.after is None else order_of(self.after)
        return lambda project: (
            all(not words.isdisjoint(told(project)) for words, told in asked)
            and (behind is None or project_order(project) > behind)
            and self.says(project)
        )

    def says(self, project: Project) -> bool:
        """Say whether number and names hold all `words`."""
        if not self.words:
            return True
        text = folded(f"{project.number} {project.label.ko} {project.label.en}")
        return all(word in text for word in self.words)


def project_order(project: Project) -> tuple[str, bool, int, str]:
    """Return the sort key of a project among all."""
    return project.plan, *place(project.number)


def order_of(project_id: str) -> tuple[str, bool, int, str]:
    """Return the sort key of the project of this id."""
    plan, _, number = project_id.rpartition("/")
    return plan, *place(number)
