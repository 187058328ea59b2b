"""The office's workbook back to a plan: every sheet is read, and every mistake told with its cell.

On the sheets of units, people, fields and settings stands all that there is of them: a line that is
gone is taken out. The sheets of projects, indicators, budgets, steps and cards are laid over what
the plan says already, as tables are (`overlay`): a project that no sheet names stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from evalflow.errors import InvalidInput
from evalflow.files.notes import Note
from evalflow.files.reader import Reader
from evalflow.files.table import Row, raise_all
from evalflow.files.table_reader import Book
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import PlanHead
from evalflow.model.values import frozen
from evalflow.plan.content import budget_notes
from evalflow.plan.definition import Plan
from evalflow.plan.head import read_head
from evalflow.plan.keys import OFFICE
from evalflow.plan.overlay import placed
from evalflow.plan.rateable import unrateable
from evalflow.plan.workbook_projects import take_projects
from evalflow.plan.workbook_reading import Reading
from evalflow.plan.workbook_settings import take_settings
from evalflow.plan.workbook_units import take_entries, take_people, take_units
from evalflow.plan.workbook_words import SHEETS
from evalflow.plan.write import dump_tree


@frozen(kw_only=True)
class OfficeBook:
    """What a workbook says: the plan, checked whole, and the text of its plan file. `origins` are
    the cells that its parts came from, by path."""

    plan: Plan
    text: str
    origins: Mapping[str, tuple[Row, str | None]]

    def placed(self, error: InvalidInput) -> InvalidInput:
        """Return what is wrong with the plan, at the cells that say it."""
        return InvalidInput([placed(each, self.origins) for each in error.problems])


def is_office_book(book: Book) -> bool:
    """Say whether a workbook is an office's, and not one of tables alone."""
    return any(book.has(SHEETS[key].ko, SHEETS[key].en) for key in ("settings", "people", "units"))


def read_office_book(
    book: Book, lifecycle: Lifecycle, *, named: str | None = None, before: Plan | None = None
) -> OfficeBook:
    """Return what the office's workbook says. `named` is what the plan calls its lifecycle;
    `before` is the plan as it stands, which the workbook changes.

    Raises:
        InvalidInput: cells are wrong, or the plan lacks what it must say: all of it, with sheet
            and cell.
    """
    return _read(Reading(book, lifecycle, named or lifecycle.name, before))


def _read(reading: Reading) -> OfficeBook:
    take_settings(reading)
    take_units(reading)
    take_people(reading)
    take_entries(reading)
    head = _head(reading)
    definitions = {} if head is None else take_projects(reading, head)
    reading.problems += [problem for table in reading.tables for problem in table.problems]
    raise_all(reading.problems)
    assert head is not None
    before = {} if reading.before is None else dict(reading.before.projects)
    projects = {**before, **definitions}
    text = dump_tree(
        _written(reading.tree, head), {number: each.tree for number, each in projects.items()}
    )
    notes: list[Note] = [note for table in reading.tables for note in table.notes]
    notes += unrateable(head, tuple(definitions.values()), reading.cell_of)
    wanted = reading.lifecycle.project_plans
    notes += budget_notes(head, definitions.values(), wanted, reading.cell_at)
    plan = Plan(
        head=head, projects=projects, lifecycle=reading.lifecycle, file=None, notes=tuple(notes)
    )
    return OfficeBook(plan=plan, text=text, origins=reading.origins)


_FOLLOWS = frozenset({"one_office", "missing_key", "role_at_wrong_kind"})


def _head(reading: Reading) -> PlanHead | None:
    """Return the head that the sheets make; None where it cannot be read."""
    if "year" not in reading.tree or not reading.tree.get("units"):
        return None
    if "id" not in reading.tree:
        units = reading.tree["units"]
        office = next((k for k, u in units.items() if u.get("kind") == OFFICE), "plan")
        reading.tree["id"] = f"{office}-{reading.tree['year']}"
    for part in ("directory", "fields"):
        reading.tree.setdefault(part, {})
    reader = Reader({"revision": _revision(reading), **reading.tree})
    head = read_head(reader, reading.lifecycle, written=True)
    told = {(problem.sheet, problem.cell) for table in reading.tables for problem in table.problems}
    rows = {(problem.sheet, problem.line) for table in reading.tables for problem in table.problems}
    for problem in reader.problems:
        found = placed(problem, reading.origins)
        follows = found.code in _FOLLOWS and (rows or reading.problems)
        if (found.sheet, found.cell) in told or (found.sheet, found.line) in rows or follows:
            continue  # it follows from what is told already
        if found.file is None:
            found = attrs.evolve(found, file=reading.book.file)
        reading.problems.append(found)
    return head


def _revision(reading: Reading) -> Any:
    if reading.before is None:
        return "1"
    said = reading.before.head.tree.get("revision")
    number = str(reading.before.head.revision)
    return {**said, "number": number} if isinstance(said, Mapping) else number


def _written(tree: Mapping[str, Any], head: PlanHead) -> dict[str, Any]:
    """Return the head's tree as a plan file writes it."""
    said = {key: value for key, value in tree.items() if value not in ({}, None)}
    said["directory"] = tree.get("directory") or {}
    said["revision"] = tree.get("revision", str(head.revision))
    return said
