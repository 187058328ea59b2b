"""The workbook of a unit for one event: what the plan and the store know is filled in, the rest is
to be written (see `book_columns`).

What the sheet itself works out (rate, standing) is a preview: evalflow works everything out again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from evalflow.batch import book_columns as spots
from evalflow.batch.book_columns import Spot
from evalflow.files.book_writer import BookColumn, BookSheet, Filled, Worked
from evalflow.files.cells import column_letters
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.lifecycle.fields import figure_from
from evalflow.model import (
    Actual,
    Change,
    Evaluation,
    Indicator,
    Label,
    NotDue,
    PlanHead,
    Project,
    ProjectDefinition,
    Share,
)
from evalflow.model.calendar import day_text
from evalflow.model.values import frozen
from evalflow.plan.tables import NOT_DUE, accumulation_label
from evalflow.scoring.accumulation import amounts
from evalflow.scoring.bands import LAGGING_VERDICTS, band_label
from evalflow.scoring.formulas import FORMULAS
from evalflow.scoring.kernel import half_up
from evalflow.scoring.rollup import roll_up

WORDS = {
    "quarter": Label("분기", "quarter"),
    "half": Label("반기", "half-year"),
    "month": Label("월", "month"),
    "year": Label("연", "year"),
}
_SPARE = 12  # empty rows on a sheet where people add their own
_MILLION = 1_000_000
Rows = list[tuple[Filled, ...]]


@frozen(kw_only=True)
class BookProject:
    """A project with what a sheet shows of it: what the plan in force says, and its evaluation.
    `unit` is the name of its department, `spent` what was spent in the year up to the period, in
    won (None: nothing was said)."""

    project: Project
    definition: ProjectDefinition
    evaluation: Evaluation
    unit: Label
    spent: int | None = None


@frozen(kw_only=True)
class BookFor:
    """What a workbook is made for.

    Attributes:
        periods, whole: the plan's periods up to `period`; all of them.
        unit: the unit whose workbook it is, by id; `unit_label` its name.
        due: by when it is owed, or None.
        lang: the language of its heads.
    """

    head: PlanHead
    lifecycle: Lifecycle
    event: Event
    period: str
    period_label: Label
    periods: tuple[str, ...]
    whole: tuple[str, ...]
    unit: str
    unit_label: Label
    due: dt.date | None
    projects: tuple[BookProject, ...]
    lang: str = "ko"


def pages(what: BookFor) -> tuple[BookSheet, ...]:
    """Return the sheets of the workbook: the cover, what is to be filled in, and the hidden one
    that says what it was made for."""
    return tuple(_Pages(what).all())


class _Pages:
    def __init__(self, what: BookFor) -> None:
        self.what, self.event = what, what.event
        self.word = WORDS[what.head.calendar.frequency]
        self.by_line = spots.has(what.event, "figures", "judgements")

    def say(self, label: Label) -> str:
        return label.text(self.what.lang)

    def all(self) -> Iterator[BookSheet]:
        event, sheets = self.event, []
        if event.together is None:
            sheets += [self.lines() if self.by_line else self.data()]
        else:
            sheets += [self.units(), self.projects(), self.summary()]
            lagging = self.lagging()
            sheets += [lagging] if lagging.rows else []
        if spots.has(event, "cards") and any(each.definition.cards for each in self.what.projects):
            sheets.append(self.cards())
        if spots.has(event, "months"):
            months = self.months()
            sheets += [months] if months.rows else []
        if spots.has(event, "declarations"):
            sheets.append(self.declared())
        if spots.listed_fields(event):
            sheets.append(self.sheet(spots.EVIDENCE, spots.EVIDENCE_SPOTS, [], spare=_SPARE))
        if spots.has(event, "measures"):
            sheets.append(self.sheet(spots.MEASURES, spots.MEASURE_SPOTS, [], spare=_SPARE))
        if spots.has(event, "change"):
            sheets.append(self.changed())
        yield self.cover(sheets)
        yield from sheets
        yield self.about()

    # ------------------------------------------------------------------ cover

    def cover(self, sheets: Sequence[BookSheet]) -> BookSheet:
        what, lang = self.what, self.what.lang
        told: list[tuple[Label, str]] = [
            (Label("부서", "Unit"), self.say(what.unit_label)),
            (Label("평가기간", "Period"), self.say(what.period_label)),
            (Label("계획", "Plan"), self.say(what.head.label)),
            (Label("사업 수", "Projects"), str(len(what.projects))),
        ]
        if what.due is not None:
            told.insert(3, (Label("기한", "Due"), day_text(what.due, lang)))
        rows: Rows = [(self.say(name), text, None) for name, text in told]
        closed = {(at, self.say(CONTENT)) for at in range(len(rows))}
        if self.event.together is not None:
            for spot in spots.own_spots(self.event, what.lifecycle, what.periods, by_line=False):
                rows.append((self.say(spot.head), None, self.say(spot.hint)))
        for sheet in sheets:
            heads = [each.head for each in sheet.columns]
            if self.say(spots.TO_DO.head) not in heads:
                continue
            letters = column_letters(heads.index(self.say(spots.TO_DO.head)) + 1)
            cells = f"'{sheet.name}'!{letters}6:{letters}{sheet.last}"
            count = sum(isinstance(row[-1], Worked) and bool(row[-1].value) for row in sheet.rows)
            name = Label(f"확인할 줄: {sheet.name}", f"Rows to look at: {sheet.name}")
            closed.add((len(rows), self.say(CONTENT)))
            rows.append((self.say(name), Worked(f"=SUMPRODUCT(--(LEN({cells})>0))", count), None))
        title = Label(
            f"{self.say(what.period_label)} {self.event.label.ko}",
            f"{self.say(what.period_label)}: {self.event.label.en}",
        )
        remark = Label(
            "노란색 칸만 입력합니다. 다 적은 뒤 이 파일을 그대로 내십시오.",
            "Write in the yellow cells only, and hand in this very file.",
        )
        columns = (
            BookColumn(head=self.say(ITEM), locked=True, width=26),
            BookColumn(head=self.say(CONTENT), kind="any", width=60),
            BookColumn(head=self.say(Label("설명", "Remarks")), locked=True, width=30),
        )
        return BookSheet(
            name=self.say(spots.COVER),
            title=self.say(title),
            remark=self.say(remark),
            columns=columns,
            rows=tuple(rows),
            closed=frozenset(closed),
        )

    def about(self) -> BookSheet:
        what = self.what
        said = (
            ("format", spots.FORMAT),
            ("plan", what.head.id),
            ("event", self.event.name),
            ("period", what.period),
            ("unit", what.unit),
        )
        columns = (
            BookColumn(head=self.say(ITEM), locked=True),
            BookColumn(head=self.say(CONTENT), locked=True),
        )
        return BookSheet(
            name=self.say(spots.ABOUT), title="evalflow", columns=columns, rows=said, hidden=True
        )

    # ------------------------------------------------------------------ sheets of rows

    def sheet(
        self,
        name: Label,
        columns: Iterable[Spot],
        rows: Rows,
        *,
        spare: int = 0,
        closed: Iterable[tuple[int, str]] = (),
        remark: str = "",
    ) -> BookSheet:
        """Return a sheet of these columns; alarms stand in the standing's."""
        bands = self.what.head.scoring.bands
        lagging = tuple(self.say(each.label) for each in bands if each.verdict in LAGGING_VERDICTS)
        made = tuple(
            BookColumn(
                head=self.say(spot.head),
                hint=self.say(spot.hint),
                kind=spot.kind,
                choices=tuple(self.say(each) for each in spot.choices),
                check="" if spot.key == "to_do" else None,
                locked=not spot.entry and spot.key != "to_do",
                width=spot.width,
                least=spot.least,
                longest=spot.longest,
                allowed=spot.allowed,
                alarms=lagging if spot.key == "band" else (),
            )
            for spot in columns
        )
        title = f"{self.say(self.what.period_label)} {self.say(name)} - "
        return BookSheet(
            name=self.say(name),
            title=title + self.say(self.what.unit_label),
            remark=remark,
            columns=made,
            rows=tuple(rows),
            spare=spare,
            frozen=min(3, len(made) - 1),
            closed=frozenset(closed),
        )

    def lines(self) -> BookSheet:
        """A row an indicator: figures of a department, or what a reviewer says of them."""
        what, figures = self.what, spots.has(self.event, "figures")
        shares = figures and any(
            each.accumulation == "ratio"
            for one in what.projects
            for each in one.definition.indicators
        )
        columns = spots.line_spots(
            self.event, what.lifecycle, what.whole, shares=shares, word=self.word
        )
        places = {spot.key: column_letters(at + 1) for at, spot in enumerate(columns)}
        rows: Rows = []
        closed: list[tuple[int, str]] = []
        for one in what.projects:
            for at, indicator in enumerate(one.definition.indicators):
                told = self._figures(one, indicator) if figures else self._judged(one, indicator)
                if figures:
                    told |= self._worked(one, indicator, places, first=at == 0)
                if at:
                    closed += [(len(rows), self.say(s.head)) for s in columns if s.entry and s.own]
                rows.append(tuple([told.get(spot.key) for spot in columns]))
        remark = Label(
            "한 줄에 한 지표. 노란색 칸만 입력합니다. 이행률과 추진상태는 미리 보기이며 "
            "evalflow가 다시 계산합니다.",
            "A row an indicator. Yellow cells only. Rate and standing are a preview.",
        )
        name = spots.LINES if figures else spots.REVIEW
        return self.sheet(name, columns, rows, closed=closed, remark=self.say(remark))

    def _known(self, one: BookProject) -> dict[str, Filled]:
        """What every row says of its project."""
        return {
            "number": _number(one.project.number),
            "title": self.say(one.definition.label),
            "unit": self.say(one.unit),
        }

    def _figures(self, one: BookProject, indicator: Indicator) -> dict[str, Filled]:
        what = self.what
        prior = _prior(one.evaluation)
        target = indicator.targets.get(what.period)
        last = next(
            (
                prior[each][indicator.id]
                for each in reversed(what.periods[:-1])
                if indicator.id in prior.get(each, {})
            ),
            None,
        )
        budget = one.definition.budget.periods.get(what.period)
        first = one.definition.indicators[0].id == indicator.id
        return (
            self._known(one)
            | {
                "indicator": self.say(indicator.label),
                "measure": indicator.unit,
                "formula": self.say(FORMULAS[indicator.formula].label),
                "accumulation": self.say(accumulation_label(indicator.accumulation)),
                "target": target if isinstance(target, Decimal) else NOT_DUE,
                "total_target": self._target(indicator, what.periods),
                "last": _shown(last),
                "budget": None if budget is None or not first else Decimal(budget) / _MILLION,
            }
            | self._said_before(one.evaluation, indicator, first=first)
        )

    def _said_before(
        self, evaluation: Evaluation, indicator: Indicator, *, first: bool
    ) -> dict[str, Filled]:
        """What was handed in for this period already, of a project that was sent back or is to be
        amended: people change what is wrong, and write nothing twice."""
        facts = evaluation.facts
        if indicator.id not in facts.get("actuals", {}):
            return {}
        why = facts.get("explanations", {}).get(indicator.id, {})
        actual = figure_from(facts["actuals"][indicator.id])
        found: dict[str, Filled] = {
            "actual": _shown(actual),
            "not_due": actual.reason if isinstance(actual, NotDue) else None,
            **{key: why.get(key) for key in _WHY},
        }
        if isinstance(actual, Share):
            found |= {
                "actual": None,
                "numerator": actual.numerator,
                "denominator": actual.denominator,
            }
        for field in spots.single_fields(self.event) if first else ():
            said = facts.get(field.name)
            if field.type == "money" and said is not None:
                found[f"field:{field.name}"] = Decimal(str(said)) / _MILLION
            elif field.type == "text" and isinstance(said, str):
                found[f"field:{field.name}"] = said
        return found

    def _target(self, indicator: Indicator, periods: Sequence[str]) -> Decimal | None:
        """Return the target over the periods, as it is published; None where nothing is due."""
        upto = periods if self.what.head.scoring.basis == "cumulative" else periods[-1:]
        supposed = {
            each: {indicator.id: figure}
            for each in upto
            if isinstance(figure := indicator.targets.get(each), Decimal)
            and indicator.accumulation != "ratio"
        }
        found = amounts(indicator, upto, supposed)
        return None if found.target is None else found.target / found.over

    def _worked(
        self, one: BookProject, indicator: Indicator, at: Mapping[str, str], *, first: bool
    ) -> dict[str, Filled]:
        """What the sheet works out in the row: the actual so far, its rate and standing, and what
        is still to be written."""
        scoring = self.what.head.scoring
        cell = {key: f"{letters}{{row}}" for key, letters in at.items()}
        found: dict[str, Filled] = {"to_do": self._to_do(cell, indicator, first=first)}
        if scoring.scorer != "rates" or indicator.accumulation == "ratio":
            return found
        total = self._total(one, indicator, cell["actual"])
        rate = _rate(indicator, cell["total"], cell["total_target"], scoring.places)
        whole = self._target(indicator, self.what.whole)
        standing = '""'
        for band in reversed(scoring.bands):
            name, least = f'"{self.say(band.label)}"', band.at_least
            if band.against == "whole":
                if (
                    whole
                    and indicator.direction == "up"
                    and indicator.accumulation in ("sum", "last")
                ):
                    asked = f"{cell['total']}>={whole * (least or 0) / 100:f}"
                    standing = f"IF({asked},{name},{standing})"
            elif least is None:
                standing = name
            else:
                standing = f"IF({cell['rate']}>={least:f},{name},{standing})"
        found["total"] = Worked(f'=IF(ISNUMBER({cell["actual"]}),{total},"")')
        found["rate"] = Worked(f'=IF(ISNUMBER({cell["total"]}),{rate},"")')
        found["band"] = Worked(f'=IF(ISNUMBER({cell["rate"]}),{standing},"")')
        return found

    def _total(self, one: BookProject, indicator: Indicator, actual: str) -> str:
        prior = _prior(one.evaluation)
        given = [
            figure
            for each in self.what.periods[:-1]
            if isinstance(figure := prior.get(each, {}).get(indicator.id), Decimal)
            and (
                indicator.accumulation == "sum" or isinstance(indicator.targets.get(each), Decimal)
            )
        ]
        if self.what.head.scoring.basis != "cumulative" or indicator.accumulation == "last":
            return actual
        before = sum(given, Decimal(0))
        if indicator.accumulation == "sum":
            return f"{before:f}+{actual}"
        return f"({before:f}+{actual})/{len(given) + 1}"

    def _to_do(self, cell: Mapping[str, str], indicator: Indicator, *, first: bool) -> Worked:
        """Return what is still to be written in the row; the value is that of an empty one."""
        say = self.say
        figure = cell["actual"]
        lacking = say(Label("실적 미입력", "no actual"))
        asked = [f'IF({figure}="","{lacking} ","")']
        now = [lacking]
        if indicator.accumulation == "ratio":
            either = f'AND({figure}="",{cell["numerator"]}="")'
            asked = [f'IF({either},"{lacking} ","")']
        if "cause" in cell:
            bands = self.what.head.scoring.bands
            bad = ",".join(
                f'{cell["band"]}="{say(each.label)}"'
                for each in bands
                if each.verdict in LAGGING_VERDICTS
            )
            for key, label in (
                ("cause", Label("부진사유 없음", "no cause")),
                ("countermeasure", Label("대책 없음", "no countermeasure")),
            ):
                asked.append(f'IF(AND(OR({bad}),{cell[key]}=""),"{say(label)} ","")')
        if first:
            for field in spots.single_fields(self.event):
                key = f"field:{field.name}"
                if field.type == "money" and key in cell:
                    label = Label(f"{field.label.ko} 없음", f"no {field.label.en.lower()}")
                    asked.append(f'IF({cell[key]}="","{say(label)} ","")')
                    now.append(say(label))
        return Worked("=" + "&".join(asked), "".join(f"{each} " for each in now))

    def _judged(self, one: BookProject, indicator: Indicator) -> dict[str, Filled]:
        rating = one.evaluation.self_rating
        line = None if rating is None else rating.line(indicator.id)
        said = one.evaluation.facts.get("explanations", {}).get(indicator.id, {})
        words = [said[key] for key in ("cause", "countermeasure") if said.get(key)]
        bands = self.what.head.scoring.bands
        judged = line is not None and line.status != "not_due"  # one without a rate, too
        return self._known(one) | {
            "indicator": self.say(indicator.label),
            "formula": self.say(FORMULAS[indicator.formula].label),
            "total_target": None if line is None else line.target,
            "total": None if line is None else line.actual,
            "rate": None if line is None else line.rate,
            "band": "-" if line is None else self.say(band_label(bands, line.band)),
            "said": " / ".join(words) or "-",
            "verdict": None if judged else self.say(spots.NONE),
        }

    def data(self) -> BookSheet:
        """A row a project: what is said of it at once."""
        what = self.what
        own = spots.own_spots(self.event, what.lifecycle, what.whole, by_line=False)
        columns = [spots.NUMBER, spots.TITLE, spots.UNIT, *own, spots.WHO]
        rows: Rows = []
        for one in what.projects:
            told = self._known(one)
            rows.append(tuple([told.get(spot.key) for spot in columns]))
        return self.sheet(spots.DATA, columns, rows)

    def cards(self) -> BookSheet:
        rows: Rows = [
            (_number(one.project.number), f"{one.project.number}-{at}", self.say(card))
            for one in self.what.projects
            for at, card in enumerate(one.definition.cards, 1)
        ]
        return self.sheet(spots.CARDS, spots.CARD_SPOTS, rows)

    def months(self) -> BookSheet:
        months = set(_months(self.what.period))
        rows: Rows = [
            (_number(one.project.number), self.say(one.definition.label), month, plan)
            for one in self.what.projects
            for month, plan in one.definition.schedule.items()
            if month in months
        ]
        return self.sheet(spots.MONTHS, spots.MONTH_SPOTS, rows)

    def declared(self) -> BookSheet:
        rows: Rows = [
            (
                _number(one.project.number),
                self.say(one.definition.label),
                change.number,
                _change_text(change),
            )
            for one in self.what.projects
            for change in one.project.approved
            if change.declared_in is None
        ]
        remark = Label(
            "확정된 변경은 다음 정기평가에 반드시 적습니다. 없으면 비어 있습니다.",
            "Approved changes are stated in the next evaluation; empty where there is none.",
        )
        return self.sheet(spots.DECLARED, spots.DECLARED_SPOTS, rows, remark=self.say(remark))

    def changed(self) -> BookSheet:
        rows: Rows = []
        at = self.what.whole.index(self.what.period)
        for one in self.what.projects:
            known = (_number(one.project.number), self.say(one.definition.label))
            for label, path, before in _changeable(one.definition, self.what.whole[at:]):
                rows.append((*known, self.say(label), path, before))
        remark = Label(
            "바뀌는 것만 '변경 후'에 적습니다. 나머지는 비워 둡니다.",
            "Write only what changes under 'After'; leave the rest blank.",
        )
        return self.sheet(spots.CHANGED, spots.CHANGED_SPOTS, rows, remark=self.say(remark))

    # ------------------------------------------------------------------ a bureau's

    def units(self) -> BookSheet:
        """How far each department is: a row a unit."""
        region = self.what.lifecycle.leading(self.event)
        sources = self.event.sources()
        columns = (
            spots.UNIT,
            Spot(key="count", head=Label("사업 수", "Projects")),
            Spot(key="ready", head=Label("준비된 사업", "Ready")),
            Spot(key="open", head=Label("아직인 사업", "Not yet"), width=30),
        )
        groups: dict[str, list[BookProject]] = {}
        for one in self.what.projects:
            groups.setdefault(self.say(one.unit), []).append(one)
        rows: Rows = []
        for name, members in groups.items():
            behind = [m.project.number for m in members if m.project.states[region] not in sources]
            rows.append((name, len(members), len(members) - len(behind), ", ".join(behind) or "-"))
        return self.sheet(spots.UNITS, columns, rows)

    def projects(self) -> BookSheet:
        """What each project came to: rate, standing, lines that lag, money."""
        bands = self.what.head.scoring.bands
        columns = (
            spots.NUMBER,
            spots.TITLE,
            spots.UNIT,
            Spot(key="rate", head=Label("사업 이행률", "Rate")),
            Spot(key="band", head=Label("추진상태", "Standing")),
            Spot(key="lagging", head=Label("부진 지표 수", "Lagging lines")),
            *_MONEY,
        )
        rows: Rows = []
        for one in self.what.projects:
            rating = one.evaluation.rating
            lines = () if rating is None else rating.lines
            told = (
                self._known(one)
                | self._money([one])
                | {
                    "rate": None if rating is None else rating.rate,
                    "band": "-" if rating is None else self.say(band_label(bands, rating.band)),
                    "lagging": sum(each.verdict in LAGGING_VERDICTS for each in lines),
                }
            )
            rows.append(tuple([told.get(spot.key) for spot in columns]))
        return self.sheet(spots.PROJECTS, columns, rows)

    def _money(self, members: Sequence[BookProject]) -> dict[str, Filled]:
        """What is planned for these projects up to the period, what was spent, and the share."""
        planned = sum(
            one.definition.budget.periods.get(each, 0)
            for one in members
            for each in self.what.periods
        )
        said = [one.spent for one in members if one.spent is not None]
        spent = sum(said) if said else None
        share = None
        if planned and spent is not None:
            share = Decimal(half_up(spent * 1000, planned)) / 10
        return {
            "budget": Decimal(planned) / _MILLION if planned else None,
            "spent": None if spent is None else Decimal(spent) / _MILLION,
            "share": share,
        }

    def summary(self) -> BookSheet:
        """What each department came to, and the bureau: the table of 붙임 2."""
        scoring = self.what.head.scoring
        units = {one.project.id: self.say(one.unit) for one in self.what.projects}
        ratings = [
            one.evaluation.rating for one in self.what.projects if one.evaluation.rating is not None
        ]
        rolled = roll_up(
            ratings,
            key=lambda rating: units.get(rating.project),
            places=scoring.places,
            bands=scoring.bands,
        )
        columns = (
            spots.UNIT,
            Spot(key="count", head=Label("사업 수", "Projects")),
            *(Spot(key=f"band:{each.name}", head=each.label) for each in scoring.bands),
            Spot(key="rate", head=Label("평균 이행률", "Mean rate")),
            *_MONEY,
        )
        groups: dict[str, list[BookProject]] = {}
        for one in self.what.projects:
            groups.setdefault(self.say(one.unit), []).append(one)
        rows: Rows = []
        for name, members, group in (
            *((name, members, rolled.groups.get(name)) for name, members in groups.items()),
            (self.say(Label("계", "All")), self.what.projects, rolled.total),
        ):
            told: dict[str, Filled] = {"unit": name, "count": len(members), **self._money(members)}
            if group is not None:
                told |= {f"band:{band}": number for band, number in group.bands.items()}
                told["rate"] = group.rate
            rows.append(tuple([told.get(spot.key) for spot in columns]))
        return self.sheet(spots.SUMMARY, columns, rows)

    def lagging(self) -> BookSheet:
        """The lines that lag, each with its cause and countermeasure."""
        bands = self.what.head.scoring.bands
        columns = (
            spots.NUMBER,
            spots.TITLE,
            spots.UNIT,
            Spot(key="indicator", head=Label("성과지표", "Indicator")),
            Spot(key="rate", head=Label("이행률", "Rate")),
            Spot(key="band", head=Label("추진상태", "Standing")),
            Spot(key="cause", head=Label("부진사유", "Cause"), width=36),
            Spot(key="countermeasure", head=Label("대책", "Countermeasure"), width=32),
        )
        rows: Rows = []
        for one in self.what.projects:
            rating = one.evaluation.rating
            why = one.evaluation.facts.get("explanations", {})
            for line in () if rating is None else rating.lines:
                indicator = one.definition.indicator(line.indicator)
                if line.verdict not in LAGGING_VERDICTS or indicator is None:
                    continue
                told = self._known(one) | {
                    "indicator": self.say(indicator.label),
                    "rate": line.rate,
                    "band": self.say(band_label(bands, line.band)),
                    **{key: why.get(indicator.id, {}).get(key) for key in _WHY},
                }
                rows.append(tuple([told.get(spot.key) for spot in columns]))
        return self.sheet(spots.LAGGING, columns, rows)


