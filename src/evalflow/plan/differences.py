"""What a plan says otherwise than the revision before it, for people to see first, and through
which door each difference may come into force (R43)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalflow.model import Figure, Indicator, NotDue, PlanHead, ProjectDefinition
from evalflow.model.canonical import Tree, canonical
from evalflow.model.values import frozen
from evalflow.plan.definition import Plan
from evalflow.plan.order import ORDER
from evalflow.plan.revision_limits import ADOPT, NEXT_PLAN, Adopted

__all__ = ["ADOPT", "NEXT_PLAN", "Difference", "differences"]

_BY_PROCEDURE = frozenset({"targets", "indicators", "term", "budget", "cards"})
_TEXT = frozenset({"ko", "en"})
_PROJECT_KINDS = {
    **dict.fromkeys(("start", "end"), "term"),
    "budget": "budget",
    "cards": "cards",
    **dict.fromkeys(("unit", "assignments", "cooperating"), "organisation"),
    **dict.fromkeys(("ko", "en", "content", "schedule"), "text"),
}
_HEAD_KINDS = {
    **dict.fromkeys(("units", "directory", "appointments", "revision"), "organisation"),
    "lines": "signatures",
    "duties": "duties",
    **dict.fromkeys(("calendar", "year"), "calendar"),
    "scoring": "scoring",
    **dict.fromkeys(("ko", "en", "document"), "text"),
}


@frozen(kw_only=True)
class Difference:
    """One thing in which the plan differs.

    Attributes:
        number: the project's 관리번호; None for what all projects share.
        path: where in the plan file, under the project, e.g. `indicators.visits.targets.2016-Q4`;
            empty for a project that is new.
        before, after: what was and what will be said, as text; None where nothing.
        kind: what it is about: `project` (a new one), `targets`, `open_target` (one that was
            open and is set for the first time), `indicators`, `term`, `budget`, `cards`,
            `scoring`, `signatures` (결재선), `duties`, `organisation`, `calendar`, `text` (names,
            wording, another way to write the same) or `other`.
        door: how it may come into force (R43): `adopt`, by this revision; the event that begins
            the project's change procedure, e.g. `request_change`; or `next_plan`, where it
            stands until the plan ends.
    """

    number: str | None
    path: str
    before: str | None
    after: str | None
    kind: str
    door: str


def differences(
    plan: Plan,
    head: PlanHead | None,
    old: Mapping[str, ProjectDefinition],
    procedures: Mapping[str, str] | None = None,
    adopted: Adopted | None = None,
) -> tuple[Difference, ...]:
    """Return what `plan` says otherwise than `head` and its projects `old` (by number); head None:
    than nothing at all. First what all share, then project by project in the plan's order.

    `procedures` names, by number, the event that begins a project's change procedure; a project
    that it leaves out has none, and may be revised freely. `adopted` tells the doors of what all
    share where there are such procedures.
    """
    procedures = procedures or {}
    found: list[Difference] = []
    if head is not None:
        for path, before, after in _compared(unnumbered(head), unnumbered(plan.head), ()):
            kind = _head_kind(path, head, plan.head)
            asked = adopted is not None and procedures and kind != "text"
            door = adopted.door(path, kind) if adopted is not None and asked else ADOPT
            found.append(_difference(None, path, before, after, kind, door))
    for number, definition in plan.projects.items():
        if number not in old:
            found.append(_difference(number, (), None, definition.label.ko, "project", ADOPT))
            continue
        found += project_differences(old[number], definition, procedures.get(number, ADOPT))
    return tuple(found)


def unnumbered(head: PlanHead) -> dict[str, Tree]:
    """Return the plan's tree without how its revision is numbered."""
    tree = {key: value for key, value in head.tree.items() if key not in ("revision", "effective")}
    said = head.tree.get("revision")
    rules = {k: v for k, v in said.items() if k != "number"} if isinstance(said, Mapping) else {}
    return {**tree, "revision": rules} if rules else tree


def project_differences(
    was: ProjectDefinition, now: ProjectDefinition, procedure: str
) -> Iterator[Difference]:
    """Yield what a project says otherwise; what belongs to the change procedure has that door."""
    for path, before, after in _compared(was.tree, now.tree, ()):
        kind = _project_kind(path, before, was, now)
        door = procedure if kind in _BY_PROCEDURE else ADOPT
        yield _difference(now.number, path, before, after, kind, door)


