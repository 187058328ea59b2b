"""Who could do it: a lifecycle's roles and duties, asked of a plan's directory.

A plan's grants may have dates, so a unit's time is cut into stretches in which nothing changes,
and every question is asked of each stretch. An acting appointment (대결) counts where its
principal holds the role, as in `evalflow.model.directory`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from evalflow.lifecycle.check.overlap import Specs
from evalflow.lifecycle.definition import Duty, Event, Lifecycle
from evalflow.model import Grant, PlanHead
from evalflow.model.moments import day_after
from evalflow.model.values import frozen

MOST_TRIES = 20_000
"""People tried in one question before it is left open; real duties need a handful."""


@frozen
class Stretch:
    """Days, both included, in which nobody's grants for a unit begin or end.

    `regular` and `acting` map a role to those who hold it for the unit.
    """

    first: dt.date
    last: dt.date
    regular: Mapping[str, frozenset[str]]
    acting: Mapping[str, frozenset[tuple[str, str]]]

    def holders(self, roles: Iterable[str]) -> frozenset[str]:
        """Return all who hold one of the roles by a regular grant."""
        return frozenset().union(*[self.regular.get(role, frozenset()) for role in roles])

    def deputies(self, roles: Iterable[str]) -> frozenset[tuple[str, str]]:
        """Return (actor, principal) of all acting appointments to one of the roles."""
        return frozenset().union(*[self.acting.get(role, frozenset()) for role in roles])


def horizon(head: PlanHead) -> tuple[dt.date, dt.date]:
    """Return the days on which a plan needs its people.

    They end with the January after its last year: that is when the last quarter is evaluated
    (R34).
    """
    first, last = int(head.calendar.first[:4]), int(head.calendar.last[:4])
    return dt.date(first, 1, 1), dt.date(last + 1, 1, 31)


def answering_units(head: PlanHead) -> tuple[str, ...]:
    """Return the units that projects can belong to: of the kinds at the bottom of the tree."""
    above = {unit.parent for unit in head.units.values()}
    kinds_above = {head.units[unit].kind for unit in above if unit is not None}
    return tuple([unit.id for unit in head.units.values() if unit.kind not in kinds_above])


def stretches(head: PlanHead, unit: str) -> tuple[Stretch, ...]:
    """Return the unit's stretches, in order, over the plan's time and the unit's own."""
    begin, end = horizon(head)
    own = head.units[unit]
    begin = max(begin, own.since or begin)
    end = min(end, own.until or end)
    line = frozenset(head.line_up(unit))
    reaching = [
        (actor, grant)
        for actor, grants in head.directory.items()
        for grant in grants
        if grant.unit in line
    ]
    firsts = {begin} | {
        day
        for _, grant in reaching
        for day in (grant.since, grant.until and day_after(grant.until))
        if day is not None and begin < day <= end
    }
    starts = sorted(firsts) if begin <= end else []
    lasts = [*[start - dt.timedelta(days=1) for start in starts[1:]], end][: len(starts)]
    return tuple(
        [_stretch(first, last, reaching) for first, last in zip(starts, lasts, strict=True)]
    )


def _stretch(first: dt.date, last: dt.date, reaching: Sequence[tuple[str, Grant]]) -> Stretch:
    held = [(actor, grant) for actor, grant in reaching if grant.holds_on(first)]
    regular: dict[str, set[str]] = {}
    acting: dict[str, set[tuple[str, str]]] = {}
    for actor, grant in held:
        if grant.on_behalf_of is None:
            regular.setdefault(grant.role, set()).add(actor)
    for actor, grant in held:
        principal = grant.on_behalf_of
        lent = principal is not None and principal in regular.get(grant.role, ())
        if principal is not None and lent and grant.reason and principal != actor:
            acting.setdefault(grant.role, set()).add((actor, principal))
    return Stretch(
        first,
        last,
        {role: frozenset(actors) for role, actors in regular.items()},
        {role: frozenset(pairs) for role, pairs in acting.items()},
    )


