"""What the board keeps beside the store, wherever it keeps it: a folder, PostgreSQL, an object
store."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from evalflow_web.board.shelf import KEPT, Draft, Shelf
from evalflow_web.problems import Problem

import evalflow

AT = dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)
PDF = b"%PDF-1.7 figures"
KEY = f"sha256:{hashlib.sha256(PDF).hexdigest()}"
SHA = hashlib.sha256(PDF).hexdigest()


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    testing = pytest.importorskip("evalflow_postgres.testing")
    try:
        with testing.server() as url:
            yield url
    except testing.NoServer as why:
        pytest.skip(f"not on this machine: PostgreSQL (apt-get install postgresql): {why}")


@pytest.fixture(params=["folder", "postgres", "objects", "memory"])
def shelves(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A way to open the same shelf again, as another process does."""
    where: dict[str, Any] = {}
    if request.param == "postgres":
        url = request.getfixturevalue("database")
        import psycopg

        with psycopg.connect(url, autocommit=True) as fresh:
            fresh.execute("DROP SCHEMA IF EXISTS evalflow_board CASCADE")
        where["tables"] = url
    elif request.param == "objects":
        pytest.importorskip(
            "obstore",
            reason="not on this machine: obstore (pip install 'municipal-evalflow-web[objects]')",
        )
        where["blobs"] = f"file://{tmp_path / 'bucket'}"
    elif request.param == "memory":
        pytest.importorskip(
            "obstore",
            reason="not on this machine: obstore (pip install 'municipal-evalflow-web[objects]')",
        )
        shelf = Shelf(tmp_path / "shelf", blobs="memory:///")
        return lambda **how: shelf
    return lambda **how: Shelf(tmp_path / "shelf", **where, **how)


def test_a_draft_is_its_writers_and_the_latest_counts(shelves: Any) -> None:
    draft = Draft(version=1, saved_at=AT, fields={"progress": "처음 쓴 글"})
    later = Draft(version=2, saved_at=AT, fields={"progress": "고친 글", "a/b": "'; --"})
    shelf = shelves()
    shelf.save("education-1", "gu/1", "amend", draft)
    shelf.save("education-1", "gu/1", "amend", later)
    assert shelves().draft("education-1", "gu/1", "amend") == later
    assert shelves().draft("elderly-1", "gu/1", "amend") is None
    shelf.forget("education-1", "gu/1", "amend")
    assert shelves().drafts("education-1") == {}


def test_drafts_that_nobody_touched_for_half_a_year_are_swept(shelves: Any) -> None:
    shelf = shelves()
    shelf.save("education-1", "gu/1", "amend", Draft(version=1, saved_at=AT, fields={}))
    for days, left in ((179, 1), (181, 0)):
        new = Draft(version=1, saved_at=AT + dt.timedelta(days=days), fields={})
        shelf.save("elderly-1", "gu/2", "amend", new)
        assert len(shelf.drafts("education-1")) == left
    assert dt.timedelta(days=180) == KEPT


def test_a_file_is_kept_by_its_content_and_found_again(shelves: Any) -> None:
    kept = shelves().keep("gu/1", "education-1", "..\\증빙.pdf", PDF, AT)
    assert (kept.sha256, kept.name, kept.type, kept.size) == (
        SHA,
        "증빙.pdf",
        "application/pdf",
        16,
    )
    shelves().keep("gu/1", "education-1", "같은 것.pdf", PDF, AT)
    (found,) = shelves().evidence("gu/1", SHA)
    assert found.name == "같은 것.pdf"
    assert shelves().content(SHA) == PDF
    assert shelves().evidence("gu/2", SHA) == ()
    with pytest.raises(Problem):
        shelves().content("0" * 64)


def test_files_that_no_entry_names_are_swept_and_the_others_stay(shelves: Any) -> None:
    shelf = shelves()
    shelf.keep("gu/1", "education-1", "a.pdf", PDF, AT)
    shelf.keep("gu/1", "education-1", "b.pdf", PDF + b"2", AT)
    shelf.keep("gu/1", "education-1", "c.pdf", PDF + b"3", AT + dt.timedelta(days=9))
    shelf.save("education-1", "gu/1", "amend", Draft(version=1, saved_at=AT, fields={}))
    assert shelf.sweep(AT + dt.timedelta(days=1), {SHA}) == (1, 1)
    assert shelf.content(SHA) == PDF
    assert shelf.content(hashlib.sha256(PDF + b"3").hexdigest()) == PDF + b"3"
    with pytest.raises(Problem):
        shelf.content(hashlib.sha256(PDF + b"2").hexdigest())
    assert shelf.sweep(AT + dt.timedelta(days=1), {SHA}) == (0, 0)
    drafted = Draft(
        version=1, saved_at=AT + dt.timedelta(days=2), fields={"evidence": f"a ({KEY})"}
    )
    shelf.save("education-1", "gu/1", "amend", drafted)
    assert shelf.sweep(AT + dt.timedelta(days=1), set()) == (0, 0)


