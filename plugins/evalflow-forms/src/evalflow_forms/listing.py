"""The columns of lists: 붙임 1 and 붙임 3, and the tables that are made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from evalflow_forms import values
from evalflow_forms.columns import Column, lay_out, rows_of
from evalflow_forms.options import Options
from evalflow_forms.sheet import TEXT_WIDTH, Cell, Head, Table
from evalflow_forms.values import Line

SHARED: Mapping[str, Column] = {
    "number": Column("관리번호", 16, lambda line: values.text_cell(line.definition.number)),
    "field": Column(
        "분야",
        18,
        lambda line: values.text_cell(line.sources.head.fields[line.definition.field].ko),
    ),
    "core_project": Column("핵심 프로젝트", 30, values.core),
    "title": Column("사업명", 44, lambda line: values.text_cell(line.definition.label.ko, "left")),
    "bureau": Column("국·소", 24, values.bureau),
    "unit": Column("담당부서", 26, values.department),
    "kind": Column(
        "신규/계속", 14, lambda line: values.text_cell(values.KINDS.get(line.definition.kind))
    ),
    "term": Column("사업기간", 44, values.term),
    "content": Column(
        "사업내용",
        60,
        lambda line: values.text_cell(c.ko if (c := line.definition.content) else None, "left"),
    ),
    "goals": Column("단위사업", 34, values.goals),
}

PROJECTS: Mapping[str, Column] = {
    **SHARED,
    "budget": Column(
        "계", 17, lambda line: line.money(line.definition.budget.total), "사업비", counts="money"
    ),
    "national": Column("국비", 14, values.source("국비"), "사업비", counts="money"),
    "city": Column("시비", 14, values.source("시비"), "사업비", counts="money"),
    "district": Column("구비", 14, values.source("구비"), "사업비", counts="money"),
    "other": Column("기타", 14, values.other_sources, "사업비", counts="money"),
}
"""붙임 1."""

DEPARTMENT: Mapping[str, Column] = {
    **{name: attrs.evolve(column, width=min(column.width, 34)) for name, column in SHARED.items()},
    "indicator": Column("추진내용\n(성과지표)", 36, values.indicator_name, shared=False),
    "measure": Column("단위", 11, values.of_indicator("unit"), shared=False),
    "formula": Column("측정산식", 22, values.of_indicator("formula"), shared=False),
    "direction": Column(
        "방향",
        11,
        lambda line: values.text_cell(
            values.DIRECTIONS.get(line.indicator.direction) if line.indicator else None
        ),
        shared=False,
    ),
    "year_target": Column("연간\n목표", 15, values.year_target, shared=False),
    "target": Column("목표", 15, values.target, "당기", shared=False),
    "actual": Column("실적", 15, values.actual, "당기", shared=False),
    "target_so_far": Column(
        "목표",
        15,
        lambda line: values.figure_cell(rated.target if (rated := line.rated) else None),
        "누계",
        shared=False,
    ),
    "actual_so_far": Column(
        "실적",
        15,
        values.actual_so_far,
        "누계",
        shared=False,
    ),
    "rate": Column("이행률", 17, values.rate, shared=False),
    "budget": Column(
        "계획액", 15, lambda line: line.money(values.needed(line)), "예산(누계)", counts="money"
    ),
    "spent": Column(
        "집행액", 15, lambda line: line.money(line.standing.spent), "예산(누계)", counts="money"
    ),
    "spend_rate": Column("집행률", 15, values.spend_rate, "예산(누계)"),
    "progress": Column("월별 추진실적", 40, values.progress),
    "line_band": Column("지표\n상태", 18, values.line_band, shared=False),
    "project_rate": Column("사업\n이행률", 17, values.project_rate),
    "band": Column("추진\n상태", 14, values.band),
    "cause": Column("부진사유", 30, lambda line: line.said("cause"), shared=False),
    "countermeasure": Column(
        "대책·향후계획", 30, lambda line: line.said("countermeasure"), shared=False
    ),
    "declared": Column("변경사항", 26, values.declared),
    "evidence": Column("증빙자료", 26, values.evidence),
}
"""붙임 3."""


def table(
    name: str,
    caption: str,
    known: Mapping[str, Column],
    usual: Sequence[str],
    options: Options,
    subjects: Sequence[Sequence[Any]],
    *,
    frozen: int = 0,
    page: int = TEXT_WIDTH,
) -> Table:
    """Return a table of the columns that the options name, or of the usual ones.

    The units stand over it that its columns have.
    """
    names = options.columns or usual
    layout = lay_out(known, names, options.titles, options.widths, page)
    rows = rows_of(layout, subjects)
    if not rows:
        nothing = [Cell(None) for _ in layout.columns]
        nothing[min(1, len(nothing) - 1)] = Cell("해당 없음")
        rows = (tuple(nothing),)
    counted = dict.fromkeys(known[each].counts for each in names)
    units = [options.unit if each == "money" else each for each in counted if each]
    return Table(
        name=name,
        caption=caption,
        widths=layout.widths,
        heads=layout.heads,
        fields=layout.names,
        head_rows=layout.head_rows,
        rows=rows,
        unit=f"(단위: {', '.join(units)})" if units else "",
        frozen=min(frozen, len(layout.columns) - 1),
    )


def whole(
    known: Mapping[str, Column], options: Options, subjects: Sequence[Sequence[Any]]
) -> Table:
    """Return the table that an office's own file is filled from: all columns."""
    return table(
        "", "", known, tuple(known), attrs.evolve(options, columns=(), widths={}), subjects
    )


def label(text: str, columns: int = 1, rows: int = 1) -> Cell:
    """Return a cell that names what stands beside it."""
    return Cell(text, label=True, bold=True, columns=columns, rows=rows)


def wide(text: str | None, columns: int, *, align: str = "left") -> list[Cell | None]:
    """Return a text over several columns, with what it covers."""
    return [Cell(text, align=align, columns=columns), *[None] * (columns - 1)]


def plain(
    name: str,
    caption: str,
    heads: Sequence[tuple[str, int]],
    rows: Sequence[Sequence[Cell | None]],
    *,
    unit: str = "",
    remarks: Sequence[str] = (),
) -> Table:
    """Return a table of fixed columns: title and width in millimetres; without rows it says
    해당 없음. Without titles it has no head."""
    titled = any(title for title, _ in heads)
    if not rows:
        rows = [[Cell("해당 없음"), *[Cell(None)] * (len(heads) - 1)]]
    return Table(
        name=name,
        caption=caption,
        widths=tuple(Decimal(width) for _, width in heads),
        heads=tuple(Head(title, 0, n) for n, (title, _) in enumerate(heads)) if titled else (),
        head_rows=1 if titled else 0,
        rows=tuple(tuple(row) for row in rows),
        unit=unit,
        remarks=tuple(remarks),
    )


def by_project(standings: Sequence[Any], sources: Any, unit: str) -> list[list[Line]]:
    """Return the lines of each project, one for an indicator."""
    return [
        [Line(sources, each, indicator, unit) for indicator in each.definition.indicators]
        for each in standings
    ]
