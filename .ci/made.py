"""Look into what `evalflow demo` left: python .ci/made.py FOLDER. For a machine without fonts."""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pypdf
import typst

FORMS = ("plan", "projects", "bureau", "department", "cards", "change")
OTHERS = (
    "history.jsonl",
    "lifecycle.dot",
    "lifecycle.mmd",
    "lifecycle.svg",
    "notices.jsonl",
    "office-2017-01-06.db",
    "office.db",
)
HANGUL = re.compile("[가-힣]")
ENOUGH = 100  # letters; the shortest of them has some 250


def main(folder: Path) -> None:
    """Print what was found, or end with everything that is wrong."""
    wrong = [*machine(), *files(folder), *page(folder / "report.html")]
    for name in FORMS:
        wrong += pdf(folder / "forms" / f"{name}.pdf")
        wrong += archive(folder / "forms" / f"{name}.hwpx", "Contents/section0.xml")
        wrong += archive(folder / "forms" / f"{name}.xlsx", "xl/worksheets/sheet1.xml")
    if wrong:
        sys.exit("\n".join([f"{folder} is not what a demo leaves:", *wrong]))
    print(f"{folder}: {3 * len(FORMS)} forms, a page and {len(OTHERS)} other files are in order")


def machine() -> Iterator[str]:
    """Yield the fonts that this machine has: with them nothing would be shown here."""
    for family in typst.Fonts(include_embedded_fonts=False).families():
        yield f"this machine has a font: {family}"


def files(folder: Path) -> Iterator[str]:
    """Yield which of the other files are missing or empty."""
    for name in OTHERS:
        if not (folder / name).is_file() or not (folder / name).stat().st_size:
            yield f"{name}: missing or empty"


def pdf(path: Path) -> Iterator[str]:
    """Yield what is wrong with a PDF: its fonts must lie in it, and Hangul be read from it."""
    if not path.is_file():
        yield f"{path.name}: missing"
        return
    text = ""
    tree: Any
    for page_ in pypdf.PdfReader(path).pages:
        text += page_.extract_text()
        tree = page_["/Resources"]
        if not any("Nanum" in str(f.get_object()["/BaseFont"]) for f in tree["/Font"].values()):
            yield f"{path.name}: a page without the font of municipal-evalflow-fonts"
        for font in tree["/Font"].values():
            name = str(font.get_object()["/BaseFont"])
            described = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            if not {"/FontFile2", "/FontFile3"} & set(described.get_object()):
                yield f"{path.name}: the font {name} is not embedded"
            # What NanumGothic lacks (a minus sign, a box) is drawn by a font in typst itself.
            if "Nanum" not in name and "DejaVuSansMono" not in name:
                yield f"{path.name}: the font is {name}, not that of municipal-evalflow-fonts"
    yield from hangul(path.name, text)


def archive(path: Path, part: str) -> Iterator[str]:
    """Yield what is wrong with an HWPX or XLSX file."""
    if not path.is_file():
        yield f"{path.name}: missing"
        return
    with zipfile.ZipFile(path) as inside:
        yield from hangul(path.name, unescape(inside.read(part).decode("utf-8")))


def page(path: Path) -> Iterator[str]:
    """Yield what is wrong with the page: its charts must be there, with the names of bureaus."""
    if not path.is_file():
        yield f"{path.name}: missing"
        return
    charts = re.findall(r'<svg aria-hidden="true".*?</svg>', path.read_text("utf-8"), re.DOTALL)
    if len(charts) < 40:
        yield f"{path.name}: {len(charts)} charts, at least 40 were expected"
    if not any(">복지국<" in chart and ">주민자치국<" in chart for chart in charts):
        yield f"{path.name}: no chart names the bureaus"


def hangul(name: str, text: str) -> Iterator[str]:
    """Yield a complaint where too little Hangul stands in a form."""
    if (count := len(HANGUL.findall(text))) < ENOUGH:
        yield f"{name}: {count} letters of Hangul, at least {ENOUGH} were expected"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
