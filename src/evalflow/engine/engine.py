"""The engine: one office's (or many offices') evaluation, opened on a storage.

`fire` is the only way to move a project. It decides outside the transaction and then appends:
one short transaction writes states, entry, evaluation and notices if, and only if, the project's
version is the one that was decided on.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from evalflow.engine import clock_guard
from evalflow.engine.changes import Changes
from evalflow.engine.clock_guard import ClockGuard
from evalflow.engine.hosts import driver_connection
from evalflow.engine.joined_rules import JoinedRules
from evalflow.engine.names import Names
from evalflow.engine.namespaces import Plans, Ratings
from evalflow.engine.queries import Queries
from evalflow.engine.reads import Reads
from evalflow.engine.rules import OnCommit, Rules
from evalflow.errors import NotFound
from evalflow.model import Actor, Entry, PlanHead
from evalflow.model.arguments import all_checked
from evalflow.model.calendar import Holidays
from evalflow.model.moments import utc
from evalflow.plan.definition import Plan
from evalflow.plugins.host_directory import HostDirectory
from evalflow.plugins.installed import Plugins
from evalflow.plugins.notifier import Notifier
from evalflow.storage.contract import Joins, Storage, no_transactions

if TYPE_CHECKING:
    from evalflow.batch.plan_file import BatchPlan
    from evalflow.decision.decide import Explanation
    from evalflow.engine.auditing import Audit
    from evalflow.engine.batches import Batches
    from evalflow.engine.commands import Commands
    from evalflow.engine.notices import Outbox
    from evalflow.engine.outbox import DeliveryReport

Clock = Callable[[], dt.datetime]


def now() -> dt.datetime:
    """Return the present moment, aware and UTC: the engine's clock unless another is given."""
    return clock_guard.wall()


