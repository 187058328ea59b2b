"""What no program may write, whatever SQL it sends: the store's own guards."""

from __future__ import annotations

import psycopg
import pytest
from evalflow_postgres import PostgresStorage, failures
from on_postgres import (
    contents,
    version,
)

from evalflow.testing.given import (
    entry_after,
    given_project,
)

pytestmark = pytest.mark.servers

COLUMNS = (
    "project, number, event, actor, role, on_behalf_of, at, before, after, period, period_after, "
    "unit, revision, lifecycle, reason, data, rating, evaluation, late, key, previous, hash"
)
RIGHT = {
    "number": "3",
    "before": "after",
    "period": "period_after",
    "key": "NULL",
    "previous": "hash",
    "hash": "repeat('a', 64)",
}


def entry(**wrong: str) -> str:
    """An entry made of the last one, by plain SQL."""
    values = [{**RIGHT, **wrong}.get(name, name) for name in COLUMNS.split(", ")]
    return f"INSERT INTO entry ({COLUMNS}) SELECT {', '.join(values)} FROM entry WHERE number = 2"


def moving(**wrong: str) -> str:
    """The same, with the project moved by the same statement."""
    number = {**RIGHT, **wrong}["number"]
    return (
        f"WITH moved AS (UPDATE project SET version = {number}, head = repeat('a', 64)) "
        f"{entry(**wrong)}"
    )


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param(entry(), id="an entry without moving the project"),
        pytest.param(moving(number="2"), id="a second move from the same version"),
        pytest.param(moving(number="4"), id="a gap"),
        pytest.param(moving(number="1"), id="a number from before"),
        pytest.param(moving(previous="previous"), id="another predecessor"),
        pytest.param(moving(before='\'["approved","unchanged"]\''), id="other states before"),
        pytest.param(moving(after='\'["approved","unchanged"]\''), id="other states after"),
        pytest.param(moving(period="'2016-Q4'"), id="another period"),
        pytest.param(moving(key="'used'"), id="a used key"),
        pytest.param(moving(project="'nowhere/1'"), id="an entry of no project"),
        pytest.param("UPDATE entry SET reason = 'no'", id="changing entries"),
        pytest.param("DELETE FROM entry WHERE number = 2", id="deleting an entry"),
        pytest.param("TRUNCATE entry CASCADE", id="emptying the history"),
        pytest.param("UPDATE project SET states = '[\"approved\"]'", id="editing states"),
        pytest.param("UPDATE project SET version = version + 1", id="moving without an entry"),
        pytest.param("UPDATE project SET version = version - 1", id="moving back"),
        pytest.param(
            "UPDATE project SET (version, head, states) = (SELECT 1, hash, after FROM entry "
            "WHERE number = 1)",
            id="moving back to an entry",
        ),
        pytest.param("UPDATE project SET period = '2016-Q4'", id="editing the period"),
        pytest.param("UPDATE project SET id = plan || '/7', number = '7'", id="renaming"),
        pytest.param("DELETE FROM project", id="deleting a project"),
        pytest.param("TRUNCATE project CASCADE", id="emptying the projects"),
        pytest.param(
            "INSERT INTO project SELECT plan || '/7', plan, '7', label_ko, label_en, unit, field, "
            "states, visits, period, 5, lifecycle, revision, band, head, change FROM project",
            id="a project from nowhere",
        ),
        pytest.param(
            "INSERT INTO plan_revision SELECT plan, 3, effective, tree FROM plan_revision",
            id="a gap in the revisions",
        ),
        pytest.param(
            "INSERT INTO plan_revision SELECT plan, 2, effective, tree FROM plan_revision",
            id="a revision without an entry of the plan",
        ),
        pytest.param("UPDATE plan_entry SET actor = 'x'", id="changing a plan's entry"),
        pytest.param("DELETE FROM plan_entry", id="deleting a plan's entry"),
        pytest.param("TRUNCATE plan_entry", id="deleting all entries of plans"),
        pytest.param(
            "INSERT INTO plan_entry SELECT plan, 3, event, actor, role, on_behalf_of, at, "
            "revision, effective, head_after, head_after, lifecycle, reason, data, hash, hash "
            "FROM plan_entry",
            id="a gap in a plan's entries",
        ),
        pytest.param("UPDATE plan_revision SET tree = '{}'", id="changing a revision"),
        pytest.param("DELETE FROM plan_revision", id="deleting a revision"),
        pytest.param("TRUNCATE plan_revision", id="emptying the revisions"),
        pytest.param("UPDATE definition SET tree = '{}'", id="changing a definition"),
        pytest.param("DELETE FROM definition", id="deleting a definition"),
        pytest.param("TRUNCATE definition CASCADE", id="emptying the definitions"),
        pytest.param(
            "INSERT INTO definition SELECT project, 0, 'x', 'x', field, '{}' FROM definition",
            id="a definition from before",
        ),
        pytest.param(
            "INSERT INTO notice (id, project, number, name, recipient, role, notifier, subject_ko, "
            "subject_en, at, data, next_at) SELECT id || 'x', project, number + 7, name, "
            "recipient, role, notifier, subject_ko, subject_en, at, data, next_at FROM notice",
            id="a notice of no entry",
        ),
        pytest.param("UPDATE notice SET number = 1", id="a notice of another entry"),
    ],
)
def test_another_program_cannot_break_the_history(
    storage: PostgresStorage, host: psycopg.Connection, sql: str
) -> None:
    project = given_project(storage)
    storage.commit(entry_after(project, key="used", state="submitted", told=("a",)))
    before = contents(host)
    host.commit()

    with pytest.raises(psycopg.DatabaseError) as refused:
        host.execute(sql)
    host.rollback()

    assert failures.was_refused(refused.value), refused.value
    assert contents(host) == before


def test_a_right_statement_of_another_program_moves_the_project(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    """The refusals above are for what is wrong in each statement, not for the rest of it."""
    storage.commit(entry_after(given_project(storage), state="submitted"))
    host.execute(moving())
    host.commit()

    assert version(storage) == 3


def test_positions_cannot_be_chosen(storage: PostgresStorage, host: psycopg.Connection) -> None:
    storage.commit(entry_after(given_project(storage)))
    with pytest.raises(psycopg.Error, match="position"):
        host.execute("INSERT INTO entry (position) VALUES (1)")
