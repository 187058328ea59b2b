"""What stands on the sheets of a workbook for one event: the columns that are written and read.

A workbook is made for an event of a lifecycle, whatever the event is called: what it takes decides
which sheets and columns there are. Figures have a row an indicator, judgements too; what is said
once of a project stands in its first row; cards, months, declared changes, evidence, measures and
changed targets have a sheet of their own. What a bureau says at once stands on the cover.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

import attrs

from evalflow.files.cells import same
from evalflow.files.table_heads import Column
from evalflow.lifecycle.definition import Event, Field, Lifecycle
from evalflow.lifecycle.fields import CARD_STATES
from evalflow.model import Label
from evalflow.model.values import frozen
from evalflow.plan.tables import ACTUALS, NOT_DUE

FORMAT = "sheet/1"
"""What a workbook of this kind says of itself."""

ABOUT = Label("evalflow", "evalflow")
"""The hidden sheet on which a workbook says what it was made for."""

COVER = Label("표지", "Cover")
LINES = Label("실적", "Figures")
REVIEW = Label("검토", "Review")
DATA = Label("자료", "Data")
CARDS = Label("관리카드", "Cards")
MONTHS = Label("월별실적", "Months")
DECLARED = Label("변경사항", "Changes")
EVIDENCE = Label("증빙목록", "Evidence")
MEASURES = Label("정상화방안", "Measures")
CHANGED = Label("변경내용", "What changes")
PROJECTS = Label("사업", "Projects")
UNITS = Label("수합", "Units")
SUMMARY = Label("총괄", "Summary")
LAGGING = Label("부진", "Lagging")

SINGLE = frozenset(
    {"text", "reason", "money", "number", "date", "flag", "choice", "event", "period"}
    | {"document", "visit", "criteria", "texts"}
)
"""Types of data that stand in one cell (a visit: in three)."""

BY_INDICATOR = frozenset({"figures", "judgements", "explanations"})
OWN_SHEET = frozenset({"cards", "months", "declarations", "measures", "change"})
TAKEN = SINGLE | BY_INDICATOR | OWN_SHEET
"""Types of data that a workbook can hold; `sign_off` and `votes` are given to `fire`."""

YES = Label("예", "yes")
NO = Label("아니오", "no")
CONFIRMED = Label("확인", "confirmed")
OVERRIDDEN = Label("조정", "overridden")
NONE = Label("해당 없음", "none")

LONG, LONGER, SHORT = 300, 500, 200
"""Characters that a cell of text takes without a warning by the program that edits it."""


_MILLIONS = re.compile(r"\s*\((?:백만원|million won)\)$")
_NO_HINT = Label("", "")


@frozen(kw_only=True)
class Spot:
    """A column: what the program calls it, its head, who fills it, and what may stand there.

    Attributes:
        names: further heads by which it is known when it is read.
        entry: whether people write in it.
        own: whether it says something of the project and not of the indicator: it stands in the
            project's first row.
        field: the field of the event's data that it gives, where it gives one by itself.
        automatic: whether the sheet works it out by itself.
    """

    key: str
    head: Label
    names: tuple[str, ...] = ()
    entry: bool = False
    own: bool = False
    field: Field | None = None
    automatic: bool = False
    kind: Literal["text", "number", "date", "any"] = "any"
    hint: Label = _NO_HINT
    choices: tuple[Label, ...] = ()
    longest: int | None = None
    least: int | None = None
    allowed: str | None = None
    width: int | None = None

    def column(self, *, required: bool = False) -> Column:
        """Return the column to look for when the sheet is read."""
        heads = [_MILLIONS.sub("", each) for each in (self.head.ko, self.head.en)]
        names = tuple(dict.fromkeys((*heads, *self.names)))  # what is in brackets is a unit
        return Column(self.key, names, required=required, automatic=self.automatic)


NUMBER = Spot(key="number", head=Label("관리번호", "Number"), names=("번호", "사업번호", "project"))
TITLE = Spot(key="title", head=Label("사업명", "Title"), width=26)
UNIT = Spot(key="unit", head=Label("부서", "Unit"))
INDICATOR = Spot(
    key="indicator", head=Label("성과지표", "Indicator"), names=ACTUALS[1].names, width=24
)
WHO = Spot(
    key="who",
    head=Label("담당", "Who"),
    names=("처리자", "actor"),
    entry=True,
    own=True,
    hint=Label("비우면 --as 또는 그 역할의 담당자", "blank: --as, or who holds the role"),
)
TO_DO = Spot(key="to_do", head=Label("확인", "To do"), automatic=True, width=26)

ITEM = Column("item", ("항목", "item"))
CONTENT = Column("content", ("내용", "content"), required=False)
"""The two columns of a cover, and of what a workbook says of itself."""


def unsupported(event: Event) -> tuple[Field, ...]:
    """Return the fields that the event takes and a workbook cannot hold."""
    return tuple([each for each in event.data if each.type not in TAKEN])


def has(event: Event, *types: str) -> bool:
    """Say whether the event takes data of one of these types."""
    return any(each.type in types for each in event.data)


def field_of(event: Event, kind: str) -> Field | None:
    """Return the event's first field of this type."""
    return next((each for each in event.data if each.type == kind), None)


