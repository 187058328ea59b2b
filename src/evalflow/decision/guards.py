"""The built-in guards: named checks that answer nothing, or the reasons why not.

A guard is a function `guard(firing, after, **params)`: `firing` is what is tried, `after` how
things would stand. It looks and answers; it writes nothing and asks no clock. Data that is
missing altogether is reported by the check of required input, so a guard keeps quiet then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from evalflow.decision import signing
from evalflow.decision.actions import VISIT_NOTICES
from evalflow.decision.cards import Card, cards_of
from evalflow.decision.firing import Draft, Firing
from evalflow.decision.follow_up import cooperation_answered
from evalflow.decision.procedure_guards import PROCEDURE_GUARDS
from evalflow.decision.situation import Peers
from evalflow.errors import Reason
from evalflow.files.words import has_words
from evalflow.lifecycle.definition import Event, GuardSpec
from evalflow.model import (
    Indicator,
    Label,
    Line,
    NotDue,
    PlanHead,
    Project,
    Rating,
    calendar,
)
from evalflow.model.calendar import day_text
from evalflow.scoring import bands

Reasons = Reason | Sequence[Reason] | None
Guard = Callable[..., Reasons]


@runtime_checkable
class AsksMany(Protocol):
    """A guard with the optional power to look at the firings of a whole chunk of a batch at once,
    for instance by one question to another system.

    It is a matter of speed only: the answers are those that it gives one by one (the guard kit
    holds it to that), and whether it is asked so is for evalflow to choose. A function has
    the power where somebody gives it an attribute `ask_many`.
    """

    def __call__(self, firing: Firing, after: Draft, **params: Any) -> Reasons:
        """Answer for one firing."""
        ...

    def ask_many(self, firings: Sequence[tuple[Firing, Draft]], **params: Any) -> Sequence[Reasons]:
        """Answer for each of the firings and how things would stand after it, in order."""
        ...


def period_ended(firing: Firing, after: Draft) -> Reasons:
    """Refuse until the period is over: evaluations look back (R33)."""
    period = calendar.period(firing.project.period)
    if firing.today > period.end:
        return None
    first = period.next().start
    return Reason(
        code="period_not_ended",
        ko=f"{period.label.ko}이(가) 아직 끝나지 않았습니다. {day_text(first, 'ko')}부터 할 수 "
        "있습니다.",
        en=f"{period.label.en} has not ended; possible from {first}.",
        since=first,
    )


def figures_complete(firing: Firing, after: Draft) -> Reasons:
    """Refuse while a target of the period lacks an actual or an explicit "not due" (R35)."""
    actuals = firing.given("figures")
    if actuals is None:
        return None
    period = firing.evaluation.period
    lacking = [each for each in firing.definition.indicators if each.id not in actuals]
    if not lacking:
        return None
    return [
        Reason(
            code="figures_missing",
            ko=f"성과지표 '{indicator.label.ko}'({indicator.id})의 실적이 없습니다. "
            "실적을 적거나 not_due(시기미도래)로 밝히십시오.",
            en=f"indicator '{indicator.label.en}' ({indicator.id}) has no actual; "
            "give one, or say not_due.",
            about=indicator.id,
        )
        for indicator in lacking
        if not isinstance(indicator.targets.get(period, NotDue()), NotDue)
    ]


def lagging_explained(firing: Firing, after: Draft) -> Reasons:
    """Refuse while a lagging indicator lacks a cause or a countermeasure (R35)."""
    if after.rating is None:
        return None
    lagging = after.lagging_lines()
    if not lagging:
        return None
    explained = firing.given("explanations") or {}
    reasons = []
    for indicator_id in lagging:
        words = explained.get(indicator_id, {})
        lacking = [key for key in ("cause", "countermeasure") if not words.get(key)]
        if not lacking:
            continue
        line = after.rating.line(indicator_id)
        indicator = firing.definition.indicator(indicator_id)
        label = indicator.label if indicator else Label(indicator_id, indicator_id)
        rate, band = _banded(firing, line)
        ko = "와 ".join(_EXPLANATION_KO[key] for key in lacking)
        en = " and ".join(lacking)
        reasons.append(
            Reason(
                code="lagging_unexplained",
                ko=f"성과지표 '{label.ko}'({indicator_id})의 이행률이 {rate}(으)로 "
                f"'{band.ko}'입니다. {ko}을(를) 적으십시오.",
                en=f"indicator '{label.en}' ({indicator_id}) is '{band.en}' at {rate}; "
                f"give its {en}.",
                about=indicator_id,
            )
        )
    return reasons


def _banded(firing: Firing, rated: Line | Rating | None) -> tuple[str, Label]:
    """Return the rate of a line or a project, and what the plan calls its band."""
    rate = "-" if rated is None or rated.rate is None else f"{rated.rate}%"
    band = None if rated is None else rated.band
    return rate, bands.band_label(firing.head.scoring.bands, band)


_EXPLANATION_KO = {"cause": "부진사유", "countermeasure": "대책"}


def cards_complete(firing: Firing, after: Draft, *, records: str = "text") -> Reasons:
    """Refuse while a project with sub-projects lacks some of their cards, or some of them say
    nothing (R39: 22 for no. 6). With `records: whole` each is a record: figures or state, what was
    done, papers, and where it lags cause and countermeasure."""
    expected = len(firing.definition.cards)
    if not expected or firing.given("figures") is None:
        return None
    cards = cards_of(firing.definition, firing.given("cards"))
    if records == "whole":
        incomplete = [each for each in cards if each.lacking()]
    else:
        incomplete = [each for each in cards if not has_words(each.text)]
    if not incomplete:
        return None
    ko = en = ", ".join(str(each.number) for each in incomplete)
    if records == "whole":
        ko = "; ".join(_lacking(each, "ko") for each in incomplete)
        en = "; ".join(_lacking(each, "en") for each in incomplete)
    return Reason(
        code="cards_missing",
        ko=f"관리카드 {expected}개 가운데 {len(incomplete)}개가 없거나 비어 있습니다: {ko}",
        en=f"{len(incomplete)} of {expected} management cards are missing or empty: {en}",
        about="cards",
    )


def _lacking(card: Card, lang: str) -> str:
    what = ", ".join(each.text(lang) for each in card.lacking())
    return f"{card.number} {card.label.text(lang)} ({what})"


def changes_declared(firing: Firing, after: Draft) -> Reasons:
    """Refuse while an approved change is not stated in this evaluation, each of them (R44, D6)."""
    declared = firing.given("declarations") or {}
    return [
        Reason(
            code="change_undeclared",
            ko=f"확정된 변경(이력 {change.number}번: {change.detail})을 평가서의 변경사항에 "
            "적어야 합니다.",
            en=f"the approved change (entry {change.number}: {change.detail}) must be stated "
            "in this evaluation.",
            about=str(change.number),
        )
        for change in firing.project.approved
        if change.declared_in is None and not declared.get(str(change.number))
    ]


def change_is_filed(firing: Firing, after: Draft) -> Reasons:
    """Hold where the approved changes were filed with the policy office (공문 제출, R43)."""
    approved = firing.project.approved
    if approved and all(change.filed is not None for change in approved):
        return None
    return Reason(
        code="change_not_filed",
        ko="확정된 변경의 공문이 아직 제출되지 않았습니다.",
        en="the approved change has not been filed yet.",
    )


def change_is_declared(firing: Firing, after: Draft) -> Reasons:
    """Hold where an evaluation has stated the approved changes (R44)."""
    approved = firing.project.approved
    if approved and all(change.declared_in is not None for change in approved):
        return None
    return Reason(
        code="change_not_declared",
        ko="확정된 변경이 아직 평가서에 기재되지 않았습니다.",
        en="no evaluation has stated the approved change yet.",
    )


def change_planned(firing: Firing, after: Draft) -> Reasons:
    """Hold where the change has its plan (변경계획): what changes, and how (R43)."""
    if after.change is not None and after.change.after:
        return None
    return Reason(
        code="change_not_planned",
        ko="변경계획(무엇이 어떻게 바뀌는지)이 아직 없습니다.",
        en="the change has no plan yet: what changes, and how.",
    )


def change_waits(firing: Firing, after: Draft) -> Reasons:
    """Hold where an approved change still waits to be filed or declared (R44)."""
    if after.approved:
        return None
    return Reason(
        code="no_change_waits",
        ko="공문이나 기재를 기다리는 확정된 변경이 없습니다.",
        en="no approved change waits to be filed or declared.",
    )


def unit_complete(firing: Firing, after: Draft, *, kind: str, states: Sequence[str]) -> Reasons:
    """Refuse until every project of the unit is in one of the states for this period, or in a
    later period: the bottom-up gate (R38)."""
    here = calendar.period(firing.project.period)
    peers = firing.peers(kind)
    assert isinstance(peers, Peers)
    lacking = {
        (period, standing)
        for period, standing in peers.standings
        if calendar.period(period) < here
        or (period == here.text and not set(standing) & set(states))
    }
    if not lacking:
        return []
    asked = (firing.lifecycle.fingerprint, firing.event.name, here.text, tuple(states))
    if asked not in peers.told:
        peers.told[asked] = tuple(
            [_not_complete(firing, each) for each in peers if (each.period, each.states) in lacking]
        )
    return peers.told[asked]


def _not_complete(firing: Firing, peer: Project) -> Reason:
    state = _led_state(firing, peer)
    unit = firing.head.unit(peer.unit).label_on(firing.today)
    owing = [
        event
        for event in firing.lifecycle.events.values()
        if event.leads == firing.event.leads
        and (event.due or event.line)
        and state in event.sources()
    ]
    roles = tuple({role: None for event in owing for role in event.by})
    who = firing.directory.holders(roles, peer.unit, firing.today)
    label = firing.lifecycle.states[state].label
    return Reason(
        code="unit_incomplete",
        ko=f"{peer.id} 「{peer.label.ko}」({unit.ko})이(가) 아직 '{label.ko}' 상태입니다.",
        en=f"{peer.id} '{peer.label.en}' ({unit.en}) is still '{label.en}'.",
        who=who or roles,
        about=peer.id,
    )


def _led_state(firing: Firing, project: Project) -> str:
    region = firing.lifecycle.leading(firing.event)
    return project.states[region]


def signed_off(firing: Firing, after: Draft, *, by: str) -> Reasons:
    """Refuse without the signature of whoever holds the role for the project's unit, or of
    somebody acting for them (R5, 대결)."""
    signatures = firing.given("sign_off")
    if not signatures:
        return None
    unit = firing.latest.unit_on(firing.today)
    holders = firing.directory.holders((by,), unit, firing.today)
    role = firing.lifecycle.roles[by].label
    reasons = []
    mine = [signature for signature in signatures if signature["role"] == by]
    if not mine:
        reasons.append(
            Reason(
                code="not_signed",
                ko=f"{role.ko}의 결재가 없습니다.",
                en=f"the sign-off of the {role.en} is missing.",
                who=holders or (by,),
                about="sign_off",
            )
        )
    for signature in signatures:
        able = firing.directory.holders((signature["role"],), unit, firing.today)
        if signature["actor"] in able:
            continue
        reasons.append(
            Reason(
                code="signer_without_role",
                ko=f"결재자 '{signature['actor']}'은(는) 이 날짜에 이 부서의 "
                f"'{signature['role']}' 권한이 없습니다.",
                en=f"signer '{signature['actor']}' does not hold '{signature['role']}' "
                "for this unit on this day.",
                who=able,
                about="sign_off",
            )
        )
    return reasons


def line_signed(firing: Firing, after: Draft) -> Reasons:
    """Refuse until everybody in the event's line has signed: the last one decides (R5, R58)."""
    role = _signs_next(firing, after)
    if role is None:
        return None
    label = firing.lifecycle.roles[role].label
    unit = firing.latest.unit_on(firing.today)
    return Reason(
        code="line_unsigned",
        ko=f"{label.ko}의 결재가 아직 없습니다.",
        en=f"the {label.en} has not signed yet.",
        who=firing.directory.holders((role,), unit, firing.today) or (role,),
        about=firing.event.line,
    )


