"""Whatever is edited in a store on PostgreSQL is found: every column of every table, by
introspection."""

from __future__ import annotations

import json
import logging
import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from evalflow_postgres import PostgresStorage, integrity
from psycopg import sql

import evalflow
from evalflow.plugins import Plugins
from evalflow.testing.office import PLAN_ID, Ticking, plan_text
from evalflow.testing.spoiling import DERIVED, EXCEPTED, lived_in, other

BESIDE = {
    ("store", "application"): "says that it is a store at all: opening refuses anything else",
    ("store", "version"): "says which schema it is: opening refuses a later one",
}


@pytest.fixture
def lived(url: str) -> Iterator[evalflow.Engine]:
    """An engine on a store in which every table has rows."""
    with evalflow.open(url, plugins=["evalflow-postgres"], clock=Ticking()) as engine:
        lived_in(engine)
        yield engine


def schema_of(engine: evalflow.Engine) -> str:
    assert isinstance(engine.storage, PostgresStorage)
    return engine.storage.schema


@contextmanager
def spoilt(database: str, schema: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection of somebody who may do all and puts the triggers aside; whatever was done
    is taken back afterwards: what was seen meanwhile was seen on this very connection."""
    with psycopg.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")  # no triggers, no foreign keys
        connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema)))
        try:
            yield connection
        finally:
            connection.rollback()


def found_on(connection: psycopg.Connection[Any], schema: str) -> list[evalflow.Mismatch]:
    storage = PostgresStorage.on_connection(connection, schema=schema)
    engine = evalflow.Engine(storage, plugins=Plugins.load([]))
    return list(engine.audit.verify())


def columns(connection: psycopg.Connection[Any], schema: str) -> list[tuple[str, str, bool]]:
    """Return (table, column, whether it may be NULL) of every column that there is."""
    asked = (
        "SELECT table_name, column_name, is_nullable = 'YES' FROM information_schema.columns "
        "WHERE table_schema = %s ORDER BY table_name, ordinal_position"
    )
    return connection.execute(asked, (schema,)).fetchall()


@pytest.mark.slow
def test_every_column_of_every_row_that_is_spoiled_is_found(
    database: str, lived: evalflow.Engine
) -> None:
    schema = schema_of(lived)
    silent, tried = [], 0
    with spoilt(database, schema) as connection:
        everything = columns(connection, schema)
        assert set(EXCEPTED) <= {(table, column) for table, column, _ in everything}
        connection.execute("SAVEPOINT before")
        for table, column, nullable in everything:
            if (table, column) in EXCEPTED or (table, column) in BESIDE:
                continue
            rows = connection.execute(
                sql.SQL("SELECT ctid::text, {0} FROM {1} AS t WHERE {2} ORDER BY {0}").format(
                    sql.Identifier(column),
                    sql.Identifier(table),
                    sql.SQL(
                        SEVERAL.replace("{0}", table) if (table, column) in ORDERED else "true"
                    ),
                )
            ).fetchall()
            assert rows, f"nothing stands in {table}: it would not be spoiled"
            for place, value in dict.fromkeys((rows[0], rows[-1])):  # the least and the greatest
                new = other(table, column, value, last=place == rows[-1][0])
                forged = [new, *([None] if nullable and value else [])]
                for new in forged:
                    tried += 1
                    edit(connection, schema, table, column, place, new)
                    found = found_on(connection, schema)
                    names = [f"{table}.{column}" in (each.column or "") for each in found]
                    real = [each for each in found if each.code != "schema_altered"]
                    if not real or (table in DERIVED and column not in KEYS and not any(names)):
                        silent.append((table, column, value, new, found))
                    connection.execute("ROLLBACK TO SAVEPOINT before")
    assert silent == []
    assert tried > 100


ORDERED = {("entry", "position"), ("notice", "position")}
SEVERAL = "1 < (SELECT count(*) FROM {0} AS o WHERE o.project = t.project)"
"""A position says the order among a project's own: a lone one has none. Between projects positions
are not compared on PostgreSQL, where they are drawn before their transactions end."""

KEYS = {"id", "project", "revision", "position", "period"}
"""Columns that say which row it is: another value makes it another row, one too many."""


def edit(
    connection: psycopg.Connection[Any], schema: str, table: str, column: str, place: str, new: Any
) -> None:
    """Write another value, whatever checks stand in the way; these are put back unasked."""
    checks = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = %s::regclass AND contype = 'c'",
        (f'"{schema}"."{table}"',),
    ).fetchall()
    for name, _ in checks:
        connection.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                sql.Identifier(table), sql.Identifier(name)
            )
        )
    identity = (table, column) in {("entry", "position"), ("notice", "position")}
    if identity:
        connection.execute(
            sql.SQL("ALTER TABLE {} ALTER position SET GENERATED BY DEFAULT").format(
                sql.Identifier(table)
            )
        )
    statement = sql.SQL("UPDATE {} SET {} = %s WHERE ctid = %s::tid").format(
        sql.Identifier(table), sql.Identifier(column)
    )
    assert connection.execute(statement, (new, place)).rowcount == 1
    if identity:
        connection.execute(
            sql.SQL("ALTER TABLE {} ALTER position SET GENERATED ALWAYS").format(
                sql.Identifier(table)
            )
        )
    for name, text in checks:
        connection.execute(
            sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {} NOT VALID").format(
                sql.Identifier(table), sql.Identifier(name), sql.SQL(text)
            )
        )


@pytest.mark.slow
def test_every_kind_of_row_that_is_deleted_is_found(database: str, lived: evalflow.Engine) -> None:
    schema = schema_of(lived)
    silent = []
    with spoilt(database, schema) as connection:
        tables = {table for table, _, _ in columns(connection, schema)} - {"store"}
        connection.execute("SAVEPOINT before")
        for table in sorted(tables):
            for order in ("ASC", "DESC"):
                statement = sql.SQL(
                    "DELETE FROM {0} WHERE ctid = (SELECT ctid FROM {0} ORDER BY ctid {1} LIMIT 1)"
                ).format(sql.Identifier(table), sql.SQL(order))
                assert connection.execute(statement).rowcount == 1
                if not found_on(connection, schema):
                    silent.append((table, order))
                connection.execute("ROLLBACK TO SAVEPOINT before")
    assert silent == []


@pytest.mark.parametrize(
    ("statement", "name", "fault"),
    [
        ("DROP TRIGGER entry_unchanged ON entry", "entry.entry_unchanged", "missing"),
        ("ALTER TABLE entry DISABLE TRIGGER entry_stays", "entry.entry_stays", "altered"),
        ("DROP INDEX entry_key", "entry_key", "missing"),
        ("ALTER TABLE project DROP CONSTRAINT project_check", "project.project_check", "missing"),
        (
            "ALTER TABLE entry DROP CONSTRAINT entry_number_check, "
            "ADD CONSTRAINT entry_number_check CHECK (number >= 0)",
            "entry.entry_number_check",
            "altered",
        ),
        (
            "ALTER TABLE notice DROP CONSTRAINT notice_state_check, ADD CONSTRAINT "
            "notice_state_check CHECK (state IN ('waiting', 'delivered', 'dead', 'lost'))",
            "notice.notice_state_check",
            "altered",
        ),
        (
            "ALTER TABLE evaluation DROP CONSTRAINT evaluation_project_number_fkey, ADD CONSTRAINT "
            "evaluation_project_number_fkey FOREIGN KEY (project) REFERENCES project (id)",
            "evaluation.evaluation_project_number_fkey",
            "altered",
        ),
        (
            "DROP INDEX entry_key; CREATE UNIQUE INDEX entry_key ON entry (project, key) "
            "WHERE key IS NOT NULL AND number < 0",
            "entry_key",
            "altered",
        ),
        (
            "CREATE OR REPLACE TRIGGER project_begins BEFORE INSERT ON project FOR EACH ROW "
            "WHEN (NEW.version <> 1 AND NEW.version <> 2) "
            "EXECUTE FUNCTION never('a project begins with its first entry')",
            "project.project_begins",
            "altered",
        ),
        (
            "CREATE OR REPLACE TRIGGER notice_stays_its_own BEFORE UPDATE OF id ON notice "
            "FOR EACH ROW WHEN "
            "(OLD.id <> NEW.id OR OLD.project <> NEW.project OR OLD.number <> NEW.number) "
            "EXECUTE FUNCTION never('a notice is never another')",
            "notice.notice_stays_its_own",
            "altered",
        ),
        (
            "DROP SCHEMA IF EXISTS elsewhere CASCADE; CREATE SCHEMA elsewhere; "
            "CREATE FUNCTION elsewhere.never() RETURNS trigger "
            "LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
            "CREATE OR REPLACE TRIGGER entry_unchanged BEFORE UPDATE ON entry FOR EACH ROW "
            "EXECUTE FUNCTION elsewhere.never('an entry is never changed')",
            "entry.entry_unchanged",
            "altered",
        ),
        ("ALTER TABLE entry ALTER position SET GENERATED BY DEFAULT", "entry.position", "altered"),
        ("ALTER TABLE notice ALTER state SET DEFAULT 'dead'", "notice.state", "altered"),
        ("ALTER TABLE notice ALTER subject_ko DROP NOT NULL", "notice.subject_ko", "altered"),
        (
            "CREATE OR REPLACE FUNCTION never() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RETURN NEW; END'",
            "never",
            "altered",
        ),
        (
            "CREATE TRIGGER mine BEFORE DELETE ON entry FOR EACH ROW EXECUTE FUNCTION never('x')",
            "entry.mine",
            "foreign",
        ),
        ("CREATE RULE mine AS ON INSERT TO notice DO INSTEAD NOTHING", "notice.mine", "foreign"),
        ("ALTER TABLE entry ENABLE ROW LEVEL SECURITY", "entry", "foreign"),
        (
            "CREATE POLICY mine ON entry AS RESTRICTIVE USING (actor <> 'dept-1-1')",
            "entry.mine",
            "foreign",
        ),
        ("CREATE TABLE mine () INHERITS (evaluation)", "evaluation.mine", "foreign"),
        ("CREATE UNIQUE INDEX mine ON evaluation (project)", "mine", "foreign"),
        ("ALTER TABLE notice SET UNLOGGED", "notice", "altered"),
        (
            "ALTER TABLE evaluation DISABLE TRIGGER ALL",
            "evaluation.evaluation_project_number_fkey",
            "altered",
        ),
        (
            "UPDATE pg_index SET indisready = false WHERE indexrelid = 'entry_key'::regclass",
            "entry_key",
            "altered",
        ),
        (
            "CREATE COLLATION either (provider = icu, locale = 'und-u-ks-level2', "
            "deterministic = false); ALTER TABLE entry ALTER key TYPE text COLLATE either",
            "entry.key",
            "altered",
        ),
        (
            "CREATE COLLATION either (provider = icu, locale = 'und-u-ks-level2', "
            "deterministic = false); DROP INDEX entry_key; CREATE UNIQUE INDEX entry_key ON "
            "entry (project, key COLLATE either) WHERE key IS NOT NULL",
            "entry_key",
            "altered",
        ),
        ("ALTER TABLE entry ADD CONSTRAINT mine CHECK (number < 9)", "entry.mine", "foreign"),
        ("ALTER TABLE entry ADD COLUMN mine text DEFAULT 'x'", "entry.mine", "foreign"),
    ],
)
def test_an_altered_schema_is_a_finding_and_is_said_when_the_store_is_opened(
    lived: evalflow.Engine,
    database: str,
    url: str,
    caplog: pytest.LogCaptureFixture,
    statement: LiteralString,
    name: str,
    fault: str,
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema_of(lived))))
        connection.execute(statement)
    with (
        caplog.at_level(logging.WARNING, "evalflow.storage"),
        evalflow.open(url, plugins=["evalflow-postgres"]) as engine,
    ):
        assert isinstance(engine.storage, PostgresStorage)
        told = [(each.name, each.fault) for each in engine.storage.schema_faults]
        found = [each.project for each in engine.audit.verify() if each.code == "schema_altered"]
    assert (name, fault) in told
    assert name in found
    assert name in caplog.text


@pytest.mark.parametrize("quoted", ["'\"delivered\"'", "'deli\"vered'"])
def test_a_change_of_quotes_alone_is_told(storage: PostgresStorage, quoted: LiteralString) -> None:
    """Quotes around a name are the server's; within a text they are another text."""
    with storage._source.writing() as connection:
        connection.execute(
            sql.SQL(
                "ALTER TABLE {0}.notice DROP CONSTRAINT notice_state_check, ADD CONSTRAINT "
                "notice_state_check CHECK (state IN ('waiting', {1}, 'dead'))"
            ).format(sql.Identifier(storage.schema), sql.SQL(quoted))
        )
        assert [
            (each.name, each.fault) for each in integrity.faults(connection, storage.schema)
        ] == [("notice.notice_state_check", "altered")]


def test_the_schema_that_is_expected_is_the_one_that_the_steps_make(
    storage: PostgresStorage,
) -> None:
    """After a new step: write what `things` returns into the file, and look at the difference."""
    content = pkgutil.get_data("evalflow_postgres", integrity.EXPECTED)
    assert content is not None
    with storage._source.writing() as connection:
        assert integrity.things(connection, storage.schema) == json.loads(content)


@pytest.mark.parametrize("setting", ["quote_all_identifiers = on", "search_path = pg_catalog"])
def test_how_a_server_words_its_constraints_makes_no_finding(
    storage: PostgresStorage, setting: LiteralString
) -> None:
    with storage._source.writing() as connection:
        connection.execute("SET LOCAL " + setting)
        assert integrity.faults(connection, storage.schema) == []


def test_one_plan_is_verified_without_the_rows_of_others(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes from the server grows with the plan, not with all plans' rows."""
    read: list[object] = []
    real = integrity.PostgresTables._read

    def reading(
        tables: integrity.PostgresTables, statement: str, values: Sequence[Any] = ()
    ) -> Iterator[tuple[Any, ...]]:
        for row in real(tables, statement, values):
            read.append(row[0])
            yield row

    with evalflow.open(url, plugins=["evalflow-postgres"], clock=Ticking()) as engine:
        lived_in(engine)
        file = tmp_path / "beside.yaml"
        file.write_text(plan_text(each=1).replace(f"id: {PLAN_ID}", f"id: {PLAN_ID}-2"), "utf-8")
        beside = evalflow.load_plan(file)
        engine.adopt(beside, by=beside.actor("policy-1"))
        monkeypatch.setattr(integrity.PostgresTables, "_read", reading)
        verify = engine.audit.verify
        for found in (verify(PLAN_ID), verify(project=f"{PLAN_ID}/1")):
            assert list(found) == []
            plans = {str(each).partition("/")[0] for each in read}
            assert PLAN_ID in plans
            assert f"{PLAN_ID}-2" not in plans
            read.clear()
        with spoilt_here(engine) as connection:
            connection.execute(
                "UPDATE notice SET project = %s WHERE position = (SELECT max(position) "
                "FROM notice WHERE project LIKE %s)",
                (f"{PLAN_ID}/x", f"{PLAN_ID}/%"),
            )
        assert [each.project for each in engine.audit.verify(PLAN_ID)]
        assert list(engine.audit.verify(f"{PLAN_ID}-2")) == []


@contextmanager
def spoilt_here(engine: evalflow.Engine) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection that triggers and foreign keys do not hold; what it does stays."""
    assert isinstance(engine.storage, PostgresStorage)
    with engine.storage._source.writing() as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        path = sql.SQL("SET LOCAL search_path = {}").format(sql.Identifier(schema_of(engine)))
        connection.execute(path)
        yield connection
