"""The lines of a plan as they are read: decoded and checked by msgspec, in one step.

`values.Planned` is what a reader of a plan is shown. A `PlanLine` is the same as it stands in the
file, cheap enough for a million of them; a field that is unknown, missing or of another type is
refused.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from evalflow.batch.values import Planned
from evalflow.errors import Reason
from evalflow.model.canonical import Tree, parse
from evalflow.storage.contract import Head


class ReasonLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `Reason` as written."""

    code: str
    ko: str
    en: str
    who: tuple[str, ...] = ()
    since: dt.date | None = None
    about: str | None = None

    def reason(self) -> Reason:
        """Return the reason."""
        return Reason(
            code=self.code,
            ko=self.ko,
            en=self.en,
            who=self.who,
            since=self.since,
            about=self.about,
        )


class PlanLine(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,  # nothing in it can point back to it
):
    """A project's line as written; see `Planned` for its fields.

    `written_reasons` and `written_data` are `reasons` and `data` as they stand there.
    """

    project: str
    unit: str
    version: int
    before: tuple[str, ...]
    period: str
    head: str = ""
    after: tuple[str, ...] | None = None
    period_after: str | None = None
    part: str | None = None
    role: str | None = None
    on_behalf_of: str | None = None
    rate: str | None = None
    band: str | None = None
    notices: tuple[tuple[str, ...], ...] = ()
    written_reasons: tuple[ReasonLine, ...] = msgspec.field(default=(), name="reasons")
    written_data: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="data")
    seal: str = ""

    @property
    def allowed(self) -> bool:
        """Say whether it would be done."""
        return self.after is not None

    @property
    def position(self) -> Head:
        """Return the project, and number and hash of the entry that the decision was made on."""
        return self.project, self.version, self.head

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return why it is refused."""
        return tuple([each.reason() for each in self.written_reasons])

    @property
    def data(self) -> Tree:
        """Return the project's own data, or None; numbers with a point are text, as everywhere."""
        return parse(bytes(self.written_data).decode()) if self.written_data else None

    @property
    def alone(self) -> bool:
        """Say whether it is a decision for itself, by the data of all: others can be like it."""
        return self.after is not None and self.part is None and not self.written_data

    def planned(self) -> Planned:
        """Return the line as it is shown."""
        return Planned(
            project=self.project,
            unit=self.unit,
            version=self.version,
            head=self.head,
            before=self.before,
            period=self.period,
            after=self.after,
            period_after=self.period_after,
            part=self.part,
            role=self.role,
            on_behalf_of=self.on_behalf_of,
            rate=self.rate,
            band=self.band,
            notices=self.notices,
            reasons=self.reasons,
            data=self.data,
            seal=self.seal,
        )


_decoder = msgspec.json.Decoder(PlanLine)
_encoder = msgspec.json.Encoder()


def read_line(text: str) -> PlanLine:
    """Return the line of a project.

    Raises:
        ValueError: it is not one; the sentence names the field.
        RecursionError: its data is nested too deeply.
    """
    return _decoder.decode(text)


def write_line(line: PlanLine) -> str:
    """Return a text that `read_line` reads: for another machine, not for a plan, whose lines are
    canonical."""
    return _encoder.encode(line).decode()
