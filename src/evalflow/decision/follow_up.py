"""Follow-up of a lagging project (부진사업 정상화, R16): what is done until when by whom, what the
departments that must cooperate answer, and that it was closed.

An evaluation keeps it among its facts, and hands it on to the next period while it is open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import attrs

from evalflow.decision.firing import Draft, Firing
from evalflow.errors import Reason
from evalflow.model import Evaluation, Grant
from evalflow.model.calendar import day_text
from evalflow.scoring import bands

FOLLOW_UP = "follow-up"
"""Under this name an evaluation keeps it among its facts; a field of an event cannot bear it."""


def of(evaluation: Evaluation) -> Mapping[str, Any]:
    """Return the follow-up that is kept in the evaluation, empty where there is none."""
    kept: Mapping[str, Any] = evaluation.facts.get(FOLLOW_UP, {})
    return kept


def is_open(evaluation: Evaluation) -> bool:
    """Say whether there is a follow-up that was not closed."""
    kept = of(evaluation)
    return bool(kept) and "closed" not in kept


def follow_up_opened(firing: Firing, draft: Draft) -> Draft:
    """Ask for a plan to get back on track where the rating is lagging; one that is open already
    goes on."""
    rating = draft.rating or draft.evaluation.rating
    lagging = rating is not None and bands.verdict_of(rating) in bands.LAGGING_VERDICTS
    if firing.grant is None or not lagging or is_open(draft.evaluation):
        return draft
    return _kept(draft, {"opened": who(firing, firing.grant)})


def follow_up_planned(firing: Firing, draft: Draft) -> Draft:
    """Note the plan: measures, each with who is in charge and the day by which it is done. Another
    plan takes the place of the one before, and is answered anew."""
    measures = firing.given("measures")
    if not measures or firing.grant is None:
        return draft
    reasons = [
        Reason(
            code="in_the_past",
            ko=f"완료 예정일 {day_text(dt.date.fromisoformat(each['until']), 'ko')}이(가) 이미 "
            f"지났습니다 (오늘 {day_text(firing.today, 'ko')}).",
            en=f"{each['until']} is in the past (today is {firing.today}).",
            about=f"measures[{place}].until",
        )
        for place, each in enumerate(measures)
        if dt.date.fromisoformat(each["until"]) < firing.today
    ]
    if reasons:
        return attrs.evolve(draft, reasons=(*draft.reasons, *reasons))
    plan = {**who(firing, firing.grant), "measures": measures}
    return _kept(draft, {**_without_answers(draft.evaluation), "plan": plan})


def follow_up_answered(firing: Firing, draft: Draft) -> Draft:
    """Note what a department that must cooperate answers; of two answers the later one counts."""
    grant = firing.grant
    if grant is None:
        return draft
    unit = answering(firing, grant)
    if unit is None:
        return draft
    answer = {**who(firing, grant), "answer": firing.given("text") or ""}
    if firing.given("flag"):
        answer["dissent"] = True
    kept = of(draft.evaluation)
    answers = {**kept.get("answers", {}), unit: answer}
    return _kept(draft, {**kept, "answers": answers})


def follow_up_closed(firing: Firing, draft: Draft) -> Draft:
    """Note that the project is back on track, by whom and when; the reason stands in the entry."""
    if firing.grant is None or not is_open(draft.evaluation):
        return draft
    closed = {**who(firing, firing.grant), "reason": firing.data.get("reason", "")}
    return _kept(draft, {**of(draft.evaluation), "closed": closed})


def handed_on(evaluation: Evaluation) -> dict[str, Any]:
    """Return what the evaluation of the next period begins with."""
    return {FOLLOW_UP: of(evaluation)} if is_open(evaluation) else {}


def unanswered(firing: Firing, evaluation: Evaluation) -> tuple[str, ...]:
    """Return the units that must cooperate and have not answered the plan."""
    answers = of(evaluation).get("answers", {})
    return tuple(unit for unit in firing.latest.cooperating if unit not in answers)


def cooperation_answered(firing: Firing, after: Draft) -> Reason | None:
    """Refuse while a department that must cooperate has not answered the plan to get back on
    track (R16)."""
    lacking = unanswered(firing, after.evaluation)
    if not lacking:
        return None
    names = [firing.head.unit(unit).label_on(firing.today) for unit in lacking]
    return Reason(
        code="cooperation_unanswered",
        ko=f"협조부서의 회신이 없습니다: {', '.join(each.ko for each in names)}.",
        en=f"no answer yet of: {', '.join(each.en for each in names)}.",
        who=tuple(
            holder for unit in lacking for holder in firing.directory.members(unit, firing.today)
        ),
        about=lacking[0],
    )


def answering(firing: Firing, grant: Grant) -> str | None:
    """Return the unit that must cooperate for which the actor answers by the grant."""
    for unit in firing.latest.cooperating:
        if grant.unit in firing.head.line_up(unit):
            return unit
    return None


def who(firing: Firing, grant: Grant) -> dict[str, Any]:
    """Return who acts, in which role and for whom, on which day, and the entry that says so."""
    told = {"role": grant.role, "actor": firing.actor.id, "on": firing.today.isoformat()}
    behalf = {} if grant.on_behalf_of is None else {"for": grant.on_behalf_of}
    return {**told, **behalf, "entry": firing.number}


def _without_answers(evaluation: Evaluation) -> dict[str, Any]:
    return {key: value for key, value in of(evaluation).items() if key != "answers"}


def _kept(draft: Draft, kept: Mapping[str, Any]) -> Draft:
    facts = {**draft.evaluation.facts, FOLLOW_UP: dict(kept)}
    return attrs.evolve(draft, evaluation=attrs.evolve(draft.evaluation, facts=facts))
