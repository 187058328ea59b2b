"""What a notice says below its subject: the same sentences for mail, chat and the console."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from evalflow.model import Notice
from evalflow.model.calendar import day_text
from evalflow.model.canonical import Tree

_WEEKDAYS = "월화수목금토일"


def notice_due(notice: Notice) -> dt.date | None:
    """Return the day by which the recipient has something to do, or None."""
    due = _data(notice).get("due")
    try:
        return dt.date.fromisoformat(due) if isinstance(due, str) else None
    except ValueError:
        return None


def notice_lines(notice: Notice, lang: str = "ko") -> tuple[str, ...]:
    """Return the notice's sentences in `lang` (`ko` or `en`): the projects that it is about with
    their rates, the reason, what the recipient is asked to do and by which day, and whom to ask.
    What it does not contain is left out."""
    data, korean = _data(notice), lang == "ko"
    if isinstance(data.get("reminders"), list):
        return tuple([_reminder(each, korean) for each in data["reminders"]])
    reason = data.get("reason")
    lines = _projects(data, korean, reasons=not reason)
    if reason:
        lines.append(f"{'사유' if korean else 'Reason'}: {reason}")
    if ask := _text(data.get("ask"), lang):
        lines.append(f"{'요청' if korean else 'To do'}: {ask}")
    if (due := notice_due(notice)) is not None:
        step = _text(data.get("step"), lang)
        what = f"{step} {'기한' if korean else 'due'}" if step else ("기한" if korean else "Due")
        day = f"{day_text(due, 'ko')}({_WEEKDAYS[due.weekday()]})"
        lines.append(f"{what}: {day if korean else due.isoformat()}")
    if contact := _text(data.get("contact"), lang):
        actor = data.get("actor")
        who = f"{contact} ({actor})" if actor else contact
        lines.append(f"{'문의' if korean else 'Questions to'}: {who}")
    return tuple(lines)


def _reminder(line: Mapping[str, Any], korean: bool) -> str:
    """Return what is due by when, of which projects, and how many days that is from now."""
    lang = "ko" if korean else "en"
    due = dt.date.fromisoformat(str(line.get("due")))
    day = f"{day_text(due, 'ko')}({_WEEKDAYS[due.weekday()]})" if korean else due.isoformat()
    late, left = line.get("days_late"), line.get("days_left")
    if late:
        when = f"{late}일 지연" if korean else f"{late} day{'' if late == 1 else 's'} late"
    elif left:
        when = f"{left}일 남음" if korean else f"{left} day{'' if left == 1 else 's'} left"
    else:
        when = "오늘까지" if korean else "today"
    projects = line.get("projects") or []
    first = projects[0] if projects else {}
    what = _project(first, korean, reasons=False) if first else ""
    if len(projects) > 1:
        more = len(projects) - 1
        what += f" 외 {more}건" if korean else f" and {more} more"
    step, unit = _text(line.get("step"), lang), _text(line.get("unit"), lang)
    return f"- {day} {step}: {what} ({unit}, {when})"


def _projects(data: Mapping[str, Any], korean: bool, *, reasons: bool) -> list[str]:
    projects = data.get("projects")
    if not isinstance(projects, list):
        return []
    if len(projects) > 1:
        return [f"- {_project(each, korean, reasons)}" for each in projects]
    rate = [_rate(each, korean) for each in projects]
    name = "이행률" if korean else "Rate"
    return [f"{name}: {each}" for each in rate if each]


def _project(line: Mapping[str, Any], korean: bool, reasons: bool) -> str:
    number = str(line.get("id", "")).rpartition("/")[2]
    name = line.get("ko" if korean else "en", "")
    parts = [f"{number}번 {name}" if korean else f"no. {number} {name}"]
    parts.append(_rate(line, korean))
    if reasons:
        parts.append(str(line.get("reason") or ""))
    return ", ".join([each for each in parts if each])


def _rate(line: Mapping[str, Any], korean: bool) -> str:
    rate, band = line.get("rate"), _text(line.get("band"), "ko" if korean else "en")
    shown = "" if rate is None else f"{rate} %"
    return f"{shown} ({band})" if shown and band else shown or band


def _text(label: Tree, lang: str) -> str:
    return str(label.get(lang, "")) if isinstance(label, Mapping) else ""


def _data(notice: Notice) -> Mapping[str, Any]:
    return notice.data if isinstance(notice.data, Mapping) else {}