def line_goes_on(firing: Firing, after: Draft) -> Reasons:
    """Refuse to whoever signs last: that is the decision, an event of its own (전결, R58)."""
    if _signs_next(firing, after) is not None:
        return None
    return Reason(
        code="signs_last",
        ko="결재선의 마지막 결재자입니다: 중간 결재가 아니라 결정을 해야 합니다.",
        en="nobody signs after this: the last in the line decides.",
        about=firing.event.line,
    )


def _signs_next(firing: Firing, after: Draft) -> str | None:
    return signing.signs_next(
        firing.event, firing.lifecycle, firing.head, after.evaluation, after.change
    )


def dissent_settled(firing: Firing, after: Draft) -> Reasons:
    """Refuse a decision on a change, or the signing of an evaluation where the event is in its
    line, while a consulted party dissents and no superior has settled it (R11, R58: 합의되지
    않으면 차상급자)."""
    line = signing.line_of(firing.lifecycle, firing.event)
    if line is not None and line.of == "evaluation":
        done = signing.signed(line, firing.evaluation, None)
        opinions = [each for each in done if each["step"] == signing.COOPERATE]
    else:
        change = firing.project.change
        if change is None:
            return None
        opinions, done = list(change.opinions), change.signatures
    settled = max((s["entry"] for s in done if s["step"] == signing.SETTLE), default=0)
    # Of one role the latest counts; of an evaluation several departments may hold the same role.
    latest = {
        (each["role"], each["actor"] if line is not None and line.of == "evaluation" else ""): each
        for each in opinions
    }
    return [
        Reason(
            code="dissent_open",
            ko=f"{_role(firing, each['role']).ko}의 이견이 아직 조정되지 않았습니다: "
            f"{each['opinion']}",
            en=f"the dissent of the {_role(firing, each['role']).en} is not settled yet: "
            f"{each['opinion']}",
            who=_settlers(firing),
            about=str(each["entry"]),
        )
        for each in latest.values()
        if each["dissent"] and each["entry"] > settled
    ]


