"""What a plugin may raise, and what must not hurt: errors that raise when they are told."""

from __future__ import annotations

from typing import Any


class Odd(BaseException):
    """A plugin's own, which nobody else would catch."""


class NoWords(Exception):
    def __str__(self) -> str:
        raise Odd("no words")


class Exits(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class Closed(Exception):
    """Whoever asks it anything is told to stop."""

    def __getattribute__(self, name: str) -> Any:
        raise KeyboardInterrupt


class _Nameless(type):
    def __getattribute__(cls, name: str) -> Any:
        if name in ("__name__", "__qualname__", "__module__", "__mro__"):
            raise Odd("no name")
        return super().__getattribute__(name)


class OfNoKind(Exception, metaclass=_Nameless):
    """Whose class cannot be asked its name."""


class Disguised(BaseException):
    """As if it were one of ours that passes through."""

    __module__ = "evalflow.decision"


UNTELLABLE = {
    "NoWords": NoWords,
    "Exits": Exits,
    "Closed": Closed,
    "OfNoKind": OfNoKind,
    "Disguised": Disguised,
}
"""By name, for whoever asks them anything (pytest, say) meets what they are made for."""
