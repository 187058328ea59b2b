"""The decision: may this actor fire this event on this project now, and what would it write?

Pure: everything that is looked at comes in as a value, nothing is written here. `fire` and
`explain` ask the same function, so they cannot disagree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from evalflow.decision import signing
from evalflow.decision.actions import ACTIONS
from evalflow.decision.entries import following, moved
from evalflow.decision.firing import Draft, Firing
from evalflow.decision.guards import Guard
from evalflow.decision.situation import Situation
from evalflow.errors import InvalidInput, PluginError, Problem, Reason, invalid
from evalflow.lifecycle.definition import (
    NEXT_SIGNER,
    RUNNING,
    Duty,
    Event,
    Field,
    GuardUse,
    Lifecycle,
    NoticeRule,
)
from evalflow.lifecycle.fields import figure_from, missing, normal
from evalflow.lifecycle.machine import Stuck, step
from evalflow.model import (
    Act,
    Actor,
    Actual,
    Entry,
    Evaluation,
    Grant,
    Label,
    Move,
    Notice,
    Override,
    PlanHead,
    Project,
    ProjectDefinition,
    Rating,
    Snapshot,
    Subject,
)
from evalflow.model import directory as access
from evalflow.model.canonical import Tree, digest
from evalflow.model.changed import changed, often_made
from evalflow.model.history import EVALUATED
from evalflow.model.host_word import with_host
from evalflow.model.values import frozen
from evalflow.scoring.questions import questions

CHECKS: Mapping[str, Label] = {
    "state": Label("상태", "State"),
    "role": Label("역할", "Role"),
    "unit": Label("소관 부서", "Unit"),
    "duties": Label("직무 분리", "Separation of duties"),
    "guards": Label("요건", "Guards"),
    "input": Label("필요 자료", "Required input"),
}
"""The checks of every firing, in their order."""


@frozen
class Check:
    """One of the checks in `CHECKS`: it passed if it was made and has no reasons against. Guards
    are not evaluated for actors who may not act at all: the answers could tell them about the
    draft."""

    name: str
    reasons: tuple[Reason, ...] = ()
    asked: bool = True

    @property
    def passed(self) -> bool:
        """Say whether the check was made and found nothing against the firing."""
        return self.asked and not self.reasons

    @property
    def label(self) -> Label:
        """Return the check's name for people."""
        return CHECKS[self.name]


_PASSED = {name: Check(name) for name in CHECKS}
_ALL_PASSED = tuple(_PASSED.values())
_ENTITLED = _PASSED["role"], _PASSED["unit"], _PASSED["duties"]


