"""Who may act where: roles in units, acting appointments (대결), separation of duties (D9).

Pure: the plan's directory, a day and a unit go in, grants or reasons come out. The rules:

- A grant is a role held in a unit; it reaches that unit and everything below it, on the days
  on which it is in force, both ends included.
- An acting appointment lends what its principal holds, never more: it counts only on days
  and for units for which the principal holds the same role by a regular grant in the plan's
  directory, has a written reason (D8), and is for somebody else. A borrowed role is not lent
  on. When the principal's own grant ends, the appointment gives nothing from that day on.
- Regular grants are taken before acting ones: nobody is recorded as acting for another who
  could act in their own right.

An embedding system may pass an `Actor` that it has authenticated, with grants of its own; the
same rules hold for these. Who an actor is, is that system's word; that the id is well formed and is
not mistaken for another's is checked (`Directory.recognised`).

What a host's own directory says stands beside the plan's (`host`), and the same rules hold for it:
it says who holds a role where, never what a role may do. A grant of the plan is taken before one of
the host's.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol, Self, TypeVar

from evalflow.errors import InvalidInput, NotFound, Reason
from evalflow.model import Act, Actor, Grant, Label, PlanHead, Unit, ids
from evalflow.model.directory_words import (
    listed,
    nearest_in_time,
    not_in_force,
    role_names,
    void_text,
    who_could,
)


class DutyRule(Protocol):
    """A separation of duties as a lifecycle defines it (`evalflow.lifecycle.definition.Duty`)."""

    @property
    def name(self) -> str:
        """Return the rule's name."""
        ...

    @property
    def label(self) -> Label:
        """Return the rule as people read it."""
        ...

    @property
    def since(self) -> str | None:
        """Return the event that begins a round, of which the rule speaks; None: the period."""
        ...

    @property
    def whoever(self) -> tuple[str, ...]:
        """Return the events that bar whoever did them."""
        ...

    @property
    def unless_acting(self) -> bool:
        """Say whether an acting appointment lifts the rule."""
        ...


Said = Mapping[str, tuple[Grant, ...]]
"""What a host's directory says: who holds what."""


