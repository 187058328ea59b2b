"""The log of a plan: everything that its history rests on, as the leaves of one Merkle tree.

A leaf is a line of canonical JSON, in the order in which things were written:

- `["lifecycle", fingerprint, digest of its text]`, before the first entry that names it;
- `["revision", plan, number, effective, digest of its text]` and `["plan", plan, number, hash]` of
  each entry of the plan's own history, before the first entry of a project decided under it;
- `["entry", project, number, hash]` of each entry of its projects.

The log only grows: what comes later never moves what is there. So the root over the first n leaves
comes out the same in later years, and what is not among them was not there.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import attrs

from evalflow.audit.checkpoints import Extended, SignedCheckpoint
from evalflow.audit.findings import Mismatch
from evalflow.audit.merkle import Leaves, Tree, leaf_hash
from evalflow.audit.verification import Checkpoint, plan_of
from evalflow.errors import particles
from evalflow.model.canonical import canonical, digest
from evalflow.model.values import frozen
from evalflow.storage.integrity import Tables, Values

Leaf = Sequence[str | int]
"""A leaf's kind, what it is about, and the hash that stands for it."""


def leaf_text(leaf: Leaf) -> str:
    """Return the line of a leaf."""
    return canonical(list(leaf))


HIDDEN = "leaf"
"""The kind of a leaf of which only the hash is told, in a bundle of some projects."""


_LENGTHS = {"entry": 4, "revision": 5, "plan": 4, "lifecycle": 3, HIDDEN: 2}


def is_leaf(value: object) -> bool:
    """Say whether something that was read is a leaf."""
    return (
        isinstance(value, list)
        and all(type(each) in (str, int) for each in value)
        and len(value) == _LENGTHS.get(value[0] if value else "")
    )


def hashed(leaf: Leaf) -> bytes:
    """Return the hash of a leaf; of one that is hidden, what it tells."""
    if leaf[0] == HIDDEN:
        return bytes.fromhex(str(leaf[1]))
    return leaf_hash(leaf_text(leaf).encode())


class _Growing:
    """The leaves of one plan as they come, what waits for its place among them."""

    def __init__(self, tables: Tables, plan: str) -> None:
        self._tables = tables
        self._plan = plan
        self._named: set[Any] = set()
        self._revisions = deque(_revision(row) for row in tables.rows("plan_revision", plan))
        kept = "plan_entry" in tables.kept
        self._entries = deque(tables.rows("plan_entry", plan) if kept else ())
        self._known = {row.get("hash") for row in self._entries}
        self._revision: Any = None

    def entry(self, row: Values) -> Iterator[Leaf]:
        under, lifecycle = row.get("plan_head"), row.get("lifecycle")
        while under in self._known:
            last = self._entries.popleft()
            self._known.discard(last.get("hash"))
            yield from self._own(last)
        yield from self._upto(row.get("revision"))
        if lifecycle not in self._named:
            self._named.add(lifecycle)
            found = [each.get("tree") for each in self._tables.rows("lifecycle", lifecycle)]
            yield "lifecycle", _plain(lifecycle), _seal(found[0] if found else None)
        yield (
            "entry",
            _plain(row.get("project")),
            _plain(row.get("number")),
            _plain(row.get("hash")),
        )

    def rest(self) -> Iterator[Leaf]:
        """Yield what no project's entry was decided under yet, as far as none can be decided under
        what was before it any more: a revision ends that, an entry that makes none does not."""
        settled, before = 0, self._revision
        for place, row in enumerate(self._entries, start=1):
            if row.get("revision") != before:
                settled, before = place, row.get("revision")
        for row in list(self._entries)[:settled]:
            yield from self._own(row)
        for _, revision in self._revisions:
            yield revision

    def _own(self, row: Values) -> Iterator[Leaf]:
        self._revision = row.get("revision")
        yield from self._upto(self._revision)
        yield "plan", self._plan, _plain(row.get("number")), _plain(row.get("hash"))

    def _upto(self, number: Any) -> Iterator[Leaf]:
        while self._revisions and isinstance(number, int) and self._revisions[0][0] <= number:
            yield self._revisions.popleft()[1]


def _revision(row: Values) -> tuple[int, Leaf]:
    number = row.get("revision")
    told = _plain(row.get("plan")), _plain(number), _plain(row.get("effective"))
    leaf = ("revision", *told, _seal(row.get("tree")))
    return number if isinstance(number, int) else 0, leaf


def _seal(text: Any) -> str:
    return digest(text) if isinstance(text, str) and _plain(text) is text else ""


