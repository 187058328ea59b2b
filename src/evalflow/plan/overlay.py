"""Tables laid over a plan: what their cells say in place of what the plan said.

A blank cell says nothing, a lone dash takes an optional value out, and a cell that says what the
plan says already changes nothing. Every mistake is named with its cell; where there is one,
nothing is taken.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from evalflow.errors import InvalidInput, Problem, did_you_mean, nearest
from evalflow.files.cells import same
from evalflow.files.days import Month, read_day
from evalflow.files.notes import Note
from evalflow.files.reader import Reader
from evalflow.files.table import Row, Table, raise_all
from evalflow.files.table_heads import Column
from evalflow.files.table_reader import read_tables
from evalflow.files.texts import path_text
from evalflow.files.words import is_name
from evalflow.model import PlanHead, ProjectDefinition
from evalflow.model.canonical import Tree
from evalflow.model.values import frozen
from evalflow.plan.listing import sources_of, value_at
from evalflow.plan.project import read_project
from evalflow.plan.surroundings import Surroundings, check_project
from evalflow.plan.tables import (
    ACTUALS,
    ID,
    INDICATOR,
    NUMBER,
    TERM,
    TITLE,
    TOTAL,
    Place,
    id_from,
    indicator_places,
    project_places,
    step_places,
    won_of,
)

Source = str | os.PathLike[str]

_TILDE = re.compile("[~∼～]")
_ENDS = {"start": ("시작", "beginning"), "end": ("끝", "end")}


@frozen(kw_only=True)
class Overlay:
    """What tables made of a plan's projects.

    Attributes:
        projects: number -> definition of each project that a table changed or added.
        notes: how the tables were read: rows left out, columns not used.
    """

    projects: Mapping[str, ProjectDefinition]
    notes: tuple[Note, ...]


def overlay(
    head: PlanHead, trees: Mapping[str, Tree], files: Sequence[Source], *, measures: bool = True
) -> Overlay:
    """Return the projects as the tables in `files` say. `trees` are those of the plan by number.
    Under a lifecycle that `measures` nothing a project needs no indicators.

    A file is CSV, XLSX, XLS or ODS and may hold a table of projects and one of indicators.
    What a project needs and has nowhere is a problem of the row that names it.

    Raises:
        InvalidInput: a file cannot be read or holds no such table, or cells are wrong; all of
            them, with file, sheet and cell.
    """
    overlay = Laying(head, trees)
    problems: list[Problem] = []
    projects: list[Table] = []
    indicators: list[Table] = []
    for file in files:
        try:
            for is_indicators, table in overlay.read(file):
                (indicators if is_indicators else projects).append(table)
        except InvalidInput as error:
            problems += error.problems
    for table in projects:
        overlay.lay_projects(table)
    for table in indicators:
        overlay.lay_indicators(table)
    found = [*projects, *indicators]
    for table in found:
        problems += table.problems
    raise_all(problems)
    definitions = overlay.definitions(measures=measures)
    return Overlay(
        projects=definitions, notes=tuple(note for table in found for note in table.notes)
    )


class Laying:
    """A plan with tables over it: `lay_projects` and `lay_indicators` take what tables say,
    `definitions` gives the projects that differ. `trees` holds what they say so far, by number;
    `origins` where each value came from: a path in a project's tree, its number first -> the row
    and the column, so that what is wrong with it is told with its cell."""

    def __init__(self, head: PlanHead, trees: Mapping[str, Tree]) -> None:
        self.head = head
        self.before = trees
        self.trees: dict[str, dict[str, Any]] = {}
        sources = [key for tree in trees.values() for key in sources_of(tree)]
        self.project_places = (*project_places(head, sources), *step_places(head))
        self.indicator_places = indicator_places(head)
        self.origins: dict[tuple[str, ...], tuple[Row, str | None]] = {}

    def read(self, file: Source) -> list[tuple[bool, Table]]:
        """Return the file's tables, each with whether it is one of indicators, not of projects."""
        tables = read_tables(file, [self.by_project(), self.by_indicator(), ACTUALS])
        for kind, actuals in tables:
            if kind != 2:
                actuals.brackets = self.head.brackets
                continue
            ko = (
                "실적표입니다. 실적은 계획에 넣지 않고 "
                "'evalflow batch plan self_evaluate --figures 파일'로 제출합니다"
            )
            en = (
                "a table of actuals: they go in with 'evalflow batch plan self_evaluate "
                "--figures FILE', not into the plan"
            )
            actuals.wrong(None, None, "actuals_in_a_plan", ko, en)
            raise InvalidInput(actuals.problems)
        return [(kind == 1, table) for kind, table in tables]

    def by_project(self) -> list[Column]:
        """Return the columns of a table of projects."""
        return [NUMBER, TOTAL, TERM, *(each.column for each in self.project_places)]

    def by_indicator(self) -> list[Column]:
        """Return the columns of a table of indicators."""
        return [NUMBER, TITLE, INDICATOR, ID, *(each.column for each in self.indicator_places)]

    def lay_projects(self, table: Table, *, known: bool = False) -> None:
        """Take what the rows of projects say; all of them must be `known` already, where that is
        asked (a sheet of budgets)."""
        places = [each for each in self.project_places if each.column.key in table]
        seen: set[str] = set()
        for row in table.rows:
            number = row.text("number")
            if not number:
                continue
            if number in seen:
                ko, en = (
                    f"관리번호 '{number}'이(가) 두 번 나옵니다",
                    f"'{number}' appears twice",
                )
                row.wrong("number", "repeated", ko, en, number)
                continue
            seen.add(number)
            if not is_name(number):
                ko = f"관리번호로 쓸 수 없습니다: '{number}' (글자·숫자·-·_·. 64자까지)"
                en = f"not a project number: '{number}' (letters, digits, -, _ and ., at most 64)"
                row.wrong("number", "bad_name", ko, en, number)
                continue
            if known and number not in self.before and number not in self.trees:
                self.unknown(row, number)
                continue
            tree = self.tree(number, row)
            for place in places:
                self._lay(place, tree, row, (number,))
            self._lay_term(tree, row, (number,))
            self._compare_total(row, tree)

    def _lay_term(self, tree: dict[str, Any], row: Row, at: tuple[str, ...]) -> None:
        """Take the first and the last day that one cell says (사업기간)."""
        if "term" not in row.table or row.cell("term") is None:
            return
        text = row.text("term")
        halves = [each.strip() for each in _TILDE.split(text)]
        if len(halves) != 2 or not halves[0]:
            ko = f"사업기간은 시작과 끝을 적습니다 (예: 2016. 3. ~ 2016. 12.): '{text}'"
            en = f"a term says its first and its last day, e.g. 2016-03-01 ~ 2016-12-31: '{text}'"
            row.wrong("term", "bad_term", ko, en, text)
            return
        ends: tuple[tuple[str, str, Month], ...] = (
            ("start", halves[0], "first"),
            ("end", halves[1], "last"),
        )
        for key, half, month in ends:
            if not half:
                continue
            said = read_day(half, month=month)
            if said.day is None:
                row.wrong("term", "bad_date", said.ko, said.en, half)
            elif row.cell(key) is not None and row.date(key, None, month=month) != said.day:
                ko = f"사업기간의 {_ENDS[key][0]}이(가) 따로 적은 날짜와 다릅니다: '{half}'"
                en = f"the {_ENDS[key][1]} of the term is not the day in its own column: '{half}'"
                row.wrong("term", "term_differs", ko, en, half)
            elif str(tree.get(key)) != said.day.isoformat():
                tree[key] = said.day.isoformat()
                self.origins[(*at, key)] = (row, "term")

    def lay_indicators(self, table: Table) -> None:
        """Take what the rows of indicators say."""
        places = [each for each in self.indicator_places if each.column.key in table]
        seen: set[tuple[str, str]] = set()
        for row in table.rows:
            number, name = row.text("number"), row.text("indicator")
            if not number or not name:
                continue
            if number not in self.before and number not in self.trees:
                self.unknown(row, number)
                continue
            tree = self.tree(number, row)
            indicators = tree.setdefault("indicators", {})
            key = _indicator(row, name, indicators)
            if (number, key) in seen:
                ko = f"{number}의 성과지표 '{name}'이(가) 두 번 나옵니다"
                row.wrong("indicator", "repeated", ko, f"{number}: '{name}' appears twice", name)
                continue
            seen.add((number, key))
            at = (number, "indicators", key)
            self.origins.setdefault(at, (row, "indicator"))
            inside = indicators.setdefault(key, {"ko": name})
            if "id" in table and same(name) not in _names(key, inside):
                inside["ko"] = name  # named by its id: the name is what changes
            for place in places:
                self._lay(place, inside, row, at)

    def tree(self, number: str, row: Row) -> dict[str, Any]:
        """Return the tree of a project, to be changed: the plan's, or a new one."""
        if number not in self.trees:
            before = self.before.get(number)
            self.trees[number] = _copy(before) if isinstance(before, Mapping) else {}
        self.origins.setdefault((number,), (row, "number"))
        return self.trees[number]

    def _lay(self, place: Place, tree: dict[str, Any], row: Row, at: tuple[str, ...]) -> None:
        key, old = place.column.key, value_at(place, tree)
        if row.cell(key) is None:
            return
        if place.optional and row.is_none(key):
            _take_out(tree, place.path)
            return
        if self._is_rest(place, row, tree):
            return
        before = len(row.table.problems)
        new = place.kind.read_in(row, key, tree)
        if len(row.table.problems) > before or place.kind.agrees(row, key, old, new):
            return
        if place.path == ("unit",):
            for name in ("unit", "assignments"):
                tree.pop(name, None)
            tree["unit" if isinstance(new, str) else "assignments"] = new
        else:
            _put(tree, place.path, new)
        self.origins[(*at, *place.path)] = (row, key)

    def _is_rest(self, place: Place, row: Row, tree: Mapping[str, Any]) -> bool:
        """Say whether the cell is 기타 where the plan names those sources one by one (붙임 1)."""
        sources = sources_of(tree)
        rest = [key for key in sources if key not in ("국비", "시비", "구비")]
        if place.path != ("budget", "sources", "기타") or not rest or "기타" in sources:
            return False
        if any(f"source {key}" in row.table for key in rest):
            return False
        sums = str(sum(won_of(tree["budget"]["sources"][key]) for key in rest))
        said = place.kind.read(row, place.column.key)
        if not place.kind.agrees(row, place.column.key, sums, said):
            listed = ", ".join(rest)
            ko = f"기타가 {listed}의 합({int(sums):,}원)과 다릅니다. 재원별 열로 적으십시오"
            en = f"differs from the sum of {listed} ({int(sums):,} won): give a column for each"
            row.wrong(place.column.key, "rest_differs", ko, en, said)
        return True

    def _compare_total(self, row: Row, tree: Mapping[str, Any]) -> None:
        """Note where the sum that the row gives is not that of the sources."""
        if "total" not in row.table or row.cell("total") is None or row.is_none("total"):
            return
        said, unit = row.won("total"), row.table.won_each("total")
        amounts = [won_of(each) for each in sources_of(tree).values()]
        if abs(sum(amounts) - said) * 2 > unit * (len(amounts) + 1):
            ko = f"사업비 계 {said:,}원이 재원의 합 {sum(amounts):,}원과 다릅니다"
            en = f"the total of {said:,} won is not the sum of the sources, {sum(amounts):,} won"
            row.wrong("total", "total_differs", ko, en, said)

    def unknown(self, row: Row, number: str) -> None:
        """Note that there is no project of the number in a row."""
        crowded = row.table.is_crowded("unknown_number")
        near = None if crowded else nearest(number, [*self.before, *self.trees])
        ko, en = f"관리번호 '{number}'이(가) 없습니다", f"no project number '{number}'"
        ko, en = did_you_mean(ko, en, near)
        row.wrong("number", "unknown_number", ko, en, number)

    def definitions(self, *, measures: bool) -> dict[str, ProjectDefinition]:
        """Return the projects that differ from before, checked whole.

        Raises:
            InvalidInput: what is wrong with them, at the cells it came from.
        """
        changed = {
            number: tree for number, tree in self.trees.items() if tree != self.before.get(number)
        }
        reading = Reader({"projects": changed})
        reading.brackets = self.head.brackets
        around, found = Surroundings.of(self.head), {}
        for number in changed:
            part = reading.top.mapping("projects").mapping(number)
            definition = read_project(
                part, self.head.id, number, around.periods, written=False, measures=measures
            )
            check_project(definition, around, part)
            found[number] = definition
        if reading.problems:
            raise_all([self._placed(problem) for problem in reading.problems])
        return found

    def _placed(self, problem: Problem) -> Problem:
        """Return the problem at the nearest cell above its path."""
        return placed(problem, {_path(path): origin for path, origin in self.origins.items()})


