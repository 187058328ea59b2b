"""What events write beside their entry: actions, named by the lifecycle, pure functions.

An action (guard and action, as in UML, SCXML and XState) takes the firing and the draft so far and
returns the next draft. It looks at the types of an event's data fields, never at names that a
lifecycle invented.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from evalflow.decision import follow_up, signing
from evalflow.decision.firing import Draft, Firing
from evalflow.errors import InvalidInput, Reason
from evalflow.files.words import has_words
from evalflow.lifecycle.definition import Line
from evalflow.lifecycle.fields import figure_from
from evalflow.model import (
    Actual,
    Change,
    Evaluation,
    NotDue,
    Override,
    ProjectDefinition,
    Rating,
    calendar,
)
from evalflow.model.calendar import day_text
from evalflow.model.canonical import Tree, canonical
from evalflow.model.changed import changed
from evalflow.model.ratings import figure_text

VISIT_NOTICES = "visit-notices"
"""Under this name an evaluation keeps, among its facts, which visits were announced."""

Action = Callable[[Firing, Draft], Draft]


def facts(firing: Firing, draft: Draft) -> Draft:
    """Keep the given data as the latest of its kind in the evaluation; history has the rest."""
    kept = _facts(firing, draft)
    if kept is None:
        return draft
    return changed(draft, evaluation=changed(draft.evaluation, facts=kept))


def _facts(firing: Firing, draft: Draft) -> dict[str, Tree] | None:
    """Return the facts with what was given; None where nothing was."""
    given = {name: tree for name, tree in firing.data.items() if name != "reason"}
    return {**draft.evaluation.facts, **given} if given else None


def self_rating(firing: Firing, draft: Draft) -> Draft:
    """Rate the given actuals as the department's own rating (R35).

    An earlier review of this period, and signatures, speak of other figures, so they no longer
    count; they stay in the history (D7).
    """
    actuals = firing.given("figures")
    if actuals is None:
        return draft
    rating = firing.rate(_figures(actuals), {})
    draft = _explained(firing, draft, actuals, firing.evaluation.period)
    kept = _facts(firing, draft) or dict(draft.evaluation.facts)
    kept.pop(signing.SIGN_LINE, None)
    evaluation = changed(draft.evaluation, facts=kept, self_rating=rating, review_rating=None)
    return changed(draft, evaluation=evaluation, rating=rating)


def review_rating(firing: Firing, draft: Draft) -> Draft:
    """Rate the department's actuals with the reviewer's overrides, beside the self rating
    (R36, D7, D8)."""
    judgements = firing.given("judgements")
    if judgements is None:
        return draft
    overrides = {
        indicator: Override(rate=Decimal(judged["rate"]), reason=judged["reason"])
        for indicator, judged in judgements.items()
        if isinstance(judged, Mapping)
    }
    rating = firing.rate(_own_actuals(firing), overrides)
    kept = _facts(firing, draft) or draft.evaluation.facts
    evaluation = changed(draft.evaluation, facts=kept, review_rating=rating)
    return changed(draft, evaluation=evaluation, rating=rating)


def spot_rating(firing: Firing, draft: Draft) -> Draft:
    """Rate the project anew on the figures found in a spot check (수시평가, R37).

    Indicators that the check did not look at keep the figures and overrides that counted. The
    event says whether it is about the running evaluation or the last that was fixed; what a period
    that runs by then counts stays as it is (`correction` puts that right).
    """
    checked = firing.given("figures")
    if checked is None:
        return draft
    counted = firing.evaluation.rating
    overrides = {
        line.indicator: Override(rate=line.rate, reason=line.reason)
        for line in (counted.lines if counted else ())
        if line.reason is not None and line.rate is not None and line.indicator not in checked
    }
    rating = firing.rate({**_own_actuals(firing), **_figures(checked)}, overrides)
    draft = _explained(firing, draft, checked, firing.evaluation.period)
    kept = _facts(firing, draft) or draft.evaluation.facts
    evaluation = changed(draft.evaluation, facts=kept, review_rating=rating)
    return changed(draft, evaluation=evaluation, rating=rating)


def extension(firing: Firing, draft: Draft) -> Draft:
    """Move the due date of one event of this project and period to a later day (D4): later than
    the day in force, not in the past, and within the bounds that the lifecycle or the plan sets
    (`ExtensionRule`); a reason is required (D8)."""
    event, until = firing.given("event"), firing.given("date")
    if event is None or until is None:
        return draft
    label = firing.lifecycle.events[event].label
    in_force, last = firing.deadline(event), dt.date.fromisoformat(until)
    if in_force is None:
        reason = Reason(
            code="nothing_to_extend",
            ko=f"'{label.ko}'({event})에는 아직 기한이 없어 연장할 것이 없습니다.",
            en=f"'{label.en}' ({event}) is not due on any day yet: there is nothing to extend.",
            about=event,
        )
    elif last <= in_force:
        reason = Reason(
            code="not_later",
            ko=f"연장 기한 {day_text(last, 'ko')}이(가) 지금 기한 {day_text(in_force, 'ko')}보다 "
            "늦지 않습니다.",
            en=f"{until} is not later than the day in force, {in_force}.",
            about=event,
        )
    elif last < firing.today:
        reason = Reason(
            code="in_the_past",
            ko=f"연장 기한 {day_text(last, 'ko')}은(는) 이미 지났습니다 "
            f"(오늘 {day_text(firing.today, 'ko')}).",
            en=f"{until} is in the past (today is {firing.today}).",
            about=event,
        )
    elif beyond := _beyond(firing, draft, event, until):
        reason = beyond
    else:
        extensions = {**draft.evaluation.extensions, event: until}
        evaluation = attrs.evolve(draft.evaluation, extensions=extensions)
        if firing.situation.extension(firing.event) is not None:
            extended = {**evaluation.extended, event: evaluation.extended.get(event, 0) + 1}
            evaluation = attrs.evolve(evaluation, extended=extended)
        return attrs.evolve(draft, evaluation=evaluation)
    return attrs.evolve(draft, reasons=(*draft.reasons, reason))


def _beyond(firing: Firing, draft: Draft, event: str, until: str) -> Reason | None:
    """Return why the extension lies beyond the bounds that the lifecycle or the plan sets."""
    rule = firing.situation.extension(firing.event)
    if rule is None:
        return None
    label = firing.lifecycle.events[event].label
    if rule.of and event not in rule.of:
        labels = [firing.lifecycle.events[name].label for name in rule.of]
        return Reason(
            code="not_extensible",
            ko=f"'{label.ko}'({event})의 기한은 연장하지 않습니다 "
            f"(가능: {', '.join(each.ko for each in labels)}).",
            en=f"'{label.en}' ({event}) is not extended "
            f"(what is: {', '.join(each.en for each in labels)}).",
            about=event,
        )
    times = firing.situation.times_extended(firing.lifecycle.events[event])
    if rule.times is not None and times >= rule.times:
        return Reason(
            code="extended_often_enough",
            ko=f"'{label.ko}'({event})의 기한은 이미 {times}번 연장했습니다 (최대 {rule.times}번).",
            en=f"'{label.en}' ({event}) was extended {times} times already, {rule.times} at most.",
            about=event,
        )
    situation, extended = firing.situation, firing.lifecycle.events[event]
    each = rule.same_again and rule.times is not None  # else all of them together
    own = situation.deadline(extended) if each else situation.own_deadline(extended)
    if own is None:
        return None
    if rule.same_again:
        due_rule = situation.rule(extended)
        again = None if due_rule is None else situation.calendar.as_long_again(due_rule, own)
        latest, ko, en = again or own, "처음 기간만큼", "as long again"
    elif rule.at_most_months is not None:
        latest = situation.months_beyond(extended, rule.at_most_months) or own
        ko, en = f"{rule.at_most_months}개월까지", f"{rule.at_most_months} months"
    elif rule.at_most is not None:
        latest = own + dt.timedelta(days=rule.at_most)
        ko, en = f"{rule.at_most}일까지", f"{rule.at_most} days"
    else:
        return None
    if dt.date.fromisoformat(until) <= latest:
        return None
    return Reason(
        code="extended_too_far",
        ko=f"'{label.ko}'({event})의 기한 {day_text(own, 'ko')}은(는) {ko}, 곧 "
        f"{day_text(latest, 'ko')}까지만 연장할 수 있습니다 "
        f"(적은 날: {day_text(dt.date.fromisoformat(until), 'ko')}).",
        en=f"'{label.en}' ({event}), due on {own}, is extended by {en} at most, to "
        f"{latest}, not {until}.",
        about=event,
    )


def correction(firing: Firing, draft: Draft) -> Draft:
    """Correct actuals of an earlier period in what is counted from here on (G6).

    The evaluation of that period stays as it was approved (행정업무 규정 §17); the entry says what
    counted before, what counts now, and why.
    """
    period, corrected = firing.given("period"), firing.given("figures")
    if period is None or corrected is None:
        return draft
    counted = firing.evaluation.prior.get(period)
    if counted is None:
        reason = Reason(
            code="nothing_to_correct",
            ko=f"{period}에는 정정할 실적이 없습니다 (가능: "
            f"{', '.join(firing.evaluation.prior) or '없음'}).",
            en=f"{period} has no actuals to correct (there are: "
            f"{', '.join(firing.evaluation.prior) or 'none'}).",
            about=period,
        )
        return attrs.evolve(draft, reasons=(*draft.reasons, reason))
    draft = _explained(firing, draft, corrected, period)
    prior = {**firing.evaluation.prior, period: {**counted, **corrected}}
    return attrs.evolve(draft, evaluation=attrs.evolve(draft.evaluation, prior=prior))


def next_period(firing: Firing, draft: Draft) -> Draft:
    """Begin the evaluation of the next period, taking along the actuals that counted."""
    following = calendar.period(firing.project.period).next().text
    done = firing.evaluation
    prior = dict(done.prior)
    if done.rating is not None:
        marked = done.provisional().get(done.period, {})
        prior[done.period] = {
            indicator: {"provisional": marked[indicator]}
            if indicator in marked
            else _figure_tree(figure)
            for indicator, figure in actuals_of(done.rating).items()
        }
    return attrs.evolve(
        draft,
        period=following,
        evaluation=Evaluation(
            project=firing.project.id,
            period=following,
            prior=prior,
            facts=follow_up.handed_on(done),
        ),
    )


def change_report(firing: Firing, draft: Draft) -> Draft:
    """Open a change that is reported as soon as it is foreseen (R42): why, and the details. Its
    plan comes with it or later (`change`). An approved one goes on waiting to be declared."""
    reasons = _reported_later(firing)
    if reasons:
        return attrs.evolve(draft, reasons=(*draft.reasons, *reasons))
    waiting = draft.approved
    return attrs.evolve(draft, waiting=waiting, change=_opened(firing, {}, {}))


def change(firing: Firing, draft: Draft) -> Draft:
    """Say what changes (변경계획), and how it stood before (R41, R43); it opens the change where
    that was not reported before. Who was consulted on an earlier plan is asked anew."""
    patch = firing.given("change")
    if patch is None:
        return draft
    from evalflow.plan.differences import project_differences
    from evalflow.plan.patch import merge_patch, touched
    from evalflow.plan.project import definition_from_tree

    try:
        asked = definition_from_tree(
            firing.head,
            firing.project.number,
            merge_patch(firing.latest.tree, patch),
            measures=firing.lifecycle.measures,
        )
    except InvalidInput as error:
        reasons = tuple(
            Reason(code="bad_change", ko=p.text("ko"), en=p.text("en")) for p in error.problems
        )
        return attrs.evolve(draft, reasons=(*draft.reasons, *reasons))
    reasons = (*_past_targets(firing, asked), *_other_kind(firing, asked))
    found = project_differences(firing.latest, asked, firing.event.name)
    if all(each.kind == "text" for each in found):
        reason = Reason(
            code="nothing_changes",
            ko="변경내용이 지금 계획과 같습니다. 무엇이 바뀌는지 적으십시오 "
            "(명칭과 문구는 계획 개정으로 고칩니다).",
            en="the plan says this already: say what changes (names and wording are put right by a "
            "revision of the plan).",
        )
        reasons = (*reasons, reason)
    reasons = (*reasons, *_planned_not_due(firing, asked), *_lacking(firing, asked))
    reported = draft.change
    if reported is None:
        reasons = (*reasons, *_reported_later(firing))
    if reasons:
        return attrs.evolve(draft, reasons=(*draft.reasons, *reasons))
    before = touched(firing.latest.tree, patch)
    if reported is None:
        return attrs.evolve(draft, change=_opened(firing, before, patch))
    planned = attrs.evolve(
        reported,
        kind=firing.given("choice") or reported.kind,
        reason=firing.data.get("reason") or reported.reason,
        detail=firing.given("text") or reported.detail,
        before=before,
        after=patch,
        opinions=(),
    )
    return attrs.evolve(draft, change=planned)


def _lacking(firing: Firing, asked: ProjectDefinition) -> tuple[Reason, ...]:
    """Ask for what the plan of a project says, as when it was adopted: quarterly budgets that come
    to the sources' sum, a step for each month (R13, R29, R31, R32). What the plan in force lacks
    already is not asked for by a change of something else."""
    from evalflow.plan.content import LACKING, lacking

    wanted = firing.lifecycle.project_plans
    had = {(each.key, each.ko) for each in lacking(firing.head, [firing.latest], wanted)}
    return tuple(
        Reason(
            code=LACKING, ko=f"{each.key}: {each.ko}", en=f"{each.key}: {each.en}", about=each.key
        )
        for each in lacking(firing.head, [asked], wanted)
        if (each.key, each.ko) not in had
    )


def _planned_not_due(firing: Firing, asked: ProjectDefinition) -> tuple[Reason, ...]:
    """Ask why a target that the change says is not due is not (G8)."""
    had = {each.id: each.targets for each in firing.latest.indicators}
    return tuple(
        Reason(
            code="not_due_unexplained",
            ko=f"{each.id} {period}: 목표가 시기미도래이면 사유를 말로 적어야 합니다: "
            "{not_due: 사유}",
            en=f"{each.id} {period}: a target that is not due says why, in words: {{not_due: why}}",
            about=each.id,
        )
        for each in asked.indicators
        for period, said in each.targets.items()
        if isinstance(said, NotDue)
        and not has_words(said.reason)
        and had.get(each.id, {}).get(period) != said
    )


def _opened(firing: Firing, before: Tree, after: Tree) -> Change:
    return Change(
        number=firing.number,
        kind=firing.given("choice") or "other",
        reason=firing.data.get("reason", ""),
        detail=firing.given("text") or "",
        reported_on=firing.given("date") or "",
        before=before,
        after=after,
    )


def _reported_later(firing: Firing) -> tuple[Reason, ...]:
    """Refuse a report on a day to come."""
    reported_on = firing.given("date")
    if reported_on is None or dt.date.fromisoformat(reported_on) <= firing.today:
        return ()
    return (
        Reason(
            code="in_the_future",
            ko=f"보고일 {day_text(dt.date.fromisoformat(reported_on), 'ko')}은(는) 아직 오지 않은 "
            f"날입니다 (오늘 {day_text(firing.today, 'ko')}).",
            en=f"{reported_on} is in the future (today is {firing.today}): a report was made.",
        ),
    )


def _other_kind(firing: Firing, asked: ProjectDefinition) -> tuple[Reason, ...]:
    """Refuse a kind of change that is not what changes (R41). An option of a choice says what it
    `covers`, in the words of a plan's differences; one that says nothing is for the rest."""
    field = next((each for each in firing.event.data if each.type == "choice"), None)
    chosen = firing.given("choice")
    if field is None or chosen is None or not field.covers:
        return ()
    from evalflow.plan.differences import project_differences

    kinds = {
        "targets" if each.kind == "open_target" else each.kind
        for each in project_differences(firing.latest, asked, firing.event.name)
        if each.kind != "text"
    }
    right = [name for name, covered in field.covers.items() if kinds & set(covered)]
    right = right or [name for name in field.options if name not in field.covers]
    if not kinds or chosen in right:
        return ()
    ko = ", ".join(f"{field.options[name].ko}({name})" for name in right)
    en = ", ".join(f"{field.options[name].en} ({name})" for name in right)
    mine = field.options[chosen]
    return (
        Reason(
            code="other_kind_of_change",
            ko=f"변경 구분 '{mine.ko}'({chosen})이(가) 변경내용과 다릅니다. 맞는 구분: {ko}.",
            en=f"the kind '{mine.en}' ({chosen}) is not what changes; what fits: {en}.",
            about=field.name,
        ),
    )


