"""The words of the language of lifecycles: what each means, in a few words.

For `evalflow lifecycle words`, the page that lists them, and whoever writes scenarios: programs
compare the codes of refusals, people read the sentence of the reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from evalflow.decision.word_examples import ACTION_EXAMPLES, DUE_EXAMPLES, GUARD_EXAMPLES
from evalflow.lifecycle.definition import Vocabulary
from evalflow.lifecycle.due import DUE_KINDS, DUE_WORDS, keys_of
from evalflow.lifecycle.keys import FIELD_TYPES
from evalflow.model import Label
from evalflow.model.values import frozen

REFUSALS: Mapping[str, Label] = {
    name: Label(ko, en)
    for name, ko, en in (
        (
            "about_another_state",
            "관련 사업의 상태가 다름",
            "the project it is about is in another state",
        ),
        (
            "about_nothing",
            "관련 사업이 없음",
            "it is about no project, or about one that is not there",
        ),
        ("acting_void", "무효인 대결 지정", "a void acting appointment"),
        ("another_role", "그 상태에서는 다른 역할이 함", "from there another role takes the step"),
        ("before_draft", "기안보다 앞선 결재", "signed before it was drafted"),
        ("bad_change", "변경 내용이 계획에 맞지 않음", "the change does not fit the plan"),
        ("bad_data", "자료의 형식이 틀림", "data of the wrong form"),
        ("cards_missing", "관리카드 누락", "management cards are missing or empty"),
        ("change_not_as_requested", "신청한 변경과 다름", "not the change that was asked for"),
        (
            "change_not_declared",
            "확정된 변경이 평가서에 없음",
            "no evaluation has stated the change",
        ),
        ("change_not_filed", "변경 공문 미제출", "the approved change has not been filed"),
        ("change_not_planned", "변경계획이 없음", "the change has no plan yet"),
        ("change_undeclared", "확정된 변경을 적지 않음", "an approved change is not stated in it"),
        (
            "cooperation_unanswered",
            "협조부서 회신이 없음",
            "a unit that must cooperate has not answered",
        ),
        ("data_missing", "필요한 자료가 없음", "required data is missing"),
        ("deadline_passed", "기한이 지남", "it had to come before a deadline"),
        ("dissent_open", "조정되지 않은 이견", "a dissent is not settled"),
        ("duty_separated", "직무 분리", "separation of duties"),
        (
            "event_dropped",
            "전환하면 없어지는 처리",
            "an event that the other lifecycle does not have",
        ),
        ("extended_often_enough", "연장 횟수를 다 씀", "extended as often as may be"),
        ("extended_too_far", "연장 한도를 넘음", "extended beyond the bound"),
        ("figures_missing", "실적이 없음", "a target lacks its actual"),
        ("given_otherwise", "적힌 값이 다름", "a field has another value than it has to"),
        ("grant_not_in_force", "권한 기간이 아님", "the role is held on other days"),
        ("in_the_future", "아직 오지 않은 날", "a day to come"),
        ("in_the_past", "지나간 날짜", "a day that is past"),
        (
            "lagging_unexplained",
            "부진사유나 대책이 없음",
            "a lagging indicator lacks cause or countermeasure",
        ),
        ("lapsed", "할 수 있는 기간이 지남", "the time of a right has passed"),
        ("line_unsigned", "결재가 끝나지 않음", "somebody in the line has not signed"),
        (
            "needs_change_procedure",
            "변경 절차로만 바꿀 수 있음",
            "only the change procedure may change it",
        ),
        ("needs_confirmation", "다른 사람의 확인이 필요함", "a second person has to confirm"),
        ("needs_next_plan", "다음 계획에서 할 수 있음", "only the next plan may change it"),
        ("no_change_procedure", "변경 절차가 없음", "there is no change procedure"),
        ("no_change_waits", "기다리는 변경이 없음", "no approved change waits"),
        ("no_deadline_yet", "아직 기한이 없음", "it has no due date yet"),
        ("no_next_period", "마지막 기간임", "the plan has no period after this"),
        ("no_quorum", "의사정족수 미달", "no quorum"),
        ("no_role", "역할이 없음", "the actor does not hold a role that may"),
        ("nobody_cooperates", "협조부서가 없음", "no unit has to cooperate"),
        ("not_acting_for", "대결 지정이 없음", "no appointment to stand in"),
        ("not_carried", "부결", "the committee did not carry it"),
        ("not_consulted", "협조를 받지 않음", "a role has not been consulted"),
        (
            "not_due_unexplained",
            "시기미도래 사유가 없음",
            "a target is said to be not due, without why",
        ),
        ("not_extensible", "연장하지 않는 기한", "a due day that is not extended"),
        ("not_in_state", "다른 상태여야 함", "another region has to be in another state"),
        ("not_lagging", "부진이 아님", "the rating is not lagging"),
        ("not_last_period", "마지막 기간이 아님", "it is not the last period"),
        ("not_later", "지금 기한보다 늦지 않음", "not later than the day in force"),
        ("not_next_in_line", "결재 순서가 아님", "another one signs next"),
        ("not_on_track", "정상이 아님", "the rating is not on track"),
        ("not_overdue", "기한이 지나지 않음", "what must be late is not late"),
        ("not_rated", "이행률이 없음", "there is no rating yet"),
        ("not_readable", "열람 권한이 없음", "the actor may not read it"),
        ("not_seriously_lagging", "현저히 부진하지 않음", "the rating is not seriously lagging"),
        ("not_signed", "결재가 없음", "a signature is missing"),
        ("not_yet_open", "기간이 시작되지 않음", "the time for it has not begun"),
        ("nothing_changes", "바뀌는 것이 없음", "nothing would change"),
        ("nothing_fixed", "확정된 평가가 없음", "no evaluation has been fixed yet"),
        ("nothing_proposed", "확인을 기다리는 것이 없음", "nothing waits to be confirmed"),
        ("nothing_to_correct", "정정할 것이 없음", "there is nothing to correct"),
        ("nothing_to_extend", "연장할 기한이 없음", "there is no due day to extend"),
        ("nothing_to_follow", "먼저 할 처리가 없었음", "what it follows on was not fired"),
        ("notified_after_visit", "통지가 현장확인보다 늦음", "told after the visit"),
        ("only_by_plan", "계획에 있는 것만 다룸", "only what stands in the plan is dealt with"),
        ("open_change", "끝나지 않은 변경이 있음", "a change is still open"),
        ("other_kind_of_change", "변경 구분이 다름", "the change is of another kind than it says"),
        ("past_target", "지난 기간의 목표", "a target of a period that is over"),
        ("period_not_ended", "기간이 끝나지 않음", "the period has not ended"),
        ("plugin_failed", "플러그인 오류", "a plugin broke"),
        (
            "rate_not_judged",
            "이행률을 검토하지 않음",
            "a rate was neither confirmed nor overridden",
        ),
        ("rate_undefined", "이행률을 산출할 수 없음", "a rate could not be worked out"),
        ("same_lifecycle", "같은 절차", "it is under that lifecycle already"),
        ("same_person", "같은 사람", "another person has to do it"),
        ("signer_without_role", "결재자의 권한이 없음", "a signer does not hold the role"),
        ("signs_last", "마지막 결재자", "the last in the line decides"),
        ("stranded", "전환하면 갈 상태가 없음", "no state of the other lifecycle would take it on"),
        ("taken_up_already", "이미 처리 중", "another project took it up already"),
        (
            "those_about_open",
            "관련 사업이 끝나지 않음",
            "a project about this one has not come that far",
        ),
        ("too_early", "아직 이름", "before the day from which it may be done"),
        (
            "too_few_about",
            "관련 사업이 모자람",
            "too few of the projects about this one have come that far",
        ),
        ("too_few_votes", "인원이 모자람", "too few people did so"),
        ("too_many_votes", "인원이 넘음", "more people did so than may"),
        ("unit_incomplete", "소속 사업이 끝나지 않음", "a project of the unit is not ready"),
        ("visit_to_come", "아직 오지 않은 현장확인일", "the day of the visit is still to come"),
        ("visit_unannounced", "사전통지가 없음", "a visit was not announced, and does not say why"),
        ("voter_without_role", "위원이 아님", "a voter is no member"),
        (
            "weaker_change_procedure",
            "변경 절차가 약해짐",
            "the other lifecycle asks less of a change",
        ),
        ("wrong_state", "그 상태에서 할 수 없음", "not possible in this state"),
        ("wrong_unit", "소관 부서가 아님", "the role is held for another unit"),
    )
}
"""Code of a reason against a firing, an adoption or a migration -> what it says in a few words."""

ACTION_WORDS: Mapping[str, Label] = {
    name: Label(ko, en)
    for name, ko, en in (
        (
            "facts",
            "적은 자료를 평가에 남김",
            "keeps the given data as the latest of its kind in the evaluation",
        ),
        (
            "self_rating",
            "자체평가 이행률",
            "rates the given actuals as the department's own rating",
        ),
        (
            "review_rating",
            "종합평가 이행률",
            "rates them with the reviewer's overrides, beside the self rating",
        ),
        ("spot_rating", "수시평가 이행률", "rates anew on the figures found in a spot check"),
        ("extension", "기한 연장", "moves the due day of an event to a later one"),
        ("correction", "실적 정정", "corrects actuals of an earlier period from here on"),
        ("next_period", "다음 기간", "begins the next period, with the actuals that counted"),
        ("change_report", "변경 보고", "opens a change that is foreseen"),
        (
            "change",
            "변경계획",
            "says what changes, and opens the change where nothing was reported",
        ),
        ("consultation", "협조 의견", "adds a consulted party's opinion"),
        (
            "agreement",
            "협조 의견(날짜·대결)",
            "the same, with the day and with whom a stand-in acted for",
        ),
        ("settlement", "이견 조정", "notes that a superior decided on the dissent"),
        ("drafted", "기안", "opens the line of signatures anew"),
        ("signature", "결재", "signs as the next in the line"),
        ("paper_signature", "서면 결재", "enters signatures that were given on paper"),
        ("unsigned", "반려·회수", "voids the draft and its signatures"),
        ("follow_up_opened", "부진사업 관리 시작", "opens the follow-up of a lagging project"),
        ("follow_up_planned", "정상화 계획", "puts down the plan to get back on track"),
        ("follow_up_answered", "협조부서 회신", "notes what a unit that must cooperate answered"),
        ("follow_up_closed", "부진사업 관리 종결", "closes the follow-up"),
        ("visit_announced", "현장확인 통지", "notes that a site visit was announced"),
        ("plan_revision", "계획 개정", "puts the approved change into force, as a plan revision"),
        ("change_closed", "변경 종결", "closes a change that was rejected or withdrawn"),
        ("change_filed", "변경 공문", "notes the letter by which the change was filed"),
        ("declaration", "변경사항 기재", "notes that this evaluation states an approved change"),
    )
}
"""Action -> what it writes down beside the entry, in a few words."""

FIELD_WORDS: Mapping[str, Label] = {
    name: Label(ko, en)
    for name, ko, en in (
        ("text", "글", "a text"),
        ("texts", "글의 목록", "a list of texts"),
        ("reason", "이력의 사유", "the written reason of the entry"),
        ("number", "수", "an exact number"),
        ("money", "금액(원)", "whole won"),
        ("date", "날짜", "a day"),
        ("period", "기간", "a period, such as 2016-Q2"),
        ("flag", "예/아니요", "true or false"),
        ("choice", "선택지 가운데 하나", "one of its options"),
        ("event", "기한이 있는 처리", "an event that is due"),
        ("document", "문서번호와 날짜", "a document's number, and its day"),
        ("sign_off", "결재자들", "role, actor and day of each signature"),
        ("figures", "성과지표별 실적", "an actual for each indicator, or not_due"),
        ("explanations", "부진사유와 대책", "cause and countermeasure for each indicator"),
        ("cards", "관리카드", "management cards by number"),
        ("declarations", "변경사항 기재", "approved changes that are stated"),
        ("months", "월별 추진실적", "what was done, by month"),
        ("judgements", "이행률 검토", "rates confirmed or overridden, by indicator"),
        ("visit", "현장확인", "a site visit"),
        ("measures", "조치 목록", "measures with owner and day"),
        ("change", "변경 내용", "what changes in the plan"),
        ("criteria", "선정기준", "criteria of the plan"),
        ("votes", "위원별 의견", "for, against or abstain, by member"),
    )
}
"""Type of data -> what is given in such a field."""


@frozen(kw_only=True)
class Word:
    """A word of the language: of which kind, and what it means in a few words; `takes` are the
    parameters of a guard, and the keys of a due rule. `example` is how an event of a lifecycle has
    it or, of a refusal, what evalflow says; `remedy` is what helps against a refusal. A plugin's
    word has neither."""

    kind: Label
    name: str
    meaning: Label
    takes: tuple[str, ...] = ()
    example: Label | None = None
    remedy: Label | None = None


_GUARD, _ACTION = Label("요건", "guard"), Label("동작", "action")
_DUE, _TYPE = Label("기한", "due rule"), Label("자료 유형", "type of data")
_REFUSAL = Label("처리 불가 사유", "refusal")


def words(vocabulary: Vocabulary) -> tuple[Word, ...]:
    """Return every word that a lifecycle may use with the guards and actions of `vocabulary`, and
    the codes by which evalflow itself refuses; a plugin's guard has codes of its own."""
    unknown = Label("-", "-")
    told = refusal_examples()
    return (
        *(
            Word(
                kind=_GUARD,
                name=name,
                meaning=spec.label,
                takes=tuple(spec.params),
                example=_same(GUARD_EXAMPLES.get(name)),
            )
            for name, spec in sorted(vocabulary.guards.items())
        ),
        *(
            Word(
                kind=_ACTION,
                name=name,
                meaning=ACTION_WORDS.get(name, unknown),
                example=_same(ACTION_EXAMPLES.get(name)),
            )
            for name in sorted(vocabulary.actions)
        ),
        *(
            Word(
                kind=_DUE,
                name=name,
                meaning=DUE_WORDS[name],
                takes=tuple(sorted(keys_of(name))),
                example=_same(DUE_EXAMPLES.get(name)),
            )
            for name in DUE_KINDS
        ),
        *(
            Word(kind=_DUE, name=name, meaning=spec.label, takes=("after", "on", *spec.params))
            for name, spec in sorted(vocabulary.dues.items())
        ),
        *(Word(kind=_TYPE, name=name, meaning=FIELD_WORDS[name]) for name in sorted(FIELD_TYPES)),
        *(
            Word(
                kind=_REFUSAL,
                name=name,
                meaning=REFUSALS[name],
                example=told[name]["example"],
                remedy=told[name]["remedy"],
            )
            for name in sorted(REFUSALS)
        ),
    )


def _same(text: str | None) -> Label | None:
    return None if text is None else Label(text, text)


@lru_cache(maxsize=1)
def refusal_examples() -> Mapping[str, Mapping[str, Label]]:
    """Return of each refusal what helps (`remedy`), and what evalflow says (`example`)."""
    text = resources.files("evalflow.decision").joinpath("refusals.json").read_text("utf-8")
    return {
        code: {"remedy": Label(**said["do"]), "example": Label(**said["example"])}
        for code, said in json.loads(text).items()
    }
