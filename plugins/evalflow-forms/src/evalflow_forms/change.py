"""변경계획서: what each requested change puts in place of what, and how it was dealt with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs

import evalflow
from evalflow_forms import listing, values
from evalflow_forms.columns import Column
from evalflow_forms.listing import label, plain, wide
from evalflow_forms.options import Options, check_columns
from evalflow_forms.papers import Signed, day_of, records_of, sign_line
from evalflow_forms.sheet import Cell, Paper, Part, Table, grouped, korean_date
from evalflow_forms.sources import ProjectOverview, Sources
from evalflow_forms.values import text_cell

_CHANGES = {
    "target": "연간 목표",
    "indicator": "추진내용(성과지표)",
    "period": "사업기간",
    "other": "기타 주요사항",
}


_ASKED = {"consultation", "agreement"}
_OPINIONS = _ASKED | {"settlement"}
"""What an entry records where its opinion is about a change (협조, 이견 조정)."""


@attrs.frozen(kw_only=True)
class Item:
    """One thing that a change puts in place of another, in words.

    `unit` stands behind both values; exact figures have a difference.
    """

    part: str
    before: str | Decimal | None
    after: str | Decimal | None
    unit: str = ""

    def said(self, value: str | Decimal | None) -> str | None:
        """Return a value as printed."""
        if isinstance(value, Decimal):
            return _exact(value) + self.unit
        return value

    def difference(self) -> Cell:
        """Return what it grows by; △ where it shrinks."""
        if not isinstance(self.before, Decimal) or not isinstance(self.after, Decimal):
            return Cell(None)
        return Cell(_exact(self.after - self.before) + self.unit, align="right")

    def share(self) -> Cell:
        """Return the difference in percent of what was before, half-up to a tenth."""
        if not isinstance(self.before, Decimal) or not isinstance(self.after, Decimal):
            return Cell(None)
        if not self.before:
            return Cell(None)
        return Cell(
            _half_up(Fraction(self.after - self.before) * 100 / abs(Fraction(self.before))),
            1,
            percent=True,
            align="right",
        )


def _half_up(value: Fraction) -> Decimal:
    tenths = (20 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return Decimal(tenths if value >= 0 else -tenths).scaleb(-1)


def _exact(value: Decimal) -> str:
    text = f"{value:f}"
    places = len(text.partition(".")[2])
    return grouped(value, places)


@attrs.frozen(kw_only=True)
class Changed:
    """One row of the before/after table."""

    place: int
    sources: Sources
    standing: ProjectOverview
    entry: evalflow.Entry
    item: Item

    @property
    def part(self) -> str:
        """Return what changes."""
        return self.item.part

    @property
    def before(self) -> str | None:
        """Return what stood there."""
        return self.item.said(self.item.before)

    @property
    def after(self) -> str | None:
        """Return what is to stand there."""
        return self.item.said(self.item.after)

    @property
    def decision(self) -> evalflow.Entry | None:
        """Return the entry that approved the change."""
        return self.later("plan_revision")

    def later(self, record: str) -> evalflow.Entry | None:
        """Return the first entry that dealt with this change and makes such a record."""
        return next((e for e in self.course() if record in records_of(self.sources, e)), None)

    def course(self) -> Iterator[evalflow.Entry]:
        """Yield the entries of the change's own course after the request, up to the next one."""
        leads = _leads(self.sources, self.entry)
        for entry in self.standing.history:
            if entry.number > self.entry.number:
                if is_request(self.sources, entry):
                    return
                if _leads(self.sources, entry) == leads:
                    yield entry


def _leads(sources: Sources, entry: evalflow.Entry) -> str | None:
    event = sources.events.get(entry.event)
    return None if event is None else event.leads


def is_request(sources: Sources, entry: evalflow.Entry) -> bool:
    """Say whether an entry asks for a change of the plan and says what changes."""
    return "change" in records_of(sources, entry) and "change" in entry.data


def steps_of_a_change(sources: Sources) -> Iterator[Any]:
    """Yield the events by which a change is asked for, decided and filed, in the lifecycle's order;
    not those that end it otherwise."""
    requests = {event.leads for event in sources.events.values() if "change" in event.actions}
    for event in sources.events.values():
        if event.leads in requests and "change_closed" not in event.actions:
            yield event


def rows_of(
    sources: Sources, standing: ProjectOverview, entry: evalflow.Entry, unit: str, place: int = 1
) -> list[Changed]:
    """Return what one request changes, thing by thing."""
    before = sources.definitions[entry.revision][standing.definition.id]
    items = _Words(sources, before, unit).items(entry.data["change"])
    return [
        Changed(place=place, sources=sources, standing=standing, entry=entry, item=each)
        for each in items
    ]