def placed(problem: Problem, origins: Mapping[str, tuple[Row, str | None]]) -> Problem:
    """Return the problem at the cell (`origins`: path -> row and column) that is nearest above its
    path; as it is where there is none."""
    best: tuple[Row, str | None] | None = None
    at, depth = "", -1
    for text, origin in origins.items():
        is_above = problem.path == text or (problem.path or "").startswith((f"{text}.", f"{text}["))
        if is_above and len(text) > depth:
            best, at, depth = origin, text, len(text)
    if best is None:
        return problem
    row, key = best
    table = Table(file=row.table.file, sheet=row.table.sheet, columns=())
    table._found = row.table._found
    table.wrong(row.number, key, problem.code, problem.ko, problem.en, problem.value)
    said = table.problems[0]
    about = (
        f"({problem.path})" if problem.path and problem.path != at else ""
    )  # else the cell says it
    ko, en = (text.removeprefix(f"{problem.path}: ") for text in (said.ko, said.en))
    return attrs.evolve(
        said, path=problem.path, ko=f"{ko} {about}".strip(), en=f"{en} {about}".strip()
    )


def _path(path: Iterable[str]) -> str:
    return path_text(("projects", *path))


def _copy(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {key: _copy(value) for key, value in tree.items()}
    return [_copy(each) for each in tree] if isinstance(tree, list | tuple) else tree


def _put(tree: dict[str, Any], path: Sequence[str], value: Tree) -> None:
    *above, last = path
    for key in above:
        inside = tree.get(key)
        if not isinstance(inside, dict):
            inside = tree[key] = {} if inside is None else {"ko": inside}
        tree = inside
    tree[last] = value


def _take_out(tree: dict[str, Any], path: Sequence[str]) -> None:
    *above, last = path
    inside: Any = tree
    for key in above:
        inside = inside.get(key)
        if not isinstance(inside, dict):
            return
    inside.pop(last, None)


def _indicator(row: Row, name: str, indicators: Mapping[str, Any]) -> str:
    """Return the id of the indicator that a row is about: one of the project's, or a new one."""
    if "id" in row.table and row.cell("id") is not None:
        key = row.text("id")
        if not is_name(key):
            ko = f"지표 ID로 쓸 수 없습니다: '{key}' (글자·숫자·-·_·. 64자까지)"
            en = f"not an id: '{key}' (letters, digits, -, _ and ., at most 64)"
            row.wrong("id", "bad_name", ko, en, key)
        return key
    found = [key for key, tree in indicators.items() if same(name) in _names(key, tree)]
    if len(found) > 1:
        listed = ", ".join(found)
        ko = f"성과지표 '{name}'이(가) 여럿입니다 ({listed}). 지표ID 열로 적으십시오"
        en = f"several indicators are called '{name}' ({listed}): give their ids in a column"
        row.wrong("indicator", "several_indicators", ko, en, name)
    return found[0] if found else id_from(name)


def _names(key: str, tree: Any) -> set[str]:
    said = (
        [key, *(tree.get(lang, "") for lang in ("ko", "en"))]
        if isinstance(tree, Mapping)
        else [key]
    )
    return {same(str(each)) for each in said if each}