# --------------------------------------------------------------------------- duties


@frozen
class Choice:
    """Somebody who takes a part, and on whose behalf."""

    actor: str
    principal: str | None = None

    def names(self) -> frozenset[str]:
        """Return those whom separation of duties would hold this part against."""
        return frozenset({self.actor} if self.principal is None else {self.actor, self.principal})


@frozen
class Part:
    """One thing that somebody must do: fire an event, or sign what another one fires."""

    event: str
    roles: tuple[str, ...]
    signs: bool = False


def parts(event: Event, specs: Specs) -> Iterator[Part]:
    """Yield the parts that an event takes: who fires it, and whose signature it asks for."""
    yield Part(event.name, event.by)
    for use in event.guards:
        spec = specs.get(use.name)
        role = use.params.get(spec.signed_by) if spec and spec.signed_by else None
        if isinstance(role, str):
            yield Part(event.name, (role,), signs=True)


def barred_pairs(duties: Iterable[Duty], taken: Sequence[Part]) -> Iterator[tuple[int, int, bool]]:
    """Yield (earlier part, later part, whether acting lifts it) that one person may not do."""
    for duty in duties:
        for early, done in enumerate(taken):
            for late, doing in enumerate(taken):
                if (
                    done.event != doing.event
                    and done.event in duty.whoever
                    and doing.event in duty.may_not
                    and not doing.signs
                ):
                    yield early, late, duty.unless_acting


def can_be_staffed(
    lifecycle: Lifecycle, taken: Sequence[Part], stretch: Stretch, *, acting: bool
) -> bool | None:
    """Say whether people can be found for all the parts, so that no duty bars any of them.

    With `acting`, acting appointments are used too. None: left open after too many tries.
    """
    domains = [_domain(part, stretch, len(taken), acting=acting) for part in taken]
    apart = list(barred_pairs(lifecycle.duties, taken))
    order = sorted(range(len(taken)), key=lambda place: len(domains[place]))
    chosen: dict[int, Choice] = {}
    tries = 0

    def fits(place: int, choice: Choice) -> bool:
        for early, late, lifted in apart:
            if place == early and late in chosen:
                done, doing = choice, chosen[late]
            elif place == late and early in chosen:
                done, doing = chosen[early], choice
            else:
                continue
            if lifted and doing.principal is not None:
                continue
            if done.names() & doing.names():
                return False
        return True

    def assign(depth: int) -> bool | None:
        nonlocal tries
        if depth == len(order):
            return True
        place = order[depth]
        for choice in domains[place]:
            tries += 1
            if tries > MOST_TRIES:
                return None
            if fits(place, choice):
                chosen[place] = choice
                answer = assign(depth + 1)
                if answer is not False:
                    return answer
                del chosen[place]
        return False

    return assign(0)


def _domain(part: Part, stretch: Stretch, enough: int, *, acting: bool) -> tuple[Choice, ...]:
    """Return who may take the part. Of people who hold just the same roles only so many are
    needed as there are parts: they could stand in for each other."""
    alike: dict[frozenset[str], int] = {}
    found = []
    for actor in sorted(stretch.holders(part.roles)):
        roles = frozenset(role for role, actors in stretch.regular.items() if actor in actors)
        alike[roles] = alike.get(roles, 0) + 1
        if alike[roles] <= enough:
            found.append(Choice(actor))
    if acting:
        found.extend(Choice(*pair) for pair in sorted(stretch.deputies(part.roles)))
    return tuple(found)


def units_text(head: PlanHead, units: Collection[str], lang: str) -> str:
    """Return the units' names for people, the first three of many."""
    labels = [head.units[unit].label.text(lang) for unit in units]
    shown = ", ".join(labels[:3])
    more = len(labels) - 3
    if more <= 0:
        return shown
    return f"{shown} 외 {more}곳" if lang == "ko" else f"{shown} and {more} more"
