"""What was recorded beside a rating, as people read it: opinions, evidence, visits, signatures,
follow-up. Fields are told by their type and label, whatever lifecycle they are of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from evalflow.decision.actions import VISIT_NOTICES
from evalflow.decision.follow_up import FOLLOW_UP
from evalflow.decision.signing import COOPERATE, DRAFT, SETTLE, SIGN_LINE

if TYPE_CHECKING:
    from evalflow.cli.session import Session
    from evalflow.lifecycle.definition import Event, Lifecycle
    from evalflow.model import Entry, Evaluation, PlanHead

_TOLD = frozenset(
    {"text", "texts", "visit", "measures", "sign_off", "document", "flag", "cards", "reason"}
)


_BESIDE = frozenset({"text", "texts", "visit", "reason"})


def in_entry(session: Session, event: Event | None, entry: Entry) -> str:
    """Return what an entry says beside figures and its reason: one line."""
    fields = () if event is None else event.data
    return "; ".join(
        said
        for field in fields
        if (value := entry.data.get(field.name)) and field.type in _TOLD
        if field.type != "reason" or value != entry.reason  # that one has its own place
        for said in [_field(session, field.type, session.label(field.label), value)]
    )


def beside_rating(
    session: Session, lifecycle: Lifecycle, head: PlanHead, evaluation: Evaluation
) -> Iterator[str]:
    """Yield what stands beside the rating: what was said and looked at (R36), visits and their
    notices (R54), who signed (R5), the follow-up (R16)."""
    facts, told = evaluation.facts, set()
    for event in lifecycle.events.values():
        for field in event.data:
            value = facts.get(field.name)
            if value and field.type in _BESIDE and field.name not in told:
                told.add(field.name)
                yield _field(session, field.type, session.label(field.label), value)
    for notice in facts.get(VISIT_NOTICES, ()):
        told_on, day = _day(session, notice["on"]), _day(session, notice["visit"])
        yield session.say(
            f"현장확인 통지: {told_on} ({day} 예정)", f"Visit of {day} announced on {told_on}"
        )
    line = facts.get(SIGN_LINE, ())
    if line:
        signed = " → ".join(signature(session, lifecycle, each) for each in line)
        yield session.say(f"결재: {signed}", f"Signed: {signed}")
    if FOLLOW_UP in facts:
        yield from _follow_up(session, head, facts[FOLLOW_UP])


def reviewed(session: Session, lifecycle: Lifecycle, evaluation: Evaluation) -> str:
    """Return in a few words what the review stands on, for a column: how much evidence, which day
    somebody went there, whether the reviewer has an opinion."""
    facts, events = evaluation.facts, lifecycle.events.values()
    rating = [event for event in events if not _RATES.isdisjoint(event.actions)]
    reviews = [event for event in rating if "review_rating" in event.actions]
    evidence = sum(len(facts[name]) for name in _named(rating, "texts", facts))
    visits = [_day(session, facts[name]["on"]) for name in _named(rating, "visit", facts)]
    said = [
        session.say(f"증빙 {evidence}", f"evidence {evidence}") if evidence else "",
        *[session.say(f"현장 {day}", f"visit {day}") for day in visits],
        session.say("의견", "opinion") if _named(reviews, "text", facts) else "",
    ]
    return " · ".join(each for each in said if each) or "-"


_RATES = frozenset({"self_rating", "review_rating", "spot_rating"})


def _named(events: Iterable[Event], kind: str, facts: Mapping[str, Any]) -> list[str]:
    """Return the fields of this type that the events take and the facts have, each once."""
    names = (field.name for event in events for field in event.data if field.type == kind)
    return [name for name in dict.fromkeys(names) if facts.get(name)]


def _day(session: Session, day: str) -> str:
    """Return a recorded day as people write it."""
    return session.day(dt.date.fromisoformat(day))


def signature(session: Session, lifecycle: Lifecycle, signed: Mapping[str, Any]) -> str:
    """Return one step of a line of signatures: 代 marks the one who acted (R2)."""
    role = lifecycle.roles.get(signed["role"])
    name = signed["role"] if role is None else session.label(role.label)
    who = acting(session, signed["actor"], signed.get("for"))
    step = signed.get("step")
    marks = [
        session.say("기안", "draft") if step == DRAFT else "",
        session.say("협조", "agrees") if step == COOPERATE and not signed.get("dissent") else "",
        session.say("협조, 이견", "dissents") if signed.get("dissent") else "",
        session.say("이견 조정", "settled the dissent") if step == SETTLE else "",
        signed["opinion"] if signed.get("opinion") else "",
        session.say("전결", "delegated") if signed.get("delegated") else "",
        session.say(
            f"서면, {signed.get('entered_by')} 등록",
            f"on paper, entered by {signed.get('entered_by')}",
        )
        if signed.get("paper")
        else "",
    ]
    marked = ", ".join(each for each in marks if each)
    return f"{name} {who} {_day(session, signed['on'])}" + (f" [{marked}]" if marked else "")


def acting(session: Session, actor: str, behalf: str | None) -> str:
    """Return who acted; 代 stands before the one who did, for another."""
    if behalf is None:
        return actor
    return session.say(f"代 {actor} ({behalf} 대결)", f"{actor} (for {behalf})")


def _field(session: Session, kind: str, label: str, value: Any) -> str:
    if kind == "texts":
        return f"{label}: {', '.join(value)}"
    if kind == "flag":
        return f"[{label}]"
    if kind == "document":
        return f"{label}: {value['number']}"
    if kind == "cards":
        return f"{label}: {len(value)}"
    if kind == "visit":
        return f"{label}: {_visit(session, value)}"
    if kind == "measures":
        return f"{label}: {', '.join(_measure(session, each) for each in value)}"
    if kind == "sign_off":
        names = (acting(session, each["actor"], each.get("for")) for each in value)
        days = (_day(session, each["on"]) if each.get("on") else "" for each in value)
        pairs = zip(names, days, strict=True)
        return f"{label}: {', '.join(f'{name} {day}'.strip() for name, day in pairs)}"
    return f"{label}: {value}"


def _visit(session: Session, visit: Mapping[str, Any]) -> str:
    why, told = visit.get("unannounced"), visit.get("notified_on")
    told = told and _day(session, told)
    day = _day(session, visit["on"])
    marks = [
        session.say(f"통지 {told}", f"announced {told}") if told else "",
        session.say(f"미통지: {why}", f"unannounced: {why}") if why else "",
        visit.get("note", ""),
    ]
    said = "; ".join(each for each in marks if each)
    return f"{day} ({said})" if said else day


def _measure(session: Session, measure: Mapping[str, Any]) -> str:
    owner, until = measure["owner"], _day(session, measure["until"])
    return session.say(
        f"{measure['measure']} ({owner}, {until}까지)",
        f"{measure['measure']} ({owner}, by {until})",
    )


def _follow_up(session: Session, head: PlanHead, kept: Mapping[str, Any]) -> Iterator[str]:
    plan = kept.get("plan")
    if plan is None:
        opened = _day(session, kept["opened"]["on"])
        yield session.say(
            f"정상화 방안: 제출 전 ({opened} 부진)", f"Recovery: plan owed (lagging since {opened})"
        )
    else:
        measures = ", ".join(_measure(session, each) for each in plan["measures"])
        yield session.say(f"정상화 방안: {measures}", f"Recovery: {measures}")
    for unit, answer in kept.get("answers", {}).items():
        known = head.units.get(unit)
        name = unit if known is None else session.label(known.label)
        mark = session.say(" [이견]", " [dissents]") if answer.get("dissent") else ""
        yield session.say(f"협조 {name}: ", f"{name} answers: ") + answer["answer"] + mark
    if "closed" in kept:
        day, reason = _day(session, kept["closed"]["on"]), kept["closed"]["reason"]
        yield session.say(f"정상화 완료: {day}, {reason}", f"Recovery closed: {day}, {reason}")
