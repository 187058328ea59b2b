"""The command score: rates, and how they were worked out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from evalflow.cli.corrected import CORRECTED, corrected_in
from evalflow.cli.entry_details import beside_rating
from evalflow.cli.grades import print_grades
from evalflow.cli.options import json_option, pass_session, reader_option
from evalflow.cli.session import Session
from evalflow.errors import InvalidInput, Problem, invalid
from evalflow.model import Label, Share
from evalflow.scoring.bands import band_label, legend

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine
    from evalflow.engine.view import View
    from evalflow.model import (
        Band,
        Evaluation,
        Line,
        PlanHead,
        Project,
        ProjectDefinition,
        Rating,
    )
    from evalflow.model.canonical import Tree
    from evalflow.scoring.hints import Hint


@click.command("score")
@click.argument("project", required=False)
@click.option("--period", metavar="P", help="기간 · Period; the current one if absent.")
@click.option("--recompute", is_flag=True, help="다시 산출해 비교 · Recalculate and compare.")
@click.option(
    "--by",
    type=click.Choice(["unit", "bureau", "field", "office"]),
    help="집계 · Rates of groups instead of one project.",
)
@click.option(
    "--printed",
    multiple=True,
    metavar="INDICATOR=RATE",
    help="적힌 이행률과 비교 · Why a rate printed elsewhere differs; project=RATE for the whole.",
)
@click.option("--grades", is_flag=True, help="등급과 근거 · Grades of all projects, and why.")
@click.option("--plan", metavar="ID", help="계획 · Plan, with --by and --grades.")
@reader_option
@json_option
@pass_session
def score_command(
    session: Session,
    project: str | None,
    period: str | None,
    recompute: bool,
    by: str | None,
    printed: Sequence[str],
    grades: bool,
    plan: str | None,
    reader: str | None,
    as_json: bool,
) -> int:
    """이행률과 산출 근거 · Rates, and how they were worked out.

    With --recompute the exit code is 1 where a stored rating differs from the one worked out
    again.
    """
    unasked = not project and (printed or (reader and not grades))
    if (project is not None) + (by is not None) + grades != 1 or unasked:
        raise invalid(
            "which",
            ko="사업 하나를 적거나, --by로 집계를 고르거나, --grades로 등급을 보십시오.",
            en="name one project, or choose groups with --by, or --grades",
        )
    with session.open() as engine:
        if grades:
            print_grades(session, engine, plan or engine.plans.only(), period, reader, as_json)
            return 0
        if project is None:
            assert by is not None
            _groups(session, engine, plan or engine.plans.only(), period, by, as_json)
            return 0
        project = engine.names.project(project)
        return _project(session, engine, project, period, recompute, reader, printed, as_json)


# --------------------------------------------------------------------------- one project


def _project(
    session: Session,
    engine: Engine,
    project_id: str,
    period: str | None,
    recompute: bool,
    reader: str | None,
    printed: Sequence[str],
    as_json: bool,
) -> int:
    from evalflow.engine.view import View

    project = engine.project(project_id)
    view = engine if reader is None else View(engine, reader)
    evaluation = view.evaluation(project_id, period)
    own, review, rating = evaluation.self_rating, evaluation.review_rating, evaluation.rating
    again = None
    if recompute:
        of = engine.ratings if reader is None else View(engine, reader)
        again = of.again(project_id, evaluation.period)
    differs = again is not None and again != rating
    hints: dict[str, tuple[Decimal, Hint]] = {}
    if printed and rating is not None:
        hints = _hints(engine, project.plan, project_id, rating, printed)
    if as_json:
        session.print_json(
            "lines",
            rating.lines if rating else (),
            project=project_id,
            period=evaluation.period,
            self_rating=own and own.tree(),
            review_rating=review and review.tree(),
            recomputed=again and again.tree(),
            provisional=[
                {"project": project_id, "period": at, "indicator": indicator, "figure": figure}
                for at, figures in evaluation.provisional().items()
                for indicator, figure in figures.items()
            ],
            printed={
                name: {"rate": str(rate), "code": found.code, "text": found.text}
                for name, (rate, found) in hints.items()
            },
            illustrative=session.illustrative(engine, [project.plan]),
        )
        return 1 if differs else 0
    session.echo(f"{project.id} {session.quoted(project.label)} {evaluation.period}")
    if rating is None:
        session.echo(session.say("아직 평가되지 않았습니다.", "It has not been evaluated yet."))
        return 0
    definition = engine.plans.definition(project_id, period=evaluation.period)
    head = engine.plans.head(project.plan, revision=rating.revision)
    _print_lines(session, engine, definition, head, evaluation, rating)
    for name, (rate, found) in hints.items():
        session.echo(
            f"- {name} "
            + session.say(f"적힌 이행률 {rate}%: ", f"printed {rate}%: ")
            + session.label(found.text)
        )
    _print_notes(session, definition, evaluation, rating)
    for said in beside_rating(session, engine.plans.lifecycle(project.lifecycle), head, evaluation):
        session.echo(f"· {said}")
    _earlier(session, engine, view, project_id, evaluation, definition, head.scoring.bands)
    if again is not None:
        session.echo(_comparison(session, rating, again))
    session.remark_illustrative(engine, [project.plan])
    return 1 if differs else 0


def _print_lines(
    session: Session,
    engine: Engine,
    definition: ProjectDefinition,
    head: PlanHead,
    evaluation: Evaluation,
    rating: Rating,
) -> None:
    """Print a line for each indicator and the project, and how each rate came about."""
    from evalflow.scoring.explain import explain

    own, review = evaluation.self_rating, evaluation.review_rating
    bands = head.scoring.bands

    def row(name: str, mine: Line | Rating | None, theirs: Line | Rating | None) -> list[str]:
        shown = theirs or mine
        counted = session.label(band_label(bands, shown.band if shown else None))
        target, actual = _compared(shown)
        return [name, target, actual, _rate(session, mine), _rate(session, theirs), counted]

    rows = []
    upto = evaluation.period
    provisional = evaluation.provisional().get(upto, {})
    corrections = corrected_in(engine, evaluation.project)
    right = {each.indicator for each in corrections if each.period <= upto}
    for line in rating.lines:
        name = _named(session, definition, line.indicator)
        if line.indicator in provisional:
            name += session.say(" (잠정)", " (provisional)")
        if line.indicator in right:
            name += f" {CORRECTED}"
        rows.append(
            row(
                name,
                own.line(line.indicator) if own else None,
                review.line(line.indicator) if review else None,
            )
        )
    rows.append(row(session.say("사업", "Project"), own, review))
    heads = session.say(
        "성과지표,목표,실적,자체평가,종합평가,추진상태", "Indicator,Target,Actual,Self,Review,Band"
    ).split(",")
    session.table(heads, rows, right=(1, 2, 3, 4))
    if right:
        session.echo(session.say(f"{CORRECTED}: 정정한 실적", f"{CORRECTED}: corrected actual"))
    session.echo(session.say("추진상태: ", "Bands: ") + legend(bands, session.lang))
    for sentence in explain(rating, definition, head.scoring, session.lang):
        session.echo(f"- {sentence}")


def _named(session: Session, definition: ProjectDefinition, name: str) -> str:
    """Return the label of an indicator, or its id where the definition has none of it any more."""
    indicator = definition.indicator(name)
    return session.label(indicator.label) if indicator else name


def _print_notes(
    session: Session, definition: ProjectDefinition, evaluation: Evaluation, rating: Rating
) -> None:
    """Print what is provisional, the scorer's notes, what to look at again, and who scored."""
    from evalflow.scoring.questions import questions

    for when, figures in evaluation.provisional().items():
        for name, figure in figures.items():
            label = _named(session, definition, name)
            session.echo(
                "- "
                + session.say(
                    f"잠정치: {when} {label} {_text(figure)} (확정되면 다시 제출하거나 정정)",
                    f"provisional: {when} {label} {_text(figure)} (report or correct it when "
                    "it is final)",
                )
            )
    for note in rating.notes:
        session.echo(f"- {note.get(session.lang) or note.get('ko', '')}")
    for question in questions(definition, evaluation):
        session.echo(f"? {session.label(question)}")
    score = "" if rating.score is None else session.say("점수 ", "score ") + f"{rating.score}; "
    session.echo(
        session.say(
            f"{score}산출: {rating.scorer} {rating.version}, {rating.revision}차 계획 기준",
            f"{score}scorer {rating.scorer} {rating.version}, plan revision {rating.revision}",
        )
    )


