"""The four forms, as pure functions from `Sources` and options to a `Sheet`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, Literal

import attrs

import evalflow
from evalflow.plugins import (
    Band,
    Figure,
    FormRequest,
    Indicator,
    NotDue,
    Rating,
    explain_line,
    roll_up,
)
from evalflow.plugins import Line as RatedLine
from evalflow_forms.columns import Column, lay_out, rows_of
from evalflow_forms.sheet import NOTHING, Cell, Evidence, Sheet, Table, korean_date
from evalflow_forms.sources import ProjectOverview, Sources

_NOT_YET = "시기\n미도래"
_DIVISORS = {"백만원": 1_000_000, "천원": 1_000, "원": 1}
_KINDS = {"new": "신규", "continued": "계속"}
_DIRECTIONS = {"up": "상향", "down": "하향", "maintain": "유지"}
_CHANGES = {
    "target": "연간 목표",
    "indicator": "추진내용(성과지표)",
    "period": "사업기간",
    "other": "기타 주요사항",
}


@attrs.frozen
class Line:
    """One indicator of a project, or a project without one, as a row of a table."""

    sources: Sources
    standing: ProjectOverview
    indicator: Indicator | None
    unit: str

    @property
    def definition(self) -> evalflow.ProjectDefinition:
        """Return the project as its plan has it."""
        return self.standing.definition

    @property
    def rated(self) -> RatedLine | None:
        """Return the indicator's line in the rating, where there is one."""
        rating = self.standing.rating
        if rating is None or self.indicator is None:
            return None
        return rating.line(self.indicator.id)

    def money(self, won: int | None) -> Cell:
        """Return an amount in the form's unit, exact where it comes out even."""
        if won is None:
            return Cell(None)
        amount = Decimal(won) / _DIVISORS[self.unit]
        return Cell(amount.quantize(Decimal(1), ROUND_HALF_UP), align="right")

    def said(self, key: str) -> Cell:
        """Return what was explained for the indicator (cause, countermeasure), if it lags."""
        rated = self.rated
        if rated is None or self.indicator is None or rated.verdict in (None, "on_track"):
            return Cell(None)
        told = (self.standing.facts.get("explanations") or {}).get(self.indicator.id) or {}
        return Cell(told.get(key), align="left")


def _text(value: str | None, align: str = "center") -> Cell:
    return Cell(value, align=align)


def _figure(value: Figure | None) -> Cell:
    if isinstance(value, NotDue):
        return Cell(_NOT_YET)
    if value is None:
        return Cell(None)
    exponent = value.as_tuple().exponent
    return Cell(value, places=max(0, -exponent) if isinstance(exponent, int) else 0, align="right")


def _core(line: Line) -> Cell:
    core = line.definition.core_project
    return _text(line.sources.head.core_projects[core].ko if core else None)


def _department(line: Line) -> Cell:
    return _text(line.sources.head.unit(line.standing.unit).label_on(line.sources.day).ko)


def _bureau(line: Line) -> Cell:
    head = line.sources.head
    bureau = head.ancestor(line.standing.unit, "bureau")
    return _text(head.unit(bureau).label_on(line.sources.day).ko if bureau else None)


def _term(line: Line) -> Cell:
    start, end = line.definition.start, line.definition.end
    return _text(
        f"{korean_date(start) if start else ''} ~\n{korean_date(end) if end else ''}".strip()
        if start or end
        else None
    )


def _source(name: str) -> Any:
    return lambda line: line.money(line.definition.budget.sources.get(name))


def _other_sources(line: Line) -> Cell:
    named = ("국비", "시비", "구비")
    rest = [won for name, won in line.definition.budget.sources.items() if name not in named]
    return line.money(sum(rest) if rest else None)


def _of_indicator(name: str, align: str = "center") -> Any:
    def value(line: Line) -> Cell:
        return _text(getattr(line.indicator, name) if line.indicator else None, align)

    return value


def _indicator_name(line: Line) -> Cell:
    return _text(line.indicator.label.ko if line.indicator else None, "left")


def _year_target(line: Line) -> Cell:
    if line.indicator is None:
        return Cell(None)
    figures = [f for f in line.indicator.targets.values() if isinstance(f, Decimal)]
    if not figures:
        return Cell(_NOT_YET)
    if line.indicator.accumulation == "sum":
        return _figure(sum(figures, Decimal(0)))
    return _figure(figures[-1])


