"""The board's pages as a browser gets them: what is shown to whom, forms, drafts, files, and two
who act at once."""

from __future__ import annotations

import datetime as dt
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import evalflow_web
import pytest
from starlette.testclient import TestClient

import evalflow
from evalflow.plugins import PanelRequest, hookimpl

PAGE = {"accept": "text/html"}
FIGURES = {"actuals/schools": "10", "actuals/lessons": "100"}


GOOD: dict[str, dict[str, Any]] = {
    "gu/1": {"schools": 10, "lessons": 100},
    "gu/2": {"centres": 5},
    "gu/3": {"metres": 400, "complaints": 50},
}


class Office:
    """The engine with shorthand for what tests do again and again."""

    def __init__(self, engine: evalflow.Engine) -> None:
        self.engine = engine

    def fire(self, project: str, event: str, by: str, **data: Any) -> None:
        self.engine.fire(project, event, by=by, data=data)

    def state(self, project: str) -> str:
        return self.engine.project(project).states[0]

    def evaluate(self, project: str) -> None:
        by = {"gu/1": "education-1", "gu/2": "elderly-1", "gu/3": "road-1"}[project]
        card = {"state": "on_track", "text": "두 곳 고침", "papers": ["준공사진"]}
        more = {"cards": {"1": card, "2": card}} if project == "gu/2" else {}
        self.fire(project, "self_evaluate", by, actuals=GOOD[project], **more)

    def to_submitted(self) -> None:
        for project in GOOD:
            self.evaluate(project)
        for project, bureau in (("gu/1", "welfare"), ("gu/3", "city")):
            self.fire(project, "compile", f"{bureau}-lead")
            self.fire(project, "sign", f"{bureau}-head")
            self.fire(project, "submit", f"{bureau}-lead", document="주무과-1")


@pytest.fixture
def office() -> Iterator[Office]:
    """A small office with three projects, on the day before the first quarter is due."""
    moment = dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)
    with evalflow.open("memory:", plugins=[], clock=lambda: moment) as engine:
        plan = evalflow.load_plan(Path(__file__).parent / "board.yaml", plugins=[])
        engine.adopt(plan, by="policy-1")
        yield Office(engine)


@pytest.fixture
def browse(office: Office, tmp_path: Path) -> Callable[[str], TestClient]:
    settings = evalflow_web.Settings(folder=tmp_path / "shelf", secure=False)
    service = evalflow_web.app(
        office.engine, actor_of=lambda request: request.headers.get("x-who"), settings=settings
    )

    def as_(who: str) -> TestClient:
        return TestClient(service, headers={**PAGE, "x-who": who, "accept-language": "ko"})

    return as_


def do(number: int, event: str) -> str:
    return f"/board/gu/projects/{number}/do/{event}"


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page)
    assert found is not None, name
    return html.unescape(found[1])


def post(client: TestClient, path: str, act: str, **fields: str) -> Any:
    """Send a form as the page at `path` has it."""
    page = client.get(path).text
    sent = {"csrf": hidden(page, "csrf"), "act": act, "version": hidden(page, "version"), **fields}
    return client.post(path, data=sent, follow_redirects=False)


def confirmed(client: TestClient, path: str, **fields: str) -> Any:
    """Send a form and confirm it."""
    asked = post(client, path, "fire", **fields)
    assert asked.status_code == 200, asked.text
    pairs = re.findall(
        r'<input type="hidden" name="([^"]*)" value="([^"]*)"',
        asked.text,
    )
    sent = {html.unescape(name): html.unescape(value) for name, value in pairs}
    return client.post(path, data={**sent, "act": "sure"}, follow_redirects=False)


