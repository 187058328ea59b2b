"""Migration: a project is moved to another version of its lifecycle, by an entry of its own. Pure.

No lifecycle defines this event; it stands beside `adopt` and `revise`. It is decided like a
firing, so that it is planned, reviewed and applied as a batch.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from evalflow.decision.adoption import revising
from evalflow.decision.decide import Check, Decision, entitled
from evalflow.decision.entries import following, moved
from evalflow.decision.situation import Situation
from evalflow.errors import InvalidInput, Problem, Reason
from evalflow.files.words import IN_WORDS, has_words
from evalflow.lifecycle.change_procedure import change_event
from evalflow.lifecycle.definition import Event, Field, Lifecycle
from evalflow.lifecycle.state_mapping import carry, closes_changes
from evalflow.model import Actor, Evaluation, Label, Move, PlanHead

MIGRATE = "migrate"
"""The event of the entry by which a project gets another lifecycle."""

FIELDS = (
    Field(name="lifecycle", type="text", label=Label("새 절차", "New lifecycle"), required=True),
    Field(name="states", type="text", label=Label("상태 대응", "States")),
    Field(name="reason", type="reason", label=Label("사유", "Reason"), required=True),
)


def migration(old: Lifecycle, head: PlanHead) -> Event:
    """Return the event by which a project leaves this lifecycle: those may fire it who may revise
    the plan."""
    return Event(
        name=MIGRATE,
        label=Label("절차 이행", "Migrate"),
        by=revising(old, head),
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
) -> Decision:
    """Decide whether the actor may move the project to the lifecycle `new`, and draft it: the same
    checks as for any event, of the office's own unit.

    `data["states"]` says where states of the old lifecycle lead to (see `carry`), otherwise than
    what the new lifecycle says that it `replaces`; `data["reason"]` is required. `again` decides
    one of the past once more, for verification.

    Raises:
        InvalidInput: `states` is no mapping, or names what neither lifecycle has.
    """
    project, old = situation.project, situation.lifecycle
    shipped = new.replaces.get(f"{old.name}/{old.version}", {})
    shipped = {one: other for one, other in shipped.items() if one in old.states}
    mapping = {**shipped, **_mapping(data.get("states") or {}, old, new)}
    today = situation.calendar.today(at)
    event = migration(old, situation.head)
    after, stranded = carry(project.states, old, new, mapping)
    reasons = tuple(stranded)
    if new.fingerprint == old.fingerprint:
        ko = f"이미 {new.fingerprint} 절차를 따릅니다."
        reasons = (Reason(code="same_lifecycle", ko=ko, en=f"it is on {new.fingerprint} already"),)
    elif project.change is not None and not closes_changes(new):
        ko, en = (
            "진행 중인 변경을 새 절차에서는 마칠 수 없습니다.",
            "its open change could not come to an end under the new lifecycle",
        )
        reasons = (*reasons, Reason(code="open_change", ko=ko, en=en))
    if change_event(old) is not None and change_event(new) is None:
        ko, en = (
            "새 절차에는 변경절차가 없습니다. 목표와 사업비를 변경절차 없이 바꿀 수 있게 됩니다.",
            "the new lifecycle has no change procedure, so targets and budgets could be changed "
            "without one",
        )
        reasons = (*reasons, Reason(code="no_change_procedure", ko=ko, en=en))
    if not again:  # earlier releases did not ask it
        reasons = (*reasons, *_dropped(situation.snapshot.evaluation, old, new))
    right = entitled(situation, event, actor, situation.head.office, today)
    reason = data.get("reason")
    unsaid: tuple[Reason, ...] = ()
    if not isinstance(reason, str) or not reason.strip():
        unsaid = (_UNSAID,)
    elif not has_words(reason):
        ko, en = (said.format(reason) for said in IN_WORDS)
        unsaid = (Reason(code="bad_data", ko=ko, en=en, about="reason"),)
    checks = (Check("state", reasons), *right.checks, Check("guards"), Check("input", unsaid))
    move = None
    if right.grant is not None and all(check.passed for check in checks):
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
            data={"from": old.fingerprint, "states": dict(mapping)},
            key=key,
        )
        visits = tuple(
            project.visits[place] if project.states[place : place + 1] == (state,) else entry.number
            for place, state in enumerate(after)
        )
        move = Move(
            project=moved(project, entry, visits=visits), expected=project.version, entry=entry
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


def _dropped(evaluation: Evaluation, old: Lifecycle, new: Lifecycle) -> tuple[Reason, ...]:
    """Return a reason for each event by whose name the evaluation still says something, and which
    the new lifecycle lacks: who did it may not do another (D9), or it was given a later day."""
    separated = {name for duty in old.duties for name in duty.whoever}
    done = {act.event for act in evaluation.acts if act.event in separated}
    reasons = []
    for names, ko, en in (
        (done, "직무 분리", "separation of duties"),
        (set(evaluation.extensions), "기한 연장", "its extended deadline"),
    ):
        for name in sorted(names - set(new.events)):
            label = old.events[name].label if name in old.events else Label(name, name)
            reasons.append(
                Reason(
                    code="event_dropped",
                    ko=f"새 절차에는 '{label.ko}'({name})이(가) 없어 이번 기간의 {ko}이(가) "
                    "효력을 잃습니다. 같은 이름을 두거나 이 기간을 마친 뒤에 이행하십시오.",
                    en=f"the new lifecycle has no '{label.en}' ({name}), on which {en} of this "
                    "period rests: keep the name, or migrate when the period is over",
                    about=name,
                )
            )
    return tuple(reasons)


def _mapping(given: Any, old: Lifecycle, new: Lifecycle) -> Mapping[str, str]:
    if not isinstance(given, Mapping):
        raise InvalidInput([_wrong("states", str(given), "옛 상태: 새 상태", "old: new")])
    problems = [
        _wrong("states", str(name), f"{what} {', '.join(known)}", f"one of {', '.join(known)}")
        for what, known, names in (
            ("옛 상태:", old.states, given.keys()),
            ("새 상태:", new.states, given.values()),
        )
        for name in names
        if name not in known
    ]
    if problems:
        raise InvalidInput(problems)
    return {str(one): str(other) for one, other in given.items()}


def _wrong(path: str, value: str, ko: str, en: str) -> Problem:
    return Problem(
        code="unknown_state",
        path=path,
        value=value[:60],
        ko=f"'{value[:60]}': 상태가 아닙니다 ({ko})",
        en=f"'{value[:60]}' is no state (expected {en})",
    )


_UNSAID = Reason(
    code="data_missing",
    ko="절차를 바꾸려면 사유를 적어야 합니다.",
    en="a migration needs a written reason.",
    about="reason",
)
