"""No SQL statement is built from data, and no path that stands in data is opened."""

from __future__ import annotations

import ast
import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow.testing.office import Ticking, the_plan

ROOT = Path(__file__).resolve().parents[2]
HOME = re.compile(r"^(import|from) (sqlite3|psycopg)|^class SQLReads", re.MULTILINE)
SOURCES = sorted(
    path
    for place in (ROOT / "src", *ROOT.glob("plugins/*/src"))  # an sdist is without plugins/
    for path in place.rglob("*.py")
    if HOME.search(path.read_text("utf-8"))
)
"""What talks to a database: each library has one home (see `.importlinter`), and what they all
read stands in `storage/sql.py`."""
# What takes SQL as its first argument: of the drivers, and of our storages.
RUNS = {
    "execute", "executemany", "executescript", "stream", "_row", "_rows", "_few", "row", "rows",
    "few", "write",
}  # fmt: skip

# (file, function): why a statement that is put together there, or comes from there, holds no data.
PUT_TOGETHER = {
    ("sqlite_connection.py", "_begin_when_free"): "a number of milliseconds, worked out there",
    ("sqlite_connection.py", "_connect"): "a number of milliseconds, and one of three words",
    ("sqlite_schema.py", "_bring_up"): "the schema's file, steps and version numbers of ours",
    ("sqlite_schema.py", "_names"): "the schema's file",
    ("sqlite_schema.py", "_run"): "the same, statement by statement",
    ("sqlite_connection.py", "_write_all"): "no statement: what writes is handed a connection",
    ("sqlite_together.py", "write_each"): "the same",
    ("sqlite_bulk.py", "bulk_move"): "triggers of ours, put aside and back as they stood",
    ("sqlite_bulk.py", "_append"): "from constants; every value is bound",
    ("sqlite_bulk.py", "_bring"): "numbers of regions; every value is bound",
    ("sqlite_bulk.py", "_notify"): "as many question marks as there are values",
    ("sqlite_integrity.py", "__init__"): "the names of our tables",
    ("sqlite_integrity.py", "_read"): "hands on what the functions beside it put together of names",
    ("sqlite_integrity.py", "_expected"): "the schema's file",
    ("integrity.py", "_read"): "names on PostgreSQL too, the schema's quoted",
    ("sqlite_commit.py", "write"): "a loop over constants",
    ("sql.py", "selecting"): "conditions from constants; every value is bound",
    ("sql.py", "as_of"): "the same",
    ("sql.py", "_number"): "hands on the same",
    ("sql.py", "latest_definitions"): "from constants; the ids are bound",
    ("sql.py", "histories_of"): "the same",
    ("sql.py", "entries_by_key"): "the same",
    ("bulk.py", "bulk_move"): "numbers of regions; every value is bound",
    ("storage.py", "_fetch"): "hands on what its callers took from the table of statements",
    ("storage.py", "_write_alone"): "the same, all of one commit in one",
    ("connections.py", "connect"): "a whole number of milliseconds",
    ("connections.py", "_listen"): "a channel's name, quoted by the driver",
    ("connections.py", "_savepoint"): "a savepoint's name made there, quoted by the driver",
    ("connections.py", "_together"): "hands on two statements of its caller's caller",
    ("connections.py", "moment"): "hands on a constant of its one caller",
    ("storage.py", "_stream"): "hands on what its callers took from the table of statements",
    ("sqlite_connection.py", "streamed"): "the same",
    ("sqlite_joined.py", "all"): "the same",
    ("sqlite_connection.py", "_check_content"): "one of a table of constants",
    ("sqlite_connection.py", "_newest"): "the same",
    ("state.py", "tables"): "hands on a constant script of its callers",
    ("state.py", "run"): "hands on constants of its callers; every value is bound",
    ("upgrades.py", "bring_up"): "the schema's name, quoted by the driver; steps of ours",
    ("upgrades.py", "_open_balances"): "the same; constants, every value is bound",
    (
        "upgrades.py",
        "begin_again",
    ): "names of our schema, quoted; steps and version numbers of ours",
    ("positions.py", "behind"): "the schema's name, quoted; names of our tables",
    ("positions.py", "mend"): "the same",
    ("copies.py", "_write"): "the schema's name, quoted; what is written is the copy's file",
    ("copies.py", "read_copy"): "names of our schema and tables, quoted",
    ("copies.py", "_read"): "the same; rows go in by COPY",
    ("connections.py", "write"): "hands on what its callers took from the table of statements",
    ("syscalls.py", "_do"): "hands on constants of a harness for tests",
    ("tables.py", "writing"): "hands on constants of its callers; every value is bound",
    ("tables.py", "_run"): "the same, with the other database's sign for a value",
}


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node


