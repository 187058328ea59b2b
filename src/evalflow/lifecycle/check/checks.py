"""What can be proved about a lifecycle before anybody works with it.

`load` refuses what cannot be understood. `check` looks at what was understood: states that
nobody reaches or leaves, guards that overlap, dates that cannot be kept, and, with a plan,
whether its people can do what the lifecycle asks of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

import attrs

from evalflow.errors import did_you_mean, nearest
from evalflow.lifecycle.check.alike import alike
from evalflow.lifecycle.check.clocks import clocks
from evalflow.lifecycle.check.counts import counts, too_few_people
from evalflow.lifecycle.check.finding import (
    Finding,
    error,
    event_label,
    named,
    state_label,
    warning,
)
from evalflow.lifecycle.check.joins import joins, waits_in_vain
from evalflow.lifecycle.check.overlap import Specs, contradiction, overlaps
from evalflow.lifecycle.check.paths import Node, Paths, paths
from evalflow.lifecycle.check.people import (
    Part,
    Stretch,
    answering_units,
    can_be_staffed,
    parts,
    stretches,
    units_text,
)
from evalflow.lifecycle.check.possible import can_both, graph_of, possible
from evalflow.lifecycle.definition import Duty, Event, GuardUse, Lifecycle, Transition, Vocabulary
from evalflow.lifecycle.due import COUNTED
from evalflow.model import DueRule, Label, PlanHead


class Spell(Protocol):
    """A period, as far as `check` looks at it."""

    @property
    def text(self) -> str:
        """How it is written."""

    @property
    def end(self) -> dt.date:
        """Its last day."""


class Day(Protocol):
    """A deadline, as far as `check` looks at it."""

    @property
    def due(self) -> dt.date:
        """The day that counts."""


class Deadlines(Protocol):
    """What `check` asks of a calendar; `evalflow.model.calendar.Calendar` answers it."""

    def periods(self) -> Sequence[Spell]:
        """Return the plan's periods."""

    def deadline(self, rule: DueRule, period: str) -> Day:
        """Return when a rule falls due for a period."""


def check(
    lifecycle: Lifecycle,
    *,
    vocabulary: Vocabulary,
    head: PlanHead | None = None,
    units: Collection[str] | None = None,
    calendar: Deadlines | None = None,
) -> tuple[Finding, ...]:
    """Return what is wrong or doubtful about a lifecycle, errors first.

    With `head` also whether the plan's people can do it: on each day of the plan's time, for
    each of the `units` that projects belong to (None: every unit that could have some). A
    plan without a directory of actors is not asked: whoever embeds evalflow brings the actors.
    With `calendar`, the plan's, every due date of every period is worked out and compared with
    the period's end; without it only what the rule itself says.
    """
    specs = vocabulary.guards
    graphs = paths(lifecycle, specs)
    found = [
        *_reachable(lifecycle, graphs),
        *_left(lifecycle, graphs, specs=specs),
        *_ending(lifecycle, graphs),
        *_guards(lifecycle, graphs, specs),
        *possible(lifecycle, graphs, specs),
        *joins(lifecycle, graphs, specs),
        *clocks(lifecycle, graphs, specs, head),
        *counts(lifecycle, graphs, specs, head),
        *_dates(lifecycle, specs, head, calendar),
        *_order(lifecycle, graphs, head),
        *_unused(lifecycle, specs),
        *alike(lifecycle),
    ]
    if head is not None:
        found.extend(_overrides(lifecycle, head))
        found.extend(_kinds(lifecycle, head, specs))
        if head.directory:
            found.extend(_grants(lifecycle, head))
            asked = answering_units(head) if units is None else tuple(units)
            found.extend(_people(lifecycle, specs, graphs, head, asked))
    placed = [attrs.evolve(each, place=lifecycle.places.get(each.about)) for each in found]
    return tuple(sorted(placed, key=lambda each: each.severity != "error"))


def _roles(lifecycle: Lifecycle, names: Iterable[str]) -> Label:
    labels = [lifecycle.roles[name].label for name in names]
    return Label(", ".join(each.ko for each in labels), " or ".join(each.en for each in labels))


