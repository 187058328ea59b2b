"""붙임 3 부서별 자체 평가서: for each project what it is, what it reached, and what was said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import attrs

import evalflow
from evalflow.plugins import Rating, cards_of, explain_line
from evalflow_forms import change, listing, values
from evalflow_forms.listing import DEPARTMENT, label, plain, wide
from evalflow_forms.options import Options, check_columns
from evalflow_forms.papers import day_of, document, evaluating, given, place_of, records_of
from evalflow_forms.sheet import STANDING_WIDTH, Cell, Head, Paper, Part, Table, korean_date
from evalflow_forms.sources import ProjectOverview, Sources
from evalflow_forms.values import Line

_SAID = {"cause": "부진사유", "countermeasure": "대책", "follow_up": "향후계획"}
_GOALS = {"strategy": "전략목표", "policy": "정책사업목표", "project": "단위사업"}
_REVIEWS = {"review_rating", "spot_rating"}
_NO_OPINION = {"self_rating", "visit_announced"}
_ACCUMULATIONS = {"sum": "합계", "last": "최근값", "average": "평균", "ratio": "분자/분모"}


def parts(sources: Sources, options: Options) -> tuple[Part, ...]:
    """Return the form: a part for every project, or one list where the plan names columns."""
    check_columns("department", options, DEPARTMENT)
    if options.columns or not sources.standings:
        return (
            Part(
                name="자체 평가서",
                subtitle=f"{sources.period_label()} · {sources.name(sources.unit)}",
                tables=(_list(sources, options),),
                apart=True,
            ),
        )
    return tuple(
        Part(
            name=f"{each.definition.number} {each.definition.label.ko}",
            subtitle=f"{sources.period_label()} · {where(sources, each)}",
            tables=tuple(_Sections(sources, each, options).tables()),
            paper=_paper(sources, each),
        )
        for each in sources.standings
    )


def whole(sources: Sources, options: Options) -> Table:
    """Return all columns, for an office's own file."""
    lines = listing.by_project(sources.standings, sources, options.unit)
    return listing.whole(DEPARTMENT, options, lines)


def _paper(sources: Sources, standing: ProjectOverview) -> Paper:
    """Return what is recorded of the department's paper: its number where the last self-evaluation
    says one (등록번호), and the day."""
    number, day = "", evaluated_on(sources, standing)
    for entry in standing.history:
        if entry.period == sources.period and "self_rating" in records_of(sources, entry):
            number, registered = document(sources, entry)
            day = registered if number else day
    return Paper(number=number, registered=day, attachments=tuple(_attached(standing)))


def evaluated_on(sources: Sources, standing: ProjectOverview) -> dt.date | None:
    """Return the day on which the department evaluated itself last in the period."""
    days = [
        day_of(sources, entry)
        for entry in standing.history
        if entry.period == sources.period and "self_rating" in records_of(sources, entry)
    ]
    return days[-1] if days else None


def _attached(standing: ProjectOverview) -> Iterator[str]:
    """Yield what goes with the paper: the evidence that was listed and the cards that were sent."""
    listed = standing.facts.get("evidence") or ()
    if listed:
        yield f"증빙자료 {len(listed)}건"
    cards = standing.facts.get("cards") or {}
    if cards:
        yield f"관리카드 {len(cards)}부"


def where(sources: Sources, standing: ProjectOverview) -> str:
    """Return the bureau and the department that answer for the project on the form's day."""
    bureau = sources.head.ancestor(standing.unit, "bureau")
    names = [sources.name(bureau)] if bureau not in (None, standing.unit) and bureau else []
    return " ".join([*names, sources.name(standing.unit)])


def _list(sources: Sources, options: Options) -> Table:
    return listing.table(
        "자체 평가서",
        "성과지표별 추진실적",
        DEPARTMENT,
        options.columns or ("number", "title", "unit", "indicator", "target", "actual", "rate"),
        options,
        listing.by_project(sources.standings, sources, options.unit),
        frozen=2,
    )


