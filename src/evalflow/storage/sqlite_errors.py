"""What SQLite reports, as the errors of evalflow: in Korean and in English."""

from __future__ import annotations

import os
import sqlite3
from typing import TypeGuard

from evalflow.errors import StorageError
from evalflow.storage.sql import ErrorTexts

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

_CODES = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "foreign",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_ERROR: "corrupt",  # a table or column of ours is gone
    sqlite3.SQLITE_SCHEMA: "corrupt",
}

_TEXTS = ErrorTexts(
    codes={
        "limited": "full",
        "memory": "missing",
        "replaced": "missing",
        "moving": "locked",
        "not_empty": "exists",
        "beside": "exists",
        "no_copy": "missing",
        "tables": "foreign",
        "taken": "foreign",
        "encoding": "foreign",
        "left_full": "full",
        "left": "unreachable",
    },
    sentences={
        "locked": (
            "다른 프로그램이 저장소를 잠그고 있습니다. 잠시 뒤 다시 시도하십시오: {place}",
            "another program keeps the store locked; try again later: {place}",
        ),
        "moving": (
            "읽는 동안 다른 프로그램이 저장소를 고쳤습니다. 다시 시도하십시오: {place}",
            "another program wrote the store while it was read; try again: {place}",
        ),
        "read_only": (
            "저장소에 쓸 수 없습니다(읽기 전용). 파일과 폴더의 쓰기 권한을 확인하십시오: {place}",
            "the store is read-only; check the permissions of the file and its folder: {place}",
        ),
        "corrupt": (
            "저장소 파일이 손상되었습니다. 백업본으로 되돌리십시오: {place} ({detail})",
            "the store's file is damaged; restore it from a backup: {place} ({detail})",
        ),
        "foreign": (
            "evalflow 저장소가 아닌 파일입니다. 아무것도 바꾸지 않았습니다: {place}",
            "this is not an evalflow store; nothing was changed: {place}",
        ),
        "tables": (
            "evalflow 저장소가 아닌 파일입니다. 아무것도 바꾸지 않았습니다: {place} (다른 "
            "프로그램의 표 곁에 evalflow의 표를 만들려면 주소 뒤에 ?beside=yes를 붙이십시오)",
            "this is not an evalflow store; nothing was changed: {place} (?beside=yes behind the "
            "address makes evalflow's tables beside another program's)",
        ),
        "taken": (
            "같은 이름의 표나 색인이 이미 있어 evalflow의 표를 만들 수 없습니다. 아무것도 바꾸지 "
            "않았습니다: {place} ({detail})",
            "evalflow's tables cannot be made beside what has the same names; nothing was changed: "
            "{place} ({detail})",
        ),
        "encoding": (
            "글자가 UTF-8이 아닌 SQLite 파일에는 저장소를 만들 수 없습니다. 아무것도 바꾸지 "
            "않았습니다: {place} ({detail})",
            "no store can be made in an SQLite file whose text is not UTF-8; nothing was changed: "
            "{place} ({detail})",
        ),
        "newer": (
            "상위 버전의 evalflow로 만든 저장소입니다(스키마 {detail}). "
            "evalflow를 업그레이드하십시오: {place}",
            "a later evalflow made this store (schema {detail}); upgrade evalflow: {place}",
        ),
        "limited": (
            "파일에 기록하지 못했습니다(할당량이나 파일 크기 제한, 또는 디스크 고장). "
            "아무것도 바뀌지 않았습니다: {place}",
            "the file could not be written (a quota, a limit of its size, or a failing disk); "
            "nothing was written: {place}",
        ),
        "left_full": (
            "저장소 파일에 옮겨 쓸 자리가 없습니다. 처리한 내용은 {place}-wal에 그대로 있습니다. "
            "디스크에 자리를 만드십시오: {place} ({detail})",
            "there is no room to copy into the store's file what was done; it is safe in "
            "{place}-wal. Make room on the disk: {place} ({detail})",
        ),
        "left": (
            "저장소 파일에 옮겨 쓰지 못했습니다. 처리한 내용은 {place}-wal에 있으나 디스크 고장일 "
            "수 있습니다. 서버를 끄기 전에 다른 디스크에 백업하고(evalflow backup) 시스템 로그를 "
            "확인하십시오: {place} ({detail})",
            "what was done could not be copied into the store's file; it is in {place}-wal, but "
            "the disk may be failing. Back it up onto another disk (evalflow backup) before the "
            "machine goes down, and look into the system's log: {place} ({detail})",
        ),
        "missing": (
            "폴더가 없습니다. 먼저 만드십시오: {place}",
            "there is no such folder; make it first: {place}",
        ),
        "exists": (
            "같은 이름의 파일이 이미 있어 아무것도 바꾸지 않았습니다. 새 이름을 쓰십시오: {place}",
            "a file of this name exists already; give a new name: nothing was changed: {place}",
        ),
        "beside": (
            "-wal, -shm, -journal, -queue, -run으로 끝나는 이름은 다른 저장소 곁에 생겼다 없어지는 "
            "파일의 이름입니다. 다른 이름을 정하십시오: {place}",
            "names that end in -wal, -shm, -journal, -queue or -run are those of files that come "
            "and go beside another store; choose another one: {place}",
        ),
        "not_empty": (
            "비어 있지 않은 저장소에는 되돌리지 않습니다. 새 저장소를 정하십시오: {place}",
            "a copy is restored only into an empty store; name a new one: {place}",
        ),
        "no_copy": ("파일이 없습니다: {place}", "there is no such file: {place}"),
        "replaced": (
            "열려 있는 동안 저장소 파일이 지워지거나 다른 파일로 바뀌어, 지금 쓰는 것은 남지 "
            "않습니다. 다시 열고, 마지막 처리가 남았는지 확인하십시오: {place}",
            "the store's file was deleted or replaced while it was open, and nothing written now "
            "would last; open it again, and look whether the last thing done is there: {place}",
        ),
        "memory": (
            "SQLite 파일의 이름이 필요합니다. 메모리에만 두려면 'memory:'를 쓰십시오.",
            "an SQLite store needs a file; for one in memory use 'memory:'",
        ),
        "unreachable": (
            "저장소를 열거나 읽을 수 없습니다: {place} ({detail})",
            "the store cannot be opened or read: {place} ({detail})",
        ),
    },
)