def _past_targets(firing: Firing, asked: ProjectDefinition) -> tuple[Reason, ...]:
    """Refuse other targets for periods that are over: a change counts from the period in which it
    is approved (D5)."""
    from evalflow.plan.differences import past_targets

    period = firing.calendar.period_on(firing.today).text
    return tuple(
        Reason(
            code="past_target",
            ko=f"지난 기간의 목표와 그 누계 방식은 바꿀 수 없습니다: {which} ({how}). "
            f"변경은 {period}부터 적용됩니다.",
            en=f"targets of periods that are over stand, as does how they add up: {which} ({how}); "
            f"a change counts "
            f"from {period}.",
            about=which,
        )
        for which, how in past_targets(firing.latest, asked, period).items()
    )


def consultation(firing: Firing, draft: Draft) -> Draft:
    """Add a consulted party's opinion to the change; dissent is recorded, never erased (R43,
    행정업무 규정 §9)."""
    if draft.change is None or firing.grant is None:
        return draft
    opinion: dict[str, Any] = {
        "role": firing.grant.role,
        "actor": firing.actor.id,
        "opinion": firing.given("text") or "",
        "dissent": bool(firing.given("flag")),
        "entry": firing.number,
    }
    opinions = (*draft.change.opinions, opinion)
    return attrs.evolve(draft, change=attrs.evolve(draft.change, opinions=opinions))


