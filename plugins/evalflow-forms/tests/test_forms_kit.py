"""Every form keeps the contract of forms, in each of its formats: the public kit, on ourselves."""

from __future__ import annotations

from typing import ClassVar

import evalflow_forms
import pytest

from evalflow.plugins import Form, Plugins
from evalflow.testing import FormConformance


class OfOurs(FormConformance):
    """The form `called` as a plan makes it without options."""

    called: ClassVar[str]

    @pytest.fixture
    def form(self) -> Form:
        return Plugins.load([evalflow_forms]).form(self.called)


class TestPlan(OfOurs):
    called = "plan"


class TestProjects(OfOurs):
    called = "projects"


class TestBureau(OfOurs):
    called = "bureau"
    asked: ClassVar = {"unit": "welfare"}


class TestDepartment(OfOurs):
    called = "department"
    asked: ClassVar = {"unit": "education"}


class TestCards(OfOurs):
    called = "cards"
    asked: ClassVar = {"unit": "education"}


class TestChange(OfOurs):
    called = "change"
    asked: ClassVar = {"number": "1"}
