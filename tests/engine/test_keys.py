"""An idempotency key is bound to actor, event and data; anybody else with it is told no more."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow.storage import fault_point
from offices import GOOD, Office

DATA: dict[str, Any] = {"actuals": GOOD["gu/3"]}


@pytest.fixture
def spring(office: Office) -> Office:
    office.clock.go("2016-04-04")
    return office


def assert_tells_nothing(error: evalflow.KeyReused, first: evalflow.Entry) -> None:
    for lang in ("ko", "en"):
        told = error.text(lang) + repr(vars(error))
        for word in (first.event, first.actor, first.role, first.hash, str(first.data)):
            assert word not in told


def test_the_same_call_again_returns_the_first_entry(spring: Office) -> None:
    fire = spring.engine.fire
    first = fire("gu/3", "self_evaluate", by="road-1", data=DATA, key="k")
    said_otherwise = {"actuals": {"complaints": Decimal(50), "metres": "400"}}
    for by in ("road-1", spring.actor("road-1"), evalflow.Actor("road-1", ())):
        for data in (DATA, said_otherwise, {**DATA, "explanations": None}):
            assert fire("gu/3", "self_evaluate", by=by, data=data, key="k") == first
    assert fire("gu/3", "self_evaluate", by="road-1", data=DATA, key="k", expected=1) == first
    spring.fire("gu/3", "amend", "road-1", **DATA)
    spring.clock.go("2016-05-01")
    assert fire("gu/3", "self_evaluate", by="road-1", data=DATA, key="k") == first
    assert spring.engine.project("gu/3").version == 3


@pytest.mark.parametrize(
    ("by", "event", "data"),
    [
        ("road-head", "self_evaluate", DATA),
        ("nobody", "self_evaluate", DATA),
        (evalflow.Actor("intruder", ()), "self_evaluate", DATA),
        (evalflow.Actor("intruder", ()), "review", {"x": 1}),
        ("road-1", "amend", DATA),
        ("road-1", "no_such_event", DATA),
        ("road-1", "migrate", {}),
        ("road-1", "self_evaluate", {}),
        ("road-1", "self_evaluate", {"actuals": {"metres": 401, "complaints": 50}}),
        ("road-1", "self_evaluate", {**DATA, "nonsense": 1}),
        ("road-1", "self_evaluate", {"actuals": "400"}),
        ("road-1", "self_evaluate", {**DATA, "notes": 1e308}),
    ],
)
def test_another_call_with_the_key_is_refused_and_told_nothing(
    spring: Office, by: Any, event: str, data: dict[str, Any]
) -> None:
    first = spring.engine.fire("gu/3", "self_evaluate", by="road-1", data=DATA, key="k")

    with pytest.raises(evalflow.KeyReused) as caught:
        spring.engine.fire("gu/3", event, by=by, data=data, key="k")

    assert isinstance(caught.value, evalflow.InvalidInput)
    assert (caught.value.project, caught.value.key) == ("gu/3", "k")
    if event != first.event:
        assert_tells_nothing(caught.value, first)
    assert first.hash not in repr(vars(caught.value))
    assert "road-1" not in caught.value.text("ko")
    assert spring.engine.project("gu/3").version == 2


def test_a_key_is_of_one_project(spring: Office) -> None:
    spring.engine.fire("gu/3", "self_evaluate", by="road-1", data=DATA, key="k")
    entry = spring.engine.fire(
        "gu/1", "self_evaluate", by="education-1", data={"actuals": GOOD["gu/1"]}, key="k"
    )
    assert (entry.project, entry.number) == ("gu/1", 2)


def test_a_key_holds_through_an_approval_that_redefines_the_project(spring: Office) -> None:
    """What the engine adds to the entry is nobody's input; the plan has a revision more since."""
    engine = spring.engine
    spring.clock.go("2016-04-25")
    asked = {
        "kind": "target",
        "change": {"indicators": {"metres": {"targets": {"2016-Q3": 7}}}},
        "reason": "감액",
        "detail": "조정",
        "reported_on": dt.date(2016, 4, 25),
    }
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("request_change", "road-head", asked),
        ("consult", "policy-1", {"opinion": "이견 없음"}),
        ("approve_change", "mayor-1", {}),
    ]
    for _ in range(2):
        entries = [
            engine.fire("gu/3", event, by=by, data=data, key=f"key of {event}")
            for event, by, data in steps
        ]
        assert [entry.number for entry in entries] == [2, 3, 4]
    assert "definition" in entries[-1].data
    assert engine.plans.head("gu").revision == 2
    with pytest.raises(evalflow.KeyReused):
        engine.fire(
            "gu/3", "request_change", by="road-head", data={**asked, "detail": "달리"},
            key="key of request_change",
        )  # fmt: skip


