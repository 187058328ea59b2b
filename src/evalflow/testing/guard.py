"""The guard kit: what every guard must do, as tests to inherit.

    import pytest
    from evalflow.testing import GuardConformance
    from evalflow_budget import budget_spent, spec

    class TestBudgetSpent(GuardConformance):
        params = {"at_least": "50"}

        @pytest.fixture
        def guard(self):
            return spec, budget_spent

The guard is asked about every firing of a small office's quarter: early and late, with data and
without, lagging and on track, with a change in flight.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from evalflow import Reason
from evalflow.plugins import Draft, Firing, GuardSpec
from evalflow.testing.alone import alone
from evalflow.testing.firings import OFFICES, firings, open_office, play

Made = tuple[GuardSpec, Callable[..., Any]]


class GuardConformance:
    """Tests that a guard keeps its contract; inherit them and give `guard`.

    Attributes:
        params: the parameters with which a lifecycle uses it.
    """

    params: ClassVar[Mapping[str, Any]] = {}

    # ------------------------------------------------------------------ to be given

    @pytest.fixture
    def guard(self) -> Made:
        """Return the guard's spec, and the guard."""
        raise NotImplementedError("give a fixture `guard`; see evalflow.testing.guard")

    def _answers(self, guard: Made) -> list[tuple[Reason, ...]]:
        return [_reasons(guard[1](firing, after, **self.params)) for firing, after in firings()]

    # ------------------------------------------------------------------ what it says

    def test_its_spec_names_it_in_both_languages(self, guard: Made) -> None:
        spec, _ = guard

        assert spec.name
        assert spec.label.ko
        assert spec.label.en
        assert set(spec.required) <= set(spec.params)

    def test_it_takes_the_parameters_that_its_spec_declares(self, guard: Made) -> None:
        spec, function = guard

        inspect.signature(function).bind(None, None, **dict.fromkeys(spec.params))

    def test_it_answers_nothing_or_reasons_on_every_firing(self, guard: Made) -> None:
        for firing, after in firings():
            answer = guard[1](firing, after, **self.params)
            assert answer is None or all(isinstance(each, Reason) for each in _reasons(answer))

    def test_every_reason_has_a_code_and_a_sentence_in_both_languages(self, guard: Made) -> None:
        for reason in {reason for each in self._answers(guard) for reason in each}:
            assert reason.code.isidentifier()
            assert reason.ko.strip()
            assert reason.en.strip()
            assert reason.ko != reason.en

    def test_many_at_once_are_answered_as_one_by_one(self, guard: Made) -> None:
        many = getattr(guard[1], "ask_many", None)
        if many is None:
            pytest.skip("the guard has no ask_many: it is asked one by one")

        asked = list(firings())
        answers = [_reasons(each) for each in many(asked, **self.params)]

        assert answers == self._answers(guard)
        assert list(many([], **self.params)) == []

    # ------------------------------------------------------------------ purity

    def test_the_same_firing_gets_the_same_answer(self, guard: Made) -> None:
        assert self._answers(guard) == self._answers(guard)

    def test_the_order_in_which_it_is_asked_does_not_matter(self, guard: Made) -> None:
        forth = self._answers(guard)
        back = [
            _reasons(guard[1](firing, after, **self.params))
            for firing, after in reversed(firings())
        ]

        assert back[::-1] == forth

    def test_what_it_looks_at_is_left_as_it_was(self, guard: Made) -> None:
        before = [_shown(firing, after) for firing, after in firings()]
        self._answers(guard)

        assert [_shown(firing, after) for firing, after in firings()] == before

    def test_it_looks_at_no_clock_no_file_no_network_and_throws_no_dice(self, guard: Made) -> None:
        self._answers(guard)  # what is imported when first used is imported now
        with alone():
            self._answers(guard)

    def test_several_threads_may_ask_at_once(self, guard: Made) -> None:
        right = self._answers(guard)
        barrier = threading.Barrier(8)
        found: list[bool] = []

        def ask() -> None:
            barrier.wait()
            found.append(self._answers(guard) == right)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert found == [True] * 8

    # ------------------------------------------------------------------ in a lifecycle

    def test_a_lifecycle_may_use_it_and_it_has_its_say(self, guard: Made, tmp_path: Path) -> None:
        """Whatever it refuses is refused, by `explain` and `fire` alike, for its reasons."""
        asked: list[tuple[Reason, ...]] = []
        spec, function = guard

        def kept(firing: Firing, after: Draft, **params: Any) -> Any:
            answer = function(firing, after, **params)
            asked.append(_reasons(answer))
            return answer

        outcomes: list[str] = []
        for office in OFFICES:
            engine, clock, plan = open_office(tmp_path, (spec, kept), self.params, office)
            with engine:
                outcomes += play(engine, clock, plan, office)

        assert asked
        refused = {reason.code for reasons in asked for reason in reasons}
        assert refused <= {code for each in outcomes for code in each.split()}


def _reasons(answer: Any) -> tuple[Reason, ...]:
    if answer is None:
        return ()
    return (answer,) if isinstance(answer, Reason) else tuple(answer)


def _shown(firing: Firing, after: Draft) -> str:
    looked_at = (firing.project, firing.evaluation, firing.data, firing.definition, after)
    return repr(looked_at)
