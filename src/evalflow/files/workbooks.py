"""A workbook's cells as JSON lines: run as a child, never imported; the only user of openpyxl (as a
reader) and xlrd.

Anybody's workbook may ask for terabytes: two cells at opposite corners of a sheet do, and a
failed allocation ends the whole process. So a workbook is read where ending harms nobody: in a
child with bounded memory and time, which sees the file's bytes on its standard input.

Run as `python -I -S workbooks.py MEMORY SECONDS FOLDER…`: the folders that hold openpyxl and xlrd.
On its output stand: a line a sheet (`{"sheet": …}`), a line a row (`[number, [cells], hidden]`),
`{"after": …}` where the sheet ends, `{"format": code}` where a number format is first met, at the
end `{"end": true}`. A cell is text, or `{"n": number, "f": format}`, `{"d": day, "f": format}`,
`{"e": error}`; what a number format makes of a number, `number_formats` says.

What each format is read by: XLSX by openpyxl as to its parts, sheets, epoch and styles, its rows
streamed past (openpyxl's own rows take three times as long and drop which formulas were never
calculated); XLS by xlrd; ODS by the standard library (odfpy holds 5 kB a cell).
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import struct
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

MOST_CELLS = 3_000_000
MOST_CHARACTERS = 64_000_000
MOST_UNPACKED = 512 * 1024 * 1024
MOST_MERGED = 100_000
MOST_FORMATS = 10_000

_EXACT = 15  # significant digits that Excel itself keeps and shows; beyond lies float's noise
_ZERO_1900, _ZERO_1904 = "1899-12-30", "1904-01-01"  # the days that serial 0 stands for

# Formats that a workbook names by number alone and that differ between languages: those of
# currency, and East Asian dates, which openpyxl and xlrd do not list.
_BY_NUMBER = {
    **dict.fromkeys([27, 28, 29, 30, 31, 34, 35, 36, *range(50, 59)], "yyyy-mm-dd"),
    **dict.fromkeys([32, 33], "h:mm:ss"),
    **dict.fromkeys([5, 6], "#,##0;-#,##0"),
    **dict.fromkeys([7, 8], "#,##0.00;-#,##0.00"),
    42: '#,##0;-#,##0;"-"',
    44: '#,##0.00;-#,##0.00;"-"',
}

# Raised letters are footnote marks: `28` with a raised 1 is not 281.
_RAISED = str.maketrans("0123456789+-()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def main(memory: str, seconds: str, *folders: str) -> None:
    """Read the workbook on the standard input and tell its cells on the standard output."""
    _bound(int(memory), int(seconds))
    sys.path.extend(folders)
    os.environ["OPENPYXL_LXML"] = "False"  # the standard library's parser fetches nothing
    data = sys.stdin.buffer.read()
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", write_through=False)
    try:
        _tell(data, _Teller(out))
        end: dict[str, Any] = {"end": True}
    except _Stop as error:
        end = {"stop": error.args[0]}
    except MemoryError:
        end = {"stop": "memory"}
    except BaseException as error:
        end = {"stop": "broken", "why": f"{type(error).__name__}: {error}"[:300]}
    out.write(json.dumps(end) + "\n")
    out.flush()


def _bound(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: only the parent's clock bounds the child there
        return
    for limit, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):
            continue


class _Stop(Exception):
    """Why it is not read: `cells`, `unpacked`, `password`, `xlsb`, `dtd`."""


class _Teller:
    """Writes lines, and stops where there are too many."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._cells, self._characters = MOST_CELLS, MOST_CHARACTERS
        self._formats: dict[str, int] = {}

    def line(self, value: Any) -> None:
        text = json.dumps(value, ensure_ascii=False)
        self._characters -= len(text)
        if self._characters < 0:
            raise _Stop("cells")
        self._out.write(text + "\n")

    def sheet(self, name: str, *, visible: bool, epoch: str) -> None:
        self.line({"sheet": name, "visible": visible, "epoch": epoch})

    def row(self, number: int, cells: list[Any], *, hidden: bool) -> None:
        while cells and cells[-1] is None:
            del cells[-1]
        if not cells:
            return
        self._cells -= len(cells)
        if self._cells < 0:
            raise _Stop("cells")
        self.line([number, cells, hidden])

    def after(self, *, merged: list[Any], filtered: bool, hidden_columns: list[Any]) -> None:
        after = {"merged": merged[:MOST_MERGED], "filtered": filtered}
        self.line({"after": {**after, "hidden_columns": hidden_columns}})

    def number(self, value: float, code: str) -> dict[str, Any]:
        said: dict[str, Any] = {"n": format(value, f".{_EXACT}g")}
        if code not in ("", "General"):
            said["f"] = self._format(code)
        return said

    def day(self, day: str, code: str) -> dict[str, Any]:
        said: dict[str, Any] = {"d": day}
        if code not in ("", "General"):
            said["f"] = self._format(code)
        return said

    def _format(self, code: str) -> int:
        number = self._formats.get(code)
        if number is None:
            if len(self._formats) >= MOST_FORMATS:
                raise _Stop("cells")
            number = self._formats[code] = len(self._formats)
            self.line({"format": code[:1000]})
        return number


