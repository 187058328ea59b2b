"""HWPX, by python-hwpx (the only module that imports it): the form as 한글 opens it.

Cells are set through their rows, and spans on the elements themselves: asking a table for a cell
by its address, or to merge, is quadratic. Numbers and times that the library draws at random
are numbered through afterwards, so that the same form gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, unescape

import hwpx

from evalflow_forms.archive import Change, repacked
from evalflow_forms.measure import row_lines
from evalflow_forms.sheet import (
    MARGIN,
    NOTHING,
    Cell,
    Evidence,
    Part,
    Sheet,
    Table,
)

MADE_WITH = f"python-hwpx {metadata.version('python-hwpx')}"

_UNITS = Decimal("283.465")  # of HWP in a millimetre
_META = "evalflow"
_PARAGRAPH = "{http://www.hancom.co.kr/hwpml/2011/paragraph}"
_LINE_MM, _AROUND_MM = Decimal("3.9"), Decimal(2)
_LETTER, _PADDING = Decimal("1.5"), Decimal(4)  # millimetres, at 8 points
_BOX_MM = Decimal(24)


def write(sheet: Sheet) -> bytes:
    """Return the form as an HWPX document, the same bytes every time."""
    paper = _Paper(sheet)
    for place, part in enumerate(sheet.parts):
        paper.opening(part, new_page=place > 0)
        for table in part.tables:
            paper.line(f"{table.caption}    {table.unit}".rstrip(), "heading")
            paper.table(table)
            for text in table.remarks:
                paper.line(f"※ {text}", "small")
            paper.line("", "small")
        for text in sheet.remarks:
            paper.line(f"※ {text}", "small")
        for text in part.endings():
            paper.line(text, "text")
    paper.line(sheet.evidence_line, "evidence")
    return _packed(paper.document.to_bytes(), sheet, _paged)


def evidence(path: Path) -> Evidence | None:
    """Return the evidence in a document, or None."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read("Contents/content.hpf").decode("utf-8")
    found = re.search(rf'<opf:meta name="{_META}" content="text">(.*?)</opf:meta>', text, re.DOTALL)
    return Evidence.read(unescape(found[1])) if found else None


def cells(path_or_bytes: Path | bytes) -> dict[str, str]:
    """Return every text of a document by its place: `T2!C4` in the second table, `P5` outside."""
    source: Any = io.BytesIO(path_or_bytes) if isinstance(path_or_bytes, bytes) else path_or_bytes
    with zipfile.ZipFile(source) as archive:
        names = sorted(n for n in archive.namelist() if re.fullmatch(r"Contents/section\d+.xml", n))
        text = "".join(archive.read(name).decode("utf-8") for name in names)
    found: dict[str, str] = {}
    tables, outside, row, column = 0, 0, 0, 0
    for part in _PARTS.finditer(text):
        if part["begins"] == "tbl":
            tables, row = tables + 1, 0
        elif part["begins"] == "tr":
            row, column = row + 1, 0
        elif part["begins"] == "tc":
            column += 1
        elif part["ends"]:
            row = column = 0
        else:
            outside += not row
            place = f"T{tables}!{_letters(column)}{row}" if row else f"P{outside}"
            said = unescape(re.sub(r"<[^>]*>", "", part["text"]))
            found[place] = f"{found[place]} {said}" if place in found else said
    return found


_PARTS = re.compile(
    r"<hp:(?P<begins>tbl|tr|tc)[ >]|</hp:(?P<ends>tbl)>|<hp:t(?: [^>]*)?>(?P<text>.*?)</hp:t>",
    re.DOTALL,
)


def _letters(column: int) -> str:
    """Return a column's letters, as in a workbook: 1 is A, 27 is AA."""
    above, last = divmod(column - 1, 26)
    return (_letters(above) if above else "") + chr(ord("A") + last)