def _hints(
    engine: Engine, plan: str, project_id: str, rating: Rating, printed: Sequence[str]
) -> dict[str, tuple[Decimal, Hint]]:
    """Return why rates printed elsewhere differ from ours, by indicator, or `project`.

    Raises:
        InvalidInput: one names no indicator, or says no rate.
    """
    from evalflow.files.figures import Figure, read_figure
    from evalflow.scoring.hints import hint, project_hint

    definition = engine.plans.definition(project_id, period=rating.period)
    rules = engine.plans.head(plan, revision=rating.revision).scoring
    found: dict[str, tuple[Decimal, Hint]] = {}
    problems = []
    for each in printed:
        name, _, text = each.partition("=")
        indicator, line = definition.indicator(name), rating.line(name)
        read = read_figure(text, unit="%")
        if not isinstance(read, Figure):
            problems.append(Problem(code="printed", value=each, ko=read.ko, en=read.en))
        elif indicator is not None and line is not None:
            found[name] = read.value, hint(line, indicator, rules, read.value)
        elif name == "project":
            found[name] = read.value, project_hint(rating, read.value)
        else:
            known = ", ".join([*(line.indicator for line in rating.lines), "project"])
            problems.append(
                Problem(
                    code="printed",
                    value=each,
                    ko=f"성과지표 '{name}'이(가) 없습니다 (가능: {known})",
                    en=f"no indicator '{name}' (there are: {known})",
                )
            )
    if problems:
        raise InvalidInput(problems)
    return found


