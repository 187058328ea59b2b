"""The guard kit passes every built-in guard, and catches every one that breaks its contract."""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from evalflow import Label, Reason
from evalflow.decision.guards import GUARDS
from evalflow.plugins import Draft, Firing, GuardSpec
from evalflow.testing import GuardConformance
from evalflow.testing.firings import firings

PARAMS: Mapping[str, Mapping[str, Any]] = {
    "unit_complete": {"kind": "bureau", "states": ["self_evaluated", "submitted"]},
    "signed_off": {"by": "bureau_head"},
    "rated": {"as": "lagging"},
    "consulted": {"by": "policy_office"},
    "in_time": {"of": "self_evaluate"},
    "concerns": {"states": ["lagging"]},
    "follows": {"event": "refer_to_audit"},
    "resolved": {"by": "policy_office"},
    "acts_as": {"roles": ["department"]},
    "in": {"states": ["submitted", "unchanged"]},
    "given": {"field": "document", "is": ["주무과-1"]},
    "until": {"days_after": "self_evaluate", "days": "1"},
    "not_before": {"working_days_after": "submit", "days": "5"},
    "passed": {"working_days_after": "submit", "days": "5"},
    "overdue": {"of": "submit"},
    "those_about": {"states": ["verified"], "at_least": "1"},
    "voted": {"event": "self_evaluate", "at_least": "2"},
}


def kit_for(name: str) -> type[GuardConformance]:
    class Kit(GuardConformance):
        params = PARAMS.get(name, {})

        @pytest.fixture
        def guard(self) -> Any:
            return GUARDS[name]

    return Kit


# A class for each built-in guard, as a plugin would write one.
for _name in GUARDS:
    globals()[f"Test_{_name}"] = kit_for(_name)


def test_the_kits_quarter_has_firings_that_each_kind_of_guard_is_for() -> None:
    refusing = {
        name
        for name, (_, guard) in GUARDS.items()
        for firing, after in firings()
        if guard(firing, after, **PARAMS.get(name, {}))
    }
    # The plan's last period, after which nothing can be opened, is three quarters away. Lines,
    # dissent, visits and the way back on track come with the newest one: see `_SIGNED_QUARTER`.
    assert refusing == set(GUARDS) - {"next_period_exists"}


# --------------------------------------------------------------------------- bad ones

SPEC = GuardSpec(name="early", label=Label("이른 제출", "is early"))
NO = Reason(code="late", ko="늦었습니다.", en="too late.")


def good(firing: Firing, after: Draft, **params: Any) -> Reason | None:
    return NO if firing.today.day > 5 else None


def all_good(asked: Sequence[tuple[Firing, Draft]], **params: Any) -> list[Reason | None]:
    return [good(firing, after) for firing, after in asked]


good.ask_many = all_good  # type: ignore[attr-defined]


def hasty(firing: Firing, after: Draft) -> Reason | None:
    return good(firing, after)


hasty.ask_many = lambda asked: all_good(asked[::-1])  # type: ignore[attr-defined]


def says_false(firing: Firing, after: Draft) -> Any:
    return False


def says_text(firing: Firing, after: Draft) -> Any:
    return "늦었습니다."


def breaks(firing: Firing, after: Draft) -> Any:
    return NO if firing.data["actuals"] else None


def one_language(firing: Firing, after: Draft) -> Any:
    return Reason(code="late", ko="too late.", en="too late.")


def no_code(firing: Firing, after: Draft) -> Any:
    return Reason(code="", ko="늦었습니다.", en="too late.")


_asked: list[Firing] = []


def forgetful(firing: Firing, after: Draft) -> Any:
    _asked.append(firing)
    return NO if len(_asked) % 11 == 0 else None


_last: list[int] = [0]


def relative(firing: Firing, after: Draft) -> Any:
    """Answers by what it saw before: the same twice in the same order, not backwards."""
    earlier, _last[0] = _last[0], firing.number
    return NO if firing.number > earlier else None


