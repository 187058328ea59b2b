"""A workbook's cells as JSON lines: run as a child, never imported; the only user of calamine.

Anybody's workbook may ask for terabytes: two cells at opposite corners of a sheet do, and a
failed allocation ends the whole process. So a workbook is read where ending harms nobody: in a
child with bounded memory and time, which sees the file's bytes on its standard input.

Run as `python -I -S workbooks.py FOLDER_OF_CALAMINE MEMORY SECONDS`; on its output a line a sheet
(`{"sheet": …}`), a line a row (`[number, [cells]]`), at the end `{"end": true}`. A cell is text,
or `{"n": number}`, `{"d": day}`, `{"e": error}`.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import sys
from typing import Any

MOST_CELLS = 3_000_000
MOST_CHARACTERS = 64_000_000
MOST_UNPACKED = 512 * 1024 * 1024
MOST_MERGED = 100_000

_EXACT = 15  # significant digits that Excel itself keeps and shows; beyond lies float's noise

_CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_STYLE = re.compile(rb'\bs="(\d+)"')
_PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_VALUE = re.compile(rb"<v>([^<]*)</v>")
_PERCENT = frozenset(["9", "10"])  # the built-in formats 0% and 0.00%


def main(folder: str, memory: str, seconds: str) -> None:
    """Read the workbook on the standard input and tell its cells on the standard output."""
    _bound(int(memory), int(seconds))
    sys.path.append(folder)
    data = sys.stdin.buffer.read()
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", write_through=False)
    try:
        _tell(data, out)
        end: dict[str, Any] = {"end": True}
    except _TooMuch as error:
        end = {"stop": error.args[0]}
    except MemoryError:
        end = {"stop": "memory"}
    except BaseException as error:  # calamine's panics are BaseExceptions
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


class _TooMuch(Exception):
    pass


def _tell(data: bytes, out: Any) -> None:
    odd: dict[str, dict[int, list[tuple[int, Any]]]] = {}
    if data[:2] == b"PK":
        odd = _look_into_zip(data)
    from python_calamine import SheetTypeEnum, SheetVisibleEnum, load_workbook

    book = load_workbook(io.BytesIO(data))
    left, characters = MOST_CELLS, MOST_CHARACTERS
    for about in book.sheets_metadata:
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        sheet = book.get_sheet_by_name(about.name)
        merged = list(sheet.merged_cell_ranges or ())[:MOST_MERGED]
        visible = about.visible == SheetVisibleEnum.Visible
        head = {"sheet": about.name, "visible": visible, "merged": merged}
        out.write(json.dumps(head, ensure_ascii=False) + "\n")
        beside = odd.get(about.name, {})
        # calamine's rows begin with row 1, and with the first column that holds anything.
        blank = [None] * (sheet.start or (0, 0))[1]
        for number, row in enumerate(sheet.iter_rows(), 1):
            cells = [*blank, *[None if value == "" else _said(value) for value in row]]
            if number in beside:
                cells = _mended(cells, beside[number])
            while cells and cells[-1] is None:
                del cells[-1]
            if not cells:
                continue
            line = json.dumps([number, cells], ensure_ascii=False)
            left -= len(cells)
            characters -= len(line)
            if left < 0 or characters < 0:
                raise _TooMuch("cells")
            out.write(line + "\n")


def _said(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | int):
        return {"n": format(value, f".{_EXACT}g")}
    if isinstance(value, dt.datetime):
        # A time of day does no harm to a day; a figure never gets here.
        return {"d": value.date().isoformat()}
    if isinstance(value, dt.date):
        return {"d": value.isoformat()}
    return str(value)


def _mended(cells: list[Any], marks: list[tuple[int, Any]]) -> list[Any]:
    for column, found in marks:
        cells.extend([None] * (column - len(cells)))
        at = column - 1
        if found is not _RATE:
            cells[at] = found
        elif isinstance(cells[at], dict) and "n" in cells[at]:
            cells[at] = {"n": format(float(cells[at]["n"]) * 100, f".{_EXACT}g")}
    return cells


_RATE = object()


def _look_into_zip(data: bytes) -> dict[str, dict[int, list[tuple[int, Any]]]]:
    """Return what calamine does not tell of an XLSX: cells shown as a percentage (whose number is
    a hundredth of what people see), cells with an error, and formulas never calculated.

    Raises:
        _TooMuch: the archive says that it unpacks to more than anybody needs.
    """
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(each.file_size for each in archive.infolist()) > MOST_UNPACKED:
            raise _TooMuch("unpacked")
        names = set(archive.namelist())
        if "xl/workbook.xml" not in names:
            return {}
        rates = _rate_styles(archive.read("xl/styles.xml")) if "xl/styles.xml" in names else set()
        found: dict[str, dict[int, list[tuple[int, Any]]]] = {}
        for sheet, path in _sheet_paths(archive, names):
            for row, column, mark in _odd_cells(archive.read(path), rates):
                found.setdefault(sheet, {}).setdefault(row, []).append((column, mark))
        return found


def _rate_styles(styles: bytes) -> set[bytes]:
    """Return the cell styles that show a number as a percentage."""
    text = styles.decode("utf-8", "replace")
    formats = set(_PERCENT)
    for match in re.finditer(r"<numFmt\b[^>]*>", text):
        code = re.search(r'formatCode="([^"]*)"', match[0])
        number = re.search(r'numFmtId="(\d+)"', match[0])
        if code and number and "%" in re.sub(r"&quot;.*?&quot;|\\.", "", code[1]):
            formats.add(number[1])
    inside = re.search(r"<cellXfs\b.*?</cellXfs>", text, re.DOTALL)
    styles_used = re.findall(r"<xf\b[^>]*>", inside[0]) if inside else []
    rates = set()
    for at, style in enumerate(styles_used):
        number = re.search(r'numFmtId="(\d+)"', style)
        if number and number[1] in formats:
            rates.add(str(at).encode())
    return rates


def _sheet_paths(archive: Any, names: set[str]) -> list[tuple[str, str]]:
    from html import unescape

    book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    links = "xl/_rels/workbook.xml.rels"
    related = archive.read(links).decode("utf-8", "replace") if links in names else ""
    targets = {}
    for match in re.finditer(r"<Relationship\b[^>]*>", related):
        one = re.search(r'\bId="([^"]*)"', match[0])
        target = re.search(r'\bTarget="([^"]*)"', match[0])
        if one and target:
            path = target[1]
            targets[one[1]] = path[1:] if path.startswith("/") else f"xl/{path}"
    found = []
    for match in re.finditer(r"<(?:\w+:)?sheet\b[^>]*>", book):
        name = re.search(r'\bname="([^"]*)"', match[0])
        link = re.search(r'\b\w+:id="([^"]*)"', match[0])
        path = targets.get(link[1]) if link else None
        if name and path in names and path is not None:
            found.append((unescape(name[1]), path))
    return found


def _odd_cells(sheet: bytes, rates: set[bytes]) -> Any:
    for match in _CELL.finditer(sheet):
        head, inside = match[1], match[2] or b""
        style = _STYLE.search(head)
        error = b't="e"' in head
        rate = style is not None and style[1] in rates
        empty = b"<f" in inside and b"<v" not in inside and b"<is" not in inside
        if not (error or rate or empty):
            continue
        place = _PLACE.search(head)
        if place is None:
            continue
        column = 0
        for letter in place[1]:
            column = column * 26 + letter - 64
        if error:
            value = _VALUE.search(inside)
            mark: Any = {"e": value[1].decode("utf-8", "replace") if value else "#ERROR"}
        else:
            mark = {"e": "formula"} if empty else _RATE
        yield int(place[2]), column, mark


if __name__ == "__main__":
    main(*sys.argv[1:])