def _earlier(
    session: Session,
    engine: Engine,
    view: Engine | View,
    project_id: str,
    evaluation: Evaluation,
    definition: ProjectDefinition,
    bands: Sequence[Band],
) -> None:
    """Print the period's ratings that no longer count, and what was corrected afterwards (G6)."""
    own, review = evaluation.self_rating, evaluation.review_rating
    zone = engine.plans.calendar(project_id.rpartition("/")[0]).zone
    standing = [rating.tree() for rating in (own, review) if rating is not None]
    for entry in view.history(project_id):
        lifecycle = engine.plans.lifecycle(entry.lifecycle)
        event = lifecycle.events.get(entry.event)
        day = session.day(entry.at.astimezone(zone).date())
        who = f"#{entry.number} {day} {session.event(lifecycle, entry.event)}"
        if entry.rating is not None and entry.evaluated == evaluation.period:
            if entry.rating not in standing:
                band = session.label(band_label(bands, entry.rating.get("band")))
                was = f"{entry.rating['rate']}% {band}" if "rate" in entry.rating else "-"
                session.echo("- " + session.say("이전 평가: ", "earlier: ") + f"{who}: {was}")
            continue
        types = {field.type: field.name for field in event.data} if event else {}
        if entry.data.get(types.get("period")) == evaluation.period:
            for name, figure in entry.data[types["figures"]].items():
                indicator = definition.indicator(name)
                label = session.label(indicator.label) if indicator else name
                rated = evaluation.rating
                before = None if rated is None else rated.line(name)
                was = _figure(None if before is None else before.figure)
                session.echo(
                    "- "
                    + session.say("이후 정정: ", "corrected later: ")
                    + f"{who}: {label} {was} → {_given(session, figure)} ({entry.reason})"
                )


def _compared(shown: Line | Rating | None) -> tuple[str, str]:
    """Return the target and the actual that were compared, as text."""
    target: Decimal | None = getattr(shown, "target", None)
    actual: Decimal | None = getattr(shown, "actual", None)
    return _figure(target), _figure(actual)


def _text(figure: str) -> str:
    return figure if "/" in figure else _figure(Decimal(figure))


