"""The tables of a plan: their columns, and how a cell says what a plan's tree says.

Three kinds of rows: a project (붙임 1 with its budget, R31), an indicator with its targets (R30),
an indicator with the actuals of one period. The same columns are written and read, so that a
table that was exported and is imported again changes nothing.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from evalflow.errors import did_you_mean, nearest
from evalflow.files.cells import same
from evalflow.files.days import Month
from evalflow.files.figures import ANY_UNIT, NOT_DUE_WORDS, is_not_due, why_not_due
from evalflow.files.table import Row
from evalflow.files.table_heads import Column
from evalflow.files.texts import stored_figure
from evalflow.model import Label, PlanHead
from evalflow.model.canonical import Tree
from evalflow.model.values import frozen
from evalflow.plan.order import ORDER, in_order
from evalflow.plan.spans import periods_of
from evalflow.plan.surroundings import months_of
from evalflow.scoring.formulas import DIRECTIONS, FORMULAS

Value = str | int | Decimal | dt.date | None

NOT_DUE = NOT_DUE_WORDS[0]
"""What stands in place of a target or an actual that is not due (G8)."""

NUMBER = Column("number", ("관리번호", "번호", "사업번호", "number", "project"))
TITLE = Column("ko", ("사업명", "project title", "title"), required=False)
INDICATOR = Column(
    "indicator",
    ("성과지표", "추진내용(성과지표)", "추진내용", "지표", "지표명", "indicator"),
)

ACTUALS = (
    NUMBER,
    INDICATOR,
    Column("actual", ("실적", "분기실적", "누계실적", "추진실적", "actual")),
    Column("numerator", ("분자", "numerator"), required=False),
    Column("denominator", ("분모", "denominator"), required=False),
    Column(
        "cause",
        ("부진사유", "부진원인", "원인", "사유", "부진사유분석", "cause"),
        required=False,
    ),
    Column(
        "countermeasure",
        ("대책", "향후계획", "대책·향후계획", "대책및향후계획", "향후대책", "countermeasure"),
        required=False,
    ),
)
"""What a table of one period's actuals has: a row per project and indicator."""

SOURCES = ("국비", "시비", "구비", "기타")
"""Sources of a budget that a table may always name, besides those that the plan has."""

_ACCUMULATIONS = {
    "sum": Label("합계", "sum"),
    "last": Label("최종값", "last"),
    "average": Label("평균", "average"),
    "ratio": Label("비율", "ratio"),
}
_DIRECTION_NAMES = {
    "up": Label("상향", "up"),
    "down": Label("하향", "down"),
    "maintain": Label("유지", "maintain"),
}
# What the screen says of figures that add up (`score`) is understood, too.
_ACCUMULATION_NAMES: Mapping[str, tuple[Label, ...]] = {
    **{name: (label,) for name, label in _ACCUMULATIONS.items()},
    "sum": (_ACCUMULATIONS["sum"], Label("누계", "total"), Label("누계(합계)", "so far (sum)")),
    "last": (
        _ACCUMULATIONS["last"],
        Label("최근값", "latest"),
        Label("누계(최근값)", "so far (latest)"),
    ),
    "average": (_ACCUMULATIONS["average"], Label("누계(평균)", "so far (average)")),
}
assert set(_DIRECTION_NAMES) == set(DIRECTIONS)
_KINDS = {"new": Label("신규", "new"), "continued": Label("계속", "continued")}

_SEVERAL = re.compile(r"\s*[;\n]\s*")
_ASSIGNED = re.compile(
    r"(?P<unit>.+?)\s*\(\s*(?P<since>\d{4}-\d\d-\d\d)?\s*~\s*(?P<until>\d{4}-\d\d-\d\d)?\s*\)"
)


def accumulation_label(name: str) -> Label:
    """Return how periods add up, as tables say it."""
    return _ACCUMULATIONS.get(name, Label(name, name))


# --------------------------------------------------------------------------- cells of a kind


