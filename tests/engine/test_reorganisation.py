"""Departments renamed, merged and split within the year: roles follow the day, the past stays."""

from __future__ import annotations

import datetime as dt

import pytest

import evalflow
from offices import CARD, GOOD, PLAN, SEOUL, Clock, Office

# From 1 May 도로과 is called 보도과. On 1 July 어르신과 is merged into 교육과, and what 교육과 did
# for schools goes to a new 도서관과 of the other bureau.
SECOND = {**GOOD, "gu/1": {"schools": 20, "lessons": 100}}

CHANGED = (
    PLAN.replace(
        "road: {kind: department, ko: 도로과, en: Roads, parent: city}",
        "road: {kind: department, ko: 도로과, en: Roads, parent: city, "
        "renamed: [{on: 2016-05-01, ko: 보도과, en: Pavements}]}\n"
        "  library: {kind: department, ko: 도서관과, en: Libraries, parent: city, "
        "since: 2016-07-01}",
    )
    .replace(
        "elderly: {kind: department, ko: 어르신과, en: Elderly, parent: welfare}",
        "elderly: {kind: department, ko: 어르신과, en: Elderly, parent: welfare, "
        "until: 2016-06-30}",
    )
    .replace(
        "  elderly-1: [{role: department, unit: elderly}]\n",
        "  elderly-1:\n"
        "    - {role: department, unit: elderly, until: 2016-06-30}\n"
        "    - {role: department, unit: education, since: 2016-07-01}\n"
        "  library-1: [{role: department, unit: library, since: 2016-07-01}]\n",
    )
    .replace(
        "  elderly-head: [{role: department_head, unit: elderly}]\n",
        "  elderly-head: [{role: department_head, unit: elderly, until: 2016-06-30}]\n",
    )
)


def moved(text: str, number: str, unit: str, to: str) -> str:
    """The plan in which a project goes from one unit to another on 1 July."""
    head, mark, rest = text.partition(f'  "{number}":')
    assert mark
    old = f"    unit: {unit}\n"
    assert old in rest
    both = f"[{{unit: {unit}, until: 2016-06-30}}, {{unit: {to}, since: 2016-07-01}}]"
    both = f"    assignments: {both}\n"
    return head + mark + rest.replace(old, both, 1)


