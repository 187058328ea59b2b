"""A firing of the past decided again, from its entry: what must it have written? Pure.

The same `decide` is asked as when it was fired, with what the entry says that the scorer and the
guards of the transitions answered then. So a verifier learns whether the gate would have let it
through, and every row that it must have left behind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from evalflow.decision.adoption import Adoption, differs, revising
from evalflow.decision.decide import Check, Decision, decide
from evalflow.decision.firing import Draft, Firing
from evalflow.decision.guards import Guard, Reasons
from evalflow.decision.migration import migrate
from evalflow.decision.redating import Redating, check_moment, unsaid
from evalflow.decision.situation import Situation
from evalflow.errors import NotFound, Reason, invalid
from evalflow.files.words import has_words
from evalflow.lifecycle.definition import Event, GuardUse, Lifecycle
from evalflow.lifecycle.machine import step
from evalflow.model import (
    Actor,
    Entry,
    Grant,
    Label,
    Move,
    PlanEntry,
    PlanHead,
    Project,
    ProjectDefinition,
    Rating,
    Subject,
)
from evalflow.model.calendar import Calendar
from evalflow.model.canonical import Tree
from evalflow.model.changed import changed
from evalflow.model.directory import Directory
from evalflow.model.history import EVALUATED
from evalflow.model.host_word import HOST_SAID, host_said, without_host
from evalflow.model.moments import utc
from evalflow.model.values import frozen
from evalflow.plan.definition import Plan

_MOST = 10  # guards on one event's transitions whose verdicts are tried out


@frozen(kw_only=True)
class Replayed:
    """What the gate says of an entry, asked again.

    Attributes:
        move: what the firing must have written, None where it was not allowed.
        checks: those that do not pass, with their reasons.
        known: whether the plan's directory of that time knows the actor, or the entry keeps what
            the host's said of them. An actor whom an embedding system handed over where it has no
            directory has grants that no store keeps: role and unit are not checked then.
        by_host: whether the actor had the right by the host's word.
        late: by how many days the event's due date was missed, worked out anew; it cannot be where
            the plugin that counts it is not at hand (not `counted`).
    """

    move: Move | None
    checks: tuple[Check, ...]
    known: bool
    by_host: bool = False
    late: int | None = None
    counted: bool = True

    @property
    def by_later_rules(self) -> bool:
        """Say whether nothing stands against it but what a later version may have come to ask: the
        form of data, and what actions look for. Verdicts of guards are the entry's own here."""
        return bool(self.checks) and all(
            check.name == "guards"
            or (check.name == "input" and reason.code not in ("data_missing", "rating_missing"))
            for check in self.checks
            for reason in check.reasons
        )


def reachable(
    lifecycle: Lifecycle, states: tuple[str, ...], event: Event
) -> Iterator[tuple[frozenset[str], tuple[str, ...]]]:
    """Yield (ids of guards that hold, states afterwards) for every way in which the event can
    come out from these states; the most guards first.

    Raises:
        ValueError: `states` are not states of this lifecycle, one per region.
    """
    ids = {
        use.id: None for edge in event.transitions if edge.source in states for use in edge.guards
    }
    names = list(ids)[:_MOST]
    for count in range(len(names), -1, -1):
        for passed in combinations(names, count):
            after = step(lifecycle, states, event.name, frozenset(passed))
            if isinstance(after, tuple):
                yield frozenset(passed), after


def outcome(
    lifecycle: Lifecycle, states: tuple[str, ...], event: Event, after: tuple[str, ...]
) -> frozenset[str] | None:
    """Return the guards that must have held for the event to lead to `after`, None where it never
    does."""
    for passed, reached in reachable(lifecycle, states, event):
        if reached == after:
            return passed
    return None


# --------------------------------------------------------------------------- events of a lifecycle


def replay_event(situation: Situation, event: Event, entry: Entry) -> Replayed:
    """Decide an event of the project's lifecycle again. The verdicts of guards and the rating are
    taken from the entry: they are `judge_event`'s.

    Raises:
        EvalflowError, ValueError, TypeError, KeyError, AttributeError: what the entry says cannot
            be taken up at all.
    """
    passed = outcome(situation.lifecycle, entry.before, event, entry.after)
    if passed is None:
        return Replayed(move=None, checks=(), known=True)
    recorded = changed(
        situation,
        score=lambda subject: _recorded_rating(entry, subject),
        guards=_Verdicts(event, passed),
    )
    return _decided(recorded, event, entry)


def judge_event(situation: Situation, event: Event, entry: Entry) -> Replayed:
    """Decide it again by the scorer and the guards that are installed now, of which those are left
    out that look at other projects: what these were at that moment is not kept.

    Raises:
        as `replay_event`, and PluginError: a scorer or guard broke.
    """
    passed = outcome(situation.lifecycle, entry.before, event, entry.after) or frozenset()
    return _decided(
        changed(situation, guards=_Verdicts(event, passed, situation.guards)), event, entry
    )


