"""Whether a lifecycle has a change procedure (변경절차, R41-R43), and by which event it begins."""

from __future__ import annotations

from evalflow.lifecycle.definition import Event, Lifecycle


def change_event(lifecycle: Lifecycle) -> Event | None:
    """Return the event by which a change is requested, None where the lifecycle has no change
    procedure: no event opens a change (`change_report`, `change`), or none puts one into force
    (`plan_revision`)."""
    events = lifecycle.events.values()
    if not any("plan_revision" in event.actions for event in events):
        return None
    opening = {"change_report", "change"}
    return next((event for event in events if opening & set(event.actions)), None)
