"""When a migration needs a second person: rules that give rights to whoever brings them. Pure.

A revision of people and roles is no way to raise one's own rights alone (see `adoption`); nor is
another lifecycle. What is compared is what can be read off two definitions: who may fire which
event, what it writes, which guards it has, into which states it leads, and which duties are kept
apart. Versions that come with evalflow are nobody's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from evalflow.decision.adoption import OPEN_CASE, confirming, other_person
from evalflow.errors import Reason
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import Actor, PlanEntry, PlanHead
from evalflow.model.canonical import Tree, canonical, digest
from evalflow.model.directory import Directory
from evalflow.model.host_word import without_host
from evalflow.model.values import frozen

PROPOSE_MIGRATION = "propose_migration"
"""The event of a plan's entry by which a migration waits for a second person."""


_NAMED = 5  # of what somebody gains so much is named


@frozen
class MigrationGain:
    """What a migration would let a maker do that they could not before: by which of their roles,
    and which event (None: revise the plan)."""

    role: str
    event: str | None


def migration_gains(
    old: Lifecycle,
    new: Lifecycle,
    states: Mapping[str, str],
    events: Mapping[str, str],
    roles: Iterable[str],
) -> tuple[MigrationGain, ...]:
    """Return what holders of these roles gain by the new lifecycle; nothing where it is a later
    version, as it comes with evalflow, of the old one. `states` and `events` say which of the new
    one a state or event of the old becomes."""
    from evalflow.lifecycle.load import is_shipped

    if new.name == old.name and new.version > old.version and is_shipped(new):
        return ()
    return tuple(
        dict.fromkeys(each for role in roles for each in _gained(old, new, states, events, role))
    )


def _gained(
    old: Lifecycle,
    new: Lifecycle,
    states: Mapping[str, str],
    events: Mapping[str, str],
    role: str,
) -> Iterator[MigrationGain]:
    if role in new.adopted_by and role not in old.adopted_by:
        yield MigrationGain(role, None)
    if role in new.opens and role not in old.opens:
        yield MigrationGain(role, OPEN_CASE)
    for name, event in new.events.items():
        if role not in event.by:
            continue
        before = old.events.get(name)
        if before is None or role not in before.by or _wider(before, event, old, states):
            yield MigrationGain(role, name)
            continue
        kept = {each for duty in new.duties if name in duty.may_not for each in duty.whoever}
        had = {each for duty in old.duties if name in duty.may_not for each in duty.whoever}
        if {events.get(each, each) for each in had} - kept:
            yield MigrationGain(role, name)


def _wider(before: Event, event: Event, old: Lifecycle, states: Mapping[str, str]) -> bool:
    """Say whether the event of the same name writes more, asks less, or leads further."""
    if not set(event.actions) <= set(before.actions):
        return True
    if not {use.id for use in before.guards} <= {use.id for use in event.guards}:
        return True
    reached = {states.get(edge.target, edge.target) for edge in before.transitions}
    leads = {edge.target for edge in event.transitions if edge.target in old.states}
    return not leads <= reached


def proposal_data(
    old: Lifecycle, lifecycle: Lifecycle, states: Mapping[str, str], events: Mapping[str, str]
) -> Tree:
    """Return what the plan's entry says of a migration that waits for a second person: of states
    what the new lifecycle does not say itself that it `replaces`."""
    replaced = lifecycle.replaces.get(f"{old.name}/{old.version}", {})
    states = {one: other for one, other in states.items() if replaced.get(one) != other}
    return {
        "lifecycle": lifecycle.fingerprint,
        "text": digest(canonical(lifecycle.tree)),
        "states": dict(states),
        "events": dict(events),
    }


def lacking_second(
    *,
    head: PlanHead,
    directory: Directory,
    old: Lifecycle,
    new: Lifecycle,
    states: Mapping[str, str],
    events: Mapping[str, str],
    actor: Actor,
    on_behalf_of: str | None,
    proposed: PlanEntry | None,
) -> Reason | None:
    """Return why the actor cannot migrate alone, None where they can: nobody gains by it and the
    plan does not ask for a second person, or another person `proposed` just this."""
    asked = bool(head.revising.confirmed_by)
    gained = migration_gains(old, new, states, events, _roles(directory, actor, on_behalf_of))
    if not asked and not gained:
        return None
    offer = proposal_data(old, new, states, events)
    if proposed is not None and without_host(proposed.data) == offer:
        if other_person(proposed, actor.id, on_behalf_of):
            return None
        return Reason(
            code="same_person",
            ko=f"'{actor.id}'은(는) 이 절차 전환을 올린 사람이거나 그 대결자이므로 스스로 "
            "전환할 수 없습니다.",
            en=f"'{actor.id}' proposed this migration, or stands in for who did, and cannot carry "
            "it out.",
        )
    how_ko = " 'evalflow lifecycle migrate --propose'로 올리면 다른 사람이 전환합니다."
    how_en = " Propose it ('evalflow lifecycle migrate --propose'), and another person migrates."
    if asked:
        roles = ", ".join(confirming(old, head))
        ko = f"이 계획은 절차 전환도 둘째 사람({roles})이 확인합니다."
        en = f"a migration of this plan is confirmed by a second person ({roles})."
    else:
        named = [f"{each.event or 'revise'} ({each.role})" for each in gained]
        what = ", ".join(named[:_NAMED]) + (" …" if len(named) > _NAMED else "")
        ko = f"새 절차로 '{actor.id}'이(가) 할 수 있게 되는 것이 있습니다: {what}."
        en = f"by the new lifecycle '{actor.id}' could do what they could not before: {what}."
    return Reason(code="needs_confirmation", ko=ko + how_ko, en=en + how_en)


def _roles(directory: Directory, actor: Actor, on_behalf_of: str | None) -> tuple[str, ...]:
    """Return every role of the actor, and of whom they stand in for."""
    known = [directory.get(each) for each in (actor.id, on_behalf_of) if each is not None]
    makers = [actor, *(each for each in known if each is not None)]
    return tuple(dict.fromkeys(grant.role for each in makers for grant in each.grants))


def newest_proposal(entries: Iterable[PlanEntry]) -> PlanEntry | None:
    """Return the newest migration that the plan's entries (oldest first) propose, None where there
    is none, or where the plan was revised since."""
    found = None
    for entry in entries:
        if entry.event == PROPOSE_MIGRATION:
            found = entry
        elif found is not None and entry.revision != found.revision:
            found = None
    return found
