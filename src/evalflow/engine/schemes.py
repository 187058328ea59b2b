"""Several schemes side by side: what a selection becomes, and what is evaluated twice.

An office evaluates its key projects, its pledges and its renewal projects under rules of their
own; each is a plan with its own lifecycle, and all may live in one store. A selection (R17-R23)
is a plan, too: its projects are candidates. Here one is made of the other.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import attrs

from evalflow.engine.engine import Engine
from evalflow.engine.opening import load_lifecycle
from evalflow.errors import InvalidInput, NotFound, Problem
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import Actor, Entry, Label, PlanHead, Project, ProjectDefinition
from evalflow.model.arguments import checked
from evalflow.model.calendar import period
from evalflow.model.canonical import Tree
from evalflow.model.values import frozen
from evalflow.plan.definition import Plan
from evalflow.plan.stored import stored_head
from evalflow.scoring.rollup import shares

if TYPE_CHECKING:
    from evalflow.files.yaml import Document

SELECTED, EXCLUDED = "selected", "excluded"
"""The states of a selection's lifecycle whose candidates are in the plan, or left out of it."""

DEPARTMENT_KINDS = ("담당관", "과", "지소", "박물관", "센터", "실", "단", "동", "소")
"""The endings by which offices tell their departments apart (R3); the first that fits counts."""


# --------------------------------------------------------------------------- from a selection


@checked
def select_plan(engine: Engine, selection: str, draft: str | os.PathLike[str]) -> Plan:
    """Return the plan that a selection leads to: `draft` with what was selected and nothing else.

    `draft` is a plan file with what the bureaus submitted: units, people, calendar, and the
    projects with their indicators. Of these the selected ones stay, each with the criteria that
    were recorded for it (R22), in the order of the selection; what was excluded is written under
    `exclusions`, with the recorded reason and where it is evaluated instead (R23).

    Raises:
        NotFound: the store has no such selection.
        InvalidInput: a candidate is undecided; one that was selected is not in the draft, is
            another project there, or is evaluated by another plan of the office without a
            special reason (`also_in`); or the plan has mistakes. All of them.
    """
    from evalflow.files.yaml import read
    from evalflow.files.yaml_writer import yaml_text
    from evalflow.plan.load import load_plan

    document = read(draft)
    tree = dict(_mapping(document.tree))
    drafted = _mapping(tree.get("projects"))
    candidates = list(engine.projects(plan=selection))
    if not candidates:
        engine.plans.head(selection)  # raises NotFound
    problems = list(_undecided(engine, candidates))
    try:
        engine.load_plan(draft)  # mistakes are told with their place in the draft
    except InvalidInput as error:
        problems += error.problems
    projects: dict[str, Tree] = {}
    excluded: list[Tree] = []
    for candidate in candidates:
        if SELECTED in candidate.states:
            own = drafted.get(candidate.number)
            wrong = list(_unlike(engine, candidate, own, document))
            problems += wrong
            if not wrong:
                criteria = engine.evaluation(candidate.id).facts.get("criteria", [])
                projects[candidate.number] = {**_mapping(own), "selection": criteria}
        elif EXCLUDED in candidate.states:
            excluded.append(_exclusion(candidate, _excluded_by(engine, candidate)))
    tree["projects"] = projects
    tree["exclusions"] = [*_listed(tree.get("exclusions")), *excluded]
    problems += _evaluated_elsewhere(engine, tree, document)
    if problems:
        raise InvalidInput(problems)
    folder = os.path.dirname(os.fspath(draft))
    return load_plan(
        yaml_text(tree).encode(),
        name=document.name,
        lifecycle=partial(_lifecycle_beside, engine, folder),
    )


def _lifecycle_beside(engine: Engine, folder: str, source: str) -> Any:
    from evalflow.plan.load import beside

    return load_lifecycle(beside(folder, source), plugins=engine.plugins)


def _undecided(engine: Engine, candidates: Iterable[Project]) -> Iterator[Problem]:
    for candidate in candidates:
        if {SELECTED, EXCLUDED} & set(candidate.states):
            continue
        states = engine.plans.lifecycle(candidate.lifecycle).states
        ko = ", ".join(states[state].label.ko for state in candidate.states)
        en = ", ".join(states[state].label.en for state in candidate.states)
        yield Problem(
            code="undecided_candidate",
            path=candidate.id,
            value=candidate.number,
            ko=f"후보 {candidate.id} 「{candidate.label.ko}」은(는) 아직 '{ko}' 상태입니다. "
            "선정하거나 제외한 뒤에 계획으로 만들 수 있습니다.",
            en=f"candidate {candidate.id} '{candidate.label.en}' is still '{en}'; select or "
            "exclude it first",
        )


