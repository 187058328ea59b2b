"""XLSX, by openpyxl: a worksheet for each table of a list, or for each paper, ready to print on A4.

Numbers are numbers and rates carry how they were worked out as a comment. Excel never fits the
height of merged or wrapped rows by itself, so heights are worked out from how wide Korean is.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from copy import copy
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import openpyxl
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from evalflow_forms.archive import broken, repacked
from evalflow_forms.measure import lines_in, row_lines
from evalflow_forms.moving import Below, OneCell, Repeat, column_cells, every_cell, open_rows
from evalflow_forms.sheet import NOTHING, Cell, Evidence, Part, Sheet, Table

MADE_WITH = f"openpyxl {openpyxl.__version__}"

PROPERTY = "evalflow"
"""The custom document property that holds the evidence."""

FONT = "맑은 고딕"

_MM_TO_WIDTH = 0.5  # a character of Excel's column width is about 2 mm
_LINE = 13.5  # points of a line at 9 points
_BOX_MM = Decimal(20)
_NARROWEST = Decimal(2)  # millimetres of a column
_TALLEST = 409  # points; Excel has no higher row
_LETTER, _PADDING = Decimal("1.65"), Decimal(4)  # millimetres, at 9 points
_THIN = Side(style="thin", color="FF404040")
_GREY = PatternFill("solid", fgColor="FFE9EDF2")


def write(sheet: Sheet) -> bytes:
    """Return the form as a workbook, the same bytes every time."""
    book = openpyxl.Workbook()
    first = book.active
    assert isinstance(first, Worksheet)
    pages = [
        (part, tables, name)
        for part in sheet.parts
        for tables, name in (
            [((table,), table.name) for table in part.tables]
            if part.apart
            else [(part.tables, part.name)]
        )
    ]
    used: set[str] = set()
    paint = _Paint()
    for place, (part, tables, name) in enumerate(pages):
        page = first if place == 0 else book.create_sheet()
        page.title = _tab(name, used)
        last_of_part = place == len(pages) - 1 or pages[place + 1][0] is not part
        closing = place == len(pages) - 1
        _Page(page, sheet, part, tables, paint).write(remarks=last_of_part, closing=closing)
    properties = book.properties
    properties.creator = "evalflow"
    properties.title = sheet.title
    properties.created = sheet.evidence.at.replace(tzinfo=None)
    properties_of(book).append(StringProperty(name=PROPERTY, value=sheet.evidence.text()))
    out = io.BytesIO()
    book.save(out)
    return repacked(out.getvalue(), sheet.evidence.at)


def _tab(name: str, used: set[str]) -> str:
    """Return a worksheet's name that Excel takes and that is not there yet."""
    bare = re.sub(r"[\[\]:*?/\\]", " ", name).strip("' ")[:31] or "-"
    tab, number = bare, 1
    while tab.lower() in used:
        number += 1
        tab = f"{bare[: 31 - len(str(number)) - 1]} {number}"
    used.add(tab.lower())
    return tab


def properties_of(book: openpyxl.Workbook) -> Any:
    """Return the custom document properties, of which the stubs do not know."""
    return cast("Any", book).custom_doc_props


def evidence(path: Path) -> Evidence | None:
    """Return the evidence in a workbook, or None."""
    book = openpyxl.load_workbook(path)
    for each in properties_of(book).props:
        if each.name == PROPERTY:
            return Evidence.read(str(each.value))
    return None


def cells(path_or_bytes: Path | bytes) -> dict[str, str]:
    """Return what every cell of a workbook says, by worksheet and address."""
    source: Any = io.BytesIO(path_or_bytes) if isinstance(path_or_bytes, bytes) else path_or_bytes
    book = openpyxl.load_workbook(source)
    return {
        f"{page.title}!{cell.coordinate}": str(cell.value)
        for page in book.worksheets
        for line in page.iter_rows()
        for cell in line
        if cell.value is not None
    }