def _tell(data: bytes, to: _Teller) -> None:
    if data[:2] != b"PK":
        _tell_xls(data, to)
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(each.file_size for each in archive.infolist()) > MOST_UNPACKED:
            raise _Stop("unpacked")
        names = set(archive.namelist())
        if "content.xml" in names:
            _tell_ods(archive, names, to)
        elif "xl/workbook.bin" in names:
            raise _Stop("xlsb")
        else:
            _tell_xlsx(data, archive, to)


def _part(archive: zipfile.ZipFile, path: str) -> bytes:
    data = archive.read(path)
    if b"<!DOCTYPE" in data[:65_536]:  # no office program writes one
        raise _Stop("dtd")
    return data


def _local(tag: Any) -> str:
    """Return an element's name without its namespace, which Strict OOXML names otherwise."""
    return str(tag).rpartition("}")[2]


def _named(element: Any, *path: str) -> Any:
    """Return the first element on a path of names; None where there is none."""
    for name in path:
        if element is None:
            return None
        element = next((each for each in element if _local(each.tag) == name), None)
    return element


def _is_on(text: str | None) -> bool:
    return text in ("1", "true", "on")


# --------------------------------------------------------------------------- XLSX


def _tell_xlsx(data: bytes, archive: zipfile.ZipFile, to: _Teller) -> None:
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.utils.datetime import MAC_EPOCH
    from openpyxl.xml.constants import SHARED_STRINGS

    reader = ExcelReader(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    reader.read_manifest()
    reader.read_workbook()
    book = reader.parser.wb
    epoch = _ZERO_1904 if book.epoch == MAC_EPOCH else _ZERO_1900
    calculated = _is_calculated(_part(archive, reader.parser.workbook_part_name))
    package: Any = reader.package
    found = package.find(SHARED_STRINGS)
    strings = [] if found is None else _shared_strings(_part(archive, found.PartName[1:]))
    codes, struck = _styles(package, archive)
    for sheet, relation in reader.parser.find_sheets():
        kind = relation.Type.rpartition("/")[2]
        if kind == "worksheet" and relation.target in archive.namelist():
            to.sheet(sheet.name, visible=sheet.state == "visible", epoch=epoch)
            rows = _Rows(to, strings, codes, struck, calculated=calculated)
            rows.read(_part(archive, relation.target))


def _is_calculated(workbook: bytes) -> bool:
    """Say whether stored values were calculated: who does not calculate asks that the program
    that opens the file does. (openpyxl takes a missing mark for yes.)"""
    for name, element in _elements(workbook):
        if name == "calcPr":
            return not _is_on(element.get("fullCalcOnLoad"))
    return True


def _styles(package: Any, archive: zipfile.ZipFile) -> tuple[list[str], set[int]]:
    """Return the number format of each cell style, and the numbers of those that strike out."""
    import xml.etree.ElementTree as ET

    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
    from openpyxl.styles.stylesheet import Stylesheet

    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
    found = package.find(kind)
    path = found.PartName[1:] if found is not None else "xl/styles.xml"
    if path not in archive.namelist():
        return [], set()
    root: Any = ET.fromstring(_part(archive, path))  # noqa: S314 - no DTD; in a bounded child
    struck = _struck_styles(root)
    # Fonts, fills and borders are nobody's business here, and some programs write odd ones.
    for child in list(root):
        if _local(child.tag) not in ("numFmts", "cellXfs"):
            root.remove(child)
    styles = Stylesheet.from_tree(root)
    codes = []
    for style in styles.cell_styles or ():
        number = style.numFmtId
        if number >= BUILTIN_FORMATS_MAX_SIZE:
            code = styles.number_formats[number - BUILTIN_FORMATS_MAX_SIZE]
        else:
            code = _BY_NUMBER.get(number) or BUILTIN_FORMATS.get(number, "General")
        codes.append(code)
    return codes, struck


def _struck_styles(root: Any) -> set[int]:
    fonts = [_is_struck(_named(font, "strike")) for font in _named(root, "fonts") or ()]
    found = set()
    for number, style in enumerate(_named(root, "cellXfs") or ()):
        font = style.get("fontId") or "0"
        if font.isdecimal() and int(font) < len(fonts) and fonts[int(font)]:
            found.add(number)
    return found


def _elements(data: bytes) -> Iterator[tuple[str, Any]]:
    import xml.etree.ElementTree as ET

    for _, element in ET.iterparse(io.BytesIO(data)):  # noqa: S314
        yield _local(element.tag), element


def _shared_strings(data: bytes) -> list[str]:
    strings = []
    for name, element in _elements(data):
        if name == "si":
            strings.append(_rich_text(element))
            element.clear()
    return strings


class _Struck(str):
    """A text of which some is struck out: what counts of it is nobody's guess."""

    __slots__ = ()


def _rich_text(element: Any) -> str:
    """Return the text of `si` or `is`: its runs joined, without the furigana beside them."""
    texts = []
    struck = False
    for child in element:
        name = _local(child.tag)
        if name == "t":
            texts.append(child.text or "")
        elif name == "r":
            inside = _named(child, "t")
            text = "" if inside is None else inside.text or ""
            raised = _named(child, "rPr", "vertAlign")
            is_raised = raised is not None and raised.get("val") in ("superscript", "subscript")
            texts.append(text.translate(_RAISED) if is_raised else text)
            struck = struck or bool(text.strip() and _is_struck(_named(child, "rPr", "strike")))
    text = _unescaped("".join(texts))
    return _Struck(text) if struck else text


def _is_struck(element: Any) -> bool:
    """Say whether a font's `strike` is on; it is where it says nothing."""
    return element is not None and element.get("val", "1") not in ("0", "false")


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


class _Rows:
    """The rows of one XLSX sheet, streamed past."""

    def __init__(
        self,
        to: _Teller,
        strings: list[str],
        codes: list[str],
        struck: set[int],
        *,
        calculated: bool,
    ) -> None:
        self.to, self.strings, self.codes, self.struck = to, strings, codes, struck
        self.calculated = calculated
        self.row = 0

    def read(self, data: bytes) -> None:
        merged: list[Any] = []
        hidden: list[Any] = []
        filtered = False
        for name, element in _elements(data):
            if name == "row":
                self._row(element)
                element.clear()
            elif name == "col" and (_is_on(element.get("hidden")) or element.get("width") == "0"):
                hidden.append([int(element.get("min", "1")), int(element.get("max", "1"))])
            elif name == "mergeCell" and len(merged) < MOST_MERGED:
                merged.append(_range(element.get("ref", "")))
            elif name == "autoFilter":
                filtered = any(_local(child.tag) == "filterColumn" for child in element)
        merged = [each for each in merged if each]
        self.to.after(merged=merged, filtered=filtered, hidden_columns=hidden)

    def _row(self, element: Any) -> None:
        self.row = int(float(element.get("r"))) if element.get("r") else self.row + 1
        hidden = _is_on(element.get("hidden")) or element.get("ht") == "0"
        cells: list[Any] = []
        column = 0
        for child in element:
            if _local(child.tag) != "c":
                continue
            column = _column(child.get("r")) or column + 1
            value = self._cell(child)
            if value is not None:
                if isinstance(value, _Struck) or int(child.get("s") or 0) in self.struck:
                    value = {"e": "struck"}
                if column > 16_384:
                    raise _Stop("cells")
                cells.extend([None] * (column - len(cells)))
                cells[column - 1] = value
        self.to.row(self.row, cells, hidden=hidden)

    def _cell(self, element: Any) -> Any:
        kind = element.get("t", "n")
        formula, value = False, None
        for child in element:
            name = _local(child.tag)
            if name == "v":
                value = child.text
            elif name == "f":
                formula = True
            elif name == "is" and kind == "inlineStr":
                return _rich_text(child) or None
        if not value:
            return {"e": "formula"} if formula and kind not in ("str", "s") else None
        if kind == "n":
            number = float(value)
            # XlsxWriter stores 0 for what it did not calculate, and asks that all be calculated.
            if formula and number == 0 and not self.calculated:
                return {"e": "formula"}
            style = int(element.get("s") or 0)
            return self.to.number(number, self.codes[style] if style < len(self.codes) else "")
        if kind == "s":
            return self.strings[int(value)] or None
        if kind == "e":
            return {"e": value}
        if kind == "b":
            return "TRUE" if _is_on(value) else "FALSE"
        if kind == "d":
            if "-" not in value[:10]:
                return value
            style = int(element.get("s") or 0)
            return self.to.day(value[:10], self.codes[style] if style < len(self.codes) else "")
        return _unescaped(value)


_PLACE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d+)")


