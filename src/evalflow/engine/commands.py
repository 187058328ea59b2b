"""What changes the store: decided outside the transaction, then appended by one commit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import attrs

from evalflow.batch import applying
from evalflow.batch import plan as batches
from evalflow.batch.plan_file import BatchPlan
from evalflow.batch.selection import conditions
from evalflow.batch.values import EngineParts
from evalflow.decision.actions import ACTIONS
from evalflow.decision.adoption import (
    CHANGE,
    CONFIRM,
    PROPOSE,
    REVISE,
    Adoption,
    check_content,
    check_doors,
    check_lifecycle,
    check_reasons,
    check_revision,
    confirming,
    entitled,
    gains,
    needs_second,
    second_grant,
)
from evalflow.decision.batched_calls import Answers, answer_together, can_many, with_answers
from evalflow.decision.decide import (
    Decision,
    Explanation,
    check_clock,
    decide,
    raise_if_stopped,
    same_for_all,
)
from evalflow.decision.entries import plan_following, rules_seal, seals
from evalflow.decision.migration import MIGRATE, migrate
from evalflow.decision.redating import (
    Redating,
    ahead,
    check_moment,
    nothing_ahead,
    unsaid,
)
from evalflow.decision.repeated import migrates_the_same, says_the_same
from evalflow.decision.second_person import PROPOSE_MIGRATION, proposal_data
from evalflow.engine.clock_guard import ClockGuard
from evalflow.engine.outbox import bring_forward
from evalflow.engine.queries import Queries
from evalflow.engine.rules import Rules
from evalflow.errors import (
    Conflict,
    InvalidInput,
    KeyReused,
    NotFound,
    Problem,
    Reason,
    Refused,
    invalid,
    nearest,
)
from evalflow.files.words import has_words
from evalflow.lifecycle.change_procedure import change_event
from evalflow.lifecycle.definition import Event, Lifecycle, Vocabulary
from evalflow.lifecycle.load import lifecycle_from_tree
from evalflow.model import (
    REDATE,
    Actor,
    Basis,
    Commit,
    Entry,
    Move,
    PlanEntry,
    PlanHead,
    PlanMove,
    Project,
    ProjectDefinition,
    Selection,
    Snapshot,
    ids,
)
from evalflow.model.canonical import Tree, canonical
from evalflow.model.directory import Directory
from evalflow.model.moments import utc
from evalflow.plan.definition import Plan
from evalflow.plan.differences import ADOPT, Difference, differences
from evalflow.plan.doors import Adopted
from evalflow.plan.stored import stored_definition, stored_head
from evalflow.storage.contract import BulkStorage, Head, move_like
from evalflow.storage.faults import fault_point

_CLOCKED = 100  # projects of one transaction whose last entry's time is compared with the clock

Decided = tuple[tuple[Decision, ...], Basis]
"""A decision for each project that an event would move, the one in hand first, and what they rest
on together."""


def check_version(expected: int | None) -> None:
    """Raise where `expected` is no version that a project can have.

    Raises:
        InvalidInput: it is not a whole number from 1 on.
    """
    if expected is None or (type(expected) is int and expected >= 1):
        return
    shown = repr(expected)[:60]
    raise invalid(
        "bad_version",
        path="expected",
        value=shown,
        ko=f"expected는 사업의 version(1 이상의 정수)이어야 합니다: {shown}",
        en=f"`expected` is a project's version, a whole number from 1 on, not {shown}",
    )


def _nothing_proposed(number: int, found: tuple[PlanEntry, Plan] | None) -> Reason:
    if found is not None:
        other = found[0].number
        ko = f"확인을 기다리는 수정안은 {number}번이 아니라 {other}번입니다."
        en = f"the revision that waits for a second person is number {other}, not {number}."
    else:
        ko = "확인을 기다리는 수정안이 없습니다. 그 사이 계획이 바뀌었으면 다시 올려야 합니다."
        en = (
            "no revision waits for a second person; where the plan changed meanwhile it has to be "
            "proposed again."
        )
    return Reason(code="nothing_proposed", ko=ko, en=en, about=str(number))


class Offered:
    """The lifecycle that a migration offers, read once for all projects of a batch."""

    def __init__(self, rules: Rules, vocabulary: Vocabulary) -> None:
        """Check it with the guards and actions that are installed."""
        self._rules = rules
        self._vocabulary = vocabulary
        self._read: tuple[Tree, Lifecycle] | None = None

    def lifecycle(self, tree: Tree) -> Lifecycle:
        """Return the lifecycle in the data of a migration, checked whole."""
        read = self._read
        if read is None or read[0] is not tree:
            new = self._rules.offer(lifecycle_from_tree(tree, self._vocabulary))
            read = self._read = tree, new
        return read[1]


class Commands:
    """Decides and writes. `fire`, `explain` and batches ask the same decision."""

    def __init__(
        self,
        rules: Rules,
        queries: Queries,
        clock: Callable[[], dt.datetime],
        guard: ClockGuard | None = None,
    ) -> None:
        """Write to the store that `rules` reads; `clock` gives the present moment in UTC, `guard`
        looks at the times that are written (None: they are the host's)."""
        self.rules = rules
        self.queries = queries
        self.storage = rules.storage
        self.now = clock
        self._guard = guard

    def _seen(
        self, project_id: str, by: Actor | str, expected: int | None
    ) -> tuple[Snapshot, Actor]:
        """Return the project, and the actor: an id is looked up in the directory of the revision
        that the project was read under, so that both are of one moment.

        Raises:
            Conflict: the project does not stand at the version `expected`; asked before all else.
            NotFound: no such project, or its plan's directory has no such id.
        """
        snapshot = self.queries.snapshot(project_id)
        if expected is not None and snapshot.project.version != expected:
            raise Conflict(project_id, expected=expected)
        if isinstance(by, str):
            by = self.queries.actor_then(snapshot.project.plan, snapshot.latest, by)
        return snapshot, by

    # ------------------------------------------------------------------ deciding

    def decide(
        self,
        snapshot: Snapshot,
        event_name: str,
        by: Actor,
        at: dt.datetime,
        data: Mapping[str, Any],
        *,
        key: str | None = None,
        answers: Answers | None = None,
        offered: Offered | None = None,
        whole: bool = False,
    ) -> Decided:
        """Decide the event for each project that it would move. `answers` are those to questions
        that were put for many at once; `offered` is shared by the projects of a migration; with
        `whole` guards are asked also of who may not act.

        Raises:
            NotFound: the lifecycle has no such event.
            InvalidInput: the actor's id can be none, or is taken for another's.
        """
        terms = self.rules.terms(snapshot.project.plan, snapshot.latest)
        by = terms.directory.recognised(by, snapshot.evaluation.acts)
        if event_name == MIGRATE:
            new = (offered or self._offered()).lifecycle(data.get("lifecycle"))
            situation = self.rules.situation(snapshot, None, at)
            proposed = self.rules.proposed_migration(snapshot)
            decided = migrate(situation, by, at, data, new, key=key, proposed=proposed)
            return (decided,), situation.basis()
        event = self.rules.event(snapshot, event_name)
        situations = self.rules.situations(snapshot, event, at)
        if answers is not None:
            situations = tuple([with_answers(each, answers) for each in situations])
        decisions = tuple(
            [decide(each, event, by, at, data, key=key, whole=whole) for each in situations]
        )
        moving = [each.project.id for each in situations]
        return decisions, Basis.of([each.basis() for each in situations], moving)

    def explain(
        self,
        project_id: str,
        event: str,
        by: Actor | str,
        at: dt.datetime,
        data: Mapping[str, Any] | None,
        expected: int | None = None,
        whole: bool = False,
    ) -> Explanation:
        """Return what firing the event would answer, for all projects that it would move."""
        check_version(expected)
        snapshot, actor = self._seen(project_id, by, expected)
        decisions, _ = self.decide(snapshot, event, actor, at, data or {}, whole=whole)
        explained = [decision.explained(with_data=data is not None) for decision in decisions]
        own = explained[0]
        checks = tuple(
            [
                attrs.evolve(
                    check,
                    reasons=tuple(
                        dict.fromkeys(
                            reason for each in explained for reason in each.checks[place].reasons
                        )
                    ),
                    asked=all(each.checks[place].asked for each in explained),
                )
                for place, check in enumerate(own.checks)
            ]
        )
        return attrs.evolve(own, checks=checks, allowed=all(check.passed for check in checks))

    def _offered(self) -> Offered:
        specs = self.rules.plugins.guard_specs
        return Offered(self.rules, Vocabulary(guards=specs, actions=frozenset(ACTIONS)))

    # ------------------------------------------------------------------ firing

    def fire(
        self,
        project_id: str,
        event: str,
        by: Actor | str,
        data: Mapping[str, Any],
        key: str | None,
        expected: int | None = None,
    ) -> Entry:
        """Move the project; the same call with the same key again returns the first entry.

        Raises:
            KeyReused: the key was used for another call.
            InvalidInput: the key or the actor's id has no form that can be kept.
        """
        check_version(expected)
        if key is not None:
            if problem := ids.fault(key, "key"):
                raise InvalidInput([problem])
            key = ids.normal(key)
        if isinstance(by, Actor) and not by.id.isascii():
            by = Actor(ids.normal(by.id), by.grants)
        if key is None:
            return self._fire(project_id, event, by, data, None, expected)
        # The key is looked up first, and again where a call with the same key came in between.
        first = self.storage.entry_by_key(project_id, key)
        if first is None:
            try:
                return self._fire(project_id, event, by, data, key, expected)
            except (Conflict, Refused, InvalidInput):
                first = self.storage.entry_by_key(project_id, key)
                if first is None:
                    raise
        if self.repeats(first, event, by if isinstance(by, str) else by.id, data):
            return first
        raise KeyReused(project_id, key)

    def repeats(
        self,
        entry: Entry,
        event: str,
        actor: str,
        data: Mapping[str, Any],
        *,
        offered: Offered | None = None,
    ) -> bool:
        """Say whether the call of this actor, event and data is the one that wrote the entry."""
        if (entry.event, entry.actor) != (event, actor):
            return False
        if event == MIGRATE:
            try:
                new = (offered or self._offered()).lifecycle(data.get("lifecycle"))
            except InvalidInput:
                return False
            return migrates_the_same(entry, data, new)
        lifecycle = self.rules.lifecycle(entry.lifecycle)
        known = lifecycle.events.get(event)
        if known is None:  # adopting and revising: no call of ours has a key for them
            return False
        definition, head = self.rules.decided_by(entry, known)
        return says_the_same(
            entry,
            known,
            data,
            definition=definition,
            lifecycle=lifecycle,
            criteria=head.criteria,
        )

    def _fire(
        self,
        project_id: str,
        event: str,
        by: Actor | str,
        data: Mapping[str, Any],
        key: str | None,
        expected: int | None,
    ) -> Entry:
        snapshot, actor = self._seen(project_id, by, expected)
        at = self.now()
        self._check_ahead(at)  # before it is decided: by a wrong clock much is refused
        decisions, basis = self.decide(snapshot, event, actor, at, data, key=key)
        for decision in decisions:
            raise_if_stopped(decision)
        reasons = tuple(
            dict.fromkeys(reason for decision in decisions for reason in decision.reasons)
        )
        moves = tuple([decision.move for decision in decisions if decision.move is not None])
        if reasons or len(moves) != len(decisions):
            raise Refused(project_id, event, reasons)
        self.write(moves, basis)
        return moves[0].entry

    def write(self, moves: tuple[Move, ...], basis: Basis) -> None:
        """Append the moves in one transaction, if nothing of what they rest on has changed.

        Raises:
            Conflict: somebody was first.
            InvalidInput: the machine's clock was set back, or jumped ahead.
        """
        lifecycle = None
        if moves and moves[0].entry.event == MIGRATE:  # a batch of it has one lifecycle for all
            new = self.rules.lifecycle(moves[0].entry.lifecycle)
            lifecycle = new.fingerprint, canonical(new.tree)
        plans = self._plan_moves(moves)
        self._check_clock(moves)
        if moves:
            self._check_ahead(moves[0].entry.at)
        fault_point("fire:decided")
        self.storage.commit(
            Commit(
                moves=moves,
                unchanged=basis.unchanged,
                plans=plans,
                lifecycle=lifecycle,
                revisions=basis.revisions,
                rosters=basis.rosters,
            )
        )

    def bulk_move(self, like: Move, heads: Sequence[Head], on: dt.date | None, under: int) -> None:
        """Write the same move for many projects, decided under the plan revision `under` (see
        `BulkStorage`)."""
        self._check_clock((like,))
        self._check_ahead(like.entry.at)
        for project, number, _ in heads[:_CLOCKED]:
            self._check_last(project, number, like.entry.at)
        fault_point("fire:decided")
        if isinstance(self.storage, BulkStorage):
            self.storage.bulk_move(like, heads, on=on, under=under)
            return
        chosen = Selection(plan=like.project.plan, ids=tuple([each[0] for each in heads]), on=on)
        found = {each.id: each for each in self.storage.select(chosen)}
        moves = []
        for project, version, head in heads:
            now = found.get(project)
            if now is None or (now.version, now.head, now.unit) != (version, head, like.entry.unit):
                raise Conflict(project, expected=version)
            moves.append(move_like(like, now))
        self.storage.commit(Commit(moves=tuple(moves), revisions=((like.project.plan, under),)))

    def _check_clock(self, moves: Sequence[Move]) -> None:
        """Raise InvalidInput where the machine's clock was set back: a past moment is asked for
        by the times in the history. Of a batch's chunk some projects are looked at."""
        for move in moves[:_CLOCKED]:
            entry = move.entry
            if entry.number > 1:
                self._check_last(entry.project, entry.number - 1, entry.at)

    def _check_last(self, project: str, number: int, at: dt.datetime) -> None:
        # Read to the end, which is one entry: a stream broken off costs its connection.
        for last in list(self.storage.history(project, after=number - 1))[:1]:
            check_clock(last, at)

    def _check_ahead(self, at: dt.datetime) -> None:
        if self._guard is not None:
            self._guard.check(at)

    def _plan_moves(self, moves: Sequence[Move]) -> tuple[PlanMove, ...]:
        """Return what the moves mean for their plans: approved changes of projects make the next
        revision, and the first project that migrates takes the plan's lifecycle along."""
        made: dict[tuple[str, str], list[Move]] = {}
        for move in moves:
            if move.entry.event == MIGRATE:
                made.setdefault((move.project.plan, MIGRATE), []).append(move)
            elif move.definition is not None:
                made.setdefault((move.project.plan, CHANGE), []).append(move)
        found = [self._plan_move(plan, event, group) for (plan, event), group in made.items()]
        return tuple([each for each in found if each is not None])

    def _plan_move(self, plan: str, event: str, moves: Sequence[Move]) -> PlanMove | None:
        first = moves[0].entry
        last = self.storage.plan_entry(plan)
        entries = {move.project.number: move.entry.hash for move in moves}
        head = lifecycle = None
        if event == MIGRATE:
            if last is not None and last.lifecycle == first.lifecycle:
                return None
            lifecycle = first.lifecycle
            data = {
                "entries": entries,
                "from": "" if last is None else last.lifecycle,
                "lifecycles": rules_seal(self.rules.lifecycle(lifecycle)),
            }
        else:
            head = self._next_head(plan)
            brought = [move.definition for move in moves if move.definition is not None]
            data = {"entries": entries, "projects": seals(brought)}
        return plan_following(
            last,
            plan=plan,
            event=event,
            actor=first.actor,
            role=first.role,
            on_behalf_of=first.on_behalf_of,
            at=first.at,
            reason=first.reason,
            head=head,
            lifecycle=lifecycle,
            data=data,
        )

    def _next_head(self, plan: str) -> PlanHead:
        """Return the plan's next revision, made by an approved change."""
        terms = self.rules.terms(plan)
        effective = terms.calendar.period_on(terms.calendar.today(self.now())).text
        return attrs.evolve(terms.head, revision=terms.head.revision + 1, effective=effective)

    # ------------------------------------------------------------------ plans

    def adopt(self, plan: Plan, by: Actor | str, reason: str | None) -> PlanHead:
        """Put a plan, or its next revision, into force; nothing is written where nothing
        differs. An actor's id is looked up in the directory in force, in the plan's own only where
        it is new."""
        self._check_ahead(self.now())
        adoption, old = self._adoption(plan, by, reason)
        before, standing = adoption.before, self._standing(plan.id)
        if before is not None:
            if not check_revision(plan, before, old):
                return before
            self._check_revised(adoption, old, standing)
            if reasons := self._needs_second(adoption):
                raise Refused(plan.id, REVISE, reasons)
        self._put_into_force(adoption, old, standing)
        return adoption.head

    def propose(self, plan: Plan, by: Actor | str, reason: str | None) -> PlanEntry:
        """Let a revision wait for a second person: everything is checked as for `adopt`, and
        nothing comes into force."""
        self._check_ahead(self.now())
        adoption, old = self._adoption(plan, by, reason)
        if adoption.before is None:
            raise NotFound("plan", plan.id, self.storage.plans())
        if not check_revision(plan, adoption.before, old):
            raise invalid(
                "nothing_differs",
                file=plan.file,
                value=plan.id,
                ko="지금 계획과 다른 것이 없어 올릴 수정안이 없습니다",
                en="nothing differs from the plan in force: there is nothing to propose",
            )
        self._check_revised(adoption, old, self._standing(plan.id))
        move = adoption.proposal(old)
        if adoption.last is not None:
            check_clock(adoption.last, adoption.at)
        self.storage.commit(Commit(plans=(move,)))
        return move.entry

    def proposed(self, plan_id: str) -> tuple[PlanEntry, Plan] | None:
        """Return the revision that waits for a second person, with its entry, or None."""
        last = self.storage.plan_entry(plan_id)
        if last is None or last.event != PROPOSE:
            return None
        terms = self.rules.terms(plan_id)
        lifecycle = self.rules.lifecycle_of(plan_id)
        assert lifecycle is not None, "a plan has a lifecycle"
        head = attrs.evolve(
            stored_head(last.data["head"], plan_id),
            revision=terms.head.revision,
            effective=terms.head.effective,
        )
        projects = {each.number: each for each in self.queries.definitions(plan_id)}
        projects |= {
            number: stored_definition(head, number, tree)
            for number, tree in last.data["projects"].items()
        }
        return last, Plan(head=head, projects=projects, lifecycle=lifecycle)

    def confirm(self, plan_id: str, number: int, by: Actor | str) -> PlanHead:
        """Put what the plan's entry `number` proposes into force, as a second person."""
        self.queries.check_plan(plan_id)
        found = self.proposed(plan_id)
        if found is None or found[0].number != number:
            raise Refused(plan_id, CONFIRM, [_nothing_proposed(number, found)])
        proposed, plan = found
        adoption, old = self._adoption(plan, by, proposed.reason, proposed)
        assert adoption.before is not None
        standing = self._standing(plan_id)
        check_revision(plan, adoption.before, old)
        self._check_revised(adoption, old, standing)
        self._put_into_force(adoption, old, standing)
        return adoption.head

    def _standing(self, plan_id: str) -> dict[str, Project]:
        return {each.id: each for each in self.storage.select(Selection(plan=plan_id))}

    def _check_revised(
        self,
        adoption: Adoption,
        old: Mapping[str, ProjectDefinition],
        standing: Mapping[str, Project],
    ) -> None:
        """Check that each difference may come by a revision of the plan, and that it says why."""
        events = self._change_events(standing)
        names = {number: event.name for number, event in events.items()}
        shared = self._adopted(adoption)
        found = differences(adoption.plan, adoption.before, old, names, shared)
        by_name = {event.name: event for event in events.values()}
        check_doors(adoption.plan, found, by_name, adoption.reason)

    def _adopted(self, adoption: Adoption) -> Adopted:
        """Return what tells the doors of what all projects share."""
        assert adoption.before is not None, "a plan that is new differs from nothing"
        return Adopted(
            before=adoption.before,
            after=adoption.head,
            first=self.rules.terms(adoption.head.id, 1).head,
            lifecycle=adoption.lifecycle,
            holidays=self.rules.holidays,
        )

    def _needs_second(self, adoption: Adoption) -> list[Reason]:
        """Return why the revision needs a second person; nothing where it does not."""
        before = adoption.before
        if before is None:
            return []
        directory = self.rules.terms(before.id, before.revision).directory
        makers = [each for each in (adoption.actor.id, adoption.on_behalf_of) if each is not None]
        found = gains(directory, Directory(adoption.head), makers)
        calendar = self.rules.terms(before.id, before.revision).calendar
        roles = confirming(adoption.lifecycle, before)
        able = directory.holders(roles, before.office, calendar.today(adoption.at))
        return needs_second(before, found, tuple([each for each in able if each not in makers]))

    def _put_into_force(
        self,
        adoption: Adoption,
        old: Mapping[str, ProjectDefinition],
        standing: Mapping[str, Project],
    ) -> None:
        commit = adoption.commit(old, standing)
        if adoption.last is not None:
            check_clock(adoption.last, adoption.at)
        self._check_clock(commit.moves)
        self._check_ahead(adoption.at)
        self.storage.commit(commit)

    def propose_migration(
        self,
        plan_id: str,
        lifecycle: Lifecycle,
        by: Actor | str,
        reason: str,
        states: Mapping[str, str],
        events: Mapping[str, str],
    ) -> PlanEntry:
        """Let a migration wait for a second person; nothing moves."""
        self.queries.check_plan(plan_id)
        at = self.now()
        self._check_ahead(at)
        new = self._offered().lifecycle(lifecycle.tree)
        terms = self.rules.terms(plan_id)
        head, directory = terms.head, terms.directory
        actor = directory.recognised(by) if isinstance(by, Actor) else directory.actor(by)
        old = self.rules.lifecycle_of(plan_id)
        assert old is not None, "a plan has a lifecycle"
        today = terms.calendar.today(at)
        grant = entitled(PROPOSE_MIGRATION, old, head, directory, actor, today)
        if not has_words(reason):
            raise Refused(plan_id, PROPOSE_MIGRATION, [unsaid(reason)])
        last = self.storage.plan_entry(plan_id)
        move = plan_following(
            last,
            plan=plan_id,
            event=PROPOSE_MIGRATION,
            actor=actor.id,
            role=grant.role,
            on_behalf_of=grant.on_behalf_of,
            at=at,
            reason=reason,
            data=proposal_data(old, new, states, events),
        )
        if last is not None:
            check_clock(last, at)
        self.storage.commit(Commit(plans=(move,), revisions=((plan_id, head.revision),)))
        return move.entry

    def redate(
        self, plan_id: str, to: dt.datetime, by: Actor | str, reason: str
    ) -> tuple[str, ...]:
        """Put right the times of all last entries of the plan and its projects that lie ahead, in
        one transaction; return whose they were."""
        self.queries.check_plan(plan_id)
        at = self.now()
        self._check_ahead(at)
        to = utc(to, "to")
        check_moment(to, at)
        terms = self.rules.terms(plan_id)
        head, directory, today = terms.head, terms.directory, terms.calendar.today(at)
        actor = directory.recognised(by) if isinstance(by, Actor) else directory.actor(by)

        def redating(lifecycle: Lifecycle) -> Redating:
            grant = entitled(REDATE, lifecycle, head, directory, actor, today)
            return Redating(actor=actor.id, grant=grant, at=at, to=to, reason=reason)

        lifecycle = self.rules.lifecycle_of(plan_id)
        assert lifecycle is not None, "a plan has a lifecycle"
        own = redating(lifecycle)
        if not has_words(reason):
            raise Refused(plan_id, REDATE, [unsaid(reason)])
        moves: list[Move] = []
        for project in list(self.storage.select(Selection(plan=plan_id))):
            last = list(self.storage.history(project.id, after=project.version - 1))[:1]
            if not ahead(last, at):
                continue
            snapshot = self.queries.snapshot(project.id)
            situation = self.rules.situation(snapshot, None, at)
            move = redating(situation.lifecycle).move(
                snapshot.project,
                list(self.storage.history(project.id)),
                calendar=terms.calendar,
                unit=situation.latest.unit_on(today),
                revision=head.revision,
                plan_head=snapshot.plan_head,
            )
            moves += [] if move is None else [move]
        plans: tuple[PlanMove, ...] = ()
        data = own.plan_data(plan_id, list(self.storage.plan_history(plan_id)))
        if data is not None:
            plan_move = plan_following(
                self.storage.plan_entry(plan_id),
                plan=plan_id,
                event=REDATE,
                actor=own.actor,
                role=own.grant.role,
                on_behalf_of=own.grant.on_behalf_of,
                at=at,
                reason=reason,
                data=data,
            )
            plans = (plan_move,)
        if not moves and not plans:
            raise nothing_ahead(plan_id, at)
        revisions = ((plan_id, head.revision),)
        self.storage.commit(Commit(moves=tuple(moves), plans=plans, revisions=revisions))
        wrong = {each.project.id: frozenset(each.entry.data["entries"]) for each in moves}
        bring_forward(self.storage, plan_id, wrong, at)
        return (*([plan_id] if plans else []), *wrong)

    def compare(self, plan: Plan, by: Actor | str) -> tuple[Difference, ...]:
        """Return what the plan says otherwise, each with the door that it needs."""
        adoption, old = self._adoption(plan, by, None)
        if adoption.head.revision == 1:
            return differences(plan, None, old, {})
        before = self.rules.terms(plan.id).head
        check_revision(plan, before, old)
        standing = {each.id: each for each in self.storage.select(Selection(plan=plan.id))}
        events = self._change_events(standing)
        names = {number: event.name for number, event in events.items()}
        return differences(plan, before, old, names, self._adopted(adoption))

    def _change_events(self, standing: Mapping[str, Project]) -> dict[str, Event]:
        """Return the event that begins each project's change procedure, by number; projects
        whose lifecycle has none are left out."""
        known = {each.lifecycle for each in standing.values()}
        events = {each: change_event(self.rules.lifecycle(each)) for each in known}
        return {
            each.number: event
            for each in standing.values()
            if (event := events[each.lifecycle]) is not None
        }

    def _adoption(
        self, plan: Plan, by: Actor | str, reason: str | None, proposed: PlanEntry | None = None
    ) -> tuple[Adoption, dict[str, ProjectDefinition]]:
        """Return how the plan comes into force, and the projects it had before, by number; with
        `proposed` the actor is the second person.

        A project that joins a running plan runs on the lifecycle that the plan's projects run on,
        whatever version the plan's file means by its name today: they migrate, or they do not."""
        at = self.now()
        if lacking := self.rules.plugins.check(plan.head):
            raise InvalidInput([attrs.evolve(each, file=plan.file) for each in lacking])
        known = self.storage.revisions(plan.id)
        old: dict[str, ProjectDefinition] = {}
        lifecycle = plan.lifecycle
        revision, effective = 1, plan.head.calendar.first
        before, last = None, self.storage.plan_entry(plan.id)
        if not known:
            self.rules.offer(lifecycle)
        else:
            before = self.rules.terms(plan.id, known[-1][0])
            lifecycle = self.rules.lifecycle_of(plan.id) or lifecycle
            check_lifecycle(plan, before.head, lifecycle)
            old = {each.number: each for each in self.queries.definitions(plan.id)}
            revision = before.head.revision + 1
            effective = before.calendar.period_on(before.calendar.today(at)).text
        check_reasons(plan, before.head if before else None, old)
        check_content(plan, lifecycle, old)
        head = attrs.evolve(plan.head, revision=revision, effective=effective)
        terms = self.rules.draft(head, (*known, (revision, effective)))
        # A revision is a matter of who held the office before it, by the rules in force.
        judge = before or terms
        by = judge.directory.recognised(by) if isinstance(by, Actor) else judge.directory.actor(by)
        event = REVISE if known else ADOPT
        today = judge.calendar.today(at)
        if proposed is None:
            grant = entitled(event, lifecycle, judge.head, judge.directory, by, today)
        else:
            grant = second_grant(lifecycle, judge.head, judge.directory, by, today, proposed)
        adoption = Adoption(
            plan=attrs.evolve(plan, lifecycle=lifecycle),
            head=head,
            calendar=terms.calendar,
            lifecycle=lifecycle,
            actor=by,
            role=grant.role,
            on_behalf_of=grant.on_behalf_of,
            at=at,
            reason=reason,
            last=last,
            confirms=proposed is not None,
            before=None if before is None else before.head,
        )
        return adoption, old

    # ------------------------------------------------------------------ batches

    def batch(
        self,
        event: str,
        *,
        by: Actor | str,
        where: Mapping[str, Any],
        data: Mapping[str, Any] | None,
        each: Mapping[str, Mapping[str, Any]] | None,
        mode: str,
    ) -> BatchPlan:
        """Plan the event for every project that the conditions select, as the store stands at one
        moment."""
        name = by if isinstance(by, str) else by.id
        if problem := ids.fault(name, "by"):
            raise InvalidInput([problem])
        if isinstance(by, Actor):
            by = Actor(ids.normal(name), by.grants)
        who, parts = by, self.parts()

        def apply(plan: BatchPlan, **how: Any) -> Iterator[applying.Receipt]:
            own = None if isinstance(who, str) else who
            return applying.apply(parts, plan, **{"by": own, **how})

        with self.queries.reading() as then:
            here = Commands(then.rules, then, self.now)
            selection = here._chosen(where)
            here._check_each(each or {})
            return batches.plan(
                here.parts(),
                event,
                by=who,
                selection=selection,
                where=where,
                data=data,
                each=each,
                mode=mode,
                apply=apply,
            )

    def _chosen(self, where: Mapping[str, Any]) -> Selection:
        """Return the selection that a batch's conditions mean; unknown names are refused."""
        found = conditions(where)
        plans = () if "plan" in found else self.storage.plans()
        if len(plans) == 1:
            found["plan"] = plans[0]
        return self.queries.select(**found)

    def _check_each(self, each: Mapping[str, object]) -> None:
        """Refuse data for projects that there are not: nobody would see that it was left out.

        Raises:
            InvalidInput: all of them, with the nearest ids.
        """
        if not each:
            return
        there = {found.id for found in self.storage.select(Selection(ids=tuple(each)))}
        lacking = [name for name in each if name not in there]
        if not lacking:
            return
        plans = {name.rpartition("/")[0] for name in lacking} & set(self.storage.plans())
        near = [
            found.id
            for plan in sorted(plans) or self.storage.plans()[:1]
            for found in self.storage.select(Selection(plan=plan, limit=2000))
        ]
        raise InvalidInput(
            [
                Problem(
                    code="unknown_project",
                    path="each",
                    value=name[:60],
                    ko=f"사업 '{name[:60]}'이(가) 없습니다" + hint[0],
                    en=f"no project '{name[:60]}'" + hint[1],
                )
                for name in lacking[:20]
                for hint in [_hint(nearest(name[:100], near))]
            ]
        )

    def parts(self, at: dt.datetime | None = None) -> EngineParts:
        """Return what one batch may ask of the engine, as of `at` (None: now)."""
        offered = self._offered()
        return EngineParts(
            storage=self.storage,
            now=self.now if at is None else lambda: utc(at),
            actor=self.queries.actor_then,
            decide=partial(self.decide, offered=offered),
            repeats=partial(self.repeats, offered=offered),
            ask_together=self._ask_together,
            commit=self.write,
            bulk_move=self.bulk_move,
            alike=self._alike,
            today=lambda plan_id: self.rules.terms(plan_id).calendar.today(at or self.now()),
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
                event = self.rules.lifecycle(project.lifecycle).events.get(event_name)
                # An unknown event is told where it is decided.
                many[kind] = event is not None and can_many(
                    event, self.rules.situation(snapshot, None, at)
                )
            if many[kind]:
                answers = Answers()
                made = partial(
                    self.decide, snapshot, event_name, by, at, data, key=key, answers=answers
                )
                decisions[project.id] = answers, made
        answer_together(list(decisions.values()))
        return {project: answers for project, (answers, _) in decisions.items()}

    def _alike(self, plan_id: str, fingerprint: str, event_name: str) -> bool:
        """Say whether one decision of the event holds for all of the plan's projects that stand
        alike."""
        lifecycle = self.rules.lifecycle(fingerprint)
        event = lifecycle.events.get(event_name)
        specs = self.rules.plugins.guard_specs

        def looks_at(guard: str) -> str:
            spec = specs.get(guard)
            return "project" if spec is None else spec.looks_at

        head = self.rules.terms(plan_id).head
        return event is not None and same_for_all(event, lifecycle, head, looks_at)


def _hint(near: str | None) -> tuple[str, str]:
    if near is None:
        return "", ""
    return f"; 혹시 '{near}'입니까?", f"; did you mean '{near}'?"
