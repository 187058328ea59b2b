"""Lifecycles out of a store, rebuilt from the trees that were stored of them.

They were checked when they were stored (see `builder`), so here is neither a reader nor a
problem. Guards and actions are taken as they are named: one that is not installed any more is
still shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalflow.files import stored
from evalflow.lifecycle import keys
from evalflow.lifecycle.definition import (
    AT,
    FIXED,
    LINE_OF,
    PROJECTS,
    RUNNING,
    Duty,
    Event,
    Field,
    GuardUse,
    Lifecycle,
    Line,
    NoticeRule,
    Region,
    Role,
    State,
    Transition,
    all_roles,
    limited,
)
from evalflow.lifecycle.due import stored_due, stored_extension
from evalflow.lifecycle.keys import FIELD_TYPES, FORMAT
from evalflow.lifecycle.order import with_order
from evalflow.model import Label
from evalflow.model.canonical import Tree

_States = Mapping[str, State]


def stored_lifecycle(source: str | Tree, fingerprint: str = "") -> Lifecycle:
    """Return the lifecycle in a stored text, or in its tree; `fingerprint` names it where it is
    damaged.

    Raises:
        StorageError: `corrupt`: it is damaged, with what and where.
    """
    return stored.rebuilt(
        source, f"절차 {fingerprint}".rstrip(), f"lifecycle {fingerprint}".rstrip(), _lifecycle
    )


def _lifecycle(tree: stored.Inside) -> Lifecycle:
    stored.only(tree, keys.LIFECYCLE)
    stored.choice(tree, "evalflow", (FORMAT,))
    roles = {role.name: role for role in stored.each(tree, "roles", _role).values()}
    states: dict[str, State] = {}
    regions = {
        region.name: region
        for region in stored.each(
            tree, "regions", lambda step, part: _region(step, part, states), needed=True
        ).values()
    }
    events = stored.each(tree, "events", lambda step, part: _event(step, part, states))
    for step, event in events.items():
        if event.leads not in regions:
            raise _unknown("leads", ("영역", "region"), event.leads, "events", step)
    return Lifecycle(
        name=stored.text(tree, "name"),
        version=stored.whole(tree, "version"),
        label=_label(tree),
        roles=roles,
        regions=regions,
        states=states,
        events={event.name: event for event in events.values()},
        duties=tuple(stored.each(tree, "duties", _duty).values()),
        adopted_by=stored.texts(tree, "adopted_by"),
        project_plans=stored.texts(tree, "project_plans"),
        replaces=stored.named(tree, "replaces", _renamed),
        lines=_lines(tree),
        things=stored.label_at(tree, "things", PROJECTS),
        opens=stored.texts(tree, "opens"),
        tree=with_order(tree),
    )


def _lines(tree: stored.Inside) -> Mapping[str, Line]:
    return stored.each(tree, "lines", _line)


def _line(name: str, tree: stored.Inside) -> Line:
    stored.only(tree, keys.LINE)
    return Line(
        name=name,
        label=_label(tree),
        of=stored.choice(tree, "of", LINE_OF),
        by=stored.texts(tree, "by"),
        default=stored.texts(tree, "default"),
    )


def _renamed(given: stored.Inside, key: str) -> Mapping[str, str]:
    """Return what the states of another lifecycle are called here."""
    return stored.named(given, key, stored.text)


def _name(step: Any, tree: stored.Inside, known: frozenset[str]) -> str:
    """Return the name of what stands in a list with its name inside, or at its name."""
    if isinstance(step, int):
        stored.only(tree, known | {"name"})
        return stored.text(tree, "name")
    stored.only(tree, known)
    return str(step)


def _label(tree: stored.Inside) -> Label:
    return stored.label(tree, english=True)


def _role(step: Any, tree: stored.Inside) -> Role:
    name = _name(step, tree, keys.ROLE)
    return Role(name=name, label=_label(tree), at=stored.text(tree, "at"))


def _region(step: Any, tree: stored.Inside, states: dict[str, State]) -> Region:
    """Return a region, and put its states among all."""
    region = _name(step, tree, keys.REGION)

    def state(at: Any, inside: stored.Inside) -> State:
        name = _name(at, inside, keys.STATE)
        return State(
            name=name,
            label=_label(inside),
            region=region,
            final=stored.flag(inside, "final", False),
            fixed=stored.flag(inside, "fixed", False),
        )

    own = {each.name: each for each in stored.each(tree, "states", state).values()}
    initial = stored.text(tree, "initial")
    if initial not in own:
        raise _unknown("initial", _STATE, initial)
    states.update(own)
    return Region(name=region, label=_label(tree), initial=initial, states=tuple(own))


_STATE = ("상태", "state")


def _unknown(key: str, what: tuple[str, str], name: str, *above: str | int) -> stored.Damaged:
    damage = stored.Damaged(key, f"{what[0]} '{name}'이(가) 없습니다", f"no {what[1]} '{name}'")
    damage.under(*above)
    return damage


def _event(step: Any, tree: stored.Inside, states: _States) -> Event:
    name = _name(step, tree, keys.STORED_EVENT)
    groups = stored.each(
        tree, "transitions", lambda _, part: _transitions(name, part, states), needed=True
    )
    own = stored.texts(tree, "by")
    transitions = limited(own, [edge for group in groups.values() for edge in group])
    if not transitions:
        raise stored.Damaged("transitions", "전이가 없습니다", "no transitions")
    return Event(
        name=name,
        label=_label(tree),
        by=all_roles(own, transitions),
        transitions=transitions,
        leads=stored.text(tree, "leads", transitions[0].region),
        guards=_guards(tree),
        data=tuple(stored.each(tree, "data", _field).values()),
        actions=stored.texts(tree, "records"),
        due=stored_due(tree, "due"),
        notices=tuple(stored.each(tree, "notices", _notice).values()),
        together=stored.text(tree, "together", None),
        first_wins=stored.choice(tree, "choose", ("first",), None) == "first",
        evaluation=stored.choice(tree, "evaluation", (RUNNING, FIXED), RUNNING),
        extension=stored_extension(tree, "extension"),
        line=stored.text(tree, "line", None),
        at=stored.choice(tree, "at", AT, "own"),
    )


def _transitions(event: str, tree: stored.Inside, states: _States) -> list[Transition]:
    """Return the edges that one line stands for: one from each source."""
    stored.only(tree, keys.TRANSITION)
    target, by = stored.text(tree, "to", None), stored.texts(tree, "by")
    guards = _guards(tree)
    if target is not None and target not in states:
        raise _unknown("to", _STATE, target)
    edges = []
    for source in stored.texts(tree, "from"):
        if source not in states:
            raise _unknown("from", _STATE, source)
        edges.append(
            Transition(
                event=event,
                region=states[source].region,
                source=source,
                target=target or source,
                guards=guards,
                by=by,
            )
        )
    return edges


def _guards(tree: stored.Inside) -> tuple[GuardUse, ...]:
    return stored.listed(tree, "guards", _guard)


def _guard(items: stored.Inside, place: int) -> GuardUse:
    item = items[place]
    if isinstance(item, str) and item:
        return GuardUse(name=item)
    if not isinstance(item, Mapping) or len(item) != 1:
        raise stored.Damaged(place, "요건이 아닙니다", "no guard")
    name = next(iter(item))
    with stored.below(place):
        return GuardUse(name=name, params=stored.named(item, name, _param))


def _param(given: stored.Inside, key: str) -> str | tuple[str, ...]:
    if isinstance(given[key], list | tuple):
        return stored.texts(given, key)
    if isinstance(given[key], bool):
        return str(given[key]).lower()
    return stored.text(given, key)


def _field(step: Any, tree: stored.Inside) -> Field:
    name = _name(step, tree, keys.FIELD)
    kind = stored.text(tree, "type")
    if kind not in FIELD_TYPES:
        raise _unknown("type", ("자료 유형", "field type"), kind)
    options = dict(stored.each(tree, "options", _option).values())
    return Field(
        name=name,
        type=kind,
        label=_label(tree),
        required=stored.flag(tree, "required", False),
        options={name: label for name, (label, _) in options.items()},
        covers={name: covered for name, (_, covered) in options.items() if covered},
    )


def _option(step: Any, tree: stored.Inside) -> tuple[str, tuple[Label, tuple[str, ...]]]:
    return _name(step, tree, keys.OPTION), (_label(tree), stored.texts(tree, "covers"))


def _notice(_: Any, tree: stored.Inside) -> NoticeRule:
    stored.only(tree, keys.NOTICE)
    return NoticeRule(
        name=stored.text(tree, "name"),
        label=_label(tree),
        to=stored.texts(tree, "to"),
        entering=stored.text(tree, "entering", None),
        when=stored.text(tree, "when", None),
        ask=stored.label_at(tree, "ask", None),
    )


def _duty(step: Any, tree: stored.Inside) -> Duty:
    return Duty(
        name=_name(step, tree, keys.DUTY),
        label=_label(tree),
        whoever=stored.texts(tree, "whoever"),
        may_not=stored.texts(tree, "may_not"),
        unless_acting=stored.flag(tree, "unless_acting", True),
        since=stored.text(tree, "since", None),
        optional=stored.flag(tree, "optional", False),
    )
