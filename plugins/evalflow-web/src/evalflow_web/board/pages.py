"""The board's pages, one function each: what somebody owes, what a project is, what a bureau still
lacks, what waits for a signature or a review, how everything stands, who holds what, what happened.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import islice
from typing import Any
from urllib.parse import quote

import attrs
from starlette.responses import RedirectResponse, Response

from evalflow import Due, Evaluation, NotFound, Project
from evalflow.plugins import Rating, RollUp, roll_up
from evalflow_web.board.acting import event_of, opened, sent, settled
from evalflow_web.board.bulk import offered
from evalflow_web.board.desk import Desk, Door
from evalflow_web.board.filling import Filling
from evalflow_web.board.finding import found_by
from evalflow_web.board.received import received
from evalflow_web.board.shelf import hash_in
from evalflow_web.languages import COOKIE, LANGUAGES
from evalflow_web.problems import Problem
from evalflow_web.site import Visit

SHOWN = 12
"""Rows of a list on a page that is about something else; the rest is one link away."""

FINDINGS = 50
"""Findings of a verification that a page shows; the command line tells them all."""


# --------------------------------------------------------------------------- what I owe


@attrs.frozen(kw_only=True)
class Owed:
    """One due of mine: what, by when, and whether it can be done now."""

    due: Due
    project: Project
    title: str
    door: Door
    draft: str
    late: bool


def work(desk: Desk) -> Response:
    """Show what the reader owes by when, then what is blocked, why and by whom."""
    every = desk.view.due(plan=desk.plan)
    drafts = desk.shelf.drafts(desk.me)
    now: list[Owed] = []
    blocked: list[Owed] = []
    for due in (due for due in every if desk.me in due.actors):
        project = desk.view.project(due.projects[0])
        door = desk.door(desk.explain(project, due.event), due.label.text(desk.lang))
        if not door.open and due.together:
            project, door = _step_before(desk, due) or (project, _waits(desk, due, every, door))
        draft = drafts.get((project.id, door.event))
        title = f"{project.number} {project.label.text(desk.lang)}"
        if due.together:
            unit, count = desk.unit(due.unit), len(due.projects)
            title = desk.say(f"{unit} {count}개 사업", f"{unit}: {count} projects")
        owed = Owed(
            due=due,
            project=project,
            title=title,
            door=door,
            draft="" if draft is None else desk.time(draft.saved_at),
            late=due.days_late > 0,
        )
        (now if door.open else blocked).append(owed)
    counts = {
        "late": sum(owed.due.days_late > 0 for owed in now + blocked),
        "today": sum(owed.due.days_late == 0 == owed.due.days_left for owed in now),
        "week": sum(0 < owed.due.days_left <= 7 for owed in now),
        "blocked": len(blocked),
    }
    own = _own(desk)
    notices = list(desk.view.notices())[-5:][::-1]
    return desk.page(
        "work.html",
        here="work",
        now=now,
        blocked=blocked,
        counts=counts,
        own=own,
        signing=_to_sign(desk) if "sign" in desk.desks else [],
        notices=[each for each in notices if each.project.startswith(f"{desk.plan}/")],
        done=_done(desk),
    )


def _step_before(desk: Desk, due: Due) -> tuple[Project, Door] | None:
    """Return the step of the unit that comes before what is owed and can be done now: the draft
    of an evaluation that is to be submitted."""
    lifecycle = desk.lifecycle
    owed = lifecycle.events[due.event]
    order = list(lifecycle.regions[owed.leads].states)
    for event in lifecycle.events.values():
        if event.together != owed.together or event.leads != owed.leads or event is owed:
            continue
        forward = any(order.index(t.target) > order.index(t.source) for t in _leading(event))
        if not forward or not desk.holds(event.by):
            continue
        for each in map(desk.view.project, due.projects):
            if each.states[_region(desk, event)] in event.sources():
                answer = desk.explain(each, event.name)
                if answer.allowed:
                    return each, desk.door(answer, event.label.text(desk.lang))
                break
    return None


def _leading(event: Any) -> list[Any]:
    return [edge for edge in event.transitions if edge.region == event.leads]


def _waits(desk: Desk, due: Due, every: Iterable[Due], door: Door) -> Door:
    """Return a common step that waits for others, with what it waits for and who owes that."""
    earlier = [d for d in every if not d.together and set(d.projects) & set(due.waiting_for)]
    if not earlier:
        return door
    numbers = ", ".join(d.projects[0].rpartition("/")[2] for d in earlier[:SHOWN])
    label = earlier[0].label.text(desk.lang)
    why = desk.say(
        f"{len(earlier)}개 사업에서 ‘{label}’ 처리가 끝나지 않았습니다(관리번호 {numbers}).",
        f"‘{label}’ is not done for {len(earlier)} projects ({numbers}).",
    )
    who = tuple(dict.fromkeys(actor for d in earlier for actor in d.actors))
    return attrs.evolve(door, why=(why, *door.why), who=who)


def _own(desk: Desk) -> list[Project]:
    """Return the projects of the units in which the reader holds a role; not those of the whole
    office: these have a page of their own."""
    units = {
        unit
        for held in desk.roles.values()
        for unit in held
        if unit in desk.head.units and unit != desk.head.office
    }
    below = {each for unit in units for each in desk.head.below(unit)}
    return [project for project in desk.projects if project.unit in below]


def _done(desk: Desk) -> str:
    """Return what the reader has just done, from the address; only a name that is an event's."""
    name = desk.visit.request.query_params.get("done", "")
    event = desk.lifecycle.events.get(name)
    return "" if event is None else event.label.text(desk.lang)


