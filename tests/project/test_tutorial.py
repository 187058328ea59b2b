"""The tutorial is followed from an empty folder; the template makes a plugin that passes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def parts(page: str) -> tuple[dict[str, str], list[str]]:
    """Return the files that a page has the reader write, and its blocks of commands."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    files = re.findall(r"`([^`\n]+)`:\n\n```\S*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return dict(files), re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


FILES, COMMANDS = parts("tutorial-scoring-plugin.md")

pytestmark = pytest.mark.slow


def installed(folder: Path) -> dict[str, str]:
    """Install the package in `folder`, as `pip install` does but for this test alone, and give the
    environment in which it is there."""
    site = folder / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
         "--no-index", "--target", str(site), str(folder)],
        check=True, capture_output=True,
    )  # fmt: skip
    kept = {key: value for key, value in os.environ.items() if not key.startswith("EVALFLOW")}
    return {
        **kept,
        "PYTHONPATH": str(site),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def shell(script: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-ec", script], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def made(folder: Path, **said: str) -> Path:
    """Make a plugin from the template and return where it lies."""
    from cookiecutter.main import cookiecutter

    return Path(
        cookiecutter(
            str(ROOT / "templates" / "scoring-plugin"),
            no_input=True,
            output_dir=str(folder),
            extra_context=said,
            default_config=True,
        )
    )


def test_what_the_template_makes_becomes_the_tutorials_plugin(tmp_path):
    """The skeleton has the tutorial's files under the same names; written over, they pass."""
    folder = made(tmp_path, scorer="points")
    ours = {path: text for path, text in FILES.items() if path != "figures.yaml"}
    assert set(ours) == {
        "pyproject.toml", "src/evalflow_points/__init__.py", "tests/test_points.py",
    }  # fmt: skip
    for path, content in ours.items():
        assert (folder / path).is_file(), path
        (folder / path).write_text(content, encoding="utf-8")
    environment = installed(folder)
    assert " passed" in shell("python -m pytest -q tests", folder, environment)
    assert "ok: scorer points (evalflow-points)" in shell(
        "evalflow --lang en plugins check points", folder, environment
    )


def test_the_tutorial_leads_from_an_empty_folder_to_points_in_the_2016_plan(tmp_path):
    folder = tmp_path / "plugin"
    (tmp_path / "evalflow").symlink_to(ROOT)
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    environment = installed(folder)
    setting_up, testing, planning, firing, template = COMMANDS
    assert "venv" in setting_up
    assert testing.startswith("pip install -e .\n")
    assert "cookiecutter" in template

    shell(testing.replace("pip install -e .", ":"), folder, environment)
    shown = shell(planning + firing, folder, environment)

    assert "ok: scorer points (evalflow-points)" in shown
    assert "self_evaluate" in shown
    assert re.search(r"[0-9.]+ points \(20 up to a rate of 50 %, 100 from 100 %\)", shown)
    assert re.search(r"score [0-9.]+; scorer points 1, plan revision 1", shown)
    assert "Worked out again it is the same as stored." in shown


def test_a_slip_in_the_options_is_told_with_its_place(tmp_path):
    folder = tmp_path / "plugin"
    (tmp_path / "evalflow").symlink_to(ROOT)
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    planning = (
        COMMANDS[2]
        .replace("worst: 50", "wrost: 50")
        .replace(
            "evalflow plan import plan.yaml --as policy-1", "evalflow plan check plan.yaml || true"
        )
    )
    shown = shell(planning, folder, installed(folder))
    assert re.search(r"plan\.yaml:\d+:\d+: unknown key 'wrost'; did you mean 'worst'\?", shown)


def test_the_template_makes_a_plugin_that_passes_its_own_tests(tmp_path):
    folder = made(tmp_path, scorer="mapo", title_ko="마포 점수", title_en="Mapo's points")
    assert folder.name == "evalflow-mapo"
    assert "{{" not in "".join(
        file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.is_file()
    )
    environment = installed(folder)
    assert " passed" in shell("python -m pytest -q tests", folder, environment)
    assert "ok: scorer mapo (evalflow-mapo)" in shell(
        "evalflow --lang en plugins check mapo", folder, environment
    )


def test_the_page_for_plugin_authors_leads_from_an_empty_folder_to_a_guard_that_refuses(tmp_path):
    folder = tmp_path / "plugin"
    files, (setting_up, testing, using) = parts("plugin-author.md")
    assert set(files) == {
        "pyproject.toml", "src/evalflow_no_fridays.py", "tests/test_no_fridays.py",
        "our-rules.yaml",
    }  # fmt: skip
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    environment = installed(folder)
    assert "venv" in setting_up

    tested = shell(testing.replace("pip install -e .", ":"), folder, environment)
    assert " passed" in tested
    assert "no_fridays" in tested
    shown = shell(using, folder, environment)

    thursday, _, friday = shown.partition("not possible")
    assert "possible" in thursday
    assert "no deadline is extended on a Friday." in friday
