"""The outbox as those see it who keep the plan: what waits, what was given up and why; letters that
were given up go out again, or are put away with a name and a day."""

from __future__ import annotations

from collections import Counter

from starlette.responses import RedirectResponse, Response

from evalflow.storage import Outgoing
from evalflow_web.board.desk import Desk
from evalflow_web.board.received import received
from evalflow_web.problems import Problem

SHOWN = 200
"""Letters that a page shows; the command line (`evalflow deliver --dead`) tells them all."""


def letters(desk: Desk) -> Response:
    """Show what waits in the outbox, and what was given up."""
    _keeps(desk)
    every = [each for each in desk.visit.engine.outbox.notices() if _of_plan(desk, each)]
    away = desk.shelf.put_away()
    dead = [each for each in every if each.state == "dead"]
    return desk.page(
        "letters.html",
        here="letters",
        counts=Counter(each.state for each in every),
        dead=[each for each in dead if _key(each) not in away][-SHOWN:][::-1],
        away=[(each, *away[_key(each)]) for each in dead if _key(each) in away][-SHOWN:][::-1],
        waiting=[each for each in every if each.state == "waiting" and each.tries][-SHOWN:][::-1],
        back=desk.visit.request.query_params.get("back", ""),
    )


def settle(desk: Desk) -> Response:
    """Send letters again that were given up, or put them away: those that were chosen."""
    _keeps(desk)
    given = received(desk.visit)
    chosen = set(given.get("letter").splitlines())
    dead = [
        each
        for each in desk.visit.engine.outbox.notices(state="dead")
        if _of_plan(desk, each) and " ".join(_key(each)) in chosen
    ]
    if not dead:
        raise Problem(422, "nothing_chosen", ko="고른 알림이 없습니다.", en="Nothing was chosen.")
    keys = [_key(each) for each in dead]
    if given.get("act") == "away":
        desk.shelf.put_letters_away(keys, desk.me, desk.now)
        return RedirectResponse(desk.to("board_letters"), 303)
    back = desk.visit.engine.outbox.resend(keys)
    return RedirectResponse(f"{desk.to('board_letters')}?back={back}", 303)


def _key(letter: Outgoing) -> tuple[str, str]:
    return letter.notice.id, letter.notice.notifier


def _of_plan(desk: Desk, letter: Outgoing) -> bool:
    return letter.notice.project.rpartition("/")[0] == desk.plan


def _keeps(desk: Desk) -> None:
    """Let those in who may revise the plan.

    Raises:
        Problem: the reader may not.
    """
    if not desk.keeps_plan:
        raise Problem(
            403,
            "not_keeping",
            ko="계획을 개정할 수 있는 사람만 볼 수 있습니다.",
            en="This is for those who may revise the plan.",
        )