# --------------------------------------------------------------------------- projects


def projects(desk: Desk) -> Response:
    """Show the plan's projects, found by words, state, band and bureau; one's own first."""
    asked = desk.visit.request.query_params
    words = asked.get("q", "").strip()
    unit, band, state = asked.get("unit", ""), asked.get("band", ""), asked.get("state", "")
    own = {project.id for project in _own(desk)}
    found = []
    named, instead = found_by(desk, words)
    for project in named:
        if unit and unit not in desk.head.line_up(project.unit):
            continue
        if band and project.band != band:
            continue
        if state and state not in project.states:
            continue
        found.append(project)
    found.sort(key=lambda project: project.id not in own)
    bureaus = [u for u in desk.head.units.values() if u.kind == "bureau"]
    return desk.page(
        "projects.html",
        here="projects",
        found=found,
        own=own,
        asked={"q": words, "unit": unit, "band": band, "state": state},
        bureaus=bureaus,
        instead=", ".join(f"‘{bare}’" for bare in instead),
        nearest=_nearest(words, desk) if words and not named else "",
    )


def _nearest(words: str, desk: Desk) -> str:
    import difflib

    known = {word for project in desk.projects for word in project.label.text(desk.lang).split()}
    near = difflib.get_close_matches(words, known, n=1, cutoff=0.4)
    return near[0] if near else ""


def project(desk: Desk) -> Response:
    """Show one project, whole: where it stands, its figures by period, its history with hashes,
    and what the reader can do with it."""
    project = desk.project(_number(desk))
    calendar = desk.visit.engine.plans.calendar(desk.plan)
    periods = [each.text for each in calendar.periods()]
    evaluations = {text: desk.evaluation(project, text) for text in periods}
    history = list(desk.view.history(project.id))[::-1]
    return desk.page(
        "project.html",
        here="projects",
        project=project,
        definition=desk.definition(project),
        definitions={text: desk.definition(project, text) for text in periods},
        periods=periods,
        evaluations=evaluations,
        bars=list(_bars(desk, evaluations)),
        doors=desk.doors(project),
        history=history,
        withheld=desk.view.withheld(project),
        evidence=_evidence(desk, project, evaluations.values()),
        comments=desk.shelf.comments(project.id) if desk.takes_part(project) else None,
        done=_done(desk),
    )