def decided(row: Changed) -> Cell:
    """Return day and number of the decision, or where it stands."""
    decision = row.decision
    if decision is None:
        return Cell("반려" if row.later("change_closed") else "방침 전")
    day = decision.at.astimezone(row.sources.zone).date()
    return text_cell(f"{korean_date(day)}\n{_document(decision)}".strip())


def _document(entry: evalflow.Entry) -> str:
    said = entry.data.get("document") or ""
    return str(said.get("number", "")) if isinstance(said, Mapping) else str(said)


def _opinions(row: Changed) -> Cell:
    given = [
        f"{_role(row.sources, entry)}: {entry.data['opinion']}"
        + (" (이견)" if entry.data.get("dissent") else "")
        for entry in row.course()
        if "opinion" in entry.data and _OPINIONS & set(records_of(row.sources, entry))
    ]
    return text_cell("\n".join(given), "left")


def _role(sources: Sources, entry: evalflow.Entry) -> str:
    return sources.roles.get(entry.role, entry.role)


def _of_entry(name: str) -> Any:
    return lambda row: text_cell(row.entry.data.get(name) or row.entry.reason, "left")


def _reported(row: Changed) -> Cell:
    day = row.entry.data.get("reported_on")
    return text_cell(korean_date(dt.date.fromisoformat(day)) if day else None)


CHANGE: Mapping[str, Column] = {
    "serial": Column("연번", 12, lambda row: text_cell(str(row.place))),
    "number": Column("관리번호", 18, lambda row: text_cell(row.standing.definition.number)),
    "title": Column("사업명", 36, lambda row: text_cell(row.standing.definition.label.ko, "left")),
    "kind": Column("변경구분", 24, lambda row: text_cell(_kind_of(row.entry))),
    "part": Column("변경항목", 40, lambda row: text_cell(row.part, "left"), shared=False),
    "before": Column("변경 전", 26, lambda row: text_cell(row.before), shared=False),
    "after": Column("변경 후", 26, lambda row: text_cell(row.after), shared=False),
    "difference": Column("증감", 22, lambda row: row.item.difference(), shared=False),
    "share": Column("증감률", 18, lambda row: row.item.share(), shared=False),
    "reason": Column("변경사유", 36, _of_entry("reason")),
    "detail": Column("세부내용", 36, lambda row: text_cell(row.entry.data.get("detail"), "left")),
    "reported_on": Column("구청장\n보고일", 24, _reported),
    "opinions": Column("협조 의견", 36, _opinions),
    "decided": Column("방침", 30, decided),
}
"""변경계획서."""


def _kind_of(entry: evalflow.Entry) -> str | None:
    kind = entry.data.get("kind")
    return None if kind is None else _CHANGES.get(str(kind), str(kind))


def parts(sources: Sources, options: Options) -> tuple[Part, ...]:
    """Return the form: a part for every change that was requested.

    Raises:
        NotFound: no change was requested by then.
    """
    check_columns("change", options, CHANGE)
    groups = _groups(sources, options)
    if options.columns:
        made = listing.table(
            "변경계획", "변경 전·후 대비표", CHANGE, options.columns, options, groups, frozen=2
        )
        subtitle = f"{sources.head.label.ko} · {sources.name(sources.unit)}"
        return (Part(name="변경계획", subtitle=subtitle, tables=(made,), apart=True),)
    return tuple(_part(rows, options) for rows in groups)


def whole(sources: Sources, options: Options) -> Table:
    """Return all columns, for an office's own file."""
    return listing.whole(CHANGE, options, _groups(sources, options))


def _groups(sources: Sources, options: Options) -> list[list[Changed]]:
    groups: list[list[Changed]] = []
    for standing in sources.standings:
        for entry in standing.history:
            if is_request(sources, entry):
                rows = rows_of(sources, standing, entry, options.unit, len(groups) + 1)
                groups.append(rows)
    if not groups:
        asked = [standing.definition.id for standing in sources.standings]
        raise evalflow.NotFound("change", asked[0] if len(asked) == 1 else sources.head.id)
    return groups