def _plain(value: Any) -> str | int:
    """Return a value as it may stand in a leaf, whatever stands in the column."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return ascii(value)
        return value
    return ascii(value)


def leaves(tables: Tables, plans: Iterable[str]) -> Iterator[tuple[str, Leaf]]:
    """Yield (plan, leaf) of the logs of plans, each in its order; streamed, and whatever stands in
    the columns."""
    growing = {plan: _Growing(tables, plan) for plan in plans}
    for row in tables.written():
        plan = plan_of(row.get("project"))
        if plan in growing:
            for leaf in growing[plan].entry(row):
                yield plan, leaf
    if not tables.behind():
        for plan, each in growing.items():
            for leaf in each.rest():
                yield plan, leaf


# --------------------------------------------------------------------------- held to checkpoints


def read_checkpoint(text: str) -> SignedCheckpoint | Checkpoint:
    """Return the checkpoint in a text: in the public form, also with its proof as a witness is
    sent it, or the one line that was put on paper before, and stands on forms.

    Raises:
        InvalidInput: it is none.
    """
    told = text.replace("\r\n", "\n").strip()
    if "\n" not in told:
        return Checkpoint.read(told)
    if told.startswith("old "):
        return Extended.read(told).checkpoint
    return SignedCheckpoint.read(told)


@frozen(kw_only=True)
class Coverage:
    """What checkpoints say of one plan.

    Attributes:
        plan: the plan's id.
        size: the leaves of its log now; `root` is the root over them, base64 in a checkpoint.
        by: the newest checkpoint that fits, None where none does: it covers the first `covered`
            leaves, with `entries` entries of `projects` projects.
        rest: project -> the first and the last number of its entries that no checkpoint covers.
        others: what else none covers: leaves of the plan itself and of lifecycles.
        found: where a checkpoint does not fit.
        own: how many entries of the plan's own history the log has.
    """

    plan: str
    size: int
    root: bytes
    by: SignedCheckpoint | Checkpoint | None = None
    covered: int = 0
    entries: int = 0
    projects: int = 0
    rest: dict[str, tuple[int, int]] = attrs.field(factory=dict)
    others: tuple[Leaf, ...] = ()
    found: tuple[Mismatch, ...] = ()
    own: int = 0

    def text(self, lang: str = "ko") -> str:
        """Return as one line what is covered by which checkpoint, and what by none."""
        listed = [
            f"{project} #{first}" + (f"–{last}" if last != first else "")
            for project, (first, last) in self.rest.items()
        ]
        rest = [*(_word(leaf, lang) for leaf in self.others), *listed]
        more = len(rest) - _LISTED
        shown = ", ".join(rest[:_LISTED])
        if lang == "ko":
            until = (
                particles(
                    f"이력 {self.entries}건(사업 {self.projects}개)은 "
                    f"확인값 {_named(self.by)}이(가) 보호"
                )
                if self.by is not None
                else "확인값으로 보호되지 않음"
            )
            if self.by is not None and not rest:
                return f"{self.plan}: {until}, 남은 것 없음"
            tail = f" 외 {more}건" if more > 0 else ""
            return f"{self.plan}: {until}; 보호되지 않는 것: {shown}{tail}"
        until = (
            f"{self.entries} entries of {self.projects} projects are covered by the checkpoint "
            f"{_named(self.by)}"
            if self.by is not None
            else "covered by no checkpoint"
        )
        if self.by is not None and not rest:
            return f"{self.plan}: {until}, and nothing is left"
        tail = f" and {more} more" if more > 0 else ""
        return f"{self.plan}: {until}; unprotected: {shown}{tail}"


_LISTED = 8


def _word(leaf: Leaf, lang: str) -> str:
    if leaf[0] == "lifecycle":
        return f"절차 {leaf[1]}" if lang == "ko" else f"lifecycle {leaf[1]}"
    if leaf[0] == "revision":
        return f"{leaf[2]}차 계획" if lang == "ko" else f"plan revision {leaf[2]}"
    return f"계획 이력 #{leaf[2]}" if lang == "ko" else f"the plan's entry #{leaf[2]}"


def _named(point: SignedCheckpoint | Checkpoint | None) -> str:
    if isinstance(point, Checkpoint):
        return f"r{point.revisions} #{point.entries}"
    return "" if point is None else f"{point.origin} {point.size}"


class _Mark:
    """A checkpoint that waits for its place in the log."""

    def __init__(self, point: SignedCheckpoint | Checkpoint, heads: Sequence[str]) -> None:
        self.point = point
        self.fits: bool | None = None
        self.instead = ""
        if isinstance(point, Checkpoint):
            self._heads = len(heads)
            self._seal = hashlib.sha256(point.plan.encode())
            for each in heads[: point.revisions]:
                self._seal.update(each.encode())

    def look(self, reading: _Reading, leaf: Leaf | None) -> bool:
        """Look at the log after one more leaf; say whether it is reached now, and fits."""
        point = self.point
        if isinstance(point, SignedCheckpoint):
            if reading.tree.size != point.size or self.fits is not None:
                return False
            root = reading.tree.root()
            self.fits = root == point.root
            self.instead = str(attrs.evolve(point, root=root).text.split("\n")[2])
            return self.fits
        if self.fits is not None:
            return False
        if leaf is not None and leaf[0] == "entry":
            self._seal.update(str(leaf[-1]).encode())
        if reading.entries != point.entries:
            return False
        sum_ = self._seal.hexdigest()
        self.fits = sum_.startswith(point.hash) and self._heads >= point.revisions
        self.instead = str(attrs.evolve(point, hash=sum_))
        return self.fits


class _Reading:
    """One plan's log while it is read."""

    def __init__(self, plan: str, marks: Sequence[_Mark], keep: bool) -> None:
        self.plan = plan
        self.marks = marks
        self.tree = Tree()
        self.kept = Leaves() if keep else None
        self.entries = self.own = 0
        self.projects: set[str | int] = set()
        self.cover: dict[str, Any] = {}
        self.rest: dict[str, tuple[int, int]] = {}
        self.others: list[Leaf] = []
        self._look(None)

    def add(self, leaf: Leaf) -> None:
        own = hashed(leaf)
        self.tree.add(own)
        if self.kept is not None:
            self.kept.append(own)
        if leaf[0] == "entry":
            self.entries += 1
            self.projects.add(leaf[1])
            project, number = str(leaf[1]), leaf[2] if isinstance(leaf[2], int) else 0
            self.rest[project] = self.rest.get(project, (number, number))[0], number
        elif leaf[0] != HIDDEN:
            self.own += leaf[0] == "plan"
            self.others.append(leaf)
        self._look(leaf)

    def _look(self, leaf: Leaf | None) -> None:
        for mark in self.marks:
            if mark.look(self, leaf):
                self.cover = {
                    "by": mark.point,
                    "covered": self.tree.size,
                    "entries": self.entries,
                    "projects": len(self.projects),
                }
                self.rest, self.others = {}, []

    def told(self) -> Coverage:
        found = tuple(self._differs(mark) for mark in self.marks if not mark.fits)
        return Coverage(
            plan=self.plan,
            size=self.tree.size,
            root=self.tree.root(),
            rest=self.rest,
            others=tuple(self.others),
            found=found,
            own=self.own,
            **self.cover,
        )

    def _differs(self, mark: _Mark) -> Mismatch:
        point = mark.point
        if mark.fits is None:
            signed = isinstance(point, SignedCheckpoint)
            had = point.size if isinstance(point, SignedCheckpoint) else point.entries
            now = self.tree.size if signed else self.entries
            return checkpoint_differs(
                self.plan,
                f"확인값 {_named(point)}은(는) {had}건까지인데 지금은 {now}건뿐입니다: "
                "뒤가 잘렸거나 예전 파일로 되돌려졌습니다.",
                f"the checkpoint {_named(point)} has {had}, what is here has {now}: the end was "
                "cut off, or an older file was put back",
            )
        return checkpoint_differs(
            self.plan,
            f"확인값 {_named(point)}와(과) 다릅니다: 그때까지의 이력이 바뀌었습니다. "
            f"지금 계산한 값: {mark.instead}",
            f"not what was noted ({_named(point)}): what was written up to then was changed; what "
            f"comes out now is: {mark.instead}",
        )