def _target(line: Line) -> Cell:
    return _figure(line.indicator.targets.get(line.sources.period) if line.indicator else None)


def _actual(line: Line) -> Cell:
    rated = line.rated
    if rated is not None and rated.status == "not_due":
        return Cell(_NOT_YET)
    return _figure(rated.figure if rated else None)


def _rate(line: Line) -> Cell:
    rated = line.rated
    if rated is None or rated.rate is None or line.indicator is None:
        words = {"not_due": _NOT_YET, "undefined": "산정불가", "missing": None}
        return Cell(words.get(rated.status) if rated else None)
    rules = line.sources.head.scoring
    note = explain_line(rated, line.indicator, rules, period=line.sources.period)
    return Cell(rated.rate, places=rules.places, percent=True, note=note, align="right")


def _band(line: Line) -> Cell:
    rating = line.standing.rating
    if rating is None:
        return Cell("미제출")
    return _text(_band_name(line.sources, rating))


def _band_name(sources: Sources, rating: Rating) -> str | None:
    if rating.status == "not_due":
        return _NOT_YET
    return next((b.label.ko for b in sources.head.scoring.bands if b.name == rating.band), None)


def _spend_rate(line: Line) -> Cell:
    return _share(line.standing.spent, _needed(line), line.sources.head.scoring.places)


def _needed(line: Line) -> int | None:
    """Return the budget needed up to the period (R31), in won."""
    periods = line.definition.budget.periods
    upto = [won for period, won in periods.items() if period <= line.sources.period]
    return sum(upto) if upto else None


def _share(part: int | None, whole: int | None, places: int) -> Cell:
    if part is None or not whole:
        return Cell(None)
    units = (200 * 10**places * part + whole) // (2 * whole)
    note = f"집행액 ÷ 예산액 × 100 = {part:,} ÷ {whole:,} × 100 (원, 반올림)"
    rate = Decimal(units).scaleb(-places)
    return Cell(rate, places=places, percent=True, note=note, align="right")


def _declared(line: Line) -> Cell:
    return _text("\n".join((line.standing.facts.get("declared") or {}).values()), "left")


def _evidence(line: Line) -> Cell:
    return _text("\n".join(line.standing.facts.get("evidence") or ()), "left")


def _progress(line: Line) -> Cell:
    told = line.standing.facts.get("progress_by_month") or {}
    months = [f"{month[5:].lstrip('0')}월: {text}" for month, text in sorted(told.items())]
    if not months and line.standing.facts.get("progress"):
        months = [line.standing.facts["progress"]]
    return _text("\n".join(months), "left")


def _goals(line: Line) -> Cell:
    goals = line.sources.head.goals
    return _text("\n".join(goals[each].label.ko for each in line.definition.goals), "left")


_SHARED: Mapping[str, Column] = {
    "number": Column("관리번호", 16, lambda line: _text(line.definition.number)),
    "field": Column(
        "분야", 18, lambda line: _text(line.sources.head.fields[line.definition.field].ko)
    ),
    "core_project": Column("핵심 프로젝트", 34, _core),
    "title": Column("사업명", 44, lambda line: _text(line.definition.label.ko, "left")),
    "bureau": Column("국·소", 24, _bureau),
    "unit": Column("담당부서", 26, _department),
    "kind": Column("신규/계속", 14, lambda line: _text(_KINDS.get(line.definition.kind))),
    "term": Column("사업기간", 30, _term),
    "content": Column(
        "사업내용", 60, lambda line: _text(c.ko if (c := line.definition.content) else None, "left")
    ),
    "goals": Column("단위사업", 34, _goals),
}

PROJECTS: Mapping[str, Column] = {
    **_SHARED,
    "budget": Column("계", 17, lambda line: line.money(line.definition.budget.total), "사업비"),
    "national": Column("국비", 14, _source("국비"), "사업비"),
    "city": Column("시비", 14, _source("시비"), "사업비"),
    "district": Column("구비", 14, _source("구비"), "사업비"),
    "other": Column("기타", 14, _other_sources, "사업비"),
}
"""붙임 1."""

