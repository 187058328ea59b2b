"""Verification: do the stored states, evaluations and histories still tell one story?

`verify` reads everything and trusts nothing: the hash chain of every project, the gaps in it,
the states as replayed from the history, and each evaluation against the entry that wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import attrs

from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import Entry, Evaluation, Project
from evalflow.text import digest


@attrs.frozen(kw_only=True)
class Mismatch:
    """Something in the store that the history does not bear out.

    `number` is the first entry that does not fit, None where the fault lies beside the
    history. `code` is one of `entry_changed`, `entry_missing`, `chain_broken`, `history_gap`,
    `impossible_move`, `state_edited`, `evaluation_edited`, `no_history`.
    """

    project: str
    code: str
    ko: str
    en: str
    number: int | None = None

    def text(self, lang: str = "ko") -> str:
        """Return the finding as one line."""
        where = self.project if self.number is None else f"{self.project} #{self.number}"
        return f"{where}: {self.ko if lang == 'ko' else self.en}"


def verify_project(
    project: Project,
    history: Iterable[Entry],
    evaluations: Callable[[str], Evaluation | None],
    lifecycle: Callable[[str], Lifecycle],
) -> Iterator[Mismatch]:
    """Yield what does not fit in one project; nothing where all is well.

    The chain is followed up to the first entry that does not fit: what comes after it has
    nothing to stand on, so it is not judged.
    """
    last: Entry | None = None
    written: dict[str, Entry] = {}
    for entry in history:
        fault = _chain_fault(last, entry, project.id) or _move_fault(entry, lifecycle)
        if fault is not None:
            yield fault
            return
        if entry.evaluation:
            written[entry.period_after] = entry
        last = entry
    if last is None:
        yield _mismatch(project.id, "no_history", None, "이력이 없습니다.", "it has no history")
        return
    if project.version > last.number:
        yield _mismatch(
            project.id,
            "entry_missing",
            last.number + 1,
            f"{last.number + 1}번부터 {project.version}번까지 이력이 없습니다.",
            f"entries {last.number + 1} to {project.version} are missing",
        )
        return
    now = (project.states, project.version, project.period, project.head)
    then = (last.after, last.number, last.period_after, last.hash)
    if now != then:
        yield _mismatch(
            project.id,
            "state_edited",
            None,
            f"현재 상태 {_shown(now)}가 이력의 마지막 {_shown(then)}과 다릅니다.",
            f"it stands at {_shown(now)} but its history ends at {_shown(then)}",
        )
    for period, entry in written.items():
        evaluation = evaluations(period)
        if evaluation is None or digest(evaluation.text()) != entry.evaluation:
            yield _mismatch(
                project.id,
                "evaluation_edited",
                entry.number,
                f"{period} 평가가 이 이력이 남긴 것과 다릅니다.",
                f"the evaluation of {period} is not the one that this entry left",
            )


def _chain_fault(last: Entry | None, entry: Entry, project: str) -> Mismatch | None:
    expected = 1 if last is None else last.number + 1
    if entry.number != expected:
        return _mismatch(
            project,
            "history_gap",
            expected,
            f"{expected}번 이력이 없습니다(다음은 {entry.number}번).",
            f"entry {expected} is missing (the next is {entry.number})",
        )
    if digest(entry.body()) != entry.hash or entry.project != project:
        return _mismatch(
            project,
            "entry_changed",
            entry.number,
            "내용이 기록된 해시와 다릅니다.",
            "its content does not fit its hash",
        )
    if entry.previous != ("" if last is None else last.hash):
        return _mismatch(
            project,
            "chain_broken",
            entry.number,
            "앞 이력의 해시와 이어지지 않습니다.",
            "it does not follow from the entry before it",
        )
    if last is not None and (entry.before, entry.period) != (last.after, last.period_after):
        return _mismatch(
            project,
            "chain_broken",
            entry.number,
            "앞 이력이 남긴 상태에서 시작하지 않습니다.",
            "it does not start from the states that the entry before it left",
        )
    return None


def _move_fault(entry: Entry, lifecycle: Callable[[str], Lifecycle]) -> Mismatch | None:
    """Return a fault where the lifecycle has no edges from `before` to `after`."""
    definition = lifecycle(entry.lifecycle)
    event = definition.events.get(entry.event)
    if event is None:  # adopted or revised: no lifecycle defines these
        return None
    edges = {(edge.region, edge.source, edge.target) for edge in event.transitions}
    moved = zip(definition.regions, entry.before, entry.after, strict=True)
    if all(
        (region, before, after) in edges or (before == after and region != event.leads)
        for region, before, after in moved
    ):
        return None
    return _mismatch(
        entry.project,
        "impossible_move",
        entry.number,
        f"'{event.label.ko}'(으)로는 {', '.join(entry.before)}에서 {', '.join(entry.after)}(으)로 "
        "갈 수 없습니다.",
        f"'{event.label.en}' does not lead from {', '.join(entry.before)} to "
        f"{', '.join(entry.after)}",
    )


def _shown(standing: tuple[tuple[str, ...], int, str, str]) -> str:
    states, number, period, head = standing
    return f"{'+'.join(states)} {period} #{number} {head[:12]}"


def _mismatch(project: str, code: str, number: int | None, ko: str, en: str) -> Mismatch:
    return Mismatch(project=project, code=code, number=number, ko=ko, en=en)