@frozen(kw_only=True)
class Explanation:
    """What `fire` would answer, as data: every check with its reasons.

    `allowed` says whether every check passes; where no data was given the required input is
    not counted but listed in `needs`. `deadline` is the event's due day, if it has one.
    `questions` are what of the figures should be looked at again before it is fired. `rating` is
    what the figures given would be rated, also where something else speaks against the firing;
    None where the event rates nothing, or the actor may not act at all.
    """

    project: str
    event: str
    event_label: Label
    actor: str
    role: str | None
    on_behalf_of: str | None
    at: dt.datetime
    states: tuple[str, ...]
    checks: tuple[Check, ...]
    needs: tuple[Field, ...]
    allowed: bool
    deadline: dt.date | None = None
    questions: tuple[Label, ...] = ()
    rating: Rating | None = None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return the reasons of all checks, in order."""
        return tuple(reason for check in self.checks for reason in check.reasons)

    def tree(self) -> Tree:
        """Return what was asked and every reason against it, as data to be stored."""
        return {
            "project": self.project,
            "event": self.event,
            "actor": self.actor,
            "at": self.at.isoformat(timespec="microseconds"),
            "states": list(self.states),
            "allowed": self.allowed,
            "reasons": [
                {
                    "check": check.name,
                    "code": reason.code,
                    "ko": reason.ko,
                    "en": reason.en,
                    "who": list(reason.who),
                    "since": reason.since and reason.since.isoformat(),
                    "about": reason.about,
                }
                for check in self.checks
                for reason in check.reasons
            ],
        }


@often_made
@frozen(kw_only=True)
class Decision:
    """The outcome for one project: the checks, and the move where all of them pass."""

    snapshot: Snapshot
    event: Event
    actor: Actor
    grant: Grant | None
    at: dt.datetime
    checks: tuple[Check, ...]
    problems: tuple[Problem, ...]
    needs: tuple[Field, ...]
    move: Move | None
    late: int | None
    deadline: dt.date | None
    definition: ProjectDefinition | None = None
    rating: Rating | None = None
    rated: Evaluation | None = None
    """The evaluation as it would be, where all checks pass and the event rates."""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return the reasons of all checks, in order."""
        return tuple(reason for check in self.checks for reason in check.reasons)

    def explained(self, *, with_data: bool) -> Explanation:
        """Return the decision as people and programs read it."""
        # Without data the required input is no reason against: it is listed in `needs`.
        checks = (
            self.checks
            if with_data
            else tuple([Check("input") if c.name == "input" else c for c in self.checks])
        )
        grant = self.grant
        return Explanation(
            project=self.snapshot.project.id,
            event=self.event.name,
            event_label=self.event.label,
            actor=self.actor.id,
            role=grant.role if grant else None,
            on_behalf_of=grant.on_behalf_of if grant else None,
            at=self.at,
            states=self.snapshot.project.states,
            checks=checks,
            needs=self.needs,
            allowed=all(check.passed for check in checks),
            deadline=self.deadline,
            questions=self._questions(),
            rating=self.rating,
        )

    def _questions(self) -> tuple[Label, ...]:
        if self.definition is None or self.rated is None:
            return ()
        return questions(self.definition, self.rated)


def decide(
    situation: Situation,
    event: Event,
    actor: Actor,
    at: dt.datetime,
    data: Mapping[str, Any] | None,
    *,
    key: str | None = None,
    whole: bool = False,
    shown: bool = False,
) -> Decision:
    """Ask every check once, in the order of `CHECKS`, and draft what would be written; where the
    decision is merely `shown`, the move is not made of it. Without data (None) what the event
    requires is not asked for.

    Problems in the data's form are returned, not raised: who may not act at all is told
    that, and nothing about the data. Nor are actions and guards asked for them, whose answers
    tell of the draft, its rating and other projects; `whole` asks them all the same, for a reader
    who may know.
    """
    project, lifecycle = situation.project, situation.lifecycle
    today = situation.calendar.today(at)
    unit = situation.latest.unit_on(today)
    state_reasons: tuple[Reason, ...] = ()
    if _leading_state(situation, event) not in event.sources():
        state_reasons = _state_reasons(event, situation, unit, today)
    right = entitled(situation, event, actor, unit, today)
    tree, problems = normal(
        event,
        data or {},
        definition=situation.definition,
        lifecycle=lifecycle,
        criteria=situation.head.criteria,
        brackets=situation.head.brackets,
    )
    firing = Firing(
        project=project,
        evaluation=situation.evaluated,
        definition=situation.definition,
        latest=situation.latest,
        head=situation.head,
        lifecycle=lifecycle,
        event=event,
        actor=actor,
        grant=right.grant,
        at=at,
        today=today,
        data=tree,
        calendar=situation.calendar,
        directory=situation.directory,
        rate=_rating_of(situation),
        about=situation.about,
        situation=situation,
    )
    guard_reasons: tuple[Reason, ...] = ()
    after: tuple[str, ...] | None = None
    draft = Draft(
        evaluation=firing.evaluation,
        period=project.period,
        change=project.change,
        waiting=project.waiting,
    )
    may = right.checks is _ENTITLED or all(check.passed for check in right.checks)
    asked = not state_reasons and (may or whole)
    if asked and situation.evaluation is None:
        guard_reasons = (_nothing_fixed(project),)
    elif asked:
        try:
            for name in event.actions:
                draft = ACTIONS[name](firing, draft)
        except PluginError as error:
            guard_reasons = (_plugin_reason(error),)
        except InvalidInput as error:  # a figure that cannot be rated
            problems = (*problems, *error.problems)
        else:
            guard_reasons, after = _ask_guards(firing, draft, situation.guards)
    lacking = missing(event, tree)
    input_reasons = () if data is None else _input_reasons(lacking, problems)
    checks = _ALL_PASSED
    if not (asked and may) or guard_reasons or input_reasons:
        checks = (
            Check("state", state_reasons),
            *right.checks,
            Check("guards", guard_reasons, asked=asked),
            Check("input", input_reasons),
        )
    deadline = situation.deadline(event)
    late = None if deadline is None else situation.calendar.days_late(deadline, at)
    move = rated = None
    complete = checks is _ALL_PASSED and not lacking and not problems
    if after is not None and right.grant is not None and complete:
        rated = None if draft.rating is None else draft.evaluation
        move = None if shown else _move(firing, draft, after, right.grant, unit, late, key)
    return Decision(
        snapshot=situation.snapshot,
        event=event,
        actor=actor,
        grant=right.grant,
        at=at,
        checks=checks,
        problems=problems,
        needs=event.data,
        move=move,
        late=late,
        deadline=deadline,
        definition=situation.definition,
        rating=draft.rating if may else None,
        rated=rated,
    )