DEPARTMENT: Mapping[str, Column] = {
    **{name: attrs.evolve(column, width=min(column.width, 34)) for name, column in _SHARED.items()},
    "indicator": Column("추진내용\n(성과지표)", 36, _indicator_name, shared=False),
    "measure": Column("단위", 11, _of_indicator("unit"), shared=False),
    "formula": Column("측정산식", 22, _of_indicator("formula"), shared=False),
    "direction": Column(
        "방향",
        11,
        lambda line: _text(_DIRECTIONS.get(line.indicator.direction) if line.indicator else None),
        shared=False,
    ),
    "year_target": Column("연간\n목표", 15, _year_target, shared=False),
    "target": Column("목표", 15, _target, "당기", shared=False),
    "actual": Column("실적", 15, _actual, "당기", shared=False),
    "target_so_far": Column(
        "목표",
        15,
        lambda line: _figure(rated.target if (rated := line.rated) else None),
        "누계",
        shared=False,
    ),
    "actual_so_far": Column(
        "실적",
        15,
        lambda line: _figure(rated.actual if (rated := line.rated) else None),
        "누계",
        shared=False,
    ),
    "rate": Column("이행률", 17, _rate, shared=False),
    "budget": Column("예산액", 15, lambda line: line.money(_needed(line)), "예산(누계)"),
    "spent": Column("집행액", 15, lambda line: line.money(line.standing.spent), "예산(누계)"),
    "spend_rate": Column("집행률", 15, _spend_rate, "예산(누계)"),
    "progress": Column("월별 추진실적", 40, _progress),
    "band": Column("추진\n상태", 14, _band),
    "cause": Column("부진사유", 30, lambda line: line.said("cause"), shared=False),
    "countermeasure": Column(
        "대책·향후계획", 30, lambda line: line.said("countermeasure"), shared=False
    ),
    "declared": Column("변경사항", 26, _declared),
    "evidence": Column("증빙", 26, _evidence),
}
"""붙임 3."""


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


def _sum(figures: Sequence[int | None]) -> int | None:
    known = [each for each in figures if each is not None]
    return sum(known) if known and len(known) == len(figures) else None


def _group_budget(group: Group) -> int | None:
    return _sum([_needed(line) for line in group.lines()])


def _group_spent(group: Group) -> int | None:
    return _sum([each.spent for each in group.standings])


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
        "projects": Column("사업수", 17, lambda group: _count(len(group.standings))),
        **counted,
        "not_due": Column(
            "시기\n미도래",
            17,
            lambda group: _count(sum(1 for r in group.ratings if r.status == "not_due")),
            "추진상태",
        ),
        "missing": Column(
            "미제출",
            17,
            lambda group: _count(len(group.standings) - len(group.ratings)),
            "추진상태",
        ),
        "rate": Column("평균\n이행률", 22, _mean),
        "budget": Column(
            "예산액", 24, lambda group: _group_money(_group_budget(group), group), "예산(누계)"
        ),
        "spent": Column(
            "집행액", 24, lambda group: _group_money(_group_spent(group), group), "예산(누계)"
        ),
        "spend_rate": Column(
            "집행률",
            22,
            lambda group: _share(
                _group_spent(group), _group_budget(group), group.sources.head.scoring.places
            ),
            "예산(누계)",
        ),
    }


def _in_band(band: str, group: Group) -> Cell:
    return group.count(band)


@attrs.frozen(kw_only=True)
class Changed:
    """One row of the before/after table: one thing that a change puts in place of another."""

    place: int
    sources: Sources
    standing: ProjectOverview
    entry: evalflow.Entry
    part: str
    before: str | None
    after: str | None

    def later(self, event: str) -> evalflow.Entry | None:
        """Return the entry of that event which settled this change."""
        for entry in self.standing.history:
            if entry.number > self.entry.number:
                if entry.event == event:
                    return entry
                if entry.event == self.entry.event:
                    return None
        return None


def _decided(row: Changed) -> Cell:
    decision = row.later("approve_change")
    if decision is None:
        return Cell("반려" if row.later("reject_change") else "방침 전")
    day = decision.at.astimezone(row.sources.zone).date()
    return _text(f"{korean_date(day)}\n{_document(decision)}".strip())


