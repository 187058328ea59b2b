"""The house rules that no linter knows.

Who may import whom is read from the picture in docs/explanation/architecture.md, so that picture
and rule are the same. Each rule is a small function from a source to complaints; it is tried on
bad sources first, because a rule that finds nothing anywhere proves nothing.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "evalflow"
PICTURE = ROOT / "docs" / "explanation" / "architecture.md"

# Rooms that the picture shows but its line of arrows leaves out: (room, stands directly below).
# `plugins` may look at `hookspecs`, and not the other way round; batch plans many firings.
BELOW: list[tuple[str, str]] = []

# One home per outside library: changing our mind then costs one file. A library that is not
# listed here may be imported nowhere.
EVERYWHERE = "*"
HOMES = {
    "attrs": (EVERYWHERE,),
    "click": ("cli/",),
    "distributed": ("spreading.py",),
    "holidays": ("model/calendar.py",),
    "hypothesis": ("testing/",),
    "pluggy": ("plugins/",),
    "pytest": ("testing/",),
    "python_calamine": ("files/workbooks.py",),
    "rich": ("cli/",),
    "sqlite3": ("storage/sqlite.py", "storage/sqlite/"),
    "transitions": ("lifecycle/machine.py",),
    "xlsxwriter": ("files/table_writer.py",),
    "yaml": ("files/yaml.py",),
}


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def place(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


# ------------------------------------------------------------------ imports point one way


def layers_of(picture: str) -> list[set[str]]:
    """Read the line of arrows: the lowest layer first, the rooms of a layer together."""
    line = re.search(r"Imports point one way: `([^`]+)`", picture)
    assert line, "architecture.md no longer says `Imports point one way: ...`"
    layers = [set(re.findall(r"\w+", part)) for part in line[1].split("←")]
    for room, above in BELOW:
        if not any(room in layer for layer in layers):
            at = next(i for i, layer in enumerate(layers) if above in layer)
            layers.insert(at, {room})
    # The command is a user of the door; that is the only wall inside the top layer.
    layers[-1].discard("door")
    return [*layers[:-1], {"door"}, layers[-1]]


def room_of(place: str) -> str:
    first = place.split("/", maxsplit=1)[0].removesuffix(".py")
    return "door" if first == "__init__" else first


def imported(tree: ast.AST, place: str, rooms: set[str]) -> Iterator[tuple[int, str]]:
    """Give the rooms that a source imports, wherever in it, also by a module's name in a string."""
    package = ["evalflow", *place.split("/")[:-1]]

    def room(dotted: str) -> str:
        return dotted.split(".")[1] if "." in dotted else "door"

    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "evalflow":
                    yield node.lineno, room(alias.name)
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                source = ".".join([*package[: len(package) - node.level + 1], *source.split(".")])
                source = source.rstrip(".")
            if source == "evalflow":
                for alias in node.names:
                    yield node.lineno, alias.name if alias.name in rooms else "door"
            elif source.startswith("evalflow."):
                yield node.lineno, room(source)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = re.fullmatch(r"evalflow\.(\w+)(\.\w+)*", node.value)
            if named and named[1] in rooms:
                yield node.lineno, named[1]


def wrong_imports(source: str, place: str, layers: list[set[str]]) -> Iterator[str]:
    height = {room: number for number, layer in enumerate(layers) for room in layer}
    here = room_of(place)
    if here == "testing":
        # What a third party's kit runs on must be what a third party can use.
        allowed = {"testing", "door"}
    elif here in height:
        allowed = {here} | {room for room in height if height[room] < height[here]}
    else:
        yield f"{place}: the room '{here}' is not in the picture (architecture.md)"
        return
    rooms = {*height, "testing"}
    for line, room in imported(ast.parse(source), place, rooms):
        if room not in rooms:
            yield f"{place}:{line}: the room '{room}' is not in the picture (architecture.md)"
        elif room not in allowed:
            yield f"{place}:{line}: {here} may not import {room}"


TOY = layers_of(
    "Imports point one way: `errors ← model ← {calendar, access} ← plugins ← engine ← {cli, door}`"
)


