"""Where things stand in a lifecycle's file, and how what is wrong there is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalflow.files.merge import Source
from evalflow.files.reader import Part
from evalflow.lifecycle.check.overlap import Overlap
from evalflow.lifecycle.definition import Event


class Places(Mapping[str, str]):
    """Where things stand in a file, worked out when somebody asks."""

    def __init__(self, document: Source, paths: Mapping[str, tuple[str | int, ...]]) -> None:
        self._document = document
        self._paths = paths

    def __getitem__(self, about: str) -> str:
        line, column = self._document.key_place(self._paths[about])
        return f"{self._document.file(self._paths[about])}:{line}:{column}"

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def bad_name(part: Part, key: str | None, name: str, signs: str = "_") -> None:
    """Note that a name is none: the value of `key`, or the part's own key (None)."""
    part.wrong(
        key,
        "bad_name",
        f"이름 '{name}'은(는) 영문자로 시작하고 영문자·숫자와 {signs}로만 적습니다 (64자까지)",
        f"the name '{name}' has to begin with a letter and hold only A-Z, a-z, 0-9 and {signs}",
        name,
    )


def duplicate(part: Part, what: tuple[str, str], name: str, where: str | None = None) -> None:
    """Note that a name is given twice, the other time perhaps in the region `where`."""
    ko, en = f"{what[0]} '{name}'이(가) 두 번 있습니다", f"there are two {what[1]}s '{name}'"
    if where is not None:
        ko, en = f"{ko} (영역 '{where}'에도 있음)", f"{en} (the other in the region '{where}')"
    part.wrong(None, f"duplicate_{what[1]}", ko, en, name)


def empty(part: Part, key: str, what: tuple[str, str]) -> None:
    """Note that there must be at least one, unless what stands there is noted already."""
    value = part.tree.get(key)
    if value is None and part.is_meant(key):
        return
    if value is None or value in ([], {}, (), ""):
        part.wrong(
            None if value is None else key,
            "missing_key",
            f"'{key}'에 적어도 하나의 {what[0]}이(가) 있어야 합니다",
            f"'{key}' has to name at least one {what[1]}",
        )


def cross_region(part: Part, source: str, region: str, target: str, other: str) -> None:
    """Note a transition that would leave its region."""
    part.wrong(
        "to",
        "cross_region",
        f"전이는 한 영역 안에 있어야 합니다: '{source}'은(는) '{region}', '{target}'은(는) "
        f"'{other}' 영역입니다",
        f"a transition stays in its region: '{source}' is in '{region}', '{target}' in '{other}'",
        target,
    )


def overlap_told(overlap: Overlap, event: Event) -> tuple[str, str, str]:
    """Return code and sentences of the problem that two edges of an event are to each other."""
    first, second = overlap.first, overlap.second
    if overlap.kind in ("duplicate", "redundant"):
        code = "duplicate_edge" if overlap.kind == "duplicate" else "redundant_edge"
        return (
            code,
            f"'{second.source}'에서 '{second.target}'(으)로 가는 전이가 이미 있습니다",
            f"there is a transition from '{second.source}' to '{second.target}' already",
        )
    if event.first_wins:
        return (
            "edge_never_taken",
            f"'{second.source}'에서 '{second.target}'(으)로는 갈 수 없습니다: 앞의 "
            f"'{first.target}'이(가) 늘 우선합니다",
            f"'{second.target}' is never chosen from '{second.source}': '{first.target}' before "
            "it always wins",
        )
    return (
        "ambiguous_edges",
        f"'{second.source}'에서 '{first.target}'(으)로도 '{second.target}'(으)로도 갈 수 있습니다. "
        "요건으로 가르거나 choose: first를 적으십시오",
        f"from '{second.source}' both '{first.target}' and '{second.target}' can be taken; tell "
        "them apart by guards, or say choose: first",
    )