def _decided(situation: Situation, event: Event, entry: Entry) -> Replayed:
    today = situation.calendar.today(entry.at)
    unit = situation.latest.unit_on(today)
    if event.at == "cooperating" and situation.latest.cooperating:
        unit = situation.latest.cooperating[0]
    known, actor = _actor(situation, entry, unit)
    decision = decide(situation, event, actor, entry.at, _given(event, entry), key=entry.key)
    move = decision.move
    if move is not None:
        # By how many days it was late is compared apart: tables of holidays are put right later.
        # So is what the host was heard to say by guards, which are not asked again.
        data = _as_heard(move.entry.data, entry)
        move = _sealed(move, changed(move.entry, late=entry.late, data=data))
    rule = situation.rule(event)
    return Replayed(
        move=move,
        checks=_failed(decision),
        known=known,
        by_host=_by_host(situation, decision),
        late=decision.late,
        counted=rule is None or situation.calendar.counts(rule),
    )


def _given(event: Event, entry: Entry) -> Mapping[str, Any]:
    """Return the data that was given: without what the entry says of itself."""
    fields = {field.name for field in event.data}
    if not isinstance(entry.data, Mapping):
        raise TypeError("data is no mapping")
    return {
        name: value
        for name, value in entry.data.items()
        if name not in ("definition", EVALUATED, HOST_SAID) or name in fields
    }


def _as_heard(data: Tree, entry: Entry) -> Tree:
    """Return the data of an entry made again, with what the host was heard to say as kept."""
    kept = {HOST_SAID: entry.data[HOST_SAID]} if HOST_SAID in entry.data else {}
    return {**without_host(data), **kept}


def _by_host(situation: Situation, decision: Decision) -> bool:
    grant, today = decision.grant, situation.calendar.today(decision.at)
    return grant is not None and situation.directory.by_host(decision.actor.id, grant, today)


def _sealed(move: Move, entry: Entry) -> Move:
    entry = entry.sealed()
    return changed(move, entry=entry, project=changed(move.project, head=entry.hash))


def _failed(decision: Decision) -> tuple[Check, ...]:
    return tuple([check for check in decision.checks if check.reasons])


def _actor(situation: Situation, entry: Entry, unit: str) -> tuple[bool, Actor]:
    """Return whether the directory knows the actor, and the actor with the grants by which the
    entry says that they acted."""
    try:
        found = situation.directory.actor(entry.actor)
    except NotFound:
        grant = Grant(
            role=entry.role,
            unit=unit,
            on_behalf_of=entry.on_behalf_of,
            reason=None if entry.on_behalf_of is None else "-",
        )
        return False, Actor(entry.actor, (grant,))
    return True, _acting_as(found, entry)


def _acting_as(actor: Actor, entry: Entry | PlanEntry) -> Actor:
    said = entry.role, entry.on_behalf_of
    return Actor(
        actor.id, tuple([each for each in actor.grants if (each.role, each.on_behalf_of) == said])
    )


def _recorded_rating(entry: Entry, subject: Subject) -> Rating:
    if entry.rating is None:
        raise invalid(
            "rating_missing",
            path="rating",
            ko="이 처리는 평가율을 남기는데 이력에 없습니다",
            en="the event leaves a rating, but the entry has none",
        )
    return Rating.from_tree(entry.rating)


class _Verdicts(Mapping[str, Guard]):
    """Guards by name. Those on transitions answer as the entry says; the event's own pass, or are
    asked where `asked` has them and they look at nothing but the project."""

    def __init__(
        self, event: Event, passed: frozenset[str], asked: Mapping[str, Guard] | None = None
    ) -> None:
        self._own = {use.id for use in event.guards}
        self._passed = passed
        self._asked = asked

    def __getitem__(self, name: str) -> Guard:
        def answer(firing: Firing, draft: Draft, **params: Any) -> Reasons:
            use = GuardUse(name=name, params=params)
            if self._asked is not None:
                guard = self._asked.get(name)
                if guard is not None and (use.id in self._own or use.id in self._passed):
                    return guard(firing, draft, **params)
            if use.id in self._own or use.id in self._passed:
                return None
            return Reason(code="recorded", ko="기록된 결과", en="as recorded")

        return answer

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


# --------------------------------------------------------------------------- beside a lifecycle


def replay_migration(
    situation: Situation, entry: Entry, new: Lifecycle, proposed: PlanEntry | None
) -> Replayed:
    """Decide a migration to the lifecycle `new` again, which somebody `proposed`. Raises as
    `replay_event`."""
    known, actor = _actor(situation, entry, situation.head.office)
    data = {name: entry.data.get(name) for name in ("states", "events")}
    data["reason"] = entry.reason
    decision = migrate(
        situation, actor, entry.at, data, new, key=entry.key, again=True, proposed=proposed
    )
    move = decision.move
    if move is not None:
        data = _as_heard(move.entry.data, entry)
        move = _sealed(move, changed(move.entry, data=data))
    return Replayed(
        move=move,
        checks=_failed(decision),
        known=known,
        by_host=_by_host(situation, decision),
    )


