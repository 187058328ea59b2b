"""The page's own words, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("주요업무 평가 현황", "Where the projects stand"),
    "skip": ("본문으로", "Skip to the content"),
    "contents": ("차례", "Contents"),
    "as_of": ("기준", "As of"),
    "illustrative": ("예시 자료", "Illustrative data"),
    "summary": ("총괄 현황", "At a glance"),
    "projects": ("대상사업", "Projects"),
    "rated": ("평가 완료 사업", "Rated"),
    "mean": ("평균 이행률", "Mean rate"),
    "late": ("기한 경과", "Late"),
    "pending": ("변경 진행 사업", "Pending changes"),
    "lagging": ("부진", "Lagging"),
    "bureaus": ("국·소별 현황", "By bureau"),
    "fields": ("분야별 현황", "By field"),
    "bureau": ("국·소", "Bureau"),
    "field": ("분야", "Field"),
    "total": ("계", "Total"),
    "rate": ("이행률", "Rate"),
    "who_is_late": ("기한 경과 사업", "Who is late"),
    "nobody_late": ("기한이 지난 사업이 없습니다.", "Nothing is late."),
    "unit": ("부서", "Unit"),
    "what": ("처리", "What"),
    "due": ("기한", "Due"),
    "days_late": ("경과일수", "Days late"),
    "numbers": ("관리번호", "Numbers"),
    "lagging_projects": ("부진사업", "Lagging projects"),
    "none_lagging": ("부진사업이 없습니다.", "No project lags."),
    "indicator": ("성과지표", "Indicator"),
    "target": ("목표(누계)", "Target so far"),
    "actual": ("실적(누계)", "Actual so far"),
    "cause": ("부진사유", "Cause"),
    "countermeasure": ("대책", "Countermeasure"),
    "follow_up": ("향후계획", "Follow-up"),
    "over_periods": ("기간별 이행률", "Over the periods"),
    "changes": ("변경 진행 사업", "Pending changes"),
    "no_changes": ("변경 진행 사업이 없습니다.", "No change is pending."),
    "all_projects": ("사업별 현황", "All projects"),
    "number": ("관리번호", "No."),
    "project": ("사업명", "Project"),
    "state": ("상태", "State"),
    "band": ("추진상태", "Band"),
    "bands": ("추진상태", "Bands"),
    "lifecycle": ("단계별 사업 수", "The lifecycle, and how many are in each state"),
    "region": ("영역", "Region"),
    "count": ("사업 수", "Projects"),
    "corrected": ("확정 뒤 실적이 정정됨", "an actual was corrected after it had been fixed"),
    "not_rated": ("평가 전", "Not rated"),
    "not_due": ("시기미도래", "Not due"),
    "undefined": ("산정 불가", "Undefined"),
    "missing": ("실적 미입력", "No actual"),
    "table": ("표", "table"),
    "picture": ("그림", "picture"),
    "since": ("요청", "Requested"),
    "evidence": ("작성 근거", "Made from"),
    "line_at_100": ("점선: 이행률 100%", "The dashed line is 100 %"),
}


def words(lang: str) -> dict[str, str]:
    """Return the words in `lang` (`ko` or `en`)."""
    return {key: pair[0 if lang == "ko" else 1] for key, pair in WORDS.items()}