def may_act(situation: Situation, event: Event, actor: Actor, at: dt.datetime) -> bool:
    """Say whether state, role, unit and separation of duties let the actor fire the event: what the
    gate asks before anything of other projects is looked at."""
    state = _leading_state(situation, event)
    if state not in event.sources():
        return False
    today = situation.calendar.today(at)
    by, unit = event.by_from(state), situation.latest.unit_on(today)
    _, grants = _grants(situation, event, by, actor, unit, today)
    duties = _duties(situation, event)
    return bool(grants) and (not duties or _unbarred(situation, actor, grants, duties) is not None)


def same_for_all(
    event: Event, lifecycle: Lifecycle, head: PlanHead, looks_at: Callable[[str], str]
) -> bool:
    """Say whether the event comes out the same, with the same data, for all projects of a plan
    that stand in the same states, period and unit: nothing that it asks or writes looks further.
    `looks_at` answers what a guard looks at (`GuardSpec.looks_at`)."""
    uses = [*event.guards, *(use for edge in event.transitions for use in edge.guards)]
    leading = [edge for edge in event.transitions if edge.region == event.leads]
    return (
        event.together is None
        and not event.actions
        and event.evaluation == RUNNING
        and event.due is None
        and event.name not in head.calendar.due
        and all(event.name not in (*duty.may_not, *duty.whoever) for duty in lifecycle.duties)
        and all(looks_at(use.name) == "period" for use in uses)
        and all("cooperating" not in rule.to for rule in event.notices)
        and (not event.notices or all(edge.source != edge.target for edge in leading))
    )


# --------------------------------------------------------------------------- the checks


def _state_reasons(
    event: Event, situation: Situation, unit: str, today: dt.date
) -> tuple[Reason, ...]:
    project, lifecycle = situation.project, situation.lifecycle
    state = _leading_state(situation, event)
    sources = event.sources()
    label = lifecycle.states[state].label
    wanted = [lifecycle.states[name].label for name in lifecycle.states if name in sources]
    ways = [
        other
        for other in lifecycle.events.values()
        for edge in other.transitions
        if edge.source == state and edge.target in sources and edge.target != state
    ]
    way_ko = way_en = ""
    who: tuple[str, ...] = ()
    if ways:
        roles = tuple({role: None for way in ways for role in way.by})
        who = situation.directory.holders(roles, unit, today) or roles
        way_ko = f" 먼저: {', '.join(dict.fromkeys(way.label.ko for way in ways))}"
        way_en = f"; first: {', '.join(dict.fromkeys(way.label.en for way in ways))}"
    return (
        Reason(
            code="wrong_state",
            ko=f"현재 '{label.ko}' 단계이므로 '{event.label.ko}'을(를) 처리할 수 없습니다 "
            f"(가능한 단계: {', '.join(w.ko for w in wanted)}).{way_ko}",
            en=f"'{event.label.en}' is not possible in the state '{label.en}' "
            f"(possible in: {', '.join(w.en for w in wanted)}){way_en}",
            who=who,
            about=project.id,
        ),
    )


