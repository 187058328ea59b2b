"""What stands in a project's row: a figure or text of a project or an indicator, as a cell."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import attrs

import evalflow
from evalflow.plugins import (
    Actual,
    Indicator,
    NotDue,
    Rating,
    Share,
    band_label,
    explain_line,
    provisional_figures,
)
from evalflow.plugins import Line as RatedLine
from evalflow_forms.sheet import Cell, korean_date
from evalflow_forms.sources import ProjectOverview, Sources

NOT_YET = "시기\n미도래"
PROVISIONAL = "p"  # as in published Korean statistics: 1,234p
CORRECTED = "r"  # likewise, revised: 1,234r
DIVISORS = {"백만원": 1_000_000, "천원": 1_000, "원": 1}
MARKS = {"lagging": "▼ ", "seriously_lagging": "▼▼ "}
KINDS = {"new": "신규", "continued": "계속"}
DIRECTIONS = {"up": "상향", "down": "하향", "maintain": "유지"}


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

    @property
    def provisional(self) -> bool:
        """Say whether the period's actual is provisional (잠정치)."""
        found = provisional_figures(self.standing.rating, self.standing.facts)
        return self.indicator is not None and self.indicator.id in found

    def corrected(self, *, so_far: bool) -> bool:
        """Say whether the period's actual was corrected after it had been fixed; with `so_far`,
        whether that of any period up to it was."""
        if self.indicator is None:
            return False
        return any(
            each.indicator == self.indicator.id and (so_far or each.period == self.sources.period)
            for each in self.standing.corrections
        )

    def money(self, won: int | None, places: int = 0) -> Cell:
        """Return an amount in the form's unit; see `money`."""
        return money(won, self.unit, places)

    def said(self, key: str) -> Cell:
        """Return what was explained for the indicator (cause, countermeasure), if it lags."""
        rated = self.rated
        if rated is None or self.indicator is None or rated.verdict in (None, "on_track"):
            return Cell(None)
        told = (self.standing.facts.get("explanations") or {}).get(self.indicator.id) or {}
        return Cell(told.get(key), align="left")


def money(won: int | None, unit: str, places: int = 0) -> Cell:
    """Return won in the form's unit, half-up once; `places` has no sense in whole won."""
    if won is None:
        return Cell(None)
    places = 0 if unit == "원" else places
    amount = Decimal(won) / DIVISORS[unit]
    step = Decimal(1).scaleb(-places)
    return Cell(amount.quantize(step, ROUND_HALF_UP), places, align="right")


def sum_of(figures: Iterable[int | None]) -> int | None:
    """Return the sum; None where one is not known, or there is none."""
    known = list(figures)
    return None if not known or None in known else sum(each or 0 for each in known)


def rounding_remark(parts: Iterable[Cell], total: Cell) -> tuple[str, ...]:
    """Return the line that explains why printed parts do not add up to a printed sum, if so."""
    figures = [each.value for each in parts if isinstance(each.value, Decimal)]
    if not isinstance(total.value, Decimal) or sum(figures, Decimal(0)) == total.value:
        return ()
    return ("금액은 각각 반올림하여 합계가 세부 금액의 합과 다를 수 있음",)


def text_cell(value: str | None, align: str = "center") -> Cell:
    """Return a text as a cell."""
    return Cell(value, align=align)


def figure_cell(value: Actual | None) -> Cell:
    """Return a figure as it was written, to its last decimal."""
    if isinstance(value, Share):
        return Cell(str(value), align="right")
    if isinstance(value, NotDue):
        return Cell(NOT_YET)
    if value is None:
        return Cell(None)
    exponent = value.as_tuple().exponent
    return Cell(value, places=max(0, -exponent) if isinstance(exponent, int) else 0, align="right")


def core(line: Line) -> Cell:
    """Return the core project's name."""
    name = line.definition.core_project
    return text_cell(line.sources.head.core_projects[name].ko if name else None)


def department(line: Line) -> Cell:
    """Return who answers for the project."""
    return text_cell(line.sources.name(line.standing.unit))


def bureau(line: Line) -> Cell:
    """Return the bureau's name."""
    head = line.sources.head
    above = head.ancestor(line.standing.unit, "bureau")
    return text_cell(line.sources.name(above) if above else None)


def term(line: Line) -> Cell:
    """Return the project's first and last day."""
    return text_cell(term_text(line.definition))


def term_text(definition: evalflow.ProjectDefinition) -> str | None:
    """Return a project's first and last day; the year once, where it is the same."""
    start, end = definition.start, definition.end
    if start is None and end is None:
        return None
    last = korean_date(end) if end else ""
    if start and end and start.year == end.year:
        last = last.partition(" ")[2]
    return f"{korean_date(start) if start else ''} ~ {last}".strip()


def source(name: str) -> Any:
    """Return a column of money from one source."""
    return lambda line: line.money(line.definition.budget.sources.get(name))


def other_sources(line: Line) -> Cell:
    """Return money of other sources than the three usual ones."""
    named = ("국비", "시비", "구비")
    rest = [won for name, won in line.definition.budget.sources.items() if name not in named]
    return line.money(sum(rest) if rest else None)


