"""What is read through an engine: projects, histories, entries, evaluations, dues, by the page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast

import attrs

from evalflow.engine.listing import DuePage, check_page, ordered, page_of, page_of_dues
from evalflow.engine.queries import Queries, Several
from evalflow.model import Entry, Evaluation, Project, Selection
from evalflow.model.arguments import all_checked
from evalflow.model.moments import utc
from evalflow.storage.contract import Storage, count_entries, count_projects

if TYPE_CHECKING:
    from evalflow.decision.deadlines import Due


class Conditions(TypedDict, total=False):
    """Which projects; every condition that is given must hold.

    `text` is words that must all stand in number or names, in whatever form they were typed;
    `after` the project (by its id, or its number; where dues are listed, the id of a due) behind
    which they begin: the last one of the page before.
    `unit` reaches everything below it. `numbers` are 관리번호 within `plan`. `unit` and `numbers`
    need `plan` where the store has several. `late` keeps the projects for which something that
    can be done is overdue: True for anything, or the names of events.
    """

    plan: str | None
    unit: str | None
    field: Several
    state: Several
    period: Several
    band: Several
    numbers: Sequence[str] | None
    ids: Sequence[str] | None
    late: bool | str | Sequence[str] | None
    text: str | None
    after: str | None
    limit: int | None


class DueConditions(Conditions, total=False):
    """Conditions on what is due: those of `Conditions` for the projects, and

    `waiting`: also steps that wait for an earlier step of the same project; `coming`: also what
    projects that wait for their next period will owe first in it (`Due.coming`); `who`: only what
    this actor may do. A page is of dues: those behind the one whose `id` is `after`, at most
    `limit`. `order` is `unit`, `event`, `period` or `project`, with `-` before it the other way
    round; without it the most urgent come first.
    """

    waiting: bool
    coming: bool
    who: str | None
    order: str | None


def parted(where: DueConditions) -> tuple[Conditions, DueConditions]:
    """Return the conditions that projects must meet, and those on the dues themselves."""
    of_dues = {*DueConditions.__annotations__} - {*Conditions.__annotations__} | {"after", "limit"}
    both: tuple[dict[str, Any], dict[str, Any]] = {}, {}
    for name, value in where.items():
        both[name in of_dues][name] = value
    return cast("Conditions", both[0]), cast("DueConditions", both[1])


@all_checked
class Reads:
    """The reading calls of an `Engine`, which is made elsewhere."""

    _queries: Queries
    _storage: Storage

    @property
    def storage(self) -> Storage:
        """Return the storage that the engine was made on."""
        return self._storage

    def _now(self) -> dt.datetime:
        raise NotImplementedError

    def _at(self, at: dt.datetime | None) -> dt.datetime:
        return self._now() if at is None else utc(at)

    def project(self, project_id: str) -> Project:
        """Return where the project stands.

        Raises:
            NotFound: the store has no such project.
        """
        return self._queries.snapshot(project_id).project

    def projects(
        self,
        *,
        at: dt.datetime | None = None,
        order: str | None = None,
        **where: Unpack[Conditions],
    ) -> Iterator[Project]:
        """Yield projects in the order of plan and number, streamed; all, or those for which every
        condition holds (see `Conditions`). With `at`, as they stood then: history is the truth.

        `order` is `title`, `unit`, `state`, `period` or `changed` (how often they moved), with `-`
        before it the other way round; they are then sorted in memory, those that are alike as ever.

        Raises:
            NotFound: no such plan or unit.
            InvalidInput: `plan` is needed and not given; no such order.
        """
        at = None if at is None else utc(at)
        if order is None:
            return self._queries.projects(self.select(at=at, **where), at)
        limit = where.pop("limit", None)
        chosen = self.select(at=at, **where)  # `after` is understood, as a place in this order
        found = self._queries.projects(attrs.evolve(chosen, after=None), at)
        return ordered(found, order, chosen.after, limit)

    def count(self, *, at: dt.datetime | None = None, **where: Unpack[Conditions]) -> int:
        """Return how many projects `projects` would yield: as they stand, without reading them
        (but for `text`, which is looked for in their names)."""
        if at is None:
            return count_projects(self.storage, self.select(**where))
        return sum(1 for _ in self.projects(at=at, **where))

    def select(self, *, at: dt.datetime | None = None, **where: Unpack[Conditions]) -> Selection:
        """Return the selection that these conditions mean, on the day of `at`.

        Raises:
            NotFound, InvalidInput: as `projects`.
        """
        return self._queries.select(at=None if at is None else utc(at), **where)

    def history(
        self,
        project_id: str,
        *,
        after: int = 0,
        limit: int | None = None,
        newest: bool = False,
    ) -> Iterator[Entry]:
        """Yield the project's entries, oldest first: those behind number `after`, at most `limit`.
        With `newest` the newest first: those before number `after`, where that is given.

        Raises:
            NotFound: the store has no such project.
            InvalidInput: `after` or `limit` is none.
        """
        version = self.project(project_id).version
        first, last = page_of(version, after, limit, newest=newest)
        found = self.storage.history(project_id, after=first)
        if not newest:
            return islice(found, last - first)
        return reversed(list(islice(found, last - first)))

    def count_history(self, project_id: str) -> int:
        """Return how many entries `history` would yield without a page.

        Raises:
            NotFound: the store has no such project.
        """
        return self.project(project_id).version

    def entries(
        self, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Iterator[tuple[int, Entry]]:
        """Yield (position, entry) of the whole store in the order in which they were written: those
        behind the position `after`, at most `limit`; who remembers the position misses none. With
        `newest` the last ones first: those before the position `after`, where that is given.

        Raises:
            InvalidInput: `after` or `limit` is none.
        """
        check_page(after, limit)
        if newest:
            return self.storage.entries(after=after, limit=limit, newest=True)
        return self.storage.entries(after=after, limit=limit)

    def count_entries(self) -> int:
        """Return how many entries `entries` would yield without a page."""
        return count_entries(self.storage)

    def evaluation(self, project_id: str, period: str | None = None) -> Evaluation:
        """Return the project's figures for a period (None: the current one), both ratings side
        by side.

        Raises:
            NotFound: no such project, or nothing was evaluated for the period.
        """
        return self._queries.evaluation(project_id, period)

    def due(self, at: dt.datetime | None = None, **where: Unpack[DueConditions]) -> tuple[Due, ...]:
        """Return who owes what by when on the day of `at` (None: now), the most urgent first.

        A past moment is answered from the history, a future one from where things stand now.
        A unit's common step is always there, with the projects it waits for.

        Raises:
            NotFound, InvalidInput: as `projects`.
        """
        return self.due_page(at, **where).dues

    def due_page(self, at: dt.datetime | None = None, **where: Unpack[DueConditions]) -> DuePage:
        """Return what `due` does, with how many there are in all and how to go on: what is due is
        worked out once for all three.

        Raises:
            NotFound, InvalidInput: as `projects`.
        """
        moment = self._at(at)
        past = moment if at is not None and moment < self._now() else None
        of_projects, which = parted(where)
        waiting, coming = which.get("waiting", False), which.get("coming", False)
        with self._queries.reading() as then:
            chosen = then.select(at=past, **of_projects)
            found = then.owed(chosen, moment, waiting=waiting, coming=coming, now=at is None)
        who = which.get("who")
        owed = [due for due in found if who is None or who in due.actors]
        return page_of_dues(owed, which.get("order"), which.get("after"), which.get("limit"))
