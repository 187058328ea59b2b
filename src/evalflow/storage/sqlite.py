"""The embedded storage: one SQLite file, safe for many threads and processes.

The schema is in `sqlite.sql`, with triggers that hold for other programs too. Here is how it
is used: a pool of connections in autocommit, one short `BEGIN IMMEDIATE` per write behind a
fair queue (`write_queue`), and one statement per read, streamed from its own connection, so that
each answer is of one moment.
"""

# ruff: noqa: S608 - statements are put together from this module's own constants; what a
# caller gives is always bound

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from itertools import chain
from typing import Any

import attrs

from evalflow.errors import Conflict, StorageError
from evalflow.model import (
    Commit,
    Entry,
    Evaluation,
    Label,
    Move,
    Outgoing,
    Project,
    Selection,
    Snapshot,
)
from evalflow.model.canonical import canonical, parse
from evalflow.storage import write_queue
from evalflow.storage.contract import Head, ProjectPosition, Settled, check_commit, check_like
from evalflow.storage.faults import fault_point
from evalflow.storage.rows import (
    ENTRY_COLUMNS,
    NOTICE_COLUMNS,
    OUTGOING_COLUMNS,
    POSITION_COLUMNS,
    PROJECT_COLUMNS,
    Pattern,
    Rebuilt,
    Told,
    entry_from,
    entry_row,
    moment,
    named,
    names,
    notice_row,
    outgoing_from,
    project_from,
    project_row,
    snapshot_from,
)

APPLICATION = 0x65766C66
"""`application_id` of every evalflow store: "evlf"."""

VERSION = 1
"""The schema version that this evalflow writes (`user_version`)."""

UPGRADES: dict[int, str] = {}
"""Schema version -> the SQL that makes the next version of it. Version 1 is the first."""

_OLDEST = (3, 37)  # STRICT tables
_RECOVERY = 1.0  # seconds SQLite itself may wait for a lock before we look at the deadline
_JOURNAL = 64 * 1024 * 1024  # bytes to which the -wal file shrinks after a big commit
_BULK_CACHE = 64 * 1024  # KiB of pages that a connection may keep once it has swept
_IDLE = 8  # connections kept for the next reader or writer
_CHUNK = 256  # rows fetched at a time by a streamed read


def open_sqlite(
    path: str | os.PathLike[str], *, timeout: float = 5.0, synchronous: str = "FULL"
) -> SQLiteStorage:
    """Open the store in the file `path`; it is made where it does not exist (its folder is
    not), and brought to the present schema version where it is older.

    `timeout` is how many seconds a write waits for its turn before it gives up with
    `StorageError` `locked`. `synchronous` is `FULL` (a commit that returned survives a power
    cut) or `NORMAL` (it survives a crash of the program; a power cut may take the last ones,
    whole commits only).

    Raises:
        StorageError: `missing` folder, `foreign` or `corrupt` file, made by a `newer`
            evalflow, `locked` by another program, `read_only` or `full` disk when it has to
            be made.
    """
    return SQLiteStorage(path, timeout=timeout, synchronous=synchronous)