class Names:
    """What a cell may call the things of a plan: their ids, and their names in both languages.

    A name that two of them share says nothing; then only the id will do, and is written.
    """

    def __init__(self, what: tuple[str, str], names: Mapping[str, Iterable[Label]]) -> None:
        """Take what they are, in both languages, and id -> the labels it bears or bore."""
        self.what = what
        self._labels = {key: tuple(labels) for key, labels in names.items()}
        found: dict[str, set[str]] = {}
        for key, labels in self._labels.items():
            for text in {key, *(each for label in labels for each in (label.ko, label.en))}:
                found.setdefault(same(text), set()).add(key)
        self._ids = {name: next(iter(ids)) for name, ids in found.items() if len(ids) == 1}
        self._ids |= {same(key): key for key in self._labels}

    def written(self, key: str, lang: str) -> str:
        """Return the name by which a cell says `key`."""
        labels = self._labels.get(key)
        name = labels[0].text(lang) if labels else key
        return name if self._ids.get(same(name)) == key else key

    def all_written(self, lang: str) -> tuple[str, ...]:
        """Return the names of all of them, in their order."""
        return tuple([self.written(key, lang) for key in self._labels])

    def meant(self, text: str) -> str | None:
        """Return the id that the text names, None where it names none."""
        return self._ids.get(same(text))

    def read(self, row: Row, column: str, text: str) -> str:
        """Return the id that the text names, noting where it names none."""
        key = self._ids.get(same(text))
        if key is not None:
            return key
        code = f"unknown_{self.what[1].replace(' ', '_')}"
        known = [label.ko for labels in self._labels.values() for label in labels[:1]]
        near = None if row.table.is_crowded(code) else nearest(text, [*known, *self._labels])
        ko, en = f"{self.what[0]} '{text}'이(가) 없습니다", f"no {self.what[1]} '{text}'"
        listed = ", ".join(known)
        few = (f" (가능: {listed})", f" (there are: {listed})") if len(known) <= 12 else ("", "")
        ko, en = did_you_mean(ko, en, near, few)
        row.wrong(column, code, ko, en, text)
        return text


PROJECT_WORDS: Mapping[str, Names] = {
    "kind": Names(("구분", "kind"), {name: (label,) for name, label in _KINDS.items()}),
    "direction": Names(
        ("방향", "direction"), {name: (label,) for name, label in _DIRECTION_NAMES.items()}
    ),
    "formula": Names(
        ("산식", "formula"), {name: (formula.label,) for name, formula in FORMULAS.items()}
    ),
    "accumulation": Names(("누계방식", "accumulation"), _ACCUMULATION_NAMES),
}
"""What projects and indicators say by a word of the language, and what those words are called."""


@frozen
class Kind:
    """How a column's cell says a value of the plan's tree. This one: plain text."""

    def write(self, tree: Tree, lang: str) -> Value:
        """Return what the cell holds for `tree` (never None)."""
        return str(tree)

    def read(self, row: Row, key: str) -> Tree:
        """Return the tree that the cell says, noting in its table what is wrong with it."""
        return row.text(key)

    def read_in(self, row: Row, key: str, inside: Mapping[str, Tree]) -> Tree:
        """Return the same; `inside` is the tree of the project or indicator that it is about."""
        return self.read(row, key)

    def agrees(self, row: Row, key: str, tree: Tree, read: Tree) -> bool:
        """Say whether the cell, read as `read`, says what `tree` says already."""
        return tree is not None and _composed(str(tree)) == read


@frozen
class OneOf(Kind):
    """One of named things, said by a name or by its id."""

    names: Names

    def agrees(self, row: Row, key: str, tree: Tree, read: Tree) -> bool:
        """The ids are compared."""
        return bool(tree == read)

    def write(self, tree: Tree, lang: str) -> Value:
        """Return the name."""
        return self.names.written(str(tree), lang)

    def read(self, row: Row, key: str) -> Tree:
        """Return the id."""
        return self.names.read(row, key, row.text(key))


@frozen
class Several(OneOf):
    """Any number of named things, parted by semicolons or line breaks."""

    def write(self, tree: Tree, lang: str) -> Value:
        """Return the names."""
        listed = [tree] if isinstance(tree, str) else tree
        return "; ".join(self.names.written(str(each), lang) for each in listed)

    def read(self, row: Row, key: str) -> Tree:
        """Return the ids."""
        return [self.names.read(row, key, each) for each in _SEVERAL.split(row.text(key)) if each]

    def agrees(self, row: Row, key: str, tree: Tree, read: Tree) -> bool:
        """A single id may stand in a plan without a list."""
        return bool(([tree] if isinstance(tree, str) else tree) == read)