class _Heard(set[str]):
    """Of whom the host's word was heard; a copy that is shown to a plugin writes here as well."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


_Asked = tuple[str, tuple[str, ...], str, dt.date]
_AskedOfAll = tuple[tuple[str, ...], str, dt.date]
_MOST = 4096  # answers that a directory remembers

_Key = TypeVar("_Key")
_Answer = TypeVar("_Answer")


def _remember(known: dict[_Key, _Answer], asked: _Key, answer: _Answer) -> None:
    if len(known) >= _MOST:
        known.clear()
    known[asked] = answer


class Directory:
    """The actors of one plan revision, prepared for many lookups.

    Made once per revision and never changed; several threads may use it. A day is a day in
    the office's zone, a unit is the one that answers for the project on that day. With `host` it is
    of one moment: the plan's people, and what the host said of people then.
    """

    def __init__(self, head: PlanHead, host: Said | None = None) -> None:
        """Take the units and the directory out of the plan's head, and beside it what the host's
        own directory says; None: it was not asked."""
        own = head.directory
        self._head, self._heard = head, _Heard()
        self._host = {
            name: beside
            for name, held in sorted((host or {}).items())
            if (beside := tuple([each for each in held if each not in own.get(name, ())]))
        }
        self.hosted = host is not None
        names = dict.fromkeys((*own, *sorted(host or ())))
        self._actors = {
            name: Actor(name, (*own.get(name, ()), *self._host.get(name, ()))) for name in names
        }
        # Role and unit -> (actor, grant) in the directory's order: the answer to "who holds it".
        self._held: dict[tuple[str, str], list[tuple[str, Grant]]] = {}
        for name, actor in self._actors.items():
            for grant in actor.grants:
                self._held.setdefault((grant.role, grant.unit), []).append((name, grant))
        self._order = {name: place for place, name in enumerate(self._actors)}
        self._looks = {ids.looks(name): name for name in self._actors}
        self._above = {unit: head.line_up(unit) for unit in head.units}
        self._units = {unit.id: unit for unit in head.units.values()}
        # What was answered, where the plan alone is asked: of the host's word each answer is heard.
        self._granted: dict[_Asked, tuple[Actor, tuple[Grant, ...]]] = {}
        self._holding: dict[_AskedOfAll, tuple[str, ...]] = {}

    # ------------------------------------------------------------------ the host's word

    def listening(self) -> Self:
        """Return a copy that records from now on whose entries of the host's directory were
        used."""
        if not self.hosted:
            return self
        other = copy.copy(self)
        other._heard = _Heard()
        return other

    def heard(self) -> Said:
        """Return everything the host's directory said about the people whose entries were used; no
        answer depended on what it says about anybody else."""
        return {name: self._host[name] for name in sorted(self._heard)} if self._heard else {}

    def by_the_host(self) -> Said:
        """Return what the host's directory says beyond the plan."""
        return self._host

    def taking(self, actor: Actor) -> Self | Directory:
        """Return the directory with the grants of an actor that the host passes in as its own
        statement; unchanged if the host's directory was not asked, or says the same."""
        if not self.hosted or self._actors.get(actor.id, Actor(actor.id)).grants == actor.grants:
            return self
        return Directory(self._head, {**self._host, actor.id: actor.grants})

    def by_host(self, actor_id: str, grant: Grant, day: dt.date) -> bool:
        """Say whether a grant by which somebody acts depends on the host's directory: the grant
        itself, or that of the person acted for."""
        if grant in self._host.get(actor_id, ()):
            return True
        principal = grant.on_behalf_of
        return principal is not None and not any(
            held.role == grant.role and held.on_behalf_of is None and held.holds_on(day)
            for held in self._head.directory.get(principal, ())
        )

    def _hear(self, name: str, grant: Grant) -> None:
        if self.hosted and grant in self._host.get(name, ()):
            self._heard.add(name)

    # ------------------------------------------------------------------ who there is

    def actors(self) -> tuple[Actor, ...]:
        """Return all actors in the directory's order."""
        self._heard.update(self._host)
        return tuple(self._actors.values())

    def get(self, actor_id: str) -> Actor | None:
        """Return the actor with this id, or None."""
        if actor_id in self._host:
            self._heard.add(actor_id)
        return self._actors.get(actor_id)

    def __contains__(self, actor_id: object) -> bool:
        """Say whether somebody has this id."""
        return actor_id in self._actors

    def units(self) -> Mapping[str, Unit]:
        """Return all units by their ids."""
        return self._units

    def actor(self, actor_id: str) -> Actor:
        """Return the actor with this id and all their grants, acting appointments included.

        Raises:
            NotFound: nobody in the directory has this id; the nearest one is named.
        """
        found = self._actors.get(actor_id)
        if found is None:
            raise NotFound("actor", actor_id, tuple(self._actors))
        return found

    def recognised(self, actor: Actor, acts: Iterable[Act] = ()) -> Actor:
        """Return the actor with the id in its one form (`evalflow.model.ids`): an id of the
        directory, or one of an embedding system that is none of those nor of `acts` in disguise.
        Of an id of the plan's directory only grants that it holds now count, whoever says more: an
        entry by it is verified by the plan, and what was asked for earlier may be revoked.

        Raises:
            InvalidInput: it can be no id, or looks like another that is known.
        """
        if actor.id in self._head.directory:
            return self._now(actor)
        problem = ids.fault(actor.id, "by")
        if problem is None:
            mine = ids.normal(actor.id)
            other = self._looks.get(ids.looks(mine))
            if other == mine and mine in self._head.directory:
                return self._now(Actor(mine, actor.grants))
            if other is None or other == mine:
                named = (n for a in acts for n in (a.actor, a.on_behalf_of, *a.signers) if n)
                other = ids.look_alike(mine, named)
            if other is None:
                return actor if mine == actor.id else Actor(mine, actor.grants)
            problem = ids.taken_for(mine, other, "by")
        raise InvalidInput([problem])

    def _now(self, actor: Actor) -> Actor:
        held = self._actors[actor.id].grants
        if actor.grants is held or all(each in held for each in actor.grants):
            return actor
        return Actor(actor.id, tuple([each for each in actor.grants if each in held]))

    # ------------------------------------------------------------------ who may act

    def grants_for(
        self, actor: Actor, roles: Collection[str], unit: str, day: dt.date
    ) -> tuple[Grant, ...]:
        """Return the grants by which the actor holds one of `roles` for `unit` on `day`.

        Regular grants come first, then acting ones, each in the actor's order.

        Raises:
            NotFound: the plan has no such unit.
        """
        asked = actor.id, tuple(roles), unit, day
        if (known := self._granted.get(asked)) is not None and known[0] is actor:
            return known[1]
        above = self._line(unit)
        found = [
            grant
            for grant in actor.grants
            if grant.role in roles
            and grant.unit in above
            and grant.holds_on(day)
            and (grant.on_behalf_of is None or not self._flaw(actor.id, grant, above, day))
        ]
        if len(found) > 1:
            found.sort(key=_is_acting)
        held = tuple(found)
        if not self.hosted:
            _remember(self._granted, asked, (actor, held))
        for grant in held if self.hosted else ():
            self._hear(actor.id, grant)
        return held

    def holders(self, roles: Iterable[str], unit: str, day: dt.date) -> tuple[str, ...]:
        """Return the ids of all who hold one of `roles` for `unit` on `day`, each once.

        Whoever holds it by a regular grant comes first, then who is acting; within these in
        the directory's order.

        Raises:
            NotFound: the plan has no such unit.
        """
        asked = tuple(roles), unit, day
        if (known := self._holding.get(asked)) is not None:
            return known
        above = self._line(unit)
        regular: set[str] = set()
        acting: set[str] = set()
        for role in asked[0]:
            for place in above:
                for name, grant in self._held.get((role, place), ()):
                    if not grant.holds_on(day):
                        continue
                    if grant.on_behalf_of is None:
                        regular.add(name)
                    elif not self._flaw(name, grant, above, day):
                        acting.add(name)
                    else:
                        continue
                    self._hear(name, grant)
        order = self._order.__getitem__
        found = (*sorted(regular, key=order), *sorted(acting - regular, key=order))
        if not self.hosted:
            _remember(self._holding, asked, found)
        return found

    def first_held(self, roles: Collection[str], unit: str, day: dt.date) -> dt.date | None:
        """Return the first day after `day` from which somebody holds one of `roles` for `unit`, or
        None: nobody will. NotFound is raised for a unit that the plan has not."""
        begins = {
            grant.since
            for role in roles
            for place in self._line(unit)
            for _, grant in self._held.get((role, place), ())
            if grant.since is not None and grant.since > day
        }
        return next((first for first in sorted(begins) if self.holders(roles, unit, first)), None)

    def members(self, unit: str, day: dt.date) -> tuple[str, ...]:
        """Return the ids of all who hold any role in this very unit on `day`, each once, in the
        directory's order. Roles held in units above or below do not count.

        Raises:
            NotFound: the plan has no such unit.
        """
        above = self._line(unit)
        found: dict[str, None] = {}
        for name, actor in self._actors.items():
            for grant in actor.grants:
                if (
                    grant.unit == unit
                    and grant.holds_on(day)
                    and (grant.on_behalf_of is None or not self._flaw(name, grant, above, day))
                ):
                    found[name] = None
                    self._hear(name, grant)
                    break
        return tuple(found)

    # ------------------------------------------------------------------ why not

    def why_not(
        self,
        actor: Actor,
        roles: Sequence[str],
        unit: str,
        day: dt.date,
        labels: Mapping[str, Label] | None = None,
    ) -> Reason:
        """Return why `grants_for` finds nothing: the reason that comes closest to a right.

        Codes: `acting_void` (an acting appointment that lends nothing), `grant_not_in_force`
        (before or after its days; `since` is set where waiting helps), `wrong_unit` (the role
        is held elsewhere), `no_role`. `who` names those who could act, or the roles where
        nobody holds them. `labels` are the roles' names for people.

        Raises:
            NotFound: the plan has no such unit.
        """
        above = self._line(unit)
        names = labels or {}
        asked = [grant for grant in actor.grants if grant.role in roles]
        here = [grant for grant in asked if grant.unit in above]
        able = self.holders(roles, unit, day)
        hint = who_could(roles, names, able)

        def told(code: str, sentence: Label, since: dt.date | None = None) -> Reason:
            return Reason(
                code=code,
                ko=f"{sentence.ko} {hint.ko}",
                en=f"{sentence.en} {hint.en}",
                who=able or tuple(roles),
                since=since,
                about=unit,
            )

        for grant in here:
            if grant.holds_on(day):
                flaw = self._flaw(actor.id, grant, above, day)
                return told("acting_void", void_text(actor.id, grant, flaw, names))
        if here:
            grant = nearest_in_time(here, day)
            since = grant.since if grant.since is not None and grant.since > day else None
            return told("grant_not_in_force", not_in_force(actor.id, grant, since, names), since)
        elsewhere = [grant for grant in asked if self._counts(actor.id, grant, day)]
        if elsewhere:
            return told("wrong_unit", self._wrong_unit(actor.id, elsewhere, unit, day, names))
        role = role_names(roles, names)
        return told(
            "no_role",
            Label(
                f"'{actor.id}'에게는 '{role.ko}' 역할이 없습니다.",
                f"'{actor.id}' does not hold the role '{role.en}'.",
            ),
        )

    def _wrong_unit(
        self,
        actor_id: str,
        grants: Sequence[Grant],
        unit: str,
        day: dt.date,
        names: Mapping[str, Label],
    ) -> Label:
        role = role_names(dict.fromkeys(grant.role for grant in grants), names)
        held = [self._unit_name(place, day) for place in dict.fromkeys(g.unit for g in grants)]
        asked = self._unit_name(unit, day)
        places = listed([label.ko for label in held], "곳", "ko")
        places_en = listed([label.en for label in held], "", "en")
        return Label(
            f"'{actor_id}'의 '{role.ko}' 역할은 {places} 소관이며, "
            f"'{asked.ko}'에 대한 권한이 없습니다.",
            f"'{actor_id}' holds the role '{role.en}' in {places_en}, which does not reach "
            f"'{asked.en}'.",
        )

    def _unit_name(self, unit: str, day: dt.date) -> Label:
        known = self._units.get(unit)
        return Label(unit, unit) if known is None else known.label_on(day)

    # ------------------------------------------------------------------ inside

    def _line(self, unit: str) -> tuple[str, ...]:
        above = self._above.get(unit)
        if above is None:
            raise NotFound("unit", unit, tuple(self._above))
        return above

    def _counts(self, actor_id: str, grant: Grant, day: dt.date) -> bool:
        """Say whether the grant gives its role somewhere on `day`."""
        if not grant.holds_on(day):
            return False
        if grant.on_behalf_of is None:
            return True
        above = self._above.get(grant.unit, ())
        return not self._flaw(actor_id, grant, above, day)

    def _flaw(self, actor_id: str, grant: Grant, above: tuple[str, ...], day: dt.date) -> str:
        """Return why an acting grant lends nothing for the units `above`, or "" where it does."""
        if grant.on_behalf_of == actor_id:
            return "own"
        if not grant.reason:
            return "reason"
        principal = self._actors.get(grant.on_behalf_of or "")
        if principal is not None:
            for held in principal.grants:
                if (
                    held.role == grant.role
                    and held.on_behalf_of is None
                    and held.unit in above
                    and held.holds_on(day)
                ):
                    self._hear(principal.id, held)
                    return ""
        return "principal"


