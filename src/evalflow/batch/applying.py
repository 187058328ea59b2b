"""Applying a plan: exactly what was reviewed is written, in chunks, and can be continued.

Every decision is made once more, by the directory and on the figures of this moment, and
compared with the reviewed one: an old file gives nobody a right that was taken away since, and
nothing is written that nobody looked at. What differs is a conflict, never decided anew.

Every entry bears the batch's key, so whoever applies the same plan again, after a crash
or beside somebody else, finds what is done and does the rest.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from evalflow.batch.chunks import CHUNK, Chunk, parts_of
from evalflow.batch.plan import answers_for
from evalflow.batch.plan_file import BatchPlan, meant
from evalflow.batch.values import BLOCK, Actors, EngineParts, Header, seal
from evalflow.decision.batched_calls import Answers
from evalflow.errors import Conflict, InvalidInput, NotFound, Reason
from evalflow.model import Actor, Basis, Entry, Move, Selection, Snapshot
from evalflow.model.values import define, frozen
from evalflow.storage.contract import ReadsTogether, positions

if TYPE_CHECKING:
    from evalflow.batch.lines import PlanLine

_TRIES = 5  # looks at a part that others keep moving under our hands
_DECIDED = 1_000  # parts in one transaction where each is decided by itself

OUTCOMES = ("done", "already", "refused", "conflict", "held")
"""What can become of a line: written now; written by an earlier run; refused when planned;
changed since; or held because another of its unit, or of the batch, cannot go."""


@frozen(kw_only=True)
class Receipt:
    """The result for one project of a batch.

    `outcome`: one of `OUTCOMES`; `number`: the entry written, now or earlier; `reasons`: why not.
    """

    project: str
    unit: str
    outcome: str
    number: int | None = None
    reasons: tuple[Reason, ...] = ()


def apply(
    parts: EngineParts,
    plan: BatchPlan,
    *,
    mode: str | None = None,
    by: Actor | str | None = None,
    chunk: int = CHUNK,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Receipt]:
    """Write what was reviewed; yield a receipt for each project, after it is durable.

    Raises:
        ValueError: no such mode; or `by` is not whom the plan was made for.
        InvalidInput: the plan comes from a file and `by` is not said.
    """
    mode = meant(plan, mode, by)
    by = None if isinstance(by, str) else by  # an id is looked up in the directory of now
    return _run(
        _Applying(parts, plan.header, plan.key, by, parts.now()), plan, mode, chunk, stopping
    )


def apply_chunk(
    parts: EngineParts, chunk: Chunk, *, by: Actor | None = None
) -> tuple[Receipt, ...]:
    """Write what was reviewed of one chunk, in as few transactions as possible."""
    applying = _Applying(parts, chunk.header, chunk.key, by, parts.now())
    return tuple(applying.chunk(list(parts_of(chunk, chunk.mode))))


def _run(
    applying: _Applying, plan: BatchPlan, mode: str, chunk: int, stopping: Callable[[], bool]
) -> Iterator[Receipt]:
    waiting: list[list[PlanLine]] = []
    held = 0
    for part in parts_of(plan, mode):
        if not waiting and stopping():
            return
        waiting.append(part)
        held += len(part)
        if held >= chunk:
            yield from applying.chunk(waiting)
            waiting, held = [], 0
    if waiting and not stopping():
        yield from applying.chunk(waiting)


def _stands(snapshot: Snapshot, line: PlanLine) -> bool:
    """Say whether the project still stands where it was planned."""
    return (snapshot.project.version, snapshot.project.head) == (line.version, line.head)


@frozen
class _Ready:
    """A part whose decision is the one reviewed: what it writes, and what that rests on."""

    lines: list[PlanLine]
    moves: tuple[Move, ...]
    basis: Basis

    @property
    def alone(self) -> bool:
        """Say whether it must not share a transaction: it looked at other projects, or makes a
        plan revision."""
        return bool(self.basis.unchanged) or any(move.definition is not None for move in self.moves)


@define
class _Applying:
    parts: EngineParts
    header: Header
    key: str
    by: Actor | None
    at: dt.datetime
    actors: Actors = attrs.field(init=False)

    def chunk(self, parts: Sequence[list[PlanLine]]) -> Iterator[Receipt]:
        """Write the parts: those that come out alike in one transaction, the others in as few as
        possible."""
        self.actors = Actors(self.parts, self.by or self.header.by)  # by the directory of now
        moved = self._bulk_move(parts)
        if len(moved) == len(parts):  # each is of one line
            yield from [moved[part[0].project] for part in parts]
            return
        rest = [part for part in parts if part[0].project not in moved]
        receipts = list(moved.values())
        for start in range(0, len(rest), _DECIDED):
            receipts += self._each(rest[start : start + _DECIDED])
        place = {line.project: n for n, line in enumerate(line for part in parts for line in part)}
        yield from sorted(receipts, key=lambda receipt: place[receipt.project])

    def _each(self, parts: Sequence[list[PlanLine]]) -> Iterator[Receipt]:
        """Decide for each, and write in one transaction what can share one."""
        together: list[_Ready] = []
        later: list[list[PlanLine]] = []
        for start in range(0, len(parts), BLOCK):
            some = parts[start : start + BLOCK]
            snapshots = self._snapshots(some)
            self.parts.read_together(snapshots.values())
            answers = self._answers(some, snapshots)
            written = self._by_key(some, snapshots)
            for part in some:
                answer = self._look(part, snapshots, answers, written)
                if not isinstance(answer, _Ready):
                    yield from answer
                elif answer.alone:
                    later.append(part)
                elif answer.moves:
                    together.append(answer)
        try:
            if together:
                self.parts.commit(
                    tuple([m for ready in together for m in ready.moves]),
                    Basis.of([ready.basis for ready in together]),
                )
        except (Conflict, InvalidInput):  # one moved, or bears a later time: each for itself
            later = [*(ready.lines for ready in together), *later]
        else:
            yield from [receipt for ready in together for receipt in _done(ready.moves)]
        for part in later:
            yield from self._one(part)

    def _bulk_move(self, parts: Sequence[list[PlanLine]]) -> dict[str, Receipt]:
        """Write those lines for which one decision holds; return only what is done."""
        # Lines of one seal would write the same; what a line shows besides decides nothing.
        reviewed: dict[tuple[str, str], list[PlanLine]] = {}
        for part in parts:
            line = part[0]
            if len(part) == 1 and line.alone:
                plan = line.project.rpartition("/")[0]
                reviewed.setdefault((plan, line.seal), []).append(line)
        receipts: dict[str, Receipt] = {}
        for (plan, _), lines in reviewed.items():
            if len(lines) > 1:
                receipts |= self._alike(plan, lines)
        return receipts

    def _alike(self, plan: str, lines: list[PlanLine]) -> dict[str, Receipt]:
        """Decide for one project that was reviewed so; write the same for all that have not moved
        since. The others are looked at by themselves, and told why."""
        on = self._day(plan)
        for _ in range(_TRIES):
            found = self.parts.storage.snapshot(lines[0].project)
            if found is not None and _stands(found, lines[0]):
                like = self._like(lines[0], found)
                if like is None:
                    break
                try:
                    heads = [line.position for line in lines]
                    self.parts.bulk_move(like, heads, on, found.latest)
                except Conflict:
                    pass
                except InvalidInput:  # one bears a later time: each for itself
                    break
                else:
                    return _alike_receipts(lines, like.entry.unit)
            stood = {line.position: line for line in lines}
            now = Selection(plan=plan, ids=tuple([line.project for line in lines]), on=on)
            kept = [each for each in positions(self.parts.storage, now) if each[:3] in stood]
            if not kept:
                break
            ((most, _),) = Counter(each.kind for each in kept).most_common(1)
            lines = [stood[each[:3]] for each in kept if each.kind == most]
        return {}

    def _like(self, line: PlanLine, snapshot: Snapshot) -> Move | None:
        """Return the move that was reviewed, decided once more, if it holds for others too."""
        project, header = snapshot.project, self.header
        try:
            if not self.parts.alike(project.plan, project.lifecycle, header.event):
                return None
            (decision,), _ = self.parts.decide(
                snapshot,
                header.event,
                self.actors.at(snapshot),
                self.at,
                header.data,
                key=self.key,
            )
        except (NotFound, InvalidInput):
            return None
        move = decision.move
        return None if move is None or seal(move) != line.seal else move

    def _day(self, plan: str) -> dt.date | None:
        try:
            return self.parts.today(plan)
        except NotFound:
            return None

    def _one(self, part: list[PlanLine]) -> list[Receipt]:
        """Write one part in a transaction of its own.

        Somebody, such as another chunk of this batch on another machine, may have moved one of
        those that were looked at, or revised the plan: then it is looked at again.
        """
        changed = ""
        for _ in range(_TRIES):
            answer = self._look(part, self._snapshots([part]), {}, None)
            if not isinstance(answer, _Ready):
                return answer
            if len(answer.moves) > 1 and any(each.definition is not None for each in answer.moves):
                return _fell(part, {}, _NOT_TOGETHER)
            try:
                self.parts.commit(answer.moves, answer.basis)
            except Conflict as error:
                changed = error.project
            except InvalidInput as error:
                reason = Reason(
                    code=error.problems[0].code, ko=error.text("ko"), en=error.text("en")
                )
                return _fell(part, {line.project: (reason,) for line in part}, _HELD)
            else:
                return _done(answer.moves)
        moved = changed if any(line.project == changed for line in part) else part[0].project
        return _fell(part, {moved: (_MOVED,)}, _HELD)

    def _snapshots(self, parts: Sequence[list[PlanLine]]) -> dict[str, Snapshot]:
        ids = tuple([line.project for part in parts for line in part if line.allowed])
        found = self.parts.storage.snapshots(Selection(ids=ids)) if ids else ()
        return {snapshot.project.id: snapshot for snapshot in found}

    def _answers(
        self, parts: Sequence[list[PlanLine]], snapshots: Mapping[str, Snapshot]
    ) -> Mapping[str, Answers]:
        """Return what those who can look at many answer about the lines that can still go."""
        asked = []
        for line in (line for part in parts for line in part):
            snapshot = snapshots.get(line.project)
            if snapshot is not None and snapshot.project.version == line.version:
                asked.append((snapshot, self._data(line)))
        return answers_for(self.parts, self.header.event, self.actors, asked, self.at, self.key)

    def _by_key(
        self, parts: Sequence[list[PlanLine]], snapshots: Mapping[str, Snapshot]
    ) -> Mapping[str, Entry] | None:
        """Return what an earlier run of this batch may have written for those that have moved
        since they were planned; None where each has to be asked for by itself."""
        if not isinstance(self.parts.storage, ReadsTogether):
            return None
        moved = [
            line.project
            for part in parts
            for line in part
            if line.project in snapshots and not _stands(snapshots[line.project], line)
        ]
        found = self.parts.storage.entries_by_key(moved, self.key) if moved else ()
        return {entry.project: entry for entry in found}

    def _data(self, line: PlanLine) -> dict[str, Any]:
        return {**self.header.data, **(line.data or {})}

    def _look(
        self,
        part: list[PlanLine],
        snapshots: Mapping[str, Snapshot],
        answers: Mapping[str, Answers],
        written: Mapping[str, Entry] | None,
    ) -> _Ready | list[Receipt]:
        """Return the part ready to be written, or the receipts that say why it is not."""
        against: dict[str, tuple[Reason, ...]] = {}
        already: dict[str, int] = {}
        open_: list[PlanLine] = []
        for line in part:
            if not line.allowed:
                against[line.project] = line.reasons
                continue
            snapshot = snapshots.get(line.project)
            if snapshot is None:
                against[line.project] = (_GONE,)
            elif _stands(snapshot, line):
                open_.append(line)
            elif (number := self._written(line, snapshot, written)) is not None:
                already[line.project] = number
            else:
                against[line.project] = (_MOVED,)
        moves: list[Move] = []
        bases: list[Basis] = []
        asked: set[str] = set()
        for line in open_:
            if against or line.project in asked:
                continue
            wrong, basis = self._decided(
                line, snapshots[line.project], open_, moves, asked, answers.get(line.project)
            )
            against.update(wrong)
            bases.append(basis)
        if against:
            refused = {line.project for line in part if not line.allowed}
            return _fell(part, against, _HELD, already, refused)
        if not open_:
            return [_receipt(line, "already", number=already[line.project]) for line in part]
        if already:  # a part is one transaction: its lines were begun in another mode
            return _fell(part, {line.project: (_BEGUN,) for line in open_}, _HELD, already)
        moving = [move.project.id for move in moves]
        return _Ready(part, tuple(moves), Basis.of(bases, moving))

    def _written(
        self, line: PlanLine, snapshot: Snapshot, written: Mapping[str, Entry] | None
    ) -> int | None:
        """Return the number of the entry that an earlier run of this batch wrote, if one did."""
        if snapshot.project.version <= line.version:
            return None
        if written is None:
            entry = self.parts.storage.entry_by_key(line.project, self.key)
        else:
            entry = written.get(line.project)
        if entry is None:
            return None
        actor = self.header.by if self.by is None else self.by.id
        mine = self.parts.repeats(entry, self.header.event, actor, self._data(line))
        return entry.number if mine else None  # somebody else took the key

    def _decided(
        self,
        line: PlanLine,
        snapshot: Snapshot,
        open_: Sequence[PlanLine],
        moves: list[Move],
        asked: set[str],
        answers: Answers | None,
    ) -> tuple[dict[str, tuple[Reason, ...]], Basis]:
        """Decide once more, add the moves, and return what is not as it was reviewed, and what
        the decision rests on."""
        header = self.header
        try:
            decisions, basis = self.parts.decide(
                snapshot,
                header.event,
                self.actors.at(snapshot),
                self.at,
                self._data(line),
                key=self.key,
                answers=answers,
            )
        except (NotFound, InvalidInput) as error:
            reason = attrs.evolve(_CHANGED, ko=error.text("ko"), en=error.text("en"))
            return {line.project: (reason,)}, Basis()
        planned = {each.project: each for each in open_ if each.part == line.part}
        if line.part is None:
            planned = {line.project: line}
        against: dict[str, tuple[Reason, ...]] = {}
        for decision in decisions:
            project = decision.snapshot.project.id
            mine = planned.get(project)
            asked.add(project)
            if decision.move is None:
                against[project if mine else line.project] = decision.reasons
            elif mine is None:
                against[line.project] = (_JOINED,)
            elif decision.move.expected != mine.version or seal(decision.move) != mine.seal:
                against[project] = (_CHANGED,)
            else:
                moves.append(decision.move)
        for project in planned.keys() - {each.snapshot.project.id for each in decisions}:
            against[project] = (_MOVED,)
        return against, basis


# --------------------------------------------------------------------------- receipts


def _receipt(line: PlanLine, outcome: str, **more: object) -> Receipt:
    return Receipt(project=line.project, unit=line.unit, outcome=outcome, **more)  # type: ignore[arg-type]


def _alike_receipts(lines: Iterable[PlanLine], unit: str) -> dict[str, Receipt]:
    return {
        line.project: Receipt(
            project=line.project, unit=unit, outcome="done", number=line.version + 1
        )
        for line in lines
    }


def _done(moves: Iterable[Move]) -> list[Receipt]:
    return [
        Receipt(
            project=move.project.id,
            unit=move.entry.unit,
            outcome="done",
            number=move.entry.number,
        )
        for move in moves
    ]


def _fell(
    part: Iterable[PlanLine],
    against: Mapping[str, tuple[Reason, ...]],
    otherwise: Reason,
    already: Mapping[str, int] | None = None,
    refused: Iterable[str] = (),
) -> list[Receipt]:
    """Return the receipts of a part of which nothing was written."""
    receipts = []
    for line in part:
        if already and line.project in already:
            receipts.append(_receipt(line, "already", number=already[line.project]))
        elif line.project not in against:
            receipts.append(_receipt(line, "held", reasons=(otherwise,)))
        else:
            outcome = "refused" if line.project in refused else "conflict"
            receipts.append(_receipt(line, outcome, reasons=against[line.project]))
    return receipts


_MOVED = Reason(
    code="moved_since",
    ko="계획한 뒤에 다른 처리가 있었습니다. 다시 계획하십시오.",
    en="it was moved after the batch was planned; plan again",
)
_BEGUN = Reason(
    code="begun_otherwise",
    ko="함께 적용할 사업 가운데 일부가 다른 방식(mode)으로 이미 처리되었습니다. 처음 적용한 "
    "방식으로 계속하십시오.",
    en="some of those that go together were applied already, in another mode: go on in the mode in "
    "which the batch was begun",
)
_GONE = Reason(
    code="not_here",
    ko="이 저장소에 없는 사업입니다.",
    en="this store has no such project",
)
_CHANGED = Reason(
    code="decision_changed",
    ko="현재 규정·권한·자료를 적용하면 검토한 내용과 결과가 달라집니다. 다시 계획하십시오.",
    en="with today's rules, rights and figures the result would differ; plan again",
)
_JOINED = Reason(
    code="unit_changed",
    ko="계획 작성 후 함께 처리할 사업이 추가되었습니다. 다시 계획하십시오.",
    en="another project would move with it that was not planned; plan again",
)
_HELD = Reason(
    code="held",
    ko="함께 처리할 다른 사업을 처리할 수 없어 보류하였습니다.",
    en="skipped: another project in the same group was refused",
)
_NOT_TOGETHER = Reason(
    code="revisions_apart",
    ko="계획을 개정하는 절차는 한 건씩만 적용할 수 있습니다.",
    en="events that revise the plan are applied one by one, not together",
)

__all__ = ["CHUNK", "OUTCOMES", "Receipt", "apply", "apply_chunk"]