class _Sections:
    """The paper of one project: numbered sections."""

    def __init__(self, sources: Sources, standing: ProjectOverview, options: Options) -> None:
        self.sources, self.standing, self.options = sources, standing, options
        self.definition = standing.definition
        self.lines = [
            Line(sources, standing, each, options.unit) for each in self.definition.indicators
        ]

        self.recovery = recovery_of(sources, standing)

    def tables(self) -> Iterator[Table]:
        """Yield the sections in order."""
        sections = [self._overview, self._indicators, self._money, self._months, self._lagging]
        if self.recovery.measures:
            sections.append(self._recovery)
        sections += [self._changes, self._evidence]
        if self.definition.cards:
            sections.append(self._cards)
        if self._reviews():
            sections.append(self._review)
        for place, section in enumerate([*sections, self._opinion], 1):
            made = section()
            yield attrs.evolve(made, caption=f"{place}. {made.caption}")

    def _overview(self) -> Table:
        head, definition = self.sources.head, self.definition
        core = definition.core_project
        chosen = ", ".join(head.criteria[each].ko for each in definition.selection)
        joint = ", ".join(self.sources.name(each) for each in definition.cooperating)
        rows = [
            [label("사업명"), *wide(f"[{definition.number}] {definition.label.ko}", 3)],
            self._pair(
                ("분야", head.fields[definition.field].ko),
                ("핵심 프로젝트", head.core_projects[core].ko if core else None),
            ),
            self._pair(("사업기간", values.term_text(definition)), ("사업비", self._budget())),
            self._pair(
                ("담당·협조", f"{self.sources.name(self.standing.unit)} / 협조: {joint or '-'}"),
                ("선정기준", chosen or None),
            ),
            [label("사업내용"), *wide(c.ko if (c := definition.content) else None, 3)],
            [label("목표체계"), *wide("\n".join(self._goals()) or None, 3)],
        ]
        heads = [("", 24), ("", 66), ("", 26), ("", 64)]
        return plain("사업개요", "사업개요", heads, rows)

    @staticmethod
    def _pair(*pairs: tuple[str, str | None]) -> list[Cell | None]:
        row: list[Cell | None] = []
        for name, said in pairs:
            row += [label(name), Cell(said, align="left")]
        return row

    def _budget(self) -> str:
        budget, unit = self.definition.budget, self.options.unit
        if not budget.total:
            return "비예산"
        listed = [
            f"{name} {values.money(won, unit).shown()}" for name, won in budget.sources.items()
        ]
        return f"{values.money(budget.total, unit).shown()}{unit} ({', '.join(listed)})"

    def _goals(self) -> Iterator[str]:
        known = self.sources.head.goals
        for goal in self.definition.goals:
            chain = []
            at: str | None = goal
            while at is not None:
                each = known[at]
                chain.append(f"{_GOALS.get(each.kind, '목표')}: {each.label.ko}")
                at = each.parent
            yield " → ".join(reversed(chain))

    def _indicators(self) -> Table:
        names: tuple[str, ...] = (
            "indicator",
            "measure",
            "direction",
            "year_target",
            "target",
            "actual",
        )
        names += ("target_so_far", "actual_so_far", "rate", "line_band")
        widths = (36, 12, 12, 17, 15, 15, 15, 15, 16, 27)
        rows: list[list[Cell | None]] = []
        for line in self.lines:
            row: list[Cell | None] = [DEPARTMENT[name].value(line) for name in names]
            assert line.indicator is not None
            way = _ACCUMULATIONS.get(line.indicator.accumulation, line.indicator.accumulation)
            weight = line.indicator.weight
            row[0] = Cell(f"{line.indicator.label.ko}\n({way}, 가중치 {weight})", align="left")
            rows.append(row)
        last = Line(self.sources, self.standing, None, self.options.unit)
        total = [*wide("사업 이행률(가중평균)", 8), values.project_rate(last), values.band(last)]
        rows.append([each and attrs.evolve(each, bold=True) for each in total])
        upto = self.sources.upto()
        so_far = "누계" if len(upto) == 1 else f"누계({upto[0].label.ko}~)"
        heads = [Head(DEPARTMENT[n].title, 0, p, rows=2) for p, n in enumerate(names[:4])]
        heads += [Head(self.sources.period_label(), 0, 4, columns=2), Head(so_far, 0, 6, columns=2)]
        heads += [Head(text, 1, place) for place, text in enumerate(("목표", "실적") * 2, 4)]
        heads += [Head("이행률", 0, 8, rows=2), Head("추진상태", 0, 9, rows=2)]
        return Table(
            name="실적",
            caption="성과지표별 추진실적",
            widths=tuple(Decimal(each) for each in widths),
            heads=tuple(heads),
            head_rows=2,
            rows=tuple(tuple(row) for row in rows),
            remarks=tuple(self._worked_out()),
        )

    def _worked_out(self) -> Iterator[str]:
        rules = self.sources.head.scoring
        yield from corrected(self.sources, self.standing)
        for line in self.lines:
            rated = line.rated
            if rated is not None and rated.rate is not None and line.indicator is not None:
                said = explain_line(rated, line.indicator, rules, period=self.sources.period)
                yield said

    def _money(self) -> Table:
        budget, unit = self.definition.budget, self.options.unit
        periods = self.sources.periods
        upto = [each.text for each in self.sources.upto()]
        line = Line(self.sources, self.standing, None, unit)
        places = self.sources.head.scoring.places
        spending = self.standing.spending
        planned = [values.money(budget.periods.get(each.text), unit, 1) for each in periods]
        spent = [values.money(spending.get(each.text), unit, 1) for each in periods]
        shares = [
            values.share(spending.get(each.text), budget.periods.get(each.text), places)
            for each in periods
        ]
        planned.append(values.money(values.needed(line), unit, 1))
        spent.append(values.money(self.standing.spent, unit, 1))
        shares.append(values.spend_rate(line))
        room = (STANDING_WIDTH - 20 - 22) // len(periods)
        first = STANDING_WIDTH - 22 - room * len(periods)
        heads = [("구분", first), *((_short(each.label.ko), room) for each in periods)]
        heads.append(("누계", 22))
        of_year = values.share(self.standing.spent, budget.total, places)
        remarks = []
        if of_year.value is not None:
            whole_year = values.money(budget.total, unit, 1).shown()
            remarks.append(f"연간 사업비 {whole_year}{unit} 대비 집행률 {of_year.shown()}")
        count = len(upto)
        for row in (planned, spent):
            if any(isinstance(each.value, Decimal) for each in row[:count]) and not any(
                "반올림" in each for each in remarks
            ):
                remarks += values.rounding_remark(row[:count], row[-1])
        rows = [
            [label("계획액"), *planned],
            [label("집행액"), *spent],
            [label("집행률"), *shares],
        ]
        if not budget.total and not budget.periods and not spending:
            rows, remarks = [], ["비예산 사업"]
        return plain(
            "예산", "예산 및 집행", heads, rows, unit=f"(단위: {unit})" if rows else "",
            remarks=remarks,
        )  # fmt: skip

    def _months(self) -> Table:
        planned, done = self.definition.schedule, self.standing.months
        rows = [
            [
                Cell(f"{int(month[5:])}월"),
                Cell(planned.get(month), align="left"),
                Cell(done.get(month), align="left"),
            ]
            for month in sorted({*planned, *done})
        ]
        said = self.standing.facts.get("progress")
        if said:
            rows.append([label("종합"), *wide(said, 2)])  # type: ignore[list-item]
        heads = [("월", 16), ("월별 세부추진계획", 60), ("추진실적", 104)]
        return plain("월별실적", "월별 추진실적", heads, rows)

    def _lagging(self) -> Table:
        rows = list(lagging_rows(self.lines))
        return plain("부진사유", "부진사유와 대책", [("", 24), ("", 156)], rows)

    def _changes(self) -> Table:
        rows: list[list[Cell | None]] = []
        for entry in self.standing.history:
            if not change.is_request(self.sources, entry):
                continue
            for row in change.rows_of(self.sources, self.standing, entry, self.options.unit):
                if row.decision is None:
                    continue
                said = Cell(row.part, align="left")
                rows.append([said, Cell(row.before), Cell(row.after), change.decided(row)])
        declared = (self.standing.facts.get("declared") or {}).values()
        heads = [("변경항목", 66), ("변경 전", 38), ("변경 후", 38), ("방침", 38)]
        return plain(
            "변경사항",
            "변경사항",
            heads,
            rows,
            remarks=[f"변경사항 기재: {each}" for each in declared],
        )

    def _evidence(self) -> Table:
        listed = self.standing.facts.get("evidence") or ()
        rows = [
            [Cell(str(place)), Cell(str(each), align="left")]
            for place, each in enumerate(listed, 1)
        ]
        return plain("증빙", "증빙자료", [("번호", 16), ("자료명", 164)], rows)

    def _cards(self) -> Table:
        rows = [
            [
                Cell(str(card.number)),
                Cell(card.label.ko, align="left"),
                Cell(None if card.state_label is None else card.state_label.ko),
                Cell(card.text or None, align="left"),
            ]
            for card in cards_of(self.definition, self.standing.facts.get("cards"))
        ]
        heads = [("번호", 16), ("세부사업", 60), ("추진상태", 24), ("추진상황", 80)]
        return plain("관리카드", "관리카드", heads, rows)

    def _recovery(self) -> Table:
        """Return 정상화 방안: what is done by whom until when, what the others answered (R16)."""
        found = self.recovery
        rows: list[list[Cell | None]] = [
            [
                Cell(str(each["measure"]), align="left"),
                Cell(_owner(self.sources, str(each["owner"]), self.sources.day)),
                Cell(korean_date(dt.date.fromisoformat(str(each["until"])))),
            ]
            for each in found.measures
        ]
        for unit, answer, dissent in found.answers:
            told = f"{answer} (이견 있음)" if dissent else answer
            rows.append(
                [Cell(told, align="left"), Cell(self.sources.name(unit)), Cell("협조 회신")]
            )
        answered = {unit for unit, _, _ in found.answers}
        rows += [
            [Cell(None), Cell(self.sources.name(unit)), Cell("회신 전")]
            for unit in self.definition.cooperating
            if unit not in answered
        ]
        remarks = [f"정상화 완료: {found.closed}"] if found.closed else ["추진 중"]
        heads = [("조치사항·협조 내용", 104), ("책임자·협조부서", 42), ("완료 예정일", 34)]
        return plain("정상화", "정상화 방안", heads, rows, remarks=remarks)

    def _reviews(self) -> list[tuple[str, Rating, evalflow.Entry]]:
        """Return what was rated after the department itself: its name, rating and entry."""
        found = []
        for entry in self.standing.history:
            event = self.sources.events.get(entry.event)
            reviewed = _REVIEWS & set(records_of(self.sources, entry))
            if event and reviewed and entry.evaluated == self.sources.period and entry.rating:
                found.append((event.label.ko, Rating.from_tree(entry.rating), entry))
        return found

    def _review(self) -> Table:
        """Return the ratings side by side, with what each stands on (R36, R54, D7)."""
        rows: list[list[Cell | None]] = []
        for entry in self.standing.history:
            if entry.evaluated != self.sources.period or entry.rating is None:
                continue
            event = self.sources.events.get(entry.event)
            if event is None:
                continue
            rating = Rating.from_tree(entry.rating)
            day = korean_date(day_of(self.sources, entry))
            shown = values.rate_text(rating.rate, self.sources.head.scoring.places)
            band = values.band_name(self.sources, rating) or "-"
            rows.append([label(event.label.ko), Cell(f"{shown} · {band} · {day}", align="left")])
            rows += self._stands_on(rating, entry)
        return plain("종합평가", "자체평가와 종합평가", [("", 30), ("", 150)], rows)

    def _stands_on(self, rating: Rating, entry: evalflow.Entry) -> Iterator[list[Cell | None]]:
        for line in rating.lines:
            if line.reason and line.computed != line.rate:
                indicator = self.definition.indicator(line.indicator)
                name = indicator.label.ko if indicator else line.indicator
                places = self.sources.head.scoring.places
                was, now = (values.rate_text(r, places) for r in (line.computed, line.rate))
                said_ = f"성과지표 ‘{name}’: {was} → {now} ({line.reason})"
                yield [label("이행률 조정"), Cell(said_, align="left")]
        visit = given(self.sources, entry, "visit")
        if isinstance(visit, Mapping):
            told = [korean_date(dt.date.fromisoformat(str(visit["on"])))]
            told += [str(visit["note"])] if visit.get("note") else []
            announced = visit.get("notified_on") or self._announced(str(visit["on"]))
            if announced:
                day = korean_date(dt.date.fromisoformat(str(announced)))
                told.append(f"사전통지 {day}")
            if visit.get("unannounced"):
                told.append(f"사전통지 없음: {visit['unannounced']}")
            yield [label("현장확인"), Cell(" · ".join(told), align="left")]
        if "self_rating" not in records_of(self.sources, entry):
            checked = given(self.sources, entry, "texts")
            if checked:
                yield [label("증빙자료 검토"), Cell("\n".join(map(str, checked)), align="left")]
            if entry.reason:
                yield [label("사유"), Cell(entry.reason, align="left")]

    def _announced(self, on: str) -> str | None:
        """Return the day on which a visit of that day was announced."""
        for entry in self.standing.history:
            announced = "visit_announced" in records_of(self.sources, entry)
            if announced and given(self.sources, entry, "date") == on:
                return day_of(self.sources, entry).isoformat()
        return None

    def _opinion(self) -> Table:
        return opinion(self.sources, [self.standing], [("", 24), ("", 156)], "종합의견")