def _role(firing: Firing, name: str) -> Label:
    return firing.lifecycle.roles[name].label


def _settlers(firing: Firing) -> tuple[str, ...]:
    lines = firing.lifecycle.lines

    def paper(event: Event) -> str:
        return "change" if event.line is None else lines[event.line].of

    mine = paper(firing.event)
    events = [
        each
        for each in firing.lifecycle.events.values()
        if "settlement" in each.actions and paper(each) == mine
    ]
    roles = tuple({role: None for event in events for role in event.by})
    unit = firing.latest.unit_on(firing.today)
    return firing.directory.holders(roles, unit, firing.today) or roles


def visit_in_order(firing: Firing, after: Draft) -> Reasons:
    """Refuse to report a site visit (현장확인) of a day to come, and one of which the department
    was not told before, unless it says why (R54: 사전통지, 긴급하거나 목적을 해칠 때는 예외)."""
    visit = firing.given("visit")
    if visit is None:
        return None
    day, told = visit["on"], visit.get("notified_on")
    shown = day_text(dt.date.fromisoformat(day), "ko")
    if day > firing.today.isoformat():
        return Reason(
            code="visit_to_come",
            ko=f"현장확인일 {shown}은(는) 아직 오지 않은 날입니다 "
            f"(오늘 {day_text(firing.today, 'ko')}).",
            en=f"the site visit of {day} is still to come (today is {firing.today}).",
            about="visit",
        )
    if told is not None and told > day:
        return Reason(
            code="notified_after_visit",
            ko=f"통지일 {day_text(dt.date.fromisoformat(told), 'ko')}이(가) 현장확인일 "
            f"{shown}보다 늦습니다.",
            en=f"the department was told on {told}, after the visit of {day}.",
            about="visit",
        )
    evaluations = (firing.evaluation, firing.situation.snapshot.evaluation)
    notices = [n for each in evaluations for n in each.facts.get(VISIT_NOTICES, ())]
    announced = any(each["visit"] == day for each in notices)
    if announced or told is not None or visit.get("unannounced"):
        return None
    return Reason(
        code="visit_unannounced",
        ko=f"{shown} 현장확인을 미리 통지하지 않았습니다. 통지하지 않은 사유를 적으십시오 "
        "(unannounced).",
        en=f"the visit of {day} was not announced: say why not (unannounced).",
        about="visit",
    )