def test_every_page_opens_for_every_role_in_both_languages(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    office.to_submitted()
    people = ("education-1", "education-head", "welfare-lead", "welfare-head", "policy-1",
              "audit-1", "mayor-1")  # fmt: skip
    places = ("work", "projects", "projects/1", "bureau", "sign", "review", "status", "people",
              "audit?number=1", "projects?q=%EA%B2%BD%EB%A1%9C%EB%8B%B9")  # fmt: skip
    for who in people:
        client = browse(who)
        for place in places:
            for lang in ("ko", "en") if who == "policy-1" else ("ko",):
                mark = "&" if "?" in place else "?"
                answer = client.get(f"/board/gu/{place}{mark}lang={lang}")
                assert answer.status_code == 200, (who, place)
                assert f'<html lang="{lang}">' in answer.text


def test_what_is_owed_stands_first_and_what_is_blocked_says_by_whom(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    office.evaluate("gu/1")
    page = browse("welfare-lead").get("/board/gu/work").text
    assert "막힌 일과 사유" in page
    assert "elderly-1" in page
    assert "2016. 4. 5.(화)" in page
    mine = browse("elderly-1").get("/board/gu/work").text
    assert "입력 시작" in mine
    assert "2 경로당 개선" in mine


def test_a_form_is_worked_out_by_the_server_and_wrong_figures_are_told_beside_them(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    client = browse("education-1")
    answer = post(client, do(1, "self_evaluate"), "preview", **{"actuals/schools": "8",
                  "actuals/lessons": "백 회쯤"})  # fmt: skip
    told = answer.json()
    assert "80.0%" in told["lines"]["schools"]
    assert told["lagging"] == {"schools": True, "lessons": False}
    assert "백 회쯤" in told["errors"]["actuals/lessons"][0]
    assert office.state("gu/1") == "planned"


def test_a_form_of_a_whole_bureau_says_so_and_names_fields_by_their_labels(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    for project in GOOD:
        office.evaluate(project)
    office.fire("gu/1", "compile", "welfare-lead")
    head = browse("welfare-head").get("/board/gu/work").text
    assert "아래에 결재할 문서가 있습니다" in head
    assert "지금 처리할 일이 없습니다" not in head
    office.fire("gu/1", "sign", "welfare-head")

    lead = browse("welfare-lead")
    shown = lead.get(do(1, "submit")).text
    assert "<h1>복지국 전체 사업</h1>" in shown
    assert "사업개요" not in shown  # it is about more than one
    assert "미리 확인" in shown  # there is nothing to work out
    refused = post(lead, do(1, "submit"), "fire").text
    assert "‘문서번호’를 입력하십시오." in refused
    assert "(document)" not in refused


def test_what_is_lacking_stands_beside_its_field_and_nothing_is_done(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    answer = post(browse("education-1"), do(1, "self_evaluate"), "fire",
                  **{"actuals/schools": "5", "actuals/lessons": "100"})  # fmt: skip
    assert answer.status_code == 422
    page = answer.text
    assert 'href="#explanations/schools/cause"' in page
    assert 'value="5"' in page
    assert office.state("gu/1") == "planned"


def test_a_quarter_goes_through_the_pages(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    done = confirmed(browse("education-1"), do(1, "self_evaluate"), **FIGURES)
    assert done.status_code == 303
    cards = {"actuals/centres": "5"}
    for number in ("1", "2"):
        cards[f"cards/{number}/state"] = "on_track"
        cards[f"cards/{number}/text"] = "두 곳 고침"
        cards[f"cards/{number}/papers"] = "준공사진\n점검표"
    confirmed(browse("elderly-1"), do(2, "self_evaluate"), **cards)
    confirmed(browse("welfare-lead"), do(1, "compile"), summary="모두 정상")
    assert office.state("gu/2") == "compiled"
    page = browse("welfare-head").get("/board/gu/sign").text
    assert "복지국 총괄 2개 사업" in page
    confirmed(browse("welfare-head"), do(1, "sign"))
    confirmed(browse("welfare-lead"), do(1, "submit"), **{"document/number": "주무과-1"})
    assert office.state("gu/1") == office.state("gu/2") == "submitted"
    queue = browse("policy-1").get("/board/gu/review").text
    assert "1 학교 지원" in queue
    override = {"ratings/schools": "override", "ratings/schools/rate": "91.5",
                "ratings/schools/reason": "중복을 뺌", "ratings/lessons": "confirmed"}  # fmt: skip
    confirmed(browse("policy-1"), do(1, "review"), **override)
    confirmed(browse("policy-1"), do(1, "approve"))
    assert office.state("gu/1") == "approved"
    rating = office.engine.evaluation("gu/1").review_rating
    assert rating is not None
    assert [str(line.rate) for line in rating.lines] == ["91.5", "100.0"]


def test_a_review_opens_unjudged_and_what_is_left_alone_is_no_answer(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    office.to_submitted()
    policy = browse("policy-1")
    assert not re.search(r'type="radio"[^>]* checked', policy.get(do(1, "review")).text)
    answer = post(policy, do(1, "review"), "fire", **{"ratings/schools": "confirmed"})
    assert answer.status_code == 422
    assert 'href="#ratings/lessons"' in answer.text
    assert 'href="#ratings/schools"' not in answer.text
    assert office.state("gu/1") == "submitted"


def test_a_reviewer_reads_what_the_department_wrote_beside_its_rates(board: Any) -> None:
    for project in ("gu/1", "gu/2"):
        board.evaluate(project)
    why = {"metres": {"cause": "동절기 공사 중지", "countermeasure": "인력 추가 투입"}}
    board.fire("gu/3", "self_evaluate", "road-1", actuals={"metres": 300, "complaints": 50},
               explanations=why, progress="세 구간 정비")  # fmt: skip
    board.fire("gu/3", "compile", "city-lead")
    board.fire("gu/3", "sign", "city-head")
    board.fire("gu/3", "submit", "city-lead", document="주무과-1")
    form = board.browse("policy-1").get(do(3, "review")).text
    for text in ("정비 연장: 부진사유", "동절기 공사 중지", "인력 추가 투입", "세 구간 정비"):
        assert text in form


def test_a_project_is_sent_back_with_a_reason(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    office.to_submitted()
    without = post(browse("policy-1"), do(1, "send_back"), "fire")
    assert without.status_code == 422
    confirmed(browse("policy-1"), do(1, "send_back"), reason="증빙을 보태 주십시오")
    assert office.state("gu/1") == "planned"
    assert "증빙을 보태 주십시오" in browse("education-1").get("/board/gu/projects/1").text


def test_a_draft_is_kept_for_its_writer_alone_and_is_no_history(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    kept = post(browse("education-1"), do(1, "self_evaluate"), "keep", progress="쓰던 글")
    assert kept.status_code == 204
    assert "쓰던 글" in browse("education-1").get(do(1, "self_evaluate")).text
    assert "쓰던 글" not in browse("both-1").get(do(1, "self_evaluate")).text
    assert "임시저장" in browse("education-1").get("/board/gu/work").text
    assert office.engine.project("gu/1").version == 1
    confirmed(browse("education-1"), do(1, "self_evaluate"), **FIGURES)
    assert "쓰던 글" not in browse("education-1").get(do(1, "amend")).text


def test_who_comes_second_saves_nothing_and_sees_both(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    second = browse("both-1")
    page = second.get(do(1, "self_evaluate")).text
    sent = {"csrf": hidden(page, "csrf"), "version": hidden(page, "version"), "act": "sure",
            "actuals/schools": "12", "actuals/lessons": "100"}  # fmt: skip
    confirmed(browse("education-1"), do(1, "self_evaluate"), **FIGURES)
    clash = second.post(do(1, "self_evaluate"), data=sent)
    assert clash.status_code == 412
    assert "저장하지 않았습니다" in clash.text
    assert "education-1" in clash.text
    assert 'name="pick:actuals/schools"' in clash.text
    assert office.engine.project("gu/1").version == 2
    chosen = {"csrf": hidden(clash.text, "csrf"), "from": "self_evaluate",
              "mine:actuals/schools": "12", "mine:actuals/lessons": "100",
              "pick:actuals/schools": "mine"}  # fmt: skip
    opened = second.post(do(1, "amend") + "/settle", data=chosen)
    assert opened.status_code == 200
    assert 'value="12"' in opened.text
    assert hidden(opened.text, "version") == "2"


def test_pressing_twice_does_it_once(office: Office, browse: Callable[[str], TestClient]) -> None:
    client = browse("education-1")
    asked = post(client, do(1, "self_evaluate"), "fire", **FIGURES)
    pairs = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', asked.text)
    sent = {html.unescape(n): html.unescape(v) for n, v in pairs} | {"act": "sure"}
    first = client.post(do(1, "self_evaluate"), data=sent, follow_redirects=False)
    again = client.post(do(1, "self_evaluate"), data=sent, follow_redirects=False)
    assert first.status_code == 303
    assert again.status_code in (303, 412)
    assert office.engine.project("gu/1").version == 2


def test_what_cannot_be_done_is_shown_with_its_reason_and_who_could(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    office.evaluate("gu/1")
    page = browse("welfare-lead").get("/board/gu/bureau").text
    assert 'aria-disabled="true"' in page
    assert "elderly-1" in page
    refused = browse("welfare-lead").get(do(1, "compile"))
    assert refused.status_code == 409
    assert "미충족" in refused.text
    assert browse("road-1").get(do(1, "amend")).status_code == 403


def test_a_file_is_kept_by_its_content_and_given_to_who_may_see_where_it_is_named(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    client, path = browse("education-1"), do(1, "self_evaluate")
    page = client.get(path).text
    content = b"%PDF-1.7 figures"
    fields = {"csrf": hidden(page, "csrf"), "version": "1", "act": "attach:evidence", **FIGURES}
    shown = client.post(path + "/files", data=fields, files={"file": ("증빙 1.pdf", content)})
    assert shown.status_code == 200
    found = re.search(r'type="checkbox" name="evidence" value="([^"]*)" checked', shown.text)
    assert found is not None
    line = found[1]
    assert line.startswith("증빙 1.pdf (sha256:")
    file = f"/board/gu/projects/1/files/{line[-65:-1]}"
    assert client.get(file).content == content
    assert browse("policy-1").get(file).status_code == 404  # nobody has sent it yet
    confirmed(client, path, evidence=line, **FIGURES)
    got = browse("policy-1").get(file)
    assert got.content == content
    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["content-type"] == "application/pdf"
    assert office.engine.evaluation("gu/1").facts["evidence"] == [line]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pdf", b""), ("a.pdf", b"<html><script>alert(1)</script>"), ("a.exe", b"MZ\x90\x00\x03"),
     ("a.svg", b"<svg onload='x'/>")],
)  # fmt: skip
def test_files_of_other_kinds_are_refused_whatever_their_names_say(
    office: Office, browse: Callable[[str], TestClient], name: str, content: bytes
) -> None:
    client, path = browse("education-1"), do(1, "self_evaluate")
    fields = {"csrf": hidden(client.get(path).text, "csrf"), "version": "1",
              "act": "attach:evidence"}  # fmt: skip
    answer = client.post(path + "/files", data=fields, files={"file": (name, content)})
    assert answer.status_code == 422
    assert name in html.unescape(answer.text)


def test_only_who_could_fire_the_event_gives_files_for_it(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    client = browse("road-1")
    csrf = hidden(client.get("/board/gu/audit").text, "csrf")
    fields = {"csrf": csrf, "version": "1", "act": "attach:evidence"}
    answer = client.post(
        do(1, "self_evaluate") + "/files", data=fields, files={"file": ("a.pdf", b"%PDF-1.7")}
    )
    assert answer.status_code == 403


def test_a_change_from_another_page_is_not_taken(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    client, path = browse("education-1"), do(1, "self_evaluate")
    for fields in ({}, {"csrf": "0" * 64}):
        answer = client.post(path, data={"version": "1", "act": "sure", **FIGURES, **fields})
        assert answer.status_code == 403
    assert office.engine.project("gu/1").version == 1


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("경로당", "2"), ("로당", "2"), ("경로당의", "2"), ("개선을 경로당에서", "2"),
        ("정비", "3"), ("도로과", "3"), ("도로과의 보도를", "3"), ("어르신과", "2"),
        ("교육과 학교", "1"), ("SCHOOL", "1"), ("3", "3"), ("지원과", "1"), ("", "123"),
        (unicodedata.normalize("NFD", "경로당"), "2"), ("학교 경로당", ""), ("을", ""),
    ],
)  # fmt: skip
def test_projects_are_found_by_parts_of_words_and_with_particles(
    office: Office, browse: Callable[[str], TestClient], words: str, numbers: str
) -> None:
    page = browse("audit-1").get("/board/gu/projects", params={"q": words}).text
    found = re.findall(r'class="hit" href="[^"]*/projects/(\d+)"', page)
    assert "".join(sorted(found)) == numbers


def test_a_search_says_what_it_looked_for_instead(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    client = browse("audit-1")
    page = client.get("/board/gu/projects", params={"q": "경로당의 개선"}).text
    assert "조사를 떼고 찾았습니다: ‘경로당’" in page
    assert "조사를 떼고" not in client.get("/board/gu/projects", params={"q": "도로과"}).text
    assert "혹시 ‘경로당’입니까?" in client.get("/board/gu/projects", params={"q": "경로단"}).text
    assert client.get("/board/gu/projects", params={"q": "가\0"}).status_code == 422


def test_what_people_write_is_shown_as_text(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    office.to_submitted()
    bad = "<script>alert('가')</script>"
    office.fire("gu/1", "send_back", "policy-1", reason=bad)
    for place in ("projects/1", "audit?number=1", "work", f"projects?q={bad}"):
        page = browse("education-1").get(f"/board/gu/{place}").text
        assert bad not in page


def test_a_language_is_remembered_and_leads_nowhere_else(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    client = browse("education-1")
    for bad in ("//evil.example/", "https://evil.example/", "/\\evil.example"):
        answer = client.get("/board/language/en", params={"next": bad}, follow_redirects=False)
        assert answer.headers["location"] == "/"
    answer = client.get(
        "/board/language/en", params={"next": "/board/gu/work"}, follow_redirects=False
    )
    assert answer.headers["location"] == "/board/gu/work"
    assert '<html lang="en">' in client.get("/board/gu/work").text


def test_an_audit_sees_an_earlier_day_and_verifies(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    office.to_submitted()
    client = browse("audit-1")
    early = client.get("/board/gu/audit?number=1&on=2016-04-04").text
    assert "이력 5건" in early
    assert client.get("/board/gu/audit?number=1&on=yesterday").status_code == 422
    csrf = hidden(early, "csrf")
    verified = client.post("/board/gu/audit?number=1", data={"csrf": csrf})
    assert "이상 없음" in verified.text


def test_an_audit_sees_how_all_projects_stood_on_a_day(board: Any) -> None:
    board.submit()
    board.clock.go("2016-04-10")
    board.fire("gu/1", "send_back", "policy-1", reason="증빙 보완")
    audit = board.browse("audit-1")
    then = audit.get("/board/gu/audit?on=2016-04-04").text
    assert "2016-04-04 마감 때의 사업 3개" in then
    lifecycle = board.engine.plans.lifecycle(board.engine.project("gu/1").lifecycle)
    submitted = f"{lifecycle.states['submitted'].label.ko}</span>"
    assert then.count(submitted) == 3
    now = audit.get("/board/gu/audit?on=2016-04-10").text
    assert now.count(submitted) == 2
    assert "그날까지 등록된 사업이 없습니다" in audit.get("/board/gu/audit?on=2016-04-03").text


class Weather:
    """A panel beside a project; one that breaks; a page of its own."""

    def __init__(self, place: str, *, breaks: bool = False) -> None:
        self.label = evalflow.Label("현장 날씨", "Weather on site")
        self.place = place
        self._breaks = breaks

    def html(self, request: PanelRequest) -> str | None:
        if self._breaks:
            raise RuntimeError("no weather")
        return f"<p>{request.view.project('gu/1').label.ko}: 맑음</p>"


class Provides:
    @hookimpl
    def evalflow_panels(self) -> dict[str, Callable[[], Weather]]:
        return {
            "weather": lambda: Weather("project"),
            "broken": lambda: Weather("project", breaks=True),
            "sky": lambda: Weather("page"),
        }


def test_panels_of_plugins_stand_where_they_belong_and_a_broken_one_says_so(
    tmp_path: Path,
) -> None:
    plan = evalflow.load_plan(Path(__file__).parent / "board.yaml", plugins=[])
    with evalflow.open("memory:", plugins=[Provides()]) as engine:
        engine.adopt(plan, by="policy-1")
        service = evalflow_web.app(
            engine,
            actor_of=lambda request: "policy-1",
            settings=evalflow_web.Settings(folder=tmp_path, secure=False),
        )
        client = TestClient(service, headers={**PAGE, "accept-language": "ko"})
        page = client.get("/board/gu/projects/1").text
        assert "<p>학교 지원: 맑음</p>" in page
        assert "플러그인 화면(broken)을 보여 드릴 수 없습니다." in page
        assert "/board/gu/pages/sky" in page
        assert "맑음" in client.get("/board/gu/pages/sky").text
        assert client.get("/board/gu/pages/rain").status_code == 404


def test_who_is_no_longer_signed_in_is_told_where_the_input_is_and_how_to_go_on(
    office: Office, tmp_path: Path
) -> None:
    settings = evalflow_web.Settings(folder=tmp_path, secure=False, login="/-/login")
    service = evalflow_web.app(office.engine, actor_of=lambda request: None, settings=settings)
    client = TestClient(service, headers={**PAGE, "accept-language": "ko"})
    answer = client.post(do(1, "self_evaluate"), data={"act": "fire", "version": "1"})
    assert answer.status_code == 401
    assert "저장하지 않았습니다." in answer.text
    assert "/-/login?next=/board/gu/projects/1/do/self_evaluate" in answer.text


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("change/metres/2016-Q3", "indicators.metres.targets.2016-Q3: "),
        ("change/end", "end: "),
        ("change/budget/구비", "budget.sources.구비: "),
    ],
)
def test_a_field_of_a_change_that_was_emptied_is_told_and_not_left_as_it_was(
    office: Office, browse: Callable[[str], TestClient], field: str, told: str
) -> None:
    client, path = browse("road-head"), do(3, "request_change")
    in_force = dict(
        re.findall(r'name="(change/[^"]*)"[^>]* value="([^"]*)"', client.get(path).text)
    )
    assert in_force[field]
    given = {"kind": "target", "reason": "추경 감액", "detail": "감액", "reported_on": "2016-04-01"}
    change = {**in_force, "change/metres/2016-Q2": "350", field: " "}
    answer = post(client, path, "fire", **given, **change)
    assert answer.status_code == 422
    assert told in answer.text


def test_a_change_is_asked_for_in_a_form_and_signed_before_and_after_side_by_side(
    office: Office, browse: Callable[[str], TestClient]
) -> None:
    client, path = browse("road-head"), do(3, "request_change")
    in_force = re.findall(r'name="(change/[^"]*)"[^>]* value="([^"]*)"', client.get(path).text)
    change = {**dict(in_force), "change/metres/2016-Q3": "350"}
    confirmed(client, path, kind="target", reason="추경 감액", detail="3분기 400 → 350",
              reported_on="2016-04-01", **change)  # fmt: skip
    office.fire("gu/3", "consult", "policy-1", opinion="감액 폭 과다", dissent=True)
    page = browse("mayor-1").get("/board/gu/sign").text
    assert "<del>400</del>" in page
    assert "<ins>350</ins>" in page
    assert page.count("<del>") == 1  # what stays is not listed
    assert "감액 폭 과다" in page
