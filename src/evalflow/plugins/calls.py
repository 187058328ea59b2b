"""Other people's code, run so that an error of theirs is known as theirs.

Whatever a plugin's function raises becomes a `PluginError` that names the plugin, with the
original as its cause; one that does not answer in time is given up.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from evalflow.errors import Conflict, InvalidInput, PluginError, Reason, StorageError
from evalflow.plugins.loading import BUILTIN, Item, Plugin, is_ours, kind_of, said
from evalflow.plugins.patience import NoAnswer, Patience
from evalflow.plugins.shown import shown_firing

if TYPE_CHECKING:
    from evalflow.decision.firing import Draft, Firing
    from evalflow.decision.guards import Guard
    from evalflow.model import Notice, Rating, Subject
    from evalflow.model.calendar import Calendar, DueFunction, Period

Answer = TypeVar("Answer")


def call(
    plugin: Plugin,
    what: str,
    function: Callable[[], Answer],
    *,
    within: dt.timedelta | None = None,
    patience: Patience | None = None,
    through: tuple[type[Exception], ...] = (),
) -> Answer:
    """Return what a plugin's function returns; whatever it raises becomes a `PluginError`.

    What evalflow itself raised, called back by the plugin, comes through as it is.
    """
    try:
        if within is None or patience is None:
            return function()
        answer: Answer = patience.call(within, f"{plugin}: {what}", function)
        return answer
    except BaseException as error:
        broke(plugin, what, error, through)


def broke(
    plugin: Plugin, what: str, error: Any, through: tuple[type[Exception], ...] = ()
) -> NoReturn:
    """Raise what an error of a plugin's function becomes, or as it is where it comes through."""
    kind = type(error)  # what it says of its class may be a lie, or break
    if issubclass(kind, NoAnswer):
        raise plugin.error(f"{what}: {error}", f"{what}: {error.ko}") from error
    if issubclass(kind, (StorageError, Conflict, PluginError, *through)) or is_ours(error):
        raise error
    raise plugin.error(f"{what}: {said(error)}") from error


def dated(name: str, item: Item) -> DueFunction:
    """Return a due rule as evalflow asks it: it answers a day, or breaks."""
    what, function, plugin = f"due rule '{name}'", item.made_by, item.plugin

    def due(calendar: Calendar, period: Period, start: dt.date | None, **params: str) -> dt.date:
        def asked() -> dt.date:
            answer = function(calendar, period, start, **params)
            if not isinstance(answer, dt.date) or isinstance(answer, dt.datetime):
                raise TypeError(f"answered {kind_of(answer)}, not a day")
            return answer

        return call(plugin, what, asked)

    return due


def guarded(name: str, item: Item, patience: Patience, within: dt.timedelta | None) -> Guard:
    """Return the guard as evalflow asks it: it answers a tuple of reasons, or breaks. One that
    can look at many has `ask_many` besides, as `guards.AsksMany` says. Other people's guards are
    shown copies."""
    what, function, plugin = f"guard '{name}'", item.made_by, item.plugin
    show = None if plugin is BUILTIN else shown_firing

    def reasons_in(answer: Any) -> tuple[Reason, ...]:
        if answer is None or (answer.__class__ in (list, tuple) and not answer):
            return ()
        if isinstance(answer, Reason):
            return (answer,)
        if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
            raise TypeError(f"answered {kind_of(answer)}, not None or reasons")
        reasons = tuple(answer)
        for reason in reasons:
            if not isinstance(reason, Reason):
                raise TypeError(f"answered a list with {kind_of(reason)}, not reasons")
        return reasons

    def guard(firing: Firing, after: Draft, /, **params: Any) -> tuple[Reason, ...]:
        if show is None and within is None:  # several for every firing
            try:
                answer = function(firing, after, **params)
                return () if answer is None else reasons_in(answer)
            except BaseException as error:
                broke(plugin, what, error)
        args = (firing, after) if show is None else show(firing, after)
        params = params if show is None else copy.deepcopy(params)

        def asked() -> tuple[Reason, ...]:
            return reasons_in(function(*args, **params))

        return call(plugin, what, asked, within=within, patience=patience)

    def ask_many(
        firings: Sequence[tuple[Firing, Draft]], /, **params: Any
    ) -> tuple[tuple[Reason, ...], ...]:
        given = firings if show is None else [show(*each) for each in firings]
        params = params if show is None else copy.deepcopy(params)

        def asked() -> tuple[tuple[Reason, ...], ...]:
            answers = tuple([reasons_in(each) for each in function.ask_many(given, **params)])
            if len(answers) != len(firings):
                raise TypeError(f"{len(answers)} answers about {len(firings)} firings")
            return answers

        return call(plugin, what, asked, within=within, patience=patience)

    guard.__doc__ = function.__doc__
    if hasattr(function, "ask_many"):
        guard.ask_many = ask_many  # type: ignore[attr-defined]
    return guard


def held_to(contract: Any, made: Any, plugin: Plugin, what: str) -> Any:
    """Return `made` if it has everything that the contract, a protocol, asks for."""
    asked = [name for name in vars(contract) if not name.startswith("_")]

    def looked_for() -> str | None:  # what it has may be computed, and break
        if isinstance(made, contract):
            return None
        return ", ".join(name for name in asked if not hasattr(made, name))

    lacking = call(plugin, what, looked_for)
    if lacking is None:
        return made
    raise plugin.error(f"{what}: {kind_of(made)} has no {lacking}")


class Absent:
    """Stands in for what cannot be had: whoever needs it is told the reason."""

    def __init__(self, error: InvalidInput | PluginError) -> None:
        self._error = error

    def deliver(self, notice: Notice) -> None:
        """Fail: the notice will be tried again."""
        raise self._error

    def score(self, subject: Subject) -> Rating:
        """Break.

        Raises:
            PluginError: always.
        """
        if isinstance(self._error, PluginError):
            raise self._error
        en, ko = (
            "; ".join(problem.text(lang) for problem in self._error.problems)
            for lang in ("en", "ko")
        )
        raise PluginError(subject.rules.scorer, en, ko=ko) from self._error
