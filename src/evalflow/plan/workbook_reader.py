"""The office's workbook back to a plan: every sheet is read, and every mistake told with its cell.

On the sheets of units, people, fields and settings stands all that there is of them: a line that is
gone is taken out. The sheets of projects, indicators, budgets, steps and cards are laid over what
the plan says already, as tables are (`overlay`): a project that no sheet names stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from evalflow.errors import InvalidInput, Problem, nearest
from evalflow.files import yaml
from evalflow.files.cells import same, text_of
from evalflow.files.days import date_of
from evalflow.files.notes import Note
from evalflow.files.reader import Reader, is_name
from evalflow.files.table_reader import Book, Column, Row, Table, raise_all
from evalflow.files.yaml import path_text
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import CONTENTS, Indicator, Label, PlanHead, ProjectDefinition
from evalflow.plan.content import budget_notes, lacking
from evalflow.plan.definition import Plan
from evalflow.plan.head import FORMAT, read_head
from evalflow.plan.overlay import Laying, placed
from evalflow.plan.rateable import unrateable
from evalflow.plan.tables import NUMBER, TITLE, Names, id_from
from evalflow.plan.units import OFFICE
from evalflow.plan.workbook import (
    ENTRY_KINDS,
    ENTRY_WORDS,
    KIND_WORDS,
    KINDS,
    MOVES,
    PERIODS,
    SHEETS,
    Item,
    band_items,
    items,
    month_heads,
    months_in,
    unit_kinds,
)
from evalflow.plan.write import dump_tree, dump_yaml
from evalflow.scoring.bands import DEFAULT_BANDS

Origins = dict[str, tuple[Row, str | None]]

_RENAMED = re.compile(r"(?P<name>.+?)\s*\(\s*(?P<on>\d{4}-\d\d-\d\d)\s*~\s*\)")
_WHERE = re.compile(r"\s*/\s*평가하는 곳\s*:\s*")


def _column(key: str, *names: str, required: bool = False, automatic: bool = False) -> Column:
    return Column(key, names, required=required, automatic=automatic)


_CHECK = _column("check", "확인", "Check", automatic=True)
_UNITS = (
    _column("ko", "기관명", "부서명", "Name", required=True),
    _column("kind", "구분", "Kind", required=True),
    _column("parent", "상위 기관", "상위기관", "Under"),
    _column("since", "시작일", "Since"),
    _column("until", "종료일", "Until"),
    _column("renamed", "바뀐 이름", "Renamed"),
    _column("id", "기관 ID", "Unit ID"),
    _column("en", "영문명", "English name"),
    _CHECK,
)
_PEOPLE = (
    _column("actor", "담당자 ID", "Person's ID", "Actor", required=True),
    _column("role", "역할", "Role", required=True),
    _column("unit", "소속", "Unit", required=True),
    _column("since", "시작일", "Since"),
    _column("until", "종료일", "Until"),
    _column("for", "대결 대상 ID", "Acts for"),
    _column("reason", "대결 사유", "Reason"),
    _CHECK,
)
_NAMES = (
    _column("kind", "종류", "Kind", required=True),
    _column("ko", "이름", "Name", required=True),
    _column("parent", "상위 목표", "Under"),
    _column("reason", "비고", "Remark"),
    _column("where", "평가하는 곳", "Evaluated in"),
    _column("id", "ID"),
    _column("en", "영문명", "English name"),
    _CHECK,
)
_SETTINGS = (
    _column("item", "항목", "Item", required=True),
    _column("value", "값", "Value", required=True),
    _column("meaning", "뜻", "근거와 뜻", "Meaning", automatic=True),
)
_CARDS = (
    NUMBER,
    _column("card", "카드번호", "Card", required=True),
    _column("ko", "세부사업명", "Sub-project", required=True),
    _column("en", "영문명", "English name"),
    _CHECK,
)


@attrs.frozen(kw_only=True)
class OfficeBook:
    """What a workbook says: the plan, checked whole, and the text of its plan file. `origins` are
    the cells that its parts came from, by path."""

    plan: Plan
    text: str
    origins: Mapping[str, tuple[Row, str | None]]

    def placed(self, error: InvalidInput) -> InvalidInput:
        """Return what is wrong with the plan, at the cells that say it."""
        return InvalidInput([placed(each, self.origins) for each in error.problems])


def book_says(book: Book, key: str) -> str:
    """Return what the settings say in a line that every workbook has (`id`, `year`, `lifecycle`);
    empty where nothing."""
    table = _settings_table(book)
    names = {
        "id": ("계획 ID", "Plan ID"),
        "year": ("연도", "Year"),
        "lifecycle": ("평가 절차", "Lifecycle"),
    }[key]
    wanted = {same(name) for name in names}
    for row in () if table is None else table.rows:
        cell, value = row.cell("item"), row.cell("value")
        if isinstance(cell, str) and same(cell) in wanted and value is not None:
            return text_of(value)
    return ""


def in_settings(error: InvalidInput, book: Book) -> InvalidInput:
    """Return what is wrong with the lifecycle that the settings name, at the cell that does."""
    table = _settings_table(book)
    for row in () if table is None else table.rows:
        cell = row.cell("item")
        if isinstance(cell, str) and same(cell) in {same("평가 절차"), same("Lifecycle")}:
            origins: Origins = {"": (row, "value")}
            return InvalidInput(
                [
                    placed(attrs.evolve(p, path=""), origins) if p.line is None else p
                    for p in error.problems
                ]
            )
    return error


def is_office_book(book: Book) -> bool:
    """Say whether a workbook is an office's, and not one of tables alone."""
    return any(book.has(SHEETS[key].ko, SHEETS[key].en) for key in ("settings", "people", "units"))


