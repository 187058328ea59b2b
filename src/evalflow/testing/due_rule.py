"""The kit of due rules: what every one must do, as tests to inherit.

    import pytest
    from evalflow.testing import DueRuleConformance
    from evalflow_council import session, spec

    class TestSession(DueRuleConformance):
        params = {"nth": "3"}

        @pytest.fixture
        def due_rule(self):
            return spec, session

The rule is asked for every period of a year of months, and from many days of it.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Iterator, Mapping
from typing import ClassVar

import pytest

from evalflow.lifecycle.definition import DueSpec
from evalflow.lifecycle.due import DUE_KINDS
from evalflow.model import CalendarRules
from evalflow.model.calendar import Calendar, DueFunction, Period

Made = tuple[DueSpec, DueFunction]


class DueRuleConformance:
    """Tests that a due rule keeps its contract; inherit them and give `due_rule`.

    Attributes:
        params: the parameters with which a lifecycle uses it.
        counts_from_events: whether it counts from an event (`after`); otherwise it is asked with
            no day to start from.
    """

    params: ClassVar[Mapping[str, str]] = {}
    counts_from_events: ClassVar[bool] = True

    @pytest.fixture
    def due_rule(self) -> Made:
        """Return the rule's spec, and the rule."""
        raise NotImplementedError("give a fixture `due_rule`; see evalflow.testing.due_rule")

    def _asked(self) -> Iterator[tuple[Calendar, Period, dt.date | None]]:
        rules = CalendarRules(first="2026-01", last="2026-12", frequency="month", holidays="none")
        calendar = Calendar(rules)
        for period in calendar.periods():
            if not self.counts_from_events:
                yield calendar, period, None
                continue
            for days in range(0, 31, 3):
                yield calendar, period, period.start + dt.timedelta(days=days)

    def test_its_spec_names_it_in_both_languages(self, due_rule: Made) -> None:
        spec, _ = due_rule
        assert spec.label.ko
        assert spec.label.en

    def test_its_name_and_parameters_are_its_own(self, due_rule: Made) -> None:
        spec, _ = due_rule
        assert spec.name not in DUE_KINDS
        assert not {"after", "on"} & set(spec.params)
        assert set(spec.required) <= set(spec.params)

    def test_it_takes_the_parameters_that_it_declares(self, due_rule: Made) -> None:
        spec, due = due_rule
        inspect.signature(due).bind(None, None, None, **dict.fromkeys(spec.params, ""))
        assert set(self.params) <= set(spec.params)
        assert set(spec.required) <= set(self.params)

    def test_it_answers_a_day(self, due_rule: Made) -> None:
        _, due = due_rule
        for asked in self._asked():
            answer = due(*asked, **self.params)
            assert type(answer) is dt.date, f"{asked[1].text}, {asked[2]}: {answer!r}"

    def test_it_answers_the_same_day_again(self, due_rule: Made) -> None:
        _, due = due_rule
        first = [due(*asked, **self.params) for asked in self._asked()]
        assert first == [due(*asked, **self.params) for asked in self._asked()]
