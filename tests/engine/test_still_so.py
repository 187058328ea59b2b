"""What a decision rests on beside its project (the plan's latest revision, which projects a unit
has, who the actor is) is compared in the transaction that writes it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

import evalflow
from evalflow.storage import Storage, fault_point
from offices import GOOD, PLAN, Office

DECIDED = "fire:decided"
ROAD = "  road-1: [{role: department, unit: road}]\n"
NINTH = PLAN[PLAN.index('  "3":\n') :].replace('"3"', '"9"').replace("unit: road", "unit: elderly")
MOVED_IN = PLAN.replace("    unit: road\n", "    unit: elderly\n")


def revise(office: Office, text: str, by: str = "policy-2") -> None:
    """Put another text of the plan into force."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.yaml"
        file.write_text(text, "utf-8")
        plan = evalflow.load_plan(file, plugins=[])
    head = attrs.evolve(plan.head, revision=office.engine.plans.head("gu").revision)
    office.engine.adopt(attrs.evolve(plan, head=head), by=office.actor(by), reason="인사이동")


def once_decided(act: Callable[[], object]) -> Callable[[str], None]:
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


@pytest.mark.parametrize("known", [True, False], ids=["an actor", "an id"])
def test_a_role_revoked_before_the_commit_is_a_conflict(
    office: Office, interposed: Callable[..., None], known: bool
) -> None:
    office.clock.go("2016-04-04")
    by = office.actor("road-1") if known else "road-1"
    interposed(lambda: revise(office, PLAN.replace(ROAD, "")))

    with pytest.raises(evalflow.Conflict) as caught:
        office.engine.fire("gu/3", "self_evaluate", by=by, data={"actuals": GOOD["gu/3"]})

    assert caught.value.project == "gu"
    assert [entry.event for entry in office.engine.history("gu/3")] == ["adopt"]
    with pytest.raises(evalflow.NotFound):
        office.engine.fire("gu/3", "self_evaluate", by="road-1", data={"actuals": GOOD["gu/3"]})


READS = ("head", "revisions", "lifecycle", "definition", "snapshot", "snapshots", "history")


@contextmanager
def before_reading(storage: Storage, place: int, act: Callable[[], object]) -> Iterator[list[str]]:
    """Act before the storage is read for the `place`-th time, or is written to; give what was
    asked of it."""
    asked: list[str] = []
    acting: list[bool] = []

    def watched(name: str) -> Callable[..., Any]:
        method = getattr(storage, name)

        def call(*given: Any, **named: Any) -> Any:
            if not acting:
                asked.append(name)
                if len(asked) == place:
                    acting.append(True)
                    act()
                    acting.clear()
            return method(*given, **named)

        return call

    made = {name: watched(name) for name in (*READS, "commit")}
    for name, call in made.items():
        setattr(storage, name, call)
    try:
        yield asked
    finally:
        for name in made:
            delattr(storage, name)


def test_whenever_a_role_is_revoked_nobody_acts_by_it(office: Office) -> None:
    """Before each of the calls that a firing makes of its storage, one after another."""
    engine = office.engine
    office.clock.go("2016-04-04")
    place, revoked = 1, 0
    while True:
        done: list[int] = []

        def revoke(done: list[int] = done) -> None:
            revise(office, PLAN.replace(ROAD, ""))
            done.append(1)

        with before_reading(engine.storage, place, revoke) as asked:
            try:
                engine.fire(
                    "gu/3",
                    "self_evaluate",
                    by="road-1",
                    data={"actuals": GOOD["gu/3"]},
                )
            except (evalflow.Conflict, evalflow.NotFound):
                assert done
        if not done:
            break
        assert asked[-1] == "commit" or "commit" not in asked
        assert engine.project("gu/3").version == 1, (place, asked)
        revise(office, PLAN)
        place, revoked = place + 1, revoked + 1
    assert revoked >= 3
    assert engine.project("gu/3").version == 2
    assert list(engine.audit.verify()) == []


@pytest.mark.parametrize(
    "text", [PLAN + NINTH, MOVED_IN], ids=["added to the bureau", "moved into it"]
)
def test_a_project_that_came_into_the_bureau_is_not_left_behind(
    office: Office, interposed: Callable[..., None], text: str
) -> None:
    office.clock.go("2016-04-04")
    office.evaluate("gu/1")
    office.evaluate("gu/2")
    interposed(lambda: revise(office, text))

    with pytest.raises(evalflow.Conflict):
        office.compile("gu/1")

    assert office.state("gu/1") == office.state("gu/2") == "self_evaluated"
    assert list(office.engine.audit.verify()) == []


