"""Workbooks to fill in, as they are made of an office's store."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evalflow.errors import invalid

if TYPE_CHECKING:
    from evalflow.batch.book_pages import BookFor
    from evalflow.engine.engine import Engine
    from evalflow.lifecycle.definition import Event, Lifecycle
    from evalflow.model import Label, Project


def ready_for(lifecycle: Lifecycle, event: Event, projects: Sequence[Project]) -> list[Project]:
    """Return the projects in a state in which the event can be fired."""
    region, sources = lifecycle.leading(event), event.sources()
    return [each for each in projects if each.states[region] in sources]


def fillable(event: Event) -> bool:
    """Say whether everything an event takes can be entered in a workbook."""
    from evalflow.batch.book_columns import unsupported

    return not unsupported(event)


def write_sheet(
    path: str | os.PathLike[str],
    engine: Engine,
    lifecycle: Lifecycle,
    event: Event,
    unit: str,
    projects: Sequence[Project],
    lang: str,
) -> Label:
    """Write the workbook in which a unit fills in what an event takes for these projects of one
    plan, and return the unit's name.

    Raises:
        InvalidInput: the projects stand in several periods.
        OSError: the file cannot be written.
    """
    from evalflow.batch.book_pages import pages
    from evalflow.files.book_writer import write_book

    made = book_for(engine, projects[0].plan, lifecycle, event, unit, projects, lang)
    write_book(path, pages(made))
    return made.unit_label


def book_for(
    engine: Engine,
    plan: str,
    lifecycle: Lifecycle,
    event: Event,
    unit: str,
    projects: Sequence[Project],
    lang: str,
) -> BookFor:
    """Return what the workbook of a unit for an event is made of: these projects, as they are.

    Raises:
        InvalidInput: the projects stand in several periods.
    """
    from evalflow.batch.book_pages import BookFor, BookProject
    from evalflow.model.calendar import period as period_of

    periods = Counter(each.period for each in projects)
    if len(periods) > 1:
        listed = ", ".join(sorted(periods))
        raise invalid(
            "several_periods",
            value=listed,
            ko=f"기간이 다른 사업이 섞여 있습니다: {listed}. --number나 --unit으로 나누십시오",
            en=f"projects of several periods: {listed}; part them by --number or --unit",
        )
    (period,) = periods
    calendar = engine.plans.calendar(plan)
    head = engine.plans.head(plan, revision=engine.rules.terms(plan).in_force(period))
    today = calendar.today(engine.clock())
    ids = tuple(each.id for each in projects)
    dues = [
        each.due
        for each in engine.due(plan=plan, ids=ids, waiting=True)
        if each.event == event.name and each.period == period
    ]

    money = {
        field.name
        for each in lifecycle.events.values()
        if any(other.type == "figures" and other.required for other in each.data)
        for field in each.data
        if field.type == "money"
    }

    def spent(project: Project) -> int | None:
        """Return what departments said was spent in the year so far."""
        told = [
            int(evaluation.facts[name])
            for each in calendar.periods_to(period)
            if (evaluation := engine.storage.evaluation(project.id, each)) is not None
            for name in sorted(money & evaluation.facts.keys())[:1]
        ]
        return sum(told) if told else None

    def of(project: Project) -> BookProject:
        return BookProject(
            project=project,
            definition=engine.plans.definition(project.id, period=period),
            evaluation=engine.evaluation(project.id),
            unit=engine.plans.head(plan).unit(project.unit).label_on(today),
            spent=None if event.together is None else spent(project),
        )

    return BookFor(
        head=head,
        lifecycle=lifecycle,
        event=event,
        period=period,
        period_label=period_of(period).label,
        periods=calendar.periods_to(period),
        whole=calendar.periods_to(head.calendar.last),
        unit=unit,
        unit_label=engine.plans.head(plan).unit(unit).label_on(today),
        due=min(dues, default=None),
        projects=tuple(of(each) for each in projects),
        lang=lang,
    )