def _nothing_fixed(project: Project) -> Reason:
    return Reason(
        code="nothing_fixed",
        ko=f"{project.id}에는 아직 확정된 평가가 없습니다.",
        en=f"no evaluation of {project.id} has been fixed yet.",
        about=project.id,
    )


def _leading_state(situation: Situation, event: Event) -> str:
    region = situation.lifecycle.leading(event)
    return situation.project.states[region]


@often_made
@frozen
class Right:
    """By which grant the actor may act, if any, and the checks role, unit and duties."""

    grant: Grant | None
    checks: tuple[Check, Check, Check]


def entitled(situation: Situation, event: Event, actor: Actor, unit: str, today: dt.date) -> Right:
    """Return whether the actor may fire the event on something of `unit`: the gate's checks of
    role, unit and separation of duties."""
    directory, lifecycle = situation.directory, situation.lifecycle
    by = event.by_from(_leading_state(situation, event))
    if event.at == "cooperating" and not situation.latest.cooperating:
        return Right(None, (Check("role", (_NOBODY_COOPERATES,)), Check("unit"), Check("duties")))
    unit, grants = _grants(situation, event, by, actor, unit, today)
    if not grants:
        labels = {name: role.label for name, role in lifecycle.roles.items()}
        reason = directory.why_not(actor, by, unit, today, labels)
        if reason.code == "wrong_unit":
            return Right(None, (Check("role"), Check("unit", (reason,)), Check("duties")))
        return Right(None, (Check("role", (reason,)), Check("unit"), Check("duties")))
    duties = _duties(situation, event)
    if not duties:
        return Right(grants[0], _ENTITLED)
    if (grant := _unbarred(situation, actor, grants, duties)) is not None:
        return Right(grant, _ENTITLED)
    acts = _acts(situation)
    holders = directory.holders(by, unit, today)
    names = {name: each.label for name, each in lifecycle.events.items()}
    barred = [
        access.barred(duty, acts, actor.id, grants[0], holders=holders, labels=names)
        for duty in duties
    ]
    reasons = tuple([reason for reason in barred if reason is not None])
    return Right(grants[0], (*_ENTITLED[:2], Check("duties", reasons)))


def _grants(
    situation: Situation,
    event: Event,
    by: tuple[str, ...],
    actor: Actor,
    unit: str,
    today: dt.date,
) -> tuple[str, tuple[Grant, ...]]:
    """Return the unit that the event is fired on (of those that cooperate, where it is theirs), and
    the actor's grants there for the roles `by`."""
    directory = situation.directory
    if event.at == "cooperating":
        units = situation.latest.cooperating
        if not units:
            return unit, ()
        held = [each for each in units if directory.grants_for(actor, by, each, today)]
        unit = (held or units)[0]
    grants = directory.grants_for(actor, by, unit, today)
    if event.line is not None:  # who holds several roles signs in the one whose turn it is
        turn = signing.signs_next(
            event,
            situation.lifecycle,
            situation.head,
            situation.snapshot.evaluation,
            situation.project.change,
        )
        grants = tuple(sorted(grants, key=lambda grant: grant.role != turn))
    return unit, grants


def _duties(situation: Situation, event: Event) -> list[Duty]:
    """Return the separations of duties that may bar somebody from the event."""
    return [
        duty
        for duty in situation.lifecycle.duties
        if event.name in duty.may_not and (not duty.optional or duty.name in situation.head.duties)
    ]


