"""The selection language: which projects, as data. One for `projects`, `status` and batches.

Conditions are a mapping, from Python, from YAML, or from text as `state=planned,reviewed`:

| key | holds for projects |
|---|---|
| `plan` | of this plan |
| `unit` | of this unit or anything below it |
| `field`, `state`, `period`, `band` | with one of these |
| `late` | for which something is overdue: `yes`, or one of these events |
| `number` | with one of these numbers (관리번호) |
| `text` | in whose number or names all these words stand |
| `after` | behind the one of this id, in the order of plan and number |
| `limit` | the first so many |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalflow.errors import InvalidInput, Problem, did_you_mean, nearest

ONE = ("plan", "unit", "text", "after")
"""Keys that take one value."""

SEVERAL = ("field", "state", "period", "band", "late", "number")
"""Keys that take one value or several."""

KEYS = (*ONE, *SEVERAL, "limit")
"""Every key of the language."""


def conditions(where: Mapping[str, Any]) -> dict[str, Any]:
    """Return conditions in the form that `Engine.projects` takes (`numbers` for `number`).

    Raises:
        InvalidInput: a key or value that the language does not have; all of them.
    """
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for key, value in where.items():
        name = "number" if key == "numbers" else key
        if name not in KEYS:
            problems.append(_unknown(str(key)))
        elif value is None:
            continue
        elif name == "limit":
            if (limit := _limit(value)) is None:
                problems.append(
                    _wrong(key, value, "1 이상의 정수여야 합니다", "expected a whole number from 1")
                )
            else:
                found["limit"] = limit
        elif name in ONE:
            if isinstance(value, str):
                found[name] = value
            else:
                problems.append(_wrong(key, value, "하나만 적어야 합니다", "takes one value"))
        elif name == "late" and value in (True, "yes", "true", ["yes"], ["true"]):
            found["late"] = True
        elif (several := _several(value)) is None:
            problems.append(
                _wrong(
                    key, value, "글 또는 글의 목록이어야 합니다", "expected text or a list of it"
                )
            )
        else:
            found["numbers" if name == "number" else name] = several
    if problems:
        raise InvalidInput(problems)
    return found


def from_text(settings: Iterable[str]) -> dict[str, Any]:
    """Return the conditions in texts such as `state=planned,reviewed`. A key given twice has
    the values of both.

    Raises:
        InvalidInput: no `=`, an unknown key (with the nearest one), a wrong value; all of them.
    """
    problems: list[Problem] = []
    where: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        key = key.strip()
        values = [value.strip() for value in text.split(",") if value.strip()]
        if not equals or not values:
            problems.append(
                Problem(
                    code="bad_setting",
                    value=setting,
                    ko=f"조건은 이름=값 꼴이어야 합니다: '{setting}'",
                    en=f"a condition is key=value, got '{setting}'",
                )
            )
        elif key in ONE or key == "limit":
            where[key] = values[0] if len(values) == 1 else values
        else:
            where.setdefault(key, []).extend(values)
    try:
        found = conditions(where)
    except InvalidInput as error:
        raise InvalidInput([*problems, *error.problems]) from None
    if problems:
        raise InvalidInput(problems)
    return found


def numbers_from(text: str) -> list[str]:
    """Return the numbers in a text: separated by white space or commas, `#` begins a remark."""
    found: list[str] = []
    for line in text.removeprefix("\ufeff").splitlines():
        found += line.partition("#")[0].replace(",", " ").split()
    return list(dict.fromkeys(found))


def _several(value: Any) -> tuple[str, ...] | None:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, Sequence) or not all(isinstance(each, str) for each in values):
        return None
    return tuple(values)


def _limit(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _wrong(key: str, value: Any, ko: str, en: str) -> Problem:
    shown = str(value)[:60]
    return Problem(
        code="bad_condition",
        path=f"where.{key}",
        value=shown,
        ko=f"{ko}: '{shown}'",
        en=f"{en}: '{shown}'",
    )


def _unknown(key: str) -> Problem:
    listed = ", ".join(KEYS)
    ko, en = did_you_mean(
        f"조건 '{key}'이(가) 없습니다",
        f"no condition '{key}'",
        nearest(key, KEYS),
        (f" (가능: {listed})", f" (there are: {listed})"),
    )
    return Problem(code="unknown_condition", path=f"where.{key}", value=key, ko=ko, en=en)
