"""Calls of hooks, as they are traced."""

from __future__ import annotations

from collections.abc import Callable

import attrs


@attrs.frozen(kw_only=True)
class HookCall:
    """A call of a hook: which plugin answered, and with which names (none: it failed, or provides
    none), how long it took, and a summary of the arguments."""

    hook: str
    plugin: str
    names: tuple[str, ...] = ()
    microseconds: int = attrs.field(default=0, eq=False)
    arguments: tuple[str, ...] = ()


watchers: list[Callable[[HookCall], object]] = []
"""Who is shown each hook call of this program as it is made: `evalflow plugins trace`."""


def show(call: HookCall) -> None:
    """Show a call to whoever watches."""
    for watch in tuple(watchers):
        watch(call)