def _acts(situation: Situation) -> tuple[Act, ...]:
    return tuple([_without_hearsay(act, situation) for act in situation.evaluated.acts])


def _unbarred(
    situation: Situation, actor: Actor, grants: Sequence[Grant], duties: Sequence[Duty]
) -> Grant | None:
    """Return the first grant under which no separation of duties bars the actor."""
    acts = _acts(situation)
    for grant in grants:
        if all(access.barred(duty, acts, actor.id, grant) is None for duty in duties):
            return grant
    return None


def _without_hearsay(act: Act, situation: Situation) -> Act:
    """Return the act with those alone as its signers who hold the role that had to sign. Whoever
    fires the event writes the names down: any other bars nobody."""
    event = situation.lifecycle.events.get(act.event)
    if event is None or not act.signers:
        return act
    asked = {use.params.get("by") for use in event.guards if use.name == "signed_off"}
    if not asked:
        return act
    signers = tuple(
        [
            name
            for name in act.signers
            if (known := situation.directory.get(name)) is not None
            and any(grant.role in asked for grant in known.grants)
        ]
    )
    return act if signers == act.signers else attrs.evolve(act, signers=signers)


_NOBODY_COOPERATES = Reason(
    code="nobody_cooperates",
    ko="이 사업에는 협조부서가 없습니다.",
    en="no unit has to cooperate on this project.",
)

_Reasons = tuple[Reason, ...]


def _ask_guards(
    firing: Firing, draft: Draft, guards: Mapping[str, Guard]
) -> tuple[_Reasons, tuple[str, ...] | None]:
    """Return the guards' reasons, and the states after the firing if it is possible."""
    event, states = firing.event, firing.project.states
    answers: dict[str, _Reasons] = {}
    reasons = list(draft.reasons)
    for use in event.guards:
        reasons += _answer(answers, guards, use, firing, draft)
    passed: set[str] = set()
    refused: list[Reason] = []
    for edge in event.transitions:
        if edge.source not in states:
            continue
        for use in edge.guards:
            against = _answer(answers, guards, use, firing, draft)
            if not against:
                passed.add(use.id)
            elif edge.region == event.leads:
                refused.extend(against)
    after = step(firing.lifecycle, states, event.name, frozenset(passed))
    if isinstance(after, Stuck):
        reasons.extend(refused)
        return tuple(dict.fromkeys(reasons)), None
    return tuple(dict.fromkeys(reasons)) if reasons else (), after


def _answer(
    answers: dict[str, _Reasons],
    guards: Mapping[str, Guard],
    use: GuardUse,
    firing: Firing,
    draft: Draft,
) -> _Reasons:
    """Return what a guard has against the firing: asked once, and kept in `answers`."""
    known = answers.get(use.id)
    if known is not None:
        return known
    try:
        answer = guards[use.name](firing, draft, **use.params)
    except PluginError as error:
        answer = (_plugin_reason(error),)
    if not answer:
        answer = ()
    known = answers[use.id] = (answer,) if isinstance(answer, Reason) else tuple(answer)
    return known


def _plugin_reason(error: PluginError) -> Reason:
    return Reason(
        code="plugin_failed",
        ko=f"{error.text('ko')} (자료는 그대로입니다. 담당자에게 알리십시오.)",
        en=f"{error.text('en')} (nothing was changed; tell whoever runs the system.)",
        about=error.plugin,
        cause=error,
    )


def _input_reasons(lacking: Sequence[Field], problems: Sequence[Problem]) -> _Reasons:
    if not lacking and not problems:
        return ()
    reasons = [
        Reason(
            code="data_missing",
            ko=f"{field.label.ko}({field.name})을(를) 입력하십시오.",
            en=f"'{field.label.en}' ({field.name}) is required.",
            about=field.name,
        )
        for field in lacking
    ]
    reasons.extend(
        Reason(code=p.code, ko=p.text("ko"), en=p.text("en"), about=p.path) for p in problems
    )
    return tuple(reasons)


