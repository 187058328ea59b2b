"""What a number format of a spreadsheet makes of a number: `#,##0,,` shows 48,000,000 as 48.

A format has up to four sections parted by semicolons (positive; negative; zero; text), or sections
with conditions (`[>=1000]`). A comma behind the last digit divides by a thousand, `%` multiplies
by a hundred, text in quotes is shown as it stands (ECMA-376, part 1, 18.8.31).
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

import attrs

from evalflow.model.values import frozen

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
_RUN = re.compile(r"(.)\1*")


@frozen
class Shown:
    """How a section shows a number.

    Attributes:
        kind: `number`, `fraction` (1/3), `date`, `time` (of a day, or a span), `words` (a text
            stands in its place), `nothing` (the number is hidden), or `general`.
        power: the number is shown times ten to this power: 2 for `%`, -6 for `,,`.
        decimals: digits shown behind the point; None for all.
        unit: what is shown beside the number, such as `%`, `백만원`, `$`; empty for none.
        signed: whether a number below zero is seen to be one.
        zeros: digits before the point that are shown at least: 3 where 7 is shown as 007.
        before, behind: the words in front of the digits and behind them (also between them).
        parts: of a date, what is shown of it: any of `y`, `m` and `d`.
        below: of a fraction, the digits of its denominator.
    """

    kind: Literal["number", "fraction", "date", "time", "words", "nothing", "general"]
    power: int = 0
    decimals: int | None = None
    unit: str = ""
    signed: bool = True
    zeros: int = 0
    before: str = ""
    behind: str = ""
    parts: str = "ymd"
    below: int = 0

    def value(self, stored: Decimal) -> Decimal:
        """Return the number as it is shown, with all its digits."""
        return stored.scaleb(self.power) if self.power else stored

    def hides_digits(self, stored: Decimal) -> bool:
        """Say whether fewer digits are shown than there are."""
        if self.kind != "number" or self.decimals is None:
            return False
        shown = self.value(stored)
        return shown != round(shown, self.decimals)

    def fraction(self, stored: Decimal) -> Fraction:
        """Return the fraction that is seen: the nearest with so long a denominator."""
        return Fraction(stored).limit_denominator(10**self.below - 1)

    def seen(self, figure: Decimal) -> str:
        """Return a figure (as `value` gives it) with all its digits and the words beside it, or
        the text that stands in its place."""
        if self.kind == "words":
            return self.before
        digits = format(abs(figure), "f")
        digits = digits.rjust(self.zeros + len(digits) - len(digits.partition(".")[0]), "0")
        # In a section of its own the sign is one of the words.
        sign = (
            "-" if figure < 0 and self.signed and not _MINUS & {*self.before, *self.behind} else ""
        )
        return f"{sign}{self.before}{digits}{self.behind}"


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
    before, behind = "", ""
    power, decimals, digits, general = 0, 0, False, False
    zeros, below, after_point, times, parts = 0, 0, False, "", ""
    for at, piece in enumerate(pieces):
        word = ""
        if piece["condition"]:
            sign = re.match(r"[<>=]+", piece["condition"])
            assert sign is not None
            condition = sign[0], Decimal(piece["condition"][sign.end() :].strip())
        elif piece["digit"]:
            if behind.strip() == "/":
                below = len(piece["digit"])
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
            word = "%"
        elif piece["part"]:
            parts += piece["part"].lower()
        elif piece["elapsed"] or piece["ampm"]:
            times += "h"
            parts += "h"
        elif piece["exponent"]:
            decimals, general = 0, True
        elif piece["general"]:
            general = True
        else:
            word = (
                piece["quoted"] or piece["escaped"] or piece["currency"] or piece["literal"] or ""
            )
        if digits or general:
            behind += word
        else:
            before += word
    text = before + behind
    has_minus = any(each in _MINUS for each in text)
    if parts or times:
        shown = _moment(parts, times)
    elif below and not condition:
        shown = Shown("fraction", decimals=0, below=below)
    elif digits or general:
        shown = Shown(
            "number",
            power=power,
            decimals=None if general else decimals,
            unit=_unit(text),
            zeros=0 if general else zeros,
            before=before.strip(),
            behind=behind.strip(),
        )
        if general and not power and not text.strip():
            shown = PLAIN
    elif any(piece["text"] for piece in pieces):
        shown = PLAIN  # `@` shows a number as it is
    elif text.strip():
        shown = Shown("words", before=text.strip())
    else:
        shown = Shown("nothing") if condition is None else PLAIN
    return _Section(shown, condition, has_minus)


def _moment(parts: str, times: str) -> Shown:
    """Return how a section of days or times shows them."""
    runs = [match[0] for match in _RUN.finditer(parts)]
    letters = [run[0] for run in runs]
    found = set()
    for at, run in enumerate(runs):
        if run[0] in "yegb":
            found.add("y")
        elif run in ("d", "dd"):  # more of them are the day of the week
            found.add("d")
        elif run[0] == "m" and "h" not in letters[:at][-1:] and "s" not in letters[at + 1 :][:1]:
            found.add("m")
    is_day = bool(set(letters) & set("ydeabg")) or ("m" in letters and not times)
    is_day = is_day and not (set(letters) <= set("mhs") and set(letters) & set("hs"))
    kept = "".join(each for each in "ymd" if each in found)
    return Shown("date", parts=kept) if is_day else Shown("time")


def _digit_follows(pieces: list[re.Match[str]], at: int) -> bool:
    return at + 1 < len(pieces) and bool(pieces[at + 1]["digit"])


def _unit(text: str) -> str:
    """Return what is left of the text beside a number without signs and spaces."""
    return "".join(each for each in text if each not in _TO_SKIP and not each.isspace())
