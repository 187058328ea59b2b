"""What entries were decided on, as the store has it: plan revisions, their people, lifecycles.

Read as rows and judged: what cannot be read is a finding, told once, and None from then on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping

import attrs

from evalflow.audit.findings import Mismatch, unreadable
from evalflow.audit.values import WRONG, fault_of
from evalflow.errors import EvalflowError
from evalflow.lifecycle.definition import Lifecycle
from evalflow.lifecycle.stored import stored_lifecycle
from evalflow.model import PlanHead
from evalflow.model.calendar import Calendar, Holidays, Period, period
from evalflow.model.canonical import digest
from evalflow.model.directory import Directory
from evalflow.plan.stored import stored_head
from evalflow.storage.integrity import Tables

_HEADS = 32  # heads kept ready; revisions by approved changes share one


@attrs.frozen
class Footing:
    """One plan revision as decisions stand on it; `seal` is the digest of its text."""

    head: PlanHead
    directory: Directory
    calendar: Calendar
    seal: str


@attrs.frozen
class Revision:
    """A row of `plan_revision` without its text."""

    number: int
    effective: str
    counts_from: Period | None
    seal: str


class Ground:
    """The plans and lifecycles of a store, read as they are asked for."""

    def __init__(self, tables: Tables, holidays: Holidays | None = None) -> None:
        """Read from `tables`; `holidays` stands in for the table that plans name."""
        self._tables = tables
        self._holidays = holidays
        self._revisions: dict[str, Mapping[int, Revision]] = {}
        self._counting: dict[tuple[str, str], list[int]] = {}
        self._footings: OrderedDict[tuple[str, str], Footing | None] = OrderedDict()
        self._lifecycles: dict[str, Lifecycle | None] = {}
        self.found: list[Mismatch] = []

    def told(self) -> Iterator[Mismatch]:
        """Yield what was found since the last time."""
        while self.found:
            yield self.found.pop(0)

    # ------------------------------------------------------------------ plans

    def revisions(self, plan: str) -> Mapping[int, Revision]:
        """Return the plan's revisions by number, in order; unreadable ones are left out."""
        known = self._revisions.get(plan)
        if known is None:
            known = self._revisions[plan] = dict(self._read(plan))
        return known

    def _read(self, plan: str) -> Iterator[tuple[int, Revision]]:
        expected = 1
        for row in self._tables.rows("plan_revision", plan):
            number, text, effective = row.get("revision"), row.get("tree"), row.get("effective")
            faults = [f for column in row if (f := fault_of("plan_revision", column, row[column]))]
            for column, value, why in faults:
                self.found.append(unreadable(f"{plan} r{number}", column, value, why))
            if faults or not isinstance(number, int) or not isinstance(text, str):
                expected += 1
                continue
            if number != expected:
                self._missing(plan, expected, number)
            expected = number + 1
            starts = None
            try:
                starts = period(str(effective))
            except EvalflowError as error:
                column = "plan_revision.effective"
                self.found.append(unreadable(f"{plan} r{number}", column, effective, error))
            yield number, Revision(number, str(effective), starts, digest(text))

    def _missing(self, plan: str, expected: int, number: int) -> None:
        self.found.append(
            Mismatch(
                project=plan,
                code="plan_edited",
                column="plan_revision.revision",
                ko=f"{expected}차 계획이 없습니다(다음은 {number}차).",
                en=f"plan revision {expected} is missing (the next is {number})",
            )
        )

    def footing(self, plan: str, revision: int) -> Footing | None:
        """Return the plan revision, None where it is not there or cannot be read."""
        known = self.revisions(plan).get(revision)
        if known is None:
            return None
        key = plan, known.seal
        if key not in self._footings:
            self._footings[key] = self._stand(plan, revision, known.seal)
            if len(self._footings) > _HEADS:
                self._footings.popitem(last=False)
        self._footings.move_to_end(key)
        found = self._footings[key]
        if found is None:
            return None
        head = attrs.evolve(found.head, revision=revision, effective=known.effective)
        return attrs.evolve(found, head=head)

    def _stand(self, plan: str, revision: int, seal: str) -> Footing | None:
        for row in self._tables.rows("plan_revision", plan):
            if row.get("revision") != revision:
                continue
            try:
                head = stored_head(row["tree"], plan)
                return Footing(head, Directory(head), Calendar(head.calendar, self._holidays), seal)
            except WRONG as error:
                self.found.append(
                    unreadable(f"{plan} r{revision}", "plan_revision.tree", row["tree"], error)
                )
        return None

    def in_force(self, plan: str, upto: int, period_text: str) -> int:
        """Return the plan revision that a period is measured against, of those up to `upto` (D5).

        Raises:
            InvalidInput: `period_text` is no period.
        """
        counting = self._counting.get((plan, period_text))
        if counting is None:
            here = period(period_text)
            counting = self._counting[plan, period_text] = [
                number
                for number, each in self.revisions(plan).items()
                if each.counts_from is None or each.counts_from <= here
            ]
        place = bisect_right(counting, upto)
        return counting[place - 1] if place else next(iter(self.revisions(plan)), 1)

    # ------------------------------------------------------------------ lifecycles

    def lifecycle(self, fingerprint: str) -> Lifecycle | None:
        """Return the lifecycle, None where it is not there, cannot be read, or its text is not the
        one that the fingerprint was made of."""
        if fingerprint not in self._lifecycles:
            found = None
            for row in self._tables.rows("lifecycle", fingerprint):
                try:
                    found = stored_lifecycle(row["tree"], fingerprint)
                except WRONG:
                    found = None
            if found is not None and found.fingerprint != fingerprint:
                found = None
            self._lifecycles[fingerprint] = found
        return self._lifecycles[fingerprint]

    def adopting(self) -> frozenset[str]:
        """Return the roles that adopt plans under any lifecycle of the store: who may revise a plan
        is asked of the lifecycle of its first project, which may have been another then."""
        every = [self.lifecycle(str(each)) for each in self._tables.owners("lifecycle")]
        return frozenset(role for each in every if each is not None for role in each.adopted_by)

    def rest(self) -> Iterator[Mismatch]:
        """Yield what is wrong with lifecycles that no entry asked for."""
        for each in self._tables.owners("lifecycle"):
            if each not in self._lifecycles and self.lifecycle(each) is None:
                yield lifecycle_edited(str(each), str(each), None)


def lifecycle_edited(about: str, fingerprint: str, number: int | None) -> Mismatch:
    """Return the finding that a lifecycle is missing, unreadable, or not the one of its name."""
    return Mismatch(
        project=about,
        code="lifecycle_edited",
        number=number,
        column="lifecycle.tree",
        ko=f"절차 정의 {fingerprint}이(가) 없거나 내용이 바뀌었습니다.",
        en=f"the lifecycle {fingerprint} is missing or was edited",
    )