def untidy(firing: Firing, after: Draft) -> Any:
    firing.data.pop("reason", None)  # type: ignore[attr-defined]


def clocked(firing: Firing, after: Draft) -> Any:
    return NO if time.time() < 0 else None


def dicing(firing: Firing, after: Draft) -> Any:
    return NO if random.random() > 2 else None


_shared: dict[str, Any] = {}


def sharing(firing: Firing, after: Draft) -> Any:
    _shared["today"] = firing.today
    time.sleep(0.0002)
    return NO if _shared["today"].day > 5 else None


MORE = GuardSpec(name="early", label=Label("이른", "early"), params={"before": None})
UNNAMED = GuardSpec(name="early", label=Label("", ""))

BAD: Mapping[str, tuple[GuardSpec, Callable[..., Any], str]] = {
    "unnamed": (UNNAMED, good, "its_spec_names_it_in_both_languages"),
    "says_false": (SPEC, says_false, "it_answers_nothing_or_reasons_on_every_firing"),
    "says_text": (SPEC, says_text, "it_answers_nothing_or_reasons_on_every_firing"),
    "breaks": (SPEC, breaks, "it_answers_nothing_or_reasons_on_every_firing"),
    "one_language": (
        SPEC, one_language, "every_reason_has_a_code_and_a_sentence_in_both_languages",
    ),
    "no_code": (SPEC, no_code, "every_reason_has_a_code_and_a_sentence_in_both_languages"),
    "forgetful": (SPEC, forgetful, "the_same_firing_gets_the_same_answer"),
    "relative": (SPEC, relative, "the_order_in_which_it_is_asked_does_not_matter"),
    "untidy": (SPEC, untidy, "what_it_looks_at_is_left_as_it_was"),
    "clocked": (SPEC, clocked, "it_looks_at_no_clock_no_file_no_network_and_throws_no_dice"),
    "dicing": (SPEC, dicing, "it_looks_at_no_clock_no_file_no_network_and_throws_no_dice"),
    "sharing": (SPEC, sharing, "several_threads_may_ask_at_once"),
    "says_false in use": (SPEC, says_false, "a_lifecycle_may_use_it_and_it_has_its_say"),
    "hasty": (SPEC, hasty, "many_at_once_are_answered_as_one_by_one"),
    "takes_nothing": (MORE, says_false, "it_takes_the_parameters_that_its_spec_declares"),
}  # fmt: skip


class Kit(GuardConformance):
    """The kit as it is run on the bad ones: not collected by pytest, called by hand."""

    __test__ = False


def run(name: str, made: tuple[GuardSpec, Any], folder: Path) -> None:
    test = getattr(Kit, f"test_{name}")
    wanted = {"tmp_path": folder} if "tmp_path" in inspect.signature(test).parameters else {}
    test(Kit(), made, **wanted)


@pytest.mark.parametrize("case", BAD)
def test_the_kit_catches_a_guard_that_breaks_its_contract(case: str, tmp_path: Path) -> None:
    spec, function, name = BAD[case]
    firings.cache_clear()
    try:
        with pytest.raises(Exception):  # noqa: B017 - whatever it breaks with
            run(name, (spec, function), tmp_path)
    finally:
        firings.cache_clear()  # the untidy one spoils what it looks at


def test_the_kit_finds_nothing_wrong_with_a_good_guard(tmp_path: Path) -> None:
    for place, name in enumerate(n for n in vars(GuardConformance) if n.startswith("test_")):
        folder = tmp_path / str(place)
        folder.mkdir()
        run(name.removeprefix("test_"), (SPEC, good), folder)


def test_every_test_of_the_kit_catches_somebody() -> None:
    tests = {name for name in vars(GuardConformance) if name.startswith("test_")}
    assert {f"test_{name}" for _, _, name in BAD.values()} == tests
