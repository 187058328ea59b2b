"""The panel kit: what every panel of the board must do, as tests to inherit.

    import pytest
    from evalflow.testing import PanelConformance
    from evalflow_weather import Weather

    class TestWeather(PanelConformance):
        @pytest.fixture
        def panel(self):
            return Weather()

It is shown a small office after its quarter: to the policy office, to departments that may not read
everything, in both languages, with a project that is called by a piece of script.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest

from evalflow import View
from evalflow.plugins import Panel, PanelRequest
from evalflow.testing.firings import SEOUL
from evalflow.testing.quarter import CLOSED, HOSTILE, PERIOD, PLAN_ID, Quarter, quarter

PLACES = ("project", "plan", "page")
READERS = ("policy-1", "education-1", "elderly-1")
_MOMENTS = (None, dt.datetime(2016, 3, 1, 9, tzinfo=SEOUL))
_BEFORE_ALL = dt.datetime(2016, 2, 26, 9, tzinfo=SEOUL)

_VOID = {"area", "br", "col", "hr", "img", "input", "source", "track", "wbr"}
_NEVER = {"script", "style", "iframe", "frame", "object", "embed", "link", "meta", "base"}
_NEVER |= {"html", "head", "body"}
_LOADED = {"src", "srcset", "poster", "data", "background", "xlink:href"}


class PanelConformance:
    """Tests that a panel keeps its contract; inherit them and give `panel`.

    Attributes:
        plugins: what the office has installed besides what is built in.
        scoring: the section `scoring` of its plan, in YAML.
    """

    plugins: ClassVar[Sequence[object]] = ()
    scoring: ClassVar[str] = "{}"

    # ------------------------------------------------------------------ to be given

    @pytest.fixture
    def panel(self) -> Panel:
        """Return the panel under test."""
        raise NotImplementedError("give a fixture `panel`; see evalflow.testing.panel")

    @pytest.fixture
    def office(self, tmp_path: Path) -> Iterator[Quarter]:
        """A small office after its first quarter, whose project 1 is called by a script."""
        with self._open(tmp_path, title=HOSTILE) as found:
            yield found

    def _open(self, folder: Path, **said: Any) -> AbstractContextManager[Quarter]:
        return quarter(folder, scoring=self.scoring, plugins=self.plugins, **said)

    # ------------------------------------------------------------------ what it is

    def test_it_is_a_panel_with_a_heading_in_both_languages_and_a_place(self, panel: Panel) -> None:
        assert isinstance(panel, Panel)
        assert panel.label.ko.strip()
        assert panel.label.en.strip()
        assert panel.place in PLACES

    def test_it_answers_html_or_nothing_whoever_asks(self, panel: Panel, office: Quarter) -> None:
        shown = [panel.html(each) for each in _requests(panel, office)]

        told = [each for each in shown if each is not None]
        assert {type(each) for each in told} <= {str}
        assert all(each.strip() for each in told)
        assert told, "it shows nothing of any project to anybody"

    # ------------------------------------------------------------------ on a page of the board

    def test_texts_of_the_store_are_escaped(self, panel: Panel, office: Quarter) -> None:
        for request in _requests(panel, office):
            html = panel.html(request) or ""
            assert "<script" not in html
            assert "alert(1)'" not in html
            assert not _looked_through(html).wrong, html

    def test_it_stays_in_its_place(self, panel: Panel, office: Quarter) -> None:
        for request in _requests(panel, office):
            found = _looked_through(panel.html(request) or "")
            assert not found.open, f"not closed: {found.open}"
            assert not found.closed_too_many, f"not opened: {found.closed_too_many}"

    def test_no_script_no_style_and_nothing_from_elsewhere(
        self, panel: Panel, tmp_path: Path
    ) -> None:
        with self._open(tmp_path) as office:
            for request in _requests(panel, office):
                assert _looked_through(panel.html(request) or "").wrong == []

    # ------------------------------------------------------------------ what it may show

    def test_what_a_reader_may_not_see_it_does_not_show(self, panel: Panel, tmp_path: Path) -> None:
        with self._open(tmp_path, closed=True) as office:
            for request in _requests(panel, office, readers=("elderly-1",)):
                assert CLOSED not in (panel.html(request) or "")

    def test_it_reads_what_the_view_shows_and_nothing_behind_it(
        self, panel: Panel, office: Quarter
    ) -> None:
        for request in _requests(panel, office):
            panel.html(attrs.evolve(request, view=_OnlyWhatIsShown(request.view)))

    def test_nothing_is_written_into_the_store(self, panel: Panel, office: Quarter) -> None:
        before = office.all_of_it()
        for request in _requests(panel, office):
            panel.html(request)
        assert office.all_of_it() == before

    # ------------------------------------------------------------------ again and again

    def test_the_same_request_shows_the_same(self, panel: Panel, office: Quarter) -> None:
        asked = list(_requests(panel, office))
        first = [panel.html(each) for each in asked]

        assert [panel.html(each) for each in reversed(asked)] == first[::-1]

    def test_a_plan_in_which_nothing_happened_yet_is_no_fault(
        self, panel: Panel, office: Quarter
    ) -> None:
        for request in _requests(panel, office):
            html = panel.html(attrs.evolve(request, at=_BEFORE_ALL, period="2016-Q4"))
            assert html is None or html.strip()

    def test_several_threads_may_ask_at_once(self, panel: Panel, office: Quarter) -> None:
        asked = list(_requests(panel, office))[:8]
        right = [panel.html(each) for each in asked]
        barrier = threading.Barrier(len(asked))
        found: dict[int, bool] = {}

        def ask(n: int) -> None:
            barrier.wait()
            found[n] = [panel.html(asked[n]) for _ in range(10)] == [right[n]] * 10

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(asked))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert found == dict.fromkeys(range(len(asked)), True)


def _requests(
    panel: Panel, office: Quarter, readers: tuple[str, ...] = READERS
) -> Iterator[PanelRequest]:
    """Give what a board asks a panel that stands where this one does."""
    projects = [f"{PLAN_ID}/{n}" for n in (1, 2)] if panel.place == "project" else [None]
    periods = (None, PERIOD)
    for reader, project, period, lang in itertools.product(
        readers, projects, periods, ("ko", "en")
    ):
        for at in _MOMENTS:
            yield PanelRequest(
                view=View(office.engine, reader),
                plan=PLAN_ID,
                project=project,
                period=period,
                at=at,
                lang=lang,
            )


class _OnlyWhatIsShown:
    """A view that is asked for nothing but what it shows."""

    def __init__(self, view: View) -> None:
        self.__view = view

    def __getattr__(self, name: str) -> Any:
        assert not name.startswith("_"), f"it looks behind the view: {name}"
        return getattr(self.__view, name)


class _looked_through(HTMLParser):  # noqa: N801 - it is called like a function
    """A piece of HTML: what is open at its end, what was closed too often, what is forbidden."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.closed_too_many: list[str] = []
        self.wrong: list[str] = []
        self.feed(html)
        self.close()
        if self.rawdata:
            self.closed_too_many.append(self.rawdata)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NEVER:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            said = "".join((value or "").split()).lower()
            elsewhere = name in _LOADED and ("//" in said or said.startswith("data:"))
            if name.startswith("on") or name == "style" or elsewhere or "javascript:" in said:
                self.wrong.append(f'{name}="{value}"')

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.closed_too_many.append(tag)
