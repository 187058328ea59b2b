"""What a notice says, in Korean or English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from evalflow.plugins import Notice, notice_lines


def body_of(notice: Notice, lang: str, board: str | None = None) -> str:
    """Return the message under the subject, with the id by which a receiver knows it again, and
    the page of the board at the address `board`."""
    known = f"{'알림 번호' if lang == 'ko' else 'Notice'}: {notice.id}"
    told = [notice.subject.text(lang), "", *notice_lines(notice, lang), "", known]
    if board is not None:
        told.insert(-1, f"{'바로가기' if lang == 'ko' else 'Open'}: {link_of(notice, board)}")
    return "\n".join(told) + "\n"


def link_of(notice: Notice, board: str) -> str:
    """Return the page of the board where the notice is answered: of the step that is due, of the
    project, or, where it is about several, of all that the reader owes. None of them does anything
    by being opened: what is done there is confirmed first."""
    plan, _, number = notice.project.rpartition("/")
    data: Mapping[str, Any] = notice.data if isinstance(notice.data, Mapping) else {}
    lines = data.get("reminders")
    told = lines if isinstance(lines, list) else [data]
    projects = {str(each.get("id")) for line in told for each in line.get("projects") or ()}
    path = ["board", plan, "work"]
    if len(told) == 1 and len(projects or {number}) == 1:
        number = min(projects, default=notice.project).rpartition("/")[2]
        path = ["board", plan, "projects", number]
        if lines and told[0].get("event"):
            path += ["do", str(told[0]["event"])]
    return "/".join([board.rstrip("/"), *(quote(each, safe="") for each in path)])