def statements(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Yield the first argument of every call that runs SQL."""
    for call in ast.walk(function):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.args
            and call.func.attr in RUNS
            and not ast.unparse(call.func.value).endswith(("rows", "pattern", "file"))
        ):
            yield call.args[0]


def constant(node: ast.expr, function: ast.FunctionDef, file: str) -> bool:
    """Say whether a statement is text of ours: a literal, a module's constant, a choice between
    these, or what a listed function makes; maybe by way of a name."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.Name):
        if node.id.strip("_").isupper():
            return True
        if node.id in {each.arg for each in function.args.args}:
            return function.name in RUNS  # who calls it is looked at himself
        made = list(_made(node.id, function))
        return bool(made) and all(constant(each, function, file) for each in made)
    if isinstance(node, ast.IfExp):
        return constant(node.body, function, file) and constant(node.orelse, function, file)
    if isinstance(node, ast.JoinedStr):
        return all(
            constant(part.value if isinstance(part, ast.FormattedValue) else part, function, file)
            for part in node.values
        )
    if isinstance(node, ast.Subscript):  # a table of statements by name
        return ast.unparse(node.value) in ("self._sql", "SQL")
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        return any(name == listed for _, listed in PUT_TOGETHER)
    return False


def _made(name: str, function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Yield what the function assigns to the name."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                first = target.elts[0] if isinstance(target, ast.Tuple) else target
                if isinstance(first, ast.Name) and first.id == name:
                    yield node.value


def unconstant() -> Iterator[str]:
    for path in SOURCES:
        for function in functions(path):
            if (path.name, function.name) in PUT_TOGETHER or path.parent.name == "testing":
                continue
            for node in statements(function):
                if not constant(node, function, path.name):
                    place = f"{path.relative_to(ROOT)}:{node.lineno} ({function.name})"
                    yield f"{place}: {ast.unparse(node)[:80]}"


@pytest.mark.skipif(
    not (ROOT / "plugins").exists(), reason="PostgreSQL's storage is in evalflow's repository"
)
def test_every_database_is_looked_at() -> None:
    assert {path.name for path in SOURCES} >= {
        "sql.py", "sqlite.py", "sqlite_bulk.py", "sqlite_commit.py", "sqlite_connection.py",
        "sqlite_schema.py", "storage.py", "connections.py",
    }  # fmt: skip


@pytest.mark.parametrize(
    "code",
    [
        "def f(c, name): c.execute(f'SELECT * FROM entry WHERE actor = {name}')",
        "def f(c, name): c.execute('SELECT 1 WHERE x = ' + name)",
        "def f(c, name): c.execute('SELECT 1 WHERE x = %s' % name)",
        "def f(c, sql): c.execute(sql)",
        "def f(c, name):\n    text = name + ''\n    c.execute(text)",
    ],
)
def test_what_is_built_from_data_would_be_found(code: str) -> None:
    (function,) = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef))
    (node,) = statements(function)
    assert not constant(node, function, "sqlite.py")


def test_no_statement_is_built_from_data() -> None:
    assert list(unconstant()) == []


_opened: list[str] = []
_listening = [False]


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _listening[0] and event in ("open", "os.listdir", "os.scandir", "subprocess.Popen"):
        _opened.append(str(arguments[0]))


def test_no_path_that_stands_in_data_is_opened(tmp_path: Path) -> None:
    bait = tmp_path / "bait"
    bait.write_text("secret", "utf-8")
    words = [str(bait), f"file://{bait}", f"=cmd|' /C {bait}'!A0", f"../../{bait}"]
    sys.addaudithook(_hear)
    plan = the_plan(each=1)
    with evalflow.open(f"sqlite:///{tmp_path / 'office.db'}", plugins=[], clock=Ticking()) as e:
        e.adopt(plan, by=plan.actor("policy-1"))
        by = e.actor(plan.id, "welfare-a-1")
        _listening[0] = True
        try:
            for word in words:
                for data in (
                    {"actuals": {"done": 10}, "evidence": [word], "progress": word},
                    {"actuals": word},
                    {word: word},
                ):
                    for call in (
                        lambda data=data, word=word: e.fire(
                            f"{plan.id}/1", "self_evaluate", by=by, data=data, key=word
                        ),
                        lambda word=word: e.fire(word, word, by=by),
                        lambda word=word: e.evaluation(word, word),
                        lambda word=word: list(e.projects(plan=plan.id, state=word)),
                    ):
                        with contextlib.suppress(evalflow.EvalflowError):
                            call()
            assert list(e.audit.verify()) == []
            list(e.outbox.notices())
        finally:
            _listening[0] = False
    assert any("evidence" in str(entry.data) for _, entry in _entries(tmp_path))
    assert [path for path in _opened if "bait" in path] == []


def _entries(folder: Path) -> list[Any]:
    with evalflow.open(f"sqlite:///{folder / 'office.db'}", plugins=[]) as engine:
        return list(engine.storage.entries())
