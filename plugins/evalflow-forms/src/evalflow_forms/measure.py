"""How much room Korean takes: lines of a text in a column, and heights of rows.

Neither Excel nor 한글 fits rows by itself to what a program writes, so it is worked out here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from evalflow_forms.sheet import Table


def lines_in(text: str, room: int) -> int:
    """Return how many lines a text takes where `room` narrow letters fit in one."""
    room = max(2, room)
    return sum(max(1, -(-width_of(line) // room)) for line in _wrapped(text, room))


def _wrapped(text: str, room: int) -> Iterator[str]:
    """Yield lines broken at blanks, as Excel and 한글 break them."""
    for line in text.split("\n"):
        have = ""
        for word in line.split(" "):
            longer = f"{have} {word}" if have else word
            if have and width_of(longer) > room:
                yield have
                longer = word
            have = longer
        yield have


def width_of(text: str) -> int:
    """Return the width of a text: two for a wide letter, one for a narrow one."""
    return sum(2 if unicodedata.east_asian_width(each) in "WFA" else 1 for each in text)


def row_lines(
    table: Table, letter: Decimal, padding: Decimal, *, first: bool = False
) -> tuple[list[int], list[int]]:
    """Return how many lines each row of the head and each row of the table takes.

    `letter` is the width of a narrow letter, `padding` what a cell keeps free, in millimetres.
    What spans rows has room in all of them, or with `first` in the first one.
    """
    heads = [1] * table.head_rows
    for head in table.heads:
        width = sum(table.widths[head.column : head.column + head.columns], Decimal(0))
        lines = -(-lines_in(head.text, int((width - padding) / letter)) // head.rows)
        for row in range(head.row, head.row + head.rows):
            heads[row] = max(heads[row], lines)
    rows = [1] * len(table.rows)
    spanning: list[tuple[int, int, int]] = []
    for place, row_cells in enumerate(table.rows):
        for column, cell in enumerate(row_cells):
            if cell is None:
                continue
            width = sum(table.widths[column : column + cell.columns], Decimal(0))
            lines = lines_in(cell.shown(), int((width - padding) / letter))
            if cell.rows > 1 and not first:
                spanning.append((place, cell.rows, lines))
            else:
                rows[place] = max(rows[place], lines)
    for place, count, lines in spanning:
        lacking = lines - sum(rows[place : place + count])
        if lacking > 0:
            rows[place + count - 1] += lacking
    return heads, rows


def words(text: str, room: int) -> list[tuple[str, bool]]:
    """Return a line as pieces with whether each is kept whole: what is wider than `room` breaks
    inside. Pieces end after a blank and after `· / , →`, and before `( 「`."""
    found = [each for each in _PIECE.split(text) if each]
    return [(each, width_of(each.rstrip()) <= room) for each in found]


_PIECE = re.compile(r"(?<= )(?! )|(?<=[·/,→])(?![ 0-9])|(?<=[^ ])(?=[(「])")
