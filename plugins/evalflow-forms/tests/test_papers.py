"""What stands on the paper itself: number, days, who signed in whose place, 협조, 붙임 (R49)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pypdf
import pytest
import yaml
from evalflow_forms.sheet import Sheet, Table

import evalflow
from evalflow.plugins import FormRequest

PLAN = "seodaemun-2016"
ALL = FormRequest(plan=PLAN, period="2016-Q1")
BUREAU = FormRequest(plan=PLAN, period="2016-Q1", unit="autonomy")
FORMS = ("plan", "projects", "bureau", "department")


def table(made: Sheet, name: str) -> Table:
    return next(each for each in made.tables if each.name == name)


def rows(of: Table) -> list[list[str]]:
    return [[each for each in row if each] for row in of.texts()]


def test_the_plan_is_a_paper_as_it_was_approved(office: Any) -> None:
    """The head of the source: number, two days, the line with 代 before the one who acted, 협조."""
    made = office.sheet("plan", ALL)
    assert made.title == "2016년 주요업무시행 및 평가계획"
    assert dict(made.head) == {
        "등록번호": "정책기획담당관-2872",
        "등록일자": "2016. 2. 24.",
        "결재일자": "2016. 2. 25.",
        "공개구분": "부분공개(5)",
    }
    assert made.boxes == ("주무관", "정책평가팀장", "정책기획담당관", "부구청장", "구청장")
    signed = made.parts[0].paper.signed
    assert [signed[each] for each in made.boxes] == [
        *("(서명)", "(서명)", "(서명)"),
        *("代 주민자치국장", "02/25"),
    ]
    assert made.parts[0].paper.cooperation == "주민자치국장"
    assert made.parts[0].endings() == (
        "붙임  1. 주요업무시행 및 평가계획 대상사업 목록 1부.",
        "      2. 국별 총괄 평가 서식 1부.",
        "      3. 부서별 자체 평가 서식 1부.  끝.",
    )


def test_the_plan_says_what_it_follows_who_was_asked_and_what_it_costs(office: Any) -> None:
    """R12, R49; the cost is the sum of the projects'."""
    made = office.sheet("plan", ALL)
    cover = rows(table(made, "표지"))
    assert cover[0][0].splitlines() == list(office.engine.plans.head(PLAN).document.bases)
    assert cover[0][-1] == "43,845백만원\n(43개 사업)"
    assert cover[2] == ["도시재정비과", "도시재생사업 평가 주관 이관", "협의 완료"]


def test_the_plan_counts_its_projects_and_says_who_does_what_until_when(office: Any) -> None:
    """R10, R22-R28, R33-R34, R39, R41-R44."""
    made = office.sheet("plan", ALL)
    chosen = table(made, "선정현황")
    heads = [head.text for head in chosen.heads]
    assert heads == ["구분", "계", "복지", "경제", "문화교육", "환경", "참여"]
    assert rows(chosen)[0] == ["사업 수", "43", "12", "5", "4", "17", "5"]
    assert chosen.remarks == ("핵심 프로젝트 26개 사업: 26 ÷ 43 = 60.5%",)
    assert ["구청장 공약사업", "중복평가 지양", "정책기획담당관 반기별 정기평가"] in rows(
        table(made, "제외")
    )
    assert ["자체평가", "매분기 익월 5일까지", "사업부서"] in rows(table(made, "평가계획"))
    assert ["종합평가", "매분기 익월 20일까지", "정책기획담당관"] in rows(table(made, "평가계획"))
    assert "변경방침 후 10일 이내" in str(rows(table(made, "변경")))
    assert "반드시 기재" in str(rows(table(made, "변경")))
    assert "22부" in str(rows(table(made, "행정사항")))
    assert table(made, "일정").remarks == ("수립대상: 총 31개 부서",)


@pytest.mark.parametrize("name", FORMS)
def test_every_paper_ends_in_the_word_for_end(office: Any, name: str) -> None:
    for part in office.sheet(name, BUREAU).parts:
        assert part.endings()[-1].endswith("끝.")


def test_nothing_that_is_attached_is_forgotten_or_made_up(fresh: Any) -> None:
    """Evidence and cards as they were recorded; the bureau counts the papers that there are."""
    made = fresh.sheet("department", FormRequest(plan=PLAN, period="2016-Q1", number="6"))
    assert made.parts[0].attachments == ("관리카드 22부",)
    made = fresh.sheet("department", FormRequest(plan=PLAN, period="2016-Q1", number="9"))
    assert made.parts[0].endings() == ("끝.",)
    made = fresh.sheet("bureau", BUREAU)
    assert made.parts[0].attachments == (f"부서별 자체 평가서 {len(fresh.numbers)}부",)


