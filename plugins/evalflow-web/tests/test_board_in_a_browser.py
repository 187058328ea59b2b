"""A quarter in a real browser: six people in six sessions, in Korean. Pictures of every page, wide
and narrow, are left in `build/pictures` of the repository, to be looked at.

Needs Debian's Chromium: `apt-get install chromium`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.servers]
DO = "/board/gu/projects/{}/do/{}"


def test_a_quarter_by_six_people_in_six_sessions(person: Any, site: Any) -> None:
    officer, colleague, elderly, lead, head, policy = (
        person(site, who)
        for who in (
            "education-1",
            "both-1",
            "elderly-1",
            "welfare-lead",
            "welfare-head",
            "policy-1",
        )
    )

    # The officer finds what is owed, types, and the server rates it while typing.
    page = officer.go("/")
    assert page.locator("h1").inner_text() == "내 할 일"
    page.get_by_role("link", name="입력 시작").first.click()
    colleague.go(DO.format(1, "self_evaluate"))
    officer.fill(actuals__schools="8")
    line = page.locator('[data-line="schools"]')
    line.get_by_text("80.0%", exact=True).wait_for()
    assert "부진" in line.inner_text()
    assert page.locator('[id="explanations/schools/cause"]').is_visible()
    officer.fill(actuals__schools="10")
    line.get_by_text("100.0%", exact=True).wait_for()
    page.locator('[id="explanations/schools/cause"]').wait_for(state="hidden")

    # The session ends in the middle of typing: nothing is lost.
    site.signed_in["education-1"] = False
    officer.fill(progress="3월 협약 체결", actuals__lessons="100")
    page.get_by_text("로그인 시간이 끝났습니다").wait_for()
    site.signed_in["education-1"] = True
    page.reload()
    page.get_by_text("임시저장됨").wait_for()
    assert page.locator('[id="progress"]').input_value() == "3월 협약 체결"
    assert page.locator('[id="actuals/lessons"]').input_value() == "100"
    officer.press("자체평가")
    officer.done()
    assert site.state("gu/1") == "self_evaluated"

    # The colleague had the same form open: nothing is saved, both are shown, mine is chosen.
    colleague.fill(actuals__schools="12", actuals__lessons="100")
    colleague.press("자체평가")
    other = colleague.page
    other.get_by_text("저장하지 않았습니다").wait_for()
    colleague.picture("clash-1280")
    for row in other.locator("[role=radiogroup]").all():
        row.get_by_label("내 값").check()
    colleague.press("고른 값으로")
    assert other.locator('[id="actuals/schools"]').input_value() == "12"
    colleague.press("자체평가 수정")
    colleague.done()
    rating = site.engine.evaluation("gu/1").self_rating
    assert rating is not None
    assert str(rating.lines[0].actual) == "12"

    # A department with cards gives a file.
    page = elderly.go(DO.format(2, "self_evaluate"))
    elderly.fill(actuals__centres="5")
    for number in ("1", "2"):
        page.locator(f'[id="cards/{number}/state"]').select_option("on_track")
        page.locator(f'[id="cards/{number}/text"]').fill("두 곳 고침")
        page.locator(f'[id="cards/{number}/papers"]').fill("준공사진")
    page.locator('[id="evidence:f"]').set_input_files(
        {"name": "준공사진.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 photo"}
    )
    page.get_by_label(re.compile("^준공사진.pdf")).wait_for()
    assert page.locator('[id="cards/2/text"]').input_value() == "두 곳 고침"
    elderly.press("자체평가")
    elderly.done()

    # The lead section drafts for the whole bureau, its head signs, it is submitted.
    page = lead.go("/board/gu/bureau")
    assert "수합 2/2" in page.locator("h2").first.inner_text()
    page.get_by_role("link", name=re.compile("^총괄 평가서 기안")).click()
    lead.fill(summary="두 사업 모두 정상")
    lead.press("총괄 평가서 기안")
    assert page.locator("tbody tr").count() == 2
    lead.picture("confirm-1280")
    lead.done()
    page = head.go("/board/gu/sign")
    head.picture("sign-bureau-1280")
    page.get_by_role("link", name=re.compile(r"^결재\s*:")).first.click()
    head.press("결재")
    head.done()
    lead.go(DO.format(1, "submit"))
    lead.fill(document__number="주무과-1")
    lead.press("제출")
    lead.done()
    assert site.state("gu/2") == "submitted"

    # The policy office sees both ratings, overrides one with a reason, and settles it.
    page = policy.go("/board/gu/review")
    page.get_by_role("link", name=re.compile(r"^종합평가\s*: 1 ")).click()
    box = page.locator("[data-override]").first
    box.locator('[id="ratings/schools/rate"]:disabled').wait_for()
    box.get_by_label("다른 이행률로 조정").check()
    policy.fill(ratings__schools__rate="110.0", ratings__schools__reason="중복 실적을 뺌")
    page.locator('[data-line="schools"]').get_by_text("110.0%", exact=True).wait_for()
    policy.press("종합평가")  # one rate was not judged: what is left alone is no answer
    page.get_by_text("아직 처리하지 않았습니다").wait_for()
    page.locator("[data-override]").nth(1).get_by_label("그대로 확인").check()
    policy.press("종합평가")
    policy.done()
    page.get_by_role("link", name=re.compile("^정상 확정")).first.click()
    policy.done()
    assert site.state("gu/1") == "approved"
    page = policy.go("/board/gu/projects/2")
    assert page.get_by_role("link", name="준공사진.pdf").is_visible()
    assert list(site.engine.audit.verify("gu")) == []

    for each in (officer, colleague, elderly, lead, head, policy):
        each.close()


PLACES = (
    ("work", "welfare-lead", "/board/gu/work"),
    ("form", "education-1", DO.format(1, "self_evaluate")),
    ("cards", "elderly-1", DO.format(2, "self_evaluate")),
    ("bureau", "welfare-lead", "/board/gu/bureau"),
    ("refused", "welfare-lead", DO.format(1, "compile")),
    ("review", "policy-1", "/board/gu/review"),
    ("judged", "policy-1", DO.format(3, "review")),
    ("send-back", "policy-1", DO.format(3, "send_back")),
    ("change", "road-head", DO.format(3, "request_change")),
    ("sign", "mayor-1", "/board/gu/sign"),
    ("project", "road-1", "/board/gu/projects/3"),
    ("status", "mayor-1", "/board/gu/status"),
    ("papers", "policy-1", "/board/gu/papers"),
    ("people", "policy-1", "/board/gu/people"),
    ("letters", "policy-1", "/board/gu/letters"),
    ("revisions", "audit-1", "/board/gu/revisions"),
    ("migration", "policy-1", "/board/gu/migration?to=major-works%2F2"),
    ("audit", "audit-1", "/board/gu/audit?number=3"),
    ("as-of", "audit-1", "/board/gu/audit?on=2016-04-04"),
    ("projects", "road-1", "/board/gu/projects"),
    ("nothing", "road-1", "/board/gu/projects?q=없는사업"),
    ("error", "road-1", "/board/gu/projects/99"),
    ("english", "road-1", "/board/gu/work?lang=en"),
)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, serve_at: Any) -> Iterator[Any]:
    """An office in the middle of a quarter: one bureau late, the other submitted and lagging."""
    served = serve_at(tmp_path_factory.mktemp("standing"))
    fire = served.engine.fire
    why = {"metres": {"cause": "동절기 공사 중지", "countermeasure": "인력 추가 투입"}}
    figures = {"metres": 300, "complaints": 50}
    fire("gu/3", "self_evaluate", by="road-1", data={"actuals": figures, "explanations": why})
    fire("gu/3", "compile", by="city-lead")
    fire("gu/3", "sign", by="city-head")
    fire("gu/3", "submit", by="city-lead", data={"document": "주무과-1"})
    yield served
    served.close()


def _looks_of_it(somebody: Any, width: int, *, axe: bool) -> list[str]:
    """Return what is wrong with a page for eyes and keyboards: rules of axe, what runs over the
    edge, targets that are too small to be touched."""
    from axe_playwright_python.sync_playwright import Axe

    page = somebody.page
    rules = Axe().run(page).response["violations"] if axe else []
    found = [f"{each['id']}: {each['nodes'][0]['html'][:90]}" for each in rules]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append("runs over the edge")
    small: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('a.btn, button:not(.vh), input, select')]
             .filter(each => { const box = each.getBoundingClientRect();
               return each.type !== 'file' && box.width > 1 && box.height > 1 && box.height < 22; })
             .map(each => each.outerHTML.slice(0, 80))"""
    )
    return found + small


