"""Rules of the whole project that no linter knows.

Each rule is a small function from a source to complaints; it is tried on bad sources first, because
a rule that finds nothing anywhere proves nothing.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "evalflow"


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def place(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


# ------------------------------------------------------------------ who imports whom


def test_imports_point_one_way_and_libraries_have_one_home() -> None:
    """The rules stand in `.importlinter`."""
    linted = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "0 broken" in linted.stdout


def imports_the_public_api(source: str) -> list[int]:
    """Give the lines that import `evalflow` itself, which only users of it may."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Import) and any(a.name == "evalflow" for a in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "evalflow" and not node.level)
    ]


@pytest.mark.parametrize("source", ["import evalflow", "def f():\n    from evalflow import open"])
def test_an_import_of_the_public_api_is_found(source: str) -> None:
    assert len(imports_the_public_api(source)) == 1


def test_no_package_below_it_imports_the_public_api() -> None:
    users = ("testing/", "cli/")

    assert {
        place(path): lines
        for path in sources()
        if not place(path).startswith(users)
        and (lines := imports_the_public_api(path.read_text("utf-8")))
    } == {}


PUBLIC = {
    *("evalflow", "evalflow.plugins", "evalflow.storage", "evalflow.testing"),
}


def imports_of_what_is_not_public(source: str) -> list[str]:
    """Give the modules of evalflow that are imported and promise nothing."""
    tree = list(ast.walk(ast.parse(source)))
    named = [a.name for node in tree if isinstance(node, ast.Import) for a in node.names]
    named += [node.module or "" for node in tree if isinstance(node, ast.ImportFrom)]
    return sorted({n for n in named if n.split(".")[0] == "evalflow"} - PUBLIC)


def test_an_import_of_what_is_not_public_is_found() -> None:
    source = "from evalflow.scoring.bands import legend\nimport evalflow_forms, evalflow.plugins"
    assert imports_of_what_is_not_public(source) == ["evalflow.scoring.bands"]


@pytest.mark.skipif(not (ROOT / "plugins").is_dir(), reason="an sdist is without plugins/")
@pytest.mark.parametrize(
    "plugin",
    ["forms", "report", "notify", "grades", "fonts", "metrics", "postgres", "web", "django"],
)
def test_a_plugin_of_ours_uses_what_everybody_may_use(plugin: str) -> None:
    """Left out is what kills programs, servers and deliverers: `make trust` runs it, and it shares
    the inside of `evalflow.testing`."""
    killing = {"rush.py", "crashes.py", "races.py", "syscalls.py"}
    folder = ROOT / "plugins" / f"evalflow-{plugin}" / "src"
    sources = sorted(path for path in folder.rglob("*.py") if path.name not in killing)
    assert sources
    found = {p.name: imports_of_what_is_not_public(p.read_text("utf-8")) for p in sources}
    assert {name: modules for name, modules in found.items() if modules} == {}


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


def files() -> Iterator[Path]:
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
    # Another may be moving files meanwhile; what is gone says nothing.
    yield from (path for path in found if path.is_file())


def text_files() -> Iterator[Path]:
    yield from (path for path in files() if b"\0" not in path.read_bytes()[:8192])


AT_THE_TOP = {
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.ko.md", "README.md"),
    *("RELEASING.md", "SECURITY.md", "constraints.txt", "hatch_build.py", "pyproject.toml"),
    *("PKG-INFO", "benchmarks", "changelog.d", "docs", "examples", "plugins", "src", "tests"),
    "tools",
}


def test_nothing_that_a_run_left_lies_at_the_top() -> None:
    tops = {path.relative_to(ROOT).parts[0] for path in files()}
    assert {top for top in tops if not top.startswith(".")} <= AT_THE_TOP


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


@pytest.mark.skipif(not (ROOT / "tools").exists(), reason="an sdist is without tools/")
def test_the_layout_is_within_its_limits_and_every_long_file_has_a_reason() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "layout.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "files above" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
