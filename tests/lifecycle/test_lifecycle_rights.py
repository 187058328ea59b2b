"""The table of who may do what, made from the definition; the engine is held to each cell."""

from __future__ import annotations

import re

import pytest

import evalflow
from evalflow.lifecycle.check.rights import holders, rights
from evalflow.lifecycle.sources import presets
from offices import PLAN, Clock
from procedures import Office


def plan_under(name: str) -> str:
    """The small office under another preset, with just one person: who may adopt."""
    lifecycle = evalflow.load_lifecycle(name)
    role = lifecycle.adopted_by[0]
    unit = {"office": "gu", "bureau": "welfare", "department": "road"}[lifecycle.roles[role].at]
    head, rest = PLAN.split("directory:\n")
    rest = rest[rest.index("fields:\n") :]
    directory = f"directory:\n  first-1: [{{role: {role}, unit: {unit}}}]\n"
    text = re.sub(r"lifecycle: \S+", f"lifecycle: {name}", head) + directory + rest
    return text.replace("    cooperating: [road]\n", "")


@pytest.fixture(params=sorted(presets()))
def adopted(request, tmp_path):
    """An engine with the small office under a preset, and the preset."""
    path = tmp_path / "plan.yaml"
    path.write_text(plan_under(request.param), encoding="utf-8")
    clock = Clock()
    with evalflow.open("memory:", plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(path)
        engine.adopt(plan, by=plan.actor("first-1"))
        yield engine, plan


def along(event, head, project, projects):
    """The project, and those that an event of a whole unit moves with it."""
    if event.together is None:
        return [project]
    unit = head.ancestor(project.unit, event.together)
    return [project] + [
        each
        for each in projects
        if head.ancestor(each.unit, event.together) == unit
        and not event.sources().isdisjoint(each.states)
    ]


def test_the_engine_gives_every_right_in_the_table_and_no_other(adopted):
    engine, plan = adopted
    lifecycle, head = plan.lifecycle, plan.head
    table = {(right.event, right.role) for right in rights(lifecycle)}
    tried = given = 0
    projects = list(engine.projects())
    for project in projects:
        for role in lifecycle.roles.values():
            for unit in head.units:
                actor = evalflow.Actor("someone", (evalflow.Grant(role=role.name, unit=unit),))
                for event in lifecycle.events:
                    explained = engine.explain(project.id, event, by=actor)
                    checks = {each.name: each.passed for each in explained.checks}
                    allowed = checks["role"] and checks["unit"]
                    tried += 1
                    given += allowed
                    where = (project.id, event, role.name, unit)
                    going = along(lifecycle.events[event], head, project, projects)
                    reaches = all(unit in head.line_up(each.unit) for each in going)
                    if lifecycle.events[event].at == "cooperating":
                        others = engine.plans.definition(project.id).cooperating
                        reaches = any(unit in head.line_up(each) for each in others)
                    assert allowed == ((event, role.name) in table and reaches), where
    assert 0 < given < tried


def test_who_may_adopt_and_revise_is_in_the_table_and_nobody_else_can(adopted, tmp_path):
    engine, plan = adopted
    lifecycle = plan.lifecycle
    changed = tmp_path / "changed.yaml"
    changed.write_text(
        plan_under(lifecycle.name).replace("ko: 보도 정비", "ko: 보도 정비 2"), "utf-8"
    )
    revised = evalflow.load_plan(changed)
    table = {(right.event, right.role) for right in rights(lifecycle)}
    for role in lifecycle.roles.values():
        unit = next(u.id for u in plan.head.units.values() if u.kind == role.at)
        actor = evalflow.Actor("someone", (evalflow.Grant(role=role.name, unit=unit),))
        if ("revise", role.name) in table and unit == plan.head.office:
            continue
        with pytest.raises(evalflow.Refused):
            engine.adopt(revised, by=actor, reason="시험")


def test_the_holders_of_a_plan_are_those_of_its_directory(plan_file):
    plan = evalflow.load_plan(plan_file)
    found = list(holders(plan.lifecycle, plan.head))
    submitting = {(h.actor, h.units) for h in found if h.right.event == "submit"}
    assert submitting == {
        ("welfare-lead", ("welfare", "education", "elderly")),
        ("city-lead", ("city", "road")),
    }


def test_a_duty_stands_beside_what_it_keeps_apart():
    table = rights(evalflow.load_lifecycle("major-works"))
    kept = {right.event for right in table if right.duties}
    assert kept == {"review", "approve", "flag_lagging", "spot_check"}
    assert next(r.sources for r in table if r.event == "send_back") == ("submitted", "reviewed")


SIGNING = """
regions:
  r: {ko: 문서, en: Paper, initial: drafted, states: {drafted: {ko: 기안, en: Drafted},
      checked: {ko: 검토, en: Checked}, signed: {ko: 결재, en: Signed, final: true}}}
events:
  sign:
    ko: 결재
    en: Sign
    by: [clerk, chief]
    transitions:
      - {from: drafted, to: checked, by: [clerk]}
      - {from: checked, to: signed, by: [chief]}
"""


def test_where_transitions_name_their_own_roles_each_has_its_own_states(tmp_path):
    """The table is for people to sign; the engine is held to it in each state."""
    office = Office(tmp_path, SIGNING)
    table = {(r.role, r.sources) for r in rights(office.lifecycle) if r.event == "sign"}
    assert table == {("clerk", ("drafted",)), ("chief", ("checked",))}
    for state, signer in (("drafted", "clerk-1"), ("checked", "chief-1")):
        for role, sources in table:
            actor = office.engine.actor("p-2026", f"{role}-1")
            allowed = office.engine.explain("p-2026/1", "sign", by=actor).allowed
            assert allowed == (state in sources)
        office.fire("sign", by=signer)
