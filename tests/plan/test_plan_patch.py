"""Changing a project's definition, and writing a plan back as YAML."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evalflow
from evalflow.files import yaml
from evalflow.files.yaml_writer import yaml_text
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model.canonical import canonical, parse
from evalflow.plan.definition import Plan
from evalflow.plan.load import load_plan
from evalflow.plan.patch import merge_patch, touched
from evalflow.plan.project import definition_from_tree
from evalflow.plan.stored import stored_definition, stored_head
from evalflow.plan.write import dump_yaml
from plan_strategies import plans

EXAMPLE = Path(__file__).parents[2] / "examples" / "seodaemun-2016" / "plan.yaml"


@cache
def lifecycle(name: str) -> Lifecycle:
    return evalflow.load_lifecycle(name)


@cache
def example() -> Plan:
    return load_plan(EXAMPLE, lifecycle=lifecycle)


# --------------------------------------------------------------------------- merge patches


@pytest.mark.parametrize(
    ("tree", "patch", "merged"),
    [  # the examples of RFC 7396, appendix A, that a plan can meet
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": ["1"]}, {"a": ["1"]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        (["1", "2"], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_the_standard_says(tree: Any, patch: Any, merged: Any) -> None:
    before = copy.deepcopy((tree, patch))
    assert merge_patch(tree, patch) == merged
    assert (tree, patch) == before


def test_numbers_and_flags_from_python_become_the_text_of_a_file() -> None:
    patch = {"budget": {"sources": {"시비": 100}}, "illustrative": True, "cards": [{"ko": 1}]}
    assert merge_patch({}, patch) == {
        "budget": {"sources": {"시비": "100"}},
        "illustrative": "true",
        "cards": [{"ko": "1"}],
    }


def test_what_a_patch_touches_has_its_shape() -> None:
    tree = {"a": {"x": "1", "y": "2"}, "b": "3", "c": ["4"]}
    patch = {"a": {"x": "9"}, "c": None, "d": {"z": "5"}}
    assert touched(tree, patch) == {"a": {"x": "1"}, "c": ["4"], "d": None}


leaves = st.text(max_size=3)
mappings = st.dictionaries(
    st.sampled_from("abcd"),
    st.recursive(
        leaves | st.lists(leaves, max_size=2),
        lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
patches = st.recursive(
    leaves | st.none() | st.lists(leaves, max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
).filter(lambda patch: isinstance(patch, dict))


@given(mappings, patches)
def test_what_was_touched_changes_it_back(tree: Any, patch: Any) -> None:
    assert merge_patch(merge_patch(tree, patch), touched(tree, patch)) == tree


def test_a_change_of_one_target_changes_nothing_else() -> None:
    plan = example()
    before = plan.projects["6"]
    patch = {"indicators": {"schools": {"targets": {"2016-Q4": "36"}}}}
    after = definition_from_tree(plan.head, "6", merge_patch(before.tree, patch))
    assert str(after.indicators[0].targets["2016-Q4"]) == "36"
    assert after.indicators[1:] == before.indicators[1:]
    assert attrs.evolve(after, indicators=before.indicators) == before


def test_an_indicator_that_is_added_comes_last_and_one_that_goes_leaves_the_order() -> None:
    plan = example()
    tree = plan.projects["6"].tree
    added = copy.deepcopy(tree["indicators"]["schools"])
    patch = {"indicators": {"schools": None, "aaa": added}}
    after = definition_from_tree(plan.head, "6", merge_patch(tree, patch))
    assert [i.id for i in after.indicators] == ["pupils", "cards", "aaa"]
    again = definition_from_tree(plan.head, "6", parse(canonical(after.tree)))
    assert again.indicators == after.indicators


# --------------------------------------------------------------------------- writing


def same(one: Plan, other: Plan) -> None:
    """Both are one plan, in values, in stored trees and in order."""
    assert other.head == attrs.evolve(one.head)
    assert other.projects == one.projects
    for number, project in one.projects.items():
        assert canonical(other.projects[number].tree) == canonical(project.tree)
    for name in ("units", "directory", "fields", "goals", "core_projects", "criteria"):
        assert list(getattr(other.head, name)) == list(getattr(one.head, name))


def test_the_example_written_back_is_the_same_plan() -> None:
    plan = example()
    text = dump_yaml(plan.head, plan.projects.values())
    same(plan, load_plan(text.encode(), lifecycle=lifecycle))
    assert dump_yaml(plan.head, plan.projects.values()) == text


def test_a_plan_out_of_a_store_is_written_in_the_order_of_its_file() -> None:
    plan = example()
    head = stored_head(canonical(plan.head.tree))
    projects = [
        stored_definition(head.id, number, canonical(project.tree))
        for number, project in plan.projects.items()
    ]
    text = dump_yaml(head, projects)
    same(plan, load_plan(text.encode(), lifecycle=lifecycle))
    lines = text.split("\n")
    assert not any(line.lstrip().startswith("order:") for line in lines)
    assert "  seodaemun: {kind: office, ko: 서대문구, en: Seodaemun-gu}" in lines
    assert lines.index("  seodaemun: {kind: office, ko: 서대문구, en: Seodaemun-gu}") < lines.index(
        "  audit-office: {kind: department, ko: 감사담당관, en: Audit office, parent: direct}"
    )


def test_a_key_without_a_value_is_as_good_as_absent() -> None:
    plan = example()
    tree = plan.projects["1"].tree
    emptied = definition_from_tree(plan.head, "1", {**tree, "cards": None, "content": None})
    assert "cards" not in emptied.tree
    assert emptied.content is None


def test_a_later_revision_says_so_when_it_is_written() -> None:
    plan = example()
    head = attrs.evolve(plan.head, revision=3, effective="2016-Q3")
    again = load_plan(dump_yaml(head, plan.projects.values()).encode(), lifecycle=lifecycle)
    assert (again.head.revision, again.head.effective) == (3, "2016-Q3")


def test_lines_are_laid_out_for_people() -> None:
    plan = example()
    lines = dump_yaml(plan.head, list(plan.projects.values())[:1]).split("\n")
    assert "  seodaemun: {kind: office, ko: 서대문구, en: Seodaemun-gu}" in lines
    assert "        targets: {2016-Q1: 20, 2016-Q2: 80, 2016-Q3: 40, 2016-Q4: 10}" in lines
    assert lines[0] == "evalflow: plan/1"


@pytest.mark.parametrize(
    "text",
    ["", "~", "null", "yes", "- a", "a: b", "a #b", "{a", "[a", "&a", "*a", "!a", "a:", "'a'", '"',
     "a\nb", " a", "a ", "\\", "%a", "@a", "`a", "|", ">", "---", "...", "<<", "=", "1:2", "a,b"],
)  # fmt: skip
def test_text_that_means_something_in_yaml_is_quoted(text: str) -> None:
    tree = {"k": text, "l": [text, {"m": text}], "n": {text: text}}
    assert yaml.read(yaml_text(tree).encode(), name="f").tree == tree


# --------------------------------------------------------------------------- any valid plan


@settings(deadline=None, max_examples=60)
@given(plans())
def test_any_valid_plan_is_the_same_after_storing_and_after_writing(tree: Any) -> None:
    plan = load_plan(yaml_text(tree).encode(), lifecycle=lifecycle)
    head = stored_head(canonical(plan.head.tree))
    projects = {
        number: stored_definition(head.id, number, canonical(project.tree))
        for number, project in plan.projects.items()
    }
    same(plan, attrs.evolve(plan, head=head, projects=projects))
    same(plan, load_plan(dump_yaml(head, projects.values()).encode(), lifecycle=lifecycle))
