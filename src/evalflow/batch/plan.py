"""A batch on paper: what would happen to each project, before anything does.

A plan is a text of JSON lines: a header (what was asked), one line a project, a footer (counts
and the fingerprint over all of it). It is kept in a temporary file, so that a million projects
take no more memory than one, and saved as it is.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import IO, Any, NamedTuple, Protocol

import attrs

from evalflow.decision.batched_calls import Answers
from evalflow.decision.decide import Decision
from evalflow.errors import EvalflowError, InvalidInput, NotFound, Problem, Reason
from evalflow.model import Actor, Commit, Move, Project, Selection, Snapshot
from evalflow.model.canonical import Tree, canonical, digest, parse, quoted
from evalflow.storage.contract import Head, ProjectPosition, Storage, check_commit, positions

FORMAT = "batch/1"
MODES = ("each", "all", "unit")
"""How a batch is applied: each project for itself, all or none, all or none in each unit."""

_BLOCK = 256  # lines of a plan that are read or written at a time
_IN_MEMORY = 4_000_000  # characters of a plan that need no file


class Actors:
    """Whoever fires the events of a batch, looked up once in each plan's directory."""

    def __init__(self, parts: EngineParts, by: Actor | str) -> None:
        self._parts, self._by = parts, by
        self._known: dict[str, Actor] = {}

    def in_plan(self, plan: str) -> Actor:
        """Return the actor as the plan's directory knows it.

        Raises:
            NotFound: it does not.
        """
        if not isinstance(self._by, str):
            return self._by
        found = self._known.get(plan)
        if found is None:
            found = self._known[plan] = self._parts.actor(plan, self._by)
        return found


class Decide(Protocol):
    """Decides one firing from a snapshot; see `Engine.fire`."""

    def __call__(
        self,
        snapshot: Snapshot,
        event_name: str,
        by: Actor,
        at: dt.datetime,
        data: Mapping[str, Any],
        *,
        key: str | None = None,
        answers: Answers | None = None,
    ) -> tuple[tuple[Decision, ...], tuple[tuple[str, int], ...]]:
        """Return a decision for each project moved, and the versions looked at beside them."""
        ...


@attrs.frozen(kw_only=True)
class EngineParts:
    """What a batch may ask of the engine, and nothing else.

    `alike` says of (plan, lifecycle, event) whether one decision holds for every project in the
    same states, period and unit; `today` is the day in a plan's office. `ask_together` puts
    the questions of many decisions at once; `decide` takes the answers.
    """

    storage: Storage
    now: Callable[[], dt.datetime]
    actor: Callable[[str, str], Actor]
    decide: Decide
    ask_together: Callable[
        [str, Sequence[tuple[Snapshot, Actor, Mapping[str, Any]]], dt.datetime, str | None],
        Mapping[str, Answers],
    ]
    commit: Callable[[tuple[Move, ...], tuple[tuple[str, int], ...]], None]
    bulk_move: Callable[[Move, Sequence[Head], dt.date | None], None]
    alike: Callable[[str, str, str], bool]
    today: Callable[[str], dt.date]


