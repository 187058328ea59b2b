"""Planning a batch: every selected project is decided, and what would happen is written down.

Nothing is stored. Projects that come out alike are decided once, where the engine says that
one decision holds for all of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import attrs

from evalflow.batch.plan_file import BatchPlan, PlanWriter
from evalflow.batch.values import (
    BLOCK,
    MODES,
    Actors,
    EngineParts,
    Header,
    Planned,
    plain,
    seal,
)
from evalflow.decision.batched_calls import Answers
from evalflow.errors import EvalflowError, InvalidInput, NotFound, Reason, invalid
from evalflow.model import Actor, Commit, Move, Project, Selection, Snapshot
from evalflow.model.canonical import Tree, canonical, quoted
from evalflow.model.changed import changed
from evalflow.model.ids import storable
from evalflow.storage.contract import ProjectPosition, check_commit, positions


def plan(
    parts: EngineParts,
    event: str,
    *,
    by: Actor | str,
    selection: Selection,
    where: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    each: Mapping[str, Mapping[str, Any]] | None = None,
    mode: str = "each",
    apply: Callable[..., Iterator[Any]] | None = None,
) -> BatchPlan:
    """Decide the event for every selected project and write down what would happen."""
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
    at = parts.now()
    header = Header(
        event=event,
        by=by if isinstance(by, str) else by.id,
        at=at.isoformat(timespec="microseconds"),
        where=plain(dict(where)),
        data=plain(dict(data or {})),
        mode=mode,
    )
    own = {project: plain(dict(given)) for project, given in (each or {}).items()}
    _check_text(header.where, header.data, *own.values())
    writer = PlanWriter(header)
    try:
        _decide_all(parts, header, Actors(parts, by), selection, at, own, writer)
    except BaseException:
        writer.close()
        raise
    return writer.finish(apply)


def _decide_all(
    parts: EngineParts,
    header: Header,
    actors: Actors,
    selection: Selection,
    at: dt.datetime,
    own: Mapping[str, Tree],
    writer: PlanWriter,
) -> None:
    """Write a line for each project that the event would move, or that it is refused. `own` is
    what is given for a project alone."""
    seen: set[str] = set()
    for snapshots in _undecided(parts, selection, header, actors, at, own, writer):
        asked = [(one, _given(header, own.get(one.project.id))) for one in snapshots]
        answers = answers_for(parts, header.event, actors, asked, at)
        for snapshot in snapshots:
            if snapshot.project.id in seen:
                seen.discard(snapshot.project.id)
                continue
            lines = list(_planned(parts, snapshot, header, actors, at, own, answers))
            for line in lines:
                writer.add(line)
            seen.update(line.project for line in lines if line.project != snapshot.project.id)


def _check_text(*trees: Tree) -> None:
    for tree in trees:
        if tree and not storable(canonical(tree)):
            raise invalid(
                "not_text",
                path="data",
                ko="글이 아닌 문자(짝이 없는 서로게이트)가 들어 있습니다.",
                en="it holds something that is not text (half a surrogate pair)",
            )


def answers_for(
    parts: EngineParts,
    event: str,
    actors: Actors,
    asked: Iterable[tuple[Snapshot, Mapping[str, Any]]],
    at: dt.datetime,
    key: str | None = None,
) -> Mapping[str, Answers]:
    """Return, by project, what those who can look at many answer about firing the event on these
    projects with this data."""
    known = []
    for snapshot, data in asked:
        try:
            known.append((snapshot, actors.at(snapshot), data))
        except NotFound:
            continue  # told where it is decided
    return parts.ask_together(event, known, at, key)


def _given(header: Header, own: Tree | None) -> Mapping[str, Any]:
    """Return the data of all, and on top of it a project's own."""
    return header.data if own is None else {**header.data, **own}


