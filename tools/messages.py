"""Make the compiled catalogues of what click itself says: `python tools/messages.py`."""

from __future__ import annotations

import ast
import struct
from pathlib import Path

LOCALE = Path(__file__).parents[1] / "src" / "evalflow" / "cli" / "locale"


def entries(text: str) -> dict[str, str]:
    """Return the messages of a .po file: what is said -> its translation, as gettext keeps them
    (a plural behind the singular and a NUL)."""
    found: dict[str, str] = {}
    said: dict[str, str] = {}
    key = ""
    for line in [*text.splitlines(), ""]:
        if not line.strip():
            if "msgid" in said:
                plural = "\0" + said["msgid_plural"] if "msgid_plural" in said else ""
                found[said["msgid"] + plural] = said.get("msgstr", said.get("msgstr[0]", ""))
            said = {}
        elif not line.startswith("#"):
            rest = line
            if not line.startswith('"'):
                key, _, rest = line.partition(" ")
                said[key] = ""
            said[key] += ast.literal_eval(rest)
    return found


def compiled(found: dict[str, str]) -> bytes:
    """Return the messages as a .mo file (GNU gettext's format, little-endian)."""
    pairs = sorted((key.encode(), value.encode()) for key, value in found.items())
    begin, tables, words = 28 + 16 * len(pairs), [b"", b""], b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += struct.pack("<II", len(pair[side]), begin + len(words))
            words += pair[side] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + tables[0] + tables[1] + words


if __name__ == "__main__":
    for source in LOCALE.glob("*/LC_MESSAGES/*.po"):
        source.with_suffix(".mo").write_bytes(compiled(entries(source.read_text("utf-8"))))
