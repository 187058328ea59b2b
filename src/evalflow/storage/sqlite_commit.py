"""A commit as rows, how they are written, and what a refusal means."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from evalflow.errors import Conflict
from evalflow.model import Commit, Move, Notice
from evalflow.model.canonical import canonical
from evalflow.model.changed import often_made
from evalflow.model.values import frozen
from evalflow.storage.contract import check_plan_move, check_roster
from evalflow.storage.rows import (
    NOTICE_COLUMNS,
    assignment_rows,
    definition_row,
    entry_row,
    evaluation_row,
    notice_row,
    plan_entry_from,
    plan_entry_row,
    project_row,
    revision_row,
)
from evalflow.storage.sql import check_versions, selecting
from evalflow.storage.sqlite_statements import (
    ADOPT,
    APPEND,
    ASSIGN,
    DEFINE,
    DIALECT,
    ENTER,
    EVALUATE,
    KEEP,
    LATEST,
    NOTIFY,
    REVISE,
    SQL,
    STAND,
    VERSIONS,
)

_AT = NOTICE_COLUMNS.index("at")


@often_made
@frozen
class CommitRows:
    """A commit as rows, made before the transaction begins, so that it is short."""

    plans: list[tuple[Any, ...]]
    heads: list[tuple[Any, ...]]
    lifecycle: tuple[str, str] | None
    adopted: list[tuple[Any, ...]]
    entries: list[tuple[Any, ...]]
    standing: list[tuple[Any, ...]]
    definitions: list[tuple[Any, ...]]
    assigned: list[tuple[Any, ...]]
    evaluations: list[tuple[Any, ...]]
    notices: list[tuple[Any, ...]]

    @classmethod
    def of(cls, commit: Commit) -> CommitRows:
        """Return the rows of a commit."""
        plans = [plan_entry_row(each.entry) for each in commit.plans]
        heads = [revision_row(each.head) for each in commit.plans if each.head is not None]
        rows = cls(plans, heads, commit.lifecycle, [], [], [], [], [], [], [])
        for move in commit.moves:
            rows._add(move)
        for notice in commit.reminders:
            rows._tell(notice)
        return rows

    def _add(self, move: Move) -> None:
        row = project_row(move.project)
        if move.expected == 0:
            self.adopted.append((*row[:7], row[8], move.entry.period, *row[11:14], row[15]))
        else:
            self.standing.append((*row[3:7], row[8], *row[11:14], row[15], row[0]))
        self.entries.append(entry_row(move.entry))
        if (definition := definition_row(move)) is not None:
            self.definitions.append(definition)
            self.assigned.extend(assignment_rows(move))
        if (evaluation := evaluation_row(move)) is not None:
            self.evaluations.append(evaluation)
        for notice in move.notices:
            self._tell(notice)

    def _tell(self, notice: Notice) -> None:
        row = notice_row(notice)
        self.notices.append((*row, row[_AT]))

    @staticmethod
    def last(commit: Commit) -> tuple[str, int, str] | None:
        """Return the last entry of a project that a commit writes (project, number, hash); None
        where there is none, or where a plan's history goes on as well."""
        if not commit.moves or commit.plans:
            return None
        entry = commit.moves[-1].entry
        return entry.project, entry.number, entry.hash

    def write(self, connection: sqlite3.Connection) -> None:
        """Write the rows, in the order that foreign keys and triggers ask for."""
        if self.lifecycle is not None:
            connection.execute(KEEP, self.lifecycle)
        for sql, rows in (
            (ENTER, self.plans),
            (REVISE, self.heads),
            (ADOPT, self.adopted),
            (APPEND, self.entries),
            (STAND, self.standing),
            (DEFINE, self.definitions),
            (ASSIGN, self.assigned),
            (EVALUATE, self.evaluations),
            (NOTIFY, self.notices),
        ):
            if len(rows) == 1:
                connection.execute(sql, rows[0])
            elif rows:
                connection.executemany(sql, rows)


def compare(connection: sqlite3.Connection, expected: Sequence[tuple[str, int]]) -> None:
    """Raise Conflict where one of the projects does not stand at the version given."""
    ids = canonical([project for project, _ in expected])
    check_versions(dict(connection.execute(VERSIONS, (ids,)).fetchall()), expected)


def check_basis(connection: sqlite3.Connection, commit: Commit) -> None:
    """Raise Conflict where what the commit's decision rests on is no longer so."""
    if commit.unchanged:
        compare(connection, commit.unchanged)
    for plan, revision in commit.revisions:
        check_revision(connection, plan, revision)
    for roster in commit.rosters:
        sql, values = selecting(DIALECT, roster.selection, "position")
        check_roster(roster, [row[0] for row in connection.execute(sql, values)])


def check_revision(connection: sqlite3.Connection, plan: str, revision: int) -> None:
    """Raise Conflict where the plan's latest revision is another."""
    (latest,) = connection.execute(LATEST, (plan,)).fetchone()
    if latest != revision:
        raise Conflict(plan, expected=revision)


def refuse(connection: sqlite3.Connection, commit: Commit) -> None:
    """Raise Conflict where somebody was first."""
    compare(connection, [(move.entry.project, move.expected) for move in commit.moves])
    for each in commit.plans:
        row = connection.execute(SQL["plan_entry"], {"plan": each.entry.plan}).fetchone()
        check_plan_move(each, None if row is None else plan_entry_from(row))
    for move in commit.moves:
        entry = move.entry
        if (
            entry.key is not None
            and connection.execute(
                'SELECT 1 FROM entry WHERE project = ? AND "key" = ?', (entry.project, entry.key)
            ).fetchone()
        ):
            raise Conflict(entry.project, expected=move.expected)