class SQLiteStorage:
    """A storage in one SQLite file; made by `open_sqlite`."""

    def __init__(
        self, path: str | os.PathLike[str], *, timeout: float = 5.0, synchronous: str = "FULL"
    ) -> None:
        """Open the file; see `open_sqlite`."""
        if synchronous.upper() not in {"FULL", "NORMAL", "EXTRA"}:
            raise ValueError(f"synchronous is FULL, NORMAL or EXTRA, not {synchronous!r}")
        if sqlite3.sqlite_version_info < _OLDEST:
            raise _said("unreachable", os.fspath(path), f"SQLite {sqlite3.sqlite_version} < 3.37")
        if os.fspath(path) == ":memory:":
            raise _said("memory", "memory:")
        self.path = os.path.abspath(path)
        self._timeout = timeout
        self._patience = min(timeout, _RECOVERY)
        self._synchronous = synchronous.upper()
        self._closed = False
        self._pool: deque[sqlite3.Connection] = deque()
        self._process = os.getpid()
        self._left_behind: list[Any] = []  # a forked child must not touch its parent's
        self._queue_path = os.path.realpath(self.path) + "-queue"
        _prepare(self.path, timeout)
        self._queue = write_queue.join(self._queue_path)

    def close(self) -> None:
        """Close the connections. A store that nobody has open any more is a single file."""
        if self._closed:
            return
        self._closed = True
        self._meet_fork()
        while self._pool:
            self._pool.pop().close()
        write_queue.part(self._queue_path)

    def copy_to(self, path: str | os.PathLike[str]) -> None:
        """Copy the store as it stands at one moment into a new file, also while others write.

        Raises:
            StorageError: the file cannot be written.
        """
        with self._reading() as connection:
            target = sqlite3.connect(path)
            try:
                connection.backup(target)
            finally:
                target.close()

    # ------------------------------------------------------------------ connections

    def _take(self) -> sqlite3.Connection:
        if self._process != os.getpid():
            self._meet_fork()
        if self._closed:
            raise _said("closed", self.path)
        try:
            return self._pool.pop()
        except IndexError:
            return _connect(self.path, self._synchronous, self._patience)

    def _put(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.rollback()
        if self._closed or len(self._pool) >= _IDLE:
            connection.close()
        else:
            self._pool.append(connection)

    def _meet_fork(self) -> None:
        if self._process == os.getpid():
            return
        self._left_behind += [self._pool, self._queue]
        self._pool = deque()
        self._process = os.getpid()
        self._queue = write_queue.join(self._queue_path)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        connection = self._take()
        try:
            yield connection
        except sqlite3.Error as error:
            raise _storage_error(error, self.path) from error
        finally:
            self._put(connection)

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
        """Yield the rows of one statement, streamed, all as of its beginning."""
        with self._reading() as connection:
            cursor = connection.execute(sql, values)
            try:
                while rows := cursor.fetchmany(_CHUNK):
                    yield from rows
            finally:
                cursor.close()

    def _row(self, sql: str, values: Sequence[Any]) -> Sequence[Any] | None:
        connection = self._take()
        try:
            row: Sequence[Any] | None = connection.execute(sql, values).fetchone()
        except sqlite3.Error as error:
            raise _storage_error(error, self.path) from error
        finally:
            self._put(connection)
        return row

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection inside a write transaction; committed and durable afterwards."""
        connection = self._take()
        try:
            self._begin(connection)
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._queue.give()
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise _storage_error(error, self.path) from error
        finally:
            self._put(connection)

    def _begin(self, connection: sqlite3.Connection) -> None:
        """Wait for this thread's turn and begin to write, all within the time-out."""
        deadline = time.monotonic() + self._timeout
        if not self._queue.take(deadline):
            raise _said("locked", self.path)
        try:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _BUSY:
                    raise
                # Somebody who knows no queue is writing.
                self._begin_when_free(connection, deadline)
        except BaseException:
            self._queue.give()
            raise

    def _begin_when_free(self, connection: sqlite3.Connection, deadline: float) -> None:
        left = max(deadline - time.monotonic(), 0)
        connection.execute(f"PRAGMA busy_timeout = {left * 1000:.0f}")
        try:
            connection.execute("BEGIN IMMEDIATE")
        finally:
            connection.execute(f"PRAGMA busy_timeout = {self._patience * 1000:.0f}")

    # ------------------------------------------------------------------ writing

    def commit(self, commit: Commit) -> None:
        """Write everything in `commit` in one transaction, durable on return; see the contract."""
        check_commit(commit)
        rows = _Rows.of(commit)
        try:
            with self._writing() as connection:
                fault_point("commit:begun")
                if commit.unchanged:
                    _compare(connection, commit.unchanged)
                rows.write(connection)
                fault_point("commit:written")
        except sqlite3.IntegrityError as error:
            # The schema said no. Where somebody was first that is still to be seen.
            with self._reading() as connection:
                _refuse(connection, commit)
            moved = ", ".join([move.entry.project for move in commit.moves[:3]])
            raise ValueError(f"{moved}: {error}") from error
        fault_point("commit:done")

    def bulk_move(self, like: Move, heads: Sequence[Head], *, on: dt.date | None) -> None:
        """Move the projects as `like` moves its own, in one transaction; see the contract."""
        check_like(like)
        if not heads:
            return
        pattern = Pattern(like)
        rows = pattern.rows(heads)
        try:
            with self._writing() as connection:
                fault_point("commit:begun")
                _bulk_move(connection, like, pattern, rows, on)
                fault_point("commit:written")
        except sqlite3.IntegrityError as error:  # a key, or what only other programs can write
            raise Conflict(heads[0][0], expected=heads[0][1]) from error
        fault_point("commit:done")

    # ------------------------------------------------------------------ plans

    def plans(self) -> tuple[str, ...]:
        """Return the ids of all plans, in order."""
        rows = self._rows("SELECT DISTINCT plan FROM plan_revision ORDER BY plan")
        return tuple([row[0] for row in rows])

    def head(self, plan: str, revision: int | None = None) -> str | None:
        """Return the canonical text of a plan revision (None: the latest), or None."""
        row = self._row(
            "SELECT tree FROM plan_revision WHERE plan = ?1 AND revision = coalesce(?2, "
            "(SELECT max(revision) FROM plan_revision WHERE plan = ?1))",
            (plan, revision),
        )
        return None if row is None else row[0]

    def revisions(self, plan: str) -> tuple[tuple[int, str], ...]:
        """Return (revision, effective period) of every revision of the plan, in order."""
        sql = "SELECT revision, effective FROM plan_revision WHERE plan = ? ORDER BY revision"
        return tuple([(row[0], row[1]) for row in self._rows(sql, (plan,))])

    def lifecycle(self, fingerprint: str) -> str | None:
        """Return the canonical text of the lifecycle with this fingerprint, or None."""
        row = self._row("SELECT tree FROM lifecycle WHERE fingerprint = ?", (fingerprint,))
        return None if row is None else row[0]

    def definition(self, project: str, revision: int | None = None) -> tuple[int, str] | None:
        """Return (its revision, text) of the latest definition up to `revision`, or None."""
        row = self._row(
            "SELECT revision, tree FROM definition WHERE project = ? AND revision <= ? "
            "ORDER BY revision DESC LIMIT 1",
            (project, _EVER if revision is None else revision),
        )
        return None if row is None else (row[0], row[1])

    def definitions(self, plan: str, revision: int | None = None) -> Iterator[tuple[str, int, str]]:
        """Yield (project id, revision, text) for every project of the plan, in order."""
        rows = self._rows(
            "SELECT p.id, d.revision, d.tree FROM project AS p JOIN definition AS d "
            "ON d.project = p.id AND d.revision = (SELECT max(revision) FROM definition "
            "WHERE project = p.id AND revision <= ?2) "
            "WHERE p.plan = ?1 ORDER BY p.plan, p.place, p.number",
            (plan, _EVER if revision is None else revision),
        )
        for row in rows:
            yield row[0], row[1], row[2]

    # ------------------------------------------------------------------ reading projects

    def snapshot(self, project: str) -> Snapshot | None:
        """Return the project and its current evaluation, read in one moment, or None."""
        row = self._row(_SNAPSHOT, (project,))
        return None if row is None else snapshot_from(row)

    def snapshots(self, selection: Selection) -> Iterator[Snapshot]:
        """Yield the snapshots of the selected projects, streamed, all of one moment."""
        sql, values = _selecting(selection, "snapshot")
        for row in self._rows(sql, values):
            yield snapshot_from(row)

    def select(self, selection: Selection) -> Iterator[Project]:
        """Yield the selected projects, streamed, all of one moment."""
        sql, values = _selecting(selection)
        for row in self._rows(sql, values):
            yield project_from(row)

    def positions(self, selection: Selection) -> Iterator[ProjectPosition]:
        """Yield where the selected projects stand, streamed, all of one moment."""
        sql, values = _selecting(selection, "position")
        return map(ProjectPosition._make, self._rows(sql, values))

    def as_of(self, selection: Selection, at: dt.datetime) -> Iterator[Project]:
        """Yield the selected projects as their last entry at or before `at` left them."""
        left, fits = selection.limit, selection.test()
        if left is not None and left <= 0:
            return
        sql, values = _as_of(selection, moment(at))
        history = self._rows(sql, values)
        try:
            for project in _rebuilt(history):
                if not fits(project):
                    continue
                yield project
                if left is not None:
                    left -= 1
                    if not left:
                        return
        finally:
            history.close()  # type: ignore[attr-defined]

    # ------------------------------------------------------------------ reading the rest

    def evaluation(self, project: str, period: str) -> Evaluation | None:
        """Return the project's evaluation for the period, or None."""
        sql = "SELECT tree FROM evaluation WHERE project = ? AND period = ?"
        row = self._row(sql, (project, period))
        return None if row is None else Evaluation.from_tree(parse(row[0]))

    def evaluations(self, plan: str, period: str) -> Iterator[Evaluation]:
        """Yield all evaluations of the plan's projects for the period, in project order."""
        rows = self._rows(
            "SELECT e.tree FROM project AS p JOIN evaluation AS e ON e.project = p.id "
            "AND e.period = ?2 WHERE p.plan = ?1 ORDER BY p.plan, p.place, p.number",
            (plan, period),
        )
        for row in rows:
            yield Evaluation.from_tree(parse(row[0]))

    def history(self, project: str, *, after: int = 0) -> Iterator[Entry]:
        """Yield the project's entries in order, from number `after` + 1."""
        sql = f"SELECT {_ENTRY} FROM entry WHERE project = ? AND number > ? ORDER BY number"
        for row in self._rows(sql, (project, after)):
            yield entry_from(row)

    def entry_by_key(self, project: str, key: str) -> Entry | None:
        """Return the entry that was written with this idempotency key, or None."""
        sql = f'SELECT {_ENTRY} FROM entry WHERE project = ? AND "key" = ?'
        row = self._row(sql, (project, key))
        return None if row is None else entry_from(row)

    def entries(self, *, after: int = 0, limit: int | None = None) -> Iterator[tuple[int, Entry]]:
        """Yield (position, entry) in the order in which they were written.

        One writer at a time hands out positions, so a lower one never appears after a
        higher one was seen.
        """
        sql = f"SELECT {_ENTRY}, position FROM entry WHERE position > ? ORDER BY position LIMIT ?"
        for row in self._rows(sql, (after, -1 if limit is None else limit)):
            yield row[len(ENTRY_COLUMNS)], entry_from(row)

    # ------------------------------------------------------------------ outbox

    def claim(
        self,
        notifier: str,
        *,
        at: dt.datetime,
        limit: int,
        lease: dt.timedelta,
        plan: str | None = None,
    ) -> Sequence[Outgoing]:
        """Return up to `limit` waiting notices, leased to the caller; see the contract."""
        asked = (notifier, moment(at), plan)
        if self._row(_DUE, asked) is None:
            return []
        with self._writing() as connection:
            rows = connection.execute(_CLAIMABLE, (*asked, limit)).fetchall()
            positions = canonical([row[-1] for row in rows])
            connection.execute(_CLAIM, (positions, moment(at + lease)))
            fault_point("claim:claimed")
        claimed = (outgoing_from(row) for row in rows)
        return [
            attrs.evolve(outgoing, tries=outgoing.tries + 1, next_at=at + lease)
            for outgoing in claimed
        ]

    def settle(self, outcomes: Iterable[Settled]) -> None:
        """Record the outcomes of delivery attempts, in one transaction."""
        rows = [
            (
                outcome.notice,
                outcome.notifier,
                outcome.state,
                None if outcome.next_at is None else moment(outcome.next_at),
                outcome.error,
            )
            for outcome in outcomes
        ]
        if not rows:
            return
        with self._writing() as connection:
            connection.executemany(_SETTLE, rows)
            fault_point("settle:written")

    def outbox(self, *, state: str | None = None, project: str | None = None) -> Iterator[Outgoing]:
        """Yield the notices in the outbox, oldest first."""
        rows = self._rows(
            f"SELECT {_OUTGOING} FROM notice WHERE (?1 IS NULL OR state = ?1) "
            "AND (?2 IS NULL OR project = ?2) ORDER BY position",
            (state, project),
        )
        for row in rows:
            yield outgoing_from(row)

    def resend(self, notices: Iterable[tuple[str, str]], *, at: dt.datetime) -> int:
        """Put dead letters back to waiting with no tries; return how many there were."""
        rows = [(notice, notifier, moment(at)) for notice, notifier in notices]
        if not rows:
            return 0
        with self._writing() as connection:
            return connection.executemany(_RESEND, rows).rowcount


# --------------------------------------------------------------------------- statements

_EVER = 2**62  # later than any plan revision


def _list(columns: Iterable[str], table: str = "") -> str:
    return ", ".join(f'{table}"{column}"' for column in columns)


_PROJECT = _list(PROJECT_COLUMNS, "p.")
_POSITION = _list(POSITION_COLUMNS, "p.")
_ENTRY = _list(ENTRY_COLUMNS)
_OUTGOING = _list(OUTGOING_COLUMNS)

# A project, its evaluation in the current period, and the plan's latest revision, at once.
_LATEST = "(SELECT max(r.revision) FROM plan_revision AS r WHERE r.plan = p.plan)"
_CURRENT = "LEFT JOIN evaluation AS e ON e.project = p.id AND e.period = p.period"
_SNAPSHOT = f"SELECT {_PROJECT}, e.tree, {_LATEST} FROM project AS p {_CURRENT} WHERE p.id = ?"

# A project is adopted at version 0; the triggers move it when its entry is written.
_ADOPT = (
    "INSERT INTO project (id, plan, number, label_ko, label_en, unit, field, visits, period, "
    "lifecycle, revision, band, change, states, version, head) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', 0, '')"
)

# What an entry does not say about where it leaves the project.
_STAND = (
    "UPDATE project SET label_ko = ?, label_en = ?, unit = ?, field = ?, visits = ?, "
    "lifecycle = ?, revision = ?, band = ?, change = ? WHERE id = ?"
)

# A bulk move keeps what is each project's own in a table of the connection; all else is bound once.
_BULK_TABLE = (
    "CREATE TEMP TABLE swept (place INTEGER PRIMARY KEY, project TEXT, number INTEGER, "
    "previous TEXT, hash TEXT)"
)
_BULK_OWN = "INSERT INTO temp.swept VALUES (?, ?, ?, ?, ?)"

# What a statement for many must say about each of them, in the place of these triggers.
_ROW_BY_ROW = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
    "AND name IN ('entry_follows', 'entry_moves', 'project_follows')"
)


