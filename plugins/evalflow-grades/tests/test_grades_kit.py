"""Graders and panel keep their contracts: the public kits, on ourselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import evalflow_grades
import pytest

import evalflow
from evalflow.plugins import Grader, Panel, PanelRequest, Plugins
from evalflow.testing import GraderConformance, PanelConformance
from evalflow.testing.quarter import PLAN_ID, quarter

SHARES = [{"grade": grade, "share": share} for grade, share in (("S", 20), ("A", 30), ("B", 50))]


def made(name: str, **options: Any) -> Grader:
    return Plugins.load([evalflow_grades]).grader(name, options)


class TestQuota(GraderConformance):
    @pytest.fixture(
        params=[
            {},
            {"ties": "down"},
            {"rounding": "down"},
            {"compare": "exact", "then": ["lowest", "met"]},
            {"least": 5},
        ],
        ids=str,
    )
    def grader(self, request: pytest.FixtureRequest) -> Grader:
        return made("quota", shares=SHARES, **request.param)


class TestBands(GraderConformance):
    @pytest.fixture
    def grader(self) -> Grader:
        return made("bands", bands=[{"grade": "S", "at_least": 90}, {"grade": "A"}])


class TestGradePanel(PanelConformance):
    plugins: ClassVar = (evalflow_grades,)
    scoring: ClassVar = """
  grades:
    grader: bands
    options: {bands: [{grade: "<b>S", at_least: 90}, {grade: "A&B"}]}
"""

    @pytest.fixture
    def panel(self) -> Panel:
        return Plugins.load([evalflow_grades]).panel("grade")


def test_the_panel_is_silent_where_the_plan_does_not_grade(tmp_path: Path) -> None:
    panel = Plugins.load([evalflow_grades]).panel("grade")
    with quarter(tmp_path) as office:
        view = evalflow.View(office.engine, "policy-1")
        assert panel.html(PanelRequest(view=view, plan=PLAN_ID, project=f"{PLAN_ID}/1")) is None