def _column(place: str | None) -> int:
    column = 0
    for letter in place or "":
        if not letter.isalpha():
            break
        column = column * 26 + ord(letter.upper()) - 64
    return column


def _range(text: str) -> list[int] | None:
    places = [_PLACE.fullmatch(each) for each in text.split(":")]
    if len(places) != 2 or places[0] is None or places[1] is None:
        return None
    first, last = places[0], places[1]
    return [int(first[2]), _column(first[1]), int(last[2]), _column(last[1])]


# --------------------------------------------------------------------------- XLS


def _tell_xls(data: bytes, to: _Teller) -> None:
    import xlrd

    try:
        book = xlrd.open_workbook(
            file_contents=data,
            formatting_info=True,
            logfile=io.StringIO(),
            on_demand=True,  # keeps the records, for `_xls_uncalculated`
            ragged_rows=True,
        )
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower():
            raise _Stop("password") from None
        raise
    epoch = _ZERO_1904 if book.datemode else _ZERO_1900
    codes = [_xls_code(book, style) for style in book.xf_list]
    for place, sheet in enumerate(book.sheets()):
        to.sheet(sheet.name, visible=sheet.visibility == 0, epoch=epoch)
        waiting = _xls_uncalculated(book, place)
        for row in range(sheet.nrows):
            about = sheet.rowinfo_map.get(row)
            cells = [
                {"e": "formula"}
                if (row, column) in waiting
                else _xls_cell(xlrd, book, sheet, row, column, codes, to)
                for column in range(sheet.row_len(row))
            ]
            to.row(row + 1, cells, hidden=about is not None and bool(about.hidden))
        merged = [[top + 1, left + 1, low, right] for top, low, left, right in sheet.merged_cells]
        hidden = [[at + 1, at + 1] for at, about in sheet.colinfo_map.items() if about.hidden]
        to.after(merged=merged, filtered=False, hidden_columns=hidden)