def rates_judged(firing: Firing, after: Draft) -> Reasons:
    """Refuse while a rate is neither confirmed nor overridden, while an indicator without
    a rate (missing actual, zero target) is merely confirmed (R36), and while a "not due" in place
    of a target that is set is not judged (G8)."""
    judgements = firing.given("judgements")
    own = firing.evaluation.self_rating
    if judgements is None or own is None:
        return None
    reasons = []
    for line in own.lines:
        indicator = firing.definition.indicator(line.indicator)
        label = indicator.label if indicator else Label(line.indicator, line.indicator)
        judged = judgements.get(line.indicator)
        asked = line.status != "not_due" or _has_target(indicator, firing.evaluation.period)
        if judged is None and asked:
            reasons.append(
                Reason(
                    code="rate_not_judged",
                    ko=f"성과지표 '{label.ko}'({line.indicator})의 이행률을 확인하거나 "
                    "사유를 들어 고치십시오.",
                    en=f"confirm or override the rate of '{label.en}' ({line.indicator}).",
                    about=line.indicator,
                )
            )
        elif judged == "confirmed" and line.status == "undefined":
            reasons.append(
                Reason(
                    code="rate_undefined",
                    ko=f"성과지표 '{label.ko}'({line.indicator})은(는) 이행률을 산출할 수 없습니다"
                    "(목표 0 등). 이행률과 사유를 적으십시오.",
                    en=f"'{label.en}' ({line.indicator}) has no rate that could be worked out "
                    "(such as a zero target); give a rate with a reason.",
                    about=line.indicator,
                )
            )
    return reasons


