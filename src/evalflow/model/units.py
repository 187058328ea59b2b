"""Who there is: units and their names, people as roles, and who answers for what."""

from __future__ import annotations

import datetime as dt

from evalflow.model.changed import often_made
from evalflow.model.values import frozen


@often_made
@frozen
class Label:
    """A name that people see, in Korean and in English."""

    ko: str
    en: str

    def text(self, lang: str = "ko") -> str:
        """Return the name in `lang` (`ko` or `en`)."""
        return self.ko if lang == "ko" else self.en


@frozen(kw_only=True)
class Renaming:
    """From `on` a unit bears another name; older papers keep the older one."""

    on: dt.date
    label: Label


@frozen(kw_only=True)
class Unit:
    """A place in the organisation tree: office > bureau (국·소) > department (부서).

    `since` and `until` bound its existence, both days included; None is open-ended.
    """

    id: str
    kind: str
    label: Label
    parent: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    renamed: tuple[Renaming, ...] = ()

    def label_on(self, day: dt.date) -> Label:
        """Return the unit's name on `day`."""
        label = self.label
        for renaming in self.renamed:
            if renaming.on <= day:
                label = renaming.label
        return label


@frozen(kw_only=True)
class Grant:
    """A role held in a unit; it reaches that unit and everything below it.

    `on_behalf_of` makes it an acting appointment (대결) for that actor, which has a `reason`.
    `since` and `until` are days, both included; None is open-ended.
    """

    role: str
    unit: str
    since: dt.date | None = None
    until: dt.date | None = None
    on_behalf_of: str | None = None
    reason: str | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Say whether the grant is in force on `day`."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


@frozen
class Actor:
    """Who fires: an opaque id with its grants. Never a person's name (D10)."""

    id: str
    grants: tuple[Grant, ...] = ()


@frozen(kw_only=True)
class Assignment:
    """A project belongs to a unit from `since` to `until`, both days included."""

    unit: str
    since: dt.date | None = None
    until: dt.date | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Say whether the assignment is in force on `day`."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )
