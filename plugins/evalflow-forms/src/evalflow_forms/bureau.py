"""붙임 2 국별 총괄 평가서: departments, projects, and what lags."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

import attrs

from evalflow.plugins import Band, Rating, roll_up
from evalflow_forms import listing, values
from evalflow_forms.columns import Column
from evalflow_forms.department import corrected, lagging_rows, opinion
from evalflow_forms.listing import DEPARTMENT, plain
from evalflow_forms.options import Options, check_columns
from evalflow_forms.papers import submitted
from evalflow_forms.sheet import TEXT_WIDTH, Cell, Paper, Part, Table
from evalflow_forms.sources import ProjectOverview, Sources
from evalflow_forms.values import Line, sum_of


@attrs.frozen
class Group:
    """The projects of one department (or of all) as a row of 붙임 2."""

    name: str
    sources: Sources
    standings: tuple[ProjectOverview, ...]
    unit: str

    @property
    def ratings(self) -> list[Rating]:
        """Return the ratings there are."""
        return [each.rating for each in self.standings if each.rating is not None]

    def count(self, band: str) -> Cell:
        """Return how many projects are in a band."""
        return _count(sum(1 for rating in self.ratings if rating.band == band))

    def lines(self) -> list[Line]:
        """Return each project without its indicators."""
        return [Line(self.sources, each, None, self.unit) for each in self.standings]


def _count(number: int) -> Cell:
    return Cell(Decimal(number), align="right")


def _mean(group: Group) -> Cell:
    rules = group.sources.head.scoring
    rolled = roll_up(group.ratings, places=rules.places, bands=rules.bands)
    if rolled.total.rate is None:
        return Cell(None)
    rates = ", ".join(str(rating.rate) for rating in group.ratings if rating.rate is not None)
    note = f"사업별 이행률의 단순평균 ({rolled.total.rated}개 사업): {rates}"
    return Cell(rolled.total.rate, rules.places, percent=True, note=note, align="right")


def _group_budget(group: Group) -> int | None:
    return sum_of(values.needed(line) for line in group.lines())


def _group_spent(group: Group) -> int | None:
    return sum_of(each.spent for each in group.standings)


def _group_money(won: int | None, group: Group) -> Cell:
    return Line(group.sources, group.standings[0], None, group.unit).money(won)


def bureau_columns(bands: Sequence[Band]) -> dict[str, Column]:
    """Return the columns of 붙임 2: one for every band of the plan."""
    counted = {
        f"band_{band.name}": Column(band.label.ko, 17, partial(_in_band, band.name), "추진상태")
        for band in bands
    }
    return {
        "unit": Column("부서", 44, lambda group: Cell(group.name)),
        "projects": Column("사업 수", 17, lambda group: _count(len(group.standings)), counts="개"),
        **counted,
        "not_due": Column(
            "시기\n미도래",
            17,
            lambda group: _count(sum(1 for r in group.ratings if r.status == "not_due")),
            "추진상태",
        ),
        "missing": Column(
            "실적\n미입력",
            17,
            lambda group: _count(len(group.standings) - len(group.ratings)),
            "추진상태",
        ),
        "rate": Column("평균\n이행률", 22, _mean),
        "budget": Column(
            "계획액",
            24,
            lambda group: _group_money(_group_budget(group), group),
            "예산(누계)",
            counts="money",
        ),
        "spent": Column(
            "집행액",
            24,
            lambda group: _group_money(_group_spent(group), group),
            "예산(누계)",
            counts="money",
        ),
        "spend_rate": Column(
            "집행률",
            22,
            lambda group: values.share(
                _group_spent(group), _group_budget(group), group.sources.head.scoring.places
            ),
            "예산(누계)",
        ),
    }


def _in_band(band: str, group: Group) -> Cell:
    return group.count(band)


def parts(sources: Sources, options: Options) -> tuple[Part, ...]:
    """Return the form: a row for every department, one for every indicator, and what lags."""
    known = bureau_columns(sources.head.scoring.bands)
    check_columns("bureau", options, known)
    lines = listing.by_project(sources.standings, sources, options.unit)
    tables = [
        _summary(sources, options, known),
        _projects(sources, lines, options),
        _lagging(lines),
    ]
    heads = [("", 30), ("", TEXT_WIDTH - 30)]
    tables.append(opinion(sources, list(sources.standings), heads, "국·소장 총괄의견"))
    return (
        Part(
            name="총괄 평가서",
            subtitle=f"{sources.period_label()} · {sources.name(sources.unit)}",
            tables=tuple(
                attrs.evolve(each, caption=f"{place}. {each.caption}")
                for place, each in enumerate(tables, 1)
            ),
            apart=True,
            paper=_paper(sources),
        ),
    )


def _paper(sources: Sources) -> Paper:
    papers = sum(1 for each in sources.standings if each.rating is not None)
    attached = (f"부서별 자체 평가서 {papers}부",) if papers else ()
    return attrs.evolve(submitted(sources), attachments=attached)


def whole(sources: Sources, options: Options) -> Table:
    """Return all columns, for an office's own file."""
    known = bureau_columns(sources.head.scoring.bands)
    return listing.whole(known, options, [[group] for group in _groups(sources, options)])


