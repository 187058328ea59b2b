"""What delivers notices, and by which way the notices of a plan leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from evalflow.model import Delivery, Notice
from evalflow.model.values import frozen


@runtime_checkable
class Notifier(Protocol):
    """Delivers notices: by mail, to a chat, to another system.

    A plan's notifier is used by one thread at a time; different plans have their own.
    """

    def deliver(self, notice: Notice) -> None:
        """Deliver the notice; when this returns, it counts as delivered.

        The same notice may come again after a crash; `notice.id` is the receiver's
        idempotency key.

        Raises:
            Undeliverable: trying again would not help; the notice becomes a dead letter.
            Exception: anything else is a failure that is tried again.
        """


@frozen(kw_only=True)
class Route:
    """How the notices of one plan leave through one notifier.

    `name` is what the plan calls the notifier; `plan` None means the notices of all plans.
    `backoff` holds the seconds to wait after the first, second, … failed try.
    """

    name: str
    notifier: Notifier
    plan: str | None = None
    backoff: Sequence[int] = Delivery().backoff