def agreement(firing: Firing, draft: Draft) -> Draft:
    """Add a consulted party's opinion to the change, as `consultation` does, with the day and with
    whom the party acted for (협조, R11, R43, R58); of an event in the line of an evaluation, to
    the paper that is being signed."""
    if firing.grant is None:
        return draft
    if (line := _evaluation_line(firing)) is not None:
        said = {
            "step": signing.COOPERATE,
            **follow_up.who(firing, firing.grant),
            "opinion": firing.given("text") or "",
            "dissent": bool(firing.given("flag")),
        }
        return _signed(firing, draft, (*signing.signed(line, draft.evaluation, None), said))
    if draft.change is None:
        return draft
    opinion: dict[str, Any] = {
        **follow_up.who(firing, firing.grant),
        "opinion": firing.given("text") or "",
        "dissent": bool(firing.given("flag")),
    }
    opinions = (*draft.change.opinions, opinion)
    return attrs.evolve(draft, change=attrs.evolve(draft.change, opinions=opinions))


def settlement(firing: Firing, draft: Draft) -> Draft:
    """Note that a superior decided on the dissent that was recorded so far (R58)."""
    if firing.grant is None:
        return draft
    settled = {
        "step": signing.SETTLE,
        **follow_up.who(firing, firing.grant),
        "opinion": firing.given("text") or "",
    }
    if (line := _evaluation_line(firing)) is not None:
        return _signed(firing, draft, (*signing.signed(line, draft.evaluation, None), settled))
    if draft.change is None:
        return draft
    signatures = (*draft.change.signatures, settled)
    return attrs.evolve(draft, change=attrs.evolve(draft.change, signatures=signatures))


