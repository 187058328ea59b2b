"""PDF, by typst: the form as data, one template, an embedded Korean font.

Typst finds fonts of the system (Debian: fonts-noto-cjk) and those in the folder that
`EVALFLOW_FONTS` names. Without a Korean one nothing is written: boxes are no document.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import pypdf
import typst

import evalflow
from evalflow.storage import Tree, canonical
from evalflow_forms.sheet import Cell, Evidence, Sheet, Table

MADE_WITH = f"typst {metadata.version('typst')}"

FONTS = ("Noto Sans CJK KR", "NanumGothic", "Malgun Gothic", "Apple SD Gothic Neo")
"""The fonts that are looked for, the first one found is used."""


def write(sheet: Sheet) -> bytes:
    """Return the form as a PDF, the same bytes every time.

    Raises:
        InvalidInput: this machine has no Korean font.
    """
    source = resources.files("evalflow_forms").joinpath("form.typ").read_bytes()
    data = canonical(_tree(sheet))
    compiled: Any = typst.compile  # its stubs name a type that cannot be inferred
    made = compiled(source, sys_inputs={"form": data}, font_paths=[*_folders()])
    assert isinstance(made, bytes)
    return made


def evidence(path: Path) -> Evidence | None:
    """Return the evidence in a PDF, or None."""
    said = pypdf.PdfReader(path).metadata
    return Evidence.read(str(said.subject)) if said is not None and said.subject else None


def cells(path_or_bytes: Path | bytes) -> dict[str, str]:
    """Return the lines of a PDF by page and place."""
    import io

    source: Any = io.BytesIO(path_or_bytes) if isinstance(path_or_bytes, bytes) else path_or_bytes
    return {
        f"{number}쪽 {place}줄": line.strip()
        for number, page in enumerate(pypdf.PdfReader(source).pages, 1)
        for place, line in enumerate(page.extract_text().splitlines(), 1)
    }


def _folders() -> tuple[str, ...]:
    named = os.environ.get("EVALFLOW_FONTS")
    return (named,) if named else ()


@cache
def _font(folders: tuple[str, ...]) -> str:
    """Return the Korean font to use."""
    found = set(typst.Fonts(font_paths=list(folders)).families())
    for font in FONTS:
        if font in found:
            return font
    raise evalflow.InvalidInput(
        [
            evalflow.Problem(
                code="no_korean_font",
                ko=f"한글 글꼴이 없습니다: {', '.join(FONTS)} 가운데 하나를 설치하거나 "
                "EVALFLOW_FONTS로 폴더를 알려 주십시오 (Debian: fonts-noto-cjk)",
                en=f"no Korean font: install one of {', '.join(FONTS)}, or name a folder with "
                "EVALFLOW_FONTS (Debian: fonts-noto-cjk)",
            )
        ]
    )


def _tree(sheet: Sheet) -> Tree:
    at = sheet.evidence.at
    return {
        "font": _font(_folders()),
        "title": sheet.title,
        "subtitle": sheet.subtitle,
        "head": [list(pair) for pair in sheet.head],
        "boxes": list(sheet.boxes),
        "tables": [_table(table) for table in sheet.tables],
        "remarks": list(sheet.remarks),
        "illustrative": sheet.illustrative,
        "endings": list(sheet.endings()),
        "evidence": sheet.evidence_line,
        "embedded": sheet.evidence.text(),
        "at": [at.year, at.month, at.day, at.hour, at.minute, at.second],
    }


def _table(table: Table) -> Tree:
    return {
        "caption": table.caption,
        "unit": table.unit,
        "widths": [str(width) for width in table.widths],
        "heads": [
            [head.text, head.column, head.row, head.columns, head.rows] for head in table.heads
        ],
        "cells": [
            [cell.shown(), column, table.head_rows + row, cell.rows, _align(cell), cell.bold]
            for row, line in enumerate(table.rows)
            for column, cell in enumerate(line)
            if cell is not None
        ],
    }


def _align(cell: Cell) -> str:
    return "center" if cell.shown() == "-" else cell.align