def _xls_code(book: Any, style: Any) -> str:
    found = book.format_map.get(style.format_key)
    text = None if found is None else found.format_str
    return text or _BY_NUMBER.get(style.format_key, "General")


def _xls_cell(
    xlrd: Any, book: Any, sheet: Any, row: int, column: int, codes: list[str], to: _Teller
) -> Any:
    kind, value = sheet.cell_type(row, column), sheet.cell_value(row, column)
    style = book.xf_list[sheet.cell_xf_index(row, column)]
    if kind not in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) and _xls_strikes(
        book, style.font_index
    ):
        return {"e": "struck"}
    if kind in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        return to.number(value, codes[sheet.cell_xf_index(row, column)])
    if kind == xlrd.XL_CELL_ERROR:
        return {"e": xlrd.error_text_from_code.get(value, f"#ERROR {value}")}
    if kind == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if value else "FALSE"
    if kind != xlrd.XL_CELL_TEXT or not value:
        return None
    runs = sheet.rich_text_runlist_map.get((row, column))
    if not runs:
        return value
    texts = [value[: runs[0][0]]]
    for at, (begin, font) in enumerate(runs):
        text = value[begin : runs[at + 1][0] if at + 1 < len(runs) else None]
        if text.strip() and _xls_strikes(book, font):
            return {"e": "struck"}
        texts.append(text.translate(_RAISED) if book.font_list[font].escapement else text)
    return "".join(texts)