def test_a_scanner_sees_every_file_before_it_is_kept(shelves: Any) -> None:
    seen: list[tuple[bytes, str]] = []

    def scan(content: bytes, name: str) -> str | None:
        seen.append((content, name))
        return "Eicar-Test-Signature" if b"EICAR" in content else None

    shelf = shelves(scan=scan)
    shelf._scan = scan  # a shelf in memory is opened once
    shelf.keep("gu/1", "education-1", "a.pdf", PDF, AT)
    bad = PDF + b" EICAR"
    with pytest.raises(Problem) as refused:
        shelf.keep("gu/1", "education-1", "b.pdf", bad, AT)
    assert refused.value.status == 422
    assert "Eicar-Test-Signature" in str(refused.value.en)
    assert seen == [(PDF, "a.pdf"), (bad, "b.pdf")]
    with pytest.raises(Problem):
        shelf.content(hashlib.sha256(bad).hexdigest())


def test_comments_stand_beside_the_record_and_only_their_writer_takes_them_back(
    shelves: Any,
) -> None:
    shelf = shelves()
    shelf.comment("gu/1", "education-1", "둘째", AT + dt.timedelta(hours=1))
    shelf.comment("gu/1", "policy-1", "첫째", AT)
    shelf.comment("gu/2", "policy-1", "다른 사업", AT)
    first, second = shelves().comments("gu/1")
    assert [first.text, second.text] == ["첫째", "둘째"]
    shelf.withdraw("gu/1", "education-1", first.id)
    shelf.withdraw("gu/2", "policy-1", first.id)
    assert len(shelf.comments("gu/1")) == 2
    shelf.withdraw("gu/1", "policy-1", first.id)
    assert [each.text for each in shelf.comments("gu/1")] == ["둘째"]


def test_many_at_once_lose_nothing(shelves: Any) -> None:
    begin = threading.Barrier(6)
    wrong: list[BaseException] = []

    def work(number: int) -> None:
        try:
            begin.wait()
            shelf = shelves()
            for each in range(4):
                content = PDF + bytes([48 + each])
                shelf.keep(f"gu/{number}", f"who-{number}", f"{each}.pdf", content, AT)
                draft = Draft(version=each, saved_at=AT, fields={"n": str(each)})
                shelf.save(f"who-{number}", "gu/1", "amend", draft)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    shelf = shelves()
    for who in range(6):
        assert shelf.drafts(f"who-{who}")["gu/1", "amend"].version == 3
        for each in range(4):
            sha = hashlib.sha256(PDF + bytes([48 + each])).hexdigest()
            assert [e.name for e in shelf.evidence(f"gu/{who}", sha)] == [f"{each}.pdf"]
            assert shelf.content(sha) == PDF + bytes([48 + each])


def test_a_database_that_let_go_is_told_once_and_reached_again(
    database: str, tmp_path: Path
) -> None:
    import psycopg

    shelf = Shelf(tmp_path, tables=database)
    shelf.comment("gu/9", "policy-1", "앞", AT)
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
    with pytest.raises(evalflow.StorageError):
        shelf.comment("gu/9", "policy-1", "잃지 않고 알림", AT)
    shelf.comment("gu/9", "policy-1", "뒤", AT)
    assert {each.text for each in shelf.comments("gu/9")} == {"앞", "뒤"}


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"tables": "mysql://x"}, "unknown_tables"),
        ({"tables": "postgresql://nobody@127.0.0.1:1/none"}, "locked"),
        ({"tables": "postgresql://u:geheim@127.0.0.1:1/none?what=1"}, "unknown_tables"),
        ({"tables": "postgresql://u:ge heim@127.0.0.1:1/none"}, "unknown_tables"),
        ({"blobs": "nonsense"}, "unknown_files"),
    ],
)
def test_where_nothing_can_be_kept_is_told(tmp_path: Path, how: Any, code: str) -> None:
    if "blobs" in how:
        pytest.importorskip(
            "obstore",
            reason="not on this machine: obstore (pip install 'municipal-evalflow-web[objects]')",
        )
    if how.get("tables", "").startswith("postgresql"):
        pytest.importorskip(
            "psycopg",
            reason="not on this machine: psycopg (pip install municipal-evalflow-postgres)",
        )
    with pytest.raises((evalflow.InvalidInput, evalflow.StorageError)) as told:
        Shelf(tmp_path, **how)
    found = told.value
    codes = [each.code for each in getattr(found, "problems", ())] or [getattr(found, "code", "")]
    assert code in codes
    assert "heim" not in f"{found.text('ko')} {found.text('en')}"