@attrs.frozen(kw_only=True)
class Planned:
    """What the batch would do with one project.

    Attributes:
        version, head: the last entry that the decision was made on: its number and its hash.
        before: the states now; `after` the states then, None where it is refused.
        period, period_after: the period now and then.
        part: the first of the projects that move together with it (a unit of an event such as
            the bureau's submission), or None.
        role, on_behalf_of: in which role the actor would act.
        rate, band: the rating that would be made, if any.
        notices: (name, recipient, notifier) of the notices that would be sent.
        reasons: why it is refused; all of them.
        data: the project's own data, on top of the batch's.
        seal: a digest of all that would be written, the time apart: what was reviewed.
    """

    project: str
    unit: str
    version: int
    head: str
    before: tuple[str, ...]
    period: str
    after: tuple[str, ...] | None = None
    period_after: str | None = None
    part: str | None = None
    role: str | None = None
    on_behalf_of: str | None = None
    rate: str | None = None
    band: str | None = None
    notices: tuple[tuple[str, ...], ...] = ()
    reasons: tuple[Reason, ...] = ()
    data: Tree = None
    seal: str = ""

    @property
    def allowed(self) -> bool:
        """Say whether it would be done."""
        return self.after is not None

    def tree(self) -> Tree:
        """Return the line as written; what is empty is left out."""
        tree = attrs.asdict(self, recurse=False)
        tree["reasons"] = [_reason_tree(reason) for reason in self.reasons]
        return {name: value for name, value in tree.items() if value not in (None, (), [], "")}

    @classmethod
    def from_tree(cls, tree: Tree) -> Planned:
        """Return the line that `tree` was made from."""
        rest = dict(tree)
        rest["before"] = tuple(rest["before"])
        if rest.get("after") is not None:
            rest["after"] = tuple(rest["after"])
        rest["notices"] = tuple([tuple(each) for each in rest.get("notices", ())])
        rest["reasons"] = tuple([_reason_from(each) for each in rest.get("reasons", ())])
        return cls(**{"head": "", **rest})


class Alike(NamedTuple):
    """A line that differs from a line before it in project, version and head alone."""

    project: str
    version: int
    head: str
    like: Planned

    def planned(self) -> Planned:
        """Return the line in full."""
        return attrs.evolve(self.like, project=self.project, version=self.version, head=self.head)