def _document(entry: evalflow.Entry) -> str:
    said = entry.data.get("document") or ""
    return str(said.get("number", "")) if isinstance(said, Mapping) else str(said)


def _opinions(row: Changed) -> Cell:
    given = [
        f"{_roles(row.sources, entry.role)}: {entry.data['opinion']}"
        + (" (이견)" if entry.data.get("dissent") else "")
        for entry in row.standing.history
        if entry.event == "consult" and entry.number > row.entry.number
    ]
    return _text("\n".join(given), "left")


def _roles(sources: Sources, role: str) -> str:
    return sources.roles.get(role, role)


CHANGE: Mapping[str, Column] = {
    "serial": Column("연번", 12, lambda row: _text(str(row.place))),
    "number": Column("관리번호", 18, lambda row: _text(row.standing.definition.number)),
    "title": Column("사업명", 36, lambda row: _text(row.standing.definition.label.ko, "left")),
    "kind": Column("변경구분", 24, lambda row: _text(_kind_of(row.entry))),
    "part": Column("변경항목", 40, lambda row: _text(row.part, "left"), shared=False),
    "before": Column("변경 전", 26, lambda row: _text(row.before), shared=False),
    "after": Column("변경 후", 26, lambda row: _text(row.after), shared=False),
    "reason": Column("변경사유", 36, lambda row: _text(row.entry.data["reason"], "left")),
    "detail": Column("세부내용", 36, lambda row: _text(row.entry.data["detail"], "left")),
    "reported_on": Column(
        "구청장\n보고일", 24, lambda row: _text(_korean(row.entry.data["reported_on"]))
    ),
    "opinions": Column("협조 의견", 36, _opinions),
    "decided": Column("방침", 30, _decided),
}
"""변경계획서."""


def _kind_of(entry: evalflow.Entry) -> str:
    kind = str(entry.data["kind"])
    return _CHANGES.get(kind, kind)


# --------------------------------------------------------------------------- options


@attrs.frozen(kw_only=True)
class Options:
    """What a plan may say of a form, under `forms: {NAME: …}`.

    Attributes:
        columns: the columns by name, in order; none: evalflow's own choice.
        titles: names of columns, in place of evalflow's.
        widths: widths of columns in millimetres, relative to one another.
        title: the title, in place of evalflow's.
        number: 등록번호, printed in the head.
        disclosure: 공개구분; without it the plan document's.
        sign_off: the boxes of the sign-off line (결재란), from the left.
        unit: the unit of money.
        attachments: what is attached; the list ends in 끝.
    """

    columns: tuple[str, ...] = ()
    titles: Mapping[str, str] = attrs.field(factory=dict)
    widths: Mapping[str, int] = attrs.field(factory=dict)
    title: str | None = None
    number: str | None = None
    disclosure: str | None = None
    sign_off: tuple[str, ...] = ()
    unit: Literal["백만원", "천원", "원"] = "백만원"
    attachments: tuple[str, ...] = ()


def check_columns(form: str, options: Options, known: Mapping[str, Column]) -> None:
    """Raise where the options name columns that the form does not have.

    Raises:
        InvalidInput: all of them, each with its place and the nearest name.
    """
    problems = []
    asked = [(f"forms.{form}.columns[{n}]", name) for n, name in enumerate(options.columns)]
    asked += [(f"forms.{form}.titles.{name}", name) for name in options.titles]
    asked += [(f"forms.{form}.widths.{name}", name) for name in options.widths]
    for path, name in asked:
        if name not in known:
            missing = evalflow.NotFound("column", name, tuple(known))
            near = f"; '{missing.nearest}'" if missing.nearest else ""
            listed = ", ".join(known)
            problems.append(
                evalflow.Problem(
                    code="unknown_column",
                    path=path,
                    value=name,
                    ko=f"열 '{name}'이(가) 없습니다{near} (가능: {listed})",
                    en=f"no column '{name}'{near} (there are: {listed})",
                )
            )
    problems.extend(
        evalflow.Problem(
            code="column_twice",
            path=f"forms.{form}.columns",
            value=name,
            ko=f"열 '{name}'이(가) 두 번 있습니다",
            en=f"the column '{name}' stands there twice",
        )
        for name in dict.fromkeys(options.columns)
        if options.columns.count(name) > 1
    )
    for name, width in options.widths.items():
        if width < 1:
            problems.append(
                evalflow.Problem(
                    code="bad_width",
                    path=f"forms.{form}.widths.{name}",
                    value=str(width),
                    ko=f"열 너비는 1 이상이어야 합니다: {width}",
                    en=f"a width is at least 1: {width}",
                )
            )
    if problems:
        raise evalflow.InvalidInput(problems)