@frozen
class InCharge(OneOf):
    """The unit in charge; several, one after the other, each with its days in brackets:
    `도로과(~2016-06-30); 교통행정과(2016-07-01~)`."""

    def write(self, tree: Tree, lang: str) -> Value:
        """Return the name, or the names with their days."""
        if isinstance(tree, str):
            return self.names.written(tree, lang)
        return "; ".join(
            f"{self.names.written(each['unit'], lang)}"
            f"({each.get('since') or ''}~{each.get('until') or ''})"
            for each in tree
        )

    def read(self, row: Row, key: str) -> Tree:
        """Return a unit's id, or a list of assignments."""
        text = row.text(key)
        found: list[Tree] = []
        for each in _SEVERAL.split(text):
            match = _ASSIGNED.fullmatch(each)
            if match is None:
                if not found and each == text:
                    return self.names.read(row, key, text)
                ko = f"'{each}'에는 담당 기간이 필요합니다 (예: 도로과(2016-01-01~2016-06-30))"
                en = f"'{each}' needs its days, e.g. Roads(2016-01-01~2016-06-30)"
                row.wrong(key, "assignment_without_days", ko, en, each)
                continue
            days = {name: match[name] for name in ("since", "until") if match[name]}
            found.append({"unit": self.names.read(row, key, match["unit"]), **days})
        return found


FAR_YEARS = 20
"""A day further from the plan's years than this gets a word."""


@frozen
class Day(Kind):
    """A day; a month alone stands for its first or its last one. `years` are those of the plan."""

    month: Month = "first"
    years: tuple[int, int] = (dt.MINYEAR, dt.MAXYEAR)

    def write(self, tree: Tree, lang: str) -> Value:
        """Return the day as a date."""
        return dt.date.fromisoformat(str(tree))

    def read(self, row: Row, key: str) -> Tree:
        """Return the day as a plan file writes it."""
        before = len(row.table.problems)
        day = row.date(key, month=self.month)
        first, last = self.years
        if len(row.table.problems) == before and not (
            first - FAR_YEARS <= day.year <= last + FAR_YEARS
        ):
            ko = f"계획 기간에서 {FAR_YEARS}년 넘게 떨어진 날짜입니다: {day}"
            en = f"a day more than {FAR_YEARS} years from the plan's: {day}"
            row.table.note(row.number, key, "far_day", ko, en)
        return day.isoformat()


@frozen
class Number(Kind):
    """An exact figure."""

    def write(self, tree: Tree, lang: str) -> Value:
        """Return the figure."""
        return _kept(tree)

    def read(self, row: Row, key: str) -> Tree:
        """Return the figure as a plan file writes it."""
        return _short(row.figure(key))

    def read_in(self, row: Row, key: str, inside: Mapping[str, Tree]) -> Tree:
        """Return the figure, behind which the indicator's unit may stand."""
        return _short(row.figure(key, unit=str(inside.get("unit") or ANY_UNIT)))

    def agrees(self, row: Row, key: str, tree: Tree, read: Tree) -> bool:
        """95.0 is 95."""
        return not isinstance(tree, Mapping | list | None) and _equal(tree, read)


@frozen
class Percent(Number):
    """A share in percent, whatever the indicator's unit is."""

    def read_in(self, row: Row, key: str, inside: Mapping[str, Tree]) -> Tree:
        """Return the figure, behind which a `%` may stand."""
        return self.read(row, key)


@frozen
class Weight(Number):
    """A weight: a figure, or a fraction such as 1/3."""

    def write(self, tree: Tree, lang: str) -> Value:
        """Return the figure, or the fraction as text."""
        return str(tree) if "/" in str(tree) else _kept(tree)

    def read_in(self, row: Row, key: str, inside: Mapping[str, Tree]) -> Tree:
        """Return the weight: it has no unit."""
        return self.read(row, key)

    def read(self, row: Row, key: str) -> Tree:
        """Return the weight as a plan file writes it."""
        cell = row.cell(key)
        if isinstance(cell, str) and re.fullmatch(r"\s*\d{1,9}\s*/\s*[1-9]\d{0,8}\s*", cell):
            return "".join(cell.split())
        return super().read(row, key)


