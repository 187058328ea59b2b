"""Nobody outside the rule moves anything: not by Python, not by the shell, not by a batch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

import evalflow
import evalflow.cli
from evalflow.lifecycle.check.rights import rights
from evalflow.lifecycle.sources import presets
from offices import GOOD, PLAN, Clock, Office

UNITS = {
    "office": ("gu",),
    "bureau": ("welfare", "city"),
    "department": ("education", "elderly", "road"),
}


def places(lifecycle: evalflow.Lifecycle) -> list[tuple[str, str]]:
    """Every role, with every unit in which it can be held."""
    return [(role.name, unit) for role in lifecycle.roles.values() for unit in UNITS[role.at]]


def everybody(name: str) -> str:
    """The small office under a preset, with somebody for each role in each unit."""
    lifecycle = evalflow.load_lifecycle(name)
    head, rest = PLAN.split("directory:\n")
    rest = rest[rest.index("fields:\n") :]
    people = "".join(
        f"  {role}-in-{unit}: [{{role: {role}, unit: {unit}}}]\n"
        for role, unit in places(lifecycle)
    )
    text = re.sub(r"lifecycle: \S+", f"lifecycle: {name}", head)
    text += f"directory:\n{people}{rest}"
    return text.replace("    cooperating: [road]\n", "")


@pytest.fixture(params=sorted(presets()))
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Any, Any, str]]:
    """An engine with that office on a file, its plan, and the file's path."""
    path = tmp_path / "plan.yaml"
    path.write_text(everybody(request.param), encoding="utf-8")
    store = str(tmp_path / "office.db")
    plan = evalflow.load_plan(path)
    with evalflow.open(f"sqlite:///{store}", plugins=[], clock=Clock()) as engine:
        role = plan.lifecycle.adopted_by[0]
        assert any(
            adopts(engine, plan, role, unit)
            for held, unit in places(plan.lifecycle)
            if held == role
        )
        yield engine, plan, store


def adopts(engine: evalflow.Engine, plan: evalflow.Plan, role: str, unit: str) -> bool:
    try:
        engine.adopt(plan, by=plan.actor(f"{role}-in-{unit}"))
    except evalflow.Refused:
        return False
    return True


def outsiders(plan: evalflow.Plan, project: evalflow.Project) -> Iterator[tuple[str, str]]:
    """Yield every (event, actor) whom the definition gives no right on the project."""
    given = {(right.event, right.role) for right in rights(plan.lifecycle)}
    above = plan.head.line_up(project.unit)
    for event in plan.lifecycle.events:
        for role, unit in places(plan.lifecycle):
            if (event, role) not in given or unit not in above:
                yield event, f"{role}-in-{unit}"


def everything(engine: evalflow.Engine) -> list[Any]:
    return [
        *engine.projects(),
        *engine.storage.entries(),
        *(n.notice.id for n in engine.outbox.notices()),
    ]


@pytest.mark.slow
def test_no_outsider_moves_anything_whatever_the_preset(
    full: tuple[evalflow.Engine, evalflow.Plan, str],
) -> None:
    engine, plan, store = full
    before = everything(engine)
    tried = 0
    for project in list(engine.projects()):
        for event, who in outsiders(plan, project):
            tried += 1
            for by in (engine.actor(plan.id, who), evalflow.Actor(who, ())):
                with pytest.raises(evalflow.Refused) as told:
                    engine.fire(project.id, event, by=by, data={})
                assert told.value.reasons
    assert everything(engine) == before

    for event, who in sorted({pair for p in engine.projects() for pair in outsiders(plan, p)}):
        barred = {p.id for p in engine.projects() if (event, who) in set(outsiders(plan, p))}
        batch = engine.batch(event, by=who)
        assert not barred & {line.project for line in batch if line.allowed}
        for receipt in engine.batches.apply(batch):
            assert receipt.project not in barred or receipt.outcome != "done"
    given = {(right.event, right.role) for right in rights(plan.lifecycle)}
    assert {(entry.event, entry.role) for _, entry in engine.storage.entries()} <= given
    assert tried > 20

    before = everything(engine)
    project = next(engine.projects())
    for number, (event, who) in enumerate(outsiders(plan, project)):
        if number % 7 == 0:
            words = ["--store", store, "--lang", "en", "fire", project.id, event, "--as", who]
            assert evalflow.cli.run(words) != 0, (event, who)
    assert everything(engine) == before


@pytest.mark.slow
def test_the_shell_takes_no_role_from_anybodys_words(
    full: tuple[evalflow.Engine, evalflow.Plan, str], capsys: pytest.CaptureFixture[str]
) -> None:
    engine, plan, store = full
    before = everything(engine)
    event = next(iter(plan.lifecycle.events))
    for who in ("policy_office", "role: policy_office", "root", "", "nobody\npolicy-1"):
        words = ["--store", store, "--lang", "en", "fire", f"{plan.id}/1", event, "--as", who]
        assert evalflow.cli.run(words) != 0
    assert "Traceback" not in capsys.readouterr().err
    assert everything(engine) == before


# --------------------------------------------------------------------------- what time takes away


ACTING = """\
  - {actor: road-head, for: policy-1, role: policy_office, unit: gu, since: 2016-04-10,
     until: 2016-04-15, reason: 출장}
fields:
"""


