"""An example of each guard, action and due rule, as an event of a lifecycle would have it."""

from __future__ import annotations

from collections.abc import Mapping

GUARD_EXAMPLES: Mapping[str, str] = {
    "acts_as": "transitions: [{from: budget, to: paid, by: [chief]}]",
    "cards_complete": "guards: [cards_complete: {records: whole}]",
    "change_is_declared": (
        "transitions: [{from: change_approved, to: unchanged, guards: [change_is_declared]}]"
    ),
    "change_is_filed": (
        "transitions: [{from: change_approved, to: unchanged, guards: [change_is_filed]}]"
    ),
    "change_planned": "guards: [change_planned]",
    "change_waits": (
        "transitions: [{from: change_requested, to: change_approved, guards: [change_waits]}]"
    ),
    "changes_declared": "guards: [changes_declared]",
    "concerns": "guards: [concerns: {states: [reviewed, lagging], fixed: lagging}]",
    "consulted": "guards: [consulted: {by: budget_office, where: money_changes}]",
    "cooperation_answered": "guards: [cooperation_answered]",
    "dissent_settled": "guards: [dissent_settled]",
    "figures_complete": "guards: [period_ended, figures_complete]",
    "follows": "guards: [follows: {event: refer_to_audit}]",
    "given": (
        "choose: first\n"
        "transitions:\n"
        "  - {from: received, to: budget, guards: [given: {field: amount, over: 1000}]}\n"
        "  - {from: received, to: day_to_day}"
    ),
    "in": "guards: [in: {states: [approved_journalist, approved_spellchecker]}]",
    "in_time": "guards: [in_time: {of: decide}]",
    "lagging_explained": "guards: [lagging_explained]",
    "last_period": "transitions: [{from: approved, to: closed, guards: [last_period]}]",
    "line_goes_on": "line: evaluation\nguards: [line_goes_on]",
    "line_signed": (
        "line: evaluation\n"
        "choose: first\n"
        "transitions:\n"
        "  - {from: compiled, to: signed, guards: [line_signed]}\n"
        "  - {from: compiled}"
    ),
    "next_period_exists": "guards: [next_period_exists]",
    "not_before": "guards: [not_before: {days_after: decide, days: 31}]",
    "overdue": "guards: [overdue: {of: decide}]",
    "passed": "guards: [passed: {days_after: decide, days: 30}]",
    "period_ended": "guards: [period_ended]",
    "rated": (
        "transitions:\n"
        "  - {from: reported, to: verified, guards: [rated: {as: on_track}]}\n"
        "  - {from: reported, to: ordered, guards: [rated: {as: lagging}]}"
    ),
    "rates_judged": "guards: [rates_judged]",
    "resolved": "guards: [resolved: {by: member, quorum: two_thirds, carried: two_thirds}]",
    "signed_off": "guards: [signed_off: {by: bureau_head}]",
    "those_about": (
        "guards: [those_about: {lifecycle: corrective-order, states: [verified], at_least: 3}]"
    ),
    "unit_complete": "guards: [unit_complete: {kind: bureau, states: [self_evaluated]}]",
    "until": "guards: [until: {days_after: decide, days: 30}]",
    "visit_in_order": "guards: [visit_in_order]",
    "voted": (
        "guards: [voted: {event: review, field: verdict, is: approve, at_least: 2, since: push}]"
    ),
}
"""Guard -> an event's lines that use it."""

_REASON = "  reason: {type: reason, required: true, ko: 사유, en: Reason}"
_DOCUMENT = "  document: {type: document, required: true, ko: 문서번호, en: Document number}"

