"""Where the heads of a table stand on a sheet, and which column each of them names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from evalflow.files.cells import (
    Cell,
    same,
    text_of,
)
from evalflow.files.grid import Fault, Sheet
from evalflow.files.money_units import Said, said_by_head
from evalflow.model.values import frozen

_HEAD_WITHIN = 40  # rows of titles, stamps and remarks that may stand above the heads
_HEAD_DEEPEST = 3  # heads under heads
_MOST_MERGED = 10_000  # cells that one merged range may fill
_UNIT_BEHIND = re.compile(r"[(\[](?:단위:|units?:)?([^()\[\]]*)[)\]]$")


@frozen
class Column:
    """A column to look for.

    Attributes:
        key: what the program calls it.
        names: how people head it, the first being the usual name. Compared without spaces, line
            breaks and a unit in brackets behind; heads under a common head are joined
            (`목표` over `1분기` is `목표1분기`) or taken alone.
        required: whether the table is worthless without it.
        automatic: whether the sheet fills it by itself (checks, sums): it is known, but never
            read, and what stands in it makes no row.
    """

    key: str
    names: tuple[str, ...]
    required: bool = True
    automatic: bool = False

    @property
    def name(self) -> str:
        """What people usually call it."""
        return self.names[0]


@frozen(kw_only=True)
class Found:
    """Where a column was found: its number from 1, its head, and what stands in brackets behind
    its heads, the lowest first."""

    number: int
    head: str
    units: tuple[str, ...] = ()

    @property
    def said(self) -> Said | None:
        """What the head says of units of money."""
        return said_by_head(self.units)


@frozen(kw_only=True, eq=False)
class Heads:
    """Where the heads of a table stand on a sheet."""

    columns: tuple[Column, ...]
    row: int
    top: int
    found: Mapping[str, Found]
    twice: tuple[tuple[str, int], ...]
    others: tuple[tuple[int, str], ...]

    def missing(self) -> list[Column]:
        """Return the required columns that have no head."""
        return [each for each in self.columns if each.required and each.key not in self.found]

    @classmethod
    def find(cls, sheet: Sheet, columns: Sequence[Column]) -> Heads:
        """Return the rows of heads in which most columns are found: the fewest rows, then the
        uppermost, of those with as many."""
        keys = {same(name): column.key for column in columns for name in column.names}
        last = min(sheet.rows) + _HEAD_WITHIN
        numbers = [number for number in sheet.rows if number <= last]
        merged = filled(sheet, set(numbers))
        best = cls(columns=tuple(columns), row=0, top=0, found={}, twice=(), others=())
        for depth in range(1, _HEAD_DEEPEST + 1):
            for at, low in enumerate(numbers):
                stack = numbers[max(0, at - depth + 1) : at + 1]
                if len(stack) == depth:
                    heads = cls._of(sheet, stack, low, merged, tuple(columns), keys)
                    if len(heads.found) > len(best.found):
                        best = heads
        return best

    @classmethod
    def _of(
        cls,
        sheet: Sheet,
        stack: list[int],
        low: int,
        merged: Mapping[tuple[int, int], Cell | Fault],
        columns: tuple[Column, ...],
        keys: Mapping[str, str],
    ) -> Heads:
        found: dict[str, Found] = {}
        twice: list[tuple[str, int]] = []
        others: list[tuple[int, str]] = []
        for number, texts in _stacked(sheet, stack, merged):
            key, units = _key_of(texts, keys)
            head = " ".join(" ".join(texts).split())
            if key is None:
                others.append((number, head))
            elif key in found:
                twice.append((key, number))
            else:
                found[key] = Found(number=number, head=head, units=units)
        return cls(
            columns=columns,
            row=low,
            top=stack[0],
            found=found,
            twice=tuple(twice),
            others=tuple(others),
        )


def _stacked(
    sheet: Sheet, stack: list[int], merged: Mapping[tuple[int, int], Cell | Fault]
) -> Iterator[tuple[int, list[str]]]:
    """Yield each column with its heads from top to bottom. A head that stands over several
    columns is repeated over them: by its merged range, or, as CSV keeps none, over the blank
    cells to its right that have a head below."""
    width = max(len(sheet.rows[number]) for number in stack)
    width = max([width, *[column for row, column in merged if row in set(stack)]])
    above = [""] * len(stack)
    for column in range(1, width + 1):
        texts: list[str] = []
        for depth, number in enumerate(stack):
            cells = sheet.rows[number]
            cell = cells[column - 1] if column <= len(cells) else None
            spread = merged.get((number, column))
            text = text_of(cell) if isinstance(cell, str) else ""
            if not text and isinstance(spread, str):
                text = text_of(spread)
            elif not text and cell is None and depth < len(stack) - 1 and not sheet.merged:
                below = sheet.rows[stack[-1]]
                under = below[column - 1] if column <= len(below) else None
                text = above[depth] if isinstance(under, str) and under.strip() else ""
            if text:
                above[depth] = text
            elif cell is not None:
                above[depth] = ""
            if text and text not in texts[-1:]:
                texts.append(text)
        if texts:
            yield column, texts


def _key_of(texts: list[str], keys: Mapping[str, str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the column that heads under each other name, and what stands in brackets behind
    them, the lowest first."""
    plain = [same(text) for text in texts]
    bare = [_UNIT_BEHIND.sub("", text) for text in plain]
    inside = [
        "" if text == less else _inside(raw)
        for text, less, raw in zip(plain, bare, texts, strict=True)
    ]
    for heads in (plain, bare):
        for first in range(len(heads)):
            key = keys.get("".join(heads[first:]))
            if key is not None:
                # Brackets that belong to the name are no unit.
                units = inside[:first] if heads is plain else inside
                return key, tuple(unit for unit in reversed(units) if unit)
    for first in range(len(bare)):
        # `구비 백만원`, without brackets.
        name, word = _without_unit("".join(bare[first:]))
        if word and (key := keys.get(name)) is not None:
            return key, (word, *[unit for unit in reversed(inside) if unit])
    return None, ()


