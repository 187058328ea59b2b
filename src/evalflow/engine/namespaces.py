"""What an engine is asked beside its dozen calls, grouped: `office.plans`, `office.ratings`; the
other groups, which change something, are imported when they are used."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs

from evalflow.engine.changes import Changes
from evalflow.engine.listing import page_of
from evalflow.engine.queries import Queries
from evalflow.engine.rules import Rules
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import (
    Actor,
    Entry,
    Evaluation,
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

if TYPE_CHECKING:
    from evalflow.batch.plan_file import BatchPlan
    from evalflow.files.table_reader import Book
    from evalflow.plan.differences import Difference
    from evalflow.plan.workbook_reader import OfficeBook
    from evalflow.scoring.contract import Grade


@all_checked
class Plans:
    """The plans of a store: what they say, and what would become of them."""

    def __init__(self, rules: Rules, queries: Queries, changes: Changes) -> None:
        """Made by the engine."""
        self._rules = rules
        self._queries = queries
        self._changes = changes

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
        project = self._queries.snapshot(project_id, defined=True).project
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

    def count_history(self, plan_id: str) -> int:
        """Return how many entries `history` would yield without a page.

        Raises:
            NotFound: the store has no such plan.
        """
        return self._queries.check_plan(plan_id).number

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
        return self._changes.plans.compare(plan, by)

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
        return self._changes.plans.open_case(plan_id, dict(case), by, number, reason)

    def propose(self, plan: Plan, *, by: Actor | str, reason: str) -> PlanEntry:
        """Let a revision wait for a second person, and return the entry of the plan's history that
        says all of it. Nothing comes into force; another entry of the plan overtakes it.

        Raises:
            Refused, InvalidInput: as `Engine.adopt`; or nothing differs.
            NotFound: the store has no such plan.
            Conflict: someone revised the plan at the same moment.
        """
        return self._changes.plans.propose(plan, by, reason)

    def proposed(self, plan_id: str) -> tuple[PlanEntry, Plan] | None:
        """Return the revision that waits for a second person with the entry that proposed it, or
        None. `compare` says what it changes.

        Raises:
            NotFound: the store has no such plan.
        """
        self._queries.check_plan(plan_id)
        return self._changes.plans.proposed(plan_id)

    def confirm(self, plan_id: str, number: int, *, by: Actor | str) -> PlanHead:
        """Put the revision that the plan's entry `number` proposes into force, as a second person,
        and return the head now in force.

        Raises:
            Refused: nothing waits, or another entry does; the actor holds none of the roles that
                confirm, or is who proposed it, or stands in for them.
            NotFound: the store has no such plan, or its directory no such actor.
            Conflict: someone revised the plan at the same moment.
        """
        return self._changes.plans.confirm(plan_id, number, by)

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
        return self._changes.plans.propose_migration(
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
        return self._changes.plans.redate(plan_id, to, by, reason)

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
        from evalflow.model.history import MIGRATE

        data = {"lifecycle": lifecycle.tree, "states": dict(states or {}), "reason": reason}
        if events:
            data["events"] = dict(events)
        chosen = {**(where or {}), "plan": plan_id}
        return self._changes.projects.batch(
            MIGRATE, by=by, where=chosen, data=data, each=None, mode=mode
        )


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
