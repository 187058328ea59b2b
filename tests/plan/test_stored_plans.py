"""The trusted way back: a head or a definition out of a store is the value that was stored."""

from __future__ import annotations

import copy
import datetime as dt
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evalflow
from evalflow.errors import InvalidInput, StorageError
from evalflow.files.reader import Reader
from evalflow.files.yaml_writer import yaml_text
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import PlanHead, ProjectDefinition
from evalflow.model.canonical import canonical, parse
from evalflow.plan.definition import Plan
from evalflow.plan.head import head_from_tree
from evalflow.plan.load import load_plan
from evalflow.plan.project import read_project
from evalflow.plan.spans import periods_of
from evalflow.plan.stored import stored_definition, stored_head
from plan_strategies import BASE, damaged, plans

ROOT = Path(__file__).parents[2]
PLANS = sorted(
    path
    for path in (ROOT / "examples").rglob("*.yaml")
    if "evalflow: plan/1" in path.read_text("utf-8")
)


@cache
def lifecycle(name: str) -> Lifecycle:
    return evalflow.load_lifecycle(name)


def load(source: bytes | Path) -> Plan:
    return load_plan(source, lifecycle=lifecycle, name="plan.yaml")


def read(head: PlanHead, number: str, text: str) -> ProjectDefinition:
    """The definition as the reader for people's files makes it of a stored text."""
    reader = Reader(parse(text), stored=True)
    reader.brackets = head.brackets
    periods = [each.text for each in periods_of(head.calendar.first, head.calendar.last)]
    found = read_project(reader.top, head.id, number, periods, written=False, measures=False)
    reader.raise_if_any()
    return found


def order(value: Any) -> Any:
    """Every mapping in a value as pairs: two that are equal may still be in another order."""
    if isinstance(value, dict):
        return [(key, order(inner)) for key, inner in value.items()]
    if isinstance(value, list | tuple):
        return [order(inner) for inner in value]
    if hasattr(type(value), "__attrs_attrs__"):
        names = [each.name for each in type(value).__attrs_attrs__ if each.name != "tree"]
        return [(name, order(getattr(value, name))) for name in names]
    return value


def comes_back(plan: Plan) -> None:
    """A plan's head and definitions come back from their texts, to the byte and in order."""
    text = canonical(plan.head.tree)
    head = stored_head(text)
    assert head == plan.head
    assert order(head) == order(head_from_tree(parse(text)))
    assert canonical(head.tree) == text
    for number, project in plan.projects.items():
        text = canonical(project.tree)
        definition = stored_definition(head.id, number, text)
        assert definition == project
        assert order(definition) == order(read(head, number, text))
        assert canonical(definition.tree) == text


# --------------------------------------------------------------------------- the same values


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_every_example_comes_back(path: Path) -> None:
    comes_back(load(path))


def test_a_plan_with_everything_in_it_comes_back() -> None:
    comes_back(load(BASE.encode()))


def test_what_an_earlier_version_kept_of_the_paper_stays_readable() -> None:
    """Any key, each a text; also what would be refused in a file that is written now."""
    head = load(BASE.encode()).head
    texts = {
        "number": "번호 없음",
        "registered_on": "2016. 2. 31.",
        "approved_on": "2016. 2. 25.",
        "pages": "7",
        "bases": "「2016년 주요업무계획」",
        "signed_by": "주무관, 부구청장(代), 구청장",
        "cooperation": "없음",
    }
    for found in (
        stored_head({**head.tree, "document": texts}),
        head_from_tree({**head.tree, "document": texts}),
    ):
        paper = found.document
        assert paper.number == "번호 없음"
        assert paper.approved_on == dt.date(2016, 2, 25)
        assert paper.other == {"registered_on": "2016. 2. 31.", "pages": "7", "cooperation": "없음"}
        assert [each.title for each in paper.signed_by] == ["주무관", "부구청장(代)", "구청장"]
        assert paper.bases == ("「2016년 주요업무계획」",)


@settings(deadline=None, max_examples=60)
@given(plans())
def test_any_plan_comes_back(tree: Any) -> None:
    comes_back(load(yaml_text(tree).encode()))