def _settings_table(book: Book) -> Table | None:
    label = SHEETS["settings"]
    return book.table((label.ko, label.en), _SETTINGS)


def read_office_book(
    book: Book, lifecycle: Lifecycle, *, named: str | None = None, before: Plan | None = None
) -> OfficeBook:
    """Return what the office's workbook says. `named` is what the plan calls its lifecycle;
    `before` is the plan as it stands, which the workbook changes.

    Raises:
        InvalidInput: cells are wrong, or the plan lacks what it must say: all of it, with sheet
            and cell.
    """
    return _Reading(book, lifecycle, named or lifecycle.name, before).read()


class _Reading:
    """One workbook that is being read."""

    def __init__(self, book: Book, lifecycle: Lifecycle, named: str, before: Plan | None) -> None:
        self.book, self.lifecycle, self.named, self.before = book, lifecycle, named, before
        self.tree: dict[str, Any] = {}
        if before is not None:
            # As a file would say it: in the order in which people wrote it.
            said = yaml.read(dump_yaml(before.head, ()).encode()).tree
            assert isinstance(said, Mapping)
            self.tree = {key: value for key, value in said.items() if key not in _NUMBERED}
        self.origins: Origins = {}
        self.problems: list[Problem] = []
        self.tables: list[Table] = []
        self.unit_names = Names(("기관", "unit"), {})
        self.wrong_units: set[str] = set()

    def read(self) -> OfficeBook:
        self.settings()
        self.units()
        self.people()
        self.entries()
        head = self.head()
        definitions = {} if head is None else self.projects(head)
        self.problems += [problem for table in self.tables for problem in table.problems]
        raise_all(self.problems)
        assert head is not None
        before = {} if self.before is None else dict(self.before.projects)
        projects = {**before, **definitions}
        text = dump_tree(
            _written(self.tree, head), {number: each.tree for number, each in projects.items()}
        )
        notes: list[Note] = [note for table in self.tables for note in table.notes]
        notes += unrateable(head, tuple(definitions.values()), self.cell_of)
        wanted = self.lifecycle.project_plans
        notes += budget_notes(head, definitions.values(), wanted, self.cell_at)
        plan = Plan(
            head=head, projects=projects, lifecycle=self.lifecycle, file=None, notes=tuple(notes)
        )
        return OfficeBook(plan=plan, text=text, origins=self.origins)

    def cell_of(self, project: ProjectDefinition, indicator: Indicator) -> str:
        """Return the cell that names an indicator."""
        return self.cell_at(("projects", project.number, "indicators", indicator.id))

    def cell_at(self, way: tuple[str, ...]) -> str:
        """Return the cell that is nearest to a path in the plan."""
        path = path_text(way)
        nowhere = Problem(code="", ko="", en="", file=self.book.file, path=path)
        return placed(nowhere, self.origins).where()

    # ------------------------------------------------------------------ sheets

    def table(self, key: str, columns: Sequence[Column]) -> Table | None:
        """Return a sheet's table, keeping its problems; None where the workbook has none of it."""
        label = SHEETS[key]
        try:
            table = self.book.table((label.ko, label.en), columns)
        except InvalidInput as error:
            self.problems += error.problems
            return None
        if table is not None:
            self.tables.append(table)
        elif self.before is None and key in ("units", "people", "names", "projects", "settings"):
            ko, en = f"'{label.ko}' 시트가 없습니다", f"there is no sheet '{label.en}'"
            self.problems.append(Problem(code="missing_sheet", ko=ko, en=en, file=self.book.file))
        return table

    def settings(self) -> None:
        """Take the year, the dates and the thresholds."""
        table = self.table("settings", _SETTINGS)
        was = None if self.before is None else self.before.head
        known = (*items(self.lifecycle), *band_items(was))
        by_name = {same(name): item for item in known for name in (item.label.ko, item.label.en)}
        seen: dict[str, Row] = {}
        for row in () if table is None else table.rows:
            name = row.text("item")
            item = by_name.get(same(name))
            if item is None:
                near = nearest(name, [each.label.ko for each in known])
                ko, en = f"알 수 없는 항목 '{name}'", f"unknown item '{name}'"
                if near:
                    ko, en = f"{ko}; 혹시 '{near}'입니까?", f"{en}; did you mean '{near}'?"
                row.wrong("item", "unknown_item", ko, en, name)
            elif item.key in seen:
                ko = f"'{name}' 항목이 두 번 나옵니다"
                row.wrong("item", "repeated", ko, f"'{name}' appears twice", name)
            else:
                seen[item.key] = row
                if row.cell("value") is not None and not row.is_none("value"):
                    self.setting(item, row)
        if self.before is None:
            self.needed(table, seen)

    def needed(self, table: Table | None, seen: Mapping[str, Row]) -> None:
        """Put in what a new plan needs, and say where it has no year."""
        self.tree.setdefault("evalflow", FORMAT)
        self.tree.setdefault("lifecycle", self.named)
        year = self.tree.get("year")
        if year is None:
            if table is not None:
                row = seen.get("year")
                if row is not None and row.cell("value") is not None:
                    return  # told already
                ko, en = "연도를 적으십시오 (예: 2027)", "give the year, e.g. 2027"
                table.wrong(None if row is None else row.number, "value", "no_year", ko, en)
            return
        self.tree.setdefault("ko", f"{year}년 주요업무시행 및 평가계획")

    def setting(self, item: Item, row: Row) -> None:
        """Take one line of the settings."""
        part, _, name = item.key.partition(".")
        value = self.value(item, row)
        if value is None:
            return
        if part == "revision":
            now = 1 if self.before is None else self.before.head.revision
            if int(value) != now:
                ko = (
                    f"{value}차 계획에서 뽑은 통합 문서입니다. 지금은 {now}차이므로 다시 뽑으십시오"
                )
                en = f"the workbook was made from revision {value}, and {now} is in force: "
                row.wrong("value", "stale", ko, f"{en}export it again", value)
        elif part == "due":
            self.due(name, int(value), row)
        elif part == "band":
            self.band(name, value, row)
        elif part in ("document", "lenient"):
            said: Any = value
            if name in ("bases", "consulted"):
                said = [each.strip() for each in value.split(";") if each.strip()]
            if name == "consulted":
                # Who signed with an id, or on a day, stands in the plan file alone.
                told = (self.tree.get(part) or {}).get(name) or []
                titles = [each if isinstance(each, str) else each.get("title") for each in told]
                signed = [t for t in told if not isinstance(t, str) and t.get("actor")]
                if [t for t, each in zip(titles, told, strict=True) if each not in signed] == said:
                    return
                said += signed
            if item.kind == "date" and self.day_stands(part, name, value):
                return
            self.tree[part] = {**(self.tree.get(part) or {}), name: said}
            self.origin((part, name), row, "value")
        elif part in ("periods", "move"):
            if (self.tree.get("calendar") or {}).get(part, _DEFAULTS[part]) != value:
                self.tree["calendar"] = {**(self.tree.get("calendar") or {}), part: value}
            self.origin(("calendar", part), row, "value")
        elif part in ("places", "project_mean", "group_mean", "zero_target"):
            if (self.tree.get("scoring") or {}).get(part, _DEFAULTS[part]) != value:
                self.tree["scoring"] = {**(self.tree.get("scoring") or {}), part: value}
            self.origin(("scoring", part), row, "value")
        elif part == "lifecycle":
            if self.before is not None and value != self.before.head.lifecycle:
                ko = f"절차는 계획 수정으로 바꿀 수 없습니다 (지금: {self.before.head.lifecycle})"
                en = f"a revision keeps the lifecycle ({self.before.head.lifecycle})"
                row.wrong("value", "other_lifecycle", ko, en, value)
            self.tree["lifecycle"] = value
            self.origin(("lifecycle",), row, "value")
        else:
            self.tree[part] = value
            self.origin((part,), row, "value")

    def value(self, item: Item, row: Row) -> str | None:
        """Return what a line of the settings says, as a plan file writes it; None where it is
        wrong, which is noted."""
        before = len(row.table.problems)
        if item.choices:
            said = row.text("value")
            for key, label in item.choices.items():
                if same(said) in (same(key), same(label.ko), same(label.en)):
                    return key
            ko_list = ", ".join(label.ko for label in item.choices.values())
            en_list = ", ".join(label.en for label in item.choices.values())
            ko = f"{item.label.ko}: '{said}'은(는) 쓸 수 없습니다 (가능: {ko_list})"
            en = f"{item.label.en}: '{said}' is none of {en_list}"
            row.wrong("value", "wrong_choice", ko, en, said)
            return None
        if item.kind == "date":
            day = row.date("value")
            return day.isoformat() if len(row.table.problems) == before else None
        if item.kind == "number":
            figure = row.figure("value")
            if len(row.table.problems) > before:
                return None
            if not item.key.startswith("band.") and (figure != int(figure) or figure < 0):
                ko = f"{item.label.ko}: 0 이상의 정수여야 합니다 (받은 값: {figure})"
                en = f"{item.label.en}: expected a whole number from 0, got {figure}"
                row.wrong("value", "not_whole", ko, en, figure)
                return None
            return _short(figure)
        text = row.text("value")
        if item.key == "year" and not re.fullmatch(r"\d{4}", text):
            ko = f"연도는 네 자리 숫자입니다 (예: 2027), 받은 값: '{text}'"
            row.wrong("value", "wrong_year", ko, f"a year has four digits, got '{text}'", text)
            return None
        return text

    def day_stands(self, part: str, name: str, value: str) -> bool:
        """Say whether the plan says this day already, however it writes it."""
        said = (self.tree.get(part) or {}).get(name)
        return said is not None and str(date_of(str(said))) == value

    def due(self, event: str, n: int, row: Row) -> None:
        """Take a deadline, where it is another than the lifecycle's."""
        rule = self.lifecycle.events[event].due
        assert rule is not None
        at = ("calendar", "due", event)
        self.origin(at, row, "value")
        calendar = dict(self.tree.get("calendar") or {})
        told = dict(calendar.get("due") or {})
        was = rule.n
        if self.before is not None and event in self.before.head.calendar.due:
            own = self.before.head.calendar.due[event]
            if own.kind != rule.kind:
                return
            was = own.n
        if n != was:
            told[event] = {rule.kind: str(n)}
            self.tree["calendar"] = {**calendar, "due": told}

    def band(self, name: str, value: str, row: Row) -> None:
        """Take where a band begins, where it is elsewhere than before."""
        scoring = dict(self.tree.get("scoring") or {})
        bands = DEFAULT_BANDS if self.before is None else self.before.head.scoring.bands
        was = next(band.at_least for band in bands if band.name == name)
        self.origin(("scoring", "bands", name, "at_least"), row, "value")
        if was is not None and Decimal(value) == was:
            return
        told = scoring.get("bands")
        if not told:
            told = {
                band.name: {
                    "ko": band.label.ko,
                    "en": band.label.en,
                    "verdict": band.verdict,
                    **({} if band.at_least is None else {"at_least": _short(band.at_least)}),
                    **({} if band.against == "so_far" else {"against": band.against}),
                }
                for band in bands
            }
        self.tree["scoring"] = {
            **scoring,
            "bands": {**told, name: {**told[name], "at_least": value}},
        }

    def units(self) -> None:
        """Take the office, its bureaus and departments."""
        table = self.table("units", _UNITS)
        if table is None:
            if self.before is not None:
                self.know_units()
            return
        kinds = _words(
            {kind: KINDS.get(kind, Label(kind, kind)) for kind in unit_kinds(self.lifecycle)},
            KIND_WORDS,
        )
        units: dict[str, dict[str, Any]] = {}
        was: Mapping[str, Any] = self.tree.get("units") or {}
        parents: list[tuple[str, Row]] = []
        for row in table.rows:
            ko = row.text("ko")
            if not ko:
                continue
            unit_id = self.own_id(row, ko, was)
            if unit_id in units:
                said = f"기관 '{ko}'이(가) 두 번 나옵니다"
                row.wrong("ko", "repeated", said, f"'{ko}' appears twice", ko)
                continue
            unit: dict[str, Any] = {
                "kind": self.kind_of(row, "kind", kinds, ("구분", "kind")),
                "ko": ko,
            }
            if en := row.text("en", ""):
                unit["en"] = en
            self.days(row, unit)
            if row.cell("renamed") is not None and not row.is_none("renamed"):
                unit["renamed"] = self.renamed(row, was.get(unit_id))
            units[unit_id] = unit
            self.origin(("units", unit_id), row, "ko")
            for key in ("kind", "since", "until", "renamed"):
                self.origin(("units", unit_id, key), row, key)
            self.origin(("units", unit_id, "parent"), row, "parent")
            parents.append((unit_id, row))
        self.tree["units"] = units
        self.know_units()
        for unit_id, row in parents:
            unit = units[unit_id]
            if row.cell("parent") is not None and not row.is_none("parent"):
                unit["parent"] = self.unit_names.read(row, "parent", row.text("parent"))
            elif unit["kind"] != OFFICE:
                said = f"'{unit['ko']}'의 상위 기관을 적으십시오"
                row.wrong("parent", "missing_parent", said, f"say what '{unit['ko']}' is under")
        offices = [row for unit_id, row in parents if units[unit_id]["kind"] == OFFICE]
        if len(offices) != 1 and table.rows:
            at = offices[1].number if len(offices) > 1 else table.rows[0].number
            said = f"구분이 '구청'인 줄이 꼭 하나 있어야 합니다 (지금: {len(offices)}줄)"
            en = f"just one line must be of the kind 'Office' (now: {len(offices)})"
            table.wrong(at, "kind", "one_office", said, en)
        elif not table.rows:
            said = "기관을 한 줄도 적지 않았습니다"
            table.wrong(None, None, "no_rows", said, "there is no unit")
        wrong = {problem.line for problem in table.problems}
        self.wrong_units = {unit_id for unit_id, row in parents if row.number in wrong}

    def know_units(self) -> None:
        """Let cells call units by their names and ids."""
        labels: dict[str, tuple[Label, ...]] = {}
        for key, unit in (self.tree.get("units") or {}).items():
            renamed = [_label(each) for each in unit.get("renamed") or ()]
            labels[key] = (_label(unit), *renamed)
        self.unit_names = Names(("기관", "unit"), labels)

    def renamed(self, row: Row, was: Any) -> list[dict[str, str]]:
        """Return the later names of a unit, each with its first day."""
        kept = {(each["on"], each["ko"]): each for each in (was or {}).get("renamed") or ()}
        found = []
        for each in re.split(r"\s*[;\n]\s*", row.text("renamed")):
            match = _RENAMED.fullmatch(each)
            if match is None:
                ko = f"'{each}'은(는) 보도과(2027-07-01~) 꼴이어야 합니다"
                en = f"expected NAME(2027-07-01~), got '{each}'"
                row.wrong("renamed", "wrong_renaming", ko, en, each)
                continue
            said = {"on": match["on"], "ko": match["name"]}
            found.append(dict(kept.get((match["on"], match["name"]), said)))
        return found

    def people(self) -> None:
        """Take who holds which role, where and when, and who stands in for whom."""
        table = self.table("people", _PEOPLE)
        if table is None:
            return
        roles = _words({name: role.label for name, role in self.lifecycle.roles.items()}, {})
        directory: dict[str, list[dict[str, str]]] = {}
        appointments: list[dict[str, str]] = []
        for row in table.rows:
            actor = row.text("actor")
            if not actor:
                continue
            grant: dict[str, Any] = {}
            grant["role"] = self.kind_of(row, "role", roles, ("역할", "role"))
            unit = row.text("unit")
            grant["unit"] = self.unit_names.read(row, "unit", unit) if unit else ""
            self.at_its_kind(row, grant)
            self.days(row, grant)
            if row.cell("for") is not None and not row.is_none("for"):
                at: tuple[str | int, ...] = ("appointments", len(appointments))
                said = {"actor": actor, "for": row.text("for"), **grant}
                if reason := row.text("reason", ""):
                    said["reason"] = reason
                else:
                    ko, en = "대결 사유를 적으십시오", "give the reason of the acting appointment"
                    row.wrong("reason", "no_reason", ko, en)
                appointments.append(said)
            else:
                held = directory.setdefault(actor, [])
                at = ("directory", actor, len(held))
                if grant in held:
                    ko = f"'{actor}'의 같은 역할이 두 번 나옵니다"
                    row.wrong("role", "repeated", ko, f"'{actor}' holds this role twice", actor)
                held.append(grant)
                self.origins.setdefault(path_text(("directory", actor)), (row, "actor"))
            self.origin(at, row, "actor")
            for key in ("role", "unit", "since", "until", "for", "reason"):
                self.origin((*at, key), row, key)
        if not table.rows:
            ko = "사람을 한 줄도 적지 않았습니다"
            table.wrong(None, None, "no_rows", ko, "there is nobody")
        self.tree["directory"] = directory
        self.tree.pop("appointments", None)
        if appointments:
            self.tree["appointments"] = appointments

    def at_its_kind(self, row: Row, grant: Mapping[str, str]) -> None:
        """Note a role that is held in a unit of another kind than its own."""
        role = self.lifecycle.roles.get(grant["role"])
        unit = (self.tree.get("units") or {}).get(grant["unit"])
        if role is None or not isinstance(unit, Mapping) or unit.get("kind") in (role.at, ""):
            return
        if grant["unit"] in self.wrong_units:
            return  # it follows from what is told of the unit
        at, kind = (KINDS.get(each, Label(each, each)) for each in (role.at, unit["kind"]))
        ko = f"'{role.label.ko}' 역할은 구분이 '{at.ko}'인 기관에 둡니다 "
        ko += f"('{unit['ko']}'의 구분: {kind.ko})"
        en = f"the role '{role.label.en}' is held in a unit of the kind {at.en}; "
        en += f"'{unit['ko']}' is of the kind {kind.en}"
        row.wrong("unit", "role_at_wrong_kind", ko, en, unit["ko"])

    def entries(self) -> None:
        """Take fields, core projects, goals, criteria and what is left out."""
        table = self.table("names", _NAMES)
        if table is None:
            return
        kinds = _words(ENTRY_KINDS, ENTRY_WORDS)
        found: dict[str, dict[str, Any]] = {part: {} for part in _PART_OF.values()}
        exclusions: list[dict[str, str]] = []
        parents: list[tuple[str, Row]] = []
        for row in table.rows:
            kind, ko = self.kind_of(row, "kind", kinds, ("종류", "kind")), row.text("ko")
            if not kind or not ko:
                continue
            entry: dict[str, Any] = {"ko": ko}
            if en := row.text("en", ""):
                entry["en"] = en
            if kind == "exclusion":
                self.origin(("exclusions", len(exclusions)), row, "ko")
                exclusions.append({**entry, **self.left_out(row)})
                continue
            part = _PART_OF.get(kind, "goals")
            key = self.own_id(row, ko, self.tree.get(part) or {})
            if key in found[part]:
                said = f"'{ko}'이(가) 두 번 나옵니다"
                row.wrong("ko", "repeated", said, f"'{ko}' appears twice", ko)
                continue
            if part == "goals":
                entry = {"kind": kind, **entry}
                parents.append((key, row))
            found[part][key] = entry
            for name in ("ko", "kind", "parent"):
                self.origin((part, key, name), row, name)
            self.origin((part, key), row, "ko")
        names = Names(("목표", "goal"), {k: (_label(g),) for k, g in found["goals"].items()})
        for key, row in parents:
            if row.cell("parent") is not None and not row.is_none("parent"):
                found["goals"][key]["parent"] = names.read(row, "parent", row.text("parent"))
        if not found["fields"]:
            ko = "분야를 하나 이상 적으십시오 (종류: 분야)"
            table.wrong(None, None, "no_fields", ko, "give at least one field")
        for part, told in found.items():
            if told or part in self.tree or part == "fields":
                self.tree[part] = told
        if exclusions or "exclusions" in self.tree:
            self.tree["exclusions"] = exclusions

    def left_out(self, row: Row) -> dict[str, str]:
        """Return why something is left out, and where it is evaluated."""
        reason, where = row.text("reason", ""), row.text("where", "")
        if not where:
            reason, where = (*_WHERE.split(reason, maxsplit=1), "")[:2]
        if not reason:
            ko, en = "제외하는 사유를 적으십시오", "say why it is left out"
            row.wrong("reason", "no_reason", ko, en)
        if not where:
            ko, en = "평가하는 곳을 적으십시오", "say where it is evaluated"
            row.wrong("where" if "where" in row.table else "reason", "no_where", ko, en)
        return {"reason": reason, "evaluated_in": where}

    # ------------------------------------------------------------------ the head, the projects

    def head(self) -> PlanHead | None:
        """Return the head that the sheets make; None where it cannot be read."""
        if "year" not in self.tree or not self.tree.get("units"):
            return None
        if "id" not in self.tree:
            units = self.tree["units"]
            office = next((k for k, u in units.items() if u.get("kind") == OFFICE), "plan")
            self.tree["id"] = f"{office}-{self.tree['year']}"
        for part in ("directory", "fields"):
            self.tree.setdefault(part, {})
        reading = Reader({"revision": self.revision(), **self.tree})
        head = read_head(reading, self.lifecycle, written=True)
        told = {
            (problem.sheet, problem.cell) for table in self.tables for problem in table.problems
        }
        rows = {
            (problem.sheet, problem.line) for table in self.tables for problem in table.problems
        }
        for problem in reading.problems:
            found = placed(problem, self.origins)
            follows = found.code in _FOLLOWS and (rows or self.problems)
            if (found.sheet, found.cell) in told or (found.sheet, found.line) in rows or follows:
                continue  # it follows from what is told already
            if found.file is None:
                found = attrs.evolve(found, file=self.book.file)
            self.problems.append(found)
        return head

    def revision(self) -> Any:
        if self.before is None:
            return "1"
        said = self.before.head.tree.get("revision")
        number = str(self.before.head.revision)
        return {**said, "number": number} if isinstance(said, Mapping) else number

    def projects(self, head: PlanHead) -> dict[str, ProjectDefinition]:
        """Return the projects that the sheets change or add."""
        before = {} if self.before is None else self.before.projects
        laying = Laying(head, {number: each.tree for number, each in before.items()})
        projects = self.table("projects", [*laying.by_project(), _CHECK])
        indicators = self.table("targets", [*laying.by_indicator(), _CHECK])
        money = [each.column for each in laying.project_places if each.path[0] == "budget"]
        title = _column("title", "사업명", "Project title", automatic=True)
        whole = _column("whole", "사업비", "Budget", automatic=True)
        sums = _column("sum", "집행계획 합계", "Sum", automatic=True)
        budget = self.table("budget", [NUMBER, title, *money, whole, sums, _CHECK])
        months = months_in(head)
        heads = month_heads(months)
        columns = [_column(m, heads[m].ko, heads[m].en, m) for m in months]
        schedule = self.table("schedule", [NUMBER, TITLE, *columns, _CHECK])
        cards = self.table("cards", _CARDS)
        for table in (projects, budget, indicators):
            if table is not None:
                table.brackets = head.brackets
        if projects is not None:
            laying.lay_projects(projects)
            if not projects.rows and self.before is None:
                ko, en = "사업을 한 줄도 적지 않았습니다", "there is no project"
                projects.wrong(None, None, "no_rows", ko, en)
        if budget is not None:
            laying.lay_projects(budget, known=True)
        if indicators is not None:
            laying.lay_indicators(indicators)
        if schedule is not None:
            self.lay_schedule(laying, schedule, months)
        if cards is not None:
            self.lay_cards(laying, cards)
        for way, origin in laying.origins.items():
            self.origins[path_text(("projects", *way))] = origin
        wrong_rows = {(p.sheet, p.line) for table in self.tables for p in table.problems}
        wrong_numbers = self.numbers_of(wrong_rows)
        try:
            found = laying.definitions(measures=self.lifecycle.measures)
        except InvalidInput as error:
            for problem in error.problems:
                number = (problem.path or "").split(".")[1:2]
                if not number or number[0] not in wrong_numbers:
                    self.problems.append(problem)
            return {}
        if self.before is None:
            right = {number: each for number, each in found.items() if number not in wrong_numbers}
            self.lacking(head, right, laying)
        return found

    def numbers_of(self, rows: Iterable[tuple[str | None, int | None]]) -> set[str]:
        """Return the numbers of the projects that these rows are about."""
        wanted, found = set(rows), set()
        for table in self.tables:
            if "number" in table:
                for row in table.rows:
                    if (table.sheet, row.number) in wanted:
                        cell = row.cell("number")
                        found.add("" if cell is None else text_of(cell))
        return found

    def lacking(
        self, head: PlanHead, found: Mapping[str, ProjectDefinition], laying: Laying
    ) -> None:
        """Note what the plans of projects lack under this lifecycle, at their rows."""
        for lack in lacking(head, found.values(), self.lifecycle.project_plans):
            row, _ = laying.origins[lack.project,]
            title = CONTENTS[lack.content]
            ko = f"관리번호 {lack.project}: {lack.ko} (아직 정하지 못했으면 "
            ko += f"'{SHEETS['settings'].ko}' 시트의 '나중에 낼 것: {title.ko}'에 사유)"
            en = f"number {lack.project}: {lack.en} (if it cannot be said yet: the reason at "
            en += f"'Given later: {title.en}' on the sheet '{SHEETS['settings'].en}')"
            place = Table(file=row.table.file, sheet=row.table.sheet, columns=())
            place._found = row.table._found
            place.wrong(row.number, "number", "content_lacking", ko, en)
            self.problems += place.problems

    def lay_schedule(self, laying: Laying, table: Table, months: Sequence[str]) -> None:
        """Take the steps of each month; a lone dash says that nothing is to be done."""
        for row, tree in self.rows_of(laying, table):
            said = dict(tree.get("schedule") or {})
            for month in months:
                if month in table and row.cell(month) is not None:
                    said[month] = row.text(month)
                    laying.origins[row.text("number"), "schedule", month] = (row, month)
            if said:
                tree["schedule"] = said

    def lay_cards(self, laying: Laying, table: Table) -> None:
        """Take the cards of each project, in the order of their numbers."""
        cards: dict[str, dict[int, dict[str, str]]] = {}
        trees: dict[str, dict[str, Any]] = {}
        for row, tree in self.rows_of(laying, table):
            number, card = row.text("number"), row.figure("card")
            told = cards.setdefault(number, {})
            trees[number] = tree
            if card != int(card) or card < 1 or int(card) in told:
                ko = f"카드번호는 1부터 겹치지 않는 정수입니다 (받은 값: {card})"
                en = f"cards are numbered from 1, each once; got {card}"
                row.wrong("card", "wrong_card", ko, en, card)
                continue
            said = {"ko": row.text("ko")}
            if en_name := row.text("en", ""):
                said["en"] = en_name
            told[int(card)] = said
        for number, told in cards.items():
            new = [told[at] for at in sorted(told)]
            old = [{"ko": c} if isinstance(c, str) else c for c in trees[number].get("cards") or ()]
            if [_plain(each) for each in new] != [_plain(each) for each in old]:
                trees[number]["cards"] = new

    def rows_of(self, laying: Laying, table: Table) -> Iterable[tuple[Row, dict[str, Any]]]:
        """Yield the rows of projects that there are, each with the project's tree."""
        for row in table.rows:
            number = row.text("number")
            if not number:
                continue
            if number not in laying.before and number not in laying.trees:
                laying.unknown(row, number)
                continue
            yield row, laying.tree(number, row)

    # ------------------------------------------------------------------ cells

    def origin(self, path: Sequence[str | int], row: Row, key: str) -> None:
        self.origins[path_text(tuple(path))] = (row, key if key in row.table else None)

    def own_id(self, row: Row, name: str, was: Mapping[str, Any]) -> str:
        """Return the id of a line: what it says, else that of what bore the name, else one made
        of the name."""
        said = row.text("id", "")
        if said:
            if not is_name(said):
                ko = f"ID로 쓸 수 없습니다: '{said}' (글자·숫자·-·_·. 64자까지)"
                en = f"not an id: '{said}' (letters, digits, -, _ and ., at most 64)"
                row.wrong("id", "bad_name", ko, en, said)
            return said
        old = [key for key, tree in was.items() if same(_label(tree).ko) == same(name)]
        return old[0] if len(old) == 1 else id_from(name)

    def kind_of(self, row: Row, key: str, words: Mapping[str, str], what: tuple[str, str]) -> str:
        """Return which of named things a cell says; empty where it says none, which is noted."""
        said = row.text(key)
        if not said:
            return ""
        found = words.get(same(said))
        if found is None:
            known = list(dict.fromkeys(words))
            near = nearest(same(said), known)
            shown = ", ".join(list(dict.fromkeys(_shown(words, key)))[:14])
            ko, en = f"{what[0]} '{said}'이(가) 없습니다", f"no {what[1]} '{said}'"
            if near:
                ko, en = f"{ko}; 혹시 '{near}'입니까?", f"{en}; did you mean '{near}'?"
            ko, en = f"{ko} (가능: {shown})", f"{en} (there are: {shown})"
            row.wrong(key, f"unknown_{what[1]}", ko, en, said)
            return ""
        return found

    def days(self, row: Row, tree: dict[str, Any]) -> None:
        """Take the days from which and until which something holds."""
        for key in ("since", "until"):
            if row.cell(key) is not None and not row.is_none(key):
                tree[key] = row.date(key).isoformat()


