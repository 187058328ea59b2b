"""Who may do what, as a table made from the definition alone: for people to sign, and for tests
to hold the engine to, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator

from evalflow.lifecycle.definition import Duty, Event, Lifecycle
from evalflow.model import Grant, PlanHead
from evalflow.model.values import frozen


@frozen(kw_only=True)
class Right:
    """One cell: holders of `role` may fire `event`.

    Attributes:
        at: the kind of unit in which the role is held; it reaches everything below that unit.
        sources: the states from which it may, in the definition's order.
        duties: what keeps somebody who already took another part from it (D9).
    """

    event: str
    role: str
    at: str
    sources: tuple[str, ...]
    duties: tuple[Duty, ...]


@frozen(kw_only=True)
class Holder:
    """Somebody who has a right by a grant in a plan's directory, and the units it reaches."""

    right: Right
    actor: str
    grant: Grant
    units: tuple[str, ...]


def rights(lifecycle: Lifecycle) -> tuple[Right, ...]:
    """Return every right that the definition gives, event by event; what is not in it, nobody
    may do. First come those that no lifecycle defines: `adopt`, `revise` and `migrate`."""
    return (
        *(
            _right(lifecycle, event, role, ())
            for event in ("adopt", "revise", "migrate")
            for role in lifecycle.adopted_by
        ),
        *(
            _right(lifecycle, event.name, role, _sources(lifecycle, event, role))
            for event in lifecycle.events.values()
            for role in event.by
        ),
    )


def holders(lifecycle: Lifecycle, head: PlanHead) -> Iterator[Holder]:
    """Yield who has each right in a plan, with every grant, whatever its days.

    An acting appointment (대결) is listed like any grant, with its days, its reason and the one
    acted for; whether the one acted for holds the role on a day is asked when it is used.
    """
    for right in rights(lifecycle):
        for actor, grants in head.directory.items():
            for grant in grants:
                if grant.role == right.role:
                    units = tuple(unit for unit in head.units if unit in head.below(grant.unit))
                    yield Holder(right=right, actor=actor, grant=grant, units=units)


def _right(lifecycle: Lifecycle, event: str, role: str, sources: tuple[str, ...]) -> Right:
    return Right(
        event=event,
        role=role,
        at=lifecycle.roles[role].at,
        sources=sources,
        duties=tuple(duty for duty in lifecycle.duties if event in duty.may_not),
    )


def _sources(lifecycle: Lifecycle, event: Event, role: str) -> tuple[str, ...]:
    """Return the states from which the role may fire the event: where transitions name their own
    roles (`by`) these are fewer than those from which anybody may."""
    found = event.sources()
    return tuple(
        [
            state
            for state in lifecycle.regions[event.leads].states
            if state in found and role in event.by_from(state)
        ]
    )
