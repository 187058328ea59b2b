"""What a form is to evalflow: an official document that a plugin fills from a store.

A form is evidence. It carries what it was made from, printing it twice gives the same bytes,
and the plugin that printed it can say whether a file still agrees with the store.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import attrs

from evalflow.errors import particles
from evalflow.model import Label
from evalflow.model.moments import utc
from evalflow.model.values import frozen


@frozen(kw_only=True)
class FormRequest:
    """Which form is wanted.

    Attributes:
        plan: the plan's id.
        period: the period it speaks of; None: the one in which the office's day lies.
        unit: a unit, with everything below it; None: the whole office.
        number: 관리번호, for a form about one project.
        at: as of which moment; None: now. Aware.
        dated: the day printed as 등록일자; None: the day of the latest entry taken in.
        lang: `ko` or `en`, for what comes in both; official forms are Korean.
        values: what fields of the office's own file (`template`) say, by name; a text may hold
            the form's fields in turn, e.g. `{{form_title}}`.
        leave: fields of the office's own file that are left as they are.
    """

    plan: str
    period: str | None = None
    unit: str | None = None
    number: str | None = None
    at: dt.datetime | None = attrs.field(default=None, converter=attrs.converters.optional(utc))
    dated: dt.date | None = None
    lang: str = "ko"
    values: Mapping[str, str] = attrs.field(factory=dict)
    leave: tuple[str, ...] = ()


@frozen(kw_only=True)
class FormFinding:
    """A result of comparing a form with the store; `agrees` if it is not a fault.

    Codes: `agrees`, `moved_on` (figures have changed since: no fault of the form),
    `file_changed` (not the file that was printed), `store_differs` (the store no longer says
    what was printed), `history_differs` (the history up to then was rewritten),
    `other_version` (printed by another version: not comparable byte by byte), `other_font` (a PDF
    whose fonts are not here: not comparable), `earlier_layout` (laid out as forms were before:
    not comparable), `other_plan`.
    """

    code: str
    ko: str = attrs.field(converter=particles)
    en: str
    agrees: bool = False

    def text(self, lang: str = "ko") -> str:
        """Return the sentence in `lang` (`ko` or `en`)."""
        return self.ko if lang == "ko" else self.en


@runtime_checkable
class Form(Protocol):
    """A kind of form. `label` is its name, `formats` the file suffixes that it can write."""

    label: Label
    formats: tuple[str, ...]

    def write(
        self,
        engine: Any,
        path: str | os.PathLike[str],
        request: FormRequest,
        *,
        template: str | os.PathLike[str] | None = None,
    ) -> str:
        """Write the form to `path`, whose suffix says the format, and return the line of
        evidence printed on it. `template` is an office's own file with named fields.

        Raises:
            InvalidInput: no such format, column or field: all problems.
            NotFound: no such plan, unit, project or period.
            OSError: the file cannot be written.
        """

    def check(
        self,
        engine: Any,
        path: str | os.PathLike[str],
        *,
        template: str | os.PathLike[str] | None = None,
    ) -> Sequence[FormFinding] | None:
        """Say whether the file agrees with the store; None where it is no form of this kind."""