def _xls_strikes(book: Any, font: int) -> bool:
    return font < len(book.font_list) and bool(book.font_list[font].struck_out)


_BIFF8_FORMULA, _BIFF_BOF, _BIFF_EOF = 0x0006, 0x0809, 0x000A
_BIFF8_RECALC_ID = 0x01C1
_CALCULATE_ON_LOAD = 0x0002
_NO_TEXT = b"\x03\0\0\0\0\0\xff\xff"  # the result of a formula that came to an empty text


def _xls_uncalculated(book: Any, place: int) -> set[tuple[int, int]]:
    """Return the cells whose formula waits to be calculated, which xlrd passes over. Programs that
    do not calculate store 0 and ask for it at the formula; or store an empty text, and do not say
    which version calculated (xlwt)."""
    if book.biff_version != 80:
        return set()
    found: set[tuple[int, int]] = set()
    known = any(kind == _BIFF8_RECALC_ID for kind, _ in _records(book.mem, book.base))
    for kind, data in _records(book.mem, book._sh_abs_posn[place]):
        if kind != _BIFF8_FORMULA or len(data) < 16:
            continue
        row, column, _, result, flags = struct.unpack("<HHH8sH", data[:16])
        waits = flags & _CALCULATE_ON_LOAD and not any(result)
        if waits or (result == _NO_TEXT and not known):
            found.add((row, column))
    return found


