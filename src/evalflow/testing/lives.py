"""Random lives of a store, led by Hypothesis, in the storage and in memory at once.

Whatever is done, in whatever order, both must answer the same. A difference is shrunk to the
shortest life that shows it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

import evalflow
from evalflow import Conflict, Evaluation, Project
from evalflow.plugins import Assignment
from evalflow.storage import Commit, Move, Outgoing, Roster, Selection, Settled, Storage
from evalflow.testing.children import Opener
from evalflow.testing.given import (
    BEGINNING,
    LIFECYCLE,
    adoption,
    definition,
    head,
    move_after,
    rating,
    revised,
)

_PLANS = ("an-office-2016", "seodaemun-2016")
_NUMBERS = ("2", "10", "가-1")
_PROJECTS = tuple(f"{plan}/{number}" for plan in _PLANS for number in _NUMBERS)
_STATES = ("planned", "self_evaluated", "submitted")
_PERIODS = ("2016-Q1", "2016-Q2")
_UNITS = ("education", "youth")
_BANDS = ("on_track", "lagging")
_FIELDS = ("welfare", "culture_education")
_NOTIFIERS = ("console", "mail")

_moments = st.integers(0, 20).map(lambda hours: BEGINNING + dt.timedelta(hours=hours))
_soon_or_late = _moments | st.just(BEGINNING + dt.timedelta(days=9))
_days = st.integers(0, 30).map(lambda days: dt.date(2016, 1, 1) + dt.timedelta(days=days))


def _some(of: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...] | None]:
    return st.none() | st.lists(st.sampled_from(of), unique=True, max_size=2).map(tuple)


_selections = st.just(Selection()) | st.builds(
    Selection,
    plan=st.none() | st.sampled_from(_PLANS),
    ids=_some(_PROJECTS),
    units=_some(_UNITS).map(lambda units: units and frozenset(units)),
    on=st.none() | _days,
    fields=_some(_FIELDS),
    states=_some((*_STATES, "unchanged", "change_requested")),
    periods=_some(_PERIODS),
    bands=_some(_BANDS),
    limit=st.none() | st.integers(0, 3),
    words=st.sampled_from([(), ("사업",), ("1",), ("p", "1")]),
    after=st.none() | st.sampled_from(_PROJECTS),
)


_rosters = st.tuples(st.frozensets(st.sampled_from(_UNITS), min_size=1), _days)


@st.composite
def _assignments(draw: st.DrawFn) -> list[Assignment]:
    if draw(st.booleans()):
        return [Assignment(unit=draw(st.sampled_from(_UNITS)))]
    changed = draw(_days)
    first, second = draw(st.permutations(_UNITS))
    gap = draw(st.integers(1, 5))
    return [
        Assignment(unit=first, until=changed),
        Assignment(unit=second, since=changed + dt.timedelta(days=gap)),
    ]


_said = st.fixed_dictionaries(
    {"told": st.lists(st.sampled_from(("policy-1", "부서")), max_size=3)},
    optional={
        "state": st.sampled_from(_STATES),
        "period": st.sampled_from(_PERIODS),
        "key": st.sampled_from(("k1", "k2")),
        "notifier": st.sampled_from(_NOTIFIERS),
        "data": st.dictionaries(st.text(max_size=3), st.none() | st.text(max_size=5), max_size=2),
        "reason": st.text(
            st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5
        ),
        "states": st.just(("planned", "change_requested")),
        "band": st.sampled_from(_BANDS),
        "redefined": st.tuples(_assignments(), st.sampled_from(_FIELDS)),
    },
)


class _Lives(RuleBasedStateMachine):
    """The same life in a store and in memory."""

    new_store: Callable[[], Opener]
    reopens: bool

    def __init__(self) -> None:
        super().__init__()
        self.opener = type(self).new_store()
        self.store = self.opener()
        self.model = evalflow.open("memory:", plugins=[]).storage
        self.older: list[Project] = []
        self.claimed: list[tuple[str, str]] = []
        for project in _PROJECTS[1:4]:  # two in one plan, one in another, the rest to be adopted
            self.write(Commit(moves=(adoption(project),)))

    def teardown(self) -> None:
        try:
            self.same(lambda storage: list(storage.snapshots(Selection())))
            self.same(lambda storage: list(storage.outbox()))
            self.same(lambda storage: list(storage.outbox(newest=True, limit=2)))
            self.same(lambda storage: [entry for _, entry in storage.entries()])
            for hours in (2, 6, 12, 24):
                self.same(partial(_looking_back, at=BEGINNING + dt.timedelta(hours=hours)))
        finally:
            self.store.close()

    def same(self, ask: Callable[[Storage], Any]) -> Any:
        right, found = ask(self.model), ask(self.store)
        assert found == right
        return right

    def write(self, commit: Commit) -> None:
        def attempt(storage: Storage) -> str:
            try:
                storage.commit(commit)
            except Conflict:
                return "conflict"
            except ValueError:
                return "refused"
            return "written"

        if self.same(attempt) == "written":
            self.older += [move.project for move in commit.moves]
        for move in commit.moves:
            self.snapshot(move.project.id)

    def snapshot(self, project: str) -> Project:
        found = self.same(lambda storage: storage.snapshot(project))
        return found and found.project  # type: ignore[no-any-return]

    def move(self, project: Project, at: dt.datetime, said: dict[str, Any]) -> Move:
        said = dict(said)
        if "state" in said:
            said.pop("states", None)
        band = said.pop("band", None)
        if band is not None:
            said["rated"] = rating(project.id, project.period, band=band)
        redefined = said.pop("redefined", None)
        if redefined is not None:
            assignments, field = redefined
            said["redefined"] = definition(project.id, assignments=assignments, field=field)
            said["revision"] = len(self.model.revisions(project.plan)) + 1
        return move_after(project, "moved", at=at, **said)

    def revised(self, moves: list[Move]) -> Any:
        for move in moves:
            if move.definition is not None and move.expected:
                said = head(move.project.plan, revision=move.project.revision)
                return (revised(self.model, said),)
        return ()

    # ------------------------------------------------------------------ writing

    @rule(plan=st.sampled_from(_PLANS), revision=st.integers(1, 3))
    def revise(self, plan: str, revision: int) -> None:
        self.write(
            Commit(plans=(revised(self.model, head(plan, revision=revision)),), lifecycle=LIFECYCLE)
        )

    @rule(
        project=st.sampled_from(_PROJECTS),
        assignments=_assignments(),
        field=st.sampled_from(_FIELDS),
        at=_moments,
    )
    def adopt(
        self, project: str, assignments: list[Assignment], field: str, at: dt.datetime
    ) -> None:
        said = definition(project, assignments=assignments, field=field)
        self.write(Commit(moves=(adoption(said, at=at),)))

    @precondition(lambda self: self.older)
    @rule(picked=st.data(), at=_moments, said=_said)
    def fire(self, picked: st.DataObject, at: dt.datetime, said: dict[str, Any]) -> None:
        id_ = picked.draw(st.sampled_from(self.older)).id
        move = self.move(self.snapshot(id_), at, said)
        self.write(Commit(moves=(move,), plans=self.revised([move])))

    @precondition(lambda self: self.older)
    @rule(picked=st.data(), at=_moments, said=_said)
    def fire_on_what_may_be_old(
        self, picked: st.DataObject, at: dt.datetime, said: dict[str, Any]
    ) -> None:
        move = self.move(picked.draw(st.sampled_from(self.older)), at, said)
        self.write(Commit(moves=(move,), plans=self.revised([move])))

    @precondition(lambda self: len({project.id for project in self.older}) > 1)
    @rule(picked=st.data(), at=_moments, said=_said, fresh=st.booleans())
    def fire_together(
        self, picked: st.DataObject, at: dt.datetime, said: dict[str, Any], fresh: bool
    ) -> None:
        said.pop("redefined", None)
        ids = sorted({project.id for project in self.older})
        chosen = picked.draw(st.lists(st.sampled_from(ids), min_size=2, unique=True))
        now = {id_: self.snapshot(id_) for id_ in chosen}
        if not fresh:
            old = picked.draw(st.sampled_from(self.older))
            now[old.id] = old
        *moved, seen = now.values()
        self.write(
            Commit(
                moves=tuple(self.move(project, at, said) for project in moved),
                unchanged=((seen.id, seen.version),),
            )
        )

    @precondition(lambda self: self.older)
    @rule(
        picked=st.data(),
        at=_moments,
        said=_said,
        revisions=st.lists(st.tuples(st.sampled_from(_PLANS), st.integers(-1, 1)), max_size=2),
        looked=st.none() | st.tuples(st.sampled_from(_PLANS), _rosters, st.booleans()),
    )
    def fire_on_what_may_be_no_longer_so(
        self,
        picked: st.DataObject,
        at: dt.datetime,
        said: dict[str, Any],
        revisions: list[tuple[str, int]],
        looked: tuple[str, tuple[frozenset[str], dt.date], bool] | None,
    ) -> None:
        """Revisions are the latest ones or beside them; of a roster one may be missing."""
        move = self.move(self.snapshot(picked.draw(st.sampled_from(self.older)).id), at, said)
        under = tuple([(plan, len(self.model.revisions(plan)) + by) for plan, by in revisions])
        rosters: tuple[Roster, ...] = ()
        if looked is not None:
            plan, (units, on), whole = looked
            found = self.model.select(Selection(plan=plan, units=units, on=on))
            ids = sorted([each.id for each in found])
            kept = frozenset(ids if whole else ids[1:])
            rosters = (Roster(plan=plan, units=units, on=on, ids=kept),)
        self.write(
            Commit(moves=(move,), plans=self.revised([move]), revisions=under, rosters=rosters)
        )

    # ------------------------------------------------------------------ reading

    @rule(selection=_selections)
    def select(self, selection: Selection) -> None:
        self.same(lambda storage: list(storage.select(selection)))
        self.same(lambda storage: list(storage.snapshots(selection)))

    @rule(selection=_selections, at=_moments)
    def look_back(self, selection: Selection, at: dt.datetime) -> None:
        self.same(lambda storage: list(storage.as_of(selection, at)))

    @rule(plan=st.sampled_from(_PLANS), revision=st.none() | st.integers(0, 4))
    def read_plan(self, plan: str, revision: int | None) -> None:
        self.same(lambda storage: (storage.plans(), storage.revisions(plan)))
        self.same(lambda storage: storage.head(plan, revision))
        self.same(lambda storage: storage.plan_entry(plan, revision))
        self.same(lambda storage: list(storage.plan_history(plan, after=revision or 0)))
        self.same(lambda storage: list(storage.definitions(plan, revision)))
        for period in _PERIODS:
            self.same(partial(_evaluations, plan=plan, period=period))

    @rule(project=st.sampled_from(_PROJECTS), after=st.integers(0, 4))
    def read_project(self, project: str, after: int) -> None:
        self.same(lambda storage: list(storage.history(project, after=after)))
        self.same(lambda storage: storage.definition(project))
        self.same(lambda storage: storage.entry_by_key(project, "k1"))

    # ------------------------------------------------------------------ outbox

    @rule(
        notifier=st.sampled_from(_NOTIFIERS),
        at=_soon_or_late,
        limit=st.integers(0, 5),
        lease=st.integers(0, 5),
        plan=st.none() | st.sampled_from(_PLANS),
        states=st.lists(st.sampled_from(("delivered", "waiting", "dead")), max_size=5),
        again=st.none() | _moments,
        error=st.none() | st.just("끊김"),
    )
    def deliver(
        self,
        notifier: str,
        at: dt.datetime,
        limit: int,
        lease: int,
        plan: str | None,
        states: list[str],
        again: dt.datetime | None,
        error: str | None,
    ) -> None:
        """Claim some notices and settle as many of them as there are `states`."""
        hours = dt.timedelta(hours=lease)
        found = self.same(
            lambda storage: list(
                storage.claim(notifier, at=at, limit=limit, lease=hours, plan=plan)
            )
        )
        claimed = [(each.notice.id, notifier) for each in found]
        self.claimed += claimed
        self.settle(zip(claimed, states, strict=False), again, error)

    @precondition(lambda self: self.claimed)
    @rule(
        picked=st.data(),
        state=st.sampled_from(("delivered", "waiting", "dead")),
        again=st.none() | _moments,
        error=st.none() | st.just("끊김"),
    )
    def settle_late(
        self, picked: st.DataObject, state: str, again: dt.datetime | None, error: str | None
    ) -> None:
        """Settle notices that were claimed some time, perhaps settled since."""
        claimed = picked.draw(st.lists(st.sampled_from(self.claimed), max_size=3, unique=True))
        self.settle([(pair, state) for pair in claimed], again, error)

    def settle(
        self,
        outcomes: Iterable[tuple[tuple[str, str], str]],
        again: dt.datetime | None,
        error: str | None,
    ) -> None:
        settled = [
            Settled(notice=notice, notifier=notifier, state=state, next_at=again, error=error)
            for (notice, notifier), state in outcomes
        ]
        self.same(lambda storage: storage.settle(settled))
        self.same(lambda storage: list(storage.outbox()))

    @precondition(lambda self: self.claimed)
    @rule(at=_moments)
    def resend(self, at: dt.datetime) -> None:
        self.same(lambda storage: storage.resend(self.claimed, at=at))
        for state in ("waiting", "delivered", "dead"):
            self.same(partial(_outbox, state=state))

    # ------------------------------------------------------------------ closing

    @precondition(lambda self: self.reopens)
    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.opener()


def _evaluations(storage: Storage, plan: str, period: str) -> list[Evaluation]:
    return list(storage.evaluations(plan, period))


def _looking_back(storage: Storage, at: dt.datetime) -> list[Project]:
    return list(storage.as_of(Selection(), at))


def _outbox(storage: Storage, state: str) -> list[Outgoing]:
    return list(storage.outbox(state=state))


def live_and_compare(
    new_store: Callable[[], Opener],
    *,
    reopens: bool,
    examples: int = 40,
    steps: int = 40,
    shrinks: bool = True,
) -> None:
    """Lead `examples` random lives of up to `steps` steps; raise where the two differ."""
    lives = type("Lives", (_Lives,), {"new_store": staticmethod(new_store), "reopens": reopens})
    run_state_machine_as_test(
        lives,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=True,  # the same lives for everybody; a kit that flickers helps nobody
            phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
