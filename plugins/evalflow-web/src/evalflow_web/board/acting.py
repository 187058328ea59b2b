"""The form of an event: opened, worked out while it is filled in, kept as a draft, sent.

Nothing is decided here. A form is sent in two steps: first it is shown what would happen, then it
is done; the engine is asked each time, and what it refuses stands beside the field. Where somebody
else was first nothing is saved, and both are shown.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import RedirectResponse, Response

from evalflow import Conflict, Explanation, NotFound, Project, Refused, load_batch
from evalflow_web.board.desk import Desk
from evalflow_web.board.filling import Filling, opening
from evalflow_web.board.received import Received, received, typed
from evalflow_web.board.shelf import Draft
from evalflow_web.problems import Problem

AHEAD = frozenset({"state", "role", "unit", "duties"})
"""Checks that no form can satisfy: who fails one sees why, and no form."""


def event_of(desk: Desk, project: Project, name: str) -> Any:
    """Return the event of the project's lifecycle.

    Raises:
        NotFound: it has none of that name.
    """
    events = desk.lifecycle_of(project).events
    if name not in events:
        raise NotFound("event", name, tuple(events))
    return events[name]


def opened(desk: Desk, project: Project, event: Any) -> Response:
    """Show the form, with what was left unfinished; why not, where it cannot be done."""
    answer = desk.explain(project, event.name)
    if not answer.allowed:
        return refused(desk, project, event, answer)
    filling = Filling.begun(desk, project, event)
    draft = desk.shelf.draft(desk.me, project.id, event.name)
    if draft is not None:
        filling = _with(filling, draft.fields, draft.version)
        if draft.version != project.version:
            return clashed(filling)
    if not event.data:
        return _to_confirm(filling)
    return form(filling, draft=draft)


def sent(desk: Desk, project: Project, event: Any) -> Response:
    """Take what a form sent: worked out, kept, a file added, to be confirmed, or done."""
    given = received(desk.visit)
    act = given.get("act", "fire")
    filling = _with(
        Filling.begun(desk, project, event), typed(given), _version(given, project), opens=False
    )
    if given.files:
        filling = _attached(filling, given)
    draft = _kept(filling)
    if act == "keep":
        known = {"x-saved-at": desk.time(draft.saved_at), "x-draft": _mark(filling, draft)}
        return Response(status_code=204, headers=known)
    if act == "preview":
        return _previewed(filling, draft)
    if act.startswith("attach"):
        return RedirectResponse(_here(filling), 303)
    if act == "discard":
        desk.shelf.forget(desk.me, project.id, event.name)
        return RedirectResponse(_here(filling), 303)
    if filling.version != project.version:
        return clashed(filling)
    if act in ("draft", "check"):
        return form(filling, draft=draft)
    filling.told = True
    answer = filling.answer
    if not answer.allowed:
        if any(check.name in AHEAD and check.reasons for check in answer.checks):
            return refused(desk, project, event, answer)
        return form(filling, draft=draft, status=422)
    if act == "sure":
        return _done(filling, given)
    return _to_confirm(filling)


# --------------------------------------------------------------------------- pages


def form(filling: Filling, *, draft: Draft | None = None, status: int = 200) -> Response:
    """Return the page of the form."""
    desk = filling.desk
    return desk.page(
        "form.html",
        here=_place(filling),
        status=status,
        filling=filling,
        project=filling.project,
        event=filling.event,
        draft=draft,
    )


def refused(desk: Desk, project: Project, event: Any, answer: Explanation) -> Response:
    """Return the page that says why not, and who could."""
    checks = {check.name: check for check in answer.checks}
    denied = bool(checks["role"].reasons or checks["unit"].reasons)
    return desk.page(
        "refused.html",
        here="projects",
        status=403 if denied else 409,
        project=project,
        event=event,
        answer=answer,
    )


def clashed(filling: Filling) -> Response:
    """Return the page that shows what somebody else did meanwhile beside what was typed: what the
    form showed when it was opened, what is recorded now, and what is mine."""
    desk, project = filling.desk, filling.project
    event = _still_possible(filling)
    since = [e for e in desk.view.history(project.id) if e.number > filling.version]
    then: dict[str, Any] = {}
    for entry in desk.view.history(project.id):
        if entry.number <= filling.version and entry.evaluated == filling.asked.period:
            then.update(entry.data)
    before = opening(filling.event, filling.asked, then)
    now = opening(filling.event, filling.asked, filling.asked.facts)
    mine = dict(filling.flat)
    paths = list(dict.fromkeys([*mine, *now]))
    rows = [
        {
            "path": path,
            "label": label_of(filling, path),
            "before": before.get(path, ""),
            "now": now.get(path, ""),
            "mine": mine.get(path, ""),
        }
        for path in paths
        if now.get(path, "") != mine.get(path, "")
    ]
    return desk.page(
        "clash.html",
        here="projects",
        status=412,
        filling=filling,
        project=project,
        event=filling.event,
        rows=rows,
        mine=mine,
        now=now,
        since=since,
        next_event=event,
    )


def settled(desk: Desk, project: Project, event: Any) -> Response:
    """Take the choice between what is recorded and what was typed, and open the form with it."""
    given = received(desk.visit)
    fields = {
        name.removeprefix("mine:"): value
        for name, value in given.fields.items()
        if name.startswith("mine:")
    }
    filling = Filling.begun(desk, project, event)
    for path, value in filling.flat.items():
        if given.get(f"pick:{path}", "now" if path not in fields else "mine") == "now":
            fields[path] = value
    for name, choice in given.fields.items():
        if name.startswith("pick:") and choice == "now":
            path = name.removeprefix("pick:")
            fields[path] = filling.flat.get(path, "")
    chosen = {path: value for path, value in fields.items() if value}
    old = given.get("from", event.name)
    if old != event.name:
        desk.shelf.forget(desk.me, project.id, old)
    filling = _with(filling, chosen, project.version, opens=False)
    return form(filling, draft=_kept(filling))


def label_of(filling: Filling, path: str) -> str:
    """Return what a path in a form is called: 실적: 참여 학생."""
    lang = filling.desk.lang
    name, *inside = path.split("/")
    labels = {field.name: field.label.text(lang) for field in filling.event.data}
    known = {each.id: each.label.text(lang) for each in filling.asked.definition.indicators}
    words = {
        "cause": filling.desk.say("부진사유", "cause"),
        "countermeasure": filling.desk.say("대책", "countermeasure"),
        "follow_up": filling.desk.say("점검 방법", "follow-up"),
        "not_due": filling.desk.say("시기미도래", "not due yet"),
        "why": filling.desk.say("사유", "reason"),
        "rate": filling.desk.say("조정 이행률", "overriding rate"),
        "reason": filling.desk.say("사유", "reason"),
        "number": filling.desk.say("문서번호", "number"),
    }
    parts = [known.get(part) or words.get(part) or part for part in inside]
    return ": ".join([labels.get(name, name), *parts])


# --------------------------------------------------------------------------- the steps


def _with(
    filling: Filling, flat: Mapping[str, str], version: int, *, opens: bool = True
) -> Filling:
    return Filling(
        desk=filling.desk,
        project=filling.project,
        event=filling.event,
        asked=filling.asked,
        flat={**filling.flat, **flat} if opens else dict(flat),
        version=version,
    )


def _version(given: Received, project: Project) -> int:
    text = given.get("version")
    if not text.isdecimal() or len(text) > 9:
        raise Problem(
            428,
            "no_version",
            ko="화면이 어느 판을 보고 쓴 것인지 없습니다. 화면을 새로 여십시오.",
            en="the form does not say which version it was opened on; open it again",
        )
    return int(text)


def _kept(filling: Filling) -> Draft:
    desk = filling.desk
    draft = Draft(version=filling.version, saved_at=desk.now, fields=dict(filling.flat))
    if filling.event.data:
        desk.shelf.save(desk.me, filling.project.id, filling.event.name, draft)
    return draft


def _attached(filling: Filling, given: Received) -> Filling:
    """Keep the files that came, and name them in the field that they were given for."""
    desk = filling.desk
    texts = [field.name for field in filling.event.data if field.type == "texts"]
    name = given.get("act").partition(":")[2] or (texts[0] if texts else "")
    if name not in texts:
        raise Problem(
            422,
            "no_evidence_here",
            ko="이 처리에는 파일을 붙이지 않습니다.",
            en="no files belong to this event",
        )
    _may(filling)
    lines = filling.flat.get(name, "").splitlines()
    for filename, content in given.files:
        kept = desk.shelf.keep(filling.project.id, desk.me, filename, content, desk.now)
        if kept.line not in lines:
            lines.append(kept.line)
    return _with(filling, {**filling.flat, name: "\n".join(lines)}, filling.version, opens=False)


def _may(filling: Filling) -> None:
    """Take files only of who could fire the event.

    Raises:
        Refused: they could not.
    """
    answer = filling.desk.explain(filling.project, filling.event.name)
    if failed := [each for each in answer.checks if each.name in AHEAD and each.reasons]:
        closed = [reason for each in failed for reason in each.reasons]
        raise Refused(filling.project.id, filling.event.name, closed, check=failed[0].name)


def _mark(filling: Filling, draft: Draft) -> str:
    """Return what the page's `data-server` says: the version, and the draft that the server has."""
    return f"{filling.version} {draft.mark}"


