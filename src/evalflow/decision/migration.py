"""Migration: a project is moved to another version of its lifecycle, by an entry of its own. Pure.

No lifecycle defines this event; it stands beside `adopt` and `revise`. It is decided like a
firing, so that it is planned, reviewed and applied as a batch.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import attrs

from evalflow.decision.decide import Check, Decision, Setting
from evalflow.errors import InvalidInput, Problem, Reason
from evalflow.lifecycle.definition import Event, Field, Lifecycle
from evalflow.lifecycle.state_mapping import carry, closes_changes
from evalflow.model import Actor, Entry, Label, Move, Snapshot

MIGRATE = "migrate"
"""The event of the entry by which a project gets another lifecycle."""

FIELDS = (
    Field(name="lifecycle", type="text", label=Label("새 절차", "New lifecycle"), required=True),
    Field(name="states", type="text", label=Label("상태 대응", "States")),
    Field(name="reason", type="reason", label=Label("사유", "Reason"), required=True),
)


def migrate(
    snapshot: Snapshot,
    actor: Actor,
    at: dt.datetime,
    data: Mapping[str, Any],
    setting: Setting,
    new: Lifecycle,
    *,
    key: str | None = None,
) -> Decision:
    """Decide whether the actor may move the project to the lifecycle `new`, and draft it.

    `data["states"]` says where states of the old lifecycle lead to (see `carry`);
    `data["reason"]` is required. Those may who may adopt plans under the lifecycle in force.

    Raises:
        InvalidInput: `states` is no mapping, or names what neither lifecycle has.
    """
    project, old = snapshot.project, setting.lifecycle
    mapping = _mapping(data.get("states") or {}, old, new)
    today = setting.calendar.today(at)
    event = Event(
        name=MIGRATE,
        label=Label("절차 이행", "Migrate"),
        by=old.adopted_by,
        transitions=(),
        leads=next(iter(old.regions)),
        data=FIELDS,
    )
    after, stranded = carry(project.states, old, new, mapping)
    reasons = list(stranded)
    if new.fingerprint == old.fingerprint:
        ko = f"이미 {new.fingerprint} 절차를 따릅니다."
        reasons = [Reason(code="same_lifecycle", ko=ko, en=f"it is on {new.fingerprint} already")]
    elif project.change is not None and not closes_changes(new):
        ko, en = (
            "진행 중인 변경을 새 절차에서는 마칠 수 없습니다.",
            "its open change could not come to an end under the new lifecycle",
        )
        reasons.append(Reason(code="open_change", ko=ko, en=en))
    grants = setting.directory.grants_for(actor, old.adopted_by, setting.head.office, today)
    no_right: tuple[Reason, ...] = ()
    if not grants:
        labels = {name: role.label for name, role in old.roles.items()}
        no_right = (
            setting.directory.why_not(actor, old.adopted_by, setting.head.office, today, labels),
        )
    reason = data.get("reason")
    unsaid = () if isinstance(reason, str) and reason.strip() else (_UNSAID,)
    checks = (
        Check("state", tuple(reasons)),
        Check("role", no_right),
        Check("unit"),
        Check("duties"),
        Check("guards"),
        Check("input", unsaid),
    )
    move = None
    if all(check.passed for check in checks):
        unit = setting.latest.unit_on(today)
        entry = Entry(
            project=project.id,
            number=project.version + 1,
            event=MIGRATE,
            actor=actor.id,
            role=grants[0].role,
            on_behalf_of=grants[0].on_behalf_of,
            at=at,
            before=project.states,
            after=after,
            period=project.period,
            period_after=project.period,
            unit=unit,
            revision=setting.head.revision,
            lifecycle=new.fingerprint,
            reason=reason,
            data={"from": old.fingerprint, "states": dict(mapping)},
            key=key,
            previous=project.head,
        ).sealed()
        visits = tuple(
            project.visits[place] if project.states[place : place + 1] == (state,) else entry.number
            for place, state in enumerate(after)
        )
        moved = attrs.evolve(
            project,
            unit=unit,
            states=after,
            visits=visits,
            version=entry.number,
            lifecycle=new.fingerprint,
            head=entry.hash,
        )
        move = Move(project=moved, expected=project.version, entry=entry)
    return Decision(
        snapshot=snapshot,
        event=event,
        actor=actor,
        grant=grants[0] if grants else None,
        at=at,
        checks=checks,
        problems=(),
        needs=FIELDS,
        move=move,
        late=None,
        deadline=None,
    )


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
