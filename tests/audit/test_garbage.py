"""Garbage in a store is a finding with its place; it never ends `verify`, nor hides the rest."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import evalflow
from evalflow import cli
from evalflow.testing.office import Ticking
from evalflow.testing.spoiling import lived_in

DEEP = "[" * 5000 + "]" * 5000
W, WP = "WHERE id = 'office-2016/1'", "WHERE project = 'office-2016/1'"
LATER = "UPDATE project SET band = 'forged' WHERE id = 'office-2016/3'"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lived") / "office.db"
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=Ticking()) as engine:
        lived_in(engine)
    return path


@pytest.fixture
def store(lived: Path, tmp_path: Path) -> Path:
    path = tmp_path / "office.db"
    shutil.copyfile(lived, path)
    return path


@pytest.fixture
def edited(store: Path) -> Callable[..., list[evalflow.Mismatch]]:
    """Return a function that edits the store and gives what `verify` finds."""

    def edit(*statements: str) -> list[evalflow.Mismatch]:
        with closing(sqlite3.connect(store, isolation_level=None)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            asked = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            triggers = connection.execute(asked).fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                assert connection.execute(statement).rowcount != 0, statement
            for _, sql in triggers:
                connection.execute(sql)
        with evalflow.open(f"sqlite:///{store}", plugins=[]) as engine:
            return list(engine.audit.verify())

    return edit


@pytest.mark.parametrize(
    ("edit", "code", "column"),
    [
        (f"UPDATE project SET change = '{{\"number\":1}}' {W}", "state_edited", "project.change"),
        (f"UPDATE project SET change = 'x' {W}", "state_edited", "project.change"),
        (f"UPDATE project SET visits = 'x' {W}", "state_edited", "project.visits"),
        (f"UPDATE project SET visits = '[\"a\",\"b\"]' {W}", "state_edited", "project.visits"),
        (f"UPDATE project SET lifecycle = 'nope' {W}", "state_edited", "project.lifecycle"),
        (f"UPDATE project SET states = '{{}}' {W}", "state_edited", "project.states"),
        (f"UPDATE project SET label_ko = CAST(x'ff31' AS TEXT) {W}", "state_edited",
         "project.label_ko"),
        (f"UPDATE evaluation SET tree = '{{}}' {WP}", "evaluation_edited", "evaluation.tree"),
        (f"UPDATE evaluation SET tree = 'x' {WP}", "evaluation_edited", "evaluation.tree"),
        (f"UPDATE evaluation SET tree = '{DEEP}' {WP}", "evaluation_edited", "evaluation.tree"),
        (f"UPDATE notice SET data = 'x' {WP}", "notice_edited", "notice.data"),
        (f"UPDATE notice SET at = 'x', next_at = 'y' {WP}", "notice_edited", "notice.next_at"),
        (f"UPDATE notice SET tries = -1, state = 'lost' {WP}", "notice_edited", "notice.state"),
        (f"UPDATE definition SET tree = 'x' {WP}", "definition_edited", "definition.tree"),
        (f"UPDATE entry SET data = 'x' {WP}", "unreadable", "entry.data"),
        (f"UPDATE entry SET data = '{DEEP}' {WP}", "unreadable", "entry.data"),
        (f"UPDATE entry SET data = '\"\\ud800\"' {WP}", "unreadable", "entry.data"),
        (f"UPDATE entry SET data = '[]' {WP}", "unreadable", "entry.data"),
        (f"UPDATE entry SET reason = CAST(x'edb080' AS TEXT) {WP}", "unreadable", "entry.reason"),
        (f"UPDATE entry SET before = 'x' {WP}", "unreadable", "entry.before"),
        (f"UPDATE entry SET after = '[1]' {WP}", "unreadable", "entry.after"),
        (f"UPDATE entry SET at = '2016-99-99T00:00:00.000000+00:00' {WP}", "unreadable",
         "entry.at"),
        (f"UPDATE entry SET before = '[\"planned\"]', after = '[\"planned\"]' {WP}",
         "entry_changed", None),
        (f"UPDATE entry SET rating = '7' {WP} AND number > 1", "entry_changed", None),
    ],
)  # fmt: skip
def test_garbage_is_a_finding_with_its_place(edited, edit, code, column):
    found = edited(edit, LATER)
    assert ("office-2016/1", code) in {(each.project, each.code) for each in found}, found
    if column is not None:
        assert any(
            column in (each.column or "") for each in found if each.project == "office-2016/1"
        )
    assert "office-2016/3" in {each.project for each in found}, "what comes later is looked at too"
    for each in found:
        assert each.text("ko") != each.text("en")
        assert len(each.text("ko")) < 2000
        each.text("ko").encode()


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE plan_revision SET tree = 'x'",
        "UPDATE plan_revision SET tree = '{}'",
        "UPDATE plan_revision SET effective = 'x'",
        "UPDATE lifecycle SET tree = '[]'",
        "UPDATE lifecycle SET tree = '{}'",
        "DELETE FROM plan_revision",
        "DELETE FROM lifecycle",
        "DELETE FROM definition",
        "DELETE FROM project",
    ],
)
def test_what_all_stands_on_may_be_garbage_too(edited, edit):
    found = edited("PRAGMA foreign_keys = OFF", edit)
    assert found
    assert len({each.project for each in found}) >= 1


def test_a_deleted_project_of_which_rows_are_left_is_a_finding(edited):
    found = edited("DELETE FROM project WHERE id = 'office-2016/2'")
    assert ("office-2016/2", "project_missing") in {(each.project, each.code) for each in found}


def test_a_project_deleted_with_all_its_rows_leaves_a_gap_in_the_order(edited):
    tables = ("evaluation", "notice", "entry", "assignment", "definition")
    found = edited(
        *[f"DELETE FROM {table} WHERE project = 'office-2016/1'" for table in tables],
        "DELETE FROM project WHERE id = 'office-2016/1'",
    )
    assert ("entry", "order_broken") in {(each.project, each.code) for each in found}


def test_a_wrong_type_in_a_table_made_anew_is_a_finding(store):
    """Without STRICT and NOT NULL a column holds anything."""
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("CREATE TABLE other AS SELECT * FROM entry")
        connection.execute("DROP TABLE entry")
        connection.execute("ALTER TABLE other RENAME TO entry")
        connection.execute(
            "UPDATE entry SET number = 'x' WHERE project = 'office-2016/1' AND number = 1"
        )
        connection.execute(
            "UPDATE entry SET data = NULL WHERE project = 'office-2016/2' AND number = 1"
        )
        connection.execute(
            "UPDATE entry SET after = x'00' WHERE project = 'office-2016/3' AND number = 1"
        )
    with evalflow.open(f"sqlite:///{store}", plugins=[]) as engine:
        found = list(engine.audit.verify())
    assert {
        ("entry", "schema_altered"),
        ("office-2016/2", "unreadable"),
        ("office-2016/3", "unreadable"),
    } <= {(each.project, each.code) for each in found}
    assert "office-2016/1" in {each.project for each in found}


@pytest.mark.parametrize(
    ("statement", "name", "fault"),
    [
        ("DROP TRIGGER entry_unchanged", "entry_unchanged", "missing"),
        ("DROP INDEX entry_key", "entry_key", "missing"),
        ("CREATE TRIGGER mine AFTER INSERT ON entry BEGIN SELECT 1; END", "mine", "is not"),
        ("ALTER TABLE notice ADD COLUMN more TEXT", "notice", "altered"),
        ("DROP TABLE notice", "notice", "missing"),
        ("CREATE UNIQUE INDEX mine ON entry (position, actor)", "mine", "is not"),
        ("CREATE INDEX mine ON entry (number) WHERE number > 99", "mine", "is not"),
        ("CREATE INDEX mine ON notice (json_extract(data, '$.x'))", "mine", "is not"),
    ],
)
def test_an_altered_schema_is_a_finding_and_is_said_when_the_store_is_opened(
    store, statement, name, fault, caplog, monkeypatch, capsys
):
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute(statement)
    with caplog.at_level(logging.WARNING, "evalflow.storage"):
        engine = evalflow.open(f"sqlite:///{store}", plugins=[])
    with engine:
        found = [each for each in engine.audit.verify() if each.code == "schema_altered"]
    assert name in caplog.text
    assert fault in caplog.text
    assert name in {each.project for each in found}
    monkeypatch.setenv("EVALFLOW_STORE", str(store))
    monkeypatch.setenv("EVALFLOW_LANG", "ko")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    assert cli.run(["verify"]) == 1
    captured = capsys.readouterr()
    assert f"'{name}'" in captured.err
    assert f"'{name}'" in captured.out


def test_what_stands_beside_the_schema_and_bears_on_no_row_is_nobodys_business(store):
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE beside (a UNIQUE)")
        connection.execute("CREATE INDEX faster ON entry (actor)")
        connection.execute("CREATE VIEW seen AS SELECT * FROM entry")
        connection.execute("ANALYZE")
    with evalflow.open(f"sqlite:///{store}", plugins=[]) as engine:
        assert list(engine.audit.verify()) == []


# --------------------------------------------------------------------------- indexes

ENTRIES = "sqlite_autoindex_entry_1"
GHOST = """
INSERT INTO entry SELECT (SELECT max(position) + 1 FROM entry), project, 99, event, 'nobody', role,
  on_behalf_of, at, before, after, period, period_after, unit, revision, lifecycle, reason, data,
  rating, evaluation, late, NULL, previous, hash, plan_head