def _bars(desk: Desk, evaluations: dict[str, Evaluation | None]) -> Iterable[dict[str, Any]]:
    """Yield the bars of the chart: at most 120 %, the label says the true rate."""
    for place, (period, evaluation) in enumerate(evaluations.items()):
        rating = None if evaluation is None else evaluation.rating
        rate = None if rating is None else rating.rate
        shown = min(max(float(rate), 0.0), 120.0) if rate is not None else 0.0
        band = desk.band(None if rating is None else rating.band)
        yield {
            "x": 60 + place * (530 // max(len(evaluations), 1)),
            "y": round(225 - shown * 1.55, 1),
            "height": round(shown * 1.55, 1),
            "label": desk.period(period),
            "rate": desk.rate(rating),
            "band": band,
            "rated": rate is not None,
        }


def _evidence(
    desk: Desk, project: Project, evaluations: Iterable[Evaluation | None]
) -> list[tuple[str, Any]]:
    filling = Filling(
        desk=desk,
        project=project,
        event=None,
        asked=desk.asked(project),
        flat={},
        version=project.version,
    )
    found = []
    for evaluation in evaluations:
        if evaluation is None:
            continue
        for value in evaluation.facts.values():
            if isinstance(value, list | tuple):
                found += [
                    (evaluation.period, filling.file(line))
                    for line in value
                    if isinstance(line, str) and hash_in(line)
                ]
    return found


def do(desk: Desk) -> Response:
    """Show the form of an event, or take what it sent."""
    found = desk.project(_number(desk))
    event = event_of(desk, found, desk.visit.request.path_params["event"])
    if desk.visit.request.method == "POST":
        return sent(desk, found, event)
    return opened(desk, found, event)


def settle(desk: Desk) -> Response:
    """Take the choice after somebody else was first."""
    found = desk.project(_number(desk))
    return settled(desk, found, event_of(desk, found, desk.visit.request.path_params["event"]))


def evidence(desk: Desk) -> Response:
    """Give a file to who may see where it is named, or gave it themselves; always to be saved,
    never to be shown by the browser."""
    found = desk.project(_number(desk))
    sha = desk.visit.request.path_params["sha"]
    known = desk.shelf.evidence(found.id, sha)
    mine = [each for each in known if each.actor == desk.me]
    if not known or not (mine or _is_named(desk, found, sha)):
        raise NotFound("evidence", sha[:16])
    kept = (mine or list(known))[0]
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(kept.name, safe='')}",
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "private, no-store",
    }
    return Response(desk.shelf.content(sha), headers=headers, media_type=kept.type)


def _is_named(desk: Desk, project: Project, sha: str) -> bool:
    """Say whether an entry that the reader may see names the file."""
    return any(
        isinstance(line, str) and hash_in(line) == sha
        for entry in desk.view.history(project.id)
        for value in entry.data.values()
        if isinstance(value, list | tuple)
        for line in value
    )


# --------------------------------------------------------------------------- the bureau


def bureau(desk: Desk) -> Response:
    """Show how far a bureau has come: n of m, who is missing, and its common steps."""
    units = _bureaus(desk)
    chosen = desk.visit.request.query_params.get("unit") or (units[0] if units else "")
    if chosen not in desk.head.units:
        raise NotFound("unit", chosen, tuple(units))
    of = [p for p in desk.projects if chosen in desk.head.line_up(p.unit)]
    common = [e for e in desk.lifecycle.events.values() if e.together is not None]
    missing = _missing(desk, of)
    dues = [d for d in desk.view.due(plan=desk.plan) if set(d.projects) & {p.id for p in of}]
    late = {p: d for d in dues if not d.together for p in d.projects}
    common_due = next((d for d in dues if d.together), None)
    doors = []
    ready = [p for p in of if p not in missing] or of
    for event in common:
        if not desk.holds(event.by) or not ready:
            continue
        answer = desk.explain(ready[0], event.name)
        door = desk.door(answer, event.label.text(desk.lang))
        checks = {check.name: check for check in answer.checks}
        if checks["role"].reasons or checks["unit"].reasons:
            continue
        doors.append((ready[0], door))
    ratings = [e.rating for p in of if (e := desk.evaluation(p)) is not None and e.rating]
    steps = [
        (state.label.text(desk.lang), sum(p.states[0] == name for p in of))
        for name, state in desk.lifecycle.states.items()
        if state.region == next(iter(desk.lifecycle.regions))
    ]
    return desk.page(
        "bureau.html",
        here="bureau",
        units=units,
        chosen=chosen,
        of=of,
        missing=missing,
        late=late,
        common_due=common_due,
        doors=doors,
        ratings={rating.project: rating for rating in ratings},
        rolled=_rolled(desk, ratings),
        steps=[each for each in steps if each[1]],
        facts=_facts(desk, ready),
        reminds=_reminds(desk, chosen),
        told=desk.visit.request.query_params.get("told", ""),
        done=_done(desk),
    )


