"""A plan's own history played again: its chain, and what the rules say of each entry.

What projects' histories say of the plan (`Traces`) is held against it: each revision, project and
migration that one speaks of is in the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from evalflow.audit.findings import (
    Mismatch,
    Told,
    Unchecked,
    against,
    by_host,
    edited,
    shown,
    unreadable,
)
from evalflow.audit.ground import Footing, Ground, PlanChain, lifecycle_edited
from evalflow.audit.values import WRONG
from evalflow.decision.adoption import (
    CONFIRM,
    OPEN_CASE,
    PROPOSE,
    REVISE,
    confirming,
    gains,
    needs_second,
    other_person,
    revising,
)
from evalflow.decision.decide import DRIFT
from evalflow.decision.entries import CHANGE, sections
from evalflow.decision.replay import Right, effective_period, redating_of
from evalflow.decision.second_person import PROPOSE_MIGRATION
from evalflow.files.words import has_words
from evalflow.model import OPENING, REDATE, Entry, PlanEntry
from evalflow.model.canonical import canonical, digest
from evalflow.model.history import MIGRATE
from evalflow.model.values import define, frozen
from evalflow.plan.differences import ADOPT
from evalflow.plan.stored import stored_head

EVENTS = frozenset(
    (
        *(ADOPT, REVISE, PROPOSE, CONFIRM, CHANGE, OPEN_CASE),
        *(MIGRATE, PROPOSE_MIGRATION, REDATE, OPENING),
    )
)
"""The events of a plan's history. There are no others."""

_FIRST = frozenset((ADOPT, OPENING))
_REVISING = frozenset((ADOPT, REVISE, CONFIRM, CHANGE))
"""Those that put the next revision into force."""


@define
class Traces:
    """What the histories of a plan's projects say of the plan.

    Attributes:
        revised: by number the first entry that a revision was made by and, of an approved change,
            the digest of the head that it leaves as it was.
        brought: revision, or the hash of the plan's entry that opened a case without one -> number
            -> digest of the definition that it brought.
        migrated: the hashes of entries by which projects went over to another lifecycle.
        met: the numbers of the projects that were looked at.
        unjudged: those whose history could not be followed to its end.
    """

    revised: dict[int, tuple[Entry, str | None]] = attrs.field(factory=dict)
    brought: dict[int | str, dict[str, str]] = attrs.field(factory=dict)
    migrated: set[str] = attrs.field(factory=set)
    met: set[str] = attrs.field(factory=set)
    unjudged: set[str] = attrs.field(factory=set)