def of_indicator(name: str, align: str = "center") -> Any:
    """Return a column of an attribute of indicators."""

    def value(line: Line) -> Cell:
        return text_cell(getattr(line.indicator, name) if line.indicator else None, align)

    return value


def indicator_name(line: Line) -> Cell:
    """Return the indicator's name."""
    return text_cell(line.indicator.label.ko if line.indicator else None, "left")


def year_target(line: Line) -> Cell:
    """Return the target of the whole year."""
    if line.indicator is None:
        return Cell(None)
    if line.indicator.annual is not None:
        return figure_cell(line.indicator.annual)
    figures = [f for f in line.indicator.targets.values() if isinstance(f, Decimal)]
    if not figures:
        return Cell(NOT_YET)
    if line.indicator.accumulation == "sum":
        return figure_cell(sum(figures, Decimal(0)))
    return figure_cell(figures[-1])


def target(line: Line) -> Cell:
    """Return the period's target."""
    return figure_cell(line.indicator.targets.get(line.sources.period) if line.indicator else None)


def actual(line: Line) -> Cell:
    """Return the period's actual."""
    rated = line.rated
    if rated is not None and rated.status == "not_due":
        return Cell(NOT_YET)
    return marked(figure_cell(rated.figure if rated else None), line)


def actual_so_far(line: Line) -> Cell:
    """Return the actual so far (누계)."""
    return marked(figure_cell(rated.actual if (rated := line.rated) else None), line, so_far=True)


def marked(cell: Cell, line: Line, *, so_far: bool = False) -> Cell:
    """Return the cell with the signs behind it which the remarks explain: of a provisional figure,
    and of one that was corrected after it had been fixed (G6)."""
    signs = PROVISIONAL if line.provisional else ""
    signs += CORRECTED if line.corrected(so_far=so_far) else ""
    return attrs.evolve(cell, value=f"{cell.shown()}{signs}") if signs else cell


def rate(line: Line) -> Cell:
    """Return the indicator's rate, with how it was worked out."""
    rated = line.rated
    if rated is None or rated.rate is None or line.indicator is None:
        words = {"not_due": NOT_YET, "undefined": "산정 불가", "missing": None}
        return Cell(words.get(rated.status) if rated else None)
    rules = line.sources.head.scoring
    note = explain_line(rated, line.indicator, rules, period=line.sources.period)
    return Cell(rated.rate, places=rules.places, percent=True, note=note, align="right")


def rate_text(rate_: Decimal | None, places: int) -> str:
    """Return a rate as printed: `92.0%`, or `-`."""
    return Cell(rate_, places=places, percent=True).shown()


def band(line: Line) -> Cell:
    """Return what the project's rate is called."""
    rating = line.standing.rating
    if rating is None:
        return Cell("실적 미입력")
    return text_cell(band_name(line.sources, rating))


def line_band(line: Line) -> Cell:
    """Return what the indicator's own rate is called."""
    return text_cell(None if line.rated is None else band_name(line.sources, line.rated))


def project_rate(line: Line) -> Cell:
    """Return the project's rate."""
    rating = line.standing.rating
    if rating is None or rating.rate is None:
        return Cell(None)
    places = line.sources.head.scoring.places
    return Cell(rating.rate, places=places, percent=True, align="right")


def band_name(sources: Sources, rated: Rating | RatedLine) -> str | None:
    """Return what a rate is called, with the marks by which it is told without colour."""
    if rated.status == "not_due":
        return NOT_YET
    if rated.band is None:
        return None
    label = band_label(sources.head.scoring.bands, rated.band)
    return f"{MARKS.get(rated.verdict or '', '')}{label.ko}"


def spend_rate(line: Line) -> Cell:
    """Return the share spent of what was needed so far."""
    return share(line.standing.spent, needed(line), line.sources.head.scoring.places)


def needed(line: Line) -> int | None:
    """Return the budget needed up to the period (R31), in won."""
    periods = line.definition.budget.periods
    upto = [won for period, won in periods.items() if period <= line.sources.period]
    return sum(upto) if upto else None


def share(part: int | None, whole: int | None, places: int) -> Cell:
    """Return the share in percent, half-up."""
    if part is None or not whole:
        return Cell(None)
    units = (200 * 10**places * part + whole) // (2 * whole)
    note = f"집행액 ÷ 예산액 × 100 = {part:,} ÷ {whole:,} × 100 (원, 반올림)"
    return Cell(
        Decimal(units).scaleb(-places), places=places, percent=True, note=note, align="right"
    )


def declared(line: Line) -> Cell:
    """Return changes that were declared."""
    return text_cell("\n".join((line.standing.facts.get("declared") or {}).values()), "left")


def evidence(line: Line) -> Cell:
    """Return the list of evidence."""
    return text_cell("\n".join(line.standing.facts.get("evidence") or ()), "left")


def progress(line: Line) -> Cell:
    """Return what was done, by month."""
    told = line.standing.months
    months = [f"{month[5:].lstrip('0')}월: {text}" for month, text in sorted(told.items())]
    if not months and line.standing.facts.get("progress"):
        months = [line.standing.facts["progress"]]
    return text_cell("\n".join(months), "left")


def goals(line: Line) -> Cell:
    """Return the goals served."""
    known = line.sources.head.goals
    return text_cell("\n".join(known[each].label.ko for each in line.definition.goals), "left")
