"""What a notice says, in Korean or English."""

from __future__ import annotations

import datetime as dt
from typing import Any

from evalflow.plugins import Notice


def due_of(notice: Notice) -> dt.date | None:
    """Return the day in the notice's data under `due`, or None."""
    due = notice.data.get("due") if isinstance(notice.data, dict) else None
    try:
        return dt.date.fromisoformat(due) if isinstance(due, str) else None
    except ValueError:
        return None


def body_of(notice: Notice, lang: str) -> str:
    """Return the message under the subject, with the id by which a receiver knows it again."""
    data: dict[str, Any] = notice.data if isinstance(notice.data, dict) else {}
    due, reason = due_of(notice), data.get("reason")
    korean = lang == "ko"
    lines = [notice.subject.text(lang), "", f"{'사업' if korean else 'Project'}: {notice.project}"]
    if reason:
        lines.append(f"{'사유' if korean else 'Reason'}: {reason}")
    if due:
        lines.append(f"{'기한' if korean else 'Due'}: {due.isoformat()}")
    lines.append(f"{'통지 번호' if korean else 'Notice'}: {notice.id}")
    return "\n".join(lines) + "\n"
