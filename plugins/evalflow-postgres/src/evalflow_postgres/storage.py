"""The storage on PostgreSQL: the contract of `evalflow.Storage`, statement by statement.

A commit of one move is one statement, sent once, that compares, writes and counts; a longer one
is a short transaction. Reads are one statement each, so that each answer is of one moment. The
schema (`steps/`) holds what must be true whoever writes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import attrs
import psycopg

from evalflow import (
    Conflict,
    Entry,
    Evaluation,
    InvalidInput,
    Label,
    Problem,
    Project,
    StorageError,
)
from evalflow.storage import (
    Commit,
    Head,
    Move,
    Outgoing,
    ProjectPosition,
    Selection,
    Settled,
    Snapshot,
    canonical,
    check_commit,
    check_like,
    fault_point,
    parse,
)
from evalflow.storage.rows import (
    ENTRY_COLUMNS,
    Pattern,
    Rebuilt,
    entry_from,
    entry_row,
    moment,
    named,
    notice_row,
    outgoing_from,
    project_from,
    project_row,
    snapshot_from,
)
from evalflow_postgres import statements, upgrades
from evalflow_postgres.connections import Connection, Joined, Listener, Pool, Source
from evalflow_postgres.failures import (
    brief,
    said,
    somebody_was_first,
    told,
    was_refused,
)
from evalflow_postgres.statements import (
    ASSIGNMENT_PART,
    EVER,
    NOTICE_PART,
    PLAN_WITH,
    PLANNER,
    SWEPT_COPY,
    SWEPT_EMPTY,
    SWEPT_TABLE,
    TOLD_PART,
    Shape,
)

SCHEMA = "evalflow"
"""The schema that is used where the URL names none."""

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_TOO_LONG = "54000"  # an index has no room for the text


class PostgresStorage:
    """A storage in one schema of a PostgreSQL database; made by `open_postgres`, or by
    `on_connection` for a host that has its own transaction.

    Optional power: `wait_for_notices`.
    """

    def __init__(self, url: str) -> None:
        """Open the store; see `open_postgres`."""
        conninfo, place, options = _parsed(url)
        self.place = place
        self.schema: str = options["schema"]
        pool = Pool(conninfo, place=place, limit=options["connections"], timeout=options["timeout"])
        try:
            with pool.using() as connection:
                upgrades.bring_up(connection, self.schema, place)
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
        """
        _check_name(schema)
        storage = cls.__new__(cls)
        source = Joined(connection)
        storage.place, storage.schema, storage._pool = source.place, schema, None
        try:
            upgrades.check(connection, schema, source.place)
        except psycopg.Error as error:
            raise told(error, source.place) from error
        storage._begin(source)
        return storage

    def _begin(self, source: Source) -> None:
        self._source = source
        self._schema = upgrades.quoted(self.schema)
        self._sql = statements.texts(self._schema)
        self.channel = _channel(self.schema)
        self._listener = (
            Listener(self._pool, self.channel, self._sql["listens"]) if self._pool else None
        )

    def close(self) -> None:
        """Close the connections; a host's connection stays as it is."""
        if self._listener is not None:
            self._listener.close()
        self._source.close()

    # ------------------------------------------------------------------ writing

    def commit(self, commit: Commit) -> None:
        """Write everything in `commit`, durable on return (on a host's connection: when the
        host commits); see the contract."""
        check_commit(commit)
        rows = _Rows.of(commit.moves, self._schema) if commit.moves else None
        alone = len(commit.moves) == 1 and not (commit.unchanged or commit.head)
        try:
            if alone and not commit.lifecycle and fault_point.listener is None:
                assert rows is not None
                written = self._source.write(rows.statement, rows.values)
                if written is None or written[0] != 1:
                    raise self._refusal(commit)
                listening = rows.shape.told and written[1]
            else:
                listening = self._commit_in_steps(commit, rows)
        except psycopg.Error as error:
            listening = self._failed(commit, error)
        fault_point("commit:done")
        if listening:
            self._tell()

    def _tell(self) -> None:
        """Wake who waits for notices. Not within the commit: commits that notify wait for one
        another, to the end of the disk's write. A wake-up that is lost costs the deliverer the
        rest of its pause, and the notice nothing."""
        with suppress(psycopg.Error, StorageError):
            self._source.write(self._sql["tell"], (self.channel,))

    def _commit_in_steps(self, commit: Commit, rows: _Rows | None) -> bool:
        """Write in a transaction of several statements; a fault point's listener gets one too,
        so that it can stop between what is written and what is durable.

        Return whether somebody listens who must be told.
        """
        listening = False
        with self._source.writing() as connection:
            fault_point("commit:begun")
            self._compare(connection, commit)
            if commit.head is not None:
                head = commit.head
                revised = connection.execute(
                    self._sql["revise"],
                    {
                        "plan": head.id,
                        "revision": head.revision,
                        "effective": head.effective,
                        "tree": canonical(head.tree),
                    },
                )
                if revised.rowcount != 1:
                    raise Conflict(head.id)
            if commit.lifecycle is not None:
                connection.execute(self._sql["keep"], commit.lifecycle)
            if rows is not None:
                written = _fetch(connection, rows.statement, rows.values)
                if written[0][0] != len(commit.moves):
                    raise self._refusal(commit, connection)
                listening = rows.shape.told and written[0][1]
            fault_point("commit:written")
        return listening

    def _compare(self, connection: Connection, commit: Commit) -> None:
        """Hold the projects, in one order for everybody, and raise Conflict where one of them
        does not stand at the version given."""
        expected = [
            *commit.unchanged,
            *((move.entry.project, move.expected) for move in commit.moves),
        ]
        if not expected:
            return
        ids = [project for project, _ in expected]
        versions = dict(_fetch(connection, self._sql["lock"], (ids,)))
        for project, version in expected:
            if versions.get(project, 0) != version:
                raise Conflict(project, expected=version)

    def bulk_move(self, like: Move, heads: Sequence[Head], *, on: dt.date | None) -> None:
        """Move the projects as `like` moves its own, by one statement; see the contract."""
        check_like(like)
        if not heads:
            return
        pattern = Pattern(like)
        rows = pattern.rows(heads)
        statement = statements.bulk_move(
            self._schema,
            pattern.moved,
            pattern.regions,
            dated=on is not None,
            told=bool(pattern.told),
        )
        values = dict(zip(ENTRY_COLUMNS, entry_row(like.entry), strict=True))
        values |= {"to_plan": like.project.plan, "to_unit": pattern.unit, "on": on}
        values |= {"same_period": pattern.same_period}
        if pattern.told:
            values |= dict(zip(TOLD_PART, _across(pattern.told), strict=True))
        listening: Sequence[bool]
        try:
            with self._source.writing() as connection:
                fault_point("commit:begun")
                _copy(connection, rows)
                planner = _fetch(connection, PLANNER, ())
                connection.execute(PLAN_WITH, ("off", "off", "off"))
                ((written, *listening),) = _fetch(connection, statement, values)
                connection.execute(PLAN_WITH, planner[0])
                if written != len(rows):
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
        moved = ", ".join(ids[:3])
        return ValueError(f"{moved}: evalflow: the entry does not continue the history")

    def _failed(self, commit: Commit, error: psycopg.Error) -> bool:
        """Raise what an error during a commit means; or return, where it was written all the
        same, whether there are notices to tell of."""
        if somebody_was_first(error):
            first = next(iter(commit.moves), None)
            name = first.entry.project if first else commit.head.id if commit.head else ""
            raise Conflict(name, expected=first.expected if first else None) from error
        if was_refused(error):
            refusal = self._refusal(commit)
            if isinstance(refusal, Conflict):
                raise refusal from error
            raise ValueError(f"{refusal} ({brief(error)})") from error
        if error.sqlstate == _TOO_LONG:
            raise _too_long(commit) from error
        if error.sqlstate is None and self._was_written(commit, error):
            return any(move.notices for move in commit.moves)
        raise told(error, self.place) from error

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
                    raise said("unknown_end", self.place, brief(error)) from error
                time.sleep(0.05)
            else:
                return found is not None

    # ------------------------------------------------------------------ plans

    def plans(self) -> tuple[str, ...]:
        """Return the ids of all plans, in order."""
        return tuple([row[0] for row in self._source.rows(self._sql["plans"])])

    def head(self, plan: str, revision: int | None = None) -> str | None:
        """Return the canonical text of a plan revision (None: the latest), or None."""
        name, number = ("head", EVER) if revision is None else ("head_of", revision)
        row = self._source.row(self._sql[name], (plan, number))
        return None if row is None else row[0]

    def revisions(self, plan: str) -> tuple[tuple[int, str], ...]:
        """Return (revision, effective period) of every revision of the plan, in order."""
        return tuple([(r[0], r[1]) for r in self._source.rows(self._sql["revisions"], (plan,))])

    def lifecycle(self, fingerprint: str) -> str | None:
        """Return the canonical text of the lifecycle with this fingerprint, or None."""
        row = self._source.row(self._sql["lifecycle"], (fingerprint,))
        return None if row is None else row[0]

    def definition(self, project: str, revision: int | None = None) -> tuple[int, str] | None:
        """Return (its revision, text) of the latest definition up to `revision`, or None."""
        latest = EVER if revision is None else revision
        row = self._source.row(self._sql["definition"], (project, latest))
        return None if row is None else (row[0], row[1])

    def definitions(self, plan: str, revision: int | None = None) -> Iterator[tuple[str, int, str]]:
        """Yield (project id, revision, text) for every project of the plan, in order."""
        latest = EVER if revision is None else revision
        for row in self._source.rows(self._sql["definitions"], (latest, plan)):
            yield row[0], row[1], row[2]

    # ------------------------------------------------------------------ reading projects

    def snapshot(self, project: str) -> Snapshot | None:
        """Return the project and its current evaluation, read in one moment, or None."""
        row = self._source.row(self._sql["snapshot"], (project,))
        return None if row is None else snapshot_from(row)

    def snapshots(self, selection: Selection) -> Iterator[Snapshot]:
        """Yield the snapshots of the selected projects, streamed, all of one moment."""
        statement, values = statements.selecting(self._schema, selection, "snapshot")
        for row in self._source.rows(statement, values):
            yield snapshot_from(row)

    def select(self, selection: Selection) -> Iterator[Project]:
        """Yield the selected projects, streamed, all of one moment."""
        statement, values = statements.selecting(self._schema, selection)
        for row in self._source.rows(statement, values):
            yield project_from(row)

    def positions(self, selection: Selection) -> Iterator[ProjectPosition]:
        """Yield where the selected projects stand, streamed, all of one moment."""
        statement, values = statements.selecting(self._schema, selection, "position")
        return map(ProjectPosition._make, self._source.rows(statement, values))

    def as_of(self, selection: Selection, at: dt.datetime) -> Iterator[Project]:
        """Yield the selected projects as their last entry at or before `at` left them."""
        left, fits = selection.limit, selection.test()
        if left is not None and left <= 0:
            return
        statement, values = statements.as_of(self._schema, selection, moment(at))
        rows = self._source.rows(statement, values)
        try:
            for project in _rebuilt(rows):
                if not fits(project):
                    continue
                yield project
                if left is not None:
                    left -= 1
                    if not left:
                        return
        finally:
            rows.close()  # type: ignore[attr-defined]

    # ------------------------------------------------------------------ reading the rest

    def evaluation(self, project: str, period: str) -> Evaluation | None:
        """Return the project's evaluation for the period, or None."""
        row = self._source.row(self._sql["evaluation"], (project, period))
        return None if row is None else Evaluation.from_tree(parse(row[0]))

    def evaluations(self, plan: str, period: str) -> Iterator[Evaluation]:
        """Yield all evaluations of the plan's projects for the period, in project order."""
        for row in self._source.rows(self._sql["evaluations"], (period, plan)):
            yield Evaluation.from_tree(parse(row[0]))

    def history(self, project: str, *, after: int = 0) -> Iterator[Entry]:
        """Yield the project's entries in order, from number `after` + 1."""
        for row in self._source.rows(self._sql["history"], (project, after)):
            yield entry_from(row)

    def entry_by_key(self, project: str, key: str) -> Entry | None:
        """Return the entry that was written with this idempotency key, or None."""
        row = self._source.row(self._sql["entry_by_key"], (project, key))
        return None if row is None else entry_from(row)

    def entries(self, *, after: int = 0, limit: int | None = None) -> Iterator[tuple[int, Entry]]:
        """Yield (position, entry) in the order in which the positions were drawn.

        Entries behind one whose transaction has not ended are held back until it has, so a
        reader that remembers the position misses none. Nobody waits for it.

        Raises:
            ValueError: a host's transaction is not READ COMMITTED: its view is older than the
                order, and would miss some.
        """
        found = self._source.row(self._sql["horizon"])
        assert found is not None
        horizon, isolation = found
        if isolation not in ("read committed", "read uncommitted"):
            raise ValueError(f"entries are read in READ COMMITTED, not in {isolation.upper()}")
        if horizon <= after:
            return
        for row in self._source.rows(self._sql["entries"], (after, horizon, limit)):
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
        """Return up to `limit` waiting notices, leased to the caller; see the contract. What
        another deliverer is just claiming is passed over, not waited for."""
        values = {
            "notifier": notifier,
            "at": moment(at),
            "until": moment(at + lease),
            "limit": limit,
            "plan": plan,
        }
        try:
            with self._source.writing() as connection:
                rows = _fetch(connection, self._sql["claim"], values)
                fault_point("claim:claimed")
        except psycopg.Error as error:
            raise told(error, self.place) from error
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
            with self._source.writing() as connection:
                for turn in turns:
                    connection.execute(self._sql["settle"], _columns(turn.values()))
                fault_point("settle:written")
        except psycopg.Error as error:
            raise told(error, self.place) from error

    def outbox(self, *, state: str | None = None, project: str | None = None) -> Iterator[Outgoing]:
        """Yield the notices in the outbox, oldest first."""
        values = {"state": state, "project": project}
        for row in self._source.rows(self._sql["outbox"], values):
            yield outgoing_from(row)

    def resend(self, notices: Iterable[tuple[str, str]], *, at: dt.datetime) -> int:
        """Put dead letters back to waiting with no tries; return how many there were."""
        pairs = list(notices)
        if not pairs:
            return 0
        values = ([p[0] for p in pairs], [p[1] for p in pairs], moment(at))
        try:
            row = self._source.write(self._sql["resend"], values)
        except psycopg.Error as error:
            raise told(error, self.place) from error
        assert row is not None
        sent, listening = row
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