def _reminds(desk: Desk, unit: str) -> bool:
    """Say whether the reader may remind a bureau's departments: who holds a role for all of it."""
    above = set(desk.head.line_up(unit))
    return any(not above.isdisjoint(units) for units in desk.roles.values())


def remind(desk: Desk) -> Response:
    """Remind, through the outbox, whoever owes what a bureau still lacks."""
    unit = received(desk.visit).get("unit")
    if unit not in desk.head.units:
        raise NotFound("unit", unit[:80], tuple(_bureaus(desk)))
    if not _reminds(desk, unit):
        raise Problem(
            403,
            "not_reminding",
            ko="이 국·소 전체를 맡은 사람만 기한을 안내할 수 있습니다.",
            en="Only who holds a role for the whole bureau reminds its departments.",
        )
    of = [p for p in desk.projects if unit in desk.head.line_up(p.unit)]
    missing = _missing(desk, of) or of  # all are in: then the bureau owes the step in common
    sent = desk.visit.engine.outbox.remind_of(desk.plan, {p.id for p in missing})
    told = len({notice.recipient for notice in sent})
    return RedirectResponse(f"{desk.to('board_bureau')}?unit={unit}&told={told}", 303)


def _missing(desk: Desk, of: Iterable[Project]) -> list[Project]:
    """Return the projects that have not come as far as their bureau's first common step."""
    common = [e for e in desk.lifecycle.events.values() if e.together is not None]
    first = next((event for event in common if not event.name.startswith("return")), None)
    before = set() if first is None else _before(desk, first)
    return [project for project in of if project.states[0] in before]


def _bureaus(desk: Desk) -> list[str]:
    kinds = {e.together for e in desk.lifecycle.events.values() if e.together is not None}
    units = [name for name, unit in desk.head.units.items() if unit.kind in kinds]
    units = [u for u in units if any(u in desk.head.line_up(p.unit) for p in desk.projects)]
    held = {unit for each in desk.roles.values() for unit in each}
    own = [unit for unit in units if not held.isdisjoint(desk.head.line_up(unit)[:1])]
    return [*own, *(unit for unit in units if unit not in own)]


def _before(desk: Desk, event: Any) -> set[str]:
    """Return the states of the leading region from which the event cannot be fired yet: those
    that come before its sources in the lifecycle's order."""
    states = list(desk.lifecycle.regions[event.leads].states)
    first = min(states.index(source) for source in event.sources())
    return set(states[:first])


def _rolled(desk: Desk, ratings: Iterable[Any], key: Any = None) -> RollUp:
    scoring = desk.head.scoring
    return roll_up(ratings, key=key, places=scoring.places, bands=scoring.bands)


def _facts(desk: Desk, of: Iterable[Project]) -> dict[str, str]:
    """Return what was said of the bureau's evaluation in common, by its label: what the common
    events took, of the first project that has it."""
    found: dict[str, str] = {}
    for each in of:
        evaluation = desk.evaluation(each)
        if evaluation is None:
            continue
        for event in desk.lifecycle.events.values():
            for field in event.data if event.together is not None else ():
                value = evaluation.facts.get(field.name)
                if isinstance(value, str) and value and field.type == "text":
                    found[field.label.text(desk.lang)] = value
        break
    return found


# --------------------------------------------------------------------------- signatures


@attrs.frozen(kw_only=True)
class Paper:
    """Something that waits for a signature of the reader."""

    event: str
    label: str
    project: Project
    projects: tuple[Project, ...]
    title: str
    door: Door


def _to_sign(desk: Desk) -> list[Paper]:
    found, seen = [], set()
    for event in desk.lifecycle.events.values():
        if not {"signature", "plan_revision"} & set(event.actions) or not desk.holds(event.by):
            continue
        for each in desk.projects:
            if each.states[_region(desk, event)] not in event.sources():
                continue
            together: tuple[Project, ...] = (each,)
            title = f"{each.number} {each.label.text(desk.lang)}"
            if event.together is not None:
                unit = desk.head.ancestor(each.unit, event.together) or each.unit
                if (event.name, unit) in seen:
                    continue
                seen.add((event.name, unit))
                together = tuple(
                    p
                    for p in desk.projects
                    if unit in desk.head.line_up(p.unit)
                    and p.states[_region(desk, event)] in event.sources()
                )
                title = desk.say(
                    f"{desk.unit(unit)} 총괄 {len(together)}개 사업",
                    f"{desk.unit(unit)}: {len(together)} projects",
                )
            answer = desk.explain(each, event.name)
            checks = {check.name: check for check in answer.checks}
            if checks["role"].reasons or checks["unit"].reasons:
                continue
            found.append(
                Paper(
                    event=event.name,
                    label=event.label.text(desk.lang),
                    project=each,
                    projects=together,
                    title=title,
                    door=desk.door(answer, event.label.text(desk.lang)),
                )
            )
    return found