def checkpoint_differs(plan: str, ko: str, en: str) -> Mismatch:
    """Return the finding that a checkpoint does not fit."""
    return Mismatch(project=plan, code="checkpoint_differs", ko=ko, en=en)


def hold(
    read: Iterable[tuple[str, Leaf]],
    plans: Iterable[str],
    points: Iterable[SignedCheckpoint | Checkpoint],
    heads: Callable[[str], Sequence[str]],
    keep: bool = False,
) -> dict[str, tuple[Coverage, Leaves | None]]:
    """Return, by plan, how the logs stand to checkpoints: `read` are their leaves, `heads` gives
    the digests of a plan's revisions. With `keep`, with the hashes of all leaves. A checkpoint of
    a plan that is not there does not fit."""
    marks: dict[str, list[_Mark]] = {plan: [] for plan in plans}
    there = set(marks)
    for point in points:
        known = there.__contains__(point.plan)
        marks.setdefault(point.plan, []).append(_Mark(point, heads(point.plan) if known else ()))
    reading = {plan: _Reading(plan, each, keep) for plan, each in marks.items()}
    for plan, leaf in read:
        reading[plan].add(leaf)
    return {plan: (each.told(), each.kept) for plan, each in reading.items()}


def held(
    tables: Tables,
    points: Iterable[SignedCheckpoint | Checkpoint] = (),
    plans: Iterable[str] | None = None,
    keep: bool = False,
) -> dict[str, tuple[Coverage, Leaves | None]]:
    """Return how the logs of a store stand to checkpoints, by plan (None: of every plan)."""
    if plans is None:
        plans = [each for each in tables.owners("plan_revision") if isinstance(each, str)]
    plans = list(plans)

    def heads(plan: str) -> list[str]:
        return [_seal(row.get("tree")) for row in tables.rows("plan_revision", plan)]

    found = hold(leaves(tables, plans), plans, points, heads, keep)
    if "plan_entry" not in tables.kept:
        return found
    return {plan: (_waiting(tables, cover), kept) for plan, (cover, kept) in found.items()}


def _waiting(tables: Tables, cover: Coverage) -> Coverage:
    """Return it with the plan's own entries that have no place in the log yet: none covers them."""
    rows = list(tables.rows("plan_entry", cover.plan))[cover.own :]
    waiting = [("plan", cover.plan, _plain(r.get("number")), _plain(r.get("hash"))) for r in rows]
    return attrs.evolve(cover, others=(*cover.others, *waiting)) if waiting else cover