def fill(template: Path, data: bytes, sheet: Sheet) -> bytes:
    """Return an office's own workbook with its fields filled; see `template`.

    Raises:
        InvalidInput: it cannot be read, or asks for what is not there: all problems.
    """
    from evalflow_forms.template import Filling

    try:
        book = openpyxl.load_workbook(io.BytesIO(data))
    except Exception as error:  # whatever openpyxl raises at parts that do not hang together
        said = " ".join(str(error).split())[:200]
        raise broken(template, ".xlsx", f"읽을 수 없습니다 ({said})", said) from error
    filling = Filling(template, sheet)
    _name_cells(book, filling)
    for page in book.worksheets:
        _fill_page(book, page, sheet, filling)
    filling.raise_if_any()
    properties = properties_of(book)
    if PROPERTY in properties.names:
        del properties[PROPERTY]
    properties.append(StringProperty(name=PROPERTY, value=sheet.evidence.text()))
    book.calculation.fullCalcOnLoad = True  # formulas have no value until they are worked out
    out = io.BytesIO()
    book.save(out)
    return repacked(out.getvalue(), sheet.evidence.at)


def _name_cells(book: Any, filling: Any) -> None:
    """Write the field into each empty cell that bears its name (이름 정의); other names are left
    to the office."""
    for names in (book.defined_names, *(page.defined_names for page in book.worksheets)):
        for name, defined in list(names.items()):
            if name not in filling.known():
                continue
            for title, place in defined.destinations:
                bare = place.replace("$", "")
                if title not in book.sheetnames or not re.fullmatch(r"[A-Z]+\d+", bare):
                    continue
                cell = book[title][bare]
                if cell.value is None:
                    cell.value = f"{{{{{name}}}}}"
            del names[name]  # rows that are repeated would leave it behind


def _fill_page(book: Any, page: Any, sheet: Sheet, filling: Any) -> None:
    rows: list[int] = []
    for cell in every_cell(page):
        if isinstance(cell.value, str) and filling.rows_in(cell.value) and cell.row not in rows:
            rows.append(cell.row)
    count = len(sheet.listing.rows)
    repeat = Repeat(page.title, rows[0], count) if rows else None
    if repeat is not None:
        for row in rows[1:]:
            filling.refuse(
                "two_rows",
                f"{page.title}!{row}",
                str(row),
                f"{page.title}!{row}: 되풀이할 줄은 시트마다 하나입니다 (먼저 나온 줄: {rows[0]})",
                f"{page.title}!{row}: a worksheet repeats one row, and {rows[0]} is the first",
            )
        if rows[1:]:
            return
        if not _move(book, page, repeat, filling):
            return
    wrong: set[int] = set()
    for cell in every_cell(page):
        at = None
        if repeat is not None and repeat.row <= cell.row <= repeat.last:
            at = cell.row - repeat.row
        if not isinstance(cell.value, str) or (at and cell.column in wrong):
            continue
        where, before = f"{page.title}!{cell.coordinate}", len(filling.problems)
        filling.look(cell.value, where)
        if "{{" in cell.value:
            _fill_cell(cell, at, where, sheet, filling)
        if len(filling.problems) > before and at == 0:
            wrong.add(cell.column)  # told once, and not in every row that repeats it
    for text, where in _around(page):
        filling.look(text, where, around=True)


def _fill_cell(cell: Any, at: int | None, where: str, sheet: Sheet, filling: Any) -> None:
    if cell.data_type == "f":
        ko = f"수식 안의 항목: {cell.value}. 항목은 제 칸에 두고 수식이 그 칸을 가리키게 하십시오"
        en = f"a field within a formula: {cell.value}; give it a cell that the formula names"
        filling.refuse("field_in_formula", where, cell.value, f"{where}: {ko}", f"{where}: {en}")
        return
    exact = _exact(cell.value, at, sheet, filling)
    if exact is None or not isinstance(exact.value, Decimal):
        cell.value = _safe(filling.text(cell.value, at, where))
        return
    filling.found += 1
    if cell.number_format == "General":
        cell.number_format = _shape(exact)
    cell.value, code = _as_shown(exact, cell.number_format), cell.number_format
    if cell.value is None:
        ko = f"칸의 표시 형식 '{code}'으로는 다른 수로 보입니다. 일반이나 #,##0으로 두십시오"
        en = f"its number format '{code}' would show another figure: let it be General, or #,##0"
        filling.refuse("other_format", where, code, f"{where}: {ko}", f"{where}: {en}")


