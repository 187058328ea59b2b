"""Units of money as heads and lines above tables say them: 백만원, (단위: 천원), million won."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from evalflow.files.cells import same
from evalflow.model.values import frozen

_POWERS = {
    "십": 1, "백": 2, "천": 3, "만": 4, "십만": 5, "백만": 6, "천만": 7, "억": 8, "십억": 9,
    "백억": 10, "천억": 11, "조": 12,
    "thousand": 3, "thousands": 3, "k": 3, "천won": 3,
    "million": 6, "millions": 6, "mil": 6, "mil.": 6, "mn": 6, "mio": 6, "m": 6,
    "hundredmillion": 8, "hundredmillions": 8, "100million": 8,
    "billion": 9, "billions": 9, "bn": 9, "bil": 9, "bil.": 9,
    "trillion": 12, "trillions": 12, "tn": 12,
}  # fmt: skip
_NEED_CURRENCY = frozenset(["십", "백", "k", "m", "mn", "mio", "tn", "mil", "bil"])

_KOREAN = re.compile(
    r"(?P<count>10*(?:,000)*)?(?P<scale>십만|백만|천만|십억|백억|천억|십|백|천|만|억|조)?(?P<won>원)?"
)
_CURRENCY = r"(?:southkoreanwon|koreanwon|won|krw|₩|원)"
_ENGLISH = re.compile(
    rf"(?:in)?(?P<before>{_CURRENCY})?(?:in)?(?P<count>10*(?:,000)*)?"
    r"(?P<scale>(?:100|hundred)millions?|thousands?|millions?|billions?|trillions?"
    r"|mil\.?|bil\.?|mn|mio|bn|tn|k|m)?(?:of)?"
    rf"(?P<after>{_CURRENCY})?"
)

_WON = re.compile(r"원$|won|krw|₩", re.IGNORECASE)
_FOREIGN = re.compile(
    r"달러|불$|유로|엔화|위안|\$|€|¥|\b(?:usd|eur|jpy|cny|dollars?)\b", re.IGNORECASE
)
_SAID = re.compile(
    r"(?P<colon>(?:금액)?단위\s*[:=]|\bunits?\s*[:=])\s*(?P<what>[^()\[\]〔〕<>]*)", re.IGNORECASE
)
_BRACKETS = re.compile(r"[(\[〔<]([^()\[\]〔〕<>]*)[)\]〕>]")
_WORD = re.compile(r"(?:금액)?단위|units?", re.IGNORECASE)
_PARTS = re.compile(r"[,/·ㆍ・、;&]|\s및\s|\sand\s")

# What stands in brackets behind a head of money and is no unit.
_NO_UNIT = re.compile(
    r"(?:'?\d{2}|\d{4})(?:년|년도)?|당초|변경|최종|본예산|추경|기정|현행|계|합계|소계|총계|예산|예산액"
    r"|사업비|편성|확정|[a-e]|\d|final|revised|total|budget"
)


@frozen
class Said:
    """What a line or a head says of units.

    Attributes:
        text: its words.
        won: how many won one is; None where no unit of money was understood, or several were.
    """

    text: str
    won: int | None


def won_of(text: str) -> int | None:
    """Return how many won a unit is; None where it is none of money. Without a currency the great
    units alone are taken (`백만`, `억`, `million`), not `k` or `m`."""
    plain = same(text).replace("￦", "₩").replace("\\", "₩")
    match = _KOREAN.fullmatch(plain)
    if match is not None and (match["scale"] or match["won"]):
        if match["won"] or (match["scale"] not in _NEED_CURRENCY and not match["count"]):
            return _times(match["count"], match["scale"])
        return None
    match = _ENGLISH.fullmatch(plain)
    if match is None:
        return None
    currency = match["before"] or match["after"]
    if currency or (match["scale"] and match["scale"] not in _NEED_CURRENCY and not match["count"]):
        return _times(match["count"], match["scale"])
    return None


def _times(count: str | None, scale: str | None) -> int:
    times = int((count or "1").replace(",", ""))
    return times * (10 ** _POWERS[scale] if scale else 1)


def said_by_line(text: str, *, whole: bool = False) -> Said | None:
    """Return what a line above a table says of units; None where it speaks of none.

    A unit is said by `단위: …`, or stands alone, or in brackets behind a title. `whole` takes only
    lines that say nothing else.
    """
    line = unicodedata.normalize("NFKC", text).strip()
    match = _SAID.search(line)
    if match is not None:
        before = line[: match.start()].strip("([〔< \t\n※*-")
        return None if whole and before else _said(match["what"].strip())
    bare = line.strip("()[]〔〕<> \t\n")
    bare = _WORD.sub("", bare, count=1) if _WORD.match(bare) else bare
    if (won := won_of(bare)) is not None:
        return Said(bare, won)
    for inside in () if whole else _BRACKETS.findall(line):
        words = _WORD.sub("", inside, count=1).strip() if _WORD.match(inside) else inside
        said = _said(words)
        if said.won is not None:
            return said
    return None if whole else _mentioned(line)


_KOREAN_WORD = re.compile(
    r"(?<![\d.,가-힣])(?P<unit>(?:천|만|십만|백만|천만|억|십억|백억|천억|조)\s?원)(?![가-힣])(?P<so>\s*단위)?"
)
_ENGLISH_WORD = re.compile(
    r"(?<![\d.,])(?<!\d\s)\b(?P<so>in\s+)?"
    r"(?P<unit>(?:krw|won)\s+(?:thousand|million|billion|trillion)s?"
    r"|(?:thousand|million|billion|trillion)s?\s+(?:of\s+)?(?:krw|won))\b",
    re.IGNORECASE,
)


def _mentioned(line: str) -> Said | None:
    """Return a unit of which a line speaks without saying outright that it is the table's: the
    won are then not known, and nobody takes one for a won."""
    match = _KOREAN_WORD.search(line) or _ENGLISH_WORD.search(line)
    if match is None:
        return None
    return Said(match["unit"], won_of(match["unit"]) if match["so"] else None)


def _said(text: str) -> Said:
    found = set() if _FOREIGN.search(text) else set(_units(text))
    return Said(text, found.pop() if len(found) == 1 else None)


def _units(text: str) -> Iterator[int]:
    """Yield the units of money in a list: the whole, its parts, or their words."""
    whole = won_of(text)
    if whole is not None:
        yield whole
        return
    for part in _PARTS.split(_joined(text)):
        said = won_of(part)
        if said is not None:
            yield said
            continue
        for word in part.split():
            # A word alone says it only with its currency: `백만 달러` is no 백만원.
            said = won_of(word) if _WON.search(word) else None
            if said is not None:
                yield said


def _joined(text: str) -> str:
    """Return the text without the commas inside numbers."""
    return re.sub(r"(?<=\d),(?=000)", "", text)


def said_by_head(units: tuple[str, ...]) -> Said | None:
    """Return what the brackets behind a head (the lowest first) say of money; None where they hold
    nothing that is, or might be, a unit."""
    for text in units:
        said = _said(text)
        if said.won is not None:
            return said
    unknown = [text for text in units if text and not _NO_UNIT.fullmatch(same(text))]
    return Said(unknown[0], None) if unknown else None
