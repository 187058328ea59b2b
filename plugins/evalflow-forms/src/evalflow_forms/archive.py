"""Zip files without a clock in them: the same content gives the same bytes."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Mapping

Change = Callable[[bytes], bytes]


def repacked(archive: bytes, at: dt.datetime, changes: Mapping[str, Change] | None = None) -> bytes:
    """Return the archive with every time in it set to `at`; `changes` rewrite members by name."""
    stamp = at.astimezone(dt.UTC)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            content = old.read(info.filename)
            if info.filename == "docProps/core.xml":
                text = f"{stamp:%Y-%m-%dT%H:%M:%SZ}".encode()
                content = re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+Z?(?=</dcterms:)", text, content)
            change = (changes or {}).get(info.filename)
            if change is not None:
                content = change(content)
            fixed = zipfile.ZipInfo(info.filename, (stamp.year, stamp.month, stamp.day, 0, 0, 0))
            fixed.compress_type = info.compress_type
            fixed.create_system = 3
            new.writestr(fixed, content)
    return out.getvalue()