def _evaluation_line(firing: Firing) -> Line | None:
    """Return the line of the event where it is that of an evaluation."""
    line = signing.line_of(firing.lifecycle, firing.event)
    return line if line is not None and line.of == "evaluation" else None


# --------------------------------------------------------------------------- signatures


def drafted(firing: Firing, draft: Draft) -> Draft:
    """Open the event's line of signatures anew, with who drafted the paper (기안)."""
    if firing.grant is None:
        return draft
    return _signed(firing, draft, ({"step": signing.DRAFT, **follow_up.who(firing, firing.grant)},))


def signature(firing: Firing, draft: Draft) -> Draft:
    """Sign as the next in the line (결재), dated by the office's day; whom a stand-in signed for
    (대결) is what the appointment says. Refused to whoever is not next."""
    line, grant = signing.line_of(firing.lifecycle, firing.event), firing.grant
    if line is None or grant is None:
        return draft
    roles, done = _standing(line, firing, draft)
    turn = signing.next_role(roles, done)
    if turn is None:
        return draft
    if turn != grant.role:
        return attrs.evolve(draft, reasons=(*draft.reasons, _not_next(firing, line, turn)))
    made = {"step": signing.SIGN, **follow_up.who(firing, grant), **_ends(line, roles, grant.role)}
    return _signed(firing, draft, (*done, made))


