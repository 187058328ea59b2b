"""What a form looks like, said once for every file format: frozen values, and nothing else.

A `Sheet` is a document: head, sign-off boxes, tables, remarks, attachments and the evidence.
Writers turn it into a file and decide nothing about its content; `Cell.shown` says how a value
is printed, so that HWPX, PDF and the screen agree to the character.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal

import attrs

from evalflow.plugins import day_text, time_text
from evalflow.storage import canonical, digest, parse

NOTHING = "-"
"""What stands where there is no value."""

MINUS = "△"
"""The minus of Korean offices."""

PAGE_WIDTH, PAGE_HEIGHT, MARGIN = 297, 210, 15
"""A4 lying, in millimetres; standing it is the other way round."""

TEXT_WIDTH, STANDING_WIDTH = PAGE_WIDTH - 2 * MARGIN, PAGE_HEIGHT - 2 * MARGIN
"""What is printed on: lying and standing."""


LAYOUT, EARLIER = "form/3", ("form/1", "form/2")
"""How forms are laid out now, as embedded in them, and how they were before."""


def korean_date(day: dt.date) -> str:
    """Return the day as documents write it: `2016. 2. 24.` (행정업무 규정 §7)."""
    return day_text(day, "ko")


def grouped(value: Decimal, places: int = 0) -> str:
    """Return an exact figure as printed, half-up: `1,234.5`, `△12`."""
    text = f"{abs(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,f}"
    return f"{MINUS}{text}" if value < 0 and Decimal(text.replace(",", "")) else text


@attrs.frozen
class Cell:
    """One value in a table.

    `value` is a text, an exact figure or None (nothing to say: `-`). `places` are the decimals
    printed; `percent` puts the sign behind. `note` says how the figure was worked out.
    `rows` and `columns` are how many it spans downwards and to the right; what it covers is None
    in the table. `label` says that it names what stands beside it: grey, as a head.
    """

    value: str | Decimal | None
    places: int = 0
    percent: bool = False
    note: str | None = None
    align: str = "center"
    rows: int = 1
    bold: bool = False
    columns: int = 1
    label: bool = False

    def shown(self) -> str:
        """Return what is printed."""
        if self.value is None or self.value == "":
            return NOTHING
        if isinstance(self.value, str):
            return self.value
        return grouped(self.value, self.places) + ("%" if self.percent else "")


@attrs.frozen
class Head:
    """One cell of a table's head, which may span rows and columns; counted from 0."""

    text: str
    row: int
    column: int
    rows: int = 1
    columns: int = 1


@attrs.frozen(kw_only=True)
class Table:
    """A table: `widths` in millimetres, a head of `head_rows` rows, and rows of cells.

    `name` is short (the tab of a worksheet), `caption` stands above. `fields` are the
    columns' names, by which a template asks for them; `frozen` is how many
    columns stay in sight beside the rest. `remarks` stand below it. `bare` says that it is lines
    of text, without borders.
    """

    name: str
    caption: str
    widths: tuple[Decimal, ...]
    heads: tuple[Head, ...]
    head_rows: int
    rows: tuple[tuple[Cell | None, ...], ...]
    fields: tuple[str, ...] = ()
    unit: str = ""
    frozen: int = 0
    remarks: tuple[str, ...] = ()
    bare: bool = False

    def texts(self) -> Iterator[tuple[str, ...]]:
        """Yield the rows as printed; what is covered from above is empty."""
        for row in self.rows:
            yield tuple("" if cell is None else cell.shown() for cell in row)


@attrs.frozen(kw_only=True)
class Evidence:
    """What a form was made from: enough to make it again.

    `at` is the moment of the latest entry that it takes in, `checkpoint` stands for the
    history up to then, `content` is the digest of everything that is printed. `asked` holds the
    unit, 관리번호 and day that were asked for; `made_with` the versions of what wrote it.
    `on` is the last day by then on which a unit, a name or who answers for a project changed, or
    that of the latest entry. `values` and `left` are what was given and left by hand in an office's
    own file; `earlier` says that the form was laid out as evalflow did before.
    """

    form: str
    plan: str
    period: str
    revision: int
    lifecycle: str
    at: dt.datetime
    checkpoint: str
    asked: tuple[str | None, str | None, str | None]
    content: str = ""
    made_with: str = ""
    on: str = ""
    values: Mapping[str, str] = attrs.field(factory=dict)
    left: tuple[str, ...] = ()
    earlier: bool = False

    def line(self, zone: dt.tzinfo) -> str:
        """Return the line that is printed under the form."""
        at = time_text(self.at.astimezone(zone), "ko", seconds=True)
        return (
            f"자료 기준 {at} · 계획 {self.plan} "
            f"{self.revision}차 · 절차 {self.lifecycle} · 확인값 {self.checkpoint}"
        )

    def text(self) -> str:
        """Return it as it is embedded in a file."""
        tree = attrs.asdict(self, recurse=False)
        tree["at"] = self.at.isoformat(timespec="microseconds")
        tree["asked"] = list(self.asked)
        del tree["earlier"]
        tree["values"], tree["left"] = dict(self.values), list(self.left)
        return canonical({"evalflow": LAYOUT, **tree})

    @classmethod
    def read(cls, text: str) -> Evidence | None:
        """Return the evidence in an embedded text; None where it is none."""
        try:
            tree = parse(text)
            layout = tree.pop("evalflow")
            if layout != LAYOUT and layout not in EARLIER:
                return None
            tree.setdefault("left", [])
            tree["earlier"] = layout in EARLIER
            unit, number, dated = tree["asked"]
            tree["asked"] = (unit, number, dated)
            tree["left"] = tuple(tree["left"])
            tree["at"] = dt.datetime.fromisoformat(tree["at"])
            return cls(**tree) if tree["at"].tzinfo else None
        except (AttributeError, KeyError, TypeError, ValueError):
            return None


