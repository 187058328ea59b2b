"""Frozen values made sooner than attrs makes them, for those that every firing makes.

Of a frozen class attrs writes each field by way of `object.__setattr__`, which takes most of the
time. Here the fields are written while the value is of a class with the same slots that is not
frozen, and it becomes one of its own class once it is whole. What does that is put together once
for each class, as attrs puts together its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

Value = TypeVar("Value", bound=attrs.AttrsInstance)
Kind = TypeVar("Kind", bound=type)

_KNOWN: dict[type, Callable[[Any, Mapping[str, Any]], Any]] = {}
"""Of a class: what makes a value of it like another, with some fields changed."""

_MANY = 100  # values after which putting it together costs less than it saves


def changed(value: Value, **changes: Any) -> Value:
    """Return what `attrs.evolve` does of a value, sooner: for classes with slots whose fields are
    neither checked nor converted. What a value remembers of itself (a field that is not given when
    it is made) is forgotten."""
    kind = value.__class__
    like = _KNOWN.get(kind)
    if like is None:
        like = _KNOWN[kind] = _like(kind)
    made: Value = like(value, changes)
    return made


def often_made(kind: Kind) -> Kind:
    """Have values of a class such as `changed` takes made sooner, once many were made."""
    given, made = vars(kind)["__init__"], 0

    @functools.wraps(given)
    def init(self: Any, *args: Any, **fields: Any) -> None:
        nonlocal made
        made += 1
        if made >= _MANY:  # a command makes fewer
            _put(kind, functools.wraps(given)(_init(kind, given)))
        given(self, *args, **fields)

    _put(kind, init)
    return kind


def _put(kind: type, init: Callable[..., None]) -> None:
    type.__setattr__(kind, "__init__", init)


def _init(kind: type, given: Callable[..., None]) -> Callable[..., None]:
    """Return what fills a value of the class; for one that inherits from it `given` does."""
    fields = [each for each in attrs.fields(kind) if each.init]
    names: dict[str, Any] = {"KIND": kind, "UNFROZEN": _unfrozen(kind), "GIVEN": given}
    names["BECOME"] = object.__setattr__
    taken, lines = [], []
    for each in fields:
        name, default = each.alias or each.name, each.default
        taken.append(name if default is attrs.NOTHING else f"{name}=else_{name}")
        names[f"else_{name}"] = default
        value = name
        if (new := getattr(default, "factory", None)) is not None:
            names[f"new_{name}"] = new
            value = f"new_{name}() if {name} is else_{name} else {name}"
        lines.append(f"self.{each.name} = {value}")
    lines += [f"self.{each.name} = None" for each in attrs.fields(kind) if not each.init]
    by_name = "*, " if fields[0].kw_only else ""
    said = ", ".join(f"{each.alias or each.name}={each.alias or each.name}" for each in fields)
    return _put_together(
        f"def init(self, {by_name}{', '.join(taken)}):",
        [
            f"if self.__class__ is not KIND: return GIVEN(self, {said})",
            "BECOME(self, '__class__', UNFROZEN)",
            *lines,
            "self.__class__ = KIND",
        ],
        names,
    )


def _like(kind: type) -> Callable[[Any, Mapping[str, Any]], Any]:
    fields = attrs.fields(kind)
    assert all(each.default is None for each in fields if not each.init)
    places = {each.alias or each.name: each.name for each in fields if each.init}
    return _put_together(
        "def like(value, changes):",
        [
            "made = NEW(UNFROZEN)",
            *[
                f"made.{each.name} = {f'value.{each.name}' if each.init else 'None'}"
                for each in fields
            ],
            "for name in changes: setattr(made, PLACES[name], changes[name])",
            "made.__class__ = KIND",
            "return made",
        ],
        {"NEW": object.__new__, "UNFROZEN": _unfrozen(kind), "KIND": kind, "PLACES": places},
    )


def _unfrozen(kind: type) -> type:
    """Return a class with the same slots whose values can be written."""
    plain = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(kind)(kind.__name__, (kind,), {"__slots__": (), **plain})


def _put_together(head: str, lines: list[str], names: dict[str, Any]) -> Callable[..., Any]:
    exec("\n ".join([head, *lines]), names)  # noqa: S102 - of fields' names alone
    function: Callable[..., Any] = names[head.split()[1].partition("(")[0]]
    return function
