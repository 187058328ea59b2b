"""주요업무시행 및 평가계획: the paper of the plan itself, as the plan says it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

import attrs

from evalflow.plugins import DueRule
from evalflow_forms import projects, values
from evalflow_forms.change import steps_of_a_change
from evalflow_forms.listing import plain
from evalflow_forms.options import Options, check_columns
from evalflow_forms.papers import of_plan
from evalflow_forms.sheet import STANDING_WIDTH, Cell, Head, Part, Table, korean_date
from evalflow_forms.sources import Sources

_NUMERALS = "ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ"
_PERIODS = {"month": "매월", "quarter": "매분기", "half": "매반기", "year": "매년"}
_WIDEST = 8  # fields that stand beside one another
_RATINGS = {"self_rating", "review_rating", "spot_rating"}


def parts(sources: Sources, options: Options) -> tuple[Part, ...]:
    """Return the paper: what it follows and who was asked, then its sections."""
    check_columns("plan", options, {})
    sections = [
        _aims(sources),
        _left_out(sources),
        _calendar(sources),
        *_chosen(sources),
        _evaluations(sources),
        _changes(sources),
        _duties(sources),
    ]
    tables = [_cover(sources, options)]
    place = 0
    for each in sections:
        if each is None:
            continue
        if not each.caption:  # goes on under the one before
            tables.append(each)
            continue
        tables.append(attrs.evolve(each, caption=f"{_NUMERALS[place]}  {each.caption}"))
        place += 1
    return (
        Part(
            name="시행 및 평가계획",
            subtitle=f"{sources.name(sources.head.office)}",
            tables=tuple(tables),
            paper=of_plan(sources),
        ),
    )


def whole(sources: Sources, options: Options) -> Table:
    """Return the list of projects, for an office's own file."""
    return projects.whole(sources, options)


def _lines(name: str, caption: str, lines: Iterable[tuple[str, bool]]) -> Table | None:
    """Return lines of text; with each whether it is a heading (□) or stands below one (○)."""
    rows = [
        [Cell(f"□ {text}" if heads else f"  ○ {text}", align="left", bold=heads)]
        for text, heads in lines
    ]
    if not rows:
        return None
    return attrs.evolve(plain(name, caption, [("", STANDING_WIDTH)], rows), bare=True)


def _cover(sources: Sources, options: Options) -> Table:
    """Return 추진근거, 대내(외) 협력 현황 and 사업비, as they stand under the title (R49, R12)."""
    paper = sources.head.document
    listed: list[list[Cell | None]] = [
        [Cell(each.partner, align="left"), Cell(each.matter, align="left"), Cell(each.result)]
        for each in paper.cooperation
    ] or [[Cell("해당 없음"), Cell(None), Cell(None)]]
    count = len(listed)
    total = sum(each.definition.budget.total for each in sources.standings)
    money = "비예산"
    if total:
        money = f"{values.money(total, options.unit).shown()}{options.unit}"
        money += f"\n({len(sources.standings)}개 사업)"
    rows: list[tuple[Cell | None, ...]] = []
    for place, row in enumerate(listed):
        first = Cell("\n".join(paper.bases) or None, align="left", rows=count)
        last = Cell(money, rows=count)
        rows.append((None if place else first, *row, None if place else last))
    heads = [
        Head("추진근거", 0, 0, rows=2),
        Head("대내(외) 협력 현황", 0, 1, columns=3),
        Head("사업비", 0, 4, rows=2),
        *(
            Head(text, 1, n)
            for n, text in enumerate(("기관·부서·단체명", "협의내용", "협의결과"), 1)
        ),
    ]
    return Table(
        name="표지",
        caption=paper.purpose or "",
        widths=tuple(Decimal(each) for each in (54, 38, 40, 20, 28)),
        heads=tuple(heads),
        head_rows=2,
        rows=tuple(rows),
    )


def _aims(sources: Sources) -> Table | None:
    paper = sources.head.document
    lines = [("관련근거", True), *((each, False) for each in paper.bases)] if paper.bases else []
    if paper.aims:
        lines += [("의의 및 기본방향", True), *((each, False) for each in paper.aims)]
    return _lines("근거", "관련근거 및 기본방향", lines)


def _left_out(sources: Sources) -> Table | None:
    """Return what is left out, why, and where it is evaluated (R10, R23)."""
    rows = [
        [
            Cell(each.label.ko, align="left"),
            Cell(each.reason, align="left"),
            Cell(_scheme(sources, each.evaluated_in), align="left"),
        ]
        for each in sources.head.exclusions
    ]
    heads = [("제외 대상", 50), ("제외 사유", 60), ("평가하는 곳", 70)]
    return plain("제외", "제외 대상", heads, rows) if rows else None


def _scheme(sources: Sources, text: str) -> str:
    """Return where something is evaluated; a project of another plan in the store by that plan's
    name and its number, not by its id."""
    plan, _, number = text.rpartition("/")
    label = sources.plans.get(plan)
    return f"「{label}」 관리번호 {number}" if label else text


def _calendar(sources: Sources) -> Table | None:
    units = {each.unit for each in sources.standings}
    rows = [
        [Cell(label.ko, align="left"), Cell(korean_date(day))]
        for day, label in sources.head.milestones
    ]
    remarks = [f"수립대상: 총 {len(units)}개 부서"]
    return plain("일정", "시행계획 개요", [("추진내용", 140), ("일정", 40)], rows, remarks=remarks)


