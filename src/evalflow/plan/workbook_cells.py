"""Columns and cells of the office's workbook: what each is headed, hints at, takes and holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from evalflow.files.book_writer import BookColumn, BookSheet
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import Label, PlanHead, ProjectDefinition
from evalflow.model.canonical import Tree
from evalflow.plan.listing import sources_of, value_at
from evalflow.plan.tables import (
    SOURCES,
    Money,
    OneOf,
    Place,
    Several,
    Value,
    project_places,
    won_of,
)
from evalflow.plan.workbook_words import (
    GROUP_MEANS,
    KINDS,
    MILLION,
    MOVES,
    PERIODS,
    PROJECT_MEANS,
    SHEETS,
    ZERO_TARGETS,
    Item,
    english,
)

BY_PERIOD = ("budget", "periods")

_HINTS: Mapping[str, tuple[str, str, Value]] = {
    # column -> hint in Korean, in English, example
    "ko": ("필수. 60자까지", "needed", "전통시장 현대화"),
    "unit": (
        "필수. 고르기. 옮기면 도로과(~2027-06-30); 치수과(2027-07-01~)",
        "needed",
        "지역경제과",
    ),
    "field": ("필수. 하나만", "needed, one", "경제"),
    "core_project": ("선택. 하나만", "one, if any", None),
    "kind": ("필수", "needed", "계속"),
    "start": ("2027-01-01 꼴", "as 2027-01-01", "2027-01-01"),
    "end": ("2027-12-31 꼴", "as 2027-12-31", "2027-12-31"),
    "content": ("한두 문장", "a sentence or two", "아케이드와 화장실을 고친다"),
    "goals": (
        "목표체계의 단위사업. 여럿이면 ; 로",
        "programmes, with ; between",
        "지역 일자리 지원",
    ),
    "selection": ("여럿이면 ; 로", "several with ; between", "신규 역점사업"),
    "cooperating": ("선택. 여럿이면 ; 로", "several with ; between", "도로과"),
    "about": ("다른 사업에 대한 것일 때만", "the project it is about, if any", None),
    "measure": ("필수", "needed", "회"),
    "direction": ("필수. 고르기", "needed", "상향"),
    "formula": ("비우면 방향에 따름", "blank: by the direction", None),
    "accumulation": ("필수. 고르기", "needed", "합계"),
    "weight": ("비우면 1", "blank: 1", Decimal(1)),
    "steps": ("단계 산식일 때: 설계(1); 착공(2)", "for the formula by steps", None),
    "baseline": ("진척 산식일 때", "for progress from a baseline", None),
    "annual": ("선택. 분기 목표와 맞춰 봄", "held against the periods' targets", None),
    "cap": ("선택. %", "in %, if any", None),
}

_EXAMPLES_EN: Mapping[str, Value] = {
    "ko": "Traditional market",
    "unit": "Local economy",
    "field": "Economy",
    "kind": "continued",
    "content": "Arcade and toilets are renewed",
    "goals": "Local jobs",
    "selection": "New priority",
    "cooperating": "Roads",
    "measure": "times",
    "direction": "up",
    "accumulation": "sum",
}


_SPARE = 60  # empty rows below those that are filled


class Cells:
    """One plan that is written to a workbook, cell by cell."""

    def __init__(
        self,
        head: PlanHead,
        definitions: Sequence[ProjectDefinition],
        lifecycle: Lifecycle,
        lang: str,
    ) -> None:
        self.head, self.lifecycle, self.lang = head, lifecycle, lang
        self.trees: dict[str, Mapping[str, Any]] = {d.number: d.tree for d in definitions}

    def say(self, ko: str, en: str) -> str:
        """Return the text in the workbook's language."""
        return ko if self.lang == "ko" else en

    def text(self, label: Label) -> str:
        """Return the label in the workbook's language."""
        return label.text(self.lang)

    def sheet(self, key: str, **more: Any) -> BookSheet:
        """Return a sheet, named in the workbook's language."""
        return BookSheet(name=self.text(SHEETS[key]), spare=_SPARE, **more)

    def column(self, ko: str, en: str, hint: tuple[str, str] = ("", ""), **more: Any) -> BookColumn:
        """Return a column, headed in the workbook's language."""
        example = more.get("example")
        if isinstance(example, tuple):
            more["example"] = self.say(*example)
        return BookColumn(head=self.say(ko, en), hint=self.say(*hint), **more)

    def check(self, formula: str) -> BookColumn:
        """Return the column in which a sheet checks itself."""
        return self.column("확인", "Check", ("자동", "by itself"), check=formula, width=24)

    def quoted(self, ko: str, en: str) -> str:
        """Return a text as a formula writes it."""
        return f'"{self.say(ko, en)}"'

    def number(self) -> BookColumn:
        """Return the column of project numbers."""
        return self.column("관리번호", "Number", ("필수", "needed"), kind="text", example="5")

    def place(self, place: Place) -> BookColumn:
        """Return the column of one part of projects or indicators."""
        key, text = place.column.key, self.text(place.label)
        money = isinstance(place.kind, Money)
        hints = _HINTS.get(key, ("", "", None))
        example = hints[2] if self.lang == "ko" else _EXAMPLES_EN.get(key, hints[2])
        choices: tuple[str, ...] = ()
        among: tuple[str, int] | None = None
        if key in ("unit", "cooperating"):
            among = (self.text(SHEETS["units"]), 0)
        elif key in ("field", "core_project", "goals", "selection"):
            among = (self.text(SHEETS["names"]), 1)
        elif isinstance(place.kind, OneOf) and not isinstance(place.kind, Several):
            choices = place.kind.names.all_written(self.lang)
        kind = "any"
        if money:
            text += self.say("(백만원)", " (million won)")
            kind, example = "number", Decimal("120.5")
        elif key in ("start", "end"):
            kind, example = "date", dt.date.fromisoformat(str(hints[2]))
        elif key.startswith("target "):
            example = Decimal(10)
            hints = ("수 또는 시기미도래: 사유", "a number, or 시기미도래: why", None)
        return BookColumn(
            head=text,
            hint=self.say(hints[0], hints[1]),
            example=example,
            kind=kind,  # type: ignore[arg-type]
            choices=choices,
            among=among,
            least=0 if money else None,
        )

    def cell(self, place: Place, tree: Tree) -> Value:
        """Return what a project's tree says at a place, as people write it."""
        value = value_at(place, tree)
        if value is None or value == []:
            return None
        if isinstance(place.kind, Money):
            return Decimal(won_of(value)) / MILLION
        return place.kind.write(value, self.lang)

    def kind(self, kind: str) -> str:
        """Return what the sheets call a kind of unit."""
        return self.text(KINDS[kind]) if kind in KINDS else kind

    def unit_name(self, unit_id: str) -> str:
        """Return what the sheet calls a unit: its name, or the id where others bear the name."""
        name = self.head.units[unit_id].label.ko
        others = [each for each in self.head.units.values() if each.label.ko == name]
        return name if len(others) == 1 else unit_id

    def listed(self) -> list[Place]:
        """Return the columns of the sheet of projects, behind the number."""
        used = [key for tree in self.trees.values() for key in sources_of(tree)]
        sources = dict.fromkeys([*SOURCES, *used])
        return [each for each in project_places(self.head, sources) if each.path[:2] != BY_PERIOD]

    def remark(self, item: Item) -> str | None:
        """Return what a setting means, or what it may be."""
        if item.choices:
            return " / ".join(self.text(each) for each in item.choices.values())
        return self.text(item.meaning) or None

    def setting(self, item: Item) -> Value:
        """Return how the plan sets one item."""
        head, (part, _, name) = self.head, item.key.partition(".")
        if part == "due":
            event = self.lifecycle.events[name]
            assert event.due is not None
            rule = head.calendar.due.get(name, event.due)
            return rule.n if rule.kind == event.due.kind else None
        if part == "band":
            bound = {band.name: band.at_least for band in head.scoring.bands}[name]
            return None if bound is None else bound
        if part == "lenient":
            return head.lenient.get(name)
        if part == "document":
            value = getattr(head.document, name)
            if name == "consulted":
                return "; ".join(each.title for each in value if each.actor is None) or None
            return "; ".join(value) if isinstance(value, tuple) else (value or None)
        found: Mapping[str, Value] = {
            "id": head.id,
            "revision": head.revision,
            "year": head.year,
            "ko": head.label.ko,
            "en": english(head.label),
            "lifecycle": head.lifecycle,
            "periods": self.text(PERIODS[head.calendar.frequency]),
            "move": self.text(MOVES[head.calendar.move]),
            "places": head.scoring.places,
            "project_mean": self.text(PROJECT_MEANS[head.scoring.project_mean]),
            "group_mean": self.text(GROUP_MEANS[head.scoring.group_mean]),
            "zero_target": self.text(ZERO_TARGETS[head.scoring.zero_target]),
        }
        return found[item.key]