def single_fields(event: Event) -> tuple[Field, ...]:
    """Return the fields that stand in a cell of the project; lists of texts beside figures have a
    sheet of their own (증빙목록)."""
    listed = has(event, "figures")
    return tuple([f for f in event.data if f.type in SINGLE and not (f.type == "texts" and listed)])


def listed_fields(event: Event) -> tuple[Field, ...]:
    """Return the lists of texts that have a sheet of their own."""
    if not has(event, "figures"):
        return ()
    return tuple([each for each in event.data if each.type == "texts"])


def instead_of(lifecycle: Lifecycle, event: Event) -> dict[str, Event]:
    """Return, by its Korean label, each event that a reviewer may choose for a project instead of
    judging it (보완요구): it can be fired from the same states by one of the same roles, and takes
    a reason and nothing else that is required."""
    if not has(event, "judgements"):
        return {}
    found = {}
    for other in lifecycle.events.values():
        needed = [each for each in other.data if each.required]
        if (
            other.name != event.name
            and other.leads == event.leads
            and event.sources() <= other.sources()
            and not {t.target for t in other.transitions} <= event.sources()
            and set(other.by) & set(event.by)
            and [each.type for each in needed] == ["reason"]
            and other.evaluation == event.evaluation
        ):
            found[other.label.ko] = other
    return found


_SYNONYMS = {same(name) for column in ACTUALS for name in column.names}


def head_of(field: Field) -> Label:
    """Return how a field's column is headed: its label; in million won where it is money; told
    from the columns of figures where it is called as one of them (추진실적 내용)."""
    ko, en = field.label.ko, field.label.en
    if same(ko) in _SYNONYMS:
        ko = f"{ko} 내용"
    if same(en) in _SYNONYMS:
        en = f"{en} (text)"
    if field.type == "money":
        return Label(f"{ko}(백만원)", f"{en} (million won)")
    return Label(ko, en)


def own_spots(
    event: Event, lifecycle: Lifecycle, periods: Iterable[str], *, by_line: bool
) -> list[Spot]:
    """Return the columns of what the event takes and a project says once; with `by_line` there
    are several rows of a project, and a text may be said in each."""
    spots: list[Spot] = []
    for field in single_fields(event):
        if field.type == "visit":
            spots += _visit(field)
            continue
        must = Label("필수. ", "Required. ") if field.required else Label("", "")
        what = _HINTS.get(field.type, Label("", ""))
        several = by_line and field.type == "text"
        spots.append(
            Spot(
                key=f"field:{field.name}",
                head=head_of(field),
                names=(field.name,),
                entry=True,
                own=not several,
                field=field,
                kind=_KINDS.get(field.type, "any"),
                hint=Label(must.ko + what.ko, must.en + what.en),
                choices=tuple(choices_of(field, lifecycle, periods).values()),
                longest=LONGER if field.type in ("text", "reason") else None,
                least=0 if field.type == "money" else None,
                width=32 if field.type in ("text", "reason", "texts") else None,
            )
        )
    return spots


