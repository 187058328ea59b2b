"""Migration: a project is moved to another version of its lifecycle, by an entry of its own. Pure.

No lifecycle defines this event; it stands beside `adopt` and `revise`. It is decided like a
firing, so that it is planned, reviewed and applied as a batch.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import attrs

from evalflow.decision.adoption import confirming, revising
from evalflow.decision.decide import Check, Decision, entitled
from evalflow.decision.entries import following, moved
from evalflow.decision.second_person import lacking_second
from evalflow.decision.situation import Situation
from evalflow.errors import InvalidInput, Problem, Reason
from evalflow.files.words import IN_WORDS, has_words
from evalflow.lifecycle.change_procedure import asked_before_deciding, change_event, deciders
from evalflow.lifecycle.definition import Event, Field, Lifecycle
from evalflow.lifecycle.state_mapping import carry, closes_changes
from evalflow.model import Actor, Evaluation, Label, Move, PlanEntry, PlanHead, Project
from evalflow.model.canonical import digest
from evalflow.model.history import MIGRATE
from evalflow.model.host_word import with_host

FIELDS = (
    Field(name="lifecycle", type="text", label=Label("새 절차", "New lifecycle"), required=True),
    Field(name="states", type="text", label=Label("상태 대응", "States")),
    Field(name="events", type="text", label=Label("처리 대응", "Events")),
    Field(name="reason", type="reason", label=Label("사유", "Reason"), required=True),
)


def migration(old: Lifecycle, head: PlanHead, *, proposed: bool = False) -> Event:
    """Return the event by which a project leaves this lifecycle: those may fire it who may revise
    the plan; where somebody `proposed` it, those who may confirm a revision, too."""
    by = revising(old, head)
    return Event(
        name=MIGRATE,
        label=Label("절차 전환", "Migrate"),
        by=tuple(dict.fromkeys((*by, *confirming(old, head)))) if proposed else by,
        transitions=(),
        leads=next(iter(old.regions)),
        data=FIELDS,
    )


def migrate(
    situation: Situation,
    actor: Actor,
    at: dt.datetime,
    data: Mapping[str, Any],
    new: Lifecycle,
    *,
    key: str | None = None,
    again: bool = False,
    proposed: PlanEntry | None = None,
) -> Decision:
    """Decide whether the actor may move the project to the lifecycle `new`, and draft it: the same
    checks as for any event, of the office's own unit.

    `data["states"]` says where states of the old lifecycle lead to (see `carry`), otherwise than
    what the new lifecycle says that it `replaces`; `data["reason"]` is required. `again` decides
    one of the past once more, for verification.

    `data["events"]` says which event of the new lifecycle one of the old becomes; those that both
    know keep their names. What was done in the period under a separation of duties is carried
    along under the new name, or the migration is refused: nobody becomes free to review themselves.

    `proposed` is the migration that waits for a second person in the plan's history: whoever would
    gain by the new rules, and everybody where the plan asks for it, needs another person to have
    proposed just this one (see `second_person`).

    Raises:
        InvalidInput: `states` or `events` is no mapping, or names what neither lifecycle has.
    """
    project, old = situation.project, situation.lifecycle
    shipped = new.replaces.get(f"{old.name}/{old.version}", {})
    shipped = {one: other for one, other in shipped.items() if one in old.states}
    mapping = {**shipped, **_mapping(data.get("states") or {}, "states", old.states, new.states)}
    events = _mapping(data.get("events") or {}, "events", old.events, new.events)
    evaluation, forgotten = _carried(situation.snapshot.evaluation, old, new, events)
    today = situation.calendar.today(at)
    event = migration(old, situation.head, proposed=proposed is not None)
    after, stranded = carry(project.states, old, new, mapping)
    reasons = (*_against(project, old, new, stranded),)
    if not again:  # earlier releases did not ask it
        reasons = (*reasons, *_weaker(old, new, situation.head), *forgotten)
    right = entitled(situation, event, actor, situation.head.office, today)
    role, unit, duties = right.checks
    if right.grant is not None and new.fingerprint != old.fingerprint:
        lacks = lacking_second(
            head=situation.head,
            directory=situation.directory,
            old=old,
            new=new,
            states=mapping,
            events=events,
            actor=actor,
            on_behalf_of=right.grant.on_behalf_of,
            proposed=proposed,
        )
        # Before plans had a history there was nowhere to propose it.
        if lacks is not None and situation.snapshot.plan_head:
            duties = attrs.evolve(duties, reasons=(*duties.reasons, lacks))
    reason = data.get("reason")
    unsaid = Check("input", (*_wrong_reason(reason),))
    checks = (Check("state", reasons), role, unit, duties, Check("guards"), unsaid)
    move = None
    if right.grant is not None and all(check.passed for check in checks):
        written = None
        if evaluation is not situation.snapshot.evaluation:
            written = attrs.evolve(evaluation, number=project.version + 1)
        entry = following(
            project,
            event=MIGRATE,
            actor=actor.id,
            role=right.grant.role,
            on_behalf_of=right.grant.on_behalf_of,
            at=at,
            after=after,
            unit=situation.latest.unit_on(today),
            revision=situation.head.revision,
            plan_head=situation.snapshot.plan_head,
            lifecycle=new.fingerprint,
            reason=reason,
            data=with_host(
                {
                    "from": old.fingerprint,
                    "states": dict(mapping),
                    **({"events": dict(events)} if events else {}),
                },
                situation.directory.heard(),
            ),
            evaluation="" if written is None else digest(written.text()),
            key=key,
        )
        visits = tuple(
            project.visits[place] if project.states[place : place + 1] == (state,) else entry.number
            for place, state in enumerate(after)
        )
        move = Move(
            project=moved(project, entry, visits=visits),
            expected=project.version,
            entry=entry,
            evaluation=written,
        )
    return Decision(
        snapshot=situation.snapshot,
        event=event,
        actor=actor,
        grant=right.grant,
        at=at,
        checks=checks,
        problems=(),
        needs=FIELDS,
        move=move,
        late=None,
        deadline=None,
    )


def _against(
    project: Project, old: Lifecycle, new: Lifecycle, stranded: Iterable[Reason]
) -> Iterator[Reason]:
    """Yield why the project cannot go on under the new lifecycle; `stranded` says which of its
    states lead nowhere."""
    if new.fingerprint == old.fingerprint:
        ko = f"이미 {new.fingerprint} 절차를 따릅니다."
        yield Reason(code="same_lifecycle", ko=ko, en=f"it is on {new.fingerprint} already")
    else:
        yield from stranded
        if project.change is not None and not closes_changes(new):
            yield Reason(
                code="open_change",
                ko="진행 중인 변경을 새 절차에서는 마칠 수 없습니다.",
                en="its open change could not come to an end under the new lifecycle",
            )
    if change_event(old) is not None and change_event(new) is None:
        yield Reason(
            code="no_change_procedure",
            ko="새 절차에는 변경절차가 없습니다. 목표와 사업비를 변경절차 없이 바꿀 수 있게 "
            "됩니다.",
            en="the new lifecycle has no change procedure, so targets and budgets could be changed "
            "without one",
        )


def _wrong_reason(reason: object) -> Iterator[Reason]:
    """Yield what is wrong with the written reason."""
    if not isinstance(reason, str) or not reason.strip():
        yield _UNSAID
    elif not has_words(reason):
        ko, en = (said.format(reason) for said in IN_WORDS)
        yield Reason(code="bad_data", ko=ko, en=en, about="reason")


def _weaker(old: Lifecycle, new: Lifecycle, head: PlanHead) -> Iterator[Reason]:
    """Yield why a change would be easier to put into force than before: by somebody else, or
    without what was asked before (R43, R58)."""
    if change_event(old) is None or change_event(new) is None:
        return
    others = deciders(new, head.lines) - deciders(old, head.lines)
    if others:
        listed_ko = ", ".join(new.roles[each].label.ko for each in sorted(others))
        listed_en = ", ".join(new.roles[each].label.en for each in sorted(others))
        yield Reason(
            code="weaker_change_procedure",
            ko=f"새 절차에서는 지금 변경을 결정할 수 없는 역할도 변경을 결정합니다: {listed_ko}. "
            "변경절차는 다음 계획에서 정하십시오.",
            en=f"under the new lifecycle a change is decided by roles that do not decide now: "
            f"{listed_en}; set the change procedure in the next plan.",
            who=tuple(sorted(others)),
        )
    lacking = asked_before_deciding(old) - asked_before_deciding(new)
    if lacking:
        listed = ", ".join(sorted(lacking))
        yield Reason(
            code="weaker_change_procedure",
            ko=f"새 절차에서는 변경을 결정하기 전에 지금 확인하는 것이 빠집니다: {listed}. "
            "변경절차는 다음 계획에서 정하십시오.",
            en=f"under the new lifecycle a change is decided without what is asked now: {listed}; "
            "set the change procedure in the next plan.",
            about=listed,
        )


def _carried(
    evaluation: Evaluation, old: Lifecycle, new: Lifecycle, events: Mapping[str, str]
) -> tuple[Evaluation, tuple[Reason, ...]]:
    """Return the evaluation with its acts and extensions under the events' new names, and the
    reasons why some of its acts would no longer bar anybody."""
    barring = {event for duty in old.duties for event in duty.whoever}
    still = {event for duty in new.duties for event in duty.whoever}
    done = {act.event for act in evaluation.acts if act.event in barring}
    reasons = []
    for names, there, ko, en in (
        (done, still, "직무 분리", "separation of duties"),
        (set(evaluation.extensions), set(new.events), "기한 연장", "its extended deadline"),
    ):
        for name in sorted(each for each in names if events.get(each, each) not in there):
            label = old.events[name].label if name in old.events else Label(name, name)
            known = ", ".join(sorted(there)) or "-"
            reasons.append(
                Reason(
                    code="event_dropped",
                    ko=f"새 절차에서는 '{label.ko}'({name})에 걸린 이번 기간의 {ko}이(가) 효력을 "
                    f"잃습니다. 새 절차의 어느 처리인지 정하거나(가능: {known}), 기간을 마치고 "
                    "전환하십시오.",
                    en=f"under the new lifecycle {en} of this period, which rests on "
                    f"'{label.en}' ({name}), would be lost: say which of its events it is (there "
                    f"are: {known}), or migrate when the period is over",
                    about=name,
                )
            )
    if not any(
        each in events for each in (*(a.event for a in evaluation.acts), *evaluation.extensions)
    ):
        return evaluation, tuple(reasons)
    acts = tuple([attrs.evolve(a, event=events.get(a.event, a.event)) for a in evaluation.acts])
    extensions = {events.get(name, name): day for name, day in evaluation.extensions.items()}
    extended = {events.get(name, name): times for name, times in evaluation.extended.items()}
    carried = attrs.evolve(evaluation, acts=acts, extensions=extensions, extended=extended)
    return carried, tuple(reasons)


_WHAT = {"states": ("상태", "state"), "events": ("처리", "event")}


def _mapping(
    given: Any, path: str, old: Collection[str], new: Collection[str]
) -> Mapping[str, str]:
    ko, _ = _WHAT[path]
    if not isinstance(given, Mapping):
        raise InvalidInput([_wrong(path, str(given), f"옛 {ko}: 새 {ko}", "old: new")])
    problems = [
        _wrong(path, str(name), f"{what} {', '.join(known)}", f"one of {', '.join(known)}")
        for what, known, names in (
            (f"옛 {ko}:", old, given.keys()),
            (f"새 {ko}:", new, given.values()),
        )
        for name in names
        if name not in known
    ]
    if problems:
        raise InvalidInput(problems)
    return {str(one): str(other) for one, other in given.items()}


def _wrong(path: str, value: str, ko: str, en: str) -> Problem:
    what_ko, what_en = _WHAT[path]
    return Problem(
        code=f"unknown_{what_en}",
        path=path,
        value=value[:60],
        ko=f"'{value[:60]}': {what_ko}이(가) 아닙니다 ({ko})",
        en=f"'{value[:60]}' is no {what_en} (expected {en})",
    )


_UNSAID = Reason(
    code="data_missing",
    ko="절차를 바꾸려면 사유를 적어야 합니다.",
    en="a migration needs a written reason.",
    about="reason",
)
