"""The tutorial is followed from an empty folder, with what an index gives and nothing of this copy;
each skeleton makes a plugin that is installed as a wheel and passes its kit."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from evalflow import load_plan
from evalflow.cli.new_plugins import KINDS, files_of
from evalflow.model.calendar import period
from evalflow.testing.firings import PLAN
from fresh import ROOT, Fresh, wheel


def parts(page: str) -> tuple[dict[str, str], list[str]]:
    """Return the files that a page has the reader write, and its blocks of commands."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    files = re.findall(r"`([^`\n]+)`:\n\n```\S*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return dict(files), re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


FILES, COMMANDS = parts("tutorial-scoring-plugin.md")
SCORER = [path for path in FILES if path.startswith(("src/", "tests/"))]
RATES = "scoring:\n  scorer: points\n  options: {{worst: 50, best: 100}}\n"

slow = pytest.mark.slow


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of evalflow."""
    return wheel(ROOT, tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def fresh(ours: Path, tmp_path: Path) -> Fresh:
    made = Fresh(tmp_path / "venv")
    made.install(ours)
    return made


def begun(fresh: Fresh, folder: Path) -> Path:
    """Follow the tutorial up to the files of the scorer, and install what was made."""
    setting_up, skeleton, *_ = COMMANDS
    assert setting_up.splitlines()[-1] == "pip install 'municipal-evalflow[test]'"
    fresh.shell(skeleton, folder)
    plugin = folder / "evalflow-points"
    for path in SCORER:
        assert (plugin / path).is_file(), "the skeleton has the tutorial's files"
    for path, content in FILES.items():
        (plugin / path).write_text(content, encoding="utf-8")
    wheels = folder / "wheels"
    wheels.mkdir()
    fresh.install(wheel(plugin, wheels))
    return plugin


@slow
def test_the_tutorial_leads_from_an_empty_folder_to_points_in_a_plan_of_today(
    fresh: Fresh, tmp_path: Path
) -> None:
    plugin = begun(fresh, tmp_path)
    _, _, testing, planning, firing = COMMANDS
    assert testing == "pip install -e .\npytest\n"
    assert " passed" in fresh.shell("pytest", plugin)
    shown = fresh.shell(planning + firing, plugin)

    assert "ok: scorer points (evalflow-points)" in shown
    assert "self_evaluate" in shown
    assert "76 points (20 up to a rate of 50 %, 100 from 100 %)" in shown
    assert "score 76; scorer points 1, plan revision 1" in shown
    assert " late" not in shown
    assert "Recalculated: the same as stored." in shown
    assert str(ROOT) not in fresh.shell(
        "python -c 'import evalflow; print(evalflow.__path__)'", plugin
    )


@slow
def test_a_slip_in_the_options_is_told_with_its_place(fresh: Fresh, tmp_path: Path) -> None:
    plugin = begun(fresh, tmp_path)
    slip = COMMANDS[3].replace("python plan.py", "python plan.py | sed s/worst/wrost/")
    shown = fresh.shell(
        slip.replace(
            "evalflow plan import plan.yaml --as policy-1", "evalflow plan check plan.yaml || true"
        ),
        plugin,
    )
    assert re.search(r"plan\.yaml:\d+:\d+: unknown key 'wrost'; did you mean 'worst'\?", shown)


@pytest.mark.parametrize(
    "day", ["2026-01-01", "2026-03-31", "2026-04-01", "2028-02-29", "2026-12-31"]
)
def test_the_tutorials_plan_is_of_a_quarter_that_ended_less_than_a_hundred_days_ago(
    day: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    today = dt.date.fromisoformat(day)
    said = FILES["plan.py"].replace('dt.datetime.now(ZoneInfo("Asia/Seoul")).date()', "TODAY")
    assert "TODAY" in said
    exec(compile(said, "plan.py", "exec"), {"TODAY": today})
    (tmp_path / "plan.yaml").write_text(capsys.readouterr().out.replace(RATES.format(), ""))
    plan = load_plan(tmp_path / "plan.yaml", plugins=[])
    rules = plan.head.calendar
    assert rules.first == rules.last
    ended = period(rules.first).end
    assert 0 < (today - ended).days < 100


@slow
def test_the_page_for_plugin_authors_leads_from_an_empty_folder_to_a_guard_that_refuses(
    fresh: Fresh, tmp_path: Path
) -> None:
    folder = tmp_path / "plugin"
    files, (setting_up, testing, using) = parts("plugin-author.md")
    assert set(files) == {
        "pyproject.toml", "src/evalflow_no_fridays.py", "tests/test_no_fridays.py",
        "our-rules.yaml",
    }  # fmt: skip
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    fresh.install(wheel(folder, wheels))
    assert "venv" in setting_up

    tested = fresh.shell(testing.replace("pip install -e .", ":"), folder)
    assert " passed" in tested
    assert "no_fridays" in tested
    shown = fresh.shell(using, folder)

    thursday, _, friday = shown.partition("not possible")
    assert "possible" in thursday
    assert "no deadline is extended on a Friday." in friday


# ------------------------------------------------------------------ skeletons


@slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_is_installed_as_a_wheel_and_passes_its_kit(
    kind: str, fresh: Fresh, tmp_path: Path
) -> None:
    assert "evalflow-mapo" in fresh.shell(f"evalflow plugins new {kind} mapo", tmp_path)
    plugin = tmp_path / "evalflow-mapo"
    assert "@" not in re.sub(
        r"@(hookimpl|attrs|contextmanager|pytest)\b",
        "",
        "".join(file.read_text(encoding="utf-8") for file in plugin.rglob("*") if file.is_file()),
    )
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    fresh.install(wheel(plugin, wheels))
    said = fresh.shell("python -m pytest -q -p no:cacheprovider tests", plugin)
    assert " passed" in said
    listed = fresh.shell("evalflow --lang en plugins list", tmp_path)
    assert re.search(rf"evalflow-mapo .*{kind}.*: mapo", listed, re.IGNORECASE)
    if kind == "storage":
        (tmp_path / "plan.yaml").write_text(PLAN.format(lifecycle="major-works"), encoding="utf-8")
        said = fresh.shell(
            "export EVALFLOW_STORE=mapo:office.jsonl EVALFLOW_LANG=en\n"
            "evalflow plan import plan.yaml --as policy-1\n"
            "evalflow backup -o copy\nevalflow --store mapo:again.jsonl restore copy\n"
            "evalflow --store mapo:again.jsonl verify",
            tmp_path,
        )
        assert "office-2016: revision 1, 2 projects" in said


@pytest.mark.parametrize("kind", KINDS)
def test_a_skeleton_is_short_and_each_line_of_it_stands_on_public_names(kind: str) -> None:
    made = files_of(kind, "x1")
    code = made["src/evalflow_x1/__init__.py"]
    assert len(code.splitlines()) <= 150
    named = set(re.findall(r"^(?:from|import) (evalflow[\w.]*)", code, re.MULTILINE))
    assert named <= {"evalflow", "evalflow.plugins", "evalflow.storage"}
