"""The sheets of a file, whatever its format: text in any of four encodings, or a workbook."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import itertools
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from importlib.util import find_spec
from typing import Any, NoReturn

import attrs

from evalflow.errors import invalid
from evalflow.files.cells import Cell
from evalflow.files.days import SERIAL_ZERO, day_of_serial
from evalflow.files.number_formats import PLAIN, Shown, shown_by
from evalflow.files.yaml import LARGEST_FILE, content
from evalflow.model.values import frozen

MEMORY = 1024 * 1024 * 1024
"""Bytes that the child reading a workbook may use."""

SECONDS = 60
"""Seconds of computing that it may take."""

MOST_CELLS = 3_000_000
"""Cells of a CSV file that are read; workbooks have the same bound (workbooks.py)."""

Range = tuple[int, int, int, int]
"""First row and column, last row and column of merged cells, all from 1."""


@frozen
class Fault:
    """What a cell holds instead of a value: an error such as `#N/A`, `formula` where a formula was
    never calculated, or `struck` where something of it is struck out."""

    text: str


@frozen(kw_only=True, eq=False)
class Sheet:
    """One sheet: its rows that hold anything, by number.

    Attributes:
        name: the sheet's name; None in a CSV file.
        rows: row number from 1 -> cells from column A on.
        merged: the merged ranges.
        visible: whether people see it.
        shown: how number formats show the numbers that are not shown as they stand, by row and
            column. The rows hold what is shown (84.5 where 0.845 is shown as 84.5 %), with all
            digits.
        hidden: numbers of the rows that people do not see: hidden, or filtered away.
        filtered: whether a filter hides rows.
        hidden_columns: numbers of the first and the last column of each stretch that is hidden.
        zero: the day that a day's serial number 0 stands for.
        widths: of a CSV file, how many cells each row has, blank ones too.
    """

    name: str | None
    rows: Mapping[int, tuple[Cell | Fault, ...]]
    merged: tuple[Range, ...] = ()
    visible: bool = True
    shown: Mapping[tuple[int, int], Shown] = attrs.field(factory=dict)
    hidden: frozenset[int] = frozenset()
    filtered: bool = False
    hidden_columns: tuple[tuple[int, int], ...] = ()
    zero: dt.date = SERIAL_ZERO
    widths: Mapping[int, int] = attrs.field(factory=dict)


def read_sheets(
    source: str | bytes | os.PathLike[str],
    shown: str,
    heads: Callable[[Sheet], int] | None = None,
) -> list[Sheet]:
    """Return the sheets of a file (a path), or of `source` itself (bytes); at least one.

    What the file is, its first bytes say and not its name. Numbers of workbooks are exact to
    the 15 digits that Excel keeps and shows. `heads` counts the heads that a sheet of the first
    rows of a CSV file has: what parts the cells is what parts the heads.

    Raises:
        InvalidInput: no such file, too large, empty, encrypted, broken, or of a format that
            is no table.
    """
    data = source if isinstance(source, bytes) else content(source, shown)
    if not data.strip(b" \t\r\n\x00"):
        _refuse("empty_file", shown, "빈 파일입니다", "the file is empty")
    if len(data) > LARGEST_FILE:
        _refuse_size(shown)
    _refuse_foreign(data, shown)
    if data[:4] == b"PK\x03\x04" or data[:8] == _OLE:
        sheets = _workbook(data, shown)
    else:
        widths: dict[int, int] = {}
        rows = dict(_csv_rows(_decoded(data, shown), shown, heads, widths))
        sheets = [Sheet(name=None, rows=rows, widths=widths)]
    if not any(sheet.rows for sheet in sheets):
        _refuse("empty_file", shown, "내용이 있는 칸이 없습니다", "no cell holds anything")
    return sheets


def _refuse(code: str, shown: str, ko: str, en: str, **more: Any) -> NoReturn:
    raise invalid(
        code,
        file=shown,
        ko=ko,
        en=en,
        **more,
    ) from None


# --------------------------------------------------------------------------- what it is not

_DRM = (b"DRMONE", b"SCDSA", b"MarkAny", b"Fasoo", b"DOCUMENT SAFER", b"NASCA")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_HWP = b"HWP Document File"
_WEB = (b"<", b"MIME-Version:")  # a page, or one saved with its pictures (.mht)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _refuse_password(shown: str) -> NoReturn:
    _refuse(
        "encrypted",
        shown,
        "암호가 걸린 엑셀 파일입니다. 암호를 풀어 저장한 뒤 다시 하십시오",
        "the workbook has a password: save it without one and try again",
    )


def _refuse_foreign(data: bytes, shown: str) -> None:
    """Refuse what is no table, in the words of those who meet it."""
    head = data[:4096]
    if any(mark in head for mark in _DRM):
        _refuse(
            "encrypted",
            shown,
            "문서보안(DRM)이 걸린 파일입니다. 보안을 해제해 저장한 뒤 다시 하십시오",
            "the file is locked by document security (DRM): save it unlocked and try again",
        )
    if data[:8] == _OLE and _ENCRYPTED in data:
        _refuse_password(shown)
    if _HWP in data[:65_536] or (data[:2] == b"PK" and b"application/hwp+zip" in head):
        _refuse(
            "not_a_table",
            shown,
            "한글 문서입니다. 표를 엑셀이나 CSV로 저장하십시오",
            "a Hangul (HWP) document: save its table as XLSX or CSV",
        )
    if head.replace(b"\0", b"").lstrip(b"\xff\xfe\xef\xbb\xbf \t\r\n").startswith(_WEB):
        _refuse(
            "not_a_table",
            shown,
            "엑셀 파일이 아니라 HTML·XML입니다. 엑셀에서 열어 .xlsx로 다시 저장하십시오",
            "HTML or XML, not a workbook: open it in Excel and save it as .xlsx",
        )
    if data[:4] == b"%PDF":
        _refuse(
            "not_a_table",
            shown,
            "PDF입니다. 엑셀이나 CSV로 된 표가 필요합니다",
            "a PDF; expected a table in XLSX or CSV",
        )


# --------------------------------------------------------------------------- text


def _decoded(data: bytes, shown: str) -> str:
    """Return the text: by its byte order mark, else UTF-8, else CP949; composed (NFC)."""
    text: str | None = None
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            data = data[len(mark) :]
            encodings: tuple[str, ...] = (encoding,)
            break
    else:
        encodings = ("utf-8", "cp949")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    if text is None or "\x00" in text:
        _refuse(
            "not_text",
            shown,
            "표로 읽을 수 없는 파일입니다 (엑셀 통합문서도, UTF-8·CP949 글자로 된 CSV도 아님). "
            "깨졌거나 문서보안(DRM)이 걸렸는지 확인하십시오",
            "not a table: neither a workbook nor CSV in UTF-8 or CP949. It may be broken, or "
            "locked by document security (DRM)",
        )
    return _composed(text)


def _composed(text: str) -> str:
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


_SEPARATORS = ",\t;|"
_FIRST_ROWS = 60


def _csv_rows(
    text: str,
    shown: str,
    heads: Callable[[Sheet], int] | None,
    widths: dict[int, int],
) -> Iterator[tuple[int, tuple[Cell | Fault, ...]]]:
    """Yield the rows that hold anything, numbered as Excel numbers them, and put down in `widths`
    how many cells each has."""
    separator = _separator(text, heads)
    cells = 0
    number = 0
    try:
        for number, row in _parted(text, separator):
            cells += len(row)
            if cells > MOST_CELLS:
                _refuse_size(shown)
            values = [_csv_cell(each) for each in row]
            while values and values[-1] is None:
                values.pop()
            if values:
                widths[number] = len(row)
                yield number, tuple(values)
    except csv.Error as error:
        _refuse(
            "broken_csv",
            shown,
            f"CSV의 따옴표가 맞지 않거나 칸이 너무 깁니다 ({number + 1}행부터): {error}",
            f"CSV with quotes that do not match, or a cell too long (from row {number + 1}): "
            f"{error}",
            line=number + 1,
        )


def _parted(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    return enumerate(reader, 1)


def _separator(text: str, heads: Callable[[Sheet], int] | None) -> str:
    """Return what parts the cells: what makes most heads of the first rows, else what parts most
    of these rows into as many cells as the row before."""
    best, most = ",", (-1, -1)
    for separator in _SEPARATORS:
        rows: dict[int, tuple[Cell | Fault, ...]] = {}
        try:
            for number, row in _parted(text, separator):
                rows[number] = tuple([each or None for each in row])
                if number >= _FIRST_ROWS:
                    break
        except csv.Error:
            pass  # quotes that do not match under this separator; what was read so far counts
        found = 0 if heads is None or not rows else heads(Sheet(name=None, rows=rows))
        wide = [len(row) for row in rows.values() if len(row) > 1]
        alike = sum(one == other for one, other in itertools.pairwise(wide)) + bool(wide)
        if (found, alike) > most:
            best, most = separator, (found, alike)
    return best


_ERRORS = frozenset(
    ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"]
)


def _csv_cell(text: str) -> Cell | Fault:
    """Return a cell of text: an office program writes the errors of its cells as their words."""
    if text.strip() in _ERRORS:
        return Fault(text.strip())
    return _unescaped(text) or None


def _unescaped(text: str) -> str:
    """Return a cell without the `'` that `write` puts before text that a program might run."""
    bare = text.lstrip("'")
    return text[1:] if bare is not text and bare[:1] in _RISKY and bare else text


_RISKY = frozenset("=+-@\t\r")


def escaped(text: str) -> str:
    """Return `text` so that no office program takes it for a formula; reading takes it back."""
    return f"'{text}" if text.lstrip("'")[:1] in _RISKY and text.lstrip("'") else text


# --------------------------------------------------------------------------- workbooks


def _workbook(data: bytes, shown: str) -> list[Sheet]:
    """Return the sheets that the child found."""
    sheets: list[Sheet] = []
    codes: list[str] = []
    reading = _Reading({}, codes)
    for told in _lines_of_child(data, shown):
        if isinstance(told, list):
            reading.row(*told)
        elif "format" in told:
            codes.append(told["format"])
        elif "sheet" in told:
            reading = _Reading(told, codes)
        elif "after" in told:
            sheets.append(reading.sheet(told["after"]))
        elif "stop" in told:
            _refuse_told(told, shown)
        else:
            break
    else:
        _refuse_size(shown)  # killed by its bounds: it did not say the end
    return sheets


_BEFORE_THE_FIRST = "1900-01-00"  # what a program shows of 0, as of a formula over a blank cell
_WEEKDAYS = "월화수목금토일"


def _time(stored: Decimal) -> str:
    """Return a time of day, or a span of hours, as it is seen."""
    seconds = int((stored * 24 * 3600).to_integral_value(ROUND_HALF_UP))
    minutes, rest = divmod(abs(seconds), 60)
    text = f"{'-' if seconds < 0 else ''}{minutes // 60}:{minutes % 60:02}"
    return f"{text}:{rest:02}" if rest else text


class _Reading:
    """One sheet while the child tells it."""

    def __init__(self, head: Mapping[str, Any], codes: Sequence[str]) -> None:
        self.head, self.codes = head, codes
        self.zero = dt.date.fromisoformat(head.get("epoch", SERIAL_ZERO.isoformat()))
        self.rows: dict[int, tuple[Cell | Fault, ...]] = {}
        self.shown: dict[tuple[int, int], Shown] = {}
        self.hidden: set[int] = set()

    def row(self, number: int, cells: list[Any], hidden: bool) -> None:
        self.rows[number] = tuple(
            [self._cell(number, column, each) for column, each in enumerate(cells, 1)]
        )
        if hidden:
            self.hidden.add(number)

    def _cell(self, row: int, column: int, told: Any) -> Cell | Fault:
        if told is None:
            return None
        if isinstance(told, str):
            return _composed(told.replace("\r\n", "\n").replace("\r", "\n"))
        if "n" in told:
            number = Decimal(told["n"])
            return number if "f" not in told else self._number(row, column, number, told["f"])
        if "d" in told:
            try:
                day = dt.date.fromisoformat(told["d"])
            except ValueError:
                return _composed(told["d"])
            return day if "f" not in told else self._day(row, column, day, told["f"])
        return Fault(told["e"])

    def _number(self, row: int, column: int, stored: Decimal, code: int) -> Cell | Fault:
        shown = shown_by(self.codes[code], stored)
        if shown.kind == "date":
            if self.zero == SERIAL_ZERO and stored < 1:
                return Fault(_BEFORE_THE_FIRST if stored >= 0 else "#####")
            day = day_of_serial(int(stored), self.zero)
            return stored if day is None else self._day(row, column, day, code)
        if shown.kind == "time":
            return _time(stored)
        if shown.kind == "fraction" and (seen := shown.fraction(stored)).denominator > 1:
            return str(seen)
        if shown != PLAIN and (
            shown.unit
            or shown.before
            or shown.behind
            or not shown.signed
            or shown.zeros > 1
            or shown.kind == "nothing"
            or shown.hides_digits(stored)
        ):
            self.shown[row, column] = shown
        return shown.value(stored)

    def _day(self, row: int, column: int, day: dt.date, code: int) -> Cell:
        """Return a day as it is seen: a month, where a month is shown of the first day of one."""
        shown = shown_by(self.codes[code], Decimal(1))
        if shown.kind != "date" or shown.parts == "ymd":
            return day
        if shown.parts == "ym" and day.day == 1:
            return f"{day:%Y-%m}"
        if shown.parts in ("ym", "md"):
            self.shown[row, column] = shown
            return day
        words = {"y": f"{day.year}", "m": f"{day.month}월", "d": f"{day.day}일"}
        return " ".join(words[each] for each in shown.parts) or f"{_WEEKDAYS[day.weekday()]}요일"

    def sheet(self, after: Mapping[str, Any]) -> Sheet:
        """Return it whole."""
        return Sheet(
            name=unicodedata.normalize("NFC", self.head["sheet"]),
            rows=self.rows,
            merged=tuple([(top, left, low, right) for top, left, low, right in after["merged"]]),
            visible=self.head["visible"],
            shown=self.shown,
            hidden=frozenset(self.hidden),
            filtered=after["filtered"],
            hidden_columns=tuple([(first, last) for first, last in after["hidden_columns"]]),
            zero=self.zero,
        )


def _lines_of_child(data: bytes, shown: str) -> Iterable[Any]:
    import json

    folders = []
    for library in ("openpyxl", "xlrd", "et_xmlfile"):
        spec = find_spec(library)
        if spec is None or spec.origin is None:
            _refuse(
                "no_reader",
                shown,
                f"엑셀 파일을 읽는 {library}이(가) 설치되어 있지 않습니다",
                f"{library}, which reads workbooks, is not installed",
            )
        folders.append(os.path.dirname(os.path.dirname(spec.origin)))
    script = os.path.join(os.path.dirname(__file__), "workbooks.py")
    command = [_python(), "-I", "-S", script, str(MEMORY), str(SECONDS), *dict.fromkeys(folders)]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and script
            command, input=data, capture_output=True, timeout=2 * SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        _refuse_size(shown)
    for line in done.stdout.split(b"\n")[:-1]:  # a killed child may leave half a line
        yield json.loads(line)


def _python() -> str:
    """Return the interpreter: what runs us may be a web server with Python inside."""
    if os.path.basename(sys.executable or "").startswith(("python", "pypy")):
        return sys.executable
    return os.path.join(sys.exec_prefix, "bin", "python3")


def _refuse_told(told: Mapping[str, Any], shown: str) -> NoReturn:
    if told["stop"] == "password":
        _refuse_password(shown)
    if told["stop"] == "xlsb":
        _refuse(
            "not_a_table",
            shown,
            "엑셀 이진 통합문서(.xlsb)입니다. 엑셀에서 .xlsx로 다시 저장하십시오",
            "a binary workbook (.xlsb): save it in Excel as .xlsx",
        )
    if told["stop"] == "dtd":
        _refuse(
            "broken_file",
            shown,
            "문서 형식 선언(DTD)이 든 통합문서는 읽지 않습니다. 엑셀에서 열어 .xlsx로 다시 "
            "저장하십시오",
            "a workbook with a document type declaration (DTD) is not read: open it in Excel and "
            "save it again as .xlsx",
        )
    if told["stop"] != "broken":
        _refuse_size(shown)
    _refuse(
        "broken_file",
        shown,
        "엑셀 파일을 읽을 수 없습니다. 깨졌거나 암호·문서보안(DRM)이 걸렸는지 확인하고, 엑셀에서 "
        f"열어 .xlsx로 다시 저장하십시오 ({told['why']})",
        "cannot read the workbook: it is broken, or locked by a password or document security "
        f"(DRM). Open it in Excel and save it again as .xlsx ({told['why']})",
    )


def _refuse_size(shown: str) -> NoReturn:
    _refuse(
        "too_large",
        shown,
        "표가 너무 커서 읽지 않았습니다 (쓰인 칸 3백만 개, 메모리 1GB, 1분까지). 빈 행·열을 지우고 "
        "필요한 시트만 남기십시오",
        "the table is too large to be read (at most 3 million cells, 1 GiB of memory, a minute): "
        "remove empty rows and columns and keep only the sheets that matter",
    )
