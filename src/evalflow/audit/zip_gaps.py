"""What a zip holds beside its files: bytes before, between and behind them, which some programs
unpack and others never see."""

from __future__ import annotations

import stat
import struct
import zipfile

_LOCAL = struct.Struct("<4s5H3L2H")  # a file's own header: its mark … lengths of name and extra
_END = struct.Struct("<4s4H2LH")  # the end of the directory: its mark … length of a comment
_BEHIND = 24  # bytes at most of the sizes that a program may write behind a file's content


def hides_more(archive: zipfile.ZipFile) -> bool:
    """Say whether there is more in the archive than the files of its directory, one behind the
    other from its first byte on; or a file of it is a link.

    Raises:
        OSError, struct.error: it cannot be read so far.
    """
    file = archive.fp
    assert file is not None, "it is open"
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    if any(stat.S_ISLNK(info.external_attr >> 16) for info in infos):
        return True
    here = file.tell()
    try:
        at = behind = 0
        for info in infos:
            if not at <= info.header_offset <= at + behind:
                return True
            file.seek(info.header_offset)
            *_, name, extra = _LOCAL.unpack(file.read(_LOCAL.size))
            at = info.header_offset + _LOCAL.size + name + extra + info.compress_size
            behind = _BEHIND if info.flag_bits & 8 else 0
        if not at <= archive.start_dir <= at + behind:
            return True
        file.seek(-_END.size, 2)
        mark, *_, comment = _END.unpack(file.read(_END.size))
        return mark != b"PK\x05\x06" or bool(comment)
    finally:
        file.seek(here)