ACTION_EXAMPLES: Mapping[str, str] = {
    "agreement": (
        "data:\n"
        "  opinion: {type: text, required: true, ko: 의견, en: Opinion}\n"
        "  dissents: {type: flag, ko: 이견, en: Dissents}\n"
        "actions: [agreement]"
    ),
    "change": (
        f"data:\n  change: {{type: change, required: true, ko: 변경, en: Change}}\n{_REASON}\n"
        "actions: [change]"
    ),
    "change_closed": f"data:\n{_REASON}\nactions: [change_closed]",
    "change_filed": f"data:\n{_DOCUMENT}\nactions: [change_filed]",
    "change_report": (
        "data:\n"
        "  reported_on: {type: date, required: true, ko: 보고일, en: Reported on}\n"
        f"{_REASON}\n"
        "actions: [change_report]"
    ),
    "consultation": (
        "data:\n  opinion: {type: text, required: true, ko: 의견, en: Opinion}\n"
        "actions: [consultation]"
    ),
    "correction": (
        "data:\n"
        "  period: {type: period, required: true, ko: 기간, en: Period}\n"
        "  actuals: {type: figures, required: true, ko: 실적, en: Actuals}\n"
        f"{_REASON}\n"
        "actions: [correction]"
    ),
    "declaration": (
        "data:\n  declarations: {type: declarations, ko: 변경사항, en: Changes}\n"
        "actions: [declaration]"
    ),
    "drafted": "line: evaluation\nactions: [drafted]",
    "extension": (
        "extension: {of: [decide], times: 1, at_most: same_again}\n"
        "data:\n"
        "  deadline: {type: event, required: true, ko: 대상, en: Which}\n"
        "  until: {type: date, required: true, ko: 연장 기한, en: Until}\n"
        f"{_REASON}\n"
        "actions: [extension]"
    ),
    "facts": f"data:\n{_DOCUMENT}\nactions: [facts]",
    "follow_up_answered": (
        "at: cooperating\n"
        "data:\n  answer: {type: text, required: true, ko: 협조 내용, en: Answer}\n"
        "actions: [follow_up_answered]"
    ),
    "follow_up_closed": f"data:\n{_REASON}\nactions: [follow_up_closed]",
    "follow_up_opened": f"data:\n{_REASON}\nactions: [follow_up_opened]",
    "follow_up_planned": (
        "data:\n  measures: {type: measures, required: true, ko: 정상화 방안, en: Measures}\n"
        "actions: [follow_up_planned]"
    ),
    "next_period": "guards: [next_period_exists]\nactions: [next_period]",
    "paper_signature": (
        "line: evaluation\n"
        "data:\n"
        "  sign_off: {type: sign_off, required: true, ko: 결재자, en: Signed by}\n"
        f"{_DOCUMENT}\n"
        "actions: [paper_signature]"
    ),
    "plan_revision": "line: change\nguards: [line_signed]\nactions: [signature, plan_revision]",
    "review_rating": (
        "data:\n  ratings: {type: judgements, required: true, ko: 이행률 검토, en: Rates}\n"
        "actions: [review_rating]"
    ),
    "self_rating": (
        "data:\n  actuals: {type: figures, required: true, ko: 실적, en: Actuals}\n"
        "actions: [self_rating]"
    ),
    "settlement": f"data:\n{_REASON}\nactions: [settlement]",
    "signature": "line: evaluation\nactions: [signature]",
    "spot_rating": (
        "evaluation: fixed\n"
        "data:\n  actuals: {type: figures, required: true, ko: 실적, en: Actuals}\n"
        "actions: [spot_rating]"
    ),
    "unsigned": f"line: evaluation\ndata:\n{_REASON}\nactions: [unsigned]",
    "visit_announced": (
        "data:\n  on: {type: date, required: true, ko: 현장확인일, en: Day of the visit}\n"
        "actions: [visit_announced]"
    ),
}
"""Action -> an event's lines that have it write."""

DUE_EXAMPLES: Mapping[str, str] = {
    "day": "due: {day: 5}",
    "days_after_period": "due: {days_after_period: 30}",
    "months_after_period": "due: {months_after_period: 1}",
    "days_after": "due: {days_after: [receive, again], days: 10, not_counting: [asked]}",
    "working_days_after": (
        "due: {working_days_after: receive, on: received_on, days: 10, first_day: true}"
    ),
    "months_after": "due: {months_after: finish, on: finished_on, months: 2}",
    "days_before": "due: {days_before: announce, on: held_on, days: 7}",
    "working_days_before": "due: {working_days_before: announce, on: held_on, days: 3}",
    "date": "due: {date: 02-19}",
}
"""Kind of due rule -> an event's line that has it."""