def _groups(sources: Sources, options: Options) -> list[Group]:
    by_unit: dict[str, list[ProjectOverview]] = {}
    for each in sources.standings:
        by_unit.setdefault(each.unit, []).append(each)
    groups = [
        Group(sources.name(unit), sources, tuple(members), options.unit)
        for unit, members in by_unit.items()
    ]
    if groups:
        groups.append(Group("계", sources, sources.standings, options.unit))
    return groups


def _summary(sources: Sources, options: Options, known: dict[str, Column]) -> Table:
    groups = _groups(sources, options)
    made = listing.table(
        "총괄", "부서별 총괄", known, tuple(known), options, [[each] for each in groups], frozen=1
    )
    if not groups:
        return made
    *rows, last = made.rows
    total = tuple(cell and attrs.evolve(cell, bold=True) for cell in last)
    remarks: list[str] = []
    if "rate" in made.fields:
        rated = sum(1 for rating in groups[-1].ratings if rating.rate is not None)
        remarks.append(
            "평균 이행률: 사업별 이행률의 단순평균. "
            f"계는 부서 평균의 평균이 아니라 {rated}개 사업의 평균"
        )
    for name in ("budget", "spent"):
        if name not in made.fields:
            continue
        place = made.fields.index(name)
        column = [cell for row in rows if (cell := row[place]) is not None]
        all_of = total[place]
        if all_of is not None and all_of.value is None and any(c.value is not None for c in column):
            remarks.append("예산 계가 -인 것은 입력되지 않은 사업이 있기 때문임")
        elif all_of is not None:
            remarks += values.rounding_remark(column, all_of)
    return attrs.evolve(made, rows=(*rows, total), remarks=tuple(dict.fromkeys(remarks)))


def _projects(sources: Sources, lines: Sequence[Sequence[Line]], options: Options) -> Table:
    names: tuple[str, ...] = (
        "number",
        "title",
        "unit",
        "indicator",
        "measure",
        "target_so_far",
        "actual_so_far",
    )
    names += ("rate", "line_band", "project_rate", "band")
    widths = {"title": 50, "indicator": 50, "line_band": 22, "band": 22}
    made = listing.table(
        "사업별 추진현황",
        "사업별 추진현황",
        DEPARTMENT,
        names,
        Options(unit=options.unit, widths=widths),
        lines,
        frozen=2,
    )
    remarks = [
        f"[{standing.definition.number}] {said}"
        for standing in sources.standings
        for said in corrected(sources, standing)
    ]
    return attrs.evolve(made, remarks=tuple(remarks))


def _lagging(lines: Sequence[Sequence[Line]]) -> Table:
    """Return causes and countermeasures, each text in a row of its own width."""
    rows: list[list[Cell | None]] = []
    for of_project in lines:
        found = list(lagging_rows(list(of_project)))
        if not found:
            continue
        line = of_project[0]
        rate, band = values.project_rate(line).shown(), values.band(line).shown()
        named = f"[{line.definition.number}] {line.definition.label.ko}"
        said = f"{named} · {line.sources.name(line.standing.unit)} · 사업 이행률 {rate} · {band}"
        rows.append([Cell(said, align="left", bold=True, columns=2, label=True), None])
        rows += found
    return plain("부진사업", "부진사업의 사유와 대책", [("", 30), ("", TEXT_WIDTH - 30)], rows)
