"""Somebody else's code breaks nothing but itself, and changes nothing that it is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow.plugins import FormRequest, GuardSpec, PanelRequest, hookimpl
from odd_errors import UNTELLABLE, Odd
from offices import PLAN, Clock, Office

PRESET = (resources.files("evalflow.lifecycle") / "presets" / "major-works.yaml").read_text("utf-8")


class Loud(Exception):
    def __str__(self) -> str:
        return "\x1b[2J\n" * 3 + "A" * 1_000_000


class Rule:
    """One guard, which does what a test says."""

    def __init__(self) -> None:
        self.act: Callable[..., Any] = lambda firing, after: None

    @hookimpl
    def evalflow_guards(self) -> Any:
        def odd(firing: Any, after: Any) -> Any:
            return self.act(firing, after)

        label = evalflow.Label("이상한 요건", "an odd guard")
        return {"odd": (GuardSpec(name="odd", label=label), odd)}


@pytest.fixture(params=["", "plugins: {within: 5s}\n"], ids=["", "with patience"])
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """An office whose self-evaluation asks the guard; in memory, where values are shared."""
    text = PRESET.replace("      - period_ended\n", "      - period_ended\n      - odd\n", 1)
    assert "- odd" in text
    (tmp_path / "odd.yaml").write_text(text, encoding="utf-8")
    plan_text = PLAN.replace("lifecycle: major-works", "lifecycle: odd.yaml") + request.param
    (tmp_path / "plan.yaml").write_text(plan_text, encoding="utf-8")
    rule, clock = Rule(), Clock()
    with evalflow.open("memory:", plugins=[rule], clock=clock) as engine:
        plan = evalflow.load_plan(tmp_path / "plan.yaml", plugins=[rule])
        engine.adopt(plan, by="policy-1")
        clock.go("2016-04-04")
        yield Office(engine, plan, clock), rule


def boom(error: BaseException) -> Callable[..., Any]:
    def act(firing: Any, after: Any) -> Any:
        raise error

    return act


@pytest.mark.parametrize(
    "error",
    [
        SystemExit(0),
        GeneratorExit(),
        Odd("odd"),
        asyncio.CancelledError(),
        RecursionError("deep"),
        MemoryError(),
        StopIteration(),
        evalflow.Refused("a", "b", []),
        Loud(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_guard_raises_is_an_error_of_its_plugin(
    guarded: Any, error: BaseException
) -> None:
    said_of(guarded, error, type(error).__name__)


@pytest.mark.parametrize("name", UNTELLABLE)
def test_an_error_that_raises_when_it_is_told_is_one_of_its_plugin_too(
    guarded: Any, name: str
) -> None:
    said_of(guarded, UNTELLABLE[name](), name)


def said_of(guarded: Any, error: BaseException, name: str) -> None:
    """Let the guard raise it, and see that it is told, and that nothing else came of it."""
    office, rule = guarded
    rule.act = boom(error)
    with pytest.raises(evalflow.Refused) as caught:
        office.evaluate("gu/1")
    (reason,) = caught.value.reasons
    assert reason.code == "plugin_failed"
    assert isinstance(caught.value.__cause__, evalflow.PluginError)
    assert name in reason.en
    assert len(reason.en) < 1_000
    assert reason.en.isprintable()
    assert office.engine.project("gu/1").version == 1
    rule.act = lambda firing, after: None
    office.evaluate("gu/1")


def test_who_stops_the_program_stops_it(guarded: Any) -> None:
    office, rule = guarded
    rule.act = boom(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        office.evaluate("gu/1")


def spoil_data(firing: Any, after: Any) -> None:
    firing.data["actuals"]["schools"] = "99999"


def spoil_evaluation(firing: Any, after: Any) -> None:
    for evaluation in (firing.evaluation, after.evaluation, firing.situation.snapshot.evaluation):
        object.__setattr__(evaluation, "acts", ())
        evaluation.facts["actuals"] = {"schools": "1"}
        evaluation.prior["2015-Q4"] = {"schools": "1"}


def spoil_rights(firing: Any, after: Any) -> None:
    grants = (
        evalflow.Grant(role="mayor", unit="gu"),
        evalflow.Grant(role="policy_office", unit="gu"),
    )
    for head in (firing.head, firing.situation.head):
        head.directory["education-1"] = grants
    for directory in (firing.directory, firing.situation.directory):
        directory._actors["education-1"] = evalflow.Actor("education-1", grants)
        directory._held.clear()


def spoil_definition(firing: Any, after: Any) -> None:
    for definition in (firing.latest, firing.definition, firing.situation.latest):
        definition.tree["ko"] = "MUTATED"
        definition.tree["unit"] = "road"
        object.__setattr__(definition, "assignments", ())


def spoil_project(firing: Any, after: Any) -> None:
    object.__setattr__(firing.project, "states", ("closed", "unchanged"))
    object.__setattr__(firing.situation.snapshot.project, "version", 7)


def spoil_lifecycle(firing: Any, after: Any) -> None:
    for lifecycle in (firing.lifecycle, firing.situation.lifecycle):
        lifecycle.events.clear()
        lifecycle.tree.clear()
    object.__setattr__(firing.event, "actions", ())


@pytest.mark.parametrize(
    "spoil",
    [spoil_data, spoil_evaluation, spoil_rights, spoil_definition, spoil_project, spoil_lifecycle],
    ids=lambda spoil: spoil.__name__,
)
def test_nothing_that_a_guard_is_shown_can_be_changed_by_it(guarded: Any, spoil: Any) -> None:
    office, rule = guarded
    engine = office.engine

    def all_of_it() -> str:
        plan = engine.plans.head("gu")
        return repr(
            (
                list(engine.history("gu/1")),
                engine.evaluation("gu/1"),
                engine.project("gu/1"),
                plan.directory,
                engine.actor("gu", "education-1"),
                list(engine.plans.definitions("gu")),
                engine.plans.lifecycle(engine.project("gu/1").lifecycle).tree,
                engine.permitted("gu/1", by="education-1"),
            )
        )

    engine.permitted("gu/1", by="education-1")  # what is remembered is there
    office.evaluate("gu/1")
    honest = all_of_it()

    clock = Clock()
    with evalflow.open("memory:", plugins=[rule], clock=clock) as other:
        other.adopt(office.plan, by="policy-1")
        clock.go("2016-04-04")
        rule.act = spoil
        engine = other
        spoilt = Office(other, office.plan, clock)
        spoilt.engine.permitted("gu/1", by="education-1")
        spoilt.evaluate("gu/1")
        rule.act = lambda firing, after: None
        assert all_of_it() == honest
        assert list(other.audit.verify()) == []


# --------------------------------------------------------------------------- forms and panels


class Shown:
    """A form and a panel, which do what a test says."""

    label = evalflow.Label("이상한 것", "an odd thing")
    formats = (".txt",)
    place = "plan"

    def __init__(self) -> None:
        self.act: Callable[[], Any] = lambda: None

    @hookimpl
    def evalflow_forms(self) -> Any:
        return {"odd": lambda: self}

    @hookimpl
    def evalflow_panels(self) -> Any:
        return {"odd": lambda: self}

    def write(self, engine: Any, path: Any, request: Any, *, template: Any = None) -> Any:
        return self.act()

    def check(self, engine: Any, path: Any, *, template: Any = None) -> Any:
        return self.act()

    def html(self, request: Any) -> Any:
        return self.act()


RAISED = {"SystemExit": SystemExit, "Odd": Odd, "MemoryError": MemoryError, **UNTELLABLE}

ASKED: dict[str, Callable[[evalflow.Engine], Any]] = {
    "write": lambda engine: engine.plugins.form("odd").write(
        engine, "out.txt", FormRequest(plan="gu")
    ),
    "check": lambda engine: engine.plugins.form("odd").check(engine, "out.txt"),
    "html": lambda engine: engine.plugins.panel("odd").html(
        PanelRequest(view=evalflow.View(engine, "policy-1"), plan="gu")
    ),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("error", RAISED)
def test_whatever_a_form_or_a_panel_raises_is_an_error_of_its_plugin(
    asked: Callable[[evalflow.Engine], Any], error: str
) -> None:
    shown = Shown()

    def act() -> Any:
        raise RAISED[error]()

    with evalflow.open("memory:", plugins=[shown]) as engine:
        shown.act = act
        with pytest.raises(evalflow.PluginError) as caught:
            asked(engine)
        assert caught.value.text("en").isprintable()
        shown.act = lambda: 1
        with pytest.raises(evalflow.PluginError, match=r"answered|not iterable"):
            asked(engine)


@pytest.mark.parametrize("kind", ["form", "panel"])
@pytest.mark.parametrize("name", ["label", "formats", "place", "write", "html"])
@pytest.mark.parametrize("what", [5, None, Odd("odd")], ids=repr)
def test_a_form_or_panel_with_an_attribute_that_is_none_or_breaks_is_told(
    kind: str, name: str, what: Any
) -> None:
    def read(self: Any) -> Any:
        if isinstance(what, BaseException):
            raise what
        return what

    bears = {"form": {"label", "formats", "write"}, "panel": {"label", "place", "html"}}[kind]
    odd = type("OddOne", (Shown,), {name: property(read)})()
    with evalflow.open("memory:", plugins=[odd]) as engine:
        ask = getattr(engine.plugins, kind)
        if name not in bears:
            assert ask("odd").name == "odd"
            return
        with pytest.raises(evalflow.PluginError):
            ASKED["write" if kind == "form" else "html"](engine)
