"""The admin shows what the engine lists, to whom may see it, and changes nothing."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import evalflow_django
import office_site
import pytest
from django.test import Client, override_settings

User = Callable[..., Any]
PROJECTS = "/admin/evalflow_django/project/"
NOTICES = "/admin/evalflow_django/notice/"


def may(user: Any, *names: str) -> Any:
    """Give a user of the staff permissions to see."""
    from django.contrib.auth.models import Permission

    user.is_staff = True
    user.save()
    for name in names:
        user.user_permissions.add(Permission.objects.get(codename=name))
    return user


@pytest.fixture
def auditor(alias: str, user: User) -> Client:
    """A browser of somebody who may see all, on an office in which one project moved."""
    evalflow_django.engine().fire(
        office_site.PROJECT, "self_evaluate", by="audit-office-1", data=office_site.FIGURES
    )
    browser = Client()
    browser.force_login(may(user("auditor"), "view_project", "view_notice"))
    return browser


def page(browser: Client, place: str, status: int = 200, lang: str = "en") -> str:
    answer = browser.get(place, headers={"accept-language": lang})
    assert answer.status_code == status, answer.content.decode()[:2000]
    return html.unescape(answer.content.decode())


def rows(text: str) -> list[list[str]]:
    """Give the cells of each row of a page's list, without what is unfolded."""
    body = re.search(r"<tbody>(.*)</tbody>", text, re.DOTALL)
    assert body is not None
    plain = re.sub(r"<details>.*?</details>", "", body[1], flags=re.DOTALL)
    return [
        [
            re.sub(r"<[^>]+>", "", cell).strip()
            for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr>.*?</tr>", plain, re.DOTALL)
    ]


def following(text: str) -> str:
    """Give the address of the next page."""
    link = re.search(r'<a class="next" href="([^"]+)"', text)
    assert link is not None
    return link[1]


def test_projects_are_listed_searched_ordered_and_paged(
    auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = page(auditor, PROJECTS)
    assert [row[0] for row in rows(text)] == [f"seodaemun-2016/{n}" for n in range(1, 44)]
    assert "43 projects" in text
    (found,) = [row for row in rows(text) if row[0] == office_site.PROJECT]
    assert found[2:5] == ["Audit office", "Self-evaluated", "2016-Q1"]
    assert found[6] == "2"
    assert [row[6] for row in rows(page(auditor, f"{PROJECTS}?o=-changed"))][:2] == ["2", "1"]
    assert rows(page(auditor, f"{PROJECTS}?q={found[1].split()[0]}"))
    assert rows(page(auditor, f"{PROJECTS}?q=nothing-like-it")) == [["There is nothing."]]

    from evalflow_django.admin import ProjectAdmin

    monkeypatch.setattr(ProjectAdmin, "list_per_page", 20)
    seen = []
    for order in ("", "&o=-title"):
        place = f"{PROJECTS}?plan=seodaemun-2016{order}"
        pages = []
        while True:
            text = page(auditor, place)
            pages.append([row[0] for row in rows(text)])
            if 'class="next"' not in text:
                break
            place = PROJECTS + following(text)
        assert [len(each) for each in pages] == [20, 20, 3]
        seen.append([each for one in pages for each in one])
    assert sorted(seen[0]) == sorted(seen[1]) != seen[1]


def test_a_project_shows_its_history_the_newest_first(
    auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"{PROJECTS}{office_site.PROJECT}/"
    text = page(auditor, place, lang="ko")
    assert [row[0] for row in rows(text)] == ["2", "1"]
    newest = rows(text)[0]
    assert newest[3:6] == ["자체평가", "audit-office-1", "자체평가 완료"]
    assert '"patrols"' in text  # the whole record is unfolded under it
    assert place in page(auditor, PROJECTS)

    from evalflow_django.admin import ProjectAdmin

    monkeypatch.setattr(ProjectAdmin, "list_per_page", 1)
    text = page(auditor, place)
    assert [row[0] for row in rows(text)] == ["2"]
    assert [row[0] for row in rows(page(auditor, place + following(text)))] == ["1"]


def test_notices_are_listed_by_state(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    office = evalflow_django.engine()
    data = {
        "kind": "period",
        "change": {"end": "2016-11-30"},
        "reason": "조기 완료",
        "detail": "사업기간 단축",
        "reported_on": "2016-04-04",
    }
    office.fire("seodaemun-2016/6", "request_change", by="education-support-head-1", data=data)
    notices = list(office.outbox.notices(newest=True))
    assert len(notices) > 2
    text = page(auditor, NOTICES, lang="ko")
    assert [row[3] for row in rows(text)] == [each.notice.recipient for each in notices]
    assert {row[5] for row in rows(text)} == {"발송 대기"}
    assert f"알림 {len(notices)}건" in text
    assert rows(page(auditor, f"{NOTICES}?state=dead")) == [["There is nothing."]]
    assert len(rows(page(auditor, f"{NOTICES}?q=mayor&state=waiting"))) == len(
        list(office.outbox.notices(text="mayor"))
    )

    from evalflow_django.admin import NoticeAdmin

    monkeypatch.setattr(NoticeAdmin, "list_per_page", 1)
    first = page(auditor, NOTICES)
    second = page(auditor, NOTICES + following(first))
    assert [rows(each)[0][3] for each in (first, second)] == [
        each.notice.recipient for each in notices[:2]
    ]


@pytest.mark.parametrize(
    ("place", "status", "said"),
    [
        (f"{PROJECTS}seodaemun-2016/999/", 404, "no project 'seodaemun-2016/999'"),
        (f"{PROJECTS}?plan=nowhere", 404, "nowhere"),
        (f"{PROJECTS}?o=colour", 422, "no order 'colour'"),
        (f"{PROJECTS}?o=title&after=nowhere/1", 404, "nowhere/1"),
        (f"{PROJECTS}{office_site.PROJECT}/?after=-2", 422, "a whole number from 0"),
        (f"{NOTICES}?state=lost", 422, "no state of notices 'lost'"),
        (f"{NOTICES}?after=x", 422, "a whole number from 0"),
        (f"{PROJECTS}%3Cscript%3E/", 404, "no project"),
    ],
)
def test_what_there_is_not_is_told_in_a_sentence(
    auditor: Client, place: str, status: int, said: str
) -> None:
    answer = auditor.get(place, headers={"accept-language": "en"})
    assert answer.status_code == status
    assert said in html.unescape(answer.content.decode())
    assert "<script>" not in answer.content.decode().replace('<script src="', "")


def test_who_may_not_see_is_refused_and_nobody_changes(
    alias: str, auditor: Client, user: User
) -> None:
    stranger, half = Client(), Client()
    stranger.force_login(may(user("stranger")))
    half.force_login(may(user("half"), "view_notice"))
    assert stranger.get(PROJECTS).status_code == 403
    assert half.get(PROJECTS).status_code == 403
    assert half.get(f"{PROJECTS}{office_site.PROJECT}/").status_code == 403
    assert half.get(NOTICES).status_code == 200
    assert Client().get(PROJECTS).status_code == 302  # to sign in
    assert "/project/" not in page(half, "/admin/")
    root = Client()
    root.force_login(user("root", is_staff=True, is_superuser=True))
    before = list(evalflow_django.engine().entries())
    for browser in (auditor, root):
        for place in (PROJECTS, f"{PROJECTS}{office_site.PROJECT}/", NOTICES):
            assert browser.post(place, {"action": "delete_selected"}).status_code == 403
            assert browser.delete(place).status_code == 403
        for place in ("add/", "1/delete/", "1/history/", "1/change/"):
            assert browser.get(PROJECTS + place).status_code == 404
            assert browser.get(NOTICES + place).status_code == 404
        said = page(browser, "/admin/evalflow_django/")
        assert PROJECTS in said
        assert "add/" not in said
    assert list(evalflow_django.engine().entries()) == before


def test_a_store_that_cannot_be_reached_is_told(auditor: Client) -> None:
    with override_settings(EVALFLOW={"STORE": "sqlite:////nowhere/at/all.db"}):
        assert "/nowhere/at" in page(auditor, PROJECTS, status=503)