@pytest.fixture
def acting(plan_file: Path, clock: Clock, store_url: str) -> Iterator[Office]:
    """All submitted; road-head stands in for policy-1 from the 10th to the 15th."""
    text = plan_file.read_text("utf-8").replace("fields:\n", ACTING, 1)
    plan_file.write_text(text, "utf-8")
    with evalflow.open(store_url, plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(plan_file)
        engine.adopt(plan, by=plan.actor("policy-1"))
        office = Office(engine, plan, clock)
        office.to_submitted()
        yield office


@pytest.mark.parametrize("day", ["2016-04-09", "2016-04-16"])
def test_an_acting_appointment_gives_nothing_before_and_after_its_days(
    acting: Office, day: str
) -> None:
    acting.clock.go("2016-04-12")
    batch = acting.engine.batch(
        "review", by=acting.actor("road-head"), data={"ratings": "confirmed"}
    )
    assert all(line.allowed for line in batch)
    if day < "2016-04-12":
        acting.clock.moment = acting.clock.moment.replace(day=9)
    acting.clock.go(day)
    before = everything(acting.engine)

    with pytest.raises(evalflow.Refused):
        acting.fire("gu/3", "review", "road-head", ratings="confirmed")
    now = acting.engine.batch("review", by="road-head", data={"ratings": "confirmed"})
    assert not any(line.allowed for line in now)
    outcomes = {
        receipt.outcome for receipt in acting.engine.batches.apply(batch)
    }  # planned in time
    assert outcomes == {"conflict"}
    assert everything(acting.engine) == before


def test_within_its_days_it_says_for_whom(acting: Office) -> None:
    acting.clock.go("2016-04-12")
    entry = acting.fire("gu/3", "review", "road-head", ratings="confirmed")
    assert (entry.actor, entry.on_behalf_of) == ("road-head", "policy-1")


def test_nobody_resumes_somebody_elses_batch_as_himself(acting: Office) -> None:
    acting.clock.go("2016-04-20")
    batch = acting.engine.batch("review", by="policy-1", data={"ratings": "confirmed"})
    before = everything(acting.engine)
    for who in ("road-1", "mayor-1", "policy-2"):
        with pytest.raises(ValueError, match="made for policy-1"):
            list(acting.engine.batches.apply(batch, by=acting.actor(who)))
    forged = evalflow.Actor("policy-1", acting.actor("road-1").grants)
    assert {r.outcome for r in acting.engine.batches.apply(batch, by=forged)} == {"conflict"}
    assert everything(acting.engine) == before


def test_of_who_stands_in_the_plan_no_host_says_more_than_the_plan(office: Office) -> None:
    """What the gate lets through is what `verify` agrees with."""
    office.clock.go("2016-04-04")
    more = evalflow.Actor("policy-1", (evalflow.Grant(role="department", unit="road"),))
    data = {"actuals": GOOD["gu/3"]}
    for by in (more, attrs.evolve(more, id="policy-2")):
        before = everything(office.engine)
        with pytest.raises(evalflow.Refused) as told:
            office.engine.fire("gu/3", "self_evaluate", by=by, data=data)
        assert [reason.code for reason in told.value.reasons] == ["no_role"]
        assert everything(office.engine) == before
    office.engine.fire("gu/3", "self_evaluate", by=attrs.evolve(more, id="sso:7"), data=data)
    assert list(office.engine.audit.verify()) == []


def test_an_actor_that_a_host_keeps_loses_what_a_revision_takes(
    office: Office, tmp_path: Path
) -> None:
    kept = office.actor("road-1")
    later = tmp_path / "later.yaml"
    own = "  road-1: [{role: department, unit: road}]"
    assert own in PLAN
    later.write_text(PLAN.replace(own, own.replace("unit: road", "unit: elderly")), "utf-8")
    office.clock.go("2016-04-04")
    office.engine.adopt(evalflow.load_plan(later), by="policy-1", reason="인사 발령")
    with pytest.raises(evalflow.Refused):
        office.engine.fire("gu/3", "self_evaluate", by=kept, data={"actuals": GOOD["gu/3"]})
    assert list(office.engine.audit.verify()) == []


def test_a_project_that_was_reassigned_is_out_of_the_old_departments_reach(
    office: Office, tmp_path: Path
) -> None:
    """Decided by the plan in force now, not by the one the batch was planned under."""
    office.clock.go("2016-04-04")
    batch = office.engine.batch(
        "self_evaluate",
        by=office.actor("education-1"),
        where={"unit": "education"},
        data={"actuals": GOOD["gu/1"]},
    )
    assert [line.allowed for line in batch] == [True]
    later = tmp_path / "later.yaml"
    later.write_text(
        PLAN.replace("unit: education\n    field", "unit: elderly\n    field"), "utf-8"
    )
    office.engine.adopt(evalflow.load_plan(later), by=office.actor("policy-1"), reason="조직개편")
    before = everything(office.engine)

    assert [receipt.outcome for receipt in office.engine.batches.apply(batch)] == ["conflict"]
    with pytest.raises(evalflow.Refused) as told:
        office.fire("gu/1", "self_evaluate", "education-1", actuals=GOOD["gu/1"])
    assert [reason.code for reason in told.value.reasons] == ["wrong_unit"]
    assert everything(office.engine) == before
    office.fire("gu/1", "self_evaluate", "elderly-1", actuals=GOOD["gu/1"])
