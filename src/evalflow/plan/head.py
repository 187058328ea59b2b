"""From a tree to a `PlanHead`: everything that the projects of a plan share.

It reads plan files (with places, and with the lifecycle whose roles and events a plan may name)
and trees made from a head. What a store holds comes back through `stored`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from evalflow.files.reader import Part, Reader
from evalflow.files.texts import BRACKETS
from evalflow.files.words import IN_WORDS, has_words
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import CONTENTS, Exclusion, Goal, Label, PlanHead
from evalflow.model.canonical import Tree
from evalflow.plan import keys
from evalflow.plan.order import ORDER, sort_parts, with_order
from evalflow.plan.paper import read_document
from evalflow.plan.parts import key_date, named_parts
from evalflow.plan.rules import (
    period_text,
    read_calendar,
    read_delivery,
    read_duties,
    read_forms,
    read_lines,
    read_patience,
    read_revision,
    read_scoring,
    read_visibility,
)
from evalflow.plan.units import read_directory, read_office, read_units

_ORDERED = ("units", "directory", "fields", "core_projects", "criteria", "goals", "document")


def head_from_tree(tree: Tree) -> PlanHead:
    """Return the head that `tree` says, checked whole: a plan file's content, or a tree made
    from a head's.

    Raises:
        InvalidInput: the tree has mistakes; all of them.
    """
    reading = Reader(tree, stored=True)
    head = read_head(reading, None, written=False)
    reading.raise_if_any()
    return head


def read_head(reading: Reader, lifecycle: Lifecycle | None, *, written: bool) -> PlanHead:
    """Return the head, noting what is wrong with it in `reading`.

    With a lifecycle, roles and events must be its own. `written` says that the tree is a file
    somebody wrote, so that the order in it means something.
    """
    top = reading.top
    top.only(keys.PLAN if written else keys.PLAN | {ORDER})
    top.choice("evalflow", (keys.FORMAT,))
    reading.brackets = _brackets(top.mapping("figures", required=False))
    year = top.whole("year", least=1900, most=2999)
    rules = read_calendar(top.mapping("calendar", required=False), year, lifecycle)
    units = read_units(top, lifecycle)
    office = read_office(top, units)
    directory = read_directory(top, units, lifecycle)
    revision, revising = read_revision(top, lifecycle, directory, office)
    return PlanHead(
        id=top.name("id"),
        revision=revision,
        revising=revising,
        effective=period_text(top, "effective", rules.first),
        year=year,
        label=top.label(english=False),
        lifecycle=top.text("lifecycle"),
        units=units,
        office=office,
        directory=directory,
        calendar=rules,
        brackets=reading.brackets,
        lines=read_lines(top.mapping("lines", required=False), lifecycle),
        duties=read_duties(top, lifecycle),
        scoring=read_scoring(top.mapping("scoring", required=False), written),
        delivery=read_delivery(top.mapping("notices", required=False), lifecycle),
        patience=read_patience(top.mapping("plugins", required=False)),
        visibility=read_visibility(top.mapping("visibility", required=False), lifecycle),
        forms=read_forms(top.mapping("forms", required=False)),
        fields=_labels(top, "fields", required=True),
        core_projects=_labels(top, "core_projects"),
        criteria=_labels(top, "criteria"),
        goals=_goals(top),
        exclusions=tuple(_exclusions(top)),
        lenient=_lenient(top),
        document=read_document(top, directory, written=written and bool(directory)),
        milestones=tuple(sorted(_milestones(top), key=lambda pair: pair[0])),
        illustrative=top.label_at("illustrative", None, english=False),
        tree=_normal(top.plain_tree()),
    )


def _brackets(part: Part) -> str | None:
    """Return what a figure in brackets means in this office, where the plan says it."""
    part.only(keys.FIGURES)
    return part.choice("brackets", BRACKETS, None)


def _normal(tree: Mapping[str, Tree]) -> Tree:
    """Return the tree as it is stored: without projects, with the order of what has one."""
    named = {"directory": {}, **tree}
    normal = with_order({k: v for k, v in named.items() if k != "projects"}, _ORDERED)
    if isinstance(tree.get("scoring"), Mapping):
        normal["scoring"] = with_order(tree["scoring"], ("bands",))
    return normal


# --------------------------------------------------------------------------- names and texts


def _labels(top: Part, key: str, *, required: bool = False) -> dict[str, Label]:
    labels = {}
    inside = top.mapping(key, required=required)
    for name in inside.tree:
        inside.named(name)
        labels[name] = inside.label_at(name, english=False)
    return sort_parts(top, key, labels)


def _goals(top: Part) -> dict[str, Goal]:
    goals: dict[str, Goal] = {}
    parts: dict[str, Part] = {}
    for name, part in named_parts(top, "goals"):
        part.only(keys.GOAL)
        parts[name] = part
        goals[name] = Goal(
            id=name,
            kind=part.choice("kind", tuple(keys.GOAL_ABOVE)),
            label=part.label(english=False),
            parent=part.text("parent", None),
        )
    for name, goal in goals.items():
        part, above = parts[name], keys.GOAL_ABOVE[goal.kind]
        if goal.parent is not None and goal.parent not in goals:
            part.unknown("parent", ("목표", "goal"), goals)
        elif (None if goal.parent is None else goals[goal.parent].kind) != above:
            ko = f"kind: {goal.kind}의 상위 목표는 " + (
                f"kind: {above}입니다" if above else "없습니다"
            )
            en = f"a goal of kind {goal.kind} lies under " + (
                f"one of {above}" if above else "none"
            )
            part.wrong("parent" if goal.parent else None, "goal_chain", ko, en, goal.parent)
    return sort_parts(top, "goals", goals)


def _exclusions(top: Part) -> Iterator[Exclusion]:
    for _, part in top.parts("exclusions", named=False):
        part.only(keys.EXCLUSION)
        yield Exclusion(
            label=part.label(english=False),
            reason=part.text("reason"),
            evaluated_in=part.text("evaluated_in"),
        )


def _lenient(top: Part) -> dict[str, str]:
    """Return what the plans of projects may leave out, each with the reason for it in words."""
    inside = top.mapping("lenient", required=False)
    inside.only(frozenset(CONTENTS))
    reasons = {name: inside.text(name) for name in inside.tree if name in CONTENTS}
    for name, reason in reasons.items():
        if reason and not has_words(reason):
            ko, en = (said.format(reason) for said in IN_WORDS)
            inside.wrong(name, "no_reason", ko, en, reason)
    return reasons


def _milestones(top: Part) -> Iterator[tuple[dt.date, Label]]:
    inside = top.mapping("milestones", required=False)
    for text in inside.tree:
        day = key_date(inside, text)
        label = inside.label_at(text, english=False)
        if day is not None:
            yield day, label