def _region(desk: Desk, event: Any) -> int:
    return list(desk.lifecycle.regions).index(event.leads)


def sign(desk: Desk) -> Response:
    """Show the papers that wait for the reader's own signature: for a change, before and after
    with the opinions; for a bureau's evaluation, its projects."""
    papers = _to_sign(desk)
    ratings = {
        each.id: evaluation.rating
        for paper in papers
        for each in paper.projects
        if (evaluation := desk.evaluation(each)) is not None
    }
    return desk.page(
        "sign.html",
        here="sign",
        papers=papers,
        ratings=ratings,
        differences={paper.project.id: differences(desk, paper.project) for paper in papers},
        doors={paper.project.id: desk.doors(paper.project) for paper in papers},
        done=_done(desk),
    )


def differences(desk: Desk, project: Project) -> list[tuple[str, str, str]]:
    """Return what a change that waits would change: (what, before, after)."""
    change = project.change
    if change is None:
        return []
    found: list[tuple[str, str, str]] = []
    _differ(desk, project, change.before, change.after, (), found)
    return found


def _differ(
    desk: Desk,
    project: Project,
    before: Any,
    after: Any,
    path: tuple[str, ...],
    found: list[tuple[str, str, str]],
) -> None:
    if isinstance(before, dict) or isinstance(after, dict):
        old = before if isinstance(before, dict) else {}
        new = after if isinstance(after, dict) else {}
        for key in dict.fromkeys([*old, *new]):
            _differ(desk, project, old.get(key), new.get(key), (*path, str(key)), found)
    elif before != after:
        found.append((_named(desk, project, path), _amount(before), _amount(after)))


def _named(desk: Desk, project: Project, path: tuple[str, ...]) -> str:
    definition = desk.definition(project)
    words = {
        "targets": ("목표", "target"),
        "periods": ("기간별 예산", "budget of the period"),
        "sources": ("재원", "source"),
        "end": ("종료일", "end"),
        "start": ("시작일", "start"),
        "content": ("사업내용", "content"),
        "weight": ("가중치", "weight"),
    }
    said = []
    for part in path:
        indicator = definition.indicator(part)
        if indicator is not None:
            said.append(indicator.label.text(desk.lang))
        elif part in words:
            said.append(desk.say(*words[part]))
        elif part not in ("indicators", "budget"):
            said.append(desk.period(part))
    return " ".join(said)


def _amount(value: Any) -> str:
    if value is None:
        return "-"
    text = str(value)
    return f"{int(text):,}" if text.lstrip("-").isdigit() else text


# --------------------------------------------------------------------------- the review


def review(desk: Desk) -> Response:
    """Show what waits for review or for its result, both ratings side by side."""
    reviewing = [e for e in desk.lifecycle.events.values() if "review_rating" in e.actions]
    to_review, to_fix, rest = [], [], []
    for each in desk.projects:
        evaluation = desk.evaluation(each)
        mine = None if evaluation is None else evaluation.self_rating
        row: dict[str, Any] = {
            "project": each,
            "own": mine,
            "rating": evaluation and evaluation.review_rating,
        }
        if any(each.states[_region(desk, e)] in e.sources() for e in reviewing):
            to_review.append(row)
        elif (
            evaluation is not None
            and evaluation.review_rating is not None
            and not _fixed(desk, each)
        ):
            row["doors"] = [
                door for door in desk.doors(each) if door.open and _settles(desk, door.event)
            ]
            to_fix.append(row)
        elif not _fixed(desk, each):
            rest.append(row)
    to_review.sort(key=_worst_first)
    common = {door.event: door.label for row in to_fix for door in row["doors"]}
    dues = [d for d in desk.view.due(plan=desk.plan) if d.event in {e.name for e in reviewing}]
    lagging = [
        {"project": each, "rating": rating, "doors": doors}
        for each in desk.projects
        if (rating := _lags(desk, each)) is not None and (doors := _any_day(desk, each))
    ]
    return desk.page(
        "review.html",
        here="review",
        to_review=to_review,
        to_fix=to_fix,
        rest=rest,
        lagging=lagging,
        common={name: label for name, label in common.items() if offered(desk, name)},
        event=reviewing[0] if reviewing else None,
        due=dues[0] if dues else None,
        done=_done(desk),
    )


