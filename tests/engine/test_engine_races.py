"""Races by barrier: exactly one wins, the others are told what is true."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import evalflow
from offices import CARD, Clock


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts at one moment and return their results, or the errors they raised."""
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[place] = act()
        except evalflow.EvalflowError as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def submitted(office):
    office.to_submitted()
    office.clock.go("2016-04-15")
    return office


def test_of_eight_reviews_at_once_one_is_recorded(submitted):
    results = at_once(
        *[
            lambda by=by: submitted.fire("gu/3", "review", by, ratings="confirmed")
            for by in ("policy-1", "policy-2") * 4
        ]
    )
    winners = [r for r in results if isinstance(r, evalflow.Entry)]
    losers = [r for r in results if not isinstance(r, evalflow.Entry)]

    assert len(winners) == 1
    assert all(isinstance(r, evalflow.Conflict | evalflow.Refused) for r in losers)
    assert [e.event for e in submitted.engine.history("gu/3")][-1] == "review"
    assert submitted.engine.project("gu/3").version == 6


@pytest.mark.parametrize("round_", range(5))
def test_a_bureaus_submission_against_a_departments_amendment(office, round_):
    office.clock.go("2016-04-04")
    office.evaluate("gu/1")
    office.evaluate("gu/2")
    submission, amendment = at_once(
        lambda: office.submit("gu/1"),
        lambda: office.fire(
            "gu/2", "amend", "elderly-1", actuals={"centres": 6}, cards={"1": CARD, "2": CARD}
        ),
    )
    states = office.state("gu/1"), office.state("gu/2")

    if isinstance(submission, evalflow.Entry):
        assert states == ("submitted", "submitted")
    else:
        assert isinstance(submission, evalflow.Conflict)
        assert states == ("self_evaluated", "self_evaluated")
        assert isinstance(amendment, evalflow.Entry)
    assert list(office.engine.audit.verify()) == []


def test_the_same_key_at_once_is_recorded_once(office):
    office.clock.go("2016-04-04")
    by = office.actor("road-1")
    data = {"actuals": {"metres": 400, "complaints": 50}}
    results = at_once(
        *[
            lambda: office.engine.fire("gu/3", "self_evaluate", by=by, data=data, key="one")
            for _ in range(6)
        ]
    )

    assert {type(result) for result in results} == {evalflow.Entry}
    assert len({result.hash for result in results}) == 1
    assert office.engine.project("gu/3").version == 2


def test_two_changes_approved_at_once_make_two_revisions_or_conflict(office):
    office.clock.go("2016-04-25")
    for project, indicator in (("gu/1", "schools"), ("gu/3", "metres")):
        head = "education-head" if project == "gu/1" else "road-head"
        office.fire(
            project,
            "request_change",
            head,
            kind="target",
            change={"indicators": {indicator: {"targets": {"2016-Q3": 7}}}},
            reason="감액",
            detail="조정",
            reported_on="2016-04-25",
        )
        office.fire(project, "consult", "policy-1", opinion="이견 없음")
    results = at_once(
        *[
            lambda project=project: office.fire(project, "approve_change", "mayor-1")
            for project in ("gu/1", "gu/3")
        ]
    )
    for project, result in zip(("gu/1", "gu/3"), results, strict=True):
        if isinstance(result, evalflow.Conflict):
            office.fire(project, "approve_change", "mayor-1")

    assert office.engine.plans.head("gu").revision == 3
    assert list(office.engine.audit.verify()) == []


def test_a_reader_of_another_engine_sees_a_new_directory_at_once(store_url, plan_file, tmp_path):
    if store_url == "memory:":
        pytest.skip("the memory storage lives in one engine")
    clock = Clock()
    plan = evalflow.load_plan(plan_file)
    with (
        evalflow.open(store_url, plugins=[], clock=clock) as one,
        evalflow.open(store_url, plugins=[], clock=clock) as two,
    ):
        one.adopt(plan, by=plan.actor("policy-1"))
        clock.go("2016-04-04")
        by = two.actor("gu", "road-1")
        assert two.explain("gu/3", "self_evaluate", by=by).allowed

        text = plan_file.read_text(encoding="utf-8").replace(
            "road-1: [{role: department, unit: road}]",
            "road-1: [{role: department, unit: road, until: 2016-04-01}]",
        )
        later = tmp_path / "later.yaml"
        later.write_text(text, encoding="utf-8")
        one.adopt(evalflow.load_plan(later), by=one.actor("gu", "policy-1"), reason="인사이동")
        by = two.actor("gu", "road-1")
        assert not two.explain("gu/3", "self_evaluate", by=by).allowed
