"""Named points at which a test may stop, break or kill a storage.

A storage calls `fault_point` where a crash would hurt most. In production nobody listens and
the call costs some fifty nanoseconds; `evalflow.testing.faults` listens.
"""

from __future__ import annotations

from collections.abc import Callable

POINTS = ("commit:begun", "commit:written", "commit:done", "claim:claimed", "settle:written")
"""The points of our own storages: inside the transaction before anything is written, with
everything written and not yet durable, durable and not yet told to the caller; the same for
the outbox. Another storage may have more."""

_listener: Callable[[str], None] | None = None


def fault_point(name: str) -> None:
    """Tell the listener, if a test installed one, that this point was reached."""
    if _listener is not None:
        _listener(name)


def listen(listener: Callable[[str], None] | None) -> None:
    """Install what `fault_point` calls, or None to be silent again. For tests only."""
    global _listener  # noqa: PLW0603 - one process, one listener; a module flag costs least
    _listener = listener
