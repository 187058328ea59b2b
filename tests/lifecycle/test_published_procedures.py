"""Procedures that others published: each is sound, and what would make it unsound is found.

Their scenarios are played by tests/engine/test_schemes.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import evalflow
from evalflow.lifecycle.sources import presets

ROOT = Path(__file__).parents[2]
PROCEDURES = ROOT / "examples" / "procedures"
OWN = sorted((PROCEDURES / "lifecycles").glob("*.yaml"))
PAGE = (ROOT / "docs" / "reference" / "procedures.md").read_text("utf-8")


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_a_published_procedure_is_sound(path: Path) -> None:
    assert evalflow.check_lifecycle(evalflow.load_lifecycle(path)) == ()


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_the_people_of_its_plan_can_do_it(path: Path) -> None:
    plans = [
        each
        for each in PROCEDURES.glob("*.yaml")
        if f"lifecycle: ./lifecycles/{path.name}" in each.read_text("utf-8")
    ]
    (plan,) = [evalflow.load_plan(each) for each in plans]
    found = evalflow.check_lifecycle(plan.lifecycle, plan=plan)
    assert [each for each in found if each.severity == "error"] == []


def test_every_procedure_stands_on_the_page_and_has_its_scenario() -> None:
    for path in OWN:
        assert f"`{path.stem}`" in PAGE
    played = {
        path.name.removesuffix(".scenario.yaml") for path in PROCEDURES.glob("*.scenario.yaml")
    }
    # A bid is played within the tender that it is about.
    assert {path.stem for path in OWN} - {"bid"} <= played
    assert played - {path.stem for path in OWN} <= set(presets())


WAITS = "      - in: {states: [approved_journalist, approved_spellchecker]}\n"


@pytest.mark.parametrize(
    ("name", "edits", "event"),
    [
        pytest.param("article", {f"    guards:\n{WAITS}": ""}, "publish", id="no guard"),
        pytest.param(
            "article",
            {WAITS: "      - in: {states: [approved_journalist]}\n"},
            "publish",
            id="asks one of two branches",
        ),
        pytest.param(
            "article",
            {WAITS: "      - in: {states: [wait_for_spellchecker, approved_spellchecker]}\n"},
            "publish",
            id="asks for a state too early",
        ),
        pytest.param(
            "tender",
            {"{from: [not_planned, planned], to: dropped}": "{from: planned, to: dropped}"},
            "cancel",
            id="leaves a branch behind",
        ),
    ],
)
def test_an_unsound_join_is_found(
    tmp_path: Path, name: str, edits: dict[str, str], event: str
) -> None:
    text = (PROCEDURES / "lifecycles" / f"{name}.yaml").read_text("utf-8")
    for written, instead in edits.items():
        assert written in text
        text = text.replace(written, instead)
    path = tmp_path / "lifecycle.yaml"
    path.write_text(text, "utf-8")
    told = evalflow.check_lifecycle(evalflow.load_lifecycle(path))
    early = [each.about for each in told if each.code == "early_join"]
    assert early == [f"events.{event}"]