@pytest.mark.parametrize(
    ("place", "source"),
    [
        pytest.param("model.py", "from evalflow.engine import Engine", id="upwards"),
        pytest.param("model.py", "import evalflow.engine", id="upwards, plain import"),
        pytest.param("model.py", "from evalflow import engine", id="upwards, from the package"),
        pytest.param("model.py", "from evalflow import Actor", id="the door from below"),
        pytest.param("model.py", "import evalflow", id="the door from below, plain import"),
        pytest.param("calendar.py", "from evalflow import access", id="the room beside"),
        pytest.param("calendar.py", "def f():\n    import evalflow.engine", id="inside a function"),
        pytest.param(
            "calendar.py",
            "if TYPE_CHECKING:\n    from evalflow.engine import Engine",
            id="for types only",
        ),
        pytest.param("model.py", "from .engine import Engine", id="relative"),
        pytest.param("model.py", "from . import engine", id="relative, from the package"),
        pytest.param("access/deep.py", "from ..engine import Engine", id="relative, two up"),
        pytest.param("model.py", "import_module('evalflow.engine')", id="by name in a string"),
        pytest.param(
            "hookspecs.py", "from evalflow.plugins.installed import Plugins", id="hooks, plugins"
        ),
        pytest.param(
            "testing/kit.py", "from evalflow.model import Entry", id="a kit, past the door"
        ),
        pytest.param("attic.py", "", id="a room that is not in the picture"),
        pytest.param("engine.py", "from evalflow.attic import old", id="and who imports it"),
    ],
)
def test_a_wrong_import_is_found(place: str, source: str) -> None:
    assert len(list(wrong_imports(source, place, TOY))) == 1


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("engine.py", "from evalflow.model import Entry\nfrom evalflow import calendar"),
        ("access/deep.py", "from .roles import Role\nfrom ..model import Actor"),
        ("testing/kit.py", "import evalflow\nfrom evalflow.testing import faults"),
        ("cli/__init__.py", "from evalflow import engine\nimport evalflow"),
        ("__init__.py", "HOMES = {'evalflow.engine': ('Engine',)}"),
        ("model.py", '"""Says evalflow.engine in a sentence."""\nimport attrs'),
    ],
)
def test_a_right_import_is_left_alone(place: str, source: str) -> None:
    assert list(wrong_imports(source, place, TOY)) == []


def test_the_picture_is_read() -> None:
    layers = layers_of(PICTURE.read_text("utf-8"))

    assert layers[0] == {"errors"}
    assert len(layers) > 6
    assert {"lifecycle", "scoring", "storage"} in layers
    assert sum(map(len, layers)) == len(set().union(*layers)), "a room stands in two places"


def test_imports_point_one_way() -> None:
    layers = layers_of(PICTURE.read_text("utf-8"))

    assert [
        complaint
        for path in sources()
        for complaint in wrong_imports(path.read_text("utf-8"), place(path), layers)
    ] == []


# ------------------------------------------------------------------ one home per library


def at_home(place: str, home: str) -> bool:
    return place.startswith(home) if home.endswith("/") else home in {place, EVERYWHERE}


def strangers(source: str, place: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func).rpartition(".")[2]
            first = node.args[0]
            if called in {"import_module", "__import__"} and isinstance(first, ast.Constant):
                names = [str(first.value)]
        line = getattr(node, "lineno", 0)
        for name in names:
            library = name.split(".")[0]
            homes = HOMES.get(library)
            if library == "evalflow" or (homes is None and library in sys.stdlib_module_names):
                continue
            if homes is None:
                yield f"{place}:{line}: {library} has no home yet (HOMES)"
            elif not any(at_home(place, home) for home in homes):
                yield f"{place}:{line}: {library} lives in {', '.join(homes)}"


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("engine.py", "import sqlite3"),
        ("lifecycle/load.py", "import yaml"),
        ("lifecycle/check.py", "from transitions.extensions import GraphMachine"),
        ("engine.py", "def f():\n    from rich.table import Table"),
        ("plan/holidays.py", "from holidays import country_holidays"),
        ("guards.py", "from importlib import import_module\nimport_module('click')"),
        ("model.py", "import cattrs"),
        ("storage/memory.py", "from sqlite3 import connect"),
    ],
)
def test_a_library_away_from_home_is_found(place: str, source: str) -> None:
    assert len(list(strangers(source, place))) == 1


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("lifecycle/machine.py", "from transitions import Machine"),
        ("storage/sqlite.py", "import sqlite3"),
        ("storage/sqlite/schema.py", "import sqlite3"),
        ("cli/upkeep.py", "import click\nfrom rich.table import Table"),
        (
            "model.py",
            "import attrs\nimport datetime as dt\nfrom evalflow.model.canonical import digest",
        ),
    ],
)
def test_a_library_at_home_is_left_alone(place: str, source: str) -> None:
    assert list(strangers(source, place)) == []


