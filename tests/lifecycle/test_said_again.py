"""What data say twice is told, whichever way it comes; and days and reasons are said to an event as
they are written in a cell."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow.files.days import read_day
from evalflow.lifecycle.definition import Lifecycle
from evalflow.lifecycle.fields import figure_from, normal
from evalflow.lifecycle.shapes import About, example
from evalflow.lifecycle.sources import presets
from evalflow.model import ProjectDefinition
from offices import PLAN


@pytest.fixture(scope="module")
def definition(tmp_path_factory: pytest.TempPathFactory) -> ProjectDefinition:
    path = tmp_path_factory.mktemp("again") / "plan.yaml"
    path.write_text(PLAN, encoding="utf-8")
    return evalflow.load_plan(path).projects["1"]


@pytest.fixture(scope="module")
def lifecycle() -> Lifecycle:
    return evalflow.load_lifecycle("major-works")


def asked(
    definition: ProjectDefinition, lifecycle: Lifecycle, event: str, **data: Any
) -> tuple[dict[str, Any], list[str]]:
    """Return the data in their normal form, and what is wrong with them."""
    tree, wrong = normal(lifecycle.events[event], data, definition=definition, lifecycle=lifecycle)
    return tree, [f"{each.path}: {each.en}" for each in wrong]


# --------------------------------------------------------------------------- twice


@pytest.mark.parametrize("again", ["참여 학교", "Schools", "참여학교", "SCHOOLS", " schools"])
@pytest.mark.parametrize("first", [True, False])
def test_an_indicator_is_given_once_by_its_id_or_a_name(
    definition: ProjectDefinition, lifecycle: Lifecycle, again: str, first: bool
) -> None:
    """The last one was taken: 10 and 12 became 12."""
    said = {"schools": 10, again: 12} if first else {again: 12, "schools": 10}
    tree, wrong = asked(definition, lifecycle, "self_evaluate", actuals={**said, "lessons": 100})
    assert wrong == ["actuals.schools: indicator 'schools' is given twice"]
    assert "actuals" not in tree


def test_a_card_is_given_once_by_number_or_text(
    definition: ProjectDefinition, lifecycle: Lifecycle
) -> None:
    _, wrong = asked(definition, lifecycle, "self_evaluate", cards={1: "완료", "1": "지연"})
    assert any("twice" in each or "no card" in each for each in wrong), wrong


def test_what_is_left_empty_is_not_said(
    definition: ProjectDefinition, lifecycle: Lifecycle
) -> None:
    said = {"참여 학교": None, "schools": 10, "lessons": 100}
    tree, wrong = asked(definition, lifecycle, "self_evaluate", actuals=said)
    assert (tree["actuals"], wrong) == ({"schools": "10", "lessons": "100"}, [])


ODD: list[Any] = [
    None, {}, [], "", True, 5.0, 5, "x", [None], {"x": None}, {"not_due": None}, {None: 1},
    {"provisional": None}, {1: None}, [[]], Decimal("NaN"), ["x", "x"],
]  # fmt: skip


def places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if _many(tree) else ()
    for key, value in inside:
        yield from places(value, (*at, key))


def _many(tree: Any) -> bool:
    return isinstance(tree, list)


def with_at(tree: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    changed = tree.copy()
    changed[at[0]] = with_at(tree[at[0]], at[1:], value)
    return changed


@pytest.mark.parametrize("preset", presets())
def test_whatever_stands_in_a_place_of_the_data_is_taken_or_told(
    definition: ProjectDefinition, preset: str
) -> None:
    """And what is taken can be read: figures, days and reasons are what an entry holds of them."""
    lifecycle = evalflow.load_lifecycle(preset)
    about = About(definition=definition, lifecycle=lifecycle, criteria={}, period="2016-Q2")
    for event in lifecycle.events.values():
        right = example(event, about)
        for at in places(right):
            for odd in ODD if at else ():
                data = with_at(right, at, odd)
                tree, _ = normal(event, data, definition=definition, lifecycle=lifecycle)
                for field in event.data:
                    if field.type == "figures":
                        for figure in tree.get(field.name, {}).values():
                            figure_from(figure)


# --------------------------------------------------------------------------- as in a cell


@pytest.mark.parametrize(
    "text", ["2016. 7. 12.", "'16.7.12.", "16. 7. 12", "2016년 7월 12일", "2016/7/12", "20160712",
             "2016-07-12 (화)", "２０１６．７．１２．", "2016-07-12 00:00:00"],
)  # fmt: skip
def test_a_day_is_said_to_an_event_as_in_a_cell(
    definition: ProjectDefinition, lifecycle: Lifecycle, text: str
) -> None:
    tree, wrong = asked(definition, lifecycle, "extend_deadline", until=text)
    assert (tree["until"], wrong) == ("2016-07-12", [])


@pytest.mark.parametrize(
    "text", ["2016-7", "12/7/16", "7. 12.", "2016-07-12 14:00", "42563", "2016-W28-2", "2016-02-30",
             "2016-07-12 (수)", "2016", "", "내일"],
)  # fmt: skip
def test_what_is_no_day_is_refused_with_why(
    definition: ProjectDefinition, lifecycle: Lifecycle, text: str
) -> None:
    tree, wrong = asked(definition, lifecycle, "extend_deadline", until=text)
    assert "until" not in tree
    assert [each.partition(":")[0] for each in wrong] == ["until"]


@given(st.text(st.sampled_from("0123456789.-/' 년월일()월화 ２０１６"), min_size=6, max_size=16))
def test_no_text_is_one_day_in_a_cell_and_another_in_an_event(
    definition: ProjectDefinition, lifecycle: Lifecycle, text: str
) -> None:
    said = read_day(text)
    tree, wrong = asked(definition, lifecycle, "extend_deadline", until=text)
    if said.day is not None and not said.code:
        assert (tree["until"], wrong) == (said.day.isoformat(), [])
    else:
        assert "until" not in tree
        assert wrong


@pytest.mark.parametrize(
    "text", ["시기미도래: 준공 전", "시기 미도래：준공 전", "not_due: 준공 전"]
)
def test_why_a_figure_is_not_due_stands_behind_the_word(
    definition: ProjectDefinition, lifecycle: Lifecycle, text: str
) -> None:
    said = {"schools": text, "lessons": "100"}
    tree, wrong = asked(definition, lifecycle, "self_evaluate", actuals=said)
    assert (tree["actuals"]["schools"], wrong) == ({"not_due": "준공 전"}, [])


def test_a_figure_is_not_due_without_a_reason(
    definition: ProjectDefinition, lifecycle: Lifecycle
) -> None:
    """`{not_due: }` in a file of data ended in a KeyError."""
    for said in ({"not_due": None}, {"not_due": ""}, "not_due", "시기미도래"):
        tree, wrong = asked(definition, lifecycle, "self_evaluate", actuals={"schools": said})
        assert (tree["actuals"], wrong) == ({"schools": {"not_due": ""}}, [])


@pytest.mark.parametrize(
    ("said", "vote"), [("찬성", "for"), ("반대", "against"), ("기권", "abstain")]
)
def test_a_vote_is_said_in_korean(definition: ProjectDefinition, said: str, vote: str) -> None:
    council = evalflow.load_lifecycle("seongnam")
    event = next(each for each in council.events.values() if "votes" in each.fields)
    tree, wrong = asked(definition, council, event.name, votes={"위원 1": said})
    assert (tree["votes"], wrong) == ({"위원 1": vote}, [])