_NUMBERED = ("revision", "effective", "projects")
_FOLLOWS = frozenset({"one_office", "missing_key", "role_at_wrong_kind"})
_DEFAULTS: Mapping[str, str] = {
    "periods": next(iter(PERIODS)),
    "move": next(iter(MOVES)),
    "places": "1",
    "project_mean": "weighted",
    "group_mean": "projects",
    "zero_target": "undefined",
}
_PART_OF = {
    "field": "fields",
    "core_project": "core_projects",
    "strategy": "goals",
    "criterion": "criteria",
}


def _words(labels: Mapping[str, Label], more: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return what a cell may say -> the key that it means; a word that two share means none."""
    found: dict[str, set[str]] = {}
    for key, label in labels.items():
        for word in (label.ko, label.en, key, *more.get(key, ())):
            found.setdefault(same(word), set()).add(key)
    return {word: next(iter(keys)) for word, keys in found.items() if len(keys) == 1}


def _shown(words: Mapping[str, str], _: str) -> list[str]:
    """Return the first word of each thing that can be said."""
    first: dict[str, str] = {}
    for word, key in words.items():
        first.setdefault(key, word)
    return list(first.values())


def _label(tree: Any) -> Label:
    if isinstance(tree, str):
        return Label(tree, tree)
    return Label(tree["ko"], tree.get("en") or tree["ko"])


def _plain(card: Mapping[str, Any]) -> tuple[str, str]:
    return card["ko"], card.get("en") or card["ko"]


def _short(figure: Decimal) -> str:
    text = format(figure, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _written(tree: Mapping[str, Any], head: PlanHead) -> dict[str, Any]:
    """Return the head's tree as a plan file writes it."""
    said = {key: value for key, value in tree.items() if value not in ({}, None)}
    said["directory"] = tree.get("directory") or {}
    said["revision"] = tree.get("revision", str(head.revision))
    return said