@attrs.frozen(kw_only=True)
class Recovery:
    """The plan to get back on track that is in force (정상화 방안, R16): its measures, the answer
    of each unit that cooperates with whether it dissents, and why it was closed."""

    measures: tuple[Mapping[str, Any], ...] = ()
    answers: tuple[tuple[str, str, bool], ...] = ()
    closed: str | None = None


def recovery_of(sources: Sources, standing: ProjectOverview) -> Recovery:
    """Return the plan of the form's period, as it stands at the form's moment; what was opened in a
    later period is none of it."""
    upto = {each.text for each in sources.upto()}
    found = Recovery()
    for entry in standing.history:
        records = records_of(sources, entry)
        if "follow_up_opened" in records and (found.closed or not found.measures):
            if entry.evaluated not in upto:
                break
            found = Recovery()
        elif "follow_up_planned" in records:
            found = Recovery(measures=tuple(given(sources, entry, "measures") or ()))
        elif "follow_up_answered" in records:
            unit = _answering(sources, standing, entry)
            said = str(given(sources, entry, "text") or "")
            answer = (unit, said, bool(given(sources, entry, "flag")))
            others = tuple(each for each in found.answers if each[0] != unit)
            found = attrs.evolve(found, answers=(*others, answer))
        elif "follow_up_closed" in records:
            found = attrs.evolve(found, closed=entry.reason or "-")
    return found