def _unlike(
    engine: Engine, candidate: Project, drafted: Tree, document: Document
) -> Iterator[Problem]:
    """Yield a problem where the draft does not say the same project under the number."""
    number = candidate.number
    if not isinstance(drafted, Mapping):
        line, column = document.place(("projects",))
        yield Problem(
            code="not_drafted",
            file=document.name,
            line=line,
            column=column,
            value=number,
            ko=f"선정된 {number}번 「{candidate.label.ko}」의 시행계획이 없습니다",
            en=f"number {number} '{candidate.label.en}' was selected, and has no plan here",
        )
        return
    decided = _mapping(engine.plans.definition(candidate.id).tree)
    criteria = engine.evaluation(candidate.id).facts.get("criteria", [])
    known = _mapping(_mapping(document.tree).get("criteria"))
    for name in criteria:
        if name not in known:
            line, column = document.place(("criteria",) if known else ())
            yield Problem(
                code="unknown_criterion",
                file=document.name,
                line=line,
                column=column,
                path="criteria",
                value=name,
                ko=f"{number}번의 선정기준 '{name}'이(가) 시행계획에 없습니다",
                en=f"number {number} was selected for '{name}', which is no criterion here",
            )
    for key in ("ko", "unit", "field", "core_project"):
        mine, theirs = decided.get(key), drafted.get(key)
        if mine == theirs or (key == "unit" and "assignments" in drafted):
            continue
        line, column = document.place(("projects", number, *([key] if key in drafted else [])))
        yield Problem(
            code="other_than_selected",
            file=document.name,
            line=line,
            column=column,
            path=f"projects.{number}.{key}",
            value=str(theirs),
            ko=f"{number}번의 {key}: 선정할 때는 '{mine or '-'}', 시행계획에는 '{theirs or '-'}'",
            en=f"{key} of number {number}: '{mine or '-'}' when it was selected, "
            f"'{theirs or '-'}' here",
        )


def _excluded_by(engine: Engine, candidate: Project) -> Entry:
    """Return the entry by which the candidate was last excluded."""
    entries = [entry for entry in engine.history(candidate.id) if EXCLUDED in entry.after]
    return next(e for e in reversed(entries) if EXCLUDED not in e.before)


def _exclusion(candidate: Project, entry: Entry) -> Tree:
    data = _mapping(entry.data)
    return {
        "ko": candidate.label.ko,
        "en": candidate.label.en,
        "reason": entry.reason or "",
        "evaluated_in": str(data.get("evaluated_in", "")),
    }


def _evaluated_elsewhere(
    engine: Engine, tree: Mapping[str, Tree], document: Document
) -> Iterator[Problem]:
    year, own, office = str(tree.get("year")), tree.get("id"), _office_of(tree)
    others: dict[str, list[ProjectDefinition]] = {}
    for head, definition in _evaluated(engine):
        same_year = any(str(y) == year for y in _years(head))
        if head.id != own and _office(head) == office and same_year:
            others.setdefault(_plain(definition.label.ko), []).append(definition)
    for number, project in _mapping(tree["projects"]).items():
        allowed = _mapping(project.get("also_in"))
        for other in others.get(_plain(str(project.get("ko"))), ()):
            plan = other.id.rpartition("/")[0]
            if plan in allowed or own in other.also_in:
                continue
            line, column = document.place(("projects", number))
            yield Problem(
                code="evaluated_twice",
                file=document.name,
                line=line,
                column=column,
                path=f"projects.{number}",
                value=other.id,
                ko=f"{number}번 「{other.label.ko}」은(는) {other.id}(으)로 이미 평가합니다. "
                f"제외하거나 특별한 사유를 also_in: {{{plan}: 사유}}로 적으십시오.",
                en=f"number {number} '{other.label.en}' is evaluated as {other.id} already; "
                f"exclude it, or give the special reason as also_in: {{{plan}: why}}",
            )


# --------------------------------------------------------------------------- double evaluation


@frozen(kw_only=True)
class Overlap:
    """One thing that two plans of an office evaluate at the same time (R23, §4③).

    `reason` is the special reason that one of the plans records for it, or None: then one of
    the two is too many.
    """

    label: Label
    first: str
    second: str
    reason: str | None = None