def _has_target(indicator: Indicator | None, period: str) -> bool:
    """Say whether the plan sets a target for the period: "not due" is the department's word then,
    and judged like a rate (G8)."""
    target = None if indicator is None else indicator.targets.get(period)
    return target is not None and not isinstance(target, NotDue)


# `as` is a Python keyword, so YAML's `rated: {as: lagging}` arrives in **params.
def rated(firing: Firing, after: Draft, **params: str) -> Reasons:
    """Refuse unless the rating that counts says so (D2).

    `on_track`: the project is, and no indicator is seriously lagging. `lagging`: the project
    is lagging or worse, or one indicator is seriously lagging (R37). `seriously_lagging`:
    the project or one indicator is.
    """
    wanted = params["as"]
    rating = after.rating or after.evaluation.rating
    if rating is None:
        return Reason(
            code="not_rated",
            ko="아직 이행률이 없습니다.",
            en="there is no rating yet.",
        )
    if _verdict_fits(rating, wanted):
        return None
    asked = bands.verdict_label(firing.head.scoring.bands, wanted)
    rate, band = _banded(firing, rating)
    ko, en = [f"사업 이행률 {rate}, {band.ko}"], [f"project {rate}, {band.en}"]
    for line in bands.seriously_lagging(rating):
        indicator = firing.definition.indicator(line.indicator)
        label = indicator.label if indicator else Label(line.indicator, line.indicator)
        rate, band = _banded(firing, line)
        ko.append(f"성과지표 '{label.ko}' {rate}, {band.ko}")
        en.append(f"indicator '{label.en}' {rate}, {band.en}")
    return Reason(
        code=f"not_{wanted}",
        ko=f"평가 결과가 '{asked.ko}'이(가) 아닙니다: {'; '.join(ko)}.",
        en=f"the rating is not '{asked.en}': {'; '.join(en)}.",
    )


def _verdict_fits(rating: Rating, wanted: str) -> bool:
    verdict = bands.verdict_of(rating)
    fits = {
        "on_track": verdict == "on_track",
        "lagging": verdict in bands.LAGGING_VERDICTS,
        "seriously_lagging": verdict == "seriously_lagging",
    }
    return fits[wanted]


def _is_last(head: PlanHead, period: str) -> bool:
    return calendar.period(period) >= calendar.period(head.calendar.last)


def next_period_exists(firing: Firing, after: Draft) -> Reasons:
    """Refuse after the plan's last period."""
    here = calendar.period(firing.project.period)
    if not _is_last(firing.head, here.text):
        return None
    return Reason(
        code="no_next_period",
        ko=f"{here.label.ko}이(가) 이 계획의 마지막 기간입니다.",
        en=f"{here.label.en} is the last period of this plan.",
    )