def _previewed(filling: Filling, draft: Draft) -> Response:
    """Return what the figures come to so far, as pieces of the page."""
    desk = filling.desk
    templates = desk.visit.site.templates
    piece = templates.get_template("board/_live.html").module
    lines = {}
    open_ = {}
    for block in filling.indicators():
        lines[block.id] = str(piece.line(block))  # type: ignore[attr-defined]
        open_[block.id] = block.lagging
    errors = {path: filling.wrong(path) for path in filling.errors if filling.wrong(path)}
    total = piece.total(desk, filling.rating, filling.judgements)  # type: ignore[attr-defined]
    blocked = piece.blocked(desk, filling)  # type: ignore[attr-defined]
    asked = piece.questions(desk, filling.answer)  # type: ignore[attr-defined]
    body = {
        "lines": lines,
        "lagging": open_,
        "errors": errors,
        "total": str(total),
        "blocked": str(blocked),
        "questions": str(asked),
        "draft": _mark(filling, draft),
    }
    return Response(msgspec.json.encode(body), media_type="application/json")


def _to_confirm(filling: Filling) -> Response:
    """Show what would happen, before it does. What moves a whole unit is planned as a batch, and
    done as it was shown."""
    desk, event, project = filling.desk, filling.event, filling.project
    token, lines = "", []
    if event.together is not None:
        plan = desk.visit.engine.batch(
            event.name,
            by=desk.visit.actor,
            where={"plan": desk.plan, "number": project.number},
            data=filling.data,
            mode="unit",
        )
        lines = [(desk.view.project(line.project), line) for line in plan]
        token = desk.shelf.new_batch()
        plan.save(desk.shelf.batch(token))
    return desk.page(
        "confirm.html",
        here=_place(filling),
        filling=filling,
        project=project,
        event=event,
        lines=lines,
        token=token,
        key=secrets.token_hex(16),
        leads=desk.states_text(
            desk.lifecycle_of(project),
            [t.target for t in event.transitions if t.region == event.leads][:1],
        ),
    )


