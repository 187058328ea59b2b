"""From a plan file to a `Plan`: every problem at once, nothing half-loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

import attrs

from evalflow.errors import InvalidInput, Problem
from evalflow.files.reader import Reader
from evalflow.files.texts import path_text
from evalflow.files.yaml import Document, read
from evalflow.lifecycle.definition import Lifecycle
from evalflow.lifecycle.sources import is_file
from evalflow.model import Indicator, PlanHead, ProjectDefinition
from evalflow.plan.content import budget_notes, content_notes
from evalflow.plan.definition import Plan
from evalflow.plan.head import read_head
from evalflow.plan.korean_words import in_ids
from evalflow.plan.lookalikes import alike_notes
from evalflow.plan.overlay import Overlay, overlay
from evalflow.plan.project import read_project
from evalflow.plan.rateable import unrateable
from evalflow.plan.rules import holiday_notes
from evalflow.plan.surroundings import Surroundings, check_project
from evalflow.plan.units import nobody_named


def load_plan(
    source: str | bytes | os.PathLike[str],
    *,
    lifecycle: Callable[[str], Lifecycle],
    name: str | None = None,
    tables: Sequence[str | os.PathLike[str]] = (),
) -> Plan:
    """Return the plan in a YAML file (a path), or in `source` itself (bytes), checked whole.

    `lifecycle` loads what the plan names: it is given a preset's name, or the path of a file
    that lies beside the plan. `name` is what problems call the plan's file. `tables` are files
    of projects, budgets and targets that are laid over the plan's own (see `overlay`).

    Raises:
        InvalidInput: the plan or its lifecycle has mistakes: all of them, each with file, line
            and column, what was expected, and the nearest right name.
    """
    document = read(source, name=name)
    folder = "" if isinstance(source, bytes) else os.path.dirname(os.fspath(source))
    named = Reader(document).top.text("lifecycle")
    used, problems = _lifecycle(named, folder, lifecycle, document)
    document = attrs.evolve(document, tree=in_ids(document.tree, used))
    reading = Reader(document)
    top = reading.top
    top.text("lifecycle")
    head = read_head(reading, used, written=True)
    laid = Overlay(projects={}, notes=())
    # Whether indicators are needed cannot be said under a lifecycle that could not be read.
    measures = used is not None and used.measures
    if tables and not reading.problems and not problems:
        # What a table says is laid over before a project is judged: either may complete the other.
        written = top.tree.get("projects")
        laid = overlay(
            head, written if isinstance(written, Mapping) else {}, tables, measures=measures
        )
    opens = used is not None and bool(used.opens)  # a plan of cases may begin empty
    projects = _projects(reading, head, laid.projects, measures=measures, needed=not opens)
    reading.problems.extend(problems)
    _raise_if_any(reading.problems, document)
    assert used is not None

    def at(path: tuple[str, ...]) -> str:
        if path[1] in laid.projects:
            return f"{document.name}: {path_text(path)}"
        line, column = document.place(path)
        return f"{document.name}:{line}:{column}"

    def where(definition: ProjectDefinition, indicator: Indicator) -> str:
        return at(("projects", definition.number, "indicators", indicator.id))

    found = tuple(projects.values())
    notes = laid.notes + nobody_named(head, at) + unrateable(head, found, where)
    notes += content_notes(head, found, used.project_plans, at)
    notes += budget_notes(head, found, used.project_plans, at)
    notes += holiday_notes(head.calendar, at) + alike_notes(head, found, at)
    return Plan(head=head, projects=projects, lifecycle=used, file=document.name, notes=notes)


def with_tables(plan: Plan, tables: Sequence[str | os.PathLike[str]]) -> Plan:
    """Return the plan with tables of projects, budgets and targets laid over it.

    Raises:
        InvalidInput: as `overlay` says.
    """
    trees = {number: each.tree for number, each in plan.projects.items()}
    laid = overlay(plan.head, trees, tables, measures=plan.lifecycle.measures)
    notes = laid.notes + unrateable(
        plan.head,
        tuple(laid.projects.values()),
        lambda project, indicator: path_text(
            ("projects", project.number, "indicators", indicator.id)
        ),
    )
    projects = {**plan.projects, **laid.projects}
    notes += content_notes(plan.head, projects.values(), plan.lifecycle.project_plans, path_text)
    changed = laid.projects.values()
    notes += budget_notes(plan.head, changed, plan.lifecycle.project_plans, path_text)
    notes += holiday_notes(plan.head.calendar, path_text)
    return attrs.evolve(plan, projects=projects, notes=notes)


def _projects(
    reading: Reader,
    head: PlanHead,
    laid: Mapping[str, ProjectDefinition],
    *,
    measures: bool,
    needed: bool,
) -> Mapping[str, ProjectDefinition]:
    projects: dict[str, ProjectDefinition] = {}
    needed = needed and not laid
    inside = reading.top.mapping("projects", required=needed)
    around = Surroundings.of(head)
    if needed and "projects" in reading.top and not inside.tree:
        ko, en = "사업이 하나는 있어야 합니다", "a plan needs at least one project"
        reading.top.wrong("projects", "no_projects", ko, en)
    for number in inside.tree:
        if number in laid:
            projects[number] = laid[number]
            continue
        inside.named(number)
        part = inside.mapping(number)
        if part.tree:
            definition = read_project(
                part, head.id, number, around.periods, written=True, measures=measures
            )
            check_project(definition, around, part)
            projects[number] = definition
    return {**projects, **laid}


def _lifecycle(
    text: str, folder: str, load: Callable[[str], Lifecycle], document: Document
) -> tuple[Lifecycle | None, list[Problem]]:
    """Return the lifecycle that the plan names, or the problems with it."""
    if not text:
        return None, []
    try:
        return load(beside(folder, text)), []
    except InvalidInput as error:
        return None, [_at_the_name(problem, document) for problem in error.problems]


def beside(folder: str, lifecycle: str) -> str:
    """Return what a plan in `folder` means by the lifecycle that it names: a preset's name, or
    the path of a file that lies beside the plan."""
    return os.path.normpath(os.path.join(folder, lifecycle)) if is_file(lifecycle) else lifecycle


def _at_the_name(problem: Problem, document: Document) -> Problem:
    """Return a problem of the lifecycle; one without a place in its own file stands where the
    plan names it."""
    if problem.line is not None:
        return problem
    line, column = document.place(("lifecycle",))
    about = "" if problem.file is None else f"{problem.file}: "
    return attrs.evolve(
        problem,
        file=document.name,
        line=line,
        column=column,
        ko=about + problem.ko,
        en=about + problem.en,
    )


def _raise_if_any(problems: list[Problem], document: Document) -> None:
    """Raise all problems: the plan's own in reading order, then its lifecycle's."""
    if problems:
        raise InvalidInput(
            sorted(
                problems,
                key=lambda p: (p.file != document.name, p.file or "", p.line or 0, p.column or 0),
            )
        )