@frozen
class Target(Number):
    """A target, or `시기미도래`, with its reason behind a colon."""

    def write(self, tree: Tree, lang: str) -> Value:
        """Return the figure or the words."""
        if isinstance(tree, Mapping):
            why = tree.get("not_due")
            return f"{NOT_DUE}: {why}" if why else NOT_DUE
        return NOT_DUE if is_not_due(tree) else _kept(tree)

    def read(self, row: Row, key: str) -> Tree:
        """Return a figure, or `{not_due: why}`."""
        return self.read_in(row, key, {})

    def read_in(self, row: Row, key: str, inside: Mapping[str, Tree]) -> Tree:
        """Return a figure, behind which the indicator's unit may stand, or `{not_due: why}`."""
        if row.is_none(key):
            return {"not_due": ""}
        if (why := why_not_due(row.cell(key))) is not None:
            return {"not_due": why}
        return super().read_in(row, key, inside)

    def agrees(self, row: Row, key: str, tree: Tree, read: Tree) -> bool:
        """A word without a reason agrees with the reason that is there."""
        if isinstance(read, Mapping):
            old = tree.get("not_due") if isinstance(tree, Mapping) else None
            was_not_due = is_not_due(tree) or isinstance(tree, Mapping)
            return was_not_due and read["not_due"] in ("", _composed(old or ""))
        return super().agrees(row, key, tree, read)


@frozen
class Money(Kind):
    """An amount, whole won in the plan, in whatever unit the head of the column says."""

    def write(self, tree: Tree, lang: str) -> Value:
        """Return the won."""
        return won_of(tree)

    def read(self, row: Row, key: str) -> Tree:
        """Return the won as a plan file writes them."""
        return str(row.won(key))

    def agrees(self, row: Row, key: str, tree: Tree, read: Tree) -> bool:
        """An amount that was rounded to the table's unit says what it was rounded from."""
        if tree is None:
            return False
        unit, won, said = row.table.won_each(key), won_of(tree), int(str(read))
        return (2 * won + unit) // (2 * unit) * unit == said


@frozen
class Steps(Kind):
    """The steps of a milestone indicator, each with its weight: `설계(1); 착공(2); 준공(1/2)`."""

    def write(self, tree: Tree, lang: str) -> Value:
        """Return the steps' names and weights."""
        return "; ".join(f"{name}({weight})" for name, weight in _steps(tree, lang))

    def read(self, row: Row, key: str) -> Tree:
        """Return the steps as a plan file writes them; their ids are made from their names."""
        found: dict[str, Tree] = {}
        for each in filter(None, _SEVERAL.split(row.text(key))):
            match = _STEP.fullmatch(each)
            name, weight = (each, "1") if match is None else (match["name"], match["weight"])
            if _WEIGHED.search(name):
                ko = f"단계의 가중치를 읽을 수 없습니다: '{each}' (예: 설계(1); 준공(1/2))"
                en = f"the weight of a step cannot be read: '{each}' (e.g. design(1); built(1/2))"
                row.wrong(key, "wrong_weight", ko, en, each)
            if id_from(name) in found:
                ko, en = f"단계 '{name}'이(가) 두 번 나옵니다", f"the step '{name}' appears twice"
                row.wrong(key, "repeated", ko, en, name)
            found[id_from(name)] = {"ko": name, "weight": "".join(weight.split())}
        return found

    def agrees(self, row: Row, key: str, tree: Tree, read: Tree) -> bool:
        """Names (of either language), weights and order say it all."""
        new = _steps(read, "ko")
        return isinstance(tree, Mapping) and any(
            [(same(name), Fraction(weight)) for name, weight in _steps(tree, lang)]
            == [(same(name), Fraction(weight)) for name, weight in new]
            for lang in ("ko", "en")
        )


_WEIGHED = re.compile(r"[(（][\s\d.,/%％]*[)）]?$")
"""What looks like a weight behind a step's name, and is none that can be read."""
_STEP = re.compile(r"(?P<name>.+?)\s*\(\s*(?P<weight>\d+(?:\.\d+|\s*/\s*[1-9]\d*)?)\s*\)")


def _steps(tree: Tree, lang: str) -> list[tuple[str, str]]:
    return [
        (tree[key].get(lang) or tree[key]["ko"], str(tree[key].get("weight", "1")))
        for key in in_order(tree, tree.get(ORDER))
        if key != ORDER
    ]


def id_from(name: str) -> str:
    """Return an id made from a name."""
    return re.sub(r"[^0-9A-Za-z가-힣._-]+", "-", name).strip("-._")[:64] or "1"


def _composed(text: str) -> str:
    """Return the text as files of tables are read: composed (NFC), without spaces around it."""
    return unicodedata.normalize("NFC", text).strip()


def _kept(tree: Tree) -> Decimal:
    """Return a figure of a plan's tree: checked when it was read, and kept as it was written."""
    figure = stored_figure(str(tree).strip())
    assert figure is not None, tree
    return figure


def won_of(tree: Tree) -> int:
    """Return an amount of a plan's tree (`1,000` or 1000), in won."""
    return int(_kept(tree))


