"""Tables from office software: CSV, XLSX, XLS and ODS as rows whose cells know their place.

- `read`: a file to a `Table`: heads found, columns matched by name, totals rows left out;
- `cells`: what a cell says: `1,234`, `△12`, `(12)`, `12%`, `-`, `2016. 2. 24.`;
- `grid`: the sheets of a file, whatever its format; `office` reads workbooks in a child of its
  own with bounded time and memory: the only user of python-calamine;
- `write`: rows to XLSX (the only user of XlsxWriter) and CSV.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalflow.tables.cells import date_of, figure_of, is_none
    from evalflow.tables.read import Column, Note, Row, Table, read_table, read_tables
    from evalflow.tables.write import write_table

__all__ = [
    "Column",
    "Note",
    "Row",
    "Table",
    "date_of",
    "figure_of",
    "is_none",
    "read_table",
    "read_tables",
    "write_table",
]

_HOME_OF = {
    "Column": "read",
    "Note": "read",
    "Row": "read",
    "Table": "read",
    "date_of": "cells",
    "figure_of": "cells",
    "is_none": "cells",
    "read_table": "read",
    "read_tables": "read",
    "write_table": "write",
}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'evalflow.tables' has no attribute '{name}'")
    value = getattr(import_module(f"evalflow.tables.{home}"), name)
    globals()[name] = value
    return value
