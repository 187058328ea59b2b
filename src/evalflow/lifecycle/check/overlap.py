"""Which edges of an event get in each other's way: asked by the loader and by `check`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, combinations_with_replacement

from evalflow.lifecycle.definition import Event, GuardSpec, GuardUse, Transition
from evalflow.model.values import frozen

Specs = Mapping[str, GuardSpec]


@frozen
class Overlap:
    """Two edges of one event, region and source that can both be taken.

    `kind` says how bad it is:

    - `duplicate`: same guards, same target;
    - `never_taken`: whenever the second could be taken, the first is (or could be) too, with
      another target;
    - `ambiguous`: the same the other way round, and no order is declared;
    - `redundant`: one of them adds nothing to the other, for both have the same target;
    - `possible`: their guards may hold together, and no order is declared.
    """

    kind: str
    first: Transition
    second: Transition


def overlaps(event: Event, specs: Specs) -> Iterator[Overlap]:
    """Yield the pairs of edges that can both be taken, in file order.

    Guards that exclude each other by their `GuardSpec` keep two edges apart; guards without
    a spec are taken to be independent.
    """
    for (here, first), (there, second) in combinations(enumerate(event.transitions), 2):
        if (first.region, first.source) != (second.region, second.source):
            continue
        between = event.transitions[here + 1 : there] if event.first_wins else ()
        kind = _kind(event, first, second, between, specs)
        if kind is not None:
            yield Overlap(kind, first, second)


def _kind(
    event: Event,
    first: Transition,
    second: Transition,
    between: Sequence[Transition],
    specs: Specs,
) -> str | None:
    if contradiction((*first.guards, *second.guards), specs) is not None:
        return None
    one, other = frozenset(first.guards), frozenset(second.guards)
    if first.target == second.target:
        if one == other:
            return "duplicate"
        if one <= other:
            return "redundant"
        # A line of a decision table that comes before others keeps these from being taken.
        apart = any(
            (edge.region, edge.source) == (first.region, first.source)
            and edge.target != first.target
            and contradiction((*first.guards, *edge.guards), specs) is None
            for edge in between
        )
        return "redundant" if other <= one and not apart else None
    if one <= other:
        return "never_taken"
    if event.first_wins:
        return None
    return "ambiguous" if other <= one else "possible"


def contradiction(uses: Iterable[GuardUse], specs: Specs) -> tuple[GuardUse, GuardUse] | None:
    """Return two of the uses that can never both hold, or None; one use twice, where it alone
    never holds."""
    for one, other in combinations_with_replacement(uses, 2):
        spec = specs.get(one.name)
        if spec is None or one.name != other.name:
            continue
        if spec.excludes is not None and spec.excludes(one.params, other.params):
            return one, other
        if spec.exclusive_by is None:
            continue
        values = [use.params.get(spec.exclusive_by) for use in (one, other)]
        if values[0] != values[1] and any(
            all(isinstance(value, str) and value in apart for value in values)
            for apart in spec.exclusive
        ):
            return one, other
    return None
