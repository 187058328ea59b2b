"""What people could take for each other: two parts of one kind with the same label, or with names
that differ in nothing that is seen at once."""

from __future__ import annotations

from collections.abc import Iterator

from evalflow.lifecycle.check.finding import Finding, warning
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import Label

_SEEN_ALIKE = str.maketrans({"_": "", "0": "o", "1": "l", "i": "l"})


def alike(lifecycle: Lifecycle) -> Iterator[Finding]:
    """Find parts of one kind, such as two events, that a list on the screen shows as the same."""
    for about, parts in _kinds(lifecycle):
        for said in ("ko", "en", "name"):
            found: dict[str, tuple[str, str]] = {}
            for name, label in parts:
                shown = name if said == "name" else label.text(said)
                first, text = found.setdefault(_folded(shown, said), (name, shown))
                if first != name:
                    yield _alike(about, said, (first, text), (name, shown))


def _kinds(lifecycle: Lifecycle) -> Iterator[tuple[str, list[tuple[str, Label]]]]:
    """Yield the lists in which people choose, or look, with where each stands."""
    yield "roles", [(each.name, each.label) for each in lifecycle.roles.values()]
    yield "regions", [(each.name, each.label) for each in lifecycle.regions.values()]
    for region in lifecycle.regions.values():
        yield "states", [(name, lifecycle.states[name].label) for name in region.states]
    yield "events", [(each.name, each.label) for each in lifecycle.events.values()]
    for event in lifecycle.events.values():
        about = f"events.{event.name}.data"
        yield about, [(field.name, field.label) for field in event.data]
        for field in event.data:
            yield f"{about}.{field.name}.options", list(field.options.items())


def _folded(shown: str, said: str) -> str:
    plain = "".join(shown.casefold().split())
    return plain.translate(_SEEN_ALIKE) if said == "name" else plain


def _alike(about: str, said: str, first: tuple[str, str], second: tuple[str, str]) -> Finding:
    one, other = first[0], second[0]
    place = f"{about}.{other}"
    if said == "name":
        return warning(
            "alike",
            place,
            f"이름 '{one}'와(과) '{other}'은(는) 서로 잘못 보기 쉽습니다.",
            f"the names '{one}' and '{other}' are easily taken for each other.",
        )
    lang = Label("한국어", "Korean") if said == "ko" else Label("영어", "English")
    return warning(
        "alike",
        place,
        f"{one}와(과) {other}은(는) {lang.ko} 이름이 둘 다 '{second[1]}'이어서 화면에서 구별할 수 "
        "없습니다.",
        f"{one} and {other} are both called '{second[1]}' in {lang.en}: on the screen nobody can "
        "tell them apart.",
    )
