"""A workbook that was filled in, read back: the data of each project, and what is wrong with it.

What is wrong with one project's cells keeps that project back and no other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from evalflow.batch import book_columns as spots
from evalflow.batch.book_columns import Spot
from evalflow.batch.sheet import figure_in, indicator_of, unknown_number
from evalflow.errors import InvalidInput, Problem, did_you_mean, invalid, nearest
from evalflow.files.cells import same
from evalflow.files.figures import is_not_due, plain, why_not_due
from evalflow.files.notes import Note
from evalflow.files.table import Row, Table
from evalflow.files.table_reader import Book, TableFile, read_book, read_table
from evalflow.lifecycle.definition import Event, Field, Lifecycle
from evalflow.lifecycle.fields import CARD_STATES
from evalflow.model import Indicator, Label, ProjectDefinition
from evalflow.model.calendar import day_text
from evalflow.model.canonical import Tree
from evalflow.model.values import define, frozen

_MILLION = 1_000_000


@frozen(kw_only=True)
class About:
    """What a workbook says it was made for; `event` and `unit` by id."""

    plan: str
    event: str
    period: str
    unit: str


@frozen(kw_only=True)
class Context:
    """What a workbook is read by: the event, and what the plan says of its projects now."""

    plan: str
    event: Event
    lifecycle: Lifecycle
    whole: tuple[str, ...]
    word: Label
    definitions: Mapping[str, ProjectDefinition]
    brackets: str | None = None


@define(kw_only=True)
class Filled:
    """What a workbook holds.

    Attributes:
        data: by project id, what the event takes; of an event of a whole unit what the cover says,
            under "".
        events: by project id the event that is chosen in place of the workbook's (보완요구).
        actors: by project id whom the row names.
        units: by project and indicator what the sheet shows beside a figure.
        problems: by project id what is wrong; under "" what belongs to no project.
        blank: projects of which nothing was written.
        notes: how cells were understood.
    """

    data: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    events: dict[str, str] = attrs.field(factory=dict)
    actors: dict[str, str] = attrs.field(factory=dict)
    units: dict[str, dict[str, str]] = attrs.field(factory=dict)
    problems: dict[str, list[Problem]] = attrs.field(factory=dict)
    blank: tuple[str, ...] = ()
    notes: list[Note] = attrs.field(factory=list)


def about(source: str | os.PathLike[str]) -> tuple[Book | None, About | None]:
    """Return the workbook with what it says it was made for; None of either where the file is no
    workbook, or not one of ours.

    Raises:
        InvalidInput: the file cannot be read, or says something else of itself.
    """
    try:
        book = read_book(source)
    except InvalidInput as error:
        if error.problems[0].code == "no_workbook":
            return None, None
        raise
    table = book.table((spots.ABOUT.ko,), (spots.ITEM, spots.CONTENT))
    if table is None:
        return book, None
    said = {row.text("item"): row.text("content", "") for row in table.rows}
    if said.get("format") != spots.FORMAT:
        raise invalid(
            "unknown_format",
            file=book.file,
            value=said.get("format"),
            ko=f"모르는 서식입니다: '{said.get('format')}' (기대: {spots.FORMAT})",
            en=f"a workbook of another kind: '{said.get('format')}' (expected {spots.FORMAT})",
        )
    wanted = ("plan", "event", "period", "unit")
    return book, About(**{name: said.get(name, "") for name in wanted})


def read_filled(source: str | os.PathLike[str], book: Book | None, context: Context) -> Filled:
    """Return what a workbook holds; or, without one, what a table holds that has the heads of its
    first sheet (a central spreadsheet, with the projects of many departments).

    Raises:
        InvalidInput: the file cannot be read, or lacks a column or a sheet that it needs.
    """
    return _Reading(os.fspath(source), book, context).all()


class _Reading:
    def __init__(self, file: str, book: Book | None, context: Context) -> None:
        self.file, self.book, self.context = file, book, context
        self.event = context.event
        self.filled = Filled()
        self.seen: dict[str, None] = {}
        self._first: dict[tuple[str, str], Indicator] = {}  # who said a text first

    def all(self) -> Filled:
        event = self.event
        if event.together is not None:
            self.cover()
            return self.filled
        by_line = spots.has(event, "figures", "judgements")
        self.lines() if by_line else self.data()
        if self.book is not None:
            readers = (
                ("cards", spots.CARDS, spots.CARD_SPOTS, self.cards),
                ("months", spots.MONTHS, spots.MONTH_SPOTS, self.months),
                ("declarations", spots.DECLARED, spots.DECLARED_SPOTS, self.declared),
                ("measures", spots.MEASURES, spots.MEASURE_SPOTS, self.measures),
                ("change", spots.CHANGED, spots.CHANGED_SPOTS, self.changed),
            )
            for kind, name, columns, read in readers:
                field = spots.field_of(event, kind)
                if field is not None:
                    self.further(name, columns, field, read)
            for field in spots.listed_fields(event)[:1]:
                self.further(spots.EVIDENCE, spots.EVIDENCE_SPOTS, field, self.evidence)
        filled = self.filled
        filled.blank = tuple(
            [each for each in self.seen if each not in filled.data and each not in filled.problems]
        )
        for project in filled.problems:
            filled.data.pop(project, None)
            filled.events.pop(project, None)
        return filled

    # ------------------------------------------------------------------ rows

    def table(self, name: Label, columns: Sequence[Spot], needed: Iterable[str]) -> Table | None:
        wanted = [spot.column(required=spot.key in needed) for spot in columns]
        taken = {same(spot.head.ko) for spot in columns} | {same(s.head.en) for s in columns}
        wanted = [
            attrs.evolve(
                each,
                names=tuple(
                    [n for at, n in enumerate(each.names) if at < 2 or same(n) not in taken]
                ),
            )
            for each in wanted
        ]
        if self.book is not None and self.book.has(name.ko, name.en):
            table = self.book.table((name.ko, name.en), wanted)
            if table is not None and table.unused and self.book.has(spots.ABOUT.ko):
                _refuse_renamed(table, [each for each in columns if each.entry])
        elif self.book is None or name in (spots.LINES, spots.REVIEW, spots.DATA):
            table = read_table(TableFile(self.file), wanted)
        else:
            return None
        if table is not None:
            table.brackets = self.context.brackets
        return table

    @contextmanager
    def row(self, row: Row) -> Iterator[str | None]:
        """Give the project that the row is about; what goes wrong with the row is its problem."""
        before = len(row.table.problems)
        number = row.text("number")
        project: str | None = f"{self.context.plan}/{number}"
        if project not in self.context.definitions:
            if number:
                known = self.context.definitions
                row.wrong("number", *unknown_number(row, project or "", number, known))
            project = None
        else:
            self.seen[project or ""] = None
        yield project
        if found := row.table.problems[before:]:
            self.filled.problems.setdefault(project or "", []).extend(found)

    def done(self, table: Table) -> None:
        self.filled.notes += table.notes

    def give(self, project: str, name: str, value: Tree) -> None:
        self.filled.data.setdefault(project, {})[name] = value

    def lines(self) -> None:
        context, figures = self.context, spots.has(self.event, "figures")
        shares = any(
            each.accumulation == "ratio"
            for d in context.definitions.values()
            for each in d.indicators
        )
        columns = spots.line_spots(
            self.event, context.lifecycle, context.whole, shares=shares, word=context.word
        )
        needed = {"number", "indicator", "actual" if figures else "verdict"}
        name = spots.LINES if figures else spots.REVIEW
        table = self.table(name, columns, needed)
        if table is None:
            return
        entries = [each.key for each in columns if each.entry and each.key != "who"]
        nothing = {same(spots.NONE.ko), same(spots.NONE.en)}  # filled in where nothing is rated
        # Of a project in whose rows nothing stands nothing is handed in.
        written = {
            row.text("number", "")
            for row in table.rows
            if any(
                row.cell(key) is not None
                and not (key == "verdict" and same(row.text(key)) in nothing)
                for key in entries
            )
        }
        table.problems.clear()  # they come again where the cells are read
        for row in table.rows:
            with self.row(row) as project:
                if project is None or row.text("number", "") not in written:
                    continue
                named = indicator_of(row, context.definitions[project])
                if named is None:
                    continue
                indicator = context.definitions[project].indicator(named)
                assert indicator is not None
                if figures:
                    self.figure(row, project, indicator)
                else:
                    self.verdict(row, project, indicator)
                self.own(row, project, columns, indicator)
        self.done(table)

    def figure(self, row: Row, project: str, indicator: Indicator) -> None:
        field = spots.field_of(self.event, "figures")
        assert field is not None
        given = self.filled.data.setdefault(project, {}).setdefault(field.name, {})
        if indicator.id in given:
            ko, en = (
                f"지표 '{indicator.id}'이(가) 두 번 나옵니다",
                f"'{indicator.id}' appears twice",
            )
            row.wrong("indicator", "repeated", ko, en, indicator.id)
        figure = figure_in(row, self.context.definitions[project], indicator)
        why = row.text("not_due", "")
        if why and is_not_due(row.text("actual", "")):
            figure = {"not_due": why}
        elif why:
            ko = f"시기미도래 사유가 있으나 실적이 시기미도래가 아닙니다: '{why[:40]}'"
            row.wrong(
                "not_due", "due", ko, f"a reason why it is not due, but it is: '{why[:40]}'", why
            )
        given[indicator.id] = figure
        if shown := row.shown_unit("actual"):
            self.filled.units.setdefault(project, {})[indicator.id] = shown
        explained = spots.field_of(self.event, "explanations")
        words = {
            name: row.text(name)
            for name in ("cause", "countermeasure")
            if row.cell(name) is not None and not row.is_none(name)
        }
        if row.cell("follow_up") is not None and not row.is_none("follow_up"):
            day = row.date("follow_up")
            words["follow_up"] = f"정상화 완료 예정: {day_text(day, 'ko')}"
        if words and explained is not None:
            place = self.filled.data[project].setdefault(explained.name, {})
            place[indicator.id] = words

    def verdict(self, row: Row, project: str, indicator: Indicator) -> None:
        field = spots.field_of(self.event, "judgements")
        assert field is not None
        others = spots.instead_of(self.context.lifecycle, self.event)
        labels = {
            "confirmed": spots.CONFIRMED,
            "overridden": spots.OVERRIDDEN,
            "none": spots.NONE,
            **{each.name: each.label for each in others.values()},
        }
        said = chosen(row, "verdict", labels)
        why = row.text("why", "")
        given = self.filled.data.setdefault(project, {})
        if said == "confirmed":
            given.setdefault(field.name, {})[indicator.id] = "confirmed"
        elif said == "overridden":
            rate = row.figure("override", unit="%")
            row.text("why")
            given.setdefault(field.name, {})[indicator.id] = {"rate": plain(rate), "reason": why}
        elif said in {each.name for each in others.values()}:
            row.text("why")
            if self.filled.events.setdefault(project, said) != said:
                ko, en = (
                    "한 사업에 서로 다른 절차를 골랐습니다",
                    "two events are chosen for one project",
                )
                row.wrong("verdict", "two_events", ko, en, said)
            reasons = given.setdefault(_REASON, [])
            if why and why not in reasons:
                reasons.append(why)
        if said in ("confirmed", "none"):
            for key, ko, en in (
                ("override", "조정 이행률이 있으나 '조정'이 아닙니다", "a rate instead, but not"),
                ("why", "사유가 있으나 '조정'이 아닙니다", "a reason, but it is not"),
            ):
                if row.cell(key) is not None and not row.is_none(key):
                    row.wrong(key, "not_overridden", ko, f"{en} 'overridden'", row.text(key))

    def own(
        self, row: Row, project: str, columns: Sequence[Spot], indicator: Indicator | None
    ) -> None:
        """Take what the row says of its project, and whom it names."""
        if (who := row.text("who", "")) and self.filled.actors.setdefault(project, who) != who:
            ko, en = "한 사업에 담당이 둘입니다", "two people for one project"
            row.wrong("who", "two_actors", ko, en, who)
        visits: dict[str, dict[str, Tree]] = {}
        for spot in columns:
            field = spot.field
            if field is None or row.cell(spot.key) is None or row.is_none(spot.key):
                continue
            if field.type == "visit":
                part = spot.key.rpartition(".")[2]
                value = row.text(spot.key) if part == "unannounced" else _day(row, spot.key)
                visits.setdefault(field.name, {})[part] = value
                continue
            value = self.value(row, spot.key, field)
            data = self.filled.data.setdefault(project, {})
            before = data.get(field.name)
            if before is None:
                data[field.name] = value
                if field.type == "text" and indicator is not None:
                    self._first[project, field.name] = indicator
            elif spot.own and before != value:
                ko = f"한 사업에 '{field.label.ko}'이(가) 둘입니다. 사업의 첫 줄에만 적으십시오"
                en = f"'{field.label.en}' twice for one project: write it in its first row only"
                row.wrong(spot.key, "twice", ko, en, value)
            elif not spot.own and indicator is not None:
                first = self._first.pop((project, field.name), None)
                text = before if first is None else f"{first.label.ko}: {before}"
                data[field.name] = f"{text}\n{indicator.label.ko}: {value}"
        for name, visit in visits.items():
            self.give(project, name, visit)

    def value(self, row: Row, key: str, field: Field) -> Tree:
        """Return what a cell says, as the event's own reader takes it."""
        kind = field.type
        if kind == "money":
            return row.won(key)
        if kind == "number":
            return plain(row.figure(key))
        if kind == "date":
            return _day(row, key)
        if kind in ("choice", "flag", "event", "period"):
            options = spots.choices_of(field, self.context.lifecycle, self.context.whole)
            said = chosen(row, key, options)
            return said == "true" if kind == "flag" else said
        text = row.text(key)
        if kind == "texts":
            return [each.strip() for each in text.split(";") if each.strip()]
        return text

    def data(self) -> None:
        context = self.context
        own = spots.own_spots(self.event, context.lifecycle, context.whole, by_line=False)
        columns = [spots.NUMBER, spots.TITLE, spots.UNIT, *own, spots.WHO]
        table = self.table(spots.DATA, columns, {"number"})
        if table is None:
            return
        for row in table.rows:
            with self.row(row) as project:
                if project is not None:
                    self.own(row, project, columns, None)
        self.done(table)

    def cover(self) -> None:
        """Take what the cover says for the whole unit."""
        if self.book is None:
            raise _no_sheet(self.file, spots.COVER)
        table = self.book.table((spots.COVER.ko, spots.COVER.en), (spots.ITEM, spots.CONTENT))
        if table is None:
            raise _no_sheet(self.file, spots.COVER)
        context = self.context
        own = spots.own_spots(self.event, context.lifecycle, context.whole, by_line=False)
        by_head = {same(text): spot for spot in own for text in (spot.head.ko, spot.head.en)}
        given: dict[str, Tree] = {}
        seen: set[str] = set()
        for row in table.rows:
            spot = by_head.get(same(row.text("item", "")))
            if spot is None or spot.field is None or row.cell("content") is None:
                continue
            if spot.key in seen:
                _twice(row, "item", row.text("item"))
            seen.add(spot.key)
            if spot.field.type == "money":
                given[spot.field.name] = plain(row.figure("content") * _MILLION)
            elif spot.field.type != "visit":
                given[spot.field.name] = self.value(row, "content", spot.field)
        if table.problems:
            self.filled.problems[""] = list(table.problems)
        else:
            self.filled.data[""] = given
        self.done(table)

    # ------------------------------------------------------------------ sheets of their own

    def further(self, name: Label, columns: Sequence[Spot], field: Field, read: Any) -> None:
        needed = {each.key for each in columns if each.key in ("number", "text", "after")}
        table = self.table(name, columns, needed)
        if table is None:
            return
        entries = [each.key for each in columns if each.entry]
        for row in table.rows:
            if all(row.cell(key) is None for key in entries if key != "number"):
                continue
            with self.row(row) as project:
                if project is not None:
                    read(row, project, field)
        self.done(table)

    def keep(self, row: Row, key: str, project: str, field: Field, name: str, value: Tree) -> None:
        """Keep what a row says of one thing (a card, a month), which it names in `key`."""
        kept = self.filled.data.setdefault(project, {}).setdefault(field.name, {})
        if name in kept:
            _twice(row, key, name)
        kept[name] = value

    def cards(self, row: Row, project: str, field: Field) -> None:
        number = row.text("card").rpartition("-")[2]
        card: dict[str, Tree] = {"text": row.text("text")}
        if row.cell("next") is not None:
            card["text"] = f"{card['text']}; 다음: {row.text('next')}"
        if row.cell("state") is not None:
            said = same(row.text("state"))
            card["state"] = next(
                (
                    name
                    for name, label in CARD_STATES.items()
                    if said in (same(label.ko), same(label.en))
                ),
                row.text("state"),
            )
        for key, name in (("done", "actual"), ("goal", "target")):
            if row.cell(key) is not None:
                card[name] = plain(row.figure(key))
        if row.cell("spent") is not None:
            card["spent"] = row.won("spent")
        for key in ("cause", "countermeasure"):
            if row.cell(key) is not None:
                card[key] = row.text(key)
        if row.cell("papers") is not None:
            papers = re.split(r"[;\n]", row.text("papers"))
            card["papers"] = [paper.strip() for paper in papers if paper.strip()]
        self.keep(row, "card", project, field, number, card)

    def months(self, row: Row, project: str, field: Field) -> None:
        self.keep(row, "month", project, field, row.text("month"), row.text("text"))

    def declared(self, row: Row, project: str, field: Field) -> None:
        self.keep(row, "change", project, field, row.text("change"), row.text("text"))

    def evidence(self, row: Row, project: str, field: Field) -> None:
        name, place = row.text("name"), row.text("place")
        of = row.text("indicator", "")
        head = f"{of}: {name}" if of else name
        more = [each for each in (row.text("count", ""), place, row.text("open", "")) if each]
        listed = self.filled.data.setdefault(project, {}).setdefault(field.name, [])
        listed.append(f"{head} ({', '.join(more)})")

    def measures(self, row: Row, project: str, field: Field) -> None:
        measure = {
            "measure": row.text("measure"),
            "owner": row.text("owner"),
            "until": _day(row, "until"),
        }
        self.filled.data.setdefault(project, {}).setdefault(field.name, []).append(measure)

    def changed(self, row: Row, project: str, field: Field) -> None:
        said = row.text("path")
        path = said.split("/")
        value: Tree
        if path[0] == "budget":
            value = plain(row.figure("after") * _MILLION)
        elif path == ["end"]:
            value = _day(row, "after")
        elif (why := why_not_due(row.cell("after"))) is not None:
            value = {"not_due": why} if why else "not_due"
        else:
            value = plain(row.figure("after"))
        place = self.filled.data.setdefault(project, {}).setdefault(field.name, {})
        for key in path[:-1]:
            place = place.setdefault(key, {}) if isinstance(place, dict) else place
        if not isinstance(place, dict) or path[-1] in place:
            _twice(row, "path", said)
        else:
            place[path[-1]] = value