_OWN = {"project", "number", "previous", "hash"}  # of an entry, what differs within a bulk move


@lru_cache(maxsize=2)
def _bulk_append(dated: bool) -> str:
    """Return the statement that writes the entries of those that stand where they should.

    Its values are the entry's that they share, by name, the plan, and, if `dated`, the day on
    which the unit has them.
    """
    values = ", ".join([f"s.{name}" if name in _OWN else f":{name}" for name in ENTRY_COLUMNS])
    unit = "p.unit"
    if dated:
        unit = _UNIT_ON.format(project="p.id", revision="p.revision", else_="p.unit")
    return (
        f"INSERT INTO entry ({_ENTRY}) SELECT {values} "
        "FROM temp.swept AS s CROSS JOIN project AS p WHERE p.id = s.project "
        "AND p.version = s.number - 1 AND p.head = s.previous AND p.states = :before "
        f"AND p.period = :period AND p.lifecycle = :lifecycle AND p.plan = :plan "
        f"AND {unit} = :unit ORDER BY s.place"
    )


@lru_cache(maxsize=64)
def _swept(moved: tuple[int, ...], regions: int) -> str:
    """Return the statement that brings swept projects to where their entries leave them.

    Its values are states, period and unit afterwards, and whether they keep their bands.
    """
    visits = "visits"
    if len(moved) == regions:
        visits = "'[' || " + " || ',' || ".join(["s.number"] * regions) + " || ']'"
    elif moved:
        visits = "json_set(visits, " + ", ".join([f"'$[{n}]', s.number" for n in moved]) + ")"
    return (
        "UPDATE project SET version = s.number, states = ?, period = ?, head = s.hash, unit = ?, "
        f"visits = {visits}, band = CASE WHEN ? THEN band END "
        "FROM temp.swept AS s WHERE project.id = s.project"
    )


