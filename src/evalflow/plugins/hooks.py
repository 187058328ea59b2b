"""What a plugin may provide: the hooks, and the marker with which a plugin answers them.

    from evalflow.plugins import hookimpl

    @hookimpl
    def evalflow_notifiers():
        return {"pager": Pager}

A hook takes no arguments and returns a mapping from a name, by which plans and lifecycles ask
for the thing, to what makes it. It is called once, before it is needed; `evalflow_fired` alone
is called at run time, with arguments. What takes options
says so by an attribute `Options`: an attrs class (see `evalflow.plugins.options`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from evalflow.decision.guards import Guard
    from evalflow.lifecycle.definition import DueSpec, GuardSpec
    from evalflow.model import Entry
    from evalflow.model.calendar import DueFunction
    from evalflow.plugins.forms import Form
    from evalflow.plugins.notifier import Notifier
    from evalflow.plugins.panels import Panel
    from evalflow.plugins.signer import Signer
    from evalflow.scoring.contract import Grader, Scorer
    from evalflow.storage.contract import Storage

GROUP = "evalflow"
"""The entry-point group of plugins, and the name of the pluggy project."""

FIRED = "evalflow_fired"
"""The hook that is called at run time; all others are called once, before they are needed."""

hookimpl = pluggy.HookimplMarker(GROUP)
"""Marks a function of a plugin as the answer to the hook of its name."""

_hookspec = pluggy.HookspecMarker(GROUP)


@_hookspec
def evalflow_storages() -> Mapping[str, Callable[[str], Storage]]:  # type: ignore[empty-body]
    """Return, by URL scheme, functions that open the storage which a URL names."""


@_hookspec
def evalflow_notifiers() -> Mapping[str, Callable[..., Notifier]]:  # type: ignore[empty-body]
    """Return, by name, what makes a notifier: a class or function, given its options if it
    declares `Options`, and nothing otherwise."""


@_hookspec
def evalflow_scorers() -> Mapping[str, Callable[..., Scorer]]:  # type: ignore[empty-body]
    """Return, by name, what makes a scorer: a class or function, given its options if it
    declares `Options`, and nothing otherwise."""


@_hookspec
def evalflow_graders() -> Mapping[str, Callable[..., Grader]]:  # type: ignore[empty-body]
    """Return, by name, what makes a grader: a class or function, given its options if it
    declares `Options`, and nothing otherwise."""


@_hookspec
def evalflow_guards() -> Mapping[str, tuple[GuardSpec, Guard]]:  # type: ignore[empty-body]
    """Return, by name, guards, each with what a lifecycle may say about it.

    A guard is a function `guard(firing, after, **params)` that answers None, a `Reason`, or
    several. It looks and answers; it writes nothing and asks no clock.
    """


@_hookspec
def evalflow_due_rules() -> Mapping[str, tuple[DueSpec, DueFunction]]:  # type: ignore[empty-body]
    """Return, by name, due rules, each with what a lifecycle may say about it.

    A due rule is a function `due(calendar, period, start, **params)` that returns the day which
    the rule names; `start` is the day that it counts from, None where it counts from no event.
    evalflow moves that day off a holiday, as any other. It asks no clock and answers the same day
    to the same question: a verification asks again, years later.
    """


@_hookspec
def evalflow_forms() -> Mapping[str, Callable[..., Form]]:  # type: ignore[empty-body]
    """Return, by name, what makes an official document (붙임): a class or function, given its
    options if it declares `Options`, and nothing otherwise."""


@_hookspec
def evalflow_signers() -> Mapping[str, Callable[..., Signer]]:  # type: ignore[empty-body]
    """Return, by name, what makes a signer of checkpoints: a class or function, given its
    options if it declares `Options`, and nothing otherwise."""


@_hookspec
def evalflow_commands() -> Mapping[str, Callable[[], Any]]:  # type: ignore[empty-body]
    """Return, by name, what makes a command of `evalflow`: a function without arguments that
    returns a click command, whose first docstring line `evalflow --help` shows. It is called when
    the command is, so that nobody else waits for what it imports."""


@_hookspec
def evalflow_panels() -> Mapping[str, Callable[..., Panel]]:  # type: ignore[empty-body]
    """Return, by name, what makes a panel of the board, or a page of its own: a class or function,
    given its options if it declares `Options`, and nothing otherwise."""


@_hookspec
def evalflow_metrics() -> Mapping[str, Callable[[], tuple[str, bytes]]]:  # type: ignore[empty-body]
    """Return, by name, functions that answer what was counted, as a content type and its bytes:
    what the service shows at `/metrics` to those who may read it."""


@_hookspec
def evalflow_fired(entry: Entry, request_id: str | None) -> None:
    """Be told of an entry once it is committed, the only hook that is called at run time: once for
    each entry, in the order of the commits, from a thread of its own. `request_id` is the host's
    (`evalflow.request`), or None. Take of the arguments those that you use.

    Whoever fired does not wait for it, and an error of it is logged. It may be told nothing where
    the program is killed: what must not be missed is read by `Storage.entries`.
    """


def options_of(maker: Any) -> type | None:
    """Return the attrs class in which what `maker` makes declares its options, or None."""
    return getattr(maker, "Options", None)
