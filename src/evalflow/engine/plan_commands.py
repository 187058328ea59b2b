"""What changes plans: adopted, proposed, confirmed, migrated, redated; one commit each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import attrs

from evalflow.decision.adoption import (
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
from evalflow.decision.decide import (
    check_clock,
)
from evalflow.decision.entries import plan_following
from evalflow.decision.redating import (
    Redating,
    ahead,
    check_moment,
    nothing_ahead,
    unsaid,
)
from evalflow.decision.second_person import PROPOSE_MIGRATION, proposal_data
from evalflow.engine.case_commands import CaseCommands
from evalflow.engine.offered import Offered
from evalflow.engine.outbox import bring_forward
from evalflow.errors import (
    InvalidInput,
    NotFound,
    Reason,
    Refused,
    invalid,
)
from evalflow.files.words import has_words
from evalflow.lifecycle.change_procedure import change_event
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import (
    REDATE,
    Actor,
    Commit,
    Move,
    PlanEntry,
    PlanHead,
    PlanMove,
    Project,
    ProjectDefinition,
    Selection,
)
from evalflow.model.directory import Directory
from evalflow.model.host_word import with_host
from evalflow.model.moments import utc
from evalflow.plan.definition import Plan
from evalflow.plan.differences import ADOPT, Difference, differences
from evalflow.plan.revision_limits import Adopted
from evalflow.plan.stored import stored_definition, stored_head


def _nothing_proposed(number: int, found: tuple[PlanEntry, Plan] | None) -> Reason:
    if found is not None:
        other = found[0].number
        ko = f"확인을 기다리는 개정안은 {number}번이 아니라 {other}번입니다."
        en = f"the revision that waits for a second person is number {other}, not {number}."
    else:
        ko = "확인을 기다리는 개정안이 없습니다. 그 사이 계획이 바뀌었으면 다시 올려야 합니다."
        en = (
            "no revision waits for a second person; where the plan changed meanwhile it has to be "
            "proposed again."
        )
    return Reason(code="nothing_proposed", ko=ko, en=en, about=str(number))


class PlanCommands(CaseCommands):
    """Decides about plans, and writes."""

    def adopt(self, plan: Plan, by: Actor | str, reason: str | None) -> PlanHead:
        """Put a plan, or its next revision, into force; nothing is written where nothing
        differs. An actor's id is looked up in the directory in force, in the plan's own only where
        it is new."""
        self.check_ahead(self.now())
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
        self.check_ahead(self.now())
        adoption, old = self._adoption(plan, by, reason)
        if adoption.before is None:
            raise NotFound("plan", plan.id, self.storage.plans())
        if not check_revision(plan, adoption.before, old):
            raise invalid(
                "nothing_differs",
                file=plan.file,
                value=plan.id,
                ko="지금 계획과 다른 것이 없어 올릴 개정안이 없습니다",
                en="nothing differs from the plan in force: there is nothing to propose",
            )
        self._check_revised(adoption, old, self._standing(plan.id))
        move = adoption.proposal(old)
        if adoption.last is not None:
            check_clock(adoption.head.id, adoption.last.at, adoption.at)
        self.append(Commit(plans=(move,)))
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
            number: stored_definition(head.id, number, tree)
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
        terms = self.rules.terms(before.id, before.revision)
        today, host = terms.calendar.today(adoption.at), adoption.heard
        makers = [each for each in (adoption.actor.id, adoption.on_behalf_of) if each is not None]
        found = gains(Directory(before, host), Directory(adoption.head, host), makers)
        roles = confirming(adoption.lifecycle, before)
        if not found and not before.revising.confirmed_by:
            return []
        able = self.rules.people(terms, today).holders(roles, before.office, today)
        return needs_second(before, found, tuple([each for each in able if each not in makers]))

    def _put_into_force(
        self,
        adoption: Adoption,
        old: Mapping[str, ProjectDefinition],
        standing: Mapping[str, Project],
    ) -> None:
        commit = adoption.commit(old, standing)
        if adoption.last is not None:
            check_clock(adoption.head.id, adoption.last.at, adoption.at)
        self.check_clock(commit.moves)
        self.check_ahead(adoption.at)
        self.append(commit)

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
        self.check_ahead(at)
        new = Offered(self.rules).lifecycle(lifecycle.tree)
        terms = self.rules.terms(plan_id)
        head, today = terms.head, terms.calendar.today(at)
        actor, directory = self.rules.who(terms, by, today)
        old = self.rules.lifecycle_of(plan_id)
        assert old is not None, "a plan has a lifecycle"
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
            data=with_host(proposal_data(old, new, states, events), directory.heard()),
        )
        if last is not None:
            check_clock(plan_id, last.at, at)
        self.append(Commit(plans=(move,), revisions=((plan_id, head.revision),)))
        return move.entry

    def redate(
        self, plan_id: str, to: dt.datetime, by: Actor | str, reason: str
    ) -> tuple[str, ...]:
        """Put right the times of all last entries of the plan and its projects that lie ahead, in
        one transaction; return whose they were."""
        self.queries.check_plan(plan_id)
        at = self.now()
        self.check_ahead(at)
        to = utc(to, "to")
        check_moment(to, at)
        terms = self.rules.terms(plan_id)
        head, today = terms.head, terms.calendar.today(at)
        actor, directory = self.rules.who(terms, by, today)

        def redating(lifecycle: Lifecycle) -> Redating:
            grant = entitled(REDATE, lifecycle, head, directory, actor, today)
            heard = directory.heard()
            return Redating(actor=actor.id, grant=grant, at=at, to=to, reason=reason, heard=heard)

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
        wrong = {each.project.id: frozenset(each.entry.data["entries"]) for each in moves}
        own.check(plan_id, self._written_before(plan_id, wrong, at))
        revisions = ((plan_id, head.revision),)
        self.append(Commit(moves=tuple(moves), plans=plans, revisions=revisions))
        bring_forward(self.storage, plan_id, wrong, at)
        return (*([plan_id] if plans else []), *wrong)

    def _written_before(
        self, plan_id: str, wrong: Mapping[str, frozenset[int]], at: dt.datetime
    ) -> dt.datetime | None:
        """Return the newest time of the plan's projects that was written before any of these
        entries: their log says that they were made after it. What lay ahead once and was put right
        does not count."""
        newest = None
        for _, entry in self.storage.entries() if wrong else ():
            if entry.number in wrong.get(entry.project, ()):
                return newest
            if entry.project.rpartition("/")[0] == plan_id and entry.at <= at:
                newest = entry.at if newest is None else max(newest, entry.at)
        return None

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
        event = REVISE if known else ADOPT
        today = judge.calendar.today(at)
        by, people = self.rules.who(judge, by, today)
        if proposed is None:
            grant = entitled(event, lifecycle, judge.head, people, by, today)
        else:
            grant = second_grant(lifecycle, judge.head, people, by, today, proposed)
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
            heard=people.heard(),
        )
        return adoption, old