def last_period(firing: Firing, after: Draft) -> Reasons:
    """Refuse before the plan's last period."""
    here = calendar.period(firing.project.period)
    last = calendar.period(firing.head.calendar.last)
    if _is_last(firing.head, here.text):
        return None
    return Reason(
        code="not_last_period",
        ko=f"{here.label.ko}은(는) 이 계획의 마지막 기간({last.label.ko})이 아닙니다.",
        en=f"{here.label.en} is not the last period of this plan ({last.label.en}).",
    )


def consulted(firing: Firing, after: Draft, *, by: str, where: str = "always") -> Reasons:
    """Refuse a decision on a change before a role was consulted (R43); `where: money_changes`
    asks only where the change touches the budget (필요시 예산팀 협의)."""
    change = firing.project.change
    if change is None or (where == "money_changes" and "budget" not in change.after):
        return None
    if any(opinion["role"] == by for opinion in change.opinions):
        return None
    role = firing.lifecycle.roles[by].label
    unit = firing.latest.unit_on(firing.today)
    return Reason(
        code="not_consulted",
        ko=f"{role.ko}의 협조가 아직 없습니다.",
        en=f"the {role.en} has not been consulted yet.",
        who=firing.directory.holders((by,), unit, firing.today) or (by,),
        about=str(change.number),
    )


def in_time(firing: Firing, after: Draft, *, of: str = "") -> Reasons:
    """Refuse once the day has passed by which an event is due (`of`; without it the event that
    the data names): what is asked for must be asked for in time (R52: 마포구, 성남시)."""
    name = of or firing.given("event")
    if name is None:
        return None
    label, due = firing.lifecycle.events[name].label, firing.deadline(name)
    if due is None:
        return Reason(
            code="no_deadline_yet",
            ko=f"'{label.ko}'의 기한이 아직 정해지지 않았습니다.",
            en=f"'{label.en}' has no due date yet.",
            about=name,
        )
    if firing.today <= due:
        return None
    return Reason(
        code="deadline_passed",
        ko=f"'{label.ko}'의 기한({day_text(due, 'ko')})이 지났습니다. 기한 내에 처리하여야 합니다.",
        en=f"'{label.en}' was due on {due}; the deadline has passed.",
        about=name,
    )


def concerns(
    firing: Firing, after: Draft, *, states: Sequence[str], fixed: str | None = None
) -> Reasons:
    """Refuse unless the project that this one is about (`about` in the plan) is in one of the
    states of its own lifecycle or, with `fixed`, was rated so in its last fixed evaluation, on
    any day of the year; that project is looked at, never touched (R55)."""
    project = firing.about
    if project is None:
        return _about_nothing(firing)
    wanted = (states,) if isinstance(states, str) else tuple(states)
    if set(project.states) & set(wanted):
        return None
    now, then = ", ".join(project.states), ", ".join(wanted)
    if fixed is None:
        return Reason(
            code="about_another_state",
            ko=f"{project.id}은(는) 지금 {now} 상태입니다. {then} 상태의 사업에만 할 수 있습니다.",
            en=f"{project.id} is {now} now; it has to be {then}.",
            about=project.id,
        )
    rating = firing.about_rated
    if rating is not None and _verdict_fits(rating, fixed):
        return None
    rate, band = _banded(firing, rating)
    asked = bands.verdict_label(firing.head.scoring.bands, fixed)
    last_ko = (
        f"마지막 확정 평가({rating.period})는 {rate}, {band.ko}" if rating else "확정 평가 없음"
    )
    last_en = f"last fixed ({rating.period}) at {rate}, {band.en}" if rating else "nothing is fixed"
    return Reason(
        code="about_another_state",
        ko=f"{project.id}은(는) 지금 {now} 상태이고 {last_ko}입니다. {then} 상태이거나 마지막 확정 "
        f"평가가 '{asked.ko}'인 사업에만 할 수 있습니다.",
        en=f"{project.id} is {now} now, {last_en}; it has to be {then}, or "
        f"'{asked.en}' in the last evaluation that was fixed.",
        about=project.id,
    )