def _chosen(sources: Sources) -> Iterator[Table | None]:
    """Yield criteria and core projects, then how many projects each field has (R22, R26-R28)."""
    head = sources.head
    lines: list[tuple[str, bool]] = []
    if head.criteria:
        lines += [("선정기준", True), *((each.ko, False) for each in head.criteria.values())]
    if head.core_projects:
        lines += [("핵심 프로젝트", True)]
        lines += [(each.ko, False) for each in head.core_projects.values()]
    yield _lines("선정기준", "대상사업 선정", lines)
    definitions = [each.definition for each in sources.standings]
    by_field = Counter(each.field for each in definitions)
    core = Counter(each.field for each in definitions if each.core_project)
    named = [name for name in head.fields if by_field[name]]
    chosen = sum(core.values())
    remarks = []
    if chosen:
        whole_ = len(definitions)
        tenths = (2000 * chosen + whole_) // (2 * whole_)  # half-up
        shown = f"{tenths // 10}.{tenths % 10}"
        remarks.append(f"핵심 프로젝트 {chosen}개 사업: {chosen} ÷ {whole_} = {shown}%")
    caption = "" if lines else "대상사업 선정"
    if len(named) > _WIDEST:
        heads = [("분야", 80), ("사업 수", 50), ("핵심 프로젝트", 50)]
        told = [[Cell(head.fields[n].ko), _count(by_field[n]), _count(core[n])] for n in named]
        total = [Cell("계"), _count(len(definitions)), _count(chosen)]
        yield plain("선정현황", caption, heads, [*told, total], unit="(단위: 개)", remarks=remarks)
        return
    room = (STANDING_WIDTH - 34) // (len(named) + 1)
    first = STANDING_WIDTH - room * (len(named) + 1)
    heads = [("구분", first), ("계", room), *((head.fields[each].ko, room) for each in named)]
    rows = [[Cell("사업 수"), _count(len(definitions)), *(_count(by_field[n]) for n in named)]]
    rows.append([Cell("핵심 프로젝트"), _count(chosen), *(_count(core[n]) for n in named)])
    yield plain("선정현황", caption, heads, rows, unit="(단위: 개)", remarks=remarks)


def _count(number: int) -> Cell:
    return Cell(Decimal(number), align="center")


def _evaluations(sources: Sources) -> Table:
    """Return what is evaluated by whom until when, as the lifecycle and the calendar say."""
    rows = []
    for name, event in sources.events.items():
        rule = sources.head.calendar.due.get(name, event.due)
        if not (_RATINGS & set(event.actions) or event.together) or (
            rule is None and "spot_rating" not in event.actions
        ):
            continue
        by = ", ".join(sources.roles.get(each, each) for each in event.by)
        when = "필요시" if rule is None else due_text(rule, sources)
        rows.append([Cell(event.label.ko), Cell(when), Cell(by, align="left")])
    heads = [("구분", 40), ("시기", 60), ("주체", 80)]
    return plain("평가계획", "평가계획 개요", heads, rows)


def due_text(rule: DueRule, sources: Sources) -> str:
    """Return when something is due, as an office writes it: 매분기 익월 5일까지."""
    every = _PERIODS.get(sources.head.calendar.frequency, "")
    if rule.kind == "day":
        return f"{every} 익월 {rule.n}일까지"
    if rule.kind == "days_after_period":
        return f"{every} 종료 후 {rule.n}일 이내"
    if rule.kind == "months_after_period":
        return f"{every} 종료 후 {rule.n}개월 이내"
    if rule.events:
        named = (sources.events.get(each) for each in rule.events)
        what = ", ".join(each.label.ko for each in named if each)
        count = f"{rule.n}개월" if "months" in rule.kind else f"{rule.n}일"
        if "working" in rule.kind:
            count = f"근무일 {count}"
        return f"{what} {count} 전까지" if "before" in rule.kind else f"{what} 후 {count} 이내"
    if rule.date is not None:
        return f"{korean_date(rule.date)}까지"
    month, _, day = (rule.month_day or "").partition("-")
    return f"{int(month)}. {int(day)}.까지"


def _changes(sources: Sources) -> Table | None:
    """Return the steps of the change procedure (R41-R44)."""
    steps = list(steps_of_a_change(sources))
    if not steps:
        return None
    said = " → ".join(
        f"{event.label.ko}({', '.join(sources.roles.get(each, each) for each in event.by)})"
        for event in steps
    )
    lines = [(f"절차: {said}", False)]
    for event in steps:
        rule = sources.head.calendar.due.get(event.name, event.due)
        if rule is not None:
            lines.append((f"{event.label.ko}: {due_text(rule, sources)}", False))
    if any(use.name == "changes_declared" for e in sources.events.values() for use in e.guards):
        lines.append(("확정된 변경은 다음 정기평가의 평가서에 반드시 기재", False))
    return _lines("변경", "시행계획 변경", lines)


def _duties(sources: Sources) -> Table | None:
    """Return what goes with an evaluation beside its form (R39)."""
    lines = [
        (
            f"관리번호 {each.definition.number} 「{each.definition.label.ko}」: 평가 때마다 "
            f"관리카드 {len(each.definition.cards)}부를 병행 제출",
            False,
        )
        for each in sources.standings
        if each.definition.cards
    ]
    return _lines("행정사항", "행정사항", lines)
