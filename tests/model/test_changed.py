"""What is made without the long way is the same value."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import attrs
import pytest

from evalflow.model import Evaluation
from evalflow.model.canonical import canonical, parse
from evalflow.model.changed import changed, often_made
from evalflow.model.history import sealed_at_once
from evalflow.testing.given import adoption, move_after, rating


def _evaluation() -> Evaluation:
    project = adoption("seodaemun-2016/6").project
    rated = rating(project.id, project.period)
    move = move_after(project, "amend", data={"actuals": {"schools": "9"}}, rated=rated)
    assert move.evaluation is not None
    return move.evaluation


def test_a_value_with_some_fields_changed_is_what_attrs_makes_of_it() -> None:
    move = adoption("seodaemun-2016/6")
    cases: list[tuple[Any, dict[str, Any]]] = [
        (move.project, {"version": 7, "band": "done", "waiting": ()}),
        (move.entry, {"key": "k", "late": 3}),
        (move, {"expected": 4}),
        (_evaluation(), {"facts": {"a": 1}, "self_rating": None, "number": 9}),
        (_evaluation(), {}),
    ]
    for value, changes in cases:
        made = changed(value, **changes)
        assert made == attrs.evolve(value, **changes)
        assert made.__class__ is value.__class__


def test_an_evaluation_out_of_a_store_is_the_one_that_went_in_before_and_after_it_is_read() -> None:
    evaluation = _evaluation()
    back = Evaluation.from_tree(parse(evaluation.text()))

    assert back.text() == canonical(back.tree()) == evaluation.text()
    assert back == evaluation
    assert repr(back) == repr(evaluation)
    assert back.self_rating == evaluation.self_rating
    assert back.self_rating is back.self_rating
    assert back.text() == canonical(back.tree()) == evaluation.text()
    assert back != changed(evaluation, self_rating=None)


def test_an_entry_that_is_sealed_as_it_is_made_is_the_one_sealed_afterwards() -> None:
    entry = adoption("seodaemun-2016/6").entry
    fields = {each.name: getattr(entry, each.name) for each in attrs.fields(type(entry))}
    given = {name: value for name, value in fields.items() if name not in ("hash", "_texts")}

    made = sealed_at_once(type(entry)(**given))

    assert made == type(entry)(**given).sealed() == entry


def test_a_class_of_which_many_are_made_makes_the_same_values() -> None:
    @often_made
    @attrs.frozen(kw_only=True)
    class Made:
        name: str
        many: list[str] = attrs.field(factory=list)
        _hidden: int | None = None
        kept: str | None = attrs.field(default=None, init=False, eq=False, repr=False)

    signature = inspect.signature(Made)
    values = [Made(name=f"{number}", hidden=number % 3) for number in range(250)]

    assert inspect.signature(Made) == signature
    assert [(each.name, each._hidden, each.kept) for each in values] == [
        (f"{number}", number % 3, None) for number in range(250)
    ]
    assert len({id(each.many) for each in values}) == 250  # each has its own
    assert all(each.__class__ is Made for each in values)
    for first, later in ((values[0], Made(name="0", hidden=0)), (values[7], values[-1])):
        assert (first == later) == (first.name == later.name)
        assert attrs.evolve(later, name="8") == Made(name="8", hidden=later._hidden)
        assert copy.deepcopy(later) == copy.copy(later) == later
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            later.name = "another"  # type: ignore[misc]
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            del later.name
    with pytest.raises(TypeError, match="name"):
        Made()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="other"):
        Made(name="1", other=2)  # type: ignore[call-arg]


def test_a_class_that_inherits_from_one_of_which_many_are_made_is_its_own() -> None:
    @often_made
    @attrs.frozen
    class Made:
        name: str

    class Other(Made):
        pass

    @attrs.frozen
    class More(Made):
        more: str

    for number in range(250):
        Made(f"{number}")

    assert type(Other("a")) is Other
    assert More("a", "b") == More("a", "b") != More("a", "c")
