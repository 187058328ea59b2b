"""Ids and keys that a host hands over: in their normal form, or what is wrong with them.

Ids of plans, units and people in files are letters, digits and `-_.` alone (`is_name`). A host
that has authenticated its users has ids of its own; they stand in histories and on paper for
years, and separation of duties compares them. So one id has one form, and none looks like another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from evalflow.errors import Problem

LONGEST = 200
"""Characters that an id or a key may have."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK = "[\u034f\u115f\u1160\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
"""What counts as a letter or mark and shows nothing."""

_AS_LATIN = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405"
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u0475"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u03bf\u03bd\u03b9\u03c1\u03b1\u03c5\u03ba\u0251\u0261\u0131"
    "\u0185\u0184\u0269\u01c0\u04c0\u04cf\u0570\u0578\u057d\u0585\u0581\u0566\u1d0f\u1d20\u1d21\u1d22"
    "\u0460\u0461\u044c\u042c\u2212\u02d7\u2043\u2796",
    "ABEKMHOPCTYXIJSaeopcyxijshdqwvABEZHIKMNOPTYXovipaukagibbilllhnuogqovwzwwbb----",
)
"""Letters of other scripts that look like Latin ones, and signs that look like a dash."""

_MARKS = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
"""Marks that stand at a letter: so small that two ids must not differ by one alone."""


def normal(text: str) -> str:
    """Return the one form of the text (Unicode NFC): 가 is one sign, however it was typed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """Return the text as it is searched: in NFC, small letters and capitals alike."""
    return normal(normal(text).casefold())


def place(number: str) -> tuple[bool, int, str]:
    """Return the sort key of a project's number: digits by value, then the rest as text."""
    if number.isascii() and number.isdigit():
        return False, int(number), number
    return True, 0, number


def storable(*texts: str) -> bool:
    """Say whether any database can keep the texts: no NUL, no half of a surrogate pair. What it
    cannot keep it does not have."""
    for text in texts:
        if "\0" in text:
            return False
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                return False
    return True


def fault(text: object, path: str) -> Problem | None:
    """Return why this can be no id and no key, or None: one line of at most `LONGEST` characters
    that are all seen, and no blank at its ends."""
    if not isinstance(text, str):
        return _wrong(path, repr(text), "문자열이어야 합니다", "expected text")
    if not text.strip():
        return _wrong(path, text, "비어 있습니다", "it is empty")
    if len(text) > LONGEST:
        ko, en = f"{LONGEST}자를 넘습니다", f"it is longer than {LONGEST} characters"
        return _wrong(path, text, ko, en)
    for each in text:
        if each.isascii() and each.isprintable():
            continue
        kind = unicodedata.category(each)
        if kind in _UNSEEN or kind == "Zs" or re.match(_BLANK, each):
            ko = f"보이지 않는 문자(U+{ord(each):04X})가 들어 있습니다"
            en = f"it holds a character that is not seen (U+{ord(each):04X})"
            return _wrong(path, text, ko, en)
    if text != text.strip():
        return _wrong(path, text, "앞이나 뒤에 빈칸이 있습니다", "it begins or ends with a blank")
    return None


def looks(text: str) -> str:
    """Return what is the same for two ids that look alike: letter case, width, other scripts, marks
    at letters, kinds of digits, dashes and blanks do not count."""
    if text.isascii():
        return " ".join(text.split()).casefold()
    plain = re.sub(_MARKS, "", unicodedata.normalize("NFKD", text)).translate(_AS_LATIN)
    plain = "".join(map(_as_ascii, unicodedata.normalize("NFC", plain)))
    return " ".join(plain.split()).casefold()


def _as_ascii(letter: str) -> str:
    """Return the dash or the digit that a letter is, else itself."""
    kind = unicodedata.category(letter)
    if kind == "Nd":
        return str(unicodedata.digit(letter))
    return "-" if kind == "Pd" else letter


def look_alike(text: str, known: Iterable[str]) -> str | None:
    """Return the known id that looks like this one and is another, or None."""
    mine = looks(text)
    return next((each for each in known if each != text and looks(each) == mine), None)


def _wrong(path: str, value: str, ko: str, en: str) -> Problem:
    shown = ascii(value) if len(value) <= 60 else ascii(value[:60]) + "…"
    return Problem(
        code="bad_id",
        path=path,
        value=shown,
        ko=f"쓸 수 없는 식별자 {shown}: {ko}",
        en=f"{shown} cannot be an id: {en}",
    )


def taken_for(text: str, other: str, path: str) -> Problem:
    """Return the problem that an id looks like one that is known."""
    return Problem(
        code="look_alike",
        path=path,
        value=ascii(text),
        ko=f"식별자 {text!a}은(는) 이미 있는 '{other}'과(와) 구별되지 않습니다",
        en=f"the id {text!a} looks like '{other}', which is known already",
    )
