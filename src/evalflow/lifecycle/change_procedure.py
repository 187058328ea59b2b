"""Whether a lifecycle has a change procedure (변경절차, R41-R43), by which event it begins, and who
decides in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalflow.lifecycle.definition import Event, Lifecycle

_Lines = Mapping[str, Mapping[str, tuple[str, ...]]]


def change_event(lifecycle: Lifecycle) -> Event | None:
    """Return the event by which a change is requested, None where the lifecycle has no change
    procedure: no event opens a change (`change_report`, `change`), or none puts one into force
    (`plan_revision`)."""
    if not any(_deciding(lifecycle)):
        return None
    opening = {"change_report", "change"}
    return next(
        (event for event in lifecycle.events.values() if opening & set(event.actions)), None
    )


def deciders(lifecycle: Lifecycle, lines: _Lines) -> frozenset[str]:
    """Return the roles that can put a change into force: of an event in a line of signatures those
    with which the line ends, for whatever kind of change, by a plan's `lines`."""
    found: set[str] = set()
    for event in _deciding(lifecycle):
        line = None if event.line is None else lifecycle.lines[event.line]
        if line is None:
            found |= set(event.by)
        else:
            kinds = ("", *lines.get(line.name, {}))
            found |= {line.signers(lines, kind)[-1] for kind in kinds} & set(event.by)
    return frozenset(found)


def asked_before_deciding(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the names of the guards that every event which puts a change into force asks (협조,
    이견, 결재)."""
    asked = [{use.name for use in event.guards} for event in _deciding(lifecycle)]
    return frozenset(set.intersection(*asked)) if asked else frozenset()


def _deciding(lifecycle: Lifecycle) -> Iterator[Event]:
    return (each for each in lifecycle.events.values() if "plan_revision" in each.actions)
