"""What happens in an office, in a real browser: a head is away and another signs, two reviewers
open the same project, a department is late, the server is killed in the middle of typing."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evalflow

pytestmark = [pytest.mark.slow, pytest.mark.servers]
DO = "/board/gu/projects/{}/do/{}"
FIGURES = {
    "gu/1": ("education-1", {"schools": 10, "lessons": 100}),
    "gu/2": ("elderly-1", {"centres": 5}),
}
CARD = {"state": "on_track", "text": "두 곳 고침", "papers": ["준공사진"]}


def label(site: Any, event: str) -> str:
    """Return what the event is called."""
    lifecycle = site.engine.plans.lifecycle(site.engine.project("gu/1").lifecycle)
    return str(lifecycle.events[event].label.ko)


def evaluated(site: Any, *projects: str) -> None:
    for project in projects:
        by, actuals = FIGURES[project]
        cards = {"cards": {"1": CARD, "2": CARD}} if project == "gu/2" else {}
        site.engine.fire(project, "self_evaluate", by=by, data={"actuals": actuals, **cards})


def test_a_head_is_away_and_who_acts_for_them_signs(person: Any, site: Any) -> None:
    """The policy office appoints an acting head on the board; they sign, and 代 says so."""
    evaluated(site, "gu/1", "gu/2")
    site.engine.fire("gu/1", "compile", by="welfare-lead")
    policy = person(site, "policy-1")
    page = policy.go("/board/gu/people")
    page.get_by_text("대결 지정", exact=True).click()
    page.locator("#f1h").select_option("welfare-head|0")
    page.locator("#f1a").select_option("elderly-head")
    page.locator("#f1s").fill("2016-04-04")
    page.locator("#f1u").fill("2016-04-05")
    page.locator("#f1w").fill("국장 출장")
    page.locator("#f1r").fill("출장에 따른 대결 지정")
    page.locator("#f1r").press("Enter")
    page.get_by_text("계획을 이렇게 개정하시겠습니까?").wait_for()
    policy.picture("people-change-1280")
    page.get_by_role("button", name="개정하여 시행").click()
    page.get_by_text("계획을 개정했습니다.").wait_for()
    assert "代 elderly-head" in page.locator("#u2 ~ table").inner_text()

    acting = person(site, "elderly-head")
    page = acting.go("/board/gu/work")
    assert "결재할 문서 1건" in page.locator("main").inner_text()
    page = acting.go("/board/gu/sign")
    page.get_by_role("link", name=re.compile(rf"^{label(site, 'sign')}\s*:")).first.click()
    acting.press(label(site, "sign"))
    acting.done()
    assert site.state("gu/1") == site.state("gu/2") == "signed"
    entry = list(site.engine.history("gu/1"))[-1]
    assert (entry.actor, entry.on_behalf_of) == ("elderly-head", "welfare-head")
    page = policy.go("/board/gu/projects/1")
    assert "代 elderly-head (welfare-head 대결)" in page.locator(".time").first.inner_text()
    assert list(site.engine.audit.verify("gu")) == []
    policy.close()
    acting.close()


def test_two_reviewers_at_once_and_neither_overwrites_the_other(person: Any, site: Any) -> None:
    evaluated(site, "gu/1", "gu/2")
    for event, by, data in (
        ("compile", "welfare-lead", {}),
        ("sign", "welfare-head", {}),
        ("submit", "welfare-lead", {"document": "주무과-1"}),
    ):
        site.engine.fire("gu/1", event, by=by, data=data)
    first, second = person(site, "policy-1"), person(site, "policy-2")
    for reviewer in (first, second):
        page = reviewer.go(DO.format(1, "review"))
        for box in page.locator("[data-override]").all():
            box.get_by_label("그대로 확인").check()
    box = second.page.locator("[data-override]").first
    box.get_by_label("다른 이행률로 조정").check()
    second.fill(ratings__schools__rate="85.0", ratings__schools__reason="중복 실적을 뺌")
    first.press(label(site, "review"))
    second.press(label(site, "review"))  # both are at the page that asks to confirm
    second.page.locator('button[value="sure"]').wait_for()
    first.done()
    second.page.locator('button[value="sure"]').click()
    second.page.get_by_text("저장하지 않았습니다").wait_for()
    assert "policy-1" in second.page.locator("main").inner_text()
    assert "85.0" in second.page.locator("main").inner_text()  # what was typed is not lost
    second.picture("two-reviewers-1280")
    rating = site.engine.evaluation("gu/1").review_rating
    assert rating is not None
    assert [str(line.rate) for line in rating.lines] == ["100.0", "100.0"]
    assert sum(e.event == "review" for e in site.engine.history("gu/1")) == 1
    first.close()
    second.close()


def test_a_late_department_is_reminded_and_its_lateness_is_recorded(person: Any, site: Any) -> None:
    evaluated(site, "gu/1")
    site.moment = dt.datetime(2016, 4, 7, 1, tzinfo=dt.UTC)
    lead = person(site, "welfare-lead", viewport={"width": 390, "height": 800})
    page = lead.go("/board/gu/bureau")
    assert "2일 경과" in page.locator("main").inner_text()
    page.get_by_role("button", name="빠진 부서에 기한 안내").click()
    page.get_by_text("1명에게 기한을 안내했습니다.").wait_for()
    lead.picture("late-390")
    told = [each.notice for each in site.engine.outbox.notices() if each.notice.name == "remind"]
    assert [each.recipient for each in told] == ["elderly-1"]

    late = person(site, "elderly-1")
    page = late.go("/board/gu/work")
    assert "2일 경과" in page.locator("main").inner_text()
    page.get_by_role("link", name="입력 시작").first.click()
    late.fill(actuals__centres="5")
    for number in ("1", "2"):
        page.locator(f'[id="cards/{number}/state"]').select_option("on_track")
        page.locator(f'[id="cards/{number}/text"]').fill("두 곳 고침")
        page.locator(f'[id="cards/{number}/papers"]').fill("준공사진")
    late.press(label(site, "self_evaluate"))
    late.done()
    assert list(site.engine.history("gu/2"))[-1].late == 2
    page = lead.go("/board/gu/bureau")
    assert "수합 2/2" in page.locator("h2").first.inner_text()
    lead.close()
    late.close()


class Served:
    """`evalflow serve` in a process of its own, on a store on disk; it can be killed and started
    again at the same address."""

    def __init__(self, folder: Path) -> None:
        plan = evalflow.load_plan(Path(__file__).parent / "board.yaml", plugins=[])
        self.folder = folder
        self.store = f"sqlite:///{folder / 'office.db'}"
        with evalflow.open(self.store, plugins=[]) as engine:
            engine.adopt(plan, by="policy-1")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._web("password", "education-1", told="쓰던 글은 남는다 1")
        self.process: subprocess.Popen[bytes] | None = None

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "evalflow.cli", "--store", self.store, *arguments]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "EVALFLOW_PLUGINS": "evalflow-web", "EVALFLOW_LANG": "ko"}

    def _web(self, *arguments: str, told: str) -> None:
        subprocess.run(
            self._command("web", *arguments),
            input=f"{told}\n",
            env=self._environment(),
            check=True,
            capture_output=True,
            text=True,
        )

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._command("serve", "--passwords", "--port", str(self.port)),
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(1200):
            with socket.socket() as asking:
                if asking.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None
            time.sleep(0.05)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    running = Served(tmp_path)
    running.start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.kill()


def test_a_server_that_is_killed_in_the_middle_of_typing_loses_nothing(
    person: Any, served: Served
) -> None:
    """Typed before the kill, while it is dead, and after it came back: all of it is in the form,
    the session goes on, and the store is whole."""
    officer = person(served, "")
    page = officer.go("/")
    page.locator("#actor").fill("education-1")
    page.locator("#password").fill("쓰던 글은 남는다 1")
    page.locator("#password").press("Enter")
    page.wait_for_url(re.compile("/board/gu/work"))
    officer.go(DO.format(1, "self_evaluate"))
    officer.fill(actuals__schools="10", progress="죽기 전에 쓴 글")
    page.keyboard.press("Control+s")
    page.get_by_text("임시저장됨").wait_for()
    officer.fill(progress="죽기 전에 쓴 글. 저장 안 된 뒷부분")
    served.kill()
    officer.fill(actuals__lessons="100")
    page.get_by_text("서버에 연결할 수 없습니다").wait_for()
    officer.picture("killed-1280")
    served.start()
    page.reload()
    page.get_by_text("임시저장됨").wait_for()
    values = {
        name: page.locator(f'[id="{name}"]').input_value()
        for name in ("actuals/schools", "actuals/lessons", "progress")
    }
    assert values == {
        "actuals/schools": "10",
        "actuals/lessons": "100",
        "progress": "죽기 전에 쓴 글. 저장 안 된 뒷부분",
    }
    page.locator('.stickybar button[value="fire"]').click()
    officer.done()
    officer.close()
    served.kill()
    with evalflow.open(served.store, plugins=[]) as engine:
        assert engine.project("gu/1").states[0] == "self_evaluated"
        assert engine.evaluation("gu/1").facts["progress"] == "죽기 전에 쓴 글. 저장 안 된 뒷부분"
        assert list(engine.audit.verify("gu")) == []