def test_the_bureaus_projects_are_compared_also_where_no_revision_tells(
    office: Office, interposed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The roster is compared by itself: it does not lean on the number of the revision."""
    office.clock.go("2016-04-04")
    office.evaluate("gu/1")
    office.evaluate("gu/2")
    commit = office.engine.storage.commit
    monkeypatch.setattr(
        office.engine.storage, "commit", lambda made: commit(attrs.evolve(made, revisions=()))
    )
    interposed(lambda: revise(office, PLAN + NINTH))

    with pytest.raises(evalflow.Conflict) as caught:
        office.compile("gu/1")
    assert caught.value.project == "gu/9"


def test_of_a_batch_whose_role_was_revoked_each_line_has_its_receipt(
    office: Office, interposed: Callable[..., None]
) -> None:
    office.to_submitted()
    office.clock.go("2016-04-15")
    plan = office.engine.batch("review", by="policy-1", data={"ratings": "confirmed"})
    assert sum(line.allowed for line in plan) == 3
    without = PLAN.replace("  policy-1: [{role: policy_office, unit: gu}]\n", "")
    interposed(lambda: revise(office, without))

    receipts = list(office.engine.batches.apply(plan))

    assert [receipt.outcome for receipt in receipts] == ["conflict"] * 3
    assert all(receipt.reasons for receipt in receipts)
    assert {office.state(project) for project in GOOD} == {"submitted"}
    assert list(office.engine.audit.verify()) == []


def test_a_batch_goes_on_where_a_revision_takes_nothing_away(
    office: Office, interposed: Callable[..., None]
) -> None:
    office.to_submitted()
    office.clock.go("2016-04-15")
    plan = office.engine.batch("review", by="policy-1", data={"ratings": "confirmed"})
    interposed(lambda: revise(office, PLAN.replace(ROAD, "")))

    receipts = list(office.engine.batches.apply(plan))

    assert [receipt.outcome for receipt in receipts] == ["done"] * 3


@pytest.mark.parametrize("mode", ["all", "unit"])
def test_a_unit_of_a_batch_is_decided_anew_after_a_revision(
    office: Office, interposed: Callable[..., None], mode: str
) -> None:
    office.clock.go("2016-04-04")
    for project in GOOD:
        office.evaluate(project)
    office.compile("gu/1")
    office.sign("gu/1")
    signed = {"document": "주무과-1"}
    plan = office.engine.batch(
        "submit", by="welfare-lead", where={"unit": "welfare"}, data=signed, mode=mode
    )
    assert sum(line.allowed for line in plan) == 2
    interposed(lambda: revise(office, PLAN.replace("  welfare-lead: [", "  welfare-x: [")))

    receipts = list(office.engine.batches.apply(plan))

    assert {receipt.outcome for receipt in receipts} <= {"conflict", "held"}
    assert office.state("gu/1") == office.state("gu/2") == "signed"


# --------------------------------------------------------------------------- expected


def test_expected_is_told_before_anything_else(office: Office) -> None:
    engine = office.engine
    office.clock.go("2016-04-04")
    seen = engine.project("gu/3").version
    nobody = evalflow.Actor("nobody", ())
    for event, by, data in (
        ("self_evaluate", "road-1", {"actuals": GOOD["gu/3"]}),
        ("self_evaluate", nobody, {}),
        ("review", "policy-1", {"nonsense": 1}),
        ("no_such_event", "policy-1", {}),
        ("self_evaluate", "no-such-actor", {}),
    ):
        for expected in (seen + 1, seen + 7):
            with pytest.raises(evalflow.Conflict) as caught:
                engine.fire("gu/3", event, by=by, data=data, expected=expected)
            assert (caught.value.project, caught.value.expected) == ("gu/3", expected)
            with pytest.raises(evalflow.Conflict):
                engine.explain("gu/3", event, by=by, data=data, expected=expected)
    assert engine.project("gu/3").version == seen

    assert engine.explain(
        "gu/3", "self_evaluate", by="road-1", data={"actuals": GOOD["gu/3"]}, expected=seen
    ).allowed
    entry = engine.fire(
        "gu/3", "self_evaluate", by="road-1", data={"actuals": GOOD["gu/3"]}, expected=seen
    )
    assert entry.number == seen + 1
    with pytest.raises(evalflow.Conflict):
        engine.fire("gu/3", "amend", by="road-1", data={"actuals": GOOD["gu/3"]}, expected=seen)
    with pytest.raises(evalflow.NotFound):
        engine.fire("gu/99", "amend", by="road-1", expected=seen)


@pytest.mark.parametrize("wrong", [0, -1, True, "1", 1.0])
def test_expected_is_a_version(office: Office, wrong: Any) -> None:
    for ask in (office.engine.fire, office.engine.explain):
        with pytest.raises(evalflow.InvalidInput, match="expected") as caught:
            ask("gu/3", "self_evaluate", by="road-1", expected=wrong)
        assert caught.value.problems[0].code == (
            "bad_version" if type(wrong) is int else "wrong_kind"
        )
