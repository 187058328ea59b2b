"""Plugins under the engine: a guard or scorer that hangs or breaks is a refusal, and no more."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow.plugins import Draft, Firing, GuardSpec, Plugins, Rating, Subject, hookimpl
from offices import GOOD, PLAN, Clock, Office

PATIENT = "plugins: {within: 30ms}\n"


class Rule:
    """A plugin with one guard and one scorer that do as the test says."""

    def __init__(self) -> None:
        self.guard: Callable[[], evalflow.Reason | None] = lambda: None
        self.score: Callable[[], None] = lambda: None

    @hookimpl
    def evalflow_guards(self) -> Mapping[str, Any]:
        def weekday(firing: Firing, after: Draft) -> evalflow.Reason | None:
            return self.guard()

        spec = GuardSpec(name="weekday", label=evalflow.Label("평일", "on a weekday"))
        return {"weekday": (spec, weekday)}

    @hookimpl
    def evalflow_scorers(self) -> Mapping[str, Any]:
        rates = Plugins.load([]).scorer("rates")

        class Slow:
            name, version = "slow", "1"

            def score(_, subject: Subject) -> Rating:  # noqa: N805
                self.score()
                return rates.score(subject)

        return {"slow": Slow}


@pytest.fixture
def rule() -> Rule:
    return Rule()


@pytest.fixture
def open_office(tmp_path: Path, rule: Rule) -> Iterator[Callable[..., Office]]:
    """Open an office whose self-evaluation asks the plugin's guard and scorer."""
    opened: list[evalflow.Engine] = []

    def office(head: str = "", plugins: Any = None) -> Office:
        preset = Path(evalflow.__file__).parent / "lifecycle" / "presets" / "major-works.yaml"
        text = preset.read_text(encoding="utf-8")
        asked = text.replace("      - period_ended\n", "      - weekday\n      - period_ended\n", 1)
        assert asked != text
        (tmp_path / "own.yaml").write_text(asked, encoding="utf-8")
        file = tmp_path / "plan.yaml"
        file.write_text(
            PLAN.replace("lifecycle: major-works", "lifecycle: ./own.yaml").replace(
                "scoring: {}\n", "scoring: {scorer: slow}\n" + head
            ),
            encoding="utf-8",
        )
        known = Plugins.load([rule] if plugins is None else plugins)
        plan = evalflow.load_plan(file, plugins=known)
        clock = Clock()
        engine = evalflow.open("memory:", plugins=known, clock=clock)
        opened.append(engine)
        engine.adopt(plan, by=plan.actor("policy-1"))
        clock.go("2016-04-04")
        return Office(engine, plan, clock)

    yield office
    for engine in opened:
        engine.close()


FIGURES: dict[str, Any] = {"actuals": GOOD["gu/3"]}


def hang(until: threading.Event) -> Callable[[], None]:
    def wait() -> None:
        until.wait(20)

    return wait


def test_what_a_plugin_brings_is_asked(open_office: Callable[..., Office]) -> None:
    office = open_office()
    assert office.fire("gu/3", "self_evaluate", "road-1", **FIGURES).event == "self_evaluate"


@pytest.mark.parametrize("what", ["guard", "score"])
def test_one_that_hangs_is_refused_in_the_plans_time_and_nothing_is_written(
    open_office: Callable[..., Office], rule: Rule, what: str
) -> None:
    office = open_office(PATIENT)
    released = threading.Event()
    setattr(rule, what, hang(released))
    try:
        with pytest.raises(evalflow.Refused) as caught:
            office.fire("gu/3", "self_evaluate", "road-1", **FIGURES)
        (reason,) = caught.value.reasons
        assert reason.code == "plugin_failed"
        assert "Rule" in reason.en
        assert "0.03 seconds" in reason.en
        assert "0.03초" in reason.ko
        assert office.state("gu/3") == "planned"
        assert len(list(office.engine.history("gu/3"))) == 1
    finally:
        released.set()


@pytest.mark.parametrize("what", ["guard", "score"])
def test_one_that_breaks_is_a_refusal_that_names_it_and_keeps_the_cause(
    open_office: Callable[..., Office], rule: Rule, what: str
) -> None:
    office = open_office()

    def broken() -> None:
        raise ZeroDivisionError("예산이 0")

    setattr(rule, what, broken)
    with pytest.raises(evalflow.Refused) as caught:
        office.fire("gu/3", "self_evaluate", "road-1", **FIGURES)
    (reason,) = caught.value.reasons
    assert reason.code == "plugin_failed"
    assert "Rule" in reason.en
    assert "예산이 0" in reason.en
    assert office.state("gu/3") == "planned"
    seen, cause = [], caught.value.__cause__
    while cause is not None:
        seen.append(type(cause))
        cause = cause.__cause__
    assert evalflow.PluginError in seen
    assert ZeroDivisionError in seen


def test_the_time_is_kept_with_the_plan_and_written_back(
    open_office: Callable[..., Office],
) -> None:
    office = open_office(PATIENT)
    assert office.engine.plans.head("gu").patience == dt.timedelta(milliseconds=30)
    assert office.engine.plans.head("gu").tree["plugins"] == {"within": "30ms"}


def test_a_plan_that_needs_what_is_not_installed_says_so(
    open_office: Callable[..., Office],
) -> None:
    with pytest.raises(evalflow.InvalidInput) as caught:
        open_office(plugins=[])
    assert {problem.code for problem in caught.value.problems} >= {"unknown_guard"}
    assert "weekday" in caught.value.text("en")
