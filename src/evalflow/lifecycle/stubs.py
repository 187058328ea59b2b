"""A typed facade of a lifecycle: a stub file in which every event is a method with typed data,
so that an editor completes `office.self_evaluate(…)` and mypy refuses a wrong field."""

from __future__ import annotations

import keyword
from collections.abc import Iterator

from evalflow.lifecycle.definition import Event, Field, Lifecycle

# What is given to every method beside the event's own data; a field of the same name, or one
# that Python cannot take by keyword, is given in `data`.
_OWN = frozenset({"self", "project", "by", "key", "data"})

_HEAD = '''\
# Made by `evalflow lifecycle stubs` from {fingerprint}.
# Make it again where the lifecycle changes; do not edit it.
import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, NotRequired, TypedDict

from evalflow import Actor, Engine, Entry
from evalflow.plugins import NotDue

Number = int | str | Decimal
Day = dt.date | str
Tree = Mapping[str, object]
Figures = Mapping[str, Number | NotDue | Literal["not_due"] | Mapping[str, Number]]

class Document(TypedDict):
    number: str
    registered_on: NotRequired[Day]

Signature = TypedDict(
    "Signature", {{"role": str, "actor": str, "for": NotRequired[str], "on": NotRequired[Day]}}
)

class Explanation(TypedDict, total=False):
    cause: str
    countermeasure: str
    follow_up: str

class Override(TypedDict):
    rate: Number
    reason: str

class Visit(TypedDict):
    on: Day
    note: NotRequired[str]
    notified_on: NotRequired[Day]
    unannounced: NotRequired[str]

class Card(TypedDict, total=False):
    state: str
    target: Number
    actual: Number
    unit: str
    budget: Number
    spent: Number
    text: str
    cause: str
    countermeasure: str
    papers: Sequence[str]

class Measure(TypedDict):
    measure: str
    owner: str
    until: Day

class {name}:
    """{ko} · {en}: every event of the lifecycle as a method."""

    def __init__(self, engine: Engine) -> None: ...
'''

_TYPES = {
    "text": "str",
    "texts": "str | Sequence[str]",
    "reason": "str",
    "number": "Number",
    "money": "Number",
    "date": "Day",
    "flag": "bool",
    "document": "Document | str",
    "sign_off": "Signature | Sequence[Signature]",
    "figures": "Figures",
    "explanations": "Mapping[str, Explanation]",
    "cards": "Mapping[str, str | Card] | Mapping[int, str | Card]",
    "declarations": "Mapping[str, str] | Mapping[int, str]",
    "months": "Mapping[str, str]",
    "judgements": 'Literal["confirmed"] | Mapping[str, Literal["confirmed"] | Override]',
    "visit": "Visit | Day",
    "measures": "Measure | Sequence[Measure]",
    "period": "str",
    "criteria": "str | Sequence[str]",
    "votes": 'Mapping[str, Literal["for", "against", "abstain"]]',
    "change": "Tree",
}


def attribute(event: str) -> str:
    """Return the name of the method that stands for an event: the event's own, with `_` after
    what is a word of Python's (`import_`)."""
    return f"{event}_" if keyword.iskeyword(event) else event


def stubs(lifecycle: Lifecycle, name: str = "Office") -> str:
    """Return the stub file of the class `name`, whose runtime is `evalflow.Facade`."""
    head = _HEAD.format(
        fingerprint=lifecycle.fingerprint,
        name=name,
        ko=_quoted(lifecycle.label.ko),
        en=_quoted(lifecycle.label.en),
    )
    return head + "".join(_method(lifecycle, event) for event in lifecycle.events.values())


def _method(lifecycle: Lifecycle, event: Event) -> str:
    lines = ["self", "project: str", "*", "by: Actor", "key: str | None = None"]
    named = [field for field in event.data if _by_keyword(field)]
    lines += [_argument(lifecycle, field) for field in named if field.required]
    lines += [_argument(lifecycle, field) for field in named if not field.required]
    if len(named) < len(event.data):
        lines.append("data: Tree = ...")
    arguments = "".join(f"        {line},\n" for line in lines)
    words = "".join(f"            {line}\n" for line in _words(lifecycle, event))
    return (
        f"\n    def {attribute(event.name)}(\n{arguments}    ) -> Entry:\n"
        f'        """{_quoted(event.label.ko)} · {_quoted(event.label.en)}\n\n{words}        """\n'
    )


def _words(lifecycle: Lifecycle, event: Event) -> Iterator[str]:
    roles = [lifecycle.roles[role].label for role in event.by]
    yield f"by: {_quoted(', '.join(f'{role.ko} ({role.en})' for role in roles))}"
    for field in event.data:
        yield f"{field.name}: {_quoted(field.label.ko)} · {_quoted(field.label.en)}"


def _argument(lifecycle: Lifecycle, field: Field) -> str:
    kind = _type(lifecycle, field)
    return f"{field.name}: {kind}" if field.required else f"{field.name}: {kind} | None = None"


def _type(lifecycle: Lifecycle, field: Field) -> str:
    if field.type == "choice":
        options = list(field.options)
    elif field.type == "event":
        options = [event.name for event in lifecycle.events.values() if event.due is not None]
    else:
        return _TYPES[field.type]
    return f"Literal[{', '.join(repr(option) for option in options)}]"


def _by_keyword(field: Field) -> bool:
    name = field.name
    return not keyword.iskeyword(name) and name not in _OWN


def _quoted(text: str) -> str:
    """Return a label as it can stand in a docstring: one line, ending nothing."""
    return " ".join(text.split()).replace("\\", "\\\\").replace('"', "'")
