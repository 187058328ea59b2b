"""The public API: its names, their types, and what importing it costs."""

from __future__ import annotations

import ast
import enum
import inspect
import itertools
import pkgutil
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path

import pytest

import evalflow
from evalflow._public import homes

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "evalflow",
    "evalflow.plugins",
    "evalflow.storage",
    "evalflow.testing",
)
PINNED = Path(__file__).parents[1] / "data" / "public-api.txt"


def public() -> dict[str, object]:
    """Give every public name, in full, and what it is."""
    return {
        f"{package}.{name}": getattr(import_module(package), name)
        for package in PACKAGES
        for name in homes(package)
    }


def members(value: type) -> dict[str, object]:
    """Give what a class has, by itself or from other classes of ours (a kit is made of parts)."""
    ours = (kind for kind in reversed(value.__mro__) if kind.__module__.startswith("evalflow"))
    return {name: member for kind in ours for name, member in vars(kind).items()}


def signature(value: object) -> str:
    try:
        return re.sub(r"<function (\S+) at 0x\w+>", r"\1", str(inspect.signature(value)))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""


def described() -> str:
    """Write down the names with the signatures of what can be called, one a line."""
    lines = []
    for full, value in sorted(public().items()):
        lines.append(f"{full}{signature(value)}")
        if isinstance(value, type) and not issubclass(value, tuple | enum.Enum):
            for name, member in sorted(members(value).items()):
                if not name.startswith("_") and callable(member):
                    lines.append(f"    {name}{signature(member)}")
    return "\n".join(lines) + "\n"


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="signatures are written down as Python 3.11 shows them"
)
def test_names_and_signatures_are_these_and_no_others() -> None:
    """A change is meant: `python tests/project/test_public_api.py` writes them down anew."""
    assert described().splitlines() == PINNED.read_text("utf-8").splitlines()


def test_each_name_is_public_in_one_place() -> None:
    names = [name for package in PACKAGES for name in homes(package)]

    assert sorted(names) == sorted(set(names))


def test_every_public_name_can_be_had_and_is_listed() -> None:
    for package in PACKAGES:
        module = import_module(package)
        assert sorted(module.__all__) == sorted(homes(package))
        assert set(module.__all__) <= set(dir(module))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_public_name_is_that_of_a_module(package: str) -> None:
    """Whoever imported the module first would be given it for the name."""
    modules = {each.name for each in pkgutil.iter_modules(import_module(package).__path__)}
    assert modules.isdisjoint(homes(package))


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="an sdist of a plugin is without docs/")
def test_every_package_of_public_names_has_a_page_of_them() -> None:
    stubs = (ROOT / "src").rglob("__init__.pyi")
    packages = {".".join(stub.relative_to(ROOT / "src").parts[:-1]) for stub in stubs}
    pages = "".join(page.read_text("utf-8") for page in ROOT.glob("docs/reference/api/*.md"))

    assert packages == set(PACKAGES)
    doors = set(re.findall(r"^door: (\S+)$", pages, re.MULTILINE))
    assert packages | {"evalflow_django", "evalflow_web"} == doors


def written_under(name: str, value: object) -> bool:
    """Say whether a docstring stands under the assignment of a value, wherever it is made."""
    for module in list(sys.modules.values()):
        if module.__name__.startswith("evalflow.") and getattr(module, name, None) is value:
            lines = ast.parse(inspect.getsource(module)).body
            for made, under in itertools.pairwise(lines):
                named = re.match(rf"{name}\b(: [^=]+)? =", ast.unparse(made))
                if named and isinstance(under, ast.Expr) and isinstance(under.value, ast.Constant):
                    return True
    return False


def test_every_public_name_has_a_docstring_of_which_its_page_is_made() -> None:
    assert [
        full
        for full, value in public().items()
        for ours in [getattr(value, "__module__", None) or ""]
        if not (
            inspect.getdoc(value)
            if inspect.isfunction(value) or (inspect.isclass(value) and ours.startswith("evalflow"))
            else written_under(full.rpartition(".")[2], value)
        )
    ] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_an_unknown_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(import_module(package), "no_such_name")  # noqa: B009


