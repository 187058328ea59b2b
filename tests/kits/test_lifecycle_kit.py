"""A lifecycle's own tests: what we ship passes them, and a definition that is wrong does not."""

from __future__ import annotations

import textwrap
from importlib import resources
from pathlib import Path

import pytest

from evalflow.testing import LifecycleConformance, lifecycle_machine
from offices import PLAN

pytest_plugins = ("pytester",)

FOLDER = Path(__file__).parents[1] / "data" / "small-office"


class TestMajorWorks(LifecycleConformance):
    plan = FOLDER / "plan.yaml"
    plugins = ()


TestWalks = lifecycle_machine(FOLDER / "plan.yaml", plugins=(), examples=6, steps=25).TestCase


def test_the_plan_in_the_folder_is_the_small_office():
    assert (FOLDER / "plan.yaml").read_text("utf-8") == PLAN


PRESET = (resources.files("evalflow.lifecycle") / "presets" / "major-works.yaml").read_text("utf-8")

WRONG = {
    "nobody_may_review": (
        "by: [policy_office]\n    due: {day: 20}",
        "by: [auditor]\n    due: {day: 20}",
    ),
    "a_state_nobody_leaves": ("      - {from: reviewed, to: approved}\n", ""),
    "a_state_without_english": ("en: Closed, fixed", 'en: "", fixed'),
}


@pytest.mark.counting
@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG)
def test_a_definition_that_is_wrong_does_not_pass(pytester, wrong):
    old, new = WRONG[wrong]
    assert old in PRESET
    text = PRESET.replace(old, new).replace("name: major-works", "name: ours")
    if wrong == "nobody_may_review":
        text = text.replace(
            "  vice_mayor:", "  auditor: {ko: 감사, en: Auditor, at: office}\n  vice_mayor:"
        )
    pytester.makefile(
        ".yaml", ours=text, plan=PLAN.replace("lifecycle: major-works", "lifecycle: ./ours.yaml")
    )
    pytester.makepyfile(
        textwrap.dedent(
            """
            from evalflow.testing import LifecycleConformance
            class TestOurs(LifecycleConformance):
                plan = "plan.yaml"
                plugins = ()
            """
        )
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-q")
    counts = result.parseoutcomes()
    assert counts.get("failed", 0) + counts.get("errors", 0) >= 1