def test_each_library_has_one_home() -> None:
    assert [
        complaint
        for path in sources()
        for complaint in strangers(path.read_text("utf-8"), place(path))
    ] == []


# ------------------------------------------------------------------ figures are exact


def inexact(source: str, place: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"{place}:{node.lineno}: a float, {node.value}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"float", "round"}:
            yield f"{place}:{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("source", ["x = 0.5", "x = 1e3", "x = float(y)", "x = round(y, 1)"])
def test_a_float_is_found(source: str) -> None:
    assert len(list(inexact(source, "scoring/rates.py"))) == 1


def test_refusing_a_float_is_left_alone() -> None:
    source = "if isinstance(x, float):\n    raise TypeError\ny = Fraction(1, 2)"

    assert list(inexact(source, "scoring/rates.py")) == []


def test_no_figure_is_ever_a_float() -> None:
    assert [
        complaint
        for path in sources()
        if place(path).startswith("scoring/")
        for complaint in inexact(path.read_text("utf-8"), place(path))
    ] == []


# ------------------------------------------------------------------ what no file may say

# In pieces, so that this file does not say it either.
HOSTS = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "npmjs" + ".com",
    "deb.debian" + ".org",
    "proxy.golang" + ".org",
]
UNSAID = {
    "a registry's host": re.compile("|".join(map(re.escape, HOSTS)).encode()),
    "a path of one machine": re.compile(rb"(?<![\w.-])/(?:wo" + rb"rk|ro" + rb"ot)/"),
    # On the index that name is another project's: ours is municipal-evalflow.
    "another project's name to install": re.compile(
        rb"\bpip3? +install +(?:-\S+ +)*['\"]?eval" + rb"flow(?![\w-])"
    ),
}


def unsaid(text: bytes, path: str) -> Iterator[str]:
    for what, pattern in UNSAID.items():
        for found in pattern.finditer(text):
            line = text.count(b"\n", 0, found.start()) + 1
            yield f"{path}:{line}: {what}"


def text_files() -> Iterator[Path]:
    """Give what is, or would be, committed; in an unpacked sdist there is no git to ask."""
    asked = (
        subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        if (ROOT / ".git").exists()
        else None
    )
    if asked is not None and asked.returncode == 0:
        found = [ROOT / name.decode() for name in asked.stdout.split(b"\0") if name]
    else:
        passed_over = {"build", "dist", "__pycache__"}
        found = [
            path
            for path in ROOT.rglob("*")
            if not any(
                part in passed_over or (part.startswith(".") and part != ".ci")
                for part in path.relative_to(ROOT).parts[:-1]
            )
        ]
    for path in found:
        # Another may be moving files meanwhile; what is gone says nothing.
        if path.is_file() and b"\0" not in path.read_bytes()[:8192]:
            yield path


@pytest.mark.parametrize(
    "text",
    [
        "index-url = https://" + HOSTS[0] + "/simple",
        "wheels from files." + HOSTS[1],
        "open('/wo" + "rk/main/plan.yaml')",
        "cd /ro" + "ot/evalflow",
        "pip install eval" + "flow",
        "python -m pip install --upgrade 'eval" + "flow[test]'",
    ],
)
def test_what_no_file_may_say_is_found(text: str) -> None:
    assert len(list(unsaid(text.encode(), "notes.md"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "pip install municipal-evalflow",
        "pip install -e ./plugins/evalflow-postgres",
        "docs/work/plan.md, ../root/x",
    ],
)
def test_what_a_file_may_say_is_left_alone(text: str) -> None:
    assert list(unsaid(text.encode(), "notes.md")) == []


def test_no_file_names_a_host_or_a_machine() -> None:
    files = list(text_files())

    assert Path(__file__) in files
    assert [
        complaint
        for path in files
        for complaint in unsaid(path.read_bytes(), path.relative_to(ROOT).as_posix())
    ] == []