def test_the_version_is_that_of_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    assert evalflow.__version__ == metadata.version("municipal-evalflow")

    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert not hasattr(evalflow, "__version__")


# ------------------------------------------------------------------ types


def mentioned(hint: object) -> Iterator[object]:
    """Give the classes that a type speaks of."""
    if isinstance(hint, type):
        yield hint
    for part in typing.get_args(hint):
        if isinstance(part, list | tuple):
            for each in part:
                yield from mentioned(each)
        else:
            yield from mentioned(part)
    origin = typing.get_origin(hint)
    if isinstance(origin, type):
        yield origin


def hints_of(function: object) -> dict[str, object]:
    function = inspect.unwrap(function)  # type: ignore[arg-type]
    return typing.get_type_hints(function, localns=LATE)


def late_names() -> dict[str, object]:
    """Names that modules import for type checkers alone."""
    from evalflow.decision.guards import Guard
    from evalflow.engine.engine import Engine

    return {
        "Guard": Guard,
        "Engine": Engine,
        **{f.rpartition(".")[2]: v for f, v in public().items()},
    }


LATE = late_names()


def callables() -> Iterator[tuple[str, object]]:
    for full, value in public().items():
        if inspect.isfunction(value):
            yield full, value
        elif isinstance(value, type) and value.__module__.startswith("evalflow"):
            for name, member in members(value).items():
                if isinstance(member, staticmethod | classmethod):
                    member = member.__func__
                if inspect.isfunction(member) and not name.startswith("_"):
                    yield f"{full}.{name}", member
                elif isinstance(member, property) and member.fget and not name.startswith("_"):
                    yield f"{full}.{name}", member.fget


KITS = "evalflow.testing."  # what tests compare with is no promise of ours


def test_no_public_function_answers_any() -> None:
    assert [
        name
        for name, function in callables()
        if not name.startswith(KITS)
        and "Any" in str(inspect.unwrap(function).__annotations__.get("return")).split("[")[0]  # type: ignore[arg-type]
    ] == []


def test_public_signatures_speak_of_public_types_only() -> None:
    known = {id(value) for value in public().values()}

    assert {
        f"{name}: {found.__module__}.{found.__qualname__}"
        for name, function in callables()
        if not name.startswith(KITS)
        for hint in hints_of(function).values()
        for found in mentioned(hint)
        if isinstance(found, type)
        and found.__module__.startswith("evalflow")
        and id(found) not in known
    } == set()


def checked_by(tool: list[str], folder: Path) -> str:
    (folder / "usage.py").write_text(
        "import evalflow\nimport evalflow.plugins\n\nevalflow.no_such_name\n"
        "evalflow.plugins.no_such_name\nevalflow.Engine.fire\n"
    )
    ran = subprocess.run(
        [*tool, "usage.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    return ran.stdout + ran.stderr


@pytest.mark.slow
def test_mypy_knows_no_name_that_is_not_there(tmp_path: Path) -> None:
    cache = f"--cache-dir={ROOT / 'build' / 'mypy-usage'}"  # else all of evalflow is read each time
    said = checked_by([sys.executable, "-m", "mypy", "--strict", cache], tmp_path)

    assert said.count("no_such_name") == 2, said
    assert "usage.py:6" not in said


@pytest.mark.slow
def test_pyright_knows_no_name_that_is_not_there(tmp_path: Path) -> None:
    said = checked_by([sys.executable, "-m", "pyright", "--pythonpath", sys.executable], tmp_path)

    assert said.count('"no_such_name" is not a known attribute') == 2, said


# ------------------------------------------------------------------ what importing costs


def test_a_plain_import_loads_none_of_the_outside_libraries() -> None:
    code = "import sys, evalflow; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    outside = {"attrs", "transitions", "yaml", "pluggy", "click", "rich", "holidays", "sqlite3"}
    outside |= {"importlib.metadata"}
    assert not outside & set(loaded)


if __name__ == "__main__":
    PINNED.write_text(described(), "utf-8")