def past_targets(was: ProjectDefinition, now: ProjectDefinition, period: str) -> dict[str, str]:
    """Return what differs of the targets before `period`, and of how they are added up:
    `indicator period` -> how. A new indicator has no targets there: nothing was asked of it."""
    found: dict[str, str] = {}
    for other in now.indicators:
        one = was.indicator(other.id)
        before = {} if one is None else one.targets
        for each in dict.fromkeys((*before, *other.targets)):
            first, second = before.get(each), other.targets.get(each)
            unasked = one is None and isinstance(second, NotDue)
            if each < period and first != second and not unasked:
                found[f"{other.id} {each}"] = f"{_said(first)} → {_said(second)}"
        past = any(each < period for each in before)
        if one is not None and past and one.accumulation != other.accumulation:
            found[f"{other.id} accumulation"] = f"{one.accumulation} → {other.accumulation}"
    return found


def _said(target: Figure | None) -> str:
    if target is None:
        return "-"
    return "not_due" if isinstance(target, NotDue) else str(target)


def _head_kind(path: tuple[str, ...], head: PlanHead, other: PlanHead) -> str:
    """Say what a difference of what all share is about; what is only written otherwise (a rule that
    stood by default and is written out) is text."""
    same = {
        "scoring": head.scoring == other.scoring,
        "calendar": (head.calendar, head.year) == (other.calendar, other.year),
        "signatures": head.lines == other.lines,
        "duties": head.duties == other.duties,
    }
    if same.get(_HEAD_KINDS.get(path[0], "other")):
        return "text"
    if path[:2] == ("scoring", "bands") and len(path) == 4 and path[3] in _TEXT:
        return "text"
    return _HEAD_KINDS.get(path[0], "other")


def _project_kind(
    path: tuple[str, ...], before: Tree, was: ProjectDefinition, now: ProjectDefinition
) -> str:
    """Say what a difference is about; what is only written otherwise is text."""
    if path[0] == "indicators":
        return _indicator_kind(path, before, was, now)
    kind = _PROJECT_KINDS.get(path[0], "other")
    same = {
        "term": (was.start, was.end) == (now.start, now.end),
        "budget": (was.budget.sources, was.budget.periods)
        == (now.budget.sources, now.budget.periods),
        "cards": [card.ko for card in was.cards] == [card.ko for card in now.cards],
    }
    return "text" if same.get(kind) else kind


def _indicator_kind(
    path: tuple[str, ...], before: Tree, was: ProjectDefinition, now: ProjectDefinition
) -> str:
    one, other = (each.indicator(path[1]) if path[1:] else None for each in (was, now))
    if one is None or other is None:
        return "indicators"
    about = path[2] if path[2:] else ""
    if about in _TEXT or (about == "steps" and len(path) == 5 and path[4] in _TEXT):
        return "text"
    if about in ("targets", "annual"):
        return _target_kind(path[2:], before, one, other)
    same = getattr(one, about, None) == getattr(other, about, None) and hasattr(one, about)
    return "text" if same else "indicators"


def _target_kind(path: tuple[str, ...], before: Tree, one: Indicator, other: Indicator) -> str:
    """Say what a difference of an indicator's targets is. `annual` says again what the targets
    come to, and is checked against them where it is read."""
    if before is None:
        return "open_target"
    if path[0] == "annual":
        return "text" if one.annual == other.annual else "targets"
    periods = path[1:2] or tuple({**one.targets, **other.targets})
    pairs = [(one.targets.get(period), other.targets.get(period)) for period in periods]
    said_alike = all(
        first == second or (isinstance(first, NotDue) and isinstance(second, NotDue))
        for first, second in pairs
    )
    return "text" if said_alike else "targets"


def _compared(
    one: Tree, other: Tree, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Tree, Tree]]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys([*one, *other]):
            if not _is_about_order(path, key):
                yield from _compared(one.get(key), other.get(key), (*path, key))
    elif one != other:
        yield path, one, other


def _is_about_order(path: tuple[str, ...], key: str) -> bool:
    """Say whether a key is none of what the plan says, but how it is kept."""
    kept = path in ((), ("budget",)) or (len(path) == 2 and path[0] == "indicators")
    return kept and key == ORDER


def _difference(
    number: str | None, path: tuple[str, ...], before: Tree, after: Tree, kind: str, door: str
) -> Difference:
    return Difference(
        number=number,
        path=".".join(path),
        before=_text(before),
        after=_text(after),
        kind=kind,
        door=door,
    )


def _text(tree: Tree) -> str | None:
    return tree if tree is None or isinstance(tree, str) else canonical(tree)
