"""What a plan calls by names that people cannot tell apart: told when it is read, and refused
nowhere, since plans that were adopted so go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from evalflow.files.notes import Note
from evalflow.model import Label, PlanHead, ProjectDefinition
from evalflow.model.ids import folded, looks

Place = Callable[[tuple[str, ...]], str]
"""Says where a path stands in the plan's file."""


def alike_notes(
    head: PlanHead, projects: Iterable[ProjectDefinition], at: Place
) -> tuple[Note, ...]:
    """Return the pairs of people, units and projects whose ids look alike (`policy-1` and
    `POLICY-1`), and of units and projects whose names differ in letter case alone (a plan is read
    in one Unicode form): each with both places. Of one name there may be several."""
    units = [(each.id, each.label) for each in head.units.values()]
    found = [(each.number, each.label) for each in projects]
    return (
        *_of([(actor, None) for actor in head.directory], "directory", "담당자/people", at),
        *_of(units, "units", "부서/units", at),
        *_of(found, "projects", "사업/projects", at),
    )


def _of(
    named: Sequence[tuple[str, Label | None]], kind: str, words: str, at: Place
) -> Iterator[Note]:
    ko, _, en = words.partition("/")
    labels = [(key, label) for key, label in named if label is not None]
    pairs = [
        *_pairs([(key, key) for key, _ in named], looks),
        *_pairs([(key, label.ko) for key, label in labels], folded),
        *_pairs([(key, label.en) for key, label in labels], folded),
    ]
    for (first, other), (second, said) in pairs:
        place = at((kind, first))
        yield Note(
            code="look_alike",
            ko=f"{ko} 둘을 구별할 수 없습니다: {said!a}, {place}의 {other!a}",
            en=f"two {en} cannot be told apart: {said!a}, and {other!a} at {place}",
            where=at((kind, second)),
        )


_Named = tuple[str, str]


def _pairs(named: Iterable[_Named], same: Callable[[str], str]) -> Iterator[tuple[_Named, _Named]]:
    """Yield twice (key, text), the earlier first, of texts that differ and look alike."""
    known: dict[str, _Named] = {}
    for each in named:
        first = known.setdefault(same(each[1]), each)
        if first[1] != each[1]:
            yield first, each