FROM entry WHERE project = 'office-2016/1' AND number = 1
"""


@pytest.mark.parametrize(
    ("index", "constraint", "statement"),
    [
        (ENTRIES, ",\n  UNIQUE (project, number)", GHOST),
        ("entry_key", "", "UPDATE entry SET \"key\" = 'k-2' WHERE position = 9"),
        ("notice_waiting", "", "UPDATE notice SET state = 'waiting', next_at = 'x'"),
    ],
)
def test_an_index_that_does_not_hold_its_table_s_rows_is_a_finding(
    store, index, constraint, statement
):
    """A row that only some ways of reading find: an entry of which whoever follows all hears, and
    no history; a key, or a notice, that is there and is not found."""
    behind_its_back(store, index, constraint, statement)
    with evalflow.open(f"sqlite:///{store}", plugins=[]) as engine:
        found = {each.project: each for each in engine.audit.verify()}
        in_order = [entry.actor for _, entry in engine.storage.entries()]
        histories = [e.actor for p in engine.projects() for e in engine.history(p.id)]
    assert found[index].code == "schema_altered"
    assert "does not hold the rows of its table" in found[index].text("en")
    assert ("nobody" in in_order, "nobody" in histories) == (statement is GHOST, False)


def behind_its_back(path, index, constraint, statement):
    """Run a statement on a table while an index of it is put aside; its pages stay as they were."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.execute(asked).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        asked = "SELECT * FROM sqlite_master WHERE name = ?"
        row = connection.execute(asked, (index,)).fetchone()
        asked = "SELECT sql FROM sqlite_master WHERE name = ?"
        (table,) = connection.execute(asked, (row[2],)).fetchone()
        kept = "UPDATE sqlite_master SET sql = ? WHERE name = ?"
        beside = (kept, (table.replace(constraint, ""), row[2])) if constraint else None
        rewrite(connection, beside, ("DELETE FROM sqlite_master WHERE name = ?", (index,)))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute(statement).rowcount > 0
        rewrite(
            connection,
            (kept, (table, row[2])),
            ("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row),
        )
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for _, trigger in triggers:
            connection.execute(trigger)


def rewrite(connection, *statements):
    """Run these statements on the schema itself."""
    (version,) = connection.execute("PRAGMA schema_version").fetchone()
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("BEGIN")
    for statement in filter(None, statements):
        connection.execute(*statement)
    connection.execute("COMMIT")
    connection.execute(f"PRAGMA schema_version = {version + 1}")


def test_a_damaged_table_is_a_finding_and_no_end(store):
    with closing(sqlite3.connect(store)) as connection:
        asked = "SELECT rootpage FROM sqlite_master WHERE name = 'evaluation'"
        (page,) = connection.execute(asked).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with open(store, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 64)
    with evalflow.open(f"sqlite:///{store}", plugins=[]) as engine:
        found = [(each.project, each.text("en")) for each in engine.audit.verify()]
    assert any(name == "evaluation" and "damaged in the file" in text for name, text in found)


# --------------------------------------------------------------------------- what is not there


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs a command and gives (exit code, everything printed)."""
    monkeypatch.setenv("EVALFLOW_LANG", "en")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")

    def command(store: Path, *words: str) -> tuple[int, str]:
        monkeypatch.setenv("EVALFLOW_STORE", str(store))
        code = cli.run(list(words))
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return command


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("Office-2016",), "no plan 'Office-2016'; did you mean 'office-2016'?"),
        (
            ("--project", "office-2016/11"),
            "no project 'office-2016/11'; did you mean 'office-2016/1'?",
        ),
    ],
)
def test_a_plan_or_project_that_is_not_there_is_not_found(store, run, words, told):
    missing = run(store, "status", "--plan", "nowhere")[0]
    code, out = run(store, "verify", *words)
    assert told in out
    assert "no errors" not in out
    assert code == missing != 0


def test_an_empty_store_is_not_found(tmp_path, run):
    with evalflow.open(f"sqlite:///{tmp_path / 'fresh.db'}", plugins=[]):
        pass
    (tmp_path / "zero.db").write_bytes(b"")
    for name in ("fresh.db", "zero.db"):
        code, out = run(tmp_path / name, "verify")
        assert "no plan" in out
        assert "no errors" not in out
        assert code != 0
    with (
        evalflow.open("memory:", plugins=[]) as engine,
        pytest.raises(evalflow.NotFound) as caught,
    ):
        engine.audit.verify()  # said at once, not when the first finding is asked for
    assert caught.value.what == "plan"