def paper_signature(firing: Firing, draft: Draft) -> Draft:
    """Enter signatures that were given on paper (서면 결재), as such: who signed on which day, who
    entered it and when. Not before the draft, not on a day to come, and in the line's order."""
    line, entered = signing.line_of(firing.lifecycle, firing.event), firing.given("sign_off")
    if line is None or not entered or firing.grant is None:
        return draft
    roles, done = _standing(line, firing, draft)
    reasons: list[Reason] = []
    for each in entered:
        made, against = _on_paper(firing, line, roles, done, each)
        reasons.extend(against)
        done = (*done, made)
    if reasons:
        return attrs.evolve(draft, reasons=(*draft.reasons, *reasons))
    return _signed(firing, draft, done)


def unsigned(firing: Firing, draft: Draft) -> Draft:
    """Void the line's draft and signatures: the paper was returned; the history has them."""
    return _signed(firing, draft, ())


def visit_announced(firing: Firing, draft: Draft) -> Draft:
    """Note that a site visit (현장확인) was announced for a day: not for one that is past (R54)."""
    day = firing.given("date")
    if day is None or firing.grant is None:
        return draft
    if dt.date.fromisoformat(day) < firing.today:
        reason = Reason(
            code="in_the_past",
            ko=f"현장확인 예정일 {day_text(dt.date.fromisoformat(day), 'ko')}이(가) 이미 "
            f"지났습니다 (오늘 {day_text(firing.today, 'ko')}).",
            en=f"{day} is in the past (today is {firing.today}).",
        )
        return attrs.evolve(draft, reasons=(*draft.reasons, reason))
    notice = {**follow_up.who(firing, firing.grant), "visit": day}
    told = [*draft.evaluation.facts.get(VISIT_NOTICES, ()), notice]
    facts = {**draft.evaluation.facts, VISIT_NOTICES: told}
    return attrs.evolve(draft, evaluation=attrs.evolve(draft.evaluation, facts=facts))