@frozen(kw_only=True)
class Unplaced:
    """A candidate that was left out for a plan of the store that does not have it."""

    label: Label
    candidate: str
    evaluated_in: str


@checked
def overlaps(engine: Engine) -> tuple[Overlap, ...]:
    """Return what is evaluated twice: projects with the same title (ignoring spaces and
    punctuation) in two plans of one office whose periods overlap. Plans that measure nothing, such
    as selections and corrective orders, evaluate nothing. Reads every plan of the store."""
    found: dict[tuple[str, str], list[tuple[PlanHead, ProjectDefinition]]] = {}
    for head, definition in _evaluated(engine):
        found.setdefault((_office(head), _plain(definition.label.ko)), []).append(
            (head, definition)
        )
    return tuple(
        Overlap(
            label=one.label,
            first=one.id,
            second=other.id,
            reason=one.also_in.get(other_head.id) or other.also_in.get(one_head.id),
        )
        for group in found.values()
        for (one_head, one), (other_head, other) in combinations(group, 2)
        if one_head.id != other_head.id and set(_years(one_head)) & set(_years(other_head))
    )


def unplaced(engine: Engine) -> tuple[Unplaced, ...]:
    """Return the candidates that were excluded in favour of a plan of this store, named by its id
    or by a project's, in which nothing of that title is."""
    plans = set(engine.plans.ids())
    found = []
    for plan in sorted(plans):
        if EXCLUDED not in _states(engine, plan):
            continue
        for candidate in engine.projects(plan=plan, state=EXCLUDED):
            data = _mapping(_excluded_by(engine, candidate).data)
            pointer = str(data.get("evaluated_in", ""))
            if pointer.partition("/")[0] in plans and not _has(engine, pointer, candidate.label):
                found.append(
                    Unplaced(label=candidate.label, candidate=candidate.id, evaluated_in=pointer)
                )
    return tuple(found)


def _has(engine: Engine, pointer: str, label: Label) -> bool:
    plan, slash, _ = pointer.partition("/")
    if not slash:
        return any(_plain(d.label.ko) == _plain(label.ko) for d in engine.plans.definitions(plan))
    try:
        return _plain(engine.project(pointer).label.ko) == _plain(label.ko)
    except NotFound:
        return False


def about(engine: Engine, project: str) -> tuple[Project, ...]:
    """Return the projects of the store that are `about` this one: its corrective orders and
    audit referrals. Only plans that measure nothing are looked through."""
    return tuple(
        engine.project(definition.id)
        for plan in engine.plans.ids()
        if not _measures(engine, plan)
        for definition in engine.plans.definitions(plan)
        if definition.about == project
    )


def open_about(
    engine: Engine, plan: str, project: str, *, by: Actor, title: str | None = None
) -> str:
    """Open one more project of `plan` that is about `project`, and return its id: the next
    revision of the plan has it. It belongs to the unit that answers for the project, in its
    field where the plan knows that, else in the plan's first. A unit that the plan does not know
    yet, or knows without its people, is taken over from the project's plan, with those who hold
    a role there that the plan's lifecycle has.

    Raises:
        NotFound: no such plan or project.
        Refused: the actor may not revise the plan.
        InvalidInput: the two plans are of different offices.
    """
    found, head = engine.project(project), engine.plans.head(plan)
    definitions = {each.number: each for each in engine.plans.definitions(plan)}
    number = str(max((int(n) for n in definitions if n.isascii() and n.isdigit()), default=0) + 1)
    opened: Tree = {
        "ko": title or found.label.ko,
        **({} if title else {"en": found.label.en}),
        "unit": found.unit,
        "field": found.field if found.field in head.fields else next(iter(head.fields)),
        "about": found.id,
    }
    lifecycle = engine.plans.lifecycle(next(iter(engine.projects(plan=plan, limit=1))).lifecycle)
    head = _with_unit(head, engine.plans.head(found.plan), found.unit, lifecycle)
    from evalflow.plan.project import definition_from_tree

    definition = definition_from_tree(head, number, opened, measures=lifecycle.measures)
    revised = Plan(
        head=head, projects={**definitions, number: definition}, lifecycle=lifecycle, file=plan
    )
    engine.adopt(revised, by=by, reason=f"{number}: {found.id}")
    return definition.id


