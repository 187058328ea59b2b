"""The columns of the forms (domain 2.3): each optional, reorderable and renamable in the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from evalflow_forms.sheet import TEXT_WIDTH, Cell, Head


@attrs.frozen
class Column:
    """A column as evalflow has it: its name in Korean, a width in millimetres, and its value.

    `group` is the name over several columns (누계 over 목표, 실적). `shared` says that it is about
    the project as a whole: it then spans all rows of the project's indicators.
    `counts` is what its figures are counted in where the unit stands over the table: `개`, or
    `money` for the form's unit of money.
    """

    title: str
    width: int
    value: Callable[[Any], Cell]
    group: str | None = None
    shared: bool = True
    counts: str | None = None


@attrs.frozen(kw_only=True)
class Layout:
    """The columns of one table, in the order in which they are printed."""

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    heads: tuple[Head, ...]
    head_rows: int
    widths: tuple[Decimal, ...]


def lay_out(
    known: Mapping[str, Column],
    names: Sequence[str],
    titles: Mapping[str, str],
    widths: Mapping[str, int],
    page: int = TEXT_WIDTH,
) -> Layout:
    """Return the columns with their heads and widths, stretched to the width of the page."""
    columns = tuple(known[name] for name in names)
    grouped = [column.group for column in columns]
    head_rows = 2 if any(grouped) else 1
    heads: list[Head] = []
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        title = titles.get(name, column.title)
        if column.group is None:
            heads.append(Head(title, 0, place, rows=head_rows))
            continue
        if place == 0 or grouped[place - 1] != column.group:
            count = 1
            while place + count < len(columns) and grouped[place + count] == column.group:
                count += 1
            heads.append(Head(column.group, 0, place, columns=count))
        heads.append(Head(title, 1, place))
    asked = [widths.get(name, column.width) for name, column in zip(names, columns, strict=True)]
    whole = sum(asked)
    tenths = [each * page * 10 // whole for each in asked]
    tenths[-1] += page * 10 - sum(tenths)
    return Layout(
        names=tuple(names),
        columns=columns,
        heads=tuple(heads),
        head_rows=head_rows,
        widths=tuple(Decimal(each).scaleb(-1) for each in tenths),
    )


def rows_of(
    layout: Layout, subjects: Sequence[Sequence[Any]]
) -> tuple[tuple[Cell | None, ...], ...]:
    """Return the rows: each group of subjects is one project; shared columns span its rows."""
    rows: list[tuple[Cell | None, ...]] = []
    for group in subjects:
        for place, subject in enumerate(group):
            row: list[Cell | None] = []
            for column in layout.columns:
                if not column.shared:
                    row.append(column.value(subject))
                elif place == 0:
                    row.append(attrs.evolve(column.value(subject), rows=len(group)))
                else:
                    row.append(None)
            rows.append(tuple(row))
    return tuple(rows)
