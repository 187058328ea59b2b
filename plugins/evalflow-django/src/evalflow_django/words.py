"""Korean and English side by side, told in the language that Django has active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.functional import lazystr
from django.utils.translation import get_language

from evalflow.plugins import particles

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


def language() -> str:
    """Return `ko` where Korean is active (`LocaleMiddleware`, else `LANGUAGE_CODE`), else `en`."""
    return "ko" if (get_language() or "").startswith("ko") else "en"


def say(ko: str, en: str) -> str:
    """Return the sentence in the active language."""
    return particles(ko) if language() == "ko" else en


class _Both:
    def __init__(self, ko: str, en: str) -> None:
        self.said = ko, en

    def __str__(self) -> str:
        return say(*self.said)


def later(ko: str, en: str) -> _StrOrPromise:
    """Return a text that is put into the active language when it is shown."""
    return lazystr(_Both(ko, en))
