"""What callers hand over, looked at before anything else: an argument of the wrong kind is told at
the border, by its name, with what was given and what was expected, alike on every storage.

What a public method takes is said once, by its annotations. They are read when it is called first.
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
import os
import sys
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from evalflow.errors import InvalidInput, Problem, did_you_mean, nearest, wrong_kind
from evalflow.model.moments import utc
from evalflow.model.units import Actor
from evalflow.model.values import frozen

Watched = TypeVar("Watched", bound=Callable[..., Any])
Class = TypeVar("Class")

_WORDS: Mapping[Any, tuple[str, str]] = {
    str: ("문자열", "text"),
    bytes: ("bytes", "bytes"),
    bool: ("True나 False", "True or False"),
    int: ("정수", "a whole number"),
    dt.datetime: ("시간대가 있는 datetime", "a datetime with a zone"),
    dt.date: ("날짜(date)", "a date"),
    Mapping: ("dict", "a mapping"),
    Sequence: ("list", "a list"),
    Collection: ("list", "a list"),
    Iterable: ("list", "a list"),
    Callable: ("함수", "a function"),
    os.PathLike: ("파일 경로", "a path"),
}
"""What is expected, by the type that an annotation names."""

_MADE_BY = {
    "Actor": "engine.actor(plan_id, actor_id)",
    "BatchPlan": "engine.batch(…), evalflow.load_batch(…)",
    "Chunk": "evalflow.spread(…)",
    "Engine": "evalflow.open(url)",
    "Lifecycle": "evalflow.load_lifecycle(…)",
    "Plan": "evalflow.load_plan(…)",
    "SignedCheckpoint": "engine.audit.sign_checkpoint(…)",
}
"""How what is expected is come by, where that is not said by its name."""


class Book(typing.Protocol):
    """What reads the tables of a workbook (`evalflow.files.table_reader.Book`)."""

    table: Any


_TYPING_ONLY = {
    "Book": Book,
    **dict.fromkeys(("BatchPlan", "DeliveryReport", "Due", "Explanation"), Any),
    **dict.fromkeys(("Difference", "Finding", "Grade", "OfficeBook"), Any),
}
"""Names in annotations that some modules import for type checkers alone: of what is returned."""


@frozen
class _Takes:
    """What a function takes: its arguments by position, the kind of each by name, and whether it
    takes further conditions (then a name that is none of them is one that does not exist)."""

    order: tuple[str, ...]
    kinds: Mapping[str, Any]
    plain: Mapping[str, frozenset[type] | None]
    """Name -> types of which nothing more has to be asked; None: anything fits."""
    data: frozenset[str]  # names of those that may be a mapping of text to anything
    conditions: bool

    def plainly(self, given: Iterable[tuple[str, Any]]) -> bool:
        """Say of what is given, as nearly always, that all of it fits; False: ask further."""
        for name, value in given:
            kinds, kind = self.plain.get(name, ()), type(value)
            if (
                kinds is not None
                and kind not in kinds
                and not (kind is dict and name in self.data and _by_text(value))
            ):
                return False
        return True


def _by_text(data: Mapping[Any, Any]) -> bool:
    for key, value in data.items():
        if type(key) is not str or isinstance(value, dt.datetime):
            return False
    return True


def checked(function: Watched) -> Watched:
    """Return the function with its arguments looked at before it is called.

    It then raises InvalidInput for arguments that are of another kind than its annotations say
    (`wrong_kind`), for a time without a zone, and for a condition that does not exist; all of them
    at once. A keyword that it does not take is a TypeError, as in any Python function, with the
    nearest one that it does.
    """

    @functools.wraps(function)
    def called(*args: Any, **named: Any) -> Any:
        takes = _takes(function)
        if not takes.plainly((*zip(takes.order, args, strict=False), *named.items())):
            _check(function, takes, {**dict(zip(takes.order, args, strict=False)), **named})
        return function(*args, **named)

    return typing.cast("Watched", called)


def all_checked(kind: type[Class]) -> type[Class]:
    """Return the class with the arguments of every public method looked at, and of what makes one
    of it; see `checked`."""
    for name, value in list(vars(kind).items()):
        if inspect.isfunction(value) and (name == "__init__" or not name.startswith("_")):
            setattr(kind, name, checked(value))
    return kind


@functools.cache
def _takes(function: Callable[..., Any]) -> _Takes:
    names = {**_TYPING_ONLY, **vars(sys.modules[function.__module__])}
    said = typing.get_type_hints(function, names)
    order: list[str] = []
    kinds: dict[str, Any] = {}
    conditions = False
    for place, (name, each) in enumerate(inspect.signature(function).parameters.items()):
        kind = said.get(name, Any)
        if each.kind is each.VAR_KEYWORD:
            if typing.get_origin(kind) is typing.Unpack:
                kinds |= typing.get_type_hints(typing.get_args(kind)[0])
                conditions = True
            continue
        kinds[name] = Any if place == 0 and name == "self" else kind
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD):
            order.append(name)
    plain = {name: _plain(kind) for name, kind in kinds.items()}
    data = frozenset([name for name, kind in kinds.items() if Mapping[str, Any] in _parts(kind)])
    return _Takes(tuple(order), kinds, plain, data, conditions)


def _check(function: Callable[..., Any], takes: _Takes, given: Mapping[str, Any]) -> None:
    problems: list[Problem] = []
    for name, value in given.items():
        if name in takes.kinds:
            problems += _problems(name, value, takes.kinds[name])
        elif takes.conditions:
            problems.append(_no_condition(name, takes.kinds))
        else:
            near = nearest(name, takes.kinds)
            _, text = did_you_mean(
                "", f"{function.__qualname__}() takes no argument '{name}'", near
            )
            raise TypeError(text)
    if problems:
        raise InvalidInput(problems)


def _no_condition(name: str, known: Mapping[str, Any]) -> Problem:
    listed = ", ".join(known)
    ko, en = did_you_mean(
        f"조건 '{name}'이(가) 없습니다",
        f"no condition '{name}'",
        nearest(name, known),
        (f" (가능: {listed})", f" (there are: {listed})"),
    )
    return Problem(code="unknown_condition", path=name, value=name, ko=ko, en=en)


# --------------------------------------------------------------------------- kinds


def _parts(kind: Any) -> tuple[Any, ...]:
    """Return the kinds of which one must fit."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return tuple(part for each in typing.get_args(kind) for part in _parts(each))
    return (kind,)