def _of(form: str, known: Mapping[str, Column]) -> Any:
    """Return what holds columns, titles or widths of a plan file against the form's columns."""

    def validate(_: Any, field: attrs.Attribute[Any], value: Any) -> None:
        given: dict[str, Any] = {field.name: value}
        check_columns(form, Options(**given), known)

    return validate


@attrs.frozen(kw_only=True)
class ProjectsOptions(Options):
    """The options of 붙임 1: its columns are known when the plan is loaded."""

    columns: tuple[str, ...] = attrs.field(default=(), validator=_of("projects", PROJECTS))
    titles: Mapping[str, str] = attrs.field(factory=dict, validator=_of("projects", PROJECTS))
    widths: Mapping[str, int] = attrs.field(factory=dict, validator=_of("projects", PROJECTS))


@attrs.frozen(kw_only=True)
class DepartmentOptions(Options):
    """The options of 붙임 3."""

    columns: tuple[str, ...] = attrs.field(default=(), validator=_of("department", DEPARTMENT))
    titles: Mapping[str, str] = attrs.field(factory=dict, validator=_of("department", DEPARTMENT))
    widths: Mapping[str, int] = attrs.field(factory=dict, validator=_of("department", DEPARTMENT))


@attrs.frozen(kw_only=True)
class ChangeOptions(Options):
    """The options of the 변경계획서."""

    columns: tuple[str, ...] = attrs.field(default=(), validator=_of("change", CHANGE))
    titles: Mapping[str, str] = attrs.field(factory=dict, validator=_of("change", CHANGE))
    widths: Mapping[str, int] = attrs.field(factory=dict, validator=_of("change", CHANGE))


# --------------------------------------------------------------------------- the forms


def _table(
    name: str,
    caption: str,
    known: Mapping[str, Column],
    usual: Sequence[str],
    options: Options,
    subjects: Sequence[Sequence[Any]],
    *,
    unit: str = "",
    frozen: int = 0,
) -> Table:
    layout = lay_out(known, options.columns or usual, options.titles, options.widths)
    rows = rows_of(layout, subjects)
    if not rows:
        nothing = [Cell(None) for _ in layout.columns]
        nothing[min(1, len(nothing) - 1)] = Cell("해당 없음")
        rows = (tuple(nothing),)
    return Table(
        name=name,
        caption=caption,
        widths=layout.widths,
        heads=layout.heads,
        fields=layout.names,
        head_rows=layout.head_rows,
        rows=rows,
        unit=unit,
        frozen=min(frozen, len(layout.columns) - 1),
    )


def projects(sources: Sources, options: Options) -> tuple[Table, ...]:
    """Return 붙임 1 대상사업 목록."""
    usual: tuple[str, ...] = ("number", "field", "core_project", "title", "unit", "kind", "term")
    usual += ("budget", "national", "city", "district", "other")
    check_columns("projects", options, PROJECTS)
    subjects = [[Line(sources, each, None, options.unit)] for each in sources.standings]
    return (
        _table(
            "대상사업 목록",
            f"대상사업 {len(subjects)}개",
            PROJECTS,
            usual,
            options,
            subjects,
            unit=f"(단위: {options.unit})",
            frozen=1,
        ),
    )


def department(sources: Sources, options: Options) -> tuple[Table, ...]:
    """Return 붙임 3 부서별 자체 평가서: a row for every indicator."""
    usual: tuple[str, ...] = (
        "number",
        "title",
        "unit",
        "indicator",
        "measure",
        "year_target",
        "target",
        "actual",
    )
    usual += ("target_so_far", "actual_so_far", "rate", "band", "cause", "countermeasure")
    check_columns("department", options, DEPARTMENT)
    return (
        _table(
            "자체 평가서",
            "성과지표별 추진실적",
            DEPARTMENT,
            usual,
            options,
            _by_project(sources, options.unit),
            unit=f"(단위: {options.unit}, %)",
            frozen=2,
        ),
    )


