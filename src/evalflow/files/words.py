"""Whether a text says anything: a reason is written in words (D8); whether it can be an id."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Jamo that make no syllable, of keyboards, of text from a Mac, and half wide; fillers among them.
_LONE_JAMO = re.compile("[\u1100-\u11ff\u3131-\u318f\ua960-\ua97f\ud7b0-\ud7ff\uffa0-\uffdc]")


def has_words(text: str) -> bool:
    """Say whether there is a word in the text: a letter or a syllable. Signs and figures alone
    (`.`, `-`, `1`) and lone jamo (`ㅇㅇ`) are none."""
    said = _LONE_JAMO.sub("", unicodedata.normalize("NFC", text))
    return any(each.isalpha() for each in said)


IN_WORDS = (
    "사유는 말로 적으십시오: {!r}",
    "write it in words: {!r} is no reason",
)
"""What to say of a text without words, in Korean and English; the text goes in."""


SAYS_NOTHING = (
    "내용을 말로 적으십시오: {!r}",
    "say it in words: {!r} says nothing",
)
"""What to say of a statement without words, in Korean and English; the text goes in."""


_NUMBER = re.compile(r".*\d호?", re.DOTALL)

AS_A_NUMBER = (
    "문서번호가 아닙니다: {!r} (예: 정책기획담당관-2872, 구청장 방침 제2016-88호)",
    "no document number: {!r} (e.g. 정책기획담당관-2872, 구청장 방침 제2016-88호)",
)
"""What to say of a text that is no document number, in Korean and English; the text goes in."""


def is_document_number(text: str) -> bool:
    """Say whether a text can be the number of a document: who keeps the register, in words, and
    behind it the serial number (부서-일련번호; 행정업무 규정 §11)."""
    return has_words(text) and _NUMBER.fullmatch(text.strip()) is not None


@lru_cache(maxsize=16_384)
def is_name(text: str) -> bool:
    """Say whether `text` can be an id: letters (A-Z, a-z, 가-힣), digits, `-`, `_`, `.`; at most
    64 characters, the first a letter or a digit."""
    return 0 < len(text) <= 64 and text[0] not in "-_." and all(map(_in_names, text))


def _in_names(letter: str) -> bool:
    return (letter.isascii() and letter.isalnum()) or "가" <= letter <= "힣" or letter in "-_."
