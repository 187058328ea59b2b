"""Verification: do the stored states, evaluations and histories still tell one story?

`verify` reads everything and trusts nothing: the hash chain of every project, the gaps in it,
where the project stands as replayed from the history, each evaluation against the entry that
wrote it, and the plan's words - definitions, heads, lifecycles - against the entries that put
them into force. What somebody can rewrite whole, chain and all, only a checkpoint on paper
shows: see `Checkpoint`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs

from evalflow.errors import StorageError, invalid
from evalflow.lifecycle.definition import Lifecycle
from evalflow.lifecycle.state_mapping import carry
from evalflow.lifecycle.stored import stored_lifecycle
from evalflow.model import Entry, Evaluation, Project
from evalflow.model.canonical import canonical, digest
from evalflow.storage.rows import Rebuilt


@attrs.frozen(kw_only=True)
class Mismatch:
    """Something in the store that the history does not bear out.

    `number` is the first entry that does not fit, None where the fault lies beside the
    history. `code` is one of `entry_changed`, `entry_missing`, `chain_broken`, `history_gap`,
    `impossible_move`, `state_edited`, `evaluation_edited`, `definition_edited`, `plan_edited`,
    `lifecycle_edited`, `no_history`; of a bundle also `file_changed`, `file_missing`,
    `file_added`; of a checkpoint `checkpoint_differs`. `project` is the project's id, or what
    else the finding is about: a plan, a file of a bundle.
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


@attrs.frozen(kw_only=True)
class Kept:
    """Where verification finds what is kept beside the histories: in a store, or in a bundle.

    Every function answers None for what is not there. `definition` takes a project's id and a
    plan revision and gives (the revision it was made in, its canonical text); `head` takes a
    plan's id and revision; `lifecycle` a fingerprint. All three give canonical text.
    """

    evaluation: Callable[[str, str], Evaluation | None]
    definition: Callable[[str, int], tuple[int, str] | None]
    head: Callable[[str, int], str | None]
    lifecycle: Callable[[str], Lifecycle | None]


def readable_lifecycle(text: str) -> Lifecycle | None:
    """Return the lifecycle in a stored text, or None where somebody made it unreadable."""
    try:
        return stored_lifecycle(text)
    except StorageError:
        return None


def verify_project(project: Project, history: Iterable[Entry], kept: Kept) -> Iterator[Mismatch]:
    """Yield what does not fit in one project; nothing where all is well.

    The chain is followed up to the first entry that does not fit: what comes after it has
    nothing to stand on, so it is not judged.
    """
    last: Entry | None = None
    written: dict[str, Entry] = {}
    replayed = Rebuilt()
    defined: list[Entry] = []
    for entry in history:
        fault = _chain_fault(last, entry, project.id) or _move_fault(last, entry, kept.lifecycle)
        if fault is not None:
            yield fault
            return
        if entry.evaluation:
            written[entry.period_after] = entry
        if isinstance(entry.data, dict) and "definition" in entry.data:
            defined.append(entry)
        same = entry.period == entry.period_after
        replayed.follow(entry.number, entry.after, same, entry.rating)
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
    beside = (project.visits, project.unit, project.band, project.revision)
    borne_out = (replayed.visits, last.unit, replayed.band, defined[-1].revision if defined else 0)
    if now != then or beside != borne_out:
        one, other = (_shown(now), _shown(then)) if now != then else (str(beside), str(borne_out))
        yield _mismatch(
            project.id,
            "state_edited",
            None,
            f"현재 상태 {one}가 이력의 마지막 {other}과 다릅니다.",
            f"it stands at {one} but its history ends at {other}",
        )
    for entry in defined:
        yield from _plan_faults(project, entry, kept)
    for period, entry in written.items():
        evaluation = kept.evaluation(project.id, period)
        if evaluation is None or digest(evaluation.text()) != entry.evaluation:
            yield _mismatch(
                project.id,
                "evaluation_edited",
                entry.number,
                f"{period} 평가가 이 이력이 남긴 것과 다릅니다.",
                f"the evaluation of {period} is not the one that this entry left",
            )


