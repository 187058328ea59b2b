"""Passwords, for an office that has no sign-on of its own: argon2, and a limit on trying."""

from __future__ import annotations

import datetime as dt

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from evalflow.plugins import invalid
from evalflow_web.problems import Problem
from evalflow_web.state import State

SHORTEST, LONGEST = 10, 200

WINDOW = dt.timedelta(minutes=15)
PER_ACTOR, PER_ADDRESS = 5, 30
"""Failures in a quarter of an hour, after which no more is tried: for one actor from one address,
and from one address for anybody."""


class Passwords:
    """The passwords in the service's own file."""

    def __init__(self, state: State) -> None:
        """Take the file."""
        self._state = state
        self._hasher = PasswordHasher()
        # What is compared with where there is no such actor: it takes as long as with one.
        self._nobody = self._hasher.hash("nobody has this password")

    def set(self, actor: str, password: str) -> None:
        """Give the actor a password, in place of the one they had; their sessions end.

        Raises:
            InvalidInput: it is too short, too long, or their own id.
        """
        if not SHORTEST <= len(password) <= LONGEST or password.casefold() == actor.casefold():
            raise invalid(
                "bad_password",
                path="password",
                ko=f"비밀번호는 {SHORTEST}자 이상 {LONGEST}자 이하이고 아이디와 달라야 합니다",
                en=f"a password has {SHORTEST} to {LONGEST} characters and is not one's id",
            )
        with self._state.writing() as db:
            db.execute(
                "INSERT INTO password (actor, hash, changed_at) VALUES (?, ?, ?) "
                "ON CONFLICT (actor) DO UPDATE "
                "SET hash = excluded.hash, changed_at = excluded.changed_at",
                (actor, self._hasher.hash(password), self._state.stamp()),
            )
            db.execute("DELETE FROM session WHERE actor = ?", (actor,))

    def fits(self, actor: str, password: str, address: str) -> bool:
        """Say whether it is the actor's password. Nothing tells whether there is such an actor.

        Raises:
            Problem: too much was tried (429).
        """
        self._check_limit(actor, address)
        row = self._state.row("SELECT hash FROM password WHERE actor = ?", (actor,))
        known = self._nobody if row is None else str(row[0])
        try:
            self._hasher.verify(known, password[:LONGEST])
            right = row is not None
        except (VerificationError, InvalidHashError):
            right = False
        if right:
            self._state.run("DELETE FROM attempt WHERE actor = ? AND address = ?", (actor, address))
            if self._hasher.check_needs_rehash(known):
                self._state.run(
                    "UPDATE password SET hash = ? WHERE actor = ?",
                    (self._hasher.hash(password), actor),
                )
        else:
            self._state.run(
                "INSERT INTO attempt (actor, address, at) VALUES (?, ?, ?)",
                (actor[:200], address, self._state.stamp()),
            )
        return right

    def _check_limit(self, actor: str, address: str) -> None:
        since = self._state.stamp(-WINDOW)
        self._state.run("DELETE FROM attempt WHERE at <= ?", (since,))
        (row,) = self._state.rows(
            "SELECT count(*), coalesce(sum(actor = ?), 0) FROM attempt WHERE address = ?",
            (actor[:200], address),
        )
        if row[0] >= PER_ADDRESS or row[1] >= PER_ACTOR:
            minutes = int(WINDOW.total_seconds() // 60)
            raise Problem(
                429,
                "too_many_attempts",
                ko=f"로그인에 여러 번 실패했습니다. {minutes}분 뒤에 다시 하십시오.",
                en=f"Too many attempts failed; try again in {minutes} minutes.",
                headers={"retry-after": str(int(WINDOW.total_seconds()))},
            )
