"""The sheets of projects, indicators, budgets, steps and cards of the office's workbook, laid over
what the plan says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalflow.errors import InvalidInput
from evalflow.files.cells import text_of
from evalflow.files.table import Row, Table
from evalflow.files.texts import path_text
from evalflow.model import CONTENTS, PlanHead, ProjectDefinition
from evalflow.plan.content import lacking
from evalflow.plan.overlay import Laying
from evalflow.plan.tables import NUMBER, TITLE
from evalflow.plan.workbook_reading import CHECK, Reading, column
from evalflow.plan.workbook_words import SHEETS, month_heads, months_in

_CARDS = (
    NUMBER,
    column("card", "카드번호", "Card", required=True),
    column("ko", "세부사업명", "Sub-project", required=True),
    column("en", "영문명", "English name"),
    CHECK,
)


def take_projects(reading: Reading, head: PlanHead) -> dict[str, ProjectDefinition]:
    """Return the projects that the sheets change or add."""
    before = {} if reading.before is None else reading.before.projects
    laying = Laying(head, {number: each.tree for number, each in before.items()})
    projects = reading.table("projects", [*laying.by_project(), CHECK])
    indicators = reading.table("targets", [*laying.by_indicator(), CHECK])
    money = [each.column for each in laying.project_places if each.path[0] == "budget"]
    title = column("title", "사업명", "Project title", automatic=True)
    whole = column("whole", "사업비", "Budget", automatic=True)
    sums = column("sum", "집행계획 합계", "Sum", automatic=True)
    budget = reading.table("budget", [NUMBER, title, *money, whole, sums, CHECK])
    months = months_in(head)
    heads = month_heads(months)
    columns = [column(m, heads[m].ko, heads[m].en, m) for m in months]
    schedule = reading.table("schedule", [NUMBER, TITLE, *columns, CHECK])
    cards = reading.table("cards", _CARDS)
    for table in (projects, budget, indicators):
        if table is not None:
            table.brackets = head.brackets
    if projects is not None:
        laying.lay_projects(projects)
        if not projects.rows and reading.before is None:
            ko, en = "사업을 한 줄도 적지 않았습니다", "there is no project"
            projects.wrong(None, None, "no_rows", ko, en)
    if budget is not None:
        laying.lay_projects(budget, known=True)
    if indicators is not None:
        laying.lay_indicators(indicators)
    if schedule is not None:
        _lay_schedule(reading, laying, schedule, months)
    if cards is not None:
        _lay_cards(reading, laying, cards)
    for way, origin in laying.origins.items():
        reading.origins[path_text(("projects", *way))] = origin
    wrong_rows = {(p.sheet, p.line) for table in reading.tables for p in table.problems}
    wrong_numbers = _numbers_of(reading, wrong_rows)
    try:
        found = laying.definitions(measures=reading.lifecycle.measures)
    except InvalidInput as error:
        for problem in error.problems:
            number = (problem.path or "").split(".")[1:2]
            if not number or number[0] not in wrong_numbers:
                reading.problems.append(problem)
        return {}
    if reading.before is None:
        right = {number: each for number, each in found.items() if number not in wrong_numbers}
        _note_lacking(reading, head, right, laying)
    return found


def _numbers_of(reading: Reading, rows: Iterable[tuple[str | None, int | None]]) -> set[str]:
    """Return the numbers of the projects that these rows are about."""
    wanted, found = set(rows), set()
    for table in reading.tables:
        if "number" in table:
            for row in table.rows:
                if (table.sheet, row.number) in wanted:
                    cell = row.cell("number")
                    found.add("" if cell is None else text_of(cell))
    return found


_ONE_BY_ONE = 3  # projects that lack the same, up to which each is noted
_LISTED = 20  # numbers that are named


def _note_lacking(
    reading: Reading, head: PlanHead, found: Mapping[str, ProjectDefinition], laying: Laying
) -> None:
    """Note what the plans of projects lack under this lifecycle, at their rows; what many lack is
    noted once, at the first of them."""
    lacks = list(lacking(head, found.values(), reading.lifecycle.project_plans))
    of: dict[str, list[str]] = {}
    for lack in lacks:
        of.setdefault(lack.content, []).append(lack.project)
    for lack in lacks:
        numbers = list(dict.fromkeys(of[lack.content]))
        many = len(numbers) > _ONE_BY_ONE
        if many and lack.project != numbers[0]:
            continue
        row, _ = laying.origins[lack.project,]
        title = CONTENTS[lack.content]
        ko, en = f"관리번호 {lack.project}: {lack.ko}", f"number {lack.project}: {lack.en}"
        if many:
            listed = ", ".join(numbers[:_LISTED]) + (" …" if len(numbers) > _LISTED else "")
            ko = f"사업 {len(numbers)}건(관리번호 {listed})에 고칠 것이 있습니다. {ko}"
            en = f"{len(numbers)} projects ({listed}), e.g. {en}"
        ko += " (아직 정하지 못했으면 "
        ko += f"'{SHEETS['settings'].ko}' 시트의 '나중에 낼 것: {title.ko}'에 사유)"
        en += " (if it cannot be said yet: the reason at "
        en += f"'Given later: {title.en}' on the sheet '{SHEETS['settings'].en}')"
        place = Table(file=row.table.file, sheet=row.table.sheet, columns=())
        place._found = row.table._found
        place.wrong(row.number, "number", "content_lacking", ko, en)
        reading.problems += place.problems


def _lay_schedule(reading: Reading, laying: Laying, table: Table, months: Sequence[str]) -> None:
    """Take the steps of each month; a lone dash says that nothing is to be done."""
    for row, tree in _rows_of(reading, laying, table):
        said = dict(tree.get("schedule") or {})
        for month in months:
            if month in table and row.cell(month) is not None:
                said[month] = row.text(month)
                laying.origins[row.text("number"), "schedule", month] = (row, month)
        if said:
            tree["schedule"] = said


def _lay_cards(reading: Reading, laying: Laying, table: Table) -> None:
    """Take the cards of each project, in the order of their numbers."""
    cards: dict[str, dict[int, dict[str, str]]] = {}
    trees: dict[str, dict[str, Any]] = {}
    for row, tree in _rows_of(reading, laying, table):
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


def _rows_of(
    reading: Reading, laying: Laying, table: Table
) -> Iterable[tuple[Row, dict[str, Any]]]:
    """Yield the rows of projects that there are, each with the project's tree."""
    for row in table.rows:
        number = row.text("number")
        if not number:
            continue
        if number not in laying.before and number not in laying.trees:
            laying.unknown(row, number)
            continue
        yield row, laying.tree(number, row)


def _plain(card: Mapping[str, Any]) -> tuple[str, str]:
    return card["ko"], card.get("en") or card["ko"]
