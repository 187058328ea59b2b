"""The board: pages for people.

A page is a function of a `Desk`, one reader at one plan; `application.page` makes it a route, with
signing in, the token against forged requests, and pages for what goes wrong. What is read goes
through `View`, what is done through the engine's one gate; what the board keeps itself (drafts,
files, batches to be confirmed) is on its `Shelf`, beside the store.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from evalflow_web.board.desk import Desk
    from evalflow_web.board.shelf import Shelf
    from evalflow_web.site import Handler, Site, Visit

GIVES_FILES = "/files"
"""What the paths end in to which files are sent; others take no large bodies."""


def routes(site: Site) -> list[BaseRoute]:
    """Return the routes of the board's pages."""
    from starlette.routing import Route

    from evalflow_web.application import page
    from evalflow_web.board import bulk, comments, downloads, letters, migration, pages, people

    shelf = _shelf(site)

    def at(handler: Callable[[Desk], Response]) -> Handler:
        from evalflow_web.board.desk import Desk

        def answer(visit: Visit) -> Response:
            return handler(Desk(visit=visit, plan=visit.request.path_params["plan"], shelf=shelf))

        return answer

    def get(path: str, name: str, handler: Callable[[Desk], Response]) -> Route:
        return Route(path, page(site, at(handler)), name=name)

    def post(path: str, name: str, handler: Callable[[Desk], Response]) -> Route:
        return Route(path, page(site, at(handler)), name=name, methods=["POST"])

    project = "/board/{plan}/projects/{number}"
    do = project + "/do/{event}"
    return [
        Route("/", page(site, lambda visit: pages.home(visit, shelf)), name="home"),
        Route("/board/language/{lang}", page(site, pages.language, anybody=True), name="language"),
        get("/board/{plan}/work", "board_work", pages.work),
        get("/board/{plan}/projects", "board_projects", pages.projects),
        get(project, "board_project", pages.project),
        Route(do, page(site, at(pages.do)), name="board_do", methods=["GET", "POST"]),
        post(do + GIVES_FILES, "board_attach", pages.do),
        post(do + "/settle", "board_settle", pages.settle),
        post(project + "/comments", "board_comment", comments.comment),
        get(project + "/files/{sha}", "board_file", pages.evidence),
        get("/board/{plan}/bureau", "board_bureau", pages.bureau),
        post("/board/{plan}/bureau/remind", "board_remind", pages.remind),
        get("/board/{plan}/letters", "board_letters", letters.letters),
        post("/board/{plan}/letters/settle", "board_letters_settle", letters.settle),
        get("/board/{plan}/sign", "board_sign", pages.sign),
        get("/board/{plan}/review", "board_review", pages.review),
        post("/board/{plan}/bulk", "board_bulk", bulk.bulk),
        get("/board/{plan}/status", "board_status", pages.status),
        get("/board/{plan}/people", "board_people", people.people),
        post("/board/{plan}/people/change", "board_people_change", people.change),
        post("/board/{plan}/people/confirm", "board_people_confirm", people.confirm),
        get("/board/{plan}/migration", "board_migration", migration.migration),
        get("/board/{plan}/revisions", "board_revisions", people.revisions),
        get("/board/{plan}/papers", "board_papers", downloads.downloads),
        get("/board/{plan}/papers/forms/{file}", "board_form", downloads.form),
        get("/board/{plan}/papers/sheets/{event}/{unit}", "board_workbook", downloads.workbook),
        get("/board/{plan}/papers/bundle.zip", "board_bundle", downloads.bundle),
        get("/board/{plan}/papers/checkpoint", "board_checkpoint", downloads.checkpoint),
        get("/board/{plan}/pages/{panel}", "board_panel", pages.panel),
        Route(
            "/board/{plan}/audit",
            page(site, at(pages.audit)),
            name="board_audit",
            methods=["GET", "POST"],
        ),
    ]


def _shelf(site: Site) -> Shelf:
    """Return the shelf that the settings name; without a folder it lasts as long as the process."""
    from evalflow_web.board.shelf import Shelf

    settings = site.settings
    return Shelf(
        None if settings.folder is None else Path(settings.folder),
        scan=settings.scan,
        tables=settings.drafts,
        blobs=settings.files,
    )
