"""A host's connection, by whatever library it comes: what the database's driver calls one."""

from __future__ import annotations

from typing import Any


def driver_connection(connection: Any) -> Any:
    """Return the driver's own connection (psycopg's, sqlite3's) of a host's: as it is, or behind
    one of Django (`django.db.connection`, or one of `connections`) or of SQLAlchemy (a session or a
    connection). None of these libraries is imported here. A session, or a Django connection, that
    is not connected yet is."""
    if callable(getattr(connection, "ensure_connection", None)):  # Django
        connection.ensure_connection()
        return connection.connection
    if callable(getattr(connection, "connection", None)):  # SQLAlchemy's session
        connection = connection.connection()
    pooled = getattr(connection, "connection", connection)  # SQLAlchemy's connection
    return getattr(pooled, "driver_connection", pooled)