_KINDS: Mapping[str, Literal["text", "number", "date", "any"]] = {
    "money": "number",
    "date": "date",
    "text": "text",
    "reason": "text",
    "document": "text",
    "period": "text",
}
_HINTS = {
    "money": Label("사업의 첫 줄에", "In the project's first row"),
    "texts": Label("여럿이면 ; 로 나눔", "Several: part them by ;"),
    "criteria": Label("여럿이면 , 로 나눔", "Several: part them by ,"),
    "document": Label("예: 기획예산과-1234", "E.g. planning-1234"),
    "flag": Label("예 또는 빈칸", "yes, or blank"),
}


def _visit(field: Field) -> list[Spot]:
    heads = (
        ("on", Label(f"{field.label.ko}일", f"{field.label.en}: day")),
        ("notified_on", Label(f"{field.label.ko} 통지일", f"{field.label.en}: announced")),
        ("unannounced", Label(f"{field.label.ko} 미통지 사유", f"{field.label.en}: unannounced")),
    )
    return [
        Spot(
            key=f"field:{field.name}.{key}",
            head=head,
            entry=True,
            own=True,
            field=field,
            kind="text" if key == "unannounced" else "date",
            longest=SHORT if key == "unannounced" else None,
        )
        for key, head in heads
    ]


def choices_of(field: Field, lifecycle: Lifecycle, periods: Iterable[str]) -> dict[str, Label]:
    """Return what may be chosen for a field, by the word that the engine knows."""
    if field.type == "choice":
        return dict(field.options)
    if field.type == "flag":
        return {"true": YES, "false": NO}
    if field.type == "event":
        due = [each for each in lifecycle.events.values() if each.due is not None]
        return {each.name: each.label for each in due}
    if field.type == "period":
        return {each: Label(each, each) for each in periods}
    return {}


def figure_spots(*, shares: bool, word: Label, money: bool) -> list[Spot]:
    """Return the columns of figures; `word` is how long a period is (분기)."""
    number_or_not = f'OR(ISNUMBER({{cell}}),{{cell}}="{NOT_DUE}")'
    actual = Spot(
        key="actual",
        head=Label("실적", "Actual"),
        names=ACTUALS[2].names,
        entry=True,
        hint=Label(
            f"필수. 이번 {word.ko}의 실적(최종값은 끝날의 값). 수만, 또는 {NOT_DUE}",
            "Required. This period's own (last: the value at its end). A number, or not_due",
        ),
        allowed=None if shares else number_or_not,
    )
    parts = [
        Spot(key="numerator", head=Label("분자", "Numerator"), entry=True, kind="number"),
        Spot(key="denominator", head=Label("분모", "Denominator"), entry=True, kind="number"),
    ]
    budget = Label(f"{word.ko}예산(백만원)", "Budget (million won)")
    return [
        Spot(key="measure", head=Label("단위", "Measured in")),
        Spot(key="formula", head=Label("측정산식", "Formula")),
        Spot(key="accumulation", head=Label("누계방식", "Adds up")),
        Spot(key="target", head=Label(f"{word.ko}목표", "Target")),
        Spot(key="total_target", head=Label("누계목표", "Target so far")),
        Spot(key="last", head=Label(f"전{word.ko} 실적", "Last actual")),
        actual,
        *(parts if shares else ()),
        Spot(key="total", head=Label("실적 누계", "Actual so far"), automatic=True),
        Spot(key="rate", head=Label("이행률", "Rate"), automatic=True),
        Spot(key="band", head=Label("추진상태", "Standing"), automatic=True),
        *([Spot(key="budget", head=budget)] if money else []),
    ]