@lru_cache(maxsize=16)
def _bulk_notify(told: int) -> str:
    """Return the statement that writes so many notices for each project of a bulk move.

    Its values are those of `Told`, one after another.
    """
    line = ", ".join("?" * len(Told._fields))
    values = ", ".join([f"({n}, {line})" for n in range(told)])
    return (
        f"INSERT INTO notice ({_list(NOTICE_COLUMNS)}, next_at) "
        f"WITH told (place, {', '.join(Told._fields)}) AS (VALUES {values}) "
        "SELECT s.project || ':' || s.number || ':' || rest, s.project, s.number, "
        "told.name, told.recipient, told.role, told.notifier, "
        "ko || s.project || ' ' || p.label_ko, en || s.project || ' ' || p.label_en, "
        "told.at, told.data, told.at "
        "FROM temp.swept AS s CROSS JOIN project AS p CROSS JOIN told WHERE p.id = s.project "
        f"ORDER BY s.place{', told.place' if told > 1 else ''}"
    )


_APPEND = f"INSERT INTO entry ({_ENTRY}) VALUES ({', '.join('?' * len(ENTRY_COLUMNS))})"

_EVALUATE = (
    "INSERT INTO evaluation (project, period, number, rate, band, tree) "
    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (project, period) DO UPDATE SET "
    "number = excluded.number, rate = excluded.rate, band = excluded.band, tree = excluded.tree"
)

