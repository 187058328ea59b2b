"""The typed facade: what its stub says, what mypy makes of it, and that it fires."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

import evalflow
from evalflow import cli
from evalflow.lifecycle.sources import presets
from evalflow.lifecycle.stubs import attribute, stubs
from offices import GOOD

USAGE = """\
from decimal import Decimal
from evalflow import Actor, Engine, Entry
from office import Office

def use(engine: Engine, actor: Actor) -> Entry:
    office = Office(engine)
    office.self_evaluate(
        "gu/3", by=actor, actuals={"metres": 400, "complaints": Decimal("49.5")},
        explanations={"metres": {"cause": "동절기", "countermeasure": "인력 추가"}},
    )
    office.enter_paper_signature(
        "gu/3", by=actor, paper=["결재본"],
        sign_off={"role": "bureau_head", "actor": "city-head", "on": "2016-04-05"},
    )
    office.submit("gu/3", by=actor, document="주무과-1")
    office.review("gu/3", by=actor, ratings={"metres": {"rate": "80.0", "reason": "재산정"}})
    return office.extend_deadline(
        "gu/3", by=actor, deadline="submit", until="2016-04-08", reason="태풍", key="k"
    )
"""
WRONG = {
    "an unknown event": 'office.self_evaluat("gu/3", by=actor, actuals={})',
    "an unknown field": 'office.self_evaluate("gu/3", by=actor, actuals={}, cause="x")',
    "a missing field": 'office.self_evaluate("gu/3", by=actor)',
    "a wrong choice": (
        'office.request_change("gu/3", by=actor, kind="targets", change={}, reason="x",'
        ' detail="y", reported_on="2016-05-02")'
    ),
    "an event without a due date": (
        'office.extend_deadline("gu/3", by=actor, deadline="approve", until="2016-04-08",'
        ' reason="x")'
    ),
    "a float": 'office.self_evaluate("gu/3", by=actor, actuals={"metres": 0.5})',
    "an actor's name": 'office.approve("gu/3", by="policy-1")',
    "a judgement without its reason": (
        'office.review("gu/3", by=actor, ratings={"metres": {"rate": 1}})'
    ),
}


@pytest.mark.parametrize("name", sorted(presets()))
def test_every_event_is_a_method_with_its_data(name):
    lifecycle = evalflow.load_lifecycle(name)
    tree = ast.parse(stubs(lifecycle))
    (office,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Office"]
    methods = {n.name: n for n in office.body if isinstance(n, ast.FunctionDef)}
    assert set(methods) == {"__init__", *(attribute(event) for event in lifecycle.events)}
    for event in lifecycle.events.values():
        arguments = {a.arg for a in methods[attribute(event.name)].args.kwonlyargs}
        assert {field.name for field in event.data} <= arguments


@pytest.mark.slow
def test_mypy_has_nothing_against_the_stubs_of_any_preset(tmp_path):
    """Not even where an event is called `object`, as the objection of a department is."""
    for name in presets():
        path = tmp_path / f"{name.replace('-', '_')}.pyi"
        path.write_text(stubs(evalflow.load_lifecycle(name)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "."],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_mypy_passes_what_is_right_and_refuses_each_thing_that_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["lifecycle", "stubs", "major-works", "-o", "office.pyi"]) == 0
    wrong = "".join(f"    {code}  # {what}\n" for what, code in WRONG.items())
    (tmp_path / "usage.py").write_text(
        USAGE + f"\ndef wrong(office: Office, actor: Actor) -> None:\n{wrong}", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "usage.py"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    first = USAGE.count("\n") + 3
    found = {int(n) for n in re.findall(r"^usage\.py:(\d+): error", done.stdout, re.MULTILINE)}
    assert found == set(range(first, first + len(WRONG))), done.stdout + done.stderr


def test_the_facade_fires(office):
    facade = evalflow.Facade(office.engine)
    office.clock.go("2016-04-04")
    entry = facade.self_evaluate(
        "gu/3", by=office.actor("road-1"), actuals=GOOD["gu/3"], spent=None, key="once"
    )
    assert (entry.event, entry.key, office.state("gu/3")) == (
        "self_evaluate", "once", "self_evaluated",
    )  # fmt: skip
    with pytest.raises(evalflow.NotFound, match="self_evaluate"):
        facade.self_evaluat("gu/3", by=office.actor("road-1"))


def test_the_runtime_beside_the_stub_is_the_facade_and_is_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["lifecycle", "stubs", "major-works", "-o", "desk.pyi", "--class", "Desk"]) == 0
    monkeypatch.syspath_prepend(tmp_path)
    import desk  # type: ignore[import-not-found]

    assert desk.Desk is evalflow.Facade
    (tmp_path / "desk.py").write_text("mine")
    assert cli.run(["lifecycle", "stubs", "major-works", "-o", "desk.pyi"]) == 0
    assert (tmp_path / "desk.py").read_text() == "mine"


def test_a_field_that_python_cannot_name_is_given_in_data(tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text(
        """\
evalflow: lifecycle/1
name: odd
version: 1
ko: 이상한 이름
en: Odd names
roles: {office: {ko: 담당, en: Office, at: office}}
adopted_by: [office]
regions:
  main:
    {ko: 상태, en: State, initial: a, states: {a: {ko: 가, en: A}, b: {ko: 나, en: B, final: true}}}
events:
  import:
    ko: "다음 \\"단계\\""
    en: Next
    by: [office]
    transitions: [{from: a, to: b}]
    data:
      class: {type: text, ko: 종류, en: Kind, required: true}
      by: {type: text, ko: 방법, en: How}
    actions: [facts]
""",
        encoding="utf-8",
    )
    text = stubs(evalflow.load_lifecycle(path))
    ast.parse(text)
    assert "def import_(" in text
    assert "data: Tree" in text
    assert "by: Actor" in text
