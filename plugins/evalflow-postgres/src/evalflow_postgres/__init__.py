"""PostgreSQL as the storage of evalflow: `evalflow.open("postgresql://…/office")`.

Naming this package imports neither psycopg nor anything else that is not needed yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from evalflow import StorageError
from evalflow.plugins import hookimpl
from evalflow.storage import Storage

if TYPE_CHECKING:
    from evalflow_postgres.storage import PostgresStorage

__all__ = ["PostgresStorage", "open_postgres"]


def open_postgres(url: str) -> PostgresStorage:
    """Open the store that a URL names; it is made where it does not exist, and brought to the
    present schema version where it is older.

    `postgresql://user@host/database?schema=evalflow&timeout=5&connections=10`: what stands
    before the `?`, and every other option, is libpq's. One schema holds one store, with any
    number of plans. `timeout` is how many seconds to wait for a connection or a lock;
    `connections` is how many threads have one at once.

    Raises:
        StorageError: `unreachable`, `foreign` (the schema holds something else), `newer`,
            `read_only` when the store has to be made, `no_libpq` where psycopg finds none.
    """
    try:
        import psycopg  # noqa: F401 - it looks for libpq at once
    except ImportError as error:
        raise StorageError(
            "no_libpq",
            ko=f"psycopg가 libpq를 찾지 못했습니다. municipal-evalflow-postgres[binary]를 "
            f"설치하거나 libpq(Debian: libpq5)를 설치하십시오: {error}",
            en="psycopg finds no libpq; install municipal-evalflow-postgres[binary], or libpq "
            f"(Debian: libpq5): {error}",
        ) from error

    from evalflow_postgres.storage import PostgresStorage

    return PostgresStorage(url)


@hookimpl
def evalflow_storages() -> Mapping[str, Callable[[str], Storage]]:
    """Return the storage by its two URL schemes."""
    return {"postgresql": open_postgres, "postgres": open_postgres}


def __getattr__(name: str) -> Any:
    if name == "PostgresStorage":
        from evalflow_postgres.storage import PostgresStorage

        return PostgresStorage
    raise AttributeError(f"module 'evalflow_postgres' has no attribute '{name}'")
