"""As whom a user of the site acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalflow import Actor, Forbidden, Reason
from evalflow_django.conf import conf

if TYPE_CHECKING:
    from evalflow_django.conf import User


def actor_of(user: User) -> Actor | str:
    """Return as whom a user acts, for `by=`: what the function that `ACTOR_OF` names says of the
    user; without one the user's name, an id of the plan's or the site's directory.

    Raises:
        Forbidden: it is nobody: not signed in, not active, or `ACTOR_OF` says None.
    """
    named = conf().actor_of
    signed_in = user.is_authenticated and user.is_active
    found = (named or _by_name)(user) if signed_in else None
    if found is None:
        raise Forbidden(_NOT_SIGNED_IN if not signed_in else _NOBODY)
    return found


def _by_name(user: User) -> str | None:
    return user.get_username() or None


_NOT_SIGNED_IN = Reason(
    code="not_signed_in",
    ko="로그인한 사용자만 처리할 수 있습니다.",
    en="Only somebody who is signed in may do this.",
)
_NOBODY = Reason(
    code="nobody",
    ko="이 사용자는 평가 업무에서 맡은 역할이 없습니다.",
    en="This user has no part in the evaluation.",
)