_WHY = ("cause", "countermeasure")
_MONEY = (
    Spot(key="budget", head=Label("예산(누계, 백만원)", "Budget so far (million won)")),
    Spot(key="spent", head=Label("집행액(누계, 백만원)", "Spent so far (million won)")),
    Spot(key="share", head=Label("집행률(%)", "Spent (%)")),
)

ITEM, CONTENT = Label("항목", "item"), Label("내용", "content")


def _number(text: str) -> Filled:
    return int(text) if text.isascii() and text.isdigit() and text == str(int(text)) else text


def _prior(evaluation: Evaluation) -> dict[str, dict[str, Actual]]:
    return {
        period: {name: figure_from(figure) for name, figure in figures.items()}
        for period, figures in evaluation.prior.items()
    }


def _shown(actual: Actual | None) -> Filled:
    if isinstance(actual, Decimal):
        return actual
    return str(actual) if isinstance(actual, Share) else None if actual is None else NOT_DUE


def _rate(indicator: Indicator, actual: str, target: str, places: int) -> str:
    """Return a formula's rate as a spreadsheet works it out; text where there is none."""
    none = '"-"'
    upward = f"IF({target}>0,{actual}/{target}*100,IF({target}<0,(2-{actual}/{target})*100,{none}))"
    linear = f"IF({target}>0,(2-{actual}/{target})*100,{none})"
    start = indicator.baseline or 0
    lower = indicator.direction == "down"
    met = f"{actual}<={target}" if lower else f"{actual}>={target}"
    rate = {
        "up": upward,
        "milestone": f"IF({target}>0,{actual}/{target}*100,{none})",
        "down_linear": linear,
        "down_ratio": f"IF(AND({target}>0,{actual}>0),{target}/{actual}*100,{none})",
        "baseline": f"IF({target}={start},{none},({actual}-{start})/({target}-{start})*100)",
        "maintain_at_least": f"IF({actual}>={target},100,{upward})",
        "maintain_at_most": f"IF({actual}<={target},100,{linear})",
        "met_or_not": f"IF({met},100,0)",
    }.get(indicator.formula, none)
    return f"IF(ISNUMBER({target}),IFERROR(ROUND({rate},{places}),{none}),{none})"