EXPLANATIONS = (
    Spot(
        key="cause",
        head=Label("부진사유", "Cause"),
        names=ACTUALS[5].names,
        entry=True,
        hint=Label("부진이면 필수", "Required where it lags"),
        longest=LONGER,
        kind="text",
        width=36,
    ),
    Spot(
        key="countermeasure",
        head=Label("대책", "Countermeasure"),
        names=ACTUALS[6].names,
        entry=True,
        hint=Label("부진이면 필수", "Required where it lags"),
        longest=LONG,
        kind="text",
        width=32,
    ),
    Spot(
        key="follow_up",
        head=Label("정상화 완료 예정일", "On track again by"),
        entry=True,
        kind="date",
        hint=Label("부진이면", "Where it lags"),
    ),
)
NOT_DUE_WHY = Spot(
    key="not_due",
    head=Label("시기미도래 사유", "Why not due"),
    entry=True,
    longest=SHORT,
    kind="text",
    hint=Label("해당할 때만", "Only where it is"),
)


def review_spots(others: Iterable[Event]) -> list[Spot]:
    """Return the columns of a reviewer: the department's own on the left, the review on the right.
    `others` are events that can be chosen instead."""
    return [
        Spot(key="formula", head=Label("측정산식", "Formula")),
        Spot(key="total_target", head=Label("누계목표", "Target so far")),
        Spot(key="total", head=Label("누계실적", "Actual so far")),
        Spot(key="rate", head=Label("자체 이행률", "Own rate")),
        Spot(key="band", head=Label("자체 추진상태", "Own standing")),
        Spot(key="said", head=Label("부진사유·대책", "Cause and countermeasure"), width=36),
        Spot(
            key="verdict",
            head=Label("검토", "Review"),
            entry=True,
            hint=Label("필수. 목록에서", "Required. From the list"),
            choices=(CONFIRMED, OVERRIDDEN, *[each.label for each in others], NONE),
        ),
        Spot(
            key="override",
            head=Label("조정 이행률", "Rate instead"),
            entry=True,
            kind="number",
            least=0,
            hint=Label("조정이면 필수. %", "Required where overridden. In percent"),
        ),
        Spot(
            key="why",
            head=Label("조정·보완 사유", "Reason"),
            entry=True,
            kind="text",
            longest=LONG,
            width=30,
            hint=Label("조정·보완요구이면 필수", "Required where overridden or sent back"),
        ),
    ]


