"""What cannot be done is told, in a sentence and by its code."""

from __future__ import annotations

import psycopg
import pytest
from evalflow_postgres import PostgresStorage, failures, open_postgres
from on_postgres import (
    LATER,
    LEASE,
    SIX,
    said,
    version,
)

from evalflow import InvalidInput, StorageError
from evalflow.testing.given import (
    entry_after,
    given_project,
    rating,
)

pytestmark = pytest.mark.servers


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(StorageError) as error:
        open_postgres("postgresql://me:secret@127.0.0.1:9/office")
    assert said(error.value) == "unreachable"
    assert "secret" not in error.value.text("en") + error.value.text("ko")
    for language in ("en", "ko"):
        assert "postgresql://me:***@127.0.0.1:9/office" in error.value.text(language)


@pytest.mark.parametrize(
    "option",
    ["schema=Office", "schema=a%22b", "schema=", "timeout=soon", "timeout=0", "connections=0"],
)
def test_an_option_without_sense_is_told(database: str, option: str) -> None:
    with pytest.raises(StorageError) as error:
        open_postgres(f"{database}?{option}")
    assert said(error.value) == "missing"
    assert option.partition("=")[0] in error.value.text("en")


def test_a_project_locked_by_another_program_is_told_after_the_time_out(
    url: str, host: psycopg.Connection
) -> None:
    storage = open_postgres(f"{url}&timeout=0.2")
    project = given_project(storage)
    host.execute("SELECT 1 FROM project FOR UPDATE")
    with pytest.raises(StorageError) as error:
        storage.commit(entry_after(project))
    assert said(error.value) == "locked"
    assert version(storage) == 1  # readers do not wait
    host.rollback()
    storage.commit(entry_after(project))
    storage.close()


def test_a_database_that_may_not_be_written_says_so(storage: PostgresStorage, url: str) -> None:
    project = given_project(storage)
    joint = "&options=-c%20default_transaction_read_only%3Don"
    reader = open_postgres(url + joint)
    assert version(reader) == 1
    with pytest.raises(StorageError) as error:
        reader.commit(entry_after(project))
    with pytest.raises(StorageError) as claimed:
        reader.claim("console", at=LATER, limit=1, lease=LEASE)
    assert [said(error.value), said(claimed.value)] == ["read_only"] * 2
    assert version(storage) == 1
    reader.close()


def test_a_role_without_rights_is_told(
    storage: PostgresStorage, url: str, host: psycopg.Connection
) -> None:
    project = given_project(storage)
    role = f"reader_{storage.schema}"
    host.execute(f"CREATE ROLE {role} LOGIN")
    host.execute(f"GRANT USAGE ON SCHEMA {storage.schema} TO {role}")
    host.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {storage.schema} TO {role}")
    host.commit()
    reader = open_postgres(f"{url}&user={role}")
    assert version(reader) == 1
    with pytest.raises(StorageError) as error:
        reader.commit(entry_after(project))
    assert said(error.value) == "read_only"

    host.execute(f"GRANT INSERT, UPDATE ON ALL TABLES IN SCHEMA {storage.schema} TO {role}")
    host.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {storage.schema} TO {role}")
    host.commit()
    reader.commit(entry_after(project, told=("a",), rated=rating(SIX, "2016-Q1")))
    assert len(list(reader.entries())) == 2
    reader.close()
    host.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    host.commit()


def test_a_store_without_one_of_its_tables_is_damaged(
    storage: PostgresStorage, host: psycopg.Connection
) -> None:
    given_project(storage)
    host.execute("DROP TABLE evaluation")
    host.commit()
    with pytest.raises(StorageError) as error:
        storage.snapshot(SIX)
    assert said(error.value) == "corrupt"


def test_a_full_disk_is_told() -> None:
    error = failures.storage_error(
        psycopg.errors.DiskFull("could not extend file"), "postgresql://db"
    )
    assert said(error) == "full"


def test_a_closed_store_says_so(url: str) -> None:
    storage = open_postgres(url)
    storage.close()
    for use in (storage.plans, lambda: storage.snapshot(SIX), lambda: list(storage.outbox())):
        with pytest.raises(StorageError) as error:
            use()
        assert said(error.value) == "unreachable"


def test_a_key_that_no_index_can_hold_is_refused(storage: PostgresStorage) -> None:
    project = given_project(storage)
    incompressible = "".join(chr(0xAC00 + (n * 7919) % 11172) for n in range(4000))
    with pytest.raises(InvalidInput, match="too long"):
        storage.commit(entry_after(project, key=incompressible))
    assert version(storage) == 1
