"""PDF, by typst: the form as data, one template, an embedded Korean font.

The font comes from the folder that `EVALFLOW_FONTS` names; without it from the machine; where the
machine has none, from the package `municipal-evalflow-fonts`. Without a Korean one nothing is
written: boxes are no document.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import attrs
import pypdf
import typst

import evalflow
from evalflow.storage import Tree, canonical
from evalflow_forms.measure import row_lines, words
from evalflow_forms.sheet import Cell, Evidence, Part, Sheet, Table

MADE_WITH = f"typst {metadata.version('typst')}"

FONTS = ("Noto Sans CJK KR", "NanumGothic", "Malgun Gothic", "Apple SD Gothic Neo")
"""The families that are looked for in a folder and on the machine; the first one found is used."""

_LETTER, _PADDING = Decimal("1.5"), Decimal("2.6")  # millimetres, at 8 points
_KEPT = 12  # lines of a row that is not parted over pages

PACKAGE = "municipal-evalflow-fonts"


@attrs.frozen(kw_only=True)
class Font:
    """A Korean font, and where typst finds it.

    Attributes:
        families: the family, and those that draw what it lacks, in this order.
        folders: folders to look in.
        own: nothing of the machine's is looked at.
    """

    families: tuple[str, ...]
    folders: tuple[str, ...] = ()
    own: bool = False


def write(sheet: Sheet) -> bytes:
    """Return the form as a PDF, the same bytes every time.

    Raises:
        InvalidInput: there is no Korean font, or none in the folder that `EVALFLOW_FONTS` names.
    """
    return _made(sheet, _chosen(os.environ.get("EVALFLOW_FONTS") or None))


def write_like(sheet: Sheet, path: Path) -> bytes | None:
    """Return the form as a PDF in the fonts of the PDF at `path`; None where these are not here.

    Raises:
        InvalidInput: as `write`.
    """
    wanted = embedded(path)
    first = _chosen(os.environ.get("EVALFLOW_FONTS") or None)
    for font in dict.fromkeys([first, *_of_machine(), *_of_package()]):
        made = _made(sheet, font)
        if embedded(made) == wanted:
            return made
    return None


def embedded(path_or_bytes: Path | bytes) -> tuple[str, ...]:
    """Return the names of the fonts in a PDF, sorted."""
    tree: Any
    names = set()
    for page in pypdf.PdfReader(_source(path_or_bytes)).pages:
        tree = page.get("/Resources", {})
        for font in tree.get("/Font", {}).values():
            name = str(font.get_object().get("/BaseFont", "")).removeprefix("/")
            tag, plus, rest = name.partition("+")
            names.add(rest if plus and len(tag) == 6 else name)
    return tuple(sorted(names))


def evidence(path: Path) -> Evidence | None:
    """Return the evidence in a PDF, or None."""
    said = pypdf.PdfReader(path).metadata
    return Evidence.read(str(said.subject)) if said is not None and said.subject else None


def cells(path_or_bytes: Path | bytes) -> dict[str, str]:
    """Return the lines of a PDF by page and place."""
    return {
        f"{number}쪽 {place}줄": line.strip()
        for number, page in enumerate(pypdf.PdfReader(_source(path_or_bytes)).pages, 1)
        for place, line in enumerate(page.extract_text().splitlines(), 1)
    }


def _source(path_or_bytes: Path | bytes) -> Any:
    return io.BytesIO(path_or_bytes) if isinstance(path_or_bytes, bytes) else path_or_bytes


def _made(sheet: Sheet, font: Font) -> bytes:
    source = resources.files("evalflow_forms").joinpath("form.typ").read_bytes()
    compiled: Any = typst.compile  # its stubs name a type that cannot be inferred
    made = compiled(
        source,
        sys_inputs={"form": canonical(_tree(sheet, font))},
        font_paths=[*font.folders],
        ignore_system_fonts=font.own,
    )
    assert isinstance(made, bytes)
    return made


@cache
def _chosen(folder: str | None) -> Font:
    """Return the font to use; `folder` is what `EVALFLOW_FONTS` names."""
    if folder is not None:
        found = _families(folder)
        for family in FONTS:
            if family in found:
                return Font(families=(family,), folders=(folder,))
        listed = ", ".join(FONTS)
        raise _no_font(
            f"EVALFLOW_FONTS의 폴더 '{folder}'에 쓸 수 있는 한글 글꼴이 없습니다 (가능: {listed})",
            f"the folder '{folder}' that EVALFLOW_FONTS names has no Korean font that is known "
            f"(there are: {listed})",
            path="EVALFLOW_FONTS",
            value=folder,
        )
    for font in (*_of_machine(), *_of_package()):
        return font
    raise _no_font(
        f"한글 글꼴이 없습니다: pip install {PACKAGE} 로 설치하거나, {', '.join(FONTS)} 가운데 "
        "하나가 든 폴더를 EVALFLOW_FONTS로 알려 주십시오",
        f"no Korean font: pip install {PACKAGE}, or name with EVALFLOW_FONTS a folder that has "
        f"one of {', '.join(FONTS)}",
    )


def _families(folder: str | None) -> list[str]:
    """Return the families in the folder and below; None: those of the machine."""
    return typst.Fonts(
        include_system_fonts=folder is None,
        include_embedded_fonts=False,
        font_paths=[] if folder is None else [folder],
    ).families()


@cache
def _of_machine() -> tuple[Font, ...]:
    found = _families(None)
    return tuple(Font(families=(family,)) for family in FONTS if family in found)


def _of_package() -> Iterator[Font]:
    try:
        import evalflow_fonts
    except ImportError:
        return
    # NanumGothic has no minus sign; this one lies in typst itself, so no machine's font steps in.
    families = (evalflow_fonts.FAMILY, "DejaVu Sans Mono")
    yield Font(families=families, folders=(str(evalflow_fonts.folder()),), own=True)


def _no_font(
    ko: str, en: str, *, path: str | None = None, value: str | None = None
) -> evalflow.InvalidInput:
    problem = evalflow.Problem(code="no_korean_font", ko=ko, en=en, path=path, value=value)
    return evalflow.InvalidInput([problem])


def _tree(sheet: Sheet, font: Font) -> Tree:
    at = sheet.evidence.at
    return {
        "font": list(font.families),
        "title": sheet.title,
        "standing": sheet.standing,
        "boxes": list(sheet.boxes),
        "parts": [_part(sheet, part) for part in sheet.parts],
        "remarks": list(sheet.remarks),
        "illustrative": sheet.illustrative,
        "evidence": sheet.evidence_line,
        "embedded": sheet.evidence.text(),
        "at": [at.year, at.month, at.day, at.hour, at.minute, at.second],
    }


def _part(sheet: Sheet, part: Part) -> Tree:
    return {
        "subtitle": part.subtitle,
        "head": [list(pair) for pair in part.head],
        "signed": [part.paper.signed.get(name, "") for name in sheet.boxes],
        "cooperation": part.paper.cooperation,
        "endings": list(part.endings()),
        "tables": [_table(table) for table in part.tables],
    }


def _table(table: Table) -> Tree:
    return {
        "caption": table.caption,
        "unit": table.unit,
        "bare": table.bare,
        "widths": [str(width) for width in table.widths],
        "heads": [
            [
                _lines(head.text, table, head.column, head.columns),
                *(head.column, head.row, head.columns, head.rows),
            ]
            for head in table.heads
        ],
        "cells": list(_cells(table)),
        "remarks": list(table.remarks),
    }


def _cells(table: Table) -> Iterator[Tree]:
    whole = _kept(table)
    for row, line in enumerate(table.rows):
        for column, cell in enumerate(line):
            if cell is None:
                continue
            yield {
                "lines": _lines(cell.shown(), table, column, cell.columns),
                "x": column,
                "y": table.head_rows + row,
                "rows": cell.rows,
                "columns": cell.columns,
                "align": _align(cell),
                "bold": cell.bold,
                "label": cell.label,
                "breakable": not whole[row],
            }


def _kept(table: Table) -> list[bool]:
    """Return for each row whether it is kept on one page: it, or the rows that one cell spans, is
    short. A longer one breaks, so that no page is left with a title alone."""
    lines = row_lines(table, _LETTER, _PADDING)[1]
    kept = [each <= _KEPT for each in lines]
    for place, row in enumerate(table.rows):
        count = max((cell.rows for cell in row if cell is not None), default=1)
        short = sum(lines[place : place + count]) <= _KEPT
        for each in range(place, place + count) if count > 1 else ():
            kept[each] = kept[each] and short
    return kept


def _lines(text: str, table: Table, column: int, columns: int) -> Tree:
    width = sum(table.widths[column : column + columns], Decimal(0))
    room = int((width - _PADDING) / _LETTER)
    return [[list(pair) for pair in words(line, room)] for line in text.split("\n")]


def _align(cell: Cell) -> str:
    return "center" if cell.shown() == "-" or (cell.label and cell.columns == 1) else cell.align
