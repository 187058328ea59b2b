"""What `check` says: a finding, and how it names states and events."""

from __future__ import annotations

import attrs

from evalflow.errors import particles
from evalflow.lifecycle.definition import Event, Lifecycle
from evalflow.model import Label
from evalflow.model.values import frozen


@frozen(kw_only=True)
class Finding:
    """One thing that `check` found.

    Attributes:
        code: stable word for programs, e.g. `unreachable_state`.
        severity: `error` (it cannot work) or `warning` (look whether it is meant).
        ko, en: the sentence for people.
        about: what it speaks of: `states.lagging`, `events.review`, `directory.policy-1`.
        place: where that stands, `file:line:column`, where it is known.
    """

    code: str
    severity: str
    ko: str = attrs.field(converter=particles)
    en: str
    about: str
    place: str | None = None

    def text(self, lang: str = "ko") -> str:
        """Return place and sentence in `lang` (`ko` or `en`)."""
        sentence = self.ko if lang == "ko" else self.en
        return f"{self.place or self.about}: {sentence}"


def error(code: str, about: str, ko: str, en: str) -> Finding:
    """Return a finding that something cannot work."""
    return Finding(code=code, severity="error", about=about, ko=ko, en=en)


def warning(code: str, about: str, ko: str, en: str) -> Finding:
    """Return a finding to be looked at."""
    return Finding(code=code, severity="warning", about=about, ko=ko, en=en)


def named(label: Label, name: str) -> Label:
    """Return how people and files call it: its label, and its name."""
    return Label(f"'{label.ko}'({name})", f"'{label.en}' ({name})")


def state_label(lifecycle: Lifecycle, name: str) -> Label:
    """Return how a state is called."""
    return named(lifecycle.states[name].label, name)


def event_label(event: Event) -> Label:
    """Return how an event is called."""
    return named(event.label, event.name)
