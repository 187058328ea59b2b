"""Comments beside a project's record: kept by the board, in no entry, no bundle and no hash."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from evalflow_web.board.desk import Desk
from evalflow_web.board.received import received
from evalflow_web.problems import Problem

LONGEST = 2000
"""Characters of one comment."""


def comment(desk: Desk) -> Response:
    """Take a comment, or take one's own back."""
    project = desk.project(str(desk.visit.request.path_params["number"]))
    if not desk.takes_part(project):
        raise Problem(
            403,
            "not_taking_part",
            ko="이 사업을 맡았거나 평가 내용을 모두 볼 수 있는 사람만 의견을 쓰고 봅니다.",
            en="Comments are for those who hold a role for the project, or may read all of it.",
        )
    given = received(desk.visit)
    if given.get("withdraw"):
        desk.shelf.withdraw(project.id, desk.me, given.get("withdraw"))
    else:
        text = given.get("text").strip()
        if not 1 <= len(text) <= LONGEST:
            raise Problem(
                422,
                "bad_comment",
                ko=f"의견은 1자 이상 {LONGEST}자 이하여야 합니다: {len(text)}자",
                en=f"a comment has 1 to {LONGEST} characters, this one {len(text)}",
            )
        desk.shelf.comment(project.id, desk.me, text, desk.now)
    return RedirectResponse(f"{desk.to('board_project', number=project.number)}#comments", 303)