@pytest.fixture
def reorganised(store_url, tmp_path):
    text = moved(moved(CHANGED, "1", "education", "library"), "2", "elderly", "education")
    text = "\n".join(line for line in text.split("\n") if "for: elderly-head" not in line)
    path = tmp_path / "changed.yaml"
    path.write_text(_without_appointments(text), encoding="utf-8")
    clock = Clock()
    with evalflow.open(store_url, plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(path, plugins=[])
        engine.adopt(plan, by=plan.actor("policy-1"))
        office = Office(engine, plan, clock)
        office.to_submitted("2016-04-04")
        clock.go("2016-04-15")
        for project in GOOD:
            office.review(project)
            office.fire(project, "approve", "policy-1")
        clock.go("2016-04-28")
        for project in GOOD:
            office.fire(project, "open_period", "clock")
        yield office


def _without_appointments(text: str) -> str:
    head, _, rest = text.partition("\nappointments:")
    return head + "\nfields:" + rest.partition("\nfields:")[2]


def evaluate(office: Office, project: str, by: str) -> None:
    data = {"actuals": SECOND[project]}
    if project == "gu/2":
        data["cards"] = {"1": CARD, "2": CARD}
    office.fire(project, "self_evaluate", by, **data)


def test_roles_follow_the_day(reorganised):
    office = reorganised
    office.clock.go("2016-07-01")
    given = {"actuals": SECOND["gu/1"]}
    assert office.codes("gu/1", "self_evaluate", "education-1", **given) != []
    assert office.codes("gu/1", "self_evaluate", "library-1", **given) == []
    evaluate(office, "gu/1", "library-1")
    evaluate(office, "gu/2", "elderly-1")  # the same person, now in the other department
    evaluate(office, "gu/3", "road-1")
    # the bureau of the new unit submits it, together with its own
    office.submit("gu/3")
    assert {office.state(p) for p in ("gu/1", "gu/3")} == {"submitted"}
    assert office.state("gu/2") == "self_evaluated"
    assert list(office.engine.audit.verify()) == []


def test_what_was_done_keeps_the_unit_that_did_it(reorganised):
    office = reorganised
    office.clock.go("2016-07-01")
    evaluate(office, "gu/1", "library-1")
    units = [entry.unit for entry in office.engine.history("gu/1")]
    assert units[:-1] == ["education"] * (len(units) - 1)
    assert units[-1] == "library"


def test_a_past_day_shows_who_was_there_and_what_it_was_called(reorganised):
    office = reorganised
    office.clock.go("2016-07-02")
    engine = office.engine

    def stood(day: str) -> dict[str, tuple[str, str]]:
        at = dt.datetime.fromisoformat(day).replace(hour=18, tzinfo=SEOUL)
        seen = evalflow.overview(engine, "gu", at=at)
        return {each.project.number: (each.project.unit, each.unit.ko) for each in seen.standings}

    assert stood("2016-04-20") == {
        "1": ("education", "교육과"), "2": ("elderly", "어르신과"), "3": ("road", "도로과"),
    }  # fmt: skip
    assert stood("2016-05-02")["3"] == ("road", "보도과")
    assert stood("2016-07-01") == {
        "1": ("library", "도서관과"), "2": ("education", "교육과"), "3": ("road", "보도과"),
    }  # fmt: skip
    before = dt.datetime(2016, 6, 30, 18, tzinfo=SEOUL)
    of_city = [each.number for each in engine.projects(at=before, unit="city")]
    assert of_city == ["3"]
    assert [each.number for each in engine.projects(unit="city")] == ["1", "3"]


def test_counting_by_bureau_follows_too(reorganised):
    engine = reorganised.engine

    def counted(day: str) -> dict[str, int]:
        at = dt.datetime.fromisoformat(day).replace(hour=18, tzinfo=SEOUL)
        found: dict[str, int] = {}
        for each in evalflow.overview(engine, "gu", at=at).standings:
            assert each.bureau is not None
            found[each.bureau.ko] = found.get(each.bureau.ko, 0) + 1
        return found

    reorganised.clock.go("2016-07-02")
    assert counted("2016-04-20") == {"복지국": 2, "도시국": 1}
    assert counted("2016-07-01") == {"복지국": 1, "도시국": 2}


def test_what_is_due_is_owed_by_the_unit_of_the_day(reorganised):
    reorganised.clock.go("2016-07-01")
    owed = {
        (due.unit, project)
        for due in reorganised.engine.due(plan="gu")
        for project in due.projects
        if due.event == "self_evaluate"
    }
    assert owed == {("library", "gu/1"), ("education", "gu/2"), ("road", "gu/3")}


def test_a_reorganisation_decided_in_the_middle_of_the_year_is_a_revision(office):
    """Nothing was known of it in January: the plan is revised, and the past is not touched."""
    office.to_submitted("2016-04-04")
    before = {project: list(office.engine.history(project)) for project in GOOD}
    office.clock.go("2016-06-20")
    text = _without_appointments(
        moved(moved(CHANGED, "1", "education", "library"), "2", "elderly", "education")
    )
    path = office.plan.file
    assert path is not None
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    plan = evalflow.load_plan(path, plugins=[])
    office.engine.adopt(plan, by=office.actor("policy-1"), reason="조직개편 2016. 7. 1.")
    for project in GOOD:
        assert list(office.engine.history(project))[: len(before[project])] == before[project]
    assert office.engine.project("gu/1").unit == "education"
    at = dt.datetime(2016, 7, 1, 9, tzinfo=SEOUL)
    office.clock.go("2016-07-01")
    assert next(iter(office.engine.projects(unit="library"))).id == "gu/1"
    assert office.engine.explain("gu/1", "send_back", by=office.actor("policy-1"), at=at).allowed
    assert list(office.engine.audit.verify()) == []


def test_without_conditions_the_department_of_today_is_named(reorganised):
    office = reorganised
    office.clock.go("2016-07-02")
    asked = {"gu/1": "library", "gu/2": "education", "gu/3": "road"}
    assert {each.id: each.unit for each in office.engine.projects()} == asked
    owed = [due for due in office.engine.due() if due.event == "self_evaluate"]
    assert {due.projects[0]: due.unit for due in owed} == asked
    actors = {due.projects[0]: due.actors for due in owed}
    assert (actors["gu/1"], "elderly-1" in actors["gu/2"]) == (("library-1",), True)
