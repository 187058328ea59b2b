"""One project's history played again: its chain, and what the rules say of each entry.

What a firing must have written is made by what makes it when something is fired: `decide` and the
actions. The rows that they left are held against those that are there by `leavings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from evalflow.audit.expected_rows import ExpectedRows, entry_differs, project_values, said_by
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
from evalflow.audit.ground import Footing, Ground, lifecycle_edited
from evalflow.audit.plan_histories import UNDER, Traces, names_plan_entry
from evalflow.audit.values import WRONG, entry_of
from evalflow.decision.adoption import CONFIRM, OPEN_CASE, REVISE
from evalflow.decision.decide import DRIFT
from evalflow.decision.entries import CHANGE
from evalflow.decision.guards import Guard
from evalflow.decision.replay import (
    Replayed,
    Right,
    judge_event,
    redefines,
    replay_adoption,
    replay_event,
    replay_migration,
    replay_redating,
)
from evalflow.decision.second_person import newest_proposal
from evalflow.decision.situation import Situation, evaluation_for
from evalflow.errors import PluginError
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import (
    REDATE,
    Entry,
    Evaluation,
    Move,
    PlanEntry,
    PlanHead,
    Project,
    ProjectDefinition,
    Rating,
    Snapshot,
    Subject,
    dated,
)
from evalflow.model.canonical import canonical, digest, parse
from evalflow.model.history import MIGRATE
from evalflow.model.values import define, frozen
from evalflow.plan.differences import ADOPT
from evalflow.plan.stored import stored_definition
from evalflow.storage.integrity import Values
from evalflow.storage.rows import project_from, project_row


@frozen(kw_only=True)
class Power:
    """What a deep verification asks besides: the scorer of a plan revision, and its guards by
    name, without those that look at other projects."""

    score: Callable[[Subject], Rating]
    guards: Mapping[str, Guard]


@define
class History:
    """One project's entries played again; `judge` yields what does not fit.

    `rows` gives the project's rows by table, of the tables in `kept`. `followed` says afterwards
    whether the chain held to its end, `whole` whether every entry could be played again. `powers`
    gives the scorer and guards of a plan revision, None where neither is asked. `missing` counts
    entries that are known to be missing. A `quiet` one, whose entries a checkpoint covers, is not
    played: its chain is followed, and where it stands is held to its last entry. `traces` takes
    what it says of its plan; `under` is the number of the plan's entry that the last one names.
    """

    project: str
    rows: Callable[[str], Iterable[Values]]
    kept: frozenset[str]
    ground: Ground
    told: Told
    powers: Callable[[Footing], Power] | None = None
    missing: int = 0
    last: Entry | None = None
    now: Project | None = None
    definitions: list[tuple[int, ProjectDefinition]] = attrs.field(factory=list)
    evaluations: dict[str, Evaluation] = attrs.field(factory=dict)
    played: list[Entry] = attrs.field(factory=list)
    left: ExpectedRows = attrs.field(init=False)
    traces: Traces = attrs.field(factory=Traces)
    under: int = 0
    followed: bool = True
    whole: bool = True
    stopped: bool = False
    quiet: bool = False

    def __attrs_post_init__(self) -> None:
        self.left = ExpectedRows(self.project)

    @property
    def plan(self) -> str:
        """The id of its plan."""
        return self.project.rpartition("/")[0]

    @property
    def number(self) -> str:
        """Its 관리번호."""
        return self.project.rpartition("/")[2]

    def judge(self) -> Iterator[Mismatch]:
        """Yield what does not fit; nothing where all is well."""
        self.traces.met.add(self.number)
        self.traces.unjudged.add(self.number)
        yield from self._judge()
        if self.followed and self.whole and self.last is not None and not self.quiet:
            self.traces.unjudged.discard(self.number)

    def _judge(self) -> Iterator[Mismatch]:
        stands = list(self.rows("project"))
        for finding in self._chain():
            yield from self.ground.told()
            yield finding
        yield from self.ground.told()
        if not self.followed:
            return
        if self.last is None:
            ko, en = "이력이 없습니다.", "it has no history"
            yield self._finding("no_history", None, ko, en)
            return
        version = stands[0].get("version") if stands else None
        if isinstance(version, int) and version > self.last.number:
            yield self._cut_off(self.last.number + 1, version)
            return
        opened = self.ground.chain(self.plan).opened.get(self.number)
        if opened is not None and opened[0] > self.last.number:
            yield self._cut_off(self.last.number + 1, opened[0])
            return
        if self.quiet:
            self._say(
                "before_checkpoint",
                self.last.number,
                "확인값이 보호하는 이력만 있어 다시 밟지 않았습니다.",
                "a checkpoint covers all its entries: they were not played again",
            )
        if self.now is None or not self.whole:
            yield from self.left.stands(stands, said_by(self.last))
            return
        yield from self.left.stands(stands, project_values(self.now))
        yield from self.left.compare(self.rows, self.kept)

    # ------------------------------------------------------------------ the chain

    def _chain(self) -> Iterator[Mismatch]:
        """Follow the chain to the first entry that does not fit; what comes after it has nothing to
        stand on, so it is not judged."""
        replaying = not self.quiet
        position = None
        for row in self.rows("entry"):
            entry = entry_of(row)
            if isinstance(entry, list):
                number = row.get("number")
                for column, value, why in entry:
                    known = number if isinstance(number, int) else None
                    yield unreadable(self.project, column, value, why, known)
                self.followed = False
                return
            fault = self._chain_fault(entry)
            if fault is not None:
                self.followed = False
                yield fault
                return
            here = row.get("position")
            if position is not None and here is not None and here <= position:
                yield self._finding(
                    "order_broken",
                    entry.number,
                    f"앞 이력보다 먼저 기록된 것으로 되어 있습니다(순번 {here}).",
                    f"it stands before its predecessor in the order of writing (position {here})",
                    "entry.position",
                )
            position = here
            back = self.last is not None and entry.at < self.last.at - DRIFT
            if back and entry.event != REDATE:  # which says when those before it were made
                yield self._finding(
                    "time_order",
                    entry.number,
                    f"시각이 앞 이력보다 이릅니다: {entry.at.isoformat()}",
                    f"its time lies before that of the entry before it: {entry.at.isoformat()}",
                    "entry.at",
                )
            if replaying:
                try:
                    for finding in self._replay(entry):
                        replaying = replaying and finding.code not in _ENDING
                        yield finding
                except WRONG as error:
                    yield self._cannot(entry, error)
                    replaying = False
                replaying = replaying and not self.stopped
                self.whole = replaying
            self.last = entry

    def _chain_fault(self, entry: Entry) -> Mismatch | None:
        last = self.last
        expected = 1 if last is None else last.number + 1
        if entry.number != expected:
            self.missing += max(entry.number - expected, 0)
            return self._finding(
                "history_gap",
                expected,
                f"{expected}번 이력이 없습니다(다음은 {entry.number}번).",
                f"entry {expected} is missing (the next is {entry.number})",
            )
        if digest(entry.body()) != entry.hash or entry.project != self.project:
            return self._finding(
                "entry_changed",
                entry.number,
                "내용이 기록된 해시와 다릅니다.",
                "its content does not fit its hash",
            )
        if entry.previous != ("" if last is None else last.hash):
            return self._finding(
                "chain_broken",
                entry.number,
                "앞 이력의 해시와 이어지지 않습니다.",
                "it does not follow from the entry before it",
            )
        if last is not None and (entry.before, entry.period) != (last.after, last.period_after):
            return self._finding(
                "chain_broken",
                entry.number,
                "앞 이력이 남긴 상태에서 시작하지 않습니다.",
                "it does not start from the states that the entry before it left",
            )
        return None

    def _cut_off(self, first: int, version: int) -> Mismatch:
        self.missing += version - first + 1
        return self._finding(
            "entry_missing",
            first,
            f"{first}번부터 {version}번까지 이력이 없습니다.",
            f"entries {first} to {version} are missing",
            "project.version",
        )

    # ------------------------------------------------------------------ the rules

    def _replay(self, entry: Entry) -> Iterator[Mismatch]:
        lifecycle = self.ground.lifecycle(entry.lifecycle)
        if lifecycle is None:
            yield lifecycle_edited(self.project, entry.lifecycle, entry.number)
            return
        again = self._again(entry, lifecycle)
        if isinstance(again, Mismatch):
            yield again
            return
        if not again.known:
            self._say(
                "actor_not_in_directory",
                entry.number,
                f"'{entry.actor}'은(는) 그때의 계획에 없는 처리자라 역할을 확인할 수 없습니다.",
                f"'{entry.actor}' was in no directory of the plan then: the role cannot be checked",
            )
        if again.by_host:
            self._say("by_host", entry.number, *by_host(entry))
        if again.by_later_rules and self.powers is None:
            self.stopped = True
            self._say(
                "refused_by_now",
                entry.number,
                f"현재 규칙으로는 처리할 수 없습니다: {against(again.checks, 'ko')}",
                f"under the present rules it would be refused: {against(again.checks, 'en')}",
            )
            return
        if again.checks:
            yield self._finding(
                "not_allowed",
                entry.number,
                f"'{entry.event}'은(는) 규칙이 막는 처리입니다: {against(again.checks, 'ko')}",
                f"the rules do not allow '{entry.event}': {against(again.checks, 'en')}",
            )
        if again.move is None:
            if not again.checks:
                yield self._impossible(entry)
            return
        differing = entry_differs(entry, again.move.entry)
        if differing:
            yield edited(
                self.project,
                "entry_differs",
                (f"'{entry.event}' 이력의 내용", f"what the entry of '{entry.event}' says"),
                "entry",
                differing,
                entry.number,
            )
            return
        if self.powers is not None:
            yield from self._deep(entry, lifecycle)
        elif again.counted and again.late != entry.late:
            self._say(
                "late_by_old_rules",
                entry.number,
                f"늦은 날수: 기록은 {shown(entry.late)}, 지금의 규칙과 공휴일로는 "
                f"{shown(again.late)}",
                f"days late: recorded is {shown(entry.late)}, under the present rules and "
                f"holidays it is {shown(again.late)}",
            )
        self._follow(entry, again.move)

    def _under(self, entry: Entry) -> PlanEntry | Mismatch | None:
        """Return the entry of the plan's history under which it was decided, None where it is from
        before plans had one; or what does not fit in it."""
        chain = self.ground.chain(self.plan)
        found = names_plan_entry(entry, chain, self.under, self.number)
        if isinstance(found, str):
            return self._not_under(entry, found)
        if found is None:
            return None
        self.under = found.number
        redefined = redefines(entry)
        made: PlanEntry | None = None
        if entry.event in (ADOPT, REVISE):
            made = found
            events = (ADOPT, REVISE, CONFIRM, *([OPEN_CASE] if entry.event == ADOPT else []))
            fits = found.revision == entry.revision and found.event in events
        else:
            fits = found.revision == entry.revision - (redefined is not None)
        if entry.event == MIGRATE:
            fits = fits and any(each.lifecycle == entry.lifecycle for each in chain.entries)
        elif fits and redefined is not None and made is None:
            made = chain.at(entry.revision)
            fits = (
                made is not None
                and made.event == CHANGE
                and made.data["entries"].get(self.number) == entry.hash
            )
        if fits and made is not None:
            told = made.data["projects"].get(self.number)
            fits = told == digest(canonical(redefined)) and _by(made) == _by(entry)
        return found if fits else self._not_under(entry, "otherwise")

    def _not_under(self, entry: Entry, why: str) -> Mismatch:
        ko, en = UNDER[why]
        return self._finding("plan_unknown", entry.number, ko, en, "entry.plan_head")

    def _again(self, entry: Entry, lifecycle: Lifecycle) -> Replayed | Mismatch:
        """Decide the entry again; return what comes out, or why it cannot be."""
        first = entry.event == ADOPT
        if first != (entry.number == 1) or first != (self.now is None):
            return self._impossible(entry)
        old = entry.lifecycle if self.now is None else self.now.lifecycle
        if old != entry.lifecycle and entry.event != MIGRATE:
            return self._unmigrated(entry, old)
        under = self._under(entry)
        if isinstance(under, Mismatch):
            return under
        if entry.event in (ADOPT, REVISE):
            return self._adopted(entry, lifecycle, under)
        if entry.event == REDATE:
            footing = self.ground.footing(self.plan, entry.revision)
            if footing is None or self.now is None:
                return self._plan_edited(entry)
            situation = self._situation(footing, lifecycle, entry)
            return replay_redating(situation, entry, self.played)
        event = None
        if entry.event != MIGRATE:
            event = lifecycle.events.get(entry.event)
            if event is None:
                return self._finding(
                    "unknown_event",
                    entry.number,
                    f"절차 {entry.lifecycle}에 없는 처리입니다: {shown(entry.event)}",
                    f"the lifecycle {entry.lifecycle} has no event {shown(entry.event)}",
                    "entry.event",
                )
        footing = self.ground.footing(self.plan, entry.revision - (redefines(entry) is not None))
        if footing is None or self.now is None:
            return self._plan_edited(entry)
        if event is None:
            left = self.ground.lifecycle(old)
            assert left is not None, "its earlier entries were played by it"
            known = self.ground.chain(self.plan).entries[: under.number if under else 0]
            situation = self._situation(footing, left, entry)
            return replay_migration(situation, entry, lifecycle, newest_proposal(known))
        return replay_event(self._situation(footing, lifecycle, entry), event, entry)

    def _adopted(
        self, entry: Entry, lifecycle: Lifecycle, under: PlanEntry | None
    ) -> Replayed | Mismatch:
        footing = self.ground.footing(self.plan, entry.revision)
        judge = self.ground.footing(self.plan, max(entry.revision - 1, 1))
        tree = redefines(entry)
        if (
            footing is None
            or judge is None
            or tree is None
            or footing.seal != entry.data.get("plan")
        ):
            return self._plan_edited(entry)
        definition = self._definition(footing.head, tree)
        opened = under is not None and under.event == OPEN_CASE
        if not opened:
            self.traces.revised.setdefault(entry.revision, (entry, None))
        right = None
        if opened:
            right = Right(
                head=footing.head,
                directory=footing.people(under),
                calendar=footing.calendar,
                roles=lifecycle.opens,
                names={name: role.label for name, role in lifecycle.roles.items()},
                unit=definition.unit_on(footing.calendar.today(entry.at)),
            )
        elif under is None:
            roles = frozenset(lifecycle.adopted_by) | self.ground.adopting()
            right = Right(
                head=judge.head,
                directory=judge.directory,
                calendar=footing.calendar,
                roles=tuple(sorted(roles)),
                names={name: role.label for name, role in lifecycle.roles.items()},
            )
        return replay_adoption(
            entry,
            head=footing.head,
            calendar=footing.calendar,
            lifecycle=lifecycle,
            right=right,
            opens=opened,
            definition=definition,
            before=None if self.now is None else (self.now, self.definitions[-1][1]),
        )

    def _definition(self, head: PlanHead, tree: Any) -> ProjectDefinition:
        """Return the definition as an engine reads it back."""
        return stored_definition(head.id, self.project.rpartition("/")[2], canonical(tree))

    def _situation(self, footing: Footing, lifecycle: Lifecycle, entry: Entry) -> Situation:
        assert self.now is not None
        head, project = footing.head, self.now
        running = self.evaluations.get(project.period)
        if running is None:
            running = Evaluation(project=project.id, period=project.period)
        snapshot = Snapshot(
            project=project,
            evaluation=running,
            latest=head.revision,
            plan_head=entry.plan_head,
        )
        evaluation = evaluation_for(
            lifecycle.events.get(entry.event), snapshot, lifecycle, self.evaluations.get
        )
        evaluated = project.period if evaluation is None else evaluation.period
        measured = self.ground.in_force(self.plan, head.revision, evaluated)
        revision, latest = self.definitions[-1]
        definition = latest
        if revision > measured:
            earlier = [each for number, each in self.definitions if number <= measured]
            definition = earlier[-1]
        return Situation(
            snapshot=snapshot,
            evaluation=evaluation,
            head=head,
            lifecycle=lifecycle,
            calendar=footing.calendar,
            directory=footing.people(entry),
            definition=definition,
            latest=latest,
            guards={},
            score=_no_score,
            measured=measured,
            history=dated(self.played),
        )

    def _follow(self, entry: Entry, move: Move) -> None:
        """Go on to where the entry left the project, and take note of every row that it left."""
        project = move.project
        if project.change is not None or project.waiting:  # as it is read back
            project = project_from(project_row(project))
        self.now = project
        self.played.append(entry)
        self.left.follow(move)
        if move.evaluation is not None:
            evaluation = Evaluation.from_tree(parse(move.evaluation.text()))
            self.evaluations[evaluation.period] = evaluation
        if entry.event == MIGRATE:
            self.traces.migrated.add(entry.hash)
        if move.definition is not None:
            chain = self.ground.chain(self.plan)
            own = chain.by_hash.get(entry.plan_head)
            opened = entry.event == ADOPT and own is not None and own.event == OPEN_CASE
            at = entry.plan_head if opened else entry.revision
            brought = self.traces.brought.setdefault(at, {})
            brought[self.number] = digest(canonical(move.definition.tree))
            footing = self.ground.footing(self.plan, entry.revision)
            if footing is not None:
                told = self._definition(footing.head, move.definition.tree)
                self.definitions.append((entry.revision, told))
            if entry.event not in (ADOPT, REVISE):
                before = self.ground.revisions(self.plan).get(entry.revision - 1)
                seal = "" if before is None else before.seal
                self.traces.revised.setdefault(entry.revision, (entry, seal))

    # ------------------------------------------------------------------ by what is installed now

    def _deep(self, entry: Entry, lifecycle: Lifecycle) -> Iterator[Mismatch]:
        """Ask the scorer and the guards that are installed, before `_follow`."""
        event = lifecycle.events.get(entry.event)
        footing = self.ground.footing(self.plan, entry.revision - (redefines(entry) is not None))
        if self.powers is None or event is None or footing is None:
            return
        try:
            power = self.powers(footing)
            situation = attrs.evolve(
                self._situation(footing, lifecycle, entry), score=power.score, guards=power.guards
            )
            again = judge_event(situation, event, entry)
        except PluginError as error:
            self._unasked(entry, error.text("ko"), error.text("en"))
            return
        uses = [*event.guards, *(use for edge in event.transitions for use in edge.guards)]
        if unasked := sorted({use.name for use in uses} - set(power.guards)):
            names = ", ".join(unasked)
            self._unasked(
                entry,
                f"다른 사업을 보거나 설치되지 않은 요건: {names}",
                f"guards that look at other projects, or are not installed: {names}",
            )
        broken = [r for c in again.checks for r in c.reasons if r.code == "plugin_failed"]
        if broken:
            self._unasked(entry, broken[0].ko, broken[0].en)
            return
        if again.move is None:
            yield self._finding(
                "not_allowed",
                entry.number,
                f"'{entry.event}'은(는) 요건이 막는 처리입니다: {against(again.checks, 'ko')}",
                f"the guards do not allow '{entry.event}': {against(again.checks, 'en')}",
            )
            return
        if again.counted and again.late != entry.late:
            yield self._recomputed("late_differs", entry, "late", entry.late, again.late)
        if canonical(again.move.entry.rating) != canonical(entry.rating):
            one, other = _rate(entry.rating), _rate(again.move.entry.rating)
            yield self._recomputed("rating_differs", entry, "rating", one, other)

    def _recomputed(self, code: str, entry: Entry, column: str, was: Any, comes: Any) -> Mismatch:
        return self._finding(
            code,
            entry.number,
            f"{column}: 기록은 {shown(was)}, 지금 다시 계산하면 {shown(comes)}",
            f"{column}: recorded {shown(was)}, recalculated {shown(comes)}",
            f"entry.{column}",
        )

    # ------------------------------------------------------------------ saying it

    def _finding(
        self, code: str, number: int | None, ko: str, en: str, column: str | None = None
    ) -> Mismatch:
        return Mismatch(project=self.project, code=code, number=number, ko=ko, en=en, column=column)

    def _say(self, code: str, number: int, ko: str, en: str) -> None:
        self.told(Unchecked(project=self.project, code=code, number=number, ko=ko, en=en))

    def _unasked(self, entry: Entry, ko: str, en: str) -> None:
        self._say(
            "plugin_not_asked",
            entry.number,
            f"다시 물을 수 없었습니다: {ko}",
            f"could not be checked again: {en}",
        )

    def _impossible(self, entry: Entry) -> Mismatch:
        before, after = ", ".join(entry.before) or "-", ", ".join(entry.after) or "-"
        return self._finding(
            "impossible_move",
            entry.number,
            f"'{entry.event}'(으)로는 {before}에서 {after}(으)로 갈 수 없습니다.",
            f"'{entry.event}' does not lead from {before} to {after}",
        )

    def _unmigrated(self, entry: Entry, old: str) -> Mismatch:
        return self._finding(
            "impossible_move",
            entry.number,
            f"절차가 {old}에서 {entry.lifecycle}(으)로 전환 기록 없이 바뀌었습니다.",
            f"its lifecycle changed from {old} to {entry.lifecycle} by no migration",
            "entry.lifecycle",
        )

    def _plan_edited(self, entry: Entry) -> Mismatch:
        return self._finding(
            "plan_edited",
            entry.number,
            f"{entry.revision}차 계획의 조직·일정·권한·평가규칙이 이 이력이 남긴 것과 다릅니다.",
            f"plan revision {entry.revision} (units, calendar, directory, scoring) is not the one "
            "that this entry put into force",
            "plan_revision.tree",
        )

    def _cannot(self, entry: Entry, error: BaseException) -> Mismatch:
        why = f"{type(error).__name__}: {error}"[:200]
        return self._finding(
            "unreadable",
            entry.number,
            f"이 이력을 다시 판단할 수 없습니다 ({why})",
            f"the entry cannot be decided again ({why})",
            "entry",
        )


_ENDING = frozenset(
    ("lifecycle_edited", "plan_unknown", "impossible_move", "unknown_event", "plan_edited",
     "entry_differs", "unreadable", "not_allowed")
)  # fmt: skip
"""After these what comes next cannot be played: only its chain is followed."""


def _by(entry: Entry | PlanEntry) -> tuple[object, ...]:
    return entry.actor, entry.role, entry.on_behalf_of, entry.at, entry.reason


def _rate(rating: Any) -> Any:
    return rating.get("rate") if isinstance(rating, Mapping) else rating


def _no_score(subject: Subject) -> Rating:
    raise AssertionError("a replay takes the rating from the entry")
