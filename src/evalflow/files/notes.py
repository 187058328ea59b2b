"""What is said about a file beside its mistakes."""

from __future__ import annotations

import attrs

from evalflow.errors import particles
from evalflow.model.values import frozen


@frozen(kw_only=True)
class Note:
    """A word on how a file was read, for people to see before they rely on it.

    Attributes:
        code: stable word for programs, e.g. `records_read_as_actions`.
        ko, en: the sentence for people, without the place.
        where: the place, `file:line:column`, in a table `file:sheet!cell`.
    """

    code: str
    ko: str = attrs.field(converter=particles)
    en: str
    where: str

    def text(self, lang: str = "ko") -> str:
        """Return place and sentence in `lang` (`ko` or `en`)."""
        return f"{self.where}: {self.ko if lang == 'ko' else self.en}"