def _months(text: str) -> tuple[str, ...]:
    from evalflow.model.calendar import period

    of = period(text)
    day, found = of.start, []
    while day <= of.end:
        found.append(f"{day:%Y-%m}")
        day = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    return tuple(found)


def _change_text(change: Change) -> str:
    """Return a change that was approved as people read it: why, and by which decision."""
    number = (change.document or {}).get("number")
    return f"{change.detail} ({change.reason})" + (f", {number}" if number else "")


def _changeable(
    definition: ProjectDefinition, periods: Sequence[str]
) -> Iterator[tuple[Label, str, Filled]]:
    """Yield what a change may be about: its name, the key by which a patch says it, and what it is
    now. Targets of periods that are over are no longer changed."""
    from evalflow.model.calendar import period

    for indicator in definition.indicators:
        for each in periods:
            target = indicator.targets.get(each)
            when = period(each).label
            yield (
                Label(
                    f"{indicator.label.ko}: {when.ko} 목표",
                    f"{indicator.label.en}: target of {when.en}",
                ),
                f"indicators/{indicator.id}/targets/{each}",
                target if isinstance(target, Decimal) else NOT_DUE,
            )
        if indicator.annual is not None:
            yield (
                Label(f"{indicator.label.ko}: 연간 목표", f"{indicator.label.en}: annual target"),
                f"indicators/{indicator.id}/annual",
                indicator.annual,
            )
    for source, amount in definition.budget.sources.items():
        label = Label(f"사업비: {source}(백만원)", f"Budget: {source} (million won)")
        yield label, f"budget/sources/{source}", Decimal(amount) / _MILLION
    if definition.end is not None:
        yield Label("사업기간: 끝", "Term: end"), "end", definition.end
