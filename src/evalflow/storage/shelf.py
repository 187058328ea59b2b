"""What `StorageBase` keeps where: the keys of a shelf, and how what lies under them is read and
written."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

import attrs

from evalflow.errors import StorageError
from evalflow.model import (
    Assignment,
    Entry,
    Label,
    Notice,
    Outgoing,
    PlanEntry,
    PlanMove,
    Project,
    Snapshot,
)
from evalflow.model.canonical import canonical, parse
from evalflow.model.ids import place
from evalflow.storage.defined import Defined, project_then
from evalflow.storage.rows import (
    Row,
    entry_from,
    moment,
    notice_row,
    outgoing_from,
    plan_entry_from,
    plan_entry_row,
    project_from,
    project_row,
    snapshot_from,
)

VERSION = "1"
"""How keys and texts are written; kept under the key `evalflow`."""


class Shelf(Protocol):
    """Texts under keys, as they stand at one moment. Keys are texts that may hold NUL; they are in
    the order of their code points, which is that of their bytes in UTF-8."""

    def get(self, key: str) -> str | None:
        """Return the text under a key, or None."""
        ...

    def scan(self, start: str, end: str) -> Iterator[tuple[str, str]]:
        """Yield (key, text) of every key from `start` up to but without `end`, in order."""
        ...


class WritableShelf(Shelf, Protocol):
    """A shelf that is being changed: it reflects at once what was put."""

    def put(self, key: str, text: str) -> None:
        """Store a text under a key, replacing what was there."""
        ...

    def remove(self, key: str) -> None:
        """Remove a key, which must exist."""
        ...


def at_key(*parts: str | int) -> str:
    """Return a key: its parts with NUL between, which no id holds; numbers so that they sort."""
    return "\0".join([f"{part:016}" if isinstance(part, int) else part for part in parts])


def under(shelf: Shelf, *parts: str | int, since: str = "") -> Iterator[tuple[str, str]]:
    """Yield what lies under a key, in order; `since` is where to begin, if not at its start."""
    prefix = at_key(*parts)
    return shelf.scan(since or prefix + "\0", prefix + "\1")


def page_under(
    shelf: Shelf, parts: tuple[str, ...], after: int, limit: int | None, *, newest: bool
) -> Iterator[tuple[int, str]]:
    """Yield (number, text) of what lies by its number under a key: what is behind the number
    `after`, at most `limit`; with `newest` the last first, what is before it (0: all)."""
    prefix = at_key(*parts)
    if not newest:
        found = under(shelf, *parts, since=at_key(prefix, max(after, 0) + 1))
    else:  # a shelf is read from its start
        end = at_key(prefix, after) if after > 0 else prefix + "\1"
        found = reversed(deque(shelf.scan(prefix + "\0", end), maxlen=limit))
    for key, text in islice(found, limit):
        yield int(key.rpartition("\0")[2]), text


def check_version(found: str | None) -> None:
    """Raise `StorageError` (`newer`) where a later evalflow wrote the shelf."""
    if found not in (None, VERSION):
        raise StorageError(
            "newer",
            ko="이 저장소는 더 새로운 evalflow로 만들었습니다. evalflow를 업그레이드하십시오.",
            en="a later evalflow made the store; upgrade evalflow",
        )


def count(shelf: WritableShelf, what: str) -> int:
    """Return the next number of what is counted, from 1, without gaps."""
    key = at_key("count", what)
    number = int(shelf.get(key) or 0) + 1
    shelf.put(key, str(number))
    return number


def project_key(project: str) -> str:
    """Return where a project stands: its key sorts by plan and number, as `Selection` promises."""
    plan, _, number = project.rpartition("/")
    other, value, text = place(number)
    digits = str(value)
    return at_key("project", plan, f"{other:d}{len(digits):016}{digits}", text)


def projects_of(shelf: Shelf, plan: str | None) -> Iterator[Project]:
    """Return the projects of a plan (None: of all), in order."""
    found = under(shelf, "project") if plan is None else under(shelf, "project", plan)
    return (project_from(parse(text)) for _, text in found)


def version_at(shelf: Shelf, project: str) -> int:
    """Return how many entries a project has, 0 where there is none."""
    text = shelf.get(project_key(project))
    return 0 if text is None else project_from(parse(text)).version


def snapshot_at(shelf: Shelf, project: Project) -> Snapshot:
    """Return a project with its evaluation in the current period and what its plan stands at."""
    latest = plan_at(shelf, project.plan)[0]
    told, last = last_of(shelf, project.plan), entry_at(shelf, project.id, project.version)
    text = shelf.get(at_key("evaluation", project.id, project.period))
    plan_head = None if told is None else told.hash
    written = None if last is None else moment(last.at)
    found = snapshot_from((*project_row(project), text, latest, plan_head, written))
    return attrs.evolve(found, project=project)


def as_of(shelf: Shelf, project: Project, on: dt.date | None, at: dt.datetime) -> Project | None:
    """Return the project as its last entry up to a moment left it, None where there is none."""
    entries = list(entries_of(shelf, project.id, 0))
    while entries and entries[-1].at > at:
        entries.pop()
    return project_then(project, entries, lambda each: defined_at(shelf, project.id, each), on)


def entry_at(shelf: Shelf, project: str, number: int) -> Entry | None:
    """Return a project's entry with this number, or None."""
    text = shelf.get(at_key("entry", project, number))
    return None if text is None else entry_from(parse(text))