def _worst_first(row: dict[str, Any]) -> tuple[bool, float]:
    own = row["own"]
    if own is None or own.rate is None:
        return (True, 0.0)
    return (False, float(own.rate))


def _fixed(desk: Desk, project: Project) -> bool:
    return any(desk.lifecycle_of(project).states[state].fixed for state in project.states)


def _lags(desk: Desk, project: Project) -> Rating | None:
    """Return the rating of the project's last fixed evaluation where that lags, else None."""
    evaluation = desk.evaluation(project, desk.last_fixed(project))
    rating = None if evaluation is None else evaluation.review_rating
    lags = rating is not None and rating.verdict in ("lagging", "seriously_lagging")
    return rating if lags else None


def _any_day(desk: Desk, project: Project) -> list[Door]:
    """Return what may be done on any day with the project's last fixed evaluation: a spot check,
    a referral to audit."""
    events = desk.lifecycle_of(project).events
    return [door for door in desk.doors(project) if events[door.event].evaluation == "fixed"]


def _settles(desk: Desk, name: str) -> bool:
    """Say whether an event fixes the result of the period."""
    event = desk.lifecycle.events[name]
    return any(desk.lifecycle.states[edge.target].fixed for edge in event.transitions) and (
        not event.data and event.together is None
    )


# --------------------------------------------------------------------------- everything at once


def status(desk: Desk) -> Response:
    """Show how everything stands, on one sheet: by band, bureau and field, period by period, and
    what to look at first."""
    calendar = desk.visit.engine.plans.calendar(desk.plan)
    periods = [each.text for each in calendar.periods()]
    asked = desk.visit.request.query_params.get("period", "")
    begun = [p for p in periods if any(each.period >= p for each in desk.projects)]
    period = asked if asked in periods else (begun or periods)[-1]
    if asked and asked not in periods:
        raise NotFound("period", asked, tuple(periods))
    by_period = {}
    for text in periods:
        ratings = [e.rating for e in desk.view.evaluations(desk.plan, text) if e.rating]
        by_period[text] = _rolled(desk, ratings).total if ratings else None
    ratings = [e.rating for e in desk.view.evaluations(desk.plan, period) if e.rating]
    of = {each.id: each for each in desk.projects}
    known = {rating.project: rating for rating in ratings}

    def bureau_of(rating: Any) -> str:
        unit = of[rating.project].unit
        return desk.head.ancestor(unit, "bureau") or unit

    by_bureau = _rolled(desk, ratings, bureau_of)
    by_field = _rolled(desk, ratings, lambda rating: of[rating.project].field)
    counts = {
        bureau: sum((desk.head.ancestor(p.unit, "bureau") or p.unit) == bureau for p in of.values())
        for bureau in dict.fromkeys(
            desk.head.ancestor(p.unit, "bureau") or p.unit for p in of.values()
        )
    }
    fields = {name: sum(p.field == name for p in of.values()) for name in desk.head.fields}
    first = [
        (project, known[project.id])
        for project in desk.projects
        if project.id in known and known[project.id].verdict in ("lagging", "seriously_lagging")
    ]
    dues = [due for due in desk.view.due(plan=desk.plan) if due.days_late]
    return desk.page(
        "status.html",
        here="status",
        period=period,
        periods=periods,
        by_period=by_period,
        by_bureau=by_bureau,
        by_field=by_field,
        counts=counts,
        fields=fields,
        total=by_bureau.total,
        every=len(of),
        absent=len(of) - len(ratings),
        first=first,
        late=dues,
        signing=_to_sign(desk) if "sign" in desk.desks else [],
    )