def _refuse_renamed(table: Table, columns: Sequence[Spot]) -> None:
    """Refuse a sheet of ours that lacks a column in which people write, and has one that is not
    ours: what stands in it would be lost.

    Raises:
        InvalidInput: it is so; each column that is lacking.
    """
    unknown = ", ".join(f"'{head}'" for head in table.unused)
    for spot in columns:
        if spot.key not in table:
            ko = (
                f"'{spot.head.ko}' 열이 없고 모르는 열이 있습니다: {unknown}. 머리글을 되돌리십시오"
            )
            en = f"no column '{spot.head.en}', and others that are not known: {unknown}; "
            en += "give it its head again"
            table.wrong(None, None, "renamed_column", ko, en, spot.head.ko)
    table.raise_if_any()


def _twice(row: Row, key: str, name: str) -> None:
    row.wrong(key, "repeated", f"'{name}'이(가) 두 번 나옵니다", f"'{name}' appears twice", name)


_REASON = "\0reason"  # where the reasons for another event wait


def reason_of(data: dict[str, Any]) -> str:
    """Return, and take out of the data, the reason for an event that was chosen instead."""
    return " / ".join(data.pop(_REASON, ()))


def _day(row: Row, key: str) -> str:
    return row.date(key).isoformat()


def chosen(row: Row, key: str, options: Mapping[str, Label]) -> str:
    """Return which of the options a cell says, by its word or a label; where it says none that is
    noted, with the nearest."""
    text = row.text(key)
    known = {
        same(each): name for name, label in options.items() for each in (name, label.ko, label.en)
    }
    found = known.get(same(text))
    if found is None and text:
        listed = ", ".join(label.ko for label in options.values())
        near = nearest(text, [label.ko for label in options.values()])
        ko = f"목록에 없는 값입니다: '{text[:40]}' (가능: {listed})"
        en = f"none of those: '{text[:40]}' (there are: {listed})"
        ko, en = did_you_mean(ko, en, near)
        row.wrong(key, "unknown_choice", ko, en, text)
    return found or ""


def _no_sheet(file: str, name: Label) -> InvalidInput:
    return invalid(
        "unknown_sheet",
        file=file,
        ko=f"시트 '{name.ko}'이(가) 없습니다",
        en=f"no sheet '{name.en}'",
    )