def _done(filling: Filling, given: Received) -> Response:
    desk, event, project = filling.desk, filling.event, filling.project
    allowed = desk.visit.who.events
    if allowed is not None and event.name not in allowed:
        raise Problem(
            403,
            "not_by_this_means",
            ko="이 접속으로는 이 처리를 할 수 없습니다.",
            en="this sign-in may not do this",
        )
    token = given.get("token")
    if token:
        failed = _applied(filling, token)
        if failed:
            filling.notes = tuple(failed)
            return form(filling, status=409)
    else:
        try:
            desk.visit.engine.fire(
                project.id,
                event.name,
                by=desk.visit.actor,
                data=filling.data,
                expected=filling.version,
                key=f"board-{given.get('key')}" if given.get("key") else None,
            )
        except Conflict:
            fresh = Filling.begun(desk, desk.project(project.number), event)
            return clashed(_with(fresh, filling.flat, filling.version, opens=False))
    desk.shelf.forget(desk.me, project.id, event.name)
    back = desk.to("board_project", number=project.number)
    if _place(filling) == "review":
        back = desk.to("board_review")
    elif event.together is not None:
        back = desk.to("board_bureau")
    return RedirectResponse(f"{back}?done={event.name}", 303)


def _applied(filling: Filling, token: str) -> list[str]:
    """Apply the batch that was shown; return what stood in the way, nothing where all was done."""
    desk = filling.desk
    place = desk.shelf.batch(token)
    if not place.exists():
        return [desk.say("확인한 뒤 시간이 지나 다시 확인해야 합니다.", "Please confirm it again.")]
    plan = load_batch(place)
    failed = []
    for receipt in desk.visit.engine.batches.apply(plan, by=desk.visit.actor):
        if receipt.outcome not in ("done", "already"):
            failed += [reason.text(desk.lang) for reason in receipt.reasons] or [receipt.outcome]
    place.unlink(missing_ok=True)
    return list(dict.fromkeys(failed))


def _still_possible(filling: Filling) -> Any:
    """Return the event that takes the same data and is possible now: after a colleague's
    self-evaluation, its correction."""
    desk, project = filling.desk, filling.project
    names = {field.name for field in filling.event.data}
    if desk.explain(project, filling.event.name).allowed:
        return filling.event
    for answer in desk.view.permitted(project.id):
        event = desk.lifecycle_of(project).events[answer.event]
        if names and names == {field.name for field in event.data}:
            return event
    return None


def _place(filling: Filling) -> str:
    event = filling.event
    if filling.judgements is not None:
        return "review"
    if event.together is not None:
        return "bureau"
    return "work"


def _here(filling: Filling) -> str:
    return filling.desk.to("board_do", number=filling.project.number, event=filling.event.name)