def test_a_paper_follows_the_plan_and_says_so(office: Any) -> None:
    for name in ("bureau", "department"):
        (said, _) = office.sheet(name, BUREAU).remarks
        assert said == (
            "추진근거: 「2016년 주요업무시행 및 평가계획」(정책기획담당관-2872, 2016. 2. 25.)"
        )


@pytest.fixture
def with_a_stand_in(tmp_path: Path, open_office: Any) -> Any:
    """The head of the bureau is away in April: the head of 교육지원과 signs."""
    tree = yaml.safe_load(evalflow.example(PLAN).read_text("utf-8"))
    tree["lifecycle"] = "major-works/2"  # the signature is written down with the submission
    tree["appointments"].append(
        {
            "actor": "education-support-head-1",
            "for": "autonomy-head-1",
            "role": "bureau_head",
            "unit": "autonomy",
            "reason": "출장",
            "since": "2016-04-01",
            "until": "2016-04-08",
        }
    )
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), "utf-8")
    return open_office(tmp_path / "office.db", path)


def submit(office: Any, signature: dict[str, str]) -> None:
    office.now = dt.datetime(2016, 4, 5, 3, tzinfo=dt.UTC)
    office.engine.fire(
        f"{PLAN}/9",
        "submit",
        by=office.engine.actor(PLAN, "autonomy-lead-1"),
        data={
            "document": {"number": "자치행정과-1204", "registered_on": "2016-04-04"},
            "sign_off": [{"role": "bureau_head", **signature}],
        },
    )


def test_a_bureaus_paper_bears_its_number_its_days_and_who_signed(with_a_stand_in: Any) -> None:
    submit(with_a_stand_in, {"actor": "autonomy-head-1"})
    (part,) = with_a_stand_in.sheet("bureau", BUREAU).parts
    assert dict(part.head)["등록번호"] == "자치행정과-1204"
    assert dict(part.head)["등록일자"] == "2016. 4. 4."
    assert dict(part.head)["결재일자"] == "2016. 4. 5."
    assert part.paper.signed == {"국·소장": "04/05"}


def test_the_mark_stands_before_the_one_who_acted_and_no_id_on_paper(
    with_a_stand_in: Any, tmp_path: Path
) -> None:
    """代 and the place of the one who signed, in the box of the absent one (R2, R49)."""
    submit(with_a_stand_in, {"actor": "education-support-head-1", "for": "autonomy-head-1"})
    (part,) = with_a_stand_in.sheet("bureau", BUREAU).parts
    assert part.paper.signed == {"국·소장": "04/05\n代 교육지원과 사업부서의 장"}
    path = tmp_path / "bureau.pdf"
    with_a_stand_in.form("bureau").write(with_a_stand_in.engine, path, BUREAU)
    text = "".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    assert "代 교육지원과" in text
    assert "autonomy-head" not in text
    assert "education-support-head" not in text


# ------------------------------------------------------------------ beside the figures


def reviewed(office: Any, number: str = "9") -> None:
    """Submit, review with an override, evidence and a visit, and fix the bureau's first quarter."""
    submit(office, {"actor": "autonomy-head-1"})
    for each in office.numbers:
        project, engine = f"{PLAN}/{each}", office.engine
        office.now = dt.datetime(2016, 4, 11, 3, tzinfo=dt.UTC)
        rating = engine.evaluation(project, "2016-Q1").rating
        ratings: dict[str, Any] = {
            line.indicator: "confirmed"
            if line.rate is not None or line.status == "not_due"
            else {"rate": 100, "reason": "목표가 0인 분기로 달성 확인"}
            for line in rating.lines
        }
        data: dict[str, Any] = {"ratings": ratings}
        if each == number:
            first = next(line for line in rating.lines if line.rate is not None)
            ratings[first.indicator] = {"rate": "84", "reason": "중복 실적을 뺌"}
            data["opinion"] = "설치 현장의 중복 실적 확인"
            data["evidence_checked"] = ["점검대장 사본"]
            data["site_visit"] = {
                "on": "2016-04-08",
                "note": "3개 골목 확인",
                "notified_on": "2016-04-06",
            }
        engine.fire(project, "review", by=engine.actor(PLAN, "policy-2"), data=data)
        verdict = engine.evaluation(project, "2016-Q1").rating.verdict
        event = "approve" if verdict == "on_track" else "flag_lagging"
        engine.fire(project, event, by=engine.actor(PLAN, "policy-2"))