class Reader:
    """Reads the lines of a plan; those that would be swept, in a tenth of the time.

    A million lines are a few texts with three holes. In canonical text the keys are sorted, so
    the holes stand in one order, `version` last; and a key in quotes never occurs inside a
    string, where quotes have backslashes.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], Planned | None] = {}
        self._last: tuple[tuple[str, str, str], Planned] | None = None

    def read(self, line: str) -> Planned | Alike:
        """Return the line: `Alike` only where it is allowed, alone, and without data."""
        return self._as_last(line) or self._read(line)

    def _as_last(self, line: str) -> Alike | None:
        """Return the line if it differs from the last short one in its holes alone."""
        if self._last is None:
            return None
        (before, between, after), like = self._last
        if not line.startswith(before):
            return None
        head_end = line.find('"', len(before))
        project = head_end + len(between)
        project_end = line.find('"', project)
        if not (line.startswith(between, head_end) and line.startswith(after, project_end)):
            return None
        name, number = line[project:project_end], line[project_end + len(after) : -1]
        if not number.isdecimal() or "\\" in name:
            return None
        return Alike(name, int(number), line[len(before) : head_end], like)

    def _read(self, line: str) -> Planned | Alike:
        head = line.find('"head":"') + 8
        head_end = line.find('"', head)
        project = line.find('"project":"', head_end) + 11
        project_end = line.find('"', project)
        version = line.find('"version":', project_end) + 10
        if not head < head_end < project < project_end < version:
            return Planned.from_tree(parse(line))
        name, number = line[project:project_end], line[version:-1]
        kind = (line[:head], line[head_end:project], line[project_end:version])
        like = self._known.get(kind)
        if like is not None and number.isdecimal() and "\\" not in name:
            self._last = kind, like
            return Alike(name, int(number), line[head:head_end], like)
        planned = Planned.from_tree(parse(line))
        if len(self._known) < _KINDS and _plain_line(planned, name, line[head:head_end], number):
            self._known[kind] = planned
        return planned


_KINDS = 10_000  # different texts that a reader remembers


def _plain_line(planned: Planned, project: str, head: str, version: str) -> bool:
    """Say whether others can be like the line, whose holes were found to hold this."""
    return (
        planned.allowed
        and planned.part is None
        and planned.data is None
        and not planned.reasons
        and (planned.project, planned.head, str(planned.version)) == (project, head, version)
    )


def _reason_tree(reason: Reason) -> Tree:
    tree = attrs.asdict(reason, recurse=False)
    tree["since"] = reason.since and reason.since.isoformat()
    return {name: value for name, value in tree.items() if value not in (None, ())}


def _reason_from(tree: Tree) -> Reason:
    since = tree.get("since")
    return Reason(
        **{
            **tree,
            "who": tuple(tree.get("who", ())),
            "since": since and dt.date.fromisoformat(since),
        }
    )


@attrs.frozen(kw_only=True)
class Header:
    """What was asked: the event, by whom, of which projects, with which data, when."""

    event: str
    by: str
    at: str
    where: Tree
    data: Tree
    mode: str = "each"

    def tree(self) -> Tree:
        """Return the header as written."""
        return {"evalflow": FORMAT, **attrs.asdict(self, recurse=False)}


@attrs.define(eq=False)
class BatchPlan:
    """A reviewed list of firings: iterate over it for its lines, look at `counts`, `save` it,
    `apply` it. Made by `Engine.batch` or `load_batch`; nothing is written by either.

    Attributes:
        header: what was asked.
        counts: how many projects: `planned`, `refused`, and the `notices` that would be sent.
        reasons: for each reason's code, how many projects it refuses.
        fingerprint: over header and lines, so over selection, versions and data.
    """

    header: Header
    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    fingerprint: str
    _text: IO[str] = attrs.field(repr=False)
    _start: int = attrs.field(repr=False)
    _apply: Callable[..., Iterator[Any]] | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        weakref.finalize(self, self._text.close)

    def __iter__(self) -> Iterator[Planned]:
        for line in self.read():
            yield line if isinstance(line, Planned) else line.planned()

    def read(self) -> Iterator[Planned | Alike]:
        """Yield the lines, those that are like one before them in short."""
        read = Reader().read
        for line in self.lines():
            yield read(line)

    def __len__(self) -> int:
        return self.counts["planned"] + self.counts["refused"]

    @property
    def key(self) -> str:
        """Return the idempotency key of every entry that this batch writes."""
        return f"batch:{self.fingerprint[:32]}"

    def lines(self) -> Iterator[str]:
        """Yield the lines of the projects as they are written."""
        place = self._start
        while True:
            self._text.seek(place)  # so that two may read at once
            block = [self._text.readline() for _ in range(_BLOCK)]
            place = self._text.tell()
            for line in block:
                if not line or line.startswith('{"counts"'):
                    return
                yield line.rstrip("\n")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the plan to a file, whole or not at all.

        Raises:
            OSError: the file cannot be written.
        """
        self._text.seek(0)
        part = f"{os.fspath(path)}.part"
        with open(part, "w", encoding="utf-8", newline="\n") as out:
            while block := self._text.read(1 << 20):
                out.write(block)
        os.replace(part, path)

    def apply(self, **how: Any) -> Iterator[Any]:
        """Write what was reviewed and yield a receipt for each project; see `Engine.apply`.

        Raises:
            ValueError: the plan was loaded without an engine; use `Engine.apply(plan)`.
        """
        if self._apply is None:
            raise ValueError("a plan that was loaded is applied by Engine.apply(plan)")
        return self._apply(self, **how)


def meant(plan: BatchPlan, mode: str | None, by: Actor | None) -> str:
    """Return the mode in which a plan is to be applied.

    Raises:
        ValueError: no such mode; or `by` is not whom the plan was made for.
    """
    mode = mode or plan.header.mode
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
    if by is not None and by.id != plan.header.by:
        raise ValueError(f"the plan was made for {plan.header.by}, not for {by.id}")
    return mode


# --------------------------------------------------------------------------- planning


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
    writer = _Writer(header)
    actors = Actors(parts, by)
    seen: set[str] = set()
    own = each or {}
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
    return writer.finish(apply)


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
            known.append((snapshot, actors.in_plan(snapshot.project.plan), data))
        except NotFound:
            continue  # told where it is decided
    return parts.ask_together(event, known, at, key)


