"""Does what a plugin provides keep its contract? What can be asked without a server or a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs

from evalflow.errors import InvalidInput
from evalflow.model import (
    Assignment,
    Indicator,
    Label,
    ProjectDefinition,
    Rating,
    ScoringRules,
    Subject,
)
from evalflow.model.values import frozen
from evalflow.plugins.forms import Form
from evalflow.plugins.hooks import options_of
from evalflow.plugins.loading import Item, is_ours, said
from evalflow.plugins.notifier import Notifier
from evalflow.plugins.options import fields_of, key_of
from evalflow.plugins.panels import PLACES, Panel
from evalflow.plugins.signer import Signer
from evalflow.scoring.bands import DEFAULT_BANDS
from evalflow.scoring.contract import Grader, Scorer


@frozen(kw_only=True)
class Taken:
    """One option of a thing, or one parameter of a guard, as people write it."""

    name: str
    type: str
    required: bool
    default: str | None = None


@frozen(kw_only=True)
class PluginFinding:
    """Whether one thing keeps its contract, as far as it was checked; `fault` says what is
    wrong."""

    kind: str
    name: str
    plugin: str
    fault: Label | None = None


def takes(item: Item) -> Iterator[Taken]:
    """Yield the options that a thing declares, or the parameters of a guard."""
    if item.spec is not None:
        for name, values in item.spec.params.items():
            kind = "text or list" if values is None else " | ".join(values)
            yield Taken(name=name, type=kind, required=name in item.spec.required)
        return
    declared = options_of(item.made_by)
    for field in () if declared is None else fields_of(declared):
        required = field.default is attrs.NOTHING
        default = None if required else _shown(field.default)
        said_as = str(field.type).replace("typing.", "")
        if isinstance(field.type, type) and "[" not in said_as:
            said_as = field.type.__name__
        yield Taken(name=key_of(field), type=said_as, required=required, default=default)


def _shown(default: Any) -> str:
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return "…"
    return "-" if default is None else str(default)


def fault(kind: str, name: str, item: Item) -> Label | None:
    """Return how the thing breaks its contract, or None. What needs options that have no
    defaults, a server or a file is only looked at, not made."""
    if kind in ("guard", "due_rule"):
        return _function_fault(item, 2 if kind == "guard" else 3)
    if kind == "storage":
        return None if callable(item.made_by) else _said("만들 수 없습니다", "cannot be made")
    declared = options_of(item.made_by)
    if declared is not None and any(f.default is attrs.NOTHING for f in fields_of(declared)):
        return None
    asks: dict[str, Callable[[Any], Label | None]] = {
        "notifier": lambda made: _has(made, Notifier),
        "scorer": lambda made: _has(made, Scorer) or _scorer_fault(made, name),
        "grader": lambda made: _has(made, Grader) or _grader_fault(made),
        "form": lambda made: _has(made, Form),
        "signer": lambda made: _has(made, Signer),
        "command": _command_fault,
        "panel": lambda made: _has(made, Panel) or _panel_fault(made),
        "metric": metrics_fault,
    }
    try:
        made = item.made_by() if declared is None else item.made_by(declared())
        return asks[kind](made)
    except BaseException as error:  # a plugin's code may raise anything
        if is_ours(error):
            raise
        return _said(said(error), said(error))


def _function_fault(item: Item, given: int) -> Label | None:
    import inspect

    assert item.spec is not None
    if not item.spec.label.ko or not item.spec.label.en:
        return _said("이름표가 두 언어로 있어야 합니다", "it needs a label in both languages")
    try:
        firsts = (None,) * given
        inspect.signature(item.made_by).bind(*firsts, **dict.fromkeys(item.spec.params))
    except TypeError as error:
        return _said(f"선언한 매개변수를 받지 않습니다: {error}", f"it does not take them: {error}")
    return None


def _has(made: Any, contract: Any) -> Label | None:
    if isinstance(made, contract):
        return None
    asked = [each for each in vars(contract) if not each.startswith("_")]
    lacking = ", ".join(each for each in asked if not hasattr(made, each))
    return _said(f"{lacking}이(가) 없습니다", f"it has no {lacking}")


def _scorer_fault(scorer: Scorer, name: str) -> Label | None:
    subject = _subject(Decimal(8))
    first: object = scorer.score(subject)
    second = scorer.score(subject)
    if not isinstance(first, Rating):
        return _said("Rating을 돌려주지 않습니다", "it does not return a Rating")
    if first != second:
        return _said("같은 것을 다르게 산정합니다", "it rates the same input differently")
    if (first.scorer, first.version) != (scorer.name, scorer.version):
        return _said("누가 산정했는지 밝히지 않습니다", "its rating does not name it")
    figures = [first.rate, first.score, *[line.rate for line in first.lines]]
    if not all(each is None or isinstance(each, Decimal) for each in figures):
        return _said("정확한 수(Decimal)가 아닙니다", "a figure is not exact (Decimal)")
    try:
        missing = scorer.score(_subject(None))
    except InvalidInput:
        return None
    if missing.rate is not None:
        return _said("없는 실적을 0으로 봅니다", "it treats a missing actual as zero")
    return None


def _command_fault(made: Any) -> Label | None:
    if callable(getattr(made, "main", None)) and isinstance(getattr(made, "params", None), list):
        return None
    return _said("click의 명령이 아닙니다", "it is not a click command")


def _panel_fault(panel: Panel) -> Label | None:
    if panel.place in PLACES:
        return None
    listed = ", ".join(PLACES)
    return _said(
        f"놓일 자리를 모릅니다: '{panel.place}' (가능: {listed})",
        f"its place '{panel.place}' is none of: {listed}",
    )


def metrics_fault(made: Any) -> Label | None:
    """Return how an answer is no metrics: a content type and its bytes."""
    try:
        kind, content = made
    except (TypeError, ValueError):
        kind = content = None
    if isinstance(kind, str) and isinstance(content, bytes):
        return None
    return _said(
        "형식과 내용(바이트)을 돌려주지 않습니다", "it does not return a content type and bytes"
    )


def _grader_fault(grader: Grader) -> Label | None:
    if list(grader.grade("", [])):
        return _said("없는 사업에 등급을 매깁니다", "it grades projects that do not exist")
    return None


def _subject(actual: Decimal | None) -> Subject:
    label = Label("참여 학교", "Schools")
    indicator = Indicator(
        id="schools",
        label=label,
        unit="개교",
        direction="up",
        formula="up",
        accumulation="sum",
        weight=Fraction(1),
        targets={"2016-Q1": Decimal(10)},
    )
    definition = ProjectDefinition(
        id="check/1",
        number="1",
        label=label,
        field="check",
        assignments=(Assignment(unit="check"),),
        indicators=(indicator,),
    )
    return Subject(
        project="check/1",
        period="2016-Q1",
        periods=("2016-Q1",),
        definition=definition,
        rules=ScoringRules(bands=DEFAULT_BANDS),
        actuals={"2016-Q1": {} if actual is None else {"schools": actual}},
    )


def _said(ko: str, en: str) -> Label:
    return Label(ko, en)
