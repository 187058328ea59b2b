"""What PostgreSQL reports, as the errors of evalflow: in Korean and in English."""

from __future__ import annotations

import psycopg

from evalflow import StorageError
from evalflow.storage import ErrorTexts

RULE_BROKEN = "EV001"
"""The SQLSTATE with which our own triggers refuse."""

_FIRST = {"40001", "40P01"}  # serialization failure, deadlock: somebody else was first

_CODES = {
    "25006": "read_only",  # a standby, or default_transaction_read_only
    "42501": "forbidden",
    "53100": "full",
    "55P03": "locked",
    "57014": "locked",  # statement_timeout of the role or the server
    "40001": "locked",
    "40P01": "locked",
    "42P01": "corrupt",  # a table, column or function of ours is gone
    "42703": "corrupt",
    "42883": "corrupt",
    "3F000": "corrupt",
    "XX001": "corrupt",
    "XX002": "corrupt",
}

_SENTENCES = {
    "unreachable": (
        "데이터베이스에 연결할 수 없습니다: {place} ({detail})",
        "the database cannot be reached: {place} ({detail})",
    ),
    "failed": (
        "데이터베이스가 요청을 처리하지 못했습니다: {place} ({detail})",
        "the database could not do it: {place} ({detail})",
    ),
    "unknown_end": (
        "기록하던 중에 연결이 끊어졌습니다. 기록되었는지 다시 조회하여 확인하십시오: "
        "{place} ({detail})",
        "the connection was lost while writing; check whether it was written: {place} ({detail})",
    ),
    "locked": (
        "다른 프로그램이 데이터베이스를 잠그고 있습니다. 잠시 뒤 다시 시도하십시오: "
        "{place} ({detail})",
        "another program keeps the database locked; try again later: {place} ({detail})",
    ),
    "busy": (
        "연결 {detail}개를 모두 쓰고 있습니다. 잠시 뒤 다시 시도하거나 connections를 늘리십시오: "
        "{place}",
        "all {detail} connections are in use; try again later, or allow more by 'connections': "
        "{place}",
    ),
    "read_only": (
        "데이터베이스에 쓸 수 없습니다(읽기 전용): {place}",
        "the database is read-only: {place}",
    ),
    "forbidden": (
        "데이터베이스 권한이 없습니다: {place} ({detail})",
        "the role has no right to do this: {place} ({detail})",
    ),
    "corrupt": (
        "저장소의 테이블이 손상되었습니다. 백업본으로 되돌리십시오: {place} ({detail})",
        "the store's tables are damaged; restore them from a backup: {place} ({detail})",
    ),
    "foreign": (
        "스키마 '{detail}'에 다른 프로그램의 테이블이 있습니다. 아무것도 바꾸지 않았습니다: "
        "{place}",
        "the schema '{detail}' holds something other than an evalflow store; nothing was changed: "
        "{place}",
    ),
    "newer": (
        "상위 버전의 evalflow로 만든 저장소입니다(스키마 버전 {detail}). "
        "evalflow-postgres를 업그레이드하십시오: {place}",
        "a later evalflow made this store (schema version {detail}); upgrade evalflow-postgres: "
        "{place}",
    ),
    "missing": (
        "스키마 '{detail}'에 저장소가 없습니다. 먼저 evalflow.open으로 만드십시오: {place}",
        "there is no store in the schema '{detail}'; make it first, by evalflow.open: {place}",
    ),
    "older": (
        "이전 버전의 저장소입니다(스키마 버전 {detail}). 먼저 evalflow.open으로 "
        "업그레이드하십시오: {place}",
        "the store is of an older version ({detail}); upgrade it first, by evalflow.open: {place}",
    ),
    "not_empty": (
        "비어 있지 않은 저장소에는 되돌리지 않습니다. 새 스키마나 데이터베이스를 정하십시오: "
        "{place}",
        "a copy is restored only into an empty store; name a new schema or database: {place}",
    ),
    "exists": (
        "같은 이름의 파일이 이미 있어 아무것도 바꾸지 않았습니다. 새 이름을 쓰십시오: {place}",
        "a file of this name exists already; give a new name: nothing was changed: {place}",
    ),
    "no_folder": (
        "폴더가 없습니다. 먼저 만드십시오: {place}",
        "there is no such folder; make it first: {place}",
    ),
    "no_copy": ("파일이 없습니다: {place}", "there is no such file: {place}"),
    "no_archive": (
        "evalflow가 PostgreSQL 저장소를 백업한 파일이 아닙니다: {place}",
        "this is no backup that evalflow made of a store in PostgreSQL: {place}",
    ),
    "damaged": (
        "백업 파일이 손상되었습니다. 다른 백업본을 쓰십시오: {place} ({detail})",
        "the backup is damaged; use another one: {place} ({detail})",
    ),
    "unread": ("파일을 읽을 수 없습니다: {place} ({detail})", "cannot read {place} ({detail})"),
    "unwritten": (
        "파일에 쓸 수 없습니다: {place} ({detail})",
        "the file cannot be written: {place} ({detail})",
    ),
    "encoding": (
        "데이터베이스 인코딩이 UTF8이 아니라 {detail}입니다. UTF8 데이터베이스를 쓰십시오: {place}",
        "the database's encoding is {detail}, and not UTF8; use a database in UTF8: {place}",
    ),
    "url": (
        "저장소 URL이 잘못되었습니다: {detail}",
        "the storage's URL is wrong: {detail}",
    ),
}

# The codes that the contract knows, where ours say more.
_PUBLIC = {
    "failed": "unreachable",
    "unknown_end": "unreachable",
    "busy": "locked",
    "forbidden": "read_only",
    "older": "missing",
    "not_empty": "exists",
    "no_folder": "missing",
    "no_copy": "missing",
    "no_archive": "foreign",
    "damaged": "corrupt",
    "unread": "unreachable",
    "unwritten": "unreachable",
    "encoding": "foreign",
    "url": "missing",
}

_TEXTS = ErrorTexts(sentences=_SENTENCES, codes=_PUBLIC)


def failure(code: str, place: str, detail: str = "") -> StorageError:
    """Return the error of this code; `place` is the store's URL without its password."""
    return _TEXTS.error(code, place, detail)


def storage_error(error: psycopg.Error, place: str) -> StorageError:
    """Return what an error of the database means for whoever runs the system."""
    state = error.sqlstate or ""
    lost = not state or state.startswith(("08", "57P"))  # no answer, or a farewell
    return failure(_CODES.get(state, "unreachable" if lost else "failed"), place, brief(error))


def brief(error: BaseException) -> str:
    """Return the first line of an error's text: what follows is a hint or a position in SQL."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def somebody_was_first(error: psycopg.Error) -> bool:
    """Say whether the transaction lost against another one."""
    return error.sqlstate in _FIRST


def was_refused(error: psycopg.Error) -> bool:
    """Say whether the schema said no: a constraint or one of our triggers."""
    return isinstance(error, psycopg.IntegrityError) or error.sqlstate == RULE_BROKEN