def test_the_ratings_stand_side_by_side_with_what_the_review_stands_on(
    with_a_stand_in: Any,
) -> None:
    """R36, R54, D7: evidence, visit with its notice, what was overridden and why, 종합의견."""
    office = with_a_stand_in
    request = FormRequest(plan=PLAN, period="2016-Q1", number="9")
    assert all(each.name != "종합평가" for each in office.sheet("department", request).tables)
    reviewed(office)
    made = office.sheet("department", request)
    told = dict(rows(table(made, "종합평가")))
    evaluation = office.engine.evaluation(f"{PLAN}/9", "2016-Q1")
    assert told["자체평가"].startswith(f"{evaluation.self_rating.rate}% · ")
    assert told["자체평가"].endswith(" · 2016. 4. 2.")
    assert told["종합평가"].startswith(f"{evaluation.review_rating.rate}% · ")
    assert told["현장확인"] == "2016. 4. 8. · 3개 골목 확인 · 사전통지 2016. 4. 6."
    assert told["증빙자료 검토"] == "점검대장 사본"
    assert "→ 84.0% (중복 실적을 뺌)" in told["이행률 조정"]
    names = [each.name for each in made.tables]
    assert names.index("의견") == names.index("종합평가") + 1
    assert ["종합의견", "설치 현장의 중복 실적 확인"] in rows(table(made, "의견"))


def test_a_corrected_figure_is_marked_wherever_it_stands(with_a_stand_in: Any) -> None:
    """G6: the approved form stays as it was, and says that its figure was corrected since."""
    office, engine = with_a_stand_in, with_a_stand_in.engine
    reviewed(office)
    project = f"{PLAN}/9"
    request = FormRequest(plan=PLAN, period="2016-Q1", number="9")
    before = office.sheet("department", request)
    assert "정정" not in str(before.remarks) + str([each.remarks for each in before.tables])
    office.now = dt.datetime(2016, 5, 2, 3, tzinfo=dt.UTC)
    engine.fire(project, "open_period", by=engine.actor(PLAN, "clock"))
    rating = engine.evaluation(project, "2016-Q1").rating
    line = next(each for each in rating.lines if each.figure is not None)
    was, now = line.figure, line.figure - 1
    engine.fire(
        project,
        "correct",
        by=engine.actor(PLAN, "policy-1"),
        data={
            "period": "2016-Q1",
            "corrected": {line.indicator: str(now)},
            "reason": "증빙 오류 발견",
            "document": "정책기획담당관-3001",
        },
    )
    after = office.sheet("department", request)
    assert "r 정정치" in after.remarks[-1]
    told = table(after, "실적")
    named = engine.plans.definition(project).indicator(line.indicator).label.ko
    (row,) = [each for each in rows(told) if each[0].startswith(named)]
    assert sum(cell.endswith("r") for cell in row) == 2  # of the period, and so far
    (said,) = [each for each in told.remarks if "정정" in each]
    assert said == (f"r 정정: 2016년 1분기 ‘{named}’ {was} → {now} (2016. 5. 2., 증빙 오류 발견)")
    listed = office.sheet("bureau", BUREAU)
    assert any("[9] r 정정" in each for each in table(listed, "사업별 추진현황").remarks)
    # the one that was printed before still agrees with its moment
    assert (
        office.sheet(
            "department",
            FormRequest(
                plan=PLAN, period="2016-Q1", number="9", at=dt.datetime(2016, 5, 1, tzinfo=dt.UTC)
            ),
        )
        == before
    )


def test_what_is_said_of_a_bureau_at_once_is_said_once(with_a_stand_in: Any) -> None:
    office = with_a_stand_in
    office.now = dt.datetime(2016, 4, 5, 3, tzinfo=dt.UTC)
    office.engine.fire(
        f"{PLAN}/9",
        "submit",
        by=office.engine.actor(PLAN, "autonomy-lead-1"),
        data={
            "document": "자치행정과-1204",
            "sign_off": [{"role": "bureau_head", "actor": "autonomy-head-1"}],
            "opinion": "하반기에 집중 추진",
        },
    )
    assert rows(table(office.sheet("bureau", BUREAU), "의견")) == [
        ["국·소장 의견", "하반기에 집중 추진"]
    ]