@attrs.frozen
class _Rows:
    """The moves of a commit as the statement that writes them, with its values by name."""

    shape: Shape
    statement: str
    values: dict[str, Any]

    @classmethod
    def of(cls, moves: Sequence[Move], schema: str) -> _Rows:
        shape = Shape(
            many=len(moves) > 1 or len(moves[0].notices) > 1,
            adopted=any(move.expected == 0 for move in moves),
            moved=any(move.expected > 0 for move in moves),
            keyed=any(move.entry.key is not None for move in moves),
            evaluated=any(move.evaluation is not None for move in moves),
            defined=any(move.definition is not None for move in moves),
            assigned=any(move.definition and move.definition.assignments for move in moves),
            told=any(move.notices for move in moves),
        )
        rows = [_move_row(move, shape) for move in moves]
        notices = [notice_row(each) for move in moves for each in move.notices]
        if shape.many:
            values = dict(zip(shape.columns, _across(rows), strict=True))
            if notices:
                values.update(zip(NOTICE_PART, _across(notices), strict=True))
        else:
            values = dict(zip(shape.columns, rows[0], strict=True))
            if notices:
                values.update(zip(NOTICE_PART, notices[0], strict=True))
        if shape.assigned:
            assigned = [row for move in moves for row in _assignment_rows(move)]
            values.update(zip(ASSIGNMENT_PART, _across(assigned), strict=True))
        return cls(shape, statements.move(schema, shape), values)