@all_checked
class Engine(Reads):
    """Projects on a storage, with the rules of their plans. Safe to use from several threads.

    Made by `evalflow.open`. Close it, or use it as a context, when done. `by` is an actor whom the
    embedding system has authenticated, or an id of the plan's directory.

    Attributes:
        plans: what plans say, and what would become of them.
        ratings: evaluations of a period, rates worked out again, grades.
        names: what people may call things: ids, labels in both languages, usual spellings.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        plugins: Plugins,
        clock: Clock = now,
        holidays: Holidays | None = None,
        directory: HostDirectory | None = None,
    ) -> None:
        """Take the storage and the plugins; `clock` and `holidays` stand in for the present
        moment and for the holiday table that plans name; `directory` is the host's own."""
        self._storage = storage
        self.plugins = plugins
        self.clock = clock
        self._guard = ClockGuard(storage) if clock is now else None
        self._take(Rules(storage, plugins, holidays, directory))

    def _take(self, rules: Rules) -> None:
        self.rules = rules
        self._queries = Queries(self.rules, self._now)
        self._changes = Changes(self.rules, self._queries, self._now, self._guard)
        self.plans = Plans(self.rules, self._queries, self._changes)
        self.ratings = Ratings(self.rules, self._queries)
        self.names = Names(self.rules)

    @property
    def _commands(self) -> Commands:
        return self._changes.projects

    @cached_property
    def batches(self) -> Batches:
        """Batches that are applied."""
        from evalflow.engine.batches import Batches

        return Batches(self._commands)

    @cached_property
    def outbox(self) -> Outbox:
        """Notices that wait, were delivered or given up."""
        from evalflow.engine.notices import Outbox

        return Outbox(self.rules, self._now, self._queries)

    @cached_property
    def audit(self) -> Audit:
        """Verification, checkpoints, bundles."""
        from evalflow.engine.auditing import Audit

        return Audit(self._queries, self._commands)

    @contextmanager
    def reading(self) -> Iterator[Engine]:
        """Give a read-only engine on the store as it stands at this moment, for as long as the
        context lasts: all its answers are of that moment, whatever is written meanwhile. Use it in
        one thread, and consume streams inside the context.

        Raises:
            Conflict: at the end, on a host's open transaction in READ COMMITTED where others wrote
                meanwhile: what was read is of several moments.
        """
        with self.storage.reading() as then:
            yield self._with(self.rules.on(then))

    def joined(self, connection: Any, *, on_commit: OnCommit | None = None) -> Engine:
        """Return the engine on a host's open transaction: what it writes is committed or rolled
        back with that transaction. It shares the cache of committed plans and lifecycles with this
        engine, so it is cheap to create for each transaction.

        `connection` leads to the database of this engine's store, and is one of psycopg, of
        `sqlite3`, of SQLAlchemy (also a session) or of Django. Nothing is committed, rolled back or
        closed here; a connection in autocommit commits each write by itself. Each write stands in a
        savepoint: after a `Refused` or a `Conflict` the host's transaction is as it was. What was
        read and written there is remembered by this one engine alone. `on_commit` is the host's
        way to have something called once it has committed (Django's `transaction.on_commit`):
        plugins are then told what was written. Without it the host tells them (`Plugins.fired`).

        Raises:
            InvalidInput: `not_joinable`: it is no such connection, is asynchronous or closed, or
                the store knows no transactions (`memory:`); `another_store`: it leads elsewhere.
            StorageError: the database cannot be asked.
        """
        if not isinstance(self.storage, Joins):
            raise no_transactions(self.storage)
        storage = self.storage.joined(driver_connection(connection))
        rules = self.rules.committed if isinstance(self.rules, JoinedRules) else self.rules
        return self._with(JoinedRules(storage, rules, on_commit))

    def _with(self, rules: Rules) -> Engine:
        """Return this engine with other rules, and the storage that they read."""
        engine = object.__new__(type(self))
        engine._storage, engine.plugins, engine.clock = rules.storage, self.plugins, self.clock
        engine._guard = self._guard
        engine._take(rules)
        return engine

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the storage, after plugins have been told what happened (`evalflow_fired`)."""
        self.plugins.finish_fired()
        self.storage.close()

    def _now(self) -> dt.datetime:
        """Return the clock's moment in UTC.

        Raises:
            InvalidInput: the clock gives a time without a zone.
        """
        return utc(self.clock(), "clock")

    def actor(self, plan_id: str, actor_id: str) -> Actor:
        """Return the actor with this id from the plan's directory.

        An embedding system that has authenticated its own user passes its own `Actor` to
        `fire` instead; this is the command line's way, which never takes roles from text.

        Raises:
            NotFound: the store has no such plan, or its directory no such id.
        """
        return self._queries.actor(plan_id, actor_id)

    # ------------------------------------------------------------------ firing

    def fire(
        self,
        project_id: str,
        event: str,
        *,
        by: Actor | str,
        data: Mapping[str, Any] | None = None,
        key: str | None = None,
        expected: int | None = None,
    ) -> Entry:
        """Move a project and record who moved it; return the entry, durable on return.

        `event` is an event's name, or what people call it (제출, Submit).
        An event that moves a whole unit together (the bureau's `submit`) moves all of its
        projects that are ready, or none; the entry of the named project is returned.

        `expected` is the version of the project that the caller saw (`Project.version`): where the
        project has moved on, that is told before anything else. A `key` is bound to the project,
        the actor, the event and the data: repeating the call with the same key changes nothing
        and returns the first entry, whatever `expected` says, and any other call with it is
        `KeyReused`.

        Raises:
            Refused: a rule says no; all reasons are in `reasons`, and nothing was written.
            InvalidInput: the data has the wrong form; all problems are named.
            KeyReused: the key was used for another call, of which nothing is told.
            Conflict: someone else was first: the project does not stand at `expected`, or
                something that the decision rests on (the project, others that were looked at,
                which projects a unit has, the plan's latest revision) changed before it was
                written. Look again and decide again.
            NotFound: no such project, event or actor.
        """
        try:
            return self._commands.fire(project_id, event, by, data or {}, key, expected)
        except NotFound as error:
            meant = self._meant(error, project_id, event)
        return self._commands.fire(project_id, meant, by, data or {}, key, expected)

    def explain(
        self,
        project_id: str,
        event: str,
        *,
        by: Actor | str,
        at: dt.datetime | None = None,
        data: Mapping[str, Any] | None = None,
        expected: int | None = None,
        whole: bool = False,
    ) -> Explanation:
        """Return what `fire` would answer, with every check and reason, and change nothing.

        `by` may be a hypothetical actor and `at` any moment. Without `data` the required
        input does not count against the firing; it stands in `needs`. `expected` as for `fire`.

        Of an actor who may not act at all (state, role, unit, duties) guards are not asked: what
        they answer tells of ratings and of other projects. With `whole` they are, where the state
        is right: for a reader who may know it.

        Raises:
            Conflict: the project does not stand at the version `expected`.
            InvalidInput: `expected` is no version.
            NotFound: no such project, event or actor.
        """
        moment = self._at(at)
        try:
            return self._commands.explain(project_id, event, by, moment, data, expected, whole)
        except NotFound as error:
            meant = self._meant(error, project_id, event)
        return self._commands.explain(project_id, meant, by, moment, data, expected, whole)

    def _meant(self, error: NotFound, project_id: str, event: str) -> str:
        """Return the event that was called by a label; raise `error` where it was not that which
        was not found.

        Raises:
            NotFound: as `error`, with the events that there are.
        """
        if error.what != "event":
            raise error
        return self.names.event(project_id, event)

    def permitted(
        self, project_id: str, *, by: Actor | str, at: dt.datetime | None = None
    ) -> tuple[Explanation, ...]:
        """Return the events that the actor may fire on the project now (or at `at`), each with
        the data that it takes.

        Raises:
            NotFound: no such project or actor.
        """
        return self._commands.at_once().permitted(project_id, by, self._at(at))

    def fields(self, event: str, project_id: str) -> dict[str, Any]:
        """Return the data that an event takes of a project as JSON Schema (draft 2020-12): each
        field with its label in both languages, the project's own indicators, and an example.

        Raises:
            NotFound: no such project.
            InvalidInput: no such event.
        """
        return self._queries.fields(event, project_id)

    def example(self, event: str, project_id: str, *, lang: str = "ko") -> str:
        """Return an example of the data that an event takes for a project, as YAML to fill in:
        made-up figures for the project's own indicators, optional fields commented out.

        Raises:
            NotFound, InvalidInput: as `fields`.
        """
        return self._queries.example(event, project_id, lang)

    # ------------------------------------------------------------------ plans and batches

    def load_plan(
        self, source: str | os.PathLike[str], *, tables: Sequence[str | os.PathLike[str]] = ()
    ) -> Plan:
        """Return the plan in a YAML file, checked against the plugins of this engine; see
        `evalflow.load_plan`."""
        from evalflow.engine.opening import load_plan

        return load_plan(source, tables=tables, plugins=self.plugins)

    def adopt(self, plan: Plan, *, by: Actor | str, reason: str | None = None) -> PlanHead:
        """Put a plan into force, or its next revision, and return the head now in force.

        A new plan opens its projects in their initial states for the plan's first period. A
        plan that the store has is compared: changed and added projects get an entry each and
        the plan gets a new revision, in force from the current period (D5); where nothing
        differs nothing is written. A revision needs a written reason.

        Raises:
            Refused: the actor holds none of the roles that may adopt plans, or revise this one; a
                revision needs a second person (see `plans.propose`); it has no reason, or touches
                what only the change procedure may change (R43): targets, indicators, term,
                budget, cards, or how the plan is scored. Each is named.
            InvalidInput: the plan leaves out a project that the store has, or was written
                against an older revision than the store's, or names an uninstalled scorer,
                notifier or guard.
            Conflict: someone revised the plan at the same moment.
        """
        return self._changes.plans.adopt(plan, by, reason)

    def batch(
        self,
        event: str,
        *,
        by: Actor | str,
        where: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        each: Mapping[str, Mapping[str, Any]] | None = None,
        mode: str = "each",
    ) -> BatchPlan:
        """Return what would happen if `by` fired the event on every project that `where`
        selects, with all refusals; nothing is written.

        `by` as an id is looked up in the directory of each project's plan. `data` is for all,
        `each` holds more of it by project id. An event of a whole unit moves the whole unit,
        also what was not selected. `mode` is how the plan will be applied: `each`, `all` or
        `unit`.

        Raises:
            InvalidInput: a condition that does not exist; all of them.
            NotFound: no such plan or unit.
        """
        return self._commands.batch(
            event, by=by, where=where or {}, data=data, each=each, mode=mode
        )

    # ------------------------------------------------------------------ notices

    def deliver(
        self, *, limit: int | None = None, notifiers: Mapping[str, Notifier] | None = None
    ) -> DeliveryReport:
        """Deliver the notices that wait, at least once each; see `evalflow.engine.outbox`.

        `notifiers` stands in for those that the plans name. At most `limit` notices are tried.

        A notifier that is not installed or broken fails its own notices, which are tried
        again; the others go on.
        """
        return self.outbox.deliver(limit, notifiers)