def _plan_faults(project: Project, entry: Entry, kept: Kept) -> Iterator[Mismatch]:
    """Yield where the plan no longer says what this entry put into force."""
    definition = kept.definition(project.id, entry.revision)
    if definition != (entry.revision, canonical(entry.data["definition"])):
        yield _mismatch(
            project.id,
            "definition_edited",
            entry.number,
            f"{entry.revision}차 계획의 사업 내용이 이 이력이 남긴 것과 다릅니다.",
            f"what plan revision {entry.revision} says of it is not what this entry left",
        )
    said = entry.data.get("plan")
    head = kept.head(project.plan, entry.revision)
    if said is not None and (head is None or digest(head) != said):
        yield _mismatch(
            project.id,
            "plan_edited",
            entry.number,
            f"{entry.revision}차 계획의 조직·일정·권한·평가규칙이 이 이력이 남긴 것과 다릅니다.",
            f"plan revision {entry.revision} (units, calendar, directory, scoring) is not the one "
            "that this entry put into force",
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


def _move_fault(
    last: Entry | None, entry: Entry, lifecycle: Callable[[str], Lifecycle | None]
) -> Mismatch | None:
    """Return a fault where the lifecycle has no edges from `before` to `after`, or where it is
    not the one of the entry before and nobody migrated the project."""
    definition = lifecycle(entry.lifecycle)
    if definition is None or definition.fingerprint != entry.lifecycle:
        return _mismatch(
            entry.project,
            "lifecycle_edited",
            entry.number,
            f"절차 정의 {entry.lifecycle}이(가) 없거나 내용이 바뀌었습니다.",
            f"the lifecycle {entry.lifecycle} is missing or was edited",
        )
    if last is not None and last.lifecycle != entry.lifecycle:
        old = lifecycle(last.lifecycle)
        told = entry.data if isinstance(entry.data, dict) else {}
        if (
            entry.event == "migrate"
            and old is not None
            and told.get("from") == old.fingerprint
            and carry(entry.before, old, definition, told.get("states") or {}) == (entry.after, ())
        ):
            return None
        return _mismatch(
            entry.project,
            "impossible_move",
            entry.number,
            f"절차가 {last.lifecycle}에서 {entry.lifecycle}(으)로 이행 없이 바뀌었습니다.",
            f"its lifecycle changed from {last.lifecycle} to {entry.lifecycle} by no migration",
        )
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


# --------------------------------------------------------------------------- checkpoints


@attrs.frozen(kw_only=True)
class Checkpoint:
    """Everything that a plan's history says up to now, in one line that can be put on paper.

    Whoever rewrites the store whole, hashes and all, cannot rewrite the paper. `entries` is how
    many entries the plan had, `revisions` how many revisions, and `hash` the SHA-256 over the
    hashes of just these, in the order in which they were written: it comes out the same from
    the store in later years, and from a bundle, however much was added since.
    """

    plan: str
    revisions: int
    entries: int
    hash: str

    def __str__(self) -> str:
        groups = " ".join(self.hash[place : place + 8] for place in range(0, 64, 8))
        return f"{self.plan} r{self.revisions} #{self.entries} {groups}"

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """Return the checkpoint in a line off the paper; spaces and capitals do not matter, and
        16 of the 64 hexadecimal digits will do.

        Raises:
            InvalidInput: it is no checkpoint.
        """
        found = _CHECKPOINT.fullmatch(text.strip())
        digits = re.sub(r"\s", "", found[4]).lower() if found else ""
        if found is None or not 16 <= len(digits) <= 64:
            raise invalid(
                "bad_checkpoint",
                value=text[:100],
                ko="확인값이 아닙니다. 예: 'seodaemun-2016 r2 #301 9f86d081 884c7d65' "
                "(16진수 16자리 이상)",
                en="not a checkpoint; expected e.g. 'seodaemun-2016 r2 #301 9f86d081 "
                "884c7d65' (16 hexadecimal digits or more)",
            )
        return cls(plan=found[1], revisions=int(found[2]), entries=int(found[3]), hash=digits)


_CHECKPOINT = re.compile(r"(\S+)\s+r([0-9]{1,9})\s+#([0-9]{1,12})\s+([0-9a-fA-F\s]+)")


def checkpoint(
    plan: str,
    heads: Sequence[str],
    hashes: Iterable[str],
    upto: Checkpoint | None = None,
) -> Checkpoint:
    """Return the checkpoint of a plan: `heads` are the texts of its revisions in order, `hashes`
    those of its entries in the order in which they were written. With `upto`, the one that
    should have come out when `upto` was made."""
    if upto is not None:
        heads = heads[: upto.revisions]
    seal = hashlib.sha256(plan.encode())
    for head in heads:
        seal.update(digest(head).encode())
    count = 0
    for text in hashes:
        if upto is not None and count == upto.entries:
            break
        seal.update(text.encode())
        count += 1
    return Checkpoint(plan=plan, revisions=len(heads), entries=count, hash=seal.hexdigest())


def compare(noted: Checkpoint, found: Checkpoint) -> Iterator[Mismatch]:
    """Yield where what was noted on paper is not what comes out now."""
    same = (noted.plan, noted.revisions, noted.entries) == (
        found.plan,
        found.revisions,
        found.entries,
    )
    if not same or not found.hash.startswith(noted.hash):
        yield _mismatch(
            noted.plan,
            "checkpoint_differs",
            None,
            f"적어 둔 확인값과 다릅니다. 지금 계산한 값: {found}",
            f"not what was noted; what comes out now is: {found}",
        )


def hashes_of(plan: str, entries: Iterable[tuple[int, Entry]]) -> Iterator[str]:
    """Yield the hashes of the plan's entries out of all of a store's, in their order."""
    for _, entry in entries:
        if entry.project.rpartition("/")[0] == plan:
            yield entry.hash


def _mismatch(project: str, code: str, number: int | None, ko: str, en: str) -> Mismatch:
    return Mismatch(project=project, code=code, number=number, ko=ko, en=en)