@attrs.frozen(kw_only=True)
class Paper:
    """What is recorded of a paper: its head and its sign-off line.

    `number` is its 등록번호, `registered` and `approved` are its days. `signed` is what stands in a
    sign-off box, by its name; `drafted` is the day of the draft (기안), which stands in the first
    box; `cooperation` what stands under the boxes (협조); `decision` the
    number of the mayor's decision (방침번호), None on papers that have none; `attachments` is what
    goes with it (붙임). Nothing: it is left to be written by hand.
    """

    number: str = ""
    registered: dt.date | None = None
    approved: dt.date | None = None
    signed: Mapping[str, str] = attrs.field(factory=dict)
    drafted: dt.date | None = None
    cooperation: str = ""
    decision: str | None = None
    attachments: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Part:
    """What is filed as one: it begins on a new page with head, sign-off boxes and title.

    `name` is short (the tab of a worksheet). `apart` says that a workbook has a worksheet for each
    table rather than one for all, so that lists can be sorted. `head` holds pairs such as
    (등록일자, 2016. 2. 24.), `attachments` the list that ends in 끝.
    """

    name: str
    subtitle: str
    tables: tuple[Table, ...]
    apart: bool = False
    paper: Paper = attrs.field(factory=Paper)
    head: tuple[tuple[str, str], ...] = ()
    attachments: tuple[str, ...] = ()

    def endings(self) -> tuple[str, ...]:
        """Return the list of attachments as printed: numbered, the last one ending in 끝; where
        nothing is attached, 끝 alone."""
        if not self.attachments:
            return ("끝.",)
        if len(self.attachments) == 1:
            return (f"붙임  {self.attachments[0]}.  끝.",)
        lines = [
            f"{'붙임' if not place else '    '}  {place + 1}. {text}."
            for place, text in enumerate(self.attachments)
        ]
        lines[-1] += "  끝."
        return tuple(lines)


@attrs.frozen(kw_only=True)
class Sheet:
    """A whole form.

    `boxes` is the sign-off line (결재란), `remarks` lines under the last table of each part,
    `illustrative` the word on made-up data. `listing` is what an office's own file is filled from:
    all columns of the form, a row for each of its subjects.
    """

    title: str
    boxes: tuple[str, ...]
    parts: tuple[Part, ...]
    listing: Table
    remarks: tuple[str, ...]
    illustrative: str | None
    evidence: Evidence
    evidence_line: str
    standing: bool = False

    @property
    def width(self) -> int:
        """Return the width that is printed on, in millimetres."""
        return STANDING_WIDTH if self.standing else TEXT_WIDTH

    @property
    def head(self) -> tuple[tuple[str, str], ...]:
        """Return the first part's head."""
        return self.parts[0].head

    @property
    def subtitle(self) -> str:
        """Return the first part's subtitle."""
        return self.parts[0].subtitle

    @property
    def tables(self) -> tuple[Table, ...]:
        """Return the tables of all parts."""
        return tuple(table for part in self.parts for table in part.tables)

    def digest(self) -> str:
        """Return the digest of all that is printed but the evidence."""
        return digest(
            canonical(
                [
                    self.title,
                    [
                        [
                            part.subtitle,
                            [list(pair) for pair in part.head],
                            dict(part.paper.signed),
                            part.paper.cooperation,
                            list(part.attachments),
                        ]
                        for part in self.parts
                    ],
                    list(self.boxes),
                    list(self.remarks),
                    self.illustrative,
                    [
                        [
                            table.caption,
                            table.unit,
                            [head.text for head in table.heads],
                            [list(row) for row in table.texts()],
                            [[cell and cell.note for cell in row] for row in table.rows],
                            list(table.remarks),
                        ]
                        for table in self.tables
                    ],
                ]
            )
        )