def _not_next(firing: Firing, line: Line, turn: str) -> Reason:
    """Return why somebody who signs in the line may not sign now."""
    label = firing.lifecycle.roles[turn].label
    event = next(
        (
            each
            for each in firing.lifecycle.events.values()
            if each.line == line.name and "signature" in each.actions and turn in each.by
        ),
        firing.event,
    )
    unit = firing.latest.unit_on(firing.today)
    return Reason(
        code="not_next_in_line",
        ko=f"결재 순서가 아닙니다: '{line.label.ko}'의 다음 결재자는 {label.ko}입니다 "
        f"('{event.label.ko}', {event.name}).",
        en=f"not next in the line '{line.label.en}': the {label.en} signs next "
        f"('{event.label.en}', {event.name}).",
        who=firing.directory.holders((turn,), unit, firing.today) or (turn,),
        about=line.name,
    )


def _standing(
    line: Line, firing: Firing, draft: Draft
) -> tuple[tuple[str, ...], tuple[signing.Signature, ...]]:
    roles = signing.signers(line, firing.head, draft.change)
    return roles, signing.signed(line, draft.evaluation, draft.change)


def _ends(line: Line, roles: tuple[str, ...], role: str) -> dict[str, Any]:
    """Say where the line ends with this role, and whether it decides by delegation (전결, R58)."""
    if role != roles[-1]:
        return {}
    return {"final": True, **({"delegated": True} if role != line.by[-1] else {})}


def _signed(firing: Firing, draft: Draft, done: tuple[signing.Signature, ...]) -> Draft:
    line = signing.line_of(firing.lifecycle, firing.event)
    if line is None:
        return draft
    if line.of == "change":
        if draft.change is None:
            return draft
        return attrs.evolve(draft, change=attrs.evolve(draft.change, signatures=done))
    facts = {k: v for k, v in draft.evaluation.facts.items() if k != signing.SIGN_LINE}
    if done:
        facts[signing.SIGN_LINE] = [dict(each) for each in done]
    return attrs.evolve(draft, evaluation=attrs.evolve(draft.evaluation, facts=facts))