def _by_project(sources: Sources, unit: str) -> list[list[Line]]:
    return [
        [Line(sources, each, indicator, unit) for indicator in each.definition.indicators]
        for each in sources.standings
    ]


def bureau(sources: Sources, options: Options) -> tuple[Table, ...]:
    """Return 붙임 2 국별 총괄 평가서: a row for every department, and what lags."""
    known = bureau_columns(sources.head.scoring.bands)
    check_columns("bureau", options, known)
    by_unit: dict[str, list[ProjectOverview]] = {}
    for each in sources.standings:
        by_unit.setdefault(each.unit, []).append(each)
    groups = [
        Group(
            sources.head.unit(unit).label_on(sources.day).ko, sources, tuple(members), options.unit
        )
        for unit, members in by_unit.items()
    ]
    if groups:
        groups.append(Group("계", sources, sources.standings, options.unit))
    summary = _table(
        "총괄",
        "1. 부서별 총괄",
        known,
        tuple(known),
        options,
        [[group] for group in groups],
        unit=f"(단위: 개, %, {options.unit})",
        frozen=1,
    )
    summary = attrs.evolve(summary, rows=tuple(_totals_bold(summary.rows, bool(groups))))
    lagging = [
        [line for line in lines if line.rated and line.rated.verdict not in (None, "on_track")]
        for lines in _by_project(sources, options.unit)
    ]
    slow = _table(
        "부진사업",
        "2. 부진사업 및 부진지표 요약",
        DEPARTMENT,
        ("number", "title", "unit", "indicator", "rate", "band", "cause", "countermeasure"),
        Options(widths={"title": 48, "cause": 52, "countermeasure": 52, "indicator": 44}),
        [lines for lines in lagging if lines],
        unit="(단위: %)",
        frozen=1,
    )
    return (summary, slow)


def _totals_bold(
    rows: Sequence[tuple[Cell | None, ...]], totals: bool
) -> Iterator[tuple[Cell | None, ...]]:
    for place, row in enumerate(rows):
        last = totals and place == len(rows) - 1
        yield tuple(attrs.evolve(cell, bold=True) if cell and last else cell for cell in row)


def change(sources: Sources, options: Options) -> tuple[Table, ...]:
    """Return 변경계획서: what each requested change puts in place of what.

    Raises:
        NotFound: no change was requested by then.
    """
    check_columns("change", options, CHANGE)
    usual: tuple[str, ...] = (
        "serial",
        "number",
        "title",
        "part",
        "before",
        "after",
        "reason",
        "reported_on",
    )
    usual += ("opinions", "decided")
    groups: list[list[Changed]] = []
    for standing in sources.standings:
        for entry in standing.history:
            if entry.event == "request_change":
                before = sources.definitions[entry.revision][standing.definition.id]
                groups.append(
                    [
                        Changed(
                            place=len(groups) + 1,
                            sources=sources,
                            standing=standing,
                            entry=entry,
                            part=part,
                            before=was,
                            after=becomes,
                        )
                        for part, was, becomes in _changes(
                            before, before.tree, entry.data["change"], ()
                        )
                    ]
                )
    if not groups:
        raise evalflow.NotFound("change", sources.head.id)
    return (
        _table(
            "변경계획",
            "변경 전·후 대비표",
            CHANGE,
            usual,
            options,
            groups,
            frozen=2,
        ),
    )


def _korean(day: str) -> str:
    year, month, date = day.split("-")
    return f"{int(year)}. {int(month)}. {int(date)}."


_PARTS = {
    "indicators": "성과지표",
    "targets": "목표",
    "budget": "사업비",
    "sources": "재원",
    "periods": "분기별 소요예산",
    "start": "시작일",
    "end": "종료일",
    "content": "사업내용",
    "schedule": "월별 세부추진계획",
    "weight": "가중치",
    "unit": "담당부서",
    "ko": "명칭",
}