# --------------------------------------------------------------------------- states


def _reachable(lifecycle: Lifecycle, graphs: Iterable[Paths]) -> Iterator[Finding]:
    reached = {state for graph in graphs for node in graph.reached() for state in node}
    for name in lifecycle.states:
        if name not in reached:
            state = state_label(lifecycle, name)
            yield error(
                "unreachable_state",
                f"states.{name}",
                f"상태 {state.ko}에 이르는 길이 없습니다.",
                f"the state {state.en} cannot be reached.",
            )


def _left(
    lifecycle: Lifecycle,
    graphs: Iterable[Paths],
    without: frozenset[str] = frozenset(),
    specs: Specs | None = None,
) -> Iterator[Finding]:
    """Find the states that nobody can leave, and combinations in which a region is stuck."""
    for graph in graphs:
        reached = graph.reached(without=without)
        here: dict[str, list[Node]] = {state: [] for state in lifecycle.states}
        stuck: dict[str, list[Node]] = {state: [] for state in lifecycle.states}
        for place in range(len(graph.regions)):
            for node in reached:
                here[node[place]].append(node)
            for node in graph.stuck(place, without=without):
                stuck[node[place]].append(node)
        ends = {name for name in here if here[name] and len(here[name]) == len(stuck[name])}
        final = {name for name, state in lifecycle.states.items() if state.final}
        for name, nodes in here.items():
            if name in final and nodes and name not in ends:
                yield _left_though_final(lifecycle, name)
            elif name in ends - final:
                yield _dead_end(lifecycle, name, without)
            elif stuck[name] and name not in final and not without:
                yield from _trap(lifecycle, name, stuck[name], ends | final, specs or {})


def _ending(lifecycle: Lifecycle, graphs: Iterable[Paths]) -> Iterator[Finding]:
    """Find the states that lead in a circle and no longer to any end, where their region has one
    that can be reached."""
    final = {name for name, state in lifecycle.states.items() if state.final}
    for graph in graphs:
        reached = graph.reached()
        for place in range(len(graph.regions)):
            ended = [node for node in reached if node[place] in final]
            open_ = {node[place] for node in graph.leading_to(ended)}
            there = {node[place] for node in reached}
            stuck = {node[place] for node in graph.stuck(place)}
            for name in lifecycle.states:
                if ended and name in there - open_ - stuck:
                    state = state_label(lifecycle, name)
                    yield warning(
                        "never_ends",
                        f"states.{name}",
                        f"상태 {state.ko}에서는 어떤 끝(final)에도 이르지 못하고 맴돕니다.",
                        f"from the state {state.en} no end (final) can be reached any more.",
                    )


def _left_though_final(lifecycle: Lifecycle, name: str) -> Finding:
    state = state_label(lifecycle, name)
    return warning(
        "final_can_be_left",
        f"states.{name}",
        f"상태 {state.ko}은(는) final로 지정되었으나 다음 상태로 가는 경로가 있습니다.",
        f"the state {state.en} is marked final, but it can be left.",
    )


def _dead_end(lifecycle: Lifecycle, name: str, without: frozenset[str]) -> Finding:
    state = state_label(lifecycle, name)
    if without:
        leaving = [
            event.label
            for event in lifecycle.events.values()
            if event.name in without and any(e.source == name for e in event.transitions)
        ]
        return error(
            "nobody_leaves",
            f"states.{name}",
            f"이 계획의 사람으로는 상태 {state.ko}에서 나갈 수 없습니다: "
            f"{', '.join(each.ko for each in leaving)}을(를) 할 사람이 없습니다.",
            f"with the plan's people the state {state.en} cannot be left: nobody can "
            f"{', '.join(each.en for each in leaving)}.",
        )
    return error(
        "dead_end",
        f"states.{name}",
        f"상태 {state.ko}에서 나가는 길이 없습니다. 끝이라면 final: true를 적으십시오.",
        f"the state {state.en} cannot be left; if it is the end, say final: true.",
    )


