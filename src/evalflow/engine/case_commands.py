"""What opens a case: one more project of a plan, without a revision of it."""

from __future__ import annotations

import attrs

from evalflow.decision.adoption import Adoption, check_content, check_reasons, opener
from evalflow.decision.decide import check_clock
from evalflow.engine.writing import Writer
from evalflow.errors import Conflict, invalid
from evalflow.model import Actor, Entry, Selection
from evalflow.model.canonical import Tree
from evalflow.plan.definition import Plan
from evalflow.plan.project import definition_from_tree
from evalflow.storage.faults import fault_point

_TRIES = 20  # to take the next free number, where others open cases at the same time


class CaseCommands(Writer):
    """Opens cases, where a plan's lifecycle says who may."""

    def open_case(
        self, plan_id: str, case: Tree, by: Actor | str, number: str | None, reason: str | None
    ) -> Entry:
        """Bring one more project into the plan without a revision, and return its first entry;
        without a `number` the next one that is free is taken, again where somebody was first."""
        self.queries.check_plan(plan_id)
        for attempt in range(_TRIES):
            try:
                return self._open_case(plan_id, case, by, number, reason)
            except Conflict:
                if number is not None or attempt == _TRIES - 1:
                    raise
        raise AssertionError("the last try returns or raises")

    def _open_case(
        self, plan_id: str, case: Tree, by: Actor | str, number: str | None, reason: str | None
    ) -> Entry:
        at = self.now()
        self.check_ahead(at)
        terms, last = self.rules.terms(plan_id), self.storage.plan_entry(plan_id)
        lifecycle = self.rules.lifecycle_of(plan_id)
        assert lifecycle is not None, "a plan has a lifecycle"
        head, today = terms.head, terms.calendar.today(at)
        taken = {each.number for each in self.storage.select(Selection(plan=plan_id))}
        if number is None:
            number = str(1 + max((int(each) for each in taken if each.isdecimal()), default=0))
        elif number in taken:
            ko = f"관리번호 {number}은(는) 이미 있습니다"
            en = f"there is a number {number} already"
            raise invalid("number_taken", path="number", value=number, ko=ko, en=en)
        definition = definition_from_tree(head, number, case, measures=False)
        plan = Plan(head=head, projects={number: definition}, lifecycle=lifecycle)
        check_reasons(plan, head, {})
        check_content(plan, lifecycle, {})
        if definition.about is not None:
            self.queries.snapshot(definition.about)  # there has to be such a project
        actor, people = self.rules.who(terms, by, today)
        grant = opener(lifecycle, head, people, actor, definition.unit_on(today), today)
        adoption = Adoption(
            plan=plan,
            head=head,
            calendar=terms.calendar,
            lifecycle=lifecycle,
            actor=actor,
            role=grant.role,
            on_behalf_of=grant.on_behalf_of,
            at=at,
            reason=reason,
            last=last,
            before=head,
            opens=True,
            heard=people.heard(),
        )
        commit = attrs.evolve(adoption.commit({}, {}), revisions=((plan_id, head.revision),))
        if last is not None:
            check_clock(plan_id, last.at, at)
        fault_point("fire:decided")
        self.append(commit)
        return commit.moves[0].entry
