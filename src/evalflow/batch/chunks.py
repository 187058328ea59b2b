"""A plan cut into chunks that can be applied apart from each other, also on other machines."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby

import attrs

from evalflow.batch.plan import Alike, BatchPlan, Header, Planned, Reader
from evalflow.model.canonical import canonical, parse

CHUNK = 5_000
"""Projects in one transaction, where one decision holds for all of them."""


@attrs.frozen(kw_only=True)
class Chunk:
    """Some lines of a plan, whole parts only: small, picklable, and all that is needed to apply
    them beside the store. Iterate over it for the lines.

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
        for line in self.read():
            yield line if isinstance(line, Planned) else line.planned()

    def read(self) -> Iterator[Planned | Alike]:
        """Yield the lines, those that are like one before them in short."""
        read = Reader().read
        for line in zlib.decompress(self.text).decode().split("\n"):
            yield read(line)


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
        for part in parts_of(plan, mode):
            yield [canonical(line.tree()) for line in part]
        return
    numbered = enumerate(plan.lines())
    for _, lines in groupby(numbered, key=lambda pair: _part(pair[1]) or pair[0]):
        yield [line for _, line in lines]


def _part(line: str) -> str | None:
    name: str | None = parse(line).get("part") if '"part":' in line else None
    return name


Part = list[Planned] | Alike
"""Lines that stand or fall together, or one alone that is like another."""


def parts_in(plan: BatchPlan | Chunk, mode: str) -> Iterator[Part]:
    """Yield the parts as `parts_of` does, single lines in short where they can be."""
    if mode != "each":
        yield from parts_of(plan, mode)
        return
    held: list[Planned] = []
    for line in plan.read():
        if held and (isinstance(line, Alike) or line.part is None or line.part != held[0].part):
            yield held
            held = []
        if isinstance(line, Alike):
            yield line
        else:
            held.append(line)
    if held:
        yield held


def parts_of(plan: Iterable[Planned], mode: str) -> Iterator[list[Planned]]:
    """Yield the lines that stand or fall together."""
    if mode == "all":
        if lines := list(plan):
            yield lines
    elif mode == "unit":
        units: dict[str, list[Planned]] = {}
        for line in plan:
            units.setdefault(f"{line.project.rpartition('/')[0]}/{line.unit}", []).append(line)
        yield from _joined(units.values())
    else:
        for _, together in groupby(plan, key=lambda line: line.part or line.project):
            yield list(together)


def _joined(units: Iterable[list[Planned]]) -> Iterator[list[Planned]]:
    """Yield the units' lines, those units joined whose projects can only move together."""
    homes: dict[str, list[Planned]] = {}
    for lines in units:
        mine = lines
        for name in {line.part for line in lines if line.part is not None}:
            other = homes.get(name)
            if other is not None and other is not mine:
                other.extend(mine)
                for line in mine:
                    if line.part is not None:
                        homes[line.part] = other
                mine = other
            homes[name] = mine
        for line in mine:
            homes[line.part or f"\0{line.project}"] = mine
    yield from {id(lines): lines for lines in homes.values()}.values()
