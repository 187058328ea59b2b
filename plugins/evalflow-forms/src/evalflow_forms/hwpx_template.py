"""An office's own HWPX, filled: `{{field}}` in its texts and its form fields (누름틀).

It is done on the XML itself, so that everything else stays byte for byte what the office drew; one
field may stand in a document any number of times, and reach over runs and paragraphs.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
from lxml import etree  # type: ignore[import-untyped]

from evalflow_forms.archive import broken, repacked
from evalflow_forms.hwpx_writer import described, preview
from evalflow_forms.sheet import Sheet
from evalflow_forms.template import FIELD, Filling

_HP = "{http://www.hancom.co.kr/hwpml/2011/paragraph}"
_SECTION = re.compile(r"Contents/section\d+\.xml")


def fill(template: Path, data: bytes, sheet: Sheet) -> bytes:
    """Return the document with its fields filled; see `template`.

    Raises:
        InvalidInput: it cannot be read, or asks for what is not there: all problems.
    """
    filling = Filling(template, sheet)
    changed: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in sorted(n for n in archive.namelist() if _SECTION.fullmatch(n)):
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            try:
                root = etree.fromstring(archive.read(name), parser)
            except etree.XMLSyntaxError as error:
                said = " ".join(str(error).split())
                raise broken(template, ".hwpx", f"'{name}': {said}", f"'{name}': {said}") from error
            _Section(root, filling).fill()
            changed[name] = etree.tostring(
                root, xml_declaration=True, encoding="UTF-8", standalone=True
            )
    filling.raise_if_any()
    return repacked(
        data,
        sheet.evidence.at,
        {
            **{name: _always(content) for name, content in changed.items()},
            "Contents/content.hpf": lambda content: described(content, sheet),
            "Preview/PrvText.txt": lambda _: preview(sheet).encode("utf-8"),
        },
    )


def _always(content: bytes) -> Any:
    return lambda _: content


@attrs.frozen
class _Piece:
    """A stretch of text: the text of an element, or what follows it (`tail`)."""

    element: Any
    tail: bool

    def read(self) -> str:
        return (self.element.tail if self.tail else self.element.text) or ""

    def put(self, text: str) -> None:
        if self.tail:
            self.element.tail = text
        else:
            self.element.text = text


class _Section:
    """One section of a document while it is filled."""

    def __init__(self, root: Any, filling: Filling) -> None:
        self.root, self.filling = root, filling

    def fill(self) -> None:
        """Fill form fields first, then what stands in double braces."""
        for begin in list(self.root.iter(f"{_HP}fieldBegin")):
            if begin.get("type") == "CLICK_HERE":
                self._form_field(begin)
        for place, paragraph in enumerate(self.root.iter(f"{_HP}p"), 1):
            self._braces(paragraph, f"¶{place}")

    def _form_field(self, begin: Any) -> None:
        name = (begin.get("name") or "").strip()
        if not name or self.filling.leaves(name):
            return
        said = self.filling.value(name, None, f"누름틀 {name}")
        texts = self._between(begin)
        if not texts:
            run = begin.getparent().getparent()
            made = run.makeelement(f"{_HP}t", {})
            begin.getparent().addnext(made)
            texts = [made]
        for place, each in enumerate(texts):
            for child in list(each):
                each.remove(child)
            each.text = said if place == 0 else ""
        _break_lines(texts[0])
        for each in texts:
            _forget_lines(each)

    def _between(self, begin: Any) -> list[Any]:
        """Return the text elements from a field's beginning to its end."""
        found: list[Any] = []
        inside = False
        for each in self.root.iter(f"{_HP}fieldBegin", f"{_HP}fieldEnd", f"{_HP}t"):
            if each is begin:
                inside = True
            elif inside and each.tag == f"{_HP}fieldEnd":
                if each.get("beginIDRef") == begin.get("id"):
                    return found
            elif inside and each.tag == f"{_HP}t":
                found.append(each)
        return []

    def _braces(self, paragraph: Any, where: str) -> None:
        pieces = list(_pieces(paragraph))
        whole = "".join(piece.read() for piece in pieces)
        self.filling.look(whole, where)
        if "{{" not in whole:
            return
        for match in reversed(list(FIELD.finditer(whole))):
            if self.filling.leaves(match[1]):
                continue
            _replace(pieces, match.start(), match.end(), self.filling.value(match[1], None, where))
        for piece in pieces:
            _break_lines(piece.element)
            _forget_lines(piece.element)


def _pieces(paragraph: Any) -> Iterator[_Piece]:
    """Yield the texts of a paragraph, without those of tables in it."""
    for run in paragraph.findall(f"{_HP}run"):
        for text in run.findall(f"{_HP}t"):
            yield _Piece(text, tail=False)
            for child in text:
                yield _Piece(child, tail=True)


def _replace(pieces: list[_Piece], start: int, end: int, said: str) -> None:
    at = 0
    for piece in pieces:
        text = piece.read()
        first, last = max(start - at, 0), min(end - at, len(text))
        if first < last:
            piece.put(text[:first] + (said if at + first == start else "") + text[last:])
        at += len(text)


def _break_lines(element: Any) -> None:
    """Turn the line breaks of a text into those of 한글."""
    if element.tag != f"{_HP}t":
        element = element.getparent()
    for piece in [_Piece(element, tail=False), *(_Piece(child, tail=True) for child in element)]:
        first, *more = piece.read().split("\n")
        if not more:
            continue
        piece.put(first)
        place = 0 if not piece.tail else element.index(piece.element) + 1
        for offset, line in enumerate(more):
            made = element.makeelement(f"{_HP}lineBreak", {})
            made.tail = line
            element.insert(place + offset, made)


def _forget_lines(element: Any) -> None:
    """Drop where lines of a paragraph were broken before: 한글 works it out again."""
    paragraph = next(element.iterancestors(f"{_HP}p"), None)
    if paragraph is not None:
        for each in paragraph.findall(f"{_HP}linesegarray"):
            paragraph.remove(each)
