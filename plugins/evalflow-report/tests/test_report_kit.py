"""The page keeps the contract of forms: the public kit, on ourselves."""

from __future__ import annotations

import evalflow_report
import pytest

from evalflow.plugins import Form, Plugins
from evalflow.testing import FormConformance


class TestReport(FormConformance):
    @pytest.fixture
    def form(self) -> Form:
        return Plugins.load([evalflow_report]).form("report")
