"""The engine: one office's (or many offices') evaluation, opened on a storage.

`fire` is the only way to move a project. It decides outside the transaction and then appends:
one short transaction writes states, entry, evaluation and notices if, and only if, the project's
version is the one that was decided on.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from types import TracebackType
from typing import Any, Self

import attrs

from evalflow.audit.bundle import Bundle, write_bundle
from evalflow.audit.verification import (
    Checkpoint,
    Kept,
    Mismatch,
    checkpoint,
    hashes_of,
    stored_lifecycle,
    verify_project,
)
from evalflow.batch import applying
from evalflow.batch import plan as batches
from evalflow.batch.chunks import Chunk
from evalflow.batch.selection import check_names, conditions
from evalflow.decision.actions import ACTIONS, actuals_of
from evalflow.decision.adoption import ADOPT, REVISE, Adoption, check_revision, entitled
from evalflow.decision.batched_calls import Answers, answer_together, asking, can_many
from evalflow.decision.deadlines import Due, DueState, Ledger, extensions_given, fired_in_this_visit
from evalflow.decision.decide import (
    Decision,
    Explanation,
    Setting,
    check_clock,
    decide,
    raise_if_stopped,
    same_for_all,
    subject,
)
from evalflow.decision.guards import Guard
from evalflow.decision.migration import MIGRATE, migrate
from evalflow.engine import outbox
from evalflow.errors import Conflict, InvalidInput, NotFound, Problem, Refused
from evalflow.files.yaml import placed, read
from evalflow.lifecycle import load as lifecycle_load
from evalflow.lifecycle.check.checks import Finding
from evalflow.lifecycle.check.checks import check as prove
from evalflow.lifecycle.definition import Event, Lifecycle, Vocabulary
from evalflow.lifecycle.load import lifecycle_from_tree
from evalflow.model import (
    Actor,
    Commit,
    Delivery,
    Entry,
    Evaluation,
    Move,
    Outgoing,
    Override,
    PlanHead,
    Project,
    ProjectDefinition,
    Rating,
    Selection,
    Snapshot,
    Subject,
)
from evalflow.model.calendar import Calendar, Holidays, period
from evalflow.model.canonical import Tree, canonical, parse
from evalflow.model.directory import Directory
from evalflow.plan import load as plan_load
from evalflow.plan.definition import Plan
from evalflow.plan.differences import Change, changes
from evalflow.plan.head import head_from_tree
from evalflow.plan.load import with_tables
from evalflow.plan.project import definition_from_tree
from evalflow.plugins.installed import Plugins
from evalflow.plugins.notifier import Notifier
from evalflow.scoring.contract import Grade, grade_all
from evalflow.storage.contract import BulkStorage, Head, Storage, move_like
from evalflow.storage.faults import fault_point

Clock = Callable[[], dt.datetime]

_UNASKED = "-"  # a reason where only the comparing is asked for
_TRIES = 5  # at a consistent reading of a store that others write to
_LOOKED_AT = 100  # projects of one transaction whose last entry's time is compared with the clock
_REMEMBERED = 20_000  # definitions kept in memory; an idle project costs none


def now() -> dt.datetime:
    """Return the present moment, aware and UTC: the engine's clock unless another is given."""
    return dt.datetime.now(dt.UTC)


@attrs.frozen(kw_only=True)
class _Terms:
    """One plan revision as the engine works with it."""

    head: PlanHead
    directory: Directory
    calendar: Calendar
    score: Callable[[Subject], Rating]
    guards: Mapping[str, Guard]
    revisions: tuple[tuple[int, str], ...]

    def in_force(self, period_text: str) -> int:
        """Return the plan revision that a period is measured against (D5)."""
        if len(self.revisions) == 1:
            return self.revisions[0][0]
        here = period(period_text)
        counted = [number for number, effective in self.revisions if period(effective) <= here]
        return counted[-1] if counted else self.revisions[0][0]