def _part(rows: list[Changed], options: Options) -> Part:
    first = rows[0]
    definition = first.standing.definition
    sources = first.sources
    said = [each for each in first.course() if "opinion" in each.data]
    consulted = [each for each in said if _ASKED & set(records_of(sources, each))]
    settled = [each for each in said if "settlement" in records_of(sources, each)]
    tables = [
        _overview(first),
        _compared(rows),
        _course(first),
        _consulted(first, consulted, settled),
    ]
    decision = first.decision
    signed = {}
    for each in sign_line(sources, first.course()):
        signed[sources.roles.get(each.role, each.role)] = each.text(sources)
    if decision is not None:
        signed.setdefault(_role(sources, decision), _decided_by(sources, decision))
    heard = [
        _role(sources, each) + ("(이견 있음)" if each.data.get("dissent") else "")
        for each in consulted
    ]
    return Part(
        name=f"{first.place} 관리번호 {definition.number}",
        subtitle=f"관리번호 {definition.number} 「{definition.label.ko}」 · "
        f"{sources.name(first.standing.unit)}",
        tables=tuple(
            attrs.evolve(each, caption=f"{place}. {each.caption}")
            for place, each in enumerate(tables, 1)
        ),
        paper=Paper(
            approved=None if decision is None else day_of(sources, decision),
            signed=signed,
            cooperation=", ".join(heard),
            decision="" if decision is None else _document(decision),
        ),
    )


def _decided_by(sources: Sources, entry: evalflow.Entry) -> str:
    """Return what stands in the box of who decided, where deciding is no act of signing."""
    return Signed(
        role=entry.role,
        actor=entry.actor,
        stood_in=entry.on_behalf_of is not None,
        on=day_of(sources, entry),
    ).text(sources)


def _overview(row: Changed) -> Table:
    asked = row.entry.at.astimezone(row.sources.zone).date()
    rows: list[list[Cell | None]] = [
        [
            label("변경 종류"),
            Cell(_kind_of(row.entry), align="left"),
            label("변경 보고"),
            Cell(korean_date(asked), align="left"),
        ],
        [label("변경사유"), *wide(row.entry.data.get("reason") or row.entry.reason, 3)],
        [label("세부내용"), *wide(row.entry.data.get("detail"), 3)],
    ]
    return plain("개요", "변경 개요", [("", 26), ("", 64), ("", 26), ("", 64)], rows)


def _compared(rows: list[Changed]) -> Table:
    heads = [("연번", 12), ("변경항목", 64), ("변경 전", 30), ("변경 후", 30), ("증감", 24)]
    heads.append(("증감률", 20))
    told = [
        [
            Cell(str(place)),
            Cell(row.part, align="left"),
            *(_value(row.item, said) for said in (row.item.before, row.item.after)),
            row.item.difference(),
            row.item.share(),
        ]
        for place, row in enumerate(rows, 1)
    ]
    return plain("대비표", "변경 전·후 대비표", heads, told, remarks=_remarks(rows[0]))


def _value(item: Item, value: str | Decimal | None) -> Cell:
    text = item.said(value)
    align = "right" if isinstance(value, Decimal) else "center"
    return Cell(text, align="left" if text and len(text) > 20 else align)


def _remarks(row: Changed) -> list[str]:
    """Return what does not add up after the change: money by period against the sources."""
    before = row.sources.definitions[row.entry.revision][row.standing.definition.id]
    patch = row.entry.data["change"].get("budget")
    if not isinstance(patch, Mapping):
        return []
    total = sum(_patched(before.budget.sources, patch.get("sources")).values())
    needed = sum(_patched(before.budget.periods, patch.get("periods")).values())
    if not needed or total == needed:
        return []
    return [f"기간별 소요예산의 합 {needed:,}원이 사업비 {total:,}원과 다름"]


def _patched(before: Mapping[str, int], patch: Any) -> dict[str, int]:
    after: dict[str, int] = dict(before)
    for key, value in (patch if isinstance(patch, Mapping) else {}).items():
        if value is None:
            after.pop(key, None)
        else:
            after[key] = int(str(value).replace(",", ""))
    return after


def _course(row: Changed) -> Table:
    sources = row.sources
    rows = []
    reported = _reported(row)
    if reported.value:
        rows.append([Cell("구청장 보고", align="left"), reported, Cell(None)])
    for entry in (row.entry, *row.course()):
        day = korean_date(entry.at.astimezone(sources.zone).date())
        said = " ".join([_role(sources, entry), _document(entry)]).strip()
        name = sources.events[entry.event].label.ko
        rows.append([Cell(name, align="left"), Cell(day), Cell(said, align="left")])
    if row.decision is None and row.later("change_closed") is None:
        rows.append([Cell("방침", align="left"), Cell("예정"), Cell(None)])
    told = [[Cell(str(place)), *each] for place, each in enumerate(rows, 1)]
    heads = [("연번", 14), ("처리", 64), ("일자", 34), ("처리자·문서번호", 68)]
    return plain("경과", "추진 경과", heads, told)