def _with_unit(head: PlanHead, other: PlanHead, unit: str, lifecycle: Lifecycle) -> PlanHead:
    """Return the head with the unit and its people as the plan `other` of the same office knows
    them; what it knows itself stays."""
    if unit not in head.units and _office(head) != _office(other):
        raise InvalidInput(
            [
                Problem(
                    code="another_office",
                    path="units",
                    value=unit,
                    ko=f"'{unit}'은(는) 다른 기관({other.unit(other.office).label.ko})의 "
                    f"부서입니다. 이 계획의 기관: {head.unit(head.office).label.ko}",
                    en=f"'{unit}' is a unit of {other.unit(other.office).label.en}, and the plan "
                    f"is of {head.unit(head.office).label.en}",
                )
            ]
        )
    units, directory = dict(head.tree["units"]), dict(head.tree["directory"])
    for each in other.line_up(unit):
        if each not in units and each != other.office:
            units[each] = dict(other.tree["units"][each])
            if units[each].get("parent") == other.office:
                units[each]["parent"] = head.office
    if not any(grant.unit == unit for grants in head.directory.values() for grant in grants):
        for actor, grants in other.tree["directory"].items():
            held = [
                grant
                for grant in grants
                if grant["unit"] == unit
                and grant["role"] in lifecycle.roles
                and lifecycle.roles[grant["role"]].at == other.unit(unit).kind
            ]
            if held:
                directory[actor] = [*directory.get(actor, ()), *held]
    tree = {**head.tree, "units": units, "directory": directory}
    return attrs.evolve(
        stored_head(tree, head.id), revision=head.revision, effective=head.effective
    )


def _evaluated(engine: Engine) -> Iterator[tuple[PlanHead, ProjectDefinition]]:
    for plan in engine.plans.ids():
        if _measures(engine, plan):
            head = engine.plans.head(plan)
            for definition in engine.plans.definitions(plan):
                yield head, definition


def _measures(engine: Engine, plan: str) -> bool:
    one = next(iter(engine.projects(plan=plan, limit=1)), None)
    return one is not None and engine.plans.lifecycle(one.lifecycle).measures


def _states(engine: Engine, plan: str) -> Iterable[str]:
    one = next(iter(engine.projects(plan=plan, limit=1)), None)
    return () if one is None else engine.plans.lifecycle(one.lifecycle).states


def _years(head: PlanHead) -> range:
    rules = head.calendar
    return range(period(rules.first).start.year, period(rules.last).end.year + 1)


def _office(head: PlanHead) -> str:
    return _plain(head.unit(head.office).label.ko)


def _office_of(tree: Mapping[str, Tree]) -> str:
    for unit in _mapping(tree.get("units")).values():
        if _mapping(unit).get("kind") == "office":
            return _plain(str(_mapping(unit).get("ko")))
    return ""


def _plain(title: str) -> str:
    """Return a title without what people write differently: spaces, signs, capitals."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", title)).casefold()


# --------------------------------------------------------------------------- counts


@frozen(kw_only=True)
class Tally:
    """A plan in numbers, as an office prints them (R26-R28, R3).

    `fields` and `core_projects` count projects, `kinds` departments by the ending of their
    name; `core_share` is the share of projects in a core project, in percent.
    """

    projects: int
    fields: Mapping[str, int]
    core_projects: Mapping[str, int]
    core: int
    core_share: Decimal
    departments: int
    kinds: Mapping[str, int]


def tally(plan: Plan) -> Tally:
    """Return the plan's projects by field, by core project, and its departments by kind."""
    head, chosen = plan.head, list(plan.projects.values())
    fields = Counter(project.field for project in chosen)
    core = Counter(p.core_project for p in chosen if p.core_project is not None)
    within = sum(core.values())
    units = {assignment.unit for project in chosen for assignment in project.assignments}
    kinds = Counter(_kind(head.unit(unit).label.ko) for unit in units)
    return Tally(
        projects=len(chosen),
        fields={name: fields[name] for name in head.fields},
        core_projects={name: core[name] for name in head.core_projects},
        core=within,
        core_share=shares({"core": within, "other": len(chosen) - within})["core"],
        departments=len(units),
        kinds={kind: kinds[kind] for kind in (*DEPARTMENT_KINDS, "") if kinds[kind]},
    )


def _kind(name: str) -> str:
    return next((kind for kind in DEPARTMENT_KINDS if name.endswith(kind)), "")


# --------------------------------------------------------------------------- small things


def _mapping(tree: Any) -> Mapping[str, Any]:
    return tree if isinstance(tree, Mapping) else {}


def _listed(tree: Any) -> list[Tree]:
    return list(tree) if isinstance(tree, list | tuple) else []
