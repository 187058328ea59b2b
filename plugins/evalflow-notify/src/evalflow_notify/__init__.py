"""Notifiers for evalflow: `mail`, `webhook`, `chat` and `apprise`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalflow.plugins import Notifier, hookimpl
from evalflow_notify.mail import Mail
from evalflow_notify.web import AppriseNotifier, Chat, Webhook

__all__ = ["AppriseNotifier", "Chat", "Mail", "Webhook"]
__version__ = "0.1.0"


@hookimpl
def evalflow_notifiers() -> Mapping[str, Callable[..., Notifier]]:
    """Return the notifiers by the names that plans use."""
    return {"mail": Mail, "webhook": Webhook, "chat": Chat, "apprise": AppriseNotifier}