def _inside(head: str) -> str:
    """Return what stands in the brackets at the end of a head, with its spaces."""
    found = re.search(r"[(\[（［]([^()\[\]（）［］]*)[)\]）］]\s*$", head)
    text = "" if found is None else " ".join(found[1].split())
    return re.sub(r"^(?:단위|units?)\s*[:：]?\s*", "", text, flags=re.IGNORECASE)


_UNIT_WORD = re.compile(r"(?P<name>.+?)[,_:·/-]?(?P<unit>(?:천|만|백만|천만|억|십억|조)?원)")


def _without_unit(head: str) -> tuple[str, str]:
    match = _UNIT_WORD.fullmatch(head)
    return (head, "") if match is None else (match["name"], match["unit"])


def filled(sheet: Sheet, rows: set[int] | None = None) -> dict[tuple[int, int], Cell | Fault]:
    """Return what the cells of merged ranges hold beside their first."""
    filled: dict[tuple[int, int], Cell | Fault] = {}
    for top, left, low, right in sheet.merged:
        cells = sheet.rows.get(top, ())
        cell = cells[left - 1] if left <= len(cells) else None
        if cell is None or (low - top + 1) * (right - left + 1) > _MOST_MERGED:
            continue
        for row in range(top, low + 1):
            if row in (sheet.rows if rows is None else rows):
                for column in range(left, right + 1):
                    filled[row, column] = cell
    return filled


def head_row(columns: Sequence[Column]) -> Callable[[Sequence[Cell | Fault]], bool]:
    """Return a question: whether a row holds the heads of all required columns."""
    keys = {same(name): column.key for column in columns for name in column.names}
    required = {column.key for column in columns if column.required}
    known: dict[str, str | None] = {}

    def key_of(text: str) -> str | None:
        if text not in known:
            if len(known) > 10_000:
                known.clear()
            known[text] = _key_of([text], keys)[0]
        return known[text]

    def is_head(texts: Sequence[Cell | Fault]) -> bool:
        found = {key_of(each) for each in texts if isinstance(each, str) and len(each) <= 60}
        return required <= found and bool(found - {None})

    return is_head
