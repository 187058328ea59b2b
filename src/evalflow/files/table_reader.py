"""From a file's sheets to tables with named columns: which sheet, which rows, what is left out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from evalflow.errors import InvalidInput, Problem, did_you_mean, invalid, nearest
from evalflow.files.cells import (
    Cell,
    column_letters,
    same,
    text_of,
)
from evalflow.files.grid import Fault, Sheet, read_sheets
from evalflow.files.money_units import Said, said_by_line
from evalflow.files.table import Row, Table, cell_name, text_or_fault
from evalflow.files.table_heads import Column, Found, Heads, filled, head_row
from evalflow.model.values import frozen

_TOTALS = re.compile(r"총?(?:합계|소계|누계|계|총계|평균)(?:[(:].*)?|(?:grand|sub)?-?totals?|sum")


@frozen
class TableFile(os.PathLike[str]):
    """A file of tables, and what of it is meant; taken wherever a table's path is.

    Attributes:
        path: the file.
        sheets: the sheets that are meant, by name; empty leaves it to the heads.
        visible_rows: whether rows that are hidden, or filtered away, are left out.
    """

    path: str
    sheets: tuple[str, ...] = ()
    visible_rows: bool = False

    def __fspath__(self) -> str:
        return self.path


# --------------------------------------------------------------------------- reading

Source = str | bytes | os.PathLike[str]


def read_table(
    source: Source,
    columns: Sequence[Column],
    *,
    sheet: str | None = None,
    name: str | None = None,
    others: bool = False,
) -> Table:
    """Return the table of a CSV, XLSX, XLS or ODS file that has these columns.

    `source` is a path (also a `TableFile`), or the file's bytes; `name` is what problems call it.
    Without `sheet`, the visible sheet is taken on which most of the columns are found, and a note
    names the others. Blank rows, rows of totals and a further table below are left out, with a
    note; rows that nobody sees are read, with a note, or left out where the `TableFile` says so.
    `others` also takes every other column that has a head. Problems with the rows are collected
    in the table while its rows are asked.

    Raises:
        InvalidInput: the file cannot be read, has no such sheet or several, or a required column
            is missing or appears twice.
    """
    tables = [t for _, t in read_tables(source, [columns], sheet=sheet, name=name, others=others)]
    if len(tables) > 1:
        raise _which([table.sheet for table in tables], tables[0].file)
    return tables[0]


def read_tables(
    source: Source,
    kinds: Sequence[Sequence[Column]],
    *,
    sheet: str | None = None,
    name: str | None = None,
    others: bool = False,
) -> list[tuple[int, Table]]:
    """Return the tables of several kinds that a file has, each with its kind's place in `kinds`.

    A sheet is of the kind most of whose columns it has, and all required ones. Of each kind the
    sheet with most of its columns is taken; where sheets are named, all of these are.

    Raises:
        InvalidInput: as `read_table` says; or the file has none of the kinds, several sheets with
            as many columns of one, or a named sheet is of none.
    """
    wanted = source.sheets if isinstance(source, TableFile) else ()
    if sheet is not None:
        wanted = (sheet,)
    shown = name or ("<bytes>" if isinstance(source, bytes) else os.fspath(source))
    all_sheets = read_sheets(
        source, shown, lambda part: max(len(Heads.find(part, kind).found) for kind in kinds)
    )
    sheets = _chosen(all_sheets, wanted, shown)
    placed = {
        at: [(kind, Heads.find(each, columns)) for kind, columns in enumerate(kinds)]
        for at, each in enumerate(sheets)
    }
    best: dict[Any, tuple[int, Sheet, Heads]] = {}
    alike: dict[Any, list[Sheet]] = {}
    for at, each in enumerate(sheets):
        complete = [pair for pair in placed[at] if not pair[1].missing()]
        if not complete and len(kinds) == 1 and (len(sheets) == 1 or placed[at][0][1].found):
            complete = placed[at]
        if not complete:
            if wanted:
                _refuse_kind(kinds, [(kind, each, heads) for kind, heads in placed[at]], shown)
            continue
        kind, heads = max(complete, key=lambda pair: len(pair[1].found))
        place = at if wanted else kind
        if place not in best or len(heads.found) > len(best[place][2].found):
            best[place], alike[place] = (kind, each, heads), []
        if len(heads.found) == len(best[place][2].found) and max(each.rows) > heads.row:
            alike[place].append(each)
    for several in alike.values():
        if len(several) > 1:
            raise _which([each.name for each in several], shown)
    if not best:
        every = [(kind, sheets[at], heads) for at, found in placed.items() for kind, heads in found]
        _refuse_kind(kinds, every, shown)
    visible_rows = isinstance(source, TableFile) and source.visible_rows
    tables = [
        (kind, _table(each, heads, shown, others=others, visible_rows=visible_rows))
        for kind, each, heads in best.values()
    ]
    if not wanted:
        taken = [each for _, each, _ in best.values()]
        _note_aside(tables[0][1], [each for each in all_sheets if each.rows], taken)
    return tables


def _which(sheets: Sequence[str | None], shown: str) -> InvalidInput:
    listed = ", ".join(f"'{name}'" for name in sheets)
    return invalid(
        "several_sheets",
        file=shown,
        value=listed,
        ko=f"같은 열의 표가 시트 여럿에 있습니다: {listed}. --sheet로 고르거나 하나만 남기십시오",
        en=f"several sheets have such a table: {listed}; choose by --sheet, or leave only one",
    )


@frozen(eq=False)
class Book:
    """A workbook that was read once, whose sheets are asked for by their names.

    Attributes:
        file: what problems call it.
        sheets: its sheets, in their order.
        visible_rows: whether rows that are hidden, or filtered away, are left out.
    """

    file: str
    sheets: tuple[Sheet, ...]
    visible_rows: bool = False

    def has(self, *names: str) -> bool:
        """Say whether there is a sheet of one of these names."""
        return self._sheet(names) is not None

    def table(self, names: Sequence[str], columns: Sequence[Column]) -> Table | None:
        """Return the table on the sheet of one of these names; None where there is no such sheet,
        or nothing is on it. A table without rows is one with none.

        Raises:
            InvalidInput: a required column is missing or appears twice.
        """
        sheet = self._sheet(names)
        if sheet is None or not sheet.rows:
            return None
        heads = Heads.find(sheet, columns)
        table = _table(sheet, heads, self.file, visible_rows=self.visible_rows)
        # A row in which nothing stands but formulas that came to nothing was filled by nobody.
        table.rows = tuple([row for row in table.rows if row.is_filled()])
        if not table.rows:
            table.problems.clear()
        return table

    def _sheet(self, names: Sequence[str]) -> Sheet | None:
        wanted = {same(name) for name in names}
        found = [each for each in self.sheets if each.name is not None]
        return next((each for each in found if same(each.name or "") in wanted), None)


def read_book(source: Source) -> Book:
    """Return the workbook (XLSX, XLS, ODS), read once.

    Raises:
        InvalidInput: the file cannot be read, or is none with named sheets (CSV).
    """
    shown = "<bytes>" if isinstance(source, bytes) else os.fspath(source)
    sheets = tuple(read_sheets(source, shown))
    if all(each.name is None for each in sheets):
        raise invalid(
            "no_workbook",
            file=shown,
            ko="시트가 있는 통합 문서(.xlsx, .xls, .ods)가 아닙니다",
            en="no workbook with sheets (.xlsx, .xls, .ods)",
        )
    visible_rows = isinstance(source, TableFile) and source.visible_rows
    return Book(file=shown, sheets=sheets, visible_rows=visible_rows)


def _note_aside(table: Table, sheets: list[Sheet], taken: list[Sheet]) -> None:
    """Name the sheets that were not read."""
    aside = [each for each in sheets if each not in taken]
    if not aside:
        return
    read = ", ".join(f"'{each.name}'" for each in taken)
    ko_names = ", ".join(f"'{each.name}'" + ("" if each.visible else "(숨김)") for each in aside)
    en_names = ", ".join(f"'{each.name}'" + ("" if each.visible else " (hidden)") for each in aside)
    ko = f"시트 {read}만 읽고 {ko_names}은(는) 읽지 않았습니다 (--sheet로 고릅니다)"
    en = f"read only the sheets {read}; left aside: {en_names} (--sheet chooses)"
    table.note(None, None, "sheets_left_aside", ko, en)


def _chosen(sheets: list[Sheet], wanted: Sequence[str], shown: str) -> list[Sheet]:
    filled = [each for each in sheets if each.rows]
    if not wanted or all(each.name is None for each in sheets):
        return [each for each in filled if each.visible] or filled
    known = [each.name for each in sheets if each.name is not None]
    listed = ", ".join(known)
    problems = []
    for name in wanted:
        if name in known:
            continue
        ko, en = did_you_mean(
            f"시트 '{name}'이(가) 없습니다",
            f"no sheet '{name}'",
            nearest(name, known),
            (f" (있는 시트: {listed})", f" (there are: {listed})"),
        )
        problems.append(Problem(code="unknown_sheet", file=shown, value=name, ko=ko, en=en))
    if problems:
        raise InvalidInput(problems)
    return [each for name in dict.fromkeys(wanted) for each in sheets if each.name == name]


def _refuse_kind(
    kinds: Sequence[Sequence[Column]],
    placed: Sequence[tuple[int, Sheet, Heads]],
    shown: str,
) -> None:
    """Say what is missing from the kind of table that the file is nearest to."""
    _, sheet, heads = max(placed, key=lambda each: len(each[2].found))
    if heads.found:
        raise InvalidInput(_missing_columns(sheet, heads, shown))
    wanted = [", ".join(c.name for c in columns if c.required) for columns in kinds]
    raise invalid(
        "no_heads",
        file=shown,
        sheet=sheet.name,
        ko=f"머리글 행을 찾을 수 없습니다. 필요한 열: {' / '.join(wanted)}",
        en=f"no row of heads found; needed columns: {' / '.join(wanted)}",
    )


def _missing_columns(sheet: Sheet, heads: Heads, shown: str) -> list[Problem]:
    problems = []
    for column in heads.missing():
        near = nearest(column.name, [head for _, head in heads.others])
        hint_ko = f"; '{near}'이(가) 그것입니까?" if near else ""
        hint_en = f"; is it '{near}'?" if near else ""
        names = ", ".join(column.names[:4])
        problems.append(
            Problem(
                code="missing_column",
                file=shown,
                sheet=sheet.name,
                line=heads.row or None,
                cell=cell_name(heads.row or None, None),
                value=column.name,
                ko=f"'{column.name}' 열이 없습니다 (쓸 수 있는 이름: {names}){hint_ko}",
                en=f"no column '{column.name}' (known as: {names}){hint_en}",
            )
        )
    return problems


def _table(
    sheet: Sheet, heads: Heads, shown: str, *, others: bool = False, visible_rows: bool = False
) -> Table:
    merged = filled(sheet)
    found, twice, further = dict(heads.found), [*heads.twice], []
    for number, head in heads.others if others else ():
        if head in found:
            twice.append((head, number))
            continue
        found[head] = Found(number=number, head=head)
        further.append(head)
    table = Table(
        file=shown,
        sheet=sheet.name,
        columns=heads.columns,
        others=tuple(further),
        unused=() if others else tuple([head for _, head in heads.others]),
        found=found,
        merged=merged,
        shown=sheet.shown,
        zero=sheet.zero,
        unit=_unit_above(sheet, heads),
    )
    problems = _missing_columns(sheet, heads, shown)
    for key, number in twice:
        head, first = found[key].head, column_letters(found[key].number)
        problems.append(
            Problem(
                code="column_twice",
                file=shown,
                sheet=sheet.name,
                line=heads.row,
                column=number,
                cell=cell_name(heads.row, number),
                value=head,
                ko=f"'{head}' 열이 두 번 있습니다 ({first}열과 이 열)",
                en=f"the column '{head}' appears twice (column {first} and here)",
            )
        )
    if problems:
        raise InvalidInput(problems)
    if heads.others and not others:
        listed = ", ".join(f"{head} ({column_letters(at)})" for at, head in heads.others)
        ko, en = f"쓰지 않는 열: {listed}", f"columns not used: {listed}"
        table.note(heads.row, None, "columns_not_used", ko, en)
    table.rows = tuple(_rows(sheet, heads, table, visible_rows))
    for key, each in table._found.items():
        if any(first <= each.number <= last for first, last in sheet.hidden_columns):
            ko = f"숨겨진 열 '{each.head}'도 읽었습니다"
            table.note(heads.row, key, "hidden_column", ko, f"read the hidden column '{each.head}'")
    if not table.rows:
        ko, en = "머리글 아래에 자료가 없습니다", "no rows below the heads"
        table.wrong(heads.row, None, "no_rows", ko, en)
    return table


def _unit_above(sheet: Sheet, heads: Heads) -> Said | None:
    """Return what the lines above the heads, nearest first, and the sheet's name say of units of
    money; a line that speaks of units but of none of money counts where no other does."""
    unknown: Said | None = None
    for number in sorted((row for row in sheet.rows if row <= heads.row), reverse=True):
        found = {
            said.won: said
            for cell in sheet.rows[number]
            if isinstance(cell, str)
            and (said := said_by_line(cell, whole=number >= heads.top)) is not None
            and not (number >= heads.top and "단위" not in cell and "nit" not in cell)
        }
        known = [said for won, said in found.items() if won is not None]
        if len(known) == 1:
            return known[0]
        if len(known) > 1:
            return Said(", ".join(said.text for said in known), None)
        unknown = unknown or found.get(None)
    if unknown is None and sheet.name is not None:
        said = said_by_line(sheet.name)
        return said if said is not None and said.won is not None else None
    return unknown


def _rows(sheet: Sheet, heads: Heads, table: Table, visible_rows: bool) -> Iterator[Row]:
    automatic = {column.key for column in heads.columns if column.automatic}
    used = [found.number for key, found in heads.found.items() if key not in automatic]
    head_texts = [each for each in sheet.rows[heads.row] if each is not None]
    is_head = head_row(heads.columns)
    hidden: list[int] = []
    for number, cells in sheet.rows.items():
        if number <= heads.row:
            continue
        texts = [each for each in cells if each is not None and text_or_fault(each)]
        first = next(iter(texts), None)
        if isinstance(first, str) and is_total(first):
            ko, en = f"합계 행 '{first}'을(를) 뺐습니다", f"left out the totals row '{first}'"
            table.note(number, None, "total_left_out", ko, en)
            continue
        if isinstance(first, str) and _says(texts, head_texts):
            ko, en = "되풀이된 머리글을 뺐습니다", "left out the heads, repeated"
            table.note(number, None, "heads_repeated", ko, en)
            continue
        if len(texts) <= 2 and (said := _unit_line(texts)) is not None:
            table._units_below = (*table._units_below, (number, said))
            continue
        if len(texts) > 1 and is_head(texts):
            ko = f"{number}행부터는 머리글이 다른 표라서 읽지 않았습니다"
            en = f"another table begins at row {number}, under other heads; it was not read"
            table.note(number, None, "table_left_aside", ko, en)
            break
        if any(at <= len(cells) and text_or_fault(cells[at - 1]) for at in used):
            if number in sheet.hidden:
                hidden.append(number)
                if visible_rows:
                    continue
            if len(cells) > sheet.widths.get(heads.row, len(cells)):
                _refuse_wider(table, number, cells[sheet.widths[heads.row]])
            yield Row(table, number, cells)
    if hidden:
        _note_hidden(table, hidden, filtered=sheet.filtered, left_out=visible_rows)


def _says(texts: Sequence[Cell | Fault], heads: Sequence[Cell | Fault]) -> bool:
    """Say whether a row says what the heads say, as names are compared."""
    heads = [each for each in heads if text_or_fault(each)]
    return len(texts) == len(heads) and all(
        one == other
        or (isinstance(one, str) and isinstance(other, str) and same(one) == same(other))
        for one, other in zip(texts, heads, strict=True)
    )


def _refuse_wider(table: Table, number: int, cell: Cell | Fault) -> None:
    """Note a row of a CSV file that has more cells than the heads: `1,234` without quotes is
    two."""
    text = text_of(cell) if not isinstance(cell, Fault) else cell.text
    ko = f"머리글보다 칸이 많습니다: '{text[:40]}'. 쉼표가 든 값은 따옴표로 묶으십시오 (\"1,234\")"
    en = f"more cells than heads: '{text[:40]}'; put quotes around what holds a comma (\"1,234\")"
    table.wrong(number, None, "more_cells", ko, en, text)


def _unit_line(texts: Sequence[Cell | Fault]) -> Said | None:
    """Return what a row that says nothing but units says; None where it is none."""
    said = [
        said_by_line(each, whole=True)
        if isinstance(each, str) and len(each) < 100 and _UNIT_HINT.search(each)
        else None
        for each in texts
    ]
    return said[0] if said and all(said) else None


_UNIT_HINT = re.compile(r"단위|unit|원\s*[)\]]?\s*$|won|krw", re.IGNORECASE)


def _note_hidden(table: Table, rows: list[int], *, filtered: bool, left_out: bool) -> None:
    listed = ", ".join(str(row) for row in rows[:10]) + (" …" if len(rows) > 10 else "")
    why_ko, why_en = ("필터로 가려진", "filtered away") if filtered else ("숨겨진", "hidden")
    if left_out:
        ko = f"{why_ko} 행 {len(rows):,}개를 뺐습니다 ({listed}행)"
        en = f"left out rows that are {why_en}: {len(rows):,} (rows {listed})"
    else:
        ko = f"{why_ko} 행 {len(rows):,}개도 읽었습니다 ({listed}행). 빼려면 --visible-rows"
        en = f"read rows that are {why_en}, too: {len(rows):,} (rows {listed}); --visible-rows "
        en += "leaves them out"
    table.note(rows[0], None, "hidden_rows", ko, en)


def is_total(text: str) -> bool:
    """Say whether a row that begins with this text is one of totals: 합계, 소계, Total …"""
    return _TOTALS.fullmatch(same(text)) is not None
