"""The panel kit passes a good panel, and catches every one that breaks its contract. Our own is
held to it in plugins/evalflow-grades."""

from __future__ import annotations

import datetime as dt
import inspect
import threading
import time
from html import escape
from pathlib import Path
from typing import Any

import pytest

from evalflow import Label, NotFound
from evalflow.plugins import PanelRequest
from evalflow.testing import PanelConformance
from evalflow.testing.quarter import HOSTILE, quarter


class Good:
    """What a project is called and where its evaluation stands; the bad ones spoil it."""

    label = Label("현황", "Standing")
    place = "project"

    def html(self, request: PanelRequest) -> str | None:
        if request.project is None:
            return None
        project = request.view.project(request.project)
        evaluation = request.view.evaluation(request.project, "2016-Q1")
        said = escape(project.label.text(request.lang))
        causes = escape(str(dict(evaluation.facts)))
        return f'<p class="said">{said}</p><ul><li>{causes}</li></ul>'


class Nowhere(Good):
    place = "footer"


class Silent(Good):
    def html(self, request: PanelRequest) -> str | None:
        return None


class Blank(Good):
    def html(self, request: PanelRequest) -> str | None:
        return ""


class Raw(Good):
    def html(self, request: PanelRequest) -> str | None:
        return f"<p>{request.view.project(request.project).label.ko}</p>"


class RawInAnAttribute(Good):
    def html(self, request: PanelRequest) -> str | None:
        said = request.view.project(request.project).label.ko.replace("<", "").replace(">", "")
        return f"<p title='{said}'>1</p>"


class Unclosed(Good):
    def html(self, request: PanelRequest) -> str | None:
        return f"<div>{super().html(request)}"


class ClosesTheBoard(Good):
    def html(self, request: PanelRequest) -> str | None:
        return f"{super().html(request)}</div>"


class Styled(Good):
    def html(self, request: PanelRequest) -> str | None:
        return '<p style="color: red">1</p>'


class Scripted(Good):
    def html(self, request: PanelRequest) -> str | None:
        return "<script>1</script>"


class FromElsewhere(Good):
    def html(self, request: PanelRequest) -> str | None:
        return '<img src="https://weather.example/now.png" alt="">'


class LooksBehind(Good):
    def html(self, request: PanelRequest) -> str | None:
        request.view._engine.projects()
        return super().html(request)


class ShowsAll(Good):
    """Reads as the engine, which knows no closed figures."""

    def html(self, request: PanelRequest) -> str | None:
        view: Any = request.view
        engine = getattr(view, "_engine", None) or view
        return f"<p>{escape(str(engine.evaluation(request.project, '2016-Q1').facts))}</p>"


class Writes(Good):
    def html(self, request: PanelRequest) -> str | None:
        engine: Any = request.view._engine
        engine.storage.claim("jsonl", at=engine.clock(), limit=1, lease=dt.timedelta(minutes=1))
        return super().html(request)


class Counting(Good):
    def __init__(self) -> None:
        self.asked = 0

    def html(self, request: PanelRequest) -> str | None:
        self.asked += 1
        return f"<p>{self.asked}</p>"


class NeedsAnEvaluation(Good):
    def html(self, request: PanelRequest) -> str | None:
        evaluation = request.view.evaluation(request.project, request.period)
        assert evaluation.number or request.period != "2016-Q4"
        return super().html(request)


class Sharing(Good):
    """Keeps the request at hand where the next thread overwrites it."""

    def html(self, request: PanelRequest) -> str | None:
        self.request = request
        time.sleep(0.001)
        return super().html(self.request)


BAD = {
    Nowhere: "it_is_a_panel_with_a_heading_in_both_languages_and_a_place",
    Silent: "it_answers_html_or_nothing_whoever_asks",
    Blank: "it_answers_html_or_nothing_whoever_asks",
    Raw: "texts_of_the_store_are_escaped",
    RawInAnAttribute: "texts_of_the_store_are_escaped",
    Unclosed: "it_stays_in_its_place",
    ClosesTheBoard: "it_stays_in_its_place",
    Styled: "no_script_no_style_and_nothing_from_elsewhere",
    Scripted: "no_script_no_style_and_nothing_from_elsewhere",
    FromElsewhere: "no_script_no_style_and_nothing_from_elsewhere",
    ShowsAll: "what_a_reader_may_not_see_it_does_not_show",
    LooksBehind: "it_reads_what_the_view_shows_and_nothing_behind_it",
    Writes: "nothing_is_written_into_the_store",
    Counting: "the_same_request_shows_the_same",
    NeedsAnEvaluation: "a_plan_in_which_nothing_happened_yet_is_no_fault",
    Sharing: "several_threads_may_ask_at_once",
}


class TestGood(PanelConformance):
    @pytest.fixture
    def panel(self) -> Good:
        return Good()


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_the_kit_catches_a_panel_that_breaks_its_contract(make: type[Good], tmp_path: Path) -> None:
    test = getattr(PanelConformance, f"test_{BAD[make]}")
    wanted = inspect.signature(test).parameters
    with quarter(tmp_path, title=HOSTILE) as office:
        given = {"panel": make(), "office": office, "tmp_path": tmp_path}
        asked = {name: value for name, value in given.items() if name in wanted}
        with pytest.raises((AssertionError, NotFound)):
            test(PanelConformance(), **asked)
    assert threading.active_count() < 20


def test_every_test_of_the_kit_catches_somebody() -> None:
    tests = {name.removeprefix("test_") for name in vars(PanelConformance) if name[:5] == "test_"}
    assert set(BAD.values()) == tests
