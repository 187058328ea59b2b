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

ENGINE_POINTS = ("fire:decided", "notice:sent")
"""The points above the storage: decided and nothing written yet; sent by the notifier and not
yet marked as delivered."""


class FaultPoint:
    """What `fault_point` is: call it with the name of a point that was reached."""

    __slots__ = ("listener",)

    def __init__(self) -> None:
        self.listener: Callable[[str], None] | None = None

    def __call__(self, name: str) -> None:
        """Tell the listener, if a test installed one, that this point was reached."""
        if self.listener is not None:
            self.listener(name)


fault_point = FaultPoint()
"""One for the whole program, so that a storage need not be built for tests."""