def _on_paper(
    firing: Firing,
    line: Line,
    roles: tuple[str, ...],
    done: tuple[signing.Signature, ...],
    given: Mapping[str, Any],
) -> tuple[dict[str, Any], list[Reason]]:
    """Return a paper signature as it is recorded, and what speaks against it."""
    role, actor, on = given["role"], given["actor"], given.get("on")
    made: dict[str, Any] = {"step": signing.SIGN, "role": role, "actor": actor, "on": on}
    reasons: list[Reason] = []

    def against(code: str, ko: str, en: str, who: tuple[str, ...] = ()) -> None:
        reasons.append(Reason(code=code, ko=ko, en=en, who=who, about="sign_off"))

    wanted = signing.next_role(roles, done)
    if role != wanted:
        next_ko, next_en = _role_text(firing, wanted)
        against(
            "not_next_in_line",
            f"'{role}' 결재 순서가 아닙니다 (다음: {next_ko}).",
            f"'{role}' is not next in the line (next: {next_en}).",
        )
        return made, reasons
    if on is None:
        ko = f"'{actor}'의 서면 결재일을 적어야 합니다 (on)."
        against("paper_undated", ko, f"say on which day '{actor}' signed the paper (on).")
        return made, reasons
    day = dt.date.fromisoformat(on)
    if day > firing.today:
        against(
            "in_the_future",
            f"결재일 {on}은(는) 아직 오지 않은 날입니다 (오늘 {firing.today}).",
            f"{on} is in the future (today is {firing.today}).",
        )
    first = done[0]["on"] if done else None
    if first is not None and on < first:
        against(
            "before_draft",
            f"결재일 {on}이(가) 기안일 {first}보다 앞섭니다.",
            f"signed on {on}, before the draft of {first}.",
        )
    unit, directory = firing.latest.unit_on(day), firing.directory
    able = directory.holders((role,), unit, day)
    grants = (
        directory.grants_for(directory.actor(actor), (role,), unit, day) if actor in able else ()
    )
    if not grants:
        label = firing.lifecycle.roles[role].label
        against(
            "signer_without_role",
            f"'{actor}'은(는) {on}에 이 부서의 '{label.ko}'이(가) 아닙니다.",
            f"'{actor}' was no '{label.en}' for this unit on {on}.",
            able,
        )
        return made, reasons
    behalf = grants[0].on_behalf_of
    if "for" in given and given["for"] != behalf:
        against(
            "not_acting_for",
            f"'{actor}'은(는) {on}에 '{given['for']}'을(를) 대결하지 않습니다 "
            f"(대결: {behalf or '없음'}).",
            f"'{actor}' did not act for '{given['for']}' on {on} (for: {behalf or 'nobody'}).",
        )
    if behalf is not None:
        made["for"] = behalf
    entered = {"entered_by": firing.actor.id, "entered_on": firing.today.isoformat()}
    made.update(_ends(line, roles, role), paper=True, entry=firing.number, **entered)
    return made, reasons


def _role_text(firing: Firing, role: str | None) -> tuple[str, str]:
    if role is None:
        return "없음", "nobody"
    label = firing.lifecycle.roles[role].label
    return label.ko, label.en


# --------------------------------------------------------------------------- changes in force


def plan_revision(firing: Firing, draft: Draft) -> Draft:
    """Put the approved change into force: a new plan revision from this period on (R43, D5)."""
    if draft.change is None:
        return draft
    if reasons := _not_as_requested(firing, draft.change):
        return attrs.evolve(draft, reasons=(*draft.reasons, *reasons))
    from evalflow.plan.patch import merge_patch
    from evalflow.plan.project import definition_from_tree

    definition = definition_from_tree(
        firing.head,
        firing.project.number,
        merge_patch(firing.latest.tree, draft.change.after),
        measures=firing.lifecycle.measures,
    )
    if reasons := _past_targets(firing, definition):
        return attrs.evolve(draft, reasons=(*draft.reasons, *reasons))
    approved = attrs.evolve(
        draft.change,
        approved_in=firing.calendar.period_on(firing.today).text,
        approved_at=firing.at.isoformat(timespec="microseconds"),
        revision=firing.head.revision + 1,
        document=firing.given("document"),
    )
    return attrs.evolve(draft, change=approved, definition=definition)


def _not_as_requested(firing: Firing, change: Change) -> tuple[Reason, ...]:
    """Refuse to put into force what no entry asked for: where the project stands is made of its
    history, and whoever edits the one has not changed the other."""
    asked: Tree = None
    for entry in reversed(firing.history):
        if entry.lifecycle != firing.lifecycle.fingerprint:  # a migration may have renamed events
            return ()
        event = firing.lifecycle.events.get(entry.event)
        if event is None or "change" not in event.actions:
            continue
        names = [field.name for field in event.data if field.type == "change"]
        asked = next((entry.data[name] for name in names if name in entry.data), None)
        if asked is not None:
            break
    if canonical(asked) == canonical(change.after) or (asked is None and not change.after):
        return ()
    return (
        Reason(
            code="change_not_as_requested",
            ko="저장소에 있는 변경내용이 이력에서 요청한 것과 다릅니다. 'evalflow verify'로 "
            "확인하십시오. 아무것도 바뀌지 않았습니다.",
            en="the change as the store has it is not what the history asked for; look at it with "
            "'evalflow verify': nothing was changed",
            about=firing.project.id,
        ),
    )