def _plain(kind: Any) -> frozenset[type] | None:
    """Return the types whose values fit without being looked into; None: all do."""
    parts = _parts(kind)
    if Any in parts:
        return None
    own = [part for part in parts if isinstance(part, type) and typing.get_origin(part) is None]
    return frozenset(own) - {dt.datetime}


def _problems(path: str, value: Any, kind: Any) -> Iterator[Problem]:
    """Yield what is wrong with the value, or with what is in it."""
    parts = _parts(kind)
    fitting = [part for part in parts if _is_a(value, part)]
    if not fitting:
        yield _wrong(path, value, parts)
        return
    if isinstance(value, dt.datetime):
        try:
            utc(value, path)
        except InvalidInput as error:
            yield from error.problems
    origin, inner = typing.get_origin(fitting[0]), typing.get_args(fitting[0])
    if origin is Mapping:
        for key, each in value.items():
            if not isinstance(key, str):
                yield _wrong(path, key, (str,))
            else:
                yield from _problems(f"{path}.{key}", each, inner[1])
    elif origin in (Sequence, Collection, Iterable) and isinstance(value, Collection):
        for place, each in enumerate(value):
            yield from _problems(f"{path}[{place}]", each, inner[0])
    elif origin is tuple:
        for place, (each, own) in enumerate(zip(value, inner, strict=True)):
            yield from _problems(f"{path}[{place}]", each, own)


def _is_a(value: Any, kind: Any) -> bool:
    origin = typing.get_origin(kind) or kind
    if origin is Any:
        return True
    if origin in (Sequence, Collection, Iterable):
        some = Iterable if origin is Iterable else Collection
        return isinstance(value, some) and not isinstance(value, str | bytes | Mapping)
    if origin is Callable:
        return callable(value)
    if origin is tuple:
        return isinstance(value, tuple | list) and len(value) == len(typing.get_args(kind))
    if origin is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if origin is dt.date:
        return isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    if not isinstance(origin, type):
        return True
    if _is_protocol(origin):
        return all(hasattr(value, name) for name in _members(origin))
    return isinstance(value, origin)


def _is_protocol(kind: type) -> bool:
    return getattr(kind, "_is_protocol", False) and kind is not os.PathLike


def _members(protocol: type) -> Iterator[str]:
    said = {*vars(protocol), *vars(protocol).get("__annotations__", {})}
    return (name for name in said if not name.startswith("_"))


# --------------------------------------------------------------------------- words


def _wrong(path: str, value: Any, parts: Sequence[Any]) -> Problem:
    ko, en = _expected(parts)
    if isinstance(value, str) and str not in parts and Actor in parts:
        near = f"engine.actor(plan_id, {value[:60]!r})"
        ko, en = f"Actor({near})", f"an Actor, as {near} gives"
    return wrong_kind(path, value, ko=ko, en=en)


def _expected(parts: Sequence[Any]) -> tuple[str, str]:
    said = dict.fromkeys(_said(part) for part in parts if part is not types.NoneType)
    return " 또는 ".join(ko for ko, _ in said), " or ".join(en for _, en in said)


def _said(part: Any) -> tuple[str, str]:
    origin = typing.get_origin(part) or part
    if origin in _WORDS:
        return _WORDS[origin]
    name = origin.__name__
    made = _MADE_BY.get(name)
    if _is_protocol(origin):
        has = ", ".join(_members(origin))
        return f"{name}({has}이(가) 있는 것)", f"a {name} (with {has})"
    article = "an" if name[0] in "AEIO" else "a"
    if made is None:
        return name, f"{article} {name}"
    return f"{name}({made})", f"{article} {name} ({made})"