CARD_SPOTS = (
    NUMBER,
    Spot(key="card", head=Label("카드번호", "Card")),
    Spot(key="card_title", head=Label("세부사업명", "Sub-project"), width=26),
    Spot(
        key="state",
        head=Label("추진상태", "State"),
        entry=True,
        choices=tuple(CARD_STATES.values()),
        hint=Label("또는 목표와 실적", "Or goal and done"),
    ),
    Spot(
        key="goal",
        head=Label("목표(누계)", "Goal so far"),
        entry=True,
        hint=Label("선택", "If any"),
    ),
    Spot(
        key="done",
        head=Label("실적(누계)", "Done so far"),
        entry=True,
        hint=Label("선택", "If any"),
    ),
    Spot(
        key="spent", head=Label("집행액(백만원)", "Spent (million won)"), entry=True, kind="number"
    ),
    Spot(
        key="text",
        head=Label("추진실적 내용", "Progress"),
        entry=True,
        kind="text",
        longest=SHORT,
        width=36,
        hint=Label("필수", "Required"),
    ),
    attrs.evolve(EXPLANATIONS[0], names=()),
    attrs.evolve(EXPLANATIONS[1], names=()),
    Spot(
        key="papers",
        head=Label("증빙자료", "Papers"),
        entry=True,
        kind="text",
        longest=SHORT,
        width=26,
        hint=Label("필수. 여럿은 ;로 나눔", "Required; part several by ;"),
    ),
    Spot(
        key="next",
        head=Label("다음 계획", "What comes next"),
        entry=True,
        kind="text",
        longest=SHORT,
    ),
)
MONTH_SPOTS = (
    NUMBER,
    TITLE,
    Spot(key="month", head=Label("월", "Month"), kind="text"),
    Spot(key="plan", head=Label("월별 세부추진계획", "Plan of the month"), width=30),
    Spot(
        key="text",
        head=Label("추진한 일", "What was done"),
        entry=True,
        kind="text",
        longest=SHORT,
        width=36,
    ),
)
DECLARED_SPOTS = (
    NUMBER,
    TITLE,
    Spot(key="change", head=Label("변경번호", "Change no.")),
    Spot(key="what", head=Label("확정된 변경", "The change that was approved"), width=40),
    Spot(
        key="text",
        head=Label("변경 내용 기재", "How it is stated"),
        entry=True,
        kind="text",
        longest=LONG,
        width=40,
        hint=Label("필수. 변경 전·후와 사유", "Required. Before, after, and why"),
    ),
)
EVIDENCE_SPOTS = (
    attrs.evolve(NUMBER, entry=True, hint=Label("필수", "Required")),
    attrs.evolve(INDICATOR, entry=True, names=(), hint=Label("선택", "If any")),
    Spot(
        key="name",
        head=Label("자료명", "Evidence"),
        entry=True,
        kind="text",
        hint=Label("필수", "Required"),
        width=26,
    ),
    Spot(key="count", head=Label("수량", "How many"), entry=True, kind="text"),
    Spot(
        key="place",
        head=Label("보관 위치·문서번호", "Where it is kept"),
        entry=True,
        kind="text",
        hint=Label("필수", "Required"),
        width=26,
    ),
    Spot(key="open", head=Label("공개구분", "Disclosure"), entry=True, kind="text"),
)
MEASURE_SPOTS = (
    attrs.evolve(NUMBER, entry=True, hint=Label("필수", "Required")),
    Spot(
        key="measure",
        head=Label("조치", "Measure"),
        entry=True,
        kind="text",
        width=36,
        hint=Label("필수", "Required"),
    ),
    Spot(
        key="owner",
        head=Label("책임자", "Owner"),
        entry=True,
        kind="text",
        hint=Label("필수. 직위", "Required. An office"),
    ),
    Spot(
        key="until",
        head=Label("완료 예정일", "By"),
        entry=True,
        kind="date",
        hint=Label("필수", "Required"),
    ),
)
CHANGED_SPOTS = (
    NUMBER,
    TITLE,
    Spot(key="what", head=Label("변경 대상", "What"), width=30),
    Spot(key="path", head=Label("항목", "Key")),
    Spot(key="before", head=Label("변경 전", "Before")),
    Spot(
        key="after",
        head=Label("변경 후", "After"),
        entry=True,
        hint=Label("바뀌는 것만", "Only what changes"),
    ),
)


def line_spots(
    event: Event, lifecycle: Lifecycle, periods: Iterable[str], *, shares: bool, word: Label
) -> list[Spot]:
    """Return the columns of a sheet with a row an indicator."""
    own = own_spots(event, lifecycle, periods, by_line=True)
    if not has(event, "figures"):
        others = instead_of(lifecycle, event).values()
        return [NUMBER, TITLE, UNIT, INDICATOR, *review_spots(others), *own, WHO]
    money = has(event, "money")
    explained = EXPLANATIONS if has(event, "explanations") else ()
    figures = figure_spots(shares=shares, word=word, money=money)
    return [
        *(NUMBER, TITLE, UNIT, INDICATOR, *figures),
        *(*own, *explained, NOT_DUE_WHY, WHO, TO_DO),
    ]
