"""Whether a text says anything: a reason is written in words (D8)."""

from __future__ import annotations

import unicodedata

_LONE_JAMO = range(0x3131, 0x3190)


def has_words(text: str) -> bool:
    """Say whether there is a word in the text: a letter or a syllable. Signs and figures alone
    (`.`, `-`, `1`) and lone jamo (`ㅇㅇ`) are none."""
    return any(
        each.isalpha() and ord(each) not in _LONE_JAMO
        for each in unicodedata.normalize("NFC", text)
    )


IN_WORDS = (
    "사유는 말로 적으십시오: {!r}",
    "write it in words: {!r} is no reason",
)
"""What to say of a text without words, in Korean and English; the text goes in."""
