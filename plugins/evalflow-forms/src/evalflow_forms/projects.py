"""붙임 1 대상사업 목록: what was chosen, by field, and every project."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import attrs

from evalflow_forms import listing, values
from evalflow_forms.listing import PROJECTS
from evalflow_forms.options import Options, check_columns
from evalflow_forms.papers import of_plan
from evalflow_forms.sheet import Cell, Part, Table
from evalflow_forms.sources import ProjectOverview, Sources

USUAL = (
    *("number", "field", "core_project", "title", "unit", "kind", "term"),
    *("budget", "national", "city", "district", "other"),
)
_MONEY = ("budget", "national", "city", "district", "other")
_SOURCES = {"national": "국비", "city": "시비", "district": "구비"}


def parts(sources: Sources, options: Options) -> tuple[Part, ...]:
    """Return the form: counts by field, and the list, each with its sum."""
    check_columns("projects", options, PROJECTS)
    tables: tuple[Table, ...] = (_listed(sources, options),)
    if not options.columns:
        tables = (_chosen(sources, options), *tables)
    return (
        Part(
            name="대상사업 목록",
            subtitle=f"{sources.head.label.ko} · {sources.name(sources.unit)}",
            tables=tables,
            apart=True,
            paper=attrs.evolve(of_plan(sources), attachments=()),
        ),
    )


def whole(sources: Sources, options: Options) -> Table:
    """Return all columns, for an office's own file."""
    return listing.whole(PROJECTS, options, _subjects(sources, options))


def _subjects(sources: Sources, options: Options) -> list[list[values.Line]]:
    return [[values.Line(sources, each, None, options.unit)] for each in sources.standings]


def _money(members: Sequence[ProjectOverview], name: str) -> int | None:
    """Return what a column of money adds up to; None where nobody has any."""
    found = []
    for each in members:
        budget = each.definition.budget
        if name == "budget":
            found.append(budget.total)
        elif name == "other":
            found += [won for key, won in budget.sources.items() if key not in _SOURCES.values()]
        elif _SOURCES[name] in budget.sources:
            found.append(budget.sources[_SOURCES[name]])
    return sum(found) if found else None


def _units(members: Sequence[ProjectOverview]) -> int:
    return len({each.unit for each in members})


def _count(number: int, *, bold: bool = False) -> Cell:
    return Cell(Decimal(number), align="right", bold=bold)


def _chosen(sources: Sources, options: Options) -> Table:
    """Return how many projects each field has, of which kind, and their money."""
    fields: dict[str, list[ProjectOverview]] = {}
    for each in sources.standings:
        fields.setdefault(each.definition.field, []).append(each)
    rows = [
        _field_row(sources.head.fields[field].ko, members, options)
        for field, members in fields.items()
    ]
    total = _field_row("계", sources.standings, options, bold=True)
    heads = [("분야", 37), ("사업 수", 20), ("핵심 프로젝트", 28), ("신규", 20), ("계속", 20)]
    heads += [
        ("부서 수", 22),
        ("사업비 계", 30),
        ("국비", 24),
        ("시비", 24),
        ("구비", 24),
        ("기타", 18),
    ]
    remarks = []
    departments = sum(_units(members) for members in fields.values())
    if departments != _units(sources.standings):
        remarks.append("부서 수의 계는 중복을 뺀 수")
    remarks += values.rounding_remark([row[6] for row in rows], total[6])
    return listing.plain(
        "선정현황",
        "1. 선정현황",
        heads,
        [*rows, total] if rows else [],
        unit=f"(단위: 개, {options.unit})",
        remarks=remarks,
    )


def _field_row(
    name: str, members: Sequence[ProjectOverview], options: Options, *, bold: bool = False
) -> list[Cell]:
    counts = [
        len(members),
        sum(1 for each in members if each.definition.core_project),
        sum(1 for each in members if each.definition.kind == "new"),
        sum(1 for each in members if each.definition.kind == "continued"),
        _units(members),
    ]
    money = [values.money(_money(members, each), options.unit) for each in _MONEY]
    cells = [Cell(name), *(_count(each) for each in counts), *money]
    return [attrs.evolve(each, bold=bold) for each in cells]


def _listed(sources: Sources, options: Options) -> Table:
    """Return the list. 계 stands first, for the list spans pages."""
    made = listing.table(
        "사업별 목록",
        "2. 사업별 목록" if not options.columns else f"대상사업 {len(sources.standings)}개",
        PROJECTS,
        USUAL,
        options,
        _subjects(sources, options),
        frozen=1,
    )
    if not sources.standings:
        return made
    said = {
        "title": Cell(f"{len(sources.standings)}개 사업", align="left"),
        "unit": Cell(f"{_units(sources.standings)}개 부서"),
        **{each: values.money(_money(sources.standings, each), options.unit) for each in _MONEY},
    }
    row: list[Cell | None] = [said.get(name, Cell(None)) for name in made.fields]
    lead = next((n for n, name in enumerate(made.fields) if name in said), len(row))
    if lead:
        row[:lead] = [Cell("계", columns=lead), *[None] * (lead - 1)]
    total = tuple(each and attrs.evolve(each, bold=True) for each in row)
    remarks: tuple[str, ...] = ()
    for place, name in enumerate(made.fields):
        if name in _MONEY and not remarks:
            column = [cell for row in made.rows if (cell := row[place]) is not None]
            remarks = values.rounding_remark(column, total[place] or Cell(None))
    if not remarks and "budget" in made.fields:
        remarks = _across(made, total)
    return attrs.evolve(made, rows=(total, *made.rows), remarks=remarks)


def _across(made: Table, total: tuple[Cell | None, ...]) -> tuple[str, ...]:
    """Return the explanation where a row's sources do not add up to its 계 as printed."""
    places = [made.fields.index(each) for each in _MONEY if each in made.fields]
    if len(places) != len(_MONEY):
        return ()
    for row in (total, *made.rows):
        whole, *sources = [cell for place in places if (cell := row[place]) is not None]
        remark = values.rounding_remark(sources, whole)
        if remark and any(isinstance(each.value, Decimal) for each in sources):
            return remark
    return ()
