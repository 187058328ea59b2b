"""What the office's workbook calls things: its sheets, kinds and settings, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import CONTENTS, Label, PlanHead
from evalflow.model.values import frozen
from evalflow.plan.keys import OFFICE, UNIT_KINDS
from evalflow.plan.spans import periods_of
from evalflow.plan.surroundings import months_of
from evalflow.scoring.bands import DEFAULT_BANDS

SHEETS: Mapping[str, Label] = {
    "guide": Label("안내", "Guide"),
    "units": Label("기관", "Units"),
    "people": Label("사람·역할", "People"),
    "names": Label("분야·핵심사업", "Fields and goals"),
    "projects": Label("사업", "Projects"),
    "targets": Label("지표·목표", "Targets"),
    "budget": Label("예산", "Budget"),
    "schedule": Label("월별계획", "Schedule"),
    "cards": Label("관리카드", "Cards"),
    "settings": Label("일정·설정", "Settings"),
}
"""The sheets by what they hold, each with its name in both languages."""

KINDS: Mapping[str, Label] = {
    OFFICE: Label("구청", "Office"),
    "bureau": Label("국", "Bureau"),
    "department": Label("과", "Department"),
}
KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    OFFICE: ("시청", "군청", "도청", "본청"),
    "bureau": ("국·소", "소", "실", "단", "본부", "보건소"),
    "department": ("부서", "담당관", "지소", "박물관", "센터", "동", "사업소"),
}
"""Further words for a kind of unit that offices write."""

ENTRY_KINDS: Mapping[str, Label] = {
    "field": Label("분야", "Field"),
    "core_project": Label("핵심 프로젝트", "Core project"),
    "strategy": Label("전략목표", "Strategic goal"),
    "policy": Label("정책사업목표", "Policy goal"),
    "project": Label("단위사업", "Programme"),
    "criterion": Label("선정기준", "Criterion"),
    "exclusion": Label("제외 대상", "Left out"),
}
ENTRY_WORDS: Mapping[str, tuple[str, ...]] = {
    "core_project": ("5대 핵심 프로젝트", "핵심사업", "핵심과제"),
    "policy": ("정책목표",),
}

PERIODS: Mapping[str, Label] = {
    "quarter": Label("분기", "Quarter"),
    "half": Label("반기", "Half"),
    "month": Label("월", "Month"),
    "year": Label("연", "Year"),
}
MOVES: Mapping[str, Label] = {
    "next": Label("다음 근무일", "Next working day"),
    "strict": Label("그대로", "As it is"),
    "previous": Label("앞 근무일", "Working day before"),
}
ZERO_TARGETS: Mapping[str, Label] = {
    "undefined": Label("산정 불가", "No rate"),
    "met_or_not": Label("달성 여부", "Met or not"),
    "full": Label("100%", "100%"),
}
PROJECT_MEANS: Mapping[str, Label] = {
    "weighted": Label("가중평균", "Weighted mean"),
    "plain": Label("단순평균", "Plain mean"),
}
GROUP_MEANS: Mapping[str, Label] = {
    "projects": Label("사업의 단순평균", "Mean of the projects"),
    "groups": Label("집단 평균의 평균", "Mean of the groups' means"),
}

MILLION = 1_000_000

_DUE_SUFFIX: Mapping[str, Label] = {
    "day": Label("기한(익월 일)", "due on the day of the next month"),
    "days_after_period": Label("기한(기간 종료 후 일)", "due days after the period"),
    "months_after_period": Label("기한(기간 종료 후 개월)", "due months after the period"),
}


_NOTHING = Label("", "")


@frozen(kw_only=True)
class Item:
    """One line of the settings.

    Attributes:
        key: what it sets: `year`, `document.number`, `due.review`, `band.lagging`, `lenient.term`.
        label: how the line is called.
        meaning: the remark behind it.
        choices: what can be chosen, key -> label.
        kind: of what kind the value is.
    """

    key: str
    label: Label
    meaning: Label = _NOTHING
    choices: Mapping[str, Label] = attrs.field(factory=dict)
    kind: str = "text"


def items(lifecycle: Lifecycle) -> tuple[Item, ...]:
    """Return the lines of the settings under a lifecycle."""
    found = [
        Item(
            key="id",
            label=Label("계획 ID", "Plan ID"),
            meaning=Label(
                "비우면 구청 이름과 연도. 사업은 '계획 ID/관리번호'로 불립니다",
                "blank: the office's id and the year; a project is called PLAN/NUMBER",
            ),
        ),
        Item(
            key="revision",
            label=Label("차수", "Revision"),
            meaning=Label(
                "고치지 않음. 어느 차수에서 뽑았는지", "leave it: what the workbook was made from"
            ),
            kind="number",
        ),
        Item(key="year", label=Label("연도", "Year"), meaning=Label("필수", "needed")),
        Item(
            key="ko",
            label=Label("계획 이름", "Plan title"),
            meaning=Label("비우면 '○○○○년 주요업무시행 및 평가계획'", "blank: the usual title"),
        ),
        Item(key="en", label=Label("영문 계획 이름", "English plan title")),
        Item(
            key="lifecycle",
            label=Label("평가 절차", "Lifecycle"),
            meaning=Label(
                "절차의 이름. 'evalflow lifecycle list'가 보입니다", "a preset, or ./FILE.yaml"
            ),
        ),
        Item(key="periods", label=Label("평가 주기", "Periods"), choices=PERIODS),
        Item(
            key="move",
            label=Label("기한이 휴일이면", "Where a deadline is a holiday"),
            choices=MOVES,
        ),
    ]
    found += [
        Item(key=f"due.{event.name}", label=label, kind="number")
        for event in lifecycle.events.values()
        if (label := due_label(event)) is not None
    ]
    found += [
        Item(
            key="document.number",
            label=Label("문서 등록번호", "Document number"),
            meaning=Label("예: 기획예산과-2872", "e.g. 기획예산과-2872"),
        ),
        Item(key="document.registered_on", label=Label("등록일자", "Registered on"), kind="date"),
        Item(key="document.approved_on", label=Label("결재일자", "Approved on"), kind="date"),
        Item(
            key="document.disclosure",
            label=Label("공개구분", "Disclosure"),
            meaning=Label("예: 부분공개(5)", "as printed on the paper"),
        ),
        Item(
            key="document.bases",
            label=Label("추진근거", "Bases"),
            meaning=Label("여럿이면 ; 로", "several with ; between"),
        ),
        Item(
            key="document.consulted",
            label=Label("협조", "Consulted"),
            meaning=Label("직위만. 여럿이면 ; 로", "offices, no names; several with ; between"),
        ),
        Item(
            key="places",
            label=Label("이행률 소수 자리", "Decimal places of rates"),
            kind="number",
        ),
        Item(
            key="project_mean",
            label=Label("사업 이행률", "A project's rate"),
            choices=PROJECT_MEANS,
        ),
        Item(
            key="group_mean",
            label=Label("집계 평균", "Means of groups"),
            choices=GROUP_MEANS,
        ),
        Item(
            key="zero_target",
            label=Label("목표가 0일 때", "Where a target is 0"),
            choices=ZERO_TARGETS,
        ),
    ]
    found += [
        Item(
            key=f"lenient.{name}",
            label=Label(f"나중에 낼 것: {CONTENTS[name].ko}", f"Given later: {CONTENTS[name].en}"),
            meaning=Label(
                "지금 적지 않으면 그 사유 (예: 3월에 따로 냄)", "the reason, where it is left out"
            ),
        )
        for name in lifecycle.project_plans
    ]
    return tuple(found)


def band_items(head: PlanHead | None) -> tuple[Item, ...]:
    """Return the lines of the settings that say where bands begin."""
    bands = DEFAULT_BANDS if head is None else head.scoring.bands
    return tuple(
        [
            Item(
                key=f"band.{band.name}",
                label=Label(
                    f"{band.label.ko}({'연간 목표 대비 %' if whole else '% 이상'})",
                    f"{band.label.en} ({'% of the whole target' if whole else '% and above'})",
                ),
                kind="number",
            )
            for band in bands
            if band.at_least is not None
            for whole in [band.against == "whole"]
        ]
    )


def due_label(event: Event) -> Label | None:
    """Return how the settings call an event's deadline; None where it has none that one number
    says."""
    if event.due is None:
        return None
    suffix = _DUE_SUFFIX.get(event.due.kind)
    if suffix is None:
        return None
    return Label(f"{event.label.ko} {suffix.ko}", f"{event.label.en}: {suffix.en}")


# --------------------------------------------------------------------------- a blank one


def unit_kinds(lifecycle: Lifecycle) -> tuple[str, ...]:
    """Return the kinds of units that there are under a lifecycle."""
    named = [role.at for role in lifecycle.roles.values()]
    together = [event.together for event in lifecycle.events.values() if event.together]
    return tuple(dict.fromkeys((*UNIT_KINDS, *named, *together)))


def months_in(head: PlanHead) -> tuple[str, ...]:
    """Return the months of the plan: `2027-01` …"""
    periods = periods_of(head.calendar.first, head.calendar.last)
    return tuple(sorted(months_of(periods[0].start, periods[-1].end))) if periods else ()


def month_heads(months: Sequence[str]) -> Mapping[str, Label]:
    """Return how the columns of months are headed: `1월`, in a plan of several years `2027-01`."""
    if len({month[:4] for month in months}) > 1:
        return {month: Label(month, month) for month in months}
    return {month: Label(f"{int(month[5:])}월", month) for month in months}


def english(label: Label) -> str | None:
    """Return the English name; None where there is none of its own."""
    return None if label.en == label.ko else label.en