_WORDS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_DIVIDED = re.compile(r"[0#?.],+(?![0#?,.])")


def _as_shown(cell: Cell, code: str) -> Decimal | None:
    """Return what a place must hold so that its number format shows the cell's figure; None where
    no number would be seen as that."""
    assert isinstance(cell.value, Decimal)
    plain = _WORDS.sub("", code)
    if _DIVIDED.search(plain) or ("%" in plain and not cell.percent):
        return None
    if not re.search(r"General|[0#?@]", plain) or re.search("[ymdhsYMDHS]", plain):
        return None
    return cell.value / 100 if "%" in plain else cell.value


def _around(page: Any) -> Iterator[tuple[str, str]]:
    """Yield what a page has beside its cells: its own name, head and foot."""
    yield page.title, f"{page.title}"
    around = ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter")
    for part in (getattr(page, name) for name in around):
        for side in (part.left, part.center, part.right):
            if side.text:
                yield side.text, f"{page.title} (head, foot)"


def _move(book: Any, page: Any, repeat: Repeat, filling: Any) -> bool:
    """Repeat the row with all that hangs on it; False where that cannot be done, which is noted."""
    before = len(filling.problems)
    pattern = [
        (cell.column, copy(cell._style), cell.value) for cell in column_cells(page, repeat.row)
    ]
    height = page.row_dimensions[repeat.row].height
    changed: list[tuple[Any, Any]] = []
    for other in book.worksheets:
        for cell in every_cell(other):
            if other is page and cell.row == repeat.row:
                continue
            value = _moved_formula(cell, repeat, other, filling)
            if value is not None:
                changed.append((cell, value))
    for names in (book.defined_names, *(each.defined_names for each in book.worksheets)):
        for defined in names.values():
            defined.attr_text = repeat.named(defined.attr_text)
    for cell, value in changed:
        cell.value = value
    open_rows(page, repeat)
    for place in range(repeat.count):
        for column, style, value in pattern:
            new = page.cell(repeat.row + place, column)
            if isinstance(new, MergedCell):
                continue
            new._style = copy(style)
            new.value = _copied(value, place, f"{page.title}!{new.coordinate}", repeat, filling)
        page.row_dimensions[repeat.row + place].height = height
    return len(filling.problems) == before


def _moved_formula(cell: Any, repeat: Repeat, page: Any, filling: Any) -> Any:
    """Return what a formula outside of the repeated row becomes; None where it is none."""
    value, where = cell.value, f"{page.title}!{cell.coordinate}"
    text = value.text if isinstance(value, ArrayFormula) else value
    if cell.data_type != "f" or not isinstance(text, str):
        return None
    try:
        moved = repeat.formula(text, page.title, where)
    except OneCell as error:
        filling.refuse(
            "one_cell",
            where,
            text,
            f"{where}: {text}의 {error}은(는) {repeat.count}번 되풀이되는 줄의 한 칸입니다. "
            f"범위로 적으십시오 (예: SUM({error}:{error}))",
            f"{where}: {error} in {text} is one cell of the row that is repeated {repeat.count} "
            f"times; write a range, such as SUM({error}:{error})",
        )
        return None
    if isinstance(value, ArrayFormula):
        reference = repeat.area(value.ref) if page.title == repeat.title else value.ref
        return ArrayFormula(reference, moved)
    return moved


def _copied(value: Any, place: int, where: str, repeat: Repeat, filling: Any) -> Any:
    """Return what the cell of the row says in its copy number `place`."""
    if isinstance(value, ArrayFormula | DataTableFormula):
        if place == 0:
            filling.refuse(
                "array_formula",
                where,
                str(value.ref),
                f"{where}: 되풀이되는 줄에는 배열 수식을 쓸 수 없습니다",
                f"{where}: no array formula in a row that is repeated",
            )
        return None
    if not isinstance(value, str) or not value.startswith("="):
        return value
    try:
        return repeat.pattern(value, place, where)
    except Below as error:
        if place == 0:
            fixed = re.sub(r"(\d+)", r"$\1", str(error))
            filling.refuse(
                "cell_below",
                where,
                value,
                f"{where}: {value}의 {error}은(는) 되풀이되는 줄 아래입니다. "
                f"{fixed}(으)로 적으십시오",
                f"{where}: {error} in {value} lies below the row that is repeated; write {fixed}",
            )
        return None