def _rating_of(
    situation: Situation,
) -> Callable[[Mapping[str, Actual], Mapping[str, Override]], Rating]:
    def rate(actuals: Mapping[str, Actual], overrides: Mapping[str, Override]) -> Rating:
        return situation.score(subject(situation, actuals, overrides))

    return rate


def subject(
    situation: Situation, actuals: Mapping[str, Actual], overrides: Mapping[str, Override]
) -> Subject:
    """Return what the scorer looks at: the actuals of the period that is evaluated on top of the
    earlier ones."""
    evaluated = situation.evaluated
    here = evaluated.period
    earlier = {
        name: {indicator: figure_from(figure) for indicator, figure in figures.items()}
        for name, figures in evaluated.prior.items()
    }
    return Subject(
        project=situation.definition.id,
        period=here,
        periods=situation.calendar.periods_to(here),
        definition=situation.definition,
        rules=situation.head.scoring,
        actuals={**earlier, here: actuals},
        overrides=overrides,
        revision=situation.measured,
    )


# --------------------------------------------------------------------------- the move


def _move(
    firing: Firing,
    draft: Draft,
    after: tuple[str, ...],
    grant: Grant,
    unit: str,
    late: int | None,
    key: str | None,
) -> Move:
    project, event, definition = firing.project, firing.event, draft.definition
    evaluation = draft.evaluation
    acts = evaluation.acts
    if firing.lifecycle.bars(event):
        act = Act(
            event=event.name,
            actor=firing.actor.id,
            on_behalf_of=grant.on_behalf_of,
            signers=tuple([s["actor"] for s in firing.given("sign_off") or ()]),
        )
        acts = (*evaluation.acts, act)
    written = None
    if evaluation is not firing.evaluation or acts is not evaluation.acts:
        measured = firing.situation.measured
        written = changed(evaluation, acts=acts, number=firing.number, revision=measured)
    rating = draft.rating
    told = _told(firing, draft, after, unit)
    entry = following(
        project,
        event=event.name,
        actor=firing.actor.id,
        role=grant.role,
        on_behalf_of=grant.on_behalf_of,
        at=firing.at,
        after=after,
        period_after=draft.period,
        unit=unit,
        revision=firing.head.revision + (definition is not None),
        plan_head=firing.situation.snapshot.plan_head,
        reason=firing.data.get("reason"),
        data=_entry_data(firing, draft),
        rating=rating and rating.tree(),
        evaluation="" if written is None else digest(written.text()),
        late=late,
        key=key,
    )
    stands = moved(
        project,
        entry,
        revision=project.revision if definition is None else entry.revision,
        label=project.label if definition is None else definition.label,
        band=_band(project, draft),
        change=draft.change,
        waiting=draft.waiting,
    )
    return Move(
        project=stands,
        expected=project.version,
        entry=entry,
        evaluation=written,
        definition=definition,
        notices=_notices(firing, told, entry, stands),
        last=firing.situation.snapshot.last,
    )


def _band(project: Project, draft: Draft) -> str | None:
    if draft.rating is not None and draft.evaluation.period == draft.period:
        return draft.rating.band
    return project.band if draft.period == project.period else None


def _entry_data(firing: Firing, draft: Draft) -> Tree:
    """Return the entry's data: what was given, what the host's directory said, the period of an
    earlier evaluation that it is about, and the project anew where the event redefines it: the
    history alone says what was measured."""
    data = with_host(firing.data, firing.directory.heard())
    if firing.evaluation.period != firing.project.period:
        data = {**data, EVALUATED: firing.evaluation.period}
    if draft.definition is None:
        return data
    return {**data, "definition": draft.definition.tree}


Told = list[tuple[NoticeRule, list[tuple[str, str]]]]
"""The notices of a firing, each with its recipients as (role, recipient)."""