class Engine:
    """Projects on a storage, with the rules of their plans. Safe to use from several threads.

    Made by `evalflow.open`. Close it, or use it as a context, when done.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        plugins: Plugins,
        clock: Clock = now,
        holidays: Holidays | None = None,
    ) -> None:
        """Take the storage and the plugins; `clock` and `holidays` stand in for the present
        moment and for the holiday table that plans name."""
        self.storage = storage
        self.plugins = plugins
        self.clock = clock
        self._holidays = holidays
        self._terms: dict[tuple[str, int], _Terms] = {}
        self._lifecycles: dict[str, Lifecycle] = {}
        self._offered: tuple[Tree, Lifecycle] | None = None  # by the migration being planned
        self._definitions: dict[tuple[str, int], ProjectDefinition] = {}

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
        """Let go of the storage."""
        self.storage.close()

    def _now(self) -> dt.datetime:
        """Return the clock's moment in UTC.

        Raises:
            InvalidInput: the clock gives a time without a zone.
        """
        moment = self.clock()
        if moment.tzinfo is None:
            raise InvalidInput(
                [
                    Problem(
                        code="naive_time",
                        value=str(moment),
                        ko=f"시계가 시간대 없는 시각을 냈습니다: {moment}",
                        en=f"the clock gave a time without a zone: {moment}",
                    )
                ]
            )
        return moment.astimezone(dt.UTC)

    # ------------------------------------------------------------------ plans

    def load_plan(
        self, source: str | os.PathLike[str], *, tables: Sequence[str | os.PathLike[str]] = ()
    ) -> Plan:
        """Return the plan in a YAML file, checked against the plugins of this engine; see
        `evalflow.load_plan`."""
        return load_plan(source, tables=tables, plugins=self.plugins)

    def adopt(self, plan: Plan, *, by: Actor, reason: str | None = None) -> PlanHead:
        """Put a plan into force, or its next revision, and return the head now in force.

        A new plan opens its projects in their initial states for the plan's first period. A
        plan that the store has is compared: changed and added projects get an entry each and
        the plan gets a new revision, in force from the current period (D5); where nothing
        differs nothing is written. A revision needs a written reason.

        Raises:
            Refused: the actor holds none of the roles that may adopt plans.
            InvalidInput: the plan leaves out a project that the store has, or was written
                against an older revision than the store's, or names an uninstalled scorer,
                notifier or guard.
            Conflict: someone revised the plan at the same moment.
        """
        adoption, old = self._adoption(plan, by, reason)
        if adoption.head.revision > 1 and not check_revision(plan, self.plan(plan.id), old, reason):
            return self.plan(plan.id)
        standing = {each.id: each for each in self.storage.select(Selection(plan=plan.id))}
        commit = adoption.commit(old, standing)
        self._look_at_clock(commit.moves)
        self.storage.commit(commit)
        return adoption.head

    def compare(self, plan: Plan, *, by: Actor) -> tuple[Change, ...]:
        """Return what `adopt` would change, writing nothing; a plan that is new changes nothing
        but adds its projects.

        Raises:
            Refused, InvalidInput: as `adopt`; only the reason is not asked for.
        """
        adoption, old = self._adoption(plan, by, None)
        if adoption.head.revision == 1:
            return changes(plan, None, old)
        before = self.plan(plan.id)
        check_revision(plan, before, old, _UNASKED)
        return changes(plan, before, old)

    def with_tables(self, plan_id: str, tables: Sequence[str | os.PathLike[str]]) -> Plan:
        """Return the plan as the store has it with tables of projects, budgets and targets laid
        over it, to be compared and adopted.

        Raises:
            NotFound: the store has no such plan.
            InvalidInput: a file cannot be read, or cells are wrong; all of them.
        """
        head = self.plan(plan_id)
        lifecycle = self._lifecycle_of_plan(plan_id)
        assert lifecycle is not None, "a plan has projects"
        projects = {each.number: each for each in self.definitions(plan_id)}
        return with_tables(Plan(head=head, projects=projects, lifecycle=lifecycle), tables)

    def _adoption(
        self, plan: Plan, by: Actor, reason: str | None
    ) -> tuple[Adoption, dict[str, ProjectDefinition]]:
        """Return how the plan comes into force, and the projects it had before, by number."""
        at = self._now()
        if lacking := self.plugins.check(plan.head):
            raise InvalidInput([attrs.evolve(each, file=plan.file) for each in lacking])
        known = self.storage.revisions(plan.id)
        old: dict[str, ProjectDefinition] = {}
        lifecycle = plan.lifecycle
        revision, effective = 1, plan.head.calendar.first
        if known:
            before = self.terms(plan.id, known[-1][0])
            lifecycle = self._lifecycle_of_plan(plan.id) or lifecycle
            old = {each.number: each for each in self.definitions(plan.id)}
            revision = before.head.revision + 1
            effective = before.calendar.period_on(before.calendar.today(at)).text
        head = attrs.evolve(plan.head, revision=revision, effective=effective)
        terms = self._terms_of(head, (*known, (revision, effective)))
        # A revision is a matter of who held the office before it, by the rules in force.
        judge = before if known else terms
        event = REVISE if known else ADOPT
        today = terms.calendar.today(at)
        grant = entitled(event, lifecycle, judge.head, judge.directory, by, today)
        adoption = Adoption(
            plan=plan,
            head=head,
            calendar=terms.calendar,
            actor=by,
            role=grant.role,
            at=at,
            reason=reason,
        )
        return adoption, old

    def plans(self) -> tuple[str, ...]:
        """Return the ids of the plans in the store."""
        return self.storage.plans()

    def plan(self, plan_id: str, *, revision: int | None = None) -> PlanHead:
        """Return the plan without its projects, in the given revision (None: the latest).

        Raises:
            NotFound: the store has no such plan or revision.
        """
        return self.terms(plan_id, revision).head

    def definitions(
        self, plan_id: str, *, revision: int | None = None
    ) -> Iterator[ProjectDefinition]:
        """Yield what the plan says of each project, in the given revision (None: the latest)."""
        head = self.plan(plan_id, revision=revision)
        for project_id, _, text in self.storage.definitions(plan_id, revision):
            yield definition_from_tree(head, _number(project_id), parse(text), stored=True)

    def definition(self, project_id: str, *, period: str | None = None) -> ProjectDefinition:
        """Return what the plan says of the project: in the revision in force for `period`, or
        in the latest one.

        Raises:
            NotFound: the store has no such project.
        """
        project = self.project(project_id)
        if period is None:
            return self._definition(project_id, project.revision)
        return self._definition(project_id, self.terms(project.plan).in_force(period))

    def calendar(self, plan_id: str) -> Calendar:
        """Return the plan's calendar.

        Raises:
            NotFound: the store has no such plan.
        """
        return self.terms(plan_id).calendar

    def actor(self, plan_id: str, actor_id: str) -> Actor:
        """Return the actor with this id from the plan's directory.

        An embedding system that has authenticated its own user passes its own `Actor` to
        `fire` instead; this is the command line's way, which never takes roles from text.

        Raises:
            NotFound: the directory has no such id.
        """
        return self.terms(plan_id).directory.actor(actor_id)

    def lifecycle(self, fingerprint: str) -> Lifecycle:
        """Return the lifecycle definition with this fingerprint.

        Raises:
            NotFound: the store has no such definition.
        """
        found = self._lifecycles.get(fingerprint)
        if found is None:
            text = self.storage.lifecycle(fingerprint)
            if text is None:
                raise NotFound("lifecycle", fingerprint)
            found = self._lifecycles[fingerprint] = lifecycle_from_tree(parse(text))
        return found

    # ------------------------------------------------------------------ reading

    def project(self, project_id: str) -> Project:
        """Return where the project stands.

        Raises:
            NotFound: the store has no such project.
        """
        return self._snapshot(project_id).project

    def projects(self, *, at: dt.datetime | None = None, **where: Any) -> Iterator[Project]:
        """Yield projects in the order of plan and number, streamed.

        Without conditions all of them; see `select` for the conditions. With `at`, as they
        stood then.
        """
        selection = self.select(at=at, **where)
        if at is None:
            return self.storage.select(selection)
        return self.storage.as_of(selection, at)

    def as_of(self, at: dt.datetime, **where: Any) -> Iterator[Project]:
        """Yield projects as they stood at the moment `at` (history is the truth)."""
        return self.projects(at=at, **where)

    def select(
        self,
        *,
        at: dt.datetime | None = None,
        plan: str | None = None,
        unit: str | None = None,
        field: str | Sequence[str] | None = None,
        state: str | Sequence[str] | None = None,
        period: str | Sequence[str] | None = None,
        band: str | Sequence[str] | None = None,
        numbers: Sequence[str] | None = None,
        ids: Sequence[str] | None = None,
        late: bool | str | Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Selection:
        """Return the selection that these conditions mean; every given one must hold.

        `unit` reaches everything below it. `numbers` are 관리번호 within `plan`. `unit` and
        `numbers` need `plan` where the store has several. `late` keeps the projects for which
        something that can be done is overdue: True for anything, or the names of events.

        Raises:
            NotFound: no such plan or unit.
            InvalidInput: `plan` is needed and not given.
        """
        units = day = None
        if unit is not None or numbers is not None:
            plan = plan or self.only_plan()
        if plan is not None:
            terms = self.terms(plan)
            day = terms.calendar.today(at or self._now())
            if unit is not None:
                if unit not in terms.head.units:
                    raise NotFound("unit", unit, tuple(terms.head.units))
                units = terms.head.below(unit)
        if numbers is not None:
            ids = (*(ids or ()), *(f"{plan}/{number}" for number in numbers))
        chosen = Selection(
            plan=plan,
            ids=None if ids is None else tuple(ids),
            units=units,
            on=day,
            fields=_several(field),
            states=_several(state),
            periods=_several(period),
            bands=_several(band),
            limit=limit,
        )
        if late is None or late is False:
            return chosen
        events = None if late is True else _several(late)
        owed = self._owed(attrs.evolve(chosen, limit=None), at or self._now(), waiting=False)
        overdue = {
            project: None
            for due in owed
            if due.days_late and (events is None or due.event in events)
            for project in due.projects
        }
        return attrs.evolve(chosen, ids=tuple(overdue))

    def history(self, project_id: str) -> Iterator[Entry]:
        """Yield the project's entries, oldest first.

        Raises:
            NotFound: the store has no such project.
        """
        self.project(project_id)
        return self.storage.history(project_id)

    def evaluation(self, project_id: str, period: str | None = None) -> Evaluation:
        """Return the project's figures for a period (None: the current one), both ratings side
        by side.

        Raises:
            NotFound: no such project, or nothing was evaluated for the period.
        """
        snapshot = self._snapshot(project_id)
        if period is None or period == snapshot.project.period:
            return snapshot.evaluation
        found = self.storage.evaluation(project_id, period)
        if found is None:
            raise NotFound("evaluation", f"{project_id} {period}")
        return found

    def evaluations(self, plan_id: str, period: str) -> Iterator[Evaluation]:
        """Yield the evaluations of all the plan's projects for a period, in project order;
        projects whose evaluation was not begun are left out.

        Raises:
            NotFound: the store has no such plan.
        """
        self.terms(plan_id)
        return self.storage.evaluations(plan_id, period)

    def rate(self, project_id: str, period: str | None = None) -> Rating | None:
        """Rate the project anew on its recorded figures, with the plan revision in force for
        the period (None: the current one); None where it was not evaluated.

        What comes out can be compared with the stored rating: `evaluation(…).rating`.
        """
        evaluation = self.evaluation(project_id, period)
        stored = evaluation.rating
        if stored is None:
            return None
        snapshot = self._snapshot(project_id)
        snapshot = attrs.evolve(
            snapshot,
            project=attrs.evolve(snapshot.project, period=evaluation.period),
            evaluation=evaluation,
        )
        setting = self._setting(snapshot, self._now())
        return setting.score(
            subject(
                evaluation.prior,
                evaluation.period,
                setting,
                actuals_of(stored),
                _overrides_of(stored),
            )
        )

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
        head = self.plan(plan_id)
        rules = head.scoring.grades
        if rules is None:
            raise InvalidInput([_does_not_grade(plan_id)])
        ratings = [each.rating for each in self.evaluations(plan_id, period)]
        projects = {each.id: each for each in self.storage.select(self.select(plan=plan_id))}

        def cohort(rating: Rating) -> str:
            project = projects[rating.project]
            if rules.by == "field":
                return project.field
            return (project.unit if rules.by == "unit" else None) or (
                head.ancestor(project.unit, "bureau") or head.office
            )

        return grade_all(
            self.plugins.grader(rules.grader, rules.options),
            [rating for rating in ratings if rating is not None],
            cohort_of=None if rules.by == "all" else cohort,
        )

    # ------------------------------------------------------------------ firing

    def fire(
        self,
        project_id: str,
        event: str,
        *,
        by: Actor,
        data: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Entry:
        """Move a project and record who moved it; return the entry, durable on return.

        An event that moves a whole unit together (the bureau's `submit`) moves all of its
        projects that are ready, or none; the entry of the named project is returned.
        Repeating a call with the same `key` changes nothing and returns the first entry.

        Raises:
            Refused: a rule says no; all reasons are in `reasons`, and nothing was written.
            InvalidInput: the data has the wrong form; all problems are named.
            Conflict: someone else moved the project first; look again and decide again.
            NotFound: no such project or event.
        """
        if key is None:
            return self._fire(project_id, event, by, data or {}, None)
        # The key is looked up first, and again where a call with the same key came in between.
        first = self.storage.entry_by_key(project_id, key)
        if first is None:
            try:
                return self._fire(project_id, event, by, data or {}, key)
            except (Conflict, Refused):
                first = self.storage.entry_by_key(project_id, key)
                if first is None:
                    raise
        return _repeated(first, event, key)

    def _fire(
        self, project_id: str, event: str, by: Actor, data: Mapping[str, Any], key: str | None
    ) -> Entry:
        decisions, unchanged = self._decide(project_id, event, by, self._now(), data, key=key)
        for decision in decisions:
            raise_if_stopped(decision)
        reasons = tuple(
            dict.fromkeys(reason for decision in decisions for reason in decision.reasons)
        )
        moves = tuple([decision.move for decision in decisions if decision.move is not None])
        if reasons or len(moves) != len(decisions):
            raise Refused(project_id, event, reasons)
        self._write(moves, unchanged)
        return moves[0].entry

    def _write(self, moves: tuple[Move, ...], unchanged: tuple[tuple[str, int], ...]) -> None:
        head = next(
            (self._next_head(move.definition) for move in moves if move.definition is not None),
            None,
        )
        lifecycle = None
        if moves and moves[0].entry.event == MIGRATE:  # a batch of it has one lifecycle for all
            used = self.lifecycle(moves[0].entry.lifecycle)
            lifecycle = used.fingerprint, canonical(used.tree)
        self._look_at_clock(moves)
        fault_point("fire:decided")
        self.storage.commit(
            Commit(moves=moves, unchanged=unchanged, head=head, lifecycle=lifecycle)
        )

    def _bulk_move(self, like: Move, heads: Sequence[Head], on: dt.date | None) -> None:
        """Write the same move for many projects (see `BulkStorage`)."""
        self._look_at_clock((like,))
        fault_point("fire:decided")
        if isinstance(self.storage, BulkStorage):
            self.storage.bulk_move(like, heads, on=on)
            return
        chosen = Selection(plan=like.project.plan, ids=tuple([each[0] for each in heads]), on=on)
        found = {each.id: each for each in self.storage.select(chosen)}
        moves = []
        for project, version, head in heads:
            now = found.get(project)
            if now is None or (now.version, now.head, now.unit) != (version, head, like.entry.unit):
                raise Conflict(project, expected=version)
            moves.append(move_like(like, now))
        self.storage.commit(Commit(moves=tuple(moves)))

    def _look_at_clock(self, moves: Sequence[Move]) -> None:
        """Raise InvalidInput where the machine's clock was set back: a past moment is asked for
        by the times in the history. Of a batch's chunk some projects are looked at."""
        for move in moves[:_LOOKED_AT]:
            entry = move.entry
            if entry.number > 1:
                # Read to the end, which is one entry: a stream broken off costs its connection.
                for last in list(self.storage.history(entry.project, after=entry.number - 2))[:1]:
                    check_clock(last, entry.at)

    def explain(
        self,
        project_id: str,
        event: str,
        *,
        by: Actor,
        at: dt.datetime | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Explanation:
        """Return what `fire` would answer, with every check and reason, and change nothing.

        `by` may be a hypothetical actor and `at` any moment. Without `data` the required
        input does not count against the firing; it stands in `needs`.

        Raises:
            NotFound: no such project or event.
        """
        decisions, _ = self._decide(project_id, event, by, at or self._now(), data or {})
        explained = [decision.explained(with_data=data is not None) for decision in decisions]
        own = explained[0]
        checks = [
            attrs.evolve(
                check,
                reasons=tuple(
                    dict.fromkeys(
                        reason for each in explained for reason in each.checks[place].reasons
                    )
                ),
            )
            for place, check in enumerate(own.checks)
        ]
        return attrs.evolve(
            own, checks=tuple(checks), allowed=all(check.passed for check in checks)
        )

    def permitted(
        self, project_id: str, *, by: Actor, at: dt.datetime | None = None
    ) -> tuple[Explanation, ...]:
        """Return the events that the actor may fire on the project now (or at `at`), each with
        the data that it takes.

        Raises:
            NotFound: no such project.
        """
        lifecycle = self.lifecycle(self.project(project_id).lifecycle)
        answers = [self.explain(project_id, name, by=by, at=at) for name in lifecycle.events]
        return tuple([answer for answer in answers if answer.allowed])

    def _decide(
        self,
        project_id: str,
        event_name: str,
        by: Actor,
        at: dt.datetime,
        data: Mapping[str, Any],
        *,
        key: str | None = None,
    ) -> tuple[tuple[Decision, ...], tuple[tuple[str, int], ...]]:
        return self._decide_on(self._snapshot(project_id), event_name, by, at, data, key=key)

    def _decide_on(
        self,
        snapshot: Snapshot,
        event_name: str,
        by: Actor,
        at: dt.datetime,
        data: Mapping[str, Any],
        *,
        key: str | None = None,
        answers: Answers | None = None,
    ) -> tuple[tuple[Decision, ...], tuple[tuple[str, int], ...]]:
        """Return a decision for each project that the event would move, the one in hand first,
        and the (id, version) pairs of further projects that were looked at. `answers` are those
        to questions that were put for many at once; see `asking`."""
        if event_name == MIGRATE:
            new, setting = self._new_lifecycle(data), self._setting(snapshot, at)
            return (migrate(snapshot, by, at, data, setting, new, key=key),), ()
        lifecycle = self.lifecycle(snapshot.project.lifecycle)
        event = lifecycle.events.get(event_name)
        if event is None:
            raise NotFound("event", event_name, tuple(lifecycle.events))
        looked_at: dict[str, tuple[Snapshot, ...]] = {}
        setting = self._setting(snapshot, at, looked_at)
        if answers is not None:
            setting = asking(setting, answers)
        if event.together is None:
            decisions: tuple[Decision, ...] = (
                decide(snapshot, event, by, at, data, setting, key=key),
            )
        else:
            members = self._members(snapshot, event, setting, looked_at)
            decisions = tuple(
                [
                    decide(
                        member, event, by, at, data, self._setting(member, at, looked_at), key=key
                    )
                    for member in members
                ]
            )
        moved = {decision.snapshot.project.id for decision in decisions}
        unchanged = {
            seen.project.id: seen.project.version
            for group in looked_at.values()
            for seen in group
            if seen.project.id not in moved
        }
        return decisions, tuple(unchanged.items())

    def _new_lifecycle(self, data: Mapping[str, Any]) -> Lifecycle:
        """Return the lifecycle in the data of a migration, checked whole and remembered: a batch
        offers the same one for each of its projects."""
        tree = data.get("lifecycle")
        if self._offered is None or self._offered[0] is not tree:
            new = lifecycle_from_tree(tree, vocabulary(self.plugins))
            self._offered = tree, self._lifecycles.setdefault(new.fingerprint, new)
        return self._offered[1]

    def _members(
        self,
        snapshot: Snapshot,
        event: Event,
        setting: Setting,
        looked_at: dict[str, tuple[Snapshot, ...]],
    ) -> tuple[Snapshot, ...]:
        """Return the named project and all projects of its unit that are ready with it."""
        assert event.together is not None
        setting.peers(event.together)
        region = list(setting.lifecycle.regions).index(event.leads)
        sources = event.sources()
        project = snapshot.project
        group = looked_at.get(event.together, ())
        ready = [
            peer
            for peer in group
            if peer.project.id != project.id
            and peer.project.states[region] in sources
            and peer.project.period == project.period
        ]
        return (snapshot, *ready)

    # ------------------------------------------------------------------ batches

    def batch(
        self,
        event: str,
        *,
        by: Actor | str,
        where: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        each: Mapping[str, Mapping[str, Any]] | None = None,
        mode: str = "each",
    ) -> batches.BatchPlan:
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
        found = conditions(where or {})
        plans = () if "plan" in found else self.plans()
        if len(plans) == 1:
            found["plan"] = plans[0]
        if "plan" in found:
            head = self.plan(found["plan"])
            lifecycle = self._lifecycle_of_plan(head.id)
            known = {"field": head.fields, "band": [band.name for band in head.scoring.bands]}
            if lifecycle is not None:
                known["state"] = lifecycle.states
            check_names(found, known)
        parts = self._parts()
        return batches.plan(
            parts,
            event,
            by=by,
            selection=self.select(**found),
            where=where or {},
            data=data,
            each=each,
            mode=mode,
            apply=lambda plan, **how: applying.apply(
                parts, plan, **{"by": None if isinstance(by, str) else by, **how}
            ),
        )

    def apply(
        self,
        plan: batches.BatchPlan,
        *,
        mode: str | None = None,
        by: Actor | None = None,
        chunk: int = applying.CHUNK,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Iterator[applying.Receipt]:
        """Write what the plan says and nobody has changed since; yield a receipt for each
        project once it is durable. Applying the same plan again continues where it stopped.

        Every decision is made again, as of now, and must come out as reviewed; the actor is
        the directory's, unless the embedding system hands over its own (`by`). Not called
        further, or where `stopping` says so between two chunks, it leaves the rest for later.

        Raises:
            ValueError: no such mode, or `by` is somebody else than the plan's.
        """
        return applying.apply(self._parts(), plan, mode=mode, by=by, chunk=chunk, stopping=stopping)

    def apply_chunk(
        self, chunk: Chunk, *, at: dt.datetime | None = None, by: Actor | None = None
    ) -> tuple[applying.Receipt, ...]:
        """Write one chunk of a plan as of `at` (None: now), in as few transactions as
        possible, and return its receipts. Applied again, by whomever, it finds what
        is done. See `evalflow.spread`."""
        return applying.apply_chunk(self._parts(at), chunk, by=by)

    def _parts(self, at: dt.datetime | None = None) -> batches.EngineParts:
        return batches.EngineParts(
            storage=self.storage,
            now=self._now if at is None else lambda: at,
            actor=self.actor,
            decide=self._decide_on,
            ask_together=self._ask_together,
            commit=self._write,
            bulk_move=self._bulk_move,
            alike=self._alike,
            today=lambda plan_id: self.calendar(plan_id).today(at or self._now()),
        )

    def _ask_together(
        self,
        event_name: str,
        asked: Sequence[tuple[Snapshot, Actor, Mapping[str, Any]]],
        at: dt.datetime,
        key: str | None,
    ) -> Mapping[str, Answers]:
        """Return, by project, what scorers and guards that can look at many answer about the
        event, each in its own plan; nothing where none of them can."""
        decisions: dict[str, tuple[Answers, Callable[[], object]]] = {}
        many: dict[tuple[str, str, int], bool] = {}
        for snapshot, by, data in asked:
            project = snapshot.project
            kind = project.plan, project.lifecycle, snapshot.latest
            if kind not in many:
                try:
                    event = self.lifecycle(project.lifecycle).events.get(event_name)
                    many[kind] = event is not None and can_many(event, self._setting(snapshot, at))
                except NotFound:  # told where it is decided
                    many[kind] = False
            if many[kind]:
                answers = Answers()
                decide = partial(
                    self._decide_on, snapshot, event_name, by, at, data, key=key, answers=answers
                )
                decisions[project.id] = answers, decide
        answer_together(list(decisions.values()))
        return {project: answers for project, (answers, _) in decisions.items()}

    def _alike(self, plan_id: str, fingerprint: str, event_name: str) -> bool:
        lifecycle = self.lifecycle(fingerprint)
        event = lifecycle.events.get(event_name)
        specs = self.plugins.guard_specs

        def looks_at(guard: str) -> str:
            spec = specs.get(guard)
            return "project" if spec is None else spec.looks_at

        return event is not None and same_for_all(
            event, lifecycle, self.terms(plan_id).head, looks_at
        )

    def migrate(
        self,
        plan_id: str,
        lifecycle: Lifecycle,
        *,
        by: Actor | str,
        reason: str,
        states: Mapping[str, str] | None = None,
        where: Mapping[str, Any] | None = None,
        mode: str = "all",
    ) -> batches.BatchPlan:
        """Return what would become of the plan's projects under another lifecycle; nothing is
        written until the batch is applied. `states` says which state of the new lifecycle one
        of the old becomes; states that both know keep their names. A project that would be
        stranded is refused, and by default all are moved or none.

        Raises:
            NotFound, InvalidInput: as `batch`.
        """
        data = {"lifecycle": lifecycle.tree, "states": dict(states or {}), "reason": reason}
        chosen = {**(where or {}), "plan": plan_id}
        return self.batch(MIGRATE, by=by, where=chosen, data=data, mode=mode)

    # ------------------------------------------------------------------ the rules in force

    def terms(self, plan_id: str, revision: int | None = None) -> _Terms:
        """Return one revision of a plan (None: the latest) as the engine works with it."""
        known = self.storage.revisions(plan_id) if revision is None else ()
        if revision is None and known:
            revision = known[-1][0]
        found = None if revision is None else self._terms.get((plan_id, revision))
        if found is not None:
            return found
        text = self.storage.head(plan_id, revision)
        if text is None:
            raise NotFound("plan", plan_id, self.storage.plans())
        known = known or self.storage.revisions(plan_id)
        assert revision is not None
        upto = tuple(pair for pair in known if pair[0] <= revision)
        head = attrs.evolve(head_from_tree(parse(text)), revision=revision, effective=upto[-1][1])
        return self._terms_of(head, upto)

    def _terms_of(self, head: PlanHead, revisions: tuple[tuple[int, str], ...]) -> _Terms:
        terms = _Terms(
            head=head,
            directory=Directory(head),
            calendar=Calendar(head.calendar, self._holidays),
            score=self.plugins.scoring(head.scoring, within=head.patience),
            guards=self.plugins.guards_within(head.patience),
            revisions=revisions,
        )
        if self.storage.head(head.id, head.revision) is not None:
            self._terms[head.id, head.revision] = terms
        return terms

    def _setting(
        self,
        snapshot: Snapshot,
        at: dt.datetime,
        looked_at: dict[str, tuple[Snapshot, ...]] | None = None,
    ) -> Setting:
        project = snapshot.project
        terms = self.terms(project.plan, snapshot.latest)
        measured = terms.in_force(project.period)
        latest = self._definition(project.id, project.revision)
        definition = (
            latest if project.revision <= measured else self._definition(project.id, measured)
        )
        seen = {} if looked_at is None else looked_at

        def peers(kind: str) -> Sequence[Project]:
            group = seen.get(kind)
            if group is None:
                group = seen[kind] = self._peers(terms, latest, kind, terms.calendar.today(at))
            return [peer.project for peer in group]

        def about() -> Project | None:
            try:
                return None if latest.about is None else self.project(latest.about)
            except NotFound:
                return None

        return Setting(
            head=terms.head,
            lifecycle=self.lifecycle(project.lifecycle),
            calendar=terms.calendar,
            directory=terms.directory,
            definition=definition,
            latest=latest,
            guards=terms.guards,
            score=terms.score,
            peers=peers,
            fired_on=self._fired_on,
            measured=measured,
            about=about,
        )

    def _peers(
        self, terms: _Terms, definition: ProjectDefinition, kind: str, today: dt.date
    ) -> tuple[Snapshot, ...]:
        unit = terms.head.ancestor(definition.unit_on(today), kind)
        if unit is None:
            return ()
        selection = Selection(plan=terms.head.id, units=terms.head.below(unit), on=today)
        return tuple(self.storage.snapshots(selection))

    def _fired_on(
        self, project_id: str, event: str, past: dt.datetime | None = None
    ) -> dt.date | None:
        """Return the day on which the event was last fired (up to `past`), or None."""
        fired = [
            entry.at
            for entry in self.storage.history(project_id)
            if entry.event == event and (past is None or entry.at <= past)
        ]
        if not fired:
            return None
        return self.terms(_plan_of(project_id)).calendar.today(fired[-1])

    def _definition(self, project_id: str, revision: int) -> ProjectDefinition:
        key = (project_id, revision)
        found = self._definitions.get(key)
        if found is not None:
            return found
        stored = self.storage.definition(project_id, revision)
        if stored is None:
            raise NotFound("definition", f"{project_id} r{revision}")
        tree = parse(stored[1])
        head = self.terms(_plan_of(project_id)).head
        definition = definition_from_tree(head, _number(project_id), tree, stored=True)
        if len(self._definitions) >= _REMEMBERED:
            self._definitions.clear()
        self._definitions[key] = definition
        return definition

    def _next_head(self, definition: ProjectDefinition) -> PlanHead:
        """Return the plan's next revision, made by an approved change of one project."""
        head = self.terms(_plan_of(definition.id)).head
        today = self.calendar(head.id).today(self._now())
        effective = self.calendar(head.id).period_on(today).text
        return attrs.evolve(head, revision=head.revision + 1, effective=effective)

    def _snapshot(self, project_id: str) -> Snapshot:
        snapshot = self.storage.snapshot(project_id)
        if snapshot is None:
            near = Selection(plan=_plan_of(project_id), limit=2000)
            known = [p.id for p in self.storage.select(near)]
            raise NotFound("project", project_id, known or self.storage.plans())
        return snapshot

    def _lifecycle_of_plan(self, plan_id: str) -> Lifecycle | None:
        for project in self.storage.select(Selection(plan=plan_id, limit=1)):
            return self.lifecycle(project.lifecycle)
        return None

    def only_plan(self) -> str:
        """Return the id of the store's plan where there is just one.

        Raises:
            InvalidInput: there are several, or none.
        """
        plans = self.storage.plans()
        if len(plans) == 1:
            return plans[0]
        shown = ", ".join(plans) or "-"
        raise InvalidInput(
            [
                Problem(
                    code="plan_needed",
                    path="plan",
                    ko=f"어느 계획인지 정해야 합니다 (있는 계획: {shown})",
                    en=f"say which plan (there are: {shown})",
                )
            ]
        )

    # ------------------------------------------------------------------ due dates

    def due(
        self, at: dt.datetime | None = None, *, waiting: bool = False, **where: Any
    ) -> tuple[Due, ...]:
        """Return who owes what by when on the day of `at` (None: now), the most urgent first.

        A past moment is answered from the history, a future one from where things stand now.
        Steps that wait for an earlier step of the same project are left out unless
        `waiting`; a unit's common step is always there, with the projects it waits for.
        Conditions as for `select`.
        """
        moment = at or self._now()
        past = moment if moment < self._now() else None
        return self._owed(self.select(at=past, **where), moment, waiting=waiting)

    def _owed(self, chosen: Selection, moment: dt.datetime, *, waiting: bool) -> tuple[Due, ...]:
        past = moment if moment < self._now() else None
        storage = self.storage
        projects_then = storage.select(chosen) if past is None else storage.as_of(chosen, past)
        found: list[Due] = []
        groups: dict[tuple[str, str], list[Project]] = {}
        for project in projects_then:
            groups.setdefault((project.plan, project.lifecycle), []).append(project)
        for (plan_id, fingerprint), projects in groups.items():
            terms, lifecycle = self.terms(plan_id), self.lifecycle(fingerprint)
            ledger = Ledger(
                head=terms.head,
                lifecycle=lifecycle,
                calendar=terms.calendar,
                directory=terms.directory,
                today=terms.calendar.today(moment),
            )
            standings = (self._standing(project, lifecycle, past) for project in projects)
            found.extend(ledger.owed(standings))
        shown = [due for due in found if waiting or due.ready]
        return tuple(sorted(shown, key=lambda due: (due.due, due.plan, due.unit, due.projects)))

    def _standing(
        self, project: Project, lifecycle: Lifecycle, past: dt.datetime | None
    ) -> DueState:
        """Gather what decides about a project's due dates; its history only where it matters."""
        staying = {
            event.name
            for event in lifecycle.events.values()
            if event.due is not None
            and any(edge.source == edge.target in project.states for edge in event.transitions)
        }
        fired: frozenset[str] = frozenset()
        extensions: Mapping[str, str] = {}
        if past is not None or staying:
            entries = [
                entry
                for entry in self.storage.history(project.id)
                if past is None or entry.at <= past
            ]
            fired = fired_in_this_visit(entries, lifecycle, staying)
            extensions = extensions_given(entries, lifecycle, project.period)
        if past is None:
            evaluation = self.storage.evaluation(project.id, project.period)
            extensions = evaluation.extensions if evaluation else {}
        return DueState(
            project=project,
            extensions=extensions,
            fired_since=fired,
            last_fired=lambda event: self._fired_on(project.id, event, past),
        )

    # ------------------------------------------------------------------ verification

    def verify(self, plan: str | None = None, *, project: str | None = None) -> Iterator[Mismatch]:
        """Yield everything in the store that the histories do not bear out; nothing if all fits.

        Reads every entry of the plan (None: of all plans), or of one project.
        """
        ids = None if project is None else (project,)

        def lifecycle(fingerprint: str) -> Lifecycle | None:
            text = self.storage.lifecycle(fingerprint)
            return None if text is None else stored_lifecycle(text)

        kept = Kept(
            evaluation=self.storage.evaluation,
            definition=self.storage.definition,
            head=self.storage.head,
            lifecycle=cache(lifecycle),
        )
        for each in self.storage.select(Selection(plan=plan, ids=ids)):
            yield from verify_project(each, self.storage.history(each.id), kept)

    def checkpoint(self, plan: str | None = None, *, upto: Checkpoint | None = None) -> Checkpoint:
        """Return the checkpoint of the plan's history up to now: a line to put on paper. With
        `upto`, what should have come out when that one was made.

        Raises:
            NotFound: the store has no such plan.
        """
        plan = plan or self.only_plan()
        self.plan(plan)
        revisions = self.storage.revisions(plan)
        heads = [self.storage.head(plan, number) or "" for number, _ in revisions]
        return checkpoint(plan, heads, hashes_of(plan, self.storage.entries()), upto)

    def export_bundle(
        self,
        path: str | os.PathLike[str],
        *,
        plan: str | None = None,
        projects: Sequence[str] | None = None,
        refusals_of: Actor | None = None,
    ) -> Bundle:
        """Write an audit bundle of a whole plan, or of some projects of one plan by their ids;
        another machine verifies it with `evalflow.verify_bundle`, without a database.

        With `refusals_of` it also holds every event that is refused to this actor at this
        moment, with all reasons.

        Raises:
            NotFound: no such plan or project.
            Conflict: others wrote to the store all the time; nothing is left behind.
            OSError: the file cannot be written.
        """
        if projects:
            found = {self.project(each).plan for each in projects}
            plan = found.pop() if plan is None else plan
            if found - {plan}:
                raise NotFound("project", f"{plan}/…", tuple(projects))
        plan = plan or self.only_plan()
        self.plan(plan)
        ids = tuple(projects) if projects else None
        tries = 0
        while True:
            chosen = Selection(plan=plan, ids=ids)
            refused = None if refusals_of is None else self._refused(chosen, refusals_of)
            try:
                return write_bundle(
                    path,
                    self.storage,
                    plan,
                    self.storage.select(chosen),
                    made_at=self._now(),
                    whole=ids is None,
                    refusals=refused,
                )
            except Conflict:
                tries += 1
                if tries == _TRIES:
                    raise

    def _refused(self, chosen: Selection, actor: Actor) -> Iterator[Tree]:
        for project in self.storage.select(chosen):
            for event in self.lifecycle(project.lifecycle).events:
                explanation = self.explain(project.id, event, by=actor)
                if not explanation.allowed:
                    yield explanation.tree()

    # ------------------------------------------------------------------ notices

    def deliver(
        self,
        *,
        limit: int | None = None,
        notifiers: Mapping[str, Notifier] | None = None,
    ) -> outbox.DeliveryReport:
        """Deliver the notices that wait, at least once each; see `evalflow.engine.outbox`.

        `notifiers` stands in for those that the plans name. At most `limit` notices are tried.

        A notifier that is not installed or broken fails its own notices, which are tried
        again; the others go on.
        """
        routes = [
            route
            for plan_id in self.plans()
            for route in self.plugins.routes(plan_id, self._deliveries(plan_id), instead=notifiers)
        ]
        return outbox.deliver(self.storage, routes, clock=self.clock, limit=limit)

    def _deliveries(self, plan_id: str) -> Delivery:
        """Return how the plan's notices leave, with the notifiers of all its revisions: what was
        written for one that a later revision dropped still waits for it."""
        latest = self.plan(plan_id).delivery
        names = dict.fromkeys(latest.notifiers)
        options = dict(latest.options)
        for number, _ in reversed(self.storage.revisions(plan_id)):
            earlier = self.plan(plan_id, revision=number).delivery
            for name in earlier.notifiers:
                if name not in names:
                    names[name] = None
                    options[name] = earlier.options.get(name, {})
        return attrs.evolve(latest, notifiers=tuple(names), options=options)

    def resend(self, notices: Iterable[tuple[str, str]] | None = None) -> int:
        """Put dead letters back to waiting and return how many; pairs of notice id and
        notifier, or None for all of them."""
        return outbox.resend(self.storage, clock=self.clock, notices=notices)

    def notices(self, *, state: str | None = None) -> Iterator[Outgoing]:
        """Yield the notices in the outbox, oldest first; `state` is `waiting`, `delivered` or
        `dead`."""
        return self.storage.outbox(state=state)


# --------------------------------------------------------------------------- opening and loading


def open(
    url: str,
    *,
    plugins: Plugins | Sequence[Any] | None = None,
    clock: Clock = now,
    holidays: Holidays | None = None,
) -> Engine:
    """Open the store that `url` names and return the engine on it.

    `memory:` lives as long as the engine; `sqlite:///office.db` (three slashes: relative, four:
    absolute) is made where it does not exist; other schemes come from plugins. `plugins` lists
    plugin objects or names to use; None takes the installed ones, or those that
    `EVALFLOW_PLUGINS` names.

    Raises:
        StorageError: the store cannot be used, or no installed plugin knows the scheme.
    """
    loaded = _plugins(plugins)
    return Engine(loaded.storage(url), plugins=loaded, clock=clock, holidays=holidays)


def load_lifecycle(
    source: str | os.PathLike[str], *, plugins: Plugins | Sequence[Any] | None = None
) -> Lifecycle:
    """Return the lifecycle in a YAML file, or the preset of this name, checked whole.

    `plugins` as for `open`.

    Raises:
        InvalidInput: the definition has mistakes; all of them, with file and line.
    """
    return lifecycle_load.load_lifecycle(source, vocabulary=vocabulary(plugins))


def load_plan(
    source: str | os.PathLike[str],
    *,
    tables: Sequence[str | os.PathLike[str]] = (),
    plugins: Plugins | Sequence[Any] | None = None,
) -> Plan:
    """Return the plan in a YAML file together with the lifecycle that it names, checked whole.

    `tables` are files (XLSX, CSV …) of projects, budgets and targets that are laid over it;
    `plugins` as for `open`.

    Raises:
        InvalidInput: the plan or its lifecycle has mistakes, or asks for a scorer, notifier or
            guard that is not installed; all of it, with file and line.
    """
    known = _plugins(plugins)
    names = vocabulary(known)
    plan = plan_load.load_plan(
        source,
        lifecycle=lambda name: lifecycle_load.load_lifecycle(name, vocabulary=names),
        tables=tables,
    )
    if lacking := known.check(plan.head):
        raise placed(InvalidInput(lacking), read(source))
    return plan


def check_lifecycle(
    lifecycle: Lifecycle,
    *,
    plan: Plan | None = None,
    plugins: Plugins | Sequence[Any] | None = None,
) -> tuple[Finding, ...]:
    """Return what can be proved wrong, or looks wrong, with a lifecycle; with a plan also with its
    people, units and days. `plugins` as for `open`."""
    return prove(
        lifecycle,
        vocabulary=vocabulary(plugins),
        head=None if plan is None else plan.head,
        units=None if plan is None else plan.units_in_charge(),
        calendar=None if plan is None else Calendar(plan.head.calendar),
    )


def vocabulary(plugins: Plugins | Sequence[Any] | None = None) -> Vocabulary:
    """Return the guards and actions that a lifecycle may name: built in, and from plugins."""
    return Vocabulary(guards=_plugins(plugins).guard_specs, actions=frozenset(ACTIONS))


def _plugins(plugins: Plugins | Sequence[Any] | None) -> Plugins:
    return plugins if isinstance(plugins, Plugins) else Plugins.load(plugins)


def _several(given: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return (given,) if isinstance(given, str) else tuple(given)


def _plan_of(project_id: str) -> str:
    return project_id.rpartition("/")[0]


def _number(project_id: str) -> str:
    return project_id.rpartition("/")[2]


def _repeated(first: Entry, event: str, key: str) -> Entry:
    """Return the entry first written with this key, if the call is indeed the same."""
    if first.event == event:
        return first
    raise InvalidInput(
        [
            Problem(
                code="key_reused",
                path="key",
                value=key,
                ko=f"키 '{key}'은(는) 이미 '{first.event}'에 쓰였습니다.",
                en=f"the key '{key}' was already used for '{first.event}'",
            )
        ]
    )


def _does_not_grade(plan_id: str) -> Problem:
    return Problem(
        code="no_grades",
        path="scoring.grades",
        value=plan_id,
        ko=f"계획 '{plan_id}'에는 등급 기준(scoring.grades)이 없습니다.",
        en=f"the plan '{plan_id}' does not grade its projects (it has no scoring.grades)",
    )


def _overrides_of(rating: Rating) -> dict[str, Override]:
    return {
        line.indicator: Override(rate=line.rate, reason=line.reason)
        for line in rating.lines
        if line.reason is not None and line.rate is not None
    }
