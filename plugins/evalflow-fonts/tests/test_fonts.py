"""The fonts are whole: what the README says of them is so."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import evalflow_fonts
import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
FILES = {"NanumGothic.ttf": "Regular", "NanumGothicBold.ttf": "Bold"}


def of_ks_x_1001() -> tuple[set[str], set[str]]:
    """Return its Hanja and its symbols."""
    hanja: set[str] = set()
    symbols: set[str] = set()
    for row in range(0xA1, 0xFF):
        for cell in range(0xA1, 0xFF):
            try:
                letter = bytes([row, cell]).decode("euc_kr")
            except UnicodeDecodeError:
                continue
            if len(letter) > 1 or "가" <= letter <= "힣":
                continue
            (hanja if 0xCA <= row <= 0xFD else symbols).add(letter)
    return hanja, symbols


def test_the_folder_holds_what_the_readme_lists() -> None:
    listed = re.findall(r"^\| `(\S+)` \| ([\d,]+) \| `(\w{64})` \|$", README, re.MULTILINE)
    found = []
    for path in sorted(evalflow_fonts.folder().iterdir()):
        data = path.read_bytes()
        found.append((path.name, f"{len(data):,}", hashlib.sha256(data).hexdigest()))

    assert [name for name, _, _ in found] == list(FILES)
    assert found == listed


@pytest.mark.parametrize(("name", "style"), FILES.items())
def test_each_letter_that_an_office_writes_is_drawn(name: str, style: str) -> None:
    """A code may lead to an empty picture: NanumSquare's Hanja do."""
    hanja, symbols = of_ks_x_1001()
    assert (len(hanja), len(symbols)) == (4888, 987)
    blank = {"\u3000", "\u00ad", "\u3164"}  # a space, a soft hyphen, a filler
    with TTFont(evalflow_fonts.folder() / name) as font:
        letters, drawn = font.getBestCmap(), font["glyf"]
        told = font["name"]
        assert (told.getDebugName(1), told.getDebugName(2)) == (evalflow_fonts.FAMILY, style)
        wanted = {chr(code) for code in range(ord("가"), ord("힣") + 1)} | hanja | symbols
        assert {each for each in wanted if ord(each) not in letters} == set()
        empty = {each for each in wanted - blank if drawn[letters[ord(each)]].numberOfContours == 0}
        assert empty == set()


def test_the_licence_of_the_fonts_lies_beside_them() -> None:
    licence = (Path(__file__).parents[1] / "OFL.txt").read_text(encoding="utf-8")

    assert "Reserved Font Name Nanum" in licence
    assert "SIL OPEN FONT LICENSE" in licence
    assert "OTHER DEALINGS IN THE FONT SOFTWARE." in licence