def _consulted(row: Changed, entries: list[evalflow.Entry], settled: list[evalflow.Entry]) -> Table:
    """Return what those who were asked said (협조), and how a dissent was settled (R58)."""
    rows = [
        [
            Cell(_role(row.sources, entry), align="left"),
            Cell("이견 있음" if entry.data.get("dissent") else "이견 없음"),
            Cell(entry.data["opinion"], align="left"),
        ]
        for entry in entries
    ]
    rows += [
        [
            Cell(_role(row.sources, entry), align="left"),
            Cell("이견 조정"),
            Cell(entry.data["opinion"], align="left"),
        ]
        for entry in settled
    ]
    heads = [("협조부서", 40), ("의견", 24), ("내용", 116)]
    return plain("협조", "협조 의견 및 이견", heads, rows)


# --------------------------------------------------------------------------- in words


_OF_INDICATOR = {
    "ko": "명칭",
    "en": "영문 명칭",
    "unit": "단위",
    "weight": "가중치",
    "direction": "방향",
    "formula": "측정산식",
    "accumulation": "누계 방법",
    "baseline": "기준값",
    "steps": "추진단계",
    "zero_target": "목표 0의 처리",
    "cap": "점수 상한",
    "annual": "연간 목표",
    "provisional": "잠정치",
}
_OF_PROJECT = {
    "ko": "사업명",
    "en": "영문 사업명",
    "start": "사업 시작일",
    "end": "사업 종료일",
    "content": "사업내용",
    "unit": "담당부서",
    "assignments": "담당부서",
    "field": "분야",
    "core_project": "핵심 프로젝트",
    "goals": "단위사업",
    "selection": "선정기준",
    "cooperating": "협조부서",
    "kind": "신규/계속",
    "cards": "관리카드",
    "number": "관리번호",
    "weight": "가중치",
}
_VALUES = {
    "direction": values.DIRECTIONS,
    "accumulation": {"sum": "합계", "last": "최근값", "average": "평균", "ratio": "비율"},
    "kind": values.KINDS,
}


