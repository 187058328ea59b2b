"""What people may call a thing that has an id: the id, a label, or a usual spelling.

Compared without spaces, capitals and the width of letters (`files.cells.same`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from evalflow.files.cells import same
from evalflow.model import Label
from evalflow.model.calendar import Period

Known = Mapping[str, Sequence[str]]
"""Ids, each with the other words that it may be called by."""


def words(label: Label) -> list[str]:
    """Return what a label calls a thing, in both languages."""
    return [label.ko, label.en]


def matches(said: str, known: Known, *, fold: Callable[[str], str] = same) -> list[str]:
    """Return the ids that a text means: the id itself, else all that are called so."""
    if said in known:
        return [said]
    plain = fold(said)
    if not plain:
        return []
    ids = [name for name in known if fold(name) == plain]
    return ids or [
        name for name, told in known.items() if any(fold(word) == plain for word in told)
    ]


def spellings(period: Period) -> Iterator[str]:
    """Yield how people write a period: `1분기`, `1/4분기`, `2027Q1`, `Q1` …; what lacks the year
    means it only where the plan has one such period."""
    year, number, frequency = period.year, period.number, period.frequency
    yield period.label.ko
    yield period.label.en
    short: tuple[str, ...] = ()
    if frequency == "quarter":
        short = (f"{number}분기", f"제{number}분기", f"{number}/4분기", f"Q{number}", f"{number}Q")
    elif frequency == "half":
        word = "상반기" if number == 1 else "하반기"
        short = (word, f"H{number}", f"{number}H", f"{number}반기")
    elif frequency == "month":
        short = (f"{number}월", f"{number:02}월", f"M{number}")
        yield f"{year}-{number}"
    else:
        yield f"{year}년"
    for word in short:
        yield word
        yield f"{year}{word}"
        yield f"{year}년{word}"
        yield f"{year % 100:02}년{word}"


def folded(text: str) -> str:
    """Return a period's text as it is compared: `2027-Q1`, `2027Q1`, `2027.q1` are alike."""
    plain = same(text)
    return re.sub(r"[-._'’]", "", plain) if re.search(r"[^\d.\-]", plain) else plain