@pytest.mark.parametrize(
    ("width", "scheme", "contrast", "axe"),
    [(320, "light", "no-preference", True), (390, "light", "no-preference", False),
     (1280, "light", "no-preference", False), (1280, "dark", "no-preference", True),
     (1920, "light", "more", False)],
)  # fmt: skip
def test_every_page_can_be_read_at_every_width_and_in_every_light(
    person: Any, standing: Any, width: int, scheme: str, contrast: str, axe: bool
) -> None:
    somebody = person(
        standing, "", viewport={"width": width, "height": 900},
        color_scheme=scheme, contrast=contrast,
    )  # fmt: skip
    wrong: dict[str, list[str]] = {}
    for name, who, path in PLACES:
        somebody.context.add_cookies([{"name": "who", "value": who, "url": standing.url}])
        somebody.go(path)
        if found := _looks_of_it(somebody, width, axe=axe):
            wrong[name] = found
        light = "" if scheme == "light" else f"-{scheme}"
        light += "-contrast" if contrast == "more" else ""
        somebody.picture(f"{name}-{width}{light}")
    assert wrong == {}
    somebody.close()


def test_a_project_is_found_by_a_part_of_a_word_and_with_its_particle(
    person: Any, standing: Any
) -> None:
    somebody = person(standing, "road-1", viewport={"width": 1280, "height": 900})
    page = somebody.go("/board/gu/projects")
    for typed, title in (("로당", "경로당 개선"), ("보도를 정비", "보도 정비")):
        page.get_by_label("찾을 말").fill(typed)
        page.get_by_role("button", name="찾기").click()
        page.get_by_role("heading", name="1개 사업").wait_for()
        assert title in page.locator("a.hit").inner_text()
        assert page.get_by_label("찾을 말").input_value() == typed
    assert "‘보도’" in page.get_by_role("status").inner_text()
    somebody.picture("found-1280")
    page.get_by_label("찾을 말").fill("경로단")
    page.get_by_label("찾을 말").press("Enter")
    page.get_by_role("link", name="‘경로당’ 찾기").click()
    page.get_by_role("heading", name="1개 사업").wait_for()
    somebody.close()