def _answering(sources: Sources, standing: ProjectOverview, entry: evalflow.Entry) -> str:
    """Return the cooperating unit for which an entry answers: where its actor holds the role."""
    day = day_of(sources, entry)
    for grant in sources.held.get(entry.actor, ()):
        held = grant.role == entry.role and grant.holds_on(day)
        if held and grant.unit in standing.definition.cooperating:
            return grant.unit
    return entry.unit


def corrected(sources: Sources, standing: ProjectOverview) -> Iterator[str]:
    """Yield what was corrected after it had been fixed: of what, from what to what, when, why."""
    for each in standing.corrections:
        indicator = standing.definition.indicator(each.indicator)
        name = indicator.label.ko if indicator else each.indicator
        yield (
            f"{values.CORRECTED} 정정: {sources.period_label(each.period)} ‘{name}’ "
            f"{each.before} → {each.after} ({korean_date(each.on)}, {each.reason})"
        )


def _owner(sources: Sources, owner: str, day: dt.date) -> str:
    """Return who answers for a measure: an actor's place in the office, else as it was written."""
    return place_of(sources, owner, day) or owner


def lagging_rows(lines: list[Line]) -> Iterator[list[Cell | None]]:
    """Yield for each lagging indicator its name and rate, and below each text in a row of its
    own, which may reach over pages."""
    for line in lines:
        rated, indicator = line.rated, line.indicator
        if rated is None or indicator is None or rated.verdict in (None, "on_track"):
            continue
        band = values.band_name(line.sources, rated)
        said = f"성과지표: {indicator.label.ko} · 이행률 {values.rate(line).shown()} · {band}"
        yield [Cell(said, align="left", bold=True, columns=2), None]
        for key, name in _SAID.items():
            text = line.said(key)
            if text.value or key != "follow_up":
                yield [label(name), text]


def opinion(
    sources: Sources, standings: list[ProjectOverview], heads: list[tuple[str, int]], name: str
) -> Table:
    """Return the box for an opinion: what was recorded of this period, or room to write it."""
    told: dict[tuple[str, str], None] = {}
    several = len(standings) > 1
    regions = evaluating(sources)
    for standing in standings:
        for entry in standing.history:
            event = sources.events.get(entry.event)
            if event is None or entry.evaluated != sources.period:
                continue
            if event.leads not in regions or _NO_OPINION & set(event.actions):
                continue
            number = "" if event.together or not several else f"[{standing.definition.number}] "
            for field in event.data:
                said = entry.data.get(field.name) if field.type == "text" else None
                if said:  # what is said of a bureau at once is said once
                    told[field.label.ko, f"{number}{said}"] = None
    rows: list[list[Cell | None]] = [[label(who), Cell(said, align="left")] for who, said in told]
    if not rows:
        rows = [[label(name), Cell("\n\n\n", align="left")]]
    return plain("의견", name, heads, rows)


def _short(period: str) -> str:
    """Return a period's name without its year."""
    return period.partition("년 ")[2] or period
