"""Files made of the store: forms, workbooks to fill in, the audit bundle, the checkpoint.

A file holds all that it is made of, drafts and closed data too: it is for those alone who may read
all of that.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import attrs
from starlette.responses import Response

from evalflow import (
    Engine,
    Entry,
    Forbidden,
    InvalidInput,
    NotFound,
    Project,
    Reason,
    SignedCheckpoint,
)
from evalflow.plugins import Form, FormRequest

if TYPE_CHECKING:
    from evalflow import Lifecycle
    from evalflow.plugins import Event
    from evalflow_web.site import Visit

BINARY = "application/octet-stream"
_SAFE = "sandbox; default-src 'none'"
_PAGE = f"{_SAFE}; style-src 'unsafe-inline'; img-src data:; font-src data:"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def installed(engine: Engine) -> Iterator[tuple[str, Form]]:
    """Yield the forms that are installed, by name."""
    for name in engine.plugins.names("form"):
        try:
            yield name, engine.plugins.form(name)
        except InvalidInput:  # one that needs options, which a plan gives it
            continue


def sees_all(visit: Visit, project: Project) -> bool:
    """Say whether nothing of the project is left out for whoever asks: they read all of it, or
    what they do not read is not there (yet)."""
    view, engine = visit.view, visit.engine
    if view.reads_all(project.id):
        return True
    shown = view.project(project.id)
    if attrs.evolve(shown, head="") != attrs.evolve(project, head=""):
        return False
    pairs = zip(view.history(project.id), engine.history(project.id), strict=True)
    return all(_said(shown) == _said(whole) for shown, whole in pairs)


def _said(entry: Entry) -> Entry:
    """Return an entry without its hashes: where nothing is left out they tell nothing more."""
    return attrs.evolve(entry, hash="", previous="", evaluation="", plan_head="", key=None)


def must_see_all(visit: Visit, plan: str) -> None:
    """See that nothing of the plan's projects is left out for whoever asks.

    Raises:
        Forbidden: something is.
    """
    for project in visit.engine.projects(plan=plan):
        if not sees_all(visit, project):
            raise Forbidden(
                Reason(
                    code="not_readable",
                    ko=f"'{visit.who.id}'은(는) {project.id}의 평가 내용을 모두 볼 수 있는 "
                    "사람이 아닙니다.",
                    en=f"'{visit.who.id}' may not read all of {project.id}",
                    about=project.id,
                )
            )


def form(visit: Visit, wanted: str, request: FormRequest, kind: str = BINARY) -> Response:
    """Return a form as a file, named as `NAME.SUFFIX`. Even that of one bureau is for those who see
    all of the plan: the checkpoint printed on it is made of everything.

    Raises:
        Forbidden: something of the plan is left out for whoever asks.
        NotFound: no such form, format, unit, project or period.
    """
    engine = visit.engine
    must_see_all(visit, request.plan)
    name, dot, suffix = wanted.rpartition(".")
    plugins = engine.plugins
    if name not in plugins.names("form"):
        raise NotFound("form", name or wanted, plugins.names("form"))
    made = plugins.form(name, engine.plans.head(request.plan).forms.get(name, {}))
    if f"{dot}{suffix}" not in made.formats:
        raise NotFound("form", wanted, [f"{name}{each}" for each in made.formats])
    with tempfile.TemporaryDirectory(prefix="evalflow-web-") as folder:
        path = Path(folder) / f"form.{suffix}"
        made.write(engine, path, request)
        content = path.read_bytes()
    return file(content, wanted, kind)


def bundle(visit: Visit, plan: str) -> Response:
    """Return the audit bundle of the plan.

    Raises:
        Forbidden: whoever asks may not read all of the plan.
    """
    must_see_all(visit, plan)
    with tempfile.TemporaryDirectory(prefix="evalflow-web-") as folder:
        path = Path(folder) / "bundle.zip"
        visit.engine.audit.export(path, plan=plan)
        content = path.read_bytes()
    return file(content, "bundle.zip")


def checkpoint(visit: Visit, plan: str) -> SignedCheckpoint:
    """Return what the plan's log comes to now. It is made of everything: whoever knows the rest
    could try by it what is closed, value by value.

    Raises:
        Forbidden: whoever asks may not read all of the plan.
    """
    must_see_all(visit, plan)
    return visit.engine.audit.sign_checkpoint(plan)


def workbook(
    visit: Visit, lifecycle: Lifecycle, event: Event, unit: str, projects: Sequence[Project]
) -> Response:
    """Return a workbook for the event on these projects of a unit, to be filled in (`evalflow sheet
    read` takes it back)."""
    from evalflow.plugins import write_sheet

    with tempfile.TemporaryDirectory(prefix="evalflow-web-") as folder:
        path = Path(folder) / "sheet.xlsx"
        of = write_sheet(path, visit.engine, lifecycle, event, unit, projects, visit.lang)
        content = path.read_bytes()
    name = f"{of.text(visit.lang)} {event.label.text(visit.lang)} {projects[0].period}.xlsx"
    return file(content, name, _XLSX)


def file(content: bytes, name: str, kind: str = BINARY) -> Response:
    """Return a file to be kept: never shown as a page of this origin."""
    plain = "".join(each for each in name if each.isalnum() or each in "-_. ") or "file"
    said = f'filename="{plain}"' if plain.isascii() else f"filename*=UTF-8''{quote(plain)}"
    return Response(
        content,
        media_type=kind,
        headers={
            "content-disposition": f"attachment; {said}",
            "content-security-policy": _PAGE if kind == "text/html" else _SAFE,
            "cache-control": "private, no-store",
        },
    )