class _Words:
    """A change of one project as a list of things, in the words of the form."""

    def __init__(self, sources: Sources, before: evalflow.ProjectDefinition, unit: str) -> None:
        self.sources, self.before, self.unit = sources, before, unit

    def items(self, patch: Mapping[str, Any]) -> list[Item]:
        """Return everything that a merge patch changes, and sums that change with it."""
        tree = self.before.tree
        found: list[Item] = []
        for key, value in patch.items():
            was = tree.get(key) if isinstance(tree, Mapping) else None
            if key == "indicators" and isinstance(value, Mapping):
                for name, inner in value.items():
                    found += self._indicator(name, (was or {}).get(name), inner)
            elif key == "budget" and isinstance(value, Mapping):
                found += self._budget(value)
            elif key == "schedule" and isinstance(value, Mapping):
                for month, said in value.items():
                    name = f"{month[:4]}년 {int(month[5:])}월 세부추진계획"
                    found.append(Item(part=name, before=(was or {}).get(month), after=said))
            elif isinstance(value, Mapping) and set(value) <= {"ko", "en"}:
                was = was if isinstance(was, Mapping) else {"ko": was}
                for lang, said in value.items():
                    name = _OF_PROJECT.get(key, key) + ("(영문)" if lang == "en" else "")
                    found.append(Item(part=name, before=was.get(lang), after=said))
            else:
                name = _OF_PROJECT.get(key, f"‘{key}’ 항목")
                found.append(
                    Item(part=name, before=self._said(key, was), after=self._said(key, value))
                )
        return found

    # ------------------------------------------------------------------ indicators

    def _indicator(self, name: str, was: Any, patch: Any) -> Iterator[Item]:
        indicator = self.before.indicator(name)
        if indicator is None:
            label_ = str(patch.get("ko", name)) if isinstance(patch, Mapping) else name
            yield Item(part=f"성과지표 ‘{label_}’ 신설", before=None, after=self._new(patch))
            return
        said = f"성과지표 ‘{indicator.label.ko}’"
        if patch is None:
            yield Item(part=f"{said} 삭제", before=indicator.label.ko, after=None)
            return
        for key, value in patch.items():
            old = was.get(key) if isinstance(was, Mapping) else None
            if key == "targets" and isinstance(value, Mapping):
                yield from self._targets(said, indicator, value)
                continue
            name_ = _OF_INDICATOR.get(key, f"‘{key}’ 항목")
            yield Item(
                part=f"{said}의 {name_}", before=self._said(key, old), after=self._said(key, value)
            )

    def _new(self, patch: Any) -> str:
        if not isinstance(patch, Mapping):
            return str(patch)
        targets = patch.get("targets")
        listed = [
            f"{self.sources.period_label(period)} {_text(_target(value))}"
            for period, value in (targets if isinstance(targets, Mapping) else {}).items()
        ]
        unit = patch.get("unit")
        return f"목표({unit}): {', '.join(listed)}" if listed else "신설"

    def _targets(self, said: str, indicator: Any, patch: Mapping[str, Any]) -> Iterator[Item]:
        old = {period: _target_of(value) for period, value in indicator.targets.items()}
        new = dict(old)
        for period, value in patch.items():
            new[period] = _target(value)
            yield Item(
                part=f"{said}의 {self.sources.period_label(period)} 목표({indicator.unit})",
                before=old.get(period),
                after=new[period],
            )
        years = [_year(each, indicator.accumulation) for each in (old, new)]
        if years[0] != years[1]:
            yield Item(
                part=f"{said}의 연간 목표({indicator.unit})", before=years[0], after=years[1]
            )

    # ------------------------------------------------------------------ money

    def _budget(self, patch: Mapping[str, Any]) -> Iterator[Item]:
        budget = self.before.budget
        sources, periods = patch.get("sources"), patch.get("periods")
        if isinstance(sources, Mapping):
            for name, won in sources.items():
                yield self._won(f"사업비 중 {name}", budget.sources.get(name), won)
            after = sum(_patched(budget.sources, sources).values())
            if after != budget.total:
                yield self._won("사업비 합계", budget.total, after)
        if isinstance(periods, Mapping):
            for period, won in periods.items():
                name = f"{self.sources.period_label(period)} 소요예산"
                yield self._won(name, budget.periods.get(period), won)
            before = sum(budget.periods.values())
            after = sum(_patched(budget.periods, periods).values())
            if after != before:
                yield self._won("소요예산 합계", before, after)

    def _won(self, part: str, before: int | None, after: Any) -> Item:
        amounts = [
            None if each is None else Decimal(str(each).replace(",", ""))
            for each in (before, after)
        ]
        divisor = values.DIVISORS[self.unit]
        even = all(each is None or each % (divisor // 10 or 1) == 0 for each in amounts)
        unit, by = (self.unit, divisor) if even else ("원", 1)
        shown = [None if each is None else _plain(each / by) for each in amounts]
        return Item(part=f"{part}", before=shown[0], after=shown[1], unit=unit)

    # ------------------------------------------------------------------ other values

    def _said(self, key: str, value: Any) -> str | Decimal | None:
        if value is None:
            return None
        if isinstance(value, list | tuple):
            return ", ".join(_text(self._said(key, each)) for each in value)
        if isinstance(value, Mapping):
            return str(value["ko"]) if "ko" in value else _text(_target(value))
        text, head = str(value), self.sources.head
        if key in ("start", "end"):
            return korean_date(dt.date.fromisoformat(text))
        if key in ("unit", "cooperating") and text in head.units:
            return self.sources.name(text)
        named: Mapping[str, Any] = {
            "field": head.fields,
            "core_project": head.core_projects,
            "selection": head.criteria,
        }.get(key, {})
        if text in named:
            return str(named[text].ko)
        if key == "goals" and text in head.goals:
            return head.goals[text].label.ko
        if key in ("baseline", "cap", "annual", "weight"):
            return _target(value)
        return _VALUES.get(key, {}).get(text, text)


def _plain(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value


def _text(value: str | Decimal | None) -> str:
    return _exact(value) if isinstance(value, Decimal) else value or "-"


def _target_of(value: Any) -> str | Decimal | None:
    return value if isinstance(value, Decimal) else "시기미도래"


def _target(value: Any) -> str | Decimal | None:
    """Return a target as the plan's tree has it: a figure, or that none is due."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return "시기미도래" if "not_due" in value else str(value.get("ko", ""))
    text = str(value)
    bare = text.replace(",", "")
    try:
        return Decimal(bare)
    except ArithmeticError:
        return "시기미도래" if text == "not_due" else text


def _year(targets: Mapping[str, Any], accumulation: str) -> str | Decimal | None:
    figures = [each for each in targets.values() if isinstance(each, Decimal)]
    if not figures or accumulation not in ("sum", "last"):
        return None
    return sum(figures, Decimal(0)) if accumulation == "sum" else figures[-1]
