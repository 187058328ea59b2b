"""Every code block in the documentation is run, or is a console block whose commands are run."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from sybil.document import Document
from sybil.parsers.markdown import PythonCodeBlockParser

from evalflow._public import homes

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/*.md")])
BLOCK = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Blocks in these are shown, not run: commands that set up the machine, pictures, file formats
# (the YAML ones are loaded by the tests of their packages), text.
SHOWN = {"sh", "mermaid", "text", "yaml", "json", "toml", "make", "sql", "dot"}


# An sdist of evalflow is without plugins/, and the plugins need not be installed beside it.
SDIST = not (ROOT / "plugins").exists()


def skip_without_plugin(page: Path) -> None:
    """Skip a page whose blocks use a plugin that is not installed: in an sdist, or in an
    environment made before the plugin was. `make` installs them all."""
    kinds = (*blocks("python"), *blocks("console"))
    run = "".join(code for each, _, code in kinds if each == page)
    named = set(re.findall(r"evalflow[-_](?:django|forms|grades|notify|postgres|report|web)", run))
    named |= {"evalflow-forms"} if "evalflow form " in run or ".form(" in run else set()
    absent = {name.replace("_", "-") for name in named} - {
        each.name.removeprefix("municipal-") for each in metadata.distributions() if each.name
    }
    if absent:
        where = "an sdist" if SDIST else "this environment (make sets up anew)"
        pytest.skip(f"{where} is without {', '.join(sorted(absent))}")


def blocks(kind: str) -> list[tuple[Path, int, str]]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            if match[1] == kind:
                line = text.count("\n", 0, match.start()) + 1
                found.append((page, line, match[2]))
    return found


# Followed from beginning to end, files, commands and all, by a test of its own.
FOLLOWED = dict.fromkeys(
    ("plugin-author.md", "tutorial-scoring-plugin.md"), "tests/project/test_tutorial.py"
) | {"django.md": "tests/project/test_django_page.py"}


@pytest.mark.parametrize(
    "page", sorted({page for page, _, _ in blocks("python") if page.name not in FOLLOWED}), ids=str
)
def test_the_python_blocks_of_a_page_run_in_order(page, monkeypatch, tmp_path):
    """They share one namespace, and run in a copy of the place where the reader stands."""
    skip_without_plugin(page)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    document = Document.parse(str(page), PythonCodeBlockParser())
    document.namespace["__name__"] = "__docs__"
    try:
        for example in document.examples():
            example.evaluate()
    except Exception as why:  # from a plugin, which may not be there to be imported
        if type(why).__name__ != "NoServer":
            raise
        pytest.skip(f"not on this machine: PostgreSQL (apt-get install postgresql): {why}")


def commands(block: str) -> list[tuple[str, str]]:
    """Return the commands of a console block (`$ …`), each with the output shown under it."""
    found = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        while command.endswith("\\"):
            more, _, shown = shown.partition("\n")
            command = f"{command}\n{more}"
        found.append((command, shown))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({page for page, _, _ in blocks("console")}), ids=str)
def test_the_commands_of_a_page_run_in_order_and_print_what_it_shows(page, tmp_path):
    """They share one folder with a copy of `examples`; `...` stands for any output, and a
    command that may fail says so by `|| true`."""
    skip_without_plugin(page)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("EVALFLOW")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "EVALFLOW_LANG": "ko" if page.name.endswith(".ko.md") else "en",
    }
    exports = ""
    for each, line, block in blocks("console"):
        for command, shown in commands(block) if each == page else ():
            if command.startswith("export "):
                exports += f"{command}\n"
            done = subprocess.run(
                ["bash", "-c", f"{exports}{command}"],
                cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            where = f"{page.name}:{line}: $ {command}\n{done.stdout}{done.stderr}"
            assert done.returncode == 0, where
            if shown.strip():
                same = doctest.OutputChecker().check_output(
                    shown,
                    done.stdout + done.stderr,
                    doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
                )
                assert same, where


def test_every_block_says_what_it_is_in():
    known = SHOWN | {"python", "console"}
    wrong = [
        f"{page.name}: ```{match[1]}"
        for page in PAGES
        for match in BLOCK.finditer(page.read_text(encoding="utf-8"))
        if match[1] not in known
    ]
    assert wrong == []


def test_links_between_pages_lead_somewhere():
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
        and not (SDIST and (page.parent / target).resolve().is_relative_to(ROOT / "plugins"))
    ]
    assert broken == []


def officers_pages() -> list[Path]:
    """Return the pages that the index names for officers, and what else has a Korean twin."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    (named,) = re.findall(r":caption: For officers\n:maxdepth: 1\n\n(.*?):::", index, re.DOTALL)
    told = [ROOT / "docs" / f"{page}.md" for page in named.split()]
    others = [path.with_name(f"{path.name[:-6]}.md") for path in ROOT.glob("docs/howto/*.ko.md")]
    return told + sorted(set(others) - set(told))