def _about_nothing(firing: Firing) -> Reason:
    return Reason(
        code="about_nothing",
        ko="어느 사업에 관한 것인지 계획에 없거나, 그 사업이 저장소에 없습니다 "
        f"(about: {firing.latest.about or '-'}).",
        en="the plan does not say which project this is about, or the store does not have it "
        f"(about: {firing.latest.about or '-'}).",
        about=firing.latest.about,
    )


def follows(firing: Firing, after: Draft, *, event: str) -> Reasons:
    """Refuse unless that event was fired on the project that this one is about, and no other
    project of this plan took it up since by what is fired now: an audit takes what was referred,
    once (R40)."""
    project = firing.about
    if project is None:
        return _about_nothing(firing)
    caused = firing.about_fired.get(event)
    if caused is None:
        return Reason(
            code="nothing_to_follow",
            ko=f"{project.id}에는 먼저 '{event}' 처리가 있어야 합니다.",
            en=f"'{event}' has to be fired on {project.id} first.",
            about=project.id,
        )
    for sibling, fired in firing.siblings:
        taken = fired.get(firing.event.name)
        if taken is not None and taken >= caused:
            return Reason(
                code="taken_up_already",
                ko=f"{project.id}의 '{event}'은(는) 이미 {sibling.id}(으)로 처리하고 있습니다.",
                en=f"the '{event}' of {project.id} was taken up by {sibling.id} already.",
                about=sibling.id,
            )
    return None


def resolved(
    firing: Firing, after: Draft, *, by: str, quorum: str = "majority", carried: str = "majority"
) -> Reasons:
    """Refuse unless a committee, the holders of the role, has resolved on it: enough of them took
    part (`quorum`: `majority`, or `two_thirds`), and of these enough voted for it (`carried`: more
    than half, R56, R57, or `two_thirds`, as for what is passed again, 지방자치법 §32④)."""
    votes = firing.given("votes")
    if votes is None:
        if any(field.type == "votes" and field.required for field in firing.event.data):
            return None  # the check of required input tells it
        votes = {}
    role = firing.lifecycle.roles[by].label
    members = firing.directory.holders((by,), firing.latest.unit_on(firing.today), firing.today)
    reasons = [
        Reason(
            code="voter_without_role",
            ko=f"'{voter}'은(는) 이 날짜에 '{role.ko}'이(가) 아닙니다.",
            en=f"'{voter}' is no {role.en} on this day.",
            who=members,
            about=voter,
        )
        for voter in votes
        if voter not in members
    ]
    present = [vote for voter, vote in votes.items() if voter in members]
    needed = len(members) // 2 + 1 if quorum == "majority" else -(-2 * len(members) // 3)
    in_favour = present.count("for")
    if len(present) < max(needed, 1):
        reasons.append(
            Reason(
                code="no_quorum",
                ko=f"의사정족수 미달: {role.ko} {len(members)}명 중 "
                f"{len(present)}명 출석 ({needed}명 이상이어야 함).",
                en=f"no quorum: {len(present)} of {len(members)} took part, "
                f"{needed} are needed ({role.en}).",
                about="votes",
            )
        )
    elif in_favour < (wanted := _CARRIED[carried](len(present))):
        reasons.append(
            Reason(
                code="not_carried",
                ko=f"부결: 출석 {len(present)}명 중 찬성 {in_favour}명 ({wanted}명 이상이어야 함).",
                en=f"not carried: {in_favour} of {len(present)} present voted in favour, "
                f"{wanted} are needed.",
                about="votes",
            )
        )
    return reasons