def entries_of(shelf: Shelf, project: str, after: int) -> Iterator[Entry]:
    """Yield a project's entries in order, from number `after` + 1."""
    since = at_key("entry", project, max(after, 0) + 1)
    for _, text in under(shelf, "entry", project, since=since):
        yield entry_from(parse(text))


def left_by(entry: Entry) -> tuple[str, tuple[str, ...], str]:
    """Return what the next entry must start from."""
    return entry.hash, entry.after, entry.period_after


def defined_at(shelf: Shelf, project: str, revision: int | None) -> Defined | None:
    """Return the latest definition up to a plan revision (None: the latest), or None."""
    found = None
    for key, text in under(shelf, "definition", project):
        number = int(key.rpartition("\0")[2])
        if revision is not None and number > revision:
            break
        found = number, text
    if found is None:
        return None
    tree, ko, en, field, units = parse(found[1])
    days = [
        Assignment(unit=unit, since=_day(since), until=_day(until)) for unit, since, until in units
    ]
    return Defined(found[0], tree, Label(ko, en), field, tuple(days))


def _day(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def plan_at(shelf: Shelf, plan: str) -> tuple[int, int]:
    """Return a plan's latest revision, and the number of the last entry of its own history."""
    text = shelf.get(at_key("plan", plan))
    revision, number = (0, 0) if text is None else parse(text)
    return revision, number


def last_of(shelf: Shelf, plan: str) -> PlanEntry | None:
    """Return the last entry of a plan's own history, or None."""
    text = shelf.get(at_key("plan_entry", plan, plan_at(shelf, plan)[1]))
    return None if text is None else plan_entry_from(parse(text))


def write_plan(shelf: WritableShelf, move: PlanMove) -> None:
    """Write an entry of a plan's own history, and the revision that it puts into force."""
    entry, head = move.entry, move.head
    shelf.put(at_key("plan_entry", entry.plan, entry.number), canonical(plan_entry_row(entry)))
    if head is not None:
        text = canonical([head.effective, canonical(head.tree)])
        shelf.put(at_key("head", head.id, head.revision), text)
    shelf.put(at_key("plan", entry.plan), canonical([entry.revision, entry.number]))


def notify(shelf: WritableShelf, notice: Notice) -> None:
    """Put a notice into the outbox, unless it is there."""
    pair = at_key("sent", notice.id, notice.notifier)
    if shelf.get(pair) is not None:
        return
    number = count(shelf, "notices")
    shelf.put(pair, str(number))
    shelf.put(at_key("told", notice.project, number), "")
    sent = Outgoing(notice=notice, state="waiting", tries=0, next_at=notice.at, error=None)
    put_notice(shelf, number, sent)


def notice_at(shelf: Shelf, number: int) -> Outgoing:
    """Return the notice with this number in the outbox."""
    text = shelf.get(at_key("notice", number))
    assert text is not None, "a notice stays in the outbox"
    return outgoing_from(parse(text), number)


def put_notice(
    shelf: WritableShelf, number: int, sent: Outgoing, instead_of: Outgoing | None = None
) -> None:
    """Keep a notice and where its delivery stands, and where it waits to be claimed."""
    if instead_of is not None and instead_of.state == "waiting":
        shelf.remove(_waiting_key(instead_of, number))
    row: Row = (*notice_row(sent.notice), sent.state, sent.tries, moment(sent.next_at), sent.error)
    shelf.put(at_key("notice", number), canonical(row))
    if sent.state == "waiting":
        shelf.put(_waiting_key(sent, number), sent.notice.project)


def _waiting_key(sent: Outgoing, number: int) -> str:
    return at_key("waiting", sent.notice.notifier, moment(sent.next_at), number)