def _given(session: Session, tree: Tree) -> str:
    """Return an actual as it was given: a figure, a provisional one, or that it is not due."""
    if not isinstance(tree, Mapping):
        return _text(tree)
    if "provisional" in tree:
        return _text(tree["provisional"]) + session.say("(잠정)", " (provisional)")
    return session.say("시기미도래", "not due")


def _figure(figure: Decimal | Share | None) -> str:
    if isinstance(figure, Share):
        return str(figure)
    return "-" if figure is None else f"{figure:,f}"


def _rate(session: Session, rated: Line | Rating | None) -> str:
    if rated is None:
        return "-"
    if rated.rate is not None:
        return f"{rated.rate}%"
    label = _STATUSES.get(rated.status)
    return rated.status if label is None else session.label(label)


_STATUSES = {
    "missing": Label("실적 미입력", "no actual"),
    "undefined": Label("산정 불가", "no rate"),
    "not_due": Label("시기미도래", "not due"),
}


def _comparison(session: Session, stored: Rating, again: Rating | None) -> str:
    if again == stored:
        return session.say(
            "다시 산출한 값이 저장된 값과 같습니다.", "Recalculated: the same as stored."
        )
    was, now = _rate(session, stored), _rate(session, again)
    return session.say(
        f"다시 산출하면 다릅니다: 저장 {was}, 재산출 {now}",
        f"Worked out again it differs: stored {was}, now {now}",
    )


# --------------------------------------------------------------------------- groups


def _groups(
    session: Session, engine: Engine, plan: str, period: str | None, by: str, as_json: bool
) -> None:
    from evalflow.scoring.rollup import roll_up

    head = engine.plans.head(plan)
    projects = {project.id: project for project in engine.projects(plan=plan)}
    chosen = (
        engine.names.period(plan, period)
        if period is not None
        else max(project.period for project in projects.values())
    )
    ratings = [
        evaluation.rating
        for evaluation in engine.ratings.evaluations(plan, chosen)
        if evaluation.rating is not None
    ]
    day = engine.plans.calendar(plan).today(engine.clock())
    key = None if by == "office" else _key(session, engine, plan, by, projects, day)
    rolled = roll_up(
        ratings,
        key=key,
        mean=head.scoring.group_mean if key else "projects",
        places=head.scoring.places,
        bands=head.scoring.bands,
    )
    office = session.label(head.unit(head.office).label_on(day))
    groups = [*rolled.groups.items(), (office, rolled.total)]
    if as_json:
        session.print_json(
            "groups",
            ({"group": name, "rate": group} for name, group in groups),
            plan=plan,
            period=chosen,
            by=by,
            mean=rolled.total.mean,
            illustrative=session.illustrative(engine, [plan]),
        )
        return
    rows = [
        (
            name,
            "-" if group.rate is None else f"{group.rate}%",
            str(group.projects),
            str(group.rated),
            ", ".join(f"{why} {len(ids)}" for why, ids in group.left_out.items()) or "-",
            *[str(group.bands.get(band.name, 0)) for band in head.scoring.bands],
        )
        for name, group in groups
    ]
    heads = session.say(
        "구분,평균 이행률,사업,평균에 든 사업,빠진 사업",
        "Group,Mean rate,Projects,In the mean,Left out",
    ).split(",")
    labels = [session.label(band.label) for band in head.scoring.bands]
    session.table([*heads, *labels], rows, right=(1, 2, 3, *range(5, 5 + len(labels))))
    means = {
        "projects": session.say("사업의 단순평균", "plain mean over projects"),
        "groups": session.say("구분 평균의 평균", "mean of the groups' means"),
    }
    session.echo(f"{chosen}: {means[rolled.total.mean]}")
    session.remark_illustrative(engine, [plan])


def _key(
    session: Session,
    engine: Engine,
    plan: str,
    by: str,
    projects: dict[str, Project],
    day: dt.date,
) -> Callable[[Rating], str | None]:
    """Return what names the group of a rating's project."""
    head = engine.plans.head(plan)

    def name(rating: Rating) -> str | None:
        project = projects[rating.project]
        if by == "field":
            return session.label(head.fields[project.field])
        unit = project.unit if by == "unit" else head.ancestor(project.unit, "bureau")
        return None if unit is None else session.label(head.unit(unit).label_on(day))

    return name
