"""Who asks in Seoul's time, or New York's, is answered as who asks in UTC; a time without a zone is
refused everywhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import evalflow
from evalflow.batch.chunks import chunks_of
from evalflow.engine import outbox
from evalflow.plugins import FormRequest, Notice
from evalflow.plugins.notifier import Route
from evalflow.testing.given import BEGINNING, entry_after, given_project
from evalflow.testing.office import Ticking, the_plan
from offices import PLAN

SEOUL, NEW_YORK = ZoneInfo("Asia/Seoul"), ZoneInfo("America/New_York")
AT = dt.datetime(2016, 4, 5, 20, tzinfo=dt.UTC)

ASKED: dict[str, Callable[[evalflow.Engine, dt.datetime], Any]] = {
    "projects": lambda engine, at: list(engine.projects(at=at)),
    "late": lambda engine, at: list(engine.projects(at=at, late=True, plan="gu")),
    "select": lambda engine, at: engine.select(at=at, plan="gu", unit="welfare"),
    "due": lambda engine, at: engine.due(at),
    "overview": lambda engine, at: evalflow.overview(engine, "gu", at=at).standings,
    "explain": lambda engine, at: engine.explain("gu/1", "self_evaluate", by="education-1", at=at),
    "permitted": lambda engine, at: engine.permitted("gu/1", by="education-1", at=at),
    "form": lambda engine, at: FormRequest(plan="gu", at=at).at,
}


@pytest.mark.parametrize("what", ASKED)
def test_a_moment_is_the_same_in_every_zone(office, what):
    office.clock.go("2016-04-05")
    office.evaluate("gu/3")
    office.clock.go("2016-04-06", hour=7)  # already past AT in Seoul, by its clock alone
    office.evaluate("gu/1")
    office.clock.go("2016-05-02")
    answers = [
        ASKED[what](office.engine, AT.astimezone(zone)) for zone in (dt.UTC, SEOUL, NEW_YORK)
    ]
    assert answers[0] == answers[1] == answers[2]
    with pytest.raises(evalflow.InvalidInput) as wrong:
        ASKED[what](office.engine, AT.replace(tzinfo=None))
    assert [problem.code for problem in wrong.value.problems] == ["naive_time"]


@pytest.mark.parametrize(
    "far",
    [
        dt.datetime.max.replace(tzinfo=dt.UTC),
        dt.datetime.max.replace(tzinfo=NEW_YORK),
        dt.datetime.min.replace(tzinfo=dt.UTC),
        dt.datetime.min.replace(tzinfo=SEOUL),
    ],
    ids=str,
)
@pytest.mark.parametrize("what", ASKED)
def test_a_moment_of_which_other_zones_have_no_day_is_told(office, what, far):
    with pytest.raises(evalflow.InvalidInput) as wrong:
        ASKED[what](office.engine, far)
    assert [problem.code for problem in wrong.value.problems] == ["bad_time"]


def test_a_right_without_end_may_be_written_as_until_the_last_day_that_there_is(tmp_path):
    until = PLAN.replace("{role: mayor, unit: gu}", "{role: mayor, unit: gu, until: 9999-12-31}", 1)
    assert until != PLAN
    (tmp_path / "plan.yaml").write_text(until, encoding="utf-8")
    plan = evalflow.load_plan(tmp_path / "plan.yaml", plugins=[])
    with evalflow.open("memory:", plugins=[], clock=Ticking()) as engine:
        evalflow.check_lifecycle(plan.lifecycle, plan=plan)
        engine.adopt(plan, by="policy-1")
        assert engine.due() is not None
        assert list(engine.audit.verify()) == []


@pytest.mark.parametrize("there", [SEOUL, NEW_YORK])
def test_deliverers_with_clocks_in_different_zones_send_once(store_url, there):
    with evalflow.open(store_url, plugins=[]) as engine:
        storage = engine.storage
        project = given_project(storage)
        storage.commit(entry_after(project, told=["kim"], notifier="mail", at=BEGINNING))
        now = BEGINNING + dt.timedelta(minutes=1)
        sent: list[str] = []

        class Host:
            def deliver(self, notice: Notice) -> None:
                sent.append("host")

        class First:
            def deliver(self, notice: Notice) -> None:
                sent.append("first")
                route = Route(name="mail", notifier=Host())
                outbox.deliver(storage, [route], clock=lambda: now.astimezone(there))

        outbox.deliver(storage, [Route(name="mail", notifier=First())], clock=lambda: now)
        assert sent == ["first"]

        with pytest.raises(evalflow.InvalidInput):
            outbox.resend(storage, clock=lambda: now.replace(tzinfo=None))


def test_a_chunk_of_a_batch_is_applied_at_the_same_moment_in_every_zone() -> None:
    hashes = set()
    for zone in (dt.UTC, SEOUL, NEW_YORK):
        clock = Ticking(going=False)
        with evalflow.open("memory:", plugins=[], clock=clock) as engine:
            plan = the_plan(each=1)
            engine.adopt(plan, by=plan.actor("policy-1"))
            data = {"deadline": "submit", "until": "2016-04-22", "reason": "연장"}
            batch = engine.batch("extend_deadline", by="policy-1", data=data)
            (chunk,) = chunks_of(batch, "each")
            at = clock.moment + dt.timedelta(hours=1)
            clock.moment += dt.timedelta(hours=2)
            with pytest.raises(evalflow.InvalidInput):
                engine.batches.apply_chunk(chunk, at=at.replace(tzinfo=None))
            receipts = engine.batches.apply_chunk(chunk, at=at.astimezone(zone))
            assert {each.outcome for each in receipts} == {"done"}
            hashes.add(tuple(project.head for project in engine.projects()))
    assert len(hashes) == 1
