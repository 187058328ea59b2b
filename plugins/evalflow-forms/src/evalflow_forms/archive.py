"""Zip files: repacked without a clock in them, and held against what a whole document has.

An office's own file comes from anywhere, so it is looked through before a library opens it: its
size before anything is unpacked, then every XML part with expat, which stops at a DTD.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.parsers import expat

import evalflow

Change = Callable[[bytes], bytes]

MEMBERS, WHOLE, XML, ELEMENTS, MERGED = 2_000, 100_000_000, 32_000_000, 1_000_000, 100_000
"""The most that a template may have: files in the archive, bytes in all, bytes of XML, elements of
XML, and cells covered by merged ones in a worksheet."""

_XML = (".xml", ".rels", ".hpf", ".rdf", ".vml")
_PARTS: Mapping[str, tuple[str, ...]] = {
    ".xlsx": ("[Content_Types].xml", "_rels/.rels"),
    ".hwpx": ("META-INF/container.xml", "Contents/content.hpf", "Contents/section0.xml"),
}


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


def broken(path: Path, suffix: str, ko: str, en: str) -> evalflow.InvalidInput:
    """Return the error that says why a file is no whole document of its kind."""
    kind = suffix.lstrip(".").upper()
    return evalflow.InvalidInput(
        [
            evalflow.Problem(
                code="broken_file",
                file=str(path),
                ko=f"온전한 {kind} 파일이 아닙니다: {ko}",
                en=f"not a whole {kind} file: {en}",
            )
        ]
    )


def looked_through(path: Path, suffix: str) -> bytes:
    """Return the bytes of an archive that is whole, of a bounded size and without a DTD.

    Raises:
        InvalidInput: it is not.
        OSError: it cannot be read.
    """
    if path.stat().st_size > WHOLE:
        raise broken(path, suffix, _more(WHOLE, "바이트"), f"more than {WHOLE:,} bytes")
    data = path.read_bytes()
    try:
        _look(path, suffix, data)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        ko, en = "압축 파일(zip)로 풀 수 없습니다", "it cannot be unpacked as a zip archive"
        raise broken(path, suffix, f"{ko} ({error})", f"{en} ({error})") from error
    return data


def _more(limit: int, ko: str) -> str:
    return f"{limit:,}{ko}을(를) 넘습니다"


def _look(path: Path, suffix: str, data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        names = [info.filename for info in infos]
        if len(names) > MEMBERS:
            raise broken(
                path, suffix, f"안에 든 파일이 {MEMBERS:,}개를 넘습니다", f"over {MEMBERS:,} parts"
            )
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise broken(path, suffix, f"'{twice[0]}'이(가) 두 번 있습니다", f"'{twice[0]}' twice")
        if any(info.flag_bits & 1 for info in infos):
            raise broken(path, suffix, "암호가 걸려 있습니다", "it is encrypted")
        for part in _PARTS[suffix]:
            if part not in names:
                raise broken(path, suffix, f"'{part}'이(가) 없습니다", f"it has no '{part}'")
        texts = [info for info in infos if info.filename.lower().endswith(_XML)]
        for chosen, limit, what in ((infos, WHOLE, "all"), (texts, XML, "XML")):
            size = sum(info.file_size for info in chosen)
            if size > limit:
                raise broken(
                    path,
                    suffix,
                    f"풀면 {size:,}바이트입니다 (한도 {limit:,})",
                    f"unpacked it has {size:,} bytes of {what} (at most {limit:,})",
                )
        left = ELEMENTS
        for info in texts:
            left -= _Part(path, suffix, info.filename).count(archive.read(info), left)
        for info in infos:
            if info not in texts:
                archive.read(info)  # a wrong checksum is told here


class _Part:
    """One XML part while it is looked through."""

    def __init__(self, path: Path, suffix: str, name: str) -> None:
        self.path, self.suffix, self.name = path, suffix, name
        self.elements = self.merged = 0
        self.most = ELEMENTS

    def count(self, content: bytes, most: int) -> int:
        """Return how many elements it has.

        Raises:
            InvalidInput: no XML, a DTD, or more than `most` elements.
        """
        self.most = most
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._element
        try:
            parser.Parse(content, True)
        except expat.ExpatError as error:
            raise broken(
                self.path,
                self.suffix,
                f"'{self.name}'을(를) XML로 읽을 수 없습니다 ({error})",
                f"'{self.name}' is not XML ({error})",
            ) from error
        return self.elements

    def _doctype(self, *_: object) -> None:
        raise broken(
            self.path,
            self.suffix,
            f"'{self.name}'에 DTD가 있습니다 (서식에는 쓰지 않습니다)",
            f"'{self.name}' has a DTD, which no form needs",
        )

    def _element(self, name: str, said: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > self.most:
            raise broken(
                self.path,
                self.suffix,
                _more(ELEMENTS, "개 요소"),
                f"over {ELEMENTS:,} XML elements",
            )
        if name.rpartition(":")[2] == "mergeCell" and self.suffix == ".xlsx":
            self.merged += _area(said.get("ref", ""))
            if self.merged > MERGED:
                raise broken(
                    self.path,
                    self.suffix,
                    f"'{self.name}'의 병합이 {said.get('ref')}까지 {MERGED:,}칸을 넘습니다",
                    f"merged cells of '{self.name}' cover over {MERGED:,} cells, "
                    f"with {said.get('ref')}",
                )


def _area(ref: str) -> int:
    """Return how many cells a range such as A1:C3 has; 0 where it is none."""
    match = re.fullmatch(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})", ref)
    if match is None:
        return 0
    first, last = (_column(match[n]) for n in (1, 3))
    return max(0, last - first + 1) * max(0, int(match[4]) - int(match[2]) + 1)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