def _exact(text: str, place: int | None, sheet: Sheet, filling: Any) -> Cell | None:
    """Return the cell that a field alone in its place asks for: numbers stay numbers."""
    match = re.fullmatch(r"\{\{\s*(\w+)\s*\}\}", text)
    if match is None or place is None or not filling.is_column(match[1]):
        return None
    rows, column = sheet.listing.rows, int(filling.columns[match[1]])
    while place > 0 and rows[place][column] is None:
        place -= 1
    return rows[place][column]


# --------------------------------------------------------------------------- one worksheet


class _Paint:
    """Looks of cells, each made once: openpyxl takes a fraction of a millisecond for one."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Any] = {}

    def __call__(
        self,
        cell: Any,
        *,
        size: int = 9,
        bold: bool = False,
        color: str = "FF000000",
        align: str = "left",
        indent: int = 0,
        wrap: bool = True,
        border: bool = False,
        open_above: bool = False,
        open_below: bool = False,
        grey: bool = False,
        shape: str = "General",
    ) -> None:
        """Give a cell its look."""
        key = (size, bold, color, align, indent, wrap, border, open_above, open_below, grey, shape)
        if key not in self._made:
            cell.font = Font(name=FONT, size=size, bold=bold, color=color)
            cell.alignment = Alignment(
                horizontal=align, vertical="center", wrap_text=wrap, indent=indent
            )
            if border:
                top, bottom = None if open_above else _THIN, None if open_below else _THIN
                cell.border = Border(left=_THIN, right=_THIN, top=top, bottom=bottom)
            if grey:
                cell.fill = _GREY
            cell.number_format = shape
            self._made[key] = copy(cell._style)
        cell._style = copy(self._made[key])


def _merge(page: Any, top: int, left: int, bottom: int, right: int) -> None:
    """Merge cells that have their looks already; `merge_cells` would give them anew, slowly."""
    if (top, left) != (bottom, right):
        bounds = f"{get_column_letter(left)}{top}:{get_column_letter(right)}{bottom}"
        page.merged_cells.ranges.add(CellRange(bounds))


class _Page:
    """One worksheet while it is written.

    Several tables and the sign-off boxes stand under one another, each with widths of its own: the
    worksheet has a column from every edge to the next, and cells are merged over them.
    """

    def __init__(
        self, page: Any, sheet: Sheet, part: Part, tables: Sequence[Table], paint: _Paint
    ) -> None:
        self.page, self.sheet, self.part, self.tables = page, sheet, part, tables
        self.paint = paint
        boxes = len(sheet.boxes)
        box = min(_BOX_MM, Decimal(sheet.width - 40) / boxes).quantize(Decimal("0.1"))
        if len(tables) == 1 and len(tables[0].widths) > boxes + 1:
            self.edges = _edges(tables[0].widths)
            self.boxes = self._boxes_over(tables[0].widths, boxes)
        else:
            whole = Decimal(sheet.width)
            marks = {whole - box * n for n in range(1, boxes + 1)}
            for table in tables:
                marks |= set(_edges(table.widths))
            self.edges = _apart(sorted(marks))
            ends = [self._at(whole - box * n) for n in range(boxes, -1, -1)]
            self.boxes = list(pairwise(ends))
        self.count = len(self.edges) - 1
        self.widths = [b - a for a, b in pairwise(self.edges)]

    @staticmethod
    def _boxes_over(widths: Sequence[Decimal], boxes: int) -> list[tuple[int, int]]:
        return [(start - 1, end) for start, end in _box_columns(widths, boxes)]

    def _at(self, edge: Decimal) -> int:
        """Return the number of the edge that is nearest."""
        return min(range(len(self.edges)), key=lambda n: abs(self.edges[n] - edge))

    def write(self, *, remarks: bool, closing: bool) -> None:
        """Write everything: `remarks` with the form's and what is
        attached, `closing` with the evidence."""
        page = self.page
        for place, width in enumerate(self.widths, 1):
            letter = get_column_letter(place)
            page.column_dimensions[letter].width = float(width) * _MM_TO_WIDTH
        row = self._opening()
        for table in self.tables:
            row = self._line(row, table.caption, bold=True, size=11)
            if table.unit:
                row = self._line(row, table.unit, align="right")
            top = row
            row = self._heads(table, top)
            if len(self.tables) == 1:
                page.print_title_rows = f"{top}:{row - 1}" if table.head_rows else None
                frozen = self._span(table, 0, table.frozen)[1] if table.frozen else 0
                page.freeze_panes = page.cell(row, frozen + 1)
            row = self._body(table, row)
            for text in table.remarks:
                row = self._line(row, f"※ {text}", measured=True)
        if remarks:
            for text in self.sheet.remarks:
                row = self._line(row, f"※ {text}", measured=True)
            for text in self.part.endings():
                row = self._line(row, text, size=10)
        if closing:
            text = self.sheet.evidence_line
            row = self._line(row, text, measured=True, size=8, color="FF606060")
        _print_set_up(page, self.sheet, row - 1, self.count)

    def _opening(self) -> int:
        page, sheet, part = self.page, self.sheet, self.part
        head = part.head
        left = self.boxes[0][0]
        for place, (name, value) in enumerate(head, 1):
            cell = page.cell(place, 1, _safe(f"{name}: {value}"))
            self.paint(cell, wrap=False)
            _merge(page, place, 1, place, left)
            page.row_dimensions[place].height = 18
        for (start, end), name in zip(self.boxes, sheet.boxes, strict=True):
            self._merged(1, start + 1, 1, end, name, grey=True)
            self._merged(2, start + 1, 4, end, part.paper.signed.get(name))
        row = len(head) + 1
        if part.paper.cooperation:
            start, end = self.boxes[0][0] + 1, self.boxes[-1][1]
            self._merged(5, start, 5, end, f"협 조   {part.paper.cooperation}")
            row = max(row, 6)
        row = self._line(row + 1, sheet.title, bold=True, size=18, align="center", height=32)
        row = self._line(row, part.subtitle, align="center", size=10)
        if sheet.illustrative:
            row = self._line(row, _illustrative(sheet), measured=True, color="FFB00020")
        return row + 1

    def _line(self, row: int, text: str, *, measured: bool = False, **more: Any) -> int:
        widths = self.widths if measured else ()
        return _line(self.paint, self.page, row, self.count, text, widths=widths, **more)

    def _span(self, table: Table, column: int, columns: int) -> tuple[int, int]:
        """Return the first and last column of the worksheet under columns of a table."""
        edges = _edges(table.widths)
        return self._at(edges[column]) + 1, self._at(edges[column + columns])

    def _heads(self, table: Table, top: int) -> int:
        for head in table.heads:
            start = top + head.row
            left, right = self._span(table, head.column, head.columns)
            end = start + head.rows - 1
            self._merged(start, left, end, right, head.text, grey=True, bold=True)
        for row, lines in enumerate(row_lines(table, _LETTER, _PADDING)[0]):
            self.page.row_dimensions[top + row].height = lines * _LINE + 6
        return top + table.head_rows

    def _body(self, table: Table, top: int) -> int:
        for place, row in enumerate(table.rows):
            for column, cell in enumerate(row):
                if cell is None:
                    continue
                # Over several rows nothing is merged: a page may end within them, and a text in the
                # middle would lie over the next page's head. The lines between are left out.
                at, end = top + place, top + place + cell.rows - 1
                left, right = self._span(table, column, cell.columns)
                for down in range(at, end + 1):
                    for across in range(left, right + 1):
                        if (down, across) != (at, left):
                            self.paint(
                                self.page.cell(down, across),
                                border=not table.bare,
                                open_above=down > at,
                                open_below=down < end,
                                grey=cell.label,
                            )
                self._cell(at, left, cell, border=not table.bare)
                for down in range(at, end + 1):
                    _merge(self.page, down, left, down, right)
        for place, lines in enumerate(row_lines(table, _LETTER, _PADDING, first=True)[1]):
            self.page.row_dimensions[top + place].height = min(_TALLEST, lines * _LINE + 6)
        return top + len(table.rows)

    def _cell(self, row: int, column: int, cell: Cell, *, border: bool) -> None:
        value: Any = _safe(cell.shown())
        if isinstance(cell.value, Decimal):
            value = cell.value / 100 if cell.percent else cell.value
        centred = cell.shown() == NOTHING or (cell.label and cell.columns == 1)
        align = "center" if centred else cell.align
        at: Any = self.page.cell(row, column, value)
        self.paint(
            at,
            bold=cell.bold,
            align=align,
            indent=0 if align == "center" else 1,
            border=border,
            open_below=cell.rows > 1,
            grey=cell.label,
            shape=_shape(cell) if isinstance(cell.value, Decimal) else "General",
        )
        if cell.note:
            at.comment = Comment(cell.note, "evalflow", width=420, height=110)

    def _merged(
        self,
        top: int,
        left: int,
        bottom: int,
        right: int,
        text: str | None,
        *,
        grey: bool = False,
        bold: bool = False,
    ) -> None:
        """Write one boxed cell over several."""
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                at = self.page.cell(row, column)
                self.paint(at, align="center", border=True, grey=grey, bold=bold)
        self.page.cell(top, left).value = _safe(text)
        _merge(self.page, top, left, bottom, right)


def _edges(widths: Sequence[Decimal]) -> list[Decimal]:
    """Return where the columns begin and end, in millimetres from the left."""
    edges = [Decimal(0)]
    for width in widths:
        edges.append(edges[-1] + width)
    return edges


def _apart(edges: Sequence[Decimal]) -> list[Decimal]:
    """Return the edges without those too close for a column between; both ends stay."""
    kept = [edges[0]]
    for edge in edges[1:-1]:
        if edge - kept[-1] >= _NARROWEST and edges[-1] - edge >= _NARROWEST:
            kept.append(edge)
    return [*kept, edges[-1]]


def _box_columns(widths: Sequence[Decimal], boxes: int) -> list[tuple[int, int]]:
    """Return for every sign-off box its first and last column, on the right of the page."""
    found: list[tuple[int, int]] = []
    end = len(widths)
    for left in range(boxes, 0, -1):
        start = end
        while start > left + 1 and sum(widths[start - 1 : end]) < _BOX_MM:
            start -= 1
        found.insert(0, (start, end))
        end = start - 1
    return found


def _illustrative(sheet: Sheet) -> str:
    return f"※ 예시 자료: {sheet.illustrative}"


def _line(
    paint: _Paint,
    page: Worksheet,
    row: int,
    count: int,
    text: str,
    *,
    bold: bool = False,
    size: int = 9,
    align: str = "left",
    height: float | None = None,
    widths: Sequence[Decimal] = (),
    color: str = "FF000000",
) -> int:
    """Put one line over the whole width and return the next row."""
    paint(page.cell(row, 1, _safe(text)), size=size, bold=bold, color=color, align=align)
    _merge(page, row, 1, row, count)
    lines = lines_in(text, int(sum(widths, Decimal(0)) / _LETTER)) if widths else 1
    page.row_dimensions[row].height = height or max(16, size + 9, lines * _LINE + 3)
    return row + 1


def _shape(cell: Cell) -> str:
    decimals = "." + "0" * cell.places if cell.places else ""
    shape = f"#,##0{decimals}" + ("%" if cell.percent else "")
    return f'{shape};"△"{shape}'


def _safe(text: str | None) -> str | None:
    """Return a text that no spreadsheet takes for a formula, without what XML cannot hold."""
    if text is None:
        return None
    text = openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", text)
    return f" {text}" if text[:1] in "=+@" else text


def _print_set_up(page: Worksheet, sheet: Sheet, last: int, count: int) -> None:
    page.page_setup.orientation = "portrait" if sheet.standing else "landscape"
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.page_setup.fitToWidth = 1
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    page.print_area = f"A1:{get_column_letter(count)}{last}"
    page.print_options.horizontalCentered = True
    margins = page.page_margins
    margins.left = margins.right = 0.59
    margins.top, margins.bottom = 0.59, 0.7
    margins.header = margins.footer = 0.3
    footer = cast("Any", page.oddFooter)
    footer.center.text = "- &P / &N -"
    footer.left.text = "&8" + sheet.title.replace("&", "&&")
    if sheet.illustrative:
        footer.right.text = "&8예시 자료"