_DEFINE = (
    "INSERT INTO definition (project, revision, label_ko, label_en, field, tree) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)

_ASSIGN = (
    "INSERT INTO assignment (project, revision, position, unit, since, until) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)

_NOTIFY = (
    f"INSERT INTO notice ({_list(NOTICE_COLUMNS)}, next_at) "
    f"VALUES ({', '.join('?' * len(NOTICE_COLUMNS))}, ?) ON CONFLICT (id, notifier) DO NOTHING"
)

_REVISE = "INSERT INTO plan_revision (plan, revision, effective, tree) VALUES (?, ?, ?, ?)"

_KEEP = "INSERT INTO lifecycle (fingerprint, tree) VALUES (?, ?) ON CONFLICT DO NOTHING"

_VERSIONS = (
    "SELECT j.key, p.version FROM json_each(?) AS j CROSS JOIN project AS p ON p.id = j.value"
)

# The ids of a plan's projects are `<plan>/<number>`; '0' is the character after '/'.
_WAITING = (
    "state = 'waiting' AND notifier = ?1 AND next_at <= ?2 "
    "AND (?3 IS NULL OR (project > ?3 || '/' AND project < ?3 || '0'))"
)

_DUE = f"SELECT 1 FROM notice WHERE {_WAITING} LIMIT 1"

_CLAIMABLE = (
    f"SELECT {_OUTGOING}, position FROM notice WHERE {_WAITING} ORDER BY next_at, position LIMIT ?4"
)

_CLAIM = (
    "UPDATE notice SET next_at = ?2, tries = tries + 1 "
    "WHERE position IN (SELECT value FROM json_each(?1))"
)

_SETTLE = (
    "UPDATE notice SET state = ?3, next_at = coalesce(?4, next_at), error = ?5, "
    "tries = tries - (?3 = 'waiting' AND ?5 IS NULL) "  # handed back untried
    "WHERE id = ?1 AND notifier = ?2 AND (state = 'waiting' OR ?3 = 'delivered')"
)

_RESEND = (
    "UPDATE notice SET state = 'waiting', tries = 0, next_at = ?3 "
    "WHERE id = ?1 AND notifier = ?2 AND state = 'dead'"
)


# --------------------------------------------------------------------------- committing


@attrs.frozen
class _Rows:
    """A commit as rows, made before the transaction begins, so that it is short."""

    head: tuple[Any, ...] | None
    lifecycle: tuple[str, str] | None
    adopted: list[tuple[Any, ...]]
    entries: list[tuple[Any, ...]]
    standing: list[tuple[Any, ...]]
    definitions: list[tuple[Any, ...]]
    assigned: list[tuple[Any, ...]]
    evaluations: list[tuple[Any, ...]]
    notices: list[tuple[Any, ...]]

    @classmethod
    def of(cls, commit: Commit) -> _Rows:
        head = None
        if commit.head is not None:
            plan = commit.head
            head = (plan.id, plan.revision, plan.effective, canonical(plan.tree))
        rows = cls(head, commit.lifecycle, [], [], [], [], [], [], [])
        for move in commit.moves:
            rows._add(move)
        return rows

    def _add(self, move: Move) -> None:
        project, definition, evaluation = move.project, move.definition, move.evaluation
        row = project_row(project)
        if move.expected == 0:
            self.adopted.append((*row[:7], row[8], move.entry.period, *row[11:14], row[15]))
        else:
            self.standing.append((*row[3:7], row[8], *row[11:14], row[15], row[0]))
        self.entries.append(entry_row(move.entry))
        if definition is not None:
            self.definitions.append(
                (
                    project.id,
                    project.revision,
                    definition.label.ko,
                    definition.label.en,
                    definition.field,
                    canonical(definition.tree),
                )
            )
            self.assigned.extend(
                (
                    project.id,
                    project.revision,
                    position,
                    assignment.unit,
                    assignment.since and assignment.since.isoformat(),
                    assignment.until and assignment.until.isoformat(),
                )
                for position, assignment in enumerate(definition.assignments)
            )
        if evaluation is not None:
            rating = evaluation.rating
            rate = None if rating is None or rating.rate is None else format(rating.rate, "f")
            self.evaluations.append(
                (
                    evaluation.project,
                    evaluation.period,
                    evaluation.number,
                    rate,
                    None if rating is None else rating.band,
                    evaluation.text(),
                )
            )
        for notice in move.notices:
            self.notices.append((*notice_row(notice), moment(notice.at)))

    def write(self, connection: sqlite3.Connection) -> None:
        """Write the rows, in the order that foreign keys and triggers ask for."""
        if self.head is not None:
            connection.execute(_REVISE, self.head)
        if self.lifecycle is not None:
            connection.execute(_KEEP, self.lifecycle)
        for sql, rows in (
            (_ADOPT, self.adopted),
            (_APPEND, self.entries),
            (_STAND, self.standing),
            (_DEFINE, self.definitions),
            (_ASSIGN, self.assigned),
            (_EVALUATE, self.evaluations),
            (_NOTIFY, self.notices),
        ):
            if len(rows) == 1:
                connection.execute(sql, rows[0])
            elif rows:
                connection.executemany(sql, rows)


def _bulk_move(
    connection: sqlite3.Connection,
    like: Move,
    pattern: Pattern,
    rows: Sequence[tuple[Any, ...]],
    on: dt.date | None,
) -> None:
    """Write a bulk move inside the open transaction.

    SQLite has no triggers for whole statements, and the three that look at each row take half
    of the time. Within this transaction, which nobody else sees before it ends, the statement
    itself makes their checks, and the count of rows says whether all passed; a crash brings the
    triggers back, like everything else.
    """
    entry = like.entry
    connection.execute(f"PRAGMA cache_size = -{_BULK_CACHE}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(_BULK_TABLE)
    connection.executemany(_BULK_OWN, rows)
    triggers = connection.execute(_ROW_BY_ROW).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    values = dict(zip(ENTRY_COLUMNS, entry_row(entry), strict=True))
    values |= {"plan": like.project.plan, "on": on and on.isoformat()}
    if connection.execute(_bulk_append(on is not None), values).rowcount != len(rows):
        _, project, number, *_ = rows[0]
        raise Conflict(project, expected=number - 1)
    connection.execute(
        _swept(pattern.moved, pattern.regions),
        (names(entry.after), entry.period_after, pattern.unit, pattern.same_period),
    )
    if told := pattern.told:
        connection.execute(_bulk_notify(len(told)), list(chain.from_iterable(told)))
    for _, sql in triggers:
        connection.execute(sql)
    connection.execute("DROP TABLE temp.swept")


def _compare(connection: sqlite3.Connection, expected: Sequence[tuple[str, int]]) -> None:
    """Raise Conflict where one of the projects does not stand at the version given."""
    ids = canonical([project for project, _ in expected])
    found = dict(connection.execute(_VERSIONS, (ids,)).fetchall())
    for place, (project, version) in enumerate(expected):
        if found.get(place, 0) != version:
            raise Conflict(project, expected=version)


def _refuse(connection: sqlite3.Connection, commit: Commit) -> None:
    """Raise Conflict where somebody was first."""
    _compare(connection, [(move.entry.project, move.expected) for move in commit.moves])
    if commit.head is not None:
        (latest,) = connection.execute(
            "SELECT coalesce(max(revision), 0) FROM plan_revision WHERE plan = ?",
            (commit.head.id,),
        ).fetchone()
        if commit.head.revision != latest + 1:
            raise Conflict(commit.head.id)
    for move in commit.moves:
        entry = move.entry
        if (
            entry.key is not None
            and connection.execute(
                'SELECT 1 FROM entry WHERE project = ? AND "key" = ?', (entry.project, entry.key)
            ).fetchone()
        ):
            raise Conflict(entry.project, expected=move.expected)


# --------------------------------------------------------------------------- selecting

# The unit that answers on a day, as `ProjectDefinition.unit_on` finds it: the first
# assignment in force, else the next to come, else the last that was.
_UNIT_ON = """coalesce((
  SELECT unit FROM (
    SELECT a.unit, a.position, CASE
        WHEN (a.since IS NULL OR a.since <= :on) AND (a.until IS NULL OR a.until >= :on) THEN 0
        WHEN a.since > :on THEN 1 ELSE 2 END AS distance
    FROM assignment AS a WHERE a.project = {project} AND a.revision = {revision})
  ORDER BY distance, iif(distance = 2, -position, position) LIMIT 1), {else_})"""

# The combinations of states that exist are few: step from one to the next in the index, keep
# those with a wanted state in any region, and find the projects by them.
_IN_STATES = """p.states IN (
  WITH RECURSIVE known (states) AS (
    SELECT min(states) FROM project
    UNION ALL
    SELECT (SELECT min(states) FROM project WHERE states > known.states)
    FROM known WHERE known.states IS NOT NULL)
  SELECT states FROM known WHERE states IS NOT NULL AND EXISTS (
    SELECT 1 FROM json_each(known.states) AS one
    WHERE one.value IN (SELECT value FROM json_each(:states))))"""


@lru_cache(maxsize=256)
def _select_sql(given: frozenset[str], what: str) -> str:
    """Return the statement for a selection with these conditions: of each `project`, its
    `snapshot`, or its `positions`."""
    columns = _POSITION if what == "position" else _PROJECT
    unit = "p.unit"
    if "on" in given:
        unit = _UNIT_ON.format(project="p.id", revision="p.revision", else_="p.unit")
        columns = columns.replace('p."unit"', f"{unit} AS unit_on")
        unit = "unit_on"
    conditions = {
        "plan": "p.plan = :plan",
        "ids": "p.id IN (SELECT value FROM json_each(:ids))",
        "units": f"{unit} IN (SELECT value FROM json_each(:units))",
        "fields": "p.field IN (SELECT value FROM json_each(:fields))",
        "states": _IN_STATES,
        "periods": "p.period IN (SELECT value FROM json_each(:periods))",
        "bands": "p.band IN (SELECT value FROM json_each(:bands))",
    }
    order = "ORDER BY p.plan, p.place, p.number"
    if "ids" in given:  # a plus keeps an index out: else the whole plan is read for a few ids
        conditions |= {"plan": "+p.plan = :plan", "states": f"+{_IN_STATES}"}
        order = "ORDER BY +p.plan, p.place, p.number"
    where = " AND ".join(sql for name, sql in conditions.items() if name in given)
    extra, join = "", ""
    if what == "snapshot":
        extra, join = f", e.tree, {_LATEST}", _CURRENT
    return (
        f"SELECT {columns}{extra} FROM project AS p {join} "
        f"{'WHERE ' + where if where else ''} {order} LIMIT :limit"
    )


def _selecting(selection: Selection, what: str = "project") -> tuple[str, Any]:
    values = _values(selection)
    given = frozenset(name for name, value in values.items() if value is not None)
    return _select_sql(given, what), values


def _values(selection: Selection) -> dict[str, Any]:
    limit = selection.limit
    return {
        "plan": selection.plan,
        "ids": _listed(selection.ids),
        "units": _listed(selection.units),
        "on": None if selection.on is None else selection.on.isoformat(),
        "fields": _listed(selection.fields),
        "states": _listed(selection.states),
        "periods": _listed(selection.periods),
        "bands": _listed(selection.bands),
        "limit": -1 if limit is None else max(limit, 0),
    }


def _listed(values: Iterable[str] | None) -> str | None:
    return None if values is None else canonical(sorted(values))


# Everything that the entries up to a moment say, project by project. The definition in force
# then is the latest one made up to the last of these entries.
_AS_OF = """
SELECT p.id, p.plan, p.number, coalesce(d.label_ko, p.label_ko), coalesce(d.label_en, p.label_en),
  {unit}, coalesce(d.field, p.field), last.lifecycle, coalesce(d.revision, last.revision),
  last.hash, e.number, e.after, e.period = e.period_after, e.period_after,
  json_extract(e.rating, '$.band'), e.rating IS NOT NULL
FROM project AS p
JOIN entry AS last ON last.project = p.id AND last.number = (
  SELECT number FROM entry WHERE project = p.id AND at <= :at ORDER BY number DESC LIMIT 1)
LEFT JOIN definition AS d ON d.project = p.id AND d.revision = (
  SELECT max(revision) FROM definition WHERE project = p.id AND revision <= last.revision)
JOIN entry AS e ON e.project = p.id AND e.number <= last.number
{where} ORDER BY p.plan, p.place, p.number, e.number
"""


def _as_of(selection: Selection, at: str) -> tuple[str, Any]:
    unit = "last.unit"
    if selection.on is not None:
        unit = _UNIT_ON.format(project="d.project", revision="d.revision", else_="last.unit")
    conditions = []
    if selection.plan is not None:
        conditions.append("p.plan = :plan")
    if selection.ids is not None:
        conditions.append("p.id IN (SELECT value FROM json_each(:ids))")
    where = "WHERE " + " AND ".join(conditions) if conditions else ""
    return _AS_OF.format(unit=unit, where=where), {**_values(selection), "at": at}


def _rebuilt(rows: Iterable[Sequence[Any]]) -> Iterator[Project]:
    """Replay the rows of `_AS_OF` into projects."""
    last: Sequence[Any] | None = None
    replay = Rebuilt()
    for row in rows:
        if last is not None and last[0] != row[0]:
            yield _project_then(last, replay)
            replay = Rebuilt()
        rating = {"band": row[14]} if row[15] else None
        replay.follow(row[10], named(row[11]), bool(row[12]), rating)
        last = row
    if last is not None:
        yield _project_then(last, replay)


def _project_then(row: Sequence[Any], replay: Rebuilt) -> Project:
    return Project(
        id=row[0],
        plan=row[1],
        number=row[2],
        label=Label(row[3], row[4]),
        unit=row[5],
        field=row[6],
        states=replay.states,
        visits=replay.visits,
        period=row[13],
        version=row[10],
        lifecycle=row[7],
        revision=row[8],
        band=replay.band,
        head=row[9],
    )


# --------------------------------------------------------------------------- opening


def _connect(path: str, synchronous: str, patience: float) -> sqlite3.Connection:
    """Open a connection. Readers in WAL mode wait for nobody but a recovery after a crash;
    for writers `_begin` looks at the clock."""
    try:
        connection = sqlite3.connect(
            path, timeout=patience, isolation_level=None, check_same_thread=False
        )
        try:  # the first statement reads the file: it may be no database
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL}")
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise _storage_error(error, path) from error
    return connection


def _prepare(path: str, timeout: float) -> None:
    """Make the store where there is none, check that it is ours, and bring it up to date."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise _said("missing", folder)
    if os.path.isdir(path):
        raise _said("foreign", path)
    deadline = time.monotonic() + timeout
    connection = _connect(path, "FULL", min(timeout, _RECOVERY))
    try:
        while True:
            try:
                _bring_up(connection, path)
                break
            except sqlite3.OperationalError as error:
                # Others may be making the same file; switching to WAL does not wait for them.
                busy = error.sqlite_errorcode & 0xFF in _BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
    except sqlite3.Error as error:
        raise _storage_error(error, path) from error
    finally:
        connection.close()


def _bring_up(connection: sqlite3.Connection, path: str) -> None:
    if _version(connection, path) == VERSION:
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path)  # again: somebody may have been first
        if version == 0:
            _run(connection, schema())
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
        else:
            for step in range(version, VERSION):
                _run(connection, UPGRADES[step])
        fault_point("upgrade:written")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection, path: str) -> int:
    """Return the schema version, 0 for an empty file.

    Raises:
        StorageError: the file is not an evalflow store, or of a later version.
    """
    alone = not connection.in_transaction
    if alone:  # all three of one moment: somebody may be making the store just now
        connection.execute("BEGIN")
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (things,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        if alone and connection.in_transaction:
            connection.execute("ROLLBACK")
    if application == 0 and version == 0 and things == 0:
        return 0
    if application != APPLICATION or version < 1:
        raise _said("foreign", path)
    if version > VERSION:
        raise _said("newer", path, str(version))
    return int(version)


def schema() -> str:
    """Return the SQL that makes a fresh store of version `VERSION`."""
    return resources.files("evalflow.storage").joinpath("sqlite.sql").read_text("utf-8")


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run the statements of a script inside the open transaction (`executescript` would
    commit it first)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


# --------------------------------------------------------------------------- errors

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

_CODES = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "foreign",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_ERROR: "corrupt",  # a table or column of ours is gone
    sqlite3.SQLITE_SCHEMA: "corrupt",
}

_SENTENCES = {
    "locked": (
        "다른 프로그램이 저장소를 잠그고 있습니다. 잠시 뒤 다시 시도하십시오: {path}",
        "another program keeps the store locked; try again later: {path}",
    ),
    "read_only": (
        "저장소에 쓸 수 없습니다(읽기 전용). 파일과 폴더의 쓰기 권한을 확인하십시오: {path}",
        "the store is read-only; check the permissions of the file and its folder: {path}",
    ),
    "corrupt": (
        "저장소 파일이 손상되었습니다. 백업본으로 되돌리십시오: {path} ({detail})",
        "the store's file is damaged; restore it from a backup: {path} ({detail})",
    ),
    "foreign": (
        "evalflow 저장소가 아닌 파일입니다. 아무것도 바꾸지 않았습니다: {path}",
        "this is not an evalflow store; nothing was changed: {path}",
    ),
    "newer": (
        "더 새로운 evalflow가 만든 저장소입니다(스키마 {detail}). evalflow를 올리십시오: {path}",
        "a later evalflow made this store (schema {detail}); upgrade evalflow: {path}",
    ),
    "full": (
        "디스크가 가득 차서 기록하지 못했습니다. 아무것도 바뀌지 않았습니다: {path}",
        "the disk is full; nothing was written: {path}",
    ),
    "limited": (
        "파일에 기록하지 못했습니다(할당량이나 파일 크기 제한, 또는 디스크 고장). "
        "아무것도 바뀌지 않았습니다: {path}",
        "the file could not be written (a quota, a limit of its size, or a failing disk); "
        "nothing was written: {path}",
    ),
    "missing": (
        "폴더가 없습니다. 먼저 만드십시오: {path}",
        "there is no such folder; make it first: {path}",
    ),
    "closed": (
        "이미 닫은 저장소입니다: {path}",
        "the store was closed: {path}",
    ),
    "memory": (
        "SQLite 파일의 이름이 필요합니다. 메모리에만 두려면 'memory:'를 쓰십시오.",
        "an SQLite store needs a file; for one in memory use 'memory:'",
    ),
    "unreachable": (
        "저장소를 열거나 읽을 수 없습니다: {path} ({detail})",
        "the store cannot be opened or read: {path} ({detail})",
    ),
}


def _said(code: str, path: str, detail: str = "") -> StorageError:
    ko, en = (sentence.format(path=path, detail=detail) for sentence in _SENTENCES[code])
    plain = {"closed": "unreachable", "limited": "full", "memory": "missing"}
    return StorageError(plain.get(code, code), ko=ko, en=en)


def _storage_error(error: sqlite3.Error, path: str) -> StorageError:
    """Return the error that says what `error` means for whoever runs the system."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by the Python module itself
        closed = isinstance(error, sqlite3.ProgrammingError)
        return _said("closed" if closed else "unreachable", path, str(error))
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN and not os.path.isdir(os.path.dirname(path)):
        return _said("missing", os.path.dirname(path))
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN and not os.access(path, os.W_OK):
        return _said("read_only", path)
    if code == sqlite3.SQLITE_IOERR_WRITE:
        return _said("limited", path)
    return _said(_CODES.get(code & 0xFF, "unreachable"), path, str(error))