def outline(page: Path) -> tuple[list[str], list[list[str]]]:
    """Return a page's levels of headings, and what its commands ask for: words and options, without
    the names of files and texts. What is for Python is not for officers."""
    text = page.read_text(encoding="utf-8").partition("\n## From Python")[0]
    bare = BLOCK.sub("", text)
    asked = []
    for match in BLOCK.finditer(text):
        if match[1] in ("console", "sh", "text"):
            for line in match[2].replace("\\\n", " ").splitlines():
                if re.match(r"(\$ )?evalflow ", line):
                    words = shlex.split(line.removeprefix("$ "), comments=True)
                    asked.append([word for word in words if re.fullmatch(r"-*[a-z_-]+", word)])
    return re.findall(r"^#+(?= )", bare, re.MULTILINE), asked


@pytest.mark.parametrize("page", officers_pages(), ids=lambda page: page.name)
def test_an_officers_page_has_a_korean_twin_with_the_same_headings_and_commands(page):
    twin = page.with_suffix(".ko.md")
    assert twin.is_file(), f"{page.name} is for officers and has no {twin.name}"
    assert outline(twin) == outline(page)
    assert f"]({twin.name})" in page.read_text(encoding="utf-8")
    assert f"]({page.name})" in twin.read_text(encoding="utf-8")


def test_a_korean_page_leads_to_korean_pages_where_there_are_any():
    away = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in ROOT.glob("docs/**/*.ko.md")
        for text, target in re.findall(
            r"\[([^\]]+)\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")
        )
        if text != "영문" and not target.endswith(".ko.md")
        if (page.parent / target).with_suffix(".ko.md").is_file()
    ]
    assert away == []


def test_the_page_for_python_names_every_method_and_error():
    import evalflow

    page = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    methods = {name for name in vars(evalflow.Engine) if not name.startswith("_")}
    errors = {
        name
        for name in dir(evalflow)
        if isinstance(getattr(evalflow, name), type)
        and issubclass(getattr(evalflow, name), evalflow.EvalflowError)
    }
    missing = {name for name in methods | errors if not re.search(rf"\b{name}\b", page)}
    assert missing == set()


def test_what_the_guarantees_claim_is_shown_by_tests_that_are_there():
    """A claim on these pages names its test; `…` stands for the rest of a name."""
    pages = [ROOT / "docs/explanation" / name for name in ("guarantees.md", "trust.md")]
    page = "\n".join(each.read_text("utf-8") for each in pages)
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+){3,}…?)`", page))
    folders = (ROOT / "tests", *(ROOT / "plugins").glob("*/tests"))
    there = {
        name
        for folder in folders
        for path in folder.rglob("test_*.py")
        for name in re.findall(r"^def test_(\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    missing = {
        name
        for name in named
        if not any(each == name or each.startswith(name.removesuffix("…")) for each in there)
    }
    assert len(named) > 10
    assert missing == set()


# --------------------------------------------------------------------------- names


SOURCE = ROOT / "src"
DOORS = sorted(
    ".".join(each.parent.relative_to(SOURCE).parts) for each in SOURCE.rglob("__init__.pyi")
)
CODE = re.compile(r"`[^`\n]+`|^```.*?^```", re.MULTILINE | re.DOTALL)


def named_in(text: str) -> set[str]:
    """Return the words that a page shows as code."""
    return {word for code in CODE.findall(text) for word in re.findall(r"\w+", code)}


@pytest.mark.skipif(SDIST, reason="an sdist is without plugins/")
@pytest.mark.parametrize("door", DOORS)
def test_every_public_name_occurs_in_a_page_that_somebody_wrote(door: str) -> None:
    """Beside the site's pages of all names, which are made of docstrings (test_site.py)."""
    assert named_in("a `Plan.x` and\n```python\nname = 1\n```\nword") >= {"Plan", "x", "name"}
    assert "word" not in named_in("a `Plan` word")
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("plugins/*/README.md")]
    said = {word for page in pages for word in named_in(page.read_text("utf-8"))}
    assert sorted(set(homes(door)) - said) == []