def _short(figure: Decimal) -> str:
    text = format(figure, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _equal(one: Tree, other: Tree) -> bool:
    kept = stored_figure(str(one).strip())
    try:
        return (Fraction(str(one)) if kept is None else kept) == Fraction(str(other))
    except (ValueError, ZeroDivisionError):
        return bool(one == other)


# --------------------------------------------------------------------------- columns


@frozen(kw_only=True)
class Place:
    """A column and where in a project's tree (or an indicator's) it is at home.

    `optional` says that a dash takes the value out.
    """

    column: Column
    path: tuple[str, ...]
    kind: Kind = Kind()
    optional: bool = False
    english: str = ""

    @property
    def label(self) -> Label:
        """How the column is headed."""
        return Label(self.column.name, self.english or self.column.names[-1])


def project_places(head: PlanHead, sources: Iterable[str] = ()) -> tuple[Place, ...]:
    """Return the columns of a project's row, with a column for each of the budget's sources."""
    units = {
        each.id: (each.label, *(r.label for r in each.renamed)) for each in head.units.values()
    }
    unit = Names(("부서", "unit"), units)
    first, last = _range(head)
    years = int(first[:4]), int(last[:4])
    places = [
        _place("ko", "사업명", "Project title", names=("title", "project title")),
        _place("en", "영문 사업명", "English title", optional=True),
        _place("unit", "담당부서", "Unit", InCharge(unit), names=("부서", "주관부서", "unit")),
        _place("field", "분야", "Field", _named(("분야", "field"), head.fields)),
        _place(
            "core_project",
            "핵심 프로젝트",
            "Core project",
            _named(("핵심 프로젝트", "core project"), head.core_projects),
            optional=True,
        ),
        _place("kind", "신규/계속", "Kind", _named(("구분", "kind"), _KINDS), names=("구분",)),
        _place(
            "start",
            "시작일",
            "Start",
            Day("first", years),
            optional=True,
            names=("사업시작일", "착수일"),
        ),
        _place(
            "end",
            "종료일",
            "End",
            Day("last", years),
            optional=True,
            names=("사업종료일", "완료일"),
        ),
        _place("content", "사업내용", "Content", path=("content", "ko"), names=("사업개요",)),
        _place("content_en", "영문 사업내용", "English content", path=("content", "en")),
        _place(
            "goals",
            "단위사업",
            "Goals",
            Several(Names(("목표", "goal"), {k: (g.label,) for k, g in head.goals.items()})),
            optional=True,
        ),
        _place(
            "selection",
            "선정기준",
            "Criteria",
            Several(Names(("선정기준", "criterion"), _one(head.criteria))),
            optional=True,
        ),
        _place("cooperating", "협조부서", "Cooperating", Several(unit), optional=True),
        _place("about", "대상사업", "About", optional=True),
        *(source_place(name) for name in dict.fromkeys([*SOURCES, *sources])),
        *(_budget_place(head, period) for period in periods_of(*_range(head))),
    ]
    return tuple(places)


TERM = Column("term", ("사업기간", "term"), required=False)
"""A project's first and last day in one cell (`2016. 3. ~ 2016. 12.`); a month alone stands for its
first or last day. What is written has a column for each."""


@frozen
class Cards(Kind):
    """The sub-projects of which cards are asked (관리카드, R39), in their order, by name."""

    def write(self, tree: Tree, lang: str) -> Value:
        """Return the names."""
        return "; ".join(_card_names(tree))

    def read(self, row: Row, key: str) -> Tree:
        """Return the cards as a plan file writes them."""
        return [{"ko": each} for each in _SEVERAL.split(row.text(key)) if each]

    def agrees(self, row: Row, key: str, tree: Tree, read: Tree) -> bool:
        """The Korean names and their order say it all."""
        return [same(each) for each in _card_names(tree)] == [
            same(each) for each in _card_names(read)
        ]


def _card_names(tree: Tree) -> list[str]:
    return [each if isinstance(each, str) else str(each["ko"]) for each in tree or ()]


def step_places(head: PlanHead) -> tuple[Place, ...]:
    """Return the columns of what is done in each month (월별 세부추진계획, R32), and of cards."""
    periods = periods_of(*_range(head))
    months = sorted(months_of(periods[0].start, periods[-1].end)) if periods else []
    one_year = len({month[:4] for month in months}) == 1
    found = []
    for month in months:
        year, number = month[:4], int(month[5:])
        names = [f"{year}년 {number}월 추진계획", f"{year}년 {number}월", month]
        names += [f"{number}월 추진계획", f"{number}월"] if one_year else []
        found.append(
            Place(
                column=Column(f"step {month}", tuple(names), required=False),
                path=("schedule", month),
                optional=True,
                english=month,
            )
        )
    return (*found, _place("cards", "관리카드", "Cards", Cards(), optional=True))


TOTAL = Column("total", ("사업비", "계", "총사업비", "예산액", "사업비계", "total"), required=False)
"""The sum of a project's budget, which is worked out and only compared."""


def source_place(name: str) -> Place:
    """Return the column of one source of the budget."""
    return Place(
        column=Column(f"source {name}", (name, f"사업비{name}", f"예산{name}"), required=False),
        path=("budget", "sources", name),
        kind=Money(),
        optional=True,
        english=name,
    )


def _budget_place(head: PlanHead, period: Any) -> Place:
    names = tuple(_period_names(head, period))
    heads = [f"{name}{word}" for name in names for word in ("집행계획", "예산", "소요예산")]
    heads += [f"{word}{name}" for name in names for word in ("집행계획", "예산", "소요예산")]
    return Place(
        column=Column(
            f"budget {period.text}",
            (f"{names[0]} 집행계획", *heads, f"budget{period.text}"),
            required=False,
        ),
        path=("budget", "periods", period.text),
        kind=Money(),
        optional=True,
        english=f"Budget {period.text}",
    )


def indicator_places(head: PlanHead) -> tuple[Place, ...]:
    """Return the columns of an indicator's row, with a column for each period's target."""
    formulas = {name: (formula.label,) for name, formula in FORMULAS.items()}
    return (
        _place("en", "영문 지표명", "English name", optional=True),
        _place("measure", "단위", "Unit of measure", path=("unit",), names=("측정단위",)),
        _place("direction", "방향", "Direction", _named(("방향", "direction"), _DIRECTION_NAMES)),
        _place("formula", "측정산식", "Formula", OneOf(Names(("산식", "formula"), formulas))),
        _place(
            "accumulation",
            "누계방식",
            "Accumulation",
            OneOf(Names(("누계방식", "accumulation"), _ACCUMULATION_NAMES)),
        ),
        _place("weight", "가중치", "Weight", Weight(), optional=True),
        _place("steps", "단계", "Steps", Steps(), optional=True),
        _place("baseline", "기준값", "Baseline", Number(), optional=True),
        _place("annual", "연간 목표", "Annual target", Number(), optional=True),
        _place("cap", "상한", "Cap", Percent(), optional=True),
        *(_target_place(head, period) for period in periods_of(*_range(head))),
    )


ID = Column("id", ("지표ID", "지표 id", "indicator id"), required=False)
"""An indicator's id, where a table says it beside its name."""


def _target_place(head: PlanHead, period: Any) -> Place:
    names = tuple(_period_names(head, period))
    heads = [*names, *(f"{name}목표" for name in names), *(f"목표{name}" for name in names)]
    return Place(
        column=Column(f"target {period.text}", (f"{names[0]} 목표", *heads), required=False),
        path=("targets", period.text),
        kind=Target(),
        english=period.label.en,
    )


def _period_names(head: PlanHead, period: Any) -> Iterable[str]:
    """Yield how people head a period's column; in a plan of one year, also without the year."""
    yield period.label.ko
    yield period.text
    yield period.label.en
    first, last = _range(head)
    if first[:4] == last[:4]:
        bare = period.label.ko.partition(" ")[2]
        if bare:
            yield bare
        if period.frequency == "quarter":
            yield f"{period.number}/4분기"
            yield f"Q{period.number}"


def _range(head: PlanHead) -> tuple[str, str]:
    return head.calendar.first, head.calendar.last


def _place(
    key: str,
    name: str,
    english: str,
    kind: Kind | None = None,
    *,
    path: tuple[str, ...] = (),
    optional: bool = False,
    names: Sequence[str] = (),
) -> Place:
    return Place(
        column=Column(key, tuple(dict.fromkeys((name, *names, english))), required=False),
        path=path or (key,),
        kind=kind or Kind(),
        optional=optional,
        english=english,
    )


def _named(what: tuple[str, str], labels: Mapping[str, Label]) -> OneOf:
    return OneOf(Names(what, _one(labels)))


def _one(labels: Mapping[str, Label]) -> Mapping[str, tuple[Label, ...]]:
    return {key: (label,) for key, label in labels.items()}