@frozen
class PlanHistory:
    """One plan's entries played again; `judge` yields what does not fit. `whole` says that all of
    the plan's projects were looked at, so that one that is missing is seen."""

    plan: str
    ground: Ground
    traces: Traces
    told: Told
    whole: bool = True

    def judge(self) -> Iterator[Mismatch]:
        """Yield what does not fit; nothing where all is well."""
        chain = self.ground.chain(self.plan)
        yield from chain.found
        if not chain.entries:
            if not chain.found:
                ko, en = "계획의 이력이 없습니다.", "the plan has no history of its own"
                yield self._finding("no_history", None, ko, en, "plan_entry.plan")
            return
        last: PlanEntry | None = None
        for entry in chain.entries:
            try:
                yield from self._entry(entry, last, chain)
            except WRONG as error:
                why = f"{type(error).__name__}: {error}"[:200]
                yield unreadable(self.plan, "plan_entry.data", entry.data, why, entry.number)
            yield from self.ground.told()
            last = entry
        if chain.broken:
            return
        yield from self._unspoken(chain)
        if self.whole:
            yield from self._missing(chain)

    # ------------------------------------------------------------------ one entry

    def _entry(
        self, entry: PlanEntry, last: PlanEntry | None, chain: PlanChain
    ) -> Iterator[Mismatch]:
        if entry.event not in EVENTS:
            yield self._finding(
                "unknown_event",
                entry,
                f"계획의 이력에 없는 처리입니다: {shown(entry.event)}",
                f"the history of a plan has no event {shown(entry.event)}",
                "plan_entry.event",
            )
            return
        if (last is None) != (entry.event in _FIRST):
            yield self._impossible(entry)
            return
        if last is not None and entry.at < last.at - DRIFT and entry.event != REDATE:
            yield self._finding(
                "time_order",
                entry,
                f"시각이 앞 이력보다 이릅니다: {entry.at.isoformat()}",
                f"its time lies before that of the entry before it: {entry.at.isoformat()}",
                "plan_entry.at",
            )
        differing = self._standing(entry, last)
        if differing:
            what = ("계획 이력의 내용", "what the entry of the plan says")
            yield edited(self.plan, "entry_differs", what, "plan_entry", differing, entry.number)
            return
        if self.ground.lifecycle(entry.lifecycle) is None and entry.lifecycle:
            yield lifecycle_edited(self.plan, entry.lifecycle, entry.number)
        for fingerprint, seal in entry.data.get("lifecycles", {}).items():
            if self.ground.lifecycle_seal(fingerprint) != seal:
                yield lifecycle_edited(self.plan, fingerprint, entry.number)
        yield from self._revisions(entry)
        if entry.event == OPENING:
            self._opened(entry)
        elif entry.event in (ADOPT, REVISE, PROPOSE, CONFIRM, PROPOSE_MIGRATION, REDATE):
            yield from self._allowed(entry, last)
        if entry.event == CONFIRM:
            yield from self._confirmed(entry, last)
        if entry.event == REVISE:
            yield from self._alone(entry, last)
        if entry.event in _REVISING or entry.event == OPEN_CASE:
            yield from self._brought(entry)
        if entry.event == MIGRATE:
            yield from self._migrated(entry)
        if entry.event == REDATE:
            earlier = [each for each in chain.entries if each.number < entry.number]
            if redating_of(entry).plan_data(self.plan, earlier) != entry.data:
                yield self._impossible(entry)

    def _standing(
        self, entry: PlanEntry, last: PlanEntry | None
    ) -> list[tuple[str, object, object]]:
        """Return (column, said, should be) of what does not follow on from the entry before."""
        if entry.event == OPENING:
            return []
        makes = entry.event in _REVISING
        should: dict[str, object] = {"revision": (last.revision if last else 0) + makes}
        should["head_before"] = last.head_after if last else ""
        if last is not None:
            if not makes:
                should |= {"head_after": last.head_after, "effective": last.effective}
            if entry.event == CHANGE:
                should["head_after"] = last.head_after
            if entry.event == MIGRATE:
                if entry.data.get("from") != last.lifecycle or entry.lifecycle == last.lifecycle:
                    should["data"] = {**entry.data, "from": last.lifecycle}
            else:
                should["lifecycle"] = last.lifecycle
        if makes and (footing := self._footing(entry.revision)) is not None:
            before = None if last is None else self._footing(last.revision)
            if last is None:
                should["effective"] = footing.head.calendar.first
            elif before is not None and not effective_period(before.calendar, entry.at)(
                entry.effective
            ):
                today = before.calendar.today(entry.at)
                should["effective"] = before.calendar.period_on(today).text
            if entry.event != CHANGE and (last is None or before is not None):
                told = sections(None if before is None else before.head, footing.head)
                if entry.data.get("sections") != told:
                    should["data"] = {**entry.data, "sections": told}
        if entry.event == PROPOSE and last is not None:
            before = self._footing(last.revision)
            offered = stored_head(entry.data["head"], self.plan)
            told = sections(None if before is None else before.head, offered)
            if before is not None and entry.data.get("sections") != told:
                should["data"] = {**entry.data, "sections": told}
        return [
            (column, getattr(entry, column), value)
            for column, value in should.items()
            if getattr(entry, column) != value
        ]

    def _revisions(self, entry: PlanEntry) -> Iterator[Mismatch]:
        """Hold the revisions that it speaks for against those that are there."""
        there = self.ground.revisions(self.plan)
        for number, effective, seal in entry.revisions():
            if entry.event not in _REVISING and entry.event != OPENING:
                return
            found = there.get(number)
            if found is None:
                ko, en = f"{number}차 계획이 없습니다.", f"plan revision {number} is missing"
                yield self._finding("plan_edited", entry, ko, en, "plan_revision.revision")
                continue
            if found.seal != seal:
                yield self._finding(
                    "plan_edited",
                    entry,
                    f"{number}차 계획의 내용이 이 이력이 시행한 것과 다릅니다.",
                    f"plan revision {number} is not the one that this entry put into force",
                    "plan_revision.tree",
                )
            if found.effective != effective:
                yield self._finding(
                    "plan_edited",
                    entry,
                    f"{number}차 계획의 적용 시작 {shown(found.effective)}이(가) 이력과 다릅니다"
                    f"({effective}).",
                    f"revision {number} counts from {shown(found.effective)}, by history from "
                    f"{effective}",
                    "plan_revision.effective",
                )

    def _opened(self, entry: PlanEntry) -> None:
        count = len(entry.data["projects"])
        self.told(
            Unchecked(
                project=self.plan,
                number=entry.number,
                code="opening_balance",
                ko=f"1~{entry.revision}차 계획과 사업 {count}개는 계획 이력이 없던 저장소를 "
                "올릴 때 있던 그대로 적은 것입니다. 그 전에 누가 계획을 고쳤는지는 확인할 수 "
                "없습니다.",
                en=f"revisions 1 to {entry.revision} and {count} projects are a recorded opening "
                "balance: as they were found when the store was upgraded. Who revised the plan "
                "before then cannot be checked.",
            )
        )

    def _allowed(self, entry: PlanEntry, last: PlanEntry | None) -> Iterator[Mismatch]:
        """Judge who made a revision, by the one in force before it; a new plan by its own."""
        judge = self._footing(entry.revision if last is None else last.revision)
        lifecycle = self.ground.lifecycle(entry.lifecycle if last is None else last.lifecycle)
        if judge is None or lifecycle is None:
            return
        right = Right(
            head=judge.head,
            directory=judge.people(entry),
            calendar=judge.calendar,
            roles=(confirming if entry.event == CONFIRM else revising)(lifecycle, judge.head),
            names={name: role.label for name, role in lifecycle.roles.items()},
        )
        known, hosted, checks = right.judge(entry)
        if hosted:
            ko, en = by_host(entry)
            self.told(
                Unchecked(project=self.plan, number=entry.number, code="by_host", ko=ko, en=en)
            )
        if not known:
            self.told(
                Unchecked(
                    project=self.plan,
                    number=entry.number,
                    code="actor_not_in_directory",
                    ko=f"'{entry.actor}'은(는) 그때의 계획에 없는 처리자라 역할을 확인할 수 "
                    "없습니다.",
                    en=f"'{entry.actor}' was in no directory of the plan then: the role cannot be "
                    "checked",
                )
            )
        if checks:
            yield self._finding(
                "not_allowed",
                entry,
                f"'{entry.event}'은(는) 규칙이 막는 처리입니다: {against(checks, 'ko')}",
                f"the rules do not allow '{entry.event}': {against(checks, 'en')}",
            )
        if last is not None and not has_words(entry.reason or ""):
            yield self._finding(
                "not_allowed",
                entry,
                "계획을 고친 사유가 없습니다.",
                "a revision of the plan needs a written reason",
                "plan_entry.reason",
            )

    def _confirmed(self, entry: PlanEntry, last: PlanEntry | None) -> Iterator[Mismatch]:
        """Hold what a second person put into force against what was proposed just before."""
        if last is None or last.event != PROPOSE:
            yield self._impossible(entry)
            return
        projects = {n: digest(canonical(tree)) for n, tree in last.data["projects"].items()}
        same = entry.head_after == digest(canonical(last.data["head"]))
        if not same or entry.data["projects"] != projects or entry.reason != last.reason:
            yield self._finding(
                "not_allowed",
                entry,
                "확인한 개정이 올린 개정안과 다릅니다.",
                "what was confirmed is not what was proposed",
                "plan_entry.data",
            )
        if not other_person(last, entry.actor, entry.on_behalf_of):
            yield self._finding(
                "not_allowed",
                entry,
                "개정안을 올린 사람이 스스로 확인했습니다.",
                "whoever proposed the revision confirmed it",
                "plan_entry.actor",
            )

    def _alone(self, entry: PlanEntry, last: PlanEntry | None) -> Iterator[Mismatch]:
        """Yield a revision by one person that needed a second one."""
        before = None if last is None else self._footing(last.revision)
        after = self._footing(entry.revision)
        if before is None or after is None:
            return
        makers = [each for each in (entry.actor, entry.on_behalf_of) if each is not None]
        found = gains(before.people(entry), after.people(entry), makers)
        for reason in needs_second(before.head, found, ()):
            yield self._finding("not_allowed", entry, reason.ko, reason.en, "plan_revision.tree")

    # ------------------------------------------------------------------ what projects say

    def _brought(self, entry: PlanEntry) -> Iterator[Mismatch]:
        """Hold the projects that it brought, or redefined, against their own histories."""
        said: Mapping[str, str] = entry.data["projects"]
        found = self.traces.brought.get(
            entry.hash if entry.event == OPEN_CASE else entry.revision, {}
        )
        for number in {*said, *found}:
            if number not in self.traces.met or number in self.traces.unjudged:
                continue
            if said.get(number) != found.get(number):
                yield self._finding(
                    "entry_differs",
                    entry,
                    f"관리번호 {number}의 이력에 이 계획이 정한 사업 내용이 없거나 다릅니다.",
                    f"the history of number {number} does not have what this entry says of it",
                    "plan_entry.data",
                )

    def _migrated(self, entry: PlanEntry) -> Iterator[Mismatch]:
        for number, hash_ in entry.data["entries"].items():
            if number not in self.traces.met or number in self.traces.unjudged:
                continue
            if hash_ not in self.traces.migrated:
                yield self._finding(
                    "entry_differs",
                    entry,
                    f"관리번호 {number}의 이력에 이 전환이 없습니다.",
                    f"the history of number {number} has no such migration",
                    "plan_entry.data",
                )

    def _missing(self, chain: PlanChain) -> Iterator[Mismatch]:
        """Yield projects that the plan's history brought in and that are nowhere."""
        brought = dict.fromkeys(
            number
            for entry in chain.entries
            if entry.event != PROPOSE
            for number in entry.data.get("projects", ())
        )
        for number in brought:
            if number not in self.traces.met:
                project = f"{self.plan}/{number}"
                yield Mismatch(
                    project=project,
                    code="project_missing",
                    column="project.id",
                    ko="계획의 이력에 있는 사업이 저장소에 없습니다.",
                    en="the plan's history brought it in, but there is no such project",
                )

    def _unspoken(self, chain: PlanChain) -> Iterator[Mismatch]:
        """Yield revisions that are there and that no entry put into force."""
        spoken = {number for entry in chain.entries for number, _, _ in entry.revisions()}
        for number in self.ground.revisions(self.plan):
            if number not in spoken:
                yield Mismatch(
                    project=self.plan,
                    code="plan_edited",
                    column="plan_revision.revision",
                    ko=f"{number}차 계획을 시행한 계획 이력이 없습니다.",
                    en=f"no entry of the plan's history put revision {number} into force",
                )

    # ------------------------------------------------------------------ saying it

    def _footing(self, revision: int) -> Footing | None:
        return self.ground.footing(self.plan, revision)

    def _impossible(self, entry: PlanEntry) -> Mismatch:
        return self._finding(
            "impossible_move",
            entry,
            f"'{entry.event}'은(는) 계획 이력의 {entry.number}번에 올 수 없습니다.",
            f"'{entry.event}' cannot stand at number {entry.number} of a plan's history",
            "plan_entry.event",
        )

    def _finding(
        self, code: str, entry: PlanEntry | None, ko: str, en: str, column: str | None = None
    ) -> Mismatch:
        number = None if entry is None else entry.number
        return Mismatch(project=self.plan, code=code, number=number, ko=ko, en=en, column=column)


