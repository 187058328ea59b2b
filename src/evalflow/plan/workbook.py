"""The office's workbook: what an office is and plans, on sheets that people fill in without YAML.

Units, people with their roles and days, fields and goals, projects, indicators with their targets,
budgets, monthly steps, cards, and the dates and thresholds of the year. The same sheets are written
blank for a new office, filled out of a store, and read by `workbook_reader`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from evalflow.files.book_writer import BookColumn, BookSheet
from evalflow.files.cells import column_letters
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import CONTENTS, Grant, Label, PlanHead, ProjectDefinition
from evalflow.model.canonical import Tree
from evalflow.plan.head import FORMAT, head_from_tree
from evalflow.plan.listing import at_path, sources_of, value_at
from evalflow.plan.order import ORDER, in_order
from evalflow.plan.surroundings import months_of, periods_of
from evalflow.plan.tables import (
    SOURCES,
    Money,
    OneOf,
    Place,
    Several,
    Value,
    indicator_places,
    project_places,
    won_of,
)
from evalflow.plan.units import OFFICE, UNIT_KINDS
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


@attrs.frozen(kw_only=True)
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


def blank_head(
    lifecycle: str, year: int, office: str, *, periods: str = "quarter", bureaus: Iterable[str] = ()
) -> PlanHead:
    """Return the head of a plan of which nothing is known but the office, its bureaus and the
    year: what the columns of a blank workbook are made of."""
    from evalflow.plan.tables import id_from

    top = id_from(office)
    units: dict[str, Any] = {top: {"kind": OFFICE, "ko": office}}
    for bureau in bureaus:
        units[id_from(bureau)] = {"kind": "bureau", "ko": bureau, "parent": top}
    return head_from_tree(
        {
            "evalflow": FORMAT,
            "id": id_from(f"{office}-{year}"),
            "year": str(year),
            "ko": f"{year}년 주요업무시행 및 평가계획",
            "lifecycle": lifecycle,
            "calendar": {"periods": periods},
            "units": units,
            "directory": {},
            "fields": {},
        }
    )


# --------------------------------------------------------------------------- writing


def office_book(
    head: PlanHead,
    definitions: Sequence[ProjectDefinition],
    lifecycle: Lifecycle,
    *,
    lang: str = "ko",
    spare: int = 60,
) -> tuple[BookSheet, ...]:
    """Return the sheets of the office's workbook, filled with what the plan says, with `spare`
    empty rows on each; `write_book` writes them."""
    writing = _Writing(head, definitions, lifecycle, lang, spare)
    return (
        writing.guide(),
        writing.units(),
        writing.people(),
        writing.names(),
        writing.projects(),
        writing.targets(),
        writing.budget(),
        writing.schedule(),
        writing.cards(),
        writing.settings(),
    )


_HINTS: Mapping[str, tuple[str, str, Value]] = {
    # column -> hint in Korean, in English, example
    "ko": ("필수. 60자까지", "needed", "전통시장 현대화"),
    "unit": (
        "필수. 고르기. 옮기면 도로과(~2027-06-30); 치수과(2027-07-01~)",
        "needed",
        "지역경제과",
    ),
    "field": ("필수. 하나만", "needed, one", "경제"),
    "core_project": ("선택. 하나만", "one, if any", None),
    "kind": ("필수", "needed", "계속"),
    "start": ("2027-01-01 꼴", "as 2027-01-01", "2027-01-01"),
    "end": ("2027-12-31 꼴", "as 2027-12-31", "2027-12-31"),
    "content": ("한두 문장", "a sentence or two", "아케이드와 화장실을 고친다"),
    "goals": (
        "목표체계의 단위사업. 여럿이면 ; 로",
        "programmes, with ; between",
        "지역 일자리 지원",
    ),
    "selection": ("여럿이면 ; 로", "several with ; between", "신규 역점사업"),
    "cooperating": ("선택. 여럿이면 ; 로", "several with ; between", "도로과"),
    "about": ("다른 사업에 대한 것일 때만", "the project it is about, if any", None),
    "measure": ("필수", "needed", "회"),
    "direction": ("필수. 고르기", "needed", "상향"),
    "formula": ("비우면 방향에 따름", "blank: by the direction", None),
    "accumulation": ("필수. 고르기", "needed", "합계"),
    "weight": ("비우면 1", "blank: 1", Decimal(1)),
    "steps": ("단계 산식일 때: 설계(1); 착공(2)", "for the formula by steps", None),
    "baseline": ("진척 산식일 때", "for progress from a baseline", None),
    "annual": ("선택. 분기 목표와 맞춰 봄", "held against the periods' targets", None),
    "cap": ("선택. %", "in %, if any", None),
}

_EXAMPLES_EN: Mapping[str, Value] = {
    "ko": "Traditional market",
    "unit": "Local economy",
    "field": "Economy",
    "kind": "continued",
    "content": "Arcade and toilets are renewed",
    "goals": "Local jobs",
    "selection": "New priority",
    "cooperating": "Roads",
    "measure": "times",
    "direction": "up",
    "accumulation": "sum",
}


class _Writing:
    """One plan that is written to a workbook."""

    def __init__(
        self,
        head: PlanHead,
        definitions: Sequence[ProjectDefinition],
        lifecycle: Lifecycle,
        lang: str,
        spare: int,
    ) -> None:
        self.head, self.lifecycle, self.lang, self.spare = head, lifecycle, lang, spare
        self.trees: dict[str, Mapping[str, Any]] = {d.number: d.tree for d in definitions}

    def say(self, ko: str, en: str) -> str:
        return ko if self.lang == "ko" else en

    def text(self, label: Label) -> str:
        return label.text(self.lang)

    def sheet(self, key: str, **more: Any) -> BookSheet:
        return BookSheet(name=self.text(SHEETS[key]), spare=self.spare, **more)

    def column(self, ko: str, en: str, hint: tuple[str, str] = ("", ""), **more: Any) -> BookColumn:
        example = more.get("example")
        if isinstance(example, tuple):
            more["example"] = self.say(*example)
        return BookColumn(head=self.say(ko, en), hint=self.say(*hint), **more)

    # ------------------------------------------------------------------ sheets

    def guide(self) -> BookSheet:
        say = self.say
        what = {
            "units": ("구청, 국·소, 과와 상위 기관", "the office, its bureaus and departments"),
            "people": ("담당자 ID와 역할. 성명은 적지 않음", "ids and roles; never names"),
            "names": ("분야, 핵심 프로젝트, 목표체계, 선정기준", "fields, core projects, goals"),
            "projects": (
                "관리번호, 사업명, 담당부서, 기간, 사업비",
                "numbers, titles, units, budget",
            ),
            "targets": ("성과지표와 기간별 목표", "indicators with the targets of each period"),
            "budget": ("기간별 소요예산. 합이 사업비와 같아야 함", "what each period needs"),
            "schedule": ("달마다의 세부추진계획", "what is done in each month"),
            "cards": ("세부사업이 있는 사업만", "sub-projects, where there are any"),
            "settings": ("연도, 절차, 기한, 기준, 문서 머리", "year, lifecycle, dates, thresholds"),
        }
        lines: list[tuple[Value, ...]] = [
            (say("순서", "Order"), say("시트", "Sheet"), say("적는 것", "What to write"))
        ]
        lines += [
            (at, self.text(SHEETS[key]), say(*said))
            for at, (key, said) in enumerate(what.items(), 1)
        ]
        lines += [
            (),
            (
                None,
                say("예시 줄", "Example"),
                say(
                    "머리글 바로 위 회색 줄. 자료로 읽지 않습니다",
                    "the grey line above the headings; not read",
                ),
            ),
            (
                None,
                say("빈칸과 -", "Blank and -"),
                say("빈칸은 적지 않은 것, - 는 없음", "blank: nothing is said; -: none"),
            ),
            (
                None,
                say("다 채운 뒤", "Then"),
                say("evalflow init --from 이_파일.xlsx", "evalflow init --from THIS_FILE.xlsx"),
            ),
        ]
        return BookSheet(
            name=self.text(SHEETS["guide"]),
            title=say("주요업무시행 및 평가 시작 자료", "The year's evaluation: to begin with"),
            remark=say(
                "시트를 순서대로 채웁니다. 노란 칸에 적고, 확인 칸에 글이 나오면 그 줄을 고칩니다.",
                "Fill the sheets in their order: the yellow cells; where the check says something, "
                "mend the line.",
            ),
            lines=tuple(lines),
        )

    def units(self) -> BookSheet:
        kinds = [self.kind(each) for each in self.unit_kinds()]
        rows = []
        for unit in self.head.units.values():
            renamed = "; ".join(f"{each.label.ko}({each.on}~)" for each in unit.renamed)
            parent = None if unit.parent is None else self.unit_name(unit.parent)
            rows.append(
                (
                    unit.label.ko,
                    self.kind(unit.kind),
                    parent,
                    unit.since,
                    unit.until,
                    renamed or None,
                    unit.id,
                    _english(unit.label),
                    None,
                )
            )
        page = self.text(SHEETS["units"])
        check = (
            '=IF(A{row}="","",IF(COUNTIF(A$6:A$2000,A{row})>1,"같은 이름 ","")'
            '&IF(B{row}="","구분 없음 ","")'
            '&IF(C{row}="","",IF(COUNTIF(A$6:A$2000,C{row})=0,"상위 기관이 목록에 없음","")))'
        )
        return self.sheet(
            "units",
            title=self.say("기관(국·과)", "Units"),
            remark=self.say("구청부터 위에서 아래로 적습니다.", "From the office down."),
            columns=(
                self.column(
                    "기관명",
                    "Name",
                    ("필수. 정식 명칭", "needed"),
                    kind="text",
                    example=("지역경제과", "Local economy"),
                ),
                self.column(
                    "구분",
                    "Kind",
                    ("필수. 고르기", "needed"),
                    choices=tuple(kinds),
                    example=(KINDS["department"].ko, KINDS["department"].en),
                ),
                self.column(
                    "상위 기관",
                    "Under",
                    ("구청 말고는 필수", "needed but for the office"),
                    among=(page, 0),
                    example=("복지경제국", "Welfare bureau"),
                ),
                self.column(
                    "시작일", "Since", ("조직개편 때만", "where it was founded"), kind="date"
                ),
                self.column("종료일", "Until", ("조직개편 때만", "where it ends"), kind="date"),
                self.column(
                    "바뀐 이름", "Renamed", ("보도과(2027-07-01~) 꼴", "NAME(2027-07-01~)")
                ),
                self.column(
                    "기관 ID", "Unit ID", ("비우면 이름", "blank: of the name"), kind="text"
                ),
                self.column("영문명", "English name", kind="text"),
                self.column("확인", "Check", ("자동", "by itself"), check=check, width=24),
            ),
            rows=tuple(rows),
        )

    def people(self) -> BookSheet:
        roles = tuple([self.text(role.label) for role in self.lifecycle.roles.values()])
        rows: list[tuple[Value, ...]] = []
        acting: list[tuple[Value, ...]] = []
        for actor, grants in self.head.directory.items():
            for grant in grants:
                row = self.grant(actor, grant)
                (rows if grant.on_behalf_of is None else acting).append(row)
        page = self.text(SHEETS["units"])
        check = (
            '=IF(A{row}="","",IF(B{row}="","역할 없음 ","")&IF(C{row}="","소속 없음 ","")'
            '&IF(AND(F{row}<>"",G{row}=""),"대결 사유 없음 ","")'
            '&IF(ISNUMBER(SEARCH(" ",A{row})),"ID에 빈칸",""))'
        )
        return self.sheet(
            "people",
            title=self.say("사람·역할", "People and their roles"),
            remark=self.say(
                "한 사람이 여러 역할이면 여러 줄. 인사이동은 앞 줄에 종료일, 새 줄에 시작일. "
                "성명·전화번호를 적지 않습니다.",
                "A line for each role. Who moves: a day of the end on the old line, one of the "
                "beginning on a new one. No names, no telephone numbers.",
            ),
            columns=(
                self.column(
                    "담당자 ID",
                    "Person's ID",
                    ("필수. 성명을 적지 않음", "needed, no name"),
                    kind="text",
                    example="지역경제과-담당",
                ),
                self.column(
                    "역할",
                    "Role",
                    ("필수. 고르기", "needed"),
                    choices=roles,
                    example=("사업부서", "Department"),
                ),
                self.column(
                    "소속",
                    "Unit",
                    ("필수. 고르기", "needed"),
                    among=(page, 0),
                    example=("지역경제과", "Local economy"),
                ),
                self.column(
                    "시작일",
                    "Since",
                    ("비우면 처음부터", "blank: from the first"),
                    kind="date",
                    example=dt.date(self.head.year, 1, 1),
                ),
                self.column("종료일", "Until", ("비우면 계속", "blank: on and on"), kind="date"),
                self.column(
                    "대결 대상 ID",
                    "Acts for",
                    ("대결 때만", "where somebody stands in"),
                    kind="text",
                ),
                self.column("대결 사유", "Reason", ("대결 때 필수", "needed then"), kind="text"),
                self.column("확인", "Check", ("자동", "by itself"), check=check, width=24),
            ),
            rows=(*rows, *acting),
        )

    def grant(self, actor: str, grant: Grant) -> tuple[Value, ...]:
        role = self.lifecycle.roles.get(grant.role)
        name = grant.role if role is None else self.text(role.label)
        unit = self.unit_name(grant.unit)
        return (
            *(actor, name, unit, grant.since, grant.until),
            *(grant.on_behalf_of, grant.reason or None, None),
        )

    def names(self) -> BookSheet:
        rows: list[tuple[Value, ...]] = []

        def add(kind: str, key: str | None, label: Label, **more: str | None) -> None:
            name = self.text(ENTRY_KINDS[kind])
            rows.append(
                (
                    name,
                    label.ko,
                    more.get("parent"),
                    more.get("reason"),
                    more.get("where"),
                    key,
                    _english(label),
                )
            )

        for key, label in self.head.fields.items():
            add("field", key, label)
        for key, label in self.head.core_projects.items():
            add("core_project", key, label)
        for key, goal in self.head.goals.items():
            above = None if goal.parent is None else self.head.goals[goal.parent].label.ko
            add(goal.kind, key, goal.label, parent=above)
        for key, label in self.head.criteria.items():
            add("criterion", key, label)
        for each in self.head.exclusions:
            add("exclusion", None, each.label, reason=each.reason, where=each.evaluated_in)
        return self.sheet(
            "names",
            title=self.say("분야·핵심사업·목표체계", "Fields, core projects, goals"),
            remark=self.say(
                "전략목표 → 정책사업목표 → 단위사업은 상위 목표로 잇습니다. "
                "분야는 하나 이상 있어야 합니다.",
                "Strategic goal → policy goal → programme, each under the one above. At least one "
                "field is needed.",
            ),
            columns=(
                self.column(
                    "종류",
                    "Kind",
                    ("필수. 고르기", "needed"),
                    choices=tuple([self.text(each) for each in ENTRY_KINDS.values()]),
                    example=("단위사업", "Programme"),
                ),
                self.column(
                    "이름",
                    "Name",
                    ("필수", "needed"),
                    kind="text",
                    example=("지역 일자리 지원", "Local jobs"),
                ),
                self.column(
                    "상위 목표",
                    "Under",
                    ("정책사업목표·단위사업은 필수", "of goals"),
                    among=(self.text(SHEETS["names"]), 1),
                    example=("일자리와 상생", "Jobs"),
                ),
                self.column(
                    "비고", "Remark", ("제외 대상은 사유", "why it is left out"), kind="text"
                ),
                self.column(
                    "평가하는 곳",
                    "Evaluated in",
                    ("제외 대상만", "of what is left out"),
                    kind="text",
                ),
                self.column("ID", "ID", ("비우면 이름", "blank: of the name"), kind="text"),
                self.column("영문명", "English name", kind="text"),
            ),
            rows=tuple(rows),
            frozen=2,
        )

    def projects(self) -> BookSheet:
        places = self.listed()
        return self.sheet(
            "projects",
            title=self.say("사업", "Projects"),
            remark=self.say("한 줄에 한 사업. 금액은 백만원.", "A line for each project."),
            columns=(
                self.number(),
                *(self.place(each) for each in places),
                self.check(
                    '=IF(A{row}="","",IF(COUNTIF(A$6:A$2000,A{row})>1,'
                    + self.quoted("관리번호 중복 ", "number twice ")
                    + ',"")&IF(B{row}="",'
                    + self.quoted("사업명 없음 ", "no title ")
                    + ',"")&IF(D{row}="",'
                    + self.quoted("담당부서 없음", "no unit")
                    + ',""))'
                ),
            ),
            rows=tuple(
                [
                    (number, *(self.cell(place, tree) for place in places))
                    for number, tree in self.trees.items()
                ]
            ),
            frozen=2,
        )

    def targets(self) -> BookSheet:
        places = indicator_places(self.head)
        rows: list[tuple[Value, ...]] = []
        for number, tree in self.trees.items():
            indicators = tree.get("indicators") or {}
            for name in in_order(indicators, (tree.get(ORDER) or {}).get("indicators")):
                inside = indicators[name]
                cells = [self.cell(place, inside) for place in places]
                rows.append((number, tree["ko"], inside["ko"], name, *cells))
        return self.sheet(
            "targets",
            title=self.say("지표·목표", "Indicators and targets"),
            remark=self.say(
                "한 줄에 한 지표. 목표가 없는 기간은 '시기미도래: 사유'로 적습니다. "
                "0과 빈칸은 다릅니다.",
                "A line for each indicator; what is not due yet is '시기미도래: why'. "
                "0 is not blank.",
            ),
            columns=(
                self.number(),
                self.column("사업명", "Project title", ("적지 않아도 됨", "may be left out")),
                self.column(
                    "성과지표",
                    "Indicator",
                    ("필수", "needed"),
                    kind="text",
                    example=("상인회 협의", "Meetings with traders"),
                ),
                self.column(
                    "지표ID", "Indicator ID", ("비우면 이름", "blank: of the name"), kind="text"
                ),
                *(self.place(each) for each in places),
            ),
            rows=tuple(rows),
            frozen=3,
        )

    def budget(self) -> BookSheet:
        places = [each for each in project_places(self.head) if each.path[:2] == _PERIODS]
        first, last = column_letters(3), column_letters(2 + len(places))
        sources = [at for at, each in enumerate(self.listed(), 2) if each.path[1:2] == ("sources",)]
        page, total = self.text(SHEETS["projects"]), ""
        for at in sources:
            letters = column_letters(at)
            total += f"-SUMIF('{page}'!$A$6:$A$2000,A{{row}},'{page}'!${letters}$6:${letters}$2000)"
        check = (
            '=IF(A{row}="","",IF(ROUND(SUM('
            + f"{first}{{row}}:{last}{{row}}){total}"
            + ",6)<>0,"
            + self.quoted("합계가 사업비와 다름", "differs from the budget")
            + ',""))'
        )
        rows = [
            (number, tree["ko"], *(self.cell(place, tree) for place in places))
            for number, tree in self.trees.items()
            if at_path(tree, _PERIODS)
        ]
        return self.sheet(
            "budget",
            title=self.say("예산(기간별 소요예산)", "What each period needs"),
            remark=self.say(
                "기간의 합이 사업 시트의 재원 합과 같아야 합니다. 금액은 백만원.",
                "The periods add up to the sources on the sheet of projects.",
            ),
            columns=(
                self.number(),
                self.column("사업명", "Project title", ("적지 않아도 됨", "may be left out")),
                *(self.place(each) for each in places),
                self.check(check),
            ),
            rows=tuple(rows),
            frozen=2,
        )

    def schedule(self) -> BookSheet:
        months = months_in(self.head)
        rows: list[tuple[Value, ...]] = []
        for number, tree in self.trees.items():
            if said := tree.get("schedule"):
                rows.append((number, tree["ko"], *(said.get(month) for month in months)))
        heads = month_heads(months)
        return self.sheet(
            "schedule",
            title=self.say("월별 세부추진계획", "Steps by month"),
            remark=self.say("할 일이 없는 달은 - 로 적습니다.", "- where nothing is to be done."),
            columns=(
                self.number(),
                self.column("사업명", "Project title", ("적지 않아도 됨", "may be left out")),
                *(
                    self.column(heads[month].ko, heads[month].en, kind="text", width=16)
                    for month in months
                ),
            ),
            rows=tuple(rows),
            frozen=2,
        )

    def cards(self) -> BookSheet:
        rows: list[tuple[Value, ...]] = []
        for number, tree in self.trees.items():
            for at, card in enumerate(tree.get("cards") or (), 1):
                said = {"ko": card} if isinstance(card, str) else card
                rows.append((number, at, said.get("ko"), said.get("en")))
        return self.sheet(
            "cards",
            title=self.say("관리카드", "Cards"),
            remark=self.say("세부사업이 있는 사업만.", "Only where a project has sub-projects."),
            columns=(
                self.number(),
                self.column("카드번호", "Card", ("필수. 1부터", "from 1"), kind="number", least=1),
                self.column("세부사업명", "Sub-project", ("필수", "needed"), kind="text"),
                self.column("영문명", "English name", kind="text"),
            ),
            rows=tuple(rows),
            frozen=2,
        )

    def settings(self) -> BookSheet:
        rows = [
            (self.text(item.label), self.setting(item), self.remark(item))
            for item in (*items(self.lifecycle), *band_items(self.head))
        ]
        return BookSheet(
            name=self.text(SHEETS["settings"]),
            title=self.say("일정·설정", "Dates and settings"),
            remark=self.say(
                "원문에 없는 값은 evalflow의 기본값이며 법적 기준이 아닙니다.",
                "What no source says is evalflow's own default, and no rule of law.",
            ),
            columns=(
                self.column("항목", "Item", locked=True),
                self.column("값", "Value", kind="any", width=40),
                self.column("뜻", "Meaning", locked=True),
            ),
            rows=tuple(rows),
        )

    # ------------------------------------------------------------------ cells

    def listed(self) -> list[Place]:
        """Return the columns of the sheet of projects, behind the number."""
        used = [key for tree in self.trees.values() for key in sources_of(tree)]
        sources = dict.fromkeys([*SOURCES, *used])
        return [each for each in project_places(self.head, sources) if each.path[:2] != _PERIODS]

    def check(self, formula: str) -> BookColumn:
        return self.column("확인", "Check", ("자동", "by itself"), check=formula, width=24)

    def quoted(self, ko: str, en: str) -> str:
        return f'"{self.say(ko, en)}"'

    def remark(self, item: Item) -> str | None:
        if item.choices:
            return " / ".join(self.text(each) for each in item.choices.values())
        return self.text(item.meaning) or None

    def setting(self, item: Item) -> Value:
        head, (part, _, name) = self.head, item.key.partition(".")
        if part == "due":
            event = self.lifecycle.events[name]
            assert event.due is not None
            rule = head.calendar.due.get(name, event.due)
            return rule.n if rule.kind == event.due.kind else None
        if part == "band":
            bound = {band.name: band.at_least for band in head.scoring.bands}[name]
            return None if bound is None else bound
        if part == "lenient":
            return head.lenient.get(name)
        if part == "document":
            value = getattr(head.document, name)
            if name == "consulted":
                return "; ".join(each.title for each in value if each.actor is None) or None
            return "; ".join(value) if isinstance(value, tuple) else (value or None)
        found: Mapping[str, Value] = {
            "id": head.id,
            "revision": head.revision,
            "year": head.year,
            "ko": head.label.ko,
            "en": _english(head.label),
            "lifecycle": head.lifecycle,
            "periods": self.text(PERIODS[head.calendar.frequency]),
            "move": self.text(MOVES[head.calendar.move]),
            "places": head.scoring.places,
            "project_mean": self.text(PROJECT_MEANS[head.scoring.project_mean]),
            "group_mean": self.text(GROUP_MEANS[head.scoring.group_mean]),
            "zero_target": self.text(ZERO_TARGETS[head.scoring.zero_target]),
        }
        return found[item.key]

    def number(self) -> BookColumn:
        return self.column("관리번호", "Number", ("필수", "needed"), kind="text", example="5")

    def place(self, place: Place) -> BookColumn:
        key, text = place.column.key, self.text(place.label)
        money = isinstance(place.kind, Money)
        hints = _HINTS.get(key, ("", "", None))
        example = hints[2] if self.lang == "ko" else _EXAMPLES_EN.get(key, hints[2])
        choices: tuple[str, ...] = ()
        among: tuple[str, int] | None = None
        if key in ("unit", "cooperating"):
            among = (self.text(SHEETS["units"]), 0)
        elif key in ("field", "core_project", "goals", "selection"):
            among = (self.text(SHEETS["names"]), 1)
        elif isinstance(place.kind, OneOf) and not isinstance(place.kind, Several):
            choices = place.kind.names.all_written(self.lang)
        kind = "any"
        if money:
            text += self.say("(백만원)", " (million won)")
            kind, example = "number", Decimal("120.5")
        elif key in ("start", "end"):
            kind, example = "date", dt.date.fromisoformat(str(hints[2]))
        elif key.startswith("target "):
            example = Decimal(10)
            hints = ("수 또는 시기미도래: 사유", "a number, or 시기미도래: why", None)
        return BookColumn(
            head=text,
            hint=self.say(hints[0], hints[1]),
            example=example,
            kind=kind,  # type: ignore[arg-type]
            choices=choices,
            among=among,
            least=0 if money else None,
        )

    def cell(self, place: Place, tree: Tree) -> Value:
        value = value_at(place, tree)
        if value is None or value == []:
            return None
        if isinstance(place.kind, Money):
            return Decimal(won_of(value)) / MILLION
        return place.kind.write(value, self.lang)

    def unit_kinds(self) -> tuple[str, ...]:
        return unit_kinds(self.lifecycle)

    def kind(self, kind: str) -> str:
        return self.text(KINDS[kind]) if kind in KINDS else kind

    def unit_name(self, unit_id: str) -> str:
        """Return what the sheet calls a unit: its name, or the id where others bear the name."""
        name = self.head.units[unit_id].label.ko
        others = [each for each in self.head.units.values() if each.label.ko == name]
        return name if len(others) == 1 else unit_id


_PERIODS = ("budget", "periods")


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


def _english(label: Label) -> str | None:
    return None if label.en == label.ko else label.en
