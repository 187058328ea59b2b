"""The types of data that events take, and their one normal form.

What people give (Python values, YAML text, table cells) becomes a tree of text, whole numbers,
flags, lists and mappings, ready to be stored and hashed; whatever is wrong becomes a `Problem`.
Figures are text in the tree (`"84.5"`), read with `figure_from`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from evalflow.errors import Problem, did_you_mean, nearest
from evalflow.files import figures
from evalflow.files.cells import same
from evalflow.files.days import read_day
from evalflow.files.names import folded, matches, spellings, words
from evalflow.files.words import (
    AS_A_NUMBER,
    IN_WORDS,
    SAYS_NOTHING,
    has_words,
    is_document_number,
)
from evalflow.lifecycle.definition import Event, Field, Lifecycle
from evalflow.model import Actual, Indicator, Label, NotDue, ProjectDefinition, Share
from evalflow.model.calendar import period as calendar_period
from evalflow.model.canonical import Tree
from evalflow.model.values import frozen

LONGEST_TEXT = 10_000
"""Characters in one text field; a longer one is refused (a paper belongs in the evidence)."""

# Control characters, and the marks that reverse the direction of text on paper.
_UNPRINTABLE = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"


@frozen
class _Wrong:
    """What a reader answers instead of a normal form: where inside the field, and why."""

    path: str
    value: Any
    ko: str
    en: str


@attrs.define  # one for each value of a firing: made frozen it takes twice as long
class _Scope:
    """What the readers may look up: the project's definition, the lifecycle, the criteria
    (선정기준) of the plan, what brackets mean in it, and the indicator that a value is about."""

    definition: ProjectDefinition
    lifecycle: Lifecycle
    field: Field
    criteria: Mapping[str, Label]
    brackets: str | None = None
    indicator: Indicator | None = None


def normal(
    event: Event,
    data: Mapping[str, Any],
    *,
    definition: ProjectDefinition,
    lifecycle: Lifecycle,
    criteria: Mapping[str, Label] | None = None,
    brackets: str | None = None,
) -> tuple[dict[str, Tree], tuple[Problem, ...]]:
    """Return the normal form of an event's data, and all problems in it. `brackets` says what a
    figure in brackets means (see `PlanHead.brackets`).

    Fields with a problem are left out of the normal form. Missing required fields are not
    problems here: they are reasons of a refusal.
    """
    tree: dict[str, Tree] = {}
    wrong: list[_Wrong] = []
    fields = event.fields
    for name, value in data.items():
        if not (_sayable(name) and _sayable(value, _DEEPEST - 1)):
            wrong.append(_boundless(str(name) if _sayable(name) else "…"))
            continue
        field = fields.get(name)
        if field is None:
            wrong.append(_unknown_field(event, str(name), fields))
            continue
        if value is None:
            continue
        scope = _Scope(definition, lifecycle, field, criteria or {}, brackets)
        answer = _READERS[field.type](value, scope)
        if isinstance(answer, _Wrong):
            wrong.append(_with_shape(_at(name, answer), scope))
        elif isinstance(answer, _Several):
            wrong.extend(_at(name, each) for each in answer.wrong)
        else:
            tree[name] = answer
    return tree, tuple([_problem(each) for each in wrong])


_SURROGATE = "[\ud800-\udfff]"
_DEEPEST = 40  # lists in mappings in lists …
_LONGEST_NUMBER = 4_000  # bits of an integer
_MAPPINGS, _LISTS = (dict, Mapping), (list, tuple, set, frozenset)


def _sayable(value: Any, left: int = _DEEPEST) -> bool:
    """Say whether a message could name the value: a program may hand over anything. `left` is how
    much deeper it may be nested."""
    if isinstance(value, str):
        return value.isascii() or re.search(_SURROGATE, value) is None
    if isinstance(value, int):
        return value.bit_length() <= _LONGEST_NUMBER
    if isinstance(value, _MAPPINGS):
        inner: Iterable[Any] = (*value.keys(), *value.values())
    elif isinstance(value, _LISTS):
        inner = value
    else:
        return True
    for each in inner:
        kind = each.__class__  # most are of these, and every firing comes by
        if left > 1 and (each.isascii() if kind is str else kind is int and 0 <= each < _WHOLE):
            continue
        if not (left > 1 and _sayable(each, left - 1)):
            return False
    return True


def _boundless(name: str) -> _Wrong:
    return _Wrong(
        name,
        "…",
        "글로 적을 수 없는 값입니다: 수가 너무 크거나, 너무 깊거나, 유니코드가 깨져 있습니다",
        "cannot be written down: a number without measure, nested too deep, or broken Unicode",
    )


def missing(event: Event, tree: Mapping[str, Tree]) -> tuple[Field, ...]:
    """Return the required fields that `tree` lacks or leaves empty."""
    names = [name for name in event.required if tree.get(name) in (None, "", [], {})]
    return tuple([event.fields[name] for name in names])


def figure_from(tree: Tree) -> Actual:
    """Return the figure that stands in a normal form: text (`84.5`, `12/40`), `{"not_due":
    reason}`, or `{"provisional": text}`, whose mark the evaluation keeps
    (`Evaluation.provisional`)."""
    if tree.__class__ is not str and isinstance(tree, Mapping):
        if "provisional" not in tree:
            return NotDue(tree["not_due"])
        tree = tree["provisional"]
    return Share.of(tree) if "/" in tree else Decimal(tree)


def _unknown_field(event: Event, name: str, fields: Iterable[str]) -> _Wrong:
    known = sorted(fields)
    labels = {field.name: field.label for field in event.data}
    every = [*known, *(word for label in labels.values() for word in words(label))]
    takes_ko = ", ".join(_named(each, labels, "ko") for each in known) or "자료 없음"
    takes_en = ", ".join(known) if known else "no data"
    said = did_you_mean(
        f"'{event.name}'에는 '{name}' 항목이 없습니다 (가능: {takes_ko})",
        f"'{event.name}' takes no field '{name}' (it takes: {takes_en})",
        nearest(name, every),
    )
    return _Wrong(name, name, *said)


def _named(name: str, labels: Mapping[str, Label], lang: str) -> str:
    said = labels[name].text(lang) if name in labels else name
    return name if said == name else f"{said}({name})"


def _at(name: str, wrong: _Wrong) -> _Wrong:
    return attrs.evolve(wrong, path=f"{name}{wrong.path}" if wrong.path else name)


_SHAPED = frozenset(
    {"figures", "explanations", "judgements", "cards", "months", "visit", "measures"}
    | {"sign_off", "document", "change", "votes", "declarations"}
)
"""Types whose values are more than one word: a refusal shows how one is written."""


def _with_shape(wrong: _Wrong, scope: _Scope) -> _Wrong:
    """Return what is wrong with a whole field, with how it is written."""
    if scope.field.type not in _SHAPED or wrong.path != scope.field.name:
        return wrong
    from evalflow.lifecycle.shapes import About, shape_text

    about = About(definition=scope.definition, lifecycle=scope.lifecycle, criteria=scope.criteria)
    shape = shape_text(scope.field, about)
    if len(shape) > _LONGEST_SHAPE:
        shape = shape[:_LONGEST_SHAPE] + " …"
    return attrs.evolve(wrong, ko=f"{wrong.ko} (꼴: {shape})", en=f"{wrong.en} (as in: {shape})")


_LONGEST_SHAPE = 200


def _problem(wrong: _Wrong) -> Problem:
    shown = str(wrong.value)
    return Problem(
        code="bad_data",
        path=wrong.path,
        value=shown if len(shown) <= 60 else shown[:57] + "...",
        ko=wrong.ko,
        en=wrong.en,
    )


@frozen
class _Several:
    """More than one thing wrong in a field that holds many values."""

    wrong: tuple[_Wrong, ...]


_Answer = Any  # a tree, a _Wrong or a _Several
_Reader = Callable[[Any, _Scope], _Answer]


# --------------------------------------------------------------------------- single values


def _text(value: Any, scope: _Scope) -> _Answer:
    if not isinstance(value, str):
        return _Wrong("", value, f"문자열이어야 합니다: {value!r}", f"expected text, got {value!r}")
    text = value.strip()
    if len(text) > LONGEST_TEXT:
        return _Wrong(
            "",
            text,
            f"내용이 너무 깁니다: {len(text):,}자 (최대 {LONGEST_TEXT:,}자)",
            f"text too long: {len(text):,} characters (at most {LONGEST_TEXT:,})",
        )
    if re.search(_UNPRINTABLE, text):
        return _Wrong(
            "",
            ascii(text),
            "인쇄할 수 없는 제어 문자가 들어 있습니다",
            "contains control characters that cannot be printed",
        )
    return text


def _reason(value: Any, scope: _Scope) -> _Answer:
    """Read a reason, which is written in words (D8); an empty one is as good as none."""
    text = _text(value, scope)
    if isinstance(text, str) and text and not has_words(text):
        return _Wrong("", text, *(said.format(text) for said in IN_WORDS))
    return text


def _document_number(value: Any, scope: _Scope) -> _Answer:
    """Read the number of a document (부서-일련번호); an empty one is as good as none."""
    text = _text(value, scope)
    if isinstance(text, str) and text and not is_document_number(text):
        return _Wrong("", text, *(said.format(text) for said in AS_A_NUMBER))
    return text


def _statement(value: Any, scope: _Scope) -> _Answer:
    """Read what a paper states, in words: a declared change (R44)."""
    text = _text(value, scope)
    if isinstance(text, str) and text and not has_words(text):
        return _Wrong("", text, *(said.format(text) for said in SAYS_NOTHING))
    return text


def _number(value: Any, scope: _Scope) -> _Answer:
    return _plain_figure(value, figures.read_figure(value, brackets=scope.brackets))


def _percent(value: Any, scope: _Scope) -> _Answer:
    return _plain_figure(value, figures.read_figure(value, unit="%", brackets=scope.brackets))


def _plain_figure(value: Any, read: figures.Figure | figures.NoFigure) -> _Answer:
    if isinstance(read, figures.NoFigure):
        return _Wrong("", value, read.ko, read.en)
    if read.provisional:
        return _Wrong(
            "",
            value,
            f"잠정치는 실적에만 쓸 수 있습니다: {value!r}",
            f"only an actual can be provisional: {value!r}",
        )
    return figures.plain(read.value)


def _money(value: Any, scope: _Scope) -> _Answer:
    read = figures.read_figure(value, brackets=scope.brackets, money=True)
    answer = _plain_figure(value, read)
    if isinstance(answer, _Wrong):
        return answer
    number = Decimal(answer)
    if number != number.to_integral_value() or number < 0:
        return _Wrong(
            "",
            value,
            f"원 단위의 0 이상 정수여야 합니다: {value!r}",
            f"expected whole won, not negative: {value!r}",
        )
    return int(number)


def _date(value: Any, scope: _Scope) -> _Answer:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    said = read_day(value) if isinstance(value, str) else None
    if said is not None and said.day is not None and not said.code:
        return said.day.isoformat()
    told = said is not None and said.day is None and said.code not in ("not_a_date", "blank")
    ko, en = (said.ko, said.en) if said is not None and told else ("", "")
    return _Wrong(
        "",
        value,
        ko or f"날짜가 아닙니다: {value!r} (예: 2016-04-05 또는 2016. 4. 5.)",
        en or f"not a date: {value!r} (expected e.g. 2016-04-05 or 2016. 4. 5.)",
    )


def _flag(value: Any, scope: _Scope) -> _Answer:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (said := same(value)) in _YES | _NO:
        return said in _YES
    return _Wrong(
        "",
        value,
        f"예(true) 또는 아니오(false)여야 합니다: {value!r}",
        f"expected true or false: {value!r}",
    )


_YES, _NO = frozenset(("true", "yes", "예", "네")), frozenset(("false", "no", "아니오", "아니요"))


def _choice(value: Any, scope: _Scope) -> _Answer:
    return _one_of(_meant(value, scope.field.options), scope.field.options)


def _meant(value: Any, labels: Mapping[str, Label]) -> Any:
    """Return the id of what a text names by its id or label; the value itself where none."""
    if not isinstance(value, str):
        return value
    found = matches(value, {name: words(label) for name, label in labels.items()})
    return found[0] if len(found) == 1 else value


def _one_of(value: Any, options: Collection[str]) -> _Answer:
    if isinstance(value, str) and value in options:
        return value
    shown = ", ".join(options)
    return _Wrong(
        "",
        value,
        f"다음 중 하나여야 합니다: {shown} (받은 값: {value!r})",
        f"expected one of {shown}, got {value!r}",
    )


def _event(value: Any, scope: _Scope) -> _Answer:
    labels = {e.name: e.label for e in scope.lifecycle.events.values() if e.due is not None}
    due, value = list(labels), _meant(value, labels)
    if isinstance(value, str) and value in due:
        return value
    shown = ", ".join(due)
    return _Wrong(
        "",
        value,
        f"기한이 있는 절차여야 합니다: {shown} (받은 값: {value!r})",
        f"expected an event with a due date: {shown}; got {value!r}",
    )


def _period(value: Any, scope: _Scope) -> _Answer:
    known = sorted({period for each in scope.definition.indicators for period in each.targets})
    if isinstance(value, str) and value.strip() in known:
        return value.strip()
    if isinstance(value, str):
        said = {each: tuple(spellings(calendar_period(each))) for each in known}
        if len(found := matches(value, said, fold=folded)) == 1:
            return found[0]
    shown = ", ".join(known)
    return _Wrong(
        "",
        value,
        f"이 계획의 기간이어야 합니다: {shown} (받은 값: {value!r})",
        f"expected a period of the plan: {shown}; got {value!r}",
    )


# --------------------------------------------------------------------------- records of fields


def _record(
    readers: Mapping[str, _Reader], required: tuple[str, ...], *, short: str | None = None
) -> _Reader:
    """Return a reader of a mapping with these keys; `short` is the key that bare text means."""

    def read(value: Any, scope: _Scope) -> _Answer:
        if short is not None and isinstance(value, str):
            value = {short: value}
        if not isinstance(value, Mapping):
            shown = ", ".join(readers)
            return _Wrong(
                "",
                value,
                f"항목 {shown}을(를) 가진 자료여야 합니다: {value!r}",
                f"expected a mapping with {shown}; got {value!r}",
            )
        tree: dict[str, Tree] = {}
        wrong: list[_Wrong] = []
        for key, inner in value.items():
            reader = readers.get(key)
            if reader is None:
                shown = ", ".join(readers)
                wrong.append(
                    _Wrong(
                        f".{key}",
                        key,
                        f"알 수 없는 항목 '{key}' (가능: {shown})",
                        f"unknown key '{key}' (expected: {shown})",
                    )
                )
            elif inner is not None:
                _put(tree, wrong, key, f".{key}", reader(inner, scope))
        for key in required:
            if tree.get(key) in (None, "") and not any(w.path == f".{key}" for w in wrong):
                wrong.append(_Wrong(f".{key}", "", f"'{key}' 항목이 필요합니다", f"needs '{key}'"))
        return _Several(tuple(wrong)) if wrong else tree

    return read


def _put(tree: dict[str, Tree], wrong: list[_Wrong], key: str, path: str, answer: _Answer) -> None:
    if isinstance(answer, _Wrong):
        wrong.append(attrs.evolve(answer, path=path + answer.path))
    elif isinstance(answer, _Several):
        wrong.extend(attrs.evolve(each, path=path + each.path) for each in answer.wrong)
    else:
        tree[key] = answer


def _list(reader: _Reader) -> _Reader:
    """Return a reader of a list; a single value counts as a list of one."""

    def read(value: Any, scope: _Scope) -> _Answer:
        values = value if isinstance(value, list | tuple) else [value]
        trees: list[Tree] = []
        wrong: list[_Wrong] = []
        for place, inner in enumerate(values):
            found: dict[str, Tree] = {}
            _put(found, wrong, "", f"[{place}]", reader(inner, scope))
            trees.extend(found.values())
        return _Several(tuple(wrong)) if wrong else trees

    return read


def _by_key(
    reader: _Reader,
    known: Callable[[_Scope], Iterable[str] | None],
    what_ko: str,
    what_en: str,
    labels: Callable[[_Scope], Mapping[str, Label]] | None = None,
) -> _Reader:
    """Return a reader of a mapping from a known name to a value; where there are `labels`, they
    name the same."""

    def read(value: Any, scope: _Scope) -> _Answer:
        if not isinstance(value, Mapping):
            return _Wrong(
                "",
                value,
                f"{what_ko}별 자료여야 합니다: {value!r}",
                f"expected a mapping by {what_en}; got {value!r}",
            )
        names = known(scope)
        allowed = None if names is None else list(names)
        tree: dict[str, Tree] = {}
        wrong: list[_Wrong] = []
        around = scope.indicator
        given: set[str] = set()
        for key, inner in value.items():
            name = str(key)
            if labels is not None and not (allowed and name in allowed):
                name = _meant(name, labels(scope))
            if allowed is not None and name not in allowed:
                said = did_you_mean(
                    f"{what_ko} '{name}'이(가) 없습니다 (가능: {', '.join(allowed)})",
                    f"no {what_en} '{name}' (there are: {', '.join(allowed)})",
                    nearest(name, allowed),
                )
                wrong.append(_Wrong(f".{name}", name, *said))
            elif inner is not None and name in given:
                ko = f"{what_ko} '{name}'이(가) 두 번 나옵니다"
                wrong.append(_Wrong(f".{name}", str(key), ko, f"{what_en} '{name}' is given twice"))
            elif inner is not None:
                given.add(name)
                scope.indicator = scope.definition.indicator(name)
                answer = reader(inner, scope)
                if answer.__class__ is str:
                    tree[name] = answer
                else:
                    _put(tree, wrong, name, f".{name}", answer)
        scope.indicator = around
        return _Several(tuple(wrong)) if wrong else tree

    return read


def _indicators(scope: _Scope) -> Iterable[str]:
    return [indicator.id for indicator in scope.definition.indicators]


def _indicator_labels(scope: _Scope) -> Mapping[str, Label]:
    return {indicator.id: indicator.label for indicator in scope.definition.indicators}


def _figure(value: Any, scope: _Scope) -> _Answer:
    """Read an actual: a figure, one that is provisional (잠정치), or one that is not due."""
    ratio = scope.indicator is not None and scope.indicator.accumulation == "ratio"
    if value.__class__ is int and not ratio and -_WHOLE < value < _WHOLE:
        return str(value)  # by far the most frequent, and what all that follows would answer
    if isinstance(value, NotDue):
        value = {"not_due": value.reason}
    elif (why := figures.why_not_due(value)) is not None:
        value = {"not_due": why}
    if isinstance(value, Mapping) and set(value) == {"not_due"}:
        why = "" if value["not_due"] is None else value["not_due"]
        return _record({"not_due": _reason}, ())({"not_due": why}, scope)
    provisional = isinstance(value, Mapping) and set(value) == {"provisional"}
    inside = value["provisional"] if provisional else value
    if ratio:
        return _share(value, inside, scope, provisional=provisional)
    if isinstance(inside, Mapping):
        return _Wrong(
            "",
            value,
            f"수, {{provisional: 수}}(잠정치) 또는 not_due(시기미도래)여야 합니다: {value!r}",
            f"expected a number, {{provisional: number}} or not_due; got {value!r}",
        )
    unit = "" if scope.indicator is None else scope.indicator.unit
    read = figures.read_figure(inside, unit=unit, brackets=scope.brackets)
    if isinstance(read, figures.NoFigure):
        return _Wrong("", inside, read.ko, read.en)
    number = figures.plain(read.value)
    return {"provisional": number} if provisional or read.provisional else number


_WHOLE = 10**figures.MOST_DIGITS


def _share(value: Any, inside: Any, scope: _Scope, *, provisional: bool) -> _Answer:
    """Read the actual of an indicator added up as a `ratio`: `{numerator, denominator}`, `12/40`,
    or a `Share`; without a unit, and never a lone figure."""
    if isinstance(inside, Share):
        parts: Any = (inside.numerator, inside.denominator)
    elif isinstance(inside, Mapping) and set(inside) == {"numerator", "denominator"}:
        parts = (inside["numerator"], inside["denominator"])
    else:
        text = inside.strip() if isinstance(inside, str) else ""
        if text.endswith("(잠정)"):
            text, provisional = text.removesuffix("(잠정)"), True
        parts = tuple(text.split("/"))
    if len(parts) != 2:
        return _Wrong(
            "",
            value,
            f"분자와 분모로 재는 지표입니다. '12/40'처럼 적으십시오: {value!r}",
            f"this indicator has numerator and denominator: write e.g. '12/40', not {value!r}",
        )
    numbers = [figures.read_figure(part, brackets=scope.brackets) for part in parts]
    for part, number in zip(parts, numbers, strict=True):
        answer = _plain_figure(part, number)
        if isinstance(answer, _Wrong):
            return answer
    above, below = [n.value for n in numbers if isinstance(n, figures.Figure)]
    if below <= 0:
        return _Wrong(
            "",
            value,
            f"분모는 0보다 커야 합니다 (대상이 없었으면 not_due): {value!r}",
            f"a denominator is above 0 (not_due where there was nothing to count): {value!r}",
        )
    text = str(Share(above, below))
    return {"provisional": text} if provisional else text


_override = _record({"rate": _percent, "reason": _reason}, ("rate", "reason"))


def _judgement(value: Any, scope: _Scope) -> _Answer:
    return "confirmed" if _is_confirmed(value) else _override(value, scope)


def _is_confirmed(value: Any) -> bool:
    return isinstance(value, str) and same(value) in ("confirmed", "확인")


_judgements_by_indicator = _by_key(
    _judgement, _indicators, "성과지표", "indicator", _indicator_labels
)


def _judgements(value: Any, scope: _Scope) -> _Answer:
    if _is_confirmed(value):  # all of them
        return dict.fromkeys(_indicators(scope), "confirmed")
    return _judgements_by_indicator(value, scope)


def _card_numbers(scope: _Scope) -> Iterable[str]:
    return [str(number) for number in range(1, len(scope.definition.cards) + 1)]


CARD_STATES: Mapping[str, Label] = {
    "done": Label("완료", "Done"),
    "on_track": Label("정상", "On track"),
    "lagging": Label("부진", "Lagging"),
    "seriously_lagging": Label("현저히 부진", "Seriously lagging"),
    "not_due": Label("시기미도래", "Not due yet"),
}
"""How a sub-project goes by its own card (관리카드, R39)."""


def _card_state(value: Any, scope: _Scope) -> _Answer:
    said = "".join(value.split()) if isinstance(value, str) else None
    for name, label in CARD_STATES.items():
        if said in (name, "".join(label.ko.split())):
            return name
    shown = ", ".join(f"{label.ko}({name})" for name, label in CARD_STATES.items())
    return _Wrong(
        "",
        value,
        f"다음 중 하나여야 합니다: {shown} (받은 값: {value!r})",
        f"expected one of {', '.join(CARD_STATES)}, got {value!r}",
    )


def _card(value: Any, scope: _Scope) -> _Answer:
    """Read a card: a record, or bare text, which is what was done."""
    return _card_record(value, scope) if isinstance(value, Mapping) else _text(value, scope)


_MONTH = r"\d{4}-(0[1-9]|1[0-2])"


def _months(value: Any, scope: _Scope) -> _Answer:
    answer = _by_key(_text, lambda _: None, "월", "month")(value, scope)
    if isinstance(answer, _Wrong | _Several):
        return answer
    wrong = [
        _Wrong(f".{key}", key, f"월이 아닙니다: '{key}' (예: 2016-03)", f"not a month: '{key}'")
        for key in answer
        if not re.fullmatch(_MONTH, key)
    ]
    return _Several(tuple(wrong)) if wrong else answer


def _patch(value: Any, scope: _Scope) -> _Answer:
    """Read a merge patch (RFC 7396) over the project's definition; its sense is checked when
    the definition is built from it."""
    if not isinstance(value, Mapping) or not value:
        return _Wrong(
            "",
            value,
            "무엇이 어떻게 바뀌는지 적어야 합니다 "
            "(예: indicators: {trees: {targets: {2016-Q3: 80}}})",
            "say what changes, e.g. indicators: {trees: {targets: {2016-Q3: 80}}}",
        )
    return _plain(value, scope, "")


def _plain(value: Any, scope: _Scope, path: str) -> _Answer:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        tree: dict[str, Tree] = {}
        wrong: list[_Wrong] = []
        for key, inner in value.items():
            _put(tree, wrong, str(key), f".{key}", _plain(inner, scope, ""))
        return _Several(tuple(wrong)) if wrong else tree
    if isinstance(value, list | tuple):
        return _list(lambda inner, inside: _plain(inner, inside, ""))(value, scope)
    if isinstance(value, dt.date):
        return _date(value, scope)
    if isinstance(value, str):
        return _text(value, scope)
    return _number(value, scope)


def _criteria(value: Any, scope: _Scope) -> _Answer:
    """Read criteria of the plan, by id or name; a table's cell holds them with commas between."""
    texts = value.split(",") if isinstance(value, str) else value
    return _list(_criterion)(texts, scope)


