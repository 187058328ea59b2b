"""What a notice says, in Korean or English."""

from __future__ import annotations

from evalflow.plugins import Notice, notice_lines


def body_of(notice: Notice, lang: str) -> str:
    """Return the message under the subject, with the id by which a receiver knows it again."""
    known = f"{'알림 번호' if lang == 'ko' else 'Notice'}: {notice.id}"
    told = [notice.subject.text(lang), "", *notice_lines(notice, lang), "", known]
    return "\n".join(told) + "\n"