# What people write in more than one way, and a stored tree keeps as it was written.
SPELLINGS = {
    "year: 2016": "year: '2016 '",
    "  bases: 규칙 제12조": "  bases: [' 규칙 제12조 ', 지침]",
    "  signed_by: [주무관, {title: 구청장": "  consulted: 가, 나\n  signed_by: [{title: 시장",
    "  removed: [2016. 5. 5.]": "  removed: [2016-05-05, 2016. 5. 6.]",
    "  options: {tie: keep}": "  options:",
    "  cap: 120": "  cap: ' 1,120.50 '",
    "  notifiers: {console: {}, mail: {from: a@example.org}}": "  notifiers: console",
    "  backoff: [60, 300]": "  backoff: ['1,000']",
    "plugins: {within: 5s}": "plugins: {within: 500 ms}",
    "core_projects: {together: {ko: 함께, en: Together}}": "core_projects: {together: ' 함께 '}",
    "    goals: [g3]": "    goals: g3",
    "    schedule: {2016-01: 계획 수립, 2016-12: 결과 보고}": "    schedule: {2016-12: 결과}",
    "    content: {ko: 내용, en: Contents}": "    content: ''",
    "        weight: 1/3": "        weight: 1 / 3",
    "    illustrative:": "",
    "zero_target: full": "zero_target: met_or_not",
    "targets: {2016-Q1: 0, 2016-Q2: 1, 2016-Q3: not_due, 2016-Q4: 1}": (
        "targets: {2016-Q1: ' 0 ', 2016-Q2: {not_due: }, 2016-Q3: not_due, 2016-Q4: -1}"
    ),
}


@given(st.sets(st.sampled_from(sorted(SPELLINGS))))
def test_however_it_was_written_it_comes_back(chosen: set[str]) -> None:
    text = BASE
    for old in chosen:
        text = text.replace(old, SPELLINGS[old])
    comes_back(load(text.encode()))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(damaged())
def test_a_plan_that_loads_with_odd_values_comes_back(tree: Any) -> None:
    try:
        plan = load(yaml_text(tree).encode())
    except InvalidInput:
        return
    comes_back(plan)


# --------------------------------------------------------------------------- damage


@cache
def kept() -> tuple[Any, Any]:
    plan = load(BASE.encode())
    return plan.head.tree, plan.projects["6"].tree