_CARRIED: Mapping[str, Callable[[int], int]] = {
    "majority": lambda present: present // 2 + 1,
    "two_thirds": lambda present: -(-2 * present // 3),
}


def _spec(name: str, ko: str, en: str, **rest: Any) -> GuardSpec:
    return GuardSpec(name=name, label=Label(ko, en), **rest)


_EVALUATION_GUARDS: tuple[tuple[GuardSpec, Guard], ...] = (
    (
        _spec("period_ended", "기간 종료", "period has ended", looks_back=True, looks_at="period"),
        period_ended,
    ),
    (_spec("figures_complete", "실적 완비", "figures complete"), figures_complete),
    (_spec("lagging_explained", "부진사유·대책", "lagging explained"), lagging_explained),
    (
        _spec(
            "cards_complete",
            "관리카드 완비",
            "cards complete",
            params={"records": ("text", "whole")},
        ),
        cards_complete,
    ),
    (_spec("changes_declared", "변경사항 기재", "changes declared"), changes_declared),
    (_spec("change_is_filed", "변경 공문 제출됨", "change is filed"), change_is_filed),
    (_spec("change_is_declared", "변경 기재됨", "change is declared"), change_is_declared),
    (_spec("change_planned", "변경계획 있음", "the change is planned"), change_planned),
    (_spec("change_waits", "확정된 변경 대기", "an approved change waits"), change_waits),
    (
        _spec(
            "unit_complete",
            "소속 사업 모두 완료",
            "all projects of the unit are ready",
            params={"kind": None, "states": None},
            required=("kind", "states"),
            names={"states": "state"},
            peers="kind",
        ),
        unit_complete,
    ),
    (
        _spec(
            "signed_off",
            "결재",
            "signed off",
            params={"by": None},
            required=("by",),
            names={"by": "role"},
            signed_by="by",
        ),
        signed_off,
    ),
    (_spec("line_signed", "결재 완료", "the line has signed", in_line=True), line_signed),
    (_spec("line_goes_on", "중간 결재", "the line goes on", in_line=True), line_goes_on),
    (_spec("dissent_settled", "이견 조정됨", "dissent settled"), dissent_settled),
    (
        _spec("cooperation_answered", "협조부서 회신 완료", "cooperating units answered"),
        cooperation_answered,
    ),
    (_spec("visit_in_order", "현장확인 사전통지", "visits are in order"), visit_in_order),
    (_spec("rates_judged", "이행률 검토", "rates judged"), rates_judged),
    (
        _spec(
            "rated",
            "평가 결과",
            "rated as",
            params={"as": ("on_track", "lagging", "seriously_lagging")},
            required=("as",),
            exclusive_by="as",
            exclusive=(
                frozenset({"on_track", "lagging"}),
                frozenset({"on_track", "seriously_lagging"}),
            ),
        ),
        rated,
    ),
    (
        _spec(
            "next_period_exists",
            "다음 기간 있음",
            "a next period exists",
            looks_at="period",
            possible=lambda head, period: not _is_last(head, period),
        ),
        next_period_exists,
    ),
    (
        _spec(
            "last_period",
            "마지막 기간",
            "the last period",
            looks_at="period",
            possible=_is_last,
        ),
        last_period,
    ),
    (
        _spec(
            "consulted",
            "협조",
            "consulted",
            params={"by": None, "where": ("always", "money_changes")},
            required=("by",),
            names={"by": "role"},
        ),
        consulted,
    ),
    (
        _spec(
            "in_time",
            "기한 안",
            "in time",
            params={"of": None},
            names={"of": "event"},
            singles=frozenset({"of"}),
            deadlines=True,
        ),
        in_time,
    ),
    (
        _spec(
            "concerns",
            "관련 사업의 상태",
            "about a project in the state",
            params={"states": None, "fixed": ("on_track", "lagging", "seriously_lagging")},
            required=("states",),
            about=True,
        ),
        concerns,
    ),
    (
        _spec(
            "follows",
            "의뢰에 따름",
            "follows an event on the project it is about",
            params={"event": None},
            required=("event",),
            about=True,
            siblings=True,
        ),
        follows,
    ),
    (
        _spec(
            "resolved",
            "위원회 의결",
            "resolved by the committee",
            params={
                "by": None,
                "quorum": ("majority", "two_thirds"),
                "carried": tuple(_CARRIED),
            },
            required=("by",),
            names={"by": "role"},
        ),
        resolved,
    ),
)

GUARDS: Mapping[str, tuple[GuardSpec, Guard]] = {
    spec.name: (spec, guard) for spec, guard in (*_EVALUATION_GUARDS, *PROCEDURE_GUARDS)
}
"""Every built-in guard with what a lifecycle may say about it."""
