"""What was recorded beside a rating, as people read it: opinions, evidence, visits, signatures,
follow-up. Fields are told by their type and label, whatever lifecycle they are of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from evalflow.decision.actions import VISIT_NOTICES
from evalflow.decision.follow_up import FOLLOW_UP
from evalflow.decision.signing import DRAFT, SIGN_LINE

if TYPE_CHECKING:
    from evalflow.cli.session import Session
    from evalflow.lifecycle.definition import Event, Lifecycle
    from evalflow.model import Entry, Evaluation, PlanHead

_TOLD = frozenset({"text", "texts", "visit", "measures", "sign_off", "document", "flag"})


def in_entry(session: Session, event: Event | None, entry: Entry) -> str:
    """Return what an entry says beside figures and its reason: one line."""
    fields = () if event is None else event.data
    return "; ".join(
        said
        for field in fields
        if (value := entry.data.get(field.name)) and field.type in _TOLD
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
            if value and field.type in ("text", "texts", "visit") and field.name not in told:
                told.add(field.name)
                yield _field(session, field.type, session.label(field.label), value)
    for notice in facts.get(VISIT_NOTICES, ()):
        told_on, day = notice["on"], notice["visit"]
        yield session.say(
            f"현장확인 통지: {told_on} ({day} 예정)", f"Visit of {day} announced on {told_on}"
        )
    line = facts.get(SIGN_LINE, ())
    if line:
        signed = " → ".join(signature(session, lifecycle, each) for each in line)
        yield session.say(f"결재: {signed}", f"Signed: {signed}")
    if FOLLOW_UP in facts:
        yield from _follow_up(session, head, facts[FOLLOW_UP])


def reviewed(session: Session, evaluation: Evaluation) -> str:
    """Return in a few words what the review stands on, for a column: how much evidence, which day
    somebody went there, whether there is an opinion."""
    facts = evaluation.facts
    evidence = len(facts.get("evidence", ())) + len(facts.get("evidence_checked", ()))
    visit = facts.get("site_visit")
    said = [
        session.say(f"증빙 {evidence}", f"evidence {evidence}") if evidence else "",
        session.say(f"현장 {visit['on']}", f"visit {visit['on']}") if visit else "",
        session.say("의견", "opinion") if facts.get("opinion") else "",
    ]
    return " · ".join(each for each in said if each) or "-"


def signature(session: Session, lifecycle: Lifecycle, signed: Mapping[str, Any]) -> str:
    """Return one step of a line of signatures: 代 marks the one who acted (R2)."""
    role = lifecycle.roles.get(signed["role"])
    name = signed["role"] if role is None else session.label(role.label)
    who = acting(session, signed["actor"], signed.get("for"))
    marks = [
        session.say("기안", "draft") if signed.get("step") == DRAFT else "",
        session.say("전결", "delegated") if signed.get("delegated") else "",
        session.say(
            f"서면, {signed.get('entered_by')} 등록",
            f"on paper, entered by {signed.get('entered_by')}",
        )
        if signed.get("paper")
        else "",
    ]
    marked = ", ".join(each for each in marks if each)
    return f"{name} {who} {signed['on']}" + (f" [{marked}]" if marked else "")


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
    if kind == "visit":
        return f"{label}: {_visit(session, value)}"
    if kind == "measures":
        return f"{label}: {', '.join(_measure(session, each) for each in value)}"
    if kind == "sign_off":
        names = (acting(session, each["actor"], each.get("for")) for each in value)
        days = (each.get("on") or "" for each in value)
        pairs = zip(names, days, strict=True)
        return f"{label}: {', '.join(f'{name} {day}'.strip() for name, day in pairs)}"
    return f"{label}: {value}"


def _visit(session: Session, visit: Mapping[str, Any]) -> str:
    told = visit.get("notified_on")
    why = visit.get("unannounced")
    marks = [
        session.say(f"통지 {told}", f"announced {told}") if told else "",
        session.say(f"미통지: {why}", f"unannounced: {why}") if why else "",
        visit.get("note", ""),
    ]
    said = "; ".join(each for each in marks if each)
    return f"{visit['on']} ({said})" if said else f"{visit['on']}"


def _measure(session: Session, measure: Mapping[str, Any]) -> str:
    owner, until = measure["owner"], measure["until"]
    return session.say(
        f"{measure['measure']} ({owner}, {until}까지)",
        f"{measure['measure']} ({owner}, by {until})",
    )


def _follow_up(session: Session, head: PlanHead, kept: Mapping[str, Any]) -> Iterator[str]:
    plan = kept.get("plan")
    if plan is None:
        opened = kept["opened"]["on"]
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
        closed = kept["closed"]
        yield session.say(
            f"정상화 완료: {closed['on']}, {closed['reason']}",
            f"Recovery closed: {closed['on']}, {closed['reason']}",
        )