def panel(desk: Desk) -> Response:
    """Show a page that a plugin adds."""
    name = desk.visit.request.path_params["panel"]
    known = dict(desk.panel_pages())
    if name not in known:
        raise NotFound("panel", name, tuple(known))
    shown = {key: html for key, _, html in desk.panels("page")}
    return desk.page(
        "panel.html", here=f"panel {name}", heading=known[name], html=shown.get(name, "")
    )


# --------------------------------------------------------------------------- people, audit


def audit(desk: Desk) -> Response:
    """Show a project's history with its hashes, as of any day, and verify it on demand."""
    asked = desk.visit.request.query_params
    number, on, who = asked.get("number", ""), asked.get("on", "").strip(), asked.get("who", "")
    entries: list[Any] = []
    found = None
    day = _day(on) if on else None
    if number:
        found = desk.project(number)
        for entry in desk.view.history(found.id):
            if day is not None and entry.at.astimezone(desk.zone).date() > day:
                continue
            if who and who.strip() != entry.actor:
                continue
            entries.append(entry)
    standing = [] if day is None or found is not None else _stood(desk, day)
    verified, findings = False, []
    if desk.visit.request.method == "POST":
        verified = True
        mismatches = desk.visit.engine.audit.verify(
            desk.plan, project=None if found is None else found.id
        )
        rules = desk.head.visibility
        closed = bool(rules.withheld or rules.seen_by)  # a finding may tell what is closed
        findings = [
            mismatch.project if closed else mismatch.text(desk.lang)
            for mismatch in islice(mismatches, FINDINGS)
        ]
    checkpoint = None  # closed data could be tried by it
    if desk.view.reads_plan(desk.plan):
        checkpoint = desk.visit.engine.audit.checkpoint(desk.plan)
    return desk.page(
        "audit.html",
        here="audit",
        found=found,
        standing=standing,
        entries=entries[::-1],
        states=""
        if not entries
        else desk.states_text(
            desk.visit.engine.plans.lifecycle(entries[-1].lifecycle), entries[-1].after
        ),
        asked={"number": number, "on": on, "who": who},
        verified=verified,
        findings=findings,
        checkpoint=checkpoint,
    )


def _stood(desk: Desk, day: dt.date) -> list[Project]:
    """Return the plan's projects as they stood at the end of a day."""
    calendar = desk.visit.engine.plans.calendar(desk.plan)
    moment = calendar.ends_at(day) - dt.timedelta(microseconds=1)
    if moment >= desk.now:
        return list(desk.projects)
    return list(desk.view.projects(plan=desk.plan, at=moment))


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Problem(
            422,
            "bad_day",
            ko=f"날짜가 아닙니다: {text[:20]!r} (예: 2016-04-05)",
            en=f"not a day: {text[:20]!r} (e.g. 2016-04-05)",
        ) from None


# --------------------------------------------------------------------------- the rest


def home(visit: Visit, shelf: Any) -> Response:
    """Send the reader to what they owe: where several plans know them, in the one of which most
    projects go on, and of those that end alike in the one that has most; say what to do first
    where the store has no plan, or none knows them."""
    engine, found = visit.engine, []
    for plan in engine.plans.ids():
        head = engine.plans.head(plan)
        if visit.view.knows(plan):
            projects = list(engine.projects(plan=plan))
            over = [
                engine.plans.lifecycle(each.lifecycle).is_over(each.states) for each in projects
            ]
            found.append((head, len(projects), over.count(False)))
    found.sort(key=lambda each: (-each[2], -each[1]))
    if len(found) >= 1 and visit.request.query_params.get("plans") is None:
        return RedirectResponse(visit.url("board_work", plan=found[0][0].id), 303)
    return visit.page("board/first.html", found=found, every=engine.plans.ids())


def language(visit: Visit) -> Response:
    """Remember in which language the reader wants the board, and go back."""
    lang = visit.request.path_params["lang"]
    if lang not in LANGUAGES:
        raise NotFound("language", lang, LANGUAGES)
    back = visit.request.query_params.get("next", "")
    here = back.startswith("/") and not back.startswith(("//", "/\\")) and "\n" not in back
    response = RedirectResponse(back if here else visit.url("home"), 303)
    response.set_cookie(
        COOKIE, lang, max_age=31_536_000, samesite="lax", secure=visit.site.settings.secure
    )
    return response


def _number(desk: Desk) -> str:
    return str(desk.visit.request.path_params["number"])
