"""The storage on PostgreSQL: the contract of `evalflow.Storage`, statement by statement.

A commit of one move is one statement, sent once, that compares, writes and counts; a longer one
is a short transaction. Reads are one statement each, so that each answer is of one moment. The
schema (`steps/`) holds what must be true whoever writes.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

import attrs
import psycopg

from evalflow import Conflict, Entry, InvalidInput, Problem, StorageError
from evalflow.storage import (
    ENTRY_COLUMNS,
    NOTICE_COLUMNS,
    PLAN_ENTRY_COLUMNS,
    REVISION_COLUMNS,
    Commit,
    Head,
    Move,
    Outgoing,
    Pattern,
    PlanMove,
    SchemaFault,
    Settled,
    SQLMoment,
    SQLReads,
    another_store,
    check_commit,
    check_like,
    check_plan_move,
    check_roster,
    check_versions,
    ended,
    entry_from,
    entry_row,
    fault_point,
    inside_of_a_transaction,
    moment,
    not_joinable,
    notice_row,
    outgoing_from,
    plan_entry_row,
    revision_row,
    secrets_of,
    selecting,
    settled_row,
)
from evalflow_postgres import integrity, positions, statements, upgrades
from evalflow_postgres.bulk import (
    COPY,
    EMPTY_TABLE,
    MAKE_TABLE,
    PLAN_WITH,
    PLANNER,
    SHARED_PART,
    bulk_move,
)
from evalflow_postgres.connections import (
    Connection,
    HeldConnection,
    Joined,
    Listener,
    Pool,
    Source,
    own_cursor,
)
from evalflow_postgres.copies import read_copy, write_copy
from evalflow_postgres.failures import (
    brief,
    failure,
    somebody_was_first,
    storage_error,
    was_refused,
)
from evalflow_postgres.integrity import PostgresTables
from evalflow_postgres.moves import MoveRows, across
from evalflow_postgres.url import SCHEMA, channel, check_name, parsed

_TOO_LONG = "54000"  # an index has no room for the text
_NOT_THERE = {"42P01", "42703", "42883"}  # no such table, column, function


class PostgresReads(SQLReads):
    """The reading half, on PostgreSQL, in the schema `schema`."""

    _found_at: tuple[Any, ...] = ()

    place: str
    schema: str
    schema_faults: tuple[SchemaFault, ...]
    transient = False
    """Whether what is read may be rolled back: it is a host's transaction that is read in."""

    def _begin(self, source: Source) -> None:
        self._source = source
        self._schema = upgrades.quoted(self.schema) + "."
        self.dialect = statements.dialect(self._schema)
        self._sql = statements.texts(self._schema)

    def _row(self, sql: str, values: Any = ()) -> Sequence[Any] | None:
        row: Sequence[Any] | None = self._source.row(sql, values)
        return row

    def _rows(self, sql: str, values: Any = ()) -> Generator[Sequence[Any], None, None]:
        return self._source.rows(sql, values)

    def _few(self, sql: str, values: Any = ()) -> Sequence[Sequence[Any]]:
        return self._source.few(sql, values)

    def _mended(self) -> bool:
        """Put right numbers that were set back, where that is ours to do; see `positions`."""
        return False

    def _horizon(self) -> int:
        """Return the position up to which nothing can come any more.

        Raises:
            ValueError: a host's transaction is not READ COMMITTED: its view is older than the
                order, and would miss some.
        """
        found = self._source.row(self._sql["horizon"])
        if found is not None and found[2] and self._mended():
            found = self._source.row(self._sql["horizon"])
        assert found is not None
        horizon, isolation, _ = found
        if isolation not in _MOVING:
            raise ValueError(f"entries are read in READ COMMITTED, not in {isolation.upper()}")
        return int(horizon)

    def entries(
        self, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Iterator[tuple[int, Entry]]:
        """Yield (position, entry) in the order of the positions, or the last first.

        Entries behind one whose transaction has not ended are held back until it has, so a
        reader that remembers the position misses none. Nobody waits for it.

        Raises:
            ValueError: a host's transaction is not READ COMMITTED: its view is older than the
                order, and would miss some.
        """
        first, last = after, self._horizon()
        if newest:
            first, last = 0, min(last, after - 1) if after else last
        if last <= first:
            return
        rows = self._sql["entries_newest" if newest else "entries"]
        for row in self._rows(rows, (first, last, limit)):
            yield row[len(ENTRY_COLUMNS)], entry_from(row)


_MOVING = ("read committed", "read uncommitted")
"""How a transaction is isolated that sees what others commit meanwhile."""


class PostgresMoment(SQLMoment, PostgresReads):
    """The store as it stood at one moment; made by `PostgresStorage.reading`."""

    def __init__(self, connection: Connection, of: PostgresReads, upto: int | None) -> None:
        """Read on a connection whose transaction holds the moment; every position up to `upto` was
        settled when it began (None: nobody knows, so `entries` cannot be asked)."""
        super().__init__()
        self.place, self.schema, self.schema_faults = of.place, of.schema, of.schema_faults
        self.transient = of.transient
        self._connection = connection
        self._upto = upto
        self._begin(Joined(connection))

    def _stream(self, sql: str, values: Any) -> Generator[Sequence[Any], None, None]:
        return self._source.rows(sql, values)

    def _row(self, sql: str, values: Any = ()) -> Sequence[Any] | None:
        if self._ended:
            raise ended()
        return PostgresReads._row(self, sql, values)

    def _few(self, sql: str, values: Any = ()) -> Sequence[Sequence[Any]]:
        if self._ended:
            raise ended()
        return PostgresReads._few(self, sql, values)

    def _horizon(self) -> int:
        return super()._horizon() if self._upto is None else self._upto

    @contextmanager
    def tables(self) -> Iterator[PostgresTables]:
        """Give every row as it lies there: for verification."""
        yield PostgresTables(self._connection, self.schema, self._schema, self.place, self._horizon)


def check_joinable(connection: object) -> None:
    """Raise InvalidInput where a host's connection is none of psycopg, or is closed."""
    if not isinstance(connection, psycopg.Connection):
        raise not_joinable(connection, "a connection of psycopg (3)")
    if connection.closed:
        raise not_joinable(connection, "an open connection of psycopg (3)")


class PostgresStorage(PostgresReads):
    """A storage in one schema of a PostgreSQL database; made by `open_postgres`, or by
    `on_connection` for a host that has its own transaction.

    Optional power: `wait_for_notices`.
    """

    def __init__(self, url: str) -> None:
        """Open the store; see `open_postgres`."""
        conninfo, place, options = parsed(url)
        self.place = place
        self.schema: str = options["schema"]
        pool = Pool(
            conninfo,
            place=place,
            limit=options["connections"],
            timeout=options["timeout"],
            secrets=secrets_of(url),
        )
        try:
            with pool.using() as connection:
                upgrades.bring_up(connection, self.schema, place)
                positions.mend(connection, upgrades.quoted(self.schema) + ".", place)
                self.schema_faults = integrity.warn(connection, self.schema, place)
        except BaseException:
            pool.close()
            raise
        self._pool: Pool | None = pool
        self._begin(pool)

    @classmethod
    def on_connection(cls, connection: Connection, *, schema: str = SCHEMA) -> PostgresStorage:
        """Return a storage on a host's connection: what is fired becomes true when the host
        commits, and never was when it rolls back.

        Nothing is committed, rolled back or closed here (a connection in autocommit, outside
        of a transaction block, commits each write). The store must exist. What fails leaves
        the host's transaction as it was before, ready for more.

        Raises:
            StorageError: `missing`, `foreign` or `newer`: there is no store that can be used.
            InvalidInput: `not_joinable`: it is closed, or no `psycopg.Connection` but one for
                asyncio, a pool …
        """
        check_joinable(connection)
        check_name(schema)
        storage = cls.__new__(cls)
        source = Joined(connection)
        storage.transient = True
        storage.place, storage.schema, storage._pool = source.place, schema, None
        try:
            upgrades.check(connection, schema, source.place)
            storage.schema_faults = integrity.warn(connection, schema, source.place)
        except psycopg.Error as error:
            raise storage_error(error, source.place) from error
        storage._begin(source)
        return storage

    def joined(self, connection: Any) -> PostgresStorage:
        """Return the store in the transaction of a host's psycopg connection; see
        `evalflow.storage.Joins`. Asked once of a connection: that it leads to this store."""
        check_joinable(connection)
        joined = type(self).__new__(type(self))
        source = Joined(connection)
        joined.transient = True
        joined.place, joined.schema, joined._pool = source.place, self.schema, None
        joined.schema_faults = self.schema_faults
        joined._begin(source)
        if connection not in self._joined:
            if joined._home() != self._home():
                raise another_store(source.place)
            self._joined.add(connection)
        return joined

    def _home(self) -> tuple[Any, ...]:
        """Return which server, database and table of it the store is, asked once."""
        if not self._found_at:
            self._found_at = tuple(self._source.row(self._sql["home"]) or ())
        return self._found_at

    def _begin(self, source: Source) -> None:
        super()._begin(source)
        self._joined: WeakSet[Connection] = WeakSet()
        self.channel = channel(self.schema)
        self._listener = (
            Listener(self._pool, self.channel, self._sql["listens"]) if self._pool else None
        )

    def _mended(self) -> bool:
        if self._pool is None:
            return False
        with self._pool.using() as connection:
            positions.mend(connection, self._schema, self.place)
        return True

    def close(self) -> None:
        """Close the connections; a host's connection stays as it is."""
        if self._listener is not None:
            self._listener.close()
        self._source.close()

    @contextmanager
    def reading(self) -> Iterator[PostgresMoment]:
        """Give the store as it stands at this moment; see the contract. On a host's connection it
        is what the host's transaction sees: one moment where that is isolated so, or where
        nobody else writes meanwhile."""
        with self._source.moment(self._sql["horizon"]) as (connection, asked, moving):
            upto = asked[0] if asked[1] in _MOVING else None
            then = PostgresMoment(connection, self, upto)
            before = self._behind(upto) if moving else None
            try:
                yield then
            finally:
                then.end()
            if before is not None and self._behind(upto) != before:
                raise Conflict(self.place)

    def _behind(self, position: int | None) -> Any:
        found = self._source.row(self._sql["behind"], (position,))
        return None if found is None else tuple(found)

    def trusted_now(self) -> dt.datetime:
        """Return the present moment by the server's clock."""
        found = self._source.row("SELECT clock_timestamp()")
        assert found is not None
        moment_there: dt.datetime = found[0]
        return moment_there.astimezone(dt.UTC)

    @contextmanager
    def tables(self) -> Iterator[PostgresTables]:
        """Give every row as it lies there, all of one moment (see `reading`): for
        verification."""
        with self.reading() as then, then.tables() as found:
            yield found

    def copy_to(self, path: str | os.PathLike[str]) -> None:
        """Write the store, as it stands at one moment, into a new file, also while others write;
        see the contract."""
        with self._source.moment(self._sql["horizon"]) as (connection, _, moving):
            if moving:
                raise ValueError("a copy is of one moment: not inside of a host's transaction")
            write_copy(connection, self.schema, os.fspath(path))

    def restore_from(self, path: str | os.PathLike[str]) -> None:
        """Put such a copy into this store, which is empty; see the contract."""
        try:
            with self._source.writing() as connection:
                read_copy(connection, self.schema, os.fspath(path), self.place)
            with self._source.writing() as connection:
                upgrades.bring_up(connection, self.schema, self.place)
                self.schema_faults = integrity.warn(connection, self.schema, self.place)
        except psycopg.DataError as error:  # what stands in the file is no row of ours
            raise failure("damaged", os.fspath(path), brief(error)) from error
        except psycopg.Error as error:
            if was_refused(error):
                raise failure("damaged", os.fspath(path), brief(error)) from error
            raise storage_error(error, self.place) from error

    def hold(self) -> HeldConnection | None:
        """Return the right to run the store, None where another program has it; see the contract.

        It is a lock of the server's on a connection of its own, and is lost with it.
        """
        if self._pool is None:
            raise ValueError("a host's transaction does not run a store")
        connection = self._pool.connect()
        try:
            found = connection.execute(self._sql["hold"]).fetchone()
        except psycopg.Error as error:
            connection.close()
            raise storage_error(error, self.place) from error
        if found is None or not found[0]:
            connection.close()
            return None
        return HeldConnection(connection)

    # ------------------------------------------------------------------ writing

    def commit(self, commit: Commit) -> None:
        """Write everything in `commit`, durable on return (on a host's connection: when the
        host commits); see the contract."""
        check_commit(commit)
        alone = _alone(commit)
        under = commit.revisions[0][1] if alone and commit.revisions else None
        free = under is not None and self._pool is not None
        rows = MoveRows.of(commit.moves, self._schema, under, free=free) if commit.moves else None
        try:
            if alone and fault_point.listener is None:
                assert rows is not None
                written = self._write_alone(rows)
                if written is None or written[0] != 1:
                    raise self._refusal(commit)
                listening = rows.shape.notified and written[1]
            else:
                listening = self._commit_in_steps(commit, rows)
        except psycopg.Error as error:
            listening = self._failed(commit, error)
        fault_point("commit:done")
        if listening:
            self._tell()

    def _write_alone(self, rows: MoveRows) -> Sequence[Any] | None:
        """Write a single move by one statement. One that rests on the plan's revision sees what
        was in force when it began: where it would have to wait for somebody who has the project, it
        writes nothing, and is sent again behind one that waits."""
        statement = rows.statement
        if rows.shape.free:
            written: Sequence[Any] | None = self._source.write(statement, rows.values)
            if written is None or written[-1]:
                return written
            statement = rows.waiting(self._schema)
        held = (self._sql["held"], ([rows.values["project"]],)) if rows.shape.under else None
        return self._source.write(statement, rows.values, first=held)

    def _tell(self) -> None:
        """Wake who waits for notices. Not within the commit: commits that notify wait for one
        another, to the end of the disk's write. A wake-up that is lost costs the deliverer the
        rest of its pause, and the notice nothing."""
        with suppress(psycopg.Error, StorageError):
            self._source.write(self._sql["tell"], (self.channel,))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Give a connection inside of a transaction that begins by seeing to it that the schema is
        still the one that this release writes.

        Raises:
            StorageError: `newer`: a later release has raised it.
        """
        with self._source.writing() as connection:
            ((present,),) = _fetch(connection, self._sql["version"], ())
            upgrades.check_version(present, self.place)
            yield connection

    def _check_version(self) -> None:
        found = self._source.row(self._sql["version"])
        if found is not None:
            upgrades.check_version(found[0], self.place)

    def _commit_in_steps(self, commit: Commit, rows: MoveRows | None) -> bool:
        """Write in a transaction of several statements; a fault point's listener gets one too,
        so that it can stop between what is written and what is durable.

        Return whether somebody listens who must be told.
        """
        listening = False
        with self._writing() as connection:
            fault_point("commit:begun")
            self._compare(connection, commit)
            for each in commit.plans:
                self._enter(connection, each)
            if commit.lifecycle is not None:
                connection.execute(self._sql["keep"], commit.lifecycle)
            if rows is not None:
                written = _fetch(connection, rows.statement, rows.values)
                if written[0][0] != len(commit.moves):
                    raise self._refusal(commit, connection)
                listening = rows.shape.notified and written[0][1]
            for notice in commit.reminders:
                told = dict(zip(NOTICE_COLUMNS, notice_row(notice), strict=True))
                connection.execute(self._sql["remind"], told)
            fault_point("commit:written")
        return listening

    def _enter(self, connection: Connection, move: PlanMove) -> None:
        """Write an entry of a plan's history, and the revision that it puts into force."""
        values = dict(zip(PLAN_ENTRY_COLUMNS, plan_entry_row(move.entry), strict=True))
        if connection.execute(self._sql["enter"], values).rowcount != 1:
            raise Conflict(move.entry.plan, expected=move.entry.number - 1)
        if move.head is not None:
            values = dict(zip(REVISION_COLUMNS, revision_row(move.head), strict=True))
            if connection.execute(self._sql["revise"], values).rowcount != 1:
                raise Conflict(move.head.id)

    def _compare(self, connection: Connection, commit: Commit) -> None:
        """Hold the projects, in one order for everybody, and raise Conflict where one of them
        does not stand at the version given, or what the decision rests on is no longer so.

        Plans and rosters are read after the projects are held, by statements of their own: what
        was committed while we waited is seen. A revision that is still being written when they
        are read comes after this commit.
        """
        expected = [
            *commit.unchanged,
            *((move.entry.project, move.expected) for move in commit.moves),
        ]
        if expected:
            ids = [project for project, _ in expected]
            check_versions(dict(_fetch(connection, self._sql["lock"], (ids,))), expected)
        if commit.revisions:
            plans = [plan for plan, _ in commit.revisions]
            latest = dict(_fetch(connection, self._sql["latest"], (plans,)))
            check_versions(latest, commit.revisions)
        for roster in commit.rosters:
            sql, values = selecting(self.dialect, roster.selection, "position")
            check_roster(roster, [row[0] for row in _fetch(connection, sql, values)])

    def bulk_move(
        self, like: Move, heads: Sequence[Head], *, on: dt.date | None, under: int | None = None
    ) -> None:
        """Move the projects as `like` moves its own, by one statement; see the contract."""
        check_like(like)
        if not heads:
            return
        pattern = Pattern(like)
        rows = pattern.rows(heads)
        statement = bulk_move(
            self._schema,
            pattern.moved,
            pattern.regions,
            dated=on is not None,
            notices=bool(pattern.notices),
            under=under is not None,
        )
        values = dict(zip(ENTRY_COLUMNS, entry_row(like.entry), strict=True))
        values |= {"to_plan": like.project.plan, "to_unit": pattern.unit, "on": on}
        values |= {"same_period": pattern.same_period, "under": under}
        if pattern.notices:
            values |= dict(zip(SHARED_PART, across(pattern.notices), strict=True))
        listening: Sequence[bool]
        try:
            with self._writing() as connection:
                fault_point("commit:begun")
                _copy(connection, rows)
                planner = _fetch(connection, PLANNER, ())
                connection.execute(PLAN_WITH, ("off", "off", "off"))
                ((written, *listening),) = _fetch(connection, statement, values)
                connection.execute(PLAN_WITH, planner[0])
                # The statement saw what it saw when it began, also where it waited for a project.
                plan = like.project.plan
                latest = dict(_fetch(connection, self._sql["latest"], ([plan],)))
                if written != len(rows) or under not in (None, latest.get(plan, 0)):
                    raise Conflict(heads[0][0], expected=heads[0][1])
                fault_point("commit:written")
        except psycopg.Error as error:
            first = _first(like, *rows[0])
            if was_refused(error):  # a key, or what only other programs can write
                raise Conflict(first.entry.project, expected=first.expected) from error
            listening = [self._failed(Commit(moves=(first,)), error)]
        fault_point("commit:done")
        if any(listening):
            self._tell()

    def _refusal(self, commit: Commit, connection: Connection | None = None) -> Exception:
        """Return why a commit was not written: Conflict where somebody was first, else
        ValueError."""

        def find(name: str, values: Sequence[Any]) -> list[Any]:
            if connection is not None:
                return _fetch(connection, self._sql[name], values)
            return list(self._source.rows(self._sql[name], values))

        if connection is None:
            self._check_version()
        ids = [move.entry.project for move in commit.moves]
        versions = dict(find("versions", (ids,))) if ids else {}
        for move in commit.moves:
            entry = move.entry
            # Inside of our transaction the moves of this very commit are seen as well.
            seen = (move.expected,) if connection is None else (move.expected, entry.number)
            if versions.get(entry.project, 0) not in seen:
                return Conflict(entry.project, expected=move.expected)
            if entry.key is None:
                continue
            used = find("key_used", (entry.project, entry.key))
            if used and versions.get(entry.project, 0) == move.expected:
                return Conflict(entry.project, expected=move.expected)
        # Of a commit with revisions of its own they were compared before these were written.
        if commit.revisions and (connection is None or not commit.plans):
            latest = dict(find("latest", ([plan for plan, _ in commit.revisions],)))
            for plan, revision in commit.revisions:
                if latest.get(plan, 0) != revision:
                    return Conflict(plan, expected=revision)
        moved = ", ".join(ids[:3])
        return ValueError(f"{moved}: evalflow: the entry does not continue the history")

    def _failed(self, commit: Commit, error: psycopg.Error) -> bool:
        """Raise what an error during a commit means; or return, where it was written all the
        same, whether there are notices to tell of."""
        if somebody_was_first(error):
            first = next(iter(commit.moves), None)
            name = first.entry.project if first else commit.plans[0].entry.plan
            raise Conflict(name, expected=first.expected if first else None) from error
        if isinstance(error, psycopg.errors.UniqueViolation) and self._numbers_were_set_back():
            name = commit.moves[0].entry.project if commit.moves else self.place
            raise Conflict(name) from error
        if was_refused(error):
            for each in commit.plans:
                check_plan_move(each, self.plan_entry(each.entry.plan))
            refusal = self._refusal(commit)
            if isinstance(refusal, Conflict):
                raise refusal from error
            raise ValueError(f"{refusal} ({brief(error)})") from error
        if error.sqlstate in _NOT_THERE:  # it may be another release's by now
            self._check_version()
        if error.sqlstate == _TOO_LONG:
            raise _too_long(commit) from error
        if error.sqlstate is None and self._was_written(commit, error):
            return any(move.notices for move in commit.moves)
        raise storage_error(error, self.place) from error

    def _numbers_were_set_back(self) -> bool:
        """Say whether a number came a second time, and put it right: the same write goes through
        when it is tried again, as after every `Conflict`."""
        found = self._source.row(self._sql["horizon"])
        return found is not None and bool(found[2]) and self._mended()

    def _was_written(self, commit: Commit, error: psycopg.Error) -> bool:
        """Look, on a new connection, whether a commit was written whose answer was lost.

        Raises:
            StorageError: nobody can be asked.
        """
        if self._pool is None or not commit.moves:
            return False
        entry = commit.moves[0].entry
        deadline = time.monotonic() + self._pool.timeout
        while True:
            try:
                self._source.row(self._sql["settled"], (entry.project,))
                found = self._source.row(
                    self._sql["written"], (entry.project, entry.number, entry.hash)
                )
            except StorageError:
                if time.monotonic() > deadline:
                    raise failure("unknown_end", self.place, brief(error)) from error
                time.sleep(0.05)
            else:
                return found is not None

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
        """Return up to `limit` waiting notices, leased to the caller; see the contract. What
        another deliverer is just claiming is passed over, not waited for.

        Raises:
            InvalidInput: the connection is a host's, and not in autocommit: what is sent cannot be
                taken back with the host's transaction.
        """
        if isinstance(self._source, Joined) and not self._source.autocommits():
            raise inside_of_a_transaction()
        values = {
            "notifier": notifier,
            "at": moment(at),
            "until": moment(at + lease),
            "limit": limit,
            "plan": plan,
        }
        try:
            with self._writing() as connection:
                rows = _fetch(connection, self._sql["claim"], values)
                fault_point("claim:claimed")
        except psycopg.Error as error:
            raise storage_error(error, self.place) from error
        return [outgoing_from(row) for row in rows]

    def settle(self, outcomes: Iterable[Settled]) -> None:
        """Record the outcomes of delivery attempts, in one transaction."""
        turns: list[dict[tuple[str, str], Settled]] = []
        for outcome in outcomes:  # the same notice twice: one after another, as told
            pair = outcome.notice, outcome.notifier
            turn = next((turn for turn in turns if pair not in turn), None)
            if turn is None:
                turns.append(turn := {})
            turn[pair] = outcome
        if not turns:
            return
        try:
            with self._writing() as connection:
                for turn in turns:
                    connection.execute(self._sql["settle"], across(map(settled_row, turn.values())))
                fault_point("settle:written")
        except psycopg.Error as error:
            raise storage_error(error, self.place) from error

    def resend(self, notices: Iterable[tuple[str, str]], *, at: dt.datetime) -> int:
        """Put dead letters back to waiting with no tries; return how many there were."""
        pairs = list(notices)
        if not pairs:
            return 0
        values = ([p[0] for p in pairs], [p[1] for p in pairs], moment(at))
        try:
            with self._writing() as connection:
                ((sent, listening),) = _fetch(connection, self._sql["resend"], values)
        except psycopg.Error as error:
            raise storage_error(error, self.place) from error
        if sent and listening:
            self._tell()
        return int(sent)

    def wait_for_notices(self, timeout: float) -> bool:
        """Wait until a commit has written notices, at most `timeout` seconds; say whether there
        may be some. A deliverer waits here between two looks into the outbox.

        The first call, and the first after a lost connection, returns True at once: what came
        before was not heard. A storage on a host's connection only waits, and says True.

        Raises:
            StorageError: the database cannot be reached.
        """
        if self._listener is None:
            time.sleep(timeout)
            return True
        return self._listener.wait(timeout)


# --------------------------------------------------------------------------- committing


def _copy(connection: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Put the rows of a bulk move into the session's own table for them."""
    connection.execute(MAKE_TABLE)
    connection.execute(EMPTY_TABLE)  # the same transaction may have moved others before
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in rows:
            copy.write_row(row)


def _first(like: Move, place: int, project: str, number: int, previous: str, hash: str) -> Move:
    """Return the entry of one project of a bulk move, as the move that would have written it."""
    entry = attrs.evolve(like.entry, project=project, number=number, previous=previous, hash=hash)
    return attrs.evolve(like, entry=entry, expected=number - 1)


def _fetch(connection: Connection, statement: str, values: Any) -> list[Any]:
    with own_cursor(connection) as cursor:
        return cursor.execute(statement, values).fetchall()


def _too_long(commit: Commit) -> InvalidInput:
    name = commit.moves[0].entry.project if commit.moves else ""
    return InvalidInput(
        [
            Problem(
                code="too_long",
                path=name,
                ko="식별자(사업, 알림, 키)가 너무 깁니다. 2,000바이트 안으로 줄이십시오.",
                en="an identifier (project, notice or key) is too long; keep it below 2,000 bytes",
            )
        ]
    )


def _alone(commit: Commit) -> bool:
    """Say whether the commit is a single move that one statement can compare and write: it rests on
    nothing but the project itself and its plan's latest revision."""
    if len(commit.moves) != 1 or commit.unchanged or commit.rosters or commit.reminders:
        return False
    move = commit.moves[0]
    plans = [plan for plan, _ in commit.revisions]
    return (
        not commit.plans
        and commit.lifecycle is None
        and (not plans or (plans == [move.project.plan] and move.expected > 0))
    )