def _copy(connection: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Put the rows of a bulk move into the session's own table for them."""
    connection.execute(SWEPT_TABLE)
    connection.execute(SWEPT_EMPTY)  # the same transaction may have swept before
    with connection.cursor() as cursor, cursor.copy(SWEPT_COPY) as copy:
        for row in rows:
            copy.write_row(row)


def _first(like: Move, place: int, project: str, number: int, previous: str, hash: str) -> Move:
    """Return the entry of one project of a bulk move, as the move that would have written it."""
    entry = attrs.evolve(like.entry, project=project, number=number, previous=previous, hash=hash)
    return attrs.evolve(like, entry=entry, expected=number - 1)


def _across(rows: Iterable[Sequence[Any]]) -> list[Any]:
    return [list(column) for column in zip(*rows, strict=True)]


def _move_row(move: Move, shape: Shape) -> list[Any]:
    project, evaluation, definition = move.project, move.evaluation, move.definition
    row = project_row(project)
    values = [*entry_row(move.entry), row[1], row[2], *row[3:7], row[8], *row[12:14], row[15]]
    if shape.evaluated:
        rating = None if evaluation is None else evaluation.rating
        rate = None if rating is None or rating.rate is None else format(rating.rate, "f")
        values += [
            None if evaluation is None else evaluation.period,
            rate,
            None if rating is None else rating.band,
            None if evaluation is None else evaluation.text(),
        ]
    if shape.defined:
        values += (
            [None] * 4
            if definition is None
            else [
                definition.label.ko,
                definition.label.en,
                definition.field,
                canonical(definition.tree),
            ]
        )
    return values


def _assignment_rows(move: Move) -> Iterator[tuple[Any, ...]]:
    if move.definition is None:
        return
    for position, each in enumerate(move.definition.assignments):
        yield (
            move.project.id,
            move.project.revision,
            position,
            each.unit,
            each.since,
            each.until,
        )


def _columns(outcomes: Iterable[Settled]) -> list[list[str | None]]:
    """Return outcomes as one list per column."""
    return _across(
        [
            (
                outcome.notice,
                outcome.notifier,
                outcome.state,
                None if outcome.next_at is None else moment(outcome.next_at),
                outcome.error,
            )
            for outcome in outcomes
        ]
    )


def _fetch(connection: Connection, statement: str, values: Any) -> list[Any]:
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
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


# --------------------------------------------------------------------------- as of a moment


def _rebuilt(rows: Iterable[Sequence[Any]]) -> Iterator[Project]:
    """Replay the rows of `statements.as_of` into projects."""
    last: Sequence[Any] | None = None
    replay = Rebuilt()
    for row in rows:
        if last is not None and last[0] != row[0]:
            yield _project_then(last, replay)
            replay = Rebuilt()
        rating = None if row[14] is None else parse(row[14])
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


# --------------------------------------------------------------------------- the URL


def _parsed(url: str) -> tuple[str, str, dict[str, Any]]:
    """Return what libpq is given, the URL as it may be shown, and our own options.

    Raises:
        StorageError: an option has no sense.
    """
    start, _, query = url.partition("?")
    given = parse_qsl(query, keep_blank_values=True)
    ours = {name: value for name, value in given if name in ("schema", "timeout", "connections")}
    theirs = [(name, value) for name, value in given if name not in ours]
    names = {name for name, _ in theirs}
    place = re.sub(r"(?<=://)([^/@]*?):[^/@]*@", r"\1@", start)
    schema = ours.get("schema", SCHEMA)
    _check_name(schema)
    timeout, connections = ours.get("timeout", "5"), ours.get("connections", "10")
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", timeout) or float(timeout) == 0:
        raise said("url", place, f"timeout={timeout}")
    if not re.fullmatch(r"[1-9][0-9]{0,3}", connections):
        raise said("url", place, f"connections={connections}")
    for name, value in (
        ("connect_timeout", str(max(round(float(timeout)), 2))),
        ("client_encoding", "UTF8"),
        ("application_name", "evalflow"),
    ):
        if name not in names:
            theirs.append((name, value))
    conninfo = f"{start}?{urlencode(theirs, quote_via=quote)}"  # libpq knows no "+"
    options = {"schema": schema, "timeout": float(timeout), "connections": int(connections)}
    return conninfo, place, options


def _check_name(schema: str) -> None:
    if not _NAME.fullmatch(schema):
        raise said("url", "", f"schema={schema}")


def _channel(schema: str) -> str:
    """Return the channel on which a store says that it has notices (63 bytes at most)."""
    name = f"evalflow:{schema}"
    if len(name) > 63:
        name = f"evalflow:{hashlib.sha256(schema.encode()).hexdigest()[:32]}"
    return name