def test_the_keyboard_alone_reaches_and_does_everything(person: Any, standing: Any) -> None:
    somebody = person(standing, "education-1", viewport={"width": 1280, "height": 900})
    page = somebody.go(DO.format(1, "self_evaluate"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        shown = page.evaluate(
            """() => { const at = document.activeElement, box = at.getBoundingClientRect();
                 return [at === document.body ? '' : at.id || at.textContent.trim().slice(0, 20),
                         getComputedStyle(at).outlineStyle,
                         box.top >= 0 && box.bottom <= innerHeight]; }"""
        )
        reached.add(shown[0])
        assert shown[1] != "none" or shown[0] in ("", "evidence:f"), shown
    assert {"actuals/schools", "actuals/lessons", "progress", "evidence:f"} <= reached
    page.locator('[id="actuals/schools"]').focus()
    page.keyboard.type("10")
    page.keyboard.press("Control+s")
    page.get_by_text("임시저장됨").wait_for()
    somebody.close()


def test_the_sheet_for_the_mayor_prints_on_one_a4(
    person: Any, standing: Any, tmp_path: Path
) -> None:
    somebody = person(standing, "mayor-1")
    page = somebody.go("/board/gu/status")
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", printed)
    assert box is not None
    assert float(box[1]) > float(box[2])
    somebody.close()


def test_without_its_script_a_form_works_by_its_buttons(person: Any, site: Any) -> None:
    somebody = person(site, "education-1", java_script_enabled=False)
    page = somebody.go(DO.format(1, "self_evaluate"))
    somebody.fill(actuals__schools="8", actuals__lessons="100")
    somebody.press("계산해 보기")
    assert "80.0%" in page.locator('[data-line="schools"]').inner_text()
    somebody.fill(explanations__schools__cause="모집 지연")
    somebody.fill(explanations__schools__countermeasure="추가 모집")
    somebody.press("자체평가")
    somebody.done()
    assert site.state("gu/1") == "self_evaluated"
    somebody.close()


def test_a_server_that_stops_and_starts_again_loses_nothing_typed(person: Any, site: Any) -> None:
    somebody = person(site, "education-1")
    page = somebody.go(DO.format(1, "self_evaluate"))
    somebody.context.set_offline(True)
    somebody.fill(actuals__schools="10", progress="서버가 없을 때 쓴 글")
    page.get_by_text("서버에 연결할 수 없습니다").wait_for()
    somebody.context.set_offline(False)
    page.reload()
    page.get_by_text("임시저장됨").wait_for()
    assert page.locator('[id="progress"]').input_value() == "서버가 없을 때 쓴 글"
    somebody.close()
