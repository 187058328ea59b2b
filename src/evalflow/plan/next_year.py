"""The plan of the next year, begun from this one: its organisation, and the projects that go on.

What a year decides anew stays open: targets, budgets, schedules, the paper's head. The file says
`null` in place of each target, so that it is refused until somebody has set them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from evalflow.model import Grant, PlanHead, ProjectDefinition, Unit, calendar
from evalflow.model.canonical import Tree
from evalflow.model.values import frozen
from evalflow.plan.head import head_from_tree
from evalflow.plan.order import ORDER, in_order
from evalflow.plan.write import dump_tree

_DECIDED_ANEW = frozenset(
    {"revision", "effective", "document", "milestones", "exclusions", "appointments", "projects"}
)
_GOES_ON = (
    *("ko", "en", "illustrative", "field", "core_project", "goals", "cooperating", "start", "end"),
    *("content", "cards"),
)


@frozen(kw_only=True)
class Draft:
    """A plan that is not complete yet: its head, and the tree of each project by number."""

    head: PlanHead
    projects: Mapping[str, Mapping[str, Tree]]

    def text(self) -> str:
        """Return it as a plan file."""
        return dump_tree(self.head.tree, self.projects)


def next_year(head: PlanHead, definitions: Iterable[ProjectDefinition], plan_id: str) -> Draft:
    """Return the draft of the plan for the next year.

    Units, people and their grants are those of the new year's first day; periods are moved;
    each of `definitions` goes on with its indicators and without targets and budget, and says
    with `carried_from` where it comes from.
    """
    first = _moved(head.calendar.first)
    last = _moved(head.calendar.last)
    begin = calendar.period(first).start
    units = {u.id: u for u in head.units.values() if u.until is None or u.until >= begin}
    tree: dict[str, Any] = {k: v for k, v in head.tree.items() if k not in _DECIDED_ANEW}
    said = head.tree.get("revision")
    rules = said if isinstance(said, Mapping) else {}
    tree |= {
        "id": plan_id,
        "revision": {**rules, "number": "1"} if rules else "1",
        "year": str(head.year + 1),
        "ko": head.label.ko.replace(str(head.year), str(head.year + 1)),
        "en": head.label.en.replace(str(head.year), str(head.year + 1)),
        "calendar": {
            **{k: v for k, v in tree["calendar"].items() if k not in ("extra", "removed")},
            "first": first,
            "last": last,
        },
        "units": {name: _unit(unit, units, begin) for name, unit in units.items()},
        "directory": {
            actor: held
            for actor, grants in head.directory.items()
            if (held := [_grant(each) for each in grants if _stays(each, units, begin)])
        },
    }
    periods = [p.text for p in calendar.periods_between(first, last)]
    end = begin - dt.timedelta(days=1)
    return Draft(
        head=head_from_tree(tree),
        projects={each.number: _project(each, end, periods) for each in definitions},
    )


def goes_on(head: PlanHead, definition: ProjectDefinition, band: str | None) -> bool:
    """Say whether a project goes on after the plan's last period: one that is continued every
    year (계속사업), whose term is longer, or that is not done (it has not reached the target of
    the whole plan)."""
    done = {each.name for each in head.scoring.bands if each.against == "whole"}
    last = calendar.period(head.calendar.last).end
    lasts = definition.end is not None and definition.end > last
    return definition.kind == "continued" or lasts or band not in done


def _moved(period: str) -> str:
    return f"{int(period[:4]) + 1:04}{period[4:]}"


def _unit(unit: Unit, units: Mapping[str, Unit], begin: dt.date) -> Tree:
    label = unit.label_on(begin)
    tree: dict[str, Any] = {"kind": unit.kind, "ko": label.ko, "en": label.en}
    if unit.parent is not None:
        tree["parent"] = unit.parent
    later = [
        {"on": each.on.isoformat(), "ko": each.label.ko, "en": each.label.en}
        for each in unit.renamed
        if each.on > begin
    ]
    if later:
        tree["renamed"] = later
    if unit.since is not None and unit.since > begin:
        tree["since"] = unit.since.isoformat()
    if unit.until is not None:
        tree["until"] = unit.until.isoformat()
    return tree


def _stays(grant: Grant, units: Mapping[str, Unit], begin: dt.date) -> bool:
    return (
        grant.on_behalf_of is None
        and grant.unit in units
        and (grant.until is None or grant.until >= begin)
    )


def _grant(grant: Grant) -> Tree:
    days = {"since": grant.since, "until": grant.until}
    said = {name: day.isoformat() for name, day in days.items() if day is not None}
    return {"role": grant.role, "unit": grant.unit, **said}


def _project(definition: ProjectDefinition, end: dt.date, periods: list[str]) -> dict[str, Tree]:
    tree = definition.tree
    order = (tree.get(ORDER) or {}).get("indicators")
    kept: dict[str, Tree] = {key: tree[key] for key in _GOES_ON if tree.get(key) is not None}
    if definition.end is not None and definition.end <= end:
        kept = {key: value for key, value in kept.items() if key not in ("start", "end")}
    kept |= {
        "carried_from": definition.id,
        "unit": definition.unit_on(end),
        "kind": "continued",
        "indicators": {
            name: {
                **{key: v for key, v in tree["indicators"][name].items() if key != "annual"},
                "targets": dict.fromkeys(periods),
            }
            for name in in_order(tree["indicators"], order)
        },
    }
    return kept
