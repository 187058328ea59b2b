"""What a decision rests on is read before it is made, and must still be true at the commit."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow.lifecycle import load as loading
from evalflow.plugins import GuardSpec
from evalflow.storage import fault_point
from evalflow.testing.firings import open_office
from offices import CARD, PLAN, Office

ORDERS = """\
evalflow: plan/1
id: orders
year: 2016
ko: 시정명령
lifecycle: corrective-order
calendar: {periods: year, first: 2016, last: 2016}
units:
  gu: {kind: office, ko: 시험구}
  road: {kind: department, ko: 도로과, parent: gu}
directory:
  policy-1: [{role: policy_office, unit: gu}]
  road-1: [{role: department, unit: road}]
fields: {works: {ko: 주요업무}}
projects:
  "1": {ko: 명령 1, unit: road, field: works, about: gu/3}
"""
DECIDED = "fire:decided"


def once_decided(act: Callable[[], object]) -> Callable[[str], None]:
    """Return a listener that acts once, between the first decision and its commit."""
    done: list[str] = []

    def listen(point: str) -> None:
        if point == DECIDED and not done:
            done.append(point)
            act()

    return listen


@pytest.fixture
def interposed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    def interpose(act: Callable[[], object]) -> None:
        monkeypatch.setattr(fault_point, "listener", once_decided(act))

    return interpose


def test_an_order_is_not_issued_on_a_state_that_has_passed(
    office: Office, plan_file: Path, interposed: Callable[..., None]
) -> None:
    engine = office.engine
    file = plan_file.parent / "orders.yaml"
    file.write_text(ORDERS, "utf-8")
    plan = evalflow.load_plan(file, plugins=[])
    engine.adopt(plan, by="policy-1")
    office.to_lagging("gu/3", metres="100")
    told = {"document": "정책-1", "order": "실적 보완", "reason": "부진"}

    interposed(lambda: engine.fire("gu/3", "open_period", by="clock"))
    with pytest.raises(evalflow.Conflict) as caught:
        engine.fire("orders/1", "issue", by="policy-1", data=told)

    assert caught.value.project == "gu/3"
    assert engine.project("orders/1").version == 1
    assert list(engine.audit.verify()) == []


def test_a_submission_is_not_written_over_a_project_that_moved_on(
    office: Office, interposed: Callable[..., None]
) -> None:
    office.clock.go("2016-04-04")
    office.evaluate("gu/1")
    office.evaluate("gu/2")
    interposed(
        lambda: office.fire(
            "gu/2", "amend", "elderly-1", actuals={"centres": 6}, cards={"1": CARD, "2": CARD}
        )
    )
    with pytest.raises(evalflow.Conflict):
        office.submit("gu/1")
    assert office.state("gu/1") == office.state("gu/2") == "self_evaluated"


def test_two_who_migrate_at_once_are_each_offered_their_own(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has read its lifecycle before either decides."""
    engine, read = office.engine, loading.lifecycle_from_tree
    offered = {name: evalflow.load_lifecycle(name, plugins=[]) for name in ("mapo", "seoul")}
    both = threading.Barrier(2, timeout=30)

    def slowly(tree: Any, *more: Any) -> evalflow.Lifecycle:
        lifecycle: evalflow.Lifecycle = read(tree, *more)
        both.wait()
        return lifecycle

    monkeypatch.setattr(loading, "lifecycle_from_tree", slowly)
    planned: dict[str, evalflow.BatchPlan] = {}

    def plan(name: str) -> None:
        planned[name] = engine.plans.migrate(
            "gu", offered[name], by="policy-1", reason="개정", where={"number": "1"}
        )

    threads = [threading.Thread(target=plan, args=(name,)) for name in offered]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for name, batch in planned.items():
        assert batch.header.data["lifecycle"] == offered[name].tree
        (line,) = batch
        assert not line.reasons or line.reasons[0].code != "same_lifecycle"
    for name in offered:
        explained = planned[name].header.data["lifecycle"]["name"]
        assert explained == name


def test_a_draft_of_a_plan_is_never_what_is_in_force(office: Office, plan_file: Path) -> None:
    """Whoever compares or adopts beside somebody else's adopting leaves nothing behind."""
    engine = office.engine
    file = plan_file.parent / "draft.yaml"
    file.write_text(
        PLAN.replace("road-head: [", "road-9: [{role: department, unit: road}]\n  road-head: ["),
        "utf-8",
    )
    draft = evalflow.load_plan(file, plugins=[])

    def adopted_meanwhile(head: Any, revisions: Any) -> Any:
        terms = made(head, revisions)
        if not done:
            done.append(head)
            text = PLAN.replace(
                "budget-1: [", "budget-7: [{role: budget_team, unit: gu}]\n  budget-1: ["
            )
            other = plan_file.parent / "other.yaml"
            other.write_text(text, "utf-8")
            engine.adopt(evalflow.load_plan(other, plugins=[]), by="policy-1", reason="인사이동")
        return terms

    done: list[Any] = []
    made = engine.rules.draft
    engine.rules.draft = adopted_meanwhile  # type: ignore[method-assign]
    with pytest.raises(evalflow.InvalidInput, match="written against revision 1"):
        engine.plans.compare(draft, by="policy-1")

    assert engine.plans.head("gu").revision == 2
    assert "budget-7" in engine.plans.head("gu").directory
    assert "road-9" not in engine.plans.head("gu").directory
    with pytest.raises(evalflow.NotFound):
        engine.actor("gu", "road-9")


def test_a_guard_that_looks_at_what_it_did_not_declare_is_told_so(tmp_path: Path) -> None:
    def curious(firing: Any, after: Any) -> None:
        firing.peers("bureau")

    spec = GuardSpec(name="curious", label=evalflow.Label("호기심", "curious"))
    engine, clock, plan = open_office(tmp_path, (spec, curious), {})
    with engine:
        engine.adopt(plan, by="policy-1")
        clock.moment = dt.datetime(2016, 4, 4, 9, tzinfo=dt.UTC)
        reasons = engine.explain(f"{plan.id}/1", "self_evaluate", by="education-1").reasons

    assert any("GuardSpec(peers=" in reason.en for reason in reasons)
