"""The sheets of units, people, fields and goals of the office's workbook."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from evalflow.files.table import Row
from evalflow.files.texts import path_text
from evalflow.model import Label
from evalflow.plan.keys import OFFICE
from evalflow.plan.tables import Names
from evalflow.plan.workbook_reading import CHECK, Reading, column, label_of, words_of
from evalflow.plan.workbook_words import (
    ENTRY_KINDS,
    ENTRY_WORDS,
    KIND_WORDS,
    KINDS,
    unit_kinds,
)

_RENAMED = re.compile(r"(?P<name>.+?)\s*\(\s*(?P<on>\d{4}-\d\d-\d\d)\s*~\s*\)")
_WHERE = re.compile(r"\s*/\s*평가하는 곳\s*:\s*")


_UNITS = (
    column("ko", "기관명", "부서명", "Name", required=True),
    column("kind", "구분", "Kind", required=True),
    column("parent", "상위 기관", "상위기관", "Under"),
    column("since", "시작일", "Since"),
    column("until", "종료일", "Until"),
    column("renamed", "바뀐 이름", "Renamed"),
    column("id", "기관 ID", "Unit ID"),
    column("en", "영문명", "English name"),
    CHECK,
)


_PEOPLE = (
    column("actor", "담당자 ID", "Person's ID", "Actor", required=True),
    column("role", "역할", "Role", required=True),
    column("unit", "소속", "Unit", required=True),
    column("since", "시작일", "Since"),
    column("until", "종료일", "Until"),
    column("for", "대결 대상 ID", "Acts for"),
    column("reason", "대결 사유", "Reason"),
    CHECK,
)


_NAMES = (
    column("kind", "종류", "Kind", required=True),
    column("ko", "이름", "Name", required=True),
    column("parent", "상위 목표", "Under"),
    column("reason", "비고", "Remark"),
    column("where", "평가하는 곳", "Evaluated in"),
    column("id", "ID"),
    column("en", "영문명", "English name"),
    CHECK,
)


_PART_OF = {
    "field": "fields",
    "core_project": "core_projects",
    "strategy": "goals",
    "criterion": "criteria",
}


def take_units(reading: Reading) -> None:
    """Take the office, its bureaus and departments."""
    table = reading.table("units", _UNITS)
    if table is None:
        if reading.before is not None:
            reading.know_units()
        return
    kinds = words_of(
        {kind: KINDS.get(kind, Label(kind, kind)) for kind in unit_kinds(reading.lifecycle)},
        KIND_WORDS,
    )
    units: dict[str, dict[str, Any]] = {}
    was: Mapping[str, Any] = reading.tree.get("units") or {}
    parents: list[tuple[str, Row]] = []
    for row in table.rows:
        ko = row.text("ko")
        if not ko:
            continue
        unit_id = reading.own_id(row, ko, was)
        if unit_id in units:
            said = f"기관 '{ko}'이(가) 두 번 나옵니다"
            row.wrong("ko", "repeated", said, f"'{ko}' appears twice", ko)
            continue
        unit: dict[str, Any] = {
            "kind": reading.kind_of(row, "kind", kinds, ("구분", "kind")),
            "ko": ko,
        }
        if en := row.text("en", ""):
            unit["en"] = en
        reading.days(row, unit)
        if row.cell("renamed") is not None and not row.is_none("renamed"):
            unit["renamed"] = _renamings(reading, row, was.get(unit_id))
        units[unit_id] = unit
        reading.origin(("units", unit_id), row, "ko")
        for key in ("kind", "since", "until", "renamed"):
            reading.origin(("units", unit_id, key), row, key)
        reading.origin(("units", unit_id, "parent"), row, "parent")
        parents.append((unit_id, row))
    reading.tree["units"] = units
    reading.know_units()
    for unit_id, row in parents:
        unit = units[unit_id]
        if row.cell("parent") is not None and not row.is_none("parent"):
            unit["parent"] = reading.unit_names.read(row, "parent", row.text("parent"))
        elif unit["kind"] != OFFICE:
            said = f"'{unit['ko']}'의 상위 기관을 적으십시오"
            row.wrong("parent", "missing_parent", said, f"say what '{unit['ko']}' is under")
    offices = [row for unit_id, row in parents if units[unit_id]["kind"] == OFFICE]
    if len(offices) != 1 and table.rows:
        at = offices[1].number if len(offices) > 1 else table.rows[0].number
        said = f"구분이 '구청'인 줄이 꼭 하나 있어야 합니다 (지금: {len(offices)}줄)"
        en = f"just one line must be of the kind 'Office' (now: {len(offices)})"
        table.wrong(at, "kind", "one_office", said, en)
    elif not table.rows:
        said = "기관을 한 줄도 적지 않았습니다"
        table.wrong(None, None, "no_rows", said, "there is no unit")
    wrong = {problem.line for problem in table.problems}
    reading.wrong_units = {unit_id for unit_id, row in parents if row.number in wrong}


def _renamings(reading: Reading, row: Row, was: Any) -> list[dict[str, str]]:
    """Return the later names of a unit, each with its first day."""
    kept = {(each["on"], each["ko"]): each for each in (was or {}).get("renamed") or ()}
    found = []
    for each in re.split(r"\s*[;\n]\s*", row.text("renamed")):
        match = _RENAMED.fullmatch(each)
        if match is None:
            ko = f"'{each}'은(는) 보도과(2027-07-01~) 꼴이어야 합니다"
            en = f"expected NAME(2027-07-01~), got '{each}'"
            row.wrong("renamed", "wrong_renaming", ko, en, each)
            continue
        said = {"on": match["on"], "ko": match["name"]}
        found.append(dict(kept.get((match["on"], match["name"]), said)))
    return found


def take_people(reading: Reading) -> None:
    """Take who holds which role, where and when, and who stands in for whom."""
    table = reading.table("people", _PEOPLE)
    if table is None:
        return
    roles = words_of({name: role.label for name, role in reading.lifecycle.roles.items()}, {})
    directory: dict[str, list[dict[str, str]]] = {}
    appointments: list[dict[str, str]] = []
    for row in table.rows:
        actor = row.text("actor")
        if not actor:
            continue
        grant: dict[str, Any] = {}
        grant["role"] = reading.kind_of(row, "role", roles, ("역할", "role"))
        unit = row.text("unit")
        grant["unit"] = reading.unit_names.read(row, "unit", unit) if unit else ""
        _note_other_kind(reading, row, grant)
        reading.days(row, grant)
        if row.cell("for") is not None and not row.is_none("for"):
            at: tuple[str | int, ...] = ("appointments", len(appointments))
            said = {"actor": actor, "for": row.text("for"), **grant}
            if reason := row.text("reason", ""):
                said["reason"] = reason
            else:
                ko, en = "대결 사유를 적으십시오", "give the reason of the acting appointment"
                row.wrong("reason", "no_reason", ko, en)
            appointments.append(said)
        else:
            held = directory.setdefault(actor, [])
            at = ("directory", actor, len(held))
            if grant in held:
                ko = f"'{actor}'의 같은 역할이 두 번 나옵니다"
                row.wrong("role", "repeated", ko, f"'{actor}' holds this role twice", actor)
            held.append(grant)
            reading.origins.setdefault(path_text(("directory", actor)), (row, "actor"))
        reading.origin(at, row, "actor")
        for key in ("role", "unit", "since", "until", "for", "reason"):
            reading.origin((*at, key), row, key)
    if not table.rows:
        ko = "사람을 한 줄도 적지 않았습니다"
        table.wrong(None, None, "no_rows", ko, "there is nobody")
    reading.tree["directory"] = directory
    reading.tree.pop("appointments", None)
    if appointments:
        reading.tree["appointments"] = appointments


def _note_other_kind(reading: Reading, row: Row, grant: Mapping[str, str]) -> None:
    """Note a role that is held in a unit of another kind than its own."""
    role = reading.lifecycle.roles.get(grant["role"])
    unit = (reading.tree.get("units") or {}).get(grant["unit"])
    if role is None or not isinstance(unit, Mapping) or unit.get("kind") in (role.at, ""):
        return
    if grant["unit"] in reading.wrong_units:
        return  # it follows from what is told of the unit
    at, kind = (KINDS.get(each, Label(each, each)) for each in (role.at, unit["kind"]))
    ko = f"'{role.label.ko}' 역할은 구분이 '{at.ko}'인 기관에 둡니다 "
    ko += f"('{unit['ko']}'의 구분: {kind.ko})"
    en = f"the role '{role.label.en}' is held in a unit of the kind {at.en}; "
    en += f"'{unit['ko']}' is of the kind {kind.en}"
    row.wrong("unit", "role_at_wrong_kind", ko, en, unit["ko"])


def take_entries(reading: Reading) -> None:
    """Take fields, core projects, goals, criteria and what is left out."""
    table = reading.table("names", _NAMES)
    if table is None:
        return
    kinds = words_of(ENTRY_KINDS, ENTRY_WORDS)
    found: dict[str, dict[str, Any]] = {part: {} for part in _PART_OF.values()}
    exclusions: list[dict[str, str]] = []
    parents: list[tuple[str, Row]] = []
    for row in table.rows:
        kind, ko = reading.kind_of(row, "kind", kinds, ("종류", "kind")), row.text("ko")
        if not kind or not ko:
            continue
        entry: dict[str, Any] = {"ko": ko}
        if en := row.text("en", ""):
            entry["en"] = en
        if kind == "exclusion":
            reading.origin(("exclusions", len(exclusions)), row, "ko")
            exclusions.append({**entry, **_left_out(reading, row)})
            continue
        part = _PART_OF.get(kind, "goals")
        key = reading.own_id(row, ko, reading.tree.get(part) or {})
        if key in found[part]:
            said = f"'{ko}'이(가) 두 번 나옵니다"
            row.wrong("ko", "repeated", said, f"'{ko}' appears twice", ko)
            continue
        if part == "goals":
            entry = {"kind": kind, **entry}
            parents.append((key, row))
        found[part][key] = entry
        for name in ("ko", "kind", "parent"):
            reading.origin((part, key, name), row, name)
        reading.origin((part, key), row, "ko")
    names = Names(("목표", "goal"), {k: (label_of(g),) for k, g in found["goals"].items()})
    for key, row in parents:
        if row.cell("parent") is not None and not row.is_none("parent"):
            found["goals"][key]["parent"] = names.read(row, "parent", row.text("parent"))
    if not found["fields"]:
        ko = "분야를 하나 이상 적으십시오 (종류: 분야)"
        table.wrong(None, None, "no_fields", ko, "give at least one field")
    for part, told in found.items():
        if told or part in reading.tree or part == "fields":
            reading.tree[part] = told
    if exclusions or "exclusions" in reading.tree:
        reading.tree["exclusions"] = exclusions


def _left_out(reading: Reading, row: Row) -> dict[str, str]:
    """Return why something is left out, and where it is evaluated."""
    reason, where = row.text("reason", ""), row.text("where", "")
    if not where:
        reason, where = (*_WHERE.split(reason, maxsplit=1), "")[:2]
    if not reason:
        ko, en = "제외하는 사유를 적으십시오", "say why it is left out"
        row.wrong("reason", "no_reason", ko, en)
    if not where:
        ko, en = "평가하는 곳을 적으십시오", "say where it is evaluated"
        row.wrong("where" if "where" in row.table else "reason", "no_where", ko, en)
    return {"reason": reason, "evaluated_in": where}
