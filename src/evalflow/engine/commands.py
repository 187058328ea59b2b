"""What changes projects: decided outside the transaction, then appended by one commit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from evalflow.batch.selection import conditions
from evalflow.decision.batched_calls import Answers, answer_together, can_many, with_answers
from evalflow.decision.decide import (
    CHECKS,
    Decision,
    Explanation,
    decide,
    may_act,
    raise_if_stopped,
    same_for_all,
)
from evalflow.decision.repeated import says_the_same
from evalflow.decision.situation import Situation, basis_of
from evalflow.engine.offered import Offered
from evalflow.engine.queries import Queries
from evalflow.engine.writing import Writer
from evalflow.errors import (
    Conflict,
    InvalidInput,
    KeyReused,
    Problem,
    Refused,
    did_you_mean,
    invalid,
    nearest,
)
from evalflow.model import (
    Actor,
    Basis,
    Entry,
    Selection,
    Snapshot,
    ids,
)
from evalflow.model.history import MIGRATE
from evalflow.model.moments import utc

if TYPE_CHECKING:
    from evalflow.batch import applying
    from evalflow.batch.plan_file import BatchPlan
    from evalflow.batch.values import EngineParts

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


def _first_failed(decisions: Sequence[Decision]) -> str | None:
    """Return the first check of the gate that fails for any of the projects."""
    failed = {check.name for each in decisions for check in each.checks if check.reasons}
    return next((name for name in CHECKS if name in failed), None)


def _refusal(project: str, event: str, decisions: Sequence[Decision]) -> Refused:
    """Return why the projects are not moved.

    Raises:
        InvalidInput: the data has the wrong form, and nothing graver speaks against it.
    """
    for decision in decisions:
        raise_if_stopped(decision)
    reasons = tuple(dict.fromkeys([reason for each in decisions for reason in each.reasons]))
    return Refused(project, event, reasons, check=_first_failed(decisions))


def _of_all(explained: Sequence[Explanation]) -> Explanation:
    """Return the first project's explanation with what speaks against any of them: they move
    together or not at all."""
    own = explained[0]
    if len(explained) == 1:
        return own
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


class Commands(Writer):
    """Decides and writes. `fire`, `explain` and batches ask the same decision."""

    def at_once(self) -> Commands:
        """Return the same for several decisions of one moment, to be shown and not written: the
        host's directory is asked once for all of them."""
        rules = self.rules.on(self.storage)
        return Commands(rules, Queries(rules, self.now), self.now)

    def _seen(self, project_id: str, expected: int | None) -> Snapshot:
        """Return the project.

        Raises:
            Conflict: the project does not stand at the version `expected`; asked before all else.
            NotFound: no such project.
        """
        snapshot = self.queries.snapshot(project_id, defined=True)
        if expected is not None and snapshot.project.version != expected:
            raise Conflict(project_id, expected=expected)
        return snapshot

    def decide(
        self,
        snapshot: Snapshot,
        event_name: str,
        by: Actor | str,
        at: dt.datetime,
        data: Mapping[str, Any] | None,
        *,
        key: str | None = None,
        answers: Answers | None = None,
        offered: Offered | None = None,
        whole: bool = False,
        shown: bool = False,
    ) -> Decided:
        """Decide the event for each project that it would move. An id is looked up in the directory
        of the revision that the project was read under, and of the host on the day, so that all is
        of one moment. `answers` are those to questions
        that were put for many at once; `offered` is shared by the projects of a migration; with
        `whole` guards are asked also of who may not act; what is merely `shown` is not made ready
        to be written.

        Raises:
            NotFound: no directory has such an id, or the lifecycle no such event.
            InvalidInput: the actor's id can be none, or is taken for another's.
            DirectoryError: the host's directory failed.
        """
        terms = self.rules.terms(snapshot.project.plan, snapshot.latest)
        by, people = self.rules.who(terms, by, terms.calendar.today(at), snapshot.evaluation.acts)
        if event_name == MIGRATE:
            from evalflow.decision.migration import migrate

            data = data or {}
            new = (offered or Offered(self.rules)).lifecycle(data.get("lifecycle"))
            situation = self.rules.situation(snapshot, None, at, people)
            proposed = self.rules.proposed_migration(snapshot)
            decided = migrate(situation, by, at, data, new, key=key, proposed=proposed)
            return (decided,), situation.basis()
        event = self.rules.event(snapshot, event_name)
        history = None if answers is None else answers.history
        situations = self.rules.situations(snapshot, event, at, people, history)
        if answers is not None:
            situations = tuple([with_answers(each, answers) for each in situations])
        decisions = tuple(
            [
                decide(each, event, by, at, data, key=key, whole=whole, shown=shown)
                for each in situations
            ]
        )
        return decisions, basis_of(situations)

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
        return self._explained(self._seen(project_id, expected), event, by, at, data, whole)

    def permitted(
        self, project_id: str, by: Actor | str, at: dt.datetime
    ) -> tuple[Explanation, ...]:
        """Return what firing would answer, without data, for each event that the actor may fire.

        Of one whose state, role, unit or duties stand against it nothing else is read: a unit's
        projects are looked at only for who might move them, and up to the first that may not."""
        snapshot = self.queries.snapshot(project_id, defined=True)
        terms = self.rules.terms(snapshot.project.plan, snapshot.latest)
        who, people = self.rules.who(terms, by, terms.calendar.today(at), snapshot.evaluation.acts)
        owns: dict[str, Situation] = {}  # alike for all events about the same evaluation
        found = []
        for event in self.rules.lifecycle(snapshot.project.lifecycle).events.values():
            if event.sources().isdisjoint(snapshot.project.states):
                continue
            own = owns.get(event.evaluation)
            if own is None:
                own = owns[event.evaluation] = self.rules.own(snapshot, event, at, people)
            if may_act(own, event, who, at):
                explained = []
                for each in self.rules.situations(snapshot, event, at, people):
                    decision = decide(each, event, who, at, None, shown=True)
                    explained.append(decision.explained(with_data=False))
                    if not explained[-1].allowed:
                        break
                else:
                    found.append(_of_all(explained))
        return tuple(found)

    def _explained(
        self,
        snapshot: Snapshot,
        event: str,
        by: Actor | str,
        at: dt.datetime,
        data: Mapping[str, Any] | None,
        whole: bool,
    ) -> Explanation:
        decisions, _ = self.decide(snapshot, event, by, at, data, whole=whole, shown=True)
        return _of_all([each.explained(with_data=data is not None) for each in decisions])

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
            from evalflow.decision.repeated import migrates_the_same

            try:
                new = (offered or Offered(self.rules)).lifecycle(data.get("lifecycle"))
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
        snapshot = self._seen(project_id, expected)
        at = self.now()
        self.check_ahead(at)  # before it is decided: by a wrong clock much is refused
        decisions, basis = self.decide(snapshot, event, by, at, data, key=key)
        moves = tuple([decision.move for decision in decisions if decision.move is not None])
        if len(moves) != len(decisions):  # who has a move has nothing against it
            raise _refusal(project_id, event, decisions)
        self.write(moves, basis)
        return moves[0].entry

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
        from evalflow.batch import applying
        from evalflow.batch import plan as batches

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
                Problem(code="unknown_project", path="each", value=name[:60], ko=ko, en=en)
                for name in lacking[:20]
                for ko, en in [
                    did_you_mean(
                        f"사업 '{name[:60]}'이(가) 없습니다",
                        f"no project '{name[:60]}'",
                        nearest(name[:100], near),
                    )
                ]
            ]
        )

    def parts(self, at: dt.datetime | None = None) -> EngineParts:
        """Return what one batch may ask of the engine, as of `at` (None: now)."""
        from evalflow.batch.values import EngineParts

        offered = Offered(self.rules)
        return EngineParts(
            storage=self.storage,
            now=self.now if at is None else lambda: utc(at),
            actor=self.queries.actor_then,
            decide=partial(self.decide, offered=offered),
            repeats=partial(self.repeats, offered=offered),
            read_together=self.rules.read_together,
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
        event, each in its own plan, and what was read of the project; nothing where none of them
        can, and nothing is read. What is read of each is read for all of them at once."""
        snapshots = [snapshot for snapshot, _, _ in asked]
        self.rules.read_together(snapshots)
        histories = self.rules.histories(snapshots, event_name)
        known = {project: Answers(entries) for project, entries in histories.items()}
        decisions: list[tuple[Answers, Callable[[], object]]] = []
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
                answers = known.setdefault(project.id, Answers())
                made = partial(
                    self.decide, snapshot, event_name, by, at, data, key=key, answers=answers
                )
                decisions.append((answers, made))
        answer_together(decisions)
        return known

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