def names_plan_entry(
    entry: Entry, chain: PlanChain, least: int, number: str
) -> PlanEntry | str | None:
    """Return the entry of the plan's history under which a project's entry was decided; None
    where it is from before plans had one; or a code of `UNDER` that says why there is none.

    `least` is the number of the plan's entry that the project's entry before names.
    """
    if not entry.plan_head:
        if not chain.entries:
            return None
        stood = chain.opened.get(number)
        if stood is None or entry.number > stood[0]:
            return "unnamed"
        return "opened_otherwise" if entry.number == stood[0] and entry.hash != stood[1] else None
    found = chain.by_hash.get(entry.plan_head)
    if found is None:
        return "nowhere"
    return "older" if found.number < least else found


UNDER: Mapping[str, tuple[str, str]] = {
    "unnamed": (
        "어느 계획 이력에 따라 처리했는지 적혀 있지 않습니다.",
        "it does not say under which entry of the plan's history it was decided",
    ),
    "nowhere": (
        "처리의 근거인 계획 이력이 없습니다.",
        "the entry of the plan's history under which it was decided is not there",
    ),
    "older": (
        "앞 이력보다 오래된 계획 이력에 따라 처리한 것으로 되어 있습니다.",
        "it was decided under an older entry of the plan's history than the one before it",
    ),
    "opened_otherwise": (
        "저장소를 올릴 때 적은 이력의 끝과 다릅니다.",
        "it is not the entry at which the project stood in the plan's opening balance",
    ),
    "otherwise": (
        "계획 이력이 말하는 것과 다릅니다(차수·사업 내용·처리자·시각·사유).",
        "it is not what the plan's history says (revision, definition, actor, time or reason)",
    ),
}
"""Why an entry does not stand under its plan's history: the sentence in Korean and in English."""
