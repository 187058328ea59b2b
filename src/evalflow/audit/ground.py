"""What entries were decided on, as the store has it: plan revisions, their people, lifecycles.

Read as rows and judged: what cannot be read is a finding, told once, and None from then on.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping

import attrs

from evalflow.audit.findings import Mismatch, unreadable
from evalflow.audit.values import WRONG, fault_of, plan_entry_of
from evalflow.errors import EvalflowError
from evalflow.lifecycle.definition import Lifecycle
from evalflow.lifecycle.stored import stored_lifecycle
from evalflow.model import OPENING, Entry, PlanEntry, PlanHead
from evalflow.model.calendar import Calendar, DueFunction, Holidays, Period, period
from evalflow.model.canonical import digest
from evalflow.model.directory import Directory
from evalflow.model.host_word import host_said
from evalflow.model.values import frozen
from evalflow.plan.stored import stored_head
from evalflow.storage.integrity import Tables

_HEADS = 32  # heads kept ready; revisions by approved changes share one


@frozen
class Footing:
    """One plan revision as decisions stand on it; `seal` is the digest of its text."""

    head: PlanHead
    directory: Directory
    calendar: Calendar
    seal: str

    def people(self, entry: Entry | PlanEntry | None) -> Directory:
        """Return who held what when the entry was made: the plan's people, and what the host's
        directory was heard to say then. Raises as `host_said`."""
        said = None if entry is None else host_said(entry.data)
        return self.directory if said is None else Directory(self.head, said)


@frozen
class Revision:
    """A row of `plan_revision` without its text."""

    number: int
    effective: str
    counts_from: Period | None
    seal: str


@frozen
class PlanChain:
    """A plan's own history as far as its chain holds.

    Attributes:
        entries: its entries in order, up to the first that does not fit.
        by_hash: the same by their hashes.
        opened: number -> (number, hash) of the entry at which a project stood in the plan's opening
            balance; empty where it has none.
        found: what is wrong with the chain, or with the form of a row.
        broken: whether there are entries that it does not hold.
    """

    entries: list[PlanEntry]
    by_hash: dict[str, PlanEntry]
    opened: Mapping[str, tuple[int, str]]
    found: list[Mismatch]
    broken: bool

    def at(self, revision: int) -> PlanEntry | None:
        """Return the entry that put the revision into force."""
        place = bisect_left(self.entries, revision, key=lambda each: each.revision)
        return self.entries[place] if place < len(self.entries) else None


class Ground:
    """The plans and lifecycles of a store, read as they are asked for."""

    def __init__(
        self,
        tables: Tables,
        holidays: Holidays | None = None,
        kinds: Mapping[str, DueFunction] | None = None,
    ) -> None:
        """Read from `tables`; `holidays` stands in for the table that plans name; `kinds` are the
        due rules of plugins."""
        self._tables = tables
        self._holidays = holidays
        self._kinds = {} if kinds is None else dict(kinds)
        self._revisions: dict[str, Mapping[int, Revision]] = {}
        self._counting: dict[tuple[str, str], list[int]] = {}
        self._footings: OrderedDict[tuple[str, str], Footing | None] = OrderedDict()
        self._lifecycles: dict[str, Lifecycle | None] = {}
        self._chains: dict[str, PlanChain] = {}
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
                return Footing(
                    head,
                    Directory(head),
                    Calendar(head.calendar, self._holidays, self._kinds),
                    seal,
                )
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

    def chain(self, plan: str) -> PlanChain:
        """Return the plan's own history, as far as its chain holds."""
        known = self._chains.get(plan)
        if known is None:
            known = self._chains[plan] = self._follow(plan)
        return known

    def _follow(self, plan: str) -> PlanChain:
        entries: list[PlanEntry] = []
        found: list[Mismatch] = []
        for row in self._tables.rows("plan_entry", plan):
            entry = plan_entry_of(row)
            if isinstance(entry, list):
                number = row.get("number")
                known = number if isinstance(number, int) else None
                found += [
                    unreadable(plan, column, value, why, known) for column, value, why in entry
                ]
                break
            fault = _chain_fault(plan, entry, entries[-1] if entries else None)
            if fault is not None:
                found.append(fault)
                break
            entries.append(entry)
        opened: dict[str, tuple[int, str]] = {}
        if entries and entries[0].event == OPENING:
            try:
                stood = entries[0].data["projects"]
                opened = {number: (each[0], each[1]) for number, each in stood.items()}
                list(entries[0].revisions())
            except WRONG as error:
                found.append(unreadable(plan, "plan_entry.data", entries[0].data, error, 1))
                entries.clear()
        by_hash = {each.hash: each for each in entries}
        return PlanChain(entries, by_hash, opened, found, broken=bool(found))

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

    def lifecycle_seal(self, fingerprint: str) -> str | None:
        """Return the digest of the lifecycle's text, None where there is none."""
        for row in self._tables.rows("lifecycle", fingerprint):
            if isinstance(row.get("tree"), str):
                return digest(row["tree"])
        return None

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


def _chain_fault(plan: str, entry: PlanEntry, last: PlanEntry | None) -> Mismatch | None:
    """Return what of an entry does not follow on from the last one, or from its own content."""
    number, hash_ = (0, "") if last is None else (last.number, last.hash)
    if entry.number != number + 1:
        ko = f"{number + 1}번 계획 이력이 없습니다(다음은 {entry.number}번)."
        en = f"entry {number + 1} of the plan is missing (the next is {entry.number})"
        code, column = "history_gap", "plan_entry.number"
    elif digest(entry.body()) != entry.hash or entry.plan != plan:
        ko, en = "내용이 기록된 해시와 다릅니다.", "its content does not fit its hash"
        code, column = "entry_changed", "plan_entry.hash"
    elif entry.previous != hash_:
        ko = "앞 이력의 해시와 이어지지 않습니다."
        en = "it does not follow from the entry before it"
        code, column = "chain_broken", "plan_entry.previous"
    else:
        return None
    return Mismatch(project=plan, code=code, number=entry.number, column=column, ko=ko, en=en)