def _told(firing: Firing, draft: Draft, after: tuple[str, ...], unit: str) -> Told:
    """Return the notices that are sent where the project comes into the states `after`, their
    recipients resolved today."""
    before = firing.project.states
    return [
        (rule, _recipients(firing, draft, rule, unit))
        for rule in firing.event.notices
        if (rule.entering is None or (rule.entering in after and rule.entering not in before))
        and (rule.when is None or firing.data.get(rule.when) not in (None, False, {}))
    ]


def _notices(firing: Firing, rules: Told, entry: Entry, stands: Project) -> tuple[Notice, ...]:
    """Return the notices of a firing, one for each recipient and notifier. The same notice is sent
    once per visit to a state (not once per state); what is fired within a visit tells of itself
    each time: a second spot check."""
    if not rules:
        return ()
    region = firing.lifecycle.leading(firing.event)
    visit = str(stands.visits[region])
    if entry.before[region] == entry.after[region]:
        visit += f"+{entry.number}"
    told = {
        "event": entry.event,
        "period": entry.evaluated,
        "states": list(entry.after),
        "actor": entry.actor,
        "reason": entry.reason,
    }
    notices: list[Notice] = []
    for rule, recipients in rules:
        words = Label(
            f"[{rule.label.ko}] {stands.id} {stands.label.ko}",
            f"[{rule.label.en}] {stands.id} {stands.label.en}",
        )
        notices += [
            Notice(
                id=f"{stands.id}:{visit}:{entry.event}:{rule.name}:{recipient}",
                project=stands.id,
                number=entry.number,
                name=rule.name,
                recipient=recipient,
                role=role,
                notifier=notifier,
                subject=words,
                at=entry.at,
                data=told,
            )
            for role, recipient in recipients
            for notifier in firing.head.delivery.notifiers
        ]
    return tuple(notices)


def _recipients(firing: Firing, draft: Draft, rule: NoticeRule, unit: str) -> list[tuple[str, str]]:
    """Return (role, recipient) pairs: every holder, or `role@unit` where nobody holds it."""
    found: dict[str, str] = {}
    directory, today = firing.directory, firing.today
    for named in rule.to:
        role = named
        if named == NEXT_SIGNER:
            signs = signing.signs_next(
                firing.event, firing.lifecycle, firing.head, draft.evaluation, draft.change
            )
            if signs is None:
                continue
            role = signs
        places = firing.latest.cooperating if role == "cooperating" else (unit,)
        for place in places:
            if role == "cooperating":
                holders = directory.members(place, today)
            else:
                holders = directory.holders((role,), place, today)
            for holder in holders or (f"{role}@{place}",):
                found.setdefault(holder, role)
    return [(role, recipient) for recipient, role in found.items()]


DRIFT = dt.timedelta(seconds=5)
"""How far the clocks of machines that share a store may differ."""


def check_clock(whose: str, last: dt.datetime, at: dt.datetime) -> None:
    """Raise where `at` lies before the time of the last entry of a project, or of a plan, by more
    than clocks may differ.

    Raises:
        InvalidInput: the clock was set back; both times are named.
    """
    if at >= last - DRIFT:
        return
    now, then = (moment.isoformat(sep=" ", timespec="seconds") for moment in (at, last))
    raise invalid(
        "clock_set_back",
        value=now,
        ko=f"시스템 시각이 마지막 이력보다 이릅니다: 지금 {now}, {whose}의 마지막 이력은 "
        f"{then}. 시계를 맞춘 뒤 다시 하십시오. 아무것도 바뀌지 않았습니다.",
        en=f"the machine's clock was set back: it is {now}, and the last entry of "
        f"{whose} is of {then}; set the clock right and try again: nothing was "
        "written",
    )


def raise_if_stopped(decision: Decision) -> None:
    """Raise what stands against the decision, if anything does.

    Raises:
        InvalidInput: the data has the wrong form, and nothing graver speaks against it.
    """
    graver = [c for c in decision.checks if c.name != "input" and c.reasons]
    if decision.problems and not graver:
        raise InvalidInput(decision.problems)
