"""What a number format of a spreadsheet makes of a number: `#,##0,,` shows 48,000,000 as 48.

A format has up to four sections parted by semicolons (positive; negative; zero; text), or sections
with conditions (`[>=1000]`). A comma behind the last digit divides by a thousand, `%` multiplies
by a hundred, text in quotes is shown as it stands (ECMA-376, part 1, 18.8.31).
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Literal

import attrs

from evalflow._values import frozen

_PIECE = re.compile(
    r'"(?P<quoted>[^"]*)"?'
    r"|\\(?P<escaped>.)"
    r"|_.|\*."  # as wide as a letter; filled up with a letter
    r"|\[\$(?P<currency>[^\]-]*)[^\]]*\]"
    r"|\[(?P<elapsed>h+|m+|s+)\]"
    r"|\[(?P<condition>[<>=]+\s*-?[\d.]+)\]"
    r"|\[[^\]]*\]"
    r"|(?P<general>General)"
    r"|(?P<ampm>AM/PM|A/P|오전/오후)"
    r"|(?P<digit>[0#?]+)"
    r"|(?P<exponent>E[+-])"
    r"|(?P<comma>,+)"
    r"|(?P<point>\.)"
    r"|(?P<rate>%)"
    r"|(?P<part>[yYmMdDhHsSeEgGbB]+|a{3,4})"
    r"|(?P<text>@)"
    r"|(?P<literal>.)",
    re.DOTALL,
)
_MINUS = frozenset("-−–△▲(")
_TO_SKIP = frozenset(" -−–+()△▲/:,.")


@frozen
class Shown:
    """How a section shows a number.

    Attributes:
        kind: `number`, `date`, `time` (of a day, or a span), `nothing` (the number is hidden), or
            `general`.
        power: the number is shown times ten to this power: 2 for `%`, -6 for `,,`.
        decimals: digits shown behind the point; None for all.
        unit: what is shown beside the number, such as `%`, `백만원`, `$`; empty for none.
        signed: whether a number below zero is seen to be one.
        zeros: digits before the point that are shown at least: 3 where 7 is shown as 007.
    """

    kind: Literal["number", "date", "time", "nothing", "general"]
    power: int = 0
    decimals: int | None = None
    unit: str = ""
    signed: bool = True
    zeros: int = 0

    def value(self, stored: Decimal) -> Decimal:
        """Return the number as it is shown, with all its digits."""
        return stored.scaleb(self.power) if self.power else stored

    def hides_digits(self, stored: Decimal) -> bool:
        """Say whether fewer digits are shown than there are."""
        if self.kind != "number" or self.decimals is None:
            return False
        shown = self.value(stored)
        return shown != round(shown, self.decimals)


PLAIN = Shown("general")
"""A number without a format."""


@frozen
class _Section:
    shown: Shown
    condition: tuple[str, Decimal] | None
    has_minus: bool


def shown_by(code: str, stored: Decimal) -> Shown:
    """Return how a number format shows `stored`."""
    sections = _sections(code)
    if any(each.condition for each in sections):
        at, each = next(
            (
                (at, each)
                for at, each in enumerate(sections)
                if each.condition is None or _holds(each.condition, stored)
            ),
            (len(sections) - 1, sections[-1]),
        )
        explicit = each.condition is not None or at > 0
    else:
        numbers = sections[:3]
        at = 0
        if stored < 0 and len(numbers) > 1:
            at = 1
        elif stored == 0 and len(numbers) > 2:
            at = 2
        each = numbers[at]
        explicit = at == 1
    if stored < 0 and explicit and not each.has_minus and each.shown.kind == "number":
        return attrs.evolve(each.shown, signed=False)  # LibreOffice drops it; Excel, not always
    return each.shown


def _holds(condition: tuple[str, Decimal], number: Decimal) -> bool:
    sign, bound = condition
    return {
        "<": number < bound,
        "<=": number <= bound,
        ">": number > bound,
        ">=": number >= bound,
        "=": number == bound,
        "<>": number != bound,
    }.get(sign, False)


@lru_cache(maxsize=1024)
def _sections(code: str) -> tuple[_Section, ...]:
    parts: list[list[re.Match[str]]] = [[]]
    for match in _PIECE.finditer(code[:1000]):
        if match["literal"] == ";":
            parts.append([])
        else:
            parts[-1].append(match)
    return tuple(_section(pieces) for pieces in parts)


def _section(pieces: list[re.Match[str]]) -> _Section:
    condition = None
    literals: list[str] = []
    power, decimals, digits, general = 0, 0, False, False
    zeros, after_point, times, parts = 0, False, "", ""
    for at, piece in enumerate(pieces):
        if piece["condition"]:
            sign = re.match(r"[<>=]+", piece["condition"])
            assert sign is not None
            condition = sign[0], Decimal(piece["condition"][sign.end() :].strip())
        elif piece["digit"]:
            digits = True
            zeros += 0 if after_point else piece["digit"].count("0")
            decimals += len(piece["digit"]) if after_point else 0
        elif piece["point"]:
            after_point = after_point or digits or _digit_follows(pieces, at)
        elif piece["comma"]:
            if digits and not _digit_follows(pieces, at):
                power -= 3 * len(piece["comma"])
        elif piece["rate"]:
            power += 2
            literals.append("%")
        elif piece["part"]:
            parts += piece["part"].lower()
        elif piece["elapsed"] or piece["ampm"]:
            times += "h"
        elif piece["exponent"]:
            decimals, general = 0, True
        elif piece["general"]:
            general = True
        else:
            literals.append(
                piece["quoted"] or piece["escaped"] or piece["currency"] or piece["literal"] or ""
            )
    text = "".join(literals)
    has_minus = any(each in _MINUS for each in text)
    if parts or times:
        is_day = any(each in "ydeabg" for each in parts) or ("m" in parts and not times)
        is_day = is_day and not (set(parts) <= set("mhs") and set(parts) & set("hs"))
        shown = Shown("date" if is_day else "time")
    elif digits or general:
        shown = Shown(
            "number",
            power=power,
            decimals=None if general else decimals,
            unit=_unit(text),
            zeros=0 if general else zeros,
        )
        if general and not power and not shown.unit:
            shown = PLAIN
    elif any(piece["text"] for piece in pieces) or text.strip():
        # `@` shows a number as it is; a section of text alone shows the text in its place.
        shown = PLAIN
    else:
        shown = Shown("nothing") if condition is None else PLAIN
    return _Section(shown, condition, has_minus)


def _digit_follows(pieces: list[re.Match[str]], at: int) -> bool:
    return at + 1 < len(pieces) and bool(pieces[at + 1]["digit"])


def _unit(text: str) -> str:
    """Return what is left of the text beside a number without signs and spaces."""
    return "".join(each for each in text if each not in _TO_SKIP and not each.isspace())
