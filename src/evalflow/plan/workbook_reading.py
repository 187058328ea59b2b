"""What reading each sheet of the office's workbook shares: ids, words, and where all came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalflow.errors import InvalidInput, Problem, did_you_mean, nearest
from evalflow.files import yaml
from evalflow.files.cells import same
from evalflow.files.table import Row, Table
from evalflow.files.table_heads import Column
from evalflow.files.table_reader import Book
from evalflow.files.texts import path_text
from evalflow.files.words import is_name
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import Indicator, Label, ProjectDefinition
from evalflow.plan.definition import Plan
from evalflow.plan.overlay import placed
from evalflow.plan.tables import Names, id_from
from evalflow.plan.workbook_words import SHEETS
from evalflow.plan.write import dump_yaml

Origins = dict[str, tuple[Row, str | None]]


def column(key: str, *names: str, required: bool = False, automatic: bool = False) -> Column:
    """Return a column that may be headed by any of these names."""
    return Column(key, names, required=required, automatic=automatic)


CHECK = column("check", "확인", "Check", automatic=True)


_NUMBERED = ("revision", "effective", "projects")


class Reading:
    """One workbook that is being read: its sheets, what they said so far, and what was wrong."""

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

    def cell_of(self, project: ProjectDefinition, indicator: Indicator) -> str:
        """Return the cell that names an indicator."""
        return self.cell_at(("projects", project.number, "indicators", indicator.id))

    def cell_at(self, way: tuple[str, ...]) -> str:
        """Return the cell that is nearest to a path in the plan."""
        path = path_text(way)
        nowhere = Problem(code="", ko="", en="", file=self.book.file, path=path)
        return placed(nowhere, self.origins).where()

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

    def know_units(self) -> None:
        """Let cells call units by their names and ids."""
        labels: dict[str, tuple[Label, ...]] = {}
        for key, unit in (self.tree.get("units") or {}).items():
            renamed = [label_of(each) for each in unit.get("renamed") or ()]
            labels[key] = (label_of(unit), *renamed)
        self.unit_names = Names(("기관", "unit"), labels)

    def origin(self, path: Sequence[str | int], row: Row, key: str) -> None:
        """Note the cell that a part of the plan comes from."""
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
        old = [key for key, tree in was.items() if same(label_of(tree).ko) == same(name)]
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
            ko, en = did_you_mean(ko, en, near)
            ko, en = f"{ko} (가능: {shown})", f"{en} (there are: {shown})"
            row.wrong(key, f"unknown_{what[1]}", ko, en, said)
            return ""
        return found

    def days(self, row: Row, tree: dict[str, Any]) -> None:
        """Take the days from which and until which something holds."""
        for key in ("since", "until"):
            if row.cell(key) is not None and not row.is_none(key):
                tree[key] = row.date(key).isoformat()


def words_of(labels: Mapping[str, Label], more: Mapping[str, Sequence[str]]) -> dict[str, str]:
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


def label_of(tree: Any) -> Label:
    """Return the label of what a plan file says by name, or with a label."""
    if isinstance(tree, str):
        return Label(tree, tree)
    return Label(tree["ko"], tree.get("en") or tree["ko"])
