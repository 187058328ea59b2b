"""What `score --grades` prints: the grades of all projects, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from evalflow.cli.session import Session

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine
    from evalflow.scoring.contract import Grade


def _quotas(session: Session, grades: Iterable[Grade]) -> Iterator[str]:
    """Yield for each cohort how many projects each grade is for, and how many have it."""
    cohorts: dict[str, list[Grade]] = {}
    for each in grades:
        cohorts.setdefault(each.cohort, []).append(each)
    for cohort, members in cohorts.items():
        quota = next((each.quota for each in members if each.quota), {})
        has = Counter(each.grade for each in members)
        said = ", ".join(f"{grade} {has[grade]}/{places}" for grade, places in quota.items())
        if said:
            total = f"{sum(has[grade] for grade in quota)}/{sum(quota.values())}"
            head = session.say("등급별 사업 수(부여/정원)", "Given / places")
            of = f" [{cohort}]" if cohort else ""
            yield f"{head}{of}: {said}; {session.say('계', 'total')} {total}"


def print_grades(
    session: Session,
    engine: Engine,
    plan: str,
    period: str | None,
    reader: str | None,
    as_json: bool,
) -> None:
    """Print the grade of each project, why it has it, and how many places there are."""
    from evalflow.engine.view import View

    projects = {project.id: project for project in engine.projects(plan=plan)}
    chosen = (
        engine.names.period(plan, period)
        if period is not None
        else max(project.period for project in projects.values())
    )
    of = engine.ratings if reader is None else View(engine, reader)
    found = of.grades(plan, chosen)
    rules = engine.plans.head(plan).scoring.grades
    if as_json:
        session.print_json(
            "grades",
            found.values(),
            plan=plan,
            period=chosen,
            grader=rules and rules.grader,
            illustrative=session.illustrative(engine, [plan]),
        )
        return
    ordered = sorted(found.values(), key=lambda g: (g.cohort, g.rank is None, g.rank or 0))
    rows = [
        (
            projects[each.project].number,
            session.label(projects[each.project].label),
            "-" if each.rate is None else f"{each.rate}%",
            "-" if each.rank is None else f"{each.rank}/{each.of}",
            each.grade or "-",
            session.label(each.reason),
        )
        for each in ordered
    ]
    heads = session.say(
        "관리번호,사업,이행률,순위,등급,근거", "No.,Project,Rate,Rank,Grade,Why"
    ).split(",")
    session.table(heads, rows, right=(2, 3))
    for line in _quotas(session, ordered):
        session.echo(line)
    session.echo(f"{chosen}: {rules.grader if rules else ''}")
    session.remark_illustrative(engine, [plan])
