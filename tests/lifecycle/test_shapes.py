"""What an event's data look like: every example is taken as it is, and a refusal shows one."""

from __future__ import annotations

from typing import Any

import pytest

import evalflow
from evalflow.files import yaml
from evalflow.lifecycle import fields
from evalflow.lifecycle.definition import Lifecycle
from evalflow.lifecycle.fields import normal
from evalflow.lifecycle.keys import FIELD_TYPES
from evalflow.lifecycle.shapes import SHAPED_TYPES, About, example, example_text, schema
from evalflow.lifecycle.sources import presets
from evalflow.model import Label, ProjectDefinition
from offices import PLAN


@pytest.fixture(scope="module")
def definition(tmp_path_factory: pytest.TempPathFactory) -> ProjectDefinition:
    path = tmp_path_factory.mktemp("shapes") / "plan.yaml"
    path.write_text(PLAN, encoding="utf-8")
    return evalflow.load_plan(path).projects["1"]


def about(definition: ProjectDefinition, lifecycle: Lifecycle) -> About:
    return About(
        definition=definition,
        lifecycle=lifecycle,
        criteria={"new": Label("신규 역점사업", "New")},
        period="2016-Q2",
    )


def test_every_type_of_field_has_an_example() -> None:
    assert SHAPED_TYPES == FIELD_TYPES


def test_every_type_of_field_is_read() -> None:
    assert frozenset(fields._READERS) == FIELD_TYPES


@pytest.mark.parametrize("preset", presets())
def test_the_example_of_every_event_is_taken_as_it_is(
    definition: ProjectDefinition, preset: str
) -> None:
    lifecycle = evalflow.load_lifecycle(preset)
    this = about(definition, lifecycle)
    for event in lifecycle.events.values():
        _, wrong = normal(
            event,
            example(event, this),
            definition=definition,
            lifecycle=lifecycle,
            criteria=this.criteria,
        )
        assert wrong == (), (event.name, [each.en for each in wrong])
        for lang in ("ko", "en"):
            text = example_text(event, this, lang=lang)
            must = [field.name for field in event.data if field.required]
            if must:
                assert list(yaml.read(text.encode()).tree) == must
        said = schema(event, this)
        assert set(said["properties"]) == {field.name for field in event.data}
        assert said["required"] == [field.name for field in event.data if field.required]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("actuals", 3, "as in: actuals: {schools:"),
        ("evidence", {"a": 1}, "expected text"),
        ("declared", "none", "as in: declared: {1:"),
    ],
)
def test_a_refusal_of_a_shape_shows_the_shape(
    definition: ProjectDefinition, field: str, value: Any, told: str
) -> None:
    lifecycle = evalflow.load_lifecycle("major-works")
    event = lifecycle.events["self_evaluate"]
    _, (wrong,) = normal(event, {field: value}, definition=definition, lifecycle=lifecycle)
    assert told in wrong.en


def test_words_of_the_screen_are_taken_for_ids(definition: ProjectDefinition) -> None:
    lifecycle = evalflow.load_lifecycle("major-works")
    indicator = definition.indicators[0]
    event = lifecycle.events["self_evaluate"]
    tree, wrong = normal(
        event, {"actuals": {indicator.label.ko: 3}}, definition=definition, lifecycle=lifecycle
    )
    assert (tree, wrong) == ({"actuals": {indicator.id: "3"}}, ())
    review = lifecycle.events["review"]
    for said in ("확인", "confirmed"):
        tree, wrong = normal(review, {"ratings": said}, definition=definition, lifecycle=lifecycle)
        assert wrong == ()
        assert set(tree["ratings"].values()) == {"confirmed"}
    extend = lifecycle.events["extend_deadline"]
    named = next(f for f in extend.data if f.type == "event")
    tree, wrong = normal(extend, {named.name: "제출"}, definition=definition, lifecycle=lifecycle)
    assert (tree, wrong) == ({named.name: "submit"}, ())
