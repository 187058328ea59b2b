"""The 2016 plan of 서대문구: every fact of the source stands in the example."""

from __future__ import annotations

import datetime as dt
import re
import runpy
from collections import Counter
from pathlib import Path

import pytest

import evalflow
from evalflow.lifecycle.check.checks import check
from evalflow.plugins import vocabulary
from evalflow.scoring.rollup import shares

FOLDER = Path(__file__).parents[2] / "examples" / "seodaemun-2016"


@pytest.fixture(scope="module")
def plan() -> evalflow.Plan:
    return evalflow.load_plan(FOLDER / "plan.yaml", plugins=[])


@pytest.mark.parametrize("name", ["plan", "selection"])
def test_the_file_is_what_its_script_makes(name):
    made = runpy.run_path(str(FOLDER / "make_plan.py"), run_name="made")[name]()
    assert (FOLDER / f"{name}.yaml").read_text(encoding="utf-8") == made


def test_43_projects_in_five_fields(plan):
    """R26, R27: 복지 12, 경제 5, 문화교육 4, 환경 17, 참여 5."""
    counted = Counter(plan.head.fields[p.field].ko for p in plan.projects.values())
    assert counted == {"복지": 12, "경제": 5, "문화교육": 4, "환경": 17, "참여": 5}
    assert list(plan.projects) == [str(number) for number in range(1, 44)]


def test_26_projects_belong_to_one_of_five_core_projects(plan):
    """R28: 26 of 43 is printed as 60.5 %."""
    assert [label.ko for label in plan.head.core_projects.values()] == [
        "함께 살기 좋은 서대문",
        "교육공동체도시 서대문",
        "여성이 행복한 서대문",
        "어르신과 함께 하는 서대문",
        "보행친화도시 서대문",
    ]
    core = sum(p.core_project is not None for p in plan.projects.values())
    assert (core, str(shares({"core": core, "other": 43 - core})["core"])) == (26, "60.5")


def test_31_departments_of_four_kinds(plan):
    """R3: 3 담당관, 26 과, 1 지소, 1 박물관; every one of them answers for a project."""
    names = [u.label.ko for u in plan.head.units.values() if u.kind == "department"]
    kinds = Counter(
        next(kind for kind in ("담당관", "지소", "박물관", "과") if name.endswith(kind))
        for name in names
    )
    assert kinds == {"담당관": 3, "과": 26, "지소": 1, "박물관": 1}
    assert {"정책기획담당관", "감사담당관", "도시재정비과", "주택과", "도시관리과"} <= set(names)
    assert len(plan.units_in_charge()) == 31


def test_number_6_has_its_title_and_22_cards(plan):
    """R39."""
    six = plan.projects["6"]
    assert (six.label.ko, len(six.cards), six.illustrative) == (
        "서울형 혁신교육지구 운영",
        22,
        False,
    )
    assert [n for n, p in plan.projects.items() if not p.illustrative] == ["6"]
    assert plan.head.illustrative is not None


def test_what_is_excluded_says_where_it_is_evaluated(plan):
    """R23-R25, R10."""
    where = {e.label.ko: e.evaluated_in for e in plan.head.exclusions}
    assert "반기별" in where["구청장 공약사업"]
    assert "도시재정비과" in where["도시재생사업"]


def test_the_planning_dates_are_the_sources(plan):
    """R17-R21."""
    days = [day for day, _ in plan.head.milestones]
    assert {dt.date(2016, 2, d) for d in (5, 19, 24, 25)} == set(days)


def test_the_deadlines_of_2016_do_not_move(plan):
    """R33, R34; the fourth quarter falls in January 2017."""
    calendar = evalflow.Calendar(plan.head.calendar)
    due = [
        (calendar.deadline(rule, p).due, calendar.deadline(rule, p).moved_days)
        for p in calendar.periods()
        for rule in (plan.head.calendar.due["self_evaluate"], plan.head.calendar.due["review"])
    ]
    assert due == [
        (dt.date(year, month, day), 0)
        for year, month in ((2016, 4), (2016, 7), (2016, 10), (2017, 1))
        for day in (5, 20)
    ]


def test_every_step_can_be_done_by_somebody_of_the_plan(plan):
    found = check(
        plan.lifecycle,
        vocabulary=vocabulary([]),
        head=plan.head,
        units=plan.units_in_charge(),
    )
    assert [finding for finding in found if finding.severity == "error"] == []


def test_actors_are_opaque_ids(plan):
    """D10."""
    assert all(actor.isascii() for actor in plan.head.directory)


# --------------------------------------------------------------------------- from any folder


def test_every_example_is_found_by_its_id():
    """And every plan beside them is one of them."""
    ids = {}
    for path in FOLDER.glob("*.yaml"):
        plan = evalflow.load_plan(path, plugins=[])
        ids[plan.head.id] = path.name
    assert {name: evalflow.example(name).name for name in ids} == ids
    assert evalflow.example().read_bytes() == (FOLDER / "plan.yaml").read_bytes()


def test_an_unknown_example_names_the_nearest_and_all():
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.example("seodaemun-2016-pledge")
    (problem,) = caught.value.problems
    assert problem.code == "unknown_example"
    assert problem.value == "seodaemun-2016-pledge"
    assert "did you mean 'seodaemun-2016-pledges'?" in problem.en
    assert all(name in problem.ko for name in ("seodaemun-2016,", "seodaemun-2016-orders"))
    with pytest.raises(evalflow.InvalidInput, match=r"'\.\./plan'") as caught:
        evalflow.example("../plan")
    assert "mean" not in caught.value.problems[0].en


def test_the_readme_works_in_an_empty_folder(tmp_path, monkeypatch, capsys):
    page = (FOLDER.parents[1] / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
