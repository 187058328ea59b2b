"""What can be proved about the clocks of a lifecycle: windows that never open, due dates that come
too early or never, clocks that go on from an earlier round."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterator, Sequence

import attrs

from evalflow.lifecycle.check.finding import Finding, error, event_label, state_label, warning
from evalflow.lifecycle.check.overlap import Specs
from evalflow.lifecycle.check.paths import Node, Paths, among_regions, fired_before, reached_after
from evalflow.lifecycle.check.possible import listed
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.lifecycle.due import AGAIN, rule_of
from evalflow.model import CalendarRules, DueRule, PlanHead
from evalflow.model.calendar import Calendar

UNTIL, NOT_BEFORE, PASSED = "until", "not_before", "passed"
"""The guards that close and open the window of a right; `passed` opens it the day after."""


def clocks(
    lifecycle: Lifecycle, graphs: Sequence[Paths], specs: Specs, head: PlanHead | None
) -> Iterator[Finding]:
    """Find clocks that cannot be meant: by what the rules say, and by where the events lead."""
    overrides = head.calendar.due if head is not None else {}
    for event in lifecycle.events.values():
        due = overrides.get(event.name, event.due)
        windows = [
            (use.name, rule_of(use.params))
            for use in (*event.guards, *(use for each in event.transitions for use in each.guards))
            if use.name in (UNTIL, NOT_BEFORE, PASSED) and use.name in specs
        ]
        yield from _against_each_other(event, due, windows)
        yield from _meets_another(lifecycle, event, windows, head)
        yield from _on_the_way(lifecycle, graphs, specs, event, due, windows)


def _against_each_other(
    event: Event, due: DueRule | None, windows: Sequence[tuple[str, DueRule]]
) -> Iterator[Finding]:
    """Find a window that closes before it opens, and a due date that lies outside."""
    label = event_label(event)
    opens = [(rule, name == PASSED) for name, rule in windows if name != UNTIL]
    closes = [rule for name, rule in windows if name == UNTIL]
    if any(_always_later(one, other, after) for one, after in opens for other in closes):
        yield error(
            "window_never_opens",
            f"events.{event.name}",
            f"{label.ko}은(는) 할 수 있는 기간(not_before, passed, until)이 열리기 전에 끝납니다.",
            f"the time for {label.en} is over before it begins (not_before, passed, until).",
        )
    elif due is not None and (
        any(_always_later(one, due, after) for one, after in opens)
        or any(_always_later(due, other) for other in closes)
    ):
        yield warning(
            "due_outside_window",
            f"events.{event.name}.due",
            f"{label.ko}의 기한은 그것을 할 수 있는 기간(not_before, passed, until) 밖에 있습니다.",
            f"{label.en} is due outside the time in which it can be done (not_before, passed, "
            "until).",
        )


def _meets_another(
    lifecycle: Lifecycle,
    event: Event,
    windows: Sequence[tuple[str, DueRule]],
    head: PlanHead | None,
) -> Iterator[Finding]:
    """Find what is meant to follow on the time of another event (`until`), and can be done on its
    last day already: on that very day, or where it moves off a holiday."""
    moves = head is None or head.calendar.move == "next"
    for rule in (rule for name, rule in windows if name == NOT_BEFORE):
        for other in lifecycle.events.values():
            ends = [rule_of(use.params) for use in other.guards if use.name == UNTIL]
            if other is event or event.sources().isdisjoint(other.sources()):
                continue
            if any(_begins_at_the_end(rule, end, moves) for end in ends):
                one, right = event_label(event), event_label(other)
                yield warning(
                    "window_meets_another",
                    f"events.{event.name}",
                    f"{one.ko}은(는) {right.ko}을(를) 할 수 있는 마지막 날에도 할 수 있습니다"
                    "(휴일이면 다음 근무일로 미뤄집니다). 그날이 지난 뒤라면 not_before 대신 "
                    "passed에 같은 기한을 적으십시오.",
                    f"{one.en} can be done on the last day of {right.en} (which moves off a "
                    "holiday); if it is to come after that day, write `passed` with the same rule "
                    "in place of `not_before`.",
                )


def _begins_at_the_end(begin: DueRule, end: DueRule, moves: bool) -> bool:
    """Say whether one rule names the last day of another, or the day after a day that moves."""
    if begin == end:
        return True
    next_day = begin.kind == end.kind == "days_after" and begin.n == end.n + 1
    return moves and next_day and attrs.evolve(begin, n=end.n) == end


def _always_later(one: DueRule, other: DueRule, after: bool = False) -> bool:
    """Say whether the day of one rule (or with `after` the day after it) is later than the other's,
    from whatever day they count; of rules that do not count from the same nothing is said."""
    if (one.events, one.on) != (other.events, other.on):
        return False
    calendar = Calendar(
        CalendarRules(first="2024", last="2026", frequency="year", holidays="none", move="strict")
    )
    if not (calendar.counts(one) and calendar.counts(other)):
        return False
    starts: list[dt.date | None] = [None]
    if one.events:
        begin = dt.date(2024, 1, 1)
        starts = [begin + dt.timedelta(days=number) for number in range(366)]
    elif one.kind != other.kind or one.date is not None or other.date is not None:
        return False
    return all(
        calendar.deadline(one, "2024", fired_on=start).nominal + dt.timedelta(days=after)
        > calendar.deadline(other, "2024", fired_on=start).nominal
        for start in starts
    )


def _on_the_way(
    lifecycle: Lifecycle,
    graphs: Sequence[Paths],
    specs: Specs,
    event: Event,
    due: DueRule | None,
    windows: Sequence[tuple[str, DueRule]],
) -> Iterator[Finding]:
    """Find what counts from an event that never comes first, and a clock that goes on when the
    event is due again."""
    again = None if due is None else due.again
    given = (("due", due), (AGAIN, again), *windows)
    rules = [(name, rule) for name, rule in given if rule is not None]
    for name, rule in rules:
        started = [lifecycle.events[each] for each in rule.events if each in lifecycle.events]
        if not started:
            continue
        regions = {edge.region for each in (event, *started) for edge in each.transitions}
        regions |= {lifecycle.states[n].region for n in rule.not_counting if n in lifecycle.states}
        graph = graphs[0] if len(graphs) == 1 else among_regions(lifecycle, regions, specs)
        if graph is None or not graph.can_fire(event.name):
            continue
        if not fired_before(graph, event.name, rule.events):
            yield _never_begins(lifecycle, event, name, rule)
            continue
        yield from _stands(lifecycle, graph, event, name, rule)
        if name == "due" and _goes_on(graph, event, rule):
            label, since = event_label(event), listed(lifecycle, rule.events)
            yield warning(
                "clock_goes_on",
                f"events.{event.name}.due",
                f"{label.ko}을(를) 다시 하게 될 때에도 기한은 먼젓번 {since.ko}부터 셉니다. "
                "무엇부터 다시 셀지 목록에 넣거나 again을 적으십시오.",
                f"when {label.en} has to be done again its clock still counts from the earlier "
                f"{since.en}: name what begins it anew (a list), or say `again`.",
            )


def _stands(
    lifecycle: Lifecycle, graph: Paths, event: Event, name: str, rule: DueRule
) -> Iterator[Finding]:
    """Find a clock that stands (`not_counting`) in states to which no case comes once it runs, and
    one that stands wherever its event can be fired: on no day is that due."""
    running = reached_after(graph, rule.events)
    label, about = event_label(event), f"events.{event.name}"
    never = [s for s in rule.not_counting if not any(s in node for node in running)]
    for each in never:
        state = state_label(lifecycle, each)
        yield warning(
            "clock_never_stops",
            f"{about}.due" if name == "due" else about,
            f"{label.ko}의 기한은 상태 {state.ko}에서 세지 않는데(not_counting), 세기 시작한 "
            "뒤에는 그 상태가 되지 않습니다.",
            f"the clock of {label.en} stands in {state.en} (not_counting), but no case comes there "
            "once it runs.",
        )
    stops = frozenset(rule.not_counting)
    fires = [node for node in running if any(event.name == each for each, _ in graph.arcs[node])]
    if name == "due" and all(not stops.isdisjoint(node) for node in fires):
        yield warning(
            "never_due",
            f"{about}.due",
            f"{label.ko}을(를) 할 수 있는 상태에서는 언제나 기한을 세지 않으므로(not_counting) "
            "기한이 오지 않습니다.",
            f"the clock of {label.en} stands in every state in which it can be fired "
            "(not_counting), so it is due on no day.",
        )


def _goes_on(graph: Paths, event: Event, rule: DueRule) -> bool:
    """Say whether the event can come up a second time, its leading region having left where it then
    was, without any of those firings that begin its clock. A right that lapses is owed by nobody,
    and what may be done again in place is owed once."""
    if rule.again is not None or event.name in rule.events or event.leads not in graph.regions:
        return False
    lapses = any(
        use.name == UNTIL or (use.name == "in_time" and use.params.get("of") == event.name)
        for use in event.guards
    )
    if lapses or any(edge.source == edge.target for edge in event.transitions):
        return False
    place = graph.regions.index(event.leads)
    frontier: deque[tuple[Node, bool]] = deque(
        (after, after[place] != node[place])
        for node, arcs in graph.arcs.items()
        for name, after in arcs
        if name == event.name
    )
    seen = set(frontier)
    while frontier:
        node, left = frontier.popleft()
        for name, after in graph.arcs[node]:
            if name == event.name:
                if left:
                    return True
            elif name not in rule.events:
                then = (after, left or after[place] != node[place])
                if then not in seen:
                    seen.add(then)
                    frontier.append(then)
    return False


def _never_begins(lifecycle: Lifecycle, event: Event, name: str, rule: DueRule) -> Finding:
    label, since = event_label(event), listed(lifecycle, rule.events)
    if name in ("due", AGAIN):
        return warning(
            "never_due",
            f"events.{event.name}.due",
            f"{label.ko}의 기한은 {since.ko}부터 세는데, 그 뒤에 {label.ko}을(를) 할 수 없습니다.",
            f"{label.en} is due counted from {since.en}, but can never follow it.",
        )
    return error(
        "window_never_opens",
        f"events.{event.name}",
        f"{label.ko}을(를) 할 수 있는 기간은 {since.ko}부터 세는데, 그 뒤에 할 수 없습니다.",
        f"the time for {label.en} counts from {since.en}, but it can never follow it.",
    )
