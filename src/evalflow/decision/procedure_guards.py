"""Guards of any procedure: in which role and states, on what was given or recorded, from when and
up to when. They know nothing of evaluations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from evalflow.decision.firing import Draft, Firing
from evalflow.errors import Reason
from evalflow.lifecycle.definition import ACTS_AS, Field, GuardSpec, Lifecycle
from evalflow.lifecycle.due import rule_of
from evalflow.model import Label
from evalflow.model.calendar import day_text

if TYPE_CHECKING:
    from evalflow.decision.guards import Guard, Reasons


def acts_as(firing: Firing, after: Draft, *, roles: Sequence[str]) -> Reasons:
    """Refuse unless the actor fires in one of the roles (`by` of a transition)."""
    if firing.grant is None or firing.grant.role in roles:
        return None
    labels = [firing.lifecycle.roles[role].label for role in roles]
    unit = firing.latest.unit_on(firing.today)
    return Reason(
        code="another_role",
        ko=f"이 길은 {', '.join(each.ko for each in labels)}만 갈 수 있습니다.",
        en=f"only the {' or '.join(each.en for each in labels)} may do this from here.",
        who=firing.directory.holders(tuple(roles), unit, firing.today) or tuple(roles),
    )


def in_states(firing: Firing, after: Draft, *, states: Sequence[str]) -> Reasons:
    """Refuse unless the project is in the states: in one of those named of each region (a
    statechart's `In(state)`), so that branches can meet."""
    wanted = (states,) if isinstance(states, str) else tuple(states)
    if among(firing.lifecycle, firing.project.states, {"states": wanted}):
        return None
    labels = firing.lifecycle.states
    lacking = [name for name in wanted if name not in firing.project.states]
    now = [labels[name].label for name in firing.project.states]
    return Reason(
        code="not_in_state",
        ko=f"{', '.join(labels[name].label.ko for name in lacking)} 상태가 되어야 합니다 "
        f"(지금: {', '.join(each.ko for each in now)}).",
        en=f"this needs the state {', '.join(labels[name].label.en for name in lacking)} "
        f"(now: {', '.join(each.en for each in now)}).",
        about=firing.project.id,
    )


def among(lifecycle: Lifecycle, states: Sequence[str], params: Mapping[str, Any]) -> bool:
    """Say whether `in` holds in these states of a project."""
    named = params["states"]
    wanted = (named,) if isinstance(named, str) else tuple(named)
    regions = {lifecycle.states[name].region for name in wanted if name in lifecycle.states}
    met = {lifecycle.states[name].region for name in wanted if name in states}
    return bool(regions) and regions == met


def given(firing: Firing, after: Draft, **params: Any) -> Reasons:
    """Refuse unless a field has such a value: as it is given now, or as it was last recorded, by
    whichever event took it (an exclusive choice, a line of a decision table)."""
    name = params["field"]
    own = next((field for field in firing.event.data if field.name == name), None)
    if own is None:
        value = next((e.data[name] for e in reversed(firing.history) if _has(e.data, name)), None)
    else:
        value = firing.data.get(name)
        if value is None and own.required:
            return None  # the check of required input tells it
    if value is not None and _fits(value, params):
        return None
    field = own or _field(firing.lifecycle, name)
    shown, wanted = _shown(value, field), _wanted(params, field)
    return Reason(
        code="given_otherwise",
        ko=f"'{field.label.ko}'({name}) 항목이 {wanted.ko} 합니다 (지금: {shown.ko}).",
        en=f"'{field.label.en}' ({name}) has to be {wanted.en} (it is: {shown.en}).",
        about=name,
    )


def _has(data: Any, name: str) -> bool:
    return isinstance(data, Mapping) and data.get(name) is not None


def _field(lifecycle: Lifecycle, name: str) -> Field:
    fields = (field for event in lifecycle.events.values() for field in event.data)
    return next(field for field in fields if field.name == name)


def _shown(value: Any, field: Field) -> Label:
    """Return a value as people know it: an option by its label, a flag in words."""
    if value is None:
        return Label("-", "-")
    text = str(value).lower() if isinstance(value, bool) else str(value)[:60]
    return field.options.get(text) or _FLAGS.get(text) or Label(text, text)


_FLAGS = {"true": Label("예", "yes"), "false": Label("아니요", "no")}


_COMPARED: Mapping[str, tuple[Callable[[Decimal, Decimal], bool], str, str]] = {
    "over": (lambda value, limit: value > limit, "{}보다 커야", "over {}"),
    "at_least": (lambda value, limit: value >= limit, "{} 이상이어야", "at least {}"),
    "under": (lambda value, limit: value < limit, "{}보다 작아야", "under {}"),
    "at_most": (lambda value, limit: value <= limit, "{} 이하여야", "at most {}"),
}


def _wanted(params: Mapping[str, Any], field: Field) -> Label:
    ko = [each[1].format(params[key]) for key, each in _COMPARED.items() if key in params]
    en = [each[2].format(params[key]) for key, each in _COMPARED.items() if key in params]
    if "is" in params:
        words = [_shown(word, field) for word in _words(params["is"])]
        ko.append(f"{', '.join(each.ko for each in words)}이어야")
        en.append(" or ".join(each.en for each in words))
    return Label(" 그리고 ".join(ko) or "적혀 있어야", " and ".join(en) or "given")


def _words(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _fits(value: Any, params: Mapping[str, Any]) -> bool:
    if "is" in params:
        told = str(value).lower() if isinstance(value, bool) else str(value)
        if told not in _words(params["is"]):
            return False
    limits = [(_COMPARED[key][0], Decimal(params[key])) for key in _COMPARED if key in params]
    if not limits:
        return True
    figure = _figure(value)
    return figure is not None and all(holds(figure, limit) for holds, limit in limits)


def _figure(value: Any) -> Decimal | None:
    try:
        return None if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None


def _given_apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether no value of one field can be what both uses of `given` ask for."""
    if one["field"] != other["field"]:
        return False
    words = [set(_words(each["is"])) for each in (one, other) if "is" in each]
    if words:
        both = set.intersection(*words)
        return not any(_fits(word, one) and _fits(word, other) for word in both)
    return _apart(
        [(Decimal(use[key]), key) for use in (one, other) for key in _COMPARED if key in use]
    )


def _apart(limits: Sequence[tuple[Decimal, str]]) -> bool:
    """Say whether no figure lies within all the limits."""
    least = [(limit, key == "over") for limit, key in limits if key in ("over", "at_least")]
    most = [(limit, key == "under") for limit, key in limits if key in ("under", "at_most")]
    return any(
        low > high or (low == high and (beyond or below))
        for low, beyond in least
        for high, below in most
    )


def until(firing: Firing, after: Draft, **rule: Any) -> Reasons:
    """Refuse once the day has passed up to which a right lasts. Nobody owes a right: it has no due
    date, and what was not used lapses."""
    day = firing.situation.day_of(rule_of(rule), "")
    if day is None:
        return Reason(
            code="not_yet_open",
            ko="아직 할 수 있는 기간이 시작되지 않았습니다.",
            en="the time for it has not begun yet.",
        )
    if firing.today <= day:
        return None
    return Reason(
        code="lapsed",
        ko=f"{day_text(day, 'ko')}까지 할 수 있었습니다.",
        en=f"this was possible until {day}.",
        since=day,
    )


def not_before(firing: Firing, after: Draft, **rule: Any) -> Reasons:
    """Refuse before the day from which something may be done."""
    day = firing.situation.day_of(rule_of(rule), "")
    if day is not None and firing.today >= day:
        return None
    if day is None:
        ko = "아직 할 수 있는 날이 정해지지 않았습니다."
        en = "the day from which this is possible is not known yet."
    else:
        ko, en = f"{day_text(day, 'ko')}부터 할 수 있습니다.", f"possible from {day}."
    return Reason(code="too_early", ko=ko, en=en, since=day)


def passed(firing: Firing, after: Draft, **rule: Any) -> Reasons:
    """Refuse until the day of the rule has passed whole: what follows once nobody can use the time
    any more. Where that day moves off a holiday, so does this: once the day is known, either
    `until` or `passed` of one rule holds, and never both."""
    day = firing.situation.day_of(rule_of(rule), "")
    if day is not None and firing.today > day:
        return None
    if day is None:
        ko = "아직 지나야 할 기간이 시작되지 않았습니다."
        en = "the time that has to pass has not begun yet."
    else:
        ko, en = f"{day_text(day, 'ko')}이(가) 지나야 할 수 있습니다.", f"possible after {day}."
    return Reason(code="too_early", ko=ko, en=en, since=day)


def overdue(firing: Firing, after: Draft, *, of: str) -> Reasons:
    """Refuse until another event is late: what follows from a lapse (such as what the clock fires)
    must wait for it."""
    label, due = firing.lifecycle.events[of].label, firing.deadline(of)
    if due is not None and firing.today > due:
        return None
    if due is None:
        ko, en = "기한이 아직 정해지지 않았습니다", "has no due date yet"
    else:
        ko = f"기한({day_text(due, 'ko')})이 아직 지나지 않았습니다"
        en = f"is not late before {due} has passed"
    return Reason(
        code="not_overdue", ko=f"'{label.ko}'의 {ko}.", en=f"'{label.en}' {en}.", about=of
    )


def those_about(
    firing: Firing,
    after: Draft,
    *,
    states: Sequence[str],
    lifecycle: str | None = None,
    at_least: str | None = None,
) -> Reasons:
    """Refuse until the projects that are about this one (`about` in their plans) are in one of the
    states of their own lifecycle: all of them or, with `at_least`, so many, however the others
    stand. `lifecycle` names whose projects count. They are looked at, never touched (a parent
    that waits for its children; an N-out-of-M join)."""
    wanted = (states,) if isinstance(states, str) else tuple(states)
    children = [
        each
        for each in firing.those_about
        if lifecycle is None or each.lifecycle.partition("/")[0] == lifecycle
    ]
    lacking = [each for each in children if set(each.states).isdisjoint(wanted)]
    then = ", ".join(wanted)
    if at_least is not None:
        there = len(children) - len(lacking)
        if there >= int(at_least):
            return None
        return Reason(
            code="too_few_about",
            ko=f"{firing.project.id}에 관한 사업 가운데 {then} 상태인 것이 {at_least}건 이상이어야 "
            f"합니다 (지금: {len(children)}건 가운데 {there}건).",
            en=f"of what is about {firing.project.id} at least {at_least} have to be {then} "
            f"(now: {there} of {len(children)}).",
            about=firing.project.id,
        )
    return [
        Reason(
            code="those_about_open",
            ko=f"{each.id} 「{each.label.ko}」이(가) 아직 {', '.join(each.states)} 상태입니다 "
            f"({then} 상태가 되어야 합니다).",
            en=f"{each.id} '{each.label.en}' is still {', '.join(each.states)}; it has to be "
            f"{then}.",
            about=each.id,
        )
        for each in lacking
    ]


def voted(firing: Firing, after: Draft, *, event: str, **params: Any) -> Reasons:
    """Refuse unless enough people (`at_least`, or a `share` of those who hold the role `by`), or no
    more than `at_most`, have fired the event in this period, since `since` (one of several) was
    fired last.

    One person counts once, by what they fired last; with `field` and `is` only who gave one of
    these values then, with `by` only who fired in that role. The firing in hand counts too.
    """
    role, since = params.get("by"), _words(params.get("since", ()))
    cast: dict[str, tuple[Any, str]] = {}
    for entry in firing.history:
        if entry.event in since:
            cast.clear()
        if entry.event == event and entry.period == firing.project.period:
            cast[entry.actor] = entry.data, entry.role
    if firing.event.name in since:
        cast.clear()
    if firing.event.name == event and firing.grant is not None:
        cast[firing.actor.id] = firing.data, firing.grant.role
    counted = sum(
        1
        for data, held in cast.values()
        if role in (None, held) and ("field" not in params or _says(data, params))
    )
    needed, members = _needed(firing, params)
    label = firing.lifecycle.events[event].label
    said = _said_in_vote(firing, event, params)
    if counted < needed:
        return Reason(
            code="too_few_votes",
            ko=f"'{label.ko}'{said.ko}: {needed}명 이상이어야 합니다 (지금 {counted}명).",
            en=f"'{label.en}'{said.en}: at least {needed} people are needed (now {counted}).",
            who=members,
            about=event,
        )
    if "at_most" in params and counted > int(params["at_most"]):
        return Reason(
            code="too_many_votes",
            ko=f"'{label.ko}'{said.ko}: {params['at_most']}명 이하여야 합니다 (지금 {counted}명).",
            en=f"'{label.en}'{said.en}: at most {params['at_most']} people may have done so (now "
            f"{counted}).",
            about=event,
        )
    return None


def _says(data: Any, params: Mapping[str, Any]) -> bool:
    value = data.get(params["field"]) if isinstance(data, Mapping) else None
    return value is not None and _fits(value, {"is": params["is"]} if "is" in params else {})


def _needed(firing: Firing, params: Mapping[str, Any]) -> tuple[int, tuple[str, ...]]:
    """Return how many people are needed, and who hold the role that is asked for."""
    unit = firing.latest.unit_on(firing.today)
    role = params.get("by")
    members = () if role is None else firing.directory.holders((role,), unit, firing.today)
    needed = int(params.get("at_least", 0))
    if "share" in params:  # of nobody there is no majority
        needed = max(needed, _SHARES[params["share"]](len(members)), 1)
    return needed, members


_SHARES: Mapping[str, Callable[[int], int]] = {
    "majority": lambda members: members // 2 + 1,
    "two_thirds": lambda members: -(-2 * members // 3),
    "all": lambda members: members,
}


_COUNTED_BY = ("event", "field", "is", "by", "since")


def _counts_apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether one count cannot be what both uses of `voted` ask for."""
    if any(one.get(key) != other.get(key) for key in _COUNTED_BY):
        return False
    return _apart([(Decimal(u[k]), k) for u in (one, other) for k in _BOUNDS if k in u])


_BOUNDS = ("at_least", "at_most")


def _said_in_vote(firing: Firing, event: str, params: Mapping[str, Any]) -> Label:
    """Return what the votes that count say, in brackets; nothing where every one counts."""
    if "field" not in params:
        return Label("", "")
    data = firing.lifecycle.events[event].data
    field = next(field for field in data if field.name == params["field"])
    words = [_shown(word, field) for word in _words(params.get("is", ()))] or [field.label]
    return Label(
        f" ({', '.join(each.ko for each in words)})", f" ({' or '.join(e.en for e in words)})"
    )


def _spec(name: str, ko: str, en: str, **rest: Any) -> GuardSpec:
    return GuardSpec(name=name, label=Label(ko, en), **rest)


PROCEDURE_GUARDS: tuple[tuple[GuardSpec, Guard], ...] = (
    (
        _spec(
            ACTS_AS,
            "역할",
            "in a role",
            params={"roles": None},
            required=("roles",),
            names={"roles": "role"},
        ),
        acts_as,
    ),
    (
        _spec(
            "in",
            "다른 영역의 상태",
            "in the states",
            params={"states": None},
            required=("states",),
            names={"states": "state"},
            looks_at="period",
            among=among,
        ),
        in_states,
    ),
    (
        _spec(
            "given",
            "적힌 값",
            "given or recorded",
            params=dict.fromkeys(("field", "is", *_COMPARED)),
            required=("field",),
            names={"field": "field", "is": "option"},
            figures=frozenset(_COMPARED),
            singles=frozenset({"field"}),
            recorded="field",
            excludes=_given_apart,
        ),
        given,
    ),
    (_spec("until", "할 수 있는 기간", "until a day", rule=True, history=True), until),
    (_spec("not_before", "시작일", "not before a day", rule=True, history=True), not_before),
    (_spec("passed", "기간 경과", "a time has passed", rule=True, history=True), passed),
    (
        _spec(
            "overdue",
            "기한 경과",
            "overdue",
            params={"of": None},
            required=("of",),
            names={"of": "event"},
            singles=frozenset({"of"}),
            deadlines=True,
        ),
        overdue,
    ),
    (
        _spec(
            "those_about",
            "이 사업에 관한 사업의 상태",
            "those about it are in the states",
            params=dict.fromkeys(("states", "lifecycle", "at_least")),
            required=("states",),
            wholes=frozenset({"at_least"}),
            singles=frozenset({"lifecycle"}),
            those_about=True,
        ),
        those_about,
    ),
    (
        _spec(
            "voted",
            "여러 사람의 의견",
            "so many people did",
            params={
                **dict.fromkeys(("event", "field", "is", "by", "since", "at_least", "at_most")),
                "share": tuple(_SHARES),
            },
            required=("event",),
            names={
                "event": "event",
                "field": "field",
                "is": "option",
                "by": "role",
                "since": "event",
            },
            wholes=frozenset({"at_least", "at_most"}),
            singles=frozenset({"event", "field", "by"}),
            some_of=("at_least", "at_most", "share"),
            depends={"is": "field", "share": "by"},
            history=True,
            excludes=_counts_apart,
        ),
        voted,
    ),
)