class _Paper:
    """One document while it is written, with the few styles that forms need."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.document = hwpx.HwpxDocument.new()
        document = self.document
        document.page.setup(
            paper_size="A4",
            orientation="portrait" if sheet.standing else "landscape",
            margin_left_mm=MARGIN,
            margin_right_mm=MARGIN,
            margin_top_mm=12,
            margin_bottom_mm=10,
            header_margin_mm=3,
            footer_margin_mm=8,
        )
        style = document.styles.ensure_run
        self.runs: Mapping[str, str] = {
            "title": style(bold=True, size=18),
            "subtitle": style(size=11),
            "heading": style(bold=True, size=11),
            "text": style(size=10),
            "small": style(size=8),
            "red": style(size=8, color="#B00020"),
            "evidence": style(size=7, color="#606060"),
            "cell": style(size=8),
            "bold": style(bold=True, size=8),
        }
        self.lines = document.styles.ensure_border_fill(border_color="#404040")
        self.grey = document.styles.ensure_border_fill(border_color="#404040", fill_color="#E9EDF2")
        self.bare = document.styles.ensure_border_fill(active_borders=())
        self.paragraphs = {
            align: self._paragraph_style(align) for align in ("left", "center", "right")
        }

    def _paragraph_style(self, align: str) -> str:
        """Return the id of a paragraph style; python-hwpx makes them on a paragraph."""
        self.document.add_paragraph("")
        place = len(self.document.paragraphs) - 1
        self.document.styles.apply_paragraph_format(
            paragraph_index=place, alignment=align, line_spacing_percent=130
        )
        paragraph = self.document.paragraphs[place]
        made = str(paragraph.para_pr_id_ref)
        paragraph.remove()
        return made

    def line(self, text: str, run: str, align: str = "left") -> None:
        """Write one paragraph."""
        self.document.add_paragraph(
            text,
            para_pr_id_ref=self.paragraphs[align],
            char_pr_id_ref=self.runs[run],
            inherit_style=False,
        )

    def opening(self, part: Part, *, new_page: bool) -> None:
        """Write head and sign-off boxes, then the title."""
        sheet = self.sheet
        head = part.head
        text = "\n".join(f"{name}: {value}" for name, value in head)
        width, boxes = sheet.width, len(sheet.boxes)
        box = min(_BOX_MM, Decimal(width - 62) / boxes)
        widths = [width - boxes * box, *[box] * boxes]
        count = 3 if part.paper.cooperation else 2
        heights = [Decimal(6), Decimal(16), *[Decimal(6)] * (count - 2)]
        if new_page:
            self.line("", "small")
            self.document.paragraphs[-1].element.set("pageBreak", "1")
        table = self._grid(count, widths, heights)
        rows = [list(row.cells) for row in table.rows]
        self._write(rows[0][0], text, "text", "left", self.bare)
        self._span(rows[0][0], count, 1, widths[0], sum(heights, Decimal(0)))
        for row in rows[1:]:
            self._drop(row[0])
        for place, name in enumerate(sheet.boxes, 1):
            self._write(rows[0][place], name, "cell", "center", self.grey)
            self._write(
                rows[1][place], part.paper.signed.get(name, ""), "cell", "center", self.lines
            )
        if part.paper.cooperation:
            said = f"협 조   {part.paper.cooperation}"
            self._write(rows[2][1], said, "cell", "left", self.lines)
            self._span(rows[2][1], 1, boxes, box * boxes, heights[2])
            for cell in rows[2][2:]:
                self._drop(cell)
        self.line(sheet.title, "title", "center")
        self.line(part.subtitle, "subtitle", "center")
        if sheet.illustrative:
            self.line(f"※ 예시 자료: {sheet.illustrative}", "red")

    def table(self, table: Table) -> None:
        """Write a table: its head is repeated on every page."""
        count = table.head_rows + len(table.rows)
        lines = row_lines(table, _LETTER, _PADDING)
        heights = [each * _LINE_MM + _AROUND_MM for each in (*lines[0], *lines[1])]
        grid = self._grid(count, table.widths, heights)
        grid.element.set("repeatHeader", "1" if table.head_rows else "0")
        grid.element.set("pageBreak", "CELL")  # a long text goes on on the next page
        rows = [list(row.cells) for row in grid.rows]
        covered: set[tuple[int, int]] = set()
        for head in table.heads:
            at = rows[head.row][head.column]
            self._write(at, head.text, "bold", "center", self.grey)
            if head.rows > 1 or head.columns > 1:
                width = sum(table.widths[head.column : head.column + head.columns], Decimal(0))
                self._span(
                    at,
                    head.rows,
                    head.columns,
                    width,
                    sum(heights[head.row : head.row + head.rows], Decimal(0)),
                )
                covered |= {
                    (row, column)
                    for row in range(head.row, head.row + head.rows)
                    for column in range(head.column, head.column + head.columns)
                } - {(head.row, head.column)}
        for place in range(table.head_rows):
            for cell in rows[place]:
                cell.element.set("header", "1")
        for row, line in enumerate(table.rows):
            for column, said in enumerate(line):
                at = rows[table.head_rows + row][column]
                if said is None:
                    covered.add((table.head_rows + row, column))
                    continue
                run = "bold" if said.bold else "cell"
                border = self.grey if said.label else self.bare if table.bare else self.lines
                self._write(at, said.shown(), run, _align(said), border)
                if said.rows > 1 or said.columns > 1:
                    top = table.head_rows + row
                    height = sum(heights[top : top + said.rows], Decimal(0))
                    width = sum(table.widths[column : column + said.columns], Decimal(0))
                    self._span(at, said.rows, said.columns, width, height)
        for row, column in covered:
            self._drop(rows[row][column])

    def _grid(self, rows: int, widths: Sequence[Decimal], heights: Sequence[Decimal]) -> Any:
        whole = sum((_units(width) for width in widths), 0)
        table = self.document.add_table(
            rows,
            len(widths),
            width=whole,
            height=sum(_units(height) for height in heights),
            border_fill_id_ref=self.lines,
            para_pr_id_ref=self.paragraphs["left"],
        )
        table.set_treat_as_char(False)
        for margin in table.element.iter(f"{_PARAGRAPH}outMargin"):
            margin.set("bottom", "566")  # 2 mm
        for row, height in zip(table.rows, heights, strict=True):
            for cell, width in zip(row.cells, widths, strict=True):
                cell.set_size(_units(width), _units(height))
        return table

    def _write(self, cell: Any, text: str, run: str, align: str, border: str) -> None:
        cell.element.set("borderFillIDRef", str(border))
        first, *more = text.split("\n")
        cell.set_text(first)
        for line in more:
            cell.add_paragraph(line)
        for paragraph in cell.paragraphs:
            paragraph.para_pr_id_ref = self.paragraphs[align]
            paragraph.char_pr_id_ref = self.runs[run]
            for each in paragraph.runs:
                each.char_pr_id_ref = self.runs[run]

    @staticmethod
    def _span(
        cell: Any,
        rows: int,
        columns: int,
        width: Decimal,
        height: Decimal,
    ) -> None:
        cell.set_span(rows, columns)
        cell.set_size(_units(width), _units(height))

    @staticmethod
    def _drop(cell: Any) -> None:
        element = cell.element
        element.getparent().remove(element)


def _align(cell: Cell) -> str:
    if cell.shown() == NOTHING or (cell.label and cell.columns == 1):
        return "center"
    return cell.align


def _units(millimetres: Decimal | int) -> int:
    return int(millimetres * _UNITS)


# --------------------------------------------------------------------------- the same bytes


def _packed(archive: bytes, sheet: Sheet, change: Change) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as made:
        sections = [n for n in made.namelist() if re.fullmatch(r"Contents/section\d+\.xml", n)]
    return repacked(
        archive,
        sheet.evidence.at,
        {
            "Contents/content.hpf": lambda content: described(content, sheet),
            "Contents/header.xml": _whole_words,
            "Preview/PrvText.txt": lambda _: preview(sheet).encode("utf-8"),
            **dict.fromkeys(sections, lambda content: _numbered(change(content))),
        },
    )


def _paged(content: bytes) -> bytes:
    """Return a section that numbers its pages as 한글 does it: - 1 -."""
    number = b'<hp:ctrl><hp:pageNum pos="BOTTOM_CENTER" formatType="DIGIT" sideChar="-"/></hp:ctrl>'
    return content.replace(b"</hp:secPr>", b"</hp:secPr>" + number, 1)


def _whole_words(content: bytes) -> bytes:
    """Return the styles with no word of Korean broken over lines."""
    return content.replace(b'breakNonLatinWord="BREAK_WORD"', b'breakNonLatinWord="KEEP_WORD"')


def described(content: bytes, sheet: Sheet) -> bytes:
    """Put title, author, times and evidence into the package's description."""
    text = content.decode("utf-8")
    at = sheet.evidence.at.astimezone(dt.UTC)
    said = {
        "creator": "evalflow",
        "lastsaveby": "evalflow",
        "CreatedDate": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "ModifiedDate": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "date": f"{at:%Y-%m-%dT%H:%M:%SZ}",
    }
    for name, value in said.items():
        text = re.sub(
            rf'(<opf:meta name="{name}" content="text")(?:/>|>.*?</opf:meta>)',
            rf"\g<1>>{value}</opf:meta>",
            text,
            flags=re.DOTALL,
        )
    text = re.sub(
        r"<opf:title\s*/>|<opf:title>.*?</opf:title>",
        lambda _: f"<opf:title>{escape(sheet.title)}</opf:title>",
        text,
        flags=re.DOTALL,
    )
    text = re.sub(rf'<opf:meta name="{_META}".*?</opf:meta>', "", text, flags=re.DOTALL)
    meta = f'<opf:meta name="{_META}" content="text">{escape(sheet.evidence.text())}</opf:meta>'
    return text.replace("</opf:metadata>", f"{meta}</opf:metadata>", 1).encode("utf-8")


def preview(sheet: Sheet) -> str:
    """Return the text that a file manager shows of the document."""
    return f"{sheet.title}\r\n{sheet.subtitle}\r\n{sheet.evidence_line}\r\n"


def _numbered(content: bytes) -> bytes:
    """Number paragraphs, tables and other objects through, in place of ids drawn at random."""
    numbers: dict[bytes, bytes] = {}

    def number(match: re.Match[bytes]) -> bytes:
        given = numbers.setdefault(match[2], str(len(numbers) + 1).encode())
        return match[1] + given + b'"'

    drawn = rb'(<hp:\w+\b[^>]*?\s(?:id|idRef|beginIDRef|instid)=")(\d{4,})"'
    return re.sub(drawn, number, content)
