"""What a lifecycle says otherwise than another, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalflow.lifecycle.definition import Lifecycle


def rules_in_words(was: Lifecycle, new: Lifecycle, lang: str) -> list[str]:
    """Return what `new` says otherwise, a sentence each."""
    from evalflow.lifecycle.diff import diff

    return [each.text(lang) for each in diff(was, new)]