def _criterion(value: Any, scope: _Scope) -> _Answer:
    said = "".join(value.split()) if isinstance(value, str) else None
    for name, label in scope.criteria.items():
        if said in (name, "".join(label.ko.split()), "".join(label.en.split())):
            return name
    return _one_of(value, scope.criteria)


VOTES: Mapping[str, Label] = {
    "for": Label("찬성", "for"),
    "against": Label("반대", "against"),
    "abstain": Label("기권", "abstain"),
}
"""What a member of a committee may vote."""


def _vote(value: Any, scope: _Scope) -> _Answer:
    return _one_of(_meant(value, VOTES), VOTES)


_card_record = _record(
    {
        "state": _card_state,
        "target": _number,
        "actual": _number,
        "unit": _text,
        "budget": _money,
        "spent": _money,
        "text": _text,
        "cause": _reason,
        "countermeasure": _reason,
        "papers": _list(_text),
    },
    (),
)
_sign_off = _record({"role": _text, "actor": _text, "for": _text, "on": _date}, ("role", "actor"))

_READERS: dict[str, _Reader] = {
    "text": _text,
    "texts": _list(_text),
    "reason": _reason,
    "number": _number,
    "money": _money,
    "date": _date,
    "flag": _flag,
    "choice": _choice,
    "event": _event,
    "period": _period,
    "document": _record(
        {"number": _document_number, "registered_on": _date}, ("number",), short="number"
    ),
    "sign_off": _list(_sign_off),
    "figures": _by_key(_figure, _indicators, "성과지표", "indicator", _indicator_labels),
    "explanations": _by_key(
        _record({"cause": _reason, "countermeasure": _reason, "follow_up": _text}, ()),
        _indicators,
        "성과지표",
        "indicator",
        _indicator_labels,
    ),
    "cards": _by_key(_card, _card_numbers, "관리카드", "card"),
    "declarations": _by_key(_statement, lambda _: None, "변경", "change"),
    "months": _months,
    "judgements": _judgements,
    "visit": _record(
        {"on": _date, "note": _text, "notified_on": _date, "unannounced": _reason},
        ("on",),
        short="on",
    ),
    "measures": _list(
        _record({"measure": _reason, "owner": _text, "until": _date}, ("measure", "owner", "until"))
    ),
    "change": _patch,
    "criteria": _criteria,
    "votes": _by_key(_vote, lambda _: None, "위원", "member"),
}