def _given(header: Header, own: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the data of all, and on top of it a project's own."""
    return header.data if own is None else {**header.data, **plain(dict(own))}


def _undecided(
    parts: EngineParts,
    selection: Selection,
    header: Header,
    actors: Actors,
    at: dt.datetime,
    each: Mapping[str, Mapping[str, Any]],
    writer: _Writer,
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
        while some := list(islice(snapshots, _BLOCK)):
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
    each: Mapping[str, Mapping[str, Any]],
    answers: Mapping[str, Answers],
) -> Iterator[Planned]:
    """Yield the line of the project, and of those that move together with it."""
    project = snapshot.project
    own = each.get(project.id)
    own_tree = None if own is None else plain(dict(own))
    try:
        decisions, _ = parts.decide(
            snapshot,
            header.event,
            actors.in_plan(project.plan),
            at,
            _given(header, own),
            answers=answers.get(project.id),
        )
    except (NotFound, InvalidInput) as error:
        yield _line(project, None, reasons=(_said(error),), data=own_tree)
        return
    first = decisions[0]
    if not first.checks[0].passed:  # its own state: the others of its unit are not held up by it
        yield _line(project, None, reasons=first.reasons, data=own_tree)
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
            reasons = (_said(error),)
    for decision, move in zip(decisions, moves, strict=True):
        yield _line(
            decision.snapshot.project,
            None if reasons else move,
            reasons=reasons,
            data=own_tree,
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
    return attrs.evolve(
        line,
        unit=entry.unit,
        after=entry.after,
        period_after=None if entry.period_after == entry.period else entry.period_after,
        role=entry.role,
        on_behalf_of=entry.on_behalf_of,
        rate=rating.get("rate"),
        band=rating.get("band"),
        notices=tuple(sorted((n.name, n.recipient, n.notifier) for n in move.notices)),
        seal=seal(move),
    )


def seal(move: Move) -> str:
    """Return a digest of what a move writes, save what the line says by itself (project, number,
    previous hash) and what only says when: the entry's time, how late that is, its key and
    hash, and the numbers of revisions made meanwhile."""
    entry = move.entry
    return digest(
        canonical(
            [
                entry.event,
                entry.actor,
                entry.role,
                entry.on_behalf_of,
                entry.before,
                entry.after,
                entry.period,
                entry.period_after,
                entry.unit,
                entry.lifecycle,
                entry.reason,
                *entry.texts(),
                sorted((n.name, n.recipient, n.notifier) for n in move.notices),
            ]
        )
    )[:32]


def _said(error: EvalflowError) -> Reason:
    code = "not_found" if isinstance(error, NotFound) else "bad_data"
    return Reason(code=code, ko=error.text("ko"), en=error.text("en"))


def plain(value: Any) -> Tree:
    """Return data as a JSON tree: exact numbers and days become text. A float stays what it
    is and is refused by the field that it is meant for."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


class _Writer:
    """Writes a plan line by line."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._text: IO[str] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - the plan keeps it
            max_size=_IN_MEMORY, mode="w+", encoding="utf-8", newline="\n"
        )
        self._hash = hashlib.sha256()
        self._counts: Counter[str] = Counter({"planned": 0, "refused": 0, "notices": 0})
        self._reasons: Counter[str] = Counter()
        self._held: list[str] = [canonical(header.tree())]
        self._write_held()
        self._start = self._text.tell()

    def _write_held(self) -> None:
        text = "\n".join([*self._held, ""])
        self._held.clear()
        self._hash.update(text.encode())
        self._text.write(text)

    def put(self, line: str, *, notices: int, planned: bool = True) -> None:
        """Take the text of a line."""
        self._counts["planned" if planned else "refused"] += 1
        self._counts["notices"] += notices
        self._held.append(line)
        if len(self._held) >= _BLOCK:
            self._write_held()

    def add(self, line: Planned) -> None:
        self._reasons.update({reason.code for reason in line.reasons})
        self.put(canonical(line.tree()), notices=len(line.notices), planned=line.allowed)

    def finish(self, apply: Callable[..., Iterator[Any]] | None) -> BatchPlan:
        if self._held:
            self._write_held()
        fingerprint = self._hash.hexdigest()
        footer = {
            "counts": dict(self._counts),
            "fingerprint": fingerprint,
            "reasons": dict(sorted(self._reasons.items())),
        }
        self._text.write(canonical(footer) + "\n")
        return BatchPlan(
            self._header,
            dict(self._counts),
            dict(self._reasons),
            fingerprint,
            self._text,
            self._start,
            apply,
        )


# --------------------------------------------------------------------------- loading


def load_batch(path: str | os.PathLike[str]) -> BatchPlan:
    """Return the plan in a file, checked line by line; `Engine.apply` applies it.

    Raises:
        InvalidInput: it is no batch plan, of a later version, cut off, or was changed since;
            every malformed line is named.
    """
    name = os.fspath(path)
    try:
        text = open(path, encoding="utf-8", newline="\n")  # noqa: SIM115 - the plan keeps it
    except OSError as error:
        raise InvalidInput(
            [_at(name, None, "no_file", "파일을 열 수 없습니다", str(error))]
        ) from None
    try:
        return _loaded(text, name)
    except UnicodeDecodeError as error:
        text.close()
        raise InvalidInput(
            [_at(name, None, "not_utf8", "UTF-8 글이 아닙니다", f"not UTF-8 text ({error.reason})")]
        ) from None
    except BaseException:
        text.close()
        raise


def _loaded(text: IO[str], name: str) -> BatchPlan:
    problems: list[Problem] = []
    first = text.readline()
    header = _header(first, name)
    start = text.tell()
    hashed = hashlib.sha256(first.encode())
    reader = Reader()
    footer: Tree = None
    counts: Counter[str] = Counter({"planned": 0, "refused": 0, "notices": 0})
    number = 1
    while line := text.readline():
        number += 1
        if footer is not None:
            problems.append(
                _at(
                    name,
                    number,
                    "after_end",
                    "끝줄 뒤에 줄이 더 있습니다",
                    "a line after the footer",
                )
            )
            continue
        try:
            if line.startswith('{"counts"'):
                footer = dict(parse(line))
                continue
            planned: Any = reader.read(line.rstrip("\n"))
            if not (isinstance(planned.project, str) and isinstance(planned.version, int)):
                raise TypeError("project, version")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problems.append(
                _at(
                    name,
                    number,
                    "bad_line",
                    "사업의 줄로 읽을 수 없습니다",
                    f"not a project's line ({type(error).__name__}: {str(error)[:80]})",
                    line.strip()[:60],
                )
            )
            continue
        hashed.update(line.encode())
        full = planned.like if isinstance(planned, Alike) else planned
        counts["planned" if full.allowed else "refused"] += 1
        counts["notices"] += len(full.notices)
    if footer is None:
        problems.append(
            _at(
                name,
                number,
                "cut_off",
                "끝줄이 없습니다: 잘린 파일입니다",
                "no footer: it is cut off",
            )
        )
    elif not problems and footer.get("fingerprint") != hashed.hexdigest():
        problems.append(
            _at(
                name,
                number,
                "changed",
                "지문이 맞지 않습니다: 검토한 뒤에 고친 파일입니다",
                "the fingerprint does not fit: the file was changed after it was made",
            )
        )
    if problems:
        raise InvalidInput(problems)
    reasons = footer.get("reasons", {})
    return BatchPlan(header, dict(counts), reasons, hashed.hexdigest(), text, start)


def _header(line: str, name: str) -> Header:
    try:
        tree = dict(parse(line))
        version = tree.pop("evalflow")
        if version == FORMAT:
            header = Header(**tree)
            if header.mode in MODES and isinstance(header.by, str):
                return header
    except (ValueError, TypeError, KeyError):
        version = None
    shown = version if isinstance(version, str) else line.strip()[:60]
    raise InvalidInput(
        [
            _at(
                name,
                1,
                "no_batch",
                f"일괄 처리 계획({FORMAT})이 아닙니다",
                f"not a batch plan ({FORMAT})",
                shown,
            )
        ]
    )


def _at(
    file: str, line: int | None, code: str, ko: str, en: str, value: str | None = None
) -> Problem:
    return Problem(code=code, file=file, line=line, ko=ko, en=en, value=value)