def test_a_key_holds_for_each_project_of_a_bureau(spring: Office) -> None:
    spring.evaluate("gu/1")
    spring.evaluate("gu/2")
    spring.compile("gu/1")
    spring.sign("gu/1")
    signed = {"document": "주무과-1"}
    for project in ("gu/1", "gu/1", "gu/2"):
        entry = spring.engine.fire(project, "submit", by="welfare-lead", data=signed, key="s")
        assert (entry.project, entry.number) == (project, 5)
    with pytest.raises(evalflow.KeyReused):
        spring.engine.fire(
            "gu/2", "submit", by="welfare-lead", data={**signed, "document": "주무과-2"}, key="s"
        )


def test_a_migration_has_a_key_like_any_event(spring: Office, tmp_path: Path) -> None:
    preset = resources.files("evalflow.lifecycle") / "presets" / "major-works.yaml"
    ours = preset.read_text("utf-8").replace("name: major-works", "name: ours", 1)
    (tmp_path / "ours.yaml").write_text(ours, "utf-8")
    offered = evalflow.load_lifecycle(tmp_path / "ours.yaml", plugins=[])
    data = {"lifecycle": offered.tree, "states": {}, "reason": "개정"}
    first = spring.engine.fire("gu/3", "migrate", by="policy-1", data=data, key="m")
    assert spring.engine.fire("gu/3", "migrate", by="policy-1", data=data, key="m") == first
    seoul = evalflow.load_lifecycle("seoul", plugins=[]).tree
    for other in (
        {"reason": "달리"},
        {"lifecycle": seoul},
        {"lifecycle": 7},
        {"states": {"a": "b"}},
    ):
        with pytest.raises(evalflow.KeyReused):
            spring.engine.fire("gu/3", "migrate", by="policy-1", data={**data, **other}, key="m")


def test_at_once_one_call_has_the_key(spring: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight calls of two people have all decided before anybody writes: one is written, those who
    said the same get its entry, the others learn that the key is taken."""
    spring.to_submitted()
    spring.clock.go("2016-04-15")
    decided = threading.Barrier(8, timeout=30)
    monkeypatch.setattr(
        fault_point, "listener", lambda point: decided.wait() if point == "fire:decided" else None
    )
    answers: list[tuple[str, Any]] = []

    def review(by: str) -> None:
        try:
            answer: Any = spring.engine.fire(
                "gu/3", "review", by=by, data={"ratings": "confirmed"}, key="K"
            )
        except evalflow.EvalflowError as error:
            answer = error
        answers.append((by, answer))

    threads = [threading.Thread(target=review, args=(f"policy-{n % 2 + 1}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    (written,) = [each for each in spring.engine.history("gu/3") if each.key == "K"]
    assert len(answers) == 8
    for by, answer in answers:
        if by == written.actor:
            assert answer == written
        else:
            assert isinstance(answer, evalflow.KeyReused), answer
    assert {by for by, _ in answers} == {"policy-1", "policy-2"}


def test_a_batchs_key_that_somebody_took_is_no_receipt_of_his(spring: Office) -> None:
    engine = spring.engine
    plan = engine.batch(
        "self_evaluate",
        by="road-1",
        each={"gu/3": {"actuals": GOOD["gu/3"]}},
        where={"numbers": ["3"]},
    )
    (line,) = plan
    assert line.allowed
    spring.engine.fire(
        "gu/3",
        "self_evaluate",
        by="road-1",
        data={"actuals": {"metres": 399, "complaints": 50}},
        key=plan.key,
    )

    (receipt,) = engine.batches.apply(plan)

    assert (receipt.outcome, receipt.number) == ("conflict", None)
    assert engine.project("gu/3").version == 2


def test_a_batchs_lines_fired_by_hand_are_already_done(spring: Office) -> None:
    engine = spring.engine
    each = {"gu/3": {"actuals": GOOD["gu/3"]}}
    plan = engine.batch("self_evaluate", by="road-1", each=each, where={"numbers": ["3"]})
    entry = engine.fire("gu/3", "self_evaluate", by="road-1", data=each["gu/3"], key=plan.key)
    (receipt,) = engine.batches.apply(plan)
    assert (receipt.outcome, receipt.number) == ("already", entry.number)