def _records(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield the records of the part of an XLS file that begins at a place; of charts in it none."""
    depth = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack("<HH", data[at : at + 4])
        depth += (kind == _BIFF_BOF) - (kind == _BIFF_EOF)
        if depth <= 0:
            return
        if depth == 1:
            yield kind, data[at + 4 : at + 4 + length]
        at += 4 + length


# --------------------------------------------------------------------------- ODS


def _tell_ods(archive: zipfile.ZipFile, names: set[str], to: _Teller) -> None:
    styles = _OdsStyles()
    if "styles.xml" in names:
        for name, element in _elements(_part(archive, "styles.xml")):
            styles.take(name, element)
    _OdsTables(styles, to).read(_part(archive, "content.xml"))


def _of(element: Any, name: str) -> str | None:
    """Return an attribute by its name without namespace."""
    return next((value for key, value in element.attrib.items() if _local(key) == name), None)


class _OdsStyles:
    """What the styles of an ODS file say: number formats, raised letters, letters that are struck
    out, hidden sheets."""

    def __init__(self) -> None:
        self.parts: dict[str, tuple[str, list[tuple[str, str]]]] = {}
        self.used: dict[str, tuple[str | None, str | None]] = {}
        self.raised: set[str] = set()
        self.hidden: set[str] = set()
        self.lines: dict[tuple[str | None, str], tuple[bool | None, str | None]] = {}
        self._codes: dict[str, str] = {}

    def take(self, name: str, element: Any) -> None:
        own = _of(element, "name")
        if own is None:
            return
        if name in _DATA_STYLES:
            self.parts[own] = _data_style(name, element)
        elif name == "style":
            # The default style of cells and an automatic style may bear the same name as a
            # style of text: the family tells them apart.
            family, parent = _of(element, "family"), _of(element, "parent-style-name")
            if family == "table-cell":
                self.used[own] = _of(element, "data-style-name"), parent
            inside = _named(element, "text-properties")
            self.lines[family, own] = _line_through(inside), parent
            if family == "text" and inside is not None:
                position = _of(inside, "text-position")
                if position and not position.startswith("0"):
                    self.raised.add(own)
            inside = _named(element, "table-properties")
            if family == "table" and inside is not None and _of(inside, "display") == "false":
                self.hidden.add(own)

    def strikes(self, family: str, style: str | None) -> bool | None:
        """Say whether a style strikes out; None where it does not say."""
        seen = set()
        while style is not None and style not in seen:
            seen.add(style)
            said, style = self.lines.get((family, style), (None, None))
            if said is not None:
                return said
        return None

    def code(self, style: str | None, kind: str) -> str:
        """Return the number format of a cell style, written as Excel writes it."""
        seen = set()
        while style is not None and style not in seen:
            seen.add(style)
            data, parent = self.used.get(style, (None, None))
            if data in self.parts:
                assert data is not None
                code = self._code(data)
                if kind != "percentage" or "%" in code:
                    return code
                break
            style = parent
        return "0.##########%" if kind == "percentage" else ""

    def _code(self, data: str) -> str:
        if data not in self._codes:
            base, maps = self.parts[data]
            sections = [
                f"[{condition}]{self.parts[name][0]}"
                for condition, name in maps
                if name in self.parts
            ]
            self._codes[data] = ";".join([*sections, base])
        return self._codes[data]


def _line_through(properties: Any) -> bool | None:
    """Say whether text properties strike out; None where they do not say."""
    if properties is None:
        return None
    said = [_of(properties, f"text-line-through-{each}") for each in ("style", "type")]
    return None if said == [None, None] else any(each not in (None, "none") for each in said)


_DATA_STYLES = frozenset(
    ["number-style", "percentage-style", "currency-style", "date-style", "time-style"]
)
_CONDITION = re.compile(r"value\(\)\s*(>=|<=|!=|<>|=|<|>)\s*(-?[\d.]+)")


# A blank keeps what stands beside each other apart: month and minutes are one letter.
_DATE_PARTS = {
    "year": "yyyy ", "era": "ggg ", "month": "mm ", "day": "dd ", "day-of-week": "aaaa ",
    "hours": "hh:", "minutes": "mm:", "seconds": "ss ", "am-pm": "AM/PM ",
}  # fmt: skip


def _data_style(name: str, element: Any) -> tuple[str, list[tuple[str, str]]]:
    """Return a style of numbers as a section of Excel's, and those that stand in for it where a
    condition holds."""
    if name in ("date-style", "time-style"):
        parts = [_DATE_PARTS.get(_local(child.tag), "") for child in element]
        return "".join(parts) or ("yyyy-mm-dd" if name == "date-style" else "h:mm:ss"), []
    texts: list[str] = []
    maps = []
    for child in element:
        inside = _local(child.tag)
        if inside == "number":
            places = _of(child, "decimal-places")
            digits = "0.##########" if places is None else "0"
            if places not in (None, "0"):
                digits += "." + "0" * min(int(places or 0), 20)
            factor = float(_of(child, "display-factor") or 1)
            while factor >= 1000:
                digits, factor = digits + ",", factor / 1000
            texts.append(digits)
        elif inside == "fraction":
            below = min(int(_of(child, "min-denominator-digits") or 1), 9)
            texts.append(f"# ?/{'?' * below}")
        elif inside == "scientific-number":
            texts.append("0.##########")
        elif inside in ("text", "currency-symbol"):
            said = (child.text or "").replace('"', "")
            is_rate = name == "percentage-style" and "%" in said
            texts.append("%" if is_rate else f'"{said}"' if said else "")
        elif inside == "map":
            match = _CONDITION.fullmatch((_of(child, "condition") or "").strip())
            if match is not None:
                sign = "<>" if match[1] == "!=" else match[1]
                maps.append((f"{sign}{match[2]}", _of(child, "apply-style-name") or ""))
    return "".join(texts), maps


class _OdsTables:
    """The sheets of an ODS file, their rows streamed past."""

    def __init__(self, styles: _OdsStyles, to: _Teller) -> None:
        self.styles, self.to = styles, to
        self.epoch = _ZERO_1900
        self.struck = False

    def read(self, data: bytes) -> None:
        import xml.etree.ElementTree as ET

        depth = 0
        for event, element in ET.iterparse(io.BytesIO(data), events=("start", "end")):  # noqa: S314
            name = _local(element.tag)
            if event == "start":
                if name == "table":
                    depth += 1
                    if depth == 1:
                        self._begin(element)
                continue
            if name == "table":
                depth -= 1
                if depth == 0:
                    hidden = self.hidden
                    self.to.after(merged=self.merged, filtered=self.filtered, hidden_columns=hidden)
                element.clear()
            elif name == "null-date":
                if (_of(element, "date-value") or "").startswith("1904"):
                    self.epoch = _ZERO_1904
            elif depth == 0:
                self.styles.take(name, element)
            elif name == "table-column" and depth == 1:
                self._column(element)
            elif name == "table-row" and depth == 1:
                self._row(element)
                element.clear()

    def _begin(self, element: Any) -> None:
        self.row, self.column, self.filtered = 0, 0, False
        self.merged: list[Any] = []
        self.hidden: list[Any] = []
        self.column_styles: list[tuple[int, str | None]] = []
        visible = _of(element, "style-name") not in self.styles.hidden
        self.to.sheet(_of(element, "name") or "", visible=visible, epoch=self.epoch)

    def _column(self, element: Any) -> None:
        first = self.column + 1
        self.column += int(_of(element, "number-columns-repeated") or 1)
        self.column_styles.append((self.column, _of(element, "default-cell-style-name")))
        if _of(element, "visibility") in ("collapse", "filter"):
            self.hidden.append([first, self.column])

    def _row(self, element: Any) -> None:
        cells: list[Any] = []
        column = 0
        style = _of(element, "default-cell-style-name")
        for child in element:
            name = _local(child.tag)
            if name not in ("table-cell", "covered-table-cell"):
                continue
            times = int(_of(child, "number-columns-repeated") or 1)
            value = None if name.startswith("covered") else self._cell(child, column + 1, style)
            if value is not None:
                if column + times > 16_384:
                    raise _Stop("cells")
                cells.extend([None] * (column - len(cells)))
                cells.extend([value] * times)
            wide = int(_of(child, "number-columns-spanned") or 1)
            deep = int(_of(child, "number-rows-spanned") or 1)
            if (wide > 1 or deep > 1) and len(self.merged) < MOST_MERGED:
                top = self.row + 1
                self.merged.append([top, column + 1, top + deep - 1, column + wide])
            column += times
        visibility = _of(element, "visibility")
        self.filtered = self.filtered or visibility == "filter"
        times = int(_of(element, "number-rows-repeated") or 1)
        for at in range(times if cells else 0):
            hidden = visibility in ("collapse", "filter")
            self.to.row(self.row + 1 + at, list(cells), hidden=hidden)
        self.row += times

    def _cell(self, element: Any, column: int, style: str | None) -> Any:
        kind = _of(element, "value-type")
        is_error = any(
            _local(key) == "value-type" and value == "error"
            for key, value in element.attrib.items()
        )
        formula = _of(element, "formula") is not None
        own = _of(element, "style-name") or style or self._style_of(column)
        line = bool(self.styles.strikes("table-cell", own))
        self.struck = False
        text = "\n".join(
            self._text(each, line=line) for each in element if _local(each.tag) in ("p", "h")
        )
        if self.struck or (line and kind is not None and not text.strip()):
            return {"e": "struck"}
        if is_error or (formula and text.startswith(("#", "Err:")) and kind in (None, "string")):
            return {"e": text or "#ERROR"}
        if kind in ("float", "percentage", "currency"):
            value = float(_of(element, "value") or "nan")
            if math.isnan(value):
                return {"e": text or "#ERROR"}
            return self.to.number(value, self.styles.code(own, kind))
        if kind == "date":
            return self.to.day(
                (_of(element, "date-value") or text)[:10], self.styles.code(own, kind)
            )
        if kind == "boolean":
            return "TRUE" if _of(element, "boolean-value") == "true" else "FALSE"
        if not text and formula and kind is None:
            return {"e": "formula"}
        return text or _of(element, "string-value") or None

    def _style_of(self, column: int) -> str | None:
        return next((style for last, style in self.column_styles if column <= last), None)

    def _text(self, element: Any, *, line: bool, raised: bool = False) -> str:
        """Return the text of a paragraph: spaces, tabs, lines; no notes beside it. `line` says
        whether it is struck out; where anything is, that is kept in mind."""
        family = "paragraph" if _local(element.tag) in ("p", "h") else "text"
        own = self.styles.strikes(family, _of(element, "style-name"))
        line = line if own is None else own

        def said(text: str | None) -> str:
            self.struck = self.struck or bool(line and text and text.strip())
            return (text or "").translate(_RAISED) if raised else text or ""

        texts = [said(element.text)]
        for child in element:
            name = _local(child.tag)
            if name == "s":
                texts.append(" " * min(int(_of(child, "c") or 1), 1000))
            elif name in ("tab", "line-break"):
                texts.append("\t" if name == "tab" else "\n")
            elif name not in ("annotation", "annotation-end", "note"):
                up = raised or _of(child, "style-name") in self.styles.raised
                texts.append(self._text(child, line=line, raised=up))
            texts.append(said(child.tail))
        return "".join(texts)


if __name__ == "__main__":
    main(*sys.argv[1:])
