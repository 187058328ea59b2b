"""The office's workbook: what an office is and plans, on sheets that people fill in without YAML.

Units, people with their roles and days, fields and goals, projects, indicators with their targets,
budgets, monthly steps, cards, and the dates and thresholds of the year. The same sheets are written
blank for a new office, filled out of a store, and read by `workbook_reader`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from evalflow.files.book_writer import BookSheet
from evalflow.files.cells import column_letters
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import Grant, Label, PlanHead, ProjectDefinition
from evalflow.plan.head import head_from_tree
from evalflow.plan.keys import FORMAT, OFFICE
from evalflow.plan.listing import at_path
from evalflow.plan.order import ORDER, in_order
from evalflow.plan.tables import (
    Value,
    indicator_places,
    project_places,
)
from evalflow.plan.workbook_cells import BY_PERIOD, Cells
from evalflow.plan.workbook_guide import guide
from evalflow.plan.workbook_words import (
    ENTRY_KINDS,
    KINDS,
    SHEETS,
    band_items,
    english,
    items,
    month_heads,
    months_in,
    unit_kinds,
)


def blank_head(lifecycle: str, year: int, office: str, *, bureaus: Iterable[str] = ()) -> PlanHead:
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
            "calendar": {"periods": "quarter"},
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
) -> tuple[BookSheet, ...]:
    """Return the sheets of the office's workbook, filled with what the plan says, with empty
    rows on each; `write_book` writes them."""
    writing = _Writing(head, definitions, lifecycle, lang)
    return (
        guide(lang),
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


class _Writing(Cells):
    """One plan that is written to a workbook, sheet by sheet."""

    def units(self) -> BookSheet:
        kinds = [self.kind(each) for each in unit_kinds(self.lifecycle)]
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
                    english(unit.label),
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
                    english(label),
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
        places = [each for each in project_places(self.head) if each.path[:2] == BY_PERIOD]
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
            if at_path(tree, BY_PERIOD)
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