def _trap(
    lifecycle: Lifecycle, name: str, nodes: Iterable[Node], ends: Collection[str], specs: Specs
) -> Iterator[Finding]:
    for node in nodes:
        others = [other for other in node if other != name]
        over = any(other in ends for other in others)
        if over and not waits_in_vain(lifecycle, name, others, specs):
            continue  # another region has come to its end, and this one with it
        state = state_label(lifecycle, name)
        beside = [state_label(lifecycle, other) for other in others]
        yield warning(
            "stuck_together",
            f"states.{name}",
            f"상태 {state.ko}은(는) {', '.join(each.ko for each in beside)}와(과) 함께이면 "
            "다시 나갈 수 없습니다.",
            f"the state {state.en} cannot be left any more together with "
            f"{', '.join(each.en for each in beside)}.",
        )
        return


# --------------------------------------------------------------------------- guards


def _guards(lifecycle: Lifecycle, graphs: Sequence[Paths], specs: Specs) -> Iterator[Finding]:
    for event in lifecycle.events.values():
        for number, edge in enumerate(event.transitions):
            both = contradiction((*event.guards, *edge.guards), specs)
            if both is not None:
                yield _contradictory(event, number, *both)
        for overlap in overlaps(event, specs):
            edges = (overlap.first, overlap.second)
            graph = graph_of(lifecycle, graphs, specs, event)
            if graph is not None and not can_both(lifecycle, graph, event, edges, specs):
                continue  # the states that they ask for keep them apart
            yield _overlap(lifecycle, event, overlap.kind, overlap.first, overlap.second)


def _contradictory(event: Event, number: int, one: GuardUse, other: GuardUse) -> Finding:
    label, about = event_label(event), f"events.{event.name}.transitions[{number}]"
    if one is other:
        return error(
            "contradictory_guards",
            about,
            f"{label.ko}: 요건 {one.id}은(는) 충족될 수 없습니다.",
            f"{label.en}: the guard {one.id} can never hold.",
        )
    return error(
        "contradictory_guards",
        about,
        f"{label.ko}: 요건 {one.id}와(과) {other.id}은(는) 함께 충족될 수 없습니다.",
        f"{label.en}: the guards {one.id} and {other.id} can never hold together.",
    )


def _overlap(
    lifecycle: Lifecycle, event: Event, kind: str, first: Transition, second: Transition
) -> Finding:
    number = next(n for n, edge in enumerate(event.transitions) if edge is second)
    about = f"events.{event.name}.transitions[{number}]"
    label, source = event_label(event), state_label(lifecycle, second.source)
    one, other = state_label(lifecycle, first.target), state_label(lifecycle, second.target)
    if kind == "possible":
        return warning(
            "overlapping_guards",
            about,
            f"{label.ko}: {source.ko}에서 {one.ko}(으)로도 {other.ko}(으)로도 갈 수 있는 "
            "경우가 있습니다. 앞의 것이 우선이면 choose: first를 적으십시오.",
            f"{label.en}: from {source.en} both {one.en} and {other.en} may be possible; if the "
            "first one is meant to win, say choose: first.",
        )
    return error(
        "edge_never_taken",
        about,
        f"{label.ko}: {source.ko}에서 {other.ko}(으)로 가는 길은 "
        f"{one.ko}(으)로 가는 길에 가려집니다.",
        f"{label.en}: the edge from {source.en} to {other.en} is hidden by the one to {one.en}.",
    )


# --------------------------------------------------------------------------- dates


def _rules(lifecycle: Lifecycle, head: PlanHead | None) -> Iterator[tuple[Event, DueRule]]:
    overrides = head.calendar.due if head is not None else {}
    for event in lifecycle.events.values():
        rule = overrides.get(event.name, event.due)
        if rule is not None:
            yield event, rule