def barred(
    duty: DutyRule,
    acts: Iterable[Act],
    actor_id: str,
    grant: Grant,
    *,
    holders: Iterable[str] = (),
    labels: Mapping[str, Label] | None = None,
) -> Reason | None:
    """Return why the duty keeps this actor from acting by `grant`, or None (D9).

    Ask only for duties whose `may_not` names the event. Whoever did one of `duty.whoever` in
    `acts` is barred: as the actor, as the one acted for, or as a signer. With
    `duty.unless_acting` an acting grant lifts the bar; without, the one acted for must be
    clear of it too.

    `holders` are those who could act at all: the clear ones among them are named in
    `Reason.who`. `labels` are the events' names for people.
    """
    if grant.on_behalf_of is not None and duty.unless_acting:
        return None
    round_of = [*acts]
    if duty.since is not None:
        begins = [place for place, act in enumerate(round_of) if act.event == duty.since]
        round_of = round_of[begins[-1] :] if begins else round_of
    barring = [act for act in round_of if act.event in duty.whoever]
    for name in (actor_id, grant.on_behalf_of):
        for act in barring:
            part = None if name is None else _part(act, name)
            if part is not None:
                event = (labels or {}).get(act.event) or Label(act.event, act.event)
                clear = [h for h in holders if all(_part(other, h) is None for other in barring)]
                return Reason(
                    code="duty_separated",
                    ko=f"{duty.label.ko}: '{name}'은(는) 이 기간의 '{event.ko}' {part.ko}입니다.",
                    en=f"{duty.label.en}: '{name}' {part.en} '{event.en}' in this period.",
                    who=tuple(clear),
                    about=duty.name,
                )
    return None


def _part(act: Act, name: str) -> Label | None:
    """Return what part `name` had in the act, or None."""
    if act.actor == name:
        return Label("처리자", "fired")
    if name in act.signers:
        return Label("결재자", "signed")
    if act.on_behalf_of == name:
        return Label("원결재권자(피대결자)", "was acted for in")
    return None


def _is_acting(grant: Grant) -> bool:
    return grant.on_behalf_of is not None
