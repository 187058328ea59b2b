"""A store in an SQLite file beside another program's tables: asked for by a word, and of no harm to
what is there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow.storage.sqlite import open_sqlite
from evalflow.testing.given import entry_after, given_project
from evalflow.testing.office import Ticking

SITE = """
CREATE TABLE auth_user (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE seen (user INTEGER REFERENCES auth_user (id), at TEXT);
CREATE VIEW everybody AS SELECT name FROM auth_user;
CREATE TRIGGER auth_user_seen AFTER INSERT ON auth_user BEGIN
  INSERT INTO seen VALUES (NEW.id, 'now');
END;
INSERT INTO auth_user (name) VALUES ('kim'), ('lee');
"""


def site(path: Path, *more: str) -> Path:
    """Make a file of another program."""
    with closing(sqlite3.connect(path)) as db:
        for script in more or (SITE,):
            db.executescript(script)
    return path


def rows(path: Path) -> list[Any]:
    """All that is the other program's: its schema and its rows."""
    with closing(sqlite3.connect(path)) as db:
        asked = "SELECT name, sql FROM sqlite_master WHERE tbl_name IN ('auth_user', 'seen')"
        kept = db.execute(f"{asked} ORDER BY name").fetchall()
        return kept + db.execute("SELECT * FROM auth_user JOIN seen ON user = id").fetchall()


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_a_file_of_another_program_is_no_store_until_somebody_says_so(tmp_path: Path) -> None:
    path = site(tmp_path / "site.db")
    before = path.read_bytes()
    for address in (url(path), f"{url(path)}?beside=no"):
        with pytest.raises(evalflow.StorageError, match=r"beside=yes") as refused:
            evalflow.open(address)
        assert refused.value.code == "foreign"
    assert path.read_bytes() == before
    with pytest.raises(evalflow.StorageError, match="beside=maybe"):
        evalflow.open(f"{url(path)}?beside=maybe")


def test_a_store_is_made_beside_and_is_one_from_then_on(tmp_path: Path) -> None:
    path = site(tmp_path / "site.db")
    its_own = rows(path)
    with closing(open_sqlite(path, beside=True)) as storage:
        assert storage.schema_faults == ()
        storage.commit(entry_after(given_project(storage)))
    with closing(evalflow.open(url(path))) as office:  # nobody has to say it again
        assert office.count_entries() == 2
    assert rows(path) == its_own
    with closing(sqlite3.connect(path)) as db:  # and the other program goes on, its triggers too
        db.execute("INSERT INTO auth_user (name) VALUES ('choi')")
        db.commit()
        assert db.execute("SELECT count(*) FROM seen").fetchone() == (3,)


def test_one_transaction_is_both(tmp_path: Path) -> None:
    path = site(tmp_path / "site.db")
    plan = evalflow.load_plan(evalflow.example())
    with closing(evalflow.open(f"{url(path)}?beside=yes", clock=Ticking())) as office:
        office.adopt(plan, by="policy-1")
        with closing(sqlite3.connect(path)) as host:
            for end, version in (host.rollback, 1), (host.commit, 2):
                host.execute("INSERT INTO auth_user (name) VALUES ('park')")
                data = {"deadline": "self_evaluate", "until": "2016-04-20", "reason": "자료 보완"}
                project = "seodaemun-2016/10"
                office.joined(host).fire(project, "extend_deadline", by="policy-1", data=data)
                end()
                found = host.execute("SELECT count(*) FROM auth_user WHERE name = 'park'")
                assert (office.project(project).version, found.fetchone()[0]) == (
                    version,
                    version - 1,
                )
        assert list(office.audit.verify(deep=True)) == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("PRAGMA application_id = 0x0f055112;", "not an evalflow store"),  # it is fossil's
        ("PRAGMA user_version = 7;", "not an evalflow store"),  # its program counts its schema
        ("CREATE TABLE Project (x);", "project"),
        ("CREATE TABLE a (x); CREATE INDEX ENTRY on a (x);", "entry"),
        ("CREATE TABLE a (x); CREATE VIEW notice AS SELECT x FROM a;", "notice"),
    ],
)
def test_what_leaves_no_place_for_a_store_is_refused_and_left_alone(
    tmp_path: Path, script: str, said: str
) -> None:
    path = site(tmp_path / "site.db", SITE, script)
    before = path.read_bytes()
    with pytest.raises(evalflow.StorageError, match=said) as refused:
        open_sqlite(path, beside=True)
    assert refused.value.code == "foreign"
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["site.db"]


def test_a_file_in_another_encoding_has_no_place_for_a_store(tmp_path: Path) -> None:
    path = site(tmp_path / "site.db", f"PRAGMA encoding = 'UTF-16'; {SITE}")
    with pytest.raises(evalflow.StorageError, match="UTF-16"):
        open_sqlite(path, beside=True)


def test_a_store_whose_marks_were_taken_away_is_not_made_anew_over_itself(tmp_path: Path) -> None:
    path = tmp_path / "office.db"
    with closing(open_sqlite(path)) as storage:
        given_project(storage)
    with closing(sqlite3.connect(path)) as db:
        db.executescript("PRAGMA application_id = 0; PRAGMA user_version = 0;")
    for beside in (False, True):
        with pytest.raises(evalflow.StorageError) as refused:
            open_sqlite(path, beside=beside)
        assert refused.value.code == "foreign"


def _trigger(table: str) -> str:
    return f"CREATE TRIGGER sly AFTER INSERT ON {table} BEGIN DELETE FROM seen; END;"


@pytest.mark.parametrize(("table", "names"), [("auth_user", []), ("entry", ["sly"])])
def test_only_what_has_a_say_in_our_tables_is_a_fault(
    tmp_path: Path, table: str, names: list[str]
) -> None:
    path = site(tmp_path / "site.db")
    open_sqlite(path, beside=True).close()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(_trigger(table))
    with closing(open_sqlite(path)) as storage:
        assert [fault.name for fault in storage.schema_faults] == names


def test_a_copy_is_not_restored_over_another_programs_tables(tmp_path: Path) -> None:
    with closing(open_sqlite(tmp_path / "office.db")) as storage:
        given_project(storage)
        storage.copy_to(tmp_path / "copy.db")
    path = site(tmp_path / "site.db")
    its_own = rows(path)
    with closing(open_sqlite(path, beside=True)) as empty:
        with pytest.raises(evalflow.StorageError) as refused:
            empty.restore_from(tmp_path / "copy.db")
        assert refused.value.code == "exists"
    assert rows(path) == its_own


def test_a_copy_is_of_the_whole_file(tmp_path: Path) -> None:
    path = site(tmp_path / "site.db")
    with closing(open_sqlite(path, beside=True)) as storage:
        given_project(storage)
        storage.copy_to(tmp_path / "copy.db")
    assert rows(tmp_path / "copy.db") == rows(path)
    with closing(open_sqlite(tmp_path / "again.db")) as again:
        again.restore_from(tmp_path / "copy.db")
        assert len(list(again.entries())) == 1
    assert rows(tmp_path / "again.db") == rows(path)


def test_making_a_store_beside_waits_for_who_writes(tmp_path: Path) -> None:
    path = site(tmp_path / "site.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as host:
        host.execute("BEGIN IMMEDIATE")
        with pytest.raises(evalflow.StorageError) as refused:
            open_sqlite(path, beside=True, timeout=0.05)
        assert refused.value.code == "locked"
        host.execute("ROLLBACK")
    open_sqlite(path, beside=True).close()