def _changes(
    definition: evalflow.ProjectDefinition, before: Any, patch: Any, path: tuple[str, ...]
) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield every leaf of a merge patch with what stood there before."""
    if isinstance(patch, Mapping):
        for key, value in patch.items():
            inner = before.get(key) if isinstance(before, Mapping) else None
            yield from _changes(definition, inner, value, (*path, key))
        return
    names = []
    for place, step in enumerate(path):
        indicator = definition.indicator(step) if path[0] == "indicators" and place == 1 else None
        names.append(indicator.label.ko if indicator else _PARTS.get(step, step))
    money = path[0] == "budget"
    yield " › ".join(names), _leaf(before, money), _leaf(patch, money)


def _leaf(value: Any, money: bool) -> str | None:
    if value is None:
        return None
    if isinstance(value, Mapping) and "not_due" in value:
        return "시기미도래"
    text = str(value)
    digits = text.replace(",", "").lstrip("-")
    if digits.replace(".", "", 1).isdecimal() and len(digits) > 3:
        text = f"{Decimal(text.replace(',', '')):,f}".replace("-", "△")
    return text + "원" if money else text


# --------------------------------------------------------------------------- the sheet


TITLES = {
    "projects": "주요업무 시행 및 평가계획 대상사업 목록",
    "bureau": "국별 총괄 평가서",
    "department": "부서별 자체 평가서",
    "change": "주요업무 변경계획서",
}

_BOXES = {
    "projects": ("담당", "정책평가팀장", "정책기획담당관"),
    "bureau": ("담당", "주무팀장", "주무과장", "국·소장"),
    "department": ("담당", "팀장", "부서장"),
    "change": ("담당", "팀장", "부서장", "국·소장", "부구청장", "구청장"),
}

_BUILDERS = {"projects": projects, "bureau": bureau, "department": department, "change": change}


def sheet(
    form: str, sources: Sources, options: Options, request: FormRequest, made_with: str
) -> Sheet:
    """Return the form of this name, with the digest of its content in its evidence.

    Raises:
        InvalidInput: the options name unknown columns.
        NotFound: there is no change to write about.
    """
    head = sources.head
    dated = request.dated or sources.day
    unit = head.unit(sources.unit).label_on(sources.day).ko
    said = head.illustrative
    evidence = Evidence(
        form=form,
        plan=head.id,
        period=sources.period,
        revision=sources.revision,
        lifecycle=sources.lifecycle,
        at=sources.at,
        checkpoint=sources.checkpoint,
        asked=(
            request.unit,
            request.number,
            request.dated.isoformat() if request.dated else None,
        ),
        made_with=made_with,
    )
    remarks = [] if form in ("projects", "change") else [_rate_remark(sources)]
    made = Sheet(
        title=options.title or TITLES[form],
        subtitle=f"{head.label.ko} · {_period_name(sources.period)} · {unit}",
        head=(
            ("등록번호", options.number or NOTHING),
            ("시행일자", korean_date(dated)),
            ("공개구분", options.disclosure or head.document.get("disclosure", NOTHING)),
        ),
        boxes=options.sign_off or _BOXES[form],
        tables=_BUILDERS[form](sources, options),
        remarks=tuple(remarks),
        illustrative=said.ko if said else None,
        attachments=options.attachments,
        evidence=evidence,
        evidence_line=evidence.line(sources.zone),
    )
    return attrs.evolve(made, evidence=attrs.evolve(evidence, content=made.digest()))


def _period_name(period: str) -> str:
    year, _, part = period.partition("-")
    if not part:
        return f"{year}년"
    if part[0] == "Q":
        return f"{year}년 {part[1]}분기"
    if part[0] == "H":
        return f"{year}년 {'상' if part[1] == '1' else '하'}반기"
    return f"{year}년 {int(part)}월"


def _rate_remark(sources: Sources) -> str:
    rules = sources.head.scoring
    basis = "누계" if rules.basis == "cumulative" else "당기"
    bands = ", ".join(
        f"{band.label.ko} {band.at_least}% 이상"
        for band in rules.bands
        if band.at_least is not None
    )
    return (
        f"이행률: {basis} 실적을 {basis} 목표에 대비(지표별 산식), 소수 {rules.places}자리 반올림. "
        f"등급: {bands}. △ 음수, - 해당 없음."
    )
