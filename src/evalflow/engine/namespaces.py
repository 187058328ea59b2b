"""What an engine does beside its dozen calls, grouped: `office.plans`, `office.audit` …"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs

from evalflow.batch import applying
from evalflow.batch.chunks import Chunk
from evalflow.batch.plan_file import BatchPlan
from evalflow.decision.migration import MIGRATE
from evalflow.engine import outbox
from evalflow.engine.commands import Commands
from evalflow.engine.listing import about, check_page, page_of
from evalflow.engine.plan_commands import PlanCommands
from evalflow.engine.queries import Queries, words_of
from evalflow.engine.reminding import remind, remind_of
from evalflow.engine.rules import Rules
from evalflow.engine.telling import told
from evalflow.errors import did_you_mean, invalid, nearest
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import (
    Actor,
    Delivery,
    Entry,
    Evaluation,
    Notice,
    Outgoing,
    PlanEntry,
    PlanHead,
    ProjectDefinition,
    Rating,
)
from evalflow.model.arguments import all_checked
from evalflow.model.calendar import Calendar
from evalflow.model.directory import Directory
from evalflow.model.ids import storable
from evalflow.model.moments import utc
from evalflow.plan.definition import Plan
from evalflow.plan.differences import Difference
from evalflow.plugins.notifier import Notifier
from evalflow.scoring.contract import Grade

if TYPE_CHECKING:
    from evalflow.files.table_reader import Book
    from evalflow.plan.workbook_reader import OfficeBook


@all_checked
class Plans:
    """The plans of a store: what they say, and what would become of them."""

    def __init__(
        self, rules: Rules, queries: Queries, commands: Commands, plan_commands: PlanCommands
    ) -> None:
        """Made by the engine."""
        self._rules = rules
        self._queries = queries
        self._commands = commands
        self._plan_commands = plan_commands

    def ids(self) -> tuple[str, ...]:
        """Return the ids of the plans in the store."""
        return self._rules.storage.plans()

    def only(self) -> str:
        """Return the id of the store's plan where there is just one.

        Raises:
            InvalidInput: there are several, or none.
        """
        return self._queries.only_plan()

    def head(self, plan_id: str, *, revision: int | None = None) -> PlanHead:
        """Return the plan without its projects, in the given revision (None: the latest).

        Raises:
            NotFound: the store has no such plan or revision.
        """
        return self._rules.terms(plan_id, revision).head

    def definitions(
        self, plan_id: str, *, revision: int | None = None
    ) -> Iterator[ProjectDefinition]:
        """Yield what the plan says of each project, in the given revision (None: the latest).

        Raises:
            NotFound: the store has no such plan or revision.
        """
        return self._queries.definitions(plan_id, revision=revision)

    def definition(self, project_id: str, *, period: str | None = None) -> ProjectDefinition:
        """Return what the plan says of the project: in the revision in force for `period` (D5), or
        in the latest one.

        Raises:
            NotFound: the store has no such project.
        """
        project = self._queries.snapshot(project_id).project
        if period is None:
            return self._rules.definition(project_id, project.revision)
        return self._rules.definition(project_id, self._rules.terms(project.plan).in_force(period))

    def history(
        self, plan_id: str, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Iterator[PlanEntry]:
        """Yield the entries of the plan's own history, oldest first: its adoption, every revision,
        and what else changed what decides about its projects. Pages as of `Engine.history`.

        Raises:
            NotFound: the store has no such plan.
            InvalidInput: `after` or `limit` is none.
        """
        count = self._queries.check_plan(plan_id).number
        first, last = page_of(count, after, limit, newest=newest)
        found = islice(self._rules.storage.plan_history(plan_id, after=first), last - first)
        return reversed(list(found)) if newest else found

    def calendar(self, plan_id: str) -> Calendar:
        """Return the plan's calendar.

        Raises:
            NotFound: the store has no such plan.
        """
        return self._rules.terms(plan_id).calendar

    def people(self, plan_id: str, *, at: dt.datetime | None = None) -> Directory:
        """Return who holds what under the plan on the day of `at` (None: now): the plan's own
        people, and those of the host's directory.

        Raises:
            NotFound: the store has no such plan.
            DirectoryError: the host's directory failed.
        """
        terms = self._rules.terms(plan_id)
        moment = self._queries.now() if at is None else utc(at)
        return self._rules.people(terms, terms.calendar.today(moment))

    def lifecycle(self, fingerprint: str) -> Lifecycle:
        """Return the lifecycle definition with this fingerprint (`Project.lifecycle`).

        Raises:
            NotFound: the store has no such definition.
        """
        return self._rules.lifecycle(fingerprint)

    def with_tables(self, plan_id: str, tables: Sequence[str | os.PathLike[str]]) -> Plan:
        """Return the plan as the store has it with tables of projects, budgets and targets laid
        over it, to be compared and adopted.

        Raises:
            NotFound: the store has no such plan.
            InvalidInput: a file cannot be read, or cells are wrong; all of them.
        """
        from evalflow.plan.load import with_tables

        return with_tables(self.plan(plan_id), tables)

    def with_people(
        self,
        plan_id: str,
        *,
        directory: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
        appointments: Sequence[Mapping[str, str]] | None = None,
    ) -> Plan:
        """Return the plan in force with other people, as `directory` and `appointments` of a plan
        file say them (None: as they are), checked whole; nothing is written.

        Raises:
            InvalidInput: what they say is wrong: all of it.
            NotFound: the store has no such plan.
        """
        from evalflow.plan.load import load_plan
        from evalflow.plan.write import dump_yaml

        plan = self.plan(plan_id)
        said = {"directory": directory, "appointments": appointments}
        tree = {**plan.head.tree, **{key: each for key, each in said.items() if each is not None}}
        text = dump_yaml(attrs.evolve(plan.head, tree=tree), plan.projects.values())
        return load_plan(text.encode(), name=plan_id, lifecycle=lambda _: plan.lifecycle)

    def plan(self, plan_id: str, *, revision: int | None = None) -> Plan:
        """Return the plan with its projects and its lifecycle as the store has them.

        Raises:
            NotFound: the store has no such plan or revision.
        """
        head = self.head(plan_id, revision=revision)
        lifecycle = self._rules.lifecycle_of(plan_id)
        assert lifecycle is not None, "a plan has projects"
        projects = {each.number: each for each in self.definitions(plan_id, revision=revision)}
        return Plan(head=head, projects=projects, lifecycle=lifecycle)

    def from_workbook(
        self, source: str | os.PathLike[str], *, book: Book | None = None
    ) -> OfficeBook:
        """Return the plan that an office's workbook says (`evalflow init`, `plan export
        --workbook`), to be compared and adopted: a new one, or the store's with what the workbook
        changes.

        Raises:
            InvalidInput: the file cannot be read, or cells are wrong; all of them, each with its
                sheet and cell.
        """
        from evalflow.engine.opening import load_office_book

        def before(plan_id: str) -> Plan | None:
            return self.plan(plan_id) if plan_id in self.ids() else None

        return load_office_book(source, before=before, plugins=self._rules.plugins, book=book)

    def compare(self, plan: Plan, *, by: Actor | str) -> tuple[Difference, ...]:
        """Return what the plan says otherwise, each difference with the door that it needs (R43),
        writing nothing; a plan that is new changes nothing but adds its projects.

        Raises:
            Refused, InvalidInput: as `Engine.adopt`; only the reason is not asked for, and
                differences that need another door are shown, not refused.
        """
        return self._plan_commands.compare(plan, by)

    def open_case(
        self,
        plan_id: str,
        case: Mapping[str, Any],
        *,
        by: Actor | str,
        number: str | None = None,
        reason: str | None = None,
    ) -> Entry:
        """Bring one more project into the plan without a revision, where its lifecycle says who
        `opens` cases, and return its first entry. `case` is what a plan file says of a project
        (`ko`, `unit`, `field`, `about` …); it begins in the period of the day. Without a `number`
        the next free one is taken. The plan's own history says who opened it.

        Raises:
            Refused: the lifecycle lets nobody open cases, or the actor holds none of the roles for
                the case's unit.
            InvalidInput: the case has mistakes, or there is such a number already.
            NotFound: the store has no such plan or project that it is about, or the directory no
                such actor.
            Conflict: someone was first.
        """
        return self._plan_commands.open_case(plan_id, dict(case), by, number, reason)

    def propose(self, plan: Plan, *, by: Actor | str, reason: str) -> PlanEntry:
        """Let a revision wait for a second person, and return the entry of the plan's history that
        says all of it. Nothing comes into force; another entry of the plan overtakes it.

        Raises:
            Refused, InvalidInput: as `Engine.adopt`; or nothing differs.
            NotFound: the store has no such plan.
            Conflict: someone revised the plan at the same moment.
        """
        return self._plan_commands.propose(plan, by, reason)

    def proposed(self, plan_id: str) -> tuple[PlanEntry, Plan] | None:
        """Return the revision that waits for a second person with the entry that proposed it, or
        None. `compare` says what it changes.

        Raises:
            NotFound: the store has no such plan.
        """
        self._queries.check_plan(plan_id)
        return self._plan_commands.proposed(plan_id)

    def confirm(self, plan_id: str, number: int, *, by: Actor | str) -> PlanHead:
        """Put the revision that the plan's entry `number` proposes into force, as a second person,
        and return the head now in force.

        Raises:
            Refused: nothing waits, or another entry does; the actor holds none of the roles that
                confirm, or is who proposed it, or stands in for them.
            NotFound: the store has no such plan, or its directory no such actor.
            Conflict: someone revised the plan at the same moment.
        """
        return self._plan_commands.confirm(plan_id, number, by)

    def propose_migration(
        self,
        plan_id: str,
        lifecycle: Lifecycle,
        *,
        by: Actor | str,
        reason: str,
        states: Mapping[str, str] | None = None,
        events: Mapping[str, str] | None = None,
    ) -> PlanEntry:
        """Let a migration wait for a second person, and return the entry of the plan's history that
        says which: to which lifecycle, and which state and event becomes which. Nothing moves;
        another person then migrates (`migrate`) with just the same. A revision of the plan
        overtakes it.

        Raises:
            Refused: the actor holds none of the roles that may revise the plan, or there is no
                written reason.
            NotFound: the store has no such plan, or its directory no such actor.
            Conflict: someone was first.
        """
        return self._plan_commands.propose_migration(
            plan_id, lifecycle, by, reason, states or {}, events or {}
        )

    def redate(
        self, plan_id: str, *, to: dt.datetime, by: Actor | str, reason: str
    ) -> tuple[str, ...]:
        """Put right the times of entries that a clock which had jumped ahead made: of the plan's
        own and its projects' last entries, those that lie ahead of now. Return whose they were.

        Each gets an entry (`redate`) that says when they were really made, as near as is known.
        What was written stays as it is; deadlines, clocks that run from these entries and days late
        go by `to` from then on, what they were to tell is delivered, and what comes next need not
        wait. A past moment between `to` and now is still answered from the times that are written.

        Raises:
            Refused: the actor holds none of the roles that may revise the plan, or there is no
                written reason.
            InvalidInput: `to` is still to come, or lies before an entry that is right; or nothing
                lies ahead.
            NotFound: the store has no such plan, or its directory no such actor.
            Conflict: someone was first.
        """
        return self._plan_commands.redate(plan_id, to, by, reason)

    def migrate(
        self,
        plan_id: str,
        lifecycle: Lifecycle,
        *,
        by: Actor | str,
        reason: str,
        states: Mapping[str, str] | None = None,
        events: Mapping[str, str] | None = None,
        where: Mapping[str, Any] | None = None,
        mode: str = "all",
    ) -> BatchPlan:
        """Return what would become of the plan's projects under another lifecycle; nothing is
        written until the batch is applied. `states` says which state of the new lifecycle one
        of the old becomes, `events` the same of events; what both know keeps its name. A project
        that would be stranded is refused, or one in which somebody acted under a separation of
        duties that would be forgotten; by default all are moved or none. Where the actor would gain
        rights by the new lifecycle, or the plan asks for a second person for every revision,
        another person has to have proposed it (`propose_migration`): refused with
        `needs_confirmation`.

        Raises:
            NotFound, InvalidInput: as `Engine.batch`.
        """
        data = {"lifecycle": lifecycle.tree, "states": dict(states or {}), "reason": reason}
        if events:
            data["events"] = dict(events)
        chosen = {**(where or {}), "plan": plan_id}
        return self._commands.batch(MIGRATE, by=by, where=chosen, data=data, each=None, mode=mode)


NOTICE_STATES = ("waiting", "delivered", "dead")
"""How it stands with a notice."""


@all_checked
class Ratings:
    """The ratings of a store's projects."""

    def __init__(self, rules: Rules, queries: Queries) -> None:
        """Made by the engine."""
        self._rules = rules
        self._queries = queries

    def evaluations(self, plan_id: str, period: str) -> Iterator[Evaluation]:
        """Yield the evaluations of all the plan's projects for a period, in project order;
        projects whose evaluation was not begun are left out.

        Raises:
            NotFound: the store has no such plan.
            InvalidInput: the plan has no such period.
        """
        self._rules.terms(plan_id)
        if not storable(period):
            return iter(())
        return self._rules.storage.evaluations(plan_id, self._queries.period(plan_id, period))

    def again(self, project_id: str, period: str | None = None) -> Rating | None:
        """Rate the project anew on its recorded figures, with the plan revision in force for
        the period (None: the current one); None where it was not evaluated.

        What comes out can be compared with the stored rating: `evaluation(…).rating`.
        """
        return self._queries.rate(project_id, period)

    def grades(self, plan_id: str, period: str) -> Mapping[str, Grade]:
        """Return the grade of every project that was rated in the period, by project id: how it
        stands among the others, by the rules of the plan now in force. Nothing of it is stored: a
        grade moves when another project's rating does.

        Raises:
            NotFound: the store has no such plan.
            InvalidInput: the plan does not grade, names a grader that is not installed, or a
                cohort cannot be graded by its options.
            PluginError: the grader broke.
        """
        return self._queries.grades(plan_id, period)


@all_checked
class Batches:
    """Batches that were planned (`Engine.batch`) and are applied, whole or by chunks."""

    def __init__(self, commands: Commands) -> None:
        """Made by the engine."""
        self._commands = commands

    def apply(
        self,
        plan: BatchPlan,
        *,
        mode: str | None = None,
        by: Actor | str | None = None,
        chunk: int = applying.CHUNK,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Iterator[applying.Receipt]:
        """Write what the plan says and nobody has changed since; yield a receipt for each
        project once it is durable. Applying the same plan again continues where it stopped.

        Every decision is made again, as of now, and must come out as reviewed; the actor is
        the directory's, unless the embedding system hands over its own (`by`). Not called
        further, or where `stopping` says so between two chunks, it leaves the rest for later.

        A plan that was read from a file is applied as `by` alone, an actor or an id, who must be
        whom the file names: whoever wrote the file does not choose who acts.

        Raises:
            ValueError: no such mode, or `by` is somebody else than the plan's.
            InvalidInput: the plan comes from a file and `by` is not said.
        """
        parts = self._commands.parts()
        return applying.apply(parts, plan, mode=mode, by=by, chunk=chunk, stopping=stopping)

    def apply_chunk(
        self, chunk: Chunk, *, at: dt.datetime | None = None, by: Actor | None = None
    ) -> tuple[applying.Receipt, ...]:
        """Write one chunk of a plan as of `at` (None: now), in as few transactions as
        possible, and return its receipts. Applied again, by whomever, it finds what
        is done. See `evalflow.spread`."""
        return applying.apply_chunk(self._commands.parts(at), chunk, by=by)


@all_checked
class Outbox:
    """The notices that wait, were delivered, or were given up."""

    def __init__(self, rules: Rules, clock: Callable[[], dt.datetime], queries: Queries) -> None:
        """Made by the engine."""
        self._rules = rules
        self._clock = clock
        self._queries = queries
        self._storage = rules.storage

    def notices(
        self,
        *,
        state: str | None = None,
        project: str | None = None,
        text: str | None = None,
        after: int = 0,
        limit: int | None = None,
        newest: bool = False,
    ) -> Iterator[Outgoing]:
        """Yield the notices in the outbox, oldest first; `state` is `waiting`, `delivered` or
        `dead`, `project` one project's id, `text` words that all stand in its project's id, its
        subject or recipient. A page is those behind the position `after` (`Outgoing.position`), at
        most `limit`. With `newest` the newest first: those before `after`, where that is given.

        Raises:
            NotFound: no such project.
            InvalidInput: another state; `after` or `limit` is none.
        """
        check_page(after, limit)
        if state is not None and state not in NOTICE_STATES:
            listed = ", ".join(NOTICE_STATES)
            ko, en = did_you_mean(
                f"알림 상태 '{state[:60]}'이(가) 없습니다 (가능: {listed})",
                f"no state of notices '{state[:60]}' (there are: {listed})",
                nearest(state, NOTICE_STATES),
            )
            raise invalid("unknown_notice_state", path="state", value=state[:60], ko=ko, en=en)
        if project is not None:
            project = self._queries.snapshot(project).project.id
        if not after and limit is None and not newest and text is None:
            return self._storage.outbox(state=state, project=project)
        words = () if text is None else words_of(text)
        found = self._storage.outbox(
            state=state,
            project=project,
            after=after,
            limit=None if words else limit,
            newest=newest,
        )
        return islice((each for each in found if about(each, words)), limit) if words else found

    def count(
        self, *, state: str | None = None, project: str | None = None, text: str | None = None
    ) -> int:
        """Return how many notices `notices` would yield."""
        return sum(1 for _ in self.notices(state=state, project=project, text=text))

    def remind(self, at: dt.datetime | None = None, *, days: int = 1) -> tuple[Notice, ...]:
        """Write the reminders of the day of `at` (None: now) into the outbox, as plans say under
        `notices.reminders`, and return them: one a person, day and notifier, with all that the
        person is reminded of. Written again, that day's are the same ones.

        `days` of more than one also holds what fell on the days before `at`.

        Raises:
            ValueError: `days` is below one.
        """
        if days < 1:
            raise ValueError("days is 1 or more")
        moment = self._clock() if at is None else utc(at)
        return remind(self._rules, self._queries, moment, days, now=at is None)

    def remind_of(self, plan_id: str, projects: Collection[str]) -> tuple[Notice, ...]:
        """Remind now whoever owes something of these projects of the plan (a step in common: once
        nobody owes one of its own), whatever its rules of reminders say, and return what was
        written: one message a person, day and notifier, with all that they owe. Who had the day's
        message gets no other; nobody gets one where the plan has no notifier.

        Raises:
            NotFound: the store has no such plan.
        """
        self._queries.check_plan(plan_id)
        return remind_of(self._rules, self._queries, plan_id, projects, utc(self._clock()))

    def deliver(
        self, limit: int | None, notifiers: Mapping[str, Notifier] | None
    ) -> outbox.DeliveryReport:
        """Deliver the notices that wait; see `Engine.deliver`."""
        routes = [
            route
            for plan_id in self._storage.plans()
            for route in self._rules.plugins.routes(
                plan_id, self._delivery(plan_id), instead=notifiers
            )
        ]
        return outbox.deliver(
            self._storage, routes, clock=self._clock, limit=limit, tell=partial(told, self._rules)
        )

    def _delivery(self, plan_id: str) -> Delivery:
        """Return how the plan's notices leave, with the notifiers of all its revisions: what was
        written for one that a later revision dropped still waits for it."""
        latest = self._rules.terms(plan_id).head.delivery
        names = dict.fromkeys(latest.notifiers)
        options = dict(latest.options)
        for number, _ in reversed(self._storage.revisions(plan_id)):
            earlier = self._rules.terms(plan_id, number).head.delivery
            for name in earlier.notifiers:
                if name not in names:
                    names[name] = None
                    options[name] = earlier.options.get(name, {})
        return attrs.evolve(latest, notifiers=tuple(names), options=options)

    def resend(self, notices: Iterable[tuple[str, str]] | None = None) -> int:
        """Put dead letters back to waiting and return how many; pairs of notice id and
        notifier, or None for all of them."""
        return outbox.resend(self._storage, clock=self._clock, notices=notices)
