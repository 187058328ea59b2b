"""The site's requests and evalflow are one transaction, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import evalflow_django
import office_site
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError
from django.test import Client, override_settings
from evalflow_django import engines
from evalflow_django.conf import conf

import evalflow

User = Callable[..., Any]
DEPARTMENT = "department@audit-office"


def asked(by: Any, *, data: Any = office_site.FIGURES, query: str = "", **headers: str) -> Any:
    """Answer of the site to a user's request."""
    browser = Client(raise_request_exception=False, headers=headers)
    if by is not None:
        browser.force_login(by)
    return browser.post(f"/evaluate{query}", json.dumps(data), content_type="application/json")


def standing(alias: str) -> tuple[int, int, int]:
    """Papers of the site, entries of the project, and what does not fit."""
    office = evalflow_django.engine()
    entries = len(list(office.history(office_site.PROJECT)))
    return office_site.papers(alias), entries, len(list(office.audit.verify()))


def test_a_request_leaves_both_or_nothing(alias: str, user: User) -> None:
    clerk = user("clerk", DEPARTMENT)
    assert asked(clerk, query="?doubt=1").status_code == 500
    assert standing(alias) == (0, 1, 0)
    answer = asked(clerk)
    assert (answer.status_code, answer.json()["entry"]) == (200, 2)
    assert answer.json()["actor"] == f"site:{clerk.pk}"
    assert standing(alias) == (1, 2, 0)


@pytest.mark.parametrize(
    ("groups", "data", "status", "said"),
    [
        (("department@welfare-policy",), office_site.FIGURES, 403, "audit-office"),
        ((DEPARTMENT,), {"actuals": 5}, 422, "actuals"),
        ((), office_site.FIGURES, 403, "has no part in the evaluation"),
    ],
)
def test_what_is_refused_leaves_nothing_and_has_its_status(
    alias: str, user: User, groups: tuple[str, ...], data: Any, status: int, said: str
) -> None:
    answer = asked(user("clerk", *groups), data=data, accept="application/json")
    assert answer.status_code == status, answer.content
    assert said in answer.json()["text"]
    assert answer.json()["error"]["code"]
    assert standing(alias) == (0, 1, 0)


def test_two_requests_at_once_are_one_conflict(
    alias: str, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerks = [user(f"clerk-{n}", DEPARTMENT) for n in (1, 2)]
    monkeypatch.setattr(office_site, "MEETING", threading.Barrier(2))

    def one(by: Any) -> tuple[int, str]:
        try:
            answer = asked(by, **{"accept": "application/json", "accept-language": "ko"})
            return answer.status_code, answer.content.decode()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as both:
        answers = sorted(both.map(one, clerks))
    assert [status for status, _ in answers] == [200, 409]
    assert "다른 처리가 먼저 있었습니다" in answers[1][1]
    assert standing(alias) == (1, 2, 0)


def test_after_a_refusal_in_a_block_of_its_own_the_transaction_goes_on(alias: str) -> None:
    with transaction.atomic(using=alias):
        with pytest.raises(evalflow.Refused), transaction.atomic(using=alias):
            evalflow_django.joined().fire(
                office_site.PROJECT, "review", by="policy-1", data={"actuals": {}}
            )
        with connections[alias].cursor() as cursor:
            cursor.execute("INSERT INTO site_paper VALUES ('붙임')")
    assert standing(alias) == (1, 1, 0)


def change(office: evalflow.Engine) -> None:
    """Request a change, of which the mayor and the policy office are told."""
    data = {
        "kind": "period",
        "change": {"end": "2016-11-30"},
        "reason": "조기 완료",
        "detail": "사업기간 단축",
        "reported_on": "2016-04-04",
    }
    office.fire("seodaemun-2016/6", "request_change", by="education-support-head-1", data=data)


def states(office: evalflow.Engine) -> set[str]:
    return {each.state for each in office.outbox.notices()}


def wait_for_letters() -> None:
    """Wait until the thread that delivers has ended."""
    delivering = engines._process.delivering
    if delivering is not None:
        delivering.join(20)


def test_after_the_commit_plugins_are_told_and_notices_delivered(
    alias: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[int] = []
    with override_settings(EVALFLOW={**settings.EVALFLOW, "DELIVER_AFTER_COMMIT": True}):
        office = evalflow_django.engine()
        monkeypatch.setattr(
            office.plugins, "fired", lambda entries: told.extend(each.number for each in entries)
        )
        with transaction.atomic(using=alias):
            change(evalflow_django.joined())
            transaction.set_rollback(True, using=alias)
        assert (told, states(office)) == ([], set())
        assert engines._process.delivering is None
        with transaction.atomic(using=alias):
            change(evalflow_django.joined())
            assert told == []
        assert told == [2]
        wait_for_letters()
        assert states(office) == {"delivered"}
    assert "변경보고: 6번" in capfd.readouterr().err  # by the plan's notifier, the console


def test_without_that_setting_notices_wait_for_the_command(alias: str) -> None:
    with transaction.atomic(using=alias):
        change(evalflow_django.joined())
    assert engines._process.delivering is None
    assert states(evalflow_django.engine()) == {"waiting"}


def test_what_goes_wrong_with_delivering_is_logged_and_undoes_nothing(
    alias: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: evalflow.Engine) -> None:
        raise OSError("no mail today")

    monkeypatch.setattr(evalflow.Engine, "deliver", broken)
    with override_settings(EVALFLOW={**settings.EVALFLOW, "DELIVER_AFTER_COMMIT": True}):
        with transaction.atomic(using=alias):
            change(evalflow_django.joined())
        wait_for_letters()
        assert states(evalflow_django.engine()) == {"waiting"}
    assert "notices were not delivered after a commit" in caplog.text
    assert "no mail today" in caplog.text


def test_outside_of_a_transaction_nothing_is_joined(alias: str) -> None:
    with pytest.raises(TransactionManagementError, match=r"inside transaction\.atomic"):
        evalflow_django.joined()
    with override_settings(EVALFLOW={"STORE": "memory:"}), pytest.raises(ImproperlyConfigured):
        evalflow_django.joined()


def test_an_engine_is_one_a_process_and_a_forked_child_goes_on_with_it(alias: str) -> None:
    office = evalflow_django.engine()
    assert evalflow_django.engine() is office
    assert conf() is conf()
    connections[alias].close()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            office = evalflow_django.engine()
            office.fire(
                office_site.PROJECT, "self_evaluate", by="audit-office-1", data=office_site.FIGURES
            )
            evalflow_django.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert office.project(office_site.PROJECT).version == 2
    assert list(office.audit.verify()) == []


def test_a_database_that_a_test_puts_in_its_place_is_opened_anew(alias: str) -> None:
    first = evalflow_django.engine()
    with override_settings(EVALFLOW={"STORE": "memory:"}):
        assert evalflow_django.engine().plans.ids() == ()
    again = evalflow_django.engine()
    assert again is not first
    assert again.project(office_site.PROJECT).version == 1
