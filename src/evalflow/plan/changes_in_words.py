"""What a plan would say otherwise, in words: no path of a file, and no JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from evalflow.model import CONTENTS, Label
from evalflow.model.calendar import period
from evalflow.plan.listing import sources_of
from evalflow.plan.order import ORDER
from evalflow.plan.tables import InCharge, Money, Place, indicator_places, project_places
from evalflow.plan.workbook_words import (
    ENTRY_KINDS,
    KINDS,
    MOVES,
    PERIODS,
    PROJECT_MEANS,
    ZERO_TARGETS,
    items,
)

if TYPE_CHECKING:
    from evalflow.plan.definition import Plan
    from evalflow.plan.differences import Difference

Said = tuple[str, str, str]
"""What it is about, what was said, what will be."""


class Speaker(Protocol):
    """Something that speaks one language: a session of the command line, or a page."""

    @property
    def lang(self) -> str:
        """`ko` or `en`."""

    def say(self, ko: str, en: str) -> str:
        """Return the sentence in this language."""

    def label(self, label: Label) -> str:
        """Return the label in this language."""


_UNIT_KEYS = {
    "ko": Label("이름", "name"),
    "en": Label("영문명", "English name"),
    "kind": Label("구분", "kind"),
    "parent": Label("상위 기관", "is under"),
    "since": Label("시작일", "since"),
    "until": Label("종료일", "until"),
    "renamed": Label("바뀐 이름", "renamed"),
}
_LISTS = {
    "fields": ENTRY_KINDS["field"],
    "core_projects": ENTRY_KINDS["core_project"],
    "criteria": ENTRY_KINDS["criterion"],
    "goals": Label("목표", "Goal"),
    "exclusions": ENTRY_KINDS["exclusion"],
    "milestones": Label("추진일정", "Milestone"),
}
_WORDS: Mapping[str, Mapping[str, Label]] = {
    "calendar.periods": PERIODS,
    "calendar.move": MOVES,
    "scoring.project_mean": PROJECT_MEANS,
    "scoring.zero_target": ZERO_TARGETS,
}


def changes(plan: Plan, was: Plan) -> tuple[Difference, ...]:
    """Return how a plan that is not yet adopted differs from another."""
    from evalflow.plan.differences import differences

    return differences(plan, was.head, was.projects)


def in_words(
    session: Speaker, plan: Plan, was: Plan | None, found: Sequence[Difference]
) -> Iterator[tuple[Difference, Said]]:
    """Yield each difference between `was` and `plan` with a description."""
    words = _Words(session, plan, was)
    moved = {each.number for each in found if each.path == "assignments"}
    for each in found:
        if each.path == "unit" and each.number in moved:
            continue  # the transfer says it
        yield each, words.said(each)


class _Words:
    def __init__(self, session: Speaker, plan: Plan, was: Plan | None) -> None:
        self.session, self.plan, self.was = session, plan, was
        self.head, self.lifecycle = plan.head, plan.lifecycle
        used = [key for each in plan.projects.values() for key in sources_of(each.tree)]
        self.places = {each.path: each for each in project_places(plan.head, used)}
        self.measured = {each.path: each for each in indicator_places(plan.head)}
        settings = items(plan.lifecycle)
        self.settings = {each.key.rpartition(".")[2]: each.label for each in settings}
        self.due = {each.key: each.label for each in settings if each.key.startswith("due.")}

    def say(self, ko: str, en: str) -> str:
        return self.session.say(ko, en)

    def label(self, label: Label) -> str:
        return self.session.label(label)

    def said(self, found: Difference) -> Said:
        before, after = _tree(found.before), _tree(found.after)
        path = tuple(found.path.split(".")) if found.path else ()
        if found.number is None:
            return self.shared(path, before, after)
        if not path:
            return self.say("새 사업", "new project"), "-", str(after)
        return self.of_project(found.number, path, before, after)

    # ------------------------------------------------------------------ what all share

    def shared(self, path: tuple[str, ...], before: Any, after: Any) -> Said:
        if path[0] in ("directory", "appointments"):
            return self.people(path, before, after)
        if path[0] == "units" and len(path) > 1:
            return self.unit(path, before, after)
        if path[0] in _LISTS:
            name = path[1] if len(path) > 1 else ""
            return (
                f"{self.label(_LISTS[path[0]])} {name}".strip(),
                self.plain(before),
                self.plain(after),
            )
        if path[:2] == ("calendar", "due") and len(path) > 2:
            event = self.lifecycle.events.get(path[2])
            name = path[2] if event is None else self.label(event.label)
            return self.say(f"기한: {name}", f"due: {name}"), self.plain(before), self.plain(after)
        if path[0] == "lenient" and len(path) > 1 and path[1] in CONTENTS:
            name = self.label(CONTENTS[path[1]])
            what = self.say(f"나중에 낼 것: {name}", f"given later: {name}")
            return what, self.plain(before), self.plain(after)
        if path[:2] == ("scoring", "bands"):
            name = path[2] if len(path) > 2 else ""
            bands = {band.name: self.label(band.label) for band in self.head.scoring.bands}
            what = self.say("추진상태", "band") + f" {bands.get(name, name)}"
            return what.strip(), self.plain(before), self.plain(after)
        choices = _WORDS.get(".".join(path), {})
        label = self.settings.get(path[-1])
        name = ".".join(path) if label is None else self.label(label)
        return name, self.chosen(before, choices), self.chosen(after, choices)

    def chosen(self, value: Any, choices: Mapping[str, Label]) -> str:
        known = isinstance(value, str) and value in choices
        return self.label(choices[value]) if known else self.plain(value)

    def people(self, path: tuple[str, ...], before: Any, after: Any) -> Said:
        """A staff change: which roles somebody no longer holds, and which are new."""
        old, new = before or [], after or []
        gone = [self.grant(each) for each in old if each not in new]
        come = [self.grant(each) for each in new if each not in old]
        what = (
            self.say("대결", "Acting appointments")
            if path[0] == "appointments"
            else self.say(f"사람 {'.'.join(path[1:])}", f"Person {'.'.join(path[1:])}")
        )
        return what, "; ".join(gone) or "-", "; ".join(come) or "-"

    def grant(self, tree: Mapping[str, str]) -> str:
        role = self.lifecycle.roles.get(tree["role"])
        name = tree["role"] if role is None else self.label(role.label)
        days = self.days(tree)
        said = f"{name}({self.unit_name(tree['unit'])}{', ' if days else ''}{days})"
        if "for" in tree:
            who = f"{tree['actor']} → {tree['for']}"
            return f"{who} {said}: {tree.get('reason', '')}".rstrip(": ")
        return said

    def days(self, tree: Mapping[str, str]) -> str:
        since, until = tree.get("since"), tree.get("until")
        return f"{since or ''}~{until or ''}" if since or until else ""

    def unit_name(self, unit_id: str) -> str:
        for plan in (self.plan, self.was):
            if plan is not None and unit_id in plan.head.units:
                return self.label(plan.head.units[unit_id].label)
        return unit_id

    def unit(self, path: tuple[str, ...], before: Any, after: Any) -> Said:
        name = self.unit_name(path[1])
        if len(path) == 2:
            return self.say(f"기관 {name}", f"unit {name}"), self.a_unit(before), self.a_unit(after)
        key = self.label(_UNIT_KEYS.get(path[2], Label(path[2], path[2])))
        what = self.say(f"기관 {name}: {key}", f"unit {name}: {key}")
        if path[2] == "parent":
            return what, self.parent(before), self.parent(after)
        if path[2] == "renamed":
            return what, self.renamed(before), self.renamed(after)
        return what, self.plain(before), self.plain(after)

    def parent(self, unit_id: Any) -> str:
        return "-" if unit_id is None else self.unit_name(str(unit_id))

    def renamed(self, tree: Any) -> str:
        return "; ".join(f"{each['ko']}({each['on']}~)" for each in tree or ()) or "-"

    def a_unit(self, tree: Any) -> str:
        if not isinstance(tree, Mapping):
            return "-"
        kind = tree["kind"]
        said = [self.label(KINDS[kind]) if kind in KINDS else kind]
        if "parent" in tree:
            said.append(self.unit_name(tree["parent"]))
        if days := self.days(tree):
            said.append(days)
        return ", ".join(said)

    # ------------------------------------------------------------------ projects

    def of_project(self, number: str, path: tuple[str, ...], before: Any, after: Any) -> Said:
        if path[0] in ("unit", "assignments"):
            charge = self.places["unit",]
            old = before
            if path[0] == "assignments" and before is None and self.was is not None:
                old = self.was.projects[number].tree.get("unit")
            return self.label(charge.label), self.cell(charge, old), self.cell(charge, after)
        if path[0] == "indicators" and len(path) > 1:
            return self.indicator(number, path, before, after)
        if path[0] == "schedule":
            month = path[1] if len(path) > 1 else ""
            what = self.say(f"{month} 추진계획", f"steps of {month}")
            return what, self.plain(before), self.plain(after)
        if path[0] == "cards":
            cards = self.say("관리카드", "cards")
            return cards, self.count(before), self.count(after)
        place = self.places.get(path) or self.places.get((*path, "ko"))
        if place is not None:
            return self.label(place.label), self.cell(place, before), self.cell(place, after)
        return ".".join(path), self.plain(before), self.plain(after)

    def count(self, tree: Any) -> str:
        return self.say(f"{len(tree or ())}장", f"{len(tree or ())}")

    def indicator(self, number: str, path: tuple[str, ...], before: Any, after: Any) -> Said:
        name = path[1]
        for plan in (self.plan, self.was):
            known = None if plan is None else plan.projects.get(number)
            if known is not None and (one := known.indicator(path[1])) is not None:
                name = self.label(one.label)
                break
        what = self.say(f"성과지표 '{name}'", f"indicator '{name}'")
        if len(path) == 2:
            new, gone = self.say("새 지표", "new"), self.say("있음", "there")
            return what, gone if before else "-", new if after else "-"
        if path[2:] == ("targets",):
            return what, self.plain(before), self.plain(after)
        measured = self.measured.get(path[2:])
        if measured is None:
            return f"{what} {'.'.join(path[2:])}", self.plain(before), self.plain(after)
        about = self.label(measured.label)
        if path[2] == "targets":
            about = self.say(f"{self.label(period(path[3]).label)} 목표", f"target {path[3]}")
        return f"{what} {about}", self.cell(measured, before), self.cell(measured, after)

    def cell(self, place: Place, tree: Any) -> str:
        if tree is None or tree == []:
            return "-"
        if isinstance(tree, Mapping) and place.path == ("content", "ko"):
            tree = tree.get("ko")
        try:
            value = place.kind.write(tree, self.session.lang)
        except (KeyError, TypeError, AssertionError):
            return self.plain(tree)
        if isinstance(place.kind, Money):
            return self.say(f"{value:,}원", f"{value:,} won")
        if isinstance(place.kind, InCharge) or isinstance(value, str):
            return str(value)
        return f"{value:,}" if isinstance(value, Decimal | int) else str(value)

    def plain(self, tree: Any) -> str:
        """Return a small tree in words: its texts, without keys that only programs need."""
        if tree is None or tree in ("", [], {}):
            return "-"
        if isinstance(tree, Mapping):
            if set(tree) <= {"ko", "en"} and "ko" in tree:
                return str(tree.get(self.session.lang) or tree["ko"])
            said = [self.plain(v) for k, v in tree.items() if k not in (ORDER, "en")]
            return ", ".join(said)
        if isinstance(tree, list):
            return "; ".join(self.plain(each) for each in tree)
        return str(tree)


def _tree(text: str | None) -> Any:
    """Return what a difference says as a tree: one that is no text was written canonically."""
    if text is None or text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