def change_closed(firing: Firing, draft: Draft) -> Draft:
    """Close the change request: rejected or withdrawn. The history keeps it, and approved ones
    go on waiting to be filed and declared."""
    return attrs.evolve(draft, change=None)


def change_filed(firing: Firing, draft: Draft) -> Draft:
    """Note the official letter by which an approved change was filed (공문 제출, R43, R52), the
    oldest that was not; one that was declared before is closed by it."""
    approved = draft.approved
    if not approved:  # one that is not approved is filed all the same where a lifecycle lets it be
        return _settled(draft, draft.change, firing.given("document"))
    first = next((each for each in approved if each.filed is None), approved[-1])
    return _settled(draft, first, firing.given("document"))


def _settled(draft: Draft, one: Change | None, letter: Mapping[str, Any] | None) -> Draft:
    if one is None:
        return draft
    return _put(draft, one, attrs.evolve(one, filed=letter))


def _put(draft: Draft, old: Change, new: Change) -> Draft:
    """Return the draft with a change as it is now; closed where it is filed and declared."""
    kept = None if new.filed and new.declared_in else new
    if old is draft.change:
        return attrs.evolve(draft, change=kept)
    waiting = [kept if each is old else each for each in draft.waiting]
    return attrs.evolve(draft, waiting=tuple([each for each in waiting if each is not None]))


def declaration(firing: Firing, draft: Draft) -> Draft:
    """Note that this evaluation states an approved change, each that it states (R44, D6); one that
    was filed before is closed by it."""
    stated = firing.given("declarations") or {}
    for one in (*draft.waiting, draft.change):
        if one is not None and str(one.number) in stated:
            draft = _put(draft, one, attrs.evolve(one, declared_in=firing.project.period))
    return draft


ACTIONS: Mapping[str, Action] = {
    action.__name__: action
    for action in (
        facts,
        self_rating,
        review_rating,
        spot_rating,
        extension,
        correction,
        next_period,
        change_report,
        change,
        consultation,
        agreement,
        settlement,
        drafted,
        signature,
        paper_signature,
        unsigned,
        follow_up.follow_up_opened,
        follow_up.follow_up_planned,
        follow_up.follow_up_answered,
        follow_up.follow_up_closed,
        visit_announced,
        plan_revision,
        change_closed,
        change_filed,
        declaration,
    )
}
"""Every action that a lifecycle can name."""


def _figures(tree: Mapping[str, Tree]) -> dict[str, Actual]:
    return {indicator: figure_from(figure) for indicator, figure in tree.items()}


def _explained(firing: Firing, draft: Draft, actuals: Mapping[str, Tree], period: str) -> Draft:
    """Ask for a written reason where an actual is said to be not due (시기미도래) and the plan sets
    a target for the period (G8, D8)."""
    silent = {
        name
        for name, said in actuals.items()
        if isinstance(said, Mapping) and said.get("not_due") == ""
    }
    if not silent:
        return draft
    reasons = []
    for indicator in firing.definition.indicators:
        target = indicator.targets.get(period)
        if indicator.id not in silent or target is None:
            continue
        if not isinstance(target, NotDue):
            reason = Reason(
                code="not_due_unexplained",
                ko=f"성과지표 '{indicator.label.ko}'({indicator.id})은(는) {period} 목표가 {target}"
                "입니다. 시기미도래이면 사유를 적으십시오: {not_due: 사유}",
                en=f"indicator '{indicator.label.en}' ({indicator.id}) has the target {target} in "
                f"{period}: where it is not due, say why: {{not_due: why}}",
                about=indicator.id,
            )
            reasons.append(reason)
    return attrs.evolve(draft, reasons=(*draft.reasons, *reasons)) if reasons else draft


def _own_actuals(firing: Firing) -> dict[str, Actual]:
    """Return the period's actuals behind the department's own rating."""
    own = firing.evaluation.self_rating
    return actuals_of(own) if own else {}


def actuals_of(rating: Rating) -> dict[str, Actual]:
    """Return the period's own actuals on which the rating was made."""
    actuals: dict[str, Actual] = {}
    for line in rating.lines:
        if line.figure is not None:
            actuals[line.indicator] = line.figure
        elif line.status == "not_due":
            actuals[line.indicator] = NotDue()
    return actuals


def _figure_tree(figure: Actual) -> Tree:
    return {"not_due": figure.reason} if isinstance(figure, NotDue) else figure_text(figure)
