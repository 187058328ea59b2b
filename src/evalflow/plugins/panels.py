"""What a panel is to evalflow: a part of the board's pages, or a page of its own.

A plugin fills it and the board (the plugin evalflow-web) shows it. The core only knows its form, so
that a plugin can have a panel without knowing how the board is made.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Protocol, runtime_checkable

import attrs

from evalflow.model import Label
from evalflow.model.moments import utc
from evalflow.model.values import frozen

PLACES = ("project", "plan", "page")
"""Where a panel may stand: beside one project, beside a plan, on a page of its own."""


@frozen(kw_only=True)
class PanelRequest:
    """What a panel is to show.

    Attributes:
        view: the store as the reader may see it (`evalflow.View`); a panel reads nothing else.
        plan: the plan's id.
        project: the project's id; None where the panel stands elsewhere.
        period: the period it speaks of; None: the current one.
        at: as of which moment; None: now. Aware.
        lang: `ko` or `en`.
    """

    view: Any
    plan: str
    project: str | None = None
    period: str | None = None
    at: dt.datetime | None = attrs.field(default=None, converter=attrs.converters.optional(utc))
    lang: str = "ko"


@runtime_checkable
class Panel(Protocol):
    """A panel. `label` is its heading, `place` one of `project`, `plan` and `page`."""

    label: Label
    place: str

    def html(self, request: PanelRequest) -> str | None:
        """Return what stands under the heading as HTML, or None where there is nothing to show.

        Texts of the store are escaped by whoever makes the HTML. The board's pages run no inline
        script and take no inline style, and load nothing from elsewhere.
        """