def _dates(
    lifecycle: Lifecycle, specs: Specs, head: PlanHead | None, calendar: Deadlines | None
) -> Iterator[Finding]:
    """Find due dates that come before the event can be fired: before its period ends."""
    for event, rule in _rules(lifecycle, head):
        if not any(use.name in specs and specs[use.name].looks_back for use in event.guards):
            continue
        label, about = event_label(event), f"events.{event.name}.due"
        if rule.events:
            yield warning(
                "due_may_precede_period",
                about,
                f"{label.ko}은(는) 기간이 끝나야 할 수 있는데, 기한은 다른 절차로부터 세므로 "
                "그보다 이를 수 있습니다.",
                f"{label.en} has to wait for the end of the period, but its due date counts "
                "from another event and may come earlier.",
            )
        elif (early := _early(rule, head, calendar)) is not None:
            yield error(
                "due_before_period_end",
                about,
                f"{label.ko}은(는) 기간이 끝나야 할 수 있는데, 기한 {early.ko}은(는) 그 전입니다.",
                f"{label.en} has to wait for the end of the period, but is due before it: "
                f"{early.en}.",
            )


def _early(rule: DueRule, head: PlanHead | None, calendar: Deadlines | None) -> Label | None:
    """Return a due date that comes before its period is over, or None."""
    if calendar is not None:
        for period in calendar.periods():
            due = calendar.deadline(rule, period.text).due
            if due <= period.end:
                return Label(f"{due}({period.text})", f"{due} for {period.text}")
        return None
    if rule.month_day is not None:  # a day of the same year, so before the year's last period ends
        return Label(rule.month_day, rule.month_day)
    if rule.date is not None and head is not None and rule.date <= _end_of(head.calendar.last):
        return Label(str(rule.date), str(rule.date))
    return None


def _end_of(period: str) -> dt.date:
    """Return the last day of a period such as `2016-Q4`, `2016-H2`, `2016-12` or `2016`."""
    year, _, part = period.partition("-")
    months = {"Q": 3, "H": 6}.get(part[:1], 1) * int(part.lstrip("QH")) if part else 12
    after = dt.date(int(year) + months // 12, months % 12 + 1, 1)
    return after - dt.timedelta(days=1)


def _order(
    lifecycle: Lifecycle, graphs: Iterable[Paths], head: PlanHead | None
) -> Iterator[Finding]:
    """Find events that are due before an event that has to come first."""
    rules = {event.name: rule for event, rule in _rules(lifecycle, head)}
    counted = {name: rule for name, rule in rules.items() if rule.kind not in _NOT_COUNTED}
    for graph in graphs:
        for name, rule in counted.items():
            event = lifecycle.events[name]
            if event.leads not in graph.regions:
                continue
            for earlier in graph.needed_before(name):
                first = counted.get(earlier)
                if first is not None and first.kind == rule.kind and first.n > rule.n:
                    one, other = event_label(event), event_label(lifecycle.events[earlier])
                    yield warning(
                        "due_out_of_order",
                        f"events.{name}.due",
                        f"{one.ko}의 기한이 먼저 하여야 하는 {other.ko}의 기한보다 이릅니다.",
                        f"{one.en} is due before {other.en}, which has to come first.",
                    )


_NOT_COUNTED = frozenset({*COUNTED, "date"})


def _overrides(lifecycle: Lifecycle, head: PlanHead) -> Iterator[Finding]:
    for name, rule in head.calendar.due.items():
        for used in (name, *rule.events):
            if used not in lifecycle.events:
                said = did_you_mean(
                    f"기한에 적힌 절차 '{used}'이(가) 없습니다.",
                    f"there is no event '{used}' for this due date.",
                    nearest(used, lifecycle.events),
                )
                yield error("unknown_event", f"calendar.due.{name}", *said)


# --------------------------------------------------------------------------- roles


def _unused(lifecycle: Lifecycle, specs: Specs) -> Iterator[Finding]:
    events = lifecycle.events.values()
    if any(field.type == "sign_off" for event in events for field in event.data):
        return  # any role may be needed in a line of signatures (결재선)
    used = {*lifecycle.adopted_by, *lifecycle.opens}
    for event in events:
        used.update(event.by, *[notice.to for notice in event.notices])
        uses = [*event.guards, *[use for edge in event.transitions for use in edge.guards]]
        for use in uses:
            for value in use.params.values():
                used.update([value] if isinstance(value, str) else map(str, value))
    for name, role in lifecycle.roles.items():
        if name not in used:
            label = named(role.label, name)
            yield warning(
                "unused_role",
                f"roles.{name}",
                f"역할 {label.ko}은(는) 아무 데도 쓰이지 않습니다.",
                f"the role {label.en} is used nowhere.",
            )


def _kinds(lifecycle: Lifecycle, head: PlanHead, specs: Specs) -> Iterator[Finding]:
    """Find events that move, or guards that look at, all projects of a kind of unit which the plan
    does not have: such a guard would look at nothing."""
    kinds = {unit.kind for unit in head.units.values()}
    for event in lifecycle.events.values():
        uses = [*event.guards, *[use for edge in event.transitions for use in edge.guards]]
        for use in uses:
            asked = use.params.get((specs[use.name].peers or "") if use.name in specs else "")
            if isinstance(asked, str) and asked not in kinds:
                label = event_label(event)
                said = did_you_mean(
                    f"{label.ko}의 요건 {use.name}은(는) '{asked}' 단위를 보는데, 이 계획에는 그런 "
                    "부서가 없습니다.",
                    f"{label.en}: the guard {use.name} looks at a '{asked}', and the plan has no "
                    "such unit.",
                    nearest(asked, kinds),
                )
                yield error("unknown_kind", f"events.{event.name}", *said)
        if event.together is not None and event.together not in kinds:
            label = event_label(event)
            said = did_you_mean(
                f"{label.ko}은(는) '{event.together}' 단위로 하는데, 이 계획에는 그런 부서가 "
                "없습니다.",
                f"{label.en} is fired for a whole '{event.together}', and the plan has no such "
                "unit.",
                nearest(event.together, kinds),
            )
            yield error("unknown_kind", f"events.{event.name}", *said)


def _grants(lifecycle: Lifecycle, head: PlanHead) -> Iterator[Finding]:
    """Find grants of roles that do not exist, or at a unit of the wrong kind."""
    for actor, grants in head.directory.items():
        for grant in grants:
            about = f"directory.{actor}"
            role = lifecycle.roles.get(grant.role)
            unit = head.units[grant.unit]
            if role is None:
                said = did_you_mean(
                    f"'{actor}'의 역할 '{grant.role}'은(는) 이 절차에 없습니다.",
                    f"'{actor}' is given the role '{grant.role}', which this lifecycle lacks.",
                    nearest(grant.role, lifecycle.roles),
                )
                yield error("unknown_role", about, *said)
            elif unit.kind != role.at:
                label, place = named(role.label, role.name), named(unit.label, unit.id)
                yield error(
                    "role_at_wrong_kind",
                    about,
                    f"'{actor}'의 역할 {label.ko}은(는) {role.at}에 두는 것인데 {place.ko}은(는) "
                    f"{unit.kind}입니다.",
                    f"'{actor}' is given the role {label.en} in {place.en}, a unit of the kind "
                    f"'{unit.kind}'; it belongs to the kind '{role.at}'.",
                )


def _people(
    lifecycle: Lifecycle,
    specs: Specs,
    graphs: Iterable[Paths],
    head: PlanHead,
    units: Collection[str],
) -> Iterator[Finding]:
    time = {unit: stretches(head, unit) for unit in units}
    time = {unit: each for unit, each in time.items() if each}
    yield from _adopters(lifecycle, head)
    yield from _unheard(lifecycle, head)
    if not time:
        return  # no unit could have a project
    unable = frozenset(
        event.name
        for event in lifecycle.events.values()
        if _asked_for(event, lifecycle, head)
        and not any(s.holders(event.by) for each in time.values() for s in each)
    )
    for name in lifecycle.events:
        if name in unable:
            event = lifecycle.events[name]
            label, roles = event_label(event), _roles(lifecycle, event.by)
            yield error(
                "nobody_can_fire",
                f"events.{name}",
                f"이 계획에는 {label.ko}을(를) 할 사람이 없습니다 (역할: {roles.ko}).",
                f"nobody in the plan can fire {label.en} (role: {roles.en}).",
            )
    if unable:
        yield from [f for f in _left(lifecycle, graphs, unable) if f.code == "nobody_leaves"]
    yield from _vacancies(lifecycle, head, time, unable)
    yield from too_few_people(lifecycle, specs, time)
    yield from _duties(lifecycle, specs, graphs, head, time)


def _asked_for(event: Event, lifecycle: Lifecycle, head: PlanHead) -> bool:
    """Say whether the event is needed: no signature of a line in which the plan has nobody of those
    who may fire it."""
    line = None if event.line is None else lifecycle.lines[event.line]
    if line is None or "signature" not in event.actions:
        return True
    said = head.lines.get(line.name, {})
    chosen = {role for roles in said.values() for role in roles} or set(line.default)
    if "" not in said:
        chosen |= set(line.default)
    return bool(chosen & set(event.by))


def _vacancies(
    lifecycle: Lifecycle,
    head: PlanHead,
    time: dict[str, tuple[Stretch, ...]],
    unable: frozenset[str],
) -> Iterator[Finding]:
    """Find units, and times, that lack the people whom others have."""
    by_roles: dict[tuple[str, ...], list[Event]] = {}
    for event in lifecycle.events.values():
        if event.name not in unable and _asked_for(event, lifecycle, head):
            by_roles.setdefault(event.by, []).append(event)
    for by, events in by_roles.items():
        empty = {
            unit: [stretch for stretch in each if not stretch.holders(by)]
            for unit, each in time.items()
        }
        never = [unit for unit, gaps in empty.items() if len(gaps) == len(time[unit])]
        at_times = [unit for unit, gaps in empty.items() if gaps and unit not in never]
        roles = _roles(lifecycle, by)
        ko = ", ".join(event.label.ko for event in events)
        en = ", ".join(event.label.en for event in events)
        if never:
            yield warning(
                "unit_without_people",
                f"events.{events[0].name}",
                f"{units_text(head, never, 'ko')}에는 '{roles.ko}' 역할을 맡은 사람이 없어 "
                f"할 수 없습니다: {ko}",
                f"nobody holds the role '{roles.en}' for {units_text(head, never, 'en')}, so "
                f"nobody can there: {en}",
            )
        gaps = [gap for unit in at_times for gap in empty[unit]]
        gaps = [gap for gap in gaps if gap.last > _first_needed(head)]
        if gaps:
            gap = min(gaps, key=lambda each: each.first)
            yield warning(
                "nobody_at_times",
                f"events.{events[0].name}",
                f"{gap.first}부터 {gap.last}까지 {units_text(head, at_times, 'ko')}에 '{roles.ko}' "
                f"역할을 맡은 사람이 없어 할 수 없습니다: {ko}",
                f"from {gap.first} to {gap.last} nobody holds the role '{roles.en}' for "
                f"{units_text(head, at_times, 'en')}, so nobody can: {en}",
            )


def _first_needed(head: PlanHead) -> dt.date:
    """Return the end of the plan's first period: before it a plan is only being made."""
    return _end_of(head.calendar.first)


def _adopters(lifecycle: Lifecycle, head: PlanHead) -> Iterator[Finding]:
    roles = lifecycle.adopted_by
    if roles and not any(
        grant.role in roles and grant.unit == head.office and grant.on_behalf_of is None
        for grants in head.directory.values()
        for grant in grants
    ):
        label = _roles(lifecycle, roles)
        yield error(
            "nobody_can_adopt",
            "adopted_by",
            f"이 계획을 확정할 사람이 없습니다 (역할: {label.ko}).",
            f"nobody in the plan can adopt it (role: {label.en}).",
        )


def _unheard(lifecycle: Lifecycle, head: PlanHead) -> Iterator[Finding]:
    """Find notices to roles that nobody holds."""
    held = {grant.role for grants in head.directory.values() for grant in grants}
    unheard: dict[str, list[tuple[str, Label]]] = {}
    for event in lifecycle.events.values():
        for number, notice in enumerate(event.notices):
            for role in notice.to:
                if role in lifecycle.roles and role not in held:
                    about = f"events.{event.name}.notices[{number}]"
                    unheard.setdefault(role, []).append((about, notice.label))
    for role, notices in unheard.items():
        label = lifecycle.roles[role].label
        ko = ", ".join(notice.ko for _, notice in notices)
        en = ", ".join(notice.en for _, notice in notices)
        yield warning(
            "nobody_told",
            notices[0][0],
            f"'{label.ko}' 역할을 맡은 사람이 없어 알림을 받을 사람이 없습니다: {ko}",
            f"nobody holds the role '{label.en}', so nobody there is told: {en}",
        )


# --------------------------------------------------------------------------- duties


def _duties(
    lifecycle: Lifecycle,
    specs: Specs,
    graphs: Iterable[Paths],
    head: PlanHead,
    time: dict[str, tuple[Stretch, ...]],
) -> Iterator[Finding]:
    """Ask of every unit and time whether people can be found who may do, one after the other,
    everything that leads up to an event that a duty keeps apart."""
    for duty in lifecycle.duties:
        for name in duty.may_not:
            event = lifecycle.events[name]
            graph = next(graph for graph in graphs if event.leads in graph.regions)
            way = [*graph.needed_before(name), name]
            taken = [part for each in way for part in parts(lifecycle.events[each], specs)]
            if not any(part.event in duty.whoever for part in taken):
                continue
            blocked, lent = _understaffed(lifecycle, taken, time)
            yield from _understaffed_findings(duty, event, head, blocked, lent)


def _understaffed(
    lifecycle: Lifecycle, taken: list[Part], time: dict[str, tuple[Stretch, ...]]
) -> tuple[list[str], list[str]]:
    """Return the units where the parts cannot be shared out, and where only by acting."""
    known: dict[tuple[object, ...], tuple[bool | None, bool | None]] = {}
    blocked: list[str] = []
    lent: list[str] = []
    for unit, each in time.items():
        for stretch in each:
            if not all(stretch.holders(part.roles) for part in taken):
                continue  # a vacancy, told elsewhere
            key = (
                *[stretch.holders(part.roles) for part in taken],
                *[stretch.deputies(part.roles) for part in taken],
            )
            if key not in known:
                regular = can_be_staffed(lifecycle, taken, stretch, acting=False)
                known[key] = (
                    regular,
                    regular is False and can_be_staffed(lifecycle, taken, stretch, acting=True),
                )
            regular, acting = known[key]
            if regular is False:
                (blocked if acting is False else lent).append(unit)
                break
    return blocked, lent


def _understaffed_findings(
    duty: Duty, event: Event, head: PlanHead, blocked: list[str], lent: list[str]
) -> Iterator[Finding]:
    label = event_label(event)
    if blocked:
        yield error(
            "duty_unsatisfiable",
            f"duties.{duty.name}",
            f"{units_text(head, blocked, 'ko')}: '{duty.label.ko}'을(를) 지키면서 {label.ko}까지 "
            "할 수 있는 사람들이 이 계획에 없습니다. 다른 사람이 더 필요합니다.",
            f"{units_text(head, blocked, 'en')}: no people in the plan can get as far as "
            f"{label.en} and keep '{duty.label.en}'; another person is needed.",
        )
    if lent:
        yield warning(
            "duty_needs_acting",
            f"duties.{duty.name}",
            f"{units_text(head, lent, 'ko')}: '{duty.label.ko}'을(를) 지키면서 {label.ko}까지 "
            "하려면 대결이 있어야만 합니다.",
            f"{units_text(head, lent, 'en')}: only an acting appointment lets people get as far "
            f"as {label.en} and keep '{duty.label.en}'.",
        )
