"""A plan's projects, budgets and targets as the rows of a table, and its actuals of a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalflow.files.table_heads import Column
from evalflow.files.texts import stored_figure
from evalflow.model import Evaluation, Label, PlanHead, ProjectDefinition
from evalflow.model.canonical import Tree
from evalflow.model.values import frozen
from evalflow.plan.order import ORDER, in_order
from evalflow.plan.tables import (
    ACTUALS,
    ID,
    INDICATOR,
    NOT_DUE,
    NUMBER,
    TITLE,
    Place,
    Value,
    indicator_places,
    project_places,
    step_places,
)

TABLES = {
    "projects": Label("대상사업 목록", "Projects"),
    "budgets": Label("예산", "Budgets"),
    "targets": Label("성과지표와 목표", "Targets"),
    "schedule": Label("월별 세부추진계획", "Schedule"),
    "actuals": Label("실적", "Actuals"),
}
"""The tables that a plan can be written to."""


@frozen
class Listing:
    """A table to be written: its name, its heads and its rows."""

    name: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def list_projects(
    head: PlanHead, definitions: Iterable[ProjectDefinition], *, lang: str = "ko"
) -> Listing:
    """Return 붙임 1: a row for each project, with the sources of its budget (R31)."""
    return _by_project(head, definitions, lang, "projects", _is_no_period)


def list_budgets(
    head: PlanHead, definitions: Iterable[ProjectDefinition], *, lang: str = "ko"
) -> Listing:
    """Return the budgets: a row for each project, by source and by period, in won."""
    return _by_project(head, definitions, lang, "budgets", _is_money)


def list_schedule(
    head: PlanHead, definitions: Iterable[ProjectDefinition], *, lang: str = "ko"
) -> Listing:
    """Return what is done in each month, a row for each project (R32), with the sub-projects of
    which cards are asked (R39) where there are any."""
    trees = [(each.number, each.tree) for each in definitions]
    carded = any(tree.get("cards") for _, tree in trees)
    places = [each for each in step_places(head) if carded or each.path != ("cards",)]
    rows = [
        (number, str(tree["ko"]), *(_cell(place, tree, lang) for place in places))
        for number, tree in trees
    ]
    heads = _heads([NUMBER, TITLE], places, lang)
    return Listing(TABLES["schedule"].text(lang), heads, tuple(rows))


def _is_no_period(place: Place) -> bool:
    return place.path[:2] != ("budget", "periods")


def _is_money(place: Place) -> bool:
    return place.path[0] == "budget" or place.column.key == "ko"


def _by_project(
    head: PlanHead, definitions: Iterable[ProjectDefinition], lang: str, name: str, takes: Any
) -> Listing:
    trees = [(each.number, each.tree) for each in definitions]
    used = [key for _, tree in trees for key in sources_of(tree)]
    places = [each for each in project_places(head, used) if takes(each)]
    places = [
        each for each in places if each.path[:2] != ("budget", "sources") or each.path[2] in used
    ]
    rows = [(number, *(_cell(place, tree, lang) for place in places)) for number, tree in trees]
    return Listing(TABLES[name].text(lang), _heads([NUMBER], places, lang), tuple(rows))


def list_targets(
    head: PlanHead, definitions: Iterable[ProjectDefinition], *, lang: str = "ko"
) -> Listing:
    """Return the targets: a row for each indicator (R30)."""
    return list_targets_of(head, {each.number: each.tree for each in definitions}, lang=lang)


def list_targets_of(
    head: PlanHead, projects: Mapping[str, Mapping[str, Tree]], *, lang: str = "ko"
) -> Listing:
    """Return the targets in the trees of projects, by number; blank where there is none yet."""
    stated = any(
        each.get("annual") is not None
        for project in projects.values()
        for each in (project.get("indicators") or {}).values()
    )
    places = [each for each in indicator_places(head) if stated or each.path != ("annual",)]
    rows = []
    for number, project in projects.items():
        indicators = project.get("indicators") or {}
        order = (project.get(ORDER) or {}).get("indicators")
        for name in in_order(indicators, order):
            tree = indicators[name]
            cells = [_cell(place, tree, lang) for place in places]
            rows.append((number, _named(project, lang), _named(tree, lang), name, *cells))
    heads = _heads([NUMBER, TITLE, INDICATOR, ID], places, lang)
    return Listing(TABLES["targets"].text(lang), heads, tuple(rows))


def list_actuals(
    definitions: Iterable[ProjectDefinition],
    evaluations: Mapping[str, Evaluation],
    *,
    lang: str = "ko",
) -> Listing:
    """Return the actuals of one period: a row for each indicator, blank where none was given, so
    that the table can be filled in. `evaluations` has those of the period by project id."""
    rows = []
    for definition in definitions:
        evaluation = evaluations.get(definition.id)
        facts = {} if evaluation is None else evaluation.facts
        actuals, words = facts.get("actuals") or {}, facts.get("explanations") or {}
        for indicator in definition.indicators:
            said = words.get(indicator.id) or {}
            rows.append(
                (
                    definition.number,
                    definition.label.text(lang),
                    indicator.label.text(lang),
                    _actual(actuals.get(indicator.id)),
                    said.get("cause"),
                    said.get("countermeasure"),
                )
            )
    heads = tuple(
        column.name if lang == "ko" else _ENGLISH[column.key]
        for column in (NUMBER, TITLE, *ACTUALS[1:])
        if column.key in _ENGLISH  # 분자 and 분모 are said in one cell: 12/40
    )
    return Listing(TABLES["actuals"].text(lang), heads, tuple(rows))


def _named(tree: Mapping[str, Tree], lang: str) -> Value:
    return str(tree["ko"] if lang == "ko" else tree.get("en", tree["ko"]))


def _actual(tree: Tree) -> Value:
    if tree is None:
        return None
    if isinstance(tree, Mapping) and "provisional" in tree:
        return f"{tree['provisional']}(잠정)"
    if isinstance(tree, str) and "/" in tree:
        return tree  # a share: 12/40
    figure = stored_figure(str(tree))
    if figure is not None:
        return figure
    why = tree.get("not_due") if isinstance(tree, Mapping) else None
    return f"{NOT_DUE}: {why}" if why else NOT_DUE


def sources_of(tree: Tree) -> Mapping[str, Tree]:
    """Return the sources of the budget in a project's tree, by name."""
    found = at_path(tree, ("budget", "sources"))
    return found if isinstance(found, Mapping) else {}


