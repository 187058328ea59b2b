"""A plan cut into chunks that can be applied apart from each other, also on other machines."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import attrs

from evalflow.batch.plan_file import BatchPlan, read
from evalflow.batch.values import Header, Planned
from evalflow.model.values import frozen

if TYPE_CHECKING:
    from evalflow.batch.lines import PlanLine

CHUNK = 5_000
"""Projects in one transaction, where one decision holds for all of them."""


@frozen(kw_only=True)
class Chunk:
    """Some lines of a plan, always whole groups: small, picklable, and with the store all that is
    needed to apply them. Iterate over it for the lines.

    Attributes:
        key: the idempotency key of the whole batch.
        mode: which lines stand or fall together; see `BatchPlan`.
        text: the lines as written, compressed.
    """

    header: Header
    key: str
    mode: str
    text: bytes = attrs.field(repr=False)

    def __iter__(self) -> Iterator[Planned]:
        for line in read(self.lines()):
            yield line.planned()

    def lines(self) -> Iterator[str]:
        """Yield the lines of the projects as they are written."""
        yield from zlib.decompress(self.text).decode().split("\n")


def chunks_of(plan: BatchPlan, mode: str, size: int = CHUNK) -> Iterator[Chunk]:
    """Yield the plan in chunks of `size` projects, or more where a part is larger."""
    held: list[str] = []
    for part in _texts(plan, mode):
        held += part
        if len(held) >= size:
            yield _chunk(plan, mode, held)
            held = []
    if held:
        yield _chunk(plan, mode, held)


def _chunk(plan: BatchPlan, mode: str, lines: list[str]) -> Chunk:
    text = zlib.compress("\n".join(lines).encode(), 1)
    return Chunk(header=plan.header, key=plan.key, mode=mode, text=text)


def _texts(plan: BatchPlan, mode: str) -> Iterator[list[str]]:
    """Yield the parts as they are written, read only as far as needed."""
    if mode != "each":
        from evalflow.batch.lines import write_line

        for part in parts_of(plan, mode):
            yield [write_line(line) for line in part]
        return
    numbered = enumerate(plan.lines())
    for _, lines in groupby(numbered, key=lambda pair: _part(pair[1]) or pair[0]):
        yield [line for _, line in lines]


def _part(line: str) -> str | None:
    return next(read([line])).part if '"part":' in line else None


def parts_of(plan: BatchPlan | Chunk, mode: str) -> Iterator[list[PlanLine]]:
    """Yield the lines that stand or fall together."""
    lines = read(plan.lines())
    if mode == "all":
        if everything := list(lines):
            yield everything
    elif mode == "unit":
        units: dict[str, list[PlanLine]] = {}
        for line in lines:
            units.setdefault(f"{line.project.rpartition('/')[0]}/{line.unit}", []).append(line)
        yield from _joined(units.values())
    else:
        yield from _by_part(lines)


def _by_part(lines: Iterable[PlanLine]) -> Iterator[list[PlanLine]]:
    """Yield each line alone, and those of a part, which follow one another, together."""
    held: list[PlanLine] = []
    for line in lines:
        if held and (line.part is None or line.part != held[0].part):
            yield held
            held = []
        held.append(line)
    if held:
        yield held


def _joined(units: Iterable[list[PlanLine]]) -> Iterator[list[PlanLine]]:
    """Yield the units' lines, those units joined whose projects can only move together."""
    groups: dict[int, list[PlanLine]] = {}
    home: dict[str, int] = {}  # the group in which a part's lines are
    for number, lines in enumerate(units):
        parts = {line.part for line in lines if line.part is not None}
        first, *others = sorted({home[part] for part in parts if part in home}) or [number]
        group = groups.setdefault(first, [])
        for other in others:
            taken = groups.pop(other)
            group.extend(taken)
            parts.update(line.part for line in taken if line.part is not None)
        group.extend(lines)
        home.update(dict.fromkeys(parts, first))
    yield from groups.values()