def failure(code: str, path: str, detail: str = "") -> StorageError:
    """Return the error of this code; `path` is the store's file."""
    return _TEXTS.error(code, path, detail)


def is_busy(error: sqlite3.Error) -> bool:
    """Say whether another connection holds the lock that was wanted."""
    return error.sqlite_errorcode & 0xFF in _BUSY


def is_of_the_store(error: BaseException | None) -> TypeGuard[sqlite3.Error]:
    """Say whether an error is one of the store; what its schema refuses is for whoever writes."""
    return isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError)


def not_written_back(error: sqlite3.Error, path: str) -> StorageError:
    """Return the error that says why what was committed cannot be copied into the store's file."""
    told = storage_error(error, path)
    if told.code == "full":
        return failure("left_full", path, str(error))
    return failure("left", path, str(error)) if told.code == "unreachable" else told


def storage_error(error: sqlite3.Error, path: str) -> StorageError:
    """Return the error that says what `error` means for whoever runs the system."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by the Python module itself
        closed = isinstance(error, sqlite3.ProgrammingError)
        return failure("closed" if closed else "unreachable", path, str(error))
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN and not os.path.isdir(os.path.dirname(path)):
        return failure("missing", os.path.dirname(path))
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN and not os.access(path, os.W_OK):
        return failure("read_only", path)
    if code == sqlite3.SQLITE_IOERR_WRITE:
        return failure("limited", path)
    return failure(_CODES.get(code & 0xFF, "unreachable"), path, str(error))