def replay_redating(situation: Situation, entry: Entry, history: Sequence[Entry]) -> Replayed:
    """Put the times of the project's entries right again; `history` are those before it, as they
    were written. Raises as `replay_event`."""
    head, lifecycle = situation.head, situation.lifecycle
    right = Right(
        head=head,
        directory=situation.directory,
        calendar=situation.calendar,
        roles=revising(lifecycle, head),
        names={name: role.label for name, role in lifecycle.roles.items()},
    )
    known, by_host, checks = right.judge(entry)
    if not has_words(entry.reason or ""):
        checks = (*checks, Check("input", (unsaid(entry.reason or ""),)))
    again = redating_of(entry)
    move = again.move(
        situation.project,
        history,
        calendar=situation.calendar,
        unit=situation.latest.unit_on(situation.calendar.today(entry.at)),
        revision=head.revision,
        plan_head=entry.plan_head,
    )
    return Replayed(move=move, checks=checks, known=known, by_host=by_host)


def redating_of(entry: Entry | PlanEntry) -> Redating:
    """Return what the entry says of times that it puts right. Raises as `replay_event`."""
    to = utc(dt.datetime.fromisoformat(entry.data["to"]))
    check_moment(to, entry.at)
    grant = Grant(role=entry.role, unit="", on_behalf_of=entry.on_behalf_of)
    return Redating(
        actor=entry.actor,
        grant=grant,
        at=entry.at,
        to=to,
        reason=entry.reason or "",
        heard=host_said(entry.data) or {},
    )


def replay_adoption(
    entry: Entry,
    *,
    head: PlanHead,
    calendar: Calendar,
    lifecycle: Lifecycle,
    definition: ProjectDefinition,
    before: tuple[Project, ProjectDefinition] | None,
    right: Right | None = None,
    opens: bool = False,
) -> Replayed:
    """Make again what brought a project into the plan, or redefined it by a revision.

    `head` is the revision that the entry belongs to and `before` how the project stood where it
    was there already. `right` is by whom the actor is judged, None where the plan's own history
    answers for that; `opens` says that a case was opened without a revision. Raises as
    `replay_event`.
    """
    known, by_host, checks = (True, False, ()) if right is None else right.judge(entry)
    adoption = Adoption(
        plan=Plan(head=head, projects={definition.number: definition}, lifecycle=lifecycle),
        head=head,
        calendar=calendar,
        lifecycle=lifecycle,
        actor=Actor(entry.actor),
        role=entry.role,
        on_behalf_of=entry.on_behalf_of,
        at=entry.at,
        reason=entry.reason,
        opens=opens,
    )
    standing = {}
    if before is not None:
        if not differs(before[1], definition):
            return Replayed(move=None, checks=checks, known=known, by_host=by_host)
        standing[definition.id] = before[0]
    (move,) = adoption.moves((definition,), standing, entry.plan_head)
    return Replayed(move=move, checks=checks, known=known, by_host=by_host)


@frozen(kw_only=True)
class Right:
    """Who may adopt or revise a plan at a moment, or open a case: whoever holds one of `roles` in
    the office, or for the case's `unit`, by the directory and the calendar of the revision in
    force. `names` are the roles' names."""

    head: PlanHead
    directory: Directory
    calendar: Calendar
    roles: tuple[str, ...]
    names: Mapping[str, Label]
    unit: str | None = None

    def judge(self, entry: Entry | PlanEntry) -> tuple[bool, bool, tuple[Check, ...]]:
        """Say whether the directory knows the entry's actor, whether the right was by the host's
        word, and what stands against them."""
        known = entry.actor in self.directory
        if entry.role not in self.roles:
            return known, False, (Check("role", (_not_adopting(entry, self.roles),)),)
        if not known:
            return False, False, ()
        actor = _acting_as(self.directory.actor(entry.actor), entry)
        today = self.calendar.today(entry.at)
        unit = self.unit or self.head.office
        grants = self.directory.grants_for(actor, self.roles, unit, today)
        if grants:
            return True, self.directory.by_host(actor.id, grants[0], today), ()
        why = self.directory.why_not(actor, self.roles, unit, today, self.names)
        return True, False, (Check("role", (why,)),)


def _not_adopting(entry: Entry | PlanEntry, roles: tuple[str, ...]) -> Reason:
    able = ", ".join(roles)
    return Reason(
        code="no_role",
        ko=f"'{entry.role}' 역할은 계획을 정하지 않습니다 (가능: {able}).",
        en=f"the role '{entry.role}' does not adopt plans (those that do: {able}).",
        who=roles,
    )


def effective_period(calendar: Calendar, at: dt.datetime) -> Callable[[str], bool]:
    """Return what says whether a plan revision made at `at` may measure from a period on. The
    moment of writing lies a little after that of deciding: an hour is allowed for."""
    moments = at, at + dt.timedelta(hours=1)
    periods = {calendar.period_on(calendar.today(moment)).text for moment in moments}
    return periods.__contains__


def redefines(entry: Entry) -> Tree | None:
    """Return the project as the entry defines it anew, or None where it does not."""
    if isinstance(entry.data, Mapping):
        return entry.data.get("definition")
    return None