def spots(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for step, value in inside if isinstance(tree, dict | list) else ():
        found.extend(spots(value, (*path, step)))
    return found


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3000) | st.text(max_size=5)
    | st.sampled_from(["gu", "2016-Q1", "2016-02-30", "up", "0", "1e9", "not_due", "milestone"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["ko", "gu", "unit", "not_due", "x"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@st.composite
def broken(draw: st.DrawFn, which: int) -> Any:
    """A stored tree with one to three places overwritten, taken out or renamed."""
    tree = copy.deepcopy(kept()[which])
    places = spots(tree)
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(places))
        at = tree
        try:
            for step in path:
                at = at[step]
            act = draw(st.sampled_from(["odd", "drop", "rename"]))
            if act == "odd" or isinstance(at, list):
                at[last] = draw(ODD)
            elif act == "drop":
                del at[last]
            else:
                at[draw(st.text(max_size=5))] = at.pop(last)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # an earlier blow took the place away
    return tree


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(broken(0))
def test_a_damaged_head_is_corrupt_or_what_the_reader_says(tree: Any) -> None:
    text = canonical(tree)
    try:
        right = head_from_tree(parse(text))
    except InvalidInput:
        right = None
    try:
        head = stored_head(text, "gu-2016")
    except StorageError as error:
        assert right is None
        assert error.code == "corrupt"
        assert "gu-2016" in error.ko
        assert "gu-2016" in error.en
        return
    assert right is None or head == right
    for unit in head.units:  # what is not checked again must not bring anybody into a circle
        assert head.line_up(unit)[-1] == head.office


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(broken(1))
def test_a_damaged_definition_is_corrupt_or_what_the_reader_says(tree: Any) -> None:
    head = stored_head(kept()[0])
    text = canonical(tree)
    try:
        right = read(head, "6", text)
    except InvalidInput:
        right = None
    try:
        definition = stored_definition(head.id, "6", text)
    except StorageError as error:
        assert right is None
        assert error.code == "corrupt"
        assert "gu-2016/6" in error.ko
        assert "gu-2016/6" in error.en
        return
    assert right is None or definition == right


def at(tree: Any, path: str, value: Any) -> str:
    """The text of a tree with another value at a path of keys."""
    changed = copy.deepcopy(tree)
    inside = changed
    *above, last = path.split("/")
    for step in above:
        inside = inside[int(step) if isinstance(inside, list) else step]
    inside[last] = value
    return json.dumps(changed)


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("indicators/visits/direction", "sideways", "indicators.visits.direction: 'sideways'"),
        ("indicators/visits/targets/2016-Q1", "1e9", "indicators.visits.targets.2016-Q1: '1e9'"),
        ("indicators/visits/targets/2016-Q3", {"due": "x"}, "indicators.visits.targets.2016-Q3"),
        ("indicators/visits/wieght", "2", "indicators.visits.wieght: unknown key"),
        ("indicators/opening/steps/works/weight", "a", "indicators.opening.steps.works.weight"),
        ("indicators/area/baseline", None, "indicators.area.baseline"),
        ("indicators/visits", [], "indicators.visits"),
        ("assignments/1/since", "2016-13-01", "assignments[1].since: '2016-13-01'"),
        ("budget/sources/시비", "many", "budget.sources.시비: 'many'"),
        ("cards", [{"ko": ""}], "cards[0].ko: nothing there"),
        ("illustrative", "perhaps", "illustrative: 'perhaps', expected true or false"),
    ],
)
def test_it_is_said_what_is_damaged_and_where(path: str, value: Any, place: str) -> None:
    with pytest.raises(StorageError) as caught:
        stored_definition(stored_head(kept()[0]).id, "6", at(kept()[1], path, value))
    assert caught.value.code == "corrupt"
    assert f"the stored definition of gu-2016/6 is damaged: {place}" in caught.value.en
    assert "저장된 사업 내용(gu-2016/6)" in caught.value.ko


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("evalflow", "plan/2", "evalflow: 'plan/2', expected one of plan/1"),
        ("units/welfare/parent", "youth", "units.welfare.parent: its parents do not lead"),
        ("units/gu/kind", "bureau", "units: no unit of kind office"),
        ("directory/policy-1", [{"role": "x"}], "directory.policy-1[0].unit: nothing there"),
        ("appointments/0/until", "soon", "appointments[0].until: 'soon'"),
        ("calendar/last", "2015-Q4", "calendar.first: 2016-Q1 to 2015-Q4 is no range"),
        ("calendar/due/self_evaluate", {}, "calendar.due.self_evaluate: no due date"),
        ("calendar/extra/2016-02-31", "x", "calendar.extra.2016-02-31: '2016-02-31', expected a"),
        ("scoring/bands", {}, "scoring.bands: no bands"),
        ("scoring/bands/good/verdict", "great", "scoring.bands.good.verdict: 'great'"),
        ("notices/backoff", ["a"], "notices.backoff[0]: 'a'"),
        ("plugins/within", "long", "plugins.within: 'long'"),
        ("milestones/spring", "x", "milestones.spring: 'spring', expected a date"),
    ],
)
def test_of_a_head_too(path: str, value: Any, place: str) -> None:
    with pytest.raises(StorageError) as caught:
        stored_head(at(kept()[0], path, value), "gu-2016")
    assert f"the stored plan gu-2016 is damaged: {place}" in caught.value.en


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "[" * 100_000])
def test_what_is_no_tree_at_all_is_corrupt(text: str) -> None:
    for build in (
        stored_head,
        lambda text: stored_definition(stored_head(kept()[0]).id, "6", text),
    ):
        with pytest.raises(StorageError) as caught:
            build(text)
        assert caught.value.code == "corrupt"