def at_path(tree: Tree, path: Sequence[str]) -> Tree:
    """Return what stands at a path of a tree; None where nothing does."""
    for key in path:
        if not isinstance(tree, Mapping):
            return tree if path == ("content", "ko") else None
        tree = tree.get(key)
    return tree


def value_at(place: Place, tree: Tree) -> Tree:
    """Return what the tree of a project (or indicator) says in a column; None where nothing."""
    found = at_path(tree, place.path)
    if found is None and place.path == ("unit",):
        return tree.get("assignments")
    return found


def _cell(place: Place, tree: Tree, lang: str) -> Value:
    value = value_at(place, tree)
    return None if value is None or value == [] else place.kind.write(value, lang)


_ENGLISH = {
    "number": "Number",
    "ko": "Project title",
    "indicator": "Indicator",
    "id": "Indicator ID",
    "actual": "Actual",
    "cause": "Cause",
    "countermeasure": "Countermeasure",
}


def _heads(columns: Sequence[Column], places: Sequence[Place], lang: str) -> tuple[str, ...]:
    own = [column.name if lang == "ko" else _ENGLISH[column.key] for column in columns]
    won = "(원)" if lang == "ko" else " (won)"
    return (
        *own,
        *(place.label.text(lang) + (won if place.path[0] == "budget" else "") for place in places),
    )