def _undecided(
    parts: EngineParts,
    selection: Selection,
    header: Header,
    actors: Actors,
    at: dt.datetime,
    each: Mapping[str, Tree],
    writer: PlanWriter,
) -> Iterator[Sequence[Snapshot]]:
    """Write the lines of projects that come out like one before them; yield all others, several
    at once where none can be like another."""
    first = next(iter(parts.storage.select(attrs.evolve(selection, limit=1))), None)
    if (
        first is None
        or selection.on is None
        or each
        or not parts.alike(first.plan, first.lifecycle, header.event)
    ):
        snapshots = iter(parts.storage.snapshots(selection))
        while some := list(islice(snapshots, BLOCK)):
            yield some
        return
    known: dict[tuple[str, ...], _Template | None] = {}
    for found in positions(parts.storage, selection):
        kind = found[3:]
        template = known.get(kind)
        if template is not None:
            writer.put(template.line(found), notices=template.notices)
            continue
        snapshot = parts.storage.snapshot(found.project)
        if snapshot is None:  # pragma: no cover - a project is never deleted
            continue
        moved = (snapshot.project.version, snapshot.project.head) != (found.version, found.head)
        if kind not in known and not moved:
            alike = parts.alike(found.plan, found.lifecycle, header.event)
            lines = list(_planned(parts, snapshot, header, actors, at, {}, {})) if alike else []
            known[kind] = _Template(lines[0]) if lines and lines[0].allowed else None
            for line in lines:
                writer.add(line)
            if lines:
                continue
        yield [snapshot]


class _Template:
    """The line of one project, to be filled in for others that come out alike."""

    def __init__(self, line: Planned) -> None:
        holes = {"head": "\0head", "project": "\0project", "version": "\0version"}
        text = canonical({**line.tree(), **holes})
        self.notices = len(line.notices)
        self._pieces = []
        for hole in ("head", "project", "version"):  # in the order of keys in canonical text
            before, _, text = text.partition(canonical(f"\0{hole}"))
            self._pieces.append(before)
        self._pieces.append(text)

    def line(self, found: ProjectPosition) -> str:
        """Return the project's line."""
        first, second, third, last = self._pieces
        return (
            f"{first}{quoted(found.head)}{second}{quoted(found.project)}"
            f"{third}{found.version}{last}"
        )


def _planned(
    parts: EngineParts,
    snapshot: Snapshot,
    header: Header,
    actors: Actors,
    at: dt.datetime,
    each: Mapping[str, Tree],
    answers: Mapping[str, Answers],
) -> Iterator[Planned]:
    """Yield the line of the project, and of those that move together with it."""
    project = snapshot.project
    own = each.get(project.id)
    try:
        decisions, _ = parts.decide(
            snapshot,
            header.event,
            actors.at(snapshot),
            at,
            _given(header, own),
            answers=answers.get(project.id),
        )
    except (NotFound, InvalidInput) as error:
        yield _line(project, None, reasons=(_reason_for(error),), data=own)
        return
    first = decisions[0]
    if not first.checks[0].passed:  # its own state: the others of its unit are not held up by it
        yield _line(project, None, reasons=first.reasons, data=own)
        return
    part = None
    if first.event.together is not None:
        part = project.id
    reasons = tuple(dict.fromkeys(reason for each_ in decisions for reason in each_.reasons))
    moves = [decision.move for decision in decisions]
    if not reasons:
        try:
            check_commit(Commit(moves=tuple([move for move in moves if move is not None])))
        except InvalidInput as error:
            reasons = (_reason_for(error),)
    for decision, move in zip(decisions, moves, strict=True):
        yield _line(
            decision.snapshot.project,
            None if reasons else move,
            reasons=reasons,
            data=own,
            part=part,
        )


def _line(
    project: Project,
    move: Move | None,
    *,
    reasons: tuple[Reason, ...] = (),
    data: Tree = None,
    part: str | None = None,
) -> Planned:
    line = Planned(
        project=project.id,
        unit=project.unit,
        version=project.version,
        head=project.head,
        before=project.states,
        period=project.period,
        reasons=reasons,
        part=part,
        data=data,
    )
    if move is None:
        return line
    entry = move.entry
    rating = entry.rating or {}
    return changed(
        line,
        unit=entry.unit,
        after=entry.after,
        period_after=None if entry.period_after == entry.period else entry.period_after,
        role=entry.role,
        on_behalf_of=entry.on_behalf_of,
        rate=rating.get("rate"),
        band=rating.get("band"),
        notices=tuple(sorted([(n.name, n.recipient, n.notifier) for n in move.notices])),
        seal=seal(move),
    )


def _reason_for(error: EvalflowError) -> Reason:
    code = "not_found" if isinstance(error, NotFound) else "bad_data"
    return Reason(code=code, ko=error.text("ko"), en=error.text("en"))
